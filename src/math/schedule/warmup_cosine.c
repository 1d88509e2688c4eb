/* A straight line up, then cosine decay. decay_steps is the whole length, warm-up included, as in
 * optax; Keras, which counts it apart, has its warm-up in `cosine`. */
#include "math/anneal.h"
#include "math/warmup.h"

enum { DECAY_STEPS = WARMUP_ROWS, END, EXPONENT };

static const struct hyper hypers[] = {
    WARMUP_TABLE,
    ROW_STEPS("decay_steps", 1, NO_ALIAS, "Steps of the whole, warm-up included.",
              EVERYWHERE(HYPER_REQUIRED)),
    ROW_NUMBER("end", ALIAS(NULL, NULL, "end_value"), "Where it ends.", EVERYWHERE(0)),
    ROW_POSITIVE("exponent", NO_ALIAS, "Power of the wave; above 1 it falls earlier.",
                 EVERYWHERE(1)),
    ROWS_END};

static enum err_code check(const struct schedule_spec *s, const char *prefix, struct err *err)
{
    if (s->h[DECAY_STEPS] <= s->h[WARMUP_STEPS])
        return hyper_refuse(prefix, "decay_steps", err,
                            "it counts the warm-up too, so it is above warmup_steps");
    return ERR_OK;
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    double peak = schedule_or(s->h[WARMUP_PEAK], base), v;
    if (warmup(s, t, peak, &v))
        return v;
    double length = s->h[DECAY_STEPS] - s->h[WARMUP_STEPS];
    double left = anneal_cosine_left(fmin((double)t - s->h[WARMUP_STEPS], length) / length);
    return (peak - s->h[END]) * (s->h[EXPONENT] == 1 ? left : pow(left, s->h[EXPONENT])) +
           s->h[END];
}

const struct schedule schedule_warmup_cosine = {
    .name = "warmup_cosine",
    .title = "Warm-up, then cosine decay",
    .formula = "\\eta_t = \\eta_T + (\\eta_0 - \\eta_T)\\left(\\tfrac12 + "
               "\\tfrac12\\cos\\frac{\\pi (t-W)}{T-W}\\right)^{p} \\;(t \\ge W)",
    .doc = "Climbs by a straight line for warmup_steps, then falls as cosine does until "
           "decay_steps, which counts the warm-up too.",
    .use_when = "Transformers: the usual choice.",
    .reference = "optax.warmup_cosine_decay_schedule",
    .same_as = {NULL, NULL, "optax.warmup_cosine_decay_schedule", NULL},
    .hypers = hypers,
    .check = check,
    .value = value,
};
