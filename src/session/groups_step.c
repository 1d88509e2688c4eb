/* A step group by group.
 *
 * The tensors of a group need not lie together, and kernels want one run of numbers: what belongs
 * to a group is copied out of the block, stepped there as a session of its own would be, and put
 * back. Costs one copy each way, for sessions with groups alone. */
#include "session/groups.h"
#include "session/schedules.h"

#include "math/explain.h"

#include <string.h>

/* The part of a session that belongs to one group (-1: the rest). */
struct cell {
    const struct session *s;
    int group;
    struct arena *scratch;
    struct optim_block b;
    struct tensor *tensors; /* offsets are those in the cell */
    int tensor_count;
    double layout[HYPER_MAX]; /* hyperparameters that decide which slots it has */
};

/* Copies the group's numbers out of `whole`, or back into it. k: a slot, or -1 for what has the
 * form of the parameters. */
static void copy_part(const struct cell *c, int k, size_t width, void *whole, void *part, bool back)
{
    const struct session *s = c->s;
    char *there = whole, *here = part;
    for (int i = 0; i < s->tensor_count; i++) {
        const struct tensor *x = &s->tensors[i];
        size_t has = k < 0 ? x->count : optim_slot_count(s->optim, k, s->h, x, 1);
        if (s->groups->of[i] == c->group) {
            size_t uses = k < 0 ? x->count : optim_slot_count(s->optim, k, c->layout, x, 1);
            memcpy(back ? there : here, back ? here : there, uses * width);
            here += uses * width;
        }
        there += has * width;
    }
}

/* A copy of the group's part of an array with the form of the parameters; NULL stays NULL. */
static void *pick(const struct cell *c, const void *whole, size_t width, bool *ok)
{
    void *part = whole ? arena_alloc(c->scratch, (c->b.n + 1) * width) : NULL;
    *ok = *ok && (part || !whole);
    if (part)
        copy_part(c, -1, width, (void *)(uintptr_t)whole, part, false);
    return part;
}

static bool choose_tensors(struct cell *c)
{
    const struct session *s = c->s;
    c->tensors = arena_alloc(c->scratch, ((size_t)s->tensor_count + 1) * sizeof *c->tensors);
    for (int i = 0; c->tensors && i < s->tensor_count; i++) {
        if (s->groups->of[i] != c->group)
            continue;
        struct tensor *x = &c->tensors[c->tensor_count++];
        *x = s->tensors[i];
        x->offset = c->b.n;
        c->b.n += x->count;
    }
    return c->tensors;
}

/* Copies parameters and slots. false: no memory. */
static bool cell_open(struct cell *c, const struct session *s, int group, struct arena *scratch)
{
    bool ok = true;
    *c = (struct cell){.s = s, .group = group, .scratch = scratch, .b.dtype = s->dtype};
    group_hypers(s, group, s->h, c->layout);
    if (!choose_tensors(c))
        return false;
    c->b.w = pick(c, s->view.w, dtype_bytes(s->dtype), &ok);
    for (int k = 0; k < optim_slots(s->optim) && ok; k++) {
        size_t n = optim_slot_count(s->optim, k, c->layout, c->tensors, c->tensor_count);
        if (n == 0)
            continue;
        c->b.slot[k] = arena_alloc(scratch, n * dtype_bytes(s->dtype));
        ok = c->b.slot[k];
        if (ok)
            copy_part(c, k, dtype_bytes(s->dtype), s->view.slot[k], c->b.slot[k], false);
    }
    return ok;
}

static void cell_close(struct cell *c)
{
    const struct session *s = c->s;
    copy_part(c, -1, dtype_bytes(s->dtype), s->view.w, c->b.w, true);
    for (int k = 0; k < optim_slots(s->optim); k++) {
        if (c->b.slot[k])
            copy_part(c, k, dtype_bytes(s->dtype), s->view.slot[k], c->b.slot[k], true);
    }
}

static enum err_code no_memory(struct err *err)
{
    return err_add(err, ERR_MEMORY, "", "no memory for the groups of a session");
}

/* ---- before the first step --------------------------------------------------------------------
 */

static bool start_one(struct session *s, int group, struct arena *scratch)
{
    struct group *x = &s->groups->list[group];
    struct cell c;
    x->state[0] = 0;
    for (int i = 0; i < optim_scalars(s->optim); i++)
        x->state[1 + i] = s->optim->scalars[i].start;
    if (!cell_open(&c, s, group, scratch))
        return false;
    optim_start(s->optim, c.layout, c.tensors, c.tensor_count, &c.b);
    cell_close(&c);
    return true;
}

bool groups_start(struct session *s)
{
    struct arena scratch;
    bool ok = true;
    arena_init(&scratch);
    for (int i = 0; s->groups && ok && i < s->groups->count; i++)
        ok = start_one(s, i, &scratch);
    arena_close(&scratch);
    return ok;
}

/* ---- frozen tensors ---------------------------------------------------------------------------
 */

static bool is_frozen(const struct session *s, int tensor)
{
    int group = s->groups->of[tensor];
    return group >= 0 && s->groups->list[group].frozen;
}

bool groups_mask(const struct session *s, struct input *input, struct arena *scratch)
{
    double *g = NULL;
    for (int i = 0; s->groups && i < s->tensor_count; i++) {
        const struct tensor *x = &s->tensors[i];
        if (!is_frozen(s, i))
            continue;
        if (!g && !(g = arena_memdup(scratch, input->g, s->view.n * sizeof *g)))
            return false;
        memset(g + x->offset, 0, x->count * sizeof *g);
        input->g = g;
    }
    return true;
}

void groups_restore(const struct session *s, double *w, const double *old)
{
    for (int i = 0; s->groups && i < s->tensor_count; i++) {
        const struct tensor *x = &s->tensors[i];
        if (is_frozen(s, i))
            memcpy(w + x->offset, old + x->offset, x->count * sizeof *w);
    }
}

/* ---- the kernel -------------------------------------------------------------------------------
 */

/* Hyperparameters of a group for the step that has `t` steps before it; `base` are those of the
 * session for it. A schedule moves a group's own value as it moves the session's. */
static enum err_code hypers_at(const struct session *s, int group, const double *base, uint64_t t,
                               double ret_h[HYPER_MAX], struct err *err)
{
    const struct session_schedules *moved = s->schedules;
    group_hypers(s, group, base, ret_h);
    for (int i = 0; group >= 0 && moved && i < moved->count; i++) {
        int k = moved->list[i].hyper;
        const struct group *x = &s->groups->list[group];
        if (!(x->given >> k & 1))
            continue;
        const struct schedule_spec *spec = &moved->list[i].spec;
        ret_h[k] = schedule_value(spec, schedules_count(s, spec, t), x->h[k], moved->state);
        if (err && !hyper_in_range(&s->optim->hypers[k], ret_h[k]))
            return err_add(err, ERR_VALIDATION, "#",
                           "the schedule of %s gives %g for group %d, which is out of its range",
                           s->optim->hypers[k].name, ret_h[k], group);
    }
    return ERR_OK;
}

const double *groups_own(const struct session *s, size_t i, int k)
{
    for (int x = 0; s->groups && x < s->tensor_count; x++) {
        int group = s->groups->of[x];
        if (i < s->tensors[x].offset || i - s->tensors[x].offset >= s->tensors[x].count)
            continue;
        bool own = group >= 0 && s->groups->list[group].given >> k & 1;
        return own ? &s->groups->list[group].h[k] : NULL;
    }
    return NULL;
}

bool groups_own_each(const struct session *s, const double *h, struct arena *scratch,
                     struct transform_step *ret)
{
    double own[HYPER_MAX];
    if (!s->groups)
        return true;
    struct transform_own *x = arena_alloc(scratch, ((size_t)s->tensor_count + 1) * sizeof *x);
    if (!x)
        return false;
    ret->own = x;
    for (int i = 0; i < s->tensor_count; i++) {
        if (s->tensors[i].count == 0)
            continue;
        hypers_at(s, s->groups->of[i], h, session_next_t(s) - 1, own, NULL);
        x[ret->own_count++] =
            (struct transform_own){.offset = s->tensors[i].offset,
                                   .lr = s->optim->lr >= 0 ? own[s->optim->lr] : NAN,
                                   .still = is_frozen(s, i)};
    }
    return true;
}

static double *scalars_of(const struct session *s, int group)
{
    return group < 0 ? s->scalars : s->groups->list[group].state + 1;
}

static uint64_t missed_by(const struct session *s, int group)
{
    return group < 0 ? 0 : (uint64_t)s->groups->list[group].state[0];
}

static double *pick_samples(const struct cell *c, const struct optim_step *whole, bool *ok)
{
    size_t n = c->s->view.n, width = sizeof(double);
    double *part = NULL;
    if (whole->samples)
        part = arena_alloc(c->scratch, (whole->sample_count * c->b.n + 1) * width);
    *ok = *ok && (part || !whole->samples);
    for (size_t i = 0; part && i < whole->sample_count; i++)
        copy_part(c, -1, width, (void *)(uintptr_t)(whole->samples + i * n), part + i * c->b.n,
                  false);
    return part;
}

/* The step as the group sees it. */
static bool narrow_step(const struct cell *c, const struct optim_step *whole,
                        struct optim_step *ret)
{
    const struct session *s = c->s;
    bool ok = true;
    *ret = *whole;
    ret->t = whole->t - missed_by(s, c->group);
    ret->tensors = c->tensors;
    ret->tensor_count = c->tensor_count;
    ret->hessian_diagonal = pick(c, whole->hessian_diagonal, sizeof(double), &ok);
    ret->second_gradient = pick(c, whole->second_gradient, sizeof(double), &ok);
    ret->touched = pick(c, whole->touched, sizeof(bool), &ok);
    ret->samples = pick_samples(c, whole, &ok);
    memcpy(ret->scalar, scalars_of(s, c->group),
           (size_t)optim_scalars(s->optim) * sizeof *ret->scalar);
    return ok;
}

/* Where coordinate `i` of the session is in the cell. false: in another one. */
static bool find_coordinate(const struct cell *c, size_t i, size_t *ret_i)
{
    int in_cell = 0;
    for (int k = 0; k < c->s->tensor_count; k++) {
        const struct tensor *x = &c->s->tensors[k];
        if (c->s->groups->of[k] != c->group)
            continue;
        *ret_i = c->tensors[in_cell++].offset + (i - x->offset);
        if (i >= x->offset && i - x->offset < x->count)
            return true;
    }
    return false;
}

static enum err_code run_cell(struct session *s, int group, const struct optim_step *whole,
                              const double *g, const struct step_output *out,
                              struct optim_norms *ret_norms, struct err *err)
{
    struct cell c;
    struct optim_step step;
    double h[HYPER_MAX];
    size_t i;
    bool ok = cell_open(&c, s, group, whole->scratch);
    if (!ok || !narrow_step(&c, whole, &step))
        return no_memory(err);
    step.h = h;
    const double *part = pick(&c, g, sizeof *g, &ok);
    enum err_code code = ok ? hypers_at(s, group, whole->h, whole->t - 1, h, err) : no_memory(err);
    if (!code && out->explanation && find_coordinate(&c, out->coordinate, &i))
        code = optim_explain(s->optim, &step, &c.b, part, i, out->explanation, err);
    if (!code)
        code = optim_run(s->optim, &step, &c.b, part, ret_norms, err);
    if (code)
        return code;
    memcpy(scalars_of(s, group), step.scalar,
           (size_t)optim_scalars(s->optim) * sizeof *step.scalar);
    cell_close(&c);
    return ERR_OK;
}

static double add_norms(double a, double b)
{
    double large = fmax(a, b), small = fmin(a, b);
    if (isnan(a + b) || large == 0 || isinf(large))
        return a + b;
    return large * sqrt(1 + (small / large) * (small / large));
}

/* A group that stands still: one step less for its own count. */
static void stand_still(struct session *s, int group, const struct step_output *out)
{
    s->groups->list[group].state[0]++;
    for (int k = 0; out->explanation && k < s->tensor_count; k++) {
        const struct tensor *x = &s->tensors[k];
        size_t i = out->coordinate;
        if (s->groups->of[k] != group || i < x->offset || i - x->offset >= x->count)
            continue;
        double w = s->dtype == DTYPE_FLOAT32 ? ((float *)s->view.w)[i] : ((double *)s->view.w)[i];
        explain_line(out->explanation, "w", "w_t = w_{t-1}", w, "{}", w);
        explain_say(out->explanation, "The parameter is in a frozen group: it stays.");
    }
}

static bool any_in(const struct session *s, int group)
{
    for (int i = 0; i < s->tensor_count; i++) {
        if (s->groups->of[i] == group)
            return true;
    }
    return false;
}

enum err_code groups_run(struct session *s, const struct optim_step *step,
                         const struct input *input, const struct step_output *out,
                         struct optim_norms *ret_norms, struct err *err)
{
    *ret_norms = (struct optim_norms){.finite = true};
    for (int i = -1; i < s->groups->count; i++) {
        struct optim_norms norms;
        if (i >= 0 && s->groups->list[i].frozen) {
            stand_still(s, i, out);
            continue;
        }
        if (!any_in(s, i))
            continue;
        enum err_code code = run_cell(s, i, step, input->g, out, &norms, err);
        if (code)
            return code;
        ret_norms->gradient = add_norms(ret_norms->gradient, norms.gradient);
        ret_norms->update = add_norms(ret_norms->update, norms.update);
        ret_norms->finite &= norms.finite;
    }
    return ERR_OK;
}

/* ---- readouts ---------------------------------------------------------------------------------
 */

static bool read_cell(const struct session *s, int group, int k, const struct optim_step *whole,
                      double *out)
{
    struct cell c;
    struct optim_step step;
    double h[HYPER_MAX];
    if (!cell_open(&c, s, group, whole->scratch) || !narrow_step(&c, whole, &step))
        return false;
    hypers_at(s, group, whole->h, whole->t ? whole->t - 1 : 0, h, NULL);
    step.h = h;
    double *part = arena_alloc(whole->scratch, (c.b.n + 1) * sizeof *part);
    if (!part || optim_readout(s->optim, k, &step, &c.b, part, NULL))
        return false;
    copy_part(&c, -1, sizeof *out, out, part, true);
    return true;
}

enum err_code groups_readout(const struct session *s, int k, const struct optim_step *step,
                             double *out)
{
    for (int i = -1; i < s->groups->count; i++) {
        if (any_in(s, i) && !read_cell(s, i, k, step, out))
            return ERR_MEMORY;
    }
    return ERR_OK;
}
