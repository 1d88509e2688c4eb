/* Stochastic gradient descent with all that the libraries' SGD has.
 *
 *   d = ±g + wd·w                       wd·w in weight_decay_mode l2 only
 *   without momentum                    w -= lr·d
 *   lr_outside (torch, optax)           b = mu·b + (1-dampening)·d;    w -= lr·b
 *   lr_inside (keras)                   b = mu·b + (1-dampening)·lr·d; w -= b
 *   nesterov, outside                   w -= lr·(d + mu·b)
 *   nesterov, inside                    w -= mu·b + lr·d
 *
 * The two forms agree while lr stays; after a change lr_outside moves with the new lr at once,
 * lr_inside keeps the speed that it has. torch does not dampen the first step (first_momentum raw),
 * and refuses nesterov with dampening or without momentum; keras and optax ignore nesterov where
 * there is no momentum. So the second rule goes with first_momentum raw, the first with all. */
#include "math/kernel.h"
#include "math/optim.h"
#include "math/rows.h"

#include <stdio.h>

enum {
    LR,
    MOMENTUM,
    DAMPENING,
    NESTEROV,
    MOMENTUM_FORM,
    FIRST_MOMENTUM,
    WEIGHT_DECAY,
    WEIGHT_DECAY_MODE,
    MAXIMIZE
};
enum { LR_OUTSIDE, LR_INSIDE };
enum { FIRST_ZERO, FIRST_RAW };
static const char *const form_choices[] = {"lr_outside", "lr_inside", NULL};
static const char *const first_choices[] = {"zero", "raw", NULL};

static const struct hyper hypers[] = {
    ROW_LR(1e-3, 1e-2, HYPER_REQUIRED, 0.1),
    {.name = "momentum",
     .kind = HYPER_REAL,
     .min = 0,
     .max = 1,
     .doc = "Part of the last move that is kept; 0 keeps no buffer."},
    {.name = "dampening",
     .kind = HYPER_REAL,
     .min = 0,
     .max = 1,
     .doc = "The buffer takes in 1 - dampening of the gradient."},
    ROW_BOOL("nesterov", "Look ahead by one move of the momentum.", 0, 0, 0, 0),
    ROW_CHOICE("momentum_form", form_choices, NULL, NULL,
               "Whether lr multiplies the buffer (lr_outside: a change acts at once) or what goes "
               "into it (lr_inside: a change acts on new gradients only).",
               LR_OUTSIDE, LR_INSIDE, LR_OUTSIDE, LR_OUTSIDE),
    ROW_CHOICE("first_momentum", first_choices, NULL, NULL,
               "Whether the buffer starts at zero, or as the first gradient, raw: not dampened.",
               FIRST_RAW, FIRST_ZERO, FIRST_ZERO, FIRST_ZERO),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_L2, DECAY_DECOUPLED, DECAY_L2, DECAY_L2),
    ROW_MAXIMIZE,
    ROWS_END};

static size_t buffer_count(const double *h, const struct tensor *x)
{
    return h[MOMENTUM] != 0 ? x->count : 0;
}

static const struct slot slots[] = {
    {.name = "b", .doc = "Momentum buffer b (only with momentum).", .count = buffer_count},
    {.name = NULL}};

static enum err_code check(const double *h, const char *prefix, struct err *err)
{
    char pointer[ERR_POINTER_LEN];
    snprintf(pointer, sizeof pointer, "%s/nesterov", prefix);
    if (h[NESTEROV] != 0 && h[DAMPENING] != 0)
        return err_add(err, ERR_VALIDATION, pointer, "nesterov needs dampening 0");
    if (h[NESTEROV] != 0 && h[MOMENTUM] == 0 && h[FIRST_MOMENTUM] == FIRST_RAW)
        return err_add(err, ERR_VALIDATION, pointer, "nesterov needs momentum above 0");
    return ERR_OK;
}

static struct descent descent_of(const struct optim_step *s)
{
    const double *h = s->h;
    double mu = h[MOMENTUM], lr = h[LR];
    bool inside = h[MOMENTUM_FORM] == LR_INSIDE, nesterov = h[NESTEROV] != 0;
    bool undamped = s->t == 1 && h[FIRST_MOMENTUM] == FIRST_RAW;
    struct descent c = {.sign = h[MAXIMIZE] != 0 ? -1.0 : 1.0, .lr = lr, .mu = mu};
    c.l2 = decay_l2(h[WEIGHT_DECAY], h[WEIGHT_DECAY_MODE]);
    c.keep = decay_keep(h[WEIGHT_DECAY], h[WEIGHT_DECAY_MODE], lr);
    c.gain = (undamped ? 1.0 : 1.0 - h[DAMPENING]) * (inside ? lr : 1.0);
    c.of_b = (inside ? 1.0 : lr) * (nesterov ? mu : 1.0);
    c.of_g = nesterov ? lr : 0.0;
    return c;
}

static bool fused(const struct optim_step *s, enum dtype dtype, void *restrict w,
                  const void *restrict g, void *const *slot, size_t n, struct measure *ret)
{
    const struct descent c = descent_of(s);
    return descend_fused(dtype, w, g, slot[0], n, &c, ret);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    struct descent c = descent_of(s);
    if (slot[0])
        descend_momentum(w, g, slot[0], n, c);
    else
        descend(w, g, n, c);
    return ERR_OK;
}

const struct optim OPTIM(sgd) = {
    .name = "sgd",
    .title = "Stochastic gradient descent",
    .formula = "b_t = \\mu b_{t-1} + (1-\\tau)\\, g_t,\\quad w_t = w_{t-1} - \\eta\\, b_t "
               "\\qquad (\\mu = 0:\\; w_t = w_{t-1} - \\eta\\, g_t)",
    .use_when = "The gradient is that of one sample drawn at random, or of a batch and you want "
                "momentum, Nesterov's look-ahead or weight decay. The classic for image networks: "
                "momentum 0.9 and an lr that falls.",
    .pros = "At most one number of state per parameter. With a falling lr it often generalises "
            "better than the adaptive methods. Momentum damps the zigzag across valleys.",
    .cons = "lr must be tuned for each problem, and coordinates of very different curvature share "
            "it. With the gradient of one sample it is noisy and wanders near the minimum.",
    .reference = "Robbins & Monro, A Stochastic Approximation Method, 1951; momentum: Polyak 1964; "
                 "nesterov: Nesterov 1983, in the form of Sutskever et al., On the importance of "
                 "initialization and momentum in deep learning, ICML 2013",
    .same_as = {"torch.optim.SGD", "keras.optimizers.SGD", "optax.sgd", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .batch = 1,
    .lr = LR,
    .check = check,
    .kernel = kernel,
    .fused = fused,
};
