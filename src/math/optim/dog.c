/* DoG (Ivgi, Hinder & Carmon 2023): distance over gradients, a step size without a learning rate.
 *
 *   r = max over steps of ‖w - w0‖, at least r0        G = Σ ‖d‖² so far
 *   w = w - lr·r/√(G + eps)·d                           lr is a factor, 1
 *
 *   init heuristic       r0 = init_step·(1 + ‖w0‖)
 *   init distance        r0 = init_step
 *   init learning_rate   r0 = 0, and the first step is init_step·d instead
 *
 * Norms are over all parameters. weight_decay adds weight_decay·w to the gradient. */
#include "math/distance.h"

enum { LR, INIT_STEP, INIT, EPS, WEIGHT_DECAY, MAXIMIZE };
enum { HEURISTIC, DISTANCE, LEARNING_RATE };
static const char *const init_choices[] = {"heuristic", "distance", "learning_rate", NULL};

static const struct hyper hypers[] = {
    ROW_LR(1, 1, 1, 1),
    {.name = "init_step",
     .kind = HYPER_REAL,
     .value = {1e-6, 1e-6, 1e-6, 1e-6},
     .max = INFINITY,
     .doc = "How far the first step may go, in the sense of init."},
    ROW_CHOICE("init", init_choices, NULL, NULL,
               "What init_step is: part of 1 + |w0| (heuristic), a distance, or the learning_rate "
               "of the first step.",
               HEURISTIC, HEURISTIC, HEURISTIC, HEURISTIC),
    ROW_EPS("Added to the sum of squares under its root.", 1e-8, 1e-8, 1e-8, 1e-8),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {DISTANCE_SLOTS};

static const struct scalar scalars[] = {
    {.name = "max_distance", .doc = "Largest distance from the start so far."},
    {.name = "squares", .doc = "Sum of the squared norms of all gradients."},
    {.name = NULL}};

static struct distance rule(const struct optim_step *s, double way2, double g2, double start2)
{
    const double *h = s->h;
    struct distance k = {.reach = s->scalar[DISTANCE_REACH]};
    if (s->t == 1 && h[INIT] != LEARNING_RATE)
        k.reach = h[INIT] == HEURISTIC ? h[INIT_STEP] * (1.0 + sqrt(start2)) : h[INIT_STEP];
    double way = sqrt(way2);
    k.reach = way > k.reach ? way : k.reach;
    k.sum = s->scalar[DISTANCE_SUM] + g2;
    k.rate = k.reach / sqrt(k.sum + h[EPS]);
    if (s->t == 1 && h[INIT] == LEARNING_RATE)
        k.rate = h[INIT_STEP];
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
    explain_line(x, "r", "r_t = \\max_{k<t} \\|w_k - w_0\\|", k.reach, "{}", k.reach);
    explain_line(x, "G", "G_t = \\sum_{k \\le t} \\|g_k\\|^2", k.sum, "{}", k.sum);
    double rate = explain_line(x, "η", "\\eta_t = r_t/\\sqrt{G_t + \\varepsilon}", lr * k.rate,
                               "{}·{} / √({} + {})", lr, k.reach, k.sum, s->h[EPS]);
    distance_explain_move(x, w[i], rate, d[i]);
    explain_say(x,
                "The parameters have been {} away from their start; over the gradients so far that "
                "makes a step size of {}.",
                k.reach, rate);
}

const struct optim OPTIM(dog) = {
    .name = "dog",
    .title = "DoG (distance over gradients)",
    .formula = "w_t = w_{t-1} - \\frac{\\max_{k<t}\\|w_k - w_0\\|}"
               "{\\sqrt{\\sum_{k\\le t}\\|g_k\\|^2 + \\varepsilon}}\\, g_t",
    .use_when = "You want SGD without searching for lr: fine-tuning above all.",
    .pros = "No learning rate. Grows its step from almost nothing to the right size by itself. "
            "Close to tuned SGD.",
    .cons = "One step size for all parameters, so badly scaled ones suffer; the authors advise to "
            "average the weights. Norms over all parameters cost a pass of their own.",
    .reference = "Ivgi, Hinder & Carmon, DoG is SGD's Best Friend: A Parameter-Free Dynamic Step "
                 "Size Schedule, ICML 2023, arXiv:2302.12022",
    .same_as = {NULL, NULL, "optax.contrib.dog", NULL},
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_WHOLE,
    .lr = LR,
    .kernel = kernel,
    .explain = explain,
};
