/*
 * request.c
 *		Retries: what makes two calls the same call.
 *
 * The entry commits to the request with a salt, as it does to texts: words are
 * among the arguments, and once they are erased nobody shall find them again by
 * guessing.
 */
#include "postgres.h"

#include "request.h"

#include "access/htup_details.h"
#include "funcapi.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* Arguments by name, and only those given: a later version may have more of them. */
static void
AddArguments(CanonicalBytes *bytes, FunctionCallInfo fcinfo)
{
	HeapTuple	function = SearchSysCache1(PROCOID, ObjectIdGetDatum(fcinfo->flinfo->fn_oid));
	Oid		   *types;
	char	  **names;
	char	   *modes;

	if (!HeapTupleIsValid(function))
		elog(ERROR, "cache lookup failed for function %u", fcinfo->flinfo->fn_oid);
	(void) get_func_arg_info(function, &types, &names, &modes);
	ReleaseSysCache(function);
	for (int i = 0; i < PG_NARGS(); i++)
	{
		if (PG_ARGISNULL(i))
			continue;
		CanonicalField(bytes, names[i], strlen(names[i]));
		CanonicalDatum(bytes, types[i], PG_GETARG_DATUM(i));
	}
}

/* What was called, by whom, with what. */
Request
RequestOf(FunctionCallInfo fcinfo, const char *actor)
{
	static CanonicalBytes bytes;
	char	   *function = get_func_name(fcinfo->flinfo->fn_oid);
	Request		request;

	CanonicalReset(&bytes);
	CanonicalField(&bytes, function, strlen(function));
	if (actor)
		CanonicalField(&bytes, actor, strlen(actor));
	else
		CanonicalAbsent(&bytes);
	AddArguments(&bytes, fcinfo);
	request.length = bytes.length;
	request.data = MemoryContextAllocHuge(CurrentMemoryContext, bytes.length);
	memcpy(request.data, bytes.data, bytes.length);
	return request;
}

void
RequestCommit(const Request *request, Row *entry)
{
	uint8		salt[SALT_SIZE];
	uint8		commitment[HASH_SIZE];

	MakeCommitment((const char *) request->data, request->length, salt, commitment);
	RowSet(entry, ENTRY_REQUEST, PointerGetDatum(HashBytea(commitment)));
	RowSet(entry, ENTRY_REQUEST_SALT, PointerGetDatum(HashBytea(salt)));
}

/* Whether this is the request that was committed to. */
bool
RequestMatches(const Request *request, const bytea *commitment, const bytea *salt)
{
	return MatchesCommitment((const char *) request->data, request->length, salt, commitment);
}
