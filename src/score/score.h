/*
 * score.h
 *		The trust score: evidence of kept and broken promises, with exponential decay.
 */
#ifndef TRUST_LEDGER_SCORE_H
#define TRUST_LEDGER_SCORE_H

#include "base/errcodes.h"

#include "datatype/timestamp.h"

#define SCORE_VERSION 1
#define SCORE_EMPTY 0x01		/* flag: no evidence, no timestamp, no half-life */
#define SCORE_FLAGS SCORE_EMPTY

/* Maximum evidence of either kind, in promises */
#define SCORE_MAX_EVIDENCE 1e12

/*
 * In memory and on disk.  Unused bytes are zero and -0 is stored as 0, so that equal
 * scores have equal bytes.
 */
typedef struct TrustScore
{
	float8		kept;			/* evidence r, in promises, as of as_of */
	float8		broken;			/* evidence s, in promises, as of as_of */
	TimestampTz as_of;
	int64		half_life;		/* time in which evidence decays to half, in microseconds */
	uint8		version;
	uint8		flags;
	uint8		unused[6];
} TrustScore;

StaticAssertDecl(sizeof(TrustScore) == 40, "a stored trust score has 40 bytes");

#define DatumGetTrustScore(datum) ((TrustScore *) DatumGetPointer(datum))
#define TrustScoreGetDatum(score) PointerGetDatum(score)
#define PG_GETARG_TRUST_SCORE(n) DatumGetTrustScore(PG_GETARG_DATUM(n))
#define PG_RETURN_TRUST_SCORE(score) return TrustScoreGetDatum(score)

/* What one promise contributes to a score. */
typedef struct Contribution
{
	bool		counts;			/* false: nothing, the other fields are ignored */
	float8		kept;			/* evidence at kept_at, in promises */
	float8		broken;			/* evidence at broken_at */
	TimestampTz kept_at;
	TimestampTz broken_at;
} Contribution;

static inline bool
ScoreIsEmpty(const TrustScore *score)
{
	return (score->flags & SCORE_EMPTY) != 0;
}

/* Makes the score empty. */
extern void ScoreClear(TrustScore *score);

/* Returns a palloc'd copy. */
extern TrustScore *ScoreCopy(const TrustScore *score);

/* 2^(-age/half_life), both in microseconds; 1 for an age of at most 0. */
extern float8 ScoreDecayFactor(int64 age, int64 half_life);

/* to - from in microseconds, clamped to the range of int64. */
extern int64 ScoreAge(TimestampTz from, TimestampTz to);

/* Decays the score to a later timestamp; an earlier one leaves it unchanged. */
extern void ScoreDecay(TrustScore *score, TimestampTz to);

/*
 * Adds the other score at the later of the two timestamps (cumulative fusion).
 * Errors: 22023 different half-lives, 22003 too much evidence.
 */
extern void ScoreFuse(TrustScore *score, const TrustScore *other);

/* The same for evidence that is not a score; also error 22008 for an infinite timestamp. */
extern void ScoreAdd(TrustScore *score, float8 kept, float8 broken, TimestampTz at,
					 int64 half_life);

/* Whether the two contributions differ. */
extern bool ContributionChanged(const Contribution *before, const Contribution *after);

/* Adds what a promise contributes.  Errors as of ScoreAdd(). */
extern void ScoreAddContribution(TrustScore *score, const Contribution *contribution,
								 int64 half_life);

/*
 * Replaces a promise's contribution: subtracts the decayed old one, but not below 0, and
 * adds the new one.  Errors as of ScoreAdd().
 */
extern void ScoreRevise(TrustScore *score, const Contribution *before,
						const Contribution *after, int64 half_life);

#endif
