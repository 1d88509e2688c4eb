/* AdaHessian (Yao et al. 2021): Adam with the diagonal of the Hessian in place of the gradient in
 * the second moment.
 *
 *   m = b1·m + (1-b1)·d      every update_period steps, from the first: v = b2·v + (1-b2)·D²
 *   w = keep·w - lr/(1-b1^t)·m/((v/(1-b2^t))^(power/2) + eps)
 *
 * The client sends D, exact or estimated (Hutchinson: z·Hz with random signs z), as
 * hessian_diagonal, with the steps where it is due; with others it is taken and not used. The
 * paper averages |D| over neighbours in a filter before it comes here. */
#include "math/moments.h"

enum { LR, BETA1, BETA2, EPS, POWER, PERIOD, WEIGHT_DECAY, WEIGHT_DECAY_MODE, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(0.1, 0.1, HYPER_REQUIRED, 0.15),
    ROW_BETA1(0.9, 0.9, 0.9, 0.9),
    ROW_RATE("beta2", "betas[1]", "beta_2", "b2", "Decay rate of v, the mean of D².", 0.999, 0.999,
             0.999, 0.999),
    ROW_EPS("Added to the root of v, so that nothing is divided by 0.", 1e-16, 1e-16, 1e-16, 1e-4),
    {.name = "hessian_power",
     .kind = HYPER_REAL,
     .value = {1, 1, 1, 1},
     .max = 1,
     .doc = "How much curvature counts: 1 divides by the root mean square of D, 0 by 1."},
    {.name = "update_period",
     .kind = HYPER_INTEGER,
     .value = {1, 1, 1, 1},
     .min = 1,
     .max = 1e9,
     .doc = "Steps between two that must carry the diagonal of the Hessian; the first one does."},
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {
    SLOT_M,
    {.name = "v", .doc = "Second moment v: moving average of the squared diagonal."},
    {.name = NULL}};

enum { CM = MOMENT_COEFS, CV };

static bool due(const double *h, uint64_t t)
{
    return (t - 1) % (uint64_t)h[PERIOD] == 0;
}

static unsigned needs_at(const double *h, uint64_t t)
{
    return NEED_GRADIENT | (due(h, t) ? NEED_HESSIAN_DIAGONAL : 0);
}

static void prepare(struct optim_step *s)
{
    moment_prepare(s, s->h[LR], WEIGHT_DECAY);
    s->c[CM] = s->h[LR] / power_complement(s->h[BETA1], s->t);
    s->c[CV] = 1.0 / power_complement(s->h[BETA2], s->t);
}

static double divisor(const struct optim_step *s, double v)
{
    double x = s->c[CV] * v, p = s->h[POWER];
    return (p == 1.0 ? sqrt(x) : x > 0 ? power_real(x, 0.5 * p) : p == 0) + s->h[EPS];
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    double *restrict m = slot[0], *restrict v = slot[1];
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], keep = s->c[MOMENT_KEEP];
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, b2 = s->h[BETA2], n2 = 1.0 - b2;
    const double *curve = s->hessian_diagonal;
    if (due(s->h, s->t) && !curve)
        return err_add(err, ERR_NEEDS, "#/hessian_diagonal", "adahessian needs hessian_diagonal");
    for (size_t i = 0; due(s->h, s->t) && i < n; i++)
        v[i] = b2 * v[i] + n2 * (curve[i] * curve[i]);
    for (size_t i = 0; i < n; i++) {
        double d = direction(g[i], sign, l2, l2 != 0, w[i]);
        m[i] = b1 * m[i] + n1 * d;
        w[i] = keep * w[i] - s->c[CM] * m[i] / divisor(s, v[i]);
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double b2 = s->h[BETA2], n2 = 1.0 - b2;
    double d = explain_direction(x, s, g[i], w[i]), v = slot[1][i];
    double mean = explain_mean(x, s->h[BETA1], slot[0][i], d);
    if (due(s->h, s->t) && s->hessian_diagonal) {
        double curve = s->hessian_diagonal[i];
        v = explain_line(x, "v", "v_t = \\beta_2 v_{t-1} + (1-\\beta_2) D_t^2",
                         b2 * v + n2 * (curve * curve), "{}·{} + {}·{}²", b2, v, n2, curve);
    }
    double root = explain_line(x, "r", "r_t = \\hat v_t^{k/2} + \\varepsilon", divisor(s, v),
                               "{}^({}/2) + {}", s->c[CV] * v, s->h[POWER], s->h[EPS]);
    double u = explain_line(x, "u", "u_t = \\eta\\,\\hat m_t/r_t", s->c[CM] * mean / root,
                            "{}·{} / {}", s->c[CM], mean, root);
    explain_move(x, s, w[i], u);
    explain_say(x, "The curvature here has been about {}: the flatter, the larger the step.", root);
}

const struct optim OPTIM(adahessian) = {
    .name = "adahessian",
    .title = "AdaHessian",
    .formula = "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t,\\quad "
               "v_t = \\beta_2 v_{t-1} + (1-\\beta_2) D_t^2,\\quad "
               "w_t = w_{t-1} - \\eta\\,\\frac{\\hat m_t}{\\hat v_t^{k/2} + \\varepsilon}",
    .use_when =
        "You can get products of the Hessian with a vector, and the problem is badly scaled "
        "in ways that gradients do not show.",
    .pros = "Steps follow the curvature of each coordinate. Less sensitive to lr than Adam.",
    .cons = "Each diagonal costs about one more gradient, and estimates are noisy. Two numbers of "
            "state per parameter.",
    .reference = "Yao et al., ADAHESSIAN: An Adaptive Second Order Optimizer for Machine Learning, "
                 "AAAI 2021, arXiv:2006.00719",
    .same_as = {NULL, NULL, NULL, NULL},
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
