/*
 * row_change.h
 *		A change of a tracked row, as one of its triggers reads it.
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

/* In SQL: "insert", "update", "delete". */
extern const char *const row_operation_names[];

/* Error that prevents a change from being read or written. */
typedef struct Refusal
{
	int			sqlstate;		/* encoded as in ErrorData.sqlerrcode */
	const char *message;
	const char *reason;			/* the message without values: its format string, as the code that
								 * raised the error has it; NULL if it is not known */
} Refusal;

/* Change of one row, as one trigger reads it. */
typedef struct TrackedChange
{
	Mapping    *mapping;		/* NULL if the row is imported */
	RowOperation operation;
	const char *table;			/* qualified name, for messages */
	const char *trigger_name;
	const char *source;			/* name under which the table is tracked */
	const char *name;			/* of the promise; empty if the row makes only one */
	char	   *key;			/* primary key, as MappingKey() returns it */
	char	   *old_key;		/* key before the change; NULL if it is the same */
	List	   *stable_key;		/* as MappingStableKey() returns it */
	CommandId	command;		/* that changed the row */
	ItemPointerData version;	/* that it created, or deleted */
	int64		row;			/* number of the first change of the row by the command */
	bool		dropped;		/* not to be written */
	bool		leaves_partition;	/* the DELETE of an UPDATE that moves the row to another
									 * partition */
	bool		arrival_seen;	/* the INSERT of that UPDATE was tracked, too */
	const struct TrackedChange *departed;	/* of the INSERT of such an UPDATE: its DELETE, if that
											 * was tracked; not stored */
	Event		event;
	OnError		on_error;
	bool		withdraws_on_delete;	/* deleting the row withdraws its promise */
	bool		moved;			/* the UPDATE changed the customer */
	bool		imported;		/* the row existed before its table was tracked */
	bool		replayed;		/* the change was parked; not stored */
	bool		compares_all;	/* an amendment by all terms of the row, whatever changed; not
								 * stored */
	Row		   *mapped;			/* mapped values, and the actor; shape mapped_shape */
	uint32		fields;			/* bit per COMMAND_...: it is mapped */
	uint32		changed;		/* bit per COMMAND_...: the UPDATE changed it */
	uint32		refused;		/* if this is a note: bit per COMMAND_...: the ledger refused it */
	bool		only_changed;	/* compare no terms that were refused before: the ledger refuses
								 * them again */
	Oid			level_of;		/* role whose access level is checked */
	Oid			login;			/* session user and current user when the row changed */
	Oid			role;
	const Refusal *unreadable;	/* error of the mapping, if it could not read the row; the change
								 * is parked when the others are written */
	Datum		old_row;		/* jsonb, if the change may have to be parked; else 0 */
	Datum		new_row;
} TrackedChange;

/*
 * Changes in the order in which they happened.  They may be on disk: get() returns
 * one of them, which it may allocate in the current memory context.
 */
typedef struct Changes
{
	int			count;
	bool		may_fail;		/* some have on_error other than ON_ERROR_FAIL */
	const TrackedChange *(*get) (const struct Changes *changes, int nth);
	const void *from;			/* private data of get() */
} Changes;

static inline const TrackedChange *
ChangesGet(const Changes *changes, int nth)
{
	return changes->get(changes, nth);
}

/* Error TL003 if the actor is human; 42704 if it does not exist. */
extern void CheckActorIsMachine(const Ledger *ledger, const char *named);

/* Makes Changes of an array, which is not copied. */
extern Changes ChangesFromArray(const TrackedChange *const *changes, int count);

/* Sets the fields that all changes read by this mapping have in common. */
extern void ChangeSetMapping(TrackedChange *change, Mapping *mapping);

/*
 * Whether a change can be the event of the mapping's trigger: false for an UPDATE that
 * leaves what the event is about as it is.  Needs no ledger.
 */
extern bool ChangeMatters(const Mapping *mapping, HeapTuple old, HeapTuple new,
						  TupleDesc tupdesc);

/*
 * Reads a change in the current memory context; returns NULL if it is not the event
 * of its trigger, as when an UPDATE leaves all terms as they are.  acting is the actor
 * if that was determined before, else NULL.  Errors: TL003 no actor, or one who cannot
 * act for the row; 22023 a DELETE cannot be this event; those of the mapping.
 */
extern TrackedChange *ChangeRead(Mapping *mapping, const Ledger *ledger, RowOperation operation,
								 HeapTuple old, HeapTuple new, TupleDesc tupdesc,
								 const char *acting, Oid level_of);

/*
 * The amendment by all mapped terms of a row as it is now, without an actor, in the
 * current memory context.
 */
extern TrackedChange *ChangeOfPresentTerms(Mapping *mapping, const Ledger *ledger, HeapTuple row,
										   TupleDesc tupdesc);

/*
 * Sets the actor: acting, or if that is NULL, the one who acts when the row changes.
 * Errors: TL003 no actor, or a human one.
 */
extern void ChangeSetActor(TrackedChange *change, const Ledger *ledger, const char *acting,
						   Oid level_of);

#endif
