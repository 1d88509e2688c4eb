/* What the binary formats share. Internal to codec/. */
#ifndef STEPD_CODEC_BINARY_PARTS_H
#define STEPD_CODEC_BINARY_PARTS_H

#include "session/session.h"

/* `count` numbers that lie at `data`, aligned or not, as doubles in the arena. NULL: no memory. */
double *numbers_widen(struct arena *a, enum dtype dtype, const void *data, size_t count,
                      struct err *err);

/* Numbers without structure; with `keep`, float32 that is aligned stays where it lies. */
enum err_code values_of_vector(struct arena *a, enum dtype dtype, const void *data, size_t count,
                               bool keep, struct values *ret, struct err *err);

#endif
