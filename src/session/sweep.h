/* A grid over hyperparameters of one optimizer, as the entries of a race: every value of each axis
 * with every value of the others, the last axis fastest. Pure but for memory. */
#ifndef STEPD_SESSION_SWEEP_H
#define STEPD_SESSION_SWEEP_H

#include "session/race.h"

enum { SWEEP_AXES = 8, SWEEP_RUNS = 256 };

struct sweep_axis {
    const char *name;         /* of the hyperparameter, as the profile calls it; of one inside of
                               * a part its path: "schedule.gamma", "transforms.0.max_norm" */
    struct hyper_arg *values; /* `count` of them, at least 1, each with that name */
    size_t count;
};

struct sweep_grid {
    struct session_spec base; /* what all runs have, as in race.h */
    struct sweep_axis axes[SWEEP_AXES];
    size_t axis_count;
};

/* The number of runs; SIZE_MAX where it would not fit. */
size_t sweep_runs(const struct sweep_grid *g);

/* Which value of axis `axis` run `run` has. */
size_t sweep_at(const struct sweep_grid *g, size_t run, size_t axis);

/* Fills q->entries and q->count, in `a`. q->objective and q->start are read; where the objective is
 * NULL, since it is wrong, or an axis has no values, for the same reason, the rest is looked at.
 * Every violation that `err` does not tell yet is added: #/optimizer/… where it lies in what all
 * runs have, #/grid/lr/2 where in a value, #/grid where values do not go together. Nothing is
 * filled where `err` tells of any. */
enum err_code sweep_expand(const struct sweep_grid *g, struct race_request *q, struct arena *a,
                           struct err *err);

#endif
