/* Parameter groups: trajectories of the real libraries, every file
 * tests/golden/groups/(optimizer)/(file).json, posted as a client would; that a group without
 * anything of its own changes no bit, for every optimizer; explanations, readouts and refusals. */
#include "../session/fixture.h"

#include "codec/json.h"
#include "math/explain.h"

#include <glob.h>
#include <jansson.h>

enum { N = 6, STEPS = 1000 };

static double stream[STEPS][N];

static void read_stream(const char *name)
{
    char path[256], line[4096];
    snprintf(path, sizeof path, "tests/golden/streams/%s.csv", name);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s is missing", path);
    for (int t = 0; t < STEPS; t++) {
        char *at = fgets(line, sizeof line, file);
        cr_assert_not_null(at, "%s ends at row %d", path, t);
        for (int i = 0; i < N; i++) {
            stream[t][i] = strtod(at, &at);
            at += *at == ',';
        }
    }
    fclose(file);
}

static struct session *post(const char *body, struct err *err)
{
    struct session *s = NULL;
    struct session_spec spec = {0};
    struct arena a;
    arena_init(&a);
    err_init(err);
    if (json_read_session(&a, body, strlen(body), &spec, err) == ERR_OK)
        session_new(&spec, NOW, &s, err);
    arena_close(&a);
    return s;
}

static struct session *posted(const char *body)
{
    struct err err;
    struct session *s = post(body, &err);
    cr_assert_not_null(s, "%s: %s: %s", body, err.at[0].pointer, err.at[0].detail);
    return s;
}

static void patch(struct session *s, const char *body)
{
    struct session_patch p = {0};
    struct arena a;
    struct err err;
    arena_init(&a);
    err_init(&err);
    cr_assert_eq(json_read_patch(&a, body, strlen(body), &p, &err), ERR_OK, "%s", body);
    cr_assert_eq(session_patch(s, &p, &err), ERR_OK, "%s: %s", err.at[0].pointer, err.at[0].detail);
    arena_close(&a);
}

static struct tensor tensors[2];

static struct values gradient_of(const double *row)
{
    tensors[0] = tensor("W", 2, 2, 2, 0);
    tensors[1] = tensor("b", 1, 2, 0, 4);
    return named(tensors, 2, row, N);
}

/* Steps, and holds the last line of the explanation against what is stored. */
static void step_explained(struct session *s, const double *row, int t)
{
    struct err err;
    struct arena a;
    bool touched = false;
    struct step_input in = {.gradient = gradient_of(row), .expected_step = -1, .loss = NAN};
    struct step_output out = {0};
    arena_init(&a);
    err_init(&err);
    cr_assert(step_output_explain(&out, (size_t)t % N, &a));
    enum err_code code = session_step(s, &in, NOW, &a, &out, &touched, &err);
    cr_assert_eq(code, ERR_OK, "step %d: %s: %s", t, err.at[0].pointer, err.at[0].detail);
    cr_assert_gt(out.explanation->count, 0);
    double last = out.explanation->lines[out.explanation->count - 1].value;
    cr_expect_eq(last, weight(s, (size_t)t % N), "%s: step %d, coordinate %d", s->optim->name, t,
                 t % N);
    arena_close(&a);
}

/* ---- the libraries ------------------------------------------------------------------------- */

static json_t *with_parameters(json_t *file)
{
    json_t *start = json_object_get(file, "start"), *session = json_object_get(file, "session");
    json_t *w =
        json_pack("{s:[[O,O],[O,O]],s:[O,O]}", "W", json_array_get(start, 0),
                  json_array_get(start, 1), json_array_get(start, 2), json_array_get(start, 3), "b",
                  json_array_get(start, 4), json_array_get(start, 5));
    json_object_set_new(session, "parameters", w);
    return session;
}

static void sizes_of(json_t *file, double size[N])
{
    const char *step;
    json_t *w;
    for (size_t i = 0; i < N; i++)
        size[i] = fabs(json_number_value(json_array_get(json_object_get(file, "start"), i)));
    json_object_foreach(json_object_get(file, "steps"), step, w)
    {
        for (size_t i = 0; i < N; i++)
            size[i] = fmax(size[i], fabs(json_number_value(json_array_get(w, i))));
    }
}

static double run_file(const char *path)
{
    json_error_t fault;
    double size[N], worst = 0;
    json_t *file = json_load_file(path, 0, &fault);
    cr_assert_not_null(file, "%s: %s", path, fault.text);
    double tolerance = json_number_value(json_object_get(file, "tolerance"));
    cr_assert_gt(tolerance, 0, "%s", path);
    read_stream(json_string_value(json_object_get(file, "stream")));
    sizes_of(file, size);
    char *body = json_dumps(with_parameters(file), 0);
    struct session *s = posted(body);
    for (int t = 1; t <= STEPS; t++) {
        char key[16];
        snprintf(key, sizeof key, "%d", t);
        json_t *change = json_object_get(json_object_get(file, "patches"), key);
        json_t *want = json_object_get(json_object_get(file, "steps"), key);
        char *text = change ? json_dumps(change, 0) : NULL;
        if (text)
            patch(s, text);
        free(text);
        step_explained(s, stream[t - 1], t);
        for (size_t i = 0; want && i < N; i++) {
            double w = json_number_value(json_array_get(want, i));
            double off = fabs(weight(s, i) - w), allowed = tolerance * size[i];
            cr_expect(off <= allowed, "%s: step %d, coordinate %zu: %.17g, expected %.17g", path, t,
                      i, weight(s, i), w);
            worst = fmax(worst, off > 0 ? off / allowed : 0);
        }
    }
    session_free(s);
    free(body);
    json_decref(file);
    return worst;
}

Test(groups, every_file, .timeout = 120)
{
    glob_t found;
    double worst = 0;
    optim_select_isa(NULL);
    cr_assert_eq(glob("tests/golden/groups/*/*.json", 0, NULL, &found), 0, "no file");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        double one = run_file(found.gl_pathv[i]);
        worst = fmax(worst, one);
        if (getenv("GOLDEN_VERBOSE"))
            fprintf(stderr, "%-60s %.3f of the tolerance\n", found.gl_pathv[i], one);
    }
    fprintf(stderr, "groups: %zu files, largest deviation %.2g of the tolerance\n", found.gl_pathc,
            worst);
    globfree(&found);
}

/* ---- every optimizer ----------------------------------------------------------------------- */

static const char *const start = "{\"W\":[[1,-2],[3,0.5]],\"b\":[-0.25,4]}";

static struct session *post_with(const struct optim *o, const char *dtype, const char *more)
{
    char body[2048];
    struct err err;
    int len = snprintf(body, sizeof body, "{\"optimizer\":{\"name\":\"%s\"", o->name);
    for (const struct hyper *y = o->hypers; y->name; y++) {
        if (isnan(y->value[PROFILE_TORCH]))
            len += snprintf(body + len, sizeof body - (size_t)len, ",\"%s\":%g", y->name,
                            y->kind == HYPER_INTEGER ? 1 : 0.25);
    }
    snprintf(body + len, sizeof body - (size_t)len,
             "},\"dtype\":\"%s\",\"on_nonfinite\":\"allow\",\"parameters\":%s%s}", dtype, start,
             more);
    return post(body, &err);
}

static void step_with_all(struct session *s, const double *row, int t)
{
    struct err err;
    struct arena a;
    bool touched = false;
    double curvature[N];
    for (int i = 0; i < N; i++)
        curvature[i] = 1 + fabs(row[i]);
    struct values g = gradient_of(row), h = g;
    h.data = curvature;
    struct step_input in = {.gradient = g, .expected_step = -1, .loss = 3, .has_loss = true};
    unsigned needs = s->optim->needs;
    if (needs & NEED_HESSIAN_DIAGONAL)
        in.hessian_diagonal = h;
    if (needs & NEED_SECOND_GRADIENT)
        in.second_gradient = h;
    if (needs & NEED_SAMPLES) {
        in.gradient = (struct values){0};
        in.gradients = &g;
        in.gradient_count = 1;
    }
    struct step_output out = {0};
    arena_init(&a);
    err_init(&err);
    enum err_code code = session_step(s, &in, NOW, &a, &out, &touched, &err);
    cr_expect_eq(code, ERR_OK, "%s: step %d: %s: %s", s->optim->name, t, err.at[0].pointer,
                 err.at[0].detail);
    arena_close(&a);
}

static void same_readouts(const struct session *a, const struct session *b)
{
    struct arena arena;
    arena_init(&arena);
    const struct session *x = session_snapshot(a, SNAPSHOT_PARAMETERS, &arena);
    const struct session *y = session_snapshot(b, SNAPSHOT_PARAMETERS, &arena);
    size_t size = a->dtype == DTYPE_FLOAT32 ? sizeof(float) : sizeof(double);
    for (int k = 0; k < session_readouts(a); k++)
        cr_expect_arr_eq(x->readouts[k], y->readouts[k], N * size, "%s: %s", a->optim->name,
                         session_readout_name(a, k));
    arena_close(&arena);
}

/* Whether the tensors of an optimizer move apart from one another. */
static bool separable(const struct optim *o)
{
    return o->scope != OPTIM_WHOLE && !(o->needs & (NEED_HESSIAN | NEED_INDICES));
}

Test(groups, nothing_of_its_own_changes_no_bit)
{
    static const char *const dtypes[] = {"float64", "float32"};
    int tried = 0;
    optim_select_isa(NULL);
    read_stream("mixed");
    for (int i = 0; i < 2 * optim_count(); i++) {
        const struct optim *o = optim_at(i / 2);
        struct session *plain = separable(o) ? post_with(o, dtypes[i % 2], "") : NULL;
        struct session *grouped =
            separable(o) ? post_with(o, dtypes[i % 2], ",\"groups\":[{\"match\":\"W\"}]") : NULL;
        cr_expect_eq(!plain, !grouped, "%s", o->name);
        for (int t = 1; plain && grouped && t <= 30; t++) {
            step_with_all(plain, stream[t], t);
            step_with_all(grouped, stream[t], t);
        }
        size_t size = i % 2 ? sizeof(float) : sizeof(double);
        if (plain && grouped) {
            cr_expect_arr_eq(plain->view.w, grouped->view.w, N * size, "%s, %s", o->name,
                             dtypes[i % 2]);
            same_readouts(plain, grouped);
            tried++;
        }
        session_free(plain);
        session_free(grouped);
    }
    cr_expect_geq(tried, 60, "%d sessions", tried);
}

/* ---- frozen -------------------------------------------------------------------------------- */

/* Neither transforms nor a gradient that is not finite reach what is frozen. */
Test(groups, frozen_is_frozen)
{
    static const double g[N] = {1, 1, 1, 1, NAN, INFINITY};
    struct session *s =
        posted("{\"optimizer\":{\"name\":\"adamw\",\"lr\":0.1},\"parameters\":"
               "{\"W\":[[1,-2],[3,0.5]],\"b\":[-0.25,4]},\"groups\":"
               "[{\"match\":\"b\",\"frozen\":true}],\"transforms\":"
               "[{\"name\":\"clip_global_norm\",\"max_norm\":1},\"keep_nonnegative\","
               "{\"name\":\"weight_decay\",\"weight_decay\":1,\"mode\":\"decoupled\"}"
               "]}");
    for (int t = 1; t <= 3; t++)
        step_explained(s, g, t + 3); /* coordinates 4, 5, 0 */
    cr_expect_eq(weight(s, 4), -0.25);
    cr_expect_eq(weight(s, 5), 4);
    cr_expect_eq(weight(s, 1), 0, "kept nonnegative");
    cr_expect_eq(s->last.gradient_norm, 2, "frozen tensors have no gradient");
    session_free(s);
}

/* ---- refusals ------------------------------------------------------------------------------ */

static void refused(const char *optimizer, const char *more, const char *pointer,
                    const char *detail, const char *suggestion)
{
    char body[1024];
    struct err err;
    snprintf(body, sizeof body, "{\"optimizer\":%s,\"parameters\":%s,%s}", optimizer, start, more);
    struct session *s = post(body, &err);
    cr_assert_null(s, "%s", body);
    has_violation(&err, pointer, detail, suggestion);
}

Test(groups, refusals)
{
    refused("\"adam\"", "\"groups\":[{\"lr\":1}]", "#/groups/0/match", "which tensors", "");
    refused("\"adam\"", "\"groups\":[{\"match\":\"bias\",\"lr\":1}]", "#/groups/0/match",
            "no tensor", "");
    refused("\"adam\"", "\"groups\":[{\"match\":\"*\"},{\"match\":\"b\"}]", "#/groups/1/match",
            "first group", "");
    refused("\"adam\"", "\"groups\":[{\"match\":\"b\",\"bta1\":1}]", "#/groups/0/bta1",
            "no hyperparameter", "beta1");
    refused("\"adam\"", "\"groups\":[{\"match\":\"b\",\"beta1\":2}]", "#/groups/0/beta1", "below 1",
            "");
    refused("\"adam\"", "\"groups\":[{\"match\":\"b\",\"frozen\":1}]", "#/groups/0/frozen",
            "true or false", "");
    refused("{\"name\":\"sgd\",\"lr\":1}", "\"groups\":[{\"match\":\"b\",\"momentum\":0.9}]",
            "#/groups/0", "turn it off in the other groups", "");
    refused("\"newton\"", "\"groups\":[{\"match\":\"b\",\"lr\":0.5}]", "#/groups",
            "takes all parameters at once", "");
    refused("\"lbfgs\"", "\"groups\":[{\"match\":\"b\",\"lr\":0.5}]", "#/groups",
            "takes all parameters at once", "");
    refused(
        "{\"name\":\"sgd\",\"lr\":1}",
        "\"groups\":[{\"match\":\"b\",\"lr\":0.5}],\"schedule\":{\"name\":\"reduce_on_plateau\"}",
        "#/groups/0/lr", "follows the loss", "");
}

/* null makes a hyperparameter the session's again, which a patch of the optimizer then moves. */
Test(groups, patched_back)
{
    struct session *s = posted("{\"optimizer\":{\"name\":\"gd\",\"lr\":1},\"parameters\":"
                               "{\"W\":[[0,0],[0,0]],\"b\":[0,0]},"
                               "\"groups\":[{\"match\":\"b\",\"lr\":0.5}]}");
    static const double g[N] = {1, 1, 1, 1, 1, 1};
    step_explained(s, g, 4);
    cr_expect(weight(s, 0) == -1 && weight(s, 4) == -0.5);
    patch(s, "{\"optimizer\":{\"lr\":2}}");
    step_explained(s, g, 4);
    cr_expect(weight(s, 0) == -3 && weight(s, 4) == -1);
    patch(s, "{\"groups\":[{\"lr\":null}]}");
    step_explained(s, g, 4);
    cr_expect(weight(s, 0) == -5 && weight(s, 4) == -3);
    session_free(s);
}
