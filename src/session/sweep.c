/* Grids; sweep.h says what they are. */
#include "session/sweep.h"

#include "session/parts.h"

#include <stdio.h>
#include <string.h>

size_t sweep_runs(const struct sweep_grid *g)
{
    size_t runs = 1;
    for (size_t k = 0; k < g->axis_count; k++) {
        if (__builtin_mul_overflow(runs, g->axes[k].count, &runs))
            return SIZE_MAX;
    }
    return runs;
}

size_t sweep_at(const struct sweep_grid *g, size_t run, size_t axis)
{
    for (size_t k = g->axis_count - 1; k > axis; k--)
        run /= g->axes[k].count;
    return run % g->axes[axis].count;
}

/* ---- where an axis is ------------------------------------------------------------------------ */

/* What the path of an axis leads to: "lr", "schedule.gamma", "schedule.beta1.gamma",
 * "transforms.0.max_norm". */
struct target {
    enum { NOWHERE, OPTIMIZER, SCHEDULE, TRANSFORM } kind;
    int index;
    const char *name; /* of the hyperparameter */
};

static struct target target_of(const struct session_spec *base, const char *path)
{
    const char *dot = strrchr(path, '.');
    char list[2 * ERR_POINTER_LEN];
    if (!dot)
        return (struct target){OPTIMIZER, 0, path};
    for (int i = 0; i < base->schedule_count; i++) {
        const char *hyper = base->schedules[i].hyper;
        snprintf(list, sizeof list, "schedule%s%.200s.", hyper ? "." : "", hyper ? hyper : "");
        if (base->schedules[i].schedule && strlen(list) == (size_t)(dot + 1 - path) &&
            strncmp(path, list, strlen(list)) == 0)
            return (struct target){SCHEDULE, i, dot + 1};
    }
    for (int i = 0; i < base->transform_count; i++) {
        snprintf(list, sizeof list, "transforms.%d.", i);
        if (strlen(list) == (size_t)(dot + 1 - path) && strncmp(path, list, strlen(list)) == 0)
            return (struct target){TRANSFORM, i, dot + 1};
    }
    return (struct target){.kind = NOWHERE};
}

/* The arguments and one more. NULL: no memory. */
static const struct hyper_arg *longer(const struct hyper_arg *args, size_t *count,
                                      const struct hyper_arg *more, struct arena *a)
{
    struct hyper_arg *all = arena_zalloc(a, *count + 1, sizeof *all);
    if (!all)
        return NULL;
    if (*count > 0)
        memcpy(all, args, *count * sizeof *all);
    all[(*count)++] = *more;
    return all;
}

static bool put_in_schedule(struct session_spec *e, int i, const struct hyper_arg *arg,
                            struct arena *a)
{
    struct scheduled_given *list =
        arena_memdup(a, e->schedules, (size_t)e->schedule_count * sizeof *list);
    struct schedule_given *own = list ? arena_memdup(a, list[i].schedule, sizeof *own) : NULL;
    if (!own || !(own->args = longer(own->args, &own->arg_count, arg, a)))
        return false;
    list[i].schedule = own;
    e->schedules = list;
    return true;
}

static bool put_in_transform(struct session_spec *e, int i, const struct hyper_arg *arg,
                             struct arena *a)
{
    struct transform_given *list =
        arena_memdup(a, e->transforms, (size_t)e->transform_count * sizeof *list);
    if (!list || !(list[i].args = longer(list[i].args, &list[i].arg_count, arg, a)))
        return false;
    e->transforms = list;
    return true;
}

/* Gives `e`, which has what all runs have, one value of an axis. false: no memory. */
static bool put(struct session_spec *e, const struct hyper_arg *value, struct arena *a)
{
    struct target t = target_of(e, value->name);
    struct hyper_arg arg = *value;
    arg.name = t.name;
    switch (t.kind) {
    case OPTIMIZER:
        return (e->args = longer(e->args, &e->arg_count, &arg, a)) != NULL;
    case SCHEDULE:
        return put_in_schedule(e, t.index, &arg, a);
    case TRANSFORM:
        return put_in_transform(e, t.index, &arg, a);
    default:
        return true; /* told */
    }
}

/* What all runs have, then one value of each axis that has any. */
static bool fill_entry(const struct sweep_grid *g, const size_t *at, struct arena *a,
                       struct session_spec *ret)
{
    *ret = g->base;
    for (size_t k = 0; k < g->axis_count; k++) {
        if (at[k] < g->axes[k].count && !put(ret, &g->axes[k].values[at[k]], a))
            return false;
    }
    return true;
}

/* ---- what is wrong --------------------------------------------------------------------------- */

/* What a pointer leads to, as an axis would be called: a name has dots where a pointer has slashes.
 */
struct path {
    char text[ERR_POINTER_LEN];
};

static struct path path_of(const char *pointer)
{
    static const char prefix[] = "#/optimizer/";
    struct path p = {""};
    if (strncmp(pointer, prefix, sizeof prefix - 1) == 0)
        snprintf(p.text, sizeof p.text, "%s", pointer + sizeof prefix - 1);
    for (char *slash = p.text; (slash = strchr(slash, '/'));)
        *slash = '.';
    return p;
}

/* The axis that a pointer is of, axis_count where of none. */
static size_t axis_of(const struct sweep_grid *g, const char *pointer)
{
    struct path path = path_of(pointer);
    size_t k = 0;
    while (k < g->axis_count && strcmp(g->axes[k].name, path.text) != 0)
        k++;
    return k;
}

static bool is_told(const struct err *err, const char *pointer)
{
    for (int i = 0; i < err->count; i++) {
        if (strcmp(err->at[i].pointer, pointer) == 0)
            return true;
    }
    return false;
}

/* Takes over what is said of what all runs have. */
static void take_common(const struct sweep_grid *g, const struct err *own, struct err *err)
{
    struct err found;
    err_init(&found);
    for (int k = 0; k < own->count; k++) {
        const struct violation *v = &own->at[k];
        if (axis_of(g, v->pointer) < g->axis_count)
            continue;
        err_add(&found, own->code, v->pointer, "%s", v->detail);
        err_suggest(&found, v->suggestion);
    }
    session_add_untold(&found, err);
}

/* Takes over what is said of value `i` of axis `axis`, or of something else that is wrong with this
 * value alone. */
static void take(const struct sweep_grid *g, const struct err *own, size_t axis, size_t i,
                 struct err *err)
{
    struct pointer p = pointer_to("#/grid");
    struct err found;
    err_init(&found);
    pointer_add(&p, g->axes[axis].name);
    pointer_add_index(&p, i);
    for (int k = 0; k < own->count; k++) {
        const struct violation *v = &own->at[k];
        size_t of = axis_of(g, v->pointer);
        if (of == axis)
            err_add(&found, own->code, p.text, "%s", v->detail);
        else if (of == g->axis_count && !is_told(err, v->pointer))
            err_add(&found, own->code, p.text, "%.60s: %.150s", path_of(v->pointer).text,
                    v->detail);
        else
            continue;
        err_suggest(&found, v->suggestion);
    }
    session_add_untold(&found, err);
}

/* The value `i` of axis `axis`, the other axes at their first; axis_count: what all runs have. */
static void check_value(const struct sweep_grid *g, const struct race_request *q, size_t axis,
                        size_t i, struct arena *a, struct err *err)
{
    size_t at[SWEEP_AXES + 1] = {0};
    struct session_spec entry;
    struct err own;
    at[axis] = i;
    err_init(&own);
    if (!fill_entry(g, at, a, &entry))
        err_add(err, ERR_MEMORY, "", "no memory for the sweep");
    else if (race_check(q, &entry, &own) && own.code != ERR_MEMORY && axis < g->axis_count)
        take(g, &own, axis, i, err);
    else
        take_common(g, &own, err);
}

static bool has_arg(const struct hyper_arg *args, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(args[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Whether all runs have already what the axis would give them. */
static bool is_given(const struct session_spec *base, const struct target *t)
{
    const struct schedule_given *s =
        t->kind == SCHEDULE ? base->schedules[t->index].schedule : NULL;
    const struct transform_given *x = t->kind == TRANSFORM ? &base->transforms[t->index] : NULL;
    return (s && has_arg(s->args, s->arg_count, t->name)) ||
           (x && has_arg(x->args, x->arg_count, t->name)) ||
           (t->kind == OPTIMIZER && has_arg(base->args, base->arg_count, t->name));
}

static enum err_code check_target(const struct sweep_grid *g, size_t axis, struct err *err)
{
    const char *name = g->axes[axis].name;
    struct target t = target_of(&g->base, name);
    struct pointer p = pointer_to("#/grid");
    pointer_add(&p, name);
    if (t.kind == NOWHERE)
        return err_add(err, ERR_VALIDATION, p.text,
                       "the optimizer has no such place: in a schedule it is schedule.NAME, or "
                       "schedule.lr.NAME where schedules have names; in a transform "
                       "transforms.0.NAME");
    if (is_given(&g->base, &t))
        return err_add(err, ERR_VALIDATION, p.text,
                       "%.60s is given in optimizer too; leave it out there", name);
    return ERR_OK;
}

/* Each value by itself, the other axes at their first. */
static enum err_code check_values(const struct sweep_grid *g, const struct race_request *q,
                                  struct arena *a, struct err *err)
{
    check_value(g, q, g->axis_count, 0, a, err);
    for (size_t k = 0; k < g->axis_count; k++) {
        bool fits = check_target(g, k, err) == ERR_OK;
        for (size_t i = 0; fits && i < g->axes[k].count; i++)
            check_value(g, q, k, i, a, err);
    }
    return err->code;
}

/* ---- the runs -------------------------------------------------------------------------------- */

/* Values that are right by themselves and do not go together. */
static enum err_code check_run(const struct race_request *q, const struct session_spec *entry,
                               size_t run, struct err *err)
{
    struct err own;
    err_init(&own);
    if (race_check(q, entry, &own) == ERR_OK)
        return ERR_OK;
    return err_add(err, own.code, "#/grid", "run %zu, counted from 0: %.40s: %.130s", run,
                   path_of(own.at[0].pointer).text, own.at[0].detail);
}

enum err_code sweep_expand(const struct sweep_grid *g, struct race_request *q, struct arena *a,
                           struct err *err)
{
    size_t runs = sweep_runs(g);
    struct session_spec *entries;
    if (runs > SWEEP_RUNS)
        err_add(err, ERR_VALIDATION, "#/grid", "the grid has more than %d points", SWEEP_RUNS);
    if (check_values(g, q, a, err))
        return err->code;
    entries = arena_zalloc(a, runs, sizeof *entries);
    for (size_t run = 0; entries && run < runs; run++) {
        size_t at[SWEEP_AXES];
        for (size_t k = 0; k < g->axis_count; k++)
            at[k] = sweep_at(g, run, k);
        if (!fill_entry(g, at, a, &entries[run]))
            entries = NULL;
    }
    if (!entries)
        return err_add(err, ERR_MEMORY, "", "no memory for the sweep");
    for (size_t run = 0; run < runs && g->axis_count > 1; run++) {
        if (check_run(q, &entries[run], run, err))
            return err->code;
    }
    q->entries = entries;
    q->count = runs;
    return ERR_OK;
}
