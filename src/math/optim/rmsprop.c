/* RMSprop (Tieleman & Hinton 2012): the gradient over the root of its mean square.
 *
 *   d = ±g + wd·w                       wd·w in weight_decay_mode l2 only
 *   v = rho·v + (1-rho)·d²              starts at initial_scale
 *   centered (Graves 2013)              a = rho·a + (1-rho)·d; v - a² takes the place of v
 *   bias_correction                     v and a are divided by 1-rho^t
 *   u = d/√(v + eps) inside, d/(√v + eps) outside
 *   without momentum                    w -= lr·u
 *   lr_outside (torch)                  b = mu·b + u;    w -= lr·b; nesterov: w -= lr·(u + mu·b)
 *   lr_inside (keras, optax)            b = mu·b + lr·u; w -= b;    nesterov: w -= mu·b + lr·u
 *
 * As in the libraries, v - a² may come out negative by rounding when the gradient hardly changes;
 * where eps does not make up for it the root is NaN, and the step is refused as not finite. */
#include "math/kernel.h"
#include "math/optim.h"
#include "math/power.h"
#include "math/rows.h"

enum {
    LR,
    RHO,
    EPS,
    EPS_PLACEMENT,
    CENTERED,
    MOMENTUM,
    MOMENTUM_FORM,
    NESTEROV,
    BIAS_CORRECTION,
    INITIAL_SCALE,
    WEIGHT_DECAY,
    WEIGHT_DECAY_MODE,
    MAXIMIZE
};
enum { OUTSIDE, INSIDE };
enum { LR_OUTSIDE, LR_INSIDE };
static const char *const eps_choices[] = {"outside", "inside", NULL};
static const char *const form_choices[] = {"lr_outside", "lr_inside", NULL};

static const struct hyper hypers[] = {
    ROW_LR(1e-2, 1e-3, HYPER_REQUIRED, 1e-3),
    ROW_RATE("rho", "alpha", NULL, "decay", "Decay rate of v, the mean of g².", 0.99, 0.9, 0.9,
             0.9),
    ROW_EPS("Added to v or its root, so that nothing is divided by 0.", 1e-8, 1e-7, 1e-8, 1e-8),
    ROW_CHOICE("eps_placement", eps_choices, NULL, "eps_in_sqrt",
               "outside: g/(sqrt(v) + eps); inside: g/sqrt(v + eps).", OUTSIDE, INSIDE, INSIDE,
               INSIDE),
    ROW_BOOL("centered", "Divide by the standard deviation of g in place of its root mean square.",
             0, 0, 0, 0),
    {.name = "momentum",
     .kind = HYPER_REAL,
     .min = 0,
     .max = 1,
     .doc = "Part of the last move that is kept; 0 keeps no buffer."},
    ROW_CHOICE("momentum_form", form_choices, NULL, NULL,
               "Whether lr multiplies the buffer (lr_outside: a change acts at once) or what goes "
               "into it (lr_inside: a change acts on new gradients only).",
               LR_OUTSIDE, LR_INSIDE, LR_INSIDE, LR_INSIDE),
    ROW_BOOL("nesterov", "Look ahead by one move of the momentum.", 0, 0, 0, 0),
    ROW_BOOL("bias_correction", "Whether v is freed of its start by 1 - rho^t.", 0, 0, 0, 0),
    {.name = "initial_scale",
     .kind = HYPER_REAL,
     .min = 0,
     .max = INFINITY,
     .doc = "What v is before the first step."},
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_L2, DECAY_DECOUPLED, DECAY_L2, DECAY_L2),
    ROW_MAXIMIZE,
    ROWS_END};

static size_t mean_count(const double *h, const struct tensor *x)
{
    return h[CENTERED] != 0 ? x->count : 0;
}

static size_t buffer_count(const double *h, const struct tensor *x)
{
    return h[MOMENTUM] != 0 ? x->count : 0;
}

static double v_start(const double *h)
{
    return h[INITIAL_SCALE];
}

static const struct slot slots[] = {
    {.name = "v",
     .doc = "Moving average v of the squared gradient.",
     .start = SLOT_VALUE,
     .value = v_start},
    {.name = "a", .doc = "Moving average a of the gradient (centered only).", .count = mean_count},
    {.name = "b", .doc = "Momentum buffer b (only with momentum).", .count = buffer_count},
    {.name = NULL}};

enum { SIGN, L2, KEEP, UNBIAS, EPS_INSIDE, EPS_OUTSIDE, GAIN, OF_B, OF_U };

static void prepare(struct optim_step *s)
{
    const double *h = s->h;
    bool lr_inside = h[MOMENTUM_FORM] == LR_INSIDE, nesterov = h[NESTEROV] != 0;
    s->c[SIGN] = h[MAXIMIZE] != 0 ? -1.0 : 1.0;
    s->c[L2] = decay_l2(h[WEIGHT_DECAY], h[WEIGHT_DECAY_MODE]);
    s->c[KEEP] = decay_keep(h[WEIGHT_DECAY], h[WEIGHT_DECAY_MODE], h[LR]);
    s->c[UNBIAS] = h[BIAS_CORRECTION] != 0 ? 1.0 / power_complement(h[RHO], s->t) : 1.0;
    s->c[EPS_INSIDE] = h[EPS_PLACEMENT] == INSIDE ? h[EPS] : 0.0;
    s->c[EPS_OUTSIDE] = h[EPS_PLACEMENT] == INSIDE ? 0.0 : h[EPS];
    s->c[GAIN] = lr_inside ? h[LR] : 1.0;
    s->c[OF_B] = (lr_inside ? 1.0 : h[LR]) * (nesterov ? h[MOMENTUM] : 1.0);
    s->c[OF_U] = nesterov ? h[LR] : 0.0;
}

/* What a step is made of, read once. */
struct numbers {
    double rho, rest, lr, mu, sign, l2, keep, unbias, inside, outside, gain, of_b, of_u;
};

static inline struct numbers numbers_of(const struct optim_step *s)
{
    return (struct numbers){.rho = s->h[RHO],
                            .rest = 1.0 - s->h[RHO],
                            .lr = s->h[LR],
                            .mu = s->h[MOMENTUM],
                            .sign = s->c[SIGN],
                            .l2 = s->c[L2],
                            .keep = s->c[KEEP],
                            .unbias = s->c[UNBIAS],
                            .inside = s->c[EPS_INSIDE],
                            .outside = s->c[EPS_OUTSIDE],
                            .gain = s->c[GAIN],
                            .of_b = s->c[OF_B],
                            .of_u = s->c[OF_U]};
}

/* One parameter; `a` and `b` are NULL or not, and has_l2 is known, wherever it is inlined. Returns
 * the new w. */
static inline __attribute__((always_inline)) double
one(const struct numbers *c, double w, double g, double *v, double *a, double *b, bool has_l2)
{
    double d = direction(g, c->sign, c->l2, has_l2, w);
    double x = c->rho * *v + c->rest * (d * d);
    *v = x;
    x *= c->unbias;
    if (a) {
        double mean = c->rho * *a + c->rest * d;
        *a = mean;
        mean *= c->unbias;
        x -= mean * mean;
    }
    double u = d / (sqrt(x + c->inside) + c->outside);
    if (!b)
        return c->keep * w - c->lr * u;
    double move = c->mu * *b + c->gain * u;
    *b = move;
    return c->keep * w - (c->of_b * move + c->of_u * u);
}

static inline __attribute__((always_inline)) void loop(const struct optim_step *s,
                                                       double *restrict w, const double *restrict g,
                                                       double *restrict v, double *restrict a,
                                                       double *restrict b, size_t n, bool has_l2)
{
    const struct numbers c = numbers_of(s);
    for (size_t i = 0; i < n; i++)
        w[i] = one(&c, w[i], g[i], &v[i], a ? &a[i] : NULL, b ? &b[i] : NULL, has_l2);
}

/* Without L2 decay the sign of g may go into lr, and g² serves the norm too. v is a mean of such
 * squares: it leaves the range only where their sum does, which the driver sees. */
static inline void fold_sign(struct numbers *c)
{
    c->lr *= c->sign;
    c->sign = 1.0;
}

static inline __attribute__((always_inline)) void
fused_loop(const struct numbers *numbers, double *restrict w, const double *restrict g,
           double *restrict v, size_t n, struct measure *restrict ret, bool has_l2)
{
    struct numbers c = *numbers;
    struct lanes x = {0};
    if (!has_l2)
        fold_sign(&c);
    FUSED_LOOP(i, k, 0, n, (FUSED_ASK(w, i), FUSED_ASK(g, i), FUSED_ASK(v, i)), {
        double was = w[i], now = one(&c, was, g[i], &v[i], NULL, NULL, has_l2);
        w[i] = now;
        ret->old[i] = was;
        if (has_l2)
            lanes_add_alarm(&x, k, g[i], now - was, v[i] * 0.0);
        else
            lanes_add(&x, k, g[i], now - was);
    });
    lanes_leave(&x, ret);
}

FUSED_APART fused_double(const struct numbers *c, double *restrict w, const double *restrict g,
                         double *restrict v, size_t n, struct measure *restrict ret)
{
    if (c->l2 != 0)
        fused_loop(c, w, g, v, n, ret, true);
    else
        fused_loop(c, w, g, v, n, ret, false);
}

/* What a step of the plain rule in float32 is made of. */
struct single {
    float rho, rest, lr, sign, l2, keep, unbias, inside, outside;
};

static inline struct single single_of(const struct numbers *c)
{
    return (struct single){.rho = (float)c->rho,
                           .rest = (float)c->rest,
                           .lr = (float)c->lr,
                           .sign = (float)c->sign,
                           .l2 = (float)c->l2,
                           .keep = (float)c->keep,
                           .unbias = (float)c->unbias,
                           .inside = (float)c->inside,
                           .outside = (float)c->outside};
}

static inline bool has_single(const struct numbers *c)
{
    return guards_single(fmax(c->inside, c->outside)) && in_single(c->lr) && in_single(c->l2) &&
           in_single(c->keep) && in_single(c->unbias);
}

static inline __attribute__((always_inline)) float one_single(const struct single *c, float w,
                                                              float g, float *v, bool has_l2)
{
    float d = has_l2 ? c->sign * g + c->l2 * w : g;
    *v = c->rho * *v + c->rest * (d * d);
    return c->keep * w - c->lr * (d / (sqrtf(*v * c->unbias + c->inside) + c->outside));
}

static inline __attribute__((always_inline)) void
single_loop(const struct numbers *numbers, float *restrict w, const float *restrict g,
            float *restrict v, size_t n, struct measure *restrict ret, bool has_l2)
{
    struct numbers folded = *numbers;
    if (!has_l2)
        fold_sign(&folded);
    const struct single c = single_of(&folded);
    struct lanes sums = {0};
    for (size_t at = 0; at < n; at += FUSED_STRIP) {
        struct lanes_single x = {0};
        size_t end = strip_end(at, n);
        FUSED_LOOP(i, k, at, end, (FUSED_ASK(w, i), FUSED_ASK(g, i), FUSED_ASK(v, i)), {
            float was = w[i], now = one_single(&c, was, g[i], &v[i], has_l2);
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

FUSED_APART fused_single(const struct numbers *c, float *restrict w, const float *restrict g,
                         float *restrict v, size_t n, struct measure *restrict ret)
{
    if (c->l2 != 0)
        single_loop(c, w, g, v, n, ret, true);
    else
        single_loop(c, w, g, v, n, ret, false);
}

/* The plain rule: neither centered nor with momentum. */
static bool fused(const struct optim_step *s, enum dtype dtype, void *restrict w,
                  const void *restrict g, void *const *slot, size_t n, struct measure *ret)
{
    const struct numbers c = numbers_of(s);
    bool single = dtype == DTYPE_FLOAT32;
    if (slot[1] || slot[2] || (single && !has_single(&c)))
        return false;
    if (single)
        fused_single(&c, w, g, slot[0], n, ret);
    else
        fused_double(&c, w, g, slot[0], n, ret);
    return true;
}

static inline __attribute__((always_inline)) void
variants(const struct optim_step *s, double *restrict w, const double *restrict g,
         double *const *slot, size_t n, bool has_l2)
{
    if (slot[1] && slot[2])
        loop(s, w, g, slot[0], slot[1], slot[2], n, has_l2);
    else if (slot[1])
        loop(s, w, g, slot[0], slot[1], NULL, n, has_l2);
    else if (slot[2])
        loop(s, w, g, slot[0], NULL, slot[2], n, has_l2);
    else
        loop(s, w, g, slot[0], NULL, NULL, n, has_l2);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    if (s->c[L2] != 0)
        variants(s, w, g, slot, n, true);
    else
        variants(s, w, g, slot, n, false);
    return ERR_OK;
}

const struct optim OPTIM(rmsprop) = {
    .name = "rmsprop",
    .title = "RMSprop",
    .formula = "v_t = \\rho\\, v_{t-1} + (1-\\rho)\\, g_t^2,\\quad "
               "w_t = w_{t-1} - \\eta\\,\\frac{g_t}{\\sqrt{v_t} + \\varepsilon}",
    .use_when = "The gradient's size changes over time or between coordinates: recurrent networks, "
                "reinforcement learning, non-stationary data. Mind eps_placement when you carry "
                "numbers over from another library: torch adds eps outside the root, keras and "
                "optax inside.",
    .pros = "Steps of like size in every coordinate from one number of state per parameter. Old "
            "gradients fade, so it never slows down for good as Adagrad does.",
    .cons = "v starts at 0 and is not corrected, so the first steps are large: 1/sqrt(1-rho) times "
            "lr. With a constant lr it keeps moving about the minimum.",
    .reference = "Tieleman & Hinton, Lecture 6.5: rmsprop, Coursera: Neural Networks for Machine "
                 "Learning, 2012; centered: Graves, Generating Sequences With Recurrent Neural "
                 "Networks, 2013, arXiv:1308.0850",
    .same_as = {"torch.optim.RMSprop", "keras.optimizers.RMSprop", "optax.rmsprop", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .fused = fused,
};
