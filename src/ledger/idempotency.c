/*
 * idempotency.c
 *		Retries: what makes two calls the same call.
 *
 * The entry commits to the request with a salt, as it does to texts: words are
 * among the arguments, and once they are erased nobody shall find them again by
 * guessing.
 */
#include "postgres.h"

#include "ledger/idempotency.h"

#include "access/htup_details.h"
#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/syscache.h"

#include "base/catalog.h"

/* A table by its name: its OID changes with a restore. */
static void
AddTable(CanonicalBytes *bytes, Oid relid)
{
	char	   *name;

	if (get_rel_name(relid) == NULL)
	{
		CanonicalAbsent(bytes);
		return;
	}
	name = QualifiedName(relid);
	CanonicalField(bytes, name, strlen(name));
}

/* Arguments by name, and only those given: a later version may have more of them. */
static void
AddArguments(CanonicalBytes *bytes, const RequestArgument *arguments, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (arguments[i].value.isnull)
			continue;
		CanonicalField(bytes, arguments[i].name, strlen(arguments[i].name));
		if (arguments[i].type == REGCLASSOID)
			AddTable(bytes, DatumGetObjectId(arguments[i].value.value));
		else
			CanonicalDatum(bytes, arguments[i].type, arguments[i].value.value);
	}
}

/* What was called, by whom, with what.  Arguments are in the order of the function's. */
Request
RequestOf(const char *function, const char *actor, const RequestArgument *arguments, int count)
{
	static CanonicalBytes bytes;	/* as in EntryHash(): catalogs are read in between, and no code of users runs */
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger request", ALLOCSET_SMALL_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(scratch);
	Request		request;

	CanonicalReset(&bytes);
	CanonicalField(&bytes, function, strlen(function));
	if (actor)
		CanonicalField(&bytes, actor, strlen(actor));
	else
		CanonicalAbsent(&bytes);
	AddArguments(&bytes, arguments, count);
	MemoryContextSwitchTo(previous);
	MemoryContextDelete(scratch);
	request.length = bytes.length;
	request.data = MemoryContextAllocHuge(CurrentMemoryContext, bytes.length);
	memcpy(request.data, bytes.data, bytes.length);
	return request;
}

/* The same of a call in SQL; the catalog names its arguments. */
Request
RequestOfCall(FunctionCallInfo fcinfo, const char *actor)
{
	HeapTuple	function = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	RequestArgument arguments[FUNC_MAX_ARGS];
	Oid		   *types;
	char	  **names;
	char	   *modes;

	if (!HeapTupleIsValid(function))
		elog(ERROR, "cache lookup failed for function %u", fcinfo->flinfo->fn_oid);
	(void) get_func_arg_info(function, &types, &names, &modes);
	ReleaseSysCache(function);
	for (int i = 0; i < PG_NARGS(); i++)
		arguments[i] = (RequestArgument) {names[i], types[i], fcinfo->args[i]};
	return RequestOf(get_func_name(fcinfo->flinfo->fn_oid), actor, arguments, PG_NARGS());
}

/*
 * The commitment: SHA-256 of the salt, so that the salt cannot be exchanged, and
 * the HMAC of the request under it.  Neither tells anything once the salt is gone.
 */
void
RequestCommit(const Request *request, Row *entry)
{
	uint8		salt[SALT_SIZE];
	bytea	   *commitment = palloc(VARHDRSZ + REQUEST_SIZE);

	SET_VARSIZE(commitment, VARHDRSZ + REQUEST_SIZE);
	MakeCommitment((const char *) request->data, request->length, salt, (uint8 *) VARDATA(commitment) + HASH_SIZE);
	if (!Sha256(salt, SALT_SIZE, (uint8 *) VARDATA(commitment)))
		CryptoFailed();
	RowSet(entry, ENTRY_REQUEST, PointerGetDatum(commitment));
	RowSet(entry, ENTRY_REQUEST_SALT, PointerGetDatum(HashBytea(salt)));
}

/* Whether this is the request that was committed to. */
bool
RequestMatches(const Request *request, const bytea *commitment, const bytea *salt)
{
	uint8		again[HASH_SIZE];

	if (VARSIZE_ANY_EXHDR(salt) != SALT_SIZE || VARSIZE_ANY_EXHDR(commitment) != REQUEST_SIZE)
		return false;
	if (!Commitment((const unsigned char *) VARDATA_ANY(salt), request->data, request->length, again))
		CryptoFailed();
	return memcmp(VARDATA_ANY(commitment) + HASH_SIZE, again, HASH_SIZE) == 0;
}

/* Whether the entry's salt is the one it was made with, there where a request is and nowhere else. */
bool
RequestSaltMatches(const Row *entry)
{
	bytea	   *commitment;
	bytea	   *salt;
	uint8		hash[HASH_SIZE];

	if (RowIsNull(entry, ENTRY_REQUEST) || RowIsNull(entry, ENTRY_REQUEST_SALT))
		return RowIsNull(entry, ENTRY_REQUEST) == RowIsNull(entry, ENTRY_REQUEST_SALT);
	commitment = DatumGetByteaPP(entry->values[ENTRY_REQUEST]);
	salt = DatumGetByteaPP(entry->values[ENTRY_REQUEST_SALT]);
	if (!Sha256(VARDATA_ANY(salt), VARSIZE_ANY_EXHDR(salt), hash))
		CryptoFailed();
	return VARSIZE_ANY_EXHDR(commitment) == REQUEST_SIZE && memcmp(VARDATA_ANY(commitment), hash, HASH_SIZE) == 0;
}
