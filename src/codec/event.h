/* Events as text: server-sent events (html.spec.whatwg.org, "Server-sent events"), or one JSON
 * object a line. Errors stick in the buf. Pure; any thread. */
#ifndef STEPD_CODEC_EVENT_H
#define STEPD_CODEC_EVENT_H

#include "base/buf.h"
#include "session/event.h"

enum event_form { EVENT_SSE, EVENT_NDJSON };

/* What a stream begins with. */
void event_write_start(struct buf *out, enum event_form form);

/* One frame: a single event, or several steps of one session in columns. `id` is the frame's id,
 * NULL: none. */
void event_write(struct buf *out, enum event_form form, const char *id,
                 const struct event *const *events, size_t count);

/* A sign of life: a comment, which the receiver of server-sent events does not even see. */
void event_write_heartbeat(struct buf *out, enum event_form form);

#endif
