/* Which format a media type means, the way to each, and the plainest of them: octets. */
#include "codec/binary.h"

#include "codec/binary_parts.h"

#include <string.h>
#include <strings.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "numbers are copied as they lie; the formats want them little-endian");

static const char *const media_types[] = {
    [BINARY_SAFETENSORS] = "application/vnd.safetensors",
    [BINARY_NPY] = "application/x-npy",
    [BINARY_OCTETS] = "application/octet-stream",
};

const char *binary_media_type(enum binary_format format)
{
    return media_types[format];
}

/* The value of `; dtype=…`, quoted or not; false where it names no dtype. The end of the text ends
 * a name too: strchr finds its NUL. */
static bool read_dtype(const char *parameters, enum dtype *ret)
{
    const char *found = strcasestr(parameters, "dtype=");
    *ret = DTYPE_FLOAT64;
    if (!found)
        return true;
    found += strlen("dtype=");
    found += *found == '"';
    for (int i = 0; i < 2; i++) {
        size_t len = strlen(dtype_names[i]);
        if (strncasecmp(found, dtype_names[i], len) == 0 && strchr("\"; \t", found[len])) {
            *ret = (enum dtype)i;
            return true;
        }
    }
    return false;
}

bool binary_type_of(const char *media_type, struct binary_type *ret)
{
    media_type += strspn(media_type, " \t");
    size_t len = strcspn(media_type, "; \t,");
    for (int f = 0; f < 3; f++) {
        if (strlen(media_types[f]) != len || strncasecmp(media_type, media_types[f], len) != 0)
            continue;
        struct binary_type type = {.format = (enum binary_format)f};
        if (!read_dtype(media_type + len, &type.dtype))
            return false;
        *ret = type;
        return true;
    }
    return false;
}

double *numbers_widen(struct arena *a, enum dtype dtype, const void *data, size_t count,
                      struct err *err)
{
    size_t bytes;
    double *to = NULL;
    if (!__builtin_mul_overflow(count, sizeof *to, &bytes))
        to = arena_alloc(a, bytes);
    if (!to) {
        err_add(err, ERR_MEMORY, "", "not enough memory for this body");
        return NULL;
    }
    if (dtype == DTYPE_FLOAT64) {
        memcpy(to, data, bytes);
        return to;
    }
    for (size_t i = 0; i < count; i++) {
        float narrow;
        memcpy(&narrow, (const char *)data + i * sizeof narrow, sizeof narrow);
        to[i] = (double)narrow;
    }
    return to;
}

/* The numbers of `ret`; with `keep`, float32 that is aligned stays where it lies. */
static enum err_code values_hold(struct arena *a, enum dtype dtype, const void *data, size_t count,
                                 bool keep, struct values *ret, struct err *err)
{
    ret->n = count;
    ret->data = NULL;
    ret->single = NULL;
    if (keep && dtype == DTYPE_FLOAT32 && (uintptr_t)data % _Alignof(float) == 0)
        ret->single = data;
    else
        ret->data = numbers_widen(a, dtype, data, count, err);
    return ret->data || ret->single ? ERR_OK : ERR_MEMORY;
}

enum err_code values_of_vector(struct arena *a, enum dtype dtype, const void *data, size_t count,
                               bool keep, struct values *ret, struct err *err)
{
    struct tensor *x = arena_zalloc(a, 1, sizeof *x);
    if (!x)
        return err_add(err, ERR_MEMORY, "", "not enough memory for this body");
    *x = (struct tensor){.name = "", .rank = 1, .count = count, .form = TENSOR_NESTED};
    x->shape[0] = (int64_t)count;
    *ret = (struct values){.count = 1, .tensors = x, .loose = true};
    return values_hold(a, dtype, data, count, keep, ret, err);
}

static enum err_code octets_read(struct arena *a, const void *body, size_t len, enum dtype dtype,
                                 bool keep, struct values *ret, struct err *err)
{
    size_t each = dtype_bytes(dtype);
    if (len == 0 || len % each != 0)
        return err_add(err, ERR_REQUEST, "",
                       "%zu bytes are no vector of %s, which has %zu bytes a number", len,
                       dtype_names[dtype], each);
    return values_of_vector(a, dtype, body, len / each, keep, ret, err);
}

/* Into the gradient of a step; `keep`: in float32 if it is. */
static enum err_code read_gradient(struct arena *a, struct binary_type type, const void *body,
                                   size_t len, bool keep, struct step_input *ret, struct err *err)
{
    switch (type.format) {
    case BINARY_NPY:
        return npy_read(a, body, len, keep, &ret->gradient, err);
    case BINARY_OCTETS:
        return octets_read(a, body, len, type.dtype, keep, &ret->gradient, err);
    case BINARY_SAFETENSORS:
        break;
    }
    return safetensors_read(a, body, len, keep, ret, err);
}

enum err_code binary_read_values(struct arena *a, struct binary_type type, const void *body,
                                 size_t len, struct values *ret, struct err *err)
{
    struct step_input in = {0};
    enum err_code code = read_gradient(a, type, body, len, false, &in, err);
    if (!code)
        *ret = in.gradient;
    return code;
}

enum err_code binary_read_steps(struct arena *a, struct binary_type type, const void *body,
                                size_t len, struct steps_request *ret, struct err *err)
{
    struct step_input *in = arena_zalloc(a, 1, sizeof *in);
    if (!in)
        return err_add(err, ERR_MEMORY, "", "not enough memory for this body");
    in->expected_step = -1;
    in->pointer = "#";
    enum err_code code = read_gradient(a, type, body, len, true, in, err);
    if (!code)
        *ret = (struct steps_request){.steps = in, .count = 1};
    return code;
}

void binary_write_parameters(struct buf *out, enum binary_format format, const struct session *s)
{
    switch (format) {
    case BINARY_SAFETENSORS:
        safetensors_write_parameters(out, s);
        break;
    case BINARY_NPY:
        npy_write(out, s);
        break;
    case BINARY_OCTETS:
        buf_add(out, s->view.w, s->view.n * dtype_bytes(s->dtype));
        break;
    }
}
