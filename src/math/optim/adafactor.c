/* Adafactor: RMSprop whose second moment of a matrix is kept as one number per row and per column.
 *
 *   β = 1 - (t-decay_offset)^-|beta2_decay|           0 at the first step, then towards 1
 *   S = g² (+ eps1 in eps_form added)
 *   R = β·R + (1-β)·mean of S over columns            C = β·C + (1-β)·mean of S over rows
 *   V = R·C / mean R                                  vectors: V = β·V + (1-β)·S
 *   u = g/√V                                          in eps_form floor V is at least eps1²,
 *                                                     and mean R at least eps1
 *   u /= max(1, RMS(u)/clip_threshold)
 *   a = lr, or min(lr, 1/√t) with cap_lr;             a *= max(eps2, RMS(w)) with scale_parameter
 *   m = momentum·m + (1-momentum)·a·u                 takes the place of a·u where momentum > 0
 *   w -= a·u
 *
 * Two axes are factored: the last two (torch, keras, paper) or the two longest (optax), and only
 * where the shorter of them has min_dim_size_to_factor entries; other axes stay as they are.
 *
 * weight_decay_mode: decoupled multiplies w by 1 - lr·wd, after RMS(w) was taken (torch);
 * decoupled_first does so before (keras); independent multiplies by 1 - wd (optax).
 *
 * The code of the libraries, where it says other than their documentation: keras caps lr at 1/√t
 * whatever its relative_step says, which may stay true. optax computes β in float32; here it
 * is double. torch's eps1 is the spacing of float64 at 1 unless given. Up to step decay_offset + 1
 * β is 0, where optax's is no number: whoever goes on with an old session for another task puts
 * there the step that it starts from. */
#include "math/explain.h"
#include "math/kernel.h"
#include "math/optim.h"
#include "math/power.h"
#include "math/reduce.h"
#include "math/rows.h"

#include <string.h>

enum {
    LR,
    BETA2_DECAY,
    DECAY_OFFSET,
    EPS1,
    EPS_FORM,
    EPS2,
    CLIP_THRESHOLD,
    CAP_LR,
    SCALE_PARAMETER,
    MOMENTUM,
    FACTORED,
    FACTOR_AXES,
    MIN_DIM,
    WEIGHT_DECAY,
    WEIGHT_DECAY_MODE,
    MAXIMIZE
};
enum { FLOOR, ADDED };
enum { LAST, LONGEST };
enum { DECOUPLED, DECOUPLED_FIRST, INDEPENDENT };
static const char *const form_choices[] = {"floor", "added", NULL};
static const char *const axes_choices[] = {"last", "longest", NULL};
static const char *const mode_choices[] = {"decoupled", "decoupled_first", "independent", NULL};

static const struct hyper hypers[] = {
    ROW_LR(1e-2, 1e-3, HYPER_REQUIRED, 1e-2),
    {.name = "beta2_decay",
     .kind = HYPER_REAL,
     .value = {-0.8, -0.8, -0.8, -0.8},
     .alias = {NULL, "beta_2_decay", "decay_rate", NULL},
     .min = -INFINITY,
     .max = INFINITY,
     .doc = "The mean of g² forgets t^-|beta2_decay| of itself at step t. The sign does not "
            "matter: torch and keras write -0.8, optax 0.8."},
    {.name = "decay_offset",
     .kind = HYPER_INTEGER,
     .min = -0x1p53,
     .max = 0x1p53,
     .doc = "The step after which beta2_decay begins to count; below 0: so many steps lie before."},
    {.name = "eps1",
     .kind = HYPER_REAL,
     .value = {0x1p-52, 1e-30, 1e-30, 1e-30},
     .alias = {"eps[0]", "epsilon_1", "eps", NULL},
     .max = INFINITY,
     .doc = "Keeps the second moment away from 0, as eps_form says."},
    ROW_CHOICE("eps_form", form_choices, NULL, NULL,
               "floor: √V is at least eps1; added: eps1 is added to g².", FLOOR, ADDED, ADDED,
               ADDED),
    {.name = "eps2",
     .kind = HYPER_REAL,
     .value = {1e-3, 1e-3, 1e-3, 1e-3},
     .alias = {"eps[1]", "epsilon_2", NULL, NULL},
     .max = INFINITY,
     .doc = "The least size that a tensor is taken to have: one that is 0 can leave it."},
    {.name = "clip_threshold",
     .kind = HYPER_REAL,
     .value = {1, 1, 1, 1},
     .alias = {"d", NULL, "clipping_threshold", NULL},
     .null_in = 1 << PROFILE_OPTAX,
     .null = HYPER_NONE,
     .min_open = true,
     .max = INFINITY,
     .doc = "The largest root mean square of u; null in optax, or a very large number, takes the "
            "limit away."},
    ROW_BOOL("cap_lr", "Whether lr is at most 1/√t.", 1, 1, 0, 1),
    {.name = "scale_parameter",
     .kind = HYPER_BOOL,
     .value = {1, 1, 1, 1},
     .alias = {NULL, NULL, "multiply_by_parameter_scale", NULL},
     .max = 1,
     .doc = "Whether the step is in proportion to the tensor's root mean square."},
    ROW_RATE("momentum", NULL, NULL, NULL, "Decay rate of m, the mean of the moves; 0: none.", 0, 0,
             0, 0),
    ROW_BOOL("factored",
             "Whether matrices keep a number per row and column; else one for each "
             "parameter.",
             1, 1, 1, 1),
    ROW_CHOICE("factor_axes", axes_choices, NULL, NULL,
               "Which two axes of a tensor are rows and columns: the last two, or the longest two.",
               LAST, LAST, LONGEST, LAST),
    {.name = "min_dim_size_to_factor",
     .kind = HYPER_INTEGER,
     .value = {0, 0, 128, 0},
     .max = 0x1p31,
     .doc = "Tensors are factored where both axes have at least so many entries."},
    {.name = "weight_decay",
     .kind = HYPER_REAL,
     .alias = {NULL, NULL, "weight_decay_rate", NULL},
     .max = INFINITY,
     .doc = "How strongly parameters are drawn to 0 at each step."},
    ROW_CHOICE("weight_decay_mode", mode_choices, NULL, NULL,
               "decoupled multiplies w by 1 - lr·weight_decay once its size was taken; "
               "decoupled_first before; independent by 1 - weight_decay.",
               DECOUPLED, DECOUPLED_FIRST, INDEPENDENT, DECOUPLED),
    ROW_MAXIMIZE,
    ROWS_END};

/* A tensor as outer × rows × middle × columns × inner; not factored: rows is 0. */
struct layout {
    size_t outer, rows, middle, columns, inner;
};

/* The longest axis but for `not`; of equals the last. */
static int longest_axis(const struct tensor *x, int not )
{
    int best = -1;
    for (int k = 0; k < x->rank; k++) {
        if (k != not &&(best < 0 || x->shape[k] >= x->shape[best]))
            best = k;
    }
    return best;
}

static struct layout layout_of(const double *h, const struct tensor *x)
{
    struct layout l = {1, 0, 1, 0, 1};
    if (h[FACTORED] == 0 || x->rank < 2 || x->count == 0)
        return l;
    int p = x->rank - 2, q = x->rank - 1;
    if (h[FACTOR_AXES] == LONGEST) {
        q = longest_axis(x, -1);
        p = longest_axis(x, q);
    }
    if ((double)x->shape[p] < h[MIN_DIM] || (double)x->shape[q] < h[MIN_DIM])
        return l;
    int low = p < q ? p : q, high = p < q ? q : p;
    l.rows = (size_t)x->shape[low];
    l.columns = (size_t)x->shape[high];
    for (int k = 0; k < x->rank; k++) {
        if (k != low && k != high)
            *(k < low ? &l.outer : k < high ? &l.middle : &l.inner) *= (size_t)x->shape[k];
    }
    return l;
}

static size_t row_count(const double *h, const struct tensor *x)
{
    struct layout l = layout_of(h, x);
    return l.rows ? x->count / l.columns : 0;
}

static size_t column_count(const double *h, const struct tensor *x)
{
    struct layout l = layout_of(h, x);
    return l.rows ? x->count / l.rows : 0;
}

static size_t v_count(const double *h, const struct tensor *x)
{
    return layout_of(h, x).rows ? 0 : x->count;
}

static size_t m_count(const double *h, const struct tensor *x)
{
    return h[MOMENTUM] > 0 ? x->count : 0;
}

static const struct slot slots[] = {
    {.name = "row", .doc = "R: moving average of g² over each row.", .count = row_count},
    {.name = "column", .doc = "C: moving average of g² over each column.", .count = column_count},
    {.name = "v", .doc = "V: moving average of g² where nothing is factored.", .count = v_count},
    {.name = "m", .doc = "m: moving average of the moves.", .count = m_count},
    {.name = NULL}};
enum { ROW, COLUMN, V, M };

enum { SIGN, FADE, FADE_IN, RATE, KEEP };

/* The number of the step that β goes by. */
static double aged(const struct optim_step *s)
{
    return fmax(1.0, (double)s->t - s->h[DECAY_OFFSET]);
}

static void prepare(struct optim_step *s)
{
    const double *h = s->h, t = (double)s->t, rate = 1.0 / sqrt(t);
    s->c[SIGN] = h[MAXIMIZE] != 0 ? -1.0 : 1.0;
    s->c[FADE_IN] = power_real(aged(s), -fabs(h[BETA2_DECAY]));
    s->c[FADE] = 1.0 - s->c[FADE_IN];
    s->c[RATE] = h[CAP_LR] != 0 && rate < h[LR] ? rate : h[LR];
    s->c[KEEP] = decay_keep(
        h[WEIGHT_DECAY], h[WEIGHT_DECAY_MODE] == INDEPENDENT ? DECAY_INDEPENDENT : DECAY_DECOUPLED,
        h[LR]);
}

static double rms(const double *x, size_t n)
{
    return sqrt(reduce_squares(x, n) / (double)n);
}

/* What is added to g² and what V must not fall below. */
static double added(const struct optim_step *s)
{
    return s->h[EPS_FORM] == ADDED ? s->h[EPS1] : 0.0;
}

static double least(const struct optim_step *s)
{
    return s->h[EPS_FORM] == FLOOR ? s->h[EPS1] : 0.0;
}

/* V of each parameter, into `est`, from one number per parameter. */
static void estimate_whole(const struct optim_step *s, const double *g, double *v, double *est,
                           size_t n)
{
    const double eps = added(s), low = least(s) * least(s);
    for (size_t i = 0; i < n; i++) {
        v[i] = s->c[FADE] * v[i] + s->c[FADE_IN] * (g[i] * g[i] + eps);
        est[i] = fmax(v[i], low);
    }
}

/* x[k] = fade·x[k] + (1-fade)·sum[k]/terms for `count` numbers. */
static void average(const struct optim_step *s, double *x, const double *sum, size_t count,
                    size_t terms)
{
    for (size_t k = 0; k < count; k++)
        x[k] = s->c[FADE] * x[k] + s->c[FADE_IN] * (sum[k] / (double)terms);
}

/* Calls nothing and allocates nothing: indices of parameter (o, r, m, c, i) in w, R and C. */
#define AT(l, o, r, m, c, i)                                                                       \
    (((((o) * (l).rows + (r)) * (l).middle + (m)) * (l).columns + (c)) * (l).inner + (i))
#define AT_ROW(l, o, r, m, i)    ((((o) * (l).rows + (r)) * (l).middle + (m)) * (l).inner + (i))
#define AT_COLUMN(l, o, m, c, i) ((((o) * (l).middle + (m)) * (l).columns + (c)) * (l).inner + (i))
#define EACH(k, n)               for (size_t k = 0; k < (n); k++)

static void sum_squares(struct layout l, const double *g, double eps, double *by_row,
                        double *by_column)
{
    EACH(o, l.outer) EACH(r, l.rows) EACH(m, l.middle) EACH(c, l.columns) EACH(i, l.inner)
    {
        double x = g[AT(l, o, r, m, c, i)], square = x * x + eps;
        by_row[AT_ROW(l, o, r, m, i)] += square;
        by_column[AT_COLUMN(l, o, m, c, i)] += square;
    }
}

/* The mean of R over the rows of the slice that (o, m, i) is in. */
static double row_mean(struct layout l, const double *row, size_t o, size_t m, size_t i)
{
    double sum = 0;
    EACH(r, l.rows) sum += row[AT_ROW(l, o, r, m, i)];
    return sum / (double)l.rows;
}

static void spread(const struct optim_step *s, struct layout l, const double *row,
                   const double *column, double *est)
{
    const double low = least(s);
    EACH(o, l.outer) EACH(m, l.middle) EACH(i, l.inner)
    {
        double mean = fmax(row_mean(l, row, o, m, i), low);
        EACH(r, l.rows) EACH(c, l.columns)
        {
            double part = row[AT_ROW(l, o, r, m, i)] / mean;
            est[AT(l, o, r, m, c, i)] = fmax(part * column[AT_COLUMN(l, o, m, c, i)], low * low);
        }
    }
}

/* What one tensor's step is made of. */
struct factor {
    double *est;             /* V */
    double size, clip, step; /* RMS(w), max(1, RMS(u)/d), a */
};

static enum err_code estimate(const struct optim_step *s, const double *g, double *const *slot,
                              size_t n, double *est, struct arena *arena, struct err *err)
{
    struct layout l = layout_of(s->h, s->tensor);
    if (!l.rows) {
        estimate_whole(s, g, slot[V], est, n);
        return ERR_OK;
    }
    size_t rows = n / l.columns, columns = n / l.rows;
    double *sum = arena_zalloc(arena, rows + columns, sizeof *sum);
    if (!sum)
        return err_add(err, ERR_MEMORY, NULL, "no memory for the rows and columns of a tensor");
    sum_squares(l, g, added(s), sum, sum + rows);
    average(s, slot[ROW], sum, rows, l.columns);
    average(s, slot[COLUMN], sum + rows, columns, l.rows);
    spread(s, l, slot[ROW], slot[COLUMN], est);
    return ERR_OK;
}

/* Moves the second moments on, and puts u, not yet clipped, in the place of g. */
static enum err_code propose(const struct optim_step *s, const double *w, double *g,
                             double *const *slot, size_t n, struct arena *arena, struct factor *ret,
                             struct err *err)
{
    ret->est = arena_zalloc(arena, n ? n : 1, sizeof *ret->est);
    if (!ret->est)
        return err_add(err, ERR_MEMORY, NULL, "no memory for a step of %zu parameters", n);
    enum err_code code = estimate(s, g, slot, n, ret->est, arena, err);
    if (code != ERR_OK)
        return code;
    for (size_t i = 0; i < n; i++)
        g[i] = s->c[SIGN] * g[i] / sqrt(ret->est[i]);
    ret->size = rms(w, n);
    if (s->h[WEIGHT_DECAY_MODE] == DECOUPLED_FIRST)
        ret->size *= fabs(s->c[KEEP]);
    ret->clip = fmax(1.0, rms(g, n) / s->h[CLIP_THRESHOLD]);
    ret->step = s->c[RATE] * (s->h[SCALE_PARAMETER] != 0 ? fmax(s->h[EPS2], ret->size) : 1.0);
    return ERR_OK;
}

/* The move of one parameter, and its m. */
static inline double move_of(const struct optim_step *s, const struct factor *f, double u,
                             const double *m)
{
    double move = f->step * (u / f->clip), b = s->h[MOMENTUM];
    return m ? b * *m + (1.0 - b) * move : move;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    struct factor f;
    enum err_code code = propose(s, w, g, slot, n, s->scratch, &f, err);
    if (code != ERR_OK)
        return code;
    double *m = s->h[MOMENTUM] > 0 ? slot[M] : NULL;
    for (size_t i = 0; i < n; i++) {
        double move = move_of(s, &f, g[i], m ? &m[i] : NULL);
        if (m)
            m[i] = move;
        w[i] = s->c[KEEP] * w[i] - move;
    }
    return ERR_OK;
}

static bool explain_copies(struct explain *x, const struct optim_step *s, double *const *slot,
                           double **ret)
{
    bool ok = true;
    for (int k = 0; k < M; k++) {
        size_t count = slots[k].count(s->h, s->tensor);
        ret[k] = count ? explain_copy(x, slot[k], count) : NULL;
        ok = ok && (ret[k] || !count);
    }
    return ok;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    double *next[OPTIM_SLOTS] = {0}, *u = explain_copy(x, g, n);
    struct factor f;
    struct err err;
    err_init(&err);
    if (!u || !explain_copies(x, s, slot, next) ||
        propose(s, w, u, next, n, x->arena, &f, &err) != ERR_OK)
        return;
    const double *m = s->h[MOMENTUM] > 0 ? &slot[M][i] : NULL, b = s->h[MOMENTUM];
    bool whole = next[V] != NULL;
    explain_line(x, "β", "\\beta_t = 1 - t^{-|c|}", s->c[FADE], "1 - {}^-{}", aged(s),
                 fabs(s->h[BETA2_DECAY]));
    if (whole)
        explain_line(x, "V", "V_t = \\beta_t V_{t-1} + (1-\\beta_t)(g_t^2+\\varepsilon_1)",
                     f.est[i], "{}·{} + {}·({}² + {})", s->c[FADE], slot[V][i], s->c[FADE_IN], g[i],
                     added(s));
    else
        explain_line(x, "V", "V_t = R_t C_t / \\overline{R_t}", f.est[i], "{}", f.est[i]);
    explain_line(x, "u", "u_t = g_t / \\sqrt{V_t}", u[i], "{} / √{}", s->c[SIGN] * g[i], f.est[i]);
    explain_line(x, "d", "d_t = \\max(1, \\mathrm{RMS}(u_t)/d)", f.clip, "{}", f.clip);
    explain_line(x, "α", "\\alpha_t = \\max(\\varepsilon_2, \\mathrm{RMS}(w))\\,\\rho_t", f.step,
                 "{}·{}", f.step / s->c[RATE], s->c[RATE]);
    double move = f.step * (u[i] / f.clip);
    if (m)
        move = explain_line(x, "m", "m_t = \\beta m_{t-1} + (1-\\beta)\\,\\alpha_t u_t/d_t",
                            move_of(s, &f, u[i], m), "{}·{} + {}·{}", b, *m, 1.0 - b, move);
    explain_line(x, "w", "w_t = w_{t-1} - \\alpha_t u_t / d_t", s->c[KEEP] * w[i] - move,
                 "{}·{} - {}", s->c[KEEP], w[i], move);
    explain_say(x,
                "The gradient is measured in roots of V = {}; the step is {}, in proportion to "
                "the tensor, whose root mean square is {}.",
                f.est[i], f.step, f.size);
}

/* torch's has none that its schedulers could move. */
static int momentum(const double *h)
{
    return h[MOMENTUM] != 0 ? MOMENTUM : -1;
}

const struct optim OPTIM(adafactor) = {
    .name = "adafactor",
    .title = "Adafactor",
    .formula =
        "V_t = \\frac{R_t C_t}{\\overline{R_t}},\\quad u_t = \\frac{g_t}{\\sqrt{V_t}},\\quad "
        "w_t = w_{t-1} - \\max(\\varepsilon_2, \\mathrm{RMS}(w_{t-1}))\\,\\rho_t\\,"
        "\\frac{u_t}{\\max(1, \\mathrm{RMS}(u_t)/d)}",
    .use_when = "Large matrices, where Adam's two numbers of state per parameter do not fit: "
                "language models and embeddings.",
    .pros = "A matrix of r rows and c columns needs r + c numbers of state. Steps are in "
            "proportion to the tensor, and 1/√t is a schedule of its own.",
    .cons = "Rows and columns tell less than every number by itself, and without momentum it "
            "is often a little slower than Adam. On vectors nothing is saved.",
    .reference = "Shazeer & Stern, Adafactor: Adaptive Learning Rates with Sublinear Memory Cost, "
                 "ICML 2018, arXiv:1804.04235, algorithms 4 and 5",
    .same_as = {"torch.optim.Adafactor", "keras.optimizers.Adafactor", "optax.adafactor", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_TENSOR,
    .lr = LR,
    .momentum = momentum,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
