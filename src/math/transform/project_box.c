/* Parameters between two bounds, the same for all or one for each. */
#include "math/transform_parts.h"

enum { LOWER, UPPER, LOWER_EACH, UPPER_EACH };

#define ROW_BOUND(row_name, row_doc)                                                               \
    {                                                                                              \
        .name = row_name, .kind = HYPER_REAL,                                                      \
        .value = {HYPER_NONE, HYPER_NONE, HYPER_NONE, HYPER_NONE}, .min = -INFINITY,               \
        .max = INFINITY, .doc = row_doc                                                            \
    }

static const struct hyper hypers[] = {
    ROW_BOUND("lower", "The least that a parameter may be; left out: there is none."),
    ROW_BOUND("upper", "The most that it may be; where lower is above it, this one holds."),
    ROW_EACH("lower_each", NULL,
             "In place of lower: one bound for each number of the chosen tensors, in order."),
    ROW_EACH("upper_each", NULL,
             "In place of upper: one bound for each number of the chosen tensors, in order."),
    ROWS_END};

static bool given(const struct transform_link *link, int row)
{
    return link->h[row] != HYPER_NONE;
}

static enum err_code check(const struct transform_link *link, size_t n, const char *prefix,
                           struct err *err)
{
    enum err_code code = ERR_OK, one;
    for (int i = LOWER; i <= UPPER; i++) {
        const char *name = hypers[i].name, *each = hypers[i + LOWER_EACH].name;
        if (given(link, i) && given(link, i + LOWER_EACH))
            code = hyper_refuse(prefix, each, err, "give either %s or %s", name, each);
        if ((one = check_length(link, i + LOWER_EACH, n, prefix, err)))
            code = one;
    }
    if (!given(link, LOWER) && !given(link, UPPER) && !given(link, LOWER_EACH) &&
        !given(link, UPPER_EACH))
        code = hyper_refuse(prefix, "lower", err, "give lower, upper or both");
    return code;
}

static enum err_code after(struct transform_step *s, struct err *err)
{
    const double *lowers = s->list[LOWER_EACH].data, *uppers = s->list[UPPER_EACH].data;
    double lower = s->h[LOWER] == HYPER_NONE ? -INFINITY : s->h[LOWER], upper = s->h[UPPER];
    size_t k = 0;
    (void)err;
    for
        EACH_TENSOR(t, s)
        {
            double *w = s->w + t->offset;
            for (size_t i = 0; i < t->count; i++, k++) {
                lower = lowers ? lowers[k] : lower;
                upper = uppers ? uppers[k] : upper;
                w[i] = w[i] < lower ? lower : w[i];
                w[i] = w[i] > upper ? upper : w[i];
            }
        }
    return ERR_OK;
}

const struct transform transform_project_box = {
    .name = "project_box",
    .title = "Project onto a box",
    .formula = "w \\leftarrow \\min(\\max(w, l), u)",
    .doc = "Moves each parameter to the nearest point between lower and upper, or above the one or "
           "below the other. With 0 and 1 the unit cube; with -c and c the ball of the largest "
           "size, as a Wasserstein critic has it; with lower_each and upper_each bounds of its own "
           "for each.",
    .same_as = {NULL, NULL,
                "optax.projections.projection_box, optax.projections.projection_hypercube, "
                "optax.projections.projection_linf_ball",
                NULL},
    .hypers = hypers,
    .check = check,
    .after = after,
};
