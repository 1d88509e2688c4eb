/* The gradient of each tensor times the size of its parameters. */
#include "math/transform_parts.h"

enum { SIZE, MIN_SCALE };
enum { RMS, NORM };

static const char *const sizes[] = {"rms", "norm", NULL};

static const struct hyper hypers[] = {
    ROW_CHOICE("size", sizes, NULL, NULL,
               "Of the parameters of a tensor: the root of the mean of squares, or the norm.", 0, 0,
               0, 0),
    ROW_REAL("min_scale", NULL, NULL, NULL, "The least that it is taken to be.", 1e-3, 1e-3, 1e-3,
             1e-3),
    ROWS_END};

static enum err_code before(struct transform_step *s, struct err *err)
{
    (void)err;
    for
        EACH_TENSOR(t, s)
        {
            double size = tensor_norm(t, s->w);
            if (s->h[SIZE] == RMS)
                size /= sqrt((double)t->count);
            span_scale(s->g + t->offset, larger(size, s->h[MIN_SCALE]), t->count);
        }
    return ERR_OK;
}

const struct transform transform_block_scale = {
    .name = "block_scale",
    .title = "Scale by the size of the parameters",
    .formula = "g_k \\leftarrow g_k \\cdot \\max(\\mathrm{rms}(w_k), \\epsilon)",
    .doc = "Makes the step of each tensor relative to the size of its parameters, as Adafactor "
           "does. After normalize or sign, lr is then a relative step size.",
    .reference = "Shazeer & Stern, Adafactor, 2018, arXiv:1804.04235",
    .same_as = {NULL, NULL, "optax.scale_by_param_block_rms, optax.scale_by_param_block_norm",
                NULL},
    .hypers = hypers,
    .before = before,
};
