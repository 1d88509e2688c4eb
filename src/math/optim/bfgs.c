/* BFGS: the inverse Hessian H, learnt from moves s and changes y of the gradient.
 *
 *   s = w - w_before, y = g - g_before
 *   where y·s > 1e-10   H = (I - s·yᵀ/y·s)·H·(I - y·sᵀ/y·s) + s·sᵀ/y·s
 *   d = -H·g, w = w + length·d        length lr; at the first step min(1, 1/Σ|g|)·lr
 *
 * H is the identity at first; with scale_initial it becomes (y·s / y·y)·I just before it is changed
 * for the first time (Nocedal & Wright, equation 6.20; scipy's BFGS does not scale). As in lbfgs
 * one step is one evaluation and the parameters are where the next one is wanted
 * (math/line_search.h). Where the largest |g| is at most tolerance_grad, or d does not descend, the
 * step leaves w as it is. H has n² numbers, so that n is at most 2,048. */
#include "math/explain.h"
#include "math/line_search.h"
#include "math/rows.h"

enum { LR, LINE_SEARCH, CURVATURE, LIMIT, SCALE_INITIAL, TOLERANCE_GRAD };
enum { SEARCH_NONE, SEARCH_WOLFE };
enum { LARGEST_N = 2048 };
static const char *const search_choices[] = {"none", "strong_wolfe", NULL};

static const struct hyper hypers[] = {
    ROW_LR(1, 1, 1, 1),
    ROW_CHOICE("line_search", search_choices, NULL, NULL,
               "none: always a step of lr; strong_wolfe: a search that starts at lr and asks for "
               "loss and gradient at the parameters it answers.",
               SEARCH_WOLFE, SEARCH_WOLFE, SEARCH_WOLFE, SEARCH_WOLFE),
    {.name = "curvature",
     .kind = HYPER_REAL,
     .value = {0.9, 0.9, 0.9, 0.9},
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
    ROW_BOOL("scale_initial", "Scale H by the curvature of the first move, before it is changed.",
             1, 1, 1, 1),
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

/* Of all tensors together n². */
static size_t squares(const double *h, const struct tensor *x)
{
    (void)h;
    return x->count * (2 * x->offset + x->count);
}

enum { H = LINE_SLOTS_COUNT };
static const struct slot slots[] = {
    LINE_SLOTS(searched),
    {.name = "h", .doc = "Inverse Hessian H of all parameters, row by row.", .count = squares},
    {.name = NULL}};

enum { UPDATES = LINE_SCALARS_COUNT };
static const struct scalar scalars[] = {
    LINE_SCALARS, {.name = "updates", .doc = "Changes of H."}, {.name = NULL}};

static const struct readout readouts[] = {LINE_READOUTS};

static unsigned needs_at(const double *h, uint64_t t)
{
    (void)t;
    return NEED_GRADIENT | (h[LINE_SEARCH] == SEARCH_WOLFE ? NEED_LOSS : 0);
}

static enum err_code takes(const double *h, const struct tensor *tensors, int tensor_count,
                           const char *pointer, struct err *err)
{
    (void)h;
    size_t n = 0;
    for (int k = 0; k < tensor_count; k++)
        n += tensors[k].count;
    return n <= LARGEST_N ? ERR_OK
                          : err_add(err, ERR_VALIDATION, pointer,
                                    "bfgs keeps n² numbers and takes at most %d parameters, given "
                                    "%zu: use lbfgs",
                                    LARGEST_N, n);
}

static void identity(double *matrix, double scale, size_t n)
{
    memset(matrix, 0, n * n * sizeof *matrix);
    for (size_t i = 0; i < n; i++)
        matrix[i * n + i] = scale;
}

/* The change of H by the move `s` and `y`, for which `hy` has room. */
static void learn(struct optim_step *step, double *matrix, const double *s, const double *y,
                  double *hy, size_t n)
{
    double ys = reduce_dot(y, s, n);
    if (!(ys > 1e-10))
        return;
    if (step->scalar[UPDATES] == 0 && step->h[SCALE_INITIAL] != 0)
        identity(matrix, ys / reduce_squares(y, n), n);
    for (size_t i = 0; i < n; i++)
        hy[i] = reduce_dot(matrix + i * n, y, n);
    double part = (1.0 + reduce_dot(y, hy, n) / ys) / ys;
    for (size_t i = 0; i < n; i++) {
        double a = part * s[i] - hy[i] / ys, b = s[i] / ys;
        for (size_t j = 0; j < n; j++)
            matrix[i * n + j] += a * s[j] - b * hy[j];
    }
    step->scalar[UPDATES]++;
}

/* Renews H and d from the gradient at the iterate. `room` holds 3·n numbers. */
static void renew(struct optim_step *s, const double *g, double *const *slot, double *room,
                  size_t n)
{
    double *y = room, *move = room + n, *d = slot[LINE_D];
    bool first = s->scalar[LINE_STARTED] == 0;
    for (size_t i = 0; i < n; i++) {
        y[i] = g[i] - slot[LINE_G][i];
        move[i] = d[i] * s->scalar[LINE_LENGTH];
    }
    if (first)
        identity(slot[H], 1.0, n);
    else
        learn(s, slot[H], move, y, move + n, n);
    for (size_t i = 0; i < n; i++)
        d[i] = -reduce_dot(slot[H] + i * n, g, n);
    memcpy(slot[LINE_G], g, n * sizeof *g);
    s->scalar[LINE_LENGTH] = first ? line_first(s->h[LR], g, n) : s->h[LR];
    s->scalar[LINE_STARTED] = 1;
}

/* Makes a step but for the last addition: w = w + length·d follows where this is true. Then w is
 * where the move begins. */
static bool advance(struct optim_step *s, double *w, double *g, double *const *slot, double *room,
                    size_t n)
{
    double loss = s->loss;
    if (!line_tell(s, slot, s->h[CURVATURE], s->h[LIMIT], &loss, w, g, n))
        return true;
    if (slot[LINE_BASE])
        memcpy(slot[LINE_BASE], w, n * sizeof *w);
    if (line_largest(g, n) <= s->h[TOLERANCE_GRAD])
        return false;
    renew(s, g, slot, room, n);
    double slope = reduce_dot(g, slot[LINE_D], n);
    if (!(slope < 0))
        return false;
    line_begin(s, slot, loss, slope, w, g, n);
    return true;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    if (slot[LINE_BASE] && isnan(s->loss))
        return err_add(err, ERR_NEEDS, "#/loss", "bfgs with line_search strong_wolfe needs loss");
    double *room = arena_alloc(s->scratch, 3 * n * sizeof *room);
    if (!room)
        return err_add(err, ERR_MEMORY, "", "no memory for a step of %zu parameters", n);
    bool moves = advance(s, w, g, slot, room, n);
    if (moves)
        line_move(s, slot, w, n);
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *step, const double *w,
                    const double *g, double *const *slot, size_t n, size_t i)
{
    struct optim_step s = *step;
    double *at = explain_copy(x, w, n), *now = explain_copy(x, g, n);
    double *room = arena_zalloc(x->arena, 3 * n, sizeof *room);
    if (!at || !now || !room)
        return;
    bool searching = line_is_trial(&s), moves = advance(&s, at, now, slot, room, n);
    if (!moves) {
        line_explain_arrived(x, at[i], now, n);
        return;
    }
    double length = s.scalar[LINE_LENGTH];
    double d = explain_line(x, "d", "d_t = -H_t g_t", slot[LINE_D][i], "{}", slot[LINE_D][i]);
    explain_line(x, "α", "\\alpha_t", length, "{}", length);
    explain_line(x, "w", "w_t = w + \\alpha_t d_t", at[i] + length * d, "{} + {}·{}", at[i], length,
                 d);
    if (searching && s.scalar[LINE_TRIED] > 0)
        line_explain_search(x, length);
    else
        explain_say(x, "A new direction, by an H that has learnt from {} moves; {} times it.",
                    s.scalar[UPDATES], length);
}

const struct optim OPTIM(bfgs) = {
    .name = "bfgs",
    .title = "BFGS",
    .formula = "d_t = -H_t g_t,\\quad w_t = w_{t-1} + \\alpha_t d_t,\\quad "
               "H_{t+1} = (I - \\rho s y^\\top) H_t (I - \\rho y s^\\top) + \\rho s s^\\top,\\quad "
               "\\rho = \\frac{1}{y^\\top s}",
    .use_when = "Smooth losses of few parameters with exact gradients: maximum likelihood, curve "
                "fitting, calibration. Every step sends loss and gradient at the parameters "
                "answered last.",
    .pros = "Converges superlinearly from gradients alone, and remembers every move; nothing to "
            "tune.",
    .cons = "n² numbers of state. Mini-batches spoil H. Some steps are trial points of the line "
            "search, whose loss is higher than before.",
    .reference = "Broyden, Fletcher, Goldfarb, Shanno 1970; Nocedal & Wright, Numerical "
                 "Optimization, 2nd edition, 2006, chapter 6",
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .readouts = readouts,
    .needs = NEED_GRADIENT | NEED_LOSS,
    .needs_at = needs_at,
    .scope = OPTIM_WHOLE,
    .undivided = true,
    .lr = LR,
    .takes = takes,
    .kernel = kernel,
    .explain = explain,
};
