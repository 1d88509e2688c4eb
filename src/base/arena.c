/* Chunks that double from 4 KiB to 1 MiB; pieces are cut off the newest one. A request that would
 * waste much of a chunk gets one of its own, kept behind the newest, so that the newest one's rest
 * stays in use. */
#include "base/arena.h"

#include "base/memory.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_chunk {
    struct arena_chunk *older;
    size_t bytes; /* of the whole heap piece, this head included */
    bool own;     /* made for a single big request */
};

enum { FIRST = 4 << 10, MOST = 1 << 20, KEPT = 64 << 10, WIDE = 64, NARROW = 16 };

void arena_init(struct arena *a)
{
    *a = (struct arena){0};
}

static void free_chunks(struct arena_chunk *c)
{
    while (c) {
        struct arena_chunk *older = c->older;
        free(c);
        c = older;
    }
}

void arena_close(struct arena *a)
{
    free_chunks(a->chunks);
    arena_init(a);
}

static void make_newest(struct arena *a, struct arena_chunk *c)
{
    a->chunks = c;
    a->next = (char *)(c + 1);
    a->end = (char *)c + c->bytes;
}

void arena_reset(struct arena *a)
{
    struct arena_chunk *kept = NULL, *c = a->chunks;
    if (c && !c->older && !c->own && c->bytes <= KEPT) {
        make_newest(a, c);
        return;
    }
    while (c) {
        struct arena_chunk *older = c->older;
        /* The first that fits is the largest: chunks are made in doubling sizes. */
        if (!kept && !c->own && c->bytes <= KEPT)
            kept = c;
        else
            free(c);
        c = older;
    }
    arena_init(a);
    if (kept) {
        kept->older = NULL;
        a->bytes = kept->bytes;
        make_newest(a, kept);
    }
}

static struct arena_chunk *chunk_new(struct arena *a, size_t bytes, bool own)
{
    struct arena_chunk *c = bytes >= MEMORY_LARGE ? memory_lines(bytes) : malloc(bytes);
    if (!c)
        return NULL;
    *c = (struct arena_chunk){.bytes = bytes, .own = own};
    a->bytes += bytes;
    return c;
}

static char *align_up(char *p, size_t align)
{
    return p + (-(uintptr_t)p & (align - 1));
}

/* The newest chunk is too full for `bytes`. */
static void *alloc_slow(struct arena *a, size_t bytes, size_t align)
{
    size_t whole;
    if (__builtin_add_overflow(bytes, sizeof(struct arena_chunk) + align, &whole))
        return NULL;
    struct arena_chunk *newest = a->chunks;
    size_t chunk = !newest || newest->own ? FIRST : newest->bytes * 2;
    if (chunk > MOST)
        chunk = MOST;
    if (whole > chunk / 2) {
        struct arena_chunk *own = chunk_new(a, whole, true);
        if (!own)
            return NULL;
        struct arena_chunk **place = newest ? &newest->older : &a->chunks;
        own->older = *place;
        *place = own;
        return align_up((char *)(own + 1), align);
    }
    struct arena_chunk *c = chunk_new(a, chunk, false);
    if (!c)
        return NULL;
    c->older = newest;
    make_newest(a, c);
    char *p = align_up(a->next, align);
    a->next = p + bytes;
    return p;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    size_t align = bytes >= WIDE ? WIDE : NARROW;
    if (bytes == 0)
        bytes = 1;
    size_t room = (size_t)(a->end - a->next), pad = -(uintptr_t)a->next & (align - 1);
    if (room < pad || room - pad < bytes)
        return alloc_slow(a, bytes, align);
    char *p = a->next + pad;
    a->next = p + bytes;
    return p;
}

void *arena_zalloc(struct arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *p = arena_alloc(a, bytes);
    if (p)
        memset(p, 0, bytes);
    return p;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return s ? arena_memdup(a, s, strlen(s) + 1) : NULL;
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
    if (!s)
        return NULL;
    size_t n = strnlen(s, len);
    char *copy = n < SIZE_MAX ? arena_alloc(a, n + 1) : NULL;
    if (copy) {
        memcpy(copy, s, n);
        copy[n] = '\0';
    }
    return copy;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *s = len < 0 ? NULL : arena_alloc(a, (size_t)len + 1);
    if (s)
        vsnprintf(s, (size_t)len + 1, format, again);
    va_end(again);
    return s;
}

void *arena_memdup(struct arena *a, const void *data, size_t bytes)
{
    void *copy = arena_alloc(a, bytes);
    if (copy && bytes > 0)
        memcpy(copy, data, bytes);
    return copy;
}
