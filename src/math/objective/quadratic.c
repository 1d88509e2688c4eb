/* A quadratic bowl ½ (w - c)ᵀ A (w - c), with the matrix given, or a diagonal one of a given
 * condition number: its entries are spaced evenly in the logarithm from 1 to the condition.
 *
 * The whole matrix is kept where it was given, else the diagonal alone, so that a million
 * dimensions cost a million numbers. */
#include "math/landscape.h"
#include "math/symmetric.h"

#include <cblas.h>

enum { DIMENSION, CONDITION };
enum { MATRIX, CENTER };

struct bowl {
    const double *matrix;   /* n×n, or NULL */
    const double *diagonal; /* n, where there is no matrix */
    const double *center;   /* n, or NULL: 0 */
    double least;           /* the smallest eigenvalue */
};

static const struct hyper hypers[] = {
    LANDSCAPE_DIMENSION(1),
    OPTION_REAL("condition", 10, 1, 1e12,
                "Ratio of the largest to the smallest curvature, where no matrix is given."),
    OPTIONS_END};

static const struct array_option arrays[] = {
    {"matrix", 2, "Symmetric matrix A; in place of dimension and condition."},
    {"center", 1, "The point c where the gradient is 0; all zero where it is left out."},
    {.name = NULL}};

static bool is_symmetric(const double *a, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            if (a[i * n + j] != a[j * n + i])
                return false;
        }
    }
    return true;
}

static enum err_code take_matrix(struct objective_spec *s, struct bowl *b, struct arena *a,
                                 const char *prefix, struct err *err)
{
    const struct array_given *m = &s->array[MATRIX];
    if (m->rows != m->columns || !is_symmetric(m->data, m->rows))
        return hyper_refuse(prefix, "matrix", err, "the matrix has to be symmetric");
    if (s->given[CONDITION])
        return hyper_refuse(prefix, "condition", err, "condition and matrix exclude each other");
    if (s->given[DIMENSION] && s->n != m->rows)
        return hyper_refuse(prefix, "matrix", err,
                            "the matrix has another size than the parameters");
    s->n = m->rows;
    s->h[DIMENSION] = (double)s->n;
    s->h[CONDITION] = NAN; /* it has none to tell */
    b->matrix = m->data;
    return symmetric_extremes(m->data, s->n, &b->least, &s->curvature, a, err);
}

static enum err_code make_diagonal(struct objective_spec *s, struct bowl *b, struct arena *a,
                                   struct err *err)
{
    double *d = arena_alloc(a, s->n * sizeof *d);
    if (!d)
        return err_add(err, ERR_MEMORY, NULL, "no memory for %zu numbers", s->n);
    for (size_t i = 0; i < s->n; i++)
        d[i] = i == 0 ? 1 : pow(s->h[CONDITION], (double)i / (double)(s->n - 1));
    b->diagonal = d;
    b->least = 1;
    s->curvature = d[s->n - 1];
    return ERR_OK;
}

static enum err_code prepare(struct objective_spec *s, struct arena *a, const char *prefix,
                             struct err *err)
{
    struct bowl *b = arena_zalloc(a, 1, sizeof *b);
    if (!b)
        return err_add(err, ERR_MEMORY, NULL, "no memory for the objective");
    enum err_code code =
        s->array[MATRIX].data ? take_matrix(s, b, a, prefix, err) : make_diagonal(s, b, a, err);
    if (code)
        return code;
    b->center = s->array[CENTER].data;
    if (b->center && s->array[CENTER].rows != s->n)
        return hyper_refuse(prefix, "center", err,
                            "center has to have as many numbers as parameters");
    s->prepared = b;
    return ERR_OK;
}

static void fill_hessian(const struct bowl *b, size_t n, double *h)
{
    if (b->matrix) {
        memcpy(h, b->matrix, n * n * sizeof *h);
        return;
    }
    memset(h, 0, n * n * sizeof *h);
    for (size_t i = 0; i < n; i++)
        h[i * n + i] = b->diagonal[i];
}

static enum err_code evaluate(const struct evaluation *e, struct err *err)
{
    const struct bowl *b = e->spec->prepared;
    const size_t n = e->spec->n;
    double *d = arena_alloc(e->scratch, n * sizeof *d), *g = e->ret_gradient, loss = 0;
    if (!g)
        g = arena_alloc(e->scratch, n * sizeof *g);
    if (!d || !g)
        return err_add(err, ERR_MEMORY, NULL, "no memory for %zu numbers", n);
    for (size_t i = 0; i < n; i++) {
        d[i] = e->w[i] - (b->center ? b->center[i] : 0);
        g[i] = b->matrix ? 0 : b->diagonal[i] * d[i];
    }
    if (b->matrix)
        cblas_dsymv(CblasRowMajor, CblasUpper, (int)n, 1, b->matrix, (int)n, d, 1, 0, g, 1);
    for (size_t i = 0; i < n; i++)
        loss += d[i] * g[i];
    if (e->ret_loss)
        *e->ret_loss = loss / 2;
    if (e->ret_hessian)
        fill_hessian(b, n, e->ret_hessian);
    return ERR_OK;
}

static bool minimum(const struct objective_spec *s, double *ret_w, double *ret_loss,
                    struct arena *scratch)
{
    (void)scratch;
    const struct bowl *b = s->prepared;
    for (size_t i = 0; i < s->n; i++)
        ret_w[i] = b->center ? b->center[i] : 0;
    *ret_loss = 0;
    return b->least > 0;
}

static const struct objective_point starts[] = {{.at = {4, 3}, .count = 2}, {.count = 0}};

const struct objective objective_quadratic = {
    .name = "quadratic",
    .title = "Quadratic bowl",
    .formula = "f(w) = \\tfrac12\\,(w-c)^\\top A\\,(w-c)",
    .doc = "What every smooth function looks like near a minimum. The condition number, the ratio "
           "of the largest to the smallest eigenvalue of A, says how long and narrow the bowl is, "
           "and with it how slow gradient descent has to be.",
    .stability = "Gradient descent converges for lr below 2/L, L the largest eigenvalue of A; at "
                 "best it takes off a factor of (κ-1)/(κ+1) per step, κ the condition number.",
    .reference = "Nesterov, Introductory Lectures on Convex Optimization, 2004, section 1.2",
    .low = {-5, -5},
    .high = {5, 5},
    .starts = starts,
    .hypers = hypers,
    .arrays = arrays,
    .has_hessian = true,
    .prepare = prepare,
    .evaluate = evaluate,
    .minimum = minimum,
};
