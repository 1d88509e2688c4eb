/* GET /v1/sessions/{id}/history: metrics per step as columns, table or lines. */
#include "http/handlers.h"
#include "http/request.h"

#include <string.h>

const char *const history_query[] = {"fields", "from", "to", "limit", "format", "max_points", NULL};
const char *const history_produces[] = {"application/json", "text/csv", "application/x-ndjson",
                                        NULL};

static const char *const formats[] = {"json", "csv", "ndjson"};

/* What `begin` leaves for `finish`. */
struct history_request {
    unsigned fields;
    int format; /* index into history_produces */
};

static const char *field_at(const void *table, int i)
{
    return ((const char *const *)table)[i];
}

/* What is no metric may be a hyperparameter of the session's optimizer, which is not known here. */
static void add_column(struct request *r, const char *name, size_t len)
{
    struct job *job = &r->job;
    const char *text = arena_strndup(&r->arena, name, len);
    for (size_t i = 0; text && i < job->column_count; i++) {
        if (strcmp(job->columns[i].name, text) == 0)
            return;
    }
    if (!text)
        err_add(&r->err, ERR_MEMORY, "", "no memory for the request");
    else if (job->column_count == HYPER_MAX)
        err_add(&r->err, ERR_REQUEST, "", "fields: there is no \"%.60s\"", text);
    else
        job->columns[job->column_count++].name = text;
}

static void read_field(struct request *r, const char *name, size_t len, unsigned *fields)
{
    for (int i = 0; i < METRICS_FIELDS; i++) {
        if (strlen(metrics_fields[i]) == len && memcmp(name, metrics_fields[i], len) == 0) {
            *fields |= 1U << i;
            return;
        }
    }
    add_column(r, name, len);
}

/* `step`, the first one, is always there. */
static unsigned read_fields(struct request *r)
{
    const char *list = target_arg(&r->target, "fields");
    if (!list)
        return (1U << METRICS_FIELDS) - 1;
    unsigned fields = 1;
    for (const char *s = list;; s++) {
        size_t len = strcspn(s, ",");
        read_field(r, s, len, &fields);
        s += len;
        if (!*s)
            return fields;
    }
}

static int read_format(struct request *r)
{
    const char *format = target_arg(&r->target, "format");
    if (!format)
        return r->offer;
    for (int i = 0; i < 3; i++) {
        if (strcmp(format, formats[i]) == 0)
            return i;
    }
    err_add(&r->err, ERR_REQUEST, "", "format is json, csv or ndjson, not \"%.60s\"", format);
    err_suggest(&r->err, err_nearest(format, field_at, formats, 3));
    return 0;
}

/* Rows from the first one of the range on, up to `limit`; or the whole range in `max_points`. */
static void read_range(struct request *r)
{
    struct history_range *range = &r->job.range;
    int64_t limit = LIMIT_HISTORY_DEFAULT;
    bool limited = target_arg(&r->target, "limit");
    r->job.as_buckets = target_arg(&r->target, "max_points");
    range->to = INT64_MAX;
    target_int(&r->target, "from", 0, INT64_MAX, &range->from, &r->err);
    target_int(&r->target, "to", 0, INT64_MAX, &range->to, &r->err);
    target_int(&r->target, "limit", 1, LIMIT_HISTORY, &limit, &r->err);
    target_int(&r->target, "max_points", 3, LIMIT_POINTS, &limit, &r->err);
    if (limited && r->job.as_buckets)
        err_add(&r->err, ERR_REQUEST, "", "limit and max_points exclude each other");
    range->limit = (size_t)limit;
}

void history_begin(struct request *r)
{
    struct history_request *h = request_alloc(r, 1, sizeof *h);
    r->job.columns = request_alloc(r, HYPER_MAX, sizeof *r->job.columns);
    if (!h || !r->job.columns)
        return;
    read_range(r);
    h->fields = read_fields(r);
    h->format = read_format(r);
    r->state = h;
    r->job.kind = JOB_HISTORY;
    r->job.id = r->parameters[0];
}

void history_finish(struct request *r)
{
    const struct history_request *h = r->state;
    const struct job *job = &r->job;
    const struct history_table table = {.rows = job->rows,
                                        .buckets = job->buckets,
                                        .count = job->row_count,
                                        .total = job->row_total,
                                        .fields = h->fields,
                                        .columns = job->columns,
                                        .column_count = job->column_count};
    struct buf *out = request_answer(r, 200, history_produces[h->format]);
    r->answer.revision = job->session->revision;
    if (h->format == 0)
        json_write_history(out, &table);
    else if (h->format == 1)
        csv_write_history(out, &table);
    else
        ndjson_write_history(out, &table);
}
