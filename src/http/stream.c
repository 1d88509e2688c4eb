/* Frames of a stream: from events in the order in which they happened to one frame a session. */
#include "http/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The most events of one frame. Fewer than a stream can be behind: what is left waits for the next
 * one. */
enum { BATCH = EVENTS_KEPT };

/* ---- ids ------------------------------------------------------------------------------------- */

enum { ID_TEXT = EVENTS_SESSIONS * 21 };

static const char *id_text(const struct stream *s, char out[ID_TEXT])
{
    size_t len = 0;
    for (int i = 0; i < s->count; i++)
        len += (size_t)snprintf(out + len, ID_TEXT - len, i ? ",%lld" : "%lld",
                                (long long)s->sessions[i].step);
    return s->count ? out : NULL;
}

/* What the client knows once it has the event. */
static void learn(struct stream *s, const struct event *e)
{
    for (int i = 0; i < s->count; i++) {
        struct stream_session *session = &s->sessions[i];
        if (strcmp(session->id, e->id) != 0)
            continue;
        if (e->kind == EVENT_STEP)
            session->step = e->row.step;
        else if (e->kind == EVENT_GAP)
            session->step = e->last;
        session->deleted |= e->kind == EVENT_DELETED;
    }
}

static bool all_deleted(const struct stream *s)
{
    for (int i = 0; i < s->count; i++) {
        if (!s->sessions[i].deleted)
            return false;
    }
    return s->count > 0;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void write_frame(struct stream *s, const struct event *const *events, size_t count)
{
    char id[ID_TEXT];
    learn(s, events[count - 1]);
    event_write(&s->out, s->form, id_text(s, id), events, count);
}

/* By session; events of one session stay in order. */
static int by_session(const void *a, const void *b)
{
    const struct event *x = *(const struct event *const *)a, *y = *(const struct event *const *)b;
    if (x->key != y->key)
        return x->key < y->key ? -1 : 1;
    return (x > y) - (x < y);
}

static void write_frames(struct stream *s, const struct event **events, size_t count)
{
    qsort(events, count, sizeof *events, by_session);
    for (size_t i = 0, end; i < count; i = end) {
        end = i + 1;
        while (events[i]->kind == EVENT_STEP && end < count && events[end]->kind == EVENT_STEP &&
               events[end]->key == events[i]->key)
            end++;
        write_frame(s, events + i, end - i);
    }
}

/* Memory for a batch is taken only while it is needed: most streams are silent. */
static void write_news(struct stream *s)
{
    bool due = events_due(s->reader);
    struct event *events = due ? malloc(BATCH * sizeof *events) : NULL;
    const struct event **order = due ? malloc(BATCH * sizeof *order) : NULL;
    if (events && order) {
        size_t count = events_read(s->reader, events, BATCH);
        for (size_t i = 0; i < count; i++)
            order[i] = &events[i];
        write_frames(s, order, count);
    }
    s->out.failed |= due && !(events && order);
    free(order);
    free(events);
}

/* ---- the past -------------------------------------------------------------------------------- */

static void write_gap(struct stream *s, const struct watch_item *item, int64_t first, int64_t last)
{
    struct event gap = {.kind = EVENT_GAP, .key = item->session.key, .step = first, .last = last};
    const struct event *one = &gap;
    memcpy(gap.id, item->session.id, sizeof gap.id);
    write_frame(s, &one, 1);
}

static void write_rows(struct stream *s, const struct watch_item *item)
{
    struct event *events = calloc(item->row_count, sizeof *events);
    const struct event **order = calloc(item->row_count, sizeof *order);
    s->out.failed |= !events || !order;
    for (size_t i = 0; i < item->row_count && !s->out.failed; i++) {
        events[i] =
            (struct event){.kind = EVENT_STEP, .key = item->session.key, .row = item->rows[i]};
        memcpy(events[i].id, item->session.id, sizeof events[i].id);
        for (size_t k = 0; k < item->column_count; k++)
            events[i].moved[k] =
                (struct event_moved){item->columns[k].name, item->columns[k].last[i]};
        order[i] = &events[i];
    }
    if (!s->out.failed)
        write_frame(s, order, item->row_count);
    free(order);
    free(events);
}

/* What the client missed of a session since the step that it names. */
static void write_past(struct stream *s, const struct watch_item *item)
{
    int64_t known = item->after, step = item->session.step;
    if (known < 0 || known >= step)
        return;
    int64_t first = item->row_count ? item->rows[0].step : step + 1;
    if (first > known + 1)
        write_gap(s, item, known + 1, first - 1);
    if (item->row_count)
        write_rows(s, item);
}

/* ---- a stream -------------------------------------------------------------------------------- */

static void start(struct stream *s, struct job *job)
{
    s->count = job->watch_count;
    for (int i = 0; i < s->count; i++) {
        const struct watch_item *item = &job->watches[i];
        int64_t step = item->session.step, after = item->after;
        memcpy(s->sessions[i].id, item->session.id, ID_SIZE);
        s->sessions[i].step = after >= 0 && after < step ? after : step;
    }
    event_write_start(&s->out, s->form);
    for (int i = 0; i < s->count; i++)
        write_past(s, &job->watches[i]);
}

struct stream *stream_new(enum event_form form, struct job *job)
{
    size_t count = job ? (size_t)job->watch_count : 0;
    struct stream *s = calloc(1, sizeof *s + count * sizeof *s->sessions);
    if (!s)
        return NULL;
    s->form = form;
    s->ended = !job;
    buf_init(&s->out);
    if (job) {
        s->reader = job->reader;
        job->reader = NULL;
        start(s, job);
    }
    if (!s->out.failed)
        return s;
    stream_free(s);
    return NULL;
}

void stream_free(struct stream *s)
{
    if (!s)
        return;
    events_unsubscribe(s->reader);
    buf_close(&s->out);
    free(s);
}

bool stream_due(const struct stream *s, int64_t now_ns)
{
    return !s->ended && (now_ns >= s->beat_ns || events_due(s->reader));
}

static void say_bye(struct stream *s)
{
    const struct event bye = {.kind = EVENT_BYE}, *one = &bye;
    event_write(&s->out, s->form, NULL, &one, 1);
    s->ended = true;
}

/* The first call sets the heart going. A buffer that once was large is given back. */
void stream_fill(struct stream *s, int64_t now_ns, bool stopping)
{
    enum { KEPT = 64 << 10 };
    if (s->sent == s->out.len) {
        s->sent = s->out.len = 0;
        if (s->out.cap > KEPT || s->out.failed) {
            buf_close(&s->out);
            buf_init(&s->out);
        }
    }
    if (s->ended || (now_ns < s->next_ns && !stopping))
        return;
    size_t before = s->out.len;
    if (s->beat_ns == 0)
        s->beat_ns = now_ns + stream_heartbeat_ns;
    write_news(s);
    if (stopping)
        say_bye(s);
    else if (s->out.len == before && now_ns >= s->beat_ns)
        event_write_heartbeat(&s->out, s->form);
    s->ended |= all_deleted(s) || s->out.failed;
    if (s->out.failed)
        s->out.len = before; /* half a frame is none: the client comes back and asks for it */
    if (s->out.len == before)
        return;
    s->next_ns = now_ns + stream_pace_ns;
    s->beat_ns = now_ns + stream_heartbeat_ns;
}
