/* Lion (Chen et al. 2023): the sign of a mean that leans towards the newest gradient.
 *
 *   c = b1·m + (1-b1)·d      w = keep·w - lr·f(c)      m = b2·m + (1-b2)·d
 *
 *   mode hard       f(c) = sign(c)                     torch, keras and the paper know only this
 *   mode smooth     f(c) = tanh(smooth_beta·c)         optax.scale_by_lion
 *   mode refined    f(c) = c where |c| < 1, else sign(c) */
#include "math/moments.h"
#include "math/sign.h"

enum { LR, BETA1, BETA2, MODE, SMOOTH_BETA, WEIGHT_DECAY, WEIGHT_DECAY_MODE, MAXIMIZE };
enum { HARD, SMOOTH, REFINED };
static const char *const mode_choices[] = {"hard", "smooth", "refined", NULL};

static const struct hyper hypers[] = {
    ROW_LR(1e-4, 1e-3, HYPER_REQUIRED, 1e-4),
    ROW_RATE("beta1", "betas[0]", "beta_1", "b1",
             "Weight of m against the newest gradient in the move.", 0.9, 0.9, 0.9, 0.9),
    ROW_RATE("beta2", "betas[1]", "beta_2", "b2", "Decay rate of m, the mean of g.", 0.99, 0.99,
             0.99, 0.99),
    ROW_CHOICE("mode", mode_choices, NULL, NULL,
               "hard: the sign of c; smooth: tanh(smooth_beta·c); refined: c itself where |c| is "
               "below 1, else its sign.",
               HARD, HARD, HARD, HARD),
    {.name = "smooth_beta",
     .kind = HYPER_REAL,
     .value = {1, 1, 1, 1},
     .max = INFINITY,
     .min_open = true,
     .doc = "With mode smooth: how steeply the move turns at c = 0."},
    ROW_WEIGHT_DECAY(0, 0, 1e-3, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {SLOT_M, {.name = NULL}};

static void prepare(struct optim_step *s)
{
    moment_prepare(s, s->h[LR], WEIGHT_DECAY);
}

static inline __attribute__((always_inline)) double squashed(double c, double steep, int mode)
{
    if (mode == SMOOTH)
        return tanh(steep * c);
    return mode == REFINED && fabs(c) < 1.0 ? c : sign_of(c);
}

/* What a step is made of, read once. */
struct numbers {
    double sign, l2, keep, b1, n1, b2, n2, lr, steep;
};

static inline struct numbers numbers_of(const struct optim_step *s)
{
    return (struct numbers){.sign = s->c[MOMENT_SIGN],
                            .l2 = s->c[MOMENT_L2],
                            .keep = s->c[MOMENT_KEEP],
                            .b1 = s->h[BETA1],
                            .n1 = 1.0 - s->h[BETA1],
                            .b2 = s->h[BETA2],
                            .n2 = 1.0 - s->h[BETA2],
                            .lr = s->h[LR],
                            .steep = s->h[SMOOTH_BETA]};
}

/* One parameter; returns the new w. */
static inline __attribute__((always_inline)) double one(const struct numbers *c, double w, double g,
                                                        double *m, int mode)
{
    double d = direction(g, c->sign, c->l2, c->l2 != 0, w);
    double lean = c->b1 * *m + c->n1 * d;
    *m = c->b2 * *m + c->n2 * d;
    return c->keep * w - c->lr * squashed(lean, c->steep, mode);
}

static inline __attribute__((always_inline)) void loop(const struct optim_step *s,
                                                       double *restrict w, const double *restrict g,
                                                       double *restrict m, size_t n, int mode)
{
    const struct numbers c = numbers_of(s);
    for (size_t i = 0; i < n; i++)
        w[i] = one(&c, w[i], g[i], &m[i], mode);
}

FUSED_APART fused_double(const struct numbers *numbers, double *restrict w,
                         const double *restrict g, double *restrict m, size_t n,
                         struct measure *restrict ret)
{
    const struct numbers c = *numbers;
    struct lanes x = {0};
    FUSED_LOOP(i, k, 0, n, (FUSED_ASK(w, i), FUSED_ASK(g, i), FUSED_ASK(m, i)), {
        double was = w[i], now = one(&c, was, g[i], &m[i], HARD);
        w[i] = now;
        ret->old[i] = was;
        lanes_add_alarm(&x, k, g[i], now - was, m[i] * 0.0);
    });
    lanes_leave(&x, ret);
}

/* What a step of the plain rule in float32 is made of. */
struct single {
    float sign, l2, keep, b1, n1, b2, n2, lr;
};

static inline struct single single_of(const struct numbers *c)
{
    return (struct single){.sign = (float)c->sign,
                           .l2 = (float)c->l2,
                           .keep = (float)c->keep,
                           .b1 = (float)c->b1,
                           .n1 = (float)c->n1,
                           .b2 = (float)c->b2,
                           .n2 = (float)c->n2,
                           .lr = (float)c->lr};
}

static inline __attribute__((always_inline)) float one_single(const struct single *c, float w,
                                                              float g, float *m)
{
    float d = c->l2 != 0 ? c->sign * g + c->l2 * w : c->sign * g;
    float lean = c->b1 * *m + c->n1 * d;
    *m = c->b2 * *m + c->n2 * d;
    float way = lean > 0 ? 1.0f : lean < 0 ? -1.0f : lean;
    return c->keep * w - c->lr * way;
}

FUSED_APART fused_single(const struct numbers *numbers, float *restrict w, const float *restrict g,
                         float *restrict m, size_t n, struct measure *restrict ret)
{
    const struct single c = single_of(numbers);
    struct lanes sums = {0};
    for (size_t at = 0; at < n; at += FUSED_STRIP) {
        struct lanes_single x = {0};
        size_t end = strip_end(at, n);
        FUSED_LOOP(i, k, at, end, (FUSED_ASK(w, i), FUSED_ASK(g, i), FUSED_ASK(m, i)), {
            float was = w[i], now = one_single(&c, was, g[i], &m[i]);
            w[i] = now;
            ret->old_single[i] = was;
            lanes_add_single_alarm(&x, k, g[i], now - was, m[i] * 0.0f);
        });
        lanes_add_strip(&sums, &x);
    }
    lanes_leave(&sums, ret);
}

/* The plain rule alone. */
static bool fused(const struct optim_step *s, enum dtype dtype, void *restrict w,
                  const void *restrict g, void *const *slot, size_t n, struct measure *ret)
{
    const struct numbers c = numbers_of(s);
    if (s->h[MODE] != HARD)
        return false;
    if (dtype == DTYPE_FLOAT64)
        fused_double(&c, w, g, slot[0], n, ret);
    else if (in_single(c.l2) && in_single(c.keep) && in_single(c.lr))
        fused_single(&c, w, g, slot[0], n, ret);
    else
        return false;
    return true;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    if (s->h[MODE] == HARD)
        loop(s, w, g, slot[0], n, HARD);
    else if (s->h[MODE] == SMOOTH)
        loop(s, w, g, slot[0], n, SMOOTH);
    else
        loop(s, w, g, slot[0], n, REFINED);
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, b2 = s->h[BETA2], n2 = 1.0 - b2, m = slot[0][i];
    const double lr = s->h[LR], keep = s->c[MOMENT_KEEP], steep = s->h[SMOOTH_BETA];
    double d = explain_direction(x, s, g[i], w[i]);
    double c = explain_line(x, "c", "c_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t", b1 * m + n1 * d,
                            "{}·{} + {}·{}", b1, m, n1, d);
    double f = squashed(c, steep, (int)s->h[MODE]);
    if (s->h[MODE] == SMOOTH)
        explain_line(x, "f", "f_t = \\tanh(\\kappa c_t)", f, "tanh({}·{})", steep, c);
    else if (s->h[MODE] == REFINED && fabs(c) < 1.0)
        explain_line(x, "f", "f_t = c_t", f, "{}", c);
    else
        explain_line(x, "f", "f_t = \\operatorname{sign}(c_t)", f, "sign({})", c);
    explain_line(x, "m", "m_t = \\beta_2 m_{t-1} + (1-\\beta_2) g_t", b2 * m + n2 * d,
                 "{}·{} + {}·{}", b2, m, n2, d);
    explain_line(x, "w", "w_t = (1-\\eta\\lambda)\\, w_{t-1} - \\eta f_t", keep * w[i] - lr * f,
                 "{}·{} - {}·{}", keep, w[i], lr, f);
    if (sign_of(c) != sign_of(d))
        explain_say(x, "The newest gradient, {}, is outvoted by the mean of the past, {}.", d, m);
    else
        explain_say(x, "Mean and newest gradient agree on {}: w moves by {} against it.", c,
                    lr * f);
}

const struct optim OPTIM(lion) = {
    .name = "lion",
    .title = "Lion (evolved sign momentum)",
    .formula = "w_t = (1-\\eta\\lambda)\\, w_{t-1} - "
               "\\eta\\,\\operatorname{sign}(\\beta_1 m_{t-1} + (1-\\beta_1) g_t),\\quad "
               "m_t = \\beta_2 m_{t-1} + (1-\\beta_2) g_t",
    .use_when = "Large models and large batches where memory is short, and you can afford to tune "
                "lr and weight_decay anew.",
    .pros = "One number of state per parameter, half of AdamW's, and no root or division. Often on "
            "a par with AdamW, sometimes ahead.",
    .cons = "Wants an lr three to ten times smaller than AdamW and a weight_decay as many times "
            "larger. All coordinates move by lr at every step, noise included; small batches suit "
            "it ill.",
    .reference = "Chen et al., Symbolic Discovery of Optimization Algorithms, NeurIPS 2023, "
                 "arXiv:2302.06675",
    .same_as = {NULL, "keras.optimizers.Lion", "optax.lion", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .fused = fused,
    .explain = explain,
};
