/* Which backend a URL means. A backend is one row here, and its files. */
#include "store/store.h"

#include "store/backends.h"

#include <string.h>

static const struct backend {
    const char *scheme;
    enum err_code (*open)(const char *rest, struct store **ret_store, struct err *err);
    enum err_code (*inspect)(const char *rest, struct buf *out, struct err *err);
} backends[] = {
    {"sqlite", sqlite_store_open, sqlite_store_inspect},
    {"memory", memory_store_open, memory_store_inspect},
};

/* A path alone has a slash before any colon, or a dot and no colon: "memory" may be a mistyped
 * "memory:". */
static bool is_path(const char *url, const char *colon)
{
    return memchr(url, '/', colon ? (size_t)(colon - url) : strlen(url)) ||
           (!colon && strchr(url, '.'));
}

static const struct backend *backend_of(const char *url, const char **ret_rest, struct err *err)
{
    const char *colon = strchr(url, ':');
    for (size_t i = 0; colon && i < sizeof backends / sizeof *backends; i++) {
        const char *scheme = backends[i].scheme;
        if (strlen(scheme) == (size_t)(colon - url) && !strncmp(url, scheme, strlen(scheme))) {
            *ret_rest = colon + 1;
            return &backends[i];
        }
    }
    if (is_path(url, colon)) {
        *ret_rest = url;
        return &backends[0];
    }
    err_add(err, ERR_STORE, "",
            "the store must be a path, sqlite:PATH or memory: (what was given has another form)");
    return NULL;
}

enum err_code store_open(const char *url, struct store **ret_store, struct err *err)
{
    const char *rest;
    const struct backend *backend = backend_of(url, &rest, err);
    return backend ? backend->open(rest, ret_store, err) : ERR_STORE;
}

enum err_code store_inspect(const char *url, struct buf *out, struct err *err)
{
    const char *rest;
    const struct backend *backend = backend_of(url, &rest, err);
    return backend ? backend->inspect(rest, out, err) : ERR_STORE;
}
