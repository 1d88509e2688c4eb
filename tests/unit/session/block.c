/* session/block: what is sealed can be opened, what is damaged cannot. */
#include "fixture.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

static struct err err;

/* A session that stands in the store: all but its numbers. */
static struct session bare(const struct session *s)
{
    struct session copy = *s;
    copy.block = NULL;
    copy.scalars = NULL;
    memset(&copy.view, 0, sizeof copy.view);
    return copy;
}

static struct session *stepped(const char *dtype)
{
    struct session *s = make(
        &(struct session_spec){.optimizer = "adam", .dtype = dtype, .parameters = LIST(4, 5, 6)});
    struct values g = LIST(8, 1, -3);
    step(s, &(struct step_input){.gradient = g, .expected_step = -1});
    block_seal(s);
    return s;
}

Test(block, opens_what_was_sealed)
{
    static const char *const dtypes[] = {"float64", "float32"};
    for (int i = 0; i < 2; i++) {
        struct session *s = stepped(dtypes[i]), copy = bare(s);
        err_init(&err);
        cr_assert_eq(block_open(&copy, s->block, s->block_bytes, &err), ERR_OK, "%s",
                     err.at[0].detail);
        cr_expect_neq((void *)copy.block, (void *)s->block);
        cr_expect_eq(copy.view.n, 3);
        cr_expect_eq(memcmp(copy.block, s->block, s->block_bytes), 0);
        cr_expect_eq((uint8_t *)copy.view.w - copy.block, (uint8_t *)s->view.w - s->block);
        for (int k = 0; k < OPTIM_SLOTS; k++)
            cr_expect_eq(copy.view.slot[k] == NULL, s->view.slot[k] == NULL);
        cr_expect_eq(weight(&copy, 2), weight(s, 2));
        free(copy.block);
        session_free(s);
    }
}

Test(block, any_flipped_bit_is_found)
{
    struct session *s = stepped("float64");
    uint8_t *data = malloc(s->block_bytes);
    for (size_t bit = 0; bit < s->block_bytes * 8; bit++) {
        struct session copy = bare(s);
        memcpy(data, s->block, s->block_bytes);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        err_init(&err);
        cr_assert_eq(block_open(&copy, data, s->block_bytes, &err), ERR_STORE, "bit %zu", bit);
        cr_assert_null(copy.block);
    }
    free(data);
    session_free(s);
}

Test(block, any_other_length_is_found)
{
    struct session *s = stepped("float32"), copy = bare(s);
    uint8_t *data = calloc(1, s->block_bytes + 64);
    memcpy(data, s->block, s->block_bytes);
    for (size_t bytes = 0; bytes < s->block_bytes + 64; bytes++) {
        err_init(&err);
        if (bytes != s->block_bytes)
            cr_assert_eq(block_open(&copy, data, bytes, &err), ERR_STORE, "%zu bytes", bytes);
    }
    free(data);
    session_free(s);
}

Test(block, of_another_optimizer_or_form_is_refused)
{
    struct session *s = stepped("float64");
    struct session *other =
        make(&(struct session_spec){.optimizer = "adam", .parameters = LIST(1, 2, 3, 4)});
    struct session copy = bare(other);
    err_init(&err);
    cr_expect_eq(block_open(&copy, s->block, s->block_bytes, &err), ERR_STORE);
    copy = bare(s);
    copy.h[hyper_find(s->optim->hypers, "amsgrad")] = 1;
    cr_expect_eq(block_open(&copy, s->block, s->block_bytes, &err), ERR_STORE);
    session_free(s);
    session_free(other);
}

Test(block, large_arrays_begin_on_a_cache_line)
{
    enum { N = 100 };
    double data[N] = {0};
    struct tensor x = tensor("", 1, N, 0, 0);
    struct values v = {.count = 1, .tensors = &x, .data = data, .n = N};
    struct session *s = make(&(struct session_spec){.optimizer = "adam", .parameters = v});
    cr_expect_eq((uintptr_t)s->view.w % 64, 0);
    cr_expect_eq((uintptr_t)slot_of(s, "m") % 64, 0);
    cr_expect_eq((uintptr_t)slot_of(s, "v") % 64, 0);
    session_free(s);
}

Test(block, impossible_sizes_are_no_memory)
{
    struct session *s = stepped("float64"), copy = bare(s);
    struct tensor huge = tensor("", 1, INT64_MAX, 0, 0);
    huge.count = SIZE_MAX / 8;
    copy.tensors = &huge;
    err_init(&err);
    cr_expect_eq(block_alloc(&copy, &err), ERR_MEMORY);
    cr_expect_null(copy.block);
    session_free(s);
}

/* ---- blocks of a session with schedules, as version 1 had them ---------------------------------
 */

/* A plateau moves lr, a constant beta1; the only tensor is in a group. */
static struct session *scheduled(void)
{
    static const struct schedule_given plateau = {.name = "plateau"}, held = {.name = "constant"};
    static const struct scheduled_given schedules[] = {{"lr", &plateau}, {"beta1", &held}};
    static const struct group_given groups[] = {{.match = "w", .frozen = -1}};
    static struct tensor w;
    static const double data[] = {4, 5, 6};
    w = tensor("w", 1, 3, 0, 0);
    struct session *s = make(&(struct session_spec){.optimizer = "adam",
                                                    .parameters = named(&w, 1, data, 3),
                                                    .schedules = schedules,
                                                    .schedule_count = 2,
                                                    .groups = groups,
                                                    .group_count = 1});
    step(s,
         &(struct step_input){
             .gradient = named(&w, 1, data, 3), .has_loss = true, .loss = 3, .expected_step = -1});
    block_seal(s);
    return s;
}

/* Takes out the two numbers of the newest step. */
static uint8_t *as_version_1(const struct session *s, size_t *ret_bytes)
{
    size_t bytes = s->block_bytes - 2 * sizeof(double);
    uint8_t *data = malloc(bytes);
    size_t at = (size_t)((const uint8_t *)s->schedules->last - s->block);
    memcpy(data, s->block, at);
    memcpy(data + at, s->block + at + 2 * sizeof(double), bytes - at);
    uint64_t count = 4, length = bytes;
    data[4] = 1;                               /* version */
    memcpy(data + 16, &length, sizeof length); /* bytes */
    memcpy(data + 48, &count, sizeof count);   /* numbers of the schedules */
    uint64_t sum = XXH3_64bits(data + 16, bytes - 16);
    memcpy(data + 8, &sum, sizeof sum);
    *ret_bytes = bytes;
    return data;
}

Test(block, one_that_knows_nothing_of_the_newest_step_is_read)
{
    struct session *s = scheduled(), copy = bare(s);
    size_t bytes, numbers = (size_t)s->schedules->state_count;
    double state[8];
    cr_expect_eq(s->schedules->last[0], 0.001);
    cr_expect_eq(s->schedules->last[1], 0.9 / 3);
    memcpy(state, s->schedules->state, numbers * sizeof *state);
    uint8_t *whole = malloc(s->block_bytes), *old = as_version_1(s, &bytes);
    memcpy(whole, s->block, s->block_bytes);
    err_init(&err);
    cr_assert_eq(block_open(&copy, old, bytes, &err), ERR_OK, "%s", err.at[0].detail);
    cr_expect_eq(copy.block_bytes, s->block_bytes);
    cr_expect(memcmp(copy.schedules->state, state, numbers * sizeof *state) == 0);
    cr_expect(isnan(copy.schedules->last[0]) && isnan(copy.schedules->last[1]));
    copy.schedules->last[0] = 0.001;
    copy.schedules->last[1] = 0.9 / 3;
    block_seal(&copy);
    cr_expect(memcmp(copy.block, whole, copy.block_bytes) == 0, "all else is the same");
    free(copy.block);
    free(old);
    free(whole);
    session_free(s);
}
