-- Rows whose status changes and changes back, and changes that are several events at once.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(43);

\ir ../../helpers/tracked_tables.sql
CREATE TABLE offer (id int PRIMARY KEY, customer text DEFAULT 'c', words text DEFAULT 'W',
	value int DEFAULT 1, status text DEFAULT 'sent', due timestamptz DEFAULT now() + interval
	'1 day');
ALTER TABLE offer OWNER TO app;
SET ROLE app;
SELECT count(*) FROM trust_ledger.track_table('offer',
	'{"customer": "=customer", "words": "=words", "value": "=value", "due": "=due", '
	'"longest_pause": ":3 days", "amended": {"relayed": ":true"},
	"accepted_when": "status IN (''ordered'', ''billed'')", "accepted": {"relayed": ":true"}, '
		'"released_when": "status = ''let go''", "released": {"relayed": ":true"}, "paused_when": '
		'"status = ''waiting''", "kept_when": "status = ''done''"}');
RESET ROLE;

SELECT is(entries_after('INSERT INTO offer VALUES (1); ' || doing), says, doing) FROM (VALUES
	($$UPDATE offer SET status = 'ordered'; UPDATE offer SET status = 'sent';
		UPDATE offer SET status = 'ordered'$$, 'c: made accepted'),
	($$UPDATE offer SET status = 'ordered'; UPDATE offer SET status = 'done';
		UPDATE offer SET status = 'billed'; UPDATE offer SET status = 'done'$$,
		'c: made accepted assessed assessed'),
	($$UPDATE offer SET status = 'done'; UPDATE offer SET status = 'ordered'$$, 'TL001'),
	($$UPDATE offer SET status = 'waiting'; UPDATE offer SET status = 'sent';
		UPDATE offer SET status = 'waiting'$$, 'c: made paused resumed paused'),
	($$UPDATE offer SET status = 'waiting'; UPDATE offer SET status = 'sent', words = 'X'$$,
		'c: made paused resumed amended'),
	($$UPDATE offer SET status = 'sent', words = 'X'; UPDATE offer SET status = 'waiting',
		words = 'Y'$$, 'c: made amended amended paused'),
	($$UPDATE offer SET status = 'waiting'; UPDATE offer SET words = 'X'$$, 'TL001'),
	($$UPDATE offer SET status = 'waiting'; UPDATE offer SET status = 'done'$$,
		'c: made paused resumed assessed')) AS v (doing, says);
-- A promise that was not paused is not resumed.
SELECT is(entries_after($$INSERT INTO offer (id, due) VALUES (1, NULL);
	UPDATE offer SET status = 'waiting'$$),
	'TL001', 'without a due time there is no clock to stop');
SELECT is(entries_after($$SELECT as_postgres('ALTER TABLE offer DISABLE TRIGGER USER');
	INSERT INTO offer (id, status) VALUES (1, 'waiting');
	SELECT as_postgres('ALTER TABLE offer ENABLE TRIGGER USER'); UPDATE offer SET status = 'sent';
	INSERT INTO offer VALUES (2)$$), 'c: made', 'nor what was not promised');
SELECT is(entries_after($$INSERT INTO offer (id, status) VALUES (1, 'sent');
	SELECT as_postgres('ALTER TABLE offer DISABLE TRIGGER USER');
	UPDATE offer SET status = 'waiting';
	SELECT as_postgres('ALTER TABLE offer ENABLE TRIGGER USER');
	UPDATE offer SET status = 'sent'$$), 'c: made', 'nor a promise that nobody paused');

-- "amended": {"relayed": ":true"}: what needs the customer is relayed, the rest is the company's.
SELECT is(entries_after('INSERT INTO offer VALUES (1); ' || doing,
	shown => $$event || '-' || coalesce(relayed::text, '') || '-' || coalesce(stands::text, '')$$),
	says, 'relayed: ' || doing) FROM (VALUES
	($$UPDATE offer SET words = 'X'$$, 'c: made-- amended--true'),
	-- a release that does not stand ends nothing: later changes in the transaction are no notes
	($$UPDATE offer SET status = 'ordered'; UPDATE offer SET status = 'let go';
		UPDATE offer SET words = 'X'$$,
		'c: made-- accepted-true-true released-true-false amended-true-false'),
	($$UPDATE offer SET status = 'let go'; UPDATE offer SET words = 'X'$$,
		'c: made-- released-true-true noted--'),
	($$UPDATE offer SET status = 'ordered'; UPDATE offer SET words = 'X'$$,
		'c: made-- accepted-true-true amended-true-false')) AS v (doing, says);
SELECT is(entries_after($$INSERT INTO offer VALUES (1); UPDATE offer SET status = 'ordered',
	words = 'X'; UPDATE offer SET value = 2$$, acting => 'cora'),
	'TL003', 'only the company relays');
SELECT is(entries_after($$INSERT INTO offer VALUES (1); UPDATE offer SET status = 'ordered';
	UPDATE offer SET words = 'X'$$, also => 'SELECT words FROM trust.current_promise'),
	'c: made accepted amended | W', 'the old terms stand');
SELECT is(entries_after($$INSERT INTO offer VALUES (1)$$, also => $$SELECT state
	FROM trust_ledger.amend_promise((SELECT promise FROM trust.current_promise), words => 'X',
	actor => 'anna', relayed => true)$$), '22023', 'in a call it is said of what needs it only');

-- A change that is parked is read in a savepoint of its own, and is still there when the
-- transaction ends.
SELECT count(*) FROM trust_ledger.drop_policy('guarded');
CREATE TABLE visit (id int PRIMARY KEY, customer text, words text, done boolean);
SELECT count(*) FROM trust_ledger.track_table('visit',
	'{"customer": "=customer", "words": "=words", "actor": ":bot", "on_error": ":note", '
	'"made": {"on_error": ":park"}, "kept_when": "done"}');
INSERT INTO visit VALUES (1, 'v', 'A visit', true);
INSERT INTO visit SELECT n, 'v', 'Visit ' || n, true FROM generate_series(2, 50) n;
SELECT is((SELECT string_agg(words || ' ' || state, ', ' ORDER BY length(words), words COLLATE "C")
	FROM trust.current_promise WHERE customer = 'v'),
	'A visit kept, ' || (SELECT string_agg('Visit ' || n || ' kept', ', ' ORDER BY n)
		FROM generate_series(2, 50) n), 'all is there that parks what is refused');
SELECT is_empty('SELECT FROM trust.parked_change', 'and nothing waits');

-- What the ledger refused, and noted, is compared with the row again when the pause ends, and when
-- other terms of the row change. Each case runs in one transaction, and with its statements
-- written one by one.
CREATE TABLE held (id int PRIMARY KEY, customer text DEFAULT 'h', words text DEFAULT 'W',
	value int DEFAULT 1, due timestamptz DEFAULT timestamptz 'tomorrow 12:00' + interval '1 day',
	status text DEFAULT 'open');
SELECT count(*) FROM trust_ledger.track_table('held',
	'{"customer": "=customer", "words": "=words", "value": "=value", "currency": ":EUR", '
	'"due": "=due", "longest_pause": ":5 days", "actor": ":bot", "on_error": ":note", '
	'"made": {"on_error": ":fail"}, "paused_when": "status = ''held''", '
	'"kept_when": "status = ''done''"}');
CREATE FUNCTION after_each(doing text[], written boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	result text;
	one    text;
BEGIN
	INSERT INTO held VALUES (1);
	FOREACH one IN ARRAY doing LOOP
		IF written THEN
			PERFORM trust_ledger.write_pending();
		END IF;
		EXECUTE one;
	END LOOP;
	PERFORM trust_ledger.write_pending();
	-- of each promise of the row: its terms, due in hours from today, and its events
	SELECT string_agg(concat_ws(' ', p.customer, p.words, p.value,
			coalesce((extract(epoch FROM p.due - timestamptz 'today') / 3600)::int::text, '-'),
			(SELECT string_agg(e.event, ' ' ORDER BY e.seq) FROM trust.entry e
			 WHERE e.customer = p.customer AND e.promise = p.promise)),
		' | ' ORDER BY p.customer COLLATE "C") INTO result
	FROM trust.current_promise p WHERE p.customer ~ '^h';
	RAISE EXCEPTION USING ERRCODE = 'TST00', MESSAGE = result;
EXCEPTION WHEN SQLSTATE 'TST00' THEN
	RETURN result;
END
$$;
SELECT is(after_each(doing, written), says, concat_ws(', ', case_name, CASE WHEN written
	THEN 'written one by one' ELSE 'in one transaction' END))
FROM (VALUES
	('due is earlier, and then gone', ARRAY[$$UPDATE held SET status = 'held'$$,
		$$UPDATE held SET due = due - interval '8 h'$$, $$UPDATE held SET due = NULL$$,
		$$UPDATE held SET status = 'open'$$],
		'h W 1 - made paused noted noted resumed amended'),
	('the row changes again when the pause ends', ARRAY[$$UPDATE held SET status = 'held'$$,
		$$UPDATE held SET words = 'X'$$, $$UPDATE held SET value = 2, status = 'open'$$],
		'h X 2 60 made paused noted resumed amended amended'),
	('the change is taken back', ARRAY[$$UPDATE held SET status = 'held'$$,
		$$UPDATE held SET words = 'X'$$, $$UPDATE held SET words = 'W'$$,
		$$UPDATE held SET status = 'open'$$], 'h W 1 60 made paused noted resumed'),
	('one of two terms is invalid', ARRAY[
		$$UPDATE held SET words = 'X', due = 'yesterday'$$,
		$$UPDATE held SET due = timestamptz 'today' + interval '50 h'$$],
		'h X 1 50 made noted amended'),
	('the customer is invalid', ARRAY[$$UPDATE held SET customer = repeat('h', 300)$$,
		$$UPDATE held SET customer = 'h2', value = 2$$],
		'h W 1 60 made noted withdrawn | h2 W 2 60 made'),
	('what is still invalid waits', ARRAY[$$UPDATE held SET words = ''$$,
		$$UPDATE held SET value = 2$$, $$UPDATE held SET words = 'X'$$],
		'h X 2 60 made noted amended amended'),
	('and so does what came with it', ARRAY[
		$$UPDATE held SET words = 'X', due = 'yesterday'$$, $$UPDATE held SET value = 2$$,
		$$UPDATE held SET value = 3$$,
		$$UPDATE held SET due = timestamptz 'today' + interval '50 h'$$],
		'h X 3 50 made noted amended amended amended'),
	('the customer is still invalid', ARRAY[$$UPDATE held SET customer = repeat('h', 300)$$,
		$$UPDATE held SET value = 2$$, $$UPDATE held SET customer = 'h2'$$],
		'h W 2 60 made noted amended withdrawn | h2 W 2 60 made'),
	('nothing after the end', ARRAY[$$UPDATE held SET status = 'held'$$,
		$$UPDATE held SET words = 'X'$$, $$UPDATE held SET status = 'done'$$,
		$$UPDATE held SET value = 1$$],
		'h X 1 60 made paused noted resumed amended assessed')) AS v (case_name, doing, says)
CROSS JOIN (VALUES (true), (false)) AS w (written);
-- An amendment by a function changes nothing about it, and is not taken back by a row that was
-- amended since.
SELECT is(after_each(ARRAY[$$UPDATE held SET status = 'held'$$, $$UPDATE held SET value = 2$$,
	$$SELECT trust_ledger.resume_promise(promise, actor => 'bot')
		FROM trust.current_promise WHERE customer = 'h'$$,
	$$SELECT trust_ledger.amend_promise(promise, words => 'Y', actor => 'bot')
		FROM trust.current_promise WHERE customer = 'h'$$,
	$$UPDATE held SET status = 'open'$$], true),
	'h Y 2 60 made paused noted resumed amended amended', 'after an amendment by a function');
SELECT is(after_each(ARRAY[$$UPDATE held SET words = ''$$, $$UPDATE held SET words = 'X'$$,
	$$SELECT trust_ledger.amend_promise(promise, words => 'Y', actor => 'bot')
		FROM trust.current_promise WHERE customer = 'h'$$,
	$$UPDATE held SET value = 2$$], true),
	'h Y 2 60 made noted amended amended amended', 'not after an amendment by the row');
INSERT INTO held VALUES (1);
UPDATE held SET status = 'held';
UPDATE held SET words = 'X', due = NULL;
SELECT is((SELECT details -> 'refused' FROM trust.entry
	WHERE customer = 'h' AND event = 'noted'), '["words", "due"]', 'the note names the terms');
UPDATE held SET status = 'open';
SELECT is_empty($$SELECT * FROM trust_ledger.reconcile_table('held')$$,
	'reconcile_table() finds no difference after the pause');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() finds nothing');

SELECT * FROM finish();
