/* One stream of events: what it says, and when. The network is not seen here; sse.c is its mouth.
 *
 * Rules: at most one frame for each session every STREAM_PACE; the steps in between share a frame,
 * in columns. A heartbeat where nothing was said for STREAM_HEARTBEAT. A frame's id is the step up
 * to which a client then knows the session; of several sessions, their steps in the order in which
 * the client named them, with commas; of all sessions there is none. A client that comes back with
 * such an id gets what it missed first. The stream ends when the server stops (with `bye`), or when
 * no session that it names is left.
 * Ownership: the heap; holds its reader. Thread: that of the connection; fields of sse.c as it
 * says. */
#ifndef STEPD_HTTP_STREAM_H
#define STEPD_HTTP_STREAM_H

#include "codec/event.h"
#include "engine/engine.h"

static const int64_t stream_pace_ns = 50000000;
static const int64_t stream_heartbeat_ns = 15000000000;

struct stream_session {
    char id[ID_SIZE];
    int64_t step; /* up to which the client knows it */
    bool deleted;
};

struct stream {
    enum event_form form;
    struct event_reader *reader; /* NULL: nothing comes, as for HEAD */
    int count;                   /* sessions; 0: all */
    struct buf out;              /* bytes that are to be sent */
    size_t sent;                 /* of them */
    uint64_t bytes;              /* sent in all */
    int64_t next_ns, beat_ns;    /* when it may speak again, and when it has to */
    bool ended;

    /* sse.c's own */
    struct sse *sse;
    struct MHD_Connection *connection;
    struct stream *next, **place;
    int fd;
    bool suspended, gone;

    struct stream_session sessions[];
};

/* A stream of what `job` (a JOB_WATCH that is done) watches; takes its reader over. `job` NULL: a
 * stream that ends at once. NULL: no memory. */
struct stream *stream_new(enum event_form form, struct job *job);
void stream_free(struct stream *s); /* NULL is fine */

/* Whether stream_fill would add anything at `now_ns`, or once its pace allows that. */
bool stream_due(const struct stream *s, int64_t now_ns);

/* Adds to s->out what there is to say; nothing before s->next_ns. `stopping`: the last word. */
void stream_fill(struct stream *s, int64_t now_ns, bool stopping);

#endif
