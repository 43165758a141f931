/*
 * human_backing.c
 *		Whether a human behind a promise makes a difference to how it is kept.
 *
 * Who is behind a promise at its end tells little: a long case collects names,
 * and a short one is over before anybody comes.  So each promise is looked at
 * one landmark after it was made, and what was settled or due before that is
 * left out (Anderson, Cain and Gelber 1983).  Promises differ in more than
 * their backing: those of one month, kind, promiser's kind and value are
 * compared with each other, and the differences taken together with the weights
 * n1 n0 / (n1 + n0) (Cochran 1954; Mantel and Haenszel 1959).
 *
 * Each group's rate has a Beta(1, 1) prior.  Its posterior's mean and variance
 * are those of Beta(k + 1, n - k + 1); the interval around a difference is the
 * normal approximation to the posterior (Gelman et al., Bayesian Data Analysis,
 * sections 2.4 and 4.1).  What comes out is association, not effect: nobody
 * drew lots for who gets a backer.
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type_d.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

#include "analysis/score_query.h"
#include "base/duration.h"
#include "base/statement.h"
#include "governance/act.h"

PG_FUNCTION_INFO_V1(human_backing);

/* Half the width of a normal distribution's middle 95 %, in standard deviations */
#define NORMAL_95 1.959963984540054

/*
 * Counts per stratum and evidence at the landmark.  The last entry that says who
 * stands behind a promise is the last in its chain among those that had happened
 * by then.  Names are found in pg_catalog: the function has its search_path pinned.
 */
static Statement count_strata = STATEMENT(
	"WITH made AS ("
	"  SELECT customer, promise, CASE WHEN backfilled THEN occurred_at ELSE recorded_at END + $1 AS landmark"
	"  FROM trust.entry WHERE event = 'made'"
	"), backing AS ("
	"  SELECT DISTINCT ON (customer, promise) customer, promise, m.landmark,"
	"    CASE WHEN e.backer IS NOT NULL THEN e.evidence END AS evidence"
	"  FROM made m JOIN trust.entry e USING (customer, promise)"
	"  WHERE (e.event IN ('made', 'backed', 'backing_withdrawn') OR (e.event = 'amended' AND e.stands))"
	"    AND CASE WHEN e.backfilled THEN e.occurred_at ELSE e.recorded_at END <= m.landmark"
	"  ORDER BY customer, promise, e.seq DESC"
	"), looked_at AS ("
	"  SELECT date_trunc('month', p.made_at AT TIME ZONE l.zone)::date AS month, p.kind, p.promiser_kind,"
	"    CASE WHEN p.value IS NOT NULL THEN concat_ws(' ', p.currency,"
	"      CASE WHEN p.value = 0 THEN '0'"
	"        WHEN p.value >= 1 THEN '1' || repeat('0', length(trunc(p.value)::text) - 1) || '+'"
	"        ELSE '0.' || substring(p.value::text, '^0\\.(0*)') || '1+' END) END AS value_band,"
	"    b.evidence, p.accepted_at, p.outcome,"
	"    CASE WHEN p.settled_at < b.landmark OR p.due < b.landmark THEN 'too early'"
	"      WHEN p.opened_at IS NULL OR p.state IN ('withdrawn', 'released') THEN 'undecided'"
	"      WHEN p.overdue_at < now() OR (p.overdue_at IS NULL AND p.outcome IS NOT NULL) THEN 'decided'"
	"      ELSE 'undecided' END AS fate"
	"  FROM backing b JOIN trust.promise p USING (customer, promise) CROSS JOIN trust.ledger l"
	") "
	"SELECT dense_rank() OVER (ORDER BY month, kind, promiser_kind, value_band), month, kind, promiser_kind, value_band, evidence,"
	"  count(*), count(*) FILTER (WHERE fate = 'undecided'), count(*) FILTER (WHERE fate = 'too early'),"
	"  count(*) FILTER (WHERE fate = 'decided'), count(*) FILTER (WHERE fate = 'decided' AND outcome = 'kept'),"
	"  count(accepted_at)"
	" FROM looked_at GROUP BY month, kind, promiser_kind, value_band, evidence ORDER BY 1",
	INTERVALOID);

/* What the statement says of a stratum's promises of one evidence */
enum
{
	COUNTED_STRATUM = 1,
	COUNTED_MONTH,
	COUNTED_KIND,
	COUNTED_PROMISER_KIND,
	COUNTED_VALUE_BAND,
	COUNTED_EVIDENCE,
	COUNTED_PROMISES,
	COUNTED_UNDECIDED,
	COUNTED_TOO_EARLY,
	COUNTED_DECIDED,
	COUNTED_KEPT,
	COUNTED_ACCEPTED
};

typedef struct Count
{
	int64		promises;
	int64		undecided;
	int64		too_early;
	int64		decided;
	int64		kept;
	int64		accepted;
} Count;

/* Backed with any evidence; EVIDENCE_NONE are those that nobody backed */
#define EVIDENCE_ANY EVIDENCES
#define GROUPS (EVIDENCES + 1)

typedef struct Stratum
{
	uint64		row;			/* the first of the stratum at hand */
	Count		groups[GROUPS]; /* its promises */
} Stratum;

/* What strata add up to, for one evidence */
typedef struct Total
{
	Count		raw[2];			/* backed, unbacked */
	Count		within[2];		/* only strata that have decided promises of both */
	float8		weights;		/* sum of the strata's weights */
	float8		difference;		/* weighted sum */
	float8		variance;		/* sum of squared weights times variances */
} Total;

/* The columns of one Count: its numbers, rate and accepted */
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

typedef struct Difference
{
	bool		known;
	float8		mean;
	float8		variance;
} Difference;

static void
AddCount(Count *to, const Count *count)
{
	to->promises += count->promises;
	to->undecided += count->undecided;
	to->too_early += count->too_early;
	to->decided += count->decided;
	to->kept += count->kept;
	to->accepted += count->accepted;
}

/* ---- the comparison ---- */

static float8
PosteriorMean(const Count *count)
{
	return (count->kept + 1.0) / (count->decided + 2.0);
}

static float8
PosteriorVariance(const Count *count)
{
	float8		mean = PosteriorMean(count);

	return mean * (1.0 - mean) / (count->decided + 3.0);
}

/* Where one of the two has nothing decided there is nothing to compare. */
static Difference
Compare(const Count *backed, const Count *unbacked)
{
	Difference	difference = {0};

	if (backed->decided == 0 || unbacked->decided == 0)
		return difference;
	difference.known = true;
	difference.mean = PosteriorMean(backed) - PosteriorMean(unbacked);
	difference.variance = PosteriorVariance(backed) + PosteriorVariance(unbacked);
	return difference;
}

static void
AddStratum(Total *total, const Count *backed, const Count *unbacked)
{
	Difference	difference = Compare(backed, unbacked);
	float8		weight;

	AddCount(&total->raw[0], backed);
	AddCount(&total->raw[1], unbacked);
	if (!difference.known)
		return;
	AddCount(&total->within[0], backed);
	AddCount(&total->within[1], unbacked);
	weight = (float8) backed->decided * unbacked->decided / (backed->decided + unbacked->decided);
	total->weights += weight;
	total->difference += weight * difference.mean;
	total->variance += weight * weight * difference.variance;
}

static Difference
WithinStrata(const Total *total)
{
	Difference	difference = {.known = total->weights > 0.0};

	if (difference.known)
	{
		difference.mean = total->difference / total->weights;
		difference.variance = total->variance / (total->weights * total->weights);
	}
	return difference;
}

/* ---- the result ---- */

static void
SetShare(Datum *value, bool *isnull, int64 part, int64 whole)
{
	*isnull = whole == 0;
	*value = Float8GetDatum(whole == 0 ? 0.0 : (float8) part / whole);
}

static void
SetCount(Datum *values, bool *nulls, int column, const Count *count)
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
SetDifference(Datum *values, bool *nulls, const Difference *difference)
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

/* What the stratum's promises have in common; nothing where the row is about more than one. */
static void
SetStratum(Datum *values, bool *nulls, const Stratum *stratum)
{
	static const Oid types[] = {DATEOID, TEXTOID, TEXTOID, TEXTOID};

	for (size_t i = 0; i < lengthof(types); i++)
	{
		int			column = HUMAN_MONTH + i;

		nulls[column] = true;
		if (stratum)
			values[column] = ResultValue(stratum->row, COUNTED_MONTH + i, types[i], &nulls[column]);
	}
}

static void
PutRow(ReturnSetInfo *result, const char *scope, int evidence, const Stratum *stratum,
	   const Count *backed, const Count *unbacked, Difference difference)
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

/* Each evidence that the stratum's promises have; any, whatever they have. */
static void
PutStratum(ReturnSetInfo *result, const Stratum *stratum, Total *totals)
{
	const Count *unbacked = &stratum->groups[EVIDENCE_NONE];

	for (int evidence = EVIDENCE_NONE + 1; evidence < GROUPS; evidence++)
	{
		const Count *backed = &stratum->groups[evidence];

		AddStratum(&totals[evidence], backed, unbacked);
		if (evidence == EVIDENCE_ANY || backed->promises > 0)
			PutRow(result, "stratum", evidence, stratum, backed, unbacked, Compare(backed, unbacked));
	}
}

static void
PutTotals(ReturnSetInfo *result, const Total *totals)
{
	for (int i = 0; i < GROUPS - 1; i++)
	{
		int			evidence = i == 0 ? EVIDENCE_ANY : i;
		const Total *total = &totals[evidence];

		if (evidence != EVIDENCE_ANY && total->raw[0].promises == 0)
			continue;
		PutRow(result, "raw", evidence, NULL, &total->raw[0], &total->raw[1],
			   Compare(&total->raw[0], &total->raw[1]));
		PutRow(result, "within_strata", evidence, NULL, &total->within[0], &total->within[1],
			   WithinStrata(total));
	}
}

/* ---- the strata ---- */

static int64
Counted(uint64 row, int column)
{
	return DatumGetInt64(ResultNeeded(row, column, INT8OID));
}

static void
TakeRow(Stratum *stratum, uint64 row)
{
	char	   *evidence = ResultText(row, COUNTED_EVIDENCE);
	int			group = evidence ? EvidenceFromName(evidence) : EVIDENCE_NONE;
	Count		count = {
		.promises = Counted(row, COUNTED_PROMISES),
		.undecided = Counted(row, COUNTED_UNDECIDED),
		.too_early = Counted(row, COUNTED_TOO_EARLY),
		.decided = Counted(row, COUNTED_DECIDED),
		.kept = Counted(row, COUNTED_KEPT),
		.accepted = Counted(row, COUNTED_ACCEPTED)
	};

	AddCount(&stratum->groups[group], &count);
	if (group != EVIDENCE_NONE)
		AddCount(&stratum->groups[EVIDENCE_ANY], &count);
}

/* Takes the rows of the stratum that begins there; returns where the next begins. */
static uint64
TakeStratum(Stratum *stratum, uint64 row)
{
	int64		number = Counted(row, COUNTED_STRATUM);

	memset(stratum, 0, sizeof(Stratum));
	stratum->row = row;
	for (; row < SPI_processed && Counted(row, COUNTED_STRATUM) == number; row++)
		TakeRow(stratum, row);
	return row;
}

static void
PutAll(ReturnSetInfo *result)
{
	Stratum		stratum;
	Total		totals[GROUPS] = {0};

	for (uint64 row = 0; row < SPI_processed;)
	{
		CHECK_FOR_INTERRUPTS();
		row = TakeStratum(&stratum, row);
		PutStratum(result, &stratum, totals);
	}
	PutTotals(result, totals);
}

/* Hours, not days, so that no change of clocks makes it longer. */
static Interval *
ArgLandmark(FunctionCallInfo fcinfo)
{
	Interval   *landmark = palloc0(sizeof(Interval));

	if (PG_ARGISNULL(0))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("landmark is needed")));
	landmark->time = IntervalMicroseconds(PG_GETARG_INTERVAL_P(0), "landmark");
	return landmark;
}

/*
 * human_backing(landmark interval)
 *		returns setof (scope, evidence, month, kind, promiser_kind, value_band,
 *		promises, undecided, too_early, decided, kept, rate, accepted of the backed,
 *		the same of the unbacked, difference, difference_low, difference_high)
 *		How promises are kept that a human stood behind one landmark after they were
 *		made, and those that nobody did: per stratum; raw, all together; and within
 *		strata, weighted.  For evidence other than any: those backed with that, against
 *		all unbacked.  Association, not effect.  Level application, analyst, auditor or
 *		admin.  Errors: TL004, 22004, 22023 a landmark in months, or out of range.
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
	PutAll((ReturnSetInfo *) fcinfo->resultinfo);
	LedgerLeave(&session);
	return (Datum) 0;
}
