/* What adaptive methods share: the gradient with its sign and decay, the two moving averages, and
 * how an explanation tells of them.
 *
 *   d = ±g + l2·w        m = b1·m + (1-b1)·d        v = b2·v + (1-b2)·d²        w = keep·w - u
 *
 * Coefficients of a step begin with those of d and keep, which moment_prepare fills; an optimizer's
 * own follow from MOMENT_COEFS on. Inlined into each kernel. */
#ifndef STEPD_MATH_MOMENTS_H
#define STEPD_MATH_MOMENTS_H

#include "math/explain.h"
#include "math/kernel.h"
#include "math/optim.h"
#include "math/power.h"
#include "math/rows.h"

enum moment_coef { MOMENT_SIGN, MOMENT_L2, MOMENT_KEEP, MOMENT_COEFS };

#define ROW_BETA1(...)                                                                             \
    ROW_RATE("beta1", "betas[0]", "beta_1", "b1", "Decay rate of m, the mean of g.", __VA_ARGS__)
#define ROW_BETA2(...)                                                                             \
    ROW_RATE("beta2", "betas[1]", "beta_2", "b2", "Decay rate of v, the mean of g².", __VA_ARGS__)
#define ROW_EPS_ROOT(...)                                                                          \
    {                                                                                              \
        .name = "eps_root", .kind = HYPER_REAL, .value = {__VA_ARGS__}, .max = INFINITY,           \
        .doc = "Added to v under its root; makes the step smooth at g = 0."                        \
    }

#define SLOT_M                                                                                     \
    {                                                                                              \
        .name = "m", .doc = "First moment m: moving average of the gradient."                      \
    }
#define SLOT_V                                                                                     \
    {                                                                                              \
        .name = "v", .doc = "Second moment v: moving average of the squared gradient."             \
    }

/* Once per step; `decay` is the index of weight_decay, followed by weight_decay_mode and maximize.
 * lr is the one of this step. */
static inline void moment_prepare(struct optim_step *s, double lr, int decay)
{
    const double *row = s->h + decay;
    s->c[MOMENT_SIGN] = row[2] != 0 ? -1.0 : 1.0;
    s->c[MOMENT_L2] = decay_l2(row[0], row[1]);
    s->c[MOMENT_KEEP] = decay_keep(row[0], row[1], lr);
}

/* Puts d in the place of g, for kernels that look at all of it before they move. */
static inline void moment_directions(const struct optim_step *s, const double *w, double *g,
                                     size_t n)
{
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2];
    for (size_t i = 0; i < n; i++)
        g[i] = direction(g[i], sign, l2, l2 != 0, w[i]);
}

/* The gradient that goes into the moments, with its line where it is not g. */
static inline double explain_direction(struct explain *x, const struct optim_step *s, double g,
                                       double w)
{
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2];
    double d = direction(g, sign, l2, l2 != 0, w);
    if (l2 != 0)
        explain_line(x, "g'", "g'_t = g_t + \\lambda w_{t-1}", d, "{}·{} + {}·{}", sign, g, l2, w);
    else if (sign < 0)
        explain_line(x, "g'", "g'_t = -g_t", d, "{}·{}", sign, g);
    return d;
}

static inline double explain_mean(struct explain *x, double beta, double m, double d)
{
    return explain_line(x, "m", "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t",
                        beta * m + (1.0 - beta) * d, "{}·{} + {}·{}", beta, m, 1.0 - beta, d);
}

static inline double explain_square(struct explain *x, double beta, double v, double d)
{
    return explain_line(x, "v", "v_t = \\beta_2 v_{t-1} + (1-\\beta_2) g_t^2",
                        beta * v + (1.0 - beta) * (d * d), "{}·{} + {}·{}²", beta, v, 1.0 - beta,
                        d);
}

/* The last line. */
static inline void explain_move(struct explain *x, const struct optim_step *s, double w, double u)
{
    const double keep = s->c[MOMENT_KEEP], next = keep * w - u;
    if (keep == 1.0)
        explain_line(x, "w", "w_t = w_{t-1} - u_t", next, "{} - {}", w, u);
    else
        explain_line(x, "w", "w_t = (1-\\eta\\lambda)\\, w_{t-1} - u_t", next, "{}·{} - {}", keep,
                     w, u);
}

#endif
