/* Request bodies to structs, structs to answers: the only place that knows the JSON of api.md.
 *
 * Decoding: the body is copied with its number arrays lifted out (lift.h), parsed by jansson
 * (duplicate keys refused), and read by declared field lists; every violation of a body is added to
 * `err` with its JSON pointer, and the nearest field name where one was mistyped. Encoding:
 * straight into a struct buf, numbers in shortest form (number.h). Memory of what is decoded: the
 * arena. Thread: any; json_setup once before threads. */
#ifndef STEPD_CODEC_JSON_H
#define STEPD_CODEC_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "math/optim.h"
#include "session/bucket.h"
#include "session/session.h"

/* What a body of POST …/steps asks for. */
struct steps_request {
    struct step_input *steps;
    size_t count;
    bool batch;  /* the body had "steps" */
    int returns; /* 0 last, 1 metrics, 2 parameters (engine's enum steps_return) */
};

/* One item of POST /v1/steps. */
struct steps_item {
    const char *session; /* id or name */
    struct steps_request request;
    struct err *err; /* violations of this item alone; code ERR_OK where it is well-formed */
};

/* Levels of a body, steps in a batch, items in a body of POST /v1/steps. */
enum { JSON_DEPTH = 32, JSON_STEPS_MAX = 10000, JSON_ITEMS_MAX = 1000 };

void json_setup(void); /* seeds jansson's hash, once, before threads */

/* On ERR_VALIDATION `ret` holds what could be read, for session_check. */
enum err_code json_read_session(struct arena *a, const char *body, size_t len,
                                struct session_spec *ret, struct err *err);
enum err_code json_read_patch(struct arena *a, const char *body, size_t len,
                              struct session_patch *ret, struct err *err);
/* A number, a list or named tensors; {"parameters": …} is accepted too. */
enum err_code json_read_values(struct arena *a, const char *body, size_t len, struct values *ret,
                               struct err *err);
enum err_code json_read_steps(struct arena *a, const char *body, size_t len,
                              struct steps_request *ret, struct err *err);
/* {"items":[{"session":"toy","gradient":…} or {"session":…,"steps":[…]}, …]}. A malformed item is
 * an error of that item. */
enum err_code json_read_many(struct arena *a, const char *body, size_t len,
                             struct steps_item **ret_items, size_t *ret_count, struct err *err);

/* Answers. `s` is a snapshot. `base` is the URL prefix of links ("" for relative ones). */
void json_write_session(struct buf *out, const struct session *s, bool with_parameters);
void json_write_list(struct buf *out, struct session *const *sessions, int count, const char *next);
/* The answer to a step or batch; `outputs` holds `count`. detail: 0 last, 1 metrics, 2 parameters.
 */
void json_write_steps(struct buf *out, const struct session *s, const struct step_output *outputs,
                      size_t count, bool batch, int detail);
void json_write_parameters(struct buf *out, const struct session *s);
void json_write_state(struct buf *out, const struct session *s);

/* Metrics for plots: `rows`, or `buckets` where that is not NULL. A metric of buckets has three
 * columns: loss (the newest), loss_min, loss_max. */
struct history_table {
    const struct step_metrics *rows;
    const struct bucket *buckets;
    size_t count;
    int64_t total;                        /* steps that the session has recorded */
    unsigned fields;                      /* bit set over metrics_fields */
    const struct history_column *columns; /* hyperparameters, after the metrics */
    size_t column_count;                  /* HYPER_MAX at most */
};
void json_write_history(struct buf *out, const struct history_table *t);
void csv_write_history(struct buf *out, const struct history_table *t);
void ndjson_write_history(struct buf *out, const struct history_table *t);

/* problem.c: application/problem+json (RFC 9457). */
void problem_write(struct buf *out, const struct err *err, const char *instance,
                   const char *request_id);

/* catalogue.c: GET /v1/optimizers[/{name}]. */
void catalogue_write_list(struct buf *out);
void catalogue_write(struct buf *out, const struct optim *o);

/* schedules.c: GET /v1/schedules[/{name}]. */
void schedules_write_list(struct buf *out);
void schedules_write(struct buf *out, const struct schedule *s);

/* The body of POST /v1/schedules/{name}/preview. */
struct preview_body {
    struct schedule_given schedule; /* options; the name may be left out */
    double base;
    int64_t steps;
    const double *losses; /* loss_count of them; NULL: not given */
    size_t loss_count;
};
enum err_code json_read_preview(struct arena *a, const char *body, size_t len,
                                struct preview_body *ret, struct err *err);
void json_write_preview(struct buf *out, const struct schedule_spec *s, double base,
                        const double *values, size_t count);

/* transforms.c: GET /v1/transforms[/{name}]. */
void transforms_write_list(struct buf *out);
void transforms_write(struct buf *out, const struct transform *t);

#endif
