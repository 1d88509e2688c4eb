/* Request headers: the ones that stepd reads, and the guard against request smuggling.
 *
 * Problem: two programs in a row that disagree about where a request ends can be made to see
 * different requests, and libmicrohttpd 0.9.75 is lenient. Design: every header passes through
 * headers_add, which keeps the known ones and notices what is not HTTP; headers_guard then judges
 * the whole set before anything else looks at the request. A request that fails it gets 400 and
 * its connection is closed.
 * Memory: pointers to the caller's strings; lists that come in several lines are joined in the
 * arena. Pure; one thread at a time. */
#ifndef STEPD_HTTP_HEADERS_H
#define STEPD_HTTP_HEADERS_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum header {
    HEADER_ACCEPT,
    HEADER_ACCEPT_ENCODING,
    HEADER_ACCESS_CONTROL_REQUEST_METHOD,
    HEADER_CONTENT_ENCODING,
    HEADER_CONTENT_LENGTH,
    HEADER_CONTENT_TYPE,
    HEADER_EXPECT,
    HEADER_HOST,
    HEADER_IDEMPOTENCY_KEY,
    HEADER_IF_MATCH,
    HEADER_IF_NONE_MATCH,
    HEADER_LAST_EVENT_ID,
    HEADER_ORIGIN,
    HEADER_PREFER,
    HEADER_TRANSFER_ENCODING,
    HEADER_X_REQUEST_ID,
    HEADER_COUNT
};

enum { HEADERS_MOST = 100 };

struct headers {
    struct arena *arena;
    const char *at[HEADER_COUNT]; /* NULL: not given */
    int count;                    /* of all headers, known or not */
    enum err_code code;           /* of the first thing wrong, ERR_OK: none so far */
    const char *wrong;            /* which, for the message */
    enum header wrong_header;     /* and where; HEADER_COUNT: no known header */
};

/* How the body is framed. */
struct framing {
    bool chunked;
    uint64_t length; /* Content-Length, 0 where there is none */
};

void headers_init(struct headers *h, struct arena *arena);

/* Takes one header. `value` may be NULL (an empty one). */
void headers_add(struct headers *h, const char *name, const char *value);

/* Whether the headers are those of one well-framed request. `version` is "HTTP/1.1" or
 * "HTTP/1.0". ERR_REQUEST or ERR_HEADERS_TOO_LARGE: answer and close the connection. */
enum err_code headers_guard(const struct headers *h, const char *version,
                            struct framing *ret_framing, struct err *err);

#endif
