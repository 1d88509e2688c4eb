/* One step in memory.
 *
 * Problem: a step must be exact, checked in full, and cost little more than its kernel.
 * Design: all that a client can get wrong is checked before a number changes (input.c); the kernel
 * then works in place. What cannot be foreseen, a result that is not finite, is met by policy:
 * reject leaves the block half changed and says so (the store is the undo log), skip pays for a
 * copy of the block beforehand and puts it back, allow keeps the result.
 * The way of a step, each part only where the session has it:
 *
 *   schedules -> transforms before -> kernel -> transforms after -> finite check
 *
 * Not done: revision, durability and history, which are the engine's. */
#include "session/chain.h"
#include "session/groups.h"
#include "session/input.h"
#include "session/schedules.h"

#include "math/explain.h"

#include <stdio.h>
#include <string.h>

bool step_output_explain(struct step_output *out, size_t coordinate, struct arena *a)
{
    out->coordinate = coordinate;
    out->explanation = arena_zalloc(a, 1, sizeof *out->explanation);
    if (out->explanation)
        out->explanation->arena = a;
    return out->explanation;
}

static enum err_code step_moved(const struct session *s, const struct step_input *in,
                                struct err *err)
{
    struct pointer p = input_pointer(in, "expected_step");
    err->step = s->step;
    err->revision = s->revision;
    return err_add(err, ERR_STEP_MOVED, p.text, "expected step %lld, the session is at step %lld",
                   (long long)in->expected_step, (long long)s->step);
}

static void fill_metrics(const struct session *s, const struct input *input, int64_t now_ms,
                         struct step_output *out)
{
    int lr = s->optim->lr;
    out->skipped = false;
    out->held = false;
    out->parameters = NULL;
    for (int i = 0; out->moved && i < s->schedules->count; i++)
        out->moved[i] = NAN;
    out->metrics = (struct step_metrics){.step = s->step,
                                         .loss = input->loss,
                                         .lr = lr >= 0 ? input->h[lr] : NAN,
                                         .gradient_norm = NAN,
                                         .update_norm = 0,
                                         .time_ms = now_ms};
}

/* A step that leaves all numbers as they are. */
static enum err_code skip(struct session *s, int64_t now_ms, struct step_output *out,
                          bool *ret_touched)
{
    *ret_touched = true;
    s->skipped++;
    s->updated_ms = now_ms;
    out->skipped = true;
    return ERR_OK;
}

/* Kernels name places as if the step were the whole body: "#/hessian" becomes
 * "#/steps/17/hessian". */
static void move_pointers(const struct step_input *in, struct err *err, int from)
{
    if (!in->pointer || strcmp(in->pointer, "#") == 0)
        return;
    for (int i = from; i < err->count; i++) {
        char *pointer = err->at[i].pointer, moved[2 * ERR_POINTER_LEN];
        if (pointer[0] != '#')
            continue;
        snprintf(moved, sizeof moved, "%.150s%s", in->pointer, pointer + 1);
        snprintf(pointer, ERR_POINTER_LEN, "%.*s", ERR_POINTER_LEN - 1, moved);
    }
}

static enum err_code run(struct session *s, const struct step_input *in, const struct input *input,
                         struct arena *scratch, const struct step_output *out,
                         struct optim_norms *ret_norms, struct err *err)
{
    struct optim_step step;
    size_t scalars = (size_t)optim_scalars(s->optim) * sizeof *step.scalar;
    int before = err->count;
    step.t = session_next_t(s);
    step.h = input->h;
    step.loss = input->loss;
    step.single_gradient = input->single;
    step.hessian = input->hessian;
    step.hessian_diagonal = input->hessian_diagonal;
    step.second_gradient = input->second_gradient;
    step.samples = input->samples;
    step.sample_count = input->sample_count;
    step.touched = input->touched;
    step.tensor = NULL;
    step.tensors = s->tensors;
    step.tensor_count = s->tensor_count;
    step.scratch = scratch;
    memcpy(step.scalar, s->scalars, scalars);
    enum err_code code = ERR_OK;
    if (s->groups)
        return groups_run(s, &step, input, out, ret_norms, err);
    if (out->explanation)
        code = optim_explain(s->optim, &step, &s->view, input->g, out->coordinate, out->explanation,
                             err);
    if (!code)
        code = optim_run(s->optim, &step, &s->view, input->g, ret_norms, err);
    if (code) {
        move_pointers(in, err, before);
        return code;
    }
    memcpy(s->scalars, step.scalar, scalars);
    return ERR_OK;
}

/* The first part of the way: hyperparameters of this step, in `h`. With `feed`, schedules that
 * follow the loss take it in before. */
static enum err_code run_schedules(struct session *s, const struct step_input *in,
                                   struct input *input, bool feed, double *h,
                                   struct step_output *out, struct err *err)
{
    if (feed)
        schedules_feed(s, SCHEDULE_BEFORE_STEP, session_next_t(s) - 1, input->loss);
    enum err_code code = schedules_next(s, in, h, err);
    input->h = h;
    if (s->optim->lr >= 0)
        out->metrics.lr = h[s->optim->lr];
    if (!code)
        schedules_tell(s, session_next_t(s) - 1, h, out);
    return code;
}

/* What transforms let through must be finite, as what a client sends must be without them. */
static enum err_code still_not_finite(const struct session *s, const struct step_input *in,
                                      const struct input *input, struct err *err)
{
    int before = err->count + err->omitted;
    input_refuse(s, in, input, err);
    if (err->count + err->omitted == before)
        err_add(err, ERR_NONFINITE, input_pointer(in, "gradient").text,
                "the transforms make the gradient infinite or NaN");
    return ERR_NONFINITE;
}

/* The same around the kernel where the session has transforms. */
static enum err_code run_chain(struct session *s, const struct step_input *in, struct input *input,
                               struct arena *scratch, struct step_output *out,
                               struct optim_norms *ret_norms, enum verdict *ret_verdict,
                               struct err *err)
{
    struct passage p;
    int before = err->count;
    enum err_code code = passage_before(&p, s, in, input, out, scratch, err);
    if (code) {
        move_pointers(in, err, before);
        return code;
    }
    *ret_verdict = p.s.verdict;
    *ret_norms = (struct optim_norms){.gradient = p.gradient_norm, .finite = true};
    bool taken = p.s.verdict == VERDICT_TAKE;
    if (taken && s->on_nonfinite != NONFINITE_ALLOW && !input_finite(s, in, input)) {
        ret_norms->finite = false;
        return s->on_nonfinite == NONFINITE_SKIP ? ERR_OK : still_not_finite(s, in, input, err);
    }
    if (taken && (code = run(s, in, input, scratch, out, ret_norms, err)))
        return code;
    before = err->count;
    if (p.s.verdict != VERDICT_SKIP)
        code = passage_after(&p, s, ret_norms, err);
    if (code)
        move_pointers(in, err, before);
    else
        passage_explain_end(&p, s, out);
    return code;
}

/* A number that is not finite, among `n` of the block's dtype: its index, or n. */
static size_t stored_nonfinite(const struct session *s, const void *x, size_t n)
{
    if (s->view.dtype == DTYPE_FLOAT64)
        return numbers_nonfinite(x, n);
    size_t i = 0;
    while (i < n && isfinite(((const float *)x)[i]))
        i++;
    return i;
}

/* Tells which number is not finite. */
static enum err_code not_finite(const struct session *s, const struct step_input *in,
                                struct err *err)
{
    const char *pointer = in->pointer ? in->pointer : "#";
    struct values v = {
        .named = s->named, .count = s->tensor_count, .tensors = s->tensors, .n = s->view.n};
    size_t i = stored_nonfinite(s, s->view.w, s->view.n);
    if (i < s->view.n)
        return err_add(err, ERR_NONFINITE, pointer,
                       "the step would make a parameter infinite or NaN: %s",
                       pointer_to_number("parameters", &v, i).text);
    int slots = optim_slots(s->optim);
    for (int k = 0; k < slots; k++) {
        size_t n = optim_slot_count(s->optim, k, s->h, s->tensors, s->tensor_count);
        if (n > 0 && (i = stored_nonfinite(s, s->view.slot[k], n)) < n)
            return err_add(err, ERR_NONFINITE, pointer,
                           "the step would make a value of state infinite or NaN: %s, number %zu",
                           s->optim->slots[k].name, i);
    }
    return err_add(err, ERR_NONFINITE, pointer, "the step would make the state infinite or NaN");
}

/* All of the way. Schedules see the losses of the steps that the optimizer takes, so their state
 * goes back where none is taken. */
static enum err_code run_all(struct session *s, const struct step_input *in, struct input *input,
                             struct arena *scratch, struct step_output *out,
                             struct optim_norms *ret_norms, enum verdict *ret_verdict,
                             struct err *err)
{
    double h[HYPER_MAX], *state = NULL;
    size_t bytes = schedules_numbers_without_last(s) * sizeof *state;
    bool follows = bytes > 0;
    uint64_t t = session_next_t(s) - 1;
    enum err_code code = ERR_OK;
    if (follows && !(state = arena_memdup(scratch, s->schedules->state, bytes)))
        return err_add(err, ERR_MEMORY, "", "no memory for a step");
    if (s->schedules)
        code = run_schedules(s, in, input, follows, h, out, err);
    if (!code)
        code = s->chain ? run_chain(s, in, input, scratch, out, ret_norms, ret_verdict, err)
                        : run(s, in, input, scratch, out, ret_norms, err);
    input->h = s->h;
    if (code)
        return code;
    if (s->schedules && *ret_verdict != VERDICT_SKIP)
        schedules_keep(s, h);
    if (follows && *ret_verdict == VERDICT_TAKE)
        schedules_feed(s, SCHEDULE_AFTER_STEP, t, input->loss);
    else if (follows)
        memcpy(s->schedules->state, state, bytes);
    return ERR_OK;
}

/* The step with its gradient in doubles. false: no memory. */
static bool widen(const struct step_input *in, struct arena *scratch, struct step_input *ret)
{
    double *data = arena_alloc(scratch, in->gradient.n * sizeof *data);
    if (!data)
        return false;
    values_copy(&in->gradient, data);
    *ret = *in;
    ret->gradient.data = data;
    ret->gradient.single = NULL;
    return true;
}

static enum err_code step(struct session *s, const struct step_input *in, int64_t now_ms,
                          struct arena *scratch, struct step_output *out, bool *ret_touched,
                          struct err *err)
{
    struct input input;
    struct optim_norms norms;
    uint8_t *saved = NULL;
    enum verdict verdict = VERDICT_TAKE;
    bool skips = s->on_nonfinite == NONFINITE_SKIP, allows = s->on_nonfinite == NONFINITE_ALLOW;
    if (in->expected_step >= 0 && in->expected_step != s->step)
        return step_moved(s, in, err);
    if (out->explanation && out->coordinate >= s->view.n)
        return err_add(err, ERR_VALIDATION, "",
                       "coordinate %zu: the session has %zu parameters, counted from 0",
                       out->coordinate, s->view.n);
    enum err_code code = input_read(s, in, scratch, &input, err);
    if (code)
        return code;
    if (!groups_mask(s, &input, scratch))
        return err_add(err, ERR_MEMORY, "", "no memory for a step");
    bool late = s->chain && s->chain->takes_nonfinite; /* judged on the way */
    bool finite = allows || late || input_finite(s, in, &input);
    if (!finite && !skips)
        return input_refuse(s, in, &input, err);
    if (skips && finite && !(saved = arena_memdup(scratch, s->block, s->block_bytes)))
        return err_add(err, ERR_MEMORY, "", "no memory for a copy of the session");
    fill_metrics(s, &input, now_ms, out);
    if (!finite)
        return skip(s, now_ms, out, ret_touched);

    *ret_touched = true;
    code = s->schedules || s->chain ? run_all(s, in, &input, scratch, out, &norms, &verdict, err)
                                    : run(s, in, &input, scratch, out, &norms, err);
    if (code)
        return code;
    if (verdict == VERDICT_SKIP)
        return skip(s, now_ms, out, ret_touched);
    out->metrics.gradient_norm = norms.gradient;
    if (!norms.finite && skips) {
        memcpy(s->block, saved, s->block_bytes);
        return skip(s, now_ms, out, ret_touched);
    }
    if (!norms.finite && !allows)
        return not_finite(s, in, err);
    out->held = verdict == VERDICT_HOLD;
    s->step++;
    s->updated_ms = now_ms;
    out->metrics.step = s->step;
    out->metrics.update_norm = norms.update;
    s->last = out->metrics;
    return ERR_OK;
}

enum err_code session_step(struct session *s, const struct step_input *in, int64_t now_ms,
                           struct arena *scratch, struct step_output *out, bool *ret_touched,
                           struct err *err)
{
    struct step_input wide;
    if (!in->gradient.single || input_stays_single(s, in, out))
        return step(s, in, now_ms, scratch, out, ret_touched, err);
    if (!widen(in, scratch, &wide))
        return err_add(err, ERR_MEMORY, "", "no memory for a step");
    return step(s, &wide, now_ms, scratch, out, ret_touched, err);
}
