/* Several optimizers from one start on one objective, side by side.
 *
 * Pure but for memory and the clock: sessions that belong to nobody, so it may run in any thread
 * and takes as long as the work is (race_cost tells beforehand how much that is). What an optimizer
 * needs besides the gradient (loss, Hessian, its diagonal) comes from the objective. */
#ifndef STEPD_SESSION_RACE_H
#define STEPD_SESSION_RACE_H

#include "math/objective.h"
#include "session/session.h"

/* Curves longer than this are thinned: first, last and every k-th point stay. */
enum { RACE_RUNS = 16, RACE_STEPS = 100000, RACE_POINTS = 2000, RACE_TRAJECTORY_N = 16 };

struct race_request {
    const struct objective_spec *objective;
    const struct session_spec *entries; /* of each what moves it: optimizer, profile, args,
                                         * schedules, transforms, groups */
    size_t count;
    int64_t steps;
    const double *start; /* objective->n numbers */
    double target;      /* loss to reach; NaN: the known minimum and a little, where there is one */
    double max_seconds; /* for all together */
    bool brief;         /* no curves: what became of each run, alone */
    bool (*stop)(void *user); /* NULL, or whether the runs should end early; asked now and then */
    void *user;
};

enum race_end { RACE_FINISHED, RACE_DIVERGED, RACE_OUT_OF_TIME, RACE_CANCELLED, RACE_ENDS };

struct race_run {
    struct session *s; /* the optimizer as resolved, and where it ended */
    enum race_end end;
    bool on_data; /* the objective is a model */
    size_t batch; /* then: samples that each step looked at; 0: all */
    int64_t steps_done;
    int64_t best_step, target_step; /* -1: target not reached */
    double best_loss, final_loss;
    size_t points;      /* of the curve; 0 where the race is brief */
    int64_t *step;      /* 0: the start */
    double *loss;       /* of all samples, where the objective is a model */
    double *trajectory; /* points × n, NULL where n is above RACE_TRAJECTORY_N */
    const char *reason; /* RACE_DIVERGED: in a sentence */
};

struct race {
    const struct objective_spec *objective;
    double target; /* NaN: none */
    struct race_run *runs;
    size_t count;
    size_t *ranking; /* indices, the winner first */
};

/* Whether `entry` could run: every violation is added with the pointer #/optimizer/…. Where
 * q->objective is NULL, what does not depend on it. */
enum err_code race_check(const struct race_request *q, const struct session_spec *entry,
                         struct err *err);

/* The same of all entries, with pointers #/optimizers/i/…, but for what `err` tells already. */
void race_look(const struct race_request *q, struct err *err);

/* Multiplications, roughly, that a race takes. */
double race_cost(const struct race_request *q);

/* Results lie in `a`; a violation of entry i carries the pointer #/optimizers/i/…. */
enum err_code race_run(const struct race_request *q, struct arena *a, struct race *ret,
                       struct err *err);

#endif
