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

/* The start as given, or the objective's own where `given` is empty. */
enum err_code contest_start(struct request *r, const struct values *given, struct race_request *q);

/* Makes the race the request's job, unless it is too much work. */
void contest_submit(struct request *r, struct contest *c);

#endif
