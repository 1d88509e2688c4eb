/* The block: all of a session's numbers in one contiguous piece, which is also what the store
 * keeps.
 *
 *   header  64 bytes   magic "stpd" 4, version 2, dtype 2, checksum 8; then, like all that follows
 *                      under the checksum (XXH3, 64 bits): bytes 8, parameters 8, scalars 4,
 *                      used slots 4 (a bit each), numbers of the transforms 8, of the
 *                      schedules 8, zero 8
 *   scalars            named scalars of the optimizer, double
 *   weights            n numbers in the dtype
 *   slots              the used slots in table order, in the dtype
 *   transforms         the state of the chain of transforms, double
 *   schedules          the state of schedules that follow the loss, then what each schedule gave
 *                      for the newest step (NaN: nothing), double
 *   groups             steps that each was frozen for, and its scalars, double
 *
 * Version 1 knew nothing of the newest step; it is what a session without schedules still has, and
 * read for the others too. The version stands apart from that of the store's schema: a stepd that
 * does not know it says so.
 * Arrays of 64 numbers and more begin at a multiple of 64 bytes, shorter ones at one of 8; the gaps
 * are zero. Little-endian. block_seal writes the checksum before a put, block_open checks it after
 * a get, so that a damaged row is an error and never a wrong step. */
#ifndef STEPD_SESSION_BLOCK_H
#define STEPD_SESSION_BLOCK_H

#include "session/session.h"

/* Allocates a zeroed block for the session's optimizer, hyperparameters, tensors and dtype, and
 * points s->block, s->view and s->scalars into it. Nothing is filled; a block that s had before is
 * not freed. */
enum err_code block_alloc(struct session *s, struct err *err);

/* Writes header and checksum. */
void block_seal(struct session *s);

/* Takes a copy of `data` as the session's block, after checking magic, version, lengths and
 * checksum. Optimizer, hyperparameters, tensors and dtype are set before. ERR_STORE where it is
 * damaged. */
enum err_code block_open(struct session *s, const void *data, size_t bytes, struct err *err);

#endif
