/* Dynamic loss scaling for clients that compute in half precision. The libraries keep the scale in
 * float32, which is exact for powers of two and shows in the eighth digit for others. */
#include "math/transform_parts.h"

#include <float.h>

enum { INITIAL_SCALE, GROWTH_STEPS, GROWTH_FACTOR, BACKOFF_FACTOR, PRECISION };
enum { DYNAMIC_SCALE, STEP_COUNTER };
enum { DOUBLE, SINGLE, SINGLE_INVERSE };

static const char *const precisions[] = {"double", "single", "single_inverse", NULL};

static const struct hyper hypers[] = {
    ROW_POSITIVE_OR("initial_scale", "init_scale", NULL, NULL, "The scale at the start.", 65536,
                    32768, 32768, 32768),
    ROW_COUNT("dynamic_growth_steps", 1, "growth_interval", NULL, NULL,
              "After how many finite gradients in a row the scale grows.", 2000, 2000, 2000, 2000),
    ROW_POSITIVE_OR("growth_factor", NULL, NULL, NULL, "What it is multiplied by then.", 2, 2, 2,
                    2),
    ROW_POSITIVE_OR("backoff_factor", NULL, NULL, NULL,
                    "What it is multiplied by after a gradient that is not finite.", 0.5, 0.5, 0.5,
                    0.5),
    ROW_CHOICE("precision", precisions, NULL, NULL,
               "What the scale is kept in: double, or single as in Keras; single_inverse is "
               "GradScaler's way to multiply by the inverse, rounded to single too.",
               SINGLE_INVERSE, SINGLE, DOUBLE, DOUBLE),
    ROWS_END};

static enum err_code sense(const double *h, const char *prefix, struct err *err)
{
    enum err_code code = ERR_OK;
    if (h[GROWTH_FACTOR] < 1)
        code = hyper_refuse(prefix, "growth_factor", err, "the scale would fall: give 1 or more");
    if (h[BACKOFF_FACTOR] > 1)
        code = hyper_refuse(prefix, "backoff_factor", err, "the scale would rise: give 1 or less");
    return code;
}

static double rounded(const double *h, double scale)
{
    return h[PRECISION] == DOUBLE ? scale : (double)(float)scale;
}

static double initial_scale(const double *h)
{
    return rounded(h, h[INITIAL_SCALE]);
}

static double unscaled(const double *h, double g, double scale)
{
    return h[PRECISION] == SINGLE_INVERSE ? g * rounded(h, 1 / scale) : g / scale;
}

static const struct transform_scalar scalars[] = {
    {"dynamic_scale", "What the client multiplies its next loss by.", initial_scale},
    {"step_counter", "Finite gradients since the scale last changed.", NULL},
    {0}};

static enum err_code before(struct transform_step *s, struct err *err)
{
    double *scale = &s->scalar[DYNAMIC_SCALE];
    (void)err;
    if (!chosen_finite(s, s->g)) {
        *scale = rounded(s->h, *scale * s->h[BACKOFF_FACTOR]);
        s->scalar[STEP_COUNTER] = 0;
        s->verdict = VERDICT_SKIP;
        return ERR_OK;
    }
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++)
                s->g[i] = unscaled(s->h, s->g[i], *scale);
        }
    if (++s->scalar[STEP_COUNTER] >= s->h[GROWTH_STEPS]) {
        if (*scale * s->h[GROWTH_FACTOR] <= FLT_MAX)
            *scale = rounded(s->h, *scale * s->h[GROWTH_FACTOR]);
        s->scalar[STEP_COUNTER] = 0;
    }
    return ERR_OK;
}

const struct transform transform_loss_scale = {
    .name = "loss_scale",
    .title = "Dynamic loss scale",
    .formula = "g \\leftarrow g / S; \\quad S \\leftarrow 2S \\text{ after } 2000 \\text{ finite "
               "gradients}, \\; S/2 \\text{ after one that is not}",
    .doc = "For gradients of a loss that the client multiplied by the scale S, so that they do not "
           "vanish in half precision. Divides them by S, leaves steps out whose gradient is not "
           "finite, and moves S. The client reads S (dynamic_scale) in the session's answer.",
    .reference = "Micikevicius et al., Mixed Precision Training, 2018, arXiv:1710.03740",
    .same_as = {"torch.amp.GradScaler", "keras.optimizers.LossScaleOptimizer", NULL, NULL},
    .hypers = hypers,
    .scalars = scalars,
    .takes_nonfinite = true,
    .whole = true,
    .sense = sense,
    .before = before,
};
