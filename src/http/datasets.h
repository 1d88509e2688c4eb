/* Data sets by name, for the handlers that make objectives. */
#ifndef STEPD_HTTP_DATASETS_H
#define STEPD_HTTP_DATASETS_H

#include "http/request.h"
#include "math/objective.h"

/* Where `given` names a data set that was uploaded, puts a copy of it into given->data; to be
 * called before objective_make, which tells of a name that there is not. ERR_MEMORY is the only
 * error. */
enum err_code datasets_attach(struct request *r, struct objective_given *given);

#endif
