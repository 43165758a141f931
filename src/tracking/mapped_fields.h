/*
 * mapped_fields.h
 *		Converts values of tracked rows to the types of a promise's arguments.
 */
#ifndef TRUST_LEDGER_MAPPED_FIELDS_H
#define TRUST_LEDGER_MAPPED_FIELDS_H

#include "promise/command.h"

#include "pgtime.h"
#include "utils/date.h"

/* Arguments of a command that can be mapped: its first MAPPED_ARGUMENTS ones. */
extern const RowShape mapped_shape;

/* Error 42804 unless a column of that base type can be mapped to the field. */
extern void MappedCheckType(int field, Oid type, const char *argument);

/* Error 42804 unless values of that base type always have the same text, as keys must. */
extern void MappedCheckKeyType(Oid type, const char *column);

/*
 * Converts the text of a constant argument to the type of the field.  Errors: 22001 too
 * long, 22023 and those of the type's input function.
 */
extern Datum MappedConstant(int field, const char *value, const char *argument);

/* The text of a value of a key type, independent of settings. */
extern char *MappedText(Oid type, Datum value);

/*
 * Converts a value of base type to type as, and copies it.  A timestamp without time
 * zone is a local time in the given zone.  Texts that exceed MAX_TEXT_BYTES are not
 * detoasted; writing them will fail.
 */
extern Datum MappedValue(Oid as, Oid type, Datum value, pg_tz *zone);

/*
 * The occurred_at of an event on a day in that zone: false for today, which means now; else
 * the start of the day for "made", and its end for other events, so that a promise can be
 * made and settled, or made and due, on one day.  The start of a future day, which is
 * refused.  Errors: 22008 out of range.
 */
extern bool MappedInstantOfDay(DateADT day, Event event, pg_tz *zone, TimestampTz *instant);

#endif
