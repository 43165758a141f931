CREATE FUNCTION trust_ledger.replay_parked(
	source text DEFAULT NULL,
	OUT parked uuid, OUT of_source text, OUT done boolean, OUT error text)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.replay_parked(text) IS
	'Writes what waits in trust.parked, in its order, by the caller''s level, each in the name of who acted then; when it was parked is when it occurred, unless the row says when. What cannot be written stays, with its error. source: only what is tracked under that name. Levels application, import. Errors: TL004.';

CREATE FUNCTION trust_ledger.drop_parked(
	parked uuid, reason text,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.drop_parked(uuid, text, text, timestamptz, jsonb, text) IS
	'The change that waits in trust.parked is never written: an entry of governance says who decided so, when and why. Level admin. Errors: TL004, 22004 no change or no reason given, P0002 no such change waits, 55000 before migrate_ledger().';

CREATE FUNCTION trust_ledger.record_parked() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.record_parked() IS
	'Puts on record what waits in a ledger of a version that kept no record of parked changes, once: entries of governance say that it was there. Called by migrate_ledger(). Error 42501 not the owner.';

CREATE FUNCTION trust_ledger.parked_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'parked';
	definition := $view$
	SELECT p.parked, p.parked_at, p.source, p.tab, p.trigger, p.operation, p.actor, p.login, p.role,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.old_row END AS old_row,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.new_row END AS new_row,
		p.sqlstate,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.error END AS error
	FROM trust.parked_change p
	WHERE (SELECT trust_ledger.require_reader())
	ORDER BY p.parked_at, p.parked
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.parked_views() IS
	'The text of the view of parked changes. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_parked_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.parked IS 'Changes of tracked rows that could not be written, and wait for replay_parked(). Rows and errors only for levels application and auditor.';
	COMMENT ON COLUMN trust.parked.parked IS 'Its key.';
	COMMENT ON COLUMN trust.parked.parked_at IS 'When; in the order of their changes.';
	COMMENT ON COLUMN trust.parked.source IS 'The tracked table, by the name that its triggers give it.';
	COMMENT ON COLUMN trust.parked.tab IS 'The table or partition, as it was called then.';
	COMMENT ON COLUMN trust.parked.trigger IS 'The trigger that fired.';
	COMMENT ON COLUMN trust.parked.operation IS 'insert, update or delete.';
	COMMENT ON COLUMN trust.parked.actor IS 'Who acted; NULL: nobody that is known.';
	COMMENT ON COLUMN trust.parked.login IS 'The login that changed the row.';
	COMMENT ON COLUMN trust.parked.role IS 'The current role when it did.';
	COMMENT ON COLUMN trust.parked.old_row IS 'The row as it was; NULL: it was put in.';
	COMMENT ON COLUMN trust.parked.new_row IS 'The row as it became; NULL: it was deleted.';
	COMMENT ON COLUMN trust.parked.sqlstate IS 'The SQLSTATE of why it could not be written, the last time it was tried.';
	COMMENT ON COLUMN trust.parked.error IS 'Why, in words.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_parked_views() IS
	'Comments on the view of parked changes. Called by create_views().';
