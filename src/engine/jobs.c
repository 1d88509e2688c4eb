/* Jobs on whole sessions: create, read, list, patch, delete, overwrite, history; and exactly-once
 * keys around every job that writes. */
#include "engine/jobs.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "engine/runs.h"
#include "session/block.h"

#include <string.h>

bool job_reads(const struct job *job)
{
    return job->kind == JOB_GET || job->kind == JOB_LIST || job->kind == JOB_HISTORY ||
           job->kind == JOB_RUN_GET || job->kind == JOB_RUN_LIST || job->kind == JOB_TRAJECTORY ||
           job->kind == JOB_EXPLAIN || job->kind == JOB_WATCH || job->kind == JOB_PROBE;
}

/* A store that failed in the middle of a transaction leaves it in doubt; errors of content do not.
 */
enum err_code jobs_judge(struct jobs *j, enum err_code code)
{
    if (code == ERR_STORE || code == ERR_FULL || code == ERR_MEMORY)
        j->poison = code;
    return code;
}

enum err_code jobs_find(struct jobs *j, const char *id, struct session **ret_session,
                        struct err *err)
{
    struct session *s = cache_get(j->cache, id);
    if (!s) {
        enum err_code code = j->store->ops->load(j->store, id, &s, err);
        if (code == ERR_NOT_FOUND && err && !err->count)
            return err_add(err, code, "", "no session has the id or name \"%s\"", id);
        if (code)
            return code;
        if (!cache_put(j->cache, s)) {
            session_free(s);
            return err_add(err, ERR_MEMORY, "", "no memory to load the session");
        }
    }
    *ret_session = s;
    return ERR_OK;
}

enum err_code jobs_put(struct jobs *j, struct session *s, bool whole, struct err *err)
{
    int64_t read_revision = s->revision++;
    s->updated_ms = clock_unix_ms();
    block_seal(s);
    return jobs_judge(j, whole ? j->store->ops->update(j->store, s, read_revision, err)
                               : j->store->ops->put(j->store, s, read_revision, err));
}

enum err_code jobs_match(const struct job *job, const struct session *s, struct err *err)
{
    if (!job->if_match_count)
        return ERR_OK;
    for (int i = 0; i < job->if_match_count; i++)
        if (job->if_match[i] == s->revision)
            return ERR_OK;
    err_add(err, ERR_STALE, "", "If-Match names another revision; the session is at \"%lld\"",
            (long long)s->revision);
    err->revision = s->revision;
    err->step = s->step;
    return ERR_STALE;
}

enum err_code jobs_answer(struct job *job, const struct session *s, enum snapshot_part part)
{
    job->session = session_snapshot(s, part, job->arena);
    return job->session ? ERR_OK
                        : err_add(job->err, ERR_MEMORY, "", "no memory to copy the session");
}

static void job_list(struct jobs *j, struct job *job)
{
    const char **ids = NULL;
    int count = 0;
    if (j->store->ops->list(j->store, &job->query, job->arena, &ids, &count, &job->next, job->err))
        return;
    job->sessions = arena_zalloc(job->arena, (size_t)count + 1, sizeof *job->sessions);
    if (!job->sessions) {
        err_add(job->err, ERR_MEMORY, "", "no memory for the list");
        return;
    }
    for (int i = 0; i < count; i++) {
        struct session *s;
        if (jobs_find(j, ids[i], &s, job->err) || jobs_answer(job, s, SNAPSHOT_META))
            return;
        job->sessions[job->session_count++] = job->session;
        cache_trim(j->cache);
    }
}

static void job_probe(struct jobs *j, struct job *job)
{
    if (!j->store->ops->check(j->store, job->arena, job->checks, &job->check_count))
        err_add(job->err, ERR_STORE, "", "the store is not ready");
}

void job_read(struct jobs *j, struct job *job)
{
    struct session *s;
    switch (job->kind) {
    case JOB_GET:
        if (!jobs_find(j, job->id, &s, job->err))
            jobs_answer(job, s, job->part);
        break;
    case JOB_LIST:
        job_list(j, job);
        break;
    case JOB_HISTORY:
        job_history(j, job);
        break;
    case JOB_TRAJECTORY:
        job_trajectory(j, job);
        break;
    case JOB_EXPLAIN:
        job_explain(j, job);
        break;
    case JOB_WATCH:
        job_watch(j, job);
        break;
    case JOB_RUN_GET:
        job_run_get(j, job);
        break;
    case JOB_RUN_LIST:
        job_run_list(j, job);
        break;
    default:
        job_probe(j, job);
    }
}

/* PUT of a name that exists: the same session again if it was made from the same body. */
static bool ensured(struct jobs *j, struct job *job)
{
    struct session *s;
    struct err missing;
    err_init(&missing);
    enum err_code code = jobs_find(j, job->spec->name, &s, &missing);
    if (code == ERR_NOT_FOUND)
        return false;
    if (code) {
        err_add(job->err, code, "", "the session could not be read");
        return true;
    }
    if (jobs_match(job, s, job->err))
        return true;
    if (!session_matches(s, job->spec))
        err_add(
            job->err, ERR_NAME_TAKEN, "",
            "\"%s\" exists and was made from another body; DELETE it first, or use another name",
            job->spec->name);
    else
        jobs_answer(job, s, SNAPSHOT_PARAMETERS);
    return true;
}

/* Where its steps are recorded, the first one begins here. */
static enum err_code record_start(struct jobs *j, struct job *job, const struct session *s)
{
    struct recorded_step r = {0};
    if (!recording_wanted(s))
        return ERR_OK;
    if (!recording_end(s, job->arena, &r))
        return err_add(job->err, ERR_MEMORY, "", "no memory to record the session");
    return j->store->ops->recording_add(j->store, s, &r, 1, job->err);
}

static void job_create(struct jobs *j, struct job *job)
{
    struct session *s;
    if (job->ensure && ensured(j, job))
        return;
    if (session_new(job->spec, clock_unix_ms(), &s, job->err))
        return;
    block_seal(s);
    if (jobs_judge(j, j->store->ops->insert(j->store, s, job->err)) ||
        jobs_judge(j, record_start(j, job, s))) {
        session_free(s);
        return;
    }
    job->touched = 1;
    job->created = true;
    jobs_tell(j, EVENT_CREATED, s);
    jobs_answer(job, s, SNAPSHOT_PARAMETERS);
    if (!cache_put(j->cache, s))
        session_free(s);
    metrics_add(METRIC_SESSIONS_CREATED, 1);
}

/* Patches outside the cache, since name and size may change; a failed one is read again later. */
static void job_patch(struct jobs *j, struct job *job)
{
    struct session *s;
    if (jobs_find(j, job->id, &s, job->err) || jobs_match(job, s, job->err))
        return;
    cache_take(j->cache, s);
    if (session_patch(s, job->patch, job->err) || jobs_put(j, s, true, job->err)) {
        session_free(s);
        return;
    }
    job->touched = 1;
    jobs_tell(j, EVENT_UPDATE, s);
    jobs_answer(job, s, SNAPSHOT_PARAMETERS);
    if (!cache_put(j->cache, s))
        session_free(s);
}

static void job_delete(struct jobs *j, struct job *job)
{
    struct session *s;
    if (jobs_find(j, job->id, &s, job->err) || jobs_match(job, s, job->err))
        return;
    if (jobs_judge(j, j->store->ops->remove(j->store, s, job->err)))
        return;
    job->touched = 1;
    jobs_tell(j, EVENT_DELETED, s);
    runs_drop(j->runs, s->key);
    cache_drop(j->cache, s);
}

static void job_parameters_put(struct jobs *j, struct job *job)
{
    struct session *s;
    if (jobs_find(j, job->id, &s, job->err) || jobs_match(job, s, job->err) ||
        jobs_undisturbed(j, s, job->err) || session_set_parameters(s, &job->values, job->err))
        return;
    if (jobs_put(j, s, false, job->err)) {
        cache_drop(j->cache, s);
        return;
    }
    job->touched = 1;
    jobs_tell(j, EVENT_UPDATE, s);
    jobs_answer(job, s, SNAPSHOT_PARAMETERS);
}

static void dispatch(struct jobs *j, struct job *job)
{
    switch (job->kind) {
    case JOB_CREATE:
        job_create(j, job);
        break;
    case JOB_PATCH:
        job_patch(j, job);
        break;
    case JOB_DELETE:
        job_delete(j, job);
        break;
    case JOB_PARAMETERS_PUT:
        job_parameters_put(j, job);
        break;
    case JOB_RUN:
        job_run(j, job);
        break;
    case JOB_RUN_CANCEL:
        job_run_cancel(j, job);
        break;
    case JOB_DATASET_PUT:
        job_dataset_put(j, job);
        break;
    case JOB_DATASET_DELETE:
        job_dataset_remove(j, job);
        break;
    case JOB_STEPS_MANY:
        job_steps_many(j, job);
        break;
    default:
        job_steps(j, job);
    }
}

/* The answer stored for this key, if there is one. true: the job is settled, either way. */
static bool replayed(struct jobs *j, struct job *job)
{
    struct stored_answer *stored = arena_zalloc(job->arena, 1, sizeof *stored);
    if (!stored) {
        err_add(job->err, ERR_MEMORY, "", "no memory");
        return true;
    }
    enum err_code code =
        j->store->ops->answer_get(j->store, job->key, job->arena, stored, job->err);
    if (code == ERR_NOT_FOUND)
        return false;
    if (code)
        return true;
    if (memcmp(stored->digest, job->digest, sizeof stored->digest) != 0) {
        err_add(job->err, ERR_KEY_REUSED, "",
                "this Idempotency-Key came with another request before; use a fresh key");
        return true;
    }
    job->replay = stored;
    metrics_add(METRIC_REPLAYS, 1);
    return true;
}

/* Keeps the answer beside the change, in the same transaction. */
static void remember(struct jobs *j, struct job *job)
{
    struct stored_answer answer = {
        .key = job->key, .revision = -1, .step = -1, .created_ms = clock_unix_ms()};
    memcpy(answer.digest, job->digest, sizeof answer.digest);
    if (!job->render(job, &answer)) {
        jobs_judge(j, err_add(job->err, ERR_MEMORY, "", "no memory for the answer"));
        return;
    }
    jobs_judge(j, j->store->ops->answer_put(j->store, &answer, job->err));
    job->touched = 1;
}

void job_write(struct jobs *j, struct job *job)
{
    if (job->key && replayed(j, job))
        return;
    dispatch(j, job);
    if (job->key && !job->err->code && !job->dry_run)
        remember(j, job);
}
