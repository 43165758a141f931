-- Another primary key for a tracked table: the promises of its rows are carried over from the
-- former key, which the rows still have in some columns.

CREATE FUNCTION trust_ledger.read_former_keys(tab regclass, former_key text[])
RETURNS TABLE (former text, key text)
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.read_former_keys(regclass, text[]) IS
	'The former and the present primary key of each row of a tracked table, as in trust.source. '
	'former_key: the columns that have the former key; rows with a NULL there are left out. '
	'Requires ownership of the table. Errors: 42703 (no such column), 42804 (type of a column), '
	'22023 (number of columns), 55000 (not tracked by a mapping), 42501 (not the owner, or the '
	'owner of the table cannot read all rows).';

CREATE FUNCTION trust_ledger.carry_over(tab regclass, former_key text[], actor text)
RETURNS bigint
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.carry_over(regclass, text[], text) IS
	'Adds a note with the present primary key of its row to each promise of a tracked table whose '
	'row has another key in the columns former_key, and returns how many. Locks the table against '
	'changes. Called by follow_former_key(). Requires ownership of the table, and level '
	'application or admin. Errors: 55000 (no row has the key of a promise), 23505 (several rows '
	'have it), 25001 (the transaction is REPEATABLE READ or SERIALIZABLE), TL004, those of '
	'read_former_keys() and add_note().';

CREATE FUNCTION trust_ledger.recorded_arguments(source text) RETURNS text[]
AS 'MODULE_PATHNAME' LANGUAGE C STRICT
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.recorded_arguments(text) IS
	'The arguments of the first trigger that track_table() recorded for the source, also if it is '
	'no longer tracked; NULL if it never was. Requires level application or admin. Errors: TL004.';

CREATE FUNCTION trust_ledger.tracked_key(tab regclass, source text) RETURNS text[]
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT nullif(array(
		SELECT substr(a.argument, length('key=') + 1)
		FROM unnest(coalesce(
			(SELECT t.arguments
			 FROM trust_ledger.track_triggers() t
			 WHERE t.tab = tracked_key.tab
				AND (t.generated OR trust_ledger.is_suspension(t.trigger))
			 ORDER BY t.name
			 LIMIT 1),
			trust_ledger.recorded_arguments(source))) WITH ORDINALITY AS a (argument, n)
		WHERE starts_with(a.argument, 'key=')
		ORDER BY a.n), '{}')
$$;
COMMENT ON FUNCTION trust_ledger.tracked_key(regclass, text) IS
	'The columns of the primary key that a table had when it was tracked as the source: by their '
	'present names if it has the triggers of track_table(), otherwise as recorded. NULL if it was '
	'not tracked, or before version 0.3.0.';

CREATE FUNCTION trust_ledger.check_same_key(tab regclass, source text, former_key text[])
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	tracked CONSTANT text[] := trust_ledger.tracked_key(tab, source);
BEGIN
	IF former_key IS NULL AND tracked <> trust_ledger.key_columns(tab) THEN
		-- promises that the rows made in this transaction have the former key, too
		PERFORM trust_ledger.write_pending();
		IF NOT EXISTS (
			SELECT FROM trust.tracked_row r
			WHERE r.source = check_same_key.source AND NOT r.gone)
		THEN
			RETURN;
		END IF;
		RAISE EXCEPTION 'primary key of tracked table % has changed', tab
			USING ERRCODE = '55000',
			DETAIL = 'The promises of its rows are recorded with the former key.',
			HINT = format('If columns of the table still have the former key of each row, add '
				'argument former_key => %L. Otherwise restore the former primary key, or track '
				'the table as another source: the promises then stay as they are.', tracked);
	ELSIF cardinality(former_key) <> cardinality(tracked) THEN
		RAISE EXCEPTION 'former_key must have as many columns as the former primary key'
			USING ERRCODE = '22023',
			DETAIL = format('It has %s, and the former primary key had %s.',
				cardinality(former_key), cardinality(tracked)),
			HINT = format('When the table was tracked, its primary key was %s.', tracked);
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_same_key(regclass, text, text[]) IS
	'Raises an error unless promises of the rows of a table, tracked as the source, can be found '
	'by its primary key: 55000 if it has another primary key than when it was tracked, rows of it '
	'stand for promises, and former_key does not say which columns have their former keys; 22023 '
	'if former_key has another number of columns. Writes pending changes if the key is another '
	'one. Called by track_table() and resume_tracking().';

CREATE FUNCTION trust_ledger.follow_former_key(tab regclass, former_key text[], actor text)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF former_key IS NULL THEN
		RETURN;
	END IF;
	PERFORM trust_ledger.write_pending();
	PERFORM trust_ledger.carry_over(tab, former_key, actor);
END
$$;
COMMENT ON FUNCTION trust_ledger.follow_former_key(regclass, text[], text) IS
	'Carries the promises of the rows of a table over to its present primary key, unless '
	'former_key is NULL. Writes pending changes first. Called by track_table() and '
	'resume_tracking(). Errors: those of carry_over() and write_pending().';
