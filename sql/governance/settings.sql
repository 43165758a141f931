CREATE FUNCTION trust_ledger.create_settings_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE TABLE trust.ledger (
		ledger       uuid PRIMARY KEY,
		table_format integer NOT NULL,
		half_life    interval NOT NULL,
		weights      jsonb NOT NULL,
		zone         text NOT NULL,
		lag          interval NOT NULL,
		seq          bigint NOT NULL
	);
END
$$;
COMMENT ON FUNCTION trust_ledger.create_settings_table() IS
	'Creates table trust.ledger. Called by create_tables().';

CREATE FUNCTION trust_ledger.comment_on_settings_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.ledger IS 'The ledger''s settings, one row. Changed by set_ledger().';
	COMMENT ON COLUMN trust.ledger.half_life IS 'How fast evidence fades: after this time it weighs half.';
	COMMENT ON COLUMN trust.ledger.weights IS 'What verdicts weigh, [kept, broken] in thousandths.';
	COMMENT ON COLUMN trust.ledger.zone IS 'The time zone in which a day that something is due on ends.';
	COMMENT ON COLUMN trust.ledger.lag IS 'How far back occurred_at may lie without the level import.';
	COMMENT ON COLUMN trust.ledger.seq IS 'The governance entry that last changed it.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_settings_table() IS
	'Comments on table trust.ledger. Called by comment_on_tables().';

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
