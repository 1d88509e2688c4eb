/* Writing sessions, and their list.
 *
 * The hot path is sqlite_put: one UPDATE of one narrow row that names the revision which was read.
 * The rest is written when a session is created or patched. Choices, forms and policies are kept
 * by name, so that a table of the program may be reordered without harm. */
#include "store/sqlite_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const tensor_forms[] = {
    [TENSOR_NUMBER] = "number", [TENSOR_NESTED] = "nested", [TENSOR_FLAT] = "flat", NULL};

static struct sqlite_store *of(struct store *base)
{
    return (struct sqlite_store *)base;
}

/* ---- state ----------------------------------------------------------------------------------- */

/* The columns in which state_insert and state_put begin alike. */
static void bind_state(struct sql *q, const struct session *s)
{
    sql_int(q, s->revision);
    sql_int(q, s->step);
    sql_int(q, s->skipped);
    sql_int(q, s->updated_ms);
    sql_int(q, s->last.step);
    sql_int(q, s->last.time_ms);
    sql_real(q, s->last.loss);
    sql_real(q, s->last.lr);
    sql_real(q, s->last.gradient_norm);
    sql_real(q, s->last.update_norm);
    sql_blob(q, s->block, s->block_bytes);
    sql_int(q, s->key);
}

/* No row had the revision: tells the current one, where there is one. */
static enum err_code stale(struct sqlite_store *st, const struct session *s, struct err *err)
{
    struct sql q = sql_start(st, SQL_state_position);
    enum err_code code;
    sql_int(&q, s->key);
    bool found = sql_row(&q, &code, err);
    if (code)
        return code;
    err_add(err, ERR_STALE, "", "the session was changed or removed in the meantime");
    if (found && err) {
        err->revision = sqlite3_column_int64(q.q, 0);
        err->step = sqlite3_column_int64(q.q, 1);
    }
    sql_end(&q);
    return ERR_STALE;
}

enum err_code sqlite_put(struct store *base, struct session *s, int64_t read_revision,
                         struct err *err)
{
    struct sqlite_store *st = of(base);
    struct sql q = sql_start(st, SQL_state_put);
    bind_state(&q, s);
    sql_int(&q, read_revision);
    enum err_code code = sql_run(&q, err);
    return code || sqlite3_changes(st->db) == 1 ? code : stale(st, s, err);
}

/* ---- the lists of a session ------------------------------------------------------------------ */

/* Whole numbers are stored as such where a double holds them exactly. */
void hyper_bind(struct sql *q, const struct hyper *row, double value)
{
    enum { WHOLE_BITS = 53 };
    if (row->kind == HYPER_CHOICE)
        sql_text(q, row->choices[(int)value]);
    else if (row->kind != HYPER_REAL && fabs(value) <= ldexp(1, WHOLE_BITS))
        sql_int(q, (int64_t)value);
    else
        sql_real(q, value);
}

static enum err_code insert_hypers(struct sqlite_store *st, const struct session *s,
                                   struct err *err)
{
    const struct hyper *table = s->optim->hypers;
    enum err_code code = ERR_OK;
    for (int i = 0; table && table[i].name && !code; i++) {
        struct sql q = sql_start(st, SQL_hyperparameter_insert);
        sql_int(&q, s->key);
        sql_text(&q, table[i].name);
        hyper_bind(&q, &table[i], s->h[i]);
        code = sql_run(&q, err);
    }
    return code;
}

/* "2,3"; empty for a single number. */
enum { SHAPE_TEXT = TENSOR_RANK * 21 };

static void shape_text(const struct tensor *x, char out[SHAPE_TEXT])
{
    size_t len = 0;
    out[0] = '\0';
    for (int i = 0; i < x->rank; i++)
        len += (size_t)snprintf(out + len, SHAPE_TEXT - len, i ? ",%lld" : "%lld",
                                (long long)x->shape[i]);
}

static enum err_code insert_tensors(struct sqlite_store *st, const struct session *s,
                                    struct err *err)
{
    enum err_code code = ERR_OK;
    for (int i = 0; i < s->tensor_count && !code; i++) {
        char shape[SHAPE_TEXT];
        shape_text(&s->tensors[i], shape);
        struct sql q = sql_start(st, SQL_tensor_insert);
        sql_int(&q, s->key);
        sql_int(&q, i);
        sql_text(&q, s->tensors[i].name);
        sql_text(&q, tensor_forms[s->tensors[i].form]);
        sql_text(&q, shape);
        code = sql_run(&q, err);
    }
    return code;
}

static enum err_code insert_tags(struct sqlite_store *st, const struct session *s, struct err *err)
{
    enum err_code code = ERR_OK;
    for (int i = 0; i < s->tag_count && !code; i++) {
        struct sql q = sql_start(st, SQL_tag_insert);
        sql_int(&q, s->key);
        sql_text(&q, s->tags[i].key);
        sql_text(&q, s->tags[i].value);
        sql_int(&q, i);
        code = sql_run(&q, err);
    }
    return code;
}

static enum err_code clear(struct sqlite_store *st, enum sql_name name, int64_t key,
                           struct err *err)
{
    struct sql q = sql_start(st, name);
    sql_int(&q, key);
    return sql_run(&q, err);
}

/* ---- whole sessions -------------------------------------------------------------------------- */

/* Runs a statement that writes the name. It is the first one of its change, so that a name that is
 * taken has changed nothing. */
static enum err_code run_named(struct sql *q, const struct session *s, struct err *err)
{
    sqlite3 *db = q->st->db;
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_step(q->q);
    if (q->rc == SQLITE_CONSTRAINT_UNIQUE && s->name &&
        strstr(sqlite3_errmsg(db), "session.name")) {
        sql_end(q);
        return err_add(err, ERR_NAME_TAKEN, "#/name", "another session is called \"%s\"", s->name);
    }
    if (q->rc != SQLITE_DONE)
        return sql_fail(q, err);
    sql_end(q);
    return ERR_OK;
}

static enum err_code insert_session(struct sqlite_store *st, struct session *s, struct err *err)
{
    struct sql q = sql_start(st, SQL_session_insert);
    sql_text(&q, s->id);
    sql_text(&q, s->name);
    sql_text(&q, s->optim->name);
    sql_text(&q, profile_names[s->profile]);
    sql_text(&q, dtype_names[s->dtype]);
    sql_text(&q, on_nonfinite_names[s->on_nonfinite]);
    sql_int(&q, s->named);
    sql_int(&q, (int64_t)s->spec_digest);
    sql_int(&q, s->created_ms);
    enum err_code code = run_named(&q, s, err);
    if (!code)
        s->key = sqlite3_last_insert_rowid(st->db);
    return code;
}

static enum err_code insert_state(struct sqlite_store *st, const struct session *s, struct err *err)
{
    struct sql q = sql_start(st, SQL_state_insert);
    bind_state(&q, s);
    return sql_run(&q, err);
}

enum err_code sqlite_insert(struct store *base, struct session *s, struct err *err)
{
    struct sqlite_store *st = of(base);
    enum err_code code = insert_session(st, s, err);
    if (!code)
        code = insert_state(st, s, err);
    if (!code)
        code = insert_hypers(st, s, err);
    if (!code)
        code = insert_tensors(st, s, err);
    if (!code)
        code = insert_tags(st, s, err);
    if (!code)
        code = schedules_insert(st, s, false, err);
    if (!code)
        code = objectives_insert(st, s, err);
    if (!code)
        code = groups_insert(st, s, false, err);
    if (!code)
        code = transforms_insert(st, s, false, err);
    if (!code)
        st->added++;
    return code;
}

static enum err_code update_session(struct sqlite_store *st, const struct session *s,
                                    int64_t read_revision, struct err *err)
{
    struct sql q = sql_start(st, SQL_session_update);
    sql_text(&q, s->name);
    sql_text(&q, on_nonfinite_names[s->on_nonfinite]);
    sql_int(&q, s->key);
    sql_int(&q, read_revision);
    enum err_code code = run_named(&q, s, err);
    return code || sqlite3_changes(st->db) == 1 ? code : stale(st, s, err);
}

enum err_code sqlite_update(struct store *base, struct session *s, int64_t read_revision,
                            struct err *err)
{
    struct sqlite_store *st = of(base);
    enum err_code code = update_session(st, s, read_revision, err);
    if (!code)
        code = clear(st, SQL_hyperparameter_clear, s->key, err);
    if (!code)
        code = insert_hypers(st, s, err);
    if (!code)
        code = clear(st, SQL_tag_clear, s->key, err);
    if (!code)
        code = insert_tags(st, s, err);
    if (!code)
        code = schedules_insert(st, s, true, err);
    if (!code)
        code = groups_insert(st, s, true, err);
    if (!code)
        code = transforms_insert(st, s, true, err);
    return code ? code : sqlite_put(base, s, read_revision, err);
}

enum err_code sqlite_remove(struct store *base, const struct session *s, struct err *err)
{
    struct sqlite_store *st = of(base);
    enum err_code code = clear(st, SQL_session_remove, s->key, err);
    if (code)
        return code;
    if (sqlite3_changes(st->db) == 0)
        return err_add(err, ERR_NOT_FOUND, "", "the session is not in the store");
    st->added--;
    return history_remove(st, s->key, err);
}

/* ---- the list -------------------------------------------------------------------------------- */

/* "%q%" with what LIKE would take as a wildcard escaped; NULL for no filter. */
static bool pattern_of(const char *q, struct arena *a, const char **ret_pattern)
{
    *ret_pattern = NULL;
    if (!q)
        return true;
    char *pattern = arena_alloc(a, 2 * strlen(q) + 3), *p = pattern;
    if (!pattern)
        return false;
    *p++ = '%';
    for (; *q; q++) {
        if (*q == '%' || *q == '_' || *q == '!')
            *p++ = '!';
        *p++ = *q;
    }
    memcpy(p, "%", 2);
    *ret_pattern = pattern;
    return true;
}

static void bind_list(struct sql *q, const struct store_query *query, const char *pattern)
{
    sql_text(q, query->after);
    sql_text(q, query->optimizer);
    sql_text(q, query->tag_key);
    sql_text(q, query->tag_value);
    sql_text(q, pattern);
    sql_int(q, (int64_t)query->limit + 1); /* one more tells whether there is a next page */
}

enum err_code sqlite_list(struct store *base, const struct store_query *query, struct arena *a,
                          const char ***ret_ids, int *ret_count, const char **ret_next,
                          struct err *err)
{
    struct sql q = sql_start(of(base), SQL_session_list);
    const char *pattern, **ids = arena_zalloc(a, (size_t)query->limit + 1, sizeof *ids);
    int count = 0;
    /* No name or id is longer, so a longer text is in none; LIKE would refuse a very long one. */
    if (query->q && strlen(query->q) > SESSION_NAME_LEN)
        goto out;
    bool failed = !ids || !pattern_of(query->q, a, &pattern);
    enum err_code code = ERR_OK;
    if (!failed)
        bind_list(&q, query, pattern);
    while (!failed && count <= query->limit && sql_row(&q, &code, err))
        ids[count++] = sql_column(&q, 0, a, &failed);
    sql_end(&q);
    if (code)
        return code;
    if (failed)
        return err_add(err, ERR_MEMORY, "", "no memory for the list");
out:
    *ret_next = count > query->limit ? ids[query->limit - 1] : NULL;
    *ret_count = count > query->limit ? query->limit : count;
    *ret_ids = ids;
    return ERR_OK;
}
