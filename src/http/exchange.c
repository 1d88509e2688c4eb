/* The stages of a request; exchange.h lists them. */
#include "http/exchange.h"

#include "base/clock.h"
#include "base/id.h"
#include "base/metrics.h"
#include "http/answer.h"
#include "http/handlers.h"
#include "http/key.h"
#include "http/negotiate.h"
#include "http/routes.h"
#include "http/stream.h"

#include <string.h>

/* Buffers that grew beyond this are given back after the request. */
static const size_t kept_bytes = 64 << 10;

void exchange_init(struct request *r, struct service *service)
{
    *r = (struct request){.service = service};
    arena_init(&r->arena);
    buf_init(&r->body);
    buf_init(&r->answer.body);
}

void exchange_free(struct request *r)
{
    buf_close(&r->body);
    buf_close(&r->answer.body);
    arena_close(&r->arena);
}

static void recycle(struct buf *b)
{
    if (b->cap > kept_bytes || b->failed) {
        buf_close(b);
        buf_init(b);
    }
    b->len = 0;
}

void exchange_open(struct request *r, const char *raw_target)
{
    arena_reset(&r->arena);
    recycle(&r->body);
    recycle(&r->answer.body);
    err_init(&r->err);
    headers_init(&r->headers, &r->arena);
    answer_clear(r);
    r->start_ns = clock_monotonic_ns();
    r->raw_target = arena_strdup(&r->arena, raw_target);
    r->method = "";
    r->head = r->settled = r->rendered = false;
    r->framing = (struct framing){0};
    r->target = (struct target){.path = "/", .raw_query = ""};
    r->route = NULL;
    r->offer = 0;
    r->binary = false;
    r->body_bytes = 0;
    r->id[0] = '\0';
    r->job = (struct job){.arena = &r->arena, .err = &r->err, .user = r};
    r->state = NULL;
    r->stream = NULL;
}

/* The client's id where it is harmless in headers, JSON and the log; else a fresh one. */
static void name_request(struct request *r)
{
    const char *given = r->headers.at[HEADER_X_REQUEST_ID];
    size_t len = given ? strlen(given) : 0;
    for (size_t i = 0; i < len; i++) {
        if (given[i] <= ' ' || given[i] >= 0x7F || strchr("\"\\<>", given[i]))
            len = 0;
    }
    if (len == 0 || len > REQUEST_ID_LEN)
        id_make(r->id);
    else
        memcpy(r->id, given, len + 1);
}

static bool has_body(const struct request *r)
{
    return r->framing.chunked || r->framing.length > 0;
}

static enum err_code too_large(struct request *r)
{
    return err_add(&r->err, ERR_TOO_LARGE, "",
                   "the body has more than %zu bytes; --max-body raises this limit",
                   r->service->max_body_bytes);
}

/* What a body may be called; whether curl's default is really JSON is seen when it is there. */
static enum err_code check_media(struct request *r)
{
    const char *type = r->headers.at[HEADER_CONTENT_TYPE];
    const char *coding = r->headers.at[HEADER_CONTENT_ENCODING];
    if (coding && strcasecmp(coding, "identity") != 0)
        return err_add(&r->err, ERR_MEDIA_TYPE, "", "a body in Content-Encoding %.60s is not read",
                       coding);
    if (!type || negotiate_is(type, "application/x-www-form-urlencoded"))
        return ERR_OK;
    r->binary = r->route->flags & ROUTE_BINARY && binary_type_of(type, &r->binary_type);
    if (r->binary)
        return ERR_OK;
    if (!negotiate_is_json(type))
        return err_add(&r->err, ERR_MEDIA_TYPE, "", "%s %s reads application/json%s, not %.60s",
                       r->method, r->route->pattern,
                       r->route->flags & ROUTE_BINARY
                           ? ", application/vnd.safetensors, application/x-npy and "
                             "application/octet-stream"
                           : "",
                       type);
    if (!negotiate_is_utf8(type))
        return err_add(&r->err, ERR_MEDIA_TYPE, "",
                       "JSON is read as UTF-8, not in another charset");
    return ERR_OK;
}

/* A table may be called what it is, or be what curl and browsers say of any file. */
static enum err_code check_table(struct request *r)
{
    static const char *const types[] = {"text/csv", "application/x-npy", "application/octet-stream",
                                        "text/plain", "application/x-www-form-urlencoded"};
    const char *type = r->headers.at[HEADER_CONTENT_TYPE];
    const char *coding = r->headers.at[HEADER_CONTENT_ENCODING];
    bool known = !type;
    for (size_t i = 0; !known && i < sizeof types / sizeof *types; i++)
        known = negotiate_is(type, types[i]);
    if (coding && strcasecmp(coding, "identity") != 0)
        return err_add(&r->err, ERR_MEDIA_TYPE, "", "a body in Content-Encoding %.60s is not read",
                       coding);
    if (known)
        return ERR_OK;
    return err_add(&r->err, ERR_MEDIA_TYPE, "",
                   "%s %s reads text/csv and application/x-npy, not %.60s", r->method,
                   r->route->pattern, type);
}

static enum err_code check_body(struct request *r)
{
    if (r->framing.length > r->service->max_body_bytes)
        return too_large(r);
    if (r->route->body == BODY_TABLE)
        return check_table(r);
    if (r->route->body != BODY_NONE)
        return check_media(r);
    if (has_body(r))
        return err_add(&r->err, ERR_REQUEST, "", "%s %s takes no body", r->method,
                       r->route->pattern);
    return ERR_OK;
}

static enum err_code check_accept(struct request *r)
{
    static const char *const json[] = {"application/json", NULL};
    const char *const *offers = r->route->produces ? r->route->produces : json;
    r->offer = negotiate_accept(r->headers.at[HEADER_ACCEPT], offers);
    r->answer.negotiated = offers[1] != NULL;
    if (r->offer >= 0)
        return ERR_OK;
    const char *list = offers[0];
    for (int i = 1; list && offers[i]; i++)
        list = arena_printf(&r->arena, "%s, %s", list, offers[i]);
    return err_add(&r->err, ERR_NOT_ACCEPTABLE, "", "%s is sent as %s", r->route->pattern,
                   list ? list : offers[0]);
}

static enum err_code check_if_match(struct request *r)
{
    const char *value = r->headers.at[HEADER_IF_MATCH];
    if (!value || strcmp(r->route->method, "GET") == 0)
        return ERR_OK;
    if (!(r->route->flags & ROUTE_IF_MATCH))
        return err_add(&r->err, ERR_REQUEST, "", "If-Match has no meaning for %s %s", r->method,
                       r->route->pattern);
    int count = negotiate_if_match(value, r->job.if_match);
    if (count < 0)
        return err_add(&r->err, ERR_REQUEST, "",
                       "If-Match is a list of at most %d tags such as \"7\", or *", NEGOTIATE_TAGS);
    r->job.if_match_count = count;
    return ERR_OK;
}

/* The path of a target that could not be taken apart, for the problem and the log. */
static const char *path_as_sent(struct request *r)
{
    size_t len = strcspn(r->raw_target, "?");
    for (size_t i = 0; i < len; i++) {
        if (r->raw_target[i] <= ' ' || r->raw_target[i] >= 0x7F)
            return "/";
    }
    const char *path = arena_strndup(&r->arena, r->raw_target, len);
    return path && *path == '/' ? path : "/";
}

/* Everything that can be judged before the body. */
static enum err_code check_head(struct request *r)
{
    if (!r->raw_target)
        return err_add(&r->err, ERR_MEMORY, "", "no memory for the request");
    if (target_parse(&r->arena, r->raw_target, &r->target, &r->err)) {
        r->target.path = path_as_sent(r);
        return r->err.code;
    }
    if (strcmp(r->method, "OPTIONS") == 0)
        return r->framing.length > r->service->max_body_bytes ? too_large(r) : ERR_OK;
    if (routes_find(r, &r->err) || check_body(r) || check_accept(r))
        return r->err.code;
    target_allow(&r->target, r->route->query, &r->err);
    check_if_match(r);
    key_check(r);
    return r->err.code;
}

enum exchange_next exchange_head(struct request *r, const char *method, const char *version)
{
    r->method = method;
    r->head = strcmp(method, "HEAD") == 0;
    name_request(r);
    if (headers_guard(&r->headers, version, &r->framing, &r->err)) {
        r->answer.close = true;
        answer_error(r);
        return EXCHANGE_REPLY;
    }
    check_head(r);
    bool hopeless = r->headers.at[HEADER_EXPECT] || r->err.code == ERR_TOO_LARGE;
    if (!r->err.code || !has_body(r) || !hopeless)
        return EXCHANGE_READ;
    r->answer.close = true;
    answer_error(r);
    return EXCHANGE_REPLY;
}

/* The body of a refused request is read and thrown away, but not without end. */
enum exchange_next exchange_body(struct request *r, const char *data, size_t bytes)
{
    r->body_bytes += bytes;
    if (!r->err.code && r->body_bytes > r->service->max_body_bytes) {
        too_large(r);
        buf_close(&r->body);
        buf_init(&r->body);
    }
    if (r->err.code)
        return r->body_bytes / 2 > r->service->max_body_bytes ? EXCHANGE_DROP : EXCHANGE_READ;
    buf_add(&r->body, data, bytes);
    if (r->body.failed)
        err_add(&r->err, ERR_MEMORY, "", "no memory for the body");
    return EXCHANGE_READ;
}

/* A body that does not call itself JSON has to look like it. */
static enum err_code check_guess(struct request *r)
{
    if (r->route->body == BODY_NONE || r->route->body == BODY_TABLE || r->body.len == 0 ||
        r->binary)
        return ERR_OK;
    const char *type = r->headers.at[HEADER_CONTENT_TYPE];
    if (type && negotiate_is_json(type))
        return ERR_OK;
    const char *s = r->body.data, *end = s + r->body.len;
    while (s < end && strchr(" \t\r\n", *s) && *s)
        s++;
    const char *starts = r->route->body == BODY_VALUE ? "{[-0123456789\"" : "{[";
    if (s < end && *s && strchr(starts, *s))
        return ERR_OK;
    return err_add(&r->err, ERR_MEDIA_TYPE, "",
                   "the body is no JSON document; send one, with Content-Type: application/json");
}

static void answer_options(struct request *r)
{
    const char *allow = routes_allow(r);
    r->answer.allow = allow ? allow : "OPTIONS";
    request_answer(r, 204, NULL);
}

static enum exchange_next reply(struct request *r)
{
    if (r->err.code)
        answer_error(r);
    else
        answer_complete(r);
    return EXCHANGE_REPLY;
}

enum exchange_next exchange_end(struct request *r)
{
    if (!r->err.code && strcmp(r->method, "OPTIONS") == 0) {
        answer_options(r);
        return EXCHANGE_REPLY;
    }
    if (!r->err.code && !buf_room(&r->body, 1)) /* so that an empty body has an address too */
        err_add(&r->err, ERR_MEMORY, "", "no memory for the body");
    if (r->err.code || check_guess(r))
        return reply(r);
    r->answer.minimal =
        r->route->flags & ROUTE_MINIMAL && negotiate_minimal(r->headers.at[HEADER_PREFER]);
    r->route->begin(r);
    if (r->err.code || r->settled)
        return reply(r);
    key_attach(r);
    if (!engine_admit(r->service->engine)) {
        err_add(&r->err, ERR_BUSY, "", "too many requests wait, or the server is stopping");
        return reply(r);
    }
    return EXCHANGE_WAIT;
}

void exchange_finish(struct request *r)
{
    if (r->job.replay && !r->err.code) {
        key_replay(r);
    } else if (!r->err.code && !r->rendered) {
        r->route->finish(r);
        if (!r->err.code)
            answer_complete(r);
    }
    if (r->err.code)
        answer_error(r);
}

void exchange_close(struct request *r)
{
    answer_log(r);
    if (r->stream) {
        stream_free(r->stream);
        r->stream = NULL;
        atomic_fetch_sub(&r->service->streams, 1);
    }
    events_unsubscribe(r->job.reader); /* whoever left before the answer took over nothing */
    r->job.reader = NULL;
    recycle(&r->body);
    recycle(&r->answer.body);
    arena_reset(&r->arena);
}
