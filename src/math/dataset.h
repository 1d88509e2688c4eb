/* Data sets: a matrix of features, a target for each row, and which rows a step looks at.
 *
 * Two sets are compiled in; the build makes them of the CSV files in math/data/, where adding one
 * is adding a file (two comment lines, title and text; a line of names; rows whose last number is
 * the target). Those that a client sends have the same form. All numbers are double. Pure; any
 * thread. */
#ifndef STEPD_MATH_DATASET_H
#define STEPD_MATH_DATASET_H

#include "math/random.h"

#include <stddef.h>
#include <stdint.h>

/* The most numbers of one set, targets counted. */
enum { DATASET_NUMBERS = 1000000 };

struct dataset {
    const char *name;         /* "iris"; NULL: sent by a client */
    const char *title, *doc;  /* NULL: sent by a client */
    size_t rows, columns;     /* samples, features */
    const double *x;          /* rows × columns, row-major */
    const double *y;          /* rows */
    const char *const *names; /* of the columns, then of the target; NULL: sent by a client */
};

/* The built-in ones, sorted by name. */
int dataset_count(void);
const struct dataset *dataset_at(int i);
const struct dataset *dataset_find(const char *name); /* NULL: unknown */

/* Writes x with each column brought to mean 0 and variance 1 (over the rows, not rows - 1) to
 * `ret_x`; a column without variance becomes 0. */
void dataset_standardize(const double *x, size_t rows, size_t columns, double *ret_x);

/* How steps take their samples: batches of an order that is shuffled anew for each epoch, without
 * replacement within one. The last batch of an epoch is smaller where the rows do not divide. */
struct sampling {
    size_t batch_size; /* 1 … rows; 0: all rows, in their order */
    uint64_t seed;
};

/* The rows that step `step` (from 1) looks at, in their order; `ret_rows` has room for them.
 * Returns their number. Depends on seed, step, batch_size and `rows` alone. */
size_t sampling_rows(const struct sampling *s, size_t rows, uint64_t step, size_t *ret_rows);

#endif
