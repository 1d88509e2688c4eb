/* The schedules of a session: from what a client asks for to hyperparameters that move, and their
 * state in the session's block. Used inside this room alone. */
#ifndef STEPD_SESSION_SCHEDULES_H
#define STEPD_SESSION_SCHEDULES_H

#include "session/input.h"

/* What schedules are checked against. */
struct schedule_target {
    const struct optim *optim; /* NULL: not known, then only the schedules themselves are checked */
    enum profile profile;
    /* Of the optimizer, and changed where a schedule asks for it. NULL: not known, or from the
     * store; then every schedule is among what is given, and none is made besides. */
    double *h;
};

/* Checks and resolves what a client gave into `list`, which has `*count` entries already and room
 * for HYPER_MAX; one for a hyperparameter that is in it takes its place, NULL takes it out.
 * Specifications lie in `a`, lists where the client's are. Every violation is added. */
enum err_code schedules_plan(const struct scheduled_given *given, int given_count,
                             const struct schedule_target *target, struct arena *a,
                             struct scheduled *list, int *count, struct err *err);

/* Puts `x` into the list in the place of one for the same hyperparameter, or takes that out. */
void schedules_place(struct scheduled *list, int *count, const struct scheduled *x, bool remove);

/* Whether its first value is one that the hyperparameter may have; refused at `prefix`. */
enum err_code schedules_check_first(const struct scheduled *x, const struct schedule_target *target,
                                    const char *prefix, struct err *err);

/* Whether the two say the same. */
bool schedules_same(const struct schedule_spec *a, const struct schedule_spec *b);

/* One number for schedules in any order; 0 for none. */
uint64_t schedules_digest(const struct optim *o, const struct scheduled *list, int count);

/* Gives `s` schedules of its own, copied into its arena; their state comes with the block. false:
 * no memory. */
bool schedules_set(struct session *s, const struct scheduled *list, int count);

/* Numbers that they keep in the block (and kept before they had `last`); where they lie; what they
 * hold before the first step. */
size_t schedules_numbers(const struct session *s);
size_t schedules_numbers_without_last(const struct session *s);
void schedules_adopt(struct session *s, double *state);
void schedules_start(struct session *s);
/* Nothing is known of what they gave for the newest step. */
void schedules_forget(struct session *s);

/* Copies them for a snapshot, their state included. false: no memory. */
bool schedules_snapshot(struct session *copy, const struct session *s, struct arena *a);

/* ---- steps --------------------------------------------------------------------------------- */

/* Where a schedule is at the step that has `t` steps of the optimizer before it. Keras's count each
 * gradient that accumulate gathers, the others' the steps of the optimizer. */
uint64_t schedules_count(const struct session *s, const struct schedule_spec *spec, uint64_t t);

/* All hyperparameters for the step that has `t` steps before it, moved ones included. */
void schedules_at(const struct session *s, uint64_t t, double ret_h[HYPER_MAX]);

/* The same for the next step; ERR_VALIDATION where one leaves the range of its hyperparameter. */
enum err_code schedules_next(const struct session *s, const struct step_input *in,
                             double ret_h[HYPER_MAX], struct err *err);

/* Tells what they gave for the step: in out->moved, and as lines of its explanation. */
void schedules_tell(const struct session *s, uint64_t t, const double *h, struct step_output *out);

/* Keeps what they gave for the step that was just made. */
void schedules_keep(struct session *s, const double *h);

/* Lets those that follow the loss take it in; the step has `t` steps before it. */
void schedules_feed(struct session *s, enum schedule_phase phase, uint64_t t, double loss);

#endif
