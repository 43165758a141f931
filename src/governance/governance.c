/*
 * governance.c
 *		Governance: changes of actors, policies, access, settings and tracking, as entries.
 *
 * Each entry has the whole new row in details, so that tables can be verified against
 * the entries and rebuilt from them.  The SQL functions set IntervalStyle, so that
 * details do not depend on the caller's settings.
 */
#include "postgres.h"

#include "governance/governance.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/inval.h"

#include "base/row_insert.h"
#include "base/statement.h"
#include "ledger/guard_expect.h"

GovernedTable governed_ledger =
GOVERNED_TABLE("ledger", "ledger", "table_format, half_life, weights, zone, lag");

GovernedTable governed_actor =
GOVERNED_TABLE("actor", "actor",
			   "kind, name, speaks_for, customer, responsible, db_role, model, authority, active,"
			   " successor");

GovernedTable governed_policy =
GOVERNED_TABLE("policy", "policy",
			   "promiser, promiser_kind, kind, currency, least_value, cumulative, evidence,"
			   " back_within, grace, due_within, active");

GovernedTable governed_access =
GOVERNED_TABLE("access", "role", "levels");

GovernedTable governed_tracking =
GOVERNED_TABLE("tracking", "source", "tab, mapping, triggers, active");

GovernedTable *const governed_tables[GOVERNED_TABLES] = {
	&governed_ledger, &governed_actor, &governed_policy, &governed_access, &governed_tracking
};

void
GovernanceBegin(Governance *governance, FunctionCallInfo fcinfo, int levels,
				const char *what)
{
	memset(governance, 0, sizeof(Governance));
	governance->levels = levels;
	ActBeginCall(&governance->act, fcinfo, levels, what, false);
	LedgerEnter(governance->act.ledger, &governance->session);
}

bool
GovernanceLock(Governance *governance)
{
	Act		   *act = &governance->act;

	ChainLock(&governance->chain, act->ledger, cstring_to_text(GOVERNANCE_CUSTOMER));
	if (ActIsStale(act))		/* access was checked before we waited for the lock */
		CheckAccess(act->ledger, act->role, governance->levels, "govern the ledger");
	return act->idempotency_key == NULL ||
		!ChainFindRequest(&governance->chain, act->idempotency_key, &act->request,
						  &governance->receipt);
}

/* Updates or inserts the row that is derived from the entry. */
static void
UpdateGovernedRow(const GovernanceChange *change, const Row *entry)
{
	Datum		values[4] = {
		entry->values[ENTRY_SUBJECT], entry->values[ENTRY_DETAILS],
		entry->values[ENTRY_SEQ], entry->values[ENTRY_NAME]
	};
	char		nulls[] = "    ";
	Expectation *expectation = GuardExpectOne(GUARDED_GOVERNED, RowInt64(entry, ENTRY_SEQ), NULL);

	nulls[3] = RowIsNull(entry, ENTRY_NAME) ? 'n' : ' ';
	if (StatementWrite(&change->governs->update, values, nulls) == 0)
		CheckWritten(StatementWrite(&change->governs->insert, values, nulls), 1,
					 change->governs->table);
	GuardExpectEnd(expectation);
	/* the guard does this too, but the guards may have been dropped */
	CacheInvalidateRelcacheByRelid(LedgerRelation(change->governs->table));
}

void
GovernanceAppend(Governance *governance, const GovernanceChange *changes, int count)
{
	Row		  **entries = palloc(sizeof(Row *) * count);

	for (int i = 0; i < count; i++)
	{
		Row		   *entry = ActEntry(&governance->act, &governance->chain, changes[i].event);

		RowSetText(entry, ENTRY_SUBJECT, changes[i].subject);
		RowSet(entry, ENTRY_DETAILS, changes[i].details);
		if (changes[i].refers_to)
			RowSet(entry, ENTRY_REFERS_TO, Int64GetDatum(changes[i].refers_to));
		if (changes[i].name)
			RowSet(entry, ENTRY_NAME, PointerGetDatum(changes[i].name));
		if (changes[i].reason)
			RowSet(entry, ENTRY_NOTE, PointerGetDatum(changes[i].reason));
		if (i > 0)				/* an idempotency key is unique within a chain */
			EntryClearRequest(entry);
		entries[i] = entry;
	}
	ChainLink(&governance->chain, entries, count);
	ChainAppend(&governance->chain, entries, count);
	for (int i = 0; i < count; i++)
		if (changes[i].governs)
			UpdateGovernedRow(&changes[i], entries[i]);
	governance->receipt = ReceiptFromEntry(entries[0]);
}

/* Deletes a row for which there is no entry. */
static void
RemoveRow(const GovernedTable *governed, Datum subject)
{
	Oid			types[1] = {TEXTOID};
	char	   *delete = psprintf("DELETE FROM trust.%s WHERE %s::text = $1",
								  governed->table, quote_identifier(governed->key));
	Expectation *expectation = GuardExpectRebuilt(GUARDED_GOVERNED, 0, NULL);

	if (SPI_execute_with_args(delete, 1, types, &subject, NULL, false, 0) != SPI_OK_DELETE)
		elog(ERROR, "could not delete a row of trust.%s", governed->table);
	GuardExpectEnd(expectation);
}

/*
 * An existing row is updated rather than replaced, so that transactions that wait for
 * its lock still find it.
 */
void
GovernanceRestore(GovernedTable *governed, const char *subject)
{
	Oid			types[1] = {TEXTOID};
	Datum		values[4] = {CStringGetTextDatum(subject)};
	char		nulls[] = "    ";
	char	   *last = psprintf("SELECT details, seq, name"
								" FROM trust.entry"
								" WHERE customer = '' AND subject = $1"
								" AND starts_with(event, '%s_')"
								" ORDER BY seq DESC"
								" LIMIT 1", governed->table);
	bool		isnull;

	if (SPI_execute_with_args(last, 1, types, values, NULL, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the entries of a row of trust.%s", governed->table);
	if (SPI_processed == 1)
	{
		Expectation *expectation;

		values[1] = ResultNotNull(0, 1, JSONBOID);
		values[2] = ResultNotNull(0, 2, INT8OID);
		values[3] = ResultValue(0, 3, TEXTOID, &isnull);
		nulls[3] = isnull ? 'n' : ' ';
		expectation = GuardExpectRebuilt(GUARDED_GOVERNED, DatumGetInt64(values[2]), NULL);
		if (StatementWrite(&governed->update, values, nulls) == 0)
			CheckWritten(StatementWrite(&governed->insert, values, nulls), 1, governed->table);
		GuardExpectEnd(expectation);
	}
	else
		RemoveRow(governed, values[0]);
	CacheInvalidateRelcacheByRelid(LedgerRelation(governed->table));
}

Datum
GovernanceEnd(Governance *governance, FunctionCallInfo fcinfo)
{
	Datum		receipt = ReceiptDatum(fcinfo, &governance->receipt, governance->session.caller);

	LedgerLeave(&governance->session);
	return receipt;
}

Datum
StatementDatum(Statement *statement, Datum *values, const char *nulls)
{
	bool		isnull;

	if (StatementWrite(statement, values, nulls) != 1)
		elog(ERROR, "expected one row from: %s", statement->sql);
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);
}
