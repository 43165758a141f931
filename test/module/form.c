/*
 * form.c
 *		The binary form of trust scores, known from its description alone.
 */
#include "form.h"

#include <float.h>
#include <math.h>

#include "port/pg_bswap.h"
#include "utils/timestamp.h"

#define FLAG_EMPTY 0x01
#define MOST_EVIDENCE 1e12
#define LONGEST_HALF_LIFE (INT64CONST(36525) * USECS_PER_DAY)

uint64
FormField(const Form *form, int field)
{
	uint64		value;

	memcpy(&value, form->bytes + 2 + 8 * field, 8);
	return pg_ntoh64(value);
}

static void
PutFormField(Form *form, int field, uint64 value)
{
	value = pg_hton64(value);
	memcpy(form->bytes + 2 + 8 * field, &value, 8);
}

double
FormEvidence(const Form *form, int field)
{
	uint64		bits = FormField(form, field);
	double		value;

	memcpy(&value, &bits, 8);
	return value;
}

static uint64
FloatBits(double value)
{
	uint64		bits;

	memcpy(&bits, &value, 8);
	return bits;
}

/* As the server sends it: -0 is 0. */
void
NormalizeForm(Form *form)
{
	for (int field = KEPT; field <= BROKEN; field++)
		if (FormEvidence(form, field) == 0.0)
			PutFormField(form, field, 0);
}

bool
FormIsEmpty(const Form *form)
{
	return (form->bytes[1] & FLAG_EMPTY) != 0;
}

/* What reading these bytes must give: a SQLSTATE, or 0 for a score. */
int
FormRefusal(const Form *form)
{
	int64		as_of;
	int64		half_life;

	if (form->size != FORM_SIZE || form->bytes[0] != 1 || (form->bytes[1] & ~FLAG_EMPTY) != 0)
		return ERRCODE_INVALID_BINARY_REPRESENTATION;
	as_of = (int64) FormField(form, AS_OF);
	half_life = (int64) FormField(form, HALF_LIFE);
	if (FormIsEmpty(form))
		return FormEvidence(form, KEPT) == 0.0 && FormEvidence(form, BROKEN) == 0.0 && as_of == 0 && half_life == 0 ?
			0 : ERRCODE_INVALID_BINARY_REPRESENTATION;
	for (int field = KEPT; field <= BROKEN; field++)
	{
		double		evidence = FormEvidence(form, field);

		if (isnan(evidence) || evidence < 0.0 || evidence > MOST_EVIDENCE)
			return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
	}
	if (as_of < MIN_TIMESTAMP || as_of >= END_TIMESTAMP)
		return ERRCODE_DATETIME_VALUE_OUT_OF_RANGE;
	if (half_life < 1 || half_life > LONGEST_HALF_LIFE)
		return ERRCODE_INVALID_PARAMETER_VALUE;
	return 0;
}

static uint64
RandomEvidence(Chance *chance)
{
	switch (Below(chance, 8))
	{
		case 0:
			return FloatBits(0.0);
		case 1:
			return FloatBits(-0.0);
		case 2:
			return FloatBits(MOST_EVIDENCE);
		case 3:
			return FloatBits(Below(chance, 1000));
		case 4:
			return FloatBits(Below(chance, 1000000) / 1000.0);
		case 5:
			return FloatBits(Fraction(chance) * MOST_EVIDENCE);
		default:
			/* all magnitudes alike, from the least of all on */
			return FloatBits(ldexp(1.0 + Fraction(chance), -1074 + Below(chance, 1113)));
	}
}

TimestampTz
RandomInstant(Chance *chance)
{
	switch (Below(chance, 16))
	{
		case 0:
			return MIN_TIMESTAMP;
		case 1:
			return END_TIMESTAMP - 1;
		case 2:
			return 0;
		case 3:
		case 4:
		case 5:
		case 6:
		case 7:
			/* nowadays */
			return (int64) (Next(chance) % (UINT64CONST(10000) * USECS_PER_DAY));
		default:
			return (int64) ((uint64) MIN_TIMESTAMP + Next(chance) % ((uint64) END_TIMESTAMP - (uint64) MIN_TIMESTAMP));
	}
}

static int64
RandomHalfLife(Chance *chance)
{
	switch (Below(chance, 8))
	{
		case 0:
			return 1;
		case 1:
			return LONGEST_HALF_LIFE;
		case 2:
		case 3:
		case 4:
			return 180 * USECS_PER_DAY; /* so that some fuse */
		default:
			return 1 + (int64) ((Next(chance) % LONGEST_HALF_LIFE) >> Below(chance, 51));
	}
}

/* A form that is accepted. */
void
RandomForm(Form *form, Chance *chance)
{
	memset(form, 0, sizeof(Form));
	form->size = FORM_SIZE;
	form->bytes[0] = 1;
	if (Below(chance, 16) == 0)
	{
		form->bytes[1] = FLAG_EMPTY;
		return;
	}
	PutFormField(form, KEPT, RandomEvidence(chance));
	PutFormField(form, BROKEN, RandomEvidence(chance));
	PutFormField(form, AS_OF, (uint64) RandomInstant(chance));
	PutFormField(form, HALF_LIFE, (uint64) RandomHalfLife(chance));
}

/* What lies just within bounds, just beyond them, or is no number. */
static uint64
RandomEdge(Chance *chance)
{
	const uint64 edges[] = {
		UINT64CONST(0x7FF8000000000000), UINT64CONST(0x7FF0000000000001), UINT64CONST(0xFFF8000000000000),	/* NaN */
		FloatBits(INFINITY), FloatBits(-INFINITY), FloatBits(DBL_MAX), FloatBits(-1.0), FloatBits(-0.0),
		UINT64CONST(0x8000000000000001), FloatBits(MOST_EVIDENCE) + 1, FloatBits(MOST_EVIDENCE),
		(uint64) PG_INT64_MIN, (uint64) PG_INT64_MAX, (uint64) MIN_TIMESTAMP - 1, (uint64) MIN_TIMESTAMP, (uint64) END_TIMESTAMP,
		(uint64) END_TIMESTAMP - 1, 0, 1, UINT64_MAX, LONGEST_HALF_LIFE, LONGEST_HALF_LIFE + 1
	};

	return edges[Below(chance, lengthof(edges))];
}

void
MutateForm(Form *form, Chance *chance)
{
	switch (Below(chance, 10))
	{
		case 0:
		case 1:
			if (form->size > 0)
				form->bytes[Below(chance, form->size)] ^= 1 << Below(chance, 8);
			break;
		case 2:
			if (form->size > 0)
				form->bytes[Below(chance, form->size)] = (unsigned char) Next(chance);
			break;
		case 3:
			form->bytes[Below(chance, 2)] = (unsigned char) Next(chance);
			break;
		case 4:
			form->size = Below(chance, form->size + 1);
			break;
		case 5:
			for (int more = 1 + Below(chance, 16); more > 0 && form->size < FORM_ROOM; more--)
				form->bytes[form->size++] = (unsigned char) Next(chance);
			break;
		case 6:
		case 7:
			PutFormField(form, Below(chance, FIELDS), RandomEdge(chance));
			break;
		case 8:
			{
				int			a = Below(chance, FIELDS);
				int			b = Below(chance, FIELDS);
				uint64		value = FormField(form, a);

				PutFormField(form, a, FormField(form, b));
				PutFormField(form, b, value);
				break;
			}
		default:
			for (int i = Below(chance, 2) * 2; i < form->size; i++)
				form->bytes[i] = (unsigned char) Next(chance);
			break;
	}
}
