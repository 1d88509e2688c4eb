/* Parameter groups: checked, resolved, patched, copied. See groups.h.
 *
 * The layout of the block is that of the optimizer's own hyperparameters. A group may do without a
 * state that the others have (momentum 0), but not have one that they have not. */
#include "session/groups.h"

#include "session/schedules.h"

#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { PREFIX_LEN = 32 };

static struct pointer item_pointer(int i, const char *field)
{
    struct pointer p = pointer_to("#/groups");
    pointer_add_index(&p, (uint64_t)i);
    if (field)
        pointer_add(&p, field);
    return p;
}

/* ---- hyperparameters ------------------------------------------------------------------------- */

void group_hypers(const struct session *s, int group, const double *base, double ret_h[HYPER_MAX])
{
    memcpy(ret_h, base, HYPER_MAX * sizeof *ret_h);
    if (group < 0)
        return;
    const struct group *x = &s->groups->list[group];
    for (int i = 0; i < HYPER_MAX; i++) {
        if (x->given >> i & 1)
            ret_h[i] = x->h[i];
    }
}

/* What the client gives is laid over what the group has; null makes it the session's again. */
static enum err_code resolve(const struct optim *o, enum profile profile, const double *base,
                             const struct group_given *given, int i, struct group *x,
                             struct err *err)
{
    char prefix[PREFIX_LEN];
    double h[HYPER_MAX];
    snprintf(prefix, sizeof prefix, "#/groups/%d", i);
    for (int k = 0; k < HYPER_MAX; k++)
        h[k] = x->given >> k & 1 ? x->h[k] : base[k];
    enum err_code code =
        hyper_patch(o->hypers, profile, o->name, prefix, given->args, given->arg_count, h, err);
    if (code)
        return code;
    for (size_t k = 0; k < given->arg_count; k++) {
        uint32_t bits = hyper_given(o->hypers, profile, &given->args[k], 1);
        bool back = given->args[k].kind == ARG_NULL;
        x->given = back ? x->given & ~bits : x->given | bits;
    }
    for (int k = 0; k < HYPER_MAX; k++)
        x->h[k] = x->given >> k & 1 ? h[k] : base[k];
    return o->check ? o->check(x->h, prefix, err) : ERR_OK;
}

/* ---- tensors --------------------------------------------------------------------------------- */

static int choose(const struct group *list, int count, const char *name)
{
    for (int i = 0; i < count; i++) {
        if (transform_chooses(list[i].match, list[i].exclude, name))
            return i;
    }
    return -1;
}

/* State of its tensors: as much as the others have, or none. */
static enum err_code check_state(const struct optim *o, const double *base, const struct group *x,
                                 const struct tensor *t, int i, struct err *err)
{
    for (int k = 0; k < optim_slots(o); k++) {
        size_t has = optim_slot_count(o, k, base, t, 1), uses = optim_slot_count(o, k, x->h, t, 1);
        if (uses != 0 && uses != has)
            return err_add(err, ERR_VALIDATION, item_pointer(i, NULL).text,
                           "the group keeps %s and the optimizer does not: give the optimizer the "
                           "hyperparameter that turns it on, and turn it off in the other groups",
                           o->slots[k].name);
    }
    return ERR_OK;
}

static enum err_code refuse_empty(const struct group *x, int i, const struct tensor *tensors,
                                  int tensor_count, struct err *err)
{
    char names[80] = "";
    size_t len = 0;
    int k = 0;
    bool unnamed = tensor_count == 1 && tensors[0].name[0] == '\0';
    for (; k < tensor_count && len + strlen(tensors[k].name) + 2 < sizeof names; k++)
        len += (size_t)snprintf(names + len, sizeof names - len, "%s%s", k ? ", " : "",
                                tensors[k].name);
    return err_add(err, ERR_VALIDATION, item_pointer(i, x->match ? "match" : "exclude").text,
                   "no tensor of the parameters is in this group (a tensor is in the first group "
                   "that chooses it); %s%s%s",
                   unnamed ? "they have no names" : "they are ", names,
                   k < tensor_count ? " …" : "");
}

/* Patterns, state and shapes against the parameters. */
static enum err_code check_tensors(const struct optim *o, const double *base,
                                   const struct tensor *tensors, int tensor_count,
                                   const struct group *list, int count, int i, struct err *err)
{
    const struct group *x = &list[i];
    enum err_code code = ERR_OK;
    int chosen = 0;
    for (int k = 0; k < tensor_count && !code; k++) {
        if (choose(list, count, tensors[k].name) != i)
            continue;
        chosen++;
        code = check_state(o, base, x, &tensors[k], i, err);
        if (!code && o->takes)
            code = o->takes(x->h, &tensors[k], 1, item_pointer(i, NULL).text, err);
    }
    if (!code && chosen == 0 && tensor_count > 0)
        return refuse_empty(x, i, tensors, tensor_count, err);
    return code;
}

/* ---- a new list ------------------------------------------------------------------------------ */

static enum err_code plan_one(const struct group_given *given, const struct plan *plan, int i,
                              struct group *x, struct err *err)
{
    *x = (struct group){
        .match = given->match, .exclude = given->exclude, .frozen = given->frozen > 0};
    enum err_code code = ERR_OK;
    if (!given->match && !given->exclude)
        code = err_add(err, ERR_VALIDATION, item_pointer(i, "match").text,
                       "a group needs match or exclude: which tensors are in it");
    enum err_code hypers = resolve(plan->optim, plan->profile, plan->h, given, i, x, err);
    return code ? code : hypers;
}

enum err_code groups_plan(const struct session_spec *spec, const struct plan *plan,
                          struct group *list, int *ret_count, struct err *err)
{
    const struct optim *o = plan->optim;
    const struct values *v = &plan->parameters;
    enum err_code code = ERR_OK, one;
    int count = spec->group_count;
    if (count > GROUPS)
        return err_add(err, ERR_VALIDATION, "#/groups", "a session has at most %d groups", GROUPS);
    if (count && (o->undivided || o->needs & NEED_HESSIAN))
        return err_add(err, ERR_VALIDATION, "#/groups",
                       "%s takes all parameters at once: it has no groups", o->name);
    for (int i = 0; i < count; i++) {
        if ((one = plan_one(&spec->groups[i], plan, i, &list[i], err)))
            code = one;
    }
    for (int i = 0; i < count && !code; i++)
        code = check_tensors(o, plan->h, v->tensors, v->count, list, count, i, err);
    *ret_count = count;
    return code;
}

enum err_code groups_check_schedules(const struct optim *o, const struct group *list, int count,
                                     const struct scheduled *scheduled, int scheduled_count,
                                     struct err *err)
{
    for (int i = 0; i < count * scheduled_count; i++) {
        const struct scheduled *x = &scheduled[i % scheduled_count];
        const char *name = o->hypers[x->hyper].name;
        int at = i / scheduled_count;
        if (list[at].given >> x->hyper & 1 && schedule_needs_loss(&x->spec))
            return err_add(err, ERR_VALIDATION, item_pointer(at, name).text,
                           "the schedule of %s follows the loss and has one value for all: a group "
                           "cannot have its own",
                           name);
    }
    return ERR_OK;
}

/* ---- digest ---------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t seed, const void *data, size_t bytes)
{
    return XXH3_64bits_withSeed(data, bytes, seed);
}

static uint64_t mix_string(uint64_t seed, const char *s)
{
    return s ? mix(seed, s, strlen(s) + 1) : mix(seed, "", 0);
}

uint64_t groups_digest(const struct optim *o, const struct group *list, int count)
{
    uint64_t sum = 0, first;
    memcpy(&first, "a group.", sizeof first);
    for (int i = 0; i < count; i++) {
        uint64_t d = mix_string(mix_string(first + (uint64_t)i, list[i].match), list[i].exclude);
        d = mix(d, &list[i].frozen, sizeof list[i].frozen);
        for (int k = 0; o->hypers[k].name; k++) {
            if (list[i].given >> k & 1)
                d = mix(mix_string(d, o->hypers[k].name), &list[i].h[k], sizeof list[i].h[k]);
        }
        sum += d;
    }
    return sum;
}

/* ---- a patch --------------------------------------------------------------------------------- */

enum err_code groups_patch(const struct session *s, const struct session_patch *patch,
                           const struct session *next, struct group *list, struct err *err)
{
    int count = s->groups ? s->groups->count : 0;
    enum err_code code = ERR_OK, one;
    if (patch->groups && patch->group_count != count)
        return err_add(err, ERR_VALIDATION, "#/groups",
                       "the session has %d groups and keeps them; their hyperparameters may "
                       "change, {} leaves one as it is",
                       count);
    for (int i = 0; i < count; i++) {
        static const struct group_given nothing = {.frozen = -1};
        const struct group_given *given = patch->groups ? &patch->groups[i] : &nothing;
        list[i] = s->groups->list[i];
        if (given->match || given->exclude)
            code = err_add(err, ERR_VALIDATION,
                           item_pointer(i, given->match ? "match" : "exclude").text,
                           "a group keeps its patterns");
        if (given->frozen >= 0)
            list[i].frozen = given->frozen;
        if ((one = resolve(s->optim, s->profile, next->h, given, i, &list[i], err)))
            code = one;
    }
    for (int i = 0; i < count && !code; i++)
        code = check_tensors(s->optim, next->h, s->tensors, s->tensor_count, list, count, i, err);
    return code;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static bool copy_text(struct arena *a, const char **text)
{
    const char *from = *text;
    *text = arena_strdup(a, from);
    return !from || *text;
}

static struct session_groups *copy_groups(const struct session *s, const struct group *list,
                                          int count, struct arena *a)
{
    size_t of = (size_t)s->tensor_count * sizeof(int);
    struct session_groups *x = arena_zalloc(a, 1, sizeof *x + (size_t)count * sizeof *list + of);
    if (!x)
        return NULL;
    x->count = count;
    x->list = (struct group *)(x + 1);
    x->of = (int *)(x->list + count);
    memcpy(x->list, list, (size_t)count * sizeof *list);
    for (int i = 0; i < count; i++) {
        if (!copy_text(a, &x->list[i].match) || !copy_text(a, &x->list[i].exclude))
            return NULL;
    }
    for (int i = 0; i < s->tensor_count; i++)
        x->of[i] = choose(x->list, count, s->tensors[i].name);
    return x;
}

bool session_set_groups(struct session *s, const struct group *list, int count)
{
    s->groups = count ? copy_groups(s, list, count, &s->arena) : NULL;
    return !count || s->groups;
}

/* Of each group the steps that it was frozen for, then its scalars. */
static size_t numbers_each(const struct session *s)
{
    return 1 + (size_t)optim_scalars(s->optim);
}

size_t groups_numbers(const struct session *s)
{
    return s->groups ? (size_t)s->groups->count * numbers_each(s) : 0;
}

void groups_adopt(struct session *s, double *state)
{
    for (int i = 0; s->groups && i < s->groups->count; i++)
        s->groups->list[i].state = state ? state + (size_t)i * numbers_each(s) : NULL;
}

bool groups_snapshot(struct session *copy, const struct session *s, struct arena *a)
{
    if (!s->groups)
        return true;
    copy->groups = copy_groups(s, s->groups->list, s->groups->count, a);
    if (!copy->groups)
        return false;
    double *state = arena_memdup(a, s->groups->list[0].state, groups_numbers(s) * sizeof *state);
    groups_adopt(copy, state);
    return state;
}
