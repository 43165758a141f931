/*
 * rebuild.c
 *		rebuild(): restoring promises, sources, scores and governed tables from entries.
 *
 * Only entries that pass verification are used, and rebuild() makes the tables what
 * verify() compares them with.  So it cannot hide an alteration of entries.  Each
 * rebuild is recorded as a governance entry.
 */
#include "postgres.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/snapmgr.h"

#include "base/arguments.h"
#include "base/row_insert.h"
#include "base/statement.h"
#include "governance/governance.h"
#include "ledger/chain_score.h"
#include "ledger/guard_expect.h"
#include "promise/promise_act.h"
#include "verify/check_chain.h"
#include "verify/check_governance.h"

PG_FUNCTION_INFO_V1(rebuild);

static Statement delete_source = STATEMENT(
	"DELETE FROM trust.source"
	" WHERE customer OPERATOR(pg_catalog.=) $1 AND promise OPERATOR(pg_catalog.=) $2",
	TEXTOID, UUIDOID);

static Statement delete_promise = STATEMENT(
	"DELETE FROM trust.promise"
	" WHERE customer OPERATOR(pg_catalog.=) $1 AND promise OPERATOR(pg_catalog.=) $2",
	TEXTOID, UUIDOID);

static void
CheckNoFindings(const Findings *findings, const char *customer)
{
	if (findings->count == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("cannot rebuild customer \"%s\" because its entries failed verification",
					customer),
			 errdetail("%s", findings->first),
			 errhint("Run SELECT * FROM trust_ledger.verify('%s'); to see all problems.",
					 customer)));
}

static bool
SameRow(const Row *a, const Row *b)
{
	for (int i = 0; i < a->shape->natts; i++)
		if (!RowValueEqual(a, i, b, i))
			return false;
	return true;
}

/* How rows of a table are written. */
typedef struct RebuiltTable
{
	const ProjectedTable *table;
	GuardedTable guarded;
	Statement  *delete;
	void		(*store) (const Row *row, bool is_new);
} RebuiltTable;

static void
StorePromise(const Row *promise, bool is_new)
{
	Expectation *expectation = GuardExpectRebuilt(GUARDED_PROMISE,
												  RowInt64(promise, PROMISE_LAST_SEQ), NULL);

	PromiseStore(promise, is_new);
	GuardExpectEnd(expectation);
}

static const RebuiltTable rebuilt_promise = {
	&projected_promise, GUARDED_PROMISE, &delete_promise, StorePromise
};

static void
StoreSource(const Row *source, bool is_new)
{
	if (is_new)
		SourcesInsert(&source, 1);
	else
		SourceReplace(source);
}

static const RebuiltTable rebuilt_source = {
	&projected_source, GUARDED_SOURCE, &delete_source, StoreSource
};

/* Deletes or updates a row if the entries say so.  Returns whether it did. */
static bool
RebuildRow(const RebuiltTable *rebuilt, Projection *projection, const Row *stored)
{
	const ProjectedTable *table = rebuilt->table;
	ProjectedPromise *projected;
	Row		   *expected;

	if (RowIsNull(stored, table->promise))
		RowWithoutKey(table->shape->table);
	projected = ProjectionFind(projection, DatumGetUUIDP(stored->values[table->promise]));
	expected = projected ? table->expected(projected) : NULL;
	if (expected == NULL)
	{
		Expectation *expectation = GuardExpectRebuilt(rebuilt->guarded, 0, NULL);

		CheckWritten(StatementWrite(rebuilt->delete, stored->values, NULL), 1,
					 table->shape->table);
		GuardExpectEnd(expectation);
		return true;
	}
	if (*table->found(projected))
		ereport(ERROR,
				(errcode(ERRCODE_TL_ALTERED),
				 errmsg("promise %s exists twice in table \"trust.%s\"",
						PromiseName(projected->promise), table->shape->table),
				 errhint("Remove one of the rows and restore the table's primary key.")));
	*table->found(projected) = true;
	if (SameRow(stored, expected))
		return false;
	rebuilt->store(expected, false);
	return true;
}

/* Rebuilds all rows of the current customer.  Returns the number of rows changed. */
static int64
RebuildRows(const RebuiltTable *rebuilt, Projection *projection, Reader *stored)
{
	const ProjectedTable *table = rebuilt->table;
	HASH_SEQ_STATUS all;
	ProjectedPromise *projected;
	int64		changed = 0;

	for (; stored->row; ReaderNext(stored))
		changed += RebuildRow(rebuilt, projection, stored->row);
	hash_seq_init(&all, projection->promises);
	while ((projected = hash_seq_search(&all)) != NULL)
		if (!*table->found(projected) && table->expected(projected))
		{
			rebuilt->store(table->expected(projected), true);
			changed++;
		}
	return changed;
}

static int64
RebuildCustomer(const Ledger *ledger, Chain *chain)
{
	ChainCheck	check = {.ledger = ledger->id, .half_life = ledger->half_life};
	char	   *customer = text_to_cstring(chain->customer);
	int64		changed = 0;

	ChainCheckBegin(&check, &(Customers) {.only = customer});
	(void) ChainCheckNext(&check);
	if (check.entries_read == 0 && check.promises.row == NULL && check.sources.row == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("customer \"%s\" has no entries", customer)));
	CheckNoFindings(&check.findings, customer);
	changed += RebuildRows(&rebuilt_promise, &check.projection, &check.promises);
	changed += RebuildRows(&rebuilt_source, &check.projection, &check.sources);
	if (!ScoreMatches(&check.projection, StoredScore(&check)))
	{
		/* a score that is only of an earlier half-life does not count as changed */
		if (!ScoreMatchesOtherHalfLife(&check.projection, StoredScore(&check)))
			changed++;
		ChainScoreRewrite(chain, &check.projection.score);
	}
	ChainCheckEnd(&check);
	return changed;
}

/* To see what this transaction wrote, and what others committed while it waited for locks. */
static void
RenewSnapshot(void)
{
	PopActiveSnapshot();
	PushActiveSnapshot(GetTransactionSnapshot());
}

/* Returns the number of rows restored.  Fails if a trigger prevented that. */
static int64
RestoreSubjects(GovernedTable *governed)
{
	List	   *subjects = SubjectsToRestore(governed);
	ListCell   *cell;

	foreach(cell, subjects)
		GovernanceRestore(governed, lfirst(cell));
	RenewSnapshot();
	CheckWritten(list_length(SubjectsToRestore(governed)), 0, governed->table);
	return list_length(subjects);
}

static int64
RebuildGovernance(const Ledger *ledger)
{
	ChainCheck	check = {.ledger = ledger->id};
	int64		changed = 0;

	ChainCheckBegin(&check, &(Customers) {.only = GOVERNANCE_CUSTOMER});
	(void) ChainCheckNext(&check);
	FindInvalidGovernanceEntries(&check.findings);
	CheckNoFindings(&check.findings, GOVERNANCE_CUSTOMER);
	ChainCheckEnd(&check);
	for (int i = 0; i < GOVERNED_TABLES; i++)
		changed += RestoreSubjects(governed_tables[i]);
	return changed;
}

/*
 * rebuild(of_customer text, reason text, actor, occurred_at, context, idempotency_key)
 *		returns receipt
 *		Restores a customer's promises, sources and score from the entries, or, for the
 *		reserved customer '', the governed tables.  The receipt is that of the governance
 *		entry that records this; its details contain the number of rows changed.  Level
 *		admin.  Errors: TL004; TL006 the entries or the chain were altered; P0002 no such
 *		customer; 22004 of_customer is null.
 */
Datum
rebuild(PG_FUNCTION_ARGS)
{
	Governance	governance;
	Chain		chain;
	text	   *customer;
	bool		of_governance;

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("of_customer must not be null"),
				 errhint("Use '' to rebuild the governed tables.")));
	customer = PG_GETARG_TEXT_PP(0);
	of_governance = VARSIZE_ANY_EXHDR(customer) == 0;
	GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, "rebuild the ledger's tables");
	if (!of_governance)			/* before the governance chain is locked */
		ChainLock(&chain, governance.act.ledger, customer);
	else						/* rebuilding can retire an actor or limit what they back */
		ActorsLock(ExclusiveLock);
	if (GovernanceLock(&governance))
	{
		GovernanceChange change = {.event = "rebuilt"};
		int64		changed;

		PushActiveSnapshot(GetTransactionSnapshot());
		changed = of_governance ? RebuildGovernance(governance.act.ledger) :
			RebuildCustomer(governance.act.ledger, &chain);
		PopActiveSnapshot();
		if (of_governance)		/* look up actor and access again, which may have changed */
		{
			LedgerLeave(&governance.session);
			GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, "rebuild the ledger's tables");
			(void) GovernanceLock(&governance);
		}
		change.subject = text_to_cstring(customer);
		change.details = DirectFunctionCall1(jsonb_in,
											 CStringGetDatum(psprintf("{\"rows_changed\": "
																	  INT64_FORMAT "}", changed)));
		change.reason = ArgText(fcinfo->args[1], "reason");
		GovernanceAppend(&governance, &change, 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}
