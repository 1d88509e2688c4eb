/* A race as the job of a request; contest.h says for whom. */
#include "http/contest.h"

#include <math.h>
#include <string.h>

/* A machine second of multiplications, roughly. */
static const double cost_max = 2e9;

static void run_contest(struct job *job)
{
    struct request *r = job->user;
    struct contest *c = r->state;
    c->request.stop = job->stop;
    race_run(&c->request, &r->arena, &c->race, &r->err);
}

void contest_submit(struct request *r, struct contest *c)
{
    if (race_cost(&c->request) > cost_max) {
        err_add(&r->err, ERR_VALIDATION, "",
                "this is too much work for one request; take fewer steps, optimizers or "
                "parameters");
        return;
    }
    r->state = c;
    r->job.kind = JOB_COMPUTE;
    r->job.compute = run_contest;
}

enum err_code contest_start(struct request *r, const struct values *given, struct race_request *q)
{
    size_t n = q->objective->n;
    double *start = request_alloc(r, n, sizeof *start);
    if (!start)
        return r->err.code;
    q->start = start;
    if (given->count == 0) {
        objective_start(q->objective, 0, start);
        return ERR_OK;
    }
    if (given->n != n)
        return err_add(&r->err, ERR_VALIDATION, "#/start", "expected %zu numbers, given %zu", n,
                       given->n);
    memcpy(start, given->data, n * sizeof *start);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(start[i]))
            return err_add(&r->err, ERR_VALIDATION, "#/start", "number %zu is not finite", i);
    }
    return ERR_OK;
}
