/* Each unit's parameters of a norm between two bounds, or on the way there. */
#include "math/transform_constraint.h"

enum { MIN_NORM, MAX_NORM, RATE, AXIS, LAST_AXIS, EPS };

static const struct hyper hypers[] = {
    ROW_REAL("min_norm", NULL, "min_value", NULL, "The least norm of a unit.", 0, 0, 0, 0),
    ROW_POSITIVE_OR("max_norm", NULL, "max_value", NULL,
                    "The largest norm of a unit; where min_norm is above it, this one holds.", 1, 1,
                    1, 1),
    {.name = "rate",
     .kind = HYPER_REAL,
     .value = {1, 1, 1, 1},
     .min = 0,
     .max = 1,
     .doc = "The share of the way into the range that a norm goes at each step."},
    CONSTRAINT_AXES,
    CONSTRAINT_EPS(0, 1e-7, 0, 0),
    ROWS_END};

static enum err_code after(struct transform_step *s, struct err *err)
{
    struct constraint c = {.least = s->h[MIN_NORM],
                           .most = s->h[MAX_NORM],
                           .rate = s->h[RATE],
                           .eps = s->h[EPS],
                           .axis = s->h[AXIS],
                           .last_axis = s->h[LAST_AXIS]};
    return constrain(s, &c, err);
}

const struct transform transform_min_max_norm = {
    .name = "min_max_norm",
    .title = "Least and largest norm of each unit",
    .formula = "w_k \\leftarrow w_k \\cdot \\frac{r\\,\\min(\\max(\\|w_k\\|, a), c) + "
               "(1 - r)\\|w_k\\|}{\\|w_k\\| + \\epsilon} \\text{ for each unit } k",
    .doc = "Scales the parameters that lead into each unit so that their norm lies between "
           "min_norm and max_norm; with a rate below 1 it goes only a part of the way there at "
           "each step. Of a matrix of inputs × outputs a unit is a column (axis 0). A tensor that "
           "has no such axis is left alone, and so are zeros.",
    .same_as = {NULL, "keras.constraints.MinMaxNorm", NULL, NULL},
    .hypers = hypers,
    .after = after,
};
