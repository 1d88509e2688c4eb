/* A target: a slow copy of the parameters that follows them, beside them. */
#include "math/transform_parts.h"

enum { STEP_SIZE, UPDATE_PERIOD };

static const struct hyper hypers[] = {
    {.name = "step_size",
     .kind = HYPER_REAL,
     .value = {HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED},
     .alias = {NULL, NULL, NULL, "tau"},
     .min = 0,
     .max = 1,
     .doc = "The share of the way to the parameters that the target goes; 1: it becomes them."},
    ROW_COUNT("update_period", 1, NULL, NULL, NULL, "At every so many steps it moves.", 1, 1, 1, 1),
    ROWS_END};

static const struct transform_slot slots[] = {
    {"target", "The copy; it starts as the parameters at the start.", TRANSFORM_W}, {0}};

static const struct transform_scalar scalars[] = {{"steps", "Steps made.", NULL}, {0}};

static enum err_code after(struct transform_step *s, struct err *err)
{
    double *target = s->slot[0], share = s->h[STEP_SIZE];
    (void)err;
    if (fmod(++s->scalar[0], s->h[UPDATE_PERIOD]) != 0)
        return ERR_OK;
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++)
                target[i] = share < 1 ? share * s->w[i] + (1 - share) * target[i] : s->w[i];
        }
    return ERR_OK;
}

const struct transform transform_target = {
    .name = "target",
    .title = "Target network",
    .formula =
        "\\text{every } k \\text{ steps: } \\theta \\leftarrow \\tau w + (1 - \\tau) \\theta",
    .doc =
        "A slow copy of the parameters to compute targets with, in reinforcement learning and "
        "self-supervision: a small step_size at each step (soft), or 1 every update_period steps "
        "(hard). Unlike ema it remembers the parameters at the start. It can be read as "
        "`target`.",
    .reference =
        "Mnih et al., Human-level control through deep reinforcement learning, 2015 (hard); "
        "Lillicrap et al., 2016, arXiv:1509.02971 (soft)",
    .same_as = {NULL, NULL, "optax.incremental_update, optax.periodic_update", NULL},
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .readout = 1,
    .after = after,
};
