/* StableAdamW (Wortsman et al. 2023): AdamW whose step shortens when gradients surprise it.
 *
 *   β1 = b1·(1 - b1^(t-1))/(1 - b1^t), β2 alike        decay rates that need no correction
 *   m = β1·m + (1-β1)·d        v = β2·v + (1-β2)·d²
 *   rms = √(mean over the tensor of d²/max(v, eps²))
 *   w = (1 - k·wd)·w - k·m/(√v + eps),   k = lr/max(1, rms)
 *
 * The clipping is AdaFactor's, one number for each tensor. */
#include "math/moments.h"
#include "math/reduce.h"

enum { LR, BETA1, BETA2, EPS, WEIGHT_DECAY, WEIGHT_DECAY_MODE, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(1e-3, 1e-3, HYPER_REQUIRED, 1e-3),
    ROW_BETA1(0.9, 0.9, 0.9, 0.9),
    ROW_BETA2(0.99, 0.99, 0.99, 0.99),
    ROW_EPS("Added to the root of v; its square is the least v in the measure of surprise.", 1e-8,
            1e-8, 1e-8, 1e-6),
    ROW_WEIGHT_DECAY(1e-2, 1e-2, 1e-2, 0.2),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_DECOUPLED),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {SLOT_M, SLOT_V, {.name = NULL}};

enum { RATE1 = MOMENT_COEFS, RATE2 };

/* What makes the first step weigh all, and later ones as much as a corrected mean would. */
static double rate(double beta, uint64_t t)
{
    return t == 1 ? 0.0 : beta * power_complement(beta, t - 1) / power_complement(beta, t);
}

static void prepare(struct optim_step *s)
{
    moment_prepare(s, s->h[LR], WEIGHT_DECAY);
    s->c[RATE1] = rate(s->h[BETA1], s->t);
    s->c[RATE2] = rate(s->h[BETA2], s->t);
}

/* The learning rate of this tensor; d²/max(v, eps²) of each number lies in `share`. */
static double shortened(const struct optim_step *s, const double *share, size_t n)
{
    double rms = sqrt(reduce_absolute(share, n) / (double)n);
    return s->h[LR] / (rms > 1.0 ? rms : 1.0);
}

static double surprise(const struct optim_step *s, double d, double v)
{
    double least = s->h[EPS] * s->h[EPS];
    return d * d / (v > least ? v : least);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], eps = s->h[EPS];
    const double b1 = s->c[RATE1], n1 = 1.0 - b1, b2 = s->c[RATE2], n2 = 1.0 - b2;
    double *m = slot[0], *v = slot[1], *share = arena_alloc(s->scratch, (n + 1) * sizeof *share);
    if (!share)
        return err_add(err, ERR_MEMORY, "", "no memory for a step of %zu parameters", n);
    for (size_t i = 0; i < n; i++) {
        double d = direction(g[i], sign, l2, l2 != 0, w[i]);
        m[i] = b1 * m[i] + n1 * d;
        v[i] = b2 * v[i] + n2 * (d * d);
        share[i] = surprise(s, d, v[i]);
    }
    const double lr = shortened(s, share, n);
    const double keep = decay_keep(s->h[WEIGHT_DECAY], s->h[WEIGHT_DECAY_MODE], lr);
    for (size_t i = 0; i < n; i++)
        w[i] = keep * w[i] - lr * m[i] / (sqrt(v[i]) + eps);
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    const double sign = s->c[MOMENT_SIGN], l2 = s->c[MOMENT_L2], eps = s->h[EPS];
    const double b2 = s->c[RATE2], n2 = 1.0 - b2;
    double *share = arena_zalloc(x->arena, n, sizeof *share);
    if (!share)
        return;
    for (size_t j = 0; j < n; j++) {
        double d = direction(g[j], sign, l2, l2 != 0, w[j]);
        share[j] = surprise(s, d, b2 * slot[1][j] + n2 * (d * d));
    }
    double d = explain_direction(x, s, g[i], w[i]);
    double mean = explain_mean(x, s->c[RATE1], slot[0][i], d);
    double square = explain_square(x, b2, slot[1][i], d);
    double lr =
        explain_line(x, "k", "k_t = \\eta/\\max(1, \\mathrm{rms})", shortened(s, share, n),
                     "{} / max(1, {})", s->h[LR], sqrt(reduce_absolute(share, n) / (double)n));
    double keep = decay_keep(s->h[WEIGHT_DECAY], s->h[WEIGHT_DECAY_MODE], lr);
    double u =
        explain_line(x, "u", "u_t = k_t m_t/(\\sqrt{v_t} + \\varepsilon)",
                     lr * mean / (sqrt(square) + eps), "{}·{} / (√{} + {})", lr, mean, square, eps);
    explain_line(x, "w", "w_t = (1-k_t\\lambda)\\, w_{t-1} - u_t", keep * w[i] - u, "{}·{} - {}",
                 keep, w[i], u);
    if (lr < s->h[LR])
        explain_say(x,
                    "The gradients of this tensor are larger than their past let expect: lr is "
                    "cut from {} to {}.",
                    s->h[LR], lr);
    else
        explain_say(x, "The gradients are no larger than expected: the whole lr = {} is used.", lr);
}

const struct optim OPTIM(stable_adamw) = {
    .name = "stable_adamw",
    .title = "StableAdamW",
    .formula = "k_t = \\frac{\\eta}{\\max\\big(1, \\sqrt{\\mathbb{E}[g_t^2/v_t]}\\big)},\\quad "
               "w_t = (1-k_t\\lambda)\\, w_{t-1} - k_t\\,\\frac{m_t}{\\sqrt{v_t} + \\varepsilon}",
    .use_when = "AdamW training with loss spikes: transformers, vision-language models, low "
                "precision.",
    .pros = "Removes the spikes that come when v lags behind a growing gradient, without gradient "
            "clipping to tune.",
    .cons = "One step size for each tensor makes it a pass more than AdamW. With beta2 near 1 it "
            "cuts often.",
    .reference =
        "Wortsman et al., Stable and Low-Precision Training for Large-Scale Vision-Language "
        "Models, NeurIPS 2023, arXiv:2304.13013",
    .same_as = {NULL, NULL, NULL, NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_TENSOR,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
