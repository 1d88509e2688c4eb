/* session/run: each rule ends a run where it should, and not before. */
#include "session/run.h"

#include <criterion/criterion.h>
#include <math.h>

static struct session_run run_with(struct run_rules rules)
{
    struct session s = {.key = 7, .id = "01K8ZQ4W3N5T7V9X1Z3B5D7F9H"};
    struct session_run run;
    run_begin(&run, &s, &rules, 1000);
    return run;
}

static struct run_rules rules(int64_t steps)
{
    return (struct run_rules){.steps = steps,
                              .loss_below = NAN,
                              .gradient_norm_below = NAN,
                              .target = NAN,
                              .max_seconds = NAN};
}

static enum run_end step(struct session_run *run, double loss, double norm)
{
    struct step_output out = {.metrics = {.loss = loss, .gradient_norm = norm}};
    return run_judge(run, &out);
}

Test(run, has_an_id_and_a_session)
{
    struct session_run a = run_with(rules(1)), b = run_with(rules(1));
    cr_expect(id_valid(a.id));
    cr_expect_str_neq(a.id, b.id);
    cr_expect_str_eq(a.session, "01K8ZQ4W3N5T7V9X1Z3B5D7F9H");
    cr_expect_eq(a.key, 7);
    cr_expect_eq(a.created_ms, 1000);
    cr_expect_eq(a.end, RUN_GOES_ON);
}

Test(run, makes_the_steps_that_were_asked_for)
{
    struct session_run run = run_with(rules(3));
    cr_expect_eq(step(&run, 1, 1), RUN_GOES_ON);
    cr_expect_eq(step(&run, 1, 1), RUN_GOES_ON);
    cr_expect_eq(step(&run, 1, 1), RUN_MADE_ALL);
    cr_expect_eq(run.steps_done, 3);
}

Test(run, bounds_are_below_not_at)
{
    struct run_rules r = rules(100);
    r.loss_below = 1;
    r.gradient_norm_below = 0.5;
    struct session_run run = run_with(r);
    cr_expect_eq(step(&run, 1, 0.5), RUN_GOES_ON);
    cr_expect_eq(step(&run, 2, nextafter(0.5, 0)), RUN_GRADIENT);
    run = run_with(r);
    cr_expect_eq(step(&run, nextafter(1, 0), 3), RUN_LOSS);
    cr_expect_eq(step(&run, NAN, NAN), RUN_GOES_ON);
}

Test(run, a_target_is_a_loss)
{
    struct session_run run = run_with(rules(100));
    run.target_loss = 0.25;
    cr_expect_eq(step(&run, 0.5, 1), RUN_GOES_ON);
    cr_expect_eq(step(&run, 0.25, 1), RUN_TARGET);
}

Test(run, a_plateau_is_a_while_without_a_better_loss)
{
    struct run_rules r = rules(100);
    r.plateau_window = 3;
    r.plateau_relative = 0.1;
    struct session_run run = run_with(r);
    cr_expect_eq(step(&run, 10, 1), RUN_GOES_ON); /* the best one */
    cr_expect_eq(step(&run, 9.5, 1), RUN_GOES_ON);
    cr_expect_eq(step(&run, 9.1, 1), RUN_GOES_ON);
    cr_expect_eq(step(&run, 8.9, 1), RUN_GOES_ON); /* better by more than a tenth */
    cr_expect_eq(run.best, 8.9);
    cr_expect_eq(step(&run, 8.9, 1), RUN_GOES_ON);
    cr_expect_eq(step(&run, NAN, 1), RUN_GOES_ON);
    cr_expect_eq(step(&run, 8.5, 1), RUN_PLATEAU);
    r.plateau_window = 0;
    run = run_with(r);
    for (int i = 0; i < 50; i++)
        cr_expect_eq(step(&run, 1, 1), RUN_GOES_ON);
}

Test(run, a_plateau_of_negative_losses_too)
{
    struct run_rules r = rules(100);
    r.plateau_window = 2;
    r.plateau_relative = 0.5;
    struct session_run run = run_with(r);
    cr_expect_eq(step(&run, -10, 1), RUN_GOES_ON);
    cr_expect_eq(step(&run, -16, 1), RUN_GOES_ON);
    cr_expect_eq(run.best, -16.0);
    cr_expect_eq(step(&run, -20, 1), RUN_GOES_ON);
    cr_expect_eq(step(&run, -20, 1), RUN_PLATEAU);
}

Test(run, a_skipped_step_counts_and_tells_nothing)
{
    struct run_rules r = rules(2);
    r.loss_below = 1;
    struct session_run run = run_with(r);
    struct step_output out = {.skipped = true, .metrics = {.loss = 0}};
    cr_expect_eq(run_judge(&run, &out), RUN_GOES_ON);
    cr_expect_eq(run_judge(&run, &out), RUN_MADE_ALL);
}
