/*
 * mapped_due.c
 *		Due times of rows that are stated as days or local times.
 *
 * A promise keeps the day that was promised.  If the ledger gets another zone, a row that
 * did not change still states the due time that it had in a former zone.
 */
#include "postgres.h"

#include "tracking/mapped_due.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "base/statement.h"
#include "promise/terms.h"

static Statement find_zones = STATEMENT_WITHOUT_ARGS(
	"SELECT DISTINCT details OPERATOR(pg_catalog.->>) 'zone'"
	" FROM trust.entry"
	" WHERE customer OPERATOR(pg_catalog.=) ''"
	"   AND event OPERATOR(pg_catalog.=) ANY ('{ledger_created,ledger_set}'::pg_catalog.text[])");

List *
LedgerZones(void)
{
	List	   *zones = NIL;
	uint64		count = StatementWrite(&find_zones, NULL, NULL);

	for (uint64 i = 0; i < count; i++)
	{
		char	   *name = ResultText(i, 1);
		pg_tz	   *zone = name ? pg_tzset(name) : NULL;

		if (zone)				/* this server may not know one of another server */
			zones = lappend(zones, zone);
	}
	SPI_freetuptable(SPI_tuptable);
	return zones;
}

bool
MappedDueIsLocal(const Mapping *mapping)
{
	for (int i = 0; i < mapping->field_count; i++)
		if (mapping->fields[i].field == COMMAND_DUE_ON ||
			(mapping->fields[i].field == COMMAND_DUE && mapping->fields[i].type == TIMESTAMPOID))
			return true;
	return false;
}

TimestampTz
MappedDue(const Row *mapped, int field, pg_tz *read_in, pg_tz *zone)
{
	TimestampTz due;
	struct pg_tm tm;
	fsec_t		fraction;
	int			offset;
	TimestampTz other;

	if (field == COMMAND_DUE_ON)
		return TermsEndOfDay(DatumGetDateADT(mapped->values[field]), zone);
	due = RowInstant(mapped, field);
	if (zone == read_in || TIMESTAMP_NOT_FINITE(due) ||
		timestamp2tm(due, &offset, &tm, &fraction, NULL, read_in) != 0)
		return due;
	offset = DetermineTimeZoneOffset(&tm, zone);
	return tm2timestamp(&tm, fraction, &offset, &other) == 0 ? other : due;
}
