/* The steps of the optimizer, laid by and applied together. */
#include "math/transform_parts.h"

enum { STEPS };

static const struct hyper hypers[] = {ROW_COUNT("steps", 1, NULL, NULL, "k",
                                                "How many steps are applied at once.",
                                                HYPER_REQUIRED, HYPER_REQUIRED, 1, HYPER_REQUIRED),
                                      ROWS_END};

static const struct transform_slot slots[] = {
    {"update_sum", "The steps laid by, added up.", TRANSFORM_ZERO}, {0}};

static const struct transform_scalar scalars[] = {
    {"laid_by", "How many steps have been laid by.", NULL}, {0}};

static enum err_code after(struct transform_step *s, struct err *err)
{
    double *sum = s->slot[0];
    bool emit = ++s->scalar[0] >= s->h[STEPS];
    (void)err;
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++) {
                sum[i] += s->w[i] - s->old[i];
                s->w[i] = emit ? s->old[i] + sum[i] : s->old[i];
                sum[i] = emit ? 0 : sum[i];
            }
        }
    if (emit)
        s->scalar[0] = 0;
    return ERR_OK;
}

const struct transform transform_apply_every = {
    .name = "apply_every",
    .title = "Apply every k steps",
    .formula = "w \\leftarrow w + \\sum_{j=1}^{k} u_j \\text{ at every } k\\text{-th step, else "
               "} w",
    .doc = "Lets the optimizer make each of its steps, but moves the parameters only at every k-th "
           "one, by the sum. Unlike accumulate, the moments of the optimizer see every gradient "
           "and its own t goes on.",
    .same_as = {NULL, NULL, "optax.apply_every", NULL},
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .after = after,
};
