/*
 * act.c
 *		An act: one call of a writing function, with its actor, evidence and time.
 */
#include "postgres.h"

#include "governance/act.h"

#include "catalog/pg_type_d.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/inval.h"

#include "base/limit.h"
#include "base/text.h"
#include "governance/caller.h"
#include "ledger/copy.h"

const char *const evidence_names[EVIDENCES] = {"none", "asserted", "session", "passkey"};

Evidence
EvidenceFromName(const char *name)
{
	int			evidence = NameIndex(evidence_names, EVIDENCES, name);

	if (evidence < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid kind of evidence: \"%s\"", name),
				 errhint("Valid kinds are asserted, session and passkey.")));
	return evidence;
}

Evidence
RowEvidence(const Row *row, int column)
{
	return RowIsNull(row, column) ? EVIDENCE_NONE : EvidenceFromName(RowText(row, column));
}

/* Leaves room for adding intervals. */
#define LAST_YEAR 9999

void
CheckInstant(TimestampTz instant, const char *what)
{
	const TimestampTz end = USECS_PER_DAY *
		((int64) date2j(LAST_YEAR + 1, 1, 1) - POSTGRES_EPOCH_JDATE);

	if (TIMESTAMP_NOT_FINITE(instant))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s must not be infinite", what),
				 errhint("Omit it if there is none.")));
	if (instant >= end)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s is out of range", what),
				 errdetail("It must be before the year %d.", LAST_YEAR + 1)));
}

void
ActBegin(Act *act, const ActArguments *arguments, const Origin *origin,
		 int levels, const char *what, bool needs_actor)
{
	char	   *named = arguments->actor.isnull ? NULL :
		TextDatumGetCString(arguments->actor.value);

	memset(act, 0, sizeof(Act));
	AcceptInvalidationMessages();
	act->generation = LedgerGeneration();
	act->ledger = LedgerOpen();
	act->origin = origin;
	ActSetCaller(act, origin ? origin->role : GetUserId());
	act->evidence = EVIDENCE_ASSERTED;
	CheckAccess(act->ledger, act->role, levels, what);
	CheckNotCopy();
	ActResolveActor(act, named, needs_actor);

	act->has_occurred_at = !arguments->occurred_at.isnull;
	if (act->has_occurred_at)
	{
		act->occurred_at = DatumGetTimestampTz(arguments->occurred_at.value);
		CheckInstant(act->occurred_at, "occurred_at");
	}
	act->has_context = !arguments->context.isnull;
	act->context = arguments->context.value;
	if (!arguments->idempotency_key.isnull)
	{
		act->idempotency_key = DatumGetTextPP(arguments->idempotency_key.value);
		CheckKey(text_to_cstring(act->idempotency_key), "idempotency_key");
	}
}

void
ActBeginCall(Act *act, FunctionCallInfo fcinfo, int levels, const char *what,
			 bool needs_actor)
{
	const NullableDatum *last = fcinfo->args + PG_NARGS() - ACT_ARGUMENTS;
	const ActArguments arguments = {last[0], last[1], last[2], last[3]};

	CheckArgumentSizes(fcinfo);
	ActBegin(act, &arguments, NULL, levels, what, needs_actor);
	if (act->idempotency_key)
		act->request = RequestFromCall(fcinfo, act->actor ? act->actor->actor : NULL);
}

void
ActBeginWithoutActor(Act *act, const Ledger *ledger)
{
	memset(act, 0, sizeof(Act));
	act->ledger = ledger;
	act->evidence = EVIDENCE_NONE;
	ActSetCaller(act, GetUserId());
}

bool
ActIsStale(const Act *act)
{
	AcceptInvalidationMessages();
	return act->generation != LedgerGeneration();
}

static void
EntrySetTimes(const Act *act, const Chain *chain, Row *entry)
{
	TimestampTz occurred_at = act->has_occurred_at ? act->occurred_at : chain->now;
	bool		backfilled = chain->now - act->ledger->lag > occurred_at;

	if (occurred_at > chain->now)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("occurred_at must not be in the future"),
				 errdetail("It is %s, and the current time of the chain is %s.",
						   pstrdup(timestamptz_to_str(occurred_at)),
						   pstrdup(timestamptz_to_str(chain->now))),
				 errhint("Omit occurred_at if the event happens now.")));
	if (backfilled)
		CheckAccess(act->ledger, act->role, LEVEL_IMPORT, "record events of the past");
	RowSetInstant(entry, ENTRY_RECORDED_AT, chain->now);
	RowSetInstant(entry, ENTRY_OCCURRED_AT, occurred_at);
	RowSet(entry, ENTRY_BACKFILLED, BoolGetDatum(backfilled));
}

static void
EntrySetActor(const Act *act, Row *entry)
{
	RowSetText(entry, ENTRY_ACTOR, act->actor->actor);
	RowSetText(entry, ENTRY_ACTOR_KIND, actor_kind_names[act->actor->kind]);
	RowSetText(entry, ENTRY_SPEAKS_FOR, speaks_for_names[act->actor->speaks_for]);
	RowSetText(entry, ENTRY_RESPONSIBLE, act->actor->responsible);
	RowSet(entry, ENTRY_ACTOR_SEQ, Int64GetDatum(act->actor->seq));
	RowSetText(entry, ENTRY_EVIDENCE, evidence_names[act->evidence]);
}

void
ActLockActor(Act *act, Row *entry)
{
	Actor	   *own;

	ActorsLock(RowShareLock);
	if (!ActIsStale(act))
		return;
	own = ActorOfLoginOrRole(act);
	if (act->own && own == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_TL_IDENTITY),
				 errmsg("login \"%s\" no longer belongs to actor \"%s\"",
						act->login, act->actor->actor),
				 errhint("Call the function again as an actor that this login can act as.")));
	ActSetActor(act, own, act->actor->actor);
	EntrySetActor(act, entry);
}

Row *
ActEntry(const Act *act, const Chain *chain, const char *event)
{
	Row		   *entry = RowNew(&entry_shape);

	RowSet(entry, ENTRY_FORMAT, Int16GetDatum(ENTRY_FORMAT_NUMBER));
	RowSet(entry, ENTRY_CUSTOMER, PointerGetDatum(chain->customer));
	RowSetText(entry, ENTRY_EVENT, event);
	EntrySetTimes(act, chain, entry);
	if (act->actor)
		EntrySetActor(act, entry);
	RowSetText(entry, ENTRY_LOGIN, act->login);
	RowSetText(entry, ENTRY_ROLE, act->role_name);
	if (act->has_context)
		RowSet(entry, ENTRY_CONTEXT, act->context);
	if (act->origin && act->origin->details)
		RowSet(entry, ENTRY_DETAILS, act->origin->details);
	if (act->idempotency_key)
	{
		RowSet(entry, ENTRY_IDEMPOTENCY_KEY, PointerGetDatum(act->idempotency_key));
		RequestCommit(&act->request, entry);
	}
	return entry;
}
