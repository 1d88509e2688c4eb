/* The SQLite backend: transactions, the state of the store, and the vtable. WAL with
 * synchronous=FULL, one writer (the engine thread), statements prepared at open. */
#include "store/sqlite_internal.h"

static struct sqlite_store *of(struct store *base)
{
    return (struct sqlite_store *)base;
}

static enum err_code run(struct sqlite_store *st, enum sql_name name, struct err *err)
{
    struct sql q = sql_start(st, name);
    return sql_run(&q, err);
}

/* ---- transactions ---------------------------------------------------------------------------- */

static enum err_code sqlite_begin(struct store *base, struct err *err)
{
    struct sqlite_store *st = of(base);
    enum err_code code = history_ready(st, err);
    if (!code)
        code = run(st, SQL_begin, err);
    st->open = !code;
    return code;
}

static void sqlite_rollback(struct store *base)
{
    struct sqlite_store *st = of(base);
    st->open = false;
    if (!sqlite3_get_autocommit(st->db)) /* an error may have rolled back already */
        run(st, SQL_rollback, NULL);
    history_rolled_back(st);
    st->added = 0;
}

static enum err_code commit(struct sqlite_store *st, const struct history_limits *limits,
                            struct err *err)
{
    enum err_code code = history_write(st, limits, err);
    if (!code)
        code = run(st, SQL_commit, err);
    if (code) {
        sqlite_rollback(&st->base);
        return code;
    }
    st->open = false;
    history_committed(st);
    if (st->sessions >= 0)
        st->sessions += st->added;
    st->added = 0;
    checkpointer_finish(st);
    return ERR_OK;
}

static enum err_code sqlite_commit(struct store *base, struct err *err)
{
    return commit(of(base), &history_limits, err);
}

static enum err_code sqlite_mark(struct store *base, struct err *err)
{
    struct sqlite_store *st = of(base);
    st->history.mark = st->history.count;
    st->history.recorded_mark = st->history.recorded.len;
    st->mark = st->added;
    return run(st, SQL_mark, err);
}

static void sqlite_keep(struct store *base)
{
    run(of(base), SQL_keep, NULL);
}

static void sqlite_undo(struct store *base)
{
    struct sqlite_store *st = of(base);
    run(st, SQL_undo, NULL);
    run(st, SQL_keep, NULL);
    st->history.count = st->history.mark;
    st->history.recorded.len = st->history.recorded_mark;
    st->added = st->mark;
}

/* ---- state of the store ---------------------------------------------------------------------- */

static void add_check(struct store_check *checks, int *count, const char *name, bool ok,
                      const char *detail)
{
    checks[(*count)++] = (struct store_check){name, ok, detail};
}

/* A real transaction, down to the disk: a row that is written and removed again. */
static bool writes(struct sqlite_store *st)
{
    static const char sql[] = "BEGIN IMMEDIATE;"
                              "INSERT INTO metrics_journal (seq, frame) VALUES (-1, x'00');"
                              "DELETE FROM metrics_journal WHERE seq = -1;"
                              "COMMIT";
    if (sqlite3_exec(st->db, sql, NULL, NULL, NULL) == SQLITE_OK)
        return true;
    sqlite_fail(st, st->db, "a trial write", NULL);
    if (!sqlite3_get_autocommit(st->db))
        sqlite3_exec(st->db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

static bool sqlite_check(struct store *base, struct arena *a, struct store_check *ret_checks,
                         int *ret_count)
{
    struct sqlite_store *st = of(base);
    struct err err;
    int count = 0;
    int64_t version = sqlite_pragma_int(st->db, "PRAGMA user_version");
    bool current = version == sqlite_schema_latest(), writable = writes(st);
    err_init(&err);
    bool held = sqlite_settings_hold(st, &err);
    const char *text = arena_printf(a, "version %lld", (long long)version);
    const char *why = held ? "as they must be" : arena_strdup(a, err.at[0].detail);
    add_check(ret_checks, &count, "schema", current, text ? text : "");
    add_check(ret_checks, &count, "settings", held, why ? why : "");
    add_check(ret_checks, &count, "write", writable,
              writable ? "a transaction was committed" : "a transaction failed; see the log");
    *ret_count = count;
    return current && held && writable;
}

/* Old answers go, and the journal gets short while nobody waits. */
static void sqlite_tend(struct store *base)
{
    struct sqlite_store *st = of(base);
    bool stale = answers_stale(st);
    if (!stale && !history_long(&st->history, &history_idle_limits)) {
        checkpointer_finish(st);
        return;
    }
    if (sqlite_begin(base, NULL))
        return;
    if (stale && answers_expire(st, NULL))
        sqlite_rollback(base);
    else
        commit(st, &history_idle_limits, NULL);
}

static bool sqlite_fatal(const struct store *base)
{
    return atomic_load(&((struct sqlite_store *)(uintptr_t)base)->failed_sync);
}

static void count_sessions(struct sqlite_store *st)
{
    struct sql q = sql_start(st, SQL_session_count);
    enum err_code code;
    if (!sql_row(&q, &code, NULL))
        return;
    st->sessions = sqlite3_column_int64(q.q, 0);
    sql_end(&q);
}

static void sqlite_totals(struct store *base, int64_t *ret_sessions, int64_t *ret_bytes)
{
    struct sqlite_store *st = of(base);
    if (st->sessions < 0)
        count_sessions(st);
    int64_t pages = sqlite_pragma_int(st->db, "PRAGMA page_count");
    int64_t page_bytes = sqlite_pragma_int(st->db, "PRAGMA page_size");
    bool known = pages >= 0 && page_bytes >= 0;
    *ret_sessions = st->sessions;
    *ret_bytes = known ? pages * page_bytes + checkpointer_log_bytes(st) : -1;
}

/* The two differ in their name alone. */
#define OPS(name)                                                                                  \
    {                                                                                              \
        .scheme = name, .close = sqlite_close, .begin = sqlite_begin, .commit = sqlite_commit,     \
        .rollback = sqlite_rollback, .mark = sqlite_mark, .keep = sqlite_keep,                     \
        .undo = sqlite_undo, .insert = sqlite_insert, .put = sqlite_put, .update = sqlite_update,  \
        .load = sqlite_load, .remove = sqlite_remove, .list = sqlite_list,                         \
        .history_add = sqlite_history_add, .history_read = sqlite_history_read,                    \
        .history_buckets = sqlite_history_buckets, .answer_get = sqlite_answer_get,                \
        .answer_put = sqlite_answer_put, .recording_add = sqlite_recording_add,                    \
        .recording_read = sqlite_recording_read, .moved_add = sqlite_moved_add,                    \
        .moved_each = sqlite_moved_each, .dataset_put = sqlite_dataset_put,                        \
        .dataset_remove = sqlite_dataset_remove, .dataset_each = sqlite_dataset_each,              \
        .run_insert = sqlite_run_insert, .run_update = sqlite_run_update,                          \
        .run_get = sqlite_run_get, .run_list = sqlite_run_list, .run_active = sqlite_run_active,   \
        .check = sqlite_check, .tend = sqlite_tend, .fatal = sqlite_fatal,                         \
        .totals = sqlite_totals,                                                                   \
    }

const struct store_ops sqlite_ops = OPS("sqlite");
const struct store_ops memory_ops = OPS("memory");
