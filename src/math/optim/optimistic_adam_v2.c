/* Optimistic Adam (Daskalakis et al. 2018): optimism applied to Adam's direction.
 *
 *   m, v as Adam; a = m̂/(√(v̂ + eps_root) + eps)
 *   nesterov (optax' default)   m̂ = b1·m/(1-b1^(t+1)) + (1-b1)·d/(1-b1^t), else m/(1-b1^t)
 *   w = w - lr·((alpha + beta)·a - beta·a_before)        at the first step a stands for a_before
 *
 * Named as in optax, whose first optimistic_adam weighted by learning rates and is deprecated. */
#include "math/moments.h"

enum {
    LR,
    BETA1,
    BETA2,
    EPS,
    EPS_ROOT,
    NESTEROV,
    ALPHA,
    BETA,
    WEIGHT_DECAY,
    WEIGHT_DECAY_MODE,
    MAXIMIZE
};

#define ROW_WEIGHT(row_name, row_doc)                                                              \
    {                                                                                              \
        .name = row_name, .kind = HYPER_REAL, .value = {1, 1, 1, 1}, .max = INFINITY,              \
        .doc = row_doc                                                                             \
    }

static const struct hyper hypers[] = {
    ROW_LR(1e-3, 1e-3, HYPER_REQUIRED, 1e-3),
    ROW_BETA1(0.9, 0.9, 0.9, 0.9),
    ROW_BETA2(0.999, 0.999, 0.999, 0.999),
    ROW_EPS("Added to the root of v, so that nothing is divided by 0.", 1e-8, 1e-8, 1e-8, 1e-8),
    ROW_EPS_ROOT(0, 0, 0, 0),
    ROW_BOOL("nesterov", "Look ahead as optax.nadam: b1·m + (1-b1)·g for m.", 1, 1, 1, 0),
    ROW_WEIGHT("alpha", "Weight of the newest direction."),
    ROW_WEIGHT("beta",
               "Weight of what the direction has changed by: the guess of its next change."),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {
    SLOT_M, SLOT_V, {.name = "before", .doc = "Direction of the step before."}, {.name = NULL}};

enum { CM = MOMENT_COEFS, CG, CV };

static void prepare(struct optim_step *s)
{
    const double *h = s->h, b1 = h[BETA1];
    double c1 = power_complement(b1, s->t);
    moment_prepare(s, h[LR], WEIGHT_DECAY);
    s->c[CM] = 1.0 / c1;
    s->c[CG] = 0.0;
    if (h[NESTEROV] != 0) {
        s->c[CM] = b1 / power_complement(b1, s->t + 1);
        s->c[CG] = (1.0 - b1) / c1;
    }
    s->c[CV] = 1.0 / power_complement(h[BETA2], s->t);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    double *restrict m = slot[0], *restrict v = slot[1], *restrict before = slot[2];
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], keep = s->c[MOMENT_KEEP];
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, b2 = s->h[BETA2], n2 = 1.0 - b2;
    const double cm = s->c[CM], cg = s->c[CG], cv = s->c[CV], lr = s->h[LR];
    const double eps = s->h[EPS], eps_root = s->h[EPS_ROOT];
    const double both = s->h[ALPHA] + s->h[BETA], beta = s->h[BETA];
    const bool first = s->t == 1;
    for (size_t i = 0; i < n; i++) {
        double d = direction(g[i], sign, l2, l2 != 0, w[i]);
        double mean = b1 * m[i] + n1 * d, square = b2 * v[i] + n2 * (d * d);
        double a = (cm * mean + cg * d) / (sqrt(cv * square + eps_root) + eps);
        double old = first ? a : before[i];
        m[i] = mean;
        v[i] = square;
        before[i] = a;
        w[i] = keep * w[i] - lr * (both * a - beta * old);
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double cm = s->c[CM], cg = s->c[CG], both = s->h[ALPHA] + s->h[BETA];
    const double beta = s->h[BETA], lr = s->h[LR];
    double d = explain_direction(x, s, g[i], w[i]);
    double mean = explain_mean(x, s->h[BETA1], slot[0][i], d);
    double square = explain_square(x, s->h[BETA2], slot[1][i], d);
    double inside = s->c[CV] * square + s->h[EPS_ROOT];
    double root = explain_line(x, "r", "r_t = \\sqrt{\\hat v_t} + \\varepsilon",
                               sqrt(inside) + s->h[EPS], "√{} + {}", inside, s->h[EPS]);
    double a = explain_line(x, "a", "a_t = \\hat m_t / r_t", (cm * mean + cg * d) / root,
                            "({}·{} + {}·{}) / {}", cm, mean, cg, d, root);
    double old = s->t == 1 ? a : slot[2][i];
    double u =
        explain_line(x, "u", "u_t = \\eta\\,((\\alpha+\\beta)\\, a_t - \\beta\\, a_{t-1})",
                     lr * (both * a - beta * old), "{}·({}·{} - {}·{})", lr, both, a, beta, old);
    explain_move(x, s, w[i], u);
    explain_say(x, "Adam's direction changed by {}; the step counts on as much change again.",
                a - old);
}

const struct optim OPTIM(optimistic_adam_v2) = {
    .name = "optimistic_adam_v2",
    .title = "Optimistic Adam",
    .formula = "a_t = \\frac{\\hat m_t}{\\sqrt{\\hat v_t} + \\varepsilon},\\quad "
               "w_t = w_{t-1} - \\eta\\,\\big((\\alpha+\\beta)\\, a_t - \\beta\\, a_{t-1}\\big)",
    .use_when = "Two players learn against each other (GANs) and you would use Adam for each.",
    .pros = "Damps the circling of min-max problems at the price of one more number of state.",
    .cons = "For plain minimisation Adam is as fast. Noise is amplified by alpha + 2·beta.",
    .reference = "Daskalakis, Ilyas, Syrgkanis & Zeng, Training GANs with Optimism, ICLR 2018, "
                 "arXiv:1711.00141",
    .same_as = {NULL, NULL, "optax.optimistic_adam_v2", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
