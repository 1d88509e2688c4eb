/* Parameters between two bounds. */
#include "math/transform_parts.h"

enum { LOWER, UPPER };

static const struct hyper hypers[] = {
    {.name = "lower",
     .kind = HYPER_REAL,
     .value = {HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED},
     .min = -INFINITY,
     .max = INFINITY,
     .doc = "The least that a parameter may be."},
    {.name = "upper",
     .kind = HYPER_REAL,
     .value = {HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED},
     .min = -INFINITY,
     .max = INFINITY,
     .doc = "The most that it may be; where lower is above it, this one holds."},
    ROWS_END};

static enum err_code after(struct transform_step *s, struct err *err)
{
    double lower = s->h[LOWER], upper = s->h[UPPER];
    (void)err;
    for
        EACH_TENSOR(t, s)
        {
            double *w = s->w + t->offset;
            for (size_t i = 0; i < t->count; i++) {
                w[i] = w[i] < lower ? lower : w[i];
                w[i] = w[i] > upper ? upper : w[i];
            }
        }
    return ERR_OK;
}

const struct transform transform_project_box = {
    .name = "project_box",
    .title = "Project onto a box",
    .formula = "w \\leftarrow \\min(\\max(w, l), u)",
    .doc = "Moves each parameter to the nearest point between lower and upper. With 0 and 1 the "
           "unit cube; with -c and c the ball of the largest size, as a Wasserstein critic has it.",
    .same_as = {NULL, NULL,
                "optax.projections.projection_box, optax.projections.projection_hypercube, "
                "optax.projections.projection_linf_ball",
                NULL},
    .hypers = hypers,
    .after = after,
};
