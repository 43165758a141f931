/*
 * score.h
 *		The trust score: evidence of promises kept and broken, and how it fades.
 */
#ifndef TRUST_LEDGER_SCORE_H
#define TRUST_LEDGER_SCORE_H

#include "base/errcodes.h"

#include "datatype/timestamp.h"

#define SCORE_VERSION 1
#define SCORE_EMPTY 0x01		/* flag: neither evidence nor instant nor half-life */
#define SCORE_FLAGS SCORE_EMPTY

/* The most evidence of either kind: a million million promises */
#define SCORE_MOST_EVIDENCE 1e12

/* Also the stored form.  Bytes that are not used are zero, so equal scores are equal bytes. */
typedef struct TrustScore
{
	float8		kept;			/* evidence r, in promises, as of the instant */
	float8		broken;			/* evidence s */
	TimestampTz as_of;			/* what both are reckoned to */
	int64		half_life;		/* microseconds in which evidence fades to half */
	uint8		version;
	uint8		flags;
	uint8		unused[6];
} TrustScore;

StaticAssertDecl(sizeof(TrustScore) == 40, "a stored trust score has 40 bytes");

#define DatumGetTrustScore(datum) ((TrustScore *) DatumGetPointer(datum))
#define TrustScoreGetDatum(score) PointerGetDatum(score)
#define PG_GETARG_TRUST_SCORE(n) DatumGetTrustScore(PG_GETARG_DATUM(n))
#define PG_RETURN_TRUST_SCORE(score) return TrustScoreGetDatum(score)

/* What one promise puts into a score: weights, and the instant they are reckoned at. */
typedef struct Contribution
{
	bool		counts;
	float8		kept;
	float8		broken;
	TimestampTz at;
} Contribution;

static inline bool
ScoreIsEmpty(const TrustScore *score)
{
	return (score->flags & SCORE_EMPTY) != 0;
}

extern void ScoreClear(TrustScore *score);
extern TrustScore *ScoreCopy(const TrustScore *score);
extern float8 ScoreFading(int64 age, int64 half_life);
extern int64 ScoreAge(TimestampTz from, TimestampTz to);
extern void ScoreFade(TrustScore *score, TimestampTz to);
extern void ScoreFuse(TrustScore *score, const TrustScore *other);
extern void ScoreAdd(TrustScore *score, float8 kept, float8 broken, TimestampTz at, int64 half_life);
extern void ScoreRevise(TrustScore *score, const Contribution *before, const Contribution *after, int64 half_life);

#endif
