/* Levenberg-Marquardt: Newton's or Gauss and Newton's step, damped as much as the loss demands.
 *
 *   (H + λ·D)·p = g at the base, w = base - lr·p
 *   the loss at w is below that of the base   w is the new base, λ = max(λ / decrease, 1e-9)
 *   otherwise                                 λ = min(λ·increase, 1e15), and again from the base
 *
 * H is the matrix that the step carries: JᵀJ of a least-squares problem with residuals r, where
 * loss = rᵀr/2 and gradient = Jᵀr, or the Hessian. D is the identity (Levenberg) or the diagonal of
 * H without its sign, 1 where that is 0 (Marquardt). Where the matrix has negative eigenvalues
 * their absolute values are taken, so that p descends (math/symmetric.h).
 *
 * One step is one evaluation: the parameters are where loss, gradient and matrix are wanted next,
 * and may turn out worse than the base, which the readout `base` gives. Matrix and gradient of a
 * rejected point are not used. n is at most 2,048, for H is kept. No library of the profiles has
 * the method, so they differ in the names of arguments only. */
#include "math/explain.h"
#include "math/optim.h"
#include "math/rows.h"
#include "math/symmetric.h"

#include <string.h>

enum { LR, DAMPING, INCREASE, DECREASE, SCALING };
enum { SCALE_IDENTITY, SCALE_DIAGONAL };
enum { LARGEST_N = 2048 };
static const double least = 1e-9, most = 1e15;
static const char *const scaling_choices[] = {"identity", "diagonal", NULL};

/* What the damping is multiplied or divided by. */
#define ROW_FACTOR(row_name, row_doc)                                                              \
    {                                                                                              \
        .name = row_name, .kind = HYPER_REAL, .value = {10, 10, 10, 10}, .min = 1, .max = 1e6,     \
        .min_open = true, .doc = row_doc                                                           \
    }

static const struct hyper hypers[] = {
    ROW_LR(1, 1, 1, 1),
    {.name = "damping",
     .kind = HYPER_REAL,
     .value = {0.01, 0.01, 0.01, 0.01},
     .min = 0,
     .min_open = true,
     .max = 1e15,
     .doc = "λ of the first step."},
    ROW_FACTOR("increase", "Multiplies λ where the loss has not fallen."),
    ROW_FACTOR("decrease", "Divides λ where it has."),
    ROW_CHOICE("scaling", scaling_choices, NULL, NULL,
               "What λ is a multiple of: identity, or the diagonal of H, which does not depend on "
               "the units of the parameters.",
               SCALE_DIAGONAL, SCALE_DIAGONAL, SCALE_DIAGONAL, SCALE_DIAGONAL),
    ROWS_END};

/* Of all tensors together n². */
static size_t squares(const double *h, const struct tensor *x)
{
    (void)h;
    return x->count * (2 * x->offset + x->count);
}

enum { BASE, G, H };
static const struct slot slots[] = {
    {.name = "base", .doc = "Best point so far.", .start = SLOT_W},
    {.name = "g", .doc = "Gradient there."},
    {.name = "h", .doc = "Matrix there, row by row.", .count = squares},
    {.name = NULL}};

enum { STARTED, LAMBDA, LOSS };
static const struct scalar scalars[] = {{.name = "started", .doc = "1 after the first step."},
                                        {.name = "lambda", .doc = "λ of the last step."},
                                        {.name = "loss", .doc = "Loss at the base."},
                                        {.name = NULL}};

static enum err_code takes(const double *h, const struct tensor *tensors, int tensor_count,
                           const char *pointer, struct err *err)
{
    (void)h;
    size_t n = 0;
    for (int k = 0; k < tensor_count; k++)
        n += tensors[k].count;
    return n <= LARGEST_N
               ? ERR_OK
               : err_add(err, ERR_VALIDATION, pointer,
                         "levenberg_marquardt keeps n² numbers and takes at most %d parameters, "
                         "given %zu",
                         LARGEST_N, n);
}

/* Whether the step's point is better than the base. */
static bool better(const struct optim_step *s)
{
    return s->scalar[STARTED] == 0 || s->loss < s->scalar[LOSS];
}

static double lambda_of(const struct optim_step *s)
{
    double before = s->scalar[LAMBDA];
    if (s->scalar[STARTED] == 0)
        return s->h[DAMPING];
    return better(s) ? fmax(before / s->h[DECREASE], least) : fmin(before * s->h[INCREASE], most);
}

/* Solves (H + λ·D)·p = g as (D^-½·H·D^-½ + λ·I)·(D^½·p) = D^-½·g; `p` holds g before. */
static enum err_code solve(const struct optim_step *s, const double *matrix, double lambda,
                           double *p, size_t n, struct arena *arena, struct err *err)
{
    double *a = arena_alloc(arena, n * n * sizeof *a), *root = arena_alloc(arena, n * sizeof *root);
    if (!a || !root)
        return err_add(err, ERR_MEMORY, "", "no memory for a step of %zu parameters", n);
    enum err_code code = symmetric_copy(matrix, n, a, err);
    if (code)
        return code;
    for (size_t i = 0; i < n; i++) {
        double d = s->h[SCALING] == SCALE_DIAGONAL ? fabs(a[i * n + i]) : 1.0;
        root[i] = d > 0 ? sqrt(d) : 1.0;
        p[i] /= root[i];
    }
    for (size_t i = 0; i < n * n; i++)
        a[i] /= root[i / n] * root[i % n];
    code = symmetric_solve(a, n, lambda, INDEFINITE_ABSOLUTE, p, arena, err);
    for (size_t i = 0; i < n; i++)
        p[i] /= root[i];
    return code;
}

/* Base and p of the step: p comes into `p`, and where the point is better it is the base. */
static enum err_code renew(struct optim_step *s, const double *w, const double *g,
                           double *const *slot, double *p, size_t n, struct arena *arena,
                           struct err *err)
{
    double lambda = lambda_of(s);
    if (better(s)) {
        memcpy(slot[BASE], w, n * sizeof *w);
        memcpy(slot[G], g, n * sizeof *g);
        memcpy(slot[H], s->hessian, n * n * sizeof *g);
        s->scalar[LOSS] = s->loss;
    }
    s->scalar[STARTED] = 1;
    s->scalar[LAMBDA] = lambda;
    memcpy(p, slot[G], n * sizeof *p);
    return solve(s, slot[H], lambda, p, n, arena, err);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    if (!s->hessian)
        return err_add(err, ERR_NEEDS, "#/hessian", "levenberg_marquardt needs hessian: JᵀJ or H");
    if (isnan(s->loss))
        return err_add(err, ERR_NEEDS, "#/loss", "levenberg_marquardt needs loss");
    enum err_code code = renew(s, w, g, slot, g, n, s->scratch, err);
    for (size_t i = 0; i < n && !code; i++)
        w[i] = slot[BASE][i] - s->h[LR] * g[i];
    return code;
}

static void explain(struct explain *x, const struct optim_step *step, const double *w,
                    const double *g, double *const *slot, size_t n, size_t i)
{
    struct optim_step s = *step;
    struct err err;
    double *p = explain_copy(x, g, n), before = s.scalar[LOSS], lr = s.h[LR];
    bool first = s.scalar[STARTED] == 0, accepted = better(&s);
    err_init(&err);
    if (!p || !s.hessian || renew(&s, w, g, slot, p, n, x->arena, &err))
        return;
    explain_line(x, "λ", "\\lambda_t", s.scalar[LAMBDA], "{}", s.scalar[LAMBDA]);
    explain_line(x, "p", "p_t = (H + \\lambda_t D)^{-1} g", p[i], "{}", p[i]);
    explain_line(x, "w", "w_t = w_{base} - \\eta\\, p_t", slot[BASE][i] - lr * p[i], "{} - {}·{}",
                 slot[BASE][i], lr, p[i]);
    if (first)
        explain_say(x, "The first step, damped by {}.", s.scalar[LAMBDA]);
    else if (accepted)
        explain_say(x, "The loss fell from {} to {}: this point is the base, with less damping.",
                    before, s.loss);
    else
        explain_say(x, "The loss {} is not below {}: back to the base, with more damping.", s.loss,
                    before);
}

static void read_base(const struct optim_step *s, const double *w, double *const *slot, size_t n,
                      double *out)
{
    (void)s, (void)w;
    memcpy(out, slot[BASE], n * sizeof *out);
}

static const struct readout readouts[] = {
    {.name = "base", .doc = "Best point so far.", .read = read_base}, {.name = NULL}};

const struct optim OPTIM(levenberg_marquardt) = {
    .name = "levenberg_marquardt",
    .title = "Levenberg-Marquardt",
    .formula = "w_t = w_{base} - \\eta\\,(H + \\lambda_t D)^{-1} g,\\quad H = J^\\top J,\\; "
               "g = J^\\top r",
    .use_when = "Nonlinear least squares with few parameters: curve fitting, calibration, bundle "
                "adjustment. Every step sends loss, gradient Jᵀr and matrix JᵀJ at the parameters "
                "answered last.",
    .pros = "As fast as Gauss and Newton's method near the minimum and as safe as gradient descent "
            "far from it: the loss of the base never rises.",
    .cons = "The matrix costs n² memory and n³ time. Some steps are trial points, whose loss is "
            "higher. Noise in the loss makes it reject good points.",
    .reference = "Levenberg 1944; Marquardt, An Algorithm for Least-Squares Estimation of "
                 "Nonlinear Parameters, 1963; Nocedal & Wright, Numerical Optimization, 2nd "
                 "edition, 2006, section 10.3",
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .readouts = readouts,
    .needs = NEED_GRADIENT | NEED_LOSS | NEED_HESSIAN,
    .scope = OPTIM_WHOLE,
    .undivided = true,
    .lr = LR,
    .takes = takes,
    .kernel = kernel,
    .explain = explain,
};
