/* The race; race.h says what it is. Each run has a session of its own, so that its numbers are
 * those which the server would give a client that sends the same gradients. */
#include "session/race.h"

#include "base/clock.h"
#include "session/objective.h"
#include "session/parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A loss this many times as far from the best one as the start was has run away. */
static const double runaway = 1e8;

/* Whether all should end is asked so often. */
static const int64_t look_every_ns = 10000000;

/* What all the runs of a race share. */
struct bench {
    const struct race_request *q;
    struct arena *a;
    struct arena scratch; /* of one step */
    int64_t until_ns;     /* of the run that is on */
    int64_t look_ns;      /* when to ask next whether all should end */
    bool stopped;         /* they should */
    double lowest;        /* the known minimum, or the smallest loss seen */
};

/* ---- setting up ------------------------------------------------------------------------------ */

static struct values start_values(const struct race_request *q)
{
    const struct objective_spec *o = q->objective;
    return (struct values){.named = o->tensor_count > 1 || o->tensors[0].name[0] != '\0',
                           .count = o->tensor_count,
                           .tensors = o->tensors,
                           .data = q->start,
                           .n = o->n};
}

/* Where a session's parts stand in an entrant. What the parameters are not fit for is the
 * optimizer. */
static const struct {
    const char *own, *inside;
    bool whole; /* what follows in the pointer has no place there */
} parts[] = {{"#/optimizer", "", false},
             {"#/schedule", "/schedule", false},
             {"#/transforms", "/transforms", false},
             {"#/groups", "/groups", false},
             {"#/parameters", "/name", true}};

/* "#/optimizer/lr" becomes "#/optimizers/2/lr", and "#/schedule/lr" "#/optimizers/2/schedule/lr".
 */
static void move_pointer(char pointer[ERR_POINTER_LEN], const char *to)
{
    char moved[2 * ERR_POINTER_LEN];
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        size_t len = strlen(parts[k].own);
        if (strncmp(pointer, parts[k].own, len) != 0 || !strchr("/", pointer[len]))
            continue;
        snprintf(moved, sizeof moved, "%.40s%s%s", to, parts[k].inside,
                 parts[k].whole ? "" : pointer + len);
        snprintf(pointer, ERR_POINTER_LEN, "%.*s", ERR_POINTER_LEN - 1, moved);
        return;
    }
}

static void move_pointers(struct err *err, int from, const char *to)
{
    for (int i = from; i < err->count; i++)
        move_pointer(err->at[i].pointer, to);
}

struct place {
    char text[40];
};

static struct place place_of(size_t entry)
{
    struct place p;
    snprintf(p.text, sizeof p.text, "#/optimizers/%zu", entry);
    return p;
}

/* The session that runs, or is to be judged. */
static struct session_spec spec_of(const struct race_request *q, const struct session_spec *entry)
{
    return (struct session_spec){.optimizer = entry->optimizer,
                                 .profile = entry->profile,
                                 .args = entry->args,
                                 .arg_count = entry->arg_count,
                                 .transforms = entry->transforms,
                                 .transform_count = entry->transform_count,
                                 .schedules = entry->schedules,
                                 .schedule_count = entry->schedule_count,
                                 .groups = q->objective ? entry->groups : NULL,
                                 .group_count = q->objective ? entry->group_count : 0,
                                 .parameters = q->objective ? start_values(q) : (struct values){0}};
}

enum err_code race_check(const struct race_request *q, const struct session_spec *entry,
                         struct err *err)
{
    struct session_spec spec = spec_of(q, entry);
    struct plan plan;
    struct err found;
    err_init(&found);
    if (spec_plan(&spec, &plan, &found) == ERR_OK) {
        objective_check_needs(q->objective, plan.optim, plan.h, "#/optimizer/name", &found);
        arena_close(&plan.arena);
    }
    for (int i = 0; i < found.count; i++) {
        struct violation *v = &found.at[i];
        if (!q->objective && strcmp(v->pointer, "#/parameters") == 0)
            continue; /* they are not known */
        move_pointer(v->pointer, "#/optimizer");
        err_add(err, found.code, v->pointer, "%s", v->detail);
        err_suggest(err, v->suggestion);
    }
    return err->code;
}

void race_look(const struct race_request *q, struct err *err)
{
    for (size_t i = 0; i < q->count; i++) {
        struct err found;
        err_init(&found);
        race_check(q, &q->entries[i], &found);
        move_pointers(&found, 0, place_of(i).text);
        session_add_untold(&found, err);
    }
}

static enum err_code open_session(const struct race_request *q, const struct session_spec *entry,
                                  struct session **ret_session, struct err *err)
{
    struct session_spec spec = spec_of(q, entry);
    enum err_code code = session_new(&spec, 0, ret_session, err);
    return code ? code
                : objective_check_needs(q->objective, (*ret_session)->optim, (*ret_session)->h,
                                        "#/optimizer/name", err);
}

static enum err_code open_run(const struct race_request *q, size_t entry, struct race_run *run,
                              struct err *err)
{
    int before = err->count;
    enum err_code code = open_session(q, &q->entries[entry], &run->s, err);
    move_pointers(err, before, place_of(entry).text);
    run->on_data = q->objective->objective->model;
    run->batch = code ? 0 : objective_batch(q->objective, run->s->optim);
    return code;
}

/* Room for the curve, thinned so that it has at most RACE_POINTS and the last one. */
static int64_t stride_of(const struct race_request *q)
{
    return (q->steps + RACE_POINTS - 1) / RACE_POINTS;
}

static bool make_curve(const struct race_request *q, struct race_run *run, struct arena *a)
{
    size_t points = (size_t)(q->steps / stride_of(q)) + 2, n = q->objective->n;
    bool trajectory = n <= RACE_TRAJECTORY_N;
    if (q->brief)
        return true;
    run->step = arena_alloc(a, points * sizeof *run->step);
    run->loss = arena_alloc(a, points * sizeof *run->loss);
    if (trajectory)
        run->trajectory = arena_alloc(a, points * n * sizeof *run->trajectory);
    return run->step && run->loss && (run->trajectory || !trajectory);
}

/* ---- one run --------------------------------------------------------------------------------- */

static const double *weights(const struct race_run *run)
{
    return run->s->view.w;
}

static void add_point(struct race_run *run, size_t n, double loss)
{
    if (!run->step)
        return;
    run->step[run->points] = run->s->step;
    run->loss[run->points] = loss;
    if (run->trajectory)
        memcpy(run->trajectory + run->points * n, weights(run), n * sizeof(double));
    run->points++;
}

static void note(struct bench *b, struct race_run *run, double target, double loss)
{
    int64_t step = run->s->step;
    run->final_loss = loss;
    if (loss < run->best_loss) {
        run->best_loss = loss;
        run->best_step = step;
    }
    if (run->target_step < 0 && loss <= target)
        run->target_step = step;
    bool seen = run->points && run->step[run->points - 1] == step; /* the step was skipped */
    if (step % stride_of(b->q) == 0 && !seen)
        add_point(run, b->q->objective->n, loss);
}

static void diverge(struct bench *b, struct race_run *run, const char *why)
{
    const char *copy = arena_strdup(b->a, why);
    run->end = RACE_DIVERGED;
    run->reason = copy ? copy : "no memory for the reason";
}

/* … and what limits the step size there. */
static void diverge_from(struct bench *b, struct race_run *run, const char *what)
{
    char why[512];
    objective_why(b->q->objective, run->s, what, why, sizeof why);
    diverge(b, run, why);
}

/* The objective as one of the runs sees it: its optimizer says how many samples a step looks at,
 * unless the client has. */
static struct objective_spec objective_of(const struct bench *b, const struct race_run *run)
{
    struct objective_spec o = *b->q->objective;
    o.sampling.batch_size = run->batch;
    return o;
}

/* The step that the optimizer makes from what the objective says at w. */
static enum err_code make_step(struct bench *b, struct race_run *run, struct err *err)
{
    const struct objective_spec own = objective_of(b, run);
    struct step_output out = {0};
    struct step_input in = {.expected_step = -1};
    bool touched = false;
    enum err_code code = objective_step_input(&own, run->s, &b->scratch, &in, err);
    return code ? code : session_step(run->s, &in, 0, &b->scratch, &out, &touched, err);
}

static double loss_now(struct bench *b, const struct race_run *run)
{
    double loss = NAN;
    objective_evaluate(b->q->objective, weights(run), 0, &loss, NULL, NULL, &b->scratch, NULL);
    return loss;
}

/* Whether all should end. Once they should, they do not go on. */
static bool stopped(struct bench *b, int64_t now_ns)
{
    if (b->stopped || !b->q->stop || now_ns < b->look_ns)
        return b->stopped;
    b->look_ns = now_ns + look_every_ns;
    return b->stopped = b->q->stop(b->q->user);
}

/* Whether there is still time for `run`, and somebody who waits for it. */
static bool may_go_on(struct bench *b, struct race_run *run)
{
    int64_t now_ns = clock_monotonic_ns();
    if (stopped(b, now_ns))
        run->end = RACE_CANCELLED;
    else if (now_ns > b->until_ns)
        run->end = RACE_OUT_OF_TIME;
    return run->end == RACE_FINISHED;
}

/* Whether the run goes on after a step that gave `loss`. */
static bool goes_on(struct bench *b, struct race_run *run, double first, double loss)
{
    if (!isfinite(loss))
        diverge_from(b, run, "the loss is no longer a finite number");
    else if (loss - b->lowest > runaway * (fabs(first - b->lowest) + 1e-300))
        diverge_from(b, run, "the loss has run away");
    return run->end == RACE_FINISHED && may_go_on(b, run);
}

static enum err_code run_one(struct bench *b, struct race_run *run, double target, struct err *err)
{
    struct err own;
    double first = loss_now(b, run), loss = first;
    bool on = !b->stopped;
    run->end = on ? RACE_FINISHED : RACE_CANCELLED;
    run->best_loss = run->final_loss = first;
    run->best_step = 0;
    run->target_step = -1;
    note(b, run, target, first);
    while (on && run->steps_done < b->q->steps) {
        err_init(&own);
        enum err_code code = make_step(b, run, &own);
        if (code == ERR_MEMORY)
            return err_add(err, code, "", "no memory for the race");
        if (code == ERR_NONFINITE)
            diverge_from(b, run, "a step would not be finite");
        else if (code)
            diverge(b, run, own.at[0].detail);
        if (code)
            break;
        run->steps_done++;
        loss = loss_now(b, run);
        on = goes_on(b, run, first, loss);
        note(b, run, target, loss);
        arena_reset(&b->scratch);
    }
    if (run->points == 0 || run->step[run->points - 1] != run->s->step)
        add_point(run, b->q->objective->n, loss);
    return ERR_OK;
}

/* ---- all of them ----------------------------------------------------------------------------- */

/* By the target first, then by the loss at the end. NaN comes last. */
static bool better(const struct race_run *x, const struct race_run *y)
{
    if (x->target_step >= 0 || y->target_step >= 0) {
        if (x->target_step < 0 || y->target_step < 0)
            return x->target_step >= 0;
        if (x->target_step != y->target_step)
            return x->target_step < y->target_step;
    }
    if ((x->end == RACE_DIVERGED) != (y->end == RACE_DIVERGED))
        return y->end == RACE_DIVERGED;
    return isnan(y->final_loss) ? !isnan(x->final_loss) : x->final_loss < y->final_loss;
}

static void rank(struct race *race)
{
    for (size_t i = 0; i < race->count; i++) {
        size_t at = i;
        for (; at > 0 && better(&race->runs[i], &race->runs[race->ranking[at - 1]]); at--)
            race->ranking[at] = race->ranking[at - 1];
        race->ranking[at] = i;
    }
}

/* The loss that counts as arrived: a millionth of the way from the start above the minimum. */
static void set_target(struct bench *b, struct race *race)
{
    double *w = arena_alloc(&b->scratch, b->q->objective->n * sizeof *w), minimum = NAN,
           first = NAN;
    bool known = w && objective_minimum(b->q->objective, 0, w, &minimum, &b->scratch);
    objective_evaluate(b->q->objective, b->q->start, 0, &first, NULL, NULL, &b->scratch, NULL);
    b->lowest = known ? minimum : fmin(first, 0);
    race->target = b->q->target;
    if (isnan(race->target) && known && first > minimum)
        race->target = minimum + 1e-6 * (first - minimum);
}

double race_cost(const struct race_request *q)
{
    double each = 2 * objective_cost(q->objective, 0) + 100 * (double)q->objective->n;
    return each * (double)q->steps * (double)q->count;
}

/* What is left of the sessions are copies in the caller's arena. */
static enum err_code leave_copies(struct race *race, struct arena *a, enum err_code code,
                                  struct err *err)
{
    for (size_t i = 0; i < race->count; i++) {
        struct session *s = race->runs[i].s;
        race->runs[i].s = s && !code ? session_snapshot(s, SNAPSHOT_PARAMETERS, a) : NULL;
        session_free(s);
        if (!code && !race->runs[i].s)
            code = err_add(err, ERR_MEMORY, "", "no memory for the race");
    }
    return code;
}

/* When the next of `left` runs has had its share of the time: what one does not use is the
 * others'. */
static int64_t share_of(int64_t end_ns, size_t left)
{
    int64_t now = clock_monotonic_ns();
    return now + (end_ns - now) / (int64_t)left;
}

enum err_code race_run(const struct race_request *q, struct arena *a, struct race *ret,
                       struct err *err)
{
    struct bench b = {.q = q, .a = a};
    enum err_code code = ERR_OK;
    *ret = (struct race){.objective = q->objective,
                         .runs = arena_zalloc(a, q->count, sizeof *ret->runs),
                         .ranking = arena_zalloc(a, q->count, sizeof *ret->ranking)};
    if (!ret->runs || !ret->ranking)
        return err_add(err, ERR_MEMORY, "", "no memory for the race");
    ret->count = q->count;
    for (size_t i = 0; i < q->count; i++) {
        if (open_run(q, i, &ret->runs[i], err))
            code = err->code;
    }
    if (code)
        return leave_copies(ret, a, code, err);
    arena_init(&b.scratch);
    int64_t end_ns = clock_monotonic_ns() + (int64_t)(q->max_seconds * 1e9);
    set_target(&b, ret);
    stopped(&b, clock_monotonic_ns());
    for (size_t i = 0; i < q->count && !code; i++) {
        b.until_ns = share_of(end_ns, q->count - i);
        code = make_curve(q, &ret->runs[i], a)
                   ? run_one(&b, &ret->runs[i], ret->target, err)
                   : err_add(err, ERR_MEMORY, "", "no memory for curves");
    }
    arena_close(&b.scratch);
    rank(ret);
    return leave_copies(ret, a, code, err);
}
