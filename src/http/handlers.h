/* The handlers that routes.c lists; each pair is documented by api.md and api/openapi.yaml. */
#ifndef STEPD_HTTP_HANDLERS_H
#define STEPD_HTTP_HANDLERS_H

#include "codec/binary.h"

struct request;

/* Limits of a request's content, shown by /v1/limits. */
enum {
    LIMIT_LIST = 1000, /* sessions of one page */
    LIMIT_LIST_DEFAULT = 50,
    LIMIT_HISTORY = 1000000, /* rows of one answer */
    LIMIT_HISTORY_DEFAULT = 10000,
    LIMIT_POINTS = 100000, /* max_points of one answer */
    LIMIT_WAIT = 60,       /* seconds of ?wait */
    LIMIT_STREAMS = 1000,  /* streams of events at the same time */
    LIMIT_KEY = 255        /* characters of an Idempotency-Key */
};

/* root.c */
void root_begin(struct request *r);
void index_begin(struct request *r);
void healthz_begin(struct request *r);
void readyz_begin(struct request *r);
void readyz_finish(struct request *r);
void metrics_begin(struct request *r);
void problem_begin(struct request *r);
void version_begin(struct request *r);
void limits_begin(struct request *r);
extern const char *const root_produces[], *const problem_produces[], *const metrics_produces[];

/* web.c */
void web_openapi_begin(struct request *r);
void web_docs_begin(struct request *r);
void web_asset_begin(struct request *r);
void web_page(struct request *r); /* the start page */
extern const char *const web_produces_html[], *const web_produces_any[];

/* optimizers.c */
void optimizers_begin(struct request *r);
void optimizer_begin(struct request *r);
void optimizer_diff_begin(struct request *r);

/* schedules.c */
void schedules_begin(struct request *r);
void schedule_begin(struct request *r);
void schedule_preview_begin(struct request *r);

/* transforms.c */
void transforms_begin(struct request *r);
void transform_begin(struct request *r);

/* objectives.c */
void objectives_begin(struct request *r);
void objective_begin(struct request *r);
void objective_evaluate_begin(struct request *r);
void objective_surface_begin(struct request *r);
extern const char *const surface_query[];

/* compare.c */
extern const char *const compare_produces[];
void compare_begin(struct request *r);
void compare_finish(struct request *r);
extern const char *const demo_query[];
extern const char *const demo_produces[];
void demo_begin(struct request *r);
void demo_finish(struct request *r);

/* datasets.c */
void datasets_begin(struct request *r);
void dataset_begin(struct request *r);
void dataset_put_begin(struct request *r);
void dataset_post_begin(struct request *r);
void dataset_uploaded(struct request *r);
void dataset_delete_begin(struct request *r);
void dataset_delete_finish(struct request *r);
extern const char *const dataset_put_query[], *const dataset_post_query[];
extern const char *const dataset_produces[];

/* sweep.c */
extern const char *const sweep_produces[];
void sweep_begin(struct request *r);
void sweep_finish(struct request *r);

/* sessions.c */
void session_create_begin(struct request *r);
void session_ensure_begin(struct request *r);
void session_created(struct request *r);
void session_list_begin(struct request *r);
void session_list_finish(struct request *r);
void session_get_begin(struct request *r);
void session_patch_begin(struct request *r);
void session_finish(struct request *r);
void session_delete_begin(struct request *r);
void session_delete_finish(struct request *r);
extern const char *const session_list_query[];

/* parameters.c */
#define PRODUCES_BYTES                                                                             \
    "application/vnd.safetensors", "application/x-npy", "application/octet-stream"
/* Answers 200 with the parameters of r->job.session as bytes. */
void parameters_answer_bytes(struct request *r, enum binary_format format);
void parameters_get_begin(struct request *r);
void parameters_get_finish(struct request *r);
void parameters_put_begin(struct request *r);
void parameters_put_finish(struct request *r);
void state_begin(struct request *r);
void state_finish(struct request *r);
extern const char *const parameters_query[];
extern const char *const parameters_produces[], *const state_produces[];

/* steps.c */
void steps_begin(struct request *r);
void steps_finish(struct request *r);
void steps_many_begin(struct request *r);
void steps_many_finish(struct request *r);
extern const char *const steps_produces[];
extern const char *const steps_query[], *const steps_many_query[];

/* runs.c */
void run_begin_request(struct request *r);
void run_begun(struct request *r);
void runs_list_begin(struct request *r);
void runs_list_finish(struct request *r);
extern const char *const run_query[];
void run_get_begin(struct request *r);
void run_cancel_begin(struct request *r);
void run_finish(struct request *r);

/* events.c */
void events_begin(struct request *r);
void session_events_begin(struct request *r);
void events_finish(struct request *r);
extern const char *const events_query[], *const session_events_query[], *const events_produces[];

/* recording.c */
void trajectory_begin(struct request *r);
void trajectory_finish(struct request *r);
void step_explain_begin(struct request *r);
void step_explain_finish(struct request *r);
extern const char *const trajectory_query[], *const trajectory_produces[];
extern const char *const explain_query[], *const explain_produces[];

/* history.c */
void history_begin(struct request *r);
void history_finish(struct request *r);
extern const char *const history_query[], *const history_produces[];

#endif
