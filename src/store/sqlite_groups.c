/* The parameter groups of sessions: one row each, and one for each hyperparameter of its own. */
#include "store/sqlite_internal.h"

#include "base/log.h"

/* ---- writing ------------------------------------------------------------------------------- */

static enum err_code clear(struct sqlite_store *st, enum sql_name name, const struct session *s,
                           struct err *err)
{
    struct sql q = sql_start(st, name);
    sql_int(&q, s->key);
    return sql_run(&q, err);
}

static enum err_code insert_group(struct sqlite_store *st, const struct session *s, int i,
                                  struct err *err)
{
    const struct group *x = &s->groups->list[i];
    const struct hyper *table = s->optim->hypers;
    struct sql q = sql_start(st, SQL_group_insert);
    sql_int(&q, s->key);
    sql_int(&q, i);
    sql_text(&q, x->match);
    sql_text(&q, x->exclude);
    sql_int(&q, x->frozen);
    enum err_code code = sql_run(&q, err);
    for (int k = 0; table[k].name && !code; k++) {
        if (!(x->given >> k & 1))
            continue;
        q = sql_start(st, SQL_group_hyperparameter_insert);
        sql_int(&q, s->key);
        sql_int(&q, i);
        sql_text(&q, table[k].name);
        hyper_bind(&q, &table[k], x->h[k]);
        code = sql_run(&q, err);
    }
    return code;
}

enum err_code groups_insert(struct sqlite_store *st, const struct session *s, bool again,
                            struct err *err)
{
    enum err_code code = ERR_OK;
    if (!s->groups)
        return ERR_OK;
    if (again)
        code = clear(st, SQL_group_clear, s, err);
    if (again && !code)
        code = clear(st, SQL_group_hyperparameter_clear, s, err);
    for (int i = 0; i < s->groups->count && !code; i++)
        code = insert_group(st, s, i, err);
    return code;
}

/* ---- reading ------------------------------------------------------------------------------- */

static enum err_code damaged(const struct session *s, const char *what, struct err *err)
{
    log_line(LOG_ERROR, "store: session %s: %s", s->id, what);
    return err_add(err, ERR_STORE, "", "the stored session %s is damaged: %s", s->id, what);
}

static enum err_code read_hypers(struct sqlite_store *st, const struct session *s,
                                 struct group *list, int count, struct err *err)
{
    const struct hyper *table = s->optim->hypers;
    struct sql q = sql_start(st, SQL_group_hyperparameter_list);
    enum err_code code, bad = ERR_OK;
    sql_int(&q, s->key);
    while (!bad && sql_row(&q, &code, err)) {
        const char *name = (const char *)sqlite3_column_text(q.q, 0);
        int i = sqlite3_column_int(q.q, 2), k = name ? hyper_find(table, name) : -1;
        if (i < 0 || i >= count || k < 0 || !hyper_read(&table[k], &q, &list[i].h[k]))
            bad = damaged(s, "a hyperparameter that its optimizer does not have", err);
        else
            list[i].given |= UINT32_C(1) << k;
    }
    sql_end(&q);
    return bad ? bad : code;
}

enum err_code groups_load(struct sqlite_store *st, struct session *s, struct err *err)
{
    struct group list[GROUPS];
    struct sql q = sql_start(st, SQL_group_list);
    enum err_code code = ERR_OK;
    bool failed = false;
    int count = 0;
    sql_int(&q, s->key);
    while (count <= GROUPS && sql_row(&q, &code, err)) {
        if (count++ == GROUPS)
            break;
        struct group *x = &list[count - 1];
        *x = (struct group){.match = sql_column(&q, 0, &s->arena, &failed),
                            .exclude = sql_column(&q, 1, &s->arena, &failed),
                            .frozen = sqlite3_column_int(q.q, 2) != 0};
        group_hypers(s, -1, s->h, x->h);
    }
    sql_end(&q);
    if (count > GROUPS)
        return damaged(s, "it has too many groups", err);
    if (code || count == 0)
        return code;
    code = read_hypers(st, s, list, count, err);
    if (!code && (failed || !session_set_groups(s, list, count)))
        code = err_add(err, ERR_MEMORY, "", "no memory to load the session");
    return code;
}
