/* LARS: momentum with a step size of its own for each tensor.
 *
 *   d = ±g + wd·w
 *   λ = trust·‖w‖ / (‖d‖ + eps)            norm_of_sum (optax)
 *   λ = trust·‖w‖ / (‖g‖ + wd·‖w‖ + eps)   sum_of_norms (the paper)
 *   b = mu·b + lr·λ·d;  w -= b             nesterov (optax): w -= mu·b + lr·λ·d
 *
 * λ is 1 where ‖w‖ or the divisor is 0, and without trust_ratio: what biases and the parameters of
 * norms want, as a group of their own (optax: trust_ratio_mask, weight_decay_mask). lr is inside
 * the buffer: after a change of lr the speed that is there stays. */
#include "math/explain.h"
#include "math/kernel.h"
#include "math/optim.h"
#include "math/reduce.h"
#include "math/rows.h"
#include "math/trust.h"

enum { LR, MOMENTUM, NESTEROV, TRUST, TRUST_RATIO, DIVISOR, EPS, WEIGHT_DECAY, MAXIMIZE };
enum { NORM_OF_SUM, SUM_OF_NORMS };
static const char *const divisor_choices[] = {"norm_of_sum", "sum_of_norms", NULL};

static const struct hyper hypers[] = {
    ROW_LR(1, 1, HYPER_REQUIRED, 1),
    {.name = "momentum",
     .kind = HYPER_REAL,
     .value = {0.9, 0.9, 0.9, 0.9},
     .min = 0,
     .max = 1,
     .doc = "Part of the last move that is kept; 0 keeps no buffer."},
    ROW_BOOL("nesterov", "Look ahead by one move of the momentum.", 0, 0, 0, 0),
    {.name = "trust_coefficient",
     .kind = HYPER_REAL,
     .value = {1e-3, 1e-3, 1e-3, 1e-3},
     .min = 0,
     .max = INFINITY,
     .doc = "By what part of its size a tensor may change at a step of lr 1."},
    {.name = "trust_ratio",
     .kind = HYPER_BOOL,
     .value = {1, 1, 1, 1},
     .alias = {NULL, NULL, "trust_ratio_mask", NULL},
     .max = 1,
     .doc = "Whether the step size is in proportion to the tensor; if not, it is lr."},
    ROW_CHOICE("divisor", divisor_choices, NULL, NULL,
               "What the size of a tensor is divided by: the norm of gradient and decay together "
               "(norm_of_sum), or their two norms (sum_of_norms).",
               SUM_OF_NORMS, SUM_OF_NORMS, NORM_OF_SUM, SUM_OF_NORMS),
    ROW_EPS("Added to what is divided by.", 0, 0, 0, 0),
    ROW_WEIGHT_DECAY(5e-4, 5e-4, 0, 5e-4),
    ROW_MAXIMIZE,
    ROWS_END};

static size_t buffer_count(const double *h, const struct tensor *x)
{
    return h[MOMENTUM] != 0 ? x->count : 0;
}

static const struct slot slots[] = {
    {.name = "b", .doc = "Momentum buffer b (only with momentum).", .count = buffer_count},
    {.name = NULL}};

struct local {
    double size, divisor, rate; /* ‖w‖, ‖d‖ or ‖g‖ + wd·‖w‖, λ */
};

/* Puts d in the place of g. */
static struct local localize(const struct optim_step *s, const double *w, double *g, size_t n)
{
    const double sign = s->h[MAXIMIZE] != 0 ? -1.0 : 1.0, l2 = s->h[WEIGHT_DECAY];
    struct local x = {.size = sqrt(reduce_squares(w, n))};
    double gradient = sqrt(reduce_squares(g, n));
    for (size_t i = 0; i < n; i++)
        g[i] = direction(g[i], sign, l2, l2 != 0, w[i]);
    x.divisor = s->h[DIVISOR] == NORM_OF_SUM ? sqrt(reduce_squares(g, n)) : gradient + l2 * x.size;
    x.rate = s->h[TRUST_RATIO] == 0 ? 1.0 : trust_ratio(x.size, x.divisor, s->h[TRUST], s->h[EPS]);
    return x;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    struct descent c = {.sign = 1.0, .keep = 1.0, .mu = s->h[MOMENTUM]};
    c.lr = c.gain = s->h[LR] * localize(s, w, g, n).rate;
    c.of_b = s->h[NESTEROV] != 0 ? c.mu : 1.0;
    c.of_g = s->h[NESTEROV] != 0 ? c.gain : 0.0;
    if (slot[0])
        descend_momentum(w, g, slot[0], n, c);
    else
        descend(w, g, n, c);
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    double *d = explain_copy(x, g, n);
    if (!d)
        return;
    struct local l = localize(s, w, d, n);
    const double gain = s->h[LR] * l.rate, mu = s->h[MOMENTUM];
    explain_line(x, "d", "d_t = g_t + \\lambda w_{t-1}", d[i], "{} + {}·{}", g[i],
                 s->h[WEIGHT_DECAY], w[i]);
    if (s->h[TRUST_RATIO] == 0)
        explain_line(x, "λ", "\\lambda_t = 1", l.rate, "{}", l.rate);
    else
        explain_line(x, "λ",
                     "\\lambda_t = \\tau\\,\\frac{\\lVert w_{t-1}\\rVert}{\\lVert d_t\\rVert}",
                     l.rate, "{}·{} / ({} + {})", s->h[TRUST], l.size, l.divisor, s->h[EPS]);
    double b = mu * (slot[0] ? slot[0][i] : 0.0) + gain * d[i];
    if (slot[0])
        explain_line(x, "b", "b_t = \\mu b_{t-1} + \\eta\\lambda_t d_t", b, "{}·{} + {}·{}", mu,
                     slot[0][i], gain, d[i]);
    if (slot[0] && s->h[NESTEROV] != 0)
        explain_line(x, "w", "w_t = w_{t-1} - (\\mu b_t + \\eta\\lambda_t d_t)",
                     w[i] - (mu * b + gain * d[i]), "{} - ({}·{} + {}·{})", w[i], mu, b, gain,
                     d[i]);
    else
        explain_line(x, "w", "w_t = w_{t-1} - b_t", w[i] - (slot[0] ? b : gain * d[i]), "{} - {}",
                     w[i], slot[0] ? b : gain * d[i]);
    explain_say(x,
                "The tensor has size {} and its gradient {}: this tensor's own step size "
                "is {}.",
                l.size, l.divisor, gain);
}

const struct optim OPTIM(lars) = {
    .name = "lars",
    .title = "LARS (layer-wise adaptive rate scaling)",
    .formula = "\\lambda_t = \\tau\\,\\frac{\\lVert w_{t-1}\\rVert}{\\lVert g_t + \\beta "
               "w_{t-1}\\rVert},\\quad b_t = \\mu b_{t-1} + \\eta\\,\\lambda_t\\,(g_t + \\beta "
               "w_{t-1}),\\quad w_t = w_{t-1} - b_t \\quad\\text{(per tensor)}",
    .use_when = "Image networks with batches of thousands of samples, where SGD with momentum "
                "would be used with small ones.",
    .pros = "Each tensor changes by the same part of its size, whatever its gradient: large lr "
            "without divergence. One number of state per parameter.",
    .cons = "lr still wants warm-up and tuning. Biases and norm parameters are usually left to "
            "plain SGD. A tensor that is 0 takes a step of all of lr. For transformers LAMB is "
            "the better one.",
    .reference = "You, Gitman & Ginsburg, Large Batch Training of Convolutional Networks, 2017, "
                 "arXiv:1708.03888, algorithm 1",
    .same_as = {NULL, NULL, "optax.lars", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_TENSOR,
    .lr = LR,
    .kernel = kernel,
    .explain = explain,
};
