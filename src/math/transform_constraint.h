/* Norms of units brought into a range: what max_norm, unit_norm and min_max_norm share.
 *
 * A unit is what lies along `axis` of a tensor, or along the axes from `axis` to `last_axis`: one
 * number of each, all else held fast. For a unit x of norm ‖x‖, with d = min(max(‖x‖, least),
 * most),
 *
 *   x ← x · (rate·d + (1 - rate)·‖x‖) / (‖x‖ + eps)
 *
 * which multiplies by ‖x‖/(‖x‖ + eps) even where the norm is in range, as keras does. A unit of
 * zeros stays as it is. A negative axis counts from the last one; a tensor that has no such axis is
 * left alone. In memory the unit (o, i) of a tensor that is outer × along × inner has the numbers
 * (o·along + k)·inner + i. */
#ifndef STEPD_MATH_TRANSFORM_CONSTRAINT_H
#define STEPD_MATH_TRANSFORM_CONSTRAINT_H

#include "math/transform_parts.h"

#include <string.h>

struct constraint {
    double least, most, rate, eps, axis, last_axis;
    bool spare; /* what is in range stays to the bit */
};

#define AXIS_ROW(row_name, row_default, row_doc)                                                   \
    {                                                                                              \
        .name = row_name, .kind = HYPER_INTEGER,                                                   \
        .value = {row_default, row_default, row_default, row_default}, .min = -TENSOR_RANK,        \
        .max = TENSOR_RANK - 1, .doc = row_doc                                                     \
    }

#define CONSTRAINT_AXES                                                                            \
    AXIS_ROW(                                                                                      \
        "axis", 0,                                                                                 \
        "Along which axis norms are taken; of a matrix 0: each column, 1: each row. Negative "     \
        "ones count from the last."),                                                              \
        AXIS_ROW("last_axis", HYPER_NONE,                                                          \
                 "Norms are taken over the axes from axis to this one: 0 and 2 are Keras's "       \
                 "[0, 1, 2]; not given: over axis alone.")

#define CONSTRAINT_EPS(...) ROW_EPS("Added to the norm that divides.", __VA_ARGS__)

struct constraint_layout {
    size_t outer, along, inner;
};

/* Axis a of tensor t, counted from 0; -1: it has none such. */
static inline int constraint_axis(const struct tensor *t, double a)
{
    double axis = a < 0 ? a + t->rank : a;
    return axis >= 0 && axis < t->rank ? (int)axis : -1;
}

static inline bool constraint_cut(const struct constraint *c, const struct tensor *t,
                                  struct constraint_layout *ret)
{
    int from = constraint_axis(t, c->axis);
    int to = c->last_axis == HYPER_NONE ? from : constraint_axis(t, c->last_axis);
    if (from < 0 || to < from || t->count == 0)
        return false;
    *ret = (struct constraint_layout){1, 1, 1};
    for (int k = 0; k < t->rank; k++)
        *(k < from ? &ret->outer : k <= to ? &ret->along : &ret->inner) *= (size_t)t->shape[k];
    return true;
}

/* What a unit of this norm is multiplied by. */
static inline double constraint_factor(const struct constraint *c, double norm)
{
    if (norm == 0 || (c->spare && norm >= c->least && norm <= c->most))
        return 1;
    double wanted = isnan(norm) ? norm : fmin(fmax(norm, c->least), c->most);
    return (c->rate * wanted + (1 - c->rate) * norm) / (norm + c->eps);
}

/* The norm of the unit whose squares add up to `sum`. Where these leave the range of a double, its
 * numbers are divided by the largest first, as chosen_norm does. */
static inline double constraint_norm(const double *x, struct constraint_layout l, double sum)
{
    double largest = 0, scaled = 0;
    if ((sum > 0x1p-900 && sum < 0x1p960) || isnan(sum))
        return sqrt(sum);
    for (size_t k = 0; k < l.along; k++)
        largest = fmax(largest, fabs(x[k * l.inner]));
    if (largest == 0 || isinf(largest))
        return largest;
    for (size_t k = 0; k < l.along; k++)
        scaled += (x[k * l.inner] / largest) * (x[k * l.inner] / largest);
    return largest * sqrt(scaled);
}

/* The units of one outer index side by side: memory is walked in order, whatever the axis. `by` has
 * room for `inner` numbers. */
static inline void constraint_apply(const struct constraint *c, struct constraint_layout l,
                                    double *x, double *by)
{
    memset(by, 0, l.inner * sizeof *by);
    for (size_t k = 0; k < l.along; k++) {
        for (size_t i = 0; i < l.inner; i++)
            by[i] += x[k * l.inner + i] * x[k * l.inner + i];
    }
    for (size_t i = 0; i < l.inner; i++)
        by[i] = constraint_factor(c, constraint_norm(x + i, l, by[i]));
    for (size_t k = 0; k < l.along; k++) {
        for (size_t i = 0; i < l.inner; i++)
            x[k * l.inner + i] *= by[i];
    }
}

/* Brings the chosen tensors of the parameters into range. */
static inline enum err_code constrain(struct transform_step *s, const struct constraint *c,
                                      struct err *err)
{
    for
        EACH_TENSOR(t, s)
        {
            struct constraint_layout l;
            if (!constraint_cut(c, t, &l))
                continue;
            double *by = arena_alloc(s->scratch, l.inner * sizeof *by);
            if (!by)
                return err_add(err, ERR_MEMORY, "", "no memory for %zu norms", l.inner);
            for (size_t o = 0; o < l.outer; o++)
                constraint_apply(c, l, s->w + t->offset + o * l.along * l.inner, by);
        }
    return ERR_OK;
}

#endif
