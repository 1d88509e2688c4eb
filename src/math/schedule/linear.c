/* A straight line from one value to another; torch says both as factors of the base, optax as
 * values. */
#include "math/schedule_rows.h"

enum { INITIAL, END, START_FACTOR, END_FACTOR, TOTAL_STEPS, BEGIN };

static const struct hyper hypers[] = {
    ROW_NUMBER("initial", ALIAS(NULL, NULL, "init_value"),
               "Where it begins; left out: at start_factor times the optimizer's own value.",
               EVERYWHERE(HYPER_NONE)),
    ROW_NUMBER("end", ALIAS(NULL, NULL, "end_value"),
               "Where it ends; left out: at end_factor times the optimizer's own value.",
               HYPER_NONE, HYPER_NONE, HYPER_REQUIRED, HYPER_NONE),
    ROW_FACTOR("start_factor", NO_ALIAS, "Where it begins, as a factor.", 1.0 / 3, 1, 1, 1),
    ROW_FACTOR("end_factor", NO_ALIAS, "Where it ends, as a factor.", 1, 0, 0, 0),
    ROW_STEPS("total_steps", 1, ALIAS("total_iters", NULL, "transition_steps"),
              "Steps from the beginning to the end.", 5, HYPER_REQUIRED, HYPER_REQUIRED,
              HYPER_REQUIRED),
    ROW_STEPS("begin", 0, ALIAS(NULL, NULL, "transition_begin"), "Steps before it moves.",
              EVERYWHERE(0)),
    ROWS_END};

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    double from = schedule_or(s->h[INITIAL], base * s->h[START_FACTOR]);
    double to = schedule_or(s->h[END], base * s->h[END_FACTOR]);
    double past = fmin(fmax((double)t - s->h[BEGIN], 0), s->h[TOTAL_STEPS]);
    return (from - to) * (1 - past / s->h[TOTAL_STEPS]) + to;
}

const struct schedule schedule_linear = {
    .name = "linear",
    .title = "Linear",
    .formula = "\\eta_t = \\eta_a + (\\eta_b - \\eta_a)\\,\\frac{\\min(t,T)}{T}",
    .doc = "A straight line, up or down; then it stays. torch's defaults are a short warm-up from "
           "a third.",
    .use_when = "As a warm-up before another schedule, or to fall to nothing over a run of fixed "
                "length.",
    .reference = "torch.optim.lr_scheduler.LinearLR; optax.linear_schedule",
    .same_as = {"torch.optim.lr_scheduler.LinearLR", NULL, "optax.linear_schedule", NULL},
    .hypers = hypers,
    .value = value,
    .move = recursion_ratio,
    .multiplies = true,
    .beyond_torch = 1 << INITIAL | 1 << END,
};
