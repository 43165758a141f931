/*
 * findings.c
 *		The rows that verify() returns.
 */
#include "postgres.h"

#include "verify/findings.h"

#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

/* Allocates the sentence in CurTransactionContext: callers reset their contexts per row. */
static char *
FindingSentence(const Finding *finding)
{
	MemoryContext previous = MemoryContextSwitchTo(CurTransactionContext);
	const char *seq = finding->has_seq ? psprintf(" " INT64_FORMAT, finding->seq) : "";
	const char *field = finding->field ? psprintf(", %s", finding->field) : "";
	char	   *sentence = psprintf("%s%s%s %s.", finding->part, seq, field, finding->problem);

	MemoryContextSwitchTo(previous);
	return sentence;
}

void
AddFinding(Findings *findings, const Finding *finding)
{
	const char *texts[] = {
		finding->part, finding->customer, NULL, NULL, finding->subject, finding->field,
		finding->problem
	};
	Datum		values[lengthof(texts)] = {0};
	bool		nulls[lengthof(texts)];

	if (findings->count++ == 0)
		findings->first = FindingSentence(finding);
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
