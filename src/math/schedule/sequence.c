/* One schedule after the other. Each counts its steps from where it takes over, and has the base of
 * the whole. A part that follows the loss sees the losses of its own steps only.
 *
 * Where a part moves the momentum, the others leave it as they find it. torch sets it as each part
 * is made, so that before all of them it is what the last of them begins with.
 *
 * What torch's parts do to one another is in schedule_recursion.h: some go on from what the part
 * before left, some write over the base of the others. Left out: two parts that move the momentum
 * share the bounds of the one made last. */
#include "math/schedule_rows.h"

enum { BOUNDARIES, RECURSIVE };

static const struct hyper hypers[] = {
    ROW_STEP_LIST("boundaries", ALIAS("milestones", NULL, NULL),
                  "Steps at which the next schedule takes over: one fewer than schedules.",
                  EVERYWHERE(HYPER_REQUIRED)),
    ROW_RECURSIVE, ROWS_END};

static enum err_code check(const struct schedule_spec *s, const char *prefix, struct err *err)
{
    if (s->list[BOUNDARIES].count + 1 != (size_t)s->child_count)
        return hyper_refuse(prefix, "boundaries", err, "%d schedules need %d boundaries, given %zu",
                            s->child_count, s->child_count - 1, s->list[BOUNDARIES].count);
    return ERR_OK;
}

/* The part that step t belongs to; *t becomes the step within it. */
static const struct schedule_spec *active(const struct schedule_spec *s, uint64_t *t)
{
    size_t i = 0;
    while (i < s->list[BOUNDARIES].count && (double)*t >= s->list[BOUNDARIES].data[i])
        i++;
    if (i > 0)
        *t -= (uint64_t)s->list[BOUNDARIES].data[i - 1];
    return &s->children[i];
}

static double value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    const struct schedule_spec *part = active(s, &t);
    return schedule_value(part, t, base, state);
}

static void update(const struct schedule_spec *s, enum schedule_phase phase, uint64_t t,
                   double base, double loss, double *state)
{
    const struct schedule_spec *part = active(s, &t);
    schedule_update(part, phase, t, base, loss, state);
}

/* Steps of part i, which has another one after it. */
static double steps_of(const struct schedule_spec *s, int i)
{
    const double *boundaries = s->list[BOUNDARIES].data;
    return boundaries[i] - (i > 0 ? boundaries[i - 1] : 0);
}

/* The momentum of each part in turn: `parts` has those that move it. */
static void fill(const struct schedule_spec *s, struct schedule_spec *parts, double left)
{
    for (int i = 0; i < s->child_count; i++) {
        if (!parts[i].schedule)
            parts[i] = schedule_still(left);
        else if (i + 1 < s->child_count && steps_of(s, i) > 0)
            left = schedule_value(&parts[i], (uint64_t)steps_of(s, i) - 1, 0, NULL);
    }
}

static enum err_code momentum(const struct schedule_spec *s, struct arena *a,
                              struct schedule_spec *ret)
{
    struct schedule_spec *parts = arena_zalloc(a, (size_t)s->child_count, sizeof *parts);
    const struct schedule_spec *last = NULL;
    enum err_code code = parts ? ERR_OK : ERR_MEMORY;
    for (int i = 0; i < s->child_count && !code; i++) {
        code = schedule_momentum(&s->children[i], a, &parts[i]);
        last = parts[i].schedule ? &parts[i] : last;
    }
    if (code || !last)
        return code;
    fill(s, parts, schedule_value(last, 0, 0, NULL));
    *ret = *s;
    ret->children = parts;
    ret->h[RECURSIVE] = 0;
    return ERR_OK;
}

const struct schedule schedule_sequence = {
    .name = "sequence",
    .title = "One after the other",
    .formula = "\\eta_t = f_k(t - b_k) \\;\\text{with}\\; b_k \\le t < b_{k+1}",
    .doc =
        "Joins schedules at boundaries; each begins anew at its own step 0 with the same base. In "
        "profile torch multiplicative and swalr go on from the value that is there, and one_cycle "
        "sets the base of the others (recursive).",
    .use_when = "A warm-up, and then something else.",
    .reference = "torch.optim.lr_scheduler.SequentialLR; optax.join_schedules",
    .same_as = {"torch.optim.lr_scheduler.SequentialLR", NULL, "optax.join_schedules", NULL},
    .hypers = hypers,
    .composed = true,
    .scalars = recursion_scalars,
    .active = active,
    .check = check,
    .value = value,
    .momentum = momentum,
    .update = update,
};
