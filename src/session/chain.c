/* The transforms of a session: checked, resolved, patched, copied.
 *
 * A list is checked as a whole: what is wrong with one item does not hide what is wrong with the
 * next. Patterns are held against the names of the parameters, so that one that chooses nothing,
 * most likely a slip, is an error and not a transform that silently does nothing. */
#include "session/chain.h"

#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { PREFIX_LEN = 32 };

static struct pointer item_pointer(int i, const char *field)
{
    struct pointer p = pointer_to("#/transforms");
    pointer_add_index(&p, (uint64_t)i);
    if (field)
        pointer_add(&p, field);
    return p;
}

/* ---- a new list ---------------------------------------------------------------------------- */

static const struct transform *find(const struct transform_given *given, int i, struct err *err)
{
    if (!given->name) {
        err_add(err, ERR_VALIDATION, item_pointer(i, "name").text,
                "a transform needs a name; GET /v1/transforms lists them");
        return NULL;
    }
    const struct transform *t = transform_find(given->name);
    if (!t) {
        const char *meant = transform_meant(given->name);
        err_add(err, ERR_VALIDATION, item_pointer(i, "name").text, "unknown transform \"%.60s\"%s",
                given->name, meant ? "" : "; GET /v1/transforms lists them");
        err_suggest(err, meant);
    }
    return t;
}

static bool chooses_any(const struct transform_link *link, const struct values *v)
{
    for (int i = 0; i < v->count; i++) {
        if (transform_chooses(link->match, link->exclude, v->tensors[i].name))
            return true;
    }
    return v->count == 0;
}

static enum err_code check_patterns(const struct transform_link *link, const struct values *v,
                                    int i, struct err *err)
{
    const struct transform *t = link->transform;
    bool given = link->match || link->exclude;
    const char *field = link->match ? "match" : "exclude";
    if (t->needs_pattern && !given)
        return err_add(err, ERR_VALIDATION, item_pointer(i, "match").text,
                       "%s needs match or exclude: which tensors it is for", t->name);
    if (t->whole && given)
        return err_add(err, ERR_VALIDATION, item_pointer(i, field).text, "%s acts on all tensors",
                       t->name);
    if (given && !chooses_any(link, v))
        return err_add(err, ERR_VALIDATION, item_pointer(i, field).text,
                       "no tensor of the parameters is chosen");
    return ERR_OK;
}

/* The transform's own rules. */
static enum err_code check_rules(const struct transform_link *link, const struct tensor *tensors,
                                 int count, int i, struct err *err)
{
    char prefix[PREFIX_LEN];
    snprintf(prefix, sizeof prefix, "#/transforms/%d", i);
    if (link->transform->sense && link->transform->sense(link->h, prefix, err))
        return ERR_VALIDATION;
    return transform_link_check(link, tensors, count, prefix, err);
}

/* Rules between an item and those before it. */
static enum err_code check_place(const struct transform_link *links, int i,
                                 const struct optim *optim, struct err *err)
{
    const struct transform *t = links[i].transform;
    const char *readout = t->readout ? t->slots[t->readout - 1].name : NULL;
    if (t->needs_samples && i > 0)
        return err_add(err, ERR_VALIDATION, item_pointer(i, "name").text,
                       "%s works on gradients of single samples: it must be the first", t->name);
    if (optim && (optim->needs & NEED_SAMPLES) && t->before)
        return err_add(err, ERR_VALIDATION, item_pointer(i, "name").text,
                       "%s looks at the gradients of single samples, which %s would not change",
                       optim->name, t->name);
    for (int k = 0; readout && k < i; k++) {
        if (links[k].transform == t)
            return err_add(err, ERR_VALIDATION, item_pointer(i, "name").text,
                           "there is one %s already, at place %d", t->name, k);
    }
    for (int k = 0; readout && optim && k < optim_readouts(optim); k++) {
        if (strcmp(optim->readouts[k].name, readout) == 0)
            return err_add(err, ERR_VALIDATION, item_pointer(i, "name").text,
                           "%s has a readout \"%s\" of its own", optim->name, readout);
    }
    return ERR_OK;
}

/* Profile and hyperparameters. */
static enum err_code resolve(const struct transform_given *given, int profile,
                             struct transform_link *link, int i, struct err *err)
{
    char prefix[PREFIX_LEN];
    snprintf(prefix, sizeof prefix, "#/transforms/%d", i);
    if (given->profile)
        profile = name_choose(given->profile, profile_names, PROFILE_COUNT,
                              item_pointer(i, "profile").text, err);
    if (profile < 0)
        return ERR_VALIDATION;
    link->profile = (enum profile)profile;
    return hyper_resolve_lists(link->transform->hypers, link->profile, link->transform->name,
                               prefix, given->args, given->arg_count, link->h, link->list, err);
}

static enum err_code plan_link(const struct transform_given *given, const struct values *v,
                               int profile, struct transform_link *links, int i, struct err *err)
{
    struct transform_link *link = &links[i];
    *link = (struct transform_link){.match = given->match, .exclude = given->exclude};
    link->transform = find(given, i, err);
    if (!link->transform)
        return ERR_VALIDATION;
    enum err_code resolved = resolve(given, profile, link, i, err);
    if (!resolved)
        resolved = check_rules(link, v->tensors, v->count, i, err);
    enum err_code patterns = check_patterns(link, v, i, err);
    return resolved ? resolved : patterns;
}

enum err_code chain_plan(const struct session_spec *spec, const struct values *parameters,
                         int profile, const struct optim *optim, struct transform_link *ret_links,
                         int *ret_count, struct err *err)
{
    enum err_code code = ERR_OK, one;
    if (spec->transform_count > TRANSFORM_CHAIN)
        return err_add(err, ERR_VALIDATION, "#/transforms", "a session has at most %d transforms",
                       TRANSFORM_CHAIN);
    for (int i = 0; i < spec->transform_count; i++) {
        if ((one = plan_link(&spec->transforms[i], parameters, profile, ret_links, i, err)))
            code = one;
    }
    for (int i = 0; i < spec->transform_count && !code; i++)
        code = check_place(ret_links, i, optim, err);
    *ret_count = spec->transform_count;
    return code;
}

/* ---- digest -------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t seed, const void *data, size_t bytes)
{
    return XXH3_64bits_withSeed(data, bytes, seed);
}

static uint64_t mix_string(uint64_t seed, const char *s)
{
    return s ? mix(seed, s, strlen(s) + 1) : mix(seed, "", 0);
}

/* A hyperparameter counts only where it differs from its default, as in the digest of the
 * optimizer. */
static uint64_t digest_link(uint64_t place, const struct transform_link *link)
{
    const struct hyper *hypers = link->transform->hypers;
    uint64_t d = mix_string(place, link->transform->name);
    d = mix_string(mix_string(d, link->match), link->exclude);
    d = mix_string(d, profile_names[link->profile]);
    for (int i = 0; hypers[i].name; i++) {
        double usual = hypers[i].value[link->profile];
        const struct hyper_list *list = &link->list[i];
        uint64_t name = mix_string(place, hypers[i].name);
        if (list->count)
            d += mix(name, list->data, list->count * sizeof *list->data);
        else if (memcmp(&usual, &link->h[i], sizeof usual) != 0)
            d += mix(name, &link->h[i], sizeof usual);
    }
    return d;
}

uint64_t chain_digest(const struct transform_link *links, int count)
{
    uint64_t sum = 0, first;
    memcpy(&first, "transfor", sizeof first);
    for (int i = 0; i < count; i++)
        sum += digest_link(first + (uint64_t)i, &links[i]);
    return sum;
}

/* ---- a patch ------------------------------------------------------------------------------- */

static enum err_code keeps(const struct transform_given *given, const struct transform_link *link,
                           int i, struct err *err)
{
    if (given->name && strcmp(given->name, link->transform->name) != 0)
        return err_add(err, ERR_VALIDATION, item_pointer(i, "name").text,
                       "this transform is %s and stays it; its hyperparameters may change",
                       link->transform->name);
    if (given->profile || given->match || given->exclude)
        return err_add(err, ERR_VALIDATION,
                       item_pointer(i, given->profile ? "profile"
                                       : given->match ? "match"
                                                      : "exclude")
                           .text,
                       "a transform keeps its profile and its patterns");
    return ERR_OK;
}

enum err_code chain_patch(const struct session *s, const struct session_patch *patch,
                          struct transform_link *ret_links, struct err *err)
{
    int count = s->chain ? s->chain->count : 0;
    enum err_code code = ERR_OK, one;
    if (count)
        memcpy(ret_links, s->chain->links, (size_t)count * sizeof *ret_links);
    if (!patch->transforms)
        return ERR_OK;
    if (patch->transform_count != count)
        return err_add(err, ERR_VALIDATION, "#/transforms",
                       "the session has %d transforms and keeps them; their hyperparameters may "
                       "change, {} leaves one as it is",
                       count);
    for (int i = 0; i < count; i++) {
        const struct transform_given *given = &patch->transforms[i];
        struct transform_link *link = &ret_links[i];
        char prefix[PREFIX_LEN];
        snprintf(prefix, sizeof prefix, "#/transforms/%d", i);
        if ((one = keeps(given, link, i, err)))
            code = one;
        else if ((one = hyper_patch_lists(link->transform->hypers, link->profile,
                                          link->transform->name, prefix, given->args,
                                          given->arg_count, link->h, link->list, err)) ||
                 (one = check_rules(link, s->tensors, s->tensor_count, i, err)))
            code = one;
    }
    return code;
}

/* ---- memory -------------------------------------------------------------------------------- */

static bool copy_text(struct arena *a, const char **text)
{
    const char *from = *text;
    *text = arena_strdup(a, from);
    return !from || *text;
}

static bool copy_lists(struct arena *a, struct transform_link *link)
{
    for (int i = 0; link->transform->hypers[i].name; i++) {
        struct hyper_list *list = &link->list[i];
        if (list->count == 0)
            continue;
        list->data = arena_memdup(a, list->data, list->count * sizeof *list->data);
        if (!list->data)
            return false;
    }
    return true;
}

/* A copy of chain and links in one piece, with texts and lists of its own. */
static struct transform_chain *copy_links(const struct transform_link *links, int count,
                                          struct arena *a)
{
    struct transform_chain *chain =
        arena_zalloc(a, 1, sizeof *chain + (size_t)count * sizeof *chain->links);
    if (!chain)
        return NULL;
    chain->count = count;
    chain->links = (struct transform_link *)(chain + 1);
    memcpy(chain->links, links, (size_t)count * sizeof *links);
    for (int i = 0; i < count; i++) {
        if (!copy_text(a, &chain->links[i].match) || !copy_text(a, &chain->links[i].exclude) ||
            !copy_lists(a, &chain->links[i]))
            return NULL;
    }
    return chain;
}

bool session_set_transforms(struct session *s, const struct transform_link *links, int count)
{
    s->chain = count ? copy_links(links, count, &s->arena) : NULL;
    return !count || s->chain;
}

size_t chain_numbers(const struct session *s, size_t n)
{
    return s->chain ? transform_chain_numbers(s->chain->links, s->chain->count, n) : 0;
}

bool chain_adopt(struct session *s, double *state)
{
    struct transform_chain *chain = s->chain;
    return !chain || transform_chain_place(chain, chain->links, chain->count, state, s->view.n,
                                           s->tensors, s->tensor_count, &s->arena);
}

static bool copy_scalars(struct transform_link *link, struct arena *a)
{
    int count = transform_scalars(link->transform);
    if (count)
        link->scalar = arena_memdup(a, link->scalar, (size_t)count * sizeof *link->scalar);
    return link->scalar;
}

bool chain_snapshot(struct session *copy, const struct session *s, struct arena *a)
{
    if (!s->chain)
        return true;
    ptrdiff_t moved = copy->block ? copy->block - s->block : 0;
    copy->chain = copy_links(s->chain->links, s->chain->count, a);
    if (!copy->chain)
        return false;
    copy->chain->state = NULL;
    for (int i = 0; i < copy->chain->count; i++) {
        struct transform_link *link = &copy->chain->links[i];
        link->tensors = NULL;
        link->tensor_count = 0;
        for (int k = 0; k < transform_slots(link->transform); k++)
            link->slot[k] =
                copy->block ? (double *)(void *)((uint8_t *)link->slot[k] + moved) : NULL;
        if (!copy_scalars(link, a))
            return false;
    }
    return true;
}
