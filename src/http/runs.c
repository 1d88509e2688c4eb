/* /v1/sessions/{id}/runs and /v1/runs/{run}: many steps on the session's own objective. */
#include "http/handlers.h"
#include "http/request.h"

#include "codec/run.h"

const char *const run_query[] = {"wait", NULL};

/* Seconds that a client waits for the end of the run. */
static void read_wait(struct request *r)
{
    int64_t seconds = 0;
    target_int(&r->target, "wait", 0, LIMIT_WAIT, &seconds, &r->err);
    r->job.wait_ns = seconds * 1000000000;
}

void run_begin_request(struct request *r)
{
    struct run_rules *rules = request_alloc(r, 1, sizeof *rules);
    if (!rules || json_read_run(&r->arena, r->body.data, r->body.len, rules, &r->err))
        return;
    r->job.kind = JOB_RUN;
    r->job.id = r->parameters[0];
    r->job.rules = rules;
    read_wait(r);
}

/* 200 where it has ended, within its first slice or the client's wait; else 202, and it goes on. */
void run_begun(struct request *r)
{
    const struct session_run *run = r->job.run;
    bool ended = run->end != RUN_GOES_ON;
    struct buf *out = request_answer_session(r, ended ? 200 : 202, r->job.session);
    r->answer.location = arena_printf(&r->arena, "/v1/runs/%s", run->id);
    json_write_run(out, run, r->job.session);
}

void runs_list_begin(struct request *r)
{
    r->job.kind = JOB_RUN_LIST;
    r->job.id = r->parameters[0];
}

void runs_list_finish(struct request *r)
{
    json_write_runs(request_answer(r, 200, "application/json"), r->job.runs, r->job.run_count);
}

void run_get_begin(struct request *r)
{
    r->job.kind = JOB_RUN_GET;
    r->job.id = r->parameters[0];
    read_wait(r);
}

void run_cancel_begin(struct request *r)
{
    r->job.kind = JOB_RUN_CANCEL;
    r->job.id = r->parameters[0];
}

void run_finish(struct request *r)
{
    json_write_run(request_answer(r, 200, "application/json"), r->job.run, r->job.session);
}
