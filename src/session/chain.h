/* The transforms of a session: from what a client asks for to a chain in the session's block, and a
 * step's way through it. Used inside this room alone. */
#ifndef STEPD_SESSION_CHAIN_H
#define STEPD_SESSION_CHAIN_H

#include "session/input.h"

/* Checks the list of a spec against the parameters and resolves it into at most TRANSFORM_CHAIN
 * links, which point into the spec. `profile`: of the optimizer, -1 where that is not known. Every
 * violation is added. */
enum err_code chain_plan(const struct session_spec *spec, const struct values *parameters,
                         int profile, const struct optim *optim, struct transform_link *ret_links,
                         int *ret_count, struct err *err);

/* One number for a list in its order; 0 for an empty one. */
uint64_t chain_digest(const struct transform_link *links, int count);

/* Lays a patch over the links of `s`, in a list of its own. */
enum err_code chain_patch(const struct session *s, const struct session_patch *patch,
                          struct transform_link *ret_links, struct err *err);

/* Numbers that the chain keeps in the block, 0 without one. SIZE_MAX: too many. */
size_t chain_numbers(const struct session *s, size_t n);

/* Points the chain into the block. false: no memory. */
bool chain_adopt(struct session *s, double *state);

/* Copies the chain for a snapshot: its hyperparameters and scalars, its arrays only where `copy`
 * has a block of its own. false: no memory. */
bool chain_snapshot(struct session *copy, const struct session *s, struct arena *a);

/* ---- steps --------------------------------------------------------------------------------- */

/* A step on its way through the chain; the numbers lie in the scratch arena or the block. */
struct passage {
    struct transform_step s;
    const double *given;  /* the gradient as given */
    double gradient_norm; /* of it */
};

/* Runs the chain's `before`, with the lr and the explanation of `out`: input->g becomes what the
 * kernel is to see. Where no step is taken (p->s.verdict) the parameters are as before. */
enum err_code passage_before(struct passage *p, struct session *s, const struct step_input *in,
                             struct input *input, const struct step_output *out,
                             struct arena *scratch, struct err *err);

/* Runs its `after` once the kernel has made the step or a link has held it back, and puts the norms
 * right. */
enum err_code passage_after(struct passage *p, struct session *s, struct optim_norms *norms,
                            struct err *err);

/* The last line of an explanation, where neither kernel nor transforms say what is stored: no step
 * was taken, the number was rounded, or a frozen one was put back. */
void passage_explain_end(const struct passage *p, const struct session *s, struct step_output *out);

#endif
