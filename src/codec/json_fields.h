/* Parts of bodies that several bodies have. Internal to codec/. */
#ifndef STEPD_CODEC_JSON_FIELDS_H
#define STEPD_CODEC_JSON_FIELDS_H

#include "codec/json_decode.h"
#include "math/objective.h"

/* Puts a value into the form in which a table of hyperparameters is asked; its name is the
 * caller's.
 */
void decode_arg(struct decode *d, json_t *v, struct hyper_arg *arg);

/* The same with a copy of the name. */
void decode_named_arg(struct decode *d, const char *name, json_t *v, struct hyper_arg *arg);

/* A name, or an object with `name`, options, and data, into a struct objective_given, which is left
 * with -1 and 0 where nothing was given. */
field_reader field_objective;

struct transforms_given {
    struct transform_given *list; /* NULL: not given */
    int count;
};

/* A list of names and objects, into a struct transforms_given. */
field_reader field_transforms;

struct schedules_given {
    struct scheduled_given *list; /* NULL: not given */
    int count;
    bool null; /* "schedule": null */
};

/* A schedule for the learning rate, or an object of them by hyperparameter, into a struct
 * schedules_given. */
field_reader field_schedules;

struct groups_given {
    struct group_given *list; /* NULL: not given */
    int count;
};

/* A list of objects, into a struct groups_given. */
field_reader field_groups;

struct optimizer_given {
    const char *name, *profile; /* NULL: not given */
    struct hyper_arg *args;
    size_t count;
    /* of an entrant */
    struct schedules_given schedules;
    struct transforms_given transforms;
    struct groups_given groups;
};

/* "adam", or {"name":"adam","profile":"torch","lr":0.1,…}, into a struct optimizer_given. */
field_reader field_optimizer;

/* The same with all that moves a session: what stands beside its optimizer there stands inside. */
field_reader field_entrant;

/* One pattern, or a list of them, as one text with commas between. */
void decode_patterns(struct decode *d, const struct place *at, json_t *v, const char **ret);

struct step_list {
    struct step_input *steps;
    size_t count;
};

/* A list of step objects, into a struct step_list. */
field_reader field_steps;

#endif
