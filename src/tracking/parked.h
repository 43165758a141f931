/*
 * parked.h
 *		Changes of tracked rows that could not be written, and wait.
 */
#ifndef TRUST_LEDGER_PARKED_H
#define TRUST_LEDGER_PARKED_H

#include "tracking/row_change.h"
#include "tracking/parked_trace.h"

extern void ParkChange(const Ledger *ledger, const TrackedChange *change, const Refusal *refusal, void *trace);
extern void TraceParkedChange(ParkedTrace *trace, const Ledger *ledger, const pg_uuid_t *parked);
extern void RemoveParked(const pg_uuid_t *parked);

#endif
