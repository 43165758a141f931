/*
 * access.h
 *		Access levels of database roles, stored in trust.access.
 */
#ifndef TRUST_LEDGER_ACCESS_H
#define TRUST_LEDGER_ACCESS_H

#include "ledger/ledger.h"

/* Combined as bit sets. */
typedef enum AccessLevel
{
	LEVEL_APPLICATION = 1 << 0, /* write promises, read words */
	LEVEL_ANALYST = 1 << 1,		/* read views, without words */
	LEVEL_AUDITOR = 1 << 2,		/* read history and words, verify */
	LEVEL_IMPORT = 1 << 3,		/* write promises with past timestamps */
	LEVEL_ADMIN = 1 << 4		/* change actors, policies, access and settings */
} AccessLevel;

#define LEVELS_READING (LEVEL_APPLICATION | LEVEL_ANALYST | LEVEL_AUDITOR | LEVEL_ADMIN)
#define LEVELS_READING_WORDS (LEVEL_APPLICATION | LEVEL_AUDITOR)
#define LEVELS_WRITING (LEVEL_APPLICATION | LEVEL_IMPORT)
#define LEVELS_ALL (LEVELS_READING | LEVELS_WRITING)

#define ACCESS_LEVELS 5
extern const char *const access_level_names[ACCESS_LEVELS];

/* The level of that name.  Errors: 22023. */
extern int	AccessLevelFromName(const char *name);

/*
 * The levels of a role, including those of roles it is a member of; cached.  A superuser
 * has all levels, and the ledger's owner has level admin.
 */
extern int	AccessOf(const Ledger *ledger, Oid role);

/* Error TL004 "role ... is not permitted to <what>" unless the role has one of the levels. */
extern void CheckAccess(const Ledger *ledger, Oid role, int levels, const char *what);

#endif
