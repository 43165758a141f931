/*
 * mapping.h
 *		The mapping: how a row of one of the company's tables reads as an event.
 */
#ifndef TRUST_LEDGER_MAPPING_H
#define TRUST_LEDGER_MAPPING_H

#include "row.h"
#include "state.h"

#include "commands/trigger.h"
#include "utils/rel.h"

/* What a row's change says; the names are those of the functions' arguments. */
#define MAPPED_LIST(C) \
	C(CUSTOMER, customer, TEXTOID) \
	C(WORDS, words, TEXTOID) \
	C(PROMISER, promiser, TEXTOID) \
	C(DRAFTED_BY, drafted_by, TEXTOID) \
	C(KIND, kind, TEXTOID) \
	C(DUE, due, TIMESTAMPTZOID) \
	C(DUE_ON, due_on, DATEOID) \
	C(VALUE, value, NUMERICOID) \
	C(CURRENCY, currency, TEXTOID) \
	C(PURPOSE, purpose, TEXTOID) \
	C(LONGEST_PAUSE, longest_pause, INTERVALOID) \
	C(VERDICT, verdict, TEXTOID) \
	C(PURPOSE_MET, purpose_met, BOOLOID) \
	C(RELAYED, relayed, BOOLOID) \
	C(REASON, reason, TEXTOID) \
	C(OCCURRED_AT, occurred_at, TIMESTAMPTZOID) \
	C(CONTEXT, context, JSONBOID) \
	C(ACTOR, actor, TEXTOID) \
	C(BACKER, backer, TEXTOID)

#define MAPPED_COLUMN_ID(id, name, type) MAPPED_##id,
enum
{
	MAPPED_LIST(MAPPED_COLUMN_ID)
	MAPPED_COLUMNS
};

extern const RowShape mapped_shape;

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
	Oid			type;			/* the column's, domains looked through */
	Datum		constant;
} MappedField;

#define KEY_MAX_COLUMNS INDEX_MAX_KEYS

/* What a trigger of a tracked table says, made sense of. */
typedef struct Mapping
{
	MemoryContext context;		/* all of it lives there */
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
	MappedField fields[MAPPED_COLUMNS];
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
extern const char *MappingSource(Relation rel, const Trigger *trigger);
extern const char *MappingActor(const Trigger *trigger);
extern bool MappingHas(const Mapping *mapping, int field);
extern Row *MappingRow(const Mapping *mapping, HeapTuple tuple, TupleDesc tupdesc, pg_tz *zone);
extern char *MappingKey(const Mapping *mapping, HeapTuple tuple, TupleDesc tupdesc);
extern List *MappingLastingKey(const Mapping *mapping, HeapTuple tuple, TupleDesc tupdesc);
extern bool MappedEqual(const Row *mapped, int field, const Row *other, int column);
extern bool MappingWatchedChanged(const Mapping *mapping, HeapTuple old, HeapTuple new, TupleDesc tupdesc);

#endif
