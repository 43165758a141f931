/*
 * eased_rules.c
 *		Changes of rules by which promises were asked less than before.
 *
 * For each promise, the rules that held when it was recorded are compared with the same
 * rules, except that one of them is as it was before it changed.  So a change is found
 * however it was made: a rule that asked for less, or was dropped, or a new one that made
 * a kind or currency known or gave a grace time.
 */
#include "postgres.h"

#include "analysis/eased_rules.h"

#include "catalog/pg_type_d.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
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

/* Their ids begin with the time when they were recorded. */
static Statement read_first_promise = STATEMENT_WITHOUT_ARGS(
	"SELECT recorded_at FROM trust.promise ORDER BY promise LIMIT 1");

typedef struct RuleChange
{
	int64		seq;
	char	   *policy;
	TimestampTz at;
	PolicyRule *old;			/* NULL: there was no such rule */
	PolicyRule *rule;			/* from then on; NULL: dropped */
	PolicyRule **current;		/* by the number of changes; NULL: it cannot have eased anything */
	int64		promises;		/* that were asked less */
} RuleChange;

static bool
SameText(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static int
CompareAmounts(Numeric a, Numeric b)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(a),
											 NumericGetDatum(b)));
}

/* A limit in time that is later, or none any more. */
static bool
LaterLimit(int64 old, int64 now)
{
	return old >= 0 && (now < 0 || now > old);
}

static bool
MatchesFewer(const PolicyRule *old, const PolicyRule *rule)
{
	if ((rule->promiser && !SameText(rule->promiser, old->promiser)) ||
		(rule->promiser_kind && !SameText(rule->promiser_kind, old->promiser_kind)) ||
		(rule->kind && !SameText(rule->kind, old->kind)) ||
		(rule->currency && !SameText(rule->currency, old->currency)))
		return true;
	if (rule->least_value == NULL)
		return false;
	return old->least_value == NULL || CompareAmounts(rule->least_value, old->least_value) > 0 ||
		(old->cumulative && !rule->cumulative);
}

/* As policy_is_weaker(): whether the rule asks for less than the old one, in any respect. */
static bool
IsWeaker(const PolicyRule *old, const PolicyRule *rule)
{
	if (old == NULL || rule == NULL)
		return old != NULL;
	return rule->evidence < old->evidence ||
		LaterLimit(old->back_within, rule->back_within) ||
		LaterLimit(old->due_within, rule->due_within) ||
		Max(rule->grace, 0) > Max(old->grace, 0) ||
		MatchesFewer(old, rule);
}

/* Whether the rule names a kind or currency that no rule named before. */
static bool
MakesKnown(const PolicyRules *before, const PolicyRule *rule)
{
	return rule != NULL &&
		((rule->kind && !PolicyKnowsKind(before, rule->kind)) ||
		 (rule->currency && !PolicyKnowsCurrency(before, rule->currency)));
}

/* ---- reading ---- */

/* The rules with this one in place of the old one of the same name; either may be NULL. */
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

static bool
CanEase(const EasedRules *eased, int i)
{
	const RuleChange *change = &eased->changes[i];

	return IsWeaker(change->old, change->rule) ||
		MakesKnown(&eased->rules[i], change->rule) ||
		(change->old == NULL && change->rule && change->rule->grace > 0);
}

static void
ReadChange(EasedRules *eased, int i)
{
	RuleChange *change = &eased->changes[i];

	change->seq = DatumGetInt64(ResultNotNull(i, 1, INT8OID));
	change->policy = ResultTextNotNull(i, 2);
	change->at = DatumGetTimestampTz(ResultNotNull(i, 3, TIMESTAMPTZOID));
	change->old = RuleAfter(eased, i, change->policy);
	if (DatumGetBool(ResultNotNull(i, 4, BOOLOID)))
		change->rule = PolicyResultRule(i, 5);
	eased->rules[i + 1] = Replaced(&eased->rules[i], change->old, change->rule);
}

static TimestampTz
FirstPromise(void)
{
	bool		none = StatementRead(&read_first_promise, NULL, NULL) == 0;
	TimestampTz first = none ? DT_NOEND :
		DatumGetTimestampTz(ResultNotNull(0, 1, TIMESTAMPTZOID));

	SPI_freetuptable(SPI_tuptable);
	return first;
}

/* What was changed before there was a promise is where the rules began. */
static void
FindEasing(EasedRules *eased, TimestampTz first_promise)
{
	eased->easing = palloc(sizeof(int) * (eased->count + 1));
	for (int i = 0; i < eased->count; i++)
	{
		RuleChange *change = &eased->changes[i];

		if (change->at < first_promise || !CanEase(eased, i))
			continue;
		change->current = palloc(sizeof(PolicyRule *) * (eased->count + 1));
		for (int changes = 0; changes <= eased->count; changes++)
			change->current[changes] = RuleAfter(eased, changes, change->policy);
		eased->easing[eased->easing_count++] = i;
	}
}

void
EasedRulesBegin(EasedRules *eased, const ExceptionScan *scan)
{
	MemoryContext previous;
	TimestampTz first_promise;

	eased->count = StatementRead(&read_changes, NULL, NULL);
	previous = MemoryContextSwitchTo(scan->context);
	eased->changes = palloc0(sizeof(RuleChange) * (eased->count + 1));
	eased->rules = palloc0(sizeof(PolicyRules) * (eased->count + 1));
	for (int i = 0; i < eased->count; i++)
		ReadChange(eased, i);
	SPI_freetuptable(SPI_tuptable);
	first_promise = FirstPromise();
	MemoryContextSwitchTo(scan->context);
	FindEasing(eased, first_promise);
	MemoryContextSwitchTo(previous);
}

/* ---- comparing ---- */

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

static bool
AsksLess(const PolicyRequirements *now, const PolicyRequirements *before)
{
	return now->evidence < before->evidence ||
		now->grace > before->grace ||
		LaterLimit(before->back_within, now->back_within) ||
		LaterLimit(before->due_within, now->due_within);
}

void
EasedRulesAdd(EasedRules *eased, const ExceptionScan *scan)
{
	int			changes = ChangesUntil(eased, RowInstant(scan->promise, PROMISE_RECORDED_AT));
	PolicySubject subject;
	PolicyRequirements now;
	bool		asked = false;

	for (int i = 0; i < eased->easing_count && eased->easing[i] < changes; i++)
	{
		RuleChange *change = &eased->changes[eased->easing[i]];
		PolicyRule *current = change->current[changes];
		PolicyRules without;
		PolicyRequirements before;

		if (current == change->old)
			continue;
		if (!asked)
		{
			subject = SubjectOf(scan);
			now = PolicyRequirementsOf(&eased->rules[changes], &subject);
			asked = true;
		}
		without = Replaced(&eased->rules[changes], current, change->old);
		before = PolicyRequirementsOf(&without, &subject);
		if (AsksLess(&now, &before))
			change->promises++;
	}
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
RuleUntil(const EasedRules *eased, int changed)
{
	const RuleChange *change = &eased->changes[changed];

	for (int i = changed + 1; i < eased->count; i++)
	{
		const RuleChange *later = &eased->changes[i];

		if (strcmp(later->policy, change->policy) == 0 &&
			(change->old ? !IsWeaker(change->old, later->rule) : later->rule == NULL))
			return UntilText(later->seq, later->at);
	}
	return UntilText(0, 0);
}

void
EasedRulesPut(const EasedRules *eased, const ExceptionScan *scan)
{
	for (int i = 0; i < eased->count; i++)
	{
		const RuleChange *change = &eased->changes[i];
		Exception	exception = {
			.what = "settings_eased", .since = change->at, .subject = change->policy
		};

		if (change->promises == 0)
			continue;
		exception.detail = EasedText(change->seq, change->promises, "were asked less than before",
									 RuleUntil(eased, i));
		PutTotal(scan, &exception);
	}
}
