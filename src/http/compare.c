/* GET /v1/demo/{optimizer}/{objective}: the first result with one curl. POST /v1/compare: the race.
 */
#include "http/contest.h"
#include "http/datasets.h"
#include "http/handlers.h"
#include "http/request.h"

#include "codec/compare.h"
#include "session/objective.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const compare_produces[] = {"application/json", "text/csv", NULL};
const char *const demo_query[] = {"steps", "lr", "profile", "dataset", "format", NULL};
const char *const demo_produces[] = {"text/plain; charset=utf-8", "application/json", "text/csv",
                                     NULL};

void compare_begin(struct request *r)
{
    struct contest *c = request_alloc(r, 1, sizeof *c);
    struct compare_body body;
    enum err_code code = json_read_compare(&r->arena, r->body.data, r->body.len, &body, &r->err);
    if (!c || (code && code != ERR_VALIDATION))
        return;
    c->request = (struct race_request){.entries = body.entries,
                                       .count = body.entry_count,
                                       .steps = body.steps,
                                       .target = body.target,
                                       .max_seconds = body.max_seconds};
    contest_objective(r, &body.objective, &body.start, &c->request);
    race_look(&c->request, &r->err);
    if (r->err.code)
        return;
    c->format = r->offer;
    contest_submit(r, c);
}

void compare_finish(struct request *r)
{
    const struct contest *c = r->state;
    struct buf *out = request_answer(r, 200, compare_produces[c->format]);
    if (c->format == 0)
        json_write_race(out, &c->race);
    else
        csv_write_race(out, &c->race);
}

/* ---- the demo ------------------------------------------------------------------------------- */

/* Learning rates that are tried where none is given: the best one is shown. */
static const double lr_ladder[] = {1, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001, 1e-4, 1e-5};
enum { LADDER = sizeof lr_ladder / sizeof *lr_ladder };

struct demo_choice {
    const char *optimizer, *profile;
    double lr; /* NaN: not given */
    int64_t steps;
};

static void read_demo(struct request *r, struct contest *c, struct demo_choice *d)
{
    static const char *const formats[] = {"plot", "json", "csv", NULL};
    const char *lr = target_arg(&r->target, "lr"), *format = target_arg(&r->target, "format");
    d->optimizer = r->parameters[0];
    d->profile = target_arg(&r->target, "profile");
    d->steps = 100;
    target_int(&r->target, "steps", 1, RACE_STEPS, &d->steps, &r->err);
    d->lr = NAN;
    if (lr) {
        char *end;
        d->lr = strtod(lr, &end);
        if (*end || !(d->lr >= 0 && d->lr < INFINITY))
            err_add(&r->err, ERR_REQUEST, "", "lr is a number of at least 0, not \"%.40s\"", lr);
    }
    c->format = r->offer;
    for (int i = 0; format && formats[i]; i++) {
        if (strcmp(format, formats[i]) == 0) {
            c->format = i;
            return;
        }
    }
    if (format)
        err_add(&r->err, ERR_REQUEST, "", "format is plot, json or csv, not \"%.60s\"", format);
}

/* What is tried instead, where the optimizer has the option. */
static const char *const indefinite_ladder[] = {"refuse", "regularize", "absolute"};
enum { INDEFINITE_LADDER = sizeof indefinite_ladder / sizeof *indefinite_ladder };

/* The option that the demo varies, to show the best one; "": none. */
static const char *varied(const struct optim *o, const struct demo_choice *d)
{
    if (hyper_find(o->hypers, "indefinite") >= 0)
        return "indefinite";
    return o->lr >= 0 && isnan(d->lr) ? "lr" : "";
}

/* One entry for each value to try. */
static void fill_entries(struct request *r, const struct optim *o, const struct demo_choice *d,
                         struct race_request *q)
{
    struct session_spec *entries = request_alloc(r, LADDER, sizeof *entries);
    struct hyper_arg *args = request_alloc(r, (size_t)2 * LADDER, sizeof *args);
    const char *name = varied(o, d);
    bool lr = strcmp(name, "lr") == 0, indefinite = strcmp(name, "indefinite") == 0;
    if (!entries || !args)
        return;
    q->count = lr ? LADDER : indefinite ? INDEFINITE_LADDER : 1;
    q->entries = entries;
    for (size_t i = 0; i < q->count; i++, args += 2) {
        size_t count = 0;
        if (lr || !isnan(d->lr))
            args[count++] = (struct hyper_arg){
                .name = "lr", .kind = ARG_NUMBER, .number = lr ? lr_ladder[i] : d->lr};
        if (indefinite)
            args[count++] = (struct hyper_arg){
                .name = name, .kind = ARG_STRING, .string = indefinite_ladder[i]};
        entries[i] = (struct session_spec){
            .optimizer = o->name, .profile = d->profile, .args = args, .arg_count = count};
    }
}

static enum err_code make_objective(struct request *r, struct race_request *q)
{
    struct objective_given given = {.name = r->parameters[1],
                                    .dataset = target_arg(&r->target, "dataset"),
                                    .batch_size = -1,
                                    .seed = -1};
    struct objective_spec *spec;
    if (!objective_find(given.name)) {
        err_add(&r->err, ERR_NOT_FOUND, "", "no objective is called \"%.60s\"", given.name);
        err_suggest(&r->err, objective_meant(given.name));
        return ERR_NOT_FOUND;
    }
    enum err_code code = datasets_attach(r, &given);
    if (!code)
        code = objective_make(&given, "#", &r->arena, &spec, &r->err);
    double *start = code ? NULL : request_alloc(r, spec->n, sizeof *start);
    if (!start)
        return r->err.code;
    objective_start(spec, 0, start);
    q->objective = spec;
    q->start = start;
    return ERR_OK;
}

void demo_begin(struct request *r)
{
    struct contest *c = request_alloc(r, 1, sizeof *c);
    const struct optim *o = optim_find(r->parameters[0]);
    struct demo_choice d;
    if (!c)
        return;
    read_demo(r, c, &d);
    if (!o) {
        err_add(&r->err, ERR_NOT_FOUND, "", "no optimizer is called \"%.60s\"", d.optimizer);
        err_suggest(&r->err, optim_meant(d.optimizer));
    }
    if (r->err.code || make_objective(r, &c->request) ||
        objective_check_needs(c->request.objective, o, NULL, "", &r->err))
        return;
    fill_entries(r, o, &d, &c->request);
    c->request.steps = d.steps;
    c->request.target = NAN;
    c->request.max_seconds = 5;
    contest_submit(r, c);
}

static void write_tried(struct buf *out, const struct optim *o, const struct race_run *best,
                        size_t count)
{
    int row = hyper_find(o->hypers, "indefinite");
    if (count > 1 && row >= 0)
        buf_printf(out, "indefinite \"%s\" was the best of %zu that were tried\n",
                   o->hypers[row].choices[(int)best->s->h[row]], count);
    else if (count > 1)
        buf_printf(out, "lr %g was the best of %zu that were tried; ?lr=… takes another\n",
                   best->s->h[o->lr], count);
}

static void write_demo(struct request *r, struct buf *out, const struct race *race)
{
    const struct race_run *best = &race->runs[race->ranking[0]];
    const struct optim *o = best->s->optim;
    const char *url = request_base_url(r);
    buf_printf(out, "%s on %s: %s\n\n", o->title, race->objective->objective->title,
               race->objective->objective->doc);
    text_write_curve(out, best);
    buf_printf(out, "\n%lld steps, loss from %.6g to %.6g, best %.6g at step %lld\n",
               (long long)best->steps_done, best->loss[0], best->final_loss, best->best_loss,
               (long long)best->best_step);
    if (best->end == RACE_DIVERGED)
        buf_printf(out, "diverged: %s\n", best->reason);
    write_tried(out, o, best, race->count);
    buf_printf(out,
               "\nNext: %s/v1/optimizers/%s says when to use it;\n      curl '%s%s%sformat=json' "
               "has the numbers.\n",
               url, o->name, url, r->target.path, "?");
}

void demo_finish(struct request *r)
{
    const struct contest *c = r->state;
    size_t first = 0;
    struct race best = c->race;
    struct buf *out = request_answer(r, 200, demo_produces[c->format]);
    best.runs = &c->race.runs[c->race.ranking[0]];
    best.ranking = &first;
    best.count = 1;
    if (c->format == 0)
        write_demo(r, out, &c->race);
    else if (c->format == 1)
        json_write_race(out, &best);
    else
        csv_write_race(out, &best);
}
