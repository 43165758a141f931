-- Scores of customers and promisers, of now and of other times, and what they rest on.

CREATE FUNCTION trust_ledger.customer_score(
	customer text, as_of timestamptz DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 100;
COMMENT ON FUNCTION trust_ledger.customer_score(text, timestamptz, timestamptz) IS
	'How the promises made to that customer were kept; overdue ones count as broken. as_of: what had happened by then, and faded to then; not in the future. known_at: what the ledger had recorded by then, with the half-life of then (recording precedes commit by a moment). No promises: empty. Level application, analyst, auditor or admin. Errors: TL004, 22004, 22008.';

CREATE FUNCTION trust_ledger.promiser_score(
	actor text, as_of timestamptz DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION trust_ledger.promiser_score(text, timestamptz, timestamptz) IS
	'How that actor''s promises were kept; else as customer_score(). Errors: TL004, 22004, 22008, 42704 no such actor.';

CREATE FUNCTION trust_ledger.explain_trust(
	by text, of_key text DEFAULT NULL, as_of timestamptz DEFAULT NULL, known_at timestamptz DEFAULT NULL,
	OUT customer text, OUT promise uuid, OUT promiser text, OUT backer text, OUT kind text,
	OUT outcome text, OUT whose_word text, OUT at timestamptz,
	OUT weight_kept float8, OUT weight_broken float8, OUT age interval, OUT fading float8,
	OUT share float8, OUT score trust_ledger.trust_score)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000 ROWS 100;
COMMENT ON FUNCTION trust_ledger.explain_trust(text, text, timestamptz, timestamptz) IS
	'What each promise puts into the score of a customer, promiser, backer, kind, backing (backed, unbacked), or of all: weights from 0 to 1, the instant they are reckoned at, their age, the fading 2^(-age/half-life), the share of all evidence, and the promise''s own score. sum(score) over the rows is the score: as of an instant to the bit, of now to rounding. Promises that weigh nothing have no row. as_of and known_at as of customer_score(). Level application, analyst, auditor or admin. Errors: TL004, 22004, 22008, 22023.';
