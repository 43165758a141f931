/*
 * parked_findings.c
 *		Checks of trust.parked_change against the governance entries.
 *
 * A change is parked from the entry that says so until an entry says that it was
 * replayed or dropped.  Entries name changes with a commitment to their content.
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
 * One row per change that an entry names, and one row for an entry that names none
 * or whose details are malformed.  Operators need no schema, because verify() sets
 * its search_path.
 */
static Statement read_named = STATEMENT_WITHOUT_ARGS(
	"SELECT e.seq, e.event,"
	"   CASE WHEN n.parked ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
	"     THEN n.parked::pg_catalog.uuid END,"
	"   CASE WHEN n.commitment ~ '^[0-9a-f]{64}$'"
	"     THEN pg_catalog.decode(n.commitment, 'hex') END,"
	"   NOT w.well_formed OR n.parked IS NOT NULL"
	" FROM trust.entry e"
	"   CROSS JOIN LATERAL ("
	"     SELECT pg_catalog.jsonb_typeof(e.details -> 'parked') IS NOT DISTINCT FROM 'object'"
	"   ) AS w (well_formed)"
	"   LEFT JOIN LATERAL pg_catalog.jsonb_each_text("
	"     CASE WHEN w.well_formed THEN e.details -> 'parked' ELSE '{}' END"
	"   ) AS n (parked, commitment) ON true"
	" WHERE e.customer = ''"
	"   AND e.event IN ('" CHANGES_PARKED "', '" CHANGES_RECORDED "',"
	"                   '" CHANGES_REPLAYED "', '" CHANGES_DROPPED "')"
	" ORDER BY e.seq");

enum
{
	NAMED_SEQ = 1,
	NAMED_EVENT,
	NAMED_PARKED,
	NAMED_COMMITMENT,
	NAMED_ANY					/* false: the entry names no change */
};

/* Returns a row if entries have recorded parked changes since the ledger was created. */
static Statement read_beginning = STATEMENT_WITHOUT_ARGS(
	"SELECT"
	" FROM trust.entry"
	" WHERE customer = '' AND seq = 1 AND details ? '" PARKED_ON_RECORD "'");

static Statement read_parked = STATEMENT_WITHOUT_ARGS(
	"SELECT * FROM trust.parked_change ORDER BY parked_at, parked");

typedef struct NamedChange
{
	pg_uuid_t	parked;			/* hash key */
	bool		has_commitment;
	uint8		commitment[HASH_SIZE];
	const char *removed_by;		/* event; NULL: still parked */
	bool		found;			/* in the table */
} NamedChange;

typedef struct ParkedCheck
{
	Findings   *findings;
	HTAB	   *named;			/* of NamedChange */
	bool		from_beginning; /* see read_beginning */
	bool		any;			/* there is an entry about parked changes */
	bool		recording_began;	/* such an entry, other than changes_recorded, was read */
} ParkedCheck;

static char *
UuidText(const pg_uuid_t *uuid)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(uuid)));
}

static void
ParkedFinding(ParkedCheck *check, const pg_uuid_t *parked, int64 seq,
			  const char *field, const char *problem)
{
	AddFinding(check->findings, &(Finding) {
		.part = parked_shape.table, .customer = "", .has_seq = seq > 0, .seq = seq,
		.subject = parked ? UuidText(parked) : NULL, .field = field, .problem = problem
	});
}

static void
ApplyParked(ParkedCheck *check, int64 seq, const pg_uuid_t *parked, const bytea *commitment)
{
	bool		before;
	NamedChange *change = hash_search(check->named, parked, HASH_ENTER, &before);

	if (before)
	{
		ParkedFinding(check, parked, seq, NULL, "was already parked by an earlier entry");
		return;
	}
	change->removed_by = NULL;
	change->found = false;
	change->has_commitment = commitment != NULL;
	if (commitment)
		memcpy(change->commitment, VARDATA_ANY(commitment), HASH_SIZE);
	else
		ParkedFinding(check, parked, seq, "details", "contains no commitment to the parked change");
}

static void
ApplyRemoved(ParkedCheck *check, int64 seq, const pg_uuid_t *parked, const bytea *commitment,
			 const char *event)
{
	NamedChange *change = hash_search(check->named, parked, HASH_FIND, NULL);

	if (change == NULL)
		ParkedFinding(check, parked, seq, NULL,
					  "was replayed or dropped, but no earlier entry says that it was parked");
	else if (change->removed_by)
		ParkedFinding(check, parked, seq, NULL,
					  "was already replayed or dropped by an earlier entry");
	else if (change->has_commitment &&
			 (commitment == NULL ||
			  memcmp(VARDATA_ANY(commitment), change->commitment, HASH_SIZE) != 0))
		ParkedFinding(check, parked, seq, NULL,
					  "did not match its commitment when it was replayed or dropped");
	if (change && change->removed_by == NULL)
		change->removed_by = event;
}

/* The event as a constant.  The text that was read is freed with its batch. */
static const char *
KnownEvent(const char *event)
{
	static const char *const events[] = {
		CHANGES_PARKED, CHANGES_RECORDED, CHANGES_REPLAYED, CHANGES_DROPPED
	};

	for (size_t i = 0; i < lengthof(events); i++)
		if (strcmp(event, events[i]) == 0)
			return events[i];
	return NULL;
}

static void
ApplyNamed(ParkedCheck *check, HeapTuple tuple, TupleDesc tupdesc)
{
	bool		nulls[NAMED_ANY + 1];
	int64		seq = DatumGetInt64(SPI_getbinval(tuple, tupdesc, NAMED_SEQ, &nulls[NAMED_SEQ]));
	const char *event = KnownEvent(SPI_getvalue(tuple, tupdesc, NAMED_EVENT));
	Datum		parked = SPI_getbinval(tuple, tupdesc, NAMED_PARKED, &nulls[NAMED_PARKED]);
	Datum		commitment = SPI_getbinval(tuple, tupdesc, NAMED_COMMITMENT,
										   &nulls[NAMED_COMMITMENT]);
	bool		any = DatumGetBool(SPI_getbinval(tuple, tupdesc, NAMED_ANY, &nulls[NAMED_ANY]));
	bool		recorded = strcmp(event, CHANGES_RECORDED) == 0;
	const bytea *committed = nulls[NAMED_COMMITMENT] ? NULL : DatumGetByteaPP(commitment);

	check->any = true;
	if (recorded && (check->from_beginning || check->recording_began))
		ParkedFinding(check, nulls[NAMED_PARKED] ? NULL : DatumGetUUIDP(parked), seq, "event",
					  "must not be changes_recorded after the ledger began to record parked"
					  " changes");
	check->recording_began = check->recording_began || !recorded;
	if (!any)
		return;
	if (nulls[NAMED_PARKED])
		ParkedFinding(check, NULL, seq, "details",
					  "does not name parked changes as the event requires");
	else if (recorded || strcmp(event, CHANGES_PARKED) == 0)
		ApplyParked(check, seq, DatumGetUUIDP(parked), committed);
	else
		ApplyRemoved(check, seq, DatumGetUUIDP(parked), committed, event);
}

static void
ReadNamed(ParkedCheck *check)
{
	HASHCTL		control = {
		.keysize = sizeof(pg_uuid_t),
		.entrysize = sizeof(NamedChange),
		.hcxt = CurrentMemoryContext
	};
	MemoryContext batch = AllocSetContextCreate(CurrentMemoryContext,
												"trust_ledger parked entries",
												ALLOCSET_DEFAULT_SIZES);
	Portal		portal = StatementOpen(&read_named, NULL, NULL, true);
	SPITupleTable *rows = NULL;
	uint64		count;

	check->named = hash_create("trust_ledger parked changes", 256, &control,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	while ((count = StatementFetch(portal, &rows)) > 0)
	{
		MemoryContext previous = MemoryContextSwitchTo(batch);

		for (uint64 i = 0; i < count; i++)
			ApplyNamed(check, rows->vals[i], rows->tupdesc);
		MemoryContextSwitchTo(previous);
		MemoryContextReset(batch);
	}
	SPI_cursor_close(portal);
	MemoryContextDelete(batch);
}

static bool
MatchesCommitment(const NamedChange *change, const pg_uuid_t *ledger, const Row *row)
{
	uint8		commitment[HASH_SIZE];

	return !change->has_commitment ||
		(ParkedCommitment(row, ledger, commitment) &&
		 memcmp(commitment, change->commitment, HASH_SIZE) == 0);
}

static void
CheckParked(ParkedCheck *check, const pg_uuid_t *ledger, const Row *row)
{
	pg_uuid_t  *parked = RowIsNull(row, PARKED_PARKED) ? NULL :
		DatumGetUUIDP(row->values[PARKED_PARKED]);
	NamedChange *change = parked ? hash_search(check->named, parked, HASH_FIND, NULL) : NULL;

	if (change == NULL)
		ParkedFinding(check, parked, 0, NULL, "exists, but no entry says that it was parked");
	else if (change->removed_by)
		ParkedFinding(check, parked, 0, NULL, strcmp(change->removed_by, CHANGES_DROPPED) == 0 ?
					  "exists, although an entry says that it was dropped" :
					  "exists, although an entry says that it was replayed");
	else if (change->found)
		ParkedFinding(check, parked, 0, NULL, "exists twice");
	else if (!MatchesCommitment(change, ledger, row))
		ParkedFinding(check, parked, 0, NULL, "does not match its commitment");
	if (change)
		change->found = true;
}

/*
 * Reads the table without an index, as the view does.  Fetches one row at a time,
 * because a row can have several megabytes.
 */
static void
CheckRows(ParkedCheck *check, const pg_uuid_t *ledger)
{
	MemoryContext one = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger parked row",
											  ALLOCSET_DEFAULT_SIZES);
	Portal		portal = StatementOpen(&read_parked, NULL, NULL, true);

	for (;;)
	{
		MemoryContext previous;

		CHECK_FOR_INTERRUPTS();
		SPI_cursor_fetch(portal, true, 1);
		if (SPI_processed == 0)
			break;
		previous = MemoryContextSwitchTo(one);
		CheckParked(check, ledger, RowFromTuple(&parked_shape, SPI_tuptable->vals[0],
												SPI_tuptable->tupdesc));
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
FindMissing(ParkedCheck *check)
{
	HASH_SEQ_STATUS all;
	NamedChange *change;
	int			count = 0;
	Size		size = sizeof(pg_uuid_t) * Max(hash_get_num_entries(check->named), 1);
	pg_uuid_t  *missing = MemoryContextAllocHuge(CurrentMemoryContext, size);

	hash_seq_init(&all, check->named);
	while ((change = hash_seq_search(&all)) != NULL)
		if (change->removed_by == NULL && !change->found)
			missing[count++] = change->parked;
	qsort(missing, count, sizeof(pg_uuid_t), CompareParked);
	for (int i = 0; i < count; i++)
		ParkedFinding(check, &missing[i], 0, NULL,
					  "is missing, but no entry says that it was replayed or dropped");
	pfree(missing);
}

void
FindParkedProblems(Findings *findings)
{
	ParkedCheck check = {.findings = findings};
	Ledger		ledger = {0};

	check.from_beginning = StatementRead(&read_beginning, NULL, NULL) > 0;
	ReadNamed(&check);
	if (!check.any && !check.from_beginning)
		return;
	if (!LedgerHasParkedSalts())
	{
		AddFinding(findings, &(Finding) {
			.part = parked_shape.table, .customer = "", .field = "salt",
			.problem = "does not exist"
		});
		return;
	}
	LedgerReadId(&ledger);
	CheckRows(&check, &ledger.id);
	FindMissing(&check);
	hash_destroy(check.named);
}
