/* npy (numpy.lib.format): a magic, a version, the length of a header, the header, the numbers.
 *
 *   \x93NUMPY 1 0 <length> {'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }\n
 *
 * The header is a Python literal. Read is the dict of exactly these three keys, in any order and
 * with any blanks, in which numpy and its imitators write it; '<f8' and '<f4' in C order. */
#include "codec/binary.h"
#include "codec/binary_parts.h"

#include <stdio.h>
#include <string.h>

enum { MAGIC_LEN = 6, HEAD_V1 = 10, HEAD_V2 = 12, ALIGN = 64 };

static const char magic[] = "\x93NUMPY";

/* ---- reading
 * ------------------------------------------------------------------------------------- */

struct header {
    bool has_dtype, has_order, has_shape;
    enum dtype dtype;
    bool fortran;
    int rank;
    int64_t shape[TENSOR_RANK];
    size_t count;
};

struct scan {
    const char *p, *end;
};

static void skip_blanks(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\n'))
        s->p++;
}

/* Whether `text` comes next, and past it. */
static bool take(struct scan *s, const char *text)
{
    size_t len = strlen(text);
    skip_blanks(s);
    if ((size_t)(s->end - s->p) < len || memcmp(s->p, text, len) != 0)
        return false;
    s->p += len;
    return true;
}

/* 'text' or "text" */
static bool take_quoted(struct scan *s, const char *text)
{
    struct scan before = *s;
    for (int i = 0; i < 2; i++) {
        const char *quote = i ? "\"" : "'";
        *s = before;
        if (take(s, quote) && take(s, text) && take(s, quote))
            return true;
    }
    *s = before;
    return false;
}

static bool read_length(struct scan *s, int64_t *ret)
{
    int64_t v = 0;
    skip_blanks(s);
    const char *start = s->p;
    for (; s->p < s->end && *s->p >= '0' && *s->p <= '9'; s->p++) {
        if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *s->p - '0', &v))
            return false;
    }
    *ret = v;
    return s->p > start;
}

/* (), (3,), (2, 3) */
static bool read_shape(struct scan *s, struct header *h)
{
    h->count = 1;
    if (!take(s, "("))
        return false;
    while (!take(s, ")")) {
        if (h->rank == TENSOR_RANK || !read_length(s, &h->shape[h->rank]))
            return false;
        if (__builtin_mul_overflow(h->count, (size_t)h->shape[h->rank], &h->count))
            return false;
        h->rank++;
        if (!take(s, ",")) {
            h->has_shape = take(s, ")");
            return h->has_shape;
        }
    }
    h->has_shape = true;
    return true;
}

static bool read_descr(struct scan *s, struct header *h)
{
    h->has_dtype = true;
    h->dtype = DTYPE_FLOAT64;
    if (take_quoted(s, "<f8"))
        return true;
    h->dtype = DTYPE_FLOAT32;
    return take_quoted(s, "<f4");
}

static bool read_order(struct scan *s, struct header *h)
{
    h->has_order = true;
    h->fortran = take(s, "True");
    return h->fortran || take(s, "False");
}

/* NULL where the header is good, else what is wrong with it. */
static const char *read_header(struct scan *s, struct header *h)
{
    if (!take(s, "{"))
        return "the header is no dict";
    while (!take(s, "}")) {
        if (take_quoted(s, "descr")) {
            if (!take(s, ":") || !read_descr(s, h))
                return "descr is neither '<f8' nor '<f4'; numpy: a.astype('<f8')";
        } else if (take_quoted(s, "fortran_order")) {
            if (!take(s, ":") || !read_order(s, h))
                return "fortran_order is neither True nor False";
        } else if (take_quoted(s, "shape")) {
            if (!take(s, ":") || h->has_shape || !read_shape(s, h))
                return "shape is no tuple of at most 8 lengths";
        } else {
            return "the header has a key other than descr, fortran_order and shape";
        }
        if (!take(s, ",") && s->p < s->end && *s->p != '}')
            return "the header is no dict";
    }
    skip_blanks(s);
    if (s->p != s->end || !h->has_dtype || !h->has_order || !h->has_shape)
        return "the header is not whole";
    if (h->fortran && h->rank > 1)
        return "the array is in Fortran order; numpy: numpy.ascontiguousarray(a)";
    return h->count == 0 ? "the array is empty" : NULL;
}

/* Where the header begins and ends; false where the body is no npy. */
static bool find_header(const unsigned char *body, size_t len, struct scan *ret)
{
    size_t head = HEAD_V1, header;
    if (len < HEAD_V2 || memcmp(body, magic, MAGIC_LEN) != 0 || body[6] < 1 || body[6] > 3)
        return false;
    header = (size_t)body[8] | (size_t)body[9] << 8;
    if (body[6] > 1) {
        head = HEAD_V2;
        header |= (size_t)body[10] << 16 | (size_t)body[11] << 24;
    }
    if (header > len - head)
        return false;
    ret->p = (const char *)body + head;
    ret->end = ret->p + header;
    return true;
}

static enum err_code wrong(struct err *err, const char *why)
{
    return err_add(err, ERR_REQUEST, "", "npy: %s", why);
}

enum err_code npy_read(struct arena *a, const void *body, size_t len, bool keep, struct values *ret,
                       struct err *err)
{
    struct scan s;
    struct header h = {0};
    if (!find_header(body, len, &s))
        return wrong(err, "the body does not begin as a whole npy of version 1, 2 or 3 does");
    const char *why = read_header(&s, &h), *data = s.end;
    if (why)
        return wrong(err, why);
    size_t bytes, given = len - (size_t)(data - (const char *)body);
    if (__builtin_mul_overflow(h.count, dtype_bytes(h.dtype), &bytes) || bytes != given)
        return err_add(err, ERR_REQUEST, "",
                       "npy: the shape stands for %zu numbers of %zu bytes, "
                       "after the header there are %zu bytes",
                       h.count, dtype_bytes(h.dtype), given);
    enum err_code code = values_of_vector(a, h.dtype, data, h.count, keep, ret, err);
    if (code || h.rank == 1)
        return code;
    struct tensor *x = &ret->tensors[0];
    x->rank = h.rank;
    x->form = h.rank == 0 ? TENSOR_NUMBER : TENSOR_NESTED;
    memcpy(x->shape, h.shape, sizeof x->shape);
    ret->loose = false;
    return ERR_OK;
}

/* ---- writing
 * -------------------------------------------------------------------------------------- */

/* "(2, 3)"; Python wants the comma in "(3,)". */
static void put_shape(struct buf *out, int rank, const int64_t *shape)
{
    buf_putc(out, '(');
    for (int k = 0; k < rank; k++)
        buf_printf(out, "%s%lld", k ? ", " : "", (long long)shape[k]);
    buf_puts(out, rank == 1 ? ",)" : ")");
}

void npy_write(struct buf *out, const struct session *s)
{
    int64_t n = (int64_t)s->view.n;
    size_t start = out->len;
    bool single = s->tensor_count == 1;
    buf_add(out, magic, MAGIC_LEN);
    buf_add(out, "\1\0\0\0", HEAD_V1 - MAGIC_LEN);
    buf_printf(out, "{'descr': '%s', 'fortran_order': False, 'shape': ",
               s->dtype == DTYPE_FLOAT32 ? "<f4" : "<f8");
    put_shape(out, single ? s->tensors[0].rank : 1, single ? s->tensors[0].shape : &n);
    buf_puts(out, ", }");
    while (!out->failed && (out->len - start + 1) % ALIGN != 0)
        buf_putc(out, ' ');
    buf_putc(out, '\n');
    if (out->failed)
        return;
    size_t header = out->len - start - HEAD_V1;
    out->data[start + 8] = (char)(header & 255);
    out->data[start + 9] = (char)(header >> 8);
    buf_add(out, s->view.w, s->view.n * dtype_bytes(s->dtype));
}
