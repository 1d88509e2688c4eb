/* Another constant after each boundary: Keras gives the values, optax factors that multiply up.
 *
 * With `values` the base plays no part. Keras keeps the old value at the boundary itself
 * (step <= boundary), optax and torch begin the new one there: at_boundary. */
#include "math/schedule_rows.h"

enum { INITIAL, BOUNDARIES, VALUES, SCALES, AT_BOUNDARY };
enum { AT_NEW, AT_OLD };
static const char *const at_choices[] = {"new", "old", NULL};

static const struct hyper hypers[] = {
    ROW_INITIAL,
    ROW_STEP_LIST("boundaries", ALIAS(NULL, NULL, "boundaries_and_scales[keys]"),
                  "Steps at which it changes, in rising order.", EVERYWHERE(HYPER_REQUIRED)),
    ROW_LIST("values", -INFINITY, NO_ALIAS,
             "The values: one before the first boundary and one after each.",
             EVERYWHERE(HYPER_NONE)),
    ROW_LIST("scales", 0, ALIAS(NULL, NULL, "boundaries_and_scales[values]"),
             "In place of values: what each boundary multiplies by.", EVERYWHERE(HYPER_NONE)),
    ROW_ONE_OF("at_boundary", at_choices, NO_ALIAS,
               "Whether the step at a boundary has the new value or still the old one.", AT_NEW,
               AT_OLD, AT_NEW, AT_NEW),
    ROWS_END};

static enum err_code check(const struct schedule_spec *s, const char *prefix, struct err *err)
{
    size_t n = s->list[BOUNDARIES].count;
    bool values = isfinite(s->h[VALUES]), scales = isfinite(s->h[SCALES]);
    if (values == scales)
        return hyper_refuse(prefix, "values", err, "give either values or scales");
    if (values && s->list[VALUES].count != n + 1)
        return hyper_refuse(prefix, "values", err, "%zu boundaries need %zu values, given %zu", n,
                            n + 1, s->list[VALUES].count);
    if (values && isfinite(s->h[INITIAL]))
        return hyper_refuse(prefix, "initial", err, "the first of the values says it already");
    if (scales && s->list[SCALES].count != n)
        return hyper_refuse(prefix, "scales", err, "%zu boundaries need %zu scales, given %zu", n,
                            n, s->list[SCALES].count);
    return ERR_OK;
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    double v = schedule_or(s->h[INITIAL], base);
    size_t passed = 0;
    for (size_t i = 0; i < s->list[BOUNDARIES].count; i++) {
        double boundary = s->list[BOUNDARIES].data[i];
        if (s->h[AT_BOUNDARY] == AT_OLD ? (double)t <= boundary : (double)t < boundary)
            break;
        passed++;
        if (s->list[SCALES].count)
            v *= s->list[SCALES].data[i];
    }
    return s->list[VALUES].count ? s->list[VALUES].data[passed] : v;
}

const struct schedule schedule_piecewise_constant = {
    .name = "piecewise_constant",
    .title = "Piecewise constant",
    .formula = "\\eta_t = v_k \\;\\text{with}\\; b_k \\le t < b_{k+1},\\quad "
               "\\text{or}\\quad \\eta_t = \\eta_0 \\prod_{b_i \\le t} s_i",
    .doc = "Keras gives values, optax {step: scale}. In profile keras the step at a boundary still "
           "has the old value, in the others the new one.",
    .use_when = "You want to say each value yourself.",
    .reference = "keras.optimizers.schedules.PiecewiseConstantDecay; "
                 "optax.piecewise_constant_schedule",
    .same_as = {NULL, "keras.optimizers.schedules.PiecewiseConstantDecay",
                "optax.piecewise_constant_schedule", NULL},
    .hypers = hypers,
    .check = check,
    .value = value,
};
