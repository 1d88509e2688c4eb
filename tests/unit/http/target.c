/* Request targets. */
#include "http/target.h"

#include <criterion/criterion.h>

static struct arena arena;
static struct target target;
static struct err err;

static void setup(void)
{
    arena_init(&arena);
    err_init(&err);
}

static void teardown(void)
{
    arena_close(&arena);
}

TestSuite(target, .init = setup, .fini = teardown);

static enum err_code parse(const char *raw)
{
    err_init(&err);
    return target_parse(&arena, raw, &target, &err);
}

Test(target, path_and_query)
{
    cr_assert_eq(parse("/v1/a%20b/%7Bx?limit=5&q=a+b%26c&&flag"), ERR_OK);
    cr_assert_str_eq(target.path, "/v1/a%20b/%7Bx");
    cr_assert_eq(target.segment_count, 3);
    cr_assert_str_eq(target.segments[1], "a b");
    cr_assert_str_eq(target.segments[2], "{x");
    cr_assert_str_eq(target_arg(&target, "limit"), "5");
    cr_assert_str_eq(target_arg(&target, "q"), "a b&c");
    cr_assert_str_eq(target_arg(&target, "flag"), "");
    cr_assert_null(target_arg(&target, "cursor"));
}

Test(target, forms)
{
    cr_assert_eq(parse("/"), ERR_OK);
    cr_assert_eq(target.segment_count, 0);
    cr_assert_eq(parse("http://host:1/v1/x?y=1"), ERR_OK);
    cr_assert_str_eq(target.path, "/v1/x");
    cr_assert_eq(parse("http://host"), ERR_OK);
    cr_assert_str_eq(target.path, "/");
    cr_assert_eq(parse("*"), ERR_OK);
    cr_assert_eq(parse("/a//b/"), ERR_OK);
    cr_assert_eq(target.segment_count, 4);
    cr_assert_eq(parse("/1/2/3/4/5/6/7/8/9/10"), ERR_OK);
    cr_assert_eq(target.segment_count, TARGET_SEGMENTS + 1);
}

Test(target, broken_ones_are_refused)
{
    static const char *const bad[] = {"/%", "/%2",        "/%zz",  "/%00",  "/a?b=%4", "v1",
                                      "",   "/a?b=1&b=2", "/\x80", "/a\tb", "//%g0",   "/?%00"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (!*bad[i])
            continue; /* an empty target means / */
        cr_expect_eq(parse(bad[i]), ERR_REQUEST, "%s", bad[i]);
    }
    cr_expect_eq(parse("/?1&2&3&4&5&6&7&8&9&a&b&c&d&e&f&g&h"), ERR_REQUEST);
}

Test(target, unknown_arguments_get_a_suggestion)
{
    static const char *const allowed[] = {"limit", "cursor", NULL};
    parse("/?limt=5&cursor=1");
    cr_assert_eq(target_allow(&target, allowed, &err), ERR_REQUEST);
    cr_assert_eq(err.count, 1);
    cr_assert_str_eq(err.at[0].suggestion, "limit");
    cr_assert_str_eq(err.at[0].detail, "unknown query parameter \"limt\"; there are limit, cursor");
    parse("/?cursor=1");
    cr_assert_eq(target_allow(&target, allowed, &err), ERR_OK);
    cr_assert_eq(target_allow(&target, NULL, &err), ERR_REQUEST);
}

Test(target, typed_arguments)
{
    int64_t n = 7;
    bool b = true;
    parse("/?a=12&b=x&c=99999999999999999999&d=&e=-1&yes=true&no=0&odd=maybe");
    cr_expect_eq(target_int(&target, "none", 0, 9, &n, &err), ERR_OK);
    cr_expect_eq(n, 7);
    cr_expect_eq(target_int(&target, "a", 1, 12, &n, &err), ERR_OK);
    cr_expect_eq(n, 12);
    cr_expect_eq(target_int(&target, "a", 1, 11, &n, &err), ERR_REQUEST);
    cr_expect_eq(target_int(&target, "b", 0, INT64_MAX, &n, &err), ERR_REQUEST);
    cr_expect_eq(target_int(&target, "c", 0, INT64_MAX, &n, &err), ERR_REQUEST);
    cr_expect_eq(target_int(&target, "d", 0, INT64_MAX, &n, &err), ERR_REQUEST);
    cr_expect_eq(target_int(&target, "e", 0, INT64_MAX, &n, &err), ERR_REQUEST);
    cr_expect_eq(n, 12);
    cr_expect_eq(target_bool(&target, "no", &b, &err), ERR_OK);
    cr_expect_not(b);
    cr_expect_eq(target_bool(&target, "yes", &b, &err), ERR_OK);
    cr_expect(b);
    cr_expect_eq(target_bool(&target, "odd", &b, &err), ERR_REQUEST);
}

Test(target, escape)
{
    cr_assert_str_eq(target_escape(&arena, "a b&c=ä:1"), "a%20b%26c%3D%C3%A4:1");
}
