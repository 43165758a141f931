/*
 * score.c
 *		The trust score: evidence of kept and broken promises, with exponential decay.
 *
 * This is the Beta reputation system (A. Jøsang, R. Ismail, The Beta Reputation
 * System, 15th Bled Electronic Commerce Conference, 2002, section 3): evidence r of
 * kept and s of broken promises, each weighted by 2^(-age/half-life).  A score holds
 * only evidence; the prior is applied when it is read (opinion.c).  Fusion adds
 * evidence and the empty score is its identity, so the type serves as the transition
 * state of its own aggregates.
 */
#include "postgres.h"

#include "score/score.h"

#include <math.h>

#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "common/int.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/duration.h"

PG_FUNCTION_INFO_V1(trust_score);
PG_FUNCTION_INFO_V1(fuse);
PG_FUNCTION_INFO_V1(decay);
PG_FUNCTION_INFO_V1(score_accum);
PG_FUNCTION_INFO_V1(trust_score_cmp);
PG_FUNCTION_INFO_V1(trust_score_eq);
PG_FUNCTION_INFO_V1(trust_score_ne);
PG_FUNCTION_INFO_V1(trust_score_lt);
PG_FUNCTION_INFO_V1(trust_score_le);
PG_FUNCTION_INFO_V1(trust_score_gt);
PG_FUNCTION_INFO_V1(trust_score_ge);
PG_FUNCTION_INFO_V1(trust_score_hash);
PG_FUNCTION_INFO_V1(trust_score_hash_extended);

void
ScoreClear(TrustScore *score)
{
	memset(score, 0, sizeof(TrustScore));
	score->version = SCORE_VERSION;
	score->flags = SCORE_EMPTY;
}

TrustScore *
ScoreCopy(const TrustScore *score)
{
	TrustScore *copy = palloc(sizeof(TrustScore));

	memcpy(copy, score, sizeof(TrustScore));
	return copy;
}

int64
ScoreAge(TimestampTz from, TimestampTz to)
{
	int64		age;

	if (pg_sub_s64_overflow(to, from, &age))
		return to > from ? PG_INT64_MAX : PG_INT64_MIN;
	return age;
}

float8
ScoreDecayFactor(int64 age, int64 half_life)
{
	if (age <= 0)
		return 1.0;
	return exp2(-(float8) age / (float8) half_life);
}

void
ScoreDecay(TrustScore *score, TimestampTz to)
{
	float8		fading;

	if (ScoreIsEmpty(score) || to <= score->as_of)
		return;
	fading = ScoreDecayFactor(ScoreAge(score->as_of, to), score->half_life);
	score->kept *= fading;
	score->broken *= fading;
	score->as_of = to;
}

static void
CheckEvidence(float8 evidence, const char *what)
{
	/* written so that it rejects NaN */
	if (!(evidence >= 0.0 && evidence <= SCORE_MAX_EVIDENCE))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("evidence of %s promises is out of range", what),
				 errdetail("It must be between 0 and %g.", SCORE_MAX_EVIDENCE)));
}

static void
CheckFinite(TimestampTz instant)
{
	if (TIMESTAMP_NOT_FINITE(instant))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp of a trust score must be finite")));
}

pg_noreturn static void HalfLivesDiffer(int64 a, int64 b);

static void
HalfLivesDiffer(int64 a, int64 b)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("cannot fuse trust scores with different half-lives"),
			 errdetail("The half-lives are " INT64_FORMAT " and " INT64_FORMAT " microseconds.",
					   a, b),
			 errhint("Compute both scores from their evidence with the same half-life.")));
}

/* Adds evidence as of the later of the score's and its own timestamp. */
static inline void
AddEvidence(TrustScore *score, float8 kept, float8 broken, TimestampTz at, int64 half_life)
{
	if (ScoreIsEmpty(score))
	{
		score->flags &= ~SCORE_EMPTY;
		score->as_of = at;
		score->half_life = half_life;
	}
	else if (score->half_life != half_life)
		HalfLivesDiffer(score->half_life, half_life);
	if (at > score->as_of)
		ScoreDecay(score, at);
	else if (at < score->as_of)
	{
		float8		fading = ScoreDecayFactor(ScoreAge(at, score->as_of), half_life);

		kept *= fading;
		broken *= fading;
	}
	score->kept += kept;
	score->broken += broken;
	CheckEvidence(score->kept, "kept");
	CheckEvidence(score->broken, "broken");
}

void
ScoreFuse(TrustScore *score, const TrustScore *other)
{
	if (!ScoreIsEmpty(other))
		AddEvidence(score, other->kept, other->broken, other->as_of, other->half_life);
}

void
ScoreAdd(TrustScore *score, float8 kept, float8 broken, TimestampTz at, int64 half_life)
{
	CheckEvidence(kept, "kept");
	CheckEvidence(broken, "broken");
	CheckFinite(at);
	/* adding 0.0 turns -0 into 0 */
	AddEvidence(score, kept + 0.0, broken + 0.0, at, half_life);
}

bool
ContributionChanged(const Contribution *before, const Contribution *after)
{
	return before->counts != after->counts ||
		before->kept != after->kept || before->kept_at != after->kept_at ||
		before->broken != after->broken || before->broken_at != after->broken_at;
}

void
ScoreAddContribution(TrustScore *score, const Contribution *contribution, int64 half_life)
{
	if (!contribution->counts)
		return;
	ScoreAdd(score, contribution->kept, 0.0, contribution->kept_at, half_life);
	ScoreAdd(score, 0.0, contribution->broken, contribution->broken_at, half_life);
}

/* What is left of evidence, faded to the timestamp of the score. */
static float8
Faded(const TrustScore *score, float8 evidence, TimestampTz at)
{
	return evidence * ScoreDecayFactor(ScoreAge(at, score->as_of), score->half_life);
}

void
ScoreRevise(TrustScore *score, const Contribution *before, const Contribution *after,
			int64 half_life)
{
	if (before->counts && !ScoreIsEmpty(score))
	{
		score->kept = Max(score->kept - Faded(score, before->kept, before->kept_at), 0.0);
		score->broken = Max(score->broken - Faded(score, before->broken, before->broken_at), 0.0);
	}
	ScoreAddContribution(score, after, half_life);
}

static int64
CheckedHalfLife(const Interval *interval)
{
	int64		half_life = IntervalMicroseconds(interval, "half_life");

	if (half_life == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("half_life must be greater than zero")));
	return half_life;
}

/*
 * trust_score(kept float8, broken float8, as_of timestamptz, half_life interval)
 *			   returns trust_score
 *		The score of this evidence: kept and broken in promises, 0 to 1e12, as of as_of;
 *		half_life > 0, at most 36525 days, without months.  Errors: 22003 evidence, 22008
 *		timestamp, 22023 half-life.
 */
Datum
trust_score(PG_FUNCTION_ARGS)
{
	TrustScore *score = palloc(sizeof(TrustScore));

	ScoreClear(score);
	ScoreAdd(score, PG_GETARG_FLOAT8(0), PG_GETARG_FLOAT8(1), PG_GETARG_TIMESTAMPTZ(2),
			 CheckedHalfLife(PG_GETARG_INTERVAL_P(3)));
	PG_RETURN_TRUST_SCORE(score);
}

/*
 * fuse(trust_score, trust_score) returns trust_score, operator +
 *		Adds the evidence of both at the later of their timestamps (cumulative fusion:
 *		A. Jøsang, Subjective Logic, Springer 2016, section 12.3).  The empty score is the
 *		identity.  Errors: 22023 different half-lives, 22003 too much evidence.
 */
Datum
fuse(PG_FUNCTION_ARGS)
{
	TrustScore *score = ScoreCopy(PG_GETARG_TRUST_SCORE(0));

	ScoreFuse(score, PG_GETARG_TRUST_SCORE(1));
	PG_RETURN_TRUST_SCORE(score);
}

/*
 * decay(score trust_score, instant timestamptz) returns trust_score
 *		The score as of a later timestamp: evidence times 2^(-age/half-life).  An earlier
 *		timestamp leaves the score unchanged.  The empty score stays empty.  Errors: 22008
 *		infinite timestamp.
 */
Datum
decay(PG_FUNCTION_ARGS)
{
	TrustScore *score = ScoreCopy(PG_GETARG_TRUST_SCORE(0));

	CheckFinite(PG_GETARG_TIMESTAMPTZ(1));
	ScoreDecay(score, PG_GETARG_TIMESTAMPTZ(1));
	PG_RETURN_TRUST_SCORE(score);
}

/*
 * score_accum(trust_score, kept float8, broken float8, at timestamptz, half_life interval)
 *			   returns trust_score
 *		Transition function of score_agg(): fuses a row's evidence with the score.
 *		Errors as of trust_score() and fuse().
 */
Datum
score_accum(PG_FUNCTION_ARGS)
{
	TrustScore *score = PG_GETARG_TRUST_SCORE(0);

	/* within an aggregate, the state may be modified in place */
	if (!AggCheckCallContext(fcinfo, NULL))
		score = ScoreCopy(score);
	ScoreAdd(score, PG_GETARG_FLOAT8(1), PG_GETARG_FLOAT8(2), PG_GETARG_TIMESTAMPTZ(3),
			 CheckedHalfLife(PG_GETARG_INTERVAL_P(4)));
	PG_RETURN_TRUST_SCORE(score);
}

/* ---- sort order, which is not meant for ranking ---- */

static inline int
CompareFloats(float8 a, float8 b)
{
	return (a > b) - (a < b);
}

static inline int
CompareInt64(int64 a, int64 b)
{
	return (a > b) - (a < b);
}

/*
 * Orders by expectation at base rate 1/2, evidence, timestamp and half-life, then by
 * the two kinds of evidence, so that only identical scores compare as equal.  The empty
 * score sorts before other scores without evidence.
 */
static int
Compare(const TrustScore *a, const TrustScore *b)
{
	float8		a_evidence = a->kept + a->broken;
	float8		b_evidence = b->kept + b->broken;
	int			order = CompareFloats((a->kept + 1.0) / (a_evidence + 2.0),
									  (b->kept + 1.0) / (b_evidence + 2.0));

	if (order == 0)
		order = CompareFloats(a_evidence, b_evidence);
	if (order == 0)
		order = ScoreIsEmpty(b) - ScoreIsEmpty(a);
	if (order == 0)
		order = CompareInt64(a->as_of, b->as_of);
	if (order == 0)
		order = CompareInt64(a->half_life, b->half_life);
	if (order == 0)
		order = CompareFloats(a->kept, b->kept);
	if (order == 0)
		order = CompareFloats(a->broken, b->broken);
	return order;
}

/*
 * trust_score_cmp(trust_score, trust_score) returns integer
 *		Less than, equal to or greater than 0, as btree requires.
 */
Datum
trust_score_cmp(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(Compare(PG_GETARG_TRUST_SCORE(0), PG_GETARG_TRUST_SCORE(1)));
}

#define COMPARISON(name, operator) \
Datum \
name(PG_FUNCTION_ARGS) \
{ \
	PG_RETURN_BOOL(Compare(PG_GETARG_TRUST_SCORE(0), PG_GETARG_TRUST_SCORE(1)) operator 0); \
}

COMPARISON(trust_score_eq, ==)
COMPARISON(trust_score_ne, !=)
COMPARISON(trust_score_lt, <)
COMPARISON(trust_score_le, <=)
COMPARISON(trust_score_gt, >)
COMPARISON(trust_score_ge, >=)

/*
 * trust_score_hash(trust_score) returns integer
 * trust_score_hash_extended(trust_score, seed bigint) returns bigint
 *		Equal scores have equal bytes, so the bytes are hashed.
 */
Datum
trust_score_hash(PG_FUNCTION_ARGS)
{
	return hash_any((unsigned char *) PG_GETARG_TRUST_SCORE(0), sizeof(TrustScore));
}

Datum
trust_score_hash_extended(PG_FUNCTION_ARGS)
{
	return hash_any_extended((unsigned char *) PG_GETARG_TRUST_SCORE(0), sizeof(TrustScore),
							 PG_GETARG_INT64(1));
}
