/* cycle_momentum: the momentum that moves along with the learning rate.
 *
 * torch's OneCycleLR and CyclicLR move the momentum the other way unless they are told not to; so
 * do one_cycle and cyclic in profile torch, alone or as parts of a sequence or a chain. Here that
 * is a schedule of its own beside that of the learning rate, the counter:
 *
 *   the client says       the momentum            then
 *   nothing, in torch     is there                it cycles: torch's own numbers
 *   nothing               is there none           off: the rate alone moves
 *   nothing               is given a schedule     off: that schedule holds
 *   nothing               is not asked about: the schedule moves something else than lr: off
 *   true                  in any of the last three an error that says what to leave out
 *
 * Where there is no momentum torch raises an error. There are no numbers to agree with then, and
 * who asks for one cycle of adagrad is better served by it than by a lesson about its default.
 *
 * What a session shows is what holds: cycle_momentum is true just while the counter is in place. It
 * comes and goes with the schedule of the learning rate; a client that sends both as they were
 * shown gets the same session. torch sets the optimizer's momentum when the scheduler is made, so
 * that SGD without momentum has one from then on; here a momentum of 0, which has no state, becomes
 * what the counter begins with. */
#include "session/cycle.h"

#include <string.h>

/* ---- what was said --------------------------------------------------------------------------- */

static const char cycle_name[] = "cycle_momentum";

int cycle_row(const struct schedule *s)
{
    return hyper_find(s->hypers, cycle_name);
}

/* What `given` itself says; NULL: nothing. */
static const struct hyper_arg *said(const struct schedule_given *given)
{
    for (size_t i = 0; i < given->arg_count; i++) {
        if (strcmp(given->args[i].name, cycle_name) == 0 && given->args[i].kind == ARG_BOOL)
            return &given->args[i];
    }
    return NULL;
}

/* Whether `given` or a part of it says true; then `at` becomes the place where. */
static bool says_true(const struct schedule_given *given, struct pointer *at)
{
    const struct hyper_arg *arg = said(given);
    struct pointer here = *at;
    bool found = arg && arg->number != 0;
    if (found)
        pointer_add(at, cycle_name);
    for (size_t i = 0; i < given->child_count && !found; i++) {
        *at = here;
        pointer_add(at, given->children_key);
        pointer_add_index(at, i);
        found = says_true(&given->children[i], at);
    }
    return found;
}

void cycle_only_said(struct schedule_spec *s, const struct schedule_given *given)
{
    int row = cycle_row(s->schedule);
    if (row >= 0 && !said(given))
        s->h[row] = 0;
    for (int i = 0; i < s->child_count; i++)
        cycle_only_said(&s->children[i], &given->children[i]);
}

enum err_code cycle_refuse(struct schedule_spec *s, const struct schedule_given *given,
                           const struct pointer *at, struct err *err)
{
    struct pointer place = *at;
    schedule_switch_off(s, cycle_name);
    if (!says_true(given, &place))
        return ERR_OK;
    return err_add(err, ERR_VALIDATION, place.text,
                   "cycle_momentum is for the schedule of the learning rate itself; leave it out");
}

/* ---- the list -------------------------------------------------------------------------------- */

/* What the client says of hyperparameter `hyper`, its last word; NULL: nothing. */
static const struct scheduled_given *given_for(const struct asked *q, int hyper)
{
    const struct optim *o = q->target->optim;
    const struct scheduled_given *found = NULL;
    for (int i = 0; i < q->given_count; i++) {
        const char *name = q->given[i].hyper;
        if ((name ? hyper_find(o->hypers, name) : o->lr) == hyper)
            found = &q->given[i];
    }
    return found;
}

static struct scheduled *find(const struct asked *q, int hyper)
{
    int i = 0;
    while (i < *q->count && q->list[i].hyper != hyper)
        i++;
    return i < *q->count ? &q->list[i] : NULL;
}

/* Moves the momentum by nothing any more. Parts are shared with the session that is patched: a copy
 * of them is switched off. */
static enum err_code stop(const struct asked *q, struct scheduled *rate, struct err *err)
{
    struct schedule_spec copy;
    if (!schedule_copy(q->arena, &rate->spec, &copy))
        return err_add(err, ERR_MEMORY, "", "no memory for a schedule");
    schedule_switch_off(&copy, cycle_name);
    rate->spec = copy;
    return ERR_OK;
}

bool cycle_stands(const struct asked *q)
{
    const struct optim *o = q->target->optim;
    const struct scheduled *rate = find(q, o->lr);
    const struct scheduled *own = find(q, optim_momentum(o, q->target->h));
    struct schedule_spec counter = {0};
    return rate && own && !schedule_momentum(&rate->spec, q->arena, &counter) && counter.schedule &&
           schedules_same(&own->spec, &counter);
}

/* ---- the counter ----------------------------------------------------------------------------- */

/* Puts it beside the schedule of the rate, which the client gave at `at`. */
static enum err_code place(const struct asked *q, const struct scheduled *counter,
                           const struct pointer *at, struct err *err)
{
    enum err_code code = schedules_check_first(counter, q->target, at->text, err);
    if (!code)
        q->list[(*q->count)++] = *counter;
    return code;
}

static enum err_code refuse_both(const struct asked *q, const struct pointer *at, struct err *err)
{
    const struct optim *o = q->target->optim;
    const char *name = o->hypers[optim_momentum(o, q->target->h)].name;
    return err_add(
        err, ERR_VALIDATION, at->text,
        "cycle_momentum and the schedule of %s would both move it; leave one of them out", name);
}

static enum err_code refuse_none(const struct asked *q, const struct pointer *at, struct err *err)
{
    return err_add(err, ERR_VALIDATION, at->text,
                   "cycle_momentum: %s has neither momentum nor beta1; leave it out, or say false",
                   q->target->optim->name);
}

/* `counter` is what the schedule of the rate asks for: makes it so, or refuses. */
static enum err_code settle(const struct asked *q, struct scheduled *rate,
                            const struct scheduled *counter, struct err *err)
{
    const struct optim *o = q->target->optim;
    const struct scheduled_given *given = given_for(q, o->lr);
    struct scheduled *own = find(q, counter->hyper);
    struct pointer at = pointer_to("#/schedule");
    if (given && given->hyper)
        pointer_add(&at, given->hyper);
    if (!counter->spec.schedule)
        return given ? cycle_refuse(&rate->spec, given->schedule, &at, err) : ERR_OK;
    if (own && schedules_same(&own->spec, &counter->spec))
        return ERR_OK;
    struct pointer said_at = at;
    bool told = given && says_true(given->schedule, &said_at);
    bool free = given && counter->hyper >= 0 && !given_for(q, counter->hyper);
    if (!told && (own || !free))
        return stop(q, rate, err);
    if (counter->hyper < 0)
        return refuse_none(q, &said_at, err);
    return own ? refuse_both(q, &said_at, err) : place(q, counter, &at, err);
}

/* torch gives the optimizer the momentum that the cycle begins with; where it has one already,
 * nothing would notice. */
static void begin(const struct asked *q)
{
    const struct scheduled *counter = find(q, optim_momentum(q->target->optim, q->target->h));
    double *h = counter ? &q->target->h[counter->hyper] : NULL;
    if (h && *h == 0 && cycle_stands(q))
        *h = schedule_value(&counter->spec, 0, 0, NULL);
}

enum err_code cycle_settle(const struct asked *q, bool stood, struct err *err)
{
    const struct optim *o = q->target->optim;
    struct scheduled counter = {.fresh = true, .hyper = optim_momentum(o, q->target->h)};
    if (stood && given_for(q, o->lr) && !given_for(q, counter.hyper))
        schedules_place(q->list, q->count, find(q, counter.hyper), true);
    struct scheduled *rate = find(q, o->lr);
    if (!rate)
        return ERR_OK;
    if (schedule_momentum(&rate->spec, q->arena, &counter.spec))
        return err_add(err, ERR_MEMORY, "", "no memory for a schedule");
    enum err_code code = settle(q, rate, &counter, err);
    if (!code)
        begin(q);
    return code;
}
