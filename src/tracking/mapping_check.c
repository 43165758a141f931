/*
 * mapping_check.c
 *		Checks the actors and conditions of a mapping, when the table is tracked.
 *
 * The checks of actors are those of the functions that write the events.
 */
#include "postgres.h"

#include "access/table.h"
#include "catalog/pg_trigger.h"
#include "utils/builtins.h"
#include "utils/rel.h"

#include "promise/terms.h"
#include "promise/verdict.h"
#include "tracking/condition_dump.h"
#include "tracking/row_change.h"
#include "tracking/tracked_table.h"
#include "tracking/trigger_catalog.h"

PG_FUNCTION_INFO_V1(check_conditions);

static const MappedField *
FieldOf(const Mapping *mapping, int field)
{
	for (int i = 0; i < mapping->field_count; i++)
		if (mapping->fields[i].field == field)
			return &mapping->fields[i];
	return NULL;
}

/* The actor that a field names in all rows; NULL if it is not mapped, or to a column. */
static const Actor *
ConstantActor(const Mapping *mapping, const Ledger *ledger, int field)
{
	const MappedField *mapped = FieldOf(mapping, field);

	if (mapped == NULL || mapped->attnum != 0)
		return NULL;
	if (field == COMMAND_ACTOR)
		CheckActorIsMachine(ledger, TextDatumGetCString(mapped->constant));
	return ActorGet(ledger, TextDatumGetCString(mapped->constant), command_columns[field].name);
}

static void
CheckActors(const Mapping *mapping, const Ledger *ledger)
{
	const Actor *actor = ConstantActor(mapping, ledger, COMMAND_ACTOR);
	const Actor *promiser = ConstantActor(mapping, ledger, COMMAND_PROMISER);
	const Actor *drafter = ConstantActor(mapping, ledger, COMMAND_DRAFTED_BY);
	const MappedField *relayed = FieldOf(mapping, COMMAND_RELAYED);

	if (promiser == NULL && !MappingHas(mapping, COMMAND_PROMISER))
		promiser = actor;
	if (mapping->event == EVENT_MADE && actor && promiser)
		TermsCheckMayPromise(actor, promiser);
	if (actor && drafter)
		TermsCheckMayNameDrafter(actor, drafter);
	if (actor && relayed && DatumGetBool(relayed->constant))
		CheckCanRelay(actor);
}

static void
CheckMapping(Relation rel, const Trigger *trigger, const Ledger *ledger)
{
	Mapping    *mapping = MappingRead(rel, trigger, CurrentMemoryContext);

	CheckActors(mapping, ledger);
	MappingForget(mapping);
}

/* ---- the triggers of a table ---- */

static void
TriggerErrorContext(void *trigger)
{
	errcontext("trigger \"%s\"", ((const Trigger *) trigger)->tgname);
}

/* Checks the triggers of track_table(): their conditions if ledger is NULL, else their actors. */
static void
CheckTriggers(Oid relid, const Ledger *ledger)
{
	Relation	rel = OpenTableByOid(relid);
	Oid			track = TrackFunction();
	ErrorContextCallback context = {
		.previous = error_context_stack, .callback = TriggerErrorContext
	};

	for (int i = 0; rel->trigdesc && i < rel->trigdesc->numtriggers; i++)
	{
		Trigger    *trigger = &rel->trigdesc->triggers[i];

		if (!TriggerIsGenerated(trigger, track))
			continue;
		context.arg = trigger;
		error_context_stack = &context;
		if (ledger)
			CheckMapping(rel, trigger, ledger);
		else
			CheckConditionIsDumped(rel, trigger);
		error_context_stack = context.previous;
	}
	table_close(rel, AccessShareLock);
}

void
MappingsCheck(Oid relid, const Ledger *ledger)
{
	CheckTriggers(relid, ledger);
}

/*
 * check_conditions(tab regclass) returns void
 *		Checks the conditions of the triggers that track_table() created on the table.
 *		Errors: 0A000 a restore would not find an operator, or mistake it; 42P01 no such
 *		table.
 */
Datum
check_conditions(PG_FUNCTION_ARGS)
{
	CheckTriggers(PG_GETARG_OID(0), NULL);
	PG_RETURN_VOID();
}
