/*
 * change_order.h
 *		Puts changes of tracked rows into the order of the commands that made them.
 */
#ifndef TRUST_LEDGER_CHANGE_ORDER_H
#define TRUST_LEDGER_CHANGE_ORDER_H

#include "postgres.h"

#include "tracking/spool.h"

/*
 * Returns the places of the changes from the first one on that were not dropped, and their
 * number: by command, by row, and by the names of triggers, which fire in that order.
 */
extern int64 *ChangesInOrder(Spool *spool, int64 first, int *count);

#endif
