/* Runs in JSON: what a client asks for, and how far they are. Memory of what is decoded: the arena.
 */
#ifndef STEPD_CODEC_RUN_H
#define STEPD_CODEC_RUN_H

#include "base/buf.h"
#include "session/run.h"

/* The body of POST /v1/sessions/{id}/runs. */
enum err_code json_read_run(struct arena *a, const char *body, size_t len, struct run_rules *ret,
                            struct err *err);

/* One run: with the session as it is while it goes on, and after it as the run left it; parameters
 * are null once the session is another. */
void json_write_run(struct buf *out, const struct session_run *run, const struct session *s);
void json_write_runs(struct buf *out, const struct session_run *runs, size_t count);

#endif
