/* What the store's tests share: stores in a folder of their own, sessions that fill every field,
 * and short ways to say "this must succeed". The folder goes away with the test. */
#ifndef STEPD_TESTS_STORE_FIXTURE_H
#define STEPD_TESTS_STORE_FIXTURE_H

#include "base/buf.h"
#include "required.h"
#include "session/block.h"
#include "store/store.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))

/* Runs a call that takes `&err` as its last argument and must succeed. */
#define OK(call)                                                                                   \
    do {                                                                                           \
        err_init(&err);                                                                            \
        enum err_code ok_code = (call);                                                            \
        cr_assert_eq(ok_code, ERR_OK, "%s: %d %s", #call, ok_code, err.at[0].detail);              \
    } while (0)
/* … or must fail with `expected`. */
#define FAILS(expected, call)                                                                      \
    do {                                                                                           \
        err_init(&err);                                                                            \
        enum err_code fails_code = (call);                                                         \
        cr_assert_eq(fails_code, (expected), "%s: %d %s", #call, fails_code, err.at[0].detail);    \
    } while (0)
#define SAYS(text) cr_assert(strstr(err.at[0].detail, (text)), "says: %s", err.at[0].detail)

static UNUSED struct err err;

/* ---- a folder -------------------------------------------------------------------------------- */

static char folder[64];

static UNUSED void folder_make(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%.40s/stepd-store-XXXXXX", tmp ? tmp : "/tmp");
    cr_assert(mkdtemp(folder), "no folder %s", folder);
}

static UNUSED void folder_remove(void)
{
    char command[sizeof folder + 16];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    cr_assert_eq(system(command), 0);
}

/* The path of a file in the folder; good until 8 calls later. */
static UNUSED const char *in_folder(const char *name)
{
    static char paths[8][160];
    static unsigned used;
    char *path = paths[used++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static UNUSED struct buf read_file(const char *path)
{
    struct buf b;
    int fd = open(path, O_RDONLY);
    ssize_t n;
    buf_init(&b);
    cr_assert_geq(fd, 0, "%s cannot be read", path);
    while ((n = read(fd, buf_room(&b, 65536), 65536)) > 0)
        b.len += (size_t)n;
    close(fd);
    return b;
}

static UNUSED void write_file(const char *path, const void *data, size_t bytes)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    cr_assert_geq(fd, 0, "%s cannot be written", path);
    cr_assert_eq(write(fd, data, bytes), (ssize_t)bytes);
    close(fd);
}

static UNUSED void copy_file(const char *from, const char *to)
{
    struct buf b = read_file(from);
    write_file(to, b.data, b.len);
    buf_close(&b);
}

/* ---- a store --------------------------------------------------------------------------------- */

/* Opens the store in the file `name` of the folder. */
static UNUSED struct store *store_at(const char *name)
{
    char url[200];
    struct store *st = NULL;
    snprintf(url, sizeof url, "sqlite:%s", in_folder(name));
    OK(store_open(url, &st, &err));
    return st;
}

static UNUSED enum err_code try_open(const char *name)
{
    char url[200];
    struct store *st = NULL;
    err_init(&err);
    snprintf(url, sizeof url, "sqlite:%s", in_folder(name));
    enum err_code code = store_open(url, &st, &err);
    cr_assert_eq(code == ERR_OK, st != NULL);
    if (st)
        st->ops->close(st);
    return code;
}

static UNUSED void begin(struct store *st)
{
    OK(st->ops->begin(st, &err));
}

static UNUSED void commit(struct store *st)
{
    OK(st->ops->commit(st, &err));
}

/* What the disk holds at this instant, under another name: the store as a crash leaves it. */
static UNUSED void crash_copy(const char *name, const char *copy)
{
    char from[80], to[80];
    copy_file(in_folder(name), in_folder(copy));
    snprintf(from, sizeof from, "%s-wal", name);
    snprintf(to, sizeof to, "%s-wal", copy);
    copy_file(in_folder(from), in_folder(to));
}

/* Runs SQL on the file, past the store. The store must be closed unless the SQL only reads. */
static UNUSED void sql_on(const char *name, const char *sql)
{
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(in_folder(name), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s: %s", sql,
                 sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* The first column of the first row as a whole number; -1: there is none. */
static UNUSED int64_t number_from(const char *name, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *q;
    cr_assert_eq(sqlite3_open(in_folder(name), &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &q, NULL), SQLITE_OK, "%s: %s", sql,
                 sqlite3_errmsg(db));
    int64_t number = sqlite3_step(q) == SQLITE_ROW ? sqlite3_column_int64(q, 0) : -1;
    sqlite3_finalize(q);
    sqlite3_close(db);
    return number;
}

/* ---- sessions -------------------------------------------------------------------------------- */

static UNUSED struct session *session_of(const struct session_spec *spec)
{
    struct session *s = NULL;
    OK(session_new(spec, 1700000000123, &s, &err));
    block_seal(s);
    return s;
}

/* `n` numbers under `optimizer`, in the given dtype; NULL: float64. */
static UNUSED struct session *plain_session(const char *optimizer, const char *name, size_t n,
                                            const char *dtype)
{
    struct tensor x = {
        .name = "", .rank = 1, .shape = {(int64_t)n}, .count = n, .form = TENSOR_NESTED};
    double *data = calloc(n, sizeof *data);
    struct hyper_arg args[REQUIRED_ARGS];
    for (size_t i = 0; i < n; i++)
        data[i] = 1.0 / (double)(i + 3);
    size_t arg_count = required_args(optim_find(optimizer), PROFILE_TORCH, NAN, args);
    struct session *s = session_of(
        &(struct session_spec){.name = name,
                               .optimizer = optimizer,
                               .args = args,
                               .arg_count = arg_count,
                               .dtype = dtype,
                               .parameters = {.count = 1, .tensors = &x, .data = data, .n = n}});
    free(data);
    return s;
}

static UNUSED void insert(struct store *st, struct session *s)
{
    begin(st);
    OK(st->ops->insert(st, s, &err));
    commit(st);
}

static UNUSED struct session *load(struct store *st, const char *id_or_name)
{
    struct session *s = NULL;
    OK(st->ops->load(st, id_or_name, &s, &err));
    return s;
}

/* A put as the engine makes it: one more revision, sealed. */
static UNUSED enum err_code put(struct store *st, struct session *s)
{
    int64_t read_revision = s->revision++;
    block_seal(s);
    return st->ops->put(st, s, read_revision, &err);
}

static UNUSED bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static UNUSED bool same_row(const struct step_metrics *a, const struct step_metrics *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* ---- chance ---------------------------------------------------------------------------------- */

/* splitmix64 */
static UNUSED uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15ULL;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
    return z ^ z >> 31;
}

static UNUSED bool quick(void)
{
    return getenv("STEPD_QUICK") != NULL;
}

#endif
