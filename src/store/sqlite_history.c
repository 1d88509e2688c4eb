/* Metrics of every step, at the price of one row a transaction.
 *
 * Problem: a row for each step in a table ordered by session costs five times as much as the step
 * itself; in order of arrival it is cheap to write, but a session's rows lie everywhere.
 * Design: both. A transaction's metrics go as one frame into a journal; the same rows wait in
 * memory, in a tail for each session. A tail that fills a block of 256 rows is written as one
 * packed row of metrics_block in the same transaction, and the frame says so. Frames that hold no
 * row of any tail are deleted. Where slow sessions would make the journal long, the oldest tails go
 * to blocks before they are full, a few in each commit, and such a block is topped up later. So a
 * read is a range of blocks and a tail.
 * Guarantees: metrics are exactly as durable as their step. Tails are what a replay of the journal
 * gives: open does that, and so does the first transaction after one that failed half-way.
 * Recorded steps (sqlite_recording.c) go the same way, through the same frames and tails.
 * Not done: thinning out; the reader gets every record. */
#include "store/columns.h"
#include "store/sqlite_internal.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

enum { BUFFER_KEPT = 1 << 20 };

const struct history_limits history_limits = {.frames = 4096, .bytes = 32 << 20};
const struct history_limits history_idle_limits = {.frames = 1024, .bytes = 8 << 20};

static struct history *of(struct store *base)
{
    return &((struct sqlite_store *)base)->history;
}

/* ---- what the open transaction holds back ---------------------------------------------------- */

static enum err_code reserve(struct history *h, size_t count, struct err *err)
{
    if (h->cap - h->count >= count)
        return ERR_OK;
    size_t cap = h->cap ? h->cap : 64, bytes;
    while (cap - h->count < count && cap <= SIZE_MAX / 2)
        cap *= 2;
    struct history_op *ops = NULL;
    if (cap - h->count >= count && !__builtin_mul_overflow(cap, sizeof *ops, &bytes))
        ops = realloc(h->ops, bytes);
    if (!ops)
        return err_add(err, ERR_MEMORY, "", "no memory for the metrics of %zu steps", count);
    h->ops = ops;
    h->cap = cap;
    return ERR_OK;
}

enum err_code sqlite_history_add(struct store *base, const struct session *s,
                                 const struct step_metrics *rows, size_t count, struct err *err)
{
    struct history *h = of(base);
    enum err_code code = reserve(h, count, err);
    for (size_t i = 0; i < count && !code; i++)
        h->ops[h->count++] = (struct history_op){.key = s->key, .row = rows[i]};
    return code;
}

enum err_code history_remove(struct sqlite_store *st, int64_t key, struct err *err)
{
    struct history *h = &st->history;
    enum err_code code = reserve(h, 1, err);
    if (!code)
        h->ops[h->count++] = (struct history_op){.key = key, .remove = true};
    return code;
}

/* ---- tails to blocks ------------------------------------------------------------------------- */

struct tail *history_touch(struct history *h, int64_t key)
{
    struct tail *tail = tails_find(&h->tails, key);
    if (!tail)
        tail = tails_make(&h->tails, key);
    if (tail && !tail->touched) {
        tail->touched = true;
        tail->next_touched = h->touched;
        h->touched = tail;
    }
    return tail;
}

/* The session's newest block: its number (0: there is none), its first row and its rows. */
static enum err_code newest_block(struct sqlite_store *st, int64_t key, int64_t *ret_block,
                                  int64_t *ret_first, int64_t *ret_rows, struct err *err)
{
    struct sql q = sql_start(st, SQL_block_last);
    enum err_code code;
    *ret_block = *ret_first = *ret_rows = 0;
    sql_int(&q, key);
    if (!sql_row(&q, &code, err))
        return code;
    *ret_block = sqlite3_column_int64(q.q, 0);
    *ret_first = sqlite3_column_int64(q.q, 1);
    *ret_rows = sqlite3_column_int64(q.q, 2) - *ret_first + 1;
    sql_end(&q);
    return ERR_OK;
}

static enum err_code history_room(struct sqlite_store *st, struct tail *tail, struct err *err)
{
    int64_t block, first, rows;
    enum err_code code = newest_block(st, tail->key, &block, &first, &rows, err);
    if (!code)
        tail->room = rows < COLUMNS_MAX ? COLUMNS_MAX - (size_t)rows : COLUMNS_MAX;
    return code;
}

static void tell_damaged(int64_t key, int64_t block)
{
    log_line(LOG_ERROR, "store: metrics block %lld, of the session with key %lld, is damaged",
             (long long)block, (long long)key);
}

static enum err_code insert_block(struct sqlite_store *st, const struct tail *tail,
                                  int64_t first_row, struct err *err)
{
    uint8_t packed[COLUMNS_BYTES_MAX], summary[SUMMARY_BYTES];
    struct sql q = sql_start(st, SQL_block_insert);
    sql_int(&q, tail->key);
    sql_int(&q, first_row);
    sql_int(&q, first_row + (int64_t)tail->count - 1);
    sql_int(&q, tail->rows[0].step);
    sql_int(&q, tail->rows[tail->count - 1].step);
    summary_pack(tail->rows, tail->count, summary);
    sql_blob(&q, summary, sizeof summary);
    sql_blob(&q, packed, columns_pack(tail->rows, tail->count, packed));
    return sql_run(&q, err);
}

/* *ret_whole: the block has `rows` records, and here they are. */
static enum err_code read_block(struct sqlite_store *st, int64_t block, size_t rows,
                                struct step_metrics *ret_rows, bool *ret_whole, struct err *err)
{
    struct sql q = sql_start(st, SQL_block_columns);
    enum err_code code;
    *ret_whole = false;
    sql_int(&q, block);
    if (!sql_row(&q, &code, err))
        return code;
    const void *packed = sqlite3_column_blob(q.q, 0);
    size_t bytes = (size_t)sqlite3_column_bytes(q.q, 0);
    *ret_whole = packed && columns_unpack(packed, bytes, ret_rows) == rows;
    sql_end(&q);
    return ERR_OK;
}

/* Writes the block anew: `rows` records in `all`, and then the tail. */
static enum err_code extend_block(struct sqlite_store *st, const struct tail *tail, int64_t block,
                                  int64_t first_row, struct step_metrics *all, size_t rows,
                                  struct err *err)
{
    uint8_t packed[COLUMNS_BYTES_MAX], summary[SUMMARY_BYTES];
    struct sql q = sql_start(st, SQL_block_extend);
    memcpy(all + rows, tail->rows, tail->count * sizeof *all);
    rows += tail->count;
    sql_int(&q, first_row + (int64_t)rows - 1);
    sql_int(&q, all[rows - 1].step);
    summary_pack(all, rows, summary);
    sql_blob(&q, summary, sizeof summary);
    sql_blob(&q, packed, columns_pack(all, rows, packed));
    sql_int(&q, block);
    return sql_run(&q, err);
}

/* The rows go to the newest block where they fit, and else to a new one. A block that is damaged
 * stays as it is and gets a successor: nobody's steps may fail for it. */
static enum err_code flush_rows(struct sqlite_store *st, struct tail *tail, struct err *err)
{
    struct step_metrics all[COLUMNS_MAX];
    int64_t block, first, rows;
    enum err_code code = newest_block(st, tail->key, &block, &first, &rows, err);
    bool extend = block && rows + (int64_t)tail->count <= COLUMNS_MAX;
    if (!code && extend) {
        code = read_block(st, block, (size_t)rows, all, &extend, err);
        if (!code && !extend)
            tell_damaged(tail->key, block);
    }
    if (!code)
        code = extend ? extend_block(st, tail, block, first, all, (size_t)rows, err)
                      : insert_block(st, tail, first + rows, err);
    if (code)
        return code;
    size_t now = tail->count + (extend ? (size_t)rows : 0);
    tail->room = now < COLUMNS_MAX ? COLUMNS_MAX - now : COLUMNS_MAX;
    return ERR_OK;
}

enum err_code history_flush(struct sqlite_store *st, struct tail *tail, struct err *err)
{
    enum err_code code = tail->count > 0 ? flush_rows(st, tail, err) : ERR_OK;
    if (!code && tail->recorded.len > 0)
        code = recording_flush(st, tail, err);
    if (code)
        return code;
    tail->cleared = true;
    tail_empty(&st->history.tails, tail);
    return ERR_OK;
}

/* ---- the transaction's end ------------------------------------------------------------------- */

/* Sessions that go away: what there is of them is not needed, whatever the order of events. */
static enum err_code forget_removed(struct history *h, struct err *err)
{
    for (size_t i = 0; i < h->count; i++) {
        if (!h->ops[i].remove)
            continue;
        struct tail *tail = history_touch(h, h->ops[i].key);
        if (!tail)
            return err_add(err, ERR_MEMORY, "", "no memory to remove the metrics of a session");
        tail->cleared |= tail_holds(tail);
        tail->gone = true;
        tail_empty(&h->tails, tail);
    }
    return ERR_OK;
}

static enum err_code add_row(struct sqlite_store *st, const struct history_op *op, struct err *err)
{
    struct history *h = &st->history;
    struct tail *tail = history_touch(h, op->key);
    if (!tail)
        return err_add(err, ERR_MEMORY, "", "no memory for the metrics of a step");
    if (tail->gone)
        return ERR_OK;
    enum err_code code = tail->room ? ERR_OK : history_room(st, tail, err);
    if (code)
        return code;
    if (!tail_push(&h->tails, tail, &op->row, h->seq + 1))
        return err_add(err, ERR_MEMORY, "", "no memory for the metrics of a step");
    tail->fresh++;
    return tail->count >= tail->room ? history_flush(st, tail, err) : ERR_OK;
}

bool history_long(const struct history *h, const struct history_limits *limits)
{
    return h->seq - h->first + 1 > limits->frames || h->bytes > limits->bytes;
}

/* Whether what a deletion would leave is still beyond half the limits. Bytes are taken in
 * proportion to frames. */
static bool needs_room(const struct history *h, const struct history_limits *limits)
{
    int64_t frames = h->seq - h->first + 1, needed = h->seq - h->tails.oldest->seq + 1;
    return needed > limits->frames / 2 || h->bytes / frames * needed > limits->bytes / 2;
}

static size_t count_touched(const struct history *h)
{
    size_t count = 0;
    for (const struct tail *tail = h->touched; tail; tail = tail->next_touched)
        count++;
    return count;
}

/* Empties the oldest tails into blocks, at most one for each that was touched: a transaction makes
 * no more tails than that, so the journal's length is bounded. */
static enum err_code shorten(struct sqlite_store *st, const struct history_limits *limits,
                             struct err *err)
{
    struct history *h = &st->history;
    enum err_code code = ERR_OK;
    if (!history_long(h, limits))
        return ERR_OK;
    size_t touched = count_touched(h), budget = touched > 256 ? touched : 256;
    while (!code && budget-- > 0 && h->tails.oldest && needs_room(h, limits))
        code = history_flush(st, history_touch(h, h->tails.oldest->key), err);
    return code;
}

enum err_code history_write(struct sqlite_store *st, const struct history_limits *limits,
                            struct err *err)
{
    struct history *h = &st->history;
    if (h->count == 0 && h->recorded.len == 0 && !history_long(h, limits))
        return ERR_OK;
    h->applied = true;
    enum err_code code = forget_removed(h, err);
    for (size_t i = 0; i < h->count && !code; i++) {
        if (!h->ops[i].remove)
            code = add_row(st, &h->ops[i], err);
    }
    if (!code)
        code = recording_write(st, err);
    if (!code)
        code = shorten(st, limits, err);
    return code ? code : journal_write(st, limits, err);
}

/* A transaction of very many steps leaves no large buffers behind. */
static void shrink(struct history *h)
{
    if (h->frame.cap > BUFFER_KEPT)
        buf_close(&h->frame);
    if (h->recorded.cap > BUFFER_KEPT)
        buf_close(&h->recorded);
    if (h->cap * sizeof *h->ops > BUFFER_KEPT) {
        free(h->ops);
        h->ops = NULL;
        h->cap = 0;
    }
}

/* Empty tails are not kept: looking the room up again costs little. */
void history_committed(struct sqlite_store *st)
{
    struct history *h = &st->history;
    for (struct tail *tail = h->touched, *next; tail; tail = next) {
        next = tail->next_touched;
        tail->touched = tail->cleared = false;
        tail->fresh = tail->fresh_bytes = 0;
        if (!tail_holds(tail))
            tails_drop(&h->tails, tail);
    }
    h->touched = NULL;
    h->count = h->recorded.len = 0;
    h->applied = false;
    shrink(h);
}

void history_rolled_back(struct sqlite_store *st)
{
    struct history *h = &st->history;
    h->count = h->recorded.len = 0;
    h->recorded.failed = false;
    h->stale |= h->applied;
    h->applied = false;
    h->touched = NULL;
}

enum err_code history_ready(struct sqlite_store *st, struct err *err)
{
    struct history *h = &st->history;
    if (!h->stale)
        return ERR_OK;
    tails_clear(&h->tails);
    enum err_code code = journal_replay(st, err);
    h->stale = code != ERR_OK;
    return code;
}

void history_close(struct history *h)
{
    tails_clear(&h->tails);
    buf_close(&h->frame);
    buf_close(&h->recorded);
    free(h->ops);
    h->ops = NULL;
    h->count = h->cap = 0;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Rows on their way to the reader: those of the range, as many as it wants. */
struct picked {
    const struct history_range *range;
    struct step_metrics *rows;
    size_t count, cap;
};

static void pick(struct picked *p, const struct step_metrics *rows, size_t count)
{
    for (size_t i = 0; i < count && p->count < p->cap; i++) {
        if (rows[i].step >= p->range->from && rows[i].step <= p->range->to)
            p->rows[p->count++] = rows[i];
    }
}

/* Rows that the blocks of the range hold at most. */
static enum err_code count_rows(struct sqlite_store *st, int64_t key,
                                const struct history_range *range, size_t *ret_count,
                                struct err *err)
{
    struct sql q = sql_start(st, SQL_block_rows);
    enum err_code code;
    sql_int(&q, key);
    sql_int(&q, range->to);
    sql_int(&q, range->from);
    if (!sql_row(&q, &code, err))
        return code;
    *ret_count = (size_t)sqlite3_column_int64(q.q, 0);
    sql_end(&q);
    return ERR_OK;
}

static enum err_code pick_blocks(struct sqlite_store *st, int64_t key, struct picked *p,
                                 struct err *err)
{
    struct step_metrics rows[COLUMNS_MAX];
    struct sql q = sql_start(st, SQL_block_range);
    enum err_code code = ERR_OK;
    sql_int(&q, key);
    sql_int(&q, p->range->to);
    sql_int(&q, p->range->from);
    while (p->count < p->cap && sql_row(&q, &code, err)) {
        const void *packed = sqlite3_column_blob(q.q, 1);
        size_t bytes = (size_t)sqlite3_column_bytes(q.q, 1);
        size_t count = packed ? columns_unpack(packed, bytes, rows) : 0;
        if (count == 0) {
            tell_damaged(key, sqlite3_column_int64(q.q, 0));
            sql_end(&q);
            return err_add(err, ERR_STORE, "", "the stored metrics of the session are damaged");
        }
        pick(p, rows, count);
    }
    sql_end(&q);
    return code;
}

/* What the open transaction holds back for this session; -1: it removes the session. */
static int64_t held_back(const struct history *h, int64_t key)
{
    int64_t count = 0;
    for (size_t i = 0; i < h->count; i++) {
        if (h->ops[i].key == key && h->ops[i].remove)
            return -1;
        count += h->ops[i].key == key;
    }
    return count;
}

static enum err_code read_all(struct sqlite_store *st, int64_t key, struct picked *p,
                              size_t waiting, struct err *err)
{
    const struct history *h = &st->history;
    const struct tail *tail = tails_find(&h->tails, key);
    enum err_code code = pick_blocks(st, key, p, err);
    if (!code && tail)
        pick(p, tail->rows, tail->count);
    for (size_t i = 0; i < h->count && waiting > 0 && !code; i++) {
        if (h->ops[i].key == key)
            pick(p, &h->ops[i].row, 1);
    }
    return code;
}

enum err_code sqlite_history_read(struct store *base, const struct session *s,
                                  const struct history_range *range, struct arena *a,
                                  struct step_metrics **ret_rows, size_t *ret_count,
                                  int64_t *ret_total, struct err *err)
{
    struct sqlite_store *st = (struct sqlite_store *)base;
    enum err_code code = st->open ? ERR_OK : history_ready(st, err);
    struct picked p = {.range = range};
    int64_t block, first, rows, waiting = held_back(&st->history, s->key);
    if (!code && waiting >= 0)
        code = count_rows(st, s->key, range, &p.cap, err);
    if (!code)
        code = newest_block(st, s->key, &block, &first, &rows, err);
    if (code)
        return code;
    const struct tail *tail = tails_find(&st->history.tails, s->key);
    size_t unpacked = waiting < 0 ? 0 : (size_t)waiting + (tail ? tail->count : 0);
    p.cap += unpacked;
    if (range->limit && p.cap > range->limit)
        p.cap = range->limit;
    p.rows = arena_zalloc(a, p.cap, sizeof *p.rows);
    if (!p.rows)
        return err_add(err, ERR_MEMORY, "", "no memory for the metrics of %zu steps", p.cap);
    if (waiting >= 0)
        code = read_all(st, s->key, &p, (size_t)waiting, err);
    if (code)
        return code;
    *ret_rows = p.rows;
    *ret_count = p.count;
    *ret_total = waiting < 0 ? 0 : first + rows + (int64_t)unpacked;
    return ERR_OK;
}
