/*
 * parked.h
 *		Changes of tracked rows that could not be written, and wait.
 */
#ifndef TRUST_LEDGER_PARKED_H
#define TRUST_LEDGER_PARKED_H

#include "change.h"

/* What is kept of a change to be read and written again. */
typedef struct ParkedChange
{
	const char *source;
	const char *table;
	const char *trigger_name;
	RowOperation operation;
	const char *actor;			/* who acted; NULL: nobody that is known */
	Oid			login;
	Oid			role;
	Datum		old_row;		/* jsonb; 0: there is none */
	Datum		new_row;
} ParkedChange;

extern Datum RowAsJson(HeapTuple row, TupleDesc tupdesc);
extern void Park(const Ledger *ledger, const ParkedChange *change, const ErrorData *error);
extern void ParkChange(const Ledger *ledger, const TrackedChange *change, const ErrorData *error);

#endif
