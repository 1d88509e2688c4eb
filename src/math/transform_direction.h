/* A direction among the parameters: what project_sum and project_equal share.
 *
 * The client may give it, one number for each that the transform acts on, in the session's order;
 * without it, it is all ones. */
#ifndef STEPD_MATH_TRANSFORM_DIRECTION_H
#define STEPD_MATH_TRANSFORM_DIRECTION_H

#include "math/transform_parts.h"

#include <float.h>

/* x·a over the chosen numbers of x; |a|² where x is NULL. */
static inline double direction_dot(const struct transform_step *s, const struct hyper_list *a,
                                   const double *x)
{
    double sum = 0;
    size_t k = 0;
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++, k++) {
                double one = a->count ? a->data[k] : 1;
                sum += one * (x ? x[i] : one);
            }
        }
    return sum;
}

/* The chosen parameters become keep·w + by·a. */
static inline void direction_move(struct transform_step *s, const struct hyper_list *a, bool keep,
                                  double by)
{
    size_t k = 0;
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++, k++)
                s->w[i] = (keep ? s->w[i] : 0) + by * (a->count ? a->data[k] : 1);
        }
}

/* Row `row` of a link: as many numbers as are chosen, and a length that a double can hold. */
static inline enum err_code direction_check(const struct transform_link *link, int row, size_t n,
                                            const char *prefix, struct err *err)
{
    const char *name = link->transform->hypers[row].name;
    const struct hyper_list *a = &link->list[row];
    enum err_code code = check_length(link, row, n, prefix, err);
    if (code || link->h[row] == HYPER_NONE)
        return code;
    double squares = reduce_squares(a->data, n);
    if (squares >= DBL_MIN && squares <= DBL_MAX)
        return ERR_OK;
    if (span_largest(a->data, n) == 0)
        return hyper_refuse(prefix, name, err, "all of %s is 0: that is no direction", name);
    return hyper_refuse(prefix, name, err, "the squares of %s leave the range of a double", name);
}

#endif
