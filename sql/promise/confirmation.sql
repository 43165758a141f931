CREATE FUNCTION trust_ledger.confirm_relayed(
	promise uuid, entry bigint DEFAULT NULL, reason text DEFAULT NULL, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.confirm_relayed(uuid, bigint, text, text, text, timestamptz, jsonb, text) IS
	'The customer or a system of record says what the company relayed, an acceptance, release, amendment or verdict, or confirms a repair, in their own name and with their own weight. entry: its number; if left out, the one that waits. Levels application, import. Errors: TL001 nothing waits, confirmed already, terms that changed since; TL003 by the company, or over a higher word; TL004, 22023 no such claim, or more than one waits; P0002.';
