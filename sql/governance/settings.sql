CREATE FUNCTION trust_ledger.found_ledger() RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.found_ledger() IS
	'Writes the first entries of a ledger whose tables were just made. Called by create_ledger(); refused once there are entries, and to anybody but the owner.';

CREATE FUNCTION trust_ledger.set_ledger(
	half_life interval DEFAULT NULL, weights jsonb DEFAULT NULL, zone text DEFAULT NULL,
	lag interval DEFAULT NULL, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.set_ledger(interval, jsonb, text, interval, text, text, timestamptz, jsonb, text) IS
	'Changes the ledger''s settings given, leaves the others. half_life of evidence (one day to 36525 days) and the longest lag of occurred_at (at most seven days), neither in months; weights as pairs [kept, broken] of thousandths, with kept > repaired > admitted > broken; zone in which days end. Level admin. Errors: TL004, 22023.';
