/*
 * idempotency.c
 *		Recognizes retries of a call by its idempotency key and its request.
 *
 * The entry stores a salted commitment to the request, as it does for texts: arguments
 * contain texts, and erased texts must not be recoverable by guessing.
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

/* Adds a table by its name, because its OID changes with dump and restore. */
static void
AddTable(CanonicalBytes *bytes, Oid relid)
{
	char	   *name;

	if (get_rel_name(relid) == NULL)
	{
		CanonicalNull(bytes);
		return;
	}
	name = QualifiedName(relid);
	CanonicalField(bytes, name, strlen(name));
}

/* Adds only arguments that are not NULL, by name: a later version may have more arguments. */
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

Request
RequestOf(const char *function, const char *actor, const RequestArgument *arguments, int count)
{
	static CanonicalBytes bytes;	/* reused, as in EntryHash(): no user code runs here */
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger request",
												  ALLOCSET_SMALL_SIZES);
	MemoryContext previous = MemoryContextSwitchTo(scratch);
	Request		request;

	CanonicalReset(&bytes);
	CanonicalField(&bytes, function, strlen(function));
	if (actor)
		CanonicalField(&bytes, actor, strlen(actor));
	else
		CanonicalNull(&bytes);
	AddArguments(&bytes, arguments, count);
	MemoryContextSwitchTo(previous);
	MemoryContextDelete(scratch);
	request.length = bytes.length;
	request.data = MemoryContextAllocHuge(CurrentMemoryContext, bytes.length);
	memcpy(request.data, bytes.data, bytes.length);
	return request;
}

/* The catalog names the arguments. */
Request
RequestFromCall(FunctionCallInfo fcinfo, const char *actor)
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
 * The hash of the salt makes a replaced salt detectable without the request.  Neither
 * half reveals anything once the salt is erased.
 */
void
RequestCommit(const Request *request, Row *entry)
{
	uint8		salt[SALT_SIZE];
	bytea	   *commitment = palloc(VARHDRSZ + REQUEST_SIZE);

	SET_VARSIZE(commitment, VARHDRSZ + REQUEST_SIZE);
	MakeCommitment((const char *) request->data, request->length, salt,
				   (uint8 *) VARDATA(commitment) + HASH_SIZE);
	if (!Sha256(salt, SALT_SIZE, (uint8 *) VARDATA(commitment)))
		CryptoFailed();
	RowSet(entry, ENTRY_REQUEST, PointerGetDatum(commitment));
	RowSet(entry, ENTRY_REQUEST_SALT, PointerGetDatum(HashBytea(salt)));
}

bool
RequestMatches(const Request *request, const bytea *commitment, const bytea *salt)
{
	uint8		again[HASH_SIZE];

	if (VARSIZE_ANY_EXHDR(salt) != SALT_SIZE || VARSIZE_ANY_EXHDR(commitment) != REQUEST_SIZE)
		return false;
	if (!Commitment((const unsigned char *) VARDATA_ANY(salt), request->data, request->length,
					again))
		CryptoFailed();
	return memcmp(VARDATA_ANY(commitment) + HASH_SIZE, again, HASH_SIZE) == 0;
}

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
	return VARSIZE_ANY_EXHDR(commitment) == REQUEST_SIZE &&
		memcmp(VARDATA_ANY(commitment), hash, HASH_SIZE) == 0;
}
