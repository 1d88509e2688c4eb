/* Cosine decay that starts again from the top, each time for longer. */
#include "math/anneal.h"
#include "math/schedule_rows.h"

enum { INITIAL, FIRST_STEPS, T_MUL, M_MUL, ETA_MIN, ALPHA };

static const struct hyper hypers[] = {
    ROW_INITIAL,
    ROW_STEPS("first_steps", 1, ALIAS("T_0", "first_decay_steps", NULL), "Steps of the first fall.",
              EVERYWHERE(HYPER_REQUIRED)),
    {.name = "t_mul",
     .kind = HYPER_REAL,
     .value = {1, 2, 1, 1},
     .alias = {"T_mult", NULL, NULL, NULL},
     .min = 1,
     .max = INFINITY,
     .doc = "How many times longer each fall is than the one before."},
    ROW_FACTOR("m_mul", NO_ALIAS, "What each restart multiplies the wave by.", EVERYWHERE(1)),
    ROW_NUMBER("eta_min", NO_ALIAS, "The floor as a value; left out: alpha says it.",
               EVERYWHERE(HYPER_NONE)),
    ROW_NUMBER("alpha", NO_ALIAS, "The floor as a part of the top.", EVERYWHERE(0)),
    ROWS_END};

static enum err_code check(const struct schedule_spec *s, const char *prefix, struct err *err)
{
    if (isfinite(s->h[ETA_MIN]) && s->h[ALPHA] != 0)
        return hyper_refuse(prefix, "alpha", err, "eta_min says the floor already");
    return ERR_OK;
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    double top = schedule_or(s->h[INITIAL], base), past = (double)t, length = s->h[FIRST_STEPS];
    double restarts = 0;
    if (s->h[T_MUL] == 1) {
        restarts = floor(past / length);
        past = fmod(past, length);
    }
    while (past >= length) {
        past -= length;
        length *= s->h[T_MUL];
        restarts++;
    }
    double floor_at = schedule_or(s->h[ETA_MIN], top * s->h[ALPHA]);
    double wave = pow(s->h[M_MUL], restarts) * anneal_cosine_left(past / length);
    return (top - floor_at) * wave + floor_at;
}

const struct schedule schedule_cosine_restarts = {
    .name = "cosine_restarts",
    .title = "Cosine decay with restarts",
    .formula = "\\eta_t = \\eta_{min} + (\\eta_0 - \\eta_{min})\\,\\mu^{i}\\left(\\tfrac12 + "
               "\\tfrac12\\cos\\frac{\\pi\\,t_i}{T_i}\\right),\\quad T_{i+1} = \\tau\\,T_i",
    .doc = "Falls as cosine does and jumps back to the top. Each fall may be longer (t_mul: 1 in "
           "torch, 2 in Keras) and lower (m_mul). optax builds it as a sequence of warmup_cosine.",
    .use_when = "You want good parameters at several points of a run, not only at its end.",
    .reference = "Loshchilov & Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, ICLR "
                 "2017, arXiv:1608.03983",
    .same_as = {"torch.optim.lr_scheduler.CosineAnnealingWarmRestarts",
                "keras.optimizers.schedules.CosineDecayRestarts", NULL, NULL},
    .hypers = hypers,
    .check = check,
    .value = value,
};
