/* math/run: the driver leads any optimizer through any block and measures what it did. */
#include "fixture.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

/* ---- every optimizer, every instruction set ------------------------------------------------ */

enum { STEPS = 5, N_MAX = 1100 };

/* Every choice and switch of an optimizer, one at a time, plus some that belong together. */
struct variant {
    const char *optimizer;
    struct hyper_arg args[3];
};

#define TRUE(x)                                                                                    \
    {                                                                                              \
        .name = x, .kind = ARG_BOOL, .number = 1                                                   \
    }
#define NUMBER(x, y)                                                                               \
    {                                                                                              \
        .name = x, .kind = ARG_NUMBER, .number = y                                                 \
    }
#define STRING(x, y)                                                                               \
    {                                                                                              \
        .name = x, .kind = ARG_STRING, .string = y                                                 \
    }

static const struct variant variants[] = {
    {"gd", {NUMBER("lr", 0.1)}},
    {"gd", {TRUE("maximize")}},
    {"minibatch_gd", {NUMBER("lr", 0.1)}},
    {"sgd", {NUMBER("weight_decay", 0.1)}},
    {"sgd", {NUMBER("weight_decay", 0.1), STRING("weight_decay_mode", "decoupled")}},
    {"sgd", {NUMBER("weight_decay", 0.1), STRING("weight_decay_mode", "independent")}},
    {"sgd", {NUMBER("momentum", 0.9)}},
    {"sgd", {NUMBER("momentum", 0.9), NUMBER("weight_decay", 0.1)}},
    {"sgd", {NUMBER("momentum", 0.9), NUMBER("dampening", 0.5)}},
    {"sgd", {NUMBER("momentum", 0.9), TRUE("nesterov")}},
    {"sgd", {NUMBER("momentum", 0.9), STRING("momentum_form", "lr_inside"), TRUE("nesterov")}},
    {"momentum", {STRING("form", "classical")}},
    {"momentum", {STRING("form", "ema"), TRUE("debias")}},
    {"momentum", {STRING("form", "lr_outside")}},
    {"rmsprop", {NUMBER("lr", 0.1)}},
    {"rmsprop", {STRING("eps_placement", "inside"), NUMBER("weight_decay", 0.1)}},
    {"rmsprop", {TRUE("centered")}},
    {"rmsprop", {TRUE("bias_correction"), STRING("eps_placement", "inside")}},
    {"rmsprop", {NUMBER("momentum", 0.9), TRUE("nesterov")}},
    {"rmsprop", {TRUE("centered"), NUMBER("momentum", 0.9), NUMBER("initial_scale", 1)}},
    {"adam", {NUMBER("lr", 0.1)}},
    {"adam", {NUMBER("weight_decay", 0.1), TRUE("nesterov"), NUMBER("eps_root", 1e-6)}},
    {"adam", {STRING("eps_placement", "hat"), TRUE("maximize")}},
    {"adam", {TRUE("amsgrad")}},
    {"adam", {TRUE("amsgrad"), NUMBER("weight_decay", 0.1)}},
    {"adam", {TRUE("amsgrad"), STRING("amsgrad_max", "corrected")}},
    {"adam", {TRUE("amsgrad"), STRING("amsgrad_max", "corrected"), NUMBER("weight_decay", 0.1)}},
    {"adamw", {NUMBER("lr", 0.1)}},
    {"newton", {NUMBER("damping", 0.5)}},
};
enum { VARIANTS = sizeof variants / sizeof *variants };

static void variant_start(struct fixture *f, const struct variant *v, enum dtype dtype,
                          const double *start, size_t n)
{
    struct err err;
    size_t count = 0;
    while (count < 3 && v->args[count].name)
        count++;
    enum err_code code =
        fixture_init(f, v->optimizer, PROFILE_TORCH, v->args, count, dtype, start, n, &err);
    cr_assert_eq(code, ERR_OK, "%s: %s", v->optimizer, err.at[0].detail);
}

/* Numbers of many sizes, some of them 0. */
static void draw(double *x, size_t n, uint64_t seed)
{
    for (size_t i = 0; i < n; i++) {
        double size = exp2(30 * fixture_random(&seed));
        double value = size * fixture_random(&seed);
        x[i] = seed % 16 == 0 ? 0.0 : value;
    }
}

static void variant_run(struct fixture *f, const struct variant *v, enum dtype dtype, size_t n)
{
    static double start[N_MAX], g[N_MAX], diagonal[N_MAX];
    struct err err;
    draw(start, n, 7);
    for (size_t i = 0; i < n; i++)
        diagonal[i] = 1 + (double)(i % 9);
    variant_start(f, v, dtype, start, n);
    f->hessian_diagonal = diagonal;
    for (uint64_t t = 1; t <= STEPS; t++) {
        draw(g, n, 100 + t);
        enum err_code code = fixture_step(f, g, &err);
        cr_assert_eq(code, ERR_OK, "%s: %s", v->optimizer, err.at[0].detail);
        cr_assert(f->norms.finite, "%s", v->optimizer);
    }
}

static void same_bits(const struct fixture *a, const struct fixture *b, const char *what)
{
    size_t bytes = a->b.n * fixture_width(a);
    cr_expect_arr_eq(a->b.w, b->b.w, bytes, "%s: w", what);
    for (int k = 0; k < OPTIM_SLOTS; k++) {
        cr_expect_eq(!a->b.slot[k], !b->b.slot[k]);
        if (a->b.slot[k])
            cr_expect_arr_eq(a->b.slot[k], b->b.slot[k], bytes, "%s: slot %d", what, k);
    }
    cr_expect_eq(a->norms.gradient, b->norms.gradient, "%s: gradient norm", what);
    cr_expect_eq(a->norms.update, b->norms.update, "%s: update norm", what);
}

static const size_t sizes[] = {1, 2, 7, 15, 16, 17, 33, 255, 256, 257, 511, 513, 1037};
enum { SIZES = sizeof sizes / sizeof *sizes };

Test(run, every_instruction_set_gives_the_same_bits, .timeout = 60)
{
    int sets = 0;
    for (int i = 0; i < ISA_NAMES; i++) {
        if (!optim_select_isa(isas[i]))
            continue;
        sets++;
        for (size_t k = 0; k < VARIANTS * SIZES * 2; k++) {
            const struct variant *v = &variants[k / 2 / SIZES];
            struct fixture plain, other;
            char what[96];
            snprintf(what, sizeof what, "%s (variant %zu) n %zu %s", v->optimizer, k / 2 / SIZES,
                     sizes[k / 2 % SIZES], isas[i]);
            optim_select_isa("x86-64");
            variant_run(&plain, v, (enum dtype)(k % 2), sizes[k / 2 % SIZES]);
            cr_assert(optim_select_isa(isas[i]));
            variant_run(&other, v, (enum dtype)(k % 2), sizes[k / 2 % SIZES]);
            same_bits(&plain, &other, what);
            fixture_close(&plain);
            fixture_close(&other);
        }
    }
    cr_expect_geq(sets, 1);
}

/* Each coordinate stands for itself: a block of n, and n blocks of one, give the same numbers. */
/* Numbers of one pass are those of the kernel to the bit; norms are those of shorter tiles. */
static void compare_fused(const struct variant *v, size_t n)
{
    struct fixture once, tiles;
    struct err err;
    double g[N_MAX];
    variant_run(&once, v, DTYPE_FLOAT64, n);
    variant_run(&tiles, v, DTYPE_FLOAT64, n);
    struct optim plain = *once.o;
    cr_assert_not_null(plain.fused);
    plain.fused = NULL;
    tiles.o = &plain;
    draw(g, n, 5);
    cr_assert_eq(fixture_step(&once, g, &err), ERR_OK);
    cr_assert_eq(fixture_step(&tiles, g, &err), ERR_OK);
    cr_expect_float_eq(once.norms.update / tiles.norms.update, 1, 1e-14);
    cr_expect_float_eq(once.norms.gradient / tiles.norms.gradient, 1, 1e-14);
    once.norms = tiles.norms;
    same_bits(&once, &tiles, v->optimizer);
    fixture_close(&once);
    fixture_close(&tiles);
}

Test(run, one_pass_gives_the_bits_of_the_kernel)
{
    static const struct variant fused[] = {
        {"adam", {NUMBER("weight_decay", 0.1), NUMBER("eps_root", 1e-6)}},
        {"adam", {TRUE("nesterov"), TRUE("maximize")}},
        {"adamw", {NUMBER("lr", 0.1)}},
        {"sgd", {NUMBER("lr", 0.1)}},
        {"sgd", {NUMBER("weight_decay", 0.1)}},
        {"sgd", {NUMBER("momentum", 0.9), TRUE("nesterov")}},
        {"sgd", {NUMBER("momentum", 0.9), NUMBER("weight_decay", 0.1)}},
        {"rmsprop", {NUMBER("lr", 0.1)}},
        {"rmsprop", {NUMBER("weight_decay", 0.1), STRING("eps_placement", "inside")}},
        {"lion", {NUMBER("lr", 0.1)}},
    };
    for (size_t i = 0; i < sizeof fused / sizeof *fused; i++) {
        for (size_t k = 0; k < SIZES; k++)
            compare_fused(&fused[i], sizes[k]);
    }
}

/* ---- float32 ------------------------------------------------------------------------------- */

/* A gradient that came in float32 gives what the same numbers as doubles give. */
static void compare_single(const struct variant *v, enum dtype dtype, size_t n)
{
    struct fixture wide, single;
    struct err err;
    double g[N_MAX];
    float narrow[N_MAX];
    variant_run(&wide, v, dtype, n);
    variant_run(&single, v, dtype, n);
    draw(g, n, 5);
    for (size_t i = 0; i < n; i++)
        g[i] = (double)(narrow[i] = (float)g[i]);
    single.single_gradient = narrow;
    cr_assert_eq(fixture_step(&wide, g, &err), ERR_OK);
    cr_assert_eq(fixture_step(&single, NULL, &err), ERR_OK);
    if (dtype == DTYPE_FLOAT64) { /* that is not done in one pass: norms are those of tiles */
        cr_expect_float_eq(single.norms.update / wide.norms.update, 1, 1e-14);
        cr_expect_float_eq(single.norms.gradient / wide.norms.gradient, 1, 1e-14);
        single.norms = wide.norms;
    }
    same_bits(&wide, &single, v->optimizer);
    fixture_close(&wide);
    fixture_close(&single);
}

Test(run, a_gradient_in_float32_is_as_good_as_in_doubles, .timeout = 60)
{
    optim_select_isa(NULL);
    for (size_t k = 0; k < VARIANTS * SIZES * 2; k++)
        compare_single(&variants[k / 2 / SIZES], (enum dtype)(k % 2), sizes[k / 2 % SIZES]);
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
Test(run, norms_of_float32_at_every_scale)
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

Test(run, elementwise_means_coordinate_by_coordinate, .timeout = 60)
{
    enum { N = 300 };
    static double start[N], g[N], diagonal[N];
    struct err err;
    optim_select_isa(NULL);
    draw(start, N, 7);
    for (size_t i = 0; i < N; i++)
        diagonal[i] = 1 + (double)(i % 9);
    for (size_t k = 0; k < VARIANTS; k++) {
        struct fixture whole, one;
        variant_run(&whole, &variants[k], DTYPE_FLOAT64, N);
        for (size_t i = 0; i < N; i++) {
            variant_start(&one, &variants[k], DTYPE_FLOAT64, start + i, 1);
            one.hessian_diagonal = diagonal + i;
            for (uint64_t t = 1; t <= STEPS; t++) {
                draw(g, N, 100 + t);
                fixture_step(&one, g + i, &err);
            }
            cr_expect_eq(*(double *)one.b.w, ((double *)whole.b.w)[i], "%s (variant %zu), %zu",
                         variants[k].optimizer, k, i);
            fixture_close(&one);
        }
        fixture_close(&whole);
    }
}

Test(run, the_gradient_is_not_changed)
{
    enum { N = 300 };
    static double start[N], g[N], before[N], diagonal[N];
    struct err err;
    draw(g, N, 3);
    memcpy(before, g, sizeof g);
    for (size_t i = 0; i < N; i++)
        diagonal[i] = 2;
    for (size_t k = 0; k < VARIANTS; k++) {
        struct fixture f;
        variant_start(&f, &variants[k], DTYPE_FLOAT64, start, N);
        f.hessian_diagonal = diagonal;
        cr_assert_eq(fixture_step(&f, g, &err), ERR_OK);
        cr_expect_arr_eq(g, before, sizeof g, "%s", variants[k].optimizer);
        fixture_close(&f);
    }
}

/* ---- norms and the finite check ------------------------------------------------------------ */

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

Test(run, norms)
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
Test(run, norms_of_extreme_numbers)
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

Test(run, large_numbers_beside_usual_and_small_ones)
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

Test(run, one_number_that_is_not_finite_is_seen_wherever_it_is)
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
Test(run, a_slot_that_is_not_finite_is_seen)
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

Test(run, large_finite_numbers_raise_no_alarm)
{
    struct fixture f;
    struct err err;
    double start[] = {1.7e308, -1.7e308, 1e308, 0}, g[] = {1e300, -1e300, 0, 1};
    gd_start(&f, 1e-3, DTYPE_FLOAT64, start, 4);
    cr_assert_eq(fixture_step(&f, g, &err), ERR_OK);
    cr_expect(f.norms.finite);
    fixture_close(&f);
}

/* ---- scopes, with an optimizer made for it ------------------------------------------------- */

/* w -= g/‖g‖ per tensor; remembers the first w, counts steps, keeps ‖g‖ (one number a tensor). */
static size_t one_number(const double *h, const struct tensor *x)
{
    (void)h;
    return x->count > 0;
}

static double half(const double *h)
{
    return h[0] / 2;
}

static enum err_code tensor_kernel(struct optim_step *s, double *restrict w, double *restrict g,
                                   double *const *slot, size_t n, struct err *err)
{
    double sum = 0;
    if (s->tensor->count != n)
        return err_add(err, ERR_INTERNAL, NULL, "wrong piece");
    for (size_t i = 0; i < n; i++)
        sum += g[i] * g[i];
    slot[1][0] = sqrt(sum);
    for (size_t i = 0; i < n; i++) {
        g[i] /= slot[1][0];
        w[i] -= g[i];
        slot[2][i] += slot[0][i] - w[i];
    }
    s->scalar[0] += 1;
    return ERR_OK;
}

static const struct slot tensor_slots[] = {{.name = "w0", .start = SLOT_W},
                                           {.name = "norm", .count = one_number},
                                           {.name = "moved", .start = SLOT_VALUE, .value = half},
                                           {.name = NULL}};
static const struct scalar tensor_scalars[] = {{.name = "calls", .start = 1}, {.name = NULL}};
static const struct optim tensor_optim = {.name = "toy",
                                          .slots = tensor_slots,
                                          .scalars = tensor_scalars,
                                          .scope = OPTIM_TENSOR,
                                          .lr = -1,
                                          .kernel = tensor_kernel};

static void tensors_step(enum dtype dtype)
{
    struct tensor tensors[] = {{.name = "a", .rank = 1, .shape = {3}, .offset = 0, .count = 3},
                               {.name = "e", .rank = 1, .shape = {0}, .offset = 3, .count = 0},
                               {.name = "b", .rank = 2, .shape = {2, 2}, .offset = 3, .count = 4}};
    double block[7 + 7 + 2 + 7], g[] = {3, 0, 4, 1, 1, 1, 1}, h[] = {8};
    struct fixture f = {.o = &tensor_optim};
    size_t width = dtype == DTYPE_FLOAT64 ? sizeof(double) : sizeof(float);
    char *at = (char *)block;
    f.b = (struct optim_block){dtype, at, {at + 7 * width, at + 14 * width, at + 16 * width}, 7};
    for (size_t i = 0; i < 7; i++)
        fixture_set(&f, f.b.w, i, (double)i);
    cr_expect_eq(optim_slot_count(f.o, 1, h, tensors, 3), 2);
    optim_start(f.o, h, tensors, 3, &f.b);
    cr_expect_eq(fixture_get(&f, f.b.slot[2], 6), 4);
    arena_init(&f.scratch);
    struct optim_step s = {.t = 1,
                           .h = h,
                           .scalar = {1},
                           .tensors = tensors,
                           .tensor_count = 3,
                           .scratch = &f.scratch};
    cr_assert_eq(optim_run(f.o, &s, &f.b, g, &f.norms, NULL), ERR_OK);
    cr_expect_eq(s.scalar[0], 3, "not for the empty tensor");
    cr_expect_null(s.tensor);
    cr_expect_eq(fixture_get(&f, f.b.slot[1], 0), 5);
    cr_expect_eq(fixture_get(&f, f.b.slot[1], 1), 2);
    const double w[] = {0 - 0.6, 1, 2 - 0.8, 2.5, 3.5, 4.5, 5.5};
    for (size_t i = 0; i < 7; i++) {
        cr_expect_float_eq(fixture_get(&f, f.b.w, i), w[i], 1e-6);
        cr_expect_eq(fixture_get(&f, f.b.slot[0], i), (double)i);
        cr_expect_float_eq(fixture_get(&f, f.b.slot[2], i), 4 + (double)i - w[i], 1e-6);
    }
    cr_expect_float_eq(f.norms.update, sqrt(2), 1e-6);
    cr_expect_float_eq(f.norms.gradient, sqrt(29), 1e-14);
    cr_expect(f.norms.finite);
    arena_close(&f.scratch);
}

Test(run, one_tensor_at_a_time)
{
    tensors_step(DTYPE_FLOAT64);
    tensors_step(DTYPE_FLOAT32);
}

/* ---- start --------------------------------------------------------------------------------- */

Test(run, slots_hold_what_they_should_before_the_first_step)
{
    struct hyper_arg args[] = {NUMBER("initial_scale", 0.25), TRUE("centered")};
    struct fixture f;
    struct err err;
    double start[] = {1, 2, 3};
    cr_assert_eq(fixture_init(&f, "rmsprop", PROFILE_TORCH, args, 2, DTYPE_FLOAT32, start, 3, &err),
                 ERR_OK);
    cr_expect_eq(((float *)f.b.slot[0])[2], 0.25f);
    cr_expect_eq(((float *)f.b.slot[1])[2], 0.0f);
    cr_expect_null(f.b.slot[2]);
    fixture_close(&f);
}

Test(run, no_parameters_is_no_step)
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
