/* POST /v1/sessions/{id}/steps and POST /v1/steps: the main work. */
#include "http/handlers.h"
#include "http/request.h"

#include "codec/explain.h"
#include "codec/write.h"

const char *const steps_query[] = {"dry_run", "explain", "coordinate", NULL};
/* JSON, an explanation, and then in the order of enum binary_format. */
const char *const steps_produces[] = {"application/json", "text/plain", PRODUCES_BYTES, NULL};
enum { OFFER_JSON, OFFER_TEXT, OFFER_BYTES };
const char *const steps_many_query[] = {"atomic", NULL};

/* ---- one session ------------------------------------------------------------------------------
 */

static void read_steps(struct request *r, struct steps_request *steps)
{
    if (r->binary)
        binary_read_steps(&r->arena, r->binary_type, r->body.data, r->body.len, steps, &r->err);
    else
        json_read_steps(&r->arena, r->body.data, r->body.len, steps, &r->err);
}

static void fill_job(struct job *job, const struct steps_request *steps)
{
    job->kind = JOB_STEPS;
    job->steps = steps->steps;
    job->step_count = steps->count;
    job->steps_return = (enum steps_return)steps->returns;
}

/* Plain text is for explanations alone, so asking for it asks for one. */
static void read_explain(struct request *r)
{
    r->job.explain = r->offer == OFFER_TEXT;
    target_bool(&r->target, "explain", &r->job.explain, &r->err);
    target_int(&r->target, "coordinate", 0, INT64_MAX, &r->job.coordinate, &r->err);
}

/* Bytes are the parameters after the last step, which is not all that can be asked for. */
static void check_bytes(struct request *r, const struct steps_request *steps)
{
    if (r->offer < OFFER_BYTES)
        return;
    if (steps->returns != RETURN_LAST)
        err_add(&r->err, ERR_REQUEST, "#/return",
                "bytes hold the parameters after the last step alone; accept application/json for "
                "what each step gives");
    if (r->job.explain)
        err_add(&r->err, ERR_REQUEST, "",
                "an explanation has no place in bytes; accept application/json or text/plain");
}

void steps_begin(struct request *r)
{
    struct steps_request *steps = request_alloc(r, 1, sizeof *steps);
    if (target_bool(&r->target, "dry_run", &r->job.dry_run, &r->err) || !steps)
        return;
    read_explain(r);
    read_steps(r, steps);
    check_bytes(r, steps);
    if (r->err.code)
        return;
    fill_job(&r->job, steps);
    r->job.id = r->parameters[0];
    r->job.part = r->answer.minimal ? SNAPSHOT_META : SNAPSHOT_PARAMETERS;
    r->state = steps;
}

void steps_finish(struct request *r)
{
    const struct steps_request *steps = r->state;
    const struct job *job = &r->job;
    struct buf *out = request_answer_session(r, 200, job->session);
    if (r->answer.minimal) {
        request_answer(r, 204, NULL);
    } else if (r->offer >= OFFER_BYTES) {
        parameters_answer_bytes(r, (enum binary_format)(r->offer - OFFER_BYTES));
    } else if (r->offer == OFFER_TEXT && job->explain) {
        r->answer.content_type = "text/plain; charset=utf-8";
        text_write_explanation(out, &job->outputs[job->step_count - 1]);
    } else
        json_write_steps(out, job->session, job->outputs, job->step_count, steps->batch,
                         steps->returns);
}

/* ---- many sessions ----------------------------------------------------------------------------
 */

/* What `begin` leaves for `finish`. */
struct many_request {
    struct steps_item *items;
    size_t count;
};

static void fill_items(struct request *r, const struct many_request *many)
{
    struct job *jobs = request_alloc(r, many->count, sizeof *jobs);
    if (!jobs)
        return;
    for (size_t i = 0; i < many->count; i++) {
        const struct steps_item *item = &many->items[i];
        jobs[i].arena = &r->arena;
        jobs[i].id = item->session ? item->session : "";
        jobs[i].err = item->err;
        jobs[i].part = SNAPSHOT_PARAMETERS;
        fill_job(&jobs[i], &item->request);
    }
    r->job.items = jobs;
    r->job.item_count = many->count;
}

void steps_many_begin(struct request *r)
{
    struct many_request *many = request_alloc(r, 1, sizeof *many);
    if (target_bool(&r->target, "atomic", &r->job.atomic, &r->err) || !many)
        return;
    if (json_read_many(&r->arena, r->body.data, r->body.len, &many->items, &many->count, &r->err))
        return;
    fill_items(r, many);
    r->job.kind = JOB_STEPS_MANY;
    r->state = many;
}

/* An object's fields, written after others of the same object: its "{" becomes the comma. */
static void join(struct buf *out, size_t at)
{
    if (!out->failed && at < out->len)
        out->data[at] = ',';
}

static void write_item(struct buf *out, const struct steps_item *item, const struct job *job)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_int_field(&w, "status", job->err->code ? err_info(job->err->code)->status : 200);
    write_string_field(&w, "session", item->session);
    if (job->err->code) {
        buf_puts(out, ",\"problem\":");
        problem_write(out, job->err, NULL, NULL);
        write_end(&w);
        return;
    }
    size_t at = out->len;
    json_write_steps(out, job->session, job->outputs, job->step_count, item->request.batch,
                     item->request.returns);
    join(out, at);
}

void steps_many_finish(struct request *r)
{
    const struct many_request *many = r->state;
    struct buf *out = request_answer(r, r->job.atomic ? 200 : 207, "application/json");
    buf_puts(out, "{\"items\":[");
    for (size_t i = 0; i < many->count; i++) {
        if (i > 0)
            buf_putc(out, ',');
        write_item(out, &many->items[i], &r->job.items[i]);
    }
    buf_puts(out, "]}");
}
