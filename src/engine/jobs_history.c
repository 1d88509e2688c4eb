/* The job of the history: metrics of steps, and beside them what schedules gave for other
 * hyperparameters than the learning rate. */
#include "engine/jobs.h"

#include <math.h>

/* ---- hyperparameters as columns -------------------------------------------------------------- */

/* A column on its way; values come in order of step. */
struct filling {
    const struct history_points *points;
    struct history_column *column;
    size_t at; /* the row or bucket that the newest value belongs to, or one before it */
};

static int64_t step_at(const struct history_points *p, size_t i)
{
    return p->buckets ? p->buckets[i].last.step : p->rows[i].step;
}

static void take(void *user, int64_t step, double value)
{
    struct filling *f = user;
    struct history_column *c = f->column;
    while (f->at < f->points->count && step_at(f->points, f->at) < step)
        f->at++;
    size_t i = f->at;
    if (i == f->points->count || (!f->points->buckets && step_at(f->points, i) != step))
        return;
    c->last[i] = value;
    if (!c->min)
        return;
    c->min[i] = fmin(c->min[i], value); /* of NaN and a number the number */
    c->max[i] = fmax(c->max[i], value);
}

static const char *field_at(const void *table, int i)
{
    const struct hyper *hypers = table;
    return i < METRICS_FIELDS ? metrics_fields[i] : hypers[i - METRICS_FIELDS].name;
}

static enum err_code check_name(const struct session *s, const char *name, struct err *err)
{
    const struct hyper *hypers = s->optim->hypers;
    int k = hyper_find(hypers, name);
    if (k >= 0 && hypers[k].kind == HYPER_REAL)
        return ERR_OK;
    if (k >= 0)
        return err_add(err, ERR_REQUEST, "", "fields: %s does not move: it is no real number",
                       name);
    err_add(err, ERR_REQUEST, "", "fields: there is no \"%.60s\"", name);
    err_suggest(err, err_nearest(name, field_at, hypers, METRICS_FIELDS + hyper_count(hypers)));
    return ERR_REQUEST;
}

static double *nothing(struct arena *a, size_t count)
{
    double *x = arena_alloc(a, (count + 1) * sizeof *x);
    for (size_t i = 0; x && i < count; i++)
        x[i] = NAN;
    return x;
}

enum err_code jobs_column(struct jobs *j, const struct session *s,
                          const struct history_range *range, const struct history_points *points,
                          struct arena *a, struct history_column *c, struct err *err)
{
    struct filling f = {.points = points, .column = c};
    struct history_range known = *range;
    c->last = nothing(a, points->count);
    if (points->buckets) {
        c->min = nothing(a, points->count);
        c->max = nothing(a, points->count);
    }
    if (!c->last || (points->buckets && (!c->min || !c->max)))
        return err_add(err, ERR_MEMORY, "", "no memory for the history");
    if (points->count == 0)
        return ERR_OK;
    known.to = step_at(points, points->count - 1);
    return j->store->ops->moved_each(j->store, s, &known, c->name, take, &f, err);
}

/* ---- the job --------------------------------------------------------------------------------- */

static enum err_code read_metrics(struct jobs *j, struct job *job, const struct session *s)
{
    if (job->as_buckets)
        return j->store->ops->history_buckets(j->store, s, &job->range, job->arena, &job->buckets,
                                              &job->row_count, &job->row_total, job->err);
    return j->store->ops->history_read(j->store, s, &job->range, job->arena, &job->rows,
                                       &job->row_count, &job->row_total, job->err);
}

void job_history(struct jobs *j, struct job *job)
{
    struct session *s;
    if (jobs_find(j, job->id, &s, job->err) || jobs_answer(job, s, SNAPSHOT_META))
        return;
    for (size_t i = 0; i < job->column_count; i++)
        check_name(s, job->columns[i].name, job->err);
    enum err_code code = job->err->code ? job->err->code : read_metrics(j, job, s);
    struct history_points points = {job->rows, job->buckets, job->row_count};
    for (size_t i = 0; i < job->column_count && !code; i++)
        code = jobs_column(j, s, &job->range, &points, job->arena, &job->columns[i], job->err);
}
