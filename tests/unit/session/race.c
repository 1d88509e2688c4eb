/* session/race: who races together has the same time, and ends together. */
#include "session/race.h"

#include "session/objective.h"

#include <criterion/criterion.h>
#include <math.h>

TestSuite(race, .timeout = 60);

enum { ENTRIES = 3 };

static struct objective_spec *wide(struct arena *a, struct err *err)
{
    struct objective_given given = {
        .name = "rastrigin", .dimension = 20000, .batch_size = -1, .seed = -1};
    struct objective_spec *spec = NULL;
    cr_assert_eq(objective_make(&given, "#/objective", a, &spec, err), ERR_OK, "%s",
                 err->at[0].detail);
    return spec;
}

/* Nobody made less than a twentieth of what another did. */
static bool evenly(const struct race *race)
{
    int64_t most = 0, least = INT64_MAX;
    for (int i = 0; i < ENTRIES; i++) {
        int64_t done = race->runs[i].steps_done;
        most = done > most ? done : most;
        least = done < least ? done : least;
    }
    return 20 * least > most;
}

/* A race that nobody can end in time: all entries alike, with a million steps before them. */
static struct race_request endless(struct arena *a, struct err *err)
{
    static struct hyper_arg lr = {.name = "lr", .kind = ARG_NUMBER, .number = 1e-6};
    static struct session_spec entries[ENTRIES];
    struct objective_spec *spec = wide(a, err);
    double *start = arena_alloc(a, spec->n * sizeof *start);
    objective_start(spec, 0, start);
    for (int i = 0; i < ENTRIES; i++)
        entries[i] = (struct session_spec){.optimizer = "gd", .args = &lr, .arg_count = 1};
    return (struct race_request){.objective = spec,
                                 .entries = entries,
                                 .count = ENTRIES,
                                 .steps = 1000000,
                                 .start = start,
                                 .target = NAN};
}

/* On a machine that does other things as well, a whole turn may be taken from one of them. */
Test(race, time_that_runs_out_is_shared)
{
    struct arena a;
    struct err err;
    struct race race;
    arena_init(&a);
    err_init(&err);
    struct race_request q = endless(&a, &err);
    q.max_seconds = 0.6;
    bool shared = false;
    for (int tries = 0; tries < 5 && !shared; tries++) {
        cr_assert_eq(race_run(&q, &a, &race, &err), ERR_OK, "%s", err.at[0].detail);
        for (int i = 0; i < ENTRIES; i++)
            cr_expect_eq(race.runs[i].end, RACE_OUT_OF_TIME, "%d", i);
        shared = evenly(&race);
    }
    cr_expect(shared);
    arena_close(&a);
}

/* Whether all should end: from the second time on that it is asked. */
static bool at_second(void *user)
{
    return (*(int *)user)++ > 0;
}

Test(race, all_end_where_nobody_waits)
{
    struct arena a;
    struct err err;
    struct race race;
    int asked = 0;
    arena_init(&a);
    err_init(&err);
    struct race_request q = endless(&a, &err);
    q.max_seconds = 30;
    q.stop = at_second;
    q.user = &asked;
    cr_assert_eq(race_run(&q, &a, &race, &err), ERR_OK, "%s", err.at[0].detail);
    cr_expect_eq(asked, 2);
    cr_expect_gt(race.runs[0].steps_done, 0);
    for (int i = 0; i < ENTRIES; i++)
        cr_expect_eq(race.runs[i].end, RACE_CANCELLED, "%d", i);
    for (int i = 1; i < ENTRIES; i++)
        cr_expect_eq(race.runs[i].steps_done, 0, "%d", i);
    arena_close(&a);
}
