/*
 * mapping_argument.h
 *		Parses one argument of a trigger that tracks a table.
 */
#ifndef TRUST_LEDGER_MAPPING_ARGUMENT_H
#define TRUST_LEDGER_MAPPING_ARGUMENT_H

#include "tracking/mapping.h"

/*
 * Adds an argument, name=column or name:text, to the mapping, whose event is set.
 * Errors: 22023 invalid argument, 42703 unknown column, 42804 type of a column.
 */
extern void MappingReadArgument(Mapping *mapping, Relation rel, const char *argument);

#endif
