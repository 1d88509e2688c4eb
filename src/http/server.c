/* libmicrohttpd's callbacks; server.h says what they add up to. */
#include "http/server.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "codec/json.h"
#include "http/answer.h"
#include "http/exchange.h"
#include "http/sse.h"

#include <errno.h>
#include <microhttpd.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Time to send a request's head, besides the idle time before it. */
static const int64_t head_ns = 10000000000;
/* A body or an answer may take the body timeout plus its size at this rate. */
static const int64_t slowest_bytes_per_s = 16 << 10;

/* Where a connection's request is. */
enum stage { STAGE_HEAD, STAGE_BODY, STAGE_WORK, STAGE_ANSWER };

/* Deadlines that are none: nothing is due, or server_tick has given up on the connection. */
static const int64_t no_deadline = 0, expired = -1;

struct connection {
    struct server *server;
    struct MHD_Connection *mhd;
    struct connection *next, **place; /* in the server's list, under its lock */
    int fd;
    _Atomic int64_t deadline_ns;
    _Atomic int stage;
    bool open;      /* a request is here */
    bool streaming; /* … and its answer is a stream, which is not in flight */
    bool submitted; /* its job has gone to the engine */
    struct request request;
};

struct server {
    struct service *service;
    struct server_config config;
    struct MHD_Daemon *daemon;
    struct sse *sse;
    pthread_mutex_t lock; /* guards the list */
    struct connection *connections;
    atomic_int in_flight; /* requests between their head and the end of their answer */
    atomic_int in_engine; /* jobs submitted whose connections are not yet resumed */
};

/* ---- deadlines --------------------------------------------------------------------------------
 */

static int64_t seconds_ns(int seconds)
{
    return (int64_t)seconds * 1000000000;
}

static int64_t transfer_ns(const struct server *s, uint64_t bytes)
{
    return seconds_ns(s->config.body_timeout_s) +
           (int64_t)(bytes / (uint64_t)slowest_bytes_per_s) * 1000000000;
}

/* Enters a stage. false: server_tick has given the connection up meanwhile. */
static bool enter(struct connection *c, enum stage stage, int64_t deadline_ns)
{
    int64_t before = atomic_exchange(&c->deadline_ns, no_deadline);
    if (before == expired) {
        atomic_store(&c->deadline_ns, expired);
        return false;
    }
    atomic_store(&c->stage, stage);
    atomic_store(&c->deadline_ns, deadline_ns);
    return true;
}

static void wait_for_head(struct connection *c)
{
    enter(c, STAGE_HEAD,
          clock_monotonic_ns() + seconds_ns(c->server->config.idle_timeout_s) + head_ns);
}

/* No answer has begun, so the socket is ours to say this one thing. */
static void send_timeout(struct connection *c)
{
    struct err err;
    struct buf body, out;
    err_init(&err);
    err_add(&err, ERR_TIMEOUT, "", "the body did not arrive within %d seconds",
            c->server->config.body_timeout_s);
    buf_init(&body);
    buf_init(&out);
    problem_write(&body, &err, NULL, c->request.id);
    buf_printf(&out,
               "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/problem+json\r\n"
               "X-Request-Id: %s\r\nCache-Control: no-store\r\nContent-Length: %zu\r\n"
               "Connection: close\r\n\r\n",
               c->request.id, body.len);
    buf_add(&out, body.data, body.len);
    if (!out.failed && !body.failed)
        (void)!send(c->fd, out.data, out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    buf_close(&out);
    buf_close(&body);
}

static void expire(struct connection *c, int64_t now)
{
    int64_t due = atomic_load(&c->deadline_ns);
    if (due <= no_deadline || now < due)
        return;
    int stage = atomic_load(&c->stage);
    if (!atomic_compare_exchange_strong(&c->deadline_ns, &due, expired))
        return;
    if (stage == STAGE_BODY)
        send_timeout(c);
    shutdown(c->fd, SHUT_RDWR);
}

void server_tick(struct server *s)
{
    int64_t now = clock_monotonic_ns();
    pthread_mutex_lock(&s->lock);
    for (struct connection *c = s->connections; c; c = c->next)
        expire(c, now);
    pthread_mutex_unlock(&s->lock);
}

/* ---- connections ------------------------------------------------------------------------------
 */

static struct connection *connection_new(struct server *s, struct MHD_Connection *mhd)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct connection *c = info ? calloc(1, sizeof *c) : NULL;
    if (!c)
        return NULL;
    c->server = s;
    c->mhd = mhd;
    c->fd = info->connect_fd;
    exchange_init(&c->request, s->service);
    wait_for_head(c);
    pthread_mutex_lock(&s->lock);
    c->next = s->connections;
    c->place = &s->connections;
    if (c->next)
        c->next->place = &c->next;
    s->connections = c;
    pthread_mutex_unlock(&s->lock);
    return c;
}

/* The socket is still open here, and is closed after: server_tick never meets a stale one. */
static void connection_free(struct connection *c)
{
    pthread_mutex_lock(&c->server->lock);
    *c->place = c->next;
    if (c->next)
        c->next->place = c->place;
    pthread_mutex_unlock(&c->server->lock);
    exchange_free(&c->request);
    free(c);
}

static void on_connection(void *cls, struct MHD_Connection *mhd, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = connection_new(cls, mhd);
        metrics_add(METRIC_CONNECTIONS, 1);
        return;
    }
    if (*socket_context)
        connection_free(*socket_context);
    *socket_context = NULL;
    metrics_add(METRIC_CONNECTIONS, -1);
}

/* ---- requests ---------------------------------------------------------------------------------
 */

/* The request line has come. What is returned comes back as *state; NULL: there was no memory. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
    (void)cls;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct connection *c = info ? info->socket_context : NULL;
    if (c)
        exchange_open(&c->request, uri);
    return c;
}

static enum MHD_Result on_header(void *cls, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    (void)kind;
    headers_add(cls, name, value);
    return MHD_YES;
}

static struct connection *connection_of(const struct job *job)
{
    struct request *r = job->user;
    return (struct connection *)(void *)((char *)r - offsetof(struct connection, request));
}

/* Whether the client has closed its side. In the compute thread, between submit and on_done: the
 * library leaves a connection that is suspended alone, and the socket stays open. */
static bool on_gone(const struct job *job)
{
    struct pollfd p = {.fd = connection_of(job)->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0;
}

/* In the engine's thread. Resuming hands the request back: only the server is touched after. */
static void on_done(struct job *job)
{
    struct connection *c = connection_of(job);
    struct server *s = c->server;
    MHD_resume_connection(c->mhd);
    atomic_fetch_sub(&s->in_engine, 1);
}

/* NULL: no memory. A buffer is not copied: its bytes are constant, or stay in the request until it
 * is closed. */
static struct MHD_Response *make_response(struct connection *c, const void *data, size_t bytes)
{
    struct request *r = &c->request;
    if (r->stream)
        return sse_response(c->server->sse, c->mhd, c->fd, r->stream);
    return MHD_create_response_from_buffer(bytes, (void *)(uintptr_t)data, MHD_RESPMEM_PERSISTENT);
}

static enum MHD_Result send_answer(struct connection *c)
{
    struct request *r = &c->request;
    struct answer *a = &r->answer;
    const void *data = a->file ? a->file : a->body.data;
    size_t bytes = a->file ? a->file_bytes : a->body.len;
    int64_t due = r->stream ? no_deadline : clock_monotonic_ns() + transfer_ns(c->server, bytes);
    if (!enter(c, STAGE_ANSWER, due))
        return MHD_NO;
    struct MHD_Response *response = make_response(c, data, bytes);
    if (!response)
        return MHD_NO;
    struct answer_header headers[ANSWER_HEADERS];
    int count = answer_headers(r, headers);
    for (int i = 0; i < count; i++)
        MHD_add_response_header(response, headers[i].name, headers[i].value);
    enum MHD_Result result = MHD_queue_response(c->mhd, (unsigned)a->status, response);
    MHD_destroy_response(response);
    if (r->stream && result == MHD_YES) {
        c->streaming = true;
        atomic_fetch_sub(&c->server->in_flight, 1);
    }
    return result;
}

static enum MHD_Result submit(struct connection *c)
{
    c->submitted = true;
    c->request.job.done = on_done;
    c->request.job.gone = on_gone;
    atomic_fetch_add(&c->server->in_engine, 1);
    MHD_suspend_connection(c->mhd);
    engine_submit(c->server->service->engine, &c->request.job);
    return MHD_YES;
}

static enum MHD_Result proceed(struct connection *c, enum exchange_next next)
{
    switch (next) {
    case EXCHANGE_READ:
        return MHD_YES;
    case EXCHANGE_REPLY:
        return send_answer(c);
    case EXCHANGE_WAIT:
        return submit(c);
    default:
        return MHD_NO;
    }
}

static enum MHD_Result begin(struct connection *c, const char *method, const char *version)
{
    c->open = true;
    c->submitted = c->streaming = false;
    atomic_fetch_add(&c->server->in_flight, 1);
    MHD_get_connection_values(c->mhd, MHD_HEADER_KIND, on_header, &c->request.headers);
    enum exchange_next next = exchange_head(&c->request, method, version);
    if (!enter(c, STAGE_BODY, clock_monotonic_ns() + transfer_ns(c->server, 0)))
        return MHD_NO;
    return proceed(c, next);
}

static enum MHD_Result take(struct connection *c, const char *data, size_t *size)
{
    enum exchange_next next = exchange_body(&c->request, data, *size);
    *size = 0;
    int64_t due = c->request.start_ns + transfer_ns(c->server, c->request.body_bytes);
    if (!enter(c, STAGE_BODY, due))
        return MHD_NO;
    return proceed(c, next);
}

/* Called for the head, for each piece of the body, at its end, and again after a resume. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *size, void **state)
{
    (void)cls, (void)url, (void)mhd;
    struct connection *c = *state;
    if (!c)
        return MHD_NO;
    if (!c->open)
        return begin(c, method, version);
    if (*size > 0)
        return take(c, data, size);
    if (c->submitted) {
        exchange_finish(&c->request);
        return send_answer(c);
    }
    if (!enter(c, STAGE_WORK, no_deadline))
        return MHD_NO;
    return proceed(c, exchange_end(&c->request));
}

static void on_completed(void *cls, struct MHD_Connection *mhd, void **state,
                         enum MHD_RequestTerminationCode code)
{
    (void)cls, (void)mhd, (void)code;
    struct connection *c = *state;
    *state = NULL;
    if (!c || !c->open)
        return;
    c->open = false;
    if (atomic_load(&c->deadline_ns) == expired && atomic_load(&c->stage) == STAGE_BODY) {
        c->request.answer.status = err_info(ERR_TIMEOUT)->status;
        err_add(&c->request.err, ERR_TIMEOUT, "", "the body came too late");
    }
    if (c->request.stream)
        sse_leave(c->request.stream);
    exchange_close(&c->request);
    wait_for_head(c);
    if (!c->streaming)
        atomic_fetch_sub(&c->server->in_flight, 1);
}

/* ---- life -------------------------------------------------------------------------------------
 */

static void on_log(void *cls, const char *format, va_list args)
{
    (void)cls;
    char text[512];
    vsnprintf(text, sizeof text, format, args);
    text[strcspn(text, "\n")] = '\0';
    log_line(LOG_DEBUG, "libmicrohttpd: %s", text);
}

/* As many descriptors as connections need; fewer connections where the system gives fewer. */
static int fit_connections(int wanted)
{
    struct rlimit limit;
    rlim_t others = 64;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return wanted;
    rlim_t need = (rlim_t)wanted + others;
    if (limit.rlim_cur < need) {
        limit.rlim_cur = need < limit.rlim_max ? need : limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    if (limit.rlim_cur >= need)
        return wanted;
    int fit = limit.rlim_cur > 2 * others ? (int)(limit.rlim_cur - others) : (int)others;
    log_line(LOG_WARN, "the limit of open files (%llu) leaves room for %d connections, not %d",
             (unsigned long long)limit.rlim_cur, fit, wanted);
    return fit;
}

/* Strictness 0: the two things that 1 adds, a Host and no blank in the target, are checked by
 * headers_guard and target_parse; the library's own refusal of them sends its headers twice. */
static struct MHD_Daemon *start_daemon(struct server *s)
{
    const struct server_config *config = &s->config;
    unsigned flags = MHD_USE_POLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME |
                     MHD_USE_ERROR_LOG;
    return MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, config->listen_fd, MHD_OPTION_THREAD_POOL_SIZE,
        (unsigned)config->threads, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)fit_connections(config->max_connections), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        config->connection_bytes, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)config->idle_timeout_s,
        MHD_OPTION_STRICT_FOR_CLIENT, 0, MHD_OPTION_URI_LOG_CALLBACK, on_uri, s,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        s, MHD_OPTION_END);
}

enum err_code server_new(struct service *service, const struct server_config *config,
                         struct server **ret_server, struct err *err)
{
    struct server *s = calloc(1, sizeof *s);
    if (!s)
        return err_add(err, ERR_MEMORY, "", "no memory for the server");
    s->service = service;
    s->config = *config;
    pthread_mutex_init(&s->lock, NULL);
    s->sse = sse_new(engine_events(service->engine));
    s->daemon = s->sse ? start_daemon(s) : NULL;
    if (!s->daemon) {
        if (s->sse)
            sse_stop(s->sse);
        sse_free(s->sse);
        pthread_mutex_destroy(&s->lock);
        free(s);
        return err_add(err, ERR_INTERNAL, "", "the network threads could not be started: %s",
                       strerror(errno));
    }
    *ret_server = s;
    return ERR_OK;
}

static void nap(struct server *s)
{
    struct timespec pause = {.tv_nsec = 2000000};
    nanosleep(&pause, NULL);
    server_tick(s);
}

static bool has_connections(struct server *s)
{
    pthread_mutex_lock(&s->lock);
    bool any = s->connections != NULL;
    pthread_mutex_unlock(&s->lock);
    return any;
}

/* Waits until no request has been in flight for a while: what a client had on its way before it saw
 * `Connection: close` is answered too. */
static void drain_requests(struct server *s, int64_t until_ns)
{
    const int64_t quiet_ns = 50000000;
    int64_t now = clock_monotonic_ns(), busy_ns = now;
    while (now < until_ns && now - busy_ns < quiet_ns && has_connections(s)) {
        nap(s);
        now = clock_monotonic_ns();
        if (atomic_load(&s->in_flight) > 0)
            busy_ns = now;
    }
}

/* Whether there was anything in it. */
static bool drain_engine(struct server *s)
{
    bool any = false;
    for (; atomic_load(&s->in_engine) > 0; any = true)
        nap(s);
    return any;
}

/* Work that the end of the grace cut short is answered like any: that too takes a moment. Those who
 * have not sent all of their request do not get it. */
static void send_last_answers(struct server *s, int64_t until_ns)
{
    const int64_t moment_ns = 500000000;
    if (drain_engine(s))
        until_ns = clock_monotonic_ns() + moment_ns;
    while (atomic_load(&s->in_flight) > 0 && clock_monotonic_ns() < until_ns)
        nap(s);
    drain_engine(s);
}

void server_stop(struct server *s, int grace_ms)
{
    int64_t until_ns = clock_monotonic_ns() + (int64_t)grace_ms * 1000000;
    atomic_store(&s->service->stopping, true);
    int fd = MHD_quiesce_daemon(s->daemon);
    if (fd >= 0)
        close(fd);
    sse_stop(s->sse);
    engine_answer(s->service->engine);
    drain_requests(s, until_ns);
    engine_refuse(s->service->engine);
    send_last_answers(s, until_ns);
    MHD_stop_daemon(s->daemon);
    sse_free(s->sse);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
