/* Momentum on the gradient, in front of any optimizer. */
#include "math/transform_parts.h"

enum { DECAY, NESTEROV };

static const struct hyper hypers[] = {
    {.name = "decay",
     .kind = HYPER_REAL,
     .value = {0.9, 0.9, HYPER_REQUIRED, 0.9},
     .min = 0,
     .max = 1,
     .doc = "How much of the trace stays at each step."},
    ROW_BOOL("nesterov", "Look ahead: the gradient and decay times the new trace.", 0, 0, 0, 0),
    ROWS_END};

static const struct transform_slot slots[] = {
    {"trace", "The gradients so far, each faded by its age.", TRANSFORM_ZERO}, {0}};

static enum err_code before(struct transform_step *s, struct err *err)
{
    double *trace = s->slot[0], decay = s->h[DECAY];
    bool ahead = s->h[NESTEROV] != 0;
    (void)err;
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++) {
                trace[i] = s->g[i] + decay * trace[i];
                s->g[i] = ahead ? s->g[i] + decay * trace[i] : trace[i];
            }
        }
    return ERR_OK;
}

const struct transform transform_trace = {
    .name = "trace",
    .title = "Momentum on the gradient",
    .formula = "b \\leftarrow g + \\gamma b, \\quad g \\leftarrow b",
    .doc = "Heavy-ball momentum for an optimizer that has none, or in front of clipping or sign. "
           "Unlike gradient_ema it adds up: a constant gradient becomes 1/(1 - decay) times as "
           "large.",
    .reference = "Polyak, Some methods of speeding up the convergence of iteration methods, 1964",
    .same_as = {NULL, NULL, "optax.trace", NULL},
    .hypers = hypers,
    .slots = slots,
    .before = before,
};
