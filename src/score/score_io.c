/*
 * score_io.c
 *		Input and output functions of the trust score.
 *
 * Text: (kept,broken,timestamp,half-life), e.g.
 * (12.5,3,2026-11-22T10:00:00+00:00,P180D), or the word empty.  Numbers are written as
 * the shortest exact decimals and timestamps in UTC, so that input and output are exact
 * and independent of all settings.
 *
 * Binary: version and flags, one byte each; kept and broken, float8; timestamp, int64
 * microseconds since 2000-01-01 UTC; half-life, int64 microseconds.
 */
#include "postgres.h"

#include <ctype.h>
#include <limits.h>

#include "common/shortest_dec.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "base/duration.h"
#include "base/soft_error.h"
#include "score/score.h"

PG_FUNCTION_INFO_V1(trust_score_in);
PG_FUNCTION_INFO_V1(trust_score_out);
PG_FUNCTION_INFO_V1(trust_score_recv);
PG_FUNCTION_INFO_V1(trust_score_send);

#define WIRE_SIZE (2 + 4 * 8)

static const char empty[] = "empty";

static bool
HalfLifeOutOfRange(Node *escontext)
{
	ereturn(escontext, false,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("half-life of a trust score is out of range"),
			 errdetail("It must be greater than zero, at most %d days, and without months.",
					   LONGEST_DURATION_DAYS)));
}

/* Checks a score that is not empty.  False after a soft error. */
static bool
CheckScore(const TrustScore *score, Node *escontext)
{
	const float8 evidence[] = {score->kept, score->broken};

	for (size_t i = 0; i < lengthof(evidence); i++)
		if (!(evidence[i] >= 0.0 && evidence[i] <= SCORE_MAX_EVIDENCE)) /* NaN too */
			ereturn(escontext, false,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("evidence of a trust score is out of range"),
					 errdetail("It must be between 0 and %g.", SCORE_MAX_EVIDENCE)));
	if (!IS_VALID_TIMESTAMP(score->as_of) || TIMESTAMP_NOT_FINITE(score->as_of))
		ereturn(escontext, false,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp of a trust score is out of range")));
	if (score->half_life <= 0 || score->half_life > LONGEST_DURATION_DAYS * USECS_PER_DAY)
		return HalfLifeOutOfRange(escontext);
	return true;
}

/* ---- text ---- */

/*
 * The Skip functions advance *text past what they recognize and return whether it was
 * there.
 */

/* Skips all digits; false unless there are least to most of them. */
static bool
SkipDigits(const char **text, int least, int most)
{
	int			count = 0;

	while (isdigit((unsigned char) (*text)[count]))
		count++;
	*text += count;
	return count >= least && count <= most;
}

static bool
SkipChar(const char **text, char c)
{
	if (**text != c)
		return false;
	(*text)++;
	return true;
}

/*
 * Accepts only ISO 8601 in UTC, as trust_score_out() writes it: timestamptz_in() reads
 * other forms according to DateStyle and TimeZone.
 */
static bool
IsInstantInUtc(const char *text)
{
	if (!SkipDigits(&text, 4, 6) || !SkipChar(&text, '-') || !SkipDigits(&text, 2, 2) ||
		!SkipChar(&text, '-') || !SkipDigits(&text, 2, 2) || !SkipChar(&text, 'T') ||
		!SkipDigits(&text, 2, 2) || !SkipChar(&text, ':') || !SkipDigits(&text, 2, 2) ||
		!SkipChar(&text, ':') || !SkipDigits(&text, 2, 2))
		return false;
	if (SkipChar(&text, '.') && !SkipDigits(&text, 1, 6))
		return false;
	return strcmp(text, "+00:00") == 0 || strcmp(text, "+00:00 BC") == 0;
}

static bool
ReadInstant(const char *text, TimestampTz *instant, Node *escontext)
{
	Datum		value;

	if (!IsInstantInUtc(text) || !CallInput(timestamptz_in, text, escontext, &value))
		return false;
	*instant = DatumGetTimestampTz(value);
	return true;
}

/*
 * Skips a number with one of *units, e.g. -12.5S, and sets *units to those that may
 * follow.  Clears *fits if the number has more than most digits (hours: one less) and
 * may be too large for interval_in(); durations in range have fewer digits.
 */
static bool
SkipPart(const char **text, const char **units, int most, bool *fits)
{
	const char *number;
	const char *unit;
	int			digits;

	(void) SkipChar(text, '-');
	number = *text;
	if (!SkipDigits(text, 1, INT_MAX))
		return false;
	digits = (int) (*text - number);
	if ((SkipChar(text, '.') && !SkipDigits(text, 1, INT_MAX)) || **text == '\0')
		return false;
	unit = strchr(*units, **text);
	if (unit == NULL)
		return false;
	*fits &= digits <= (*unit == 'H' ? most - 1 : most);
	*units = unit + 1;
	(*text)++;
	return true;
}

/*
 * Whether the text is an ISO 8601 duration with designators, e.g. P180D or PT36H.  Its
 * range is checked later.
 */
static bool
IsDuration(const char *text, bool *fits)
{
	const char *units = "YMWD";

	*fits = true;
	if (!SkipChar(&text, 'P') || *text == '\0')
		return false;
	while (*text != '\0' && *text != 'T')
		if (!SkipPart(&text, &units, 8, fits))
			return false;
	if (*text == '\0')
		return true;
	units = "HMS";
	text++;
	do
	{
		if (!SkipPart(&text, &units, 10, fits))
			return false;
	} while (*text != '\0');
	return true;
}

static bool
ReadHalfLife(const char *text, int64 *half_life, Node *escontext)
{
	bool		fits;
	Datum		value;

	if (!IsDuration(text, &fits))
		return false;
	if (fits && CallInput(interval_in, text, escontext, &value) &&
		IntervalHasMicroseconds(DatumGetIntervalP(value), half_life))
		return true;
	if (!SOFT_ERROR_OCCURRED(escontext))
		HalfLifeOutOfRange(escontext);
	return false;
}

static bool
ReadEvidence(char **text, const char *whole, float8 *evidence, Node *escontext)
{
	char	   *end;

	/* adding 0.0 turns -0 into 0 */
	*evidence = float8_from_text(*text, &end, whole, escontext) + 0.0;
	if (SOFT_ERROR_OCCURRED(escontext) || *end != ',')
		return false;
	*text = end + 1;
	return true;
}

/* Ends the field at the separator and advances *text past it; NULL without separator. */
static char *
SplitField(char **text, char separator)
{
	char	   *field = *text;
	char	   *end = strchr(field, separator);

	if (end == NULL)
		return NULL;
	*end = '\0';
	*text = end + 1;
	return field;
}

static bool
ReadScore(char *text, TrustScore *score, Node *escontext)
{
	const char *whole = pstrdup(text);
	char	   *instant;
	char	   *half_life;

	ScoreClear(score);
	if (strcmp(text, empty) == 0)
		return true;
	score->flags = 0;
	return *text++ == '(' &&
		ReadEvidence(&text, whole, &score->kept, escontext) &&
		ReadEvidence(&text, whole, &score->broken, escontext) &&
		(instant = SplitField(&text, ',')) != NULL &&
		ReadInstant(instant, &score->as_of, escontext) &&
		(half_life = SplitField(&text, ')')) != NULL &&
		ReadHalfLife(half_life, &score->half_life, escontext) &&
		*text == '\0';
}

/*
 * trust_score_in(cstring) returns trust_score
 *		Errors, soft on PostgreSQL 16 and later: 22P02 syntax, 22003 evidence out of
 *		range, 22008 timestamp, 22023 half-life.
 */
Datum
trust_score_in(PG_FUNCTION_ARGS)
{
	char	   *text = PG_GETARG_CSTRING(0);
	TrustScore *score = palloc(sizeof(TrustScore));

	if (!ReadScore(pstrdup(text), score, fcinfo->context))
	{
		if (SOFT_ERROR_OCCURRED(fcinfo->context))
			PG_RETURN_NULL();
		ereturn(fcinfo->context, (Datum) 0,
				(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
				 errmsg("invalid input syntax for type %s: \"%s\"", "trust_score", text),
				 errdetail("A trust score is either (kept,broken,timestamp in UTC,half-life) "
						   "or the word empty."),
				 errhint("An example is (12.5,3,2026-11-22T10:00:00+00:00,P180D). "
						 "To construct a trust score, call "
						 "trust_ledger.trust_score(12.5, 3, now(), '180 days').")));
	}
	if (!ScoreIsEmpty(score) && !CheckScore(score, fcinfo->context))
		PG_RETURN_NULL();
	PG_RETURN_TRUST_SCORE(score);
}

static void
AppendInstant(StringInfo text, TimestampTz instant)
{
	struct pg_tm tm;
	fsec_t		fsec;
	char		buffer[MAXDATELEN + 1];

	if (timestamp2tm(instant, NULL, &tm, &fsec, NULL, NULL) != 0)
		elog(ERROR, "timestamp of a trust score is out of range");
	tm.tm_isdst = 0;			/* UTC; if negative, EncodeDateTime() would omit the zone */
	EncodeDateTime(&tm, fsec, true, 0, NULL, USE_XSD_DATES, buffer);
	appendStringInfoString(text, buffer);
}

static void
AppendHalfLife(StringInfo text, int64 half_life)
{
	struct pg_itm itm;
	char		buffer[MAXDATELEN + 1];

	interval2itm(*MicrosecondsInterval(half_life), &itm);
	EncodeInterval(&itm, INTSTYLE_ISO_8601, buffer);
	appendStringInfoString(text, buffer);
}

/*
 * trust_score_out(trust_score) returns cstring
 *		The result does not depend on DateStyle, TimeZone, IntervalStyle or
 *		extra_float_digits.
 */
Datum
trust_score_out(PG_FUNCTION_ARGS)
{
	const TrustScore *score = PG_GETARG_TRUST_SCORE(0);
	StringInfoData text;
	char		kept[DOUBLE_SHORTEST_DECIMAL_LEN];
	char		broken[DOUBLE_SHORTEST_DECIMAL_LEN];

	if (ScoreIsEmpty(score))
		PG_RETURN_CSTRING(pstrdup(empty));
	double_to_shortest_decimal_buf(score->kept, kept);
	double_to_shortest_decimal_buf(score->broken, broken);
	initStringInfo(&text);
	appendStringInfo(&text, "(%s,%s,", kept, broken);
	AppendInstant(&text, score->as_of);
	appendStringInfoChar(&text, ',');
	AppendHalfLife(&text, score->half_life);
	appendStringInfoChar(&text, ')');
	PG_RETURN_CSTRING(text.data);
}

/* ---- binary ---- */

pg_noreturn static void InvalidWire(const char *detail);

static void
InvalidWire(const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			 errmsg("invalid binary representation of a trust score"),
			 errdetail("%s", detail)));
}

/*
 * trust_score_recv(internal) returns trust_score
 *		Errors: 22P03 length, version or flags; 22003, 22008, 22023 as of text.
 */
Datum
trust_score_recv(PG_FUNCTION_ARGS)
{
	StringInfo	wire = (StringInfo) PG_GETARG_POINTER(0);
	TrustScore *score = palloc0(sizeof(TrustScore));

	if (wire->len - wire->cursor != WIRE_SIZE)
		InvalidWire(psprintf("It has %d bytes instead of %d.",
							 wire->len - wire->cursor, WIRE_SIZE));
	score->version = pq_getmsgbyte(wire);
	score->flags = pq_getmsgbyte(wire);
	if (score->version != SCORE_VERSION)
		InvalidWire(psprintf("Its version is %d; this extension supports version %d.",
							 score->version, SCORE_VERSION));
	if (score->flags & ~SCORE_FLAGS)
		InvalidWire(psprintf("It has unknown flags: %d.", score->flags));
	score->kept = pq_getmsgfloat8(wire) + 0.0;	/* turns -0 into 0 */
	score->broken = pq_getmsgfloat8(wire) + 0.0;
	score->as_of = pq_getmsgint64(wire);
	score->half_life = pq_getmsgint64(wire);
	if (!ScoreIsEmpty(score))
		(void) CheckScore(score, NULL);
	else if (score->kept != 0.0 || score->broken != 0.0 ||
			 score->as_of != 0 || score->half_life != 0)
		InvalidWire("It is marked as empty, but not all of its fields are zero.");
	PG_RETURN_TRUST_SCORE(score);
}

/*
 * trust_score_send(trust_score) returns bytea
 */
Datum
trust_score_send(PG_FUNCTION_ARGS)
{
	const TrustScore *score = PG_GETARG_TRUST_SCORE(0);
	StringInfoData wire;

	pq_begintypsend(&wire);
	pq_sendbyte(&wire, score->version);
	pq_sendbyte(&wire, score->flags);
	pq_sendfloat8(&wire, score->kept);
	pq_sendfloat8(&wire, score->broken);
	pq_sendint64(&wire, score->as_of);
	pq_sendint64(&wire, score->half_life);
	PG_RETURN_BYTEA_P(pq_endtypsend(&wire));
}
