/* Exponential decay: by the same factor over each stretch of steps. */
#include "math/schedule_rows.h"

enum { INITIAL, GAMMA, DECAY_STEPS, BEGIN, STAIRCASE, END };

static const struct hyper hypers[] = {
    ROW_INITIAL,
    ROW_POSITIVE("gamma", ALIAS(NULL, "decay_rate", "decay_rate"),
                 "What it is multiplied by over decay_steps steps.", EVERYWHERE(HYPER_REQUIRED)),
    ROW_STEPS("decay_steps", 1, ALIAS(NULL, NULL, "transition_steps"),
              "How many steps it takes to fall by gamma.", 1, HYPER_REQUIRED, HYPER_REQUIRED, 1),
    ROW_STEPS("begin", 0, ALIAS(NULL, NULL, "transition_begin"), "Steps before it begins to fall.",
              EVERYWHERE(0)),
    ROW_SWITCH("staircase", "Fall only at the end of each decay_steps.", EVERYWHERE(0)),
    ROW_NUMBER("end", ALIAS(NULL, NULL, "end_value"),
               "Where it stops: a floor where gamma is below 1, else a ceiling.",
               EVERYWHERE(HYPER_NONE)),
    ROWS_END};

/* How often it has fallen by gamma at step t. */
static double falls(const struct schedule_spec *s, double t)
{
    double past = fmax((t - s->h[BEGIN]) / s->h[DECAY_STEPS], 0);
    return s->h[STAIRCASE] != 0 ? floor(past) : past;
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    double gamma = s->h[GAMMA];
    double v = schedule_or(s->h[INITIAL], base) * pow(gamma, falls(s, (double)t));
    if (!isfinite(s->h[END]))
        return v;
    return gamma < 1 ? fmax(v, s->h[END]) : fmin(v, s->h[END]);
}

static struct schedule_move move(const struct schedule_spec *s, enum schedule_turn turn, uint64_t t)
{
    double before = turn == SCHEDULE_BEGIN ? 0 : falls(s, (double)t - 1);
    return (struct schedule_move){.of_value = pow(s->h[GAMMA], falls(s, (double)t) - before)};
}

const struct schedule schedule_exponential = {
    .name = "exponential",
    .title = "Exponential decay",
    .formula = "\\eta_t = \\eta_0\\,\\gamma^{t/T}",
    .doc = "Falls by the same factor all the time; with staircase only at the end of each "
           "decay_steps.",
    .use_when = "You want one number that says how fast the rate falls, and no end in sight.",
    .reference = "torch.optim.lr_scheduler.ExponentialLR; "
                 "keras.optimizers.schedules.ExponentialDecay; optax.exponential_decay",
    .same_as = {"torch.optim.lr_scheduler.ExponentialLR",
                "keras.optimizers.schedules.ExponentialDecay", "optax.exponential_decay", NULL},
    .hypers = hypers,
    .value = value,
    .move = move,
    .multiplies = true,
    .beyond_torch = 1 << INITIAL | 1 << END,
};
