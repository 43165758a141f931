/*
 * access.h
 *		Levels: what a database role may do, as rows of trust.access.
 */
#ifndef TRUST_LEDGER_ACCESS_H
#define TRUST_LEDGER_ACCESS_H

#include "ledger/ledger.h"

typedef enum AccessLevel
{
	LEVEL_APPLICATION = 1 << 0,	/* writes promises, reads words */
	LEVEL_ANALYST = 1 << 1,		/* reads views, no words */
	LEVEL_AUDITOR = 1 << 2,		/* reads history and words, verifies */
	LEVEL_IMPORT = 1 << 3,		/* writes promises with times of their own */
	LEVEL_ADMIN = 1 << 4		/* governs: actors, policies, access, settings */
} AccessLevel;

#define LEVELS_READING (LEVEL_APPLICATION | LEVEL_ANALYST | LEVEL_AUDITOR | LEVEL_ADMIN)
#define LEVELS_READING_WORDS (LEVEL_APPLICATION | LEVEL_AUDITOR)
#define LEVELS_WRITING (LEVEL_APPLICATION | LEVEL_IMPORT)
#define LEVELS_ALL (LEVELS_READING | LEVELS_WRITING)

#define ACCESS_LEVELS 5
extern const char *const access_level_names[ACCESS_LEVELS];

extern int	AccessLevelFromName(const char *name);
extern int	AccessOf(const Ledger *ledger, Oid role);
extern void CheckAccess(const Ledger *ledger, Oid role, int levels, const char *what);

#endif
