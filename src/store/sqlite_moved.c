/* What schedules gave for hyperparameters other than the learning rate, step by step: columns of
 * the history beside the metrics.
 *
 * They go the way of recorded steps, in the same stream (sqlite_recording.c): into the frame of
 * their transaction and the session's tail, and from there many at a time into a row of
 * moved_block. In the stream a step is a record whose numbers are pairs of name and value, in a row
 * of moved_block it is a place in columns:
 *
 *   uint64 checksum   XXH3 of all that follows
 *   uint32 version    1
 *   uint32 stretches  each of steps in a row that have the same names:
 *     int64 first step; uint32 steps, 1 … COLUMNS_MAX; uint32 names
 *     uint64 each name  XXH3 of its text, since a table of hyperparameters may change its order
 *     a column of values for each, as columns.h packs it
 *
 * So a value takes 8 bytes, and one that stays nearly none. Not done: no summary for plots; a
 * reader unpacks all that lies in its range. */
#include "store/columns.h"
#include "store/sqlite_internal.h"

#include "base/log.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { VERSION = 1 };

struct pair {
    uint64_t name;
    double value;
};

struct head {
    uint64_t checksum;
    uint32_t version, stretches;
};

struct stretch {
    int64_t first;
    uint32_t steps, names;
};

static uint64_t name_of(const char *text)
{
    return XXH3_64bits(text, strlen(text));
}

/* ---- into the stream ------------------------------------------------------------------------- */

static void add_step(struct buf *b, const struct session *s, int64_t step, const double *values)
{
    const struct session_schedules *x = s->schedules;
    struct pair pairs[HYPER_MAX];
    uint32_t count = 0;
    for (int i = 0; i < x->count; i++) {
        int k = x->list[i].hyper;
        if (k != s->optim->lr)
            pairs[count++] = (struct pair){name_of(s->optim->hypers[k].name), values[i]};
    }
    struct record_head head = {.step = step, .input_count = 2 * count, .kind = RECORD_MOVED};
    struct record_waiting waiting = {s->key, sizeof head + count * sizeof *pairs};
    if (count == 0)
        return;
    buf_add(b, &waiting, sizeof waiting);
    buf_add(b, &head, sizeof head);
    buf_add(b, pairs, count * sizeof *pairs);
}

enum err_code sqlite_moved_add(struct store *base, const struct session *s,
                               const struct step_metrics *rows, const double *values, size_t count,
                               struct err *err)
{
    struct buf *b = &((struct sqlite_store *)base)->history.recorded;
    for (size_t i = 0; i < count; i++)
        add_step(b, s, rows[i].step, values + i * (size_t)s->schedules->count);
    return b->failed ? err_add(err, ERR_MEMORY, "", "no memory for what schedules gave") : ERR_OK;
}

/* ---- from the stream to a block -------------------------------------------------------------- */

static struct pair pair_at(const char *record, size_t i)
{
    struct pair pair;
    memcpy(&pair, record + sizeof(struct record_head) + i * sizeof pair, sizeof pair);
    return pair;
}

/* Whether the record at `next` goes on with the stretch that `record`, of `size` bytes, is in. */
static bool goes_on(const char *record, const char *next, size_t size, size_t left)
{
    struct record_head a, b;
    bool same = record_whole(next, left, &b) == size;
    memcpy(&a, record, sizeof a);
    same = same && b.step == a.step + 1 && b.input_count == a.input_count;
    for (size_t i = 0; same && i < a.input_count / 2; i++)
        same = pair_at(record, i).name == pair_at(next, i).name;
    return same;
}

static void pack_stretch(struct buf *b, const char *records, size_t size, size_t count)
{
    struct record_head first;
    uint64_t x[COLUMNS_MAX];
    memcpy(&first, records, sizeof first);
    struct stretch stretch = {first.step, (uint32_t)count, first.input_count / 2};
    buf_add(b, &stretch, sizeof stretch);
    for (size_t k = 0; k < stretch.names; k++) {
        struct pair pair = pair_at(records, k);
        buf_add(b, &pair.name, sizeof pair.name);
    }
    for (size_t k = 0; k < stretch.names; k++) {
        for (size_t i = 0; i < count; i++) {
            struct pair pair = pair_at(records + i * size, k);
            memcpy(&x[i], &pair.value, sizeof x[i]);
        }
        uint8_t *to = (uint8_t *)buf_room(b, COLUMN_BYTES_MAX);
        if (to)
            b->len += (size_t)(column_pack(x, count, to) - to);
    }
}

static void pack(struct buf *b, const struct buf *stream)
{
    struct record_head record;
    struct head head = {.version = VERSION};
    size_t at = 0;
    buf_add(b, &head, sizeof head);
    while (at < stream->len) {
        const char *first = stream->data + at;
        size_t size = record_whole(first, stream->len - at, &record), count = 1;
        while (count < COLUMNS_MAX && at + count * size < stream->len &&
               goes_on(first + (count - 1) * size, first + count * size, size,
                       stream->len - at - count * size))
            count++;
        pack_stretch(b, first, size, count);
        head.stretches++;
        at += count * size;
    }
    if (b->failed)
        return;
    memcpy(b->data, &head, sizeof head);
    head.checksum = XXH3_64bits(b->data + sizeof head.checksum, b->len - sizeof head.checksum);
    memcpy(b->data, &head, sizeof head);
}

enum err_code moved_flush(struct sqlite_store *st, int64_t key, const struct buf *stream,
                          int64_t first, int64_t last, struct err *err)
{
    struct buf b;
    buf_init(&b);
    pack(&b, stream);
    enum err_code code = ERR_OK;
    if (b.failed) {
        code = err_add(err, ERR_MEMORY, "", "no memory for what schedules gave");
    } else {
        struct sql q = sql_start(st, SQL_moved_insert);
        sql_int(&q, key);
        sql_int(&q, first);
        sql_int(&q, last);
        sql_blob(&q, b.data, b.len);
        code = sql_run(&q, err);
    }
    buf_close(&b);
    return code;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Who wants what. */
struct reader {
    const struct history_range *range;
    uint64_t name;
    void (*take)(void *user, int64_t step, double value);
    void *user;
};

static void give(const struct reader *r, int64_t step, double value)
{
    if (step >= r->range->from && step <= r->range->to)
        r->take(r->user, step, value);
}

/* Gives the column of the name, if there is one; returns the bytes of the whole, 0: damaged. */
static size_t read_stretch(const struct reader *r, const uint8_t *data, size_t bytes)
{
    struct stretch stretch;
    uint64_t name, x[COLUMNS_MAX];
    if (bytes < sizeof stretch)
        return 0;
    memcpy(&stretch, data, sizeof stretch);
    size_t at = sizeof stretch + stretch.names * sizeof name;
    if (stretch.steps == 0 || stretch.steps > COLUMNS_MAX || stretch.names > HYPER_MAX ||
        bytes < at)
        return 0;
    for (size_t k = 0; k < stretch.names; k++) {
        size_t column = column_unpack(data + at, bytes - at, stretch.steps, x);
        memcpy(&name, data + sizeof stretch + k * sizeof name, sizeof name);
        if (column == 0)
            return 0;
        at += column;
        for (size_t i = 0; name == r->name && i < stretch.steps; i++) {
            double value;
            memcpy(&value, &x[i], sizeof value);
            give(r, stretch.first + (int64_t)i, value);
        }
    }
    return at;
}

/* false: it is damaged. */
static bool read_block(const struct reader *r, const uint8_t *data, size_t bytes)
{
    struct head head;
    size_t at = sizeof head;
    if (!data || bytes < sizeof head)
        return false;
    memcpy(&head, data, sizeof head);
    if (head.version != VERSION ||
        head.checksum != XXH3_64bits(data + sizeof head.checksum, bytes - sizeof head.checksum))
        return false;
    for (uint32_t i = 0; i < head.stretches; i++) {
        size_t stretch = read_stretch(r, data + at, bytes - at);
        if (stretch == 0)
            return false;
        at += stretch;
    }
    return at == bytes;
}

static enum err_code read_blocks(struct sqlite_store *st, int64_t key, const struct reader *r,
                                 struct err *err)
{
    struct sql q = sql_start(st, SQL_moved_range);
    enum err_code code = ERR_OK;
    bool whole = true;
    sql_int(&q, key);
    sql_int(&q, r->range->to);
    sql_int(&q, r->range->from);
    while (whole && sql_row(&q, &code, err)) {
        size_t bytes = (size_t)sqlite3_column_bytes(q.q, 1);
        whole = read_block(r, sqlite3_column_blob(q.q, 1), bytes);
        if (!whole)
            log_line(LOG_ERROR, "store: moved block %lld, of the session with key %lld, is damaged",
                     (long long)sqlite3_column_int64(q.q, 0), (long long)key);
    }
    sql_end(&q);
    return whole ? code : err_add(err, ERR_STORE, "", "what schedules gave is stored, but damaged");
}

static void read_stream(const struct reader *r, const char *data, size_t bytes)
{
    struct record_head head;
    for (size_t at = 0, size; at < bytes; at += size) {
        size = record_whole(data + at, bytes - at, &head);
        if (size == 0)
            return;
        for (size_t i = 0; head.kind == RECORD_MOVED && i < head.input_count / 2; i++) {
            struct pair pair = pair_at(data + at, i);
            if (pair.name == r->name)
                give(r, head.step, pair.value);
        }
    }
}

enum err_code sqlite_moved_each(struct store *base, const struct session *s,
                                const struct history_range *range, const char *name,
                                void (*take)(void *user, int64_t step, double value), void *user,
                                struct err *err)
{
    struct sqlite_store *st = (struct sqlite_store *)base;
    const struct history *h = &st->history;
    struct reader r = {range, name_of(name), take, user};
    struct record_waiting w;
    size_t at = 0;
    enum err_code code = st->open ? ERR_OK : history_ready(st, err);
    if (!code)
        code = read_blocks(st, s->key, &r, err);
    if (code)
        return code;
    const struct tail *tail = tails_find(&h->tails, s->key);
    if (tail)
        read_stream(&r, tail->recorded.data, tail->recorded.len);
    for (const char *data; (data = record_next(h, &at, &w));) {
        if (w.key == s->key)
            read_stream(&r, data, w.bytes);
    }
    return ERR_OK;
}
