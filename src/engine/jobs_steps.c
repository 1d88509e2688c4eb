/* The main job: steps on one session, or on many in one request. */
#include "base/clock.h"
#include "base/metrics.h"
#include "engine/jobs.h"
#include "session/objective.h"

#include <math.h>
#include <string.h>

/* Steps on one session: all or nothing. */
struct batch {
    struct session *s;
    struct step_metrics *rows;      /* of the steps that were applied */
    struct recorded_step *recorded; /* the same, NULL: they are not recorded */
    double *moved;                  /* what schedules gave for them; NULL: there are none */
    size_t applied, skipped;
    int64_t start;          /* the step at which it began */
    size_t nonfinite;       /* steps that were not finite, and the first one's number */
    int64_t nonfinite_step; /* (whatever came of them) */
    bool touched;           /* the session's numbers are no longer those of the store */
};

static enum err_code copy_parameters(struct job *job, const struct session *s,
                                     struct step_output *out)
{
    struct session *copy = session_snapshot(s, SNAPSHOT_PARAMETERS, job->arena);
    if (!copy)
        return err_add(job->err, ERR_MEMORY, "", "no memory for the parameters");
    out->parameters = copy->view.w;
    return ERR_OK;
}

static void note_nonfinite(struct batch *run)
{
    if (run->nonfinite++ == 0)
        run->nonfinite_step = run->start + (int64_t)run->applied + 1;
}

/* Whether a step that was made left numbers that are not finite. */
static bool allowed_nonfinite(const struct session *s, const struct step_metrics *m)
{
    return s->on_nonfinite == NONFINITE_ALLOW &&
           !(isfinite(m->gradient_norm) && isfinite(m->update_norm));
}

/* Room for what the session's schedules give. */
static bool room_to_tell(struct job *job, const struct session *s, struct step_output *out)
{
    if (s->schedules)
        out->moved = arena_zalloc(job->arena, (size_t)s->schedules->count, sizeof *out->moved);
    return !s->schedules || out->moved;
}

/* The step as the client sent it, or one that the session's objective gives. */
static enum err_code input_of(const struct batch *run, const struct step_input *given,
                              struct arena *scratch, struct step_input *ret, struct err *err)
{
    *ret = *given;
    if (!objective_wanted(run->s, given))
        return ERR_OK;
    return objective_step_input(run->s->objective, run->s, scratch, ret, err);
}

/* Refuses what would hold up all other sessions for too long. */
static enum err_code check_cost(struct job *job, const struct session *s)
{
    double cost = 0;
    for (size_t i = 0; s->objective && i < job->step_count; i++)
        if (objective_wanted(s, &job->steps[i]))
            cost += objective_cost_of(s->objective, s->optim);
    if (cost <= objective_request_cost)
        return ERR_OK;
    return err_add(job->err, ERR_VALIDATION, "#/steps",
                   "%zu steps on the objective would take about %.1e multiplications; at most "
                   "%.0e are allowed in one request: ask for fewer steps at a time",
                   job->step_count, cost, objective_request_cost);
}

/* Room for `count` steps. */
static bool make_rows(struct batch *run, size_t count, bool records, struct arena *a)
{
    size_t moved = run->s->schedules ? (size_t)run->s->schedules->count : 0;
    run->rows = arena_alloc(a, count * sizeof *run->rows);
    if (records)
        run->recorded = arena_alloc(a, count * sizeof *run->recorded);
    if (moved)
        run->moved = arena_alloc(a, count * moved * sizeof *run->moved);
    return run->rows && (!records || run->recorded) && (!moved || run->moved);
}

static void keep_row(struct batch *run, const struct step_output *out)
{
    size_t moved = run->moved ? (size_t)run->s->schedules->count : 0;
    if (moved)
        memcpy(run->moved + run->applied * moved, out->moved, moved * sizeof *run->moved);
    run->rows[run->applied++] = out->metrics;
}

static enum err_code one_step(struct job *job, struct batch *run, const struct step_input *given,
                              struct step_output *out, struct arena *scratch)
{
    bool touched = false;
    if (!room_to_tell(job, run->s, out))
        return err_add(job->err, ERR_MEMORY, "", "no memory for a step");
    if (job->explain && out == &job->outputs[job->step_count - 1] &&
        !step_output_explain(out, (size_t)job->coordinate, job->arena))
        return err_add(job->err, ERR_MEMORY, "", "no memory to explain the step");
    struct recorded_step *recorded = run->recorded ? &run->recorded[run->applied] : NULL;
    struct step_input in;
    enum err_code code = input_of(run, given, scratch, &in, job->err);
    if (code)
        return code;
    if (recorded && !recording_begin(run->s, &in, job->arena, recorded))
        return err_add(job->err, ERR_MEMORY, "", "no memory to record the step");
    code = session_step(run->s, &in, clock_unix_ms(), scratch, out, &touched, job->err);
    run->touched |= touched;
    if (code == ERR_NONFINITE || (!code && out->skipped) ||
        (!code && allowed_nonfinite(run->s, &out->metrics)))
        note_nonfinite(run);
    if (code)
        return code;
    run->touched = true;
    if (!out->skipped && recorded && !recording_end(run->s, job->arena, recorded))
        return err_add(job->err, ERR_MEMORY, "", "no memory to record the step");
    if (out->skipped)
        run->skipped++;
    else
        keep_row(run, out);
    return job->steps_return == RETURN_PARAMETERS ? copy_parameters(job, run->s, out) : ERR_OK;
}

static enum err_code all_steps(struct job *job, struct batch *run)
{
    if (check_cost(job, run->s))
        return job->err->code;
    bool records = recording_wanted(run->s) && !job->dry_run;
    job->outputs = arena_zalloc(job->arena, job->step_count, sizeof *job->outputs);
    if (!job->outputs || !make_rows(run, job->step_count, records, job->arena))
        return err_add(job->err, ERR_MEMORY, "", "no memory for %zu steps", job->step_count);
    struct arena scratch;
    arena_init(&scratch);
    enum err_code code = ERR_OK;
    for (size_t i = 0; i < job->step_count && !code; i++) {
        code = one_step(job, run, &job->steps[i], &job->outputs[i], &scratch);
        arena_reset(&scratch);
    }
    arena_close(&scratch);
    return code;
}

static void tell_nonfinite(struct jobs *j, const struct batch *run)
{
    struct event e = {.kind = EVENT_NONFINITE,
                      .key = run->s->key,
                      .on_nonfinite = run->s->on_nonfinite,
                      .step = run->nonfinite_step,
                      .count = (int64_t)run->nonfinite};
    memcpy(e.id, run->s->id, sizeof e.id);
    if (run->nonfinite)
        events_add(j->events, &e);
}

/* Writes the session and its metrics. */
static enum err_code write_batch(struct jobs *j, struct batch *run, struct err *err)
{
    enum err_code code = jobs_put(j, run->s, false, err);
    if (!code && run->applied)
        code = j->store->ops->history_add(j->store, run->s, run->rows, run->applied, err);
    if (!code && run->applied && run->moved)
        code = j->store->ops->moved_add(j->store, run->s, run->rows, run->moved, run->applied, err);
    if (!code && run->recorded)
        code = j->store->ops->recording_add(j->store, run->s, run->recorded, run->applied, err);
    if (code)
        j->poison = code;
    else
        events_add_steps(j->events, run->s, run->rows, run->moved, run->applied);
    return code;
}

/* The answer shows what was written. */
static enum err_code settle(struct jobs *j, struct job *job, struct batch *run)
{
    enum err_code code = write_batch(j, run, job->err);
    if (code)
        return code;
    job->touched = 1;
    return jobs_answer(job, run->s, job->part);
}

/* What a dry run would have answered: the revision that the change would have had. */
static enum err_code pretend(struct job *job, struct batch *run)
{
    run->s->revision++;
    return jobs_answer(job, run->s, job->part);
}

void job_steps(struct jobs *j, struct job *job)
{
    struct batch run = {0};
    if (jobs_find(j, job->id, &run.s, job->err) || jobs_match(job, run.s, job->err))
        return;
    run.start = run.s->step;
    enum err_code code = job->dry_run ? ERR_OK : jobs_undisturbed(j, run.s, job->err);
    if (!code)
        code = all_steps(job, &run);
    if (!code)
        code = job->dry_run ? pretend(job, &run) : settle(j, job, &run);
    if (!job->dry_run)
        tell_nonfinite(j, &run);
    if (code)
        j->rejected += (int64_t)job->step_count;
    else if (!job->dry_run) {
        j->steps += (int64_t)run.applied;
        j->skipped += (int64_t)run.skipped;
    }
    if ((code || job->dry_run) && run.touched)
        cache_drop(j->cache, run.s);
}

enum err_code jobs_descend(struct jobs *j, struct session *s, struct descent *d, struct err *err)
{
    static const struct step_input nothing = {.expected_step = -1};
    struct job own = {.arena = d->arena, .err = err, .steps_return = RETURN_LAST};
    struct batch run = {.s = s, .start = s->step};
    struct arena scratch;
    bool more = true;
    enum err_code code = make_rows(&run, d->most, recording_wanted(s), d->arena)
                             ? ERR_OK
                             : err_add(err, ERR_MEMORY, "", "no memory for %zu steps", d->most);
    arena_init(&scratch);
    for (d->made = 0; !code && more && d->made < d->most; d->made += !code) {
        struct step_output out = {0};
        code = one_step(&own, &run, &nothing, &out, &scratch);
        more = !code && d->goes_on(d->user, &out);
        arena_reset(&scratch);
    }
    arena_close(&scratch);
    if (!code)
        code = write_batch(j, &run, err);
    if (code)
        return code;
    tell_nonfinite(j, &run);
    j->steps += (int64_t)run.applied;
    j->skipped += (int64_t)run.skipped;
    return ERR_OK;
}

/* Undoes the items before the one that failed; their sessions are read again from the store. */
static void undo_items(struct jobs *j, struct job *job, size_t count, size_t mark)
{
    j->store->ops->undo(j->store);
    events_undo(j->events, mark);
    for (size_t i = 0; i < count; i++) {
        struct session *s = job->items[i].touched ? cache_get(j->cache, job->items[i].id) : NULL;
        if (s)
            cache_drop(j->cache, s);
        job->items[i].touched = 0;
    }
    job->touched = 0;
}

static void all_or_none(struct jobs *j, struct job *job)
{
    enum err_code code = j->store->ops->mark(j->store, job->err);
    if (code) {
        j->poison = code;
        return;
    }
    int64_t steps = j->steps, skipped = j->skipped;
    size_t mark = events_mark(j->events);
    for (size_t i = 0; i < job->item_count; i++) {
        struct job *item = &job->items[i];
        if (!item->err->code)
            job_steps(j, item);
        job->touched |= item->touched;
        if (item->err->code) {
            *job->err = *item->err;
            undo_items(j, job, i, mark);
            j->steps = steps;
            j->skipped = skipped;
            return;
        }
    }
    j->store->ops->keep(j->store);
}

/* Without ?atomic each item stands for itself; one that did not decode has its error already. */
void job_steps_many(struct jobs *j, struct job *job)
{
    if (job->atomic) {
        all_or_none(j, job);
        return;
    }
    for (size_t i = 0; i < job->item_count && !j->poison; i++) {
        if (!job->items[i].err->code)
            job_steps(j, &job->items[i]);
        job->touched |= job->items[i].touched;
    }
}
