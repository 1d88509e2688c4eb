/* What the newest steps of small sessions did, at the price of some bytes in the journal's frame.
 *
 * A row for each step, ordered by session, would write a page of its own for every session of a
 * transaction, which halves the rate of small sessions. So recorded steps go the way of the metrics
 * (sqlite_history.c): into the frame of their transaction and into the session's tail, and from
 * there many at a time into a row of recording_block.
 *
 * A step is a head, the parameters after it, the block before it and what it carried, each padded
 * to a multiple of 8 bytes. A block is a checksum (XXH3 of what follows) and steps. Among the steps
 * of the stream, in frames and tails, are records of another kind, those of sqlite_moved.c. */
#include "store/sqlite_internal.h"

#include "base/log.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* A tail with so much goes to a block. */
enum { FULL_BYTES = 1 << 16 };

static size_t padded(size_t bytes)
{
    return (bytes + 7) / 8 * 8;
}

static size_t step_bytes(const struct record_head *h)
{
    return sizeof *h + (h->parameters + (size_t)h->input_count) * sizeof(double) +
           padded(h->block_bytes);
}

size_t record_whole(const char *data, size_t bytes, struct record_head *ret)
{
    if (bytes < sizeof *ret)
        return 0;
    memcpy(ret, data, sizeof *ret);
    return ret->kind <= RECORD_MOVED && step_bytes(ret) <= bytes ? step_bytes(ret) : 0;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void add_step(struct buf *b, const struct session *s, const struct recorded_step *r)
{
    static const char zeros[8];
    struct record_head head = {.step = r->step,
                               .parameters = (uint32_t)s->view.n,
                               .block_bytes = (uint32_t)r->block_bytes,
                               .input_count = (uint32_t)r->input_count};
    struct record_waiting waiting = {.key = s->key, .bytes = step_bytes(&head)};
    buf_add(b, &waiting, sizeof waiting);
    buf_add(b, &head, sizeof head);
    buf_add(b, r->parameters, s->view.n * sizeof *r->parameters);
    if (r->block_bytes > 0)
        buf_add(b, r->block, r->block_bytes);
    buf_add(b, zeros, padded(r->block_bytes) - r->block_bytes);
    if (r->input_count > 0)
        buf_add(b, r->input, r->input_count * sizeof *r->input);
}

enum err_code sqlite_recording_add(struct store *base, const struct session *s,
                                   const struct recorded_step *rows, size_t count, struct err *err)
{
    struct buf *b = &((struct sqlite_store *)base)->history.recorded;
    for (size_t i = 0; i < count; i++)
        add_step(b, s, &rows[i]);
    return b->failed ? err_add(err, ERR_MEMORY, "", "no memory to record %zu steps", count)
                     : ERR_OK;
}

const char *record_next(const struct history *h, size_t *at, struct record_waiting *ret)
{
    if (*at >= h->recorded.len)
        return NULL;
    const char *data = h->recorded.data + *at + sizeof *ret;
    memcpy(ret, h->recorded.data + *at, sizeof *ret);
    *at += sizeof *ret + ret->bytes;
    return data;
}

enum err_code recording_write(struct sqlite_store *st, struct err *err)
{
    struct history *h = &st->history;
    struct record_waiting w;
    enum err_code code = ERR_OK;
    size_t at = 0;
    for (const char *data; !code && (data = record_next(h, &at, &w));) {
        struct tail *tail = history_touch(h, w.key);
        if (tail && tail->gone)
            continue;
        if (!tail || !tail_record(&h->tails, tail, data, w.bytes, h->seq + 1))
            return err_add(err, ERR_MEMORY, "", "no memory to record a step");
        tail->fresh_bytes += w.bytes;
        if (tail->recorded.len >= FULL_BYTES)
            code = history_flush(st, tail, err);
    }
    return code;
}

/* Blocks all of whose steps are too old. */
static enum err_code forget(struct sqlite_store *st, int64_t key, int64_t newest, struct err *err)
{
    struct sql q = sql_start(st, SQL_recording_forget);
    sql_int(&q, key);
    sql_int(&q, newest - RECORDING_STEPS);
    return sql_run(&q, err);
}

/* Records of one kind, on their way from a tail to a block. */
struct sorted {
    struct buf b;
    int64_t first, last;
};

static void sort_records(const struct tail *tail, struct sorted *kinds)
{
    struct record_head head;
    for (size_t at = 0, bytes; at < tail->recorded.len; at += bytes) {
        bytes = record_whole(tail->recorded.data + at, tail->recorded.len - at, &head);
        if (bytes == 0)
            return;
        struct sorted *to = &kinds[head.kind];
        if (to->b.len == 0)
            to->first = head.step;
        to->last = head.step;
        buf_add(&to->b, tail->recorded.data + at, bytes);
    }
}

static enum err_code insert_steps(struct sqlite_store *st, int64_t key, const struct sorted *steps,
                                  struct err *err)
{
    uint64_t checksum = XXH3_64bits(steps->b.data, steps->b.len);
    struct buf b;
    buf_init(&b);
    buf_add(&b, &checksum, sizeof checksum);
    buf_add(&b, steps->b.data, steps->b.len);
    struct sql q = sql_start(st, SQL_recording_insert);
    sql_int(&q, key);
    sql_int(&q, steps->first);
    sql_int(&q, steps->last);
    sql_blob(&q, b.data, b.len);
    enum err_code code = sql_run(&q, err);
    if (b.failed)
        code = err_add(err, ERR_MEMORY, "", "no memory to record steps");
    buf_close(&b);
    return code || steps->last <= RECORDING_STEPS ? code : forget(st, key, steps->last, err);
}

enum err_code recording_flush(struct sqlite_store *st, const struct tail *tail, struct err *err)
{
    struct sorted kinds[RECORD_MOVED + 1] = {0}, *steps = &kinds[RECORD_STEP],
                                       *moved = &kinds[RECORD_MOVED];
    enum err_code code = ERR_OK;
    buf_init(&steps->b);
    buf_init(&moved->b);
    sort_records(tail, kinds);
    if (steps->b.failed || moved->b.failed)
        code = err_add(err, ERR_MEMORY, "", "no memory to record steps");
    if (!code && steps->b.len > 0)
        code = insert_steps(st, tail->key, steps, err);
    if (!code && moved->b.len > 0)
        code = moved_flush(st, tail->key, &moved->b, moved->first, moved->last, err);
    buf_close(&steps->b);
    buf_close(&moved->b);
    return code;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Steps on their way to the reader. */
struct picked {
    const struct session *s;
    const struct history_range *range;
    struct arena *a;
    struct recorded_step *rows;
    size_t count;
};

static enum err_code damaged(const struct session *s, const char *where, struct err *err)
{
    log_line(LOG_ERROR, "store: session %s: recorded steps in %s are damaged", s->id, where);
    return err_add(err, ERR_STORE, "", "the recorded steps of session %s are damaged", s->id);
}

static bool wanted(const struct picked *p, int64_t step)
{
    return p->count < p->range->limit && step >= p->range->from && step <= p->range->to &&
           step <= p->s->step;
}

/* A copy of the whole step, with its parts in place. False: no memory. */
static bool pick(struct picked *p, const char *data, const struct record_head *h)
{
    const char *copy = arena_memdup(p->a, data, step_bytes(h));
    if (!copy)
        return false;
    const char *block = copy + sizeof *h + h->parameters * sizeof(double);
    struct recorded_step r = {.step = h->step,
                              .parameters = (const void *)(copy + sizeof *h),
                              .block = h->block_bytes ? block : NULL,
                              .block_bytes = h->block_bytes,
                              .input_count = h->input_count};
    if (h->input_count)
        r.input = (const void *)(block + padded(h->block_bytes));
    p->rows[p->count++] = r;
    return true;
}

static enum err_code pick_all(struct picked *p, const char *data, size_t bytes, const char *where,
                              struct err *err)
{
    struct record_head h;
    for (size_t at = 0, step; at < bytes; at += step) {
        step = record_whole(data + at, bytes - at, &h);
        bool other = step > 0 && h.kind == RECORD_MOVED;
        if (step == 0 || (!other && h.parameters != p->s->view.n))
            return damaged(p->s, where, err);
        if (!other && wanted(p, h.step) && !pick(p, data + at, &h))
            return err_add(err, ERR_MEMORY, "", "no memory for the recorded steps");
    }
    return ERR_OK;
}

static enum err_code pick_block(struct picked *p, const char *data, size_t bytes, struct err *err)
{
    uint64_t checksum;
    if (!data || bytes < sizeof checksum)
        return damaged(p->s, "a block", err);
    memcpy(&checksum, data, sizeof checksum);
    data += sizeof checksum;
    bytes -= sizeof checksum;
    if (checksum != XXH3_64bits(data, bytes))
        return damaged(p->s, "a block", err);
    return pick_all(p, data, bytes, "a block", err);
}

static enum err_code pick_blocks(struct sqlite_store *st, struct picked *p, struct err *err)
{
    struct sql q = sql_start(st, SQL_recording_range);
    enum err_code code = ERR_OK, bad = ERR_OK;
    sql_int(&q, p->s->key);
    sql_int(&q, p->range->to);
    sql_int(&q, p->range->from);
    while (!bad && p->count < p->range->limit && sql_row(&q, &code, err))
        bad = pick_block(p, sqlite3_column_blob(q.q, 1), (size_t)sqlite3_column_bytes(q.q, 1), err);
    sql_end(&q);
    return bad ? bad : code;
}

static enum err_code pick_waiting(const struct history *h, struct picked *p, struct err *err)
{
    struct record_waiting w;
    enum err_code code = ERR_OK;
    size_t at = 0;
    for (const char *data; !code && (data = record_next(h, &at, &w));) {
        if (w.key == p->s->key)
            code = pick_all(p, data, w.bytes, "memory", err);
    }
    return code;
}

enum err_code sqlite_recording_read(struct store *base, const struct session *s,
                                    const struct history_range *range, struct arena *a,
                                    struct recorded_step **ret_rows, size_t *ret_count,
                                    struct err *err)
{
    struct sqlite_store *st = (struct sqlite_store *)base;
    enum err_code code = st->open ? ERR_OK : history_ready(st, err);
    struct picked p = {
        .s = s, .range = range, .a = a, .rows = arena_zalloc(a, range->limit, sizeof *p.rows)};
    if (!p.rows)
        return err_add(err, ERR_MEMORY, "", "no memory for the recorded steps");
    if (!code)
        code = pick_blocks(st, &p, err);
    const struct tail *tail = tails_find(&st->history.tails, s->key);
    if (!code && tail)
        code = pick_all(&p, tail->recorded.data, tail->recorded.len, "the journal", err);
    if (!code)
        code = pick_waiting(&st->history, &p, err);
    *ret_rows = p.rows;
    *ret_count = p.count;
    return code;
}
