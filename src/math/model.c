/* Losses of one sample, and models that are linear in their parameters. */
#include "math/model.h"
#include "math/symmetric.h"

#include <cblas.h>
#include <math.h>
#include <string.h>

/* ---- losses of one sample ----------------------------------------------------------------- */

double model_squared(const double *z, size_t k, double y, double *ret_d, double *ret_c)
{
    (void)k;
    double d = z[0] - y;
    if (ret_d)
        ret_d[0] = d;
    if (ret_c)
        ret_c[0] = 1;
    return d * d / 2;
}

/* With e^-|z|, which never overflows. */
double model_logistic(const double *z, size_t k, double y, double *ret_d, double *ret_c)
{
    (void)k;
    const double score = z[0]; /* ret_d may stand in the place of z */
    double small = exp(-fabs(score)), p = (score < 0 ? small : 1) / (1 + small);
    if (ret_d)
        ret_d[0] = p - y;
    if (ret_c)
        ret_c[0] = small / ((1 + small) * (1 + small));
    return fmax(score, 0) + log1p(small) - y * score;
}

/* The largest score is taken off first, so that nothing overflows. */
double model_softmax(const double *z, size_t k, double y, double *ret_d, double *ret_c)
{
    double top = z[0], sum = 0;
    const size_t target = (size_t)y;
    const double hit = z[target];
    for (size_t j = 1; j < k; j++)
        top = fmax(top, z[j]);
    for (size_t j = 0; j < k; j++)
        sum += exp(z[j] - top);
    for (size_t i = 0; ret_c && i < k; i++) {
        double p = exp(z[i] - top) / sum;
        for (size_t j = 0; j < k; j++)
            ret_c[i * k + j] = p * ((i == j ? 1 : 0) - exp(z[j] - top) / sum);
    }
    for (size_t j = 0; ret_d && j < k; j++)
        ret_d[j] = exp(z[j] - top) / sum - (j == target ? 1 : 0);
    return log(sum) + (top - hit);
}

double model_losses(const struct evaluation *e, model_loss *loss, double *z)
{
    const size_t k = e->spec->outputs;
    double sum = 0, each = 1 / (double)e->rows;
    for (size_t i = 0; i < e->rows; i++)
        sum += loss(z + i * k, k, e->y[i], z + i * k, NULL);
    for (size_t i = 0; i < e->rows * k; i++)
        z[i] *= each;
    return sum * each;
}

/* ---- targets ------------------------------------------------------------------------------ */

enum err_code model_classes(struct objective_spec *s, struct arena *a, const char *prefix,
                            struct err *err)
{
    const size_t rows = s->data.rows;
    size_t count = 0;
    bool *seen = arena_zalloc(a, rows, sizeof *seen);
    if (!seen)
        return err_add(err, ERR_MEMORY, NULL, "no memory for %zu samples", rows);
    for (size_t i = 0; i < rows; i++) {
        double y = s->y[i];
        if (!(y >= 0 && y < (double)rows && y == floor(y)))
            return hyper_refuse(prefix, "y", err, "a class is a whole number from 0 on, not %.9g",
                                y);
        count += !seen[(size_t)y];
        seen[(size_t)y] = true;
    }
    for (size_t k = 0; k < count; k++) {
        if (!seen[k])
            return hyper_refuse(prefix, "y", err,
                                "there are %zu classes, but none of the samples is of class "
                                "%zu: they are counted from 0 without gaps",
                                count, k);
    }
    if (count < 2)
        return hyper_refuse(prefix, "y", err, "all samples are of one class");
    s->outputs = count;
    return ERR_OK;
}

/* ---- linear models ------------------------------------------------------------------------ */

static bool has_intercept(const struct objective_spec *s)
{
    return s->h[MODEL_INTERCEPT] != 0;
}

/* Features, with the constant one where there is an intercept. */
static size_t features(const struct objective_spec *s)
{
    return s->data.columns + has_intercept(s);
}

static double feature(const struct evaluation *e, size_t row, size_t a)
{
    const size_t columns = e->spec->data.columns;
    return a < columns ? e->x[row * columns + a] : 1;
}

/* Adds to the upper half of `h` what one sample does: its second derivative c by the scores, times
 * the products of its features. */
static void add_sample(const struct evaluation *e, size_t row, const double *c, double *h)
{
    const size_t k = e->spec->outputs, f = features(e->spec), n = f * k;
    for (size_t a = 0; a < f; a++) {
        double xa = feature(e, row, a);
        for (size_t b = a; b < f; b++) {
            double product = xa * feature(e, row, b);
            for (size_t i = 0; i < k; i++) {
                for (size_t j = 0; j < k; j++)
                    h[(a * k + i) * n + b * k + j] += product * c[i * k + j];
            }
        }
    }
}

/* From the sums over the upper half to the whole mean, with the l2 term. */
static void finish_hessian(const struct evaluation *e, double *h)
{
    const struct objective_spec *s = e->spec;
    const size_t n = features(s) * s->outputs, weights = s->data.columns * s->outputs;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = i; j < n; j++)
            h[j * n + i] = h[i * n + j] /= (double)e->rows;
    }
    for (size_t i = 0; i < weights; i++)
        h[i * n + i] += s->h[MODEL_L2];
}

/* The bound of the curvature is the largest eigenvalue of factor · XᵀX/N + l2·I, which is the
 * Hessian of one score whose loss has second derivative `factor`. */
static enum err_code bound_curvature(struct objective_spec *s, double factor, struct arena *a,
                                     struct err *err)
{
    struct objective_spec one = *s;
    struct evaluation e = {.spec = &one, .x = s->x, .rows = s->data.rows};
    const size_t f = features(s);
    double least, *h = arena_zalloc(a, f * f, sizeof *h);
    if (!h)
        return err_add(err, ERR_MEMORY, NULL, "no memory for a matrix of %zu rows", f);
    one.outputs = 1;
    for (size_t i = 0; i < e.rows; i++)
        add_sample(&e, i, &factor, h);
    finish_hessian(&e, h);
    return symmetric_extremes(h, f, &least, &s->curvature, a, err);
}

enum err_code model_linear_shape(struct objective_spec *s, double factor, struct arena *a,
                                 struct err *err)
{
    const size_t k = s->outputs, columns = s->data.columns;
    struct tensor *t = arena_zalloc(a, 2, sizeof *t);
    if (!t)
        return err_add(err, ERR_MEMORY, NULL, "no memory for the parameters");
    t[0] = (struct tensor){.name = "W",
                           .rank = k == 1 ? 1 : 2,
                           .shape = {(int64_t)columns, (int64_t)k},
                           .count = columns * k,
                           .form = TENSOR_NESTED};
    t[1] = (struct tensor){.name = "b",
                           .rank = k == 1 ? 0 : 1,
                           .shape = {(int64_t)k},
                           .offset = columns * k,
                           .count = k,
                           .form = k == 1 ? TENSOR_NUMBER : TENSOR_NESTED};
    s->tensors = t;
    s->tensor_count = has_intercept(s) ? 2 : 1;
    s->n = features(s) * k;
    double work = (double)s->data.rows * (double)features(s) * (double)features(s);
    return work <= MODEL_CURVATURE_WORK ? bound_curvature(s, factor, a, err) : ERR_OK;
}

/* Scores, rows × outputs, in scratch memory. NULL: none. */
static double *scores(const struct evaluation *e)
{
    const struct objective_spec *s = e->spec;
    const size_t k = s->outputs, columns = s->data.columns;
    double *z = arena_zalloc(e->scratch, e->rows * k, sizeof *z);
    if (!z)
        return NULL;
    for (size_t i = 0; has_intercept(s) && i < e->rows; i++)
        memcpy(z + i * k, e->w + columns * k, k * sizeof *z);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)e->rows, (int)k, (int)columns, 1,
                e->x, (int)columns, e->w, (int)k, 1, z, (int)k);
    return z;
}

static enum err_code fill_hessian(const struct evaluation *e, model_loss *loss, const double *z,
                                  struct err *err)
{
    const size_t k = e->spec->outputs, n = e->spec->n;
    double *c = arena_alloc(e->scratch, k * k * sizeof *c);
    if (!c)
        return err_add(err, ERR_MEMORY, NULL, "no memory for the Hessian");
    memset(e->ret_hessian, 0, n * n * sizeof *e->ret_hessian);
    for (size_t i = 0; i < e->rows; i++) {
        loss(z + i * k, k, e->y[i], NULL, c);
        add_sample(e, i, c, e->ret_hessian);
    }
    finish_hessian(e, e->ret_hessian);
    return ERR_OK;
}

/* `d` is the gradient by the scores. */
static void fill_gradient(const struct evaluation *e, const double *d)
{
    const struct objective_spec *s = e->spec;
    const size_t k = s->outputs, columns = s->data.columns;
    double *g = e->ret_gradient, *b = g + columns * k;
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)columns, (int)k, (int)e->rows, 1,
                e->x, (int)columns, d, (int)k, 0, g, (int)k);
    cblas_daxpy((int)(columns * k), s->h[MODEL_L2], e->w, 1, g, 1);
    if (!has_intercept(s))
        return;
    memset(b, 0, k * sizeof *b);
    for (size_t i = 0; i < e->rows; i++) {
        for (size_t j = 0; j < k; j++)
            b[j] += d[i * k + j];
    }
}

enum err_code model_linear_evaluate(const struct evaluation *e, model_loss *loss, struct err *err)
{
    const size_t weights = e->spec->data.columns * e->spec->outputs;
    enum err_code code = ERR_OK;
    double *z = scores(e), square = 0;
    if (!z)
        return err_add(err, ERR_MEMORY, NULL, "no memory for the scores of %zu samples", e->rows);
    if (e->ret_hessian)
        code = fill_hessian(e, loss, z, err);
    double mean = model_losses(e, loss, z); /* z is the gradient by the scores now */
    for (size_t i = 0; i < weights; i++)
        square += e->w[i] * e->w[i];
    if (e->ret_loss)
        *e->ret_loss = mean + e->spec->h[MODEL_L2] * square / 2;
    if (e->ret_gradient)
        fill_gradient(e, z);
    return code;
}
