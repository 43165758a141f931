/*
 * promise_exceptions.h
 *		What an auditor looks at, as far as it follows from rows of trust.promise.
 */
#ifndef TRUST_LEDGER_PROMISE_EXCEPTIONS_H
#define TRUST_LEDGER_PROMISE_EXCEPTIONS_H

#include "promise/promise.h"

#include "funcapi.h"
#include "utils/hsearch.h"

/* The row that is looked at, and what all of them have in common. */
typedef struct ExceptionScan
{
	const Row  *promise;		/* of promise_shape */
	State		state;
	TimestampTz now;
	TimestampTz first_recorded_at;	/* of the first promise; DT_NOEND: there is none */
	HTAB	   *actors;			/* kind and retirement of all actors */
	MemoryContext context;		/* lives as long as the scan */
	ReturnSetInfo *result;
} ExceptionScan;

/* What an exception says; the promise is the row that is looked at. */
typedef struct Exception
{
	const char *what;
	TimestampTz since;			/* DT_NOBEGIN: NULL */
	char	   *subject;		/* may be NULL */
	char	   *detail;
} Exception;

/* Adds a row to the result about the promise that is looked at. */
extern void PutException(const ExceptionScan *scan, const Exception *exception);

/* The same about no promise. */
extern void PutTotal(const ExceptionScan *scan, const Exception *exception);

/* Whether the promise is proposed or open. */
extern bool Undecided(const ExceptionScan *scan);

/* Whether the verdict of the promise is the company's own. */
extern bool PromiseOnCompanyWord(const Row *promise);

/* The same if the promise was imported, and the verdict is from before the import. */
extern bool PromiseOnImportedWord(const Row *promise);

/* Adds a row of kind company_word_only. */
extern void PutCompanyWord(const ExceptionScan *scan);

/* A copy of the promise without its texts, in the context of the scan. */
extern Row *ExceptionPromiseCopy(const ExceptionScan *scan);

/* Adds the rows of all kinds of exceptions that follow from the promise alone. */
extern void PutPromiseExceptions(const ExceptionScan *scan);

/* A timestamp as the session shows it. */
extern char *InstantText(TimestampTz instant);

#endif
