/* What comparison, demo and sweep have in common: a race in the compute thread. */
#ifndef STEPD_HTTP_CONTEST_H
#define STEPD_HTTP_CONTEST_H

#include "codec/race.h"
#include "http/request.h"

/* What `begin` leaves for the compute thread and for `finish`. */
struct contest {
    struct race_request request;
    struct race race;
    int format;  /* index into what the route produces */
    void *asked; /* the handler's own */
};

/* Makes the objective of `given`, and its start: as given, or its own where `start` is empty. Both
 * stay NULL where something is wrong, and so they do where the objective has no name. */
enum err_code contest_objective(struct request *r, struct objective_given *given,
                                const struct values *start, struct race_request *q);

/* Makes the race the request's job, unless it is too much work. */
void contest_submit(struct request *r, struct contest *c);

#endif
