-- Erasing what people wrote: texts and salts are removed, everything else stays, and all hashes
-- still verify. An erasure cannot hide an alteration.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(411);
CREATE EXTENSION trust_ledger;
CREATE ROLE ledger_owner;
SELECT format('ALTER DATABASE %I OWNER TO ledger_owner', current_database()) AS give_to_owner \gset
:give_to_owner;
SELECT trust_ledger.create_ledger();

CREATE ROLE application;
CREATE ROLE auditor;
CREATE ROLE analyst;
CREATE ROLE import;
CREATE ROLE admin;
CREATE ROLE nobody;
SELECT trust_ledger.grant_access(level, level)
	FROM unnest('{application,auditor,analyst,import,admin}'::text[]) AS level;
SELECT trust_ledger.register_actor('anna', 'human', 'Anna M.', reason => 'Anna M. joined.',
	context => '{"by": "Mr. X"}');
SELECT trust_ledger.register_actor('ben', 'human', 'Ben');
SELECT trust_ledger.register_actor('bot', 'ai', 'Anna M.', responsible => 'anna', model => 'm1');
SELECT trust_ledger.register_actor('carl', 'human', 'Carl', speaks_for => 'customer',
	customer => 'c');
SELECT trust_ledger.register_actor('erp', 'system', responsible => 'ben', speaks_for => 'record');
SELECT trust_ledger.register_actor('anna', 'human', 'Anna M.', authority => '{"EUR": 5}');
SELECT trust_ledger.register_actor('zoe', 'human', 'Zoe');
SELECT trust_ledger.register_actor('zoe', 'human', 'Zoe Z.');
SELECT trust_ledger.retire_actor('zoe', reason => 'Zoe Z. left.', idempotency_key => 'zoe');
SELECT trust_ledger.set_policy('anna', promiser_kind => 'ai', evidence => 'asserted',
	reason => 'Anna M. wants it.');

\ir ../../helpers/named_promises.sql
-- Customer c, entry by entry.
INSERT INTO promised SELECT 'full', promise FROM trust_ledger.make_promise('c', 'It works.',
	promiser => 'bot', kind => 'k', due => '2099-01-01',
	purpose => 'To sell it.', longest_pause => '1 day', actor => 'bot', context => '{"deal": "M."}',
		idempotency_key => 'k1');
SELECT trust_ledger.back_promise(promise_named('full'), actor => 'ben',
	context => '{"via": "phone"}', idempotency_key => 'k2');
SELECT trust_ledger.amend_promise(promise_named('full'), kind => 'l', reason => 'Said Anna.',
	actor => 'anna');
INSERT INTO promised SELECT 'other', promise FROM trust_ledger.make_promise('c', 'It works.',
	purpose => 'To sell it.', actor => 'ben', idempotency_key => 'k4');
SELECT trust_ledger.back_promise(promise_named('full'), actor => 'ben');
SELECT trust_ledger.accept_promise(promise_named('full'), relayed => true, actor => 'anna');
SELECT trust_ledger.amend_promise(promise_named('full'), 'It will work.', relayed => true,
	reason => 'They called.', actor => 'anna');
SELECT trust_ledger.confirm_relayed(promise_named('full'), 7, reason => 'Yes.', actor => 'carl');
SELECT trust_ledger.add_note(promise_named('full'), 'Call Mrs. M.', actor => 'ben',
	idempotency_key => 'k9');
SELECT trust_ledger.assess_promise(promise_named('full'), 'kept', reason => 'They called.',
	actor => 'carl');
SELECT trust_ledger.assess_promise(promise_named('full'), 'broken', actor => 'erp',
	idempotency_key => 'k11');
INSERT INTO promised SELECT 'plain', promise FROM trust_ledger.make_promise('c', 'Soon.',
	actor => 'ben');
INSERT INTO promised SELECT 'of d', promise FROM trust_ledger.make_promise('d', 'It works.',
	purpose => 'To sell it.', actor => 'ben');
-- Customer e: promises that are not settled.
SELECT trust_ledger.register_actor('eve', 'human', speaks_for => 'customer');
INSERT INTO promised
SELECT name, (trust_ledger.make_promise('e', name, promiser => promiser, due => '2099-01-01',
	longest_pause => '1 day', purpose => 'Why.', actor => promiser)).promise
FROM (VALUES ('proposed', 'bot'), ('due', 'ben'), ('paused', 'ben'), ('broken', 'ben'),
	('claimed', 'ben'), ('said', 'ben'), ('let off', 'ben')) AS p (name, promiser);
SELECT trust_ledger.pause_promise(promise_named('paused'), actor => 'ben');
SELECT trust_ledger.assess_promise(promise_named('broken'), 'broken', actor => 'eve');
SELECT trust_ledger.repair_breach(promise_named('broken'), 'Made again.', actor => 'ben');
SELECT trust_ledger.accept_promise(p, actor => 'eve') FROM (VALUES (promise_named('claimed')),
	(promise_named('said')), (promise_named('let off'))) AS a (p);
SELECT trust_ledger.amend_promise(promise_named('claimed'), 'Other words.', relayed => true,
	reason => 'They said.', actor => 'ben');
SELECT trust_ledger.assess_promise(promise_named('said'), 'kept', relayed => true,
	reason => 'Said.', actor => 'anna');
SELECT trust_ledger.release_promise(promise_named('let off'), 'Said.', relayed => true,
	actor => 'ben');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'a sound ledger');

-- ---- what is erased, and nothing else

CREATE FUNCTION remember() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL client_min_messages = warning;
	DROP TABLE IF EXISTS entry_before, promise_before, actor_before, chain_before, governed_before;
	CREATE TABLE entry_before AS TABLE trust.entry;
	CREATE TABLE promise_before AS TABLE trust.promise;
	CREATE TABLE actor_before AS TABLE trust.actor;
	CREATE TABLE chain_before AS TABLE trust.chain;
	CREATE TABLE governed_before AS SELECT 'policy' AS tab, to_jsonb(p) AS j FROM trust.policy p
		UNION ALL SELECT 'access', to_jsonb(x) FROM trust.access x;
	RESET client_min_messages;
END
$$;
SELECT remember();
-- The changes since remember(): texts that are gone from entries, with their salts ("request" is
-- the salt of a request), from promises, and from actors; new entries, with what they refer to and
-- name; "?" before any other change, "!" before a finding of verify().
CREATE FUNCTION is_another() RETURNS text[] LANGUAGE sql AS $$
	WITH text_of (name, n) AS (VALUES ('words', 1), ('purpose', 2), ('note', 3), ('context', 4),
		('name', 5)),
	e AS (
		SELECT a.customer || a.seq AS entry, a.seq, a.customer, to_jsonb(b) AS now,
			to_jsonb(a) AS before
		FROM entry_before a LEFT JOIN trust.entry b USING (customer, seq)),
	lost AS (
		SELECT entry, now, before, t.name, n FROM e, text_of t
		WHERE before ->> t.name IS NOT NULL AND now ->> t.name IS NULL AND now ->> (t.name
			|| '_salt') IS NULL
		UNION ALL SELECT entry, now, before, 'request', 9 FROM e WHERE before ->> 'request_salt'
			IS NOT NULL AND now ->> 'request_salt' IS NULL),
	said AS (
		SELECT customer, seq, 1 AS part, concat(customer, seq,
			(SELECT string_agg(' ' || name, '' ORDER BY n) FROM lost WHERE lost.entry = e.entry))
			AS what
		FROM e WHERE entry IN (SELECT entry FROM lost)
		UNION ALL
		SELECT customer, seq, 2, concat_ws(' ', '+' || customer || seq, refers_to,
			nullif(array_to_string(ARRAY(SELECT jsonb_array_elements_text(details -> 'texts')),
			' '), ''))
		FROM trust.entry b WHERE NOT EXISTS (SELECT FROM entry_before a
			WHERE a.customer = b.customer AND a.seq = b.seq)
		UNION ALL
		SELECT 'z', n.n, 3, concat_ws(' ', n.name, CASE WHEN a.words <> '' AND b.words IS NULL
			THEN 'words' END, CASE WHEN a.purpose <> '' AND b.purpose IS NULL THEN 'purpose' END)
		FROM promise_before a JOIN trust.promise b USING (promise)
			JOIN (SELECT *, row_number() OVER () AS n FROM promised) AS n USING (promise)
		WHERE (a.words, a.purpose) IS DISTINCT FROM (b.words, b.purpose)
		UNION ALL
		SELECT 'z', 0, 4, a.actor || ' name' FROM actor_before a JOIN trust.actor b USING (actor)
			WHERE a.name <> '' AND b.name IS NULL
		UNION ALL
		-- a text without its salt, a salt without its text; any other column; a promise, an actor,
		-- a score
		SELECT 'z', 0, 5, '? ' || entry || ' ' || name FROM e, text_of
		WHERE (now ->> name IS NULL) <> (now ->> (name || '_salt') IS NULL)
			OR coalesce(now ->> name, before ->> name) IS DISTINCT FROM before ->> name
		UNION ALL
		SELECT 'z', 0, 5, '? ' || entry || ' ' || key FROM e, LATERAL (
			SELECT key FROM jsonb_each(before) AS j
				WHERE key !~ '^(words|purpose|note|context|name)(_salt)?$|^request_salt$'
				AND value IS DISTINCT FROM now -> key) AS c
		UNION ALL
		SELECT 'z', 0, 5, '? promise' FROM promise_before a FULL JOIN trust.promise b USING
			(promise)
		WHERE to_jsonb(a) - '{words,purpose,last_seq}'::text[] IS DISTINCT FROM to_jsonb(b) -
			'{words,purpose,last_seq}'::text[]
		UNION ALL
		SELECT 'z', 0, 5, '? actor' FROM actor_before a FULL JOIN trust.actor b USING (actor)
			WHERE to_jsonb(a) - 'name' IS DISTINCT FROM to_jsonb(b) - 'name'
		UNION ALL
		SELECT 'z', 0, 5, '? ' || tab FROM (SELECT 'policy' AS tab, to_jsonb(p) FROM trust.policy p
			UNION ALL SELECT 'access', to_jsonb(x) FROM trust.access x
			EXCEPT ALL SELECT tab, j FROM governed_before) AS g
		UNION ALL
		SELECT 'z', 0, 5, '? score' FROM chain_before a JOIN trust.chain b USING (customer)
			WHERE a.score::text IS DISTINCT FROM b.score::text
		UNION ALL
		SELECT 'z', 0, 6, concat_ws(' ', '!', part, customer, seq, subject, field, problem)
			FROM trust_ledger.verify())
	SELECT coalesce(array_agg(what ORDER BY part, customer, seq, what), '{}') FROM said
$$;
-- The nth governance entry of that event about that subject; the call that erases it, whose number
-- is filled in when it is made; and expected texts with the numbers of the next governance entries.
CREATE FUNCTION nr(of_event text, of_subject text, nth integer DEFAULT 1) RETURNS bigint LANGUAGE
	sql AS $$
	SELECT seq FROM trust.entry WHERE customer = '' AND event = of_event AND subject = of_subject
		ORDER BY seq OFFSET nth - 1 LIMIT 1
$$;
CREATE FUNCTION of_governance(event text, subject text, nth integer DEFAULT 1) RETURNS text LANGUAGE
	sql AS $$
	SELECT format('erase_words('''', {nr(%L, %L, %s)}, ''r'')', event, subject, nth)
$$;
CREATE FUNCTION resolved(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	number bigint;
BEGIN
	IF call !~ '{nr' THEN
		RETURN call;
	END IF;
	EXECUTE 'SELECT ' || substring(call FROM '{(nr.*)}') INTO number;
	RETURN regexp_replace(call, '{nr.*}', coalesce(number::text, '-1'));
END
$$;
CREATE FUNCTION in_governance(expected text[], further integer) RETURNS text[] LANGUAGE sql AS $$
	SELECT array_agg(format(f, length + further, length + further + 1) ORDER BY n) FROM trust.chain,
		unnest(expected) WITH ORDINALITY AS u (f, n) WHERE customer = ''
$$;
-- The changes by the last of these calls, or its SQLSTATE. Rolled back.
CREATE FUNCTION erased(VARIADIC calls text[]) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	found text[];
BEGIN
	FOR i IN 1 .. cardinality(calls) LOOP
		IF i = cardinality(calls) THEN
			PERFORM remember();
		END IF;
		EXECUTE 'SELECT trust_ledger.' || resolved(calls[i]);
	END LOOP;
	found := is_another();
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN found;
	WHEN OTHERS THEN RETURN ARRAY[SQLSTATE];
END
$$;

CREATE TABLE erasures (call text, expected text[]);
INSERT INTO erasures VALUES
	-- of a promise: all of it, once
	($$erase_words(promise_named('full'), 'r')$$,
		'{c1 words purpose context request,c2 context request,c3 words purpose note,c7 words '
		'purpose note,c8 words purpose note,
		c9 note request,c10 note,+c13,full words purpose}'),
	($$erase_words(promise_named('full'), 'r', 'c')$$,
		'{c1 words purpose context request,c2 context request,c3 words purpose note,c7 words '
		'purpose note,c8 words purpose note,
		c9 note request,c10 note,+c13,full words purpose}'),
	($$erase_words(promise_named('other'), 'r')$$,
		'{c4 words purpose request,+c13,other words purpose}'),
	-- of an entry: what others of its promise repeat; its own reason and context
	($$erase_words('c', 1, 'r')$$,
		'{c1 words purpose context request,c3 words purpose,c7 purpose,c8 purpose,
		+c13 1 words purpose context,+c14 3 words purpose,+c15 7 purpose,+c16 8 purpose,full '
			'purpose}'),
	($$erase_words('c', 2, 'r')$$, '{c2 context request,+c13 2 context}'),
	($$erase_words('c', 3, 'r')$$,
		'{c1 words purpose request,c3 words purpose note,c7 purpose,c8 purpose,
		+c13 1 words purpose,+c14 3 words purpose note,+c15 7 purpose,+c16 8 purpose,full '
			'purpose}'),
	($$erase_words('c', 4, 'r')$$,
		'{c4 words purpose request,+c13 4 words purpose,other words purpose}'),
	($$erase_words('c', 7, 'r')$$,
		'{c1 purpose request,c3 purpose,c7 words purpose note,c8 words purpose,
		+c13 1 purpose,+c14 3 purpose,+c15 7 words purpose note,+c16 8 words purpose,full words '
			'purpose}'),
	($$erase_words('c', 8, 'r')$$,
		'{c1 purpose request,c3 purpose,c7 words purpose,c8 words purpose note,
		+c13 1 purpose,+c14 3 purpose,+c15 7 words purpose,+c16 8 words purpose note,full words '
			'purpose}'),
	($$erase_words('c', 9, 'r')$$, '{c9 note request,+c13 9 note}'),
	($$erase_words('c', 10, 'r')$$, '{c10 note,+c13 10 note}'),
	-- of a customer: an entry per promise
	($$erase_customer('c', 'r')$$,
		'{c1 words purpose context request,c2 context request,c3 words purpose note,c4 words '
		'purpose request,c7 words purpose note,
		c8 words purpose note,c9 note request,c10 note,c12 words,+c13,+c14,+c15,full words '
			'purpose,other words purpose,plain words}'),
	($$erase_customer('d', 'r')$$, '{d1 words purpose,+d2,of d words purpose}');
-- Of governance.
INSERT INTO erasures
SELECT format('erase_words('''', %s, ''r'')', nr(event, subject, nth)),
	string_to_array(format(expected, nr(event, subject, nth), other, length + 1, length + 2), ',')
FROM trust.chain, (VALUES
	-- the name in both registrations, the reason and the context of the one; not of others so named
	('actor_registered', 'anna', 1,
		'%1$s note context name,%2$s name,+%3$s %1$s note context name,+%4$s %2$s name,anna name',
		nr('actor_registered', 'anna', 2)),
	('actor_registered', 'anna', 2, '%2$s name,%1$s name,+%3$s %2$s name,+%4$s %1$s name,anna name',
		nr('actor_registered', 'anna')),
	('actor_registered', 'bot', 1, '%s name,+%3$s %1$s name,bot name', 0),
	-- a name that was given up, and the one that holds
	('actor_registered', 'zoe', 1, '%s name,+%3$s %1$s name', 0),
	('actor_registered', 'zoe', 2,
		'%s name,%s name request,+%3$s %1$s name,+%4$s %2$s name,zoe name', nr('actor_retired',
		'zoe')),
	('actor_retired', 'zoe', 1,
		'%2$s name,%1$s note name request,+%3$s %2$s name,+%4$s %1$s note name,zoe name',
		nr('actor_registered', 'zoe', 2)),
	('policy_set', 'anna', 1, '%s note,+%3$s %1$s note', 0)) AS c (event, subject, nth,
		expected, other)
WHERE customer = '';
SELECT is(erased(call), (SELECT array_agg(trim(u, E' \n\t') ORDER BY n) FROM unnest(expected) WITH
	ORDINALITY AS x (u, n)), call) FROM erasures;

-- Settings of the caller's session change nothing.
SET LOCAL IntervalStyle = sql_standard;
SET LOCAL DateStyle = 'German, DMY';
SET LOCAL TimeZone = 'Pacific/Kiritimati';
SELECT is(erased(call), (SELECT array_agg(trim(u, E' \n\t') ORDER BY n) FROM unnest(expected) WITH
	ORDINALITY AS x (u, n)), 'under other settings: ' || call) FROM erasures
	WHERE call ~ '''''|customer';
RESET IntervalStyle;
RESET DateStyle;
RESET TimeZone;

-- ---- erasing repeatedly

SELECT is(erased(VARIADIC calls), expected, array_to_string(calls, '; ')) FROM (VALUES
	(ARRAY[$$erase_words('c', 9, 'r')$$, $$erase_words('c', 9, 'r')$$], '{P0002}'::text[]),
	(ARRAY[$$erase_words('c', 1, 'r')$$, $$erase_words('c', 3, 'r')$$], '{c3 note,+c17 3 note}'),
	(ARRAY[$$erase_words(promise_named('full'), 'r')$$, $$erase_words('c', 1, 'r')$$], '{P0002}'),
	(ARRAY[$$erase_words('c', 7, 'r')$$, $$erase_words(promise_named('full'), 'r')$$],
		'{c1 words context,c2 context request,c3 words note,c8 note,c9 note request,c10 '
			'note,+c17}'),
	(ARRAY[$$erase_customer('d', 'r')$$, $$erase_words('d', 1, 'r')$$], '{P0002}'),
	(ARRAY[of_governance('actor_registered', 'anna'), of_governance('actor_registered', 'anna', 2)],
		'{P0002}'),
	-- the reason of an erasure is a text like others
	(ARRAY[$$erase_words('c', 9, 'M. asked.', idempotency_key => 'k')$$,
		$$erase_words('c', 13, 'r')$$], '{c13 note request,+c14 13 note}'),
	(ARRAY[$$erase_words(promise_named('full'), 'M. asked.')$$,
		$$erase_words(promise_named('full'), 'r')$$], '{P0002}'),
	(ARRAY[$$erase_words(promise_named('full'), 'M. asked.', context => '{"who": "M."}')$$,
		$$erase_words('c', 13, 'r')$$], '{c13 note context,+c14 13 note context}'),
	(ARRAY[of_governance('policy_set', 'anna'), of_governance('erased', 'anna')],
		in_governance('{%1$s note,+%2$s %1$s note}', 1)),
	-- new words
	(ARRAY[$$erase_words(promise_named('other'), 'r')$$,
		$$amend_promise(promise_named('other'), 'New words.', actor => 'ben')$$,
		$$erase_words('c', 14, 'r')$$], '{c14 words,+c15 14 words,other words}'),
	(ARRAY[$$erase_words(promise_named('other'), 'r')$$,
		$$amend_promise(promise_named('other'), 'New words.', purpose => 'New.', actor => 'ben')$$,
		$$erase_words(promise_named('other'), 'r')$$],
		'{c14 words purpose,+c15,other words purpose}'),
	(ARRAY[$$erase_words('c', 4, 'r')$$,
		$$amend_promise(promise_named('other'), 'It works.', actor => 'ben')$$,
		$$erase_words('c', 4, 'r')$$], '{P0002}'),
	(ARRAY[$$erase_words('c', 4, 'r')$$,
		$$amend_promise(promise_named('other'), 'It works.', actor => 'ben')$$,
		$$erase_customer('c', 'r')$$, $$erase_words('c', 14, 'r')$$], '{P0002}'),
	-- a name that is given again
	(ARRAY[of_governance('actor_registered', 'bot'),
		$$register_actor('bot', 'ai', 'Robot', responsible => 'anna', model => 'm2')$$,
		of_governance('actor_registered', 'bot', 2)],
		in_governance('{%1$s name,+%2$s %1$s name,bot name}', 2)),
	-- nothing is left for a rebuild to do
	(ARRAY[$$erase_customer('c', 'r')$$, $$rebuild('c')$$], in_governance('{+%1$s}', 1)),
	(ARRAY[of_governance('actor_registered', 'zoe', 2), $$rebuild('')$$], in_governance('{+%1$s}',
		3))) AS c (calls, expected);

-- ---- rights, and what is refused

-- The state that the last of these calls leaves when that role makes it, or its SQLSTATE. Rolled
-- back.
CREATE FUNCTION state_after_calls(as_role text, VARIADIC calls text[]) RETURNS text LANGUAGE
	plpgsql AS $$
DECLARE
	state text;
	call text;
BEGIN
	FOREACH call IN ARRAY calls[:cardinality(calls) - 1] LOOP
		EXECUTE 'SELECT trust_ledger.' || resolved(call);
	END LOOP;
	call := calls[cardinality(calls)];
	PERFORM set_config('role', as_role, true);
	EXECUTE 'SELECT state FROM ' || CASE WHEN call ~ '^public' THEN call ELSE 'trust_ledger.'
		|| call END || ' AS r' INTO state;
	RAISE EXCEPTION USING ERRCODE = 'OK000', MESSAGE = coalesce(state, 'ok');
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN SQLERRM;
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;
SELECT is(state_after_calls(role, call), CASE role WHEN 'admin' THEN state ELSE 'TL004' END,
	format('%s, by %s', call, role))
FROM unnest('{application,auditor,analyst,import,nobody,admin}'::text[]) AS role,
	(VALUES ($$erase_words(promise_named('full'), 'r')$$, 'kept'), ($$erase_words('c', 1, 'r')$$,
		'kept'), (resolved(of_governance('policy_set', 'anna')), 'ok'),
		($$erase_customer('c', 'r')$$, 'kept'), ($$erase_words(gen_random_uuid(), 'r')$$, 'P0002'),
		($$erase_words('nobody', 1, 'r')$$, 'P0002')) AS c (call, state);
-- in a security-definer function the rights of its owner count
CREATE FUNCTION erase_as_nobody() RETURNS trust_ledger.receipt SECURITY DEFINER LANGUAGE
	sql AS $$SELECT * FROM trust_ledger.erase_customer('c', 'r')$$;
CREATE FUNCTION erase_as_admin() RETURNS trust_ledger.receipt SECURITY DEFINER LANGUAGE
	sql AS $$SELECT * FROM trust_ledger.erase_customer('c', 'r')$$;
ALTER FUNCTION erase_as_nobody() OWNER TO nobody;
ALTER FUNCTION erase_as_admin() OWNER TO admin;
SELECT is(state_after_calls(role, call), expected, format('%s, by %s', call, role)) FROM (VALUES
	('admin', 'public.erase_as_nobody()', 'TL004'), ('none', 'public.erase_as_nobody()', 'TL004'),
	('nobody', 'public.erase_as_admin()', 'kept')) AS c (role, call, expected);

SELECT is(state_after_calls(as_role, call), expected, format('%s, by %s', call, as_role))
	FROM (VALUES
	('none', $$erase_words(promise_named('full'), NULL)$$, '22004'),
	('none', $$erase_words('c', 1, NULL)$$, '22004'),
	('none', $$erase_customer('c', NULL)$$, '22004'),
	('none', $$erase_words(promise_named('full'), '')$$, '22023'),
	('none', $$erase_customer('c', '')$$, '22023'),
	('none', $$erase_words(NULL::uuid, 'r')$$, '22004'),
	('none', $$erase_words(NULL::text, 1, 'r')$$, '22004'),
	('none', $$erase_words('c', NULL::bigint, 'r')$$, '22004'),
	('none', $$erase_customer(NULL, 'r')$$, '22004'),
	('none', $$erase_words(gen_random_uuid(), 'r')$$, 'P0002'),
	('none', $$erase_words(gen_random_uuid(), 'r', 'nobody')$$, 'P0002'),
	('none', $$erase_words(promise_named('full'), 'r', 'nobody')$$, 'P0002'),
	('none', $$erase_words(promise_named('full'), 'r', 'd')$$, 'P0002'),
	('none', $$erase_words(promise_named('full'), 'r', '')$$, '22023'),
	('none', $$erase_words('nobody', 1, 'r')$$, 'P0002'),
	('none', $$erase_words('C', 1, 'r')$$, 'P0002'),
	('none', $$erase_words(repeat('c', 5000), 1, 'r')$$, 'P0002'),
	('none', $$erase_words('c', 99, 'r')$$, 'P0002'),
	('none', $$erase_words('c', 0, 'r')$$, 'P0002'),
	('none', $$erase_words('c', -1, 'r')$$, 'P0002'),
	('none', $$erase_words('c', 5, 'r')$$, 'P0002'),
	('none', $$erase_words('c', 11, 'r')$$, 'P0002'),
	('none', $$erase_words('', 1, 'r')$$, 'P0002'), ('none', $$erase_words('', 99, 'r')$$, 'P0002'),
	('none', $$erase_customer('nobody', 'r')$$, 'P0002'),
	('none', $$erase_customer('', 'r')$$, '22023'),
	('none', $$erase_customer(repeat('c', 300), 'r')$$, '22023'),
	('none', $$erase_customer('c', 'r', actor => 'nobody')$$, '42704'),
	('none', $$erase_customer('c', 'r', actor => 'zoe')$$, 'TL003'),
	('none', $$erase_customer('c', 'r', occurred_at => now() + interval '1 day')$$, '22008'),
	('none', $$erase_customer('c', 'r', occurred_at => now() - interval '3 days')$$, '22008'),
	('none', $$erase_words('c', 9, 'r', occurred_at => now() - interval '1 hour')$$, '22008'),
	('admin', $$erase_customer('c', 'r', occurred_at => now() - interval '3 days')$$, 'TL004'),
	('none', $$erase_customer('c', 'r', idempotency_key => '')$$, '22023')) AS c (as_role, call,
		expected);
SELECT set_eq('SELECT customer FROM trust.chain', $$VALUES (''), ('c'), ('d'), ('e')$$,
	'refused, it makes no chain');
SELECT is(is_another(), '{}', 'nor anything else');

-- ---- keys

SELECT is(state_after_calls('none', VARIADIC calls), expected, array_to_string(calls, '; '))
	FROM (VALUES
	-- the arguments that were erased prove nothing any more
	(ARRAY[$$make_promise('c', 'Other.', promiser => 'bot', kind => 'k', due => '2099-01-01', $$ ||
		$$purpose => 'To sell it.', longest_pause => '1 day', actor => 'bot', $$ ||
		$$context => '{"deal": "M."}', idempotency_key => 'k1')$$], 'TL005'),
	(ARRAY[$$make_promise('c', 'It works.', promiser => 'bot', kind => 'k', $$ ||
		$$due => '2099-01-01', purpose => 'To sell it.', longest_pause => '1 day', $$ ||
		$$actor => 'bot', context => '{"deal": "M."}', idempotency_key => 'k1')$$], 'proposed'),
	(ARRAY[$$erase_words('c', 3, 'r')$$,
		$$make_promise('c', 'It works.', promiser => 'bot', kind => 'k', due => '2099-01-01', $$ ||
			$$purpose => 'To sell it.', longest_pause => '1 day', actor => 'bot', $$ ||
			$$context => '{"deal": "M."}', idempotency_key => 'k1')$$], 'TL005'),
	(ARRAY[$$erase_words('c', 2, 'r')$$,
		$$make_promise('c', 'It works.', promiser => 'bot', kind => 'k', due => '2099-01-01', $$ ||
			$$purpose => 'To sell it.', longest_pause => '1 day', actor => 'bot', $$ ||
			$$context => '{"deal": "M."}', idempotency_key => 'k1')$$], 'proposed'),
	(ARRAY[$$erase_words('c', 2, 'r')$$,
		$$back_promise(promise_named('full'), actor => 'ben', context => '{"via": "phone"}', $$ ||
		$$idempotency_key => 'k2')$$], 'TL005'),
	(ARRAY[$$erase_words('c', 9, 'r')$$,
		$$add_note(promise_named('full'), 'Call Mrs. M.', actor => 'ben', idempotency_key $$ ||
		$$=> 'k9')$$], 'TL005'),
	-- those of a call without texts are what they were
	(ARRAY[$$erase_customer('c', 'r')$$,
		$$assess_promise(promise_named('full'), 'broken', actor => 'erp', idempotency_key $$ ||
		$$=> 'k11')$$], 'kept'),
	-- an erasure's own
	(ARRAY[$$erase_words(promise_named('full'), 'r', idempotency_key => 'k')$$,
		$$erase_words(promise_named('full'), 'r', idempotency_key => 'k')$$], 'kept'),
	(ARRAY[$$erase_words(promise_named('full'), 'r', idempotency_key => 'k')$$,
		$$erase_words(promise_named('full'), 'other', idempotency_key => 'k')$$], 'TL005'),
	(ARRAY[$$erase_words(promise_named('full'), 'r', idempotency_key => 'k')$$,
		$$erase_words(promise_named('other'), 'r', idempotency_key => 'k')$$], 'TL005'),
	(ARRAY[$$erase_words(promise_named('full'), 'r', idempotency_key => 'k')$$,
		$$erase_words(promise_named('full'), 'r', actor => 'anna', idempotency_key => 'k')$$],
		'TL005'),
	(ARRAY[$$erase_words('c', 1, 'r', idempotency_key => 'k')$$,
		$$erase_words('c', 2, 'r', idempotency_key => 'k')$$], 'TL005'),
	(ARRAY[$$erase_customer('c', 'r', idempotency_key => 'k')$$,
		$$erase_words(promise_named('full'), 'r', idempotency_key => 'k')$$], 'TL005'),
	(ARRAY[$$erase_customer('c', 'r')$$, $$erase_customer('c', 'r', idempotency_key => 'k1')$$],
		'TL005'),
	(ARRAY[$$erase_words(promise_named('full'), 'r', idempotency_key => 'k')$$,
		$$erase_words('c', 13, 'r')$$,
		$$erase_words(promise_named('full'), 'r', idempotency_key => 'k')$$], 'TL005')) AS c (calls,
		expected);

-- ---- a promise without its words

SELECT is(state_after_calls('none', VARIADIC ARRAY[$$erase_customer('e', 'r')$$] || calls),
	expected, array_to_string(calls, '; ')) FROM (VALUES
	-- what is backed, and what is amended, are exact terms
	(ARRAY[$$back_promise(promise_named('proposed'), actor => 'ben')$$], 'TL001'),
	(ARRAY[$$back_promise(promise_named('due'), actor => 'anna')$$], 'TL001'),
	(ARRAY[$$amend_promise(promise_named('proposed'), kind => 'k', actor => 'ben')$$], '22004'),
	(ARRAY[$$amend_promise(promise_named('due'), purpose => 'p', actor => 'ben')$$], '22004'),
	(ARRAY[$$amend_promise(promise_named('claimed'), kind => 'k', actor => 'eve')$$], '22004'),
	(ARRAY[$$amend_promise(promise_named('claimed'), kind => 'k', relayed => true, $$ ||
		$$actor => 'ben')$$], '22004'),
	(ARRAY[$$confirm_relayed(promise_named('claimed'), actor => 'eve')$$], 'TL001'),
	(ARRAY[$$amend_promise(promise_named('proposed'), 'Words.', actor => 'ben')$$], 'proposed'),
	(ARRAY[$$amend_promise(promise_named('due'), 'Words.', actor => 'ben')$$], 'open'),
	(ARRAY[$$amend_promise(promise_named('proposed'), 'Words.', actor => 'ben')$$,
		$$back_promise(promise_named('proposed'), actor => 'ben')$$], 'open'),
	(ARRAY[$$amend_promise(promise_named('claimed'), 'Words.', relayed => true, actor => 'ben')$$,
		$$confirm_relayed(promise_named('claimed'), (SELECT unconfirmed FROM trust.promise $$ ||
		$$WHERE promise = promise_named('claimed')), actor => 'eve')$$], 'open'),
	(ARRAY[$$amend_promise(promise_named('claimed'), 'Words.', actor => 'eve')$$,
		$$back_promise(promise_named('claimed'), actor => 'ben')$$], 'open'),
	-- all else
	(ARRAY[$$decline_promise(promise_named('proposed'), actor => 'ben')$$], 'proposed'),
	(ARRAY[$$accept_promise(promise_named('proposed'), actor => 'eve')$$], 'open'),
	(ARRAY[$$accept_promise(promise_named('proposed'), relayed => true, actor => 'ben')$$], 'open'),
	(ARRAY[$$withdraw_promise(promise_named('proposed'), actor => 'ben')$$], 'withdrawn'),
	(ARRAY[$$withdraw_backing(promise_named('due'), actor => 'ben')$$], 'open'),
	(ARRAY[$$withdraw_promise(promise_named('due'), actor => 'ben')$$], 'withdrawn'),
	(ARRAY[$$pause_promise(promise_named('due'), actor => 'ben')$$], 'open'),
	(ARRAY[$$resume_promise(promise_named('paused'), actor => 'ben')$$], 'open'),
	(ARRAY[$$admit_breach(promise_named('due'), 'Sorry.', actor => 'ben')$$], 'broken'),
	(ARRAY[$$assess_promise(promise_named('due'), 'kept', actor => 'eve')$$], 'kept'),
	(ARRAY[$$release_promise(promise_named('due'), actor => 'eve')$$], 'released'),
	(ARRAY[$$add_note(promise_named('due'), 'n', actor => 'ben')$$], 'open'),
	(ARRAY[$$confirm_relayed(promise_named('broken'), actor => 'eve')$$], 'broken'),
	(ARRAY[$$repair_breach(promise_named('broken'), 'Again.', actor => 'ben')$$], 'broken'),
	(ARRAY[$$confirm_relayed(promise_named('said'), actor => 'eve')$$], 'kept'),
	(ARRAY[$$confirm_relayed(promise_named('let off'), actor => 'eve')$$], 'released')) AS c (calls,
		expected);
-- words that are repeated elsewhere are gone there too
SELECT is(state_after_calls('none',
	VARIADIC ARRAY['erase_words(''e'', (SELECT seq FROM trust.entry WHERE customer = ''e'' '
	'AND words = ' || quote_literal(words) || '), ''r'')',
	$$confirm_relayed(promise_named('claimed'), actor => 'eve')$$]),
	expected, 'erased, and then confirmed: ' || words)
-- with the old terms goes the purpose that the new ones share
FROM (VALUES ('claimed', 'TL001'), ('Other words.', 'TL001')) AS c (words, expected);

-- ---- the entry of an erasure

SELECT remember();
CREATE TABLE receipts AS SELECT r.* FROM trust_ledger.erase_words(promise_named('full'),
	'The customer asked.', actor => 'anna', context => '{"ticket": 7}', idempotency_key => 'once')
	AS r;
SELECT results_eq($$SELECT e.event COLLATE "default", e.promise, e.state COLLATE "default", e.note,
	e.context, e.actor COLLATE "default", e.login = session_user, e.role = current_user,
		e.evidence COLLATE "default", e.backfilled, e.refers_to, e.details, e.words_commitment,
			r.state COLLATE "default", r.promise, r.customer COLLATE "default",
			r.recorded_at = e.recorded_at, r.hash = e.hash
	FROM receipts r JOIN trust.entry e ON e.customer = 'c' AND e.seq = r.seq AND e.seq = 13$$,
	$$SELECT 'erased', promise_named('full'), 'kept', 'The customer asked.', '{"ticket": 7}'::jsonb,
		'anna', true, true, 'asserted', false, NULL::bigint, NULL::jsonb, NULL::bytea,
		'kept', promise_named('full'), 'c', true, true$$, 'what the entry says of an erasure');
SELECT results_eq($$SELECT (r).* FROM trust_ledger.erase_words(promise_named('full'),
	'The customer asked.', actor => 'anna', context => '{"ticket": 7}', idempotency_key => 'once')
	AS r$$,
	'TABLE receipts', 'a retry gives the receipt');
SELECT is((SELECT length FROM trust.chain WHERE customer = 'c'), 13::bigint, 'and does nothing');
SELECT results_eq($$SELECT description ~ 'erased all that people wrote',
	description ~ 'The customer asked' FROM trust_ledger.history(promise_named('full'))
	WHERE event = 'erased'$$,
	'VALUES (true, true)', 'history() shows it');
SELECT results_eq($$SELECT seq, (SELECT count(*) FROM regexp_matches(description, '\(erased\)',
	'g')) FROM trust_ledger.history(promise_named('full')) WHERE description ~ '\(erased\)'
	ORDER BY 1$$,
	'VALUES (1::bigint, 2::bigint), (3, 3), (7, 3), (8, 3), (9, 1), (10, 1)',
		'and shows where texts were');
SELECT is((SELECT string_agg(seq::text, ' ' ORDER BY seq)
	FROM trust_ledger.history(promise_named('full')) WHERE context IS NOT NULL),
	'13', 'contexts too');
SELECT results_eq($$SELECT r.seq, r.promise = promise_named('other'), e.refers_to, e.note
	FROM trust_ledger.erase_words('c', 4, 'One.', idempotency_key => 'one') AS r
	JOIN LATERAL (SELECT 1) AS x ON true LEFT JOIN trust.entry e ON e.customer = r.customer
		AND e.seq = r.seq$$, $$VALUES (14::bigint, true, NULL::bigint, NULL::text)$$,
		'of one entry');
SELECT results_eq($$SELECT refers_to, details, note, actor COLLATE "default", login = session_user,
	state COLLATE "default" FROM trust.entry WHERE customer = 'c' AND seq = 14$$,
	$$VALUES (4::bigint, '{"texts": ["words", "purpose"]}'::jsonb, 'One.', NULL, true, 'open')$$,
		'names it, and its texts');
SELECT matches((SELECT description FROM trust_ledger.history(promise_named('other'))
	WHERE event = 'erased'), 'Login ".*" erased words, purpose in entry 4[.] .*One',
	'so does history()');
-- several entries of one call, its key in the first
SELECT results_eq($$SELECT (r).seq, (r).promise FROM trust_ledger.erase_customer('c', 'All of it.',
	idempotency_key => 'all') AS r$$,
	$$VALUES (15::bigint, promise_named('plain'))$$, 'of a customer: the receipt of the first');
SELECT results_eq($$SELECT seq, promise, idempotency_key COLLATE "default", note FROM trust.entry
	WHERE customer = 'c' AND seq >= 15 ORDER BY 1$$,
	$$VALUES (15::bigint, promise_named('plain'), 'all', 'All of it.')$$,
		'and an entry for each promise with texts left: why others were erased stays');
SELECT results_eq($$SELECT (r).seq FROM trust_ledger.erase_customer('c', 'All of it.',
	idempotency_key => 'all') AS r$$, 'VALUES (15::bigint)', 'a retry of that');
-- ---- an erasure cannot hide an alteration: with the guards off and all rights

SELECT trust_ledger.erase_words('', nr('actor_registered', 'anna'), 'r');
SELECT trust_ledger.erase_words('e', seq, 'r') FROM trust.entry WHERE customer = 'e'
	AND words = 'claimed' AND event = 'made';
SELECT trust_ledger.erase_words(promise_named('due'), 'r');
SELECT trust_ledger.add_note(promise_named('full'), 'A later note.', actor => 'ben',
	idempotency_key => 'later');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'all of it is sound');
CREATE TABLE erased_here AS SELECT customer, seq, t.name FROM entry_before b,
	unnest('{words,purpose,note,context,name}'::text[]) AS t (name)
	WHERE to_jsonb(b) ->> t.name <> '' AND (SELECT to_jsonb(e) FROM trust.entry e WHERE (e.customer,
		e.seq) = (b.customer, b.seq)) ->> t.name IS NULL;
SELECT is((SELECT count(*) FROM erased_here), 27::bigint, 'texts were erased');
SELECT is((SELECT count(*) FROM trust.entry e, entry_before b WHERE (e.customer,
	e.seq) = (b.customer, b.seq) AND b.request_salt <> '' AND e.request_salt IS NULL), 4::bigint,
	'and salts of requests');
DO $$
DECLARE
	tab text;
BEGIN
	FOREACH tab IN ARRAY '{ledger,actor,policy,access,tracking,chain,promise,entry}'::text[] LOOP
		EXECUTE format('ALTER TABLE trust.%I DISABLE TRIGGER USER', tab);
	END LOOP;
END
$$;

\ir ../../helpers/findings.sql

-- What verify() finds after these statements, except guards: 'part customer seq field', or the
-- SQLSTATE. Rolled back.
CREATE FUNCTION found(VARIADIC doings text[]) RETURNS text[]
LANGUAGE sql AS $$
	SELECT coalesce(array_agg(CASE WHEN v.part ~ '^!' THEN v.part
		ELSE concat_ws(' ', v.part, coalesce(nullif(v.customer, ''), '-'),
			coalesce(v.seq::text, v.subject, p.name, '-'), coalesce(v.field, '-')) END
		ORDER BY v.part, v.customer, v.seq, v.field), '{}')
	FROM verify_after(array_to_string(doings, '; ')) AS v LEFT JOIN promised p USING (promise)
		WHERE v.part <> 'guard'
$$;
CREATE FUNCTION numbered(customer text, seq bigint, field text) RETURNS text LANGUAGE
	sql AS $$SELECT concat_ws(' ', 'entry', coalesce(nullif(customer, ''), '-'), seq, field)$$;
SELECT is(found('SELECT'), '{}', 'nothing was done: nothing is found');

-- an erased text, its salt, or both are put back
SELECT is(found(format('UPDATE trust.entry e SET %s FROM entry_before b WHERE (e.customer, '
	'e.seq) = (b.customer, b.seq) AND e.customer = %L AND e.seq = %s',
		(SELECT string_agg(format('%1$I = b.%1$I', name || s), ', ') FROM unnest(back) AS s),
			customer, seq)),
	CASE WHEN name = 'name' AND seq = nr('actor_registered', 'anna', 2) AND '' = ANY (back)
		THEN '{actor - anna name}' ELSE '{}'::text[] END || numbered(customer, seq, name),
	format('back again: %s %s %s %s', customer, seq, name, back))
FROM erased_here, (VALUES ('{"",_salt}'::text[]), ('{""}'), ('{_salt}')) AS v (back);
SELECT is(found(format('UPDATE trust.entry e SET request_salt = b.request_salt FROM entry_before b '
	'WHERE (e.customer, e.seq) = (b.customer, b.seq) AND e.customer = %L AND e.seq = %s',
	b.customer, b.seq)),
	ARRAY[numbered(customer, seq, 'request_salt')],
		format('back again: the salt of a request, %s %s', customer, seq))
FROM entry_before b JOIN trust.entry e USING (customer, seq) WHERE b.request_salt <> ''
	AND e.request_salt IS NULL;
SELECT is(found('UPDATE trust.promise p SET words = b.words FROM promise_before b WHERE p.promise '
	'= b.promise AND b.promise = promise_named(''other'')'), '{promise c other words}',
	'back again: the words of a promise');
SELECT is(found('UPDATE trust.promise p SET purpose = b.purpose FROM promise_before b '
	'WHERE p.promise = b.promise AND b.promise = promise_named(''due'')'),
	'{promise e due purpose}', 'its purpose');
SELECT is(found('UPDATE trust.actor SET name = ''Anna M.'' WHERE actor = ''anna'''),
	'{actor - anna name}', 'the name of an actor');
SELECT is(found('UPDATE trust.promise p SET words = b.words, purpose = b.purpose '
	'FROM promise_before b WHERE p.promise = b.promise AND b.customer = ''c''',
	'SELECT trust_ledger.rebuild(''c'')'), '{}',
	'a rebuild brings no words back');
SELECT is(found('UPDATE trust.actor a SET name = b.name FROM actor_before b WHERE a.actor '
	'= b.actor', 'SELECT trust_ledger.rebuild('''')'), '{}', 'nor names');

-- a text, its salt, or both are missing without an erasure
SELECT ok(found(format('UPDATE trust.entry SET %s WHERE customer = %L AND seq = %s',
	(SELECT string_agg(format('%I = NULL', t.name || s), ', ') FROM unnest(gone) AS s),
	customer, seq))
	@> ARRAY[numbered(customer, seq, t.name)], format('gone: %s %s %s %s', customer, seq,
		t.name, gone))
FROM trust.entry e, unnest('{words,purpose,note,context,name}'::text[]) AS t (name),
(VALUES ('{"",_salt}'::text[]), ('{""}'), ('{_salt}')) AS v (gone)
WHERE to_jsonb(e) ->> t.name <> '';
SELECT is(found(format('UPDATE trust.entry SET request_salt = NULL WHERE customer = %L '
	'AND seq = %s', customer, seq)), ARRAY[numbered(customer, seq, 'request_salt')],
	format('gone: the salt of a request, %s %s', customer, seq))
FROM trust.entry WHERE request_salt <> '';

-- the entry of an erasure is missing, is another's, or names other texts
SELECT ok(findings @> ARRAY[CASE WHEN seq = length THEN format('chain %s - length',
	coalesce(nullif(customer, ''), '-')) ELSE numbered(customer, seq + 1, 'seq') END]
		AND ((customer, seq) IN (('c', 13), ('c', 14)) OR findings::text ~
			'entry [^"]* (words|purpose|note|context|name)"'),	-- two are said again later
	format('gone: what says that texts are, %s %s', customer, seq))
FROM trust.entry JOIN trust.chain USING (customer),
	found(format('DELETE FROM trust.entry WHERE customer = %L AND seq = %s', customer, seq))
	AS findings
WHERE event = 'erased';
SELECT ok(found(format('UPDATE trust.entry SET %s WHERE customer = ''e'' '
	'AND seq = (SELECT max(seq) FROM trust.entry WHERE customer = ''e'' AND event = ''erased'')',
	change)) @>
	(SELECT ARRAY[numbered('e', max(seq), 'hash')] FROM trust.entry WHERE customer = 'e'),
		'what says that texts are gone: ' || change)
FROM unnest(ARRAY['promise = promise_named(''paused'')', 'refers_to = 1', 'event = ''noted''',
	'details = ''{"texts": []}''', 'details = ''{"texts": ["words"]}''',
	'details = ''{"texts": "words"}''', 'details = ''{"texts": {"words": 1}}''',
	'details = ''{"texts": [1, null, ["words"], {"words": 1}, "", "word", "words "]}''',
		'details = ''[]''', 'details = ''"texts"''', 'details = ''null''',
		'details = ''{}''']) AS change;
SELECT ok(found(format('INSERT INTO trust.entry SELECT (jsonb_populate_record(e, ''{"seq": %s, '
	'"event": "erased", "idempotency_key": null, "words": null, "words_salt": null}'')).* '
	'FROM trust.entry e WHERE customer = ''d'' AND seq = 1', length + 1),
		'UPDATE trust.entry SET words = NULL, words_salt = NULL WHERE customer = ''d'' AND seq = 1')
			@> ARRAY[numbered('d', length + 1, 'hash'), 'chain d - length'],
			'an erasure that was made up')
FROM trust.chain WHERE customer = 'd';

-- Entries whose promise or subject was taken away are refused.
SELECT is(state_after_calls('none', call), expected, call)
	FROM (VALUES ($$erase_words('d', 1, 'r')$$, 'open')) AS c (call, expected);
CREATE FUNCTION after(doing text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	came text;
BEGIN
	EXECUTE doing;
	came := state_after_calls('none', call);
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN came;
END
$$;
SELECT is(after(doing, call), 'TL006', format('%s, and %s', doing, call)) FROM (VALUES
	('UPDATE trust.entry SET promise = NULL WHERE customer = ''d''',
		'erase_customer(''d'', ''r'')'),
	('UPDATE trust.entry SET promise = NULL WHERE customer = ''d''',
		'erase_words(''d'', 1, ''r'')'),
	('UPDATE trust.entry SET promise = NULL, subject = ''anna'' WHERE customer = ''d''',
		'erase_words(''d'', 1, ''r'')'),
	('UPDATE trust.entry SET subject = NULL WHERE customer = ''''',
		format('erase_words('''', %s, ''r'')', nr('actor_registered', 'ben'))),
	('UPDATE trust.entry SET promise = gen_random_uuid() WHERE customer = ''''',
		format('erase_words('''', %s, ''r'')', nr('actor_registered', 'ben')))) AS c (doing, call);

SELECT * FROM finish();
ROLLBACK;
