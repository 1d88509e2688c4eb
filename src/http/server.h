/* The network: connections in, answers out, over libmicrohttpd 0.9.75.
 *
 * Design: a pool of threads, each with its own poll loop (epoll stalls in this version). A request
 * whose answer needs the engine suspends its connection; the engine's `done` resumes it, exactly
 * once, and touches nothing after. Requests live in their connections and are used again.
 * Deadlines: a suspended connection has none; otherwise server_tick ends connections whose head,
 * body or answer takes too long, whatever they trickle (libmicrohttpd's own timeout is for silence
 * only). A body that is late gets 408.
 * Not done: TLS (a proxy's), HTTP/2.
 * Thread: server_new, server_tick, server_stop from one thread, that of main. */
#ifndef STEPD_HTTP_SERVER_H
#define STEPD_HTTP_SERVER_H

#include "base/err.h"
#include "http/request.h"

struct server;

struct server_config {
    int listen_fd; /* bound and listening; the server closes it */
    int threads, max_connections;
    size_t connection_bytes; /* headers of a request and of its answer have to fit */
    int idle_timeout_s, body_timeout_s;
};

/* Serves from now on. `service` is the caller's and lives until server_stop returns. */
enum err_code server_new(struct service *service, const struct server_config *config,
                         struct server **ret_server, struct err *err);

/* Once a second: ends what is past its deadline. */
void server_tick(struct server *s);

/* Stops cleanly: takes no more connections, answers what has come, waits for the engine's jobs,
 * ends the threads, frees. Requests in flight get their answers, for at most `grace_ms`; work that
 * goes on then is ended and answered, which may take half a second more. The engine refuses new
 * jobs from then on and has none when this returns. */
void server_stop(struct server *s, int grace_ms);

#endif
