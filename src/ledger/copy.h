/*
 * copy.h
 *		Copies: a ledger whose rows come from another database, by logical replication.
 */
#ifndef TRUST_LEDGER_COPY_H
#define TRUST_LEDGER_COPY_H

#include "base/errcodes.h"

typedef enum Copied
{
	COPIED_NOTHING,				/* an ordinary ledger */
	COPIED_ALL,
	COPIED_UNKNOWN				/* as another version of the extension may say it */
} Copied;

extern Copied LedgerCopied(void);
extern void CheckNotCopy(void);

#endif
