/*
 * parked_present.h
 *		Compares a parked change with the row as it is now, and with later entries.
 */
#ifndef TRUST_LEDGER_PARKED_PRESENT_H
#define TRUST_LEDGER_PARKED_PRESENT_H

#include "tracking/row_change.h"

/* A parked change that is to be replayed. */
typedef struct ParkedReading
{
	const Ledger *ledger;
	Mapping    *mapping;
	Relation	rel;			/* the tracked table */
	RowOperation operation;
	HeapTuple	old;			/* NULL if it has none */
	HeapTuple	new;
	HeapTuple	present;		/* the row as it is now; NULL if there is none */
	TimestampTz parked_at;
	TimestampTz begun_at;		/* when this call began to replay changes */
	bool		last;			/* no later change of terms of the row is parked */
}			ParkedReading;

/*
 * Locks the chains that the change concerns, and then the present row, which it reads: we
 * must not wait for a chain while we hold locks on rows.  Errors: those of
 * TrackedRowByKey().
 */
extern void ParkedReadPresent(ParkedReading * reading, const TrackedChange *change);

/*
 * Checks that the change can still be written: that a row that makes its promise, is
 * paused or resumed still does or is, that a deleted row does not exist again, and that no
 * later promise or verdict of the row is on record.  Errors: 55000.
 */
extern void ParkedCheckHolds(const ParkedReading * reading, const TrackedChange *change);

/*
 * Once the last change of the row's terms has been written: the amendment that gives its
 * open promise the terms that the row has now; NULL if it has them.  Errors: TL003 no
 * actor.
 */
extern const TrackedChange *ParkedPresentTerms(const ParkedReading * reading,
											   const TrackedChange *change);

#endif
