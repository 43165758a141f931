/*
 * trigger_catalog.h
 *		Reads and updates triggers that call track() in the system catalogs.
 */
#ifndef TRUST_LEDGER_TRIGGER_CATALOG_H
#define TRUST_LEDGER_TRIGGER_CATALOG_H

#include "base/errcodes.h"

#include "access/htup.h"
#include "nodes/pg_list.h"
#include "utils/reltrigger.h"
#include "utils/relcache.h"

/* Prefix of the trigger argument that names the source of the table. */
#define SOURCE_ARGUMENT "source:"

/* A row of pg_trigger. */
typedef struct TrackTrigger
{
	HeapTuple	tuple;
	Oid			oid;
	Oid			table;
	Oid			parent;			/* the trigger that a partition's trigger was cloned from */
	bool		suspends;		/* stands for those of track(); see suspension.c */
	List	   *arguments;		/* of char *; the first is the event */
} TrackTrigger;

/* OID of trust_ledger.track(); InvalidOid if there is none. */
extern Oid	TrackFunction(void);

/* OID of trust_ledger.refuse_while_suspended(); InvalidOid if there is none. */
extern Oid	SuspensionFunction(void);

/* Whether track_table() created the trigger; not its trigger for TRUNCATE. */
extern bool TriggerIsGenerated(const Trigger *trigger, Oid track);

/* Whether any trigger calls track() or suspends tracking; two index lookups. */
extern bool AnyTrackTriggers(void);

/* All triggers that call track() or suspend tracking.  catalog is pg_trigger. */
extern List *AllTrackTriggers(Relation catalog);

/* The triggers that suspend tracking. */
extern List *AllSuspensions(Relation catalog);

/* The trigger of that OID; NULL if it does not call that function. */
extern TrackTrigger *TrackTriggerGet(Relation catalog, Oid trigger, Oid function);

/* Finds a trigger in a list; an internal error if it is missing. */
extern TrackTrigger *TrackTriggerFind(List *track_triggers, Oid trigger);

/* The trigger and its clones on partitions of all levels. */
extern List *TrackTriggerCopies(List *track_triggers, TrackTrigger *track_trigger);

extern const char *TrackTriggerName(const TrackTrigger *track_trigger);

/* Points to the column's name in an argument; NULL if the argument is a constant. */
extern const char *TrackArgumentColumn(const char *argument);

/* The argument of the trigger that names the column, or NULL. */
extern const char *TrackTriggerArgumentOf(const TrackTrigger *track_trigger, const char *column);

/* The source in the arguments of a trigger, or NULL. */
extern const char *TrackTriggerSource(List *arguments);

/* The source that the trigger had before CREATE OR REPLACE TRIGGER in this command, or NULL. */
extern const char *TrackTriggerReplacedSource(Relation catalog, const TrackTrigger *track_trigger,
											  Oid track);

/* Replaces the arguments in the catalog, and makes the change visible. */
extern void TrackTriggerStore(Relation catalog, const TrackTrigger *track_trigger,
							  List *arguments);

#endif
