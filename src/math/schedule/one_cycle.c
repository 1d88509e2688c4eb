/* One cycle: up to the peak, down again, and far below the beginning.
 *
 * torch reaches the end of a phase at its last step, optax at the first step of the next one:
 * phase_end. torch moves the momentum the other way in the same call unless told not to; in profile
 * torch so does this one: cycle_momentum makes a second schedule, of momentum or beta1, with
 * initial and end 0.95 and peak 0.85. session/cycle.c says where it is left out. Beyond its last
 * step torch raises an error, at step total_steps itself it overshoots a little; here the end
 * stays. */
#include "math/anneal.h"
#include "math/schedule_rows.h"

enum {
    PEAK,
    TOTAL_STEPS,
    PCT_START,
    ANNEAL,
    DIV_FACTOR,
    FINAL_DIV_FACTOR,
    THREE_PHASE,
    INITIAL,
    END,
    PHASE_END,
    CYCLE_MOMENTUM,
    BASE_MOMENTUM,
    MAX_MOMENTUM
};
enum { END_INCLUSIVE, END_EXCLUSIVE };
static const char *const end_choices[] = {"inclusive", "exclusive", NULL};

static const struct hyper hypers[] = {
    ROW_NUMBER("peak", ALIAS("max_lr", NULL, "peak_value"),
               "The peak; left out: the optimizer's own value.", EVERYWHERE(HYPER_NONE)),
    ROW_STEPS("total_steps", 2, ALIAS(NULL, NULL, "transition_steps"), "Steps of the whole cycle.",
              EVERYWHERE(HYPER_REQUIRED)),
    ROW_FRACTION("pct_start", NO_ALIAS, "Part of the cycle that climbs.", EVERYWHERE(0.3)),
    ROW_ONE_OF("anneal", anneal_choices, ALIAS("anneal_strategy", NULL, NULL),
               "The way up and down.", EVERYWHERE(ANNEAL_COSINE)),
    ROW_POSITIVE("div_factor", NO_ALIAS, "It begins at peak / div_factor.", EVERYWHERE(25)),
    ROW_POSITIVE("final_div_factor", NO_ALIAS, "It ends at its beginning / final_div_factor.",
                 EVERYWHERE(1e4)),
    ROW_SWITCH("three_phase",
               "Go down to the beginning in as many steps as up, and only then to the end.",
               EVERYWHERE(0)),
    ROW_NUMBER("initial", NO_ALIAS, "Where it begins, in place of div_factor.",
               EVERYWHERE(HYPER_NONE)),
    ROW_NUMBER("end", NO_ALIAS, "Where it ends, in place of final_div_factor.",
               EVERYWHERE(HYPER_NONE)),
    ROW_ONE_OF("phase_end", end_choices, NO_ALIAS,
               "Whether the last step of a phase has its end value, or the first of the next.",
               END_INCLUSIVE, END_INCLUSIVE, END_EXCLUSIVE, END_INCLUSIVE),
    ROWS_MOMENTUM(0.85, 0.95),
    ROWS_END};

struct phase {
    double at, value; /* where it ends */
};

/* The value at step t on a way that begins at `from`. */
static double along(const struct phase *phases, int count, int way, double from, double t)
{
    double begin = 0;
    for (int i = 0; i < count; i++) {
        bool inside = t < phases[i].at || (t == phases[i].at && i + 1 == count);
        if (inside && phases[i].at > begin)
            return anneal(way, from, phases[i].value, (t - begin) / (phases[i].at - begin));
        from = phases[i].value;
        begin = phases[i].at;
    }
    return from;
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    double peak = schedule_or(s->h[PEAK], base), total = s->h[TOTAL_STEPS];
    double initial = schedule_or(s->h[INITIAL], peak / s->h[DIV_FACTOR]);
    double end = schedule_or(s->h[END], initial / s->h[FINAL_DIV_FACTOR]);
    bool inclusive = s->h[PHASE_END] == END_INCLUSIVE, three = s->h[THREE_PHASE] != 0;
    double up = inclusive ? s->h[PCT_START] * total - 1 : trunc(s->h[PCT_START] * total);
    double down = inclusive ? 2 * s->h[PCT_START] * total - 2 : 2 * up;
    double last = inclusive ? total - 1 : total;
    struct phase phases[3] = {
        {up, peak}, {three ? down : last, three ? initial : end}, {last, end}};
    return along(phases, three ? 3 : 2, (int)s->h[ANNEAL], initial, (double)t);
}

static enum err_code momentum(const struct schedule_spec *s, struct arena *a,
                              struct schedule_spec *ret)
{
    (void)a;
    if (s->h[CYCLE_MOMENTUM] == 0)
        return ERR_OK;
    *ret = *s;
    ret->h[PEAK] = s->h[BASE_MOMENTUM];
    ret->h[INITIAL] = ret->h[END] = s->h[MAX_MOMENTUM];
    ret->h[CYCLE_MOMENTUM] = 0;
    return ERR_OK;
}

const struct schedule schedule_one_cycle = {
    .name = "one_cycle",
    .title = "One cycle",
    .formula = "\\frac{\\eta_{peak}}{d} \\to \\eta_{peak} \\to \\frac{\\eta_{peak}}{d\\,f}",
    .doc = "Climbs to a peak, falls to far below the beginning. torch moves the momentum (beta1 "
           "where there is one) the other way in the same call, and so does profile torch, in a "
           "session whose optimizer has a momentum: cycle_momentum false leaves that out.",
    .use_when = "A short run of fixed length with a rate as large as it can bear.",
    .reference = "Smith & Topin, Super-Convergence, 2018, arXiv:1708.07120",
    .same_as = {"torch.optim.lr_scheduler.OneCycleLR", NULL, "optax.cosine_onecycle_schedule",
                NULL},
    .hypers = hypers,
    .value = value,
    .rebase = SCHEDULE_REBASES,
    .momentum = momentum,
};
