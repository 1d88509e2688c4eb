/* Mini-batch gradient descent: w -= lr·g, with the mean gradient of a small batch. The rule is that
 * of gd (see there); a step with per-sample gradients has them averaged before it gets here. */
#include "math/kernel.h"
#include "math/optim.h"
#include "math/rows.h"

enum { LR, MAXIMIZE };

static const struct hyper hypers[] = {ROW_LR(1e-3, 1e-2, HYPER_REQUIRED, 0.1), ROW_MAXIMIZE,
                                      ROWS_END};

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)slot;
    (void)err;
    descend(
        w, g, n,
        (struct descent){.sign = s->h[MAXIMIZE] != 0 ? -1.0 : 1.0, .keep = 1.0, .lr = s->h[LR]});
    return ERR_OK;
}

const struct optim OPTIM(minibatch_gd) = {
    .name = "minibatch_gd",
    .title = "Mini-batch gradient descent",
    .formula = "w_t = w_{t-1} - \\eta\\,\\frac{1}{|B_t|} \\sum_{i \\in B_t} "
               "\\nabla \\ell_i(w_{t-1})",
    .use_when = "The gradient is the mean over a small random part of the data, usually 16 to 512 "
                "samples: between gd, which uses all of them, and sgd, which uses one.",
    .pros = "Many steps per pass over the data, with less noise than one sample gives: the noise "
            "falls with the root of the batch size. A batch keeps vector units and caches busy.",
    .cons = "The batch size is one more thing to choose; a larger batch wants a larger lr. Near "
            "the minimum it wanders unless lr shrinks.",
    .reference = "Robbins & Monro, A Stochastic Approximation Method, 1951; Bottou, Curtis & "
                 "Nocedal, Optimization Methods for Large-Scale Machine Learning, 2018, "
                 "arXiv:1606.04838",
    .same_as = {"torch.optim.SGD", "keras.optimizers.SGD", "optax.sgd", NULL},
    .hypers = hypers,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .batch = 32,
    .lr = LR,
    .kernel = kernel,
};
