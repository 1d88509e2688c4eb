/* Each unit's parameters of a norm of at most c. */
#include "math/transform_constraint.h"

enum { MAX_NORM, AXIS, LAST_AXIS, EPS, KEEP_INSIDE };

static const struct hyper hypers[] = {
    ROW_POSITIVE_OR("max_norm", "maxnorm", "max_value", NULL, "The largest norm of a unit.",
                    HYPER_REQUIRED, 2, HYPER_REQUIRED, HYPER_REQUIRED),
    CONSTRAINT_AXES, CONSTRAINT_EPS(1e-7, 1e-7, 0, 0),
    ROW_BOOL(
        "keep_inside",
        "Whether a unit whose norm is small enough stays as it is to the bit; Keras multiplies "
        "it by norm/(norm + eps).",
        1, 0, 1, 1),
    ROWS_END};

static enum err_code after(struct transform_step *s, struct err *err)
{
    struct constraint c = {.most = s->h[MAX_NORM],
                           .rate = 1,
                           .eps = s->h[EPS],
                           .axis = s->h[AXIS],
                           .last_axis = s->h[LAST_AXIS],
                           .spare = s->h[KEEP_INSIDE] != 0};
    return constrain(s, &c, err);
}

const struct transform transform_max_norm = {
    .name = "max_norm",
    .title = "Largest norm of each unit",
    .formula = "w_k \\leftarrow w_k \\cdot \\frac{\\min(\\|w_k\\|, c)}{\\|w_k\\| + \\epsilon} "
               "\\text{ for each unit } k",
    .doc = "Scales the parameters that lead into each unit so that their norm is at most max_norm: "
           "a companion of dropout, which lets the learning rate be large. Of a matrix of inputs × "
           "outputs a unit is a column (axis 0). A tensor that has no such axis is left alone.",
    .reference = "Srivastava et al., Dropout: A Simple Way to Prevent Neural Networks from "
                 "Overfitting, 2014, section 5.1",
    .same_as = {"torch.renorm(w, 2, dim, maxnorm), where dim is the one axis that is not summed "
                "over",
                "keras.constraints.MaxNorm", NULL, NULL},
    .hypers = hypers,
    .after = after,
};
