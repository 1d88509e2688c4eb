/* The process' counters: one row per metric here, one value per row in an atomic. Prometheus' text
 * format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats). */
#include "base/metrics.h"

#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct metric_row {
    const char *name, *help;
    bool gauge;
};

static const struct metric_row rows[METRIC_COUNT] = {
    [METRIC_STEPS] = {"stepd_steps_total", "Optimizer steps made durable.", false},
    [METRIC_STEPS_REJECTED] = {"stepd_steps_rejected_total", "Steps refused for any reason.",
                               false},
    [METRIC_STEPS_SKIPPED] = {"stepd_steps_skipped_total",
                              "Non-finite steps skipped by on_nonfinite.", false},
    [METRIC_COMMITS] = {"stepd_commits_total", "Transactions committed.", false},
    [METRIC_COMMITS_FAILED] = {"stepd_commits_failed_total", "Transactions that failed.", false},
    [METRIC_REPLAYS] = {"stepd_replays_total", "Answers replayed for an Idempotency-Key.", false},
    [METRIC_SESSIONS_CREATED] = {"stepd_sessions_created_total", "Sessions created.", false},
    [METRIC_CACHE_HITS] = {"stepd_cache_hits_total", "Sessions found in the cache.", false},
    [METRIC_CACHE_MISSES] = {"stepd_cache_misses_total", "Sessions read from the store.", false},
    [METRIC_CACHE_BYTES] = {"stepd_cache_bytes", "Memory of the cached sessions.", true},
    [METRIC_QUEUE_DEPTH] = {"stepd_queue_depth", "Jobs that wait for the engine.", true},
    [METRIC_CONNECTIONS] = {"stepd_connections", "Open connections.", true},
    [METRIC_STREAMS] = {"stepd_event_streams", "Connections that follow events.", true},
    [METRIC_BYTES_IN] = {"stepd_http_received_bytes_total", "Body bytes received.", false},
    [METRIC_BYTES_OUT] = {"stepd_http_sent_bytes_total", "Body bytes sent.", false},
};

enum { BOUNDS = 20 };

struct histogram_row {
    const char *name, *help;
    double bound[BOUNDS]; /* upper bounds, ascending; the first 0 ends them */
};

static const struct histogram_row histogram_rows[METRIC_HISTOGRAM_COUNT] = {
    [METRIC_REQUEST_SECONDS] = {"stepd_http_request_duration_seconds",
                                "Time from a request's first header to its answer.",
                                {50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3,
                                 50e-3, 100e-3, 250e-3, 500e-3, 1, 2.5, 5, 10}},
    [METRIC_COMMIT_SECONDS] = {"stepd_commit_duration_seconds",
                               "Time of one COMMIT.",
                               {50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3,
                                50e-3, 100e-3, 250e-3, 500e-3, 1, 2.5, 5}},
    [METRIC_BATCH_JOBS] = {"stepd_batch_jobs",
                           "Jobs per transaction.",
                           {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024}},
};

struct histogram {
    _Atomic uint64_t in[BOUNDS + 1]; /* observations per bucket; after the last bound: the rest */
    _Atomic uint64_t sum;            /* the bits of a double */
};

enum { STATUSES = 600 };

static _Atomic int64_t values[METRIC_COUNT];
static struct histogram histograms[METRIC_HISTOGRAM_COUNT];
static _Atomic uint64_t statuses[STATUSES];

void metrics_add(enum metric m, int64_t n)
{
    atomic_fetch_add_explicit(&values[m], n, memory_order_relaxed);
}

void metrics_set(enum metric m, int64_t value)
{
    atomic_store_explicit(&values[m], value, memory_order_relaxed);
}

int64_t metrics_get(enum metric m)
{
    return atomic_load_explicit(&values[m], memory_order_relaxed);
}

static double bits_to_double(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    return d;
}

static uint64_t double_to_bits(double d)
{
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

static int bounds(const struct histogram_row *r)
{
    int n = 0;
    while (n < BOUNDS && r->bound[n] > 0)
        n++;
    return n;
}

void metrics_observe(enum metric_histogram h, double value)
{
    const struct histogram_row *r = &histogram_rows[h];
    int i = 0, n = bounds(r);
    while (i < n && value > r->bound[i])
        i++;
    atomic_fetch_add_explicit(&histograms[h].in[i], 1, memory_order_relaxed);
    uint64_t old = atomic_load_explicit(&histograms[h].sum, memory_order_relaxed), new;
    do {
        new = double_to_bits(bits_to_double(old) + value);
    } while (!atomic_compare_exchange_weak_explicit(&histograms[h].sum, &old, new,
                                                    memory_order_relaxed, memory_order_relaxed));
}

void metrics_count_status(int status)
{
    if (status >= 0 && status < STATUSES)
        atomic_fetch_add_explicit(&statuses[status], 1, memory_order_relaxed);
}

static void write_head(struct buf *out, const char *name, const char *help, const char *type)
{
    buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void write_histogram(struct buf *out, enum metric_histogram h)
{
    const struct histogram_row *r = &histogram_rows[h];
    uint64_t below = 0;
    int n = bounds(r);
    write_head(out, r->name, r->help, "histogram");
    for (int i = 0; i <= n; i++) {
        char bound[32] = "+Inf";
        if (i < n)
            snprintf(bound, sizeof bound, "%g", r->bound[i]);
        below += atomic_load_explicit(&histograms[h].in[i], memory_order_relaxed);
        buf_printf(out, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", r->name, bound, below);
    }
    double sum = bits_to_double(atomic_load_explicit(&histograms[h].sum, memory_order_relaxed));
    buf_printf(out, "%s_sum %.17g\n%s_count %" PRIu64 "\n", r->name, sum, r->name, below);
}

static void write_statuses(struct buf *out)
{
    write_head(out, "stepd_http_requests_total", "Requests answered, by HTTP status.", "counter");
    for (int i = 0; i < STATUSES; i++) {
        uint64_t n = atomic_load_explicit(&statuses[i], memory_order_relaxed);
        if (n > 0)
            buf_printf(out, "stepd_http_requests_total{status=\"%d\"} %" PRIu64 "\n", i, n);
    }
}

/* Reads a small file of /proc; false where there is none. */
static bool read_proc(const char *path, char *text, size_t size)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return false;
    size_t len = fread(text, 1, size - 1, f);
    fclose(f);
    text[len] = '\0';
    return len > 0;
}

/* Seconds since the process began, NaN where unknown: field 22 of proc(5) stat, in ticks after
 * boot. The name, field 2, may hold anything, so counting starts after its closing bracket. */
static double uptime(void)
{
    char text[1024];
    if (!read_proc("/proc/self/stat", text, sizeof text))
        return NAN;
    char *p = strrchr(text, ')');
    for (int field = 2; p && field < 22; field++)
        p = strchr(p + 1, ' ');
    struct timespec now;
    if (!p || clock_gettime(CLOCK_BOOTTIME, &now) != 0)
        return NAN;
    double begun = (double)strtoull(p + 1, NULL, 10) / (double)sysconf(_SC_CLK_TCK);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9 - begun;
}

static double resident(void)
{
    char text[128];
    unsigned long long size, pages;
    if (!read_proc("/proc/self/statm", text, sizeof text) ||
        sscanf(text, "%llu %llu", &size, &pages) != 2)
        return NAN;
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

static void write_process(struct buf *out)
{
    write_head(out, "stepd_uptime_seconds", "Time since the process began.", "gauge");
    buf_printf(out, "stepd_uptime_seconds %.3f\n", uptime());
    write_head(out, "stepd_resident_memory_bytes", "Memory resident in RAM.", "gauge");
    buf_printf(out, "stepd_resident_memory_bytes %.0f\n", resident());
    write_head(out, "stepd_build_info", "The version, as a label; always 1.", "gauge");
    buf_printf(out, "stepd_build_info{version=\"%s\"} 1\n", STEPD_VERSION);
}

void metrics_write(struct buf *out)
{
    for (int m = 0; m < METRIC_COUNT; m++) {
        write_head(out, rows[m].name, rows[m].help, rows[m].gauge ? "gauge" : "counter");
        buf_printf(out, "%s %" PRId64 "\n", rows[m].name, metrics_get((enum metric)m));
    }
    for (int h = 0; h < METRIC_HISTOGRAM_COUNT; h++)
        write_histogram(out, (enum metric_histogram)h);
    write_statuses(out);
    write_process(out);
}
