/* Yogi (Zaheer et al. 2018): Adam whose v moves by at most (1-b2)·d² in either direction.
 *
 *   m = b1·m + (1-b1)·d        v = v - (1-b2)·sign(v - d²)·d²
 *   w = keep·w - lr·m̂/(√(v̂ + eps_root) + eps)
 *
 *   the paper   m and v begin at 0 and are not corrected: m̂ = m, v̂ = v
 *   optax       m and v both begin at 1e-6 and are corrected as in Adam */
#include "math/moments.h"
#include "math/sign.h"

enum {
    LR,
    BETA1,
    BETA2,
    EPS,
    EPS_ROOT,
    INITIAL,
    BIAS_CORRECTION,
    WEIGHT_DECAY,
    WEIGHT_DECAY_MODE,
    MAXIMIZE
};

static const struct hyper hypers[] = {
    ROW_LR(1e-2, 1e-2, HYPER_REQUIRED, 1e-2),
    ROW_BETA1(0.9, 0.9, 0.9, 0.9),
    ROW_RATE("beta2", "betas[1]", "beta_2", "b2",
             "1 - beta2 is the part of g² that v moves by, whichever way.", 0.999, 0.999, 0.999,
             0.999),
    ROW_EPS("Added to the root of v; larger than elsewhere, and worth tuning.", 1e-3, 1e-3, 1e-3,
            1e-3),
    ROW_EPS_ROOT(0, 0, 0, 0),
    {.name = "initial_accumulator_value",
     .kind = HYPER_REAL,
     .value = {0, 0, 1e-6, 0},
     .max = INFINITY,
     .doc = "What m and v are before the first step."},
    ROW_BOOL("bias_correction", "Whether m and v are freed of their start as in Adam.", 0, 0, 1, 0),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED),
    ROW_MAXIMIZE,
    ROWS_END};

static double start(const double *h)
{
    return h[INITIAL];
}

static const struct slot slots[] = {{.name = "m",
                                     .doc = "First moment m: moving average of the gradient.",
                                     .start = SLOT_VALUE,
                                     .value = start},
                                    {.name = "v",
                                     .doc = "Second moment v, led towards the squared gradient.",
                                     .start = SLOT_VALUE,
                                     .value = start},
                                    {.name = NULL}};

enum { CM = MOMENT_COEFS, CV };

static void prepare(struct optim_step *s)
{
    const double *h = s->h;
    bool corrected = h[BIAS_CORRECTION] != 0;
    s->c[CM] = corrected ? h[LR] / power_complement(h[BETA1], s->t) : h[LR];
    s->c[CV] = corrected ? 1.0 / power_complement(h[BETA2], s->t) : 1.0;
    moment_prepare(s, h[LR], WEIGHT_DECAY);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    double *restrict m = slot[0], *restrict v = slot[1];
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], keep = s->c[MOMENT_KEEP];
    const double b1 = s->h[BETA1], n1 = 1.0 - b1, n2 = 1.0 - s->h[BETA2];
    const double cm = s->c[CM], cv = s->c[CV], eps = s->h[EPS], eps_root = s->h[EPS_ROOT];
    for (size_t i = 0; i < n; i++) {
        double d = direction(g[i], sign, l2, l2 != 0, w[i]);
        double mean = b1 * m[i] + n1 * d, square = d * d;
        double led = v[i] - n2 * sign_of(v[i] - square) * square;
        m[i] = mean;
        v[i] = led;
        w[i] = keep * w[i] - cm * mean / (sqrt(cv * led + eps_root) + eps);
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double cm = s->c[CM], eps = s->h[EPS], v = slot[1][i], n2 = 1.0 - s->h[BETA2];
    double d = explain_direction(x, s, g[i], w[i]), square = d * d;
    double mean = explain_mean(x, s->h[BETA1], slot[0][i], d);
    double led = explain_line(
        x, "v", "v_t = v_{t-1} - (1-\\beta_2)\\operatorname{sign}(v_{t-1}-g_t^2) g_t^2",
        v - n2 * sign_of(v - square) * square, "{} - {}·sign({} - {})·{}", v, n2, v, square,
        square);
    double inside = s->c[CV] * led + s->h[EPS_ROOT];
    double root = explain_line(x, "r", "r_t = \\sqrt{\\hat v_t} + \\varepsilon", sqrt(inside) + eps,
                               "√{} + {}", inside, eps);
    double move = explain_line(x, "u", "u_t = \\eta\\, \\hat m_t / r_t", cm * mean / root,
                               "{}·{} / {}", cm, mean, root);
    explain_move(x, s, w[i], move);
    if (v < square)
        explain_say(x, "The squared gradient, {}, is above v: v rises a little, to {}.", square,
                    led);
    else
        explain_say(x,
                    "The squared gradient, {}, is not above v: v falls by that part of it, not of "
                    "v, to {}, and steps lengthen only slowly.",
                    square, led);
}

const struct optim OPTIM(yogi) = {
    .name = "yogi",
    .title = "Yogi",
    .formula = "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t,\\quad "
               "v_t = v_{t-1} - (1-\\beta_2)\\operatorname{sign}(v_{t-1} - g_t^2)\\, g_t^2,\\quad "
               "w_t = w_{t-1} - \\eta\\,\\frac{m_t}{\\sqrt{v_t} + \\varepsilon}",
    .use_when = "Adam's steps grow suddenly once gradients become small or sparse; federated "
                "training, where it is a usual choice for the server.",
    .pros = "Step sizes grow slowly even when gradients vanish, so that it converges where Adam "
            "may not. Needs less tuning of lr.",
    .cons = "A v that a few huge gradients have raised comes down very slowly. Sensitive to eps, "
            "whose usual 1e-3 is far from Adam's.",
    .reference = "Zaheer, Reddi, Sachan, Kale & Kumar, Adaptive Methods for Nonconvex "
                 "Optimization, NeurIPS 2018",
    .same_as = {NULL, NULL, "optax.yogi", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
