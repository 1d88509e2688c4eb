/* Compiled once per instruction set; see vector.h. The lanes are spelled out as vectors of the
 * widest register, since a compiler may not reorder a sum by itself. */
#include "math/vector.h"
#include "math/optim.h"

#include <math.h>
#include <string.h>

#if defined(__AVX512F__)
enum { WIDTH = 8 };
#elif defined(__AVX__)
enum { WIDTH = 4 };
#else
enum { WIDTH = 2 };
#endif
enum { PARTS = VECTOR_LANES / WIDTH };

typedef double vec __attribute__((vector_size(WIDTH * 8)));

/* An unaligned load, by memcpy, which compiles to one instruction. */
static inline vec load(const double *x)
{
    vec v;
    memcpy(&v, x, sizeof v);
    return v;
}

static double before(const double *w, double *restrict old, const double *g, size_t n)
{
    vec sum[PARTS] = {0};
    double lane[VECTOR_LANES];
    size_t i = 0;
    for (; i + VECTOR_LANES <= n; i += VECTOR_LANES) {
        for (int p = 0; p < PARTS; p++) {
            vec x = load(g + i + p * WIDTH), y = load(w + i + p * WIDTH);
            memcpy(old + i + p * WIDTH, &y, sizeof y);
            sum[p] += x * x;
        }
    }
    memcpy(lane, sum, sizeof lane);
    for (size_t k = 0; i < n; i++, k++) {
        old[i] = w[i];
        lane[k] += g[i] * g[i];
    }
    return vector_add_lanes(lane);
}

/* 0·x is 0 for every finite x and NaN for the others, and so adds nothing but the alarm. */
static inline __attribute__((always_inline)) double
after_count(const double *w, const double *old, double *const *arrays, int count, size_t n)
{
    vec sum[PARTS] = {0};
    double lane[VECTOR_LANES];
    size_t i = 0;
    for (; i + VECTOR_LANES <= n; i += VECTOR_LANES) {
        for (int p = 0; p < PARTS; p++) {
            vec d = load(w + i + p * WIDTH) - load(old + i + p * WIDTH), term = d * d;
            for (int k = 0; k < count; k++)
                term += load(arrays[k] + i + p * WIDTH) * 0.0;
            sum[p] += term;
        }
    }
    memcpy(lane, sum, sizeof lane);
    for (size_t k = 0; i < n; i++, k++) {
        double d = w[i] - old[i], term = d * d;
        for (int j = 0; j < count; j++)
            term += arrays[j][i] * 0.0;
        lane[k] += term;
    }
    return vector_add_lanes(lane);
}

static double after(const double *w, const double *old, double *const *arrays, int count, size_t n)
{
    switch (count) { /* few arrays: the compiler keeps their addresses in registers */
    case 0:
        return after_count(w, old, arrays, 0, n);
    case 1:
        return after_count(w, old, arrays, 1, n);
    case 2:
        return after_count(w, old, arrays, 2, n);
    case 3:
        return after_count(w, old, arrays, 3, n);
    default:
        return after_count(w, old, arrays, count, n);
    }
}

static double squares(const double *x, double scale, size_t n)
{
    double lane[VECTOR_LANES] = {0};
    for (size_t i = 0; i < n; i++)
        lane[i % VECTOR_LANES] += scale * x[i] * (scale * x[i]);
    return vector_add_lanes(lane);
}

static double difference(const double *x, const double *old, double scale, size_t n)
{
    double lane[VECTOR_LANES] = {0};
    for (size_t i = 0; i < n; i++) {
        double d = scale * (x[i] - old[i]);
        lane[i % VECTOR_LANES] += d * d;
    }
    return vector_add_lanes(lane);
}

/* Adds 0·x, which is NaN where x is not finite, to VECTOR_LANES sums: one alone would wait for
 * itself at every number, and a truth value for each number is not compiled to vectors. */
#define FINITE(name, real)                                                                         \
    static bool name(const real *x, size_t n)                                                      \
    {                                                                                              \
        real lane[VECTOR_LANES] = {0}, sum = 0;                                                    \
        size_t i = 0;                                                                              \
        for (; i + VECTOR_LANES <= n; i += VECTOR_LANES) {                                         \
            for (size_t k = 0; k < VECTOR_LANES; k++)                                              \
                lane[k] += 0 * x[i + k];                                                           \
        }                                                                                          \
        for (; i < n; i++)                                                                         \
            sum += 0 * x[i];                                                                       \
        for (size_t k = 0; k < VECTOR_LANES; k++)                                                  \
            sum += lane[k];                                                                        \
        return sum == 0;                                                                           \
    }

FINITE(finite_all, double)
FINITE(finite_single, float)

static void round_all(const double *restrict from, float *restrict to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (float)from[i];
}

static void widen(const float *restrict from, double *restrict to, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (double)from[i];
}

static void narrow(double *restrict from, float *restrict to, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = (float)from[i];
        from[i] = (double)to[i];
    }
}

const struct vector_ops OPTIM_PASTE(vector_ops, OPTIM_ISA, ) = {
    .before = before,
    .after = after,
    .squares = squares,
    .difference = difference,
    .finite = finite_all,
    .finite_single = finite_single,
    .round = round_all,
    .widen = widen,
    .narrow = narrow,
};
