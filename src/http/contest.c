/* A race as the job of a request; contest.h says for whom. */
#include "http/contest.h"

#include "http/datasets.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A machine second of multiplications, roughly. */
static const double cost_max = 2e9;

static bool is_unwanted(void *user)
{
    return engine_unwanted(user);
}

static void run_contest(struct job *job)
{
    struct request *r = job->user;
    struct contest *c = r->state;
    c->request.stop = is_unwanted;
    c->request.user = job;
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

static bool gives_dimension(const struct objective_given *given)
{
    for (size_t i = 0; i < given->arg_count; i++) {
        if (strcmp(given->args[i].name, "dimension") == 0 && given->args[i].kind != ARG_NULL)
            return true;
    }
    return false;
}

/* The dimension that is wrong is that of the start, where the client gave no other. */
static void blame_start(struct err *err, int from)
{
    for (int i = from; i < err->count; i++) {
        struct violation *v = &err->at[i];
        char detail[ERR_DETAIL_LEN];
        if (strcmp(v->pointer, "#/objective/dimension") != 0)
            continue;
        snprintf(detail, sizeof detail, "its length is the dimension: %.190s", v->detail);
        memcpy(v->detail, detail, sizeof detail);
        snprintf(v->pointer, sizeof v->pointer, "#/start");
    }
}

static enum err_code make_start(struct request *r, const struct objective_spec *o,
                                const struct values *given, double *start)
{
    if (given->count == 0) {
        objective_start(o, 0, start);
        return ERR_OK;
    }
    if (given->n != o->n)
        return err_add(&r->err, ERR_VALIDATION, "#/start", "expected %zu numbers, given %zu", o->n,
                       given->n);
    memcpy(start, given->data, o->n * sizeof *start);
    for (size_t i = 0; i < o->n; i++) {
        if (!isfinite(start[i]))
            return err_add(&r->err, ERR_VALIDATION, "#/start", "number %zu is not finite", i);
    }
    return ERR_OK;
}

enum err_code contest_objective(struct request *r, struct objective_given *given,
                                const struct values *start, struct race_request *q)
{
    struct objective_spec *spec;
    int before = r->err.count;
    bool by_start = start->count > 0 && !gives_dimension(given);
    if (!given->name && r->err.code)
        return r->err.code; /* told */
    given->dimension = by_start ? start->n : 0;
    if (datasets_attach(r, given) ||
        objective_make(given, "#/objective", &r->arena, &spec, &r->err)) {
        if (by_start)
            blame_start(&r->err, before);
        return r->err.code;
    }
    double *w = request_alloc(r, spec->n, sizeof *w);
    if (!w || make_start(r, spec, start, w))
        return r->err.code;
    q->objective = spec;
    q->start = w;
    return ERR_OK;
}
