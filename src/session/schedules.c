/* The schedules of a session: checked, resolved, copied, and asked before each step.
 *
 * A schedule moves a real hyperparameter of the optimizer. What the optimizer has stays as the base
 * and as what decides the layout of the block; the moved values live for one step only. A value may
 * therefore not ask for state that the block does not have (momentum that rises from 0). */
#include "session/schedules.h"

#include "math/explain.h"
#include "math/schedule_recursion.h"
#include "session/cycle.h"
#include "session/groups.h"

#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

/* Scalars that a composed schedule has at most. */
enum { STATE_MAX = SCHEDULE_NODES * 8 };

/* ---- from a client --------------------------------------------------------------------------- */

static const char *hyper_name_at(const void *table, int i)
{
    return ((const struct hyper *)table)[i].name;
}

/* Index of the hyperparameter that is to move, -1 after a violation. */
static int find_target(const char *name, const struct optim *o, struct err *err)
{
    struct pointer p = pointer_to("#/schedule");
    if (!name && o->lr >= 0)
        return o->lr;
    if (!name) {
        err_add(err, ERR_VALIDATION, p.text,
                "%s has no lr: name the hyperparameter, as in {\"beta1\": {\"name\": …}}", o->name);
        return -1;
    }
    pointer_add(&p, name);
    int k = hyper_find(o->hypers, name);
    if (k >= 0 && o->hypers[k].kind == HYPER_REAL)
        return k;
    if (k >= 0) {
        err_add(err, ERR_VALIDATION, p.text, "%s does not move: it is no real number", name);
        return -1;
    }
    if (schedule_find(name)) {
        err_add(err, ERR_VALIDATION, p.text,
                "%s is a schedule, not a hyperparameter of %s: give {\"name\": \"%s\", …}", name,
                o->name, name);
        return -1;
    }
    err_add(err, ERR_VALIDATION, p.text, "%s has no hyperparameter \"%.60s\"", o->name, name);
    for (int i = 0; o->hypers[i].name; i++) {
        for (int profile = 0; profile < PROFILE_COUNT; profile++) {
            const char *alias = o->hypers[i].alias[profile];
            if (alias && strcmp(alias, name) == 0) {
                err_suggest(err, o->hypers[i].name);
                return -1;
            }
        }
    }
    err_suggest(err, err_nearest(name, hyper_name_at, o->hypers, hyper_count(o->hypers)));
    return -1;
}

enum err_code schedules_check_first(const struct scheduled *x, const struct schedule_target *target,
                                    const char *prefix, struct err *err)
{
    double state[STATE_MAX];
    const struct hyper *y = &target->optim->hypers[x->hyper];
    if (!target->h)
        return ERR_OK;
    struct schedule_spec spec = x->spec;
    schedule_place(&spec, 0);
    schedule_start(&spec, 0, state);
    double v = schedule_value(&spec, 0, target->h[x->hyper], state);
    if (hyper_in_range(y, v))
        return ERR_OK;
    return err_add(err, ERR_VALIDATION, prefix, "it begins at %g, which is out of the range of %s",
                   v, y->name);
}

void schedules_place(struct scheduled *list, int *count, const struct scheduled *x, bool remove)
{
    int k = 0;
    while (k < *count && list[k].hyper != x->hyper)
        k++;
    if (remove && k < *count)
        memmove(&list[k], &list[k + 1], (size_t)(--*count - k) * sizeof *list);
    else if (!remove) {
        list[k] = *x;
        *count += k == *count;
    }
}

/* One that is made, with regard to the momentum that it may move besides. */
static enum err_code plan_cycle(struct scheduled *x, const struct scheduled_given *given,
                                const struct schedule_target *target, const struct pointer *at,
                                struct err *err)
{
    if (!target->h) {
        cycle_only_said(&x->spec, given->schedule);
        recursion_only_said(&x->spec, given->schedule);
    } else if (x->hyper != target->optim->lr)
        return cycle_refuse(&x->spec, given->schedule, at, err);
    return ERR_OK;
}

static enum err_code plan_one(const struct asked *asked, const struct scheduled_given *given,
                              struct err *err)
{
    const struct schedule_target *target = asked->target;
    struct scheduled x = {.fresh = true};
    struct pointer at = pointer_to("#/schedule");
    enum err_code code = ERR_OK;
    if (given->hyper)
        pointer_add(&at, given->hyper);
    if (target->optim)
        x.hyper = find_target(given->hyper, target->optim, err);
    if (given->schedule)
        code = schedule_make(given->schedule, target->profile, at.text, asked->arena, &x.spec, err);
    if (x.hyper < 0 || code)
        return code ? code : ERR_VALIDATION;
    if (!target->optim)
        return ERR_OK;
    if (given->schedule)
        code = plan_cycle(&x, given, target, &at, err);
    if (!code && given->schedule)
        code = schedules_check_first(&x, target, at.text, err);
    if (!code)
        schedules_place(asked->list, asked->count, &x, !given->schedule);
    return code;
}

enum err_code schedules_plan(const struct scheduled_given *given, int given_count,
                             const struct schedule_target *target, struct arena *a,
                             struct scheduled *list, int *count, struct err *err)
{
    struct asked asked = {given, given_count, target, a, list, count};
    enum err_code code = ERR_OK, one;
    bool known = target->optim && target->h, stood = known && cycle_stands(&asked);
    for (int i = 0; i < given_count; i++) {
        if ((one = plan_one(&asked, &given[i], err)))
            code = one;
    }
    if (known && (one = cycle_settle(&asked, stood, err)))
        code = one;
    return code;
}

/* ---- digest ---------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t seed, const void *data, size_t bytes)
{
    return XXH3_64bits_withSeed(data, bytes, seed);
}

static uint64_t mix_string(uint64_t seed, const char *s)
{
    return mix(seed, s, strlen(s) + 1);
}

/* What counts for nothing. For cycle_momentum that is false in every profile, as it was when the
 * first digests were stored, and for recursive what it is where nobody says it, so that a body of
 * the time before it still asks for the session that was made of it. `off`: false, as inside of a
 * recursive one, and for the momentum, which is none of the numbers that torch steps so. */
static double usual_of(const struct schedule_spec *s, int i, bool off)
{
    if (i == cycle_row(s->schedule))
        return 0;
    if (i == recursion_row(s->schedule))
        return !off && recursion_usual(s);
    return s->schedule->hypers[i].value[s->profile];
}

/* A hyperparameter counts only where it differs from its default, as in that of the optimizer. */
static uint64_t digest_spec(uint64_t seed, const struct schedule_spec *s, bool off)
{
    const struct hyper *hypers = s->schedule->hypers;
    uint64_t d = mix_string(mix_string(seed, s->schedule->name), profile_names[s->profile]);
    for (int i = 0; hypers[i].name; i++) {
        double usual = usual_of(s, i, off);
        if (s->list[i].count)
            d = mix(mix_string(d, hypers[i].name), s->list[i].data,
                    s->list[i].count * sizeof *s->list[i].data);
        else if (memcmp(&usual, &s->h[i], sizeof usual) != 0)
            d = mix(mix_string(d, hypers[i].name), &s->h[i], sizeof usual);
    }
    for (int i = 0; i < s->child_count; i++)
        d = digest_spec(d, &s->children[i], off || recursion_on(s));
    return d;
}

uint64_t schedules_digest(const struct optim *o, const struct scheduled *list, int count)
{
    uint64_t sum = 0, first;
    memcpy(&first, "schedule", sizeof first);
    for (int i = 0; i < count; i++)
        sum += digest_spec(mix_string(first, o->hypers[list[i].hyper].name), &list[i].spec,
                           list[i].hyper != o->lr);
    return sum;
}

bool schedules_same(const struct schedule_spec *a, const struct schedule_spec *b)
{
    return digest_spec(0, a, false) == digest_spec(0, b, false);
}

/* ---- memory ---------------------------------------------------------------------------------- */

static struct session_schedules *copy_all(const struct scheduled *list, int count, struct arena *a)
{
    struct session_schedules *x = arena_zalloc(a, 1, sizeof *x + (size_t)count * sizeof *x->list);
    if (!x)
        return NULL;
    x->list = (struct scheduled *)(x + 1);
    x->count = count;
    for (int i = 0; i < count; i++) {
        x->list[i].hyper = list[i].hyper;
        if (!schedule_copy(a, &list[i].spec, &x->list[i].spec))
            return NULL;
        x->state_count = schedule_place(&x->list[i].spec, x->state_count);
        x->needs_loss |= schedule_needs_loss(&x->list[i].spec);
    }
    return x;
}

bool schedules_set(struct session *s, const struct scheduled *list, int count)
{
    s->schedules = count ? copy_all(list, count, &s->arena) : NULL;
    return !count || s->schedules;
}

size_t schedules_numbers_without_last(const struct session *s)
{
    return s->schedules ? (size_t)s->schedules->state_count : 0;
}

size_t schedules_numbers(const struct session *s)
{
    return s->schedules ? (size_t)(s->schedules->state_count + s->schedules->count) : 0;
}

void schedules_adopt(struct session *s, double *state)
{
    if (!s->schedules)
        return;
    s->schedules->state = state;
    s->schedules->last = state ? state + s->schedules->state_count : NULL;
}

void schedules_start(struct session *s)
{
    for (int i = 0; s->schedules && i < s->schedules->count; i++)
        schedule_start(&s->schedules->list[i].spec, 0, s->schedules->state);
    schedules_forget(s);
}

void schedules_forget(struct session *s)
{
    for (int i = 0; s->schedules && i < s->schedules->count; i++)
        s->schedules->last[i] = NAN;
}

bool schedules_snapshot(struct session *copy, const struct session *s, struct arena *a)
{
    if (!s->schedules)
        return true;
    size_t bytes = schedules_numbers(s) * sizeof *s->schedules->state;
    copy->schedules = copy_all(s->schedules->list, s->schedules->count, a);
    if (!copy->schedules)
        return false;
    schedules_adopt(copy, arena_memdup(a, s->schedules->state, bytes));
    return copy->schedules->state;
}

/* ---- steps ----------------------------------------------------------------------------------- */

uint64_t schedules_count(const struct session *s, const struct schedule_spec *spec, uint64_t t)
{
    bool keras = spec->profile == PROFILE_KERAS && !recursion_on(spec);
    return keras && s->chain && s->chain->gathers ? t + transform_chain_held(s->chain) : t;
}

void schedules_at(const struct session *s, uint64_t t, double ret_h[HYPER_MAX])
{
    const struct session_schedules *x = s->schedules;
    memcpy(ret_h, s->h, sizeof s->h);
    for (int i = 0; i < x->count; i++) {
        int k = x->list[i].hyper;
        const struct schedule_spec *spec = &x->list[i].spec;
        ret_h[k] = schedule_value(spec, schedules_count(s, spec, t), s->h[k], x->state);
    }
}

/* Whether the block has the state that the optimizer uses with `h`. Kernels that see tensors as a
 * whole find their state by its size, which must be the same then. */
static bool state_fits(const struct session *s, const double *h)
{
    int slots = optim_slots(s->optim);
    for (int k = 0; k < slots; k++) {
        size_t has = optim_slot_count(s->optim, k, s->h, s->tensors, s->tensor_count);
        size_t uses = optim_slot_count(s->optim, k, h, s->tensors, s->tensor_count);
        if (uses > has || (uses != has && s->optim->scope != OPTIM_ELEMENTWISE))
            return false;
    }
    return true;
}

enum err_code schedules_next(const struct session *s, const struct step_input *in,
                             double ret_h[HYPER_MAX], struct err *err)
{
    const struct session_schedules *x = s->schedules;
    const char *pointer = in->pointer ? in->pointer : "#";
    bool others = false;
    schedules_at(s, session_next_t(s) - 1, ret_h);
    for (int i = 0; i < x->count; i++) {
        int k = x->list[i].hyper;
        const struct hyper *y = &s->optim->hypers[k];
        others |= k != s->optim->lr;
        if (!hyper_in_range(y, ret_h[k]))
            return err_add(err, ERR_VALIDATION, pointer,
                           "the schedule of %s gives %g for this step, which is out of its range",
                           y->name, ret_h[k]);
    }
    if (others && !state_fits(s, ret_h))
        return err_add(err, ERR_VALIDATION, pointer,
                       "the schedule turns on or off a part of %s that has state of its own; give "
                       "the optimizer a value that keeps it on",
                       s->optim->name);
    return ERR_OK;
}

/* "step(t = 40, from 0.1)" as the text of a line; NULL: no memory, and the line is left out. */
static const char *line_text(const struct schedule *schedule, struct arena *a)
{
    enum { LINE = 80 };
    char *text = arena_alloc(a, LINE);
    if (text)
        snprintf(text, LINE, "%s(t = {}, from {})", schedule->name);
    return text;
}

void schedules_tell(const struct session *s, uint64_t t, const double *h, struct step_output *out)
{
    const struct session_schedules *x = s->schedules;
    for (int i = 0; i < x->count; i++) {
        const struct scheduled *one = &x->list[i];
        const struct schedule *schedule = one->spec.schedule;
        int k = one->hyper;
        if (out->moved)
            out->moved[i] = h[k];
        const char *text = out->explanation ? line_text(schedule, out->explanation->arena) : NULL;
        const double *own = text ? groups_own(s, out->coordinate, k) : NULL;
        uint64_t count = schedules_count(s, &one->spec, t);
        double value = own ? schedule_value(&one->spec, count, *own, x->state) : h[k];
        if (text)
            explain_line(out->explanation, s->optim->hypers[k].name, schedule->formula, value, text,
                         (double)count, own ? *own : s->h[k]);
    }
}

void schedules_keep(struct session *s, const double *h)
{
    for (int i = 0; i < s->schedules->count; i++)
        s->schedules->last[i] = h[s->schedules->list[i].hyper];
}

void schedules_feed(struct session *s, enum schedule_phase phase, uint64_t t, double loss)
{
    const struct session_schedules *x = s->schedules;
    for (int i = 0; i < x->count; i++) {
        const struct schedule_spec *spec = &x->list[i].spec;
        schedule_update(spec, phase, schedules_count(s, spec, t), s->h[x->list[i].hyper], loss,
                        x->state);
    }
}
