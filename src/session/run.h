/* Runs: many steps of a session on its own objective, and the rules by which they end.
 *
 * Plain values, and a pure judgement after each step; the engine makes the steps and the store
 * keeps the values beside them, so that a run goes on where it was after a crash. Any thread. */
#ifndef STEPD_SESSION_RUN_H
#define STEPD_SESSION_RUN_H

#include "session/session.h"

enum { RUN_STEPS = 10000000, RUN_REASON = 400, RUN_WINDOW = 1000000 };

enum run_end {
    RUN_GOES_ON,
    RUN_MADE_ALL,    /* as many steps as were asked for */
    RUN_LOSS,        /* the loss is below the bound */
    RUN_GRADIENT,    /* the norm of the gradient is */
    RUN_TARGET,      /* near enough to the known minimum */
    RUN_PLATEAU,     /* the loss has not become better for a while */
    RUN_OUT_OF_TIME, /* its seconds are over */
    RUN_DIVERGED,    /* a step could not be made: see the reason */
    RUN_CANCELLED,   /* a client wanted it */
    RUN_ENDS
};
extern const char *const run_end_names[RUN_ENDS]; /* as answers say; NULL while it goes on */

/* What a client asks for. NaN or 0: no such rule. */
struct run_rules {
    int64_t steps;
    double loss_below, gradient_norm_below;
    double target; /* part of the way from the loss at the start to the minimum that is left over */
    int64_t plateau_window;
    double plateau_relative, max_seconds;
};

/* How the session was when a run ended. */
struct run_result {
    int64_t step, revision; /* step -1: the run goes on, or nobody wrote it down */
    double loss;            /* at its parameters, of all samples; NaN: none */
    struct step_metrics last;
};

struct session_run {
    char id[ID_SIZE];
    int64_t key;           /* of the session in the store */
    char session[ID_SIZE]; /* and its id */
    struct run_rules rules;
    double target_loss; /* the loss that `target` means; NaN: none */
    enum run_end end;
    char reason[RUN_REASON]; /* RUN_DIVERGED: in a sentence; else empty */
    int64_t steps_done;
    double best;     /* smallest loss that counts as better; infinite before the first */
    int64_t best_at; /* steps_done when it was seen */
    int64_t elapsed_ms, created_ms, ended_ms;
    struct run_result at_end;
};

/* A new run, with an id, that has made no step. */
void run_begin(struct session_run *run, const struct session *s, const struct run_rules *rules,
               int64_t now_ms);

/* Fills target_loss where the rules have a target. ERR_VALIDATION where the session's objective has
 * no known minimum. */
enum err_code run_aim(struct session_run *run, const struct session *s, struct arena *scratch,
                      struct err *err);

/* The run has ended, for the reason that is in it: writes down when, and how `s` is. */
void run_conclude(struct session_run *run, const struct session *s, int64_t now_ms,
                  struct arena *scratch);

/* After a step: counts it and says whether the run ends with it. Losses are those that the step
 * was made from, and so those before it. A skipped step is one of the steps, but tells nothing. */
enum run_end run_judge(struct session_run *run, const struct step_output *out);

#endif
