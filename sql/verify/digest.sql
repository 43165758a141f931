-- The digest of the ledger.

CREATE FUNCTION trust_ledger.ledger_digest(
	OUT customers bigint, OUT entries bigint, OUT at timestamptz, OUT digest bytea)
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 100000;
COMMENT ON FUNCTION trust_ledger.ledger_digest() IS
	'Digest of the whole ledger: number of customers and entries, the time, and SHA-256 over '
	'(customer, length, head) of all chains, sorted (32 bytes). A digest kept elsewhere shows '
	'later whether entries or customers were removed. Requires level auditor or admin. Errors: '
	'TL004, 55000, TL006.';
