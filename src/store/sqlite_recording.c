/* What the newest steps of small sessions did: a row each. */
#include "store/sqlite_internal.h"

#include "base/log.h"

static enum err_code add_row(struct sqlite_store *st, const struct session *s,
                             const struct recorded_step *r, struct err *err)
{
    struct sql q = sql_start(st, SQL_recording_put);
    sql_int(&q, s->key);
    sql_int(&q, r->step);
    sql_blob(&q, r->parameters, s->view.n * sizeof *r->parameters);
    sql_blob(&q, r->block, r->block_bytes);
    sql_blob(&q, r->input, r->input_count * sizeof *r->input);
    return sql_run(&q, err);
}

/* The old ones go a hundred at a time. */
static enum err_code forget(struct sqlite_store *st, const struct session *s, int64_t step,
                            struct err *err)
{
    struct sql q = sql_start(st, SQL_recording_forget);
    sql_int(&q, s->key);
    sql_int(&q, step - RECORDING_STEPS);
    return sql_run(&q, err);
}

enum err_code sqlite_recording_add(struct store *base, const struct session *s,
                                   const struct recorded_step *rows, size_t count, struct err *err)
{
    struct sqlite_store *st = (struct sqlite_store *)base;
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < count && !code; i++) {
        code = add_row(st, s, &rows[i], err);
        if (!code && rows[i].step > RECORDING_STEPS && rows[i].step % 100 == 0)
            code = forget(st, s, rows[i].step, err);
    }
    return code;
}

/* A blob of the row in `a`; NULL for NULL. */
static const void *copy_blob(struct sql *q, int column, struct arena *a, size_t *ret_bytes,
                             bool *ret_failed)
{
    const void *data = sqlite3_column_blob(q->q, column);
    *ret_bytes = (size_t)sqlite3_column_bytes(q->q, column);
    void *copy = data ? arena_memdup(a, data, *ret_bytes) : NULL;
    *ret_failed |= data && !copy;
    return copy;
}

static enum err_code read_row(struct sql *q, const struct session *s, struct arena *a,
                              struct recorded_step *ret, struct err *err)
{
    bool failed = false;
    size_t parameters, input;
    ret->step = sqlite3_column_int64(q->q, 0);
    ret->parameters = copy_blob(q, 1, a, &parameters, &failed);
    ret->block = copy_blob(q, 2, a, &ret->block_bytes, &failed);
    ret->input = copy_blob(q, 3, a, &input, &failed);
    ret->input_count = input / sizeof *ret->input;
    if (failed)
        return err_add(err, ERR_MEMORY, "", "no memory for the recorded steps");
    if (ret->parameters && parameters == s->view.n * sizeof *ret->parameters)
        return ERR_OK;
    log_line(LOG_ERROR, "store: session %s: the recorded step %lld is damaged", s->id,
             (long long)ret->step);
    return err_add(err, ERR_STORE, "", "the recorded step %lld of session %s is damaged",
                   (long long)ret->step, s->id);
}

enum err_code sqlite_recording_read(struct store *base, const struct session *s,
                                    const struct history_range *range, struct arena *a,
                                    struct recorded_step **ret_rows, size_t *ret_count,
                                    struct err *err)
{
    struct recorded_step *rows = arena_zalloc(a, range->limit, sizeof *rows);
    enum err_code code = ERR_OK, bad = ERR_OK;
    size_t count = 0;
    if (!rows)
        return err_add(err, ERR_MEMORY, "", "no memory for the recorded steps");
    struct sql q = sql_start((struct sqlite_store *)base, SQL_recording_read);
    sql_int(&q, s->key);
    sql_int(&q, range->from);
    sql_int(&q, range->to < s->step ? range->to : s->step);
    sql_int(&q, (int64_t)range->limit);
    while (!bad && count < range->limit && sql_row(&q, &code, err))
        bad = read_row(&q, s, a, &rows[count++], err);
    sql_end(&q);
    *ret_rows = rows;
    *ret_count = count;
    return bad ? bad : code;
}
