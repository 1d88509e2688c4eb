/* When runs end; run.h says what they are. */
#include "session/run.h"

#include "session/objective.h"

#include <math.h>
#include <string.h>

const char *const run_end_names[RUN_ENDS] = {[RUN_MADE_ALL] = "steps",
                                             [RUN_LOSS] = "loss_below",
                                             [RUN_GRADIENT] = "gradient_norm_below",
                                             [RUN_TARGET] = "target",
                                             [RUN_PLATEAU] = "plateau",
                                             [RUN_OUT_OF_TIME] = "max_seconds",
                                             [RUN_DIVERGED] = "diverged",
                                             [RUN_CANCELLED] = "cancelled"};

void run_begin(struct session_run *run, const struct session *s, const struct run_rules *rules,
               int64_t now_ms)
{
    *run = (struct session_run){.key = s->key,
                                .rules = *rules,
                                .target_loss = NAN,
                                .best = INFINITY,
                                .created_ms = now_ms,
                                .at_end = {.step = -1, .loss = NAN}};
    id_make(run->id);
    memcpy(run->session, s->id, sizeof run->session);
}

void run_conclude(struct session_run *run, const struct session *s, int64_t now_ms,
                  struct arena *scratch)
{
    run->ended_ms = now_ms;
    run->at_end =
        (struct run_result){.step = s->step, .revision = s->revision, .loss = NAN, .last = s->last};
    if (s->objective)
        objective_loss(s->objective, s, scratch, &run->at_end.loss, NULL);
}

enum err_code run_aim(struct session_run *run, const struct session *s, struct arena *scratch,
                      struct err *err)
{
    const struct objective_spec *o = s->objective;
    double minimum, first = NAN, *w;
    if (isnan(run->rules.target))
        return ERR_OK;
    w = arena_alloc(scratch, o->n * sizeof *w);
    if (!w)
        return err_add(err, ERR_MEMORY, "", "no memory for a run");
    if (!objective_minimum(o, 0, w, &minimum, scratch))
        return err_add(err, ERR_VALIDATION, "#/stop/target",
                       "the minimum of %s is not known; use loss_below", o->objective->name);
    enum err_code code = objective_loss(o, s, scratch, &first, err);
    if (!code)
        run->target_loss = minimum + run->rules.target * (first - minimum);
    return code;
}

/* Whether the loss has become no better for as many steps as the rule gives it. */
static bool stands_still(struct session_run *run, double loss)
{
    double better =
        isinf(run->best) ? run->best : run->best - run->rules.plateau_relative * fabs(run->best);
    if (loss < better) {
        run->best = loss;
        run->best_at = run->steps_done;
    }
    return run->rules.plateau_window > 0 &&
           run->steps_done - run->best_at >= run->rules.plateau_window;
}

enum run_end run_judge(struct session_run *run, const struct step_output *out)
{
    const struct run_rules *rules = &run->rules;
    const struct step_metrics *m = &out->metrics;
    run->steps_done++;
    if (!out->skipped) {
        bool still = stands_still(run, m->loss);
        if (m->loss <= run->target_loss)
            return RUN_TARGET;
        if (m->loss < rules->loss_below)
            return RUN_LOSS;
        if (m->gradient_norm < rules->gradient_norm_below)
            return RUN_GRADIENT;
        if (still)
            return RUN_PLATEAU;
    }
    return run->steps_done >= rules->steps ? RUN_MADE_ALL : RUN_GOES_ON;
}
