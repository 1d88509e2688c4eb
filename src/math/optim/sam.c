/* SAM (Foret et al. 2021): steps by the gradient at the worst point nearby, towards flat minima.
 *
 *   a = w + rho·d/‖d‖          d the gradient at w
 *   w = keep·w - u             u: the step of the rule inside (math/base_rule.h) by the gradient at
 * a
 *
 *   mode alternate         a session's step is one gradient: sync_period - 1 of them climb, and the
 *                          parameters that the server answers are a, where the client takes the
 * next gradient; the last one steps from where the climb began (optax) mode second_gradient   each
 * step carries both: gradient at w, and second_gradient at a, which the client has made itself
 *
 * The norm is over all parameters; where it is 0 there is nothing to climb. The readout `center`
 * is w without the climb, in both modes. */
#include "math/base_rule.h"
#include "math/reduce.h"

enum { RHO = BASE_ROWS_COUNT, SYNC_PERIOD, MODE, WEIGHT_DECAY, WEIGHT_DECAY_MODE, MAXIMIZE };
enum { ALTERNATE, SECOND };
static const char *const mode_choices[] = {"alternate", "second_gradient", NULL};

static const struct hyper hypers[] = {
    BASE_ROWS(1e-2, 1e-2, HYPER_REQUIRED, 0.1),
    {.name = "rho",
     .kind = HYPER_REAL,
     .value = {0.05, 0.05, 0.05, 0.05},
     .max = INFINITY,
     .doc = "How far to climb before the gradient that counts."},
    {.name = "sync_period",
     .kind = HYPER_INTEGER,
     .value = {2, 2, 2, 2},
     .min = 2,
     .max = 1e9,
     .doc = "Mode alternate: gradients for one step; all but the last climb."},
    ROW_CHOICE("mode", mode_choices, NULL, NULL,
               "alternate: one gradient a step, by turns where the server says; second_gradient: "
               "both with each step.",
               ALTERNATE, ALTERNATE, ALTERNATE, ALTERNATE),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_L2, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_L2),
    ROW_MAXIMIZE,
    ROWS_END};

static size_t center_count(const double *h, const struct tensor *x)
{
    return h[MODE] == ALTERNATE ? x->count : 0;
}

enum { M, V, CENTER };
static const struct slot slots[] = {BASE_SLOTS,
                                    {.name = "center",
                                     .doc = "Parameters where the climb began (mode alternate).",
                                     .count = center_count,
                                     .start = SLOT_W},
                                    {.name = NULL}};

static unsigned needs_at(const double *h, uint64_t t)
{
    (void)t;
    return NEED_GRADIENT | (h[MODE] == SECOND ? NEED_SECOND_GRADIENT : 0);
}

/* Which gradient of the period step t is, from 0. */
static uint64_t place(const struct optim_step *s)
{
    return (s->t - 1) % (uint64_t)s->h[SYNC_PERIOD];
}

static bool climbs(const struct optim_step *s)
{
    return s->h[MODE] == ALTERNATE && place(s) + 1 < (uint64_t)s->h[SYNC_PERIOD];
}

/* The rule inside counts its own steps. */
static struct base_rule inside(const struct optim_step *s)
{
    bool alternate = s->h[MODE] == ALTERNATE;
    return base_rule(s->h, alternate ? (s->t - 1) / (uint64_t)s->h[SYNC_PERIOD] + 1 : s->t);
}

static double climb(const struct optim_step *s, const double *g, size_t n)
{
    double norm = sqrt(reduce_squares(g, n));
    double rate = norm > 0 ? s->h[RHO] / norm : 0.0;
    return s->h[MAXIMIZE] != 0 ? -rate : rate;
}

/* The gradient that counts, with sign and decay, where the step begins at `from`. */
static double counts(const struct optim_step *s, const double *g, double from, size_t i)
{
    const double *h = s->h, sign = h[MAXIMIZE] != 0 ? -1.0 : 1.0;
    const double l2 = decay_l2(h[WEIGHT_DECAY], h[WEIGHT_DECAY_MODE]);
    const double *at = h[MODE] == SECOND ? s->second_gradient : g;
    return direction(at[i], sign, l2, l2 != 0, from);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    const double *h = s->h;
    const double keep = decay_keep(h[WEIGHT_DECAY], h[WEIGHT_DECAY_MODE], h[BASE_LR]);
    const struct base_rule r = inside(s);
    double *m = slot[M], *v = slot[V], *center = slot[CENTER];
    if (h[MODE] == SECOND && !s->second_gradient)
        return err_add(err, ERR_NEEDS, "#/second_gradient", "sam needs second_gradient");
    for (size_t i = 0; center && place(s) == 0 && i < n; i++)
        center[i] = w[i];
    if (climbs(s)) {
        double rate = climb(s, g, n);
        for (size_t i = 0; i < n; i++)
            w[i] += rate * g[i];
        return ERR_OK;
    }
    for (size_t i = 0; i < n; i++) {
        double from = center ? center[i] : w[i], d = counts(s, g, from, i);
        w[i] = keep * from - base_move(&r, d, m ? m + i : NULL, v ? v + i : NULL);
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    const double *h = s->h;
    const double keep = decay_keep(h[WEIGHT_DECAY], h[WEIGHT_DECAY_MODE], h[BASE_LR]);
    const struct base_rule r = inside(s);
    if (climbs(s)) {
        double rate = explain_line(x, "k", "k_t = \\rho/\\|g_t\\|", climb(s, g, n), "{} / {}",
                                   h[RHO], sqrt(reduce_squares(g, n)));
        explain_line(x, "w", "a_t = w_t + k_t g_t", w[i] + rate * g[i], "{} + {}·{}", w[i], rate,
                     g[i]);
        explain_say(x,
                    "This gradient only climbs, by {} in all: send the next one at the answered "
                    "parameters.",
                    h[RHO]);
        return;
    }
    double from = slot[CENTER] && place(s) > 0 ? slot[CENTER][i] : w[i];
    double d = counts(s, g, from, i);
    explain_line(x, "g", "g_t = \\nabla L(a_t)", d, "{}", d);
    double u = base_explain(x, &r, d, slot[M] ? slot[M] + i : NULL, slot[V] ? slot[V] + i : NULL);
    explain_line(x, "w", "w_{t+1} = w_t - u_t", keep * from - u, "{}·{} - {}", keep, from, u);
    explain_say(x,
                "The gradient at the worst point nearby, {}, moves the parameter from where the "
                "climb began, {}.",
                d, from);
}

static void read_center(const struct optim_step *s, const double *w, double *const *slot, size_t n,
                        double *out)
{
    bool high = slot[CENTER] && s->t % (uint64_t)s->h[SYNC_PERIOD] != 0;
    for (size_t i = 0; i < n; i++)
        out[i] = high ? slot[CENTER][i] : w[i];
}

static const struct readout readouts[] = {
    {.name = "center",
     .doc = "The parameters without the climb: the ones to use.",
     .read = read_center},
    {.name = NULL}};

const struct optim OPTIM(sam) = {
    .name = "sam",
    .title = "SAM (sharpness-aware minimisation)",
    .formula = "a_t = w_t + \\rho\\,\\frac{g(w_t)}{\\|g(w_t)\\|},\\quad w_{t+1} = w_t - "
               "u\\big(g(a_t)\\big)",
    .use_when = "Generalisation matters more than time: vision models, small data, noisy labels.",
    .pros =
        "Finds flat minima, which generalise better, around any base rule. Robust against label "
        "noise.",
    .cons = "Two gradients for each step. rho wants tuning; with small batches the climb is mostly "
            "noise.",
    .reference = "Foret, Kleiner, Mobahi & Neyshabur, Sharpness-Aware Minimization for Efficiently "
                 "Improving Generalization, ICLR 2021, arXiv:2010.01412",
    .same_as = {NULL, NULL, "optax.contrib.sam", NULL},
    .hypers = hypers,
    .slots = slots,
    .readouts = readouts,
    .needs = NEED_GRADIENT | NEED_SECOND_GRADIENT,
    .needs_at = needs_at,
    .scope = OPTIM_WHOLE,
    .lr = BASE_LR,
    .momentum = base_momentum,
    .kernel = kernel,
    .explain = explain,
};
