-- Verdicts: whose word they are, which of them stands, and what they weigh.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(459);

DO $$
BEGIN
	PERFORM trust_ledger.create_ledger();
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('ben', 'human');
	PERFORM trust_ledger.register_actor('dora', 'human');
	PERFORM trust_ledger.register_actor('eve', 'human');
	PERFORM trust_ledger.register_actor('annas_bot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('annas_sys', 'system', responsible => 'anna');
	PERFORM trust_ledger.register_actor('bens_bot', 'ai', responsible => 'ben', model => 'm-1');
	PERFORM trust_ledger.register_actor('doras_bot', 'ai', responsible => 'dora', model => 'm-1');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'anna',
		speaks_for => 'record');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.register_actor('otto', 'human', speaks_for => 'customer',
		customer => 'other');
END
$$;


\ir ../../helpers/promises.sql
\ir ../../helpers/actor_login.sql

-- A verdict. With evidence "session" this session's login is the actor's own during the call.
CREATE FUNCTION say(promise uuid, who text, evidence text, verdict text, relayed boolean DEFAULT
	false, purpose_met boolean DEFAULT NULL) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	outcome text;
BEGIN
	IF evidence = 'session' THEN
		PERFORM set_login(who, 'postgres');
	END IF;
	outcome := (trust_ledger.assess_promise(promise, verdict, relayed, purpose_met,
		actor => who)).state;
	IF evidence = 'session' THEN
		PERFORM set_login(who);
	END IF;
	RETURN outcome;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;

CREATE FUNCTION verdict(of_promise uuid) RETURNS text
LANGUAGE sql AS $$
	SELECT concat_ws(' ', state, outcome, whose_word, CASE WHEN relayed THEN 'relayed' END,
		verdict_evidence, weight_kept || '/' || weight_broken)
	FROM trust.promise WHERE promise = of_promise
$$;

-- ---- which word stands ----

-- Who gives which verdict, from the lowest rank up.
CREATE TABLE word (nr int GENERATED ALWAYS AS IDENTITY, word text PRIMARY KEY, who text,
	evidence text, relayed boolean, first text, later text);
INSERT INTO word (word, who, evidence, relayed, first, later) VALUES
	('company', 'dora', 'asserted', false, 'kept', 'partly_kept'),
	('company+', 'dora', 'session', false, 'kept', 'partly_kept'),
	('praise', 'dora', 'asserted', true, 'kept', 'partly_kept'),
	('praise+', 'dora', 'session', true, 'kept', 'partly_kept'),
	('record', 'crm', 'asserted', false, 'kept', 'partly_kept'),
	('record+', 'crm', 'session', false, 'kept', 'partly_kept'),
	('complaint', 'dora', 'asserted', true, 'broken', 'broken'),
	('complaint+', 'dora', 'session', true, 'broken', 'broken'),
	('customer', 'carl', 'asserted', false, 'kept', 'partly_kept'),
	('customer+', 'carl', 'session', false, 'kept', 'partly_kept');

-- Whether the later word (column) stands over the standing one (row). "+": with a session of their
-- own; praise and complaint: what the company relays, a good or a bad word of the customer's.
CREATE TABLE stands (standing text, later text);
INSERT INTO stands VALUES
-- company company+ praise praise+ record record+ complaint complaint+ customer customer+
	('company',
		'yes     yes      yes    yes     yes    yes     yes       yes        yes      yes'),
	('company+',
		'no      yes      no     yes     yes    yes     yes       yes        yes      yes'),
	('praise',
		'yes     yes      yes    yes     yes    yes     yes       yes        yes      yes'),
	('praise+',
		'no      yes      no     yes     yes    yes     yes       yes        yes      yes'),
	('record',
		'no      no       no     no      yes    yes     yes       yes        yes      yes'),
	('record+',
		'no      no       no     no      no     yes     yes       yes        yes      yes'),
	('complaint',
		'no      no       no     no      no     no      yes       yes        yes      yes'),
	('complaint+',
		'no      no       no     no      no     no      no        yes        yes      yes'),
	('customer',
		'no      no       no     no      no     no      no        no         yes      yes'),
	('customer+',
		'no      no       no     no      no     no      no        no         no       yes');

CREATE FUNCTION contest(a word, b word, OUT standing text, OUT answer text, OUT later text,
	OUT entry text)
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := new_promise(actor => 'annas_bot', backed_by => 'ben');
BEGIN
	PERFORM say(id, a.who, a.evidence, a.first, a.relayed);
	standing := verdict(id);
	answer := say(id, b.who, b.evidence, b.later, b.relayed);
	later := verdict(id);
	SELECT format('%s %s %s %s', e.verdict, CASE WHEN e.relayed THEN 'relayed' ELSE 'own' END,
		e.stands, e.weight_kept IS NOT NULL AND e.weight_broken IS NOT NULL)
	INTO entry FROM trust.entry e JOIN trust.promise p ON p.customer = e.customer
		AND p.last_seq = e.seq WHERE p.promise = id;
END
$$;

-- The promise after this verdict, if it stands.
CREATE FUNCTION worth(w word, said text) RETURNS text
LANGUAGE sql AS $$
	SELECT concat_ws(' ', said, said, CASE w.who WHEN 'crm' THEN 'record' WHEN 'carl'
		THEN 'customer' ELSE CASE said WHEN 'broken' THEN 'customer' ELSE 'company' END END,
		CASE WHEN w.relayed THEN 'relayed' END, w.evidence,
		CASE said WHEN 'broken' THEN '0/1000' WHEN 'partly_kept' THEN '500/500' ELSE CASE w.who
			WHEN 'dora' THEN '500/0' ELSE '1000/0' END END)
$$;

-- A function, since an act of one's own is a SELECT that reads no tables itself.
CREATE TABLE contested (a word, b word, what text, want boolean, standing text, answer text,
	later text, entry text);
CREATE FUNCTION contest_all() RETURNS void
LANGUAGE sql AS $$
	INSERT INTO contested
	SELECT a, b, a.word || ', then ' || b.word, s.yes = 'yes', c.*
	FROM stands JOIN word a ON a.word = stands.standing,
		regexp_split_to_table(stands.later, '\s+') WITH ORDINALITY AS s (yes, nr)
			JOIN word b USING (nr),
		LATERAL contest(a, b) AS c
$$;
SELECT contest_all() \g /dev/null

SELECT is(standing, worth(a, (a).first), format('%s: the first stands', what)) FROM contested;
SELECT is(later, CASE WHEN want THEN worth(b, (b).later) ELSE worth(a, (a).first) END,
	format('%s: %s stands', what, CASE WHEN want THEN 'the second' ELSE 'the first' END))
	FROM contested;
SELECT is(format('%s %s', answer, entry),
	format('%s %s %s %s %s', CASE WHEN want THEN (b).later ELSE (a).first END, (b).later, CASE
		WHEN (b).relayed THEN 'relayed' ELSE 'own' END, want, want),
	format('%s: answered and recorded', what)) FROM contested;

-- A withdrawal past due is the company's verdict "broken". Another verdict of the company, with
-- better evidence or relayed in its favour, is recorded and does not stand; any higher one does.
CREATE FUNCTION answer_to_withdrawal(late boolean, who text, evidence text, said text,
	relayed boolean, again text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := (trust_ledger.make_promise('c', 'We come.', actor => 'annas_bot',
		occurred_at => now() - interval '10 days',
		due => now() - CASE WHEN late THEN interval '5 days' ELSE '-5 days' END)).promise;
	answers text;
BEGIN
	PERFORM trust_ledger.withdraw_promise(id, actor => 'anna');
	answers := concat_ws('; ', say(id, who, evidence, said, relayed), CASE WHEN again IS NOT NULL
		THEN say(id, 'dora', 'session', again) END);
	RETURN concat_ws('; ', answers, (SELECT string_agg(stands::text, ' ' ORDER BY seq)
		FROM trust.entry WHERE promise = id AND event = 'assessed'), verdict(id));
END
$$;
SELECT is(answer_to_withdrawal(late, who, evidence, said, relayed, again), want,
	format('withdrawn %s, then %s says %s, %s, relayed %s, then the company %s', CASE WHEN late
		THEN 'late' ELSE 'in time' END, who, said, evidence, relayed, coalesce(again, 'nothing')))
FROM (VALUES
	(true, 'dora', 'asserted', 'kept', false, NULL,
		'broken; false; broken broken company asserted 0/1000'),
	(true, 'dora', 'session', 'kept', false, NULL,
		'broken; false; broken broken company asserted 0/1000'),
	(true, 'dora', 'session', 'partly_kept', false, NULL,
		'broken; false; broken broken company asserted 0/1000'),
	(true, 'dora', 'session', 'kept', true, NULL,
		'broken; false; broken broken company asserted 0/1000'),
	(true, 'anna', 'asserted', 'kept', false, 'partly_kept',
		'broken; broken; false false; broken broken company asserted 0/1000'),
	(true, 'dora', 'asserted', 'broken', false, 'kept',
		'broken; broken; false false; broken broken company asserted 0/1000'),
	(true, 'dora', 'asserted', 'broken', true, 'kept',
		'broken; broken; true false; broken broken customer relayed asserted 0/1000'),
	(true, 'crm', 'asserted', 'kept', false, 'broken',
		'kept; kept; true false; kept kept record asserted 1000/0'),
	(true, 'carl', 'asserted', 'kept', false, 'broken',
		'kept; kept; true false; kept kept customer asserted 1000/0'),
	(true, 'carl', 'asserted', 'partly_kept', false, 'kept',
		'partly_kept; partly_kept; true false; partly_kept partly_kept customer asserted 500/500'),
	(true, 'carl', 'asserted', 'broken', false, 'kept',
		'broken; broken; true false; broken broken customer asserted 0/1000'),
	(false, 'dora', 'session', 'kept', false, NULL, 'TL001; withdrawn'),
	(false, 'carl', 'asserted', 'broken', false, NULL, 'TL001; withdrawn')) AS v (late, who,
		evidence, said, relayed, again, want);

-- ---- relayed verdicts ----

-- Nobody can relay a favourable verdict on what they, or the human responsible for them, promised
-- or backed. Anybody can relay a complaint. Actors who do not speak for the company cannot relay.
SELECT is(say(new_promise(actor => promiser, backed_by => backer), who, 'asserted', verdict, true),
	CASE WHEN want = 'TL003' AND verdict = 'broken' OR want = 'relays' THEN verdict ELSE want END,
	format('%s relays %s: promised by %s, backed by %s', who, verdict, promiser,
		coalesce(backer, 'nobody')))
FROM (VALUES
	('annas_bot', 'ben', 'annas_bot', 'TL003'), ('annas_bot', 'ben', 'anna', 'TL003'),
	('annas_bot', 'ben', 'annas_sys', 'TL003'),
	('annas_bot', 'ben', 'ben', 'TL003'), ('annas_bot', 'ben', 'bens_bot', 'TL003'),
	('annas_bot', 'ben', 'dora', 'relays'), ('annas_bot', 'ben', 'doras_bot', 'relays'),
	('annas_bot', NULL, 'ben', 'relays'), ('annas_bot', NULL, 'bens_bot', 'relays'),
	('annas_bot', NULL, 'annas_sys', 'TL003'),
	('ben', NULL, 'ben', 'TL003'), ('ben', NULL, 'bens_bot', 'TL003'),
	('ben', NULL, 'anna', 'relays'),
	('ben', 'anna', 'ben', 'TL003'), ('ben', 'anna', 'annas_sys', 'TL003'),
	('eve', NULL, 'eve', 'TL003'), ('eve', NULL, 'annas_bot', 'relays'),
	('annas_bot', 'ben', 'carl', '22023'),
	('annas_bot', 'ben', 'crm', '22023')) AS v (promiser, backer, who, want),
	unnest('{kept,partly_kept,broken}'::text[]) AS verdict;

CREATE FUNCTION handed_over(OUT before text, OUT after text)
LANGUAGE plpgsql AS $$
DECLARE
	id uuid;
BEGIN
	PERFORM trust_ledger.register_actor('eves_bot', 'ai', responsible => 'eve', model => 'm-1');
	id := new_promise(actor => 'eves_bot');
	before := say(id, 'dora', 'asserted', 'kept', true);
	PERFORM trust_ledger.retire_actor('eve', successor => 'dora');
	after := say(id, 'dora', 'asserted', 'kept', true);
END
$$;
SELECT is(handed_over(), ROW('kept'::text, 'TL003'::text),
	'who takes over a machine relays no praise of what it promised');

-- ---- time, reason and purpose ----

-- The first verdict settles the promise, at its time; later ones change the outcome, not the time.
CREATE FUNCTION settled(calls text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := new_promise(actor => 'annas_bot', backed_by => 'ben');
	call text;
BEGIN
	FOREACH call IN ARRAY regexp_split_to_array(calls, '; ') LOOP
		EXECUTE format('SELECT trust_ledger.assess_promise($1, %s)', call) USING id;
	END LOOP;
	RETURN (SELECT format('%s by %s %s ago, purpose %s', outcome, settled_by, now() - settled_at,
			CASE WHEN purpose_met THEN 'met' WHEN NOT purpose_met THEN 'missed'
				ELSE 'not known' END)
		FROM trust.promise WHERE promise = id);
END
$$;
SELECT is(settled(calls), want, calls)
FROM (VALUES
	($$'kept', actor => 'dora', occurred_at => now() - interval '3 days'$$,
		'kept by assessed 3 days ago, purpose not known'),
	($$'kept', actor => 'dora', occurred_at => now() - interval '3 days'; 'broken', $$ ||
		$$actor => 'carl', occurred_at => now() - interval '1 day'$$,
		'broken by assessed 3 days ago, purpose not known'),
	($$'kept', actor => 'dora', occurred_at => now() - interval '3 days'; 'broken', $$ ||
		$$actor => 'carl', occurred_at => now() - interval '9 days'$$,
		'broken by assessed 3 days ago, purpose not known'),
	($$'kept', actor => 'carl', occurred_at => now() - interval '3 days'; 'broken', $$ ||
		$$actor => 'dora', occurred_at => now() - interval '9 days'$$,
		'kept by assessed 3 days ago, purpose not known'),
	($$'kept', actor => 'dora', purpose_met => true, occurred_at => now() - interval '3 days'$$,
		'kept by assessed 3 days ago, purpose met'),
	($$'kept', actor => 'carl', purpose_met => false, occurred_at => now() - interval '3 days'$$,
		'kept by assessed 3 days ago, purpose missed'),
	($$'kept', actor => 'carl', purpose_met => false, occurred_at => now() - interval '3 $$ ||
		$$days'; 'kept', actor => 'dora', purpose_met => true$$,
		'kept by assessed 3 days ago, purpose missed'),
	($$'kept', actor => 'dora', purpose_met => true, occurred_at => now() - interval '3 $$ ||
		$$days'; 'kept', actor => 'carl', purpose_met => false$$,
		'kept by assessed 3 days ago, purpose missed'),
	($$'kept', actor => 'carl', purpose_met => true, occurred_at => now() - interval '3 $$ ||
		$$days'; 'kept', actor => 'carl'$$,
		'kept by assessed 3 days ago, purpose not known'),
	($$'broken', relayed => NULL, actor => 'dora', occurred_at => now() - interval '3 $$ ||
		$$days'; 'kept', actor => 'dora'$$,
		'kept by assessed 3 days ago, purpose not known')) AS v (calls, want);

CREATE TABLE to_assess AS SELECT new_promise(actor => 'annas_bot', backed_by => 'ben') AS promise;
SELECT throws_ok(format('SELECT trust_ledger.assess_promise(%s)', format(args, promise)),
	code, NULL, format('refused with %s: %s', code, args))
FROM to_assess, (VALUES
	('NULL, ''kept'', actor => ''dora''', '22004'),
	('%L, NULL, actor => ''dora''', '22004'),
	('%L, '''', actor => ''dora''', '22023'),
	('%L, ''Kept'', actor => ''dora''', '22023'),
	('%L, ''released'', actor => ''carl''', '22023'),
	('%L, ''proposed'', actor => ''carl''', '22023'),
	('%L, ''kept'', reason => '' '', actor => ''dora''', '22023'),
	('%L, ''kept''', 'TL003'),
	('%L, ''kept'', actor => ''otto''', 'TL003'),
	('%L, ''kept'', actor => ''nobody''', '42704'),
	('%L, ''kept'', actor => ''eve''', 'TL003'),
	('%L, ''kept'', actor => ''dora'', occurred_at => now() - interval ''11 days''', '22008'),
	('%L, ''kept'', actor => ''dora'', occurred_at => now() + interval ''1 hour''', '22008'),
	('gen_random_uuid(), ''kept'', actor => ''dora''', 'P0002')) AS v (args, code);

-- ---- what it weighs ----

CREATE FUNCTION weighs(who text, said text, relayed boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := new_promise(actor => 'annas_bot', backed_by => 'ben');
BEGIN
	PERFORM say(id, who, 'asserted', said, relayed);
	RETURN (SELECT weight_kept || '/' || weight_broken FROM trust.promise WHERE promise = id);
END
$$;

CREATE TABLE old_verdict AS SELECT id AS promise, say(id, 'carl', 'asserted', 'kept')
	FROM new_promise(actor => 'annas_bot', backed_by => 'ben') AS id;
CREATE TABLE weight (who text, said text, relayed boolean, by_default text, changed text);
INSERT INTO weight VALUES
	('carl', 'kept', false, '1000/0', '900/10'), ('crm', 'kept', false, '1000/0', '900/10'),
	('dora', 'kept', false, '500/0', '600/20'), ('dora', 'kept', true, '500/0', '600/20'),
	('anna', 'kept', false, '500/0', '600/20'),
	('carl', 'partly_kept', false, '500/500', '300/400'),
	('dora', 'partly_kept', true, '500/500', '300/400'),
	('carl', 'broken', false, '0/1000', '50/800'), ('dora', 'broken', false, '0/1000', '50/800'),
	('dora', 'broken', true, '0/1000', '50/800');

SELECT is(weighs(who, said, relayed), by_default, format('%s says %s, relayed %s', who, said,
	relayed)) FROM weight;
DO $$
BEGIN
	PERFORM trust_ledger.set_ledger(weights => '{"kept": [900, 10], "kept_by_company": [600, 20], '
		'"partly_kept": [300, 400],
		"repaired": [200, 500], "admitted": [100, 700], "broken": [50, 800]}');
END
$$;
SELECT is(weighs(who, said, relayed), changed, format('%s says %s, relayed %s, with other weights',
	who, said, relayed)) FROM weight;
SELECT is(verdict(promise), 'kept kept customer asserted 1000/0',
	'what was said before weighs what it did') FROM old_verdict;

-- Weights that would reward broken promises, or are no weights; the other weights stay as they are.
CREATE FUNCTION with_weights(patch jsonb) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.set_ledger(weights => CASE jsonb_typeof(patch) WHEN 'object' THEN
		(jsonb '{"kept": [1000, 0], "kept_by_company": [500, 0], "partly_kept": [500, 500], '
			'"repaired": [250, 750], "admitted": [0, 750], "broken": [0, 1000]}'
			|| patch) - ARRAY['without', patch ->> 'without'] ELSE patch END);
	RETURN 'set';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
SELECT is(with_weights(patch::jsonb), want, format('weights with %s', patch))
FROM (VALUES
	('{}', 'set'),
	('{"kept_by_company": [1000, 0]}', 'set'),
	('{"admitted": [1, 1000]}', 'set'),
	('{"repaired": [0, 749]}', 'set'),
	('{"partly_kept": [500, 1]}', 'set'),
	-- kept > repaired > admitted > broken
	('{"kept": [250, 750], "kept_by_company": [250, 750]}', '22023'),
	('{"kept": [1000, 751]}', '22023'),
	('{"kept": [249, 0], "kept_by_company": [249, 0]}', '22023'),
	('{"repaired": [0, 750]}', '22023'),
	('{"repaired": [999, 751]}', '22023'),
	('{"admitted": [0, 1000]}', '22023'),
	('{"admitted": [251, 750]}', '22023'),
	('{"broken": [0, 750]}', '22023'),
	('{"broken": [1, 1000]}', '22023'),
	('{"broken": [0, 0]}', '22023'),
	-- the company's word between the customer's and a repair; partly kept between that and broken
	('{"kept": [900, 0], "kept_by_company": [901, 0]}', '22023'),
	('{"kept": [1000, 10], "kept_by_company": [900, 9]}', '22023'),
	('{"kept_by_company": [250, 750]}', '22023'),
	('{"kept_by_company": [249, 0]}', '22023'),
	('{"partly_kept": [501, 500]}', '22023'),
	('{"partly_kept": [500, 0]}', '22023'),
	('{"partly_kept": [0, 1000]}', '22023'),
	-- six pairs of whole thousandths
	('{"without": "admitted"}', '22023'),
	('{"forgiven": [0, 0]}', '22023'),
	('{"without": "admitted", "Admitted": [0, 750]}', '22023'),
	('{"kept": 1000}', '22023'),
	('{"kept": null}', '22023'),
	('{"kept": []}', '22023'),
	('{"kept": [1000]}', '22023'),
	('{"kept": [1000, 0, 0]}', '22023'),
	('{"kept": {"0": 1000, "1": 0}}', '22023'),
	('{"kept": ["1000", "0"]}', '22023'),
	('{"kept": [[1000], [0]]}', '22023'),
	('{"kept": [true, false]}', '22023'),
	('{"kept": [1001, 0]}', '22023'),
	('{"kept": [1000, -1]}', '22023'),
	('{"kept": [999.5, 0]}', '22023'),
	('{"kept": [1e10, 0]}', '22023'),
	('{"kept": [1e400, 0]}', '22023'),
	('[[1000, 0]]', '22023'),
	('1000', '22023'),
	('null', '22023')) AS v (patch, want);

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and all of it verifies');
SELECT * FROM finish();
