/* Products of row-major matrices, for kernels that look at tensors as matrices.
 *
 * Every entry is a sum in the order of its terms, without fused multiply-add, so that the bits are
 * the same with every instruction set and every BLAS; a row of the result is made at once, which
 * the compiler spreads over vector registers. Inlined into each kernel. O(rows·inner·columns)
 * time. Matrices that are written must not overlap those that are read. */
#ifndef STEPD_MATH_MATRIX_H
#define STEPD_MATH_MATRIX_H

#include <stddef.h>
#include <string.h>

/* out = a·b, with a of rows × inner and b of inner × columns numbers. */
static inline void matrix_multiply(const double *a, const double *b, double *restrict out,
                                   size_t rows, size_t inner, size_t columns)
{
    for (size_t i = 0; i < rows; i++) {
        double *restrict row = out + i * columns;
        memset(row, 0, columns * sizeof *row);
        for (size_t k = 0; k < inner; k++) {
            const double x = a[i * inner + k], *restrict from = b + k * columns;
            for (size_t j = 0; j < columns; j++)
                row[j] += x * from[j];
        }
    }
}

/* out = aᵀ, with a of rows × columns numbers. */
static inline void matrix_transpose(const double *a, double *restrict out, size_t rows,
                                    size_t columns)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = 0; j < columns; j++)
            out[j * rows + i] = a[i * columns + j];
    }
}

#endif
