/*
 * arguments.h
 *		Reads and checks arguments of SQL functions that may be NULL.
 *
 * Each function takes the argument and its name for error messages.
 */
#ifndef TRUST_LEDGER_ARGUMENTS_H
#define TRUST_LEDGER_ARGUMENTS_H

#include "base/errcodes.h"

#include "utils/jsonb.h"
#include "utils/numeric.h"

/* Text with at least one visible character; NULL if the argument is NULL.  Errors: 22001, 22023. */
extern text *ArgText(NullableDatum argument, const char *what);

/* Like ArgText(), but NULL is an error (22004) with this hint. */
extern text *ArgTextRequired(NullableDatum argument, const char *what,
							  const char *hint);

/* A jsonb value within the size limit; NULL if the argument is NULL.  Errors: 22001. */
extern Jsonb *ArgJson(NullableDatum argument, const char *what);

/* A key that passes CheckKey(); NULL if the argument is NULL.  Errors: 22023. */
extern char *ArgKey(NullableDatum argument, const char *what);

/* Like ArgKey(), but NULL is an error (22004). */
extern char *ArgKeyRequired(NullableDatum argument, const char *what);

/* Index of the argument in names[]; -1 if it is NULL.  Errors: 22023 if it is not in the list. */
extern int	ArgEnum(NullableDatum argument, const char *what,
					const char *const *names, int count);

/* A finite number from 0 to 1e10000; NULL if the argument is NULL.  Errors: 22003. */
extern Numeric ArgAmount(NullableDatum argument, const char *what);

#endif
