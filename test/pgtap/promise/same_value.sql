-- Whether a term is the same as before: one decision for amendments, for tracked rows and for
-- reconcile_table().
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
CREATE EXTENSION citext;
SELECT plan(217);
SET TimeZone = 'Pacific/Auckland';
SELECT trust_ledger.create_ledger(), trust_ledger.set_ledger(zone => 'Europe/Berlin') \g /dev/null
DO $$
BEGIN
	PERFORM trust_ledger.register_actor('anna', 'human'), trust_ledger.register_actor('ben',
		'human');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'anna'),
		trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.set_policy('callbacks', kind => 'callback', due_within => '2 days'),
		trust_ledger.set_policy('repairs', kind => 'repair', grace => '0');
	PERFORM trust_ledger.grant_access(current_user, 'import');
END
$$;

-- ---- the function

CREATE FUNCTION same(type text, a text, b text) RETURNS boolean[]
LANGUAGE plpgsql AS $$
DECLARE
	both boolean[];
BEGIN
	EXECUTE format('SELECT ARRAY[trust_ledger.same_value($1::%1$s, $2::%1$s), '
		'trust_ledger.same_value($2::%1$s, $1::%1$s)]', type) INTO both USING a, b;
	RETURN both;
END
$$;
CREATE DOMAIN amount AS numeric;
CREATE DOMAIN pause AS interval;
CREATE DOMAIN tag AS citext;
SELECT is(same(type, a, b), ARRAY[wanted, wanted], format('%s: %L and %L', type, a, b))
FROM (VALUES
	('numeric', '600', '600.00', true), ('numeric', '600', '6e2', true),
	('numeric', '0', '-0.000', true), ('numeric', '600', '600.000000000000000001', false),
	('numeric', '1e1000', '1.0e1000', true),
	('numeric', 'NaN', 'NaN', true), ('numeric', 'NaN', '0', false), ('numeric', NULL, '0', false),
	('numeric', NULL, NULL, true), ('amount', '600', '600.00', true),
	('amount', '600', '601', false),
	('interval', '1 day', '24 hours', true), ('interval', '1 day', '1440 min', true),
	('interval', '1 day 02:00', '26:00', true), ('interval', '0', '0 days', true),
	('interval', '1 day', '24:00:00.000001', false),
	('interval', '36525 days', '876600 hours', true), ('interval', '1 mon', '30 days', false),
	('interval', '1 mon', '1 mon', true), ('interval', '1 year', '12 mons', true),
	('interval', '1 mon', '2 mons', false), ('interval', '1 mon 1 day', '1 mon 24:00', false),
	('interval', '2 days -24:00', '1 day', false),
	('interval', '2 days -24:00', '2 days -24:00', true),
	('interval', '40000 days', '960000 hours', false), ('interval', NULL, '0', false),
	('pause', '1 day', '24 hours', true), ('pause', '1 mon', '30 days', false),
	('timestamptz', '2099-01-01 00:00+00', '2099-01-01 09:00+09', true),
	('timestamptz', '2099-01-01 00:00+00', '2099-01-01 00:00:00.000001+00', false),
	('date', '2099-01-01', '2099-1-1', true), ('date', '2099-01-01', '2099-01-02', false),
	('text', 'We come.', 'We come.', true), ('text', 'We come.', 'we come.', false),
	('text', 'a', 'a ', false), ('text', E'\u00e9', E'e\u0301', false), ('text', '', NULL, false),
	('text', NULL, NULL, true),
	('text', repeat('long ', 100000), repeat('long ', 100000), true), ('citext', 'US', 'us', false),
	('citext', 'US', 'US', true), ('tag', 'US', 'us', false), ('bpchar(4)', 'a', 'a  ', true),
	('int[]', '{1,2}', '{1, 2}', true), ('json', '{}', '{ }', false),
	('text', '600', '600.00', false),
	('uuid', repeat('0', 32), '00000000-0000-0000-0000-000000000000', true)) AS v (type, a, b,
		wanted);

-- ---- terms: each as it was said, as it is said again, as another

CREATE TABLE d (id int PRIMARY KEY, customer text, words text, kind text, due timestamptz,
	value numeric, currency text, purpose text, longest_pause interval, drafted_by text,
	promiser text);
CREATE TABLE flush (id int PRIMARY KEY);
CREATE TRIGGER flush AFTER INSERT ON flush FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('noted',
	'actor:crm', 'write:now');
SELECT count(*) FROM trust_ledger.track_table('d',
	'{"customer": "=customer", "words": "=words", "kind": "=kind", "due": "=due", '
	'"value": "=value", "currency": "=currency", "purpose": "=purpose", "longest_pause": '
	'"=longest_pause",
	"drafted_by": "=drafted_by", "promiser": "=promiser", "actor": ":crm"}') \g /dev/null
CREATE TABLE waits (id int PRIMARY KEY, customer text, words text, due timestamptz, state text);
SELECT count(*) FROM trust_ledger.track_table('waits',
	'{"customer": "=customer", "words": "=words", "due": "=due", "longest_pause": ":3 days", '
	'"actor": ":crm", "paused_when": "state = ''waits''"}') \g /dev/null
INSERT INTO waits VALUES (9, 'c', 'We wait.', '2099-01-01', 'on');
INSERT INTO d VALUES (1, 'c', 'We come.', 'repair', '2099-01-01 00:00+00', 600, 'EUR', 'a roof',
	'1 day', NULL, 'bot'),
(2, 'c', 'We call.', 'callback', NULL, NULL, NULL, NULL, NULL, 'anna', 'bot'),
(3, 'c', 'We write.', 'repair', NULL, NULL, NULL, NULL, '30 days', NULL, 'crm');
SELECT trust_ledger.back_promise(promise, actor => 'ben') FROM trust.current_promise \g /dev/null
CREATE VIEW of_row AS SELECT s.key::int AS id, p.*, e.value::text AS value_text,
	e.longest_pause::text AS pause_text
	FROM trust.source s JOIN trust.promise p USING (customer, promise) JOIN trust.entry
		e ON e.customer = p.customer AND e.seq = p.terms_seq WHERE NOT s.gone;

-- The SQLSTATE of statements, or what they do to a row's promise: its new entries, its backer, its
-- value and pause as text, and how often due moved. Rolled back.
CREATE FUNCTION entries_after(doing text, of_id int DEFAULT 1) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	before bigint := (SELECT length FROM trust.chain WHERE customer = 'c');
	outcome text;
BEGIN
	EXECUTE doing;
	INSERT INTO flush VALUES (0);
	SELECT concat_ws(' ', (SELECT string_agg(e.event, ' ' ORDER BY e.seq) FROM trust.entry e
		WHERE e.customer = o.customer AND e.promise = o.promise AND e.seq > before),
		'backer', coalesce(o.backer, '-'), 'value', coalesce(o.value_text, '-'),
			'pause', coalesce(o.pause_text, '-'), 'moved', o.due_moves)
		INTO STRICT outcome FROM of_row o WHERE o.id = of_id;
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN outcome;
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;
-- What reconcile_table() finds after a change that fired no triggers.
CREATE FUNCTION differing(doing text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	findings text;
BEGIN
	SET LOCAL session_replication_role = replica;
	EXECUTE doing;
	SET LOCAL session_replication_role = origin;
	SELECT coalesce(string_agg(concat_ws(' ', what, key,
		substring(detail FROM 'different in the row: (.*)')), ', '), '-') INTO findings
		FROM trust_ledger.reconcile_table('d');
	RAISE SQLSTATE 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN findings;
END
$$;
-- Each customer's events, states and words after a row was inserted into the table ordered and then
-- changed.
CREATE FUNCTION orders(doing text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	outcome text;
BEGIN
	INSERT INTO ordered VALUES ('ORD-1', 'o', 'We deliver to us', 'sent');
	INSERT INTO flush VALUES (2);
	EXECUTE doing;
	INSERT INTO flush VALUES (0);
	SELECT string_agg(concat_ws(' ', p.customer, (SELECT string_agg(e.event, ' ' ORDER BY e.seq)
		FROM trust.entry e WHERE e.customer = p.customer AND e.promise = p.promise),
		p.state, p.words), ', ' ORDER BY p.customer COLLATE "C")
		INTO outcome FROM trust.promise p WHERE p.customer IN ('o', 'O');
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN outcome;
	WHEN OTHERS THEN RETURN SQLSTATE || SQLERRM;
END
$$;
CREATE FUNCTION amend(args text, by_whom text DEFAULT 'bot', of_id int DEFAULT 1) RETURNS text
LANGUAGE sql
	AS $$ SELECT format('SELECT trust_ledger.amend_promise((SELECT promise FROM of_row '
	'WHERE id = %s), %s, actor => %L)', of_id, args, by_whom) $$;

CREATE TABLE said (term text, literal text, same boolean);
INSERT INTO said VALUES
	('words', $$'We come.'$$, true), ('words', $$'We ' || 'come.'$$, true),
	('words', $$'we come.'$$, false), ('words', $$'We come. '$$, false),
	('kind', $$'repair'$$, true), ('kind', $$'Repair'$$, false), ('currency', $$'EUR'$$, true),
	('currency', $$'eur'$$, false), ('purpose', $$'a roof'$$, true),
	('purpose', $$'A roof'$$, false),
	('due', $$'2099-01-01 00:00+00'$$, true), ('due', $$'2099-01-01 09:00+09'$$, true),
	('due', $$timestamp '2099-01-01 00:00' AT TIME ZONE 'UTC'$$, true),
	('due', $$'2099-01-01 00:00:00.000001+00'$$, false),
	('value', '600', true), ('value', '600.00', true), ('value', '6e2', true),
	('value', '0600.0', true), ('value', '600.01', false), ('value', '60', false),
	('longest_pause', $$'1 day'$$, true), ('longest_pause', $$'24:00'$$, true),
	('longest_pause', $$'1440 min'$$, true), ('longest_pause', $$'0 days 23:59:60'$$, true),
	('longest_pause', $$'24:00:01'$$, false), ('longest_pause', $$'2 days'$$, false);

SELECT is(entries_after('SELECT 1'), 'backer ben value 600 pause 1 day moved 0', 'as it is');
SELECT is(entries_after(amend(format('%s => %s', term, literal))),
	CASE WHEN same THEN '22023' ELSE format('amended backer - value %s pause %s moved %s', CASE term
		WHEN 'value' THEN literal ELSE '600' END,
		CASE WHEN term = 'longest_pause' THEN (SELECT (trim(literal, '''')::interval)::text)
			ELSE '1 day' END, CASE term WHEN 'due' THEN 1 ELSE 0 END) END,
	format('amended: %s %s', term, literal))
FROM said;
-- With other words the other terms keep their stored form, also in the entry, which is hashed.
SELECT is(entries_after(amend(format('words => ''Other.'', %s => %s', term, literal))),
	'amended backer - value 600 pause 1 day moved 0', format('amended: other words, and %s %s',
	term, literal))
FROM said WHERE same AND term <> 'words';
SELECT is(entries_after('SELECT trust_ledger.accept_promise(promise, actor => ''carl'') '
	'FROM of_row WHERE id = 1; ' || amend(args, by_whom)),
	wanted, format('accepted, then by %s: %s', by_whom, args))
FROM (VALUES
	('value => 600.00', 'carl', '22023'),
	('longest_pause => ''24:00'', relayed => true', 'bot', '22023'),
	('value => 600.00, relayed => true', 'bot', '22023'),
	('value => 600.00, words => ''Other.''', 'carl',
		'accepted amended backer - value 600 pause 1 day moved 0')) AS v (args, by_whom, wanted);
-- What is relayed and confirmed later.
SELECT is(entries_after('SELECT trust_ledger.accept_promise(promise, actor => ''carl'') '
	'FROM of_row WHERE id = 1; '
	|| amend('value => 600.00, longest_pause => ''24:00'', due => ''2099-01-01 09:00+09'', '
	'words => ''Other.'', relayed => true')
	|| '; SELECT trust_ledger.confirm_relayed(promise, actor => ''carl'') FROM of_row '
		'WHERE id = 1'),
	'accepted amended amended backer - value 600 pause 1 day moved 0', 'relayed, then confirmed');
-- Repeating a due time that has passed, with other terms, amends only those.
SELECT is(entries_after(format('SELECT trust_ledger.make_promise(''c'', ''Late.'', due => now() - '
	'interval ''1 day'', occurred_at => now() - interval ''3 days'', value => 1, actor => ''bot'');
	SELECT trust_ledger.amend_promise(promise, words => ''Later.'', due => %s, actor => ''carl'') '
		'FROM trust.promise WHERE words = ''Late.''', due)),
		wanted, format('past due, said again: %s', due))
FROM (VALUES ('now() - interval ''1 day''', 'backer ben value 600 pause 1 day moved 0'),
	('now() - interval ''1 day 1 us''', '22023')) AS v (due, wanted);
-- A term that is cleared, and then given by policy, is the same, too.
SELECT is(entries_after(amend(args, 'bot', 2), 2), wanted, format('policy gives due: %s', args))
FROM (VALUES ('clear => ''{due}''', '22023'), ('clear => ''{due,value}''', '22023'),
	('due => (SELECT due FROM of_row WHERE id = 2)', '22023'), ('clear => ''{due}'', value => 1',
	'amended backer - value 1 pause - moved 0'),
	('due => (SELECT due FROM of_row WHERE id = 2) + interval ''1 us''',
		'amended backer - value - pause - moved 1'),
	('clear => ''{due}'', kind => ''repair''', 'amended backer - value - pause - moved 1')) AS v
		(args, wanted);

-- ---- tracked rows

SELECT is(entries_after(format('UPDATE d SET %s = %s WHERE id = 1', term, literal)),
	CASE WHEN same THEN 'backer ben value 600 pause 1 day moved 0'
		ELSE format('amended backer - value %s pause %s moved %s', CASE term WHEN 'value'
		THEN literal ELSE '600' END,
		CASE WHEN term = 'longest_pause' THEN (SELECT (trim(literal, '''')::interval)::text)
			ELSE '1 day' END, CASE term WHEN 'due' THEN 1 ELSE 0 END) END,
	format('row changed: %s = %s', term, literal))
FROM said;
SELECT is(entries_after(format('UPDATE d SET words = ''Other.'', %s = %s WHERE id = 1', term,
	literal)), 'amended backer - value 600 pause 1 day moved 0',
	format('row changed: other words, and %s = %s', term, literal))
FROM said WHERE same AND term <> 'words';
-- A row that is deleted and inserted again is compared as a whole.
SELECT is(entries_after(format('CREATE TEMP TABLE again AS SELECT * FROM d WHERE id = 1; '
	'UPDATE again SET %s = %s; DELETE FROM d WHERE id = 1; INSERT INTO d SELECT * FROM again', term,
	literal)) ~ 'backer ben', same,
	format('row put in again: %s = %s', term, literal))
FROM said;
SELECT is(entries_after(doing, of_id), wanted, doing)
FROM (VALUES
	('UPDATE d SET longest_pause = ''1 mon'' WHERE id = 1', 1, '22023'),
	('UPDATE d SET longest_pause = ''30 days'' WHERE id = 1; INSERT INTO flush VALUES (1); '
		'UPDATE d SET longest_pause = ''1 mon'' WHERE id = 1', 1, '22023'),
	('UPDATE d SET value = 600.00, words = ''Other.'', longest_pause = ''24:00'' WHERE id = 1', 1,
		'amended backer - value 600 pause 1 day moved 0'),
	-- the row states what policy gave, and then nothing again
	('UPDATE d SET due = (SELECT due FROM of_row WHERE id = 2) WHERE id = 2', 2,
		'backer ben value - pause - moved 0'),
	('UPDATE d SET due = (SELECT due FROM of_row WHERE id = 2) WHERE id = 2; INSERT INTO flush '
		'VALUES (1); UPDATE d SET due = NULL WHERE id = 2', 2,
		'backer ben value - pause - moved 0'),
	-- the promiser is the drafter if nobody else is named
	('UPDATE d SET drafted_by = ''crm'' WHERE id = 3', 3,
		'backer ben value - pause 30 days moved 0'),
	('UPDATE d SET drafted_by = ''crm'', id = 4 WHERE id = 3', 4,
		'noted backer ben value - pause 30 days moved 0'),
	('UPDATE d SET id = 4, value = 600.00, longest_pause = ''24:00'' WHERE id = 1', 4,
		'noted backer ben value 600 pause 1 day moved 0'),
	('UPDATE d SET id = 4, value = 601 WHERE id = 1', 4,
		'amended backer - value 601 pause 1 day moved 0')) AS v (doing, of_id, wanted);
-- Pauses move due. A row that is inserted again states due as before the pauses.
SELECT is(entries_after('UPDATE waits SET state = ''waits''; INSERT INTO flush VALUES (1); '
	'SELECT pg_sleep(0.001); UPDATE waits SET state = ''on''; INSERT INTO flush VALUES (2); '
	|| doing || '; SELECT trust_ledger.back_promise(promise, actor => ''ben'') FROM of_row '
	'WHERE id = 9;
	CREATE TEMP TABLE again AS SELECT * FROM waits; DELETE FROM waits; INSERT INTO waits '
		'SELECT (jsonb_populate_record(a, ' || quote_literal(changed) || ')).* FROM again a', 9),
		wanted, concat_ws(' ', 'put in again after a pause:', doing, changed))
FROM (VALUES
	('SELECT 1', '{}', 'paused resumed backed backer ben value - pause 3 days moved 0'),
	('SELECT 1', '{"due": "2099-01-02T00:00:00Z"}',
		'paused resumed backed amended backer - value - pause 3 days moved 1'),
	('UPDATE waits SET due = ''2099-02-01''; INSERT INTO flush VALUES (3)', '{}',
		'paused resumed amended backed backer ben value - pause 3 days moved 1'),
	('UPDATE waits SET due = ''2099-02-01''; INSERT INTO flush VALUES (3); '
		'UPDATE waits SET state = ''waits''; INSERT INTO flush VALUES (4); SELECT pg_sleep(0.001); '
		'UPDATE waits SET state = ''on''; INSERT INTO flush VALUES (5)', '{}',
		'paused resumed amended paused resumed backed backer ben value - pause 3 days moved 1'),
	('UPDATE waits SET due = ''2099-02-01''; UPDATE waits SET state = ''waits''; '
		'UPDATE waits SET state = ''on''; INSERT INTO flush VALUES (3)', '{}',
		'paused resumed amended paused resumed backed backer ben value - pause 3 days moved 1'),
	('UPDATE waits SET words = ''Other.''; INSERT INTO flush VALUES (3)', '{}',
		'paused resumed amended backed backer ben value - pause 3 days moved 0'),
	-- all at once
	('UPDATE waits SET due = ''2099-02-01''; UPDATE waits SET state = ''waits''; '
		'UPDATE waits SET state = ''on''', '{}',
		'paused resumed backed amended paused resumed backer - value - pause 3 days moved 1')) AS v
		(doing, changed, wanted);

-- Words, customers and keys are compared by their bytes, whatever the columns' types call equal.
CREATE TABLE ordered (id citext PRIMARY KEY, customer citext, words tag, state citext);
SELECT count(*) FROM trust_ledger.track_table('ordered',
	'{"customer": "=customer", "words": "=words", "actor": ":crm", "kept_when": "state '
	'= ''done''"}') \g /dev/null
SELECT is(outcome, wanted, doing)
FROM (VALUES
	('SELECT 1', 'o made open We deliver to us'),
	('UPDATE ordered SET words = ''We deliver to US''', 'o made amended open We deliver to US'),
	('UPDATE ordered SET id = ''ord-1''; INSERT INTO flush VALUES (1); UPDATE ordered '
		'SET state = ''Done''', 'o made noted assessed kept We deliver to us'),
	('UPDATE ordered SET customer = ''O''',
		'O made open We deliver to us, o made withdrawn withdrawn We deliver to us'),
	('UPDATE ordered SET state = ''SENT''', 'o made open We deliver to us')) AS v (doing, wanted),
	LATERAL orders(doing) AS o (outcome);

-- ---- reconcile_table()

SELECT is(differing(format('UPDATE d SET %s = %s WHERE id = 1', term, literal)),
	CASE WHEN same THEN '-' ELSE 'terms_differ 1 ' || term END, format('reconciled: %s = %s', term,
	literal))
FROM said;
SELECT is(differing('UPDATE d SET value = 600.00, longest_pause = ''24:00'' WHERE id = 1'),
	'-', 'reconciled: both');
SELECT is(differing('UPDATE d SET longest_pause = ''1 mon'' WHERE id = 3'),
	'terms_differ 3 longest_pause', 'reconciled: a pause in months');

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() finds nothing');
SELECT * FROM finish();
