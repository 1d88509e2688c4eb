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
#include "math/explain.h"
#include "math/kernel.h"
#include "math/optim.h"
#include "math/reduce.h"
#include "math/rows.h"

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

static const struct slot slots[] = {
    {.name = "w0", .doc = "Parameters before the first step.", .start = SLOT_W}, {.name = NULL}};

enum { R, SQUARES };
static const struct scalar scalars[] = {
    {.name = "max_distance", .doc = "Largest distance from the start so far."},
    {.name = "squares", .doc = "Sum of the squared norms of all gradients."},
    {.name = NULL}};

struct dog {
    double r, squares, lr;
};

/* `d` holds the gradient with its sign and decay. */
static struct dog dog_of(const struct optim_step *s, const double *w, const double *w0,
                         const double *d, double *room, size_t n)
{
    const double *h = s->h;
    struct dog k = {.r = s->scalar[R]};
    if (s->t == 1 && h[INIT] == HEURISTIC)
        k.r = h[INIT_STEP] * (1.0 + sqrt(reduce_squares(w0, n)));
    else if (s->t == 1 && h[INIT] == DISTANCE)
        k.r = h[INIT_STEP];
    for (size_t i = 0; i < n; i++)
        room[i] = w0[i] - w[i];
    double far = sqrt(reduce_squares(room, n));
    k.r = far > k.r ? far : k.r;
    k.squares = s->scalar[SQUARES] + reduce_squares(d, n);
    k.lr = k.r / sqrt(k.squares + h[EPS]);
    if (s->t == 1 && h[INIT] == LEARNING_RATE)
        k.lr = h[INIT_STEP];
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
    struct dog k = dog_of(s, w, slot[0], g, room, n);
    const double rate = s->h[LR] * k.lr;
    for (size_t i = 0; i < n; i++)
        w[i] -= rate * g[i];
    s->scalar[R] = k.r;
    s->scalar[SQUARES] = k.squares;
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    double *d = arena_zalloc(x->arena, n, sizeof *d), *room = arena_zalloc(x->arena, n, sizeof *d);
    if (!d || !room)
        return;
    directions(s, w, g, d, n);
    struct dog k = dog_of(s, w, slot[0], d, room, n);
    const double lr = s->h[LR];
    explain_line(x, "r", "r_t = \\max_{k<t} \\|w_k - w_0\\|", k.r, "{}", k.r);
    explain_line(x, "G", "G_t = \\sum_{k \\le t} \\|g_k\\|^2", k.squares, "{}", k.squares);
    double rate = explain_line(x, "η", "\\eta_t = r_t/\\sqrt{G_t + \\varepsilon}", lr * k.lr,
                               "{}·{} / √({} + {})", lr, k.r, k.squares, s->h[EPS]);
    explain_line(x, "w", "w_t = w_{t-1} - \\eta_t g_t", w[i] - rate * d[i], "{} - {}·{}", w[i],
                 rate, d[i]);
    explain_say(x,
                "The parameters have been {} away from their start; over the gradients so far that "
                "makes a step size of {}.",
                k.r, rate);
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
