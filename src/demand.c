/*
 * demand.c
 *		What policy and authority say of a promise's terms.
 */
#include "postgres.h"

#include "demand.h"

/* Where the terms that rules ask about stand. */
typedef struct TermColumns
{
	int			promiser;
	int			promiser_kind;
	int			drafted_by;
	int			kind;
	int			value;
	int			currency;
} TermColumns;

#define TERM_COLUMNS(row) \
	{row##_PROMISER, row##_PROMISER_KIND, row##_DRAFTED_BY, row##_KIND, row##_VALUE, row##_CURRENCY}

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

/* What policy asks now, of promiser and drafter and, if one acts upon the terms, of who acts. */
PolicyDemand
TermsDemand(const Ledger *ledger, const Row *terms, const Actor *acting)
{
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

	return PolicyAsks(ledger, &subject);
}

/* Whether the actor may back terms of that value. */
bool
TermsWithinAuthority(const Actor *actor, const Row *terms)
{
	return AuthoritySuffices(actor, ValueOf(terms), RowText(terms, ColumnsOf(terms)->currency));
}
