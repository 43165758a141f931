-- The settings of the ledger, and the entries of governance that it begins with.

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
	COMMENT ON TABLE trust.ledger IS
		'Settings of the ledger, one row. Changed by set_ledger().';
	PERFORM trust_ledger.comment_on_columns('trust.ledger', ARRAY[
		['ledger', 'Identifier of the ledger. It is part of every hash.'],
		['table_format', 'Format of the tables: 2. migrate_ledger() changes it.'],
		['half_life', 'Time after which evidence counts half, in days and smaller units.'],
		['weights', 'Weights of verdicts: for each kind of verdict [kept, broken] in thousandths.'],
		['zone', 'Time zone in which the day of due_on ends.'],
		['lag', 'How far occurred_at may lie in the past without level import; at most seven '
			'days.'],
		['seq', 'The governance entry that last changed the row.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_settings_table() IS
	'Comments on table trust.ledger. Called by comment_on_tables().';

CREATE FUNCTION trust_ledger.found_ledger() RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.found_ledger() IS
	'Writes the first two entries of an empty ledger. Called by create_ledger(). Errors: 42501 '
	'(not the owner), 42710 (there are entries), 55000, TL006.';

CREATE FUNCTION trust_ledger.set_ledger(
	half_life interval DEFAULT NULL, weights jsonb DEFAULT NULL, zone text DEFAULT NULL,
	lag interval DEFAULT NULL, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.set_ledger(
	interval, jsonb, text, interval, text, text, timestamptz, jsonb, text) IS
	'Changes settings; those that are NULL stay. half_life: 1 to 36525 days, without months. '
	'weights: pairs [kept, broken] in thousandths, with kept > repaired > admitted > broken. zone: '
	'time zone in which the day of due_on ends. lag: how far occurred_at may lie in the past, at '
	'most seven days, without months. Requires level admin. Errors: TL004, 22023.';

CREATE FUNCTION trust_ledger.record_settings() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.record_settings() IS
	'Writes an entry of event ledger_set that says what trust.ledger contains, without an actor. '
	'Called by migrate_ledger(). Errors: 42501 (not the owner).';
