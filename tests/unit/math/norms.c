/* math/run: norms and the finite check, at every scale and wherever a number stands. */
#include "pieces.h"

#include "math/vector.h"

#include <float.h>
#include <math.h>

#define NUMBER(x, y)                                                                               \
    {                                                                                              \
        .name = x, .kind = ARG_NUMBER, .number = y                                                 \
    }

static void gd_start(struct fixture *f, double lr, enum dtype dtype, const double *start, size_t n)
{
    struct hyper_arg args[] = {NUMBER("lr", lr)};
    struct err err;
    cr_assert_eq(fixture_init(f, "gd", PROFILE_TORCH, args, 1, dtype, start, n, &err), ERR_OK);
}

static long double norm(const double *x, size_t n)
{
    long double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (long double)x[i] * x[i];
    return sqrtl(sum);
}

Test(norms, of_usual_numbers)
{
    static double start[N_MAX], g[N_MAX], moved[N_MAX];
    struct err err;
    for (size_t k = 0; k < SIZES; k++) {
        for (int d = 0; d < 2; d++) {
            struct fixture f;
            size_t n = sizes[k];
            draw(start, n, 1);
            draw(g, n, 2);
            gd_start(&f, 0.5, (enum dtype)d, start, n);
            for (size_t i = 0; i < n; i++)
                moved[i] = -fixture_get(&f, f.b.w, i);
            cr_assert_eq(fixture_step(&f, g, &err), ERR_OK);
            for (size_t i = 0; i < n; i++)
                moved[i] += fixture_get(&f, f.b.w, i);
            double want = (double)norm(g, n), update = (double)norm(moved, n);
            cr_expect_float_eq(f.norms.gradient, want, 1e-14 * want);
            cr_expect_float_eq(f.norms.update, update, 1e-14 * update, "dtype %d, n %zu", d, n);
            fixture_close(&f);
        }
    }
}

/* A norm is right wherever it is a number at all, however large or small its squares are. */
Test(norms, of_extreme_numbers)
{
    static const double scales[] = {0, 1e-320, 1e-300, 1e-200, 1e-160, 1, 1e160, 1e200, 1e300};
    enum { N = 700 };
    static double start[N], g[N];
    struct err err;
    for (size_t k = 0; k < sizeof scales / sizeof *scales; k++) {
        struct fixture f;
        for (size_t i = 0; i < N; i++)
            g[i] = scales[k] * (i % 2 ? 3 : -4);
        gd_start(&f, 1, DTYPE_FLOAT64, start, N);
        cr_assert_eq(fixture_step(&f, g, &err), ERR_OK);
        double want = scales[k] * 5 * sqrt(N / 2);
        cr_expect_float_eq(f.norms.gradient, want, 1e-13 * want + 1e-322, "%g", f.norms.gradient);
        cr_expect_float_eq(f.norms.update, want, 1e-13 * want + 1e-322, "%g", f.norms.update);
        cr_expect(f.norms.finite);
        fixture_close(&f);
    }
}

Test(norms, large_numbers_beside_usual_and_small_ones)
{
    enum { N = 800 };
    static double start[N], g[N];
    struct err err;
    struct fixture f;
    for (size_t i = 0; i < N; i++)
        g[i] = i < 256 ? 1e-250 : i < 512 ? 1 : 1e200;
    gd_start(&f, 1, DTYPE_FLOAT64, start, N);
    cr_assert_eq(fixture_step(&f, g, &err), ERR_OK);
    double want = 1e200 * sqrt(N - 512);
    cr_expect_float_eq(f.norms.gradient, want, 1e-13 * want);
    fixture_close(&f);
    gd_start(&f, 1, DTYPE_FLOAT64, start, 512);
    cr_assert_eq(fixture_step(&f, g, &err), ERR_OK);
    cr_expect_float_eq(f.norms.update, 16, 1e-13);
    fixture_close(&f);
}

Test(norms, one_number_that_is_not_finite_is_seen_wherever_it_is)
{
    static double start[N_MAX], g[N_MAX];
    struct err err;
    for (size_t k = 0; k < SIZES; k++) {
        for (size_t bad = 0; bad < sizes[k]; bad += 1 + sizes[k] / 7) {
            for (int d = 0; d < 2; d++) {
                struct fixture f;
                memset(g, 0, sizeof g);
                g[bad] = d ? 1e300 : 1e308; /* infinite after rounding to float, or times lr */
                gd_start(&f, 1e3, (enum dtype)d, start, sizes[k]);
                cr_assert_eq(fixture_step(&f, g, &err), ERR_OK);
                cr_expect_not(f.norms.finite, "n %zu, at %zu", sizes[k], bad);
                fixture_close(&f);
            }
        }
    }
}

/* v overflows while w stays finite: g²  is infinite, so the step is 0. */
Test(norms, a_slot_that_is_not_finite_is_seen)
{
    struct fixture f;
    struct err err;
    double start[40] = {0}, g[40] = {0};
    for (size_t bad = 0; bad < 40; bad++) {
        memset(g, 0, sizeof g);
        g[bad] = 1e200;
        cr_assert_eq(
            fixture_init(&f, "rmsprop", PROFILE_TORCH, NULL, 0, DTYPE_FLOAT64, start, 40, &err),
            ERR_OK);
        cr_assert_eq(fixture_step(&f, g, &err), ERR_OK);
        cr_expect(isfinite(((double *)f.b.w)[bad]));
        cr_expect_not(f.norms.finite);
        cr_expect_float_eq(f.norms.gradient, 1e200, 1e187);
        cr_expect_eq(f.norms.update, 0);
        fixture_close(&f);
    }
}

Test(norms, large_finite_numbers_raise_no_alarm)
{
    struct fixture f;
    struct err err;
    double start[] = {1.7e308, -1.7e308, 1e308, 0}, g[] = {1e300, -1e300, 0, 1};
    gd_start(&f, 1e-3, DTYPE_FLOAT64, start, 4);
    cr_assert_eq(fixture_step(&f, g, &err), ERR_OK);
    cr_expect(f.norms.finite);
    fixture_close(&f);
}

static bool all_finite(const double *x, const float *single, size_t n)
{
    bool finite = vector_ops()->finite(x, n);
    cr_expect_eq(vector_ops()->finite_single(single, n), finite, "n %zu", n);
    return finite;
}

/* The check of a whole array, in both dtypes and every instruction set. */
Test(norms, an_array_with_a_number_that_is_not_finite)
{
    static const double bad[] = {INFINITY, -INFINITY, NAN};
    double x[40];
    float single[40];
    for (size_t i = 0; i < 40; i++)
        x[i] = (double)(single[i] = i % 2 ? -FLT_MAX : FLT_TRUE_MIN);
    for (size_t k = 0; k < sizeof isas / sizeof *isas; k++) {
        if (!optim_select_isa(isas[k]))
            continue;
        for (size_t n = 0; n < 40; n++)
            cr_expect(all_finite(x, single, n), "%zu in %s", n, isas[k]);
        for (size_t i = 0; i < 3 * 40; i++) {
            double was = x[i / 3];
            single[i / 3] = (float)(x[i / 3] = bad[i % 3]);
            cr_expect_not(all_finite(x, single, 40), "%g at %zu in %s", bad[i % 3], i / 3, isas[k]);
            cr_expect(all_finite(x, single, i / 3), "before it");
            single[i / 3] = (float)(x[i / 3] = was);
        }
    }
    optim_select_isa(NULL);
}

static double difference_norm(const struct fixture *f, const float *before)
{
    double sum = 0;
    for (size_t i = 0; i < f->b.n; i++) {
        double d = (double)((float *)f->b.w)[i] - (double)before[i];
        sum += d * d;
    }
    return sqrt(sum);
}

/* Float32 has no room for the squares of such numbers; norms are right all the same. */
Test(norms, of_float32_at_every_scale)
{
    enum { N = 1500 };
    static const double scales[] = {1, 1e-6, 1e-16, 1e-22, 1e-30, 1e-40, 1e6, 1e18, 1e20, 1e30};
    static const char *const names[] = {"sgd", "adam", "rmsprop", "lion", "gd"};
    static double start[N], g[N];
    static float before[N];
    struct err err;
    for (size_t k = 0; k < 5 * sizeof scales / sizeof *scales; k++) {
        double scale = scales[k / 5], sum = 0;
        struct hyper_arg args[] = {NUMBER("lr", 0.5)};
        struct fixture f;
        uint64_t seed = 11;
        for (size_t i = 0; i < N; i++) {
            g[i] = (double)(float)(scale * fixture_random(&seed));
            start[i] = i % 2 ? g[i] : 0;
            before[i] = (float)start[i];
            sum += g[i] / scale * (g[i] / scale);
        }
        cr_assert_eq(
            fixture_init(&f, names[k % 5], PROFILE_TORCH, args, 1, DTYPE_FLOAT32, start, N, &err),
            ERR_OK);
        cr_assert_eq(fixture_step(&f, g, &err), ERR_OK);
        cr_expect_float_eq(f.norms.gradient / (sqrt(sum) * scale), 1, 1e-6, "%s at %g: %.9g",
                           names[k % 5], scale, f.norms.gradient);
        if (f.norms.finite) /* squares of 1e30 are not, in float32 */
            cr_expect_float_eq(f.norms.update / difference_norm(&f, before), 1, 1e-6,
                               "%s at %g: %.9g", names[k % 5], scale, f.norms.update);
        fixture_close(&f);
    }
}

Test(norms, no_parameters_is_no_step)
{
    struct fixture f;
    struct err err;
    double none = 0;
    gd_start(&f, 1, DTYPE_FLOAT64, &none, 0);
    cr_assert_eq(fixture_step(&f, &none, &err), ERR_OK);
    cr_expect_eq(f.norms.gradient, 0);
    cr_expect(f.norms.finite);
    fixture_close(&f);
}
