/* Numbers as bytes: what is written reads back, what is no file of its kind is refused. */
#include "codec/binary.h"

#include "fixture.h"

#include <jansson.h>
#include <math.h>

static struct err err;

#define FORM(f) ((struct binary_type){.format = (f)})

static const char named_body[] =
    "{\"optimizer\":\"adam\",\"on_nonfinite\":\"allow\",\"parameters\":{\"w\":[[1,2],[3,0.1]],"
    "\"s\":7,\"b\":{\"shape\":[2,1],\"data\":[\"NaN\",-0.0]}}}";

/* What GET answers, PUT takes, and GET answers again. */
static void comes_back(const char *body, enum binary_format format)
{
    struct session *s = session_of(body);
    struct buf first, second, bytes;
    struct arena a;
    struct values v;
    buf_init(&first);
    buf_init(&second);
    buf_init(&bytes);
    arena_init(&a);
    err_init(&err);
    binary_write_parameters(&bytes, format, s);
    cr_assert_not(bytes.failed);
    struct binary_type type = {.format = format, .dtype = s->dtype};
    enum err_code code = binary_read_values(&a, type, bytes.data, bytes.len, &v, &err);
    cr_assert_eq(code, ERR_OK, "%s", err.at[0].detail);
    json_write_parameters(&first, s);
    memset(s->view.w, 0x55, s->view.n * (s->dtype == DTYPE_FLOAT32 ? 4 : 8));
    code = session_set_parameters(s, &v, &err);
    cr_assert_eq(code, ERR_OK, "%s: %s", err.at[0].pointer, err.at[0].detail);
    json_write_parameters(&second, s);
    cr_expect_eq(first.len, second.len);
    cr_expect_arr_eq(first.data, second.data, first.len);
    buf_close(&first);
    buf_close(&second);
    buf_close(&bytes);
    arena_close(&a);
    session_free(s);
}

Test(binary, every_form_comes_back)
{
    static const char *const forms[] = {"4",
                                        "[1,2.5,-3]",
                                        "[[1,2],[3,0.1]]",
                                        "[[[1,2]],[[3,4]]]",
                                        "{\"shape\":[2,2],\"data\":[1,2,3,4]}",
                                        "{\"shape\":[],\"data\":[5]}",
                                        "{\"w\":[[1,2]],\"b\":0.7}",
                                        "{\"z\":[1],\"a\":[[2]],\"gr\xC3\xBCn \\\"x\\\"\":3}",
                                        "{\"w\":[1]}"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        for (int format = 0; format < 3; format++) {
            for (int dtype = 0; dtype < 2; dtype++) {
                char body[256];
                snprintf(body, sizeof body,
                         "{\"optimizer\":\"gd\",\"dtype\":\"%s\",\"parameters\":%s}",
                         dtype_names[dtype], forms[i]);
                comes_back(body, (enum binary_format)format);
            }
        }
    }
    for (int format = 0; format < 3; format++)
        comes_back(named_body, (enum binary_format)format);
}

Test(binary, media_types)
{
    static const struct {
        const char *text;
        int format;
        enum dtype dtype;
    } rows[] = {
        {"application/vnd.safetensors", BINARY_SAFETENSORS, DTYPE_FLOAT64},
        {"Application/X-NPY", BINARY_NPY, DTYPE_FLOAT64},
        {"application/octet-stream", BINARY_OCTETS, DTYPE_FLOAT64},
        {"application/octet-stream;dtype=float32", BINARY_OCTETS, DTYPE_FLOAT32},
        {" application/octet-stream ; q=1; dtype=\"float32\"", BINARY_OCTETS, DTYPE_FLOAT32},
        {"application/octet-stream; dtype=float64 ", BINARY_OCTETS, DTYPE_FLOAT64},
        {"application/octet-stream; dtype=float3", -1, DTYPE_FLOAT64},
        {"application/octet-stream; dtype=float324", -1, DTYPE_FLOAT64},
        {"application/octet", -1, DTYPE_FLOAT64},
        {"application/octet-streams", -1, DTYPE_FLOAT64},
        {"application/json", -1, DTYPE_FLOAT64},
        {"", -1, DTYPE_FLOAT64}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct binary_type type;
        bool known = binary_type_of(rows[i].text, &type);
        cr_expect_eq(known, rows[i].format >= 0, "%s", rows[i].text);
        cr_expect(!known || (int)type.format == rows[i].format, "%s", rows[i].text);
        cr_expect(!known || type.dtype == rows[i].dtype, "%s", rows[i].text);
    }
}

/* ---- safetensors ----------------------------------------------------------------------------- */

static const char *with_header(char *file, const char *header, const void *data, size_t bytes,
                               size_t *ret_len)
{
    uint64_t len = strlen(header);
    memcpy(file, &len, sizeof len);
    memcpy(file + 8, header, len);
    memcpy(file + 8 + len, data, bytes);
    *ret_len = 8 + len + bytes;
    return file;
}

static enum err_code read_file(struct arena *a, const char *header, const void *data, size_t bytes,
                               struct step_input *in)
{
    char file[4096];
    size_t len;
    with_header(file, header, data, bytes, &len);
    err_init(&err);
    return safetensors_read(a, file, len, false, in, &err);
}

Test(safetensors, header_as_written)
{
    struct session *s = session_of("{\"optimizer\":\"gd\",\"parameters\":{\"w\":[[1,2]],\"b\":3}}");
    struct buf out;
    uint64_t header;
    double numbers[3];
    buf_init(&out);
    s->step = 4;
    s->last = (struct step_metrics){.step = 4, .loss = 16, .lr = 0.5, .gradient_norm = NAN};
    safetensors_write_parameters(&out, s);
    memcpy(&header, out.data, 8);
    cr_assert_eq(header % 8, 0);
    cr_assert_eq(out.len, 8 + header + 3 * sizeof(double));
    memcpy(numbers, out.data + 8 + header, sizeof numbers);
    cr_expect(numbers[0] == 1 && numbers[1] == 2 && numbers[2] == 3);
    char *text = strndup(out.data + 8, header);
    text[strcspn(text, " ")] = '\0';
    cr_expect_str_eq(text,
                     "{\"__metadata__\":{\"id\":\"01HZX0000000000000000000AB\",\"step\":\"4\","
                     "\"revision\":\"1\",\"loss\":\"16\",\"lr\":\"0.5\",\"update_norm\":\"0\"},"
                     "\"w\":{\"dtype\":\"F64\",\"shape\":[1,2],\"data_offsets\":[0,16]},"
                     "\"b\":{\"dtype\":\"F64\",\"shape\":[],\"data_offsets\":[16,24]}}");
    free(text);
    buf_close(&out);
    session_free(s);
}

Test(safetensors, tensors_of_every_dtype)
{
    static const unsigned char data[] = {
        0,    0,    0,    0,    0,    0,    0xF8, 0x3F, /* F64 1.5 */
        0,    0,    0x20, 0xC0,                         /* F32 -2.5 */
        0x00, 0x3E, 0x01, 0x00, 0x00, 0x7C, 0xFF, 0xFF, /* F16 1.5, 2^-24, Infinity, NaN */
        0x40, 0x40, 0x80, 0xFF,                         /* BF16 3, -Infinity */
    };
    struct arena a;
    struct step_input in;
    arena_init(&a);
    enum err_code code =
        read_file(&a,
                  "{\"h\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[12,20]},"
                  "\"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                  "\"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[20,24]},"
                  "\"f\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[8,12]}}",
                  data, sizeof data, &in);
    cr_assert_eq(code, ERR_OK, "%s: %s", err.at[0].pointer, err.at[0].detail);
    const double *x = in.gradient.data;
    cr_assert_eq(in.gradient.n, 8);
    cr_expect(x[0] == 1.5 && x[1] == 0x1p-24 && isinf(x[2]) && isnan(x[3]));
    cr_expect(x[4] == 1.5 && x[5] == 3 && x[6] == -INFINITY && x[7] == -2.5);
    cr_expect_eq(in.gradient.tensors[3].form, TENSOR_NUMBER);
    cr_expect(in.gradient.named);
    arena_close(&a);
}

Test(safetensors, metadata_of_a_step)
{
    double g = 8;
    struct arena a;
    struct step_input in;
    arena_init(&a);
    cr_assert_eq(read_file(&a,
                           "{\"__metadata__\":{\"loss\":\"16.5\",\"expected_step\":\"3\","
                           "\"format\":\"pt\"},\"gradient\":{\"dtype\":\"F64\",\"shape\":[1],"
                           "\"data_offsets\":[0,8]}}",
                           &g, 8, &in),
                 ERR_OK);
    cr_expect(in.has_loss && in.loss == 16.5 && in.expected_step == 3);
    cr_expect_not(in.gradient.named);
    cr_expect_eq(in.gradient.tensors[0].rank, 1);
    arena_close(&a);
}

Test(safetensors, what_is_refused)
{
#define T(d, s, o) "{\"dtype\":\"" d "\",\"shape\":" s ",\"data_offsets\":" o "}"
    static const struct {
        const char *header, *pointer, *detail;
    } rows[] = {
        {"{}", "", "at least one tensor"},
        {"[1]", "", "at least one tensor"},
        {"{\"a\":1", "", "the header: line 1"},
        {"", "", "the header: the body is empty"},
        {"{\"a\":" T("F64", "[1]", "[0,8]") ",\"a\":" T("F64", "[1]", "[8,16]") "}", "",
         "second time"},
        {"{\"a\":" T("I64", "[2]", "[0,16]") "}", "#/a/dtype", "\"F64\", \"F32\""},
        {"{\"a\":" T("F64", "[3]", "[0,16]") "}", "#/a", "other than 16 bytes"},
        {"{\"a\":" T("F64", "[0]", "[0,0]") "}", "#/a/shape/0", "at least 1"},
        {"{\"a\":" T("F64", "[2]", "[16,0]") "}", "#/a/data_offsets", "two places"},
        {"{\"a\":" T("F64", "[2]", "[0,1,16]") "}", "#/a/data_offsets", "two places"},
        {"{\"a\":" T("F64", "[2]", "[0.5,16]") "}", "#/a/data_offsets", "two places"},
        {"{\"a\":" T("F64", "[2]", "[\"NaN\",16]") "}", "#/a/data_offsets", "two places"},
        {"{\"a\":" T("F64", "[2]", "[0,1e300]") "}", "#/a/data_offsets", "two places"},
        {"{\"a\":" T("F64", "[9007199254740992,9007199254740992]", "[0,16]") "}", "#/a/shape/1",
         ""},
        {"{\"a\":" T("F64", "[1]", "[0,8]") "}", "", "8 bytes of data, the body has 16"},
        {"{\"a\":" T("F64", "[1]", "[0,8]") ",\"b\":" T("F64", "[1]", "[0,8]") "}",
         "#/b/data_offsets", "begins at 0"},
        {"{\"a\":" T("F32", "[1]", "[0,4]") ",\"b\":" T("F64", "[1]", "[8,16]") "}",
         "#/b/data_offsets", "begins at 8"},
        {"{\"a\":" T("F64", "[4]", "[0,32]") "}", "", "32 bytes of data, the body has 16"},
        {"{\"a\":{\"dtype\":\"F64\"}}", "#/a/shape", "needs"},
        {"{\"a\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[0,16],\"x\":1}}", "#/a/x", ""},
        {"{\"__metadata__\":{\"loss\":1},\"a\":" T("F64", "[2]", "[0,16]") "}",
         "#/__metadata__/loss", "a string"},
        {"{\"__metadata__\":{\"loss\":\"1x\"},\"a\":" T("F64", "[2]", "[0,16]") "}",
         "#/__metadata__/loss", "decimal"},
        {"{\"__metadata__\":{\"expected_step\":\"-1\"},\"a\":" T("F64", "[2]", "[0,16]") "}",
         "#/__metadata__/expected_step", "whole"},
        {"{\"__metadata__\":[],\"a\":" T("F64", "[2]", "[0,16]") "}", "#/__metadata__", "object"},
    };
    static const double data[2];
    struct arena a;
    struct step_input in;
    arena_init(&a);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_neq(read_file(&a, rows[i].header, data, sizeof data, &in), ERR_OK, "%s",
                      rows[i].header);
        cr_expect_str_eq(err.at[0].pointer, rows[i].pointer, "%s: %s", rows[i].header,
                         err.at[0].detail);
        cr_expect_not_null(strstr(err.at[0].detail, rows[i].detail), "%s: %s", rows[i].header,
                           err.at[0].detail);
        cr_expect_neq(err.code, ERR_JSON);
    }
    err_init(&err);
    cr_expect_eq(safetensors_read(&a, "1234567", 7, false, &in, &err), ERR_REQUEST);
    cr_expect_eq(safetensors_read(&a, "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF{}", 10, false, &in, &err),
                 ERR_REQUEST);
    cr_expect_eq(safetensors_read(&a, "\x03\0\0\0\0\0\0\0{}", 10, false, &in, &err), ERR_REQUEST);
    arena_close(&a);
}

Test(safetensors, state)
{
    struct session *s = session_of(named_body);
    struct buf out;
    uint64_t header;
    struct arena a;
    struct step_input in;
    arena_init(&a);
    buf_init(&out);
    err_init(&err);
    safetensors_write_state(&out, s);
    memcpy(&header, out.data, 8);
    json_t *v = json_loadb(out.data + 8, header, JSON_REJECT_DUPLICATES, NULL);
    cr_assert_not_null(v);
    static const char *const keys[] = {"parameters/w", "parameters/s", "parameters/b",
                                       "state/m/w",    "state/v/s",    "state/v/b"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        cr_expect_not_null(json_object_get(v, keys[i]), "%s", keys[i]);
    json_t *metadata = json_object_get(v, "__metadata__");
    json_t *session = json_loads(json_string_value(json_object_get(metadata, "session")), 0, NULL);
    cr_assert_not_null(session);
    cr_expect_not_null(json_object_get(session, "optimizer"));
    json_decref(session);
    json_decref(v);
    cr_expect_eq(safetensors_read(&a, out.data, out.len, false, &in, &err), ERR_OK, "%s",
                 err.at[0].detail);
    cr_expect_eq(in.gradient.n, 21);
    buf_close(&out);
    arena_close(&a);
    session_free(s);
}

/* ---- npy and octets
 * ------------------------------------------------------------------------------ */

static enum err_code read_npy(struct arena *a, int version, const char *header, const void *data,
                              size_t bytes, struct values *v)
{
    char file[1024] = "\x93NUMPY";
    size_t len = strlen(header), head = version == 1 ? 10 : 12;
    file[6] = (char)version;
    file[8] = (char)len;
    memcpy(file + head, header, len);
    memcpy(file + head + len, data, bytes);
    err_init(&err);
    return npy_read(a, file, head + len + bytes, false, v, &err);
}

/* ---- float32 that stays where it is ---------------------------------------------------------- */

static void read_step(const char *media_type, const void *body, size_t len, struct arena *a,
                      struct steps_request *ret)
{
    struct binary_type type;
    cr_assert(binary_type_of(media_type, &type));
    err_init(&err);
    cr_assert_eq(binary_read_steps(a, type, body, len, ret, &err), ERR_OK, "%s: %s", media_type,
                 err.at[0].detail);
}

Test(single, of_a_step_stays_in_the_body)
{
    static const char one[] = "{\"g\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}  ";
    static const char two[] = "{\"g\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[4,8]},"
                              "\"h\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}";
    const float g[] = {1.5f, -2};
    _Alignas(8) char file[512];
    struct steps_request steps;
    struct values v;
    struct binary_type octets;
    struct arena a;
    size_t len;
    arena_init(&a);
    memcpy(file, g, sizeof g);
    read_step("application/octet-stream; dtype=float32", file, sizeof g, &a, &steps);
    cr_expect_eq((const char *)steps.steps->gradient.single, file);
    cr_expect_null(steps.steps->gradient.data);
    memmove(file + 1, g, sizeof g);
    read_step("application/octet-stream; dtype=float32", file + 1, sizeof g, &a, &steps);
    cr_expect_null(steps.steps->gradient.single, "not aligned");
    cr_expect_eq(steps.steps->gradient.data[1], -2);

    cr_assert_eq(strlen(one) % 4, 0);
    with_header(file, one, g, sizeof g, &len);
    read_step("application/vnd.safetensors", file, len, &a, &steps);
    cr_expect_eq((const char *)steps.steps->gradient.single, file + 8 + strlen(one));
    with_header(file, two, g, sizeof g, &len);
    read_step("application/vnd.safetensors", file, len, &a, &steps);
    cr_expect_null(steps.steps->gradient.single, "another order");
    cr_expect_eq(steps.steps->gradient.data[0], -2);

    memcpy(file, g, sizeof g);
    binary_type_of("application/octet-stream; dtype=float32", &octets);
    cr_assert_eq(binary_read_values(&a, octets, file, sizeof g, &v, &err), ERR_OK);
    cr_expect_null(v.single, "parameters are doubles");
    cr_expect_eq(v.data[0], 1.5);
    arena_close(&a);
}

Test(npy, as_written)
{
    struct session *s = session_of("{\"optimizer\":\"gd\",\"parameters\":[[1,2,3],[4,5,6]]}");
    struct buf out;
    buf_init(&out);
    npy_write(&out, s);
    cr_assert_eq(out.len, 128 + 48);
    cr_expect_arr_eq(out.data, "\x93NUMPY\x01\x00\x76\x00", 10);
    char *text = strndup(out.data + 10, 118);
    cr_expect_eq(text[117], '\n');
    text[strlen("{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }")] = '\0';
    cr_expect_str_eq(text, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }");
    free(text);
    buf_close(&out);
    session_free(s);
}

Test(npy, headers)
{
    static const struct {
        int version;
        const char *header;
        int rank; /* -1: refused */
    } rows[] = {
        {1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }   \n", 1},
        {2, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }   \n", 1},
        {3, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", 1},
        {1, "{\"shape\":(1,2),\"fortran_order\":False,\"descr\":\"<f8\"}", 2},
        {1, "{'descr':'<f8','fortran_order':True,'shape':(2,)}", 1},
        {1, "{'descr':'<f4','fortran_order':False,'shape':(2,2)}", 2},
        {1, "{'descr':'<f8','fortran_order':True,'shape':(2,1)}", -1},
        {1, "{'descr':'>f8','fortran_order':False,'shape':(2,)}", -1},
        {1, "{'descr':'<i8','fortran_order':False,'shape':(2,)}", -1},
        {1, "{'descr':'<f8','fortran_order':False,'shape':(3,)}", -1},
        {1, "{'descr':'<f8','fortran_order':False,'shape':(0,)}", -1},
        {1, "{'descr':'<f8','fortran_order':False,'shape':()}", -1},
        {1, "{'descr':'<f8','fortran_order':False,'shape':(2)", -1},
        {1, "{'descr':'<f8','fortran_order':False,'shape':(-2,)}", -1},
        {1, "{'descr':'<f8','fortran_order':False,'shape':(2,),'x':1}", -1},
        {1, "{'descr':'<f8','fortran_order':False}", -1},
        {1, "{'descr':'<f8','shape':(2,)}", -1},
        {1, "{'fortran_order':False,'shape':(2,)}", -1},
        {1, "{'descr':'<f8','fortran_order':Maybe,'shape':(2,)}", -1},
        {1, "{'descr':'<f8','fortran_order':False,'shape':(2,)} x", -1},
        {1, "{'descr':'<f8' 'fortran_order':False,'shape':(2,)}", -1},
        {1, "{'descr':'<f8','fortran_order':False,'shape':(1,1,1,1,1,1,1,1,2)}", -1},
        {1, "{'descr':'<f8','fortran_order':False,'shape':(9223372036854775807,2)}", -1},
        {1, "{'descr':'<f8','fortran_order':False,'shape':(92233720368547758070,2)}", -1},
        {4, "{'descr':'<f8','fortran_order':False,'shape':(2,)}", -1},
        {1, "", -1},
        {1, "{", -1},
    };
    static const double data[2] = {1, 2};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena a;
        struct values v = {0};
        arena_init(&a);
        enum err_code code = read_npy(&a, rows[i].version, rows[i].header, data, sizeof data, &v);
        if (rows[i].rank < 0)
            cr_expect_eq(code, ERR_REQUEST, "%s", rows[i].header);
        else
            cr_expect(code == ERR_OK && v.tensors[0].rank == rows[i].rank &&
                          v.loose == (rows[i].rank == 1),
                      "%s: %s", rows[i].header, err.at[0].detail);
        arena_close(&a);
    }
}

Test(npy, what_is_cut)
{
    struct session *s = session_of("{\"optimizer\":\"gd\",\"parameters\":[1,2]}");
    struct buf out;
    struct arena a;
    struct values v;
    buf_init(&out);
    arena_init(&a);
    npy_write(&out, s);
    for (size_t len = 0; len < out.len; len++) {
        err_init(&err);
        cr_expect_eq(npy_read(&a, out.data, len, false, &v, &err), ERR_REQUEST, "%zu", len);
    }
    buf_close(&out);
    arena_close(&a);
    session_free(s);
}

Test(octets, a_vector_fits_any_structure_of_as_many)
{
    double data[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct session *s = session_of(named_body);
    struct steps_request r;
    struct arena a;
    arena_init(&a);
    err_init(&err);
    cr_assert_eq(binary_read_steps(&a, FORM(BINARY_OCTETS), data, 7 * sizeof *data, &r, &err),
                 ERR_OK);
    cr_assert_eq(r.count, 1);
    cr_expect_eq(r.steps[0].expected_step, -1);
    cr_expect_str_eq(r.steps[0].pointer, "#");
    cr_expect_eq(values_match(s, &r.steps[0].gradient, "#", &err), ERR_OK);
    cr_assert_eq(binary_read_steps(&a, FORM(BINARY_OCTETS), data, 8 * sizeof *data, &r, &err),
                 ERR_OK);
    cr_expect_eq(values_match(s, &r.steps[0].gradient, "#", &err), ERR_VALIDATION);
    cr_expect_str_eq(err.at[0].detail, "expected 7 numbers, given 8");
    err_init(&err);
    cr_expect_eq(binary_read_steps(&a, FORM(BINARY_OCTETS), data, 9, &r, &err), ERR_REQUEST);
    cr_expect_eq(binary_read_steps(&a, FORM(BINARY_OCTETS), data, 0, &r, &err), ERR_REQUEST);
    arena_close(&a);
    session_free(s);
}
