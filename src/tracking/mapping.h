/*
 * mapping.h
 *		The mapping: what the arguments of a tracked table's trigger say.
 */
#ifndef TRUST_LEDGER_MAPPING_H
#define TRUST_LEDGER_MAPPING_H

#include "tracking/mapped_fields.h"
#include "promise/lifecycle.h"

#include "commands/trigger.h"
#include "utils/rel.h"

typedef enum OnError
{
	ON_ERROR_FAIL,				/* the statement that changed the row fails */
	ON_ERROR_PARK,				/* the change waits in trust.parked */
	ON_ERROR_NOTE				/* a note in the promise's history says so */
} OnError;

/* One argument of the event: a column of the row, or a constant. */
typedef struct MappedField
{
	int			field;			/* MAPPED_... */
	AttrNumber	attnum;			/* 0: a constant */
	Oid			type;			/* the column's, domains looked through; the constant's */
	Datum		constant;
} MappedField;

#define KEY_MAX_COLUMNS INDEX_MAX_KEYS

/* What a trigger of a tracked table says, made sense of. */
typedef struct Mapping
{
	MemoryContext context;		/* all of it lives there */
	int			pins;			/* how many memory contexts it has to outlive */
	bool		forgotten;		/* it goes with the last pin */
	uint64		pending_in;	/* the transaction for whose gathered changes it is pinned */
	Oid			trigger;
	Oid			relid;
	Oid			owner;			/* of the table */
	char	   *table;			/* schema.table, for people */
	char	   *trigger_name;
	Event		event;
	char	   *source;
	char	   *promise;		/* its name among the row's; empty: it has one */
	OnError		on_error;
	bool		now;			/* written at once, and not at commit */
	bool		withdraws;		/* when the row is deleted */
	MappedField fields[MAPPED_ARGUMENTS];
	int			field_count;
	AttrNumber	key[KEY_MAX_COLUMNS];
	Oid			key_types[KEY_MAX_COLUMNS];
	int			key_count;
	bool		is_partition;
	bool		key_places[KEY_MAX_COLUMNS];	/* it decides in which partition the row is */
	int			nwatched;		/* UPDATE OF: the columns */
	AttrNumber	watched[FLEXIBLE_ARRAY_MEMBER];
} Mapping;

extern Mapping *MappingRead(Relation rel, const Trigger *trigger, MemoryContext context);
extern Mapping *MappingReadNames(Relation rel, const Trigger *trigger, MemoryContext context);
extern void MappingPin(Mapping *mapping, MemoryContext context);
extern void MappingForget(Mapping *mapping);
extern const Trigger *MappingTrigger(Relation rel, Oid trigger);
extern const char *MappingSource(Relation rel, const Trigger *trigger);
extern const char *MappingActor(const Trigger *trigger);
extern bool MappingHas(const Mapping *mapping, int field);

#endif
