-- Rows of a table that the company might have, for tests that compare a tracked table with calls of
-- the functions.
-- To be included by a pgTAP file, with the ledger made. crm.deal lives a random life by plain SQL;
-- mapping() tracks it; played() is what its triggers are for, row by row, in PL/pgSQL and by the
-- functions that users call.

DO $$
BEGIN
	PERFORM trust_ledger.register_actor('anna', 'human'), trust_ledger.register_actor('ben',
		'human', authority => '{"EUR": 2000}');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'anna'),
		trust_ledger.register_actor('bot', 'ai', responsible => 'ben', model => 'm-1');
	PERFORM trust_ledger.register_actor('erp', 'system', responsible => 'ben',
		speaks_for => 'record'), trust_ledger.register_actor('shop', 'system', responsible => 'ben',
		speaks_for => 'customer');
	PERFORM trust_ledger.set_policy('large', currency => 'EUR', least_value => 5000,
		evidence => 'asserted');
	PERFORM trust_ledger.set_policy('calls', kind => 'callback', due_within => '20 days',
		grace => '3 hours');
	PERFORM trust_ledger.set_policy('ai', promiser_kind => 'ai', evidence => 'asserted',
		back_within => '5 days');
END
$$;

CREATE SCHEMA crm;
CREATE TABLE crm.deal (
	id int PRIMARY KEY, lost text, customer text, title text, status text NOT NULL, kind text,
		owner text, backer text, amount numeric, currency text, due timestamptz, call_on date,
	purpose text, longest interval, wait boolean, answer text, why text, met boolean,
		made_at timestamptz, done_at timestamptz);
ALTER TABLE crm.deal DROP COLUMN lost;

CREATE FUNCTION mapping(write text DEFAULT ':commit', on_error text DEFAULT ':fail') RETURNS jsonb
LANGUAGE sql AS $$
	SELECT jsonb_build_object('write', write, 'on_error', on_error) || $m${
		"customer": "=customer", "actor": ":crm", "occurred_at": "=made_at",
		"accepted_when": "answer IN ('yes', 'signed')", "accepted": {"actor": ":shop",
			"occurred_at": "=done_at"},
		"withdrawn_when": "status = 'void'", "withdrawn": {"reason": "=why",
			"occurred_at": "=done_at"},
		"promises": {
			"delivery": {
				"words": "=title", "promiser": "=owner", "kind": "=kind", "due": "=due",
					"value": "=amount", "currency": "=currency", "purpose": "=purpose",
					"longest_pause": "=longest",
				"made_when": "status <> 'draft'", "backed_when": "backer IS NOT NULL",
					"backer": "=backer", "backing_withdrawn_when": "backer IS NULL",
				"paused_when": "wait", "paused": {"reason": "=why", "occurred_at": "=done_at"},
					"resumed": {"occurred_at": "=done_at"},
					"breach_admitted_when": "status = 'late'",
					"breach_admitted": {"occurred_at": "=done_at"},
				"kept_when": "status = 'kept'", "kept": {"actor": ":erp", "purpose_met": "=met",
					"occurred_at": "=done_at"},
				"partly_kept_when": "status = 'partly'", "partly_kept": {"occurred_at": "=done_at"},
					"broken_when": "status IN ('broken', 'repaired')", "broken": {"reason": "=why",
					"occurred_at": "=done_at"},
				"breach_repaired_when": "status = 'repaired'",
					"breach_repaired": {"reason": ":Made good.", "occurred_at": "=done_at"},
				"released_when": "answer = 'no'", "released": {"relayed": ":true", "reason": "=why",
					"occurred_at": "=done_at"},
				"events": [{"event": "noted",
					"when": "NEW.why IS DISTINCT FROM OLD.why AND NEW.why IS NOT NULL",
					"reason": "=why"}]},
			"call": {
				"words": ":We call back.", "kind": ":callback", "due": "=call_on",
					"context": ":{\"by\": \"phone\"}",
					"made_when": "call_on IS NOT NULL AND status <> 'draft'",
				"accepted_when": "answer = 'signed'", "accepted": {"actor": ":crm",
					"relayed": ":true", "occurred_at": "=done_at"},
				"kept_when": "met", "kept": {"occurred_at": "=done_at"}}}}$m$::jsonb
$$;

-- ---- life

\ir any_of.sql

CREATE FUNCTION random_row(id int) RETURNS crm.deal
LANGUAGE sql AS $$
	SELECT jsonb_populate_record(NULL::crm.deal, jsonb_strip_nulls(jsonb_build_object('id', id,
		'customer', any_of('a', 'b', 'c', 'é'), 'title', any_of('We come.', 'We come soon.',
		'Ça va, 5 %'),
		'status', any_of('draft', 'sent', 'sent', 'sent'), 'kind', any_of('repair', NULL),
			'owner', any_of('anna', 'ben', 'bot', NULL, NULL), 'amount', any_of('10', '10.0',
			'4999.99', '5000', NULL),
		'due', date_trunc('hour', now()) + any_of('1 day', '30 days', NULL)::interval, 'call_on',
			current_date + any_of('1', '15', '30', NULL, NULL)::int,
		'purpose', any_of('a roof', NULL, NULL), 'longest', any_of('3 days', '1 day 02:00', NULL)))
			|| CASE WHEN random() < 0.6 THEN '{"currency": "EUR"}' ELSE '{}'::jsonb END)
$$;

-- One column of a row, as an assignment.
CREATE FUNCTION random_assignment() RETURNS text
LANGUAGE sql AS $$
	SELECT CASE WHEN random() < 0.5 THEN 'status = ' || quote_literal(any_of('draft', 'sent',
		'sent', 'sent', 'kept', 'partly', 'broken', 'repaired', 'late', 'void'))
		ELSE any_of('wait = true', 'wait = true', 'wait = false', 'wait = NULL', 'answer = ''yes''',
			'answer = ''signed''', 'answer = ''no''', 'answer = NULL', 'met = true', 'met = false',
			'why = ''so''', 'why = NULL',
			'backer = ''anna''', 'backer = ''anna''', 'backer = ''ben''', 'backer = NULL',
				'backer = NULL', 'backer = NULL', 'backer = NULL', 'backer = NULL',
				'title = ''We come.''', 'title = ''We come soon.''', 'title = NULL',
				'customer = ''a''', 'customer = ''é''', 'customer = NULL', 'owner = ''ben''',
			'kind = NULL', 'kind = ''repair''', 'amount = 10', 'amount = 10.0', 'amount = 5000',
				'amount = 6000', 'amount = NULL', 'currency = ''EUR''', 'currency = NULL',
				'purpose = ''a roof''', 'purpose = NULL',
			'longest = ''5 days''', 'longest = NULL', 'due = due + ''1 day''', 'due = NULL',
				'due = date_trunc(''hour'', now()) + ''2 days''', 'call_on = current_date + 3',
				'call_on = NULL', 'id = id + 1000000') END
$$;

-- One change of a row that is not old, or a fresh row, as a statement.
CREATE FUNCTION random_change(fresh int) RETURNS text
LANGUAGE sql AS $$
	SELECT CASE WHEN luck < 0.15 OR id IS NULL
		THEN format('INSERT INTO crm.deal SELECT r.* FROM jsonb_populate_record(NULL::crm.deal, '
		'%L) r',
				to_jsonb(random_row(fresh)) || CASE WHEN random() < 0.2
					THEN '{"wait": true, "backer": "anna", "answer": "yes"}' ELSE '{}'::jsonb END)
		WHEN luck < 0.18 THEN format('DELETE FROM crm.deal WHERE id = %s', id)
		ELSE format('UPDATE crm.deal SET %s WHERE id = %s', (
			SELECT string_agg(assignment, ', ') FROM (
				SELECT DISTINCT ON (split_part(a, ' ', 1)) a AS assignment FROM generate_series(1,
					CASE WHEN luck < 0.7 THEN 1 ELSE 2 END), random_assignment() AS a) AS x),
					id) END
	FROM random() AS luck LEFT JOIN (SELECT id FROM (SELECT id FROM crm.deal ORDER BY id % 1000000
		DESC LIMIT 25) AS latest ORDER BY random() LIMIT 1) AS d ON true
$$;

-- ---- what the triggers are for, by hand

-- Which promise a row stands for. In the ledger its customer is called m ...: the triggers'
-- promises are another's.
CREATE TABLE stands_for (id int, name text, customer text, promise uuid, PRIMARY KEY (id, name));

CREATE FUNCTION ended(of_promise uuid) RETURNS boolean
LANGUAGE sql AS $$ SELECT state NOT IN ('proposed', 'open') FROM trust.promise
	WHERE promise = of_promise $$;

CREATE FUNCTION makes(d crm.deal, name text) RETURNS boolean
LANGUAGE sql AS $$ SELECT d.status <> 'draft' AND (name = 'delivery' OR d.call_on IS NOT NULL) $$;

CREATE FUNCTION play_made(d crm.deal, of_name text, by_amendment boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	r  trust_ledger.receipt;
	at timestamptz := CASE WHEN NOT by_amendment THEN d.made_at END;
BEGIN
	IF d.customer IS NULL THEN
		RAISE SQLSTATE '22004';
	ELSIF of_name = 'delivery' THEN
		r := trust_ledger.make_promise('m ' || d.customer, d.title, d.owner, d.kind, due => d.due,
			value => d.amount, currency => d.currency, purpose => d.purpose,
			longest_pause => d.longest,
			actor => 'crm', occurred_at => at);
	ELSE
		r := trust_ledger.make_promise('m ' || d.customer, 'We call back.', kind => 'callback',
			due_on => d.call_on, actor => 'crm', occurred_at => at,
			context => CASE WHEN NOT by_amendment THEN '{"by": "phone"}'::jsonb END);
	END IF;
	DELETE FROM stands_for s WHERE s.id = d.id AND s.name = of_name;
	INSERT INTO stands_for VALUES (d.id, of_name, d.customer, r.promise);
END
$$;

-- Each term as it was and is in the row, and as the ledger has it.
CREATE FUNCTION play_amended(s stands_for, o crm.deal, n crm.deal, compares boolean) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	p       trust.promise := (SELECT p FROM trust.promise p WHERE p.promise = s.promise);
	-- a row as a whole says when it was due before pauses put it off, and nothing where policy said
	-- it
	due     timestamptz := p.due - CASE WHEN compares THEN p.paused_for ELSE '0' END;
	changed text[];
	cleared text[];
BEGIN
	SELECT coalesce(array_agg(term), '{}'), array_agg(term) FILTER (WHERE said IS NULL
		AND term <> 'words')
	INTO changed, cleared
	FROM (VALUES
		('delivery', 'words', o.title, n.title, p.words),
		('delivery', 'kind', o.kind, n.kind, p.kind),
		('delivery', 'due', o.due::text, n.due::text, due::text),
		('delivery', 'value', trim_scale(o.amount)::text, trim_scale(n.amount)::text,
			trim_scale(p.value)::text),
		('delivery', 'currency', o.currency, n.currency, p.currency),
		('delivery', 'purpose', o.purpose, n.purpose, p.purpose),
		('delivery', 'longest_pause', o.longest::text, n.longest::text, p.longest_pause::text),
		('call', 'due', o.call_on::text, ((n.call_on + 1)::timestamp AT TIME ZONE 'Europe/Berlin' -
			interval '1 us')::text, due::text)) AS t (name, term, was, said, has)
	WHERE name = s.name AND CASE WHEN compares THEN said IS NOT NULL OR term <> 'due'
		WHEN name = 'call' THEN n.call_on IS DISTINCT FROM o.call_on ELSE said IS DISTINCT
		FROM was END AND said IS DISTINCT FROM has;
	IF changed = '{}' THEN
		PERFORM trust_ledger.add_note(s.promise, 'The primary key of the row changed.',
			actor => 'crm') WHERE n.id <> o.id;
		RETURN;
	ELSIF 'words' = ANY (changed) AND n.title IS NULL THEN
		RAISE SQLSTATE '22004';
	END IF;
	PERFORM trust_ledger.amend_promise(s.promise, words => CASE WHEN 'words' = ANY (changed)
		THEN n.title END, kind => CASE WHEN 'kind' = ANY (changed) THEN n.kind END,
		due => CASE WHEN 'due' = ANY (changed) AND s.name = 'delivery' THEN n.due END,
			due_on => CASE WHEN 'due' = ANY (changed) AND s.name = 'call' THEN n.call_on END,
		value => CASE WHEN 'value' = ANY (changed) THEN n.amount END, currency => CASE
			WHEN 'currency' = ANY (changed) THEN n.currency END, purpose => CASE
			WHEN 'purpose' = ANY (changed) THEN n.purpose END,
		longest_pause => CASE WHEN 'longest_pause' = ANY (changed) THEN n.longest END,
			clear => cleared, actor => 'crm',
		context => CASE WHEN compares AND s.name = 'call' THEN '{"by": "phone"}'::jsonb END);
END
$$;

CREATE FUNCTION play_moved(s stands_for, d crm.deal, by_amendment boolean) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.withdraw_promise(s.promise, 'Its row belongs to another customer now.',
		actor => 'crm');
	PERFORM play_made(d, s.name, by_amendment);
END
$$;

CREATE FUNCTION play_terms(o crm.deal, n crm.deal, of_name text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	s    stands_for := (SELECT s FROM stands_for s WHERE s.id = n.id AND s.name = of_name);
	same CONSTANT boolean := CASE of_name WHEN 'call' THEN n.call_on IS NOT DISTINCT FROM o.call_on
		ELSE ROW(n.title, n.kind, n.due, trim_scale(n.amount), n.currency, n.purpose, n.longest)
			IS NOT DISTINCT FROM ROW(o.title, o.kind, o.due, trim_scale(o.amount), o.currency,
			o.purpose, o.longest) END;
	note text;
BEGIN
	IF makes(n, of_name) IS NOT TRUE THEN
		PERFORM trust_ledger.add_note(s.promise, 'The primary key of the row changed.',
			actor => 'crm') WHERE n.id <> o.id AND s.promise IS NOT NULL;
	ELSIF makes(o, of_name) IS NOT TRUE THEN
		IF s.promise IS NULL THEN
			PERFORM play_made(n, of_name);
		ELSIF ended(s.promise) THEN
			PERFORM trust_ledger.add_note(s.promise, 'Its row makes another promise now.',
				actor => 'crm');
			PERFORM play_made(n, of_name);
		ELSIF n.customer <> s.customer THEN
			PERFORM play_moved(s, n, false);
		ELSE
			PERFORM play_amended(s, o, n, true);
		END IF;
	ELSIF s.promise IS NOT NULL THEN
		IF n.customer IS DISTINCT FROM o.customer AND NOT ended(s.promise) THEN
			PERFORM play_moved(s, n, true);
		ELSIF (NOT same OR n.id <> o.id) AND NOT ended(s.promise) THEN
			PERFORM play_amended(s, o, n, false);
		ELSE
			note := CASE WHEN n.customer IS DISTINCT FROM o.customer
				THEN 'Its row moved to another customer after the promise was settled.'
				WHEN NOT same THEN 'The terms in its row changed after the promise was settled.'
				WHEN n.id <> o.id THEN 'The primary key of the row changed.' END;
			PERFORM trust_ledger.add_note(s.promise, note, actor => 'crm') WHERE note IS NOT NULL;
		END IF;
	END IF;
END
$$;

-- One event of a row that says it now, and did not; who: whom act_as() named.
CREATE FUNCTION play_event(d crm.deal, of_name text, event text, fresh boolean, who text)
	RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	p uuid;
BEGIN
	IF event IN ('backed', 'backing_withdrawn') AND (who IS NULL OR event = 'backed'
		AND d.backer <> who AND NOT fresh) THEN
		RAISE SQLSTATE 'TL003';
	ELSIF event = 'backed' AND d.backer <> who THEN
		RETURN;
	END IF;
	p := (SELECT s.promise FROM stands_for s WHERE s.id = d.id AND s.name = of_name);
	IF p IS NULL OR (SELECT CASE event WHEN 'accepted' THEN accepted_at IS NOT NULL WHEN 'paused'
		THEN paused_at IS NOT NULL WHEN 'resumed' THEN paused_at IS NULL END
			FROM trust.promise WHERE promise = p) THEN
		RETURN;					-- there is none, or it is so
	END IF;
	PERFORM CASE event
		WHEN 'accepted' THEN trust_ledger.accept_promise(p, relayed => of_name = 'call',
			actor => CASE of_name WHEN 'call' THEN 'crm' ELSE 'shop' END, occurred_at => d.done_at)
		WHEN 'backed' THEN trust_ledger.back_promise(p, actor => who)
		WHEN 'backing_withdrawn' THEN trust_ledger.withdraw_backing(p, actor => who)
		WHEN 'paused' THEN trust_ledger.pause_promise(p, d.why, actor => 'crm',
			occurred_at => d.done_at)
		WHEN 'resumed' THEN trust_ledger.resume_promise(p, actor => 'crm', occurred_at => d.done_at)
		WHEN 'breach_admitted' THEN trust_ledger.admit_breach(p, actor => 'crm',
			occurred_at => d.done_at)
		WHEN 'kept' THEN trust_ledger.assess_promise(p, 'kept', purpose_met => CASE
			WHEN of_name = 'delivery' THEN d.met END, actor => CASE of_name WHEN 'call' THEN 'crm'
			ELSE 'erp' END, occurred_at => d.done_at)
		WHEN 'partly_kept' THEN trust_ledger.assess_promise(p, 'partly_kept', actor => 'crm',
			occurred_at => d.done_at)
		WHEN 'broken' THEN trust_ledger.assess_promise(p, 'broken', reason => d.why, actor => 'crm',
			occurred_at => d.done_at)
		WHEN 'breach_repaired' THEN trust_ledger.repair_breach(p, 'Made good.', actor => 'crm',
			occurred_at => d.done_at)
		WHEN 'withdrawn' THEN trust_ledger.withdraw_promise(p, d.why, actor => 'crm',
			occurred_at => d.done_at)
		WHEN 'released' THEN trust_ledger.release_promise(p, d.why, relayed => true, actor => 'crm',
			occurred_at => d.done_at)
		WHEN 'noted' THEN trust_ledger.add_note(p, d.why, actor => 'crm') END;
END
$$;

-- What a row says as it stands, in the order of its triggers; resumed and backing_withdrawn is what
-- it says no more.
-- Resumed is what comes before terms are amended.
CREATE FUNCTION says(d crm.deal, of_name text) RETURNS text[]
LANGUAGE sql AS $$
	SELECT array_remove(CASE of_name WHEN 'call' THEN ARRAY[CASE WHEN d.answer = 'signed'
		THEN 'accepted' END, CASE WHEN d.met THEN 'kept' END, CASE WHEN d.status = 'void'
		THEN 'withdrawn' END]
		ELSE ARRAY[CASE WHEN d.answer IN ('yes', 'signed') THEN 'accepted' END, CASE
			WHEN d.backer IS NOT NULL THEN 'backed' ELSE 'backing_withdrawn' END, CASE WHEN d.wait
			THEN 'paused' ELSE 'resumed' END,
			CASE d.status WHEN 'late' THEN 'breach_admitted' WHEN 'kept' THEN 'kept' WHEN 'partly'
				THEN 'partly_kept' WHEN 'broken' THEN 'broken' WHEN 'repaired' THEN 'broken' END,
			CASE d.status WHEN 'repaired' THEN 'breach_repaired' WHEN 'void' THEN 'withdrawn' END,
				CASE WHEN d.answer = 'no' THEN 'released' END] END, NULL)
$$;

CREATE FUNCTION played(o crm.deal, n crm.deal, who text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
	of_name text;
	event   text;
	resumes boolean;
BEGIN
	FOREACH of_name IN ARRAY '{call,delivery}'::text[] LOOP
		IF n.id IS NULL THEN
			PERFORM trust_ledger.add_note(s.promise, 'Its row was deleted.', actor => 'crm')
				FROM stands_for s WHERE s.id = o.id AND s.name = of_name;
			DELETE FROM stands_for s WHERE s.id = o.id AND s.name = of_name;
			CONTINUE;
		END IF;
		UPDATE stands_for s SET id = n.id WHERE s.id = o.id AND s.name = of_name;
		resumes := o.id IS NOT NULL AND 'resumed' = ANY (says(n, of_name)) AND 'resumed' <> ALL
			(says(o, of_name));
		IF resumes AND NOT (makes(n, of_name) AND NOT makes(o, of_name)) THEN
			PERFORM play_event(n, of_name, 'resumed', false, who);
		END IF;
		PERFORM play_terms(o, n, of_name);
		IF resumes THEN
			PERFORM play_event(n, of_name, 'resumed', false, who);
		END IF;
		FOREACH event IN ARRAY array_remove(says(n, of_name), 'resumed') LOOP
			IF (CASE WHEN o.id IS NULL THEN makes(n, of_name) AND event <> 'backing_withdrawn'
				ELSE event <> ALL (says(o, of_name)) OR event = 'backed' AND n.backer <> o.backer
				END) THEN
				PERFORM play_event(n, of_name, event, o.id IS NULL, who);
			END IF;
		END LOOP;
		IF of_name = 'delivery' AND o.id IS NOT NULL AND n.why <> coalesce(o.why, '') THEN
			PERFORM play_event(n, of_name, 'noted', false, who);
		END IF;
	END LOOP;
END
$$;

-- ---- the one and the other

-- An entry or a promise, but for ids, times and hashes. Times that are no full hour or end of day
-- were not given.
CREATE FUNCTION bare(r jsonb) RETURNS jsonb
LANGUAGE sql AS $$
	SELECT jsonb_object_agg(key, CASE WHEN key = 'paused_for' THEN to_jsonb(date_trunc('hour',
		(value #>> '{}')::interval)) WHEN key ~ '(due|_at|_by|_since|_until)$' AND value #>> '{}' !~
		':(00:00|59:59.999999)[+-]' OR key ~ '(_salt|_commitment|request)$'
		THEN to_jsonb(value <> 'null') ELSE value END)
	FROM jsonb_each(r) WHERE key !~ 'hash$' AND key <> ALL ('{customer,promise,details}')
$$;

-- A promise stands beside the entry by which it was made.
CREATE VIEW by_triggers AS
SELECT e.customer, e.seq, bare(to_jsonb(e)) AS entry, (SELECT bare(to_jsonb(p)) FROM trust.promise p
	WHERE (p.customer, p.promise) = (e.customer, e.promise) AND e.event = 'made') AS promise
FROM trust.entry e WHERE e.customer !~ '^(m |$)';
CREATE VIEW by_hand AS
SELECT substr(e.customer, 3) AS customer, e.seq, bare(to_jsonb(e)) AS entry,
	(SELECT bare(to_jsonb(p)) FROM trust.promise p WHERE (p.customer, p.promise) = (e.customer,
	e.promise) AND e.event = 'made') AS promise
FROM trust.entry e WHERE e.customer ~ '^m ';

-- Where they are not the same: the columns, in the one and in the other.
CREATE VIEW differing AS
SELECT customer, seq, part, field, x -> field AS by_triggers, y -> field AS by_hand
FROM by_triggers t FULL JOIN by_hand h USING (customer, seq)
CROSS JOIN LATERAL (VALUES ('entry', t.entry, h.entry), ('promise', t.promise, h.promise)) AS v
	(part, x, y)
CROSS JOIN LATERAL (SELECT jsonb_object_keys(coalesce(x, y))) AS k (field)
WHERE x -> field IS DISTINCT FROM y -> field;

-- ---- life by statements and by hand

-- What is done in one transaction, by statements and by hand: ok, or the SQLSTATE, of each.
CREATE TABLE change (nr int GENERATED ALWAYS AS IDENTITY, statements text[], who text,
	by_triggers text, by_hand text);

-- Writes what waits for the end of the transaction.
CREATE TABLE crm.flush (id int PRIMARY KEY);
CREATE TRIGGER flush AFTER INSERT ON crm.flush FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('noted', 'actor:crm', 'write:now');

-- What rows are before each statement and after it. Nothing of it stays.
CREATE FUNCTION rows_of(statements text[], OUT before crm.deal[], OUT after crm.deal[])
LANGUAGE plpgsql AS $$
DECLARE
	statement text;
	d         crm.deal;
BEGIN
	PERFORM set_config('session_replication_role', 'replica', true);
	FOREACH statement IN ARRAY statements LOOP
		before := array_append(before, (SELECT r FROM crm.deal r WHERE r.id = substring(statement
			FROM ' id = (\d+)$')::int));
		EXECUTE statement || ' RETURNING *' INTO d;
		after := array_append(after, CASE WHEN statement !~ '^DELETE' THEN d END);
	END LOOP;
	RAISE SQLSTATE 'UNDO0';
EXCEPTION WHEN SQLSTATE 'UNDO0' THEN
	NULL;
END
$$;

CREATE FUNCTION lived(statements text[], who text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	statement text;
BEGIN
	PERFORM trust_ledger.act_as(who) WHERE who IS NOT NULL;
	FOREACH statement IN ARRAY statements LOOP
		EXECUTE statement;
	END LOOP;
	INSERT INTO crm.flush SELECT count(*) FROM crm.flush;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;

CREATE FUNCTION lived_by_hand(before crm.deal[], after crm.deal[], who text) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..cardinality(before) LOOP
		PERFORM played(before[i], after[i], who) WHERE num_nonnulls(before[i].id, after[i].id) > 0;
	END LOOP;
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;

CREATE PROCEDURE live(transactions int, changes int DEFAULT 1)
LANGUAGE plpgsql AS $$
DECLARE
	c     change;
	state record;
BEGIN
	FOR i IN 1..transactions LOOP
		c.statements := array(SELECT random_change((SELECT count(*) FROM change)::int * 10 + n)
			FROM generate_series(1, changes) AS n);
		c.who := any_of('anna', 'anna', 'ben', NULL);
		SELECT * INTO state FROM rows_of(c.statements);
		INSERT INTO change (statements, who, by_triggers, by_hand)
		SELECT c.statements, c.who, lived(c.statements, c.who),
			lived_by_hand(state.before, state.after, c.who);
		COMMIT;
	END LOOP;
END
$$;
