/* /v1/schedules: the catalogue, straight from the descriptors, and the values of the first steps. A
 * preview is computed in the network thread, so that there is a limit on its steps. */
#include "http/handlers.h"
#include "http/request.h"

#include "codec/json.h"
#include "math/schedule.h"

#include <string.h>

enum { PREVIEW_STEPS = 10000 };

void schedules_begin(struct request *r)
{
    r->settled = true;
    schedules_write_list(request_answer(r, 200, "application/json"));
}

/* The schedule in the path; NULL after adding that there is none. */
static const struct schedule *find(struct request *r)
{
    const char *name = r->parameters[0];
    const struct schedule *s = schedule_find(name);
    if (!s) {
        err_add(&r->err, ERR_NOT_FOUND, "", "no schedule is called \"%.100s\"", name);
        err_suggest(&r->err, schedule_meant(name));
    }
    return s;
}

void schedule_begin(struct request *r)
{
    const struct schedule *s = find(r);
    if (!s)
        return;
    r->settled = true;
    schedules_write(request_answer(r, 200, "application/json"), s);
}

/* ---- the first steps --------------------------------------------------------------------------
 */

/* The schedule in the path with the options given. */
static enum err_code make(struct request *r, const struct schedule *s, struct schedule_given *given,
                          struct schedule_spec *ret_spec)
{
    if (given->name && strcmp(given->name, s->name) != 0)
        return err_add(&r->err, ERR_VALIDATION, "#/schedule/name",
                       "the path names %s, not \"%.60s\"", s->name, given->name);
    given->name = s->name;
    return schedule_make(given, PROFILE_TORCH, "#/schedule", &r->arena, ret_spec, &r->err);
}

static enum err_code check(struct request *r, const struct preview_body *b,
                           const struct schedule_spec *s)
{
    bool follows = schedule_needs_loss(s);
    if (b->steps < 1 || b->steps > PREVIEW_STEPS)
        err_add(&r->err, ERR_VALIDATION, "#/steps", "from 1 to %d, given %lld", PREVIEW_STEPS,
                (long long)b->steps);
    if (follows && !b->losses)
        err_add(&r->err, ERR_NEEDS, "#/losses", "%s follows the loss: send one for each step",
                s->schedule->name);
    else if (follows && b->loss_count < (size_t)b->steps)
        err_add(&r->err, ERR_NEEDS, "#/losses", "%lld steps need as many losses, given %zu",
                (long long)b->steps, b->loss_count);
    else if (!follows && b->losses)
        err_add(&r->err, ERR_VALIDATION, "#/losses", "%s does not look at losses",
                s->schedule->name);
    return r->err.code;
}

void schedule_preview_begin(struct request *r)
{
    const struct schedule *schedule = find(r);
    struct preview_body b;
    struct schedule_spec s;
    if (!schedule || json_read_preview(&r->arena, r->body.data, r->body.len, &b, &r->err) ||
        make(r, schedule, &b.schedule, &s) || check(r, &b, &s))
        return;
    size_t count = (size_t)b.steps, numbers = (size_t)schedule_place(&s, 0);
    double *values = request_alloc(r, count + numbers + 1, sizeof *values);
    if (!values)
        return;
    schedule_preview(&s, b.base, b.losses, count, values + count, values);
    r->settled = true;
    json_write_preview(request_answer(r, 200, "application/json"), &s, b.base, values, count);
}
