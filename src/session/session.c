/* Making, freeing and overwriting a session. */
#include "session/session.h"

#include "session/block.h"
#include "session/chain.h"
#include "session/groups.h"
#include "session/objective.h"
#include "session/parts.h"
#include "session/schedules.h"

#include <stdlib.h>
#include <string.h>

const char *const metrics_fields[METRICS_FIELDS] = {"step",          "loss",        "lr",
                                                    "gradient_norm", "update_norm", "time"};

bool tensors_copy(struct arena *a, const struct tensor *from, int count, struct tensor **ret)
{
    struct tensor *to = arena_memdup(a, from, (size_t)count * sizeof *to);
    for (int i = 0; to && i < count; i++) {
        to[i].name = from[i].name[0] ? arena_strdup(a, from[i].name) : "";
        if (!to[i].name)
            return false;
    }
    *ret = to;
    return to;
}

bool tags_copy(struct arena *a, const struct tag *from, int count, struct tag **ret)
{
    struct tag *to = arena_alloc(a, (size_t)count * sizeof *to);
    for (int i = 0; to && i < count; i++) {
        to[i].key = arena_strdup(a, from[i].key);
        to[i].value = arena_strdup(a, from[i].value);
        if (!to[i].key || !to[i].value)
            return false;
    }
    *ret = to;
    return to;
}

void session_fill(struct session *s, const double *data)
{
    if (s->view.dtype == DTYPE_FLOAT64) {
        memcpy(s->view.w, data, s->view.n * sizeof *data);
        return;
    }
    float *w = s->view.w;
    for (size_t i = 0; i < s->view.n; i++)
        w[i] = (float)data[i];
}

/* All that is not numbers. */
static enum err_code describe(struct session *s, const struct session_spec *spec,
                              const struct plan *plan, int64_t now_ms, struct err *err)
{
    const struct values *v = &plan->parameters;
    id_make(s->id);
    s->optim = plan->optim;
    s->profile = plan->profile;
    memcpy(s->h, plan->h, sizeof s->h);
    s->dtype = plan->dtype;
    s->on_nonfinite = plan->on_nonfinite;
    s->spec_digest = plan->digest;
    s->named = v->named;
    s->tensor_count = v->count;
    s->tag_count = spec->tag_count;
    s->revision = 1;
    s->created_ms = s->updated_ms = now_ms;
    s->last = (struct step_metrics){
        .loss = NAN, .lr = NAN, .gradient_norm = NAN, .update_norm = NAN, .time_ms = now_ms};
    s->name = arena_strdup(&s->arena, spec->name);
    if ((spec->name && !s->name) || !tensors_copy(&s->arena, v->tensors, v->count, &s->tensors) ||
        !tags_copy(&s->arena, spec->tags, spec->tag_count, &s->tags) ||
        !session_set_transforms(s, plan->links, plan->link_count) ||
        !session_set_groups(s, plan->groups, plan->group_count) ||
        !schedules_set(s, plan->scheduled, plan->scheduled_count))
        return err_add(err, ERR_MEMORY, "", "no memory for a session");
    return ERR_OK;
}

/* A specification of the session's own. */
static enum err_code keep_objective(struct session *s, const struct session_spec *spec,
                                    struct err *err)
{
    struct objective_spec own;
    if (!spec->objective)
        return ERR_OK;
    own = *spec->objective;
    own.sampling.batch_size = objective_batch(spec->objective, s->optim);
    return objective_copy(&own, &s->arena, &s->objective, err);
}

enum err_code session_new(const struct session_spec *spec, int64_t now_ms,
                          struct session **ret_session, struct err *err)
{
    struct plan plan;
    enum err_code code = spec_plan(spec, &plan, err);
    if (code)
        return code;
    struct session *s = calloc(1, sizeof *s);
    if (!s) {
        arena_close(&plan.arena);
        return err_add(err, ERR_MEMORY, "", "no memory for a session");
    }
    arena_init(&s->arena);
    code = describe(s, spec, &plan, now_ms, err);
    if (!code)
        code = keep_objective(s, spec, err);
    if (!code)
        code = block_alloc(s, err);
    if (!code)
        session_fill(s, plan.parameters.data);
    arena_close(&plan.arena);
    if (code) {
        session_free(s);
        return code;
    }
    if (!session_start(s)) {
        session_free(s);
        return err_add(err, ERR_MEMORY, "", "no memory for a session");
    }
    *ret_session = s;
    return ERR_OK;
}

bool session_start(struct session *s)
{
    const struct scalar *scalars = s->optim->scalars;
    for (int i = 0; scalars && scalars[i].name; i++)
        s->scalars[i] = scalars[i].start;
    optim_start(s->optim, s->h, s->tensors, s->tensor_count, &s->view);
    schedules_start(s);
    if (s->chain)
        transform_chain_start(s->chain, s->dtype, s->view.w, s->view.n);
    return groups_start(s);
}

uint64_t session_next_t(const struct session *s)
{
    return (uint64_t)s->step + 1 - (s->chain ? transform_chain_held(s->chain) : 0);
}

void session_free(struct session *s)
{
    if (!s)
        return;
    free(s->block);
    arena_close(&s->arena);
    free(s);
}

enum err_code session_set_parameters(struct session *s, const struct values *v, struct err *err)
{
    struct arena scratch;
    const double *data;
    if (v->count == 0)
        return err_add(err, ERR_VALIDATION, "#", "parameters are missing");
    arena_init(&scratch);
    enum err_code code = values_arrange(s, v, "#", &scratch, &data, err);
    if (!code)
        code = values_check_numbers(v, s->dtype, s->on_nonfinite, "#", err);
    if (!code)
        session_fill(s, data);
    arena_close(&scratch);
    return code;
}

size_t session_bytes(const struct session *s)
{
    return sizeof *s + s->arena.bytes + s->block_bytes;
}
