/*
 * mapped_row.h
 *		Reads a row of a tracked table according to its mapping.
 */
#ifndef TRUST_LEDGER_MAPPED_ROW_H
#define TRUST_LEDGER_MAPPED_ROW_H

#include "tracking/mapping.h"

/*
 * Returns the mapped values in the current memory context, with shape mapped_shape.  A
 * timestamp without time zone is a local time in the given zone.
 */
extern Row *MappingRow(const Mapping *mapping, HeapTuple tuple, TupleDesc tupdesc, pg_tz *zone);

/*
 * Returns the primary key as text; a key of several columns is a JSON array of their
 * texts.  Error 54000 if it is longer than 1000 bytes.
 */
extern char *MappingKey(const Mapping *mapping, HeapTuple tuple, TupleDesc tupdesc);

/*
 * Returns the parts of the primary key that stay the same if the row moves to another
 * partition, and NULL for the others.  NIL if the table is not a partition.
 */
extern List *MappingStableKey(const Mapping *mapping, HeapTuple tuple, TupleDesc tupdesc);

/* Whether an UPDATE changed one of the columns. */
extern bool ColumnsChanged(const AttrNumber *columns, int count, HeapTuple old, HeapTuple new,
						   TupleDesc tupdesc);

/*
 * Whether an UPDATE changed the primary key, or any mapped column unless the mapping is
 * only about the key.
 */
extern bool MappingColumnsChanged(const Mapping *mapping, HeapTuple old, HeapTuple new,
								  TupleDesc tupdesc);

/* Whether an UPDATE changed the backer, or a column that the trigger's UPDATE OF names. */
extern bool MappingWatchedChanged(const Mapping *mapping, HeapTuple old, HeapTuple new,
								  TupleDesc tupdesc);

#endif
