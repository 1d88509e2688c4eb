/* SM3 (Anil et al. 2019): Adagrad that keeps, of a matrix, only the maximum of each row and column.
 *
 *   v = min over the axes of their maxima + d²          of a vector: its own sum, as Adagrad
 *   m = b·m + (1-b)·d/√(v + eps), 0 where v is 0        w = keep·w - lr·m
 *   the maximum of each row, column, …: the largest v in it
 *
 * v never falls below Adagrad's sum, and is as close to it as the maxima allow. */
#include "math/moments.h"

enum { LR, MOMENTUM, EPS, WEIGHT_DECAY, WEIGHT_DECAY_MODE, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(0.1, 0.1, HYPER_REQUIRED, 0.1),
    ROW_RATE("momentum", NULL, NULL, NULL, "Decay rate of m, the mean of the scaled gradient.", 0.9,
             0.9, 0.9, 0.9),
    ROW_EPS("Added to v under its root.", 1e-8, 1e-8, 1e-8, 1e-8),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED),
    ROW_MAXIMIZE,
    ROWS_END};

/* One number for each row, column and so on; a number has one axis of one. */
static size_t maxima(const double *h, const struct tensor *x)
{
    size_t count = x->rank == 0;
    (void)h;
    for (int a = 0; a < x->rank; a++)
        count += (size_t)x->shape[a];
    return count;
}

static const struct slot slots[] = {
    {.name = "maxima", .doc = "Largest v of each row, column and so on.", .count = maxima},
    {.name = "m", .doc = "Moving average m of the scaled gradient."},
    {.name = NULL}};

static void prepare(struct optim_step *s)
{
    moment_prepare(s, s->h[LR], WEIGHT_DECAY);
}

/* Where the maxima of number i lie: ret[a] for axis a. Returns how many axes there are. */
static int places(const struct tensor *x, size_t i, size_t *ret)
{
    size_t from = 0;
    ret[0] = 0; /* a number */
    for (int a = x->rank - 1; a >= 0; a--) {
        ret[a] = i % (size_t)x->shape[a];
        i /= (size_t)x->shape[a];
    }
    for (int a = 0; a < x->rank; a++) {
        ret[a] += from;
        from += (size_t)x->shape[a];
    }
    return x->rank > 0 ? x->rank : 1;
}

/* v before this gradient: the least of the maxima that number i lies under. */
static double bound(const struct tensor *x, const double *kept, size_t i)
{
    size_t at[TENSOR_RANK];
    int axes = places(x, i, at);
    double least = kept[at[0]];
    for (int a = 1; a < axes; a++)
        least = kept[at[a]] < least ? kept[at[a]] : least;
    return least;
}

static double scaled(double d, double v, double eps)
{
    return v > 0 ? d / sqrt(v + eps) : 0.0;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], keep = s->c[MOMENT_KEEP];
    const double b = s->h[MOMENTUM], rest = 1.0 - b, lr = s->h[LR], eps = s->h[EPS];
    size_t count = maxima(s->h, s->tensor), at[TENSOR_RANK];
    double *kept = slot[0], *m = slot[1], *next = arena_zalloc(s->scratch, count, sizeof *next);
    if (!next)
        return err_add(err, ERR_MEMORY, "", "no memory for a step of %zu parameters", n);
    for (size_t i = 0; i < n; i++) {
        double d = direction(g[i], sign, l2, l2 != 0, w[i]);
        double v = d * d + bound(s->tensor, kept, i);
        int axes = places(s->tensor, i, at);
        for (int a = 0; a < axes; a++)
            next[at[a]] = v > next[at[a]] ? v : next[at[a]];
        m[i] = b * m[i] + rest * scaled(d, v, eps);
        w[i] = keep * w[i] - lr * m[i];
    }
    for (size_t k = 0; k < count; k++)
        kept[k] = next[k];
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double b = s->h[MOMENTUM], rest = 1.0 - b, eps = s->h[EPS], lr = s->h[LR];
    double d = explain_direction(x, s, g[i], w[i]), least = bound(s->tensor, slot[0], i);
    double v =
        explain_line(x, "v", "v_t = \\min_a \\mu_a + g_t^2", d * d + least, "{} + {}²", least, d);
    double u = explain_line(x, "u", "u_t = g_t/\\sqrt{v_t + \\varepsilon}", scaled(d, v, eps),
                            "{} / √({} + {})", d, v, eps);
    double mean = explain_line(x, "m", "m_t = \\beta m_{t-1} + (1-\\beta) u_t",
                               b * slot[1][i] + rest * u, "{}·{} + {}·{}", b, slot[1][i], rest, u);
    explain_move(x, s, w[i], lr * mean);
    explain_say(x,
                "The rows and columns that this number lies in say that its squares add up to {} "
                "at most; that sets its step.",
                v);
}

const struct optim OPTIM(sm3) = {
    .name = "sm3",
    .title = "SM3 (minima of sums of maxima)",
    .formula = "v_t = \\min_a \\mu_{t-1,a} + g_t^2,\\quad m_t = \\beta m_{t-1} + "
               "(1-\\beta)\\frac{g_t}{\\sqrt{v_t + \\varepsilon}},\\quad w_t = w_{t-1} - \\eta "
               "m_t,\\quad \\mu_{t,a} = \\max v_t",
    .use_when =
        "Adagrad's steps for very large matrices, embeddings above all, where its memory is "
        "too much.",
    .pros =
        "Second-moment memory of rows plus columns instead of rows times columns. No decay rate "
        "to tune.",
    .cons =
        "As with Adagrad, steps only ever shrink. The bound is loose where a row mixes busy and "
        "quiet coordinates.",
    .reference =
        "Anil, Gupta, Koren & Singer, Memory-Efficient Adaptive Optimization, NeurIPS 2019, "
        "arXiv:1901.11150",
    .same_as = {NULL, NULL, "optax.sm3", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_TENSOR,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
