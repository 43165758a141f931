/*
 * trust_ledger.c
 *		The module: magic and what is set up when it is loaded.
 */
#include "postgres.h"

#include "fmgr.h"

#include "governance/caller.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

void
_PG_init(void)
{
	CallerInit();
}
