#!/usr/bin/env python3
"""The arguments of torch, Keras and optax against the catalogue: each optimizer and each schedule
that says whose equal it is takes the library's own argument names in that profile, with the
library's own defaults. tests/golden/make_signatures.py recorded them from the libraries.

What differs is in the tables below with its reason, and a row there that is not needed any more
fails, so that they stay true. An argument that changes no number, or is asked for elsewhere, is
refused by the server with the words that say where (src/math/argument.c); those it takes with the
library's default, and that is tested too."""

import json
import os
import re

from stepd import ROOT, Server, Tally, check

PROFILES = ("torch", "keras", "optax")

# ---- what every class or function of a library has, and where stepd asks for it ------------------
NO_NUMBERS = "says how the library computes, not what"
ELSEWHERE = {
    "optimizers": {
        "params": "the session's parameters",
        "foreach": NO_NUMBERS, "fused": NO_NUMBERS, "capturable": NO_NUMBERS, "differentiable": NO_NUMBERS,
        "name": "a label; here the name of the optimizer",
        "clipnorm": "a transform", "global_clipnorm": "a transform", "clipvalue": "a transform",
        "use_ema": "a transform", "ema_momentum": "a transform", "ema_overwrite_frequency": "a transform",
        "loss_scale_factor": "a transform", "gradient_accumulation_steps": "a transform",
        "maximize": "a transform, where the optimizer has no switch of its own",
        "weight_decay": "a transform, where the optimizer has none of its own",
        "mask": "groups", "weight_decay_mask": "groups",
        "relative_step": "cap_lr; Keras caps lr at 1/√t whatever relative_step says",
        "mu_dtype": "the session's dtype", "accumulator_dtype": "the session's dtype",
        "state_dtype": "the session's dtype", "dtype_momentum": "the session's dtype",
    },
    "schedules": {
        "optimizer": "the session's optimizer", "last_epoch": "the session knows its step",
        "name": "a label; here the name of the schedule",
        "schedules": "the parts", "schedulers": "the parts",
    },
}

# ---- arguments that stepd does not have, as row.argument of a library -----------------------------
PLAIN = "plain gradient descent is SGD without it; sgd has it"
CODE = "a function of the client's own program"
MISSING = {
    "gd.momentum": PLAIN, "gd.dampening": PLAIN, "gd.nesterov": PLAIN,
    "minibatch_gd.momentum": PLAIN, "minibatch_gd.dampening": PLAIN, "minibatch_gd.nesterov": PLAIN,
    "momentum.dampening": "sgd has it", "momentum.nesterov": "sgd has it",
    "amsgrad.amsgrad": "always true", "nadam.nesterov": "always true", "nadamw.nesterov": "always true",
    "adopt.clip_value_fn": CODE,
    "lbfgs.max_iter": "one step is one iteration: a run makes as many as are wanted",
    "lbfgs.max_eval": "a step is one evaluation",
    "lookahead.fast_optimizer": "base: sgd or adam", "mechanize.base_optimizer": "base: sgd or adam",
    "mechanize.num_betas": "six, the library's default and the paper's number",
    "muon.exclude_layers": "groups", "muon.exclude_embeddings": "groups",
    "muon.muon_weight_dimension_numbers": "matrices have two axes here",
    "sam.optimizer": "base: sgd or adam", "sam.adv_optimizer": "rho: the climb is a normalised gradient",
    "sam.reset_state": "the climb keeps no state", "sam.opaque_mode": "two gradients come with each step",
    "sam.batch_axis_name": NO_NUMBERS,
    "sophia.hessian_diagonal_fn": "the client's hessian_diagonal, or that of the objective",
    "sophia.verbose": NO_NUMBERS, "sophia.print_win_rate_every_n_steps": NO_NUMBERS,
    "lambda.lr_lambda": "factors: the values of the function", "multiplicative.lr_lambda": "factors: the values of the function",
    "cyclic.scale_fn": CODE, "cyclic.scale_mode": "goes with scale_fn",
    "one_cycle.epochs": "total_steps", "one_cycle.steps_per_epoch": "total_steps",
    "plateau.monitor": "the loss of the steps", "plateau.verbose": NO_NUMBERS,
    "step.staircase": "always true", "step.transition_begin": "exponential with staircase has it",
    "step.end_value": "exponential with staircase has it",
}

# ---- defaults that differ: (library's, here, why) --------------------------------------------------
NONE_IS_ONE = "None in optax leaves out the factor -lr, which is for composing; here lr is always given"
ASKED = "who asks for the decoupled decay by name wants some: optax's default"
DEFAULTS = {
    "adadelta.learning_rate": (None, "required", NONE_IS_ONE),
    "adafactor.learning_rate": (None, "required", NONE_IS_ONE),
    "adafactor.eps": ([None, 1e-3], [2.0**-52, 1e-3], "None in torch is the spacing of the dtype at 1"),
    "adafactor.decay_rate": (0.8, -0.8, "the sign does not matter"),
    "adamaxw.weight_decay": (0, 1e-4, ASKED), "nadamw.weight_decay": (0, 1e-4, ASKED),
    "nadamw.decoupled_weight_decay": (False, "decoupled", "that is what the name says"),
    "momentum.momentum": (0, 0.9, "that is what the name says"),
    "dog.init_step": (["heuristic", 1e-6], 1e-6, "init and init_step: the pair as two numbers"),
    "lbfgs.line_search_fn": (None, "none", "None is none"),
    "muon.adjust_lr_fn": (None, "original", "None is original in torch"),
    "lookahead.sync_period": ("required", 5, "the paper's"), "lookahead.slow_step_size": ("required", 0.5, "the paper's"),
    "cosine.eta_min": (0, None, "left out, it is alpha of the start: 0"),
    "cosine_restarts.eta_min": (0, None, "left out, it is alpha of the start: 0"),
    "one_cycle.total_steps": (None, "required", "torch asks for it, or for epochs and steps_per_epoch"),
    "one_cycle.anneal_strategy": ("cos", "cosine", "cos is taken for it"),
    "swalr.anneal_strategy": ("cos", "cosine", "cos is taken for it"),
    "piecewise_constant.values": ("required", None, "Keras' form; the other profiles give scales in their place"),
    "piecewise_constant.boundaries_and_scales": (None, ["required", None], "without any it would be constant"),
    "piecewise_interpolate.boundaries_and_scales": (None, ["required", "required"], "without any it would be constant"),
    "plateau.mode": ("auto", "min", "a loss falls, and that is what auto finds out"),
}
# Where a schedule begins, or its peak: a library has to be told, here it is the optimizer's own
# value unless it is told otherwise.
OWN_VALUE = ("initial", "peak", "value")

# ---- classes and functions that no row is the equal of -------------------------------------------
NOT_HERE = {
    "keras.optimizers.LossScaleOptimizer": "a transform: loss_scale",
    "keras.optimizers.MultiOptimizer": "a session for each optimizer",
    "optax.contrib.galore": "galore is the paper's; optax decomposes in float32, whatever the dtype",
    "optax.contrib.schedule_free": "schedule_free_sgd and schedule_free_adamw are its two bases",
    "optax.lbfgs": "lbfgs is torch's: optax searches along the line with the client's function",
    "optax.optimistic_adam": "deprecated for optimistic_adam_v2, which is here",
    "optax.selective_transform": "groups: frozen",
    "optax.sgdr_schedule": "a sequence of warmup_cosine; warmup_cosine_restarts is such a one",
}


def load():
    with open(os.path.join(ROOT, "tests", "golden", "signatures.json"), encoding="utf-8") as text:
        return json.load(text)


def catalogue(server, kind):
    names = [item["name"] for item in server.request("GET", f"/v1/{kind}").json["items"]]
    return {name: server.request("GET", f"/v1/{kind}/{name}").json for name in names}


def equals(text):
    """The names in "optax.adam (with amsgrad: optax.amsgrad; with nesterov: optax.nadam)"."""
    return re.findall(r"(?:torch|keras|optax)\.[\w.]+", text or "")


def ours(entry, profile, argument):
    """The rows that an argument fills, in its order: [(row, default)]; [] where there is none."""
    side = entry["profiles"][profile]
    rows = []
    for name, row in side["arguments"].items():
        if name == argument or name.startswith(f"{argument}["):
            rows.append((name, row))
    if not rows and argument in side["defaults"]:
        rows = [(argument, argument)]
    if len(rows) == 1 and re.search(r"\[\w+\]$", rows[0][0]) is None:
        return rows[0][1]
    return [row for _, row in sorted(rows)]


def default_of(entry, profile, row):
    """As a number, a text, a list or None; True where it has to be given."""
    side = entry["profiles"][profile]
    return "required" if row in side["required"] else side["defaults"][row]


def same(entry, profile, row, library):
    """Whether the default of a row, or of several, is the library's."""
    if isinstance(row, list):
        if library is None or library == "required":
            return all(same(entry, profile, one, library) for one in row)
        return len(row) == len(library) and all(same(entry, profile, a, b) for a, b in zip(row, library))
    own = default_of(entry, profile, row)
    choices = entry["schema"]["properties"][row].get("enum")
    if choices and isinstance(library, bool):
        library = choices[int(library)]
    if library is None:
        return own in (None, 0, False)
    return own == library and isinstance(own, bool) == isinstance(library, bool)


class Comparison:
    """One kind of the catalogue against the libraries; remembers which rows of the tables it used."""

    def __init__(self, kind, entries, signatures):
        self.kind, self.entries, self.signatures = kind, entries, signatures
        self.used, self.equal, self.wrong = set(), set(), []

    def run(self):
        for entry in self.entries.values():
            for profile in PROFILES:
                names = equals(entry["equivalents"][profile])
                self.equal.update(names)
                for of in names[:1]:
                    signature = self.signatures[of]
                    for name in signature["required"]:
                        self.argument(entry, profile, of, name, "required")
                    for name, library in signature["defaults"].items():
                        self.argument(entry, profile, of, name, library)

    def argument(self, entry, profile, of, name, library):
        row, key = ours(entry, profile, name), f"{entry['name']}.{name}"
        if row == []:
            if key in MISSING:
                self.used.add(key)
            elif name not in ELSEWHERE[self.kind]:
                self.wrong.append(f"{of} has {name} (default {library!r}), {entry['name']} has not")
        elif not same(entry, profile, row, library):
            own = [default_of(entry, profile, one) for one in row] if isinstance(row, list) else default_of(entry, profile, row)
            if library == "required" and row in OWN_VALUE and own is None:
                return
            if key in DEFAULTS and DEFAULTS[key][0] in (library, library or 0) and DEFAULTS[key][1] == own:
                self.used.add(key)
            else:
                self.wrong.append(f"{of}: the default of {name} is {library!r}, in {entry['name']} {own!r}")


def agrees(comparison):
    comparison.run()
    check(not comparison.wrong, "\n    ".join(comparison.wrong))


def covers(comparison):
    """No class or function is left out without a word."""
    left = sorted(set(comparison.signatures) - comparison.equal - set(NOT_HERE))
    check(not left, f"no row says that it is the equal of {left}")
    unknown = sorted(comparison.equal - set(comparison.signatures))
    check(not unknown, f"the libraries have no {unknown}")


def tables_are_true(comparisons):
    used = set().union(*(c.used for c in comparisons))
    equal = set().union(*(c.equal for c in comparisons))
    needless = sorted((set(MISSING) | set(DEFAULTS)) - used) + sorted(set(NOT_HERE) & equal)
    check(not needless, f"not needed any more: {needless}")


# ---- the library's own call, with every argument at its default ----------------------------------
LABELS = ("params", "name", "optimizer", "schedulers", "schedules")
GIVEN = {"seed": 1, "boundaries": [1], "values": [1, 2], "scales": [1], "factors": [1], "milestones": [1], "warmup_steps": 1}
EITHER = {("piecewise_constant", "keras"): ["values"], ("piecewise_constant", "optax"): ["scales"]}


def call_of(comparison, entry, profile, of):
    """Its defaults as they are, but for what JSON cannot say and what the tables name; and what has
    to be given."""
    side, args, told = entry["profiles"][profile], {}, set()
    required = {*side["required"], *EITHER.get((entry["name"], profile), ())}
    for name, value in comparison.signatures[of]["defaults"].items():
        key = f"{entry['name']}.{name}"
        if key in MISSING or key in DEFAULTS or name in LABELS or "<" in json.dumps(value):
            continue
        row = side["arguments"].get(name, name)
        if row not in required and row not in told:
            args[name] = value
        told.add(row)
    return {**args, **{row: given(entry["schema"]["properties"][row], row) for row in required}}


def given(schema, row):
    """A value for what a library wants to be told."""
    return GIVEN.get(row, schema.get("enum", [10 if schema.get("type") == "integer" else 0.1])[0])


def refusals(server, entry, profile, of, args, optimizers):
    if optimizers:
        optimizer = {"name": entry["name"], "profile": profile, **args}
        answer = server.request("POST", "/v1/sessions", {"optimizer": optimizer, "parameters": {"W": [[1, 2], [3, 4]]}})
    else:
        answer = server.request("POST", f"/v1/schedules/{entry['name']}/preview", {
            "schedule": {"profile": profile, **args}, "steps": 2,
            **({"losses": [1, 1]} if entry["needs"] == ["loss"] else {})})
    if answer.status in (200, 201):
        return []
    return [f"{of}: {e['pointer']}: {e['detail']}" for e in answer.json["errors"]]


def takes_defaults(server, comparison):
    """A call may be copied as it stands."""
    wrong = []
    for entry in comparison.entries.values():
        for profile in PROFILES:
            for of in equals(entry["equivalents"][profile])[:1]:
                if not entry.get("composed"):
                    args = call_of(comparison, entry, profile, of)
                    wrong += refusals(server, entry, profile, of, args, comparison.kind == "optimizers")
    check(not wrong, "\n    ".join(wrong))


def main():
    tally, recorded, comparisons = Tally(), load(), []
    with Server() as server:
        for kind in ("optimizers", "schedules"):
            comparison = Comparison(kind, catalogue(server, kind), recorded[kind])
            comparisons.append(comparison)
            tally.test(f"{kind}: arguments and defaults", agrees, comparison)
            tally.test(f"{kind}: all that the libraries have", covers, comparison)
            tally.test(f"{kind}: the library's own defaults are taken", takes_defaults, server, comparison)
        tally.test("every difference that is listed is one", tables_are_true, comparisons)
    tally.end()


main()
