/* A cut by the same factor every so many steps. */
#include "math/schedule_rows.h"

enum { INITIAL, STEP_SIZE, GAMMA };

static const struct hyper hypers[] = {
    ROW_INITIAL,
    ROW_STEPS("step_size", 1, ALIAS(NULL, "decay_steps", "transition_steps"),
              "Steps between two cuts.", EVERYWHERE(HYPER_REQUIRED)),
    ROW_FACTOR("gamma", ALIAS(NULL, "decay_rate", "decay_rate"), "What each cut multiplies by.",
               0.1, HYPER_REQUIRED, HYPER_REQUIRED, 0.1),
    ROWS_END};

static double cuts(const struct schedule_spec *s, double t)
{
    return floor(t / s->h[STEP_SIZE]);
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    return schedule_or(s->h[INITIAL], base) * pow(s->h[GAMMA], cuts(s, (double)t));
}

static struct schedule_move move(const struct schedule_spec *s, enum schedule_turn turn, uint64_t t)
{
    double before = turn == SCHEDULE_BEGIN ? 0 : cuts(s, (double)t - 1);
    return (struct schedule_move){.of_value = pow(s->h[GAMMA], cuts(s, (double)t) - before)};
}

const struct schedule schedule_step = {
    .name = "step",
    .title = "Step decay",
    .formula = "\\eta_t = \\eta_0\\,\\gamma^{\\lfloor t/T \\rfloor}",
    .doc = "Multiplies by gamma every step_size steps.",
    .use_when = "The classic for image networks: long plateaus with sharp cuts between.",
    .reference = "torch.optim.lr_scheduler.StepLR",
    .same_as = {"torch.optim.lr_scheduler.StepLR",
                "keras.optimizers.schedules.ExponentialDecay(staircase=True)",
                "optax.exponential_decay(staircase=True)", NULL},
    .hypers = hypers,
    .value = value,
    .move = move,
    .multiplies = true,
    .beyond_torch = 1 << INITIAL,
};
