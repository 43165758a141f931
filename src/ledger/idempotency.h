/*
 * idempotency.h
 *		Retries: what makes two calls the same call.
 */
#ifndef TRUST_LEDGER_IDEMPOTENCY_H
#define TRUST_LEDGER_IDEMPOTENCY_H

#include "ledger/entry.h"

/* Function, who acts, and the arguments that were given, in canonical form. */
typedef struct Request
{
	unsigned char *data;
	size_t		length;
} Request;

/* One argument of a call, by its name in SQL. */
typedef struct RequestArgument
{
	const char *name;
	Oid			type;
	NullableDatum value;
} RequestArgument;

#define REQUEST_SIZE (2 * HASH_SIZE)

extern Request RequestOf(const char *function, const char *actor,
						 const RequestArgument *arguments, int count);
extern Request RequestOfCall(FunctionCallInfo fcinfo, const char *actor);
extern void RequestCommit(const Request *request, Row *entry);
extern bool RequestSaltMatches(const Row *entry);
extern bool RequestMatches(const Request *request, const bytea *commitment, const bytea *salt);

#endif
