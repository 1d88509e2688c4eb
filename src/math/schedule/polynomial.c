/* Polynomial decay to a value, which is kept; or, with cycle, to ever later ends. */
#include "math/schedule_rows.h"

enum { INITIAL, END, POWER, DECAY_STEPS, BEGIN, CYCLE };

static const struct hyper hypers[] = {
    ROW_INITIAL,
    ROW_NUMBER("end", ALIAS(NULL, "end_learning_rate", "end_value"), "Where it ends.", 0, 1e-4,
               HYPER_REQUIRED, 0),
    ROW_FACTOR("power", NO_ALIAS, "1 falls by a line, 2 by a parabola.", 1, 1, HYPER_REQUIRED, 1),
    ROW_STEPS("decay_steps", 1, ALIAS("total_iters", NULL, "transition_steps"),
              "Steps until it is at its end.", 5, HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED),
    ROW_STEPS("begin", 0, ALIAS(NULL, NULL, "transition_begin"), "Steps before it begins to fall.",
              EVERYWHERE(0)),
    ROW_SWITCH(
        "cycle",
        "At the end, go on as if the end were decay_steps later: it jumps up and falls again.",
        EVERYWHERE(0)),
    ROWS_END};

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    double from = schedule_or(s->h[INITIAL], base), length = s->h[DECAY_STEPS];
    double past = fmax((double)t - s->h[BEGIN], 0);
    if (s->h[CYCLE] != 0)
        length *= fmax(ceil(past / length), 1);
    double left = 1 - fmin(past, length) / length;
    return (from - s->h[END]) * pow(left, s->h[POWER]) + s->h[END];
}

const struct schedule schedule_polynomial = {
    .name = "polynomial",
    .title = "Polynomial decay",
    .formula = "\\eta_t = (\\eta_0 - \\eta_T)\\left(1 - \\frac{\\min(t,T)}{T}\\right)^{p} + "
               "\\eta_T",
    .doc = "Falls to its end in decay_steps and stays there. The ends differ: 0 in torch, 1e-4 in "
           "Keras, yours in optax.",
    .use_when = "The run has a fixed length; power 1 is the linear decay of language models.",
    .reference = "torch.optim.lr_scheduler.PolynomialLR; "
                 "keras.optimizers.schedules.PolynomialDecay; optax.polynomial_schedule",
    .same_as = {"torch.optim.lr_scheduler.PolynomialLR",
                "keras.optimizers.schedules.PolynomialDecay", "optax.polynomial_schedule", NULL},
    .hypers = hypers,
    .value = value,
    .move = recursion_ratio,
    .multiplies = true,
    .beyond_torch = 1 << INITIAL | 1 << END,
};
