/*
 * verify.c
 *		Whether the ledger is what was written into it.
 */
#include "postgres.h"

#include "access/xact.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "utils/builtins.h"

#include "governance/access.h"
#include "ledger/copy.h"
#include "ledger/row_tally.h"
#include "verify/check_heap.h"
#include "verify/installed.h"
#include "verify/verify_parallel.h"

PG_FUNCTION_INFO_V1(verify_ledger);
PG_FUNCTION_INFO_V1(verify_customer);

/* The ledger, by as many processes as it is worth and may be had; and whether all that it holds was read. */
static void
VerifyLedger(ChainCheck *v, Digest *digest, Period *period)
{
	Intervals	intervals = {.count = 1};
	RowTally	held[TALLIED_TABLES];

	if (max_parallel_workers_per_gather > 0 && !IsInParallelMode())
		intervals = FindIntervals();
	if (intervals.count > 1)
		VerifyParallel(v, &intervals, digest, period, held);
	else
	{
		DigestRead(digest, &v->ledger);
		VerifyAll(v, &(Customers) {0});
		AddPeriod(period, v);
		TallyTables(held);
	}
	for (int i = 0; i < TALLIED_TABLES; i++)
		CompareTallies(&v->findings, tallied_tables[i], &period->tallies[i], &held[i]);
}

static void
ReportLedger(const Period *period, const Findings *findings, const Digest *digest)
{
	char		hash[HASH_SIZE * 2 + 1];
	char	   *first;

	if (period->entries == 0)
	{
		ereport(NOTICE, (errmsg("no entries were found")));
		return;
	}
	hex_encode((const char *) digest->hash, HASH_SIZE, hash);
	hash[HASH_SIZE * 2] = '\0';
	first = pstrdup(timestamptz_to_str(period->first));
	ereport(NOTICE,
			(errmsg("verified " INT64_FORMAT " entries of " INT64_FORMAT " customers, recorded from %s to %s: "
					INT64_FORMAT " findings, digest %s",
					period->entries, digest->customers, first, timestamptz_to_str(period->last),
					findings->count, hash),
			 LedgerCopied() == COPIED_NOTHING ? 0 :
			 errdetail("This ledger is a copy: its rows come from another database, by logical replication.")));
}

static void
ReportCustomer(const ChainCheck *v)
{
	char	   *first;

	if (v->entries_read == 0)
	{
		ereport(NOTICE, (errmsg("no entries were found of this customer")));
		return;
	}
	first = pstrdup(timestamptz_to_str(v->first));
	ereport(NOTICE,
			(errmsg("verified " INT64_FORMAT " entries of this customer, recorded from %s to %s: "
					INT64_FORMAT " findings",
					v->entries_read, first, timestamptz_to_str(v->last), v->findings.count)));
}

/* What shows the ledger, and what keeps it.  False where its tables are such that they cannot be read. */
static bool
CheckHouse(Findings *findings)
{
	if (!FindInstalledProblems(findings) || FindStructureProblems(findings))
		return true;
	AddFinding(findings, &(Finding) {
		.part = "ledger", .problem = "cannot be read: its tables do not have the columns that they were made with"
	});
	ereport(NOTICE, (errmsg("no entries were read")));
	return false;
}

/* What both have in common: who may, where to, and the guards.  whole: not only of one customer. */
static bool
VerifyBegin(ChainCheck *v, FunctionCallInfo fcinfo, LedgerSession *session, bool whole)
{
	Ledger		ledger = {0};
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	LedgerFind(&ledger);
	CheckAccess(&ledger, GetUserId(), LEVEL_AUDITOR | LEVEL_ADMIN, "verify the ledger");
	InitMaterializedSRF(fcinfo, 0);
	memset(v, 0, sizeof(ChainCheck));
	v->findings.store = result->setResult;
	v->findings.tupdesc = result->setDesc;
	LedgerEnter(&ledger, session);
	FindGuardProblems(&v->findings);
	if (whole && !CheckHouse(&v->findings))
		return false;
	LedgerReadId(&ledger);
	v->ledger = ledger.id;
	FindUnknownColumns(&v->findings);
	if (LedgerCopied() == COPIED_UNKNOWN)
		AddFinding(&v->findings, &(Finding) {
			.part = "guard", .subject = "copy", .field = "copied", .problem = "is not what this version makes a copy with"
		});
	if (!HasScores())
		AddFinding(&v->findings, &(Finding) {
			.part = "chain", .field = "score", .problem = "is missing: migrate_ledger() brings it back"
		});
	return true;
}

/*
 * verify() returns setof (part, customer, seq, promise, subject, field, problem)
 *		The whole ledger; empty when nothing is wrong.  On the caller's snapshot,
 *		beside writers, in read-only transactions and on standbys; with the help of
 *		max_parallel_workers_per_gather workers where there are many customers.  One
 *		NOTICE with counts, period and digest.  Level auditor or admin.
 */
Datum
verify_ledger(PG_FUNCTION_ARGS)
{
	ChainCheck v;
	LedgerSession session;
	Digest		digest;
	Period		period = {0};

	if (VerifyBegin(&v, fcinfo, &session, true))
	{
		FindGovernanceProblems(&v.findings);
		VerifyLedger(&v, &digest, &period);
		ReportLedger(&period, &v.findings, &digest);
	}
	LedgerLeave(&session);
	return (Datum) 0;
}

/*
 * verify(of_customer text) returns setof (part, customer, seq, promise, subject, field, problem)
 *		One customer's chain and promises, and the guards; '' is governance, with
 *		functions, views and tables as verify() checks them.
 */
Datum
verify_customer(PG_FUNCTION_ARGS)
{
	char	   *customer = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ChainCheck v;
	LedgerSession session;

	if (VerifyBegin(&v, fcinfo, &session, customer[0] == '\0'))
	{
		if (customer[0] == '\0')
			FindGovernanceProblems(&v.findings);
		VerifyAll(&v, &(Customers) {.only = customer});
		ReportCustomer(&v);
	}
	LedgerLeave(&session);
	return (Datum) 0;
}
