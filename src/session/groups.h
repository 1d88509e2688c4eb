/* The parameter groups of a session: tensors, chosen by name, that have hyperparameters of their
 * own or are frozen. Used inside this room alone.
 *
 * Each group is an optimizer of its own over its tensors, with its own step count and scalars, as
 * torch's param_groups and optax.partition have it; tensors that no group chooses make up one more,
 * the rest, which has the session's hyperparameters. A tensor belongs to the first group that
 * chooses it. */
#ifndef STEPD_SESSION_GROUPS_H
#define STEPD_SESSION_GROUPS_H

#include "session/input.h"

struct plan;

/* Checks the groups of a spec and resolves them into `list`, which has room for GROUPS; patterns
 * stay the client's. plan->optim, profile and h are set. Every violation is added. */
enum err_code groups_plan(const struct session_spec *spec, const struct plan *plan,
                          struct group *list, int *ret_count, struct err *err);

/* Lays a patch over the groups of `s`; the optimizer's hyperparameters are those of `next`. */
enum err_code groups_patch(const struct session *s, const struct session_patch *patch,
                           const struct session *next, struct group *list, struct err *err);

/* A schedule that follows the loss has one value for all: no group may have its own. */
enum err_code groups_check_schedules(const struct optim *o, const struct group *list, int count,
                                     const struct scheduled *scheduled, int scheduled_count,
                                     struct err *err);

/* One number for a list in its order; 0 for an empty one. */
uint64_t groups_digest(const struct optim *o, const struct group *list, int count);

/* Numbers that they keep in the block; where they lie; what they hold before the first step. */
size_t groups_numbers(const struct session *s);
void groups_adopt(struct session *s, double *state);
/* The slots too, which may start with a hyperparameter. false: no memory. */
bool groups_start(struct session *s);

/* Copies them for a snapshot. false: no memory. */
bool groups_snapshot(struct session *copy, const struct session *s, struct arena *a);

/* ---- steps (groups_step.c) ----------------------------------------------------------------- */

/* Gives frozen tensors a gradient of 0, so that nothing sees theirs. false: no memory. */
bool groups_mask(const struct session *s, struct input *input, struct arena *scratch);

/* What groups make of each tensor, for transforms; `h` are the hyperparameters of this step. NULL
 * where there are none. false: no memory. */
bool groups_own_each(const struct session *s, const double *h, struct arena *scratch,
                     struct transform_step *ret);

/* Puts frozen tensors back, which transforms may have moved; w and old hold n numbers. */
void groups_restore(const struct session *s, double *w, const double *old);

/* The kernel, group by group. */
enum err_code groups_run(struct session *s, const struct optim_step *step,
                         const struct input *input, const struct step_output *out,
                         struct optim_norms *ret_norms, struct err *err);

/* The group's own value of hyperparameter k where coordinate i lies; NULL: it has the session's. */
const double *groups_own(const struct session *s, size_t i, int k);

/* Readout k of the optimizer into `out`, n numbers; `step` as for optim_readout. */
enum err_code groups_readout(const struct session *s, int k, const struct optim_step *step,
                             double *out);

#endif
