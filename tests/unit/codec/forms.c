/* Every form of parameters comes back as it was given; what decoding leaves in memory. */
#include "fixture.h"

#include <math.h>

static struct err err;

/* Body → session → answer; `expected` NULL: the same text. */
static void comes_back(const char *dtype, const char *given, const char *expected)
{
    char body[1024], answer[1200];
    struct buf out;
    snprintf(body, sizeof body,
             "{\"optimizer\":\"gd\",\"dtype\":\"%s\",\"on_nonfinite\":\"allow\",\"parameters\":%s}",
             dtype, given);
    snprintf(answer, sizeof answer,
             "{\"id\":\"01HZX0000000000000000000AB\",\"step\":0,\"revision\":1,\"dtype\":\"%s\","
             "\"parameters\":%s}",
             dtype, expected ? expected : given);
    struct session *s = session_of(body);
    buf_init(&out);
    json_write_parameters(&out, s);
    expect_text(&out, answer);
    session_free(s);
}

Test(forms, come_back_as_given)
{
    static const char *const forms[] = {
        "4",
        "3.2",
        "1e-300",
        "[1]",
        "[1,2.5,-3]",
        "[[1,2],[3,4],[5,6]]",
        "[[[1],[2]],[[3],[4]]]",
        "[[[[[[[[1]]]]]]]]",
        "{\"shape\":[2,2],\"data\":[1,2,3,4]}",
        "{\"shape\":[4],\"data\":[1,2,3,4]}",
        "{\"shape\":[],\"data\":[7]}",
        "{\"w\":[[1,2],[3,4]],\"b\":{\"shape\":[2,1],\"data\":[5,6]},\"scale\":7}",
        "{\"z\":1,\"a\":2,\"m\":[3]}",
        "{\"layer.0/w\":[1],\"\\\"\\\\\\n\":2,\"gr\xC3\xBCn\":3}",
        "\"NaN\"",
        "[\"NaN\",1,\"Infinity\",\"-Infinity\"]",
        "[[1,2],[\"NaN\",4]]",
        "{\"w\":{\"shape\":[2,1],\"data\":[1,\"-Infinity\"]},\"b\":\"Infinity\"}",
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        comes_back("float64", forms[i], NULL);
        if (strcmp(forms[i], "1e-300") != 0)
            comes_back("float32", forms[i], NULL);
    }
}

Test(forms, numbers_are_shortest)
{
    comes_back("float64", "[0.1,0.30000000000000004,5e-324,1e300,1E2,1.0]",
               "[0.1,0.30000000000000004,5e-324,1e+300,100,1]");
    comes_back("float32", "[0.1,16777217,3.14159265358979,1e-45]",
               "[0.1,16777216,3.1415927,1e-45]");
    comes_back("float32", "0.1", NULL);
    comes_back("float64", "-0.0", NULL);
    comes_back("float64", "[-0]", "[-0.0]");
    comes_back("float32", "-0.0", NULL);
}

Test(forms, blanks_do_not_matter)
{
    comes_back("float64", " { \"w\" : [ [ 1 , 2 ]\n,\t[ 3 , 4 ] ] } ", "{\"w\":[[1,2],[3,4]]}");
}

static struct values read_values(struct arena *a, const char *body)
{
    struct values v = {0};
    err_init(&err);
    cr_assert_eq(json_read_values(a, body, strlen(body), &v, &err), ERR_OK, "%s", body);
    return v;
}

Test(forms, tensors_lie_one_after_the_other)
{
    struct arena a;
    arena_init(&a);
    struct values v = read_values(&a, "{\"w\":[[1,2],[3,4]],\"s\":5,\"f\":{\"shape\":[2],"
                                      "\"data\":[6,\"NaN\"]},\"b\":[8]}");
    cr_assert_eq(v.count, 4);
    cr_expect(v.named && !v.loose);
    cr_expect_eq(v.n, 8);
    cr_expect(isnan(v.data[6]));
    for (size_t i = 0; i < 8; i++)
        cr_expect(i == 6 || v.data[i] == (double)(i + 1));
    cr_expect_eq(v.tensors[1].form, TENSOR_NUMBER);
    cr_expect_eq(v.tensors[1].offset, 4);
    cr_expect_eq(v.tensors[2].form, TENSOR_FLAT);
    cr_expect_eq(v.tensors[3].offset, 7);
    cr_expect_str_eq(v.tensors[3].name, "b");
    arena_close(&a);
}

static struct steps_request read_steps(struct arena *a, const char *body)
{
    struct steps_request r = {0};
    err_init(&err);
    cr_assert_eq(json_read_steps(a, body, strlen(body), &r, &err), ERR_OK, "%s: %s",
                 err.at[0].pointer, err.at[0].detail);
    return r;
}

Test(steps, one)
{
    struct arena a;
    arena_init(&a);
    struct steps_request r = read_steps(&a, "{\"gradient\":[8,9],\"loss\":16,\"expected_step\":3}");
    cr_assert_eq(r.count, 1);
    cr_expect_not(r.batch);
    cr_expect_eq(r.returns, 0);
    cr_expect_eq(r.steps[0].gradient.n, 2);
    cr_expect(r.steps[0].gradient.data[1] == 9);
    cr_expect(r.steps[0].has_loss && r.steps[0].loss == 16);
    cr_expect_eq(r.steps[0].expected_step, 3);
    cr_expect_str_eq(r.steps[0].pointer, "#");
    r = read_steps(&a, "{}");
    cr_expect_not(r.steps[0].has_loss);
    cr_expect_eq(r.steps[0].expected_step, -1);
    cr_expect_eq(r.steps[0].gradient.count, 0);
    arena_close(&a);
}

Test(steps, batch)
{
    struct arena a;
    arena_init(&a);
    struct steps_request r = read_steps(
        &a, "{\"steps\":[{\"gradient\":1},{\"gradient\":[[2]],\"loss\":\"NaN\"}],\"return\":"
            "\"parameters\"}");
    cr_assert_eq(r.count, 2);
    cr_expect(r.batch);
    cr_expect_eq(r.returns, 2);
    cr_expect_str_eq(r.steps[0].pointer, "#/steps/0");
    cr_expect_str_eq(r.steps[1].pointer, "#/steps/1");
    cr_expect_eq(r.steps[1].gradient.tensors[0].rank, 2);
    cr_expect(r.steps[1].has_loss && isnan(r.steps[1].loss));
    arena_close(&a);
}

Test(steps, gradients_and_matrices)
{
    struct arena a;
    arena_init(&a);
    struct steps_request r = read_steps(
        &a, "{\"gradients\":[[1,2],[3,4],[5,6]],\"weights\":[1,2,3],\"reduction\":\"sum\","
            "\"hessian\":[[1,2],[3,4]],\"hessian_diagonal\":[7,8]}");
    const struct step_input *in = &r.steps[0];
    cr_assert_eq(in->gradient_count, 3);
    cr_expect(in->reduce_sum);
    cr_expect_eq(in->gradients[2].tensors[0].rank, 1);
    cr_expect_eq(in->gradients[2].tensors[0].shape[0], 2);
    cr_expect(in->gradients[2].data[1] == 6);
    cr_expect(in->weight_count == 3 && in->weights[2] == 3);
    cr_expect(in->hessian_rows == 2 && in->hessian_columns == 2 && in->hessian[3] == 4);
    cr_expect(in->hessian_diagonal.data[1] == 8);
    r = read_steps(&a, "{\"gradients\":[1,2]}");
    cr_expect_eq(r.steps[0].gradients[1].tensors[0].form, TENSOR_NUMBER);
    cr_expect(r.steps[0].gradients[1].data[0] == 2);
    r = read_steps(&a, "{\"gradients\":[{\"w\":[1]},{\"w\":[\"NaN\"]}]}");
    cr_expect(isnan(r.steps[0].gradients[1].data[0]));
    arena_close(&a);
}

Test(steps, many)
{
    const char *body =
        "{\"items\":[{\"session\":\"a\",\"gradient\":[1]},{\"session\":\"b\",\"x\":1},"
        "{\"session\":\"a\",\"steps\":[{},{}],\"return\":\"metrics\"}]}";
    struct arena a;
    struct steps_item *items;
    size_t count;
    arena_init(&a);
    err_init(&err);
    cr_assert_eq(json_read_many(&a, body, strlen(body), &items, &count, &err), ERR_OK);
    cr_assert_eq(count, 3);
    cr_expect_str_eq(items[0].session, "a");
    cr_expect_eq(items[0].err->code, ERR_OK);
    cr_expect_str_eq(items[0].request.steps[0].pointer, "#/items/0");
    cr_expect_str_eq(items[1].session, "b");
    cr_expect_eq(items[1].err->code, ERR_VALIDATION);
    cr_expect_eq(items[2].request.count, 2);
    cr_expect_eq(items[2].request.returns, 1);
    cr_expect_str_eq(items[2].request.steps[1].pointer, "#/items/2/steps/1");
    arena_close(&a);
}

Test(patch, what_it_carries)
{
    const char *body = "{\"name\":null,\"optimizer\":{\"name\":\"adam\",\"lr\":0.5,\"eps\":null,"
                       "\"betas\":[1,2],\"amsgrad\":true,\"form\":\"x\",\"odd\":{}},"
                       "\"tags\":{\"a\":\"b\",\"c\":null},\"on_nonfinite\":null}";
    struct arena a;
    struct session_patch p;
    arena_init(&a);
    err_init(&err);
    cr_assert_eq(json_read_patch(&a, body, strlen(body), &p, &err), ERR_OK);
    static const enum hyper_arg_kind kinds[] = {ARG_NUMBER, ARG_NULL,   ARG_NUMBERS,
                                                ARG_BOOL,   ARG_STRING, ARG_OTHER};
    cr_expect(p.remove_name && !p.name && !p.clear_tags);
    cr_expect_str_eq(p.optimizer, "adam");
    cr_expect_str_eq(p.on_nonfinite, "reject");
    cr_assert_eq(p.arg_count, 6);
    for (size_t i = 0; i < 6; i++)
        cr_expect_eq(p.args[i].kind, kinds[i], "%s", p.args[i].name);
    cr_expect(p.args[0].number == 0.5 && p.args[2].numbers[1] == 2 && p.args[3].number == 1);
    cr_assert_eq(p.tag_count, 2);
    cr_expect_str_eq(p.tags[0].value, "b");
    cr_expect_null(p.tags[1].value);
    arena_close(&a);
}

Test(steps, outputs_are_untouched_where_something_is_wrong)
{
    const char *body = "{\"gradient\":[1],\"los\":1}";
    struct steps_request r = {.count = 77};
    struct arena a;
    arena_init(&a);
    err_init(&err);
    cr_expect_eq(json_read_steps(&a, body, strlen(body), &r, &err), ERR_VALIDATION);
    cr_expect_eq(r.count, 77);
    cr_expect_eq(json_read_steps(&a, body, strlen(body), &r, NULL), ERR_VALIDATION);
    arena_close(&a);
}

Test(steps, as_many_as_a_batch_may_have)
{
    enum { MOST = JSON_STEPS_MAX };
    struct arena a;
    struct buf body;
    struct steps_request r = {0};
    arena_init(&a);
    buf_init(&body);
    buf_puts(&body, "{\"steps\":[{\"gradient\":[1]}");
    for (int i = 1; i < MOST; i++)
        buf_puts(&body, ",{\"gradient\":[1]}");
    buf_puts(&body, "]}");
    err_init(&err);
    cr_expect_eq(json_read_steps(&a, body.data, body.len, &r, &err), ERR_OK);
    cr_expect_eq(r.count, MOST);
    cr_expect_str_eq(r.steps[MOST - 1].pointer, "#/steps/9999");
    body.len -= 2;
    buf_puts(&body, ",{}]}");
    cr_expect_eq(json_read_steps(&a, body.data, body.len, &r, &err), ERR_VALIDATION);
    cr_expect_str_eq(err.at[0].pointer, "#/steps");
    buf_close(&body);
    arena_close(&a);
}
