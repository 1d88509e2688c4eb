/* The journal of metrics and recorded steps: frames, their replay, and their deletion.
 *
 * A frame is a head and runs, one for each session that the transaction touched:
 *
 *   uint64 checksum   XXH3 of all that follows
 *   uint32 version    1
 *   uint32 runs
 *   each run: int64 key of the session; uint32 count; uint32 flags; then
 *             count records of 48 bytes, or, with the flag `recorded`, count bytes of recorded
 *             steps as sqlite_recording.c writes them
 *
 * The flag `clear` says: what earlier frames hold of this session is in blocks, or the session is
 * gone. It stands in the session's first run of a frame. So
 * any suffix of the journal that begins no later than the oldest row of a tail replays to the same
 * tails, and what lies before may be deleted. */
#include "store/columns.h"
#include "store/sqlite_internal.h"

#include "base/log.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "frames are little-endian");
_Static_assert(sizeof(struct step_metrics) == 48, "records without padding");

/* Frames are deleted by this many, so that their pages go at once. */
enum { VERSION = 1, DELETE_MIN = 256, DELETE_MAX = 1024 };
enum { RUN_CLEAR = 1, RUN_RECORDED = 2 };

struct head {
    uint64_t checksum;
    uint32_t version, runs;
};

struct run {
    int64_t key;
    uint32_t count, flags;
};

static uint64_t checksum(const char *data, size_t bytes)
{
    return XXH3_64bits(data + sizeof(uint64_t), bytes - sizeof(uint64_t));
}

/* ---- writing --------------------------------------------------------------------------------- */

/* Returns how many there are. */
static uint32_t add_runs(struct buf *b, const struct tail *tail)
{
    uint32_t clear = tail->cleared ? RUN_CLEAR : 0, runs = 0;
    if (tail->fresh > 0 || clear) {
        struct run run = {.key = tail->key, .count = (uint32_t)tail->fresh, .flags = clear};
        buf_add(b, &run, sizeof run);
        buf_add(b, tail->rows + tail->count - tail->fresh, tail->fresh * sizeof *tail->rows);
        runs++;
    }
    if (tail->fresh_bytes > 0) {
        struct run run = {
            .key = tail->key, .count = (uint32_t)tail->fresh_bytes, .flags = RUN_RECORDED};
        buf_add(b, &run, sizeof run);
        buf_add(b, tail->recorded.data + tail->recorded.len - tail->fresh_bytes, tail->fresh_bytes);
        runs++;
    }
    return runs;
}

/* Whether the frame has any run. */
static bool make_frame(struct history *h)
{
    struct head head = {.version = VERSION};
    h->frame.len = 0;
    h->frame.failed = false;
    buf_add(&h->frame, &head, sizeof head);
    for (const struct tail *tail = h->touched; tail; tail = tail->next_touched)
        head.runs += add_runs(&h->frame, tail);
    if (h->frame.failed)
        return true;
    memcpy(h->frame.data, &head, sizeof head);
    head.checksum = checksum(h->frame.data, h->frame.len);
    memcpy(h->frame.data, &head, sizeof head);
    return head.runs > 0;
}

static enum err_code insert_frame(struct sqlite_store *st, struct err *err)
{
    struct history *h = &st->history;
    if (!make_frame(h))
        return ERR_OK;
    if (h->frame.failed)
        return err_add(err, ERR_MEMORY, "", "no memory for the metrics of a transaction");
    struct sql q = sql_start(st, SQL_journal_insert);
    sql_int(&q, h->seq + 1);
    sql_blob(&q, h->frame.data, h->frame.len);
    enum err_code code = sql_run(&q, err);
    if (code)
        return code;
    h->seq++;
    h->bytes += (int64_t)h->frame.len;
    return ERR_OK;
}

/* Deletes frames that hold no row of a tail, once they are many or the journal is long. */
static enum err_code drop_frames(struct sqlite_store *st, const struct history_limits *limits,
                                 struct err *err)
{
    struct history *h = &st->history;
    int64_t needed = h->tails.oldest ? h->tails.oldest->seq : h->seq + 1;
    int64_t useless = needed - h->first;
    enum err_code code;
    if (useless < DELETE_MIN && !(useless > 0 && history_long(h, limits)))
        return ERR_OK;
    if (useless > DELETE_MAX)
        needed = h->first + DELETE_MAX;
    struct sql q = sql_start(st, SQL_journal_drop);
    sql_int(&q, needed);
    while (sql_row(&q, &code, err))
        h->bytes -= sqlite3_column_int64(q.q, 0);
    if (!code)
        h->first = needed;
    return code;
}

enum err_code journal_write(struct sqlite_store *st, const struct history_limits *limits,
                            struct err *err)
{
    enum err_code code = insert_frame(st, err);
    return code ? code : drop_frames(st, limits, err);
}

/* ---- reading --------------------------------------------------------------------------------- */

static enum err_code damaged(int64_t seq, struct err *err)
{
    log_line(LOG_ERROR, "store: frame %lld of metrics_journal is damaged or follows a gap",
             (long long)seq);
    return err_add(err, ERR_STORE, "",
                   "frame %lld of the metrics journal is damaged or the one before it is missing; "
                   "deleting all rows of "
                   "metrics_journal gives up the newest metrics and no session",
                   (long long)seq);
}

static enum err_code no_memory(struct err *err)
{
    return err_add(err, ERR_MEMORY, "", "no memory for the metrics journal");
}

/* After any frame a tail has less than a block's rows. */
static enum err_code replay_rows(struct history *h, const struct run *run, const char *rows,
                                 int64_t seq, struct err *err)
{
    struct tail *tail = tails_find(&h->tails, run->key);
    bool pushed = true;
    if (run->flags & RUN_CLEAR && tail)
        tail_empty(&h->tails, tail);
    if ((tail ? tail->count : 0) + run->count >= COLUMNS_MAX)
        return damaged(seq, err);
    if (!tail && run->count > 0)
        tail = tails_make(&h->tails, run->key);
    for (size_t i = 0; i < run->count && tail && pushed; i++) {
        struct step_metrics row;
        memcpy(&row, rows + i * sizeof row, sizeof row);
        pushed = tail_push(&h->tails, tail, &row, seq);
    }
    if (run->count > 0 && !(tail && pushed))
        return no_memory(err);
    if (tail && !tail_holds(tail))
        tails_drop(&h->tails, tail);
    return ERR_OK;
}

static enum err_code replay_recorded(struct history *h, const struct run *run, const char *data,
                                     int64_t seq, struct err *err)
{
    struct tail *tail = tails_find(&h->tails, run->key);
    if (!tail)
        tail = tails_make(&h->tails, run->key);
    bool added = tail && tail_record(&h->tails, tail, data, run->count, seq);
    return added ? ERR_OK : no_memory(err);
}

static size_t run_bytes(const struct run *run)
{
    return run->flags & RUN_RECORDED ? run->count : run->count * sizeof(struct step_metrics);
}

static enum err_code replay_frame(struct history *h, int64_t seq, const char *data, size_t bytes,
                                  struct err *err)
{
    struct head head;
    size_t at = sizeof head;
    if (bytes < sizeof head)
        return damaged(seq, err);
    memcpy(&head, data, sizeof head);
    if (head.version != VERSION || head.checksum != checksum(data, bytes))
        return damaged(seq, err);
    for (uint32_t i = 0; i < head.runs; i++) {
        struct run run;
        if (bytes - at < sizeof run)
            return damaged(seq, err);
        memcpy(&run, data + at, sizeof run);
        at += sizeof run;
        if (bytes - at < run_bytes(&run))
            return damaged(seq, err);
        enum err_code code = run.flags & RUN_RECORDED
                                 ? replay_recorded(h, &run, data + at, seq, err)
                                 : replay_rows(h, &run, data + at, seq, err);
        if (code)
            return code;
        at += run_bytes(&run);
    }
    return at == bytes ? ERR_OK : damaged(seq, err);
}

enum err_code journal_replay(struct sqlite_store *st, struct err *err)
{
    struct history *h = &st->history;
    struct sql q = sql_start(st, SQL_journal_list);
    enum err_code code = ERR_OK, replayed = ERR_OK;
    h->first = 1;
    h->seq = h->bytes = 0;
    while (!replayed && sql_row(&q, &code, err)) {
        int64_t seq = sqlite3_column_int64(q.q, 0);
        const void *frame = sqlite3_column_blob(q.q, 1);
        size_t bytes = (size_t)sqlite3_column_bytes(q.q, 1);
        bool follows = h->seq == 0 || seq == h->seq + 1;
        if (h->seq == 0)
            h->first = seq;
        h->seq = seq;
        h->bytes += (int64_t)bytes;
        replayed = frame && follows ? replay_frame(h, seq, frame, bytes, err) : damaged(seq, err);
    }
    sql_end(&q);
    return code ? code : replayed;
}
