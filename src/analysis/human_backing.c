/*
 * human_backing.c
 *		human_backing(): whether promises with a human backer are kept more often.
 *
 * The backer at the end of a promise says little: a long case collects backers,
 * and a short one ends before anyone can back it.  So each promise is classified
 * by its backing at a landmark, a fixed time after it was made, and promises that
 * were settled or due before the landmark are left out (Anderson, Cain and Gelber
 * 1983).  Promises differ in more than their backing, so promises of the same
 * month, kind, promiser's kind and range of value are compared with each other, and
 * these strata's differences are combined as in rate_difference.c.
 *
 * The interval around a difference is the normal approximation to its posterior
 * (Gelman et al., Bayesian Data Analysis, sections 2.4 and 4.1).  The difference is
 * an association and not a causal effect: backers are not assigned at random.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "analysis/rate_difference.h"
#include "analysis/score_query.h"
#include "base/duration.h"
#include "base/statement.h"
#include "governance/act.h"

PG_FUNCTION_INFO_V1(human_backing);

/* The 97.5 % quantile of the standard normal distribution */
#define NORMAL_95 1.959963984540054

/*
 * Counts per stratum and evidence at the landmark.  The backer at the landmark
 * comes from the last entry, by seq, among those until then that set or remove a
 * backer.  Operators and functions need no schema, because human_backing() sets
 * its search_path.
 */
static Statement count_strata = STATEMENT(
	"WITH made AS ("
	"  SELECT customer, promise,"
	"    CASE WHEN backfilled THEN occurred_at ELSE recorded_at END + $1 AS landmark"
	"  FROM trust.entry"
	"  WHERE event = 'made'"
	"), backing AS ("
	"  SELECT DISTINCT ON (customer, promise) customer, promise, m.landmark,"
	"    CASE WHEN e.backer IS NOT NULL THEN e.evidence END AS evidence"
	"  FROM made m"
	"    JOIN trust.entry e USING (customer, promise)"
	"  WHERE (e.event IN ('made', 'backed', 'backing_withdrawn')"
	"         OR (e.event = 'amended' AND e.stands))"
	"    AND CASE WHEN e.backfilled THEN e.occurred_at ELSE e.recorded_at END <= m.landmark"
	"  ORDER BY customer, promise, e.seq DESC"
	"), classified AS ("
	"  SELECT date_trunc('month', p.made_at AT TIME ZONE l.zone)::date AS month,"
	"    p.kind, p.promiser_kind,"
	"    CASE WHEN p.value IS NOT NULL THEN concat_ws(' ', p.currency,"
	"      CASE WHEN p.value = 0 THEN '0'"
	"        WHEN p.value >= 1"
	"          THEN '1' || repeat('0', length(trunc(p.value)::text) - 1) || '+'"
	"        ELSE '0.' || substring(p.value::text, '^0\\.(0*)') || '1+' END) END AS value_band,"
	"    b.evidence, p.accepted_at, p.outcome,"
	"    CASE WHEN p.settled_at < b.landmark OR p.due < b.landmark THEN 'too early'"
	"      WHEN p.opened_at IS NULL OR p.state IN ('withdrawn', 'released') THEN 'undecided'"
	"      WHEN p.overdue_at < now() OR (p.overdue_at IS NULL AND p.outcome IS NOT NULL)"
	"        THEN 'decided'"
	"      ELSE 'undecided' END AS status"
	"  FROM backing b"
	"    JOIN trust.promise p USING (customer, promise)"
	"    CROSS JOIN trust.ledger l"
	") "
	"SELECT dense_rank() OVER (ORDER BY month, kind, promiser_kind, value_band),"
	"  month, kind, promiser_kind, value_band, evidence,"
	"  count(*),"
	"  count(*) FILTER (WHERE status = 'undecided'),"
	"  count(*) FILTER (WHERE status = 'too early'),"
	"  count(*) FILTER (WHERE status = 'decided'),"
	"  count(*) FILTER (WHERE status = 'decided' AND outcome = 'kept'),"
	"  count(accepted_at)"
	" FROM classified"
	" GROUP BY month, kind, promiser_kind, value_band, evidence"
	" ORDER BY 1",
	INTERVALOID);

/* Columns of count_strata: one row per stratum and evidence. */
enum
{
	STRATA_STRATUM = 1,
	STRATA_MONTH,
	STRATA_KIND,
	STRATA_PROMISER_KIND,
	STRATA_VALUE_BAND,
	STRATA_EVIDENCE,
	STRATA_PROMISES,
	STRATA_UNDECIDED,
	STRATA_TOO_EARLY,
	STRATA_DECIDED,
	STRATA_KEPT,
	STRATA_ACCEPTED
};

/* Groups of promises: EVIDENCE_NONE without a backer, EVIDENCE_ANY with any evidence. */
#define EVIDENCE_ANY EVIDENCES
#define GROUPS (EVIDENCES + 1)

typedef struct Stratum
{
	uint64		row;			/* its first row in the statement's result */
	PromiseCount groups[GROUPS];
} Stratum;

/* Result columns for one PromiseCount: five numbers, and the rates kept and accepted. */
#define COUNT_COLUMNS 7

enum
{
	HUMAN_SCOPE,
	HUMAN_EVIDENCE,
	HUMAN_MONTH,
	HUMAN_KIND,
	HUMAN_PROMISER_KIND,
	HUMAN_VALUE_BAND,
	HUMAN_BACKED,
	HUMAN_UNBACKED = HUMAN_BACKED + COUNT_COLUMNS,
	HUMAN_DIFFERENCE = HUMAN_UNBACKED + COUNT_COLUMNS,
	HUMAN_DIFFERENCE_LOW,
	HUMAN_DIFFERENCE_HIGH,
	HUMAN_COLUMNS
};

static void
SetShare(Datum *value, bool *isnull, int64 part, int64 whole)
{
	*isnull = whole == 0;
	*value = Float8GetDatum(whole == 0 ? 0.0 : (float8) part / whole);
}

static void
SetCount(Datum *values, bool *nulls, int column, const PromiseCount *count)
{
	values[column] = Int64GetDatum(count->promises);
	values[column + 1] = Int64GetDatum(count->undecided);
	values[column + 2] = Int64GetDatum(count->too_early);
	values[column + 3] = Int64GetDatum(count->decided);
	values[column + 4] = Int64GetDatum(count->kept);
	SetShare(&values[column + 5], &nulls[column + 5], count->kept, count->decided);
	SetShare(&values[column + 6], &nulls[column + 6], count->accepted, count->promises);
}

static void
SetDifference(Datum *values, bool *nulls, const RateDifference *difference)
{
	float8		half_width = NORMAL_95 * sqrt(difference->variance);

	values[HUMAN_DIFFERENCE] = Float8GetDatum(difference->mean);
	values[HUMAN_DIFFERENCE_LOW] = Float8GetDatum(difference->mean - half_width);
	values[HUMAN_DIFFERENCE_HIGH] = Float8GetDatum(difference->mean + half_width);
	for (int i = HUMAN_DIFFERENCE; i < HUMAN_COLUMNS; i++)
		nulls[i] = !difference->known;
}

static const char *
EvidenceName(int evidence)
{
	return evidence == EVIDENCE_ANY ? "any" : evidence_names[evidence];
}

/* The columns that identify a stratum; null if the row is about all of them. */
static void
SetStratum(Datum *values, bool *nulls, const Stratum *stratum)
{
	static const Oid types[] = {DATEOID, TEXTOID, TEXTOID, TEXTOID};

	for (size_t i = 0; i < lengthof(types); i++)
	{
		int			column = HUMAN_MONTH + i;

		nulls[column] = true;
		if (stratum)
			values[column] = ResultValue(stratum->row, STRATA_MONTH + i, types[i],
										 &nulls[column]);
	}
}

static void
PutRow(ReturnSetInfo *result, const char *scope, int evidence, const Stratum *stratum,
	   const PromiseCount *backed, const PromiseCount *unbacked, RateDifference difference)
{
	Datum		values[HUMAN_COLUMNS] = {0};
	bool		nulls[HUMAN_COLUMNS] = {0};

	values[HUMAN_SCOPE] = CStringGetTextDatum(scope);
	values[HUMAN_EVIDENCE] = CStringGetTextDatum(EvidenceName(evidence));
	SetStratum(values, nulls, stratum);
	SetCount(values, nulls, HUMAN_BACKED, backed);
	SetCount(values, nulls, HUMAN_UNBACKED, unbacked);
	SetDifference(values, nulls, &difference);
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* One row for each evidence that occurs in the stratum, and always one for "any". */
static void
PutStratum(ReturnSetInfo *result, const Stratum *stratum, StrataTotal *totals)
{
	const PromiseCount *unbacked = &stratum->groups[EVIDENCE_NONE];

	for (int evidence = EVIDENCE_NONE + 1; evidence < GROUPS; evidence++)
	{
		const PromiseCount *backed = &stratum->groups[evidence];

		StrataTotalAdd(&totals[evidence], backed, unbacked);
		if (evidence == EVIDENCE_ANY || backed->promises > 0)
			PutRow(result, "stratum", evidence, stratum, backed, unbacked,
				   CompareRates(backed, unbacked));
	}
}

static void
PutTotals(ReturnSetInfo *result, const StrataTotal *totals)
{
	for (int i = 0; i < GROUPS - 1; i++)
	{
		int			evidence = i == 0 ? EVIDENCE_ANY : i;
		const StrataTotal *total = &totals[evidence];

		if (evidence != EVIDENCE_ANY && total->raw[0].promises == 0)
			continue;
		PutRow(result, "raw", evidence, NULL, &total->raw[0], &total->raw[1],
			   CompareRates(&total->raw[0], &total->raw[1]));
		PutRow(result, "within_strata", evidence, NULL, &total->within[0], &total->within[1],
			   DifferenceWithinStrata(total));
	}
}

static int64
ResultInt64(uint64 row, int column)
{
	return DatumGetInt64(ResultNotNull(row, column, INT8OID));
}

static void
AddRow(Stratum *stratum, uint64 row)
{
	char	   *evidence = ResultText(row, STRATA_EVIDENCE);
	int			group = evidence ? EvidenceFromName(evidence) : EVIDENCE_NONE;
	PromiseCount count = {
		.promises = ResultInt64(row, STRATA_PROMISES),
		.undecided = ResultInt64(row, STRATA_UNDECIDED),
		.too_early = ResultInt64(row, STRATA_TOO_EARLY),
		.decided = ResultInt64(row, STRATA_DECIDED),
		.kept = ResultInt64(row, STRATA_KEPT),
		.accepted = ResultInt64(row, STRATA_ACCEPTED)
	};

	PromiseCountAdd(&stratum->groups[group], &count);
	if (group != EVIDENCE_NONE)
		PromiseCountAdd(&stratum->groups[EVIDENCE_ANY], &count);
}

/* Reads the stratum that starts at that row.  Returns the first row of the next one. */
static uint64
ReadStratum(Stratum *stratum, uint64 row)
{
	int64		number = ResultInt64(row, STRATA_STRATUM);

	memset(stratum, 0, sizeof(Stratum));
	stratum->row = row;
	for (; row < SPI_processed && ResultInt64(row, STRATA_STRATUM) == number; row++)
		AddRow(stratum, row);
	return row;
}

static void
PutStrata(ReturnSetInfo *result)
{
	Stratum		stratum;
	StrataTotal totals[GROUPS] = {0};

	for (uint64 row = 0; row < SPI_processed;)
	{
		CHECK_FOR_INTERRUPTS();
		row = ReadStratum(&stratum, row);
		PutStratum(result, &stratum, totals);
	}
	PutTotals(result, totals);
}

/* As hours, so that daylight saving time does not change the length. */
static Interval *
ArgLandmark(FunctionCallInfo fcinfo)
{
	Interval   *landmark = palloc0(sizeof(Interval));

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("landmark must not be null")));
	landmark->time = IntervalMicroseconds(PG_GETARG_INTERVAL_P(0), "landmark");
	return landmark;
}

/*
 * human_backing(landmark interval)
 *		returns setof (scope, evidence, month, kind, promiser_kind, value_band,
 *		promises, undecided, too_early, decided, kept, rate, accepted of backed promises,
 *		the same of unbacked promises, difference, difference_low, difference_high)
 *		Compares promises that had a human backer one landmark after they were made with
 *		those that had none: per stratum (scope "stratum"), all together ("raw"), and as
 *		the weighted mean of strata ("within_strata").  An evidence other than "any"
 *		compares the promises backed with that evidence with all unbacked ones.
 *		difference: of the posterior means of the kept rate, with a 95 % interval.  Level
 *		application, analyst, auditor or admin.  Errors: TL004; 22004 landmark is null;
 *		22023 landmark has months or is out of range.
 */
Datum
human_backing(PG_FUNCTION_ARGS)
{
	const Ledger *ledger = ScoresOpen();
	Datum		landmark = IntervalPGetDatum(ArgLandmark(fcinfo));
	LedgerSession session;

	InitMaterializedSRF(fcinfo, 0);
	LedgerEnter(ledger, &session);
	(void) StatementRead(&count_strata, &landmark, NULL);
	PutStrata((ReturnSetInfo *) fcinfo->resultinfo);
	LedgerLeave(&session);
	return (Datum) 0;
}
