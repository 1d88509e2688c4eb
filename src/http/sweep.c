/* POST /v1/sweeps: a grid over the hyperparameters of one optimizer on one objective, ranked. Runs
 * in the compute thread, like a comparison, and keeps no curves. */
#include "http/contest.h"
#include "http/handlers.h"

#include "codec/compare.h"

const char *const sweep_produces[] = {"application/json", "text/csv", NULL};

/* Parameters of all runs together, which are in memory at the same time. */
static const size_t parameters_most = 1000000;

/* Where there are too many of them, or no such grid can be run, the objective is not looked at any
 * more, nor is what depends on it: each value would be held against all the parameters. */
static void check_memory(struct request *r, const struct sweep_grid *g, struct race_request *q)
{
    size_t runs = sweep_runs(g), n = q->objective ? q->objective->n : 0;
    bool possible = runs > 0 && runs <= SWEEP_RUNS;
    if (possible && (n == 0 || runs <= parameters_most / n))
        return;
    if (possible)
        err_add(&r->err, ERR_VALIDATION, "#/grid",
                "%zu runs of %zu parameters; at most %zu of all runs together", runs, n,
                parameters_most);
    q->objective = NULL;
}

void sweep_begin(struct request *r)
{
    struct contest *c = request_alloc(r, 1, sizeof *c);
    struct sweep_body *body = request_alloc(r, 1, sizeof *body);
    if (!c || !body)
        return;
    enum err_code code = json_read_sweep(&r->arena, r->body.data, r->body.len, body, &r->err);
    if (code && code != ERR_VALIDATION)
        return;
    c->request = (struct race_request){.steps = body->steps,
                                       .target = body->target,
                                       .max_seconds = body->max_seconds,
                                       .brief = true};
    c->asked = &body->grid;
    c->format = r->offer;
    contest_objective(r, &body->objective, &body->start, &c->request);
    check_memory(r, &body->grid, &c->request);
    if (!sweep_expand(&body->grid, &c->request, &r->arena, &r->err))
        contest_submit(r, c);
}

void sweep_finish(struct request *r)
{
    const struct contest *c = r->state;
    struct buf *out = request_answer(r, 200, sweep_produces[c->format]);
    if (c->format == 0)
        json_write_sweep(out, c->asked, &c->race);
    else
        csv_write_sweep(out, c->asked, &c->race);
}
