/* Opening: whose file it is, who has it, what is read back, what is damaged; and `stepd check`. */
#include "fixture.h"

#include "store/lock.h"
#include "store/sqlite_internal.h"

#include <sys/wait.h>

TestSuite(open, .init = folder_make, .fini = folder_remove, .timeout = 60);

/* ---- one process at a time ------------------------------------------------------------------- */

Test(open, the_second_one_is_told_who_has_it)
{
    char pid[32];
    struct store *st = store_at("a.db");
    cr_assert_eq(symlink(in_folder("a.db"), in_folder("link.db")), 0);
    snprintf(pid, sizeof pid, "(pid %d)", (int)getpid());
    cr_expect_eq(try_open("a.db"), ERR_STORE);
    SAYS("in use by another stepd");
    SAYS(pid);
    cr_expect_eq(try_open("link.db"), ERR_STORE, "the same file by another path");
    SAYS(pid);
    struct session *s = plain_session("gd", NULL, 1, NULL);
    insert(st, s); /* the first one goes on undisturbed */
    st->ops->close(st);
    cr_expect_eq(try_open("link.db"), ERR_OK);
    cr_expect_eq(try_open("a.db"), ERR_OK);
    session_free(s);
}

/* Whoever comes second must not make this process lose SQLite's own lock: POSIX gives up all locks
 * on a file when any of its descriptors is closed. Another process sees whether it is held. */
Test(open, the_second_one_does_not_unlock_the_file)
{
    struct store *st = store_at("a.db");
    cr_expect_eq(try_open("a.db"), ERR_STORE);
    pid_t child = fork();
    if (child == 0) {
        enum { SHARED_FIRST = 0x40000002 };
        struct flock l = {
            .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = SHARED_FIRST, .l_len = 510};
        int fd = open(in_folder("a.db"), O_RDWR);
        _exit(fd >= 0 && fcntl(fd, F_GETLK, &l) == 0 && l.l_type == F_RDLCK ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    cr_expect_eq(status, 0, "the lock is gone");
    st->ops->close(st);
}

Test(open, a_lock_file_that_was_left_is_no_lock)
{
    write_file(in_folder("a.db-lock"), "4711\n", 5);
    cr_expect_eq(try_open("a.db"), ERR_OK);
    int pid;
    struct store *st = store_at("a.db");
    cr_expect(lock_held(in_folder("a.db"), &pid));
    cr_expect_eq(pid, (int)getpid());
    st->ops->close(st);
    cr_expect_not(lock_held(in_folder("a.db"), &pid));
    cr_expect_not(lock_held(in_folder("none.db"), &pid));
}

/* ---- whose file ------------------------------------------------------------------------------ */

static void expect_untouched(const char *name, const char *says)
{
    struct buf before = read_file(in_folder(name));
    cr_expect_eq(try_open(name), ERR_STORE, "%s", name);
    SAYS(says);
    SAYS(name);
    struct buf after = read_file(in_folder(name));
    cr_expect_eq(before.len, after.len);
    cr_expect_eq(memcmp(before.data, after.data, before.len), 0, "%s was changed", name);
    buf_close(&before);
    buf_close(&after);
}

Test(open, a_file_of_another_program_is_left_alone)
{
    sql_on("foreign.db", "CREATE TABLE session (x); INSERT INTO session VALUES (1)");
    expect_untouched("foreign.db", "database of another program");
    cr_expect_eq(number_from("foreign.db", "SELECT x FROM session"), 1);
}

/* Not even its write-ahead log is moved into it. */
Test(open, the_log_of_another_program_is_left_alone)
{
    sqlite3 *db;
    cr_assert_eq(sqlite3_open(in_folder("w.db"), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db,
                              "PRAGMA journal_mode = WAL; CREATE TABLE t (x);"
                              "PRAGMA wal_checkpoint; INSERT INTO t VALUES (1)",
                              NULL, NULL, NULL),
                 SQLITE_OK);
    crash_copy("w.db", "foreign.db");
    sqlite3_close(db);
    expect_untouched("foreign.db", "database of another program");
    cr_expect_eq(number_from("foreign.db", "SELECT count(*) FROM t"), 1);
}

Test(open, what_is_no_database_is_left_alone)
{
    char text[40000];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)('a' + i % 26);
    write_file(in_folder("letter.txt"), text, sizeof text);
    expect_untouched("letter.txt", "not a database");
    write_file(in_folder("short.txt"), "Dear", 4);
    expect_untouched("short.txt", "not a database");
}

Test(open, a_newer_schema_is_left_alone)
{
    cr_assert_eq(try_open("a.db"), ERR_OK);
    sql_on("a.db", "PRAGMA user_version = 1000");
    expect_untouched("a.db", "schema version 1000");
    SAYS("start a newer stepd");
}

Test(open, paths_that_cannot_be)
{
    struct store *st = NULL;
    cr_expect_eq(try_open("no/such/folder.db"), ERR_STORE);
    SAYS("cannot be opened for writing");
    mkdir(in_folder("dir"), 0700);
    cr_expect_eq(try_open("dir"), ERR_STORE);
    static const char *const urls[] = {"sqlite:",   "sqlite", "memory:x", "memory",
                                       "SQLITE:a",  "",       ":",        "postgres:host",
                                       "sqlitex:a", "sqlit:a"};
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++) {
        FAILS(ERR_STORE, store_open(urls[i], &st, &err));
        cr_expect_null(st);
    }
}

Test(open, a_new_file_is_its_owners_alone)
{
    struct stat file;
    struct store *st = store_at("a.db");
    static const char *const names[] = {"a.db", "a.db-wal", "a.db-lock"};
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(stat(in_folder(names[i]), &file), 0, "%s", names[i]);
        cr_expect_eq(file.st_mode & 0777, 0600, "%s has mode %o", names[i], file.st_mode);
    }
    st->ops->close(st);
    cr_expect_neq(access(in_folder("a.db-wal"), F_OK), 0, "close leaves no log");
}

/* ---- checks ---------------------------------------------------------------------------------- */

static bool checked(struct store *st, const char *name, char detail[200])
{
    struct arena a;
    struct store_check checks[STORE_CHECKS];
    int count;
    bool all = true, one = false, found = false;
    arena_init(&a);
    bool ok = st->ops->check(st, &a, checks, &count);
    for (int i = 0; i < count; i++) {
        all &= checks[i].ok;
        if (strcmp(checks[i].name, name) != 0)
            continue;
        found = true;
        one = checks[i].ok;
        snprintf(detail, 200, "%s", checks[i].detail);
    }
    cr_assert(found, "no check %s", name);
    cr_expect_eq(ok, all);
    arena_close(&a);
    return one;
}

/* Runs SQL on the store's own connection. */
static void inside(struct store *st, const char *sql)
{
    sqlite3 *db = ((struct sqlite_store *)st)->db;
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
}

Test(open, settings_are_read_back)
{
    static const char *const spoiled[][2] = {
        {"PRAGMA synchronous = NORMAL", "PRAGMA synchronous = FULL"},
        {"PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"},
        {"PRAGMA wal_autocheckpoint = 7", "PRAGMA wal_autocheckpoint = 0"},
        {"PRAGMA busy_timeout = 1", "PRAGMA busy_timeout = 5000"},
        {"PRAGMA secure_delete = ON", "PRAGMA secure_delete = FAST"},
    };
    struct store *st = store_at("a.db");
    char detail[200];
    cr_expect(checked(st, "settings", detail), "%s", detail);
    for (int i = 0; i < 5; i++) {
        inside(st, spoiled[i][0]);
        cr_expect_not(checked(st, "settings", detail), "%s", spoiled[i][0]);
        cr_expect(strstr(detail, "must be"), "%s", detail);
        inside(st, spoiled[i][1]);
        cr_expect(checked(st, "settings", detail), "%s", detail);
    }
    cr_expect_eq(number_from("a.db", "PRAGMA page_size"), 16384);
    cr_expect_eq(number_from("a.db", "PRAGMA application_id"), 0x73747064);
    st->ops->close(st);
}

Test(open, a_store_that_cannot_be_written_fails_its_check)
{
    struct store *st = store_at("a.db");
    char detail[200], line[200];
    cr_expect(checked(st, "write", detail) && checked(st, "schema", detail));
    long version = (long)number_from("a.db", "PRAGMA user_version");
    snprintf(line, sizeof line, "version %ld", version);
    cr_expect_str_eq(detail, line);
    inside(st, "PRAGMA query_only = ON");
    cr_expect_not(checked(st, "write", detail));
    inside(st, "PRAGMA query_only = OFF; PRAGMA user_version = 1000");
    cr_expect(checked(st, "write", detail));
    cr_expect_not(checked(st, "schema", detail));
    cr_expect_eq(number_from("a.db", "SELECT count(*) FROM metrics_journal"), 0);
    st->ops->close(st);
}

Test(open, in_memory)
{
    struct store *st = NULL, *other = NULL;
    char detail[200];
    int64_t sessions, bytes;
    OK(store_open("memory:", &st, &err));
    OK(store_open("memory:", &other, &err));
    cr_expect_str_eq(st->ops->scheme, "memory");
    struct session *s = plain_session("adam", "m", 3, NULL), *loaded, *none;
    insert(st, s);
    loaded = load(st, "m");
    cr_expect_eq(memcmp(loaded->block, s->block, s->block_bytes), 0);
    FAILS(ERR_NOT_FOUND, other->ops->load(other, "m", &none, &err));
    cr_expect(checked(st, "write", detail) && checked(st, "settings", detail), "%s", detail);
    st->ops->tend(st);
    st->ops->totals(st, &sessions, &bytes);
    cr_expect_eq(sessions, 1);
    cr_expect_gt(bytes, 0);
    cr_expect_not(st->ops->fatal(st));
    session_free(s);
    session_free(loaded);
    st->ops->close(st);
    other->ops->close(other);
}

/* ---- damage ---------------------------------------------------------------------------------- */

static const struct damage {
    const char *sql, *says;
} damages[] = {
    {"UPDATE state SET block = zeroblob(length(block))", "magic"},
    {"UPDATE state SET block = substr(block, 1, length(block) - 8)", "lengths"},
    {"UPDATE state SET block = CAST(block || x'00' AS BLOB)", "lengths"},
    {"UPDATE state SET block = CAST(substr(block, 1, length(block) - 1) || x'55' AS BLOB)",
     "checksum"},
    {"UPDATE state SET block = x''", "missing"},
    {"DELETE FROM state", "state is missing"},
    {"DELETE FROM tensor", "no parameters"},
    {"UPDATE tensor SET shape = '4'", "lengths"},
    {"UPDATE tensor SET shape = '3x'", "impossible"},
    {"UPDATE tensor SET shape = '-3'", "impossible"},
    {"UPDATE tensor SET shape = '3,'", "impossible"},
    {"UPDATE tensor SET shape = ',3'", "impossible"},
    {"UPDATE tensor SET shape = '99999999999,99999999999'", "impossible"},
    {"UPDATE tensor SET shape = '1,1,1,1,1,1,1,1,3'", "impossible"},
    {"UPDATE tensor SET form = 'square'", "impossible"},
    {"UPDATE tensor SET ordinal = 1", "impossible"},
    {"UPDATE session SET optimizer = 'gone'", "does not know its optimizer"},
    {"UPDATE session SET dtype = 'float16'", "unknown profile, dtype or on_nonfinite"},
    {"UPDATE session SET dtype = 'float32'", "lengths"},
    {"UPDATE session SET profile = 'theirs'", "unknown profile"},
    {"UPDATE session SET on_nonfinite = ''", "unknown profile"},
    {"UPDATE hyperparameter SET value = 'x' WHERE name = 'lr'", "hyperparameter"},
    {"UPDATE hyperparameter SET value = 'x' WHERE name = 'eps_placement'", "hyperparameter"},
    {"UPDATE hyperparameter SET value = 0 WHERE name = 'eps_placement'", "hyperparameter"},
    {"UPDATE hyperparameter SET name = 'speed' WHERE name = 'lr'", "hyperparameter"},
};

/* Damages one of three sessions in a copy of the file; it is named, and the others load. */
static void expect_damaged(const struct damage *d, struct session *const *s)
{
    char sql[400];
    struct session *loaded = NULL, *others[2];
    const char *where = strstr(d->sql, "WHERE") ? "AND" : "WHERE";
    const char *column = strstr(d->sql, "UPDATE session") ? "key" : "session";
    copy_file(in_folder("a.db"), in_folder("b.db"));
    snprintf(sql, sizeof sql, "%s %s %s = %lld", d->sql, where, column, (long long)s[1]->key);
    sql_on("b.db", sql);
    struct store *st = store_at("b.db");
    FAILS(ERR_STORE, st->ops->load(st, s[1]->id, &loaded, &err));
    cr_expect(strstr(err.at[0].detail, d->says), "%s: %s", d->sql, err.at[0].detail);
    cr_expect(strstr(err.at[0].detail, s[1]->id), "%s: %s", d->sql, err.at[0].detail);
    cr_expect_null(loaded);
    others[0] = load(st, s[0]->id);
    others[1] = load(st, s[2]->id);
    session_free(others[0]);
    session_free(others[1]);
    st->ops->close(st);
    unlink(in_folder("b.db"));
}

Test(open, a_damaged_session_is_named_and_the_others_load)
{
    struct store *st = store_at("a.db");
    struct session *s[3];
    for (int i = 0; i < 3; i++) {
        s[i] = plain_session("adam", NULL, 3, NULL);
        insert(st, s[i]);
    }
    st->ops->close(st);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++)
        expect_damaged(&damages[i], s);
    for (int i = 0; i < 3; i++)
        session_free(s[i]);
}

/* A hyperparameter that the file does not have takes the default of the profile. */
Test(open, a_hyperparameter_of_a_newer_stepd_has_its_default)
{
    struct store *st = store_at("a.db");
    struct session *s = plain_session("adam", NULL, 3, NULL);
    insert(st, s);
    st->ops->close(st);
    sql_on("a.db", "DELETE FROM hyperparameter WHERE name = 'beta1'");
    st = store_at("a.db");
    struct session *loaded = load(st, s->id);
    cr_expect_eq(loaded->h[hyper_find(s->optim->hypers, "beta1")], 0.9);
    session_free(s);
    session_free(loaded);
    st->ops->close(st);
}

/* ---- stepd check ----------------------------------------------------------------------------- */

/* The report on a file of the folder, NUL-terminated, in `err` what is wrong. */
static char *report_on(const char *name, enum err_code expected)
{
    static char text[4000];
    char url[200];
    struct buf b;
    buf_init(&b);
    snprintf(url, sizeof url, "sqlite:%s", in_folder(name));
    FAILS(expected, store_inspect(url, &b, &err));
    cr_assert_lt(b.len, sizeof text);
    memcpy(text, b.data, b.len);
    text[b.len] = '\0';
    buf_close(&b);
    return text;
}

static void expect_line(const char *text, const char *line)
{
    cr_expect(strstr(text, line), "no \"%s\" in:\n%s", line, text);
}

Test(open, inspection_tells_what_is_there)
{
    struct store *st = store_at("a.db");
    struct session *s = plain_session("gd", NULL, 1, NULL);
    char pid[80], schema[100];
    s->step = 17;
    insert(st, s);
    snprintf(pid, sizeof pid, "in use     by the stepd with process number %d\n", (int)getpid());
    char *text = report_on("a.db", ERR_OK);
    expect_line(text, pid);
    long version = (long)number_from("a.db", "PRAGMA user_version");
    snprintf(schema, sizeof schema,
             "schema     version %ld; this stepd has %ld: serve would change nothing\n", version,
             version);
    expect_line(text, schema);
    expect_line(text, "integrity  ok\n");
    expect_line(text, "sessions   1\n");
    expect_line(text, "steps      17\n");
    st->ops->close(st);
    text = report_on("a.db", ERR_OK);
    expect_line(text, "in use     by no stepd\n");
    expect_line(text, "sessions   1\n");
    session_free(s);
}

Test(open, inspection_changes_nothing)
{
    cr_assert_eq(try_open("a.db"), ERR_OK);
    struct buf before = read_file(in_folder("a.db"));
    report_on("a.db", ERR_OK);
    struct buf after = read_file(in_folder("a.db"));
    cr_expect_eq(before.len, after.len);
    cr_expect_eq(memcmp(before.data, after.data, before.len), 0);
    buf_close(&before);
    buf_close(&after);
    expect_line(report_on("none.db", ERR_OK), "file       is not there: serve would make it\n");
    cr_expect_neq(access(in_folder("none.db"), F_OK), 0, "inspection made the file");
    write_file(in_folder("empty.db"), "", 0);
    expect_line(report_on("empty.db", ERR_OK), "serve would bring it up to date\n");
}

Test(open, inspection_finds_what_is_wrong)
{
    struct buf b;
    sql_on("foreign.db", "CREATE TABLE t (x)");
    report_on("foreign.db", ERR_STORE);
    SAYS("another program");
    write_file(in_folder("letter.txt"), "Dear", 4);
    report_on("letter.txt", ERR_STORE);
    SAYS("not a database");
    expect_line(report_on("no-such-folder/a.db", ERR_STORE),
                "file       is not there, and serve could not make it\n");
    SAYS("No such file or directory");
    cr_assert_eq(try_open("a.db"), ERR_OK);
    copy_file(in_folder("a.db"), in_folder("newer.db"));
    sql_on("newer.db", "PRAGMA user_version = 999");
    report_on("newer.db", ERR_STORE);
    SAYS("schema version 999");
    b = read_file(in_folder("a.db"));
    memset(b.data + 16384, 0x5a, 64); /* the head of the second page */
    write_file(in_folder("a.db"), b.data, b.len);
    buf_close(&b);
    expect_line(report_on("a.db", ERR_STORE), "integrity  ");
    SAYS("is damaged");
    buf_init(&b);
    FAILS(ERR_STORE, store_inspect("sqlite:", &b, &err));
    FAILS(ERR_STORE, store_inspect("mysql:x", &b, &err));
    SAYS("a path, sqlite:PATH or memory:");
    FAILS(ERR_STORE, store_inspect("", &b, &err));
    OK(store_inspect(in_folder("none.db"), &b, &err));
    cr_expect_not_null(memmem(b.data, b.len, "store      sqlite:/", 19), "a path alone");
    OK(store_inspect("memory:", &b, &err));
    buf_close(&b);
}
