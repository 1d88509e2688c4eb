/* A session from its rows. What is not as it must be is an error that names the session in the log
 * and never a session that is wrong: an unknown optimizer or choice, a missing row, a form that is
 * impossible, a block whose checksum does not hold. */
#include "store/sqlite_internal.h"

#include "base/id.h"
#include "base/log.h"
#include "session/block.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns of session_by_id and session_by_name. */
enum column {
    C_KEY,
    C_ID,
    C_NAME,
    C_OPTIMIZER,
    C_PROFILE,
    C_DTYPE,
    C_ON_NONFINITE,
    C_NAMED,
    C_SPEC_DIGEST,
    C_CREATED_MS,
    C_REVISION,
    C_STEP,
    C_SKIPPED,
    C_UPDATED_MS,
    C_LAST_STEP,
    C_LAST_MS,
    C_LOSS,
    C_LR,
    C_GRADIENT_NORM,
    C_UPDATE_NORM,
    C_BLOCK
};

static enum err_code no_memory(struct err *err)
{
    return err_add(err, ERR_MEMORY, "", "no memory to load the session");
}

/* `q` gave what cannot be right, unless it only lacked the memory to give it. */
static enum err_code damaged(const struct session *s, const struct sql *q, const char *what,
                             struct err *err)
{
    if (q->rc == SQLITE_NOMEM)
        return no_memory(err);
    log_line(LOG_ERROR, "store: session %s: %s", s->id, what);
    return err_add(err, ERR_STORE, "", "the stored session %s is damaged: %s", s->id, what);
}

static const char *text_at(struct sql *q, int i)
{
    const char *text = (const char *)sqlite3_column_text(q->q, i);
    if (!text && sqlite3_column_type(q->q, i) != SQLITE_NULL)
        q->rc = SQLITE_NOMEM;
    return text ? text : "";
}

/* Index of a name in a list, -1: not there. */
static int index_of(const char *name, const char *const *names, int count)
{
    for (int i = 0; i < count; i++) {
        if (names[i] && !strcmp(name, names[i]))
            return i;
    }
    return -1;
}

/* ---- the row itself -------------------------------------------------------------------------- */

static void read_numbers(struct session *s, struct sql *q)
{
    s->key = sqlite3_column_int64(q->q, C_KEY);
    s->named = sqlite3_column_int(q->q, C_NAMED) != 0;
    s->spec_digest = (uint64_t)sqlite3_column_int64(q->q, C_SPEC_DIGEST);
    s->created_ms = sqlite3_column_int64(q->q, C_CREATED_MS);
    s->revision = sqlite3_column_int64(q->q, C_REVISION);
    s->step = sqlite3_column_int64(q->q, C_STEP);
    s->skipped = sqlite3_column_int64(q->q, C_SKIPPED);
    s->updated_ms = sqlite3_column_int64(q->q, C_UPDATED_MS);
    s->last = (struct step_metrics){.step = sqlite3_column_int64(q->q, C_LAST_STEP),
                                    .time_ms = sqlite3_column_int64(q->q, C_LAST_MS),
                                    .loss = sql_column_real(q, C_LOSS),
                                    .lr = sql_column_real(q, C_LR),
                                    .gradient_norm = sql_column_real(q, C_GRADIENT_NORM),
                                    .update_norm = sql_column_real(q, C_UPDATE_NORM)};
}

static enum err_code read_names(struct session *s, struct sql *q, struct err *err)
{
    bool failed = false;
    s->name = sql_column(q, C_NAME, &s->arena, &failed);
    if (failed)
        return no_memory(err);
    int profile = index_of(text_at(q, C_PROFILE), profile_names, PROFILE_COUNT);
    int dtype = index_of(text_at(q, C_DTYPE), dtype_names, 2);
    int on = index_of(text_at(q, C_ON_NONFINITE), on_nonfinite_names, NONFINITE_COUNT);
    s->optim = optim_find(text_at(q, C_OPTIMIZER));
    if (!s->optim)
        return damaged(s, q, "this stepd does not know its optimizer", err);
    if (profile < 0 || dtype < 0 || on < 0)
        return damaged(s, q, "unknown profile, dtype or on_nonfinite", err);
    s->profile = (enum profile)profile;
    s->dtype = (enum dtype)dtype;
    s->on_nonfinite = (enum on_nonfinite)on;
    return ERR_OK;
}

/* ---- hyperparameters ------------------------------------------------------------------------- */

bool hyper_read(const struct hyper *row, struct sql *q, double *ret_value)
{
    int type = sqlite3_column_type(q->q, 1);
    if (row->kind != HYPER_CHOICE) {
        *ret_value = sql_column_real(q, 1);
        return type != SQLITE_TEXT && type != SQLITE_BLOB;
    }
    for (int i = 0; type == SQLITE_TEXT && row->choices[i]; i++) {
        *ret_value = i;
        if (!strcmp(row->choices[i], text_at(q, 1)))
            return true;
    }
    return false;
}

/* Hyperparameters that a newer program added to the optimizer take their defaults. */
static enum err_code read_hypers(struct sqlite_store *st, struct session *s, struct err *err)
{
    const struct hyper *table = s->optim->hypers;
    int count = table ? hyper_count(table) : 0;
    for (int i = 0; i < count; i++)
        s->h[i] = table[i].value[s->profile];
    struct sql q = sql_start(st, SQL_hyperparameter_list);
    enum err_code code;
    bool given[HYPER_MAX] = {false};
    sql_int(&q, s->key);
    while (sql_row(&q, &code, err)) {
        int i = count ? hyper_find(table, text_at(&q, 0)) : -1;
        if (i < 0 || !hyper_read(&table[i], &q, &s->h[i])) {
            sql_end(&q);
            return damaged(s, &q, "a hyperparameter that its optimizer does not have", err);
        }
        given[i] = true;
    }
    for (int i = 0; i < count && !code; i++) {
        if (!given[i] && s->h[i] != s->h[i])
            code = damaged(s, &q, "a hyperparameter without a default is missing", err);
    }
    return code;
}

/* ---- tensors and tags ------------------------------------------------------------------------ */

/* "2,3" to dimensions and their product. */
static bool parse_shape(const char *text, struct tensor *x)
{
    x->rank = 0;
    x->count = 1;
    while (*text) {
        char *end;
        if (x->rank == TENSOR_RANK || *text < '0' || *text > '9')
            return false;
        long long n = strtoll(text, &end, 10);
        x->shape[x->rank++] = n;
        if (__builtin_mul_overflow(x->count, (size_t)n, &x->count))
            return false;
        if (*end == ',' && end[1])
            end++;
        else if (*end)
            return false;
        text = end;
    }
    return true;
}

/* Makes room for one more in a list that doubles inside the session's arena. */
static void *room_for(struct arena *a, void *list, int count, size_t size)
{
    if (count > 0 && (count & (count - 1)) != 0)
        return list;
    size_t cap = count ? 2 * (size_t)count : 1, bytes;
    void *wider = __builtin_mul_overflow(cap, size, &bytes) ? NULL : arena_alloc(a, bytes);
    if (wider && count > 0)
        memcpy(wider, list, (size_t)count * size);
    return wider;
}

static enum err_code read_tensor(struct session *s, struct sql *q, struct err *err)
{
    bool failed = false;
    int form = index_of(text_at(q, 2), tensor_forms, TENSOR_FLAT + 1);
    struct tensor x = {.form = (enum tensor_form)form,
                       .name = sql_column(q, 1, &s->arena, &failed)};
    if (failed)
        return no_memory(err);
    if (form < 0 || sqlite3_column_int64(q->q, 0) != s->tensor_count ||
        !parse_shape(text_at(q, 3), &x))
        return damaged(s, q, "the form of its parameters is impossible", err);
    const struct tensor *before = s->tensor_count ? &s->tensors[s->tensor_count - 1] : NULL;
    if (before && __builtin_add_overflow(before->offset, before->count, &x.offset))
        return damaged(s, q, "its parameters are too many", err);
    s->tensors = room_for(&s->arena, s->tensors, s->tensor_count, sizeof x);
    if (!s->tensors)
        return no_memory(err);
    s->tensors[s->tensor_count++] = x;
    return ERR_OK;
}

static enum err_code read_tag(struct session *s, struct sql *q, struct err *err)
{
    bool failed = false;
    struct tag tag = {.key = sql_column(q, 0, &s->arena, &failed),
                      .value = sql_column(q, 1, &s->arena, &failed)};
    s->tags = failed ? NULL : room_for(&s->arena, s->tags, s->tag_count, sizeof tag);
    if (!s->tags)
        return no_memory(err);
    s->tags[s->tag_count++] = tag;
    return ERR_OK;
}

static enum err_code read_list(struct sqlite_store *st, struct session *s, enum sql_name name,
                               enum err_code (*read)(struct session *, struct sql *, struct err *),
                               struct err *err)
{
    struct sql q = sql_start(st, name);
    enum err_code code = ERR_OK, bad = ERR_OK;
    sql_int(&q, s->key);
    while (!bad && sql_row(&q, &code, err))
        bad = read(s, &q, err);
    sql_end(&q);
    return code ? code : bad;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static enum err_code read_block(struct session *s, struct sql *q, struct err *err)
{
    const void *block = sqlite3_column_blob(q->q, C_BLOCK);
    size_t bytes = (size_t)sqlite3_column_bytes(q->q, C_BLOCK);
    if (!block)
        return bytes ? no_memory(err) : damaged(s, q, "its numbers are missing", err);
    enum err_code code = block_open(s, block, bytes, err);
    if (code == ERR_STORE)
        log_line(LOG_ERROR, "store: session %s: its block is damaged", s->id);
    return code;
}

static enum err_code read_session(struct sqlite_store *st, struct session *s, struct sql *q,
                                  struct err *err)
{
    snprintf(s->id, sizeof s->id, "%s", text_at(q, C_ID));
    if (sqlite3_column_type(q->q, C_REVISION) == SQLITE_NULL)
        return damaged(s, q, "its state is missing", err);
    read_numbers(s, q);
    enum err_code code = read_names(s, q, err);
    if (!code)
        code = read_hypers(st, s, err);
    if (!code)
        code = read_list(st, s, SQL_tensor_list, read_tensor, err);
    if (!code)
        code = read_list(st, s, SQL_tag_list, read_tag, err);
    if (!code)
        code = schedules_load(st, s, err);
    if (!code)
        code = groups_load(st, s, err);
    if (!code)
        code = transforms_load(st, s, err);
    if (!code && s->tensor_count == 0)
        code = damaged(s, q, "it has no parameters", err);
    if (!code)
        code = objectives_load(st, s, err);
    return code ? code : read_block(s, q, err);
}

static enum err_code load_by(struct sqlite_store *st, enum sql_name name, const char *value,
                             struct session **ret_session, struct err *err)
{
    struct sql q = sql_start(st, name);
    enum err_code code;
    sql_text(&q, value);
    if (!sql_row(&q, &code, err))
        return code ? code : ERR_NOT_FOUND;
    struct session *s = calloc(1, sizeof *s);
    if (s) {
        arena_init(&s->arena);
        code = read_session(st, s, &q, err);
    } else {
        code = no_memory(err);
    }
    sql_end(&q);
    if (code) {
        session_free(s);
        return code;
    }
    *ret_session = s;
    return ERR_OK;
}

/* An id wins over a name that looks like one. */
enum err_code sqlite_load(struct store *base, const char *id_or_name, struct session **ret_session,
                          struct err *err)
{
    struct sqlite_store *st = (struct sqlite_store *)base;
    enum err_code code = ERR_NOT_FOUND;
    if (id_valid(id_or_name))
        code = load_by(st, SQL_session_by_id, id_or_name, ret_session, err);
    if (code == ERR_NOT_FOUND)
        code = load_by(st, SQL_session_by_name, id_or_name, ret_session, err);
    return code;
}
