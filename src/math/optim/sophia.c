/* Sophia: a clipped step by the diagonal of the Hessian.
 *
 *   m = b1·m + (1-b1)·g      w -= lr·(clip(m̂ / max(gamma·h, eps), ±threshold) + wd·w)
 *   every update_interval steps, from the first: h = b2·h + (1-b2)·diagonal
 *
 * The step uses the h of the steps before, so the first ones are clipped on all sides. The client
 * sends the diagonal of the Hessian, exact or estimated, with the steps where it is due; with
 * others it is taken and not used. */
#include "math/explain.h"
#include "math/kernel.h"
#include "math/optim.h"
#include "math/power.h"
#include "math/rows.h"

enum { LR, BETA1, BETA2, EPS, WEIGHT_DECAY, GAMMA, THRESHOLD, INTERVAL, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(1e-4, 1e-4, HYPER_REQUIRED, 1e-4),
    ROW_RATE("beta1", "betas[0]", "beta_1", "b1", "Decay rate of m, the mean of g.", 0.965, 0.965,
             0.965, 0.965),
    ROW_RATE("beta2", "betas[1]", "beta_2", "b2", "Decay rate of h, the mean of the diagonals.",
             0.99, 0.99, 0.99, 0.99),
    ROW_EPS("Smallest denominator.", 1e-8, 1e-8, 1e-8, 1e-12),
    ROW_WEIGHT_DECAY(1e-4, 1e-4, 1e-4, 0.2),
    {.name = "gamma",
     .kind = HYPER_REAL,
     .value = {0.01, 0.01, 0.01, 0.01},
     .min = 0,
     .max = INFINITY,
     .doc = "Scales h: the smaller, the more coordinates are clipped."},
    {.name = "clip_threshold",
     .kind = HYPER_REAL,
     .value = {1, 1, 1, 1},
     .null_in = 1 << PROFILE_OPTAX,
     .null = HYPER_NONE,
     .min = 0,
     .min_open = true,
     .max = INFINITY,
     .doc = "Largest move of a coordinate, in units of lr; null in optax, or a very large number, "
            "takes the limit away."},
    {.name = "update_interval",
     .kind = HYPER_INTEGER,
     .value = {10, 10, 10, 10},
     .min = 1,
     .max = 1e9,
     .doc = "Steps between two that must carry the diagonal of the Hessian; the first one does."},
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {{.name = "m", .doc = "Moving average m of the gradient."},
                                    {.name = "h", .doc = "Moving average h of the diagonals."},
                                    {.name = NULL}};

static bool due(const double *h, uint64_t t)
{
    return (t - 1) % (uint64_t)h[INTERVAL] == 0;
}

static unsigned needs_at(const double *h, uint64_t t)
{
    return NEED_GRADIENT | (due(h, t) ? NEED_HESSIAN_DIAGONAL : 0);
}

enum { C1 };

static void prepare(struct optim_step *s)
{
    s->c[C1] = power_complement(s->h[BETA1], s->t);
}

static inline double ratio_of(double mean, double curvature, double c1, double gamma, double eps)
{
    double below = gamma * curvature > eps ? gamma * curvature : eps;
    return mean / c1 / below;
}

static inline double clip(double x, double limit)
{
    return x > limit ? limit : x < -limit ? -limit : x;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    const double *h = s->h, b1 = h[BETA1], n1 = 1.0 - b1, b2 = h[BETA2], n2 = 1.0 - b2;
    const double sign = h[MAXIMIZE] != 0 ? -1.0 : 1.0, c1 = s->c[C1];
    double *restrict m = slot[0], *restrict curvature = slot[1];
    const bool renew = due(h, s->t);
    if (renew && !s->hessian_diagonal)
        return err_add(err, ERR_NEEDS, "#/hessian_diagonal",
                       "sophia needs hessian_diagonal at this step");
    for (size_t i = 0; i < n; i++) {
        double mean = b1 * m[i] + n1 * (sign * g[i]);
        double u = clip(ratio_of(mean, curvature[i], c1, h[GAMMA], h[EPS]), h[THRESHOLD]);
        m[i] = mean;
        w[i] -= h[LR] * (u + h[WEIGHT_DECAY] * w[i]);
        if (renew)
            curvature[i] = b2 * curvature[i] + n2 * s->hessian_diagonal[i];
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double *h = s->h, b1 = h[BETA1], n1 = 1.0 - b1, lr = h[LR], wd = h[WEIGHT_DECAY];
    const double d = (h[MAXIMIZE] != 0 ? -1.0 : 1.0) * g[i], c1 = s->c[C1];
    const double curvature = slot[1][i], m = slot[0][i];
    double mean = explain_line(x, "m", "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t", b1 * m + n1 * d,
                               "{}·{} + {}·{}", b1, m, n1, d);
    double ratio = ratio_of(mean, curvature, c1, h[GAMMA], h[EPS]);
    explain_line(x, "r", "r_t = \\frac{\\hat m_t}{\\max(\\gamma h, \\varepsilon)}", ratio,
                 "{} / {} / max({}·{}, {})", mean, c1, h[GAMMA], curvature, h[EPS]);
    double u = explain_line(x, "u", "u_t = \\operatorname{clip}(r_t, \\pm\\rho)",
                            clip(ratio, h[THRESHOLD]), "clip({}, ±{})", ratio, h[THRESHOLD]);
    explain_line(x, "w", "w_t = w_{t-1} - \\eta\\,(u_t + \\lambda w_{t-1})",
                 w[i] - lr * (u + wd * w[i]), "{} - {}·({} + {}·{})", w[i], lr, u, wd, w[i]);
    if (u != ratio)
        explain_say(x, "Mean gradient over curvature is {}: clipped to {}, as for signs.", ratio,
                    u);
    else
        explain_say(x, "The curvature, {}, is large enough for a Newton step of {}.", curvature, u);
}

const struct optim OPTIM(sophia) = {
    .name = "sophia",
    .title = "Sophia",
    .formula = "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t,\\quad h_t = \\beta_2 h_{t-k} + "
               "(1-\\beta_2)\\operatorname{diag} H_t,\\quad w_t = w_{t-1} - \\eta\\Big("
               "\\operatorname{clip}\\big(\\tfrac{\\hat m_t}{\\max(\\gamma h,\\varepsilon)}, "
               "\\pm\\rho\\big) + \\lambda w_{t-1}\\Big)",
    .use_when = "You can estimate the diagonal of the Hessian now and then (Hutchinson: one "
                "Hessian-vector product) and curvatures differ much between coordinates, as in "
                "language models.",
    .pros = "Follows the curvature, and never moves a coordinate by more than lr: flat and "
            "non-convex directions do no harm.",
    .cons = "Needs the diagonal every tenth step. gamma must fit, so that between a tenth and half "
            "of the coordinates are clipped. Two numbers of state per parameter.",
    .reference = "Liu, Li, Hall, Liang & Ma, Sophia: A Scalable Stochastic Second-order Optimizer "
                 "for Language Model Pre-training, ICLR 2024, arXiv:2305.14342",
    .same_as = {NULL, NULL, "optax.contrib.sophia", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT | NEED_HESSIAN_DIAGONAL,
    .needs_at = needs_at,
    .scope = OPTIM_WHOLE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
