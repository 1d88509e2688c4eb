/* Nonlinear conjugate gradients: each direction keeps part of the one before.
 *
 *   d = -g + beta·d_before,  y = g - g_before,  w = w + length·d
 *   fletcher_reeves   beta = g·g / g_before·g_before
 *   polak_ribiere     beta = max(0, g·y / g_before·g_before)      (PR+)
 *   hestenes_stiefel  beta = max(0, g·y / d_before·y)
 *   dai_yuan          beta = g·g / d_before·y
 *
 * beta is 0 at the first step, every `restart` steps, where its denominator is 0, and where d would
 * not descend. As in lbfgs one step is one evaluation and the parameters are where the next one is
 * wanted (math/line_search.h). strong_wolfe wants |slope| below `curvature` of that at the start;
 * its first length is min(1, 1/Σ|g|)·lr at the first move and after a search that did not move,
 * else that of the move before times the quotient of slopes, at most 10 (Nocedal & Wright,
 * section 3.5, where it has no bound). With line_search none every length is lr. Where the largest
 * |g| is at most tolerance_grad the step leaves w as it is. */
#include "math/explain.h"
#include "math/line_search.h"
#include "math/rows.h"

enum { LR, BETA, LINE_SEARCH, CURVATURE, LIMIT, RESTART, TOLERANCE_GRAD };
enum { FLETCHER_REEVES, POLAK_RIBIERE, HESTENES_STIEFEL, DAI_YUAN };
enum { SEARCH_NONE, SEARCH_WOLFE };
static const char *const beta_choices[] = {"fletcher_reeves", "polak_ribiere", "hestenes_stiefel",
                                           "dai_yuan", NULL};
static const char *const search_choices[] = {"none", "strong_wolfe", NULL};

static const struct hyper hypers[] = {
    ROW_LR(1, 1, 1, 1),
    ROW_CHOICE("beta", beta_choices, NULL, NULL,
               "How much of the last direction goes on; polak_ribiere and hestenes_stiefel are cut "
               "at 0.",
               POLAK_RIBIERE, POLAK_RIBIERE, POLAK_RIBIERE, POLAK_RIBIERE),
    ROW_CHOICE("line_search", search_choices, NULL, NULL,
               "none: always a step of lr; strong_wolfe: a search that asks for loss and gradient "
               "at the parameters it answers.",
               SEARCH_WOLFE, SEARCH_WOLFE, SEARCH_WOLFE, SEARCH_WOLFE),
    {.name = "curvature",
     .kind = HYPER_REAL,
     .value = {0.1, 0.1, 0.1, 0.1},
     .min = 1e-4,
     .min_open = true,
     .max = 1,
     .max_open = true,
     .doc = "A search ends where the slope is at most this part of the first one."},
    {.name = "max_line_search",
     .kind = HYPER_INTEGER,
     .value = {25, 25, 25, 25},
     .min = 1,
     .max = 1e9,
     .doc = "Evaluations that a line search makes after its first one."},
    {.name = "restart",
     .kind = HYPER_INTEGER,
     .min = 0,
     .max = 1e9,
     .doc = "Moves after which the direction starts anew from the gradient; 0: never."},
    {.name = "tolerance_grad",
     .kind = HYPER_REAL,
     .value = {1e-7, 1e-7, 1e-7, 1e-7},
     .min = 0,
     .max = INFINITY,
     .doc = "Parameters stay where no number of the gradient is larger."},
    ROWS_END};

static size_t searched(const double *h, const struct tensor *x)
{
    return h[LINE_SEARCH] == SEARCH_WOLFE ? x->count : 0;
}

static const struct slot slots[] = {LINE_SLOTS(searched), {.name = NULL}};

enum { MOVES = LINE_SCALARS_COUNT, WEIGHT };
static const struct scalar scalars[] = {
    LINE_SCALARS,
    {.name = "moves", .doc = "Moves since the direction was the gradient."},
    {.name = "beta", .doc = "Part of the direction before that the last one kept."},
    {.name = NULL}};

static const struct readout readouts[] = {LINE_READOUTS};

static unsigned needs_at(const double *h, uint64_t t)
{
    (void)t;
    return NEED_GRADIENT | (h[LINE_SEARCH] == SEARCH_WOLFE ? NEED_LOSS : 0);
}

static double quotient(double above, double below)
{
    return below != 0 ? above / below : 0;
}

/* `y` has room for n numbers. */
static double beta_of(const struct optim_step *s, const double *g, const double *before,
                      const double *d, double *y, size_t n)
{
    for (size_t i = 0; i < n; i++)
        y[i] = g[i] - before[i];
    switch ((int)s->h[BETA]) {
    case FLETCHER_REEVES:
        return quotient(reduce_squares(g, n), reduce_squares(before, n));
    case POLAK_RIBIERE:
        return fmax(0, quotient(reduce_dot(g, y, n), reduce_squares(before, n)));
    case HESTENES_STIEFEL:
        return fmax(0, quotient(reduce_dot(g, y, n), reduce_dot(d, y, n)));
    default:
        return quotient(reduce_squares(g, n), reduce_dot(d, y, n));
    }
}

/* Renews d from the gradient at the iterate and returns the slope along it. */
static double renew(struct optim_step *s, const double *g, double *const *slot, double *y, size_t n)
{
    double *d = slot[LINE_D], *before = slot[LINE_G], slope = 0, *x = s->scalar;
    bool fresh = x[LINE_STARTED] == 0 || (s->h[RESTART] != 0 && x[MOVES] >= s->h[RESTART]) ||
                 (slot[LINE_BASE] && x[LINE_LENGTH] == 0);
    double beta = fresh ? 0 : beta_of(s, g, before, d, y, n);
    for (size_t i = 0; i < n; i++)
        y[i] = -g[i] + (beta != 0 ? beta * d[i] : 0);
    slope = reduce_dot(g, y, n);
    if (!(slope < 0)) {
        beta = 0;
        slope = -reduce_squares(g, n);
        for (size_t i = 0; i < n; i++)
            y[i] = -g[i];
    }
    memcpy(d, y, n * sizeof *d);
    memcpy(before, g, n * sizeof *g);
    x[WEIGHT] = beta;
    x[MOVES] = beta != 0 ? x[MOVES] + 1 : 1;
    return slope;
}

static double first_length(const struct optim_step *s, double *const *slot, const double *g,
                           double slope, size_t n)
{
    const double *x = s->scalar;
    if (!slot[LINE_BASE])
        return s->h[LR];
    if (x[LINE_STARTED] == 0 || x[LINE_LENGTH] == 0)
        return line_first(s->h[LR], g, n);
    return x[LINE_LENGTH] * fmin(10.0, x[LINE_SLOPE] / slope);
}

/* Makes a step but for the last addition: w = w + length·d follows where this is true. Then w is
 * where the move begins. `y` has room for n numbers. */
static bool advance(struct optim_step *s, double *w, double *g, double *const *slot, double *y,
                    size_t n)
{
    double loss = s->loss;
    if (!line_tell(s, slot, s->h[CURVATURE], s->h[LIMIT], &loss, w, g, n))
        return true;
    if (slot[LINE_BASE])
        memcpy(slot[LINE_BASE], w, n * sizeof *w);
    if (line_largest(g, n) <= s->h[TOLERANCE_GRAD])
        return false;
    double slope = renew(s, g, slot, y, n);
    s->scalar[LINE_LENGTH] = first_length(s, slot, g, slope, n);
    s->scalar[LINE_STARTED] = 1;
    line_begin(s, slot, loss, slope, w, g, n);
    return true;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    if (slot[LINE_BASE] && isnan(s->loss))
        return err_add(err, ERR_NEEDS, "#/loss",
                       "conjugate_gradient with line_search strong_wolfe needs loss");
    double *y = arena_alloc(s->scratch, n * sizeof *y);
    if (!y)
        return err_add(err, ERR_MEMORY, "", "no memory for a step of %zu parameters", n);
    bool moves = advance(s, w, g, slot, y, n);
    if (moves)
        line_move(s, slot, w, n);
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *step, const double *w,
                    const double *g, double *const *slot, size_t n, size_t i)
{
    struct optim_step s = *step;
    double *at = explain_copy(x, w, n), *now = explain_copy(x, g, n), *y = explain_copy(x, g, n);
    if (!at || !now || !y)
        return;
    bool searching = line_is_trial(&s), moves = advance(&s, at, now, slot, y, n);
    if (!moves) {
        line_explain_arrived(x, at[i], now, n);
        return;
    }
    double beta = explain_line(x, "β", "\\beta_t", s.scalar[WEIGHT], "{}", s.scalar[WEIGHT]);
    double d = explain_line(x, "d", "d_t = -g_t + \\beta_t d_{t-1}", slot[LINE_D][i], "{}",
                            slot[LINE_D][i]);
    double length = s.scalar[LINE_LENGTH];
    explain_line(x, "α", "\\alpha_t", length, "{}", length);
    explain_line(x, "w", "w_t = w + \\alpha_t d_t", at[i] + length * d, "{} + {}·{}", at[i], length,
                 d);
    if (searching && s.scalar[LINE_TRIED] > 0)
        line_explain_search(x, length);
    else
        explain_say(x, "A new direction, with {} of the last one, and {} times it.", beta, length);
}

const struct optim OPTIM(conjugate_gradient) = {
    .name = "conjugate_gradient",
    .title = "Nonlinear conjugate gradients",
    .formula = "d_t = -g_t + \\beta_t d_{t-1},\\quad w_t = w_{t-1} + \\alpha_t d_t,\\quad "
               "\\beta_t^{PR+} = \\max\\Big(0, \\frac{g_t^\\top (g_t - g_{t-1})}"
               "{g_{t-1}^\\top g_{t-1}}\\Big)",
    .use_when = "Smooth losses with exact gradients and so many parameters that the pairs of "
                "L-BFGS are too large: every step sends loss and gradient at the parameters "
                "answered last.",
    .pros = "On a quadratic loss of n parameters it arrives after n searches; two vectors of "
            "state, five with the line search; no rate to tune.",
    .cons = "Lives on its line search: without one, or with mini-batches, it is momentum with a "
            "nervous coefficient. Mostly slower than L-BFGS.",
    .reference = "Fletcher & Reeves 1964; Polak & Ribiere 1969; Gilbert & Nocedal 1992 (PR+); "
                 "Nocedal & Wright, Numerical Optimization, 2nd edition, 2006, section 5.2",
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .readouts = readouts,
    .needs = NEED_GRADIENT | NEED_LOSS,
    .needs_at = needs_at,
    .scope = OPTIM_WHOLE,
    .undivided = true,
    .lr = LR,
    .kernel = kernel,
    .explain = explain,
};
