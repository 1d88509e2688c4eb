/* What each kind of job does to sessions and store; engine.c decides when, and commits. Private to
 * engine/. Thread: the engine's. */
#ifndef STEPD_ENGINE_JOBS_H
#define STEPD_ENGINE_JOBS_H

#include "engine/cache.h"
#include "engine/datasets.h"
#include "engine/engine.h"

struct runs;

/* What jobs run against. */
struct jobs {
    struct store *store;
    struct cache *cache;
    struct events *events;
    struct datasets *datasets;
    struct runs *runs; /* runs.h */
    /* Set when a store call failed after something may have been written: the whole transaction
     * has to be rolled back, and every job in it fails with this. */
    enum err_code poison;
    int64_t steps, rejected, skipped; /* counted in this transaction */
};

/* Whether the job only reads: it runs after COMMIT, and so sees what is durable. */
bool job_reads(const struct job *job);

/* Runs a job that changes something, inside the open transaction. The result is in job->err and the
 * job's outputs; job->touched tells whether anything was written. */
void job_write(struct jobs *j, struct job *job);

/* Runs a job that reads, outside a transaction. */
void job_read(struct jobs *j, struct job *job);

/* The session with this id or name, from cache or store; an error with no pointer if there is none.
 * The session stays the cache's. */
enum err_code jobs_find(struct jobs *j, const char *id, struct session **ret_session,
                        struct err *err);

/* JOB_STEPS on its session; jobs_steps.c. */
void job_steps(struct jobs *j, struct job *job);

/* JOB_WATCH; jobs_watch.c. */
/* Fills a column for rows (or buckets, else NULL) of the range. */
struct history_points {
    const struct step_metrics *rows;
    const struct bucket *buckets;
    size_t count;
};
enum err_code jobs_column(struct jobs *j, const struct session *s,
                          const struct history_range *range, const struct history_points *points,
                          struct arena *a, struct history_column *c, struct err *err);
void job_history(struct jobs *j, struct job *job);
void job_watch(struct jobs *j, struct job *job);

/* Tells readers of events what the open transaction does to `s`. */
void jobs_tell(struct jobs *j, enum event_kind kind, const struct session *s);

/* JOB_DATASET_PUT and JOB_DATASET_DELETE; jobs_datasets.c. */
void job_dataset_put(struct jobs *j, struct job *job);
void job_dataset_remove(struct jobs *j, struct job *job);

/* Returns `code`, and poisons the transaction where a store that gave it may have written half. */
enum err_code jobs_judge(struct jobs *j, enum err_code code);

/* JOB_TRAJECTORY and JOB_EXPLAIN; jobs_recording.c. */
void job_trajectory(struct jobs *j, struct job *job);
void job_explain(struct jobs *j, struct job *job);

/* Steps of a session on its own objective, in jobs_steps.c. */
struct descent {
    struct arena *arena;
    size_t most; /* steps */
    /* Asked after each step, which is made and counts, whatever it says. */
    bool (*goes_on)(void *user, const struct step_output *out);
    void *user;
    size_t made; /* out: steps that were made or skipped */
};

/* Makes steps and writes them inside the open transaction, as job_steps does. Where one cannot be
 * made, nothing is written and the session in the cache is half changed: the caller drops it. */
enum err_code jobs_descend(struct jobs *j, struct session *s, struct descent *d, struct err *err);

/* JOB_RUN and its like; runs.c. */
void job_run(struct jobs *j, struct job *job);
void job_run_get(struct jobs *j, struct job *job);
void job_run_cancel(struct jobs *j, struct job *job);
void job_run_list(struct jobs *j, struct job *job);

/* ERR_RUNNING, with the run's id, where a run is going on in `s`. */
enum err_code jobs_undisturbed(struct jobs *j, const struct session *s, struct err *err);

/* JOB_STEPS_MANY; jobs_steps.c. */
void job_steps_many(struct jobs *j, struct job *job);

/* Counts up revision and time, and writes the session's numbers (`whole`: everything). */
enum err_code jobs_put(struct jobs *j, struct session *s, bool whole, struct err *err);

/* Checks If-Match. */
enum err_code jobs_match(const struct job *job, const struct session *s, struct err *err);

/* job->session = a copy of `s`. */
enum err_code jobs_answer(struct job *job, const struct session *s, enum snapshot_part part);

#endif
