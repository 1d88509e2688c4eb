/* Composed schedules as torch steps them: from the value before, not from the base.
 *
 * Problem: torch's schedulers share one number, the lr that is there, and each moves it on. While
 * all of them multiply, that is the product of their closed forms. It is another number with a
 * floor (eta_min), with a LambdaLR, which says its value anew and so undoes the others, and where a
 * MultiplicativeLR or SWALR takes over in a sequence and goes on from what it finds.
 * Design: `recursive`, a switch of sequence and chain; in profile torch it is on where the numbers
 * differ, and closed forms, which need no state and lose no digits, serve the rest. Whatever the
 * parts do, the value stays linear in the base. Two scalars of state say it for every base, so that
 * groups with a base of their own, and a base that is patched, need nothing else:
 *
 *   slope, offset:  begin ──► step 1 ── go on, or take over ──► step 2 ──► …
 *
 * A part says its own move (schedule.move), else the value of its closed form. OneCycleLR, and a
 * CyclicLR that is made first, write over the base of those made after them, as in torch.
 * Not done: a schedule that is set in the middle of a session has no past, and begins with the
 * value of the closed forms. In torch two OneCycleLR, or two SWALR, share what the later one was
 * given, and a composed first part of a SequentialLR makes its first step twice, which counts where
 * that part is or begins with another one than LinearLR, ConstantLR or those that say their value
 * anew.
 * Source: torch/optim/lr_scheduler.py, torch 2.13. */
#ifndef STEPD_MATH_SCHEDULE_RECURSION_H
#define STEPD_MATH_SCHEDULE_RECURSION_H

#include "math/schedule.h"

/* The state of a recursive schedule. */
extern const struct scalar recursion_scalars[];

/* The row of the switch in its table; -1: it has none. */
int recursion_row(const struct schedule *s);

/* Whether it is composed, and recursive. */
bool recursion_on(const struct schedule_spec *s);

/* What the switch is where nobody says it: on in profile torch, if all parts are torch's own, their
 * closed forms give other numbers, and none begins at 0. */
bool recursion_usual(const struct schedule_spec *s);

/* Settles the switch of a composed schedule that has one: as it is said, or else as usual; true is
 * refused where a part is none of torch's. Then the bases of the parts. */
enum err_code recursion_settle(struct schedule_spec *s, const struct schedule_given *given,
                               const char *prefix, struct err *err);

/* Off where `given` does not say it: for what was stored before there was such a switch. */
void recursion_only_said(struct schedule_spec *s, const struct schedule_given *given);

/* As schedule_start, schedule_value and schedule_update. */
void recursion_start(const struct schedule_spec *s, uint64_t t, double *state);
double recursion_value(const struct schedule_spec *s, double base, const double *state);
void recursion_update(const struct schedule_spec *s, enum schedule_phase phase, uint64_t t,
                      double base, double loss, double *state);

/* For the files of math/schedule/: the move of one that multiplies its base. */
struct schedule_move recursion_ratio(const struct schedule_spec *s, enum schedule_turn turn,
                                     uint64_t t);

#endif
