-- The life cycle of a promise: every event in every state, the state that it leads to, or how it is
-- refused.
-- The expected table below is compared with what the functions do, and with state_machine().
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;

DO $$
BEGIN
	PERFORM trust_ledger.create_ledger();
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('ben', 'human');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'anna',
		speaks_for => 'record');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	-- Two kinds of promises: one that needs a human, one that does not and is known all the same.
	PERFORM trust_ledger.set_policy('guarded', kind => 'guarded', evidence => 'asserted');
	PERFORM trust_ledger.set_policy('free', kind => 'free', grace => '0');
END
$$;

-- The calls about promise $1, by actors who can make them: only the state decides.
CREATE TABLE call (nr int GENERATED ALWAYS AS IDENTITY, call text PRIMARY KEY, event text,
	sql text);
INSERT INTO call (call, event, sql) VALUES
	('make', 'made',
		$$make_promise('c', 'We call back.', 'bot', 'guarded', due => now() + interval '1 $$ ||
		$$day', longest_pause => '2 days', actor => 'bot')$$),
	('make_free', 'made', $$make_promise('c', 'We call back.', kind => 'free', actor => 'anna')$$),
	('make_late', 'made', $$make_promise('c', 'We call back.', 'bot', 'guarded', actor => 'bot',
		occurred_at => now() - interval '10 days', due => now() - interval '5 days',
		longest_pause => '1 day')$$),
	('back', 'backed', $$back_promise($1, actor => 'anna')$$),
	('decline', 'declined', $$decline_promise($1, actor => 'anna')$$),
	('unback', 'backing_withdrawn', $$withdraw_backing($1, actor => 'anna')$$),
	('accept', 'accepted', $$accept_promise($1, actor => 'carl')$$),
	('amend', 'amended', $$amend_promise($1, 'We write.', actor => 'bot')$$),
	('amend_free', 'amended', $$amend_promise($1, 'We write.', 'free', actor => 'bot')$$),
	('amend_carl', 'amended', $$amend_promise($1, 'They write.', actor => 'carl')$$),
	('pause', 'paused', $$pause_promise($1, actor => 'bot')$$),
	('resume', 'resumed', $$resume_promise($1, actor => 'carl')$$),
	('admit', 'breach_admitted', $$admit_breach($1, actor => 'bot')$$),
	('kept', 'assessed', $$assess_promise($1, 'kept', actor => 'carl')$$),
	('partly', 'assessed', $$assess_promise($1, 'partly_kept', actor => 'carl')$$),
	('broken', 'assessed', $$assess_promise($1, 'broken', actor => 'carl')$$),
	('withdraw', 'withdrawn', $$withdraw_promise($1, actor => 'bot')$$),
	('release', 'released', $$release_promise($1, actor => 'carl')$$),
	('repair', 'breach_repaired', $$repair_breach($1, 'We called at last.', actor => 'anna')$$),
	('repair_carl', 'breach_repaired',
		$$repair_breach($1, 'They called at last.', actor => 'carl')$$),
	('note', 'noted', $$add_note($1, 'The line was busy.', actor => 'carl')$$),
	('erase', 'erased', $$erase_words($1, 'They asked for it.', actor => 'anna')$$),
	-- these only lead to a situation: acts before the due time
	('back_early', 'backed',
		$$back_promise($1, actor => 'anna', occurred_at => now() - interval '9 days')$$),
	('unback_early', 'backing_withdrawn',
		$$withdraw_backing($1, actor => 'anna', occurred_at => now() - interval '8 days')$$),
	('amend_early', 'amended',
		$$amend_promise($1, 'We write.', actor => 'bot', occurred_at => now() - interval '8 $$ ||
		$$days')$$),
	('accept_early', 'accepted',
		$$accept_promise($1, actor => 'carl', occurred_at => now() - interval '8 days')$$),
	('pause_early', 'paused',
		$$pause_promise($1, actor => 'bot', occurred_at => now() - interval '8 days')$$),
	-- or other words; and the company's own verdicts
	('reword', 'amended', $$amend_promise($1, 'We mail.', actor => 'bot')$$),
	('own_broken', 'assessed', $$assess_promise($1, 'broken', actor => 'anna')$$),
	('relay_release', 'released', $$release_promise($1, relayed => true, actor => 'bot')$$);

-- The situations, and the calls that lead there.
CREATE TABLE situation (situation text PRIMARY KEY, state text, calls text[]);
INSERT INTO situation VALUES
	('not made', 'none', '{}'),
	('proposed', 'proposed', '{make}'),
	('proposed again', 'proposed', '{make,back,unback}'),
	('declined', 'proposed', '{make,decline}'),
	('declined, amended', 'proposed', '{make,decline,reword}'),
	('parked, declined', 'proposed', '{make,back,unback,decline}'),
	('paused, parked', 'proposed', '{make,back,pause,unback}'),
	('paused, parked, declined', 'proposed', '{make,back,pause,unback,decline}'),
	('resumed, parked', 'proposed', '{make,back,pause,resume,unback}'),
	('proposed, past due', 'proposed', '{make_late}'),
	('declined, past due', 'proposed', '{make_late,decline}'),
	('parked, past due', 'proposed', '{make_late,back_early,unback_early}'),
	('parked, declined, past due', 'proposed', '{make_late,back_early,unback_early,decline}'),
	('amended, past due', 'proposed', '{make_late,back_early,amend_early}'),
	('open', 'open', '{make,back}'),
	('open again', 'open', '{make,back,unback,back}'),
	('open, needs nobody', 'open', '{make_free}'),
	('open, unbacked', 'open', '{make_free,unback}'),
	('open, accepted', 'open', '{make,back,accept}'),
	('open, accepted, unbacked', 'open', '{make,accept}'),
	('declined, accepted', 'open', '{make,decline,accept}'),
	('open, past due', 'open', '{make_late,back}'),
	('open, past due, unbacked', 'open', '{make_late,back,unback}'),
	('open, accepted, past due', 'open', '{make_late,back,accept}'),
	('parked, accepted late', 'open', '{make_late,back_early,unback_early,accept}'),
	('accepted unbacked, past due', 'open', '{make_late,accept_early}'),
	('paused', 'open', '{make,back,pause}'),
	('paused, accepted', 'open', '{make,back,pause,accept}'),
	('paused, parked, backed again', 'open', '{make,back,pause,unback,back}'),
	('pause ran out, past due', 'open', '{make_late,back_early,pause_early}'),
	('resumed', 'open', '{make,back,pause,resume}'),
	('kept', 'kept', '{make,back,kept}'),
	('kept while paused', 'kept', '{make,back,pause,kept}'),
	('partly kept', 'partly_kept', '{make,back,partly}'),
	('broken', 'broken', '{make,back,broken}'),
	('broken by our word', 'broken', '{make,back,own_broken}'),
	('admitted', 'broken', '{make,back,admit}'),
	('admitted while paused', 'broken', '{make,back,pause,admit}'),
	('withdrawn late', 'broken', '{make,back,accept,withdraw}'),
	('repaired', 'broken', '{make,back,own_broken,repair}'),
	('admitted, repaired', 'broken', '{make,back,admit,repair}'),
	('repaired by their word', 'broken', '{make,back,broken,repair_carl}'),
	('repair waits', 'broken', '{make,back,broken,repair}'),
	('released', 'released', '{make,back,release}'),
	('released, by relay', 'released', '{make,back,relay_release}'),
	('released, by relay, said again', 'released', '{make,back,relay_release,release}'),
	('withdrawn', 'withdrawn', '{make,withdraw}');

-- A new state or an SQLSTATE; "-" where no call can say it.
CREATE TABLE expected (situation text PRIMARY KEY REFERENCES situation, outcomes text);
INSERT INTO expected VALUES
-- make make_free make_late back decline unback accept amend amend_free amend_carl pause resume
-- admit kept partly broken withdraw release repair repair_carl note erase
	('not made',
		'proposed open      proposed  P0002 P0002    P0002    P0002  P0002    P0002      '
		'P0002      P0002 P0002    P0002  P0002 P0002       P0002  P0002     P0002    P0002  '
		'P0002       P0002       P0002'),
	('proposed',
		'-        -         -         open  proposed TL001    open   proposed open       '
		'TL003      TL001 TL001    TL001  TL001 TL001       TL001  withdrawn TL001    TL001  '
		'TL001       proposed    proposed'),
	('proposed again',
		'-        -         -         open  proposed TL001    open   proposed open       '
		'TL003      TL001 TL001    TL001  TL001 TL001       TL001  withdrawn TL001    TL001  '
		'TL001       proposed    proposed'),
	('declined',
		'-        -         -         TL001 TL001    TL001    open   proposed open       '
		'TL003      TL001 TL001    TL001  TL001 TL001       TL001  withdrawn TL001    TL001  '
		'TL001       proposed    proposed'),
	('declined, amended',
		'-        -         -         open  proposed TL001    open   proposed open       '
		'TL003      TL001 TL001    TL001  TL001 TL001       TL001  withdrawn TL001    TL001  '
		'TL001       proposed    proposed'),
	('parked, declined',
		'-        -         -         TL001 TL001    TL001    open   proposed open       '
		'TL003      TL001 TL001    TL001  TL001 TL001       TL001  withdrawn TL001    TL001  '
		'TL001       proposed    proposed'),
	('paused, parked',
		'-        -         -         open  proposed TL001    open   TL001    TL001      '
		'TL003      TL001 proposed TL001  TL001 TL001       TL001  withdrawn TL001    TL001  '
		'TL001       proposed    proposed'),
	('paused, parked, declined',
		'-        -         -         TL001 TL001    TL001    open   TL001    TL001      '
		'TL003      TL001 proposed TL001  TL001 TL001       TL001  withdrawn TL001    TL001  '
		'TL001       proposed    proposed'),
	('resumed, parked',
		'-        -         -         open  proposed TL001    open   proposed open       '
		'TL003      TL001 TL001    TL001  TL001 TL001       TL001  withdrawn TL001    TL001  '
		'TL001       proposed    proposed'),
	('proposed, past due',
		'-        -         -         open  proposed TL001    open   TL001    TL001      '
		'open       TL001 TL001    TL001  TL001 TL001       TL001  withdrawn TL001    TL001  '
		'TL001       proposed    proposed'),
	('declined, past due',
		'-        -         -         TL001 TL001    TL001    open   TL001    TL001      '
		'open       TL001 TL001    TL001  TL001 TL001       TL001  withdrawn TL001    TL001  '
		'TL001       proposed    proposed'),
	-- once open and past due, neither withdrawing the backing nor new words change that
	('parked, past due',
		'-        -         -         open  proposed TL001    open   TL001    TL001      '
		'open       TL001 TL001    TL001  TL001 TL001       TL001  broken    TL001    TL001  '
		'TL001       proposed    proposed'),
	('parked, declined, past due',
		'-        -         -         TL001 TL001    TL001    open   TL001    TL001      '
		'open       TL001 TL001    TL001  TL001 TL001       TL001  broken    TL001    TL001  '
		'TL001       proposed    proposed'),
	('amended, past due',
		'-        -         -         open  proposed TL001    open   TL001    TL001      '
		'open       TL001 TL001    TL001  TL001 TL001       TL001  broken    TL001    TL001  '
		'TL001       proposed    proposed'),
	('open',
		'-        -         -         open  TL001    proposed open   proposed open       '
		'TL003      open  TL001    broken kept  partly_kept broken withdrawn released TL001  '
		'TL001       open        open'),
	('open again',
		'-        -         -         open  TL001    proposed open   proposed open       '
		'TL003      open  TL001    broken kept  partly_kept broken withdrawn released TL001  '
		'TL001       open        open'),
	('open, needs nobody',
		'-        -         -         open  TL001    open     open   open     open       '
		'TL003      TL001 TL001    TL001  kept  partly_kept broken withdrawn released TL001  '
		'TL001       open        open'),
	('open, unbacked',
		'-        -         -         open  TL001    TL003    open   open     open       '
		'TL003      TL001 TL001    TL001  kept  partly_kept broken withdrawn released TL001  '
		'TL001       open        open'),
	('open, accepted',
		'-        -         -         open  TL001    open     TL001  TL001    TL001      '
		'open       open  TL001    broken kept  partly_kept broken broken    released TL001  '
		'TL001       open        open'),
	('open, accepted, unbacked',
		'-        -         -         open  TL001    TL003    TL001  TL001    TL001      '
		'open       open  TL001    broken kept  partly_kept broken broken    released TL001  '
		'TL001       open        open'),
	('declined, accepted',
		'-        -         -         open  TL001    TL003    TL001  TL001    TL001      '
		'open       open  TL001    broken kept  partly_kept broken broken    released TL001  '
		'TL001       open        open'),
	('open, past due',
		'-        -         -         open  TL001    open     open   TL001    TL001      '
		'open       TL001 TL001    TL001  kept  partly_kept broken broken    released TL001  '
		'TL001       open        open'),
	('open, past due, unbacked',
		'-        -         -         open  TL001    TL003    open   TL001    TL001      '
		'open       TL001 TL001    TL001  kept  partly_kept broken broken    released TL001  '
		'TL001       open        open'),
	('open, accepted, past due',
		'-        -         -         open  TL001    open     TL001  TL001    TL001      '
		'open       TL001 TL001    TL001  kept  partly_kept broken broken    released TL001  '
		'TL001       open        open'),
	('parked, accepted late',
		'-        -         -         open  TL001    TL003    TL001  TL001    TL001      '
		'open       TL001 TL001    TL001  kept  partly_kept broken broken    released TL001  '
		'TL001       open        open'),
	('accepted unbacked, past due',
		'-        -         -         open  TL001    TL003    TL001  TL001    TL001      '
		'open       TL001 TL001    TL001  kept  partly_kept broken broken    released TL001  '
		'TL001       open        open'),
	('paused',
		'-        -         -         open  TL001    proposed open   TL001    TL001      '
		'TL003      TL001 open     broken kept  partly_kept broken withdrawn released TL001  '
		'TL001       open        open'),
	('paused, accepted',
		'-        -         -         open  TL001    open     TL001  TL001    TL001      '
		'TL001      TL001 open     broken kept  partly_kept broken broken    released TL001  '
		'TL001       open        open'),
	('paused, parked, backed again',
		'-        -         -         open  TL001    proposed open   TL001    TL001      '
		'TL003      TL001 open     broken kept  partly_kept broken withdrawn released TL001  '
		'TL001       open        open'),
	('pause ran out, past due',
		'-        -         -         open  TL001    open     open   TL001    TL001      '
		'TL001      TL001 open     TL001  kept  partly_kept broken broken    released TL001  '
		'TL001       open        open'),
	('resumed',
		'-        -         -         open  TL001    proposed open   proposed open       '
		'TL003      open  TL001    broken kept  partly_kept broken withdrawn released TL001  '
		'TL001       open        open'),
	('kept',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  kept  partly_kept broken TL001     TL001    TL001  '
		'TL001       kept        kept'),
	('kept while paused',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  kept  partly_kept broken TL001     TL001    TL001  '
		'TL001       kept        kept'),
	('partly kept',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  kept  partly_kept broken TL001     TL001    TL001  '
		'TL001       partly_kept partly_kept'),
	('broken',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  kept  partly_kept broken TL001     TL001    broken '
		'broken      broken      broken'),
	('broken by our word',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  kept  partly_kept broken TL001     TL001    broken '
		'broken      broken      broken'),
	('admitted',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  kept  partly_kept broken TL001     TL001    broken '
		'broken      broken      broken'),
	('admitted while paused',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  kept  partly_kept broken TL001     TL001    broken '
		'broken      broken      broken'),
	('withdrawn late',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  kept  partly_kept broken TL001     TL001    broken '
		'broken      broken      broken'),
	('repaired',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  kept  partly_kept broken TL001     TL001    TL001  '
		'broken      broken      broken'),
	('admitted, repaired',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  kept  partly_kept broken TL001     TL001    TL001  '
		'broken      broken      broken'),
	('repaired by their word',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  kept  partly_kept broken TL001     TL001    TL001  '
		'TL001       broken      broken'),
	('repair waits',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  kept  partly_kept broken TL001     TL001    broken '
		'broken      broken      broken'),
	('released',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  TL001 TL001       TL001  TL001     TL001    TL001  '
		'TL001       released    released'),
	('released, by relay',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  TL001 TL001       TL001  TL001     released TL001  '
		'TL001       released    released'),
	('released, by relay, said again',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  TL001 TL001       TL001  TL001     TL001    TL001  '
		'TL001       released    released'),
	('withdrawn',
		'-        -         -         TL001 TL001    TL001    TL001  TL001    TL001      '
		'TL001      TL001 TL001    TL001  TL001 TL001       TL001  TL001     TL001    TL001  '
		'TL001       withdrawn   withdrawn');

CREATE VIEW cell AS
SELECT e.situation, s.state, c.call, c.event, o.outcome, o.outcome ~ '^[a-z_]+$' AS allowed
FROM expected e JOIN situation s USING (situation),
	regexp_split_to_table(e.outcomes, '\s+') WITH ORDINALITY AS o (outcome, nr)
		JOIN call c ON c.nr = o.nr
WHERE o.outcome <> '-'
ORDER BY s.situation, c.nr;

CREATE FUNCTION call_on(of_call text, promise uuid, OUT receipt trust_ledger.receipt)
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'SELECT * FROM trust_ledger.' || (SELECT sql FROM call WHERE call.call = of_call)
		INTO receipt USING promise;
END
$$;

-- Brings a promise into the situation; without calls, an id that does not exist.
CREATE FUNCTION bring(calls text[]) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	promise uuid := gen_random_uuid();
	call text;
BEGIN
	FOREACH call IN ARRAY calls LOOP
		promise := (call_on(call, promise)).promise;
	END LOOP;
	RETURN promise;
END
$$;

-- All rows of the promise, and the number of other rows.
CREATE FUNCTION everything(of_promise uuid) RETURNS text
LANGUAGE sql AS $$
	SELECT concat_ws(E'\n', (SELECT string_agg(e::text, E'\n' ORDER BY e.seq) FROM trust.entry e
		WHERE e.customer = 'c' AND e.promise = of_promise),
		(SELECT p::text FROM trust.promise p WHERE p.promise = of_promise),
		(SELECT string_agg(c::text, E'\n' ORDER BY c.customer) FROM trust.chain c),
		(SELECT count(*) FROM trust.entry), (SELECT count(*) FROM trust.promise))
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
	before := everything(of_promise);
	BEGIN
		receipt := call_on(of_call, of_promise);
	EXCEPTION WHEN OTHERS THEN
		got := SQLSTATE;
		leaves := CASE WHEN before = everything(of_promise) THEN 'nothing' ELSE 'something' END;
		RETURN;
	END;
	got := receipt.state;
	SELECT format('%s as %s, promise is %s', string_agg(e.event, ', '), string_agg(e.state, ', '),
		min(p.state)) INTO leaves
	FROM trust.entry e JOIN trust.promise p USING (customer, promise)
	WHERE e.customer = 'c' AND e.seq > coalesce(length, 0) AND p.promise = receipt.promise
		AND p.last_seq = receipt.seq
		AND e.hash = receipt.hash;
END
$$;

CREATE TABLE tried AS
SELECT c.*, t.brought, t.got, t.leaves
FROM cell c JOIN situation s USING (situation), LATERAL try(s.calls, c.call) t;

SELECT plan((3 * (SELECT count(*) FROM cell) + (SELECT count(*) FROM trust_ledger.state_machine()) +
	8)::int);

SELECT is(brought, state, format('%s: brought there, to try %s', situation, call)) FROM tried;
SELECT is(got, outcome, format('%s: %s', situation, call)) FROM tried;
SELECT is(leaves, CASE WHEN allowed THEN format('%s as %s, promise is %s', event, outcome, outcome)
	ELSE 'nothing' END,
		format('%s: what %s leaves behind', situation, call))
FROM tried;

-- state_machine() says of each event in each state exactly what was found above.
SELECT is(ARRAY(SELECT unnest(m.leads_to) ORDER BY 1),
		ARRAY(SELECT DISTINCT c.outcome FROM cell c WHERE c.event = m.event AND c.state = m.state
			AND c.allowed ORDER BY 1),
		format('the state machine: %s from %s', m.event, m.state))
FROM trust_ledger.state_machine() m;
SELECT bag_eq('SELECT event, state FROM trust_ledger.state_machine()',
	'SELECT e.event, s.state FROM (SELECT DISTINCT event FROM call) e, (SELECT DISTINCT state '
		'FROM situation) s',
	'each event stands once with each state');
SELECT is_empty($$SELECT * FROM cell c JOIN trust_ledger.state_machine() m USING (event, state)
	WHERE m.leads_to = '{}' AND c.outcome NOT IN ('TL001', 'P0002')$$,
	'an event that a state does not allow is refused for that reason');

SELECT is_empty($$SELECT * FROM trust.chain WHERE customer NOT IN ('', 'c')$$,
	'what was refused made no chain');

-- ---- at random ----

-- Random calls by anybody at any time: each result is one that state_machine() allows, or an
-- expected error, and never an internal error.
CREATE TABLE walk_call (call text);
INSERT INTO walk_call
SELECT format('%s($1%s, actor => %L, occurred_at => $2)', f, arguments, actor)
FROM (VALUES ('back_promise', ''), ('decline_promise', ''), ('withdraw_backing', ''),
	('accept_promise', ''), ('accept_promise', ', true'), ('amend_promise', ', $3'),
		('amend_promise', ', $3, relayed => true'),
		('amend_promise', ', due => now() + interval ''3 days'''),
		('amend_promise', ', longest_pause => ''5 days'''),
		('pause_promise', ''), ('pause_promise', ''), ('resume_promise', ''),
		('resume_promise', ''), ('admit_breach', ''), ('assess_promise', ', ''kept'''),
		('assess_promise', ', ''partly_kept'''),
		('assess_promise', ', ''broken'''), ('assess_promise', ', ''kept'', true'),
		('assess_promise', ', ''broken'', true'), ('withdraw_promise', ''), ('release_promise', ''),
		('release_promise', ', relayed => true'), ('repair_breach', ', ''h'''),
		('repair_breach', ', ''h'''), ('confirm_relayed', ''), ('confirm_relayed', ''),
		('confirm_relayed',
			', (SELECT min(seq) FROM trust.entry e WHERE e.promise = $1 AND (e.relayed OR '
			'NOT e.stands))'),
		('add_note', ', ''n''')) AS c (f, arguments), unnest('{anna,ben,bot,crm,carl}'::text[])
			AS actor
UNION ALL SELECT 'erase_words($1, ''r'', actor => ''anna'')'
-- more of what must come in pairs
UNION ALL SELECT call || '($1, actor => ''anna'', occurred_at => $2)'
	FROM unnest('{back_promise,withdraw_backing,pause_promise,resume_promise}'::text[]) AS call,
	generate_series(1, 6);

CREATE TABLE walked (walk int, nr int, call text, event text, before text, after text,
	problem text);
CREATE FUNCTION walk(nr int) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	day CONSTANT interval := '1 day';
	of_customer CONSTANT text := 'walk ' || nr;
	made CONSTANT timestamptz := now() - (1.5 + random() * 9) * day;
	id CONSTANT uuid := (trust_ledger.make_promise(of_customer, 'We come.', 'bot', CASE
		WHEN random() < 0.5 THEN 'guarded' ELSE 'free' END, actor => 'bot', occurred_at => made,
		due => CASE WHEN random() < 0.9 THEN made + (random() * 12 + 0.01) * day END,
			longest_pause => CASE WHEN random() < 0.9 THEN random() * 4 * day END)).promise;
	receipt trust_ledger.receipt;
	of_call text;
	before text;
BEGIN
	FOR i IN 1 .. 14 LOOP
		SELECT call INTO of_call FROM walk_call ORDER BY random() LIMIT 1;
		SELECT state INTO before FROM trust.promise WHERE promise = id;
		BEGIN
			EXECUTE 'SELECT * FROM trust_ledger.' || of_call INTO receipt
			USING id, CASE WHEN random() < 0.7 THEN made + random() * (now() - made) END,
				'We come at ' || i;
			INSERT INTO walked SELECT nr, i, of_call, e.event, before, e.state, CASE
				WHEN e.state IS DISTINCT FROM p.state THEN 'the promise is ' || p.state END
			FROM trust.entry e JOIN trust.promise p USING (customer, promise)
				WHERE e.customer = of_customer AND e.seq = receipt.seq;
		EXCEPTION WHEN OTHERS THEN
			INSERT INTO walked VALUES (nr, i, of_call, NULL, before, NULL, CASE WHEN SQLSTATE NOT IN
				('TL001', 'TL002', 'TL003', '22023', '22004', '22008', 'P0002') THEN SQLSTATE || ' '
				|| SQLERRM END);
		END;
	END LOOP;
	INSERT INTO walked SELECT nr, 99, NULL, NULL, NULL, NULL, concat_ws(' ', v.part, v.seq, v.field,
		v.problem) FROM trust_ledger.verify(of_customer) v;
END
$$;
CREATE TABLE seed AS SELECT random() AS seed;
SELECT setseed(seed) FROM seed \g /dev/null
SELECT walk(nr) FROM generate_series(1, 500) AS nr \g /dev/null
SELECT is_empty('SELECT * FROM walked WHERE problem IS NOT NULL',
	'walks at random: no error within, and all verifies; seed ' || seed) FROM seed;
SELECT is_empty($$SELECT w.* FROM walked w LEFT JOIN trust_ledger.state_machine() m ON m.event
	= w.event AND m.state = w.before
	WHERE w.event IS NOT NULL AND (w.after = ANY (m.leads_to)) IS NOT TRUE
		AND NOT (w.after = w.before AND m.leads_to <> '{}')$$,
		'each step is one of the machine''s; seed ' || seed) FROM seed;
SELECT cmp_ok(count(DISTINCT (event, before, after)), '>', 40::bigint,
	'and they go most ways that it has; seed ' || seed) FROM walked, seed GROUP BY seed;
-- However a promise came there, the stored score and what is overdue agree with the entries.
SELECT is_empty($$
	SELECT p.promise, stored, folded FROM trust.promise p, trust_ledger.customer_score(p.customer)
		AS stored, trust_ledger.customer_score(p.customer, known_at => 'infinity') AS folded
	WHERE p.customer ~ '^walk' AND NOT (abs(trust_ledger.kept(stored) - trust_ledger.kept(folded))
		< 1e-9 AND abs(trust_ledger.broken(stored) - trust_ledger.broken(folded)) < 1e-9)
$$, 'the score is the fold of the entries; seed ' || seed) FROM seed;

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and all of it verifies');
SELECT * FROM finish();
