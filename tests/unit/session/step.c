/* session_step: order of the checks, reduction, needs, policies, the touched flag, float32. */
#include "fixture.h"

static struct err err;

static struct session *adam(const char *on_nonfinite)
{
    struct hyper_arg lr = number("lr", 0.1);
    return make(&(struct session_spec){.optimizer = "adam",
                                       .args = &lr,
                                       .arg_count = 1,
                                       .on_nonfinite = on_nonfinite,
                                       .parameters = LIST(4, 5, 6, 7)});
}

static struct session *gd(double lr, struct values parameters, const char *on_nonfinite,
                          const char *dtype)
{
    struct hyper_arg arg = number("lr", lr);
    return make(&(struct session_spec){.optimizer = "gd",
                                       .args = &arg,
                                       .arg_count = 1,
                                       .on_nonfinite = on_nonfinite,
                                       .dtype = dtype,
                                       .parameters = parameters});
}

Test(step, fills_metrics_and_counts)
{
    struct session *s = gd(0.125, LIST(4, 8), NULL, NULL);
    struct values g = LIST(3, 4);
    struct step_output out = step(
        s, &(struct step_input){.gradient = g, .has_loss = true, .loss = 16, .expected_step = 0});
    cr_expect(weight(s, 0) == 4 - 0.375 && weight(s, 1) == 7.5);
    cr_expect_eq(s->step, 1);
    cr_expect_eq(s->revision, 1, "the caller counts revisions");
    cr_expect_eq(s->updated_ms, NOW + 1);
    cr_expect_eq(out.metrics.step, 1);
    cr_expect_eq(out.metrics.loss, 16);
    cr_expect_eq(out.metrics.lr, 0.125);
    cr_expect_eq(out.metrics.gradient_norm, 5);
    cr_expect_eq(out.metrics.update_norm, 0.625);
    cr_expect_eq(out.metrics.time_ms, NOW + 1);
    cr_expect_not(out.skipped);
    cr_expect_null(out.parameters);
    cr_expect_eq(memcmp(&s->last, &out.metrics, sizeof s->last), 0);
    out = step(s, &(struct step_input){.gradient = g, .expected_step = 1});
    cr_expect(isnan(out.metrics.loss));
    session_free(s);
}

Test(step, the_textbook_step_of_adam)
{
    struct session *s = adam(NULL);
    struct values g = LIST(8, 10, 12, 14);
    step(s, &(struct step_input){.gradient = g, .expected_step = -1});
    cr_expect_float_eq(weight(s, 0), 3.900000000125, 1e-12);
    session_free(s);
}

Test(step, another_expected_step_is_told_before_all_else)
{
    struct session *s = adam(NULL);
    struct values g = LIST(NAN);
    step_fails(s, &(struct step_input){.gradient = g, .expected_step = 3}, &err, ERR_STEP_MOVED);
    cr_expect_eq(err.count, 1);
    cr_expect_eq(err.step, 0);
    cr_expect_eq(err.revision, 1);
    has_violation(&err, "#/expected_step", "expected step 3, the session is at step 0", "");
    session_free(s);
}

Test(step, violations_carry_the_place_of_the_step)
{
    struct session *s = adam(NULL);
    struct values g = LIST(1, 2), h = LIST(1, 1, 1, 1);
    double matrix[16] = {0};
    bool touched = step_fails(s,
                              &(struct step_input){.gradient = g,
                                                   .hessian = matrix,
                                                   .hessian_rows = 4,
                                                   .hessian_columns = 4,
                                                   .expected_step = -1,
                                                   .pointer = "#/steps/17"},
                              &err, ERR_VALIDATION);
    cr_expect_not(touched);
    has_violation(&err, "#/steps/17/gradient",
                  "expected shape [4] as in the parameters, given shape [2]", "");
    has_violation(&err, "#/steps/17/hessian", "adam does not use hessian", "");
    step_fails(s, &(struct step_input){.hessian_diagonal = h, .expected_step = -1}, &err,
               ERR_NEEDS);
    has_violation(&err, "#/gradient",
                  "adam needs a gradient, or a session with an objective that gives it", "");
    has_violation(&err, "#/hessian_diagonal", "adam does not use hessian_diagonal", "");
    g = LIST(1, 2, NAN, 4);
    touched = step_fails(s,
                         &(struct step_input){.gradient = g,
                                              .has_loss = true,
                                              .loss = INFINITY,
                                              .expected_step = -1,
                                              .pointer = "#/steps/17"},
                         &err, ERR_NONFINITE);
    cr_expect_not(touched);
    has_violation(&err, "#/steps/17/gradient/2", "not finite", "");
    has_violation(&err, "#/steps/17/loss", "not finite", "");
    cr_expect_eq(s->step, 0);
    session_free(s);
}

/* ---- several gradients ---- */

static struct values many[3];

static struct step_input reduction(const double *weights, size_t count, bool sum)
{
    many[0] = LIST(1, 10);
    many[1] = LIST(2, 20);
    many[2] = LIST(6, 60);
    return (struct step_input){.gradients = many,
                               .gradient_count = 3,
                               .weights = weights,
                               .weight_count = count,
                               .reduce_sum = sum,
                               .expected_step = -1};
}

/* gd with lr 1 from 0: what moves is the reduced gradient. */
static void reduces_to(const struct step_input *in, double first)
{
    struct session *s = gd(1, LIST(0, 0), NULL, NULL);
    step(s, in);
    cr_expect_eq(weight(s, 0), -first, "%.17g, expected %.17g", -weight(s, 0), first);
    cr_expect_eq(weight(s, 1), -10 * first);
    session_free(s);
}

Test(step, reductions)
{
    static const double weights[] = {1, 0, 3}, zeros[] = {0, 0, 0};
    struct step_input in = reduction(NULL, 0, false);
    reduces_to(&in, 3);
    in = reduction(NULL, 0, true);
    reduces_to(&in, 9);
    in = reduction(weights, 3, false);
    reduces_to(&in, 19.0 / 4);
    in = reduction(weights, 3, true);
    reduces_to(&in, 19);
    in = reduction(zeros, 3, true);
    reduces_to(&in, 0);
}

Test(step, reductions_refused)
{
    static const double negative[] = {1, -1, 3}, zeros[] = {0, 0, 0}, huge[] = {1e308, 1e308, 0};
    struct session *s = gd(1, LIST(0, 0), NULL, NULL);
    struct step_input in = reduction(negative, 3, true);
    step_fails(s, &in, &err, ERR_VALIDATION);
    has_violation(&err, "#/weights/1", "not negative", "");
    in = reduction(zeros, 2, false);
    step_fails(s, &in, &err, ERR_VALIDATION);
    has_violation(&err, "#/weights", "one weight for each of 3 gradients, given 2", "");
    in = reduction(zeros, 3, false);
    step_fails(s, &in, &err, ERR_VALIDATION);
    has_violation(&err, "#/weights", "positive, finite sum", "");
    in = reduction(huge, 3, false);
    step_fails(s, &in, &err, ERR_VALIDATION);
    has_violation(&err, "#/weights", "positive, finite sum", "");

    in = reduction(NULL, 0, false);
    many[0] = LIST(1);
    many[2] = LIST(1, 2, 3);
    step_fails(s, &in, &err, ERR_VALIDATION);
    has_violation(&err, "#/gradients/0", "expected shape [2]", "");
    has_violation(&err, "#/gradients/2", "expected shape [2]", "");
    cr_expect_eq(err.count, 2);

    in = reduction(NULL, 0, false);
    many[1] = LIST(1, INFINITY);
    step_fails(s, &in, &err, ERR_NONFINITE);
    has_violation(&err, "#/gradients/1/1", "inf is not finite", "");

    in = reduction(NULL, 0, true);
    many[0] = many[1] = LIST(1e308, 1);
    step_fails(s, &in, &err, ERR_NONFINITE);
    has_violation(&err, "#/gradients", "the reduced gradient is not finite", "");

    in = reduction(NULL, 0, false);
    in.gradient_count = 0;
    step_fails(s, &in, &err, ERR_VALIDATION);
    has_violation(&err, "#/gradients", "at least one", "");

    in = reduction(NULL, 0, false);
    in.gradient = many[0];
    step_fails(s, &in, &err, ERR_VALIDATION);
    has_violation(&err, "#/gradients", "either gradient or gradients", "");

    in = (struct step_input){.gradient = many[2], .weights = zeros, .weight_count = 1};
    in.expected_step = -1;
    step_fails(s, &in, &err, ERR_VALIDATION);
    has_violation(&err, "#/weights", "belong to gradients", "");
    cr_expect_eq(s->step, 0);
    session_free(s);
}

/* ---- policies ---- */

Test(step, reject_touches_the_numbers_and_says_so)
{
    struct session *s = gd(10, LIST(1, 1e308), NULL, NULL);
    struct values g = LIST(1, -1e308);
    cr_expect(step_fails(s, &(struct step_input){.gradient = g, .expected_step = -1}, &err,
                         ERR_NONFINITE));
    has_violation(&err, "#", "parameters/1", "");
    cr_expect_eq(s->step, 0);
    session_free(s);
}

Test(step, reject_names_a_value_of_state)
{
    struct session *s = adam(NULL);
    struct values g = LIST(1, 1, 1e200, 1);
    cr_expect(step_fails(
        s, &(struct step_input){.gradient = g, .expected_step = -1, .pointer = "#/steps/2"}, &err,
        ERR_NONFINITE));
    has_violation(&err, "#/steps/2", "v, number 2", "");
    session_free(s);
}

Test(step, skip_puts_everything_back)
{
    struct session *s = adam("skip");
    struct values good = LIST(1, 2, 3, 4), large = LIST(1, 1, 1e200, 1), bad = LIST(1, NAN, 3, 4);
    step(s, &(struct step_input){.gradient = good, .expected_step = -1});
    struct step_metrics last = s->last;
    uint8_t *before = malloc(s->block_bytes);
    memcpy(before, s->block, s->block_bytes);

    struct step_output out = step(s, &(struct step_input){.gradient = large, .expected_step = 1});
    cr_expect(out.skipped);
    cr_expect_eq(out.metrics.step, 1);
    cr_expect_eq(out.metrics.update_norm, 0);
    cr_expect_eq(out.metrics.gradient_norm, 1e200);
    out = step(s, &(struct step_input){.gradient = bad, .expected_step = 1});
    cr_expect(out.skipped && isnan(out.metrics.gradient_norm));
    out = step(s, &(struct step_input){
                      .gradient = good, .has_loss = true, .loss = NAN, .expected_step = 1});
    cr_expect(out.skipped);

    cr_expect_eq(memcmp(before, s->block, s->block_bytes), 0);
    cr_expect_eq(memcmp(&last, &s->last, sizeof last), 0);
    cr_expect_eq(s->skipped, 3);
    cr_expect_eq(s->step, 1);
    out = step(s, &(struct step_input){.gradient = good, .expected_step = 1});
    cr_expect(!out.skipped && s->step == 2 && s->skipped == 3);
    free(before);
    session_free(s);
}

Test(step, allow_keeps_what_comes)
{
    struct session *s = gd(1, LIST(1, 2), "allow", NULL);
    struct values g = LIST(INFINITY, 1);
    struct step_output out = step(s, &(struct step_input){.gradient = g, .expected_step = -1});
    cr_expect(isinf(weight(s, 0)));
    cr_expect_eq(weight(s, 1), 1);
    cr_expect(isinf(out.metrics.gradient_norm));
    cr_expect_eq(s->step, 1);
    session_free(s);
}

Test(step, one_touched_flag_serves_a_batch)
{
    struct session *s = gd(1, LIST(1, 2), NULL, NULL);
    struct values g = LIST(1, 1), bad = LIST(1);
    struct step_input steps[] = {{.gradient = g, .expected_step = -1},
                                 {.gradient = bad, .expected_step = -1, .pointer = "#/steps/1"}};
    struct step_output out = {0};
    struct arena scratch;
    bool touched = false;
    arena_init(&scratch);
    err_init(&err);
    cr_expect_eq(session_step(s, &steps[1], NOW, &scratch, &out, &touched, &err), ERR_VALIDATION);
    cr_expect_not(touched, "nothing has changed yet");
    err_init(&err);
    cr_expect_eq(session_step(s, &steps[0], NOW, &scratch, &out, &touched, &err), ERR_OK);
    cr_expect_eq(session_step(s, &steps[1], NOW, &scratch, &out, &touched, &err), ERR_VALIDATION);
    cr_expect(touched, "the step before has changed the session");
    arena_close(&scratch);
    session_free(s);
}

Test(step, float32_rounds_what_it_stores_and_refuses_its_own_overflow)
{
    struct session *s = gd(0.1, LIST(4, 5), NULL, "float32");
    struct values g = LIST(8, 8), large = LIST(1e40, 1);
    step(s, &(struct step_input){.gradient = g, .expected_step = -1});
    cr_expect_eq(((float *)s->view.w)[0], (float)(4 - 0.1 * 8));
    cr_expect(step_fails(s, &(struct step_input){.gradient = large, .expected_step = -1}, &err,
                         ERR_NONFINITE));
    has_violation(&err, "#", "parameters/0", "");
    session_free(s);
}

/* A gradient that is kept in float32, as binary bodies are. */
static struct values single(const float *x, struct tensor *tensor, size_t n)
{
    *tensor = (struct tensor){.name = "", .rank = 1, .count = n, .form = TENSOR_NESTED};
    tensor->shape[0] = (int64_t)n;
    return (struct values){.count = 1, .tensors = tensor, .single = x, .n = n, .loose = true};
}

static void compare_single(const char *optimizer, const char *dtype, bool explain)
{
    static const float g[] = {8, -0.1f, 0, 3e-7f};
    struct values wide = LIST(8, (double)-0.1f, 0, (double)3e-7f);
    struct hyper_arg lr = number("lr", 0.1);
    struct session_spec spec = {.optimizer = optimizer,
                                .dtype = dtype,
                                .args = &lr,
                                .arg_count = 1,
                                .parameters = LIST(4, 5, 6, 7)};
    struct session *a = make(&spec), *b = make(&spec);
    struct step_output out = {0};
    struct tensor tensor;
    struct arena scratch;
    bool touched = false;
    arena_init(&scratch);
    err_init(&err);
    if (explain)
        cr_assert(step_output_explain(&out, 1, &scratch));
    step(a, &(struct step_input){.gradient = wide, .expected_step = -1});
    struct step_input in = {.gradient = single(g, &tensor, 4), .expected_step = -1};
    cr_assert_eq(session_step(b, &in, NOW, &scratch, &out, &touched, &err), ERR_OK, "%s",
                 err.at[0].detail);
    cr_expect_eq(memcmp(a->block, b->block, a->block_bytes), 0, "%s %s", optimizer, dtype);
    cr_expect_eq(a->last.gradient_norm, b->last.gradient_norm);
    arena_close(&scratch);
    session_free(a);
    session_free(b);
}

Test(step, a_gradient_may_stay_in_float32)
{
    static const char *const optimizers[] = {"adam", "sgd", "yogi", "lamb"};
    for (size_t i = 0; i < 4; i++) {
        compare_single(optimizers[i], "float32", false);
        compare_single(optimizers[i], "float32", true);
        compare_single(optimizers[i], "float64", false);
    }
}

Test(step, a_gradient_in_float32_is_checked_as_any)
{
    static const float g[] = {8, INFINITY}, three[] = {1, 2, 3};
    struct session *s = gd(0.1, LIST(4, 5), NULL, "float32");
    struct tensor tensor;
    struct step_input in = {.gradient = single(g, &tensor, 2), .expected_step = -1};
    cr_expect(!step_fails(s, &in, &err, ERR_NONFINITE), "untouched");
    has_violation(&err, "#/gradient/1", "inf is not finite", "");
    in.gradient = single(three, &tensor, 3);
    cr_expect(!step_fails(s, &in, &err, ERR_VALIDATION), "untouched");
    has_violation(&err, "#/gradient", "expected 2 numbers, given 3", "");
    session_free(s);
}

/* ---- second order ---- */

static struct session *newton(struct values parameters)
{
    return make(&(struct session_spec){.optimizer = "newton", .parameters = parameters});
}

Test(step, newton_takes_the_matrix_or_its_diagonal)
{
    static const double matrix[] = {4, 0, 0, 16};
    struct values g = LIST(16, 64), diagonal = LIST(4, 16);
    struct session *s = newton(LIST(4, 4));
    struct step_input in = {.gradient = g,
                            .hessian = matrix,
                            .hessian_rows = 2,
                            .hessian_columns = 2,
                            .expected_step = -1};
    step(s, &in);
    cr_expect(weight(s, 0) == 0 && weight(s, 1) == 0);
    step(s, &(struct step_input){.gradient = g, .hessian_diagonal = diagonal, .expected_step = -1});
    cr_expect(weight(s, 0) == -4 && weight(s, 1) == -4);

    in.hessian_diagonal = diagonal;
    step_fails(s, &in, &err, ERR_VALIDATION);
    has_violation(&err, "#/hessian_diagonal", "either hessian or hessian_diagonal", "");
    in.hessian_diagonal.count = 0;
    in.hessian_columns = 1;
    step_fails(s, &in, &err, ERR_VALIDATION);
    has_violation(&err, "#/hessian", "expected shape [2, 2] for 2 parameters, given [2, 1]", "");
    in.hessian = NULL;
    step_fails(s, &in, &err, ERR_NEEDS);
    has_violation(&err, "#/hessian", "newton needs a Hessian or its diagonal", "");
    session_free(s);
}

Test(step, newton_refuses_in_the_right_place)
{
    static double matrix[] = {2, 0, NAN, 4};
    struct values g = LIST(8, 16), diagonal = LIST(2, INFINITY);
    struct session *s = newton(LIST(4, 4));
    struct step_input in = {.gradient = g,
                            .hessian = matrix,
                            .hessian_rows = 2,
                            .hessian_columns = 2,
                            .expected_step = -1,
                            .pointer = "#/steps/3"};
    cr_expect_not(step_fails(s, &in, &err, ERR_NONFINITE));
    has_violation(&err, "#/steps/3/hessian/1/0", "not finite", "");
    matrix[2] = 0;
    matrix[3] = -4;
    step_fails(s, &in, &err, ERR_INDEFINITE);
    cr_expect_eq(strncmp(err.at[0].pointer, "#/steps/3", 9), 0, "%s", err.at[0].pointer);
    in.hessian = NULL;
    in.hessian_diagonal = diagonal;
    step_fails(s, &in, &err, ERR_NONFINITE);
    has_violation(&err, "#/steps/3/hessian_diagonal/1", "not finite", "");
    session_free(s);
}
