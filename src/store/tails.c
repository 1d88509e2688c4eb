/* A hash table with chains over one list in order of age: a tail joins its end with the first
 * record and leaves with the last, and since frames come in order, the list needs no sorting. */
#include "store/tails.h"

#include <stdlib.h>
#include <string.h>

enum { SLOTS_START = 64, ROWS_START = 4 };

static size_t slot_of(const struct tails *t, int64_t key)
{
    return (size_t)((uint64_t)key * 0x9E3779B97F4A7C15ULL >> 32) & (t->size - 1);
}

struct tail *tails_find(const struct tails *t, int64_t key)
{
    struct tail *tail = t->size ? t->slots[slot_of(t, key)] : NULL;
    while (tail && tail->key != key)
        tail = tail->chain;
    return tail;
}

/* Without memory for a larger table the chains just grow longer, but a first one there must be. */
static bool grow(struct tails *t)
{
    struct tails wider = {.size = t->size ? 2 * t->size : SLOTS_START};
    wider.slots = calloc(wider.size, sizeof(struct tail *));
    if (!wider.slots)
        return t->size > 0;
    for (size_t i = 0; i < t->size; i++) {
        for (struct tail *tail = t->slots[i], *next; tail; tail = next) {
            next = tail->chain;
            struct tail **slot = &wider.slots[slot_of(&wider, tail->key)];
            tail->chain = *slot;
            *slot = tail;
        }
    }
    free(t->slots);
    t->slots = wider.slots;
    t->size = wider.size;
    return true;
}

struct tail *tails_make(struct tails *t, int64_t key)
{
    if (t->count >= t->size && !grow(t))
        return NULL;
    struct tail *tail = calloc(1, sizeof *tail);
    if (!tail)
        return NULL;
    struct tail **slot = &t->slots[slot_of(t, key)];
    tail->key = key;
    tail->chain = *slot;
    *slot = tail;
    t->count++;
    return tail;
}

static void leave_age(struct tails *t, struct tail *tail)
{
    if (!tail->by_age)
        return;
    *(tail->older ? &tail->older->newer : &t->oldest) = tail->newer;
    *(tail->newer ? &tail->newer->older : &t->newest) = tail->older;
    tail->older = tail->newer = NULL;
    tail->by_age = false;
}

static void join_age(struct tails *t, struct tail *tail, int64_t seq)
{
    tail->seq = seq;
    tail->by_age = true;
    tail->older = t->newest;
    *(t->newest ? &t->newest->newer : &t->oldest) = tail;
    t->newest = tail;
}

static void tail_free(struct tail *tail)
{
    free(tail->rows);
    buf_close(&tail->recorded);
    free(tail);
}

void tails_drop(struct tails *t, struct tail *tail)
{
    struct tail **p = &t->slots[slot_of(t, tail->key)];
    while (*p != tail)
        p = &(*p)->chain;
    *p = tail->chain;
    leave_age(t, tail);
    t->count--;
    tail_free(tail);
}

void tails_clear(struct tails *t)
{
    for (size_t i = 0; i < t->size; i++) {
        for (struct tail *tail = t->slots[i], *next; tail; tail = next) {
            next = tail->chain;
            tail_free(tail);
        }
    }
    free(t->slots);
    *t = (struct tails){0};
}

bool tail_push(struct tails *t, struct tail *tail, const struct step_metrics *row, int64_t seq)
{
    if (tail->count == tail->cap) {
        size_t cap = tail->cap ? 2 * tail->cap : ROWS_START;
        struct step_metrics *rows = realloc(tail->rows, cap * sizeof *rows);
        if (!rows)
            return false;
        tail->rows = rows;
        tail->cap = cap;
    }
    tail->rows[tail->count++] = *row;
    if (!tail->by_age)
        join_age(t, tail, seq);
    return true;
}

bool tail_record(struct tails *t, struct tail *tail, const void *data, size_t bytes, int64_t seq)
{
    char *to = buf_room(&tail->recorded, bytes);
    if (!to) {
        tail->recorded.failed = false;
        return false;
    }
    memcpy(to, data, bytes);
    tail->recorded.len += bytes;
    if (!tail->by_age)
        join_age(t, tail, seq);
    return true;
}

void tail_empty(struct tails *t, struct tail *tail)
{
    tail->count = tail->fresh = 0;
    tail->recorded.len = tail->fresh_bytes = 0;
    leave_age(t, tail);
}
