/*
 * digest.c
 *		One fingerprint of the whole ledger: all chains, their lengths and heads.
 */
#include "postgres.h"

#include "digest.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "access.h"
#include "reader.h"

PG_FUNCTION_INFO_V1(ledger_digest);

static const Column chain_columns[CHAIN_COLUMNS] = {
	{"customer", TEXTOID}, {"length", INT8OID}, {"head", BYTEAOID}, {"recorded_at", TIMESTAMPTZOID}
};

const RowShape chain_shape = {"chain", chain_columns, CHAIN_COLUMNS};

/* What kind of digest this is, and of which ledger */
static const char digest_kind[] = "trust_ledger digest 1";

static void
Add(const CanonicalBytes *bytes)
{
	if (!Sha256Add(bytes->data, bytes->length))
		CryptoFailed();
}

static void
AddBeginning(const pg_uuid_t *ledger)
{
	static CanonicalBytes bytes;

	CanonicalReset(&bytes);
	CanonicalField(&bytes, digest_kind, strlen(digest_kind));
	CanonicalField(&bytes, ledger->data, UUID_LEN);
	Add(&bytes);
}

static void
AddChain(Digest *digest, const Row *chain)
{
	static CanonicalBytes bytes;

	CanonicalReset(&bytes);
	for (int i = CHAIN_CUSTOMER; i <= CHAIN_HEAD; i++)
	{
		if (RowIsNull(chain, i))	/* tampered with */
			CanonicalAbsent(&bytes);
		else
			CanonicalDatum(&bytes, chain_columns[i].type, chain->values[i]);
	}
	Add(&bytes);
	digest->entries += RowInt64(chain, CHAIN_LENGTH);
	if (!RowTextIs(chain, CHAIN_CUSTOMER, GOVERNANCE_CUSTOMER))
		digest->customers++;
}

/* Of all chains, sorted by the bytes of customer.  Within a LedgerSession, on the active snapshot. */
void
DigestRead(Digest *digest, const pg_uuid_t *ledger)
{
	Reader		chains;

	memset(digest, 0, sizeof(Digest));
	if (!Sha256Begin())
		CryptoFailed();
	AddBeginning(ledger);
	for (ReaderOpen(&chains, &chain_shape, NULL, NULL, &(Customers) {0}); chains.row; ReaderNext(&chains))
		AddChain(digest, chains.row);
	ReaderClose(&chains);
	if (!Sha256End(digest->hash))
		CryptoFailed();
}

/*
 * ledger_digest() returns (customers bigint, entries bigint, at timestamptz, digest bytea)
 *		SHA-256 over the ledger's uuid and (customer, length, head) of all chains,
 *		sorted by the bytes of customer, in the canonical form of doc/format.md.  Level auditor or admin.
 */
Datum
ledger_digest(PG_FUNCTION_ARGS)
{
	Ledger		ledger = {0};
	LedgerSession session;
	Digest		digest;
	TupleDesc	tupdesc;
	Datum		values[4];
	bool		nulls[4] = {0};

	LedgerFind(&ledger);
	CheckAccess(&ledger, GetUserId(), LEVEL_AUDITOR | LEVEL_ADMIN, "take the ledger's digest");
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	LedgerEnter(&ledger, &session);
	LedgerReadId(&ledger);
	DigestRead(&digest, &ledger.id);
	LedgerLeave(&session);

	values[0] = Int64GetDatum(digest.customers);
	values[1] = Int64GetDatum(digest.entries);
	values[2] = TimestampTzGetDatum(GetCurrentTimestamp());
	values[3] = PointerGetDatum(HashBytea(digest.hash));
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}
