/* PATCH: name, tags, policy and hyperparameters.
 *
 * All is built beside the session and swapped in at the end, so that a patch that fails has changed
 * nothing, and so that repeated patches leave no dead strings in the arena. A hyperparameter may
 * decide which slots are used (momentum 0 has no buffer): then the block is laid out anew, slots
 * that stay keep their numbers and new ones begin as in a new session. */
#include "session/block.h"
#include "session/chain.h"
#include "session/groups.h"
#include "session/objective.h"
#include "session/parts.h"
#include "session/schedules.h"

#include <stdlib.h>
#include <string.h>

/* Slots k that `a` and `b` both use, with the same count, are copied from `a` to `b`. */
static void keep_slots(const struct session *a, struct session *b)
{
    size_t size = dtype_bytes(a->dtype);
    int slots = optim_slots(a->optim);
    for (int k = 0; k < slots; k++) {
        size_t was = optim_slot_count(a->optim, k, a->h, a->tensors, a->tensor_count);
        size_t is = optim_slot_count(b->optim, k, b->h, b->tensors, b->tensor_count);
        if (was == is && is > 0)
            memcpy(b->view.slot[k], a->view.slot[k], is * size);
    }
}

static bool same_layout(const struct session *a, const struct session *b)
{
    int slots = optim_slots(a->optim);
    for (int k = 0; k < slots; k++) {
        if (optim_slot_count(a->optim, k, a->h, a->tensors, a->tensor_count) !=
            optim_slot_count(b->optim, k, b->h, b->tensors, b->tensor_count))
            return false;
    }
    return true;
}

static bool schedules_changed(const struct session_patch *patch)
{
    return patch->clear_schedules || patch->schedule_count > 0;
}

/* What moved hyperparameter `hyper` in the newest step; NaN: no schedule did. */
static double last_of(const struct session *s, int hyper)
{
    const struct session_schedules *x = s->schedules;
    int i = 0;
    while (x && i < x->count && x->list[i].hyper != hyper)
        i++;
    return x && i < x->count ? x->last[i] : NAN;
}

/* Schedules that the patch does not name go on where they are; the others begin anew. `list` is
 * what those of `next` were copied from: old ones still know where their state was. */
static void keep_schedules(const struct session *s, const struct scheduled *list,
                           struct session *next)
{
    for (int i = 0; next->schedules && i < next->schedules->count; i++) {
        const struct schedule_spec *was = &list[i].spec, *is = &next->schedules->list[i].spec;
        next->schedules->last[i] = last_of(s, list[i].hyper);
        if (list[i].fresh)
            schedule_start(is, session_next_t(s) - 1, next->schedules->state);
        else
            memcpy(next->schedules->state + is->state, s->schedules->state + was->state,
                   (size_t)schedule_numbers(is) * sizeof *s->schedules->state);
    }
}

/* What the session has, changed by the patch; specifications that are new lie in `a`. */
static enum err_code patch_schedules(const struct session *s, const struct session_patch *patch,
                                     struct session *next, struct arena *a, struct scheduled *list,
                                     int *count, struct err *err)
{
    struct schedule_target target = {s->optim, s->profile, next->h};
    *count = s->schedules && !patch->clear_schedules ? s->schedules->count : 0;
    for (int i = 0; i < *count; i++)
        list[i] = s->schedules->list[i];
    return schedules_plan(patch->schedules, patch->schedule_count, &target, a, list, count, err);
}

/* Gives `next` a block of its own where its hyperparameters ask for another one than that of `s`,
 * else that of `s`. */
static enum err_code move_block(const struct session *s, const struct session_patch *patch,
                                const struct scheduled *list, struct session *next, struct err *err)
{
    size_t size = dtype_bytes(s->dtype);
    if (same_layout(s, next) && !schedules_changed(patch))
        return ERR_OK;
    enum err_code code = block_alloc(next, err);
    if (code)
        return code;
    memcpy(next->view.w, s->view.w, s->view.n * size);
    if (!session_start(next)) {
        free(next->block);
        return err_add(err, ERR_MEMORY, "", "no memory for the changes");
    }
    memcpy(next->scalars, s->scalars, (size_t)optim_scalars(s->optim) * sizeof *s->scalars);
    keep_slots(s, next);
    keep_schedules(s, list, next);
    if (s->chain)
        memcpy(next->chain->state, s->chain->state,
               chain_numbers(s, s->view.n) * sizeof *s->chain->state);
    if (s->groups)
        memcpy(next->groups->list[0].state, s->groups->list[0].state,
               groups_numbers(s) * sizeof *s->groups->list[0].state);
    return ERR_OK;
}

static enum err_code patch_optim(const struct session_patch *patch, struct session *next,
                                 struct err *err)
{
    const struct optim *o = next->optim;
    if (patch->optimizer && strcmp(patch->optimizer, o->name) != 0)
        return err_add(err, ERR_VALIDATION, "#/optimizer/name",
                       "the session's optimizer is %s and stays it; its hyperparameters may change",
                       o->name);
    if (patch->arg_count == 0)
        return ERR_OK;
    enum err_code code = hyper_patch(o->hypers, next->profile, o->name, "#/optimizer", patch->args,
                                     patch->arg_count, next->h, err);
    if (!code && o->check)
        code = o->check(next->h, "#/optimizer", err);
    if (!code && o->takes)
        code = o->takes(next->h, next->tensors, next->tensor_count, "#/optimizer", err);
    return code;
}

static enum err_code patch_groups(const struct session *s, const struct session_patch *patch,
                                  const struct session *next, const struct scheduled *list,
                                  int count, struct group *groups, struct err *err)
{
    int group_count = s->groups ? s->groups->count : 0;
    enum err_code code = groups_patch(s, patch, next, groups, err);
    return code ? code : groups_check_schedules(s->optim, groups, group_count, list, count, err);
}

static enum err_code patch_options(const struct session_patch *patch, struct session *next,
                                   struct err *err)
{
    enum err_code code = ERR_OK;
    if (patch->name) {
        code = name_check(patch->name, err);
        next->name = patch->name;
    }
    if (patch->remove_name)
        next->name = NULL;
    if (patch->on_nonfinite) {
        int on = name_choose(patch->on_nonfinite, on_nonfinite_names, NONFINITE_COUNT,
                             "#/on_nonfinite", err);
        if (on < 0)
            return ERR_VALIDATION;
        next->on_nonfinite = (enum on_nonfinite)on;
    }
    return code;
}

/* Merges the tags into `tags`, which holds SESSION_TAGS. */
static enum err_code patch_tags(const struct session_patch *patch, struct session *next,
                                struct tag *tags, struct err *err)
{
    enum err_code code = ERR_OK, one;
    int count = patch->clear_tags ? 0 : next->tag_count;
    if (count)
        memcpy(tags, next->tags, (size_t)count * sizeof *tags);
    for (int i = 0; i < patch->tag_count; i++) {
        const struct tag *t = &patch->tags[i];
        int k = 0;
        if ((one = tag_check(t->key, t->value, err)))
            code = one;
        while (k < count && strcmp(tags[k].key, t->key) != 0)
            k++;
        if (!t->value && k < count)
            memmove(&tags[k], &tags[k + 1], (size_t)(--count - k) * sizeof *tags);
        else if (t->value && k == SESSION_TAGS)
            return err_add(err, ERR_VALIDATION, "#/tags", "a session has at most %d tags",
                           SESSION_TAGS);
        else if (t->value) {
            tags[k] = *t;
            count += k == count;
        }
    }
    next->tags = tags;
    next->tag_count = count;
    return code;
}

/* Copies what `next` points to into an arena of its own. */
static enum err_code settle(struct session *next, const struct transform_link *links,
                            const struct group *groups, const struct scheduled *list, int count,
                            struct err *err)
{
    int group_count = next->groups ? next->groups->count : 0;
    double *group_state = next->groups ? next->groups->list[0].state : NULL;
    const char *name = next->name;
    const struct transform_chain *chain = next->chain;
    double *state = next->schedules ? next->schedules->state : NULL;
    arena_init(&next->arena);
    if (next->objective && objective_copy(next->objective, &next->arena, &next->objective, err)) {
        arena_close(&next->arena);
        return err->code;
    }
    next->name = arena_strdup(&next->arena, name);
    if ((!name || next->name) &&
        tensors_copy(&next->arena, next->tensors, next->tensor_count, &next->tensors) &&
        tags_copy(&next->arena, next->tags, next->tag_count, &next->tags) &&
        session_set_transforms(next, links, chain ? chain->count : 0) &&
        chain_adopt(next, chain ? chain->state : NULL) && schedules_set(next, list, count) &&
        session_set_groups(next, groups, group_count)) {
        groups_adopt(next, group_state);
        schedules_adopt(next, state);
        return ERR_OK;
    }
    arena_close(&next->arena);
    return err_add(err, ERR_MEMORY, "", "no memory for the changes");
}

enum err_code session_patch(struct session *s, const struct session_patch *patch, struct err *err)
{
    struct session next = *s;
    struct tag tags[SESSION_TAGS];
    struct transform_link links[TRANSFORM_CHAIN];
    struct scheduled list[HYPER_MAX];
    struct group groups[GROUPS];
    struct arena scratch;
    int count;
    arena_init(&scratch);
    enum err_code options = patch_options(patch, &next, err);
    enum err_code optim = patch_optim(patch, &next, err);
    enum err_code merged = patch_tags(patch, &next, tags, err);
    enum err_code chain = chain_patch(s, patch, links, err);
    enum err_code schedules = patch_schedules(s, patch, &next, &scratch, list, &count, err);
    enum err_code code = ERR_VALIDATION;
    if (options || optim || merged || chain || schedules ||
        patch_groups(s, patch, &next, list, count, groups, err))
        goto out;
    code = settle(&next, links, groups, list, count, err);
    if (code)
        goto out;
    code = move_block(s, patch, list, &next, err);
    if (code) {
        arena_close(&next.arena);
        goto out;
    }
    arena_close(&s->arena);
    if (next.block != s->block)
        free(s->block);
    *s = next;
out:
    arena_close(&scratch);
    return code;
}
