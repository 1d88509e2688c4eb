/* The block: layout, checksum and its checks. See block.h for the format. */
#include "session/block.h"

#include "base/memory.h"
#include "session/chain.h"
#include "session/groups.h"
#include "session/schedules.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "blocks are little-endian");

enum { VERSION_WITHOUT_LAST = 1, VERSION = 2, LINE = 64 };

static const char block_magic[4] = {'s', 't', 'p', 'd'};

/* The 64 bytes at the head. The checksum covers all that comes after it. */
struct head {
    char magic[4];
    uint16_t version, dtype;
    uint64_t checksum;
    uint64_t bytes;     /* of the whole block */
    uint64_t n;         /* parameters */
    uint32_t scalars;   /* named scalars */
    uint32_t slots;     /* bit k: slot k is used */
    uint64_t chain;     /* numbers of the transforms */
    uint64_t schedules; /* numbers of the schedules */
    uint64_t groups;    /* numbers of the groups */
};
_Static_assert(sizeof(struct head) == LINE, "the head is one cache line");

/* Where everything lies, in bytes from the start. */
struct layout {
    size_t n, scalars, bytes;
    size_t w, slot[OPTIM_SLOTS];
    uint32_t slots;
    size_t chain, chain_at; /* how many numbers, and where */
    size_t schedules, schedules_at;
    size_t groups, groups_at;
};

/* Arrays worth it begin on a cache line. */
static bool place(struct layout *l, size_t count, size_t size, size_t *ret_at)
{
    size_t bytes, align = count >= LINE ? LINE : sizeof(double);
    if (__builtin_mul_overflow(count, size, &bytes) || l->bytes > SIZE_MAX - 2 * LINE)
        return false;
    *ret_at = (l->bytes + align - 1) & ~(align - 1);
    return !__builtin_add_overflow(*ret_at, bytes, &l->bytes) && l->bytes < PTRDIFF_MAX;
}

static uint16_t version_of(const struct session *s)
{
    return s->schedules ? VERSION : VERSION_WITHOUT_LAST;
}

static bool layout_of(const struct session *s, uint16_t version, struct layout *l)
{
    size_t size = dtype_bytes(s->dtype), at;
    *l = (struct layout){.bytes = LINE, .scalars = (size_t)optim_scalars(s->optim)};
    for (int i = 0; i < s->tensor_count; i++) {
        if (__builtin_add_overflow(l->n, s->tensors[i].count, &l->n))
            return false;
    }
    if (!place(l, l->scalars, sizeof(double), &at) || !place(l, l->n, size, &l->w))
        return false;
    int slots = optim_slots(s->optim);
    for (int k = 0; k < slots; k++) {
        size_t count = optim_slot_count(s->optim, k, s->h, s->tensors, s->tensor_count);
        if (count == 0)
            continue;
        l->slots |= 1u << k;
        if (!place(l, count, size, &l->slot[k]))
            return false;
    }
    l->chain = chain_numbers(s, l->n);
    l->schedules = version == VERSION ? schedules_numbers(s) : schedules_numbers_without_last(s);
    l->groups = groups_numbers(s);
    return (l->chain == 0 || place(l, l->chain, sizeof(double), &l->chain_at)) &&
           (l->schedules == 0 || place(l, l->schedules, sizeof(double), &l->schedules_at)) &&
           (l->groups == 0 || place(l, l->groups, sizeof(double), &l->groups_at));
}

/* Points the session into `block`. false: no memory. */
static bool adopt(struct session *s, const struct layout *l, uint8_t *block)
{
    s->block = block;
    s->block_bytes = l->bytes;
    s->scalars = (double *)(block + LINE);
    s->view = (struct optim_block){.dtype = s->dtype, .w = block + l->w, .n = l->n};
    for (int k = 0; k < OPTIM_SLOTS; k++)
        s->view.slot[k] = l->slots >> k & 1 ? block + l->slot[k] : NULL;
    schedules_adopt(s, (double *)(void *)(block + l->schedules_at));
    groups_adopt(s, (double *)(void *)(block + l->groups_at));
    return chain_adopt(s, (double *)(void *)(block + l->chain_at));
}

enum err_code block_alloc(struct session *s, struct err *err)
{
    struct layout l;
    uint8_t *block = layout_of(s, version_of(s), &l) ? memory_lines(l.bytes) : NULL;
    if (!block)
        return err_add(err, ERR_MEMORY, "", "no memory for the numbers of a session");
    memset(block, 0, l.bytes);
    uint8_t *before = s->block;
    if (adopt(s, &l, block))
        return ERR_OK;
    s->block = before;
    free(block);
    return err_add(err, ERR_MEMORY, "", "no memory for the numbers of a session");
}

static struct head head_of(const struct session *s, uint16_t version, const struct layout *l)
{
    struct head head = {.version = version,
                        .dtype = (uint16_t)s->dtype,
                        .bytes = l->bytes,
                        .n = l->n,
                        .scalars = (uint32_t)l->scalars,
                        .slots = l->slots,
                        .chain = l->chain,
                        .schedules = l->schedules,
                        .groups = l->groups};
    memcpy(head.magic, block_magic, sizeof head.magic);
    return head;
}

static uint64_t checksum(const uint8_t *block, size_t bytes)
{
    enum { AFTER = offsetof(struct head, bytes) };
    return XXH3_64bits(block + AFTER, bytes - AFTER);
}

void block_seal(struct session *s)
{
    struct layout l = {.bytes = s->block_bytes, .n = s->view.n};
    l.scalars = (size_t)optim_scalars(s->optim);
    for (int k = 0; k < OPTIM_SLOTS; k++)
        l.slots |= s->view.slot[k] ? 1u << k : 0;
    l.chain = chain_numbers(s, l.n);
    l.schedules = schedules_numbers(s);
    l.groups = groups_numbers(s);
    struct head head = head_of(s, version_of(s), &l);
    memcpy(s->block, &head, sizeof head);
    head.checksum = checksum(s->block, s->block_bytes);
    memcpy(s->block + offsetof(struct head, checksum), &head.checksum, sizeof head.checksum);
}

static enum err_code damaged(const struct session *s, const char *what, struct err *err)
{
    return err_add(err, ERR_STORE, "", "the stored numbers of session %s are damaged: %s", s->id,
                   what);
}

/* *ret_old: it has the layout of the earlier version. */
static enum err_code check(const struct session *s, const void *data, size_t bytes,
                           struct layout *ret_layout, bool *ret_old, struct err *err)
{
    struct head head;
    if (bytes < sizeof head)
        return damaged(s, "too short", err);
    memcpy(&head, data, sizeof head);
    if (memcmp(head.magic, block_magic, sizeof head.magic) != 0)
        return damaged(s, "wrong magic", err);
    *ret_old = head.version == VERSION_WITHOUT_LAST && version_of(s) != head.version;
    if (!*ret_old && head.version != version_of(s))
        return err_add(err, ERR_STORE, "",
                       "the stored numbers of session %s have version %u; this stepd knows %d",
                       s->id, head.version, version_of(s));
    if (!layout_of(s, head.version, ret_layout))
        return damaged(s, "its form is impossible", err);
    struct head expected = head_of(s, head.version, ret_layout);
    expected.checksum = head.checksum;
    if (ret_layout->bytes != bytes || memcmp(&expected, &head, sizeof head) != 0)
        return damaged(s, "lengths that do not belong to its optimizer and form", err);
    if (checksum(data, bytes) != head.checksum)
        return damaged(s, "wrong checksum", err);
    return ERR_OK;
}

/* From a block without what schedules gave for the newest step to one that has room for it. What
 * lies before them is the same. */
static void widen(const struct layout *from, const uint8_t *data, const struct layout *to,
                  uint8_t *block)
{
    size_t same = to->schedules_at < from->bytes ? to->schedules_at : from->bytes;
    memset(block, 0, to->bytes);
    memcpy(block, data, same);
    memcpy(block + to->schedules_at, data + from->schedules_at, from->schedules * sizeof(double));
    memcpy(block + to->groups_at, data + from->groups_at, from->groups * sizeof(double));
}

enum err_code block_open(struct session *s, const void *data, size_t bytes, struct err *err)
{
    struct layout stored, l;
    bool old = false;
    enum err_code code = check(s, data, bytes, &stored, &old, err);
    if (code)
        return code;
    uint8_t *block = layout_of(s, version_of(s), &l) ? memory_lines(l.bytes) : NULL;
    if (!block)
        return err_add(err, ERR_MEMORY, "", "no memory for the numbers of a session");
    if (old)
        widen(&stored, data, &l, block);
    else
        memcpy(block, data, bytes);
    if (!adopt(s, &l, block)) {
        s->block = NULL;
        free(block);
        return err_add(err, ERR_MEMORY, "", "no memory for the numbers of a session");
    }
    if (old)
        schedules_forget(s);
    return ERR_OK;
}
