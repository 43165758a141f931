/*
 * idempotency.h
 *		Recognizes retries of a call by its idempotency key and its request.
 */
#ifndef TRUST_LEDGER_IDEMPOTENCY_H
#define TRUST_LEDGER_IDEMPOTENCY_H

#include "ledger/entry.h"

/* Canonical bytes of function, actor, and arguments that are not NULL. */
typedef struct Request
{
	unsigned char *data;
	size_t		length;
} Request;

/* A commitment: SHA-256 of the salt, then HMAC-SHA-256 of the request with the salt */
#define REQUEST_SIZE (2 * HASH_SIZE)

/* One argument of a call, by its name in SQL */
typedef struct RequestArgument
{
	const char *name;
	Oid			type;
	NullableDatum value;
} RequestArgument;

/*
 * The request of a call, with arguments in the order of the function's; actor may be
 * NULL.  Palloc'd in the current memory context.
 */
extern Request RequestOf(const char *function, const char *actor,
						 const RequestArgument *arguments, int count);

/* The same, with the arguments of a call in SQL. */
extern Request RequestFromCall(FunctionCallInfo fcinfo, const char *actor);

/* Sets columns request and request_salt of the entry, with a random salt. */
extern void RequestCommit(const Request *request, Row *entry);

/* Whether the entry's request_salt matches its request, or both are NULL. */
extern bool RequestSaltMatches(const Row *entry);

/* Whether the commitment is to this request. */
extern bool RequestMatches(const Request *request, const bytea *commitment,
						   const bytea *salt);

#endif
