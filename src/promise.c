/*
 * promise.c
 *		The promise: what its entries add up to, and one act upon it.
 *
 * PromiseProject() is the only place that says how an entry changes a promise:
 * the one way in writes with it, verify() folds with it.  It reads the entry
 * and nothing else, no clock and no policy.
 */
#include "postgres.h"

#include "promise.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/memutils.h"

#include "arguments.h"
#include "chain_score.h"
#include "duration.h"
#include "erased.h"
#include "guard.h"
#include "text.h"

#define PROMISE_COLUMN(id, name, type) {#name, type},
static const Column promise_columns[PROMISE_COLUMNS] = {PROMISE_LIST(PROMISE_COLUMN)};

const RowShape promise_shape = {"promise", promise_columns, PROMISE_COLUMNS};

static Statement find_customer = STATEMENT(
	"SELECT customer FROM trust.promise WHERE promise OPERATOR(pg_catalog.=) $1", UUIDOID);

static Inserter insert_promise = {.shape = &promise_shape};
static Statement read_promise = STATEMENT_OF_ROWS(
	promise_shape, "WHERE customer OPERATOR(pg_catalog.=) $1 AND promise OPERATOR(pg_catalog.=) $2",
	TEXTOID, UUIDOID);
static SPIPlanPtr update_promise = NULL;

/* Columns that never change after the first entry, and so stay out of the UPDATE */
#define PROMISE_KEY_COLUMNS 2

State
PromiseState(const Row *promise)
{
	for (int state = STATE_NONE + 1; state < STATES; state++)
		if (RowTextIs(promise, PROMISE_STATE, state_names[state]))
			return state;
	return STATE_NONE;
}

char *
PromiseName(const Row *promise)
{
	return DatumGetCString(DirectFunctionCall1(uuid_out, promise->values[PROMISE_PROMISE]));
}

bool
PromisePastDue(const Row *promise, TimestampTz instant)
{
	return !RowIsNull(promise, PROMISE_DUE) && instant > RowInstant(promise, PROMISE_DUE);
}

/*
 * Whether it is too late to take the promise back: once it was open, and the
 * customer accepted it or it was due, only a verdict ends it.
 */
bool
PromiseTooLate(const Row *promise, TimestampTz instant)
{
	return !RowIsNull(promise, PROMISE_OPENED_AT) &&
		(!RowIsNull(promise, PROMISE_ACCEPTED_AT) || PromisePastDue(promise, instant));
}

/*
 * ---- how entries add up ----
 *
 * What happens in the world has the time that was given; what happens to the
 * ledger, a backing or an acceptance, has the ledger's.
 */

static const struct
{
	int			promise;
	int			entry;
}			terms[] = {
	{PROMISE_WORDS, ENTRY_WORDS}, {PROMISE_PURPOSE, ENTRY_PURPOSE}, {PROMISE_PROMISER, ENTRY_PROMISER},
	{PROMISE_PROMISER_KIND, ENTRY_PROMISER_KIND}, {PROMISE_DRAFTED_BY, ENTRY_DRAFTED_BY},
	{PROMISE_KIND, ENTRY_KIND}, {PROMISE_VALUE, ENTRY_VALUE}, {PROMISE_CURRENCY, ENTRY_CURRENCY},
	{PROMISE_LONGEST_PAUSE, ENTRY_LONGEST_PAUSE}, {PROMISE_DUE, ENTRY_DUE}, {PROMISE_OVERDUE_AT, ENTRY_OVERDUE_AT}
};

static void
ProjectTerms(Row *promise, const Row *entry)
{
	for (size_t i = 0; i < lengthof(terms); i++)
		RowTake(promise, terms[i].promise, entry, terms[i].entry);
	RowTake(promise, PROMISE_TERMS_SEQ, entry, ENTRY_SEQ);
}

/* That nobody stands behind it any more is kept until somebody does. */
static void
ProjectFormerBacker(Row *promise, const Row *entry)
{
	if (!RowIsNull(entry, ENTRY_BACKER))
	{
		RowClear(promise, PROMISE_UNBACKED_AT);
		RowClear(promise, PROMISE_UNBACKED_BY);
		RowClear(promise, PROMISE_FORMER_BACKER);
	}
	else if (!RowIsNull(promise, PROMISE_BACKER))
	{
		RowSetInstant(promise, PROMISE_UNBACKED_AT, EntryInstant(entry));
		RowTake(promise, PROMISE_UNBACKED_BY, entry, ENTRY_EVENT);
		RowTake(promise, PROMISE_FORMER_BACKER, promise, PROMISE_BACKER);
	}
}

/* Who stands behind it from now on: whoever the entry names, by their own act. */
static void
ProjectBacking(Row *promise, const Row *entry)
{
	ProjectFormerBacker(promise, entry);
	RowTake(promise, PROMISE_BACKER, entry, ENTRY_BACKER);
	if (RowIsNull(entry, ENTRY_BACKER))
	{
		RowClear(promise, PROMISE_EVIDENCE);
		RowClear(promise, PROMISE_BACKED_AT);
	}
	else
	{
		RowTake(promise, PROMISE_EVIDENCE, entry, ENTRY_EVIDENCE);
		RowSetInstant(promise, PROMISE_BACKED_AT, EntryInstant(entry));
	}
	RowTake(promise, PROMISE_EVIDENCE_ASKED, entry, ENTRY_EVIDENCE_ASKED);
	RowTake(promise, PROMISE_BACK_BY, entry, ENTRY_BACK_BY);
}

/* A human of the company's had the terms before them. */
static void
ProjectSeen(Row *promise, const Row *entry, bool terms_are_new)
{
	bool		seen = RowTextIs(entry, ENTRY_ACTOR_KIND, actor_kind_names[ACTOR_HUMAN]) &&
	RowTextIs(entry, ENTRY_SPEAKS_FOR, speaks_for_names[SPEAKS_FOR_COMPANY]);

	if (terms_are_new)
		RowClear(promise, PROMISE_SEEN_AT);
	if (seen && RowIsNull(promise, PROMISE_SEEN_AT))
		RowSetInstant(promise, PROMISE_SEEN_AT, EntryInstant(entry));
}

static void
ProjectMade(Row *promise, const Row *entry)
{
	RowTake(promise, PROMISE_CUSTOMER, entry, ENTRY_CUSTOMER);
	RowTake(promise, PROMISE_PROMISE, entry, ENTRY_PROMISE);
	RowTake(promise, PROMISE_MADE_AT, entry, ENTRY_OCCURRED_AT);
	RowTake(promise, PROMISE_RECORDED_AT, entry, ENTRY_RECORDED_AT);
	RowTake(promise, PROMISE_BACKFILLED, entry, ENTRY_BACKFILLED);
	RowTake(promise, PROMISE_FIRST_DUE, entry, ENTRY_DUE);
	RowSet(promise, PROMISE_DUE_MOVES, Int32GetDatum(0));
	RowSet(promise, PROMISE_PAUSED_FOR, IntervalPGetDatum(MicrosecondsInterval(0)));
	ProjectTerms(promise, entry);
	ProjectBacking(promise, entry);
	ProjectSeen(promise, entry, true);
}

static void
ProjectAmended(Row *promise, const Row *entry)
{
	if (!RowBool(entry, ENTRY_STANDS))
		return;
	if (!RowIsNull(promise, PROMISE_DUE) && !RowValueEqual(promise, PROMISE_DUE, entry, ENTRY_DUE))
	{
		RowSet(promise, PROMISE_DUE_MOVES, Int32GetDatum(DatumGetInt32(promise->values[PROMISE_DUE_MOVES]) + 1));
		RowSetInstant(promise, PROMISE_DUE_MOVED_AT, EntryInstant(entry));
	}
	if (RowIsNull(promise, PROMISE_FIRST_DUE))
		RowTake(promise, PROMISE_FIRST_DUE, entry, ENTRY_DUE);
	if (RowBool(entry, ENTRY_ACCEPTED) && RowIsNull(promise, PROMISE_ACCEPTED_AT))
		RowSetInstant(promise, PROMISE_ACCEPTED_AT, EntryInstant(entry));
	ProjectTerms(promise, entry);
	ProjectBacking(promise, entry);
	ProjectSeen(promise, entry, true);
	RowClear(promise, PROMISE_DECLINED_AT);
}

static void
ProjectDeclined(Row *promise, const Row *entry)
{
	RowSetInstant(promise, PROMISE_DECLINED_AT, EntryInstant(entry));
	ProjectSeen(promise, entry, false);
}

static void
ProjectAccepted(Row *promise, const Row *entry)
{
	if (EntryStands(entry) && RowIsNull(promise, PROMISE_ACCEPTED_AT))
		RowSetInstant(promise, PROMISE_ACCEPTED_AT, EntryInstant(entry));
}

/*
 * A pause moves due by the most that it can last, and resuming takes back what
 * it did not last: so a pause that nobody ends is over by itself.
 */
static void
ProjectClock(Row *promise, const Row *entry, Event event)
{
	TimestampTz instant = EntryInstant(entry);
	/* unsigned: what was tampered with may overflow, and is found by its hash */
	int64		moved = (int64) ((uint64) RowInstant(entry, ENTRY_DUE) - (uint64) RowInstant(promise, PROMISE_DUE));
	Interval   *before = DatumGetIntervalP(promise->values[PROMISE_PAUSED_FOR]);
	uint64		paused_for = (uint64) before->day * USECS_PER_DAY + before->time + moved;

	RowSet(promise, PROMISE_PAUSED_FOR, IntervalPGetDatum(MicrosecondsInterval((int64) paused_for)));
	RowTake(promise, PROMISE_DUE, entry, ENTRY_DUE);
	RowTake(promise, PROMISE_OVERDUE_AT, entry, ENTRY_OVERDUE_AT);
	if (event == EVENT_PAUSED)
	{
		RowSetInstant(promise, PROMISE_PAUSED_AT, instant);
		RowSetInstant(promise, PROMISE_PAUSED_UNTIL, (int64) ((uint64) instant + moved));
	}
	else
	{
		RowClear(promise, PROMISE_PAUSED_AT);
		RowClear(promise, PROMISE_PAUSED_UNTIL);
	}
}

/* A promise is settled once, at its first verdict; later ones change the verdict, not the instant. */
static void
ProjectSettled(Row *promise, const Row *entry)
{
	if (!RowIsNull(promise, PROMISE_SETTLED_AT))
		return;
	RowTake(promise, PROMISE_SETTLED_BY, entry, ENTRY_EVENT);
	RowTake(promise, PROMISE_SETTLED_AT, entry, ENTRY_OCCURRED_AT);
}

static void
ProjectVerdict(Row *promise, const Row *entry)
{
	if (!RowBool(entry, ENTRY_STANDS))
		return;
	RowTake(promise, PROMISE_OUTCOME, entry, ENTRY_VERDICT);
	RowTake(promise, PROMISE_WHOSE_WORD, entry, ENTRY_WHOSE_WORD);
	RowTake(promise, PROMISE_VERDICT_EVIDENCE, entry, ENTRY_EVIDENCE);
	RowTake(promise, PROMISE_RELAYED, entry, ENTRY_RELAYED);
	RowTake(promise, PROMISE_PURPOSE_MET, entry, ENTRY_PURPOSE_MET);
	RowTake(promise, PROMISE_WEIGHT_KEPT, entry, ENTRY_WEIGHT_KEPT);
	RowTake(promise, PROMISE_WEIGHT_BROKEN, entry, ENTRY_WEIGHT_BROKEN);
	RowClear(promise, PROMISE_REPAIRED_AT);
	ProjectSettled(promise, entry);
}

/* What the breach weighs from now on, and by whose word; that it was one stays. */
static void
ProjectRepaired(Row *promise, const Row *entry)
{
	if (!RowBool(entry, ENTRY_STANDS))
		return;
	RowTake(promise, PROMISE_WHOSE_WORD, entry, ENTRY_WHOSE_WORD);
	RowTake(promise, PROMISE_VERDICT_EVIDENCE, entry, ENTRY_EVIDENCE);
	RowTake(promise, PROMISE_RELAYED, entry, ENTRY_RELAYED);
	RowTake(promise, PROMISE_WEIGHT_KEPT, entry, ENTRY_WEIGHT_KEPT);
	RowTake(promise, PROMISE_WEIGHT_BROKEN, entry, ENTRY_WEIGHT_BROKEN);
	RowSetInstant(promise, PROMISE_REPAIRED_AT, EntryInstant(entry));
}

/* Texts that are erased from the terms as they are now go here too. */
static void
ProjectErased(Row *promise, const Row *entry)
{
	int64		terms = RowInt64(promise, PROMISE_TERMS_SEQ);

	if (ErasedNames(entry, terms, ENTRY_WORDS))
		RowClear(promise, PROMISE_WORDS);
	if (ErasedNames(entry, terms, ENTRY_PURPOSE))
		RowClear(promise, PROMISE_PURPOSE);
}

/* What the other side is said to have said waits until it, or a record, says something itself. */
static void
ProjectClaim(Row *promise, const Row *entry, Event event)
{
	if (event != EVENT_ACCEPTED && event != EVENT_AMENDED && event != EVENT_ASSESSED &&
		event != EVENT_RELEASED && event != EVENT_BREACH_REPAIRED)
		return;
	if (EntryIsClaim(entry))
		RowTake(promise, PROMISE_UNCONFIRMED, entry, ENTRY_SEQ);
	else if (!RowTextIs(entry, ENTRY_SPEAKS_FOR, speaks_for_names[SPEAKS_FOR_COMPANY]))
		RowClear(promise, PROMISE_UNCONFIRMED);
}

static void
ProjectEvent(Row *promise, const Row *entry, Event event)
{
	switch (event)
	{
		case EVENT_MADE:
			ProjectMade(promise, entry);
			break;
		case EVENT_BACKED:
		case EVENT_BACKING_WITHDRAWN:
			ProjectBacking(promise, entry);
			ProjectSeen(promise, entry, false);
			break;
		case EVENT_DECLINED:
			ProjectDeclined(promise, entry);
			break;
		case EVENT_ACCEPTED:
			ProjectAccepted(promise, entry);
			break;
		case EVENT_PAUSED:
		case EVENT_RESUMED:
			ProjectClock(promise, entry, event);
			break;
		case EVENT_BREACH_ADMITTED:
			ProjectVerdict(promise, entry);
			RowSetInstant(promise, PROMISE_ADMITTED_AT, EntryInstant(entry));
			break;
		case EVENT_AMENDED:
			ProjectAmended(promise, entry);
			break;
		case EVENT_ASSESSED:
			ProjectVerdict(promise, entry);
			break;
		case EVENT_WITHDRAWN:
			ProjectVerdict(promise, entry);
			ProjectSettled(promise, entry);
			break;
		case EVENT_RELEASED:
			if (EntryStands(entry))
				ProjectSettled(promise, entry);
			break;
		case EVENT_BREACH_REPAIRED:
			ProjectRepaired(promise, entry);
			break;
		case EVENT_ERASED:
			ProjectErased(promise, entry);
			break;
		case EVENT_NOTED:
		case EVENTS:
			break;
	}
	ProjectClaim(promise, entry, event);
}

/*
 * It waits while policy asks for a human and none stands behind it; anew, when
 * its terms are new; and no more once a human declined them.
 */
static void
ProjectWaiting(Row *promise, const Row *entry, State to, bool terms_are_new)
{
	bool		waits = (to == STATE_OPEN || (to == STATE_PROPOSED && RowIsNull(promise, PROMISE_DECLINED_AT))) &&
	!RowIsNull(promise, PROMISE_EVIDENCE_ASKED) && RowIsNull(promise, PROMISE_BACKER);

	if (!waits)
		RowClear(promise, PROMISE_WAITING_SINCE);
	else if (terms_are_new || RowIsNull(promise, PROMISE_WAITING_SINCE))
		RowSetInstant(promise, PROMISE_WAITING_SINCE, EntryInstant(entry));
}

/* What the one way in never writes, and what could not be taken in. */
static const char *
ProblemOf(const Row *promise, const Row *entry, Event event, State from, State to)
{
	if (!StateLeads(event, from, to, EntryStands(entry)))
		return psprintf("does not lead from %s to %s", state_names[from], state_names[to]);
	if (!RowIsNull(entry, ENTRY_BACKER) &&
		!(RowValueEqual(entry, ENTRY_BACKER, entry, ENTRY_ACTOR) &&
		  RowTextIs(entry, ENTRY_ACTOR_KIND, actor_kind_names[ACTOR_HUMAN])))
		return "names a backer who did not act";
	if ((event == EVENT_PAUSED || event == EVENT_RESUMED) &&
		(RowIsNull(entry, ENTRY_DUE) || RowIsNull(promise, PROMISE_DUE) || RowIsNull(promise, PROMISE_PAUSED_FOR)))
		return "moves a due time that is not there";
	if (event == EVENT_RESUMED && RowIsNull(promise, PROMISE_PAUSED_AT))
		return "resumes what is not paused";
	return NULL;
}

/*
 * Takes one entry into the promise.  Returns NULL, or why this entry cannot
 * follow: what the one way in would never have written.
 */
const char *
PromiseProject(Row *promise, const Row *entry)
{
	State		from = PromiseState(promise);
	State		to = STATE_NONE;
	int			event = EVENTS;
	const char *problem;

	for (int i = 0; i < EVENTS; i++)
		if (RowTextIs(entry, ENTRY_EVENT, event_names[i]))
			event = i;
	for (int i = 0; i < STATES; i++)
		if (RowTextIs(entry, ENTRY_STATE, state_names[i]))
			to = i;
	if (event == EVENTS)
		return "is not an event of a promise";
	problem = ProblemOf(promise, entry, event, from, to);
	if (problem)
		return problem;

	ProjectEvent(promise, entry, event);
	RowTake(promise, PROMISE_STATE, entry, ENTRY_STATE);
	RowTake(promise, PROMISE_LAST_SEQ, entry, ENTRY_SEQ);
	if (to == STATE_OPEN && RowIsNull(promise, PROMISE_OPENED_AT))
		RowSetInstant(promise, PROMISE_OPENED_AT, EntryInstant(entry));
	if (to != STATE_PROPOSED && to != STATE_OPEN)
	{
		RowClear(promise, PROMISE_PAUSED_AT);
		RowClear(promise, PROMISE_PAUSED_UNTIL);
	}
	if (RowBool(entry, ENTRY_BACKFILLED) && RowIsNull(promise, PROMISE_BACKFILLED_AT))
		RowTake(promise, PROMISE_BACKFILLED_AT, entry, ENTRY_RECORDED_AT);
	ProjectWaiting(promise, entry, to, event == EVENT_AMENDED && RowBool(entry, ENTRY_STANDS));
	return NULL;
}

/* The weight as a part of one promise; false where there is none, or none that a verdict has. */
static bool
TakeWeight(const Row *promise, int column, float8 *weight)
{
	int32		thousandths = RowIsNull(promise, column) ? -1 : DatumGetInt32(promise->values[column]);

	*weight = thousandths / 1000.0;
	return thousandths >= 0 && thousandths <= 1000;
}

/* What the promise puts into its customer's score, by the verdict that stands. */
Contribution
PromiseContribution(const Row *promise)
{
	Contribution contribution = {0};

	if (!TakeWeight(promise, PROMISE_WEIGHT_KEPT, &contribution.kept) ||
		!TakeWeight(promise, PROMISE_WEIGHT_BROKEN, &contribution.broken) ||
		RowIsNull(promise, PROMISE_SETTLED_AT) || TIMESTAMP_NOT_FINITE(RowInstant(promise, PROMISE_SETTLED_AT)))
		return (Contribution) {0};
	contribution.at = RowInstant(promise, PROMISE_SETTLED_AT);
	contribution.counts = true;
	return contribution;
}

/* ---- one act ---- */

void
NoPromise(Datum promise)
{
	ereport(ERROR,
			(errcode(ERRCODE_NO_DATA_FOUND),
			 errmsg("there is no promise %s",
					DatumGetCString(DirectFunctionCall1(uuid_out, promise))),
			 errhint("Leave customer out to have the promise found by itself.")));
}

/* The customer whom the promise was made to; within a LedgerSession. */
text *
PromiseCustomer(Datum promise, bool on_callers_snapshot)
{
	if ((on_callers_snapshot ? StatementRead : StatementWrite) (&find_customer, &promise, NULL) == 0)
		NoPromise(promise);
	return DatumGetTextPP(ResultNeeded(0, 1, TEXTOID));
}

/* As given, or found. */
static text *
CustomerOf(FunctionCallInfo fcinfo)
{
	char	   *customer = ArgKey(fcinfo, CUSTOMER_ARGUMENT, "customer");

	return customer ? cstring_to_text(customer) : PromiseCustomer(PG_GETARG_DATUM(PROMISE_ARGUMENT), false);
}

/* The promise as it is, under the chain's lock. */
void
PromiseLoad(PromiseAct *pa, Datum promise)
{
	Datum		values[2] = {PointerGetDatum(pa->chain->customer), promise};

	if (StatementWrite(&read_promise, values, NULL) == 0)
		NoPromise(values[1]);
	pa->promise = RowFromTuple(&promise_shape, SPI_tuptable->vals[0], SPI_tuptable->tupdesc);
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
 * Who acts, and the chain's lock; customer NULL: the promise's.  Where something
 * changed while the lock was waited for, who acts is settled again under it.
 */
void
PromiseActEnter(PromiseAct *pa, FunctionCallInfo fcinfo, text *customer, const char *what)
{
	for (int round = 0; round < 2; round++)
	{
		memset(pa, 0, sizeof(PromiseAct));
		ActBegin(&pa->act, fcinfo, LEVELS_WRITING, what, true);
		LedgerEnter(pa->act.ledger, &pa->session);
		pa->chain = palloc(sizeof(Chain));
		ChainLock(pa->chain, pa->act.ledger, customer ? customer : CustomerOf(fcinfo));
		if (round == 1 || !ActIsStale(&pa->act))
			break;
		LedgerLeave(&pa->session);
	}
}

/*
 * Finds what an act is upon: who acts, the chain's lock, the promise as it is.
 * False where this is a retry: the receipt is there.
 */
bool
PromiseActFind(PromiseAct *pa, FunctionCallInfo fcinfo, const char *what)
{
	if (PG_ARGISNULL(PROMISE_ARGUMENT))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("promise is needed")));
	PromiseActEnter(pa, fcinfo, NULL, what);
	if (IsRetry(pa))
		return false;
	PromiseLoad(pa, PG_GETARG_DATUM(PROMISE_ARGUMENT));
	CheckSpeaksForThisCustomer(pa);
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

/* Both: begins an act upon a promise.  False where this is a retry. */
bool
PromiseActBegin(PromiseAct *pa, FunctionCallInfo fcinfo, Event event, const char *what)
{
	if (!PromiseActFind(pa, fcinfo, what))
		return false;
	PromiseActStart(pa, event);
	return true;
}

/*
 * A uuid of version 7 (RFC 9562, section 5.7): milliseconds, then random bits.
 * New promises of all customers stand together in the index.
 */
static Datum
NewPromiseId(TimestampTz now)
{
	pg_uuid_t  *id = palloc(sizeof(pg_uuid_t));
	int64		milliseconds = (now / 1000) +
		((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE)) * (USECS_PER_DAY / 1000);

	if (!RandomBytes(id->data, UUID_LEN))
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not get random bytes for a promise")));
	for (int i = 0; i < 6; i++)
		id->data[i] = (unsigned char) (milliseconds >> (8 * (5 - i)));
	id->data[6] = (id->data[6] & 0x0F) | 0x70;
	id->data[8] = (id->data[8] & 0x3F) | 0x80;
	return UUIDPGetDatum(id);
}

/* Begins to make a promise, who acts and the chain being there.  False where this is a retry. */
bool
PromiseActMake(PromiseAct *pa)
{
	if (IsRetry(pa))
		return false;
	pa->event = EVENT_MADE;
	pa->promise = RowNew(&promise_shape);
	pa->entry = ActEntry(&pa->act, pa->chain, event_names[EVENT_MADE]);
	RowSet(pa->entry, ENTRY_PROMISE, NewPromiseId(pa->chain->now));
	return true;
}

/* The reason given, if one is. */
void
PromiseSetReason(PromiseAct *pa, FunctionCallInfo fcinfo, int argument)
{
	text	   *reason = ArgWords(fcinfo, argument, "reason");

	if (reason)
		RowSet(pa->entry, ENTRY_NOTE, PointerGetDatum(reason));
}

/* UPDATE of all that can change, by key. */
static void
UpdatePromise(const Row *promise)
{
	char		nulls[PROMISE_COLUMNS];

	if (update_promise == NULL)
	{
		StringInfoData sql;

		initStringInfo(&sql);
		appendStringInfoString(&sql, "UPDATE trust.promise SET ");
		for (int i = PROMISE_KEY_COLUMNS; i < PROMISE_COLUMNS; i++)
			appendStringInfo(&sql, "%s%s = $%d", i > PROMISE_KEY_COLUMNS ? ", " : "",
							 quote_identifier(promise_columns[i].name), i + 1);
		appendStringInfoString(&sql, " WHERE customer OPERATOR(pg_catalog.=) $1 AND promise OPERATOR(pg_catalog.=) $2");
		update_promise = KeptPlan(sql.data, PROMISE_COLUMNS, RowTypes(&promise_shape));
	}
	for (int i = 0; i < PROMISE_COLUMNS; i++)
		nulls[i] = promise->nulls[i] ? 'n' : ' ';
	CheckWritten(PlanWrite(update_promise, promise->values, nulls), 1, promise_shape.table);
}

/* Writes what the entries add up to; the guard must know of it. */
void
PromiseStore(const Row *promise, bool is_new)
{
	if (is_new)
		RowsInsert(&insert_promise, LedgerRelation("promise"), &promise, 1);
	else
		UpdatePromise(promise);
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
	after = PromiseContribution(pa->promise);
	ChainScoreRevise(pa->chain, &before, &after);
}

/* The promises that are made, in one write. */
static void
StoreMade(PromiseAct *const *acts, int count)
{
	const Row **promises = palloc(sizeof(Row *) * count);
	GuardedRow *guarded = palloc0(sizeof(GuardedRow) * count);
	int			made = 0;

	for (int i = 0; i < count; i++)
	{
		if (acts[i]->event != EVENT_MADE)
			continue;
		promises[made] = acts[i]->promise;
		guarded[made++].seq = RowInt64(acts[i]->promise, PROMISE_LAST_SEQ);
	}
	if (made == 0)
		return;
	GuardExpect(GUARDED_PROMISE, guarded, made);
	RowsInsert(&insert_promise, LedgerRelation("promise"), promises, made);
}

/* The promises that were there, each as its last act leaves it. */
static void
StoreChanged(PromiseAct *const *acts, int count)
{
	for (int i = 0; i < count; i++)
	{
		const Row  *promise = acts[i]->promise;
		int64		seq = RowInt64(promise, PROMISE_LAST_SEQ);

		if (acts[i]->event == EVENT_MADE || seq != RowInt64(acts[i]->entry, ENTRY_SEQ))
			continue;
		CHECK_FOR_INTERRUPTS();
		GuardExpectOne(GUARDED_PROMISE, seq, NULL);
		PromiseStore(promise, false);
	}
}

/*
 * Writes acts that were tied to one chain, in their order.  Several may be upon
 * one promise, if they share its row; none upon one that is made here.
 */
void
PromisesAppend(Chain *chain, PromiseAct *const *acts, int count)
{
	Row		  **entries = palloc(sizeof(Row *) * count);

	for (int i = 0; i < count; i++)
		entries[i] = acts[i]->entry;
	ChainAppend(chain, entries, count);
	StoreMade(acts, count);
	StoreChanged(acts, count);
	for (int i = 0; i < count; i++)
		acts[i]->receipt = ReceiptOf(entries[i]);
}

/* Appends the entry, and stores the promise. */
void
PromiseAppend(PromiseAct *pa, State to)
{
	PromiseTie(pa, to);
	PromisesAppend(pa->chain, &pa, 1);
}

Datum
PromiseActEnd(PromiseAct *pa, FunctionCallInfo fcinfo)
{
	Datum		receipt = ReceiptDatum(fcinfo, &pa->receipt, pa->session.caller);

	LedgerLeave(&pa->session);
	return receipt;
}
