/*
 * scanned_actors.c
 *		All actors, read at once for a pass over the promises.
 */
#include "postgres.h"

#include "analysis/scanned_actors.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"

#include "base/statement.h"

static Statement read_actors = STATEMENT_WITHOUT_ARGS(
	"SELECT a.actor, a.kind, CASE WHEN NOT a.active THEN e.recorded_at END"
	" FROM trust.actor a"
	" LEFT JOIN trust.entry e"
	"   ON e.customer OPERATOR(pg_catalog.=) ''"
	"   AND e.seq OPERATOR(pg_catalog.=) a.seq");

void
ReadScannedActors(ExceptionScan *scan)
{
	HASHCTL		control = {
		.keysize = MAX_KEY_BYTES + 1, .entrysize = sizeof(ScannedActor), .hcxt = scan->context
	};
	uint64		count = StatementRead(&read_actors, NULL, NULL);

	scan->actors = hash_create("trust_ledger exceptions' actors", 64, &control,
							   HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);
	for (uint64 i = 0; i < count; i++)
	{
		ScannedActor *actor = hash_search(scan->actors, ResultTextNotNull(i, 1), HASH_ENTER, NULL);
		bool		active;
		Datum		retired_at = ResultValue(i, 3, TIMESTAMPTZOID, &active);

		actor->kind = MemoryContextStrdup(scan->context, ResultTextNotNull(i, 2));
		actor->retired = !active;
		actor->retired_at = active ? DT_NOBEGIN : DatumGetTimestampTz(retired_at);
	}
	SPI_freetuptable(SPI_tuptable);
}

const ScannedActor *
ScannedActorIn(const ExceptionScan *scan, int column)
{
	char	   *actor = RowText(scan->promise, column);

	return actor && strlen(actor) <= MAX_KEY_BYTES ?
		hash_search(scan->actors, actor, HASH_FIND, NULL) : NULL;
}
