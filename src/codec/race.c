/* What a race looks like from outside. */
#include "codec/race.h"

#include "codec/json_write.h"
#include "codec/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- JSON ------------------------------------------------------------------------------------ */

static void write_columns(struct writer *w, const struct race_run *run)
{
    write_key(w, "columns");
    write_object(w);
    write_key(w, "step");
    write_array(w);
    for (size_t i = 0; i < run->points; i++)
        write_int(w, run->step[i]);
    write_end(w);
    write_key(w, "loss");
    write_array(w);
    for (size_t i = 0; i < run->points; i++)
        write_number_or_null(w, run->loss[i]);
    write_end(w);
    write_end(w);
}

static void write_point(struct writer *w, const char *key, int64_t step, double loss)
{
    write_key(w, key);
    write_object(w);
    write_int_field(w, "step", step);
    write_key(w, "loss");
    write_number_or_null(w, loss);
    write_end(w);
}

static void write_trajectory(struct writer *w, const struct race_run *run, size_t n)
{
    write_key(w, "trajectory");
    if (!run->trajectory) {
        write_null(w);
        return;
    }
    write_array(w);
    for (size_t i = 0; i < run->points; i++) {
        write_array(w);
        for (size_t k = 0; k < n; k++)
            write_number_or_null(w, run->trajectory[i * n + k]);
        write_end(w);
    }
    write_end(w);
}

const char *const race_end_names[RACE_ENDS] = {"steps", "diverged", "seconds", "cancelled"};

static void write_end_of(struct writer *w, const struct race_run *run)
{
    write_string_field(w, "stopped_by", race_end_names[run->end]);
    write_key(w, "diverged");
    if (run->end != RACE_DIVERGED) {
        write_null(w);
        return;
    }
    write_object(w);
    write_int_field(w, "step", run->steps_done);
    write_string_field(w, "reason", run->reason);
    write_end(w);
}

void write_race_end(struct writer *w, const struct race_run *run)
{
    if (run->on_data)
        write_batch_size(w, run->batch);
    write_int_field(w, "steps_done", run->steps_done);
    write_end_of(w, run);
    write_point(w, "best", run->best_step, run->best_loss);
    write_point(w, "final", run->s->step, run->final_loss);
    write_key(w, "steps_to_target");
    if (run->target_step < 0)
        write_null(w);
    else
        write_int(w, run->target_step);
}

void write_entrant(struct writer *w, const struct session *s)
{
    write_optimizer(w, s);
    write_schedules(w, s);
    write_transforms(w, s);
    write_groups(w, s);
}

static void write_run(struct writer *w, const struct race_run *run, size_t n)
{
    write_object(w);
    write_entrant(w, run->s);
    write_race_end(w, run);
    write_key(w, "parameters");
    write_structured(w, run->s, run->s->view.w);
    write_columns(w, run);
    write_trajectory(w, run, n);
    write_end(w);
}

void write_race_ranking(struct writer *w, const struct race *race)
{
    write_key(w, "ranking");
    write_array(w);
    for (size_t i = 0; i < race->count; i++)
        write_int(w, (int64_t)race->ranking[i]);
    write_end(w);
}

void json_write_race(struct buf *out, const struct race *race)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_string_field(&w, "objective", race->objective->objective->name);
    write_key(&w, "target");
    write_number_or_null(&w, race->target);
    write_key(&w, "runs");
    write_array(&w);
    for (size_t i = 0; i < race->count; i++)
        write_run(&w, &race->runs[i], race->objective->n);
    write_end(&w);
    write_race_ranking(&w, race);
    write_end(&w);
}

/* ---- CSV ------------------------------------------------------------------------------------- */

static void add_number(struct buf *out, double value)
{
    char text[NUMBER_MAX];
    if (isfinite(value))
        buf_add(out, text, number_print(value, text));
}

void csv_write_race(struct buf *out, const struct race *race)
{
    buf_puts(out, "run,optimizer,step,loss\n");
    for (size_t k = 0; k < race->count; k++) {
        const struct race_run *run = &race->runs[k];
        for (size_t i = 0; i < run->points; i++) {
            buf_printf(out, "%zu,%s,%lld,", k, run->s->optim->name, (long long)run->step[i]);
            add_number(out, run->loss[i]);
            buf_putc(out, '\n');
        }
    }
}

/* ---- a plot in characters -------------------------------------------------------------------- */

enum { WIDTH = 64, HEIGHT = 16 };

/* Where a loss stands on the axis. */
static double height_of(double loss, bool logarithmic)
{
    return logarithmic ? log10(loss) : loss;
}

struct axis {
    bool logarithmic;
    double low, high;
};

static struct axis axis_of(const struct race_run *run)
{
    struct axis a = {.logarithmic = true, .low = INFINITY, .high = -INFINITY};
    for (size_t i = 0; i < run->points; i++)
        a.logarithmic = a.logarithmic && (run->loss[i] > 0 || !isfinite(run->loss[i]));
    for (size_t i = 0; i < run->points; i++) {
        if (!isfinite(run->loss[i]))
            continue;
        a.low = fmin(a.low, height_of(run->loss[i], a.logarithmic));
        a.high = fmax(a.high, height_of(run->loss[i], a.logarithmic));
    }
    if (!(a.high > a.low)) { /* one value, or none */
        a.low = isfinite(a.low) ? a.low - 0.5 : 0;
        a.high = a.low + 1;
    }
    return a;
}

static void add_row(struct buf *out, const struct axis *a, int row, const char *cells)
{
    double at = a->high - (a->high - a->low) * row / (HEIGHT - 1);
    bool labelled = row == 0 || row == HEIGHT - 1 || row == HEIGHT / 2;
    if (labelled)
        buf_printf(out, "%10.3g |", a->logarithmic ? pow(10, at) : at);
    else
        buf_printf(out, "%10s |", "");
    int len = WIDTH;
    while (len > 0 && cells[len - 1] == ' ')
        len--;
    buf_add(out, cells, (size_t)len);
    buf_putc(out, '\n');
}

void text_write_curve(struct buf *out, const struct race_run *run)
{
    char cells[HEIGHT][WIDTH];
    struct axis a = axis_of(run);
    double last = run->points ? (double)run->step[run->points - 1] : 0;
    memset(cells, ' ', sizeof cells);
    for (size_t i = 0; i < run->points; i++) {
        if (!isfinite(run->loss[i]))
            continue;
        double part = (a.high - height_of(run->loss[i], a.logarithmic)) / (a.high - a.low);
        int row = (int)lround(part * (HEIGHT - 1));
        int column = last > 0 ? (int)lround((double)run->step[i] / last * (WIDTH - 1)) : 0;
        cells[row][column] = '*';
    }
    buf_puts(out, "      loss\n");
    for (int row = 0; row < HEIGHT; row++)
        add_row(out, &a, row, cells[row]);
    buf_printf(out, "%10s +", "");
    for (int i = 0; i < WIDTH; i++)
        buf_putc(out, '-');
    buf_printf(out, "\n%11s 0%*s\n", "", WIDTH - 1, "");
    out->len -= (size_t)(out->failed ? 0 : WIDTH);
    buf_printf(out, "%*lld steps\n", WIDTH - 2, (long long)last);
}
