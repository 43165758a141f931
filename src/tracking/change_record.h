/*
 * change_record.h
 *		Packs a change of a tracked row into one chunk of memory, for the spool.
 */
#ifndef TRUST_LEDGER_CHANGE_RECORD_H
#define TRUST_LEDGER_CHANGE_RECORD_H

#include "tracking/row_change.h"

/* Head of a record; a tuple with the other fields of the change follows, MAXALIGNed. */
typedef struct ChangeHeader
{
	Mapping    *mapping;
	int64		row;
	CommandId	command;
	ItemPointerData version;
	uint32		changed;
	Oid			login;
	Oid			role;
	int			sqlstate;		/* of TrackedChange.unreadable */
	uint32		tuple_length;	/* in bytes */
	int8		operation;
	bool		leaves_partition;
	bool		arrival_seen;
	bool		moved;
	bool		dropped;
} ChangeHeader;

/*
 * Returns the change as a record in the current memory context, and sets its length in
 * bytes.  The record points to the mapping, which the caller must pin.
 */
extern void *ChangePack(const TrackedChange *change, Size *length);

/* Returns the change in the current memory context; it may point into the record. */
extern TrackedChange *ChangeUnpack(void *record);

#endif
