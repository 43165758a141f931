/*
 * same_value.h
 *		Compares values of terms.
 */
#ifndef TRUST_LEDGER_SAME_VALUE_H
#define TRUST_LEDGER_SAME_VALUE_H

#include "base/row.h"

/* Whether two values are equal: numbers and intervals by value, others by their bytes. */
extern bool SameValue(Oid type, Datum a, Datum b);

/* The same for columns of two rows, which must have the same type.  NULL equals NULL. */
extern bool RowSameValue(const Row *a, int a_column, const Row *b, int b_column);

#endif
