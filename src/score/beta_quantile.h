/*
 * beta_quantile.h
 *		Computes quantiles of the Beta distribution.
 */
#ifndef TRUST_LEDGER_BETA_QUANTILE_H
#define TRUST_LEDGER_BETA_QUANTILE_H

/*
 * The p-quantile of Beta(a, b).  The caller passes q = 1 - p too, so that the smaller
 * of the two is exact.  a and b range from 0 to slightly above 1e12; only one may be 0.
 */
extern double BetaQuantile(double p, double q, double a, double b);

#endif
