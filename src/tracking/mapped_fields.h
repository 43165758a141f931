/*
 * mapped_fields.h
 *		Values of a company's row as the ledger's types have them.
 */
#ifndef TRUST_LEDGER_MAPPED_FIELDS_H
#define TRUST_LEDGER_MAPPED_FIELDS_H

#include "base/row.h"

#include "pgtime.h"

/* What a row's change says; the names are those of the functions' arguments. */
#define MAPPED_LIST(C) \
	C(CUSTOMER, customer, TEXTOID) \
	C(WORDS, words, TEXTOID) \
	C(PROMISER, promiser, TEXTOID) \
	C(DRAFTED_BY, drafted_by, TEXTOID) \
	C(KIND, kind, TEXTOID) \
	C(DUE, due, TIMESTAMPTZOID) \
	C(DUE_ON, due_on, DATEOID) \
	C(VALUE, value, NUMERICOID) \
	C(CURRENCY, currency, TEXTOID) \
	C(PURPOSE, purpose, TEXTOID) \
	C(LONGEST_PAUSE, longest_pause, INTERVALOID) \
	C(VERDICT, verdict, TEXTOID) \
	C(PURPOSE_MET, purpose_met, BOOLOID) \
	C(RELAYED, relayed, BOOLOID) \
	C(REASON, reason, TEXTOID) \
	C(OCCURRED_AT, occurred_at, TIMESTAMPTZOID) \
	C(CONTEXT, context, JSONBOID) \
	C(ACTOR, actor, TEXTOID) \
	C(BACKER, backer, TEXTOID)

#define MAPPED_COLUMN_ID(id, name, type) MAPPED_##id,
enum
{
	MAPPED_LIST(MAPPED_COLUMN_ID)
	MAPPED_COLUMNS
};

extern const RowShape mapped_shape;

extern void MappedCheckType(int field, Oid type, const char *argument);
extern void MappedCheckKeyType(Oid type, const char *column);
extern Datum MappedConstant(int field, const char *value, const char *argument);
extern char *MappedText(Oid type, Datum value);
extern Datum MappedValue(Oid as, Oid type, Datum value, pg_tz *zone);

#endif
