/* MARS (Yuan et al. 2024): AdamW or Lion on gradients from which part of the noise has been taken,
 * by the gradient of the step before.
 *
 *   c = d + gamma·b1/(1-b1)·(d - d_before)      c = c/‖c‖ where ‖c‖ > 1
 *   m = b1·m + (1-b1)·c      v = b2·v + (1-b2)·c²      v_max = max(v_max, v) with ams_bound
 *   mars_type adamw   w = keep·w - lr·m̂/(√((v + eps_root)/(1-b2^t)) + eps)
 *                     hat: (√(v + eps_root) + eps)/√(1-b2^t) is divided by (pytorch_optimizer)
 *   mars_type lion    w = keep·w - lr·sign(m)
 *
 * with keep = 1 - lr·weight_decay. The norm is that of each tensor; d_before is 0 before the first
 * step. Tensors of fewer than two dimensions have plain AdamW, with rows of their own, unless
 * optimize_1d is on. cautious leaves out the coordinates whose m has another sign than d, and makes
 * the others larger by n/(those that are left + 1).
 *
 * This is the approximate form of the paper (section 4): the exact one has the gradient of the new
 * batch at the old parameters in place of d_before. Its third type (shampoo) is not here. */
#include "math/moments.h"
#include "math/reduce.h"
#include "math/sign.h"

enum {
    LR,
    BETA1,
    BETA2,
    GAMMA,
    TYPE,
    EPS,
    EPS_ROOT,
    EPS_PLACEMENT,
    WEIGHT_DECAY,
    OPTIMIZE_1D,
    LR_1D,
    BETA1_1D,
    BETA2_1D,
    WEIGHT_DECAY_1D,
    AMS_BOUND,
    CAUTIOUS,
    MAXIMIZE
};
enum { TYPE_ADAMW, TYPE_LION };
enum { OUTSIDE, HAT };
static const char *const type_choices[] = {"adamw", "lion", NULL};
static const char *const eps_choices[] = {"outside", "hat", NULL};

static const struct hyper hypers[] = {
    ROW_LR(3e-3, 3e-3, 3e-3, 3e-3),
    ROW_RATE("beta1", "betas[0]", "beta_1", "b1", "Decay rate of m, the mean of c.", 0.95, 0.95,
             0.95, 0.95),
    ROW_RATE("beta2", "betas[1]", "beta_2", "b2", "Decay rate of v, the mean of c².", 0.99, 0.99,
             0.99, 0.99),
    {.name = "gamma",
     .kind = HYPER_REAL,
     .value = {0.025, 0.025, 0.025, 0.025},
     .max = INFINITY,
     .doc = "How much of the change of the gradient is counted on; 0: none."},
    ROW_CHOICE("mars_type", type_choices, NULL, NULL,
               "adamw divides by the root of v; lion takes the sign of m.", TYPE_ADAMW, TYPE_ADAMW,
               TYPE_ADAMW, TYPE_ADAMW),
    ROW_EPS("Added to the root of v, so that nothing is divided by 0.", 1e-8, 1e-8, 1e-8, 1e-8),
    ROW_EPS_ROOT(1e-15, 0, 0, 0),
    ROW_CHOICE(
        "eps_placement", eps_choices, NULL, NULL,
        "outside adds eps to the root of the corrected v; hat adds it before the correction.", HAT,
        OUTSIDE, OUTSIDE, OUTSIDE),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_BOOL("optimize_1d", "Treat vectors and scalars like matrices.", 0, 0, 0, 0),
    {.name = "lr_1d",
     .kind = HYPER_REAL,
     .value = {3e-3, 3e-3, 3e-3, 3e-3},
     .max = INFINITY,
     .doc = "Learning rate of vectors and scalars, without optimize_1d; where lr has a schedule, "
            "a change or a group's value, it wants one in proportion."},
    ROW_RATE("beta1_1d", "betas_1d[0]", NULL, NULL, "Their decay rate of m.", 0.9, 0.9, 0.9, 0.9),
    ROW_RATE("beta2_1d", "betas_1d[1]", NULL, NULL, "Their decay rate of v.", 0.95, 0.95, 0.95,
             0.95),
    {.name = "weight_decay_1d",
     .kind = HYPER_REAL,
     .value = {0.1, 0.1, 0.1, 0.1},
     .max = INFINITY,
     .doc = "How strongly they are drawn to 0 at each step."},
    ROW_BOOL("ams_bound", "Divide by the largest v so far.", 0, 0, 0, 0),
    ROW_BOOL("cautious", "Move only where m has the sign of the gradient.", 0, 0, 0, 0),
    ROW_MAXIMIZE,
    ROWS_END};

/* Whether a tensor has the rule of MARS itself. */
static bool corrected(const double *h, const struct tensor *x)
{
    return h[OPTIMIZE_1D] != 0 || x->rank >= 2;
}

static size_t v_count(const double *h, const struct tensor *x)
{
    return h[TYPE] == TYPE_LION && corrected(h, x) ? 0 : x->count;
}

static size_t v_max_count(const double *h, const struct tensor *x)
{
    return h[AMS_BOUND] != 0 ? v_count(h, x) : 0;
}

static size_t before_count(const double *h, const struct tensor *x)
{
    return corrected(h, x) ? x->count : 0;
}

enum { M, V, V_MAX, BEFORE };
static const struct slot slots[] = {
    {.name = "m", .doc = "First moment m: moving average of the corrected gradient c."},
    {.name = "v", .doc = "Second moment v: moving average of c².", .count = v_count},
    {.name = "v_max", .doc = "Largest second moment so far (ams_bound).", .count = v_max_count},
    {.name = "g_before", .doc = "Gradient of the step before.", .count = before_count},
    {.name = NULL}};

/* The numbers of a step for one tensor. */
struct rule {
    bool corrected, lion;
    double lr, b1, b2, keep, gain; /* gain: of d - d_before */
    double c1, root, eps_in, eps_out;
    double length, scale; /* what c is divided by; cautious */
};

static struct rule rule_of(const struct optim_step *s)
{
    const double *h = s->h;
    struct rule r = {.corrected = corrected(h, s->tensor), .scale = 1.0};
    r.lion = r.corrected && h[TYPE] == TYPE_LION;
    r.lr = r.corrected ? h[LR] : h[LR_1D];
    r.b1 = r.corrected ? h[BETA1] : h[BETA1_1D];
    r.b2 = r.corrected ? h[BETA2] : h[BETA2_1D];
    r.keep = 1.0 - r.lr * (r.corrected ? h[WEIGHT_DECAY] : h[WEIGHT_DECAY_1D]);
    r.gain = r.corrected ? h[GAMMA] * (r.b1 / (1.0 - r.b1)) : 0.0;
    r.c1 = power_complement(r.b1, s->t);
    r.root = sqrt(power_complement(r.b2, s->t));
    r.eps_in = h[EPS_PLACEMENT] == HAT ? h[EPS] : 0.0;
    r.eps_out = h[EPS_PLACEMENT] == HAT ? 0.0 : h[EPS];
    return r;
}

/* Puts c in the place of g, and d in the slot of the step before. */
static void correct(const struct optim_step *s, struct rule *r, double *g, double *before, size_t n)
{
    const double sign = s->h[MAXIMIZE] != 0 ? -1.0 : 1.0;
    for (size_t i = 0; i < n; i++) {
        double d = sign * g[i];
        g[i] = before ? r->gain * (d - before[i]) + d : d;
        if (before)
            before[i] = d;
    }
    double norm = before ? sqrt(reduce_squares(g, n)) : 0.0;
    r->length = norm > 1.0 ? norm : 1.0;
}

/* Moves the moments; g becomes c. */
static void move_state(const struct optim_step *s, struct rule *r, double *g, double *const *slot,
                       size_t n)
{
    double *m = slot[M], *v = slot[V], *v_max = slot[V_MAX], kept = 0;
    correct(s, r, g, slot[BEFORE], n);
    for (size_t i = 0; i < n; i++) {
        double c = g[i] / r->length, d = slot[BEFORE] ? slot[BEFORE][i] : c;
        m[i] = r->b1 * m[i] + (1.0 - r->b1) * c;
        if (v)
            v[i] = r->b2 * v[i] + (1.0 - r->b2) * (c * c);
        if (v_max)
            v_max[i] = v_max[i] > v[i] ? v_max[i] : v[i];
        g[i] = c;
        kept += m[i] * d > 0;
    }
    if (s->h[CAUTIOUS] != 0)
        r->scale = (double)n / (kept + 1.0);
}

/* What a coordinate moves by, in units of lr. */
static inline double ratio(const struct optim_step *s, const struct rule *r, const double *g,
                           double *const *slot, size_t i)
{
    double m = slot[M][i], d = slot[BEFORE] ? slot[BEFORE][i] : g[i];
    if (s->h[CAUTIOUS] != 0)
        m = m * d > 0 ? r->scale * m : 0.0;
    if (r->lion)
        return sign_of(m);
    double square = slot[V_MAX] ? slot[V_MAX][i] : slot[V][i];
    double root = (sqrt(square + s->h[EPS_ROOT]) + r->eps_in) / r->root + r->eps_out;
    return m / r->c1 / root;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    struct rule r = rule_of(s);
    move_state(s, &r, g, slot, n);
    for (size_t i = 0; i < n; i++)
        w[i] = r.keep * w[i] - r.lr * ratio(s, &r, g, slot, i);
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    const double m = slot[M][i], v = slot[V] ? slot[V][i] : 0.0;
    const double before = slot[BEFORE] ? slot[BEFORE][i] : 0.0;
    struct rule r = rule_of(s);
    double *c = explain_copy(x, g, n);
    if (!c)
        return;
    move_state(s, &r, c, slot, n);
    double d = s->h[MAXIMIZE] != 0 ? -g[i] : g[i];
    if (r.corrected)
        explain_line(x, "c", "c_t = g_t + \\gamma\\frac{\\beta_1}{1-\\beta_1}(g_t - g_{t-1})", c[i],
                     "({} + {}·({} - {})) / {}", d, r.gain, d, before, r.length);
    explain_line(x, "m", "m_t = \\beta_1 m_{t-1} + (1-\\beta_1)\\, c_t", slot[M][i],
                 "{}·{} + {}·{}", r.b1, m, 1.0 - r.b1, c[i]);
    if (slot[V])
        explain_line(x, "v", "v_t = \\beta_2 v_{t-1} + (1-\\beta_2)\\, c_t^2", slot[V][i],
                     "{}·{} + {}·{}²", r.b2, v, 1.0 - r.b2, c[i]);
    double u = ratio(s, &r, c, slot, i);
    explain_line(x, "u",
                 r.lion ? "u_t = \\operatorname{sign} m_t"
                        : "u_t = \\hat m_t/(\\sqrt{\\hat v_t} + \\varepsilon)",
                 u, "{}", u);
    explain_line(x, "w", "w_t = (1-\\eta\\lambda)\\, w_{t-1} - \\eta\\, u_t",
                 r.keep * w[i] - r.lr * u, "{}·{} - {}·{}", r.keep, w[i], r.lr, u);
    if (r.corrected)
        explain_say(x,
                    "The gradient has changed by {} since the step before; {} of that is added to "
                    "it, and all of it divided by {}.",
                    d - before, r.gain, r.length);
    else
        explain_say(x, "A vector or a scalar: AdamW moves it by {}.", r.lr * u);
}

const struct optim OPTIM(mars) = {
    .name = "mars",
    .title = "MARS",
    .formula = "c_t = g_t + \\gamma\\frac{\\beta_1}{1-\\beta_1}(g_t - g_{t-1}),\\; "
               "c_t \\leftarrow \\frac{c_t}{\\max(1, \\lVert c_t\\rVert)},\\; "
               "m_t = \\beta_1 m_{t-1} + (1-\\beta_1)\\, c_t,\\; "
               "v_t = \\beta_2 v_{t-1} + (1-\\beta_2)\\, c_t^2,\\; "
               "w_t = (1-\\eta\\lambda)\\, w_{t-1} - \\eta\\,\\frac{\\hat m_t}{\\sqrt{\\hat v_t} + "
               "\\varepsilon}",
    .use_when = "Pre-training of language models, in the place of AdamW: the noise of mini-batches "
                "is what holds training up.",
    .pros = "Takes part of the noise out of the gradient without a second one; ends at a lower "
            "loss than AdamW in the paper's runs. Bounded by clipping.",
    .cons = "Three numbers of state per parameter. The correction helps where gradients of two "
            "steps in a row have noise in common, and adds noise where they have not.",
    .reference = "Yuan, Liu, Wu, Zhou & Gu, MARS: Unleashing the Power of Variance Reduction for "
                 "Training Large Models, 2024, arXiv:2411.10438, algorithms 2 and 3",
    .same_as = {NULL, NULL, NULL, NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_TENSOR,
    .lr = LR,
    .kernel = kernel,
    .explain = explain,
};
