/* A cut when the loss has stopped to improve, as optax has it: the loss of a step counts before
 * that step, which may already use the new value; losses are averaged over accumulation_size; the
 * cut comes when the averages without improvement reach patience. */
#include "math/schedule_rows.h"

enum { FACTOR, PATIENCE, RTOL, ATOL, COOLDOWN, ACCUMULATION_SIZE, MIN_SCALE };
enum { SCALE, BEST, BAD, LEFT, COUNT, MEAN };

static const struct hyper hypers[] = {
    {.name = "factor",
     .kind = HYPER_REAL,
     .value = {EVERYWHERE(0.1)},
     .min = 0,
     .min_open = true,
     .max = 1,
     .max_open = true,
     .doc = "What each cut multiplies by."},
    ROW_STEPS("patience", 0, NO_ALIAS, "Averages without improvement before a cut.",
              EVERYWHERE(10)),
    ROW_FRACTION("rtol", NO_ALIAS, "By which part a loss has to be better to count.",
                 EVERYWHERE(1e-4)),
    ROW_FACTOR("atol", NO_ALIAS, "By how much besides.", EVERYWHERE(0)),
    ROW_STEPS("cooldown", 0, NO_ALIAS, "Averages after a cut that do not count.", EVERYWHERE(0)),
    ROW_STEPS("accumulation_size", 1, NO_ALIAS, "Losses in one average.", EVERYWHERE(1)),
    ROW_FACTOR("min_scale", NO_ALIAS, "The least that the base is multiplied by.", EVERYWHERE(0)),
    ROWS_END};

static const struct scalar scalars[] = {
    {.name = "scale", .doc = "What the base is multiplied by.", .start = 1},
    {.name = "best", .doc = "Best average of the loss.", .start = INFINITY},
    {.name = "bad", .doc = "Averages without improvement."},
    {.name = "cooldown", .doc = "Averages of cooldown that are left."},
    {.name = "count", .doc = "Losses in the current average."},
    {.name = "mean", .doc = "Their mean."},
    {.name = NULL}};

static enum err_code check(const struct schedule_spec *s, const char *prefix, struct err *err)
{
    if (s->h[RTOL] == 0 && s->h[ATOL] == 0)
        return hyper_refuse(prefix, "rtol", err, "rtol or atol has to be above 0");
    return ERR_OK;
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)t;
    return base * state[s->state + SCALE];
}

static void judge(const struct schedule_spec *s, double *state)
{
    bool better = state[MEAN] < (1 - s->h[RTOL]) * state[BEST] - s->h[ATOL];
    double bad = better ? 0 : state[BAD] + 1;
    if (better)
        state[BEST] = state[MEAN];
    if (state[LEFT] > 0) {
        state[LEFT]--;
        state[BAD] = 0;
        return;
    }
    bool cut = bad == s->h[PATIENCE];
    state[SCALE] = fmax(cut ? state[SCALE] * s->h[FACTOR] : state[SCALE], s->h[MIN_SCALE]);
    state[LEFT] = cut ? s->h[COOLDOWN] : 0;
    state[BAD] = cut ? 0 : bad;
}

static void update(const struct schedule_spec *s, enum schedule_phase phase, uint64_t t,
                   double base, double loss, double *whole)
{
    (void)t;
    (void)base;
    double *state = whole + s->state;
    if (phase != SCHEDULE_BEFORE_STEP)
        return;
    state[MEAN] = (state[COUNT] * state[MEAN] + loss) / (state[COUNT] + 1);
    state[COUNT]++;
    if (state[COUNT] < s->h[ACCUMULATION_SIZE])
        return;
    judge(s, state);
    state[COUNT] = state[MEAN] = 0;
}

const struct schedule schedule_reduce_on_plateau = {
    .name = "reduce_on_plateau",
    .title = "Cut on a plateau, at once",
    .formula = "\\eta \\leftarrow \\max(c\\,s, s_{min})\\,\\eta_0 \\;\\text{when the mean loss has "
               "not improved } p \\text{ times}",
    .doc = "Cuts when the mean of the loss stalls; every step has to carry its loss. The step that "
           "shows the plateau has the new value already. This is optax's way; torch and Keras cut "
           "as plateau does.",
    .use_when = "As plateau, where the loss is noisy enough to be averaged first.",
    .reference = "optax.contrib.reduce_on_plateau",
    .same_as = {NULL, NULL, "optax.contrib.reduce_on_plateau", NULL},
    .hypers = hypers,
    .needs_loss = true,
    .scalars = scalars,
    .check = check,
    .value = value,
    .update = update,
};
