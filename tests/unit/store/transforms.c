/* store/sqlite_transforms.c: lists come back to the bit, and one that is damaged on the disk is an
 * error and never a chain that reads past its end. */
#include "fixture.h"

TestSuite(transforms, .init = folder_make, .fini = folder_remove, .timeout = 60);

enum { N = 6 };

static const double normal[N] = {0.1, -0.0, 5e-324, 1e150, -3, 1.0 / 3};

/* On a hyperplane, and with a second transform, so that rows may be mixed up. */
static struct session *on_a_plane(void)
{
    static const double w[N] = {1, 2, 3, 4, 5, 6};
    struct tensor tensor = {.name = "", .rank = 1, .shape = {N}, .count = N};
    struct hyper_arg lr = {.name = "lr", .kind = ARG_NUMBER, .number = 0.1};
    struct hyper_arg plane[2] = {
        {.name = "sum", .kind = ARG_NUMBER, .number = 1},
        {.name = "normal", .kind = ARG_NUMBERS, .numbers = normal, .count = N}};
    struct hyper_arg box[2] = {
        {.name = "lower", .kind = ARG_NUMBER, .number = -9},
        {.name = "upper_each", .kind = ARG_NUMBERS, .numbers = w, .count = N}};
    struct transform_given given[2] = {{.name = "project_sum", .args = plane, .arg_count = 2},
                                       {.name = "project_box", .args = box, .arg_count = 2}};
    struct session_spec spec = {.optimizer = "sgd",
                                .name = "plane",
                                .args = &lr,
                                .arg_count = 1,
                                .transforms = given,
                                .transform_count = 2,
                                .parameters = {.count = 1, .tensors = &tensor, .data = w, .n = N}};
    return session_of(&spec);
}

static void expect_lists(const struct session *a, const struct session *b)
{
    cr_assert_eq(a->chain->count, b->chain->count);
    for (int i = 0; i < a->chain->count; i++) {
        const struct transform_link *x = &a->chain->links[i], *y = &b->chain->links[i];
        for (int k = 0; x->transform->hypers[k].name; k++) {
            size_t count = x->list[k].count;
            cr_expect_eq(memcmp(&x->h[k], &y->h[k], sizeof x->h[k]), 0);
            cr_assert_eq(y->list[k].count, count, "%s", x->transform->hypers[k].name);
            cr_expect(!count || memcmp(x->list[k].data, y->list[k].data, count * 8) == 0);
        }
    }
}

Test(transforms, lists_come_back_to_the_bit)
{
    struct store *st = store_at("a.db");
    struct session *s = on_a_plane(), *again;
    insert(st, s);
    st->ops->close(st);
    st = store_at("a.db");
    again = load(st, "plane");
    expect_lists(s, again);
    cr_expect_eq(again->chain->links[0].list[2].count, N);
    session_free(again);
    session_free(s);
    st->ops->close(st);
}

static void expect_damaged(const char *change)
{
    struct store *st = store_at("a.db");
    struct session *s = on_a_plane(), *again = NULL;
    insert(st, s);
    st->ops->close(st);
    sql_on("a.db", change);
    st = store_at("a.db");
    FAILS(ERR_STORE, st->ops->load(st, "plane", &again, &err));
    SAYS("damaged");
    cr_expect_null(again);
    session_free(s);
    st->ops->close(st);
}

Test(transforms, a_list_that_was_cut_is_damaged)
{
    expect_damaged("UPDATE transform_hyperparameter SET value = substr(value, 1, 40)"
                   " WHERE name = 'normal'");
}

Test(transforms, a_list_that_is_not_whole_is_damaged)
{
    expect_damaged("UPDATE transform_hyperparameter SET value = substr(value || x'00', 1, 49)"
                   " WHERE name = 'upper_each'");
}

Test(transforms, a_text_in_place_of_a_list_is_damaged)
{
    expect_damaged("UPDATE transform_hyperparameter SET value = '[1]' WHERE name = 'normal'");
}

Test(transforms, a_number_in_place_of_a_list_is_damaged)
{
    expect_damaged("UPDATE transform_hyperparameter SET value = 6 WHERE name = 'upper_each'");
}

/* What makes no sense is refused to whoever asks for it; what was stored before that was so is kept
 * as it is. */
Test(transforms, one_that_is_older_than_a_rule_comes_back)
{
    static const double w[1] = {1};
    struct tensor tensor = {.name = "", .rank = 1, .shape = {1}, .count = 1};
    struct hyper_arg lr = {.name = "lr", .kind = ARG_NUMBER, .number = 0.1};
    struct hyper_arg stop = {.name = "stop", .kind = ARG_NUMBER, .number = 9};
    struct transform_given given = {.name = "hold", .args = &stop, .arg_count = 1};
    struct session_spec spec = {.optimizer = "sgd",
                                .name = "held",
                                .args = &lr,
                                .arg_count = 1,
                                .transforms = &given,
                                .transform_count = 1,
                                .parameters = {.count = 1, .tensors = &tensor, .data = w, .n = 1}};
    struct store *st = store_at("a.db");
    struct session *s = session_of(&spec), *again;
    insert(st, s);
    st->ops->close(st);
    sql_on("a.db", "UPDATE transform_hyperparameter SET value = 1 WHERE name = 'stop'");
    st = store_at("a.db");
    again = load(st, "held");
    cr_expect_eq(again->chain->links[0].h[2], 1);
    session_free(again);
    session_free(s);
    st->ops->close(st);
}
