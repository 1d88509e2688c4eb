/* Numbers as bytes instead of JSON: the bodies and answers of three media types.
 *
 *   application/vnd.safetensors   named tensors; scalars of a step in __metadata__
 *   application/x-npy             one array, numpy.save of version 1 or 2
 *   application/octet-stream      one flat little-endian vector; `; dtype=float32` says that it
 *                                 holds float32, float64 is the default
 *
 * A vector without structure (octet-stream, a one-dimensional npy) fits a session by its count
 * alone: `loose` in struct values. Memory of what is decoded: the arena; nothing points into the
 * body. A body that is not of its format is ERR_REQUEST. Thread: any. */
#ifndef STEPD_CODEC_BINARY_H
#define STEPD_CODEC_BINARY_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "codec/json.h"
#include "session/session.h"

enum binary_format { BINARY_SAFETENSORS, BINARY_NPY, BINARY_OCTETS };

struct binary_type {
    enum binary_format format;
    enum dtype dtype; /* of BINARY_OCTETS in a body */
};

/* A Content-Type, or one range of an Accept header, with or without parameters. false: none of the
 * three, or an octet-stream with a dtype that there is not. */
bool binary_type_of(const char *media_type, struct binary_type *ret);
const char *binary_media_type(enum binary_format format);

/* PUT …/parameters. */
enum err_code binary_read_values(struct arena *a, struct binary_type type, const void *body,
                                 size_t len, struct values *ret, struct err *err);
/* POST …/steps: one step, the numbers being its gradient; float32 stays where it lies in the body.
 */
enum err_code binary_read_steps(struct arena *a, struct binary_type type, const void *body,
                                size_t len, struct steps_request *ret, struct err *err);
/* The answers of GET …/parameters and POST …/steps: a snapshot with parameters, in the session's
 * dtype. As npy and octet-stream, several tensors become one vector; safetensors has id, step,
 * revision and the metrics of the newest step in __metadata__. */
void binary_write_parameters(struct buf *out, enum binary_format format, const struct session *s);

/* One tensor per parameter, called by its name, or "parameters" where they have none. A file of a
 * single tensor called "parameters" or "gradient" is read as one without a name. F64, F32, F16 and
 * BF16 are read; F64 or F32 is written. Of __metadata__ a step takes `loss` and `expected_step`,
 * decimal; other entries are free. With `keep`, numbers that are float32 throughout stay where they
 * lie in the body, as values.single; else they become doubles. */
enum err_code safetensors_read(struct arena *a, const void *body, size_t len, bool keep,
                               struct step_input *ret, struct err *err);
void safetensors_write_parameters(struct buf *out, const struct session *s);
/* GET …/state, from a snapshot with state: parameters as "parameters/NAME", each slot as
 * "state/SLOT/NAME" (without "/NAME" where the parameters have none, and as one flat "state/SLOT"
 * where a slot has another shape); in __metadata__ the named scalars as "scalar/NAME" and the
 * session's description as "session", the JSON of GET /v1/sessions/{id} without parameters. */
void safetensors_write_state(struct buf *out, const struct session *s);

enum err_code npy_read(struct arena *a, const void *body, size_t len, bool keep, struct values *ret,
                       struct err *err);
void npy_write(struct buf *out, const struct session *s);

#endif
