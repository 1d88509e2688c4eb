/* `stepd serve`: puts store, engine and server together, waits for a signal, takes them apart. */
#include "base/log.h"
#include "codec/json.h"
#include "commands.h"
#include "engine/engine.h"
#include "http/listen.h"
#include "http/server.h"
#include "math/optim.h"
#include "store/store.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { GRACE_MS = 4000 };

struct serving {
    struct service service;
    struct listener listener;
    struct engine *engine;
    struct server *server;
};

static enum access_log access_of(const char *name)
{
    return strcmp(name, "all") == 0   ? ACCESS_ALL
           : strcmp(name, "off") == 0 ? ACCESS_OFF
                                      : ACCESS_ERRORS;
}

/* Writes to a closed socket or beyond a file limit are errors, not deaths; the signals that stop
 * the server are taken by sigtimedwait alone; a crash leaves no weights on disk. */
static void setup_process(sigset_t *stop)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    sigemptyset(stop);
    sigaddset(stop, SIGTERM);
    sigaddset(stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, stop, NULL);
}

static int thread_count(const struct config *c)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return c->threads ? (int)c->threads : cores > 2 ? (int)cores : 2;
}

static enum err_code start_engine(struct serving *s, const struct invocation *in, struct err *err)
{
    struct store *store;
    struct engine_config config = {.cache_bytes = (size_t)in->config.cache_bytes,
                                   .queue_max = (int)in->config.queue};
    if (store_open(in->config.store, &store, err))
        return err->code;
    if (engine_new(store, &config, &s->engine, err)) {
        store->ops->close(store);
        return err->code;
    }
    engine_on_fatal(s->engine, in->fatal, NULL);
    return ERR_OK;
}

static enum err_code start_server(struct serving *s, const struct config *c, struct err *err)
{
    s->service = (struct service){.engine = s->engine,
                                  .store = c->store,
                                  .address = s->listener.local,
                                  .cors_origin = c->cors_origin,
                                  .max_body_bytes = (size_t)c->max_body_bytes,
                                  .access_log = access_of(c->access_log)};
    struct server_config config = {.listen_fd = s->listener.fd,
                                   .threads = thread_count(c),
                                   .max_connections = (int)c->max_connections,
                                   .connection_bytes = (size_t)c->connection_bytes,
                                   .idle_timeout_s = (int)c->idle_timeout_s,
                                   .body_timeout_s = (int)c->body_timeout_s};
    return server_new(&s->service, &config, &s->server, err);
}

static void print_banner(const struct serving *s, const struct config *c)
{
    const char *at = s->listener.local;
    if (strcmp(c->log_format, "json") == 0) {
        log_line(LOG_INFO, "stepd %s serves http://%s/v1, store %s", STEPD_VERSION, at, c->store);
        return;
    }
    fprintf(stderr,
            "stepd %s\n"
            "  api        http://%s/v1\n"
            "  dashboard  http://%s/\n"
            "  docs       http://%s/docs\n"
            "  store      %s\n"
            "  try        curl http://%s/v1/sessions -d "
            "'{\"name\":\"toy\",\"optimizer\":\"adam\",\"parameters\":[4]}'\n",
            STEPD_VERSION, at, at, at, c->store, at);
}

static void wait_for_stop(struct server *server, const sigset_t *stop)
{
    struct timespec second = {.tv_sec = 1};
    int signal_number;
    do {
        signal_number = sigtimedwait(stop, NULL, &second);
        server_tick(server);
    } while (signal_number < 0);
    log_line(LOG_INFO, "stopping: %s", strsignal(signal_number));
}

int command_serve(const struct invocation *in)
{
    const struct config *c = &in->config;
    struct serving s = {.listener.fd = -1};
    struct err err;
    sigset_t stop;
    err_init(&err);
    command_setup_log(c);
    setup_process(&stop);
    json_setup();
    if (!optim_select_isa(c->isa)) {
        err_add(&err, ERR_REQUEST, "", "this machine does not have the instruction set %s", c->isa);
        return command_failed(&err);
    }
    if (listen_open(c->listen, c->allow_unauthenticated, &s.listener, &err))
        return command_failed(&err);
    if (start_engine(&s, in, &err) || start_server(&s, c, &err)) {
        close(s.listener.fd);
        engine_free(s.engine);
        return command_failed(&err);
    }
    print_banner(&s, c);
    wait_for_stop(s.server, &stop);
    server_stop(s.server, GRACE_MS);
    engine_free(s.engine);
    log_line(LOG_INFO, "stopped");
    return 0;
}
