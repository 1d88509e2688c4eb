/* math/run: the driver leads any optimizer through any block and measures what it did. */
#include "pieces.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>

/* ---- every optimizer, every instruction set ------------------------------------------------ */

enum { STEPS = 5 };

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

/* Each coordinate stands for itself: a block of n, and n blocks of one, give the same numbers. */
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
