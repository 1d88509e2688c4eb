/* What a client asks for: checked as a whole, looked up, and reduced to a digest.
 *
 * The digest answers whether a repeated PUT asks for the same session. It is a sum of one hash per
 * fact, so that the order of members in the client's JSON does not matter. A hyperparameter counts
 * only where it differs from its profile's default: one that a later version adds does not change
 * the digests already stored. */
#include "session/chain.h"
#include "session/groups.h"
#include "session/objective.h"
#include "session/parts.h"
#include "session/schedules.h"

#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

const char *const on_nonfinite_names[NONFINITE_COUNT] = {"reject", "skip", "allow"};
const char *const dtype_names[2] = {"float64", "float32"};

static const char *string_at(const void *table, int i)
{
    return ((const char *const *)table)[i];
}

int name_choose(const char *given, const char *const *names, int count, const char *pointer,
                struct err *err)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(given, names[i]) == 0)
            return i;
    }
    char list[128] = "";
    for (int i = 0; i < count; i++) {
        strncat(list, i ? ", " : "", sizeof list - strlen(list) - 1);
        strncat(list, names[i], sizeof list - strlen(list) - 1);
    }
    err_add(err, ERR_VALIDATION, pointer, "\"%.60s\" is none of %s", given, list);
    err_suggest(err, err_nearest(given, string_at, names, count));
    return -1;
}

enum err_code name_check(const char *name, struct err *err)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                  "._-";
    size_t len = strlen(name);
    if (len == 0 || len > SESSION_NAME_LEN || strspn(name, allowed) != len)
        return err_add(err, ERR_VALIDATION, "#/name",
                       "a name has 1 to %d characters of A-Z a-z 0-9 . _ -", SESSION_NAME_LEN);
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return err_add(err, ERR_VALIDATION, "#/name", "\"%s\" means a folder in a path", name);
    if (id_valid(name))
        return err_add(err, ERR_VALIDATION, "#/name", "a name must not look like an id");
    return ERR_OK;
}

enum err_code tag_check(const char *key, const char *value, struct err *err)
{
    size_t len = strlen(key);
    struct pointer p = pointer_to("#/tags");
    if (len == 0 || len > TAG_KEY_LEN)
        return err_add(err, ERR_VALIDATION, p.text, "a tag's key has 1 to %d bytes", TAG_KEY_LEN);
    if (!value || strlen(value) <= TAG_VALUE_LEN)
        return ERR_OK;
    pointer_add(&p, key);
    return err_add(err, ERR_VALIDATION, p.text, "a tag's value has at most %d bytes",
                   TAG_VALUE_LEN);
}

static enum err_code check_tags(const struct session_spec *spec, struct err *err)
{
    enum err_code code = ERR_OK, one;
    if (spec->tag_count > SESSION_TAGS)
        return err_add(err, ERR_VALIDATION, "#/tags", "a session has at most %d tags",
                       SESSION_TAGS);
    for (int i = 0; i < spec->tag_count; i++) {
        const struct tag *t = &spec->tags[i];
        if ((one = tag_check(t->key, t->value ? t->value : "", err)))
            code = one;
        for (int k = 0; k < i; k++) {
            if (strcmp(spec->tags[k].key, t->key) == 0)
                code = err_add(err, ERR_VALIDATION, "#/tags", "two tags have the key \"%.60s\"",
                               t->key);
        }
    }
    return code;
}

static enum err_code find_optim(const struct session_spec *spec, const struct optim **ret,
                                struct err *err)
{
    const char *name = spec->optimizer;
    bool object = spec->arg_count > 0 || spec->profile;
    if (!name)
        return err_add(err, ERR_VALIDATION, object ? "#/optimizer/name" : "#/optimizer",
                       "%s; GET /v1/optimizers lists them",
                       object ? "the optimizer has no name" : "an optimizer is missing");
    *ret = optim_find(name);
    if (*ret)
        return ERR_OK;
    const char *meant = optim_meant(name);
    err_add(err, ERR_VALIDATION, "#/optimizer/name", "unknown optimizer \"%.60s\"%s", name,
            meant ? "" : "; GET /v1/optimizers lists them");
    err_suggest(err, meant);
    return ERR_VALIDATION;
}

/* Optimizer, profile and hyperparameters. Where the profile is unknown, so are the names that
 * hyperparameters may have: they are not looked at. */
static enum err_code plan_optim(const struct session_spec *spec, struct plan *plan, struct err *err)
{
    int profile = PROFILE_TORCH;
    enum err_code code = find_optim(spec, &plan->optim, err);
    if (spec->profile)
        profile =
            name_choose(spec->profile, profile_names, PROFILE_COUNT, "#/optimizer/profile", err);
    if (code || profile < 0)
        return ERR_VALIDATION;
    const struct optim *o = plan->optim;
    plan->profile = (enum profile)profile;
    code = hyper_resolve(o->hypers, plan->profile, o->name, "#/optimizer", spec->args,
                         spec->arg_count, plan->h, err);
    if (!code && o->check)
        code = o->check(plan->h, "#/optimizer", err);
    return code;
}

static enum err_code plan_options(const struct session_spec *spec, struct plan *plan,
                                  struct err *err)
{
    int dtype = DTYPE_FLOAT64, on = NONFINITE_REJECT;
    if (spec->dtype)
        dtype = name_choose(spec->dtype, dtype_names, 2, "#/dtype", err);
    if (spec->on_nonfinite)
        on = name_choose(spec->on_nonfinite, on_nonfinite_names, NONFINITE_COUNT, "#/on_nonfinite",
                         err);
    if (dtype < 0 || on < 0)
        return ERR_VALIDATION;
    plan->dtype = (enum dtype)dtype;
    plan->on_nonfinite = (enum on_nonfinite)on;
    return ERR_OK;
}

/* ---- digest ---- */

static uint64_t mix(uint64_t seed, const void *data, size_t bytes)
{
    return XXH3_64bits_withSeed(data, bytes, seed);
}

static uint64_t mix_string(uint64_t seed, const char *s)
{
    return mix(seed, s, strlen(s));
}

/* One hash per kind of fact keeps equal bytes of two kinds apart. */
enum fact {
    FACT_OPTIM = 1,
    FACT_PROFILE,
    FACT_HYPER,
    FACT_DTYPE,
    FACT_ON,
    FACT_TAG,
    FACT_TENSOR,
    FACT_OBJECTIVE
};

static uint64_t digest_tensor(const struct values *v, const struct tensor *x)
{
    int64_t form[3] = {v->named, x->form, x->rank};
    uint64_t d = mix_string(FACT_TENSOR, x->name);
    d = mix(d, form, sizeof form);
    d = mix(d, x->shape, (size_t)x->rank * sizeof *x->shape);
    return mix(d, v->data + x->offset, x->count * sizeof *v->data);
}

static uint64_t digest(const struct session_spec *spec, const struct plan *plan)
{
    const struct hyper *hypers = plan->optim->hypers;
    uint64_t d = mix_string(FACT_OPTIM, plan->optim->name);
    d += mix_string(FACT_PROFILE, profile_names[plan->profile]);
    d += mix_string(FACT_DTYPE, dtype_names[plan->dtype]);
    d += mix_string(FACT_ON, on_nonfinite_names[plan->on_nonfinite]);
    for (int i = 0; hypers[i].name; i++) {
        double usual = hypers[i].value[plan->profile];
        if (memcmp(&usual, &plan->h[i], sizeof usual) != 0)
            d += mix(mix_string(FACT_HYPER, hypers[i].name), &plan->h[i], sizeof usual);
    }
    d += chain_digest(plan->links, plan->link_count);
    d += groups_digest(plan->optim, plan->groups, plan->group_count);
    d += schedules_digest(plan->optim, plan->scheduled, plan->scheduled_count);
    for (int i = 0; i < spec->tag_count; i++)
        d += mix_string(mix_string(FACT_TAG, spec->tags[i].key), spec->tags[i].value);
    for (int i = 0; i < plan->parameters.count; i++)
        d += digest_tensor(&plan->parameters, &plan->parameters.tensors[i]);
    return d;
}

static bool digest_objective(const struct objective_spec *o, const struct optim *optim, uint64_t *d)
{
    struct buf packed;
    struct objective_spec own = *o;
    own.sampling.batch_size = objective_batch(o, optim);
    buf_init(&packed);
    objective_pack(&own, &packed);
    bool ok = !packed.failed;
    if (ok)
        *d += mix(FACT_OBJECTIVE, packed.data, packed.len);
    buf_close(&packed);
    return ok;
}

/* ---- the whole ---- */

/* Transforms have the profile of the optimizer, where that is known. */
static enum err_code plan_chain(const struct session_spec *spec, struct plan *plan, struct err *err)
{
    int profile = PROFILE_TORCH;
    for (int p = 0; spec->profile && p <= PROFILE_COUNT; p++) {
        profile = p < PROFILE_COUNT ? p : -1;
        if (profile >= 0 && strcmp(spec->profile, profile_names[p]) == 0)
            break;
    }
    return chain_plan(spec, &plan->parameters, profile, plan->optim, plan->links, &plan->link_count,
                      err);
}

/* Schedules too; where the optimizer is not as it should be, they are checked by themselves. */
static enum err_code plan_schedules(const struct session_spec *spec, enum err_code optim,
                                    struct plan *plan, struct err *err)
{
    struct schedule_target target = {.optim = plan->optim, .profile = plan->profile};
    target.h = optim ? NULL : plan->h;
    return schedules_plan(spec->schedules, spec->schedule_count, &target, &plan->arena,
                          plan->scheduled, &plan->scheduled_count, err);
}

/* Groups are held against the optimizer; where it is not as it should be, they are not looked at.
 */
static enum err_code plan_groups(const struct session_spec *spec, struct plan *plan,
                                 struct err *err)
{
    enum err_code code = groups_plan(spec, plan, plan->groups, &plan->group_count, err);
    return code ? code
                : groups_check_schedules(plan->optim, plan->groups, plan->group_count,
                                         plan->scheduled, plan->scheduled_count, err);
}

/* Where the objective starts, in the form of its parameters. */
static enum err_code plan_start(const struct objective_spec *o, struct plan *plan, struct err *err)
{
    double *w = arena_alloc(&plan->arena, o->n * sizeof *w);
    if (!w)
        return err_add(err, ERR_MEMORY, "", "no memory for a session");
    objective_start(o, 0, w);
    plan->parameters =
        (struct values){.named = o->tensor_count > 1 || o->tensors[0].name[0] != '\0',
                        .count = o->tensor_count,
                        .tensors = o->tensors,
                        .data = w,
                        .n = o->n};
    return ERR_OK;
}

/* Parameters that were given must be those of the objective. */
static enum err_code check_form(const struct objective_spec *o, const struct values *v,
                                struct err *err)
{
    bool named = o->tensor_count > 1 || o->tensors[0].name[0] != '\0', same = v->n == o->n;
    for (int i = 0; named && same && i < o->tensor_count; i++)
        same = v->named && v->count == o->tensor_count &&
               strcmp(v->tensors[i].name, o->tensors[i].name) == 0 &&
               v->tensors[i].count == o->tensors[i].count;
    if (same && (named || v->count == 1))
        return ERR_OK;
    char form[256] = "";
    for (int i = 0; named && i < o->tensor_count; i++) {
        size_t len = strlen(form);
        snprintf(form + len, sizeof form - len, "%s%s (%zu)", i ? ", " : ": ", o->tensors[i].name,
                 o->tensors[i].count);
    }
    return err_add(err, ERR_VALIDATION, "#/parameters",
                   "the objective %s has %zu parameters%s; leave them out to start where it does",
                   o->objective->name, o->n, form);
}

/* Parameters, and what the objective asks of them. */
static enum err_code plan_parameters(const struct session_spec *spec, struct plan *plan,
                                     struct err *err)
{
    plan->parameters = spec->parameters;
    if (spec->parameters.count == 0 && spec->objective)
        return plan_start(spec->objective, plan, err);
    if (spec->parameters.count == 0 && spec->objective_given)
        return ERR_VALIDATION; /* told: the objective is wrong */
    enum err_code code = values_check(&spec->parameters, "#/parameters", err);
    if (!code && spec->objective)
        code = check_form(spec->objective, &spec->parameters, err);
    return code;
}

/* Whether the objective can give what the optimizer needs, in a time that others can wait. */
static enum err_code check_objective(const struct session_spec *spec, const struct plan *plan,
                                     struct err *err)
{
    if (!spec->objective)
        return ERR_OK;
    enum err_code code =
        objective_check_needs(spec->objective, plan->optim, plan->h, "#/objective", err);
    if (code)
        return code;
    struct objective_spec own = *spec->objective;
    own.sampling.batch_size = objective_batch(spec->objective, plan->optim);
    double cost = objective_cost_of(&own, plan->optim);
    if (cost <= objective_step_cost)
        return ERR_OK;
    return err_add(err, ERR_VALIDATION, "#/objective",
                   "a step would take about %.1e multiplications; at most %.0e are allowed: take a "
                   "smaller batch_size or fewer parameters",
                   cost, objective_step_cost);
}

/* All but the digest. false: something is wrong. */
static bool plan_content(const struct session_spec *spec, struct plan *plan, struct err *err)
{
    enum err_code name = spec->name ? name_check(spec->name, err) : ERR_OK;
    enum err_code optim = plan_optim(spec, plan, err);
    enum err_code options = plan_options(spec, plan, err);
    enum err_code values = plan_parameters(spec, plan, err);
    if (!values && !options)
        values = values_check_numbers(&plan->parameters, plan->dtype, plan->on_nonfinite,
                                      "#/parameters", err);
    if (!values && !optim && plan->optim->takes)
        values = plan->optim->takes(plan->h, plan->parameters.tensors, plan->parameters.count,
                                    "#/parameters", err);
    if (!optim && check_objective(spec, plan, err))
        optim = ERR_VALIDATION;
    enum err_code tags = check_tags(spec, err);
    enum err_code chain = plan_chain(spec, plan, err);
    enum err_code schedules = plan_schedules(spec, optim, plan, err);
    enum err_code groups = optim || schedules ? ERR_OK : plan_groups(spec, plan, err);
    return !groups && !name && !optim && !options && !values && !tags && !chain && !schedules;
}

enum err_code spec_plan(const struct session_spec *spec, struct plan *ret_plan, struct err *err)
{
    struct plan plan = {0};
    arena_init(&plan.arena);
    if (!plan_content(spec, &plan, err)) {
        arena_close(&plan.arena);
        return err->code;
    }
    plan.digest = digest(spec, &plan);
    if (spec->objective && !digest_objective(spec->objective, plan.optim, &plan.digest)) {
        arena_close(&plan.arena);
        return err_add(err, ERR_MEMORY, "", "no memory for a session");
    }
    *ret_plan = plan;
    return ERR_OK;
}

/* Whether `err` tells already of the place `pointer`, of one inside of it, of the whole body, or of
 * a name that was meant to be it. */
static bool is_told(const struct err *err, const char *pointer)
{
    size_t len = strlen(pointer);
    for (int i = 0; i < err->count; i++) {
        const struct violation *v = &err->at[i];
        bool inside = strncmp(v->pointer, pointer, len) == 0 && strchr("/", v->pointer[len]);
        bool meant = strncmp(pointer, "#/", 2) == 0 && strcmp(pointer + 2, v->suggestion) == 0;
        if (inside || meant || strcmp(v->pointer, "#") == 0)
            return true;
    }
    return false;
}

void session_add_untold(const struct err *found, struct err *err)
{
    for (int i = 0; i < found->count; i++) {
        const struct violation *v = &found->at[i];
        if (is_told(err, v->pointer))
            continue;
        err_add(err, found->code, v->pointer, "%s", v->detail);
        err_suggest(err, v->suggestion);
    }
}

void session_check(const struct session_spec *spec, struct err *err)
{
    struct plan plan = {0};
    struct err found;
    err_init(&found);
    arena_init(&plan.arena);
    plan_content(spec, &plan, &found);
    arena_close(&plan.arena);
    session_add_untold(&found, err);
}

bool session_matches(const struct session *s, const struct session_spec *spec)
{
    struct plan plan;
    struct err ignored;
    err_init(&ignored);
    if (spec_plan(spec, &plan, &ignored))
        return false;
    arena_close(&plan.arena);
    return plan.digest == s->spec_digest;
}
