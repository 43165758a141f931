-- Relayed acts: which stand at once, which wait, and who can confirm them.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(205);

SELECT trust_ledger.create_ledger() \g /dev/null
DO $$
BEGIN
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('ben', 'human');
	PERFORM trust_ledger.register_actor('rita', 'human');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('bens_bot', 'ai', responsible => 'ben', model => 'm-1');
	PERFORM trust_ledger.register_actor('sys', 'system', responsible => 'rita');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'rita',
		speaks_for => 'record');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.register_actor('cai', 'ai', responsible => 'carl', model => 'm-2',
		speaks_for => 'customer');
	PERFORM trust_ledger.register_actor('otto', 'human', speaks_for => 'customer',
		customer => 'other');
	PERFORM trust_ledger.set_policy('guarded', kind => 'guarded', evidence => 'asserted',
		grace => '2 hours', back_within => '1 hour');
	PERFORM trust_ledger.set_policy('free', kind => 'free', grace => '2 hours');
END
$$;

-- ---- stories ----

-- One act: "relay_accept anna 9d, args": verb, who acts, how many days ago (now, if left out),
-- further arguments.
-- due:5d is a due time five days ago, due:-1d tomorrow.
CREATE TABLE verb (verb text PRIMARY KEY, call text);
INSERT INTO verb VALUES
	('make', 'make_promise($2, ''We come.'''), ('back', 'back_promise($1'),
	('unback', 'withdraw_backing($1'), ('decline', 'decline_promise($1'),
	('accept', 'accept_promise($1'), ('relay_accept', 'accept_promise($1, relayed => true'),
	('amend', 'amend_promise($1'), ('relay_amend', 'amend_promise($1, relayed => true'),
	('release', 'release_promise($1'), ('relay_release', 'release_promise($1, relayed => true'),
	('withdraw', 'withdraw_promise($1'),
	('kept', 'assess_promise($1, ''kept'''), ('partly', 'assess_promise($1, ''partly_kept'''),
	('broken', 'assess_promise($1, ''broken'''),
	('relay_kept', 'assess_promise($1, ''kept'', true'),
	('relay_partly', 'assess_promise($1, ''partly_kept'', true'),
	('relay_broken', 'assess_promise($1, ''broken'', true'),
	('admit', 'admit_breach($1'), ('repair', 'repair_breach($1, ''We came later.'''),
	('pause', 'pause_promise($1'), ('resume', 'resume_promise($1'),
	('note', 'add_note($1, ''A note.'''), ('erase', 'erase_words($1, ''They asked.'''),
	('erase_entry', 'erase_words($2, reason => ''They asked.'''), ('confirm', 'confirm_relayed($1');

CREATE FUNCTION call_of(act text) RETURNS text
LANGUAGE sql AS $$
	SELECT format('SELECT * FROM trust_ledger.%s, actor => %L%s%s)', (SELECT call FROM verb
		WHERE verb.verb = part[1]), part[2],
		', occurred_at => now() - interval ''1 day'' * ' || part[3], regexp_replace(part[4],
			'due:(-?\d+) ?([dh])', 'due => now() - interval ''\1 \2''', 'g'))
	FROM regexp_match(act, '^(\w+) (\w+)(?: (\d+)d)?(.*)$') AS part
$$;

-- The promise: its state, what else applies, and its customer's score.
CREATE FUNCTION seen(of_promise uuid) RETURNS text
LANGUAGE sql AS $$
	SELECT concat_ws(', ', p.state, 'accepted' || left(p.accepted_at::text, 0),
		'waits ' || p.unconfirmed, CASE WHEN c.overdue THEN 'overdue' END,
		'terms ' || nullif(p.terms_seq, 1), 'moved ' || nullif(p.due_moves, 0),
			'backed by ' || p.backer,
		p.outcome || ' says ' || p.whose_word || CASE WHEN p.relayed THEN ' relayed' ELSE '' END
			|| format(' %s/%s', p.weight_kept, p.weight_broken),
		'repaired' || left(p.repaired_at::text, 0), 'by ' || p.settled_by,
		format('score %s:%s', round(trust_ledger.kept(s)::numeric, 3)::float8,
			round(trust_ledger.broken(s)::numeric, 3)::float8))
	FROM trust.promise p JOIN trust.current_promise c USING (customer, promise),
		trust_ledger.customer_score(p.customer) AS s
	WHERE p.promise = of_promise
$$;

CREATE FUNCTION terms(of_promise uuid) RETURNS text
LANGUAGE sql AS $$
	SELECT concat_ws(', ', coalesce(words, 'no words'),
		kind, 'due in ' || round(extract(epoch FROM due - now()) / 86400) || 'd',
		value || coalesce(' ' || currency, ''), 'to ' || purpose,
		'pause ' || longest_pause, 'by ' || drafted_by, 'asks ' || evidence_asked, 'unbacked by '
			|| unbacked_by)
	FROM trust.promise WHERE promise = of_promise
$$;

\ir ../../helpers/close.sql
-- Whether two scores have the same evidence; their instants may differ by what a statement takes.
CREATE FUNCTION same_evidence(a trust_ledger.trust_score, b trust_ledger.trust_score)
	RETURNS boolean
LANGUAGE sql AS $$
	SELECT a IS NOT NULL AND is_close(trust_ledger.kept(a), trust_ledger.kept(b), 0, 1e-6)
		AND is_close(trust_ledger.broken(a), trust_ledger.broken(b), 0, 1e-6)
$$;

-- The answers about the customer that disagree, if any.
CREATE FUNCTION disagrees(of_customer text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	score trust_ledger.trust_score := trust_ledger.customer_score(of_customer);
BEGIN
	RETURN concat_ws(', ',
		CASE WHEN NOT same_evidence(score, trust_ledger.customer_score(of_customer,
			as_of => clock_timestamp())) THEN 'as_of' END,
		CASE WHEN NOT same_evidence(score, trust_ledger.customer_score(of_customer,
			known_at => clock_timestamp())) THEN 'known_at' END,
		CASE WHEN NOT same_evidence(score, coalesce((SELECT trust_ledger.sum(e.score)
			FROM trust_ledger.explain_trust('customer', of_customer) e), 'empty'))
			THEN 'explain_trust' END,
		CASE WHEN NOT same_evidence(score, (SELECT t.score FROM trust.customer_trust t
			WHERE customer = of_customer)) THEN 'customer_trust' END,
		CASE WHEN NOT same_evidence(score,
			trust_ledger.decay(trust_ledger.fuse((SELECT c.score FROM trust.chain c
			WHERE customer = of_customer), (SELECT trust_ledger.score_agg(0, 1, now(), '180 days')
			FROM trust.current_promise WHERE customer = of_customer AND overdue)),
				now())) THEN 'chain' END,
		-- the last claim that neither customer nor record answered, by anything of the kind that
		-- can be relayed and that stands
		(SELECT 'unconfirmed ' || string_agg(concat_ws(' ', p.promise, p.unconfirmed), ' ')
			FROM trust.promise p WHERE customer = of_customer AND p.unconfirmed IS DISTINCT FROM (
			SELECT max(c.seq) FROM trust.entry c WHERE c.customer = of_customer
				AND c.promise = p.promise AND (c.relayed OR (c.event = 'breach_repaired'
				AND NOT c.stands))
				AND NOT EXISTS (SELECT FROM trust.entry e WHERE e.customer = of_customer
					AND e.promise = p.promise AND e.seq > c.seq AND e.speaks_for <> 'company'
					AND e.event IN ('accepted', 'amended', 'assessed', 'released',
						'breach_repaired') AND e.stands IS NOT FALSE))));
END
$$;

CREATE SEQUENCE customer;

-- Plays acts about a promise to a customer of its own. Returns the state or the SQLSTATE after
-- each, and then the promise. After each act all answers about the customer must agree, and a
-- refused act must leave nothing behind; at the end the score of each moment must be what it was
-- then.
CREATE FUNCTION story(acts text, with_terms boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	customer text := 'c' || nextval('customer');
	act text;
	receipt trust_ledger.receipt;
	promise uuid;
	before bigint;
	got text[];
	wrong text[];
	moments timestamptz[];
	scores trust_ledger.trust_score[];
BEGIN
	FOREACH act IN ARRAY regexp_split_to_array(acts, '; ') LOOP
		before := (SELECT length FROM trust.chain c WHERE c.customer = 'c' || currval('customer'));
		BEGIN
			EXECUTE call_of(act) INTO receipt USING promise, customer;
			promise := receipt.promise;
			got := got || receipt.state;
			wrong := wrong || (SELECT 'receipt of ' || act FROM trust.promise p
				WHERE p.promise = receipt.promise AND (p.state <> receipt.state
				OR (act !~ '^erase' AND p.last_seq <> receipt.seq)));
		EXCEPTION WHEN OTHERS THEN
			got := got || SQLSTATE::text;
			wrong := wrong || (SELECT 'left by ' || act FROM trust.chain c WHERE c.customer = 'c'
				|| currval('customer') AND length <> before);
		END;
		moments := moments || clock_timestamp();
		scores := scores || trust_ledger.customer_score(customer);
		IF disagrees(customer) <> '' THEN
			wrong := wrong || format('%s disagree after %s', disagrees(customer), act);
		END IF;
	END LOOP;
	FOR i IN 1 .. cardinality(moments) LOOP
		IF NOT same_evidence(scores[i], trust_ledger.customer_score(customer, moments[i],
			moments[i])) THEN
			wrong := wrong || format('score at %s', i);
		END IF;
	END LOOP;
	RETURN concat_ws(' | ', array_to_string(got, ' '), seen(promise), CASE WHEN with_terms
		THEN terms(promise) END, 'WRONG: ' || nullif(array_to_string(wrong, '; '), ''));
END
$$;

-- ---- accepting ----

-- A relayed acceptance stands at once, unless the promise is past due: then it waits, and does not
-- count.
SELECT is(story(acts), want, acts)
FROM (VALUES
	($$make bot, due:-1d, kind => 'guarded'; relay_accept rita$$,
		'proposed open | open, accepted, waits 2, score 0:0'),
	-- not of one's own promise: neither promiser nor drafter, nor the human responsible for them,
	-- also if it was declined
	($$make bot, due:-1d, kind => 'guarded'; relay_accept bot; kept bot$$,
		'proposed proposed TL001 | proposed, waits 2, score 0:0'),
	($$make bot, due:-1d, kind => 'guarded'; decline ben; relay_accept anna; relay_accept bot$$,
		'proposed proposed proposed proposed | proposed, waits 4, score 0:0'),
	($$make bot, due:-1d, kind => 'guarded'; relay_accept bot; confirm carl$$,
		'proposed proposed open | open, accepted, score 0:0'),
	($$make bot, due:-1d, kind => 'free'; relay_accept anna$$,
		'open open | open, accepted, waits 2, score 0:0'),
	($$make bot, kind => 'guarded'; relay_accept sys$$,
		'proposed open | open, accepted, waits 2, score 0:0'),
	($$make bot, due:-1d, kind => 'guarded'; back ben; unback ben; relay_accept rita$$,
		'proposed open proposed open | open, accepted, waits 4, score 0:0'),
	($$make bot, due:-1d, kind => 'guarded'; decline ben; relay_accept rita$$,
		'proposed proposed open | open, accepted, waits 3, score 0:0'),
	($$make bot, due:-1d, kind => 'free'; relay_accept anna; relay_accept anna; accept carl; $$ ||
		$$confirm carl; confirm carl; confirm cai, entry => 2$$,
		'open open TL001 TL001 open TL001 TL001 | open, accepted, score 0:0'),
	-- never open before: now it counts, and is past due
	($$make bot 10d, due:5d, kind => 'guarded'; relay_accept rita$$,
		'proposed open | open, accepted, waits 2, overdue, score 0:1'),
	($$make bot 10d, due:5d, kind => 'guarded'; relay_accept rita; confirm carl$$,
		'proposed open open | open, accepted, overdue, score 0:1'),
	($$make bot 10d, due:5d, kind => 'guarded'; relay_accept rita; confirm crm$$,
		'proposed open open | open, accepted, overdue, score 0:1'),
	($$make bot 10d, due:5d, kind => 'guarded'; relay_accept rita; accept carl; confirm carl, $$ ||
		$$entry => 2$$,
		'proposed open TL001 open | open, accepted, overdue, score 0:1'),
	($$make bot 10d, due:5d, kind => 'guarded'; relay_accept rita; withdraw bot; confirm carl$$,
		'proposed open broken TL001 | broken, accepted, waits 2, broken says company 0/1000, '
			'by withdrawn, score 0:1'),
	-- what was relayed and does not stand, twice: each is confirmed by its number, once
	($$make bot 10d, due:5d, kind => 'guarded'; back ben 9d; relay_accept rita; $$ ||
		$$relay_accept bot; confirm carl; confirm carl, entry => 3; confirm carl, entry => 4$$,
		'proposed open open open 22023 open TL001 | open, accepted, overdue, backed by ben, '
			'score 0:1'),
	-- once open
	($$make bot 10d, due:5d, kind => 'guarded'; back ben 9d; unback ben 8d; relay_accept rita$$,
		'proposed open proposed proposed | proposed, waits 4, overdue, score 0:1'),
	($$make bot 10d, due:5d, kind => 'guarded'; back ben 9d; unback ben 8d; relay_accept rita; $$ ||
		$$confirm carl$$,
		'proposed open proposed proposed open | open, accepted, overdue, score 0:1'),
	($$make bot 10d, due:5d, kind => 'guarded'; back ben 9d; relay_accept rita$$,
		'proposed open open | open, waits 3, overdue, backed by ben, score 0:1'),
	($$make bot 10d, due:5d, kind => 'guarded'; back ben 9d; relay_accept rita; confirm crm$$,
		'proposed open open open | open, accepted, overdue, backed by ben, score 0:1'),
	($$make bot 10d, due:5d, kind => 'guarded'; back ben 9d; relay_accept rita; withdraw bot$$,
		'proposed open open broken | broken, waits 3, backed by ben, broken says company 0/1000, '
			'by withdrawn, score 0:1'),
	-- within the grace
	($$make bot 10d, due:1h, kind => 'free'; relay_accept anna$$,
		'open open | open, waits 2, score 0:0'),
	($$make bot 10d, due:1h, kind => 'free'; relay_accept anna; confirm carl$$,
		'open open open | open, accepted, score 0:0'),
	-- who: the company, and nobody else
	($$make bot, kind => 'guarded'; relay_accept carl; relay_accept crm; relay_accept cai; $$ ||
		$$accept anna; accept crm; relay_accept otto$$,
		'proposed 22023 22023 22023 TL003 TL003 TL003 | proposed, score 0:0'),
	($$make bot 10d, due:5d, kind => 'free'; relay_accept carl; relay_accept crm$$,
		'open 22023 22023 | open, overdue, score 0:1'),
	-- by the ledger's clock, unless it is entered long after the fact
	($$make bot 10d, due:5d, kind => 'free'; relay_accept anna 6d$$,
		'open open | open, accepted, waits 2, overdue, score 0:1'),
	-- of those terms
	($$make bot 10d, due:5d, kind => 'free'; relay_accept anna; amend carl, words => 'x'; $$ ||
		$$confirm carl; confirm carl, entry => 2$$,
		'open open open TL001 TL001 | open, accepted, overdue, terms 3, score 0:1'),
	($$make bot, due:-1d, kind => 'guarded'; relay_accept rita; amend carl, words => 'x'; $$ ||
		$$confirm carl, entry => 2$$,
		'proposed open open TL001 | open, accepted, terms 3, score 0:0'),
	($$make bot, due:-1d, kind => 'free', longest_pause => '1d'; relay_accept anna; $$ ||
		$$pause anna; confirm carl; resume anna; confirm carl$$,
		'open open open TL001 open TL001 | open, accepted, waits 2, score 0:0'),
	($$make bot, due:-1d, kind => 'free', longest_pause => '1d'; pause anna; $$ ||
		$$relay_accept anna; confirm carl$$,
		'open open open open | open, accepted, score 0:0'),
	-- once there is a verdict
	($$make bot 10d, due:5d, kind => 'free'; kept anna; relay_accept anna$$,
		'open kept TL001 | kept, kept says company 500/0, by assessed, score 0.5:0'),
	($$make bot 10d, due:5d, kind => 'free'; relay_accept anna; kept ben; confirm carl$$,
		'open open kept TL001 | kept, waits 2, kept says company 500/0, by assessed, score 0.5:0'))
			AS v (acts, want);

-- ---- releasing ----

-- A relayed release stands at once if the company could have withdrawn the promise. Otherwise it
-- waits.
SELECT is(story(acts), want, acts)
FROM (VALUES
	($$make bot, due:-1d, kind => 'free'; relay_release anna$$,
		'open released | released, waits 2, by released, score 0:0'),
	($$make bot, kind => 'free'; relay_release anna; relay_release anna; release anna; $$ ||
		$$release carl; release carl; confirm carl, entry => 2$$,
		'open released TL001 TL003 released TL001 TL001 | released, by released, score 0:0'),
	($$make bot, kind => 'free'; relay_release anna; confirm carl; confirm carl; confirm cai, $$ ||
		$$entry => 2; release carl$$,
		'open released released TL001 TL001 TL001 | released, by released, score 0:0'),
	($$make bot, kind => 'free'; relay_release anna; confirm crm; release carl$$,
		'open released released TL001 | released, by released, score 0:0'),
	($$make bot, kind => 'free'; release carl; release carl; relay_release anna; confirm carl$$,
		'open released TL001 TL001 TL001 | released, by released, score 0:0'),
	($$make bot, kind => 'guarded'; relay_release anna$$,
		'proposed TL001 | proposed, score 0:0'),
	-- accepted
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_release anna$$,
		'open open open | open, accepted, waits 3, score 0:0'),
	($$make bot, due:-1d, kind => 'free'; relay_accept anna; relay_release anna$$,
		'open open open | open, accepted, waits 3, score 0:0'),
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_release anna; confirm carl$$,
		'open open open released | released, accepted, by released, score 0:0'),
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_release anna; release carl; $$ ||
		$$confirm carl, entry => 3$$,
		'open open open released TL001 | released, accepted, by released, score 0:0'),
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_release anna; relay_release bot; $$ ||
		$$confirm carl, entry => 3; confirm carl, entry => 4$$,
		'open open open open released TL001 | released, accepted, by released, score 0:0'),
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_release anna; withdraw anna; $$ ||
		$$confirm carl$$,
		'open open open broken TL001 | broken, accepted, waits 3, broken says company 0/1000, '
			'by withdrawn, score 0:1'),
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_release anna; broken carl; $$ ||
		$$confirm carl; confirm carl, entry => 3$$,
		'open open open broken TL001 TL001 | broken, accepted, broken says customer 0/1000, '
			'by assessed, score 0:1'),
	-- past due
	($$make bot 10d, due:5d, kind => 'free'; relay_release anna$$,
		'open open | open, waits 2, overdue, score 0:1'),
	($$make bot 10d, due:5d, kind => 'free'; relay_release anna; confirm anna; confirm carl$$,
		'open open TL003 released | released, by released, score 0:0'),
	($$make bot 10d, due:5d, kind => 'free'; relay_release anna; confirm crm$$,
		'open open released | released, by released, score 0:0'),
	($$make bot 10d, due:5d, kind => 'free'; relay_release anna; release carl$$,
		'open open released | released, by released, score 0:0'),
	($$make bot 10d, due:5d, kind => 'free'; relay_release anna; kept anna; confirm carl$$,
		'open open kept TL001 | kept, waits 2, kept says company 500/0, by assessed, score 0.5:0'),
	($$make bot 10d, due:5d, kind => 'free'; accept carl 9d; relay_release anna$$,
		'open open open | open, accepted, waits 3, overdue, score 0:1'),
	($$make bot 10d, due:5d, kind => 'guarded'; back ben 9d; unback ben 8d; relay_release anna$$,
		'proposed open proposed TL001 | proposed, overdue, score 0:1'),
	($$make bot 10d, due:1h, kind => 'free'; relay_release anna$$,
		'open open | open, waits 2, score 0:0'),
	($$make bot 10d, due:1h, kind => 'free'; relay_release anna; confirm carl$$,
		'open open released | released, by released, score 0:0'),
	-- a backfilled release before due; an accepted promise stays accepted
	($$make bot 10d, due:5d, kind => 'free'; relay_release anna 6d$$,
		'open released | released, waits 2, by released, score 0:0'),
	($$make bot 10d, due:5d, kind => 'free'; accept carl; relay_release anna 6d$$,
		'open open open | open, accepted, waits 3, overdue, score 0:1'),
	($$make bot, kind => 'free'; relay_release carl; relay_release crm; release crm; release bot$$,
		'open 22023 22023 TL003 TL003 | open, score 0:0')) AS v (acts, want);

-- ---- amending ----

-- A relayed amendment always waits: the old terms stand, and their backing.
SELECT is(story(acts, true), want, acts)
FROM (VALUES
	($$make bot, due:-1d, kind => 'free'; relay_amend anna, words => 'x'$$,
		'open 22023 | open, score 0:0 | We come., free, due in 1d'),
	($$make bot, kind => 'guarded'; back ben; relay_amend anna, words => 'x'$$,
		'proposed open 22023 | open, backed by ben, score 0:0 | We come., guarded, asks asserted'),
	($$make bot, kind => 'guarded'; relay_amend anna, words => 'x'$$,
		'proposed 22023 | proposed, score 0:0 | We come., guarded, asks asserted'),
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_amend anna, words => 'x', $$ ||
		$$due:-9d, kind => 'guarded', value => 5, currency => 'EUR', purpose => 'sell', $$ ||
		$$longest_pause => '3 days', drafted_by => 'sys'$$,
		'open open open | open, accepted, waits 3, score 0:0 | We come., free, due in 1d'),
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_amend anna, words => 'x', $$ ||
		$$due:-9d, kind => 'guarded', value => 5, currency => 'EUR', purpose => 'sell', $$ ||
		$$longest_pause => '3 days', drafted_by => 'sys'; confirm carl$$,
		'open open open open | open, accepted, terms 4, moved 1, score 0:0 | x, guarded, '
			'due in 9d, 5 EUR, to sell, pause 3 days, by sys, asks asserted'),
	($$make bot, due:-1d, kind => 'guarded', value => 5, currency => 'EUR', purpose => 'sell', $$ ||
		$$longest_pause => '3 days'; back ben; accept carl; relay_amend bot, $$ ||
		$$clear => '{kind,due,value,currency,purpose,longest_pause}'$$,
		'proposed open open open | open, accepted, waits 4, backed by ben, score 0:0 | We come., '
			'guarded, due in 1d, 5 EUR, to sell, pause 3 days, asks asserted'),
	($$make bot, due:-1d, kind => 'guarded', value => 5, currency => 'EUR', purpose => 'sell', $$ ||
		$$longest_pause => '3 days'; back ben; accept carl; relay_amend bot, $$ ||
		$$clear => '{kind,due,value,currency,purpose,longest_pause}'; confirm crm$$,
		'proposed open open open open | open, accepted, terms 5, moved 1, score 0:0 | We come., '
			'asks asserted, unbacked by amended'),
	-- past due
	($$make bot 10d, due:5d, kind => 'guarded'; back ben 9d; relay_amend anna, due:-9d$$,
		'proposed open open | open, waits 3, overdue, backed by ben, score 0:1 | We come., '
			'guarded, due in -5d, asks asserted'),
	($$make bot 10d, due:5d, kind => 'guarded'; back ben 9d; relay_amend anna, due:-9d; $$ ||
		$$confirm carl$$,
		'proposed open open open | open, accepted, terms 4, moved 1, score 0:0 | We come., '
			'guarded, due in 9d, asks asserted, unbacked by amended'),
	($$make bot 10d, due:5d, kind => 'guarded'; back ben 9d; relay_amend anna, due:-9d; $$ ||
		$$confirm crm; withdraw bot$$,
		'proposed open open open broken | broken, accepted, terms 4, moved 1, broken says company '
			'0/1000, by withdrawn, score 0:1 | We come., guarded, due in 9d, asks asserted, '
			'unbacked by amended'),
	($$make bot 10d, due:5d, kind => 'guarded'; relay_amend anna, due:-9d$$,
		'proposed proposed | proposed, waits 2, score 0:0 | We come., guarded, due in -5d, '
			'asks asserted'),
	($$make bot 10d, due:5d, kind => 'guarded'; relay_amend anna, due:-9d; confirm carl$$,
		'proposed proposed open | open, accepted, terms 3, moved 1, score 0:0 | We come., guarded, '
			'due in 9d, asks asserted'),
	($$make bot 10d, due:5d, kind => 'guarded'; back ben 9d; unback ben 8d; relay_amend anna, $$ ||
		$$words => 'x'; confirm carl$$,
		'proposed open proposed proposed open | open, accepted, overdue, terms 5, score 0:1 | x, '
			'guarded, due in -5d, by anna, asks asserted, unbacked by backing_withdrawn'),
	($$make bot 10d, due:1h, kind => 'free'; relay_amend anna, due:-9d$$,
		'open open | open, waits 2, score 0:0 | We come., free, due in 0d'),
	($$make bot 10d, due:1h, kind => 'free'; relay_amend anna, due:-9d; confirm carl$$,
		'open open open | open, accepted, terms 3, moved 1, score 0:0 | We come., free, due in 9d'),
	-- those terms, from those terms
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_amend anna, due:-9d; $$ ||
		$$amend carl, words => 'y'; confirm carl; confirm carl, entry => 3$$,
		'open open open open TL001 TL001 | open, accepted, terms 4, score 0:0 | y, free, '
			'due in 1d, by carl'),
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_amend anna, due:-9d; $$ ||
		$$relay_amend anna, due:-5d; confirm carl, entry => 3; confirm carl, entry => 4; $$ ||
		$$confirm carl, entry => 3$$,
		'open open open open open TL001 TL001 | open, accepted, terms 5, moved 1, score 0:0 | We '
			'come., free, due in 9d'),
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_amend anna, due:-9d; $$ ||
		$$relay_amend anna, due:-5d; confirm carl, entry => 4$$,
		'open open open open open | open, accepted, terms 5, moved 1, score 0:0 | We come., free, '
			'due in 5d'),
	($$make bot, due:-1d, kind => 'free', longest_pause => '2 days'; accept carl; $$ ||
		$$relay_amend anna, due:-9d; pause anna; confirm carl; resume carl; confirm carl; $$ ||
		$$confirm carl, entry => 3$$,
		'open open open open TL001 open TL001 TL001 | open, accepted, waits 3, score 0:0 | We '
			'come., free, due in 1d, pause 2 days'),
	($$make bot, due:-1d, kind => 'free', longest_pause => '2 days'; accept carl; pause anna; $$ ||
		$$relay_amend anna, due:-9d; resume carl; relay_amend anna, due:-9d; confirm carl$$,
		'open open open TL001 open open open | open, accepted, terms 6, moved 1, score 0:0 | We '
			'come., free, due in 9d, pause 2 days'),
	-- who
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_amend anna, words => 'x'; $$ ||
		$$confirm anna; confirm bot; confirm otto; confirm cai$$,
		'open open open TL003 TL003 TL003 open | open, accepted, terms 4, score 0:0 | x, free, '
			'due in 1d, by anna'),
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_amend carl, words => 'x'; $$ ||
		$$relay_amend crm, words => 'x'; relay_amend anna; relay_amend anna, due:1d; $$ ||
		$$amend anna, words => 'x'; amend crm, words => 'x'$$,
		'open open 22023 22023 22023 22023 TL001 TL001 | open, accepted, score 0:0 | We come., '
			'free, due in 1d'),
	-- the promiser's own act, and another's in between
	($$make anna, due:-1d, kind => 'guarded'; accept carl; relay_amend anna, words => 'x'$$,
		'open open open | open, accepted, waits 3, backed by anna, score 0:0 | We come., guarded, '
			'due in 1d, asks asserted'),
	($$make anna, due:-1d, kind => 'guarded'; accept carl; relay_amend anna, words => 'x'; $$ ||
		$$confirm carl$$,
		'open open open open | open, accepted, terms 4, score 0:0 | x, guarded, due in 1d, '
			'asks asserted, unbacked by amended'),
	($$make anna, due:-1d, kind => 'guarded'; accept carl; relay_amend anna, words => 'x'; $$ ||
		$$back ben; confirm carl$$,
		'open open open open open | open, accepted, terms 5, score 0:0 | x, guarded, due in 1d, '
			'asks asserted, unbacked by amended'),
	-- what was erased cannot be agreed to
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_amend anna, words => 'x'; $$ ||
		$$erase anna; confirm carl; confirm carl, entry => 3$$,
		'open open open open TL001 TL001 | open, accepted, waits 3, score 0:0 | no words, free, '
			'due in 1d'),
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_amend anna, due:-9d; $$ ||
		$$erase_entry anna, seq => 1; confirm carl$$,
		'open open open open TL001 | open, accepted, waits 3, score 0:0 | no words, free, '
			'due in 1d'),
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_amend anna, words => 'x'; $$ ||
		$$erase_entry anna, seq => 1; confirm carl$$,
		'open open open open open | open, accepted, terms 5, score 0:0 | x, free, due in 1d, '
			'by anna'),
	-- once there is a verdict; and with other claims
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_amend anna, words => 'x'; $$ ||
		$$broken carl; confirm carl, entry => 3$$,
		'open open open broken TL001 | broken, accepted, broken says customer 0/1000, by assessed, '
			'score 0:1 | We come., free, due in 1d'),
	($$make bot, due:-1d, kind => 'free'; accept carl; relay_amend anna, words => 'x'; $$ ||
		$$withdraw anna; confirm carl$$,
		'open open open broken TL001 | broken, accepted, waits 3, broken says company 0/1000, '
			'by withdrawn, score 0:1 | We come., free, due in 1d'),
	($$make bot, due:-1d, kind => 'free'; relay_accept anna; relay_amend anna, words => 'x'; $$ ||
		$$confirm carl, entry => 3; confirm carl, entry => 2$$,
		'open open open open TL001 | open, accepted, terms 4, score 0:0 | x, free, due in 1d, '
			'by anna'),
	($$make bot, due:-1d, kind => 'free'; relay_accept anna; relay_amend anna, words => 'x'; $$ ||
		$$confirm carl, entry => 2; confirm carl; confirm carl, entry => 3$$,
		'open open open open TL001 open | open, accepted, terms 5, score 0:0 | x, free, due in 1d, '
			'by anna'),
	($$make bot 10d, due:5d, kind => 'free'; relay_accept anna; relay_amend anna, due:-3d; $$ ||
		$$confirm carl, entry => 3; confirm carl, entry => 2$$,
		'open open open open TL001 | open, accepted, terms 4, moved 1, score 0:0 | We come., free, '
			'due in 3d')) AS v (acts, want);

-- ---- assessing ----

-- Relayed praise weighs as the company's word, a complaint as the customer's; confirmed, as the
-- word of the confirmer.
SELECT is(story(acts), want, acts)
FROM (VALUES
	($$make bot, kind => 'free'; kept rita$$,
		'open kept | kept, kept says company 500/0, by assessed, score 0.5:0'),
	($$make bot, kind => 'free'; relay_kept rita$$,
		'open kept | kept, waits 2, kept says company relayed 500/0, by assessed, score 0.5:0'),
	($$make bot, kind => 'free'; relay_kept rita; confirm carl$$,
		'open kept kept | kept, kept says customer 1000/0, by assessed, score 1:0'),
	($$make bot, kind => 'free'; relay_kept rita; confirm crm$$,
		'open kept kept | kept, kept says record 1000/0, by assessed, score 1:0'),
	($$make bot, kind => 'free'; relay_kept rita; confirm crm; confirm carl, entry => 2$$,
		'open kept kept TL001 | kept, kept says record 1000/0, by assessed, score 1:0'),
	($$make bot, kind => 'free'; relay_partly rita$$,
		'open partly_kept | partly_kept, waits 2, partly_kept says company relayed 500/500, '
			'by assessed, score 0.5:0.5'),
	($$make bot, kind => 'free'; relay_partly rita; confirm carl$$,
		'open partly_kept partly_kept | partly_kept, partly_kept says customer 500/500, '
			'by assessed, score 0.5:0.5'),
	($$make bot, kind => 'free'; relay_broken bot$$,
		'open broken | broken, waits 2, broken says customer relayed 0/1000, by assessed, '
			'score 0:1'),
	($$make bot, kind => 'free'; relay_broken anna; confirm carl; confirm carl, entry => 2; $$ ||
		$$repair anna$$,
		'open broken broken TL001 broken | broken, waits 4, broken says customer 0/1000, '
			'by assessed, score 0:1'),
	($$make bot, kind => 'free'; relay_kept rita; broken anna; confirm carl$$,
		'open kept broken kept | kept, kept says customer 1000/0, by assessed, score 1:0'),
	($$make bot, kind => 'free'; relay_kept rita; kept carl; confirm carl; confirm carl, $$ ||
		$$entry => 2$$,
		'open kept kept TL001 kept | kept, kept says customer 1000/0, by assessed, score 1:0'),
	-- not over a higher word
	($$make bot, kind => 'free'; broken carl; relay_kept rita$$,
		'open broken broken | broken, waits 3, broken says customer 0/1000, by assessed, '
			'score 0:1'),
	($$make bot, kind => 'free'; broken carl; relay_kept rita; confirm crm; confirm carl, $$ ||
		$$entry => 3$$,
		'open broken broken broken kept | kept, kept says customer 1000/0, by assessed, score 1:0'),
	($$make bot, kind => 'free'; broken carl; relay_kept rita; confirm carl$$,
		'open broken broken kept | kept, kept says customer 1000/0, by assessed, score 1:0'),
	($$make bot, kind => 'free'; broken crm; relay_kept rita$$,
		'open broken broken | broken, waits 3, broken says record 0/1000, by assessed, score 0:1'),
	($$make bot, kind => 'free'; broken crm; relay_kept rita; confirm crm$$,
		'open broken broken kept | kept, kept says record 1000/0, by assessed, score 1:0'),
	($$make bot, kind => 'free'; broken crm; relay_kept rita; kept anna; confirm carl$$,
		'open broken broken broken kept | kept, kept says customer 1000/0, by assessed, score 1:0'),
	($$make bot, kind => 'free'; relay_broken rita; relay_kept rita; kept crm; confirm carl, $$ ||
		$$entry => 3$$,
		'open broken broken broken kept | kept, kept says customer 1000/0, by assessed, score 1:0'),
	($$make bot, kind => 'free'; relay_broken anna; confirm crm; confirm carl; confirm carl, $$ ||
		$$entry => 2$$,
		'open broken broken broken TL001 | broken, broken says customer 0/1000, by assessed, '
			'score 0:1'),
	-- not by promiser, backer and their machines, nor by actors who do not speak for the company
	($$make bot, kind => 'free'; back ben; relay_kept anna; relay_kept bot; relay_kept ben; $$ ||
		$$relay_kept bens_bot; relay_partly anna; relay_partly bens_bot$$,
		'open open TL003 TL003 TL003 TL003 TL003 TL003 | open, backed by ben, score 0:0'),
	($$make bot, kind => 'free'; back ben; relay_kept carl; relay_broken cai; relay_kept crm; $$ ||
		$$confirm carl$$,
		'open open 22023 22023 22023 TL001 | open, backed by ben, score 0:0'),
	($$make bot, kind => 'free'; back ben; relay_broken bens_bot$$,
		'open open broken | broken, waits 3, backed by ben, broken says customer relayed 0/1000, '
			'by assessed, score 0:1'),
	-- of what is overdue
	($$make bot 10d, due:5d, kind => 'free'; accept carl 9d; relay_kept rita; confirm carl$$,
		'open open kept kept | kept, accepted, kept says customer 1000/0, by assessed, score 1:0'),
	($$make bot 10d, due:5d, kind => 'free'; accept carl 9d; relay_kept rita; broken carl; $$ ||
		$$relay_kept rita$$,
		'open open kept broken broken | broken, accepted, waits 5, broken says customer 0/1000, '
			'by assessed, score 0:1')) AS v (acts, want);

-- ---- repairing ----

-- A repair over a higher word waits for the actor who gave that, or for a higher one.
SELECT is(story(acts), want, acts)
FROM (VALUES
	($$make bot, kind => 'free'; broken anna; repair anna; confirm carl$$,
		'open broken broken TL001 | broken, broken says company 250/750, repaired, by assessed, '
			'score 0.25:0.75'),
	($$make bot, kind => 'free'; broken carl; repair anna$$,
		'open broken broken | broken, waits 3, broken says customer 0/1000, by assessed, '
			'score 0:1'),
	($$make bot, kind => 'free'; broken carl; repair anna; confirm anna; confirm crm; $$ ||
		$$confirm otto; confirm cai; confirm carl; repair anna$$,
		'open broken broken TL003 TL003 TL003 broken TL001 TL001 | broken, broken says customer '
			'250/750, repaired, by assessed, score 0.25:0.75'),
	($$make bot, kind => 'free'; broken crm; repair anna; confirm crm; repair anna; repair crm$$,
		'open broken broken broken TL001 TL001 | broken, broken says record 250/750, repaired, '
			'by assessed, score 0.25:0.75'),
	($$make bot, kind => 'free'; broken crm; repair anna; confirm carl$$,
		'open broken broken broken | broken, broken says customer 250/750, repaired, by assessed, '
			'score 0.25:0.75'),
	($$make bot, kind => 'free'; relay_broken anna; repair anna; confirm crm, entry => 3; $$ ||
		$$confirm carl, entry => 3$$,
		'open broken broken TL003 broken | broken, broken says customer 250/750, repaired, '
			'by assessed, score 0.25:0.75'),
	($$make bot, kind => 'free'; broken carl; repair anna; broken carl; confirm carl; $$ ||
		$$confirm carl, entry => 3$$,
		'open broken broken broken TL001 broken | broken, broken says customer 250/750, repaired, '
			'by assessed, score 0.25:0.75'),
	($$make bot, kind => 'free'; broken carl; repair anna; repair bot; confirm carl, $$ ||
		$$entry => 3; confirm carl, entry => 4$$,
		'open broken broken broken broken TL001 | broken, broken says customer 250/750, repaired, '
			'by assessed, score 0.25:0.75'),
	($$make bot, kind => 'free'; broken carl; repair crm; confirm carl$$,
		'open broken broken broken | broken, broken says customer 250/750, repaired, by assessed, '
			'score 0.25:0.75'),
	($$make bot, kind => 'free'; broken anna; repair anna; broken carl; repair anna; $$ ||
		$$kept carl; confirm carl, entry => 5$$,
		'open broken broken broken broken kept TL001 | kept, kept says customer 1000/0, '
			'by assessed, score 1:0')) AS v (acts, want);

-- ---- confirming ----

-- A claim is confirmed by its number, or the last one.
SELECT is(story(acts), want, acts)
FROM (VALUES
	($$make bot, kind => 'free'; confirm carl; confirm carl, entry => 1; confirm carl, $$ ||
		$$entry => 99; confirm carl, entry => -1; confirm carl, entry => 0$$,
		'open TL001 22023 22023 22023 22023 | open, score 0:0'),
	($$make bot, kind => 'free'; accept carl; confirm carl, entry => 2$$,
		'open open 22023 | open, accepted, score 0:0'),
	($$make bot, kind => 'free'; kept anna; confirm carl, entry => 2$$,
		'open kept 22023 | kept, kept says company 500/0, by assessed, score 0.5:0'),
	($$make bot, kind => 'free'; confirm anna; confirm bot; confirm otto; confirm anna, $$ ||
		$$entry => 1$$,
		'open TL003 TL003 TL003 TL003 | open, score 0:0'),
	($$make bot 10d, due:5d, kind => 'free'; relay_accept anna; relay_release anna; $$ ||
		$$relay_kept rita; confirm carl, entry => 4; confirm carl, entry => 3$$,
		'open open open kept kept TL001 | kept, kept says customer 1000/0, by assessed, score 1:0'),
	($$make bot 10d, due:5d, kind => 'free'; relay_accept anna; relay_release anna; $$ ||
		$$confirm carl, entry => 2; confirm carl; confirm carl, entry => 3$$,
		'open open open open TL001 released | released, accepted, by released, score 0:0'),
	($$make bot, kind => 'free'; broken carl; note anna; repair anna; note carl; erase anna; $$ ||
		$$confirm carl$$,
		'open broken broken broken broken broken broken | broken, broken says customer 250/750, '
			'repaired, by assessed, score 0.25:0.75')) AS v (acts, want);

-- After all that, in transactions of their own: the last step of the trend, and the chains, say the
-- same.
SELECT is_empty($$SELECT * FROM (SELECT customer,
	(SELECT (overdue, same_evidence(t.score, trust_ledger.customer_score(customer)))::text
	FROM trust_ledger.trust_trend('customer', '30 days', clock_timestamp() - interval '30 days',
	of_key => customer) t) AS trend,
		(count(*) FILTER (WHERE overdue), true)::text AS want FROM trust.current_promise
			GROUP BY customer) AS s WHERE trend IS DISTINCT FROM want$$,
			'the trend knows what is overdue');
SELECT is_empty($$SELECT * FROM (SELECT customer, disagrees(customer) AS what FROM trust.chain
	WHERE customer <> '') s WHERE what <> ''$$, 'nothing disagrees a moment later');

CREATE FUNCTION trend(acts text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM story(acts);
	RETURN (SELECT string_agg(overdue::text, ' ' ORDER BY step_from)
		FROM trust_ledger.trust_trend('customer', '4 days', now() - interval '16 days', now(),
			of_key => 'c' || currval('customer')));
END
$$;
-- Days before now: how many are overdue at the end of each step.
SELECT is(trend(acts), want, format('in steps of four days: %s', acts))
FROM (VALUES
	('make bot 16d, due:11d, kind => ''free''; relay_release anna 10d', '0 1 1 1'),
	('make bot 16d, due:11d, kind => ''free''; relay_release anna 10d; confirm carl 3d', '0 1 1 0'),
	('make bot 16d, due:11d, kind => ''free''; relay_accept anna 10d; relay_amend anna 9d, due:1d; '
		'confirm crm 7d, entry => 3', '0 1 0 1'),
	('make bot 16d, due:11d, kind => ''guarded''; relay_accept rita 10d; confirm carl 2d',
		'0 1 1 1'),
	('make bot 16d, due:11d, kind => ''guarded''; relay_accept rita 14d', '0 1 1 1'),
	('make bot 16d, due:11d, kind => ''free''; relay_kept rita 10d; broken carl 6d; '
		'relay_kept rita 2d', '0 0 0 0')) AS v (acts, want);

-- ---- what a confirmation is ----

-- A confirmation is an act of its own: its actor, its reason and its idempotency key.
CREATE TABLE one AS SELECT promise FROM trust_ledger.make_promise('one', 'We come.', kind => 'free',
	actor => 'bot');
DO $$
DECLARE
	of_promise uuid := (SELECT promise FROM one);
BEGIN
	PERFORM trust_ledger.accept_promise(of_promise, relayed => true, actor => 'anna');
	PERFORM trust_ledger.confirm_relayed(of_promise, reason => 'They wrote.', customer => 'one',
		actor => 'carl', context => '{"mail": 1}', idempotency_key => 'k');
	PERFORM trust_ledger.confirm_relayed(of_promise, reason => 'They wrote.', customer => 'one',
		actor => 'carl', context => '{"mail": 1}', idempotency_key => 'k');
	PERFORM trust_ledger.amend_promise(of_promise, 'We come by car.', relayed => true,
		reason => 'They asked.', actor => 'rita');
	PERFORM trust_ledger.confirm_relayed(of_promise, reason => 'So they did.', actor => 'crm');
	PERFORM trust_ledger.release_promise(of_promise, 'They moved.', relayed => true,
		actor => 'bot');
	PERFORM trust_ledger.assess_promise(of_promise, 'kept', relayed => true, purpose_met => true,
		reason => 'They were glad.', actor => 'rita');
	PERFORM trust_ledger.confirm_relayed(of_promise, 7, actor => 'cai');
	PERFORM trust_ledger.assess_promise(of_promise, 'broken', actor => 'carl');
	PERFORM trust_ledger.assess_promise(of_promise, 'kept', relayed => true, actor => 'rita');
	PERFORM trust_ledger.repair_breach(of_promise, 'We came again.', actor => 'anna');
	PERFORM trust_ledger.confirm_relayed(of_promise, 11, reason => 'It works now.',
		actor => 'carl');
END
$$;
SELECT throws_ok(format('SELECT FROM trust_ledger.confirm_relayed(%s, idempotency_key => ''k'')',
	args), code, NULL, format('the same key: %s', args))
FROM one, LATERAL (VALUES (format('%L, actor => ''carl''', promise), 'TL005'),
	(format('%L, 2, ''They wrote.'', ''one'', ''carl'', context => ''{"mail": 1}''', promise),
	'TL005'),
	(format('%L, reason => ''They wrote.'', actor => ''crm'', context => ''{"mail": 1}''', promise),
		'TL005')) AS v (args, code);
SELECT results_eq($$SELECT row(e.seq::int, e.event, e.actor, e.speaks_for, e.relayed, e.stands,
	e.accepted, e.refers_to::int, e.verdict, e.whose_word, e.weight_kept || '/' || e.weight_broken,
	e.note, e.idempotency_key)::text COLLATE "default"
		FROM trust.entry e JOIN one USING (promise) WHERE e.seq > 1 ORDER BY e.seq$$,
	$$SELECT v::text COLLATE "default" FROM (VALUES
	(2, 'accepted', 'anna', 'company', true, true, true, 1, NULL, NULL, NULL, NULL, NULL),
	(3, 'accepted', 'carl', 'customer', NULL, NULL, true, 1, NULL, NULL, NULL, 'They wrote.', 'k'),
	(4, 'amended', 'rita', 'company', true, false, true, 1, NULL, NULL, NULL, 'They asked.', NULL),
	(5, 'amended', 'crm', 'record', NULL, true, true, 1, NULL, NULL, NULL, 'So they did.', NULL),
	(6, 'released', 'bot', 'company', true, false, NULL, NULL, NULL, NULL, NULL, 'They moved.',
		NULL),
	(7, 'assessed', 'rita', 'company', true, true, NULL, NULL, 'kept', 'company', '500/0',
		'They were glad.', NULL),
	(8, 'assessed', 'cai', 'customer', false, true, NULL, 7, 'kept', 'customer', '1000/0',
		NULL, NULL),
	(9, 'assessed', 'carl', 'customer', false, true, NULL, NULL, 'broken', 'customer', '0/1000',
		NULL, NULL),
	(10, 'assessed', 'rita', 'company', true, false, NULL, NULL, 'kept', 'company', NULL,
		NULL, NULL),
	(11, 'breach_repaired', 'anna', 'company', false, false, NULL, NULL, 'broken', 'company', NULL,
		'We came again.', NULL),
	(12, 'breach_repaired', 'carl', 'customer', false, true, NULL, 11, 'broken', 'customer',
		'250/750', 'It works now.', NULL)) AS v$$, 'the entries of claims and confirmations');
SELECT is((SELECT (purpose_met, verdict, context) FROM trust.entry e JOIN one USING (promise)
	WHERE e.seq = s.seq)::text, want, format('entry %s takes over what was said', s.seq))
FROM (VALUES (8, '(t,kept,)'), (3, '(,,"{""mail"": 1}")')) AS s (seq, want);

-- history() shows which claims waited, and what confirmed them.
SELECT ok(description ~ pattern, format('entry %s in words: %s', seq, pattern))
FROM one, LATERAL trust_ledger.history(promise) AS h JOIN (VALUES
	(2, 'Human "anna" relayed that the customer accepted the terms of entry 1'),
	(2, '^((?!has no effect).)*$'),
	(3, '^Human "carl", speaking for the customer, accepted the terms of entry 1.*"They wrote\."'),
	(4, 'relayed that the customer accepts new terms in place of those of entry 1: "We come by '
		'car\."'), (4, 'has no effect until'), (4, '^((?!backing).)*$'),
	(5, '^System "crm" \(responsible: rita\), speaking for a system of record, amended the terms '
		'of entry 1 with the customer''s acceptance: "We come by car\."'),
	(5, 'backing of the old terms is void'),
	(6, 'AI "bot" .*relayed that the customer released the company.*has no effect until.*"They '
		'moved\."'),
	(7, 'relayed the customer''s verdict: kept, and the purpose was met.*the company''s word, '
		'with weight 500/0'),
	(8, 'AI "cai".*speaking for the customer, assessed the promise as kept, and the purpose was '
		'met.*the customer''s word, with weight 1000/0.*This confirms entry 7\.'),
	(10, 'company''s word and has no effect, because an earlier verdict'),
	(11, 'stated that the breach was repaired\. This has no effect until.*How: "We came again\."'),
	(12, 'repaired\. This took effect as the customer''s word, with weight 250/750.*This confirms '
		'entry 11\. How: "It works now\."')) AS v (seq, pattern) USING (seq)
ORDER BY seq;
SELECT ok((SELECT description ~
	'relayed that the customer released the company.*has no effect until'
	FROM trust_ledger.history(promise) WHERE seq = 2)
	AND (SELECT description ~
		'speaking for the customer, released the company.*This confirms entry 2\.'
		FROM trust_ledger.history(promise) WHERE seq = 3), 'a release confirmed, in words')
FROM trust.promise JOIN (SELECT customer FROM trust.entry WHERE event = 'released' AND refers_to = 2
	AND seq = 3 AND customer IN (SELECT customer FROM trust.entry WHERE seq = 2 AND NOT stands)
	LIMIT 1) AS c USING (customer);

SELECT throws_ok(format('SELECT FROM trust_ledger.confirm_relayed(%s)', args), code, NULL,
	format('confirm_relayed(%s)', args))
FROM one, LATERAL (VALUES
	('NULL, actor => ''carl''', '22004'), ('NULL, 2, actor => ''carl''', '22004'),
	('gen_random_uuid(), actor => ''carl''', 'P0002'),
	(format('%L, customer => ''two'', actor => ''carl''', promise), 'P0002'),
	(format('%L', promise), 'TL003'), (format('%L, actor => ''nobody''', promise), '42704'),
	(format('%L, 10, reason => '''', actor => ''carl''', promise), '22023'),
	(format('%L, 10, actor => ''carl'', occurred_at => now() + interval ''1 hour''', promise),
		'22008'),
	(format('%L, 10, actor => ''carl'', occurred_at => now() - interval ''20 hours''', promise),
		'22008')) AS v (args, code);

-- An entry of another promise to the same customer is not a claim about this one.
DO $$
BEGIN
	PERFORM trust_ledger.release_promise(promise, relayed => true, actor => 'anna')
		FROM trust_ledger.make_promise('one', 'We call.', kind => 'free', actor => 'bot');
END
$$;
SELECT throws_ok(format('SELECT FROM trust_ledger.confirm_relayed(%L, %s, actor => ''carl'')',
	promise, seq), '22023', NULL, format('entry %s, of another promise', seq)) FROM one,
	generate_series(13, 14) AS seq;
SELECT throws_ok(format('SELECT FROM trust_ledger.confirm_relayed(%L, 11, actor => ''carl'')',
	promise), '22023', NULL, 'the other way round') FROM trust.promise WHERE words = 'We call.';
SELECT lives_ok(format('SELECT FROM trust_ledger.confirm_relayed(%L, 14, actor => ''carl'')',
	promise), 'the claim of its own promise') FROM trust.promise WHERE words = 'We call.';

\ir ../../helpers/calls.sql

-- Levels and logins.
CREATE ROLE app LOGIN;
CREATE ROLE analyst LOGIN;
CREATE ROLE login_carl LOGIN;
DO $$
BEGIN
	PERFORM trust_ledger.grant_access('app', 'application');
	PERFORM trust_ledger.grant_access('analyst', 'analyst');
	PERFORM trust_ledger.grant_access('login_carl', 'application');
	PERFORM trust_ledger.register_actor('portal', 'human', speaks_for => 'customer',
		db_role => 'login_carl');
END
$$;
-- The state after confirm_relayed() from a login, or the SQLSTATE. Rolled back.
CREATE FUNCTION confirm_from(login text, of_promise uuid, args text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	state text;
BEGIN
	state := state_after(login, of_promise, format('confirm_relayed($1%s)', args));
	RAISE SQLSTATE 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN state;
END
$$;
SELECT is(confirm_from(login, promise, args), want, format('confirm from %s%s', login, args))
FROM (SELECT p.promise FROM trust_ledger.make_promise('one', 'We write.', kind => 'free',
	actor => 'bot', occurred_at => now() - interval '10 days', due => now() - interval '1 day') p,
		LATERAL trust_ledger.release_promise(p.promise, relayed => true, actor => 'anna')
			AS r) AS p,
	(VALUES ('app', ', actor => ''carl''', 'released'), ('app', '', 'TL003'),
		('app', ', actor => ''anna''', 'TL003'), ('app', ', actor => ''portal''', 'TL003'),
		('login_carl', '', 'released'), ('login_carl', ', actor => ''carl''', 'TL003'),
		('analyst', ', actor => ''carl''', 'TL004')) AS v (login, args, want);

-- ---- the chatbot that promised a refund ----

-- A bot makes promises for which policy asks for a human. Nobody backs them, and the customer
-- relies on them. In real time, by an application that cannot backfill.
\ir ../../helpers/evidence.sql
CREATE FUNCTION scores(OUT customer text, OUT promiser text, OUT view text, OUT of_customer text,
	OUT explained text)
LANGUAGE sql AS $$
	SELECT evidence(trust_ledger.customer_score('moffatt'), 3),
		evidence(trust_ledger.promiser_score('chatbot'), 3),
		(SELECT evidence(score, 3) || ' ' || overdue || ' overdue' FROM trust.promiser_trust
			WHERE promiser = 'chatbot'),
		(SELECT evidence(score, 3) || ' ' || overdue || ' overdue' FROM trust.customer_trust
			WHERE customer_trust.customer = 'moffatt'),
		(SELECT evidence(coalesce(trust_ledger.sum(score), 'empty'), 3)
			FROM trust_ledger.explain_trust('customer', 'moffatt'))
$$;
CREATE TABLE stage (nr int GENERATED ALWAYS AS IDENTITY, what text, expected text, overdue int,
	sql text);
INSERT INTO stage (what, expected, overdue, sql) VALUES
	('promised', '-', 0,
		$$SELECT count(trust_ledger.make_promise('moffatt', words, actor => 'chatbot',
		kind => 'guarded soon', due => clock_timestamp() + interval '1.5 seconds'))
		FROM unnest('{We refund the fare.,We refund the hotel.}'::text[]) AS words$$),
	('nobody backs it: declined', '-', 0, $$SELECT trust_ledger.decline_promise(promise,
		'Not our fare rules.', actor => 'ben') FROM trust.current_promise
		WHERE words = 'We refund the hotel.'$$),
	('they fly, by their own word', '-', 0, $$SELECT trust_ledger.accept_promise(promise,
		actor => 'jake') FROM trust.current_promise WHERE words = 'We refund the fare.'$$),
	('and by what the agent on the phone wrote down', '-', 0,
		$$SELECT trust_ledger.accept_promise(promise, true, actor => 'rita')
		FROM trust.current_promise WHERE words = 'We refund the hotel.'$$),
	('due passes, and nobody says anything', '0:2', 2,
		$$SELECT pg_sleep(extract(epoch FROM max(overdue_at) - clock_timestamp()) + 0.01)
		FROM trust.current_promise WHERE customer = 'moffatt'$$),
	('the company says that they let it off', '0:2', 2,
		$$SELECT trust_ledger.release_promise(promise, 'It was only a chatbot.', true,
		actor => 'rita') FROM trust.current_promise WHERE customer = 'moffatt'$$),
	('and that they agreed to other words', '0:2', 2, $$SELECT trust_ledger.amend_promise(promise,
		'See our fare rules.', clear => '{due}', relayed => true, actor => 'rita')
		FROM trust.current_promise WHERE customer = 'moffatt'$$),
	('they say that it was broken', '0:2', 1, $$SELECT trust_ledger.assess_promise(promise,
		'broken', actor => 'jake') FROM trust.current_promise
		WHERE words = 'We refund the fare.'$$),
	('the company says that they praise it', '0:2', 1, $$SELECT trust_ledger.assess_promise(promise,
		'kept', true, actor => 'rita') FROM trust.current_promise
		WHERE words = 'We refund the fare.'$$),
	('and that it made it good', '0:2', 1, $$SELECT trust_ledger.repair_breach(promise, 'A coupon.',
		actor => 'rita') FROM trust.current_promise WHERE words = 'We refund the fare.'$$),
	('it takes the other one back', '0:2', 0, $$SELECT trust_ledger.withdraw_promise(promise,
		'It was only a chatbot.', actor => 'anna') FROM trust.current_promise
		WHERE words = 'We refund the hotel.'$$),
	('and says that it was kept', '0:2', 0, $$SELECT trust_ledger.assess_promise(promise, 'kept',
		actor => 'anna') FROM trust.current_promise WHERE words = 'We refund the hotel.'$$),
	('they say that one was broken, too', '0:2', 0, $$SELECT trust_ledger.assess_promise(promise,
		'broken', actor => 'jake') FROM trust.current_promise
		WHERE words = 'We refund the hotel.'$$),
	('years later a tribunal has it paid: they confirm the repair', '0.25:1.75', 0,
		$$SELECT trust_ledger.confirm_relayed(promise, unconfirmed, actor => 'jake')
		FROM trust.current_promise WHERE words = 'We refund the fare.'$$);
DO $$
BEGIN
	PERFORM trust_ledger.register_actor('jake', 'human', speaks_for => 'customer',
		customer => 'moffatt');
	PERFORM trust_ledger.register_actor('chatbot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.set_policy('guarded soon', kind => 'guarded soon', evidence => 'asserted',
		grace => '0');
END
$$;
CREATE FUNCTION stage(sql text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('session_authorization', 'app', true);
	EXECUTE sql;
	PERFORM set_config('session_authorization', 'postgres', true);
END
$$;
SELECT format('SELECT stage(%L)', sql),
	format('SELECT is(concat_ws('', '', customer, promiser, view, of_customer, explained), '
	'%L, %L) FROM scores()',
	concat_ws(', ', expected, expected, expected || ' ' || overdue || ' overdue', expected || ' '
		|| overdue || ' overdue', expected), 'a chatbot''s refunds: ' || what)
FROM stage ORDER BY nr \gexec
SELECT is((SELECT string_agg(state || coalesce(' backed by ' || backer, ', nobody backed it'),
	'; ' ORDER BY words) FROM trust.promise WHERE customer = 'moffatt'),
	'broken, nobody backed it; broken, nobody backed it', 'nobody stood behind either');

SELECT is_empty('SELECT FROM trust.entry WHERE relayed AND backer IS NOT NULL',
	'who relays stands behind nothing by that');
-- ---- an amendment that a machine relays needs the backer that policy asks for ----

-- The rule about machines applied when the bot wrote the amendment; it still applies when somebody
-- else confirms it.
CREATE FUNCTION laundered(confirms text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := (trust_ledger.make_promise('laundry', 'We come.', kind => 'free', value => 1,
		currency => 'EUR', due => now() + interval '9 days', actor => 'anna')).promise;
	came text;
BEGIN
	PERFORM trust_ledger.set_policy('machines', promiser_kind => 'ai', evidence => 'session');
	PERFORM trust_ledger.accept_promise(id, actor => 'carl');
	PERFORM trust_ledger.amend_promise(id, value => 100000, relayed => true, actor => 'bot');
	PERFORM trust_ledger.confirm_relayed(id, actor => confirms);
	came := (SELECT concat_ws(', ', state, value, evidence_asked, 'backer ' || backer, CASE
		WHEN waiting_since IS NOT NULL THEN 'waits' END) FROM trust.promise WHERE promise = id);
	RAISE SQLSTATE 'OK000' USING MESSAGE = came;
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN SQLERRM;
END
$$;
SELECT is(laundered(confirms), 'open, 100000, session, waits',
	'a human is asked for what the bot relayed, confirmed by ' || confirms)
FROM unnest('{carl,crm}'::text[]) AS confirms;

-- ---- an amendment cannot be confirmed after the purpose was erased ----

CREATE FUNCTION without_purpose() RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := (trust_ledger.make_promise('purpose', 'We come.', purpose => 'For the wedding.',
		due => now() + interval '9 days', actor => 'anna')).promise;
BEGIN
	PERFORM trust_ledger.accept_promise(id, actor => 'carl');
	PERFORM trust_ledger.amend_promise(id, 'We come later.', relayed => true, actor => 'rita');
	PERFORM trust_ledger.erase_words('purpose', 1, 'The customer asked.');
	PERFORM trust_ledger.confirm_relayed(id, actor => 'carl');
	RETURN 'confirmed';
EXCEPTION
	WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT is(without_purpose(), 'TL001 cannot confirm entry 3, because its terms were erased',
	'words that are left, of terms whose purpose is not');

-- ---- claims that were tampered with ----

CREATE FUNCTION tampered(tampering text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	id uuid := (trust_ledger.make_promise('tampered', 'We come.', due => now() + interval '9 days',
		actor => 'anna')).promise;
BEGIN
	PERFORM trust_ledger.assess_promise(id, 'kept', relayed => true, actor => 'rita');
	ALTER TABLE trust.entry DISABLE TRIGGER ALL;
	EXECUTE format('UPDATE trust.entry SET %s WHERE promise = $1 AND event = ''assessed''',
		tampering) USING id;
	PERFORM trust_ledger.confirm_relayed(id, actor => 'carl');
	RETURN 'confirmed';
EXCEPTION
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;
SELECT is(tampered(tampering), expected, 'confirmed after ' || tampering)
FROM (VALUES ('verdict = NULL', 'TL006'), ('verdict = ''withdrawn''', 'TL006'),
	('event = ''bogus''', 'TL006'), ('event = ''noted''', 'TL006'),
	('relayed = NULL', '22023'), ('promise = NULL', '22023')) AS v (tampering, expected);

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and all of it verifies');
SELECT * FROM finish();
