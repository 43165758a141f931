-- Rows whose status goes forth and back, and what one change of them says at once.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
CREATE EXTENSION dblink;
SELECT plan(16);

\ir ../data/told.sql
CREATE TABLE deal (id int PRIMARY KEY, customer text DEFAULT 'c', words text DEFAULT 'W', value int DEFAULT 1, status text DEFAULT 'sent', due timestamptz DEFAULT now() + interval '1 day');
ALTER TABLE deal OWNER TO app;
SET ROLE app;
SELECT count(*) FROM trust_ledger.track_table('deal', '{"customer": "=customer", "words": "=words", "value": "=value", "due": "=due", "longest_pause": ":3 days", "amended": {"relayed": ":true"},
	"accepted_when": "status IN (''ordered'', ''billed'')", "accepted": {"relayed": ":true"}, "paused_when": "status = ''waiting''", "kept_when": "status = ''done''"}');
RESET ROLE;

SELECT is(told('INSERT INTO deal VALUES (1); ' || doing), says, doing) FROM (VALUES
	($$UPDATE deal SET status = 'ordered'; UPDATE deal SET status = 'sent'; UPDATE deal SET status = 'ordered'$$, 'c: made accepted'),
	($$UPDATE deal SET status = 'ordered'; UPDATE deal SET status = 'done'; UPDATE deal SET status = 'billed'; UPDATE deal SET status = 'done'$$, 'c: made accepted assessed assessed'),
	($$UPDATE deal SET status = 'done'; UPDATE deal SET status = 'ordered'$$, 'TL001'),
	($$UPDATE deal SET status = 'waiting'; UPDATE deal SET status = 'sent'; UPDATE deal SET status = 'waiting'$$, 'c: made paused resumed paused'),
	($$UPDATE deal SET status = 'waiting'; UPDATE deal SET status = 'sent', words = 'X'$$, 'c: made paused resumed amended'),
	($$UPDATE deal SET status = 'sent', words = 'X'; UPDATE deal SET status = 'waiting', words = 'Y'$$, 'c: made amended amended paused'),
	($$UPDATE deal SET status = 'waiting'; UPDATE deal SET words = 'X'$$, 'TL001'),
	($$UPDATE deal SET status = 'waiting'; UPDATE deal SET status = 'done'$$, 'c: made paused resumed assessed')) AS v (doing, says);
-- What was not paused is not resumed.
SELECT is(told($$INSERT INTO deal (id, due) VALUES (1, NULL); UPDATE deal SET status = 'waiting'$$), 'TL001', 'without a due time there is no clock to stop');
SELECT is(told($$SELECT as_postgres('ALTER TABLE deal DISABLE TRIGGER USER'); INSERT INTO deal (id, status) VALUES (1, 'waiting');
	SELECT as_postgres('ALTER TABLE deal ENABLE TRIGGER USER'); UPDATE deal SET status = 'sent'; INSERT INTO deal VALUES (2)$$), 'c: made', 'nor what was not promised');
SELECT is(told($$INSERT INTO deal (id, status) VALUES (1, 'sent'); SELECT as_postgres('ALTER TABLE deal DISABLE TRIGGER USER'); UPDATE deal SET status = 'waiting';
	SELECT as_postgres('ALTER TABLE deal ENABLE TRIGGER USER'); UPDATE deal SET status = 'sent'$$), 'c: made', 'nor a promise that nobody paused');

-- "amended": {"relayed": ":true"}: what needs the customer is relayed, the rest is the company's.
SELECT is(told('INSERT INTO deal VALUES (1); ' || doing, shown => $$event || '-' || coalesce(relayed::text, '') || '-' || coalesce(stands::text, '')$$), says, 'relayed: ' || doing) FROM (VALUES
	($$UPDATE deal SET words = 'X'$$, 'c: made-- amended--true'),
	($$UPDATE deal SET status = 'ordered'; UPDATE deal SET words = 'X'$$, 'c: made-- accepted-true-true amended-true-false')) AS v (doing, says);
SELECT is(told($$INSERT INTO deal VALUES (1); UPDATE deal SET status = 'ordered', words = 'X'; UPDATE deal SET value = 2$$, acting => 'cora'), 'TL003', 'only the company relays');
SELECT is(told($$INSERT INTO deal VALUES (1); UPDATE deal SET status = 'ordered'; UPDATE deal SET words = 'X'$$, also => 'SELECT words FROM trust.current_promise'), 'c: made accepted amended | W', 'the old terms stand');
SELECT is(told($$INSERT INTO deal VALUES (1)$$, also => $$SELECT state FROM trust_ledger.amend_promise((SELECT promise FROM trust.current_promise), words => 'X', actor => 'anna', relayed => true)$$), '22023', 'in a call it is said of what needs it only');

SELECT * FROM finish();
