/* What a session is: a block of numbers, the rule that moves it, and a step count.
 *
 * Ownership: a session_new()ed session owns everything it points to, through its own arena; the
 * block is one heap allocation of its own. A session copied with session_snapshot lives in the
 * arena given. Thread: a session belongs to the engine; snapshots pass to other threads.
 * Errors: `struct err`, all violations at once; a function that fails leaves the session as it
 * was, except session_step (see there). */
#ifndef STEPD_SESSION_SESSION_H
#define STEPD_SESSION_SESSION_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "math/objective.h"
#include "math/optim.h"
#include "math/schedule.h"
#include "math/transform.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SESSION_NAME_LEN = 128, SESSION_TAGS = 64, TAG_KEY_LEN = 128, TAG_VALUE_LEN = 1024 };

enum on_nonfinite { NONFINITE_REJECT, NONFINITE_SKIP, NONFINITE_ALLOW, NONFINITE_COUNT };
extern const char *const on_nonfinite_names[NONFINITE_COUNT];
extern const char *const dtype_names[2]; /* "float64", "float32" */

/* Numbers as a client sent them: one unnamed tensor, or named ones. Used for parameters and for
 * gradients alike. Memory is the decoder's. */
struct values {
    bool named;
    int count;              /* tensors; 0: the field was not given */
    struct tensor *tensors; /* offset is set; count numbers each */
    const double *data;     /* all tensors one after the other; NULL where `single` has them */
    const float *single;    /* NULL, or a gradient in the float32 that it came in */
    size_t n;               /* how many numbers */
    bool loose;             /* a vector without structure: it fits any n parameters */
};

struct tag {
    const char *key, *value;
};

/* A transform as a client asks for it. NULL or count 0 = not given. */
struct transform_given {
    const char *name, *profile, *match, *exclude;
    const struct hyper_arg *args; /* its hyperparameters */
    size_t arg_count;
};

/* A schedule and the hyperparameter that a client wants it to move. */
struct scheduled_given {
    const char *hyper;                     /* NULL: the learning rate */
    const struct schedule_given *schedule; /* NULL: none any more (PATCH) */
};

/* A group of tensors as a client asks for it. NULL or count 0 = not given. */
struct group_given {
    const char *match, *exclude;
    int frozen;                   /* -1: not given */
    const struct hyper_arg *args; /* hyperparameters of the optimizer that it has of its own */
    size_t arg_count;
};

/* What a client asks for when it creates a session. NULL or count 0 = not given. */
struct session_spec {
    const char *name;
    const char *optimizer, *profile;
    const struct hyper_arg *args; /* the optimizer's hyperparameters */
    size_t arg_count;
    const char *dtype, *on_nonfinite;
    struct tag *tags;
    int tag_count;
    struct values parameters;
    const struct transform_given *transforms; /* in order */
    int transform_count;
    const struct scheduled_given *schedules;
    int schedule_count;
    const struct group_given *groups; /* in order */
    int group_count;
    struct objective_given *objective_given; /* the loss that it computes itself */
    const struct objective_spec *objective;  /* made of it; NULL: there is none, or it is wrong */
};

/* What a PATCH changes; NULL or false = leave. */
struct session_patch {
    const char *name;
    bool remove_name;
    const char *on_nonfinite;
    const struct hyper_arg *args; /* hyperparameters of the optimizer it has */
    size_t arg_count;
    const char *optimizer;  /* must be the one it has, where given */
    const struct tag *tags; /* a NULL value removes the key */
    int tag_count;
    bool clear_tags;
    const struct transform_given *transforms; /* as many as it has, in order; NULL: leave all */
    int transform_count;
    const struct scheduled_given *schedules; /* those named; the others stay */
    int schedule_count;
    bool clear_schedules;
    const struct group_given *groups; /* as many as it has, in order; NULL: leave all */
    int group_count;
};

/* Metrics of one step; NaN where there is none. */
struct step_metrics {
    int64_t step;
    double loss, lr, gradient_norm, update_norm;
    int64_t time_ms; /* calendar time when it was applied */
};

enum { METRICS_FIELDS = 6 };
extern const char *const metrics_fields[METRICS_FIELDS]; /* step loss lr gradient_norm … time */

/* A hyperparameter that moves from step to step. */
struct scheduled {
    int hyper; /* index in the optimizer's table; what the session has there is the base */
    struct schedule_spec spec;
    bool fresh; /* in a plan: not one that the session had before */
};

struct session_schedules {
    struct scheduled *list;
    int count;
    int state_count; /* numbers of `state`, which lies in the block (or a snapshot's copy) */
    double *state;
    double *last;    /* behind it: what each gave for the newest step, NaN: nothing */
    bool needs_loss; /* steps have to carry one */
};

enum { GROUPS = 16 };

/* Tensors with hyperparameters of their own. */
struct group {
    const char *match, *exclude; /* patterns of tensor names, NULL: not given */
    bool frozen;
    uint32_t given; /* bit i: hyperparameter i is the group's own; the others are the session's */
    double h[HYPER_MAX]; /* those given */
    double *state;       /* in the block: steps that it was frozen for, then its scalars */
};

struct session_groups {
    int count;
    struct group *list;
    int *of; /* group of each tensor, -1: none */
};

struct session {
    struct arena arena; /* strings, tensors, tags, hyperparameters */
    int64_t key;        /* the store's row, 0 before the first insert */
    char id[ID_SIZE];
    const char *name; /* NULL: none */
    const struct optim *optim;
    enum profile profile;
    double h[HYPER_MAX];
    enum dtype dtype;
    enum on_nonfinite on_nonfinite;
    bool named;             /* the form of the parameters: an object of tensors */
    struct tensor *tensors; /* tensor_count of them */
    int tensor_count;
    struct tag *tags;
    int tag_count;
    int64_t step, revision; /* steps applied; changes of any kind, from 1 */
    int64_t skipped;        /* non-finite steps skipped */
    uint64_t spec_digest;   /* of what it was created with; see session_matches */
    int64_t created_ms, updated_ms;
    struct step_metrics last; /* of the newest step; last.step 0: none yet */
    uint8_t *block;           /* see block.h; NULL in a snapshot without state */
    size_t block_bytes;
    struct optim_block view; /* points into `block` (or a snapshot's copy) */
    double *scalars;         /* named scalars, in `block` */
    void **readouts;         /* in snapshots with parameters: see session_readouts, in dtype */
    struct transform_chain *chain;       /* its state lies in `block`; NULL: no transforms */
    struct session_schedules *schedules; /* NULL: none */
    struct session_groups *groups;       /* NULL: none */
    struct objective_spec *objective;    /* NULL: none; in snapshots without its data */
};

/* One step as a client asks for it. */
struct step_input {
    struct values gradient;
    struct values *gradients; /* per sample or per client, reduced before the step */
    size_t gradient_count;
    bool reduce_sum;       /* reduction: sum; otherwise mean */
    const double *weights; /* gradient_count of them, or NULL */
    size_t weight_count;
    bool has_loss;
    double loss;
    const double *hessian; /* n×n, rows one after the other, or NULL */
    size_t hessian_rows, hessian_columns;
    struct values hessian_diagonal;
    struct values second_gradient; /* of optimizers that look at another point */
    struct values indices; /* sparse gradient: its rows along each tensor's first dimension */
    int64_t expected_step; /* -1: not given */
    const char *pointer;   /* of this step in the body: "#" or "#/steps/17" */
};

struct explain;

struct step_output {
    struct explain *explanation; /* in: NULL, or with its arena set, to be filled */
    size_t coordinate;           /* in: of the explanation */
    struct step_metrics metrics;
    bool skipped;     /* on_nonfinite: skip, or a transform said so; parameters unchanged */
    bool held;        /* a transform held it back: counted, parameters unchanged */
    double *moved;    /* in: NULL, or room for a number for each schedule of the session: what it
                         gave for this step, NaN where none was taken */
    void *parameters; /* copy after this step in the session's dtype, if asked for, else NULL */
};

/* Asks for an explanation of the step, which will lie in `a`. false: no memory. */
bool step_output_explain(struct step_output *out, size_t coordinate, struct arena *a);

/* The session's schedules as one line of JSON, resolved, for the store; nothing where it has none.
 */
void session_schedules_write(const struct session *s, struct buf *out);
/* Gives a session that is being loaded the schedules of such a line. Its optimizer and arena are
 * set before, its block after. ERR_STORE where the line is not what was written. */
enum err_code session_schedules_read(struct session *s, const char *text, struct err *err);

/* A new session at step 0, revision 1. Heap; session_free. */
enum err_code session_new(const struct session_spec *spec, int64_t now_ms,
                          struct session **ret_session, struct err *err);
void session_free(struct session *s);

/* For a spec of which a part could not be read, as `err` tells: adds what is wrong with the rest of
 * it, so that a client learns of everything at once. */
void session_check(const struct session_spec *spec, struct err *err);

/* Whether `spec` asks for exactly what `s` was created with (PUT of the same body), by the digest
 * that creation kept: optimizer, profile, resolved hyperparameters, dtype, on_nonfinite, tags, form
 * and initial parameters. A later PATCH or step does not change it. A spec that is not valid is
 * no match. */
bool session_matches(const struct session *s, const struct session_spec *spec);

/* One step in memory. *ret_touched is set where the session changed or may be half changed, and is
 * never cleared, so that one flag serves a batch: after an error with it set, the engine drops the
 * session and reloads it. Checks expected_step, shapes, needs, finiteness.
 * A step that is skipped counts in s->skipped and changes no parameter, slot or step count.
 * s->revision is the caller's to count. `scratch` holds temporary numbers. */
enum err_code session_step(struct session *s, const struct step_input *in, int64_t now_ms,
                           struct arena *scratch, struct step_output *out, bool *ret_touched,
                           struct err *err);

enum err_code session_patch(struct session *s, const struct session_patch *patch, struct err *err);

/* Overwrites the parameters, slots stay. */
enum err_code session_set_parameters(struct session *s, const struct values *v, struct err *err);

/* Vectors that can be read instead of the parameters: those of the optimizer, then those of the
 * transforms. */
int session_readouts(const struct session *s);
const char *session_readout_name(const struct session *s, int k);

/* For the store: gives a session without a block its transforms, copied into its arena; block_alloc
 * and block_open give them their place. false: no memory. */
bool session_set_transforms(struct session *s, const struct transform_link *links, int count);

/* The same for its groups; the session's tensors are there. */
bool session_set_groups(struct session *s, const struct group *list, int count);

/* Hyperparameters of a group (-1: of the rest), those of the session being `base`. */
void group_hypers(const struct session *s, int group, const double *base, double ret_h[HYPER_MAX]);

/* Number of the optimizer's next step, from 1: steps that transforms held back do not count. */
uint64_t session_next_t(const struct session *s);

/* Bytes that the session holds in memory, for the cache. */
size_t session_bytes(const struct session *s);

enum snapshot_part { SNAPSHOT_META, SNAPSHOT_PARAMETERS, SNAPSHOT_STATE };

/* A copy for another thread, in `a`; with SNAPSHOT_META view.w and block are NULL, with
 * SNAPSHOT_PARAMETERS view.w alone is set. NULL: no memory. */
struct session *session_snapshot(const struct session *s, enum snapshot_part part, struct arena *a);

/* Tensor by tensor equality of structure; adds a violation for each difference, at `pointer`. */
enum err_code values_match(const struct session *s, const struct values *v, const char *pointer,
                           struct err *err);

#endif
