/* `stepd check`: looks at a store without changing it, also while a server holds it. */
#include "store/backends.h"
#include "store/lock.h"
#include "store/sqlite_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void line(struct buf *out, const char *what, const char *text)
{
    buf_printf(out, "%-10s %s\n", what, text);
}

static void row_of(sqlite3 *db, const char *sql, const char *what, struct buf *out)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        line(out, what, (const char *)sqlite3_column_text(s, 0));
    else
        buf_printf(out, "%-10s cannot be read: %s\n", what, sqlite3_errmsg(db));
    sqlite3_finalize(s);
}

/* Writes "ok" or the first thing that is wrong. */
static bool intact(sqlite3 *db, struct buf *out)
{
    sqlite3_stmt *s = NULL;
    bool ok = false;
    if (sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(s, 0);
        ok = text && !strcmp(text, "ok");
        line(out, "integrity", text ? text : "no memory");
    } else {
        line(out, "integrity", sqlite3_errmsg(db));
    }
    sqlite3_finalize(s);
    return ok;
}

static void describe_lock(const char *path, struct buf *out)
{
    char real[PATH_MAX];
    int pid = 0;
    if (!realpath(path, real) || !lock_held(real, &pid))
        line(out, "in use", "by no stepd");
    else
        buf_printf(out, "%-10s by the stepd with process number %d\n", "in use", pid);
}

static enum err_code describe(sqlite3 *db, const char *path, struct buf *out, struct err *err)
{
    int64_t version = sqlite_pragma_int(db, "PRAGMA user_version"), known = sqlite_schema_latest();
    enum err_code code = sqlite_recognise(db, path, err);
    if (code)
        return code;
    buf_printf(out, "%-10s version %lld; this stepd has %lld: serve would %s\n", "schema",
               (long long)version, (long long)known,
               version == known ? "change nothing" : "bring it up to date");
    bool ok = intact(db, out);
    if (version > 0) {
        row_of(db, "SELECT count(*) FROM session", "sessions", out);
        row_of(db, "SELECT coalesce(sum(step), 0) FROM state", "steps", out);
    }
    return ok ? ERR_OK : err_add(err, ERR_STORE, "", "%s is damaged", path);
}

/* The file is made by serve, but not its folder. */
static enum err_code describe_absent(const char *path, struct buf *out, struct err *err)
{
    const char *slash = strrchr(path, '/');
    size_t len = slash ? (size_t)(slash - path) : 1;
    char folder[PATH_MAX];
    if (len >= sizeof folder)
        return err_add(err, ERR_STORE, "", "the path of the store is too long");
    snprintf(folder, sizeof folder, "%.*s", (int)len, slash ? path : ".");
    if (access(folder[0] ? folder : "/", W_OK | X_OK) == 0) {
        line(out, "file", "is not there: serve would make it");
        return ERR_OK;
    }
    line(out, "file", "is not there, and serve could not make it");
    return err_add(err, ERR_STORE, "", "%s cannot be made: %s", path, strerror(errno));
}

enum err_code sqlite_store_inspect(const char *rest, struct buf *out, struct err *err)
{
    sqlite3 *db = NULL;
    buf_printf(out, "%-10s sqlite:%s\n", "store", rest);
    if (!rest[0])
        return err_add(err, ERR_STORE, "", "sqlite: needs a path, as in sqlite:stepd.db");
    if (access(rest, F_OK) != 0)
        return describe_absent(rest, out, err);
    describe_lock(rest, out);
    enum err_code code =
        sqlite3_open_v2(rest, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK
            ? describe(db, rest, out, err)
            : err_add(err, ERR_STORE, "", "%s cannot be opened: %s", rest, sqlite3_errmsg(db));
    sqlite3_close(db);
    return code;
}

enum err_code memory_store_inspect(const char *rest, struct buf *out, struct err *err)
{
    (void)rest, (void)err;
    line(out, "store", "memory: (made anew at each start, gone at its end)");
    return ERR_OK;
}
