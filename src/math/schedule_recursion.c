/* torch's way to step composed schedules; schedule_recursion.h says why. */
#include "math/schedule_recursion.h"

#include <math.h>
#include <string.h>

const struct scalar recursion_scalars[] = {
    {.name = "slope", .doc = "What the base is multiplied by, ", .start = 1},
    {.name = "offset", .doc = "and what is added, for the value of the next step.", .start = 0},
    {.name = NULL}};
enum { SLOPE, OFFSET };

static const char switch_name[] = "recursive";

int recursion_row(const struct schedule *s)
{
    return s->composed ? hyper_find(s->hypers, switch_name) : -1;
}

bool recursion_on(const struct schedule_spec *s)
{
    int row = recursion_row(s->schedule);
    return row >= 0 && s->h[row] != 0;
}

/* ---- what was asked for ---------------------------------------------------------------------- */

/* Null says nothing. */
static bool says(const struct schedule_given *given)
{
    bool found = false;
    for (size_t i = 0; i < given->arg_count && !found; i++)
        found = strcmp(given->args[i].name, switch_name) == 0 && given->args[i].kind != ARG_NULL;
    return found;
}

/* Whether all of it is torch's own, with no option beyond what torch has. */
static bool fits(const struct schedule_spec *s)
{
    const struct hyper *hypers = s->schedule->hypers;
    bool fit = s->schedule->same_as[PROFILE_TORCH] != NULL;
    for (int i = 0; hypers[i].name && fit; i++) {
        bool beyond = s->schedule->beyond_torch >> i & 1;
        fit = !beyond || memcmp(&s->h[i], &hypers[i].value[PROFILE_TORCH], sizeof s->h[i]) == 0;
    }
    for (int i = 0; i < s->child_count && fit; i++)
        fit = fits(&s->children[i]);
    return fit;
}

/* Whether torch's step is not just the closed form of the part, at its beginning. */
static bool begins_otherwise(const struct schedule_spec *s)
{
    if (!s->schedule->move)
        return false;
    struct schedule_move m = s->schedule->move(s, SCHEDULE_BEGIN, 0);
    return m.of_value + m.of_base + m.constant != s->schedule->value(s, 0, 1, NULL);
}

/* Whether the closed forms of the parts give other values. They are the same in a chain of parts
 * that multiply, and in a sequence of parts that each begin at the base. */
static bool differs(const struct schedule_spec *s)
{
    bool found = false;
    for (int i = 0; i < s->child_count && !found; i++) {
        const struct schedule_spec *part = &s->children[i];
        const struct schedule *own = part->schedule;
        if (s->schedule->active)
            found = (i > 0 && own->continues) || own->rebase != SCHEDULE_KEEPS_BASE;
        else
            found = !own->multiplies;
        found = found || own->composed || begins_otherwise(part);
    }
    return found;
}

/* Whether a part makes nothing of the value that is there. No factor leads on from 0: torch refuses
 * a LinearLR from there, and divides by 0 at the end of a ConstantLR. */
static bool begins_at_zero(const struct schedule_spec *s)
{
    struct schedule_move m = {.of_value = 1};
    if (s->schedule->move)
        m = s->schedule->move(s, SCHEDULE_BEGIN, 0);
    bool found = m.of_value == 0 && m.of_base == 0 && m.constant == 0;
    for (int i = 0; i < s->child_count && !found; i++)
        found = begins_at_zero(&s->children[i]);
    return found;
}

bool recursion_usual(const struct schedule_spec *s)
{
    int row = recursion_row(s->schedule);
    bool torch = row >= 0 && s->schedule->hypers[row].value[s->profile] != 0;
    return torch && fits(s) && differs(s) && !begins_at_zero(s);
}

/* The base that the parts have, in the order in which they are made. */
struct bases {
    bool set;
    double base;
    int made;
};

static void bind_bases(struct schedule_spec *s, struct bases *b)
{
    enum schedule_rebase rebase = s->schedule->rebase;
    for (int i = 0; i < s->child_count; i++)
        bind_bases(&s->children[i], b);
    if (rebase == SCHEDULE_REBASES || (rebase == SCHEDULE_REBASES_FIRST && b->made == 0)) {
        double own = s->schedule->value(s, 0, NAN, NULL);
        b->set |= isfinite(own);
        b->base = isfinite(own) ? own : b->base;
    }
    b->made += s->child_count == 0;
    s->has_base = b->set;
    s->base = b->base;
}

enum err_code recursion_settle(struct schedule_spec *s, const struct schedule_given *given,
                               const char *prefix, struct err *err)
{
    int row = recursion_row(s->schedule);
    if (row < 0 || s->h[row] == 0)
        return ERR_OK;
    if (says(given) && !fits(s))
        return hyper_refuse(prefix, switch_name, err,
                            "a part of it is none of torch's schedulers, or has options that "
                            "torch's has not; leave recursive out");
    s->h[row] = says(given) || recursion_usual(s);
    struct bases bases = {0};
    if (s->h[row] != 0)
        bind_bases(s, &bases);
    for (int i = 0; i < s->child_count && s->h[row] != 0; i++)
        schedule_switch_off(&s->children[i], switch_name); /* the outermost one steps all */
    return ERR_OK;
}

void recursion_only_said(struct schedule_spec *s, const struct schedule_given *given)
{
    int row = recursion_row(s->schedule);
    if (row >= 0 && !says(given))
        s->h[row] = 0;
    for (int i = 0; i < s->child_count; i++)
        recursion_only_said(&s->children[i], &given->children[i]);
}

/* ---- moves ----------------------------------------------------------------------------------- */

/* A value, for every base. */
struct line {
    double slope, offset;
};

/* What a step of the whole has to know. */
struct pass {
    double base, loss;
    double *state;
};

struct schedule_move recursion_ratio(const struct schedule_spec *s, enum schedule_turn turn,
                                     uint64_t t)
{
    (void)turn;
    double before = t > 0 ? s->schedule->value(s, t - 1, 1, NULL) : 1;
    double now = s->schedule->value(s, t, 1, NULL);
    return (struct schedule_move){.of_value = before != 0 ? now / before : 1};
}

static struct line closed(const struct schedule_spec *s, uint64_t t, const double *state)
{
    double at_zero = s->schedule->value(s, t, 0, state);
    return (struct line){s->schedule->value(s, t, 1, state) - at_zero, at_zero};
}

static struct line base_of(const struct schedule_spec *s)
{
    return s->has_base ? (struct line){0, s->base} : (struct line){1, 0};
}

static struct line apply(const struct schedule_spec *s, enum schedule_turn turn, uint64_t t,
                         struct line x, const double *state)
{
    struct line base = base_of(s), form;
    bool moves = s->schedule->move && (turn != SCHEDULE_TAKE_OVER || s->schedule->continues);
    if (turn == SCHEDULE_BEGIN && s->schedule->update)
        return x;
    if (!moves) {
        form = closed(s, t, state);
        return (struct line){form.slope * base.slope, form.slope * base.offset + form.offset};
    }
    struct schedule_move m = s->schedule->move(s, turn, t);
    return (struct line){m.of_value * x.slope + m.of_base * base.slope,
                         m.of_value * x.offset + m.of_base * base.offset + m.constant};
}

/* One that follows the loss cuts what is there. Its first scalar is the product of its cuts, which
 * comes to 0 in time where other parts set the value anew: each cut is asked for by itself. */
static struct line cut(const struct schedule_spec *s, uint64_t t, struct line x,
                       const struct pass *p)
{
    double *scale = &p->state[s->state], before = *scale, now = x.slope * p->base + x.offset;
    *scale = 1;
    s->schedule->update(s, SCHEDULE_AFTER_STEP, t - 1, now, p->loss, p->state);
    struct line after = {x.slope * *scale, x.offset * *scale};
    *scale *= before;
    return after;
}

/* ---- composition ----------------------------------------------------------------------------- */

/* The value of step 1. `lead`: how far torch has counted a sequence within a sequence ahead, since
 * it makes the first step of it twice. */
static struct line begin(const struct schedule_spec *s, struct line x, uint64_t lead,
                         const double *state)
{
    const struct schedule *own = s->schedule;
    if (!own->composed)
        return apply(s, SCHEDULE_BEGIN, 0, x, state);
    if (own->active) {
        uint64_t within = lead;
        const struct schedule_spec *part = own->active(s, &within);
        bool late = part != s->children && within == 0 && !part->schedule->composed;
        bool own_base = part->schedule->rebase != SCHEDULE_KEEPS_BASE; /* it has it by now */
        if (lead == 0)
            x = base_of(s);
        return late || own_base ? apply(part, SCHEDULE_TAKE_OVER, 0, x, state)
                                : begin(part, x, 1, state);
    }
    for (int i = 0; i < s->child_count; i++)
        x = begin(&s->children[i], x, lead, state);
    return x;
}

/* From the step before to the one that has t steps before it. */
static struct line go_on(const struct schedule_spec *s, uint64_t t, struct line x, uint64_t lead,
                         const struct pass *p)
{
    const struct schedule *own = s->schedule;
    if (!own->composed)
        return own->update ? cut(s, t, x, p) : apply(s, SCHEDULE_GO_ON, t, x, p->state);
    if (own->active) {
        uint64_t within = t + lead;
        const struct schedule_spec *part = own->active(s, &within);
        if (part == s->children)
            return go_on(part, t, x, 1, p);
        if (within > 0)
            return go_on(part, within, x, 0, p);
        return part->schedule->composed ? begin(part, base_of(s), 0, p->state)
                                        : apply(part, SCHEDULE_TAKE_OVER, 0, x, p->state);
    }
    for (int i = 0; i < s->child_count; i++)
        x = go_on(&s->children[i], t, x, lead, p);
    return x;
}

static void keep(const struct schedule_spec *s, struct line x, double *state)
{
    state[s->state + SLOPE] = x.slope;
    state[s->state + OFFSET] = x.offset;
}

static struct line kept(const struct schedule_spec *s, const double *state)
{
    return (struct line){state[s->state + SLOPE], state[s->state + OFFSET]};
}

void recursion_start(const struct schedule_spec *s, uint64_t t, double *state)
{
    keep(s, t == 0 ? begin(s, base_of(s), 0, state) : closed(s, t, state), state);
}

double recursion_value(const struct schedule_spec *s, double base, const double *state)
{
    const double rounding = 1e-14; /* of the base; at a floor of 0 it may lead below it */
    struct line x = kept(s, state);
    double v = x.slope * base + x.offset;
    return v < 0 && v > -rounding * fabs(base) ? 0 : v;
}

void recursion_update(const struct schedule_spec *s, enum schedule_phase phase, uint64_t t,
                      double base, double loss, double *state)
{
    struct pass p = {base, loss, state};
    if (phase == SCHEDULE_AFTER_STEP)
        keep(s, go_on(s, t + 1, kept(s, state), 0, &p), state);
}
