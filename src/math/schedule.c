/* The registry of schedules, and what all of them share: resolution, copies, state, composition.
 *
 * gen/schedules.h lists the files of math/schedule/ (sorted); it comes from the Makefile. */
#include "math/schedule.h"
#include "math/names.h"
#include "math/schedule_recursion.h"

#include <stdio.h>
#include <string.h>

#define X(name) extern const struct schedule schedule_##name;
#include "schedules.h"
#undef X

#define X(name) &schedule_##name,
static const struct schedule *const registry[] = {
#include "schedules.h"
};
#undef X

int schedule_count(void)
{
    return (int)(sizeof registry / sizeof *registry);
}

const struct schedule *schedule_at(int i)
{
    return i >= 0 && i < schedule_count() ? registry[i] : NULL;
}

const struct schedule *schedule_find(const char *name)
{
    for (int i = 0; i < schedule_count(); i++) {
        if (strcmp(registry[i]->name, name) == 0)
            return registry[i];
    }
    return NULL;
}

static struct named named_at(int i)
{
    return (struct named){registry[i]->name, registry[i]->title, registry[i]->same_as};
}

const char *schedule_meant(const char *given)
{
    return names_meant(given, named_at, schedule_count());
}

int schedule_scalars(const struct schedule *s)
{
    int count = 0;
    while (s->scalars && s->scalars[count].name)
        count++;
    return count;
}

int schedule_own_scalars(const struct schedule_spec *s)
{
    return s->schedule->composed && !recursion_on(s) ? 0 : schedule_scalars(s->schedule);
}

/* ---- resolution ------------------------------------------------------------------------------ */

/* One request's worth of schedules: how many there are, and how deep this one lies. */
struct making {
    struct arena *arena;
    struct err *err;
    int nodes, depth;
};

static enum err_code make(struct making *m, const struct schedule_given *given,
                          enum profile profile, const char *prefix, struct schedule_spec *ret);

static const char *profile_at(const void *table, int i)
{
    (void)table;
    return profile_names[i];
}

static enum err_code find(struct making *m, const struct schedule_given *given, const char *prefix,
                          const struct schedule **ret)
{
    if (!given->name)
        return hyper_refuse(prefix, "name", m->err,
                            "a schedule has a name, as in {\"name\": \"cosine\", …}; GET "
                            "/v1/schedules lists them");
    *ret = schedule_find(given->name);
    if (*ret)
        return ERR_OK;
    const char *meant = schedule_meant(given->name);
    hyper_refuse(prefix, "name", m->err, "unknown schedule \"%.60s\"%s", given->name,
                 meant ? "" : "; GET /v1/schedules lists them");
    err_suggest(m->err, meant);
    return ERR_VALIDATION;
}

static enum err_code find_profile(struct making *m, const char *name, const char *prefix,
                                  enum profile *ret)
{
    for (int p = 0; name && p < PROFILE_COUNT; p++) {
        if (strcmp(name, profile_names[p]) == 0) {
            *ret = (enum profile)p;
            return ERR_OK;
        }
    }
    if (!name)
        return ERR_OK;
    hyper_refuse(prefix, "profile", m->err, "\"%.60s\" is none of torch, keras, optax, paper",
                 name);
    err_suggest(m->err, err_nearest(name, profile_at, NULL, PROFILE_COUNT));
    return ERR_VALIDATION;
}

static enum err_code make_children(struct making *m, const struct schedule_given *given,
                                   const char *prefix, struct schedule_spec *s)
{
    const char *key = given->children_key;
    if (!s->schedule->composed && key)
        return hyper_refuse(prefix, key, m->err, "%s holds no other schedules", s->schedule->name);
    if (!s->schedule->composed)
        return ERR_OK;
    if (given->child_count == 0)
        return hyper_refuse(prefix, key ? key : "schedules", m->err,
                            "%s needs a list of at least one schedule", s->schedule->name);
    if (m->depth == SCHEDULE_DEPTH || given->child_count > SCHEDULE_NODES)
        return hyper_refuse(prefix, key, m->err,
                            "at most %d schedules, %d within one another, may be composed",
                            SCHEDULE_NODES, SCHEDULE_DEPTH);
    s->children = arena_zalloc(m->arena, given->child_count, sizeof *s->children);
    if (!s->children)
        return err_add(m->err, ERR_MEMORY, "", "no memory for a schedule");
    enum err_code code = ERR_OK;
    m->depth++;
    for (size_t i = 0; i < given->child_count; i++) {
        char at[ERR_POINTER_LEN];
        snprintf(at, sizeof at, "%.100s/%.20s/%zu", prefix, key, i);
        enum err_code one = make(m, &given->children[i], s->profile, at, &s->children[i]);
        code = code ? code : one;
        s->child_count++;
    }
    m->depth--;
    return code;
}

static enum err_code make(struct making *m, const struct schedule_given *given,
                          enum profile profile, const char *prefix, struct schedule_spec *ret)
{
    struct schedule_spec s = {.profile = profile};
    if (++m->nodes > SCHEDULE_NODES)
        return err_add(m->err, ERR_VALIDATION, prefix, "at most %d schedules may be composed",
                       SCHEDULE_NODES);
    enum err_code name = find(m, given, prefix, &s.schedule);
    enum err_code of = find_profile(m, given->profile, prefix, &s.profile);
    if (name || of)
        return ERR_VALIDATION;
    enum err_code children = make_children(m, given, prefix, &s);
    enum err_code code =
        hyper_resolve_lists(s.schedule->hypers, s.profile, s.schedule->name, prefix, given->args,
                            given->arg_count, s.h, s.list, m->err);
    if (!code && !children && s.schedule->check)
        code = s.schedule->check(&s, prefix, m->err);
    if (!code && !children)
        code = recursion_settle(&s, given, prefix, m->err);
    if (children || code)
        return children ? children : code;
    *ret = s;
    return ERR_OK;
}

enum err_code schedule_make(const struct schedule_given *given, enum profile profile,
                            const char *prefix, struct arena *a, struct schedule_spec *ret_spec,
                            struct err *err)
{
    struct making m = {.arena = a, .err = err};
    return make(&m, given, profile, prefix, ret_spec);
}

bool schedule_copy(struct arena *a, const struct schedule_spec *from, struct schedule_spec *ret)
{
    size_t children = (size_t)from->child_count;
    *ret = *from;
    for (int i = 0; from->schedule->hypers[i].name; i++) {
        const struct hyper_list *list = &from->list[i];
        if (list->count == 0)
            continue;
        ret->list[i].data = arena_memdup(a, list->data, list->count * sizeof *list->data);
        if (!ret->list[i].data)
            return false;
    }
    if (children == 0)
        return true;
    ret->children = arena_zalloc(a, children, sizeof *ret->children);
    bool ok = ret->children;
    for (size_t i = 0; ok && i < children; i++)
        ok = schedule_copy(a, &from->children[i], &ret->children[i]);
    return ok;
}

/* ---- state and values ------------------------------------------------------------------------ */

int schedule_place(struct schedule_spec *s, int first)
{
    s->state = first;
    first += schedule_own_scalars(s);
    for (int i = 0; i < s->child_count; i++)
        first = schedule_place(&s->children[i], first);
    return first;
}

void schedule_start(const struct schedule_spec *s, uint64_t t, double *state)
{
    int count = schedule_own_scalars(s);
    for (int i = 0; i < count; i++)
        state[s->state + i] = s->schedule->scalars[i].start;
    for (int i = 0; i < s->child_count; i++)
        schedule_start(&s->children[i], t, state);
    if (recursion_on(s))
        recursion_start(s, t, state);
}

int schedule_numbers(const struct schedule_spec *s)
{
    int count = schedule_own_scalars(s);
    for (int i = 0; i < s->child_count; i++)
        count += schedule_numbers(&s->children[i]);
    return count;
}

void schedule_switch_off(struct schedule_spec *s, const char *name)
{
    int row = hyper_find(s->schedule->hypers, name);
    if (row >= 0)
        s->h[row] = 0;
    for (int i = 0; i < s->child_count; i++)
        schedule_switch_off(&s->children[i], name);
}

bool schedule_needs_loss(const struct schedule_spec *s)
{
    bool needs = s->schedule->needs_loss;
    for (int i = 0; i < s->child_count && !needs; i++)
        needs = schedule_needs_loss(&s->children[i]);
    return needs;
}

enum err_code schedule_momentum(const struct schedule_spec *s, struct arena *a,
                                struct schedule_spec *ret)
{
    ret->schedule = NULL;
    return s->schedule->momentum ? s->schedule->momentum(s, a, ret) : ERR_OK;
}

struct schedule_spec schedule_still(double value)
{
    struct schedule_spec s = {.schedule = schedule_find("constant"), .profile = PROFILE_PAPER};
    for (int i = 0; s.schedule->hypers[i].name; i++)
        s.h[i] = s.schedule->hypers[i].value[s.profile];
    s.h[hyper_find(s.schedule->hypers, "value")] = value;
    return s;
}

double schedule_value(const struct schedule_spec *s, uint64_t t, double base, const double *state)
{
    return recursion_on(s) ? recursion_value(s, base, state)
                           : s->schedule->value(s, t, base, state);
}

void schedule_update(const struct schedule_spec *s, enum schedule_phase phase, uint64_t t,
                     double base, double loss, double *state)
{
    if (recursion_on(s))
        recursion_update(s, phase, t, base, loss, state);
    else if (s->schedule->update)
        s->schedule->update(s, phase, t, base, loss, state);
}

void schedule_preview(const struct schedule_spec *s, double base, const double *losses,
                      size_t count, double *state, double *ret_values)
{
    schedule_start(s, 0, state);
    for (size_t t = 0; t < count; t++) {
        double loss = losses ? losses[t] : NAN;
        schedule_update(s, SCHEDULE_BEFORE_STEP, t, base, loss, state);
        ret_values[t] = schedule_value(s, t, base, state);
        schedule_update(s, SCHEDULE_AFTER_STEP, t, base, loss, state);
    }
}
