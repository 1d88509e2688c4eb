/* ACProp (Zhuang et al. 2021): AdaBelief whose divisor is one step older than its direction.
 *
 *   t = 1   r = 1 + eps                  t > 1   r = √(s/(1-b2^(t-1))) + eps, s of step t-1
 *   w = keep·w - lr·d/r
 *   s = b2·s + (1-b2)·(d - m)² + eps_root        m of step t-1
 *   m = b1·m + (1-b1)·d
 *
 * Centred (s measures distances from the mean) and asynchronous (the divisor knows nothing of this
 * gradient), hence the name. m serves the centring alone. */
#include "math/moments.h"

enum { LR, BETA1, BETA2, EPS, EPS_ROOT, WEIGHT_DECAY, WEIGHT_DECAY_MODE, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(1e-3, 1e-3, HYPER_REQUIRED, 1e-3),
    ROW_BETA1(0.9, 0.9, 0.9, 0.9),
    ROW_RATE("beta2", "betas[1]", "beta_2", "b2", "Decay rate of s, the mean of (g - m)².", 0.999,
             0.999, 0.999, 0.999),
    ROW_EPS("Added to the root of s, so that nothing is divided by 0.", 1e-16, 1e-16, 1e-16, 1e-16),
    {.name = "eps_root",
     .kind = HYPER_REAL,
     .value = {1e-16, 1e-16, 1e-16, 1e-16},
     .max = INFINITY,
     .doc = "Added to s itself at every step: how much straying is always assumed."},
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {
    SLOT_M,
    {.name = "s", .doc = "Moving average s of the squared distance of gradients from m."},
    {.name = NULL}};

enum { CS = MOMENT_COEFS };

static void prepare(struct optim_step *s)
{
    moment_prepare(s, s->h[LR], WEIGHT_DECAY);
    s->c[CS] = s->t > 1 ? 1.0 / power_complement(s->h[BETA2], s->t - 1) : 0.0;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    double *restrict m = slot[0], *restrict strays = slot[1];
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], keep = s->c[MOMENT_KEEP];
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, b2 = s->h[BETA2], n2 = 1.0 - b2;
    const double lr = s->h[LR], cs = s->c[CS], eps = s->h[EPS], eps_root = s->h[EPS_ROOT];
    const bool first = s->t == 1;
    for (size_t i = 0; i < n; i++) {
        double d = direction(g[i], sign, l2, l2 != 0, w[i]);
        double e = d - m[i];
        double root = (first ? 1.0 : sqrt(cs * strays[i])) + eps;
        strays[i] = b2 * strays[i] + n2 * (e * e) + eps_root;
        m[i] = b1 * m[i] + n1 * d;
        w[i] = keep * w[i] - lr * d / root;
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double b2 = s->h[BETA2], n2 = 1.0 - b2, eps = s->h[EPS], eps_root = s->h[EPS_ROOT];
    const double lr = s->h[LR], cs = s->c[CS], m = slot[0][i], before = slot[1][i];
    double d = explain_direction(x, s, g[i], w[i]), e = d - m;
    double root = s->t == 1
                      ? explain_line(x, "r", "r_1 = 1 + \\varepsilon", 1.0 + eps, "1 + {}", eps)
                      : explain_line(x, "r", "r_t = \\sqrt{\\hat s_{t-1}} + \\varepsilon",
                                     sqrt(cs * before) + eps, "√({}·{}) + {}", cs, before, eps);
    explain_line(x, "s", "s_t = \\beta_2 s_{t-1} + (1-\\beta_2)(g_t - m_{t-1})^2 + \\varepsilon_r",
                 b2 * before + n2 * (e * e) + eps_root, "{}·{} + {}·({} - {})² + {}", b2, before,
                 n2, d, m, eps_root);
    explain_mean(x, s->h[BETA1], m, d);
    double move =
        explain_line(x, "u", "u_t = \\eta\\, g_t / r_t", lr * d / root, "{}·{} / {}", lr, d, root);
    explain_move(x, s, w[i], move);
    if (s->t == 1)
        explain_say(x, "Nothing is known yet of how gradients vary: the first step divides by 1.");
    else
        explain_say(x,
                    "Up to the step before, gradients have strayed by {} from their mean; this "
                    "gradient, {}, is measured by that.",
                    root, d);
}

const struct optim OPTIM(acprop) = {
    .name = "acprop",
    .title = "ACProp",
    .formula = "w_t = w_{t-1} - \\eta\\,\\frac{g_t}{\\sqrt{\\hat s_{t-1}} + \\varepsilon},\\quad "
               "s_t = \\beta_2 s_{t-1} + (1-\\beta_2)(g_t - m_{t-1})^2 + \\varepsilon_r,\\quad "
               "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t",
    .use_when =
        "Noisy training where AdaBelief or Adam hesitates: generative models, reinforcement "
        "learning, sparse rewards.",
    .pros = "A large gradient is not damped by itself, so rare ones count in full. Converges under "
            "weaker conditions than Adam.",
    .cons = "The first steps may be large: the divisor lags behind a scale that changes.",
    .reference = "Zhuang et al., Momentum Centering and Asynchronous Update for Adaptive Gradient "
                 "Methods, NeurIPS 2021, arXiv:2110.05454",
    .same_as = {NULL, NULL, "optax.contrib.acprop", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
