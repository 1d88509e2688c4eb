/* The commands besides serve. */
#include "commands.h"

#include "base/log.h"
#include "http/listen.h"
#include "http/routes.h"
#include "math/optim.h"
#include "store/store.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int command_failed(const struct err *err)
{
    fprintf(stderr, "stepd: %s\n", err->count ? err->at[0].detail : err_info(err->code)->title);
    return 2;
}

/* A variable that is mistyped would be ignored without a word. */
static void warn_of_strangers(void)
{
    for (char **entry = environ; entry && *entry; entry++) {
        const char *near;
        if (config_stranger(*entry, &near))
            log_line(LOG_WARN, "the environment has %.*s, which stepd does not read%s%s%s",
                     (int)strcspn(*entry, "="), *entry, near ? "; did you mean " : "",
                     near ? near : "", near ? "?" : "");
    }
}

void command_setup_log(const struct config *c)
{
    static const char *const levels[] = {"error", "warn", "info", "debug"};
    enum log_level level = LOG_INFO;
    for (int i = 0; i < 4; i++) {
        if (strcmp(c->log_level, levels[i]) == 0)
            level = (enum log_level)i;
    }
    log_setup(strcmp(c->log_format, "json") == 0 ? LOG_JSON : LOG_TEXT, level);
    warn_of_strangers();
}

static int print(struct buf *out)
{
    bool done = !out->failed && fwrite(out->data, 1, out->len, stdout) == out->len;
    buf_close(out);
    return done && fflush(stdout) == 0 ? 0 : 1;
}

int command_version(const struct invocation *in)
{
    (void)in;
    return puts("stepd " STEPD_VERSION) < 0;
}

int command_routes(const struct invocation *in)
{
    struct buf out;
    (void)in;
    buf_init(&out);
    routes_write(&out);
    return print(&out);
}

/* ---- the store --------------------------------------------------------------------------------
 */

int command_check(const struct invocation *in)
{
    struct buf out;
    struct err err;
    buf_init(&out);
    err_init(&err);
    command_setup_log(&in->config);
    enum err_code code = store_inspect(in->config.store, &out, &err);
    int status = print(&out);
    if (!code)
        return status;
    command_failed(&err);
    return 1;
}

int command_migrate(const struct invocation *in)
{
    struct store *store;
    struct err err;
    err_init(&err);
    command_setup_log(&in->config);
    if (store_open(in->config.store, &store, &err))
        return command_failed(&err);
    store->ops->close(store);
    return printf("%s is up to date\n", in->config.store) < 0;
}

/* ---- ready ------------------------------------------------------------------------------------
 */

/* The status of the answer at the other end, 0 where there is none. */
static int ask_readiness(int fd)
{
    static const char request[] =
        "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char answer[64];
    size_t len = 0;
    if (send(fd, request, sizeof request - 1, MSG_NOSIGNAL) != (ssize_t)sizeof request - 1)
        return 0;
    while (len < sizeof answer - 1) {
        ssize_t n = recv(fd, answer + len, sizeof answer - 1 - len, 0);
        if (n <= 0)
            break;
        len += (size_t)n;
    }
    answer[len] = '\0';
    int status = 0;
    return sscanf(answer, "HTTP/1.%*1[01] %3d", &status) == 1 ? status : 0;
}

int command_ready(const struct invocation *in)
{
    int fd = listen_connect(in->config.listen, 5);
    int status = fd >= 0 ? ask_readiness(fd) : 0;
    if (fd >= 0)
        close(fd);
    if (status == 200) {
        puts("ready");
        return 0;
    }
    if (status)
        fprintf(stderr, "stepd: %s is not ready (status %d)\n", in->config.listen, status);
    else
        fprintf(stderr, "stepd: nothing answers at %s\n", in->config.listen);
    return 1;
}

/* ---- optimizers -------------------------------------------------------------------------------
 */

static void write_value(struct buf *out, const struct hyper *h, double v)
{
    if (v != v)
        buf_puts(out, "required");
    else if (h->kind == HYPER_BOOL)
        buf_puts(out, v != 0 ? "true" : "false");
    else if (h->kind == HYPER_CHOICE)
        buf_puts(out, h->choices[(int)v]);
    else
        buf_printf(out, "%g", v);
}

static void write_hyper(struct buf *out, const struct hyper *h)
{
    buf_printf(out, "  %-18s %s\n  %-18s", h->name, h->doc, "");
    for (int p = 0; p < PROFILE_COUNT; p++) {
        buf_printf(out, " %s ", profile_names[p]);
        write_value(out, h, h->value[p]);
        if (h->alias[p])
            buf_printf(out, " (%s)", h->alias[p]);
        buf_puts(out, p + 1 < PROFILE_COUNT ? "," : "\n");
    }
}

static void write_optimizer(struct buf *out, const struct optim *o)
{
    buf_printf(out,
               "%s (%s)\n\n  %s\n\nuse when   %s\npros       %s\ncons       %s\nreference  %s\n",
               o->title, o->name, o->formula, o->use_when, o->pros, o->cons, o->reference);
    for (int p = 0; p < PROFILE_COUNT; p++) {
        if (o->same_as[p])
            buf_printf(out, "%-10s %s\n", profile_names[p], o->same_as[p]);
    }
    buf_puts(out, "\nhyperparameters, with the default and the argument name of each profile\n");
    for (const struct hyper *h = o->hypers; h && h->name; h++)
        write_hyper(out, h);
    buf_puts(out, o->slots ? "\nstate\n" : "");
    for (const struct slot *s = o->slots; s && s->name; s++)
        buf_printf(out, "  %-18s %s\n", s->name, s->doc);
}

int command_optimizers(const struct invocation *in)
{
    struct buf out;
    struct err err;
    err_init(&err);
    buf_init(&out);
    const char *name = in->word_count ? in->words[0] : NULL;
    if (name && !optim_find(name)) {
        const char *near = optim_meant(name);
        err_add(&err, ERR_NOT_FOUND, "", "no optimizer is called \"%.60s\"%s%s%s", name,
                near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
        return command_failed(&err);
    }
    if (name)
        write_optimizer(&out, optim_find(name));
    for (int i = 0; !name && i < optim_count(); i++)
        buf_printf(&out, "%-28s %s: %s\n", optim_at(i)->name, optim_at(i)->title,
                   optim_at(i)->use_when);
    return print(&out);
}
