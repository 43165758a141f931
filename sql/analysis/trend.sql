-- Scores over time.

CREATE FUNCTION trust_ledger.trust_trend(
	by text, step interval DEFAULT '1 month',
	since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
	basis text DEFAULT 'occurred', of_key text DEFAULT NULL,
	OUT key text, OUT step_from timestamptz, OUT step_until timestamptz,
	OUT score trust_ledger.trust_score,
	OUT expectation float8, OUT uncertainty float8, OUT opened bigint, OUT kept bigint,
	OUT partly_kept bigint, OUT broken bigint, OUT overdue bigint)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 1000000 ROWS 1000;
COMMENT ON FUNCTION trust_ledger.trust_trend(
	text, interval, timestamptz, timestamptz, text, text) IS
	'Scores over time by customer, promiser, backer, kind, backing (backed or unbacked) or all: '
	'for each step [step_from, step_until) the score at its end, how many promises were opened, '
	'kept, partly kept and broken in it, and how many were overdue at its end. Every key with a '
	'promise has a row for every step. Steps begin at since, in the time zone of the session; none '
	'ends later than now. basis: occurred (when things happened) or recorded (when the ledger '
	'recorded them). of_key: only this key. All steps use the current half-life of the ledger. '
	'Requires level application, analyst, auditor or admin. Errors: TL004, 22004, 22008, 22023, '
	'54000 (too many steps).';
