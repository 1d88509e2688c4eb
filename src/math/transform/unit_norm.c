/* Each unit's parameters of norm 1. */
#include "math/transform_constraint.h"

enum { AXIS, LAST_AXIS, EPS };

static const struct hyper hypers[] = {CONSTRAINT_AXES, CONSTRAINT_EPS(0, 1e-7, 0, 0), ROWS_END};

static enum err_code after(struct transform_step *s, struct err *err)
{
    struct constraint c = {.least = 1,
                           .most = 1,
                           .rate = 1,
                           .eps = s->h[EPS],
                           .axis = s->h[AXIS],
                           .last_axis = s->h[LAST_AXIS]};
    return constrain(s, &c, err);
}

const struct transform transform_unit_norm = {
    .name = "unit_norm",
    .title = "Unit norm of each unit",
    .formula = "w_k \\leftarrow \\frac{w_k}{\\|w_k\\| + \\epsilon} \\text{ for each unit } k",
    .doc = "Keeps the parameters that lead into each unit on the sphere of radius 1, so that they "
           "say a direction alone: dictionaries, embeddings, sparse autoencoders. Of a matrix of "
           "inputs × outputs a unit is a column (axis 0). A tensor that has no such axis is left "
           "alone, and so are zeros.",
    .same_as = {NULL, "keras.constraints.UnitNorm", NULL, NULL},
    .hypers = hypers,
    .after = after,
};
