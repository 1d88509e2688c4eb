/* Parameters as shares: none negative, with a fixed sum. */
#include "math/transform_simplex.h"

enum { SCALE };

static const struct hyper hypers[] = {
    ROW_POSITIVE_OR("scale", NULL, NULL, NULL, "What they add up to.", 1, 1, 1, 1), ROWS_END};

static enum err_code after(struct transform_step *s, struct err *err)
{
    size_t n;
    double *x = simplex_gather(s, &n, err);
    if (!x)
        return ERR_MEMORY;
    double theta = simplex_threshold(x, n, s->h[SCALE]);
    for
        EACH_TENSOR(t, s)
        {
            double *w = s->w + t->offset;
            for (size_t i = 0; i < t->count; i++)
                w[i] = w[i] <= theta ? 0 : w[i] - theta;
        }
    return ERR_OK;
}

const struct transform transform_project_simplex = {
    .name = "project_simplex",
    .title = "Project onto a simplex",
    .formula = "w \\leftarrow \\max(w - \\theta, 0) \\text{ with } \\sum_i w_i = c",
    .doc = "Moves the parameters to the nearest point whose numbers are nonnegative and add up to "
           "scale: probabilities, portfolios, mixtures. All chosen tensors together.",
    .reference = "Duchi, Shalev-Shwartz, Singer & Chandra, Efficient Projections onto the l1-Ball "
                 "for Learning in High Dimensions, 2008",
    .same_as = {NULL, NULL, "optax.projections.projection_simplex", NULL},
    .hypers = hypers,
    .after = after,
};
