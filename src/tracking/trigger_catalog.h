/*
 * trigger_catalog.h
 *		Triggers that call track(), as the catalogs have them.
 */
#ifndef TRUST_LEDGER_TRIGGER_CATALOG_H
#define TRUST_LEDGER_TRIGGER_CATALOG_H

#include "base/errcodes.h"

#include "access/htup.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

/* What a trigger's argument that says the table's identity begins with. */
#define SOURCE_ARGUMENT "source:"

typedef struct TrackTrigger
{
	HeapTuple	tuple;
	Oid			oid;
	Oid			table;
	Oid			parent;			/* of a partition's copy: the trigger it is a copy of */
	List	   *arguments;
} TrackTrigger;

extern Oid	TrackFunction(void);
extern bool AnyTrackTriggers(Oid track);
extern List *AllTrackTriggers(Relation catalog, Oid track);
extern TrackTrigger *TrackTriggerGet(Relation catalog, Oid trigger, Oid track);
extern TrackTrigger *TrackTriggerFind(List *track_triggers, Oid trigger);
extern List *TrackTriggerCopies(List *track_triggers, TrackTrigger *track_trigger);
extern const char *TrackTriggerName(const TrackTrigger *track_trigger);
extern const char *TrackTriggerSource(List *arguments);
extern const char *TrackTriggerReplacedSource(Relation catalog, const TrackTrigger *track_trigger, Oid track);
extern void TrackTriggerStore(Relation catalog, const TrackTrigger *track_trigger, List *arguments);

#endif
