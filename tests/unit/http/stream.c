/* http/stream: what a stream says and when, without a network. */
#include "http/stream.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct events *hub;
static struct watch_item items[3];
static struct job job;

static const int64_t ms = 1000000;
static const int64_t start_ns = 1000000000000;

static void setup(void)
{
    hub = events_new();
    for (int i = 0; i < 3; i++) {
        items[i] = (struct watch_item){.after = -1, .session = {.key = i + 1, .step = 10 * i}};
        snprintf(items[i].session.id, ID_SIZE, "S%d", i + 1);
    }
    job = (struct job){.watches = items};
}

static void teardown(void)
{
    events_free(hub);
}

/* A stream of the first `count` sessions; 0: of all. */
static struct stream *stream_of(int count, enum event_form form)
{
    struct watched sessions[3];
    for (int i = 0; i < count; i++)
        sessions[i] = items[i].session;
    job.watch_count = count;
    job.reader = events_subscribe(hub, sessions, count);
    struct stream *s = stream_new(form, &job);
    cr_assert_not_null(s);
    return s;
}

static void tell(int64_t key, enum event_kind kind)
{
    struct event e = {.kind = kind, .key = key, .step = 5, .revision = 6};
    snprintf(e.id, sizeof e.id, "S%d", (int)key);
    events_add(hub, &e);
}

static void step(int64_t key, int64_t first, int64_t last)
{
    struct session s = {.key = key};
    snprintf(s.id, sizeof s.id, "S%d", (int)key);
    for (int64_t t = first; t <= last; t++)
        events_add_steps(hub, &s, &(struct step_metrics){.step = t}, NULL, 1);
}

/* What the stream says at this time, with metrics but the step cut away; "" for nothing. */
static const char *said(struct stream *s, int64_t at_ms, bool stopping)
{
    static char text[8192];
    char *to = text;
    stream_fill(s, start_ns + at_ms * ms, stopping);
    for (size_t i = s->sent; i < s->out.len && to < text + sizeof text - 1; i++) {
        static const char cut[] = ",\"loss\":";
        if (s->out.len - i > sizeof cut && memcmp(s->out.data + i, cut, sizeof cut - 1) == 0) {
            while (i < s->out.len && s->out.data[i] != '}')
                i++;
        }
        *to++ = s->out.data[i];
    }
    *to = '\0';
    s->sent = s->out.len;
    return text;
}

#define SAYS(at_ms, text) cr_assert_str_eq(said(s, at_ms, false), text)

TestSuite(stream, .init = setup, .fini = teardown, .timeout = 60);

Test(stream, steps_share_a_frame_and_wait_for_their_turn)
{
    struct stream *s = stream_of(1, EVENT_SSE);
    SAYS(0, "retry: 2000\n\n");
    SAYS(1, "");
    step(1, 1, 2);
    events_publish(hub);
    cr_expect(stream_due(s, start_ns));
    SAYS(2, "event: step\nid: 2\ndata: {\"session\":\"S1\",\"step\":[1,2]}\n\n");
    for (int i = 3; i < 40; i++) {
        step(1, i, i);
        events_publish(hub);
        SAYS(2 + i, "");
    }
    step(1, 40, 40);
    tell(1, EVENT_UPDATE);
    step(1, 41, 41);
    events_publish(hub);
    const char *text = said(s, 53, false);
    cr_expect_not_null(strstr(text, "id: 40\ndata: {\"session\":\"S1\",\"step\":[3,4,5,6,"), "%s",
                       text);
    cr_expect_not_null(
        strstr(text, "39,40]}\n\nevent: update\nid: 40\ndata: {\"session\":\"S1\",\"step\":5,"
                     "\"revision\":6}\n\nevent: step\nid: 41\ndata: {\"session\":\"S1\","
                     "\"step\":[41]}\n\n"),
        "%s", text);
    SAYS(200, "");
    stream_free(s);
}

Test(stream, one_frame_for_each_session)
{
    struct stream *s = stream_of(2, EVENT_NDJSON);
    for (int i = 1; i <= 2; i++) {
        step(2, 10 + i, 10 + i);
        step(1, i, i);
        step(3, i, i);
    }
    events_publish(hub);
    SAYS(0, "{\"event\":\"step\",\"id\":\"2,10\",\"session\":\"S1\",\"step\":[1,2]}\n"
            "{\"event\":\"step\",\"id\":\"2,12\",\"session\":\"S2\",\"step\":[11,12]}\n");
    stream_free(s);
}

Test(stream, of_all_has_no_ids)
{
    struct stream *s = stream_of(0, EVENT_NDJSON);
    tell(3, EVENT_CREATED);
    events_publish(hub);
    SAYS(0, "{\"event\":\"created\",\"session\":\"S3\",\"step\":5,\"revision\":6}\n");
    stream_free(s);
}

Test(stream, heartbeat)
{
    struct stream *s = stream_of(1, EVENT_SSE);
    said(s, 0, false);
    SAYS(14999, "");
    cr_expect_not(stream_due(s, start_ns + 14999 * ms));
    cr_expect(stream_due(s, start_ns + 15000 * ms));
    SAYS(15000, ":\n\n");
    step(1, 1, 1);
    events_publish(hub);
    SAYS(20000, "event: step\nid: 1\ndata: {\"session\":\"S1\",\"step\":[1]}\n\n");
    SAYS(30000, "");
    SAYS(35000, ":\n\n");
    stream_free(s);
}

Test(stream, begins_with_what_was_missed)
{
    struct step_metrics rows[] = {{.step = 9}, {.step = 10}};
    items[1].after = 8;
    items[1].rows = rows;
    items[1].row_count = 2;
    struct stream *s = stream_of(2, EVENT_SSE);
    SAYS(0, "retry: 2000\n\n"
            "event: step\nid: 0,10\ndata: {\"session\":\"S2\",\"step\":[9,10]}\n\n");
    stream_free(s);
    items[1].after = 2;
    s = stream_of(2, EVENT_SSE);
    SAYS(0, "retry: 2000\n\nevent: gap\nid: 0,8\ndata: {\"session\":\"S2\",\"from\":3,\"to\":8}\n\n"
            "event: step\nid: 0,10\ndata: {\"session\":\"S2\",\"step\":[9,10]}\n\n");
    stream_free(s);
    items[1].row_count = 0; /* no metrics are left of them */
    s = stream_of(2, EVENT_SSE);
    SAYS(0, "retry: 2000\n\n"
            "event: gap\nid: 0,10\ndata: {\"session\":\"S2\",\"from\":3,\"to\":10}\n\n");
    stream_free(s);
}

Test(stream, ends_when_no_session_is_left)
{
    struct stream *s = stream_of(2, EVENT_SSE);
    said(s, 0, false);
    tell(1, EVENT_DELETED);
    events_publish(hub);
    SAYS(100, "event: deleted\nid: 0,10\ndata: {\"session\":\"S1\"}\n\n");
    cr_expect_not(s->ended);
    tell(2, EVENT_DELETED);
    events_publish(hub);
    SAYS(200, "event: deleted\nid: 0,10\ndata: {\"session\":\"S2\"}\n\n");
    cr_expect(s->ended);
    cr_expect_not(stream_due(s, start_ns + 100000 * ms));
    stream_free(s);
}

Test(stream, the_last_word)
{
    struct stream *s = stream_of(1, EVENT_SSE);
    said(s, 0, false);
    step(1, 1, 1);
    events_publish(hub);
    said(s, 1, false);
    step(1, 2, 2);
    events_publish(hub);
    cr_expect_str_eq(said(s, 2, true), "event: step\nid: 2\ndata: {\"session\":\"S1\",\"step\":[2]}"
                                       "\n\nevent: bye\ndata: {}\n\n");
    cr_expect(s->ended);
    stream_free(s);
}

Test(stream, of_head_ends_at_once)
{
    struct stream *s = stream_new(EVENT_SSE, NULL);
    cr_assert(s && s->ended);
    SAYS(0, "");
    stream_free(s);
}
