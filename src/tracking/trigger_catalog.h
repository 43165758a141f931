/*
 * trigger_catalog.h
 *		Triggers that call track(), as the catalogs have them.
 */
#ifndef TRUST_LEDGER_TRIGGER_CATALOG_H
#define TRUST_LEDGER_TRIGGER_CATALOG_H

#include "trust_ledger.h"

#include "access/htup.h"
#include "nodes/pg_list.h"
#include "utils/relcache.h"

/* What a trigger's argument that says the table's identity begins with. */
#define SOURCE_ARGUMENT "source:"

typedef struct Tracker
{
	HeapTuple	tuple;
	Oid			oid;
	Oid			table;
	Oid			parent;			/* of a partition's copy: the trigger it is a copy of */
	List	   *arguments;
} Tracker;

extern Oid	OwnFunction(const char *name, oidvector *types);
extern Oid	TrackFunction(void);
extern bool AnyTrackers(Oid track);
extern List *AllTrackers(Relation catalog, Oid track);
extern Tracker *TrackerGet(Relation catalog, Oid trigger, Oid track);
extern Tracker *TrackerFind(List *trackers, Oid trigger);
extern List *TrackerCopies(List *trackers, Tracker *tracker);
extern const char *TrackerName(const Tracker *tracker);
extern const char *TrackerSource(List *arguments);
extern const char *TrackerReplacedSource(Relation catalog, const Tracker *tracker, Oid track);
extern void TrackerStore(Relation catalog, const Tracker *tracker, List *arguments);

#endif
