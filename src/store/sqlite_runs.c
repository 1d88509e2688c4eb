/* Runs of sessions: a row each, written beside the steps that they make. */
#include "session/run.h"
#include "store/sqlite_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
    C_ID,
    C_KEY,
    C_SESSION,
    C_STEPS,
    C_LOSS,
    C_GRADIENT,
    C_TARGET,
    C_TARGET_LOSS,
    C_WINDOW,
    C_RELATIVE,
    C_SECONDS,
    C_CREATED,
    C_STOPPED_BY,
    C_REASON,
    C_DONE,
    C_BEST,
    C_BEST_AT,
    C_ELAPSED,
    C_ENDED,
    C_END_STEP,
    C_END_REVISION,
    C_END_LOSS,
    C_LAST_LOSS,
    C_LAST_LR,
    C_LAST_GRADIENT,
    C_LAST_UPDATE
};

/* What changes, in the order of both statements. */
static void bind_state(struct sql *q, const struct session_run *run)
{
    sql_text(q, run_end_names[run->end]);
    sql_text(q, run->reason[0] ? run->reason : NULL);
    sql_int(q, run->steps_done);
    sql_real(q, run->best);
    sql_int(q, run->best_at);
    sql_int(q, run->elapsed_ms);
    sql_int(q, run->ended_ms);
    sql_int(q, run->at_end.step);
    sql_int(q, run->at_end.revision);
    sql_real(q, run->at_end.loss);
    sql_real(q, run->at_end.last.loss);
    sql_real(q, run->at_end.last.lr);
    sql_real(q, run->at_end.last.gradient_norm);
    sql_real(q, run->at_end.last.update_norm);
}

enum err_code sqlite_run_insert(struct store *base, const struct session_run *run, struct err *err)
{
    struct sql q = sql_start((struct sqlite_store *)base, SQL_run_insert);
    sql_text(&q, run->id);
    sql_int(&q, run->key);
    sql_int(&q, run->rules.steps);
    sql_real(&q, run->rules.loss_below);
    sql_real(&q, run->rules.gradient_norm_below);
    sql_real(&q, run->rules.target);
    sql_real(&q, run->target_loss);
    sql_int(&q, run->rules.plateau_window);
    sql_real(&q, run->rules.plateau_relative);
    sql_real(&q, run->rules.max_seconds);
    sql_int(&q, run->created_ms);
    bind_state(&q, run);
    return sql_run(&q, err);
}

enum err_code sqlite_run_update(struct store *base, const struct session_run *run, struct err *err)
{
    struct sql q = sql_start((struct sqlite_store *)base, SQL_run_update);
    bind_state(&q, run);
    sql_text(&q, run->id);
    return sql_run(&q, err);
}

static enum run_end end_of(const char *name)
{
    for (int i = RUN_GOES_ON + 1; name && i < RUN_ENDS; i++)
        if (strcmp(name, run_end_names[i]) == 0)
            return (enum run_end)i;
    return RUN_GOES_ON;
}

static void copy_text(struct sql *q, int column, char *to, size_t size)
{
    const char *text = (const char *)sqlite3_column_text(q->q, column);
    snprintf(to, size, "%s", text ? text : "");
}

static void read_end(struct sql *q, struct run_result *ret)
{
    *ret = (struct run_result){.step = sqlite3_column_int64(q->q, C_END_STEP),
                               .revision = sqlite3_column_int64(q->q, C_END_REVISION),
                               .loss = sql_column_real(q, C_END_LOSS)};
    ret->last = (struct step_metrics){.step = ret->step,
                                      .loss = sql_column_real(q, C_LAST_LOSS),
                                      .lr = sql_column_real(q, C_LAST_LR),
                                      .gradient_norm = sql_column_real(q, C_LAST_GRADIENT),
                                      .update_norm = sql_column_real(q, C_LAST_UPDATE)};
}

static void read_row(struct sql *q, struct session_run *ret)
{
    *ret =
        (struct session_run){.key = sqlite3_column_int64(q->q, C_KEY),
                             .rules = {.steps = sqlite3_column_int64(q->q, C_STEPS),
                                       .loss_below = sql_column_real(q, C_LOSS),
                                       .gradient_norm_below = sql_column_real(q, C_GRADIENT),
                                       .target = sql_column_real(q, C_TARGET),
                                       .plateau_window = sqlite3_column_int64(q->q, C_WINDOW),
                                       .plateau_relative = sql_column_real(q, C_RELATIVE),
                                       .max_seconds = sql_column_real(q, C_SECONDS)},
                             .target_loss = sql_column_real(q, C_TARGET_LOSS),
                             .end = end_of((const char *)sqlite3_column_text(q->q, C_STOPPED_BY)),
                             .steps_done = sqlite3_column_int64(q->q, C_DONE),
                             .best = sql_column_real(q, C_BEST),
                             .best_at = sqlite3_column_int64(q->q, C_BEST_AT),
                             .elapsed_ms = sqlite3_column_int64(q->q, C_ELAPSED),
                             .created_ms = sqlite3_column_int64(q->q, C_CREATED),
                             .ended_ms = sqlite3_column_int64(q->q, C_ENDED)};
    read_end(q, &ret->at_end);
    copy_text(q, C_ID, ret->id, sizeof ret->id);
    copy_text(q, C_SESSION, ret->session, sizeof ret->session);
    copy_text(q, C_REASON, ret->reason, sizeof ret->reason);
}

enum err_code sqlite_run_get(struct store *base, const char *id, struct session_run *ret,
                             struct err *err)
{
    struct sql q = sql_start((struct sqlite_store *)base, SQL_run_get);
    enum err_code code;
    sql_text(&q, id);
    if (!sql_row(&q, &code, err))
        return code ? code : ERR_NOT_FOUND;
    read_row(&q, ret);
    sql_end(&q);
    return ERR_OK;
}

enum err_code sqlite_run_list(struct store *base, const struct session *s, int limit,
                              struct arena *a, struct session_run **ret_runs, size_t *ret_count,
                              struct err *err)
{
    struct session_run *runs = arena_zalloc(a, (size_t)limit, sizeof *runs);
    enum err_code code = ERR_OK;
    size_t count = 0;
    if (!runs)
        return err_add(err, ERR_MEMORY, "", "no memory for the runs");
    struct sql q = sql_start((struct sqlite_store *)base, SQL_run_list);
    sql_int(&q, s->key);
    sql_int(&q, limit);
    while (count < (size_t)limit && sql_row(&q, &code, err))
        read_row(&q, &runs[count++]);
    sql_end(&q);
    *ret_runs = runs;
    *ret_count = count;
    return code;
}

enum err_code sqlite_run_active(struct store *base,
                                bool (*take)(void *user, const struct session_run *run), void *user,
                                struct err *err)
{
    struct sql q = sql_start((struct sqlite_store *)base, SQL_run_active);
    struct session_run run;
    enum err_code code = ERR_OK;
    bool taken = true;
    while (taken && sql_row(&q, &code, err)) {
        read_row(&q, &run);
        taken = take(user, &run);
    }
    sql_end(&q);
    return taken ? code : err_add(err, ERR_MEMORY, "", "no memory for the runs");
}
