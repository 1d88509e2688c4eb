/* GET /v1/events and /v1/sessions/{id}/events: what happens to sessions, as it happens. */
#include "http/handlers.h"
#include "http/request.h"
#include "http/stream.h"

#include <stdlib.h>
#include <string.h>

const char *const session_events_query[] = {"after", NULL};
const char *const events_query[] = {"session", "after", NULL};
const char *const events_produces[] = {"text/event-stream", "application/x-ndjson", NULL};

/* ---- what is asked for ------------------------------------------------------------------------
 */

/* The names of a list with commas, as items that want only what comes. */
static void read_sessions(struct request *r, const char *list)
{
    struct watch_item *items = request_alloc(r, EVENTS_SESSIONS, sizeof *items);
    int count = 0;
    for (const char *s = list; items; s++) {
        size_t len = strcspn(s, ",");
        if (count == EVENTS_SESSIONS) {
            err_add(&r->err, ERR_REQUEST, "", "one stream follows at most %d sessions",
                    EVENTS_SESSIONS);
            return;
        }
        items[count].id = arena_strndup(&r->arena, s, len);
        items[count].after = -1;
        if (!items[count++].id)
            err_add(&r->err, ERR_MEMORY, "", "no memory for the request");
        s += len;
        if (!*s)
            break;
    }
    r->job.watches = items;
    r->job.watch_count = count;
}

/* Steps with commas, one for each session. Returns how many were read, -1: not of that form. */
static int read_steps(const char *text, int64_t *ret_steps, int max)
{
    int count = 0;
    for (const char *s = text; count < max; s++) {
        size_t digits = strspn(s, "0123456789");
        if (digits == 0 || digits > 18)
            return -1;
        ret_steps[count++] = strtoll(s, NULL, 10);
        s += digits;
        if (!*s)
            return count;
        if (*s != ',')
            return -1;
    }
    return -1;
}

/* Where the client was: by its last event's id, or else by `after`. */
static void read_position(struct request *r)
{
    int64_t steps[EVENTS_SESSIONS];
    const char *name = "Last-Event-ID", *text = r->headers.at[HEADER_LAST_EVENT_ID];
    int count = r->job.watch_count;
    if (!text || !*text) {
        name = "after";
        text = target_arg(&r->target, name);
    }
    if (!text || r->err.code)
        return;
    if (count == 0)
        err_add(&r->err, ERR_REQUEST, "", "%s has a meaning only for sessions that are named",
                name);
    else if (read_steps(text, steps, count) != count)
        err_add(&r->err, ERR_REQUEST, "", "%s is %s", name,
                count > 1 ? "as many steps as sessions, with commas between" : "a step");
    for (int i = 0; i < count && !r->err.code; i++)
        r->job.watches[i].after = steps[i];
}

static void begin(struct request *r)
{
    read_position(r);
    r->job.kind = JOB_WATCH;
    if (atomic_load(&r->service->streams) >= LIMIT_STREAMS)
        err_add(&r->err, ERR_BUSY, "", "there are %d streams of events already", LIMIT_STREAMS);
}

void session_events_begin(struct request *r)
{
    struct watch_item *item = request_alloc(r, 1, sizeof *item);
    if (!item)
        return;
    item->id = r->parameters[0];
    item->after = -1;
    r->job.watches = item;
    r->job.watch_count = 1;
    begin(r);
}

void events_begin(struct request *r)
{
    const char *list = target_arg(&r->target, "session");
    if (list)
        read_sessions(r, list);
    if (!r->err.code)
        begin(r);
}

/* ---- the stream -------------------------------------------------------------------------------
 */

/* HEAD learns the same, and then nothing comes. */
void events_finish(struct request *r)
{
    enum event_form form = r->offer == 0 ? EVENT_SSE : EVENT_NDJSON;
    r->stream = stream_new(form, r->head ? NULL : &r->job);
    if (!r->stream) {
        err_add(&r->err, ERR_MEMORY, "", "no memory for a stream of events");
        return;
    }
    atomic_fetch_add(&r->service->streams, 1);
    request_answer(r, 200, events_produces[r->offer]);
}
