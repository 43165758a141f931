/*
 * chance.h
 *		Numbers by chance, the same ones for the same seed.
 */
#ifndef CHANCE_H
#define CHANCE_H

#include "postgres.h"

#include <math.h>

typedef struct Chance
{
	uint64		state;			/* never 0 */
} Chance;

/* S. Vigna: xorshift64* */
static inline uint64
Next(Chance *chance)
{
	chance->state ^= chance->state >> 12;
	chance->state ^= chance->state << 25;
	chance->state ^= chance->state >> 27;
	return chance->state * UINT64CONST(2685821657736338717);
}

static inline int
Below(Chance *chance, int bound)
{
	return (int) ((Next(chance) >> 33) % (uint64) bound);
}

static inline double
Fraction(Chance *chance)
{
	return ldexp((double) (Next(chance) >> 11), -53);
}

#endif
