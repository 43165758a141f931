/*
 * change.h
 *		The change of a tracked row: what it says, and who made it.
 */
#ifndef TRUST_LEDGER_CHANGE_H
#define TRUST_LEDGER_CHANGE_H

#include "act.h"
#include "mapping.h"

typedef enum RowOperation
{
	ROW_INSERT,
	ROW_UPDATE,
	ROW_DELETE
} RowOperation;

extern const char *const row_operation_names[];

/* One row's change, as one trigger reads it.  It outlives the trigger. */
typedef struct TrackedChange
{
	SubTransactionId made_in;	/* the savepoint that it goes away with */
	SubTransactionId written_in;	/* the savepoint with which its writing goes away */
	RowOperation operation;
	char	   *table;			/* for people */
	char	   *trigger_name;
	char	   *source;
	char	   *name;			/* of the promise among the row's */
	char	   *key;
	char	   *old_key;		/* NULL: the same */
	List	   *lasting_key;	/* its parts, NULL for what decides in which partition the row is; NIL: it is in none */
	CommandId	command;		/* of a partition's row that is put in, or leaves: the command that did it */
	bool		leaves;			/* deleted here, because it goes to another partition */
	bool		arrived;		/* and there it was told of */
	Event		event;
	OnError		on_error;
	bool		withdraws;		/* when the row is deleted */
	bool		moved;			/* to another customer */
	bool		imported;		/* the row was there before its table was tracked */
	Row		   *mapped;
	uint32		has;			/* which fields are mapped, as bits */
	uint32		differs;		/* which of them an UPDATE changed */
	Oid			level_of;		/* whose level counts */
	Oid			login;
	Oid			role;
	const ErrorData *unreadable;	/* why the mapping could not read it: it is parked when the others are written */
	Datum		old_row;		/* as jsonb, kept where it may have to be parked; 0: there is none */
	Datum		new_row;
} TrackedChange;

extern void CheckNamesMachine(const Ledger *ledger, const char *named);
extern TrackedChange *ChangeOf(const Mapping *mapping, const Ledger *ledger, RowOperation operation,
							   HeapTuple old, HeapTuple new, TupleDesc tupdesc,
							   const char *acting, Oid level_of, MemoryContext context);

#endif
