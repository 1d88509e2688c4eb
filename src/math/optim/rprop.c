/* Rprop (Riedmiller & Braun 1993): a step size per coordinate, led by signs of gradients alone.
 *
 *   q = sign(g·g_before)
 *   q > 0   step = min(eta_plus·step, max_step_size)      the same way on: longer
 *   q < 0   step = max(eta_minus·step, min_step_size)     jumped over the minimum: shorter,
 *           and no move (turn stay), or the last one back (turn back); g counts as 0 afterwards
 *   else    w -= step·sign(g)
 *
 *   torch   turn stay; step is held to its range at every step (clamp always)
 *   optax   turn stay; step is held to its range only when it changes (clamp changed), and w makes
 *           the move that was found one step before (move previous): the first step does not move.
 *           optax's documentation does not say so; its code does it.
 *   paper   turn back, clamp changed, and steps begin at 0.1
 *
 * Step sizes begin at the lr of the first step, which a schedule may have moved, and a group that
 * was frozen makes later than the others.
 *
 * Signs are multiplied, not gradients, so that tiny ones do not vanish in the product. */
#include "math/explain.h"
#include "math/kernel.h"
#include "math/optim.h"
#include "math/rows.h"
#include "math/sign.h"

#include <stdio.h>

enum { LR, ETA_MINUS, ETA_PLUS, MIN_STEP, MAX_STEP, CLAMP, MOVE, TURN, MAXIMIZE };
enum { ALWAYS, CHANGED };
enum { NEWEST, PREVIOUS };
enum { STAY, BACK };
static const char *const clamp_choices[] = {"always", "changed", NULL};
static const char *const move_choices[] = {"newest", "previous", NULL};
static const char *const turn_choices[] = {"stay", "back", NULL};

static const struct hyper hypers[] = {
    {.name = "lr",
     .kind = HYPER_REAL,
     .value = {1e-2, 0.1, HYPER_REQUIRED, 0.1},
     .alias = {NULL, "learning_rate", "learning_rate", NULL},
     .max = INFINITY,
     .doc = "Step size of every coordinate at the beginning; signs lead it from there."},
    {.name = "eta_minus",
     .kind = HYPER_REAL,
     .value = {0.5, 0.5, 0.5, 0.5},
     .alias = {"etas[0]", NULL, NULL, NULL},
     .max = 1,
     .min_open = true,
     .max_open = true,
     .doc = "What a step size is multiplied by when the gradient has changed its sign."},
    {.name = "eta_plus",
     .kind = HYPER_REAL,
     .value = {1.2, 1.2, 1.2, 1.2},
     .alias = {"etas[1]", NULL, NULL, NULL},
     .min = 1,
     .min_open = true,
     .max = INFINITY,
     .doc = "What a step size is multiplied by when the gradient has kept its sign."},
    {.name = "min_step_size",
     .kind = HYPER_REAL,
     .value = {1e-6, 1e-6, 1e-6, 1e-6},
     .alias = {"step_sizes[0]", NULL, NULL, NULL},
     .max = INFINITY,
     .doc = "Least step size."},
    {.name = "max_step_size",
     .kind = HYPER_REAL,
     .value = {50, 50, 50, 50},
     .alias = {"step_sizes[1]", NULL, NULL, NULL},
     .max = INFINITY,
     .doc = "Largest step size."},
    ROW_CHOICE("clamp", clamp_choices, NULL, NULL,
               "When step sizes are held to their range: always, or when they have changed.",
               ALWAYS, CHANGED, CHANGED, CHANGED),
    ROW_CHOICE("move", move_choices, NULL, NULL,
               "newest: w makes the move of this step; previous: that of the step before (optax).",
               NEWEST, NEWEST, PREVIOUS, NEWEST),
    ROW_CHOICE("turn", turn_choices, NULL, NULL,
               "When a sign changes: w stays where it is, or takes its last move back.", STAY, BACK,
               STAY, BACK),
    ROW_MAXIMIZE,
    ROWS_END};

static double first_step(const double *h)
{
    return h[LR];
}

static const struct slot slots[] = {
    {.name = "g_before", .doc = "Gradient of the step before; 0 after a change of sign."},
    {.name = "step",
     .doc = "Step size of the coordinate.",
     .start = SLOT_VALUE,
     .value = first_step},
    {.name = NULL}};

static enum err_code check(const double *h, const char *prefix, struct err *err)
{
    char pointer[ERR_POINTER_LEN];
    if (h[MIN_STEP] > h[MAX_STEP]) {
        snprintf(pointer, sizeof pointer, "%s/min_step_size", prefix);
        return err_add(err, ERR_VALIDATION, pointer,
                       "min_step_size must not be above max_step_size");
    }
    if (h[TURN] == BACK && h[MOVE] == PREVIOUS) {
        snprintf(pointer, sizeof pointer, "%s/turn", prefix);
        return err_add(err, ERR_VALIDATION, pointer, "turn \"back\" needs move \"newest\"");
    }
    return ERR_OK;
}

/* What one coordinate does. */
struct turn {
    double q, step, seen, move;
};

static inline __attribute__((always_inline)) struct turn
turn(double d, double before, double step, const double *h, bool previous, bool back)
{
    double q = sign_of(d) * sign_of(before), last = step * sign_of(before);
    double next = step * (q > 0 ? h[ETA_PLUS] : q < 0 ? h[ETA_MINUS] : 1.0);
    double held = next < h[MIN_STEP] ? h[MIN_STEP] : next > h[MAX_STEP] ? h[MAX_STEP] : next;
    next = q == 0 && h[CLAMP] == CHANGED ? step : held;
    double move = previous ? last : next * sign_of(d);
    return (struct turn){q, next, q < 0 ? 0.0 : d, q < 0 ? (back ? -last : 0.0) : move};
}

static inline __attribute__((always_inline)) void
loop(const struct optim_step *s, double *restrict w, const double *restrict g,
     double *restrict before, double *restrict step, size_t n, bool previous, bool back)
{
    const double sign = s->h[MAXIMIZE] != 0 ? -1.0 : 1.0;
    for (size_t i = 0; i < n; i++) {
        struct turn x = turn(sign * g[i], before[i], step[i], s->h, previous, back);
        before[i] = x.seen;
        step[i] = x.step;
        w[i] -= x.move;
    }
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    for (size_t i = 0; s->t == 1 && i < n; i++)
        slot[1][i] = s->h[LR];
    if (s->h[MOVE] == PREVIOUS)
        loop(s, w, g, slot[0], slot[1], n, true, false);
    else if (s->h[TURN] == BACK)
        loop(s, w, g, slot[0], slot[1], n, false, true);
    else
        loop(s, w, g, slot[0], slot[1], n, false, false);
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    double d = (s->h[MAXIMIZE] != 0 ? -1.0 : 1.0) * g[i], before = slot[0][i];
    double step = s->t == 1 ? s->h[LR] : slot[1][i];
    struct turn y = turn(d, before, step, s->h, s->h[MOVE] == PREVIOUS, s->h[TURN] == BACK);
    explain_line(x, "q", "q_t = \\operatorname{sign}(g_t\\, g_{t-1})", y.q, "sign({})·sign({})", d,
                 before);
    explain_line(x, "Δ",
                 "\\Delta_t = \\operatorname{clip}(\\eta^{\\pm}\\Delta_{t-1}, \\Delta_{min}, "
                 "\\Delta_{max})",
                 y.step, "{}·{}", step, step != 0 ? y.step / step : 0.0);
    explain_line(x, "w", "w_t = w_{t-1} - \\Delta_t \\operatorname{sign}(g_t)", w[i] - y.move,
                 "{} - {}", w[i], y.move);
    if (y.q < 0)
        explain_say(x,
                    "The gradient has changed its sign, so a minimum was jumped over: the step "
                    "size falls from {} to {}, and w moves by {}.",
                    step, y.step, -y.move);
    else if (y.q > 0)
        explain_say(x, "The gradient keeps its sign: the step size grows from {} to {}.", step,
                    y.step);
    else
        explain_say(x, "There is no sign before to compare with: the step size stays {}.", y.step);
}

const struct optim OPTIM(rprop) = {
    .name = "rprop",
    .title = "Rprop (resilient propagation)",
    .formula = "\\Delta_t = \\begin{cases}\\min(\\eta^+\\Delta_{t-1}, \\Delta_{max}) & "
               "g_t g_{t-1} > 0\\\\ \\max(\\eta^-\\Delta_{t-1}, \\Delta_{min}) & g_t g_{t-1} < 0"
               "\\\\ \\Delta_{t-1} & \\text{else}\\end{cases},\\quad "
               "w_t = w_{t-1} - \\Delta_t\\operatorname{sign}(g_t)\\;\\;(g_t g_{t-1} \\ge 0)",
    .use_when = "The gradient is exact: the whole data set, no noise. Sizes of gradients mislead, "
                "as behind saturated units or in badly scaled problems.",
    .pros = "Nothing to tune. Indifferent to the scale of the loss and of each coordinate. Step "
            "sizes adapt by factors, so it recovers fast from a bad first one.",
    .cons = "Useless with mini-batches: signs that change by chance alone shrink all steps. Two "
            "numbers of state per parameter. After the first step lr has no effect.",
    .reference =
        "Riedmiller & Braun, A Direct Adaptive Method for Faster Backpropagation Learning: "
        "The RPROP Algorithm, ICNN 1993",
    .same_as = {"torch.optim.Rprop", NULL, "optax.rprop", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_ELEMENTWISE,
    .lr = LR,
    .check = check,
    .kernel = kernel,
    .explain = explain,
};
