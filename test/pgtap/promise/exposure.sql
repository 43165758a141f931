-- Splitting a promise evades neither a cumulative rule nor an authority: both look at the sum of a
-- customer's open promises.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(123);

DO $$
BEGIN
	PERFORM trust_ledger.create_ledger();
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('pia', 'human');
	PERFORM trust_ledger.register_actor('ben', 'human', authority => '{"EUR": 100, "USD": 100}');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('sys', 'system', responsible => 'anna');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
END
$$;

-- One step. "bot 10 EUR" or "bot 10 EUR price" makes a promise to the customer, "-" leaves a term
-- out, "elsewhere" makes it to another; the other verbs name the promise by its place: "back 2
-- anna".
CREATE FUNCTION step(customer text, made uuid[], words text[]) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	that uuid := CASE WHEN words[2] ~ '^\d+$' AND words[1] ~ '^[a-z]+$' THEN made[words[2]::integer]
		END;
BEGIN
	CASE words[1]
		WHEN 'anna', 'ben', 'pia', 'bot', 'sys' THEN
			RETURN (trust_ledger.make_promise(customer, 'We pay.', value => nullif(words[2],
				'-')::numeric, currency => nullif(words[3], '-'),
				kind => coalesce(words[4], 'known'), actor => words[1])).promise;
		WHEN 'elsewhere' THEN RETURN step(customer || '2', made, words[2:]);
		WHEN 'back' THEN PERFORM trust_ledger.back_promise(that, actor => words[3]);
		WHEN 'unback' THEN PERFORM trust_ledger.withdraw_backing(that, actor => words[3]);
		WHEN 'value' THEN PERFORM trust_ledger.amend_promise(that, value => words[3]::numeric,
			actor => words[4]);
		WHEN 'currency' THEN PERFORM trust_ledger.amend_promise(that, currency => words[3],
			actor => words[4]);
		WHEN 'accept' THEN PERFORM trust_ledger.accept_promise(that, actor => 'carl');
		WHEN 'assess' THEN PERFORM trust_ledger.assess_promise(that, words[3], actor => 'carl');
		WHEN 'release' THEN PERFORM trust_ledger.release_promise(that, actor => 'carl');
		WHEN 'withdraw' THEN PERFORM trust_ledger.withdraw_promise(that, actor => 'anna');
		WHEN 'rule' THEN PERFORM trust_ledger.set_policy('rule 1', currency => 'EUR',
			least_value => words[2]::numeric, cumulative => words[3] = 'cumulative',
			evidence => words[4]);
		WHEN 'limit' THEN PERFORM trust_ledger.register_actor(words[2], 'human',
			authority => jsonb_build_object('EUR', words[3]::numeric));
	END CASE;
	RETURN NULL;
END
$$;

-- Kind "known" and currency USD are known, besides what the rules name.
CREATE FUNCTION set_rules(rules text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	rule record;
BEGIN
	PERFORM trust_ledger.drop_policy(policy) FROM trust.policy_rule;
	FOR rule IN SELECT * FROM jsonb_array_elements(rules::jsonb
		|| '[{"kind": "known", "currency": "USD", "promiser": "nobody", "grace": "0"}]') WITH
		ORDINALITY AS r (rule, nr) LOOP
		EXECUTE format('SELECT trust_ledger.set_policy(%L%s)', 'rule ' || rule.nr,
			(SELECT string_agg(format(', %I => %L', key, value), '')
			FROM jsonb_each_text(rule.rule)));
	END LOOP;
END
$$;

-- Plays steps for a new customer under these rules. Returns the SQLSTATEs of refused steps, and the
-- states of the promises.
CREATE FUNCTION story(rules text, steps text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	customer text := gen_random_uuid();
	made uuid[] := '{}';
	words text;
	promise uuid;
	refused text;
BEGIN
	PERFORM set_rules(rules), trust_ledger.register_actor('ben', 'human',
		authority => '{"EUR": 100, "USD": 100}');
	FOREACH words IN ARRAY regexp_split_to_array(steps, ',\s+') LOOP
		BEGIN
			promise := step(customer, made, string_to_array(words, ' '));
			made := made || array_remove(ARRAY[promise], NULL);
		EXCEPTION WHEN SQLSTATE 'TL001' OR SQLSTATE 'TL002' OR SQLSTATE 'TL003' THEN
			refused := concat_ws(' ', refused, SQLSTATE);
		END;
	END LOOP;
	RETURN concat_ws(' ', refused, (SELECT string_agg(concat_ws(' ', p.state, p.backer),
		', ' ORDER BY m.nr)
		FROM unnest(made) WITH ORDINALITY AS m (promise, nr) JOIN trust.promise p USING (promise)));
END
$$;

-- ---- cumulative rules ----

CREATE FUNCTION cumulative_rule(more jsonb DEFAULT '{}') RETURNS text
LANGUAGE sql
	AS $$ SELECT jsonb_build_array('{"currency": "EUR", "least_value": 100, "cumulative": true, '
	'"evidence": "asserted"}' || more)::text $$;

SELECT is(story(cumulative_rule(), repeat('bot 10 EUR, ', 10) || 'bot 10 EUR, bot 9.99 EUR'),
	repeat('open, ', 9) || 'proposed, proposed, open', 'ten slices are one loaf');
SELECT is(story(cumulative_rule(), steps), want, steps)
FROM (VALUES
	('bot 99.99 EUR', 'open'),
	('bot 100 EUR', 'proposed'),
	('bot 99.99 EUR, bot 0.01 EUR', 'open, proposed'),
	('bot 99.99 EUR, bot 0 EUR', 'open, open'),
	('bot 99.99 EUR, bot 0.009999 EUR', 'open, open'),
	-- a promise that has ended does not count, whatever its outcome
	('bot 60 EUR, bot 60 EUR', 'open, proposed'),
	('bot 60 EUR, assess 1 kept, bot 60 EUR', 'kept, open'),
	('bot 60 EUR, assess 1 partly_kept, bot 60 EUR', 'partly_kept, open'),
	('bot 60 EUR, assess 1 broken, bot 60 EUR', 'broken, open'),
	('bot 60 EUR, release 1, bot 60 EUR', 'released, open'),
	('bot 60 EUR, withdraw 1, bot 60 EUR', 'withdrawn, open'),
	('bot 30 EUR, bot 60 EUR, assess 1 kept, bot 30 EUR, bot 10 EUR', 'kept, open, open, proposed'),
	-- an amendment is judged by its new value; the promise is not counted twice
	('bot 80 EUR, value 1 99 bot', 'open'),
	('bot 80 EUR, value 1 100 bot', 'proposed'),
	('bot 10 EUR, bot 80 EUR, value 1 19.99 bot', 'open, open'),
	('bot 10 EUR, bot 80 EUR, value 1 20 bot', 'proposed, open'),
	('bot 80 EUR, value 1 10 bot, bot 80 EUR, bot 10 EUR', 'open, open, proposed'),
	('bot 60 EUR, bot 60 EUR, value 1 30 bot, value 2 69 bot', 'open, open'),
	('bot 60 EUR, bot 60 EUR, value 1 30 bot, value 2 70 bot', 'open, proposed'),
	-- by currency and by customer
	('bot 99 EUR, bot 1000 USD, bot 1 EUR', 'open, open, proposed'),
	('bot 60 USD, bot 60 EUR, currency 1 EUR bot', 'proposed, open'),
	('bot 60 EUR, currency 1 USD bot, bot 60 EUR', 'open, open'),
	('elsewhere bot 99 EUR, bot 99 EUR', 'open, open'),
	('elsewhere bot 99 EUR, bot 99 EUR, elsewhere bot 1 EUR', 'open, open, proposed'),
	-- what is proposed does not count until it is open
	('bot 100 EUR, bot 99 EUR', 'proposed, open'),
	('bot 100 EUR, back 1 anna, bot 1 EUR', 'open anna, proposed'),
	('bot 100 EUR, accept 1, bot 1 EUR', 'open, proposed'),
	('bot 100 EUR, back 1 anna, unback 1 anna, bot 99 EUR', 'proposed, open'),
	-- a human's own act backs it, and what they back counts
	('anna 60 EUR, anna 60 EUR, bot 1 EUR', 'open anna, open anna, proposed'),
	('anna 99 EUR, value 1 10 anna, bot 60 EUR', 'open anna, open'),
	-- without its backing it is proposed, if it crosses the limit with all that is open now
	('bot 60 EUR, bot 30 EUR, back 2 anna, unback 2 anna', 'open, open'),
	('bot 60 EUR, bot 30 EUR, back 2 anna, bot 50 EUR, unback 2 anna', 'open, open, proposed'),
	('bot 60 EUR, bot 30 EUR, back 2 anna, bot 50 EUR, back 3 anna, unback 2 anna',
		'open, proposed, open anna'),
	('bot 60 EUR, bot 30 EUR, back 2 anna, bot 50 EUR, back 3 anna, assess 1 kept, unback 2 anna',
		'kept, open, open anna'),
	-- a missing currency, or one that no rule knows; neither adds to a known one
	('bot - EUR', 'proposed'),
	('bot 1 -', 'proposed'),
	('bot - -', 'proposed'),
	('bot - USD', 'open'),
	('bot 1 GBP', 'proposed'),
	('bot 1 eur', 'proposed'),
	('bot - EUR, back 1 anna, bot 99 EUR', 'open anna, open'),
	('bot 60 -, back 1 anna, bot 99 EUR', 'open anna, open'),
	-- a rule that becomes cumulative sees what was open before; one that no longer is, does not
	('rule 100 single asserted, bot 60 EUR, bot 60 EUR, rule 100 cumulative asserted, bot 1 EUR',
		'open, open, proposed'),
	('bot 60 EUR, rule 100 single asserted, bot 99 EUR, bot 100 EUR', 'open, open, proposed')) AS v
		(steps, want);

-- Backing the promise that crosses the limit needs the evidence.
SELECT is(story(cumulative_rule('{"evidence": "session"}'), steps), want, 'session asked for: '
	|| steps)
FROM (VALUES
	('bot 60 EUR, bot 60 EUR, back 2 anna', 'TL002 open, proposed'),
	('anna 60 EUR, anna 60 EUR', 'open anna, proposed'),
	('anna 60 EUR, anna 30 EUR, value 2 40 anna', 'open anna, proposed'),
	-- though no rule asked for it when it was made
	('rule 10 single asserted, bot 60 EUR, rule 100 cumulative session, bot 30 EUR, back 1 anna',
		'open anna, open'),
	('rule 10 single asserted, bot 60 EUR, rule 100 cumulative session, bot 40 EUR, back 1 anna',
		'TL002 proposed, open'),
	-- and a promise that crossed the limit when it was made needs what was asked then
	('rule 100 cumulative asserted, bot 60 EUR, bot 60 EUR, rule 100 cumulative session, '
		'assess 1 kept, back 2 anna', 'kept, open anna'),
	('rule 100 cumulative asserted, bot 60 EUR, bot 60 EUR, rule 100 cumulative session, '
		'back 2 anna', 'TL002 open, proposed')) AS v (steps, want);

-- A rule's other conditions apply to the promise only: the sum counts all kinds and promisers.
SELECT is(story(rules, steps), want, format('%s: %s', rules, steps))
FROM (VALUES
	(cumulative_rule('{"kind": "price"}'), 'bot 95 EUR, bot 10 EUR, bot 10 EUR price',
		'open, open, proposed'),
	(cumulative_rule('{"kind": "price"}'), 'bot 95 EUR price, bot 10 EUR, bot 4 EUR price',
		'open, open, proposed'),
	(cumulative_rule('{"kind": "price"}'), 'bot 95 EUR price, bot 10 EUR unheard',
		'open, proposed'),
	(cumulative_rule('{"kind": "price"}'), 'bot 95 EUR price, bot 4 EUR unheard', 'open, open'),
	(cumulative_rule('{"promiser": "bot"}'), 'sys 95 EUR, sys 10 EUR, bot 10 EUR',
		'open, open, proposed'),
	(cumulative_rule('{"promiser_kind": "ai"}'), 'anna 95 EUR, sys 10 EUR, bot 10 EUR',
		'open anna, open, proposed'),
	-- without a currency it compares by currency
	('[{"least_value": 100, "cumulative": true, "evidence": "asserted"}]',
		'bot 99 EUR, bot 99 USD, bot 99 GBP, bot 1 GBP, bot 1 USD, bot 1 EUR',
		'open, open, open, proposed, proposed, proposed'),
	('[{"least_value": 100, "cumulative": true, "evidence": "asserted"}]', 'bot 1 -', 'proposed'),
	('[{"least_value": 100, "cumulative": true, "evidence": "asserted"}]', 'bot - EUR', 'proposed'),
	-- together with a rule that is not cumulative
	('[{"currency": "EUR", "least_value": 100, "cumulative": true, "evidence": "asserted"}, '
		'{"currency": "EUR", "least_value": 50, "evidence": "session"}]',
		'bot 49 EUR, bot 49 EUR, bot 2 EUR, back 3 anna, bot 50 EUR, back 4 anna',
			'TL002 open, open, open anna, proposed'),
	-- and one that is not, alone
	('[{"currency": "EUR", "least_value": 100, "evidence": "asserted"}]',
		'bot 99 EUR, bot 99 EUR, bot 100 EUR', 'open, open, proposed'),
	('[{"currency": "EUR", "least_value": 100, "cumulative": false, "evidence": "asserted"}]',
		'bot 99 EUR, bot 99 EUR, bot 100 EUR', 'open, open, proposed'),
	('[{"currency": "EUR", "least_value": 0, "cumulative": true, "evidence": "asserted"}]',
		'bot 0 EUR', 'proposed')) AS v (rules, steps, want);

-- The rule's time limits apply from there on, too.
CREATE FUNCTION asked(value text, currency text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	made uuid := step('asked', '{}', ARRAY['bot', value, currency]);
BEGIN
	RETURN (SELECT concat_ws(', ', 'due within ' || (due - made_at),
		'grace ' || nullif(overdue_at - due, '0')) FROM trust.promise WHERE promise = made);
END
$$;
DO $$ BEGIN PERFORM set_rules('[{"due_within": "10:00"}, {"currency": "EUR", "least_value": 100, '
	'"cumulative": true, "grace": "4:00", "due_within": "5:00"}]'); END $$;
SELECT is(asked(value, currency), want, format('%s %s: %s', value, currency, want))
FROM (VALUES
	(1, '99', 'EUR', 'due within 10:00:00'), (2, '1', 'EUR', 'due within 05:00:00, grace 04:00:00'),
	(3, '-', 'EUR', 'due within 05:00:00'),
	(4, '1', '-', 'due within 05:00:00')) AS v (nr, value, currency, want)
ORDER BY nr;

-- ---- authority ----

-- Ben can back 100 EUR and 100 USD for a customer, Anna and Pia anything. Policy asks for a human
-- for everything.
SELECT is(story('[{"evidence": "asserted"}]', steps), want, 'authority: ' || steps)
FROM (VALUES
	('bot 60 EUR, bot 40 EUR, bot 0.01 EUR, back 1 ben, back 2 ben, back 3 ben',
		'TL002 open ben, open ben, proposed'),
	('bot 60 EUR, bot 41 EUR, back 1 ben, back 2 ben', 'TL002 open ben, proposed'),
	('bot 60 EUR, bot 0 EUR, bot 40 EUR, back 1 ben, back 3 ben, back 2 ben',
		'open ben, open ben, open ben'),
	-- without what others back, what nobody backs, or what is for another customer
	('bot 60 EUR, bot 60 EUR, back 1 anna, back 2 ben', 'open anna, open ben'),
	('bot 60 EUR, bot 60 EUR, accept 1, back 2 ben', 'open, open ben'),
	('bot 60 EUR, bot 60 EUR, back 2 ben', 'proposed, open ben'),
	('elsewhere bot 60 EUR, bot 60 EUR, back 1 ben, back 2 ben', 'open ben, open ben'),
	('bot 60 EUR, bot 60 EUR, back 1 pia, back 2 pia', 'open pia, open pia'),
	-- by currency; a currency that it does not name lies above it, and a missing value does not
	-- count
	('bot 60 EUR, bot 60 USD, bot 41 USD, back 1 ben, back 2 ben, back 3 ben',
		'TL002 open ben, open ben, proposed'),
	('bot 1 GBP, bot - EUR, bot 1 -, back 1 ben, back 2 ben, back 3 ben',
		'TL002 TL002 TL002 proposed, proposed, proposed'),
	-- the promise itself is not counted twice
	('bot 60 EUR, back 1 ben, back 1 ben', 'open ben'),
	('bot 60 EUR, back 1 ben, value 1 100 bot, back 1 ben', 'open ben'),
	('bot 60 EUR, back 1 ben, value 1 101 bot, back 1 ben', 'TL002 proposed'),
	-- what they no longer back does not count
	('bot 60 EUR, bot 60 EUR, back 1 ben, back 1 anna, back 2 ben', 'open anna, open ben'),
	('bot 60 EUR, bot 60 EUR, back 1 ben, unback 1 ben, back 2 ben', 'proposed, open ben'),
	('bot 60 EUR, bot 60 EUR, accept 1, back 1 ben, unback 1 ben, back 2 ben', 'open, open ben'),
	('bot 60 EUR, bot 60 EUR, back 1 ben, value 1 50 bot, back 2 ben', 'proposed, open ben'),
	('bot 60 EUR, bot 60 EUR, back 1 ben, assess 1 kept, back 2 ben', 'kept ben, open ben'),
	('bot 60 EUR, bot 60 EUR, back 1 ben, assess 1 broken, back 2 ben', 'broken ben, open ben'),
	('bot 60 EUR, bot 60 EUR, back 1 ben, release 1, back 2 ben', 'released ben, open ben'),
	('bot 60 EUR, bot 60 EUR, back 1 ben, withdraw 1, back 2 ben', 'withdrawn ben, open ben'),
	-- the value when they back
	('bot 60 EUR, bot 60 EUR, back 1 ben, limit ben 120, back 2 ben', 'open ben, open ben'),
	('bot 60 EUR, bot 10 EUR, back 1 ben, limit ben 50, back 2 ben', 'TL002 open ben, proposed'),
	-- by one's own act
	('ben 60 EUR, ben 40 EUR, ben 1 EUR', 'open ben, open ben, proposed'),
	('ben 60 EUR, ben 60 EUR, assess 1 kept, value 2 61 ben', 'kept ben, open ben'),
	('ben 60 EUR, value 1 100 ben', 'open ben'),
	('ben 60 EUR, value 1 101 ben', 'proposed'),
	('ben 60 EUR, bot 60 EUR, back 2 ben', 'TL002 open ben, proposed')) AS v (steps, want);

-- If policy asks for nobody, a promise above the authority is open without a backer.
SELECT is(story('[]', 'ben 60 EUR, ben 60 EUR, ben 40 EUR, back 2 ben'),
	'TL002 open ben, open, open ben', 'authority where nobody is asked for');
-- Both: the rule asks for a human, who needs sufficient authority.
SELECT is(story(cumulative_rule(),
	'bot 60 EUR, bot 60 EUR, bot 50 EUR, back 2 ben, back 3 ben, back 3 pia'),
	'TL002 open, open ben, open pia', 'authority under a cumulative rule');

\ir ../../helpers/calls.sql
-- The error when "ben" backs a promise of that value to the customer; nothing, if he may.
CREATE FUNCTION error_of_backing(value text) RETURNS text
LANGUAGE sql AS $$
	SELECT error_text(format('SELECT trust_ledger.back_promise(%L, actor => ''ben'')',
		step('told', '{}', ARRAY['bot', value, 'EUR'])))
$$;
DO $$
BEGIN
	PERFORM set_rules('[{"evidence": "asserted"}]');
	PERFORM trust_ledger.back_promise(step('told', '{}', '{bot,60.50,EUR}'), actor => 'ben');
END
$$;
SELECT is(error_of_backing('60'),
	'TL002|the promise exceeds the authority of "ben"|They would back 120.5 EUR in total for this '
	'customer; the limit is 100.|Let a human with a higher authority back it.',
	'what is said where it is too much');
SELECT is(error_of_backing('-'),
	'TL002|the promise exceeds the authority of "ben"|The promise has no value or no currency, '
	'or the authority has no limit for its currency.|Let a human with a higher authority back it.',
	'what is said where it is not stated');

-- ---- cost ----

-- How often making a promise reads trust.promise.
CREATE FUNCTION reads_of_promises(rules text, made text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
	before bigint;
BEGIN
	PERFORM set_rules(rules), step('reads', '{}', '{bot,1,USD}');
	before := sum(seq_scan + coalesce(idx_scan, 0)) FROM pg_stat_xact_all_tables
		WHERE relid = 'trust.promise'::regclass;
	PERFORM step('reads', '{}', string_to_array(made, ' '));
	RETURN sum(seq_scan + coalesce(idx_scan, 0)) - before FROM pg_stat_xact_all_tables
		WHERE relid = 'trust.promise'::regclass;
END
$$;
SELECT is(reads_of_promises(rules, made), want::bigint,
	format('%s reads of promises for %s under %s', want, made, rules))
FROM (VALUES
	('[{"currency": "EUR", "least_value": 100, "evidence": "asserted"}]', 'bot 1 EUR', 0),
	('[{"currency": "EUR", "least_value": 100, "evidence": "asserted"}]', 'anna 1 EUR', 0),
	(cumulative_rule(), 'bot 1 EUR', 1), (cumulative_rule(), 'bot - EUR', 0),
	(cumulative_rule(), 'bot 1 -', 0),
	('[]', 'ben 1 EUR', 1), ('[]', 'ben 1 GBP', 0), ('[]', 'ben - EUR', 0), ('[]', 'ben 1 -', 0),
	-- a promise that nobody could back is not counted
	('[{"evidence": "session"}]', 'ben 1 EUR', 0),
	(cumulative_rule(), 'ben 1 EUR', 2)) AS v (rules, made, want);

-- ---- setting a cumulative rule ----

CREATE FUNCTION rule_x() RETURNS text
LANGUAGE sql AS $$ SELECT string_agg(format('%s %s', least_value, cumulative), ', ')
	FROM trust.policy_rule WHERE policy = 'x' $$;
CREATE FUNCTION set_x(args text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SELECT trust_ledger.set_policy(''x'', evidence => ''asserted''%s)', args);
	RETURN rule_x();
EXCEPTION WHEN OTHERS THEN
	RETURN concat_ws(' ', SQLSTATE, 'and', rule_x());
END
$$;
SELECT is(set_x(args), want, format('%s. set_policy(''x''%s)', nr, args))
FROM (VALUES
	(1, ', cumulative => true', '22023 and'),
	(2, ', least_value => 5', '5 f'),
	(3, ', least_value => 6, cumulative => true', '6 t'),
	(4, ', cumulative => true', '22023 and 6 t'),
	(5, ', kind => ''price'', currency => ''EUR'', cumulative => true', '22023 and 6 t'),
	-- a rule is set as a whole
	(6, ', least_value => 7', '7 f'),
	(7, ', least_value => 8, cumulative => NULL', '8 f'),
	(8, ', cumulative => false', ' f')) AS v (nr, args, want)
ORDER BY nr;
SELECT is(array_agg(format('%s %s', details->'least_value', details->'cumulative') ORDER BY seq),
	'{"5 false","6 true","7 false","8 false","null false"}',
	'the entries say so, and none of what was refused')
FROM trust.entry WHERE customer = '' AND subject = 'x';
DO $$ BEGIN PERFORM set_x(', least_value => 9, cumulative => true'), trust_ledger.drop_policy('x');
	END $$;
SELECT is(array_agg(format('%s %s %s', least_value, cumulative, active)), '{"9 t f"}',
	'a rule that was dropped') FROM trust.policy WHERE policy = 'x';

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and all of it verifies');
SELECT * FROM finish();
