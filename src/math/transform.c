/* The registry of transforms, and the driver of chains. gen/transforms.h lists the files of
 * math/transform/, sorted, so that a new transform is one new file. */
#include "math/transform.h"
#include "math/names.h"

#include "math/explain.h"
#include "math/vector.h"

#include <fnmatch.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define X(name) extern const struct transform transform_##name;
#include "transforms.h"
#undef X

#define X(name) &transform_##name,
static const struct transform *const registry[] = {
#include "transforms.h"
};
#undef X

int transform_count(void)
{
    return (int)(sizeof registry / sizeof *registry);
}

const struct transform *transform_at(int i)
{
    return i >= 0 && i < transform_count() ? registry[i] : NULL;
}

const struct transform *transform_find(const char *name)
{
    for (int i = 0; i < transform_count(); i++) {
        if (strcmp(registry[i]->name, name) == 0)
            return registry[i];
    }
    return NULL;
}

static struct named named_at(int i)
{
    return (struct named){registry[i]->name, registry[i]->title, registry[i]->same_as};
}

const char *transform_meant(const char *given)
{
    return names_meant(given, named_at, transform_count());
}

int transform_slots(const struct transform *t)
{
    int count = 0;
    while (t->slots && count < TRANSFORM_SLOTS && t->slots[count].name)
        count++;
    return count;
}

int transform_scalars(const struct transform *t)
{
    int count = 0;
    while (t->scalars && count < TRANSFORM_SCALARS && t->scalars[count].name)
        count++;
    return count;
}

/* ---- patterns ------------------------------------------------------------------------------ */

static bool fits_one(const char *patterns, const char *name)
{
    char one[TENSOR_NAME_LEN + 1];
    for (const char *at = patterns; *at; at += *at == ',') {
        size_t len = strcspn(at, ",");
        while (len > 0 && *at == ' ')
            at++, len--;
        if (len < sizeof one) {
            memcpy(one, at, len);
            one[len] = '\0';
            if (fnmatch(one, name, 0) == 0)
                return true;
        }
        at += len;
    }
    return false;
}

bool transform_chooses(const char *match, const char *exclude, const char *name)
{
    return (!match || fits_one(match, name)) && !(exclude && fits_one(exclude, name));
}

static bool choose(struct transform_link *link, const struct tensor *tensors, int count,
                   struct arena *a)
{
    link->tensors = tensors;
    link->tensor_count = count;
    if (!link->match && !link->exclude)
        return true;
    struct tensor *chosen = arena_alloc(a, ((size_t)count + 1) * sizeof *chosen);
    if (!chosen)
        return false;
    link->tensor_count = 0;
    for (int i = 0; i < count; i++) {
        if (transform_chooses(link->match, link->exclude, tensors[i].name))
            chosen[link->tensor_count++] = tensors[i];
    }
    link->tensors = chosen;
    return true;
}

enum err_code transform_link_check(const struct transform_link *link, const struct tensor *tensors,
                                   int count, const char *prefix, struct err *err)
{
    size_t n = 0;
    if (!link->transform->check || count == 0)
        return ERR_OK;
    for (int i = 0; i < count; i++) {
        if (transform_chooses(link->match, link->exclude, tensors[i].name))
            n += tensors[i].count;
    }
    return link->transform->check(link, n, prefix, err);
}

/* ---- state --------------------------------------------------------------------------------- */

size_t transform_chain_numbers(const struct transform_link *links, int count, size_t n)
{
    size_t numbers = 1, slots = 0, bytes;
    for (int i = 0; i < count; i++) {
        numbers += (size_t)transform_scalars(links[i].transform);
        slots += (size_t)transform_slots(links[i].transform);
    }
    if (__builtin_mul_overflow(slots, n, &slots) ||
        __builtin_add_overflow(numbers, slots, &numbers) ||
        __builtin_mul_overflow(numbers, sizeof(double), &bytes))
        return SIZE_MAX;
    return numbers;
}

static double *place_link(struct transform_link *link, double *at, size_t n)
{
    int slots = transform_slots(link->transform);
    link->scalar = at;
    if (at)
        at += transform_scalars(link->transform);
    for (int k = 0; k < slots; k++) {
        link->slot[k] = at;
        if (at)
            at += n;
    }
    return at;
}

bool transform_chain_place(struct transform_chain *chain, struct transform_link *links, int count,
                           double *state, size_t n, const struct tensor *tensors, int tensor_count,
                           struct arena *a)
{
    *chain = (struct transform_chain){.count = count, .links = links, .state = state};
    double *at = state ? state + 1 : NULL;
    for (int i = 0; i < count; i++) {
        const struct transform *t = links[i].transform;
        chain->gathers |= t->gathers;
        chain->takes_nonfinite |= t->takes_nonfinite;
        chain->needs_samples |= t->needs_samples;
        chain->has_before |= t->before != NULL;
        chain->has_after |= t->after != NULL;
        at = place_link(&links[i], at, n);
        if (!choose(&links[i], tensors, tensor_count, a))
            return false;
    }
    return true;
}

static void start_slot(double *slot, enum transform_start start, enum dtype dtype, const void *w,
                       size_t n)
{
    if (start == TRANSFORM_ZERO)
        memset(slot, 0, n * sizeof *slot);
    else if (dtype == DTYPE_FLOAT64)
        memcpy(slot, w, n * sizeof *slot);
    else
        vector_ops()->widen(w, slot, n);
}

void transform_chain_start(struct transform_chain *chain, enum dtype dtype, const void *w, size_t n)
{
    chain->state[0] = 0;
    for (int i = 0; i < chain->count; i++) {
        const struct transform_link *link = &chain->links[i];
        const struct transform *t = link->transform;
        int scalars = transform_scalars(t), slots = transform_slots(t);
        for (int k = 0; k < scalars; k++)
            link->scalar[k] = t->scalars[k].start ? t->scalars[k].start(link->h) : 0.0;
        for (int k = 0; k < slots; k++)
            start_slot(link->slot[k], t->slots[k].start, dtype, w, n);
    }
}

uint64_t transform_chain_held(const struct transform_chain *chain)
{
    return (uint64_t)chain->state[0];
}

/* ---- steps --------------------------------------------------------------------------------- */

/* A line of the explanation where a link has changed a number, however little. */
static void tell(struct transform_step *s, const char *symbol, const struct transform *t,
                 double was, double is)
{
    if (memcmp(&was, &is, sizeof was) != 0)
        explain_line(s->explain, symbol, t->formula, is, explain_call(s->explain, t->name), was);
}

static int by_offset(const void *key, const void *item)
{
    size_t offset = *(const size_t *)key, is = ((const struct transform_own *)item)->offset;
    return (offset > is) - (offset < is);
}

const struct transform_own *transform_own(const struct transform_step *s, const struct tensor *t)
{
    if (!s->own || t->count == 0)
        return NULL;
    return bsearch(&t->offset, s->own, s->own_count, sizeof *s->own, by_offset);
}

/* Leaves the tensors out that groups freeze. */
static enum err_code hide_still(struct transform_step *s, struct err *err)
{
    const struct tensor *all = s->tensors;
    int count = s->tensor_count;
    struct tensor *moving = arena_alloc(s->scratch, ((size_t)count + 1) * sizeof *moving);
    if (!moving)
        return err_add(err, ERR_MEMORY, "", "no memory for the transforms of a step");
    s->tensors = moving;
    s->tensor_count = 0;
    for (int i = 0; i < count; i++) {
        const struct transform_own *own = transform_own(s, &all[i]);
        if (!own || !own->still)
            moving[s->tensor_count++] = all[i];
    }
    return ERR_OK;
}

static enum err_code call(const struct transform_link *link, transform_function *function,
                          struct transform_step *s, struct err *err)
{
    size_t i = s->coordinate;
    if (!function)
        return ERR_OK;
    s->h = link->h;
    s->list = link->list;
    s->scalar = link->scalar;
    s->slot = link->slot;
    s->tensors = link->tensors;
    s->tensor_count = link->tensor_count;
    double g = s->explain ? s->g[i] : 0, w = s->explain ? s->w[i] : 0;
    enum err_code code = ERR_OK;
    if (s->own && function == link->transform->before && !link->transform->whole)
        code = hide_still(s, err);
    if (!code)
        code = function(s, err);
    if (!code && s->explain) {
        tell(s, "g", link->transform, g, s->g[i]);
        tell(s, "w", link->transform, w, s->w[i]);
    }
    return code;
}

enum err_code transform_chain_before(struct transform_chain *chain, struct transform_step *s,
                                     struct err *err)
{
    s->verdict = VERDICT_TAKE;
    for (s->reached = 0; s->reached < chain->count; s->reached++) {
        const struct transform_link *link = &chain->links[s->reached];
        enum err_code code = call(link, link->transform->before, s, err);
        if (code)
            return code;
        if (s->verdict != VERDICT_TAKE)
            break;
    }
    if (s->verdict == VERDICT_HOLD)
        chain->state[0]++;
    return ERR_OK;
}

/* Links from … to - 1 after the kernel, in order. */
static enum err_code run_after(struct transform_chain *chain, int from, int to,
                               struct transform_step *s, struct err *err)
{
    enum err_code code = ERR_OK;
    for (int i = from; i < to && !code; i++)
        code = call(&chain->links[i], chain->links[i].transform->after, s, err);
    return code;
}

enum err_code transform_chain_after(struct transform_chain *chain, struct transform_step *s,
                                    struct err *err)
{
    enum err_code code = ERR_OK;
    int from, to = s->reached;
    while (to > 0 && !code) {
        for (from = to; from > 0 && !chain->links[from - 1].transform->holds; from--)
            ;
        code = run_after(chain, from, to, s, err);
        to = from - 1;
    }
    return code;
}
