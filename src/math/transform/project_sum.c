/* Parameters with a fixed sum, or a bounded one; the sum may be weighted. */
#include "math/transform_direction.h"

enum { SUM, AT_MOST, NORMAL };

static const struct hyper hypers[] = {
    {.name = "sum",
     .kind = HYPER_REAL,
     .value = {HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED, HYPER_REQUIRED},
     .alias = {NULL, NULL, "b", NULL},
     .min = -INFINITY,
     .max = INFINITY,
     .doc = "What the parameters add up to, each times its number in normal."},
    ROW_BOOL("at_most", "Less is as good: only a sum that is larger is brought down.", 0, 0, 0, 0),
    ROW_EACH("normal", "a",
             "What each parameter is multiplied by in the sum, one number for each "
             "of the chosen tensors, in order; left out: 1."),
    ROWS_END};

static enum err_code check(const struct transform_link *link, size_t n, const char *prefix,
                           struct err *err)
{
    return direction_check(link, NORMAL, n, prefix, err);
}

static enum err_code after(struct transform_step *s, struct err *err)
{
    const struct hyper_list *normal = &s->list[NORMAL];
    double squares = direction_dot(s, normal, NULL);
    double by = (s->h[SUM] - direction_dot(s, normal, s->w)) / squares;
    (void)err;
    if (squares > 0 && (s->h[AT_MOST] == 0 || by <= 0))
        direction_move(s, normal, true, by);
    return ERR_OK;
}

const struct transform transform_project_sum = {
    .name = "project_sum",
    .title = "Project onto a fixed sum",
    .formula = "w \\leftarrow w + \\frac{c - a \\cdot w}{a \\cdot a}\\, a",
    .doc = "Moves the parameters to the nearest point that adds up to sum, or with at_most to at "
           "most that: budgets, offsets that must cancel. With normal the sum is a weighted one: "
           "any hyperplane, or the half-space below it. All chosen tensors together.",
    .same_as = {NULL, NULL,
                "optax.projections.projection_hyperplane, "
                "optax.projections.projection_halfspace (at_most)",
                NULL},
    .hypers = hypers,
    .check = check,
    .after = after,
};
