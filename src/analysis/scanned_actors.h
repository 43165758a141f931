/*
 * scanned_actors.h
 *		All actors, read at once for a pass over the promises.
 */
#ifndef TRUST_LEDGER_SCANNED_ACTORS_H
#define TRUST_LEDGER_SCANNED_ACTORS_H

#include "analysis/promise_exceptions.h"
#include "base/text.h"

typedef struct ScannedActor
{
	char		actor[MAX_KEY_BYTES + 1];	/* hash key */
	bool		retired;
	TimestampTz retired_at;		/* only if retired */
	char	   *kind;
} ScannedActor;

/* Reads all actors.  Needs a LedgerSession. */
extern void ReadScannedActors(ExceptionScan *scan);

/* The actor that a column of the promise names; NULL if it names none. */
extern const ScannedActor *ScannedActorIn(const ExceptionScan *scan, int column);

#endif
