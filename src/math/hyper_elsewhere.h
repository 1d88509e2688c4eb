/* Names that are no hyperparameter here and known all the same: what a client who gives one is
 * told. For hyper.c alone. */
#ifndef STEPD_MATH_HYPER_ELSEWHERE_H
#define STEPD_MATH_HYPER_ELSEWHERE_H

/* Arguments of the libraries that say how to compute and leave the numbers as they are. Null and
 * false, which are their defaults, may stay. */
static const char *const without_effect[] = {"foreach", "fused", "capturable", "differentiable"};

/* Arguments of the libraries that are asked for elsewhere here, and fields that stand in another
 * place: of optimizers and groups, or of what has another prefix. Null and false may stay too:
 * nothing is wanted then. */
static const struct {
    const char *prefix, *name, *instead;
} elsewhere[] = {
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
    {NULL, "use_ema", "a transform: {\"name\": \"ema\"}"},
    {NULL, "ema_momentum", "a transform: {\"name\": \"ema\", \"decay\": …}"},
    {NULL, "ema_overwrite_frequency",
     "a transform: {\"name\": \"ema\", \"overwrite_frequency\": …}"},
    {NULL, "gradient_accumulation_steps", "a transform: {\"name\": \"accumulate\", \"steps\": …}"},
    {NULL, "loss_scale_factor",
     "a transform: {\"name\": \"scale\", \"factor\": …} with 1/loss_scale_factor"},
    {NULL, "maximize", "a transform: {\"name\": \"maximize\"}"},
    {NULL, "weight_decay", "a transform: {\"name\": \"weight_decay\", \"weight_decay\": …}"},
    {NULL, "mask", "groups: {\"match\": \"*bias\", \"weight_decay\": 0}"},
    {NULL, "params", "groups: {\"match\": …} with hyperparameters of their own"},
    {NULL, "mu_dtype", "dtype of the session, which its state has too"},
    {NULL, "accumulator_dtype", "dtype of the session, which its state has too"},
    {NULL, "max_iter", "one step for each iteration, or a run of so many"},
    {NULL, "max_eval", "one step for each evaluation"},
    {NULL, "schedule", "schedule beside the optimizer, in the session"},
    {NULL, "lr_schedule", "schedule beside the optimizer, in the session"},
    {NULL, "transforms", "transforms beside the optimizer, in the session"},
    {NULL, "groups", "groups beside the optimizer, in the session"},
    {NULL, "optimizer", "one session for each optimizer"},
};

#endif
