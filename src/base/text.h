/*
 * text.h
 *		Texts that callers give: keys, words, names out of a list; and those in a JSON object.
 */
#ifndef TRUST_LEDGER_TEXT_H
#define TRUST_LEDGER_TEXT_H

#include "base/errcodes.h"

#include "utils/jsonb.h"

#define MAX_KEY_BYTES 255

extern int	NameIndex(const char *const *names, int count, const char *name);
extern const char *KeyProblem(const char *key);
extern void CheckKey(const char *key, const char *what);
extern void CheckKeySize(size_t bytes, const char *what);
extern void CheckWords(text *words, const char *what);
extern JsonbValue *JsonMember(Jsonb *json, const char *name, JsonbValue *buffer);
extern text *JsonText(Jsonb *json, const char *name);

#endif
