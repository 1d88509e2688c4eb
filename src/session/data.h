/* Data sets as things that are kept: copies of them, and whether two are the same. Pure but for
 * memory; any thread. */
#ifndef STEPD_SESSION_DATA_H
#define STEPD_SESSION_DATA_H

#include "base/arena.h"
#include "math/dataset.h"

#include <stdbool.h>

enum { DATASET_NAME_LEN = 128 };

/* Whether `name` is 1 to DATASET_NAME_LEN characters of A-Z a-z 0-9 . _ - */
bool dataset_name_good(const char *name);

/* A copy in `a`, without x and y where `numbers` is not set. NULL: no memory. */
struct dataset *dataset_copy(const struct dataset *d, struct arena *a, bool numbers);

/* The same numbers, to the bit, and the same names of columns. */
bool dataset_equal(const struct dataset *x, const struct dataset *y);

#endif
