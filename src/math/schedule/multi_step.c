/* A cut by the same factor at each of a list of steps. */
#include "math/schedule_rows.h"

enum { MILESTONES, GAMMA };

static const struct hyper hypers[] = {
    {.name = "milestones",
     .kind = HYPER_LIST,
     .value = {EVERYWHERE(HYPER_REQUIRED)},
     .min = 0,
     .max = 0x1p53,
     .doc = "Steps at which it is cut; a step that is named twice is cut twice."},
    ROW_FACTOR("gamma", NO_ALIAS, "What each cut multiplies by.", EVERYWHERE(0.1)),
    ROWS_END};

static double cuts(const struct schedule_spec *s, double t)
{
    int count = 0;
    for (size_t i = 0; i < s->list[MILESTONES].count; i++)
        count += s->list[MILESTONES].data[i] <= t;
    return count;
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    return base * pow(s->h[GAMMA], cuts(s, (double)t));
}

static struct schedule_move move(const struct schedule_spec *s, enum schedule_turn turn, uint64_t t)
{
    double before = turn == SCHEDULE_BEGIN ? 0 : cuts(s, (double)t - 1);
    return (struct schedule_move){.of_value = pow(s->h[GAMMA], cuts(s, (double)t) - before)};
}

const struct schedule schedule_multi_step = {
    .name = "multi_step",
    .title = "Cuts at milestones",
    .formula = "\\eta_t = \\eta_0\\,\\gamma^{\\#\\{m_i \\le t\\}}",
    .doc = "Multiplies by gamma at each milestone; the step that has as many before it is the "
           "first with the new value.",
    .use_when = "You know at which steps training stalls.",
    .reference = "torch.optim.lr_scheduler.MultiStepLR",
    .same_as = {"torch.optim.lr_scheduler.MultiStepLR", NULL, NULL, NULL},
    .hypers = hypers,
    .value = value,
    .move = move,
    .multiplies = true,
};
