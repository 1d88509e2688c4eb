/* Arguments of the libraries that have no row in any table. */
#include "math/argument.h"

#include <string.h>

/* Arguments of the libraries that say how to compute and leave the numbers as they are. Null and
 * false, which are their defaults, may stay. */
static const char *const without_effect[] = {"foreach", "fused", "capturable", "differentiable"};

/* Arguments of the libraries that are asked for elsewhere here, and fields that stand in another
 * place: of optimizers and groups, or of what has another prefix. What wants nothing may stay. */
static const struct {
    const char *prefix, *name, *instead;
} instead[] = {
    {"#/schedule", "epochs", "total_steps: the steps of all epochs"},
    {"#/schedule", "steps_per_epoch", "total_steps: the steps of all epochs"},
    {"#/schedule", "cycle_momentum", "schedule: {\"lr\": …, \"momentum\": …}, one for each"},
    {"#/schedule", "base_momentum", "schedule: {\"lr\": …, \"momentum\": …}, one for each"},
    {"#/schedule", "max_momentum", "schedule: {\"lr\": …, \"momentum\": …}, one for each"},
    {"#/schedule", "last_epoch", "the session itself, which knows its step"},
    {NULL, "clipnorm", "a transform: {\"name\": \"clip_norm\", \"max_norm\": …}"},
    {NULL, "global_clipnorm", "a transform: {\"name\": \"clip_global_norm\", \"max_norm\": …}"},
    {NULL, "max_grad_norm", "a transform: {\"name\": \"clip_global_norm\", \"max_norm\": …}"},
    {NULL, "clipvalue", "a transform: {\"name\": \"clip_value\", \"max_value\": …}"},
    {NULL, "use_ema", "a transform: {\"name\": \"ema\"}, before accumulate if that is one"},
    {NULL, "ema_momentum", "a transform: {\"name\": \"ema\", \"decay\": …}"},
    {NULL, "ema_overwrite_frequency",
     "a transform: {\"name\": \"ema\", \"overwrite_frequency\": …}"},
    {NULL, "gradient_accumulation_steps", "a transform: {\"name\": \"accumulate\", \"steps\": …}"},
    {NULL, "loss_scale_factor",
     "a transform: {\"name\": \"scale\", \"factor\": …} with 1/loss_scale_factor"},
    {NULL, "maximize", "a transform: {\"name\": \"maximize\"}"},
    {NULL, "weight_decay", "a transform: {\"name\": \"weight_decay\", \"weight_decay\": …}"},
    {NULL, "mask", "groups: {\"match\": \"*bias\", \"weight_decay\": 0}"},
    {NULL, "weight_decay_mask", "groups: {\"match\": \"*bias\", \"weight_decay\": 0}"},
    {NULL, "params", "groups: {\"match\": …} with hyperparameters of their own"},
    {NULL, "mu_dtype", "dtype of the session, which its state has too"},
    {NULL, "accumulator_dtype", "dtype of the session, which its state has too"},
    {NULL, "state_dtype", "dtype of the session, which its state has too"},
    {NULL, "dtype_momentum", "dtype of the session, which its state has too"},
    {NULL, "max_iter", "one step for each iteration, or a run of so many"},
    {NULL, "max_eval", "one step for each evaluation"},
    {NULL, "schedule", "schedule beside the optimizer, in the session"},
    {NULL, "lr_schedule", "schedule beside the optimizer, in the session"},
    {NULL, "transforms", "transforms beside the optimizer, in the session"},
    {NULL, "groups", "groups beside the optimizer, in the session"},
    {NULL, "optimizer", "one session for each optimizer"},
};

#define DECAY_OF_SOME                                                                              \
    "a transform: {\"name\": \"weight_decay\", \"weight_decay\": …, \"exclude\": \"*bias\"}"
#define BASE "base: \"sgd\" or \"adam\", whose hyperparameters stand beside it"
#define GROUP_OF_MUON                                                                              \
    "\"others\": \"all\" for the optimizer, and groups: "                                          \
    "{\"match\": …, \"others\": \"adamw\"} for what is muon's"

/* The same of one optimizer. Groups of dog and dowg would measure distances of their own. */
static const struct {
    const char *owner, *name, *instead;
} instead_of_one[] = {
    {"adafactor", "relative_step",
     "cap_lr: false, or leave it out for the numbers of Keras, which caps lr at 1/√t all the same"},
    {"ademamix", "t_alpha_beta3", "alpha_warmup_steps and beta3_warmup_steps"},
    {"dog", "mask", DECAY_OF_SOME},
    {"dowg", "mask", DECAY_OF_SOME},
    {"lookahead", "optimizer", BASE},
    {"muon", "exclude_layers", GROUP_OF_MUON},
    {"muon", "exclude_embeddings", GROUP_OF_MUON},
    {"sam", "base_optimizer", BASE},
    {"sophia", "update_period", "update_interval"},
};

/* Null wants nothing, nor does false; of these arguments it is another value, so that a call may be
 * copied as it stands. A mask that is false takes the decay from all parameters. */
static const struct {
    const char *name;
    double value;
} idle[] = {{"weight_decay", 0},    {"mask", true},     {"weight_decay_mask", true},
            {"ema_momentum", 0.99}, {"last_epoch", -1}, {"relative_step", true}};

bool argument_without_effect(const char *name)
{
    for (size_t i = 0; i < sizeof without_effect / sizeof *without_effect; i++) {
        if (strcmp(name, without_effect[i]) == 0)
            return true;
    }
    return false;
}

static bool is_under(const char *pointer, const char *prefix)
{
    return strncmp(pointer, prefix, strlen(prefix)) == 0;
}

const char *argument_instead(const char *prefix, const char *owner, const char *name)
{
    bool optimizer = is_under(prefix, "#/optimizer") || is_under(prefix, "#/groups");
    for (size_t i = 0; i < sizeof instead_of_one / sizeof *instead_of_one && optimizer; i++) {
        if (strcmp(owner, instead_of_one[i].owner) == 0 &&
            strcmp(name, instead_of_one[i].name) == 0)
            return instead_of_one[i].instead;
    }
    for (size_t i = 0; i < sizeof instead / sizeof *instead; i++) {
        bool here = instead[i].prefix ? is_under(prefix, instead[i].prefix) : optimizer;
        if (here && strcmp(name, instead[i].name) == 0)
            return instead[i].instead;
    }
    return NULL;
}

bool argument_wants_nothing(const struct hyper_arg *arg)
{
    for (size_t i = 0; i < sizeof idle / sizeof *idle && arg->kind != ARG_NULL; i++) {
        if (strcmp(arg->name, idle[i].name) == 0)
            return arg->number == idle[i].value &&
                   (arg->kind == ARG_NUMBER || arg->kind == ARG_BOOL);
    }
    return arg->kind == ARG_NULL || (arg->kind == ARG_BOOL && arg->number == 0);
}
