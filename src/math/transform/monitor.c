/* The norm of the gradient at this place of the list, for whoever looks: nothing is changed. */
#include "math/power.h"
#include "math/transform_parts.h"

enum { DECAY, THRESHOLD };
enum { COUNT, NORM_NOW, NORM_MEAN, ABOVE };

static const struct hyper hypers[] = {
    {.name = "decay",
     .kind = HYPER_REAL,
     .value = {0.99, 0.99, HYPER_REQUIRED, 0.99},
     .min = 0,
     .max = 1,
     .max_open = true,
     .doc = "How much of the old averages stays at each step."},
    ROW_REAL("threshold", NULL, NULL, NULL, "The norm whose exceeding is counted; not given: none.",
             HYPER_NONE, HYPER_NONE, HYPER_NONE, HYPER_NONE),
    ROWS_END};

static const struct transform_scalar scalars[] = {
    {"count", "Gradients seen.", NULL},
    {"norm", "The norm of the last one.", NULL},
    {"norm_mean", "Moving average of the norms, freed of its start at 0.", NULL},
    {"above_mean", "The same of whether the norm was above threshold: the share of such steps.",
     NULL},
    {0}};

static enum err_code before(struct transform_step *s, struct err *err)
{
    double norm = chosen_norm(s, s->g), decay = s->h[DECAY], above = norm > s->h[THRESHOLD];
    (void)err;
    double count = ++s->scalar[COUNT];
    double share = (1 - decay) / power_complement(decay, (uint64_t)count);
    s->scalar[NORM_NOW] = norm;
    s->scalar[NORM_MEAN] += share * (norm - s->scalar[NORM_MEAN]);
    s->scalar[ABOVE] += share * (above - s->scalar[ABOVE]);
    return ERR_OK;
}

const struct transform transform_monitor = {
    .name = "monitor",
    .title = "Watch the norm of the gradient",
    .formula = "a_t = \\frac{\\sum_k \\gamma^{t-k} \\|g_k\\|}{\\sum_k \\gamma^{t-k}}",
    .doc =
        "Changes nothing, and keeps the norm of the gradient as it is at this place of the list, "
        "its moving average, and in what share of steps it was above threshold: before clipping, "
        "how often that clips. They stand in the session, as the state of this transform.",
    .same_as = {NULL, NULL, "optax.monitor, optax.snapshot, optax.measure_with_ema", NULL},
    .hypers = hypers,
    .scalars = scalars,
    .before = before,
};
