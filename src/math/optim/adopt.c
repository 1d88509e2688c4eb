/* ADOPT (Taniguchi et al. 2024): Adam that divides by what it knew before this gradient.
 *
 *   t = 1   v = d²                                             nothing moves but by decay
 *   t > 1   u = d/max(√v, eps), clipped to ±(t-1)^(1/4)         v is that of the step before
 *           m = b1·m + (1-b1)·u        v = b2·v + (1-b2)·d²
 *           w = keep·w - lr·m          nesterov: keep·w - lr·(b1·m + (1-b1)·u)
 *
 * Since u and its divisor share no gradient, it converges with any beta2. clipping keeps the first
 * steps in bounds, where v may still be far too small (algorithm 2 of the paper, and optax);
 * without it the rule is algorithm 1. */
#include "math/moments.h"

enum { LR, BETA1, BETA2, EPS, CLIPPING, NESTEROV, WEIGHT_DECAY, WEIGHT_DECAY_MODE, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(1e-3, 1e-3, HYPER_REQUIRED, 1e-3),
    ROW_RATE("beta1", "betas[0]", "beta_1", "b1", "Decay rate of m, the mean of scaled gradients.",
             0.9, 0.9, 0.9, 0.9),
    ROW_BETA2(0.9999, 0.9999, 0.9999, 0.9999),
    ROW_EPS("The least that a gradient is divided by.", 1e-6, 1e-6, 1e-6, 1e-6),
    {.name = "clipping",
     .kind = HYPER_BOOL,
     .value = {1, 1, 1, 1},
     .alias = {NULL, NULL, "use_clipping", NULL},
     .max = 1,
     .doc = "Whether scaled gradients are clipped to ±(t-1)^(1/4)."},
    ROW_BOOL("nesterov", "Look ahead: b1·m + (1-b1)·u for m.", 0, 0, 0, 0),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_L2, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_L2),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {
    {.name = "m", .doc = "First moment m: moving average of the scaled gradient."},
    SLOT_V,
    {.name = NULL}};

enum { LIMIT = MOMENT_COEFS, OF_MEAN, OF_NEW };

static void prepare(struct optim_step *s)
{
    const double *h = s->h, b1 = h[BETA1];
    moment_prepare(s, h[LR], WEIGHT_DECAY);
    s->c[LIMIT] = h[CLIPPING] != 0 ? pow((double)(s->t - 1), 0.25) : INFINITY;
    s->c[OF_MEAN] = h[NESTEROV] != 0 ? b1 : 1.0;
    s->c[OF_NEW] = h[NESTEROV] != 0 ? 1.0 - b1 : 0.0;
}

static inline __attribute__((always_inline)) double scaled(double d, double v, double eps,
                                                           double limit)
{
    double root = sqrt(v), u = d / (root > eps ? root : eps);
    u = u > limit ? limit : u;
    return u < -limit ? -limit : u;
}

static void first(const struct optim_step *s, double *restrict w, const double *restrict g,
                  double *restrict v, size_t n)
{
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], keep = s->c[MOMENT_KEEP];
    for (size_t i = 0; i < n; i++) {
        double d = direction(g[i], sign, l2, l2 != 0, w[i]);
        v[i] = d * d;
        w[i] = keep * w[i];
    }
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    double *restrict m = slot[0], *restrict v = slot[1];
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], keep = s->c[MOMENT_KEEP];
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, b2 = s->h[BETA2], n2 = 1.0 - b2;
    const double eps = s->h[EPS], limit = s->c[LIMIT], lr = s->h[LR];
    const double of_mean = s->c[OF_MEAN], of_new = s->c[OF_NEW];
    if (s->t == 1) {
        first(s, w, g, v, n);
        return ERR_OK;
    }
    for (size_t i = 0; i < n; i++) {
        double d = direction(g[i], sign, l2, l2 != 0, w[i]);
        double u = scaled(d, v[i], eps, limit), mean = b1 * m[i] + n1 * u;
        m[i] = mean;
        v[i] = b2 * v[i] + n2 * (d * d);
        w[i] = keep * w[i] - lr * (of_mean * mean + of_new * u);
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, b2 = s->h[BETA2], n2 = 1.0 - b2;
    const double eps = s->h[EPS], limit = s->c[LIMIT], lr = s->h[LR], keep = s->c[MOMENT_KEEP];
    const double m = slot[0][i], v = slot[1][i];
    double d = explain_direction(x, s, g[i], w[i]);
    if (s->t == 1) {
        explain_line(x, "v", "v_1 = g_1^2", d * d, "{}²", d);
        explain_line(x, "w", "w_1 = w_0", keep * w[i], "{}·{}", keep, w[i]);
        explain_say(
            x, "The first gradient, {}, only tells ADOPT the scale; moving begins at step 2.", d);
        return;
    }
    double u = scaled(d, v, eps, limit), root = sqrt(v);
    explain_line(x, "u", "u_t = \\operatorname{clip}(g_t/\\max(\\sqrt{v_{t-1}},\\varepsilon))", u,
                 "{} / max(√{}, {}), at most ±{}", d, v, eps, limit);
    double mean = explain_line(x, "m", "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) u_t", b1 * m + n1 * u,
                               "{}·{} + {}·{}", b1, m, n1, u);
    explain_line(x, "v", "v_t = \\beta_2 v_{t-1} + (1-\\beta_2) g_t^2", b2 * v + n2 * (d * d),
                 "{}·{} + {}·{}²", b2, v, n2, d);
    double move = s->c[OF_MEAN] * mean + s->c[OF_NEW] * u;
    if (s->c[OF_NEW] != 0)
        explain_line(x, "n", "n_t = \\beta_1 m_t + (1-\\beta_1) u_t", move, "{}·{} + {}·{}",
                     s->c[OF_MEAN], mean, s->c[OF_NEW], u);
    explain_line(x, "w", "w_t = w_{t-1} - \\eta m_t", keep * w[i] - lr * move, "{}·{} - {}·{}",
                 keep, w[i], lr, move);
    if (fabs(u) == limit)
        explain_say(x,
                    "The gradient is {} times what its past let expect; at step {} no more than "
                    "{} of it counts.",
                    fabs(d) / (root > eps ? root : eps), (double)s->t, limit);
    else
        explain_say(x, "The gradient is {} times the root mean square of those before it.", u);
}

const struct optim OPTIM(adopt) = {
    .name = "adopt",
    .title = "ADOPT",
    .formula = "u_t = \\operatorname{clip}\\Big(\\frac{g_t}{\\max(\\sqrt{v_{t-1}},\\varepsilon)},"
               "\\pm(t-1)^{1/4}\\Big),\\quad m_t = \\beta_1 m_{t-1} + (1-\\beta_1) u_t,\\quad "
               "w_t = w_{t-1} - \\eta m_t,\\quad v_t = \\beta_2 v_{t-1} + (1-\\beta_2) g_t^2",
    .use_when = "Where Adam depends on a carefully chosen beta2, or diverges with large noise: "
                "ADOPT converges with any.",
    .pros = "Converges at the best rate for any beta2 and without bounded noise. No bias "
            "correction to think about.",
    .cons = "The first step moves nothing. Two numbers of state per parameter, as Adam. Where Adam "
            "works well it is about as fast.",
    .reference = "Taniguchi et al., ADOPT: Modified Adam Can Converge with Any beta2 with the "
                 "Optimal Rate, NeurIPS 2024, arXiv:2411.02853",
    .same_as = {NULL, NULL, "optax.contrib.adopt", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
