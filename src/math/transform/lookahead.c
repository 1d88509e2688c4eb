/* Lookahead: slow weights that follow the fast ones every k steps. */
#include "math/transform_parts.h"

enum { SYNC_PERIOD, SLOW_STEP_SIZE };

static const struct hyper hypers[] = {
    ROW_COUNT("sync_period", 1, NULL, NULL, NULL, "Steps between two meetings.", 5, 5,
              HYPER_REQUIRED, 5),
    {.name = "slow_step_size",
     .kind = HYPER_REAL,
     .value = {0.5, 0.5, HYPER_REQUIRED, 0.5},
     .min = 0,
     .max = 1,
     .doc = "The share of the way to the fast weights that the slow ones go."},
    ROWS_END};

static const struct transform_slot slots[] = {
    {"slow", "Slow weights φ: what to evaluate with.", TRANSFORM_W}, {0}};

static const struct transform_scalar scalars[] = {
    {"steps_since_sync", "Steps since the last meeting.", NULL}, {0}};

static enum err_code after(struct transform_step *s, struct err *err)
{
    double *slow = s->slot[0], *w = s->w, a = s->h[SLOW_STEP_SIZE];
    (void)err;
    if (++s->scalar[0] < s->h[SYNC_PERIOD])
        return ERR_OK;
    s->scalar[0] = 0;
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++) {
                slow[i] += a * (w[i] - slow[i]);
                w[i] = slow[i];
            }
        }
    return ERR_OK;
}

const struct transform transform_lookahead = {
    .name = "lookahead",
    .title = "Lookahead",
    .formula = "\\text{every } k \\text{ steps: } \\phi \\leftarrow \\phi + \\alpha (w - \\phi), "
               "\\quad w \\leftarrow \\phi",
    .doc = "The optimizer runs ahead for k steps; then slow weights go part of the way after it, "
           "and it starts again from there. Steadies any optimizer for one more copy of the "
           "parameters. The slow weights can be read as `slow`.",
    .reference = "Zhang, Lucas, Hinton & Ba, Lookahead Optimizer: k steps forward, 1 step back, "
                 "2019, arXiv:1907.08610",
    .same_as = {NULL, NULL, "optax.lookahead", NULL},
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .readout = 1,
    .after = after,
};
