/*
 * row_change.h
 *		The change of a tracked row: what it says, and who made it.
 */
#ifndef TRUST_LEDGER_ROW_CHANGE_H
#define TRUST_LEDGER_ROW_CHANGE_H

#include "governance/act.h"
#include "tracking/mapping.h"

typedef enum RowOperation
{
	ROW_INSERT,
	ROW_UPDATE,
	ROW_DELETE
} RowOperation;

extern const char *const row_operation_names[];

/* Why a change cannot be written, or read. */
typedef struct Refusal
{
	int			sqlstate;		/* as ErrorData has it */
	const char *message;
} Refusal;

/* One row's change, as one trigger reads it. */
typedef struct TrackedChange
{
	Mapping    *mapping;		/* NULL: it was imported */
	RowOperation operation;
	const char *table;			/* for people */
	const char *trigger_name;
	const char *source;
	const char *name;			/* of the promise among the row's */
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
	const Refusal *unreadable;	/* why the mapping could not read it: it is parked when the others are written */
	Datum		old_row;		/* as jsonb, kept where it may have to be parked; 0: there is none */
	Datum		new_row;
} TrackedChange;

/*
 * Changes in the order in which they happened.  They need not all be in memory:
 * get reads one into the current memory context, or finds it where it is.
 */
typedef struct Changes
{
	int			count;
	bool		may_fail;		/* some may be left out if they cannot be written */
	const TrackedChange *(*get) (const struct Changes *changes, int nth);
	const void *from;			/* what get reads from */
} Changes;

static inline const TrackedChange *
ChangesGet(const Changes *changes, int nth)
{
	return changes->get(changes, nth);
}

extern void CheckNamesMachine(const Ledger *ledger, const char *named);
extern Changes ChangesOfArray(const TrackedChange *const *changes, int count);
extern void ChangeNames(TrackedChange *change, Mapping *mapping);
extern TrackedChange *ChangeOf(Mapping *mapping, const Ledger *ledger, RowOperation operation,
							   HeapTuple old, HeapTuple new, TupleDesc tupdesc,
							   const char *acting, Oid level_of);

#endif
