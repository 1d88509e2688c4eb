/* Readers of events: who watches what, from when on. Since the engine thread reads the past and
 * subscribes in one go, a reader meets no step twice and misses none. */
#include "engine/jobs.h"

#include <string.h>

void jobs_tell(struct jobs *j, enum event_kind kind, const struct session *s)
{
    struct event e = {.kind = kind, .key = s->key, .step = s->step, .revision = s->revision};
    memcpy(e.id, s->id, sizeof e.id);
    events_add(j->events, &e);
}

/* What schedules gave for these steps. */
static enum err_code read_moved(struct jobs *j, struct job *job, const struct session *s,
                                const struct history_range *range, struct watch_item *item)
{
    const struct history_points points = {item->rows, NULL, item->row_count};
    enum err_code code = ERR_OK;
    for (int i = 0; s->schedules && i < s->schedules->count && !code; i++) {
        int k = s->schedules->list[i].hyper;
        if (k == s->optim->lr || item->column_count == EVENT_MOVED)
            continue;
        struct history_column *c = &item->columns[item->column_count++];
        c->name = s->optim->hypers[k].name;
        code = jobs_column(j, s, range, &points, job->arena, c, job->err);
    }
    return code;
}

/* The newest of the steps that the reader does not know. */
static enum err_code read_missed(struct jobs *j, struct job *job, const struct session *s,
                                 struct watch_item *item)
{
    int64_t total, most = WATCH_ROWS / job->watch_count;
    struct history_range range = {.from = item->after + 1, .to = INT64_MAX};
    if (item->after < 0 || item->after >= s->step)
        return ERR_OK;
    if (s->step - item->after > most)
        range.from = s->step - most + 1;
    enum err_code code = j->store->ops->history_read(j->store, s, &range, job->arena, &item->rows,
                                                     &item->row_count, &total, job->err);
    return code ? code : read_moved(j, job, s, &range, item);
}

static enum err_code look_up(struct jobs *j, struct job *job, int i)
{
    struct watch_item *item = &job->watches[i];
    struct session *s;
    enum err_code code = jobs_find(j, item->id, &s, job->err);
    if (code)
        return code;
    item->session = (struct watched){.key = s->key, .step = s->step};
    memcpy(item->session.id, s->id, sizeof item->session.id);
    for (int k = 0; k < i; k++) {
        if (job->watches[k].session.key == s->key)
            return err_add(job->err, ERR_REQUEST, "", "the session \"%s\" is named twice",
                           item->id);
    }
    return read_missed(j, job, s, item);
}

void job_watch(struct jobs *j, struct job *job)
{
    struct watched sessions[EVENTS_SESSIONS];
    for (int i = 0; i < job->watch_count; i++) {
        if (look_up(j, job, i))
            return;
        sessions[i] = job->watches[i].session;
    }
    job->reader = events_subscribe(j->events, sessions, job->watch_count);
    if (!job->reader)
        err_add(job->err, ERR_MEMORY, "", "no memory for a stream of events");
}
