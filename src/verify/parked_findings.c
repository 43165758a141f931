/*
 * parked_findings.c
 *		Whether what waits is what the entries of governance say.
 *
 * The entries are folded: each parked change waits from the entry that names it
 * as parked until one says that it was replayed or dropped.  What waits by them
 * is compared with the rows that are there.
 */
#include "postgres.h"

#include "verify/parked_findings.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "base/statement.h"
#include "tracking/parked_trace.h"

/*
 * A row per change that an entry names; without one where the entry names none.
 * Operators stand bare here: verify() has its search_path pinned.
 */
static Statement read_named = STATEMENT_WITHOUT_ARGS(
	"SELECT e.seq, e.event,"
	"   CASE WHEN n.parked ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN n.parked::pg_catalog.uuid END,"
	"   CASE WHEN n.commitment ~ '^[0-9a-f]{64}$' THEN pg_catalog.decode(n.commitment, 'hex') END,"
	"   NOT w.well_formed OR n.parked IS NOT NULL"
	" FROM trust.entry e"
	"   CROSS JOIN LATERAL (SELECT pg_catalog.jsonb_typeof(e.details -> 'parked') IS NOT DISTINCT FROM 'object') AS w (well_formed)"
	"   LEFT JOIN LATERAL pg_catalog.jsonb_each_text(CASE WHEN w.well_formed THEN e.details -> 'parked' ELSE '{}' END) AS n (parked, commitment) ON true"
	" WHERE e.customer = '' AND e.event IN ('" CHANGES_PARKED "', '" CHANGES_RECORDED "', '" CHANGES_REPLAYED "', '" CHANGES_DROPPED "')"
	" ORDER BY e.seq");

enum
{
	NAMED_SEQ = 1,
	NAMED_EVENT,
	NAMED_PARKED,
	NAMED_COMMITMENT,
	NAMED_ANY
};

/* Whether this ledger had a record of parked changes from its beginning. */
static Statement read_beginning = STATEMENT_WITHOUT_ARGS(
	"SELECT FROM trust.entry WHERE customer = '' AND seq = 1 AND details ? '" PARKED_ON_RECORD "'");

/* By no index: the view reads all of it, too. */
static Statement read_parked = STATEMENT_WITHOUT_ARGS("SELECT * FROM trust.parked_change ORDER BY parked_at, parked");

typedef struct NamedChange
{
	pg_uuid_t	parked;			/* hash key */
	bool		commits;
	uint8		commitment[HASH_SIZE];
	const char *gone;			/* the event; NULL: it waits */
	bool		found;			/* its row is there */
} NamedChange;

typedef struct ParkedFold
{
	Findings   *findings;
	HTAB	   *named;
	bool		from_beginning;
	bool		any;			/* an entry names parked changes, or says that there are none */
	bool		parks;			/* and not only those that were there before */
} ParkedFold;

static char *
UuidText(const pg_uuid_t *uuid)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(uuid)));
}

static void
ParkedFinding(ParkedFold *projection, const pg_uuid_t *parked, int64 seq, const char *field, const char *problem)
{
	AddFinding(projection->findings, &(Finding) {
		.part = parked_shape.table, .customer = "", .has_seq = seq > 0, .seq = seq,
		.subject = parked ? UuidText(parked) : NULL, .field = field, .problem = problem
	});
}

/* ---- the entries ---- */

static void
FoldParked(ParkedFold *projection, int64 seq, const pg_uuid_t *parked, const bytea *commitment)
{
	bool		before;
	NamedChange *change = hash_search(projection->named, parked, HASH_ENTER, &before);

	if (before)
	{
		ParkedFinding(projection, parked, seq, NULL, "is said to be parked, and was parked before");
		return;
	}
	change->gone = NULL;
	change->found = false;
	change->commits = commitment != NULL;
	if (commitment)
		memcpy(change->commitment, VARDATA_ANY(commitment), HASH_SIZE);
	else
		ParkedFinding(projection, parked, seq, "details", "has no commitment to what was parked");
}

static void
FoldGone(ParkedFold *projection, int64 seq, const pg_uuid_t *parked, const bytea *commitment, const char *event)
{
	NamedChange *change = hash_search(projection->named, parked, HASH_FIND, NULL);

	if (change == NULL)
		ParkedFinding(projection, parked, seq, NULL, "is said to be gone, and no entry says that it was parked");
	else if (change->gone)
		ParkedFinding(projection, parked, seq, NULL, "is said to be gone, and was gone before");
	else if (change->commits && (commitment == NULL || memcmp(VARDATA_ANY(commitment), change->commitment, HASH_SIZE) != 0))
		ParkedFinding(projection, parked, seq, NULL, "was not what was parked when it went");
	if (change && change->gone == NULL)
		change->gone = event;
}

/* In terms of the events that there are, which outlive the row that was read. */
static const char *
KnownEvent(const char *event)
{
	static const char *const events[] = {CHANGES_PARKED, CHANGES_RECORDED, CHANGES_REPLAYED, CHANGES_DROPPED};

	for (size_t i = 0; i < lengthof(events); i++)
		if (strcmp(event, events[i]) == 0)
			return events[i];
	return NULL;
}

static void
FoldNamed(ParkedFold *projection, HeapTuple tuple, TupleDesc tupdesc)
{
	bool		absent[NAMED_ANY + 1];
	int64		seq = DatumGetInt64(SPI_getbinval(tuple, tupdesc, NAMED_SEQ, &absent[NAMED_SEQ]));
	const char *event = KnownEvent(SPI_getvalue(tuple, tupdesc, NAMED_EVENT));
	Datum		parked = SPI_getbinval(tuple, tupdesc, NAMED_PARKED, &absent[NAMED_PARKED]);
	Datum		commitment = SPI_getbinval(tuple, tupdesc, NAMED_COMMITMENT, &absent[NAMED_COMMITMENT]);
	bool		any = DatumGetBool(SPI_getbinval(tuple, tupdesc, NAMED_ANY, &absent[NAMED_ANY]));
	bool		recorded = strcmp(event, CHANGES_RECORDED) == 0;
	const bytea *committed = absent[NAMED_COMMITMENT] ? NULL : DatumGetByteaPP(commitment);

	projection->any = true;
	if (recorded && (projection->from_beginning || projection->parks))
		ParkedFinding(projection, absent[NAMED_PARKED] ? NULL : DatumGetUUIDP(parked), seq, "event",
					  "is said to have been parked before that was on record, and it was on record then");
	projection->parks = projection->parks || !recorded;
	if (!any)
		return;
	if (absent[NAMED_PARKED])
		ParkedFinding(projection, NULL, seq, "details", "does not name changes as its event does");
	else if (recorded || strcmp(event, CHANGES_PARKED) == 0)
		FoldParked(projection, seq, DatumGetUUIDP(parked), committed);
	else
		FoldGone(projection, seq, DatumGetUUIDP(parked), committed, event);
}

static void
ProjectEntries(ParkedFold *projection)
{
	HASHCTL		control = {.keysize = sizeof(pg_uuid_t), .entrysize = sizeof(NamedChange), .hcxt = CurrentMemoryContext};
	MemoryContext batch = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger parked entries", ALLOCSET_DEFAULT_SIZES);
	Portal		portal = StatementOpen(&read_named, NULL, NULL, true);
	SPITupleTable *rows = NULL;
	uint64		count;

	projection->named = hash_create("trust_ledger parked changes", 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	while ((count = StatementFetch(portal, &rows)) > 0)
	{
		MemoryContext previous = MemoryContextSwitchTo(batch);

		for (uint64 i = 0; i < count; i++)
			FoldNamed(projection, rows->vals[i], rows->tupdesc);
		MemoryContextSwitchTo(previous);
		MemoryContextReset(batch);
	}
	SPI_cursor_close(portal);
	MemoryContextDelete(batch);
}

/* ---- the rows ---- */

static bool
IsWhatWasParked(const NamedChange *change, const pg_uuid_t *ledger, const Row *row)
{
	uint8		commitment[HASH_SIZE];

	return !change->commits ||
		(ParkedCommitment(row, ledger, commitment) && memcmp(commitment, change->commitment, HASH_SIZE) == 0);
}

static void
CheckParked(ParkedFold *projection, const pg_uuid_t *ledger, const Row *row)
{
	pg_uuid_t  *parked = RowIsNull(row, PARKED_PARKED) ? NULL : DatumGetUUIDP(row->values[PARKED_PARKED]);
	NamedChange *change = parked ? hash_search(projection->named, parked, HASH_FIND, NULL) : NULL;

	if (change == NULL)
		ParkedFinding(projection, parked, 0, NULL, "is there, and no entry says that it was parked");
	else if (change->gone)
		ParkedFinding(projection, parked, 0, NULL, strcmp(change->gone, CHANGES_DROPPED) == 0 ?
					  "is there, and an entry says that it was dropped" : "is there, and an entry says that it was replayed");
	else if (change->found)
		ParkedFinding(projection, parked, 0, NULL, "is there twice");
	else if (!IsWhatWasParked(change, ledger, row))
		ParkedFinding(projection, parked, 0, NULL, "is not what was parked");
	if (change)
		change->found = true;
}

/* A row may have megabytes, so one is fetched at a time. */
static void
CheckRows(ParkedFold *projection, const pg_uuid_t *ledger)
{
	MemoryContext one = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger parked row", ALLOCSET_DEFAULT_SIZES);
	Portal		portal = StatementOpen(&read_parked, NULL, NULL, true);

	for (;;)
	{
		MemoryContext previous;

		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, 1);
		if (SPI_processed == 0)
			break;
		previous = MemoryContextSwitchTo(one);
		CheckParked(projection, ledger, RowFromTuple(&parked_shape, SPI_tuptable->vals[0], SPI_tuptable->tupdesc));
		MemoryContextSwitchTo(previous);
		SPI_freetuptable(SPI_tuptable);
		MemoryContextReset(one);
	}
	SPI_freetuptable(SPI_tuptable);
	SPI_cursor_close(portal);
	MemoryContextDelete(one);
}

static int
CompareParked(const void *a, const void *b)
{
	return memcmp(a, b, UUID_LEN);
}

static void
FindMissing(ParkedFold *projection)
{
	HASH_SEQ_STATUS all;
	NamedChange *change;
	int			count = 0;
	pg_uuid_t  *missing = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(pg_uuid_t) * Max(hash_get_num_entries(projection->named), 1));

	hash_seq_init(&all, projection->named);
	while ((change = hash_seq_search(&all)) != NULL)
		if (change->gone == NULL && !change->found)
			missing[count++] = change->parked;
	qsort(missing, count, sizeof(pg_uuid_t), CompareParked);
	for (int i = 0; i < count; i++)
		ParkedFinding(projection, &missing[i], 0, NULL, "is missing, and no entry says that it was replayed or dropped");
	pfree(missing);
}

/*
 * What waits in trust.parked against the entries of governance.  A ledger of an
 * earlier version has no such entries until it is migrated: nothing is known then.
 */
void
FindParkedProblems(Findings *findings)
{
	ParkedFold	projection = {.findings = findings};
	Ledger		ledger = {0};

	projection.from_beginning = StatementRead(&read_beginning, NULL, NULL) > 0;
	ProjectEntries(&projection);
	if (!projection.any && !projection.from_beginning)
		return;
	if (!LedgerHasParkedSalts())
	{
		AddFinding(findings, &(Finding) {
			.part = parked_shape.table, .customer = "", .field = "salt", .problem = "is missing: the column does not exist"
		});
		return;
	}
	LedgerReadId(&ledger);
	CheckRows(&projection, &ledger.id);
	FindMissing(&projection);
	hash_destroy(projection.named);
}
