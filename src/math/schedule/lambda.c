/* A factor of its own for each step: torch's LambdaLR, its function given as a list of values.
 *
 * torch asks the function for epoch 0 before the first step, so the first factor is that of the
 * first step. After the list its last factor holds. */
#include "math/schedule_factors.h"

static const struct hyper hypers[] = {
    ROW_FACTORS("What the base is multiplied by at each step; the last one holds on."), ROWS_END};

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    const struct hyper_list *factors = &s->list[FACTORS];
    return base * factors->data[t < factors->count ? t : factors->count - 1];
}

const struct schedule schedule_lambda = {
    .name = "lambda",
    .title = "A factor for each step",
    .formula = "\\eta_t = \\eta_0\\,f_{\\min(t, n-1)}",
    .doc = "Multiplies the base by a factor of its own at each step: torch's LambdaLR with the "
           "values of its function as a list. After the list the last factor holds.",
    .use_when = "Your schedule is a function of your own, and the run is short enough to list it.",
    .reference = "torch.optim.lr_scheduler.LambdaLR",
    .same_as = {"torch.optim.lr_scheduler.LambdaLR", NULL, NULL, NULL},
    .hypers = hypers,
    .check = factors_check,
    .value = value,
};
