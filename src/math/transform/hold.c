/* Steps of the optimizer at some steps of the session alone. */
#include "math/transform_parts.h"

enum { START, EVERY, STOP };

static const struct hyper hypers[] = {
    ROW_COUNT("start", 1, NULL, NULL, NULL, "The first step that is taken.", 1, 1, 1, 1),
    ROW_COUNT("every", 1, NULL, NULL, NULL, "From then on every so many-th step is taken.", 1, 1, 1,
              1),
    ROW_COUNT("stop", 1, NULL, NULL, NULL,
              "From this step on none is taken any more; left out: there is no end.", HYPER_NONE,
              HYPER_NONE, HYPER_NONE, HYPER_NONE),
    ROWS_END};

static const struct transform_scalar scalars[] = {
    {"seen", "Steps that came here, taken or not.", NULL}, {0}};

static enum err_code sense(const double *h, const char *prefix, struct err *err)
{
    if (h[STOP] <= h[START])
        return hyper_refuse(prefix, "stop", err,
                            "no step is ever taken: give more than start, %.15g", h[START]);
    return ERR_OK;
}

static enum err_code before(struct transform_step *s, struct err *err)
{
    double step = ++s->scalar[0], since = step - s->h[START];
    (void)err;
    if (since < 0 || step >= s->h[STOP] || fmod(since, s->h[EVERY]) != 0)
        s->verdict = VERDICT_HOLD;
    return ERR_OK;
}

const struct transform transform_hold = {
    .name = "hold",
    .title = "Take some steps alone",
    .formula = "w_t = w_{t-1} \\text{ unless } a \\le t < b \\text{ and } k \\mid t - a",
    .doc =
        "Lets the optimizer, and what stands after it in the list, see every k-th gradient alone, "
        "from step start to the one before stop. The steps between count in the session's step, "
        "leave the parameters and that state as they are, and do not advance the optimizer's own "
        "t: for one of two players that move by turns, or a start that is delayed.",
    .same_as = {NULL, NULL, "optax.conditionally_mask (of a condition on the step)", NULL},
    .hypers = hypers,
    .scalars = scalars,
    .holds = true,
    .whole = true,
    .sense = sense,
    .before = before,
};
