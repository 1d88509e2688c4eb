/* A cut when the loss has stopped to improve.
 *
 * torch and Keras look at the loss after the step, so the next step is the first with the new
 * value. They count differently: torch cuts when the steps without improvement exceed patience, and
 * the step that ends a cooldown does not count; Keras cuts when they reach it, and that step
 * counts. The names of optax's own form are in reduce_on_plateau. */
#include "math/schedule_rows.h"

enum { FACTOR, PATIENCE, THRESHOLD, THRESHOLD_MODE, MODE, COOLDOWN, MIN, EPS, COUNTING };
enum { REL, ABS };
enum { MODE_MIN, MODE_MAX };
enum { EXCEED, REACH };
enum { SCALE, BEST, BAD, LEFT };
static const char *const threshold_choices[] = {"rel", "abs", NULL};
static const char *const mode_choices[] = {"min", "max", NULL};
static const char *const counting_choices[] = {"exceed", "reach", NULL};

static const struct hyper hypers[] = {
    {.name = "factor",
     .kind = HYPER_REAL,
     .value = {EVERYWHERE(0.1)},
     .min = 0,
     .max = 1,
     .max_open = true,
     .doc = "What each cut multiplies by."},
    ROW_STEPS("patience", 0, NO_ALIAS, "Steps without improvement before a cut.", EVERYWHERE(10)),
    ROW_FACTOR("threshold", ALIAS(NULL, "min_delta", NULL),
               "By how much a loss has to be better to count.", EVERYWHERE(1e-4)),
    ROW_ONE_OF("threshold_mode", threshold_choices, NO_ALIAS,
               "Whether the threshold is a part of the best loss or a difference.", REL, ABS, REL,
               REL),
    ROW_ONE_OF("mode", mode_choices, NO_ALIAS, "Whether better is smaller or larger.",
               EVERYWHERE(MODE_MIN)),
    ROW_STEPS("cooldown", 0, NO_ALIAS, "Steps after a cut that do not count.", EVERYWHERE(0)),
    ROW_NUMBER("min", ALIAS("min_lr", "min_lr", NULL), "The value below which it is not cut.",
               EVERYWHERE(0)),
    ROW_FACTOR("eps", NO_ALIAS, "A cut by no more than this is left out.", 1e-8, 0, 1e-8, 1e-8),
    ROW_ONE_OF("counting", counting_choices, NO_ALIAS,
               "exceed cuts when the steps without improvement exceed patience (torch), reach when "
               "they reach it (Keras).",
               EXCEED, REACH, EXCEED, EXCEED),
    ROWS_END};

static const struct scalar scalars[] = {
    {.name = "scale", .doc = "What the base is multiplied by.", .start = 1},
    {.name = "best", .doc = "Best loss, its sign turned for mode max.", .start = INFINITY},
    {.name = "bad", .doc = "Steps without improvement."},
    {.name = "cooldown", .doc = "Steps of cooldown that are left."},
    {.name = NULL}};

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)t;
    return base * state[s->state + SCALE];
}

/* With the sign turned for mode max, "larger by a part" is "smaller by a part of the size". */
static bool is_better(const struct schedule_spec *s, double loss, double best)
{
    double threshold = s->h[THRESHOLD];
    if (isinf(best))
        return loss < best;
    if (s->h[THRESHOLD_MODE] == ABS)
        return loss < best - threshold;
    return loss < best * (s->h[MODE] == MODE_MAX ? 1 + threshold : 1 - threshold);
}

static void cut(const struct schedule_spec *s, double base, double *state)
{
    double before = base * state[SCALE], after = fmax(before * s->h[FACTOR], s->h[MIN]);
    if (before - after > s->h[EPS])
        state[SCALE] = after / base;
    state[LEFT] = s->h[COOLDOWN];
    state[BAD] = 0;
}

static void update(const struct schedule_spec *s, enum schedule_phase phase, uint64_t t,
                   double base, double loss, double *whole)
{
    (void)t;
    double *state = whole + s->state, now = s->h[MODE] == MODE_MAX ? -loss : loss;
    if (phase != SCHEDULE_AFTER_STEP)
        return;
    bool better = is_better(s, now, state[BEST]), cooling = state[LEFT] > 0;
    if (better)
        state[BEST] = now;
    state[LEFT] -= cooling;
    bool reach = s->h[COUNTING] == REACH;
    bool idle = reach ? state[LEFT] > 0 : cooling; /* this step does not count */
    if (better || idle || (reach && cooling))
        state[BAD] = 0;
    if (!better && !idle)
        state[BAD]++;
    if (reach ? !better && !idle && state[BAD] >= s->h[PATIENCE] : state[BAD] > s->h[PATIENCE])
        cut(s, base, state);
}

const struct schedule schedule_plateau = {
    .name = "plateau",
    .title = "Cut on a plateau",
    .formula = "\\eta \\leftarrow \\max(c\\,\\eta, \\eta_{min}) \\;\\text{when the loss has not "
               "improved for } p \\text{ steps}",
    .doc = "Cuts when the loss stalls; every step has to carry its loss. The step after the one "
           "that showed the plateau is the first with the new value.",
    .use_when = "You do not know how long the run will take and can tell its loss.",
    .reference = "torch.optim.lr_scheduler.ReduceLROnPlateau; keras.callbacks.ReduceLROnPlateau",
    .same_as = {"torch.optim.lr_scheduler.ReduceLROnPlateau", "keras.callbacks.ReduceLROnPlateau",
                NULL, NULL},
    .hypers = hypers,
    .needs_loss = true,
    .scalars = scalars,
    .value = value,
    .update = update,
    .multiplies = true,
};
