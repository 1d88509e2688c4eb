/* A climb by a straight line and a cosine decay, again and again, each time lower and for longer.
 *
 * Only the decay becomes longer: its steps are multiplied by t_mul and cut to a whole number, 1 at
 * least. m_mul lowers the peak and leaves the floor. pytorch_optimizer's
 * CosineAnnealingWarmupRestarts begins at the floor even without a warm-up, for one step: a slip of
 * its set-up that its formula does not have, so here the first step is at the peak then. */
#include "math/anneal.h"
#include "math/schedule_rows.h"

enum { PEAK, FIRST_STEPS, WARMUP_STEPS, T_MUL, M_MUL, ETA_MIN };

static const struct hyper hypers[] = {
    ROW_NUMBER("peak", NO_ALIAS, "The peak of the first cycle; left out: the optimizer's own.",
               EVERYWHERE(HYPER_NONE)),
    ROW_STEPS("first_steps", 1, NO_ALIAS, "Steps of the first cycle, warm-up included.",
              EVERYWHERE(HYPER_REQUIRED)),
    ROW_STEPS("warmup_steps", 0, NO_ALIAS, "Steps of each climb.", EVERYWHERE(0)),
    ROW_FACTOR("t_mul", NO_ALIAS, "How many times longer each decay is than the one before.",
               EVERYWHERE(1)),
    ROW_FACTOR("m_mul", NO_ALIAS, "What each restart multiplies the peak by.", EVERYWHERE(1)),
    ROW_NUMBER("eta_min", NO_ALIAS, "The floor, where each climb begins.", EVERYWHERE(0)),
    ROWS_END};

static enum err_code check(const struct schedule_spec *s, const char *prefix, struct err *err)
{
    if (s->h[WARMUP_STEPS] >= s->h[FIRST_STEPS])
        return hyper_refuse(prefix, "first_steps", err,
                            "it counts the warm-up too, so it is above warmup_steps");
    return ERR_OK;
}

/* Turns the step into that of its cycle; returns how many cycles lie before. *decay: the steps of
 * the first one's decay, then of this one's. */
static double find_cycle(const struct schedule_spec *s, double *past, double *decay)
{
    double cycles = 0, warmup = s->h[WARMUP_STEPS];
    while (*past >= warmup + *decay) {
        double next = fmax(trunc(*decay * s->h[T_MUL]), 1);
        double now = next == *decay ? floor(*past / (warmup + *decay)) : 1;
        *past -= now * (warmup + *decay);
        cycles += now;
        *decay = next;
    }
    return cycles;
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    double past = (double)t, warmup = s->h[WARMUP_STEPS], decay = s->h[FIRST_STEPS] - warmup;
    double cycles = find_cycle(s, &past, &decay), low = s->h[ETA_MIN];
    double high = schedule_or(s->h[PEAK], base) * pow(s->h[M_MUL], cycles);
    if (past < warmup)
        return (high - low) * past / warmup + low;
    return (high - low) * anneal_cosine_left((past - warmup) / decay) + low;
}

const struct schedule schedule_warmup_cosine_restarts = {
    .name = "warmup_cosine_restarts",
    .title = "Warm-up and cosine decay with restarts",
    .formula =
        "\\eta_t = \\eta_{min} + (\\mu^{i}\\eta_0 - \\eta_{min})\\left(\\tfrac12 + "
        "\\tfrac12\\cos\\frac{\\pi (t_i-W)}{T_i-W}\\right) \\;(t_i \\ge W),\\quad T_{i+1} - W "
        "= \\tau\\,(T_i - W)",
    .doc = "Climbs by a straight line for warmup_steps, falls as cosine does, and begins again. "
           "Each decay may be longer (t_mul) and each peak lower (m_mul).",
    .use_when = "As cosine_restarts, where the jump back to the top would be too sudden.",
    .reference = "Loshchilov & Hutter, SGDR, ICLR 2017, arXiv:1608.03983, with a warm-up before "
                 "each fall; pytorch_optimizer CosineAnnealingWarmupRestarts",
    .hypers = hypers,
    .check = check,
    .value = value,
};
