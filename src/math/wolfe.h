/* A line search for the strong Wolfe conditions that asks and is told.
 *
 * Problem: a line search wants loss and gradient at points of its own choosing, and a server cannot
 * call back. Design: the search is a state that lies between two steps. `t` is where it wants to
 * look next; whoever leads it answers with loss, slope and gradient there (wolfe_tell), until it
 * has accepted a point. The rule is that of torch.optim.lbfgs._strong_wolfe: first a bracket is
 * sought by cubic extrapolation, at most tenfold at once, then it is narrowed by cubic
 * interpolation. Where torch's interpolation is not a number the middle is taken.
 * Source: Nocedal & Wright, Numerical Optimization, 2nd edition, 2006, algorithms 3.5 and 3.6. */
#ifndef STEPD_MATH_WOLFE_H
#define STEPD_MATH_WOLFE_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/* Sufficient decrease, and the smallest bracket, measured along the direction. */
#define WOLFE_C1    1e-4
#define WOLFE_SMALL 1e-9

struct wolfe {
    double t;                     /* the step length looked at */
    double f0, slope0;            /* at length 0 */
    double c2;                    /* ends where the slope is at most this part of slope0 */
    double at[2], f[2], slope[2]; /* ends of the bracket; while there is none, [0] is the last */
    double *gradient[2];          /* there */
    const double *gradient0;      /* at length 0 */
    double size;                  /* largest number of the direction, without its sign */
    int tried, limit;             /* lengths tried after the first */
    bool zoom, insufficient;      /* there is a bracket; it has last shrunk too little */
};

/* Minimum of the cubic through two points with their slopes, held to [low, high]. */
static inline double wolfe_cubic(const double *at, const double *f, const double *slope, double low,
                                 double high)
{
    double d1 = slope[0] + slope[1] - 3 * (f[0] - f[1]) / (at[0] - at[1]);
    double square = d1 * d1 - slope[0] * slope[1];
    if (!(square >= 0))
        return (low + high) / 2.0;
    int a = at[0] <= at[1] ? 0 : 1, b = 1 - a;
    double d2 = sqrt(square);
    double x = at[b] - (at[b] - at[a]) * ((slope[b] + d2 - d1) / (slope[b] - slope[a] + 2 * d2));
    if (isnan(x))
        return (low + high) / 2.0;
    x = x > low ? x : low;
    return x < high ? x : high;
}

static inline int wolfe_low(const struct wolfe *k)
{
    return k->f[0] <= k->f[1] ? 0 : 1;
}

static inline void wolfe_keep(struct wolfe *k, int end, double f, double slope, const double *g,
                              size_t n)
{
    k->at[end] = k->t;
    k->f[end] = f;
    k->slope[end] = slope;
    memcpy(k->gradient[end], g, n * sizeof *g);
}

/* Ends the search at the lower end of the bracket: its gradient comes into g. */
static inline bool wolfe_end(struct wolfe *k, double *f, double *g, size_t n)
{
    int low = wolfe_low(k);
    k->t = k->at[low];
    *f = k->f[low];
    memcpy(g, k->gradient[low], n * sizeof *g);
    return true;
}

/* Chooses the next length inside of the bracket; true: it is too small, the search has ended. */
static inline bool wolfe_narrow(struct wolfe *k, double *f, double *g, size_t n)
{
    double low = fmin(k->at[0], k->at[1]), high = fmax(k->at[0], k->at[1]);
    double margin = 0.1 * (high - low);
    if (k->tried >= k->limit || (high - low) * k->size < WOLFE_SMALL)
        return wolfe_end(k, f, g, n);
    k->t = wolfe_cubic(k->at, k->f, k->slope, low, high);
    bool near = fmin(high - k->t, k->t - low) < margin;
    if (near && (k->insufficient || k->t >= high || k->t <= low)) {
        k->t = fabs(k->t - high) < fabs(k->t - low) ? high - margin : low + margin;
        near = false;
    }
    k->insufficient = near;
    return false;
}

/* Before there is a bracket. */
static inline bool wolfe_seek(struct wolfe *k, double *f, double slope, double *g, size_t n)
{
    bool high = *f > k->f0 + WOLFE_C1 * k->t * k->slope0 || (k->tried > 1 && *f >= k->f[0]);
    if (k->tried >= k->limit) { /* of length 0 and this one, the lower */
        k->at[0] = 0;
        k->f[0] = k->f0;
        memcpy(k->gradient[0], k->gradient0, n * sizeof *g);
        wolfe_keep(k, 1, *f, slope, g, n);
        return wolfe_end(k, f, g, n);
    }
    if (!high && fabs(slope) <= -k->c2 * k->slope0)
        return true;
    wolfe_keep(k, 1, *f, slope, g, n);
    if (high || slope >= 0) {
        k->zoom = true;
        return wolfe_narrow(k, f, g, n);
    }
    double t = wolfe_cubic(k->at, k->f, k->slope, k->t + 0.01 * (k->t - k->at[0]), k->t * 10);
    wolfe_keep(k, 0, *f, slope, g, n);
    k->t = t;
    k->tried++;
    return false;
}

static inline bool wolfe_shrink(struct wolfe *k, double *f, double slope, double *g, size_t n)
{
    int low = wolfe_low(k), high = 1 - low;
    k->tried++;
    if (*f > k->f0 + WOLFE_C1 * k->t * k->slope0 || *f >= k->f[low]) {
        wolfe_keep(k, high, *f, slope, g, n);
        return wolfe_narrow(k, f, g, n);
    }
    if (fabs(slope) <= -k->c2 * k->slope0)
        return true;
    if (slope * (k->at[high] - k->at[low]) >= 0) {
        k->at[high] = k->at[low];
        k->f[high] = k->f[low];
        k->slope[high] = k->slope[low];
        memcpy(k->gradient[high], k->gradient[low], n * sizeof *g);
    }
    wolfe_keep(k, low, *f, slope, g, n);
    return wolfe_narrow(k, f, g, n);
}

/* Tells loss, slope along the direction, and gradient at length k->t. true: the search has ended;
 * then k->t, *f and g are those of the accepted point. false: it wants to look at k->t. */
static inline bool wolfe_tell(struct wolfe *k, double *f, double slope, double *g, size_t n)
{
    return k->zoom ? wolfe_shrink(k, f, slope, g, n) : wolfe_seek(k, f, slope, g, n);
}

#endif
