/*
 * arguments.h
 *		Optional arguments of the functions that users call.
 */
#ifndef TRUST_LEDGER_ARGUMENTS_H
#define TRUST_LEDGER_ARGUMENTS_H

#include "base/errcodes.h"

#include "utils/jsonb.h"
#include "utils/numeric.h"

extern text *ArgWords(NullableDatum argument, const char *what);
extern text *ArgWordsNeeded(NullableDatum argument, const char *what, const char *hint);
extern Jsonb *ArgJson(NullableDatum argument, const char *what);
extern char *ArgKey(NullableDatum argument, const char *what);
extern char *ArgKeyNeeded(NullableDatum argument, const char *what);
extern int	ArgName(NullableDatum argument, const char *what,
					const char *const *names, int count);
extern Numeric ArgAmount(NullableDatum argument, const char *what);

#endif
