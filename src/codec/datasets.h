/* Data sets in JSON: the list, and one with all of its numbers. */
#ifndef STEPD_CODEC_DATASETS_H
#define STEPD_CODEC_DATASETS_H

#include "base/buf.h"
#include "math/dataset.h"

/* {"items":[…]}: the built-in ones, then the `count` that were uploaded, all without numbers. */
void datasets_write_list(struct buf *out, const struct dataset *uploaded, size_t count);

/* One, with x and y where `numbers` is set. */
void datasets_write(struct buf *out, const struct dataset *d, bool numbers);

#endif
