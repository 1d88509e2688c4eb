/* engine/events: what readers get, in which order, and what they are told of what they miss; and
 * what the engine publishes. */
#include "engine/events.h"
#include "base/clock.h"
#include "engine/fixture.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

TestSuite(events, .timeout = 60);

/* ---- the ring alone -------------------------------------------------------------------------- */

enum { READ = 8192 };
static struct event got[READ];

static struct session named(int64_t key)
{
    struct session s = {.key = key};
    snprintf(s.id, sizeof s.id, "session-%lld", (long long)key);
    return s;
}

static struct watched watched(int64_t key, int64_t step)
{
    struct watched w = {.key = key, .step = step};
    snprintf(w.id, sizeof w.id, "session-%lld", (long long)key);
    return w;
}

/* Steps from … to of a session, in the open transaction. */
static void add_steps(struct events *v, int64_t key, int64_t from, int64_t to)
{
    size_t count = (size_t)(to - from + 1);
    struct step_metrics *rows = calloc(count, sizeof *rows);
    struct session s = named(key);
    for (size_t i = 0; i < count; i++)
        rows[i] = (struct step_metrics){.step = from + (int64_t)i, .loss = (double)i};
    events_add_steps(v, &s, rows, NULL, count);
    free(rows);
}

static void expect_step(const struct event *e, int64_t key, int64_t step)
{
    cr_assert_eq(e->kind, EVENT_STEP);
    cr_assert_eq(e->key, key);
    cr_assert_eq(e->row.step, step, "step %lld, not %lld", (long long)e->row.step, (long long)step);
}

static void expect_gap(const struct event *e, int64_t key, int64_t first, int64_t last)
{
    cr_assert_eq(e->kind, EVENT_GAP);
    cr_assert_eq(e->key, key);
    cr_assert_eq(e->step, first, "from %lld, not %lld", (long long)e->step, (long long)first);
    cr_assert_eq(e->last, last, "to %lld, not %lld", (long long)e->last, (long long)last);
}

Test(events, only_what_is_committed_and_watched)
{
    struct events *v = events_new();
    add_steps(v, 1, 1, 3); /* nobody watches yet */
    events_publish(v);
    struct watched w = watched(1, 3);
    struct event_reader *r = events_subscribe(v, &w, 1);
    cr_expect_not(events_due(r));
    add_steps(v, 1, 4, 5);
    add_steps(v, 2, 1, 9);
    cr_expect_not(events_due(r));
    cr_expect_eq(events_read(r, got, READ), 0);
    events_publish(v);
    cr_expect(events_due(r));
    cr_assert_eq(events_read(r, got, READ), 2);
    expect_step(&got[0], 1, 4);
    expect_step(&got[1], 1, 5);
    cr_expect_str_eq(got[1].id, "session-1");
    add_steps(v, 1, 6, 7);
    events_drop(v);
    events_publish(v);
    cr_expect_not(events_due(r));
    cr_expect_eq(events_read(r, got, READ), 0);
    events_unsubscribe(r);
    events_free(v);
}

Test(events, undo_takes_back_to_the_mark)
{
    struct events *v = events_new();
    struct event_reader *r = events_subscribe(v, NULL, 0);
    add_steps(v, 1, 1, 1);
    size_t mark = events_mark(v);
    add_steps(v, 2, 1, 5);
    events_undo(v, mark);
    add_steps(v, 3, 1, 1);
    events_publish(v);
    cr_assert_eq(events_read(r, got, READ), 2);
    expect_step(&got[0], 1, 1);
    expect_step(&got[1], 3, 1);
    events_unsubscribe(r);
    events_free(v);
}

Test(events, each_reader_has_its_own_place)
{
    struct events *v = events_new();
    struct watched both[2] = {watched(1, 0), watched(2, 0)};
    struct event_reader *one = events_subscribe(v, both, 1);
    struct event_reader *two = events_subscribe(v, both, 2);
    struct event_reader *all = events_subscribe(v, NULL, 0);
    add_steps(v, 1, 1, 2);
    add_steps(v, 2, 1, 1);
    add_steps(v, 3, 1, 1);
    events_publish(v);
    cr_expect_eq(events_read(one, got, READ), 2);
    cr_expect_eq(events_read(two, got, 2), 1, "there is room for a gap beside each event");
    cr_expect_eq(events_read(two, got, READ), 2);
    cr_expect_eq(events_read(all, got, READ), 4);
    expect_step(&got[3], 3, 1);
    events_unsubscribe(all);
    events_unsubscribe(two);
    add_steps(v, 2, 2, 2);
    add_steps(v, 1, 3, 3);
    events_publish(v);
    cr_assert_eq(events_read(one, got, READ), 1);
    expect_step(&got[0], 1, 3);
    events_unsubscribe(one);
    events_free(v);
}

Test(events, a_long_batch_is_told_by_its_end)
{
    struct events *v = events_new();
    struct watched w = watched(1, 0);
    struct event_reader *r = events_subscribe(v, &w, 1), *all = events_subscribe(v, NULL, 0);
    add_steps(v, 1, 1, 5000);
    events_publish(v);
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(events_read(i ? all : r, got, READ), EVENTS_RUN + 1);
        expect_gap(&got[0], 1, 1, 5000 - EVENTS_RUN);
        expect_step(&got[1], 1, 5000 - EVENTS_RUN + 1);
        expect_step(&got[EVENTS_RUN], 1, 5000);
    }
    events_unsubscribe(all);
    events_unsubscribe(r);
    events_free(v);
}

/* More than the ring holds, of one session and then of others. */
Test(events, who_is_overtaken_is_told_what_it_missed)
{
    struct events *v = events_new();
    struct watched w[2] = {watched(1, 10), watched(2, 0)};
    struct event_reader *r = events_subscribe(v, w, 2), *all = events_subscribe(v, NULL, 0);
    int64_t last = 10;
    add_steps(v, 2, 1, 7);
    for (int i = 0; i < EVENTS_RING / 500 + 3; i++, last += 500) {
        add_steps(v, 1, last + 1, last + 500);
        events_publish(v);
    }
    size_t count = events_read(r, got, READ);
    cr_assert_eq(count, EVENTS_KEPT + 2);
    expect_gap(&got[0], 1, 11, last - EVENTS_KEPT);
    cr_expect_str_eq(got[0].id, "session-1");
    expect_step(&got[1], 1, last - EVENTS_KEPT + 1);
    expect_step(&got[EVENTS_KEPT], 1, last);
    expect_gap(&got[EVENTS_KEPT + 1], 2, 1, 7);
    cr_expect_not(events_due(r));
    cr_assert_eq(events_read(all, got, READ), EVENTS_KEPT + 1);
    expect_gap(&got[0], 0, 0, 0);
    expect_step(&got[1], 1, last - EVENTS_KEPT + 1);
    events_unsubscribe(all);
    events_unsubscribe(r);
    events_free(v);
}

/* A transaction that fills the ring and is then dropped has overwritten what was there. */
Test(events, a_dropped_transaction_tells_no_lies)
{
    struct events *v = events_new();
    struct watched w = watched(1, 0);
    struct event_reader *r = events_subscribe(v, &w, 1);
    add_steps(v, 1, 1, 3);
    events_publish(v);
    for (int i = 0; i < EVENTS_RING / 500 + 1; i++)
        add_steps(v, 1, 4 + i * 500, 3 + (i + 1) * 500);
    events_drop(v);
    cr_assert_eq(events_read(r, got, READ), 1);
    expect_gap(&got[0], 1, 1, 3);
    add_steps(v, 1, 4, 4);
    events_publish(v);
    cr_assert_eq(events_read(r, got, READ), 1);
    expect_step(&got[0], 1, 4);
    events_unsubscribe(r);
    events_free(v);
}

static void *publish_one(void *arg)
{
    struct events *v = arg;
    add_steps(v, 1, 1, 1);
    events_publish(v);
    return NULL;
}

Test(events, waiting_ends_with_news_or_in_time)
{
    struct events *v = events_new();
    struct event_reader *r = events_subscribe(v, NULL, 0);
    pthread_t thread;
    int64_t start = clock_monotonic_ns();
    events_wait(v, start + 20000000);
    cr_expect_geq(clock_monotonic_ns() - start, 20000000);
    pthread_create(&thread, NULL, publish_one, v);
    events_wait(v, start + 30000000000);
    cr_expect_lt(clock_monotonic_ns() - start, 20000000000);
    cr_expect(events_due(r));
    pthread_join(thread, NULL);
    events_wake(v);
    events_wait(v, clock_monotonic_ns() + 30000000000); /* what happened before counts */
    cr_expect_lt(clock_monotonic_ns() - start, 20000000000);
    events_unsubscribe(r);
    events_free(v);
}

/* A writer and readers at once: each gets all, in order, or is told. For the thread sanitizer too,
 * through the server's tests. */
struct follower {
    struct event_reader *reader;
    int64_t last, missed;
    int64_t until;
};

static void *follow_steps(void *arg)
{
    struct follower *f = arg;
    static _Thread_local struct event mine[1024];
    while (f->last < f->until) {
        size_t count = events_read(f->reader, mine, 1024);
        for (size_t i = 0; i < count; i++) {
            const struct event *e = &mine[i];
            int64_t first = e->kind == EVENT_GAP ? e->step : e->row.step;
            if (first != f->last + 1)
                return NULL;
            f->last = e->kind == EVENT_GAP ? e->last : e->row.step;
            f->missed += e->kind == EVENT_GAP ? e->last - e->step + 1 : 0;
        }
    }
    return NULL;
}

Test(events, readers_beside_a_writer)
{
    enum { READERS = 3, STEPS = 200000 };
    struct events *v = events_new();
    struct follower followers[READERS];
    pthread_t threads[READERS];
    struct watched w = watched(1, 0);
    for (int i = 0; i < READERS; i++) {
        followers[i] = (struct follower){events_subscribe(v, &w, 1), 0, 0, STEPS};
        pthread_create(&threads[i], NULL, follow_steps, &followers[i]);
    }
    for (int64_t step = 0; step < STEPS; step += 20) {
        add_steps(v, 1, step + 1, step + 20);
        events_publish(v);
    }
    for (int i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
        cr_expect_eq(followers[i].last, STEPS, "reader %d got to %lld", i,
                     (long long)followers[i].last);
        events_unsubscribe(followers[i].reader);
    }
    events_free(v);
}

/* ---- what the engine tells ------------------------------------------------------------------- */

/* A reader of the sessions, or of all. */
static struct event_reader *watch(struct engine *e, struct watch_item *items, int count)
{
    struct call c;
    call_init(&c, JOB_WATCH, NULL);
    c.job.watches = items;
    c.job.watch_count = count;
    cr_assert_eq(call_run(e, &c), ERR_OK, "%s", c.err.at[0].detail);
    struct event_reader *r = c.job.reader;
    call_close(&c);
    return r;
}

static void expect_kinds(struct event_reader *r, const enum event_kind *kinds, size_t count)
{
    cr_assert_eq(events_read(r, got, READ), count);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(got[i].kind, kinds[i], "event %zu is of kind %d, not %d", i, got[i].kind,
                     kinds[i]);
}

static void patch_policy(struct engine *e, const char *on_nonfinite)
{
    struct call c;
    struct session_patch patch = {.on_nonfinite = on_nonfinite};
    call_init(&c, JOB_PATCH, "toy");
    c.job.patch = &patch;
    cr_assert_eq(call_run(e, &c), ERR_OK);
    call_close(&c);
}

Test(events, the_life_of_a_session)
{
    struct engine *e = engine_over(memory_store(), 1 << 20);
    struct event_reader *all = watch(e, NULL, 0);
    struct call c;
    cr_assert_eq(make_session(e, "toy"), ERR_OK);
    cr_assert_eq(step_once(e, "toy", 8), ERR_OK);
    patch_policy(e, "skip");
    call_init(&c, JOB_DELETE, "toy");
    cr_assert_eq(call_run(e, &c), ERR_OK);
    call_close(&c);
    expect_kinds(all, (enum event_kind[]){EVENT_CREATED, EVENT_STEP, EVENT_UPDATE, EVENT_DELETED},
                 4);
    cr_expect_eq(got[0].revision, 1);
    cr_expect_eq(got[1].row.step, 1);
    cr_expect_eq(got[1].row.gradient_norm, 8);
    cr_expect_eq(got[2].revision, 3);
    cr_expect_eq(got[2].step, 1);
    cr_expect_eq(strlen(got[3].id), ID_LEN);
    events_unsubscribe(all);
    engine_free(e);
}

Test(events, steps_that_are_not_finite)
{
    struct engine *e = engine_over(memory_store(), 1 << 20);
    cr_assert_eq(make_session(e, "toy"), ERR_OK);
    struct watch_item item = {.id = "toy", .after = -1};
    struct event_reader *r = watch(e, &item, 1);
    cr_expect_eq(step_once(e, "toy", 8), ERR_OK);
    cr_expect_eq(step_once(e, "toy", INFINITY), ERR_NONFINITE);
    patch_policy(e, "skip");
    cr_expect_eq(step_once(e, "toy", INFINITY), ERR_OK);
    patch_policy(e, "allow");
    cr_expect_eq(step_once(e, "toy", INFINITY), ERR_OK);
    expect_kinds(r,
                 (enum event_kind[]){EVENT_STEP, EVENT_NONFINITE, EVENT_UPDATE, EVENT_NONFINITE,
                                     EVENT_UPDATE, EVENT_STEP, EVENT_NONFINITE},
                 7);
    for (int i = 0; i < 3; i++) {
        static const int places[] = {1, 3, 6};
        static const enum on_nonfinite policies[] = {NONFINITE_REJECT, NONFINITE_SKIP,
                                                     NONFINITE_ALLOW};
        const struct event *bad = &got[places[i]];
        cr_expect_eq(bad->step, 2);
        cr_expect_eq(bad->count, 1);
        cr_expect_eq(bad->on_nonfinite, policies[i]);
    }
    events_unsubscribe(r);
    engine_free(e);
}

Test(events, a_dry_run_and_a_failed_step_are_not_told)
{
    struct engine *e = engine_over(memory_store(), 1 << 20);
    cr_assert_eq(make_session(e, "toy"), ERR_OK);
    struct event_reader *all = watch(e, NULL, 0);
    struct step_input in;
    struct call c;
    double g = 8;
    step_call(&c, "toy", &in, &g);
    c.job.dry_run = true;
    cr_expect_eq(call_run(e, &c), ERR_OK);
    call_close(&c);
    step_call(&c, "toy", &in, &g);
    in.expected_step = 17;
    cr_expect_eq(call_run(e, &c), ERR_STEP_MOVED);
    call_close(&c);
    cr_expect_eq(events_read(all, got, READ), 0);
    events_unsubscribe(all);
    engine_free(e);
}

static void watch_after(struct engine *e, struct call *c, struct watch_item *item, int64_t after)
{
    *item = (struct watch_item){.id = "toy", .after = after};
    call_init(c, JOB_WATCH, NULL);
    c->job.watches = item;
    c->job.watch_count = 1;
    cr_assert_eq(call_run(e, c), ERR_OK);
    events_unsubscribe(c->job.reader);
}

Test(events, the_past_comes_with_the_reader)
{
    struct engine *e = engine_over(memory_store(), 1 << 20);
    struct watch_item item;
    struct call c;
    cr_assert_eq(make_session(e, "toy"), ERR_OK);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(step_once(e, "toy", 1), ERR_OK);
    watch_after(e, &c, &item, 7);
    cr_assert_eq(item.row_count, 3);
    cr_expect_eq(item.rows[0].step, 8);
    cr_expect_eq(item.session.step, 10);
    call_close(&c);
    for (int i = 0; i < 3; i++) {
        watch_after(e, &c, &item, (int64_t[]){-1, 10, 99}[i]);
        cr_expect_eq(item.row_count, 0);
        call_close(&c);
    }
    engine_free(e);
}

Test(events, a_reader_of_what_is_not_there)
{
    struct engine *e = engine_over(memory_store(), 1 << 20);
    struct watch_item items[2] = {{.id = "toy"}, {.id = "toy"}};
    struct call c;
    for (int i = 0; i < 2; i++) {
        call_init(&c, JOB_WATCH, NULL);
        c.job.watches = items;
        c.job.watch_count = 2;
        cr_expect_eq(call_run(e, &c), i ? ERR_REQUEST : ERR_NOT_FOUND);
        cr_expect_null(c.job.reader);
        call_close(&c);
        if (!i)
            cr_assert_eq(make_session(e, "toy"), ERR_OK);
    }
    engine_free(e);
}
