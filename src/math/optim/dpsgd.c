/* DP-SGD (Abadi et al. 2016): descent that no single sample can be read from.
 *
 *   d = (Σ over samples g/max(1, ‖g‖/C) + σ·C·z)/number of samples     z normal, variance 1
 *   b = momentum·b + d;  w = w - lr·b      nesterov: w - lr·(d + momentum·b);  momentum 0: lr·d
 *
 * C is l2_norm_clip, σ noise_multiplier; norms are over all parameters. The client sends the
 * gradient of each sample as `gradients`. The noise is a function of seed, step and place
 * (math/random.h): whoever knows the seed can take it off again, so keep the seed to yourself. What
 * epsilon the steps add up to, an accountant tells (sampling rate, σ, number of steps). */
#include "math/explain.h"
#include "math/optim.h"
#include "math/random.h"
#include "math/reduce.h"
#include "math/rows.h"

#include <string.h>

enum { LR, CLIP, NOISE, SEED, MOMENTUM, NESTEROV, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(0.1, 0.1, HYPER_REQUIRED, 0.1),
    {.name = "l2_norm_clip",
     .kind = HYPER_REAL,
     .value = {HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED},
     .max = INFINITY,
     .min_open = true,
     .doc = "Norm C that the gradient of each sample is clipped to."},
    {.name = "noise_multiplier",
     .kind = HYPER_REAL,
     .value = {HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED},
     .max = INFINITY,
     .doc = "Spread of the noise, in units of C."},
    {.name = "seed",
     .kind = HYPER_INTEGER,
     .value = {HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED},
     .alias = {NULL, NULL, "key", NULL},
     .max = 9007199254740991,
     .doc = "Of the random numbers: the same seed gives the same steps. A secret, so it has no "
            "default."},
    {.name = "momentum",
     .kind = HYPER_REAL,
     .max = 1,
     .doc = "How much of the last move goes on; 0: none."},
    ROW_BOOL("nesterov", "Look ahead: d + momentum·b for b.", 0, 0, 0, 0),
    ROW_MAXIMIZE,
    ROWS_END};

static size_t b_count(const double *h, const struct tensor *x)
{
    return h[MOMENTUM] != 0 ? x->count : 0;
}

static const struct slot slots[] = {
    {.name = "b", .doc = "Momentum b (with momentum only).", .count = b_count}, {.name = NULL}};

/* The private mean of the samples' gradients. */
static void aggregate(const struct optim_step *s, double *d, double *z, size_t n)
{
    const double most = s->h[CLIP], spread = s->h[NOISE] * most;
    struct random r = {.seed = (uint64_t)s->h[SEED], .stream = RANDOM_STEP, .step = s->t};
    memset(d, 0, n * sizeof *d);
    for (size_t k = 0; k < s->sample_count; k++) {
        const double *g = s->samples + k * n;
        double over = sqrt(reduce_squares(g, n)) / most, by = over > 1.0 ? over : 1.0;
        for (size_t i = 0; i < n; i++)
            d[i] += g[i] / by;
    }
    random_normals(&r, 0, n, z);
    for (size_t i = 0; i < n; i++)
        d[i] = (d[i] + spread * z[i]) / (double)s->sample_count;
    for (size_t i = 0; s->h[MAXIMIZE] != 0 && i < n; i++)
        d[i] = -d[i];
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    const double lr = s->h[LR], mu = s->h[MOMENTUM];
    double *z = arena_alloc(s->scratch, n * sizeof *z), *b = slot[0];
    if (!s->samples)
        return err_add(err, ERR_NEEDS, "#/gradients", "dpsgd needs the gradient of each sample");
    if (!z)
        return err_add(err, ERR_MEMORY, "", "no memory for a step of %zu parameters", n);
    aggregate(s, g, z, n);
    for (size_t i = 0; i < n; i++) {
        double move = g[i];
        if (b) {
            b[i] = mu * b[i] + g[i];
            move = s->h[NESTEROV] != 0 ? g[i] + mu * b[i] : b[i];
        }
        w[i] -= lr * move;
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    const double lr = s->h[LR], mu = s->h[MOMENTUM];
    double *d = arena_zalloc(x->arena, n, sizeof *d), *z = arena_zalloc(x->arena, n, sizeof *z);
    (void)g;
    if (!d || !z || !s->samples)
        return;
    aggregate(s, d, z, n);
    size_t clipped = 0;
    for (size_t k = 0; k < s->sample_count; k++)
        clipped += sqrt(reduce_squares(s->samples + k * n, n)) > s->h[CLIP];
    explain_line(x, "z", "z_t \\sim \\mathcal{N}(0, 1)", z[i], "{}", z[i]);
    double move =
        explain_line(x, "d", "d_t = \\frac{1}{B}\\Big(\\sum_k \\bar g_{t,k} + \\sigma C z_t\\Big)",
                     d[i], "{}", d[i]);
    if (slot[0]) {
        double b = explain_line(x, "b", "b_t = \\mu b_{t-1} + d_t", mu * slot[0][i] + d[i],
                                "{}·{} + {}", mu, slot[0][i], d[i]);
        move = s->h[NESTEROV] != 0 ? explain_line(x, "n", "n_t = d_t + \\mu b_t", d[i] + mu * b,
                                                  "{} + {}·{}", d[i], mu, b)
                                   : b;
    }
    explain_line(x, "w", "w_t = w_{t-1} - \\eta d_t", w[i] - lr * move, "{} - {}·{}", w[i], lr,
                 move);
    explain_say(x, "Of {} samples, {} were clipped to norm {}; noise of spread {} hides each.",
                (double)s->sample_count, (double)clipped, s->h[CLIP], s->h[NOISE] * s->h[CLIP]);
}

const struct optim OPTIM(dpsgd) = {
    .name = "dpsgd",
    .title = "DP-SGD (differentially private)",
    .formula = "w_t = w_{t-1} - \\frac{\\eta}{B}\\Big(\\sum_{k} \\frac{g_{t,k}}{\\max(1, "
               "\\|g_{t,k}\\|/C)} + \\sigma C z_t\\Big),\\quad z_t \\sim \\mathcal{N}(0, I)",
    .use_when = "Data of persons: the result must not tell whether any one of them was in it.",
    .pros =
        "A privacy guarantee that can be computed. The server clips and adds the noise, so that "
        "clients need only gradients.",
    .cons =
        "Needs the gradient of each sample, large batches and more epochs; accuracy falls as the "
        "noise grows.",
    .reference =
        "Abadi et al., Deep Learning with Differential Privacy, CCS 2016, arXiv:1607.00133",
    .same_as = {NULL, NULL, "optax.contrib.dpsgd", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT | NEED_SAMPLES,
    .scope = OPTIM_WHOLE,
    .lr = LR,
    .kernel = kernel,
    .explain = explain,
};
