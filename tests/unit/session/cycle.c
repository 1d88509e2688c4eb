/* cycle_momentum and the store: a session goes on as it was, whatever the default became. What a
 * client sees of it is in api/examples/30-cycle.http; that the numbers are torch's in
 * tests/contract/scheduled.py. */
#include "fixture.h"

#include "session/schedules.h"

static struct err err;

static struct session *adam(const struct schedule_given *rate)
{
    struct scheduled_given schedules[] = {{"lr", rate}};
    return make(&(struct session_spec){.optimizer = "adam",
                                       .parameters = LIST(1),
                                       .schedules = schedules,
                                       .schedule_count = rate ? 1 : 0});
}

static char *text_of(const struct session *s)
{
    struct buf text;
    buf_init(&text);
    session_schedules_write(s, &text);
    buf_putc(&text, '\0');
    char *copy = strdup(text.data);
    buf_close(&text);
    return copy;
}

/* The names of what moves once `text` is read, and whether the first of it cycles. */
static const char *moving(const char *text, bool *ret_cycles)
{
    static char names[128];
    struct session *s = adam(NULL);
    err_init(&err);
    cr_assert_eq(session_schedules_read(s, text, &err), ERR_OK, "%s", err.at[0].detail);
    names[0] = '\0';
    for (int i = 0; i < s->schedules->count; i++) {
        const char *name = s->optim->hypers[s->schedules->list[i].hyper].name;
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s ", name);
    }
    const struct schedule_spec *first = &s->schedules->list[0].spec;
    *ret_cycles = first->h[hyper_find(first->schedule->hypers, "cycle_momentum")] != 0;
    session_free(s);
    return names;
}

Test(cycle, what_is_stored_is_read_again)
{
    struct hyper_arg args[] = {number("total_steps", 9)};
    struct schedule_given rate = {.name = "one_cycle", .args = args, .arg_count = 1};
    struct session *s = adam(&rate), *copy = adam(NULL);
    char *text = text_of(s);
    err_init(&err);
    cr_expect_eq(s->schedules->count, 2);
    cr_assert_eq(session_schedules_read(copy, text, &err), ERR_OK, "%s", err.at[0].detail);
    char *again = text_of(copy);
    cr_expect_str_eq(again, text);
    free(again);
    free(text);
    session_free(s);
    session_free(copy);
}

Test(cycle, a_session_of_before_goes_on_without_it)
{
    bool cycles;
    cr_expect_str_eq(
        moving("{\"lr\":{\"name\":\"one_cycle\",\"profile\":\"torch\",\"total_steps\":9}}",
               &cycles),
        "lr ");
    cr_expect_not(cycles);
}

/* Both were allowed once. */
Test(cycle, a_session_of_before_goes_on_with_a_schedule_of_its_own)
{
    bool cycles;
    cr_expect_str_eq(
        moving("{\"lr\":{\"name\":\"one_cycle\",\"profile\":\"torch\",\"total_steps\":9,"
               "\"cycle_momentum\":true},\"beta1\":{\"name\":\"constant\"}}",
               &cycles),
        "lr beta1 ");
    cr_expect(cycles);
}

/* The digests were first stored when cycle_momentum was false where nothing was said. */
Test(cycle, digests_that_are_stored_hold)
{
    struct hyper_arg args[] = {number("total_steps", 9), boolean("cycle_momentum", false)};
    struct schedule_given rate = {.name = "one_cycle", .args = args, .arg_count = 2};
    struct session *s = adam(&rate);
    cr_expect_eq(schedules_digest(s->optim, s->schedules->list, s->schedules->count),
                 UINT64_C(16488434069559031480));
    session_free(s);
}
