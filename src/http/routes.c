/* The table of routes, and the search in it: segment by segment, in order; a route with a fixed
 * segment stands before one with a parameter at the same place. */
#include "http/routes.h"

#include "http/handlers.h"

#include <string.h>

enum { CHANGE = ROUTE_IF_MATCH | ROUTE_KEY };

static const struct route routes[] = {
    {.method = "GET", .pattern = "/", .produces = root_produces, .begin = root_begin},
    {.method = "GET", .pattern = "/healthz", .begin = healthz_begin},
    {.method = "GET", .pattern = "/readyz", .begin = readyz_begin, .finish = readyz_finish},
    {.method = "GET", .pattern = "/metrics", .produces = metrics_produces, .begin = metrics_begin},
    {.method = "GET", .pattern = "/openapi.json", .begin = web_openapi_begin},
    {.method = "GET", .pattern = "/docs", .produces = web_produces_html, .begin = web_docs_begin},
    {.method = "GET",
     .pattern = "/assets/{file}",
     .produces = web_produces_any,
     .begin = web_asset_begin},
    {.method = "GET",
     .pattern = "/problems/{slug}",
     .produces = problem_produces,
     .begin = problem_begin},
    {.method = "GET", .pattern = "/v1", .begin = index_begin},
    {.method = "GET", .pattern = "/v1/version", .begin = version_begin},
    {.method = "GET", .pattern = "/v1/limits", .begin = limits_begin},
    {.method = "GET", .pattern = "/v1/optimizers", .begin = optimizers_begin},
    {.method = "GET", .pattern = "/v1/optimizers/{name}", .begin = optimizer_begin},
    {.method = "POST",
     .pattern = "/v1/optimizers/{name}/diff",
     .body = BODY_JSON,
     .begin = optimizer_diff_begin},
    {.method = "GET", .pattern = "/v1/objectives", .begin = objectives_begin},
    {.method = "GET", .pattern = "/v1/objectives/{name}", .begin = objective_begin},
    {.method = "POST",
     .pattern = "/v1/objectives/{name}/evaluate",
     .body = BODY_JSON,
     .begin = objective_evaluate_begin},
    {.method = "GET",
     .pattern = "/v1/objectives/{name}/surface",
     .query = surface_query,
     .begin = objective_surface_begin},
    {.method = "GET", .pattern = "/v1/schedules", .begin = schedules_begin},
    {.method = "GET", .pattern = "/v1/schedules/{name}", .begin = schedule_begin},
    {.method = "POST",
     .pattern = "/v1/schedules/{name}/preview",
     .body = BODY_JSON,
     .begin = schedule_preview_begin},
    {.method = "GET", .pattern = "/v1/transforms", .begin = transforms_begin},
    {.method = "GET", .pattern = "/v1/transforms/{name}", .begin = transform_begin},
    {.method = "GET", .pattern = "/v1/datasets", .begin = datasets_begin},
    {.method = "POST",
     .pattern = "/v1/datasets",
     .body = BODY_TABLE,
     .flags = ROUTE_KEY,
     .query = dataset_post_query,
     .begin = dataset_post_begin,
     .finish = dataset_uploaded},
    {.method = "GET",
     .pattern = "/v1/datasets/{name}",
     .produces = dataset_produces,
     .begin = dataset_begin},
    {.method = "PUT",
     .pattern = "/v1/datasets/{name}",
     .body = BODY_TABLE,
     .flags = ROUTE_KEY,
     .query = dataset_put_query,
     .begin = dataset_put_begin,
     .finish = dataset_uploaded},
    {.method = "DELETE",
     .pattern = "/v1/datasets/{name}",
     .flags = ROUTE_KEY,
     .begin = dataset_delete_begin,
     .finish = dataset_delete_finish},
    {.method = "POST",
     .pattern = "/v1/compare",
     .body = BODY_JSON,
     .produces = compare_produces,
     .begin = compare_begin,
     .finish = compare_finish},
    {.method = "POST",
     .pattern = "/v1/sweeps",
     .body = BODY_JSON,
     .produces = sweep_produces,
     .begin = sweep_begin,
     .finish = sweep_finish},
    {.method = "GET",
     .pattern = "/v1/demo/{optimizer}/{objective}",
     .query = demo_query,
     .produces = demo_produces,
     .begin = demo_begin,
     .finish = demo_finish},
    {.method = "GET",
     .pattern = "/v1/sessions",
     .query = session_list_query,
     .begin = session_list_begin,
     .finish = session_list_finish},
    {.method = "POST",
     .pattern = "/v1/sessions",
     .body = BODY_JSON,
     .flags = ROUTE_KEY,
     .begin = session_create_begin,
     .finish = session_created},
    {.method = "GET",
     .pattern = "/v1/sessions/{id}",
     .begin = session_get_begin,
     .finish = session_finish},
    {.method = "PUT",
     .pattern = "/v1/sessions/{id}",
     .body = BODY_JSON,
     .flags = CHANGE,
     .begin = session_ensure_begin,
     .finish = session_created},
    {.method = "PATCH",
     .pattern = "/v1/sessions/{id}",
     .body = BODY_JSON,
     .flags = CHANGE,
     .begin = session_patch_begin,
     .finish = session_finish},
    {.method = "DELETE",
     .pattern = "/v1/sessions/{id}",
     .flags = CHANGE,
     .begin = session_delete_begin,
     .finish = session_delete_finish},
    {.method = "GET",
     .pattern = "/v1/sessions/{id}/parameters",
     .query = parameters_query,
     .produces = parameters_produces,
     .begin = parameters_get_begin,
     .finish = parameters_get_finish},
    {.method = "PUT",
     .pattern = "/v1/sessions/{id}/parameters",
     .body = BODY_VALUE,
     .flags = CHANGE | ROUTE_BINARY,
     .begin = parameters_put_begin,
     .finish = parameters_put_finish},
    {.method = "GET",
     .pattern = "/v1/sessions/{id}/state",
     .produces = state_produces,
     .begin = state_begin,
     .finish = state_finish},
    {.method = "POST",
     .pattern = "/v1/sessions/{id}/steps",
     .body = BODY_JSON,
     .flags = CHANGE | ROUTE_MINIMAL | ROUTE_BINARY,
     .query = steps_query,
     .produces = steps_produces,
     .begin = steps_begin,
     .finish = steps_finish},
    {.method = "POST",
     .pattern = "/v1/sessions/{id}/runs",
     .body = BODY_JSON,
     .flags = CHANGE,
     .query = run_query,
     .begin = run_begin_request,
     .finish = run_begun},
    {.method = "GET",
     .pattern = "/v1/sessions/{id}/runs",
     .begin = runs_list_begin,
     .finish = runs_list_finish},
    {.method = "GET",
     .pattern = "/v1/runs/{run}",
     .query = run_query,
     .begin = run_get_begin,
     .finish = run_finish},
    {.method = "DELETE",
     .pattern = "/v1/runs/{run}",
     .begin = run_cancel_begin,
     .finish = run_finish},
    {.method = "GET",
     .pattern = "/v1/sessions/{id}/steps/{step}/explain",
     .query = explain_query,
     .produces = explain_produces,
     .begin = step_explain_begin,
     .finish = step_explain_finish},
    {.method = "GET",
     .pattern = "/v1/sessions/{id}/trajectory",
     .query = trajectory_query,
     .produces = trajectory_produces,
     .begin = trajectory_begin,
     .finish = trajectory_finish},
    {.method = "GET",
     .pattern = "/v1/sessions/{id}/history",
     .query = history_query,
     .produces = history_produces,
     .begin = history_begin,
     .finish = history_finish},
    {.method = "GET",
     .pattern = "/v1/sessions/{id}/events",
     .query = session_events_query,
     .produces = events_produces,
     .begin = session_events_begin,
     .finish = events_finish},
    {.method = "GET",
     .pattern = "/v1/events",
     .query = events_query,
     .produces = events_produces,
     .begin = events_begin,
     .finish = events_finish},
    {.method = "POST",
     .pattern = "/v1/steps",
     .body = BODY_JSON,
     .flags = ROUTE_KEY,
     .query = steps_many_query,
     .begin = steps_many_begin,
     .finish = steps_many_finish},
};

enum { ROUTES = sizeof routes / sizeof *routes };

/* What is left of `pattern` behind the path of `t`, NULL where they differ; parameters are noted as
 * they pass. */
static const char *rest_of(const char *pattern, const struct target *t, const char **parameters)
{
    int segment = 0, parameter = 0;
    const char *p = pattern;
    for (; p[0] == '/' && p[1] && segment < t->segment_count; segment++) {
        size_t len = strcspn(++p, "/");
        const char *given = t->segments[segment];
        if (*p == '{') {
            if (!*given)
                return NULL;
            parameters[parameter++] = given;
        } else if (strncmp(p, given, len) != 0 || given[len]) {
            return NULL;
        }
        p += len;
    }
    return segment < t->segment_count ? NULL : p[0] == '/' && !p[1] ? "" : p;
}

static bool matches(const char *pattern, const struct target *t, const char **parameters)
{
    const char *rest = rest_of(pattern, t, parameters);
    return rest && !*rest;
}

/* The first pattern that goes on where the path ends; NULL: none does. */
static const char *longer(const struct target *t)
{
    const char *parameters[REQUEST_PARAMETERS];
    for (int i = 0; i < ROUTES; i++) {
        if (rest_of(routes[i].pattern, t, parameters))
            return routes[i].pattern;
    }
    return NULL;
}

static const char *pattern_at(const void *table, int i)
{
    return ((const struct route *)table)[i].pattern;
}

enum err_code routes_find(struct request *r, struct err *err)
{
    const char *method = strcmp(r->method, "HEAD") == 0 ? "GET" : r->method;
    bool found = false;
    for (int i = 0; i < ROUTES; i++) {
        if (!matches(routes[i].pattern, &r->target, r->parameters))
            continue;
        found = true;
        if (strcmp(routes[i].method, method) == 0) {
            r->route = &routes[i];
            return ERR_OK;
        }
    }
    if (found) {
        r->answer.allow = routes_allow(r);
        return err_add(err, ERR_METHOD, "", "%.100s takes %s, not %.20s", r->target.path,
                       r->answer.allow ? r->answer.allow : "other methods", r->method);
    }
    err_add(err, ERR_NOT_FOUND, "", "nothing is at %.150s", r->target.path);
    const char *near = err_nearest(r->target.path, pattern_at, routes, ROUTES);
    err_suggest(err, near ? near : longer(&r->target));
    return ERR_NOT_FOUND;
}

const char *routes_allow(struct request *r)
{
    const char *parameters[REQUEST_PARAMETERS], *allow = NULL;
    for (int i = 0; i < ROUTES; i++) {
        if (!matches(routes[i].pattern, &r->target, parameters))
            continue;
        const char *method = strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method;
        allow = allow ? arena_printf(&r->arena, "%s, %s", allow, method) : method;
        if (!allow)
            return NULL;
    }
    return allow ? arena_printf(&r->arena, "%s, OPTIONS", allow) : NULL;
}

void routes_write(struct buf *out)
{
    for (int i = 0; i < ROUTES; i++)
        buf_printf(out, "%s %s\n", routes[i].method, routes[i].pattern);
}
