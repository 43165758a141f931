/*
 * promise_act.c
 *		One act upon one promise, from the command to the receipt.
 */
#include "postgres.h"

#include "promise/promise_act.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/arguments.h"
#include "ledger/chain_score.h"
#include "promise/promise_source.h"

/* As given, or found; within a LedgerSession. */
static text *
CustomerOf(const Command *command)
{
	char	   *customer = CommandKey(command, COMMAND_CUSTOMER);

	return customer ? cstring_to_text(customer) :
		PromiseCustomer(CommandArgument(command, COMMAND_PROMISE).value, false);
}

static void
PromiseLoad(PromiseAct *pa)
{
	Datum		promise = CommandArgument(pa->command, COMMAND_PROMISE).value;

	pa->held = pa->group ? ActGroupHold(pa->group, promise) : NULL;
	pa->promise = pa->held ? pa->held->promise :
		PromiseRead(pa->chain, promise, CommandHas(pa->command, COMMAND_CUSTOMER));
}

static bool
IsRetry(PromiseAct *pa)
{
	return pa->act.idempotency_key != NULL &&
		ChainFindRequest(pa->chain, pa->act.idempotency_key, &pa->act.request, &pa->receipt);
}

/* Whoever speaks for one customer speaks for no other. */
static void
CheckSpeaksForThisCustomer(const PromiseAct *pa)
{
	const char *bound = pa->act.actor->customer;

	if (bound != NULL && strcmp(bound, text_to_cstring(pa->chain->customer)) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("actor \"%s\" speaks for another customer", pa->act.actor->actor)));
}

void
CheckNotBeforeMade(const PromiseAct *pa)
{
	if (RowInstant(pa->entry, ENTRY_OCCURRED_AT) < RowInstant(pa->promise, PROMISE_MADE_AT))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("occurred_at lies before the promise was made"),
				 errdetail("The promise was made at %s.",
						   timestamptz_to_str(RowInstant(pa->promise, PROMISE_MADE_AT)))));
}

/*
 * Who acts, and the chain's lock.  Where something changed while the lock was
 * waited for, who acts is settled again under it.
 */
static void
EnterAct(PromiseAct *pa, const Command *command)
{
	for (int round = 0; round < 2; round++)
	{
		memset(pa, 0, sizeof(PromiseAct));
		pa->command = command;
		CommandBeginAct(command, &pa->act);
		if (command->group)		/* chain and session are there */
		{
			pa->group = command->group;
			pa->chain = pa->group->chain;
			break;
		}
		LedgerEnter(pa->act.ledger, &pa->session);
		pa->chain = palloc(sizeof(Chain));
		ChainLock(pa->chain, pa->act.ledger, CustomerOf(command));
		if (round == 1 || !ActIsStale(&pa->act))
			break;
		LedgerLeave(&pa->session);
	}
}

/* Begins to make a promise, who acts and the chain being there.  False where this is a retry. */
bool
PromiseActMake(PromiseAct *pa)
{
	NullableDatum promise = CommandArgument(pa->command, COMMAND_PROMISE);

	if (IsRetry(pa))
		return false;
	pa->event = EVENT_MADE;
	pa->entry = ActEntry(&pa->act, pa->chain, event_names[EVENT_MADE]);
	RowSet(pa->entry, ENTRY_PROMISE, promise.isnull ? NewPromiseId(pa->chain->now) : promise.value);
	pa->held = pa->group ? ActGroupHoldNew(pa->group, pa->entry->values[ENTRY_PROMISE]) : NULL;
	pa->promise = pa->held ? pa->held->promise : RowNew(&promise_shape);
	return true;
}

/* An entry of that event to fill, if the promise's state allows it. */
void
PromiseActStart(PromiseAct *pa, Event event)
{
	pa->event = event;
	CheckStateAllows(event, PromiseState(pa->promise), PromiseName(pa->promise));
	pa->entry = ActEntry(&pa->act, pa->chain, event_names[event]);
	RowTake(pa->entry, ENTRY_PROMISE, pa->promise, PROMISE_PROMISE);
	CheckNotBeforeMade(pa);
}

/* Finds the promise, and begins the entry if the function has one event.  False where this is a retry. */
static bool
PromiseActFind(PromiseAct *pa)
{
	if (IsRetry(pa))
		return false;
	PromiseLoad(pa);
	CheckSpeaksForThisCustomer(pa);
	if (pa->command->function->event != EVENTS)
		PromiseActStart(pa, pa->command->function->event);
	return true;
}

/*
 * Begins the act that the command says: who acts, the chain's lock, the promise as
 * it is, an entry to fill.  False where this is a retry: the receipt is there.
 */
bool
PromiseActBegin(PromiseAct *pa, const Command *command)
{
	bool		makes = command->function->event == EVENT_MADE;

	if (!makes && !CommandHas(command, COMMAND_PROMISE))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("promise is needed")));
	EnterAct(pa, command);
	return makes ? PromiseActMake(pa) : PromiseActFind(pa);
}

/* The reason given, if one is. */
void
PromiseSetReason(PromiseAct *pa)
{
	text	   *reason = CommandWords(pa->command, COMMAND_REASON);

	if (reason)
		RowSet(pa->entry, ENTRY_NOTE, PointerGetDatum(reason));
}

/* Ties the entry to its chain; the promise is then what it says, in that state. */
void
PromiseTie(PromiseAct *pa, State to)
{
	Contribution before = PromiseContribution(pa->promise);
	Contribution after;
	const char *problem;

	RowSetText(pa->entry, ENTRY_STATE, state_names[to]);
	ChainTie(pa->chain, &pa->entry, 1);
	problem = PromiseProject(pa->promise, pa->entry);
	if (problem)
		elog(ERROR, "entry %s %s", event_names[pa->event], problem);
	if (pa->held && SourceProject(pa->held->source, pa->entry))
		pa->held->source_changed = true;
	after = PromiseContribution(pa->promise);
	ChainScoreRevise(pa->chain, &before, &after);
}

/* As what it is written; receipt: where its receipt goes, or NULL. */
TiedAct
PromiseTied(const PromiseAct *pa, Receipt *receipt)
{
	return (TiedAct) {
		.chain = pa->chain, .entry = pa->entry, .promise = pa->promise, .held = pa->held,
		.makes = pa->event == EVENT_MADE, .receipt = receipt
	};
}

/* Writes what was tied; or leaves that to the group. */
void
PromiseWrite(PromiseAct *pa)
{
	TiedAct		act = PromiseTied(pa, pa->group ? NULL : &pa->receipt);

	if (pa->group)
		ActGroupAdd(pa->group, &act);
	else
		TiedActsWrite(&act, 1);
}

/* Ties and writes. */
void
PromiseAppend(PromiseAct *pa, State to)
{
	PromiseTie(pa, to);
	PromiseWrite(pa);
}

Datum
PromiseActEnd(PromiseAct *pa, FunctionCallInfo fcinfo)
{
	Datum		receipt = ReceiptDatum(fcinfo, &pa->receipt, pa->session.caller);

	LedgerLeave(&pa->session);
	return receipt;
}
