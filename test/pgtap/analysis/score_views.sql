-- The views of scores, with plain columns. (Random ledgers are in random_ledger_scores.sql, rights
-- in access.sql.)
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(74);

SET timezone = 'UTC';
CREATE ROLE ledger_owner;
CREATE ROLE analyst;
CREATE ROLE nobody;
SELECT format('ALTER DATABASE %I OWNER TO ledger_owner', current_database()) AS give_to_owner \gset
:give_to_owner;
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.grant_access('analyst', 'analyst') \g /dev/null
\ir ../../helpers/promise_script.sql

CREATE TABLE view AS SELECT unnest('{customer,promiser,backer,kind}'::text[]) AS by;
\ir ../../helpers/calls.sql

-- ---- columns ----

SELECT is((SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod),
	', ' ORDER BY attnum) FROM pg_attribute
		WHERE attrelid = format('trust.%s_trust', by)::regclass AND attnum > 0
			AND NOT attisdropped),
	by || ' text, score trust_ledger.trust_score, expectation double precision, lower_bound double '
		'precision, uncertainty double precision,'
		' evidence_kept double precision, evidence_broken double precision, promises bigint, '
			'proposed bigint, open bigint, overdue bigint, kept bigint,'
		' partly_kept bigint, broken bigint, released bigint, withdrawn bigint, share_backed '
			'double precision, share_asserted double precision,'
		' share_session double precision, share_passkey double precision, share_company_word '
			'double precision, withdrawn_late bigint, released_late bigint,'
		' due_moved bigint, median_time_to_keep interval, opened_late bigint, eased bigint, '
			'withdrawn_near_due bigint, remade bigint, verdict_reversed bigint, '
			'share_doubted_word double precision',
	format('%s_trust: plain types, but for the score', by)) FROM view;
SELECT is((SELECT count(*) FROM pg_attribute WHERE attrelid = v.oid AND attnum > 0
	AND col_description(v.oid, attnum) ~ '^\S.{10,}\.$'), 31::bigint,
	format('%s_trust: a comment on each column', by))
FROM view, LATERAL (SELECT format('trust.%s_trust', by)::regclass AS oid) AS v;
SELECT ok(obj_description(format('trust.%s_trust', by)::regclass) ~ '^\S.{10,}\.$',
	format('%s_trust: a comment', by)) FROM view;
SELECT is((SELECT count(DISTINCT col_description(format('trust.%s_trust', by)::regclass, a.attnum))
	FROM view JOIN pg_attribute a ON a.attrelid = format('trust.%s_trust', by)::regclass
	AND a.attnum > 1), 30::bigint,
	'columns of one name mean the same in all of them');
SELECT ok(bool_and(relowner = 'ledger_owner'::regrole AND 'security_barrier=true' = ANY
	(reloptions)), 'they are the ledger''s owner''s, and a barrier')
FROM view JOIN pg_class ON pg_class.oid = format('trust.%s_trust', by)::regclass;

-- ---- rows ----

SELECT is_empty(format('SELECT * FROM trust.%I', by || '_trust'), by || '_trust is empty at first')
	FROM view;

SELECT play(script, customer) FROM (VALUES
	('a', 'make anna 1d, kind => ''k'', due => day(''10d''); kept carl 5d'),
	('a', 'make anna 1d, kind => ''k''; kept dora 7d'),
	('a', 'make bot 1d, due => day(''10d'')'),
	('a', 'make bot 1d, due => day(''10d''); back ben 2d'),
	('a', 'make tool 1d, due => day(''10d''); withdraw anna 20d'),
	('a', 'make anna 1d, due => day(''10d''); release carl 20d'),
	('a', 'make anna 1d, due => day(''10d''); amend anna 2d, due => day(''12d''); amend anna 3d, '
		'due => day(''15d''); partly_kept desk 14d'),
	('a', 'make anna 1d; withdraw anna 2d'),
	-- a late withdrawal counts as one whatever is said since; a release in time is no late one
	('b', 'make tool 1d, kind => ''l'', due => day(''10d''); accept carl 2d; withdraw anna 3d; '
		'kept carl 9d'),
	('b', 'make anna 1d, kind => ''l'', due => day(''10d''); release carl 10d'),
	('b', 'make anna 1d, kind => ''l''; release carl 20d'),
	-- first due said late is not moved; cleared is
	('c', 'make anna 1d; amend anna 2d, due => day(''10d'')'),
	('c', 'make anna 1d, due => day(''10d''); amend anna 2d, clear => ''{due}'''),
	('c', 'make anna 1d; amend anna 2d, kind => ''m''; kept carl 3d; broken dora 4d'),
	('d', 'make bot 1d, due => day(''10d''); back ben 2d; unback ben 3d'),
	('d', 'make anna 1d; kept dora 2d; kept dora 2d_12:00, relayed => true'),
	('d', 'make anna 1d; kept dora 9d'),
	('d', 'make anna 1d; broken dora 2d'),
	('e', 'make anna 1d, kind => ''w'', due => day(''11d''); amend anna 7d, kind => ''x''; '
		'kept carl 8d'),
	('e', 'make bot 1d, promiser => ''anna'', kind => ''x'', due => day(''11d''); back dora 12d; '
		'kept carl 13d'),
	('e', 'make anna 1d, kind => ''x'', due => day(''11d''); withdraw anna 10d'),
	('e', 'make anna 9d, kind => ''x''; kept desk 10d; broken carl 11d'),
	('e', 'make anna 12d, kind => ''x''; kept carl 13d; partly_kept dora 14d'))
	AS v (customer, script) \g /dev/null
SELECT play('make anna 1d, kind => ''y''', 'e') AS doubted \gset
SELECT trust_ledger.register_actor('carla', 'human', speaks_for => 'customer') \g /dev/null
SELECT trust_ledger.assess_promise(:'doubted', 'kept', actor => 'carla',
	occurred_at => day('3d')) \g /dev/null

CREATE VIEW every AS
SELECT 'customer' AS by, customer AS key, v.* FROM trust.customer_trust v
UNION ALL SELECT 'promiser', promiser, v.* FROM trust.promiser_trust v
UNION ALL SELECT 'backer', backer, v.* FROM trust.backer_trust v
UNION ALL SELECT 'kind', kind, v.* FROM trust.kind_trust v;

-- All columns that are not 0 or NULL, from the number of promises on.
CREATE FUNCTION shows(of_view text, of_key text) RETURNS text
LANGUAGE sql AS $$
	SELECT string_agg(e.key || ' ' || e.value, ', ' ORDER BY e.nr)
	FROM every v, json_each_text(row_to_json(v)) WITH ORDINALITY AS e (key, value, nr)
	WHERE v.by = of_view AND v.key IS NOT DISTINCT FROM of_key AND e.nr > 9 AND e.value <> '0'
$$;
SELECT is(shows(view, key), want, format('%s %s', view, key))
FROM (VALUES
	('customer', 'a', 'promises 8, proposed 1, open 1, overdue 1, kept 2, partly_kept 1, broken 1, '
		'released 1, withdrawn 1, share_backed 0.75, share_asserted 0.75,'
		' share_company_word 0.5, withdrawn_late 1, released_late 1, due_moved 1, '
			'median_time_to_keep 5 days'),
	('customer', 'b',
		'promises 3, kept 1, released 2, share_backed 0.6666666666666666, share_asserted '
		'0.6666666666666666, withdrawn_late 1, median_time_to_keep 2 days, '
		'verdict_reversed 1'),
	('customer', 'c', 'promises 3, open 2, overdue 1, kept 1, share_backed 1, share_asserted 1, '
		'due_moved 1, median_time_to_keep 2 days'),
	('customer', 'd', 'promises 4, proposed 1, overdue 1, kept 2, broken 1, share_backed 0.75, '
		'share_asserted 0.75, share_company_word 1, median_time_to_keep 4 days 12:00:00'),
	('kind', 'x', 'promises 5, kept 3, broken 1, withdrawn 1, share_backed 1, share_asserted 1, '
		'median_time_to_keep 7 days, opened_late 1, eased 1, withdrawn_near_due 1, remade 1, '
		'verdict_reversed 1'),
	('kind', 'y', 'promises 1, kept 1, share_backed 1, share_asserted 1, '
		'median_time_to_keep 2 days, share_doubted_word 1'),
	('promiser', 'bot',
		'promises 3, proposed 2, open 1, overdue 2, share_backed 0.3333333333333333, '
		'share_asserted 0.3333333333333333'),
	('promiser', 'tool', 'promises 2, kept 1, broken 1, share_company_word 0.5, withdrawn_late 2, '
		'median_time_to_keep 2 days, verdict_reversed 1'),
	('promiser', 'ben', NULL),
	('backer', 'ben', 'promises 1, open 1, overdue 1, share_backed 1, share_asserted 1'),
	('backer', 'bot', NULL), ('backer', NULL, NULL),
	('kind', 'k', 'promises 2, kept 2, share_backed 1, share_asserted 1, share_company_word 0.5, '
		'median_time_to_keep 5 days'),
	('kind', 'l',
		'promises 3, kept 1, released 2, share_backed 0.6666666666666666, share_asserted '
		'0.6666666666666666, withdrawn_late 1, median_time_to_keep 2 days, '
		'verdict_reversed 1'),
	('kind', NULL, 'promises 12, proposed 2, open 3, overdue 3, kept 2, partly_kept 1, broken 2, '
		'released 1, withdrawn 1, share_backed 0.75, share_asserted 0.75,'
		' share_company_word 0.8, withdrawn_late 1, released_late 1, due_moved 2, '
			'median_time_to_keep 4 days 12:00:00')) AS v (view, key, want);

-- The score, and what is read from it.
SELECT is(count(*) FILTER (WHERE expectation = trust_ledger.expectation(score)
	AND lower_bound = trust_ledger.lower_bound(score)
	AND uncertainty = trust_ledger.uncertainty(score)
		AND evidence_kept = trust_ledger.kept(score)
			AND evidence_broken = trust_ledger.broken(score) AND trust_ledger.as_of(score) = now()
		AND expectation > 0 AND expectation < 1 AND lower_bound > 0 AND lower_bound < expectation
			AND uncertainty <= 1), count(*), by || '_trust: what is read from the score')
FROM every WHERE kept + partly_kept + broken + overdue > 0 GROUP BY by;
SELECT ok(bool_and(abs(evidence_kept - trust_ledger.kept(now)) < 1e-12
	AND abs(evidence_broken - trust_ledger.broken(now)) < 1e-12 AND trust_ledger.as_of(score)
	= trust_ledger.as_of(now)),
	by || '_trust says what the function says')
FROM every, LATERAL (SELECT CASE by WHEN 'customer' THEN trust_ledger.customer_score(key)
	ELSE trust_ledger.promiser_score(key) END) AS s (now)
WHERE by IN ('customer', 'promiser') GROUP BY by;
SELECT is(sum(promises)::int, 24, by || '_trust counts each promise once') FROM every
	WHERE by <> 'backer' GROUP BY by;
SELECT is(sum(promises), (SELECT count(backer) FROM trust.promise)::numeric,
	'backer_trust counts those that somebody backs') FROM every WHERE by = 'backer';
-- Nothing is known: no verdict and nothing overdue.
SELECT play('make anna 1d', 'unknown') \g /dev/null
SELECT is((SELECT (score::text, expectation, lower_bound, uncertainty, evidence_kept,
	evidence_broken, share_company_word, median_time_to_keep) FROM trust.customer_trust
	WHERE customer = 'unknown'),
	('empty'::text, 0.5::float8, trust_ledger.lower_bound('empty'), 1::float8, 0::float8, 0::float8,
		NULL::float8, NULL::interval), 'nothing is known');

-- ---- readers ----

SELECT is(sqlstate_of(format(call, by || '_trust', by), role),
	want, format('%s: %s', role, format(call, by || '_trust', by)))
FROM view, (VALUES ('analyst', 'SELECT * FROM trust.%I', 'ok'), ('nobody', 'SELECT * FROM trust.%I',
	'TL004'), ('nobody', 'SELECT count(*) FROM trust.%I WHERE %I = ''unknown''', 'TL004'),
	('analyst', 'INSERT INTO trust.%I (%I) VALUES (''x'')', '55000'),
	('analyst', 'UPDATE trust.%I SET %I = ''x''', '55000'),
	('ledger_owner', 'DELETE FROM trust.%I', '55000')) AS v (role, call, want);
SELECT is((SELECT count(*)::int FROM every v WHERE v::text LIKE '%We come.%'),
	0, 'no words among them');

\ir ../../helpers/plans.sql

-- One customer is found by key, also where the plan is for any customer and the reader has no
-- rights on the tables.
SET enable_seqscan = off;
SELECT matches(plan_of(query, 'analyst'),
	E'Index Scan.* on promise p\\n +Index Cond: \\(customer = ', 'by key: ' || query)
FROM unnest(ARRAY['SELECT * FROM trust.customer_trust WHERE customer = ''a''',
	'SELECT score FROM trust.customer_trust WHERE customer IN (SELECT ''a''::text)',
	'SELECT * FROM trust.customer_trust WHERE customer = ''a'' AND lower_bound > 0.5']) AS query;
RESET enable_seqscan;

-- Backed from one's own login. (This comes last: from here on this login acts as nobody else.)
SELECT trust_ledger.register_actor('sam', 'human', db_role => session_user) \g /dev/null
SELECT * FROM trust_ledger.make_promise('f', 'We come.') \g /dev/null
SELECT * FROM trust_ledger.make_promise('f', 'We come.') \g /dev/null
DO $$ BEGIN PERFORM trust_ledger.make_promise('f', 'We come.'), trust_ledger.make_promise('f',
	'We come.'), trust_ledger.make_promise('f', 'We come.', promiser => 'tool'); END $$;
SELECT is(shows(view, key), 'promises ' || n || ', open ' || n || ', share_backed ' || backed
	|| ', share_asserted ' || asserted || ', share_session ' || session, format('evidence: %s %s',
	view, key))
FROM (VALUES ('customer', 'f', 5, 0.8, 0.4, 0.4), ('backer', 'sam', 4, 1, 0.5, 0.5)) AS v (view,
	key, n, backed, asserted, session);

SELECT * FROM finish();
