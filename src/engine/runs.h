/* Runs that are going on. The store has them all; this is what the engine looks at in each round.
 *
 * Problem: a run of a million steps must not hold up other sessions, and must survive a crash.
 * Design: between two batches of jobs the next run makes steps for a few milliseconds, in a
 * transaction of its own that also writes how far the run is: session and run are always at the
 * same step. Runs take turns. After a transaction that failed, and at the start of the server, the
 * list is what the store says.
 * Thread: the engine's. Private to engine/. */
#ifndef STEPD_ENGINE_RUNS_H
#define STEPD_ENGINE_RUNS_H

#include "engine/jobs.h"

struct runs;

struct runs *runs_new(void); /* NULL: no memory */
void runs_free(struct runs *r);

/* The list is no longer what the store says: it is read again before it is used. */
void runs_forget(struct runs *r);
enum err_code runs_ready(struct jobs *j, struct err *err);

/* Whether one could go on now. */
bool runs_waiting(const struct runs *r);

/* Whether this run is going on, as far as is known. */
bool runs_goes_on(struct runs *r, const struct session_run *run);

/* Inside the open transaction: the next run goes on for a slice. *ret_touched: it has. */
void runs_go_on(struct jobs *j, bool *ret_touched);

/* The transaction that runs_go_on was in has failed: wait a moment before the next try. */
void runs_pause(struct runs *r);

/* A session goes away, and its run with it. */
void runs_drop(struct runs *r, int64_t session_key);

#endif
