/* Options: sources, units, and what is said to a mistyped one. */
#include "config.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct config config;
static struct err err;
static int words;

static enum err_code parse(unsigned command, int argc, const char **args)
{
    char *copy[16];
    for (int i = 0; i < argc; i++)
        copy[i] = strdup(args[i]); /* as argv: for the life of the process */
    err_init(&err);
    return config_read(argc, copy, command, &config, &words, &err);
}

#define PARSE(command, ...)                                                                        \
    parse(command, (int)(sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)),                  \
          (const char *[]){__VA_ARGS__})

Test(config, defaults)
{
    cr_assert_eq(parse(FOR_SERVE, 0, NULL), ERR_OK);
    cr_assert_str_eq(config.listen, "127.0.0.1:7837");
    cr_assert_str_eq(config.store, "sqlite:stepd.db");
    cr_assert_eq(config.max_body_bytes, 64 << 20);
    cr_assert_not(config.allow_unauthenticated);
    cr_assert_null(config.isa);
}

Test(config, flag_beats_environment_beats_default)
{
    setenv("STEPD_QUEUE", "77", 1);
    setenv("STEPD_LISTEN", "127.0.0.1:1", 1);
    setenv("STATE_DIRECTORY", "/var/lib/stepd:/other", 1);
    cr_assert_eq(
        PARSE(FOR_SERVE, "--listen", "127.0.0.1:2", "--max-body=1.5MB", "--allow-unauthenticated"),
        ERR_OK);
    cr_assert_eq(config.queue, 77);
    cr_assert_str_eq(config.listen, "127.0.0.1:2");
    cr_assert_eq(config.max_body_bytes, 1500000);
    cr_assert(config.allow_unauthenticated);
    cr_assert_str_eq(config.store, "sqlite:/var/lib/stepd/stepd.db");
}

Test(config, strangers_in_the_environment)
{
    const char *near = "";
    cr_expect_not(config_stranger("PATH=/bin", &near));
    cr_expect_not(config_stranger("STEPD_QUEUE=7", &near));
    cr_expect(config_stranger("STEPD_QUEU=7", &near));
    cr_expect_str_eq(near, "STEPD_QUEUE");
    cr_expect(config_stranger("STEPD_max_body=7", &near));
    cr_expect_str_eq(near, "STEPD_MAX_BODY");
    cr_expect(config_stranger("STEPD_QUEUES_OF_OTHERS=7", &near));
    cr_expect_null(near);
    cr_expect(config_stranger("STEPD_=", &near));
    cr_expect_null(near);
}

Test(config, mistakes_are_named)
{
    cr_expect_eq(PARSE(FOR_SERVE, "--lissten", "x"), ERR_REQUEST);
    cr_expect(strstr(err.at[0].detail, "--listen"));
    cr_expect_eq(PARSE(FOR_SERVE, "--queue"), ERR_REQUEST);
    cr_expect_eq(PARSE(FOR_SERVE, "--queue", "0"), ERR_REQUEST);
    cr_expect_eq(PARSE(FOR_SERVE, "--queue", "5x"), ERR_REQUEST);
    cr_expect_eq(PARSE(FOR_SERVE, "--log-format", "xml"), ERR_REQUEST);
    cr_expect_eq(PARSE(FOR_SERVE, "--max-body", "many"), ERR_REQUEST);
    cr_expect_eq(PARSE(FOR_SERVE, "--store", ""), ERR_REQUEST);
    cr_expect_eq(PARSE(FOR_SERVE, "--allow-unauthenticated=perhaps"), ERR_REQUEST);
    cr_expect_eq(PARSE(FOR_STORE, "--listen", "x"), ERR_REQUEST);
    cr_expect(strstr(err.at[0].detail, "does not take"));
    setenv("STEPD_THREADS", "x", 1);
    cr_expect_eq(parse(FOR_SERVE, 0, NULL), ERR_REQUEST);
    cr_expect(strstr(err.at[0].detail, "STEPD_THREADS"));
}

Test(config, words_come_first)
{
    cr_assert_eq(PARSE(FOR_STORE, "a", "--store", "memory:", "b"), ERR_OK);
    cr_assert_eq(words, 2);
}

Test(config, sizes)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } good[] = {{"0", 0},      {"4096", 4096},         {"64MiB", 64 << 20},       {"64m", 64 << 20},
                {"1KB", 1000}, {"1.5 GB", 1500000000}, {"2gib", INT64_C(2) << 30}};
    static const char *const bad[] = {"", "x", "-1", "1 2", "1XB", "99999999999TiB", " 1", "inf"};
    int64_t v;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        cr_expect(config_bytes(good[i].text, &v), "%s", good[i].text);
        cr_expect_eq(v, good[i].bytes, "%s", good[i].text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        cr_expect_not(config_bytes(bad[i], &v), "%s", bad[i]);
}
