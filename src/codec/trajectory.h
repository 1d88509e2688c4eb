/* The parameters of small sessions, step by step: columns in JSON, a table in CSV, one object a
 * line in NDJSON. */
#ifndef STEPD_CODEC_TRAJECTORY_H
#define STEPD_CODEC_TRAJECTORY_H

#include "base/buf.h"
#include "session/recording.h"

/* Columns are "step" and one for each parameter: "w0", "w1" … where they have no names; "b" for the
 * single number b, "W/0", "W/1" … for the numbers of W. `s` is a snapshot. */
struct trajectory {
    const struct session *s;
    const struct recorded_step *rows;
    size_t count;
};

void json_write_trajectory(struct buf *out, const struct trajectory *t);
void csv_write_trajectory(struct buf *out, const struct trajectory *t);
void ndjson_write_trajectory(struct buf *out, const struct trajectory *t);

#endif
