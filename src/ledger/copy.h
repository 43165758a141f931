/*
 * copy.h
 *		Copies: ledgers whose rows arrive through logical replication.
 */
#ifndef TRUST_LEDGER_COPY_H
#define TRUST_LEDGER_COPY_H

#include "base/errcodes.h"

/* Which part of another ledger this ledger is a copy of. */
typedef enum CopyKind
{
	COPY_NONE,					/* it is not a copy */
	COPY_ALL,					/* the whole ledger */
	COPY_UNKNOWN				/* invalid mark, or one of a later version of the extension */
} CopyKind;

/* Reads the mark in trust.copy; cached.  Needs no rights on the table. */
extern CopyKind LedgerCopyKind(void);

/* Error 55000 if the ledger is a copy, in which no entries are made. */
extern void CheckNotCopy(void);

#endif
