/* Cosine decay: half a cosine wave from the top to the floor.
 *
 * After decay_steps torch follows the wave up again, Keras and optax stay on the floor:
 * after_end. The floor is a value (eta_min, torch) or a part of the top (alpha). Keras can climb to
 * warmup_target first; decay_steps then counts from the end of the climb. */
#include "math/anneal.h"
#include "math/schedule_rows.h"

enum { INITIAL, DECAY_STEPS, ETA_MIN, ALPHA, EXPONENT, AFTER_END, WARMUP_TARGET, WARMUP_STEPS };
enum { AFTER_RISE, AFTER_STAY };
static const char *const after_choices[] = {"rise", "stay", NULL};

static const struct hyper hypers[] = {
    ROW_INITIAL,
    ROW_STEPS("decay_steps", 1, ALIAS("T_max", NULL, NULL), "Steps from the top to the floor.",
              EVERYWHERE(HYPER_REQUIRED)),
    ROW_NUMBER("eta_min", NO_ALIAS, "The floor as a value; left out: alpha says it.",
               EVERYWHERE(HYPER_NONE)),
    ROW_NUMBER("alpha", NO_ALIAS, "The floor as a part of the top.", EVERYWHERE(0)),
    ROW_POSITIVE("exponent", NO_ALIAS, "Power of the wave; above 1 it falls earlier.",
                 EVERYWHERE(1)),
    ROW_ONE_OF("after_end", after_choices, NO_ALIAS,
               "What follows the floor: rise up again on the same wave, or stay.", AFTER_RISE,
               AFTER_STAY, AFTER_STAY, AFTER_STAY),
    ROW_NUMBER("warmup_target", NO_ALIAS, "The top that a line leads to first; left out: none.",
               EVERYWHERE(HYPER_NONE)),
    ROW_STEPS("warmup_steps", 0, NO_ALIAS, "Steps of that line, before decay_steps.",
              EVERYWHERE(0)),
    ROWS_END};

static enum err_code check(const struct schedule_spec *s, const char *prefix, struct err *err)
{
    if (isfinite(s->h[ETA_MIN]) && s->h[ALPHA] != 0)
        return hyper_refuse(prefix, "alpha", err, "eta_min says the floor already");
    if (s->h[WARMUP_STEPS] > 0 && !isfinite(s->h[WARMUP_TARGET]))
        return hyper_refuse(prefix, "warmup_target", err, "warmup_steps need it");
    return ERR_OK;
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    double top = schedule_or(s->h[INITIAL], base), past = (double)t, length = s->h[DECAY_STEPS];
    if (isfinite(s->h[WARMUP_TARGET])) {
        if (past < s->h[WARMUP_STEPS])
            return (s->h[WARMUP_TARGET] - top) * (past / s->h[WARMUP_STEPS]) + top;
        top = s->h[WARMUP_TARGET];
        past -= s->h[WARMUP_STEPS];
    }
    if (s->h[AFTER_END] == AFTER_STAY)
        past = fmin(past, length);
    else
        past = fmod(past, 2 * length);
    double floor_at = schedule_or(s->h[ETA_MIN], top * s->h[ALPHA]);
    double left = anneal_cosine_left(past / length);
    return (top - floor_at) * (s->h[EXPONENT] == 1 ? left : pow(left, s->h[EXPONENT])) + floor_at;
}

/* After the floor torch adds what the first step of the wave takes away; the ratio is 0/0 there. */
static struct schedule_move move(const struct schedule_spec *s, enum schedule_turn turn, uint64_t t)
{
    double length = s->h[DECAY_STEPS], least = schedule_or(s->h[ETA_MIN], 0);
    if (turn == SCHEDULE_BEGIN)
        return (struct schedule_move){.of_value = 1};
    if (fmod((double)t - 1, 2 * length) == length) {
        double up = 1 - anneal_cosine_left(1 / length);
        return (struct schedule_move){.of_value = 1, .of_base = up, .constant = -least * up};
    }
    double ratio = anneal_cosine_left(fmod((double)t, 2 * length) / length) /
                   anneal_cosine_left(fmod((double)t - 1, 2 * length) / length);
    return (struct schedule_move){.of_value = ratio, .constant = least - least * ratio};
}

const struct schedule schedule_cosine = {
    .name = "cosine",
    .title = "Cosine decay",
    .formula = "\\eta_t = \\eta_{min} + (\\eta_0 - \\eta_{min})\\left(\\tfrac12 + "
               "\\tfrac12\\cos\\frac{\\pi t}{T}\\right)^{p}",
    .doc = "Falls slowly, then fast, then slowly. After decay_steps torch rises again on the same "
           "wave; Keras and optax stay on the floor.",
    .use_when = "The run has a fixed length: the usual choice for deep networks.",
    .reference = "Loshchilov & Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR "
                 "2017, arXiv:1608.03983",
    .same_as = {"torch.optim.lr_scheduler.CosineAnnealingLR",
                "keras.optimizers.schedules.CosineDecay", "optax.cosine_decay_schedule", NULL},
    .hypers = hypers,
    .check = check,
    .value = value,
    .move = move,
    .beyond_torch = 1 << INITIAL | 1 << ALPHA | 1 << EXPONENT | 1 << AFTER_END |
                    1 << WARMUP_TARGET | 1 << WARMUP_STEPS,
};
