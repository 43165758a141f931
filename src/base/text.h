/*
 * text.h
 *		Checks texts from callers, and reads texts from JSON objects.
 */
#ifndef TRUST_LEDGER_TEXT_H
#define TRUST_LEDGER_TEXT_H

#include "base/errcodes.h"

#include "utils/jsonb.h"

#define MAX_KEY_BYTES 255

/* Index of the name in names[]; -1 if it is not there. */
extern int	NameIndex(const char *const *names, int count, const char *name);

/*
 * Error detail that says why the string is not a key; NULL if it is one.  A key has 1 to
 * MAX_KEY_BYTES bytes, no invisible characters, and no white space at its ends.
 */
extern const char *KeyProblem(const char *key);

/* Error 22023 if the string is not a key. */
extern void CheckKey(const char *key, const char *what);

/* Error 22023 if a key is too long; for a check before the value is copied. */
extern void CheckKeySize(size_t bytes, const char *what);

/* Error 22023 unless the text has at least one visible character. */
extern void CheckVisibleText(text *words, const char *what);

/* The object's member of that name, in buffer; NULL if there is none or json is no object. */
extern JsonbValue *JsonMember(Jsonb *json, const char *name, JsonbValue *buffer);

/* The same for a member that is a string; NULL if it has another type. */
extern text *JsonText(Jsonb *json, const char *name);

#endif
