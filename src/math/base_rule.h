/* The step that a wrapper (lookahead, mechanize, sam) makes its own of: SGD with momentum, or Adam.
 *
 *   base sgd    b = momentum·b + d                 u = lr·b    (momentum 0: u = lr·d)
 *   base adam   m = b1·m + (1-b1)·d                u = lr·m̂/(√v̂ + eps)
 *               v = b2·v + (1-b2)·d²
 *
 * d is the gradient with its sign and, unless the wrapper has decay of its own, weight_decay·w.
 * Slots 0 and 1 are b or m, and v. Inlined into each kernel. */
#ifndef STEPD_MATH_BASE_RULE_H
#define STEPD_MATH_BASE_RULE_H

#include "math/explain.h"
#include "math/kernel.h"
#include "math/optim.h"
#include "math/power.h"
#include "math/rows.h"

/* The rows of a wrapper begin with these. */
enum { BASE_RULE, BASE_LR, BASE_MOMENTUM, BASE_BETA1, BASE_BETA2, BASE_EPS, BASE_ROWS_COUNT };
enum { BASE_SGD, BASE_ADAM };
static const char *const base_choices[] = {"sgd", "adam", NULL};

/* Four numbers: the defaults of lr. */
#define BASE_ROWS(...)                                                                             \
    ROW_CHOICE("base", base_choices, NULL, NULL, "The rule inside: sgd, with momentum, or adam.",  \
               BASE_SGD, BASE_SGD, BASE_SGD, BASE_SGD),                                            \
        ROW_LR(__VA_ARGS__),                                                                       \
        {.name = "momentum",                                                                       \
         .kind = HYPER_REAL,                                                                       \
         .max = 1,                                                                                 \
         .doc = "base sgd: how much of the last move goes on; 0: none."},                          \
        ROW_RATE("beta1", "betas[0]", "beta_1", "b1",                                              \
                 "base adam: decay rate of m, the mean of g.", 0.9, 0.9, 0.9, 0.9),                \
        ROW_RATE("beta2", "betas[1]", "beta_2", "b2",                                              \
                 "base adam: decay rate of v, the mean of g².", 0.999, 0.999, 0.999, 0.999),       \
        ROW_EPS("base adam: added to the root of v.", 1e-8, 1e-8, 1e-8, 1e-8)

static inline int base_momentum(const double *h)
{
    return h[BASE_RULE] == BASE_ADAM ? BASE_BETA1 : BASE_MOMENTUM;
}

static inline size_t base_m_count(const double *h, const struct tensor *x)
{
    return h[BASE_RULE] == BASE_ADAM || h[BASE_MOMENTUM] != 0 ? x->count : 0;
}

static inline size_t base_v_count(const double *h, const struct tensor *x)
{
    return h[BASE_RULE] == BASE_ADAM ? x->count : 0;
}

#define BASE_SLOTS                                                                                 \
    {.name = "m", .doc = "Momentum, or first moment, of the rule inside.", .count = base_m_count}, \
    {                                                                                              \
        .name = "v", .doc = "Second moment of the rule inside (adam).", .count = base_v_count      \
    }

/* A step of the rule inside, at its own number t. */
struct base_rule {
    bool adam;
    double lr, momentum, b1, b2, eps, cm, cv;
};

static inline struct base_rule base_rule(const double *h, uint64_t t)
{
    struct base_rule r = {.adam = h[BASE_RULE] == BASE_ADAM,
                          .lr = h[BASE_LR],
                          .momentum = h[BASE_MOMENTUM],
                          .b1 = h[BASE_BETA1],
                          .b2 = h[BASE_BETA2],
                          .eps = h[BASE_EPS]};
    r.cm = 1.0 / power_complement(r.b1, t);
    r.cv = 1.0 / power_complement(r.b2, t);
    return r;
}

/* The move u of one coordinate, to be subtracted; m and v are moved on where they are not NULL. */
static inline __attribute__((always_inline)) double base_move(const struct base_rule *r, double d,
                                                              double *m, double *v)
{
    if (!r->adam) {
        if (m)
            d = *m = r->momentum * *m + d;
        return r->lr * d;
    }
    *m = r->b1 * *m + (1.0 - r->b1) * d;
    *v = r->b2 * *v + (1.0 - r->b2) * (d * d);
    return r->lr * (r->cm * *m) / (sqrt(r->cv * *v) + r->eps);
}

/* The same with its lines; m and v hold what was before the step. */
static inline double base_explain(struct explain *x, const struct base_rule *r, double d,
                                  const double *m, const double *v)
{
    double mean = m ? *m : 0, square = v ? *v : 0, before = mean, before_v = square;
    double u = base_move(r, d, m ? &mean : NULL, v ? &square : NULL);
    if (!r->adam) {
        if (m)
            explain_line(x, "b", "b_t = \\mu b_{t-1} + g_t", mean, "{}·{} + {}", r->momentum,
                         before, d);
        return explain_line(x, "u", m ? "u_t = \\eta b_t" : "u_t = \\eta g_t", u, "{}·{}", r->lr,
                            m ? mean : d);
    }
    explain_line(x, "m", "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t", mean, "{}·{} + {}·{}", r->b1,
                 before, 1.0 - r->b1, d);
    explain_line(x, "v", "v_t = \\beta_2 v_{t-1} + (1-\\beta_2) g_t^2", square, "{}·{} + {}·{}²",
                 r->b2, before_v, 1.0 - r->b2, d);
    return explain_line(x, "u", "u_t = \\eta\\,\\hat m_t/(\\sqrt{\\hat v_t} + \\varepsilon)", u,
                        "{}·{} / (√{} + {})", r->lr, r->cm * mean, r->cv * square, r->eps);
}

#endif
