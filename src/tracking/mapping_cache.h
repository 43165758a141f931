/*
 * mapping_cache.h
 *		Keeps the mappings of triggers until a relation cache entry changes.
 *
 * All functions pin what they return in the current memory context.
 */
#ifndef TRUST_LEDGER_MAPPING_CACHE_H
#define TRUST_LEDGER_MAPPING_CACHE_H

#include "tracking/mapping.h"

/* The mapping of the trigger; NULL if it is not in the cache. */
extern Mapping *MappingCached(const Trigger *trigger);

/* The same, but reads it if need be.  Errors: those of MappingRead(). */
extern Mapping *MappingOfTrigger(Relation rel, const Trigger *trigger);

/* As MappingReadNames(): for a mapping that cannot be read. */
extern Mapping *NamesOfTrigger(Relation rel, const Trigger *trigger);

#endif
