/* What a client has to say before an optimizer can be made: for tests that walk the catalogue. */
#ifndef TESTS_REQUIRED_H
#define TESTS_REQUIRED_H

#include "math/optim.h"

#include <criterion/criterion.h>

enum { REQUIRED_ARGS = 8 };

/* The hyperparameters without a default in this profile: lr as given, 1 for the others. Where lr
 * has a default, `lr` takes its place; NaN leaves it. Returns how many. */
static inline size_t required_args(const struct optim *o, enum profile profile, double lr,
                                   struct hyper_arg *ret)
{
    size_t count = 0;
    for (int i = 0; o->hypers[i].name; i++) {
        bool needed = isnan(o->hypers[i].value[profile]), is_lr = i == o->lr && !isnan(lr);
        if (!needed && !is_lr)
            continue;
        cr_assert_lt(count, REQUIRED_ARGS);
        ret[count++] = (struct hyper_arg){
            .name = o->hypers[i].name, .kind = ARG_NUMBER, .number = is_lr ? lr : 1};
    }
    return count;
}

#endif
