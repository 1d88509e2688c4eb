/* The transforms of sessions: one row each, and one for each of their hyperparameters. Names and
 * patterns never change, so that a patch writes hyperparameters alone. A list is a blob of doubles,
 * as the session's block holds them. */
#include "store/sqlite_internal.h"

#include "base/log.h"

#include <string.h>

/* ---- writing ------------------------------------------------------------------------------- */

static enum err_code insert_link(struct sqlite_store *st, const struct session *s, int i,
                                 struct err *err)
{
    const struct transform_link *link = &s->chain->links[i];
    struct sql q = sql_start(st, SQL_transform_insert);
    sql_int(&q, s->key);
    sql_int(&q, i);
    sql_text(&q, link->transform->name);
    sql_text(&q, profile_names[link->profile]);
    sql_text(&q, link->match);
    sql_text(&q, link->exclude);
    return sql_run(&q, err);
}

static enum err_code insert_hypers(struct sqlite_store *st, const struct session *s, int i,
                                   struct err *err)
{
    const struct transform_link *link = &s->chain->links[i];
    const struct hyper *table = link->transform->hypers;
    enum err_code code = ERR_OK;
    for (int k = 0; table[k].name && !code; k++) {
        struct sql q = sql_start(st, SQL_transform_hyperparameter_insert);
        sql_int(&q, s->key);
        sql_int(&q, i);
        sql_text(&q, table[k].name);
        if (link->list[k].count)
            sql_blob(&q, link->list[k].data, link->list[k].count * sizeof(double));
        else
            hyper_bind(&q, &table[k], link->h[k]);
        code = sql_run(&q, err);
    }
    return code;
}

enum err_code transforms_insert(struct sqlite_store *st, const struct session *s, bool again,
                                struct err *err)
{
    enum err_code code = ERR_OK;
    if (!s->chain)
        return ERR_OK;
    if (again) {
        struct sql q = sql_start(st, SQL_transform_hyperparameter_clear);
        sql_int(&q, s->key);
        code = sql_run(&q, err);
    }
    for (int i = 0; i < s->chain->count && !code; i++) {
        if (!again)
            code = insert_link(st, s, i, err);
        if (!code)
            code = insert_hypers(st, s, i, err);
    }
    return code;
}

/* ---- reading ------------------------------------------------------------------------------- */

static enum err_code damaged(const struct session *s, const char *what, struct err *err)
{
    log_line(LOG_ERROR, "store: session %s: %s", s->id, what);
    return err_add(err, ERR_STORE, "", "the stored session %s is damaged: %s", s->id, what);
}

static enum err_code no_memory(struct err *err)
{
    return err_add(err, ERR_MEMORY, "", "no memory to load the session");
}

static int profile_of(const char *name)
{
    int p = PROFILE_COUNT - 1;
    while (p >= 0 && (!name || strcmp(profile_names[p], name) != 0))
        p--;
    return p;
}

/* One row of transform_list. Hyperparameters that a newer program added take their defaults. */
static enum err_code read_link(const struct session *s, struct sql *q, struct arena *a,
                               struct transform_link *link, struct err *err)
{
    bool failed = false;
    const char *name = sql_column(q, 0, a, &failed);
    int profile = profile_of(sql_column(q, 1, a, &failed));
    *link = (struct transform_link){.match = sql_column(q, 2, a, &failed),
                                    .exclude = sql_column(q, 3, a, &failed)};
    if (failed)
        return no_memory(err);
    link->transform = name ? transform_find(name) : NULL;
    if (!link->transform || profile < 0)
        return damaged(s, "this stepd does not know one of its transforms", err);
    link->profile = (enum profile)profile;
    for (int i = 0; link->transform->hypers[i].name; i++)
        link->h[i] = link->transform->hypers[i].value[profile];
    return ERR_OK;
}

/* The column of a name that is compared at once: no copy is needed. */
static int find_hyper(const struct transform_link *link, struct sql *q)
{
    const char *name = (const char *)sqlite3_column_text(q->q, 0);
    return name ? hyper_find(link->transform->hypers, name) : -1;
}

/* The value of row k, which is a list where a blob is stored. */
static enum err_code read_value(const struct session *s, struct transform_link *link, int k,
                                struct sql *q, struct arena *a, struct err *err)
{
    const struct hyper *row = k < 0 ? NULL : &link->transform->hypers[k];
    bool list = row && row->kind == HYPER_LIST && sqlite3_column_type(q->q, 1) == SQLITE_BLOB;
    if (list && (size_t)sqlite3_column_bytes(q->q, 1) % sizeof(double) == 0) {
        size_t bytes = (size_t)sqlite3_column_bytes(q->q, 1), count = bytes / sizeof(double);
        link->h[k] = (double)count;
        link->list[k].data = arena_memdup(a, sqlite3_column_blob(q->q, 1), bytes);
        link->list[k].count = count;
        return link->list[k].data ? ERR_OK : no_memory(err);
    }
    return row && hyper_read(row, q, &link->h[k])
               ? ERR_OK
               : damaged(s, "a hyperparameter that its transform does not have", err);
}

static enum err_code read_hypers(struct sqlite_store *st, const struct session *s, struct arena *a,
                                 struct transform_link *links, int count, struct err *err)
{
    struct sql q = sql_start(st, SQL_transform_hyperparameter_list);
    enum err_code code, bad = ERR_OK;
    sql_int(&q, s->key);
    while (!bad && sql_row(&q, &code, err)) {
        int i = sqlite3_column_int(q.q, 2);
        bool there = i >= 0 && i < count;
        bad = read_value(s, &links[there ? i : 0], there ? find_hyper(&links[i], &q) : -1, &q, a,
                         err);
    }
    sql_end(&q);
    return bad ? bad : code;
}

/* A transform relies on its rules: a list that is shorter than it should be would be read past its
 * end. */
static enum err_code check_rules(const struct session *s, const struct transform_link *links,
                                 int count, struct err *err)
{
    struct err ignored;
    err_init(&ignored);
    for (int i = 0; i < count; i++) {
        if (transform_link_check(&links[i], s->tensors, s->tensor_count, "#", &ignored))
            return damaged(s, "a hyperparameter is not as its transform has it", err);
    }
    return ERR_OK;
}

static enum err_code load(struct sqlite_store *st, struct session *s, struct arena *a,
                          struct err *err)
{
    struct transform_link links[TRANSFORM_CHAIN];
    struct sql q = sql_start(st, SQL_transform_list);
    enum err_code code = ERR_OK, bad = ERR_OK;
    int count = 0;
    sql_int(&q, s->key);
    while (!bad && sql_row(&q, &code, err)) {
        if (count == TRANSFORM_CHAIN)
            bad = damaged(s, "it has too many transforms", err);
        else
            bad = read_link(s, &q, a, &links[count++], err);
    }
    sql_end(&q);
    if (bad || code || count == 0)
        return bad ? bad : code;
    code = read_hypers(st, s, a, links, count, err);
    if (!code)
        code = check_rules(s, links, count, err);
    if (!code && !session_set_transforms(s, links, count))
        code = no_memory(err);
    return code;
}

enum err_code transforms_load(struct sqlite_store *st, struct session *s, struct err *err)
{
    struct arena scratch;
    arena_init(&scratch);
    enum err_code code = load(st, s, &scratch, err);
    arena_close(&scratch);
    return code;
}
