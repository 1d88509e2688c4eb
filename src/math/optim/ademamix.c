/* AdEMAMix (Pagliardini et al. 2024): Adam with a second, very slow momentum.
 *
 *   m1 = b1·m1 + (1-b1)·d    m2 = b3·m2 + (1-b3)·d    v = b2·v + (1-b2)·d²
 *   w = keep·w - lr·(m1/(1-b1^t) + alpha·m2)/(√(v/(1-b2^t) + eps_root) + eps)
 *
 * m2 starts at 0 and is not corrected, so that it fills slowly. Both its weight and its memory may
 * grow to their values, over alpha_warmup_steps (linearly) and beta3_warmup_steps (from beta1, the
 * half-life linearly); 0: they are there at once.
 *
 *   alpha(t) = min(alpha·t/T, alpha)
 *   b3(t) = min(exp(ln b1·ln b3/((1 - t/T)·ln b3 + t/T·ln b1)), b3) */
#include "math/moments.h"

enum {
    LR,
    BETA1,
    BETA2,
    BETA3,
    ALPHA,
    EPS,
    EPS_ROOT,
    ALPHA_WARMUP,
    BETA3_WARMUP,
    WEIGHT_DECAY,
    WEIGHT_DECAY_MODE,
    MAXIMIZE
};

#define ROW_WARMUP(row_name, row_doc)                                                              \
    {                                                                                              \
        .name = row_name, .kind = HYPER_INTEGER, .max = 1e15, .doc = row_doc                       \
    }

static const struct hyper hypers[] = {
    ROW_LR(1e-3, 1e-3, HYPER_REQUIRED, 1e-3),
    ROW_RATE("beta1", "betas[0]", "beta_1", "b1", "Decay rate of m1, the fast mean of g.", 0.9, 0.9,
             0.9, 0.9),
    ROW_BETA2(0.999, 0.999, 0.999, 0.999),
    ROW_RATE("beta3", "betas[2]", "beta_3", "b3", "Decay rate of m2, the slow mean of g.", 0.9999,
             0.9999, 0.9999, 0.9999),
    {.name = "alpha",
     .kind = HYPER_REAL,
     .value = {5, 5, 5, 5},
     .max = INFINITY,
     .doc = "Weight of the slow mean beside the fast one."},
    ROW_EPS("Added to the root of v, so that nothing is divided by 0.", 1e-8, 1e-8, 1e-8, 1e-8),
    ROW_EPS_ROOT(0, 0, 0, 0),
    ROW_WARMUP("alpha_warmup_steps", "Steps over which alpha grows from 0; 0: none."),
    ROW_WARMUP("beta3_warmup_steps", "Steps over which beta3 grows from beta1; 0: none."),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_L2, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {
    {.name = "m1", .doc = "Fast first moment m1: moving average of the gradient."},
    {.name = "m2", .doc = "Slow first moment m2: moving average over a long past."},
    SLOT_V,
    {.name = NULL}};

enum { CM = MOMENT_COEFS, CV, ALPHA_NOW, BETA3_NOW };

static double alpha_now(const double *h, double t)
{
    double steps = h[ALPHA_WARMUP];
    return steps > t ? t * h[ALPHA] / steps : h[ALPHA];
}

static double beta3_now(const double *h, double t)
{
    double steps = h[BETA3_WARMUP];
    if (!(steps > t) || h[BETA1] <= 0 || h[BETA3] <= 0)
        return h[BETA3];
    double low = log(h[BETA1]), high = log(h[BETA3]), part = t / steps;
    double now = exp(low * high / ((1.0 - part) * high + part * low));
    return now < h[BETA3] ? now : h[BETA3];
}

static void prepare(struct optim_step *s)
{
    moment_prepare(s, s->h[LR], WEIGHT_DECAY);
    s->c[CM] = 1.0 / power_complement(s->h[BETA1], s->t);
    s->c[CV] = 1.0 / power_complement(s->h[BETA2], s->t);
    s->c[ALPHA_NOW] = alpha_now(s->h, (double)s->t);
    s->c[BETA3_NOW] = beta3_now(s->h, (double)s->t);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    double *restrict m1 = slot[0], *restrict m2 = slot[1], *restrict v = slot[2];
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], keep = s->c[MOMENT_KEEP];
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, b2 = s->h[BETA2], n2 = 1.0 - b2;
    const double b3 = s->c[BETA3_NOW], n3 = 1.0 - b3, alpha = s->c[ALPHA_NOW];
    const double cm = s->c[CM], cv = s->c[CV], lr = s->h[LR];
    const double eps = s->h[EPS], eps_root = s->h[EPS_ROOT];
    for (size_t i = 0; i < n; i++) {
        double d = direction(g[i], sign, l2, l2 != 0, w[i]);
        double fast = b1 * m1[i] + n1 * d, slow = b3 * m2[i] + n3 * d;
        double square = b2 * v[i] + n2 * (d * d);
        m1[i] = fast;
        m2[i] = slow;
        v[i] = square;
        w[i] = keep * w[i] - lr * (cm * fast + alpha * slow) / (sqrt(cv * square + eps_root) + eps);
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, b3 = s->c[BETA3_NOW], n3 = 1.0 - b3;
    const double alpha = s->c[ALPHA_NOW], cm = s->c[CM], cv = s->c[CV], lr = s->h[LR];
    double d = explain_direction(x, s, g[i], w[i]);
    double fast = explain_line(x, "m1", "m^{(1)}_t = \\beta_1 m^{(1)}_{t-1} + (1-\\beta_1) g_t",
                               b1 * slot[0][i] + n1 * d, "{}·{} + {}·{}", b1, slot[0][i], n1, d);
    double slow = explain_line(x, "m2", "m^{(2)}_t = \\beta_3 m^{(2)}_{t-1} + (1-\\beta_3) g_t",
                               b3 * slot[1][i] + n3 * d, "{}·{} + {}·{}", b3, slot[1][i], n3, d);
    double square = explain_square(x, s->h[BETA2], slot[2][i], d);
    double inside = cv * square + s->h[EPS_ROOT];
    double root = explain_line(x, "r", "r_t = \\sqrt{\\hat v_t} + \\varepsilon",
                               sqrt(inside) + s->h[EPS], "√{} + {}", inside, s->h[EPS]);
    double move = explain_line(x, "u", "u_t = \\eta\\,(\\hat m^{(1)}_t + \\alpha m^{(2)}_t)/r_t",
                               lr * (cm * fast + alpha * slow) / root, "{}·({}·{} + {}·{}) / {}",
                               lr, cm, fast, alpha, slow, root);
    explain_move(x, s, w[i], move);
    explain_say(x,
                "Of the direction, {} comes from the newest gradients and {} from the long past.",
                cm * fast, alpha * slow);
}

const struct optim OPTIM(ademamix) = {
    .name = "ademamix",
    .title = "AdEMAMix",
    .formula = "m^{(1)}_t = \\beta_1 m^{(1)}_{t-1} + (1-\\beta_1) g_t,\\; "
               "m^{(2)}_t = \\beta_3 m^{(2)}_{t-1} + (1-\\beta_3) g_t,\\; "
               "v_t = \\beta_2 v_{t-1} + (1-\\beta_2) g_t^2,\\; "
               "w_t = w_{t-1} - \\eta\\,\\frac{\\hat m^{(1)}_t + \\alpha m^{(2)}_t}"
               "{\\sqrt{\\hat v_t} + \\varepsilon}",
    .use_when = "Long training of large models: gradients that are tens of thousands of steps old "
                "still help, and AdamW forgets them.",
    .pros =
        "Reaches the loss of AdamW with far fewer tokens, and forgets training data more slowly.",
    .cons = "Three numbers of state per parameter. Needs many steps to pay, and a warm-up of alpha "
            "and beta3; a shift of the data is followed slowly.",
    .reference = "Pagliardini, Ablin & Grangier, The AdEMAMix Optimizer: Better, Faster, Older, "
                 "ICLR 2025, arXiv:2409.03137",
    .same_as = {NULL, NULL, "optax.contrib.ademamix", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
