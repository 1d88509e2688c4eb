/* Parts of answers that several of them share. Internal to codec/. */
#ifndef STEPD_CODEC_JSON_WRITE_H
#define STEPD_CODEC_JSON_WRITE_H

#include "codec/write.h"
#include "math/objective.h"
#include "session/session.h"

/* A resolved hyperparameter as JSON: choices by name, booleans, integers whole; null for
 * HYPER_NONE.
 */
void write_hyper(struct writer *w, const struct hyper *y, double value);
/* The same for a table with lists. */
void write_hyper_or_list(struct writer *w, const struct hyper *y, double value,
                         const struct hyper_list *list);

/* Parts of a catalogue, key included. "schema": the JSON Schema of something with a name, a profile
 * and hyperparameters; `more` adds properties (NULL: none). "profiles": defaults, required ones and
 * the libraries' argument names, profile by profile. "equivalents": PROFILE_COUNT names. */
void write_hyper_schema(struct writer *w, const char *name, const char *title,
                        const struct hyper *table, void (*more)(struct writer *w));
void write_profiles(struct writer *w, const struct hyper *table);
void write_equivalents(struct writer *w, const char *const *same_as);

/* A schedule with every hyperparameter, its parts, and its scalars where `state` is given. */
void write_schedule(struct writer *w, const struct schedule_spec *s, const double *state);
/* "schedule" of a session: one by each hyperparameter that moves; null where none does. */
void write_schedules(struct writer *w, const struct session *s);

/* "groups" of a session: patterns, tensors, and the hyperparameters that are the group's own. */
void write_groups(struct writer *w, const struct session *s);
/* "groups" of a session's state: how many steps each was frozen for, and its scalars. */
void write_groups_state(struct writer *w, const struct session *s);
/* "transforms" of a session: each with every hyperparameter, its patterns and its scalars. */
void write_transforms(struct writer *w, const struct session *s);
/* "transforms" of a session's state: the arrays of each, in the structure of the parameters. */
void write_transforms_state(struct writer *w, const struct session *s);

/* A hyperparameter as a property of a JSON Schema, key included. */
void write_property(struct writer *w, const struct hyper *y);

/* An objective with every option resolved; data that a client sent are written out, or just counted
 * (`rows`, `columns`) where `whole` is not set. */
void write_objective(struct writer *w, const struct objective_spec *s, bool whole);

/* The member batch_size; 0: "full". */
void write_batch_size(struct writer *w, size_t size);

/* "minima": the known global ones, each with its parameters and its loss. */
void write_minima(struct writer *w, const struct objective_spec *s, struct arena *scratch);

/* "parameters" of a session, and "metrics" of its last step, or of `m`; null before the first. */
void write_parameters(struct writer *w, const struct session *s);
void write_last_metrics(struct writer *w, const struct session *s);
void write_metrics(struct writer *w, const struct step_metrics *m);

/* "optimizer": name, profile and every resolved hyperparameter. */
void write_optimizer(struct writer *w, const struct session *s);

/* Numbers in the structure of the session's parameters, each tensor in the form in which it was
 * given. `data` holds view.n numbers in the session's dtype. */
void write_structured(struct writer *w, const struct session *s, const void *data);

/* The same for doubles whatever the session's dtype. */
void write_structured_double(struct writer *w, const struct session *s, const double *data);

/* Whether slot `k` holds one number per parameter in every tensor. */
bool slot_like_parameters(const struct session *s, int k);

#endif
