/*
 * rebuild.c
 *		Making anew what entries add up to: promises, score, governed tables.
 *
 * Only from entries that verify: what is made here is what verify() compares
 * with, so nothing that was done to the entries is ever covered up.  That a
 * rebuild was needed stays on record, as an entry of governance.
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
#include "ledger/guard.h"
#include "promise/promise_act.h"
#include "verify/check_chain.h"

PG_FUNCTION_INFO_V1(rebuild);

static Statement delete_source = STATEMENT(
	"DELETE FROM trust.source WHERE customer OPERATOR(pg_catalog.=) $1 AND promise OPERATOR(pg_catalog.=) $2",
	TEXTOID, UUIDOID);

static Statement delete_promise = STATEMENT(
	"DELETE FROM trust.promise WHERE customer OPERATOR(pg_catalog.=) $1 AND promise OPERATOR(pg_catalog.=) $2",
	TEXTOID, UUIDOID);

static void
RefuseUnverified(const ChainCheck *v, const char *customer)
{
	if (v->findings.count == 0)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_TL_ALTERED),
			 errmsg("the entries of customer \"%s\" do not verify", customer),
			 errdetail("%s", v->findings.first),
			 errhint("Nothing is made from altered entries. SELECT * FROM trust_ledger.verify('%s'); shows all that is wrong.", customer)));
}

static bool
SameRow(const Row *a, const Row *b)
{
	for (int i = 0; i < a->shape->natts; i++)
		if (!RowValueEqual(a, i, b, i))
			return false;
	return true;
}

/* How the rows of such a table are made what entries say that they are. */
typedef struct Rebuilt
{
	const Projected *projected;
	GuardedTable guarded;
	Statement  *delete;
	void		(*store) (const Row *row, bool is_new);
} Rebuilt;

static void
StorePromise(const Row *promise, bool is_new)
{
	Expectation *expectation = GuardExpectRebuilt(GUARDED_PROMISE, RowInt64(promise, PROMISE_LAST_SEQ), NULL);

	PromiseStore(promise, is_new);
	GuardDone(expectation);
}

static const Rebuilt rebuilt_promise = {&projected_promise, GUARDED_PROMISE, &delete_promise, StorePromise};

static void
StoreSource(const Row *source, bool is_new)
{
	if (is_new)
		SourcesInsert(&source, 1);
	else
		SourceReplace(source);
}

static const Rebuilt rebuilt_source = {&projected_source, GUARDED_SOURCE, &delete_source, StoreSource};

/* One stored row; whether it was not what the entries add up to. */
static bool
RebuildRow(const Rebuilt *rebuilt, Projection *projection, const Row *stored)
{
	const Projected *projected = rebuilt->projected;
	ProjectedPromise	   *folded;
	Row		   *said;

	if (RowIsNull(stored, projected->promise))
		RowWithoutKey(projected->shape->table);
	folded = ProjectionFind(projection, DatumGetUUIDP(stored->values[projected->promise]));
	said = folded ? projected->said(folded) : NULL;
	if (said == NULL)
	{
		Expectation *expectation = GuardExpectRebuilt(rebuilt->guarded, 0, NULL);

		CheckWritten(StatementWrite(rebuilt->delete, stored->values, NULL), 1, projected->shape->table);
		GuardDone(expectation);
		return true;
	}
	if (*projected->stored(folded))
		ereport(ERROR,
				(errcode(ERRCODE_TL_ALTERED),
				 errmsg("promise %s is there twice", PromiseName(folded->promise)),
				 errhint("Remove one of the rows, and give table \"trust.%s\" back its primary key.", projected->shape->table)));
	*projected->stored(folded) = true;
	if (SameRow(stored, said))
		return false;
	rebuilt->store(said, false);
	return true;
}

/* All rows of the customer's that are stored, and those that are not. */
static int64
RebuildRows(const Rebuilt *rebuilt, Projection *projection, Reader *stored)
{
	const Projected *projected = rebuilt->projected;
	HASH_SEQ_STATUS all;
	ProjectedPromise	   *folded;
	int64		changed = 0;

	for (; stored->row; ReaderNext(stored))
		changed += RebuildRow(rebuilt, projection, stored->row);
	hash_seq_init(&all, projection->promises);
	while ((folded = hash_seq_search(&all)) != NULL)
		if (!*projected->stored(folded) && projected->said(folded))
		{
			rebuilt->store(projected->said(folded), true);
			changed++;
		}
	return changed;
}

static int64
RebuildCustomer(const Ledger *ledger, Chain *chain)
{
	ChainCheck v = {.ledger = ledger->id, .half_life = ledger->half_life};
	char	   *customer = text_to_cstring(chain->customer);
	int64		changed = 0;

	ChainCheckBegin(&v, &(Customers) {.only = customer});
	(void) VerifyNextChain(&v);
	if (v.entries_read == 0 && v.promises.row == NULL && v.sources.row == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_NO_DATA_FOUND),
				 errmsg("customer \"%s\" has no entries", customer)));
	RefuseUnverified(&v, customer);
	changed += RebuildRows(&rebuilt_promise, &v.projection, &v.promises);
	changed += RebuildRows(&rebuilt_source, &v.projection, &v.sources);
	if (!FoldedScoreIs(&v.projection, VerifiedScore(&v)))
	{
		/* one that is still of another half-life is no damage */
		changed += FoldedScoreWas(&v.projection, VerifiedScore(&v)) ? 0 : 1;
		ChainScoreRewrite(chain, &v.projection.score);
	}
	ChainCheckEnd(&v);
	return changed;
}

/* What this transaction did is read too, and what others committed while locks were waited for. */
static void
RenewSnapshot(void)
{
	PopActiveSnapshot();
	PushActiveSnapshot(GetTransactionSnapshot());
}

/* How many rows were not what governance says; they are now, or a trigger that somebody planted kept them. */
static int64
RestoreSubjects(GovernedTable *governed)
{
	List	   *subjects = GovernedSubjectsAmiss(governed);
	ListCell   *cell;

	foreach(cell, subjects)
		GovernanceRestore(governed, lfirst(cell));
	RenewSnapshot();
	CheckWritten(list_length(GovernedSubjectsAmiss(governed)), 0, governed->table);
	return list_length(subjects);
}

static int64
RebuildGovernance(const Ledger *ledger)
{
	ChainCheck v = {.ledger = ledger->id};
	int64		changed = 0;

	ChainCheckBegin(&v, &(Customers) {.only = GOVERNANCE_CUSTOMER});
	(void) VerifyNextChain(&v);
	FindUngoverned(&v.findings);
	RefuseUnverified(&v, GOVERNANCE_CUSTOMER);
	ChainCheckEnd(&v);
	for (int i = 0; i < GOVERNED_TABLES; i++)
		changed += RestoreSubjects(governed_tables[i]);
	return changed;
}

/*
 * rebuild(of_customer text, reason text, actor, occurred_at, context, idempotency_key)
 *		returns receipt
 *		Makes the customer's promises and score anew from the entries; of '', the
 *		reserved customer, the tables of governance.  Refused where entries or chain do
 *		not verify (TL006).  The receipt is of the governance entry that says so; its
 *		details say how many rows were not what the entries add up to.  Level admin.
 *		Errors: TL004, TL006, P0002 no such customer, 22004.
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
				 errmsg("of_customer is needed"),
				 errhint("'' stands for governance.")));
	customer = PG_GETARG_TEXT_PP(0);
	of_governance = VARSIZE_ANY_EXHDR(customer) == 0;
	GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, "rebuild what entries add up to");
	if (!of_governance)			/* locked before that of governance */
		ChainLock(&chain, governance.act.ledger, customer);
	else						/* an actor may turn out to be retired, or to back less */
		ActorsLock(ExclusiveLock);
	if (GovernanceLock(&governance))
	{
		GovernanceChange change = {.event = "rebuilt"};
		int64		changed;

		PushActiveSnapshot(GetTransactionSnapshot());
		changed = of_governance ? RebuildGovernance(governance.act.ledger) :
			RebuildCustomer(governance.act.ledger, &chain);
		PopActiveSnapshot();
		if (of_governance)		/* who acts, and may, by what holds now */
		{
			LedgerLeave(&governance.session);
			GovernanceBegin(&governance, fcinfo, LEVEL_ADMIN, "rebuild what entries add up to");
			(void) GovernanceLock(&governance);
		}
		change.subject = text_to_cstring(customer);
		change.details = DirectFunctionCall1(jsonb_in, CStringGetDatum(psprintf("{\"rows_changed\": " INT64_FORMAT "}", changed)));
		change.reason = ArgWords(fcinfo->args[1], "reason");
		GovernanceAppend(&governance, &change, 1);
	}
	return GovernanceEnd(&governance, fcinfo);
}
