/* Steps of small sessions as they are recorded: what the session was before, what the step carried,
 * and where it led. With them a step of the past is made again, to explain it; to plot them, the
 * parameters are enough.
 *
 * Memory: what is made lies in the arena given. Pure but for memory; any thread. */
#ifndef STEPD_SESSION_RECORDING_H
#define STEPD_SESSION_RECORDING_H

#include "session/session.h"

/* Sessions of at most so many parameters and bytes of state are recorded, the newest so many steps
 * of each (and those that the store keeps in one piece with them). */
enum { RECORDING_PARAMETERS = 8, RECORDING_BYTES = 4096, RECORDING_STEPS = 10000 };

struct recorded_step {
    int64_t step;             /* 0: the start */
    const double *parameters; /* view.n, after it */
    const void *block;        /* before it, sealed; NULL at the start */
    size_t block_bytes;
    /* Whether loss, diagonal and matrix are there (1, 2, 4), the loss, the gradient, then what is
     * there of the Hessian; NULL: the step carried other things, which are not kept. */
    const double *input;
    size_t input_count;
};

/* Whether the steps of `s` are recorded. */
bool recording_wanted(const struct session *s);

/* Before a step: keeps the block, and what the step carries. False: no memory. */
bool recording_begin(struct session *s, const struct step_input *in, struct arena *a,
                     struct recorded_step *ret);

/* After it (or at the start, with *ret zeroed): keeps step and parameters. False: no memory. */
bool recording_end(const struct session *s, struct arena *a, struct recorded_step *ret);

/* Makes the step again on `s`, a session of the caller's own, whose numbers are replaced, and fills
 * out->explanation. ERR_NOT_FOUND where that is not possible any more, with the reason. */
enum err_code recording_explain(struct session *s, const struct recorded_step *r,
                                struct arena *scratch, struct step_output *out, struct err *err);

#endif
