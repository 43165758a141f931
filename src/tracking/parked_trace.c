/*
 * parked_trace.c
 *		Records in the governance chain which changes were parked, replayed and dropped.
 *
 * Each change that is parked, replayed or dropped is named in an entry with a salted
 * commitment to its row, which shows that the row did not change in between.  The salt is
 * stored in the row and deleted with it; then the commitment reveals nothing of the row.
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
	{"parked", UUIDOID}, {"parked_at", TIMESTAMPTZOID}, {"source", TEXTOID},
	{"tab", TEXTOID}, {"trigger", TEXTOID}, {"operation", TEXTOID}, {"actor", TEXTOID},
	{"login", TEXTOID}, {"role", TEXTOID}, {"old_row", JSONBOID}, {"new_row", JSONBOID},
	{"salt", BYTEAOID}
};

const RowShape parked_shape = {"parked_change", parked_columns, PARKED_COLUMNS};

/* Keeps the details of an entry far below MAX_TEXT_BYTES. */
#define CHANGES_OF_ONE_ENTRY 1000

bool
ParkedIsTraced(void)
{
	LockRelationOid(LedgerRelation(parked_shape.table), RowExclusiveLock);
	return LedgerHasParkedSalts();
}

/* The canonical bytes that a commitment covers; valid until the next call. */
static const CanonicalBytes *
ParkedBytes(const Row *parked, const pg_uuid_t *ledger)
{
	static const char kind[] = "trust_ledger parked 1";

	/* static to reuse its memory, as in EntryHash(); no user code runs while it is in use */
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

void
ParkedCommit(Row *parked, const pg_uuid_t *ledger, uint8 commitment[HASH_SIZE])
{
	const CanonicalBytes *bytes = ParkedBytes(parked, ledger);
	uint8		salt[SALT_SIZE];

	MakeCommitment((const char *) bytes->data, bytes->length, salt, commitment);
	RowSet(parked, PARKED_SALT, PointerGetDatum(HashBytea(salt)));
}

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
	if (!Commitment((const uint8 *) VARDATA_ANY(salt), bytes->data, bytes->length,
					commitment))
		CryptoFailed();
	return true;
}

/* ---- writing the entries ---- */

void
TraceBegin(ParkedTrace *trace, const char *event)
{
	memset(trace, 0, sizeof(ParkedTrace));
	trace->event = event;
	trace->context = CurrentMemoryContext;
}

void
TraceAdd(ParkedTrace *trace, const pg_uuid_t *parked, const uint8 *commitment)
{
	TracedChange *change;

	if (trace->count == trace->capacity)
	{
		trace->capacity = Max(16, 2 * trace->capacity);
		trace->changes = trace->changes ?
			repalloc_huge(trace->changes, sizeof(TracedChange) * trace->capacity) :
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

/* Appends one entry.  Its subject is the first change; if there is none, the ledger. */
static void
AppendPart(Governance *governance, const ParkedTrace *trace, uint64 first, uint64 count)
{
	GovernanceChange change = {
		.event = trace->event, .details = TraceDetails(trace, first, count),
		.reason = trace->reason
	};

	change.subject = UuidText(count > 0 ? &trace->changes[first].parked :
							  &governance->act.ledger->id);
	GovernanceAppend(governance, &change, 1);
}

/*
 * The entries have no actor: the actors of the changes are stored with these, and the
 * entries have login and role.
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
	part = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger parked changes",
								 ALLOCSET_DEFAULT_SIZES);
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
