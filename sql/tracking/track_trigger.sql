-- The trigger functions behind tracked tables, and views of the rows that it has recorded.

CREATE FUNCTION trust_ledger.track() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.track() IS
	'Row trigger, AFTER INSERT, UPDATE or DELETE: records the change of a row as an event of its '
	'promise, which it finds by the primary key of the row. Arguments: track(event, argument...), '
	'each argument name=column or name:text. It has the level of the table''s owner. The actor is '
	'the one who owns the login; otherwise the machine named by actor: or the one set by act_as(). '
	'Evidence is never session. Entries are written at commit, with customers in the order of '
	'their keys; write:now writes at once. BEFORE TRUNCATE it refuses. Errors: those of the '
	'function for the event; 22023, 42703, 42804 (mapping), 55000 (no primary key, or TRUNCATE), '
	'39P01 (fired in another way), TL003, TL004.';

CREATE FUNCTION trust_ledger.refuse_while_suspended() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.refuse_while_suspended() IS
	'Trigger function of suspend_tracking(): refuses changes of rows and TRUNCATE with 55000. The '
	'arguments of its trigger keep what resume_tracking() needs: source:text, key=column, the '
	'columns of the mapping as recorded:name and column=name, and states:json.';

CREATE FUNCTION trust_ledger.check_track(trigger oid) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION trust_ledger.check_track(oid) IS
	'Raises an error unless this trigger, which calls track(), can work: 22023 (argument), 42703 '
	'(no such column), 42804 (type of a column), 55000 (no primary key), 39P01 (not AFTER ... FOR '
	'EACH ROW).';

CREATE FUNCTION trust_ledger.tracked_row_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'tracked_row';
	definition := $view$
	SELECT s.source, s.key, s.name, s.customer, s.promise, s.gone
	FROM trust.source s
	WHERE (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;

	name := 'tracked_entry';
	definition := $view$
	SELECT e.customer, e.promise, e.seq, e.event, e.state, e.verdict, e.due, e.stands,
		coalesce(e.details ? 'source', false) AS by_row
	FROM trust.entry e
	WHERE e.promise IS NOT NULL AND (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.tracked_row_views() IS
	'Names and queries of views trust.tracked_row and trust.tracked_entry. Called by '
	'ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_tracked_row_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.tracked_row IS
		'One row per promise that a row of a tracked table made: which row that is.';
	PERFORM trust_ledger.comment_on_columns('trust.tracked_row',
		trust_ledger.source_column_comments());

	COMMENT ON VIEW trust.tracked_entry IS
		'One row per entry of a promise, for reconcile_table(), which compares promises with the '
		'rows of tracked tables. history() shows entries in words.';
	PERFORM trust_ledger.comment_on_columns('trust.tracked_entry', ARRAY[
		['customer', 'The customer to whom the promise was made.'],
		['promise', 'The promise.'],
		['seq', 'Number of the entry in the chain of the customer.'],
		['event', 'What happened.'],
		['state', 'State of the promise after the entry.'],
		['verdict', 'kept, partly_kept or broken, whether it stands or not.'],
		['due', 'Time when the promise is due after the entry. NULL if the entry does not state '
			'it.'],
		['stands', 'False if the entry is recorded but does not take effect.'],
		['by_row', 'Whether a change of a tracked row wrote the entry.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_tracked_row_views() IS
	'Comments on views trust.tracked_row and trust.tracked_entry. Called by create_views().';
