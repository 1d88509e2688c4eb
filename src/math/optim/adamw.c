/* AdamW (Loshchilov & Hutter 2019): Adam whose weight decay does not pass through the moments.
 * The rule, with its options and what each library does, is in math/adam.h.
 *
 * The libraries multiply weight_decay by lr, the paper does not (its algorithm 2 multiplies only by
 * the schedule): hence `independent` in profile paper. The paper names no default; 1e-5 takes off
 * as much at each step as torch's 1e-2 does at its lr of 1e-3. */
#include "math/adam.h"

static const struct hyper hypers[] = {
    ADAM_ROWS(1e-3, ROW_WEIGHT_DECAY(1e-2, 4e-3, 1e-4, 1e-5),
              ROW_WEIGHT_DECAY_MODE(NULL, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED,
                                    DECAY_INDEPENDENT))};

static const struct slot slots[] = {ADAM_SLOTS};

const struct optim OPTIM(adamw) = {
    .name = "adamw",
    .title = "AdamW",
    .formula = "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t,\\quad "
               "v_t = \\beta_2 v_{t-1} + (1-\\beta_2) g_t^2,\\quad "
               "w_t = (1 - \\eta\\lambda)\\, w_{t-1} - "
               "\\eta\\,\\frac{\\hat m_t}{\\sqrt{\\hat v_t} + \\varepsilon},\\quad "
               "\\hat m_t = \\frac{m_t}{1-\\beta_1^t},\\; \\hat v_t = \\frac{v_t}{1-\\beta_2^t}",
    .use_when = "You train a transformer or another large network and want weight decay: the "
                "standard there.",
    .pros = "The decay is equally strong for every parameter, while in Adam with L2 it is weakest "
            "where gradients are large. weight_decay and lr can be tuned nearly apart.",
    .cons = "Two numbers of state per parameter. Every parameter decays, biases and gains of "
            "normalisation layers too. The meaning of weight_decay depends on lr in all libraries.",
    .reference = "Loshchilov & Hutter, Decoupled Weight Decay Regularization, ICLR 2019, "
                 "arXiv:1711.05101",
    .same_as = {"torch.optim.AdamW", "keras.optimizers.AdamW",
                "optax.adamw (with nesterov: optax.nadamw)", NULL},
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
