/* Parameters whose sizes add up to at most a bound: many become 0. */
#include "math/transform_simplex.h"

enum { SCALE, SPHERE };

static const struct hyper hypers[] = {
    ROW_POSITIVE_OR("scale", NULL, NULL, NULL, "The radius: the sum of sizes.", 1, 1, 1, 1),
    ROW_BOOL("sphere", "Always at the radius, not just within it.", 0, 0, 0, 0), ROWS_END};

static double shrink(double w, double theta)
{
    double size = fabs(w) - theta;
    return size <= 0 ? 0 : copysign(size, w);
}

static enum err_code after(struct transform_step *s, struct err *err)
{
    size_t n;
    double *x = simplex_gather(s, &n, err), sum = 0;
    if (!x)
        return ERR_MEMORY;
    for (size_t i = 0; i < n; i++)
        sum += x[i] = fabs(x[i]);
    if (sum <= s->h[SCALE] && s->h[SPHERE] == 0)
        return ERR_OK;
    double theta = simplex_threshold(x, n, s->h[SCALE]);
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++)
                s->w[i] = s->w[i] == 0 ? 0 : shrink(s->w[i], theta);
        }
    return ERR_OK;
}

const struct transform transform_project_l1_ball = {
    .name = "project_l1_ball",
    .title = "Project onto an l1 ball",
    .formula = "w \\leftarrow \\mathrm{sign}(w) \\max(|w| - \\theta, 0) \\text{ with } \\sum_i "
               "|w_i| \\le r",
    .doc = "Moves the parameters to the nearest point whose sizes add up to at most the radius; "
           "small ones become exactly 0. With sphere they are always brought to it. All chosen "
           "tensors together.",
    .reference = "Duchi, Shalev-Shwartz, Singer & Chandra, Efficient Projections onto the l1-Ball "
                 "for Learning in High Dimensions, 2008",
    .same_as = {NULL, NULL,
                "optax.projections.projection_l1_ball, optax.projections.projection_l1_sphere",
                NULL},
    .hypers = hypers,
    .after = after,
};
