/*
 * eased_settings.h
 *		Changes of the ledger's settings, and of what humans may back, that made something
 *		easier than before.
 */
#ifndef TRUST_LEDGER_EASED_SETTINGS_H
#define TRUST_LEDGER_EASED_SETTINGS_H

#include "analysis/promise_exceptions.h"

struct SettingChange;
struct AuthorityChange;

typedef struct EasedSettings
{
	struct SettingChange *settings; /* in the order of time */
	int			setting_count;
	struct AuthorityChange *authorities;	/* likewise */
	int			authority_count;
	struct AuthorityChange **limits;	/* those that changed a limit */
	int			limit_count;
} EasedSettings;

/* Reads all changes.  Those from before the first promise have eased nothing. */
extern void EasedSettingsBegin(EasedSettings *eased, const ExceptionScan *scan);

/*
 * Counts the promise for each change by which its verdict weighs more in the company's
 * favour, its evidence fades sooner, it was made longer ago than was allowed before, or
 * its backer could not have backed it before.
 */
extern void EasedSettingsAdd(EasedSettings *eased, const ExceptionScan *scan);

/* settings_eased: one exception per change and kind of setting. */
extern void EasedSettingsPut(const EasedSettings *eased, const ExceptionScan *scan);

#endif
