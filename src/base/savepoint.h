/*
 * savepoint.h
 *		Runs code in a subtransaction and catches its error.
 */
#ifndef TRUST_LEDGER_SAVEPOINT_H
#define TRUST_LEDGER_SAVEPOINT_H

#include "base/errcodes.h"

/*
 * Calls step(arg) in a subtransaction, which is committed if keep is set and rolled
 * back otherwise.  If it fails, rolls it back and returns the error in the caller's
 * memory context; else returns NULL.
 */
extern ErrorData *RunInSavepoint(void (*step) (void *arg), void *arg, bool keep);

/*
 * Whether the step itself is the cause of the error: false for cancellation, lock
 * timeouts, lack of resources, serialization failures and internal errors.
 */
extern bool IsStepError(const ErrorData *error);

#endif
