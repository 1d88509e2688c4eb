/* Races as JSON, as CSV and as a plot for a terminal. */
#ifndef STEPD_CODEC_RACE_H
#define STEPD_CODEC_RACE_H

#include "base/buf.h"
#include "codec/write.h"
#include "session/race.h"

/* {"objective":…,"target":…,"runs":[…],"ranking":[…]}; each run with its curve in columns. */
void json_write_race(struct buf *out, const struct race *race);

/* A line for each point: run, optimizer, step, loss. */
void csv_write_race(struct buf *out, const struct race *race);

/* The curve of run `k` as a plot of 64 by 16 characters, its loss in powers of ten where all of it
 * is positive. */
void text_write_curve(struct buf *out, const struct race_run *run);

/* Parts that races and sweeps share: by enum race_end; what became of a run; "ranking"; all that
 * moves a run, as a session shows it. */
extern const char *const race_end_names[RACE_ENDS];
void write_race_end(struct writer *w, const struct race_run *run);
void write_race_ranking(struct writer *w, const struct race *race);
void write_entrant(struct writer *w, const struct session *s);

#endif
