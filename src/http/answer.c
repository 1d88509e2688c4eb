/* The outside of an answer; its inside is the handlers'. */
#include "http/answer.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "codec/json.h"
#include "http/negotiate.h"
#include "http/routes.h"
#include "http/stream.h"

#include <string.h>

static const char problem_type[] = "application/problem+json";

void answer_clear(struct request *r)
{
    struct buf body = r->answer.body;
    body.len = 0;
    r->answer = (struct answer){.revision = -1, .step = -1, .body = body};
}

static void log_causes(const struct request *r)
{
    for (int i = 0; i < r->err.count; i++)
        log_line(LOG_ERROR, "request %s: %s %s: %s", r->id, r->method, r->target.path,
                 r->err.at[i].detail);
}

void answer_error(struct request *r)
{
    const struct err_info *info = err_info(r->err.code);
    bool close = r->answer.close;
    const char *allow = r->answer.allow;
    if (r->answer.body.failed) {
        buf_close(&r->answer.body);
        buf_init(&r->answer.body);
    }
    answer_clear(r);
    r->answer.close = close;
    r->answer.allow = allow;
    r->answer.revision = r->err.revision;
    if (info->status == 500)
        log_causes(r);
    struct buf *out = request_answer(r, info->status, problem_type);
    problem_write(out, &r->err, r->target.path, r->id);
    buf_putc(out, '\n');
    if (out->failed) {
        out->len = 0;
        r->answer.content_type = NULL;
    }
}

static bool is_json(const char *type)
{
    return type && strcmp(type, "application/json") == 0;
}

void answer_complete(struct request *r)
{
    struct buf *out = &r->answer.body;
    if (is_json(r->answer.content_type) && !r->answer.file)
        buf_putc(out, '\n');
    if (!out->failed)
        return;
    bool changed = r->route && strcmp(r->route->method, "GET") != 0 && !r->job.dry_run;
    err_add(&r->err, changed ? ERR_INTERNAL : ERR_MEMORY, "", "no memory for the answer");
    answer_error(r);
}

/* ---- headers ----------------------------------------------------------------------------------
 */

struct list {
    struct answer_header *at;
    int count;
};

static void add(struct list *l, const char *name, const char *value)
{
    if (value && l->count < ANSWER_HEADERS)
        l->at[l->count++] = (struct answer_header){name, value};
}

/* A count that is not negative, in quotes where `quoted`; on every step's way, so without printf.
 */
static void add_count(struct request *r, struct list *l, const char *name, int64_t value,
                      bool quoted)
{
    enum { ROOM = 24 };
    char *text = value >= 0 ? arena_alloc(&r->arena, ROOM) : NULL, *p = text + ROOM;
    if (!text)
        return;
    *--p = '\0';
    if (quoted)
        *--p = '"';
    do
        *--p = (char)('0' + value % 10);
    while (value /= 10);
    if (quoted)
        *--p = '"';
    add(l, name, p);
}

/* What the answer was chosen by. */
static void add_vary(struct request *r, struct list *l)
{
    static const char *const names[] = {
        NULL,     "Accept",         "Accept-Encoding",         "Accept, Accept-Encoding",
        "Origin", "Origin, Accept", "Origin, Accept-Encoding", "Origin, Accept, Accept-Encoding",
    };
    add(l, "Vary",
        names[(r->headers.at[HEADER_ORIGIN] ? 4 : 0) + (r->answer.encodable ? 2 : 0) +
              (r->answer.negotiated ? 1 : 0)]);
}

/* Cross-origin rules (fetch.spec.whatwg.org): only an origin that is allowed learns the answer. */
static void add_cors(struct request *r, struct list *l)
{
    const char *origin = r->headers.at[HEADER_ORIGIN];
    if (!origin)
        return;
    if (!negotiate_origin(r->service->cors_origin, origin))
        return;
    add(l, "Access-Control-Allow-Origin", origin);
    if (!r->headers.at[HEADER_ACCESS_CONTROL_REQUEST_METHOD]) {
        add(l, "Access-Control-Expose-Headers",
            "ETag, Link, Location, Retry-After, Idempotency-Replayed, Stepd-Step, X-Request-Id");
        return;
    }
    add(l, "Access-Control-Allow-Methods", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    add(l, "Access-Control-Allow-Headers",
        "Accept, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Prefer, "
        "X-Request-Id");
    add(l, "Access-Control-Max-Age", "600");
}

static void add_safety(struct request *r, struct list *l)
{
    add(l, "X-Content-Type-Options", "nosniff");
    bool api = strncmp(r->target.path, "/v1", 3) == 0 || r->answer.status >= 400;
    add(l, "Cache-Control", api ? "no-store" : "no-cache");
    if (r->answer.content_type && strncmp(r->answer.content_type, "text/html", 9) == 0)
        add(l, "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
}

static void add_state(struct request *r, struct list *l)
{
    const struct answer *a = &r->answer;
    if (a->etag)
        add(l, "ETag", arena_printf(&r->arena, "\"%s\"", a->etag));
    add_count(r, l, "ETag", a->revision, true);
    add_count(r, l, "Stepd-Step", a->step, false);
    add(l, "Location", a->location);
    add(l, "Link", a->link);
    add(l, "Allow", a->allow);
    add(l, "Retry-After", a->status == 503 ? "1" : NULL);
    add(l, "Preference-Applied", a->minimal && a->status == 204 ? "return=minimal" : NULL);
    add(l, "Idempotency-Replayed", a->replayed ? "true" : NULL);
}

int answer_headers(struct request *r, struct answer_header ret_headers[ANSWER_HEADERS])
{
    struct list l = {.at = ret_headers};
    bool stopping = atomic_load_explicit(&r->service->stopping, memory_order_relaxed);
    add(&l, "Content-Type", r->answer.content_type);
    add(&l, "Content-Encoding", r->answer.gzip ? "gzip" : NULL);
    add_state(r, &l);
    add(&l, "X-Request-Id", r->id);
    add(&l, "X-Accel-Buffering", r->stream ? "no" : NULL); /* a proxy passes each frame on */
    add_safety(r, &l);
    add_vary(r, &l);
    add_cors(r, &l);
    add(&l, "Connection", r->answer.close || stopping ? "close" : NULL);
    return l.count;
}

/* ---- the end ----------------------------------------------------------------------------------
 */

void answer_log(struct request *r)
{
    int status = r->answer.status;
    uint64_t bytes = r->stream        ? r->stream->bytes
                     : r->answer.file ? r->answer.file_bytes
                                      : r->answer.body.len;
    int64_t duration_ns = clock_monotonic_ns() - r->start_ns;
    metrics_add(METRIC_BYTES_IN, (int64_t)r->body_bytes);
    if (status == 0)
        return; /* the client left, or was dropped, before there was an answer */
    metrics_add(METRIC_BYTES_OUT, (int64_t)bytes);
    metrics_count_status(status);
    if (!r->stream) /* which lasts as long as its client likes */
        metrics_observe(METRIC_REQUEST_SECONDS, (double)duration_ns * 1e-9);
    enum access_log which = r->service->access_log;
    if (which == ACCESS_OFF || (which == ACCESS_ERRORS && status < 400))
        return;
    struct log_request line = {.method = r->method,
                               .path = r->target.path,
                               .request_id = r->id,
                               .problem = r->err.code ? err_info(r->err.code)->slug : NULL,
                               .status = status,
                               .duration_ns = duration_ns,
                               .bytes_in = r->body_bytes,
                               .bytes_out = bytes};
    log_request(status >= 500 ? LOG_WARN : LOG_INFO, &line);
}
