/* AdaMod (Ding, Ren, Luo & Sun 2019): Adam whose step sizes may not exceed their own long mean.
 *
 *   m = b1·m + (1-b1)·d        v = b2·v + (1-b2)·d²
 *   η = a/(√(c·v) + eps)       s = b3·s + (1-b3)·η        w = keep·w - min(η, s)·k·m
 *
 *   correction moments (the paper)  a = lr                        c = 1/(1-b2^t)   k = 1/(1-b1^t)
 *   correction rate (torch)         a = lr·√(1-b2^t)/(1-b1^t)     c = 1            k = 1
 *
 * s starts at 0 and is not corrected: early steps are small, which takes the place of a warm-up.
 * The authors' program corrects the rate, the paper the moments; there η, and so s, is without the
 * large first factors of 1/(1-b1^t). */
#include "math/moments.h"

enum { LR, BETA1, BETA2, BETA3, EPS, CORRECTION, WEIGHT_DECAY, WEIGHT_DECAY_MODE, MAXIMIZE };
enum { BY_RATE, BY_MOMENTS };
static const char *const correction_choices[] = {"rate", "moments", NULL};

static const struct hyper hypers[] = {
    ROW_LR(1e-3, 1e-3, 1e-3, 1e-3),
    ROW_BETA1(0.9, 0.9, 0.9, 0.9),
    ROW_BETA2(0.99, 0.99, 0.99, 0.999),
    ROW_RATE("beta3", "betas[2]", "beta_3", "b3", "Decay rate of s, the mean of step sizes.",
             0.9999, 0.9999, 0.9999, 0.999),
    ROW_EPS("Added to the root of v, so that nothing is divided by 0.", 1e-8, 1e-8, 1e-8, 1e-8),
    ROW_CHOICE(
        "correction", correction_choices, NULL, NULL,
        "What is freed of the start at 0: rate, the step sizes that are averaged; moments, m "
        "and v themselves.",
        BY_RATE, BY_RATE, BY_RATE, BY_MOMENTS),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_L2),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {
    SLOT_M,
    SLOT_V,
    {.name = "s", .doc = "Moving average s of the step sizes: none may be larger."},
    {.name = NULL}};

enum { RATE = MOMENT_COEFS, CV, CM };

static void prepare(struct optim_step *s)
{
    const double *h = s->h;
    double c1 = power_complement(h[BETA1], s->t), c2 = power_complement(h[BETA2], s->t);
    bool moments = h[CORRECTION] == BY_MOMENTS;
    moment_prepare(s, h[LR], WEIGHT_DECAY);
    s->c[RATE] = moments ? h[LR] : h[LR] * sqrt(c2) / c1;
    s->c[CV] = moments ? 1.0 / c2 : 1.0;
    s->c[CM] = moments ? 1.0 / c1 : 1.0;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    double *restrict m = slot[0], *restrict v = slot[1], *restrict mean_rate = slot[2];
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], keep = s->c[MOMENT_KEEP];
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, b2 = s->h[BETA2], n2 = 1.0 - b2;
    const double b3 = s->h[BETA3], n3 = 1.0 - b3, eps = s->h[EPS];
    const double rate = s->c[RATE], cv = s->c[CV], cm = s->c[CM];
    for (size_t i = 0; i < n; i++) {
        double d = direction(g[i], sign, l2, l2 != 0, w[i]);
        double mean = b1 * m[i] + n1 * d, square = b2 * v[i] + n2 * (d * d);
        double eta = rate / (sqrt(cv * square) + eps), most = b3 * mean_rate[i] + n3 * eta;
        m[i] = mean;
        v[i] = square;
        mean_rate[i] = most;
        w[i] = keep * w[i] - (eta < most ? eta : most) * (cm * mean);
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double b3 = s->h[BETA3], n3 = 1.0 - b3, eps = s->h[EPS], rate = s->c[RATE];
    double d = explain_direction(x, s, g[i], w[i]);
    double mean = explain_mean(x, s->h[BETA1], slot[0][i], d);
    double square = explain_square(x, s->h[BETA2], slot[1][i], d), inside = s->c[CV] * square;
    double eta = explain_line(x, "η", "\\eta_t = \\frac{\\eta}{\\sqrt{v_t} + \\varepsilon}",
                              rate / (sqrt(inside) + eps), "{} / (√{} + {})", rate, inside, eps);
    double most =
        explain_line(x, "s", "s_t = \\beta_3 s_{t-1} + (1-\\beta_3)\\,\\eta_t",
                     b3 * slot[2][i] + n3 * eta, "{}·{} + {}·{}", b3, slot[2][i], n3, eta);
    double size = eta < most ? eta : most;
    double u = explain_line(x, "u", "u_t = \\min(\\eta_t, s_t)\\, m_t", size * (s->c[CM] * mean),
                            "min({}, {})·{}", eta, most, s->c[CM] * mean);
    explain_move(x, s, w[i], u);
    if (eta > most)
        explain_say(x, "The step size {} is above its long mean {}, and held to it.", eta, most);
    else
        explain_say(x, "The step size {} is below its long mean {}: it is taken as it is.", eta,
                    most);
}

const struct optim OPTIM(adamod) = {
    .name = "adamod",
    .title = "AdaMod",
    .formula = "\\eta_t = \\frac{\\eta}{\\sqrt{\\hat v_t} + \\varepsilon},\\quad "
               "s_t = \\beta_3 s_{t-1} + (1-\\beta_3)\\,\\eta_t,\\quad "
               "w_t = w_{t-1} - \\min(\\eta_t, s_t)\\,\\hat m_t",
    .use_when = "Transformers or other networks that Adam makes diverge at the start unless lr is "
                "warmed up.",
    .pros = "No warm-up to choose: unexpectedly large step sizes are cut, early and late.",
    .cons = "Three numbers of state per parameter. With beta3 near 1 the first thousands of steps "
            "are small.",
    .reference = "Ding, Ren, Luo & Sun, An Adaptive and Momental Bound Method for Stochastic "
                 "Learning, 2019, arXiv:1910.12249, algorithm 1",
    .same_as = {NULL, NULL, NULL, NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
