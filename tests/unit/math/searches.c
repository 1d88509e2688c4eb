/* BFGS and conjugate gradients look where scipy's look, on its way down a valley:
 * tests/golden/searches/(optimizer)/(file).json. */
#include "fixture.h"

#include <glob.h>
#include <jansson.h>

enum { ARGS = 8 };

static size_t read_args(json_t *object, struct hyper_arg *args)
{
    const char *key;
    json_t *value;
    size_t count = 0;
    json_object_foreach(object, key, value)
    {
        if (strcmp(key, "name") == 0 || strcmp(key, "profile") == 0)
            continue;
        cr_assert_lt(count, (size_t)ARGS);
        struct hyper_arg *a = &args[count++];
        *a =
            (struct hyper_arg){.name = key, .kind = json_is_boolean(value) ? ARG_BOOL : ARG_NUMBER};
        a->number = json_is_boolean(value) ? json_is_true(value) : json_number_value(value);
    }
    return count;
}

static double valley(const double *w, double *g)
{
    double x = w[0], rise = w[1] - x * x;
    g[0] = -2 * (1 - x) - 400 * x * rise;
    g[1] = 200 * rise;
    return (1 - x) * (1 - x) + 100 * rise * rise;
}

static void read_point(json_t *list, double *w)
{
    for (size_t i = 0; i < 2; i++)
        w[i] = json_number_value(json_array_get(list, i));
}

/* Returns the largest deviation as a part of the tolerance. */
static double follow(const char *path, json_t *json)
{
    struct hyper_arg args[ARGS];
    struct fixture f;
    struct err err;
    double w[2], g[2], tolerance = json_number_value(json_object_get(json, "tolerance")), worst = 0;
    json_t *optimizer = json_object_get(json, "optimizer"), *point;
    const char *name = json_string_value(json_object_get(optimizer, "name"));
    size_t k;
    read_point(json_object_get(json, "start"), w);
    cr_assert_eq(fixture_init(&f, name, PROFILE_PAPER, args, read_args(optimizer, args),
                              DTYPE_FLOAT64, w, 2, &err),
                 ERR_OK, "%s: %s", path, err.at[0].detail);
    json_array_foreach(json_object_get(json, "points"), k, point)
    {
        const double *got = f.b.w;
        f.loss = valley(got, g);
        cr_assert_eq(fixture_step(&f, g, &err), ERR_OK, "%s: %s", path, err.at[0].detail);
        read_point(point, w);
        double away = fmax(fabs(got[0] - w[0]), fabs(got[1] - w[1]));
        cr_assert_leq(away, tolerance, "%s: point %zu: %.17g %.17g, expected %.17g %.17g", path,
                      k + 1, got[0], got[1], w[0], w[1]);
        worst = fmax(worst, away / tolerance);
    }
    cr_expect_gt(k, 30, "%s: too few points", path);
    fixture_close(&f);
    return worst;
}

Test(searches, every_file)
{
    glob_t found;
    double worst = 0;
    cr_assert_eq(glob("tests/golden/searches/*/*.json", 0, NULL, &found), 0,
                 "no file: run this from the root of the project");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        json_t *json = json_load_file(found.gl_pathv[i], 0, NULL);
        cr_assert_not_null(json, "%s", found.gl_pathv[i]);
        worst = fmax(worst, follow(found.gl_pathv[i], json));
        json_decref(json);
    }
    fprintf(stderr, "searches: %zu files, largest deviation %.2g of the tolerance\n",
            found.gl_pathc, worst);
    globfree(&found);
}
