/*
 * promise_act.c
 *		Carries out an act on a promise, from the command to the receipt.
 */
#include "postgres.h"

#include "promise/promise_act.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/arguments.h"
#include "ledger/chain_score.h"
#include "promise/promise_projection.h"
#include "promise/promise_source.h"
#include "promise/speaker.h"

/* The customer argument; by default the customer of the promise. */
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

/* An actor that speaks for one customer cannot act for another. */
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
				 errmsg("occurred_at must not be before the promise was made"),
				 errdetail("The promise was made at %s.",
						   timestamptz_to_str(RowInstant(pa->promise, PROMISE_MADE_AT)))));
}

/*
 * Finds out who acts, and locks the chain.  If actors or policies changed while waiting
 * for the lock, this is done again with the lock held.
 */
static void
EnterAct(PromiseAct *pa, const Command *command)
{
	for (int round = 0; round < 2; round++)
	{
		memset(pa, 0, sizeof(PromiseAct));
		pa->command = command;
		CommandBeginAct(command, &pa->act);
		if (command->group)		/* has a locked chain, within a session */
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

void
PromiseActStart(PromiseAct *pa, Event event)
{
	pa->event = event;
	CheckStateAllows(event, PromiseState(pa->promise), PromiseName(pa->promise));
	pa->entry = ActEntry(&pa->act, pa->chain, event_names[event]);
	RowCopyValue(pa->entry, ENTRY_PROMISE, pa->promise, PROMISE_PROMISE);
	CheckNotBeforeMade(pa);
}

/*
 * Reads the promise, and starts the entry unless the function determines the event
 * itself.  False: it is a retry.
 */
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

bool
PromiseActBegin(PromiseAct *pa, const Command *command)
{
	bool		makes = command->function->event == EVENT_MADE;

	if (!makes && !CommandHas(command, COMMAND_PROMISE))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("promise must not be null")));
	EnterAct(pa, command);
	return makes ? PromiseActMake(pa) : PromiseActFind(pa);
}

void
PromiseSetReason(PromiseAct *pa)
{
	text	   *reason = CommandWords(pa->command, COMMAND_REASON);

	if (reason)
		RowSet(pa->entry, ENTRY_NOTE, PointerGetDatum(reason));
}

void
PromiseLink(PromiseAct *pa, State to)
{
	Contribution before = PromiseContribution(pa->promise);
	Contribution after;
	const char *problem;

	RowSetText(pa->entry, ENTRY_STATE, state_names[to]);
	SpeakerMark(pa);
	ChainLink(pa->chain, &pa->entry, 1);
	problem = PromiseProject(pa->promise, pa->entry);
	if (problem)
		elog(ERROR, "entry of event \"%s\" %s", event_names[pa->event], problem);
	if (pa->held && SourceProject(pa->held->source, pa->entry))
		pa->held->source_changed = true;
	after = PromiseContribution(pa->promise);
	ChainScoreRevise(pa->chain, &before, &after);
}

LinkedAct
PromiseLinkedAct(const PromiseAct *pa, Receipt *receipt)
{
	return (LinkedAct) {
		.chain = pa->chain, .entry = pa->entry, .promise = pa->promise, .held = pa->held,
		.makes = pa->event == EVENT_MADE, .receipt = receipt
	};
}

void
PromiseWrite(PromiseAct *pa)
{
	LinkedAct	act = PromiseLinkedAct(pa, pa->group ? NULL : &pa->receipt);

	if (pa->group)
		ActGroupAdd(pa->group, &act);
	else
		LinkedActsWrite(&act, 1);
}

void
PromiseAppend(PromiseAct *pa, State to)
{
	PromiseLink(pa, to);
	PromiseWrite(pa);
}

Datum
PromiseActEnd(PromiseAct *pa, FunctionCallInfo fcinfo)
{
	Datum		receipt = ReceiptDatum(fcinfo, &pa->receipt, pa->session.caller);

	LedgerLeave(&pa->session);
	return receipt;
}
