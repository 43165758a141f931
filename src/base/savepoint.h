/*
 * savepoint.h
 *		A step that may fail without the transaction.
 */
#ifndef TRUST_LEDGER_SAVEPOINT_H
#define TRUST_LEDGER_SAVEPOINT_H

#include "base/errcodes.h"

extern ErrorData *InSavepoint(void (*step) (void *arg), void *arg, bool keep);
extern bool IsAboutTheStep(const ErrorData *error);

#endif
