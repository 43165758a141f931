/*
 * parked.h
 *		Parks changes of tracked rows whose events could not be written.
 */
#ifndef TRUST_LEDGER_PARKED_H
#define TRUST_LEDGER_PARKED_H

#include "tracking/row_change.h"
#include "tracking/parked_trace.h"

/*
 * A RefusedCallback, whose argument is a ParkedTrace: stores the change in
 * trust.parked_change, and adds it to the trace.
 */
extern void ParkChange(const Ledger *ledger, const TrackedChange *change, const Refusal *refusal,
					   void *trace);

/* The functions below run within a LedgerSession. */

/* Adds a parked change to the trace, as its locked row is now. */
extern void TraceParkedChange(ParkedTrace *trace, const Ledger *ledger, const pg_uuid_t *parked);

/* Deletes a row of trust.parked_change. */
extern void RemoveParked(const pg_uuid_t *parked);

#endif
