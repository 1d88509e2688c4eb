/* safetensors (github.com/huggingface/safetensors): 8 bytes with the length of a JSON header, the
 * header, the numbers.
 *
 *   {"__metadata__":{"loss":"16"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}
 *
 * The header is read by the field lists that read all JSON here. The tensors must cover the data
 * without a gap or an overlap, as the format demands: a body that hides bytes is refused. */
#include "codec/binary.h"
#include "codec/binary_parts.h"
#include "codec/json_values.h"
#include "codec/json_write.h"
#include "codec/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, NUMBER_TEXT = 64 };

static const char metadata_key[] = "__metadata__";

/* ---- reading --------------------------------------------------------------------------------- */

enum st_dtype { ST_F64, ST_F32, ST_F16, ST_BF16 };
static const char *const st_names[] = {"F64", "F32", "F16", "BF16", NULL};
static const size_t st_bytes[] = {8, 4, 2, 2};

struct entry {
    const char *name;
    int dtype; /* enum st_dtype; -1: wrong */
    struct shape shape;
    struct matrix offsets;
    size_t begin, end;
};

static void read_entry_dtype(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct entry *e = to;
    e->dtype = decode_choice(d, at, v, st_names);
}

static void read_entry_shape(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct entry *e = to;
    decode_shape(d, at, v, &e->shape);
}

/* Two whole numbers, the second not before the first, within the data. */
static void read_entry_offsets(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct entry *e = to;
    if (!decode_matrix(d, at, v, 1, &e->offsets))
        return;
    const double *o = e->offsets.data;
    if (e->offsets.rows == 2 && o[0] >= 0 && o[0] <= o[1] && o[1] <= 0x1p53) {
        e->begin = (size_t)o[0];
        e->end = (size_t)o[1];
    }
    if (e->offsets.rows != 2 || (double)e->begin != o[0] || (double)e->end != o[1])
        decode_wrong(d, at, "expected two places in the data, the end not before the beginning");
}

static void read_entry(struct decode *d, const struct place *at, json_t *v, struct entry *e)
{
    static const struct field rows[] = {
        {.name = "dtype", .read = read_entry_dtype, .required = true},
        {.name = "shape", .read = read_entry_shape, .required = true},
        {.name = "data_offsets", .read = read_entry_offsets, .required = true},
        {0}};
    static const struct fields fields = {"a tensor", rows, NULL};
    int before = d->violations;
    decode_fields(d, at, v, &fields, e);
    if (d->violations != before)
        return;
    size_t bytes;
    if (__builtin_mul_overflow(e->shape.numbers, st_bytes[e->dtype], &bytes) ||
        bytes != e->end - e->begin)
        decode_wrong(d, at, "shape and dtype stand for other than %zu bytes", e->end - e->begin);
}

/* A scalar in __metadata__ is text: a JSON number, or the name of a value that is not finite. */
static void read_scalar(struct decode *d, const struct place *at, json_t *v, void *to)
{
    double *ret = to;
    if (!json_is_string(v)) {
        decode_expected(d, at, "a string", v);
        return;
    }
    const char *text = json_string_value(v), *end = text + json_string_length(v);
    if (number_scan(text, end, ret) != end && !decode_number(v, ret))
        decode_expected(d, at, "a decimal number", v);
}

static void read_metadata(struct decode *d, const struct place *at, json_t *v,
                          struct step_input *ret)
{
    struct place loss = PLACE_KEY(at, "loss"), expected = PLACE_KEY(at, "expected_step");
    json_t *given = json_object_get(v, "loss");
    double step = -1;
    if (!json_is_object(v)) {
        decode_expected(d, at, "an object of strings", v);
        return;
    }
    ret->has_loss = given != NULL;
    if (given)
        read_scalar(d, &loss, given, &ret->loss);
    given = json_object_get(v, "expected_step");
    if (!given)
        return;
    read_scalar(d, &expected, given, &step);
    if (step >= 0 && step <= 0x1p53 && step == (double)(int64_t)step)
        ret->expected_step = (int64_t)step;
    else
        decode_expected(d, &expected, "a whole number of at least 0", given);
}

static int by_begin(const void *a, const void *b)
{
    const struct entry *const *x = a, *const *y = b;
    return ((*x)->begin > (*y)->begin) - ((*x)->begin < (*y)->begin);
}

static void check_cover(struct decode *d, const struct entry *entries, size_t count, size_t bytes)
{
    const struct entry **sorted = decode_zalloc(d, count, sizeof *sorted);
    size_t at = 0;
    if (!sorted)
        return;
    for (size_t i = 0; i < count; i++)
        sorted[i] = &entries[i];
    qsort(sorted, count, sizeof *sorted, by_begin);
    for (size_t i = 0; i < count; i++) {
        struct place root = PLACE_ROOT("#"), tensor = PLACE_KEY(&root, sorted[i]->name);
        struct place here = PLACE_KEY(&tensor, "data_offsets");
        if (sorted[i]->begin != at) {
            decode_wrong(d, &here, "the tensor before it ends at byte %zu, this one begins at %zu",
                         at, sorted[i]->begin);
            return;
        }
        at = sorted[i]->end;
    }
    if (at != bytes)
        decode_add(d, ERR_REQUEST, "",
                   "safetensors: the header describes %zu bytes of data, the body has %zu", at,
                   bytes);
}

/* IEEE 754 binary16: 1 sign, 5 exponent, 10 fraction bits. */
static double half_to_double(uint16_t h)
{
    int exponent = h >> 10 & 31, fraction = h & 1023;
    double magnitude = exponent == 0    ? ldexp(fraction, -24)
                       : exponent != 31 ? ldexp(fraction + 1024, exponent - 25)
                       : fraction       ? NAN
                                        : INFINITY;
    return h >> 15 ? -magnitude : magnitude;
}

/* bfloat16 is the upper half of a float32. */
static double brain_to_double(uint16_t b)
{
    uint32_t bits = (uint32_t)b << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return (double)f;
}

static double half_number(enum st_dtype dtype, const unsigned char *from)
{
    uint16_t half;
    memcpy(&half, from, sizeof half);
    return dtype == ST_F16 ? half_to_double(half) : brain_to_double(half);
}

static void put_numbers(double *to, const struct entry *e, const unsigned char *data)
{
    const unsigned char *from = data + e->begin;
    size_t each = st_bytes[e->dtype];
    if (e->dtype == ST_F64) {
        memcpy(to, from, e->shape.numbers * each);
        return;
    }
    for (size_t i = 0; i < e->shape.numbers; i++, from += each) {
        float single;
        if (e->dtype == ST_F32) {
            memcpy(&single, from, sizeof single);
            to[i] = (double)single;
        } else {
            to[i] = half_number((enum st_dtype)e->dtype, from);
        }
    }
}

static bool is_unnamed(const struct entry *entries, size_t count)
{
    return count == 1 &&
           (strcmp(entries[0].name, "parameters") == 0 || strcmp(entries[0].name, "gradient") == 0);
}

/* Whether the data are float32 throughout and lie in the order of the header already. */
static bool in_place(const struct entry *entries, size_t count, const unsigned char *data)
{
    bool ret = (uintptr_t)data % _Alignof(float) == 0;
    for (size_t i = 0, at = 0; i < count && ret; at = entries[i++].end)
        ret = entries[i].dtype == ST_F32 && entries[i].begin == at;
    return ret;
}

/* The tensors in the order of the header, their numbers one after the other; `keep`: where they
 * are, if they may stay. */
static void take(struct decode *d, const struct entry *entries, size_t count,
                 const unsigned char *data, bool keep, struct values *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        n += entries[i].shape.numbers;
    bool stay = keep && in_place(entries, count, data);
    struct tensor *tensors = decode_zalloc(d, count, sizeof *tensors);
    double *numbers = stay ? NULL : decode_numbers(d, n);
    if (!tensors || (!numbers && !stay))
        return;
    n = 0;
    for (size_t i = 0; i < count; i++) {
        const struct shape *shape = &entries[i].shape;
        struct tensor *x = &tensors[i];
        x->name = is_unnamed(entries, count) ? "" : arena_strdup(d->arena, entries[i].name);
        if (!x->name) {
            decode_no_memory(d);
            return;
        }
        x->form = shape->rank == 0 ? TENSOR_NUMBER : TENSOR_NESTED;
        x->rank = shape->rank;
        memcpy(x->shape, shape->length, sizeof x->shape);
        x->offset = n;
        x->count = shape->numbers;
        if (numbers)
            put_numbers(numbers + n, &entries[i], data);
        n += shape->numbers;
    }
    *ret = (struct values){.named = !is_unnamed(entries, count),
                           .count = (int)count,
                           .tensors = tensors,
                           .data = numbers,
                           .single = stay ? (const float *)(const void *)data : NULL,
                           .n = n};
}

static void read_header(struct decode *d, const unsigned char *data, size_t bytes, bool keep,
                        struct step_input *ret)
{
    struct place root = PLACE_ROOT("#");
    struct entry *entries = decode_zalloc(d, json_object_size(d->root), sizeof *entries);
    const char *key;
    json_t *item;
    size_t count = 0;
    if (!entries)
        return;
    json_object_foreach(d->root, key, item)
    {
        struct place here = PLACE_KEY(&root, key);
        if (strcmp(key, metadata_key) == 0) {
            read_metadata(d, &here, item, ret);
        } else {
            entries[count].name = key;
            read_entry(d, &here, item, &entries[count++]);
        }
    }
    if (d->code == ERR_OK && count == 0)
        decode_add(d, ERR_REQUEST, "", "safetensors: an object with at least one tensor is needed");
    if (d->code == ERR_OK)
        check_cover(d, entries, count, bytes);
    if (d->code == ERR_OK)
        take(d, entries, count, data, keep, &ret->gradient);
}

/* What is no JSON here is no body in JSON that went wrong. */
static enum err_code open_header(struct decode *d, struct arena *a, const char *text, size_t len,
                                 struct err *err)
{
    struct err own;
    err_init(&own);
    enum err_code code = decode_open(d, a, text, len, &own);
    d->err = err;
    if (code == ERR_JSON)
        err_add(err, ERR_REQUEST, "", "safetensors: the header: %s", own.at[0].detail);
    else if (code)
        err_add(err, code, "", "%s", own.at[0].detail);
    if (code == ERR_JSON)
        d->code = ERR_REQUEST;
    return d->code;
}

enum err_code safetensors_read(struct arena *a, const void *body, size_t len, bool keep,
                               struct step_input *ret, struct err *err)
{
    const unsigned char *bytes = body;
    struct step_input in = {.expected_step = -1, .pointer = "#"};
    struct decode d;
    uint64_t header = 0;
    if (len >= LENGTH_BYTES)
        memcpy(&header, bytes, LENGTH_BYTES);
    if (len < LENGTH_BYTES || header > len - LENGTH_BYTES)
        return err_add(err, ERR_REQUEST, "", "safetensors: the body ends before its header does");
    if (open_header(&d, a, (const char *)bytes + LENGTH_BYTES, (size_t)header, err) == ERR_OK)
        read_header(&d, bytes + LENGTH_BYTES + header, len - LENGTH_BYTES - (size_t)header, keep,
                    &in);
    if (d.code == ERR_OK)
        *ret = in;
    return d.code;
}

/* ---- writing ------------------------------------------------------------------------------------
 */

/* Header first, then the data in the same order: the header is begun, the offsets counted on. */
struct file {
    struct writer w;
    const struct session *s;
    size_t start;  /* of the file in the buffer */
    size_t offset; /* in the data, so far */
};

static void file_open(struct file *f, struct buf *out, const struct session *s)
{
    *f = (struct file){.w = writer_to(out), .s = s, .start = out->len};
    buf_add(out, "\0\0\0\0\0\0\0\0", LENGTH_BYTES);
    write_object(&f->w);
}

static void file_entry(struct file *f, const char *prefix, const char *name, int rank,
                       const int64_t *shape, size_t count)
{
    struct writer *w = &f->w;
    struct buf key;
    buf_init(&key);
    buf_puts(&key, prefix);
    buf_puts(&key, *prefix && *name ? "/" : "");
    buf_add(&key, name, strlen(name) + 1);
    if (key.failed)
        w->out->failed = true;
    else
        write_key(w, key.data);
    buf_close(&key);
    write_object(w);
    write_string_field(w, "dtype", f->s->dtype == DTYPE_FLOAT32 ? "F32" : "F64");
    write_key(w, "shape");
    write_array(w);
    for (int k = 0; k < rank; k++)
        write_int(w, shape[k]);
    write_end(w);
    write_key(w, "data_offsets");
    write_array(w);
    write_int(w, (int64_t)f->offset);
    f->offset += count * dtype_bytes(f->s->dtype);
    write_int(w, (int64_t)f->offset);
    write_end(w);
    write_end(w);
}

static void file_tensors(struct file *f, const char *prefix)
{
    for (int i = 0; i < f->s->tensor_count; i++) {
        const struct tensor *x = &f->s->tensors[i];
        file_entry(f, prefix, x->name, x->rank, x->shape, x->count);
    }
}

/* Ends the header; readers like the data to begin at a multiple of 8. */
static void file_data(struct file *f)
{
    struct buf *out = f->w.out;
    write_end(&f->w);
    while (!out->failed && (out->len - f->start) % LENGTH_BYTES != 0)
        buf_putc(out, ' ');
    if (out->failed)
        return;
    uint64_t header = out->len - f->start - LENGTH_BYTES;
    memcpy(out->data + f->start, &header, LENGTH_BYTES);
}

static void metadata_number(struct writer *w, const char *prefix, const char *name, double v)
{
    char key[NUMBER_TEXT * 2];
    struct buf text;
    buf_init(&text);
    struct writer number = writer_to(&text);
    write_number(&number, v);
    buf_putc(&text, '\0');
    snprintf(key, sizeof key, "%s%s", prefix, name);
    if (text.failed)
        w->out->failed = true;
    else
        write_string_field(w, key, text.data + (text.data[0] == '"'));
    buf_close(&text);
}

/* What is known of the newest step. */
static void file_metrics(struct writer *w, const struct step_metrics *m)
{
    const struct {
        const char *name;
        double value;
    } metrics[] = {{"loss", m->loss},
                   {"lr", m->lr},
                   {"gradient_norm", m->gradient_norm},
                   {"update_norm", m->update_norm}};
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics && m->step > 0; i++) {
        if (!isnan(metrics[i].value))
            metadata_number(w, "", metrics[i].name, metrics[i].value);
    }
}

static void file_metadata(struct file *f, bool state)
{
    struct writer *w = &f->w;
    struct buf session;
    buf_init(&session);
    json_write_session(&session, f->s, false);
    buf_putc(&session, '\0');
    write_key(w, metadata_key);
    write_object(w);
    write_string_field(w, "id", f->s->id);
    metadata_number(w, "", "step", (double)f->s->step);
    metadata_number(w, "", "revision", (double)f->s->revision);
    if (!state)
        file_metrics(w, &f->s->last);
    for (int i = 0; state && i < optim_scalars(f->s->optim); i++)
        metadata_number(w, "scalar/", f->s->optim->scalars[i].name, f->s->scalars[i]);
    if (session.failed)
        w->out->failed = true;
    else if (state)
        write_string_field(w, "session", session.data);
    buf_close(&session);
    write_end(w);
}

void safetensors_write_parameters(struct buf *out, const struct session *s)
{
    struct file f;
    file_open(&f, out, s);
    file_metadata(&f, false);
    file_tensors(&f, s->named ? "" : "parameters");
    file_data(&f);
    buf_add(out, s->view.w, s->view.n * dtype_bytes(s->dtype));
}

static size_t slot_count(const struct session *s, int k)
{
    return optim_slot_count(s->optim, k, s->h, s->tensors, s->tensor_count);
}

static void file_slot(struct file *f, int k)
{
    char prefix[NUMBER_TEXT];
    snprintf(prefix, sizeof prefix, "state/%s", f->s->optim->slots[k].name);
    if (slot_like_parameters(f->s, k)) {
        file_tensors(f, prefix);
        return;
    }
    size_t count = slot_count(f->s, k);
    file_entry(f, prefix, "", 1, &(int64_t){(int64_t)count}, count);
}

void safetensors_write_state(struct buf *out, const struct session *s)
{
    struct file f;
    int slots = optim_slots(s->optim);
    file_open(&f, out, s);
    file_metadata(&f, true);
    file_tensors(&f, "parameters");
    for (int k = 0; k < slots; k++) {
        if (s->view.slot[k])
            file_slot(&f, k);
    }
    file_data(&f);
    buf_add(out, s->view.w, s->view.n * dtype_bytes(s->dtype));
    for (int k = 0; k < slots; k++) {
        if (s->view.slot[k])
            buf_add(out, s->view.slot[k], slot_count(s, k) * dtype_bytes(s->dtype));
    }
}
