/*
 * entry_in_words.c
 *		Describes an entry of a promise in words.
 *
 * Notes are shown as they were recorded, including those that earlier versions of the
 * extension wrote.
 */
#include "postgres.h"

#include "promise/entry_in_words.h"

#include "utils/builtins.h"
#include "utils/fmgrprotos.h"

#include "base/text.h"
#include "governance/actor.h"
#include "ledger/erasure_log.h"
#include "promise/promise_source.h"

static char *
Instant(const Row *entry, int column)
{
	return pstrdup(timestamptz_to_str(RowInstant(entry, column)));
}

static const char *
KindInWords(const char *kind)
{
	return kind == NULL ? "unknown" :
		strcmp(kind, actor_kind_names[ACTOR_AI]) == 0 ? "AI" : kind;
}

/*
 * Such as: human "anna"; human "carl", speaking for the customer,;
 * system "scanner" (responsible: anna), speaking for a system of record,
 */
static char *
WhoActed(const Row *entry)
{
	StringInfoData who;

	initStringInfo(&who);
	appendStringInfo(&who, "%s \"%s\"", KindInWords(RowText(entry, ENTRY_ACTOR_KIND)),
					 RowText(entry, ENTRY_ACTOR));
	if (!RowIsNull(entry, ENTRY_RESPONSIBLE))
		appendStringInfo(&who, " (responsible: %s)", RowText(entry, ENTRY_RESPONSIBLE));
	if (RowTextIs(entry, ENTRY_SPEAKS_FOR, "customer"))
		appendStringInfoString(&who, ", speaking for the customer,");
	else if (RowTextIs(entry, ENTRY_SPEAKS_FOR, "record"))
		appendStringInfoString(&who, ", speaking for a system of record,");
	return who.data;
}

/* The quoted text; "(erased)" if it was erased; NULL if there was none. */
static const char *
TextOrErased(const Row *entry, int text, int commitment)
{
	if (!RowIsNull(entry, text))
		return psprintf("\"%s\"", RowText(entry, text));
	return RowIsNull(entry, commitment) ? NULL : "(erased)";
}

static void
DescribeTerms(StringInfo out, const Row *entry)
{
	const char *purpose = TextOrErased(entry, ENTRY_PURPOSE, ENTRY_PURPOSE_COMMITMENT);

	appendStringInfo(out, "%s", TextOrErased(entry, ENTRY_WORDS, ENTRY_WORDS_COMMITMENT));
	if (!RowIsNull(entry, ENTRY_KIND))
		appendStringInfo(out, ", kind %s", RowText(entry, ENTRY_KIND));
	if (!RowIsNull(entry, ENTRY_VALUE))
		appendStringInfo(out, ", value %s%s%s",
						 DatumGetCString(DirectFunctionCall1(numeric_out,
															 entry->values[ENTRY_VALUE])),
						 RowIsNull(entry, ENTRY_CURRENCY) ? "" : " ",
						 RowIsNull(entry, ENTRY_CURRENCY) ? "" : RowText(entry, ENTRY_CURRENCY));
	if (RowIsNull(entry, ENTRY_DUE))
		appendStringInfoString(out, ", no due time");
	else
		appendStringInfo(out, ", due %s", Instant(entry, ENTRY_DUE));
	if (purpose)
		appendStringInfo(out, ", purpose %s", purpose);
	if (!RowIsNull(entry, ENTRY_DRAFTED_BY))
		appendStringInfo(out, ", drafted by \"%s\"", RowText(entry, ENTRY_DRAFTED_BY));
}

/* The backer as of this entry, and what policy required. */
static void
DescribeBacking(StringInfo out, const Row *entry)
{
	if (!RowIsNull(entry, ENTRY_BACKER))
		appendStringInfo(out, ". Backer: \"%s\", with %s evidence",
						 RowText(entry, ENTRY_BACKER), RowText(entry, ENTRY_EVIDENCE));
	else
		appendStringInfoString(out, ". Backer: none");
	if (RowIsNull(entry, ENTRY_EVIDENCE_ASKED))
		appendStringInfoString(out, "; policy required none");
	else
		appendStringInfo(out, "; policy required a human with %s evidence or stronger",
						 RowText(entry, ENTRY_EVIDENCE_ASKED));
	if (!RowIsNull(entry, ENTRY_BACK_BY))
		appendStringInfo(out, " by %s", Instant(entry, ENTRY_BACK_BY));
}

static const char *
Relayed(const Row *entry)
{
	return RowBool(entry, ENTRY_RELAYED) ? "relayed that the customer " : "";
}

static void
DescribeClaim(StringInfo out, const Row *entry)
{
	if (!EntryStands(entry))
		appendStringInfoString(out, ". This has no effect until the customer or "
							   "a system of record confirms it");
}

/* For events whose refers_to is the confirmed entry */
static void
DescribeConfirmed(StringInfo out, const Row *entry)
{
	if (!RowIsNull(entry, ENTRY_REFERS_TO))
		appendStringInfo(out, ". This confirms entry " INT64_FORMAT,
						 RowInt64(entry, ENTRY_REFERS_TO));
}

static void
DescribeMade(StringInfo out, const Row *entry)
{
	if (RowValueEqual(entry, ENTRY_PROMISER, entry, ENTRY_ACTOR))
		appendStringInfo(out, "%s promised: ", WhoActed(entry));
	else
		appendStringInfo(out, "%s recorded that %s \"%s\" promised: ", WhoActed(entry),
						 KindInWords(RowText(entry, ENTRY_PROMISER_KIND)),
						 RowText(entry, ENTRY_PROMISER));
	DescribeTerms(out, entry);
	DescribeBacking(out, entry);
}

static void
DescribeAmended(StringInfo out, const Row *entry)
{
	if (RowBool(entry, ENTRY_RELAYED))
		appendStringInfo(out, "%s relayed that the customer accepts new terms in place of "
						 "those of entry " INT64_FORMAT ": ",
						 WhoActed(entry), RowInt64(entry, ENTRY_REFERS_TO));
	else
		appendStringInfo(out, "%s amended the terms of entry " INT64_FORMAT "%s: ",
						 WhoActed(entry), RowInt64(entry, ENTRY_REFERS_TO),
						 RowBool(entry, ENTRY_ACCEPTED) ? " with the customer's acceptance" : "");
	DescribeTerms(out, entry);
	if (!EntryStands(entry))
	{
		DescribeClaim(out, entry);
		return;
	}
	appendStringInfoString(out, ". Any backing of the old terms is void");
	DescribeBacking(out, entry);
}

static void
DescribeWeight(StringInfo out, const Row *entry)
{
	appendStringInfo(out, "with weight %d/%d (kept/broken, in thousandths)",
					 RowIsNull(entry, ENTRY_WEIGHT_KEPT) ? 0 :
					 DatumGetInt32(entry->values[ENTRY_WEIGHT_KEPT]),
					 RowIsNull(entry, ENTRY_WEIGHT_BROKEN) ? 0 :
					 DatumGetInt32(entry->values[ENTRY_WEIGHT_BROKEN]));
}

static void
DescribeWord(StringInfo out, const Row *entry)
{
	appendStringInfo(out, ". This took effect as the %s's word, ",
					 RowText(entry, ENTRY_WHOSE_WORD));
	DescribeWeight(out, entry);
}

static void
DescribeVerdict(StringInfo out, const Row *entry)
{
	char	   *verdict = RowText(entry, ENTRY_VERDICT);

	appendStringInfo(out, "%s %s %s", WhoActed(entry),
					 RowBool(entry, ENTRY_RELAYED) ? "relayed the customer's verdict:" :
					 "assessed the promise as",
					 RowTextIs(entry, ENTRY_VERDICT, "partly_kept") ? "partly kept" : verdict);
	if (!RowIsNull(entry, ENTRY_PURPOSE_MET))
		appendStringInfo(out, ", and the purpose was %smet",
						 RowBool(entry, ENTRY_PURPOSE_MET) ? "" : "not ");
	if (RowBool(entry, ENTRY_STANDS))
		DescribeWord(out, entry);
	else
		appendStringInfo(out, ". This is the %s's word and has no effect, "
						 "because an earlier verdict takes precedence",
						 RowText(entry, ENTRY_WHOSE_WORD));
	DescribeConfirmed(out, entry);
}

static void
DescribeClock(StringInfo out, const Row *entry)
{
	bool		paused = RowTextIs(entry, ENTRY_EVENT, event_names[EVENT_PAUSED]);

	appendStringInfo(out, "%s %s the promise; it is due %s%s", WhoActed(entry),
					 paused ? "paused" : "resumed",
					 RowIsNull(entry, ENTRY_DUE) ? "never" : Instant(entry, ENTRY_DUE),
					 paused ? " at the latest" : "");
}

static void
DescribeRepaired(StringInfo out, const Row *entry)
{
	appendStringInfo(out, "%s stated that the breach was repaired", WhoActed(entry));
	if (EntryStands(entry))
		DescribeWord(out, entry);
	DescribeClaim(out, entry);
	DescribeConfirmed(out, entry);
}

static void
DescribeErased(StringInfo out, const Row *entry)
{
	appendStringInfo(out, "%s erased %s in ",
					 RowIsNull(entry, ENTRY_ACTOR) ?
					 psprintf("login \"%s\"", RowText(entry, ENTRY_LOGIN)) : WhoActed(entry),
					 ErasureTextList(entry));
	if (RowIsNull(entry, ENTRY_REFERS_TO))
		appendStringInfoString(out, "all earlier entries of the promise");
	else
		appendStringInfo(out, "entry " INT64_FORMAT, RowInt64(entry, ENTRY_REFERS_TO));
}

static void
DescribeWithdrawn(StringInfo out, const Row *entry)
{
	appendStringInfo(out, "%s withdrew the promise", WhoActed(entry));
	if (RowTextIs(entry, ENTRY_STATE, state_names[STATE_BROKEN]))
	{
		appendStringInfoString(out, " after the customer had accepted it or after it was due; "
							   "it counts as broken, ");
		DescribeWeight(out, entry);
	}
}

static void
DescribeEvent(StringInfo out, const Row *entry, Event event)
{
	switch (event)
	{
		case EVENT_MADE:
			DescribeMade(out, entry);
			break;
		case EVENT_BACKED:
			appendStringInfo(out, "%s backed the terms of entry " INT64_FORMAT, WhoActed(entry),
							 RowInt64(entry, ENTRY_REFERS_TO));
			DescribeBacking(out, entry);
			break;
		case EVENT_DECLINED:
			appendStringInfo(out, "%s declined to back the terms of entry " INT64_FORMAT,
							 WhoActed(entry), RowInt64(entry, ENTRY_REFERS_TO));
			break;
		case EVENT_PAUSED:
		case EVENT_RESUMED:
			DescribeClock(out, entry);
			break;
		case EVENT_BREACH_ADMITTED:
			appendStringInfo(out, "%s admitted before the due time that the promise "
							 "will be broken; it counts as broken, ", WhoActed(entry));
			DescribeWeight(out, entry);
			break;
		case EVENT_BREACH_REPAIRED:
			DescribeRepaired(out, entry);
			break;
		case EVENT_NOTED:
			appendStringInfo(out, "%s added a note", WhoActed(entry));
			break;
		case EVENT_ERASED:
			DescribeErased(out, entry);
			break;
		case EVENT_BACKING_WITHDRAWN:
			appendStringInfo(out, "%s withdrew their backing", WhoActed(entry));
			DescribeBacking(out, entry);
			break;
		case EVENT_ACCEPTED:
			appendStringInfo(out, "%s %saccepted the terms of entry " INT64_FORMAT,
							 WhoActed(entry), Relayed(entry), RowInt64(entry, ENTRY_REFERS_TO));
			DescribeClaim(out, entry);
			break;
		case EVENT_AMENDED:
			DescribeAmended(out, entry);
			break;
		case EVENT_ASSESSED:
			DescribeVerdict(out, entry);
			break;
		case EVENT_WITHDRAWN:
			DescribeWithdrawn(out, entry);
			break;
		case EVENT_RELEASED:
			appendStringInfo(out, "%s %sreleased the company from the promise",
							 WhoActed(entry), Relayed(entry));
			DescribeClaim(out, entry);
			DescribeConfirmed(out, entry);
			break;
		case EVENTS:
			appendStringInfo(out, "%s", RowText(entry, ENTRY_EVENT));
			break;
	}
}

Datum
EntryInWords(const Row *entry)
{
	const char *note = TextOrErased(entry, ENTRY_NOTE, ENTRY_NOTE_COMMITMENT);
	int			event = RowIsNull(entry, ENTRY_EVENT) ? -1 :
		NameIndex(event_names, EVENTS, RowText(entry, ENTRY_EVENT));
	StringInfoData out;

	initStringInfo(&out);
	DescribeEvent(&out, entry, event < 0 ? EVENTS : (Event) event);
	appendStringInfoChar(&out, '.');
	if (note)
		appendStringInfo(&out, event == EVENT_NOTED ? " Note: %s." :
						 event == EVENT_BREACH_REPAIRED ? " How: %s." : " Reason: %s.", note);
	SourceDescribe(&out, entry);
	if (RowBool(entry, ENTRY_BACKFILLED))
		appendStringInfo(&out, " Recorded after the fact: it occurred at %s.",
						 Instant(entry, ENTRY_OCCURRED_AT));
	out.data[0] = pg_toupper((unsigned char) out.data[0]);
	return CStringGetTextDatum(out.data);
}
