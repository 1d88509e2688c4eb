/* L-BFGS: the direction of BFGS from the last `history_size` moves s and changes y of the gradient.
 *
 *   s = w - w_before, y = g - g_before          kept where y·s > 1e-10
 *   d = -H·g by the two loops over the pairs, from H = (y·s / y·y)·I of the newest
 *   w = w + length·d        length lr; at the first step min(1, 1/Σ|g|)·lr
 *
 * One step is one evaluation, and the parameters are always the point at which the optimizer wants
 * loss and gradient next. With line_search none that is the next iterate. With strong_wolfe
 * (math/line_search.h) it may be a trial point of a search that runs over several steps; the
 * readout `accepted` is the last point that a search has ended at. A session so goes through the
 * same points as the closure of torch.optim.LBFGS, whose max_iter and max_eval only say how many of
 * them one call makes; torch evaluates an accepted point again at the start of each call, stepd
 * does not. torch has its search end after max_eval - 1 evaluations: here that is max_line_search.
 *
 * Where the largest |g| is at most tolerance_grad, or d does not descend by more than
 * tolerance_change, the step leaves w as it is: it has arrived. */
#include "math/explain.h"
#include "math/line_search.h"
#include "math/rows.h"

enum { LR, HISTORY, LINE_SEARCH, TOLERANCE_GRAD, TOLERANCE_CHANGE, LIMIT };
enum { SEARCH_NONE, SEARCH_WOLFE };
/* Part of the first slope at which a search ends. */
#define CURVATURE 0.9

static const char *const search_choices[] = {"none", "strong_wolfe", NULL};

static const struct hyper hypers[] = {
    ROW_LR(1, 1, 1, 1),
    {.name = "history_size",
     .kind = HYPER_INTEGER,
     .value = {100, 10, 10, 10},
     .min = 1,
     .max = 1000,
     .doc = "Pairs of moves and gradient changes that are kept."},
    ROW_CHOICE("line_search", search_choices, "line_search_fn", NULL,
               "none: always a step of lr; strong_wolfe: a search that starts at lr and asks for "
               "loss and gradient at the parameters it answers.",
               SEARCH_NONE, SEARCH_WOLFE, SEARCH_WOLFE, SEARCH_WOLFE),
    {.name = "tolerance_grad",
     .kind = HYPER_REAL,
     .value = {1e-7, 1e-7, 1e-7, 1e-7},
     .min = 0,
     .max = INFINITY,
     .doc = "Parameters stay where no number of the gradient is larger."},
    {.name = "tolerance_change",
     .kind = HYPER_REAL,
     .value = {1e-9, 1e-9, 1e-9, 1e-9},
     .min = 0,
     .max = INFINITY,
     .doc = "Parameters stay where the direction does not descend by more than this."},
    {.name = "max_line_search",
     .kind = HYPER_INTEGER,
     .value = {25, 25, 25, 25},
     .min = 1,
     .max = 1e9,
     .doc = "Evaluations that a line search makes after its first one."},
    ROWS_END};

static size_t searched(const double *h, const struct tensor *x)
{
    return h[LINE_SEARCH] == SEARCH_WOLFE ? x->count : 0;
}

static size_t history(const double *h, const struct tensor *x)
{
    return (size_t)h[HISTORY] * x->count;
}

enum { S = LINE_SLOTS_COUNT, Y };
static const struct slot slots[] = {
    LINE_SLOTS(searched),
    {.name = "s", .doc = "Moves s, one row each, in a ring.", .count = history},
    {.name = "y", .doc = "Changes y of the gradient, a row for each move.", .count = history},
    {.name = NULL}};

enum { PAIRS = LINE_SCALARS_COUNT, OLDEST };
static const struct scalar scalars[] = {LINE_SCALARS,
                                        {.name = "pairs", .doc = "Pairs that are kept."},
                                        {.name = "oldest", .doc = "Row of the oldest pair."},
                                        {.name = NULL}};

static const struct readout readouts[] = {LINE_READOUTS};

static unsigned needs_at(const double *h, uint64_t t)
{
    (void)t;
    return NEED_GRADIENT | (h[LINE_SEARCH] == SEARCH_WOLFE ? NEED_LOSS : 0);
}

/* ---- the pairs --------------------------------------------------------------------------------
 * Each tensor has its rows together: row r of one that `before` numbers precede begins at
 * rows·before + r·count. */

static double row_dot(const struct optim_step *s, const double *rows, size_t r, const double *x)
{
    size_t m = (size_t)s->h[HISTORY], before = 0;
    double sum = 0;
    for (int k = 0; k < s->tensor_count; k++) {
        size_t count = s->tensors[k].count;
        sum += reduce_dot(rows + m * before + r * count, x + before, count);
        before += count;
    }
    return sum;
}

/* x += factor·row */
static void row_add(const struct optim_step *s, const double *rows, size_t r, double factor,
                    double *x)
{
    size_t m = (size_t)s->h[HISTORY], before = 0;
    for (int k = 0; k < s->tensor_count; k++) {
        size_t count = s->tensors[k].count;
        const double *row = rows + m * before + r * count;
        for (size_t i = 0; i < count; i++)
            x[before + i] += factor * row[i];
        before += count;
    }
}

static void row_set(const struct optim_step *s, double *rows, size_t r, const double *x)
{
    size_t m = (size_t)s->h[HISTORY], before = 0;
    for (int k = 0; k < s->tensor_count; k++) {
        size_t count = s->tensors[k].count;
        memcpy(rows + m * before + r * count, x + before, count * sizeof *x);
        before += count;
    }
}

/* Keeps the pair of the last move, where it curves upwards. `s` and `y` are its numbers. */
static void keep_pair(struct optim_step *step, double *const *slot, const double *s,
                      const double *y, double ys)
{
    size_t m = (size_t)step->h[HISTORY], pairs = (size_t)step->scalar[PAIRS];
    size_t oldest = (size_t)step->scalar[OLDEST], r = (oldest + pairs) % m;
    if (!(ys > 1e-10))
        return;
    row_set(step, slot[S], r, s);
    row_set(step, slot[Y], r, y);
    step->scalar[PAIRS] = (double)(pairs < m ? pairs + 1 : m);
    step->scalar[OLDEST] = (double)(pairs < m ? oldest : (oldest + 1) % m);
}

/* d = -H·g. `ro` and `al` have room for all pairs, `y` for the newest one's change. */
static void two_loops(const struct optim_step *s, double *const *slot, const double *g, double *ro,
                      double *al, double *y, size_t n)
{
    size_t m = (size_t)s->h[HISTORY], pairs = (size_t)s->scalar[PAIRS];
    size_t oldest = (size_t)s->scalar[OLDEST];
    double *d = slot[LINE_D], scale = 1;
    for (size_t i = 0; i < n; i++)
        d[i] = -g[i];
    for (size_t j = pairs; j-- > 0;) {
        size_t r = (oldest + j) % m;
        memset(y, 0, n * sizeof *y);
        row_add(s, slot[Y], r, 1.0, y);
        double ys = row_dot(s, slot[S], r, y);
        if (j + 1 == pairs)
            scale = ys / reduce_squares(y, n);
        ro[j] = 1.0 / ys;
        al[j] = row_dot(s, slot[S], r, d) * ro[j];
        row_add(s, slot[Y], r, -al[j], d);
    }
    for (size_t i = 0; i < n; i++)
        d[i] *= scale;
    for (size_t j = 0; j < pairs; j++) {
        size_t r = (oldest + j) % m;
        row_add(s, slot[S], r, al[j] - row_dot(s, slot[Y], r, d) * ro[j], d);
    }
}

/* ---- a move -----------------------------------------------------------------------------------
 */

/* Renews d from the gradient at the iterate. `room` holds 2·n + 2·history_size numbers. */
static void renew(struct optim_step *s, const double *g, double *const *slot, double *room,
                  size_t n)
{
    double *y = room, *move = room + n, *ro = move + n, *al = ro + (size_t)s->h[HISTORY];
    for (size_t i = 0; i < n && s->scalar[LINE_STARTED] != 0; i++) {
        y[i] = g[i] - slot[LINE_G][i];
        move[i] = slot[LINE_D][i] * s->scalar[LINE_LENGTH];
    }
    if (s->scalar[LINE_STARTED] != 0)
        keep_pair(s, slot, move, y, reduce_dot(y, move, n));
    two_loops(s, slot, g, ro, al, y, n);
    memcpy(slot[LINE_G], g, n * sizeof *g);
    bool first = s->scalar[LINE_STARTED] == 0;
    s->scalar[LINE_LENGTH] = first ? line_first(s->h[LR], g, n) : s->h[LR];
    s->scalar[LINE_STARTED] = 1;
}

/* Makes a step but for the last addition: w = w + length·d follows where this is true. Then w is
 * where the move begins. */
static bool advance(struct optim_step *s, double *w, double *g, double *const *slot, double *room,
                    size_t n)
{
    double loss = s->loss;
    if (!line_tell(s, slot, CURVATURE, s->h[LIMIT], &loss, w, g, n))
        return true;
    if (slot[LINE_BASE])
        memcpy(slot[LINE_BASE], w, n * sizeof *w);
    if (line_largest(g, n) <= s->h[TOLERANCE_GRAD])
        return false;
    renew(s, g, slot, room, n);
    double slope = reduce_dot(g, slot[LINE_D], n);
    if (slope > -s->h[TOLERANCE_CHANGE])
        return false;
    line_begin(s, slot, loss, slope, w, g, n);
    return true;
}

static double *room_for(const struct optim_step *s, struct arena *a, size_t n)
{
    return arena_zalloc(a, 2 * n + 2 * (size_t)s->h[HISTORY], sizeof(double));
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    if (slot[LINE_BASE] && isnan(s->loss))
        return err_add(err, ERR_NEEDS, "#/loss", "lbfgs with line_search strong_wolfe needs loss");
    double *room = room_for(s, s->scratch, n);
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
    double *room = room_for(&s, x->arena, n);
    if (!at || !now || !room)
        return;
    bool searching = line_is_trial(&s), moves = advance(&s, at, now, slot, room, n);
    bool goes_on = searching && s.scalar[LINE_TRIED] > 0;
    explain_line(x, "k", "k", s.scalar[PAIRS], "{}", s.scalar[PAIRS]);
    if (!moves) {
        line_explain_arrived(x, at[i], now, n);
        return;
    }
    double d = explain_line(x, "d", "d = -H g", slot[LINE_D][i], "{}", slot[LINE_D][i]);
    double length =
        explain_line(x, "α", "\\alpha_t", s.scalar[LINE_LENGTH], "{}", s.scalar[LINE_LENGTH]);
    explain_line(x, "w", "w_t = w + \\alpha_t d", at[i] + length * d, "{} + {}·{}", at[i], length,
                 d);
    if (goes_on)
        line_explain_search(x, length);
    else
        explain_say(x, "A new direction from {} pairs, and {} times it.", s.scalar[PAIRS], length);
}

const struct optim OPTIM(lbfgs) = {
    .name = "lbfgs",
    .title = "L-BFGS",
    .formula = "d_t = -H_t g_t,\\quad w_t = w_{t-1} + \\alpha_t d_t,\\quad "
               "H_{t+1} = (I - \\rho s y^\\top) H_t (I - \\rho y s^\\top) + \\rho s s^\\top,\\quad "
               "\\rho = \\frac{1}{y^\\top s}",
    .use_when = "Smooth losses whose gradient is exact (the full batch): regression, "
                "reconstruction, physics-informed networks, fine-tuning to many digits. With "
                "strong_wolfe every step sends loss and gradient at the parameters answered "
                "last.",
    .pros = "Learns the curvature from gradients alone and converges superlinearly; with the line "
            "search there is nothing to tune.",
    .cons = "Mini-batches spoil its pairs. 2·history_size numbers of state per parameter. Without "
            "the line search a step may leave the valley; with it some steps are trial points, "
            "whose loss is higher than before.",
    .reference = "Liu & Nocedal, On the limited memory BFGS method for large scale optimization, "
                 "Mathematical Programming 45, 1989; Nocedal & Wright, Numerical Optimization, "
                 "2nd edition, 2006, algorithms 3.5, 3.6, 7.4, 7.5",
    .same_as = {"torch.optim.LBFGS", NULL, NULL, NULL},
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
