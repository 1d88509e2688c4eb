/* Adan (Xie et al. 2022): Nesterov's momentum from the difference of gradients.
 *
 *   δ = d - d_before                      0 at the first step
 *   m = b1·m + (1-b1)·d    v = b2·v + (1-b2)·δ    n = b3·n + (1-b3)·(d + k·δ)²
 *   u = lr·(m̂ + k·v̂)/(√(n̂ + eps_root) + eps)     hats: divided by 1-b1^t, 1-b2^t, 1-b3^t
 *
 *   difference_weight beta2 (the paper)   k = b2
 *   difference_weight rest (optax)        k = 1-b2
 *   weight decay proximal (the paper)     w = (w - u)/(1 + lr·wd)
 *   weight decay decoupled (optax)        w = (1 - lr·wd)·w - u
 *
 * The paper writes 1-β for what is called beta here, and has k = 1-β2, which is b2. optax has
 * turned the betas round but kept 1-b2, so that its k is 0.08 where the paper's is 0.92: with its
 * profile you get its numbers. The paper's listing begins the means at the first gradients; its
 * authors' program corrects them, as is done here. */
#include "math/moments.h"

enum {
    LR,
    BETA1,
    BETA2,
    BETA3,
    EPS,
    EPS_ROOT,
    DIFFERENCE_WEIGHT,
    WEIGHT_DECAY,
    WEIGHT_DECAY_MODE,
    MAXIMIZE
};
enum { BY_BETA2, BY_REST };
enum { DECAY_PROXIMAL = DECAY_INDEPENDENT + 1 };
static const char *const weight_choices[] = {"beta2", "rest", NULL};
static const char *const mode_choices[] = {"l2", "decoupled", "independent", "proximal", NULL};

static const struct hyper hypers[] = {
    ROW_LR(1e-3, 1e-3, HYPER_REQUIRED, 1e-3),
    ROW_BETA1(0.98, 0.98, 0.98, 0.98),
    ROW_RATE("beta2", "betas[1]", "beta_2", "b2", "Decay rate of v, the mean of differences of g.",
             0.92, 0.92, 0.92, 0.92),
    ROW_RATE("beta3", "betas[2]", "beta_3", "b3", "Decay rate of n, the mean of squares.", 0.99,
             0.99, 0.99, 0.99),
    ROW_EPS("Added to the root of n, so that nothing is divided by 0.", 1e-8, 1e-8, 1e-8, 1e-8),
    {.name = "eps_root",
     .kind = HYPER_REAL,
     .value = {0, 0, 1e-8, 0},
     .max = INFINITY,
     .doc = "Added to n under its root; makes the step smooth at g = 0."},
    ROW_CHOICE("difference_weight", weight_choices, NULL, NULL,
               "What differences of gradients are weighted by: beta2 (the paper), or the rest, "
               "1 - beta2 (optax).",
               BY_BETA2, BY_BETA2, BY_REST, BY_BETA2),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_CHOICE("weight_decay_mode", mode_choices, NULL, NULL,
               "l2 adds weight_decay·w to the gradient; decoupled multiplies w by "
               "1 - lr·weight_decay before the step; independent by 1 - weight_decay; proximal "
               "divides w by 1 + lr·weight_decay after it.",
               DECAY_PROXIMAL, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_PROXIMAL),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {
    SLOT_M,
    {.name = "v", .doc = "Moving average v of the differences of gradients."},
    {.name = "n", .doc = "Moving average n of the squared look-ahead gradient."},
    {.name = "g_before", .doc = "Gradient of the step before."},
    {.name = NULL}};

enum { CM = MOMENT_COEFS, CV, CN, WEIGHT, SHRINK };

static void prepare(struct optim_step *s)
{
    const double *h = s->h, lr = h[LR], wd = h[WEIGHT_DECAY];
    moment_prepare(s, lr, WEIGHT_DECAY);
    s->c[WEIGHT] = h[DIFFERENCE_WEIGHT] == BY_REST ? 1.0 - h[BETA2] : h[BETA2];
    s->c[CM] = lr / power_complement(h[BETA1], s->t);
    s->c[CV] = lr * s->c[WEIGHT] / power_complement(h[BETA2], s->t);
    s->c[CN] = 1.0 / power_complement(h[BETA3], s->t);
    s->c[SHRINK] = h[WEIGHT_DECAY_MODE] == DECAY_PROXIMAL ? 1.0 / (1.0 + lr * wd) : 1.0;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    double *restrict m = slot[0], *restrict v = slot[1], *restrict squares = slot[2];
    double *restrict before = slot[3];
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], keep = s->c[MOMENT_KEEP];
    const double b1 = s->h[BETA1], b2 = s->h[BETA2], b3 = s->h[BETA3], k = s->c[WEIGHT];
    const double n1 = 1.0 - b1, n2 = 1.0 - b2, n3 = 1.0 - b3, shrink = s->c[SHRINK];
    const double cm = s->c[CM], cv = s->c[CV], cn = s->c[CN];
    const double eps = s->h[EPS], eps_root = s->h[EPS_ROOT];
    const bool first = s->t == 1;
    for (size_t i = 0; i < n; i++) {
        double d = direction(g[i], sign, l2, l2 != 0, w[i]);
        double change = first ? 0.0 : d - before[i], ahead = d + k * change;
        double mean = b1 * m[i] + n1 * d, drift = b2 * v[i] + n2 * change;
        double square = b3 * squares[i] + n3 * (ahead * ahead);
        m[i] = mean;
        v[i] = drift;
        squares[i] = square;
        before[i] = d;
        double u = (cm * mean + cv * drift) / (sqrt(cn * square + eps_root) + eps);
        w[i] = shrink * (keep * w[i] - u);
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double b2 = s->h[BETA2], n2 = 1.0 - b2, b3 = s->h[BETA3], n3 = 1.0 - b3;
    const double k = s->c[WEIGHT], cm = s->c[CM], cv = s->c[CV], eps = s->h[EPS];
    const double keep = s->c[MOMENT_KEEP], shrink = s->c[SHRINK];
    double d = explain_direction(x, s, g[i], w[i]);
    double change =
        explain_line(x, "δ", "\\delta_t = g_t - g_{t-1}", s->t == 1 ? 0.0 : d - slot[3][i],
                     "{} - {}", d, s->t == 1 ? d : slot[3][i]);
    double ahead = d + k * change;
    double mean = explain_mean(x, s->h[BETA1], slot[0][i], d);
    double drift =
        explain_line(x, "v", "v_t = \\beta_2 v_{t-1} + (1-\\beta_2)\\,\\delta_t",
                     b2 * slot[1][i] + n2 * change, "{}·{} + {}·{}", b2, slot[1][i], n2, change);
    double square =
        explain_line(x, "n", "n_t = \\beta_3 n_{t-1} + (1-\\beta_3)(g_t + k\\delta_t)^2",
                     b3 * slot[2][i] + n3 * (ahead * ahead), "{}·{} + {}·({} + {}·{})²", b3,
                     slot[2][i], n3, d, k, change);
    double inside = s->c[CN] * square + s->h[EPS_ROOT];
    double root = explain_line(x, "r", "r_t = \\sqrt{\\hat n_t} + \\varepsilon", sqrt(inside) + eps,
                               "√{} + {}", inside, eps);
    double u = explain_line(x, "u", "u_t = \\eta\\,(\\hat m_t + k\\hat v_t)/r_t",
                            (cm * mean + cv * drift) / root, "({}·{} + {}·{}) / {}", cm, mean, cv,
                            drift, root);
    explain_line(x, "w", "w_t = w_{t-1} - u_t", shrink * (keep * w[i] - u), "{}·({}·{} - {})",
                 shrink, keep, w[i], u);
    explain_say(x,
                "The gradient has lately changed by {} per step; counting on {} of that, the step "
                "is taken where the gradient is heading.",
                drift, k);
}

const struct optim OPTIM(adan) = {
    .name = "adan",
    .title = "Adan",
    .formula = "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t,\\; "
               "v_t = \\beta_2 v_{t-1} + (1-\\beta_2)(g_t - g_{t-1}),\\; "
               "n_t = \\beta_3 n_{t-1} + (1-\\beta_3)\\big(g_t + k(g_t - g_{t-1})\\big)^2,\\; "
               "w_t = w_{t-1} - \\eta\\,\\frac{\\hat m_t + k \\hat v_t}{\\sqrt{\\hat n_t} + "
               "\\varepsilon}",
    .use_when = "Large vision or language models where training time is dear and memory is not: it "
                "often takes half the steps of AdamW.",
    .pros = "Looks ahead without a second gradient. Tolerates large learning rates and large "
            "batches.",
    .cons = "Four numbers of state per parameter, twice Adam's. Three betas; and their meaning "
            "differs between the paper and optax.",
    .reference = "Xie, Zhou, Li, Lin & Yan, Adan: Adaptive Nesterov Momentum Algorithm for Faster "
                 "Optimizing Deep Models, 2022, arXiv:2208.06677, algorithm 1",
    .same_as = {NULL, NULL, "optax.adan", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
