/* Up and down between two values for ever.
 *
 * torch moves the momentum the other way in the same call unless told not to; in profile torch so
 * does this one: cycle_momentum makes a second schedule, of momentum or beta1, with initial 0.9 and
 * peak 0.8. session/cycle.c says where it is left out. */
#include "math/schedule_rows.h"

enum {
    INITIAL,
    PEAK,
    STEPS_UP,
    STEPS_DOWN,
    MODE,
    GAMMA,
    CYCLE_MOMENTUM,
    BASE_MOMENTUM,
    MAX_MOMENTUM
};
enum { TRIANGULAR, TRIANGULAR2, EXP_RANGE };
static const char *const mode_choices[] = {"triangular", "triangular2", "exp_range", NULL};

static const struct hyper hypers[] = {
    ROW_NUMBER("initial", ALIAS("base_lr", NULL, NULL),
               "Where each cycle begins; left out: at the optimizer's own value.",
               EVERYWHERE(HYPER_NONE)),
    ROW_NUMBER("peak", ALIAS("max_lr", NULL, NULL), "The peak of the first cycle.",
               EVERYWHERE(HYPER_REQUIRED)),
    ROW_STEPS("steps_up", 1, ALIAS("step_size_up", NULL, NULL), "Steps up to the peak.",
              EVERYWHERE(2000)),
    ROW_STEPS("steps_down", 1, ALIAS("step_size_down", NULL, NULL),
              "Steps down again; left out: as many as up.", EVERYWHERE(HYPER_NONE)),
    ROW_ONE_OF("mode", mode_choices, NO_ALIAS,
               "triangular keeps the height, triangular2 halves it after each cycle, exp_range "
               "multiplies it by gamma at each step.",
               EVERYWHERE(TRIANGULAR)),
    ROW_POSITIVE("gamma", NO_ALIAS, "Factor of exp_range.", EVERYWHERE(1)),
    ROWS_MOMENTUM(0.8, 0.9),
    ROWS_END};

static enum err_code check(const struct schedule_spec *s, const char *prefix, struct err *err)
{
    if (s->h[GAMMA] != 1 && s->h[MODE] != EXP_RANGE)
        return hyper_refuse(prefix, "gamma", err, "only exp_range uses it");
    return ERR_OK;
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    double low = schedule_or(s->h[INITIAL], base), up = s->h[STEPS_UP];
    double down = schedule_or(s->h[STEPS_DOWN], up), whole = up + down;
    double cycle = floor((double)t / whole), at = fmod((double)t, whole);
    double height = at <= up ? at / up : (whole - at) / down;
    double scale = 1;
    if (s->h[MODE] == TRIANGULAR2)
        scale = pow(0.5, cycle);
    else if (s->h[MODE] == EXP_RANGE)
        scale = pow(s->h[GAMMA], (double)t);
    return low + (s->h[PEAK] - low) * height * scale;
}

static enum err_code momentum(const struct schedule_spec *s, struct arena *a,
                              struct schedule_spec *ret)
{
    (void)a;
    if (s->h[CYCLE_MOMENTUM] == 0)
        return ERR_OK;
    *ret = *s;
    ret->h[PEAK] = s->h[BASE_MOMENTUM];
    ret->h[INITIAL] = s->h[MAX_MOMENTUM];
    ret->h[CYCLE_MOMENTUM] = 0;
    return ERR_OK;
}

/* torch makes it with the base that is there, and uses its own from the next step on. */
static struct schedule_move move(const struct schedule_spec *s, enum schedule_turn turn, uint64_t t)
{
    if (turn == SCHEDULE_BEGIN)
        return (struct schedule_move){.of_base = 1};
    return (struct schedule_move){.constant = value(s, t, NAN, NULL)};
}

const struct schedule schedule_cyclic = {
    .name = "cyclic",
    .title = "Cyclic",
    .formula = "\\eta_t = \\eta_0 + (\\eta_{peak} - \\eta_0)\\,h_t\\,s_t",
    .doc = "Goes up and down between two values. torch moves the momentum (beta1 where there is "
           "one) the other way in the same call, and so does profile torch, in a session whose "
           "optimizer has a momentum: cycle_momentum false leaves that out.",
    .use_when = "You look for the range of rates that works, or have no idea how long to run.",
    .reference = "Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017, "
                 "arXiv:1506.01186",
    .same_as = {"torch.optim.lr_scheduler.CyclicLR", NULL, NULL, NULL},
    .hypers = hypers,
    .check = check,
    .value = value,
    .move = move,
    .rebase = SCHEDULE_REBASES_FIRST,
    .momentum = momentum,
};
