/*
 * check_chain.c
 *		Checks of customers: entries, chain, promises, sources and score.
 *
 * Reads four tables side by side, ordered by customer, on the caller's snapshot:
 * entries, promises, sources and chains.  For each customer, it checks the entries,
 * computes a projection from them, and compares the other tables with that.
 */
#include "postgres.h"

#include "verify/check_chain.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "ledger/erasure_log.h"
#include "ledger/ledger.h"
#include "ledger/row_tally.h"
#include "verify/actor_history.h"
#include "verify/check_entry.h"
#include "verify/digest.h"

/* trust.chain with column score */
enum
{
	CHAIN_SCORE = CHAIN_COLUMNS,
	SCORED_CHAIN_COLUMNS
};

static const Column scored_chain_columns[SCORED_CHAIN_COLUMNS] = {
	{"customer", TEXTOID}, {"length", INT8OID}, {"head", BYTEAOID},
	{"recorded_at", TIMESTAMPTZOID}, {"score", SCORE_COLUMN_TYPE}
};

static const RowShape scored_chain_shape = {
	"chain", scored_chain_columns, SCORED_CHAIN_COLUMNS
};

const char *const tallied_tables[] = {"entry", "promise", "source", "chain"};

/* Reads which texts of the customer were erased.  CheckEntries() needs that in advance. */
static void
ReadErasures(ChainCheck *check)
{
	check->erasures = NULL;
	for (; check->erased.row; ReaderNext(&check->erased))
	{
		char	   *customer = ErasedCustomer(check->erased.row);

		if (strcmp(customer, check->customer) > 0)
			break;
		if (check->erasures == NULL)
			check->erasures = ErasuresBegin(check->context);
		ErasuresAdd(check->erasures, check->erased.row);
	}
}

static void
ChainFinding(ChainCheck *check, const char *field, const char *problem)
{
	AddFinding(&check->findings, &(Finding) {
		.part = "chain", .customer = check->customer, .field = field, .problem = problem
	});
}

static bool
HasChain(const ChainCheck *check)
{
	return check->chains.row && RowTextIs(check->chains.row, CHAIN_CUSTOMER, check->customer);
}

static void
CheckChain(ChainCheck *check)
{
	const Row  *chain = check->chains.row;

	if (!HasChain(check))
	{
		ChainFinding(check, NULL, "is missing");
		return;
	}
	if (check->length == 0)
		ChainFinding(check, NULL, "has no entries");
	if (RowInt64(chain, CHAIN_LENGTH) != check->length)
		ChainFinding(check, "length",
					 psprintf("is " INT64_FORMAT ", but the last entry has seq " INT64_FORMAT,
							  RowInt64(chain, CHAIN_LENGTH), check->length));
	if (!ColumnIsHash(chain, CHAIN_HEAD, check->head))
		ChainFinding(check, "head", "does not match the hash of the last entry");
	if (RowIsNull(chain, CHAIN_RECORDED_AT) == check->has_recorded_at ||
		(check->has_recorded_at && RowInstant(chain, CHAIN_RECORDED_AT) != check->recorded_at))
		ChainFinding(check, "recorded_at", "does not match recorded_at of the last entry");
}

const TrustScore *
StoredScore(const ChainCheck *check)
{
	if (!check->has_scores || !HasChain(check) || RowIsNull(check->chains.row, CHAIN_SCORE))
		return NULL;
	return DatumGetTrustScore(check->chains.row->values[CHAIN_SCORE]);
}

/*
 * Setting the ledger's half-life does not update stored scores.  So verify()
 * computes each score with the half-life of the stored one.
 */
static int64
ProjectionHalfLife(const ChainCheck *check)
{
	const TrustScore *stored = StoredScore(check);

	if (check->half_life)
		return check->half_life;
	return stored && !ScoreIsEmpty(stored) ? stored->half_life : USECS_PER_DAY;
}

static void
CheckScore(ChainCheck *check)
{
	const TrustScore *stored = StoredScore(check);

	if (check->has_scores && HasChain(check) && !ScoreMatches(&check->projection, stored))
		ChainFinding(check, "score", "does not match the entries");
}

static void
RowFinding(ChainCheck *check, const ProjectedTable *table, pg_uuid_t *promise,
		   const char *field, const char *problem)
{
	AddFinding(&check->findings, &(Finding) {
		.part = table->shape->table, .customer = check->customer, .promise = promise,
		.field = field, .problem = problem
	});
}

static void
CheckRow(ChainCheck *check, const ProjectedTable *table, const Row *stored)
{
	pg_uuid_t  *id = RowIsNull(stored, table->promise) ? NULL :
		DatumGetUUIDP(stored->values[table->promise]);
	ProjectedPromise *projected = id ? ProjectionFind(&check->projection, id) : NULL;
	Row		   *expected = projected ? table->expected(projected) : NULL;

	if (expected == NULL)
	{
		RowFinding(check, table, id, NULL, "exists, but no entry says so");
		return;
	}
	if (*table->found(projected))
		RowFinding(check, table, id, NULL, "exists twice");
	*table->found(projected) = true;
	for (int i = 0; i < stored->shape->natts; i++)
		if (!RowValueEqual(stored, i, expected, i))
			RowFinding(check, table, id, stored->shape->columns[i].name,
					   "does not match the entries");
}

/* Compares all rows of the customer, and reports expected rows that are missing. */
static void
CheckRows(ChainCheck *check, const ProjectedTable *table, Reader *stored)
{
	HASH_SEQ_STATUS all;
	ProjectedPromise *projected;

	for (; stored->row && RowTextIs(stored->row, table->customer, check->customer);
		 ReaderNext(stored))
		CheckRow(check, table, stored->row);
	hash_seq_init(&all, check->projection.promises);
	while ((projected = hash_seq_search(&all)) != NULL)
		if (!*table->found(projected) && table->expected(projected))
			RowFinding(check, table, &projected->id, NULL,
					   "is missing, although there are entries about it");
}

/* The first customer at which any reader is positioned; NULL at the end. */
static char *
NextCustomer(ChainCheck *check)
{
	const struct
	{
		const Row  *row;
		int			column;
	}			heads[] = {
		{check->entries.row, ENTRY_CUSTOMER}, {check->promises.row, PROMISE_CUSTOMER},
		{check->chains.row, CHAIN_CUSTOMER}, {check->sources.row, SOURCE_CUSTOMER}
	};
	char	   *first = NULL;

	for (size_t i = 0; i < lengthof(heads); i++)
	{
		char	   *customer = heads[i].row ? RowText(heads[i].row, heads[i].column) : NULL;

		if (heads[i].row && customer == NULL)
			RowWithoutKey(heads[i].row->shape->table);
		if (customer && (first == NULL || strcmp(customer, first) < 0))
			first = customer;
	}
	return first;
}

bool
ChainCheckNext(ChainCheck *check)
{
	MemoryContext previous = CurrentMemoryContext;

	CHECK_FOR_INTERRUPTS();
	MemoryContextReset(check->context);
	MemoryContextSwitchTo(check->context);
	check->customer = NextCustomer(check);
	if (check->customer)
	{
		ProjectionBegin(&check->projection, check->context, ProjectionHalfLife(check));
		check->length = 0;
		memset(check->head, 0, HASH_SIZE);
		check->has_recorded_at = false;
		ReadErasures(check);
		CheckEntries(check);
		CheckChain(check);
	}
	MemoryContextSwitchTo(previous);
	return check->customer != NULL;
}

static void
CheckProjections(ChainCheck *check)
{
	MemoryContext previous = MemoryContextSwitchTo(check->context);

	CheckScore(check);
	if (HasChain(check))
		ReaderNext(&check->chains);
	CheckRows(check, &projected_promise, &check->promises);
	CheckRows(check, &projected_source, &check->sources);
	MemoryContextSwitchTo(previous);
}

bool
ChainsHaveScores(void)
{
	return get_attnum(LedgerRelation(chain_shape.table),
					  scored_chain_columns[CHAIN_SCORE].name) != InvalidAttrNumber;
}

void
ChainCheckBegin(ChainCheck *check, const Customers *customers)
{
	check->context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger customer",
										   ALLOCSET_DEFAULT_SIZES);
	check->has_scores = ChainsHaveScores();
	if (check->registrations == NULL)
		check->registrations = ReadRegistrations();
	ReaderOpenTallied(&check->entries, &entry_shape, "seq", customers);
	ReaderOpenTallied(&check->promises, &promise_shape, "promise", customers);
	ReaderOpenTallied(&check->sources, &source_shape, "promise", customers);
	ReaderOpenTallied(&check->chains, check->has_scores ? &scored_chain_shape : &chain_shape,
					  NULL, customers);
	ReaderOpen(&check->erased, &erased_shape, ERASED_ENTRIES, "seq", customers);
}

void
ChainCheckEnd(ChainCheck *check)
{
	TallyAdd(&check->tallies[TALLY_ENTRY], &check->entries.tally);
	TallyAdd(&check->tallies[TALLY_PROMISE], &check->promises.tally);
	TallyAdd(&check->tallies[TALLY_SOURCE], &check->sources.tally);
	TallyAdd(&check->tallies[TALLY_CHAIN], &check->chains.tally);
	ReaderClose(&check->erased);
	ReaderClose(&check->chains);
	ReaderClose(&check->sources);
	ReaderClose(&check->promises);
	ReaderClose(&check->entries);
	MemoryContextDelete(check->context);
}

void
CheckCustomers(ChainCheck *check, const Customers *customers)
{
	ChainCheckBegin(check, customers);
	while (ChainCheckNext(check))
		CheckProjections(check);
	ChainCheckEnd(check);
}

void
TallyTables(RowTally *tallies)
{
	for (int i = 0; i < TALLIED_TABLES; i++)
		tallies[i] = TallyTable(tallied_tables[i]);
}
