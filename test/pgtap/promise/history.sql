-- history(): a promise's entries in words for an auditor.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(213);
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.grant_access(current_user, 'import');

SELECT trust_ledger.register_actor('anna', 'human');
SELECT trust_ledger.register_actor('ben', 'human');
SELECT trust_ledger.register_actor('sdr-bot', 'ai', responsible => 'anna', model => 'm1');
SELECT trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
SELECT trust_ledger.register_actor('scanner', 'system', responsible => 'ben',
	speaks_for => 'record');
SELECT trust_ledger.register_actor('writer', 'ai', responsible => 'ben', model => 'w 1');
SELECT trust_ledger.set_policy('all', evidence => 'asserted', back_within => '1 day');

\ir ../../helpers/receipts.sql

-- Entries of other promises of the customer lie between those of this one.
INSERT INTO made (r) SELECT trust_ledger.make_promise('c', 'Not this one.', actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.make_promise('c', 'It works.', promiser => 'sdr-bot',
	kind => 'delivery', due => '2099-01-01',
	value => 10.50, currency => 'EUR', purpose => 'Sell it.', drafted_by => 'writer',
		actor => 'sdr-bot', context => '{"deal": 7}');
INSERT INTO made (r) SELECT trust_ledger.back_promise(last_promise(), actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.withdraw_backing(last_promise(), 'Too soon.',
	actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.amend_promise(last_promise(), 'It will work.',
	reason => 'Said better.', clear => '{value,due}', actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.accept_promise(last_promise(), actor => 'carl');
SELECT trust_ledger.make_promise('c', 'Nor this one.', actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.amend_promise(last_promise(), due => '2099-02-02',
	actor => 'carl');
INSERT INTO made (r) SELECT trust_ledger.assess_promise(last_promise(), 'partly_kept',
	purpose_met => false, reason => 'Half of it.', actor => 'ben');
INSERT INTO made (r) SELECT trust_ledger.assess_promise(last_promise(), 'broken', relayed => true,
	actor => 'ben');
INSERT INTO made (r) SELECT trust_ledger.assess_promise(last_promise(), 'kept', purpose_met => true,
	actor => 'scanner');
CREATE TABLE told AS SELECT row_number() OVER () AS place, *
	FROM trust_ledger.history(last_promise());

SELECT results_eq('SELECT event COLLATE "default", actor COLLATE "default", state COLLATE '
	'"default" FROM told ORDER BY place', $$VALUES
	('made', 'sdr-bot', 'proposed'), ('backed', 'anna', 'open'),
	('backing_withdrawn', 'anna', 'proposed'), ('amended', 'anna', 'proposed'),
	('accepted', 'carl', 'open'), ('amended', 'carl', 'open'),
	('assessed', 'ben', 'partly_kept'), ('assessed', 'ben', 'broken'),
	('assessed', 'scanner', 'broken')$$,
	'its entries, oldest first');
SELECT set_eq('SELECT seq, recorded_at, occurred_at, evidence, backfilled, login, role, context, '
	'hash FROM told',
	$$SELECT seq, recorded_at, occurred_at, evidence, backfilled, login, role, context, hash
		FROM trust.entry WHERE promise = last_promise()$$,
	'what else they say is what is stored');
SELECT is((SELECT array_agg(seq) FROM told), (SELECT array_agg(seq ORDER BY seq) FROM trust.entry
	WHERE promise = last_promise()),
	'in the order of the chain');

-- ---- descriptions name who acted, and what else an auditor asks for

SELECT is_empty($$SELECT event FROM told WHERE strpos(description, actor) = 0 OR description !~
	'^[A-Z].*[.]$' OR description ~ '[(]null[)]'$$,
	'each is a sentence about who acted');
SELECT ok((SELECT description FROM told WHERE place = nr) ~* pattern, format('entry %s says %s', nr,
	pattern))
FROM (VALUES
	(1, '"It works[.]"'), (1, 'ai "sdr-bot" [(]responsible: anna[)]'), (1, '10[.]50 EUR'),
	(1, 'delivery'), (1, '2099-01-01'), (1, '"Sell it[.]"'),
	(1, '"writer"'), (1, 'Backer: none'), (1, 'asserted evidence or stronger by'),
	(2, 'Backer: "anna"'), (2, 'asserted evidence'),
	(3, '"Too soon[.]"'), (3, 'Backer: none'),
	(4, '"It will work[.]"'), (4, '"Said better[.]"'), (4, 'terms of entry 2'), (4, 'no due time'),
	(4, 'Backer: none'), (4, 'void'),
	(5, 'human "carl", speaking for the customer,'), (5, 'terms of entry 5'),
	(6, 'with the customer''s acceptance'), (6, '2099-02-02'), (6, 'Backer: none'),
	(7, 'partly kept'), (7, 'company''s word'), (7, '500/500'), (7, 'purpose was not met'),
	(7, '"Half of it[.]"'),
	(8, 'relayed the customer''s verdict'), (8, 'broken'), (8, 'customer''s word'), (8, '0/1000'),
	(9, 'system "scanner" [(]responsible: ben[)], speaking for a system of record,'),
	(9, 'has no effect'), (9, 'record''s word'), (9, 'purpose was met')) AS c (nr, pattern);
SELECT ok((SELECT description FROM told WHERE place = 4) !~ '10[.]50',
	'a term that was cleared is no more');
SELECT ok((SELECT description FROM told WHERE place = 6) !~* 'because|reason|Said better',
	'no reason where none was given');

CREATE TABLE others AS SELECT n, promise FROM (VALUES (1), (2), (3), (4)) AS v (n),
	trust_ledger.make_promise('d', 'Number ' || n, due => now() - interval '1 day' + n * interval
		'1 day', occurred_at => now() - interval '9 days', actor => 'anna');
SELECT trust_ledger.withdraw_promise((SELECT promise FROM others WHERE n = 1), 'We cannot.',
	actor => 'anna');
SELECT trust_ledger.withdraw_promise((SELECT promise FROM others WHERE n = 2), actor => 'anna');
SELECT trust_ledger.release_promise((SELECT promise FROM others WHERE n = 3), 'Never mind.',
	actor => 'carl');
SELECT ok((SELECT string_agg(description, ' ' ORDER BY seq)
	FROM trust_ledger.history((SELECT promise FROM others WHERE n = nr))) ~* pattern,
	format('promise %s: %s', nr, pattern))
FROM (VALUES
	(1, 'Recorded after the fact: it occurred at '), (1, 'withdrew the promise after .* broken'),
	(1, '0/1000'), (1, '"We cannot[.]"'),
	(2, 'withdrew the promise[.]'), (3, 'released .*"Never mind[.]"')) AS c (nr, pattern);

-- The other acts, each with what its description must contain.
CREATE TABLE said (nr serial, call text, patterns text[]);
INSERT INTO said (call, patterns) VALUES
	('decline_promise($1, ''Too dear.'', actor => ''ben'')',
		'{"human \"ben\" declined to back the terms of entry 1","\"Too dear[.]\""}'),
	('amend_promise($1, value => 5, actor => ''sdr-bot'')', '{"terms of entry 1"}'),
	('accept_promise($1, relayed => true, actor => ''writer'')',
		'{"writer.* relayed that the customer accepted the terms of entry 3","terms of entry '
		'3[.]$"}'),
	('pause_promise($1, ''Away.'', actor => ''scanner'')',
		'{"system \"scanner\" .*paused the promise","due 2099-01-03 .* at the '
		'latest","\"Away[.]\""}'),
	('resume_promise($1, actor => ''carl'')',
		'{"human \"carl\", speaking for the customer, resumed the promise","due 2099-01-01"}'),
	('amend_promise($1, ''Another.'', relayed => true, actor => ''ben'')',
		'{"relayed that the customer accepts new terms in place of those of entry '
		'3","\"Another[.]\"","has no effect until"}'),
	('confirm_relayed($1, 7, actor => ''scanner'')',
		'{"scanner.* amended the terms of entry 3 with the customer''s '
		'acceptance","\"Another[.]\"","backing of the old terms is void"}'),
	('admit_breach($1, ''No parts.'', actor => ''ben'')',
		'{"admitted before the due time","0/750","\"No parts[.]\""}'),
	('assess_promise($1, ''broken'', actor => ''carl'')',
		'{"customer''s word, with weight 0/750"}'),
	('repair_breach($1, ''Parts came.'', actor => ''ben'')',
		'{"breach was repaired","has no effect until","How: \"Parts came[.]\""}'),
	('confirm_relayed($1, actor => ''carl'')',
		'{"breach was repaired","customer''s word, with weight 250/750","confirms entry 11"}'),
	('assess_promise($1, ''kept'', relayed => true, actor => ''ben'')',
		'{"relayed the customer''s verdict: kept"}'),
	('confirm_relayed($1, reason => ''Yes.'', actor => ''carl'')',
		'{"assessed the promise as kept","confirms entry 13","1000/0","\"Yes[.]\""}'),
	('add_note($1, ''By the way.'', actor => ''sdr-bot'')',
		'{"added a note[.]","Note: \"By the way[.]\""}'),
	('erase_words(''e'', 1, ''Asked for.'', actor => ''ben'')',
		'{"\"ben\" erased words, purpose in entry 1","\"Asked for[.]\""}'),
	('erase_words($1, ''All of it.'')',
		'{"login \"postgres\" erased all that people wrote in all earlier entries of the '
		'promise"}');
SELECT promise AS other FROM trust_ledger.make_promise('e', 'This one.', 'sdr-bot',
	due => '2099-01-01', longest_pause => '2 days', purpose => 'Rest.', actor => 'sdr-bot') \gset
CREATE TABLE heard (nr int, description text, last bigint);
DO $$
DECLARE
	of_promise uuid := (SELECT promise FROM trust.promise WHERE customer = 'e');
	act record;
BEGIN
	FOR act IN SELECT * FROM said ORDER BY nr LOOP
		EXECUTE 'SELECT trust_ledger.' || act.call USING of_promise;
		INSERT INTO heard SELECT act.nr, string_agg(description, ' ' ORDER BY seq),
			max(seq) FROM trust_ledger.history(of_promise)
		WHERE seq > coalesce((SELECT max(last) FROM heard), 1);
	END LOOP;
END
$$;
SELECT ok((SELECT description FROM heard h WHERE h.nr = s.nr) ~* pattern, format('%s: %s', call,
	pattern)) FROM said s, unnest(patterns) AS pattern ORDER BY s.nr;
SELECT promise AS let_off FROM trust_ledger.make_promise('f', 'Let off.', actor => 'anna') \gset
SELECT seq AS let_off_by FROM trust_ledger.release_promise(:'let_off', 'No need.', relayed => true,
	actor => 'ben') \gset
SELECT confirmed.seq AS let_off_indeed FROM trust_ledger.confirm_relayed(:'let_off',
	actor => 'carl') AS confirmed \gset
SELECT ok((SELECT description FROM trust_ledger.history(:'let_off') WHERE seq = nr) ~* pattern,
	format('entry %s of a release: %s', nr, pattern))
FROM (VALUES (:let_off_by, 'relayed that the customer released the company'),
	(:let_off_by, '"No need[.]"'),
	(:let_off_indeed, 'carl", speaking for the customer, released the company'),
	(:let_off_indeed, 'confirms entry ' || :let_off_by)) AS c (nr, pattern);
SELECT set_eq('SELECT DISTINCT event COLLATE "default" FROM trust.entry WHERE promise IS NOT NULL',
	'SELECT DISTINCT event FROM trust_ledger.state_machine()',
	'history() describes every event');

-- ---- entries that a row's change wrote name the row

CREATE TABLE quote (id text PRIMARY KEY, customer text, title text, solved text, stage int);
CREATE TABLE "a quote, of old" (a text, b int, customer text, title text, PRIMARY KEY (a, b));
CREATE FUNCTION track_by(tab text, operation text, event text, VARIADIC arguments text[]) RETURNS
	void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TRIGGER %I AFTER %s ON %I FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.track(%L, %s, ''actor:sdr-bot'', ''write:now'')',
		format('%s %s %s', operation, event, arguments), operation, tab, event,
			(SELECT string_agg(quote_literal(a), ', ') FROM unnest(arguments) AS a));
END
$$;
SELECT track_by('quote', operation, event, VARIADIC arguments)
FROM (VALUES
	('INSERT OR UPDATE OF stage', 'made', '{customer=customer,words=title}'::text[]),
	('INSERT', 'made', '{customer=customer,words=solved,promise:solved by}'),
	('UPDATE OF id, customer, title', 'amended', '{customer=customer,words=title}'),
	('UPDATE OF id, customer, solved', 'amended',
		'{customer=customer,words=solved,promise:solved by}'),
	('DELETE', 'noted', '{source:public.quote}'),
	('DELETE', 'withdrawn', '{promise:solved by}')) AS v (operation, event, arguments);
SELECT track_by('a quote, of old', 'INSERT', 'made', 'customer=customer', 'words=title');

INSERT INTO quote VALUES ('17', 'q', 'It fits.', 'By noon.', 1),
('18', 'q', 'It lasts.', 'By night.', 1), ('', 'q', 'No key.', 'Nor this.', 1);
UPDATE quote SET title = 'It fits well.' WHERE id = '17';
UPDATE quote SET id = '18. It was kept. ö' WHERE id = '18';
UPDATE quote SET customer = 'r' WHERE id = '17';
DELETE FROM quote WHERE id ^@ '18';
INSERT INTO "a quote, of old" VALUES ('x', 7, 's', 'Plain.'), ('x "y"', 8, 's', 'With a blank.');
SELECT trust_ledger.withdraw_promise(promise, actor => 'anna') FROM trust.source WHERE key = '17'
	AND name = '' AND NOT gone;
UPDATE quote SET stage = 2 WHERE id = '17';
CREATE TABLE row_promise AS SELECT promise, customer, concat_ws(' ', words, nr) AS name
FROM (SELECT customer, promise, words, nullif(row_number() OVER (PARTITION BY customer, words
	ORDER BY promise), 1) AS nr FROM trust.promise WHERE customer IN ('q', 'r', 's')) p;
-- What history() says of the row, entry by entry; other promises are named by their words.
CREATE FUNCTION rows_described(of_promise text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	other record;
	said text;
BEGIN
	SELECT string_agg(event || coalesce(': ' || substring(description,
		' (Recorded for a change of row .*)$'), ''), E'\n' ORDER BY seq) INTO STRICT said
	FROM row_promise r, trust_ledger.history(r.promise, r.customer) WHERE concat_ws(' ', r.customer,
		r.name) = of_promise;
	FOR other IN SELECT promise, concat_ws(' ', customer, name) AS name FROM row_promise LOOP
		said := replace(said, other.promise::text, other.name);
	END LOOP;
	RETURN said;
END
$$;
SELECT is(rows_described(of), array_to_string(says, E'\n'), 'rows of ' || of)
FROM (VALUES
	('q It fits well.',
		'{made: Recorded for a change of row 17 of public.quote.,amended: Recorded for a change of '
		'row 17 of public.quote.,'
		'withdrawn: Recorded for a change of row 17 of public.quote; '
			'the row now belongs to promise r It fits well..}'::text[]),
	('r It fits well.',
		'{made: Recorded for a change of row 17 of public.quote; the row belonged to promise q It '
		'fits well. before.,withdrawn,'
		'noted: Recorded for a change of row 17 of public.quote; the row now belongs to promise r '
			'It fits well. 2.}'),
	('r It fits well. 2',
		'{made: Recorded for a change of row 17 of public.quote; the row belonged to promise r It '
		'fits well. before.}'),
	('q By noon.', '{"made: Recorded for a change of row 17 of public.quote (\"solved by\").",'
		'"withdrawn: Recorded for a change of row 17 of public.quote (\"solved by\"); '
			'the row now belongs to promise r By noon.."}'),
	('q It lasts.',
		'{made: Recorded for a change of row 18 of public.quote.,"noted: Recorded for a change of '
		'row \"18. It was kept. ö\" of public.quote.",'
		'"noted: Recorded for a change of row \"18. It was kept. ö\" of public.quote; '
			'the row is no longer in the table."}'),
	('q By night.',
		'{"made: Recorded for a change of row 18 of public.quote (\"solved by\").","noted: '
		'Recorded for a change of row \"18. It was kept. ö\" of public.quote (\"solved by\").",'
		'"withdrawn: Recorded for a change of row \"18. It was kept. ö\" of public.quote (\"solved '
			'by\"); the row is no longer in the table."}'),
	('q No key.', '{"made: Recorded for a change of row \"\" of public.quote."}'),
	('s Plain.', '{"made: Recorded for a change of row [\"x\",\"7\"] of \"public.\\\"a quote, '
		'of old\\\"\"."}'),
	('s With a blank.',
		ARRAY['made: Recorded for a change of row "[\"x \\\"y\\\"\",\"8\"]" of "public.\"a quote, '
		'of old\"".'])) AS c (of, says);
SELECT is((SELECT count(*) FROM trust.promise p, trust_ledger.history(p.promise, p.customer)
	WHERE p.customer NOT IN ('q', 'r', 's') AND description ~ 'Recorded for a change'), 0::bigint,
	'no other entry is told to be by a change of a row');

-- ---- arguments

SELECT results_eq('SELECT * FROM trust_ledger.history(last_promise(), ''c'')',
	'SELECT * FROM trust_ledger.history(last_promise())',
	'with the customer named');
SELECT throws_ok(call, 'P0002', NULL, call)
FROM unnest(ARRAY['SELECT trust_ledger.history(gen_random_uuid())',
	'SELECT trust_ledger.history(last_promise(), ''d'')',
	'SELECT trust_ledger.history(last_promise(), '''')',
		'SELECT trust_ledger.history(gen_random_uuid(), ''c'')']) AS call;
SELECT is_empty('SELECT * FROM trust_ledger.history(NULL)', 'of nothing, nothing');

-- The caller's own transaction is visible.
SELECT trust_ledger.assess_promise((SELECT promise FROM others WHERE n = 4),
	'kept', actor => 'anna');
SELECT is((SELECT count(*) FROM trust_ledger.history((SELECT promise FROM others WHERE n = 4))),
	2::bigint, 'what was just done is told');

-- ---- erased texts, and entries that were tampered with

ALTER TABLE trust.entry DISABLE TRIGGER trust_guard;
SAVEPOINT whole;
UPDATE trust.entry SET words = NULL, words_salt = NULL, purpose = NULL, purpose_salt = NULL,
	note = NULL, note_salt = NULL, context = NULL, context_salt = NULL;
SELECT is_empty($$SELECT description FROM trust_ledger.history(last_promise()) WHERE description ~
	'It works|Sell it|Too soon|[(]null[)]'$$, 'nothing of what was erased');
SELECT is((SELECT array_agg(event ORDER BY seq) FROM trust_ledger.history(last_promise())
	WHERE description ~ '[(]erased[)]'),
	'{made,backing_withdrawn,amended,amended,assessed}',
		'where words were, it says that they were erased');
SELECT is((SELECT count(context) FROM trust_ledger.history(last_promise())), 0::bigint,
	'the context is gone');
ROLLBACK TO whole;

-- The same with other details.
CREATE FUNCTION rows_told_with(said jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	UPDATE trust.entry SET details = said WHERE promise = (SELECT promise FROM row_promise
		WHERE name = 'No key.');
	RETURN rows_described('q No key.');
END
$$;
SELECT is(rows_told_with(said), says, format('with details %s', said))
FROM (VALUES
	('{"key": "7", "source": "t"}'::jsonb, 'made: Recorded for a change of row 7 of t.'),
	('{"key": "7"}', 'made'), ('{"source": "t"}', 'made'), ('{"key": 7, "source": "t"}', 'made'),
	('{"key": "7", "source": ["t"]}', 'made'), ('[{"key": "7", "source": "t"}]', 'made'),
	('{}', 'made'), ('[]', 'made'), ('"key"', 'made'), ('7', 'made'), ('null', 'made'),
	(NULL, 'made'),
	('{"key": "", "source": ""}', 'made: Recorded for a change of row "" of "".'),
	('{"key": "7", "name": "", "source": "t"}', 'made: Recorded for a change of row 7 of t.'),
	('{"key": "7", "name": 8, "source": "t", "row": null}',
		'made: Recorded for a change of row 7 of t.'),
	('{"key": "7", "source": "t", "row": {"deleted": true}}',
		'made: Recorded for a change of row 7 of t.'),
	('{"key": "7", "source": "t", "row": "moved"}',
		'made: Recorded for a change of row 7 of t; the row no longer belongs to the promise.'),
	('{"key": "7", "source": "t", "row": ""}',
		'made: Recorded for a change of row 7 of t; the row no longer belongs to the promise.'),
	('{"key": "7", "source": "t", "row": "deleted", "moved_to": 1}',
		'made: Recorded for a change of row 7 of t; the row is no longer in the table.'),
	('{"key": "7", "source": "t", "moved_to": "p"}', 'made: Recorded for a change of row 7 of t.'),
	('{"key": "7", "source": "t", "row": "moved", "moved_to": "p. All is well."}',
		'made: Recorded for a change of row 7 of t; the row now belongs to promise "p. All is '
		'well.".'),
	('{"key": "7", "source": "t", "moved_from": "p\n"}',
		'made: Recorded for a change of row 7 of t; the row belonged to promise "p\n" before.'),
	('{"key": "7\u007f", "source": "%s%n", "name": "\"\\\b"}',
		'made: Recorded for a change of row "7' || chr(127) || '" of %s%n ("\"\\\b").')) AS v (said,
		says);
ROLLBACK TO whole;

SELECT format('ALTER TABLE trust.entry %s', string_agg(format('ALTER COLUMN %I DROP NOT NULL',
	attname), ', ')) AS let_all_be_null
FROM pg_attribute WHERE attrelid = 'trust.entry'::regclass AND attnotnull AND attnum > 0
	AND attname NOT IN ('customer', 'seq') \gset
:let_all_be_null;
-- How many entries are described after a column of all entries was changed, or the SQLSTATE. Rolled
-- back.
CREATE FUNCTION told_with(changed text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'UPDATE trust.entry SET ' || changed || ' WHERE promise IS NOT NULL';
	RAISE EXCEPTION USING ERRCODE = 'OK000', MESSAGE = (SELECT count(description) FROM trust.promise
		p, trust_ledger.history(p.promise, p.customer));
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN SQLERRM;
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;
CREATE TABLE told_before AS SELECT told_with('words = words') AS number;
SELECT is(told_with(attname || ' = ' || value), number, format('told where %s is %s',
	attname, value))
FROM told_before, pg_attribute, unnest(ARRAY['NULL', '''other''']) AS value
WHERE attrelid = 'trust.entry'::regclass AND attnum > 0 AND attname NOT IN ('customer', 'seq',
	'promise')
	AND (value = 'NULL' OR atttypid = 'text'::regtype AND attname <> 'idempotency_key');

SELECT * FROM finish();
ROLLBACK;
