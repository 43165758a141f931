-- Accepting, withdrawing and releasing: who can do it, the state that follows, and the weights.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(114);

CREATE ROLE app LOGIN;
CREATE ROLE importer LOGIN;
CREATE ROLE login_portal LOGIN;

DO $$
BEGIN
	PERFORM trust_ledger.create_ledger();
	PERFORM trust_ledger.grant_access(role, 'application') FROM unnest('{app,login_portal}'::text[])
		AS role;
	PERFORM trust_ledger.grant_access('importer', 'import');
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('rita', 'human');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('sys', 'system', responsible => 'anna');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'anna',
		speaks_for => 'record');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.register_actor('cai', 'ai', responsible => 'carl', model => 'm-2',
		speaks_for => 'customer', customer => 'c');
	PERFORM trust_ledger.register_actor('otto', 'human', speaks_for => 'customer',
		customer => 'other');
	PERFORM trust_ledger.register_actor('otto_c', 'human', speaks_for => 'customer',
		customer => 'C');
	PERFORM trust_ledger.register_actor('portal', 'system', responsible => 'anna',
		speaks_for => 'customer', db_role => 'login_portal');
	PERFORM trust_ledger.register_actor('gone', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.retire_actor('gone');
	PERFORM trust_ledger.set_policy('guarded', kind => 'guarded', evidence => 'asserted',
		grace => '2 hours');
	PERFORM trust_ledger.set_policy('free', kind => 'free', grace => '3 days');
	PERFORM trust_ledger.set_ledger(weights => '{"kept": [1000, 0], "kept_by_company": [500, 0], '
		'"partly_kept": [400, 600],
		"repaired": [250, 750], "admitted": [0, 750], "broken": [0, 990]}');
END
$$;


\ir ../../helpers/calls.sql
\ir ../../helpers/promises.sql

-- How the promise ended: its state, the verdict with whose word it is and its weights, and the
-- event that ended it.
CREATE FUNCTION ended(of_promise uuid) RETURNS text
LANGUAGE sql AS $$
	SELECT concat_ws(', ', state,
		CASE WHEN outcome IS NOT NULL THEN format('%s says %s, %s, %s/%s', whose_word || CASE
			WHEN relayed THEN ' relayed' ELSE '' END, outcome, verdict_evidence, weight_kept,
			weight_broken) END,
		'by ' || settled_by, 'accepted' || left(accepted_at::text, 0), 'backed by ' || backer)
	FROM trust.promise WHERE promise = of_promise
$$;

-- ---- rights ----

SELECT is(state_after(login, new_promise('free', '0'), format('%s_promise($1%s)', call, CASE
	WHEN actor <> '' THEN format(', actor => %L', actor) END)), want,
	format('%s, from %s, actor %s', call, login, coalesce(nullif(actor, ''), 'left out')))
FROM (VALUES
--   login, actor            accept    withdraw     release
	('app', 'anna',          'TL003', 'withdrawn', 'TL003'),
	('app', 'bot',           'TL003', 'withdrawn', 'TL003'),
	('app', 'sys',           'TL003', 'withdrawn', 'TL003'),
	('app', 'crm',           'TL003', 'TL003',     'TL003'),
	('app', 'carl',          'open',  'TL003',     'released'),
	('app', 'cai',           'open',  'TL003',     'released'),
	('app', 'otto',          'TL003', 'TL003',     'TL003'),
	('app', 'otto_c',        'TL003', 'TL003',     'TL003'),
	('app', 'gone',          'TL003', 'TL003',     'TL003'),
	('app', 'nobody',        '42704', '42704',     '42704'),
	('app', '',              'TL003', 'TL003',     'TL003'),
	('app', 'portal',        'TL003', 'TL003',     'TL003'),
	('postgres', 'portal',   'TL003', 'TL003',     'TL003'),
	('login_portal', '',     'open',  'TL003',     'released'),
	('login_portal', 'anna', 'TL003', 'TL003',     'TL003'),
	('login_portal', 'carl', 'TL003', 'TL003',     'TL003')) AS v (login, actor, accepts, withdraws,
		releases),
	unnest('{accept,withdraw,release}'::text[], ARRAY[accepts, withdraws, releases]) AS u
		(call, want);

-- An actor bound to another customer is refused, whatever customer the call names.
SELECT is(state_after('app', new_promise('free', '0'),
	format('accept_promise($1, customer => %L, actor => ''otto'')', customer)),
	want, format('bound to another customer, who is said to be %s', customer))
FROM (VALUES ('c', 'TL003'), ('other', 'P0002')) AS v (customer, want);

-- ---- accepting ----

CREATE FUNCTION story(args text, calls text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid;
	call text;
	got text;
	refused text[];
BEGIN
	EXECUTE 'SELECT new_promise(' || args || ')' INTO id;
	FOREACH call IN ARRAY regexp_split_to_array(calls, ';\s+') LOOP
		got := state_after('postgres', id, call);
		IF got <> (SELECT state FROM trust.promise WHERE promise = id) THEN
			refused := refused || got;
		END IF;
	END LOOP;
	RETURN concat_ws(', ', ended(id), 'refused ' || array_to_string(refused, ' '));
END
$$;

SELECT is(story(args, calls), want, what)
FROM (VALUES
	('accepted before anybody backed it, it counts as open, unbacked', '''guarded'', ''0''',
		$$accept_promise($1, actor => 'carl')$$, 'open, accepted'),
	('accepted with its backer', '''guarded'', ''0'', backed_by => ''anna''',
		$$accept_promise($1, actor => 'carl')$$, 'open, accepted, backed by anna'),
	('accepted when past due', '''guarded'', ''10 days'', ''5 days''',
		$$accept_promise($1, actor => 'carl')$$, 'open, accepted'),
	('accepted once only', '''guarded'', ''0''',
		$$accept_promise($1, actor => 'carl'); accept_promise($1, actor => 'cai')$$,
			'open, accepted, refused TL001'),
	('an acceptance survives an amendment', '''guarded'', ''0'', accepted_by => ''carl''',
		$$amend_promise($1, 'x', actor => 'carl'); accept_promise($1, actor => 'carl'); $$ ||
			$$withdraw_promise($1, actor => 'bot')$$,
		'broken, company says broken, asserted, 0/990, by withdrawn, accepted, refused TL001'),
	('accepted and unbacked, a verdict counts', '''guarded'', ''0'', accepted_by => ''carl''',
		$$assess_promise($1, 'broken', actor => 'carl')$$,
			'broken, customer says broken, asserted, 0/990, by assessed, accepted'),
	-- releasing: no verdict, no weight
	('released', '''free'', ''0''',
		$$release_promise($1, actor => 'carl')$$, 'released, by released'),
	('released when past due', '''free'', ''10 days'', ''5 days''',
		$$release_promise($1, actor => 'carl')$$, 'released, by released'),
	('released after acceptance, its backer still named',
		'''guarded'', ''0'', backed_by => ''anna'', accepted_by => ''carl''',
		$$release_promise($1, actor => 'carl')$$,
			'released, by released, accepted, backed by anna'),
	('what nobody backed or accepted cannot be released', '''guarded'', ''0''',
		$$release_promise($1, actor => 'carl')$$, 'proposed, refused TL001'),
	('no verdict after a release', '''free'', ''0''',
		$$release_promise($1, actor => 'carl'); assess_promise($1, 'kept', actor => 'carl')$$,
			'released, by released, refused TL001'),
	('no release after a verdict', '''free'', ''0''',
		$$assess_promise($1, 'broken', actor => 'anna'); release_promise($1, actor => 'carl')$$,
		'broken, company says broken, asserted, 0/990, by assessed, refused TL001'),
	-- withdrawing: in time it is gone, late it is broken
	('withdrawn in time', '''free'', ''0''',
		$$withdraw_promise($1, actor => 'anna')$$, 'withdrawn, by withdrawn'),
	('withdrawn in time, with a due time', '''free'', ''1 hour'', ''-1 day''',
		$$withdraw_promise($1, actor => 'bot')$$, 'withdrawn, by withdrawn'),
	('withdrawn before anybody backed it', '''guarded'', ''0''',
		$$withdraw_promise($1, actor => 'bot')$$, 'withdrawn, by withdrawn'),
	('withdrawn before anybody backed it, past due', '''guarded'', ''10 days'', ''5 days''',
		$$withdraw_promise($1, actor => 'bot')$$, 'withdrawn, by withdrawn'),
	('withdrawn after acceptance', '''free'', ''0'', accepted_by => ''carl''',
		$$withdraw_promise($1, actor => 'bot')$$,
			'broken, company says broken, asserted, 0/990, by withdrawn, accepted'),
	('withdrawn past due', '''free'', ''10 days'', ''5 days''',
		$$withdraw_promise($1, actor => 'bot')$$,
			'broken, company says broken, asserted, 0/990, by withdrawn'),
	('withdrawn past due, within the grace', '''free'', ''10 days'', ''1 hour''',
		$$withdraw_promise($1, actor => 'bot')$$,
			'broken, company says broken, asserted, 0/990, by withdrawn'),
	('withdrawn past due, its backing taken back late',
		'''guarded'', ''10 days'', ''5 days'', backed_by => ''anna''',
		$$withdraw_backing($1, actor => 'anna'); withdraw_promise($1, actor => 'bot')$$,
		'broken, company says broken, asserted, 0/990, by withdrawn'),
	('withdrawn late: a higher word replaces the verdict, not how it ended',
		'''free'', ''0'', accepted_by => ''carl''',
		$$withdraw_promise($1, actor => 'bot'); assess_promise($1, 'partly_kept', $$ ||
			$$actor => 'carl')$$,
		'partly_kept, customer says partly_kept, asserted, 400/600, by withdrawn, accepted'),
	('withdrawn late: a record''s word too', '''free'', ''0'', accepted_by => ''carl''',
		$$withdraw_promise($1, actor => 'bot'); assess_promise($1, 'kept', actor => 'crm')$$,
		'kept, record says kept, asserted, 1000/0, by withdrawn, accepted'),
	('withdrawn late: the company does not talk it away, by itself or by relaying',
		'''free'', ''10 days'', ''5 days''',
		$$withdraw_promise($1, actor => 'bot'); assess_promise($1, 'kept', actor => 'anna');
			assess_promise($1, 'partly_kept', actor => 'anna');
			assess_promise($1, 'kept', true, actor => 'rita');
			assess_promise($1, 'kept', actor => 'anna',
				occurred_at => now() - interval '6 days')$$,
		'broken, company says broken, asserted, 0/990, by withdrawn'),
	('withdrawn late: what the customer says of it stands over what the company does',
		'''free'', ''10 days'', ''5 days''',
		$$withdraw_promise($1, actor => 'bot'); assess_promise($1, 'kept', actor => 'carl'); $$ ||
			$$assess_promise($1, 'broken', actor => 'anna')$$,
		'kept, customer says kept, asserted, 1000/0, by withdrawn'),
	('withdrawn late: a complaint that the company relays',
		'''free'', ''0'', accepted_by => ''carl''',
		$$withdraw_promise($1, actor => 'bot'); assess_promise($1, 'broken', true, $$ ||
			$$actor => 'anna'); assess_promise($1, 'kept', actor => 'rita')$$,
		'broken, customer relayed says broken, asserted, 0/990, by withdrawn, accepted'),
	('a verdict of the company''s, as against a withdrawal, the company may revise',
		'''free'', ''0''',
		$$assess_promise($1, 'broken', actor => 'anna'); assess_promise($1, 'kept', $$ ||
			$$actor => 'anna')$$,
		'kept, company says kept, asserted, 500/0, by assessed'),
	('withdrawn twice', '''free'', ''0''',
		$$withdraw_promise($1, actor => 'bot'); withdraw_promise($1, actor => 'bot')$$,
			'withdrawn, by withdrawn, refused TL001'),
	('withdrawing what was broken is no way out', '''free'', ''0''',
		$$assess_promise($1, 'broken', actor => 'anna'); withdraw_promise($1, actor => 'bot')$$,
		'broken, company says broken, asserted, 0/990, by assessed, refused TL001')) AS v (what,
			args, calls, want);

-- ---- a promise that went back to proposed stays overdue ----

-- A promise that was open and went back to proposed before due does not evade the score: past due
-- it is overdue, and withdrawing it breaks it. Made 10 days ago, due 5 days ago by default; calls
-- are in days before now.
CREATE FUNCTION proposed_again(calls text, due interval DEFAULT '5 days') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := new_promise('guarded', '10 days', due);
	call text;
	seen text;
	ends text[];
BEGIN
	FOREACH call IN ARRAY regexp_split_to_array(calls, ', ') LOOP
		EXECUTE format('SELECT FROM trust_ledger.%s, actor => %L, occurred_at => now() - $2)',
			CASE split_part(call, ' ', 1) WHEN 'back' THEN 'back_promise($1' WHEN 'unback'
				THEN 'withdraw_backing($1' WHEN 'accept' THEN 'accept_promise($1'
				WHEN 'amend' THEN 'amend_promise($1, ''We come at ' || call || '.''' END,
					split_part(call, ' ', 2))
		USING id, split_part(call, ' ', 3)::int * interval '1 day';
	END LOOP;
	SELECT concat_ws(' ', state, CASE WHEN overdue THEN 'overdue' END) INTO seen
		FROM trust.current_promise WHERE promise = id;
	-- withdrawn now; or, backfilled, long ago
	FOREACH call IN ARRAY '{0 days,4 days,6 days}'::text[] LOOP
		BEGIN
			ends := ends || (trust_ledger.withdraw_promise(id, actor => 'bot', occurred_at => now()
				- call::interval)).state;
			RAISE SQLSTATE 'TAKEN';
		EXCEPTION WHEN SQLSTATE 'TAKEN' THEN
		END;
	END LOOP;
	RETURN format('%s; withdrawn %s', seen, array_to_string(ends, ', '));
END
$$;
SELECT is(proposed_again(calls, due::interval), want, format('due %s ago: %s', due, calls))
FROM (VALUES
	('5 days', 'back anna 9', 'open overdue; withdrawn broken, broken, withdrawn'),
	('5 days', 'back anna 9, unback anna 8',
		'proposed overdue; withdrawn broken, broken, withdrawn'),
	('5 days', 'back anna 9, amend bot 8', 'proposed overdue; withdrawn broken, broken, withdrawn'),
	('5 days', 'back anna 9, amend bot 8, amend bot 7',
		'proposed overdue; withdrawn broken, broken, withdrawn'),
	('5 days', 'back anna 9, unback anna 8, back anna 7, unback anna 7',
		'proposed overdue; withdrawn broken, broken, withdrawn'),
	('5 days', 'back anna 9, unback anna 4', 'open overdue; withdrawn broken, broken, withdrawn'),
	('5 days', 'back anna 9, unback anna 8, accept carl 0',
		'open overdue; withdrawn broken, broken, broken'),
	('5 days', 'accept carl 9', 'open overdue; withdrawn broken, broken, broken'),
	-- never open: nobody was bound, and nothing is overdue
	('5 days', 'amend bot 8', 'proposed; withdrawn withdrawn, withdrawn, withdrawn'),
	-- in time, or within the grace
	('-1 day', 'back anna 9, unback anna 8', 'proposed; withdrawn withdrawn, withdrawn, withdrawn'),
	('-1 day', 'back anna 9', 'open; withdrawn withdrawn, withdrawn, withdrawn'),
	('-1 day', 'back anna 9, accept carl 8', 'open; withdrawn broken, broken, broken'),
	('1 hour', 'back anna 9, amend bot 8', 'proposed; withdrawn broken, withdrawn, withdrawn')) AS v
		(due, calls, want);

-- ---- in time by whose clock ----

-- By the ledger's, whatever occurred_at is; only backfilled acts go by their own.
SELECT is(state_after(login, new_promise('free', made::interval, due::interval),
	format('withdraw_promise($1, actor => ''bot'', occurred_at => now() - interval %L)', ago)),
	want,
	format('made %s ago, due %s ago, %s says it was withdrawn %s ago', made, due, login, ago))
FROM (VALUES
	('2 days', '10 hours', 'app', '15 hours', 'broken'),
	('2 days', '10 hours', 'importer', '15 hours', 'broken'),
	('2 days', '10 hours', 'importer', '30 hours', 'withdrawn'),
	('20 hours', '-1 hour', 'app', '15 hours', 'withdrawn'),
	('10 days', '5 days', 'app', '7 days', 'TL004'),
	('10 days', '5 days', 'app', '23 hours', 'broken'),
	('10 days', '5 days', 'importer', '7 days', 'withdrawn'),
	('10 days', '5 days', 'importer', '4 days', 'broken'),
	('10 days', '5 days', 'importer', '10 days', 'withdrawn'),
	('10 days', '5 days', 'importer', '11 days', '22008'),
	('10 days', '5 days', 'importer', '-1 hour', '22008')) AS v (made, due, login, ago, want);

-- An accepted promise stays accepted, however early the withdrawal is said to have occurred.
SELECT is(state_after('importer', new_promise('free', '10 days', '5 days', accepted_by => 'carl'),
	$$withdraw_promise($1, actor => 'bot', occurred_at => now() - interval '9 days')$$),
	'broken', 'a withdrawal entered as if it had been before the acceptance');

-- ---- what the entries say ----

CREATE FUNCTION entries(calls text) RETURNS SETOF jsonb
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := new_promise('free', '10 days', '5 days');
	call text;
BEGIN
	FOREACH call IN ARRAY regexp_split_to_array(calls, '; ') LOOP
		EXECUTE 'SELECT trust_ledger.' || call USING id;
	END LOOP;
	RETURN QUERY SELECT jsonb_strip_nulls(jsonb_build_object('event', event, 'state', state,
		'accepted', accepted, 'terms', refers_to - first_value(seq) OVER w,
			'verdict', verdict, 'word', whose_word, 'stands', stands, 'kept', weight_kept, 'broken',
				weight_broken, 'note', note, 'context', context,
			'settled', (SELECT p.settled_at = e.occurred_at FROM trust.promise p
				WHERE p.promise = id AND event IN ('withdrawn', 'released')),
			'accepted_at', (SELECT CASE p.accepted_at WHEN e.recorded_at THEN 'recorded'
				WHEN e.occurred_at THEN 'occurred' END FROM trust.promise p WHERE p.promise = id
				AND event = 'accepted')))
		FROM trust.entry e WHERE promise = id WINDOW w AS (ORDER BY seq) ORDER BY seq OFFSET 1;
END
$$;
SELECT results_eq(format('SELECT entries(%L)', calls), format('SELECT unnest(%L::jsonb[])', want),
	what)
FROM (VALUES
	('the entries of a late withdrawal',
		$$accept_promise($1, actor => 'carl', context => '{"from": "mail"}', $$ ||
		$$occurred_at => now() - interval '20 hours'); withdraw_promise($1, 'no stock', $$ ||
		$$actor => 'bot')$$,
		ARRAY['{"event": "accepted", "state": "open", "accepted": true, "terms": 0, '
			'"context": {"from": "mail"}, "accepted_at": "recorded"}',
			'{"event": "withdrawn", "state": "broken", "verdict": "broken", "word": "company", '
				'"stands": true, "kept": 0, "broken": 990, "note": "no stock", '
				'"settled": true}']::jsonb[]),
	('the entry of a release',
		$$release_promise($1, 'found another', actor => 'carl', occurred_at => now() - $$ ||
		$$interval '3 days')$$,
		ARRAY['{"event": "released", "state": "released", "note": "found another", '
			'"settled": true}']::jsonb[]),
	('the entry of a withdrawal in time',
		$$withdraw_promise($1, 'no stock', actor => 'bot', occurred_at => now() - interval '7 $$ ||
		$$days')$$,
		ARRAY['{"event": "withdrawn", "state": "withdrawn", "note": "no stock", '
			'"settled": true}']::jsonb[]),
	('an acceptance names the terms that were accepted',
		$$amend_promise($1, 'x', actor => 'bot', occurred_at => now() - interval '8 days'); $$ ||
		$$accept_promise($1, actor => 'carl', occurred_at => now() - interval '6 days')$$,
		ARRAY['{"event": "amended", "state": "open", "accepted": false, "terms": 0, '
			'"stands": true}',
			'{"event": "accepted", "state": "open", "accepted": true, "terms": 1, "accepted_at": '
				'"occurred"}']::jsonb[])) AS v (what, calls, want);

SELECT throws_ok(format('SELECT FROM trust_ledger.%s', call), code, NULL,
	format('refused with %s: %s', code, call))
FROM (VALUES
	('accept_promise(NULL, actor => ''carl'')', '22004'),
	('withdraw_promise(NULL, actor => ''anna'')', '22004'),
	('release_promise(NULL, actor => ''carl'')', '22004'),
	('withdraw_promise(new_promise(''free''), '''', actor => ''anna'')', '22023'),
	('release_promise(new_promise(''free''), E''\u200b'', actor => ''carl'')', '22023')) AS v (call,
		code);

-- The ledger's clock decides whether a release came after due, not occurred_at.
SELECT promise AS late FROM trust_ledger.make_promise('late', 'We come.', due => clock_timestamp() +
	interval '0.2 seconds', actor => 'anna') \gset
SELECT pg_sleep(0.3) \g /dev/null
SELECT trust_ledger.release_promise(:'late', actor => 'carl', occurred_at => recorded_at)
	FROM trust.entry WHERE promise = :'late' \g /dev/null
SELECT is((SELECT row(p.settled_at = e.recorded_at, p.due < p.settled_at, (SELECT released_late
	FROM trust.customer_trust WHERE customer = 'late'))::text
	FROM trust.promise p JOIN trust.entry e USING (customer, promise) WHERE p.promise = :'late'
		AND e.event = 'released'), '(t,t,1)',
		'a release after due that is said to have been before');

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and all of it verifies');
SELECT * FROM finish();
