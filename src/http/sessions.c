/* /v1/sessions and /v1/sessions/{id}: create, ensure, list, read, patch, delete. */
#include "http/datasets.h"
#include "http/handlers.h"
#include "http/request.h"

#include <string.h>

const char *const session_list_query[] = {"limit", "cursor", "optimizer", "tag", "q", NULL};

/* ---- create -----------------------------------------------------------------------------------
 */

/* Makes the objective that the body asks for. Where the parameters are one list, they tell its
 * dimension. */
static enum err_code make_objective(struct request *r, struct session_spec *spec)
{
    struct objective_given *given = spec->objective_given;
    struct objective_spec *made = NULL;
    if (!given)
        return ERR_OK;
    given->dimension = spec->parameters.named ? 0 : spec->parameters.n;
    enum err_code code = datasets_attach(r, given);
    if (!code)
        code = objective_make(given, "#/objective", &r->arena, &made, &r->err);
    spec->objective = made;
    return code;
}

static struct session_spec *read_spec(struct request *r)
{
    struct session_spec *spec = request_alloc(r, 1, sizeof *spec);
    if (!spec)
        return NULL;
    enum err_code code = json_read_session(&r->arena, r->body.data, r->body.len, spec, &r->err);
    if (!code)
        code = make_objective(r, spec);
    if (code == ERR_VALIDATION)
        session_check(spec, &r->err);
    if (code)
        return NULL;
    r->job.kind = JOB_CREATE;
    r->job.part = SNAPSHOT_PARAMETERS;
    r->job.spec = spec;
    return spec;
}

void session_create_begin(struct request *r)
{
    read_spec(r);
}

void session_ensure_begin(struct request *r)
{
    const char *name = r->parameters[0];
    struct session_spec *spec = read_spec(r);
    if (!spec)
        return;
    if (spec->name && strcmp(spec->name, name) != 0) {
        err_add(&r->err, ERR_VALIDATION, "#/name", "the path names the session \"%.100s\"", name);
        return;
    }
    spec->name = name;
    r->job.id = name;
    r->job.ensure = true;
}

void session_created(struct request *r)
{
    const struct session *s = r->job.session;
    struct buf *out = request_answer_session(r, r->job.created ? 201 : 200, s);
    if (r->job.created)
        r->answer.location = arena_printf(&r->arena, "/v1/sessions/%s", s->id);
    json_write_session(out, s, true);
}

/* ---- list -------------------------------------------------------------------------------------
 */

/* `key` or `key:value`. */
static void read_tag(struct request *r, struct store_query *q)
{
    const char *tag = target_arg(&r->target, "tag"), *colon = tag ? strchr(tag, ':') : NULL;
    if (!tag)
        return;
    q->tag_key = colon ? arena_strndup(&r->arena, tag, (size_t)(colon - tag)) : tag;
    q->tag_value = colon ? colon + 1 : NULL;
    if (!q->tag_key)
        err_add(&r->err, ERR_MEMORY, "", "no memory for the request");
    else if (!*q->tag_key)
        err_add(&r->err, ERR_REQUEST, "", "tag is key or key:value, not \"%.60s\"", tag);
}

static void read_cursor(struct request *r, struct store_query *q)
{
    q->after = target_arg(&r->target, "cursor");
    if (q->after && !id_valid(q->after))
        err_add(&r->err, ERR_REQUEST, "", "cursor is the `next` of a page, not \"%.60s\"",
                q->after);
}

void session_list_begin(struct request *r)
{
    struct store_query *q = &r->job.query;
    int64_t limit = LIMIT_LIST_DEFAULT;
    target_int(&r->target, "limit", 1, LIMIT_LIST, &limit, &r->err);
    q->limit = (int)limit;
    q->optimizer = target_arg(&r->target, "optimizer");
    q->q = target_arg(&r->target, "q");
    read_cursor(r, q);
    read_tag(r, q);
    if (q->q && !*q->q)
        q->q = NULL;
    r->job.kind = JOB_LIST;
}

/* The same request with another cursor. NULL: no memory. */
static const char *next_link(struct request *r, const char *cursor)
{
    const char *link = arena_printf(&r->arena, "</v1/sessions?cursor=%s", cursor);
    for (int i = 0; link && i < r->target.arg_count; i++) {
        if (strcmp(r->target.args[i].name, "cursor") == 0)
            continue;
        const char *value = target_escape(&r->arena, r->target.args[i].value);
        link =
            value ? arena_printf(&r->arena, "%s&%s=%s", link, r->target.args[i].name, value) : NULL;
    }
    return link ? arena_printf(&r->arena, "%s>; rel=\"next\"", link) : NULL;
}

void session_list_finish(struct request *r)
{
    struct buf *out = request_answer(r, 200, "application/json");
    if (r->job.next)
        r->answer.link = next_link(r, r->job.next);
    json_write_list(out, r->job.sessions, r->job.session_count, r->job.next);
}

/* ---- one session ------------------------------------------------------------------------------
 */

void session_get_begin(struct request *r)
{
    r->job.kind = JOB_GET;
    r->job.id = r->parameters[0];
    r->job.part = SNAPSHOT_PARAMETERS;
}

void session_patch_begin(struct request *r)
{
    struct session_patch *patch = request_alloc(r, 1, sizeof *patch);
    if (!patch || json_read_patch(&r->arena, r->body.data, r->body.len, patch, &r->err))
        return;
    r->job.kind = JOB_PATCH;
    r->job.id = r->parameters[0];
    r->job.part = SNAPSHOT_PARAMETERS;
    r->job.patch = patch;
}

void session_finish(struct request *r)
{
    const struct session *s = r->job.session;
    if (r->job.kind == JOB_GET && request_unchanged(r, s))
        return;
    json_write_session(request_answer_session(r, 200, s), s, true);
}

void session_delete_begin(struct request *r)
{
    r->job.kind = JOB_DELETE;
    r->job.id = r->parameters[0];
}

void session_delete_finish(struct request *r)
{
    request_answer(r, 204, NULL);
}
