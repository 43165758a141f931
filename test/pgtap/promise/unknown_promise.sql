-- A promise that does not exist: every call about it is refused, with a hint to leave out the
-- customer only if one was given.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(35);

DO $$
BEGIN
	PERFORM trust_ledger.create_ledger();
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm');
END
$$;
CREATE TABLE made AS SELECT promise FROM trust_ledger.make_promise('theirs', 'w', actor => 'anna');

\ir ../../helpers/calls.sql

-- The SQLSTATE, and whether the hint is about the customer.
CREATE FUNCTION code_and_hint(call text) RETURNS text
LANGUAGE sql AS $$
	SELECT concat_ws(' ', e.code, CASE WHEN e.hint ~ 'customer' THEN 'customer' WHEN e.hint <> ''
		THEN 'hint' END) FROM error_of('SELECT FROM trust_ledger.' || call) AS e
$$;

CREATE TABLE call (name text, arguments text);
INSERT INTO call VALUES
	('back_promise', ''), ('withdraw_backing', ''), ('decline_promise', ', reason => ''r'''),
	('accept_promise', ''), ('release_promise', ''),
	('amend_promise', ', kind => ''k'''), ('pause_promise', ''), ('resume_promise', ''),
	('admit_breach', ''), ('assess_promise', ', verdict => ''kept'''),
	('withdraw_promise', ''), ('repair_breach', ', how => ''r'''), ('add_note', ', note => ''n'''),
	('confirm_relayed', ''), ('history', '');
SELECT is_empty($$
	SELECT p.proname FROM pg_proc p
	WHERE p.pronamespace = 'trust_ledger'::regnamespace AND p.proargnames[1] = 'promise'
		AND 'customer' = ANY (p.proargnames[2:p.pronargs]) AND p.prokind = 'f'
	EXCEPT SELECT name FROM call EXCEPT SELECT 'erase_words' $$,
		'all functions about a promise of a customer');
SELECT is(code_and_hint(format(template, name, arguments, CASE name WHEN 'history' THEN ''
	ELSE ', actor => ''anna''' END)), want, format(template, name, '', ''))
FROM call, (VALUES ('%s(''019b8d7d-f23b-7c4e-9a51-3f0b6d28e917''%s%s)', 'P0002 hint'),
	('%s(''019b8d7d-f23b-7c4e-9a51-3f0b6d28e917''%s%s, customer => ''theirs'')', 'P0002 customer'))
		AS t (template, want)
ORDER BY name, want;
SELECT is(code_and_hint(format(call, promise)), want, call)
FROM made, (VALUES ('history(%L, customer => ''ours'')', 'P0002 customer'),
	('add_note(%L, ''n'', customer => ''ours'', actor => ''anna'')', 'P0002 customer'),
	('add_note(%L, ''n'', actor => ''anna'')', 'ok'),
	('erase_words(''019b8d7d-f23b-7c4e-9a51-3f0b6d28e917'', ''r'')', 'P0002 hint')) AS c (call,
		want);
SELECT * FROM finish();
