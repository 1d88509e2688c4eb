/* Parameters with a fixed sum, or a bounded one. */
#include "math/transform_parts.h"

enum { SUM, AT_MOST };

static const struct hyper hypers[] = {
    {.name = "sum",
     .kind = HYPER_REAL,
     .value = {HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED},
     .alias = {NULL, NULL, "b", NULL},
     .min = -INFINITY,
     .max = INFINITY,
     .doc = "What the parameters add up to."},
    ROW_BOOL("at_most", "Less is as good: only a sum that is larger is brought down.", 0, 0, 0, 0),
    ROWS_END};

static enum err_code after(struct transform_step *s, struct err *err)
{
    double sum = 0, count = 0;
    (void)err;
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++)
                sum += s->w[i];
            count += (double)t->count;
        }
    double by = (s->h[SUM] - sum) / count;
    if (count == 0 || (s->h[AT_MOST] != 0 && by > 0))
        return ERR_OK;
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++)
                s->w[i] += by;
        }
    return ERR_OK;
}

const struct transform transform_project_sum = {
    .name = "project_sum",
    .title = "Project onto a fixed sum",
    .formula = "w \\leftarrow w + \\frac{c - \\sum_i w_i}{n}",
    .doc = "Moves the parameters to the nearest point that adds up to sum (the hyperplane whose "
           "normal is all ones), or with at_most to at most that (the half-space below it): "
           "budgets, offsets that must cancel. All chosen tensors together.",
    .same_as = {NULL, NULL,
                "optax.projections.projection_hyperplane(w, ones, b), "
                "optax.projections.projection_halfspace(w, ones, b)",
                NULL},
    .hypers = hypers,
    .after = after,
};
