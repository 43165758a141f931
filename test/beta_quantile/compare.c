/*
 * compare.c
 *		src/score/beta_quantile.c against R's qbeta, a power series and closed forms.
 *
 * Says so in TAP.  Links with -lRmath (Debian: r-mathlib).
 *
 * qbeta is held to 1e-9 and no closer: R 4.2's own error is 5e-10 at p 0.50866057250783925,
 * a 0.031253470141911655, b 0.16905335811428795, and for tails below 1e-90 it can be lost
 * altogether.  What is closer than that, the series and the closed forms tell.
 */
#define _GNU_SOURCE
#define MATHLIB_STANDALONE 1
#include <Rmath.h>

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include "score/beta_quantile.h"

#define COUNT(array) ((int) (sizeof(array) / sizeof((array)[0])))

#define PROMISED 1e-9
#define EXACT 1e-12

#define SMALL_TAIL 1e-3
#define ENDLESS 1e-6

/* Smaller values need not be right. */
#define LEAST_VALUE 1e-300

static const double shapes[] = {
	.01, .03, .1, .3, .5, 1, 1.75, 2, 3.25, 8, 11, 30, 96, 1e3, 1e4, 1e5, 1e6
};

/* 1.3e-3: with a of .01, values little above the least that count */
static const double shares[] = {
	1e-10, 1e-6, 1e-3, 1.3e-3, .01, .025, .05, .1, .25, .5, .75, .9, .95, .975, .99, .999, 1 - 1e-6, 1 - 1e-10
};

/* The largest error among the points of one assertion */
typedef struct Worst
{
	double		error;
	double		p;
	double		a;
	double		b;
	double		value;
	int			points;
} Worst;

static double
Quantile(double p, double a, double b)
{
	return BetaQuantile(p, 1 - p, a, b);
}

static FILE *tap;
static int	assertions = 0;
static int	failures = 0;

static void
Note(Worst *worst, double error, double p, double a, double b, double value)
{
	error = fabs(error);
	/* so that NaN is the worst of all */
	if (worst->points++ == 0 || !(error <= worst->error))
	{
		int			points = worst->points;

		if (isnan(worst->error))
			return;
		*worst = (Worst) {error, p, a, b, value, points};
	}
}

static void
Holds(const Worst *worst, double tolerance, const char *description, ...)
{
	bool		ok = worst->points > 0 && worst->error <= tolerance;
	va_list		args;

	fprintf(tap, "%s %d - ", ok ? "ok" : "not ok", ++assertions);
	va_start(args, description);
	vfprintf(tap, description, args);
	va_end(args);
	fprintf(tap, "\n");
	if (ok)
		return;
	failures++;
	fprintf(tap, "# the worst of %d points: p %.17g a %.17g b %.17g gives %.17g, error %.3g, allowed %.3g\n",
			worst->points, worst->p, worst->a, worst->b, worst->value, worst->error, tolerance);
}

static double
RelativeError(double value, double reference)
{
	if (value < LEAST_VALUE && reference < LEAST_VALUE)
		return value >= 0 ? 0 : NAN;
	return value / reference - 1;
}

/* splitmix64 (Steele, Lea, Flood 2014): the same points on every machine */
static double
Random(void)
{
	static uint64_t state = 3;
	uint64_t	z = (state += 0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return ((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static double
RandomShape(double least, double most)
{
	return exp(log(least) + (log(most) - log(least)) * Random());
}

/* In the middle, near 0, near 1, in turn */
static double
RandomShare(int i)
{
	double		share = i % 3 == 0 ? 1e-10 + Random() * (1 - 2e-10) : pow(10, -10 * Random());

	return i % 3 == 2 ? 1 - share : share;
}

/* ln Gamma(a + b) - ln Gamma(a), by Stirling's series (DLMF 5.11.1) where the two are close to each other */
static long double
LnGammaGrowth(long double a, long double b)
{
	long double sum = a + b;

	if (a < 1000)
		return lgammal(sum) - lgammal(a);
	return (a - 0.5L) * log1pl(b / a) + b * logl(sum) - b
		+ (1 / sum - 1 / a) / 12 - (powl(sum, -3) - powl(a, -3)) / 360 + (powl(sum, -5) - powl(a, -5)) / 1260;
}

/* I_x(a, b) by the series DLMF 8.17.8, whose terms are all positive, and its derivative by x */
static long double
SeriesTail(long double x, long double y, long double a, long double b, long double *density)
{
	long double lnbeta = a > b ? lgammal(b) - LnGammaGrowth(a, b) : lgammal(a) - LnGammaGrowth(b, a);
	long double lnx = x < 0.5 ? logl(x) : log1pl(-y);
	long double lny = y < 0.5 ? logl(y) : log1pl(-x);
	long double power = expl(a * lnx + b * lny - lnbeta);
	long double term = 1 / a;
	long double sum = term;

	for (long double n = 0; term > sum * LDBL_EPSILON / 16 || (a + b + n) * x > a + 1 + n; n++)
	{
		term *= (a + b + n) / (a + 1 + n) * x;
		sum += term;
	}
	*density = power / (x * y);
	return power * sum;
}

/*
 * How far a quantile is off, in proportion.  The series is short if it comes from the nearer end; but
 * to see a small tail in one that is nearly 1 is not so exact.
 */
static double
SeriesError(double p, double a, double b, double value)
{
	long double x = value;
	long double y = 1 - x;
	long double q = 1 - (long double) p;
	long double density;
	long double excess;
	bool		from_below;

	if (value < LEAST_VALUE)
		return RelativeError(value, 0);
	if (value == 1)				/* 1 - x may be anything that rounds to that */
		return SeriesTail(DBL_EPSILON / 2, 1 - DBL_EPSILON / 2, b, a, &density) >= q ? 0 : INFINITY;
	if (p < SMALL_TAIL && y > ENDLESS)
		from_below = true;
	else if (q < SMALL_TAIL && x > ENDLESS)
		from_below = false;
	else
		from_below = x < 0.5;
	if (from_below)
		excess = SeriesTail(x, y, a, b, &density) - p;
	else
		excess = q - SeriesTail(y, x, b, a, &density);
	return excess / density / x;
}

static void
GridAgainstR(double a)
{
	Worst		worst = {0};

	for (int j = 0; j < COUNT(shapes); j++)
		for (int k = 0; k < COUNT(shares); k++)
		{
			double		b = shapes[j];
			double		p = shares[k];
			double		value = Quantile(p, a, b);

			Note(&worst, RelativeError(value, qbeta(p, a, b, true, false)), p, a, b, value);
		}
	Holds(&worst, PROMISED, "a %g: as R's qbeta", a);
}

static void
GridAgainstSeries(double a)
{
	Worst		worst = {0};

	for (int j = 0; j < COUNT(shapes); j++)
		for (int k = 0; k < COUNT(shares); k++)
		{
			double		b = shapes[j];
			double		p = shares[k];
			double		value = Quantile(p, a, b);

			Note(&worst, SeriesError(p, a, b, value), p, a, b, value);
		}
	Holds(&worst, EXACT, "a %g: as the series says", a);
}

static void
RandomAgainstR(void)
{
	Worst		worst = {0};

	for (int i = 0; i < 30000; i++)
	{
		double		a = RandomShape(.01, 1e6);
		double		b = RandomShape(.01, 1e6);
		double		p = RandomShare(i);
		double		value = Quantile(p, a, b);

		Note(&worst, RelativeError(value, qbeta(p, a, b, true, false)), p, a, b, value);
	}
	Holds(&worst, PROMISED, "random points: as R's qbeta");
}

static void
RandomAgainstSeries(void)
{
	Worst		worst = {0};

	for (int i = 0; i < 10000; i++)
	{
		double		a = RandomShape(.01, 1e5);
		double		b = RandomShape(.01, 1e5);
		double		p = i % 2 ? RandomShare(i) : pow(10, -300 * Random());
		double		value = Quantile(p, a, b);

		Note(&worst, SeriesError(p, a, b, value), p, a, b, value);
	}
	Holds(&worst, EXACT, "random points: as the series says");
}

/* What a base rate near 0 leads to.  The quantile is as sensitive as a is small. */
static void
LittlePrior(void)
{
	static const double confident[] = {.9, .999, .9999, 1 - 1e-5, 1 - 2e-6, 1 - 1e-10};
	Worst		worst = {0};

	for (int j = 0; j < COUNT(shapes); j++)
		for (int k = 0; k < COUNT(confident); k++)
		{
			double		p = confident[k];
			double		value = Quantile(p, 1e-5, shapes[j]);

			Note(&worst, SeriesError(p, 1e-5, shapes[j], value), p, 1e-5, shapes[j], value);
		}
	Holds(&worst, PROMISED, "a 1e-5: as the series says");
}

/* Computed by other libraries */
static void
KnownNumbers(void)
{
	static const struct
	{
		double		a;
		double		b;
		double		value;
	}			known[] = {
		{8, 2, 0.57086445296856543},
		{11, 1, 0.76159580961914734},
		{96, 6, 0.89873102833934753},
		{3.25, 1.75, 0.29656193921548776},
		{.5, .5, 0.0061558297024311369},
		{1e5, 10, 0.99984296723358675}
	};

	for (int i = 0; i < COUNT(known); i++)
	{
		double		value = Quantile(.05, known[i].a, known[i].b);
		Worst		worst = {0};

		Note(&worst, value / known[i].value - 1, .05, known[i].a, known[i].b, value);
		Holds(&worst, 1e-14, "5 %% quantile of Beta(%g, %g)", known[i].a, known[i].b);
	}
}

static void
ClosedForms(void)
{
	static const double more[] = {1e-300, 1e-100, 1e-50, 1e-20, 1e-15, 1 - 1e-15};
	Worst		power = {0};
	Worst		mirrored = {0};
	Worst		arcsine = {0};

	for (int k = 0; k < COUNT(shares) + COUNT(more); k++)
	{
		double		p = k < COUNT(shares) ? shares[k] : more[k - COUNT(shares)];
		double		value = Quantile(p, .5, .5);
		long double sine = sinl(M_PIl / 2 * p);

		Note(&arcsine, RelativeError(value, sine * sine), p, .5, .5, value);
		for (int i = 0; i < COUNT(shapes); i++)
		{
			double		shape = shapes[i];

			value = Quantile(p, shape, 1);
			Note(&power, RelativeError(value, powl(p, 1.0L / shape)), p, shape, 1, value);
			value = Quantile(p, 1, shape);
			Note(&mirrored, RelativeError(value, -expm1l(log1pl(-p) / shape)), p, 1, shape, value);
		}
	}
	Holds(&power, EXACT, "Beta(a, 1) is p^(1/a)");
	Holds(&mirrored, EXACT, "Beta(1, b) is 1 - (1 - p)^(1/b)");
	Holds(&arcsine, EXACT, "Beta(1/2, 1/2) is sin^2(pi p / 2)");
}

static void
SymmetryAndOrder(void)
{
	Worst		symmetry = {0};
	Worst		order = {0};

	for (int i = 0; i < COUNT(shapes); i++)
		for (int j = 0; j < COUNT(shapes); j++)
		{
			double		a = shapes[i];
			double		b = shapes[j];
			double		last = 0;

			for (int k = 0; k < COUNT(shares); k++)
			{
				double		p = shares[k];
				double		value = Quantile(p, a, b);

				/* Below 1/2, 1 - p is rounded. */
				if (p >= 0.5)
					Note(&symmetry, value + Quantile(1 - p, b, a) - 1, p, a, b, value);
				Note(&order, value >= last ? 0 : 1, p, a, b, value);
				last = value;
			}
		}
	Holds(&symmetry, EXACT, "of p in Beta(a, b), and of 1 - p in Beta(b, a): 1 together");
	Holds(&order, 0, "a larger share has no smaller quantile");
}

static void
Ends(void)
{
	Worst		ends = {0};
	Worst		middle = {0};
	Worst		nothing = {0};

	for (int i = 0; i < COUNT(shapes); i++)
		for (int j = 0; j < COUNT(shapes); j++)
		{
			double		zero = Quantile(0, shapes[i], shapes[j]);
			double		one = Quantile(1, shapes[i], shapes[j]);

			Note(&ends, zero, 0, shapes[i], shapes[j], zero);
			Note(&ends, one - 1, 1, shapes[i], shapes[j], one);
		}
	Holds(&ends, 0, "no share is at 0, all of it at 1");

	for (int i = 0; i < 20000; i++)
	{
		double		a = RandomShape(DBL_MIN, 1e12);
		double		b = RandomShape(DBL_MIN, 1e12);
		double		p = i % 2 ? RandomShape(DBL_MIN, 1) : RandomShare(i);
		double		value = Quantile(p, a, b);

		Note(&middle, value >= 0 && value <= 1 ? 0 : 1, p, a, b, value);
	}
	Holds(&middle, 0, "whatever the parameters, a number from 0 to 1");

	for (int i = 0; i < 1000; i++)
	{
		double		little = i < 10 ? 0 : RandomShape(DBL_MIN, 1e-20);
		double		more = RandomShape(1e-3, 1e12);
		double		p = RandomShare(i);
		double		zero = Quantile(p, little, more);
		double		one = Quantile(p, more, little);

		Note(&nothing, zero < LEAST_VALUE ? 0 : 1, p, little, more, zero);
		Note(&nothing, one - 1, p, more, little, one);
	}
	Holds(&nothing, 0, "nothing, or next to it, for one end: all is at the other");
}

/* With as much evidence as a score can hold, Beta is the gamma or the normal distribution. */
static void
MuchEvidence(void)
{
	static const double few[] = {.5, 1, 2, 8, 30};
	Worst		gamma = {0};
	Worst		normal = {0};

	for (int k = 0; k < COUNT(shares); k++)
	{
		double		p = shares[k];

		for (int i = 0; i < COUNT(few); i++)
		{
			double		value = Quantile(p, few[i], 1e12);

			Note(&gamma, value * 1e12 / qgamma(p, few[i], 1, true, false) - 1, p, few[i], 1e12, value);
		}
		for (double n = 1e11; n <= 1e12; n *= 10)
		{
			double		value = Quantile(p, n, n);

			Note(&normal, (value - 0.5) * 2 * sqrt(2 * n + 1) - qnorm(p, 0, 1, true, false), p, n, n, value);
		}
	}
	Holds(&gamma, PROMISED, "of Beta(a, 1e12) as of the gamma distribution");
	Holds(&normal, PROMISED, "of Beta(n, n), n up to 1e12, as of the normal distribution");
}

int
main(void)
{
	/* Rmath prints its warnings to standard output. */
	tap = fdopen(dup(STDOUT_FILENO), "w");
	if (!tap || !freopen("/dev/null", "w", stdout))
		return 2;
	for (int i = 0; i < COUNT(shapes); i++)
		GridAgainstR(shapes[i]);
	for (int i = 0; i < COUNT(shapes); i++)
		GridAgainstSeries(shapes[i]);
	RandomAgainstR();
	RandomAgainstSeries();
	LittlePrior();
	KnownNumbers();
	ClosedForms();
	SymmetryAndOrder();
	Ends();
	MuchEvidence();
	fprintf(tap, "1..%d\n", assertions);
	return fclose(tap) != 0 || failures > 0;
}
