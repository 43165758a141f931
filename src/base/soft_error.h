/*
 * soft_error.h
 *		Soft errors of input functions (PostgreSQL 16 and later).
 */
#ifndef TRUST_LEDGER_SOFT_ERROR_H
#define TRUST_LEDGER_SOFT_ERROR_H

#include "base/errcodes.h"

#include "nodes/nodes.h"
#include "utils/float.h"

#if PG_VERSION_NUM >= 160000

#include "nodes/miscnodes.h"

#define float8_from_text(text, end, whole, escontext) \
	float8in_internal(text, end, "trust_score", whole, escontext)

#else							/* 15 has no soft errors: always throw */

#define SOFT_ERROR_OCCURRED(escontext) (false && (escontext) != NULL)
#define ereturn(escontext, dummy_value, ...) \
	do { \
		(void) (escontext); \
		ereport(ERROR, __VA_ARGS__); \
		return dummy_value; \
	} while (0)
#define float8_from_text(text, end, whole, escontext) \
	((void) (escontext), float8in_internal(text, end, "trust_score", whole))

#endif

/* Calls an input function with three arguments; false after a soft error. */
static inline bool
CallInput(PGFunction input, const char *text, Node *escontext, Datum *result)
{
#if PG_VERSION_NUM >= 160000
	return DirectInputFunctionCallSafe(input, unconstify(char *, text), InvalidOid, -1,
									   escontext, result);
#else
	(void) escontext;
	*result = DirectFunctionCall3(input, CStringGetDatum(text),
								  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	return true;
#endif
}

#endif
