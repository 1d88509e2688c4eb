/* The way to the constant rate at which weights are averaged. */
#include "math/anneal.h"
#include "math/schedule_rows.h"

enum { SWA_LR, ANNEAL_STEPS, ANNEAL };

static const struct hyper hypers[] = {
    ROW_NUMBER("swa_lr", NO_ALIAS, "The value at which weights are averaged.",
               EVERYWHERE(HYPER_REQUIRED)),
    ROW_STEPS("anneal_steps", 0, ALIAS("anneal_epochs", NULL, NULL), "Steps on the way to it.",
              EVERYWHERE(10)),
    ROW_ONE_OF("anneal", anneal_choices, ALIAS("anneal_strategy", NULL, NULL), "The way to it.",
               EVERYWHERE(ANNEAL_COSINE)),
    ROWS_END};

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    if ((double)t >= s->h[ANNEAL_STEPS])
        return s->h[SWA_LR];
    return anneal((int)s->h[ANNEAL], base, s->h[SWA_LR], (double)t / s->h[ANNEAL_STEPS]);
}

/* How much of the way is done at step t; torch is at its end at once where there is none. */
static double done(const struct schedule_spec *s, double t)
{
    double steps = s->h[ANNEAL_STEPS];
    double at = steps > 0 ? fmin(fmax(t / steps, 0), 1) : 1;
    return anneal((int)s->h[ANNEAL], 0, 1, at);
}

/* torch finds the value at which the way began from the one before, as far as it can. */
static struct schedule_move move(const struct schedule_spec *s, enum schedule_turn turn, uint64_t t)
{
    double now = done(s, (double)t), before = turn == SCHEDULE_GO_ON ? done(s, (double)t - 1) : 0;
    if (before == 1)
        return (struct schedule_move){.constant = s->h[SWA_LR]};
    double kept = (1 - now) / (1 - before);
    return (struct schedule_move){.of_value = kept, .constant = s->h[SWA_LR] * (1 - kept)};
}

const struct schedule schedule_swalr = {
    .name = "swalr",
    .title = "To the rate of weight averaging",
    .formula = "\\eta_t = \\alpha_t\\,\\eta_{swa} + (1-\\alpha_t)\\,\\eta_0,\\quad \\alpha_t = "
               "\\tfrac12 - \\tfrac12\\cos\\frac{\\pi t}{T}",
    .doc = "Goes to swa_lr in anneal_steps and stays there.",
    .use_when = "As the last part of a sequence, while weights are averaged.",
    .reference = "Izmailov et al., Averaging Weights Leads to Wider Optima and Better "
                 "Generalization, 2018, arXiv:1803.05407",
    .same_as = {"torch.optim.swa_utils.SWALR", NULL, NULL, NULL},
    .hypers = hypers,
    .value = value,
    .move = move,
    .continues = true,
};
