/*
 * entry_exceptions.h
 *		Exceptions for which entries must be read.
 */
#ifndef TRUST_LEDGER_ENTRY_EXCEPTIONS_H
#define TRUST_LEDGER_ENTRY_EXCEPTIONS_H

#include "analysis/promise_exceptions.h"

/*
 * unconfirmed, row_deleted and clock_set_back.  has_unconfirmed: a promise has an entry
 * that waits for confirmation.
 */
extern void PutEntryExceptions(const ExceptionScan *scan, bool has_unconfirmed);

#endif
