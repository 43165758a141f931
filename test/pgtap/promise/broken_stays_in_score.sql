-- A promise that the company broke or let pass stays in the score, whatever the company does by its
-- own word. Tries every call, and every two calls in sequence, in every situation.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(965);

SELECT trust_ledger.create_ledger() \g /dev/null
DO $$
BEGIN
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('ben', 'human');
	PERFORM trust_ledger.register_actor('rita', 'human');
	PERFORM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'rita',
		speaks_for => 'record');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.set_policy('guarded', kind => 'guarded', evidence => 'asserted',
		grace => '2 hours');
	-- nothing fades away within the test
	PERFORM trust_ledger.set_ledger(half_life => '30000 days');
END
$$;

-- The calls of the company about promise $1 of customer $2.
CREATE TABLE way (way text PRIMARY KEY, sql text);
INSERT INTO way VALUES
	('withdraws', $$withdraw_promise($1, 'no stock', actor => 'bot')$$),
	('relays a release', $$release_promise($1, relayed => true, actor => 'rita')$$),
	('relays a later due',
		$$amend_promise($1, due => now() + interval '90 days', relayed => true, actor => 'rita')$$),
	('relays no due', $$amend_promise($1, clear => '{due}', relayed => true, actor => 'bot')$$),
	('relays an acceptance', $$accept_promise($1, true, actor => 'bot')$$),
	('relays praise', $$assess_promise($1, 'kept', true, actor => 'rita')$$),
	('relays half praise', $$assess_promise($1, 'partly_kept', true, actor => 'rita')$$),
	('relays a complaint', $$assess_promise($1, 'broken', true, actor => 'anna')$$),
	('confirms', $$confirm_relayed($1, actor => 'rita')$$),
	('accepts', $$accept_promise($1, actor => 'anna')$$),
	('releases', $$release_promise($1, actor => 'anna')$$),
	('pauses', $$pause_promise($1, actor => 'anna')$$),
	('resumes', $$resume_promise($1, actor => 'anna')$$),
	('declines', $$decline_promise($1, actor => 'ben')$$),
	('notes', $$add_note($1, 'It was their fault.', actor => 'anna')$$),
	('amends due', $$amend_promise($1, due => now() + interval '90 days', actor => 'anna')$$),
	('clears due', $$amend_promise($1, clear => '{due}', actor => 'anna')$$),
	('amends words', $$amend_promise($1, 'We may come.', actor => 'bot')$$),
	('amends kind', $$amend_promise($1, kind => 'lenient', actor => 'bot')$$),
	('backs', $$back_promise($1, actor => 'rita')$$),
	('unbacks', $$withdraw_backing($1, actor => 'ben')$$),
	('admits', $$admit_breach($1, actor => 'anna')$$),
	('repairs', $$repair_breach($1, 'We came later.', actor => 'anna')$$),
	('says kept', $$assess_promise($1, 'kept', actor => 'anna')$$),
	('says partly kept', $$assess_promise($1, 'partly_kept', actor => 'bot')$$),
	('says broken', $$assess_promise($1, 'broken', actor => 'ben')$$),
	('erases words', $$erase_words($1, 'They asked.')$$),
	('erases an entry', $$erase_words($2, 1, 'They asked.')$$),
	('erases the customer', $$erase_customer($2, 'They asked.')$$),
	('rebuilds', $$rebuild($2)$$),
	('retires the promiser', $$retire_actor('bot')$$),
	('retires the backer', $$retire_actor('ben', successor => 'rita')$$),
	('retires the customer', $$retire_actor('carl')$$),
	('makes the promiser another',
		$$register_actor('bot', 'ai', responsible => 'rita', model => 'm-2')$$),
	('makes the backer a machine',
		$$register_actor('ben', 'ai', responsible => 'rita', model => 'm-2')$$),
	('asks for less', $$set_policy('guarded', kind => 'guarded', grace => '900 days')$$),
	('asks for nothing', $$drop_policy('guarded')$$),
	('lets things lie', $$set_ledger(lag => '7 days')$$),
	('weighs it less',
		$$set_ledger(weights => '{"kept": [1000, 0], "kept_by_company": [1000, $$ ||
		$$0], "partly_kept": [999, 1], "repaired": [3, 1], "admitted": [2, 2], "broken": [1, $$ ||
		$$3]}')$$);

-- The situations, each with the calls about promise $1 that lead there. It was made ten days ago,
-- and was due five days ago or is due in five days.
-- evidence: kept:broken in its customer's score; of a promise in time, what it will be if nothing
-- happens.
-- rests_on: what the evidence rests on, which decides what the company can still change.
CREATE TABLE situation (situation text PRIMARY KEY, late boolean, calls text[], evidence text,
	rests_on text);
INSERT INTO situation VALUES
	('in time', false, '{back}', '0:1', 'nothing'),
	('in time, accepted', false, '{back,accept}', '0:1', 'silence'),
	('in time, accepted, nobody behind it', false, '{accept}', '0:1', 'silence'),
	('in time, accepted, paused', false, '{back,accept,pause}', '0:1', 'silence'),
	('in time, by an acceptance that was relayed', false, '{relay accept}', '0:1', 'silence'),
	('overdue', true, '{back}', '0:1', 'silence'),
	('overdue, accepted', true, '{back,accept}', '0:1', 'silence'),
	('overdue, accepted, nobody behind it', true, '{accept}', '0:1', 'silence'),
	('overdue, by an acceptance that was relayed', true, '{relay accept}', '0:1', 'silence'),
	('overdue, parked', true, '{back,unback}', '0:1', 'silence, parked'),
	('overdue, parked by new words', true, '{back,amend}', '0:1', 'silence, parked'),
	('overdue, its pause over', true, '{back,accept,pause}', '0:1', 'silence'),
	('withdrawn late', true, '{back,accept,withdraw late}', '0:1', 'what the company did'),
	('admitted', true, '{back,accept,admit}', '0:0.75', 'what the company did'),
	('broken, says the company', true, '{back,broken anna}', '0:1', 'the company'),
	('broken, says a record', true, '{back,broken crm}', '0:1', 'others'),
	('broken, says the customer, it was relayed', true, '{back,complain}', '0:1', 'others'),
	('broken, says the customer', true, '{back,broken carl}', '0:1', 'others'),
	('broken, says the customer, nobody behind it', true, '{accept,broken carl}', '0:1', 'others'),
	('admitted, then broken, says the customer', true, '{back,accept,admit,broken carl}', '0:0.75',
		'others'),
	('kept, says the company, then broken, says the customer', true, '{back,kept anna,broken carl}',
		'0:1', 'others'),
	('withdrawn late, then broken, says the customer', true,
		'{back,accept,withdraw late,broken carl}', '0:1', 'others'),
	('repaired, says the company, then broken, says the customer', true,
		'{back,broken anna,repair,broken carl}', '0:1', 'others'),
	('partly kept, says the customer', true, '{back,partly carl}', '0.5:0.5', 'others');
CREATE TABLE call (call text PRIMARY KEY, sql text);
INSERT INTO call VALUES
	('back', $$back_promise($1, actor => 'ben', occurred_at => now() - interval '9 days')$$),
	('unback', $$withdraw_backing($1, actor => 'ben', occurred_at => now() - interval '8 days')$$),
	('amend', $$amend_promise($1, 'We come by car.', actor => 'bot', occurred_at => now() - $$ ||
		$$interval '8 days')$$),
	('accept', $$accept_promise($1, actor => 'carl', occurred_at => now() - interval '8 days')$$),
	('relay accept',
		$$accept_promise($1, true, actor => 'rita', occurred_at => now() - interval '8 days')$$),
	('pause', $$pause_promise($1, actor => 'anna', occurred_at => now() - interval '7 days')$$),
	('admit', $$admit_breach($1, actor => 'anna', occurred_at => now() - interval '6 days')$$),
	('withdraw late', $$withdraw_promise($1, actor => 'anna')$$),
	('broken anna', $$assess_promise($1, 'broken', actor => 'anna')$$),
	('broken crm', $$assess_promise($1, 'broken', actor => 'crm')$$),
	('complain', $$assess_promise($1, 'broken', true, actor => 'rita')$$),
	('broken carl', $$assess_promise($1, 'broken', actor => 'carl')$$),
	('kept anna', $$assess_promise($1, 'kept', actor => 'anna')$$),
	('partly carl', $$assess_promise($1, 'partly_kept', actor => 'carl')$$),
	('repair', $$repair_breach($1, 'We came later.', actor => 'anna')$$);

-- Makes the promise, to a customer named by its situation.
CREATE FUNCTION bring(s situation) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	made uuid := (trust_ledger.make_promise(s.situation, 'We come.', actor => 'bot',
		kind => 'guarded', longest_pause => '1 day',
		occurred_at => now() - interval '10 days', due => now() + CASE WHEN s.late THEN -1
			ELSE 1 END * interval '5 days')).promise;
	step text;
BEGIN
	FOREACH step IN ARRAY s.calls LOOP
		EXECUTE 'SELECT trust_ledger.' || (SELECT sql FROM call WHERE call = step) USING made;
	END LOOP;
	RETURN made;
END
$$;

-- The evidence in the score; of a promise in time, what it will be if nothing happens.
CREATE FUNCTION evidence(s situation, of_promise uuid) RETURNS text
LANGUAGE sql AS $$
	SELECT CASE WHEN s.late OR p.outcome IS NOT NULL THEN round(trust_ledger.kept(score)::numeric,
		3)::float8 || ':' || round(trust_ledger.broken(score)::numeric, 3)::float8
		WHEN settled_at IS NULL AND opened_at IS NOT NULL AND overdue_at <= now() + interval
			'6 days 2 hours' THEN '0:1' ELSE '0:0' END
	FROM trust.promise p, trust_ledger.customer_score(s.situation) AS score
		WHERE p.promise = of_promise
$$;

-- The evidence after these calls; refused ones do nothing. Rolled back.
CREATE FUNCTION attack(s situation, promise uuid, VARIADIC ways text[], OUT becomes text,
	OUT refused text)
LANGUAGE plpgsql AS $$
DECLARE
	sql text;
BEGIN
	FOR sql IN SELECT w.sql FROM unnest(ways) WITH ORDINALITY AS u (way, nr) JOIN way w USING (way)
		ORDER BY nr LOOP
		BEGIN
			EXECUTE 'SELECT trust_ledger.' || sql USING promise, s.situation;
		EXCEPTION WHEN SQLSTATE 'TL001' OR SQLSTATE 'TL002' OR SQLSTATE 'TL003' OR SQLSTATE '22004'
			OR SQLSTATE '22023' OR SQLSTATE 'P0002' THEN
			refused := concat_ws(' ', refused, SQLSTATE);
		END;
	END LOOP;
	becomes := evidence(s, promise);
	RAISE SQLSTATE 'TAKEN';
EXCEPTION WHEN SQLSTATE 'TAKEN' THEN
END
$$;

CREATE FUNCTION expectation(evidence text) RETURNS float8
LANGUAGE sql AS $$ SELECT (split_part(evidence, ':', 1)::float8 + 1) / (split_part(evidence, ':',
	1)::float8 + split_part(evidence, ':', 2)::float8 + 2) $$;

-- What the company's word can change, by what the evidence rests on; nothing else improves the
-- score. The company can give a verdict over silence or over its own, which weighs half and is
-- shown; a repair counts at once over its own word only; before the customer relies on a promise,
-- and in time, the company is free.
CREATE TABLE allowed (rests_on text, late boolean, ways text[], becomes text);
INSERT INTO allowed VALUES
	('nothing', false, '{withdraws,relays a release,amends due,clears due}', '0:0'),
	('nothing', false, '{admits}', '0:0.75'), ('silence', false, '{admits}', '0:0.75'),
	('nothing', NULL, '{says kept,relays praise}', '0.5:0'),
	('silence', NULL, '{says kept,relays praise}', '0.5:0'),
	('the company', NULL, '{says kept,relays praise}', '0.5:0'),
	('nothing', NULL, '{says partly kept,relays half praise}', '0.5:0.5'),
	('silence', NULL, '{says partly kept,relays half praise}', '0.5:0.5'),
	('the company', NULL, '{says partly kept,relays half praise}', '0.5:0.5'),
	('the company', NULL, '{repairs}', '0.25:0.75'),
	('what the company did', NULL, '{repairs}', '0.25:0.75');
-- Two calls that change more than either of them.
CREATE TABLE allowed_two (rests_on text, late boolean, first text, second text, becomes text);
INSERT INTO allowed_two VALUES
	('nothing', false, 'admits', 'repairs', '0.25:0.75'),
	('silence', false, 'admits', 'repairs', '0.25:0.75'),
	('nothing', NULL, 'says broken', 'repairs', '0.25:0.75'),
	('silence', NULL, 'says broken', 'repairs', '0.25:0.75'),
	('silence', NULL, 'withdraws', 'repairs', '0.25:0.75'),
	('silence, parked', NULL, 'withdraws', 'repairs', '0.25:0.75'),
	('silence, parked', NULL, 'backs', 'says kept', '0.5:0'),
	('silence, parked', NULL, 'backs', 'says partly kept', '0.5:0.5'),
	('nothing', false, 'asks for less', 'amends words', '0:0');

CREATE TABLE brought AS SELECT s, bring(s) AS promise FROM situation s;
SELECT is(evidence(s, promise), (s).evidence, (s).situation) FROM brought;

-- ---- every call ----

CREATE TABLE one AS SELECT (s).situation, (s).rests_on, (s).late, (s).evidence, way, a.*
	FROM brought, way, LATERAL attack(s, promise, way) AS a;
SELECT is(becomes, coalesce((SELECT a.becomes FROM allowed a WHERE a.rests_on = one.rests_on
	AND coalesce(a.late, one.late) = one.late AND way = ANY (a.ways)), evidence),
	format('%s: the company %s', situation, way)) FROM one;
SELECT set_eq($$SELECT way FROM one GROUP BY way HAVING bool_and(refused IS NOT NULL)$$,
	'{accepts,releases,confirms,makes the backer a machine}'::text[],
	'each was tried where it goes through, but for what never does');

-- ---- every two calls ----

CREATE TABLE two AS SELECT (s).situation, (s).rests_on, (s).late, (s).evidence, a.way AS first,
	b.way AS second, t.*
FROM brought, way a, way b, LATERAL attack(s, promise, a.way, b.way) AS t
WHERE a.way <> b.way AND ARRAY[a.way, b.way] <@ ARRAY(SELECT way FROM one WHERE refused IS NULL);
SELECT set_eq($$SELECT t.situation, first, second, t.becomes FROM two t JOIN one a ON (a.situation,
	a.way) = (t.situation, first) JOIN one b ON (b.situation, b.way) = (t.situation, second)
		WHERE first <> 'weighs it less' AND expectation(t.becomes)
			> greatest(expectation(t.evidence), expectation(a.becomes), expectation(b.becomes))$$,
	$$SELECT situation, first, second, becomes FROM situation s JOIN allowed_two a ON a.rests_on
		= s.rests_on AND coalesce(a.late, s.late) = s.late$$,
		'no two calls together are worth more than either, but for these');
SELECT results_eq($$SELECT rests_on, late,
	(array_agg(becomes ORDER BY expectation(becomes) DESC))[1]
		FROM (SELECT rests_on, late, becomes FROM two WHERE first <> 'weighs it less'
			AND situation <> 'admitted' UNION ALL SELECT rests_on, late, becomes FROM one) AS t
			WHERE rests_on <> 'others' GROUP BY rests_on, late ORDER BY rests_on COLLATE "C",
			late$$,
	$$VALUES ('nothing', false, '0.5:0'), ('silence', false, '0.5:0'), $$ ||
		$$('silence', true, '0.5:0'), ('silence, parked', true, '0.5:0'), ('the company', $$ ||
		$$true, '0.5:0'), ('what the company did', true, '0.25:0.75')$$,
		'the best that can be made of it');
-- New weights are the company's to set and hold for what is said from then on: relaying a complaint
-- again does not repeat it.
SELECT is_empty($$SELECT situation, first, second, becomes FROM two WHERE rests_on = 'others'
	AND becomes <> evidence$$, 'what others said, no two calls change');

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'and all of it verifies');
SELECT * FROM finish();
