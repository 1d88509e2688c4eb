/* How a session's objective is kept: in one piece of bytes, of which it is made again.
 *
 *   uint64 checksum   XXH3 of all that follows
 *   uint32 version    1
 *   uint32 options    how many
 *   name, name of the data set      texts: uint32 length, bytes
 *   each option: its name, and its value as double (a choice by its number)
 *   uint32 arrays, and each array: its name, uint32 rank, uint64 rows and columns, its numbers
 *   uint64 batch size (0: all), uint64 seed, uint64 parameters
 *   uint32 rows are here, and then uint64 rows and columns, the features, the targets
 *
 * Little-endian. Data sets that are built in are kept by their name, all others with their rows: a
 * set that is deleted later takes nothing from the session. */
#include "session/objective.h"

#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { VERSION = 1, ARRAYS = OBJECTIVE_ARRAYS + 2 };

/* ---- packing ---------------------------------------------------------------------------------
 */

static void put_u32(struct buf *out, uint32_t x)
{
    buf_add(out, &x, sizeof x);
}

static void put_u64(struct buf *out, uint64_t x)
{
    buf_add(out, &x, sizeof x);
}

static void put_text(struct buf *out, const char *s)
{
    put_u32(out, s ? (uint32_t)strlen(s) : 0);
    if (s)
        buf_puts(out, s);
}

static void put_numbers(struct buf *out, const double *x, size_t n)
{
    if (n > 0)
        buf_add(out, x, n * sizeof *x);
}

static uint32_t count_options(const struct objective_spec *o)
{
    uint32_t count = 0;
    for (int i = 0; o->objective->hypers[i].name; i++)
        count += isnan(o->h[i]) ? 0 : 1; /* NaN: another option took its place */
    return count;
}

static void put_options(struct buf *out, const struct objective_spec *o)
{
    for (int i = 0; o->objective->hypers[i].name; i++) {
        if (isnan(o->h[i]))
            continue;
        put_text(out, o->objective->hypers[i].name);
        put_numbers(out, &o->h[i], 1);
    }
}

static void put_arrays(struct buf *out, const struct objective_spec *o)
{
    const struct array_option *table = o->objective->arrays;
    uint32_t count = 0;
    for (int i = 0; table && table[i].name; i++)
        count += o->array[i].data ? 1 : 0;
    put_u32(out, count);
    for (int i = 0; table && table[i].name; i++) {
        const struct array_given *a = &o->array[i];
        if (!a->data)
            continue;
        put_text(out, table[i].name);
        put_u32(out, (uint32_t)a->rank);
        put_u64(out, a->rows);
        put_u64(out, a->columns);
        put_numbers(out, a->data, a->rows * a->columns);
    }
}

static void put_data(struct buf *out, const struct objective_spec *o)
{
    const struct dataset *d = &o->data;
    bool here = o->objective->model && !(d->name && dataset_find(d->name));
    put_u32(out, here);
    if (!here)
        return;
    put_u64(out, d->rows);
    put_u64(out, d->columns);
    put_numbers(out, d->x, d->rows * d->columns);
    put_numbers(out, d->y, d->rows);
}

void objective_pack(const struct objective_spec *o, struct buf *out)
{
    size_t begin = out->len;
    put_u64(out, 0);
    put_u32(out, VERSION);
    put_u32(out, count_options(o));
    put_text(out, o->objective->name);
    put_text(out, o->data.name);
    put_options(out, o);
    put_arrays(out, o);
    put_u64(out, o->sampling.batch_size);
    put_u64(out, o->sampling.seed);
    put_u64(out, o->n);
    put_data(out, o);
    if (out->failed)
        return;
    uint64_t checksum =
        XXH3_64bits(out->data + begin + sizeof checksum, out->len - begin - sizeof checksum);
    memcpy(out->data + begin, &checksum, sizeof checksum);
}

/* ---- making it again --------------------------------------------------------------------------
 */

/* Bytes that are left. What is not there reads as 0 and is remembered. */
struct reader {
    const char *at;
    size_t left;
    struct arena *arena;
    bool bad;
};

/* A copy of the next bytes; NULL where there are not so many. */
static void *take(struct reader *r, size_t bytes)
{
    void *copy = bytes <= r->left ? arena_memdup(r->arena, r->at, bytes ? bytes : 1) : NULL;
    r->bad |= !copy;
    if (!copy)
        return NULL;
    r->at += bytes;
    r->left -= bytes;
    return copy;
}

static void take_into(struct reader *r, void *to, size_t bytes)
{
    bool there = bytes <= r->left;
    r->bad |= !there;
    memset(to, 0, bytes);
    if (!there)
        return;
    memcpy(to, r->at, bytes);
    r->at += bytes;
    r->left -= bytes;
}

static uint32_t take_u32(struct reader *r)
{
    uint32_t x;
    take_into(r, &x, sizeof x);
    return x;
}

static uint64_t take_u64(struct reader *r)
{
    uint64_t x;
    take_into(r, &x, sizeof x);
    return x;
}

/* NULL: none, or it is not there. */
static const char *take_text(struct reader *r)
{
    uint32_t len = take_u32(r);
    if (len == 0)
        return NULL;
    r->bad |= len > r->left;
    const char *text = r->bad ? NULL : arena_strndup(r->arena, r->at, len);
    r->bad |= !text;
    if (!text)
        return NULL;
    r->at += len;
    r->left -= len;
    return text;
}

static const double *take_numbers(struct reader *r, size_t n)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, sizeof(double), &bytes)) {
        r->bad = true;
        return NULL;
    }
    return take(r, bytes);
}

/* An option as a client would give it. */
static struct hyper_arg option(struct reader *r, const struct objective *o)
{
    const char *name = take_text(r);
    int row = name ? hyper_find(o->hypers, name) : -1;
    struct hyper_arg arg = {.name = name, .kind = ARG_NUMBER};
    take_into(r, &arg.number, sizeof arg.number);
    r->bad |= row < 0;
    if (r->bad || o->hypers[row].kind == HYPER_REAL || o->hypers[row].kind == HYPER_INTEGER)
        return arg;
    arg.kind = ARG_BOOL;
    if (o->hypers[row].kind == HYPER_CHOICE) {
        arg.kind = ARG_STRING;
        arg.string = o->hypers[row].choices[(int)arg.number];
    }
    return arg;
}

static void take_options(struct reader *r, const struct objective *o, uint32_t count,
                         struct objective_given *ret)
{
    struct hyper_arg *args = arena_zalloc(r->arena, HYPER_MAX, sizeof *args);
    r->bad |= !args || count > HYPER_MAX;
    for (uint32_t i = 0; i < count && !r->bad; i++)
        args[i] = option(r, o);
    ret->args = args;
    ret->arg_count = count;
}

static void take_arrays(struct reader *r, struct objective_given *ret)
{
    uint32_t count = take_u32(r);
    struct array_given *arrays = arena_zalloc(r->arena, ARRAYS, sizeof *arrays);
    r->bad |= !arrays || count > OBJECTIVE_ARRAYS;
    for (uint32_t i = 0; i < count && !r->bad; i++) {
        struct array_given *a = &arrays[i];
        size_t n;
        a->name = take_text(r);
        a->rank = (int)take_u32(r);
        a->rows = take_u64(r);
        a->columns = take_u64(r);
        r->bad |= !a->name || __builtin_mul_overflow(a->rows, a->columns, &n);
        a->data = r->bad ? NULL : take_numbers(r, n);
    }
    ret->arrays = arrays;
    ret->array_count = count;
}

/* The rows: as the data set that has the name, or as x and y. */
static void take_data(struct reader *r, struct objective_given *ret)
{
    struct dataset *d = arena_zalloc(r->arena, 1, sizeof *d);
    size_t n;
    r->bad |= !d;
    if (take_u32(r) == 0 || r->bad)
        return;
    d->rows = take_u64(r);
    d->columns = take_u64(r);
    r->bad |= __builtin_mul_overflow(d->rows, d->columns, &n);
    d->x = r->bad ? NULL : take_numbers(r, n);
    d->y = r->bad ? NULL : take_numbers(r, d->rows);
    if (ret->dataset) {
        d->name = ret->dataset;
        ret->data = d;
        return;
    }
    struct array_given *arrays = (struct array_given *)(uintptr_t)ret->arrays;
    arrays[ret->array_count++] = (struct array_given){
        .name = "x", .rank = 2, .data = d->x, .rows = d->rows, .columns = d->columns};
    arrays[ret->array_count++] =
        (struct array_given){.name = "y", .rank = 1, .data = d->y, .rows = d->rows, .columns = 1};
}

static enum err_code damaged(struct err *err)
{
    return err_add(err, ERR_STORE, "", "the session's objective is damaged");
}

enum err_code objective_unpack(const void *data, size_t bytes, struct arena *a,
                               struct objective_spec **ret, struct err *err)
{
    struct reader r = {.at = data, .left = bytes, .arena = a};
    struct objective_given given = {.seed = 0};
    struct err own;
    uint64_t checksum = take_u64(&r);
    if (r.bad || checksum != XXH3_64bits(r.at, r.left) || take_u32(&r) != VERSION)
        return damaged(err);
    uint32_t options = take_u32(&r);
    given.name = take_text(&r);
    given.dataset = take_text(&r);
    const struct objective *o = given.name ? objective_find(given.name) : NULL;
    if (!o)
        return damaged(err);
    take_options(&r, o, options, &given);
    take_arrays(&r, &given);
    uint64_t batch = take_u64(&r), seed = take_u64(&r), n = take_u64(&r);
    given.batch_size = o->model ? (int64_t)batch : -1;
    given.seed = o->model ? (int64_t)seed : -1;
    given.dimension = o->model ? 0 : n;
    take_data(&r, &given);
    if (r.bad)
        return damaged(err);
    err_init(&own);
    enum err_code code = objective_make(&given, "", a, ret, &own);
    return code == ERR_MEMORY ? err_add(err, code, "", "no memory for an objective")
           : code             ? damaged(err)
                              : ERR_OK;
}

enum err_code objective_copy(const struct objective_spec *o, struct arena *a,
                             struct objective_spec **ret, struct err *err)
{
    struct buf packed;
    buf_init(&packed);
    objective_pack(o, &packed);
    enum err_code code = packed.failed ? err_add(err, ERR_MEMORY, "", "no memory for an objective")
                                       : objective_unpack(packed.data, packed.len, a, ret, err);
    buf_close(&packed);
    return code;
}

/* ---- for answers ------------------------------------------------------------------------------
 */

struct objective_spec *objective_outline(const struct objective_spec *o, struct arena *a)
{
    struct objective_spec *copy = arena_memdup(a, o, sizeof *o);
    if (!copy)
        return NULL;
    copy->data = (struct dataset){.rows = o->data.rows, .columns = o->data.columns};
    copy->data.name = o->data.name ? arena_strdup(a, o->data.name) : NULL;
    copy->x = copy->y = NULL;
    copy->prepared = NULL;
    copy->tensors = NULL;
    for (int i = 0; i < OBJECTIVE_ARRAYS; i++) {
        const struct array_given *from = &o->array[i];
        if (!from->data)
            continue;
        copy->array[i].name = o->objective->arrays[i].name;
        copy->array[i].data =
            arena_memdup(a, from->data, from->rows * from->columns * sizeof(double));
        if (!copy->array[i].data)
            return NULL;
    }
    return o->data.name && !copy->data.name ? NULL : copy;
}
