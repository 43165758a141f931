/*
 * beta_quantile.h
 *		Quantiles of the Beta distribution.
 */
#ifndef TRUST_LEDGER_BETA_QUANTILE_H
#define TRUST_LEDGER_BETA_QUANTILE_H

/* The x below which Beta(a, b) has the share p of its mass, and above which q = 1 - p. */
extern double BetaQuantile(double p, double q, double a, double b);

#endif
