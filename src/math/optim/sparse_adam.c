/* SparseAdam as in torch: Adam on the coordinates that the sparse gradient has.
 *
 *   m += (1-b1)·(d - m)    v += (1-b2)·(d² - v)    w -= lr·√(1-b2^t)/(1-b1^t)·m/(√v + eps)
 *
 * Other coordinates keep w, m and v as they are. t counts all steps, not those of a coordinate: a
 * row that is seldom touched has its moments corrected as if they had been there from the start. A
 * coordinate that the gradient names with a 0 moves; one that it does not name stands still. eps is
 * added before the correction. Keras and optax have no such optimizer. */
#include "math/moments.h"

enum { LR, BETA1, BETA2, EPS, MAXIMIZE };

static const struct hyper hypers[] = {
    ROW_LR(1e-3, 1e-3, 1e-3, 1e-3),
    ROW_BETA1(0.9, 0.9, 0.9, 0.9),
    ROW_BETA2(0.999, 0.999, 0.999, 0.999),
    ROW_EPS("Added to the root of v, so that nothing is divided by 0.", 1e-8, 1e-8, 1e-8, 1e-8),
    ROW_MAXIMIZE,
    ROWS_END};

static const struct slot slots[] = {SLOT_M, SLOT_V, {.name = NULL}};

enum { STEP = MOMENT_COEFS };

static void prepare(struct optim_step *s)
{
    double c1 = power_complement(s->h[BETA1], s->t), c2 = power_complement(s->h[BETA2], s->t);
    s->c[MOMENT_SIGN] = s->h[MAXIMIZE] != 0 ? -1.0 : 1.0;
    s->c[MOMENT_L2] = 0.0;
    s->c[MOMENT_KEEP] = 1.0;
    s->c[STEP] = s->h[LR] * sqrt(c2) / c1;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    (void)err;
    double *restrict m = slot[0], *restrict v = slot[1];
    const double sign = s->c[MOMENT_SIGN], step = s->c[STEP], eps = s->h[EPS];
    const double n1 = 1.0 - s->h[BETA1], n2 = 1.0 - s->h[BETA2];
    for (size_t i = 0; i < n; i++) {
        if (s->touched && !s->touched[i])
            continue;
        double d = sign * g[i];
        m[i] += n1 * (d - m[i]);
        v[i] += n2 * (d * d - v[i]);
        w[i] -= step * (m[i] / (sqrt(v[i]) + eps));
    }
    return ERR_OK;
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    (void)n;
    const double n1 = 1.0 - s->h[BETA1], n2 = 1.0 - s->h[BETA2], step = s->c[STEP];
    const double m = slot[0][i], v = slot[1][i], eps = s->h[EPS];
    if (s->touched && !s->touched[i]) {
        explain_line(x, "w", "w_t = w_{t-1}", w[i], "{}", w[i]);
        explain_say(x,
                    "The sparse gradient does not have this coordinate: it stays {}, and so do "
                    "its moments.",
                    w[i]);
        return;
    }
    double d = explain_direction(x, s, g[i], w[i]);
    double mean = explain_line(x, "m", "m_t = m_{t-1} + (1-\\beta_1)(g_t - m_{t-1})",
                               m + n1 * (d - m), "{} + {}·({} - {})", m, n1, d, m);
    double square = explain_line(x, "v", "v_t = v_{t-1} + (1-\\beta_2)(g_t^2 - v_{t-1})",
                                 v + n2 * (d * d - v), "{} + {}·({}² - {})", v, n2, d, v);
    double ratio = explain_line(x, "u", "u_t = \\frac{m_t}{\\sqrt{v_t} + \\varepsilon}",
                                mean / (sqrt(square) + eps), "{} / (√{} + {})", mean, square, eps);
    explain_line(x, "w",
                 "w_t = w_{t-1} - \\eta\\,\\frac{\\sqrt{1-\\beta_2^t}}{1-\\beta_1^t}\\, u_t",
                 w[i] - step * ratio, "{} - {}·{}", w[i], step, ratio);
    explain_say(x, "The sparse gradient has this coordinate: it moves by {}, as in Adam.",
                step * ratio);
}

const struct optim OPTIM(sparse_adam) = {
    .name = "sparse_adam",
    .title = "SparseAdam",
    .formula = "i \\in I_t:\\; m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t,\\; "
               "v_t = \\beta_2 v_{t-1} + (1-\\beta_2) g_t^2,\\; "
               "w_t = w_{t-1} - \\eta\\,\\frac{\\sqrt{1-\\beta_2^t}}{1-\\beta_1^t}\\,"
               "\\frac{m_t}{\\sqrt{v_t} + \\varepsilon};\\quad "
               "i \\notin I_t:\\; \\text{as before}",
    .use_when = "Embeddings: large tables of which a step touches a few rows. The step sends those "
                "rows and their indices.",
    .pros = "Rows that a step does not name neither move nor forget, where Adam would go on moving "
            "them by their old mean. Requests stay small.",
    .cons =
        "Moments of a seldom row are old when it is touched again, and corrected for steps that "
        "they never saw. No weight decay.",
    .reference = "Kingma & Ba, Adam, ICLR 2015, arXiv:1412.6980; the form for sparse gradients: "
                 "torch.optim.SparseAdam",
    .same_as = {"torch.optim.SparseAdam", NULL, NULL, NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT | NEED_INDICES,
    .scope = OPTIM_WHOLE,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
