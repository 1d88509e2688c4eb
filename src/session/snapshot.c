/* A copy of a session for another thread: one piece of memory for what describes it, one for its
 * numbers. On the way of every step, hence no allocation per string. */
#include "session/chain.h"
#include "session/groups.h"
#include "session/objective.h"
#include "session/parts.h"
#include "session/schedules.h"

#include <string.h>

static size_t length(const char *s)
{
    return s && *s ? strlen(s) + 1 : 0;
}

static size_t strings_bytes(const struct session *s)
{
    size_t bytes = length(s->name);
    for (int i = 0; s->named && i < s->tensor_count; i++)
        bytes += length(s->tensors[i].name);
    for (int i = 0; i < s->tag_count; i++)
        bytes += length(s->tags[i].key) + length(s->tags[i].value);
    return bytes;
}

/* Copies `from` to *at and moves *at behind it. */
static const char *put(char **at, const char *from)
{
    size_t bytes = length(from);
    if (bytes == 0)
        return from ? "" : NULL;
    char *to = memcpy(*at, from, bytes);
    *at += bytes;
    return to;
}

static struct session *copy_description(const struct session *s, struct arena *a)
{
    size_t tensors = (size_t)s->tensor_count * sizeof *s->tensors;
    size_t tags = (size_t)s->tag_count * sizeof *s->tags;
    struct session *copy = arena_alloc(a, sizeof *s + tensors + tags + strings_bytes(s));
    if (!copy)
        return NULL;
    *copy = *s;
    copy->tensors = (struct tensor *)(copy + 1);
    copy->tags = (struct tag *)((char *)copy->tensors + tensors);
    char *at = (char *)copy->tags + tags;
    if (tensors)
        memcpy(copy->tensors, s->tensors, tensors);
    for (int i = 0; i < s->tensor_count; i++)
        copy->tensors[i].name = s->named ? put(&at, s->tensors[i].name) : "";
    for (int i = 0; i < s->tag_count; i++) {
        copy->tags[i].key = put(&at, s->tags[i].key);
        copy->tags[i].value = put(&at, s->tags[i].value);
    }
    copy->name = put(&at, s->name);
    arena_init(&copy->arena);
    copy->block = NULL;
    copy->block_bytes = 0;
    copy->scalars = NULL;
    copy->readouts = NULL;
    copy->view.w = NULL;
    memset(copy->view.slot, 0, sizeof copy->view.slot);
    return copy;
}

static void *moved(const struct session *s, const uint8_t *block, const void *p)
{
    return p ? (void *)(block + ((const uint8_t *)p - s->block)) : NULL;
}

static bool copy_state(struct session *copy, const struct session *s, struct arena *a)
{
    uint8_t *block = arena_memdup(a, s->block, s->block_bytes);
    if (!block)
        return false;
    copy->block = block;
    copy->block_bytes = s->block_bytes;
    copy->scalars = moved(s, block, s->scalars);
    copy->view.w = moved(s, block, s->view.w);
    for (int k = 0; k < OPTIM_SLOTS; k++)
        copy->view.slot[k] = moved(s, block, s->view.slot[k]);
    return true;
}

/* Readouts are computed here, since they need state that most answers do not carry. */
static bool copy_readout(struct session *copy, const struct session *s, int k, struct arena *a)
{
    double h[HYPER_MAX];
    uint64_t t = session_next_t(s) - 1;
    if (s->schedules)
        schedules_at(s, t ? t - 1 : 0, h); /* as in the step that made it */
    struct optim_step step = {.t = t,
                              .h = s->schedules ? h : s->h,
                              .tensors = s->tensors,
                              .tensor_count = s->tensor_count,
                              .scratch = a};
    double *out = arena_alloc(a, s->view.n * sizeof *out);
    if (!out)
        return false;
    memcpy(step.scalar, s->scalars, (size_t)optim_scalars(s->optim) * sizeof *step.scalar);
    if (s->groups ? groups_readout(s, k, &step, out)
                  : optim_readout(s->optim, k, &step, &s->view, out, NULL))
        return false;
    for (size_t i = 0; s->view.dtype == DTYPE_FLOAT32 && i < s->view.n; i++)
        ((float *)out)[i] = (float)out[i]; /* front to back: never ahead of what is read */
    copy->readouts[k] = out;
    return true;
}

int session_readouts(const struct session *s)
{
    int count = optim_readouts(s->optim);
    for (int i = 0; s->chain && i < s->chain->count; i++)
        count += s->chain->links[i].transform->readout > 0;
    return count;
}

/* The link that has readout `k`, counted from 0 among those of transforms. */
static const struct transform_link *readout_link(const struct session *s, int k)
{
    const struct transform_link *link = s->chain->links;
    for (;; link++) {
        if (link->transform->readout > 0 && k-- == 0)
            return link;
    }
}

const char *session_readout_name(const struct session *s, int k)
{
    int own = optim_readouts(s->optim);
    if (k < own)
        return s->optim->readouts[k].name;
    const struct transform *t = readout_link(s, k - own)->transform;
    return t->slots[t->readout - 1].name;
}

static bool copy_average(struct session *copy, const struct session *s, int k, struct arena *a)
{
    const struct transform_link *link = readout_link(s, k - optim_readouts(s->optim));
    double *out =
        arena_memdup(a, link->slot[link->transform->readout - 1], s->view.n * sizeof *out);
    for (size_t i = 0; out && s->view.dtype == DTYPE_FLOAT32 && i < s->view.n; i++)
        ((float *)(void *)out)[i] = (float)out[i]; /* front to back, as above */
    copy->readouts[k] = out;
    return out;
}

static bool copy_readouts(struct session *copy, const struct session *s, struct arena *a)
{
    int own = optim_readouts(s->optim), count = session_readouts(s);
    bool ok = true;
    if (count == 0)
        return true;
    copy->readouts = arena_zalloc(a, (size_t)count, sizeof *copy->readouts);
    for (int k = 0; k < count && copy->readouts && ok; k++)
        ok = k < own ? copy_readout(copy, s, k, a) : copy_average(copy, s, k, a);
    return copy->readouts && ok;
}

struct session *session_snapshot(const struct session *s, enum snapshot_part part, struct arena *a)
{
    size_t size = dtype_bytes(s->view.dtype);
    struct session *copy = copy_description(s, a);
    if (!copy)
        return NULL;
    if (part == SNAPSHOT_STATE && !copy_state(copy, s, a))
        return NULL;
    if (!chain_snapshot(copy, s, a) || !schedules_snapshot(copy, s, a) ||
        !groups_snapshot(copy, s, a))
        return NULL;
    if (s->objective && !(copy->objective = objective_outline(s->objective, a)))
        return NULL;
    switch (part) {
    case SNAPSHOT_META:
        return copy;
    case SNAPSHOT_PARAMETERS:
        copy->view.w = arena_memdup(a, s->view.w, s->view.n * size);
        return copy->view.w && copy_readouts(copy, s, a) ? copy : NULL;
    case SNAPSHOT_STATE:
        return copy_readouts(copy, s, a) ? copy : NULL;
    }
    return NULL;
}
