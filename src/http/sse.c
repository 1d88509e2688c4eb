/* The callback of streams, and the thread that wakes them; sse.h says how they work together.
 *
 * A stream is touched by its connection's thread while it is not suspended, and by the waker, under
 * the lock, while it is. So what the waker reads of a stream needs no lock of its own. */
#include "http/sse.h"

#include "base/clock.h"
#include "base/metrics.h"

#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* The waker looks at all streams at most this often, and at their sockets once a second. */
static const int64_t look_ns = 5000000, peek_ns = 1000000000;

enum { BLOCK_BYTES = 8 << 10 };

struct sse {
    struct events *events;
    pthread_t waker;
    atomic_bool stopping;
    pthread_mutex_t lock; /* guards the list, and what belongs to suspended streams */
    struct stream *streams;
};

/* ---- the callback ----------------------------------------------------------------------------
 */

/* Suspends the connection, unless there is something to say after all. false: there is. A stream
 * that only waits for its pace suspends too; the waker is told, since it may have looked at this
 * one just before. */
static bool suspend(struct stream *s)
{
    struct sse *sse = s->sse;
    int64_t now = clock_monotonic_ns();
    pthread_mutex_lock(&sse->lock);
    bool due = stream_due(s, now);
    bool speak = s->ended || atomic_load(&sse->stopping) || (due && now >= s->next_ns);
    if (!speak) {
        s->suspended = true;
        MHD_suspend_connection(s->connection);
    }
    pthread_mutex_unlock(&sse->lock);
    if (due && !speak)
        events_wake(sse->events);
    return !speak;
}

static ssize_t send_some(struct stream *s, char *to, size_t max)
{
    size_t left = s->out.len - s->sent, bytes = left < max ? left : max;
    memcpy(to, s->out.data + s->sent, bytes);
    s->sent += bytes;
    s->bytes += bytes;
    return (ssize_t)bytes;
}

static ssize_t on_read(void *cls, uint64_t at, char *to, size_t max)
{
    struct stream *s = cls;
    (void)at;
    do {
        if (s->gone)
            return MHD_CONTENT_READER_END_WITH_ERROR;
        if (s->sent == s->out.len)
            stream_fill(s, clock_monotonic_ns(), atomic_load(&s->sse->stopping));
        if (s->sent < s->out.len)
            return send_some(s, to, max);
        if (s->ended)
            return MHD_CONTENT_READER_END_OF_STREAM;
    } while (!suspend(s));
    return 0;
}

/* ---- the waker -------------------------------------------------------------------------------
 */

/* Whether the client has closed its end; of what it may still send, nothing is read. */
static bool hung_up(int fd)
{
    char byte;
    ssize_t got = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static void resume(struct stream *s)
{
    s->suspended = false;
    MHD_resume_connection(s->connection);
}

/* Resumes the suspended streams that have something to say; returns when to look again. */
static int64_t wake_due(struct sse *sse, bool peek)
{
    int64_t now = clock_monotonic_ns(), next = now + peek_ns;
    pthread_mutex_lock(&sse->lock);
    for (struct stream *s = sse->streams; s; s = s->next) {
        if (!s->suspended)
            continue;
        s->gone = peek && hung_up(s->fd);
        bool due = s->gone || stream_due(s, now);
        if (due && (s->gone || now >= s->next_ns)) {
            resume(s);
            continue;
        }
        int64_t at = due ? s->next_ns : s->beat_ns;
        next = at < next ? at : next;
    }
    pthread_mutex_unlock(&sse->lock);
    return next;
}

static void nap(int64_t ns)
{
    struct timespec pause = {.tv_nsec = ns};
    nanosleep(&pause, NULL);
}

static void *waker_main(void *arg)
{
    struct sse *sse = arg;
    int64_t peeked = 0;
    while (!atomic_load(&sse->stopping)) {
        int64_t now = clock_monotonic_ns();
        bool peek = now - peeked >= peek_ns;
        peeked = peek ? now : peeked;
        events_wait(sse->events, wake_due(sse, peek));
        int64_t early = now + look_ns - clock_monotonic_ns();
        if (early > 0)
            nap(early);
    }
    return NULL;
}

/* ---- life ------------------------------------------------------------------------------------
 */

struct sse *sse_new(struct events *events)
{
    struct sse *sse = calloc(1, sizeof *sse);
    if (!sse)
        return NULL;
    sse->events = events;
    pthread_mutex_init(&sse->lock, NULL);
    if (pthread_create(&sse->waker, NULL, waker_main, sse) == 0)
        return sse;
    pthread_mutex_destroy(&sse->lock);
    free(sse);
    return NULL;
}

void sse_stop(struct sse *sse)
{
    atomic_store(&sse->stopping, true);
    events_wake(sse->events);
    pthread_join(sse->waker, NULL);
    pthread_mutex_lock(&sse->lock);
    for (struct stream *s = sse->streams; s; s = s->next) {
        if (s->suspended)
            resume(s);
    }
    pthread_mutex_unlock(&sse->lock);
}

void sse_free(struct sse *sse)
{
    if (!sse)
        return;
    pthread_mutex_destroy(&sse->lock);
    free(sse);
}

struct MHD_Response *sse_response(struct sse *sse, struct MHD_Connection *connection, int fd,
                                  struct stream *s)
{
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK_BYTES, on_read, s, NULL);
    if (!response)
        return NULL;
    s->sse = sse;
    s->connection = connection;
    s->fd = fd;
    pthread_mutex_lock(&sse->lock);
    s->next = sse->streams;
    s->place = &sse->streams;
    if (s->next)
        s->next->place = &s->next;
    sse->streams = s;
    pthread_mutex_unlock(&sse->lock);
    metrics_add(METRIC_STREAMS, 1);
    return response;
}

void sse_leave(struct stream *s)
{
    struct sse *sse = s->sse;
    if (!sse)
        return; /* it never was in the list */
    pthread_mutex_lock(&sse->lock);
    *s->place = s->next;
    if (s->next)
        s->next->place = s->place;
    pthread_mutex_unlock(&sse->lock);
    s->sse = NULL;
    metrics_add(METRIC_STREAMS, -1);
}
