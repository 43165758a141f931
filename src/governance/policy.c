/*
 * policy.c
 *		Policies: the combined requirements of all rules for a promise.
 *
 * All matching rules apply, with the strictest of each requirement.  If a rule has a
 * condition on something that the promise does not specify, or on a kind or currency
 * that no rule mentions, the condition is met.  So a promise cannot evade a policy by
 * omitting something.  A match of that kind never gives a grace period.
 */
#include "postgres.h"

#include "governance/policy.h"

#include "catalog/pg_type_d.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"
#include "utils/numeric.h"

#include "base/duration.h"
#include "base/statement.h"
#include "base/text.h"

static Statement read_policies = STATEMENT_WITHOUT_ARGS(
	"SELECT " POLICY_RULE_COLUMNS
	" FROM trust.policy"
	" WHERE active"
	" ORDER BY policy");

/*
 * Cache of all active rules.  Relcache invalidations make it invalid.  They are processed
 * again on abort, so errors, subtransactions and PREPARE TRANSACTION need no special
 * care.  A nested call may replace it while we read rules, but the code that evaluates
 * rules calls nothing else.
 */
static MemoryContext rules_context = NULL;
static PolicyRules active = {NULL, 0};
static bool rules_valid = false;

static void
ForgetRules(void)
{
	rules_valid = false;
}

static int64
MicrosecondsOr(uint64 row, int column, int64 otherwise)
{
	bool		isnull;
	Datum		interval = ResultValue(row, column, INTERVALOID, &isnull);

	return isnull ? otherwise : IntervalMicroseconds(DatumGetIntervalP(interval), "policy");
}

PolicyRule *
PolicyResultRule(uint64 row, int first)
{
	PolicyRule *rule = palloc0(sizeof(PolicyRule));
	char	   *evidence = ResultText(row, first + 5);
	bool		isnull;
	Datum		least_value = ResultValue(row, first + 4, NUMERICOID, &isnull);

	rule->least_value = isnull ? NULL : DatumGetNumericCopy(least_value);
	rule->promiser = ResultText(row, first);
	rule->promiser_kind = ResultText(row, first + 1);
	rule->kind = ResultText(row, first + 2);
	rule->currency = ResultText(row, first + 3);
	rule->evidence = evidence ? EvidenceFromName(evidence) : EVIDENCE_NONE;
	rule->back_within = MicrosecondsOr(row, first + 6, -1);
	rule->grace = MicrosecondsOr(row, first + 7, -1);
	rule->due_within = MicrosecondsOr(row, first + 8, -1);
	rule->cumulative = DatumGetBool(ResultValue(row, first + 9, BOOLOID, &isnull)) && !isnull;
	return rule;
}

/* Replaces the cache. */
static void
SetRules(MemoryContext context, PolicyRules read, bool valid)
{
	MemoryContextSetParent(context, TopMemoryContext);
	if (rules_context != NULL)
		MemoryContextDelete(rules_context);
	rules_context = context;
	active = read;
	rules_valid = valid;
}

static void
LoadRules(const Ledger *ledger)
{
	Oid			relid = LedgerRelation("policy");
	uint64		seen = LedgerGeneration();
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "trust_ledger policies",
												  ALLOCSET_SMALL_SIZES);
	LedgerSession session;
	MemoryContext previous;
	PolicyRules read;

	LedgerWatch(relid, ForgetRules);
	LedgerEnter(ledger, &session);
	read.count = StatementReadLatest(&read_policies, NULL, NULL, relid);
	previous = MemoryContextSwitchTo(context);
	read.rules = palloc(sizeof(PolicyRule *) * (read.count + 1));
	for (int i = 0; i < read.count; i++)
		read.rules[i] = PolicyResultRule(i, 1);
	MemoryContextSwitchTo(previous);
	LedgerLeave(&session);
	SetRules(context, read, seen == LedgerGeneration());
}

bool
PolicyKnowsKind(const PolicyRules *rules, const char *kind)
{
	for (int i = 0; i < rules->count; i++)
		if (rules->rules[i]->kind && strcmp(rules->rules[i]->kind, kind) == 0)
			return true;
	return false;
}

bool
PolicyKnowsCurrency(const PolicyRules *rules, const char *currency)
{
	for (int i = 0; i < rules->count; i++)
		if (rules->rules[i]->currency && strcmp(rules->rules[i]->currency, currency) == 0)
			return true;
	return false;
}

/* Ordered, so that the result for several conditions is the minimum. */
typedef enum Match
{
	NO_MATCH,
	MATCH_BY_DEFAULT,			/* not specified by the promise, or not mentioned in any rule */
	MATCH
} Match;

static Match
MatchName(const char *asked, const char *said, bool known)
{
	if (asked == NULL)
		return MATCH;
	if (said == NULL || !known)
		return MATCH_BY_DEFAULT;
	return strcmp(asked, said) == 0 ? MATCH : NO_MATCH;
}

/*
 * A condition on the promiser applies to all parties, so that a machine cannot evade a
 * rule about machines by naming a human as promiser.
 */
static Match
MatchParty(const PolicyRule *rule, const PolicySubject *subject)
{
	for (int i = 0; i < POLICY_PARTIES; i++)
	{
		const PolicyParty *party = &subject->parties[i];

		if (party->actor != NULL &&
			MatchName(rule->promiser, party->actor, true) == MATCH &&
			MatchName(rule->promiser_kind, party->kind, true) == MATCH)
			return MATCH;
	}
	return NO_MATCH;
}

bool
AmountReaches(Numeric amount, Numeric least)
{
	return DatumGetInt32(DirectFunctionCall2(numeric_cmp, NumericGetDatum(amount),
											 NumericGetDatum(least))) >= 0;
}

static Match
MatchValue(const PolicyRule *rule, const PolicySubject *subject, Match currency)
{
	Numeric		amount = rule->cumulative ? subject->open_sum : subject->value;

	if (rule->least_value == NULL)
		return MATCH;
	/* an amount in a currency that no rule mentions cannot be compared */
	if (amount == NULL || currency == MATCH_BY_DEFAULT)
		return MATCH_BY_DEFAULT;
	return AmountReaches(amount, rule->least_value) ? MATCH : NO_MATCH;
}

static Match
MatchRule(const PolicyRule *rule, const PolicySubject *subject, bool kind_known,
		  bool currency_known)
{
	Match		currency = MatchName(rule->currency, subject->currency, currency_known);
	Match		parts[] = {
		MatchParty(rule, subject),
		MatchName(rule->kind, subject->kind, kind_known),
		currency,
		MatchValue(rule, subject, currency)
	};
	Match		match = MATCH;

	for (size_t i = 0; i < lengthof(parts); i++)
		match = Min(match, parts[i]);
	return match;
}

static int64
Strictest(int64 a, int64 b)
{
	return a < 0 ? b : b < 0 ? a : Min(a, b);
}

bool
PolicyIsCumulative(const Ledger *ledger)
{
	if (!rules_valid)
		LoadRules(ledger);
	for (int i = 0; i < active.count; i++)
		if (active.rules[i]->cumulative)
			return true;
	return false;
}

PolicyRequirements
PolicyRequirementsOf(const PolicyRules *rules, const PolicySubject *subject)
{
	PolicyRequirements required = {EVIDENCE_NONE, -1, -1, -1};
	int64		shortest_grace = -1;
	bool		kind_known = subject->kind && PolicyKnowsKind(rules, subject->kind);
	bool		currency_known = subject->currency &&
		PolicyKnowsCurrency(rules, subject->currency);

	for (int i = 0; i < rules->count; i++)
	{
		const PolicyRule *rule = rules->rules[i];
		Match		match = MatchRule(rule, subject, kind_known, currency_known);

		if (match == NO_MATCH)
			continue;
		required.evidence = Max(required.evidence, rule->evidence);
		required.back_within = Strictest(required.back_within, rule->back_within);
		required.due_within = Strictest(required.due_within, rule->due_within);
		shortest_grace = Strictest(shortest_grace, rule->grace);
		if (match == MATCH)		/* only a full match gives a grace period */
			required.grace = Max(required.grace, rule->grace);
	}
	required.grace = required.grace < 0 ? 0 : shortest_grace;
	if (required.back_within >= 0)	/* a time limit implies that somebody must back it */
		required.evidence = Max(required.evidence, EVIDENCE_ASSERTED);
	return required;
}

PolicyRequirements
PolicyGetRequirements(const Ledger *ledger, const PolicySubject *subject)
{
	if (!rules_valid)
		LoadRules(ledger);
	return PolicyRequirementsOf(&active, subject);
}

Numeric
AuthorityLimit(const Actor *actor, const char *currency)
{
	JsonbValue	buffer;
	JsonbValue *most = JsonMember(actor->authority, currency, &buffer);

	return most != NULL && most->type == jbvNumeric ? most->val.numeric : NULL;
}
