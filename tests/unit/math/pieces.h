/* Blocks of every length that the driver cuts in its own way, and numbers to fill them. */
#ifndef TESTS_MATH_PIECES_H
#define TESTS_MATH_PIECES_H

#include "fixture.h"

#include <math.h>

/* About the lanes, a strip, a tile, and a tile of one pass. */
static const size_t sizes[] = {1, 2, 7, 15, 16, 17, 33, 255, 256, 257, 511, 513, 1037};
enum { SIZES = sizeof sizes / sizeof *sizes };
enum { N_MAX = 1100 };

/* Numbers of many sizes, some of them 0. */
static inline void draw(double *x, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        double size = exp2(30 * fixture_random(&seed));
        double value = size * fixture_random(&seed);
        x[i] = seed % 16 == 0 ? 0.0 : value;
    }
}

#endif
