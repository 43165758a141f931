-- Erasing what people wrote. Hashes cover commitments to texts, not the texts.

CREATE FUNCTION trust_ledger.erase_words(
	promise uuid, reason text, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME', 'erase_promise_words' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.erase_words(uuid, text, text, text, timestamptz, jsonb, text) IS
	'Erases what people wrote in the entries of the promise so far, with the salts: words, '
	'purpose, reasons, notes, contexts. All hashes remain valid. An entry records who erased it, '
	'when and why. Requires level admin. Errors: TL004, 22004 (no reason), P0002 (no such promise, '
	'or nothing to erase).';

CREATE FUNCTION trust_ledger.erase_words(
	customer text, seq bigint, reason text,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME', 'erase_entry_words' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.erase_words(text, bigint, text, text, timestamptz, jsonb, text) IS
	'Erases what people wrote in one entry, with the salts, and the same words and purpose in '
	'other entries of the promise. customer '''': an entry of governance, with an actor''s name or '
	'a reason. Requires level admin. Errors: TL004, 22004 (no reason), P0002 (no such entry, or '
	'nothing to erase).';

CREATE FUNCTION trust_ledger.erase_customer(
	customer text, reason text,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.erase_customer(text, text, text, timestamptz, jsonb, text) IS
	'Erases what people wrote in all entries of the customer, with the salts. One entry per '
	'promise records it. States, verdicts, times, values and keys remain. Requires level admin. '
	'Errors: TL004, 22004 (no reason), P0002 (nothing to erase).';
