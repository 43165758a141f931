/*
 * findings.c
 *		What verify() finds: rows of its result.
 */
#include "postgres.h"

#include "verify/findings.h"

#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

/* In memory that outlives the row at hand. */
static char *
InWords(const Finding *finding)
{
	MemoryContext previous = MemoryContextSwitchTo(CurTransactionContext);
	char	   *words = psprintf("%s%s%s %s.", finding->part,
								 finding->has_seq ? psprintf(" " INT64_FORMAT, finding->seq) : "",
								 finding->field ? psprintf(", %s", finding->field) : "", finding->problem);

	MemoryContextSwitchTo(previous);
	return words;
}

void
AddFinding(Findings *findings, const Finding *finding)
{
	const char *texts[] = {finding->part, finding->customer, NULL, NULL, finding->subject, finding->field, finding->problem};
	Datum		values[lengthof(texts)] = {0};
	bool		nulls[lengthof(texts)];

	if (findings->count++ == 0)
		findings->first = InWords(finding);
	if (findings->store == NULL)
		return;
	for (size_t i = 0; i < lengthof(texts); i++)
	{
		nulls[i] = texts[i] == NULL;
		if (texts[i])
			values[i] = CStringGetTextDatum(texts[i]);
	}
	nulls[2] = !finding->has_seq;
	values[2] = Int64GetDatum(finding->seq);
	nulls[3] = finding->promise == NULL;
	values[3] = UUIDPGetDatum(finding->promise);
	tuplestore_putvalues(findings->store, findings->tupdesc, values, nulls);
}
