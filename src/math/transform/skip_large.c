/* Steps whose gradient is too large are left out and counted. */
#include "math/transform_parts.h"

enum { MAX_SQUARED_NORM };

static const struct hyper hypers[] = {
    ROW_POSITIVE("max_squared_norm", NULL, NULL, NULL,
                 "The squared norm from which on a gradient is left out."),
    ROWS_END};

static const struct transform_scalar scalars[] = {{"skipped_count", "Steps left out so far.", NULL},
                                                  {0}};

static enum err_code before(struct transform_step *s, struct err *err)
{
    double squares = chosen_squares(s, s->g);
    (void)err;
    if (squares < s->h[MAX_SQUARED_NORM]) /* a NaN is left out too */
        return ERR_OK;
    s->scalar[0]++;
    s->verdict = VERDICT_SKIP;
    return ERR_OK;
}

const struct transform transform_skip_large = {
    .name = "skip_large",
    .title = "Skip gradients that are too large",
    .formula = "\\text{no step where } \\|g\\|^2 \\ge c",
    .doc = "Leaves a step out where the squared norm of its gradient is max_squared_norm or more, "
           "infinite or NaN, says so in the answer (skipped), and counts.",
    .same_as = {NULL, NULL, "optax.skip_large_updates (of optax.MultiSteps, before accumulate)",
                NULL},
    .hypers = hypers,
    .scalars = scalars,
    .takes_nonfinite = true,
    .before = before,
};
