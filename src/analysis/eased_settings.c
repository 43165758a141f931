/*
 * eased_settings.c
 *		Changes of the ledger's settings, and of what humans may back, that made something
 *		easier than before.
 */
#include "postgres.h"

#include "analysis/eased_settings.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "analysis/eased_rules.h"
#include "base/duration.h"
#include "base/statement.h"
#include "base/text.h"
#include "governance/policy.h"

static Statement read_settings = STATEMENT_WITHOUT_ARGS(
	"SELECT seq, subject, recorded_at, details OPERATOR(pg_catalog.->) 'weights',"
	" (details OPERATOR(pg_catalog.->>) 'half_life')::pg_catalog.interval,"
	" (details OPERATOR(pg_catalog.->>) 'lag')::pg_catalog.interval"
	" FROM trust.entry"
	" WHERE customer OPERATOR(pg_catalog.=) '' AND pg_catalog.starts_with(event, 'ledger_')"
	" ORDER BY seq");

static Statement read_authorities = STATEMENT_WITHOUT_ARGS(
	"SELECT seq, subject, recorded_at,"
	" CASE pg_catalog.jsonb_typeof(details OPERATOR(pg_catalog.->) 'authority')"
	"   WHEN 'object' THEN details OPERATOR(pg_catalog.->) 'authority' END"
	" FROM trust.entry"
	" WHERE customer OPERATOR(pg_catalog.=) ''"
	"   AND event OPERATOR(pg_catalog.=) 'actor_registered'"
	"   AND details OPERATOR(pg_catalog.->>) 'kind' OPERATOR(pg_catalog.=) 'human'"
	" ORDER BY seq");

typedef enum SettingKind
{
	SETTING_WEIGHTS,
	SETTING_HALF_LIFE,
	SETTING_LAG,
	SETTING_KINDS
} SettingKind;

static const char *const setting_texts[SETTING_KINDS] = {
	[SETTING_WEIGHTS] = "have verdicts that weigh more in the company's favour than before",
	[SETTING_HALF_LIFE] = "have evidence of being broken that faded sooner than before",
	[SETTING_LAG] = "were made longer before they were recorded than was allowed before"
};

/* The settings after an entry. */
typedef struct SettingChange
{
	int64		seq;
	char	   *ledger;
	TimestampTz at;
	Weight		weights[WEIGHTS];
	int64		half_life;
	int64		lag;
	int64		promises[SETTING_KINDS];
} SettingChange;

typedef struct AuthorityChange
{
	int64		seq;
	char	   *actor;
	TimestampTz at;
	Jsonb	   *authority;		/* NULL: no limit */
	const struct AuthorityChange *before;	/* NULL: the first registration */
	int64		promises;
} AuthorityChange;

static bool
SameAuthority(Jsonb *a, Jsonb *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return DatumGetBool(DirectFunctionCall2(jsonb_eq, JsonbPGetDatum(a), JsonbPGetDatum(b)));
}

/* ---- reading ---- */

static int64
Duration(uint64 row, int column)
{
	return IntervalMicroseconds(DatumGetIntervalP(ResultNotNull(row, column, INTERVALOID)),
								"setting");
}

static void
ReadSettings(EasedSettings *eased)
{
	for (int i = 0; i < eased->setting_count; i++)
	{
		SettingChange *change = &eased->settings[i];

		change->seq = DatumGetInt64(ResultNotNull(i, 1, INT8OID));
		change->ledger = ResultTextNotNull(i, 2);
		change->at = DatumGetTimestampTz(ResultNotNull(i, 3, TIMESTAMPTZOID));
		ParseWeights(DatumGetJsonbP(ResultNotNull(i, 4, JSONBOID)), change->weights);
		change->half_life = Duration(i, 5);
		change->lag = Duration(i, 6);
	}
}

static void
ReadAuthorities(EasedSettings *eased)
{
	for (int i = 0; i < eased->authority_count; i++)
	{
		AuthorityChange *change = &eased->authorities[i];
		bool		isnull;
		Datum		authority = ResultValue(i, 4, JSONBOID, &isnull);

		change->seq = DatumGetInt64(ResultNotNull(i, 1, INT8OID));
		change->actor = ResultTextNotNull(i, 2);
		change->at = DatumGetTimestampTz(ResultNotNull(i, 3, TIMESTAMPTZOID));
		change->authority = isnull ? NULL : DatumGetJsonbPCopy(authority);
	}
}

typedef struct LastAuthority
{
	char		actor[MAX_KEY_BYTES + 1];	/* hash key */
	AuthorityChange *change;
} LastAuthority;

static void
FindLimits(EasedSettings *eased, const ExceptionScan *scan)
{
	HASHCTL		control = {
		.keysize = MAX_KEY_BYTES + 1, .entrysize = sizeof(LastAuthority),
		.hcxt = CurrentMemoryContext
	};
	HTAB	   *all = hash_create("trust_ledger authorities", 64, &control,
								  HASH_ELEM | HASH_STRINGS | HASH_CONTEXT);

	eased->limits = palloc(sizeof(AuthorityChange *) * (eased->authority_count + 1));
	for (int i = 0; i < eased->authority_count; i++)
	{
		AuthorityChange *change = &eased->authorities[i];
		bool		found;
		LastAuthority *last = hash_search(all, change->actor, HASH_ENTER, &found);

		change->before = found ? last->change : NULL;
		last->change = change;
		if (found && change->at >= scan->first_recorded_at && change->before->authority &&
			!SameAuthority(change->authority, change->before->authority))
			eased->limits[eased->limit_count++] = change;
	}
}

void
EasedSettingsBegin(EasedSettings *eased, const ExceptionScan *scan)
{
	MemoryContext previous;

	eased->setting_count = StatementRead(&read_settings, NULL, NULL);
	previous = MemoryContextSwitchTo(scan->context);
	eased->settings = palloc0(sizeof(SettingChange) * (eased->setting_count + 1));
	ReadSettings(eased);
	SPI_freetuptable(SPI_tuptable);
	MemoryContextSwitchTo(previous);
	eased->authority_count = StatementRead(&read_authorities, NULL, NULL);
	MemoryContextSwitchTo(scan->context);
	eased->authorities = palloc0(sizeof(AuthorityChange) * (eased->authority_count + 1));
	ReadAuthorities(eased);
	SPI_freetuptable(SPI_tuptable);
	FindLimits(eased, scan);
	MemoryContextSwitchTo(previous);
}

/* ---- comparing ---- */

static WeightKind
KindOfVerdict(const Row *promise)
{
	if (RowTextIs(promise, PROMISE_OUTCOME, state_names[STATE_PARTLY_KEPT]))
		return WEIGHT_PARTLY_KEPT;
	if (RowTextIs(promise, PROMISE_OUTCOME, state_names[STATE_KEPT]))
		return PromiseOnCompanyWord(promise) ? WEIGHT_KEPT_BY_COMPANY : WEIGHT_KEPT;
	if (!RowIsNull(promise, PROMISE_REPAIRED_AT))
		return WEIGHT_REPAIRED;
	return RowIsNull(promise, PROMISE_ADMITTED_AT) ? WEIGHT_BROKEN : WEIGHT_ADMITTED;
}

static bool
WeighsMore(Weight a, Weight b)
{
	return a.kept > b.kept || a.broken < b.broken;
}

/* Whether settings before the change had the same weights, too. */
static bool
HadWeights(const EasedSettings *eased, const SettingChange *change, WeightKind kind)
{
	for (const SettingChange *before = eased->settings; before < change; before++)
		if (before->weights[kind].kept == change->weights[kind].kept &&
			before->weights[kind].broken == change->weights[kind].broken)
			return true;
	return false;
}

/*
 * Whether the verdict was given with the weights of the change, which are the better ones.
 * Weights that there were before may have come from then, unless the verdict is later.
 */
static bool
WeightsEased(const EasedSettings *eased, const SettingChange *change, const Row *promise)
{
	WeightKind	kind = KindOfVerdict(promise);
	Weight		weight = change->weights[kind];

	return RowInt32(promise, PROMISE_WEIGHT_KEPT) == weight.kept &&
		RowInt32(promise, PROMISE_WEIGHT_BROKEN) == weight.broken &&
		WeighsMore(weight, change[-1].weights[kind]) &&
		(RowInstant(promise, PROMISE_SETTLED_AT) >= change->at ||
		 !HadWeights(eased, change, kind));
}

static void
CountSettings(const EasedSettings *eased, SettingChange *change, const Row *promise)
{
	const SettingChange *before = change - 1;
	bool		decided = !RowIsNull(promise, PROMISE_OUTCOME);

	if (decided && WeightsEased(eased, change, promise))
		change->promises[SETTING_WEIGHTS]++;
	if (decided && change->half_life < before->half_life &&
		RowInt32(promise, PROMISE_WEIGHT_BROKEN) > 0)
		change->promises[SETTING_HALF_LIFE]++;
	if (change->lag > before->lag && !RowBool(promise, PROMISE_BACKFILLED) &&
		RowInstant(promise, PROMISE_RECORDED_AT) >= change->at &&
		RowInstant(promise, PROMISE_RECORDED_AT) - RowInstant(promise, PROMISE_MADE_AT) >
		before->lag)
		change->promises[SETTING_LAG]++;
}

/* Whether the authority allows to back the promise alone. */
static bool
Allows(Jsonb *authority, const Row *promise)
{
	Actor		actor = {.authority = authority};
	Numeric		most;

	if (authority == NULL)
		return true;
	if (RowIsNull(promise, PROMISE_VALUE) || RowIsNull(promise, PROMISE_CURRENCY))
		return false;
	most = AuthorityLimit(&actor, RowText(promise, PROMISE_CURRENCY));
	return most && AmountReaches(most, DatumGetNumeric(promise->values[PROMISE_VALUE]));
}

/* The change by which the actor's authority is again what it was before this one; or NULL. */
static const AuthorityChange *
Restored(const EasedSettings *eased, const AuthorityChange *change)
{
	const AuthorityChange *end = &eased->authorities[eased->authority_count];

	for (const AuthorityChange *later = change + 1; later < end; later++)
		if (strcmp(later->actor, change->actor) == 0 &&
			SameAuthority(later->authority, change->before->authority))
			return later;
	return NULL;
}

static void
CountAuthority(const EasedSettings *eased, AuthorityChange *change, const Row *promise)
{
	TimestampTz backed_at = RowInstant(promise, PROMISE_BACKED_AT);
	const AuthorityChange *restored;

	if (backed_at < change->at || !RowTextIs(promise, PROMISE_BACKER, change->actor) ||
		Allows(change->before->authority, promise))
		return;
	restored = Restored(eased, change);
	if (restored == NULL || backed_at < restored->at)
		change->promises++;
}

void
EasedSettingsAdd(EasedSettings *eased, const ExceptionScan *scan)
{
	const Row  *promise = scan->promise;

	for (int i = 1; i < eased->setting_count; i++)
		if (eased->settings[i].at >= scan->first_recorded_at)
			CountSettings(eased, &eased->settings[i], promise);
	if (RowIsNull(promise, PROMISE_BACKED_AT))
		return;
	for (int i = 0; i < eased->limit_count; i++)
		CountAuthority(eased, eased->limits[i], promise);
}

/* ---- the result ---- */

/* Whether the settings are not easier than those before, as far as this kind is concerned. */
static bool
IsRestored(const SettingChange *later, const SettingChange *before, SettingKind kind)
{
	if (kind == SETTING_HALF_LIFE)
		return later->half_life >= before->half_life;
	if (kind == SETTING_LAG)
		return later->lag <= before->lag;
	for (int i = 0; i < WEIGHTS; i++)
		if (WeighsMore(later->weights[i], before->weights[i]))
			return false;
	return true;
}

static char *
SettingUntil(const EasedSettings *eased, int changed, SettingKind kind)
{
	for (int i = changed + 1; i < eased->setting_count; i++)
		if (IsRestored(&eased->settings[i], &eased->settings[changed - 1], kind))
			return UntilText(eased->settings[i].seq, eased->settings[i].at);
	return UntilText(0, 0);
}

static void
PutSetting(const EasedSettings *eased, int changed, SettingKind kind, const ExceptionScan *scan)
{
	const SettingChange *change = &eased->settings[changed];
	Exception	exception = {
		.what = "settings_eased", .since = change->at, .subject = change->ledger
	};

	if (change->promises[kind] == 0)
		return;
	exception.detail = EasedText(change->seq, change->promises[kind], setting_texts[kind],
								 SettingUntil(eased, changed, kind));
	PutTotal(scan, &exception);
}

static void
PutAuthority(const EasedSettings *eased, const AuthorityChange *change,
			 const ExceptionScan *scan)
{
	const AuthorityChange *restored;
	Exception	exception = {
		.what = "settings_eased", .since = change->at, .subject = change->actor
	};

	if (change->promises == 0)
		return;
	restored = Restored(eased, change);
	exception.detail = EasedText(change->seq, change->promises,
								 "were backed beyond the former authority",
								 restored ? UntilText(restored->seq, restored->at) :
								 UntilText(0, 0));
	PutTotal(scan, &exception);
}

void
EasedSettingsPut(const EasedSettings *eased, const ExceptionScan *scan)
{
	for (int i = 1; i < eased->setting_count; i++)
		for (int kind = 0; kind < SETTING_KINDS; kind++)
			PutSetting(eased, i, kind, scan);
	for (int i = 0; i < eased->limit_count; i++)
		PutAuthority(eased, eased->limits[i], scan);
}
