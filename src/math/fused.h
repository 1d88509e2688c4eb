/* One pass: a step that is measured while it is made.
 *
 * Problem: the driver (run.c) measures a tile before and after the kernel, which costs more than a
 * simple kernel does, and memory waits meanwhile. Design: a kernel may offer to take over, number
 * by number: it keeps the old w, and adds g², the square of the move and an alarm (0·x, which is
 * NaN where x is not finite) to its lanes. Number i of a tile goes to lane i mod VECTOR_LANES, as
 * in vector.c, so that norms have the same bits in every instruction set. Inlined into each kernel.
 */
#ifndef STEPD_MATH_FUSED_H
#define STEPD_MATH_FUSED_H

#include "math/vector.h"

#include <string.h>

enum { FUSED_TILE = 1024 };

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

/* What the loop comes to FUSED_AHEAD bytes later is asked of the memory early: a page begins every
 * few hundred numbers, in each array another one, and there the processor's own foresight ends. */
enum { FUSED_AHEAD = 1024, FUSED_LINE = 64 };

static inline __attribute__((always_inline)) void fused_ask(const void *at, size_t width)
{
    for (size_t i = 0; i < VECTOR_LANES * width; i += FUSED_LINE)
        __builtin_prefetch((const char *)at + FUSED_AHEAD + i);
}

/* Of array `x` in a FUSED_LOOP that is at `i`. */
#define FUSED_ASK(x, i) fused_ask((x) + (i), sizeof *(x))

/* Does the statements for each i < n, with k the lane of i, and `ask` every VECTOR_LANES numbers.
 * The first loop is the one that is compiled to vectors: its inner count is fixed. */
#define FUSED_LOOP(i, k, n, ask, ...)                                                              \
    do {                                                                                           \
        size_t fused = 0;                                                                          \
        for (; fused + VECTOR_LANES <= (n); fused += VECTOR_LANES) {                               \
            {                                                                                      \
                const size_t i = fused;                                                            \
                ask;                                                                               \
            }                                                                                      \
            for (size_t k = 0; k < VECTOR_LANES; k++) {                                            \
                const size_t i = fused + k;                                                        \
                __VA_ARGS__                                                                        \
            }                                                                                      \
        }                                                                                          \
        for (size_t k = 0; fused < (n); fused++, k++) {                                            \
            const size_t i = fused;                                                                \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    } while (0)

/* The sums of a loop; its own, so that they stay in registers. */
struct lanes {
    double gradient[VECTOR_LANES], update[VECTOR_LANES];
};

/* `alarm`: 0·x, x being the number of state, or the sum of several: where that is too large, the
 * tile is measured again. */
static inline void lanes_add(struct lanes *x, size_t k, double g, double move, double alarm)
{
    x->gradient[k] += g * g;
    x->update[k] += move * move + alarm;
}

static inline void lanes_leave(const struct lanes *x, struct measure *ret)
{
    memcpy(ret->gradient, x->gradient, sizeof ret->gradient);
    memcpy(ret->update, x->update, sizeof ret->update);
}

#endif
