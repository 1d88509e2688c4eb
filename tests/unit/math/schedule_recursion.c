/* Recursive schedules: where the switch is on, that one state serves every base, and what is
 * refused. Their numbers against torch are among the golden files (schedule.c). */
#include "math/schedule_recursion.h"

#include <criterion/criterion.h>

static struct arena arena;

static void open_arena(void)
{
    arena_init(&arena);
}

static void close_arena(void)
{
    arena_close(&arena);
}

TestSuite(schedule_recursion, .init = open_arena, .fini = close_arena);

#define NUMBER(key, x)                                                                             \
    {                                                                                              \
        .name = key, .kind = ARG_NUMBER, .number = x                                               \
    }
#define SAID(x)                                                                                    \
    {                                                                                              \
        .name = "recursive", .kind = ARG_BOOL, .number = x                                         \
    }

static const struct hyper_arg step_args[] = {NUMBER("step_size", 3)},
                              line_args[] = {NUMBER("total_steps", 9)},
                              wave_args[] = {NUMBER("decay_steps", 40), NUMBER("eta_min", 0.01)},
                              from_args[] = {NUMBER("decay_steps", 40), NUMBER("initial", 0.3)},
                              rex_args[] = {NUMBER("total_steps", 9)},
                              zero_args[] = {NUMBER("total_steps", 9), NUMBER("start_factor", 0)},
                              again_args[] = {NUMBER("first_steps", 10)},
                              cut_args[] = {NUMBER("patience", 0)}, on[] = {SAID(1)},
                              off[] = {SAID(0)};
static const struct schedule_given step = {.name = "step", .args = step_args, .arg_count = 1},
                                   line = {.name = "linear", .args = line_args, .arg_count = 1},
                                   wave = {.name = "cosine", .args = wave_args, .arg_count = 2},
                                   from = {.name = "cosine", .args = from_args, .arg_count = 2},
                                   rex = {.name = "rex", .args = rex_args, .arg_count = 1},
                                   from_zero = {.name = "linear",
                                                .args = zero_args,
                                                .arg_count = 2},
                                   cuts = {.name = "plateau", .args = cut_args, .arg_count = 1},
                                   again = {.name = "cosine_restarts",
                                            .args = again_args,
                                            .arg_count = 1};

static struct schedule_given chain(const struct schedule_given *parts, const struct hyper_arg *said)
{
    return (struct schedule_given){.name = "chain",
                                   .args = said,
                                   .arg_count = said ? 1 : 0,
                                   .children_key = "schedules",
                                   .children = parts,
                                   .child_count = 2};
}

static enum err_code make(const struct schedule_given *given, enum profile profile,
                          struct schedule_spec *ret, struct err *err)
{
    err_init(err);
    enum err_code code = schedule_make(given, profile, "#", &arena, ret, err);
    if (!code)
        cr_assert_leq(schedule_place(ret, 0), 8);
    return code;
}

static void expect(bool on_expected, const struct schedule_given *parts,
                   const struct hyper_arg *said, enum profile profile)
{
    struct schedule_spec s;
    struct err err;
    struct schedule_given given = chain(parts, said);
    cr_assert_eq(make(&given, profile, &s, &err), ERR_OK, "%s", err.at[0].detail);
    cr_expect_eq(recursion_on(&s), on_expected, "%s, %s", parts[0].name, parts[1].name);
    cr_expect_eq(schedule_numbers(&s), on_expected ? 2 : 0);
}

Test(schedule_recursion, is_on_where_torch_differs_from_closed_forms)
{
    expect(true, (struct schedule_given[]){line, wave}, NULL, PROFILE_TORCH);
    expect(false, (struct schedule_given[]){line, wave}, off, PROFILE_TORCH);
    expect(false, (struct schedule_given[]){line, wave}, NULL, PROFILE_KERAS);
    expect(false, (struct schedule_given[]){line, step}, NULL, PROFILE_TORCH);
    expect(true, (struct schedule_given[]){line, step}, on, PROFILE_TORCH);
    expect(false, (struct schedule_given[]){line, rex}, NULL, PROFILE_TORCH);
    expect(false, (struct schedule_given[]){line, from}, NULL, PROFILE_TORCH);
    expect(false, (struct schedule_given[]){from_zero, wave}, NULL, PROFILE_TORCH);
}

Test(schedule_recursion, null_says_nothing_of_the_switch)
{
    struct hyper_arg nothing = {.name = "recursive", .kind = ARG_NULL};
    expect(true, (struct schedule_given[]){line, wave}, &nothing, PROFILE_TORCH);
    expect(false, (struct schedule_given[]){line, step}, &nothing, PROFILE_TORCH);
    expect(false, (struct schedule_given[]){line, rex}, &nothing, PROFILE_TORCH);
}

Test(schedule_recursion, is_refused_with_parts_that_torch_has_not)
{
    struct schedule_spec s;
    struct err err;
    for (int i = 0; i < 2; i++) {
        struct schedule_given parts[] = {line, i ? from : rex}, given = chain(parts, on);
        cr_expect_eq(make(&given, PROFILE_TORCH, &s, &err), ERR_VALIDATION);
        cr_expect_str_eq(err.at[0].pointer, "#/recursive");
    }
}

/* A session that was stored before there was the switch goes on as it began. */
Test(schedule_recursion, is_off_in_what_was_stored_before_it)
{
    struct schedule_spec s;
    struct err err;
    struct schedule_given parts[] = {line, wave}, silent = chain(parts, NULL);
    cr_assert_eq(make(&silent, PROFILE_TORCH, &s, &err), ERR_OK);
    recursion_only_said(&s, &silent);
    cr_expect_not(recursion_on(&s));
    struct schedule_given said = chain(parts, on);
    cr_assert_eq(make(&said, PROFILE_TORCH, &s, &err), ERR_OK);
    recursion_only_said(&s, &said);
    cr_expect(recursion_on(&s));
}

/* What a group with a base of its own and a base that is patched rest on. */
Test(schedule_recursion, one_state_serves_every_base)
{
    struct schedule_spec s;
    struct err err;
    double mine[2], other[2];
    struct schedule_given parts[] = {line, wave}, given = chain(parts, NULL);
    cr_assert_eq(make(&given, PROFILE_TORCH, &s, &err), ERR_OK);
    schedule_start(&s, 0, mine);
    schedule_start(&s, 0, other);
    for (uint64_t t = 0; t < 30; t++) {
        cr_expect_eq(schedule_value(&s, t, 0.7, mine), schedule_value(&s, t, 0.7, other));
        schedule_update(&s, SCHEDULE_AFTER_STEP, t, 0.1, NAN, mine);
        schedule_update(&s, SCHEDULE_AFTER_STEP, t, 0.7, NAN, other);
    }
    cr_expect_neq(schedule_value(&s, 30, 0.1, mine), schedule_value(&s, 30, 0.7, mine));
}

/* Each cut is a tenth of a value that is set anew; the product of them leaves the range. */
Test(schedule_recursion, cuts_without_end_stay_numbers)
{
    struct schedule_spec s;
    struct err err;
    double state[8], highest = 0;
    struct schedule_given parts[] = {again, cuts}, given = chain(parts, NULL);
    cr_assert_eq(make(&given, PROFILE_TORCH, &s, &err), ERR_OK);
    schedule_start(&s, 0, state);
    for (uint64_t t = 0; t < 1000; t++) {
        if (t >= 990)
            highest = fmax(highest, schedule_value(&s, t, 0.1, state));
        schedule_update(&s, SCHEDULE_AFTER_STEP, t, 0.1, 1.0, state);
    }
    cr_expect_float_eq(highest, 0.01, 1e-15); /* the top, cut once */
}

/* One that is set in the middle of a session has no past. */
Test(schedule_recursion, begins_late_with_the_closed_forms)
{
    struct schedule_spec s, closed;
    struct err err;
    double state[2];
    struct schedule_given parts[] = {line, wave}, given = chain(parts, NULL),
                          plain = chain(parts, off);
    cr_assert_eq(make(&given, PROFILE_TORCH, &s, &err), ERR_OK);
    cr_assert_eq(make(&plain, PROFILE_TORCH, &closed, &err), ERR_OK);
    schedule_start(&s, 20, state);
    double want = schedule_value(&closed, 20, 0.1, NULL);
    cr_expect_float_eq(schedule_value(&s, 20, 0.1, state), want, 1e-15);
    schedule_update(&s, SCHEDULE_AFTER_STEP, 20, 0.1, NAN, state);
    cr_expect_lt(schedule_value(&s, 21, 0.1, state), want);
}
