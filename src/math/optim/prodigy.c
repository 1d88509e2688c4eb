/* Prodigy (Mishchenko & Defazio 2023): Adam that finds its learning rate from how far it has come.
 *
 *   k = d·lr·√(1-b2^t)/(1-b1^t)                   d: the estimate of the distance to the solution
 *   m = b1·m + (1-b1)·d·g        v = b2·v + (1-b2)·(d·g)²
 *   num = b3·num + (d/d0)·k·⟨g, w0 - w⟩
 *   s = b3·s + k·d·g/d0          safeguard_warmup: d·d·g/d0
 *   d = max(d, estim_lr_coef·num/Σ|s|)
 *   w = w - k·m/(√v + d·eps) - weight_decay·k·w        no step where s is 0 everywhere
 *
 * lr is a factor, 1; b3 is √b2 unless given (0). The names are optax'; the authors' program calls
 * estim_lr0 d0 and estim_lr_coef d_coef. Without bias_correction k is d·lr, as in the paper and
 * that program; optax corrects. */
#include "math/explain.h"
#include "math/kernel.h"
#include "math/optim.h"
#include "math/power.h"
#include "math/reduce.h"
#include "math/rows.h"

enum { LR, BETA1, BETA2, BETA3, EPS, D0, COEF, SAFEGUARD, BIAS_CORRECTION, WEIGHT_DECAY, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(1, 1, 1, 1),
    ROW_RATE("beta1", "betas[0]", "beta_1", "betas[0]", "Decay rate of m, the mean of d·g.", 0.9,
             0.9, 0.9, 0.9),
    ROW_RATE("beta2", "betas[1]", "beta_2", "betas[1]", "Decay rate of v, the mean of (d·g)².",
             0.999, 0.999, 0.999, 0.999),
    ROW_RATE("beta3", NULL, NULL, NULL,
             "Decay rate of what the estimate is made of; 0: the root of beta2.", 0, 0, 0, 0),
    ROW_EPS("Added to the root of v, times d.", 1e-8, 1e-8, 1e-8, 1e-8),
    {.name = "estim_lr0",
     .kind = HYPER_REAL,
     .value = {1e-6, 1e-6, 1e-6, 1e-6},
     .alias = {"d0", NULL, NULL, "d0"},
     .max = INFINITY,
     .min_open = true,
     .doc = "First estimate d of the distance to the solution."},
    {.name = "estim_lr_coef",
     .kind = HYPER_REAL,
     .value = {1, 1, 1, 1},
     .alias = {"d_coef", NULL, NULL, "d_coef"},
     .max = INFINITY,
     .min_open = true,
     .doc = "Factor on each new estimate: 0.5 for smaller, 2 for larger steps."},
    ROW_BOOL("safeguard_warmup", "Keep the estimate small while lr warms up.", 0, 0, 0, 0),
    ROW_BOOL("bias_correction", "Whether the step is freed of m and v having started at 0.", 0, 0,
             1, 0),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {
    {.name = "m", .doc = "First moment m: moving average of d·g."},
    {.name = "v", .doc = "Second moment v: moving average of (d·g)²."},
    {.name = "s", .doc = "Decaying sum s of the scaled gradients."},
    {.name = "w0", .doc = "Parameters before the first step.", .start = SLOT_W},
    {.name = NULL}};

enum { D, NUMERATOR };
static const struct scalar scalars[] = {
    {.name = "d", .doc = "Estimate d of the distance to the solution (0: none yet)."},
    {.name = "numerator", .doc = "Decaying sum that the estimate is made of."},
    {.name = NULL}};

/* What one step knows before it looks at single coordinates. */
struct prodigy {
    double b3, d, k, of_sum;    /* the estimate before this step; k; the factor of g in s */
    double numerator, estimate; /* after it */
    bool still;                 /* there is nothing to go by: w stays */
};

static struct prodigy prodigy_of(const struct optim_step *s)
{
    const double *h = s->h;
    struct prodigy p = {.b3 = h[BETA3] == 0 ? sqrt(h[BETA2]) : h[BETA3]};
    p.d = s->t == 1 ? h[D0] : s->scalar[D];
    p.k = p.d * h[LR];
    if (h[BIAS_CORRECTION] != 0)
        p.k *= sqrt(power_complement(h[BETA2], s->t)) / power_complement(h[BETA1], s->t);
    p.of_sum = (h[SAFEGUARD] != 0 ? p.d : p.k) * p.d / h[D0];
    return p;
}

/* The estimate after the step; `sum` holds s of this step, `way` w0 - w. */
static void prodigy_estimate(struct prodigy *p, const struct optim_step *s, const double *g,
                             double sign, const double *sum, const double *way, size_t n)
{
    double product = sign * reduce_dot(g, way, n), size = reduce_absolute(sum, n);
    p->numerator = p->b3 * s->scalar[NUMERATOR] + p->d / s->h[D0] * p->k * product;
    double next = s->h[COEF] * p->numerator / size;
    p->estimate = next > p->d ? next : p->d;
    p->still = size == 0;
    if (p->still)
        p->estimate = p->d;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, b2 = s->h[BETA2], n2 = 1.0 - b2;
    const double sign = s->h[MAXIMIZE] != 0 ? -1.0 : 1.0, wd = s->h[WEIGHT_DECAY];
    double *m = slot[0], *v = slot[1], *sum = slot[2], *w0 = slot[3];
    double *way = arena_alloc(s->scratch, n * sizeof *way);
    if (!way)
        return err_add(err, ERR_MEMORY, "", "no memory for a step of %zu parameters", n);
    struct prodigy p = prodigy_of(s);
    for (size_t i = 0; i < n; i++) {
        double scaled = p.d * (sign * g[i]);
        m[i] = b1 * m[i] + n1 * scaled;
        v[i] = b2 * v[i] + n2 * scaled * scaled;
        sum[i] = p.b3 * sum[i] + p.of_sum * (sign * g[i]);
        way[i] = w0[i] - w[i];
    }
    prodigy_estimate(&p, s, g, sign, sum, way, n);
    size_t moved = p.still ? 0 : n;
    for (size_t i = 0; i < moved; i++)
        w[i] = w[i] - (wd * p.k * w[i] + p.k * m[i] / (sqrt(v[i]) + p.estimate * s->h[EPS]));
    s->scalar[D] = p.estimate;
    s->scalar[NUMERATOR] = p.numerator;
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, b2 = s->h[BETA2], n2 = 1.0 - b2;
    const double sign = s->h[MAXIMIZE] != 0 ? -1.0 : 1.0, wd = s->h[WEIGHT_DECAY];
    double *sum = arena_zalloc(x->arena, n, sizeof *sum);
    double *way = arena_zalloc(x->arena, n, sizeof *way);
    if (!sum || !way)
        return;
    struct prodigy p = prodigy_of(s);
    for (size_t j = 0; j < n; j++) {
        sum[j] = p.b3 * slot[2][j] + p.of_sum * (sign * g[j]);
        way[j] = slot[3][j] - w[j];
    }
    prodigy_estimate(&p, s, g, sign, sum, way, n);
    double scaled =
        explain_line(x, "dg", "d_t g_t", p.d * (sign * g[i]), "{}·{}", p.d, sign * g[i]);
    double m =
        explain_line(x, "m", "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) d_t g_t",
                     b1 * slot[0][i] + n1 * scaled, "{}·{} + {}·{}", b1, slot[0][i], n1, scaled);
    double v = explain_line(x, "v", "v_t = \\beta_2 v_{t-1} + (1-\\beta_2) (d_t g_t)^2",
                            b2 * slot[1][i] + n2 * scaled * scaled, "{}·{} + {}·{}²", b2,
                            slot[1][i], n2, scaled);
    explain_line(x, "d", "d_{t+1} = \\max(d_t, r_t/\\|s_t\\|_1)", p.estimate, "{}", p.estimate);
    if (p.still) {
        explain_still(x, w[i]);
        return;
    }
    double u = explain_line(x, "u", "u_t = k_t m_t/(\\sqrt{v_t} + d_{t+1}\\varepsilon)",
                            p.k * m / (sqrt(v) + p.estimate * s->h[EPS]), "{}·{} / (√{} + {}·{})",
                            p.k, m, v, p.estimate, s->h[EPS]);
    explain_line(x, "w", "w_t = w_{t-1} - u_t", w[i] - (wd * p.k * w[i] + u), "{} - ({} + {})",
                 w[i], wd * p.k * w[i], u);
    if (p.estimate > p.d)
        explain_say(x,
                    "The way that has been made shows that the solution is at least {} away, "
                    "farther than {}: the next step is larger.",
                    p.estimate, p.d);
    else
        explain_say(x, "Nothing new is known of the distance to the solution: d stays {}.", p.d);
}

const struct optim OPTIM(prodigy) = {
    .name = "prodigy",
    .title = "Prodigy",
    .formula = "d_{t+1} = \\max\\Big(d_t, \\frac{\\sum_k \\beta_3^{t-k} d_k^2\\langle g_k, w_0 - "
               "w_k\\rangle}{\\|\\sum_k \\beta_3^{t-k} d_k^2 g_k\\|_1}\\Big),\\quad "
               "w_t = w_{t-1} - d_t\\,\\frac{m_t}{\\sqrt{v_t} + d_t\\varepsilon}",
    .use_when =
        "You would use Adam but not search for lr: diffusion models, fine-tuning, adapters.",
    .pros = "No learning rate. Estimates the distance faster than D-Adaptation, and usually ends "
            "where a tuned Adam does. Takes schedules: lr is a factor.",
    .cons = "Four numbers of state per parameter. The estimate never shrinks: restart, or give a "
            "smaller estim_lr_coef, where it has shot too high.",
    .reference = "Mishchenko & Defazio, Prodigy: An Expeditiously Adaptive Parameter-Free Learner, "
                 "ICML 2024, arXiv:2306.06101",
    .same_as = {NULL, NULL, "optax.contrib.prodigy", NULL},
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_WHOLE,
    .lr = LR,
    .kernel = kernel,
    .explain = explain,
};
