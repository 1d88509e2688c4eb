/* What schedules gave: what was added is read again to the bit, from the open transaction, the
 * tail, the journal after a crash, and blocks, beside recorded steps and when schedules come and
 * go; and nothing is read of what was undone or removed. */
#include "fixture.h"

TestSuite(moved, .init = folder_make, .fini = folder_remove, .timeout = 120);

/* Steps up to this one have no value of eps: its schedule comes later. */
enum { LATE = 300 };

static const struct schedule_given plain = {.name = "constant"};
static const struct scheduled_given schedules[] = {
    {"beta1", &plain}, {"lr", &plain}, {"eps", &plain}};

/* A session whose lr and beta1 move, with `late` its eps too. */
static struct session *moving(struct store *st, bool late)
{
    static const double data[] = {1, 2};
    static struct tensor tensor = {
        .name = "", .rank = 1, .shape = {2}, .count = 2, .form = TENSOR_NESTED};
    struct session *s = NULL;
    OK(session_new(
        &(struct session_spec){.optimizer = "adam",
                               .parameters = {.count = 1, .tensors = &tensor, .data = data, .n = 2},
                               .schedules = schedules,
                               .schedule_count = late ? 3 : 2},
        1000, &s, &err));
    if (st)
        insert(st, s);
    return s;
}

/* Some bits for each step; eps stays for a while. */
static double beta1_at(const struct session *s, int64_t step)
{
    uint64_t state = (uint64_t)(s->key * 7919 + step);
    return (double)draw(&state);
}

static double eps_at(int64_t step)
{
    return step <= 12800 ? 1e-8 : 1e-7;
}

/* Adds steps from … to, each with its metrics and recorded, as the engine does. */
static void add(struct store *st, struct session *s, int64_t from, int64_t to)
{
    for (int64_t step = from; step <= to; step++) {
        struct step_metrics row = {.step = step, .lr = 0.1};
        double values[] = {beta1_at(s, step), 0.1, eps_at(step)}, w[] = {1, 2};
        struct recorded_step recorded = {.step = step, .parameters = w};
        OK(st->ops->history_add(st, s, &row, 1, &err));
        OK(st->ops->recording_add(st, s, &recorded, 1, &err));
        OK(st->ops->moved_add(st, s, &row, values, 1, &err));
        s->step = step;
    }
}

/* What is to come. */
struct expected {
    const struct session *s;
    bool eps;
    int64_t next;
};

static void take(void *user, int64_t step, double value)
{
    struct expected *x = user;
    double want = x->eps ? eps_at(step) : beta1_at(x->s, step);
    cr_assert_eq(step, x->next++, "step %lld", (long long)step);
    cr_assert_eq(memcmp(&value, &want, sizeof want), 0, "step %lld", (long long)step);
}

/* What is read of from … to are the steps first … last. */
static void expect(struct store *st, const struct session *s, const char *name, int64_t from,
                   int64_t to, int64_t first, int64_t last)
{
    struct history_range range = {.from = from, .to = to};
    struct expected x = {s, strcmp(name, "eps") == 0, first};
    OK(st->ops->moved_each(st, s, &range, name, take, &x, &err));
    cr_assert_eq(x.next, last + 1, "%s: steps %lld … %lld up to %lld", name, (long long)from,
                 (long long)to, (long long)x.next - 1);
}

static void expect_recorded(struct store *st, const struct session *s, int64_t first, int64_t last)
{
    struct arena a;
    struct history_range range = {0, INT64_MAX, 20000};
    struct recorded_step *rows = NULL;
    size_t count = 0;
    arena_init(&a);
    OK(st->ops->recording_read(st, s, &range, &a, &rows, &count, &err));
    cr_assert_eq(count, (size_t)(last - first + 1));
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(rows[i].step, first + (int64_t)i);
    arena_close(&a);
}

static void expect_all(struct store *st, const struct session *s, const struct session *other)
{
    expect(st, s, "beta1", 0, INT64_MAX, 1, s->step);
    expect(st, s, "eps", 0, INT64_MAX, LATE + 1, s->step);
    expect(st, s, "lr", 0, INT64_MAX, 1, 0);
    expect(st, s, "beta2", 0, INT64_MAX, 1, 0);
    expect(st, other, "beta1", 0, INT64_MAX, 1, other->step);
    expect_recorded(st, s, 1, s->step);
}

Test(moved, is_read_from_wherever_it_lies)
{
    struct store *st = store_at("a.db");
    struct session *a = moving(st, false), *late = moving(NULL, true), *b = moving(st, false);
    late->key = a->key;
    begin(st);
    add(st, a, 1, 4);
    expect(st, a, "beta1", 0, INT64_MAX, 1, 4);
    commit(st);
    for (int64_t step = 5; step <= 800; step += 4) {
        begin(st);
        add(st, step > LATE ? late : a, step, step + 3);
        if (step % 100 == 1)
            add(st, b, b->step + 1, b->step + 1);
        commit(st);
    }
    expect_all(st, late, b);
    expect(st, late, "beta1", 290, 310, 290, 310);
    expect(st, late, "beta1", 800, 900, 800, late->step);
    expect(st, late, "beta1", late->step + 1, 900, 1, 0);
    crash_copy("a.db", "b.db");
    st->ops->close(st);
    st = store_at("b.db");
    expect_all(st, late, b);
    st->ops->close(st);
    cr_expect_gt(number_from("b.db", "SELECT count(*) FROM moved_block"), 1);
    cr_expect_lt(number_from("b.db", "SELECT count(*) FROM moved_block"), 20);
    session_free(a);
    session_free(late);
    session_free(b);
}

Test(moved, a_value_takes_8_bytes_and_one_that_stays_none)
{
    struct store *st = store_at("a.db");
    struct session *s = moving(st, true);
    for (int64_t step = 1; step <= 25600; step += 256) {
        begin(st);
        add(st, s, step, step + 255);
        commit(st);
    }
    expect(st, s, "beta1", 0, INT64_MAX, 1, 25600);
    expect(st, s, "eps", 0, INT64_MAX, 1, 25600);
    st->ops->close(st);
    cr_expect_lt(number_from("a.db", "SELECT sum(length(moved)) FROM moved_block"), 25600 * 9);
    session_free(s);
}

Test(moved, undone_steps_are_not_there)
{
    struct store *st = store_at("a.db");
    struct session *a = moving(st, false), *b = moving(st, false);
    begin(st);
    add(st, a, 1, 2);
    OK(st->ops->mark(st, &err));
    add(st, b, 1, 5);
    st->ops->undo(st);
    commit(st);
    begin(st);
    add(st, a, 3, 900);
    st->ops->rollback(st);
    expect(st, a, "beta1", 0, INT64_MAX, 1, 2);
    expect(st, b, "beta1", 0, INT64_MAX, 1, 0);
    begin(st);
    add(st, a, 3, 3);
    commit(st);
    expect(st, a, "beta1", 0, INT64_MAX, 1, 3);
    st->ops->close(st);
    session_free(a);
    session_free(b);
}

Test(moved, goes_with_its_session)
{
    struct store *st = store_at("a.db");
    struct session *a = moving(st, false), *b = moving(st, false);
    begin(st);
    add(st, a, 1, 700);
    add(st, b, 1, 700);
    commit(st);
    begin(st);
    OK(st->ops->remove(st, a, &err));
    commit(st);
    expect(st, a, "beta1", 0, INT64_MAX, 1, 0);
    expect(st, b, "beta1", 0, INT64_MAX, 1, 700);
    st->ops->close(st);
    cr_expect_eq(number_from("a.db", "SELECT count(*) FROM moved_block WHERE session NOT IN "
                                     "(SELECT key FROM session)"),
                 0);
    session_free(a);
    session_free(b);
}

static void count_up(void *user, int64_t step, double value)
{
    (void)step;
    (void)value;
    ++*(int64_t *)user;
}

Test(moved, that_is_damaged_is_told)
{
    struct store *st = store_at("a.db");
    struct session *s = moving(st, false);
    struct history_range range = {.from = 0, .to = INT64_MAX};
    int64_t count = 0;
    begin(st);
    add(st, s, 1, 700);
    commit(st);
    begin(st);
    add(st, s, 701, 1000);
    commit(st);
    st->ops->close(st);
    sql_on("a.db", "UPDATE moved_block SET moved = CAST(substr(moved, 1, 99) || x'5a' || "
                   "substr(moved, 101) AS BLOB) WHERE first_step = 1");
    st = store_at("a.db");
    FAILS(ERR_STORE, st->ops->moved_each(st, s, &range, "beta1", count_up, &count, &err));
    SAYS("damaged");
    cr_expect_eq(count, 0);
    expect(st, s, "beta1", 900, 920, 900, 920);
    st->ops->close(st);
    session_free(s);
}
