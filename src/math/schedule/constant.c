/* One value for all steps, or a factor that holds for the first few of them. */
#include "math/schedule_rows.h"

enum { VALUE, FACTOR, TOTAL_STEPS };

static const struct hyper hypers[] = {
    ROW_NUMBER("value", NO_ALIAS, "The value; left out: the optimizer's own.",
               EVERYWHERE(HYPER_NONE)),
    ROW_FACTOR("factor", NO_ALIAS, "What it is multiplied by in the first total_steps steps.",
               1.0 / 3, 1, 1, 1),
    ROW_STEPS("total_steps", 0, ALIAS("total_iters", NULL, NULL),
              "How many steps the factor holds.", 5, 0, 0, 0),
    ROWS_END};

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    double v = schedule_or(s->h[VALUE], base);
    return (double)t < s->h[TOTAL_STEPS] ? v * s->h[FACTOR] : v;
}

/* torch takes the factor back at total_steps, which with 0 of them never comes. */
static struct schedule_move move(const struct schedule_spec *s, enum schedule_turn turn, uint64_t t)
{
    double of_value = 1;
    if (turn == SCHEDULE_BEGIN)
        of_value = s->h[FACTOR];
    else if ((double)t == s->h[TOTAL_STEPS])
        of_value = 1 / s->h[FACTOR];
    return (struct schedule_move){.of_value = of_value};
}

const struct schedule schedule_constant = {
    .name = "constant",
    .title = "Constant",
    .formula = "\\eta_t = c\\,\\eta_0 \\;(t < T),\\quad \\eta_t = \\eta_0 \\;(t \\ge T)",
    .doc = "Keeps one value. torch's form multiplies it by a factor during the first total_steps.",
    .use_when = "As a part of a sequence, or to hold the rate low for the first few steps.",
    .reference = "torch.optim.lr_scheduler.ConstantLR; optax.constant_schedule",
    .same_as = {"torch.optim.lr_scheduler.ConstantLR", NULL, "optax.constant_schedule", NULL},
    .hypers = hypers,
    .value = value,
    .move = move,
    .multiplies = true,
    .beyond_torch = 1 << VALUE,
};
