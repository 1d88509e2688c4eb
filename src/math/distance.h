/* Step sizes from the way that has been made, which dog and dowg share.
 *
 *   w = w - lr·rate·d        d the gradient with its sign and weight_decay·w
 *
 * The rate of a step follows from three numbers: ‖w - w0‖², ‖d‖², and ‖w0‖² at the first step. Each
 * optimizer is a rule of these. Its rows begin with lr and end with weight_decay and maximize; slot
 * 0 is w0; its two scalars are the reach (how far w has been from w0) and the sum over gradients.
 * Inlined into each kernel. */
#ifndef STEPD_MATH_DISTANCE_H
#define STEPD_MATH_DISTANCE_H

#include "math/explain.h"
#include "math/kernel.h"
#include "math/optim.h"
#include "math/reduce.h"
#include "math/rows.h"

enum { DISTANCE_REACH, DISTANCE_SUM };
enum { DISTANCE_LR };

struct distance {
    double reach, sum, rate; /* the scalars after the step; what lr is multiplied by */
};

typedef struct distance distance_rule(const struct optim_step *s, double way2, double g2,
                                      double start2);

#define DISTANCE_SLOTS                                                                             \
    {.name = "w0", .doc = "Parameters before the first step.", .start = SLOT_W},                   \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* `decay` is the index of weight_decay, which maximize follows. */
static inline void distance_directions(const struct optim_step *s, int decay, const double *w,
                                       const double *g, double *d, size_t n)
{
    const double sign = s->h[decay + 1] != 0 ? -1.0 : 1.0, l2 = s->h[decay];
    for (size_t i = 0; i < n; i++)
        d[i] = direction(g[i], sign, l2, l2 != 0, w[i]);
}

/* `room` has room for n numbers. */
static inline struct distance distance_measure(const struct optim_step *s, distance_rule *rule,
                                               const double *w, const double *w0, const double *d,
                                               double *room, size_t n)
{
    for (size_t i = 0; i < n; i++)
        room[i] = w0[i] - w[i];
    double start2 = s->t == 1 ? reduce_squares(w0, n) : 0.0;
    return rule(s, reduce_squares(room, n), reduce_squares(d, n), start2);
}

static inline enum err_code distance_step(struct optim_step *s, distance_rule *rule, int decay,
                                          double *restrict w, double *restrict g, const double *w0,
                                          size_t n, struct err *err)
{
    double *room = arena_alloc(s->scratch, n * sizeof *room);
    if (!room)
        return err_add(err, ERR_MEMORY, "", "no memory for a step of %zu parameters", n);
    distance_directions(s, decay, w, g, g, n);
    struct distance k = distance_measure(s, rule, w, w0, g, room, n);
    const double rate = s->h[DISTANCE_LR] * k.rate;
    for (size_t i = 0; i < n; i++)
        w[i] -= rate * g[i];
    s->scalar[DISTANCE_REACH] = k.reach;
    s->scalar[DISTANCE_SUM] = k.sum;
    return ERR_OK;
}

/* The measure of a step that is explained, and d in place of g. false: no memory. */
static inline bool distance_explain(struct explain *x, const struct optim_step *s,
                                    distance_rule *rule, int decay, const double *w, double *g,
                                    const double *w0, size_t n, struct distance *ret)
{
    double *room = arena_zalloc(x->arena, n, sizeof *room);
    if (!room)
        return false;
    distance_directions(s, decay, w, g, g, n);
    *ret = distance_measure(s, rule, w, w0, g, room, n);
    return true;
}

/* The last line. */
static inline void distance_explain_move(struct explain *x, double w, double rate, double d)
{
    explain_line(x, "w", "w_t = w_{t-1} - \\eta_t g_t", w - rate * d, "{} - {}·{}", w, rate, d);
}

#endif
