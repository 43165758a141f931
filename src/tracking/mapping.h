/*
 * mapping.h
 *		Reads the mapping of a tracked table from the arguments of a trigger.
 */
#ifndef TRUST_LEDGER_MAPPING_H
#define TRUST_LEDGER_MAPPING_H

#include "tracking/mapped_fields.h"
#include "promise/lifecycle.h"

#include "commands/trigger.h"
#include "utils/rel.h"

/* What happens if the event of a changed row cannot be written. */
typedef enum OnError
{
	ON_ERROR_FAIL,				/* raise the error */
	ON_ERROR_PARK,				/* store the change in trust.parked_change */
	ON_ERROR_NOTE				/* write a note of the promise instead */
} OnError;

/* One mapped field: a column of the row, or a constant. */
typedef struct MappedField
{
	int			field;			/* COMMAND_... */
	AttrNumber	attnum;			/* 0 for a constant */
	Oid			type;			/* base type of the column, or type of the constant */
	Datum		constant;
} MappedField;

#define KEY_MAX_COLUMNS INDEX_MAX_KEYS

/* What one trigger records, and how it reads rows. */
typedef struct Mapping
{
	MemoryContext context;		/* owns all of the mapping */
	int			pins;			/* number of memory contexts that use it */
	bool		forgotten;		/* delete it with the last pin */
	uint64		pending_in;		/* pinned for the pending changes of this id */
	Oid			trigger;
	Oid			relid;
	Oid			owner;			/* of the table */
	char	   *table;			/* qualified name, for messages */
	char	   *trigger_name;
	Event		event;
	char	   *source;			/* name under which the table is tracked */
	char	   *promise;		/* name of the promise; empty if a row makes only one */
	OnError		on_error;
	bool		write_now;		/* write at once, not at commit */
	bool		key_only;		/* of UPDATEs, only those that change the primary key matter */
	bool		refused_only;	/* compares only terms that were refused before */
	bool		withdraws_on_delete;	/* deleting the row withdraws the promise */
	MappedField fields[MAPPED_ARGUMENTS];
	int			field_count;
	AttrNumber	key[KEY_MAX_COLUMNS];	/* primary key */
	Oid			key_types[KEY_MAX_COLUMNS]; /* base types */
	int			key_count;
	AttrNumber	tracked_key[KEY_MAX_COLUMNS];	/* the primary key when the table was tracked */
	int			tracked_key_count;	/* 0: the arguments do not say */
	bool		is_partition;
	bool		in_partition_key[KEY_MAX_COLUMNS];	/* key column is in the partition key of an
													 * ancestor */
	int			nwatched;		/* columns of UPDATE OF; 0 if it is not used */
	AttrNumber	watched[FLEXIBLE_ARRAY_MEMBER];
} Mapping;

/*
 * Reads the mapping of a trigger into a new child of the given memory context.  Runs no
 * user code.  Errors: 22023 arguments, 42703 unknown column, 42804 type of a column,
 * 42809 relation that cannot be tracked, 55000 no primary key, or another one than the
 * arguments say.
 */
extern Mapping *MappingRead(Relation rel, const Trigger *trigger, MemoryContext parent);

/*
 * Checks the actors that the triggers of track_table() on the table name as constants, as
 * the functions of their events do.  Only track_table() does so: later an actor can be
 * retired, and then each change is refused.  Errors: 42704 not registered, TL003 retired,
 * human as actor, or not allowed, 22023 cannot relay.
 */
extern void MappingsCheck(Oid relid, const Ledger *ledger);

/* As MappingRead(), but reads no fields and no key: for changes that can only be parked. */
extern Mapping *MappingReadNames(Relation rel, const Trigger *trigger, MemoryContext parent);

/* Keeps the mapping until the memory context is reset or deleted. */
extern void MappingPin(Mapping *mapping, MemoryContext context);

/* Deletes the mapping as soon as no memory context pins it. */
extern void MappingForget(Mapping *mapping);

/* The relation's trigger of that OID; NULL if there is none. */
extern const Trigger *MappingTrigger(Relation rel, Oid trigger);

/*
 * The source in the trigger's arguments; else the qualified name of the table, or of the
 * root of its partition tree.  Works even if the mapping cannot be read.
 */
extern const char *MappingSource(Relation rel, const Trigger *trigger);

/* The actor in the trigger's arguments, or NULL.  Works even if the mapping cannot be read. */
extern const char *MappingActor(const Trigger *trigger);

/* Whether the field is mapped. */
extern bool MappingHas(const Mapping *mapping, int field);

#endif
