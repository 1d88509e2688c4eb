/* Arguments that the libraries have and no table of ours: what a client may leave in a call that it
 * copied, and where it finds the rest. Pure; any thread. */
#ifndef STEPD_MATH_ARGUMENT_H
#define STEPD_MATH_ARGUMENT_H

#include "math/hyper.h"

/* Whether it says how a library computes, and leaves the numbers as they are. */
bool argument_without_effect(const char *name);

/* What to use in its place, where `prefix` is the pointer of the object that has it and `owner`
 * what that is ("adam"); NULL: it is not known. */
const char *argument_instead(const char *prefix, const char *owner, const char *name);

/* Whether it is null, false, or a default that changes nothing by itself. */
bool argument_wants_nothing(const struct hyper_arg *arg);

#endif
