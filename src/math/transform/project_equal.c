/* Parameters that are all equal, or in fixed proportions. */
#include "math/transform_direction.h"

enum { DIRECTION };

static const struct hyper hypers[] = {
    ROW_EACH("direction", "a",
             "The proportions, one number for each of the chosen tensors, in "
             "order; left out: 1, all are equal."),
    ROWS_END};

static enum err_code check(const struct transform_link *link, size_t n, const char *prefix,
                           struct err *err)
{
    return direction_check(link, DIRECTION, n, prefix, err);
}

static enum err_code after(struct transform_step *s, struct err *err)
{
    const struct hyper_list *a = &s->list[DIRECTION];
    double squares = direction_dot(s, a, NULL);
    (void)err;
    if (squares > 0)
        direction_move(s, a, false, direction_dot(s, a, s->w) / squares);
    return ERR_OK;
}

const struct transform transform_project_equal = {
    .name = "project_equal",
    .title = "Project onto equal parameters",
    .formula = "w \\leftarrow \\frac{a \\cdot w}{a \\cdot a}\\, a",
    .doc = "Gives all numbers of the chosen tensors their mean, so that they are one parameter in "
           "several places: tied weights, an isotropic scale. With direction they keep these "
           "proportions: the nearest point of a line through 0.",
    .same_as = {NULL, NULL, "optax.projections.projection_vector", NULL},
    .hypers = hypers,
    .check = check,
    .after = after,
};
