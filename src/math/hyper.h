/* Hyperparameters: a table of rows, and their resolution from what a client gave.
 *
 * One row says a hyperparameter's name, kind, range, default in each profile and the name that each
 * library gives it. Resolution fills one `double` per row: booleans are 0 or 1, choices the index
 * into `choices`, integers whole. The same tables serve optimizers, schedules, transforms and
 * objectives; JSON Schema, catalogue and command line walk them. Pure; any thread. */
#ifndef STEPD_MATH_HYPER_H
#define STEPD_MATH_HYPER_H

#include "base/err.h"

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whose defaults, forms and argument names hold. */
enum profile { PROFILE_TORCH, PROFILE_KERAS, PROFILE_OPTAX, PROFILE_PAPER, PROFILE_COUNT };
extern const char *const profile_names[PROFILE_COUNT]; /* "torch", "keras", "optax", "paper" */

enum hyper_kind { HYPER_REAL, HYPER_INTEGER, HYPER_BOOL, HYPER_CHOICE, HYPER_LIST };

/* A default of this value means: the library has none, the client must give it. */
#define HYPER_REQUIRED NAN
/* A default of this value means: it may be left out, and then there is none. What a client gives is
 * always finite. */
#define HYPER_NONE INFINITY

enum { HYPER_MAX = 32 };

struct hyper {
    const char *name; /* stepd's own, in every profile; NULL ends a table */
    enum hyper_kind kind;
    double value[PROFILE_COUNT]; /* defaults in the order of enum profile */
    /* The library's own argument name where it differs from `name`, else NULL. "betas[0]" means the
     * first item of an argument "betas"; "scales[keys]" and "scales[values]" the two lists of an
     * object {"100": 0.5}. Accepted in that profile only. By its alias a choice takes a boolean
     * too, from a library that switches between two of the forms (optax's eps_in_sqrt): false is
     * the first choice, true the second. */
    const char *alias[PROFILE_COUNT];
    /* Profiles whose library gives null a meaning that is not its default, as a set of
     * 1 << PROFILE_…: there null stands for the number `null`. */
    unsigned null_in;
    double null;
    double min, max;            /* range; -INFINITY and INFINITY where open-ended; of each item */
    bool min_open, max_open;    /* whether the bound itself is outside */
    const char *const *choices; /* HYPER_CHOICE: names, NULL-terminated */
    bool steps;                 /* HYPER_LIST: whole numbers, each larger than the one before */
    const char *doc;            /* one sentence */
};

/* The items of a HYPER_LIST; they belong to whoever gave them. */
struct hyper_list {
    const double *data;
    size_t count;
};

enum hyper_arg_kind {
    ARG_NULL,
    ARG_BOOL,
    ARG_NUMBER,
    ARG_STRING,
    ARG_NUMBERS,
    ARG_PAIRS, /* an object from numbers to numbers, by rising key */
    ARG_OTHER
};

/* One argument as the client gave it. Memory is the caller's. */
struct hyper_arg {
    const char *name;
    enum hyper_arg_kind kind;
    double number;         /* ARG_NUMBER; ARG_BOOL: 0 or 1 */
    const char *string;    /* ARG_STRING */
    const double *numbers; /* ARG_NUMBERS (NaN: a null among them); ARG_PAIRS: the keys */
    const double *values;  /* ARG_PAIRS */
    size_t count;
};

/* The number of rows of a table. */
int hyper_count(const struct hyper *table);

/* The row called `name`, -1 if there is none. */
int hyper_find(const struct hyper *table, const char *name);

/* Fills ret_values[0 … count-1] from the defaults of `profile` and the arguments. Every violation
 * is added to `err` with the pointer `prefix`/name: unknown names (with the nearest as a
 * suggestion, and the stepd name where it is another library's alias), wrong kinds, values out of
 * range, a hyperparameter given twice (by name and alias), required ones that are missing. An
 * ARG_NULL stands for the default, or for what null means in the profile. `what` names the owner in
 * messages ("adam"). Outputs are untouched on failure. */
enum err_code hyper_resolve(const struct hyper *table, enum profile profile, const char *what,
                            const char *prefix, const struct hyper_arg *args, size_t arg_count,
                            double *ret_values, struct err *err);

/* The same for a table with lists: of row i ret_lists[i] has the items (none where it was not
 * given), ret_values[i] their number or HYPER_NONE. */
enum err_code hyper_resolve_lists(const struct hyper *table, enum profile profile, const char *what,
                                  const char *prefix, const struct hyper_arg *args,
                                  size_t arg_count, double *ret_values,
                                  struct hyper_list *ret_lists, struct err *err);

/* Bit i: row i is meant by one of the arguments. Names that are unknown are left out. */
uint32_t hyper_given(const struct hyper *table, enum profile profile, const struct hyper_arg *args,
                     size_t arg_count);

/* Whether `x` is finite and in the range of the row. */
bool hyper_in_range(const struct hyper *y, double x);

/* For rules between hyperparameters: adds a violation at prefix/name. */
enum err_code hyper_refuse(const char *prefix, const char *name, struct err *err,
                           const char *format, ...) __attribute__((format(printf, 4, 5)));

/* As hyper_resolve, but starts from the values that `values` holds (a PATCH). */
enum err_code hyper_patch(const struct hyper *table, enum profile profile, const char *what,
                          const char *prefix, const struct hyper_arg *args, size_t arg_count,
                          double *values, struct err *err);

/* The same for a table with lists, from those that `lists` holds. */
enum err_code hyper_patch_lists(const struct hyper *table, enum profile profile, const char *what,
                                const char *prefix, const struct hyper_arg *args, size_t arg_count,
                                double *values, struct hyper_list *lists, struct err *err);

#endif
