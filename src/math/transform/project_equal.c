/* Parameters that are all equal. */
#include "math/transform_parts.h"

static const struct hyper hypers[] = {ROWS_END};

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
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++)
                s->w[i] = sum / count;
        }
    return ERR_OK;
}

const struct transform transform_project_equal = {
    .name = "project_equal",
    .title = "Project onto equal parameters",
    .formula = "w_i \\leftarrow \\frac{1}{n}\\sum_j w_j",
    .doc = "Gives all numbers of the chosen tensors their mean, so that they are one parameter in "
           "several places: tied weights, an isotropic scale.",
    .same_as = {NULL, NULL, "optax.projections.projection_vector(w, ones)", NULL},
    .hypers = hypers,
    .after = after,
};
