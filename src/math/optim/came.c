/* CAME (Luo et al. 2023): Adafactor's factored second moment, and a second one that says how far
 * the mean of the moves can be trusted.
 *
 * Of a matrix, or of each matrix in a tensor of more dimensions:
 *
 *   x = d² + eps1         R = b2·R + (1-b2)·mean of x's rows     C likewise of its columns
 *   u = d/√(R·C/mean(R))  u = u/max(1, rms(u)/clip_threshold)
 *   m = b1·m + (1-b1)·u
 *   y = (u - m)² + eps2   P = b3·P + (1-b3)·mean of y's rows     Q likewise of its columns
 *   w = keep·w - lr·m/√(P·Q/mean(P))
 *
 * A vector has v = b2·v + (1-b2)·x in place of R and C, and no second one: w = keep·w - lr·m. The
 * root mean square is that of the whole tensor. pytorch_optimizer's ams_bound is not here. */
#include "math/moments.h"
#include "math/reduce.h"

enum { LR, BETA1, BETA2, BETA3, EPS1, EPS2, CLIP, WEIGHT_DECAY, WEIGHT_DECAY_MODE, MAXIMIZE };

#define ROW_ADDED(row_name, default, row_doc)                                                      \
    {                                                                                              \
        .name = row_name, .kind = HYPER_REAL, .value = {default, default, default, default},       \
        .max = INFINITY, .doc = row_doc                                                            \
    }

static const struct hyper hypers[] = {
    ROW_LR(2e-4, 2e-4, 2e-4, 2e-4),
    ROW_RATE("beta1", "betas[0]", "beta_1", "b1", "Decay rate of m, the mean of the moves u.", 0.9,
             0.9, 0.9, 0.9),
    ROW_BETA2(0.999, 0.999, 0.999, 0.999),
    ROW_RATE("beta3", "betas[2]", "beta_3", "b3", "Decay rate of the mean of (u - m)².", 0.9999,
             0.9999, 0.9999, 0.9999),
    ROW_ADDED("eps1", 1e-30, "Added to the squared gradients."),
    ROW_ADDED("eps2", 1e-16, "Added to the squares of u - m."),
    {.name = "clip_threshold",
     .kind = HYPER_REAL,
     .value = {1, 1, 1, 1},
     .min_open = true,
     .max = INFINITY,
     .doc = "Largest root mean square that the moves u of a tensor may have."},
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED),
    ROW_MAXIMIZE,
    ROWS_END};

static size_t v_count(const double *h, const struct tensor *x)
{
    (void)h;
    return x->rank < 2 ? x->count : 0;
}

static size_t row_count(const double *h, const struct tensor *x)
{
    (void)h;
    return x->rank < 2 ? 0 : x->count / (size_t)x->shape[x->rank - 1];
}

static size_t column_count(const double *h, const struct tensor *x)
{
    (void)h;
    return x->rank < 2 ? 0 : x->count / (size_t)x->shape[x->rank - 2];
}

enum { M, V, ROWS, COLUMNS, TRUST_ROWS, TRUST_COLUMNS };
static const struct slot slots[] = {
    {.name = "m", .doc = "Moving average m of the moves u."},
    {.name = "v", .doc = "Second moment v of vectors.", .count = v_count},
    {.name = "r", .doc = "Second moment R of the rows of matrices.", .count = row_count},
    {.name = "c", .doc = "Second moment C of their columns.", .count = column_count},
    {.name = "p", .doc = "Mean P of (u - m)² over their rows.", .count = row_count},
    {.name = "q", .doc = "Mean Q of (u - m)² over their columns.", .count = column_count},
    {.name = NULL}};

/* A tensor as a pile of matrices. */
struct pile {
    size_t matrices, rows, columns;
};

static struct pile pile_of(const struct tensor *x)
{
    struct pile p = {.rows = (size_t)x->shape[x->rank - 2],
                     .columns = (size_t)x->shape[x->rank - 1]};
    p.matrices = x->count / (p.rows * p.columns);
    return p;
}

/* The means over rows and columns go on by those of x. */
static void fold(const struct pile *p, double beta, const double *x, double *row, double *column)
{
    const size_t each = p->rows * p->columns;
    for (size_t a = 0; a < p->matrices; a++, x += each, row += p->rows, column += p->columns) {
        for (size_t i = 0; i < p->rows; i++) {
            double sum = 0;
            for (size_t j = 0; j < p->columns; j++)
                sum += x[i * p->columns + j];
            row[i] = beta * row[i] + (1.0 - beta) * (sum / (double)p->columns);
        }
        for (size_t j = 0; j < p->columns; j++) {
            double sum = 0;
            for (size_t i = 0; i < p->rows; i++)
                sum += x[i * p->columns + j];
            column[j] = beta * column[j] + (1.0 - beta) * (sum / (double)p->rows);
        }
    }
}

/* ret = x/√(row·column/mean of the rows) */
static void divide(const struct pile *p, const double *x, const double *row, const double *column,
                   double *ret)
{
    for (size_t a = 0; a < p->matrices; a++, row += p->rows, column += p->columns) {
        double mean = 0;
        for (size_t i = 0; i < p->rows; i++)
            mean += row[i];
        mean /= (double)p->rows;
        for (size_t i = 0; i < p->rows; i++) {
            double below = 1.0 / sqrt(row[i] / mean);
            for (size_t j = 0; j < p->columns; j++)
                *ret++ = *x++ * (below / sqrt(column[j]));
        }
    }
}

static void prepare(struct optim_step *s)
{
    moment_prepare(s, s->h[LR], WEIGHT_DECAY);
}

/* u of a tensor, clipped, from its directions d; moves R and C, or v. `x` is room for n numbers.
 * Returns what u was divided by. */
static double scaled(const struct optim_step *s, const double *d, double *const *slot, double *x,
                     double *ret_u, size_t n)
{
    const double b2 = s->h[BETA2], eps1 = s->h[EPS1], limit = s->h[CLIP];
    for (size_t i = 0; i < n; i++)
        x[i] = d[i] * d[i] + eps1;
    if (s->tensor->rank >= 2) {
        struct pile p = pile_of(s->tensor);
        fold(&p, b2, x, slot[ROWS], slot[COLUMNS]);
        divide(&p, d, slot[ROWS], slot[COLUMNS], ret_u);
    } else {
        for (size_t i = 0; i < n; i++) {
            slot[V][i] = b2 * slot[V][i] + (1.0 - b2) * x[i];
            ret_u[i] = d[i] / sqrt(slot[V][i]);
        }
    }
    double rms = sqrt(reduce_squares(ret_u, n) / (double)n),
           by = rms / limit > 1.0 ? rms / limit : 1.0;
    for (size_t i = 0; i < n; i++)
        ret_u[i] /= by;
    return by;
}

/* The moves of a tensor in units of lr, from u; moves m, P and Q. `x` is room for n numbers. */
static void trusted(const struct optim_step *s, const double *u, double *const *slot, double *x,
                    double *ret_move, size_t n)
{
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, eps2 = s->h[EPS2];
    double *m = slot[M];
    for (size_t i = 0; i < n; i++) {
        m[i] = b1 * m[i] + n1 * u[i];
        x[i] = (u[i] - m[i]) * (u[i] - m[i]) + eps2;
        ret_move[i] = m[i];
    }
    if (s->tensor->rank < 2)
        return;
    struct pile p = pile_of(s->tensor);
    fold(&p, s->h[BETA3], x, slot[TRUST_ROWS], slot[TRUST_COLUMNS]);
    divide(&p, m, slot[TRUST_ROWS], slot[TRUST_COLUMNS], ret_move);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    const double keep = s->c[MOMENT_KEEP], lr = s->h[LR];
    double *room = arena_alloc(s->scratch, 2 * n * sizeof *room), *u = room ? room + n : NULL;
    if (!room)
        return err_add(err, ERR_MEMORY, "", "no memory for a step of %zu parameters", n);
    moment_directions(s, w, g, n);
    scaled(s, g, slot, room, u, n);
    trusted(s, u, slot, room, g, n);
    for (size_t i = 0; i < n; i++)
        w[i] = keep * w[i] - lr * g[i];
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    const double b1 = s->h[BETA1], m = slot[M][i], lr = s->h[LR], keep = s->c[MOMENT_KEEP];
    double *d = explain_copy(x, g, n), *move = explain_copy(x, g, n);
    double *room = explain_copy(x, g, n), *u = explain_copy(x, g, n);
    if (!d || !move || !room || !u)
        return;
    explain_direction(x, s, g[i], w[i]);
    moment_directions(s, w, d, n);
    double by = scaled(s, d, slot, room, u, n);
    trusted(s, u, slot, room, move, n);
    explain_line(x, "u", "u_t = g_t\\big/\\sqrt{\\hat v_t}", u[i], "{}·{} / {}", d[i],
                 d[i] != 0 ? u[i] * by / d[i] : 0.0, by);
    explain_line(x, "m", "m_t = \\beta_1 m_{t-1} + (1-\\beta_1)\\, u_t", slot[M][i],
                 "{}·{} + {}·{}", b1, m, 1.0 - b1, u[i]);
    if (s->tensor->rank >= 2)
        explain_line(x, "p", "p_t = m_t\\big/\\sqrt{S_t}", move[i], "{}·{}", slot[M][i],
                     slot[M][i] != 0 ? move[i] / slot[M][i] : 0.0);
    explain_line(x, "w", "w_t = (1-\\eta\\lambda)\\, w_{t-1} - \\eta\\, p_t",
                 keep * w[i] - lr * move[i], "{}·{} - {}·{}", keep, w[i], lr, move[i]);
    explain_say(
        x, "The moves of the tensor were divided by {}; what they agree on moves this one by {}.",
        by, lr * move[i]);
}

const struct optim OPTIM(came) = {
    .name = "came",
    .title = "CAME",
    .formula = "u_t = \\frac{g_t}{\\sqrt{R_t C_t^\\top/\\overline{R_t}}},\\; "
               "u_t \\leftarrow \\frac{u_t}{\\max(1, \\mathrm{rms}(u_t)/\\tau)},\\; "
               "m_t = \\beta_1 m_{t-1} + (1-\\beta_1)\\, u_t,\\; "
               "w_t = w_{t-1} - \\eta\\,\\frac{m_t}{\\sqrt{P_t Q_t^\\top/\\overline{P_t}}}",
    .use_when = "Large language models whose second moments do not fit in memory, where Adafactor "
                "is less stable or slower than Adam.",
    .pros = "Of a matrix it keeps m and four vectors. Steps are small where the moves disagree, so "
            "that it stays close to Adam with a far smaller state.",
    .cons =
        "Sums over rows and columns, twice a step. Vectors have no confidence. Three betas, and "
        "the last one remembers ten thousand steps.",
    .reference = "Luo, Ren, Zheng, Jiang, Jiang & You, CAME: Confidence-guided Adaptive Memory "
                 "Efficient Optimization, ACL 2023, arXiv:2307.02047, algorithm 2",
    .same_as = {NULL, NULL, NULL, NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_TENSOR,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
