/*
 * beta_quantile.c
 *		Computes quantiles of the Beta distribution.
 *
 * A continued fraction gives the regularized incomplete beta function I_x(a, b),
 * which is inverted by bracketed Halley iteration.  y is 1 - x.
 *
 * This is plain C without PostgreSQL's headers, so that a test can compare it with
 * another library.  DLMF is the NIST Digital Library of Mathematical Functions
 * (https://dlmf.nist.gov); A&S is Abramowitz and Stegun, Handbook of Mathematical
 * Functions (1964).
 */
#include <float.h>
#include <math.h>
#include <stdbool.h>

#include "score/beta_quantile.h"

#define HALF_LN_2PI 0.91893853320467274178

/*
 * With a below this, practically all mass is at 0 (with b, at 1).  From here on,
 * nothing overflows.
 */
#define LEAST_PARAMETER 1e-280

/* Below this ln x, I_x(a, b) equals x^a / (a B(a, b)) to double precision. */
#define LN_POWER_LAW (-667.0)

#define TOLERANCE 1e-15
#define MAX_ITERATIONS 100

typedef struct Beta
{
	double		a;
	double		b;
	double		peak;			/* ln(x^a y^b / B(a, b)) at the mean x = a / (a + b) */
} Beta;

typedef struct Tails
{
	double		lower;			/* I_x(a, b) */
	double		upper;			/* 1 - I_x(a, b) */
	double		slope;			/* derivative of lower with respect to ln x */
} Tails;

/*
 * The error of Stirling's formula: ln Gamma(z) - (z - 1/2) ln z + z - ln(2 pi) / 2.
 * For z >= 10 its asymptotic series (DLMF 5.11.1) is accurate to double precision.
 * lgamma_r() is used because lgamma() writes to a global variable.
 */
static double
StirlingCorrection(double z)
{
	double		w = 1 / (z * z);
	double		rest;
	int			sign;

	if (z < 10)
		return lgamma_r(z, &sign) - (z - 0.5) * log(z) + z - HALF_LN_2PI;
	rest = w * (1.0 / 1188 - w * (691.0 / 360360 - w / 156));
	return (1.0 / 12 - w * (1.0 / 360 - w * (1.0 / 1260 - w * (1.0 / 1680 - rest)))) / z;
}

/*
 * With Stirling's formula for each Gamma function in 1/B(a, b), the large terms
 * cancel at the mean, a / (a + b), and only the corrections remain.
 */
static double
LnPeak(double a, double b)
{
	return StirlingCorrection(a + b) - StirlingCorrection(a) - StirlingCorrection(b)
		+ 0.5 * log(a / (a + b) * b) - HALF_LN_2PI;
}

/* t - ln(1 + t) without cancellation.  one_plus_t is accurate even if t is near -1. */
static double
LogResidual(double t, double one_plus_t)
{
	double		v = t / (2 + t);
	double		power = v * v;
	double		sum = 1.0 / 3;

	if (t < -0.5)
		return t - log(one_plus_t);
	if (t > 0.5)
		return t - log1p(t);
	/* ln(1 + t) = 2 artanh v = 2 (v + v^3/3 + v^5/5 ...) and t - 2v = tv (DLMF 4.6.4) */
	for (int k = 5; power > DBL_EPSILON; k += 2)
	{
		sum += power / k;
		power *= v * v;
	}
	return v * (t - 2 * v * v * sum);
}

/*
 * x^a y^b / B(a, b), computed from its value at the mean and the decrease from there,
 * which avoids cancellation for large a and b.  lambda = a - (a + b) x measures the
 * distance from the mean.
 */
static double
PowerTerm(const Beta *beta, double x, double y, double lambda)
{
	double		a = beta->a;
	double		b = beta->b;

	return exp(beta->peak - a * LogResidual(-lambda / a, x * (a + b) / a)
			   - b * LogResidual(lambda / b, y * (a + b) / b));
}

/*
 * I_x(a, b) / (x^a y^b / B(a, b)): the even part of the continued fraction DLMF
 * 8.17.22, which is free of cancellation (Didonato and Morris, Algorithm 708, ACM
 * TOMS 18, 1992), by Lentz's method (DLMF 3.10(iii)).
 *
 * For x up to about the mean it converges in O(sqrt(max(a, b))) steps.  The limit is
 * generous, and still keeps all iterations for parameters of 1e12 below half a second.
 */
static double
Fraction(double a, double b, double x, double y, double lambda)
{
	double		last = 200 + sqrt(fmax(a, b));
	double		value = a * (lambda + 1) / (a + 1);
	double		c = value;
	double		d = 0;

	for (double n = 1; n < last; n++)
	{
		double		divisor = a + (2 * n - 1);
		double		alpha = (a + (n - 1)) / divisor * ((a + b + (n - 1)) / divisor) *
			n * (b - n) * x * x;
		double		beta = n + n * (b - n) * x / divisor +
			(a + n) / (divisor + 2) * (lambda + 1 + n * (1 + y));

		d = 1 / (beta + alpha * d);
		c = beta + alpha / c;
		value *= c * d;
		if (fabs(c * d - 1) < DBL_EPSILON)
			break;
	}
	return 1 / value;
}

/* For x up to 1/2 only: above, 1 - x loses precision. */
static Tails
BetaTails(const Beta *beta, double x)
{
	double		a = beta->a;
	double		b = beta->b;
	double		y = 1 - x;
	double		lambda = a - (a + b) * x;
	double		term = PowerTerm(beta, x, y, lambda);
	Tails		tails = {0, 0, term / y};

	/* The fraction converges fast on this side (DLMF 8.17(v)); on the other, use I_y(b, a). */
	if (x <= (a + 1) / (a + b + 2))
	{
		tails.lower = term > 0 ? fmin(term * Fraction(a, b, x, y, lambda), 1) : 0;
		tails.upper = 1 - tails.lower;
	}
	else
	{
		tails.upper = term > 0 ? fmin(term * Fraction(b, a, y, x, -lambda), 1) : 0;
		tails.lower = 1 - tails.upper;
	}
	return tails;
}

/* ln x such that ln(x^a / (a B(a, b))) = lnp: the quantile near 0 */
static double
LnPowerLaw(const Beta *beta, double lnp)
{
	double		a = beta->a;
	double		b = beta->b;

	return (lnp + log(a) - b * log1p(a / b) - beta->peak) / a - log1p(b / a);
}

/* Negated quantile of the standard normal distribution, to 5e-4 (A&S 26.2.23) */
static double
NormalQuantile(double p, double q)
{
	double		t = sqrt(-2 * log(fmin(p, q)));
	double		z = t - (2.515517 + t * (0.802853 + t * 0.010328))
		/ (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));

	return p < q ? z : -z;
}

/* Approximate quantile for a, b > 1 (A&S 26.5.22) */
static double
NormalGuess(const Beta *beta, double p, double q)
{
	double		z = NormalQuantile(p, q);
	double		ra = 1 / (2 * beta->a - 1);
	double		rb = 1 / (2 * beta->b - 1);
	double		h = 2 / (ra + rb);
	double		l = (z * z - 3) / 6;
	double		w = z * sqrt(h + l) / h - (rb - ra) * (l + 5.0 / 6 - 2 / (3 * h));

	return beta->a / (beta->a + beta->b * exp(2 * w));
}

/*
 * The x <= 1/2 with lower tail p and upper tail q.  Solves for the logarithm of the
 * smaller tail as a function of ln x, which is nearly linear in long tails.
 */
static double
SolveBelowHalf(const Beta *beta, double p, double q)
{
	bool		by_lower = p <= q;
	double		lnx = LnPowerLaw(beta, by_lower ? log(p) : log1p(-q));
	double		low = DBL_MIN;
	double		high = 0.5;
	double		x;

	if (lnx < LN_POWER_LAW)
		return exp(lnx);
	x = beta->a > 1 && beta->b > 1 ? NormalGuess(beta, p, q) : exp(lnx);
	x = fmin(fmax(x, low), high);
	for (int i = 0; i < MAX_ITERATIONS && high - low > DBL_EPSILON * high; i++)
	{
		Tails		tails = BetaTails(beta, x);
		double		excess = by_lower ? log(tails.lower / p) : log(tails.upper / q);
		double		rate = by_lower ? tails.slope / tails.lower : -tails.slope / tails.upper;
		double		bend = beta->a - (beta->b - 1) * x / (1 - x) - rate;
		double		step = -excess / rate;

		/* Halley's correction, bounded because it is meaningless far from the root */
		step /= fmin(fmax(1 + 0.5 * step * bend, 0.5), 2);
		/* convergence is cubic: this estimates the error after the step */
		if (fabs(step) * (step * step + excess * excess) < TOLERANCE)
			return x * exp(step);
		if ((excess > 0) == by_lower)
			high = x;
		else
			low = x;
		x *= exp(step);
		/* bisect; written so that this includes NaN, from a tail of 0 */
		if (!(x > low && x < high))
			x = sqrt(low) * sqrt(high);
	}
	return x;
}

double
BetaQuantile(double p, double q, double a, double b)
{
	Beta		beta = {a, b, 0};
	Beta		mirrored = {b, a, 0};
	Tails		half;

	if (p <= 0 || a < LEAST_PARAMETER)
		return 0;
	if (q <= 0 || b < LEAST_PARAMETER)
		return 1;
	beta.peak = mirrored.peak = LnPeak(a, b);
	half = BetaTails(&beta, 0.5);
	if (p <= q ? half.lower >= p : half.upper <= q)
		return SolveBelowHalf(&beta, p, q);
	return 1 - SolveBelowHalf(&mirrored, q, p);
}
