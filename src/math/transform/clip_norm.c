/* Each tensor's gradient scaled down to a norm of at most c. */
#include "math/transform_clip.h"

static const struct hyper hypers[] = {CLIP_ROWS("clipnorm")};

static enum err_code before(struct transform_step *s, struct err *err)
{
    const struct tensor *tensors = s->tensors;
    int count = s->tensor_count;
    enum err_code code = ERR_OK;
    s->tensor_count = 1;
    for (int i = 0; i < count && !code; i++) {
        s->tensors = &tensors[i];
        code = clip_together(s, err);
    }
    s->tensors = tensors;
    s->tensor_count = count;
    return code;
}

const struct transform transform_clip_norm = {
    .name = "clip_norm",
    .title = "Clip by norm, tensor by tensor",
    .formula = "g_k \\leftarrow g_k \\cdot \\min\\left(1, \\frac{c}{\\|g_k\\| + "
               "\\epsilon}\\right) \\text{ for each tensor } k",
    .doc = "Scales the gradient of each tensor so that its own norm is at most max_norm. Tensors "
           "do not influence one another, so that the direction of the whole may turn.",
    .same_as = {"torch.nn.utils.clip_grad_norm_ (called for each tensor)",
                "keras.optimizers.Optimizer(clipnorm)", NULL, NULL},
    .hypers = hypers,
    .check = clip_check,
    .before = before,
};
