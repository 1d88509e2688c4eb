/* What the files of math/transform/ share: spans of tensors, norms, rows of hyperparameters.
 * Inlined into each. */
#ifndef STEPD_MATH_TRANSFORM_PARTS_H
#define STEPD_MATH_TRANSFORM_PARTS_H

#include "math/reduce.h"
#include "math/rows.h"
#include "math/transform.h"

/* Walks the chosen tensors: `x` is the tensor. */
#define EACH_TENSOR(x, s)                                                                          \
    (const struct tensor *x = (s)->tensors; x < (s)->tensors + (s)->tensor_count; x++)

static inline void span_scale(double *x, double by, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] *= by;
}

/* The larger of two; NaN where one is, which fmax would drop. */
static inline double larger(double a, double b)
{
    return isnan(a) || a > b ? a : b;
}

static inline double span_largest(const double *x, size_t n)
{
    double largest = 0;
    for (size_t i = 0; i < n; i++)
        largest = isnan(x[i]) || fabs(x[i]) > largest ? fabs(x[i]) : largest;
    return largest;
}

static inline bool span_finite(const double *x, size_t n)
{
    double sum = 0; /* 0·x is 0 or NaN */
    for (size_t i = 0; i < n; i++)
        sum += 0.0 * x[i];
    return sum == 0;
}

static inline bool chosen_finite(const struct transform_step *s, const double *x)
{
    for
        EACH_TENSOR(t, s)
        {
            if (!span_finite(x + t->offset, t->count))
                return false;
        }
    return true;
}

/* Σ x² over the chosen tensors. */
static inline double chosen_squares(const struct transform_step *s, const double *x)
{
    double sum = 0;
    for
        EACH_TENSOR(t, s)
    sum += reduce_squares(x + t->offset, t->count);
    return sum;
}

/* The norm of the chosen tensors of x. Where squares leave the range of a double, all is divided by
 * the largest number first: a norm that can be represented is right. */
static inline double chosen_norm(const struct transform_step *s, const double *x)
{
    double sum = chosen_squares(s, x), largest = 0, scaled = 0;
    if ((sum > 0x1p-900 && sum < 0x1p960) || isnan(sum))
        return sqrt(sum);
    for
        EACH_TENSOR(t, s)
    largest = fmax(largest, span_largest(x + t->offset, t->count));
    if (largest == 0 || isinf(largest))
        return largest;
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++)
                scaled += (x[i] / largest) * (x[i] / largest);
        }
    return largest * sqrt(scaled);
}

/* chosen_norm of one tensor. */
static inline double tensor_norm(const struct tensor *t, const double *x)
{
    struct transform_step one = {.tensors = t, .tensor_count = 1};
    return chosen_norm(&one, x);
}

/* Whether list `row` of a link, where it is given, has a number for each that the link acts on. */
static inline enum err_code check_length(const struct transform_link *link, int row, size_t n,
                                         const char *prefix, struct err *err)
{
    const char *name = link->transform->hypers[row].name;
    size_t count = link->list[row].count;
    if (link->h[row] == HYPER_NONE || count == n)
        return ERR_OK;
    return hyper_refuse(prefix, name, err,
                        "%s has a number for each parameter that %s acts on: %zu, given %zu", name,
                        link->transform->name, n, count);
}

/* A list with a number for each that the transform acts on, which may be left out. */
#define ROW_EACH(row_name, row_optax, row_doc)                                                     \
    {                                                                                              \
        .name = row_name, .kind = HYPER_LIST,                                                      \
        .value = {HYPER_NONE, HYPER_NONE, HYPER_NONE, HYPER_NONE},                                 \
        .alias = {NULL, NULL, row_optax, NULL}, .min = -INFINITY, .max = INFINITY, .doc = row_doc  \
    }

/* A positive number without a default. */
#define ROW_POSITIVE(row_name, row_torch, row_keras, row_optax, row_doc)                           \
    {                                                                                              \
        .name = row_name, .kind = HYPER_REAL,                                                      \
        .value = {HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED},                 \
        .alias = {row_torch, row_keras, row_optax, NULL}, .min = 0, .min_open = true,              \
        .max = INFINITY, .doc = row_doc                                                            \
    }

/* A positive number; four defaults. */
#define ROW_POSITIVE_OR(row_name, row_torch, row_keras, row_optax, row_doc, ...)                   \
    {                                                                                              \
        .name = row_name, .kind = HYPER_REAL, .value = {__VA_ARGS__},                              \
        .alias = {row_torch, row_keras, row_optax, NULL}, .min = 0, .min_open = true,              \
        .max = INFINITY, .doc = row_doc                                                            \
    }

/* A whole number of at least `row_min`. */
#define ROW_COUNT(row_name, row_min, row_torch, row_keras, row_optax, row_doc, ...)                \
    {                                                                                              \
        .name = row_name, .kind = HYPER_INTEGER, .value = {__VA_ARGS__},                           \
        .alias = {row_torch, row_keras, row_optax, NULL}, .min = row_min, .max = 0x1p53,           \
        .doc = row_doc                                                                             \
    }

/* A number of at least 0. */
#define ROW_REAL(row_name, row_torch, row_keras, row_optax, row_doc, ...)                          \
    {                                                                                              \
        .name = row_name, .kind = HYPER_REAL, .value = {__VA_ARGS__},                              \
        .alias = {row_torch, row_keras, row_optax, NULL}, .min = 0, .max = INFINITY,               \
        .doc = row_doc                                                                             \
    }

#endif
