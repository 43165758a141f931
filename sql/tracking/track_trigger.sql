CREATE FUNCTION trust_ledger.track() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.track() IS
	'Row trigger, fired AFTER INSERT, UPDATE or DELETE: the row''s change is an event of the promise that the row stands for, found by its primary key. track(event, argument...), an argument being name=column or name:text. By the level of the table''s owner; who acts is whom the login belongs to, the machine that actor: names, or whom act_as() named; never with session evidence. Written at commit, customers in the order of their keys; write:now writes at once. BEFORE TRUNCATE it refuses. Errors: those of the event''s function; 22023, 42703, 42804 a mapping that cannot work, 55000 no primary key or TRUNCATE, 39P01 fired otherwise, TL003, TL004.';

CREATE FUNCTION trust_ledger.check_track(trigger oid) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C STRICT;
COMMENT ON FUNCTION trust_ledger.check_track(oid) IS
	'An error unless that trigger, which calls track(), can work: 22023 an argument, 42703 no such column, 42804 a type that cannot be read so, 55000 no primary key, 39P01 not AFTER ... FOR EACH ROW.';
