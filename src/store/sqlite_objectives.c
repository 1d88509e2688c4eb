/* The objectives of sessions: one row with the bytes that the session writes and reads. They never
 * change. */
#include "session/objective.h"
#include "store/sqlite_internal.h"

enum err_code objectives_insert(struct sqlite_store *st, const struct session *s, struct err *err)
{
    struct buf packed;
    enum err_code code;
    if (!s->objective)
        return ERR_OK;
    buf_init(&packed);
    objective_pack(s->objective, &packed);
    if (packed.failed) {
        code = err_add(err, ERR_MEMORY, "", "no memory for the objective of a session");
    } else {
        struct sql q = sql_start(st, SQL_objective_insert);
        sql_int(&q, s->key);
        sql_text(&q, s->objective->objective->name);
        sql_blob(&q, packed.data, packed.len);
        code = sql_run(&q, err);
    }
    buf_close(&packed);
    return code;
}

enum err_code objectives_load(struct sqlite_store *st, struct session *s, struct err *err)
{
    struct sql q = sql_start(st, SQL_objective_get);
    enum err_code code;
    sql_int(&q, s->key);
    if (!sql_row(&q, &code, err))
        return code;
    const void *packed = sqlite3_column_blob(q.q, 0);
    size_t bytes = (size_t)sqlite3_column_bytes(q.q, 0);
    code = objective_unpack(packed ? packed : "", bytes, &s->arena, &s->objective, err);
    sql_end(&q);
    if (!code && s->objective->n !=
                     s->tensors[s->tensor_count - 1].offset + s->tensors[s->tensor_count - 1].count)
        code = err_add(err, ERR_STORE, "", "the session's objective has other parameters");
    return code;
}
