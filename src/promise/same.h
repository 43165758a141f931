/*
 * same.h
 *		What is the same, of what is promised.
 */
#ifndef TRUST_LEDGER_SAME_H
#define TRUST_LEDGER_SAME_H

#include "base/row.h"

extern bool SameValue(Oid type, Datum a, Datum b);
extern bool RowSame(const Row *a, int a_column, const Row *b, int b_column);

#endif
