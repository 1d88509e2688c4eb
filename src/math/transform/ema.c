/* An exponential moving average of the parameters, beside them. */
#include "math/transform_parts.h"

#include <string.h>

enum { DECAY, OVERWRITE_FREQUENCY, COPY_FIRST };

static const struct hyper hypers[] = {
    {.name = "decay",
     .kind = HYPER_REAL,
     .value = {0.999, 0.99, 0.999, 0.999},
     .alias = {NULL, "ema_momentum", NULL, NULL},
     .min = 0,
     .max = 1,
     .doc = "How much of the old average stays at each step."},
    ROW_COUNT("overwrite_frequency", 0, NULL, "ema_overwrite_frequency", NULL,
              "At every so many steps of the optimizer the average takes the place of the "
              "parameters; 0: never.",
              0, 0, 0, 0),
    ROW_BOOL("copy_first",
             "Before accumulate: whether the average stays a copy of the parameters until the "
             "optimizer has made its first step, as in Keras, or only at the first gradient.",
             0, 1, 0, 0),
    ROWS_END};

static const struct transform_slot slots[] = {
    {"ema", "The average, from the first step on; before it, the parameters.", TRANSFORM_W}, {0}};

static const struct transform_scalar scalars[] = {{"averaged", "Steps in the average.", NULL}, {0}};

static enum err_code after(struct transform_step *s, struct err *err)
{
    double *average = s->slot[0];
    bool first = s->scalar[0] == 0 || (s->h[COPY_FIRST] != 0 && s->t == 1);
    double keep = first ? 0 : s->h[DECAY];
    (void)err;
    s->scalar[0]++;
    bool overwrite =
        s->h[OVERWRITE_FREQUENCY] > 0 && fmod((double)s->t, s->h[OVERWRITE_FREQUENCY]) == 0;
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++)
                average[i] = keep > 0 ? keep * average[i] + (1 - keep) * s->w[i] : s->w[i];
            if (overwrite)
                memcpy(s->w + t->offset, average + t->offset, t->count * sizeof *average);
        }
    return ERR_OK;
}

const struct transform transform_ema = {
    .name = "ema",
    .title = "Exponential moving average of the parameters",
    .formula = "a_1 = w_1, \\quad a_t = \\gamma a_{t-1} + (1 - \\gamma) w_t",
    .doc = "An average of the parameters that forgets the old ones, to evaluate with: it has less "
           "noise than the last step. The first step starts it, as in torch and Keras. Before "
           "accumulate in the list it moves with every gradient, as both libraries have it, after "
           "it with the steps of the optimizer. It can be read as `ema`.",
    .reference = "Polyak & Juditsky, Acceleration of stochastic approximation by averaging, 1992",
    .same_as = {"torch.optim.swa_utils.AveragedModel(multi_avg_fn=get_ema_multi_avg_fn(decay))",
                "keras.optimizers.Optimizer(use_ema=True)", NULL, NULL},
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .readout = 1,
    .after = after,
};
