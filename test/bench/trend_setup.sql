-- A ledger of some years' promises, for reading: psql variables customers, promises, promisers,
-- years.
-- Rows as the functions would have written them, in the order of time over all customers, but
-- for the hashes, which are noise: writing a million promises by calls takes far longer. The
-- guards stand aside meanwhile. The same numbers every time, but for now().
\set QUIET on
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET work_mem = '512MB';
SET jit = off;
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT count(trust_ledger.register_actor('promiser ' || p, 'human')) FROM generate_series(1,
	:promisers) p \g /dev/null
SELECT trust_ledger.register_actor('portal', 'human', speaks_for => 'customer') \g /dev/null
SELECT trust_ledger.register_actor('desk', 'system', speaks_for => 'record',
	responsible => 'promiser 1') \g /dev/null

-- The fate of each promise. Busy customers and promisers are no different from others, but
-- promisers differ in how much they keep: 70 to 95 of a hundred.
SELECT setseed(0.42) \g /dev/null
CREATE TEMP TABLE life AS
WITH drawn AS MATERIALIZED (
	SELECT n, now() - interval '1 year' * :years * (1 - n / (:promises + 1.0)) AS made_at,
		1 + floor(random() * :customers)::int AS customer, 1 + floor(random() * :promisers)::int
			AS promiser,
		1 + floor(random() * 8)::int AS kind, random() AS luck, random() AS due_luck,
			random() AS due_days,
		random() AS verdict_days, random() AS word_luck, random() AS amended_luck,
			random() AS moved_days,
		random() AS settled_luck, random() AS again_luck, random() AS again_days,
			random() AS again_word
	FROM generate_series(1, :promises) n
), promised AS (
	SELECT n, made_at, 'customer ' || customer AS customer, 'promiser ' || promiser AS promiser,
		(ARRAY['delivery', 'callback', 'repair', 'refund', 'price', 'upgrade', 'visit',
			'report'])[kind] AS kind,
		-- version 7, as the ledger makes them
		(lpad(to_hex((extract(epoch FROM made_at) * 1000)::bigint), 12, '0') || '7'
			|| substr(md5(n::text), 1, 3)
			|| '8' || substr(md5(n::text), 4, 15))::uuid AS promise,
		CASE WHEN due_luck < 0.95 THEN made_at + interval '30 days' * (0.05 + due_days)
			END AS first_due,
		CASE WHEN settled_luck < 0.92 THEN made_at + interval '1 day' + interval '39 days' *
			verdict_days END AS settled_at,
		CASE WHEN luck < 0.70 + 0.25 * promiser / :promisers THEN 'kept' WHEN luck < 0.97
			THEN 'broken' ELSE 'partly_kept' END AS verdict,
		CASE WHEN word_luck < 0.6 THEN 'company' WHEN word_luck < 0.9 THEN 'customer' ELSE 'record'
			END AS word,
		amended_luck < 0.01 AS amended, moved_days,
		CASE WHEN again_luck < 0.03 THEN interval '1 hour' + interval '30 days' * again_days
			END AS again_after,
		CASE WHEN again_word < 0.8 THEN 'customer' ELSE 'company' END AS again_word
	FROM drawn
)
SELECT n, made_at, customer, promiser, kind, promise, first_due, verdict, word, again_word,
	CASE WHEN settled_at < now() THEN settled_at END AS settled_at,
	CASE WHEN settled_at + again_after < now() THEN settled_at + again_after END AS again_at,
	-- before it is due and before a verdict
	CASE WHEN amended AND made_at + least(first_due - made_at, interval '1 day') *
		moved_days < now()
		THEN made_at + least(first_due - made_at, interval '1 day') * moved_days END AS amended_at,
	first_due + interval '1 day' + interval '14 days' * moved_days AS moved_due
FROM promised;

-- One row per entry, numbered within its customer's chain.
CREATE TEMP TABLE event AS
WITH happened AS (
	SELECT n, customer, 'made' AS event, made_at AS at FROM life
	UNION ALL
	SELECT n, customer, 'amended', amended_at FROM life WHERE amended_at IS NOT NULL
	UNION ALL
	SELECT n, customer, 'assessed', settled_at FROM life WHERE settled_at IS NOT NULL
	UNION ALL
	SELECT n, customer, 'again', again_at FROM life WHERE again_at IS NOT NULL
), hashed AS (
	SELECT *, sha256(convert_to(event || n, 'UTF8')) AS hash FROM happened
)
SELECT n, event, at, hash, row_number() OVER chain AS seq,
	coalesce(lag(hash) OVER chain, decode(repeat('00', 32), 'hex')) AS prev_hash
FROM hashed
WINDOW chain AS (PARTITION BY customer COLLATE "C" ORDER BY at, n);
ANALYZE life, event;

-- A verdict: what it is, whose word, and what it weighs. Who says it again says the opposite.
CREATE TEMP TABLE verdict AS
WITH said AS (
	SELECT n, 'assessed' AS event, verdict, word, true AS stands FROM life
		WHERE settled_at IS NOT NULL
	UNION ALL
	SELECT n, 'again', CASE verdict WHEN 'kept' THEN 'broken' ELSE 'kept' END, again_word,
		again_word = 'customer' OR word = 'company'
	FROM life WHERE again_at IS NOT NULL
)
SELECT n, event, verdict, word, stands,
	CASE WHEN NOT stands THEN NULL WHEN verdict = 'broken' THEN 0
		WHEN verdict = 'kept' AND word <> 'company' THEN 1000 ELSE 500 END AS weight_kept,
	CASE WHEN NOT stands THEN NULL WHEN verdict = 'broken' THEN 1000 WHEN verdict = 'partly_kept'
		THEN 500 ELSE 0 END AS weight_broken
FROM said;
CREATE INDEX ON verdict (n, event);
ANALYZE verdict;

ALTER TABLE trust.entry DISABLE TRIGGER ALL;
ALTER TABLE trust.promise DISABLE TRIGGER ALL;
ALTER TABLE trust.chain DISABLE TRIGGER ALL;

INSERT INTO trust.entry (customer, seq, format, promise, event, recorded_at, occurred_at,
	backfilled,
	actor, actor_kind, speaks_for, responsible, actor_seq, login, role, evidence, state, refers_to,
	promiser, promiser_kind, backer, kind, due, overdue_at, value, currency,
	accepted, relayed, stands, verdict, whose_word, weight_kept, weight_broken,
	words, words_salt, words_commitment, prev_hash, hash)
SELECT l.customer, e.seq, 1, l.promise, CASE e.event WHEN 'again' THEN 'assessed' ELSE e.event END,
	e.at, e.at, false,
	a.actor, a.kind, a.speaks_for, a.responsible, a.seq, session_user, current_user, 'asserted',
	coalesce(s.verdict, 'open'), first.seq,
	t.promiser, t.promiser_kind, t.promiser, t.kind, t.due, t.due, t.value, t.currency,
	CASE e.event WHEN 'amended' THEN false END, CASE WHEN v.n IS NOT NULL THEN false END,
	CASE e.event WHEN 'amended' THEN true ELSE v.stands END, v.verdict, v.word, v.weight_kept,
		v.weight_broken,
	t.words, t.salt, t.commitment, e.prev_hash, e.hash
FROM event e
JOIN life l USING (n)
LEFT JOIN verdict v USING (n, event)
-- a verdict that does not stand leaves the state that was
LEFT JOIN verdict s ON s.n = e.n AND s.event = CASE WHEN v.stands THEN e.event WHEN NOT v.stands
	THEN 'assessed' END
LEFT JOIN event first ON e.event = 'amended' AND first.n = e.n AND first.event = 'made'
LEFT JOIN LATERAL (
	SELECT l.promiser, 'human' AS promiser_kind, l.kind, CASE e.event WHEN 'made' THEN l.first_due
		ELSE l.moved_due END AS due,
		100 + l.n % 9900 AS value, 'EUR' AS currency,
			'We deliver forty chairs, assembled, to the second floor.' AS words,
		sha256(e.hash) AS salt, sha256(e.prev_hash) AS commitment
	WHERE e.event IN ('made', 'amended')) t ON true
JOIN trust.actor a ON a.actor = CASE v.word WHEN 'customer' THEN 'portal' WHEN 'record' THEN 'desk'
	ELSE l.promiser END
ORDER BY e.at, e.n;

INSERT INTO trust.promise (customer, promise, state, words, promiser, promiser_kind, kind, value,
	currency,
	made_at, recorded_at, backfilled, opened_at, first_due, due, due_moves, overdue_at, paused_for,
	backer, evidence, backed_at, outcome, whose_word, verdict_evidence, relayed,
	settled_by, settled_at, weight_kept, weight_broken, terms_seq, last_seq)
SELECT l.customer, l.promise, coalesce(v.verdict, 'open'),
	'We deliver forty chairs, assembled, to the second floor.',
	l.promiser, 'human', l.kind, 100 + l.n % 9900, 'EUR',
	l.made_at, l.made_at, false, l.made_at, l.first_due, t.due,
		(l.amended_at IS NOT NULL AND l.first_due IS NOT NULL)::int, t.due, '0',
	l.promiser, 'asserted', coalesce(l.amended_at, l.made_at), v.verdict, v.word,
	CASE WHEN v.n IS NOT NULL THEN 'asserted' END, CASE WHEN v.n IS NOT NULL THEN false END,
	CASE WHEN v.n IS NOT NULL THEN 'assessed' END, l.settled_at, v.weight_kept, v.weight_broken,
		e.terms_seq, e.last_seq
FROM life l
JOIN (SELECT n, max(seq) FILTER (WHERE event IN ('made', 'amended')) AS terms_seq,
	max(seq) AS last_seq,
		bool_or(event = 'again') AS said_again
	FROM event GROUP BY n) e USING (n)
CROSS JOIN LATERAL (SELECT CASE WHEN l.amended_at IS NULL THEN l.first_due ELSE l.moved_due
	END AS due) t
LEFT JOIN LATERAL (SELECT * FROM verdict v WHERE v.n = l.n AND v.stands ORDER BY v.event = 'again'
	DESC LIMIT 1) v ON true
ORDER BY l.n;

INSERT INTO trust.chain (customer, length, head, recorded_at, score)
SELECT h.customer, h.seq, h.hash, h.at, coalesce(s.score, 'empty')
FROM (SELECT DISTINCT ON (l.customer COLLATE "C") l.customer, e.seq, e.hash, e.at
	FROM event e JOIN life l USING (n)
	ORDER BY l.customer COLLATE "C", e.seq DESC) h
LEFT JOIN (SELECT customer,
		trust_ledger.score_agg(weight_kept / 1000.0, weight_broken / 1000.0, settled_at, half_life)
			AS score
	FROM trust.promise, trust.ledger GROUP BY customer) s ON s.customer = h.customer;

SELECT trust_ledger.create_guards() \g /dev/null
DROP TABLE life, event, verdict;
RESET work_mem;
RESET jit;
VACUUM ANALYZE;
CHECKPOINT;
