/*
 * arguments.h
 *		Optional arguments of the functions that users call.
 */
#ifndef TRUST_LEDGER_ARGUMENTS_H
#define TRUST_LEDGER_ARGUMENTS_H

#include "base/errcodes.h"

#include "utils/jsonb.h"
#include "utils/numeric.h"

extern text *ArgWords(FunctionCallInfo fcinfo, int argument, const char *what);
extern text *ArgWordsNeeded(FunctionCallInfo fcinfo, int argument, const char *what, const char *hint);
extern Jsonb *ArgJson(FunctionCallInfo fcinfo, int argument, const char *what);
extern char *ArgKey(FunctionCallInfo fcinfo, int argument, const char *what);
extern char *ArgKeyNeeded(FunctionCallInfo fcinfo, int argument, const char *what);
extern int	ArgName(FunctionCallInfo fcinfo, int argument, const char *what,
					const char *const *names, int count);
extern Numeric ArgAmount(FunctionCallInfo fcinfo, int argument, const char *what);

#endif
