/* THE table: every resource and method, one row each; and finding the row of a request.
 *
 * A row says what a request may carry and what may be answered; exchange.c holds every request to
 * it before a handler sees it. Constant; any thread. */
#ifndef STEPD_HTTP_ROUTES_H
#define STEPD_HTTP_ROUTES_H

#include "base/buf.h"
#include "http/request.h"

enum body_class {
    BODY_NONE,  /* a body is an error */
    BODY_JSON,  /* JSON; without a JSON media type it has to begin with { or [ */
    BODY_VALUE, /* JSON; without a JSON media type it may begin with a number too */
    BODY_TABLE  /* CSV or npy, which the handler tells apart */
};

enum route_flag {
    ROUTE_IF_MATCH = 1 << 0, /* If-Match names revisions of the session in the path */
    ROUTE_KEY = 1 << 1,      /* Idempotency-Key is kept with the change */
    ROUTE_MINIMAL = 1 << 2,  /* Prefer: return=minimal */
    ROUTE_BINARY = 1 << 3    /* the body may be safetensors, npy or plain bytes too */
};

struct route {
    const char *method, *pattern; /* "GET", "/v1/sessions/{id}" */
    enum body_class body;
    unsigned flags;
    const char *const *query;    /* names of query parameters, NULL-terminated; NULL: none */
    const char *const *produces; /* media types, the default one first; NULL: JSON */
    /* Decodes the request into r->job, or answers at once and sets r->settled. Violations go to
     * r->err. */
    void (*begin)(struct request *r);
    /* Writes the answer from r->job's outputs; NULL: `begin` always settles. Runs in the engine
     * thread for a request with an Idempotency-Key: reads r and its job, writes r->answer. */
    void (*finish)(struct request *r);
};

/* Fills r->route, r->parameters from r->target and r->method. ERR_NOT_FOUND, or ERR_METHOD with
 * r->answer.allow set. */
enum err_code routes_find(struct request *r, struct err *err);

/* The methods that the path of `r` takes, as an Allow header; NULL where no route has the path. In
 * r->arena. */
const char *routes_allow(struct request *r);

/* "METHOD PATTERN" lines, for `stepd routes` and the contract test. */
void routes_write(struct buf *out);

#endif
