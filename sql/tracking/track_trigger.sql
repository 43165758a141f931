-- The trigger function behind tracked tables.

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

CREATE FUNCTION trust_ledger.check_track(trigger oid) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION trust_ledger.check_track(oid) IS
	'Raises an error unless this trigger, which calls track(), can work: 22023 (argument), 42703 '
	'(no such column), 42804 (type of a column), 55000 (no primary key), 39P01 (not AFTER ... FOR '
	'EACH ROW).';
