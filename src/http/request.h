/* One request from its first byte to its last: what came, the work, the answer.
 *
 * Flow (exchange.c drives it, server.c connects it to libmicrohttpd):
 *   exchange_open → exchange_head → exchange_body … → exchange_end → [engine] → exchange_finish
 *   → exchange_close
 * Handlers see only this struct: `begin` reads it and fills r->job or the answer, `finish` writes
 * the answer from the job's outputs.
 * Ownership: a struct request belongs to its connection and is used again for the next request of
 * it; whatever a handler needs lies in r->arena and is freed whole. Thread: the connection's, and
 * the engine's from submit to done (`render` alone touches it there). */
#ifndef STEPD_HTTP_REQUEST_H
#define STEPD_HTTP_REQUEST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/binary.h"
#include "engine/engine.h"
#include "http/headers.h"
#include "http/target.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum access_log { ACCESS_ALL, ACCESS_ERRORS, ACCESS_OFF };

/* What all requests share; constant while the server runs, but for `stopping`. */
struct service {
    struct engine *engine;
    const char *store;       /* URL, as configured */
    const char *address;     /* "127.0.0.1:7837", where it listens */
    const char *cors_origin; /* list of --cors-origin, NULL: localhost */
    size_t max_body_bytes;
    enum access_log access_log;
    atomic_bool stopping; /* answers close their connections */
    atomic_int streams;   /* open streams of events */
};

enum { REQUEST_ID_LEN = 128, REQUEST_PARAMETERS = 2 };

/* The answer, as the network sends it. */
struct answer {
    int status;               /* 0: none yet */
    const char *content_type; /* NULL: no body */
    const char *location;     /* NULL: none */
    const char *link;         /* NULL: none */
    const char *allow;        /* NULL: none */
    const char *etag;         /* of a file, without quotes; NULL: none */
    const char *download;     /* file name of Content-Disposition; NULL: none */
    int64_t revision, step;   /* ETag and Stepd-Step; -1: none */
    bool minimal;             /* Preference-Applied: return=minimal */
    bool replayed;            /* Idempotency-Replayed: true */
    bool negotiated;          /* Vary: Accept */
    bool encodable;           /* Vary: Accept-Encoding */
    bool gzip;                /* Content-Encoding: gzip */
    bool close;               /* the connection ends with this answer */
    const void *file;         /* constant bytes to send instead of `body`, or NULL */
    size_t file_bytes;
    struct buf body;
};

struct request {
    struct service *service;
    struct arena arena;
    struct err err;
    int64_t start_ns;

    /* what came */
    const char *raw_target;
    const char *method;
    bool head; /* HEAD: answered as GET, sent without the body */
    struct headers headers;
    struct framing framing;
    struct target target;
    const struct route *route;                  /* NULL: none matches */
    const char *parameters[REQUEST_PARAMETERS]; /* {…} of the pattern, in order */
    int offer;                                  /* index into the route's `produces` */
    struct buf body;
    bool binary; /* the body is of a binary type, `binary_type` */
    struct binary_type binary_type;
    uint64_t body_bytes; /* received, thrown away ones too */
    char id[REQUEST_ID_LEN + 1];

    /* the work */
    struct job job;
    void *state;   /* of the handler, in the arena */
    bool settled;  /* `begin` has answered already: no job */
    bool rendered; /* the answer was made in the engine thread, to be stored */

    struct stream *stream; /* the answer's body is this stream; NULL: it is answer.body */
    struct answer answer;
};

struct stream;

/* A zeroed piece of r->arena; NULL after adding ERR_MEMORY. */
void *request_alloc(struct request *r, size_t count, size_t size);

/* Starts an answer with `status`; the caller then writes to r->answer.body. */
struct buf *request_answer(struct request *r, int status, const char *content_type);

/* The same for a session's representation: JSON with ETag and Stepd-Step. */
struct buf *request_answer_session(struct request *r, int status, const struct session *s);

/* Answers with constant bytes; 304 where If-None-Match names them. */
void request_answer_file(struct request *r, const char *content_type, const void *data,
                         size_t bytes);

/* Answers 304 and returns true where If-None-Match names the revision of `s`. */
bool request_unchanged(struct request *r, const struct session *s);

/* The URL prefix under which the client reached this server: "http://127.0.0.1:7837". */
const char *request_base_url(struct request *r);

#endif
