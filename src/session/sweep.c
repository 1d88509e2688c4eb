/* Grids; sweep.h says what they are. */
#include "session/sweep.h"

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

/* What all runs have, then one value of each axis. */
static bool fill_entry(const struct sweep_grid *g, const size_t *at, struct arena *a,
                       struct session_spec *ret)
{
    size_t own = g->base.arg_count;
    struct hyper_arg *args = arena_zalloc(a, own + g->axis_count, sizeof *args);
    if (!args)
        return false;
    if (own > 0)
        memcpy(args, g->base.args, own * sizeof *args);
    for (size_t k = 0; k < g->axis_count; k++)
        args[own + k] = g->axes[k].values[at[k]];
    *ret = g->base;
    ret->args = args;
    ret->arg_count = own + g->axis_count;
    return true;
}

/* The axis that a pointer #/optimizer/NAME is of, axis_count where of none. */
static size_t axis_of(const struct sweep_grid *g, const char *pointer)
{
    static const char prefix[] = "#/optimizer/";
    size_t k = 0, len = sizeof prefix - 1;
    if (strncmp(pointer, prefix, len) != 0)
        return g->axis_count;
    while (k < g->axis_count && strcmp(g->axes[k].name, pointer + len) != 0)
        k++;
    return k;
}

/* Takes over what is said of value `i` of axis `axis`, and, where `general`, of no axis. */
static void take(const struct sweep_grid *g, const struct err *own, size_t axis, size_t i,
                 bool general, struct err *err)
{
    char pointer[2 * ERR_POINTER_LEN];
    for (int k = 0; k < own->count; k++) {
        const struct violation *v = &own->at[k];
        size_t of = axis_of(g, v->pointer);
        if (of != axis && (of < g->axis_count || !general))
            continue;
        snprintf(pointer, sizeof pointer, "#/grid/%s/%zu", g->axes[axis].name, i);
        err_add(err, own->code, of == axis ? pointer : v->pointer, "%s", v->detail);
        if (v->suggestion[0])
            err_suggest(err, v->suggestion);
    }
}

/* Each value by itself, the other axes at their first: what a value is good for does not depend on
 * the others, but for few optimizers, whose runs the race refuses. */
static enum err_code check_values(const struct sweep_grid *g, const struct race_request *q,
                                  struct arena *a, struct err *err)
{
    for (size_t k = 0; k < g->axis_count; k++) {
        for (size_t i = 0; i < g->axes[k].count; i++) {
            size_t at[SWEEP_AXES] = {0};
            struct session_spec entry;
            struct err own;
            at[k] = i;
            if (!fill_entry(g, at, a, &entry))
                return err_add(err, ERR_MEMORY, "", "no memory for the sweep");
            err_init(&own);
            if (race_check(q, &entry, &own))
                take(g, &own, k, i, k == 0 && i == 0, err);
        }
    }
    return err->code;
}

enum err_code sweep_expand(const struct sweep_grid *g, struct race_request *q, struct arena *a,
                           struct err *err)
{
    size_t runs = sweep_runs(g);
    struct session_spec *entries;
    if (runs > SWEEP_RUNS)
        return err_add(err, ERR_VALIDATION, "#/grid", "the grid has more than %d points",
                       SWEEP_RUNS);
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
    q->entries = entries;
    q->count = runs;
    return ERR_OK;
}
