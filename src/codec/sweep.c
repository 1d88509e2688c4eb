/* What became of a grid, as JSON and as CSV. */
#include "codec/compare.h"
#include "codec/json_write.h"
#include "codec/number.h"
#include "codec/race.h"

#include <math.h>

static void write_list(struct writer *w, const struct hyper_arg *arg)
{
    write_array(w);
    for (size_t i = 0; i < arg->count; i++)
        write_number_or_null(w, arg->numbers[i]);
    write_end(w);
}

static void write_value(struct writer *w, const struct hyper_arg *arg)
{
    if (arg->kind == ARG_NUMBER)
        write_number(w, arg->number);
    else if (arg->kind == ARG_BOOL)
        write_bool(w, arg->number != 0);
    else if (arg->kind == ARG_STRING)
        write_string(w, arg->string);
    else if (arg->kind == ARG_NUMBERS)
        write_list(w, arg);
    else
        write_null(w);
}

static void write_grid(struct writer *w, const struct sweep_grid *g)
{
    write_key(w, "grid");
    write_object(w);
    for (size_t k = 0; k < g->axis_count; k++) {
        write_key(w, g->axes[k].name);
        write_array(w);
        for (size_t i = 0; i < g->axes[k].count; i++)
            write_value(w, &g->axes[k].values[i]);
        write_end(w);
    }
    write_end(w);
}

static void write_run(struct writer *w, const struct sweep_grid *g, const struct race *race,
                      size_t run)
{
    write_object(w);
    write_key(w, "hyperparameters");
    write_object(w);
    for (size_t k = 0; k < g->axis_count; k++) {
        write_key(w, g->axes[k].name);
        write_value(w, &g->axes[k].values[sweep_at(g, run, k)]);
    }
    write_end(w);
    write_race_end(w, &race->runs[run]);
    write_end(w);
}

void json_write_sweep(struct buf *out, const struct sweep_grid *g, const struct race *race)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_string_field(&w, "objective", race->objective->objective->name);
    write_entrant(&w, race->runs[race->ranking[0]].s);
    write_grid(&w, g);
    write_key(&w, "target");
    write_number_or_null(&w, race->target);
    write_key(&w, "runs");
    write_array(&w);
    for (size_t i = 0; i < race->count; i++)
        write_run(&w, g, race, i);
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

/* A list holds commas, and so it is quoted. */
static void add_list(struct buf *out, const struct hyper_arg *arg)
{
    buf_puts(out, "\"[");
    for (size_t i = 0; i < arg->count; i++) {
        buf_puts(out, i ? "," : "");
        add_number(out, arg->numbers[i]);
    }
    buf_puts(out, "]\"");
}

/* Names of choices and of hyperparameters hold neither commas nor quotes: they have been found in
 * the optimizer's table. */
static void add_value(struct buf *out, const struct hyper_arg *arg)
{
    if (arg->kind == ARG_NUMBER)
        add_number(out, arg->number);
    else if (arg->kind == ARG_BOOL)
        buf_puts(out, arg->number != 0 ? "true" : "false");
    else if (arg->kind == ARG_STRING)
        buf_puts(out, arg->string);
    else if (arg->kind == ARG_NUMBERS)
        add_list(out, arg);
}

void csv_write_sweep(struct buf *out, const struct sweep_grid *g, const struct race *race)
{
    buf_puts(out, "rank,run,");
    for (size_t k = 0; k < g->axis_count; k++)
        buf_printf(out, "%s,", g->axes[k].name);
    buf_puts(out, "steps_to_target,final_loss,best_loss,best_step,steps_done,stopped_by\n");
    for (size_t rank = 0; rank < race->count; rank++) {
        size_t i = race->ranking[rank];
        const struct race_run *run = &race->runs[i];
        buf_printf(out, "%zu,%zu,", rank + 1, i);
        for (size_t k = 0; k < g->axis_count; k++) {
            add_value(out, &g->axes[k].values[sweep_at(g, i, k)]);
            buf_putc(out, ',');
        }
        if (run->target_step >= 0)
            buf_printf(out, "%lld", (long long)run->target_step);
        buf_putc(out, ',');
        add_number(out, run->final_loss);
        buf_putc(out, ',');
        add_number(out, run->best_loss);
        buf_printf(out, ",%lld,%lld,%s\n", (long long)run->best_step, (long long)run->steps_done,
                   race_end_names[run->end]);
    }
}
