/*
 * parked_trace.c
 *		What governance says of parked changes, and what binds it to them.
 *
 * Entries of governance name each change that is parked, and each that is replayed
 * or dropped, with a salted commitment to its row: it goes as it came.  The salt
 * stands in the row and goes with it: then the commitment tells nothing of the row.
 */
#include "postgres.h"

#include "tracking/parked_trace.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/uuid.h"

#include "governance/governance.h"

static const Column parked_columns[PARKED_COLUMNS] = {
	{"parked", UUIDOID}, {"parked_at", TIMESTAMPTZOID}, {"source", TEXTOID}, {"tab", TEXTOID}, {"trigger", TEXTOID},
	{"operation", TEXTOID}, {"actor", TEXTOID}, {"login", TEXTOID}, {"role", TEXTOID},
	{"old_row", JSONBOID}, {"new_row", JSONBOID}, {"salt", BYTEAOID}
};

const RowShape parked_shape = {"parked_change", parked_columns, PARKED_COLUMNS};

/* An entry names so many at the most: its details stay far below what a text may have. */
#define CHANGES_OF_ONE_ENTRY 1000

/* Whether what is parked leaves a trace.  That stays so until the transaction ends. */
bool
ParkedIsTraced(void)
{
	LockRelationOid(LedgerRelation(parked_shape.table), RowExclusiveLock);
	return LedgerHasParkedSalts();
}

/* The bytes that are committed to. */
static const CanonicalBytes *
ParkedBytes(const Row *parked, const pg_uuid_t *ledger)
{
	static const char kind[] = "trust_ledger parked 1";

	/* of the process, as that of EntryHash(): each use clears what an error left, and runs no code of users */
	static CanonicalBytes bytes;

	CanonicalReset(&bytes);
	CanonicalField(&bytes, kind, strlen(kind));
	CanonicalField(&bytes, ledger->data, UUID_LEN);
	for (int i = 0; i < PARKED_COMMITTED; i++)
	{
		if (RowIsNull(parked, i))
			CanonicalNull(&bytes);
		else
			CanonicalDatum(&bytes, parked_columns[i].type, parked->values[i]);
	}
	return &bytes;
}

/* Gives the change a salt, and says what it commits to. */
void
ParkedCommit(Row *parked, const pg_uuid_t *ledger, uint8 commitment[HASH_SIZE])
{
	const CanonicalBytes *bytes = ParkedBytes(parked, ledger);
	uint8		salt[SALT_SIZE];

	MakeCommitment((const char *) bytes->data, bytes->length, salt, commitment);
	RowSet(parked, PARKED_SALT, PointerGetDatum(HashBytea(salt)));
}

/* What the row commits to as it is now; false where it has no salt. */
bool
ParkedCommitment(const Row *parked, const pg_uuid_t *ledger, uint8 commitment[HASH_SIZE])
{
	const CanonicalBytes *bytes;
	const bytea *salt;

	if (RowIsNull(parked, PARKED_SALT))
		return false;
	salt = DatumGetByteaPP(parked->values[PARKED_SALT]);
	if (VARSIZE_ANY_EXHDR(salt) != SALT_SIZE)
		return false;
	bytes = ParkedBytes(parked, ledger);
	if (!Commitment((const uint8 *) VARDATA_ANY(salt), bytes->data, bytes->length, commitment))
		CryptoFailed();
	return true;
}

/* ---- entries that name them ---- */

void
TraceBegin(ParkedTrace *trace, const char *event)
{
	memset(trace, 0, sizeof(ParkedTrace));
	trace->event = event;
	trace->context = CurrentMemoryContext;
}

/* Commitment may be NULL where the row has no salt. */
void
TraceAdd(ParkedTrace *trace, const pg_uuid_t *parked, const uint8 *commitment)
{
	TracedChange *change;

	if (trace->count == trace->capacity)
	{
		trace->capacity = Max(16, 2 * trace->capacity);
		trace->changes = trace->changes ? repalloc_huge(trace->changes, sizeof(TracedChange) * trace->capacity) :
			MemoryContextAlloc(trace->context, sizeof(TracedChange) * trace->capacity);
	}
	change = &trace->changes[trace->count++];
	change->parked = *parked;
	change->commits = commitment != NULL;
	if (commitment)
		memcpy(change->commitment, commitment, HASH_SIZE);
}

static char *
UuidText(const pg_uuid_t *uuid)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum(uuid)));
}

/* {"parked": {"uuid": "commitment", ...}}: so many of them, from the first on. */
Datum
TraceDetails(const ParkedTrace *trace, uint64 first, uint64 count)
{
	StringInfoData json;

	initStringInfo(&json);
	appendStringInfoString(&json, "{\"parked\": {");
	for (uint64 i = first; i < first + count; i++)
	{
		const TracedChange *change = &trace->changes[i];
		char		hex[HASH_SIZE * 2 + 1];

		hex[hex_encode((const char *) change->commitment, HASH_SIZE, hex)] = '\0';
		appendStringInfo(&json, "%s\"%s\": ", i > first ? ", " : "", UuidText(&change->parked));
		appendStringInfo(&json, change->commits ? "\"%s\"" : "null", hex);
	}
	appendStringInfoString(&json, "}}");
	return DirectFunctionCall1(jsonb_in, CStringGetDatum(json.data));
}

/* An entry about some of them; its subject is the first, and the ledger where there is none. */
static void
AppendPart(Governance *governance, const ParkedTrace *trace, uint64 first, uint64 count)
{
	GovernanceChange change = {.event = trace->event, .details = TraceDetails(trace, first, count), .reason = trace->reason};

	change.subject = UuidText(count > 0 ? &trace->changes[first].parked : &governance->act.ledger->id);
	GovernanceAppend(governance, &change, 1);
}

/*
 * Appends the entries: after all customers of the same writing, in the order in
 * which chains are locked.  Nobody acts: what is parked or replayed says who did,
 * and the entries have login and role.
 */
void
TraceWrite(const ParkedTrace *trace, const Ledger *ledger)
{
	Governance	governance = {0};
	MemoryContext part;
	uint64		first = 0;

	ActBeginWithoutActor(&governance.act, ledger);
	LedgerEnter(ledger, &governance.session);
	ChainLock(&governance.chain, ledger, cstring_to_text(GOVERNANCE_CUSTOMER));
	part = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger parked changes", ALLOCSET_DEFAULT_SIZES);
	do
	{
		uint64		count = Min(trace->count - first, CHANGES_OF_ONE_ENTRY);
		MemoryContext previous = MemoryContextSwitchTo(part);

		CHECK_FOR_INTERRUPTS();
		AppendPart(&governance, trace, first, count);
		MemoryContextSwitchTo(previous);
		MemoryContextReset(part);
		first += count;
	} while (first < trace->count);
	LedgerLeave(&governance.session);
}
