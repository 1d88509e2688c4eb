/* Stochastic weight averaging: the plain mean of the parameters of some steps. */
#include "math/transform_parts.h"

enum { START, EVERY };
enum { SEEN, AVERAGED };

static const struct hyper hypers[] = {
    ROW_COUNT("start", 1, NULL, NULL, NULL, "The first step that is averaged.", 1, 1, 1, 1),
    ROW_COUNT("every", 1, NULL, NULL, NULL, "From then on every so many steps are.", 1, 1, 1, 1),
    ROWS_END};

static const struct transform_slot slots[] = {
    {"swa", "The mean; before the first averaged step, the parameters at the start.", TRANSFORM_W},
    {0}};

static const struct transform_scalar scalars[] = {
    {"seen", "Steps made.", NULL}, {"averaged", "Steps in the mean.", NULL}, {0}};

static enum err_code after(struct transform_step *s, struct err *err)
{
    double *mean = s->slot[0], since = ++s->scalar[SEEN] - s->h[START];
    (void)err;
    if (since < 0 || fmod(since, s->h[EVERY]) != 0)
        return ERR_OK;
    double share = 1 / ++s->scalar[AVERAGED];
    for
        EACH_TENSOR(t, s)
        {
            for (size_t i = t->offset; i < t->offset + t->count; i++)
                mean[i] = share < 1 ? mean[i] + (s->w[i] - mean[i]) * share : s->w[i];
        }
    return ERR_OK;
}

const struct transform transform_swa = {
    .name = "swa",
    .title = "Stochastic weight averaging",
    .formula = "a_{n+1} = a_n + \\frac{w - a_n}{n + 1}",
    .doc = "The mean of the parameters of the last part of training, usually with a constant "
           "learning rate: it lies in a wider minimum than any of them. It can be read as `swa`.",
    .reference = "Izmailov et al., Averaging Weights Leads to Wider Optima and Better "
                 "Generalization, 2018, arXiv:1803.05407",
    .same_as = {"torch.optim.swa_utils.AveragedModel", NULL, NULL, NULL},
    .hypers = hypers,
    .slots = slots,
    .scalars = scalars,
    .readout = 1,
    .after = after,
};
