/* Rows of hyperparameters that several schedules have, with the names that the libraries use. The
 * trailing numbers are the defaults in torch, keras, optax and the paper. */
#ifndef STEPD_MATH_SCHEDULE_ROWS_H
#define STEPD_MATH_SCHEDULE_ROWS_H

#include "math/schedule_recursion.h"

#define ALIAS(torch, keras, optax)                                                                 \
    {                                                                                              \
        torch, keras, optax, NULL                                                                  \
    }
#define NO_ALIAS                                                                                   \
    {                                                                                              \
        NULL, NULL, NULL, NULL                                                                     \
    }

/* Any finite number. */
#define ROW_NUMBER(row_name, row_alias, row_doc, ...)                                              \
    {                                                                                              \
        .name = row_name, .kind = HYPER_REAL, .value = {__VA_ARGS__}, .alias = row_alias,          \
        .min = -INFINITY, .max = INFINITY, .doc = row_doc                                          \
    }

/* A factor, not negative. */
#define ROW_FACTOR(row_name, row_alias, row_doc, ...)                                              \
    {                                                                                              \
        .name = row_name, .kind = HYPER_REAL, .value = {__VA_ARGS__}, .alias = row_alias,          \
        .min = 0, .max = INFINITY, .doc = row_doc                                                  \
    }

/* A factor above 0. */
#define ROW_POSITIVE(row_name, row_alias, row_doc, ...)                                            \
    {                                                                                              \
        .name = row_name, .kind = HYPER_REAL, .value = {__VA_ARGS__}, .alias = row_alias,          \
        .min = 0, .min_open = true, .max = INFINITY, .doc = row_doc                                \
    }

/* A fraction of a whole. */
#define ROW_FRACTION(row_name, row_alias, row_doc, ...)                                            \
    {                                                                                              \
        .name = row_name, .kind = HYPER_REAL, .value = {__VA_ARGS__}, .alias = row_alias,          \
        .min = 0, .max = 1, .doc = row_doc                                                         \
    }

/* A number of steps. */
#define ROW_STEPS(row_name, row_min, row_alias, row_doc, ...)                                      \
    {                                                                                              \
        .name = row_name, .kind = HYPER_INTEGER, .value = {__VA_ARGS__}, .alias = row_alias,       \
        .min = row_min, .max = 0x1p53, .doc = row_doc                                              \
    }

#define ROW_SWITCH(row_name, row_doc, ...)                                                         \
    {                                                                                              \
        .name = row_name, .kind = HYPER_BOOL, .value = {__VA_ARGS__}, .max = 1, .doc = row_doc     \
    }

#define ROW_ONE_OF(row_name, row_choices, row_alias, row_doc, ...)                                 \
    {                                                                                              \
        .name = row_name, .kind = HYPER_CHOICE, .value = {__VA_ARGS__}, .alias = row_alias,        \
        .choices = row_choices, .doc = row_doc                                                     \
    }

/* Steps in rising order. */
#define ROW_STEP_LIST(row_name, row_alias, row_doc, ...)                                           \
    {                                                                                              \
        .name = row_name, .kind = HYPER_LIST, .value = {__VA_ARGS__}, .alias = row_alias,          \
        .min = 0, .max = 0x1p53, .steps = true, .doc = row_doc                                     \
    }

#define ROW_LIST(row_name, row_min, row_alias, row_doc, ...)                                       \
    {                                                                                              \
        .name = row_name, .kind = HYPER_LIST, .value = {__VA_ARGS__}, .alias = row_alias,          \
        .min = row_min, .max = INFINITY, .doc = row_doc                                            \
    }

#define ROW_INITIAL                                                                                \
    ROW_NUMBER("initial", ALIAS(NULL, "initial_learning_rate", "init_value"),                      \
               "Where it begins; left out: at the optimizer's own value.", HYPER_NONE, HYPER_NONE, \
               HYPER_NONE, HYPER_NONE)

/* torch's schedulers that move the momentum too: three rows. On in torch, which is alone in it. */
#define ROWS_MOMENTUM(row_peak, row_initial)                                                       \
    ROW_SWITCH("cycle_momentum",                                                                   \
               "For the learning rate of a session: move the momentum (beta1 where there is one) " \
               "the other way, by a schedule of its own. The default holds where the optimizer "   \
               "has a momentum that no other schedule moves; elsewhere it is false.",              \
               1, 0, 0, 0),                                                                        \
        ROW_FRACTION("base_momentum", NO_ALIAS, "With cycle_momentum: the momentum at the peak.",  \
                     EVERYWHERE(row_peak)),                                                        \
        ROW_FRACTION("max_momentum", NO_ALIAS,                                                     \
                     "With cycle_momentum: the momentum at the beginning.",                        \
                     EVERYWHERE(row_initial))

/* Composed: torch's way of stepping, which is alone in it. */
#define ROW_RECURSIVE                                                                              \
    ROW_SWITCH("recursive",                                                                        \
               "Each part moves the value that the step before had, as torch's schedulers do; "    \
               "else each says its value from the base. The default holds where all parts are "    \
               "torch's own, none begins at 0 and the two differ; elsewhere it is false.",         \
               1, 0, 0, 0)

#define ROWS_END                                                                                   \
    {                                                                                              \
        .name = NULL                                                                               \
    }

/* The four defaults where they are all the same. */
#define EVERYWHERE(x) x, x, x, x

#endif
