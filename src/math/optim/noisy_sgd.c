/* Noisy SGD (Neelakantan et al. 2015): gradient descent with noise that dies away.
 *
 *   w = w - lr·(d + √(eta/t^gamma)·z),   z normal with mean 0 and variance 1
 *
 * eta is the variance at the first step. The numbers are a function of seed, step and place
 * (math/random.h), so that a session repeats to the bit; they are not those that a library draws
 * from the same seed. */
#include "math/explain.h"
#include "math/kernel.h"
#include "math/optim.h"
#include "math/power.h"
#include "math/random.h"
#include "math/rows.h"

enum { LR, ETA, GAMMA, SEED, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(1e-2, 1e-2, HYPER_REQUIRED, 1e-2),
    {.name = "eta",
     .kind = HYPER_REAL,
     .value = {0.01, 0.01, 0.01, 0.01},
     .max = INFINITY,
     .doc = "Variance of the noise at the first step."},
    {.name = "gamma",
     .kind = HYPER_REAL,
     .value = {0.55, 0.55, 0.55, 0.55},
     .max = INFINITY,
     .doc = "How fast the noise falls: its variance is eta/t^gamma."},
    {.name = "seed",
     .kind = HYPER_INTEGER,
     .alias = {NULL, NULL, "key", NULL},
     .max = 9007199254740991,
     .doc = "Of the random numbers: the same seed gives the same steps."},
    ROW_MAXIMIZE,
    ROWS_END};

enum { SPREAD, SIGN };

static void prepare(struct optim_step *s)
{
    s->c[SPREAD] = sqrt(s->h[ETA] / power_real((double)s->t, s->h[GAMMA]));
    s->c[SIGN] = s->h[MAXIMIZE] != 0 ? -1.0 : 1.0;
}

static struct random place(const struct optim_step *s)
{
    return (struct random){.seed = (uint64_t)s->h[SEED], .stream = RANDOM_STEP, .step = s->t};
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)slot;
    const double lr = s->h[LR], spread = s->c[SPREAD], sign = s->c[SIGN];
    double *z = arena_alloc(s->scratch, n * sizeof *z);
    if (!z)
        return err_add(err, ERR_MEMORY, "", "no memory for a step of %zu parameters", n);
    struct random r = place(s);
    random_normals(&r, 0, n, z);
    for (size_t i = 0; i < n; i++)
        w[i] -= lr * (sign * g[i] + spread * z[i]);
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)slot;
    (void)n;
    const double lr = s->h[LR], spread = s->c[SPREAD];
    struct random r = place(s);
    double z = random_normal(&r, i), d = s->c[SIGN] * g[i];
    explain_line(x, "σ", "\\sigma_t = \\sqrt{\\eta_0/t^\\gamma}", spread, "√({}/{}^{})", s->h[ETA],
                 (double)s->t, s->h[GAMMA]);
    double noisy = explain_line(x, "g'", "g'_t = g_t + \\sigma_t z_t", d + spread * z, "{} + {}·{}",
                                d, spread, z);
    explain_line(x, "w", "w_t = w_{t-1} - \\eta g'_t", w[i] - lr * noisy, "{} - {}·{}", w[i], lr,
                 noisy);
    explain_say(x, "The number drawn here is {}; at step {} noise has a spread of {}.", z,
                (double)s->t, spread);
}

const struct optim OPTIM(noisy_sgd) = {
    .name = "noisy_sgd",
    .title = "Noisy SGD",
    .formula =
        "w_t = w_{t-1} - \\eta\\,\\Big(g_t + \\sqrt{\\eta_0/t^{\\gamma}}\\; z_t\\Big),\\quad "
        "z_t \\sim \\mathcal{N}(0, I)",
    .use_when = "Very deep or badly started networks, and losses with saddles and poor minima near "
                "the start.",
    .pros = "Leaves saddles and shallow minima that plain descent settles in. No state.",
    .cons = "Noise slows the end; eta and gamma want tuning.",
    .reference = "Neelakantan et al., Adding Gradient Noise Improves Learning for Very Deep "
                 "Networks, 2015, arXiv:1511.06807",
    .same_as = {NULL, NULL, "optax.noisy_sgd", NULL},
    .hypers = hypers,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_WHOLE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
