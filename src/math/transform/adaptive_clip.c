/* Adaptive gradient clipping: the gradient of each unit at most a share of the unit's weights.
 *
 * A unit is what optax takes it to be: of a vector the whole, of rank 2 and 3 a slice along axis 0,
 * of higher rank a slice along all axes but the last (optax: of rank 4 and 5). A tensor with at
 * most one axis longer than 1 is a vector. In memory the numbers of unit u are u, u + units, … */
#include "math/transform_parts.h"

enum { CLIPPING, EPS };

static const struct hyper hypers[] = {
    ROW_POSITIVE("clipping", NULL, NULL, NULL,
                 "The largest ratio of the gradient's norm to that of the weights."),
    ROW_EPS("The least norm that weights are taken to have, so that zero weights can leave.", 1e-3,
            1e-3, 1e-3, 1e-3),
    ROWS_END};

static size_t units_of(const struct tensor *t)
{
    int long_axes = 0;
    for (int k = 0; k < t->rank; k++)
        long_axes += t->shape[k] > 1;
    if (long_axes <= 1)
        return 1;
    return t->rank <= 3 ? t->count / (size_t)t->shape[0] : (size_t)t->shape[t->rank - 1];
}

static double unit_norm(const double *x, size_t n, size_t stride)
{
    double sum = 0;
    for (size_t i = 0; i < n; i += stride)
        sum += x[i] * x[i];
    return sqrt(sum);
}

static enum err_code before(struct transform_step *s, struct err *err)
{
    (void)err;
    for
        EACH_TENSOR(t, s)
        {
            size_t units = units_of(t);
            for (size_t u = 0; u < units; u++) {
                double *g = s->g + t->offset + u;
                double norm = unit_norm(g, t->count - u, units);
                double weights = unit_norm(s->w + t->offset + u, t->count - u, units);
                double most = s->h[CLIPPING] * larger(weights, s->h[EPS]);
                if (norm < most)
                    continue;
                double by = most / (norm < 1e-6 ? 1e-6 : norm);
                for (size_t i = 0; i < t->count - u; i += units)
                    g[i] *= by;
            }
        }
    return ERR_OK;
}

const struct transform transform_adaptive_clip = {
    .name = "adaptive_clip",
    .title = "Adaptive gradient clipping",
    .formula = "g_u \\leftarrow g_u \\cdot \\min\\left(1, \\lambda \\frac{\\max(\\|w_u\\|, "
               "\\epsilon)}{\\|g_u\\|}\\right)",
    .doc = "Clips the gradient of each unit (a neuron's weights) in proportion to the norm of its "
           "weights. Needs no tuning by layer, and lets large batches train without normalisation "
           "layers.",
    .reference = "Brock, De, Smith & Simonyan, High-Performance Large-Scale Image Recognition "
                 "Without Normalization, 2021, arXiv:2102.06171",
    .same_as = {NULL, NULL, "optax.adaptive_grad_clip", NULL},
    .hypers = hypers,
    .before = before,
};
