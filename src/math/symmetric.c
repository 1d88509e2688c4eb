/* See symmetric.h. `regularize` is algorithm 3.3 of Nocedal & Wright, Numerical Optimization, 2nd
 * edition: multiples of the identity that double until the factorisation succeeds. Its smallest
 * multiple is 1e-3 of the largest entry, so that the result scales with the matrix. `absolute` is
 * saddle-free Newton (Dauphin et al. 2014). */
#include "math/symmetric.h"

#include "math/power.h"

#include <lapacke.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double regularize_least = 1e-3;
static const double asymmetry = 1e-6;

/* LAPACKE reports its own lack of memory by these two; other negative numbers name an argument. */
static enum err_code lapack_fault(lapack_int info, struct err *err)
{
    if (info != LAPACK_WORK_MEMORY_ERROR && info != LAPACK_TRANSPOSE_MEMORY_ERROR)
        abort();
    return err_add(err, ERR_MEMORY, NULL, "no memory to factor the Hessian");
}

static enum err_code refuse(struct err *err, const char *pointer, size_t i)
{
    return err_add(err, ERR_INDEFINITE, pointer,
                   "the Hessian is not positive definite (leading minor %zu); raise damping, or "
                   "set indefinite to regularize or absolute",
                   i + 1);
}

static enum err_code singular(struct err *err, const char *pointer)
{
    return err_add(err, ERR_INDEFINITE, pointer, "the Hessian is singular; raise damping");
}

static double largest(const double *a, size_t count)
{
    double max = 0;
    for (size_t i = 0; i < count; i++)
        max = fmax(max, fabs(a[i]));
    return max;
}

enum err_code symmetric_copy(const double *a, size_t n, double *ret_matrix, struct err *err)
{
    double tolerance = asymmetry * largest(a, n * n);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < i; j++) {
            if (fabs(a[i * n + j] - a[j * n + i]) <= tolerance)
                continue;
            char pointer[ERR_POINTER_LEN];
            snprintf(pointer, sizeof pointer, "#/hessian/%zu/%zu", i, j);
            return err_add(err, ERR_VALIDATION, pointer,
                           "the Hessian is not symmetric: %.9g here, %.9g at row %zu, column %zu",
                           a[i * n + j], a[j * n + i], j, i);
        }
    }
    for (size_t i = 0; i < n; i++) {
        ret_matrix[i * n + i] = a[i * n + i];
        for (size_t j = 0; j < i; j++)
            ret_matrix[i * n + j] = ret_matrix[j * n + i] = 0.5 * a[i * n + j] + 0.5 * a[j * n + i];
    }
    return ERR_OK;
}

static void add_identity(double *a, size_t n, double x)
{
    for (size_t i = 0; i < n; i++)
        a[i * n + i] += x;
}

/* Takes the lower triangle back from the upper one, which a factorisation leaves alone. `diagonal`
 * holds what the diagonal was. */
static void restore(double *a, size_t n, const double *diagonal)
{
    for (size_t i = 0; i < n; i++) {
        a[i * n + i] = diagonal[i];
        for (size_t j = i + 1; j < n; j++)
            a[i * n + j] = a[j * n + i];
    }
}

static lapack_int cholesky(double *a, size_t n)
{
    return LAPACKE_dpotrf(LAPACK_COL_MAJOR, 'L', (lapack_int)n, a, (lapack_int)n);
}

static enum err_code cholesky_solve(const double *a, size_t n, double *b, struct err *err)
{
    lapack_int order = (lapack_int)n;
    lapack_int info = LAPACKE_dpotrs(LAPACK_COL_MAJOR, 'L', order, 1, a, order, b, order);
    return info == 0 ? ERR_OK : lapack_fault(info, err);
}

/* b = r - A·x, A being the upper triangle of `a`, which Cholesky leaves alone, with `diagonal`. */
static void residual(const double *a, size_t n, const double *diagonal, const double *x,
                     const double *r, double *b)
{
    for (size_t i = 0; i < n; i++) {
        double sum = r[i] - diagonal[i] * x[i];
        for (size_t j = 0; j < n; j++) {
            if (j != i)
                sum -= x[j] * (j > i ? a[j * n + i] : a[i * n + j]);
        }
        b[i] = sum;
    }
}

/* Solves with the factor, and once more for what the rounding of the roots left over: the usual
 * iterative refinement (Golub & Van Loan, section 3.5.3), after which 2·x = 8 gives 4 and not
 * 3.9999999999999991. */
static enum err_code refined_solve(const double *a, size_t n, const double *diagonal, double *b,
                                   struct arena *scratch, struct err *err)
{
    double *given = arena_memdup(scratch, b, n * sizeof *b);
    double *x = arena_alloc(scratch, n * sizeof *x);
    if (!given || !x)
        return err_add(err, ERR_MEMORY, NULL, "no memory to solve for the step");
    enum err_code code = cholesky_solve(a, n, b, err);
    if (code != ERR_OK)
        return code;
    memcpy(x, b, n * sizeof *x);
    residual(a, n, diagonal, x, given, b);
    code = cholesky_solve(a, n, b, err);
    for (size_t i = 0; i < n; i++)
        b[i] += x[i];
    return code;
}

static double *diagonal_of(const double *a, size_t n, struct arena *scratch, struct err *err)
{
    double *diagonal = arena_alloc(scratch, n * sizeof *diagonal);
    for (size_t i = 0; diagonal && i < n; i++)
        diagonal[i] = a[i * n + i];
    if (!diagonal)
        err_add(err, ERR_MEMORY, NULL, "no memory to factor the Hessian");
    return diagonal;
}

/* The first multiple of I to try for a matrix whose smallest diagonal entry is `low`. */
static double first_shift(double low, double least)
{
    return low > 0 ? 0.0 : least - low;
}

static double lowest(const double *d, size_t n)
{
    double low = INFINITY;
    for (size_t i = 0; i < n; i++)
        low = fmin(low, d[i]);
    return low;
}

static double least_shift(double scale)
{
    return scale > 0 ? regularize_least * scale : regularize_least;
}

static enum err_code solve_regularized(double *a, size_t n, double *b, struct arena *scratch,
                                       struct err *err)
{
    double *diagonal = diagonal_of(a, n, scratch, err);
    if (!diagonal)
        return ERR_MEMORY;
    double least = least_shift(largest(a, n * n));
    double shift = first_shift(lowest(diagonal, n), least);
    while (true) {
        add_identity(a, n, shift);
        double *shifted = diagonal_of(a, n, scratch, err);
        lapack_int info = shifted ? cholesky(a, n) : LAPACK_WORK_MEMORY_ERROR;
        if (info < 0)
            return lapack_fault(info, err);
        if (info == 0)
            return refined_solve(a, n, shifted, b, scratch, err);
        restore(a, n, diagonal);
        shift = fmax(2 * shift, least);
    }
}

static enum err_code solve_absolute(double *a, size_t n, double damping, double *b,
                                    struct arena *scratch, struct err *err)
{
    double *values = arena_alloc(scratch, n * sizeof *values);
    double *along = arena_zalloc(scratch, n, sizeof *along);
    if (!values || !along)
        return err_add(err, ERR_MEMORY, NULL, "no memory to factor the Hessian");
    lapack_int info =
        LAPACKE_dsyevd(LAPACK_COL_MAJOR, 'V', 'L', (lapack_int)n, a, (lapack_int)n, values);
    if (info < 0)
        return lapack_fault(info, err);
    if (info > 0)
        return err_add(err, ERR_INDEFINITE, "#/hessian", "its eigenvalues were not found");
    double tiny = (double)n * 0x1p-52 * (largest(values, n) + damping);
    for (size_t k = 0; k < n; k++) { /* column k is the eigenvector of values[k] */
        double size = fabs(values[k]) + damping;
        if (size <= tiny)
            return singular(err, "#/hessian");
        for (size_t i = 0; i < n; i++)
            along[k] += a[k * n + i] * b[i];
        along[k] /= size;
    }
    memset(b, 0, n * sizeof *b);
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < n; i++)
            b[i] += along[k] * a[k * n + i];
    }
    return ERR_OK;
}

static enum err_code solve_raw(double *a, size_t n, double *b, struct arena *scratch,
                               struct err *err)
{
    lapack_int order = (lapack_int)n;
    lapack_int *pivots = arena_alloc(scratch, n * sizeof *pivots);
    if (!pivots)
        return err_add(err, ERR_MEMORY, NULL, "no memory to factor the Hessian");
    lapack_int info = LAPACKE_dsysv(LAPACK_COL_MAJOR, 'L', order, 1, a, order, pivots, b, order);
    if (info < 0)
        return lapack_fault(info, err);
    return info == 0 ? ERR_OK : singular(err, "#/hessian");
}

static enum err_code solve_definite(double *a, size_t n, double *b, struct arena *scratch,
                                    struct err *err)
{
    double *diagonal = diagonal_of(a, n, scratch, err);
    if (!diagonal)
        return ERR_MEMORY;
    lapack_int info = cholesky(a, n);
    if (info < 0)
        return lapack_fault(info, err);
    if (info > 0)
        return refuse(err, "#/hessian", (size_t)info - 1);
    return refined_solve(a, n, diagonal, b, scratch, err);
}

static bool all_finite(const double *x, size_t count)
{
    bool finite = true;
    for (size_t i = 0; i < count; i++)
        finite = finite && isfinite(x[i]);
    return finite;
}

enum err_code symmetric_solve(double *a, size_t n, double damping, enum indefinite how, double *b,
                              struct arena *scratch, struct err *err)
{
    if (n > INT32_MAX)
        abort();                                      /* such a matrix fits no memory */
    if (!all_finite(a, n * n) || !all_finite(b, n)) { /* LAPACKE would take it for a fault */
        for (size_t i = 0; i < n; i++)
            b[i] = NAN;
        return ERR_OK;
    }
    if (n == 0)
        return ERR_OK;
    if (how == INDEFINITE_ABSOLUTE)
        return solve_absolute(a, n, damping, b, scratch, err);
    add_identity(a, n, damping);
    if (how == INDEFINITE_REGULARIZE)
        return solve_regularized(a, n, b, scratch, err);
    if (how == INDEFINITE_RAW)
        return solve_raw(a, n, b, scratch, err);
    return solve_definite(a, n, b, scratch, err);
}

/* What the eigenvalue d + damping is taken for. */
static double diagonal_value(double d, double damping, double shift, enum indefinite how)
{
    return how == INDEFINITE_ABSOLUTE ? fabs(d) + damping : d + damping + shift;
}

/* The multiple of I that algorithm 3.3 ends with, which a diagonal tells at once. */
static double diagonal_shift(const double *d, size_t n, double damping)
{
    double low = lowest(d, n) + damping, least = 0;
    for (size_t i = 0; i < n; i++)
        least = fmax(least, fabs(d[i] + damping));
    return first_shift(low, least_shift(least));
}

enum err_code diagonal_solve(const double *d, size_t n, double damping, enum indefinite how,
                             double *b, struct err *err)
{
    const char *pointer = "#/hessian_diagonal";
    double shift = how == INDEFINITE_REGULARIZE ? diagonal_shift(d, n, damping) : 0.0;
    for (size_t i = 0; i < n; i++) {
        double x = diagonal_value(d[i], damping, shift, how);
        if (how == INDEFINITE_REFUSE && !(x > 0))
            return refuse(err, pointer, i);
        if (x == 0)
            return singular(err, pointer);
        b[i] /= x;
    }
    return ERR_OK;
}

/* ---- extreme eigenvalues ------------------------------------------------------------------ */

enum { EXACT_MAX = 512 };

static void gershgorin(const double *a, size_t n, double *ret_least, double *ret_largest)
{
    *ret_least = INFINITY;
    *ret_largest = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        double radius = 0;
        for (size_t j = 0; j < n; j++)
            radius += j == i ? 0 : fabs(a[i * n + j]);
        *ret_least = fmin(*ret_least, a[i * n + i] - radius);
        *ret_largest = fmax(*ret_largest, a[i * n + i] + radius);
    }
}

enum err_code symmetric_extremes(const double *a, size_t n, double *ret_least, double *ret_largest,
                                 struct arena *scratch, struct err *err)
{
    if (n > EXACT_MAX || !all_finite(a, n * n)) {
        gershgorin(a, n, ret_least, ret_largest);
        return ERR_OK;
    }
    double *copy = arena_memdup(scratch, a, n * n * sizeof *a);
    double *values = arena_alloc(scratch, n * sizeof *values);
    if (!copy || !values)
        return err_add(err, ERR_MEMORY, NULL, "no memory for eigenvalues");
    lapack_int info =
        LAPACKE_dsyev(LAPACK_COL_MAJOR, 'N', 'U', (lapack_int)n, copy, (lapack_int)n, values);
    if (info < 0)
        return lapack_fault(info, err);
    if (info > 0) { /* it did not converge: bounds are true all the same */
        gershgorin(a, n, ret_least, ret_largest);
        return ERR_OK;
    }
    *ret_least = values[0];
    *ret_largest = values[n - 1];
    return ERR_OK;
}

bool symmetric_largest(double *a, size_t n, double *values, double *ret_largest)
{
    *ret_largest = NAN;
    if (n == 0 || !all_finite(a, n * n))
        return true;
    lapack_int info =
        LAPACKE_dsyev(LAPACK_COL_MAJOR, 'N', 'U', (lapack_int)n, a, (lapack_int)n, values);
    if (info == 0)
        *ret_largest = values[n - 1];
    return info >= 0;
}

/* ---- powers ------------------------------------------------------------------------------- */

/* The sum of value[k]·u_k·u_kᵀ over the eigenvectors u_k, column k of `vectors`. */
static void compose(const double *vectors, const double *values, size_t n, double *ret)
{
    memset(ret, 0, n * n * sizeof *ret);
    for (size_t k = 0; k < n; k++) {
        const double *u = vectors + k * n;
        for (size_t i = 0; i < n; i++) {
            double x = values[k] * u[i];
            for (size_t j = 0; j < n; j++)
                ret[i * n + j] += x * u[j];
        }
    }
}

enum err_code symmetric_power(double *a, size_t n, double exponent, double least, double *ret_power,
                              struct arena *scratch, struct err *err)
{
    double *values = arena_zalloc(scratch, n ? n : 1, sizeof *values);
    if (!values)
        return err_add(err, ERR_MEMORY, NULL, "no memory for eigenvalues");
    bool finite = all_finite(a, n * n);
    lapack_int order = (lapack_int)n, info = 0;
    if (finite && n > 0)
        info = LAPACKE_dsyev(LAPACK_COL_MAJOR, 'V', 'L', order, a, order, values);
    if (info < 0)
        return lapack_fault(info, err);
    if (!finite || info > 0) { /* or it did not converge */
        for (size_t i = 0; i < n * n; i++)
            ret_power[i] = NAN;
        return ERR_OK;
    }
    for (size_t k = 0; k < n; k++)
        values[k] = power_real(fmax(values[k], least), exponent);
    compose(a, values, n, ret_power);
    return ERR_OK;
}
