/* Barzilai–Borwein (1988): gradient descent whose step size is the secant's guess of 1/curvature.
 *
 *   s the last move, y = g - g_before
 *   long    k = ⟨s, s⟩/⟨s, y⟩       short   k = ⟨s, y⟩/⟨y, y⟩
 *   alternate   long at even t, short at odd t
 *   w = w - k·g
 *
 * The first step, and any where ⟨s, y⟩ is not positive (no curvature to measure), takes lr. No step
 * size exceeds max_lr. The loss may rise on the way; that is how it is fast. */
#include "math/explain.h"
#include "math/optim.h"
#include "math/reduce.h"
#include "math/rows.h"

enum { LR, VARIANT, MAX_LR, MAXIMIZE };
enum { LONG, SHORT, ALTERNATE };
static const char *const variant_choices[] = {"long", "short", "alternate", NULL};

static const struct hyper hypers[] = {
    ROW_LR(1e-3, 1e-3, 1e-3, 1e-3),
    ROW_CHOICE("variant", variant_choices, NULL, NULL,
               "long: |s|²/⟨s,y⟩; short: ⟨s,y⟩/|y|², never longer; alternate: by turns.", LONG,
               LONG, LONG, LONG),
    {.name = "max_lr",
     .kind = HYPER_REAL,
     .value = {1e10, 1e10, 1e10, 1e10},
     .max = INFINITY,
     .min_open = true,
     .doc = "Largest step size."},
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {{.name = "s", .doc = "The last move s."},
                                    {.name = "g_before", .doc = "Gradient of the last step."},
                                    {.name = NULL}};

struct secant {
    double ss, sy, yy, rate;
    bool measured;
};

static bool is_long(const struct optim_step *s)
{
    return s->h[VARIANT] == LONG || (s->h[VARIANT] == ALTERNATE && s->t % 2 == 0);
}

/* `d` holds the gradient with its sign; b is room for y. */
static struct secant secant_of(const struct optim_step *s, const double *d, double *const *slot,
                               double *b, size_t n)
{
    struct secant k = {.rate = s->h[LR]};
    if (s->t == 1)
        return k;
    for (size_t i = 0; i < n; i++) {
        b[i] = d[i] - slot[1][i];
    }
    k.ss = reduce_squares(slot[0], n);
    k.sy = reduce_dot(slot[0], b, n);
    k.yy = reduce_squares(b, n);
    k.measured = k.sy > 0;
    if (k.measured)
        k.rate = is_long(s) ? k.ss / k.sy : k.sy / k.yy;
    if (k.rate > s->h[MAX_LR])
        k.rate = s->h[MAX_LR];
    return k;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    double *b = arena_alloc(s->scratch, n * sizeof *b);
    if (!b)
        return err_add(err, ERR_MEMORY, "", "no memory for a step of %zu parameters", n);
    for (size_t i = 0; s->h[MAXIMIZE] != 0 && i < n; i++)
        g[i] = -g[i];
    struct secant k = secant_of(s, g, slot, b, n);
    for (size_t i = 0; i < n; i++) {
        slot[0][i] = -k.rate * g[i];
        slot[1][i] = g[i];
        w[i] -= k.rate * g[i];
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    double *d = arena_zalloc(x->arena, n, sizeof *d), *b = arena_zalloc(x->arena, n, sizeof *b);
    if (!d || !b)
        return;
    for (size_t j = 0; j < n; j++)
        d[j] = s->h[MAXIMIZE] != 0 ? -g[j] : g[j];
    struct secant k = secant_of(s, d, slot, b, n);
    if (s->t > 1) {
        explain_line(x, "⟨s,y⟩", "\\langle s_t, y_t\\rangle", k.sy, "{}", k.sy);
        explain_line(x, "k",
                     is_long(s) ? "k_t = \\|s_t\\|^2/\\langle s_t, y_t\\rangle"
                                : "k_t = \\langle s_t, y_t\\rangle/\\|y_t\\|^2",
                     k.rate, k.measured ? "{} / {}" : "lr", is_long(s) ? k.ss : k.sy,
                     is_long(s) ? k.sy : k.yy);
    }
    explain_line(x, "w", "w_t = w_{t-1} - k_t g_t", w[i] - k.rate * d[i], "{} - {}·{}", w[i],
                 k.rate, d[i]);
    if (k.measured)
        explain_say(x, "Along the last step the curvature was {}: its inverse is the step size.",
                    1.0 / k.rate);
    else
        explain_say(x, "There is no curvature to measure: the step size is lr = {}.", k.rate);
}

const struct optim OPTIM(barzilai_borwein) = {
    .name = "barzilai_borwein",
    .title = "Barzilai–Borwein",
    .formula =
        "s_t = w_{t-1} - w_{t-2},\\quad y_t = g_t - g_{t-1},\\quad "
        "w_t = w_{t-1} - \\frac{\\langle s_t, s_t\\rangle}{\\langle s_t, y_t\\rangle}\\, g_t",
    .use_when = "Smooth problems with exact gradients: least squares, quadratics, logistic "
                "regression on all the data.",
    .pros = "No learning rate and no line search, yet often as fast as conjugate gradients.",
    .cons =
        "Not monotone, and not for noisy gradients: the difference of two of them says nothing. "
        "May cycle on problems that are not convex.",
    .reference =
        "Barzilai & Borwein, Two-Point Step Size Gradient Methods, IMA Journal of Numerical "
        "Analysis 8, 1988",
    .same_as = {NULL, NULL, NULL, NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_WHOLE,
    .lr = LR,
    .kernel = kernel,
    .explain = explain,
};
