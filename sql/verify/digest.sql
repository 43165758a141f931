CREATE FUNCTION trust_ledger.ledger_digest(
	OUT customers bigint, OUT entries bigint, OUT at timestamptz, OUT digest bytea)
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION trust_ledger.ledger_digest() IS
	'One fingerprint of the whole ledger: customers, entries, the instant it was taken, and SHA-256 over (customer, length, head) of all chains, sorted. Kept elsewhere, it shows later what was cut off. Level auditor or admin.';
