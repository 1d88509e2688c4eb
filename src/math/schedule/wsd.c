/* Warm-up, stable, decay: a trapezium whose flat part may be made longer later on.
 *
 * pytorch_optimizer's get_wsd_schedule falls to 0 in all its ways but cosine, and jumps to its
 * min_lr_ratio afterwards; here every way leads to `end`. */
#include "math/schedule_rows.h"

enum { INITIAL, PEAK, END, WARMUP_STEPS, STABLE_STEPS, DECAY_STEPS, DECAY };
enum { DECAY_LINEAR, DECAY_COSINE, DECAY_SQRT, DECAY_SQUARE };
static const char *const decay_ways[] = {"linear", "cosine", "sqrt", "square", NULL};

static const struct hyper hypers[] = {
    ROW_NUMBER("initial", NO_ALIAS, "Where it begins.", EVERYWHERE(0)),
    ROW_NUMBER("peak", NO_ALIAS, "The flat part; left out: the optimizer's own value.",
               EVERYWHERE(HYPER_NONE)),
    ROW_NUMBER("end", NO_ALIAS, "Where it ends.", EVERYWHERE(0)),
    ROW_STEPS("warmup_steps", 0, NO_ALIAS, "Steps of the climb.", EVERYWHERE(HYPER_REQUIRED)),
    ROW_STEPS("stable_steps", 0, NO_ALIAS, "Steps of the flat part.", EVERYWHERE(HYPER_REQUIRED)),
    ROW_STEPS("decay_steps", 1, NO_ALIAS, "Steps of the fall.", EVERYWHERE(HYPER_REQUIRED)),
    ROW_ONE_OF("decay", decay_ways, NO_ALIAS, "The way down; sqrt is 1 - √x, square 1 - x².",
               EVERYWHERE(DECAY_LINEAR)),
    ROWS_END};

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    double peak = schedule_or(s->h[PEAK], base), end = s->h[END], now = (double)t;
    if (now < s->h[WARMUP_STEPS])
        return s->h[INITIAL] + (peak - s->h[INITIAL]) * (now / s->h[WARMUP_STEPS]);
    double past = fmax(now - s->h[WARMUP_STEPS] - s->h[STABLE_STEPS], 0) / s->h[DECAY_STEPS];
    double x = fmin(past, 1), left = 1 - x;
    if (s->h[DECAY] == DECAY_COSINE)
        left = 0.5 * (1 + cos(M_PI * x));
    else if (s->h[DECAY] == DECAY_SQRT)
        left = 1 - sqrt(x);
    else if (s->h[DECAY] == DECAY_SQUARE)
        left = 1 - x * x;
    return end + (peak - end) * left;
}

const struct schedule schedule_wsd = {
    .name = "wsd",
    .title = "Warm-up, stable, decay",
    .formula = "\\eta_a \\to \\eta_0 \\;(W),\\quad \\eta_0 \\;(S),\\quad \\eta_0 \\to \\eta_T "
               "\\;(D)",
    .doc = "Climbs, stays, falls. Until the fall begins nothing depends on how long the run will "
           "be: a PATCH can make stable_steps longer.",
    .use_when = "Language models whose run may go on if there is more data.",
    .reference = "Hu et al., MiniCPM, 2024, arXiv:2404.06395; the fall by 1 - √x: Hägele et al., "
                 "2024, arXiv:2405.18392",
    .hypers = hypers,
    .value = value,
};
