/* The whole gradient scaled down to a norm of at most c. */
#include "math/transform_clip.h"

static const struct hyper hypers[] = {CLIP_ROWS("global_clipnorm")};

const struct transform transform_clip_global_norm = {
    .name = "clip_global_norm",
    .title = "Clip by global norm",
    .formula = "g \\leftarrow g \\cdot \\min\\left(1, \\frac{c}{\\|g\\| + \\epsilon}\\right)",
    .doc = "Scales the gradient of all tensors together so that its norm is at most max_norm; its "
           "direction stays. The usual cure for gradients that explode now and then.",
    .reference = "Pascanu, Mikolov & Bengio, On the difficulty of training recurrent neural "
                 "networks, 2012, arXiv:1211.5063",
    .same_as = {"torch.nn.utils.clip_grad_norm_", "keras.optimizers.Optimizer(global_clipnorm)",
                "optax.clip_by_global_norm", NULL},
    .hypers = hypers,
    .check = clip_check,
    .before = clip_together,
};
