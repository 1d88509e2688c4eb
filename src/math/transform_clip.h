/* Clipping by a norm: what clip_norm and clip_global_norm share. One form covers the libraries,
 *
 *   g ← g · min(1, c / (norm + eps))
 *
 * with eps 1e-6 in torch and 0 in keras (c·min(1/norm, 1/c)) and optax. A norm that is NaN makes
 * all of g NaN, as it does in each of them. */
#ifndef STEPD_MATH_TRANSFORM_CLIP_H
#define STEPD_MATH_TRANSFORM_CLIP_H

#include "math/power.h"
#include "math/transform_parts.h"

enum { CLIP_MAX_NORM, CLIP_NORM, CLIP_EPS, CLIP_ERROR, CLIP_P };
enum { NORM_L2, NORM_L1, NORM_MAX };

static const char *const clip_norms[] = {"l2", "l1", "max", NULL};

#define CLIP_ROWS(keras_name)                                                                      \
    ROW_POSITIVE("max_norm", NULL, keras_name, NULL, "The largest norm that is let through."),     \
        ROW_CHOICE("norm", clip_norms, NULL, NULL,                                                 \
                   "Which norm: the root of the sum of squares, the sum of sizes, or the largest " \
                   "size.",                                                                        \
                   0, 0, 0, 0),                                                                    \
        ROW_EPS("Added to the norm before it divides.", 1e-6, 0, 0, 0),                            \
        ROW_BOOL("error_if_nonfinite", "Refuse the step where the norm is infinite or NaN.", 0, 0, \
                 0, 0),                                                                            \
        {.name = "p",                                                                              \
         .kind = HYPER_REAL,                                                                       \
         .value = {HYPER_NONE, HYPER_NONE, HYPER_NONE, HYPER_NONE},                                \
         .alias = {"norm_type", NULL, NULL, NULL},                                                 \
         .min = 0,                                                                                 \
         .min_open = true,                                                                         \
         .max = INFINITY,                                                                          \
         .doc = "In place of norm: the p-th root of the sum of p-th powers of the sizes."},        \
        ROWS_END

static inline enum err_code clip_check(const struct transform_link *link, size_t n,
                                       const char *prefix, struct err *err)
{
    (void)n;
    if (link->h[CLIP_P] != HYPER_NONE && link->h[CLIP_NORM] != NORM_L2)
        return hyper_refuse(prefix, "p", err, "give either norm or p");
    return ERR_OK;
}

/* The sum of sizes, or the largest. */
static inline double clip_sizes(const struct transform_step *s, bool add)
{
    double norm = 0;
    for
        EACH_TENSOR(t, s)
        {
            const double *g = s->g + t->offset;
            double one = add ? reduce_absolute(g, t->count) : span_largest(g, t->count);
            if (add || isnan(one) || isnan(norm))
                norm += one;
            else
                norm = fmax(norm, one);
        }
    return norm;
}

/* (Σ |g|^p)^(1/p), all divided by the largest first. */
static inline double clip_power(const struct transform_step *s, double p)
{
    double largest = clip_sizes(s, false), sum = 0;
    if (largest == 0 || !isfinite(largest))
        return largest;
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++)
                sum += s->g[i] == 0 ? 0 : power_real(fabs(s->g[i]) / largest, p);
        }
    return largest * power_real(sum, 1 / p);
}

static inline double clip_measure(const struct transform_step *s)
{
    double p = s->h[CLIP_P];
    if (p != HYPER_NONE && p != 1 && p != 2)
        return clip_power(s, p);
    if (p != 1 && s->h[CLIP_NORM] == NORM_L2)
        return chosen_norm(s, s->g);
    return clip_sizes(s, p == 1 || s->h[CLIP_NORM] == NORM_L1);
}

/* Clips the chosen tensors as one. */
static inline enum err_code clip_together(struct transform_step *s, struct err *err)
{
    double norm = clip_measure(s), by = s->h[CLIP_MAX_NORM] / (norm + s->h[CLIP_EPS]);
    if (s->h[CLIP_ERROR] != 0 && !isfinite(norm))
        return err_add(err, ERR_NONFINITE, "#/gradient", "the norm of the gradient is %s",
                       isnan(norm) ? "NaN" : "infinite");
    if (by >= 1)
        return ERR_OK;
    for
        EACH_TENSOR(t, s)
    span_scale(s->g + t->offset, by, t->count);
    return ERR_OK;
}

#endif
