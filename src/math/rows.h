/* Rows of hyperparameters that several optimizers have, with the names that the libraries use.
 * Four numbers are the defaults in torch, keras, optax and the paper. */
#ifndef STEPD_MATH_ROWS_H
#define STEPD_MATH_ROWS_H

#include "math/hyper.h"

#define ROW_LR(...)                                                                                \
    {                                                                                              \
        .name = "lr", .kind = HYPER_REAL, .value = {__VA_ARGS__},                                  \
        .alias = {NULL, "learning_rate", "learning_rate", NULL}, .min = 0, .max = INFINITY,        \
        .doc = "Learning rate: the step size."                                                     \
    }

/* The decay rate of a moving average. */
#define ROW_RATE(row_name, row_alias_torch, row_alias_keras, row_alias_optax, row_doc, ...)        \
    {                                                                                              \
        .name = row_name, .kind = HYPER_REAL, .value = {__VA_ARGS__},                              \
        .alias = {row_alias_torch, row_alias_keras, row_alias_optax, NULL}, .min = 0, .max = 1,    \
        .max_open = true, .doc = row_doc                                                           \
    }

#define ROW_EPS(row_doc, ...)                                                                      \
    {                                                                                              \
        .name = "eps", .kind = HYPER_REAL, .value = {__VA_ARGS__},                                 \
        .alias = {NULL, "epsilon", NULL, NULL}, .min = 0, .max = INFINITY, .doc = row_doc          \
    }

#define ROW_BOOL(row_name, row_doc, ...)                                                           \
    {                                                                                              \
        .name = row_name, .kind = HYPER_BOOL, .value = {__VA_ARGS__}, .max = 1, .doc = row_doc     \
    }

#define ROW_CHOICE(row_name, row_choices, row_alias_torch, row_alias_optax, row_doc, ...)          \
    {                                                                                              \
        .name = row_name, .kind = HYPER_CHOICE, .value = {__VA_ARGS__},                            \
        .alias = {row_alias_torch, NULL, row_alias_optax, NULL}, .choices = row_choices,           \
        .doc = row_doc                                                                             \
    }

#define ROW_WEIGHT_DECAY(...)                                                                      \
    {                                                                                              \
        .name = "weight_decay", .kind = HYPER_REAL, .value = {__VA_ARGS__}, .min = 0,              \
        .max = INFINITY, .doc = "How strongly parameters are drawn to 0 at each step."             \
    }

/* The same where Keras knows a decay of None, which is none; `row_doc` without its full stop. */
#define ROW_DECAY_OR_NULL(row_name, row_doc, ...)                                                  \
    {                                                                                              \
        .name = row_name, .kind = HYPER_REAL, .value = {__VA_ARGS__},                              \
        .null_in = 1 << PROFILE_KERAS, .min = 0, .max = INFINITY,                                  \
        .doc = row_doc "; null in keras: not at all."                                              \
    }

/* In the order of enum decay_mode (kernel.h). `row_alias_torch` takes a boolean. */
#define ROW_WEIGHT_DECAY_MODE(row_alias_torch, ...)                                                \
    ROW_CHOICE("weight_decay_mode", decay_choices, row_alias_torch, NULL,                          \
               "l2 adds weight_decay·w to the gradient; decoupled multiplies w by "               \
               "1 - lr·weight_decay before the step; independent by 1 - weight_decay.",            \
               __VA_ARGS__)

#define ROW_MAXIMIZE                                                                               \
    ROW_BOOL("maximize", "Climb instead of descend: the sign of the gradient is turned first.", 0, \
             0, 0, 0)

#define ROWS_END                                                                                   \
    {                                                                                              \
        .name = NULL                                                                               \
    }

static const char *const decay_choices[]
    __attribute__((unused)) = {"l2", "decoupled", "independent", NULL};

#endif
