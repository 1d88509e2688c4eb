/* Several steps in a row as one point of a plot.
 *
 * A bucket keeps the newest, the least and the largest value of each metric, so that a spike stays
 * visible however many steps one point stands for. A metric that a step does not have (NaN) is
 * passed over; infinities count. Adding rows one by one, or in buckets of neighbouring rows, gives
 * the same to the bit. Pure; any thread. */
#ifndef STEPD_SESSION_BUCKET_H
#define STEPD_SESSION_BUCKET_H

#include "session/session.h"

enum bucket_metric {
    BUCKET_LOSS,
    BUCKET_LR,
    BUCKET_GRADIENT_NORM,
    BUCKET_UPDATE_NORM,
    BUCKET_METRICS
};

/* All zero: holds no step yet. */
struct bucket {
    int64_t count;            /* steps in it */
    struct step_metrics last; /* step and time of the newest; of each metric the newest there is */
    double min[BUCKET_METRICS], max[BUCKET_METRICS]; /* NaN where no step has the metric */
};

/* What schedules gave for one hyperparameter in the steps of rows or buckets, NaN where none did:
 * the newest value of each, and in buckets the least and the largest. */
struct history_column {
    const char *name;
    double *last, *min, *max; /* min and max NULL: of rows */
};

/* Adds the step that follows those in `b`. */
void bucket_add(struct bucket *b, const struct step_metrics *row);

/* Adds the steps of `next`, which follow those in `b`. */
void bucket_merge(struct bucket *b, const struct bucket *next);

/* The row with which bucket `i` of `buckets` begins, where `rows` of them (0 … rows - 1) are
 * divided: the first row and the last one have a bucket of their own, those between are spread
 * evenly. `buckets` is at most `rows`, and at least 3 where it is less; `i` may be `buckets`, which
 * gives `rows`. */
size_t bucket_start(size_t i, size_t buckets, size_t rows);

#endif
