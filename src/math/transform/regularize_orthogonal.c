/* The gradient of a penalty on rows, or columns, of a matrix that are not orthogonal.
 *
 * With u_i the unit vectors of the m rows, the penalty is factor times the mean of |u_i·u_j| over
 * the m(m-1)/2 pairs. What it gives row x_i is, with v = Σ_{j≠i} sign(u_i·u_j) u_j,
 *
 *   factor / (m(m-1)/2) · (v - (v·u_i) u_i) / |x_i|
 *
 * A row shorter than keras's 1e-7 is divided by that instead, and then loses nothing of v. */
#include "math/transform_parts.h"

enum { FACTOR, MODE };
enum { ROWS, COLUMNS };

static const double least = 1e-7;

static const char *const modes[] = {"rows", "columns", NULL};

static const struct hyper hypers[] = {
    ROW_REAL("factor", NULL, NULL, NULL, "What the mean of the products is multiplied by.", 0.01,
             0.01, 0.01, 0.01),
    ROW_CHOICE("mode", modes, NULL, NULL, "Whether rows are to be orthogonal, or columns.", ROWS,
               ROWS, ROWS, ROWS),
    ROWS_END};

/* m vectors of `length` numbers in a matrix: number k of vector i is x[i·step + k·stride]. */
struct vectors {
    size_t m, length, step, stride;
};

static struct vectors vectors_of(const struct tensor *t, double mode)
{
    size_t rows = (size_t)t->shape[0], columns = (size_t)t->shape[1];
    return mode == ROWS ? (struct vectors){rows, columns, columns, 1}
                        : (struct vectors){columns, rows, 1, columns};
}

static double dot(const struct vectors *v, const double *x, const double *y)
{
    double sum = 0;
    for (size_t k = 0; k < v->length * v->stride; k += v->stride)
        sum += x[k] * y[k];
    return sum;
}

static void add(const struct vectors *v, double by, const double *x, double *y)
{
    for (size_t k = 0; k < v->length * v->stride; k += v->stride)
        y[k] += by * x[k];
}

/* Unit vectors into u, laid out as w; `size` gets what each was divided by. */
static void unit_vectors(const struct vectors *v, const double *w, double *u, double *size)
{
    for (size_t i = 0; i < v->m; i++) {
        const double *x = w + i * v->step;
        size[i] = fmax(sqrt(dot(v, x, x)), least);
        for (size_t k = 0; k < v->length * v->stride; k += v->stride)
            u[i * v->step + k] = x[k] / size[i];
    }
}

/* Adds the gradient of vector i to g; `sum` has room for the matrix. */
static void penalize(const struct vectors *v, double factor, const double *u, double size, size_t i,
                     double *sum, double *g)
{
    const double *mine = u + i * v->step;
    double *pull = sum + i * v->step;
    for (size_t j = 0; j < v->m; j++) {
        double product = j == i ? 0 : dot(v, mine, u + j * v->step);
        add(v, (product > 0) - (product < 0), u + j * v->step, pull);
    }
    double along = size > least ? dot(v, pull, mine) : 0;
    add(v, factor / size, pull, g + i * v->step);
    add(v, -factor / size * along, mine, g + i * v->step);
}

static enum err_code before(struct transform_step *s, struct err *err)
{
    for
        EACH_TENSOR(t, s)
        {
            if (t->rank != 2 || t->count == 0)
                continue;
            struct vectors v = vectors_of(t, s->h[MODE]);
            double *u = arena_alloc(s->scratch, t->count * sizeof *u);
            double *sum = arena_zalloc(s->scratch, t->count, sizeof *sum);
            double *size = arena_alloc(s->scratch, v.m * sizeof *size);
            if (!u || !sum || !size)
                return err_add(err, ERR_MEMORY, "", "no memory for %zu vectors", v.m);
            unit_vectors(&v, s->w + t->offset, u, size);
            double pairs = (double)v.m * ((double)v.m - 1) / 2;
            for (size_t i = 0; i < v.m && pairs > 0; i++)
                penalize(&v, s->h[FACTOR] / pairs, u, size[i], i, sum, s->g + t->offset);
        }
    return ERR_OK;
}

const struct transform transform_regularize_orthogonal = {
    .name = "regularize_orthogonal",
    .title = "Penalize rows that are not orthogonal",
    .formula = "g \\leftarrow g + \\nabla\\, \\lambda\\, \\frac{2}{m(m-1)} \\sum_{i<j} |u_i \\cdot "
               "u_j|, \\quad u_i = \\frac{w_i}{\\|w_i\\|}",
    .doc = "Adds to the gradient that of a penalty on the products of the unit vectors along the "
           "rows (or columns) of each matrix, so that features do not repeat one another. Tensors "
           "that are no matrices are left alone.",
    .same_as = {NULL, "keras.regularizers.OrthogonalRegularizer", NULL, NULL},
    .hypers = hypers,
    .before = before,
};
