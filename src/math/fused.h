/* One pass: a step that is measured while it is made.
 *
 * Problem: the driver (run.c) measures a tile before and after the kernel, which costs more than a
 * simple kernel does, and memory waits meanwhile. Design: a kernel may offer to take over, number
 * by number: it keeps the old w, and adds g², the square of the move and, where state may leave its
 * range unseen, an alarm (0·x, which is NaN where x is not finite) to its lanes. Number i of a tile
 * goes to lane i mod VECTOR_LANES, as in vector.c, so that norms have the same bits in every
 * instruction set. Inlined into each kernel.
 *
 * Float32: to widen three numbers for each parameter would cost more than its step. Squares are
 * therefore added in float32 over a strip, 16 to a lane, and the strips in double: a norm is right
 * to 1e-6, and sums that float32 cannot hold are measured again by the driver. */
#ifndef STEPD_MATH_FUSED_H
#define STEPD_MATH_FUSED_H

#include "math/vector.h"

#include <float.h>
#include <math.h>
#include <string.h>

enum { FUSED_TILE = 1024, FUSED_STRIP = 256 };
_Static_assert(FUSED_TILE % FUSED_STRIP == 0 && FUSED_STRIP % VECTOR_LANES == 0,
               "a strip starts at lane 0");

/* What a tile's step leaves for the driver. */
struct measure {
    double gradient[VECTOR_LANES]; /* Σ g² */
    double update[VECTOR_LANES];   /* Σ (w - old)², NaN where w or a slot is not finite */
    /* The parameters before it, in the dtype of the block. */
    union {
        double old[FUSED_TILE];
        float old_single[FUSED_TILE];
    };
};

/* A function whose arrays do not overlap, as its restrict arguments say: gcc forgets that of one
 * that it inlines, and would compare the addresses every 16 numbers. */
#define FUSED_APART static __attribute__((noinline)) void

/* What the loop comes to FUSED_AHEAD bytes later is asked of the memory early: a page begins every
 * few hundred numbers, in each array another one, and there the processor's own foresight ends.
 * Measured by tests/bench/run kernels: Zen 3 wants a long lead. Of those with AVX-512 Zen 4 was
 * there to be measured, and loses by it: 1.37 ns a parameter of adam with 1,024, 1.23 with 256. */
#ifdef __AVX512F__
enum { FUSED_AHEAD = 256 };
#else
enum { FUSED_AHEAD = 1024 };
#endif
enum { FUSED_LINE = 64 };

static inline __attribute__((always_inline)) void fused_ask(const void *at, size_t width)
{
    for (size_t i = 0; i < VECTOR_LANES * width; i += FUSED_LINE)
        __builtin_prefetch((const char *)at + FUSED_AHEAD + i);
}

/* Of array `x` in a FUSED_LOOP that is at `i`. */
#define FUSED_ASK(x, i) fused_ask((x) + (i), sizeof *(x))

/* Does the statements for each i from `from` on and below `to`, with k the lane of i, and `ask`
 * every VECTOR_LANES numbers. The first loop is the one that is compiled to vectors: its inner
 * count is fixed. */
#define FUSED_LOOP(i, k, from, to, ask, ...)                                                       \
    do {                                                                                           \
        size_t fused = (from);                                                                     \
        for (; fused + VECTOR_LANES <= (to); fused += VECTOR_LANES) {                              \
            {                                                                                      \
                const size_t i = fused;                                                            \
                ask;                                                                               \
            }                                                                                      \
            for (size_t k = 0; k < VECTOR_LANES; k++) {                                            \
                const size_t i = fused + k;                                                        \
                __VA_ARGS__                                                                        \
            }                                                                                      \
        }                                                                                          \
        for (size_t k = 0; fused < (to); fused++, k++) {                                           \
            const size_t i = fused;                                                                \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    } while (0)

/* The sums of a loop; its own, so that they stay in registers. */
struct lanes {
    double gradient[VECTOR_LANES], update[VECTOR_LANES];
};

/* Where state cannot leave the range of its dtype unless g² or the move does. */
static inline void lanes_add(struct lanes *x, size_t k, double g, double move)
{
    x->gradient[k] += g * g;
    x->update[k] += move * move;
}

/* `alarm`: 0·x, x being the number of state, or the sum of several: where that is too large, the
 * tile is measured again. */
static inline void lanes_add_alarm(struct lanes *x, size_t k, double g, double move, double alarm)
{
    x->gradient[k] += g * g;
    x->update[k] += move * move + alarm;
}

/* ---- float32 -------------------------------------------------------------------------------- */

/* The sums of a strip. */
struct lanes_single {
    float gradient[VECTOR_LANES], update[VECTOR_LANES];
};

static inline void lanes_add_single(struct lanes_single *x, size_t k, float g, float move)
{
    x->gradient[k] += g * g;
    x->update[k] += move * move;
}

static inline void lanes_add_single_alarm(struct lanes_single *x, size_t k, float g, float move,
                                          float alarm)
{
    x->gradient[k] += g * g;
    x->update[k] += move * move + alarm;
}

static inline void lanes_add_strip(struct lanes *to, const struct lanes_single *x)
{
    for (size_t k = 0; k < VECTOR_LANES; k++) {
        to->gradient[k] += (double)x->gradient[k];
        to->update[k] += (double)x->update[k];
    }
}

static inline size_t strip_end(size_t from, size_t n)
{
    return n - from < FUSED_STRIP ? n : from + FUSED_STRIP;
}

/* Whether a coefficient has room in float32. */
static inline bool in_single(double x)
{
    return fabs(x) <= FLT_MAX;
}

/* Whether a number that keeps a divisor from being 0 still does in float32. */
static inline bool guards_single(double eps)
{
    return eps >= FLT_MIN && eps <= FLT_MAX;
}

/* ---------------------------------------------------------------------------------------------- */

static inline void lanes_leave(const struct lanes *x, struct measure *ret)
{
    memcpy(ret->gradient, x->gradient, sizeof ret->gradient);
    memcpy(ret->update, x->update, sizeof ret->update);
}

#endif
