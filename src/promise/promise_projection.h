/*
 * promise_projection.h
 *		How an entry changes the row of its promise.
 */
#ifndef TRUST_LEDGER_PROMISE_PROJECTION_H
#define TRUST_LEDGER_PROMISE_PROJECTION_H

#include "promise/promise.h"

/*
 * Applies an entry to the row of its promise, which is empty before the entry of event
 * "made".  Returns NULL; or what is wrong, if the extension would never have written
 * the entry at this point.  Then the row is unchanged.
 */
extern const char *PromiseProject(Row *promise, const Row *entry);

#endif
