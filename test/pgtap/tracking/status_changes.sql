-- Rows whose status changes and changes back, and changes that are several events at once.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(20);

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

SELECT * FROM finish();
