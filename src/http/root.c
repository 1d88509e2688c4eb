/* The service itself: start page, health, readiness, metrics, problems, version, limits. */
#include "http/handlers.h"
#include "http/request.h"

#include "base/metrics.h"
#include "codec/csv.h"
#include "codec/write.h"
#include "math/optim.h"
#include "session/data.h"

#include <stdio.h>

/* ---- / ----------------------------------------------------------------------------------------
 */

const char *const root_produces[] = {"text/plain; charset=utf-8", "text/html; charset=utf-8",
                                     "application/json", NULL};

static void write_help(struct buf *out, const char *url)
{
    buf_printf(out,
               "stepd %s: optimizers as a service. You send gradients, it makes the steps.\n\n"
               "Create a session (again and again: it stays the same one):\n"
               "  curl -X PUT %s/v1/sessions/toy -d '{\"optimizer\":{\"name\":\"adam\","
               "\"lr\":0.1},\"parameters\":[4]}'\n\n"
               "Make a step; the gradient of w^2 at 4 is 8:\n"
               "  curl %s/v1/sessions/toy/steps -d '{\"gradient\":[8],\"loss\":16}'\n\n"
               "See how it went:\n"
               "  curl '%s/v1/sessions/toy/history?format=csv'\n\n",
               STEPD_VERSION, url, url, url);
    buf_printf(out,
               "More:\n"
               "  %s/             this page in a browser: sessions, live\n"
               "  %s/docs         every operation\n"
               "  %s/v1           an index of links\n"
               "  %s/v1/optimizers  what can be chosen, with formulas and defaults\n"
               "  %s/v1/demo/adam/rosenbrock  a run on a loss of the server, drawn here\n",
               url, url, url, url, url);
}

static void write_index(struct buf *out)
{
    static const char *const links[][2] = {
        {"sessions", "/v1/sessions"},     {"steps", "/v1/steps"},
        {"events", "/v1/events"},         {"optimizers", "/v1/optimizers"},
        {"schedules", "/v1/schedules"},   {"transforms", "/v1/transforms"},
        {"objectives", "/v1/objectives"}, {"datasets", "/v1/datasets"},
        {"compare", "/v1/compare"},       {"sweeps", "/v1/sweeps"},
        {"limits", "/v1/limits"},         {"version", "/v1/version"},
        {"openapi", "/openapi.json"},     {"docs", "/docs"},
        {"health", "/healthz"},           {"readiness", "/readyz"},
        {"metrics", "/metrics"}};
    struct writer w = writer_to(out);
    write_object(&w);
    write_string_field(&w, "name", "stepd");
    write_string_field(&w, "version", STEPD_VERSION);
    write_key(&w, "links");
    write_object(&w);
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        write_string_field(&w, links[i][0], links[i][1]);
    write_end(&w);
    write_end(&w);
}

void root_begin(struct request *r)
{
    r->settled = true;
    if (r->offer == 1)
        web_page(r);
    else if (r->offer == 2)
        write_index(request_answer(r, 200, "application/json"));
    else
        write_help(request_answer(r, 200, root_produces[0]), request_base_url(r));
}

void index_begin(struct request *r)
{
    r->settled = true;
    write_index(request_answer(r, 200, "application/json"));
}

/* ---- health -----------------------------------------------------------------------------------
 */

void healthz_begin(struct request *r)
{
    r->settled = true;
    buf_puts(request_answer(r, 200, "application/json"), "{\"status\":\"ok\"}");
}

static void write_readiness(struct request *r, const struct store_check *checks, int count,
                            bool ready)
{
    struct writer w = writer_to(request_answer(r, ready ? 200 : 503, "application/json"));
    write_object(&w);
    write_string_field(&w, "status", ready ? "ready" : "unready");
    write_key(&w, "checks");
    write_array(&w);
    for (int i = 0; i < count; i++) {
        write_object(&w);
        write_string_field(&w, "name", checks[i].name);
        write_key(&w, "ok");
        write_bool(&w, checks[i].ok);
        write_string_field(&w, "detail", checks[i].detail ? checks[i].detail : "");
        write_end(&w);
    }
    write_end(&w);
    write_end(&w);
}

void readyz_begin(struct request *r)
{
    if (atomic_load(&r->service->stopping)) {
        struct store_check stopping = {"server", false, "the server is stopping"};
        r->settled = true;
        write_readiness(r, &stopping, 1, false);
        return;
    }
    r->job.kind = JOB_PROBE;
}

/* A check that failed is this resource's answer, not its error. */
void readyz_finish(struct request *r)
{
    bool ready = true;
    for (int i = 0; i < r->job.check_count; i++)
        ready = ready && r->job.checks[i].ok;
    write_readiness(r, r->job.checks, r->job.check_count, ready);
}

/* ---- metrics ----------------------------------------------------------------------------------
 */

const char *const metrics_produces[] = {"text/plain; version=0.0.4; charset=utf-8", NULL};

void metrics_begin(struct request *r)
{
    r->settled = true;
    metrics_write(request_answer(r, 200, metrics_produces[0]));
}

/* ---- problems ---------------------------------------------------------------------------------
 */

const char *const problem_produces[] = {"text/plain; charset=utf-8", "text/html; charset=utf-8",
                                        "application/json", NULL};

static void write_problem_json(struct buf *out, const struct err_info *info)
{
    char type[64];
    snprintf(type, sizeof type, "/problems/%s", info->slug);
    struct writer w = writer_to(out);
    write_object(&w);
    write_string_field(&w, "type", type);
    write_int_field(&w, "status", info->status);
    write_string_field(&w, "title", info->title);
    write_string_field(&w, "detail", info->text);
    write_end(&w);
}

/* The texts are our own constants; none holds a character that HTML would have escaped. */
static void write_problem_html(struct buf *out, const struct err_info *info)
{
    buf_printf(
        out,
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\"><title>%s – stepd</title>"
        "<link rel=\"stylesheet\" href=\"/assets/style.css\"></head><body><main class=\"page\">"
        "<p><a href=\"/\">stepd</a> / problems</p><h1>%s</h1>"
        "<p><code>%d /problems/%s</code></p><p>%s</p></main></body></html>\n",
        info->title, info->title, info->status, info->slug, info->text);
}

void problem_begin(struct request *r)
{
    const struct err_info *info = err_by_slug(r->parameters[0]);
    if (!info) {
        err_add(&r->err, ERR_NOT_FOUND, "", "no problem is called \"%.60s\"", r->parameters[0]);
        return;
    }
    r->settled = true;
    struct buf *out = request_answer(r, 200, problem_produces[r->offer]);
    if (r->offer == 2)
        write_problem_json(out, info);
    else if (r->offer == 1)
        write_problem_html(out, info);
    else
        buf_printf(out, "%s (%d, /problems/%s)\n\n%s\n", info->title, info->status, info->slug,
                   info->text);
}

/* ---- version, limits --------------------------------------------------------------------------
 */

void version_begin(struct request *r)
{
    r->settled = true;
    struct writer w = writer_to(request_answer(r, 200, "application/json"));
    write_object(&w);
    write_string_field(&w, "name", "stepd");
    write_string_field(&w, "version", STEPD_VERSION);
    write_string_field(&w, "api", "v1");
    write_string_field(&w, "instruction_set", optim_isa());
    write_string_field(&w, "compiler", __VERSION__);
    write_end(&w);
}

void limits_begin(struct request *r)
{
    const struct {
        const char *name;
        int64_t value;
    } limits[] = {{"max_body_bytes", (int64_t)r->service->max_body_bytes},
                  {"max_batch_steps", JSON_STEPS_MAX},
                  {"max_items", JSON_ITEMS_MAX},
                  {"list_limit", LIMIT_LIST},
                  {"history_limit", LIMIT_HISTORY},
                  {"history_points", LIMIT_POINTS},
                  {"wait_seconds", LIMIT_WAIT},
                  {"event_streams", LIMIT_STREAMS},
                  {"event_sessions", EVENTS_SESSIONS},
                  {"headers", HEADERS_MOST},
                  {"query_parameters", TARGET_ARGS},
                  {"idempotency_key_length", LIMIT_KEY},
                  {"request_id_length", REQUEST_ID_LEN},
                  {"json_depth", JSON_DEPTH},
                  {"tensor_rank", TENSOR_RANK},
                  {"tensor_name_length", TENSOR_NAME_LEN},
                  {"session_name_length", SESSION_NAME_LEN},
                  {"session_tags", SESSION_TAGS},
                  {"dataset_name_length", DATASET_NAME_LEN},
                  {"dataset_numbers", DATASET_NUMBERS},
                  {"dataset_columns", CSV_COLUMNS},
                  {"reported_violations", ERR_VIOLATIONS}};
    r->settled = true;
    struct writer w = writer_to(request_answer(r, 200, "application/json"));
    write_object(&w);
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        write_int_field(&w, limits[i].name, limits[i].value);
    write_end(&w);
}
