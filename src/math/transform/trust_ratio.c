/* The gradient of each tensor in proportion to the norm of its parameters.
 *
 * Not of the step that an optimizer has made: that is known here as a difference of parameters
 * alone, which has lost the digits that a ratio would bring up again. lamb does it inside. */
#include "math/transform_parts.h"
#include "math/trust.h"

enum { MIN_NORM, TRUST_COEFFICIENT, EPS };

static const struct hyper hypers[] = {
    ROW_REAL("min_norm", NULL, NULL, NULL, "The least that either norm is taken to be.", 0, 0, 0,
             0),
    ROW_REAL("trust_coefficient", NULL, NULL, NULL, "A factor on the ratio.", 1, 1, 1, 1),
    ROW_EPS("Added to the norm that divides.", 0, 0, 0, 0), ROWS_END};

static enum err_code before(struct transform_step *s, struct err *err)
{
    double least = s->h[MIN_NORM];
    (void)err;
    for
        EACH_TENSOR(t, s)
        {
            double size = larger(tensor_norm(t, s->w), least);
            double move = larger(tensor_norm(t, s->g), least);
            span_scale(s->g + t->offset,
                       trust_ratio(size, move, s->h[TRUST_COEFFICIENT], s->h[EPS]), t->count);
        }
    return ERR_OK;
}

const struct transform transform_trust_ratio = {
    .name = "trust_ratio",
    .title = "Layer-wise trust ratio",
    .formula = "g_k \\leftarrow g_k \\cdot c\\,\\frac{\\|w_k\\|}{\\|g_k\\| + \\epsilon}",
    .doc = "Makes the gradient of each tensor a fixed share of the norm of its parameters, so that "
           "all layers move at one pace whatever the size of their gradients. A tensor whose "
           "parameters or gradient are 0 is left alone.",
    .reference = "You, Gitman & Ginsburg, Large Batch Training of Convolutional Networks, 2017, "
                 "arXiv:1708.03888",
    .same_as = {NULL, NULL, "optax.scale_by_trust_ratio", NULL},
    .hypers = hypers,
    .before = before,
};
