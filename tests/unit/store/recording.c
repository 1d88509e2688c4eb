/* Recorded steps: what was added is read again to the bit, from the open transaction, the tail,
 * the journal after a crash, and blocks; and nothing is read of what was undone or removed. */
#include "fixture.h"

TestSuite(recording, .init = folder_make, .fini = folder_remove, .timeout = 120);

enum { N = 2, BLOCK = 152 };

/* What step `step` of a session is recorded as: numbers that tell both apart. */
struct made {
    struct recorded_step r;
    double parameters[N], input[5];
    uint8_t block[BLOCK];
};

static void make(const struct session *s, int64_t step, struct made *m)
{
    uint64_t state = (uint64_t)(s->key * 1000003 + step);
    for (int i = 0; i < N; i++)
        m->parameters[i] = (double)draw(&state);
    for (int i = 0; i < 5; i++)
        m->input[i] = (double)draw(&state);
    for (int i = 0; i < BLOCK; i++)
        m->block[i] = (uint8_t)draw(&state);
    m->r = (struct recorded_step){.step = step, .parameters = m->parameters};
    if (step == 0)
        return;
    m->r.block = m->block;
    m->r.block_bytes = (size_t)(BLOCK - step % 8); /* not only multiples of 8 */
    if (step % 5 == 0)
        return;
    m->r.input = m->input;
    m->r.input_count = (size_t)(2 + step % 4);
}

/* Adds steps from … to, each with its metrics, as the engine does. */
static void add(struct store *st, struct session *s, int64_t from, int64_t to)
{
    for (int64_t step = from; step <= to; step++) {
        struct made m;
        make(s, step, &m);
        struct step_metrics row = {.step = step, .loss = 1.0 / (double)step, .lr = 0.1};
        if (step > 0)
            OK(st->ops->history_add(st, s, &row, 1, &err));
        OK(st->ops->recording_add(st, s, &m.r, 1, &err));
        s->step = step;
    }
}

static void expect_step(const struct session *s, const struct recorded_step *r, int64_t step)
{
    struct made m;
    make(s, step, &m);
    cr_assert_eq(r->step, step, "step %lld in the place of %lld", (long long)r->step,
                 (long long)step);
    cr_assert_arr_eq(r->parameters, m.parameters, sizeof m.parameters);
    cr_assert_eq(r->block_bytes, m.r.block_bytes);
    cr_assert_eq(r->input_count, m.r.input_count);
    cr_assert_eq(!r->block, !m.r.block);
    cr_assert_eq(!r->input, !m.r.input);
    if (r->block)
        cr_assert_arr_eq(r->block, m.block, r->block_bytes);
    if (r->input)
        cr_assert_arr_eq(r->input, m.input, r->input_count * sizeof *r->input);
}

/* What is read of from … to are the steps first … last. */
static void expect(struct store *st, const struct session *s, int64_t from, int64_t to,
                   size_t limit, int64_t first, int64_t last)
{
    struct arena a;
    struct history_range range = {from, to, limit};
    struct recorded_step *rows = NULL;
    size_t count = 0;
    arena_init(&a);
    OK(st->ops->recording_read(st, s, &range, &a, &rows, &count, &err));
    cr_assert_eq(count, (size_t)(last - first + 1), "%zu steps of %lld … %lld", count,
                 (long long)from, (long long)to);
    for (size_t i = 0; i < count; i++)
        expect_step(s, &rows[i], first + (int64_t)i);
    arena_close(&a);
}

static void expect_all(struct store *st, const struct session *s)
{
    expect(st, s, 0, INT64_MAX, 20000, 0, s->step);
}

static struct session *small_session(struct store *st)
{
    struct session *s = plain_session("adam", NULL, N, NULL);
    insert(st, s);
    return s;
}

static struct store *memory_store(void)
{
    struct store *st = NULL;
    OK(store_open("memory:", &st, &err));
    return st;
}

Test(recording, is_read_from_wherever_it_lies)
{
    struct store *st = store_at("a.db");
    struct session *a = small_session(st), *b = small_session(st);
    begin(st);
    add(st, a, 0, 3);
    add(st, b, 0, 0);
    expect_all(st, a);
    commit(st);
    for (int64_t step = 4; step <= 800; step += 4) {
        begin(st);
        add(st, a, step, step + 3);
        if (step % 100 == 0)
            add(st, b, b->step + 1, b->step + 1);
        commit(st);
    }
    expect_all(st, a);
    expect_all(st, b);
    expect(st, a, 500, 600, 1000, 500, 600);
    expect(st, a, 500, 600, 7, 500, 506);
    expect(st, a, 802, INT64_MAX, 10, 802, 803);
    expect(st, a, 804, 900, 10, 804, 803);
    crash_copy("a.db", "b.db");
    st->ops->close(st);
    st = store_at("b.db");
    expect_all(st, a);
    expect_all(st, b);
    st->ops->close(st);
    cr_expect_gt(number_from("b.db", "SELECT count(*) FROM recording_block"), 1);
    cr_expect_lt(number_from("b.db", "SELECT count(*) FROM recording_block"), 20);
    session_free(a);
    session_free(b);
}

Test(recording, undone_steps_are_not_there)
{
    struct store *st = memory_store();
    struct session *a = small_session(st), *b = small_session(st);
    begin(st);
    add(st, a, 0, 2);
    OK(st->ops->mark(st, &err));
    add(st, b, 0, 5);
    st->ops->undo(st);
    commit(st);
    begin(st);
    add(st, a, 3, 900);
    st->ops->rollback(st);
    b->step = 5;
    expect(st, b, 0, INT64_MAX, 10, 0, -1);
    expect(st, a, 0, INT64_MAX, 1000, 0, 2);
    begin(st);
    add(st, a, 3, 3);
    commit(st);
    expect_all(st, a);
    st->ops->close(st);
    session_free(a);
    session_free(b);
}

Test(recording, goes_with_its_session)
{
    struct store *st = store_at("a.db");
    struct session *a = small_session(st), *b = small_session(st);
    begin(st);
    add(st, a, 0, 700);
    add(st, b, 0, 700);
    commit(st);
    begin(st);
    add(st, a, 701, 702);
    OK(st->ops->remove(st, a, &err));
    commit(st);
    expect(st, a, 0, INT64_MAX, 1000, 0, -1);
    expect_all(st, b);
    st->ops->close(st);
    cr_expect_eq(number_from("a.db", "SELECT count(*) FROM recording_block WHERE session NOT IN "
                                     "(SELECT key FROM session)"),
                 0);
    session_free(a);
    session_free(b);
}

/* The newest RECORDING_STEPS are there, and not many more. */
Test(recording, old_steps_go)
{
    struct store *st = memory_store();
    struct session *s = small_session(st);
    struct history_range range = {0, INT64_MAX, 50000};
    struct arena a;
    struct recorded_step *rows = NULL;
    size_t count = 0;
    for (int64_t step = 0; step < 3 * RECORDING_STEPS; step += 500) {
        begin(st);
        add(st, s, step, step + 499);
        commit(st);
    }
    arena_init(&a);
    OK(st->ops->recording_read(st, s, &range, &a, &rows, &count, &err));
    cr_expect_geq(count, (size_t)RECORDING_STEPS);
    cr_expect_leq(count, (size_t)RECORDING_STEPS + 1000);
    for (size_t i = 0; i < count; i++)
        expect_step(s, &rows[i], s->step - (int64_t)count + 1 + (int64_t)i);
    arena_close(&a);
    st->ops->close(st);
    session_free(s);
}

Test(recording, that_is_damaged_is_told)
{
    struct arena a;
    struct history_range range = {0, INT64_MAX, 1000};
    struct recorded_step *rows = NULL;
    size_t count = 0;
    struct store *st = store_at("a.db");
    struct session *s = small_session(st);
    begin(st);
    add(st, s, 0, 700);
    commit(st);
    st->ops->close(st);
    sql_on("a.db", "UPDATE recording_block SET steps = CAST(substr(steps, 1, 999) || x'5a' || "
                   "substr(steps, 1001) AS BLOB) WHERE first_step = 0");
    st = store_at("a.db");
    arena_init(&a);
    FAILS(ERR_STORE, st->ops->recording_read(st, s, &range, &a, &rows, &count, &err));
    SAYS("are damaged");
    arena_close(&a);
    expect(st, s, 600, 620, 1000, 600, 620);
    st->ops->close(st);
    session_free(s);
}
