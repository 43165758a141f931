-- Pauses: how they move due, how long all of them can last, who can stop and start the clock, and
-- their effect on what is overdue or withdrawn.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(158);

CREATE ROLE app LOGIN;
CREATE ROLE importer LOGIN;
CREATE ROLE reader LOGIN;
CREATE ROLE outsider LOGIN;

SELECT trust_ledger.create_ledger() \g /dev/null
DO $$
BEGIN
	PERFORM trust_ledger.grant_access('app', 'application');
	PERFORM trust_ledger.grant_access('importer', 'import');
	PERFORM trust_ledger.grant_access('reader', level) FROM unnest('{analyst,auditor}'::text[])
		AS level;
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'anna',
		speaks_for => 'record');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.register_actor('cai', 'ai', responsible => 'carl', model => 'm-2',
		speaks_for => 'customer', customer => 'c');
	PERFORM trust_ledger.register_actor('otto', 'human', speaks_for => 'customer',
		customer => 'other');
	PERFORM trust_ledger.register_actor('gone', 'human');
	PERFORM trust_ledger.retire_actor('gone');
	PERFORM trust_ledger.set_policy('guarded', kind => 'guarded', evidence => 'asserted',
		grace => '2 hours');
	PERFORM trust_ledger.set_policy('free', kind => 'free', grace => '3 days');
	PERFORM trust_ledger.set_policy('plain', kind => 'plain', grace => '0');
END
$$;

\ir ../../helpers/calls.sql
\ir ../../helpers/promises.sql

-- What a verb calls, by $2, $3 days ago (NULL: now), about promise $1.
CREATE TABLE verb (verb text PRIMARY KEY, call text);
INSERT INTO verb VALUES
	('pause', 'pause_promise($1'), ('resume', 'resume_promise($1'), ('back', 'back_promise($1'),
	('unback', 'withdraw_backing($1'),
	('accept', 'accept_promise($1'), ('amend', 'amend_promise($1, $4'),
	('defer', 'amend_promise($1, due => now() + interval ''9 days'''),
	('shorten', 'amend_promise($1, longest_pause => ''1 day'''),
	('lengthen', 'amend_promise($1, longest_pause => ''5 days'''),
	('clear', 'amend_promise($1, clear => ''{longest_pause}'''),
	('withdraw', 'withdraw_promise($1'), ('release', 'release_promise($1'),
	('relay', 'release_promise($1, relayed => true'), ('kept', 'assess_promise($1, ''kept'''),
	('admit', 'admit_breach($1'), ('decline', 'decline_promise($1');

-- One step, or the SQLSTATE: "pause bot 8".
CREATE FUNCTION step(of_promise uuid, step text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	w CONSTANT text[] := regexp_split_to_array(step, ' ');
	receipt trust_ledger.receipt;
BEGIN
	EXECUTE format('SELECT * FROM trust_ledger.%s, actor => $2, occurred_at => now() - $3 * '
		'interval ''1 day'')', (SELECT call FROM verb WHERE verb = w[1]))
	INTO receipt USING of_promise, w[2], w[3]::numeric, 'We come at ' || w[3];
	RETURN receipt.state;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;

-- The clock: by how much due and overdue_at moved since first due, and paused_for if it differs;
-- since when and until when the promise is paused, in days before now.
CREATE FUNCTION days(i interval) RETURNS text
LANGUAGE sql AS $$ SELECT round(extract(epoch FROM i) / 86400, 3)::float8::text $$;
CREATE FUNCTION clock(of_promise uuid) RETURNS text
LANGUAGE sql AS $$
	SELECT concat_ws(', ', state, format('due +%s', days(due - first_due)),
		CASE WHEN paused_for <> due - first_due THEN format('paused for %s', days(paused_for)) END,
		CASE WHEN overdue_at - due <> coalesce((SELECT grace FROM trust.policy
			WHERE policy.kind = promise.kind), '0') THEN 'another grace' END,
		CASE WHEN due_moves <> 0 OR due_moved_at IS NOT NULL THEN format('moved %s times',
			due_moves) END,
		CASE WHEN num_nonnulls(paused_at, paused_until) > 0 THEN format('from %s to %s',
			days(now() - paused_at), days(now() - paused_until)) END)
	FROM trust.promise WHERE promise = of_promise
$$;
CREATE FUNCTION story(of_promise uuid, steps text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	one text;
	answer text;
	refused text;
BEGIN
	FOREACH one IN ARRAY regexp_split_to_array(steps, ', ') LOOP
		answer := step(of_promise, one);
		IF answer ~ '[0-9]' THEN
			refused := concat_ws(' ', refused, answer);
		END IF;
	END LOOP;
	RETURN concat_ws(', ', clock(of_promise), 'refused ' || refused);
END
$$;

-- ---- the clock ----

SELECT is(story(new_promise('plain', '10 days', '4 days', '3 days'), steps), want, steps)
FROM (VALUES
	-- made ten days ago, due four days ago, three days of pause
	('pause bot 8', 'open, due +3, from 8 to 5'),
	('pause anna 8', 'open, due +3, from 8 to 5'),
	('pause crm 8', 'open, due +3, from 8 to 5'),
	('pause bot 4', 'open, due +3, from 4 to 1'),
	('pause bot 8, resume bot 7', 'open, due +1'),
	('pause bot 8, resume crm 7.5', 'open, due +0.5'),
	('pause bot 8, resume carl 7', 'open, due +1'),
	('pause bot 8, resume cai 7', 'open, due +1'),
	('pause bot 8, resume bot 8', 'open, due +0'),
	('pause bot 8, resume bot 5', 'open, due +3'),
	-- all pauses together
	('pause bot 9, resume bot 8, pause bot 7', 'open, due +3, from 7 to 5'),
	('pause bot 9, resume bot 8, pause bot 7, resume bot 6, pause bot 5',
		'open, due +3, from 5 to 4'),
	('pause bot 9, resume bot 8, pause bot 7, resume bot 6, pause bot 5, resume bot 4.5',
		'open, due +2.5'),
	('pause bot 9, resume bot 6, pause bot 5', 'open, due +3, refused TL001'),
	('pause bot 9, resume bot 8, pause bot 7, resume bot 5, pause bot 4.5',
		'open, due +3, refused TL001'),
	-- a pause ends by itself, and resuming later changes nothing
	('pause bot 8, resume bot 4.9', 'open, due +3'),
	('pause bot 8, resume bot 0', 'open, due +3'),
	('pause bot 8, resume bot 0, pause bot 0', 'open, due +3, refused TL001'),
	-- once at a time
	('pause bot 8, pause bot 7', 'open, due +3, from 8 to 5, refused TL001'),
	('pause bot 8, pause anna 4', 'open, due +3, from 8 to 5, refused TL001'),
	('resume bot 8', 'open, due +0, refused TL001'),
	('pause bot 8, resume bot 7, resume bot 6', 'open, due +1, refused TL001'),
	('pause bot 8, resume bot 8.1', 'open, due +3, from 8 to 5, refused 22008'),
	('pause bot 8, resume carl 9, resume carl 7', 'open, due +1, refused 22008'),
	('pause bot 11', 'open, due +0, refused 22008'),
	('pause bot -1', 'open, due +0, refused 22008'),
	-- not by actors who speak for the customer
	('pause carl 8', 'open, due +0, refused TL003'),
	('pause cai 8', 'open, due +0, refused TL003'),
	('pause otto 8', 'open, due +0, refused TL003'),
	('pause bot 8, resume otto 7', 'open, due +3, from 8 to 5, refused TL003'),
	('pause gone 8', 'open, due +0, refused TL003'),
	('pause bot 8, resume gone 7', 'open, due +3, from 8 to 5, refused TL003'),
	('pause nobody 8', 'open, due +0, refused 42704'),
	-- not after due, as earlier pauses have moved it
	('pause bot 3.999', 'open, due +0, refused TL001'),
	('pause bot 0', 'open, due +0, refused TL001'),
	('pause bot 8, resume bot 7, pause bot 3.5', 'open, due +3, from 3.5 to 1.5'),
	('pause bot 8, resume bot 7, pause bot 3', 'open, due +3, from 3 to 1'),
	('pause bot 8, resume bot 7, pause bot 2.999', 'open, due +1, refused TL001'),
	('pause bot 8, resume bot 8, pause bot 3.999', 'open, due +0, refused TL001'),
	-- other terms: not while it is paused, and then what was paused before still counts
	('pause bot 8, amend bot 7', 'open, due +3, from 8 to 5, refused TL001'),
	('pause bot 8, defer bot 7', 'open, due +3, from 8 to 5, refused TL001'),
	('pause bot 8, amend bot 4.5', 'open, due +3, from 8 to 5, refused TL001'),
	('pause bot 8, amend bot 7, resume bot 6, amend bot 5', 'open, due +2, refused TL001'),
	('pause bot 8, resume bot 6, defer bot 5', 'open, due +13, paused for 2, moved 1 times'),
	('pause bot 8, resume bot 6, defer bot 5, pause bot 4',
		'open, due +14, paused for 3, moved 1 times, from 4 to 3'),
	('pause bot 8, resume bot 6, lengthen bot 5, pause bot 4', 'open, due +5, from 4 to 1'),
	('pause bot 8, resume bot 6, shorten bot 5, pause bot 4', 'open, due +2, refused TL001'),
	('pause bot 8, resume bot 7.5, shorten bot 5, pause bot 4', 'open, due +1, from 4 to 3.5'),
	('pause bot 8, resume bot 7, clear bot 5, pause bot 4', 'open, due +1, refused TL001'),
	('pause bot 8, resume bot 7, clear bot 6, lengthen bot 5, pause bot 4',
		'open, due +5, from 4 to 0'),
	-- after acceptance the customer amends it: not while it is paused, either
	('accept carl 9, pause bot 8', 'open, due +3, from 8 to 5'),
	('pause bot 8, accept carl 7, resume carl 6', 'open, due +2'),
	('accept carl 9, pause bot 8, amend carl 7', 'open, due +3, from 8 to 5, refused TL001'),
	('accept carl 9, pause bot 8, resume bot 7, amend carl 6', 'open, due +1'),
	-- backings change; an act that ends the promise ends its pause
	('pause bot 8, back anna 7', 'open, due +3, from 8 to 5'),
	('pause bot 8, kept carl 7', 'kept, due +3'),
	('pause bot 8, admit bot 7', 'broken, due +3'),
	('pause bot 8, withdraw bot 7', 'withdrawn, due +3'),
	('pause bot 8, release carl 7', 'released, due +3'),
	('pause bot 8, kept carl 7, resume bot 6, pause bot 6', 'kept, due +3, refused TL001 TL001'))
		AS v (steps, want);

-- Other terms, other grace; a promise that waits for a human has no clock to stop.
SELECT is(story(new_promise(kind, '10 days', due * interval '1 day', longest::interval), steps),
	want, format('due %s, longest pause %s, %s: %s', due, longest, kind, steps))
FROM (VALUES
	(NULL, '3 days', 'plain', 'pause bot 8', 'open, due +, refused TL001'),
	(4, NULL, 'plain', 'pause bot 8', 'open, due +0, refused TL001'),
	(4, '0', 'plain', 'pause bot 8', 'open, due +0, refused TL001'),
	(4, '1 us', 'plain', 'pause bot 8', 'open, due +0, from 8 to 8'),
	(4, '1 day 12:00', 'plain', 'pause bot 8, resume bot 0', 'open, due +1.5'),
	(-4, '36500 days', 'plain', 'pause bot 8, resume bot 0', 'open, due +8'),
	(4, '36525 days', 'plain', 'pause bot 8', 'open, due +36525, from 8 to -36517'),
	-- a grace period does not allow a pause, and moves with due
	(4, '3 days', 'free', 'pause bot 3.9', 'open, due +0, refused TL001'),
	(4, '3 days', 'free', 'pause bot 8, resume bot 6.5', 'open, due +1.5'),
	(4, '3 days', 'free', 'pause bot 8', 'open, due +3, from 8 to 5'),
	(4, '3 days', 'guarded', 'pause bot 8', 'proposed, due +0, refused TL001'),
	(4, '3 days', 'guarded', 'back anna 9, pause bot 8, resume bot 6', 'open, due +2'),
	-- without its backing while it is paused, it can be resumed, and due is where it was
	(4, '3 days', 'guarded', 'back anna 9, pause bot 8, unback anna 7',
		'proposed, due +3, from 8 to 5'),
	(4, '3 days', 'guarded', 'back anna 9, pause bot 8, unback anna 7, resume bot 6.5',
		'proposed, due +1.5'),
	(4, '3 days', 'guarded', 'back anna 9, pause bot 8, unback anna 7, pause bot 6.5',
		'proposed, due +3, from 8 to 5, refused TL001'),
	(4, '3 days', 'guarded', 'back anna 9, pause bot 8, unback anna 7, resume bot 7, pause bot 6.5',
		'proposed, due +1, refused TL001'),
	(4, '3 days', 'guarded',
		'back anna 9, pause bot 8, unback anna 7, decline anna 7, resume bot 6',
		'proposed, due +2'),
	(4, '3 days', 'guarded', 'back anna 9, pause bot 8, unback anna 7, back anna 6',
		'open, due +3, from 8 to 5'),
	(4, '3 days', 'guarded',
		'back anna 9, pause bot 8, unback anna 7, amend bot 6.9, resume bot 6, amend bot 5',
		'proposed, due +2, refused TL001'),
	(4, '3 days', 'guarded', 'back anna 9, pause bot 8, unback anna 7, withdraw bot 6',
		'withdrawn, due +3')) AS v (due, longest, kind, steps, want);

SELECT throws_ok(format('SELECT new_promise(''plain'', due_ago => ''4 days'', longest_pause => %L)',
	longest), '22023', NULL, format('no longest pause: %s', longest))
FROM (VALUES ('1 month'), ('-1 day'), ('1 year'), ('36526 days'), ('1 day -01:00')) AS v (longest);

-- ---- in time, or not ----

-- The due time as the pause moved it decides what is withdrawn, released or admitted in time. First
-- due four days ago; the pause began five days ago, and lasts two days or ten.
SELECT is(story(new_promise(kind, '10 days', '4 days', longest::interval), steps),
	want, format('%s of pause, %s: %s', longest, kind, steps))
FROM (VALUES
	('2 days', 'plain', 'withdraw bot 3', 'broken, due +0'),
	('2 days', 'plain', 'pause bot 5, withdraw bot 4.5', 'withdrawn, due +2'),
	('2 days', 'plain', 'pause bot 5, withdraw bot 3.5', 'withdrawn, due +2'),
	('2 days', 'plain', 'pause bot 5, withdraw bot 2', 'withdrawn, due +2'),
	('2 days', 'plain', 'pause bot 5, withdraw bot 1.9', 'broken, due +2'),
	('2 days', 'plain', 'pause bot 5, withdraw bot 0', 'broken, due +2'),
	('2 days', 'plain', 'pause bot 5, resume bot 4.5, withdraw bot 3.4', 'broken, due +0.5'),
	('2 days', 'plain', 'pause bot 5, resume bot 4.5, withdraw bot 3.6', 'withdrawn, due +0.5'),
	('10 days', 'plain', 'pause bot 5, withdraw bot 0', 'withdrawn, due +10'),
	('10 days', 'plain', 'pause bot 5, resume bot 0, withdraw bot 0', 'withdrawn, due +5'),
	('10 days', 'plain', 'accept carl 6, pause bot 5, withdraw bot 0', 'broken, due +10'),
	('10 days', 'plain', 'pause bot 5, accept carl 1, withdraw bot 0', 'broken, due +10'),
	('2 days', 'plain', 'pause bot 5, admit bot 2', 'broken, due +2'),
	('2 days', 'plain', 'pause bot 5, admit bot 1.9', 'open, due +2, from 5 to 3, refused TL001'),
	('10 days', 'plain', 'pause bot 5, admit bot 0', 'broken, due +10'),
	('2 days', 'plain', 'pause bot 5, relay bot 3', 'released, due +2'),
	('2 days', 'plain', 'pause bot 5, relay bot 1.9', 'open, due +2, from 5 to 3'),
	('2 days', 'plain', 'pause bot 5, release carl 0', 'released, due +2'),
	('10 days', 'guarded', 'back anna 9, pause bot 5, unback anna 0',
		'proposed, due +10, from 5 to -5'),
	('2 days', 'guarded', 'back anna 9, pause bot 5, unback anna 3',
		'proposed, due +2, from 5 to 3'),
	('2 days', 'guarded', 'back anna 9, pause bot 5, unback anna 1', 'open, due +2, from 5 to 3'),
	('2 days', 'guarded', 'back anna 9, pause bot 5, unback anna 4.5, withdraw bot 2.5',
		'withdrawn, due +2'),
	('2 days', 'guarded', 'back anna 9, pause bot 5, unback anna 4.5, withdraw bot 0',
		'broken, due +2')) AS v (longest, kind, steps, want);

-- A pause cannot move due beyond a hundred years, which is the limit of due itself.
SELECT is(sqlstate_of(format('SELECT trust_ledger.pause_promise(%L, actor => ''bot'')',
	new_promise('plain', '10 days', -due * interval '1 day', longest::interval))),
	want, format('due in %s days, longest pause %s', due, longest))
FROM (VALUES (36500, '24 days', 'ok'), (36500, '26 days', '22008'), (1, '36523 days', 'ok'),
	(1, '36525 days', '22008'), (36525, '1 s', '22008')) AS v (due, longest, want);

-- Pauses go by the ledger's clock, whatever occurred_at is; only backfilled ones go by their own.
-- Made three days ago, due in hours before now, ten days of pause.
CREATE FUNCTION paused_at(login text, due_hours numeric, paused_hours numeric,
	resumed_hours numeric) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := new_promise('plain', '3 days', due_hours * interval '1 hour', '10 days');
	answers text := state_after(login, id,
		format('pause_promise($1, actor => ''bot'', occurred_at => now() - interval ''%s hours'')',
		paused_hours));
BEGIN
	IF resumed_hours IS NOT NULL THEN
		answers := concat_ws(' ', answers, state_after(login, id,
			format('resume_promise($1, actor => ''bot'', occurred_at => now() - interval ''%s '
			'hours'')', resumed_hours)));
	END IF;
	-- what is recorded now happened some moments after this transaction began
	RETURN concat_ws(', ', answers,
		(SELECT format('due +%s hours', round(extract(epoch FROM due - first_due) / 3600,
		1)::float8)
		|| CASE WHEN paused_at IS NULL THEN '' ELSE format(', from %s',
			abs(round(extract(epoch FROM now() - paused_at) / 3600, 1))::float8) END
			FROM trust.promise WHERE promise = id));
END
$$;
SELECT is(paused_at(login, due, paused, resumed),
	want, format('%s says: paused %s hours ago, resumed %s; due %s hours ago', login, paused,
	coalesce(resumed::text, 'not'), due))
FROM (VALUES
	('app', 10, 20, NULL, 'TL001, due +0 hours'),
	('importer', 10, 20, NULL, 'TL001, due +0 hours'),
	('importer', 10, 30, NULL, 'open, due +240 hours, from 30'),
	('app', 10, 30, NULL, 'TL004, due +0 hours'),
	('app', -10, 20, NULL, 'open, due +240 hours, from 0'),
	('importer', -10, 20, NULL, 'open, due +240 hours, from 0'),
	('importer', -10, 30, NULL, 'open, due +240 hours, from 30'),
	-- the pause ends by the same clock: an earlier occurred_at changes nothing
	('importer', 10, 48, 20, 'open open, due +48 hours'),
	('importer', 10, 48, 30, 'open open, due +18 hours'),
	('importer', 10, 48, 0, 'open open, due +48 hours'),
	('app', -10, 20, 20, 'open open, due +0 hours'),
	('app', -10, 20, 10, 'open open, due +0 hours')) AS v (login, due, paused, resumed, want);

-- ---- what is overdue, at any time ----

-- In plain SQL: each pause counts as long as it lasted by then, and one that is not over counts as
-- long as it can last.
CREATE FUNCTION overdue(first_due timestamptz, grace interval, longest interval,
	starts timestamptz[], ends timestamptz[], at timestamptz) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
	gained interval := '0';
BEGIN
	FOR i IN 1 .. cardinality(starts) LOOP
		EXIT WHEN starts[i] > at;
		gained := gained + CASE WHEN ends[i] <= at THEN least(ends[i] - starts[i], longest - gained)
			ELSE longest - gained END;
	END LOOP;
	RETURN at > first_due + gained + grace;
END
$$;

CREATE TABLE paused (nr int, customer text, promise uuid, first_due timestamptz, grace interval,
	longest interval, starts timestamptz[], ends timestamptz[]);
-- Random pauses, the last of which may not be over; in whole hours, so that some end exactly at
-- due.
CREATE FUNCTION pause_at_random(nr int) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	kind CONSTANT text := CASE WHEN nr % 3 = 0 THEN 'free' ELSE 'plain' END;
	due CONSTANT int := 12 + floor(random() * 200);
	longest CONSTANT interval := floor(random() * 100) * interval '1 hour';
	id uuid := new_promise(kind, '10 days', due / 24.0 * interval '1 day', longest,
		customer => 'random ' || nr);
	hour int := 239;	-- before now; the last day is the lag, in which the ledger's clock decides
	starts timestamptz[] := '{}';
	ends timestamptz[] := '{}';
BEGIN
	LOOP
		hour := hour - floor(random() * 60);
		EXIT WHEN hour <= 25 OR step(id, format('pause bot %s', hour / 24.0)) <> 'open';
		starts := starts || now() - hour / 24.0 * interval '1 day';
		hour := hour - floor(random() * 60);
		IF hour <= 25 OR random() < 0.1 THEN
			ends := ends || 'infinity'::timestamptz;
			EXIT;
		END IF;
		PERFORM step(id, format('resume carl %s', hour / 24.0));
		ends := ends || now() - hour / 24.0 * interval '1 day';
	END LOOP;
	INSERT INTO paused VALUES (nr, 'random ' || nr, id, now() - due / 24.0 * interval '1 day',
		CASE kind WHEN 'free' THEN interval '3 days' ELSE '0' END, longest, starts, ends);
END
$$;

CREATE TABLE seed AS SELECT random() AS seed;
SELECT setseed(seed) FROM seed \g /dev/null
SELECT trust_ledger.grant_access('postgres', 'import') \g /dev/null
BEGIN;
SELECT pause_at_random(nr) FROM generate_series(1, 60) AS nr \g /dev/null
CREATE TABLE looked AS
	SELECT p.nr, a.at, overdue(p.first_due, p.grace, p.longest, p.starts, p.ends, a.at) AS want,
		trust_ledger.broken(trust_ledger.customer_score(p.customer, a.at)) AS score,
		(SELECT string_agg(x.outcome, ' ') FROM trust_ledger.explain_trust('customer', p.customer,
			a.at) x) AS explained
	FROM paused p, LATERAL (
		SELECT now() - hours * interval '1 hour' + d AS at FROM generate_series(0, 239, 5) AS hours,
			unnest('{0,-1 us}'::interval[]) AS d
		UNION
		SELECT t + d FROM unnest(p.starts || p.ends || ARRAY[p.first_due, p.first_due + p.grace])
			AS t, unnest('{0,1 us,-1 us}'::interval[]) AS d WHERE t < now() - interval '1 s'
		UNION
		-- just where it ends by itself, and where it then is overdue
		SELECT o.overdue_at + d FROM trust.promise o, unnest('{0,1 us}'::interval[]) AS d
			WHERE o.promise = p.promise AND o.overdue_at < now() - interval '1 s') AS a;
SELECT is_empty('SELECT * FROM looked WHERE score IS DISTINCT FROM want::int::float8 OR explained '
	'IS DISTINCT FROM CASE WHEN want THEN ''overdue'' END',
	'customer_score() and explain_trust() say what was overdue at any time; seed ' || seed)
		FROM seed;
SELECT ok(count(*) FILTER (WHERE want) > 500 AND count(*) FILTER (WHERE NOT want) > 500,
	'of both kinds; seed ' || seed) FROM looked, seed GROUP BY seed;
SELECT ok(count(*) FILTER (WHERE cardinality(starts) = 0) < 30 AND count(*) FILTER
	(WHERE cardinality(starts) > 1) > 10 AND count(*) FILTER (WHERE 'infinity' = ANY (ends)) > 3,
	'once, more than once, and still; seed ' || seed) FROM paused, seed GROUP BY seed;
SELECT is_empty($$
	SELECT p.nr, t.step_until, t.overdue, t.score FROM paused p,
		trust_ledger.trust_trend('customer', '5 hours', now() - interval '10 days', now() - interval
			'1 hour', of_key => p.customer) t,
		overdue(p.first_due, p.grace, p.longest, p.starts, p.ends, t.step_until - interval '1 us')
			AS want
	WHERE (t.overdue, trust_ledger.broken(t.score)) IS DISTINCT FROM (want::int::bigint,
		want::int::float8)
$$, 'trust_trend() says what was overdue at the end of each step; seed ' || seed) FROM seed;
SELECT is_empty($$
	SELECT p.nr, c.overdue, c.due, c.overdue_at, score FROM paused p JOIN trust.current_promise c
		USING (promise), trust_ledger.customer_score(p.customer) AS score,
		overdue(p.first_due, p.grace, p.longest, p.starts, p.ends, now()) AS want
	WHERE (c.overdue, trust_ledger.broken(score)) IS DISTINCT FROM (want, want::int::float8)
$$, 'so do current_promise and the score of now; seed ' || seed) FROM seed;
SELECT is_empty($$
	SELECT p.nr FROM paused p JOIN trust.promise t USING (promise)
	WHERE t.paused_for > p.longest OR t.paused_for < '0' OR t.paused_for <> t.due - t.first_due
		OR t.due_moves <> 0 OR t.first_due <> p.first_due
		OR (t.paused_at IS NOT NULL) <> (p.ends[cardinality(p.ends)] IS NOT DISTINCT
			FROM 'infinity'::timestamptz)
$$, 'never paused for longer than the terms allow; seed ' || seed) FROM seed;
COMMIT;

-- By known_at: a pause that was entered late was not known before.
SELECT story(new_promise('plain', '10 days', '4 days', '3 days', customer => 'late'),
	'pause bot 8') \g /dev/null
SELECT is(trust_ledger.broken(trust_ledger.customer_score('late', recorded_at - interval '1 day' *
	v.ago, CASE v.known WHEN 'before' THEN recorded_at - interval '1 us' ELSE recorded_at END)),
	v.want, format('as of %s days ago, by what was known %s a pause was entered', v.ago, v.known))
FROM trust.entry, (VALUES (3, 'before', 1::float8), (3, 'when', 0), (0.5, 'before', 1),
	(0.5, 'when', 1)) AS v (ago, known, want) WHERE customer = 'late' AND event = 'paused';

-- ---- what the entries say ----

CREATE FUNCTION told_by_entries() RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := new_promise('free', '10 days', '4 days', '3 days');
BEGIN
	PERFORM trust_ledger.pause_promise(id, 'They are away.', actor => 'bot', occurred_at => now() -
		interval '8 days', context => '{"from": "mail"}');
	PERFORM trust_ledger.resume_promise(id, 'They are back.', actor => 'carl', occurred_at => now()
		- interval '7 days');
	PERFORM trust_ledger.pause_promise(id, actor => 'bot', occurred_at => now() - interval
		'6 days');
	RETURN QUERY SELECT concat_ws(', ', e.event, e.state, e.actor, days(now() - e.due),
		days(e.overdue_at - e.due), e.note, e.context,
			num_nonnulls(e.words, e.longest_pause, e.promiser, e.backer, e.stands, e.verdict,
				e.weight_kept, e.relayed, e.accepted, e.refers_to)) FROM trust.entry e
				WHERE e.promise = id ORDER BY seq OFFSET 1;
	RETURN QUERY SELECT concat_ws(', ', h.event, position('due ' || e.due::text in h.description)
		> 0, h.description ~ 'paused the promise', h.description ~ 'resumed the promise',
			substring(h.description FROM 'They are \w+')) FROM trust_ledger.history(id) h
				JOIN trust.entry e ON e.customer = 'c' AND e.seq = h.seq ORDER BY h.seq OFFSET 1;
END
$$;
SELECT results_eq('SELECT told_by_entries()', ARRAY[
	'paused, open, bot, 1, 3, They are away., {"from": "mail"}, 0',
	'resumed, open, carl, 3, 3, They are back., 0',
	'paused, open, bot, 1, 3, 0',
	'paused, t, t, f, They are away', 'resumed, t, f, t, They are back', 'paused, t, t, f'],
		'the entries of pauses, and the history in words');

-- ---- rights ----

-- A promise that the call could be about.
CREATE FUNCTION ready(function text) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := new_promise('plain', due_ago => '-1 day', longest_pause => '3 days');
BEGIN
	IF function = 'resume_promise' THEN
		PERFORM trust_ledger.pause_promise(id, actor => 'bot');
	END IF;
	RETURN id;
END
$$;
SELECT is(state_after(login, ready(function), call), want, format('%s: %s', login, call))
FROM (VALUES ('pause_promise'), ('resume_promise')) AS f (function),
	(VALUES
		('app', '%s($1, actor => ''bot'')', 'open'),
		('app', '%s(NULL, actor => ''bot'')', '22004'),
		('app', '%s(gen_random_uuid(), actor => ''bot'')', 'P0002'),
		('app', '%s($1, customer => ''other'', actor => ''bot'')', 'P0002'),
		('app', '%s($1)', 'TL003'),
		('app', '%s($1, '''', actor => ''bot'')', '22023'),
		('reader', '%s($1, actor => ''bot'')', 'TL004'),
		('outsider', '%s($1, actor => ''bot'')', 'TL004')) AS v (login, template, want),
	LATERAL format(template, function) AS call;

-- The same call under the same key gets the same receipt; another call is refused.
CREATE FUNCTION again() RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := new_promise('plain', due_ago => '-1 day', longest_pause => '3 days');
	first trust_ledger.receipt;
BEGIN
	first := trust_ledger.pause_promise(id, 'w', actor => 'bot', idempotency_key => 'p');
	RETURN NEXT trust_ledger.pause_promise(id, 'w', actor => 'bot', idempotency_key => 'p') = first;
	RETURN NEXT state_after('app', id,
		'pause_promise($1, ''x'', actor => ''bot'', idempotency_key => ''p'')');
	RETURN NEXT state_after('app', id,
		'resume_promise($1, ''w'', actor => ''bot'', idempotency_key => ''p'')');
	first := trust_ledger.resume_promise(id, actor => 'bot', idempotency_key => 'r');
	RETURN NEXT trust_ledger.resume_promise(id, actor => 'bot', idempotency_key => 'r') = first;
	RETURN NEXT state_after('app', id,
		'resume_promise($1, actor => ''carl'', idempotency_key => ''r'')');
	RETURN NEXT (trust_ledger.pause_promise(id, 'w', actor => 'bot', idempotency_key => 'p')).seq
		= (SELECT seq FROM trust.entry WHERE promise = id AND event = 'paused');
	RETURN NEXT (SELECT string_agg(event, ' ' ORDER BY seq) FROM trust.entry WHERE promise = id);
END
$$;
SELECT results_eq('SELECT again()', ARRAY['true', 'TL005', 'TL005', 'true', 'TL005', 'true',
	'made paused resumed'], 'the same call again');

-- The error names a promise that was tampered with, and nothing is computed from what is missing.
CREATE FUNCTION tampered(missing text, paused boolean) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := new_promise('plain', due_ago => '-1 day', longest_pause => '3 days');
BEGIN
	IF paused THEN
		PERFORM trust_ledger.pause_promise(id, actor => 'bot');
	END IF;
	ALTER TABLE trust.promise DISABLE TRIGGER ALL;
	ALTER TABLE trust.promise ALTER COLUMN paused_for DROP NOT NULL;
	EXECUTE format('UPDATE trust.promise SET %I = NULL WHERE promise = $1', missing) USING id;
	EXECUTE format('SELECT FROM trust_ledger.%s($1, actor => ''bot'')', CASE WHEN paused
		THEN 'resume_promise' ELSE 'pause_promise' END) USING id;
	RETURN 'written';
EXCEPTION
	WHEN OTHERS THEN RETURN SQLSTATE || ' ' || regexp_replace(SQLERRM, '[0-9a-f-]{36}', 'P');
END
$$;
SELECT is(tampered(missing, paused), 'TL006 promise P has lost its ' || missing,
	format('%s without %s', CASE WHEN paused THEN 'resumed' ELSE 'paused' END, missing))
FROM (VALUES ('paused_for', false), ('overdue_at', false), ('paused_until', true),
	('due', true)) AS v (missing, paused);

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and all of it verifies');
SELECT * FROM finish();
