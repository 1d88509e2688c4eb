/* Options: from the command line, from the environment, by default; one row each.
 *
 * A flag wins over its environment variable, which wins over the default. All three pass through
 * the same parser, so that a default is as valid as what a user types. Memory: strings point into
 * argv, the environment or constants. Thread: main's, before others start. */
#ifndef STEPD_CONFIG_H
#define STEPD_CONFIG_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct config {
    const char *listen, *store, *cors_origin, *isa; /* cors_origin, isa: NULL where not given */
    const char *log_format, *log_level, *access_log;
    int64_t max_body_bytes, cache_bytes, connection_bytes;
    int64_t threads, max_connections, queue, idle_timeout_s, body_timeout_s; /* threads 0: cores */
    bool allow_unauthenticated;
};

/* Which commands take an option, as a bit set. */
enum {
    FOR_SERVE = 1 << 0,
    FOR_STORE = 1 << 1, /* check, migrate */
    FOR_READY = 1 << 2
};

/* Fills `ret_config` from `args` (without the program and the command), the environment and the
 * defaults, for a command of kind `command`. Arguments that are no options are counted in
 * *ret_words and moved to the front of `args`. Errors: ERR_REQUEST, the message says what to do. */
enum err_code config_read(int argc, char **args, unsigned command, struct config *ret_config,
                          int *ret_words, struct err *err);

/* Whether an entry NAME=value of the environment is called like one of stepd's variables and is
 * none of them, nor one that Kubernetes makes of a service's name. *ret_near is then the one that
 * may have been meant, or NULL. */
bool config_stranger(const char *entry, const char **ret_near);

/* The options of a command, for --help. */
void config_help(struct buf *out, unsigned command);

/* "64MiB", "1.5 GB", "4096" → bytes. false: not a size. */
bool config_bytes(const char *text, int64_t *ret_bytes);

#endif
