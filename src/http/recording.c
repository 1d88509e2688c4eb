/* GET /v1/sessions/{id}/trajectory and /v1/sessions/{id}/steps/{step}/explain: what is recorded of
 * small sessions. */
#include "http/handlers.h"
#include "http/request.h"

#include "codec/explain.h"
#include "codec/trajectory.h"

#include <stdlib.h>
#include <string.h>

const char *const trajectory_query[] = {"from", "to", "format", NULL};
const char *const trajectory_produces[] = {"application/json", "text/csv", "application/x-ndjson",
                                           NULL};
const char *const explain_query[] = {"coordinate", NULL};
const char *const explain_produces[] = {"application/json", "text/plain; charset=utf-8", NULL};

/* ---- where the steps led --------------------------------------------------------------------- */

static int read_format(struct request *r)
{
    static const char *const formats[] = {"json", "csv", "ndjson"};
    const char *format = target_arg(&r->target, "format");
    for (int i = 0; format && i < 3; i++) {
        if (strcmp(format, formats[i]) == 0)
            return i;
    }
    if (format)
        err_add(&r->err, ERR_REQUEST, "", "format is json, csv or ndjson, not \"%.60s\"", format);
    return r->offer;
}

void trajectory_begin(struct request *r)
{
    struct history_range *range = &r->job.range;
    int *format = request_alloc(r, 1, sizeof *format);
    if (!format)
        return;
    range->to = INT64_MAX;
    range->limit = RECORDING_STEPS + 101; /* all that there can be */
    target_int(&r->target, "from", 0, INT64_MAX, &range->from, &r->err);
    target_int(&r->target, "to", 0, INT64_MAX, &range->to, &r->err);
    *format = read_format(r);
    r->state = format;
    r->job.kind = JOB_TRAJECTORY;
    r->job.id = r->parameters[0];
}

void trajectory_finish(struct request *r)
{
    const struct trajectory t = {r->job.session, r->job.recorded, r->job.row_count};
    const int format = *(const int *)r->state;
    struct buf *out = request_answer(r, 200, trajectory_produces[format]);
    r->answer.revision = r->job.session->revision;
    if (format == 0)
        json_write_trajectory(out, &t);
    else if (format == 1)
        csv_write_trajectory(out, &t);
    else
        ndjson_write_trajectory(out, &t);
}

/* ---- how one came about ---------------------------------------------------------------------- */

void step_explain_begin(struct request *r)
{
    const char *text = r->parameters[1];
    char *end;
    long long step = strtoll(text, &end, 10);
    if (*text < '0' || *text > '9' || *end)
        err_add(&r->err, ERR_NOT_FOUND, "", "a step is a number, not \"%.40s\"", text);
    target_int(&r->target, "coordinate", 0, INT64_MAX, &r->job.coordinate, &r->err);
    r->job.range = (struct history_range){.from = step, .to = step, .limit = 1};
    r->job.kind = JOB_EXPLAIN;
    r->job.id = r->parameters[0];
}

void step_explain_finish(struct request *r)
{
    const struct step_output *o = r->job.outputs;
    struct buf *out = request_answer(r, 200, explain_produces[r->offer]);
    struct writer w = writer_to(out);
    if (r->offer == 1) {
        text_write_explanation(out, o);
        return;
    }
    write_object(&w);
    write_string_field(&w, "id", r->job.session->id);
    write_explanation(&w, o);
    write_end(&w);
}
