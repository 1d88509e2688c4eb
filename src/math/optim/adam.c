/* Adam (Kingma & Ba 2015): a step of nearly lr in each coordinate, whatever the gradient's size.
 * The rule, with its options and what each library does, is in math/adam.h. */
#include "math/adam.h"

static const struct hyper hypers[] = {
    ADAM_ROWS(1e-3, ROW_WEIGHT_DECAY(0, 0, 0, 0),
              ROW_WEIGHT_DECAY_MODE("decoupled_weight_decay", DECAY_L2, DECAY_DECOUPLED, DECAY_L2,
                                    DECAY_L2))};

static const struct slot slots[] = {ADAM_SLOTS};

const struct optim OPTIM(adam) = {
    .name = "adam",
    .title = "Adam",
    .formula = "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t,\\quad "
               "v_t = \\beta_2 v_{t-1} + (1-\\beta_2) g_t^2,\\quad "
               "\\hat m_t = \\frac{m_t}{1-\\beta_1^t},\\quad "
               "\\hat v_t = \\frac{v_t}{1-\\beta_2^t},\\quad "
               "w_t = w_{t-1} - \\eta\\,\\frac{\\hat m_t}{\\sqrt{\\hat v_t} + \\varepsilon}",
    .use_when = "You do not know how large the gradients are, they are noisy or sparse, or their "
                "sizes differ between coordinates: the usual first choice for neural networks. "
                "With weight decay prefer adamw.",
    .pros = "Works over a wide range of problems with its defaults. Steps do not depend on the "
            "scale of the loss. Bias correction makes the first steps usable.",
    .cons = "Two numbers of state per parameter. With a constant lr it keeps moving about the "
            "minimum, and it may settle where plain SGD generalises better. There are convex "
            "problems on which it does not converge (Reddi et al. 2018); amsgrad repairs them.",
    .reference = "Kingma & Ba, Adam: A Method for Stochastic Optimization, ICLR 2015, "
                 "arXiv:1412.6980; amsgrad: Reddi, Kale & Kumar, On the Convergence of Adam and "
                 "Beyond, ICLR 2018; nesterov: Dozat, Incorporating Nesterov Momentum into Adam, "
                 "ICLR workshop 2016",
    .same_as = {"torch.optim.Adam", "keras.optimizers.Adam",
                "optax.adam (with amsgrad: optax.amsgrad; with nesterov: optax.nadam)", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = ADAM_LR,
    .prepare = adam_prepare,
    .kernel = adam_kernel,
    .fused = adam_fused,
    .explain = adam_explain,
};
