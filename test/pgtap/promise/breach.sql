-- Admitting a breach and repairing it: by whose clock it is in time, over whose verdict, and with
-- what weight.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(174);

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
	PERFORM trust_ledger.register_actor('rita', 'human');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'anna',
		speaks_for => 'record');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.register_actor('otto', 'human', speaks_for => 'customer',
		customer => 'other');
	PERFORM trust_ledger.register_actor('gone', 'human');
	PERFORM trust_ledger.retire_actor('gone');
	PERFORM trust_ledger.set_policy('plain', kind => 'plain', grace => '3 days');
END
$$;

CREATE TABLE verb (verb text PRIMARY KEY, call text);
INSERT INTO verb VALUES
	('admit', 'admit_breach($1'), ('repair', 'repair_breach($1, ''We came.'''),
	('confirm', 'confirm_relayed($1'), ('confirm3', 'confirm_relayed($1, 3'),
	('kept', 'assess_promise($1, ''kept'''), ('partly', 'assess_promise($1, ''partly_kept'''),
	('broken', 'assess_promise($1, ''broken'''),
	('praise', 'assess_promise($1, ''kept'', true'),
	('complain', 'assess_promise($1, ''broken'', true'),
	('accept', 'accept_promise($1'), ('withdraw', 'withdraw_promise($1'),
	('release', 'release_promise($1'), ('note', 'add_note($1, ''A note.'''),
	('pause', 'pause_promise($1');

\ir ../../helpers/calls.sql
\ir ../../helpers/promises.sql
\ir ../../helpers/actor_login.sql

-- One step, "repair anna": the new state, or the SQLSTATE. In "repair+ anna" this session's login
-- is anna's own during the step.
CREATE FUNCTION step(of_promise uuid, step text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	said text := rtrim(split_part(step, ' ', 1), '+');
	who CONSTANT text := split_part(step, ' ', 2);
	own CONSTANT boolean := step ~ '\+';
	receipt trust_ledger.receipt;
BEGIN
	IF own THEN
		PERFORM set_login(who, 'postgres');
	END IF;
	EXECUTE format('SELECT * FROM trust_ledger.%s, actor => %L)', (SELECT call FROM verb
		WHERE verb = said), who)
	INTO STRICT receipt USING of_promise;
	IF own THEN
		PERFORM set_login(who);
	END IF;
	RETURN receipt.state;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;

-- The promise: whose word stands, its weights, what first ended it; for each verdict + if it
-- stands, - if not.
CREATE FUNCTION verdict(of_promise uuid) RETURNS text
LANGUAGE sql AS $$
	SELECT concat_ws(' ', state, whose_word, CASE WHEN relayed THEN 'relayed' END,
		CASE verdict_evidence WHEN 'session' THEN 'session' END, weight_kept || '/'
		|| weight_broken,
			'by ' || settled_by, CASE WHEN admitted_at IS NOT NULL THEN 'admitted' END, CASE
				WHEN repaired_at IS NOT NULL THEN 'repaired' END,
			'waits ' || unconfirmed, CASE WHEN outcome <> state THEN 'says ' || outcome END)
		|| coalesce((SELECT ' ' || string_agg(CASE WHEN stands THEN '+' ELSE '-' END, ''
			ORDER BY seq) FROM trust.entry e WHERE e.customer = p.customer AND e.promise = p.promise
			AND stands IS NOT NULL), '')
	FROM trust.promise p WHERE promise = of_promise
$$;

-- Each story has a customer of its own, whose chain must verify after each step.
CREATE TABLE told (customer text, promise uuid, steps text);
CREATE SEQUENCE customers;
CREATE FUNCTION story(due numeric, steps text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	of_customer CONSTANT text := 'story ' || nextval('customers');
	id CONSTANT uuid := new_promise('plain', due_ago => -due * interval '1 day',
		longest_pause => '30 days', customer => of_customer);
	one text;
	answer text;
	refused text;
	wrong text;
BEGIN
	INSERT INTO told VALUES (of_customer, id, steps);
	FOREACH one IN ARRAY regexp_split_to_array(steps, ', ') LOOP
		answer := step(id, one);
		IF answer ~ '[0-9]' THEN
			refused := concat_ws(' ', refused, answer);
		END IF;
		SELECT concat_ws(' ', wrong, string_agg(format('%s: %s %s', one, v.field, v.problem), '; '))
			INTO wrong FROM trust_ledger.verify(of_customer) v;
	END LOOP;
	RETURN concat_ws(', ', verdict(id), 'refused ' || refused, nullif(wrong, ''));
END
$$;

-- ---- over whose word ----

-- The third entry is the first after a first verdict; "waits 3": that it is one to be confirmed.
SELECT is(story(CASE WHEN steps ~ '^withdraw' THEN -5 ELSE 1 END, steps), want, steps)
FROM (VALUES
	-- admitted: the company cannot take it back, whatever the evidence; a verdict of broken weighs
	-- the same from anybody
	('admit anna', 'broken company 0/750 by breach_admitted admitted +'),
	('admit bot', 'broken company 0/750 by breach_admitted admitted +'),
	('admit+ anna', 'broken company session 0/750 by breach_admitted admitted +'),
	('accept carl, admit anna', 'broken company 0/750 by breach_admitted admitted +'),
	('pause bot, admit anna', 'broken company 0/750 by breach_admitted admitted +'),
	('admit anna, kept anna', 'broken company 0/750 by breach_admitted admitted +-'),
	('admit anna, kept+ rita', 'broken company 0/750 by breach_admitted admitted +-'),
	('admit anna, kept bot, partly+ anna', 'broken company 0/750 by breach_admitted admitted +--'),
	('admit anna, praise+ rita', 'broken company 0/750 by breach_admitted admitted waits 3 +-'),
	('admit anna, broken+ rita, kept+ rita',
		'broken company 0/750 by breach_admitted admitted +--'),
	('admit anna, repair anna, broken anna',
		'broken company 0/750 by breach_admitted admitted +++'),
	('admit anna, repair anna, broken anna, kept anna',
		'broken company 0/750 by breach_admitted admitted +++-'),
	('admit anna, broken crm', 'broken record 0/750 by breach_admitted admitted ++'),
	('admit anna, broken carl', 'broken customer 0/750 by breach_admitted admitted ++'),
	('admit anna, broken crm, broken carl',
		'broken customer 0/750 by breach_admitted admitted +++'),
	('admit anna, complain rita',
		'broken customer relayed 0/750 by breach_admitted admitted waits 3 ++'),
	('admit anna, complain rita, confirm carl',
		'broken customer 0/750 by breach_admitted admitted +++'),
	('admit anna, complain rita, kept anna',
		'broken customer relayed 0/750 by breach_admitted admitted waits 3 ++-'),
	('admit anna, kept carl', 'kept customer 1000/0 by breach_admitted admitted ++'),
	('admit anna, kept crm', 'kept record 1000/0 by breach_admitted admitted ++'),
	('admit anna, partly carl', 'partly_kept customer 500/500 by breach_admitted admitted ++'),
	('admit anna, kept carl, broken carl', 'broken customer 0/750 by breach_admitted admitted +++'),
	('admit anna, kept crm, kept anna, broken anna',
		'kept record 1000/0 by breach_admitted admitted ++--'),
	('admit anna, kept crm, broken crm', 'broken record 0/750 by breach_admitted admitted +++'),
	('admit anna, admit rita', 'broken company 0/750 by breach_admitted admitted +, refused TL001'),
	('admit anna, withdraw anna, release carl, accept carl',
		'broken company 0/750 by breach_admitted admitted +, refused TL001 TL001 TL001'),
	('broken anna, admit anna', 'broken company 0/1000 by assessed +, refused TL001'),
	('withdraw anna, admit anna', 'broken company 0/1000 by withdrawn +, refused TL001'),
	('admit crm, admit carl, admit otto, admit gone, admit nobody',
		'open, refused TL003 TL003 TL003 TL003 42704'),
	-- repaired at once over the company's own word, with at least its evidence
	('broken anna, repair anna', 'broken company 250/750 by assessed repaired ++'),
	('broken anna, repair bot', 'broken company 250/750 by assessed repaired ++'),
	('broken anna, repair+ rita', 'broken company session 250/750 by assessed repaired ++'),
	('broken+ anna, repair+ anna', 'broken company session 250/750 by assessed repaired ++'),
	('broken anna, repair crm', 'broken record 250/750 by assessed repaired ++'),
	('broken anna, repair carl', 'broken customer 250/750 by assessed repaired ++'),
	('admit anna, repair anna', 'broken company 250/750 by breach_admitted admitted repaired ++'),
	('withdraw anna, repair anna', 'broken company 250/750 by withdrawn repaired ++'),
	('withdraw anna, repair crm', 'broken record 250/750 by withdrawn repaired ++'),
	('kept carl, broken carl, repair carl', 'broken customer 250/750 by assessed repaired +++'),
	-- over another's verdict, or one with better evidence, it waits
	('broken crm, repair anna', 'broken record 0/1000 by assessed waits 3 +-'),
	('broken carl, repair anna', 'broken customer 0/1000 by assessed waits 3 +-'),
	('broken carl, repair+ anna', 'broken customer 0/1000 by assessed waits 3 +-'),
	('broken carl, repair crm', 'broken customer 0/1000 by assessed waits 3 +-'),
	('broken+ anna, repair anna', 'broken company session 0/1000 by assessed waits 3 +-'),
	('broken+ carl, repair carl', 'broken customer session 0/1000 by assessed waits 3 +-'),
	('complain rita, repair anna', 'broken customer relayed 0/1000 by assessed waits 3 +-'),
	('complain rita, repair crm', 'broken customer relayed 0/1000 by assessed waits 3 +-'),
	('admit anna, broken carl, repair anna',
		'broken customer 0/750 by breach_admitted admitted waits 4 ++-'),
	('withdraw anna, broken carl, repair anna', 'broken customer 0/1000 by withdrawn waits 4 ++-'),
	-- until the one who gave the verdict confirms the repair or gives another verdict
	('broken crm, repair anna, confirm crm', 'broken record 250/750 by assessed repaired +-+'),
	('broken crm, repair anna, confirm carl', 'broken customer 250/750 by assessed repaired +-+'),
	('broken carl, repair anna, confirm carl', 'broken customer 250/750 by assessed repaired +-+'),
	('broken carl, repair anna, repair carl', 'broken customer 250/750 by assessed repaired +-+'),
	('broken carl, repair anna, confirm crm',
		'broken customer 0/1000 by assessed waits 3 +-, refused TL003'),
	('broken carl, repair anna, confirm anna',
		'broken customer 0/1000 by assessed waits 3 +-, refused TL003'),
	('broken carl, repair anna, confirm otto',
		'broken customer 0/1000 by assessed waits 3 +-, refused TL003'),
	('broken crm, repair anna, confirm anna',
		'broken record 0/1000 by assessed waits 3 +-, refused TL003'),
	('broken carl, repair crm, confirm crm',
		'broken customer 0/1000 by assessed waits 3 +-, refused TL003'),
	('broken carl, repair crm, confirm carl', 'broken customer 250/750 by assessed repaired +-+'),
	('complain rita, repair anna, confirm3 crm',
		'broken customer relayed 0/1000 by assessed waits 3 +-, refused TL003'),
	('complain rita, repair anna, confirm carl',
		'broken customer relayed 0/1000 by assessed waits 3 +-, refused 22023'),
	('complain rita, repair anna, confirm3 carl',
		'broken customer 250/750 by assessed repaired +-+'),
	('complain rita, repair rita, repair carl', 'broken customer 250/750 by assessed repaired +-+'),
	('broken+ anna, repair anna, repair+ anna',
		'broken company session 250/750 by assessed repaired waits 3 +-+'),
	('broken+ anna, repair anna, confirm crm', 'broken record 250/750 by assessed repaired +-+'),
	('broken+ carl, repair anna, confirm carl',
		'broken customer session 0/1000 by assessed waits 3 +-, refused TL003'),
	('broken+ carl, repair anna, confirm+ carl',
		'broken customer session 250/750 by assessed repaired +-+'),
	('broken+ carl, repair carl, repair+ carl',
		'broken customer session 250/750 by assessed repaired +-+'),
		('broken carl, repair anna, repair rita, confirm3 carl',
			'broken customer 250/750 by assessed repaired +--+'),
	('admit anna, broken carl, repair anna, confirm carl',
		'broken customer 250/750 by breach_admitted admitted repaired ++-+'),
	('broken carl, repair anna, broken carl', 'broken customer 0/1000 by assessed +-+'),
	('broken carl, repair anna, kept carl, confirm3 carl',
		'kept customer 1000/0 by assessed +-+, refused TL001'),
	('broken carl, repair anna, note anna', 'broken customer 0/1000 by assessed waits 3 +-'),
	('broken carl, note anna, confirm3 carl',
		'broken customer 0/1000 by assessed +, refused 22023'),
	-- once, unless by a higher word
	('broken anna, repair anna, repair rita',
		'broken company 250/750 by assessed repaired ++, refused TL001'),
	('broken anna, repair anna, repair+ rita',
		'broken company 250/750 by assessed repaired ++, refused TL001'),
	('broken anna, repair anna, repair crm, repair anna, repair crm',
		'broken record 250/750 by assessed repaired +++, refused TL001 TL001'),
	('broken anna, repair anna, repair crm, repair carl, repair crm',
		'broken customer 250/750 by assessed repaired ++++, refused TL001'),
	('broken carl, repair carl, repair anna, repair crm, repair carl',
		'broken customer 250/750 by assessed repaired ++, refused TL001 TL001 TL001'),
	('broken carl, repair anna, confirm carl, confirm carl, confirm3 carl',
		'broken customer 250/750 by assessed repaired +-+, refused TL001 TL001'),
	('broken carl, repair anna, repair carl, confirm3 carl',
		'broken customer 250/750 by assessed repaired +-+, refused TL001'),
	-- a later verdict that stands undoes it; one that does not leaves it
	('broken anna, repair anna, broken anna', 'broken company 0/1000 by assessed +++'),
	('broken anna, repair anna, broken anna, repair anna',
		'broken company 250/750 by assessed repaired ++++'),
	('broken anna, repair anna, broken crm', 'broken record 0/1000 by assessed +++'),
	('broken anna, repair anna, broken carl, repair anna',
		'broken customer 0/1000 by assessed waits 5 +++-'),
	('broken anna, repair anna, complain rita',
		'broken customer relayed 0/1000 by assessed waits 4 +++'),
	('broken anna, repair anna, kept anna', 'kept company 500/0 by assessed +++'),
	('broken carl, repair carl, broken anna', 'broken customer 250/750 by assessed repaired ++-'),
	('broken carl, repair carl, kept crm', 'broken customer 250/750 by assessed repaired ++-'),
	('broken carl, repair carl, broken carl', 'broken customer 0/1000 by assessed +++'),
	('broken carl, repair carl, kept carl', 'kept customer 1000/0 by assessed +++'),
	('broken carl, repair carl, kept carl, broken carl', 'broken customer 0/1000 by assessed ++++'),
	('broken carl, repair+ carl, broken carl',
		'broken customer session 250/750 by assessed repaired ++-'),
	('admit anna, repair anna, broken carl',
		'broken customer 0/750 by breach_admitted admitted +++'),
	-- after an admission or a late withdrawal, the company can only repair the breach
	('admit anna, repair anna, kept+ anna',
		'broken company 250/750 by breach_admitted admitted repaired ++-'),
	('admit anna, kept anna, repair rita, praise rita',
		'broken company 250/750 by breach_admitted admitted repaired waits 5 +-+-'),
	('withdraw anna, repair anna, kept+ anna', 'broken company 250/750 by withdrawn repaired ++-'),
	('withdraw anna, repair anna, repair rita',
		'broken company 250/750 by withdrawn repaired ++, refused TL001'),
	-- only a broken promise, and only by an actor of the company, of a record or of this customer
	('repair anna', 'open, refused TL001'),
	('kept anna, repair anna', 'kept company 500/0 by assessed +, refused TL001'),
	('partly carl, repair carl', 'partly_kept customer 500/500 by assessed +, refused TL001'),
	('release carl, repair anna', 'released by released, refused TL001'),
	('broken anna, repair otto, repair gone, repair nobody',
		'broken company 0/1000 by assessed +, refused TL003 TL003 42704')) AS v (steps, want);

-- ---- the score ----

-- After each entry of these stories, the score has the weights of the last verdict that stands, as
-- of the first one.
CREATE TABLE looked AS
	SELECT t.customer, t.steps, e.seq, e.recorded_at, last.weight_kept / 1000.0::float8 AS kept,
		last.weight_broken / 1000.0::float8 AS broken, last.state AS outcome, last.whose_word,
		first.occurred_at AS at
	FROM told t JOIN trust.entry e USING (customer)
		LEFT JOIN LATERAL (SELECT * FROM trust.entry l WHERE l.customer = t.customer
			AND l.recorded_at <= e.recorded_at AND l.stands AND l.weight_kept IS NOT NULL
			ORDER BY seq DESC LIMIT 1) AS last ON true
		LEFT JOIN LATERAL (SELECT * FROM trust.entry l WHERE l.customer = t.customer AND l.stands
			AND l.weight_kept IS NOT NULL ORDER BY seq LIMIT 1) AS first ON last.seq IS NOT NULL;
\ir ../../helpers/close.sql
CREATE FUNCTION faded(weight float8, age interval) RETURNS float8 LANGUAGE
	sql AS $$ SELECT coalesce(weight * 2 ^ (-extract(epoch FROM age)::float8 / 86400 / 180), 0) $$;
SELECT cmp_ok(count(*), '>', 250::bigint, 'many entries to look at') FROM looked;
-- promises that were due are overdue until the first verdict
SELECT is_empty($$
	SELECT l.*, score FROM looked l, unnest('{as_of,known_at,both}'::text[]) AS basis,
		trust_ledger.customer_score(l.customer, CASE WHEN basis <> 'known_at' THEN l.recorded_at
			END, CASE WHEN basis <> 'as_of' THEN l.recorded_at END) AS score,
		LATERAL (SELECT CASE WHEN basis <> 'known_at' THEN l.recorded_at ELSE now() END -
			l.at AS age) AS a
	WHERE NOT (l.seq = 1 AND l.steps ~ '^withdraw') AND NOT (is_close(trust_ledger.kept(score),
		faded(l.kept, age), 0, 1e-9) AND is_close(trust_ledger.broken(score), faded(l.broken, age),
		0, 1e-9))
$$, 'customer_score() of then');
SELECT is_empty($$
	SELECT l.*, x.* FROM looked l LEFT JOIN
		LATERAL (SELECT * FROM trust_ledger.explain_trust('customer', l.customer, l.recorded_at))
		x ON true
	WHERE NOT (l.seq = 1 AND l.steps ~ '^withdraw') AND (x.outcome, x.whose_word, x.at,
		x.weight_kept, x.weight_broken) IS DISTINCT FROM (l.outcome COLLATE "default",
		l.whose_word COLLATE "default", l.at, l.kept, l.broken)
$$, 'explain_trust() of then');
SELECT is_empty($$
	SELECT c.customer, c.score, p.* FROM told JOIN trust.chain c USING (customer) JOIN trust.promise
		p USING (promise)
	WHERE NOT (is_close(trust_ledger.kept(c.score), coalesce(p.weight_kept / 1000.0, 0), 0, 1e-9)
		AND is_close(trust_ledger.broken(c.score), coalesce(p.weight_broken / 1000.0, 0), 0, 1e-9)
		AND trust_ledger.as_of(c.score) IS NOT DISTINCT FROM CASE WHEN p.weight_kept IS NOT NULL
			THEN greatest(p.settled_at, p.broken_at) END)
$$, 'the score that the chain carries');
SELECT is_empty($$
	SELECT c.customer, now, explained FROM told c, trust_ledger.customer_score(c.customer) AS now,
		LATERAL (SELECT trust_ledger.sum(x.score) AS explained
		FROM trust_ledger.explain_trust('customer', c.customer) x) AS x
	WHERE NOT (is_close(trust_ledger.kept(now), coalesce(trust_ledger.kept(explained), 0), 0, 1e-9)
		AND is_close(trust_ledger.broken(now), coalesce(trust_ledger.broken(explained), 0),
		0, 1e-9))
$$, 'customer_score() and explain_trust() of now');
-- A breach that was admitted, found and repaired counts as one breach.
SELECT is((SELECT sum(broken) || ' ' || sum(kept) FROM trust_ledger.trust_trend('customer', '1 day',
	now() - interval '20 days', clock_timestamp(), of_key => customer)), '1 0', 'trust_trend(): '
	|| steps)
FROM told WHERE steps IN ('admit anna', 'admit anna, broken crm, broken carl',
	'admit anna, repair anna', 'broken anna, repair anna, broken anna, repair anna',
	'broken carl, repair anna, confirm carl');

-- ---- in time ----

-- By the ledger's clock, not by occurred_at; a grace period does not extend it. All in hours before
-- now.
SELECT is(state_after(login, new_promise('plain', due_ago => due * interval '1 hour'),
	format('admit_breach($1, actor => ''anna'', occurred_at => now() - interval ''%s hours'')',
	ago)), want,
	format('due %s hours ago, %s says it was admitted %s hours ago', coalesce(due::text, 'no'),
		login, ago))
FROM (VALUES
	('app', 10, 0, 'TL001'), ('app', 10, 20, 'TL001'), ('importer', 10, 20, 'TL001'),
	('postgres', 10, 20, 'TL001'), ('app', 0.0001, 23, 'TL001'),
	('app', 10, 30, 'TL004'), ('importer', 10, 30, 'broken'), ('importer', 30, 30, 'broken'),
	('importer', 30, 29.9999, 'TL001'), ('importer', 80, 26, 'TL001'),
	('app', -1, 0, 'broken'), ('app', -1, 20, 'broken'), ('importer', -1, 30, 'broken'),
	('importer', -1, 241, '22008'), ('app', -1, -1, '22008'),
	('app', NULL, 0, 'TL001'), ('importer', NULL, 30, 'TL001')) AS v (login, due, ago, want);

-- The times of admission, repair and settlement, and the marks.
CREATE FUNCTION instants(ago interval) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := new_promise('plain', due_ago => '-1 day');
BEGIN
	PERFORM trust_ledger.admit_breach(id, 'no stock', actor => 'anna', occurred_at => now() - ago,
		context => '{"from": "mail"}');
	PERFORM trust_ledger.repair_breach(id, 'sent another', actor => 'anna', occurred_at => now() -
		ago + interval '1 ms');
	RETURN (SELECT string_agg(concat_ws(' ', e.event, e.backfilled, e.note, e.context, e.verdict,
			CASE CASE e.event WHEN 'breach_admitted' THEN p.admitted_at ELSE p.repaired_at END
				WHEN e.recorded_at THEN 'recorded' WHEN e.occurred_at THEN 'occurred' END,
			CASE WHEN p.settled_at = e.occurred_at THEN 'settled' END, CASE
				WHEN p.backfilled_at = e.recorded_at THEN 'backfilled' END), ', ' ORDER BY seq)
		FROM trust.promise p JOIN trust.entry e USING (customer, promise) WHERE p.promise = id
			AND e.event <> 'made');
END
$$;
SELECT is(instants(ago::interval), want, format('admitted %s ago', ago))
FROM (VALUES ('20 hours',
	'breach_admitted f no stock {"from": "mail"} broken recorded settled, breach_repaired f sent '
	'another broken recorded'),
	('2 days', 'breach_admitted t no stock {"from": "mail"} broken occurred settled, '
		'breach_repaired t sent another broken occurred')) AS v (ago, want);

-- ---- weights: kept > repaired > admitted > broken, component by component ----

-- All ways that lead to each, with any weights.
CREATE TABLE way (rank int, due numeric, steps text);
INSERT INTO way VALUES
	(1, 1, 'kept carl'), (1, 1, 'kept anna'), (1, 1, 'kept crm'), (1, 1, 'admit anna, kept carl'),
	(1, 1, 'broken anna, repair anna, kept anna'), (1, -5, 'withdraw anna, kept carl'),
	(2, 1, 'admit anna, repair anna'), (2, 1, 'broken anna, repair anna'),
	(2, -5, 'withdraw anna, repair anna'), (2, 1, 'broken carl, repair carl'),
	(2, 1, 'broken carl, repair anna, confirm carl'),
	(2, 1, 'admit anna, broken carl, repair crm, repair carl'),
	(2, 1, 'broken crm, repair anna, confirm crm'), (2, 1, 'admit anna, repair anna, kept anna'),
	(3, 1, 'admit anna'), (3, 1, 'admit anna, broken carl'), (3, 1, 'admit anna, kept+ anna'),
	(3, 1, 'admit anna, complain rita'), (3, 1, 'admit anna, broken crm, repair anna'),
	(3, 1, 'admit anna, repair anna, broken carl'),
	(4, 1, 'broken carl'), (4, 1, 'broken anna'), (4, -5, 'withdraw anna'),
	(4, 1, 'broken carl, repair anna'), (4, 1, 'complain rita'),
	(4, -5, 'withdraw anna, kept anna'), (4, 1, 'broken anna, repair anna, broken carl'),
	(4, 1, 'kept anna, broken carl'), (4, 1, 'broken anna, admit anna');
CREATE TABLE ranked (round int, rank int, steps text, customer text);
CREATE FUNCTION weigh_at_random(round int) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	w way;
BEGIN
	LOOP
		BEGIN
			PERFORM trust_ledger.set_ledger(weights => (SELECT jsonb_object_agg(name,
				jsonb_build_array(high, low)) FROM (
				SELECT unnest('{kept,kept_by_company,partly_kept,repaired,admitted,broken}'::text[])
					AS name,
					unnest(ARRAY(SELECT floor(random() * 4) * CASE round % 3 WHEN 0 THEN 1 WHEN 1
						THEN 333 ELSE 100 END FROM generate_series(1, 6) ORDER BY 1 DESC)) AS high,
					unnest(ARRAY(SELECT floor(random() * 4) * CASE round % 2 WHEN 0 THEN 1
						ELSE 333 END FROM generate_series(1, 6) ORDER BY 1)) AS low) AS s));
			EXIT;
		EXCEPTION WHEN SQLSTATE '22023' THEN
			-- not in order: others
		END;
	END LOOP;
	FOR w IN TABLE way LOOP
		PERFORM story(w.due, w.steps);
		INSERT INTO ranked VALUES (round, w.rank, w.steps, 'story ' || currval('customers'));
	END LOOP;
END
$$;
CREATE TABLE seed AS SELECT random() AS seed;
SELECT setseed(seed) FROM seed \g /dev/null
SELECT weigh_at_random(round) FROM generate_series(1, 12) AS round \g /dev/null
CREATE TABLE worth AS
	SELECT r.*, round(trust_ledger.kept(c.score)::numeric, 9) AS kept,
		round(trust_ledger.broken(c.score)::numeric, 9) AS broken,
		trust_ledger.expectation(trust_ledger.customer_score(c.customer)) AS expectation
	FROM ranked r JOIN trust.chain c USING (customer);
SELECT is(count(*), 12 * (SELECT count(*) FROM way), 'all ways, with each setting') FROM worth;
SELECT is_empty($$
	SELECT a, b FROM worth a JOIN worth b ON a.round = b.round AND a.rank < b.rank
	WHERE NOT (a.kept >= b.kept AND a.broken <= b.broken AND (a.kept, a.broken) <> (b.kept,
		b.broken)) OR a.expectation <= b.expectation
$$, 'the better one is worth more, whatever the way; seed ' || seed) FROM seed;
SELECT is_empty($$ SELECT round, rank FROM worth WHERE rank > 1 GROUP BY round,
	rank HAVING count(DISTINCT (kept, broken)) > 1 $$,
	'and as much by each way; seed ' || seed) FROM seed;
DO $$
BEGIN
	PERFORM trust_ledger.set_ledger(weights => '{"kept": [900, 10], "kept_by_company": [600, 20], '
		'"partly_kept": [300, 400], "repaired": [200, 500], "admitted": [100, 700], "broken": [50, '
		'800]}');
END
$$;
SELECT is(story(1, steps), want, format('with other weights: %s', steps))
FROM (VALUES
	('admit anna', 'broken company 100/700 by breach_admitted admitted +'),
	('admit anna, broken carl', 'broken customer 100/700 by breach_admitted admitted ++'),
	('broken carl', 'broken customer 50/800 by assessed +'),
	('broken anna, repair anna', 'broken company 200/500 by assessed repaired ++'),
	('admit anna, repair anna', 'broken company 200/500 by breach_admitted admitted repaired ++'),
	('broken carl, repair anna', 'broken customer 50/800 by assessed waits 3 +-')) AS v (steps,
		want);

-- Earlier verdicts keep their weights; later ones get the new weights.
CREATE FUNCTION reweighed(first text, second text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	before text := story(1, first);
	id uuid := (SELECT promise FROM told WHERE customer = 'story ' || currval('customers'));
BEGIN
	PERFORM trust_ledger.set_ledger(weights => (SELECT details -> 'weights' FROM trust.entry
		WHERE customer = '' AND seq = 1));
	before := verdict(id);
	PERFORM step(id, second);
	RETURN concat_ws(', ', before, verdict(id));
END
$$;
SELECT is(reweighed('admit anna', 'repair anna'),
	'broken company 100/700 by breach_admitted admitted +, broken company 250/750 by '
	'breach_admitted admitted repaired ++', 'weights set between admission and repair');

-- ---- descriptions, and rights ----

CREATE FUNCTION in_words(of_steps text) RETURNS SETOF text
LANGUAGE sql AS $$
	SELECT concat_ws(', ', h.event, substring(h.description FROM 'weight \d+/\d+'),
		substring(h.description FROM 'confirms entry \d+'),
		substring(h.description FROM 'has no effect'), substring(h.description FROM 'We came'))
	FROM told t, trust_ledger.history(t.promise) h WHERE t.customer = (SELECT customer FROM told
		WHERE steps = of_steps ORDER BY substr(customer, 7)::int LIMIT 1) ORDER BY h.seq OFFSET 1
$$;
SELECT results_eq('SELECT in_words(''admit anna, repair anna'')',
	ARRAY['breach_admitted, weight 0/750', 'breach_repaired, weight 250/750, We came'],
	'the history of an admission');
SELECT results_eq('SELECT in_words(''broken carl, repair anna, confirm carl'')',
	ARRAY['assessed, weight 0/1000', 'breach_repaired, has no effect, We came',
		'breach_repaired, weight 250/750, confirms entry 3'],
		'the history of a repair that waited');

CREATE FUNCTION ready(function text) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := new_promise('plain', due_ago => '-1 day');
BEGIN
	IF function = 'repair_breach' THEN
		PERFORM trust_ledger.assess_promise(id, 'broken', actor => 'anna');
	END IF;
	RETURN id;
END
$$;
SELECT is(state_after(login, ready(function), call), CASE WHEN want = '22004'
	AND function = 'admit_breach' AND template ~ '1, NULL' THEN 'broken' ELSE want END,
	format('%s: %s', login, call))
FROM (VALUES ('admit_breach'), ('repair_breach')) AS f (function),
	(VALUES
		('app', '%s($1, ''w'', actor => ''anna'')', 'broken'),
		('app', '%s($1, NULL, actor => ''anna'')', '22004'),
		('app', '%s($1, '''', actor => ''anna'')', '22023'),
		('app', '%s($1, E''\u200b'', actor => ''anna'')', '22023'),
		('app', '%s(NULL, ''w'', actor => ''anna'')', '22004'),
		('app', '%s(gen_random_uuid(), ''w'', actor => ''anna'')', 'P0002'),
		('app', '%s($1, ''w'', customer => ''other'', actor => ''anna'')', 'P0002'),
		('app', '%s($1, ''w'')', 'TL003'),
		('app', '%s($1, ''w'', actor => ''otto'')', 'TL003'),
		('app', '%s($1, ''w'', actor => ''gone'')', 'TL003'),
		('app', '%s($1, ''w'', actor => ''nobody'')', '42704'),
		('app', '%s($1, ''w'', actor => ''anna'', occurred_at => now() - interval ''2 days'')',
			'TL004'),
		('reader', '%s($1, ''w'', actor => ''anna'')', 'TL004'),
		('outsider', '%s($1, ''w'', actor => ''anna'')', 'TL004')) AS v (login, template, want),
	LATERAL format(template, function) AS call;

CREATE FUNCTION again() RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := new_promise('plain', due_ago => '-1 day', customer => 'again');
	first trust_ledger.receipt;
	call text;
BEGIN
	FOREACH call IN ARRAY '{admit,repair}'::text[] LOOP
		call := call || '_breach($1, ''w'', actor => ''anna'', idempotency_key => ''' || call
			|| ''')';
		EXECUTE 'SELECT * FROM trust_ledger.' || call INTO first USING id;
		EXECUTE 'SELECT x = $2 FROM trust_ledger.' || call || ' AS x' INTO call USING id, first;
		RETURN NEXT call;
	END LOOP;
	RETURN NEXT state_after('app', id,
		'admit_breach($1, ''x'', actor => ''anna'', idempotency_key => ''admit'')');
	RETURN NEXT state_after('app', id,
		'repair_breach($1, ''w'', actor => ''rita'', idempotency_key => ''repair'')');
	RETURN NEXT state_after('app', id,
		'repair_breach($1, ''w'', actor => ''anna'', idempotency_key => ''admit'')');
	RETURN NEXT (SELECT string_agg(event, ' ' ORDER BY seq) FROM trust.entry WHERE promise = id);
END
$$;
SELECT results_eq('SELECT again()', ARRAY['true', 'true', 'TL005', 'TL005', 'TL005',
	'made breach_admitted breach_repaired'], 'the same call again');

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and all of it verifies');
SELECT * FROM finish();
