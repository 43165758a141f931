-- A promise's history, in words an auditor can read.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(180);
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.grant_access(current_user, 'import');

SELECT trust_ledger.register_actor('anna', 'human');
SELECT trust_ledger.register_actor('ben', 'human');
SELECT trust_ledger.register_actor('sdr-bot', 'ai', responsible => 'anna', model => 'm1');
SELECT trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
SELECT trust_ledger.register_actor('scanner', 'system', responsible => 'ben', speaks_for => 'record');
SELECT trust_ledger.register_actor('writer', 'ai', responsible => 'ben', model => 'w 1');
SELECT trust_ledger.set_policy('all', evidence => 'asserted', back_within => '1 day');

CREATE TABLE made (n serial, r trust_ledger.receipt);
CREATE FUNCTION last_promise() RETURNS uuid LANGUAGE sql AS 'SELECT (r).promise FROM made ORDER BY n DESC LIMIT 1';

-- Other promises of the customer's stand between this one's entries.
INSERT INTO made (r) SELECT trust_ledger.make_promise('c', 'Not this one.', actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.make_promise('c', 'It works.', promiser => 'sdr-bot', kind => 'delivery', due => '2999-01-01',
	value => 10.50, currency => 'EUR', purpose => 'Sell it.', drafted_by => 'writer', actor => 'sdr-bot', context => '{"deal": 7}');
INSERT INTO made (r) SELECT trust_ledger.back_promise(last_promise(), actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.withdraw_backing(last_promise(), 'Too soon.', actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.amend_promise(last_promise(), 'It will work.', reason => 'Said better.', clear => '{value,due}', actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.accept_promise(last_promise(), actor => 'carl');
SELECT trust_ledger.make_promise('c', 'Nor this one.', actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.amend_promise(last_promise(), due => '2999-02-02', actor => 'carl');
INSERT INTO made (r) SELECT trust_ledger.assess_promise(last_promise(), 'partly_kept', purpose_met => false, reason => 'Half of it.', actor => 'ben');
INSERT INTO made (r) SELECT trust_ledger.assess_promise(last_promise(), 'broken', relayed => true, actor => 'ben');
INSERT INTO made (r) SELECT trust_ledger.assess_promise(last_promise(), 'kept', purpose_met => true, actor => 'scanner');
CREATE TABLE told AS SELECT row_number() OVER () AS place, * FROM trust_ledger.history(last_promise());

SELECT results_eq('SELECT event COLLATE "default", actor COLLATE "default", state COLLATE "default" FROM told ORDER BY place', $$VALUES
	('made', 'sdr-bot', 'proposed'), ('backed', 'anna', 'open'), ('backing_withdrawn', 'anna', 'proposed'), ('amended', 'anna', 'proposed'),
	('accepted', 'carl', 'open'), ('amended', 'carl', 'open'), ('assessed', 'ben', 'partly_kept'), ('assessed', 'ben', 'broken'), ('assessed', 'scanner', 'broken')$$,
	'its entries, oldest first');
SELECT set_eq('SELECT seq, recorded_at, occurred_at, evidence, backfilled, login, role, context, hash FROM told',
	$$SELECT seq, recorded_at, occurred_at, evidence, backfilled, login, role, context, hash FROM trust.entry WHERE promise = last_promise()$$,
	'what else they say is what is stored');
SELECT is((SELECT array_agg(seq) FROM told), (SELECT array_agg(seq ORDER BY seq) FROM trust.entry WHERE promise = last_promise()),
	'in the order of the chain');

-- ---- descriptions: each names who acted, and what else an auditor asks for

SELECT is_empty($$SELECT event FROM told WHERE strpos(description, actor) = 0 OR description !~ '^[A-Z].*[.]$' OR description ~ '[(]null[)]'$$,
	'each is a sentence about who acted');
SELECT ok((SELECT description FROM told WHERE place = nr) ~* pattern, format('entry %s says %s', nr, pattern))
FROM (VALUES
	(1, '"It works[.]"'), (1, 'ai "sdr-bot" [(]anna answers for it[)]'), (1, '10[.]50 EUR'), (1, 'delivery'), (1, '2999-01-01'), (1, '"Sell it[.]"'),
	(1, '"writer"'), (1, 'Nobody stands behind it'), (1, 'asserted evidence by'),
	(2, '"anna" stands behind it'), (2, 'asserted evidence'),
	(3, '"Too soon[.]"'), (3, 'Nobody stands behind it'),
	(4, '"It will work[.]"'), (4, '"Said better[.]"'), (4, 'terms of entry 2'), (4, 'without a due time'), (4, 'Nobody stands behind it'), (4, 'void'),
	(5, 'for the customer, human "carl"'), (5, 'terms of entry 5'),
	(6, 'with the customer''s acceptance'), (6, '2999-02-02'), (6, 'Nobody stands behind it'),
	(7, 'partly kept'), (7, 'company''s word'), (7, '500/500'), (7, 'purpose was not met'), (7, '"Half of it[.]"'),
	(8, 'relayed'), (8, 'broken'), (8, 'customer''s word'), (8, '0/1000'),
	(9, 'for a system of record, system "scanner" [(]ben answers for it[)]'), (9, 'does not stand'), (9, 'record''s word'), (9, 'purpose was met')) AS c (nr, pattern);
SELECT ok((SELECT description FROM told WHERE place = 4) !~ '10[.]50', 'a term that was cleared is no more');
SELECT ok((SELECT description FROM told WHERE place = 6) !~* 'because|reason|Said better', 'no reason where none was given');

CREATE TABLE others AS SELECT n, promise FROM (VALUES (1), (2), (3), (4)) AS v (n),
	trust_ledger.make_promise('d', 'Number ' || n, due => now() - interval '1 day' + n * interval '1 day', occurred_at => now() - interval '9 days', actor => 'anna');
SELECT trust_ledger.withdraw_promise((SELECT promise FROM others WHERE n = 1), 'We cannot.', actor => 'anna');
SELECT trust_ledger.withdraw_promise((SELECT promise FROM others WHERE n = 2), actor => 'anna');
SELECT trust_ledger.release_promise((SELECT promise FROM others WHERE n = 3), 'Never mind.', actor => 'carl');
SELECT ok((SELECT string_agg(description, ' ' ORDER BY seq) FROM trust_ledger.history((SELECT promise FROM others WHERE n = nr))) ~* pattern,
	format('promise %s: %s', nr, pattern))
FROM (VALUES
	(1, 'Entered after the fact: it occurred at '), (1, 'took the promise back after .* broken'), (1, '0/1000'), (1, '"We cannot[.]"'),
	(2, 'took the promise back[.]'), (3, 'released .*"Never mind[.]"')) AS c (nr, pattern);

-- The rest of a promise's life, each act with what it is to say.
CREATE TABLE said (nr serial, call text, patterns text[]);
INSERT INTO said (call, patterns) VALUES
	('decline_promise($1, ''Too dear.'', actor => ''ben'')', '{"human \"ben\" declined to stand behind the terms of entry 1","\"Too dear[.]\""}'),
	('amend_promise($1, value => 5, actor => ''sdr-bot'')', '{"terms of entry 1"}'),
	('accept_promise($1, relayed => true, actor => ''writer'')', '{"writer.* relayed that the customer accepted the terms of entry 3","relies on it[.]$"}'),
	('pause_promise($1, ''Away.'', actor => ''scanner'')', '{"system \"scanner\" .*stopped the clock","due 2999-01-03 .* at the latest","\"Away[.]\""}'),
	('resume_promise($1, actor => ''carl'')', '{"for the customer, human \"carl\" started the clock","due 2999-01-01"}'),
	('amend_promise($1, ''Another.'', relayed => true, actor => ''ben'')', '{"relayed that the customer accepts other terms than those of entry 3","\"Another[.]\"","does not stand until"}'),
	('confirm_relayed($1, 7, actor => ''scanner'')', '{"scanner.* amended the terms of entry 3, with the customer''s acceptance","\"Another[.]\"","backing of the old terms is void"}'),
	('admit_breach($1, ''No parts.'', actor => ''ben'')', '{"admitted in time","0/750","\"No parts[.]\""}'),
	('assess_promise($1, ''broken'', actor => ''carl'')', '{"customer''s word, and weighs 0/750"}'),
	('repair_breach($1, ''Parts came.'', actor => ''ben'')', '{"made good","does not stand until","How: \"Parts came[.]\""}'),
	('confirm_relayed($1, actor => ''carl'')', '{"made good","customer''s word, and weighs 250/750","confirms entry 11"}'),
	('assess_promise($1, ''kept'', relayed => true, actor => ''ben'')', '{"relayed that the customer says: kept"}'),
	('confirm_relayed($1, reason => ''Yes.'', actor => ''carl'')', '{"says: kept","confirms entry 13","1000/0","\"Yes[.]\""}'),
	('add_note($1, ''By the way.'', actor => ''sdr-bot'')', '{"noted[.]","The note: \"By the way[.]\""}'),
	('erase_words(''e'', 1, ''Asked for.'', actor => ''ben'')', '{"\"ben\" erased words, purpose in entry 1","\"Asked for[.]\""}'),
	('erase_words($1, ''All of it.'')', '{"login \"postgres\" erased all that people wrote in all entries of the promise before this one"}');
SELECT promise AS other FROM trust_ledger.make_promise('e', 'This one.', 'sdr-bot', due => '2999-01-01', longest_pause => '2 days', purpose => 'Rest.', actor => 'sdr-bot') \gset
CREATE TABLE heard (nr int, description text, last bigint);
DO $$
DECLARE
	of_promise uuid := (SELECT promise FROM trust.promise WHERE customer = 'e');
	act record;
BEGIN
	FOR act IN SELECT * FROM said ORDER BY nr LOOP
		EXECUTE 'SELECT trust_ledger.' || act.call USING of_promise;
		INSERT INTO heard SELECT act.nr, string_agg(description, ' ' ORDER BY seq), max(seq) FROM trust_ledger.history(of_promise)
		WHERE seq > coalesce((SELECT max(last) FROM heard), 1);
	END LOOP;
END
$$;
SELECT ok((SELECT description FROM heard h WHERE h.nr = s.nr) ~* pattern, format('%s: %s', call, pattern)) FROM said s, unnest(patterns) AS pattern ORDER BY s.nr;
SELECT promise AS let_off FROM trust_ledger.make_promise('f', 'Let off.', actor => 'anna') \gset
SELECT seq AS let_off_by FROM trust_ledger.release_promise(:'let_off', 'No need.', relayed => true, actor => 'ben') \gset
SELECT confirmed.seq AS let_off_indeed FROM trust_ledger.confirm_relayed(:'let_off', actor => 'carl') AS confirmed \gset
SELECT ok((SELECT description FROM trust_ledger.history(:'let_off') WHERE seq = nr) ~* pattern, format('entry %s of a release: %s', nr, pattern))
FROM (VALUES (:let_off_by, 'relayed that the customer released the company'), (:let_off_by, '"No need[.]"'),
	(:let_off_indeed, 'carl" released the company'), (:let_off_indeed, 'confirms entry ' || :let_off_by)) AS c (nr, pattern);
SELECT set_eq('SELECT DISTINCT event COLLATE "default" FROM trust.entry WHERE promise IS NOT NULL', 'SELECT DISTINCT event FROM trust_ledger.state_machine()',
	'every event was told of');

-- ---- what is asked for

SELECT results_eq('SELECT * FROM trust_ledger.history(last_promise(), ''c'')', 'SELECT * FROM trust_ledger.history(last_promise())',
	'with the customer named');
SELECT throws_ok(call, 'P0002', NULL, call)
FROM unnest(ARRAY['SELECT trust_ledger.history(gen_random_uuid())', 'SELECT trust_ledger.history(last_promise(), ''d'')',
	'SELECT trust_ledger.history(last_promise(), '''')', 'SELECT trust_ledger.history(gen_random_uuid(), ''c'')']) AS call;
SELECT is_empty('SELECT * FROM trust_ledger.history(NULL)', 'of nothing, nothing');

-- What the caller's transaction did is seen; a snapshot that is older sees what was.
SELECT trust_ledger.assess_promise((SELECT promise FROM others WHERE n = 4), 'kept', actor => 'anna');
SELECT is((SELECT count(*) FROM trust_ledger.history((SELECT promise FROM others WHERE n = 4))), 2::bigint, 'what was just done is told');

-- ---- texts that are gone, and entries that were tampered with, are told without falling over them

ALTER TABLE trust.entry DISABLE TRIGGER trust_guard;
SAVEPOINT whole;
UPDATE trust.entry SET words = NULL, words_salt = NULL, purpose = NULL, purpose_salt = NULL, note = NULL, note_salt = NULL, context = NULL, context_salt = NULL;
SELECT is_empty($$SELECT description FROM trust_ledger.history(last_promise()) WHERE description ~ 'It works|Sell it|Too soon|[(]null[)]'$$, 'nothing of what was erased');
SELECT is((SELECT array_agg(event ORDER BY seq) FROM trust_ledger.history(last_promise()) WHERE description ~ '[(]erased[)]'),
	'{made,backing_withdrawn,amended,amended,assessed}', 'where words were, it says that they were erased');
SELECT is((SELECT count(context) FROM trust_ledger.history(last_promise())), 0::bigint, 'the context is gone');
ROLLBACK TO whole;

SELECT format('ALTER TABLE trust.entry %s', string_agg(format('ALTER COLUMN %I DROP NOT NULL', attname), ', ')) AS let_all_be_null
FROM pg_attribute WHERE attrelid = 'trust.entry'::regclass AND attnotnull AND attnum > 0 AND attname NOT IN ('customer', 'seq') \gset
:let_all_be_null;
-- How many entries are told when a column of all of them is something else, or the SQLSTATE. Nothing of it stays.
CREATE FUNCTION told_with(changed text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'UPDATE trust.entry SET ' || changed || ' WHERE promise IS NOT NULL';
	RAISE EXCEPTION USING ERRCODE = 'OK000', MESSAGE = (SELECT count(description) FROM trust.promise p, trust_ledger.history(p.promise, p.customer));
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN SQLERRM;
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;
CREATE TABLE told_before AS SELECT told_with('words = words') AS number;
SELECT is(told_with(attname || ' = ' || value), number, format('told where %s is %s', attname, value))
FROM told_before, pg_attribute, unnest(ARRAY['NULL', '''other''']) AS value
WHERE attrelid = 'trust.entry'::regclass AND attnum > 0 AND attname NOT IN ('customer', 'seq', 'promise')
	AND (value = 'NULL' OR atttypid = 'text'::regtype AND attname <> 'idempotency_key');

SELECT * FROM finish();
ROLLBACK;
