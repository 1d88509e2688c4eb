/* Logistic regression: the mean of ln(1 + e^z) - y z, z = x·W + b, with y 0 or 1. */
#include "math/model.h"

#include <limits.h>

enum { POSITIVE = MODEL_OPTIONS };

static const struct hyper hypers[] = {
    MODEL_ROWS,
    OPTION_INTEGER("positive", 1, 0, INT_MAX,
                   "The class that counts as 1, all others as 0. Where it is left out: 2 "
                   "(virginica) for iris, else 1, and then y has to be 0 or 1."),
    OPTIONS_END};

static enum err_code prepare(struct objective_spec *s, struct arena *a, const char *prefix,
                             struct err *err)
{
    const size_t rows = s->data.rows;
    bool chosen = s->given[POSITIVE];
    double *y = arena_alloc(a, rows * sizeof *y);
    size_t ones = 0;
    if (!y)
        return err_add(err, ERR_MEMORY, NULL, "no memory for %zu targets", rows);
    if (!chosen && s->data.x == dataset_find("iris")->x) {
        s->h[POSITIVE] = 2;
        chosen = true;
    }
    for (size_t i = 0; i < rows; i++) {
        if (!chosen && s->y[i] != 0 && s->y[i] != 1)
            return hyper_refuse(prefix, "y", err,
                                "a target is 0 or 1, not %.9g; positive chooses one of "
                                "several classes",
                                s->y[i]);
        y[i] = s->y[i] == s->h[POSITIVE] ? 1 : 0;
        ones += y[i] == 1;
    }
    if (ones == 0 || ones == rows)
        return hyper_refuse(prefix, "y", err, "all samples are of one class");
    s->y = y;
    return model_linear_shape(s, 0.25, a, err);
}

static enum err_code evaluate(const struct evaluation *e, struct err *err)
{
    return model_linear_evaluate(e, model_logistic, err);
}

const struct objective objective_logistic_regression = {
    .name = "logistic_regression",
    .title = "Logistic regression",
    .formula = "L(W,b) = \\frac1N \\sum_{i=1}^N \\bigl[\\ln(1 + e^{z_i}) - y_i z_i\\bigr] + "
               "\\frac{\\lambda}{2} \\lVert W \\rVert^2,\\quad z_i = x_i W + b",
    .doc = "Two classes by a plane between them. Convex, and flat far out: where the classes can "
           "be separated the minimum lies at infinity, and every optimizer walks on for ever "
           "unless l2 holds it back.",
    .stability =
        "The Hessian is at most XᵀX/(4N) + λI: gradient descent on the whole set converges "
        "for lr below 2 over its largest eigenvalue.",
    .reference = "Cox, The Regression Analysis of Binary Sequences, 1958",
    .model = true,
    .low = {-10, -10},
    .high = {10, 10},
    .hypers = hypers,
    .dataset = "iris",
    .has_hessian = true,
    .prepare = prepare,
    .evaluate = evaluate,
};
