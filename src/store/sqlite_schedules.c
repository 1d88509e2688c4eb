/* The schedules of sessions: one row with a line of JSON, as the session writes and reads it. */
#include "store/sqlite_internal.h"

static enum err_code no_memory(struct err *err)
{
    return err_add(err, ERR_MEMORY, "", "no memory for the schedules of a session");
}

static enum err_code clear(struct sqlite_store *st, const struct session *s, struct err *err)
{
    struct sql q = sql_start(st, SQL_schedule_clear);
    sql_int(&q, s->key);
    return sql_run(&q, err);
}

enum err_code schedules_insert(struct sqlite_store *st, const struct session *s, bool again,
                               struct err *err)
{
    struct buf text;
    enum err_code code = again ? clear(st, s, err) : ERR_OK;
    if (code || !s->schedules)
        return code;
    buf_init(&text);
    session_schedules_write(s, &text);
    buf_putc(&text, '\0');
    if (text.failed) {
        code = no_memory(err);
    } else {
        struct sql q = sql_start(st, SQL_schedule_insert);
        sql_int(&q, s->key);
        sql_text(&q, text.data);
        code = sql_run(&q, err);
    }
    buf_close(&text);
    return code;
}

enum err_code schedules_load(struct sqlite_store *st, struct session *s, struct err *err)
{
    struct sql q = sql_start(st, SQL_schedule_get);
    enum err_code code;
    struct arena scratch;
    sql_int(&q, s->key);
    if (!sql_row(&q, &code, err))
        return code;
    bool failed = false;
    arena_init(&scratch);
    const char *text = sql_column(&q, 0, &scratch, &failed);
    sql_end(&q);
    code = failed ? no_memory(err) : session_schedules_read(s, text, err);
    arena_close(&scratch);
    return code;
}
