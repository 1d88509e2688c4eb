/* D-Adapted AdamW (Defazio & Mishchenko 2023): AdamW that learns its learning rate.
 *
 *   k = d·lr·√(1-b2^t)/(1-b1^t)                   d: the estimate of the distance to the solution
 *   num = c·num + (1-c)·k·⟨g, s/(√v + eps)⟩       c = √b2; s and v of the step before
 *   m = b1·m + (1-b1)·k·g        v = b2·v + (1-b2)·g²        s = c·s + (1-c)·k·g
 *   d = max(d, num/((1-c)·Σ|s|))
 *   w = w - m/(√v + eps) - weight_decay·k·w        no step where s is 0 everywhere
 *
 * lr is a factor, 1. The learning rate is inside m, so that what it was then counts. Without
 * bias_correction k is d·lr, as in the paper and its authors' program; optax corrects. */
#include "math/explain.h"
#include "math/kernel.h"
#include "math/optim.h"
#include "math/power.h"
#include "math/reduce.h"
#include "math/rows.h"

enum { LR, BETA1, BETA2, EPS, D0, BIAS_CORRECTION, WEIGHT_DECAY, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(1, 1, 1, 1),
    ROW_RATE("beta1", "betas[0]", "beta_1", "betas[0]", "Decay rate of m, the mean of k·g.", 0.9,
             0.9, 0.9, 0.9),
    ROW_RATE("beta2", "betas[1]", "beta_2", "betas[1]", "Decay rate of v, the mean of g².", 0.999,
             0.999, 0.999, 0.999),
    ROW_EPS("Added to the root of v, so that nothing is divided by 0.", 1e-8, 1e-8, 1e-8, 1e-8),
    {.name = "estim_lr0",
     .kind = HYPER_REAL,
     .value = {1e-6, 1e-6, 1e-6, 1e-6},
     .alias = {"d0", NULL, NULL, "d0"},
     .max = INFINITY,
     .min_open = true,
     .doc = "First estimate d of the distance to the solution."},
    ROW_BOOL("bias_correction", "Whether the step is freed of m and v having started at 0.", 0, 0,
             1, 0),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {
    {.name = "m", .doc = "First moment m: moving average of the scaled gradient."},
    {.name = "v", .doc = "Second moment v: moving average of the squared gradient."},
    {.name = "s", .doc = "Weighted mean s of the scaled gradients."},
    {.name = NULL}};

enum { D, NUMERATOR };
static const struct scalar scalars[] = {
    {.name = "d", .doc = "Estimate d of the distance to the solution (0: none yet)."},
    {.name = "numerator", .doc = "Weighted mean that the estimate is made of."},
    {.name = NULL}};

/* What one step knows besides single coordinates. */
struct dadapt {
    double c, d, k;             /* the estimate before this step; k */
    double numerator, estimate; /* after it */
    bool still;                 /* there is nothing to go by: w stays */
};

static struct dadapt dadapt_of(const struct optim_step *s)
{
    const double *h = s->h;
    struct dadapt p = {.c = sqrt(h[BETA2]), .d = s->t == 1 ? h[D0] : s->scalar[D]};
    p.k = p.d * h[LR];
    if (h[BIAS_CORRECTION] != 0)
        p.k *= sqrt(power_complement(h[BETA2], s->t)) / power_complement(h[BETA1], s->t);
    return p;
}

/* `scaled` holds s/(√v + eps) of the step before, `sum` s of this one. */
static void dadapt_estimate(struct dadapt *p, const struct optim_step *s, const double *g,
                            double sign, const double *scaled, const double *sum, size_t n)
{
    const double rest = 1.0 - p->c;
    double product = sign * reduce_dot(g, scaled, n), size = reduce_absolute(sum, n);
    p->numerator = p->c * s->scalar[NUMERATOR] + rest * p->k * product;
    double next = p->numerator / (rest * size);
    p->estimate = next > p->d ? next : p->d;
    p->still = size == 0;
    if (p->still) {
        p->numerator = s->scalar[NUMERATOR];
        p->estimate = p->d;
    }
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, b2 = s->h[BETA2], n2 = 1.0 - b2;
    const double sign = s->h[MAXIMIZE] != 0 ? -1.0 : 1.0, wd = s->h[WEIGHT_DECAY], eps = s->h[EPS];
    double *m = slot[0], *v = slot[1], *sum = slot[2];
    double *scaled = arena_alloc(s->scratch, n * sizeof *scaled);
    if (!scaled)
        return err_add(err, ERR_MEMORY, "", "no memory for a step of %zu parameters", n);
    struct dadapt p = dadapt_of(s);
    for (size_t i = 0; i < n; i++) {
        double d = sign * g[i];
        scaled[i] = sum[i] / (sqrt(v[i]) + eps);
        m[i] = b1 * m[i] + n1 * p.k * d;
        v[i] = b2 * v[i] + n2 * d * d;
        sum[i] = p.c * sum[i] + (1.0 - p.c) * p.k * d;
    }
    dadapt_estimate(&p, s, g, sign, scaled, sum, n);
    size_t moved = p.still ? 0 : n;
    for (size_t i = 0; i < moved; i++)
        w[i] = w[i] - (wd * p.k * w[i] + m[i] / (sqrt(v[i]) + eps));
    s->scalar[D] = p.estimate;
    s->scalar[NUMERATOR] = p.numerator;
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, b2 = s->h[BETA2], n2 = 1.0 - b2;
    const double sign = s->h[MAXIMIZE] != 0 ? -1.0 : 1.0, wd = s->h[WEIGHT_DECAY], eps = s->h[EPS];
    double *scaled = arena_zalloc(x->arena, n, sizeof *scaled);
    double *sum = arena_zalloc(x->arena, n, sizeof *sum);
    if (!scaled || !sum)
        return;
    struct dadapt p = dadapt_of(s);
    for (size_t j = 0; j < n; j++) {
        scaled[j] = slot[2][j] / (sqrt(slot[1][j]) + eps);
        sum[j] = p.c * slot[2][j] + (1.0 - p.c) * p.k * (sign * g[j]);
    }
    dadapt_estimate(&p, s, g, sign, scaled, sum, n);
    double d = sign * g[i];
    double m = explain_line(x, "m", "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) k_t g_t",
                            b1 * slot[0][i] + n1 * p.k * d, "{}·{} + {}·{}·{}", b1, slot[0][i], n1,
                            p.k, d);
    double v = explain_line(x, "v", "v_t = \\beta_2 v_{t-1} + (1-\\beta_2) g_t^2",
                            b2 * slot[1][i] + n2 * d * d, "{}·{} + {}·{}²", b2, slot[1][i], n2, d);
    explain_line(x, "d", "d_{t+1} = \\max(d_t, \\hat d_t)", p.estimate, "{}", p.estimate);
    if (p.still) {
        explain_still(x, w[i]);
        return;
    }
    double u = explain_line(x, "u", "u_t = m_t/(\\sqrt{v_t} + \\varepsilon)", m / (sqrt(v) + eps),
                            "{} / (√{} + {})", m, v, eps);
    explain_line(x, "w", "w_t = w_{t-1} - u_t", w[i] - (wd * p.k * w[i] + u), "{} - ({} + {})",
                 w[i], wd * p.k * w[i], u);
    if (p.estimate > p.d)
        explain_say(x,
                    "The gradients so far agree so well that the solution must be at least {} "
                    "away, farther than {}: the next step is larger.",
                    p.estimate, p.d);
    else
        explain_say(x, "Nothing new is known of the distance to the solution: d stays {}.", p.d);
}

const struct optim OPTIM(dadapt_adamw) = {
    .name = "dadapt_adamw",
    .title = "D-Adaptation AdamW",
    .formula =
        "d_{t+1} = \\max\\Big(d_t, \\frac{r_t}{(1-\\sqrt{\\beta_2})\\|s_t\\|_1}\\Big),\\quad "
        "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) d_t g_t,\\quad "
        "w_t = w_{t-1} - \\frac{m_t}{\\sqrt{v_t} + \\varepsilon}",
    .use_when = "You would use AdamW but not search for lr. Prodigy is its successor.",
    .pros = "No learning rate; with it, the rate of a tuned AdamW within a small factor. Takes "
            "schedules: lr is a factor.",
    .cons = "Three numbers of state per parameter. The estimate needs a while to grow, and never "
            "shrinks.",
    .reference = "Defazio & Mishchenko, Learning-Rate-Free Learning by D-Adaptation, ICML 2023, "
                 "arXiv:2301.07733",
    .same_as = {NULL, NULL, "optax.contrib.dadapt_adamw", NULL},
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_WHOLE,
    .lr = LR,
    .kernel = kernel,
    .explain = explain,
};
