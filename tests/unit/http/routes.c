/* Finding the row of a request. */
#include "http/routes.h"
#include "http/exchange.h"

#include <criterion/criterion.h>
#include <string.h>

static struct service service = {.max_body_bytes = 1000};
static struct request request;

static void setup(void)
{
    exchange_init(&request, &service);
}

static void teardown(void)
{
    exchange_free(&request);
}

TestSuite(routes, .init = setup, .fini = teardown);

static enum err_code find(const char *method, const char *path)
{
    exchange_open(&request, path);
    request.method = method;
    cr_assert_eq(target_parse(&request.arena, path, &request.target, &request.err), ERR_OK);
    return routes_find(&request, &request.err);
}

Test(routes, found)
{
    cr_assert_eq(find("POST", "/v1/sessions/a%2Fb/steps?dry_run=true"), ERR_OK);
    cr_assert_str_eq(request.route->pattern, "/v1/sessions/{id}/steps");
    cr_assert_str_eq(request.parameters[0], "a/b");
    cr_assert_eq(find("HEAD", "/v1/sessions"), ERR_OK);
    cr_assert_str_eq(request.route->method, "GET");
    cr_assert_eq(find("GET", "/"), ERR_OK);
    cr_assert_str_eq(request.route->pattern, "/");
}

Test(routes, not_found)
{
    static const char *const paths[] = {
        "/v1/",          "/v1/sessions/", "/v1/sessions/x/steps/",      "//v1/steps",
        "/v1/sessionsx", "/v1//steps",    "/v1/steps/a/b/c/d/e/f/g/h/i"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        cr_expect_eq(find("GET", paths[i]), ERR_NOT_FOUND, "%s", paths[i]);
        cr_expect_null(request.route);
    }
    find("GET", "/v1/session");
    cr_assert_str_eq(request.err.at[0].suggestion, "/v1/sessions");
    find("GET", "/v1/demo/adam");
    cr_assert_str_eq(request.err.at[0].suggestion, "/v1/demo/{optimizer}/{objective}");
    find("GET", "/v1/zebra");
    cr_assert_str_empty(request.err.at[0].suggestion);
}

Test(routes, other_method)
{
    cr_assert_eq(find("DELETE", "/v1/sessions"), ERR_METHOD);
    cr_assert_str_eq(request.answer.allow, "GET, HEAD, POST, OPTIONS");
    cr_assert_eq(find("get", "/v1/sessions"), ERR_METHOD);
}

/* Each row is found by a path made from its own pattern. */
Test(routes, every_row_is_reached)
{
    struct buf out;
    buf_init(&out);
    routes_write(&out);
    buf_putc(&out, '\0');
    cr_assert_not(out.failed);
    int rows = 0;
    char *rest;
    for (char *line = strtok_r(out.data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char path[128], *blank = strchr(line, ' ');
        size_t len = 0;
        *blank = '\0';
        for (const char *p = blank + 1; *p; p++) {
            if (*p != '{' && *p != '}')
                path[len++] = *p;
        }
        path[len] = '\0';
        cr_expect_eq(find(line, path), ERR_OK, "%s %s", line, path);
        cr_expect_str_eq(request.route->pattern, blank + 1);
        rows++;
    }
    cr_expect_gt(rows, 20);
    buf_close(&out);
}

/* ---- the stages before the engine ---------------------------------------------------------------
 */

static enum exchange_next send_head(const char *method, const char *target, const char *const *h)
{
    exchange_open(&request, target);
    headers_add(&request.headers, "Host", "localhost");
    for (; h && *h; h += 2)
        headers_add(&request.headers, h[0], h[1]);
    return exchange_head(&request, method, "HTTP/1.1");
}

Test(routes, refusals_wait_for_the_body)
{
    static const char *const text[] = {"Content-Length", "4", "Content-Type", "text/plain", NULL};
    cr_assert_eq(send_head("POST", "/v1/steps", text), EXCHANGE_READ);
    cr_assert_eq(exchange_body(&request, "abcd", 4), EXCHANGE_READ);
    cr_assert_eq(exchange_end(&request), EXCHANGE_REPLY);
    cr_assert_eq(request.answer.status, 415);
    cr_assert_not(request.answer.close);
}

Test(routes, too_large_is_told_at_once)
{
    static const char *const large[] = {"Content-Length", "1001", NULL};
    cr_assert_eq(send_head("POST", "/v1/steps", large), EXCHANGE_REPLY);
    cr_assert_eq(request.answer.status, 413);
    cr_assert(request.answer.close);
    cr_assert(memmem(request.answer.body.data, request.answer.body.len, "--max-body", 10));
}

Test(routes, chunks_are_counted)
{
    static const char *const chunked[] = {"Transfer-Encoding", "chunked", NULL};
    static const char kilobyte[1000];
    cr_assert_eq(send_head("POST", "/v1/steps", chunked), EXCHANGE_READ);
    cr_assert_eq(exchange_body(&request, kilobyte, 1000), EXCHANGE_READ);
    cr_assert_eq(request.err.code, ERR_OK);
    cr_assert_eq(exchange_body(&request, kilobyte, 1), EXCHANGE_READ);
    cr_assert_eq(request.err.code, ERR_TOO_LARGE);
    cr_assert_eq(exchange_body(&request, kilobyte, 1000), EXCHANGE_READ);
    cr_assert_eq(exchange_body(&request, kilobyte, 1), EXCHANGE_DROP);
}

Test(routes, expectation_of_a_refused_body_is_answered_at_once)
{
    static const char *const waiting[] = {
        "Content-Length", "4", "Content-Type", "text/plain", "Expect", "100-continue", NULL};
    cr_assert_eq(send_head("POST", "/v1/steps", waiting), EXCHANGE_REPLY);
    cr_assert(request.answer.close);
}
