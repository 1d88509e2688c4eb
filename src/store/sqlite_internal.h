/* What the files of the SQLite backend share. No other file includes it.
 *
 *   sqlite.c             vtable, transactions, state of the store
 *   sqlite_sql.c         statements and errors
 *   sqlite_open.c        lock, pragmas, migrations, open and close
 *   sqlite_sessions.c    sessions: insert, put, update, remove, list
 *   sqlite_load.c        a session from its rows
 *   sqlite_groups.c      the parameter groups of sessions
 *   sqlite_schedules.c   the schedules of sessions
 *   sqlite_objectives.c  the objectives of sessions
 *   sqlite_transforms.c  the transforms of sessions
 *   sqlite_history.c     metrics of steps: tails, blocks, reading
 *   sqlite_buckets.c     metrics of steps: reading for plots
 *   sqlite_journal.c     metrics of steps: the journal's frames
 *   sqlite_answers.c     answers kept for Idempotency-Keys
 *   sqlite_recording.c   what the newest steps of small sessions did, in the same journal
 *   sqlite_moved.c       what schedules gave, in the same journal
 *   sqlite_datasets.c    data sets that clients uploaded
 *   sqlite_runs.c        runs of sessions
 *   sqlite_checkpoint.c  the thread that moves the write-ahead log into the database
 *   sqlite_inspect.c     `stepd check`
 *
 * Thread: the engine's, but for what sqlite_checkpoint.c says. */
#ifndef STEPD_STORE_SQLITE_INTERNAL_H
#define STEPD_STORE_SQLITE_INTERNAL_H

#include "store/store.h"
#include "store/tails.h"

#include <sqlite3.h>
#include <stdatomic.h>

enum sql_name {
#define SQL(name, text) SQL_##name,
#include "sqlite_queries.h"
#undef SQL
    SQL_COUNT
};

/* One thing in the stream of records of a tail: a recorded step, or what schedules gave for one. */
enum record_kind { RECORD_STEP, RECORD_MOVED };
struct record_head {
    int64_t step;
    uint32_t parameters, block_bytes, input_count, kind; /* lengths of what follows */
};

/* What stands before a record that the open transaction holds back. */
struct record_waiting {
    int64_t key;
    uint64_t bytes;
};

/* What the open transaction holds back: a step's metrics, or the removal of a session. */
struct history_op {
    int64_t key; /* of the session */
    bool remove;
    struct step_metrics row;
};

/* How long the journal may grow before the oldest tails are emptied into blocks. */
struct history_limits {
    int64_t frames, bytes;
};
extern const struct history_limits history_limits;      /* while there is work */
extern const struct history_limits history_idle_limits; /* when there is none */

/* Metrics of steps, and recorded steps; sqlite_history.c says how it works. */
struct history {
    struct tails tails;
    struct tail *touched; /* by the open transaction, once history_write has begun */
    struct history_op *ops;
    size_t count, cap;          /* of ops */
    struct buf recorded;        /* records of the open transaction; see sqlite_recording.c */
    size_t mark, recorded_mark; /* `count` and recorded.len at the savepoint */
    struct buf frame;
    int64_t first, seq, bytes; /* oldest and newest frame of the journal, bytes of all */
    bool applied;              /* the open transaction has begun to change tails */
    bool stale;                /* tails are not what the journal says: replay it */
};

struct sqlite_store {
    struct store base;
    sqlite3 *db;
    sqlite3_stmt *statements[SQL_COUNT];
    char *path; /* NULL: in memory */
    int lock_fd;
    bool open; /* a transaction is, as far as the engine knows; sql_start says why */
    atomic_bool failed_sync;
    int64_t sessions;    /* kept as of the last commit, -1: not counted yet */
    int64_t added, mark; /* by the open transaction, now and at its savepoint */
    struct history history;
    struct checkpointer *checkpointer; /* NULL in memory */
};

extern const struct store_ops sqlite_ops, memory_ops;

/* ---- sqlite_sql.c: a statement in use -------------------------------------------------------- */

/* Values are bound in order. A failed binding is remembered and told when the statement runs. */
struct sql {
    struct sqlite_store *st;
    sqlite3_stmt *q;
    enum sql_name name;
    int at; /* the last parameter bound */
    int rc; /* SQLITE_OK, or what went wrong */
};

/* SQLite undoes a whole transaction by itself after some errors, and what came next would be
 * committed alone. So every statement fails until the engine, too, has ended the transaction. */
struct sql sql_start(struct sqlite_store *st, enum sql_name name);
void sql_int(struct sql *q, int64_t value);
void sql_real(struct sql *q, double value); /* NaN as NULL */
/* NULL as NULL. The memory must hold until the statement has ended. */
void sql_text(struct sql *q, const char *text);
void sql_blob(struct sql *q, const void *data, size_t bytes);

/* The next row. False: there is none (*ret_code ERR_OK) or it failed; the statement has ended. */
bool sql_row(struct sql *q, enum err_code *ret_code, struct err *err);
/* Runs a statement that gives no rows, and ends it. */
enum err_code sql_run(struct sql *q, struct err *err);
/* Ends a statement that q->rc says has failed. */
enum err_code sql_fail(struct sql *q, struct err *err);
/* Ends a statement whose rows were not all read; harmless after the last one. */
void sql_end(struct sql *q);

double sql_column_real(struct sql *q, int i); /* NULL as NaN */
/* A copy of a text in `a`, NULL for NULL; *ret_failed is set where there is no memory. */
const char *sql_column(struct sql *q, int i, struct arena *a, bool *ret_failed);

/* Turns a result code into an error, with the cause in the log. A failed sync is remembered. */
enum err_code sqlite_fail(struct sqlite_store *st, sqlite3 *db, const char *what, struct err *err);

/* ---- sqlite_open.c --------------------------------------------------------------------------- */

int sqlite_schema_latest(void); /* the newest version that this program knows */
/* The first column of the first row as a whole number, -1 where there is none. */
int64_t sqlite_pragma_int(sqlite3 *db, const char *pragma);
/* Whether the file is ours and not newer than this program. */
enum err_code sqlite_recognise(sqlite3 *db, const char *path, struct err *err);
bool sqlite_settings_hold(const struct sqlite_store *st, struct err *err);
void sqlite_close(struct store *base);

/* ---- sqlite_sessions.c, sqlite_load.c -------------------------------------------------------- */

extern const char *const tensor_forms[]; /* names of enum tensor_form */
enum err_code sqlite_insert(struct store *base, struct session *s, struct err *err);
enum err_code sqlite_put(struct store *base, struct session *s, int64_t read_revision,
                         struct err *err);
enum err_code sqlite_update(struct store *base, struct session *s, int64_t read_revision,
                            struct err *err);
enum err_code sqlite_remove(struct store *base, const struct session *s, struct err *err);
enum err_code sqlite_list(struct store *base, const struct store_query *query, struct arena *a,
                          const char ***ret_ids, int *ret_count, const char **ret_next,
                          struct err *err);
enum err_code sqlite_load(struct store *base, const char *id_or_name, struct session **ret_session,
                          struct err *err);

/* ---- sqlite_groups.c ------------------------------------------------------------------------- */

/* Writes the session's groups in place of those that it had. */
enum err_code groups_insert(struct sqlite_store *st, const struct session *s, bool again,
                            struct err *err);
/* Reads them into s->groups; tensors and hyperparameters are there, their state comes with the
 * block. */
enum err_code groups_load(struct sqlite_store *st, struct session *s, struct err *err);

/* ---- sqlite_schedules.c ---------------------------------------------------------------------- */

/* Writes the session's schedules in place of those that it had. */
enum err_code schedules_insert(struct sqlite_store *st, const struct session *s, bool again,
                               struct err *err);
/* Reads them into s->schedules; their state comes with the block. */
enum err_code schedules_load(struct sqlite_store *st, struct session *s, struct err *err);

/* ---- sqlite_objectives.c --------------------------------------------------------------------- */

/* Writes the session's objective, where it has one. */
enum err_code objectives_insert(struct sqlite_store *st, const struct session *s, struct err *err);
/* Reads it into s->objective; the tensors are there. */
enum err_code objectives_load(struct sqlite_store *st, struct session *s, struct err *err);

/* ---- sqlite_transforms.c --------------------------------------------------------------------- */

/* Writes the session's transforms; hyperparameters alone where it has been written before. */
enum err_code transforms_insert(struct sqlite_store *st, const struct session *s, bool again,
                                struct err *err);
/* Reads them into s->chain, not placed yet. */
enum err_code transforms_load(struct sqlite_store *st, struct session *s, struct err *err);
/* A value of a hyperparameter, as parameter or column 1 of a statement. false: it is none. */
void hyper_bind(struct sql *q, const struct hyper *row, double value);
bool hyper_read(const struct hyper *row, struct sql *q, double *ret_value);

/* ---- sqlite_history.c ------------------------------------------------------------------------ */

enum err_code sqlite_history_add(struct store *base, const struct session *s,
                                 const struct step_metrics *rows, size_t count, struct err *err);
enum err_code sqlite_history_read(struct store *base, const struct session *s,
                                  const struct history_range *range, struct arena *a,
                                  struct step_metrics **ret_rows, size_t *ret_count,
                                  int64_t *ret_total, struct err *err);
enum err_code sqlite_history_buckets(struct store *base, const struct session *s,
                                     const struct history_range *range, struct arena *a,
                                     struct bucket **ret_buckets, size_t *ret_count,
                                     int64_t *ret_total, struct err *err);
/* Forgets a session that the open transaction removes. */
enum err_code history_remove(struct sqlite_store *st, int64_t key, struct err *err);
/* Before a transaction, and before a read outside of one: tails are what the journal says. */
enum err_code history_ready(struct sqlite_store *st, struct err *err);
/* Inside the transaction, last: blocks and the frame. Then either of the two below. */
enum err_code history_write(struct sqlite_store *st, const struct history_limits *limits,
                            struct err *err);
void history_committed(struct sqlite_store *st);
void history_rolled_back(struct sqlite_store *st);
bool history_long(const struct history *h, const struct history_limits *limits);
/* The session's tail as part of the open transaction, once history_write has begun; NULL: no
 * memory. */
struct tail *history_touch(struct history *h, int64_t key);
/* Moves all that a touched tail holds to blocks. */
enum err_code history_flush(struct sqlite_store *st, struct tail *tail, struct err *err);
void history_close(struct history *h);

/* ---- sqlite_journal.c ------------------------------------------------------------------------ */

/* Writes the frame of the touched tails and deletes frames that are not needed any more. */
enum err_code journal_write(struct sqlite_store *st, const struct history_limits *limits,
                            struct err *err);
/* Fills the empty tails from the journal. */
enum err_code journal_replay(struct sqlite_store *st, struct err *err);

/* ---- sqlite_answers.c ------------------------------------------------------------------------ */

enum err_code sqlite_answer_get(struct store *base, const char *key, struct arena *a,
                                struct stored_answer *ret, struct err *err);
enum err_code sqlite_answer_put(struct store *base, const struct stored_answer *answer,
                                struct err *err);
/* Whether there is one older than a day; removes some of those, inside a transaction. */
bool answers_stale(struct sqlite_store *st);
enum err_code answers_expire(struct sqlite_store *st, struct err *err);

/* ---- sqlite_recording.c ---------------------------------------------------------------------- */

enum err_code sqlite_recording_add(struct store *base, const struct session *s,
                                   const struct recorded_step *rows, size_t count, struct err *err);
enum err_code sqlite_recording_read(struct store *base, const struct session *s,
                                    const struct history_range *range, struct arena *a,
                                    struct recorded_step **ret_rows, size_t *ret_count,
                                    struct err *err);
/* The length of the record that begins at `data`, 0: there is no whole one. */
size_t record_whole(const char *data, size_t bytes, struct record_head *ret);
/* The next record of those held back, NULL after the last one. */
const char *record_next(const struct history *h, size_t *at, struct record_waiting *ret);
/* Of history_write: what the open transaction has recorded goes to the tails. */
enum err_code recording_write(struct sqlite_store *st, struct err *err);
/* Of history_flush: the records of a tail become blocks. */
enum err_code recording_flush(struct sqlite_store *st, const struct tail *tail, struct err *err);

/* ---- sqlite_moved.c -------------------------------------------------------------------------- */

enum err_code sqlite_moved_add(struct store *base, const struct session *s,
                               const struct step_metrics *rows, const double *values, size_t count,
                               struct err *err);
enum err_code sqlite_moved_each(struct store *base, const struct session *s,
                                const struct history_range *range, const char *name,
                                void (*take)(void *user, int64_t step, double value), void *user,
                                struct err *err);
/* Of recording_flush: records of kind RECORD_MOVED, of steps first … last, become a block. */
enum err_code moved_flush(struct sqlite_store *st, int64_t key, const struct buf *stream,
                          int64_t first, int64_t last, struct err *err);

/* ---- sqlite_datasets.c ----------------------------------------------------------------------- */

enum err_code sqlite_dataset_put(struct store *base, const struct dataset *d, int64_t created_ms,
                                 struct err *err);
enum err_code sqlite_dataset_remove(struct store *base, const char *name, struct err *err);
enum err_code sqlite_dataset_each(struct store *base, bool (*take)(void *, const struct dataset *),
                                  void *user, struct err *err);

/* ---- sqlite_runs.c --------------------------------------------------------------------------- */

enum err_code sqlite_run_insert(struct store *base, const struct session_run *run, struct err *err);
enum err_code sqlite_run_update(struct store *base, const struct session_run *run, struct err *err);
enum err_code sqlite_run_get(struct store *base, const char *id, struct session_run *ret,
                             struct err *err);
enum err_code sqlite_run_list(struct store *base, const struct session *s, int limit,
                              struct arena *a, struct session_run **ret_runs, size_t *ret_count,
                              struct err *err);
enum err_code sqlite_run_active(struct store *base,
                                bool (*take)(void *user, const struct session_run *run), void *user,
                                struct err *err);

/* ---- sqlite_checkpoint.c --------------------------------------------------------------------- */

enum err_code checkpointer_start(struct sqlite_store *st, struct err *err);
void checkpointer_stop(struct sqlite_store *st);
/* Between two transactions: copies the rest where the log is long. */
void checkpointer_finish(struct sqlite_store *st);
int64_t checkpointer_log_bytes(const struct sqlite_store *st);

#endif
