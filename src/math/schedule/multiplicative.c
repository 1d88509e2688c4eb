/* Factors that multiply up from step to step: torch's MultiplicativeLR, its function given as a
 * list of values.
 *
 * The first step has the base. torch never asks the function for epoch 0, so the first factor is
 * that of the second step. After the list its last factor goes on multiplying: one factor alone is
 * exponential decay, and a list that ends with 1 stops there. */
#include "math/schedule_factors.h"

static const struct hyper hypers[] = {
    ROW_FACTORS("What each step after the first multiplies by; the last one goes on."), ROWS_END};

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    const struct hyper_list *factors = &s->list[FACTORS];
    size_t count = t < factors->count ? t : factors->count;
    for (size_t i = 0; i < count; i++)
        base *= factors->data[i];
    return base * pow(factors->data[factors->count - 1], (double)(t - count));
}

/* Where a sequence comes to it torch asks for epoch 0 after all; the list has no value for it, and
 * the first one stands in: right wherever the function is constant at its beginning. */
static struct schedule_move move(const struct schedule_spec *s, enum schedule_turn turn, uint64_t t)
{
    const struct hyper_list *factors = &s->list[FACTORS];
    size_t i = t > 0 ? t - 1 : 0;
    if (turn == SCHEDULE_BEGIN)
        return (struct schedule_move){.of_value = 1};
    return (struct schedule_move){.of_value =
                                      factors->data[i < factors->count ? i : factors->count - 1]};
}

const struct schedule schedule_multiplicative = {
    .name = "multiplicative",
    .title = "Factors that multiply up",
    .formula = "\\eta_t = \\eta_0 \\prod_{i=1}^{t} f_{\\min(i, n)}",
    .doc = "Each step after the first multiplies by the next factor: torch's MultiplicativeLR with "
           "the values of its function for epochs 1, 2, … as a list. After the list the last "
           "factor goes on; end with 1 to stop.",
    .use_when = "The fall from each step to the next is what you want to say yourself.",
    .reference = "torch.optim.lr_scheduler.MultiplicativeLR",
    .same_as = {"torch.optim.lr_scheduler.MultiplicativeLR", NULL, NULL, NULL},
    .hypers = hypers,
    .check = factors_check,
    .value = value,
    .move = move,
    .multiplies = true,
    .continues = true,
};
