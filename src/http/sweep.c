/* POST /v1/sweeps: a grid over the hyperparameters of one optimizer on one objective, ranked. Runs
 * in the compute thread, like a comparison, and keeps no curves. */
#include "http/contest.h"
#include "http/handlers.h"

#include "codec/compare.h"

const char *const sweep_produces[] = {"application/json", "text/csv", NULL};

/* Parameters of all runs together, which are in memory at the same time. */
static const size_t parameters_most = 1000000;

static enum err_code check_memory(struct request *r, const struct race_request *q)
{
    if (q->count <= parameters_most / q->objective->n)
        return ERR_OK;
    return err_add(&r->err, ERR_VALIDATION, "#/grid",
                   "%zu runs of %zu parameters; at most %zu of all runs together", q->count,
                   q->objective->n, parameters_most);
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
    if (sweep_expand(&body->grid, &c->request, &r->arena, &r->err) || check_memory(r, &c->request))
        return;
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
