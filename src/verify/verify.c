/*
 * verify.c
 *		verify(): checks that the ledger and the extension were not altered.
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
#include "verify/check_governance.h"
#include "verify/check_guards.h"
#include "verify/check_heap.h"
#include "verify/installed.h"
#include "verify/verify_parallel.h"

PG_FUNCTION_INFO_V1(verify_ledger);
PG_FUNCTION_INFO_V1(verify_customer);

/* Checks all customers, in parallel if there are many. */
static void
VerifyLedger(ChainCheck *check, Digest *digest, VerifyTotals *totals)
{
	CustomerRanges ranges = {.count = 1};
	RowTally	contained[TALLIED_TABLES];

	if (max_parallel_workers_per_gather > 0 && !IsInParallelMode())
		ranges = FindCustomerRanges();
	if (ranges.count > 1)
		VerifyParallel(check, &ranges, digest, totals, contained);
	else
	{
		DigestRead(digest, &check->ledger);
		CheckCustomers(check, &(Customers) {0});
		AddToTotals(totals, check);
		TallyTables(contained);
	}
	for (int i = 0; i < TALLIED_TABLES; i++)
		CompareTallies(&check->findings, tallied_tables[i], &totals->tallies[i], &contained[i]);
}

static void
ReportLedger(const VerifyTotals *totals, const Findings *findings, const Digest *digest)
{
	char		hash[HASH_SIZE * 2 + 1];
	char	   *first;

	if (totals->entries == 0)
	{
		ereport(NOTICE, (errmsg("no entries found")));
		return;
	}
	hex_encode((const char *) digest->hash, HASH_SIZE, hash);
	hash[HASH_SIZE * 2] = '\0';
	first = pstrdup(timestamptz_to_str(totals->first));
	ereport(NOTICE,
			(errmsg("verified " INT64_FORMAT " entries of " INT64_FORMAT " customers,"
					" recorded from %s to %s: " INT64_FORMAT " findings, digest %s",
					totals->entries, digest->customers, first, timestamptz_to_str(totals->last),
					findings->count, hash),
			 LedgerCopyKind() == COPY_NONE ? 0 :
			 errdetail("This ledger is a copy: its rows come from another database"
					   " by logical replication.")));
}

static void
ReportCustomer(const ChainCheck *check)
{
	char	   *first;

	if (check->entries_read == 0)
	{
		ereport(NOTICE, (errmsg("no entries found for this customer")));
		return;
	}
	first = pstrdup(timestamptz_to_str(check->first));
	ereport(NOTICE,
			(errmsg("verified " INT64_FORMAT " entries of this customer,"
					" recorded from %s to %s: " INT64_FORMAT " findings",
					check->entries_read, first, timestamptz_to_str(check->last),
					check->findings.count)));
}

/* Checks the extension's objects, views and tables.  False if the tables cannot be read. */
static bool
CheckInstallation(Findings *findings)
{
	if (!FindInstalledProblems(findings) || FindStructureProblems(findings))
		return true;
	AddFinding(findings, &(Finding) {
		.part = "ledger",
		.problem = "cannot be read: columns of its tables are missing or have another type"
	});
	ereport(NOTICE, (errmsg("no entries were verified")));
	return false;
}

/*
 * Starts the result and checks the guards and, if whole, the installation.  Returns
 * false if the tables cannot be read.
 */
static bool
VerifyBegin(ChainCheck *check, FunctionCallInfo fcinfo, LedgerSession *session, bool whole)
{
	Ledger		ledger = {0};
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;

	LedgerFind(&ledger);
	CheckAccess(&ledger, GetUserId(), LEVEL_AUDITOR | LEVEL_ADMIN, "verify the ledger");
	InitMaterializedSRF(fcinfo, 0);
	memset(check, 0, sizeof(ChainCheck));
	check->findings.store = result->setResult;
	check->findings.tupdesc = result->setDesc;
	LedgerEnter(&ledger, session);
	FindGuardProblems(&check->findings);
	if (whole && !CheckInstallation(&check->findings))
		return false;
	LedgerReadId(&ledger);
	check->ledger = ledger.id;
	FindUnknownColumns(&check->findings);
	if (LedgerCopyKind() == COPY_UNKNOWN)
		AddFinding(&check->findings, &(Finding) {
			.part = "guard", .subject = "copy", .field = "copied",
			.problem = "has a value that this version does not support"
		});
	if (!ChainsHaveScores())
		AddFinding(&check->findings, &(Finding) {
			.part = "chain", .field = "score",
			.problem = "is missing: run trust_ledger.migrate_ledger()"
		});
	return true;
}

/*
 * verify() returns setof (part, customer, seq, promise, subject, field, problem)
 *		One row per problem found in the whole ledger.  Reads on the caller's snapshot and
 *		does not block writers.  Can run in read-only transactions and on standbys.  With
 *		many customers, it uses up to max_parallel_workers_per_gather parallel workers.
 *		A NOTICE contains the numbers of entries, customers and findings, the time range
 *		and the digest.  Level auditor or admin.  Error: TL004.
 */
Datum
verify_ledger(PG_FUNCTION_ARGS)
{
	ChainCheck	check;
	LedgerSession session;
	Digest		digest;
	VerifyTotals totals = {0};

	if (VerifyBegin(&check, fcinfo, &session, true))
	{
		FindGovernanceProblems(&check.findings);
		VerifyLedger(&check, &digest, &totals);
		ReportLedger(&totals, &check.findings, &digest);
	}
	LedgerLeave(&session);
	return (Datum) 0;
}

/*
 * verify(of_customer text) returns setof (part, customer, seq, promise, subject, field,
 *		problem)
 *		The same for the guards and one customer's entries, chain, promises and sources.
 *		For '': the governance chain, the governed tables, functions, views and the tables'
 *		structure.  Only verify() finds rows of customers that are missing from indexes.
 */
Datum
verify_customer(PG_FUNCTION_ARGS)
{
	char	   *customer = text_to_cstring(PG_GETARG_TEXT_PP(0));
	ChainCheck	check;
	LedgerSession session;

	if (VerifyBegin(&check, fcinfo, &session, customer[0] == '\0'))
	{
		if (customer[0] == '\0')
			FindGovernanceProblems(&check.findings);
		CheckCustomers(&check, &(Customers) {.only = customer});
		ReportCustomer(&check);
	}
	LedgerLeave(&session);
	return (Datum) 0;
}
