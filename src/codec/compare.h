/* The bodies of POST /v1/compare, whose answer is that of race.h, and of POST /v1/sweeps. */
#ifndef STEPD_CODEC_COMPARE_H
#define STEPD_CODEC_COMPARE_H

#include "base/buf.h"
#include "session/race.h"
#include "session/sweep.h"

struct compare_body {
    struct objective_given objective;
    struct values start; /* count 0: not given */
    struct session_spec *entries;
    size_t entry_count;
    int64_t steps; /* 0: not given */
    double target; /* NaN: not given */
    double max_seconds;
};

/* What is missing or out of range besides is for the race to say; ERR_VALIDATION leaves what could
 * be read, so that it can say so at once. Memory: `a`. */
enum err_code json_read_compare(struct arena *a, const char *body, size_t len,
                                struct compare_body *ret, struct err *err);

struct sweep_body {
    struct objective_given objective;
    struct values start; /* count 0: not given */
    struct sweep_grid grid;
    int64_t steps;
    double target; /* NaN: not given */
    double max_seconds;
};

enum err_code json_read_sweep(struct arena *a, const char *body, size_t len, struct sweep_body *ret,
                              struct err *err);

/* {"objective":…,"optimizer":…,"grid":…,"target":…,"runs":[…],"ranking":[…]}: the winner with all
 * its hyperparameters, and what became of each run. As CSV a line for each run, the winner first.
 */
void json_write_sweep(struct buf *out, const struct sweep_grid *g, const struct race *race);
void csv_write_sweep(struct buf *out, const struct sweep_grid *g, const struct race *race);

#endif
