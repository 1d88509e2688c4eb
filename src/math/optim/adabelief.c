/* AdaBelief (Zhuang et al. 2020): Adam that divides by how far gradients stray from their mean.
 *
 *   m = b1·m + (1-b1)·d        s = b2·s + (1-b2)·(d - m)² + eps_root
 *   w = keep·w - (cm·m + cg·d)/(√(s/(1-b2^t)) + eps)
 *   cm = lr/(1-b1^t), cg = 0; nesterov (optax): cm = lr·b1/(1-b1^(t+1)), cg = lr·(1-b1)/(1-b1^t)
 *
 * eps_root goes into the stored s at every step, as in the paper, so that s settles no lower than
 * eps_root/(1-b2). The paper has one eps for both places, 1e-8; optax, and the authors' program
 * since, take 1e-16. */
#include "math/moments.h"

enum { LR, BETA1, BETA2, EPS, EPS_ROOT, NESTEROV, WEIGHT_DECAY, WEIGHT_DECAY_MODE, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(1e-3, 1e-3, HYPER_REQUIRED, 1e-3),
    ROW_BETA1(0.9, 0.9, 0.9, 0.9),
    ROW_RATE("beta2", "betas[1]", "beta_2", "b2", "Decay rate of s, the mean of (g - m)².", 0.999,
             0.999, 0.999, 0.999),
    ROW_EPS("Added to the root of s, so that nothing is divided by 0.", 1e-8, 1e-8, 1e-16, 1e-8),
    {.name = "eps_root",
     .kind = HYPER_REAL,
     .value = {1e-8, 1e-8, 1e-16, 1e-8},
     .max = INFINITY,
     .doc = "Added to s itself at every step: how much straying is always assumed."},
    ROW_BOOL("nesterov", "Look ahead as optax.nadam: b1·m + (1-b1)·g for m.", 0, 0, 0, 0),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {
    SLOT_M,
    {.name = "s", .doc = "Moving average s of the squared distance of gradients from m."},
    {.name = NULL}};

enum { CM = MOMENT_COEFS, CG, CS };

static void prepare(struct optim_step *s)
{
    const double *h = s->h, b1 = h[BETA1];
    double c1 = power_complement(b1, s->t);
    s->c[CM] = h[LR] / c1;
    s->c[CG] = 0.0;
    if (h[NESTEROV] != 0) {
        s->c[CM] = h[LR] * b1 / power_complement(b1, s->t + 1);
        s->c[CG] = h[LR] * (1.0 - b1) / c1;
    }
    s->c[CS] = 1.0 / power_complement(h[BETA2], s->t);
    moment_prepare(s, h[LR], WEIGHT_DECAY);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    double *restrict m = slot[0], *restrict strays = slot[1];
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], keep = s->c[MOMENT_KEEP];
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, b2 = s->h[BETA2], n2 = 1.0 - b2;
    const double cm = s->c[CM], cg = s->c[CG], cs = s->c[CS];
    const double eps = s->h[EPS], eps_root = s->h[EPS_ROOT];
    for (size_t i = 0; i < n; i++) {
        double d = direction(g[i], sign, l2, l2 != 0, w[i]);
        double mean = b1 * m[i] + n1 * d, e = d - mean;
        double stray = b2 * strays[i] + n2 * (e * e) + eps_root;
        m[i] = mean;
        strays[i] = stray;
        w[i] = keep * w[i] - (cm * mean + cg * d) / (sqrt(cs * stray) + eps);
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double b2 = s->h[BETA2], n2 = 1.0 - b2, eps = s->h[EPS], eps_root = s->h[EPS_ROOT];
    const double cm = s->c[CM], cg = s->c[CG], cs = s->c[CS], before = slot[1][i];
    double d = explain_direction(x, s, g[i], w[i]);
    double mean = explain_mean(x, s->h[BETA1], slot[0][i], d), e = d - mean;
    double stray =
        explain_line(x, "s", "s_t = \\beta_2 s_{t-1} + (1-\\beta_2)(g_t - m_t)^2 + \\varepsilon_r",
                     b2 * before + n2 * (e * e) + eps_root, "{}·{} + {}·({} - {})² + {}", b2,
                     before, n2, d, mean, eps_root);
    double root = explain_line(x, "r", "r_t = \\sqrt{\\hat s_t} + \\varepsilon",
                               sqrt(cs * stray) + eps, "√({}·{}) + {}", cs, stray, eps);
    double move =
        explain_line(x, "u", "u_t = \\eta\\, \\hat m_t / r_t", (cm * mean + cg * d) / root,
                     "({}·{} + {}·{}) / {}", cm, mean, cg, d, root);
    explain_move(x, s, w[i], move);
    explain_say(
        x,
        "The gradient is {} where {} was expected: gradients stray by {}, and the less they "
        "do the longer the step.",
        d, mean, root);
}

const struct optim OPTIM(adabelief) = {
    .name = "adabelief",
    .title = "AdaBelief",
    .formula = "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t,\\quad "
               "s_t = \\beta_2 s_{t-1} + (1-\\beta_2)(g_t - m_t)^2 + \\varepsilon_r,\\quad "
               "w_t = w_{t-1} - \\eta\\,\\frac{\\hat m_t}{\\sqrt{\\hat s_t} + \\varepsilon}",
    .use_when = "You want Adam's speed and something of the generalisation of SGD: image networks, "
                "GANs.",
    .pros = "Where gradients agree with each other steps are long, even if the gradients are "
            "large: in a straight, steep valley Adam would crawl. The same cost as Adam.",
    .cons = "Very sensitive to eps and eps_root: with 1e-16 a coordinate whose gradient hardly "
            "changes takes huge steps. Two numbers of state per parameter.",
    .reference = "Zhuang et al., AdaBelief Optimizer: Adapting Stepsizes by the Belief in Observed "
                 "Gradients, NeurIPS 2020, arXiv:2010.07468",
    .same_as = {NULL, NULL, "optax.adabelief", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
