/* Simplified AdEMAMix (Morwani et al. 2025): one momentum that adds up, and the newest gradient
 * with a weight of its own.
 *
 *   m = b1·m + d        v = b2·v + (1-b2)·d²
 *   w = keep·w - lr·(m + alpha·d)/(√(v/(1-b2^t) + eps_root) + eps)
 *
 * m is a sum, not a mean: with beta1 0.99 it is up to 100 times as large as Adam's, and lr so much
 * smaller. alpha 0 is Adam with lr·(1-b1) and without correction of m. */
#include "math/moments.h"

enum { LR, BETA1, BETA2, ALPHA, EPS, EPS_ROOT, WEIGHT_DECAY, WEIGHT_DECAY_MODE, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(1e-4, 1e-4, HYPER_REQUIRED, 1e-4),
    ROW_RATE("beta1", "betas[0]", "beta_1", "b1", "Decay rate of m, the sum of g.", 0.99, 0.99,
             0.99, 0.99),
    ROW_BETA2(0.95, 0.95, 0.95, 0.95),
    {.name = "alpha",
     .kind = HYPER_REAL,
     .max = INFINITY,
     .doc = "Weight of the newest gradient beside m."},
    ROW_EPS("Added to the root of v, so that nothing is divided by 0.", 1e-8, 1e-8, 1e-8, 1e-8),
    ROW_EPS_ROOT(0, 0, 0, 0),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {
    {.name = "m", .doc = "Momentum m: decaying sum of the gradients."}, SLOT_V, {.name = NULL}};

enum { CV = MOMENT_COEFS };

static void prepare(struct optim_step *s)
{
    moment_prepare(s, s->h[LR], WEIGHT_DECAY);
    s->c[CV] = 1.0 / power_complement(s->h[BETA2], s->t);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    double *restrict m = slot[0], *restrict v = slot[1];
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], keep = s->c[MOMENT_KEEP];
    const double b1 = s->h[BETA1], b2 = s->h[BETA2], n2 = 1.0 - b2, alpha = s->h[ALPHA];
    const double cv = s->c[CV], lr = s->h[LR], eps = s->h[EPS], eps_root = s->h[EPS_ROOT];
    for (size_t i = 0; i < n; i++) {
        double d = direction(g[i], sign, l2, l2 != 0, w[i]);
        double sum = b1 * m[i] + d, square = b2 * v[i] + n2 * (d * d);
        m[i] = sum;
        v[i] = square;
        w[i] = keep * w[i] - lr * (sum + alpha * d) / (sqrt(cv * square + eps_root) + eps);
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double b1 = s->h[BETA1], alpha = s->h[ALPHA], lr = s->h[LR];
    double d = explain_direction(x, s, g[i], w[i]);
    double sum = explain_line(x, "m", "m_t = \\beta_1 m_{t-1} + g_t", b1 * slot[0][i] + d,
                              "{}·{} + {}", b1, slot[0][i], d);
    double square = explain_square(x, s->h[BETA2], slot[1][i], d);
    double inside = s->c[CV] * square + s->h[EPS_ROOT];
    double root = explain_line(x, "r", "r_t = \\sqrt{\\hat v_t} + \\varepsilon",
                               sqrt(inside) + s->h[EPS], "√{} + {}", inside, s->h[EPS]);
    double move =
        explain_line(x, "u", "u_t = \\eta\\,(m_t + \\alpha g_t)/r_t", lr * (sum + alpha * d) / root,
                     "{}·({} + {}·{}) / {}", lr, sum, alpha, d, root);
    explain_move(x, s, w[i], move);
    explain_say(x, "The gradients so far add up to {}; the newest, {}, counts {} times more.", sum,
                d, alpha);
}

const struct optim OPTIM(simplified_ademamix) = {
    .name = "simplified_ademamix",
    .title = "Simplified AdEMAMix",
    .formula = "m_t = \\beta_1 m_{t-1} + g_t,\\quad v_t = \\beta_2 v_{t-1} + (1-\\beta_2) g_t^2,"
               "\\quad w_t = w_{t-1} - \\eta\\,\\frac{m_t + \\alpha g_t}{\\sqrt{\\hat v_t} + "
               "\\varepsilon}",
    .use_when =
        "You want what AdEMAMix gives with Adam's memory: large batches take alpha 0, small "
        "ones up to 100.",
    .pros = "Adam's two numbers of state, no schedule for alpha, on a par with AdEMAMix.",
    .cons = "lr is another than Adam's: divide yours by about 1/(1-beta1). alpha depends on the "
            "batch size.",
    .reference = "Morwani, Vyas, Zhang & Kakade, Connections between Schedule-Free Optimizers, "
                 "AdEMAMix, and Accelerated SGD Variants, 2025, arXiv:2502.02431",
    .same_as = {NULL, NULL, "optax.contrib.simplified_ademamix", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
