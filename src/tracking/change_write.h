/*
 * change_write.h
 *		Writes changes of tracked rows, without those that fail.
 */
#ifndef TRUST_LEDGER_CHANGE_WRITE_H
#define TRUST_LEDGER_CHANGE_WRITE_H

#include "tracking/row_change.h"

/* Called for each change with ON_ERROR_PARK that could not be written. */
typedef void (*RefusedCallback) (const Ledger *ledger, const TrackedChange *change,
								 const Refusal *refusal, void *arg);

/*
 * Writes the changes.  If one fails, its on_error decides: the error is raised, or the
 * change is left out and passed to the callback, or a note is written in its place.
 * Errors that the change did not cause, such as cancellation, are always raised.
 */
extern void ChangesWrite(const Ledger *ledger, const Changes *changes,
						 RefusedCallback refused, void *arg);

#endif
