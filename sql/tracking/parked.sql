-- Parked changes: changes of tracked rows that the ledger refused, and that wait to be replayed or
-- dropped.

CREATE FUNCTION trust_ledger.create_parked_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- create_guards() adds column salt
	CREATE TABLE trust.parked_change (
		parked    uuid PRIMARY KEY,
		parked_at timestamptz NOT NULL,
		source    text COLLATE "C" NOT NULL,
		tab       text COLLATE "C" NOT NULL,
		trigger   text COLLATE "C" NOT NULL,
		operation text COLLATE "C" NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
		actor     text COLLATE "C",
		login     text COLLATE "C" NOT NULL,
		role      text COLLATE "C" NOT NULL,
		old_row   jsonb,
		new_row   jsonb,
		sqlstate  text COLLATE "C" NOT NULL,
		error     text NOT NULL
	);
END
$$;
COMMENT ON FUNCTION trust_ledger.create_parked_table() IS
	'Creates table trust.parked_change. Called by create_tables().';

CREATE FUNCTION trust_ledger.parked_column_comments() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY[
		['parked', 'Identifier of the parked change.'],
		['parked_at', 'Time when it was parked, in the order of the changes.'],
		['source', 'Name of the tracked table in the ledger.'],
		['tab', 'Name of the table or partition at that time.'],
		['trigger', 'The trigger that fired.'],
		['operation', 'insert, update or delete.'],
		['actor', 'Who acted. NULL if unknown.'],
		['login', 'The session user who changed the row.'],
		['role', 'The current user at that time.'],
		['old_row', 'The old row. NULL for insert.'],
		['new_row', 'The new row. NULL for delete.'],
		['sqlstate', 'SQLSTATE of the last attempt to write it.'],
		['error', 'Error message of the last attempt to write it.'],
		['salt', 'Salt of the commitment to the change that an entry of governance has, 32 bytes. '
			'Deleted with the row.']]
$$;
COMMENT ON FUNCTION trust_ledger.parked_column_comments() IS
	'Comments on the columns of trust.parked_change and trust.parked, for comment_on_columns().';

CREATE FUNCTION trust_ledger.comment_on_parked_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.parked_change IS
		'Changes of tracked rows that could not be written and wait for replay_parked() or '
		'drop_parked(). Read them through view trust.parked.';
	PERFORM trust_ledger.comment_on_columns('trust.parked_change',
		trust_ledger.parked_column_comments());
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_parked_table() IS
	'Comments on table trust.parked_change. Called by comment_on_tables().';

CREATE FUNCTION trust_ledger.replay_parked(
	source text DEFAULT NULL,
	OUT parked uuid, OUT of_source text, OUT done boolean, OUT error text)
RETURNS SETOF record
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.replay_parked(text) IS
	'Writes the parked changes in their order, each as the actor who made it, and with parked_at '
	'as occurred_at unless the row states it. Makes no promise that the row does not make any '
	'more, and amends it to the terms that the row has now. A change that still cannot be '
	'written stays parked, with its error. source: only changes of this source. Requires level '
	'application or import. Errors: TL004.';

CREATE FUNCTION trust_ledger.drop_parked(
	parked uuid, reason text,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.drop_parked(uuid, text, text, timestamptz, jsonb, text) IS
	'Drops a parked change, which will never be written. An entry of governance records who '
	'decided this, when and why. Requires level admin. Errors: TL004, 22004 (no change or no '
	'reason given), P0002 (no such parked change), 55000 (migrate_ledger() has not been run).';

CREATE FUNCTION trust_ledger.record_parked() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.record_parked() IS
	'Records in governance, once, the changes parked by a version that did not record them. Called '
	'by migrate_ledger(). Errors: 42501 (not the owner).';

CREATE FUNCTION trust_ledger.parked_views(OUT name text, OUT definition text)
RETURNS SETOF record
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
	'Name and query of view trust.parked. Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_parked_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.parked IS
		'Changes of tracked rows that could not be written and wait for replay_parked() or '
		'drop_parked(). Rows and errors only for levels application and auditor.';
	PERFORM trust_ledger.comment_on_columns('trust.parked',
		trust_ledger.parked_column_comments());
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_parked_views() IS
	'Comments on view trust.parked. Called by create_views().';
