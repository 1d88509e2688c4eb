/* GET /v1/optimizers and /v1/optimizers/{name}: the catalogue, straight from the descriptors. */
#include "http/handlers.h"
#include "http/request.h"

#include "codec/diff.h"
#include "math/optim.h"

void optimizers_begin(struct request *r)
{
    r->settled = true;
    catalogue_write_list(request_answer(r, 200, "application/json"));
}

/* The optimizer in the path; NULL after adding that there is none. */
static const struct optim *find(struct request *r)
{
    const char *name = r->parameters[0];
    const struct optim *o = optim_find(name);
    if (!o) {
        err_add(&r->err, ERR_NOT_FOUND, "", "no optimizer is called \"%.100s\"", name);
        err_suggest(&r->err, optim_meant(name));
    }
    return o;
}

/* Numbers that a comparison may hold and steps that it may make: it runs in the network thread. */
enum { DIFF_WORK_MAX = 1000000 };

void optimizer_diff_begin(struct request *r)
{
    struct diff_request q = {0};
    struct diff *d = request_alloc(r, 1, sizeof *d);
    const struct optim *o = find(r);
    if (!o || !d || json_read_diff(&r->arena, r->body.data, r->body.len, &q, &r->err))
        return;
    if (q.step_count > DIFF_WORK_MAX / (q.parameters.n + 1)) {
        err_add(&r->err, ERR_VALIDATION, "#/steps",
                "%zu steps of %zu parameters; at most %d "
                "numbers are compared in one request",
                q.step_count, q.parameters.n, DIFF_WORK_MAX);
        return;
    }
    q.optimizer = o->name;
    if (session_diff(&q, &r->arena, d, &r->err))
        return;
    r->settled = true;
    json_write_diff(request_answer(r, 200, "application/json"), d);
}

void optimizer_begin(struct request *r)
{
    const struct optim *o = find(r);
    if (!o)
        return;
    r->settled = true;
    catalogue_write(request_answer(r, 200, "application/json"), o);
}
