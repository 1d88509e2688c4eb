/* The engine: one thread that owns every session and the store.
 *
 * Problem: many connections change sessions at once, each answer must be durable, and one fsync
 * costs as much as computing thousands of small steps.
 * Design: network threads submit jobs to a queue. The engine takes all that wait, runs them in one
 * transaction, commits, then calls each job's `done`: group commit, the batch being what arrived
 * during the last commit. Sessions are cached by bytes, least recently used out first; a job that
 * fails half-way drops the session from the cache, the database being the undo log.
 * Guarantees: `done` is called exactly once per submitted job, after COMMIT for a job that changed
 * anything, and is the engine's last touch of the job. Jobs of one session run in the order of
 * submission. A job that fails changes nothing.
 * Runs (runs.h) go on between two batches, a slice at a time. A job may wait for the end of one
 * (wait_ns): it is held back, and looks at the run again when it has ended, its time is over, or
 * the server stops.
 * Not done: no timeouts (the network's), no encoding (the job's `render`). */
#ifndef STEPD_ENGINE_ENGINE_H
#define STEPD_ENGINE_ENGINE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "engine/events.h"
#include "session/session.h"
#include "store/store.h"

#include <stdatomic.h>

enum job_kind {
    JOB_CREATE,         /* spec → session; ensure: PUT by name */
    JOB_GET,            /* id → session (part says how much of it) */
    JOB_LIST,           /* query → sessions */
    JOB_PATCH,          /* id, patch → session */
    JOB_DELETE,         /* id */
    JOB_PARAMETERS_PUT, /* id, values → session */
    JOB_STEPS,          /* id, steps → session, outputs */
    JOB_STEPS_MANY,     /* items (each JOB_STEPS) */
    JOB_HISTORY,        /* id, range → rows, or buckets */
    JOB_TRAJECTORY,     /* id, range → recorded */
    JOB_EXPLAIN,        /* id, range of one step, coordinate → outputs[0] */
    JOB_WATCH,          /* watches → reader, and the steps that each has missed */
    JOB_RUN,            /* id, rules → run, session */
    JOB_RUN_GET,        /* id of a run → run, session */
    JOB_RUN_CANCEL,     /* the same */
    JOB_RUN_LIST,       /* id → runs */
    JOB_DATASET_PUT,    /* dataset → created */
    JOB_DATASET_DELETE, /* id: its name */
    JOB_COMPUTE,        /* work without session or store, in a thread of its own */
    JOB_PROBE           /* store checks, through a real write transaction */
};

enum steps_return { RETURN_LAST, RETURN_METRICS, RETURN_PARAMETERS };

enum { JOB_IF_MATCH = 8 };

/* A session that a reader of events wants to hear of. */
struct watch_item {
    const char *id; /* id or name */
    int64_t after;  /* the step up to which the reader knows it; -1: only what comes */
    /* out */
    struct watched session;
    struct step_metrics *rows; /* steps after `after`, the newest of them */
    size_t row_count;
    struct history_column columns[EVENT_MOVED]; /* what the session's schedules gave for them */
    size_t column_count;
};

/* The most steps that a reader gets of the past, all its sessions together. */
enum { WATCH_ROWS = 4096 };

/* A piece of work. Lives in the request's arena; the engine borrows it from submit to done. */
struct job {
    enum job_kind kind;
    struct arena *arena; /* for outputs */
    const char *id;      /* id or name of the session */

    /* Precondition: revisions of If-Match; count 0: none; any: "*" (the session must exist). */
    int64_t if_match[JOB_IF_MATCH];
    int if_match_count;

    /* Exactly once: NULL or the Idempotency-Key, and the digest of the request. */
    const char *key;
    uint8_t digest[16];

    /* in */
    const struct session_spec *spec;
    bool ensure;
    const struct session_patch *patch;
    struct values values;
    struct step_input *steps;
    size_t step_count;
    enum steps_return steps_return;
    bool dry_run;
    bool explain; /* the last step says how it moves `coordinate` */
    int64_t coordinate;
    struct job *items; /* JOB_STEPS_MANY */
    size_t item_count;
    bool atomic;
    struct store_query query;
    struct history_range range;
    bool as_buckets;                /* JOB_HISTORY: range.limit buckets, not rows */
    struct history_column *columns; /* JOB_HISTORY: hyperparameters by name; filled */
    size_t column_count;
    const struct dataset *dataset; /* JOB_DATASET_PUT */
    const struct run_rules *rules; /* JOB_RUN */
    int64_t wait_ns;               /* JOB_RUN, _GET: answered when the run ends, or after so long */
    struct watch_item *watches;    /* JOB_WATCH; 0 of them: all sessions */
    int watch_count;
    enum snapshot_part part; /* how much of the session the answer needs */

    /* out */
    struct err *err;             /* the caller's; err->code tells success */
    struct session *session;     /* snapshot */
    bool created;                /* JOB_CREATE, JOB_DATASET_PUT: 201, not 200 */
    struct step_output *outputs; /* step_count of them */
    struct session **sessions;   /* JOB_LIST */
    int session_count;
    const char *next;               /* JOB_LIST: cursor */
    struct step_metrics *rows;      /* JOB_HISTORY */
    struct bucket *buckets;         /* … with as_buckets */
    struct recorded_step *recorded; /* JOB_TRAJECTORY */
    size_t row_count;               /* of rows, buckets or recorded */
    int64_t row_total;
    struct session_run *run;  /* JOB_RUN, _GET, _CANCEL */
    struct session_run *runs; /* JOB_RUN_LIST: run_count, newest first */
    size_t run_count;
    struct event_reader *reader;             /* JOB_WATCH: the caller's from then on */
    struct store_check checks[STORE_CHECKS]; /* JOB_PROBE */
    int check_count;
    struct stored_answer *replay; /* the stored answer of the same key, else NULL */

    /* Renders the answer into `answer` in the engine thread, before COMMIT, for a job with a key:
     * it is stored with the change. Returns false where there was no memory. */
    bool (*render)(struct job *job, struct stored_answer *answer);
    void (*compute)(struct job *job); /* JOB_COMPUTE: the work */
    /* JOB_COMPUTE: whether nobody waits for the answer any more; compute thread. NULL: not known */
    bool (*gone)(const struct job *job);
    void (*done)(struct job *job); /* engine thread, once, the engine's last touch */
    void *user;

    const atomic_bool *stop; /* the engine's own: the server stops */
    struct job *next_job;    /* the engine's own */
    int64_t wait_until_ns;   /* the engine's own */
    int touched;             /* the engine's own: 1 changed something */
};

struct engine;

struct engine_config {
    size_t cache_bytes;
    int queue_max; /* jobs that may wait; engine_admit refuses beyond */
};

/* Takes over the store until engine_free, which stops the thread and closes it. */
enum err_code engine_new(struct store *store, const struct engine_config *config,
                         struct engine **ret_engine, struct err *err);

/* Any thread. Whether one more job may come; false: answer 503. Reserves a place, which submit
 * uses or engine_release gives back. */
bool engine_admit(struct engine *e);
void engine_release(struct engine *e);

/* Any thread, after engine_admit said true. Cannot fail. */
void engine_submit(struct engine *e, struct job *job);

/* For the work of a JOB_COMPUTE, to be asked every few milliseconds: whether it should end early,
 * since the server stops or nobody is there to be answered. */
bool engine_unwanted(const struct job *job);

/* What happens to the sessions; lives as long as the engine. */
struct events *engine_events(struct engine *e);

/* Any thread. A copy in `a` of the data set that was uploaded under `name`, *ret_set NULL where
 * there is none; and all of them by name, without their numbers. ERR_MEMORY is the only error. */
enum err_code engine_dataset(struct engine *e, const char *name, struct arena *a,
                             const struct dataset **ret_set, struct err *err);
enum err_code engine_datasets(struct engine *e, struct arena *a, struct dataset **ret_sets,
                              size_t *ret_count, struct err *err);

/* From now on nobody waits for the end of a run: who does is answered. Any thread. */
void engine_answer(struct engine *e);

/* engine_admit is false from now on. */
void engine_refuse(struct engine *e);

/* Waits until every submitted job is done, ends the thread, closes the store, frees. */
void engine_free(struct engine *e);

/* Called once from the engine thread when the store reported a failed sync: the process must end
 * with a non-zero status, so that recovery decides. Set before threads start. */
void engine_on_fatal(struct engine *e, void (*fatal)(void *user), void *user);

#endif
