-- The life of a promise: every event in every state, what it leads to and how it is refused.
-- The expected table below is compared with what the functions do, and with state_machine().
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;

DO $$
BEGIN
	PERFORM trust_ledger.create_ledger();
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	-- Two kinds of promises: one that needs a human, one that does not and is known all the same.
	PERFORM trust_ledger.set_policy('guarded', kind => 'guarded', evidence => 'asserted');
	PERFORM trust_ledger.set_policy('free', kind => 'free', grace => '0');
END
$$;

-- What can be called on a promise ($1), by whoever may: the state alone decides.
CREATE TABLE call (nr int GENERATED ALWAYS AS IDENTITY, call text PRIMARY KEY, event text, sql text);
INSERT INTO call (call, event, sql) VALUES
	('make', 'made', $$make_promise('c', 'We call back.', 'bot', 'guarded', actor => 'bot')$$),
	('make_free', 'made', $$make_promise('c', 'We call back.', kind => 'free', actor => 'anna')$$),
	('make_late', 'made', $$make_promise('c', 'We call back.', 'bot', 'guarded', actor => 'bot',
		occurred_at => now() - interval '10 days', due => now() - interval '5 days')$$),
	('back', 'backed', $$back_promise($1, actor => 'anna')$$),
	('unback', 'backing_withdrawn', $$withdraw_backing($1, actor => 'anna')$$),
	('accept', 'accepted', $$accept_promise($1, actor => 'carl')$$),
	('amend', 'amended', $$amend_promise($1, 'We write.', actor => 'bot')$$),
	('amend_free', 'amended', $$amend_promise($1, 'We write.', 'free', actor => 'bot')$$),
	('amend_carl', 'amended', $$amend_promise($1, 'They write.', actor => 'carl')$$),
	('kept', 'assessed', $$assess_promise($1, 'kept', actor => 'carl')$$),
	('partly', 'assessed', $$assess_promise($1, 'partly_kept', actor => 'carl')$$),
	('broken', 'assessed', $$assess_promise($1, 'broken', actor => 'carl')$$),
	('withdraw', 'withdrawn', $$withdraw_promise($1, actor => 'bot')$$),
	('release', 'released', $$release_promise($1, actor => 'carl')$$),
	-- these only bring a promise somewhere: what was done before its due time
	('back_early', 'backed', $$back_promise($1, actor => 'anna', occurred_at => now() - interval '9 days')$$),
	('unback_early', 'backing_withdrawn', $$withdraw_backing($1, actor => 'anna', occurred_at => now() - interval '8 days')$$),
	('amend_early', 'amended', $$amend_promise($1, 'We write.', actor => 'bot', occurred_at => now() - interval '8 days')$$),
	('accept_early', 'accepted', $$accept_promise($1, actor => 'carl', occurred_at => now() - interval '8 days')$$);

-- How a promise comes to be where it is tried.
CREATE TABLE situation (situation text PRIMARY KEY, state text, calls text[]);
INSERT INTO situation VALUES
	('not made', 'none', '{}'),
	('proposed', 'proposed', '{make}'),
	('proposed again', 'proposed', '{make,back,unback}'),
	('proposed, past due', 'proposed', '{make_late}'),
	('parked, past due', 'proposed', '{make_late,back_early,unback_early}'),
	('amended, past due', 'proposed', '{make_late,back_early,amend_early}'),
	('open', 'open', '{make,back}'),
	('open again', 'open', '{make,back,unback,back}'),
	('open, needs nobody', 'open', '{make_free}'),
	('open, unbacked', 'open', '{make_free,unback}'),
	('open, accepted', 'open', '{make,back,accept}'),
	('open, accepted, unbacked', 'open', '{make,accept}'),
	('open, past due', 'open', '{make_late,back}'),
	('open, past due, unbacked', 'open', '{make_late,back,unback}'),
	('open, accepted, past due', 'open', '{make_late,back,accept}'),
	('parked, accepted late', 'open', '{make_late,back_early,unback_early,accept}'),
	('accepted unbacked, past due', 'open', '{make_late,accept_early}'),
	('kept', 'kept', '{make,back,kept}'),
	('partly kept', 'partly_kept', '{make,back,partly}'),
	('broken', 'broken', '{make,back,broken}'),
	('withdrawn late', 'broken', '{make,back,accept,withdraw}'),
	('released', 'released', '{make,back,release}'),
	('withdrawn', 'withdrawn', '{make,withdraw}');

-- A new state or an SQLSTATE; "-" where no call can say it.
CREATE TABLE expected (situation text PRIMARY KEY REFERENCES situation, outcomes text);
INSERT INTO expected VALUES
--                            make     make_free make_late back  unback   accept amend    amend_free amend_carl kept partly broken withdraw release
	('not made',                 'proposed open  proposed P0002 P0002    P0002 P0002    P0002 P0002 P0002 P0002       P0002  P0002     P0002'),
	('proposed',                 '-        -     -        open  TL001    open  proposed open  TL003 TL001 TL001       TL001  withdrawn TL001'),
	('proposed again',           '-        -     -        open  TL001    open  proposed open  TL003 TL001 TL001       TL001  withdrawn TL001'),
	('proposed, past due',       '-        -     -        open  TL001    open  TL001    TL001 open  TL001 TL001       TL001  withdrawn TL001'),
	-- once open, there is no way out past due: neither by parking it nor by new words
	('parked, past due',         '-        -     -        open  TL001    open  TL001    TL001 open  TL001 TL001       TL001  broken    TL001'),
	('amended, past due',        '-        -     -        open  TL001    open  TL001    TL001 open  TL001 TL001       TL001  broken    TL001'),
	('open',                     '-        -     -        open  proposed open  proposed open  TL003 kept  partly_kept broken withdrawn released'),
	('open again',               '-        -     -        open  proposed open  proposed open  TL003 kept  partly_kept broken withdrawn released'),
	('open, needs nobody',       '-        -     -        open  open     open  open     open  TL003 kept  partly_kept broken withdrawn released'),
	('open, unbacked',           '-        -     -        open  TL003    open  open     open  TL003 kept  partly_kept broken withdrawn released'),
	('open, accepted',           '-        -     -        open  open     TL001 TL001    TL001 open  kept  partly_kept broken broken    released'),
	('open, accepted, unbacked', '-        -     -        open  TL003    TL001 TL001    TL001 open  kept  partly_kept broken broken    released'),
	('open, past due',           '-        -     -        open  open     open  TL001    TL001 open  kept  partly_kept broken broken    released'),
	('open, past due, unbacked', '-        -     -        open  TL003    open  TL001    TL001 open  kept  partly_kept broken broken    released'),
	('open, accepted, past due', '-        -     -        open  open     TL001 TL001    TL001 open  kept  partly_kept broken broken    released'),
	('parked, accepted late',    '-        -     -        open  TL003    TL001 TL001    TL001 open  kept  partly_kept broken broken    released'),
	('accepted unbacked, past due', '-     -     -        open  TL003    TL001 TL001    TL001 open  kept  partly_kept broken broken    released'),
	('kept',                     '-        -     -        TL001 TL001    TL001 TL001    TL001 TL001 kept  partly_kept broken TL001     TL001'),
	('partly kept',              '-        -     -        TL001 TL001    TL001 TL001    TL001 TL001 kept  partly_kept broken TL001     TL001'),
	('broken',                   '-        -     -        TL001 TL001    TL001 TL001    TL001 TL001 kept  partly_kept broken TL001     TL001'),
	('withdrawn late',           '-        -     -        TL001 TL001    TL001 TL001    TL001 TL001 kept  partly_kept broken TL001     TL001'),
	('released',                 '-        -     -        TL001 TL001    TL001 TL001    TL001 TL001 TL001 TL001       TL001  TL001     TL001'),
	('withdrawn',                '-        -     -        TL001 TL001    TL001 TL001    TL001 TL001 TL001 TL001       TL001  TL001     TL001');

CREATE VIEW cell AS
SELECT e.situation, s.state, c.call, c.event, o.outcome, o.outcome ~ '^[a-z_]+$' AS allowed
FROM expected e JOIN situation s USING (situation),
	regexp_split_to_table(e.outcomes, '\s+') WITH ORDINALITY AS o (outcome, nr) JOIN call c ON c.nr = o.nr
WHERE o.outcome <> '-'
ORDER BY s.situation, c.nr;

CREATE FUNCTION run(of_call text, promise uuid, OUT receipt trust_ledger.receipt)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'SELECT * FROM trust_ledger.' || (SELECT sql FROM call WHERE call.call = of_call) INTO receipt USING promise;
END
$$;

-- Brings a promise into the situation; one that was not made has an id that nobody knows.
CREATE FUNCTION bring(calls text[]) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	promise uuid := gen_random_uuid();
	call text;
BEGIN
	FOREACH call IN ARRAY calls LOOP
		promise := (run(call, promise)).promise;
	END LOOP;
	RETURN promise;
END
$$;

CREATE FUNCTION everything() RETURNS text
LANGUAGE sql AS $$
	SELECT concat_ws(E'\n', (SELECT string_agg(e::text, E'\n' ORDER BY e.customer, e.seq) FROM trust.entry e),
		(SELECT string_agg(p::text, E'\n' ORDER BY p.promise) FROM trust.promise p),
		(SELECT string_agg(c::text, E'\n' ORDER BY c.customer) FROM trust.chain c))
$$;

-- One call on a promise in one situation: outcome, and what it left behind.
CREATE FUNCTION try(calls text[], of_call text, OUT brought text, OUT got text, OUT leaves text)
LANGUAGE plpgsql AS $$
DECLARE
	of_promise uuid := bring(calls);
	receipt trust_ledger.receipt;
	length bigint := (SELECT c.length FROM trust.chain c WHERE c.customer = 'c');
	before text;
BEGIN
	brought := coalesce((SELECT p.state FROM trust.promise p WHERE p.promise = of_promise), 'none');
	before := md5(everything());
	BEGIN
		receipt := run(of_call, of_promise);
	EXCEPTION WHEN OTHERS THEN
		got := SQLSTATE;
		leaves := CASE WHEN before = md5(everything()) THEN 'nothing' ELSE 'something' END;
		RETURN;
	END;
	got := receipt.state;
	SELECT format('%s as %s, promise is %s', string_agg(e.event, ', '), string_agg(e.state, ', '), min(p.state)) INTO leaves
	FROM trust.entry e JOIN trust.promise p USING (customer, promise)
	WHERE e.customer = 'c' AND e.seq > coalesce(length, 0) AND p.promise = receipt.promise AND p.last_seq = receipt.seq
		AND e.hash = receipt.hash;
END
$$;

CREATE TABLE tried AS
SELECT c.*, t.brought, t.got, t.leaves
FROM cell c JOIN situation s USING (situation), LATERAL try(s.calls, c.call) t;

SELECT plan((3 * (SELECT count(*) FROM cell) + (SELECT count(*) FROM trust_ledger.state_machine()) + 4)::int);

SELECT is(brought, state, format('%s: brought there, to try %s', situation, call)) FROM tried;
SELECT is(got, outcome, format('%s: %s', situation, call)) FROM tried;
SELECT is(leaves, CASE WHEN allowed THEN format('%s as %s, promise is %s', event, outcome, outcome) ELSE 'nothing' END,
		format('%s: what %s leaves behind', situation, call))
FROM tried;

-- The machine says of each event in each state exactly what was found possible above.
SELECT is(ARRAY(SELECT unnest(m.leads_to) ORDER BY 1),
		ARRAY(SELECT DISTINCT c.outcome FROM cell c WHERE c.event = m.event AND c.state = m.state AND c.allowed ORDER BY 1),
		format('the state machine: %s from %s', m.event, m.state))
FROM trust_ledger.state_machine() m;
SELECT bag_eq('SELECT event, state FROM trust_ledger.state_machine()',
	'SELECT e.event, s.state FROM (SELECT DISTINCT event FROM call) e, (SELECT DISTINCT state FROM situation) s',
	'each event stands once with each state');
SELECT is_empty($$SELECT * FROM cell c JOIN trust_ledger.state_machine() m USING (event, state)
	WHERE m.leads_to = '{}' AND c.outcome NOT IN ('TL001', 'P0002')$$,
	'an event that a state does not allow is refused for that reason');

SELECT is_empty($$SELECT * FROM trust.chain WHERE customer NOT IN ('', 'c')$$, 'what was refused made no chain');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and all of it verifies');
SELECT * FROM finish();
