/*
 * mapping_argument.h
 *		The arguments of a tracked table's trigger.
 */
#ifndef TRUST_LEDGER_MAPPING_ARGUMENT_H
#define TRUST_LEDGER_MAPPING_ARGUMENT_H

#include "tracking/mapping.h"

extern void MappingReadArgument(Mapping *mapping, Relation rel, const char *argument);

#endif
