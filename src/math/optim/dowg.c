/* DoWG (Khaled, Mishchenko & Jin 2023): distance over weighted gradients, without a learning rate.
 *
 *   r² = max over steps of ‖w - w0‖², at least init_estim_sq_dist       v = Σ r²·‖d‖² so far
 *   w = w - lr·r²/(√v + eps)·d                                          lr is a factor, 1
 *
 * As DoG, but late gradients, which are seen from farther away, count more: it adapts to smooth
 * problems too. init_estim_sq_dist 0 stands for eps. weight_decay adds weight_decay·w to the
 * gradient. */
#include "math/distance.h"

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

static const struct slot slots[] = {DISTANCE_SLOTS};

static const struct scalar scalars[] = {
    {.name = "distance_squared", .doc = "Largest squared distance from the start so far."},
    {.name = "weighted", .doc = "Weighted sum of the squared norms of all gradients."},
    {.name = NULL}};

static struct distance rule(const struct optim_step *s, double way2, double g2, double start2)
{
    const double *h = s->h;
    struct distance k = {.reach = s->scalar[DISTANCE_REACH]};
    (void)start2;
    if (s->t == 1)
        k.reach = h[INIT] == 0 ? h[EPS] : h[INIT];
    k.reach = way2 > k.reach ? way2 : k.reach;
    k.sum = k.reach * g2 + s->scalar[DISTANCE_SUM];
    k.rate = k.reach / (sqrt(k.sum) + h[EPS]);
    return k;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    return distance_step(s, rule, WEIGHT_DECAY, w, g, slot[0], n, err);
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    double *d = explain_copy(x, g, n);
    struct distance k;
    if (!d || !distance_explain(x, s, rule, WEIGHT_DECAY, w, d, slot[0], n, &k))
        return;
    const double lr = s->h[LR];
    explain_line(x, "r²", "r_t^2 = \\max_{k<t} \\|w_k - w_0\\|^2", k.reach, "{}", k.reach);
    explain_line(x, "v", "v_t = v_{t-1} + r_t^2 \\|g_t\\|^2", k.sum, "{}", k.sum);
    double rate = explain_line(x, "η", "\\eta_t = r_t^2/(\\sqrt{v_t} + \\varepsilon)", lr * k.rate,
                               "{}·{} / (√{} + {})", lr, k.reach, k.sum, s->h[EPS]);
    distance_explain_move(x, w[i], rate, d[i]);
    explain_say(x,
                "The squared distance from the start has been up to {}; the step size that follows "
                "is {}.",
                k.reach, rate);
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
