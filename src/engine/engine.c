/* The queue, the owner thread and the group commit; engine.h says why. */
#include "engine/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "engine/compute.h"
#include "engine/jobs.h"
#include "engine/runs.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

/* A transaction that has worked this long is committed, and the rest waits for the next: nobody
 * waits behind a long queue of large steps. */
static const int64_t slice_ns = 5000000;
/* After so long without a job the store may tend to itself. */
static const int64_t idle_ns = 1000000000;

struct engine {
    struct jobs jobs;
    struct engine_config config;
    pthread_t thread;
    struct compute *compute;

    pthread_mutex_t lock; /* guards head, tail, waiting, stopping */
    pthread_cond_t wake;
    struct job *head, **tail;
    bool waiting, stopping;
    struct job *held; /* the owner's: they wait for the end of runs */

    atomic_int admitted;             /* places taken: admitted and not yet done */
    atomic_bool refusing, answering; /* answering: no job waits for a run any more */
    void (*fatal)(void *user);
    void *fatal_user;
};

bool engine_admit(struct engine *e)
{
    if (atomic_load_explicit(&e->refusing, memory_order_relaxed))
        return false;
    if (atomic_fetch_add(&e->admitted, 1) < e->config.queue_max)
        return true;
    atomic_fetch_sub(&e->admitted, 1);
    return false;
}

void engine_release(struct engine *e)
{
    atomic_fetch_sub(&e->admitted, 1);
}

struct events *engine_events(struct engine *e)
{
    return e->jobs.events;
}

enum err_code engine_dataset(struct engine *e, const char *name, struct arena *a,
                             const struct dataset **ret_set, struct err *err)
{
    return datasets_find(e->jobs.datasets, name, a, ret_set, err);
}

enum err_code engine_datasets(struct engine *e, struct arena *a, struct dataset **ret_sets,
                              size_t *ret_count, struct err *err)
{
    return datasets_list(e->jobs.datasets, a, ret_sets, ret_count, err);
}

void engine_answer(struct engine *e)
{
    atomic_store(&e->answering, true);
}

void engine_refuse(struct engine *e)
{
    engine_answer(e);
    atomic_store(&e->refusing, true);
}

void engine_submit(struct engine *e, struct job *job)
{
    job->next_job = NULL;
    job->touched = 0;
    job->wait_until_ns = job->wait_ns ? clock_monotonic_ns() + job->wait_ns : 0;
    if (job->kind == JOB_COMPUTE) {
        job->stop = &e->refusing;
        compute_submit(e->compute, job);
        return;
    }
    pthread_mutex_lock(&e->lock);
    *e->tail = job;
    e->tail = &job->next_job;
    bool wake = e->waiting;
    e->waiting = false;
    pthread_mutex_unlock(&e->lock);
    if (wake)
        pthread_cond_signal(&e->wake);
}

bool engine_unwanted(const struct job *job)
{
    return atomic_load(job->stop) || (job->gone && job->gone(job));
}

static struct timespec idle_deadline(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += idle_ns / 1000000000;
    return t;
}

/* All the jobs that wait, in order; NULL when there are none, after a while with `wait`, or the
 * engine is to stop (ret_stop). */
static struct job *take_all(struct engine *e, bool wait, bool *ret_stop)
{
    pthread_mutex_lock(&e->lock);
    int timed_out = 0;
    struct timespec deadline = {0};
    while (wait && !e->head && !e->stopping && timed_out != ETIMEDOUT) {
        if (!deadline.tv_sec)
            deadline = idle_deadline();
        e->waiting = true;
        timed_out = pthread_cond_timedwait(&e->wake, &e->lock, &deadline);
    }
    e->waiting = false;
    struct job *jobs = e->head;
    e->head = NULL;
    e->tail = &e->head;
    *ret_stop = e->stopping && !jobs;
    pthread_mutex_unlock(&e->lock);
    return jobs;
}

static void finish(void *user, struct job *job)
{
    struct engine *e = user;
    atomic_fetch_sub(&e->admitted, 1);
    job->done(job);
}

/* Whether the answer is to wait for the end of the run. That to a key is stored with the run's
 * beginning, so it says what was then. */
static bool waits(struct engine *e, const struct job *job)
{
    return job->wait_ns > 0 && !job->err->code && !job->key && job->run &&
           runs_goes_on(e->jobs.runs, job->run) && clock_monotonic_ns() < job->wait_until_ns &&
           !atomic_load_explicit(&e->answering, memory_order_relaxed);
}

/* Answers the job, or holds it back. */
static void answer(struct engine *e, struct job *job)
{
    if (!waits(e, job)) {
        finish(e, job);
        return;
    }
    job->next_job = e->held;
    e->held = job;
}

/* Answers those whose wait is over, with the run as it is now. */
static void answer_held(struct engine *e)
{
    struct job *next = e->held;
    e->held = NULL;
    while (next) {
        struct job *job = next;
        next = job->next_job;
        if (!waits(e, job)) {
            job->kind = JOB_RUN_GET;
            job->id = job->run->id;
            job_read(&e->jobs, job);
        }
        answer(e, job);
    }
}

/* Fails every job of the transaction: nothing of it may be believed. */
static void fail_all(struct job *const *jobs, int count, enum err_code code)
{
    for (int i = 0; i < count; i++) {
        jobs[i]->replay = NULL;
        err_init(jobs[i]->err);
        err_add(jobs[i]->err, code, "",
                code == ERR_FULL     ? "the store's disk is full; nothing was changed"
                : code == ERR_MEMORY ? "there was no memory; nothing was changed"
                                     : "the store failed; whether the change was made is unknown");
    }
}

static void end_if_fatal(struct engine *e)
{
    if (!e->jobs.store->ops->fatal(e->jobs.store))
        return;
    log_line(LOG_ERROR, "the store could not sync: ending, so that recovery decides");
    if (e->fatal)
        e->fatal(e->fatal_user);
}

static enum err_code commit(struct engine *e, bool touched)
{
    struct store *st = e->jobs.store;
    if (e->jobs.poison || !touched) {
        st->ops->rollback(st);
        return e->jobs.poison;
    }
    struct err err;
    err_init(&err);
    int64_t start = clock_monotonic_ns();
    enum err_code code = st->ops->commit(st, &err);
    metrics_observe(METRIC_COMMIT_SECONDS, (double)(clock_monotonic_ns() - start) * 1e-9);
    metrics_add(code ? METRIC_COMMITS_FAILED : METRIC_COMMITS, 1);
    return code;
}

static enum err_code begin(struct engine *e)
{
    struct err err;
    err_init(&err);
    e->jobs.poison = ERR_OK;
    e->jobs.steps = e->jobs.rejected = e->jobs.skipped = 0;
    e->jobs.poison = e->jobs.store->ops->begin(e->jobs.store, &err);
    return e->jobs.poison;
}

/* Ends the transaction: what is in memory is then what the store has. */
static enum err_code end(struct engine *e, bool touched)
{
    enum err_code code = commit(e, touched);
    if (code) {
        cache_clear(e->jobs.cache);
        datasets_rollback(e->jobs.datasets);
        events_drop(e->jobs.events);
        runs_forget(e->jobs.runs);
    } else {
        metrics_add(METRIC_STEPS, e->jobs.steps);
        metrics_add(METRIC_STEPS_SKIPPED, e->jobs.skipped);
        datasets_commit(e->jobs.datasets);
        events_publish(e->jobs.events);
    }
    metrics_add(METRIC_STEPS_REJECTED, e->jobs.rejected);
    return code;
}

/* Ends the transaction of `count` jobs and answers them. */
static void conclude(struct engine *e, struct job **jobs, int count)
{
    bool touched = false;
    for (int i = 0; i < count; i++)
        touched |= jobs[i]->touched;
    enum err_code code = end(e, touched);
    if (code) {
        fail_all(jobs, count, code);
        end_if_fatal(e);
    } else {
        metrics_observe(METRIC_BATCH_JOBS, (double)count);
    }
    for (int i = 0; i < count; i++)
        answer(e, jobs[i]);
}

/* A slice of the next run, in a transaction of its own. */
static void go_on_running(struct engine *e)
{
    bool touched = false;
    if (!begin(e))
        runs_go_on(&e->jobs, &touched);
    if (end(e, touched)) {
        runs_pause(e->jobs.runs);
        end_if_fatal(e);
    }
}

enum { BATCH_MAX = 1024 };

/* One transaction over the next jobs that write, as many as fit a slice; returns the rest. */
static struct job *write_some(struct engine *e, struct job *next)
{
    struct job *jobs[BATCH_MAX];
    int count = 0;
    begin(e);
    int64_t start = clock_monotonic_ns();
    while (next && count < BATCH_MAX) {
        struct job *job = next;
        next = job->next_job;
        jobs[count++] = job;
        if (!e->jobs.poison)
            job_write(&e->jobs, job);
        if (clock_monotonic_ns() - start > slice_ns)
            break;
    }
    conclude(e, jobs, count);
    return next;
}

/* Jobs that write come first and commit; those that read then see what is durable. */
static void run_batch(struct engine *e, struct job *next)
{
    struct job *writes = NULL, **write_tail = &writes, *reads = NULL, **read_tail = &reads;
    for (; next; next = next->next_job) {
        struct job ***tail = job_reads(next) ? &read_tail : &write_tail;
        **tail = next;
        *tail = &next->next_job;
    }
    *write_tail = NULL;
    *read_tail = NULL;
    while (writes)
        writes = write_some(e, writes);
    while (reads) {
        struct job *job = reads;
        reads = job->next_job;
        job_read(&e->jobs, job);
        answer(e, job);
    }
    cache_trim(e->jobs.cache);
}

static void *engine_main(void *arg)
{
    struct engine *e = arg;
    bool stop = false;
    unsigned batches = 0;
    while (!stop) {
        bool runs = runs_waiting(e->jobs.runs);
        struct job *jobs = take_all(e, !runs, &stop);
        metrics_set(METRIC_QUEUE_DEPTH, atomic_load(&e->admitted));
        if (jobs)
            run_batch(e, jobs);
        if (runs && !stop) {
            go_on_running(e);
            cache_trim(e->jobs.cache);
        }
        answer_held(e);
        if ((!jobs && !runs) || ++batches % 256 == 0)
            e->jobs.store->ops->tend(e->jobs.store);
    }
    return NULL;
}

enum err_code engine_new(struct store *store, const struct engine_config *config,
                         struct engine **ret_engine, struct err *err)
{
    struct engine *e = calloc(1, sizeof *e);
    struct cache *cache = cache_new(config->cache_bytes);
    enum err_code code = ERR_OK;
    if (!e || !cache || !(e->jobs.events = events_new()) ||
        !(e->compute = compute_new(finish, e)) || !(e->jobs.datasets = datasets_new()) ||
        !(e->jobs.runs = runs_new()))
        goto out;
    if ((code = datasets_load(e->jobs.datasets, store, err)))
        goto out;
    e->config = *config;
    e->jobs.store = store;
    e->jobs.cache = cache;
    e->tail = &e->head;
    pthread_mutex_init(&e->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&e->wake, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&e->thread, NULL, engine_main, e) != 0)
        goto out;
    *ret_engine = e;
    return ERR_OK;
out:
    if (e) {
        compute_free(e->compute);
        events_free(e->jobs.events);
        datasets_free(e->jobs.datasets);
        runs_free(e->jobs.runs);
    }
    cache_free(cache);
    free(e);
    return code ? code : err_add(err, ERR_MEMORY, "", "no memory or thread for the engine");
}

void engine_on_fatal(struct engine *e, void (*fatal)(void *user), void *user)
{
    e->fatal = fatal;
    e->fatal_user = user;
}

void engine_free(struct engine *e)
{
    if (!e)
        return;
    engine_refuse(e);
    pthread_mutex_lock(&e->lock);
    e->stopping = true;
    pthread_mutex_unlock(&e->lock);
    pthread_cond_signal(&e->wake);
    pthread_join(e->thread, NULL);
    compute_free(e->compute);
    events_free(e->jobs.events);
    datasets_free(e->jobs.datasets);
    runs_free(e->jobs.runs);
    cache_free(e->jobs.cache);
    e->jobs.store->ops->close(e->jobs.store);
    pthread_cond_destroy(&e->wake);
    pthread_mutex_destroy(&e->lock);
    free(e);
}
