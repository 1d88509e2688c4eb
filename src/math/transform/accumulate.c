/* The gradients of several steps gathered to one; how many may change on the way. */
#include "math/transform_parts.h"

#include <string.h>

enum { STEPS, REDUCTION, BOUNDARIES, STEPS_AFTER };
enum { MINI_STEP };
enum { SUM, MEAN };

static const char *const reductions[] = {"sum", "mean", NULL};

static const struct hyper hypers[] = {
    ROW_COUNT("steps", 1, NULL, "gradient_accumulation_steps", "every_k_schedule",
              "How many gradients make one step of the optimizer.", HYPER_REQUIRED, HYPER_REQUIRED,
              HYPER_REQUIRED, HYPER_REQUIRED),
    ROW_CHOICE("reduction", reductions, NULL, "use_grad_mean",
               "Whether the gradients are added up or averaged.", SUM, MEAN, MEAN, MEAN),
    {.name = "boundaries",
     .kind = HYPER_LIST,
     .value = {HYPER_NONE, HYPER_NONE, HYPER_NONE, HYPER_NONE},
     .min = 1,
     .max = 0x1p53,
     .steps = true,
     .doc = "Counts of steps of the optimizer, in rising order, after which another number of "
            "gradients makes one; left out: it is always steps."},
    {.name = "steps_after",
     .kind = HYPER_LIST,
     .value = {HYPER_NONE, HYPER_NONE, HYPER_NONE, HYPER_NONE},
     .min = 1,
     .max = 0x1p53,
     .doc = "How many make one after each of the boundaries."},
    ROWS_END};

static const struct transform_slot slots[] = {
    {"gradient_sum", "The gradients gathered so far, added up.", TRANSFORM_ZERO}, {0}};

static const struct transform_scalar scalars[] = {
    {"mini_step", "How many gradients have been gathered.", NULL}, {0}};

static enum err_code check(const struct transform_link *link, size_t n, const char *prefix,
                           struct err *err)
{
    const struct hyper_list *after = &link->list[STEPS_AFTER];
    size_t count = link->list[BOUNDARIES].count;
    (void)n;
    if (after->count != count)
        return hyper_refuse(prefix, "steps_after", err,
                            "%zu boundaries need %zu numbers, given %zu", count, count,
                            after->count);
    for (size_t i = 0; i < count; i++) {
        if (trunc(after->data[i]) != after->data[i])
            return hyper_refuse(prefix, "steps_after", err, "%.15g is not a whole number of steps",
                                after->data[i]);
    }
    return ERR_OK;
}

/* How many gradients make the optimizer's next step. */
static double wanted(const struct transform_step *s)
{
    double steps = s->h[STEPS];
    const struct hyper_list *boundaries = &s->list[BOUNDARIES];
    for (size_t i = 0; i < boundaries->count && (double)s->t > boundaries->data[i]; i++)
        steps = s->list[STEPS_AFTER].data[i];
    return steps;
}

static enum err_code before(struct transform_step *s, struct err *err)
{
    double *sum = s->slot[0], gathered = ++s->scalar[MINI_STEP];
    bool emit = gathered >= wanted(s);
    (void)err;
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++) {
                sum[i] += s->g[i];
                if (emit)
                    s->g[i] = s->h[REDUCTION] == MEAN ? sum[i] / gathered : sum[i];
            }
            if (emit)
                memset(sum + t->offset, 0, t->count * sizeof *sum);
        }
    if (emit)
        s->scalar[MINI_STEP] = 0;
    else
        s->verdict = VERDICT_HOLD;
    return ERR_OK;
}

const struct transform transform_accumulate = {
    .name = "accumulate",
    .title = "Gradient accumulation",
    .formula = "g \\leftarrow \\frac{1}{k} \\sum_{j=1}^{k} g_j \\text{ at every } k\\text{-th "
               "step, else no step}",
    .doc = "Gathers the gradients of k steps and hands the optimizer their mean or sum at the "
           "k-th. The steps between count in the session's step and do not advance the optimizer's "
           "own t. What stands before it in the list acts at every gradient, what stands after it "
           "at the gathered ones alone: skip_nonfinite before it leaves out a single gradient, an "
           "average or a constraint before it works between the steps of the optimizer too, as "
           "keras's do. Schedules go on with the steps of the optimizer, Keras's with every "
           "gradient. With boundaries k changes on the way, so that batches grow.",
    .same_as = {"backward() k times between two step() (sum)",
                "keras.optimizers.Optimizer(gradient_accumulation_steps)", "optax.MultiSteps",
                NULL},
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .holds = true,
    .gathers = true,
    .whole = true,
    .check = check,
    .before = before,
};
