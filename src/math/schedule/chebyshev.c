/* Fractal Chebyshev steps: the reciprocals of the Chebyshev nodes of an interval that holds the
 * eigenvalues of the Hessian, in an order in which long and short steps balance.
 *
 * T = total_steps rounded up to a power of two. In the order of length 2n each place of that of
 * length n is followed by its mirror image: 0; 0 1; 0 3 1 2; 0 7 3 4 1 6 2 5.
 * pytorch_optimizer's get_chebyshev_schedule counts epochs from 1 and after a warm-up, so that its
 * first three steps share one value: begin 2. For fewer than five epochs it keeps only a part of
 * its values; here the rule wins. After the list the last value holds. */
#include "math/schedule_rows.h"

enum { TOTAL_STEPS, MIN_EIGENVALUE, MAX_EIGENVALUE, BEGIN };

static const struct hyper hypers[] = {
    ROW_STEPS("total_steps", 1, NO_ALIAS, "Steps of the whole, rounded up to a power of two.",
              EVERYWHERE(HYPER_REQUIRED)),
    ROW_POSITIVE("min_eigenvalue", NO_ALIAS,
                 "Lower end of the interval; its reciprocal is the longest step.",
                 EVERYWHERE(0.05)),
    ROW_POSITIVE("max_eigenvalue", NO_ALIAS,
                 "Upper end of the interval; its reciprocal is the shortest step.", EVERYWHERE(1)),
    ROW_STEPS("begin", 0, NO_ALIAS, "Steps that have the first value besides its own.",
              EVERYWHERE(0)),
    ROWS_END};

static enum err_code check(const struct schedule_spec *s, const char *prefix, struct err *err)
{
    if (s->h[MAX_EIGENVALUE] < s->h[MIN_EIGENVALUE])
        return hyper_refuse(prefix, "max_eigenvalue", err, "it is not below min_eigenvalue");
    return ERR_OK;
}

/* Which node has place `at` of `length`, a power of two. */
static uint64_t node_at(uint64_t at, uint64_t length)
{
    uint64_t node = 0;
    for (uint64_t n = 1; n < length; n *= 2) {
        if (at & (length / 2 / n))
            node = 2 * n - 1 - node;
    }
    return node;
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    (void)state;
    uint64_t length = 1;
    while ((double)length < s->h[TOTAL_STEPS])
        length *= 2;
    double place = fmin(fmax((double)t - s->h[BEGIN], 0), (double)(length - 1));
    double node = (double)node_at((uint64_t)place, length);
    double centre = (s->h[MAX_EIGENVALUE] + s->h[MIN_EIGENVALUE]) / 2;
    double radius = (s->h[MAX_EIGENVALUE] - s->h[MIN_EIGENVALUE]) / 2;
    return base / (centre - radius * cos((node + 0.5) * M_PI / (double)length));
}

const struct schedule schedule_chebyshev = {
    .name = "chebyshev",
    .title = "Fractal Chebyshev steps",
    .formula = "\\eta_t = \\frac{\\eta_0}{\\frac{M+m}{2} - "
               "\\frac{M-m}{2}\\cos\\frac{(\\sigma_t+\\frac12)\\pi}{T}}",
    .doc = "Long and short steps in turn, which together fall faster than any fixed step: the "
           "reciprocals of Chebyshev nodes in a fractal order. pytorch_optimizer's form has begin "
           "2.",
    .use_when = "Plain gradient descent on a nearly quadratic loss whose curvature you know.",
    .reference = "Agarwal, Goel & Zhang, Acceleration via Fractal Learning Rate Schedules, ICML "
                 "2021, arXiv:2103.01338; pytorch_optimizer get_chebyshev_schedule",
    .hypers = hypers,
    .check = check,
    .value = value,
};
