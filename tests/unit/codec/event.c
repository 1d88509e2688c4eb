/* codec/event: the frames of a stream. */
#include "codec/event.h"

#include "fixture.h"

#include <math.h>

#define ID "01K8ZQ4W3N5T7V9X1Z3B5D7F9H"

static const struct event events[] = {
    {.kind = EVENT_STEP,
     .id = ID,
     .row = {.step = 7,
             .loss = 0.5,
             .lr = 0.1,
             .gradient_norm = 3,
             .update_norm = INFINITY,
             .time_ms = 1700000000000}},
    {.kind = EVENT_STEP,
     .id = ID,
     .row = {.step = 8,
             .loss = NAN,
             .lr = 0.1,
             .gradient_norm = 2,
             .update_norm = -0.0,
             .time_ms = 1700000000001}},
    {.kind = EVENT_CREATED, .id = ID, .revision = 1},
    {.kind = EVENT_UPDATE, .id = ID, .revision = 9, .step = 8},
    {.kind = EVENT_NONFINITE, .id = ID, .step = 9, .count = 2, .on_nonfinite = NONFINITE_SKIP},
    {.kind = EVENT_DELETED, .id = ID},
    {.kind = EVENT_GAP, .id = ID, .step = 10, .last = 20},
    {.kind = EVENT_GAP},
    {.kind = EVENT_BYE},
};

static void expect_frame(const char *id, size_t at, size_t count, const char *sse,
                         const char *ndjson)
{
    const struct event *list[2] = {&events[at], &events[at + count - 1]};
    struct buf out;
    buf_init(&out);
    event_write(&out, EVENT_SSE, id, list, count);
    expect_text(&out, sse);
    event_write(&out, EVENT_NDJSON, id, list, count);
    expect_text(&out, ndjson);
}

Test(event, steps_share_a_frame)
{
#define COLUMNS                                                                                    \
    "\"session\":\"" ID "\",\"step\":[7,8],\"loss\":[0.5,null],\"lr\":[0.1,0.1],"                  \
    "\"gradient_norm\":[3,2],\"update_norm\":[\"Infinity\",-0.0],"                                 \
    "\"time\":[1700000000000,1700000000001]}"
    expect_frame("8,3", 0, 2, "event: step\nid: 8,3\ndata: {" COLUMNS "\n\n",
                 "{\"event\":\"step\",\"id\":\"8,3\"," COLUMNS "\n");
}

/* A schedule may have come or gone between two steps. */
Test(event, hyperparameters_that_move)
{
    struct event a = events[0], b = events[1];
    const struct event *list[2] = {&a, &b};
    struct buf out;
    a.moved[0] = (struct event_moved){"beta1", 0.5};
    b.moved[0] = (struct event_moved){"eps", NAN};
    b.moved[1] = (struct event_moved){"beta1", 0.25};
    buf_init(&out);
    event_write(&out, EVENT_NDJSON, NULL, list, 2);
    expect_text(&out,
                "{\"event\":\"step\",\"session\":\"" ID "\",\"step\":[7,8],\"loss\":[0.5,null],"
                "\"lr\":[0.1,0.1],\"gradient_norm\":[3,2],\"update_norm\":[\"Infinity\",-0.0],"
                "\"time\":[1700000000000,1700000000001],"
                "\"hyperparameters\":{\"beta1\":[0.5,0.25],\"eps\":[null,null]}}\n");
}

Test(event, every_other_kind)
{
    static const char *const data[] = {
        "created\",\"session\":\"" ID "\",\"step\":0,\"revision\":1}",
        "update\",\"session\":\"" ID "\",\"step\":8,\"revision\":9}",
        "nonfinite\",\"session\":\"" ID "\",\"step\":9,\"count\":2,\"on_nonfinite\":\"skip\"}",
        "deleted\",\"session\":\"" ID "\"}",
        "gap\",\"session\":\"" ID "\",\"from\":10,\"to\":20}",
        "gap\",\"session\":null,\"from\":null,\"to\":null}",
        "bye\"}"};
    for (size_t i = 0; i < sizeof data / sizeof *data; i++) {
        char sse[256], line[256];
        size_t name = strcspn(data[i], "\"");
        const char *members = data[i] + name + 1;
        snprintf(sse, sizeof sse, "event: %.*s\ndata: {%s\n\n", (int)name, data[i],
                 members + (*members == ','));
        snprintf(line, sizeof line, "{\"event\":\"%s\n", data[i]);
        expect_frame(NULL, 2 + i, 1, sse, line);
    }
}

Test(event, start_and_heartbeat)
{
    struct buf out;
    buf_init(&out);
    event_write_start(&out, EVENT_SSE);
    expect_text(&out, "retry: 2000\n\n");
    event_write_start(&out, EVENT_NDJSON);
    cr_expect_eq(out.len, 0);
    event_write_heartbeat(&out, EVENT_SSE);
    expect_text(&out, ":\n\n");
    event_write_heartbeat(&out, EVENT_NDJSON);
    expect_text(&out, "{\"event\":\"heartbeat\"}\n");
}
