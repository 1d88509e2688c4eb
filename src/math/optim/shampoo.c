/* Shampoo: a preconditioner for each axis of a tensor, made of all gradients so far.
 *
 *   matrix, k = 2   L = L + G·Gᵀ,  R = R + Gᵀ·G;     W -= lr·L^(-1/4)·G·R^(-1/4)
 *   vector, k = 1   H = H + g·gᵀ;                   w -= lr·H^(-1/2)·g         (full Adagrad)
 *   k axes          each unfolded along its axis, with the exponent -1/(2k)
 *   a single number, k = 0, has no axis:            w -= lr·g
 *
 * L and R start at eps·I. An axis with more than max_preconditioner_dim entries is left as it is,
 * since its matrix has the square of that many; k counts it all the same.
 *
 * Gradients of very different sizes leave eigenvalues that rounding has eaten; those below eps are
 * taken for eps, which they never are in exact arithmetic. The roots are LAPACK's (dsyev), computed
 * at every step: the last bits depend on the LAPACK that is installed. Without momentum, which is
 * no part of the paper's algorithms. */
#include "math/explain.h"
#include "math/optim.h"
#include "math/rows.h"
#include "math/symmetric.h"

#include <string.h>

enum { LR, EPS, MAX_DIM, WEIGHT_DECAY, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(1e-3, 1e-3, 1e-3, 1e-1),
    {.name = "eps",
     .kind = HYPER_REAL,
     .value = {1e-6, 1e-6, 1e-6, 1e-4},
     .alias = {"matrix_eps", NULL, NULL, NULL},
     .min_open = true,
     .max = INFINITY,
     .doc = "What the preconditioners start with on their diagonals."},
    {.name = "max_preconditioner_dim",
     .kind = HYPER_INTEGER,
     .value = {1024, 1024, 1024, 1024},
     .max = 8192,
     .doc = "Axes with more entries than this have no preconditioner."},
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_MAXIMIZE,
    ROWS_END};

static bool has_matrix(const double *h, const struct tensor *x, int axis)
{
    return (double)x->shape[axis] <= h[MAX_DIM];
}

static size_t matrix_count(const double *h, const struct tensor *x)
{
    size_t sum = 0;
    for (int k = 0; k < x->rank; k++) {
        if (has_matrix(h, x, k))
            sum += (size_t)x->shape[k] * (size_t)x->shape[k];
    }
    return sum;
}

/* It is kept without its start, so that the slot can start at 0. */
static const struct slot slots[] = {
    {.name = "preconditioners",
     .doc = "Of each axis the sum of G·Gᵀ, unfolded along it, without eps·I.",
     .count = matrix_count},
    {.name = NULL}};

/* The tensor as outer × dim × inner, with the axis in the middle. */
struct fold {
    size_t outer, dim, inner;
};

static struct fold fold_of(const struct tensor *x, int axis)
{
    struct fold f = {1, (size_t)x->shape[axis], 1};
    for (int k = 0; k < x->rank; k++) {
        if (k != axis)
            *(k < axis ? &f.outer : &f.inner) *= (size_t)x->shape[k];
    }
    return f;
}

/* p += G·Gᵀ along the axis. */
static void gather(struct fold f, const double *g, double *p)
{
    for (size_t o = 0; o < f.outer; o++) {
        const double *slice = g + o * f.dim * f.inner;
        for (size_t i = 0; i < f.dim; i++) {
            for (size_t j = 0; j < f.dim; j++) {
                double sum = 0;
                for (size_t k = 0; k < f.inner; k++)
                    sum += slice[i * f.inner + k] * slice[j * f.inner + k];
                p[i * f.dim + j] += sum;
            }
        }
    }
}

/* out = root·G along the axis. */
static void apply(struct fold f, const double *root, const double *g, double *restrict out)
{
    memset(out, 0, f.outer * f.dim * f.inner * sizeof *out);
    for (size_t o = 0; o < f.outer; o++) {
        const size_t slice = o * f.dim * f.inner;
        for (size_t i = 0; i < f.dim; i++) {
            for (size_t j = 0; j < f.dim; j++) {
                const double x = root[i * f.dim + j];
                for (size_t k = 0; k < f.inner; k++)
                    out[slice + i * f.inner + k] += x * g[slice + j * f.inner + k];
            }
        }
    }
}

/* Memory for the longest axis and the tensor. */
struct work {
    double *matrix, *root, *given, *turned;
};

static bool work_init(struct work *k, const struct optim_step *s, size_t n, struct arena *arena)
{
    size_t most = 1;
    for (int axis = 0; axis < s->tensor->rank; axis++) {
        size_t dim = (size_t)s->tensor->shape[axis];
        most = has_matrix(s->h, s->tensor, axis) && dim > most ? dim : most;
    }
    k->matrix = arena_zalloc(arena, most * most, sizeof(double));
    k->root = arena_zalloc(arena, most * most, sizeof(double));
    k->given = arena_zalloc(arena, n ? n : 1, sizeof(double));
    k->turned = arena_zalloc(arena, n ? n : 1, sizeof(double));
    return k->matrix && k->root && k->given && k->turned;
}

/* Takes G, which is work->given, in along one axis, and turns g by the root of what came of it. */
static enum err_code turn(const struct optim_step *s, struct work *k, int axis, double *p,
                          double *g, struct arena *arena, struct err *err)
{
    struct fold f = fold_of(s->tensor, axis);
    gather(f, k->given, p);
    memcpy(k->matrix, p, f.dim * f.dim * sizeof *p);
    for (size_t i = 0; i < f.dim; i++)
        k->matrix[i * f.dim + i] += s->h[EPS];
    enum err_code code =
        symmetric_power(k->matrix, f.dim, -0.5 / s->tensor->rank, s->h[EPS], k->root, arena, err);
    if (code != ERR_OK)
        return code;
    apply(f, k->root, g, k->turned);
    memcpy(g, k->turned, f.outer * f.dim * f.inner * sizeof *g);
    return ERR_OK;
}

static inline double direction_of(const struct optim_step *s, double w, double g)
{
    double sign = s->h[MAXIMIZE] != 0 ? -1.0 : 1.0, decay = s->h[WEIGHT_DECAY];
    return decay != 0 ? sign * g + decay * w : sign * g;
}

/* Moves the preconditioners on, and puts the preconditioned gradient in the place of g. */
static enum err_code propose(const struct optim_step *s, const double *w, double *g, double *p,
                             size_t n, struct arena *arena, struct err *err)
{
    struct work k;
    if (!work_init(&k, s, n, arena))
        return err_add(err, ERR_MEMORY, NULL, "no memory to precondition %zu parameters", n);
    for (size_t i = 0; i < n; i++)
        k.given[i] = g[i] = direction_of(s, w[i], g[i]);
    for (int axis = 0; axis < s->tensor->rank && n > 0; axis++) {
        if (!has_matrix(s->h, s->tensor, axis))
            continue;
        enum err_code code = turn(s, &k, axis, p, g, arena, err);
        if (code != ERR_OK)
            return code;
        p += (size_t)s->tensor->shape[axis] * (size_t)s->tensor->shape[axis];
    }
    return ERR_OK;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    enum err_code code = propose(s, w, g, slot[0], n, s->scratch, err);
    for (size_t i = 0; code == ERR_OK && i < n; i++)
        w[i] -= s->h[LR] * g[i];
    return code;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    size_t count = matrix_count(s->h, s->tensor);
    double *p = explain_copy(x, slot[0], count), *u = explain_copy(x, g, n);
    struct err err;
    err_init(&err);
    if (!p || !u || propose(s, w, u, p, n, x->arena, &err) != ERR_OK)
        return;
    const double d = direction_of(s, w[i], g[i]), lr = s->h[LR];
    explain_line(x, "g", "G_t = g_t + \\lambda w_{t-1}", d, "{} + {}·{}", g[i], s->h[WEIGHT_DECAY],
                 w[i]);
    explain_line(x, "u", "U_t = L_t^{-1/4}\\, G_t\\, R_t^{-1/4}", u[i],
                 "{} preconditioned along each axis, by the power {}", d,
                 s->tensor->rank ? -0.5 / s->tensor->rank : 0.0);
    explain_line(x, "w", "W_t = W_{t-1} - \\eta\\, U_t", w[i] - lr * u[i], "{} - {}·{}", w[i], lr,
                 u[i]);
    explain_say(x, "The gradient {} becomes {} by the roots of what all gradients added up to.", d,
                u[i]);
}

const struct optim OPTIM(shampoo) = {
    .name = "shampoo",
    .title = "Shampoo",
    .formula = "L_t = L_{t-1} + G_t G_t^\\top,\\quad R_t = R_{t-1} + G_t^\\top G_t,\\quad "
               "W_t = W_{t-1} - \\eta\\, L_t^{-1/4}\\, G_t\\, R_t^{-1/4}",
    .use_when = "Matrices whose rows or columns go together: where Adagrad's one rate for each "
                "number is too little, and the whole matrix of all of them too much.",
    .pros = "Sees how gradients of a row or a column belong together; near to full-matrix Adagrad "
            "with r² + c² numbers of state instead of (r·c)².",
    .cons = "Eigenvectors of every axis at every step: O(r³ + c³). Steps shrink for ever, as "
            "Adagrad's do.",
    .reference = "Gupta, Koren & Singer, Shampoo: Preconditioned Stochastic Tensor Optimization, "
                 "ICML 2018, arXiv:1802.09568, algorithms 1 and 2",
    .same_as = {NULL, NULL, NULL, NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_TENSOR,
    .lr = LR,
    .kernel = kernel,
    .explain = explain,
};
