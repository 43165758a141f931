/*
 * change_record.h
 *		A tracked row's change as one piece of memory, to be kept or spilled.
 */
#ifndef TRUST_LEDGER_CHANGE_RECORD_H
#define TRUST_LEDGER_CHANGE_RECORD_H

#include "tracking/row_change.h"

/* The record begins so; a tuple of the columns above follows. */
typedef struct ChangeHeader
{
	Mapping    *mapping;
	CommandId	command;
	uint32		differs;
	Oid			login;
	Oid			role;
	int			sqlstate;		/* of what cannot be read */
	uint32		tuple_length;
	int8		operation;
	bool		leaves;
	bool		arrived;
	bool		moved;
} ChangeHeader;

extern void *ChangePack(const TrackedChange *change, Size *length);
extern TrackedChange *ChangeUnpack(void *record);

#endif
