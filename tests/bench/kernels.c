/* Nanoseconds per parameter of whole steps (optim_run: kernel, norms, finite check).
 *
 *   kernels [rounds [NAME [N]]] best of `rounds` (15 if not given), interleaved; of one optimizer
 *                               alone, at one size alone
 *   kernels step NAME DTYPE N   for a peer that takes turns with it (torch_fused.py)
 *   kernels all [N]             every optimizer with its torch defaults
 *
 * The first measures beside a loop that moves the same bytes (for each of w and the slots one read
 * and one write, and one read of g), and beside memcpy. Its columns: optimizer, dtype, n, ns per
 * parameter for each instruction set, the loop with its share of the best instruction set's time
 * (1.00: a step costs what its memory costs), and the bytes that the step moves per second as a
 * share of those that memcpy moves at the same n.
 *
 * The second measures and prints one round for each line that it reads. The third has N parameters
 * (1,000,000), as a square matrix, and leaves out those that want a full Hessian
 * or keep a matrix of N × N. */
#include "base/memory.h"
#include "math/optim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if defined(__x86_64__)
#define WIDEST __attribute__((optimize("O3"), target_clones("avx512f", "avx2", "default")))
#else
#define WIDEST __attribute__((optimize("O3")))
#endif

enum { ROUNDS_MAX = 99, ISA_MAX = 4, ARRAYS_MAX = 4 };
static const char *const isas[ISA_MAX] = {"generic", "x86-64", "x86-64-v3", "x86-64-v4"};

struct subject {
    const char *label, *name;
    const char *set; /* a hyperparameter to set, or NULL */
    double to;
    bool square; /* the parameters as a matrix */
};

static const struct subject subjects[] = {
    {.label = "adam", .name = "adam"},
    {.label = "adam amsgrad", .name = "adam", .set = "amsgrad", .to = 1},
    {.label = "rmsprop", .name = "rmsprop"},
    {.label = "sgd momentum", .name = "sgd", .set = "momentum", .to = 0.9},
    {.label = "lion", .name = "lion"},
    {.label = "gd", .name = "gd"},
};

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

WIDEST static void traffic_double(double *const *array, int count, const double *g, size_t n)
{
    double *a = array[0], *b = array[1], *c = array[2], *d = array[3];
    if (count == 1)
        for (size_t i = 0; i < n; i++)
            a[i] += g[i];
    if (count == 2)
        for (size_t i = 0; i < n; i++) {
            b[i] += g[i];
            a[i] += g[i];
        }
    if (count == 3)
        for (size_t i = 0; i < n; i++) {
            b[i] += g[i];
            c[i] += g[i];
            a[i] += g[i];
        }
    if (count == 4)
        for (size_t i = 0; i < n; i++) {
            b[i] += g[i];
            c[i] += g[i];
            d[i] += g[i];
            a[i] += g[i];
        }
}

struct bench {
    const struct subject *subject;
    struct optim_block b;
    struct tensor tensor;
    double h[HYPER_MAX], scalar[OPTIM_SCALARS];
    double *g, *diagonal; /* of a Hessian: positive */
    float *single;        /* the gradient of a float32 block, as a client sends it */
    struct arena scratch;
    size_t n;
    uint64_t t;
    int arrays; /* w and slots */
};

static void fail(const char *what)
{
    fprintf(stderr, "kernels: %s\n", what);
    exit(1);
}

/* Bytes of an array, in whole cache lines. */
static size_t lines(size_t n, size_t width)
{
    return (n * width + 63) / 64 * 64;
}

static void *memory(size_t bytes)
{
    void *p = memory_lines(bytes);
    if (!p)
        fail("no memory");
    return memset(p, 0, bytes);
}

/* Numbers that steps of every kind can take: no zeros, both signs. */
static double *numbers(size_t n)
{
    double *x = memory(lines(n, sizeof(double)));
    for (size_t i = 0; i < n; i++)
        x[i] = (double)(i * 2654435761u % 1000) / 500.0 - 0.9993;
    return x;
}

/* One block after the other, as a session has them. false: they are too large, n² numbers say. */
static bool bench_memory(struct bench *x, const struct optim *o)
{
    static const size_t most = (size_t)4 << 30;
    size_t width = dtype_bytes(x->b.dtype);
    size_t bytes = lines(x->n, width), count[OPTIM_SLOTS] = {0};
    for (int k = 0; k < optim_slots(o); k++) {
        count[k] = optim_slot_count(o, k, x->h, &x->tensor, 1);
        if (count[k] > most / width)
            return false;
        bytes += lines(count[k], width);
    }
    char *at = memory(bytes);
    x->b.w = at;
    at += lines(x->n, width);
    for (int k = 0; k < optim_slots(o); k++) {
        x->b.slot[k] = count[k] ? at : NULL;
        x->arrays += count[k] > 0;
        at += lines(count[k], width);
    }
    return true;
}

/* false: its state is too large. */
static bool bench_open(struct bench *x, const struct subject *subject, enum dtype dtype, size_t n)
{
    const struct optim *o = optim_find(subject->name);
    if (!o)
        fail("there is no such optimizer");
    *x = (struct bench){.subject = subject, .n = n, .arrays = 1};
    x->b.dtype = dtype;
    x->b.n = n;
    x->tensor = (struct tensor){.name = "", .rank = 1, .shape = {(int64_t)n}, .count = n};
    int64_t side = (int64_t)sqrt((double)n);
    if (subject->square && (size_t)(side * side) == n)
        x->tensor = (struct tensor){.name = "", .rank = 2, .shape = {side, side}, .count = n};
    struct hyper_arg args[HYPER_MAX]; /* 1 for what has no default */
    size_t count = 0;
    for (int i = 0; o->hypers[i].name; i++) {
        if (isnan(o->hypers[i].value[PROFILE_TORCH]))
            args[count++] =
                (struct hyper_arg){.name = o->hypers[i].name, .kind = ARG_NUMBER, .number = 1};
    }
    if (hyper_resolve(o->hypers, PROFILE_TORCH, o->name, "#", args, count, x->h, NULL) != ERR_OK)
        fail("defaults");
    if (subject->set)
        x->h[hyper_find(o->hypers, subject->set)] = subject->to;
    for (int k = 0; k < optim_scalars(o); k++)
        x->scalar[k] = o->scalars[k].start;
    if (!bench_memory(x, o))
        return false;
    x->g = numbers(n);
    x->single = dtype == DTYPE_FLOAT32 ? memory(lines(n, sizeof(float))) : NULL;
    for (size_t i = 0; x->single && i < n; i++)
        x->single[i] = (float)x->g[i];
    x->diagonal = numbers(n);
    for (size_t i = 0; i < n; i++)
        x->diagonal[i] = fabs(x->diagonal[i]) + 1;
    arena_init(&x->scratch);
    optim_start(o, x->h, &x->tensor, 1, &x->b);
    return true;
}

static void bench_close(struct bench *x)
{
    free(x->b.w);
    free(x->g);
    free(x->single);
    free(x->diagonal);
    arena_close(&x->scratch);
}

/* How often a step is repeated, for some milliseconds a round. */
static int repetitions(size_t n)
{
    return n < 10000000 ? (int)(4000000 / (n + 200)) + 1 : 1;
}

/* With all that an optimizer may ask for but a full Hessian. */
static bool step(struct bench *x, const struct optim *o, struct optim_norms *ret)
{
    struct optim_step s = {.t = ++x->t,
                           .h = x->h,
                           .loss = 1,
                           .single_gradient = x->single,
                           .hessian_diagonal = x->diagonal,
                           .second_gradient = x->g,
                           .samples = x->g,
                           .sample_count = 1,
                           .tensors = &x->tensor,
                           .tensor_count = 1,
                           .scratch = &x->scratch};
    memcpy(s.scalar, x->scalar, sizeof s.scalar);
    enum err_code code = optim_run(o, &s, &x->b, x->single ? NULL : x->g, ret, NULL);
    memcpy(x->scalar, s.scalar, sizeof s.scalar);
    arena_reset(&x->scratch);
    return code == ERR_OK;
}

static double time_steps(struct bench *x)
{
    const struct optim *o = optim_find(x->subject->name);
    int times = repetitions(x->n);
    struct optim_norms norms;
    double start = now_ns();
    for (int i = 0; i < times; i++) {
        if (!step(x, o, &norms) || !norms.finite)
            fail("a step failed");
    }
    return (now_ns() - start) / times / (double)x->n;
}

/* The same bytes, in doubles: a float block has half as many. */
static double time_traffic(const struct bench *x)
{
    double *array[ARRAYS_MAX] = {x->b.w};
    int count = 1, times = repetitions(x->n);
    for (int k = 0; k < OPTIM_SLOTS; k++) {
        if (x->b.slot[k])
            array[count++] = x->b.slot[k];
    }
    size_t n = x->b.dtype == DTYPE_FLOAT64 ? x->n : x->n / 2;
    double start = now_ns();
    for (int i = 0; i < times; i++) {
        traffic_double(array, count, x->g, n);
        __asm__ volatile("" ::: "memory");
    }
    return (now_ns() - start) / times / (double)x->n;
}

/* Bytes per nanosecond that memcpy moves, read and written, between two halves of as much memory
 * as the step has. */
static double copy_speed(const struct bench *x)
{
    size_t width = dtype_bytes(x->b.dtype);
    size_t half = lines(x->n, width) * (size_t)x->arrays / 2 / 64 * 64;
    int times = repetitions(x->n);
    char *block = x->b.w;
    double start = now_ns();
    for (int i = 0; i < times; i++) {
        memcpy(block + half, block, half);
        __asm__ volatile("" ::: "memory");
    }
    return 2.0 * (double)half * times / (now_ns() - start);
}

/* Bytes that a step must move per parameter. */
static double step_bytes(const struct bench *x)
{
    double width = (double)dtype_bytes(x->b.dtype);
    return (2.0 * x->arrays + 1.0) * width;
}

/* What else the machine does only ever adds to a time: the least of several says most. */
static double least(const double *values, int count)
{
    double ret = values[0];
    for (int i = 1; i < count; i++)
        ret = fmin(ret, values[i]);
    return ret;
}

static double largest(const double *values, int count)
{
    double ret = values[0];
    for (int i = 1; i < count; i++)
        ret = fmax(ret, values[i]);
    return ret;
}

static void measure(const struct subject *subject, enum dtype dtype, size_t n, int rounds)
{
    double took[ISA_MAX][ROUNDS_MAX], loop[ROUNDS_MAX], copy[ROUNDS_MAX], best = INFINITY;
    struct bench x, y; /* y: numbers that the loop may spoil */
    if (!bench_open(&x, subject, dtype, n) || !bench_open(&y, subject, dtype, n))
        fail("too large");
    for (int r = -1; r < rounds; r++) { /* round -1 warms up */
        for (int i = 0; i < ISA_MAX; i++) {
            if (optim_select_isa(isas[i]))
                took[i][r < 0 ? 0 : r] = time_steps(&x);
        }
        loop[r < 0 ? 0 : r] = time_traffic(&y);
        copy[r < 0 ? 0 : r] = copy_speed(&y);
    }
    printf("%-13s %-8s %9zu", subject->label, dtype == DTYPE_FLOAT64 ? "float64" : "float32", n);
    for (int i = 0; i < ISA_MAX; i++) {
        if (!optim_select_isa(isas[i]))
            continue;
        double ns = least(took[i], rounds);
        printf(" %9.3f", ns);
        best = ns < best ? ns : best;
    }
    double bare = least(loop, rounds);
    printf(" %9.3f %6.2f %6.2f\n", bare, bare / best,
           step_bytes(&x) / best / largest(copy, rounds));
    fflush(stdout);
    bench_close(&x);
    bench_close(&y);
}

static void measure_sizes(int rounds, const char *only, size_t only_n)
{
    static const size_t sizes[] = {16, 1000, 1000000, 10000000};
    printf("ns per parameter        %9s", "n");
    for (int i = 0; i < ISA_MAX; i++) {
        if (optim_select_isa(isas[i]))
            printf(" %9s", isas[i]);
    }
    printf(" %9s %6s %6s\n", "loop", "share", "copy");
    for (size_t k = 0; k < sizeof subjects / sizeof *subjects; k++) {
        for (int d = 0; d < 2; d++) {
            for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
                if ((!only || strcmp(only, subjects[k].label) == 0) &&
                    (only_n == 0 || only_n == sizes[i]))
                    measure(&subjects[k], d ? DTYPE_FLOAT32 : DTYPE_FLOAT64, sizes[i], rounds);
            }
        }
    }
}

/* One figure for each line that is read. */
static void measure_in_turns(const char *name, const char *dtype, const char *n)
{
    struct bench x;
    struct subject subject = {.label = name, .name = name};
    bool single = strcmp(dtype, "float32") == 0;
    optim_select_isa(NULL);
    if (!bench_open(&x, &subject, single ? DTYPE_FLOAT32 : DTYPE_FLOAT64, strtoull(n, NULL, 10)))
        fail("too large");
    for (int c = getchar(); c != EOF; c = getchar()) {
        if (c == '\n') {
            printf("%.4f\n", time_steps(&x));
            fflush(stdout);
        }
    }
    bench_close(&x);
}

static void measure_all(size_t n)
{
    enum { ROUNDS = 3 };
    optim_select_isa(NULL);
    for (int i = 0; i < optim_count(); i++) {
        const struct optim *o = optim_at(i);
        struct subject subject = {.label = o->name, .name = o->name, .square = true};
        struct optim_norms norms;
        struct bench x;
        double best = INFINITY;
        if (o->needs & NEED_HESSIAN && !(o->needs & NEED_HESSIAN_DIAGONAL))
            continue;
        if (!bench_open(&x, &subject, DTYPE_FLOAT64, n))
            continue;
        for (int r = 0; r <= ROUNDS; r++) { /* the first warms up */
            double start = now_ns();
            if (!step(&x, o, &norms))
                fail(o->name);
            double ns = (now_ns() - start) / (double)n;
            best = r > 0 && ns < best ? ns : best;
        }
        printf("%-28s %10.3f\n", o->name, best);
        fflush(stdout);
        bench_close(&x);
    }
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "step") == 0) {
        measure_in_turns(argv[2], argv[3], argv[4]);
        return 0;
    }
    if (argc >= 2 && strcmp(argv[1], "all") == 0) {
        measure_all(argc > 2 ? strtoull(argv[2], NULL, 10) : 1000000);
        return 0;
    }
    int rounds = argc > 1 ? atoi(argv[1]) : 15;
    if (rounds < 1 || rounds > ROUNDS_MAX)
        fail("rounds must be 1 to 99");
    measure_sizes(rounds, argc > 2 ? argv[2] : NULL, argc > 3 ? strtoull(argv[3], NULL, 10) : 0);
    return 0;
}
