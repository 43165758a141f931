-- Scores of customers and promisers, now and at other times.

CREATE FUNCTION trust_ledger.customer_score(
	customer text, as_of timestamptz DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 100;
COMMENT ON FUNCTION trust_ledger.customer_score(text, timestamptz, timestamptz) IS
	'Score of the promises to a customer. Overdue ones count as broken. Evidence of being broken '
	'of predecessors counts too: customers for which the same actor or login spoke before. as_of: '
	'only what had happened by then, faded to then; not in the future. known_at: only what the '
	'ledger had recorded by then, with the half-life of that time (recorded_at is shortly before '
	'the commit). Without evidence: empty. Requires level application, analyst, auditor or admin. '
	'Errors: TL004, 22004, 22008.';

CREATE FUNCTION trust_ledger.promiser_score(
	actor text, as_of timestamptz DEFAULT NULL, known_at timestamptz DEFAULT NULL)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10000;
COMMENT ON FUNCTION trust_ledger.promiser_score(text, timestamptz, timestamptz) IS
	'Score of the promises of an actor, like customer_score(). Its predecessors are actors that '
	'retired with this successor, or had the same login before. Errors: TL004, 22004, 22008, '
	'42704 (no such actor).';

CREATE FUNCTION trust_ledger.carried_score(by text, of_key text, half_life interval)
RETURNS trust_ledger.trust_score
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10;
COMMENT ON FUNCTION trust_ledger.carried_score(text, text, interval) IS
	'Evidence of being broken that a customer, promiser or backer carries from its predecessors, '
	'faded to now, overdue promises included. Empty if there is none, or by kind. Called by the '
	'views of scores. Requires level application, analyst, auditor or admin. Errors: TL004, 22004, '
	'22023.';
