/* What happened to a session: what the engine tells, and streams carry to clients. Plain values. */
#ifndef STEPD_SESSION_EVENT_H
#define STEPD_SESSION_EVENT_H

#include "session/run.h"

enum event_kind {
    EVENT_STEP,      /* a step was made: row */
    EVENT_CREATED,   /* revision, step */
    EVENT_UPDATE,    /* changed by other means than a step: revision, step */
    EVENT_NONFINITE, /* `count` steps from `step` on were not finite; on_nonfinite: what came of it
                      */
    EVENT_RUN, /* run and what follows it: a run begins, goes on or ends, having made `count` steps;
                  step */
    EVENT_DELETED,
    EVENT_GAP, /* steps `step` … `last` were made, but are left out here; id empty: of any session
                */
    EVENT_BYE, /* the server stops; no session */
    EVENT_KINDS
};

/* What a schedule gave for the step. The name is that of the optimizer's table; NULL: no more. */
enum { EVENT_MOVED = 6, EVENT_REASON = 256 };
struct event_moved {
    const char *name;
    double value; /* NaN: nothing */
};

struct event {
    enum event_kind kind;
    enum on_nonfinite on_nonfinite;
    char id[ID_SIZE]; /* of the session */
    int64_t key;      /* of the session in the store */
    int64_t step, last, count, revision;
    union {
        struct { /* EVENT_STEP */
            struct step_metrics row;
            struct event_moved moved[EVENT_MOVED]; /* but the learning rate, which is in the row */
        };
        struct { /* EVENT_RUN */
            char run[ID_SIZE];
            enum run_end run_end;
            double seconds;            /* for which it has been going on */
            char reason[EVENT_REASON]; /* why a step could not be made; else empty */
        };
    };
};

#endif
