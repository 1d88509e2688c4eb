/* What the driver does to whole arrays besides the kernel: copies, conversions, sums of squares and
 * the finite check, once per instruction set.
 *
 * Problem: a sum depends on the order of its terms, and a wider vector unit wants another order.
 * Design: every sum has VECTOR_LANES partial sums, number i goes to lane i mod VECTOR_LANES, and
 * the lanes are added in one fixed order; the compiler maps the lanes to registers of any width.
 * Guarantee: the same bits in every instruction set. Pure; any thread. */
#ifndef STEPD_MATH_VECTOR_H
#define STEPD_MATH_VECTOR_H

#include <stdbool.h>
#include <stddef.h>

enum { VECTOR_LANES = 16 };

/* The sum of VECTOR_LANES numbers, in pairs of lanes 8, 4, 2 and 1 apart. Written out: a loop is
 * compiled to a chain of stores and loads, which costs more than the tile it sums. */
static inline double vector_add_lanes(const double *x)
{
    double even = ((x[0] + x[8]) + (x[4] + x[12])) + ((x[2] + x[10]) + (x[6] + x[14]));
    double odd = ((x[1] + x[9]) + (x[5] + x[13])) + ((x[3] + x[11]) + (x[7] + x[15]));
    return even + odd;
}

struct vector_ops {
    /* Before a kernel, in one pass: copies w to old, and returns Σ g[i]². */
    double (*before)(const double *w, double *restrict old, const double *g, size_t n);
    /* After it, in one pass: Σ (w[i] - old[i])², or NaN where one of n numbers of `count` arrays is
     * not finite. */
    double (*after)(const double *w, const double *old, double *const *arrays, int count, size_t n);
    /* Σ (scale·x[i])² and Σ (scale·(x[i] - old[i]))². */
    double (*squares)(const double *x, double scale, size_t n);
    double (*difference)(const double *x, const double *old, double scale, size_t n);
    /* Whether all are finite. Large numbers raise no false alarm. */
    bool (*finite)(const double *x, size_t n);
    bool (*finite_single)(const float *x, size_t n);
    /* To float, as narrow does, from numbers that stay. */
    void (*round)(const double *restrict from, float *restrict to, size_t n);
    void (*widen)(const float *restrict from, double *restrict to, size_t n);
    /* Rounds to float; `from` holds the rounded numbers afterwards. */
    void (*narrow)(double *restrict from, float *restrict to, size_t n);
};

/* Those of the instruction set that optim_select_isa chose. Defined in optim.c. */
const struct vector_ops *vector_ops(void);

#endif
