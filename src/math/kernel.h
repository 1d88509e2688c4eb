/* What kernels of math/optim/ share. Inlined into each, and so compiled per instruction set. */
#ifndef STEPD_MATH_KERNEL_H
#define STEPD_MATH_KERNEL_H

#include "math/fused.h"
#include "math/optim.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>

/* Weight decay, one of three rules. */
enum decay_mode {
    DECAY_L2,         /* g + wd·w takes the place of g */
    DECAY_DECOUPLED,  /* w (1 - lr·wd) takes the place of w (torch, keras, optax) */
    DECAY_INDEPENDENT /* w (1 - wd) takes the place of w: Loshchilov & Hutter 2019, algorithm 2 */
};

/* What is added to g per unit of w. */
static inline double decay_l2(double wd, double mode)
{
    return mode == DECAY_L2 ? wd : 0.0;
}

/* What w is multiplied by before the step. */
static inline double decay_keep(double wd, double mode, double lr)
{
    return mode == DECAY_DECOUPLED ? 1.0 - lr * wd : mode == DECAY_INDEPENDENT ? 1.0 - wd : 1.0;
}

/* g with the sign of the direction, and with the L2 term where there is one. `l2` is tested, not
 * just multiplied: 0·w would be NaN for an infinite w. */
static inline double direction(double g, double sign, double l2, bool has_l2, double w)
{
    return has_l2 ? sign * g + l2 * w : sign * g;
}

/* The numbers of a step of gradient descent, plain or with a buffer b of momentum. */
struct descent {
    double sign, l2, keep; /* g' = sign·g + l2·w; w is multiplied by keep first */
    double lr;             /* plain: w -= lr·g' */
    double mu, gain;       /* b = mu·b + gain·g' */
    double of_b, of_g;     /* w -= of_b·b + of_g·g' */
};

static inline __attribute__((always_inline)) double descend_one(const struct descent *c, double w,
                                                                double g, bool has_l2)
{
    return c->keep * w - c->lr * direction(g, c->sign, c->l2, has_l2, w);
}

static inline __attribute__((always_inline)) double
descend_momentum_one(const struct descent *c, double w, double g, double *b, bool has_l2)
{
    double d = direction(g, c->sign, c->l2, has_l2, w);
    double x = c->mu * *b + c->gain * d;
    *b = x;
    return c->keep * w - (c->of_b * x + c->of_g * d);
}

static inline __attribute__((always_inline)) void
descend_loop(double *restrict w, const double *restrict g, size_t n, struct descent c, bool has_l2)
{
    for (size_t i = 0; i < n; i++)
        w[i] = descend_one(&c, w[i], g[i], has_l2);
}

static inline void descend(double *restrict w, const double *restrict g, size_t n, struct descent c)
{
    if (c.l2 != 0)
        descend_loop(w, g, n, c, true);
    else
        descend_loop(w, g, n, c, false);
}

static inline __attribute__((always_inline)) void
descend_momentum_loop(double *restrict w, const double *restrict g, double *restrict b, size_t n,
                      struct descent c, bool has_l2)
{
    for (size_t i = 0; i < n; i++)
        w[i] = descend_momentum_one(&c, w[i], g[i], &b[i], has_l2);
}

static inline void descend_momentum(double *restrict w, const double *restrict g,
                                    double *restrict b, size_t n, struct descent c)
{
    if (c.l2 != 0)
        descend_momentum_loop(w, g, b, n, c, true);
    else
        descend_momentum_loop(w, g, b, n, c, false);
}

/* ---- the same in one pass (fused.h) ----------------------------------------------------------
 *
 * A buffer that is not finite makes the move NaN or infinite too, lr 0 included. */

static inline __attribute__((always_inline)) void
descend_fused_loop(double *restrict w, const double *restrict g, size_t n, struct descent c,
                   struct measure *restrict ret, bool has_l2)
{
    struct lanes x = {0};
    FUSED_LOOP(i, k, 0, n, (FUSED_ASK(w, i), FUSED_ASK(g, i)), {
        double was = w[i], now = descend_one(&c, was, g[i], has_l2);
        w[i] = now;
        ret->old[i] = was;
        lanes_add(&x, k, g[i], now - was);
    });
    lanes_leave(&x, ret);
}

static inline __attribute__((always_inline)) void
descend_momentum_fused_loop(double *restrict w, const double *restrict g, double *restrict b,
                            size_t n, struct descent c, struct measure *restrict ret, bool has_l2)
{
    struct lanes x = {0};
    FUSED_LOOP(i, k, 0, n, (FUSED_ASK(w, i), FUSED_ASK(g, i), FUSED_ASK(b, i)), {
        double was = w[i], now = descend_momentum_one(&c, was, g[i], &b[i], has_l2);
        w[i] = now;
        ret->old[i] = was;
        lanes_add(&x, k, g[i], now - was);
    });
    lanes_leave(&x, ret);
}

/* The numbers of a descent in float32. */
struct descent_single {
    float sign, l2, keep, lr, mu, gain, of_b, of_g;
};

static inline bool descent_in_single(const struct descent *c)
{
    return in_single(c->l2) && in_single(c->keep) && in_single(c->lr) && in_single(c->mu) &&
           in_single(c->gain) && in_single(c->of_b) && in_single(c->of_g);
}

static inline struct descent_single descent_single(const struct descent *c)
{
    return (struct descent_single){.sign = (float)c->sign,
                                   .l2 = (float)c->l2,
                                   .keep = (float)c->keep,
                                   .lr = (float)c->lr,
                                   .mu = (float)c->mu,
                                   .gain = (float)c->gain,
                                   .of_b = (float)c->of_b,
                                   .of_g = (float)c->of_g};
}

/* `b` NULL: without momentum. */
static inline __attribute__((always_inline)) float
descend_one_single(const struct descent_single *c, float w, float g, float *b, bool has_l2)
{
    float d = has_l2 ? c->sign * g + c->l2 * w : c->sign * g;
    if (!b)
        return c->keep * w - c->lr * d;
    *b = c->mu * *b + c->gain * d;
    return c->keep * w - (c->of_b * *b + c->of_g * d);
}

static inline __attribute__((always_inline)) void
descend_single_loop(float *restrict w, const float *restrict g, float *restrict b, size_t n,
                    const struct descent *descent, struct measure *restrict ret, bool has_l2)
{
    const struct descent_single c = descent_single(descent);
    struct lanes sums = {0};
    for (size_t at = 0; at < n; at += FUSED_STRIP) {
        struct lanes_single x = {0};
        size_t end = strip_end(at, n);
        FUSED_LOOP(i, k, at, end, (FUSED_ASK(w, i), FUSED_ASK(g, i), FUSED_ASK(b ? b : w, i)), {
            float was = w[i], now = descend_one_single(&c, was, g[i], b ? &b[i] : NULL, has_l2);
            w[i] = now;
            ret->old_single[i] = was;
            lanes_add_single(&x, k, g[i], now - was);
        });
        lanes_add_strip(&sums, &x);
    }
    lanes_leave(&sums, ret);
}

FUSED_APART descend_fused_single(float *restrict w, const float *restrict g, float *restrict b,
                                 size_t n, const struct descent *c, struct measure *restrict ret)
{
    if (b && c->l2 != 0)
        descend_single_loop(w, g, b, n, c, ret, true);
    else if (b)
        descend_single_loop(w, g, b, n, c, ret, false);
    else if (c->l2 != 0)
        descend_single_loop(w, g, NULL, n, c, ret, true);
    else
        descend_single_loop(w, g, NULL, n, c, ret, false);
}

FUSED_APART descend_fused_double(double *restrict w, const double *restrict g, double *restrict b,
                                 size_t n, const struct descent *c, struct measure *restrict ret)
{
    if (b && c->l2 != 0)
        descend_momentum_fused_loop(w, g, b, n, *c, ret, true);
    else if (b)
        descend_momentum_fused_loop(w, g, b, n, *c, ret, false);
    else if (c->l2 != 0)
        descend_fused_loop(w, g, n, *c, ret, true);
    else
        descend_fused_loop(w, g, n, *c, ret, false);
}

/* An optim_fused; `b` NULL: without momentum. */
static inline bool descend_fused(enum dtype dtype, void *w, const void *g, void *b, size_t n,
                                 const struct descent *c, struct measure *ret)
{
    if (dtype == DTYPE_FLOAT32 && !descent_in_single(c))
        return false;
    if (dtype == DTYPE_FLOAT32)
        descend_fused_single(w, g, b, n, c, ret);
    else
        descend_fused_double(w, g, b, n, c, ret);
    return true;
}

#endif
