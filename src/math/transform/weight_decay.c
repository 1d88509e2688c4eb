/* Weight decay by one of three rules, on the tensors that the patterns choose. */
#include "math/kernel.h"
#include "math/transform_parts.h"

enum { WEIGHT_DECAY, MODE };

static const struct hyper hypers[] = {
    {.name = "weight_decay",
     .kind = HYPER_REAL,
     .value = {HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED},
     .min = 0,
     .max = INFINITY,
     .doc = "How strongly parameters are drawn to 0 at each step."},
    ROW_CHOICE(
        "mode", decay_choices, NULL, NULL,
        "l2 adds weight_decay·w to the gradient; decoupled multiplies w by "
        "1 - lr·weight_decay before the step, with the lr of the tensor's group; independent by "
        "1 - weight_decay.",
        DECAY_L2, DECAY_DECOUPLED, DECAY_L2, DECAY_L2),
    ROWS_END};

static enum err_code before(struct transform_step *s, struct err *err)
{
    double wd = s->h[WEIGHT_DECAY], l2 = decay_l2(wd, s->h[MODE]);
    if (isnan(decay_keep(wd, s->h[MODE], s->lr)))
        return err_add(err, ERR_VALIDATION, "#",
                       "decoupled weight decay needs an optimizer with a learning rate");
    for
        EACH_TENSOR(t, s)
        {
            const struct transform_own *own = transform_own(s, t);
            double keep = decay_keep(wd, s->h[MODE], own ? own->lr : s->lr);
            double *g = s->g + t->offset, *w = s->w + t->offset;
            for (size_t i = 0; i < t->count && l2 != 0; i++)
                g[i] += l2 * w[i];
            if (keep != 1)
                span_scale(w, keep, t->count);
        }
    return ERR_OK;
}

const struct transform transform_weight_decay = {
    .name = "weight_decay",
    .title = "Weight decay",
    .formula = "g \\leftarrow g + \\lambda w \\quad\\text{or}\\quad w \\leftarrow (1 - \\eta "
               "\\lambda)\\,w \\quad\\text{or}\\quad w \\leftarrow (1 - \\lambda)\\,w",
    .doc = "Draws parameters to 0. As a transform it can be masked by name (match, exclude), so "
           "that biases and norms stay out of it, and stands at a chosen place among the others: "
           "before clipping or after it.",
    .reference = "Loshchilov & Hutter, Decoupled Weight Decay Regularization, 2019, "
                 "arXiv:1711.05101",
    .same_as = {"weight_decay of torch.optim.SGD (l2), torch.optim.AdamW (decoupled)",
                "keras.optimizers.Optimizer(weight_decay), exclude_from_weight_decay",
                "optax.add_decayed_weights", NULL},
    .hypers = hypers,
    .before = before,
};
