/* The list of runs and their slices; and the jobs on runs. */
#include "engine/runs.h"

#include "base/clock.h"
#include "base/log.h"
#include "session/objective.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A slice ends after so long, or so many steps, and a failed one is tried again after so long. */
static const int64_t slice_ns = 3000000, pause_ns = 1000000000, tell_ns = 250000000;
enum { SLICE_STEPS = 4096, LIST_MAX = 100 };

struct active {
    struct session_run run;
    int64_t since_ns, before_ms; /* it goes on since then, having taken so long before */
    int64_t told_ns;             /* when readers of events last heard of it */
};

struct runs {
    struct active *list;
    size_t count, cap, next;
    bool known; /* the list is what the store says */
    int64_t pause_until_ns;
};

/* ---- the list ---------------------------------------------------------------------------------
 */

struct runs *runs_new(void)
{
    return calloc(1, sizeof(struct runs));
}

void runs_free(struct runs *r)
{
    if (r)
        free(r->list);
    free(r);
}

void runs_forget(struct runs *r)
{
    r->known = false;
}

static struct active *add(struct runs *r, const struct session_run *run)
{
    if (r->count == r->cap) {
        size_t cap = r->cap ? 2 * r->cap : 8;
        struct active *list = realloc(r->list, cap * sizeof *list);
        if (!list)
            return NULL;
        r->list = list;
        r->cap = cap;
    }
    struct active *a = &r->list[r->count++];
    *a = (struct active){
        .run = *run, .since_ns = clock_monotonic_ns(), .before_ms = run->elapsed_ms};
    return a;
}

static bool take(void *user, const struct session_run *run)
{
    return add(user, run);
}

enum err_code runs_ready(struct jobs *j, struct err *err)
{
    struct runs *r = j->runs;
    if (r->known)
        return ERR_OK;
    r->count = 0;
    enum err_code code = j->store->ops->run_active(j->store, take, r, err);
    r->known = code == ERR_OK;
    return code;
}

bool runs_waiting(const struct runs *r)
{
    return (r->count > 0 || !r->known) && clock_monotonic_ns() >= r->pause_until_ns;
}

void runs_pause(struct runs *r)
{
    r->pause_until_ns = clock_monotonic_ns() + pause_ns;
}

static struct active *find(struct runs *r, int64_t key)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->list[i].run.key == key)
            return &r->list[i];
    return NULL;
}

bool runs_goes_on(struct runs *r, const struct session_run *run)
{
    const struct active *a = find(r, run->key);
    return !r->known || (a && strcmp(a->run.id, run->id) == 0);
}

static void drop(struct runs *r, struct active *a)
{
    *a = r->list[--r->count];
}

void runs_drop(struct runs *r, int64_t session_key)
{
    struct active *a = find(r, session_key);
    if (a)
        drop(r, a);
}

/* ---- a slice ----------------------------------------------------------------------------------
 */

/* What a slice asks after each step. */
struct slice {
    struct active *a;
    int64_t until_ns;
};

static int64_t elapsed_ms(const struct active *a)
{
    return a->before_ms + (clock_monotonic_ns() - a->since_ns) / 1000000;
}

static bool goes_on(void *user, const struct step_output *out)
{
    struct slice *slice = user;
    struct session_run *run = &slice->a->run;
    run->end = run_judge(run, out);
    if (run->end == RUN_GOES_ON && (double)elapsed_ms(slice->a) > run->rules.max_seconds * 1e3)
        run->end = RUN_OUT_OF_TIME;
    return run->end == RUN_GOES_ON && clock_monotonic_ns() < slice->until_ns;
}

/* A step could not be made. Those before it in the slice are made once more, on the session as the
 * store has it, and kept. */
static enum err_code keep_good(struct jobs *j, struct active *a, const struct session_run *before,
                               struct descent *d, const struct err *why, struct err *err)
{
    struct session *s;
    struct slice slice = {.a = a, .until_ns = INT64_MAX};
    cache_drop(j->cache, cache_get(j->cache, before->session));
    a->run = *before;
    enum err_code code = ERR_OK;
    if (d->made > 0 && !(code = jobs_find(j, before->session, &s, err))) {
        d->most = d->made;
        d->user = &slice;
        arena_reset(d->arena);
        code = jobs_descend(j, s, d, err);
    }
    a->run.end = RUN_DIVERGED;
    snprintf(a->run.reason, sizeof a->run.reason, "%s", why->at[0].detail);
    if (!code && why->code == ERR_NONFINITE && !(code = jobs_find(j, before->session, &s, err)))
        objective_why(s->objective, s, "a step would not be finite", a->run.reason,
                      sizeof a->run.reason);
    return code;
}

/* The run has ended, and its session is as the run leaves it. */
static enum err_code finish(struct jobs *j, struct session_run *run, struct err *err)
{
    struct arena scratch;
    struct session *s;
    enum err_code code = jobs_find(j, run->session, &s, err);
    if (code)
        return code;
    arena_init(&scratch);
    run_conclude(run, s, clock_unix_ms(), &scratch);
    arena_close(&scratch);
    return ERR_OK;
}

/* Steps until the slice or the run is over. The run's row is the caller's to write. */
static enum err_code make_steps(struct jobs *j, struct active *a, struct err *err)
{
    struct arena arena;
    struct session *s;
    struct session_run before = a->run;
    struct slice slice = {.a = a, .until_ns = clock_monotonic_ns() + slice_ns};
    struct descent d = {.arena = &arena, .most = SLICE_STEPS, .goes_on = goes_on, .user = &slice};
    struct err own;
    err_init(&own);
    enum err_code code = jobs_find(j, a->run.session, &s, err);
    if (code)
        return code;
    arena_init(&arena);
    code = jobs_descend(j, s, &d, &own);
    if (code && !j->poison && code != ERR_MEMORY)
        code = keep_good(j, a, &before, &d, &own, err);
    else if (code)
        err_add(err, code, "", "%s", own.at[0].detail);
    a->run.elapsed_ms = elapsed_ms(a);
    if (!code && a->run.end != RUN_GOES_ON)
        code = finish(j, &a->run, err);
    arena_close(&arena);
    return code;
}

static void tell(struct jobs *j, struct active *a, int64_t step)
{
    struct event e = {.kind = EVENT_RUN,
                      .key = a->run.key,
                      .step = step,
                      .count = a->run.steps_done,
                      .run_end = a->run.end,
                      .seconds = (double)a->run.elapsed_ms / 1000};
    int64_t now = clock_monotonic_ns();
    if (a->run.end == RUN_GOES_ON && a->told_ns && now - a->told_ns < tell_ns)
        return;
    a->told_ns = now;
    memcpy(e.id, a->run.session, sizeof e.id);
    memcpy(e.run, a->run.id, sizeof e.run);
    snprintf(e.reason, sizeof e.reason, "%.*s", (int)sizeof e.reason - 1, a->run.reason);
    events_add(j->events, &e);
}

/* The step at which the run's session is. */
static int64_t step_of(struct jobs *j, const struct session_run *run)
{
    const struct session *s = cache_get(j->cache, run->session);
    return s ? s->step : 0;
}

void runs_go_on(struct jobs *j, bool *ret_touched)
{
    struct runs *r = j->runs;
    struct err err;
    err_init(&err);
    if (runs_ready(j, &err)) {
        runs_pause(r);
        return;
    }
    if (r->count == 0)
        return;
    struct active *a = &r->list[r->next++ % r->count];
    if (make_steps(j, a, &err) ||
        jobs_judge(j, j->store->ops->run_update(j->store, &a->run, &err))) {
        log_line(LOG_ERROR, "run %s: %s", a->run.id, err.at[0].detail);
        if (!j->poison)
            j->poison = err.code;
        return;
    }
    *ret_touched = true;
    tell(j, a, step_of(j, &a->run));
    if (a->run.end != RUN_GOES_ON)
        drop(r, a);
}

/* ---- jobs -------------------------------------------------------------------------------------
 */

static enum err_code show(struct job *job, const struct session_run *run)
{
    job->run = arena_memdup(job->arena, run, sizeof *run);
    return job->run ? ERR_OK : err_add(job->err, ERR_MEMORY, "", "no memory for a run");
}

enum err_code jobs_undisturbed(struct jobs *j, const struct session *s, struct err *err)
{
    const struct active *a;
    enum err_code code = runs_ready(j, err);
    if (code || !(a = find(j->runs, s->key)))
        return code;
    return err_add(err, ERR_RUNNING, "",
                   "run %s moves the session; wait for its end, or DELETE /v1/runs/%s", a->run.id,
                   a->run.id);
}

/* Whether a run can begin in `s`. */
static enum err_code check(struct jobs *j, const struct session *s, struct err *err)
{
    if (!s->objective)
        return err_add(err, ERR_VALIDATION, "#",
                       "the session has no objective to run on; create it with one, or send its "
                       "gradients to /v1/sessions/%s/steps",
                       s->id);
    return jobs_undisturbed(j, s, err);
}

void job_run(struct jobs *j, struct job *job)
{
    struct session *s;
    struct session_run run;
    if (runs_ready(j, job->err) || jobs_find(j, job->id, &s, job->err) ||
        jobs_match(job, s, job->err) || check(j, s, job->err))
        return;
    run_begin(&run, s, job->rules, clock_unix_ms());
    if (run_aim(&run, s, job->arena, job->err))
        return;
    struct active *a = add(j->runs, &run);
    if (!a) {
        err_add(job->err, ERR_MEMORY, "", "no memory for a run");
        return;
    }
    if (make_steps(j, a, job->err) ||
        jobs_judge(j, j->store->ops->run_insert(j->store, &a->run, job->err)) ||
        jobs_find(j, run.session, &s, job->err) || jobs_answer(job, s, SNAPSHOT_PARAMETERS) ||
        show(job, &a->run)) {
        j->poison = job->err->code;
        return;
    }
    job->touched = 1;
    tell(j, a, s->step);
    if (a->run.end != RUN_GOES_ON)
        drop(j->runs, a);
}

/* From the list where it goes on, else from the store. */
static enum err_code look_up(struct jobs *j, struct job *job, struct session_run *ret)
{
    enum err_code code = j->store->ops->run_get(j->store, job->id, ret, job->err);
    if (code == ERR_NOT_FOUND && !job->err->count)
        return err_add(job->err, code, "", "no run has the id \"%.60s\"", job->id);
    return code;
}

/* The run as it is, and its session. */
static void answer(struct jobs *j, struct job *job, const struct session_run *run)
{
    struct session *s;
    if (!jobs_find(j, run->session, &s, job->err) && !jobs_answer(job, s, SNAPSHOT_PARAMETERS))
        show(job, run);
}

void job_run_get(struct jobs *j, struct job *job)
{
    struct session_run run;
    if (!look_up(j, job, &run))
        answer(j, job, &run);
}

/* One that has ended stays as it is. */
void job_run_cancel(struct jobs *j, struct job *job)
{
    struct session_run run;
    if (runs_ready(j, job->err) || look_up(j, job, &run))
        return;
    struct active *a = find(j->runs, run.key);
    if (run.end == RUN_GOES_ON && a) {
        a->run.end = RUN_CANCELLED;
        a->run.elapsed_ms = elapsed_ms(a);
        if (finish(j, &a->run, job->err) ||
            jobs_judge(j, j->store->ops->run_update(j->store, &a->run, job->err)))
            return;
        job->touched = 1;
        run = a->run;
        tell(j, a, step_of(j, &run));
        drop(j->runs, a);
    }
    answer(j, job, &run);
}

void job_run_list(struct jobs *j, struct job *job)
{
    struct session *s;
    if (jobs_find(j, job->id, &s, job->err))
        return;
    j->store->ops->run_list(j->store, s, LIST_MAX, job->arena, &job->runs, &job->run_count,
                            job->err);
}
