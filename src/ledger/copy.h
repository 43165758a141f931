/*
 * copy.h
 *		Copies: ledgers whose rows arrive through logical replication.
 */
#ifndef TRUST_LEDGER_COPY_H
#define TRUST_LEDGER_COPY_H

#include "base/errcodes.h"

/* Which part of another ledger this ledger is a copy of. */
typedef enum Copied
{
	COPIED_NOTHING,				/* it is not a copy */
	COPIED_ALL,					/* the whole ledger */
	COPIED_UNKNOWN				/* invalid mark, or one of a later version of the extension */
} Copied;

/* Reads the mark in trust.copy; cached.  Needs no rights on the table. */
extern Copied LedgerCopied(void);

/* Error 55000 if the ledger is a copy, in which no entries are made. */
extern void CheckNotCopy(void);

#endif
