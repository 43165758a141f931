-- Notes: by any actor of the company, of a record or of this customer, in any state; they change
-- nothing.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(94);

CREATE ROLE app LOGIN;
CREATE ROLE importer LOGIN;
CREATE ROLE analyst LOGIN;
CREATE ROLE auditor LOGIN;
CREATE ROLE admin LOGIN;
CREATE ROLE outsider LOGIN;

SELECT trust_ledger.create_ledger() \g /dev/null
DO $$
BEGIN
	PERFORM trust_ledger.grant_access('app', 'application');
	PERFORM trust_ledger.grant_access('importer', 'import');
	PERFORM trust_ledger.grant_access(level, level) FROM unnest('{analyst,auditor,admin}'::text[])
		AS level;
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'anna',
		speaks_for => 'record');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.register_actor('otto', 'human', speaks_for => 'customer',
		customer => 'other');
	PERFORM trust_ledger.register_actor('gone', 'human');
	PERFORM trust_ledger.retire_actor('gone');
	PERFORM trust_ledger.set_policy('guarded', kind => 'guarded', evidence => 'asserted',
		back_within => '1 hour');
END
$$;

\ir ../../helpers/calls.sql
\ir ../../helpers/promises.sql

-- Situations of a promise: its state, in how long it is due, and the calls that lead there.
CREATE TABLE situation (situation text PRIMARY KEY, state text, due interval, calls text[]);
INSERT INTO situation VALUES
	('proposed', 'proposed', '1 day', '{}'),
	('declined', 'proposed', '1 day', '{"decline_promise($1, actor => ''anna'')"}'),
	('paused and parked', 'proposed', '1 day',
		'{"back_promise($1, actor => ''anna'')","pause_promise($1, '
		'actor => ''bot'')","withdraw_backing($1, actor => ''anna'')"}'),
	('open', 'open', '1 day', '{"back_promise($1, actor => ''anna'')"}'),
	('accepted without a backer', 'open', '1 day', '{"accept_promise($1, actor => ''carl'')"}'),
	('paused', 'open', '1 day',
		'{"back_promise($1, actor => ''anna'')","pause_promise($1, actor => ''bot'')"}'),
	('overdue', 'open', '-1 day', '{"back_promise($1, actor => ''anna'')"}'),
	('overdue, a release waits', 'open', '-1 day',
		'{"back_promise($1, actor => ''anna'')","release_promise($1, relayed => true, '
		'actor => ''bot'')"}'),
	('kept', 'kept', '1 day',
		'{"back_promise($1, actor => ''anna'')","assess_promise($1, ''kept'', purpose_met => true, '
		'actor => ''carl'')"}'),
	('partly kept', 'partly_kept', '1 day',
		'{"back_promise($1, actor => ''anna'')","assess_promise($1, ''partly_kept'', '
		'actor => ''carl'')"}'),
	('broken', 'broken', '1 day',
		'{"back_promise($1, actor => ''anna'')","assess_promise($1, ''broken'', '
		'actor => ''carl'')"}'),
	('broken, a repair waits', 'broken', '1 day',
		'{"back_promise($1, actor => ''anna'')","assess_promise($1, ''broken'', '
		'actor => ''carl'')","repair_breach($1, ''h'', actor => ''bot'')"}'),
	('admitted and repaired', 'broken', '1 day',
		'{"back_promise($1, actor => ''anna'')","admit_breach($1, '
		'actor => ''bot'')","repair_breach($1, ''h'', actor => ''bot'')"}'),
	('released', 'released', '1 day',
		'{"back_promise($1, actor => ''anna'')","release_promise($1, actor => ''carl'')"}'),
	('withdrawn', 'withdrawn', '1 day', '{"withdraw_promise($1, actor => ''bot'')"}'),
	('its words erased', 'open', '1 day',
		'{"back_promise($1, actor => ''anna'')","erase_words($1, ''r'', actor => ''anna'')"}');

-- All that is known of the promise and its customer, except how many entries they have.
CREATE FUNCTION known(of_promise uuid) RETURNS jsonb
LANGUAGE sql AS $$
	SELECT jsonb_build_object('promise', to_jsonb(p) - 'last_seq', 'score', c.score::text, 'now',
		trust_ledger.broken(trust_ledger.customer_score(p.customer)),
		'waits', (SELECT to_jsonb(w) FROM trust.awaiting_backing w WHERE w.promise = of_promise),
			'overdue', (SELECT overdue FROM trust.current_promise w WHERE w.promise = of_promise),
		'said', (SELECT jsonb_agg(to_jsonb(e) ORDER BY seq) FROM trust.entry e
			WHERE e.promise = of_promise AND event <> 'noted'))
	FROM trust.promise p JOIN trust.chain c USING (customer) WHERE promise = of_promise
$$;

CREATE FUNCTION noted(situation situation, who text, occurred_at timestamptz DEFAULT NULL)
	RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := after_calls(new_promise('guarded', due_ago => -situation.due,
		longest_pause => '2 days', purpose => 'to celebrate',
		customer => 'noted ' || situation.situation || who), situation.calls);
	before jsonb := known(id);
	after jsonb;
	receipt trust_ledger.receipt;
	different text;
BEGIN
	receipt := trust_ledger.add_note(id, 'They called.', actor => who, occurred_at => occurred_at,
		context => '{"from": "phone"}');
	after := known(id);
	SELECT string_agg(key, ' ' ORDER BY key) INTO different
	FROM jsonb_each((after - 'promise') || (after -> 'promise')) a
		JOIN jsonb_each((before - 'promise') || (before -> 'promise')) b USING (key)
		WHERE a.value <> b.value;
	RETURN concat_ws(', ', receipt.state, 'differs: ' || different,
		(SELECT concat_ws(' ', e.event, e.actor, e.note, e.context, CASE WHEN p.last_seq = e.seq
			THEN 'last' END, num_nonnulls(e.due, e.stands, e.verdict, e.backer, e.words,
			e.refers_to, e.relayed))
		FROM trust.entry e JOIN trust.promise p USING (customer, promise)
			WHERE e.customer = receipt.customer AND e.hash = receipt.hash));
END
$$;
SELECT is(noted(s, who), format('%s, noted %s They called. {"from": "phone"} last 0', s.state, who),
	format('%s: a note by %s', s.situation, who))
FROM situation s, unnest('{anna,bot,crm,carl}'::text[]) AS who;
SELECT is(noted(s, 'carl', now() - interval '5 days'),
	'open, noted carl They called. {"from": "phone"} last 0', 'a note entered late')
FROM situation s WHERE situation = 'open';

-- ---- rights ----

SELECT is(state_after(login, new_promise('guarded', due_ago => '-1 day'), call),
	want, format('%s: %s', login, call))
FROM (VALUES
	('app', 'add_note($1, ''n'', actor => ''anna'')', 'proposed'),
	('importer',
		'add_note($1, ''n'', actor => ''anna'', occurred_at => now() - interval ''9 days'')',
		'proposed'),
	('app', 'add_note($1, ''n'', actor => ''anna'', occurred_at => now() - interval ''9 days'')',
		'TL004'),
	('importer',
		'add_note($1, ''n'', actor => ''anna'', occurred_at => now() - interval ''11 days'')',
		'22008'),
	('analyst', 'add_note($1, ''n'', actor => ''anna'')', 'TL004'),
	('auditor', 'add_note($1, ''n'', actor => ''anna'')', 'TL004'),
	('admin', 'add_note($1, ''n'', actor => ''anna'')', 'TL004'),
	('outsider', 'add_note($1, ''n'', actor => ''anna'')', 'TL004'),
	('app', 'add_note($1, ''n'', actor => ''otto'')', 'TL003'),
	('app', 'add_note($1, ''n'', customer => ''other'', actor => ''otto'')', 'P0002'),
	('app', 'add_note($1, ''n'', actor => ''gone'')', 'TL003'),
	('app', 'add_note($1, ''n'')', 'TL003'),
	('app', 'add_note($1, ''n'', actor => ''nobody'')', '42704'),
	('app', 'add_note(NULL, ''n'', actor => ''anna'')', '22004'),
	('app', 'add_note(gen_random_uuid(), ''n'', actor => ''anna'')', 'P0002'),
	-- a note that says nothing
	('app', 'add_note($1, NULL, actor => ''anna'')', '22004'),
	('app', 'add_note($1, '''', actor => ''anna'')', '22023'),
	('app', 'add_note($1, E'' \n\u200b'', actor => ''anna'')', '22023')) AS v (login, call, want);

-- ---- who reads it ----

CREATE FUNCTION reads(login text, query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	found boolean;
BEGIN
	PERFORM set_config('session_authorization', login, true);
	EXECUTE format('SELECT coalesce(bool_or(r::text ~ ''SECRET''), false) FROM (%s) AS r',
		query) INTO found;
	PERFORM set_config('session_authorization', 'postgres', true);
	RETURN found;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
CREATE TABLE secret AS SELECT new_promise('guarded', due_ago => '1 day', customer => 'SECRET-free',
	backed_by => 'anna') AS promise;
SELECT trust_ledger.add_note(promise, 'A SECRET.', actor => 'carl', context => '{"also": "SECRET"}')
	FROM secret \g /dev/null
SELECT is(reads(login, format('SELECT seq, description, context FROM trust_ledger.history(%L)',
	promise)), want, login || ' reads the history')
FROM secret, (VALUES ('app', 'true'), ('auditor', 'true'), ('analyst', 'TL004'),
	('importer', 'TL004'), ('admin', 'TL004'), ('outsider', 'TL004')) AS v (login, want);
SELECT is(reads('analyst', 'TABLE trust.' || t), '42501', 'no analyst reads trust.' || t)
	FROM unnest('{entry,promise}'::text[]) AS t;
-- No view shows it; the customer's key is in them.
SELECT is_empty($$
	SELECT relname, shown FROM pg_class,
		LATERAL (SELECT reads('analyst',
		format('SELECT replace(v::text, ''SECRET-free'', '''') FROM trust.%I v', relname)) AS shown)
		AS r
	WHERE relnamespace = 'trust'::regnamespace AND relkind IN ('v', 'm') AND shown <> 'false'
$$, 'no view shows an analyst a note');

-- ---- retries ----

CREATE FUNCTION again() RETURNS SETOF text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := new_promise('guarded', due_ago => '-1 day');
	first trust_ledger.receipt := trust_ledger.add_note(id, 'n', actor => 'anna',
		idempotency_key => 'n');
BEGIN
	RETURN NEXT trust_ledger.add_note(id, 'n', actor => 'anna', idempotency_key => 'n') = first;
	RETURN NEXT state_after('app', id,
		'add_note($1, ''m'', actor => ''anna'', idempotency_key => ''n'')');
	RETURN NEXT state_after('app', id,
		'add_note($1, ''n'', actor => ''carl'', idempotency_key => ''n'')');
	RETURN NEXT state_after('app', id,
		'decline_promise($1, ''n'', actor => ''anna'', idempotency_key => ''n'')');
	RETURN NEXT (SELECT string_agg(event, ' ' ORDER BY seq) FROM trust.entry WHERE promise = id);
END
$$;
SELECT results_eq('SELECT again()', ARRAY['true', 'TL005', 'TL005', 'TL005', 'made noted'],
	'the same call again');

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and all of it verifies');
SELECT * FROM finish();
