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
	"SELECT promiser, promiser_kind, kind, currency, least_value, evidence, back_within, grace,"
	" due_within, cumulative"
	" FROM trust.policy"
	" WHERE active"
	" ORDER BY policy");

/* A rule.  NULL and -1 mean that it has no such condition or requirement. */
typedef struct Rule
{
	char	   *promiser;
	char	   *promiser_kind;
	char	   *kind;
	char	   *currency;
	Numeric		least_value;
	bool		cumulative;		/* least_value applies to the sum of open promises */
	Evidence	evidence;
	int64		back_within;
	int64		grace;
	int64		due_within;
} Rule;

/*
 * Cache of all active rules.  Relcache invalidations make it invalid.  They are processed
 * again on abort, so errors, subtransactions and PREPARE TRANSACTION need no special
 * care.  A nested call may replace it while we read rules, but the code that evaluates
 * rules calls nothing else.
 */
static MemoryContext rules_context = NULL;
static Rule *rules = NULL;
static int	rule_count = 0;
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

static Rule
ResultRule(uint64 row)
{
	Rule		rule = {0};
	char	   *evidence = ResultText(row, 6);
	bool		isnull;
	Datum		least_value = ResultValue(row, 5, NUMERICOID, &isnull);

	rule.least_value = isnull ? NULL : DatumGetNumericCopy(least_value);
	rule.promiser = ResultText(row, 1);
	rule.promiser_kind = ResultText(row, 2);
	rule.kind = ResultText(row, 3);
	rule.currency = ResultText(row, 4);
	rule.evidence = evidence ? EvidenceFromName(evidence) : EVIDENCE_NONE;
	rule.back_within = MicrosecondsOr(row, 7, -1);
	rule.grace = MicrosecondsOr(row, 8, -1);
	rule.due_within = MicrosecondsOr(row, 9, -1);
	rule.cumulative = DatumGetBool(ResultNotNull(row, 10, BOOLOID));
	return rule;
}

/* Replaces the cache. */
static void
SetRules(MemoryContext context, Rule *read, int count, bool valid)
{
	MemoryContextSetParent(context, TopMemoryContext);
	if (rules_context != NULL)
		MemoryContextDelete(rules_context);
	rules_context = context;
	rules = read;
	rule_count = count;
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
	Rule	   *read;
	int			count;

	LedgerWatch(relid, ForgetRules);
	LedgerEnter(ledger, &session);
	count = StatementReadLatest(&read_policies, NULL, NULL, relid);
	previous = MemoryContextSwitchTo(context);
	read = palloc(sizeof(Rule) * (count + 1));
	for (int i = 0; i < count; i++)
		read[i] = ResultRule(i);
	MemoryContextSwitchTo(previous);
	LedgerLeave(&session);
	SetRules(context, read, count, seen == LedgerGeneration());
}

static bool
KnownKind(const char *kind)
{
	for (int i = 0; i < rule_count; i++)
		if (rules[i].kind && strcmp(rules[i].kind, kind) == 0)
			return true;
	return false;
}

static bool
KnownCurrency(const char *currency)
{
	for (int i = 0; i < rule_count; i++)
		if (rules[i].currency && strcmp(rules[i].currency, currency) == 0)
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
MatchParty(const Rule *rule, const PolicySubject *subject)
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
MatchValue(const Rule *rule, const PolicySubject *subject, Match currency)
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
MatchRule(const Rule *rule, const PolicySubject *subject, bool kind_known, bool currency_known)
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
	for (int i = 0; i < rule_count; i++)
		if (rules[i].cumulative)
			return true;
	return false;
}

PolicyRequirements
PolicyGetRequirements(const Ledger *ledger, const PolicySubject *subject)
{
	PolicyRequirements required = {EVIDENCE_NONE, -1, -1, -1};
	int64		shortest_grace = -1;
	bool		kind_known;
	bool		currency_known;

	if (!rules_valid)
		LoadRules(ledger);
	kind_known = subject->kind && KnownKind(subject->kind);
	currency_known = subject->currency && KnownCurrency(subject->currency);
	for (int i = 0; i < rule_count; i++)
	{
		Match		match = MatchRule(&rules[i], subject, kind_known, currency_known);

		if (match == NO_MATCH)
			continue;
		required.evidence = Max(required.evidence, rules[i].evidence);
		required.back_within = Strictest(required.back_within, rules[i].back_within);
		required.due_within = Strictest(required.due_within, rules[i].due_within);
		shortest_grace = Strictest(shortest_grace, rules[i].grace);
		if (match == MATCH)		/* only a full match gives a grace period */
			required.grace = Max(required.grace, rules[i].grace);
	}
	required.grace = required.grace < 0 ? 0 : shortest_grace;
	if (required.back_within >= 0)	/* a time limit implies that somebody must back it */
		required.evidence = Max(required.evidence, EVIDENCE_ASSERTED);
	return required;
}

Numeric
AuthorityLimit(const Actor *actor, const char *currency)
{
	JsonbValue	buffer;
	JsonbValue *most = JsonMember(actor->authority, currency, &buffer);

	return most != NULL && most->type == jbvNumeric ? most->val.numeric : NULL;
}
