/* A value that follows another schedule in proportion: where that one is at max_lr this one is at
 * max_value, where it is at min_lr at min_value, and on the line between.
 *
 * It is meant for a hyperparameter that follows the learning rate, so the schedule within is a copy
 * of that of the learning rate and has max_lr as its base. With max_lr = min_lr pytorch_optimizer
 * stays at max_value; here that is refused, and its default min_value 2 has to be given. */
#include "math/schedule_rows.h"

enum { MAX_LR, MIN_LR, MAX_VALUE, MIN_VALUE };

static const struct hyper hypers[] = {
    ROW_NUMBER("max_lr", NO_ALIAS, "The largest value of the schedule within, and its base.",
               EVERYWHERE(HYPER_REQUIRED)),
    ROW_NUMBER("min_lr", NO_ALIAS, "The smallest value of the schedule within.", EVERYWHERE(0)),
    ROW_NUMBER("max_value", NO_ALIAS, "The value at max_lr; left out: the optimizer's own.",
               EVERYWHERE(HYPER_NONE)),
    ROW_NUMBER("min_value", NO_ALIAS, "The value at min_lr.", EVERYWHERE(HYPER_REQUIRED)),
    ROWS_END};

static enum err_code check(const struct schedule_spec *s, const char *prefix, struct err *err)
{
    if (s->child_count != 1)
        return hyper_refuse(prefix, "schedules", err, "it follows one schedule, given %d",
                            s->child_count);
    if (s->h[MAX_LR] <= s->h[MIN_LR])
        return hyper_refuse(prefix, "max_lr", err, "it is above min_lr");
    return ERR_OK;
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    double top = schedule_or(s->h[MAX_VALUE], base), bottom = s->h[MIN_VALUE];
    double lr = schedule_value(s->children, t, s->h[MAX_LR], state);
    return bottom + (top - bottom) * (lr - s->h[MIN_LR]) / (s->h[MAX_LR] - s->h[MIN_LR]);
}

static void update(const struct schedule_spec *s, enum schedule_phase phase, uint64_t t,
                   double base, double loss, double *state)
{
    (void)base;
    schedule_update(s->children, phase, t, s->h[MAX_LR], loss, state);
}

const struct schedule schedule_proportion = {
    .name = "proportion",
    .title = "In proportion to another",
    .formula = "\\eta_t = v_{min} + (v_{max} - v_{min})\\,\\frac{f(t) - l_{min}}{l_{max} - "
               "l_{min}}",
    .doc =
        "Follows one other schedule, whose base is max_lr, from the range min_lr … max_lr to the "
        "range min_value … max_value.",
    .use_when = "A hyperparameter has to follow the learning rate, as the radius of sam in GSAM "
                "does.",
    .reference = "Zhuang et al., Surrogate Gap Minimization Improves Sharpness-Aware Training, "
                 "ICLR 2022, arXiv:2203.08065; pytorch_optimizer ProportionScheduler",
    .hypers = hypers,
    .composed = true,
    .check = check,
    .value = value,
    .update = update,
};
