/* Symmetric matrices: linear systems A x = b for Newton's method, where A is a Hessian that may
 * fail to be positive definite, and powers for Shampoo.
 *
 * Matrices are n×n and symmetric, so that row-major and column-major are the same; both halves are
 * filled in. Solved by LAPACK: Cholesky (dpotrf), Bunch-Kaufman (dsysv), eigenvectors (dsyevd). The
 * last bits of a solution therefore depend on the BLAS that is installed, unlike those of any other
 * optimizer. Pure; any thread. O(n³) time; `scratch` holds n² numbers or less besides A. */
#ifndef STEPD_MATH_SYMMETRIC_H
#define STEPD_MATH_SYMMETRIC_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* What to do with a matrix A + damping·I that is not positive definite. */
enum indefinite {
    INDEFINITE_REFUSE,     /* ERR_INDEFINITE */
    INDEFINITE_REGULARIZE, /* add the least multiple of I found that makes it so */
    INDEFINITE_ABSOLUTE,   /* |A| + damping·I, with the eigenvalues' absolute values */
    INDEFINITE_RAW         /* solve as it is: the step may lead to a saddle or a maximum */
};

/* Copies `a` into ret_matrix, averaged with its transpose. ERR_VALIDATION where two opposite
 * entries differ by more than 1e-6 of the largest entry: more than differences of gradients leave,
 * so most likely a mistake. The pointer is that of the entry, "#/hessian/i/j". */
enum err_code symmetric_copy(const double *a, size_t n, double *ret_matrix, struct err *err);

/* Solves (A + damping·I) x = b in place of `b`. `a` is overwritten. Numbers that are not finite
 * give NaN. ERR_INDEFINITE, ERR_MEMORY. */
enum err_code symmetric_solve(double *a, size_t n, double damping, enum indefinite how, double *b,
                              struct arena *scratch, struct err *err);

/* The same for a diagonal matrix with entries `d`, which is not changed. */
enum err_code diagonal_solve(const double *d, size_t n, double damping, enum indefinite how,
                             double *b, struct err *err);

/* The least and the largest eigenvalue of `a`, which is not changed. Beyond 512 rows bounds of them
 * by Gershgorin's discs, in O(n²) time. ERR_MEMORY. */
enum err_code symmetric_extremes(const double *a, size_t n, double *ret_least, double *ret_largest,
                                 struct arena *scratch, struct err *err);

/* The largest eigenvalue of `a`, however many rows it has; `a` is overwritten, `values` has room
 * for n numbers. NaN where a number is not finite. false: no memory. */
bool symmetric_largest(double *a, size_t n, double *values, double *ret_largest);

/* Puts A^exponent into ret_power, by eigenvectors; eigenvalues below `least` are taken for it,
 * which they must exceed but for rounding. `a` is overwritten. Numbers that are not finite give
 * NaN. ERR_MEMORY. */
enum err_code symmetric_power(double *a, size_t n, double exponent, double least, double *ret_power,
                              struct arena *scratch, struct err *err);

#endif
