CREATE FUNCTION trust_ledger.erase_words(
	promise uuid, reason text, customer text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME', 'erase_promise_words' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.erase_words(uuid, text, text, text, timestamptz, jsonb, text) IS
	'What people wrote in the promise''s entries so far goes, with its salts: words, purpose, reasons, notes, contexts. Every hash still verifies; an entry says who erased it, when and why. Level admin. Errors: TL004, 22004 no reason, P0002 no such promise, or nothing to erase.';

CREATE FUNCTION trust_ledger.erase_words(
	customer text, seq bigint, reason text,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME', 'erase_entry_words' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.erase_words(text, bigint, text, text, timestamptz, jsonb, text) IS
	'What people wrote in that one entry goes, with its salts; where other entries of its promise repeat its words or purpose, from these too. customer '''' is governance: an actor''s name and reasons. Level admin. Errors: TL004, 22004, P0002 no such entry, or nothing to erase.';

CREATE FUNCTION trust_ledger.erase_customer(
	customer text, reason text,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.erase_customer(text, text, text, timestamptz, jsonb, text) IS
	'What people wrote in all entries of that customer goes, with its salts; one entry per promise says so. What is not words stays: states, verdicts, times, values, keys. Level admin. Errors: TL004, 22004, P0002 nothing to erase.';
