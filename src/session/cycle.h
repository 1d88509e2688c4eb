/* cycle_momentum: the momentum that moves along with the learning rate. Used inside this room
 * alone. */
#ifndef STEPD_SESSION_CYCLE_H
#define STEPD_SESSION_CYCLE_H

#include "session/schedules.h"

/* Schedules that a client gave, and the list that they go into. */
struct asked {
    const struct scheduled_given *given;
    int given_count;
    const struct schedule_target *target;
    struct arena *arena;
    struct scheduled *list;
    int *count;
};

/* The row of cycle_momentum; -1: this schedule has none. */
int cycle_row(const struct schedule *s);

/* Switches it off where `given` does not name it itself. */
void cycle_only_said(struct schedule_spec *s, const struct schedule_given *given);

/* Switches it off in a schedule that does not move the learning rate, and refuses it where `given`,
 * which stands at `at`, asks for it. */
enum err_code cycle_refuse(struct schedule_spec *s, const struct schedule_given *given,
                           const struct pointer *at, struct err *err);

/* Whether the list has what cycle_momentum of the learning rate's schedule made. */
bool cycle_stands(const struct asked *q);

/* Makes the list right after everything that was given is in it; `stood` is what cycle_stands said
 * before. */
enum err_code cycle_settle(const struct asked *q, bool stood, struct err *err);

#endif
