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

/* What all the runs of a race share. */
struct bench {
    const struct race_request *q;
    struct arena *a;
    struct arena scratch; /* of one step */
    int64_t until_ns;     /* of the run that is on */
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

/* "#/optimizer/lr" becomes "#/optimizers/2/lr". */
static void move_pointers(struct err *err, int from, size_t entry)
{
    static const char own[] = "#/optimizer";
    for (int i = from; i < err->count; i++) {
        char moved[2 * ERR_POINTER_LEN], *pointer = err->at[i].pointer;
        if (strncmp(pointer, own, sizeof own - 1) != 0)
            continue;
        snprintf(moved, sizeof moved, "#/optimizers/%zu%s", entry, pointer + sizeof own - 1);
        snprintf(pointer, ERR_POINTER_LEN, "%.*s", ERR_POINTER_LEN - 1, moved);
    }
}

static enum err_code open_session(const struct race_request *q, const struct session_spec *entry,
                                  struct session **ret_session, struct err *err)
{
    struct session_spec spec = {.optimizer = entry->optimizer,
                                .profile = entry->profile,
                                .args = entry->args,
                                .arg_count = entry->arg_count,
                                .parameters = start_values(q)};
    enum err_code code = session_new(&spec, 0, ret_session, err);
    return code ? code
                : objective_check_needs(q->objective, (*ret_session)->optim, (*ret_session)->h,
                                        "#/optimizer/name", err);
}

enum err_code race_check(const struct race_request *q, const struct session_spec *entry,
                         struct err *err)
{
    struct session *s = NULL;
    enum err_code code = open_session(q, entry, &s, err);
    session_free(s);
    return code;
}

void race_look(const struct session_spec *entries, size_t count, struct err *err)
{
    static const double number[] = {1};
    struct tensor tensor = {.name = "", .rank = 1, .shape = {1}, .count = 1};
    for (size_t i = 0; i < count; i++) {
        struct session_spec spec = entries[i];
        struct err found;
        err_init(&found);
        spec.parameters = (struct values){.count = 1, .tensors = &tensor, .data = number, .n = 1};
        if (spec.optimizer)
            session_check(&spec, &found);
        move_pointers(&found, 0, i);
        for (int k = 0; k < found.count; k++) {
            if (strncmp(found.at[k].pointer, "#/optimizers/", strlen("#/optimizers/")) != 0)
                continue;
            err_add(err, found.code, found.at[k].pointer, "%s", found.at[k].detail);
            err_suggest(err, found.at[k].suggestion);
        }
    }
}

static enum err_code open_run(const struct race_request *q, size_t entry, struct race_run *run,
                              struct err *err)
{
    int before = err->count;
    enum err_code code = open_session(q, &q->entries[entry], &run->s, err);
    move_pointers(err, before, entry);
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
    if (step % stride_of(b->q) == 0)
        add_point(run, b->q->objective->n, loss);
}

static void diverge(struct bench *b, struct race_run *run, const char *what)
{
    char why[512];
    run->end = RACE_DIVERGED;
    objective_why(b->q->objective, run->s, what, why, sizeof why);
    run->reason = arena_strdup(b->a, why);
    if (!run->reason)
        run->reason = what;
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

/* Whether the run goes on after a step that gave `loss`. */
static bool goes_on(struct bench *b, struct race_run *run, double first, double loss)
{
    if (!isfinite(loss))
        diverge(b, run, "the loss is no longer a finite number");
    else if (loss - b->lowest > runaway * (fabs(first - b->lowest) + 1e-300))
        diverge(b, run, "the loss has run away");
    else if (clock_monotonic_ns() > b->until_ns || (b->q->stop && atomic_load(b->q->stop)))
        run->end = RACE_OUT_OF_TIME;
    return run->end == RACE_FINISHED;
}

static enum err_code run_one(struct bench *b, struct race_run *run, double target, struct err *err)
{
    struct err own;
    double first = loss_now(b, run), loss = first;
    bool on = true;
    run->best_loss = run->final_loss = first;
    run->best_step = 0;
    run->target_step = -1;
    note(b, run, target, first);
    while (on && run->steps_done < b->q->steps) {
        err_init(&own);
        enum err_code code = make_step(b, run, &own);
        if (code == ERR_MEMORY)
            return err_add(err, code, "", "no memory for the race");
        if (code) {
            diverge(b, run,
                    code == ERR_NONFINITE ? "a step would not be finite" : own.at[0].detail);
            break;
        }
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
