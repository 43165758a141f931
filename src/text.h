/*
 * text.h
 *		Texts that callers give: keys, words, names out of a list.
 */
#ifndef TRUST_LEDGER_TEXT_H
#define TRUST_LEDGER_TEXT_H

#include "trust_ledger.h"

#define MAX_KEY_BYTES 255

extern int	NameIndex(const char *const *names, int count, const char *name);
extern const char *KeyProblem(const char *key);
extern void CheckKey(const char *key, const char *what);
extern void CheckWords(text *words, const char *what);

#endif
