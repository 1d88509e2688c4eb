/* Averaged SGD (Polyak & Juditsky 1992) as in torch: descent with a falling step, and the mean of
 * the parameters beside it.
 *
 *   η_1 = lr, η_{t+1} = lr/(1 + lambd·lr·t)^alpha
 *   w = (1 - lambd·η)·w - η·d                d = ±g + wd·w
 *   a += μ·(w - a), μ = 1/max(1, t-1-t0)     a = w up to step t0 + 2, then the mean since
 *
 * η is a scalar of the session, because torch computes it at the end of a step with the lr of that
 * step: a new lr acts one step later. torch keeps it in its default dtype; float32, unless
 * set_default_dtype says otherwise. With torch's t0 of a million nothing is averaged before. Keras
 * and optax have no such optimizer; their profiles differ only in where weight_decay goes. */
#include "math/moments.h"

enum { LR, LAMBD, ALPHA, T0, WEIGHT_DECAY, WEIGHT_DECAY_MODE, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(1e-2, 1e-2, 1e-2, 1e-2),
    {.name = "lambd",
     .kind = HYPER_REAL,
     .value = {1e-4, 1e-4, 1e-4, 1e-4},
     .max = INFINITY,
     .doc = "Decay: draws w to 0 by lambd·eta at each step, and makes eta fall."},
    {.name = "alpha",
     .kind = HYPER_REAL,
     .value = {0.75, 0.75, 0.75, 0.75},
     .max = INFINITY,
     .doc = "Power with which eta falls."},
    {.name = "t0",
     .kind = HYPER_REAL,
     .value = {1e6, 1e6, 1e6, 1e6},
     .max = INFINITY,
     .doc = "Step from which on parameters are averaged."},
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_L2, DECAY_DECOUPLED, DECAY_L2, DECAY_L2),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {
    {.name = "a", .doc = "Mean a of the parameters.", .start = SLOT_W}, {.name = NULL}};

enum { NEXT_ETA };
static const struct scalar scalars[] = {
    {.name = "next_eta", .doc = "Step size of the next step; 0 before the first."}, {.name = NULL}};

static void read_average(const struct optim_step *s, const double *w, double *const *slot, size_t n,
                         double *out)
{
    (void)s;
    (void)w;
    for (size_t i = 0; i < n; i++)
        out[i] = slot[0][i];
}

static const struct readout readouts[] = {
    {.name = "average",
     .doc = "Mean of the parameters since step t0: where to evaluate.",
     .read = read_average},
    {.name = NULL}};

enum { ETA = MOMENT_COEFS, MU };

static void prepare(struct optim_step *s)
{
    const double *h = s->h, t = (double)s->t;
    double eta = s->t == 1 ? h[LR] : s->scalar[NEXT_ETA], averaged = t - 1.0 - h[T0];
    s->scalar[NEXT_ETA] = h[LR] / power_real(1.0 + h[LAMBD] * h[LR] * t, h[ALPHA]);
    moment_prepare(s, eta, WEIGHT_DECAY);
    s->c[MOMENT_KEEP] *= 1.0 - h[LAMBD] * eta;
    s->c[ETA] = eta;
    s->c[MU] = averaged > 1.0 ? 1.0 / averaged : 1.0;
}

static inline double average(double a, double w, double mu)
{
    return mu == 1.0 ? w : a + mu * (w - a);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    double *restrict a = slot[0];
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], keep = s->c[MOMENT_KEEP];
    const double eta = s->c[ETA], mu = s->c[MU];
    for (size_t i = 0; i < n; i++) {
        double next = keep * w[i] - eta * direction(g[i], sign, l2, l2 != 0, w[i]);
        w[i] = next;
        a[i] = average(a[i], next, mu);
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double eta = s->c[ETA], keep = s->c[MOMENT_KEEP], mu = s->c[MU];
    double d = explain_direction(x, s, g[i], w[i]), next = keep * w[i] - eta * d;
    explain_line(x, "η", "\\eta_t = \\frac{\\eta}{(1+\\lambda\\eta (t-1))^\\alpha}", eta, "{}",
                 eta);
    double mean = explain_line(x, "a", "a_t = a_{t-1} + \\mu_t (w_t - a_{t-1})",
                               average(slot[0][i], next, mu), "{} + {}·({} - {})", slot[0][i], mu,
                               next, slot[0][i]);
    explain_line(x, "w", "w_t = (1-\\lambda\\eta_t)\\, w_{t-1} - \\eta_t g_t", next,
                 "{}·{} - {}·{}", keep, w[i], eta, d);
    if (mu == 1.0)
        explain_say(x, "Averaging has not begun: a is w itself, {}.", mean);
    else
        explain_say(x, "w goes to {}; the mean of {} steps is {}.", next, 1.0 / mu, mean);
}

const struct optim OPTIM(asgd) = {
    .name = "asgd",
    .title = "Averaged SGD",
    .formula = "w_t = (1-\\lambda\\eta_t)\\, w_{t-1} - \\eta_t g_t,\\quad "
               "a_t = a_{t-1} + \\mu_t (w_t - a_{t-1}),\\quad "
               "\\eta_t = \\frac{\\eta}{(1+\\lambda\\eta (t-1))^\\alpha},\\quad "
               "\\mu_t = \\frac{1}{\\max(1, t-1-t_0)}",
    .use_when = "Convex or nearly convex problems with noisy gradients: linear models, language "
                "models near the end of training. Set t0 to the step from which on w only "
                "wanders, and read the average.",
    .pros = "The mean is far less noisy than w, and for convex losses as good as a second-order "
            "method in the limit. One number of state per parameter.",
    .cons = "The mean is only good once w wanders about the minimum: begun too early it drags old "
            "parameters along. With torch's default t0 it does nothing for a million steps.",
    .reference = "Polyak & Juditsky, Acceleration of Stochastic Approximation by Averaging, 1992; "
                 "step sizes: Xu, Towards Optimal One Pass Large Scale Learning with Averaged "
                 "Stochastic Gradient Descent, 2011, arXiv:1107.2490",
    .same_as = {"torch.optim.ASGD", NULL, NULL, NULL},
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .readouts = readouts,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
