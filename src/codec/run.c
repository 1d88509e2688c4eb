/* Runs; run.h says which bodies. */
#include "codec/run.h"

#include "base/clock.h"
#include "codec/json_decode.h"
#include "codec/json_values.h"
#include "codec/json_write.h"

#include <math.h>
#include <stdio.h>

/* ---- reading --------------------------------------------------------------------------------- */

static void read_count(struct decode *d, const struct place *at, json_t *v, int64_t most,
                       int64_t *ret)
{
    double x = json_number_value(v); /* 0 where it is none */
    if (x >= 1 && x <= (double)most && x == floor(x))
        *ret = (int64_t)x;
    else
        decode_wrong(d, at, "expected a whole number from 1 to %lld", (long long)most);
}

static void read_real(struct decode *d, const struct place *at, json_t *v, double least,
                      double most, const char *what, double *ret)
{
    double x;
    if (decode_number(v, &x) && x >= least && x <= most)
        *ret = x;
    else
        decode_expected(d, at, what, v);
}

static void read_steps(struct decode *d, const struct place *at, json_t *v, void *to)
{
    read_count(d, at, v, RUN_STEPS, to);
}

static void read_bound(struct decode *d, const struct place *at, json_t *v, void *to)
{
    read_real(d, at, v, -HUGE_VAL, HUGE_VAL, "a number", to);
}

static void read_norm(struct decode *d, const struct place *at, json_t *v, void *to)
{
    read_real(d, at, v, 0, HUGE_VAL, "a number of at least 0", to);
}

static void read_part(struct decode *d, const struct place *at, json_t *v, void *to)
{
    read_real(d, at, v, 0, 1, "a number from 0 to 1", to);
}

static void read_seconds(struct decode *d, const struct place *at, json_t *v, void *to)
{
    read_real(d, at, v, 1e-3, 1e9, "a number of seconds of at least 0.001", to);
}

static void read_window(struct decode *d, const struct place *at, json_t *v, void *to)
{
    read_count(d, at, v, RUN_WINDOW, to);
}

static void read_plateau(struct decode *d, const struct place *at, json_t *v, void *to)
{
    static const struct field rows[] = {
        FIELD("window", read_window, struct run_rules, plateau_window, .required = true),
        FIELD("relative", read_part, struct run_rules, plateau_relative),
        {0}};
    static const struct alias aliases[] = {
        {"patience", "window"}, {"threshold", "relative"}, {"steps", "window"}, {0}};
    static const struct fields fields = {"a plateau", rows, aliases};
    decode_fields(d, at, v, &fields, to);
}

static const struct field stop_rows[] = {
    FIELD("loss_below", read_bound, struct run_rules, loss_below),
    FIELD("gradient_norm_below", read_norm, struct run_rules, gradient_norm_below),
    {.name = "plateau", .read = read_plateau},
    FIELD("target", read_part, struct run_rules, target),
    FIELD("max_seconds", read_seconds, struct run_rules, max_seconds),
    {0}};

static void read_stop(struct decode *d, const struct place *at, json_t *v, void *to)
{
    static const struct alias aliases[] = {{"loss", "loss_below"},
                                           {"gradient_norm", "gradient_norm_below"},
                                           {"seconds", "max_seconds"},
                                           {"timeout", "max_seconds"},
                                           {0}};
    static const struct fields fields = {"stop", stop_rows, aliases};
    decode_fields(d, at, v, &fields, to);
}

enum err_code json_read_run(struct arena *a, const char *body, size_t len, struct run_rules *ret,
                            struct err *err)
{
    static const struct field rows[] = {
        FIELD("steps", read_steps, struct run_rules, steps, .required = true),
        {.name = "stop", .read = read_stop},
        {0}};
    static const struct alias aliases[] = {{"max_steps", "steps"},
                                           {"iterations", "steps"},
                                           {"n", "steps"},
                                           {"loss_below", "stop.loss_below"},
                                           {"gradient_norm_below", "stop.gradient_norm_below"},
                                           {"plateau", "stop.plateau"},
                                           {"target", "stop.target"},
                                           {"max_seconds", "stop.max_seconds"},
                                           {0}};
    static const struct fields fields = {"a run", rows, aliases};
    struct decode d;
    struct run_rules given = {
        .loss_below = NAN, .gradient_norm_below = NAN, .target = NAN, .max_seconds = NAN};
    struct place root = PLACE_ROOT("#");
    if (decode_open(&d, a, body, len, err) == ERR_OK)
        decode_fields(&d, &root, d.root, &fields, &given);
    if (d.code == ERR_OK)
        *ret = given;
    return d.code;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void write_rule(struct writer *w, const char *name, double value)
{
    if (!isnan(value))
        write_number_field(w, name, value);
}

static void write_rules(struct writer *w, const struct run_rules *rules)
{
    write_int_field(w, "steps", rules->steps);
    write_key(w, "stop");
    write_object(w);
    write_rule(w, "loss_below", rules->loss_below);
    write_rule(w, "gradient_norm_below", rules->gradient_norm_below);
    if (rules->plateau_window > 0) {
        write_key(w, "plateau");
        write_object(w);
        write_int_field(w, "window", rules->plateau_window);
        write_number_field(w, "relative", rules->plateau_relative);
        write_end(w);
    }
    write_rule(w, "target", rules->target);
    write_rule(w, "max_seconds", rules->max_seconds);
    write_end(w);
}

static const char *status_of(const struct session_run *run)
{
    return run->end == RUN_GOES_ON     ? "running"
           : run->end == RUN_CANCELLED ? "cancelled"
           : run->end == RUN_DIVERGED  ? "failed"
                                       : "finished";
}

static void write_link(struct writer *w, const char *name, const char *path, const char *id)
{
    char href[64];
    snprintf(href, sizeof href, "%s%s", path, id);
    write_string_field(w, name, href);
}

/* All but the end of the object. */
static void write_body(struct writer *w, const struct session_run *run)
{
    char iso[CLOCK_ISO_LEN];
    write_object(w);
    write_string_field(w, "id", run->id);
    write_string_field(w, "session", run->session);
    write_string_field(w, "status", status_of(run));
    write_string_field(w, "stopped_by", run_end_names[run->end]);
    write_string_field(w, "reason", run->reason[0] ? run->reason : NULL);
    write_int_field(w, "steps_done", run->steps_done);
    write_key(w, "loss");
    write_number_or_null(w, run->at_end.loss);
    write_rules(w, &run->rules);
    write_number_field(w, "seconds", (double)run->elapsed_ms / 1000);
    write_string_field(w, "created_at", clock_iso(run->created_ms, iso));
    write_string_field(w, "ended_at", run->ended_ms ? clock_iso(run->ended_ms, iso) : NULL);
    write_key(w, "links");
    write_object(w);
    write_link(w, "self", "/v1/runs/", run->id);
    write_link(w, "session", "/v1/sessions/", run->session);
    write_end(w);
}

void json_write_run(struct buf *out, const struct session_run *run, const struct session *s)
{
    struct writer w = writer_to(out);
    bool as_it_is = run->at_end.step < 0 || run->at_end.revision == s->revision;
    write_body(&w, run);
    write_int_field(&w, "step", as_it_is ? s->step : run->at_end.step);
    if (as_it_is) {
        write_parameters(&w, s);
        write_last_metrics(&w, s);
    } else {
        write_key(&w, "parameters");
        write_null(&w);
        write_metrics(&w, &run->at_end.last);
    }
    write_end(&w);
}

void json_write_runs(struct buf *out, const struct session_run *runs, size_t count)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_key(&w, "items");
    write_array(&w);
    for (size_t i = 0; i < count; i++) {
        write_body(&w, &runs[i]);
        write_end(&w);
    }
    write_end(&w);
    write_end(&w);
}
