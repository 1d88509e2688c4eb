/* The ring of events; events.h says why. Entries are numbered from 0 for ever; entry i lies at
 * i mod EVENTS_RING. Those before `head` are published, the `held` ones after it belong to the open
 * transaction. Those before `oldest` have been overwritten. */
#include "engine/events.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TABLE = 256, CHUNK = 256 };

/* A session that somebody watches. */
struct watch {
    int64_t key;
    char id[ID_SIZE];
    int readers;
    int64_t step;    /* the newest that was published */
    uint64_t newest; /* one more than the number of the newest entry */
    struct watch *next;
};

struct events {
    atomic_int readers;
    pthread_mutex_t lock; /* guards what follows, and the readers' positions */
    pthread_cond_t changed;
    bool news;
    int everything; /* readers of all sessions */
    struct watch *table[TABLE];
    struct event *ring; /* NULL before the first reader */
    uint64_t head, oldest;
    size_t held;
};

struct follow {
    struct watch *watch;
    int64_t sent; /* the step up to which the reader knows of all */
};

struct event_reader {
    struct events *events;
    uint64_t position; /* the next entry */
    int count;         /* 0: all sessions */
    struct follow follows[];
};

struct events *events_new(void)
{
    struct events *v = calloc(1, sizeof *v);
    pthread_condattr_t monotonic;
    if (!v)
        return NULL;
    pthread_mutex_init(&v->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&v->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return v;
}

void events_free(struct events *v)
{
    if (!v)
        return;
    pthread_cond_destroy(&v->changed);
    pthread_mutex_destroy(&v->lock);
    free(v->ring);
    free(v);
}

/* ---- sessions that are watched; under the lock ----------------------------------------------- */

static struct watch **slot_of(struct events *v, int64_t key)
{
    return &v->table[(uint64_t)key % TABLE];
}

static struct watch *watch_find(struct events *v, int64_t key)
{
    struct watch *w = *slot_of(v, key);
    while (w && w->key != key)
        w = w->next;
    return w;
}

static struct watch *watch_take(struct events *v, const struct watched *session)
{
    struct watch *w = watch_find(v, session->key), **slot = slot_of(v, session->key);
    if (!w) {
        w = calloc(1, sizeof *w);
        if (!w)
            return NULL;
        *w = (struct watch){.key = session->key, .step = session->step, .next = *slot};
        memcpy(w->id, session->id, sizeof w->id);
        *slot = w;
    }
    w->readers++;
    return w;
}

static void watch_give(struct events *v, struct watch *w)
{
    struct watch **p = slot_of(v, w->key);
    if (--w->readers > 0)
        return;
    while (*p != w)
        p = &(*p)->next;
    *p = w->next;
    free(w);
}

/* ---- writing --------------------------------------------------------------------------------- */

static bool nobody(struct events *v)
{
    return atomic_load_explicit(&v->readers, memory_order_relaxed) == 0;
}

static bool wanted(struct events *v, int64_t key)
{
    return v->ring && (v->everything > 0 || watch_find(v, key));
}

/* An entry of the open transaction. Should one have more than the ring holds, its first ones are
 * overwritten like old ones. */
static struct event *hold(struct events *v)
{
    uint64_t i = v->head + v->held++;
    if (i >= v->oldest + EVENTS_RING)
        v->oldest = i + 1 - EVENTS_RING;
    return &v->ring[i % EVENTS_RING];
}

void events_add(struct events *v, const struct event *e)
{
    if (nobody(v))
        return;
    pthread_mutex_lock(&v->lock);
    if (wanted(v, e->key))
        *hold(v) = *e;
    pthread_mutex_unlock(&v->lock);
}

/* `values` in the order of the session's schedules, NULL: it has none. */
static void add_moved(struct event *e, const struct session *s, const double *values)
{
    int at = 0;
    for (int i = 0; values && i < s->schedules->count && at < EVENT_MOVED; i++) {
        int k = s->schedules->list[i].hyper;
        if (k != s->optim->lr)
            e->moved[at++] = (struct event_moved){s->optim->hypers[k].name, values[i]};
    }
}

void events_add_steps(struct events *v, const struct session *s, const struct step_metrics *rows,
                      const double *moved, size_t count)
{
    struct event e = {.kind = EVENT_STEP, .key = s->key};
    size_t first = count > EVENTS_RUN ? count - EVENTS_RUN : 0;
    if (count == 0 || nobody(v))
        return;
    memcpy(e.id, s->id, sizeof e.id);
    pthread_mutex_lock(&v->lock);
    if (wanted(v, s->key)) {
        if (first > 0) {
            struct event *gap = hold(v);
            *gap = e;
            gap->kind = EVENT_GAP;
            gap->step = rows[0].step;
            gap->last = rows[first - 1].step;
        }
        for (size_t i = first; i < count; i++) {
            e.row = rows[i];
            add_moved(&e, s, moved ? moved + i * (size_t)s->schedules->count : NULL);
            *hold(v) = e;
        }
    }
    pthread_mutex_unlock(&v->lock);
}

size_t events_mark(const struct events *v)
{
    return v->held; /* only the engine thread changes it */
}

void events_undo(struct events *v, size_t mark)
{
    pthread_mutex_lock(&v->lock);
    v->held = mark;
    if (v->oldest > v->head + mark)
        v->oldest = v->head + mark;
    pthread_mutex_unlock(&v->lock);
}

void events_drop(struct events *v)
{
    if (v->held > 0)
        events_undo(v, 0);
}

static void note(struct events *v, uint64_t number)
{
    const struct event *e = &v->ring[number % EVENTS_RING];
    struct watch *w = watch_find(v, e->key);
    if (!w)
        return;
    w->newest = number + 1;
    if (e->kind == EVENT_STEP)
        w->step = e->row.step;
    else if (e->kind == EVENT_GAP)
        w->step = e->last;
}

void events_publish(struct events *v)
{
    if (v->held == 0)
        return;
    pthread_mutex_lock(&v->lock);
    uint64_t end = v->head + v->held;
    for (uint64_t i = v->head > v->oldest ? v->head : v->oldest; i < end; i++)
        note(v, i);
    v->head = end;
    v->held = 0;
    v->news = true;
    pthread_cond_signal(&v->changed);
    pthread_mutex_unlock(&v->lock);
}

/* ---- readers come and go --------------------------------------------------------------------- */

static void give_all(struct event_reader *r)
{
    for (int i = 0; i < r->count; i++) {
        if (r->follows[i].watch)
            watch_give(r->events, r->follows[i].watch);
    }
}

static bool take_all(struct event_reader *r, const struct watched *sessions)
{
    bool taken = true;
    for (int i = 0; i < r->count; i++) {
        struct watch *w = watch_take(r->events, &sessions[i]);
        r->follows[i] = (struct follow){.watch = w, .sent = sessions[i].step};
        taken = taken && w;
    }
    return taken;
}

struct event_reader *events_subscribe(struct events *v, const struct watched *sessions, int count)
{
    struct event_reader *r = calloc(1, sizeof *r + (size_t)count * sizeof *r->follows);
    if (!r)
        return NULL;
    r->events = v;
    r->count = count;
    pthread_mutex_lock(&v->lock);
    if (!v->ring)
        v->ring = malloc(EVENTS_RING * sizeof *v->ring);
    bool made = v->ring && take_all(r, sessions);
    r->position = v->head;
    if (made) {
        v->everything += count == 0 ? 1 : 0;
        atomic_fetch_add(&v->readers, 1);
    } else {
        give_all(r);
    }
    pthread_mutex_unlock(&v->lock);
    if (made)
        return r;
    free(r);
    return NULL;
}

void events_unsubscribe(struct event_reader *r)
{
    if (!r)
        return;
    struct events *v = r->events;
    pthread_mutex_lock(&v->lock);
    give_all(r);
    v->everything -= r->count == 0 ? 1 : 0;
    atomic_fetch_sub(&v->readers, 1);
    pthread_mutex_unlock(&v->lock);
    free(r);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* Events on their way to a reader. */
struct batch {
    struct event *events;
    size_t count, max;
};

static struct follow *follow_of(struct event_reader *r, int64_t key)
{
    for (int i = 0; i < r->count; i++) {
        if (r->follows[i].watch->key == key)
            return &r->follows[i];
    }
    return NULL;
}

/* `w` NULL: of any session. */
static void tell_gap(struct batch *b, const struct watch *w, int64_t first, int64_t last)
{
    struct event gap = {.kind = EVENT_GAP, .step = first, .last = last};
    if (w) {
        gap.key = w->key;
        memcpy(gap.id, w->id, sizeof gap.id);
    }
    b->events[b->count++] = gap;
}

/* Takes one entry; there is room for it and a gap before it. */
static void take(struct event_reader *r, const struct event *e, struct batch *b)
{
    struct follow *f = follow_of(r, e->key);
    if (r->count > 0 && !f)
        return;
    if (f && e->kind == EVENT_STEP) {
        if (e->row.step > f->sent + 1)
            tell_gap(b, f->watch, f->sent + 1, e->row.step - 1);
        f->sent = e->row.step;
    } else if (f && e->kind == EVENT_GAP) {
        f->sent = e->last;
    }
    b->events[b->count++] = *e;
}

/* The ring has overtaken the reader: it goes on with the newest entries. One that names its
 * sessions finds out by their steps what it missed; the other is told that it missed something. */
static void catch_up(struct event_reader *r, struct batch *b)
{
    const struct events *v = r->events;
    uint64_t kept = v->head > EVENTS_KEPT ? v->head - EVENTS_KEPT : 0;
    if (r->position >= v->oldest)
        return;
    r->position = kept > v->oldest ? kept : v->oldest;
    if (r->position > v->head)
        r->position = v->head;
    if (r->count == 0)
        tell_gap(b, NULL, 0, 0);
}

/* At the end of the ring a session may still be ahead of what the reader got of it. */
static void tell_rest(struct event_reader *r, struct batch *b)
{
    for (int i = 0; i < r->count && b->count < b->max; i++) {
        struct follow *f = &r->follows[i];
        if (f->watch->step <= f->sent)
            continue;
        tell_gap(b, f->watch, f->sent + 1, f->watch->step);
        f->sent = f->watch->step;
    }
}

/* Some entries; the lock is given up in between, so that the engine never waits long. */
static void read_chunk(struct event_reader *r, struct batch *b)
{
    const struct events *v = r->events;
    catch_up(r, b);
    for (int i = 0; i < CHUNK && r->position < v->head && b->count + 2 <= b->max; i++)
        take(r, &v->ring[r->position++ % EVENTS_RING], b);
    if (r->position == v->head)
        tell_rest(r, b);
}

size_t events_read(struct event_reader *r, struct event *ret_events, size_t max)
{
    struct batch b = {.events = ret_events, .max = max};
    bool more = true;
    while (more) {
        pthread_mutex_lock(&r->events->lock);
        read_chunk(r, &b);
        more = r->position < r->events->head && b.count + 2 <= max;
        pthread_mutex_unlock(&r->events->lock);
    }
    return b.count;
}

bool events_due(const struct event_reader *r)
{
    struct events *v = r->events;
    bool due = false;
    pthread_mutex_lock(&v->lock);
    if (r->count == 0)
        due = r->position < v->head;
    for (int i = 0; i < r->count && !due; i++) {
        const struct follow *f = &r->follows[i];
        due = f->watch->newest > r->position || f->watch->step > f->sent;
    }
    pthread_mutex_unlock(&v->lock);
    return due;
}

/* ---- waking ---------------------------------------------------------------------------------- */

void events_wait(struct events *v, int64_t until_ns)
{
    struct timespec until = {.tv_sec = until_ns / 1000000000, .tv_nsec = until_ns % 1000000000};
    int timed_out = 0;
    pthread_mutex_lock(&v->lock);
    while (!v->news && !timed_out)
        timed_out = pthread_cond_timedwait(&v->changed, &v->lock, &until);
    v->news = false;
    pthread_mutex_unlock(&v->lock);
}

void events_wake(struct events *v)
{
    pthread_mutex_lock(&v->lock);
    v->news = true;
    pthread_cond_signal(&v->changed);
    pthread_mutex_unlock(&v->lock);
}
