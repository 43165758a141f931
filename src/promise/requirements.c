/*
 * requirements.c
 *		What policy requires for a promise's terms, and whether an authority covers them.
 */
#include "postgres.h"

#include "promise/requirements.h"

#include "promise/exposure.h"

/* The columns of the terms that policy rules compare */
typedef struct TermColumns
{
	int			promise;
	int			promiser;
	int			promiser_kind;
	int			drafted_by;
	int			kind;
	int			value;
	int			currency;
} TermColumns;

#define TERM_COLUMNS(row) \
	{row##_PROMISE, row##_PROMISER, row##_PROMISER_KIND, row##_DRAFTED_BY, \
	 row##_KIND, row##_VALUE, row##_CURRENCY}

static const TermColumns of_entry = TERM_COLUMNS(ENTRY);
static const TermColumns of_promise = TERM_COLUMNS(PROMISE);

static const TermColumns *
ColumnsOf(const Row *terms)
{
	Assert(terms->shape == &entry_shape || terms->shape == &promise_shape);
	return terms->shape == &entry_shape ? &of_entry : &of_promise;
}

static Numeric
ValueOf(const Row *terms)
{
	int			column = ColumnsOf(terms)->value;

	return RowIsNull(terms, column) ? NULL : DatumGetNumeric(terms->values[column]);
}

/*
 * The value of the terms plus that of the customer's other open promises in the same
 * currency; only those with the backer unless it is NULL.  NULL if the terms have no
 * value or no currency.
 */
static Numeric
SumWith(const PromiseAct *pa, const Row *terms, const char *backer)
{
	const TermColumns *columns = ColumnsOf(terms);
	Numeric		value = ValueOf(terms);
	ActGroup   *group = pa->group;
	Exposure	others = {
		.customer = pa->chain->customer,
		.excluded = terms->values[columns->promise],
		.currency = RowText(terms, columns->currency),
		.backer = backer
	};

	if (group && group->changed)	/* pending[] has new promises only */
		ActGroupWrite(group);
	if (group)
	{
		others.pending = group->pending;
		others.pending_count = group->pending_count;
		others.sums = &group->sums;
	}
	return value && others.currency ? AmountSum(ExposureSum(&others), value) : NULL;
}

PolicyRequirements
TermsRequirements(const PromiseAct *pa, const Row *terms, const Actor *acting)
{
	const Ledger *ledger = pa->act.ledger;
	const TermColumns *columns = ColumnsOf(terms);
	char	   *drafter = RowText(terms, columns->drafted_by);
	Actor	   *drafted_by = drafter ? ActorFind(ledger, drafter) : NULL;
	PolicySubject subject = {
		.parties = {
			{RowText(terms, columns->promiser), RowText(terms, columns->promiser_kind)},
			{drafter, drafted_by ? actor_kind_names[drafted_by->kind] : NULL},
			{acting ? acting->actor : NULL, acting ? actor_kind_names[acting->kind] : NULL}
		},
		.kind = RowText(terms, columns->kind),
		.currency = RowText(terms, columns->currency),
		.value = ValueOf(terms)
	};

	if (PolicyIsCumulative(ledger))
		subject.open_sum = SumWith(pa, terms, NULL);
	return PolicyGetRequirements(ledger, &subject);
}

void
SetRequirements(PromiseAct *pa, const PolicyRequirements *required, bool waits)
{
	RowSetText(pa->entry, ENTRY_EVIDENCE_ASKED,
			   required->evidence > EVIDENCE_NONE ? evidence_names[required->evidence] : NULL);
	if (waits && required->back_within >= 0)
		RowSetInstant(pa->entry, ENTRY_BACK_BY,
					  RowInstant(pa->entry, ENTRY_OCCURRED_AT) + required->back_within);
}

bool
TermsWithinAuthority(const PromiseAct *pa, const Actor *actor, const Row *terms,
					 AuthorityUse *use)
{
	char	   *currency = RowText(terms, ColumnsOf(terms)->currency);

	*use = (AuthorityUse) {0};
	if (actor->authority == NULL)
		return true;
	use->most = currency ? AuthorityLimit(actor, currency) : NULL;
	if (use->most)
		use->sum = SumWith(pa, terms, actor->actor);
	return use->sum && AmountReaches(use->most, use->sum);
}
