/* Lookahead (Zhang et al. 2019): fast weights explore, slow weights follow every few steps.
 *
 *   w = w - u                                  u: the step of the rule inside (math/base_rule.h)
 *   every sync_period steps: slow = slow + slow_step_size·(w - slow), w = slow
 *
 * reset_state starts the rule inside anew at each of these, its moments and its count of steps.
 * The slow weights are a readout; gradients belong to w. As a transform, lookahead goes around any
 * other optimizer. */
#include "math/base_rule.h"

enum {
    SYNC_PERIOD = BASE_ROWS_COUNT,
    SLOW_STEP_SIZE,
    RESET_STATE,
    WEIGHT_DECAY,
    WEIGHT_DECAY_MODE,
    MAXIMIZE
};

static const struct hyper hypers[] = {
    BASE_ROWS(1e-3, 1e-2, HYPER_REQUIRED, 1e-3),
    {.name = "sync_period",
     .kind = HYPER_INTEGER,
     .value = {5, 5, 5, 5},
     .alias = {"k", NULL, NULL, "k"},
     .min = 1,
     .max = 1e9,
     .doc = "Steps of the fast weights between two of the slow ones."},
    {.name = "slow_step_size",
     .kind = HYPER_REAL,
     .value = {0.5, 0.5, 0.5, 0.5},
     .alias = {"alpha", NULL, NULL, "alpha"},
     .max = 1,
     .doc = "How far the slow weights go towards the fast ones."},
    ROW_BOOL("reset_state", "Start the rule inside anew with each step of the slow weights.", 0, 0,
             0, 0),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    ROW_WEIGHT_DECAY_MODE(NULL, DECAY_L2, DECAY_DECOUPLED, DECAY_DECOUPLED, DECAY_L2),
    ROW_MAXIMIZE,
    ROWS_END};

enum { M, V, SLOW };
static const struct slot slots[] = {
    BASE_SLOTS,
    {.name = "slow", .doc = "Slow weights, the ones to keep.", .start = SLOT_W},
    {.name = NULL}};

/* Which step of the period the step is, from 0. */
static uint64_t place(const struct optim_step *s)
{
    return (s->t - 1) % (uint64_t)s->h[SYNC_PERIOD];
}

static bool syncs(const struct optim_step *s)
{
    return place(s) + 1 == (uint64_t)s->h[SYNC_PERIOD];
}

static struct base_rule inside(const struct optim_step *s)
{
    return base_rule(s->h, s->h[RESET_STATE] != 0 ? place(s) + 1 : s->t);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    const double *h = s->h, sign = h[MAXIMIZE] != 0 ? -1.0 : 1.0, part = h[SLOW_STEP_SIZE];
    const double l2 = decay_l2(h[WEIGHT_DECAY], h[WEIGHT_DECAY_MODE]);
    const double keep = decay_keep(h[WEIGHT_DECAY], h[WEIGHT_DECAY_MODE], h[BASE_LR]);
    const struct base_rule r = inside(s);
    double *m = slot[M], *v = slot[V], *slow = slot[SLOW];
    for (size_t i = 0; i < n; i++) {
        double d = direction(g[i], sign, l2, l2 != 0, w[i]);
        w[i] = keep * w[i] - base_move(&r, d, m ? m + i : NULL, v ? v + i : NULL);
    }
    for (size_t i = 0; syncs(s) && i < n; i++) {
        w[i] = slow[i] += part * (w[i] - slow[i]);
        if (h[RESET_STATE] != 0 && m)
            m[i] = 0;
        if (h[RESET_STATE] != 0 && v)
            v[i] = 0;
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double *h = s->h, sign = h[MAXIMIZE] != 0 ? -1.0 : 1.0, part = h[SLOW_STEP_SIZE];
    const double l2 = decay_l2(h[WEIGHT_DECAY], h[WEIGHT_DECAY_MODE]);
    const double keep = decay_keep(h[WEIGHT_DECAY], h[WEIGHT_DECAY_MODE], h[BASE_LR]);
    const struct base_rule r = inside(s);
    double d = direction(g[i], sign, l2, l2 != 0, w[i]), slow = slot[SLOW][i];
    if (l2 != 0)
        explain_line(x, "g'", "g'_t = g_t + \\lambda w_{t-1}", d, "{}·{} + {}·{}", sign, g[i], l2,
                     w[i]);
    double u = base_explain(x, &r, d, slot[M] ? slot[M] + i : NULL, slot[V] ? slot[V] + i : NULL);
    double fast =
        explain_line(x, "w", "w_t = w_{t-1} - u_t", keep * w[i] - u, "{}·{} - {}", keep, w[i], u);
    if (!syncs(s)) {
        explain_say(x, "Step {} of {}: the fast weights explore, the slow ones wait at {}.",
                    (double)(place(s) + 1), h[SYNC_PERIOD], slow);
        return;
    }
    explain_line(x, "w", "w_t = \\phi + \\alpha\\,(w_t - \\phi)", slow + part * (fast - slow),
                 "{} + {}·({} - {})", slow, part, fast, slow);
    explain_say(x,
                "The last of {} steps: the slow weights go {} of the way to the fast ones, which "
                "start from there again.",
                h[SYNC_PERIOD], part);
}

static void read_slow(const struct optim_step *s, const double *w, double *const *slot, size_t n,
                      double *out)
{
    (void)s, (void)w;
    for (size_t i = 0; i < n; i++)
        out[i] = slot[SLOW][i];
}

static const struct readout readouts[] = {
    {.name = "slow", .doc = "The slow weights.", .read = read_slow}, {.name = NULL}};

const struct optim OPTIM(lookahead) = {
    .name = "lookahead",
    .title = "Lookahead",
    .formula = "w_t = w_{t-1} - u_t;\\quad k \\mid t:\\; \\phi \\leftarrow \\phi + "
               "\\alpha\\,(w_t - \\phi),\\; w_t \\leftarrow \\phi",
    .use_when = "SGD or Adam that swings, or depends on its lr more than you like.",
    .pros = "Steadier, with less variance, and less sensitive to lr and momentum. Costs one vector "
            "and almost no time.",
    .cons = "Two more hyperparameters. Somewhat slower where the base was well tuned.",
    .reference = "Zhang, Lucas, Hinton & Ba, Lookahead Optimizer: k Steps Forward, 1 Step Back, "
                 "NeurIPS 2019, arXiv:1907.08610",
    .same_as = {NULL, NULL, "optax.lookahead", NULL},
    .hypers = hypers,
    .slots = slots,
    .readouts = readouts,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = BASE_LR,
    .momentum = base_momentum,
    .kernel = kernel,
    .explain = explain,
};
