/* Steps whose gradient is not finite are left out and counted. */
#include "math/transform_parts.h"

enum { MAX_CONSECUTIVE };
enum { NOTFINITE_COUNT, LAST_FINITE, TOTAL_NOTFINITE };

static const struct hyper hypers[] = {
    ROW_COUNT("max_consecutive_errors", 0, NULL, NULL, NULL,
              "How many in a row are left out; the one after these goes on to the optimizer.", 1e6,
              1e6, HYPER_REQUIRED, 1e6),
    ROWS_END};

static double one(const double *h)
{
    (void)h;
    return 1;
}

static const struct transform_scalar scalars[] = {
    {"notfinite_count", "Steps left out in a row, up to now.", NULL},
    {"last_finite", "Whether the last gradient was finite.", one},
    {"total_notfinite", "Gradients that were not finite, in all.", NULL},
    {0}};

static enum err_code before(struct transform_step *s, struct err *err)
{
    bool finite = chosen_finite(s, s->g);
    (void)err;
    s->scalar[NOTFINITE_COUNT] = finite ? 0 : s->scalar[NOTFINITE_COUNT] + 1;
    s->scalar[LAST_FINITE] = finite;
    s->scalar[TOTAL_NOTFINITE] += !finite;
    if (!finite && s->scalar[NOTFINITE_COUNT] <= s->h[MAX_CONSECUTIVE])
        s->verdict = VERDICT_SKIP;
    return ERR_OK;
}

const struct transform transform_skip_nonfinite = {
    .name = "skip_nonfinite",
    .title = "Skip gradients that are not finite",
    .formula = "\\text{no step where some } g_i \\notin \\mathbb{R}",
    .doc = "Leaves a step out where its gradient holds an infinite number or NaN, says so in the "
           "answer (skipped), and counts. After max_consecutive_errors in a row it lets the next "
           "one through, where on_nonfinite of the session decides. Counters are in the session's "
           "answer.",
    .same_as =
        {NULL, NULL,
         "optax.apply_if_finite, optax.skip_not_finite (of optax.MultiSteps, before accumulate)",
         NULL},
    .hypers = hypers,
    .scalars = scalars,
    .takes_nonfinite = true,
    .before = before,
};
