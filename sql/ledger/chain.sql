CREATE TYPE trust_ledger.receipt AS (
	promise     uuid,
	customer    text,
	seq         bigint,
	state       text,
	recorded_at timestamptz,
	hash        bytea
);
COMMENT ON TYPE trust_ledger.receipt IS
	'What every writing function returns: the entry''s place in the customer''s chain, the promise''s state after it, and the hash that ties it to all before it. Keep the hash to prove later what was recorded.';

CREATE FUNCTION trust_ledger.ledger_digest(
	OUT customers bigint, OUT entries bigint, OUT at timestamptz, OUT digest bytea)
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION trust_ledger.ledger_digest() IS
	'One fingerprint of the whole ledger: customers, entries, the instant it was taken, and SHA-256 over (customer, length, head) of all chains, sorted. Kept elsewhere, it shows later what was cut off. Level auditor or admin.';
