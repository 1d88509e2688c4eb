/* Known headers by name, and what may come twice; headers.h says why. */
#include "http/headers.h"

#include <string.h>
#include <strings.h>

/* What a second line of the same header means. */
enum repeat { REPEAT_WRONG, REPEAT_LIST, REPEAT_SAME };

static const struct {
    const char *name;
    enum repeat repeat;
} known[HEADER_COUNT] = {
    [HEADER_ACCEPT] = {"Accept", REPEAT_LIST},
    [HEADER_ACCEPT_ENCODING] = {"Accept-Encoding", REPEAT_LIST},
    [HEADER_ACCESS_CONTROL_REQUEST_METHOD] = {"Access-Control-Request-Method", REPEAT_WRONG},
    [HEADER_CONTENT_ENCODING] = {"Content-Encoding", REPEAT_LIST},
    [HEADER_CONTENT_LENGTH] = {"Content-Length", REPEAT_WRONG},
    [HEADER_CONTENT_TYPE] = {"Content-Type", REPEAT_WRONG},
    [HEADER_EXPECT] = {"Expect", REPEAT_WRONG},
    [HEADER_HOST] = {"Host", REPEAT_WRONG},
    [HEADER_IDEMPOTENCY_KEY] = {"Idempotency-Key", REPEAT_WRONG},
    [HEADER_IF_MATCH] = {"If-Match", REPEAT_LIST},
    [HEADER_IF_NONE_MATCH] = {"If-None-Match", REPEAT_LIST},
    [HEADER_LAST_EVENT_ID] = {"Last-Event-ID", REPEAT_WRONG},
    [HEADER_ORIGIN] = {"Origin", REPEAT_WRONG},
    [HEADER_PREFER] = {"Prefer", REPEAT_LIST},
    [HEADER_TRANSFER_ENCODING] = {"Transfer-Encoding", REPEAT_WRONG},
    [HEADER_X_REQUEST_ID] = {"X-Request-Id", REPEAT_SAME},
};

void headers_init(struct headers *h, struct arena *arena)
{
    *h = (struct headers){.arena = arena, .wrong_header = HEADER_COUNT};
}

static void blame(struct headers *h, enum err_code code, enum header at, const char *what)
{
    if (h->code)
        return;
    h->code = code;
    h->wrong_header = at;
    h->wrong = what;
}

/* RFC 9110 section 5.6.2: the characters of a field name. */
static bool is_token(const char *s)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (const char *p = s; *p; p++) {
        bool alnum = (*p >= '0' && *p <= '9') || ((*p | 32) >= 'a' && (*p | 32) <= 'z');
        if (!alnum && !strchr(others, *p))
            return false;
    }
    return *s != '\0';
}

static bool is_text(const char *s)
{
    for (; *s; s++) {
        if (((unsigned char)*s < 0x20 && *s != '\t') || *s == 0x7F)
            return false;
    }
    return true;
}

static enum header find(const char *name)
{
    for (int i = 0; i < HEADER_COUNT; i++) {
        if ((known[i].name[0] | 32) == (name[0] | 32) && strcasecmp(known[i].name, name) == 0)
            return (enum header)i;
    }
    return HEADER_COUNT;
}

static void repeat(struct headers *h, enum header k, const char *value)
{
    if (known[k].repeat == REPEAT_WRONG) {
        blame(h, ERR_REQUEST, k, "is given more than once");
    } else if (known[k].repeat == REPEAT_LIST) {
        h->at[k] = arena_printf(h->arena, "%s, %s", h->at[k], value);
        if (!h->at[k])
            blame(h, ERR_MEMORY, k, "does not fit the memory");
    }
}

void headers_add(struct headers *h, const char *name, const char *value)
{
    if (!value)
        value = "";
    if (++h->count > HEADERS_MOST)
        blame(h, ERR_HEADERS_TOO_LARGE, HEADER_COUNT, "is one too many: 100 are allowed");
    if (!is_token(name))
        blame(h, ERR_REQUEST, HEADER_COUNT, "has a name with a character that no name has");
    enum header k = find(name);
    if (!is_text(value))
        blame(h, ERR_REQUEST, k, "holds a control character");
    if (k == HEADER_COUNT)
        return;
    if (h->at[k])
        repeat(h, k, value);
    else
        h->at[k] = value;
}

static bool parse_length(const char *s, uint64_t *ret_length)
{
    uint64_t v = 0;
    size_t digits = strlen(s);
    if (digits == 0 || digits > 18 || strspn(s, "0123456789") != digits)
        return false;
    for (; *s; s++)
        v = v * 10 + (uint64_t)(*s - '0');
    *ret_length = v;
    return true;
}

static enum err_code first_wrong(const struct headers *h, struct err *err)
{
    if (h->wrong_header == HEADER_COUNT)
        return err_add(err, h->code, "", "a header %s", h->wrong);
    return err_add(err, h->code, "", "the header %s %s", known[h->wrong_header].name, h->wrong);
}

enum err_code headers_guard(const struct headers *h, const char *version,
                            struct framing *ret_framing, struct err *err)
{
    struct framing f = {0};
    const char *length = h->at[HEADER_CONTENT_LENGTH], *coding = h->at[HEADER_TRANSFER_ENCODING];
    bool is_1_1 = strcmp(version, "HTTP/1.1") == 0;
    if (!is_1_1 && strcmp(version, "HTTP/1.0") != 0)
        return err_add(err, ERR_REQUEST, "", "stepd speaks HTTP/1.1 and HTTP/1.0");
    if (h->code)
        return first_wrong(h, err);
    if (is_1_1 && !h->at[HEADER_HOST])
        return err_add(err, ERR_REQUEST, "", "the header Host is missing");
    if (length && coding)
        return err_add(err, ERR_REQUEST, "",
                       "Content-Length and Transfer-Encoding exclude each other");
    if (coding && (!is_1_1 || strcasecmp(coding, "chunked") != 0))
        return err_add(err, ERR_REQUEST, "", "the only Transfer-Encoding understood is chunked");
    if (length && !parse_length(length, &f.length))
        return err_add(err, ERR_REQUEST, "", "the Content-Length is not a number of bytes");
    f.chunked = coding != NULL;
    *ret_framing = f;
    return ERR_OK;
}
