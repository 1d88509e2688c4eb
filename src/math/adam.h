/* The rule of Adam, which adam and adamw share: they differ in defaults alone.
 *
 *   m = b1·m + (1-b1)·g          v = b2·v + (1-b2)·g²
 *   w = keep·w - (cm·m + cg·g) / (√(a·v + eps_root) + eps)
 *
 * Each form that a library has is a choice of the four numbers cm, cg, a, keep, made once per step
 * (c1 = 1-b1^t, c2 = 1-b2^t; both 1 without bias correction):
 *
 *   eps outside (torch, optax, the paper)   a = 1/c2   cm = lr/c1
 *   eps hat (keras)                         a = 1      cm = lr·√c2/c1
 *   nesterov (optax)                        cm·b1·c1/c1' and cg = cm·(1-b1), c1' = 1-b1^(t+1)
 *
 * AMSGrad keeps the largest v so far (raw), or the largest a·v (corrected), and uses it for v.
 * The loop costs one square root and one division per parameter; its variants differ in what is
 * stored, so that no branch is left inside. */
#ifndef STEPD_MATH_ADAM_H
#define STEPD_MATH_ADAM_H

#include "math/explain.h"
#include "math/fused.h"
#include "math/kernel.h"
#include "math/optim.h"
#include "math/power.h"
#include "math/rows.h"

enum adam_hyper {
    ADAM_LR,
    ADAM_BETA1,
    ADAM_BETA2,
    ADAM_EPS,
    ADAM_EPS_ROOT,
    ADAM_EPS_PLACEMENT,
    ADAM_BIAS_CORRECTION,
    ADAM_NESTEROV,
    ADAM_AMSGRAD,
    ADAM_AMSGRAD_MAX,
    ADAM_WEIGHT_DECAY,
    ADAM_WEIGHT_DECAY_MODE,
    ADAM_MAXIMIZE
};

enum adam_eps_placement { ADAM_OUTSIDE, ADAM_HAT };
enum adam_amsgrad_max { ADAM_RAW, ADAM_CORRECTED };
static const char *const adam_eps_choices[] = {"outside", "hat", NULL};
static const char *const adam_max_choices[] = {"raw", "corrected", NULL};

/* The rows of a table, in the order of enum adam_hyper; weight decay is the caller's. */
#define ADAM_ROWS(lr_paper, weight_decay_row, weight_decay_mode_row)                               \
    ROW_LR(1e-3, 1e-3, HYPER_REQUIRED, lr_paper),                                                  \
        ROW_RATE("beta1", "betas[0]", "beta_1", "b1", "Decay rate of m, the mean of g.", 0.9, 0.9, \
                 0.9, 0.9),                                                                        \
        ROW_RATE("beta2", "betas[1]", "beta_2", "b2", "Decay rate of v, the mean of g².", 0.999,   \
                 0.999, 0.999, 0.999),                                                             \
        ROW_EPS("Added to the root of v, so that nothing is divided by 0.", 1e-8, 1e-7, 1e-8,      \
                1e-8),                                                                             \
        {.name = "eps_root",                                                                       \
         .kind = HYPER_REAL,                                                                       \
         .max = INFINITY,                                                                          \
         .doc = "Added to v under its root; makes the step smooth at g = 0."},                     \
        ROW_CHOICE("eps_placement", adam_eps_choices, NULL, NULL,                                  \
                   "outside adds eps to the root of the corrected v (algorithm 1 of the paper); "  \
                   "hat adds it before the correction (the form just before section 2.1).",        \
                   ADAM_OUTSIDE, ADAM_HAT, ADAM_OUTSIDE, ADAM_OUTSIDE),                            \
        ROW_BOOL("bias_correction", "Whether m and v are freed of their start at 0.", 1, 1, 1, 1), \
        ROW_BOOL("nesterov", "Look ahead as optax.nadam: b1·m + (1-b1)·g for m.", 0, 0, 0, 0),     \
        ROW_BOOL("amsgrad", "Divide by the largest v so far, so that no step size grows again.",   \
                 0, 0, 0, 0),                                                                      \
        ROW_CHOICE("amsgrad_max", adam_max_choices, NULL, NULL,                                    \
                   "Whether amsgrad takes the largest v (raw), or the largest corrected v.",       \
                   ADAM_RAW, ADAM_RAW, ADAM_CORRECTED, ADAM_RAW),                                  \
        weight_decay_row, weight_decay_mode_row, ROW_MAXIMIZE, ROWS_END

static inline size_t adam_v_max_count(const double *h, const struct tensor *x)
{
    return h[ADAM_AMSGRAD] != 0 ? x->count : 0;
}

#define ADAM_SLOTS                                                                                 \
    {.name = "m", .doc = "First moment m: moving average of the gradient."},                       \
        {.name = "v", .doc = "Second moment v: moving average of the squared gradient."},          \
        {.name = "v_max",                                                                          \
         .doc = "Largest second moment so far (amsgrad only).",                                    \
         .count = adam_v_max_count},                                                               \
    {                                                                                              \
        .name = NULL                                                                               \
    }

enum adam_coef { ADAM_CM, ADAM_CG, ADAM_CV, ADAM_KEEP, ADAM_L2, ADAM_SIGN, ADAM_ROOT };

static inline void adam_prepare(struct optim_step *s)
{
    const double *h = s->h;
    double b1 = h[ADAM_BETA1], b2 = h[ADAM_BETA2], lr = h[ADAM_LR];
    bool corrected = h[ADAM_BIAS_CORRECTION] != 0, hat = h[ADAM_EPS_PLACEMENT] == ADAM_HAT;
    double c1 = corrected ? power_complement(b1, s->t) : 1.0;
    double c2 = corrected ? power_complement(b2, s->t) : 1.0;
    double scale = hat ? lr * sqrt(c2) : lr;
    s->c[ADAM_CM] = scale / c1;
    s->c[ADAM_CG] = 0.0;
    if (h[ADAM_NESTEROV] != 0) {
        double next = corrected ? power_complement(b1, s->t + 1) : 1.0;
        s->c[ADAM_CM] = scale * b1 / next;
        s->c[ADAM_CG] = scale * (1.0 - b1) / c1;
    }
    s->c[ADAM_CV] = hat ? 1.0 : 1.0 / c2;
    s->c[ADAM_ROOT] = sqrt(s->c[ADAM_CV]);
    s->c[ADAM_KEEP] = decay_keep(h[ADAM_WEIGHT_DECAY], h[ADAM_WEIGHT_DECAY_MODE], lr);
    s->c[ADAM_L2] = decay_l2(h[ADAM_WEIGHT_DECAY], h[ADAM_WEIGHT_DECAY_MODE]);
    s->c[ADAM_SIGN] = h[ADAM_MAXIMIZE] != 0 ? -1.0 : 1.0;
}

enum adam_variant { ADAM_PLAIN, ADAM_MAX_RAW, ADAM_MAX_CORRECTED };

/* What a step is made of, read once. */
struct adam_numbers {
    double b1, n1, b2, n2, cm, cg, cv, keep, l2, sign, eps, eps_root;
};

static inline struct adam_numbers adam_numbers(const struct optim_step *s)
{
    const double *h = s->h, *c = s->c;
    return (struct adam_numbers){.b1 = h[ADAM_BETA1],
                                 .n1 = 1.0 - h[ADAM_BETA1],
                                 .b2 = h[ADAM_BETA2],
                                 .n2 = 1.0 - h[ADAM_BETA2],
                                 .cm = c[ADAM_CM],
                                 .cg = c[ADAM_CG],
                                 .cv = c[ADAM_CV],
                                 .keep = c[ADAM_KEEP],
                                 .l2 = c[ADAM_L2],
                                 .sign = c[ADAM_SIGN],
                                 .eps = h[ADAM_EPS],
                                 .eps_root = h[ADAM_EPS_ROOT]};
}

/* One parameter; `variant`, `has_l2` and `nesterov` are known wherever it is inlined. Returns the
 * new w. */
static inline __attribute__((always_inline)) double
adam_one(const struct adam_numbers *c, double w, double g, double *m, double *v, double *v_max,
         enum adam_variant variant, bool has_l2, bool nesterov)
{
    double d = direction(g, c->sign, c->l2, has_l2, w);
    double mean = c->b1 * *m + c->n1 * d, square = c->b2 * *v + c->n2 * (d * d);
    *m = mean;
    *v = square;
    double x = variant == ADAM_MAX_RAW ? square : c->cv * square;
    if (variant != ADAM_PLAIN) {
        x = *v_max > x ? *v_max : x;
        *v_max = x;
    }
    if (variant == ADAM_MAX_RAW)
        x *= c->cv;
    double move = nesterov ? c->cm * mean + c->cg * d : c->cm * mean;
    return c->keep * w - move / (sqrt(x + c->eps_root) + c->eps);
}

static inline __attribute__((always_inline)) void
adam_loop(const struct optim_step *s, double *restrict w, const double *restrict g,
          double *restrict m, double *restrict v, double *restrict v_max, size_t n,
          enum adam_variant variant, bool has_l2)
{
    const struct adam_numbers c = adam_numbers(s);
    for (size_t i = 0; i < n; i++)
        w[i] = adam_one(&c, w[i], g[i], &m[i], &v[i], variant == ADAM_PLAIN ? NULL : &v_max[i],
                        variant, has_l2, c.cg != 0);
}

static inline enum err_code adam_kernel(struct optim_step *s, double *restrict w,
                                        double *restrict g, double *const *slot, size_t n,
                                        struct err *err)
{
    (void)err;
    double *m = slot[0], *v = slot[1], *v_max = slot[2];
    bool l2 = s->c[ADAM_L2] != 0;
    if (s->h[ADAM_AMSGRAD] == 0) {
        if (l2)
            adam_loop(s, w, g, m, v, v_max, n, ADAM_PLAIN, true);
        else
            adam_loop(s, w, g, m, v, v_max, n, ADAM_PLAIN, false);
    } else if (s->h[ADAM_AMSGRAD_MAX] == ADAM_RAW) {
        if (l2)
            adam_loop(s, w, g, m, v, v_max, n, ADAM_MAX_RAW, true);
        else
            adam_loop(s, w, g, m, v, v_max, n, ADAM_MAX_RAW, false);
    } else {
        if (l2)
            adam_loop(s, w, g, m, v, v_max, n, ADAM_MAX_CORRECTED, true);
        else
            adam_loop(s, w, g, m, v, v_max, n, ADAM_MAX_CORRECTED, false);
    }
    return ERR_OK;
}

/* ---- one pass ---------------------------------------------------------------------------------
 */

/* Without L2 decay the sign of g may go into the factors of g, and g² serves the norm too. v is a
 * mean of such squares: it leaves the range only where their sum does, which the driver sees. */
static inline void adam_fold_sign(struct adam_numbers *c)
{
    c->n1 *= c->sign;
    c->cg *= c->sign;
    c->sign = 1.0;
}

static inline __attribute__((always_inline)) void
adam_double_loop(const struct optim_step *s, double *restrict w, const double *restrict g,
                 double *restrict m, double *restrict v, size_t n, struct measure *restrict ret,
                 bool has_l2, bool nesterov)
{
    struct adam_numbers c = adam_numbers(s);
    struct lanes x = {0};
    if (!has_l2)
        adam_fold_sign(&c);
    FUSED_LOOP(i, k, 0, n, (FUSED_ASK(w, i), FUSED_ASK(g, i), FUSED_ASK(m, i), FUSED_ASK(v, i)), {
        double was = w[i];
        double now = adam_one(&c, was, g[i], &m[i], &v[i], NULL, ADAM_PLAIN, has_l2, nesterov);
        w[i] = now;
        ret->old[i] = was;
        if (has_l2)
            lanes_add_alarm(&x, k, g[i], now - was, v[i] * 0.0);
        else
            lanes_add(&x, k, g[i], now - was);
    });
    lanes_leave(&x, ret);
}

FUSED_APART adam_fused_double(const struct optim_step *s, double *restrict w,
                              const double *restrict g, double *restrict m, double *restrict v,
                              size_t n, struct measure *restrict ret)
{
    bool nesterov = s->c[ADAM_CG] != 0;
    if (s->c[ADAM_L2] != 0 && nesterov)
        adam_double_loop(s, w, g, m, v, n, ret, true, true);
    else if (s->c[ADAM_L2] != 0)
        adam_double_loop(s, w, g, m, v, n, ret, true, false);
    else if (nesterov)
        adam_double_loop(s, w, g, m, v, n, ret, false, true);
    else
        adam_double_loop(s, w, g, m, v, n, ret, false, false);
}

/* What a step in float32 is made of. √v is taken before its factor `root`, as in torch: a·v may be
 * beyond the range of float32. */
struct adam_single {
    float b1, n1, b2, n2, cm, cg, root, keep, l2, sign, eps;
};

static inline struct adam_single adam_single(const struct optim_step *s, bool has_l2)
{
    struct adam_numbers c = adam_numbers(s);
    if (!has_l2)
        adam_fold_sign(&c);
    return (struct adam_single){.b1 = (float)c.b1,
                                .n1 = (float)c.n1,
                                .b2 = (float)c.b2,
                                .n2 = (float)c.n2,
                                .cm = (float)c.cm,
                                .cg = (float)c.cg,
                                .root = (float)s->c[ADAM_ROOT],
                                .keep = (float)c.keep,
                                .l2 = (float)c.l2,
                                .sign = (float)c.sign,
                                .eps = (float)c.eps};
}

static inline __attribute__((always_inline)) float adam_one_single(const struct adam_single *c,
                                                                   float w, float g, float *m,
                                                                   float *v, bool has_l2,
                                                                   bool nesterov)
{
    float d = has_l2 ? c->sign * g + c->l2 * w : g;
    *m = c->b1 * *m + c->n1 * d;
    *v = c->b2 * *v + c->n2 * (d * d);
    float move = nesterov ? c->cm * *m + c->cg * d : c->cm * *m;
    return c->keep * w - move / (c->root * sqrtf(*v) + c->eps);
}

static inline __attribute__((always_inline)) void
adam_single_loop(const struct optim_step *s, float *restrict w, const float *restrict g,
                 float *restrict m, float *restrict v, size_t n, struct measure *restrict ret,
                 bool has_l2, bool nesterov)
{
    const struct adam_single c = adam_single(s, has_l2);
    struct lanes sums = {0};
    for (size_t at = 0; at < n; at += FUSED_STRIP) {
        struct lanes_single x = {0};
        size_t end = strip_end(at, n);
        FUSED_LOOP(i, k, at, end,
                   (FUSED_ASK(w, i), FUSED_ASK(g, i), FUSED_ASK(m, i), FUSED_ASK(v, i)), {
                       float was = w[i];
                       float now = adam_one_single(&c, was, g[i], &m[i], &v[i], has_l2, nesterov);
                       w[i] = now;
                       ret->old_single[i] = was;
                       if (has_l2)
                           lanes_add_single_alarm(&x, k, g[i], now - was, v[i] * 0.0f);
                       else
                           lanes_add_single(&x, k, g[i], now - was);
                   });
        lanes_add_strip(&sums, &x);
    }
    lanes_leave(&sums, ret);
}

FUSED_APART adam_fused_single(const struct optim_step *s, float *restrict w,
                              const float *restrict g, float *restrict m, float *restrict v,
                              size_t n, struct measure *restrict ret)
{
    bool nesterov = s->c[ADAM_CG] != 0;
    if (s->c[ADAM_L2] != 0 && nesterov)
        adam_single_loop(s, w, g, m, v, n, ret, true, true);
    else if (s->c[ADAM_L2] != 0)
        adam_single_loop(s, w, g, m, v, n, ret, true, false);
    else if (nesterov)
        adam_single_loop(s, w, g, m, v, n, ret, false, true);
    else
        adam_single_loop(s, w, g, m, v, n, ret, false, false);
}

/* Whether float32 has room for what the step needs; what is divided by must not become 0. */
static inline bool adam_in_single(const struct optim_step *s)
{
    const double *c = s->c;
    return s->h[ADAM_EPS_ROOT] == 0 && guards_single(s->h[ADAM_EPS]) && in_single(c[ADAM_CM]) &&
           in_single(c[ADAM_CG]) && in_single(c[ADAM_KEEP]) && in_single(c[ADAM_L2]) &&
           in_single(c[ADAM_ROOT]);
}

static inline bool adam_fused(const struct optim_step *s, enum dtype dtype, void *restrict w,
                              const void *restrict g, void *const *slot, size_t n,
                              struct measure *ret)
{
    bool single = dtype == DTYPE_FLOAT32;
    if (s->h[ADAM_AMSGRAD] != 0 || (single && !adam_in_single(s)))
        return false;
    if (single)
        adam_fused_single(s, w, g, slot[0], slot[1], n, ret);
    else
        adam_fused_double(s, w, g, slot[0], slot[1], n, ret);
    return true;
}

/* ---- explanation -------------------------------------------------------------------------------
 */

/* The denominator, and the moment that goes into it. */
static inline double adam_explain_root(struct explain *x, const struct optim_step *s, double v,
                                       double v_max)
{
    const double cv = s->c[ADAM_CV], eps = s->h[ADAM_EPS], eps_root = s->h[ADAM_EPS_ROOT];
    bool raw = s->h[ADAM_AMSGRAD] != 0 && s->h[ADAM_AMSGRAD_MAX] == ADAM_RAW;
    double a = raw ? v : cv * v;
    if (s->h[ADAM_AMSGRAD] != 0) {
        double largest = v_max > a ? v_max : a;
        a = explain_line(x, "v_max", "v^{max}_t = \\max(v^{max}_{t-1}, v_t)", largest,
                         "max({}, {})", v_max, a);
    }
    if (raw)
        a *= cv;
    if (cv != 1.0)
        explain_line(x, "v̂", "\\hat v_t = \\frac{v_t}{1-\\beta_2^t}", a, "{}·{}", cv,
                     s->h[ADAM_AMSGRAD] != 0 && raw ? a / cv : v);
    return explain_line(x, "d", "d_t = \\sqrt{\\hat v_t} + \\varepsilon", sqrt(a + eps_root) + eps,
                        "√{} + {}", a + eps_root, eps);
}

static inline void adam_explain_say(struct explain *x, double lr, double ratio)
{
    double size = fabs(ratio);
    if (lr == 0.0)
        explain_say(x, "lr is 0, so nothing moves; the means take the gradient in all the same.");
    else if (size == 0.0)
        explain_say(x, "The mean of the gradients is 0, so Adam does not move.");
    else if (fabs(size - 1.0) < 1e-6)
        explain_say(x,
                    "The corrected mean and the root of the corrected mean square are alike "
                    "(ratio {}), so Adam moves by lr = {}.",
                    ratio, lr);
    else if (size < 1.0)
        explain_say(x,
                    "The gradient has varied: its mean is {} of its root mean square, so Adam "
                    "moves by that part of lr = {}.",
                    ratio, lr);
    else
        explain_say(x,
                    "The newest gradients are larger than the mean square remembers: the step "
                    "is {} times lr = {}.",
                    ratio, lr);
}

static inline void adam_explain(struct explain *x, const struct optim_step *s, const double *w,
                                const double *g, double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double *h = s->h, *c = s->c, b1 = h[ADAM_BETA1], b2 = h[ADAM_BETA2];
    const double m = slot[0][i], v = slot[1][i], n1 = 1.0 - b1, n2 = 1.0 - b2;
    double d = direction(g[i], c[ADAM_SIGN], c[ADAM_L2], c[ADAM_L2] != 0, w[i]);
    if (c[ADAM_L2] != 0)
        explain_line(x, "g'", "g'_t = g_t + \\lambda w_{t-1}", d, "{}·{} + {}·{}", c[ADAM_SIGN],
                     g[i], c[ADAM_L2], w[i]);
    double mean = b1 * m + n1 * d, square = b2 * v + n2 * (d * d);
    explain_line(x, "m", "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t", mean, "{}·{} + {}·{}", b1, m,
                 n1, d);
    explain_line(x, "v", "v_t = \\beta_2 v_{t-1} + (1-\\beta_2) g_t^2", square, "{}·{} + {}·{}²",
                 b2, v, n2, d);
    double root = adam_explain_root(x, s, square, slot[2] ? slot[2][i] : 0);
    double move = (c[ADAM_CM] * mean + c[ADAM_CG] * d) / root;
    if (c[ADAM_CG] != 0)
        explain_line(x, "u", "u_t = \\frac{c_m m_t + c_g g_t}{d_t}", move, "({}·{} + {}·{}) / {}",
                     c[ADAM_CM], mean, c[ADAM_CG], d, root);
    else
        explain_line(x, "u", "u_t = \\frac{\\eta}{1-\\beta_1^t}\\,\\frac{m_t}{d_t}", move,
                     "{}·{} / {}", c[ADAM_CM], mean, root);
    explain_line(x, "w", "w_t = w_{t-1} - u_t", c[ADAM_KEEP] * w[i] - move, "{}·{} - {}",
                 c[ADAM_KEEP], w[i], move);
    adam_explain_say(x, h[ADAM_LR], h[ADAM_LR] > 0 ? move / h[ADAM_LR] : 0);
}

#endif
