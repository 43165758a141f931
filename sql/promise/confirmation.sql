-- Confirming what the company relayed or claimed.

CREATE FUNCTION trust_ledger.confirm_relayed(
	promise uuid, entry bigint DEFAULT NULL, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.confirm_relayed(
	uuid, bigint, text, text, text, timestamptz, jsonb, text) IS
	'The customer or a system of record confirms what the company relayed (acceptance, release, '
	'amendment or verdict), or a repair. It then has the weight of the confirming actor. entry: '
	'number of the entry to confirm; by default the one that waits. Requires level application or '
	'import. Errors: TL001 (nothing waits, already confirmed, or the terms have changed), TL003 (a '
	'company actor, or a higher verdict stands), TL004, 22023 (no such entry, or several wait), '
	'P0002.';
