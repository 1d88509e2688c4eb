/* Streams of events over libmicrohttpd.
 *
 * Problem: an answer that goes on for hours, on network threads that must not wait, in a library
 * that does not tell when a suspended client goes away (0.9.75).
 * Design: a response with a callback. When the callback has nothing to send it suspends its
 * connection; one thread for all streams waits for the engine's news and for heartbeats, and
 * resumes the connections for which there is something, so none is resumed for nothing. Once a
 * second it looks at the sockets of those that are suspended for clients that are gone.
 * Guarantees: exactly one resume for each suspend; after sse_stop nothing is suspended any more. A
 * client that reads slowly fills its own socket and nothing else.
 * Thread: sse_new, sse_stop, sse_free from the server's owner; the others from the connection's. */
#ifndef STEPD_HTTP_SSE_H
#define STEPD_HTTP_SSE_H

#include "http/stream.h"

struct sse;
struct MHD_Connection;
struct MHD_Response;

/* NULL: no memory or thread. */
struct sse *sse_new(struct events *events);

/* Says bye to all streams, now and to come, and leaves none suspended. */
void sse_stop(struct sse *sse);

/* After sse_stop and the end of all connections. NULL is fine. */
void sse_free(struct sse *sse);

/* The response that a connection is to send; the caller queues it and lets go of it. NULL: no
 * memory. The stream stays the caller's. */
struct MHD_Response *sse_response(struct sse *sse, struct MHD_Connection *connection, int fd,
                                  struct stream *s);

/* The connection has ended, or never queued the response: no more calls for this stream. */
void sse_leave(struct stream *s);

#endif
