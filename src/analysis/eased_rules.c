/*
 * eased_rules.c
 *		Changes of rules by which promises were asked less than before.
 *
 * For each promise, what the rules asked for when it was recorded is compared with what
 * the rules of each earlier time would have asked for.  A change is responsible if the
 * rules before it asked for more in some respect, and those after it did not.  So a change
 * is found however it was made: a rule that asked for less, or was dropped, or a new one
 * that made a kind or currency known or gave a grace time.
 *
 * Promises that all rules treat alike are counted together, and asked about at the end.
 */
#include "postgres.h"

#include "analysis/eased_rules.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/fmgrprotos.h"
#include "utils/hsearch.h"
#include "utils/numeric.h"

#include "base/statement.h"

static Statement read_changes = STATEMENT_WITHOUT_ARGS(
	"SELECT e.seq, e.subject, e.recorded_at, COALESCE(r.active, false), " POLICY_RULE_COLUMNS
	" FROM ("
	"   SELECT seq, subject, recorded_at, details"
	"   FROM trust.entry"
	"   WHERE customer OPERATOR(pg_catalog.=) ''"
	"     AND event OPERATOR(pg_catalog.=) ANY"
	"       ('{policy_set,policy_dropped}'::pg_catalog.text[])) AS e"
	" CROSS JOIN LATERAL pg_catalog.jsonb_to_record(e.details) AS r ("
	"   active pg_catalog.bool, promiser pg_catalog.text, promiser_kind pg_catalog.text,"
	"   kind pg_catalog.text, currency pg_catalog.text, least_value pg_catalog.numeric,"
	"   evidence pg_catalog.text, back_within pg_catalog.interval, grace pg_catalog.interval,"
	"   due_within pg_catalog.interval, cumulative pg_catalog.bool)"
	" ORDER BY e.seq");

typedef struct RuleChange
{
	int64		seq;
	char	   *policy;
	TimestampTz at;
	PolicyRule *rule;			/* from then on; NULL: dropped */
	int64		promises;		/* that were asked less */
	int			until;			/* the number of changes after which no such promise would be */
} RuleChange;

/* What rules can tell promises apart by. */
typedef struct AlikeKey
{
	int			promiser;		/* this and the next are as MentionIndex() says */
	int			promiser_kind;
	int			drafter;
	int			drafter_kind;
	int			kind;
	int			currency;
	int			value;			/* number of least values that it reaches; -1: none */
} AlikeKey;

/* Promises that all rules treat alike. */
typedef struct AlikePromises
{
	AlikeKey	key;			/* hash key */
	PolicySubject subject;		/* one of them */
	int64	   *promises;		/* how many were recorded after as many changes */
} AlikePromises;

/* ---- reading ---- */

/* The rules with this one in place of the one that the policy was before; NULL: none. */
static PolicyRules
Replaced(const PolicyRules *rules, const PolicyRule *old, PolicyRule *rule)
{
	PolicyRules replaced = {palloc(sizeof(PolicyRule *) * (rules->count + 1)), 0};

	for (int i = 0; i < rules->count; i++)
		if (rules->rules[i] != old)
			replaced.rules[replaced.count++] = rules->rules[i];
	if (rule)
		replaced.rules[replaced.count++] = rule;
	return replaced;
}

/* The rule of that name after as many changes. */
static PolicyRule *
RuleAfter(const EasedRules *eased, int changes, const char *policy)
{
	while (changes-- > 0)
		if (strcmp(eased->changes[changes].policy, policy) == 0)
			return eased->changes[changes].rule;
	return NULL;
}

static void
AddName(EasedRules *eased, char *name)
{
	if (name)
		eased->names[eased->name_count++] = name;
}

static void
ReadChange(EasedRules *eased, int i)
{
	RuleChange *change = &eased->changes[i];
	PolicyRule *rule = NULL;

	change->seq = DatumGetInt64(ResultNotNull(i, 1, INT8OID));
	change->policy = ResultTextNotNull(i, 2);
	change->at = DatumGetTimestampTz(ResultNotNull(i, 3, TIMESTAMPTZOID));
	if (DatumGetBool(ResultNotNull(i, 4, BOOLOID)))
		rule = change->rule = PolicyResultRule(i, 5);
	eased->rules[i + 1] = Replaced(&eased->rules[i], RuleAfter(eased, i, change->policy), rule);
	if (rule == NULL)
		return;
	AddName(eased, rule->promiser);
	AddName(eased, rule->promiser_kind);
	AddName(eased, rule->kind);
	AddName(eased, rule->currency);
	if (rule->least_value)
		eased->values[eased->value_count++] = rule->least_value;
}

static int
CompareNames(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static int
CompareValues(const void *a, const void *b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(*(const Numeric *) a),
											 NumericGetDatum(*(const Numeric *) b)));
}

void
EasedRulesBegin(EasedRules *eased, const ExceptionScan *scan)
{
	MemoryContext previous;
	HASHCTL		control = {
		.keysize = sizeof(AlikeKey), .entrysize = sizeof(AlikePromises), .hcxt = scan->context
	};

	eased->count = StatementRead(&read_changes, NULL, NULL);
	previous = MemoryContextSwitchTo(scan->context);
	eased->changes = palloc0(sizeof(RuleChange) * (eased->count + 1));
	eased->rules = palloc0(sizeof(PolicyRules) * (eased->count + 1));
	eased->names = palloc(sizeof(char *) * (4 * eased->count + 1));
	eased->values = palloc(sizeof(Numeric) * (eased->count + 1));
	for (int i = 0; i < eased->count; i++)
		ReadChange(eased, i);
	SPI_freetuptable(SPI_tuptable);
	qsort(eased->names, eased->name_count, sizeof(char *), CompareNames);
	qsort(eased->values, eased->value_count, sizeof(Numeric), CompareValues);
	eased->alike = hash_create("trust_ledger promises alike", 64, &control,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	/* what was changed before there was a promise is where the rules began */
	while (eased->first < eased->count &&
		   eased->changes[eased->first].at < scan->first_recorded_at)
		eased->first++;
	MemoryContextSwitchTo(previous);
}

/* ---- adding ---- */

static int
ChangesUntil(const EasedRules *eased, TimestampTz at)
{
	int			low = 0;
	int			high = eased->count;

	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (eased->changes[middle].at <= at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* -2: NULL; -1: no rule mentions it */
static int
MentionIndex(const EasedRules *eased, const char *name)
{
	char	  **found;

	if (name == NULL)
		return -2;
	found = bsearch(&name, eased->names, eased->name_count, sizeof(char *), CompareNames);
	if (found == NULL)
		return -1;
	while (found > eased->names && strcmp(found[-1], name) == 0)
		found--;
	return found - eased->names;
}

static int
ValueIndex(const EasedRules *eased, Numeric value)
{
	int			low = 0;
	int			high = eased->value_count;

	if (value == NULL)
		return -1;
	while (low < high)
	{
		int			middle = (low + high) / 2;

		if (AmountReaches(value, eased->values[middle]))
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A sum of open promises is at least the value of this one. */
static PolicySubject
SubjectOf(const ExceptionScan *scan)
{
	const Row  *promise = scan->promise;
	const ScannedActor *drafter = ScannedActorIn(scan, PROMISE_DRAFTED_BY);
	PolicySubject subject = {
		.parties = {
			{RowText(promise, PROMISE_PROMISER), RowText(promise, PROMISE_PROMISER_KIND)},
			{RowText(promise, PROMISE_DRAFTED_BY), drafter ? drafter->kind : NULL}
		},
		.kind = RowText(promise, PROMISE_KIND),
		.currency = RowText(promise, PROMISE_CURRENCY)
	};

	if (!RowIsNull(promise, PROMISE_VALUE))
		subject.value = subject.open_sum = DatumGetNumeric(promise->values[PROMISE_VALUE]);
	return subject;
}

static char *
Copy(const char *text)
{
	return text ? pstrdup(text) : NULL;
}

static void
KeepSubject(AlikePromises *alike, const PolicySubject *subject)
{
	PolicySubject *kept = &alike->subject;

	*kept = *subject;
	for (int i = 0; i < POLICY_PARTIES; i++)
	{
		kept->parties[i].actor = Copy(subject->parties[i].actor);
		kept->parties[i].kind = Copy(subject->parties[i].kind);
	}
	kept->kind = Copy(subject->kind);
	kept->currency = Copy(subject->currency);
	if (subject->value)
		kept->value = kept->open_sum =
			DatumGetNumeric(datumCopy(NumericGetDatum(subject->value), false, -1));
}

void
EasedRulesAdd(EasedRules *eased, const ExceptionScan *scan)
{
	int			changes = ChangesUntil(eased, RowInstant(scan->promise, PROMISE_RECORDED_AT));
	PolicySubject subject;
	AlikeKey	key;
	AlikePromises *alike;
	bool		found;

	if (changes <= eased->first)
		return;
	subject = SubjectOf(scan);
	memset(&key, 0, sizeof(key));
	key.promiser = MentionIndex(eased, subject.parties[0].actor);
	key.promiser_kind = MentionIndex(eased, subject.parties[0].kind);
	key.drafter = MentionIndex(eased, subject.parties[1].actor);
	key.drafter_kind = MentionIndex(eased, subject.parties[1].kind);
	key.kind = MentionIndex(eased, subject.kind);
	key.currency = MentionIndex(eased, subject.currency);
	key.value = ValueIndex(eased, subject.value);
	alike = hash_search(eased->alike, &key, HASH_ENTER, &found);
	if (!found)
	{
		MemoryContext previous = MemoryContextSwitchTo(scan->context);

		KeepSubject(alike, &subject);
		alike->promises = palloc0(sizeof(int64) * (eased->count + 1));
		MemoryContextSwitchTo(previous);
	}
	alike->promises[changes]++;
}

/* ---- comparing ---- */

/* A limit in time that is later, or none any more. */
static bool
LaterLimit(int64 old, int64 now)
{
	return old >= 0 && (now < 0 || now > old);
}

/* Which requirements are less, as bits. */
static int
AskedLess(const PolicyRequirements *now, const PolicyRequirements *before)
{
	return (now->evidence < before->evidence ? 1 : 0) |
		(now->grace > before->grace ? 2 : 0) |
		(LaterLimit(before->back_within, now->back_within) ? 4 : 0) |
		(LaterLimit(before->due_within, now->due_within) ? 8 : 0);
}

/* The number of changes after which the rules ask for no less of it than before that change. */
static int
EasedUntil(const EasedRules *eased, const PolicyRequirements *required, int changed, int less)
{
	int			until = changed + 1;

	while (until <= eased->count && (AskedLess(&required[until], &required[changed]) & less))
		until++;
	return until;
}

static void
CountAlike(const EasedRules *eased, const AlikePromises *alike,
		   const PolicyRequirements *required)
{
	for (int changes = eased->first + 1; changes <= eased->count; changes++)
	{
		const PolicyRequirements *now = &required[changes];

		if (alike->promises[changes] == 0)
			continue;
		for (int i = eased->first; i < changes; i++)
		{
			RuleChange *change = &eased->changes[i];
			int			less = AskedLess(now, &required[i]) & ~AskedLess(now, &required[i + 1]);

			if (less == 0)
				continue;
			change->promises += alike->promises[changes];
			change->until = Max(change->until, EasedUntil(eased, required, i, less));
		}
	}
}

static void
CompareRules(const EasedRules *eased)
{
	PolicyRequirements *required = palloc(sizeof(PolicyRequirements) * (eased->count + 1));
	HASH_SEQ_STATUS all;
	AlikePromises *alike;

	hash_seq_init(&all, eased->alike);
	while ((alike = hash_seq_search(&all)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		for (int changes = eased->first; changes <= eased->count; changes++)
			required[changes] = PolicyRequirementsOf(&eased->rules[changes], &alike->subject);
		CountAlike(eased, alike, required);
	}
	pfree(required);
}

/* ---- the result ---- */

char *
UntilText(int64 seq, TimestampTz at)
{
	return seq == 0 ? "and it is still so" :
		psprintf("until entry " INT64_FORMAT " at %s", seq, InstantText(at));
}

char *
EasedText(int64 seq, int64 promises, const char *how, const char *until)
{
	return psprintf("promises that %s: " INT64_FORMAT ", by entry " INT64_FORMAT ", %s",
					how, promises, seq, until);
}

static char *
RuleUntil(const EasedRules *eased, const RuleChange *change)
{
	const RuleChange *end = &eased->changes[change->until - 1];

	return change->until > eased->count ? UntilText(0, 0) : UntilText(end->seq, end->at);
}

void
EasedRulesPut(const EasedRules *eased, const ExceptionScan *scan)
{
	CompareRules(eased);
	for (int i = 0; i < eased->count; i++)
	{
		const RuleChange *change = &eased->changes[i];
		Exception	exception = {
			.what = "settings_eased", .since = change->at, .subject = change->policy
		};

		if (change->promises == 0)
			continue;
		exception.detail = EasedText(change->seq, change->promises, "were asked less than before",
									 RuleUntil(eased, change));
		PutTotal(scan, &exception);
	}
}
