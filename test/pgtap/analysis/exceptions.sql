-- trust.exception, trust.overdue and trust.orphaned: each kind of exception by example; all three
-- on random ledgers, compared with a slow replay of the entries; and no view shows an analyst what
-- a person wrote.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(313);

SET timezone = 'UTC';
SET jit = off;
CREATE ROLE analyst;
CREATE ROLE auditor;
CREATE ROLE nobody;
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.grant_access(level, level) FROM unnest('{analyst,auditor}'::text[])
	AS level \g /dev/null
\ir ../../helpers/random_ledgers.sql
\ir ../../helpers/random_acts.sql
SELECT trust_ledger.set_policy('easy', kind => 'easy', grace => '0') \g /dev/null
SELECT trust_ledger.set_policy('urgent', kind => 'urgent', evidence => 'asserted',
	back_within => '1 hour') \g /dev/null
CALL random_actors(12);
SELECT trust_ledger.register_actor(actor, 'human') FROM unnest('{anna,ben,eve}'::text[])
	AS actor \g /dev/null
SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm-1'),
	trust_ledger.register_actor('tool', 'system', responsible => 'anna') \g /dev/null

-- ---- each by example ----

-- "make_promise anna -9d, kind => 'easy'; back_promise ben": call, who acts, how long ago if not
-- now, further arguments.
CREATE FUNCTION live(script text, customer text) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
	act     text;
	part    text[];
	promise uuid;
BEGIN
	FOREACH act IN ARRAY regexp_split_to_array(script, ';\s*') LOOP
		part := regexp_match(act, '^(\w+) (\w+) ?(-\d+d)?(.*)$');
		EXECUTE format('SELECT (trust_ledger.%s(%s, actor => %L, occurred_at => now() + '
			'$3::interval%s)).promise', part[1],
				CASE part[1] WHEN 'make_promise' THEN 'customer => $1, words => ''We come.'''
					ELSE 'promise => $2' END, part[2], part[4])
			INTO promise USING customer, promise, replace(part[3], 'd', ' days');
	END LOOP;
	RETURN promise;
END
$$;

CREATE TABLE example (n serial, script text, expected text, promise uuid);
INSERT INTO example (script, expected) VALUES
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''', NULL),
	('make_promise anna, kind => ''easy''', 'no_due'),
	('make_promise anna, kind => ''easy''; assess_promise carl, verdict => ''kept''', NULL),
	-- nobody backs what policy asks a human for
	('make_promise bot, kind => ''easy'', due => now() + ''9 days''',
		'machine_words_unseen,unbacked'),
	('make_promise bot, kind => ''easy'', due => now() + ''9 days''; back_promise ben', NULL),
	('make_promise bot, kind => ''easy'', due => now() + ''9 days''; decline_promise ben', NULL),
	('make_promise bot, kind => ''easy'', due => now() + ''9 days''; decline_promise ben; '
		'amend_promise bot, words => ''No.''', 'machine_words_unseen,unbacked'),
	('make_promise bot, kind => ''easy'', due => now() + ''9 days''; decline_promise ben; '
		'accept_promise carl', 'relied_on_unbacked,unbacked'),
	('make_promise bot, kind => ''easy'', due => now() + ''9 days''; withdraw_promise anna', NULL),
	('make_promise tool, kind => ''easy'', due => now() + ''9 days''', 'machine_words_unseen'),
	('make_promise bot -2d, kind => ''urgent'', due => now() + ''9 days''',
		'backing_overdue,machine_words_unseen,unbacked'),
	('make_promise bot, kind => ''urgent'', due => now() + ''9 days''',
		'machine_words_unseen,unbacked'),
	('make_promise bot -2d, kind => ''urgent'', due => now() + ''9 days''; back_promise ben',
		NULL),
	-- silence
	('make_promise anna -9d, kind => ''easy'', due => now() - interval ''1 day''',
		'overdue'),
	('make_promise anna -9d, kind => ''easy'', due => now() - interval ''1 day''; '
		'assess_promise carl, verdict => ''broken''', NULL),
	('make_promise anna -9d, kind => ''easy'', due => now() - interval ''1 day''; '
		'assess_promise ben, verdict => ''broken''', 'company_word_only'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; assess_promise ben, '
		'verdict => ''kept''; assess_promise desk, verdict => ''kept''', NULL),
	('make_promise bot -9d, kind => ''easy'', due => now() - interval ''2 days''',
		'machine_words_unseen,unbacked'),
	-- who is gone
	('make_promise bot, kind => ''easy'', due => now() + ''9 days''; back_promise eve',
		'backer_retired'),
	('make_promise bot, kind => ''easy'', due => now() + ''9 days''; back_promise eve; '
		'assess_promise carl, verdict => ''kept''', NULL),
	('make_promise bot, kind => ''easy'', due => now() + ''9 days''; back_promise eve; '
		'back_promise ben', NULL),
	('make_promise bot, kind => ''easy'', due => now() + ''9 days''; back_promise ben; '
		'withdraw_backing ben', 'backing_withdrawn,unbacked'),
	('make_promise bot, kind => ''easy'', due => now() + ''9 days''; back_promise ben; '
		'withdraw_backing ben; back_promise dora', NULL),
	('make_promise bot, kind => ''easy'', due => now() + ''9 days''; back_promise ben; '
		'withdraw_backing ben; withdraw_promise anna', NULL),
	('make_promise bot, kind => ''easy'', due => now() + ''9 days''; back_promise ben; '
		'amend_promise bot, words => ''No.''', 'machine_words_unseen,unbacked'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; withdraw_backing anna',
		'backing_withdrawn'),
	-- who relied on it
	('make_promise tool, kind => ''easy'', due => now() + ''9 days''; accept_promise carl',
		'machine_words_unseen,relied_on_unbacked'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; accept_promise carl', NULL),
	('make_promise bot, kind => ''easy'', due => now() + ''9 days''; back_promise ben; '
		'accept_promise carl; withdraw_backing ben', 'backing_withdrawn,unbacked'),
	-- who wrote the words
	('make_promise anna, kind => ''easy'', due => now() + ''9 days'', drafted_by => ''bot''', NULL),
	('make_promise tool, kind => ''easy'', due => now() + ''9 days'', drafted_by => ''anna''',
		NULL),
	('make_promise tool, kind => ''easy'', due => now() + ''9 days'', promiser => ''anna'', '
		'drafted_by => ''tool''', 'machine_words_unseen'),
	('make_promise tool, kind => ''easy'', due => now() + ''9 days'', promiser => ''anna''',
		'machine_words_unseen'),
	-- moved, late, or paused
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; amend_promise anna, '
		'due => now() + ''12 days''', 'due_moved'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; amend_promise anna, '
		'words => ''No.''', NULL),
	('make_promise anna, kind => ''easy''; amend_promise anna, due => now() + ''12 days''', NULL),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; accept_promise carl; '
		'withdraw_promise anna', 'company_word_only,withdrawn_late'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; accept_promise carl; '
		'withdraw_promise anna; assess_promise carl, verdict => ''kept''',
		'verdict_reversed,withdrawn_late'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; withdraw_promise anna', NULL),
	('make_promise bot, kind => ''hard'', due => now() + ''9 days''; accept_promise anna, '
		'relayed => true; withdraw_promise anna', 'unconfirmed'),
	('make_promise anna -9d, kind => ''easy'', due => now() - interval ''2 days''; '
		'release_promise carl', 'released_late'),
	('make_promise anna -9d, kind => ''easy'', due => now() - interval ''2 days''; '
		'release_promise carl -3d', NULL),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days'', longest_pause => ''5 days''; '
		'pause_promise anna', 'long_pause'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days'', longest_pause => ''4 days''; '
		'pause_promise anna', NULL),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days'', longest_pause => ''5 days''; '
		'pause_promise anna; resume_promise anna', NULL),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''9 days'', longest_pause => ''4 '
		'days''; pause_promise anna -5d', 'long_pause'),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''9 days'', longest_pause => ''4 '
		'days''; pause_promise anna -5d; resume_promise anna', NULL),
	-- late to be open, to be eased, to be withdrawn
	('make_promise bot -9d, kind => ''easy'', due => now() - interval ''2 days''; back_promise ben',
		'opened_late,overdue'),
	('make_promise bot -9d, kind => ''easy'', due => now() - interval ''2 days''; back_promise ben '
		'-3d', 'overdue'),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''1 day''; amend_promise anna, '
		'kind => ''hard''', 'eased'),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''1 day'', value => 9, '
		'currency => ''EUR''; amend_promise anna, value => 8.99', 'eased'),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''1 day'', value => 9, '
		'currency => ''EUR''; amend_promise anna, value => 9.01', NULL),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''1 day''; amend_promise anna, '
		'due => now() + ''2 days''', 'due_moved,eased'),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''1 day''; amend_promise anna, '
		'longest_pause => ''1 day''', 'eased'),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''2 days''; amend_promise anna, '
		'due => now() + ''1 day''', 'due_moved'),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''1 day''; amend_promise anna -5d, '
		'kind => ''hard''', NULL),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''1 day''; amend_promise anna, '
		'kind => ''hard''; accept_promise carl', NULL),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''1 day''; amend_promise anna, '
		'kind => ''hard''; accept_promise dora, relayed => true', 'eased,unconfirmed'),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''1 day''; accept_promise carl; '
		'amend_promise carl, kind => ''hard''', 'unbacked'),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''1 day''; withdraw_promise anna',
		'withdrawn_near_due'),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''1 day''; withdraw_promise anna -5d',
		NULL),
	('make_promise bot -9d, kind => ''easy'', due => now() + ''1 day''; withdraw_promise anna',
		NULL),
	('make_promise anna -9d, kind => ''easy'', due => now() + ''8 days''; withdraw_promise ben',
		'withdrawn_near_due'),
	('make_promise anna, kind => ''easy'', due => now() + ''90 years''', 'due_far'),
	-- whose word it is
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; assess_promise desk, '
		'verdict => ''kept''; assess_promise carl, verdict => ''broken''', 'verdict_reversed'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; assess_promise carl, '
		'verdict => ''broken''; assess_promise carl, verdict => ''kept''', NULL),
	-- what nobody confirmed
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; accept_promise ben, '
		'relayed => true', 'unconfirmed'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; accept_promise ben, '
		'relayed => true; confirm_relayed carl', NULL),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; release_promise ben, '
		'relayed => true', 'unconfirmed'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; release_promise ben, '
		'relayed => true; release_promise carl', NULL),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; assess_promise ben, '
		'verdict => ''kept'', relayed => true', 'company_word_only,unconfirmed'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; assess_promise ben, '
		'verdict => ''kept'', relayed => true; assess_promise desk, verdict => ''kept''', NULL),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; accept_promise carl; '
		'amend_promise ben, due => now() + ''10 days'', relayed => true', 'unconfirmed'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; accept_promise carl; '
		'amend_promise ben, due => now() + ''10 days'', relayed => true; amend_promise ben, '
		'due => now() + ''11 days'', relayed => true', 'unconfirmed,unconfirmed'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; assess_promise carl, '
		'verdict => ''broken''; repair_breach anna, how => ''So.''', 'unconfirmed'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; assess_promise carl, '
		'verdict => ''broken''; repair_breach anna, how => ''So.''; confirm_relayed carl', NULL),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; assess_promise ben, '
		'verdict => ''broken''; repair_breach anna, how => ''So.''', 'company_word_only'),
	-- hedging
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; admit_breach anna; '
		'assess_promise carl, verdict => ''kept''', 'admitted_and_kept,verdict_reversed'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; admit_breach anna; '
		'assess_promise carl, verdict => ''partly_kept''', 'verdict_reversed'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; admit_breach anna',
		'company_word_only'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; erase_words anna, '
		'reason => ''Asked for.''', 'erased'),
	('make_promise anna, kind => ''easy'', due => now() + ''9 days''; add_note anna, '
		'note => ''Called.''', NULL);
UPDATE example SET promise = live(script, 'example ' || n);
SELECT trust_ledger.retire_actor('eve') \g /dev/null
SELECT is((SELECT string_agg(what, ',' ORDER BY what) FROM trust.exception x
	WHERE x.promise = e.promise), expected, script) FROM example e ORDER BY n;

-- The exceptions of one kind of an example: subject and detail, without instants.
CREATE FUNCTION exceptions_of(of_script text, of_what text) RETURNS text
LANGUAGE sql AS $$
	SELECT string_agg(concat_ws('; ', coalesce(x.subject, '-'),
		regexp_replace(regexp_replace(x.detail, '\d{4}-\d\d-\d\d [0-9:.+]+', 'T', 'g'),
		'\d+ days [0-9:.]+', 'L')), '|')
	FROM example e JOIN trust.exception x USING (promise) WHERE e.script LIKE of_script
		AND x.what = of_what AND x.customer = 'example ' || e.n
$$;
SELECT is(exceptions_of('%' || script, what), expected, what || ' says')
FROM (VALUES
	('back_promise eve', 'backer_retired', 'eve; its backer is retired'),
	('back_promise ben; withdraw_backing ben', 'backing_withdrawn',
		'ben; its backer withdrew, and nobody else backs it'),
	('drafted_by => ''tool''', 'machine_words_unseen',
		'tool; words by tool (system) that no human of the company saw'),
	('amend_promise anna, due => now() + ''12 days''', 'due_moved',
		'-; moved once, first due T, now T'),
	('accept_promise ben, relayed => true', 'unconfirmed',
		'ben; entry 2 (accepted) waits for confirmation by the customer or a system of record'),
	('verdict => ''kept'', relayed => true', 'unconfirmed',
		'ben; entry 2 (assessed kept) waits for confirmation by the customer or a system of '
		'record'),
	('repair_breach anna, how => ''So.''', 'unconfirmed',
		'anna; entry 3 (breach_repaired broken) waits for confirmation by the customer or a system '
		'of record'),
	('erase_words anna, reason => ''Asked for.''', 'erased',
		'anna; entry 2 erased texts of all earlier entries of the promise'),
	('longest_pause => ''5 days''; pause_promise anna', 'long_pause',
		'-; paused for 5 days of the L first promised'),
	('pause_promise anna -5d', 'long_pause', '-; the pause since T expired'),
	('''2 days''; back_promise ben', 'opened_late',
		'-; first open only after it was due T it earns no evidence of being kept'),
	('amend_promise anna, kind => ''hard''', 'eased',
		'-; the company eased the terms after half of the time: it counts as partly kept at most'),
	('due => now() + ''1 day''; withdraw_promise anna', 'withdrawn_near_due',
		'-; withdrawn after half of the time until it was due T'),
	('assess_promise desk, verdict => ''kept''; assess_promise carl, verdict => ''broken''',
		'verdict_reversed',
		'carl; another actor''s verdict was replaced by a different one; it stands as broken'),
	('release_promise carl', 'released_late', '-; was due T'),
	('withdraw_promise anna; assess_promise carl, verdict => ''kept''', 'withdrawn_late',
		'-; withdrawn after acceptance or due, stands as kept')) AS v (script, what, expected);
SELECT is((SELECT array_agg(DISTINCT what ORDER BY what) FROM trust.exception),
	'{admitted_and_kept,backed_in_bursts,backer_retired,backfilled,backing_overdue,'
	'backing_withdrawn,company_word_only,due_far,due_moved,eased,erased,long_pause,'
	'machine_words_unseen,no_due,opened_late,overdue,released_late,relied_on_unbacked,unbacked,'
	'unconfirmed,verdict_reversed,withdrawn_late,withdrawn_near_due}'::text[],
	'all there are, but for policies');

-- ---- of several promises ----

-- An import is one row of each kind.
SELECT is((SELECT array_agg(detail ~ format('^import of %s promises', (SELECT count(*)
	FROM trust.promise WHERE backfilled_at IS NOT NULL))) FROM trust.exception
	WHERE what = 'backfilled'), '{t}', 'all that was backfilled at once is one row');
SELECT is((SELECT count(*) FROM trust.exception WHERE what = 'backfilled' AND customer = ''
	AND promise IS NULL AND since = (SELECT min(backfilled_at) FROM trust.promise)), 1::bigint,
	'of no promise, since the first');
-- Another import earlier, of one promise, whose verdict is the company's; and one of two.
CREATE FUNCTION imported(ago interval, promises int) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. promises LOOP
		PERFORM live('make_promise anna -9d, kind => ''easy''; assess_promise ben -1d, '
			'verdict => ''kept''', format('import of %s, %s', promises, ago));
	END LOOP;
	PERFORM without_guards(format('UPDATE trust.promise SET backfilled_at = backfilled_at - '
		'interval %L WHERE customer = %L', ago, format('import of %s, %s', promises, ago)));
END
$$;
SELECT imported('1 hour', 1), imported('2 hours', 2), imported('2 hours 9 minutes', 1),
	imported('3 hours', 2), imported('3 hours 11 minutes', 1) \g /dev/null
SELECT is((SELECT string_agg(format('%s %s: %s', what, nullif(customer, ''), substring(detail,
	'^import of \d+|^recorded|^kept')), '; ' ORDER BY what, customer, since)
	FROM trust.exception WHERE what IN ('backfilled', 'company_word_only')
		AND (customer ~ '^import' OR customer = '' AND since < now() - interval '90 minutes')),
	'backfilled : import of 2; backfilled : import of 3; '
	'backfilled import of 1, 01:00:00: recorded; backfilled import of 1, 03:11:00: recorded; '
	'company_word_only : import of 2; company_word_only : import of 3; '
	'company_word_only import of 1, 01:00:00: kept; company_word_only import of 1, 03:11:00: kept',
	'breaks of more than ten minutes divide imports, and one promise is a row of its own');
SELECT without_guards($$DELETE FROM trust.promise WHERE customer ~ '^import of'; DELETE
	FROM trust.entry WHERE customer ~ '^import of'; DELETE FROM trust.chain
	WHERE customer ~ '^import of'$$) \g /dev/null

-- Withdrawn and made again, by whom, of which kind, and when.
CREATE FUNCTION remade(withdrawn text, again text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	first uuid;
	found text;
BEGIN
	first := live(withdrawn, 'remade');
	PERFORM live(again, 'remade');
	SELECT string_agg(CASE promise WHEN first THEN detail ELSE 'the other' END, '; ') INTO found
	FROM trust.exception WHERE what = 'remade' AND customer = 'remade';
	RAISE SQLSTATE 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN regexp_replace(found, '[-0-9a-f]{36}', 'P');
END
$$;
SELECT is(remade('make_promise anna -9d, kind => ''easy'', due => now() + ''9 days''; ' || acts,
	again), CASE WHEN remade THEN 'withdrawn, while promise P of the same kind was made in the '
	'time until it was due' END, format('%s, %s', acts, again))
FROM (VALUES ('withdraw_promise anna', 'make_promise anna, kind => ''easy''', true),
	('withdraw_promise ben -3d', 'make_promise ben, kind => ''easy'', promiser => ''anna''', true),
	('withdraw_promise ben -3d', 'make_promise anna -6d, kind => ''easy''', true),
	('withdraw_promise ben -3d', 'make_promise anna -10d, kind => ''easy''', false),
	('withdraw_promise anna', 'make_promise ben, kind => ''easy''', false),
	('withdraw_promise anna', 'make_promise anna, kind => ''hard''', false),
	('withdraw_promise anna', 'make_promise anna', false),
	('assess_promise anna, verdict => ''broken''', 'make_promise anna, kind => ''easy''', false),
	('accept_promise carl; withdraw_promise anna', 'make_promise anna, kind => ''easy''', false))
	AS v (acts, again, remade);
SELECT is(remade('make_promise bot -9d, kind => ''easy'', due => now() + ''9 days''; '
	'withdraw_promise anna', 'make_promise bot, kind => ''easy'''), NULL,
	'one that was never open is not');
SELECT is(remade('make_promise anna -9d, kind => ''easy'', due => now() - interval ''2 days''; '
	'withdraw_promise anna -5d', 'make_promise anna, kind => ''easy'''), NULL,
	'nor one that was due by then');

-- Usual times: of the kind, or of all if it has fewer than five, then at least 30 days; a year at
-- most.
CREATE FUNCTION far(promises int, usual interval, due interval, ends text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	found text;
	made  uuid;
BEGIN
	PERFORM trust_ledger.make_promise('far', 'w', kind => 'unusual', due => now() + usual,
		actor => 'anna') FROM generate_series(1, promises);
	SELECT promise INTO made FROM trust_ledger.make_promise('far', 'w', kind => 'unusual',
		due => now() + far.due, actor => 'anna');
	IF ends = 'kept' THEN
		PERFORM trust_ledger.assess_promise(made, 'kept', actor => 'carl');
	ELSIF ends = 'withdrawn' THEN
		PERFORM trust_ledger.withdraw_promise(made, actor => 'anna');
	END IF;
	SELECT string_agg(regexp_replace(detail, '\d{4}-\d\d-\d\d [0-9:.+]+', 'T'), '; ') INTO found
	FROM trust.exception WHERE what = 'due_far' AND customer = 'far';
	RAISE SQLSTATE 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN found;
END
$$;
SELECT is(far(promises, usual, due), 'not overdue before T, ' || times || ' times as long as '
	'usual', format('%s of %s, then %s', promises, usual, due))
FROM (VALUES (999, interval '1 day', interval '9 days', NULL), (999, '1 day', '11 days', 11),
	(9, '1 day', '11 days', NULL), (9, '1 day', '99 days', 63), (99, '800 days', '3640 days', NULL),
	(99, '800 days', '3660 days', 10))
	AS v (promises, usual, due, times);
SELECT is(far(0, '1 day', due), want, 'one promise of its kind, due after ' || due)
FROM (VALUES (interval '299 days', NULL), ('301 days',
	'not overdue before T, 10 times as long as usual')) AS v (due, want);
SELECT matches(far(9, '1 day', '99 days', 'kept'), '^not overdue', 'also once it was kept');
SELECT matches(far(9, '1 day', '99 days', 'withdrawn'), '^not overdue', 'or withdrawn');
SELECT trust_ledger.set_policy('unusual', kind => 'unusual', grace => '99 days') \g /dev/null
SELECT matches(far(9, '1 day', '1 day'), '^not overdue', 'with its time of grace');
SELECT trust_ledger.drop_policy('unusual') \g /dev/null

-- A verdict that the company gives on an imported promise after the import.
CREATE FUNCTION judged(verdict_at text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	FOR i IN 1 .. 2 LOOP
		PERFORM live('make_promise anna -9d, kind => ''easy''; assess_promise ben' || verdict_at
			|| ', verdict => ''kept''', 'judged');
	END LOOP;
	PERFORM without_guards('UPDATE trust.promise SET backfilled_at = backfilled_at - '
		'interval ''1 hour'' WHERE customer = ''judged''');
	SELECT string_agg(DISTINCT CASE WHEN promise IS NULL THEN substring(detail, '^import of 2')
		ELSE 'each' END, ', ') INTO found
	FROM trust.exception WHERE what = 'company_word_only' AND (customer = 'judged'
		OR detail ~ '^import of 2 ' AND since > now() - interval '8 days');
	RAISE SQLSTATE 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN found;
END
$$;
SELECT is(judged(at), found, format('an imported promise, judged%s', at))
	FROM (VALUES (' -1d', 'import of 2'), ('', 'each')) AS v (at, found);

-- Tables that somebody has altered: an answer or an error, and the session goes on.
CREATE FUNCTION altered(alter text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	PERFORM without_guards(alter);
	BEGIN
		SELECT 'read' INTO found FROM trust_ledger.promise_exceptions() LIMIT 1;
	EXCEPTION WHEN OTHERS THEN
		found := SQLSTATE;
	END;
	RAISE SQLSTATE 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN found;
END
$$;
SELECT is(altered(format('ALTER TABLE trust.promise ALTER %1$s DROP NOT NULL; '
	'UPDATE trust.promise SET %1$s = NULL', name)), found, name || ' is missing')
FROM (VALUES ('promiser_kind', 'read'), ('paused_for', 'read'), ('made_at', 'read'),
	('recorded_at', 'TL006'), ('backfilled', 'read')) AS v (name, found);
SELECT is(altered(format('DROP VIEW %s CASCADE; ALTER TABLE trust.entry ALTER actor TYPE '
	'varchar(99)', string_agg(oid::regclass::text, ', '))), 'TL006', 'a type is another')
FROM pg_class WHERE relkind = 'v' AND relnamespace = 'trust'::regnamespace;

-- More than ten a minute, each minute of sixty seconds that there is.
CREATE FUNCTION burst(seconds int[]) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	PERFORM trust_ledger.make_promise('burst', 'w', actor => 'anna')
		FROM generate_series(1, cardinality(seconds));
	PERFORM without_guards(format('UPDATE trust.promise p SET backer = ''hasty'', '
		'recorded_at = ''2026-01-01'', backed_at = ''2026-01-01''::timestamptz + '
		'interval ''1 second'' * (%L::int[])[n] '
		'FROM (SELECT promise, row_number() OVER () AS n FROM trust.promise '
		'WHERE customer = ''burst'') AS o WHERE o.promise = p.promise', seconds));
	SELECT string_agg(format('%s %s', detail, since - '2026-01-01'), '; ') INTO found
	FROM trust.exception WHERE what = 'backed_in_bursts' AND subject = 'hasty'
		AND customer = '' AND promise IS NULL;
	RAISE SQLSTATE 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN found;
END
$$;
SELECT is(burst(seconds), CASE WHEN most > 0 THEN format('backed %s promises within a minute, and '
	'%s in all with more than 10 a minute %s', most, total, since) END, seconds::text)
FROM (VALUES (array_fill(1, ARRAY[10]), NULL::int, NULL::int, NULL), (array_fill(1, ARRAY[11]),
		11, 11, '00:00:01'),
	('{1,5,10,15,20,30,35,40,45,50,60}', 11, 11, '00:00:01'),
	('{1,5,10,15,20,30,35,40,45,50,61}', NULL, NULL, NULL),
	(array_fill(1, ARRAY[9]) || '{50,51,52,300}', 12, 12, '00:00:01'),
	(array_fill(1, ARRAY[12]) || array_fill(900, ARRAY[20]), 20, 32, '00:00:01'),
	('{1,30}' || array_fill(60, ARRAY[8]) || array_fill(80, ARRAY[4]), 13, 13, '00:00:30'),
	('{1,30}' || array_fill(60, ARRAY[9]) || array_fill(80, ARRAY[4]), 14, 15, '00:00:01'))
	AS v (seconds, most, total, since);

-- Rules and settings by which promises were asked less than before: rules of before, changes,
-- whether they are taken back after a promise was made; and what is said.
CREATE FUNCTION eased(before text, change text, promise text, after text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	act text;
	id uuid;
	found text;
BEGIN
	PERFORM trust_ledger.register_actor('lena', 'human', authority => '{"EUR": 10}');
	FOREACH act IN ARRAY ARRAY[before, change, promise, after] LOOP
		CONTINUE WHEN act IS NULL OR act = '';
		IF act ~ '^make_promise' THEN
			id := live(act, 'eased');
		ELSE
			EXECUTE 'SELECT trust_ledger.' || replace(act, '; ', ', trust_ledger.');
		END IF;
	END LOOP;
	SELECT string_agg(format('%s: %s', CASE subject WHEN l.ledger::text THEN 'ledger'
		ELSE subject END, regexp_replace(regexp_replace(detail, ' by entry \d+,', ''),
		'until entry \d+ at \d.*', 'ended')), '; ' ORDER BY subject, detail) INTO found
	FROM trust.exception, trust.ledger l WHERE what = 'settings_eased'
		AND since > (SELECT max(recorded_at) FROM trust.entry WHERE subject = 'lena'
			AND customer = '' AND details -> 'authority' = '{"EUR": 10}') - interval '1 second'
		AND subject <> 'unusual';
	RAISE SQLSTATE 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN found;
END
$$;
SELECT is(eased(before, change, promise, after), found, concat_ws('; ', before, change, promise,
	after))
FROM (VALUES
	-- less evidence, a longer time to back, a higher value, fewer promises, for a while or for good
	('set_policy(''e'', kind => ''easy'', evidence => ''session'')',
		'set_policy(''e'', kind => ''easy'', evidence => ''asserted'')',
		'make_promise anna, kind => ''easy''', NULL,
		'e: promises that were asked less than before: 1, and it is still so'),
	('set_policy(''e'', kind => ''easy'', evidence => ''session'')',
		'set_policy(''e'', kind => ''easy'', evidence => ''asserted'')',
		'make_promise anna, kind => ''easy''',
		'set_policy(''e'', kind => ''easy'', evidence => ''session'')',
		'e: promises that were asked less than before: 1, ended'),
	('set_policy(''e'', kind => ''easy'', evidence => ''session'')',
		'set_policy(''e'', kind => ''easy'', evidence => ''asserted'')',
		'make_promise anna, kind => ''urgent''', NULL, NULL),
	('set_policy(''e'', kind => ''easy'', evidence => ''asserted'')',
		'set_policy(''e'', kind => ''easy'', evidence => ''session'')',
		'make_promise anna, kind => ''easy''', NULL, NULL),
	('set_policy(''e'', kind => ''easy'', evidence => ''asserted'', back_within => ''1 day'')',
		'set_policy(''e'', kind => ''easy'', evidence => ''asserted'')',
		'make_promise anna, kind => ''easy''', NULL,
		'e: promises that were asked less than before: 1, and it is still so'),
	('set_policy(''e'', currency => ''EUR'', least_value => 10, evidence => ''session'')',
		'set_policy(''e'', currency => ''EUR'', least_value => 100, evidence => ''session'')',
		'make_promise anna, kind => ''easy'', value => 50, currency => ''EUR''', NULL,
		'e: promises that were asked less than before: 1, and it is still so'),
	('set_policy(''e'', currency => ''EUR'', least_value => 10, evidence => ''session'')',
		'set_policy(''e'', currency => ''EUR'', least_value => 100, evidence => ''session'')',
		'make_promise anna, kind => ''easy'', value => 100, currency => ''EUR''', NULL, NULL),
	('set_policy(''e'', kind => ''easy'', evidence => ''session'')', 'drop_policy(''e'')',
		'make_promise anna, kind => ''urgent''', NULL, NULL),
	('set_policy(''e'', evidence => ''session'')', 'drop_policy(''e'')',
		'make_promise anna, kind => ''easy''', NULL,
		'e: promises that were asked less than before: 1, and it is still so'),
	-- as strict a rule remains: not the drop that asked for no less, but the one that did
	('set_policy(''e'', evidence => ''session''); set_policy(''f'', evidence => ''session'')',
		'drop_policy(''e'')', 'make_promise anna, kind => ''easy''', NULL, NULL),
	('set_policy(''e'', evidence => ''session''); set_policy(''f'', evidence => ''session'')',
		'drop_policy(''e''); drop_policy(''f'')', 'make_promise anna, kind => ''easy''',
		'set_policy(''e'', evidence => ''session'')',
		'f: promises that were asked less than before: 1, ended'),
	-- dropped, and another rule set, so that something has changed since
	('set_policy(''e'', evidence => ''session'')',
		'drop_policy(''e''); set_policy(''f'', kind => ''fk'', evidence => ''session'')',
		'make_promise anna, kind => ''easy''', NULL,
		'e: promises that were asked less than before: 1, and it is still so'),
	-- a kind or a currency that becomes known, and a time of grace
	('', 'set_policy(''e'', kind => ''ek'', evidence => ''asserted'')',
		'make_promise anna, kind => ''fk''', NULL, NULL),
	('set_policy(''e'', kind => ''ek'', evidence => ''session'')',
		'set_policy(''f'', kind => ''fk'', evidence => ''asserted'')',
		'make_promise anna, kind => ''fk''', NULL,
		'f: promises that were asked less than before: 1, and it is still so'),
	('set_policy(''e'', currency => ''EUR'', least_value => 10, evidence => ''session'')',
		'set_policy(''f'', currency => ''JPY'', least_value => 1e9, evidence => ''asserted'')',
		'make_promise anna, kind => ''easy'', value => 5, currency => ''JPY''',
		'drop_policy(''f'')', 'f: promises that were asked less than before: 1, ended'),
	('', 'set_policy(''e'', kind => ''easy'', grace => ''3000 days'')',
		'make_promise anna, kind => ''easy'', due => now() + ''1 day''', 'drop_policy(''e'')',
		NULL),
	('drop_policy(''easy'')', 'set_policy(''e'', kind => ''easy'', grace => ''3000 days'')',
		'make_promise anna, kind => ''easy'', due => now() + ''1 day''', 'drop_policy(''e'')',
		'e: promises that were asked less than before: 1, ended'),
	-- settings of the ledger
	('', 'set_ledger(weights => (SELECT weights || ''{"kept_by_company": [900, 0]}'' '
		'FROM trust.ledger))',
		'make_promise anna, kind => ''easy''; assess_promise ben, verdict => ''kept''',
		'set_ledger(weights => (SELECT weights || ''{"kept_by_company": [500, 0]}'' '
		'FROM trust.ledger))', 'ledger: promises that have verdicts that weigh more in the '
		'company''s favour than before: 1, ended'),
	('', 'set_ledger(weights => (SELECT weights || ''{"broken": [0, 990]}'' FROM trust.ledger))',
		'make_promise anna, kind => ''easy''; assess_promise carl, verdict => ''broken''', NULL,
		'ledger: promises that have verdicts that weigh more in the company''s favour than before: '
		'1, and it is still so'),
	('', 'set_ledger(weights => (SELECT weights || ''{"kept": [900, 0]}'' FROM trust.ledger))',
		'make_promise anna, kind => ''easy''; assess_promise carl, verdict => ''kept''', NULL,
		NULL),
	-- as it was before, and what was judged then
	('', 'set_ledger(weights => (SELECT weights || ''{"kept": [900, 0]}'' FROM trust.ledger))',
		'make_promise anna, kind => ''easy''; assess_promise carl, verdict => ''kept''',
		'set_ledger(weights => (SELECT weights || ''{"kept": [1000, 0]}'' FROM trust.ledger))',
		NULL),
	('', 'set_ledger(lag => ''7 days'')', 'make_promise anna -3d, kind => ''easy''', NULL,
		'ledger: promises that were made longer before they were recorded than was allowed before: '
		'1, and it is still so'),
	('', 'set_ledger(lag => ''7 days'')', 'make_promise anna, kind => ''easy''', NULL, NULL),
	-- what a human may back
	('', 'register_actor(''lena'', ''human'', authority => ''{"EUR": 1000}'')',
		'make_promise bot, kind => ''easy'', value => 50, currency => ''EUR''; back_promise lena',
		'register_actor(''lena'', ''human'', authority => ''{"EUR": 10}'')',
		'lena: promises that were backed beyond the former authority: 1, ended'),
	('', 'register_actor(''lena'', ''human'')',
		'make_promise bot, kind => ''easy''; back_promise lena', NULL,
		'lena: promises that were backed beyond the former authority: 1, and it is still so'),
	('', 'register_actor(''lena'', ''human'', authority => ''{"EUR": 1000}'')',
		'make_promise bot, kind => ''easy'', value => 9, currency => ''EUR''; back_promise lena',
		NULL, NULL)) AS v (before, change, promise, after, found);
SELECT matches(eased('', 'set_ledger(half_life => ''1 day'')', 'make_promise anna, '
	'kind => ''easy''; assess_promise carl, verdict => ''broken''',
	'set_ledger(half_life => ''180 days'')'), '^ledger: promises that have evidence of being '
	'broken that faded sooner than before: \d+, ended$', 'a half-life of a day for a while');

-- An actor that speaks for a customer: since when, and who answers for it.
CREATE FUNCTION spoke(registered text, promiser text, act text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	promise uuid;
	found text;
BEGIN
	IF registered ~ 'before' THEN
		PERFORM trust_ledger.register_actor('dan', CASE WHEN registered ~ 'by' THEN 'system'
			ELSE 'human' END, speaks_for => CASE WHEN registered ~ 'record' THEN 'record'
			ELSE 'customer' END, responsible => substring(registered, 'by (\w+)'));
	END IF;
	promise := live(format('make_promise %s, kind => ''easy'', promiser => %L, '
		'due => now() + ''9 days''', 'anna', promiser), 'spoke');
	IF registered !~ 'before' OR registered ~ 'and' THEN
		PERFORM trust_ledger.register_actor('dan', CASE WHEN registered ~ 'by' THEN 'system'
			ELSE 'human' END, speaks_for => CASE WHEN registered ~ 'record' THEN 'record'
			ELSE 'customer' END, responsible => coalesce(substring(registered, 'then by (\w+)'),
			substring(registered, 'by (\w+)')),
			name => CASE WHEN registered ~ 'renamed' THEN 'Dan' END,
			customer => CASE WHEN registered ~ 'moved' THEN 'spoke' END);
	END IF;
	EXECUTE format('SELECT trust_ledger.' || act, promise);
	SELECT string_agg(concat_ws(' ', x.subject, e.details ->> 'speaker'), '; ') INTO found
	FROM trust.exception x JOIN trust.entry e ON e.promise = x.promise AND e.actor = 'dan'
	WHERE x.what = 'speaker_registered' AND x.customer = 'spoke';
	RAISE SQLSTATE 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN found;
END
$$;
SELECT is(spoke(registered, promiser, act), found, format('registered %s, promised by %s: %s',
	registered, promiser, act))
FROM (VALUES
	('before', 'anna', 'assess_promise(%L, ''kept'', actor => ''dan'')', NULL),
	('after', 'anna', 'assess_promise(%L, ''kept'', actor => ''dan'')', 'dan new'),
	('after', 'anna', 'accept_promise(%L, actor => ''dan'')', 'dan new'),
	('after', 'anna', 'release_promise(%L, actor => ''dan'')', 'dan new'),
	('after', 'anna', 'add_note(%L, ''n'', actor => ''dan'')', NULL),
	('before, and renamed', 'anna', 'assess_promise(%L, ''kept'', actor => ''dan'')', NULL),
	('before, and moved', 'anna', 'assess_promise(%L, ''kept'', actor => ''dan'')', 'dan new'),
	('before as record by ben', 'anna', 'assess_promise(%L, ''kept'', actor => ''dan'')', NULL),
	('before as record by anna', 'anna', 'assess_promise(%L, ''kept'', actor => ''dan'')',
		'dan related'),
	('before as record by anna, and then by ben', 'anna',
		'assess_promise(%L, ''kept'', actor => ''dan'')', 'dan new'),
	('before by anna', 'bot', 'accept_promise(%L, actor => ''dan'')', 'dan related'),
	('before by ben', 'bot', 'accept_promise(%L, actor => ''dan'')', NULL),
	('after by ben', 'bot', 'accept_promise(%L, actor => ''dan'')', 'dan new'))
	AS v (registered, promiser, act, found);

-- ---- rows that were deleted ----

CREATE TABLE deal (id int PRIMARY KEY, customer text, words text, other text,
	due timestamptz DEFAULT now() + '9 days');
CREATE TRIGGER made AFTER INSERT ON deal FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=words', 'due=due', 'kind:easy', 'actor:bot');
CREATE TRIGGER made_other AFTER INSERT ON deal FOR EACH ROW WHEN (NEW.other IS NOT NULL)
	EXECUTE FUNCTION trust_ledger.track('made', 'customer=customer', 'words=other', 'due=due',
		'kind:easy', 'promise:in the end', 'actor:bot');
CREATE TRIGGER amended AFTER UPDATE ON deal FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('amended', 'customer=customer', 'words=words', 'due=due',
	'kind:easy', 'actor:bot');
CREATE TRIGGER deleted AFTER DELETE ON deal FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('noted', 'actor:bot');
CREATE TRIGGER deleted_other AFTER DELETE ON deal FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('noted', 'promise:in the end', 'actor:bot');
CREATE TABLE offer (id int PRIMARY KEY, customer text, words text);
CREATE TRIGGER made AFTER INSERT ON offer FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=words', 'actor:bot');
CREATE TRIGGER deleted AFTER DELETE ON offer FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('withdrawn', 'actor:bot');

-- What is done to a row with key $1 and to its promise, a transaction each, and the exception that
-- it leads to.
CREATE TABLE rows_life (nr serial, doing text[], says text);
INSERT INTO rows_life (doing, says) VALUES
	('{}', NULL),
	('{DELETE FROM deal WHERE id = $1}',
		'public.deal; its row $1 was deleted, and it has not ended'),
	('{UPDATE deal SET id = 100 + $1 WHERE id = $1}', NULL),
	('{UPDATE deal SET id = 100 + $1 WHERE id = $1,DELETE FROM deal WHERE id = 100 + $1}',
		'public.deal; its row 10$1 was deleted, and it has not ended'),
	('{UPDATE deal SET customer = ''rows b'' WHERE id = $1}', NULL),
	('{DELETE FROM deal WHERE id = $1,"SELECT trust_ledger.back_promise(promise, '
		'actor => ''ben''), trust_ledger.add_note(promise, ''It stays.'', actor => ''ben'') '
		'FROM trust.source WHERE key = ''$1''"}',
		'public.deal; its row $1 was deleted, and it has not ended'),
	('{DELETE FROM deal WHERE id = $1,"SELECT trust_ledger.accept_promise(promise, '
		'actor => ''carl''), trust_ledger.assess_promise(promise, ''kept'', actor => ''carl'') '
		'FROM trust.source WHERE key = ''$1''"}', NULL),
	('{"SELECT trust_ledger.withdraw_promise(promise, actor => ''ben'') FROM trust.source '
		'WHERE key = ''$1''",DELETE FROM deal WHERE id = $1}', NULL),
	('{DELETE FROM deal WHERE id = $1,"INSERT INTO deal VALUES ($1, ''rows'', ''Again.'')"}',
		'public.deal; its row $1 was deleted, and it has not ended');
INSERT INTO deal SELECT nr, 'rows', 'Row ' || nr FROM rows_life \g /dev/null
SELECT replace(act, '$1', nr::text) FROM rows_life, unnest(doing) WITH ORDINALITY AS a (act, n)
	ORDER BY nr, n \gexec
INSERT INTO deal VALUES (50, 'rows', 'Row 50', 'Another of 50');
DELETE FROM deal WHERE id = 50;
INSERT INTO offer VALUES (1, 'rows', 'Offer 1');
DELETE FROM offer WHERE id = 1;
CREATE FUNCTION row_deleted(of_words text) RETURNS text
LANGUAGE sql AS $$
	SELECT string_agg(concat_ws('; ', x.subject, x.detail), '|') FROM trust.exception x
		JOIN trust.promise p USING (promise)
	WHERE x.what = 'row_deleted' AND p.words = of_words AND x.customer = 'rows'
		AND x.state = p.state
		AND since = (SELECT max(recorded_at) FROM trust.entry e WHERE e.promise = x.promise
			AND e.details ? 'row')
$$;
SELECT is(row_deleted('Row ' || nr), replace(says, '$1', nr::text),
	format('%s, then %s', nr, doing)) FROM rows_life ORDER BY nr;
SELECT is(row_deleted(of), says, of)
FROM (VALUES ('Row 50', 'public.deal; its row 50 was deleted, and it has not ended'),
	('Another of 50', 'public.deal; its row 50 (in the end) was deleted, and it has not ended'),
	('Again.', NULL), ('Offer 1', NULL)) AS v (of, says);
SELECT is((SELECT count(*) FROM trust.exception WHERE what = 'row_deleted'), 6::bigint,
	'no more than these');

-- ---- rules that ask for less ----

SELECT is(trust_ledger.policy_is_weaker(old || '{"active": true}', new || CASE WHEN new ? 'active'
	THEN '{}'::jsonb ELSE '{"active": true}' END), weaker, format('%s, then %s', old, new))
FROM (VALUES
	('{"evidence": "session"}'::jsonb, '{"evidence": "session"}'::jsonb, false),
	('{"evidence": "session"}', '{"evidence": "asserted"}', true),
	('{"evidence": "session"}', '{"evidence": "passkey"}', false),
	('{"evidence": "asserted"}', '{"evidence": null, "grace": "P0D"}', true),
	('{"evidence": "asserted"}', '{"back_within": "PT1H"}', false),
	('{"back_within": "PT1H"}', '{"evidence": "asserted"}', true),
	('{"evidence": "session", "back_within": "PT1H"}', '{"back_within": "PT1H"}', true),
	('{"back_within": "P1D"}', '{"back_within": "PT24H"}', false),
	('{"back_within": "P1D"}', '{"back_within": "P1DT1S"}', true),
	('{"back_within": "P1D"}', '{"back_within": "PT1S"}', false),
	('{"due_within": "P9D"}', '{"due_within": "P10D"}', true),
	('{"due_within": "P9D"}', '{"due_within": null, "grace": "P0D"}', true),
	('{"due_within": "P9D"}', '{"due_within": "P8D"}', false),
	('{"grace": "P1D"}', '{"grace": "P2D"}', true),
	('{"grace": "P1D"}', '{"grace": "PT1H"}', false),
	('{"evidence": "asserted"}', '{"evidence": "asserted", "grace": "P2D"}', true),
	('{"least_value": 100}', '{"least_value": 100.01}', true),
	('{"least_value": 100}', '{"least_value": 99}', false), ('{"least_value": 100}', '{}', false),
	('{}', '{"least_value": 1}', true),
	('{"cumulative": true}', '{"cumulative": false}', true), ('{"cumulative": true}', '{}', true),
	('{}', '{"cumulative": true}', false), ('{}', '{"cumulative": false}', false),
	('{"kind": "k"}', '{}', false), ('{}', '{"kind": "k"}', true),
	('{"kind": "k"}', '{"kind": "l"}', true), ('{"promiser": "a"}', '{"promiser": "b"}', true),
	('{}', '{"promiser": "b"}', true),
	('{"promiser_kind": "ai"}', '{"promiser_kind": "human"}', true),
	('{"currency": "EUR"}', '{"currency": "USD"}', true),
	('{"currency": "EUR"}', '{"currency": "EUR"}', false),
	('{}', '{"active": false}', true), ('{}', NULL, true)) AS v (old, new, weaker);
SELECT is(trust_ledger.policy_is_weaker(old, '{"active": true}'),
	false, format('whatever follows %s is not weaker', old))
FROM (VALUES (NULL::jsonb), ('{"active": false, "evidence": "passkey"}')) AS v (old);

CREATE FUNCTION weakened() RETURNS text
LANGUAGE sql AS $$
	SELECT string_agg(format('%s %s', x.subject, regexp_replace(detail, ' at \d.*', '')),
		'|' ORDER BY since, subject)
	FROM trust.exception x WHERE what = 'policy_weakened'
		AND subject NOT IN ('afternoon', 'unusual')
		AND customer = '' AND promise IS NULL AND state IS NULL
		AND since = (SELECT recorded_at FROM trust.entry WHERE customer = ''
			AND seq = substring(detail, '^entry (\d+)')::bigint)
$$;
SELECT trust_ledger.set_policy('afternoon', kind => 'a', grace => '3000 days') \g /dev/null
SELECT is_empty($$SELECT FROM trust.exception WHERE what = 'policy_weakened'
	AND subject = 'afternoon'$$, 'a rule that gives grace is no exception');
SELECT trust_ledger.set_policy('afternoon', kind => 'a', grace => '3001 days') \g /dev/null
SELECT trust_ledger.drop_policy('afternoon') \g /dev/null
SELECT is((SELECT count(*) FROM trust.exception WHERE what = 'policy_weakened'
	AND subject = 'afternoon'), 1::bigint, 'one that gave it for an afternoon is');
SELECT max(seq) AS rules FROM trust.entry WHERE customer = '' \gset
SELECT trust_ledger.set_policy('w', kind => 'w', evidence => 'session') \g /dev/null
SELECT trust_ledger.set_policy('w', kind => 'w', evidence => 'asserted') \g /dev/null
SELECT is(weakened(), NULL, 'a rule that asks for less, and stays so, is no exception');
SELECT trust_ledger.set_policy('w', kind => 'w', evidence => 'session',
	grace => '1 hour') \g /dev/null
SELECT is(weakened(), NULL, 'nor one that was restored in one respect and not in another');
SELECT trust_ledger.set_policy('other', kind => 'w', evidence => 'passkey') \g /dev/null
SELECT is(weakened(),
	format('w entry %s required less than entry %s, until entry %s|w entry %s required less than '
	'entry %s, until entry %s',
	:rules + 2, :rules + 1, :rules + 4, :rules + 3, :rules + 2, :rules + 4),
		'restored by a rule of another name, each step of it');
SELECT trust_ledger.drop_policy('other') \g /dev/null
SELECT trust_ledger.set_policy('another', evidence => 'passkey') \g /dev/null
SELECT matches(weakened(), format('other entry %s required less than entry %s, until entry %s',
	:rules + 5, :rules + 4, :rules + 6), 'dropped, and restored by a wider one');

-- ---- on random ledgers ----

SELECT trust_ledger.drop_policy(policy) FROM unnest('{another,w}'::text[]) AS policy \g /dev/null
SELECT live('make_promise anna, kind => ''easy'', due => now() + ''9 days''; withdraw_promise anna',
	'again ' || i), live('make_promise anna, kind => ''easy''', 'again ' || i),
	live('make_promise anna, kind => ''easy'', due => now() + ''9 days''', 'doubted ' || i)
FROM generate_series(1, 2) AS i \g /dev/null
SELECT trust_ledger.register_actor('new', 'human', speaks_for => 'customer') \g /dev/null
-- The names and logins of humans.
SELECT trust_ledger.register_actor('person', 'human'),
	trust_ledger.register_actor('person', 'human', 'Pat'),
	trust_ledger.register_actor('person', 'human', 'Pat', authority => '{}'),
	trust_ledger.register_actor('person', 'human', 'Chris'),
	trust_ledger.register_actor('person', 'human', 'Chris', db_role => 'auditor'),
	trust_ledger.register_actor('person', 'human', 'Kim'),
	trust_ledger.retire_actor('person'),
	trust_ledger.register_actor('person', 'human', 'Kim', returns => true),
	trust_ledger.register_actor('thing', 'system', 'One', responsible => 'person'),
	trust_ledger.register_actor('thing', 'system', 'Two', responsible => 'person') \g /dev/null
SELECT is((SELECT string_agg(regexp_replace(detail, '^entry \d+ ', ''), '; ' ORDER BY since)
	FROM trust.exception WHERE what = 'actor_changed' AND subject = 'person'),
	'changed the name of a human; changed the login of a human; changed the name and the login of '
	'a human; ended the retirement of a human', 'what changed of a human');
SELECT trust_ledger.assess_promise(promise, 'kept', actor => 'new') FROM trust.promise
	WHERE customer ~ '^doubted' \g /dev/null
SELECT setseed(0.314159) \g /dev/null
SELECT random_ledger(n, 1 + n % 12) FROM generate_series(1, 180) AS n \g /dev/null
CALL random_acts(8);
DO $$
BEGIN
	FOR i IN 1..60 LOOP
		IF random() < 0.15 AND EXISTS (SELECT FROM trust.policy WHERE policy = 'r' AND active) THEN
			PERFORM trust_ledger.drop_policy('r');
		ELSE
			PERFORM trust_ledger.set_policy(any_of('r', 'r', 's'), kind => any_of('w', 'w', NULL),
				evidence => any_of('asserted', 'session', 'session', NULL),
				back_within => any_of('1 hour', '1 day', NULL)::interval, grace => any_of('0',
					'1 hour')::interval, least_value => least, cumulative => least IS NOT NULL
					AND random() < 0.5)
			FROM (SELECT any_of('10', '20', NULL)::numeric AS least OFFSET 0) l;
		END IF;
	END LOOP;
END
$$;

-- Replays the entries of a promise, and returns the exceptions that it has in the end.
CREATE FUNCTION reference_matters(of_customer text, of_promise uuid,
	OUT what text, OUT since timestamptz, OUT subject text)
RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	e trust.entry;
	t trust.entry;				-- the terms that stand
	made trust.entry;
	at timestamptz;
	backed trust.entry;			-- the act by which somebody stands behind it
	unbacked_at timestamptz; unbacked_by text; former text;
	asked text; back_by timestamptz;
	opened_at timestamptz; accepted_at timestamptz; backfilled_at timestamptz;
	declined_at timestamptz; waiting timestamptz; admitted_at timestamptz;
	due timestamptz; overdue_at timestamptz; first_due timestamptz; moves int := 0;
	moved_at timestamptz;
	paused_at timestamptz; paused_until timestamptz; paused_for interval := '0';
	eased_at timestamptz; reversed_at timestamptz; said_by text; doubted text;
	seen boolean; verdict trust.entry; ended trust.entry; claims trust.entry[] := '{}';
	terms_now boolean;
	undecided boolean; drafter text;
	of_row trust.entry;			-- that said last which row it is
BEGIN
	FOR e IN SELECT * FROM trust.entry x WHERE x.customer = of_customer AND x.promise = of_promise
		ORDER BY seq LOOP
		at := CASE WHEN e.backfilled THEN e.occurred_at ELSE e.recorded_at END;
		terms_now := e.event = 'made' OR e.event = 'amended' AND e.stands;
		IF e.backfilled THEN
			backfilled_at := coalesce(backfilled_at, e.recorded_at);
		END IF;
		IF e.event = 'amended' AND e.stands AND e.speaks_for <> 'customer'
			AND extract(epoch FROM at - made.occurred_at - paused_for) >
				extract(epoch FROM first_due - made.occurred_at) / 2
			AND (coalesce(e.due, 'infinity') > due
				OR coalesce(e.overdue_at, 'infinity') > overdue_at
				OR coalesce(e.value, -1) < t.value OR t.value IS NOT NULL AND t.currency IS NOT NULL
					AND e.currency IS DISTINCT FROM t.currency
				OR coalesce(e.longest_pause, '0') > coalesce(t.longest_pause, '0')
				OR e.kind IS DISTINCT FROM t.kind) THEN
			eased_at := at;
		ELSIF e.event IN ('amended', 'accepted') AND e.stands IS NOT FALSE
			AND e.speaks_for = 'customer' THEN
			eased_at := NULL;
		END IF;
		IF e.stands IS NOT FALSE AND e.speaks_for <> 'company' AND e.details ? 'speaker' THEN
			doubted := coalesce(doubted, e.actor);
		END IF;
		IF e.stands AND e.event IN ('assessed', 'withdrawn', 'breach_admitted')
			AND e.verdict IS NOT NULL THEN
			IF verdict.verdict <> e.verdict AND said_by <> e.actor THEN
				reversed_at := at;
			END IF;
			said_by := e.actor;
		END IF;
		IF e.event = 'made' THEN
			made := e;
		ELSIF terms_now AND due IS NOT NULL AND e.due IS DISTINCT FROM due THEN
			moves := moves + 1;
			moved_at := at;
		END IF;
		IF terms_now THEN
			t := e; due := e.due; overdue_at := e.overdue_at;
			first_due := coalesce(first_due, e.due); seen := false; declined_at := NULL;
		END IF;
		IF terms_now OR e.event IN ('backed', 'backing_withdrawn') THEN
			IF e.backer IS NOT NULL THEN
				unbacked_at := NULL; unbacked_by := NULL; former := NULL;
			ELSIF backed.backer IS NOT NULL THEN
				unbacked_at := at; unbacked_by := e.event; former := backed.backer;
			END IF;
			backed := e; asked := e.evidence_asked; back_by := e.back_by;
		END IF;
		IF (terms_now OR e.event IN ('backed', 'backing_withdrawn', 'declined'))
			AND e.actor_kind = 'human' AND e.speaks_for = 'company' THEN
			seen := true;
		END IF;
		IF e.event = 'declined' THEN
			declined_at := at;
		END IF;
		IF e.event IN ('accepted', 'amended') AND e.accepted AND coalesce(e.stands, true) THEN
			accepted_at := coalesce(accepted_at, at);
		END IF;
		IF e.event IN ('paused', 'resumed') THEN
			paused_for := paused_for + (e.due - due);
			paused_at := CASE WHEN e.event = 'paused' THEN at END;
			paused_until := CASE WHEN e.event = 'paused' THEN at + (e.due - due) END;
			due := e.due; overdue_at := e.overdue_at;
		END IF;
		IF e.event = 'breach_admitted' THEN
			admitted_at := at;
		END IF;
		IF e.stands AND e.event IN ('assessed', 'withdrawn', 'breach_admitted', 'breach_repaired')
			AND e.verdict IS NOT NULL THEN
			verdict := e;
		END IF;
		IF ended IS NULL AND (e.verdict IS NOT NULL AND e.stands OR e.event = 'withdrawn'
			OR e.event = 'released' AND coalesce(e.stands, true)) THEN
			ended := e;
		END IF;
		IF e.event IN ('accepted', 'amended', 'assessed', 'released', 'breach_repaired') THEN
			IF e.relayed OR e.event = 'breach_repaired' AND NOT e.stands THEN
				claims := claims || e;
			ELSIF e.speaks_for <> 'company' AND e.stands IS NOT FALSE THEN
				claims := '{}';
			END IF;
		END IF;
		IF e.state = 'open' THEN
			opened_at := coalesce(opened_at, at);
		END IF;
		IF e.state NOT IN ('proposed', 'open') THEN
			paused_at := NULL; paused_until := NULL;
		END IF;
		waiting := CASE WHEN asked IS NULL OR backed.backer IS NOT NULL OR e.state NOT IN
			('proposed', 'open') OR e.state = 'proposed' AND declined_at IS NOT NULL THEN NULL
			WHEN e.event = 'amended' AND e.stands THEN at ELSE coalesce(waiting, at) END;
		IF e.details ? 'source' AND (of_row.details->>'source', of_row.details->>'key',
			of_row.details->>'name', of_row.details ? 'row')
				IS DISTINCT FROM (e.details->>'source', e.details->>'key', e.details->>'name',
					e.details ? 'row') THEN
			of_row := e;
		END IF;
		IF e.event = 'erased' THEN
			what := 'erased'; since := e.recorded_at; subject := coalesce(e.actor, e.login);
			RETURN NEXT;
		END IF;
	END LOOP;
	SELECT * INTO e FROM trust.entry x WHERE x.customer = of_customer AND x.promise = of_promise
		ORDER BY seq DESC LIMIT 1;
	undecided := e.state IN ('proposed', 'open');
	drafter := coalesce(t.drafted_by, t.promiser);
	RETURN QUERY SELECT 'unconfirmed', c.recorded_at, c.actor FROM unnest(claims) AS c;
	RETURN QUERY SELECT w, s, u FROM (VALUES
		('unbacked', coalesce(waiting, opened_at, made.recorded_at), NULL, asked IS NOT NULL
			AND backed.backer IS NULL AND e.state <> 'withdrawn' AND NOT (e.state = 'proposed'
			AND declined_at IS NOT NULL)),
		('backing_overdue', back_by, NULL, waiting IS NOT NULL AND back_by < now()),
		('overdue', overdue_at, NULL, undecided AND opened_at IS NOT NULL AND overdue_at < now()),
		('backer_retired', (SELECT max(g.recorded_at) FROM trust.entry g WHERE g.customer = ''
			AND g.event = 'actor_retired' AND g.subject = backed.backer), backed.backer,
			undecided AND EXISTS (SELECT FROM trust.entry g WHERE g.customer = ''
				AND g.event = 'actor_retired' AND g.subject = backed.backer)),
		('backing_withdrawn', unbacked_at, former, undecided AND backed.backer IS NULL
			AND unbacked_by = 'backing_withdrawn'),
		('relied_on_unbacked', accepted_at, NULL, accepted_at IS NOT NULL AND backed.backer IS NULL
			AND unbacked_at IS NULL),
		('machine_words_unseen', made.recorded_at, drafter, NOT seen AND e.state <> 'withdrawn'
			AND (SELECT g.details->>'kind' FROM trust.entry g WHERE g.customer = ''
				AND g.event = 'actor_registered' AND g.subject = drafter LIMIT 1) <> 'human'),
		('backfilled', backfilled_at, NULL, backfilled_at IS NOT NULL),
		('due_moved', moved_at, NULL, moves > 0),
		('withdrawn_late', ended.occurred_at, NULL, ended.event = 'withdrawn'
			AND verdict.verdict IS NOT NULL),
		('released_late', CASE WHEN ended.backfilled THEN ended.occurred_at ELSE ended.recorded_at
			END, NULL, ended.event = 'released' AND due < CASE WHEN ended.backfilled
			THEN ended.occurred_at ELSE ended.recorded_at END),
		('long_pause', CASE WHEN paused_until < now() THEN paused_until ELSE coalesce(paused_at,
			made.recorded_at) END, NULL,
			paused_until < now() OR extract(epoch FROM paused_for) > extract(epoch FROM first_due -
				made.occurred_at) / 2),
		('company_word_only', ended.occurred_at, NULL, verdict.whose_word = 'company'
			AND (made.backfilled AND ended.occurred_at <= backfilled_at) IS NOT TRUE),
		('imported word', backfilled_at, NULL, verdict.whose_word = 'company' AND made.backfilled
			AND ended.occurred_at <= backfilled_at),
		('opened_late', opened_at, NULL, opened_at > first_due),
		('eased', eased_at, NULL, eased_at IS NOT NULL),
		('verdict_reversed', reversed_at, said_by, reversed_at IS NOT NULL),
		('speaker_registered', coalesce(CASE WHEN ended.event = 'released' AND NOT ended.backfilled
			THEN ended.recorded_at ELSE ended.occurred_at END, accepted_at), doubted,
			doubted IS NOT NULL),
		('withdrawn_near_due', ended.occurred_at, NULL, e.state = 'withdrawn'
			AND opened_at IS NOT NULL
			AND extract(epoch FROM ended.occurred_at - made.occurred_at - paused_for)
				> extract(epoch FROM first_due - made.occurred_at) / 2),
		('backing_void', unbacked_at, former, undecided AND backed.backer IS NULL
			AND unbacked_by = 'amended'),
		('admitted_and_kept', admitted_at, NULL, admitted_at IS NOT NULL
			AND verdict.verdict = 'kept'),
		('row_deleted', of_row.recorded_at, of_row.details->>'source', undecided
			AND of_row.details->>'row' = 'deleted'),
		('no_due', made.occurred_at, NULL, undecided AND due IS NULL)) AS v (w, s, u, applies)
	WHERE applies;
END
$$;

-- ---- code that runs when something is written ----

CREATE TABLE outbox (at timestamptz);
CREATE FUNCTION post() RETURNS trigger
LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.outbox VALUES (now()); RETURN NULL; END $$;
SELECT is_empty($$SELECT FROM trust.exception WHERE what = 'foreign_code'$$,
	'the ledger''s own triggers are no foreign code');
-- A foreign key to a table of the ledger's has triggers there, which are PostgreSQL's own.
CREATE TABLE remark (customer text, promise uuid, FOREIGN KEY (customer, promise) REFERENCES
	trust.promise (customer, promise));
SELECT is_empty($$SELECT FROM trust.exception WHERE what = 'foreign_code'$$,
	'nor are those of foreign keys');
CREATE TRIGGER post AFTER INSERT ON trust.entry FOR EACH STATEMENT EXECUTE FUNCTION post();
CREATE CONSTRAINT TRIGGER "Post late" AFTER UPDATE ON trust.chain FOR EACH ROW
	EXECUTE FUNCTION post();
CREATE TRIGGER idle AFTER UPDATE OR DELETE ON trust.parked_change FOR EACH ROW WHEN (false)
	EXECUTE FUNCTION post();
ALTER TABLE trust.parked_change DISABLE TRIGGER idle;
SELECT set_eq($$SELECT subject, detail, since, customer, promise FROM trust.exception
	WHERE what = 'foreign_code'$$, $$VALUES
	('trust.entry', 'trigger post calls function public.post after a write',
		NULL::timestamptz, '', NULL::uuid),
	('trust.chain', 'constraint trigger "Post late" calls function public.post after a write',
		NULL, '', NULL),
	('trust.parked_change',
		'trigger idle calls function public.post after a write, and is disabled',
		NULL, '', NULL)$$,
	'others are');
UPDATE pg_trigger SET tgisinternal = true WHERE tgname = 'idle';
SELECT is((SELECT count(*) FROM trust.exception WHERE what = 'foreign_code'), 3::bigint,
	'also those that are said to be internal');
UPDATE pg_trigger SET tgisinternal = false WHERE tgname = 'idle';
BEGIN;
SELECT format('CREATE TRIGGER each AFTER INSERT ON %s FOR EACH STATEMENT EXECUTE FUNCTION post()',
	oid::regclass) FROM pg_class
WHERE relnamespace = 'trust'::regnamespace AND relkind IN ('r', 'p') \gexec
SELECT count(*) AS tables FROM pg_class WHERE relnamespace = 'trust'::regnamespace AND relkind IN
	('r', 'p') \gset
SELECT count(*) AS shown FROM trust.exception WHERE what = 'foreign_code' AND detail LIKE
	'trigger each %' \gset
ROLLBACK;
SELECT is(:shown, :tables, 'those on each of its tables');
CREATE TABLE child () INHERITS (trust.promise);
CREATE TRIGGER post AFTER DELETE ON child FOR EACH ROW EXECUTE FUNCTION post();
SELECT is((SELECT detail FROM trust.exception WHERE what = 'foreign_code'
	AND subject = 'public.child'), 'trigger post calls function public.post after a write',
	'also a trigger of a child table');
DROP TABLE child;

CREATE TABLE reference_exception AS
SELECT m.what, m.since, l.customer, l.promise, m.subject, l.promiser, l.kind, l.state
FROM (SELECT customer, promise, (array_agg(state ORDER BY seq DESC))[1] AS state,
		(array_agg(promiser ORDER BY seq DESC) FILTER (WHERE event = 'made' OR event = 'amended'
			AND stands))[1] AS promiser,
		(array_agg(kind ORDER BY seq DESC) FILTER (WHERE event = 'made' OR event = 'amended'
			AND stands))[1] AS kind
	FROM trust.entry WHERE promise IS NOT NULL GROUP BY customer, promise) l,
		reference_matters(l.customer, l.promise) m;
-- What is imported: islands of what was recorded within ten minutes.
CREATE TABLE island AS
SELECT what, since, promise, count(*) FILTER (WHERE starts) OVER (PARTITION BY what ORDER BY since)
	AS n
FROM (SELECT *, coalesce(since - lag(since) OVER (PARTITION BY what ORDER BY since)
		> interval '10 minutes', true) AS starts
	FROM reference_exception WHERE what IN ('backfilled', 'imported word')) x;
DELETE FROM reference_exception r USING (SELECT what, n FROM island GROUP BY what, n
	HAVING count(*) > 1) m JOIN island i USING (what, n) WHERE (r.what, r.promise) = (i.what,
	i.promise);
INSERT INTO reference_exception
SELECT what, min(since), '' FROM island GROUP BY what, n HAVING count(*) > 1;
UPDATE reference_exception x SET since = p.settled_at FROM trust.promise p
	WHERE x.what = 'imported word' AND p.promise = x.promise;
UPDATE reference_exception SET what = 'company_word_only' WHERE what = 'imported word';
INSERT INTO reference_exception
SELECT 'backed_in_bursts', min(first), '', NULL, backer
FROM (SELECT backer, count(*) OVER w AS n, first_value(backed_at) OVER w AS first
	FROM trust.promise WHERE backer IS NOT NULL AND backed_at >= recorded_at
	WINDOW w AS (PARTITION BY backer ORDER BY backed_at RANGE BETWEEN interval '59.999999 seconds'
		PRECEDING AND CURRENT ROW)) b
WHERE n > 10 GROUP BY backer;
INSERT INTO reference_exception
SELECT 'due_far', coalesce(p.due_moved_at, p.made_at), p.customer, p.promise, NULL, p.promiser,
	p.kind, p.state
FROM (SELECT *, extract(epoch FROM overdue_at - made_at)::float8 AS time FROM trust.promise) p
	JOIN LATERAL (SELECT exp(avg(ln(u.time))) AS usual, count(*) AS n FROM (SELECT kind,
		extract(epoch FROM first_due - made_at)::float8 AS time FROM trust.promise) u
		WHERE u.time > 0 AND u.kind IS NOT DISTINCT FROM p.kind) k ON true
	JOIN LATERAL (SELECT exp(avg(ln(u.time))) AS usual FROM (SELECT
		extract(epoch FROM first_due - made_at)::float8 AS time FROM trust.promise) u
		WHERE u.time > 0) a ON true
WHERE p.time > 10 * least(CASE WHEN k.n < 5 THEN greatest(a.usual, 30 * 86400) ELSE k.usual END,
		365 * 86400);
INSERT INTO reference_exception
SELECT 'remade', w.settled_at, w.customer, w.promise, NULL, w.promiser, w.kind, w.state
FROM trust.promise w JOIN trust.promise n ON n.customer = w.customer AND n.promiser = w.promiser
	AND n.kind IS NOT DISTINCT FROM w.kind AND n.promise <> w.promise
	AND n.made_at BETWEEN w.made_at AND w.due
WHERE w.state = 'withdrawn' AND w.opened_at IS NOT NULL
GROUP BY w.customer, w.promise, w.promiser, w.kind, w.state, w.settled_at;
INSERT INTO reference_exception
SELECT 'actor_changed', n.recorded_at, '', NULL, n.subject
FROM trust.entry n JOIN trust.entry o ON o.customer = '' AND o.seq = (SELECT max(seq)
	FROM trust.entry b WHERE b.customer = '' AND b.subject = n.subject AND b.event ~ '^actor_'
		AND b.seq < n.seq)
WHERE n.customer = '' AND n.event = 'actor_registered' AND n.details ->> 'kind' = 'human'
	AND (o.event = 'actor_retired' OR o.name <> coalesce(n.name, '')
		OR o.details ->> 'db_role' IS DISTINCT FROM n.details ->> 'db_role');
INSERT INTO reference_exception
SELECT 'erased', recorded_at, '', NULL, coalesce(actor, login) FROM trust.entry WHERE customer = ''
	AND event = 'erased';
-- Rules: each change against each later one, in typed columns.
CREATE TYPE rule AS (promiser text, promiser_kind text, kind text, currency text,
	least_value numeric, evidence text, back_within interval, grace interval, due_within interval,
	cumulative boolean, active boolean);
CREATE FUNCTION strength(r rule) RETURNS int
LANGUAGE sql AS $$ SELECT CASE r.evidence WHEN 'passkey' THEN 3 WHEN 'session' THEN 2
	WHEN 'asserted' THEN 1 ELSE (r.back_within IS NOT NULL)::int END $$;
CREATE FUNCTION reference_weaker(old rule, new rule) RETURNS boolean
LANGUAGE sql AS $$
	SELECT NOT (new.active AND strength(new) >= strength(old)
		AND coalesce(new.back_within, '99999 days') <= coalesce(old.back_within, '99999 days')
		AND coalesce(new.due_within, '99999 days') <= coalesce(old.due_within, '99999 days')
			AND coalesce(new.grace, '0') <= coalesce(old.grace, '0')
		AND coalesce(new.least_value, 0) <= coalesce(old.least_value, 0)
			AND coalesce(new.cumulative, false) >= coalesce(old.cumulative, false)
		AND coalesce(new.promiser = old.promiser, new.promiser IS NULL)
			AND coalesce(new.promiser_kind = old.promiser_kind, new.promiser_kind IS NULL)
		AND coalesce(new.kind = old.kind, new.kind IS NULL)
			AND coalesce(new.currency = old.currency, new.currency IS NULL))
$$;
CREATE TABLE change AS
SELECT seq, subject, event, recorded_at, jsonb_populate_record(NULL::rule, details) AS rule
	FROM trust.entry WHERE customer = '' AND event IN ('policy_set', 'policy_dropped');
INSERT INTO reference_exception
SELECT 'policy_weakened', w.recorded_at, '', NULL, w.subject
FROM change w JOIN change old ON old.seq = (SELECT max(seq) FROM change c
	WHERE c.subject = w.subject AND c.seq < w.seq)
WHERE (old.rule).active AND reference_weaker(old.rule, w.rule)
	AND EXISTS (SELECT FROM change r WHERE r.seq > w.seq AND r.event = 'policy_set'
		AND NOT reference_weaker(old.rule, r.rule));
INSERT INTO reference_exception
SELECT 'policy_weakened', g.recorded_at, '', NULL, g.subject FROM change g
WHERE (g.rule).active AND (g.rule).grace > '0'
	AND NOT coalesce((SELECT (c.rule).active FROM change c WHERE c.subject = g.subject
		AND c.seq < g.seq ORDER BY c.seq DESC LIMIT 1), false)
	AND EXISTS (SELECT FROM change c WHERE c.subject = g.subject AND c.seq > g.seq
		AND (NOT (c.rule).active OR coalesce((c.rule).grace, '0') < (g.rule).grace));

-- What rules ask of a promise. A change is responsible if the rules before it asked for more in
-- some respect than those when the promise was recorded, and the rules after it did not.
CREATE FUNCTION reference_asks(rules rule[], p trust.promise, OUT evidence int, OUT back_within
	interval, OUT due_within interval, OUT grace interval)
LANGUAGE sql AS $$
	WITH matched AS (
		SELECT r.*, least(k.met, c.met, CASE WHEN r.least_value IS NULL THEN 2
			WHEN p.value IS NULL OR c.met = 1 THEN 1 WHEN p.value >= r.least_value THEN 2
			ELSE 0 END) AS met
		FROM unnest(rules) r,
			LATERAL (SELECT CASE WHEN r.kind IS NULL THEN 2 WHEN p.kind IS NULL OR NOT EXISTS
				(SELECT FROM unnest(rules) o WHERE o.kind = p.kind) THEN 1
				WHEN r.kind = p.kind THEN 2 ELSE 0 END) AS k (met),
			LATERAL (SELECT CASE WHEN r.currency IS NULL THEN 2
				WHEN p.currency IS NULL OR NOT EXISTS
				(SELECT FROM unnest(rules) o WHERE o.currency = p.currency) THEN 1
				WHEN r.currency = p.currency THEN 2 ELSE 0 END) AS c (met)
		WHERE EXISTS (SELECT FROM (VALUES (p.promiser, p.promiser_kind), (p.drafted_by,
				(SELECT a.kind FROM trust.actor a WHERE a.actor = p.drafted_by))) AS w (who, what)
			WHERE who IS NOT NULL AND coalesce(r.promiser, who) = who
				AND coalesce(r.promiser_kind, what) = what))
	SELECT greatest(max(CASE m.evidence WHEN 'passkey' THEN 3 WHEN 'session' THEN 2
			WHEN 'asserted' THEN 1 END),
			CASE WHEN min(m.back_within) IS NOT NULL THEN 1 ELSE 0 END),
		coalesce(min(m.back_within), '9999 days'), coalesce(min(m.due_within), '9999 days'),
		CASE WHEN bool_or(m.met = 2 AND m.grace IS NOT NULL) THEN min(m.grace) ELSE '0' END
	FROM matched m WHERE m.met > 0
$$;
CREATE FUNCTION reference_rules(until bigint) RETURNS rule[]
LANGUAGE sql AS $$
	SELECT coalesce(array_agg(rule) FILTER (WHERE (rule).active), '{}')
	FROM (SELECT DISTINCT ON (subject) * FROM change WHERE seq <= until
		ORDER BY subject, seq DESC) AS n
$$;
CREATE FUNCTION asks_less(now record, before record) RETURNS boolean[]
LANGUAGE plpgsql AS $$
BEGIN
	RETURN ARRAY[now.evidence < before.evidence, now.back_within > before.back_within,
		now.due_within > before.due_within, now.grace > before.grace];
END
$$;
INSERT INTO reference_exception
SELECT 'settings_eased', w.recorded_at, '', NULL, w.subject
FROM change w JOIN trust.promise p ON p.recorded_at >= w.recorded_at,
	reference_asks(reference_rules((SELECT max(seq) FROM change c
		WHERE c.recorded_at <= p.recorded_at)), p) AS now,
	reference_asks(reference_rules(w.seq - 1), p) AS before,
	reference_asks(reference_rules(w.seq), p) AS after
WHERE w.recorded_at >= (SELECT recorded_at FROM trust.promise ORDER BY promise LIMIT 1)
	AND EXISTS (SELECT FROM unnest(asks_less(now, before), asks_less(now, after)) AS l (b, a)
		WHERE b AND NOT a)
GROUP BY w.seq, w.recorded_at, w.subject;
INSERT INTO reference_exception
SELECT 'foreign_code', NULL, '', NULL, 'trust.' || tab
	FROM unnest('{entry,chain,parked_change}'::text[]) AS tab;

SELECT is((SELECT count(*)::int || coalesce(': ' || min(x::text), '') FROM (SELECT what, since,
	customer, promise, subject, promiser, kind, state FROM trust.exception EXCEPT ALL SELECT *
	FROM reference_exception WHERE what <> 'backing_void') x), '0',
	'trust.exception has no row too many');
SELECT is((SELECT count(*)::int || coalesce(': ' || min(x::text), '')
	FROM (SELECT * FROM reference_exception WHERE what <> 'backing_void' EXCEPT ALL SELECT what,
	since, customer, promise, subject, promiser, kind, state FROM trust.exception) x), '0',
	'nor one too few');
SELECT cmp_ok(count(x.what)::int, '>=', CASE WHEN m[1] IN ('backfilled', 'backed_in_bursts') THEN 1
	ELSE 2 END, m[1] || ' happens')
FROM regexp_matches(col_description('trust.exception'::regclass, 1), '(\w+): ', 'g') AS m LEFT
	JOIN trust.exception x ON x.what = m[1]
WHERE m[1] <> 'clock_set_back' GROUP BY m[1] ORDER BY m[1];	-- for which the clock has to be moved
SELECT is((SELECT count(*) FROM trust.exception WHERE detail IS NULL OR detail = ''), 0::bigint,
	'each says more');

SELECT set_eq('SELECT customer, promise, state, words, promiser, promiser_kind, backer, kind, '
	'value, currency, due, overdue_at, accepted_at FROM trust.overdue',
	'SELECT p.customer, p.promise, p.state, p.words, p.promiser, p.promiser_kind, p.backer, '
		'p.kind, p.value, p.currency, p.due, p.overdue_at, p.accepted_at
	 FROM reference_exception x JOIN trust.promise p USING (promise) WHERE x.what = ''overdue''',
	 	'trust.overdue: which');
SELECT ok(bool_and(days_over <= before), 'the longest first') FROM (SELECT days_over,
	lag(days_over, 1, 'infinity') OVER (ROWS UNBOUNDED PRECEDING) AS before FROM trust.overdue) o;
SELECT ok(bool_and(abs(days_over - extract(epoch FROM now() - overdue_at)::float8 / 86400) < 1e-9
	AND days_over > 0), 'for how many days') FROM trust.overdue;
SELECT set_eq('SELECT promise, why, since, former_backer FROM trust.orphaned',
	'SELECT promise, CASE what WHEN ''backer_retired'' THEN ''retired'' WHEN ''backing_void'' '
		'THEN ''amended'' ELSE ''withdrawn'' END, since, subject
	 FROM reference_exception WHERE what '
	 	'IN (''backer_retired'', ''backing_withdrawn'', ''backing_void'')',
	 	'trust.orphaned: which, why, since when, who');
SELECT set_eq('SELECT customer, promise, state, words, promiser, kind, value, currency, due, '
	'accepted_at, overdue FROM trust.orphaned',
	'SELECT customer, promise, state, words, promiser, kind, value, currency, due, accepted_at, '
		'overdue FROM trust.current_promise WHERE promise IN (SELECT promise FROM trust.orphaned)',
		'what they are');
SELECT cmp_ok(count(o.why)::int, '>=', 2, 'some are ' || w)
	FROM unnest('{amended,retired,withdrawn}'::text[]) AS w LEFT JOIN trust.orphaned o ON o.why = w
	GROUP BY w ORDER BY w;

-- ---- who reads what ----

SELECT trust_ledger.drop_policy(policy) FROM trust.policy_rule WHERE policy IN ('r',
	's') \g /dev/null
-- A mark wherever a person can write.
SELECT trust_ledger.register_actor('mark', 'human', name => 'Marked-7f',
	reason => 'Marked-7f') \g /dev/null
SELECT trust_ledger.register_actor('marked bot', 'ai', name => 'Marked-7f', responsible => 'mark',
	model => 'm-1', reason => 'Marked-7f', context => '{"a": "Marked-7f"}') \g /dev/null
SELECT trust_ledger.set_policy('marked', kind => 'marked', evidence => 'asserted',
	reason => 'Marked-7f') \g /dev/null
SELECT trust_ledger.drop_policy('marked', reason => 'Marked-7f') \g /dev/null
SELECT trust_ledger.set_policy('marked', kind => 'marked', evidence => 'asserted',
	back_within => '0', reason => 'Marked-7f', context => '{"a": "Marked-7f"}') \g /dev/null
CREATE TABLE marked AS
SELECT (trust_ledger.make_promise('m', 'Marked-7f ' || promiser, promiser => promiser, kind => kind,
	purpose => 'Marked-7f', due => due, actor => promiser, occurred_at => now() - interval '9 days',
	context => '{"Marked-7f": "Marked-7f"}')).promise
FROM unnest('{mark,marked bot}'::text[]) AS promiser, (VALUES ('marked', now() - interval '1 day'),
	('easy', NULL), ('easy', now() - interval '1 day')) AS v (kind, due);
DO $$
BEGIN
	PERFORM trust_ledger.accept_promise(promise, actor => 'carl', context => '{"a": "Marked-7f"}')
		FROM marked;
	PERFORM trust_ledger.add_note(promise, 'Marked-7f', actor => 'mark') FROM marked;
	PERFORM trust_ledger.back_promise(promise, actor => 'mark', context => '{"a": "Marked-7f"}')
		FROM marked;
	PERFORM trust_ledger.withdraw_backing(promise, 'Marked-7f', actor => 'mark') FROM marked;
	PERFORM trust_ledger.assess_promise(promise, 'kept', relayed => true, reason => 'Marked-7f',
		actor => 'dora') FROM (SELECT promise FROM marked LIMIT 1) m;
END
$$;

-- Every row of every view as text, read by that role: how many show the mark.
CREATE FUNCTION shows_mark(as_role text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	view name;
	n    bigint;
	shown text;
BEGIN
	FOR view IN SELECT relname FROM pg_class WHERE relnamespace = 'trust'::regnamespace
		AND relkind IN ('v', 'm') ORDER BY relname COLLATE "C" LOOP
		PERFORM set_config('role', as_role, true);
		EXECUTE format('SELECT nullif(count(*), 0) FROM trust.%I v WHERE v::text '
			'LIKE ''%%Marked-7f%%''', view) INTO n;
		PERFORM set_config('role', 'none', true);
		shown := nullif(concat_ws(', ', shown, view || ' ' || n), '');
	END LOOP;
	RETURN shown;
END
$$;
SELECT is(shows_mark('analyst'), NULL, 'an analyst sees nothing that a person wrote, in no view');
SELECT is(shows_mark('auditor'), 'awaiting_backing 3, current_promise 6, orphaned 5, overdue 3',
	'an auditor sees words where words are');
SET ROLE analyst;
SELECT ok(bool_and(words IS NULL) AND count(*) > 9,
	'an analyst has rows, but no words, in trust.overdue') FROM trust.overdue;
SELECT ok(bool_and(words IS NULL) AND count(*) > 9, 'nor in trust.orphaned') FROM trust.orphaned;
RESET ROLE;

-- Whether the error of a query that a role runs shows the mark.
\ir ../../helpers/calls.sql
CREATE FUNCTION leaked(query text, as_role text) RETURNS text
LANGUAGE sql AS $$
	SELECT CASE WHEN concat(e.message, e.detail, e.hint) LIKE '%Marked-7f%' THEN 'the mark'
		WHEN e.code = 'ok' THEN 'nothing' WHEN e.code = 'TL004' THEN e.code ELSE 'an error' END
	FROM error_of(query, as_role) AS e
$$;
CREATE FUNCTION leak(seen text) RETURNS boolean
LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
	IF seen LIKE '%Marked-7f%' THEN
		RAISE EXCEPTION 'saw %', seen;
	END IF;
	RETURN true;
END
$$;
SELECT is(leaked(format(query, view), role), want, format('%s: %s', role, format(query, view)))
FROM unnest('{exception,overdue,orphaned}'::text[]) AS view, (VALUES
	('analyst', 'SELECT count(*) FROM trust.%I v WHERE leak(v::text)', 'nothing'),
	('analyst', 'SELECT max(customer::int + length(v::text)) FROM trust.%I v', 'an error'),
	('nobody', 'SELECT * FROM trust.%I', 'TL004'),
	('nobody', 'SELECT count(*) FROM trust.%I WHERE customer = ''no such''', 'TL004'),
	('nobody', 'SELECT count(*) FROM trust.%I v WHERE leak(v::text)', 'TL004')) AS v (role,
		query, want);
SELECT is(leaked(format('SELECT count(*) FROM trust.%I WHERE leak(words)', view), role),
	want, format('%s, a leaking condition on the words of %s', role, view))
FROM unnest('{overdue,orphaned}'::text[]) AS view, (VALUES ('analyst', 'nothing'),
	('auditor', 'the mark')) AS v (role, want);
SELECT is(leaked(format('SELECT count(*) FROM trust.%I WHERE words::int = 1', view), role),
	want, format('%s, a cast of the words of %s', role, view))
FROM unnest('{overdue,orphaned}'::text[]) AS view, (VALUES ('analyst', 'nothing')) AS v
	(role, want);

-- ---- shape ----

SELECT is((SELECT count(*) FROM pg_attribute WHERE attrelid = view::regclass AND attnum > 0
	AND col_description(attrelid, attnum) !~ '^\S.*[^ ].$'), 0::bigint,
	view || ': a comment on each column')
FROM unnest('{trust.exception,trust.overdue,trust.orphaned}'::text[]) AS view;
SELECT is((SELECT array_agg(DISTINCT what ORDER BY what) FROM trust.exception),
	(SELECT array_agg(m[1] ORDER BY m[1])
		FROM regexp_matches(col_description('trust.exception'::regclass, 1), '(\w+): ', 'g') AS m
		WHERE m[1] <> 'clock_set_back'), 'the comment tells all sorts, and no other');

SELECT * FROM finish();
