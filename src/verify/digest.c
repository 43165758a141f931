/*
 * digest.c
 *		A digest of the whole ledger: the lengths and heads of all chains.
 */
#include "postgres.h"

#include "verify/digest.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "common/cryptohash.h"
#include "funcapi.h"
#include "miscadmin.h"

#include "governance/access.h"
#include "ledger/table_reader.h"

PG_FUNCTION_INFO_V1(ledger_digest);

static const Column chain_columns[CHAIN_COLUMNS] = {
	{"customer", TEXTOID}, {"length", INT8OID}, {"head", BYTEAOID},
	{"recorded_at", TIMESTAMPTZOID}
};

const RowShape chain_shape = {"chain", chain_columns, CHAIN_COLUMNS};

/* First field of the hashed bytes: kind and version */
static const char digest_kind[] = "trust_ledger digest 1";

static void
AddBytes(pg_cryptohash_ctx *hash, const CanonicalBytes *bytes)
{
	if (pg_cryptohash_update(hash, bytes->data, bytes->length) < 0)
		CryptoFailed();
}

static void
AddHeader(pg_cryptohash_ctx *hash, const pg_uuid_t *ledger)
{
	static CanonicalBytes bytes;	/* see EntryHash() */

	CanonicalReset(&bytes);
	CanonicalField(&bytes, digest_kind, strlen(digest_kind));
	CanonicalField(&bytes, ledger->data, UUID_LEN);
	AddBytes(hash, &bytes);
}

static void
AddChain(Digest *digest, pg_cryptohash_ctx *hash, const Row *chain)
{
	static CanonicalBytes bytes;	/* see EntryHash() */

	CanonicalReset(&bytes);
	for (int i = CHAIN_CUSTOMER; i <= CHAIN_HEAD; i++)
	{
		if (RowIsNull(chain, i))	/* the table was altered */
			CanonicalNull(&bytes);
		else
			CanonicalDatum(&bytes, chain_columns[i].type, chain->values[i]);
	}
	AddBytes(hash, &bytes);
	digest->entries += RowInt64(chain, CHAIN_LENGTH);
	if (!RowTextIs(chain, CHAIN_CUSTOMER, GOVERNANCE_CUSTOMER))
		digest->customers++;
}

/*
 * The hash context is local because reading can call functions of users, which can
 * call this again.  An error frees it with the memory context.
 */
void
DigestRead(Digest *digest, const pg_uuid_t *ledger)
{
	pg_cryptohash_ctx *hash = pg_cryptohash_create(PG_SHA256);
	Reader		chains;

	memset(digest, 0, sizeof(Digest));
	if (hash == NULL || pg_cryptohash_init(hash) < 0)
		CryptoFailed();
	AddHeader(hash, ledger);
	ReaderOpen(&chains, &chain_shape, NULL, NULL, &(Customers) {0});
	for (; chains.row; ReaderNext(&chains))
		AddChain(digest, hash, chains.row);
	ReaderClose(&chains);
	if (pg_cryptohash_final(hash, digest->hash, HASH_SIZE) < 0)
		CryptoFailed();
	pg_cryptohash_free(hash);
}

/*
 * ledger_digest() returns (customers bigint, entries bigint, at timestamptz, digest bytea)
 *		digest: SHA-256 over the ledger's uuid and customer, length and head of all
 *		chains, ordered by the bytes of customer, in the canonical form of doc/format.md.
 *		customers does not count the governance chain.  at: the current time.  Level
 *		auditor or admin.  Error: TL004.
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
	CheckAccess(&ledger, GetUserId(), LEVEL_AUDITOR | LEVEL_ADMIN, "read the ledger's digest");
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
