/* Events: from the engine thread to any number of readers.
 *
 * Problem: somebody watches while sessions step. The engine makes tens of thousands of steps a
 * second and must never wait for a reader; a reader may be slow, gone, or interested in one session
 * among thousands.
 * Design: one ring for all. The engine writes what happened into it, but only of sessions that
 * somebody watches, and shows it to readers after COMMIT. Each reader has a position of its own;
 * nobody waits for it. Where the ring has overtaken it, it goes on with what is there, and is told
 * which steps it missed.
 * Guarantees: a reader gets every published event of its sessions, in order, or an EVENT_GAP in the
 * place of steps that it missed. Nothing that was not committed is published, but for
 * EVENT_NONFINITE of a step that was refused. Without readers an event costs one relaxed load.
 * Not done: no waking of readers; events_wait is for the one thread that does that. */
#ifndef STEPD_ENGINE_EVENTS_H
#define STEPD_ENGINE_EVENTS_H

#include "session/event.h"

struct events;
struct event_reader;

enum {
    EVENTS_SESSIONS = 64, /* that one reader may name */
    EVENTS_RING = 1 << 14,
    EVENTS_KEPT = 1 << 12, /* a reader that was overtaken goes on with so many of the newest */
    EVENTS_RUN = 1 << 10   /* steps of one request that are told one by one: its last ones */
};

struct events *events_new(void); /* NULL: no memory */
void events_free(struct events *v);

/* ---- the engine thread: what the open transaction does --------------------------------------- */

void events_add(struct events *v, const struct event *e);
/* `moved` has for each step what the session's schedules gave; NULL: there are none. */
void events_add_steps(struct events *v, const struct session *s, const struct step_metrics *rows,
                      const double *moved, size_t count);
/* One level of undo. */
size_t events_mark(const struct events *v);
void events_undo(struct events *v, size_t mark);
/* The end of the transaction: readers see it all, or nothing of it. */
void events_publish(struct events *v);
void events_drop(struct events *v);

/* A session that is to be watched, at the step at which it is. */
struct watched {
    int64_t key, step;
    char id[ID_SIZE];
};

/* A reader of what happens from now on to these sessions (at most EVENTS_SESSIONS; 0: to all).
 * NULL: no memory. Engine thread. */
struct event_reader *events_subscribe(struct events *v, const struct watched *sessions, int count);

/* ---- readers: each belongs to one thread at a time ------------------------------------------- */

void events_unsubscribe(struct event_reader *r); /* NULL is fine */

/* The next events, up to `max` (2 at least), in order; returns how many. */
size_t events_read(struct event_reader *r, struct event *ret_events, size_t max);

/* Whether events_read would give anything. Any thread. */
bool events_due(const struct event_reader *r);

/* ---- the thread that wakes readers ----------------------------------------------------------- */

/* Waits until something is published, events_wake is called, or the monotonic clock has reached
 * `until_ns`. What happened since the last call counts. */
void events_wait(struct events *v, int64_t until_ns);
void events_wake(struct events *v); /* any thread */

#endif
