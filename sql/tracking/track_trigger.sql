CREATE FUNCTION trust_ledger.track() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.track() IS
	'Row trigger, fired AFTER INSERT, UPDATE or DELETE: the row''s change is an event of the promise that the row stands for, found by its primary key. track(event, argument...), an argument being name=column or name:text. By the level of the table''s owner; who acts is whom the login belongs to, the machine that actor: names, or whom act_as() named; never with session evidence. Written at commit, customers in the order of their keys; write:now writes at once. BEFORE TRUNCATE it refuses. Errors: those of the event''s function; 22023, 42703, 42804 a mapping that cannot work, 55000 no primary key or TRUNCATE, 39P01 fired otherwise, TL003, TL004.';

CREATE FUNCTION trust_ledger.check_track(trigger oid) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION trust_ledger.check_track(oid) IS
	'An error unless that trigger, which calls track(), can work: 22023 an argument, 42703 no such column, 42804 a type that cannot be read so, 55000 no primary key, 39P01 not AFTER ... FOR EACH ROW.';

CREATE FUNCTION trust_ledger.tracked_row_views(OUT name text, OUT definition text) RETURNS SETOF record
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
	SELECT e.customer, e.promise, e.seq, e.event, e.state, e.verdict, e.due, e.stands, coalesce(e.details ? 'source', false) AS by_row
	FROM trust.entry e
	WHERE e.promise IS NOT NULL AND (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.tracked_row_views() IS
	'The texts of the views of tracked rows and of what is on record of them. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_tracked_row_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.tracked_row IS 'Which row of a tracked table each promise stands for.';
	COMMENT ON COLUMN trust.tracked_row.source IS 'The tracked table, by the name that its triggers give it.';
	COMMENT ON COLUMN trust.tracked_row.key IS 'The row''s primary key as text; of several columns, a JSON array of their texts.';
	COMMENT ON COLUMN trust.tracked_row.name IS 'Which of the row''s promises; empty where it carries one.';
	COMMENT ON COLUMN trust.tracked_row.customer IS 'Whom the promise was made to.';
	COMMENT ON COLUMN trust.tracked_row.promise IS 'Which promise.';
	COMMENT ON COLUMN trust.tracked_row.gone IS 'The row was deleted, or stands for another promise now.';

	COMMENT ON VIEW trust.tracked_entry IS 'What is on record of each promise, as reconcile_table() compares it with the rows of tracked tables; history() tells it in words.';
	COMMENT ON COLUMN trust.tracked_entry.customer IS 'Whom the promise was made to.';
	COMMENT ON COLUMN trust.tracked_entry.promise IS 'Which promise.';
	COMMENT ON COLUMN trust.tracked_entry.seq IS 'The entry''s place in the customer''s history.';
	COMMENT ON COLUMN trust.tracked_entry.event IS 'What happened.';
	COMMENT ON COLUMN trust.tracked_entry.state IS 'What the promise was from then on.';
	COMMENT ON COLUMN trust.tracked_entry.verdict IS 'kept, partly_kept or broken, whether it stands or not.';
	COMMENT ON COLUMN trust.tracked_entry.due IS 'When it was due from then on; of what says nothing of that, NULL.';
	COMMENT ON COLUMN trust.tracked_entry.stands IS 'false: it is recorded, and does not stand.';
	COMMENT ON COLUMN trust.tracked_entry.by_row IS 'A tracked row''s change wrote it.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_tracked_row_views() IS
	'Comments on the views of tracked rows and of what is on record of them. Called by create_views().';
