/* Mechanic (Cutkosky, Defazio & Mehta 2023): learns a factor for the steps of another rule.
 *
 * The rule inside (math/base_rule.h) makes moves u whose sum has a direction; six bettors, each
 * with a memory of its own, learn how far along it to go. With S = Σ s over the bettors:
 *
 *   p = (w0 - w)/(S + eps)               the sum of the moves so far, as long as they are
 *   h = ⟨g + wd·S·‖g‖/(‖w‖ + eps)·w, p⟩
 *   each k: b = 1 - 0.1^k
 *     r = b·r + clip(h, ±m)·s            m of the step before
 *     m = max(b·m, |h| + eps)            v = b²·v + h²
 *     s = (s_init·m/6 + max(r, 0))/(√v + eps)
 *   w = w0 - S·(p + u)
 *
 * lr of the rule inside is 1 unless it follows a schedule: what it is multiplied by is learnt. */
#include "math/base_rule.h"
#include "math/reduce.h"

enum { WEIGHT_DECAY = BASE_ROWS_COUNT, MECHANIC_EPS, S_INIT, MAXIMIZE };
enum { BETTORS = 6 };

static const struct hyper hypers[] = {BASE_ROWS(1, 1, 1, 1),
                                      ROW_WEIGHT_DECAY(1e-2, 1e-2, 1e-2, 1e-2),
                                      {.name = "mechanic_eps",
                                       .kind = HYPER_REAL,
                                       .value = {1e-8, 1e-8, 1e-8, 1e-8},
                                       .max = INFINITY,
                                       .doc = "Added wherever the learner divides."},
                                      {.name = "s_init",
                                       .kind = HYPER_REAL,
                                       .value = {1e-6, 1e-6, 1e-6, 1e-6},
                                       .max = INFINITY,
                                       .min_open = true,
                                       .doc = "First factor of each bettor."},
                                      ROW_MAXIMIZE,
                                      ROWS_END};

enum { M, V, W0 };
static const struct slot slots[] = {
    BASE_SLOTS,
    {.name = "w0", .doc = "Parameters before the first step.", .start = SLOT_W},
    {.name = NULL}};

/* In this order for each bettor. */
enum { GAIN, LARGEST, SQUARES, SHARE, NUMBERS };
#define BETTOR(k)                                                                                  \
    {.name = "r" #k, .doc = "Gain of bettor " #k "."},                                             \
        {.name = "m" #k, .doc = "Largest h that bettor " #k " remembers."},                        \
        {.name = "v" #k, .doc = "Decaying sum of h² of bettor " #k "."},                           \
    {                                                                                              \
        .name = "s" #k, .doc = "Factor that bettor " #k " bets on (0: before the first step)."     \
    }
static const struct scalar scalars[] = {BETTOR(1), BETTOR(2), BETTOR(3),     BETTOR(4),
                                        BETTOR(5), BETTOR(6), {.name = NULL}};

static double share(const struct optim_step *s, int k)
{
    return s->t == 1 ? s->h[S_INIT] : s->scalar[k * NUMBERS + SHARE];
}

static double factor(const struct optim_step *s)
{
    double sum = 0;
    for (int k = 0; k < BETTORS; k++)
        sum += share(s, k);
    return sum;
}

/* Fills p, and returns h; `d` holds the gradient with its sign. */
static double outcome(const struct optim_step *s, const double *w, const double *w0,
                      const double *d, double *p, size_t n)
{
    const double all = factor(s), eps = s->h[MECHANIC_EPS];
    for (size_t i = 0; i < n; i++)
        p[i] = (w0[i] - w[i]) / (all + eps);
    double decay = s->h[WEIGHT_DECAY] * all * sqrt(reduce_squares(d, n));
    decay /= sqrt(reduce_squares(w, n)) + eps;
    return reduce_dot(d, p, n) + decay * reduce_dot(w, p, n);
}

/* The new numbers of bettor k. */
static void bet(const struct optim_step *s, int k, double h, double *ret)
{
    const double *old = s->scalar + (ptrdiff_t)k * NUMBERS, eps = s->h[MECHANIC_EPS];
    double b = 1.0 - power_int(0.1, (uint64_t)k + 1), m = old[LARGEST];
    double clipped = h > m ? m : h < -m ? -m : h;
    ret[GAIN] = b * old[GAIN] + clipped * share(s, k);
    ret[LARGEST] = b * m > fabs(h) + eps ? b * m : fabs(h) + eps;
    ret[SQUARES] = b * b * old[SQUARES] + h * h;
    double wealth = s->h[S_INIT] / BETTORS * ret[LARGEST] + (ret[GAIN] > 0 ? ret[GAIN] : 0.0);
    ret[SHARE] = wealth / (sqrt(ret[SQUARES]) + eps);
}

/* All bettors; returns the new factor. */
static double bet_all(const struct optim_step *s, double h, double *ret)
{
    double sum = 0;
    for (int k = 0; k < BETTORS; k++) {
        bet(s, k, h, ret + (ptrdiff_t)k * NUMBERS);
        sum += ret[k * NUMBERS + SHARE];
    }
    return sum;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    const struct base_rule r = base_rule(s->h, s->t);
    double *p = arena_alloc(s->scratch, n * sizeof *p), next[BETTORS * NUMBERS];
    if (!p)
        return err_add(err, ERR_MEMORY, "", "no memory for a step of %zu parameters", n);
    for (size_t i = 0; s->h[MAXIMIZE] != 0 && i < n; i++)
        g[i] = -g[i];
    double h = outcome(s, w, slot[W0], g, p, n), all = bet_all(s, h, next);
    for (size_t i = 0; i < n; i++) {
        double u = base_move(&r, g[i], slot[M] ? slot[M] + i : NULL, slot[V] ? slot[V] + i : NULL);
        w[i] = slot[W0][i] - all * (p[i] + u);
    }
    for (int k = 0; k < BETTORS * NUMBERS; k++)
        s->scalar[k] = next[k];
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    const struct base_rule r = base_rule(s->h, s->t);
    double *p = arena_zalloc(x->arena, n, sizeof *p), *d = arena_zalloc(x->arena, n, sizeof *d);
    double next[BETTORS * NUMBERS];
    if (!p || !d)
        return;
    for (size_t j = 0; j < n; j++)
        d[j] = s->h[MAXIMIZE] != 0 ? -g[j] : g[j];
    double h = outcome(s, w, slot[W0], d, p, n), all = bet_all(s, h, next), before = factor(s);
    double u =
        base_explain(x, &r, d[i], slot[M] ? slot[M] + i : NULL, slot[V] ? slot[V] + i : NULL);
    explain_line(x, "p", "p_t = (w_0 - w_{t-1})/S_{t-1}", p[i], "({} - {}) / {}", slot[W0][i], w[i],
                 before);
    explain_line(x, "h", "h_t = \\langle g_t, p_t\\rangle", h, "{}", h);
    explain_line(x, "S", "S_t = \\sum_k s_{t,k}", all, "{}", all);
    explain_line(x, "w", "w_t = w_0 - S_t\\,(p_t + u_t)", slot[W0][i] - all * (p[i] + u),
                 "{} - {}·({} + {})", slot[W0][i], all, p[i], u);
    if (all > before)
        explain_say(x, "The steps so far have paid: the factor grows from {} to {}.", before, all);
    else
        explain_say(x, "The steps so far have not paid: the factor goes from {} to {}.", before,
                    all);
}

const struct optim OPTIM(mechanize) = {
    .name = "mechanize",
    .title = "Mechanic",
    .formula = "w_t = w_0 - S_t \\sum_{k\\le t} u_k,\\quad S_t = \\sum_i s_{t,i},\\quad "
               "s_{t,i} = \\frac{s_0 m_{t,i}/6 + (r_{t,i})_+}{\\sqrt{v_{t,i}} + \\varepsilon}",
    .use_when = "You have an optimizer and a schedule, but do not know the scale of lr.",
    .pros =
        "Learns the scale for any base and any schedule, without restarts. Takes it back when it "
        "was too large.",
    .cons = "The move of every step is rescaled as a whole, so the path jumps while the factor "
            "grows. Norms over all parameters cost a pass of their own.",
    .reference = "Cutkosky, Defazio & Mehta, Mechanic: A Learning Rate Tuner, NeurIPS 2023, "
                 "arXiv:2306.00144",
    .same_as = {NULL, NULL, "optax.contrib.mechanize", NULL},
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_WHOLE,
    .lr = BASE_LR,
    .momentum = base_momentum,
    .kernel = kernel,
    .explain = explain,
};
