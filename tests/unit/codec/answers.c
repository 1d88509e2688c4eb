/* Answers, compared whole: this is the shape that clients see. */
#include "fixture.h"

#include <jansson.h>
#include <math.h>

#define ID "01HZX0000000000000000000AB"

static const char gd_body[] =
    "{\"name\":\"toy\",\"optimizer\":{\"name\":\"gd\",\"lr\":0.5},\"parameters\":[8,4],"
    "\"tags\":{\"team\":\"vision\"}}";

static const char links[] =
    "\"links\":{\"self\":\"/v1/sessions/" ID "\",\"parameters\":\"/v1/sessions/" ID
    "/parameters\",\"state\":\"/v1/sessions/" ID "/state\",\"steps\":\"/v1/sessions/" ID
    "/steps\",\"history\":\"/v1/sessions/" ID "/history\",\"events\":\"/v1/sessions/" ID
    "/events\",\"trajectory\":\"/v1/sessions/" ID
    "/trajectory\",\"optimizer\":\"/v1/optimizers/gd\"}";

/* gd has hyperparameters of its own that may grow: the answer is compared field by field. */
static json_t *parsed(struct buf *b)
{
    char *text = text_of(b);
    json_error_t e;
    json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &e);
    cr_assert_not_null(root, "%s\n%s", e.text, text);
    free(text);
    return root;
}

static void expect_field(json_t *object, const char *key, const char *expected)
{
    json_t *v = json_object_get(object, key);
    cr_assert_not_null(v, "no field %s", key);
    char *text = json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    cr_expect_str_eq(text, expected, "%s is %s, expected %s", key, text, expected);
    free(text);
}

Test(session, every_field)
{
    struct session *s = session_of(gd_body);
    struct buf out;
    buf_init(&out);
    json_write_session(&out, s, true);
    json_t *v = parsed(&out);
    cr_expect_eq(json_object_size(v), 18);
    expect_field(v, "objective", "null");
    expect_field(v, "groups", "[]");
    expect_field(v, "schedule", "null");
    expect_field(v, "transforms", "[]");
    expect_field(v, "id", "\"" ID "\"");
    expect_field(v, "name", "\"toy\"");
    expect_field(v, "step", "0");
    expect_field(v, "revision", "1");
    expect_field(v, "dtype", "\"float64\"");
    expect_field(v, "on_nonfinite", "\"reject\"");
    expect_field(v, "tags", "{\"team\":\"vision\"}");
    expect_field(v, "parameters", "[8,4]");
    expect_field(v, "metrics", "null");
    expect_field(v, "skipped", "0");
    expect_field(v, "created_at", "\"1970-01-01T00:00:01.000Z\"");
    expect_field(v, "updated_at", "\"1970-01-01T00:00:01.000Z\"");
    json_t *optimizer = json_object_get(v, "optimizer");
    expect_field(optimizer, "name", "\"gd\"");
    expect_field(optimizer, "profile", "\"torch\"");
    expect_field(optimizer, "lr", "0.5");
    json_decref(v);
    json_write_session(&out, s, false);
    char *text = text_of(&out);
    cr_expect_null(strstr(text, "\"parameters\":["));
    cr_expect_not_null(strstr(text, links), "%s", text);
    free(text);
    session_free(s);
}

Test(session, hyperparameters_of_every_kind)
{
    struct session *s = session_of("{\"optimizer\":{\"name\":\"adam\",\"amsgrad\":true},"
                                   "\"parameters\":1}");
    struct buf out;
    buf_init(&out);
    json_write_session(&out, s, true);
    json_t *v = parsed(&out), *optimizer = json_object_get(v, "optimizer");
    expect_field(optimizer, "amsgrad", "true");
    expect_field(optimizer, "nesterov", "false");
    expect_field(optimizer, "weight_decay_mode", "\"l2\"");
    expect_field(optimizer, "weight_decay", "0");
    expect_field(v, "name", "null");
    expect_field(v, "tags", "{}");
    for (int i = 0; s->optim->hypers[i].name; i++)
        cr_expect_not_null(json_object_get(optimizer, s->optim->hypers[i].name));
    json_decref(v);
    session_free(s);
}

Test(list, pages)
{
    struct session *s = session_of(gd_body);
    struct session *two[] = {s, s};
    struct buf out;
    buf_init(&out);
    json_write_list(&out, NULL, 0, NULL);
    expect_text(&out, "{\"items\":[],\"next\":null}");
    json_write_list(&out, two, 2, "cursor");
    json_t *v = parsed(&out), *items = json_object_get(v, "items");
    cr_assert_eq(json_array_size(items), 2);
    cr_expect_null(json_object_get(json_array_get(items, 1), "parameters"));
    expect_field(v, "next", "\"cursor\"");
    json_decref(v);
    session_free(s);
}

Test(steps, answers)
{
    struct session *s = session_of(gd_body);
    double first[] = {1, 2}, second[] = {3, 4.5};
    struct step_output outputs[] = {
        {.metrics = {.step = 1, .loss = 16, .lr = 0.5, .gradient_norm = 5, .update_norm = 2.5},
         .parameters = first},
        {.metrics = {.step = 1, .loss = NAN, .lr = 0.5, .gradient_norm = NAN, .update_norm = 0},
         .skipped = true,
         .parameters = second}};
    struct buf out;
    buf_init(&out);
    s->step = 1;
    s->revision = 2;
    json_write_steps(&out, s, outputs, 1, false, 0);
    expect_text(&out, "{\"id\":\"" ID "\",\"step\":1,\"revision\":2,\"parameters\":[8,4],"
                      "\"metrics\":{\"loss\":16,\"lr\":0.5,\"gradient_norm\":5,"
                      "\"update_norm\":2.5}}");
    json_write_steps(&out, s, outputs, 2, true, 0);
    expect_text(&out, "{\"id\":\"" ID "\",\"step\":1,\"revision\":2,\"parameters\":[8,4],"
                      "\"metrics\":{\"loss\":null,\"lr\":0.5,\"gradient_norm\":null,"
                      "\"update_norm\":0},\"skipped\":true}");
    json_write_steps(&out, s, outputs, 2, true, 2);
    expect_text(&out, "{\"id\":\"" ID "\",\"step\":1,\"revision\":2,\"parameters\":[8,4],"
                      "\"metrics\":{\"loss\":null,\"lr\":0.5,\"gradient_norm\":null,"
                      "\"update_norm\":0},\"skipped\":true,\"steps\":["
                      "{\"step\":1,\"metrics\":{\"loss\":16,\"lr\":0.5,\"gradient_norm\":5,"
                      "\"update_norm\":2.5},\"parameters\":[1,2]},"
                      "{\"step\":1,\"metrics\":{\"loss\":null,\"lr\":0.5,\"gradient_norm\":null,"
                      "\"update_norm\":0},\"skipped\":true,\"parameters\":[3,4.5]}]}");
    outputs[0].parameters = outputs[1].parameters = NULL;
    json_write_steps(&out, s, outputs, 1, true, 1);
    expect_text(&out, "{\"id\":\"" ID "\",\"step\":1,\"revision\":2,\"parameters\":[8,4],"
                      "\"metrics\":{\"loss\":16,\"lr\":0.5,\"gradient_norm\":5,"
                      "\"update_norm\":2.5},\"steps\":[{\"step\":1,\"metrics\":{\"loss\":16,"
                      "\"lr\":0.5,\"gradient_norm\":5,\"update_norm\":2.5}}]}");
    session_free(s);
}

Test(steps, float32_parameters_of_each_step_are_short)
{
    struct session *s = session_of("{\"optimizer\":\"gd\",\"parameters\":{\"w\":[0.1,0.7]},"
                                   "\"dtype\":\"float32\"}");
    float after[] = {0.3F, 1e-7F};
    struct step_output o = {.metrics = {.step = 1, .loss = 0.1, .lr = 0.1}, .parameters = after};
    struct buf out;
    buf_init(&out);
    json_write_steps(&out, s, &o, 1, true, 2);
    char *text = text_of(&out);
    cr_expect_not_null(strstr(text, "\"parameters\":{\"w\":[0.1,0.7]},\"metrics\":{\"loss\":0.1"));
    cr_expect_not_null(strstr(text, "\"parameters\":{\"w\":[0.3,1e-07]}}]}"), "%s", text);
    free(text);
    session_free(s);
}

Test(state, slots_in_the_form_of_the_parameters)
{
    struct session *s =
        session_of("{\"optimizer\":\"adam\",\"parameters\":{\"w\":[[1,2]],\"b\":3}}");
    ((double *)s->view.slot[0])[2] = 0.5;
    struct buf out;
    buf_init(&out);
    json_write_state(&out, s);
    expect_text(&out, "{\"id\":\"" ID "\",\"step\":0,\"revision\":1,\"dtype\":\"float64\","
                      "\"parameters\":{\"w\":[[1,2]],\"b\":3},"
                      "\"slots\":{\"m\":{\"w\":[[0,0]],\"b\":0.5},\"v\":{\"w\":[[0,0]],\"b\":0}},"
                      "\"scalars\":{},\"groups\":[],\"transforms\":[]}");
    session_free(s);
}

/* A slot of another shape: one number per tensor. */
static size_t one_each(const double *h, const struct tensor *x)
{
    (void)h;
    (void)x;
    return 1;
}

Test(state, slots_of_another_shape_and_scalars)
{
    static const struct slot slots[] = {{.name = "d", .count = one_each}, {0}};
    static const struct scalar scalars[] = {{.name = "distance", .start = 1}, {0}};
    double numbers[] = {0.25, 0.75}, scalar = 1e-6;
    struct session *s = session_of("{\"optimizer\":\"gd\",\"parameters\":{\"w\":[[1,2]],\"b\":3}}");
    struct optim odd = *s->optim;
    odd.slots = slots;
    odd.scalars = scalars;
    struct session copy = *s;
    copy.optim = &odd;
    copy.view.slot[0] = numbers;
    copy.scalars = &scalar;
    struct buf out;
    buf_init(&out);
    json_write_state(&out, &copy);
    char *text = text_of(&out);
    cr_expect_not_null(
        strstr(text, "\"slots\":{\"d\":[0.25,0.75]},\"scalars\":{\"distance\":1e-06},"), "%s",
        text);
    free(text);
    session_free(s);
}

static const struct step_metrics rows[] = {{1, 16, 0.5, 4, 2, 1700000000000},
                                           {2, NAN, 0.5, INFINITY, -0.0, 1700000000001}};

Test(history, columns)
{
    struct buf out;
    buf_init(&out);
    json_write_history(&out, &(struct history_table){rows, NULL, 2, 1000000, 63, NULL, 0});
    expect_text(&out, "{\"fields\":[\"step\",\"loss\",\"lr\",\"gradient_norm\",\"update_norm\","
                      "\"time\"],\"columns\":[[1,2],[16,null],[0.5,0.5],[4,\"Infinity\"],[2,-0.0],"
                      "[1700000000000,1700000000001]],\"total_points\":1000000}");
    json_write_history(&out, &(struct history_table){rows, NULL, 0, 0, 3, NULL, 0});
    expect_text(&out, "{\"fields\":[\"step\",\"loss\"],\"columns\":[[],[]],\"total_points\":0}");
}

Test(history, csv)
{
    struct buf out;
    buf_init(&out);
    csv_write_history(&out, &(struct history_table){rows, NULL, 2, 2, 63, NULL, 0});
    expect_text(&out, "step,loss,lr,gradient_norm,update_norm,time\n"
                      "1,16,0.5,4,2,1700000000000\n"
                      "2,,0.5,Infinity,-0.0,1700000000001\n");
    csv_write_history(&out, &(struct history_table){rows, NULL, 1, 2, 2, NULL, 0});
    expect_text(&out, "loss\n16\n");
}

Test(history, ndjson)
{
    struct buf out;
    buf_init(&out);
    ndjson_write_history(&out, &(struct history_table){rows, NULL, 2, 2, 11, NULL, 0});
    expect_text(&out, "{\"step\":1,\"loss\":16,\"gradient_norm\":4}\n"
                      "{\"step\":2,\"loss\":null,\"gradient_norm\":\"Infinity\"}\n");
}

Test(history, hyperparameters)
{
    double beta1[] = {0.9, NAN}, eps[] = {NAN, NAN}, low[] = {0.5}, high[] = {0.75};
    struct history_column columns[] = {{"beta1", beta1, NULL, NULL}, {"eps", eps, NULL, NULL}};
    struct buf out;
    buf_init(&out);
    json_write_history(&out, &(struct history_table){rows, NULL, 2, 2, 3, columns, 2});
    expect_text(&out, "{\"fields\":[\"step\",\"loss\",\"beta1\",\"eps\"],\"columns\":[[1,2],"
                      "[16,null],[0.9,null],[null,null]],\"total_points\":2}");
    csv_write_history(&out, &(struct history_table){rows, NULL, 2, 2, 1, columns, 2});
    expect_text(&out, "step,beta1,eps\n1,0.9,\n2,,\n");
    struct bucket b = {.count = 2, .last = rows[1]};
    columns[0] = (struct history_column){"beta1", beta1, low, high};
    ndjson_write_history(&out, &(struct history_table){NULL, &b, 1, 2, 1, columns, 1});
    expect_text(&out, "{\"step\":2,\"beta1\":0.9,\"beta1_min\":0.5,\"beta1_max\":0.75}\n");
}

/* A bucket of two steps, of which the second has no loss. */
static struct bucket bucket_of_two(void)
{
    struct bucket b = {0};
    bucket_add(&b, &rows[0]);
    bucket_add(&b, &rows[1]);
    return b;
}

Test(history, buckets)
{
    struct bucket b = bucket_of_two();
    struct history_table table = {NULL, &b, 1, 1000000, 63, NULL, 0};
    struct buf out;
    buf_init(&out);
    json_write_history(&out, &table);
    expect_text(&out,
                "{\"fields\":[\"step\",\"loss\",\"loss_min\",\"loss_max\",\"lr\",\"lr_min\","
                "\"lr_max\",\"gradient_norm\",\"gradient_norm_min\",\"gradient_norm_max\","
                "\"update_norm\",\"update_norm_min\",\"update_norm_max\",\"time\"],\"columns\":"
                "[[2],[16],[16],[16],[0.5],[0.5],[0.5],[\"Infinity\"],[4],[\"Infinity\"],[-0.0],"
                "[-0.0],[2],[1700000000001]],\"total_points\":1000000,\"buckets\":1}");
    table.fields = 9;
    csv_write_history(&out, &table);
    expect_text(&out, "step,gradient_norm,gradient_norm_min,gradient_norm_max\n"
                      "2,Infinity,4,Infinity\n");
    ndjson_write_history(&out, &table);
    expect_text(&out, "{\"step\":2,\"gradient_norm\":\"Infinity\",\"gradient_norm_min\":4,"
                      "\"gradient_norm_max\":\"Infinity\"}\n");
}
