-- Random ledgers, for tests that compare what the extension says with something slow and obvious.
-- To be included by a pgTAP file, with the ledger made: CALL random_actors(teams), then
-- random_ledger(n, team) for each n, and record_as_drawn() once. Each n has customers and kinds of
-- its own, "n customer 1", "n repair", a team of those registered, "team anna", and some four to
-- twelve promises over two years. Acts are entered in the order in which the ledger learns of them,
-- which is not always that in which they happened. Some happen at the same instant, some at the
-- very begin of a month; some promises are due within a microsecond or two of it.

-- When the ledger learned of an entry: written over recorded_at at the end.
CREATE TABLE drawn (customer text, seq bigint, recorded_at timestamptz,
	PRIMARY KEY (customer, seq));

\ir any_of.sql

CREATE FUNCTION random_due(at timestamptz) RETURNS timestamptz
LANGUAGE sql AS $$
	SELECT CASE WHEN luck < 0.1 THEN NULL
		WHEN luck < 0.35 THEN date_trunc('month', at + interval '40 days' * (1 + random()), 'UTC') -
			interval '1 us' * floor(random() * 3)
		ELSE at + interval '1 hour' + interval '90 days' * random() END
	FROM random() AS luck
$$;

-- An AI needs a human, and gets a day of grace; a system's promises are due within twenty days.
DO $$
BEGIN
	PERFORM trust_ledger.set_policy('ai', promiser_kind => 'ai', evidence => 'asserted',
		grace => '1 day');
	PERFORM trust_ledger.set_policy('system', promiser_kind => 'system', due_within => '20 days');
	PERFORM trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
	PERFORM trust_ledger.register_actor('dora', 'human');
	PERFORM trust_ledger.register_actor('desk', 'system', responsible => 'dora',
		speaks_for => 'record');
END
$$;

-- A transaction each: thousands of governance entries in one take quadratic time.
CREATE PROCEDURE random_actors(teams int)
LANGUAGE plpgsql AS $$
BEGIN
	FOR n IN 1..teams LOOP
		PERFORM trust_ledger.register_actor(n || ' anna', 'human'),
			trust_ledger.register_actor(n || ' ben', 'human'),
			trust_ledger.register_actor(n || ' bot', 'ai', responsible => n || ' anna',
				model => 'm-1'),
			trust_ledger.register_actor(n || ' tool', 'system', responsible => n || ' ben');
		COMMIT;
	END LOOP;
END
$$;

CREATE FUNCTION make_at_random(n int, team int, customer text, at timestamptz) RETURNS
	trust_ledger.receipt
LANGUAGE sql AS $$
	SELECT trust_ledger.make_promise(customer, 'We come.', promiser => team || promiser,
		actor => team || any_of(promiser, promiser, ' anna'),
		kind => n || any_of(' repair', ' call', NULL), due => random_due(at), occurred_at => at,
		longest_pause => CASE WHEN random() < 0.6 THEN interval '30 days' * random() END)
	FROM any_of(' anna', ' ben', ' bot', ' bot', ' tool') AS promiser
$$;

-- What is done less often: the clock stopped, breaches admitted and repaired, words relayed and
-- confirmed.
CREATE FUNCTION act_rarely(n int, team int, p trust.promise, at timestamptz) RETURNS
	trust_ledger.receipt
LANGUAGE plpgsql AS $$
DECLARE
	human  text := team || any_of(' anna', ' ben');
	anyone text := any_of(human, human, 'carl', 'desk');
	r      trust_ledger.receipt;
BEGIN
	IF p.paused_at IS NOT NULL THEN
		r := trust_ledger.resume_promise(p.promise, customer => p.customer, actor => anyone,
			occurred_at => at);
	ELSIF p.unconfirmed IS NOT NULL AND random() < 0.6 THEN
		r := trust_ledger.confirm_relayed(p.promise, customer => p.customer, actor => any_of('carl',
			'desk'), occurred_at => at);
	ELSIF p.state = 'broken' AND random() < 0.8 THEN
		r := trust_ledger.repair_breach(p.promise, 'We did it after all.', p.customer,
			actor => anyone, occurred_at => at);
	ELSIF p.state = 'proposed' AND random() < 0.3 THEN
		r := trust_ledger.decline_promise(p.promise, customer => p.customer, actor => human,
			occurred_at => at);
	ELSE
		CASE floor(random() * 10)::int
		WHEN 0, 1, 2, 3 THEN
			r := trust_ledger.pause_promise(p.promise, customer => p.customer,
				actor => any_of(human, 'desk'), occurred_at => at);
		WHEN 4, 5 THEN
			r := trust_ledger.admit_breach(p.promise, customer => p.customer, actor => human,
				occurred_at => at);
		WHEN 6 THEN
			r := trust_ledger.accept_promise(p.promise, relayed => true, customer => p.customer,
				actor => human, occurred_at => at);
		WHEN 7 THEN
			r := trust_ledger.release_promise(p.promise, relayed => true, customer => p.customer,
				actor => human, occurred_at => at);
		WHEN 8 THEN
			r := trust_ledger.amend_promise(p.promise, words => 'We come ' || md5(random()::text),
				due => random_due(at), relayed => true,
				customer => p.customer, actor => human, occurred_at => at);
		ELSE
			r := trust_ledger.add_note(p.promise, 'Seen.', p.customer, actor => anyone,
				occurred_at => at);
		END CASE;
	END IF;
	RETURN r;
END
$$;

-- Whatever may be done to the promise; what turns out not to be allowed is left.
CREATE FUNCTION act_at_random(n int, team int, p trust.promise, at timestamptz) RETURNS
	trust_ledger.receipt
LANGUAGE plpgsql AS $$
DECLARE
	luck  float8 := random();
	human text := team || any_of(' anna', ' ben');
	due   timestamptz := random_due(at);
	r     trust_ledger.receipt;
BEGIN
	IF random() < 0.25 OR p.paused_at IS NOT NULL AND random() < 0.3 THEN
		r := act_rarely(n, team, p, at);
	ELSIF p.state = 'proposed' AND luck < 0.4 OR p.state = 'open' AND luck < 0.15 THEN
		r := trust_ledger.back_promise(p.promise, p.customer, actor => human, occurred_at => at);
	ELSIF p.state = 'open' AND p.backer IS NOT NULL AND luck < 0.3 THEN
		r := trust_ledger.withdraw_backing(p.promise, customer => p.customer, actor => p.backer,
			occurred_at => at);
	ELSIF p.state IN ('proposed', 'open') AND p.accepted_at IS NULL AND luck < 0.45 THEN
		r := trust_ledger.accept_promise(p.promise, customer => p.customer, actor => 'carl',
			occurred_at => at);
	ELSIF p.state IN ('proposed', 'open') AND luck < 0.6 THEN
		r := trust_ledger.amend_promise(p.promise, kind => n || any_of(' repair', ' call', ' visit',
			NULL), due => due,
			clear => CASE WHEN random() < 0.2 THEN '{kind}'::text[] WHEN due IS NULL THEN '{due}'
				END, customer => p.customer,
			actor => CASE WHEN p.accepted_at IS NOT NULL OR p.due < at THEN 'carl' ELSE human END,
				occurred_at => at);
	ELSIF p.state IN ('proposed', 'open') AND luck < 0.66 THEN
		r := trust_ledger.withdraw_promise(p.promise, customer => p.customer, actor => human,
			occurred_at => at);
	ELSIF p.state = 'open' AND luck < 0.7 THEN
		r := trust_ledger.release_promise(p.promise, customer => p.customer, actor => 'carl',
			occurred_at => at);
	ELSE
		r := trust_ledger.assess_promise(p.promise, any_of('kept', 'kept', 'partly_kept', 'broken'),
			customer => p.customer,
			relayed => luck > 0.95, actor => CASE WHEN luck > 0.95 THEN human
				ELSE any_of(team || ' anna', team || ' tool', 'desk', 'carl') END,
				occurred_at => at);
	END IF;
	RETURN r;
EXCEPTION WHEN SQLSTATE 'TL001' OR SQLSTATE 'TL003' OR SQLSTATE '22023' OR SQLSTATE '22008' THEN
	RETURN NULL;
END
$$;

CREATE FUNCTION random_customer(n int, team int, customer text, promises int) RETURNS void
LANGUAGE plpgsql AS $$
#variable_conflict use_variable
DECLARE
	acts  int := promises * (3 + floor(random() * 5)::int);
	clock timestamptz := now() - interval '760 days' + interval '200 days' * random();
	at    timestamptz;
	mine  uuid[] := '{}';
	one   uuid;
	p     trust.promise;
	r     trust_ledger.receipt;
	luck  float8;
BEGIN
	FOR i IN 1..acts LOOP
		luck := random();
		clock := CASE WHEN luck < 0.05 THEN clock WHEN luck < 0.1 THEN date_trunc('month',
			clock + interval '1 month', 'UTC')
			ELSE clock + interval '1400 days' / acts * random() END;
		EXIT WHEN clock > now() - interval '3 days';
		luck := random();
		IF cardinality(mine) < promises AND (mine = '{}' OR random() < 0.45) THEN
			r := make_at_random(n, team, customer, clock - CASE WHEN luck < 0.2 THEN interval
				'90 days' * random() ELSE '0' END);
			mine := mine || r.promise;
		ELSE
			one := mine[1 + floor(random() * cardinality(mine))::int];
			SELECT * INTO p FROM trust.promise q WHERE q.customer = customer AND q.promise = one;
			CONTINUE WHEN p.state IN ('released', 'withdrawn');
			at := CASE WHEN luck < 0.6 THEN clock WHEN luck < 0.65 THEN date_trunc('month',
				clock, 'UTC')
				WHEN luck < 0.75 THEN coalesce(p.settled_at, p.backed_at, p.opened_at)
				ELSE p.made_at + (clock - p.made_at) * random() END;
			r := act_at_random(n, team, p, greatest(at, p.made_at));
		END IF;
		INSERT INTO drawn SELECT r.customer, r.seq, clock WHERE r.seq IS NOT NULL;
	END LOOP;
END
$$;

CREATE FUNCTION random_ledger(n int, team int) RETURNS void
LANGUAGE sql AS $$
	SELECT random_customer(n, team, format('%s customer %s', n, c),
		greatest(1, promises / customers))
	FROM (SELECT 4 + floor(random() * 9)::int AS promises, 1 + floor(random() * 3)::int
		AS customers) AS l,
		generate_series(1, customers) AS c
$$;

-- Gives each entry the time that was drawn for it. Hashes are left as they are.
\ir without_guards.sql
CREATE FUNCTION record_as_drawn() RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM without_guards($sql$
		UPDATE trust.entry e SET recorded_at = d.recorded_at FROM drawn d
			WHERE d.customer = e.customer AND d.seq = e.seq;
		UPDATE trust.promise p SET recorded_at = e.recorded_at
		FROM trust.entry e WHERE e.customer = p.customer AND e.promise = p.promise
			AND e.event = 'made'$sql$);
	-- what follows from recorded_at
	PERFORM without_guards('SELECT trust_ledger.fill_promise_columns()', '{chain,promise}');
	TRUNCATE drawn;
	ANALYZE trust.entry, trust.promise;
END
$$;
