/* Schedules on top of one another: the value of one is the base of the next. Those that multiply
 * their base multiply up, in any order; one that says values of its own covers those before it.
 * The momentum is that of the last part that moves it.
 *
 * torch's ChainedScheduler steps all of them on the value that is there: schedule_recursion.h. Its
 * documentation speaks of chainable schedulers alone; what the others do to a chain is what torch
 * does. */
#include "math/schedule_rows.h"

static const struct hyper hypers[] = {ROW_RECURSIVE, ROWS_END};

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    for (int i = 0; i < s->child_count; i++)
        base = schedule_value(&s->children[i], t, base, state);
    return base;
}

static void update(const struct schedule_spec *s, enum schedule_phase phase, uint64_t t,
                   double base, double loss, double *state)
{
    for (int i = 0; i < s->child_count; i++) {
        double own = base;
        base = schedule_value(&s->children[i], t, base, state);
        schedule_update(&s->children[i], phase, t, own, loss, state);
    }
}

static enum err_code momentum(const struct schedule_spec *s, struct arena *a,
                              struct schedule_spec *ret)
{
    enum err_code code = ERR_OK;
    for (int i = s->child_count - 1; i >= 0 && !code && !ret->schedule; i--)
        code = schedule_momentum(&s->children[i], a, ret);
    return code;
}

const struct schedule schedule_chain = {
    .name = "chain",
    .title = "On top of one another",
    .formula = "\\eta_t = f_n(t, \\ldots f_2(t, f_1(t, \\eta_0)))",
    .doc =
        "The value of one schedule is the base of the next: schedules that multiply their base "
        "multiply up. With recursive, which profile torch takes where it makes a difference, each "
        "one moves the value that the step before had.",
    .use_when = "A decay, and cuts on a plateau besides.",
    .reference = "torch.optim.lr_scheduler.ChainedScheduler",
    .same_as = {"torch.optim.lr_scheduler.ChainedScheduler", NULL, NULL, NULL},
    .hypers = hypers,
    .composed = true,
    .scalars = recursion_scalars,
    .value = value,
    .momentum = momentum,
    .update = update,
};
