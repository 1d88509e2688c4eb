/* One cycle in three straight lines, as optax has it. */
#include "math/anneal.h"
#include "math/schedule_rows.h"

enum { PEAK, TOTAL_STEPS, PCT_START, PCT_FINAL, DIV_FACTOR, FINAL_DIV_FACTOR };

static const struct hyper hypers[] = {
    ROW_NUMBER("peak", ALIAS(NULL, NULL, "peak_value"),
               "The peak; left out: the optimizer's own value.", EVERYWHERE(HYPER_NONE)),
    ROW_STEPS("total_steps", 1, ALIAS(NULL, NULL, "transition_steps"), "Steps of the whole cycle.",
              EVERYWHERE(HYPER_REQUIRED)),
    ROW_FRACTION("pct_start", NO_ALIAS, "Where in the cycle the peak is.", EVERYWHERE(0.3)),
    ROW_FRACTION("pct_final", NO_ALIAS, "Where in the cycle it is back at its beginning.",
                 EVERYWHERE(0.85)),
    ROW_POSITIVE("div_factor", NO_ALIAS, "It begins at peak / div_factor.", EVERYWHERE(25)),
    ROW_POSITIVE("final_div_factor", NO_ALIAS, "It ends at its beginning / final_div_factor.",
                 EVERYWHERE(1e4)),
    ROWS_END};

static enum err_code check(const struct schedule_spec *s, const char *prefix, struct err *err)
{
    if (s->h[PCT_FINAL] < s->h[PCT_START])
        return hyper_refuse(prefix, "pct_final", err, "it comes after pct_start");
    return ERR_OK;
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    double peak = schedule_or(s->h[PEAK], base), total = s->h[TOTAL_STEPS], now = (double)t;
    double initial = peak / s->h[DIV_FACTOR], end = initial / s->h[FINAL_DIV_FACTOR];
    double top = trunc(s->h[PCT_START] * total), back = trunc(s->h[PCT_FINAL] * total);
    if (now < top)
        return anneal(ANNEAL_LINEAR, initial, peak, now / top);
    if (now < back)
        return anneal(ANNEAL_LINEAR, peak, initial, (now - top) / (back - top));
    if (now < total)
        return anneal(ANNEAL_LINEAR, initial, end, (now - back) / (total - back));
    return end;
}

const struct schedule schedule_linear_one_cycle = {
    .name = "linear_one_cycle",
    .title = "One cycle in straight lines",
    .formula = "\\frac{\\eta_{peak}}{d} \\to \\eta_{peak} \\to \\frac{\\eta_{peak}}{d} \\to "
               "\\frac{\\eta_{peak}}{d\\,f}",
    .doc = "Up to the peak, back down to the beginning, and on to the end, each by a straight "
           "line.",
    .use_when = "As one_cycle, in the form of its paper.",
    .reference = "Smith & Topin, Super-Convergence, 2018, arXiv:1708.07120",
    .same_as = {NULL, NULL, "optax.linear_onecycle_schedule", NULL},
    .hypers = hypers,
    .check = check,
    .value = value,
};
