/* Which row of a registry a client meant by a name that is none of its names.
 *
 * People bring the names that their library uses (AdamW, torch.optim.SGD, CosineAnnealingLR,
 * clip_by_global_norm), other spellings (L-BFGS, sgd momentum) and slips (addam). Names are
 * compared without case, underscores, dashes, dots and spaces. Pure; any thread. */
#ifndef STEPD_MATH_NAMES_H
#define STEPD_MATH_NAMES_H

/* What a row is called. `same_as` has PROFILE_COUNT texts, or NULLs, as of struct optim; NULL: the
 * registry has none. */
struct named {
    const char *name, *title;
    const char *const *same_as;
};

/* The name of the row that `given` means, by the first of these that finds one: its own name or
 * title in another spelling; the whole of a library's name for it; a part of that; a small slip;
 * its own name with a word after it (cosine_decay). NULL: none. `at(i)` describes row i. */
const char *names_meant(const char *given, struct named (*at)(int i), int count);

#endif
