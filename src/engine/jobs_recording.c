/* Jobs on what was recorded of small sessions: where the steps led, and how one of them came
 * about. */
#include "engine/jobs.h"

/* The session, where its steps are recorded. */
static bool find_recorded(struct jobs *j, struct job *job, struct session **ret_session)
{
    if (jobs_find(j, job->id, ret_session, job->err))
        return false;
    if (recording_wanted(*ret_session))
        return true;
    err_add(job->err, ERR_NOT_FOUND, "",
            "the steps of this session are not recorded: only those of sessions with at most %d "
            "parameters and %d bytes of state are",
            RECORDING_PARAMETERS, RECORDING_BYTES);
    return false;
}

void job_trajectory(struct jobs *j, struct job *job)
{
    struct session *s;
    if (!find_recorded(j, job, &s) || jobs_answer(job, s, SNAPSHOT_META))
        return;
    j->store->ops->recording_read(j->store, s, &job->range, job->arena, &job->recorded,
                                  &job->row_count, job->err);
}

/* Makes the step again on a session that is read for this alone. */
static void make_again(struct jobs *j, struct job *job, const struct recorded_step *r)
{
    struct session *own;
    struct arena scratch;
    if (j->store->ops->load(j->store, job->session->id, &own, job->err))
        return;
    arena_init(&scratch);
    recording_explain(own, r, &scratch, job->outputs, job->err);
    arena_close(&scratch);
    session_free(own);
}

void job_explain(struct jobs *j, struct job *job)
{
    struct session *s;
    if (!find_recorded(j, job, &s) || jobs_answer(job, s, SNAPSHOT_META))
        return;
    job->outputs = arena_zalloc(job->arena, 1, sizeof *job->outputs);
    if (!job->outputs || !step_output_explain(job->outputs, (size_t)job->coordinate, job->arena)) {
        err_add(job->err, ERR_MEMORY, "", "no memory to explain the step");
        return;
    }
    if (j->store->ops->recording_read(j->store, s, &job->range, job->arena, &job->recorded,
                                      &job->row_count, job->err))
        return;
    if (job->row_count > 0)
        make_again(j, job, job->recorded);
    else if (job->range.from > s->step)
        err_add(job->err, ERR_NOT_FOUND, "", "the session is at step %lld; step %lld is not made",
                (long long)s->step, (long long)job->range.from);
    else
        err_add(job->err, ERR_NOT_FOUND, "",
                "step %lld was not recorded, or is none of the newest %d any more",
                (long long)job->range.from, RECORDING_STEPS);
}
