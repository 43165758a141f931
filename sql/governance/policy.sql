CREATE FUNCTION trust_ledger.set_policy(
	policy text, promiser text DEFAULT NULL, promiser_kind text DEFAULT NULL,
	kind text DEFAULT NULL, currency text DEFAULT NULL, least_value numeric DEFAULT NULL,
	cumulative boolean DEFAULT false,
	evidence text DEFAULT NULL, back_within interval DEFAULT NULL, grace interval DEFAULT NULL,
	due_within interval DEFAULT NULL, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.set_policy(text, text, text, text, text, numeric, boolean, text, interval, interval, interval, text, text, timestamptz, jsonb, text) IS
	'Sets a rule: for promises that match promiser, promiser_kind, kind, currency and value >= least_value, as far as given, a human must back with evidence (asserted < session < passkey), back_within a time; they get a grace after due, and a due time if they name none. All matching rules hold, the strictest of each; what a promise leaves unsaid, or states in a kind or currency that no rule knows, matches. A cumulative rule compares what all the customer''s open promises in the promise''s currency come to with it, whatever their kind and promiser. Intervals without months; grace and due_within at most ten years, 3653 days. Level admin. Errors: TL004, 22004 it asks for nothing, 22023.';

CREATE FUNCTION trust_ledger.drop_policy(
	policy text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.drop_policy(text, text, text, timestamptz, jsonb, text) IS
	'The rule holds no more; that it did stays in the history. Level admin. Errors: TL004, 42704 no such rule.';
