/* base/err: the list of violations, and the search for the name that was meant. */
#include "base/err.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const names[] = {"lr",           "beta1",    "beta2",    "eps",         "adam",
                                    "weight_decay", "momentum", "nesterov", "lion",        "sgd",
                                    "rmsprop",      "adamw",    "float",    "minibatch_gd"};
enum { NAMES = sizeof names / sizeof *names };

static const char *name_at(const void *table, int i)
{
    return ((const char *const *)table)[i];
}

Test(err, nearest)
{
    static const struct {
        const char *given, *expected;
    } rows[] = {
        {"addam", "adam"},
        {"adma", "adam"},
        {"adam", "adam"},
        {"learning_rate", NULL},
        {"wieght_decay", "weight_decay"},
        {"weightdecay", "weight_decay"},
        {"r", "lr"},
        {"l", "lr"},
        {"x", NULL},
        {"", NULL},
        {"momentun", "momentum"},
        {"momen", NULL},
        {"beta3", "beta1"},
        {"rl", "lr"},
        {"mini_batch_gd", "minibatch_gd"},
        {"zzzzzz", NULL},
        {"ab", NULL},
        {"spe", NULL},
        {"esp", "eps"},
        {"LR", "lr"},
        {"AdamW", "adamw"},
        {"Wieght_Decay", "weight_decay"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *got = err_nearest(rows[i].given, name_at, names, NAMES);
        cr_expect((got == NULL) == (rows[i].expected == NULL) &&
                      (!got || strcmp(got, rows[i].expected) == 0),
                  "\"%s\": got %s, expected %s", rows[i].given, got ? got : "none",
                  rows[i].expected ? rows[i].expected : "none");
    }
}

Test(err, nearest_of_a_very_long_text_is_none)
{
    char given[1000];
    memset(given, 'a', sizeof given - 1);
    given[sizeof given - 1] = '\0';
    cr_expect_null(err_nearest(given, name_at, names, NAMES));
}

Test(err, keeps_sixteen_and_counts_the_rest)
{
    static struct err err;
    err_init(&err);
    cr_expect_eq(err.step, -1);
    for (int i = 0; i < 20; i++)
        cr_expect_eq(err_add(&err, i == 0 ? ERR_NEEDS : ERR_VALIDATION, "#/a", "item %d", i),
                     i == 0 ? ERR_NEEDS : ERR_VALIDATION);
    err_suggest(&err, "belongs to a violation that was not kept");
    cr_expect_eq(err.code, ERR_NEEDS);
    cr_expect_eq(err.count, ERR_VIOLATIONS);
    cr_expect_eq(err.omitted, 4);
    cr_expect_str_eq(err.at[15].detail, "item 15");
    cr_expect_str_empty(err.at[15].suggestion);
}

Test(err, cuts_between_characters)
{
    static struct err err;
    char text[ERR_DETAIL_LEN * 2];
    /* One byte, then two-byte characters: the cut at an even place would split one. */
    for (size_t i = 0; i < sizeof text - 1; i++)
        text[i] = i == 0 ? 'x' : i % 2 ? '\xC3' : '\xA9';
    text[sizeof text - 1] = '\0';
    err_init(&err);
    err_add(&err, ERR_VALIDATION, text, "%s", text);
    size_t len = strlen(err.at[0].detail);
    cr_expect_eq(len, ERR_DETAIL_LEN - 1);
    cr_expect_eq(strlen(err.at[0].pointer), ERR_POINTER_LEN - 1);
    err_init(&err);
    err_add(&err, ERR_VALIDATION, text + 1, "%s", text + 1);
    cr_expect_eq(strlen(err.at[0].detail), ERR_DETAIL_LEN - 2);
    cr_expect_eq(strlen(err.at[0].pointer), ERR_POINTER_LEN - 2);
}

Test(err, null_is_allowed)
{
    cr_expect_eq(err_add(NULL, ERR_STORE, "#", "x"), ERR_STORE);
    err_suggest(NULL, "x");
}

Test(err, table)
{
    cr_expect_eq(err_info(ERR_STEP_MOVED)->status, 409);
    cr_expect_eq(err_info(ERR_COUNT)->code, ERR_INTERNAL);
    for (int i = 1; i < ERR_COUNT; i++)
        cr_expect_eq(err_by_slug(err_info((enum err_code)i)->slug)->code, (enum err_code)i);
    cr_expect_null(err_by_slug("no-such"));
}
