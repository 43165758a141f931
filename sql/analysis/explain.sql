-- A score, promise by promise.

CREATE FUNCTION trust_ledger.explain_trust(
	by text, of_key text DEFAULT NULL,
	as_of timestamptz DEFAULT NULL, known_at timestamptz DEFAULT NULL,
	OUT customer text, OUT promise uuid, OUT promiser text, OUT backer text, OUT kind text,
	OUT outcome text, OUT whose_word text, OUT at timestamptz,
	OUT weight_kept float8, OUT weight_broken float8, OUT age interval, OUT fading float8,
	OUT share float8, OUT score trust_ledger.trust_score,
	OUT broken_at timestamptz, OUT broken_fading float8)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000 ROWS 100;
COMMENT ON FUNCTION trust_ledger.explain_trust(text, text, timestamptz, timestamptz) IS
	'What each promise contributes to the score of a customer, promiser, backer, kind, backing '
	'(backed or unbacked), or all: the weights (0 to 1), the timestamps as of which each holds '
	'(at: kept, broken_at: broken), the age and the fading 2^(-age/half-life) since then, the '
	'share of all evidence (0 to 1), and the score of the promise alone. sum(score) over the rows '
	'is the total score: exactly with as_of, otherwise up to rounding. Promises with no weight '
	'have no row. Promises of predecessors have their weight as broken only. as_of, known_at: as '
	'for customer_score(). Requires level application, analyst, auditor or admin. Errors: TL004, '
	'22004, 22008, 22023.';
