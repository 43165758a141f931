/*
 * parked.h
 *		Changes of tracked rows that could not be written, and wait.
 */
#ifndef TRUST_LEDGER_PARKED_H
#define TRUST_LEDGER_PARKED_H

#include "change.h"

extern Datum RowAsJson(HeapTuple row, TupleDesc tupdesc);
extern void ParkChange(const Ledger *ledger, const TrackedChange *change, const Refusal *refusal);

#endif
