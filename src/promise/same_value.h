/*
 * same_value.h
 *		What is the same, of what is promised.
 */
#ifndef TRUST_LEDGER_SAME_VALUE_H
#define TRUST_LEDGER_SAME_VALUE_H

#include "base/row.h"

extern bool SameValue(Oid type, Datum a, Datum b);
extern bool RowSameValue(const Row *a, int a_column, const Row *b, int b_column);

#endif
