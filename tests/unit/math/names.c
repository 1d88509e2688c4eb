/* math/names: the names that people bring from their libraries lead to ours. */
#include "math/objective.h"
#include "math/optim.h"
#include "math/schedule.h"
#include "math/transform.h"

#include <criterion/criterion.h>
#include <string.h>

struct brought {
    const char *given, *expected; /* NULL: nobody knows */
};

static void lead(const char *(*meant)(const char *), const struct brought *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *got = meant(rows[i].given);
        cr_expect((got == NULL) == (rows[i].expected == NULL) &&
                      (!got || strcmp(got, rows[i].expected) == 0),
                  "\"%s\": got %s, expected %s", rows[i].given, got ? got : "none",
                  rows[i].expected ? rows[i].expected : "none");
    }
}

#define LEAD(meant, ...)                                                                           \
    do {                                                                                           \
        static const struct brought rows[] = {__VA_ARGS__};                                        \
        lead(meant, rows, sizeof rows / sizeof *rows);                                             \
    } while (0)

Test(names, of_optimizers)
{
    LEAD(optim_meant, {"Adam", "adam"}, {"AdamW", "adamw"}, {"SGD", "sgd"}, {"RMSprop", "rmsprop"},
         {"torch.optim.AdamW", "adamw"}, {"keras.optimizers.Nadam", "nadam"},
         {"optax.lion", "lion"}, {"SparseAdam", "sparse_adam"}, {"L-BFGS", "lbfgs"},
         {"adam_w", "adamw"}, {"ADAM ", "adam"}, {"Gradient descent", "gd"},
         {"gradient_descent", "gd"}, {"ScheduleFreeAdamW", "schedule_free_adamw"},
         {"addam", "adam"}, {"sgd_momentum", "momentum"}, {"momentum_sgd_2", "momentum"},
         {"", NULL}, {"_", NULL}, {".", NULL}, {"...", NULL}, {"zzzzzz", NULL},
         {"adamantium", NULL});
}

Test(names, of_schedules)
{
    LEAD(schedule_meant, {"StepLR", "step"}, {"CosineAnnealingLR", "cosine"},
         {"ReduceLROnPlateau", "plateau"}, {"OneCycleLR", "one_cycle"},
         {"torch.optim.lr_scheduler.SequentialLR", "sequence"}, {"CosineDecay", "cosine"},
         {"ExponentialDecay", "exponential"}, {"exponential_decay", "exponential"},
         {"warmup_cosine_decay_schedule", "warmup_cosine"}, {"cosine_annealing", "cosine"},
         {"cosin", "cosine"}, {"cosine decay", "cosine"},
         {"PiecewiseConstantDecay", "piecewise_constant"}, {"zebra", NULL});
}

Test(names, of_transforms)
{
    LEAD(transform_meant, {"clip_grad_norm_", "clip_global_norm"},
         {"torch.nn.utils.clip_grad_value_", "clip_value"},
         {"clip_by_global_norm", "clip_global_norm"}, {"clip", "clip_value"}, {"EMA", "ema"},
         {"MultiSteps", "accumulate"}, {"GradScaler", "loss_scale"},
         {"gradient_accumulation", "accumulate"}, {"add_decayed_weights", "weight_decay"},
         {"projection_l1_sphere", "project_l1_ball"}, {"AveragedModel", "swa"},
         {"clipnorm", "clip_norm"});
}

Test(names, of_objectives)
{
    LEAD(objective_meant, {"Rosenbrock", "rosenbrock"}, {"rosenbroc", "rosenbrock"},
         {"LogisticRegression", "logistic_regression"}, {"Rosenbrock's valley", "rosenbrock"},
         {"x", NULL});
}

/* Every name that the catalogue lists as a library's own leads back to a row that lists it. */
Test(names, the_catalogues_own_equivalents)
{
    for (int i = 0; i < optim_count(); i++) {
        for (int p = 0; p < PROFILE_COUNT; p++) {
            const char *theirs = optim_at(i)->same_as[p];
            if (theirs && !strpbrk(theirs, " ("))
                cr_expect_not_null(optim_meant(theirs), "%s", theirs);
        }
    }
    for (int i = 0; i < schedule_count(); i++) {
        for (int p = 0; p < PROFILE_COUNT; p++) {
            const char *theirs = schedule_at(i)->same_as[p];
            if (theirs && !strpbrk(theirs, " ("))
                cr_expect_str_eq(schedule_meant(theirs), schedule_at(i)->name, "%s", theirs);
        }
    }
}
