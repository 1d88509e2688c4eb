/* The table of options, and its three sources. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum option_kind { OPTION_TEXT, OPTION_INTEGER, OPTION_BYTES, OPTION_FLAG, OPTION_CHOICE };

struct option {
    const char *name, *env;
    enum option_kind kind;
    size_t offset;        /* in struct config */
    const char *value;    /* default; NULL: none */
    int64_t min, max;     /* numbers, bytes */
    const char *choices;  /* OPTION_CHOICE: "text|json" */
    const char *argument; /* what --help calls the value */
    const char *help;
    unsigned commands;
};

#define AT(member) offsetof(struct config, member)

static const struct option options[] = {
    {"--listen", "STEPD_LISTEN", OPTION_TEXT, AT(listen), "127.0.0.1:7837", 0, 0, NULL, "HOST:PORT",
     "where to listen; port 0 picks a free one", FOR_SERVE | FOR_READY},
    {"--store", "STEPD_STORE", OPTION_TEXT, AT(store), NULL, 0, 0, NULL, "URL",
     "where sessions are kept: a path, sqlite:PATH or memory: "
     "(default stepd.db in $STATE_DIRECTORY or in the current folder)",
     FOR_SERVE | FOR_STORE},
    {"--allow-unauthenticated", "STEPD_ALLOW_UNAUTHENTICATED", OPTION_FLAG,
     AT(allow_unauthenticated), "false", 0, 0, NULL, NULL,
     "listen on addresses that other machines can reach", FOR_SERVE},
    {"--cors-origin", "STEPD_CORS_ORIGIN", OPTION_TEXT, AT(cors_origin), NULL, 0, 0, NULL, "LIST",
     "origins whose pages may use the API, separated by commas; * for all (default localhost)",
     FOR_SERVE},
    {"--max-body", "STEPD_MAX_BODY", OPTION_BYTES, AT(max_body_bytes), "64MiB", 1024,
     INT64_C(1) << 40, NULL, "BYTES", "largest request body", FOR_SERVE},
    {"--cache", "STEPD_CACHE", OPTION_BYTES, AT(cache_bytes), "256MiB", 0, INT64_C(1) << 50, NULL,
     "BYTES", "memory for sessions", FOR_SERVE},
    {"--queue", "STEPD_QUEUE", OPTION_INTEGER, AT(queue), "8192", 1, 1000000, NULL, "JOBS",
     "requests that may wait for the engine before others get 503", FOR_SERVE},
    {"--threads", "STEPD_THREADS", OPTION_INTEGER, AT(threads), "0", 0, 1024, NULL, "N",
     "network threads; 0: one for each core, at least 2", FOR_SERVE},
    {"--max-connections", "STEPD_MAX_CONNECTIONS", OPTION_INTEGER, AT(max_connections), "4096", 1,
     1000000, NULL, "N", "connections at the same time", FOR_SERVE},
    {"--connection-memory", "STEPD_CONNECTION_MEMORY", OPTION_BYTES, AT(connection_bytes), "12KiB",
     8192, 1 << 20, NULL, "BYTES", "memory of one connection; all headers have to fit half of it",
     FOR_SERVE},
    {"--idle-timeout", "STEPD_IDLE_TIMEOUT", OPTION_INTEGER, AT(idle_timeout_s), "75", 1, 86400,
     NULL, "SECONDS", "silent connections are closed after this", FOR_SERVE},
    {"--body-timeout", "STEPD_BODY_TIMEOUT", OPTION_INTEGER, AT(body_timeout_s), "30", 1, 86400,
     NULL, "SECONDS", "time for a body to arrive, and a second more for each 16 KiB", FOR_SERVE},
    {"--log-format", "STEPD_LOG_FORMAT", OPTION_CHOICE, AT(log_format), "text", 0, 0, "text|json",
     "text|json", "form of the lines on stderr", FOR_SERVE | FOR_STORE},
    {"--log-level", "STEPD_LOG_LEVEL", OPTION_CHOICE, AT(log_level), "info", 0, 0,
     "error|warn|info|debug", "LEVEL", "error, warn, info or debug", FOR_SERVE | FOR_STORE},
    {"--access-log", "STEPD_ACCESS_LOG", OPTION_CHOICE, AT(access_log), "errors", 0, 0,
     "all|errors|off", "WHICH", "requests that get a line: all, errors (status 400 on) or off",
     FOR_SERVE},
    {"--isa", "STEPD_ISA", OPTION_CHOICE, AT(isa), NULL, 0, 0, "x86-64|x86-64-v3|x86-64-v4", "NAME",
     "instruction set of the kernels: x86-64, x86-64-v3 or x86-64-v4 (default the best there is; "
     "results are the same)",
     FOR_SERVE},
};

enum { OPTIONS = sizeof options / sizeof *options };

/* ---- values -----------------------------------------------------------------------------------
 */

bool config_bytes(const char *text, int64_t *ret_bytes)
{
    static const struct {
        const char *name;
        double factor;
    } units[] = {{"", 1},
                 {"b", 1},
                 {"k", 1024},
                 {"kb", 1e3},
                 {"kib", 1024},
                 {"m", 1 << 20},
                 {"mb", 1e6},
                 {"mib", 1 << 20},
                 {"g", 1 << 30},
                 {"gb", 1e9},
                 {"gib", 1 << 30},
                 {"tb", 1e12},
                 {"tib", 1099511627776.0}};
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    double v = strtod(text, &end);
    end += *end == ' ';
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcasecmp(end, units[i].name) == 0 && v * units[i].factor < 9e18) {
            *ret_bytes = (int64_t)(v * units[i].factor);
            return true;
        }
    }
    return false;
}

static bool is_choice(const char *list, const char *value)
{
    size_t len = strlen(value);
    for (const char *s = list; *s;) {
        size_t n = strcspn(s, "|");
        if (n == len && memcmp(s, value, n) == 0)
            return true;
        s += n;
        s += *s == '|';
    }
    return false;
}

static bool parse_integer(const char *text, int64_t *ret)
{
    char *end;
    errno = 0;
    long long v = strtoll(text, &end, 10);
    if (end == text || *end || errno)
        return false;
    *ret = v;
    return true;
}

static bool parse_flag(const char *text, bool *ret)
{
    bool yes = strcmp(text, "true") == 0 || strcmp(text, "1") == 0 || strcmp(text, "yes") == 0;
    bool no =
        !*text || strcmp(text, "false") == 0 || strcmp(text, "0") == 0 || strcmp(text, "no") == 0;
    *ret = yes;
    return yes || no;
}

/* `source` is the flag or the variable, for messages. */
static enum err_code set_number(struct config *c, const struct option *o, const char *source,
                                const char *text, struct err *err)
{
    int64_t v = 0;
    bool bytes = o->kind == OPTION_BYTES;
    if (!(bytes ? config_bytes(text, &v) : parse_integer(text, &v)))
        return err_add(err, ERR_REQUEST, "", "%s is %s, not \"%.60s\"", source,
                       bytes ? "a size such as 64MiB" : "a whole number", text);
    if (v < o->min || v > o->max)
        return err_add(err, ERR_REQUEST, "", "%s is %" PRId64 " to %" PRId64 ", not %.60s", source,
                       o->min, o->max, text);
    *(int64_t *)(void *)((char *)c + o->offset) = v;
    return ERR_OK;
}

static enum err_code set(struct config *c, const struct option *o, const char *source,
                         const char *text, struct err *err)
{
    void *place = (char *)c + o->offset;
    switch (o->kind) {
    case OPTION_INTEGER:
    case OPTION_BYTES:
        return set_number(c, o, source, text, err);
    case OPTION_FLAG:
        if (!parse_flag(text, place))
            return err_add(err, ERR_REQUEST, "", "%s is true or false, not \"%.60s\"", source,
                           text);
        return ERR_OK;
    case OPTION_CHOICE:
        if (!is_choice(o->choices, text))
            return err_add(err, ERR_REQUEST, "", "%s is one of %s, not \"%.60s\"", source,
                           o->choices, text);
        break;
    default:
        if (!*text)
            return err_add(err, ERR_REQUEST, "", "%s is empty; it takes %s", source, o->argument);
    }
    memcpy(place, &text, sizeof text);
    return ERR_OK;
}

/* ---- sources ----------------------------------------------------------------------------------
 */

static enum err_code read_environment(struct config *c, unsigned command, struct err *err)
{
    for (int i = 0; i < OPTIONS; i++) {
        const char *text = options[i].commands & command ? getenv(options[i].env) : NULL;
        const char *source = options[i].env;
        if (!text || !*text) {
            text = options[i].value;
            source = options[i].name;
        }
        if (text && set(c, &options[i], source, text, err))
            return err->code;
    }
    return ERR_OK;
}

static const char prefix[] = "STEPD_";

static const char *env_at(const void *table, int i)
{
    return ((const struct option *)table)[i].env + sizeof prefix - 1;
}

/* Kubernetes tells each container of a service called stepd in such variables. */
static bool of_the_platform(const char *name)
{
    return strncmp(name, "SERVICE_", strlen("SERVICE_")) == 0 || strcmp(name, "PORT") == 0 ||
           strncmp(name, "PORT_", strlen("PORT_")) == 0;
}

bool config_stranger(const char *entry, const char **ret_near)
{
    char name[64];
    if (strncmp(entry, prefix, sizeof prefix - 1) != 0)
        return false;
    entry += sizeof prefix - 1;
    snprintf(name, sizeof name, "%.*s", (int)strcspn(entry, "="), entry);
    if (of_the_platform(name))
        return false;
    for (int i = 0; i < OPTIONS; i++) {
        if (strcmp(name, env_at(options, i)) == 0)
            return false;
    }
    *ret_near = err_nearest(name, env_at, options, OPTIONS);
    if (*ret_near)
        *ret_near -= sizeof prefix - 1;
    return true;
}

static const struct option *find(const char *name, size_t len, unsigned command)
{
    for (int i = 0; i < OPTIONS; i++) {
        bool same = strlen(options[i].name) == len && memcmp(options[i].name, name, len) == 0;
        if (same && options[i].commands & command)
            return &options[i];
    }
    return NULL;
}

static const char *name_at(const void *table, int i)
{
    return ((const struct option *)table)[i].name;
}

static enum err_code unknown(const char *arg, struct err *err)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(arg, "="), arg);
    const char *near = err_nearest(name, name_at, options, OPTIONS);
    if (near && strcmp(near, name) == 0)
        return err_add(err, ERR_REQUEST, "", "this command does not take %s", name);
    return err_add(err, ERR_REQUEST, "", "unknown option %s%s%s%s", name,
                   near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
}

/* One option at args[i]; returns how many arguments it took, 0 on an error. */
static int read_option(struct config *c, int argc, char **args, int i, unsigned command,
                       struct err *err)
{
    const char *arg = args[i], *equals = strchr(arg, '=');
    size_t len = equals ? (size_t)(equals - arg) : strlen(arg);
    const struct option *o = find(arg, len, command);
    if (!o) {
        unknown(arg, err);
        return 0;
    }
    if (equals)
        return set(c, o, o->name, equals + 1, err) ? 0 : 1;
    if (o->kind == OPTION_FLAG)
        return set(c, o, o->name, "true", err) ? 0 : 1;
    if (i + 1 == argc) {
        err_add(err, ERR_REQUEST, "", "%s needs a value: %s", o->name, o->argument);
        return 0;
    }
    return set(c, o, o->name, args[i + 1], err) ? 0 : 2;
}

/* Where a store goes that nobody named: systemd's state folder, or here. The text is made once, by
 * the thread of main, and lives as long as the process. */
static const char *default_store(void)
{
    static char url[4096];
    const char *folder = getenv("STATE_DIRECTORY");
    if (!folder || !*folder)
        return "sqlite:stepd.db";
    snprintf(url, sizeof url, "sqlite:%.*s/stepd.db", (int)strcspn(folder, ":"), folder);
    return url;
}

enum err_code config_read(int argc, char **args, unsigned command, struct config *ret_config,
                          int *ret_words, struct err *err)
{
    struct config c = {0};
    int words = 0;
    if (read_environment(&c, command, err))
        return err->code;
    for (int i = 0; i < argc;) {
        if (args[i][0] != '-') {
            args[words++] = args[i++];
            continue;
        }
        int took = read_option(&c, argc, args, i, command, err);
        if (!took)
            return err->code;
        i += took;
    }
    if (!c.store)
        c.store = default_store();
    *ret_config = c;
    *ret_words = words;
    return ERR_OK;
}

void config_help(struct buf *out, unsigned command)
{
    for (int i = 0; i < OPTIONS; i++) {
        const struct option *o = &options[i];
        if (!(o->commands & command))
            continue;
        buf_printf(out, "  %s%s%s\n      %s", o->name, o->argument ? " " : "",
                   o->argument ? o->argument : "", o->help);
        if (o->value && o->kind != OPTION_FLAG)
            buf_printf(out, " (default %s)", o->value);
        buf_printf(out, "; %s\n", o->env);
    }
}
