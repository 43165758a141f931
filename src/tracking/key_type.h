/*
 * key_type.h
 *		Refuses other types of key columns of tracked tables.
 */
#ifndef TRUST_LEDGER_KEY_TYPE_H
#define TRUST_LEDGER_KEY_TYPE_H

#include "nodes/parsenodes.h"

/*
 * Error 55000 if the command, ALTER COLUMN ... TYPE or SET EXPRESSION, which has been
 * executed, may have changed the text of keys of the table.  Its snapshot must be active.
 * tracked: the column was in its primary key when it was tracked.
 */
extern void CheckKeyType(Oid relid, const AlterTableCmd *command, bool tracked);

#endif
