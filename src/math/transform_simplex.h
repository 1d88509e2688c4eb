/* The nearest point of a simplex: what project_simplex and project_l1_ball share.
 *
 * For x and a positive scale c it is max(x - θ, 0), with the θ that makes the sum c: the numbers
 * are sorted downward, and θ comes from the largest prefix whose last number stays above it (Duchi,
 * Shalev-Shwartz, Singer & Chandra, Efficient Projections onto the l1-Ball, 2008). */
#ifndef STEPD_MATH_TRANSFORM_SIMPLEX_H
#define STEPD_MATH_TRANSFORM_SIMPLEX_H

#include "math/transform_parts.h"

#include <stdlib.h>

static int simplex_downward(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* θ of n numbers, which are sorted on the way; NaN where one of them is, which has no order. */
static inline double simplex_threshold(double *x, size_t n, double scale)
{
    double sum = 0, theta = 0;
    for (size_t i = 0; i < n; i++)
        sum += x[i];
    if (isnan(sum))
        return sum;
    sum = 0;
    qsort(x, n, sizeof *x, simplex_downward);
    for (size_t i = 0; i < n; i++) {
        sum += x[i];
        double candidate = (sum - scale) / (double)(i + 1);
        if (x[i] - candidate <= 0)
            break;
        theta = candidate;
    }
    return theta;
}

/* The chosen numbers of w one after the other, in the scratch arena. */
static inline double *simplex_gather(const struct transform_step *s, size_t *ret_n, struct err *err)
{
    double *x = arena_alloc(s->scratch, s->n * sizeof *x);
    size_t n = 0;
    if (!x)
        err_add(err, ERR_MEMORY, "", "no memory for a projection of %zu parameters", s->n);
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = 0; x && i < t->count; i++)
                x[n++] = s->w[t->offset + i];
        }
    *ret_n = n;
    return x;
}

#endif
