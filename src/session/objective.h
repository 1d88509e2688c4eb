/* The loss that a session moves down by itself: what a step carries when the client sends nothing,
 * and how the specification is kept.
 *
 * A session keeps a specification of its own, in its arena, made again from the packed form in
 * which the store has it: what a client sent for it may go. Pure but for memory; any thread. */
#ifndef STEPD_SESSION_OBJECTIVE_H
#define STEPD_SESSION_OBJECTIVE_H

#include "math/objective.h"
#include "session/session.h"

/* Multiplications, roughly, of one step and of all the steps of one request: a twentieth and a
 * quarter of a second, for which other sessions may have to wait. */
extern const double objective_step_cost, objective_request_cost;

/* ERR_VALIDATION at `pointer`, naming what is missing, where the objective cannot give all that a
 * step of `o` with hyperparameters `h` (NULL: its defaults) needs. */
enum err_code objective_check_needs(const struct objective_spec *objective, const struct optim *o,
                                    const double *h, const char *pointer, struct err *err);

/* Samples that each step looks at: what the client says, else what the optimizer takes, else all
 * (0). */
size_t objective_batch(const struct objective_spec *objective, const struct optim *o);

/* Multiplications, roughly, that one step of the session costs. */
double objective_cost_of(const struct objective_spec *objective, const struct optim *o);

/* Whether a step carries nothing, so that the session's objective is evaluated. */
bool objective_wanted(const struct session *s, const struct step_input *in);

/* Puts loss, gradient and what else the optimizer needs into ret_in: those at the session's
 * parameters, of the samples of step s->step + 1. The numbers lie in `scratch`; the other fields
 * stay. */
enum err_code objective_step_input(const struct objective_spec *objective, const struct session *s,
                                   struct arena *scratch, struct step_input *ret_in,
                                   struct err *err);

/* The loss of all samples at the session's parameters. */
enum err_code objective_loss(const struct objective_spec *objective, const struct session *s,
                             struct arena *scratch, double *ret_loss, struct err *err);

/* Why a session cannot go on there: `what` happened, and what limits the step size, with the number
 * where the curvature is known. */
void objective_why(const struct objective_spec *objective, const struct session *s,
                   const char *what, char *out, size_t size);

/* ---- objective_pack.c: how it is kept -------------------------------------------------------- */

/* Appends all that the specification is made of; the same bytes for the same one. */
void objective_pack(const struct objective_spec *objective, struct buf *out);

/* Makes it again, in `a`. ERR_STORE where the bytes are not what objective_pack wrote. */
enum err_code objective_unpack(const void *data, size_t bytes, struct arena *a,
                               struct objective_spec **ret, struct err *err);

/* A whole copy in `a`, which shares nothing with `objective`. */
enum err_code objective_copy(const struct objective_spec *objective, struct arena *a,
                             struct objective_spec **ret, struct err *err);

/* A copy for an answer: what it is, without the data. NULL: no memory. */
struct objective_spec *objective_outline(const struct objective_spec *objective, struct arena *a);

#endif
