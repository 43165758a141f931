-- Whether promises that a human backs are kept more often.

CREATE FUNCTION trust_ledger.human_backing(
	landmark interval DEFAULT '1 hour',
	OUT scope text, OUT evidence text, OUT month date, OUT kind text, OUT promiser_kind text,
	OUT value_band text,
	OUT backed_promises bigint, OUT backed_undecided bigint, OUT backed_too_early bigint,
	OUT backed_decided bigint, OUT backed_kept bigint, OUT backed_rate float8,
	OUT backed_accepted float8,
	OUT unbacked_promises bigint, OUT unbacked_undecided bigint, OUT unbacked_too_early bigint,
	OUT unbacked_decided bigint, OUT unbacked_kept bigint, OUT unbacked_rate float8,
	OUT unbacked_accepted float8,
	OUT difference float8, OUT difference_low float8, OUT difference_high float8)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.human_backing(interval) IS
	'Kept rates of promises that a human backed at time landmark after they were made, and of '
	'those that nobody did: per stratum (month, kind, promiser''s kind, value band), raw over all '
	'promises, and within strata with decided promises of both groups, weighted as in Cochran '
	'(1954). evidence: any, or promises backed with this evidence against all unbacked ones. '
	'difference: of the posterior means under a Beta(1,1) prior, with a normal approximation of '
	'its 95 % credible interval. This is association, not effect. landmark: 0 or more, without '
	'months. Requires level application, analyst, auditor or admin. Errors: TL004, 22004, 22023.';
