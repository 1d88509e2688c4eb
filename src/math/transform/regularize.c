/* The gradient of a penalty on the sizes of parameters, their squares, or both. */
#include "math/transform_parts.h"

enum { L1, L2 };

static const struct hyper hypers[] = {
    ROW_REAL("l1", NULL, NULL, NULL, "What the sum of sizes is multiplied by.", 0, 0, 0, 0),
    ROW_REAL("l2", NULL, NULL, NULL, "What the sum of squares is multiplied by.", 0, 0, 0, 0),
    ROWS_END};

static enum err_code check(const struct transform_link *link, size_t n, const char *prefix,
                           struct err *err)
{
    (void)n;
    if (link->h[L1] == 0 && link->h[L2] == 0)
        return hyper_refuse(prefix, "l1", err, "give l1, l2 or both");
    return ERR_OK;
}

static enum err_code before(struct transform_step *s, struct err *err)
{
    double l1 = s->h[L1], l2 = 2 * s->h[L2];
    (void)err;
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++)
                s->g[i] += l1 * ((s->w[i] > 0) - (s->w[i] < 0)) + l2 * s->w[i];
        }
    return ERR_OK;
}

const struct transform transform_regularize = {
    .name = "regularize",
    .title = "Penalize large parameters",
    .formula = "g \\leftarrow g + \\nabla \\left( \\lambda_1 \\sum_i |w_i| + \\lambda_2 \\sum_i "
               "w_i^2 \\right)",
    .doc = "Adds to the gradient that of a penalty, as if it were part of the loss: l1 draws small "
           "parameters to 0, l2 large ones harder. The penalty is not in the loss that a client "
           "sends. l2 of 0.01 is weight_decay of 0.02, since keras's penalty has no half.",
    .same_as = {NULL, "keras.regularizers.L1, keras.regularizers.L2, keras.regularizers.L1L2", NULL,
                NULL},
    .hypers = hypers,
    .check = check,
    .before = before,
};
