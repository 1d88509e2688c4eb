/* DoWG (Khaled, Mishchenko & Jin 2023): distance over weighted gradients, without a learning rate.
 *
 *   r² = max over steps of ‖w - w0‖², at least init_estim_sq_dist       v = Σ r²·‖d‖² so far
 *   w = w - lr·r²/(√v + eps)·d                                          lr is a factor, 1
 *
 * As DoG, but late gradients, which are seen from farther away, count more: it adapts to smooth
 * problems too. init_estim_sq_dist 0 stands for eps. weight_decay adds weight_decay·w to the
 * gradient. */
#include "math/explain.h"
#include "math/kernel.h"
#include "math/optim.h"
#include "math/reduce.h"
#include "math/rows.h"

enum { LR, INIT, EPS, WEIGHT_DECAY, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(1, 1, 1, 1),
    {.name = "init_estim_sq_dist",
     .kind = HYPER_REAL,
     .max = INFINITY,
     .doc = "First estimate of the squared distance to the solution; 0: eps."},
    ROW_EPS("Added to the root of the weighted sum.", 1e-4, 1e-4, 1e-4, 1e-4),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {
    {.name = "w0", .doc = "Parameters before the first step.", .start = SLOT_W}, {.name = NULL}};

enum { R2, WEIGHTED };
static const struct scalar scalars[] = {
    {.name = "distance_squared", .doc = "Largest squared distance from the start so far."},
    {.name = "weighted", .doc = "Weighted sum of the squared norms of all gradients."},
    {.name = NULL}};

struct dowg {
    double r2, weighted, lr;
};

/* `d` holds the gradient with its sign and decay. */
static struct dowg dowg_of(const struct optim_step *s, const double *w, const double *w0,
                           const double *d, double *room, size_t n)
{
    const double *h = s->h;
    struct dowg k = {.r2 = s->scalar[R2]};
    if (s->t == 1)
        k.r2 = h[INIT] == 0 ? h[EPS] : h[INIT];
    for (size_t i = 0; i < n; i++)
        room[i] = w0[i] - w[i];
    double far = reduce_squares(room, n);
    k.r2 = far > k.r2 ? far : k.r2;
    k.weighted = k.r2 * reduce_squares(d, n) + s->scalar[WEIGHTED];
    k.lr = k.r2 / (sqrt(k.weighted) + h[EPS]);
    return k;
}

static void directions(const struct optim_step *s, const double *w, const double *g, double *d,
                       size_t n)
{
    const double sign = s->h[MAXIMIZE] != 0 ? -1.0 : 1.0, l2 = s->h[WEIGHT_DECAY];
    for (size_t i = 0; i < n; i++)
        d[i] = direction(g[i], sign, l2, l2 != 0, w[i]);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    double *room = arena_alloc(s->scratch, n * sizeof *room);
    if (!room)
        return err_add(err, ERR_MEMORY, "", "no memory for a step of %zu parameters", n);
    directions(s, w, g, g, n);
    struct dowg k = dowg_of(s, w, slot[0], g, room, n);
    const double rate = s->h[LR] * k.lr;
    for (size_t i = 0; i < n; i++)
        w[i] -= rate * g[i];
    s->scalar[R2] = k.r2;
    s->scalar[WEIGHTED] = k.weighted;
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    double *d = arena_zalloc(x->arena, n, sizeof *d), *room = arena_zalloc(x->arena, n, sizeof *d);
    if (!d || !room)
        return;
    directions(s, w, g, d, n);
    struct dowg k = dowg_of(s, w, slot[0], d, room, n);
    const double lr = s->h[LR];
    explain_line(x, "r²", "r_t^2 = \\max_{k<t} \\|w_k - w_0\\|^2", k.r2, "{}", k.r2);
    explain_line(x, "v", "v_t = v_{t-1} + r_t^2 \\|g_t\\|^2", k.weighted, "{}", k.weighted);
    double rate = explain_line(x, "η", "\\eta_t = r_t^2/(\\sqrt{v_t} + \\varepsilon)", lr * k.lr,
                               "{}·{} / (√{} + {})", lr, k.r2, k.weighted, s->h[EPS]);
    explain_line(x, "w", "w_t = w_{t-1} - \\eta_t g_t", w[i] - rate * d[i], "{} - {}·{}", w[i],
                 rate, d[i]);
    explain_say(x,
                "The squared distance from the start has been up to {}; the step size that follows "
                "is {}.",
                k.r2, rate);
}

const struct optim OPTIM(dowg) = {
    .name = "dowg",
    .title = "DoWG (distance over weighted gradients)",
    .formula = "r_t = \\max_{k<t}\\|w_k - w_0\\|,\\quad v_t = v_{t-1} + r_t^2\\|g_t\\|^2,\\quad "
               "w_t = w_{t-1} - \\frac{r_t^2}{\\sqrt{v_t} + \\varepsilon}\\, g_t",
    .use_when = "You want gradient descent without searching for lr, on smooth or rough losses.",
    .pros = "No learning rate, and proven to be as fast as tuned gradient descent on both kinds of "
            "problem. Trains at the edge of stability.",
    .cons = "One step size for all parameters. With noisy gradients less steady than DoG or "
            "Prodigy.",
    .reference = "Khaled, Mishchenko & Jin, DoWG Unleashed: An Efficient Universal Parameter-Free "
                 "Gradient Descent Method, NeurIPS 2023, arXiv:2305.16284",
    .same_as = {NULL, NULL, "optax.contrib.dowg", NULL},
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_WHOLE,
    .lr = LR,
    .kernel = kernel,
    .explain = explain,
};
