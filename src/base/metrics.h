/* Counters of the process for GET /metrics, in Prometheus' text format (version 0.0.4).
 *
 * One row per metric in metrics.def-like tables inside metrics.c; values are atomics, so any thread
 * may count. Durations go into histograms with fixed bounds. The only global state of the program
 * besides the log: it is constant in shape, and reading it needs no engine. */
#ifndef STEPD_BASE_METRICS_H
#define STEPD_BASE_METRICS_H

#include "base/buf.h"

#include <stdint.h>

enum metric {
    METRIC_STEPS,            /* counter: optimizer steps made durable */
    METRIC_STEPS_REJECTED,   /* counter: steps refused (any reason) */
    METRIC_STEPS_SKIPPED,    /* counter: non-finite steps skipped by on_nonfinite */
    METRIC_COMMITS,          /* counter: transactions committed */
    METRIC_COMMITS_FAILED,   /* counter: transactions that failed */
    METRIC_REPLAYS,          /* counter: answers replayed for an Idempotency-Key */
    METRIC_SESSIONS_CREATED, /* counter */
    METRIC_CACHE_HITS,       /* counter */
    METRIC_CACHE_MISSES,     /* counter */
    METRIC_CACHE_BYTES,      /* gauge */
    METRIC_QUEUE_DEPTH,      /* gauge: jobs that wait for the engine */
    METRIC_CONNECTIONS,      /* gauge: open connections */
    METRIC_STREAMS,          /* gauge: of these, streams of events */
    METRIC_BYTES_IN,         /* counter: body bytes received */
    METRIC_BYTES_OUT,        /* counter: body bytes sent */
    METRIC_COUNT
};

enum metric_histogram {
    METRIC_REQUEST_SECONDS, /* whole request, from first header to answer queued */
    METRIC_COMMIT_SECONDS,  /* one COMMIT */
    METRIC_BATCH_JOBS,      /* jobs per transaction (a count, not seconds) */
    METRIC_HISTOGRAM_COUNT
};

void metrics_add(enum metric m, int64_t n); /* gauges take negative numbers too */
void metrics_set(enum metric m, int64_t value);
int64_t metrics_get(enum metric m);
void metrics_observe(enum metric_histogram h, double value);
void metrics_count_status(int status); /* stepd_http_requests_total{status="200"} */

/* Appends the whole exposition to `out`. */
void metrics_write(struct buf *out);

#endif
