/* Way points, and a line or half a cosine wave between each and the next. */
#include "math/schedule_rows.h"

#include "math/anneal.h"

enum { INTERPOLATION, INITIAL, BOUNDARIES, SCALES };

static const struct hyper hypers[] = {
    ROW_ONE_OF("interpolation", anneal_choices, ALIAS(NULL, NULL, "interpolate_type"),
               "The way from one value to the next.", ANNEAL_LINEAR, ANNEAL_LINEAR, HYPER_REQUIRED,
               ANNEAL_LINEAR),
    ROW_INITIAL,
    ROW_STEP_LIST("boundaries", ALIAS(NULL, NULL, "boundaries_and_scales[keys]"),
                  "Steps at which the next value is reached, in rising order.",
                  EVERYWHERE(HYPER_REQUIRED)),
    ROW_LIST("scales", 0, ALIAS(NULL, NULL, "boundaries_and_scales[values]"),
             "What the value before is multiplied by to give the next one.",
             EVERYWHERE(HYPER_REQUIRED)),
    ROWS_END};

static enum err_code check(const struct schedule_spec *s, const char *prefix, struct err *err)
{
    size_t n = s->list[BOUNDARIES].count;
    if (s->list[SCALES].count != n)
        return hyper_refuse(prefix, "scales", err, "%zu boundaries need %zu scales, given %zu", n,
                            n, s->list[SCALES].count);
    return ERR_OK;
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    double from = schedule_or(s->h[INITIAL], base), begin = 0;
    for (size_t i = 0; i < s->list[BOUNDARIES].count; i++) {
        double end = s->list[BOUNDARIES].data[i], to = from * s->list[SCALES].data[i];
        if ((double)t < end)
            return anneal((int)s->h[INTERPOLATION], from, to, ((double)t - begin) / (end - begin));
        from = to;
        begin = end;
    }
    return from;
}

const struct schedule schedule_piecewise_interpolate = {
    .name = "piecewise_interpolate",
    .title = "Piecewise interpolation",
    .formula = "\\eta_t = \\mathrm{way}\\!\\left(v_k, v_{k+1}, "
               "\\frac{t-b_k}{b_{k+1}-b_k}\\right),\\quad v_{k+1} = s_{k+1}\\,v_k",
    .doc = "Moves from way point to way point, by a line or by half a cosine wave; after the last "
           "it stays.",
    .use_when = "You want a shape of your own that has no jumps.",
    .reference = "optax.piecewise_interpolate_schedule",
    .same_as = {NULL, NULL, "optax.piecewise_interpolate_schedule", NULL},
    .hypers = hypers,
    .check = check,
    .value = value,
};
