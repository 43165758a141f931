-- The world of tap/company_search.pl: strategies of a company, each with an honest twin, and
-- customers who tell the truth. To be run by psql, as a superuser, in an empty database.

CREATE EXTENSION trust_ledger;
CREATE ROLE company;
CREATE ROLE company_import;
CREATE ROLE customers;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.set_ledger(half_life => '10 days'),
	trust_ledger.grant_access('company', 'application'),
	trust_ledger.grant_access('company', 'admin'),
	trust_ledger.grant_access('customers', 'application'),
	trust_ledger.register_actor('helper', 'human'),
	trust_ledger.register_actor('ombud', 'human', speaks_for => 'customer'),
	trust_ledger.set_policy('machines', promiser_kind => 'ai', evidence => 'asserted');
-- Rules that are weakened count as such from the first promise on.
SELECT trust_ledger.make_promise('first', 'w', kind => 'work', actor => 'helper',
	due => now() + interval '22 days');

CREATE SCHEMA play;
CREATE TABLE play.clock (start timestamptz);
-- bot: machines promise, and a human backs. silent: the customer does not speak of breaches.
CREATE TABLE play.strategy (s int PRIMARY KEY, bot boolean, silent boolean);
-- When the promise is due, when it is delivered (NULL: never), and for how much; in days.
CREATE TABLE play.truth (s int, j int, due float8, delivered int, worth int,
	PRIMARY KEY (s, j));
-- Of side a, which plays: a call of the company about promise j, and what became of it.
CREATE TABLE play.move (s int, n int, day int, what text, j int, arg text, outcome text,
	PRIMARY KEY (s, n));
-- Who acts for a strategy or its honest twin (side b); the actors and customer of now.
CREATE TABLE play.who (s int, side text, human text, promiser text, customer text, speaker text,
	PRIMARY KEY (s, side));
CREATE TABLE play.part (promise uuid PRIMARY KEY, s int, side text, j int, promiser text,
	customer text, told boolean NOT NULL DEFAULT false);
CREATE INDEX ON play.part (s, side, j);
GRANT USAGE ON SCHEMA play TO PUBLIC;
GRANT ALL ON ALL TABLES IN SCHEMA play TO PUBLIC;

CREATE FUNCTION play.at(day float8) RETURNS timestamptz LANGUAGE sql STABLE
RETURN (SELECT start + day * interval '1 day' FROM play.clock);

-- Speaks for customers: from a login of its own, so that the company cannot.
CREATE PROCEDURE play.enter() LANGUAGE plpgsql AS $$
DECLARE
	w record;
BEGIN
	INSERT INTO play.clock VALUES (clock_timestamp());
	FOR w IN SELECT s, side, bot, side || s AS id FROM play.strategy, unnest('{a,b}'::text[]) side
	LOOP
		EXECUTE format('CREATE ROLE %I IN ROLE customers; CREATE ROLE %I', 'speaker_' || w.id,
			'login_' || w.id);
		PERFORM trust_ledger.register_actor('human_' || w.id, 'human', name => 'One',
			db_role => 'login_' || w.id);
		IF w.bot THEN
			PERFORM trust_ledger.register_actor('bot_' || w.id, 'ai', model => 'm',
				responsible => 'human_' || w.id);
		END IF;
		PERFORM trust_ledger.register_actor('speaker_' || w.id, 'system', speaks_for => 'customer',
			customer => 'customer_' || w.id, responsible => 'ombud',
			db_role => 'speaker_' || w.id);
		INSERT INTO play.who VALUES (w.s, w.side, 'human_' || w.id,
			CASE WHEN w.bot THEN 'bot_' ELSE 'human_' END || w.id, 'customer_' || w.id,
			'speaker_' || w.id);
		COMMIT;
	END LOOP;
	-- Who administers can let the company import.
	SET ROLE company;
	PERFORM trust_ledger.grant_access('company_import', 'import');
	RESET ROLE;
END
$$;

-- Each promise has a kind of its own, so that none looks like another one made anew.
CREATE PROCEDURE play.make(w play.who, j int, due timestamptz, worth int DEFAULT 100,
	other text DEFAULT NULL) LANGUAGE plpgsql AS $$
DECLARE
	made trust_ledger.receipt;
BEGIN
	made := trust_ledger.make_promise(w.customer, 'w', w.promiser, due => due,
		kind => coalesce(other, 'work' || j), value => worth, currency => 'EUR',
		actor => w.promiser);
	INSERT INTO play.part VALUES (made.promise, w.s, w.side, j, w.promiser, w.customer);
END
$$;

-- What an amendment or a machine left proposed, a human backs.
CREATE PROCEDURE play.back(w play.who, promise uuid, state text) LANGUAGE plpgsql AS $$
BEGIN
	IF state = 'proposed' THEN
		PERFORM trust_ledger.back_promise(promise, actor => w.human);
	END IF;
END
$$;

CREATE PROCEDURE play.make_all(of_side text) LANGUAGE plpgsql AS $$
DECLARE
	made record;
	w play.who;
BEGIN
	SET ROLE company;
	FOR made IN SELECT t.*, coalesce(m.what, '') AS what FROM play.truth t LEFT JOIN play.move m
		ON m.s = t.s AND m.j = t.j AND m.day = 0 AND m.what IN ('make_far', 'make_later', 'split')
			AND of_side = 'a'
	LOOP
		SELECT * INTO w FROM play.who WHERE s = made.s AND side = of_side;
		FOR i IN 1 .. CASE made.what WHEN 'split' THEN 10 ELSE 1 END LOOP
			CALL play.make(w, made.j, play.at(CASE made.what WHEN 'make_far' THEN 1000
				WHEN 'make_later' THEN 120 ELSE made.due END));
		END LOOP;
		UPDATE play.move SET outcome = 'done'
		WHERE s = made.s AND move.j = made.j AND what = made.what AND of_side = 'a';
		COMMIT;
	END LOOP;
	RESET ROLE;
END
$$;

-- The company's own actor that speaks for the customer or as a record.
CREATE FUNCTION play.own_speaker(w play.who, speaks_for text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	key CONSTANT text := 'own_' || speaks_for || w.s;
BEGIN
	PERFORM trust_ledger.register_actor(key, 'system', speaks_for => speaks_for,
		responsible => w.human);
	RETURN key;
END
$$;

-- Makes promise j anew after it was withdrawn.
CREATE PROCEDURE play.remake(w play.who, m play.move, due timestamptz) LANGUAGE plpgsql AS $$
BEGIN
	CASE
		WHEN m.arg IN ('later', 'again') THEN CALL play.make(w, m.j, due + interval '8 days');
		WHEN m.arg = 'less' THEN CALL play.make(w, m.j, due, 40);
		WHEN m.arg = 'far' THEN CALL play.make(w, m.j, due + interval '1000 days');
		WHEN m.arg = 'kind' THEN CALL play.make(w, m.j, due + interval '8 days', 100, 'other');
		WHEN m.arg = 'draft' THEN CALL play.make(w, m.j, due + interval '8 days', 40);
	END CASE;
	PERFORM trust_ledger.back_promise(promise, actor => w.human) FROM play.part
	WHERE s = w.s AND side = 'a' AND j = m.j AND w.promiser LIKE 'bot%'
	ORDER BY promise DESC LIMIT 1;
END
$$;

-- The actor gets a successor of another key. Returns it.
CREATE FUNCTION play.retire(w play.who, how text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	key   CONSTANT text := w.human || '_next';
	login CONSTANT text := 'login_a' || w.s;
BEGIN
	IF how = 'successor' THEN
		PERFORM trust_ledger.register_actor(key, 'human', name => 'One');
	END IF;
	PERFORM trust_ledger.retire_actor(w.human, successor => CASE how WHEN 'successor' THEN key END);
	IF how <> 'successor' THEN
		PERFORM trust_ledger.register_actor(key, 'human', name => 'One',
			db_role => CASE how WHEN 'login' THEN login END);
	END IF;
	RETURN key;
END
$$;

CREATE PROCEDURE play.move_of_promise(w play.who, m play.move, p trust.promise)
LANGUAGE plpgsql AS $$
DECLARE
	r trust_ledger.receipt;
BEGIN
	CASE m.what
	WHEN 'say' THEN PERFORM trust_ledger.assess_promise(p.promise, m.arg, actor => w.human);
	WHEN 'import' THEN
		PERFORM trust_ledger.assess_promise(p.promise, m.arg, actor => w.human,
			occurred_at => greatest(p.made_at, play.at(1)));
	WHEN 'admit' THEN PERFORM trust_ledger.admit_breach(p.promise, actor => w.human);
	WHEN 'repair' THEN PERFORM trust_ledger.repair_breach(p.promise, 'a gift', actor => w.human);
	WHEN 'relay_accept' THEN
		PERFORM trust_ledger.accept_promise(p.promise, relayed => true, actor => 'helper');
	WHEN 'relay_release' THEN
		PERFORM trust_ledger.release_promise(p.promise, relayed => true, actor => 'helper');
	WHEN 'relay_kept' THEN
		PERFORM trust_ledger.assess_promise(p.promise, 'kept', relayed => true, actor => 'helper');
	WHEN 'speaker_says' THEN
		PERFORM trust_ledger.assess_promise(p.promise, 'kept',
			actor => play.own_speaker(w, m.arg));
	WHEN 'speaker_accepts' THEN
		PERFORM trust_ledger.accept_promise(p.promise, actor => play.own_speaker(w, 'customer'));
	WHEN 'decline' THEN PERFORM trust_ledger.decline_promise(p.promise, actor => w.human);
	WHEN 'hold' THEN NULL;
	WHEN 'back' THEN
		IF p.declined_at IS NOT NULL THEN
			PERFORM trust_ledger.amend_promise(p.promise, 'w ' || m.day, actor => w.human);
		END IF;
		CALL play.back(w, p.promise, p.state);
	WHEN 'withdraw' THEN PERFORM trust_ledger.withdraw_promise(p.promise, actor => w.human);
	WHEN 'remake' THEN
		-- these are open, and measured apart from the search
		IF m.arg NOT IN ('draft', 'again') AND (p.opened_at IS NULL OR p.promiser <> w.promiser
			OR p.customer <> w.customer) THEN
			RAISE SQLSTATE 'TL001' USING MESSAGE = 'not the same';
		END IF;
		PERFORM trust_ledger.withdraw_promise(p.promise, actor => w.human);
		CALL play.remake(w, m, p.due);
	WHEN 'ease' THEN
		-- so is this, and a due time far away makes it early
		IF m.arg IN ('value', 'kind', 'pause')
			AND now() - p.made_at <= (p.first_due - p.made_at) / 2 THEN
			RAISE SQLSTATE 'TL001' USING MESSAGE = 'before half of the time';
		END IF;
		r := CASE
			WHEN m.arg = 'due' THEN trust_ledger.amend_promise(p.promise, actor => w.human,
				due => p.due + interval '8 days')
			WHEN m.arg = 'far' THEN trust_ledger.amend_promise(p.promise, actor => w.human,
				due => p.due + interval '1000 days')
			WHEN m.arg = 'clear' THEN trust_ledger.amend_promise(p.promise, actor => w.human,
				clear => '{due}')
			WHEN m.arg IN ('value', 'early') THEN trust_ledger.amend_promise(p.promise,
				value => 40, actor => w.human)
			WHEN m.arg IN ('kind', 'other') THEN trust_ledger.amend_promise(p.promise,
				kind => 'other', actor => w.human)
			WHEN m.arg = 'pause' THEN trust_ledger.amend_promise(p.promise, actor => w.human,
				longest_pause => '8 days') END;
		CALL play.back(w, p.promise, r.state);
		IF m.arg = 'pause' THEN
			PERFORM trust_ledger.pause_promise(p.promise, actor => w.human);
		END IF;
	END CASE;
END
$$;

CREATE PROCEDURE play.move_of_actor(w play.who, m play.move) LANGUAGE plpgsql AS $$
BEGIN
	CASE m.what
	WHEN 'grace' THEN
		PERFORM trust_ledger.set_policy('grace_' || m.s, promiser => w.promiser,
			grace => m.arg::interval);
	WHEN 'drop_grace' THEN PERFORM trust_ledger.drop_policy('grace_' || m.s);
	WHEN 'retire' THEN
		UPDATE play.who SET human = x.key, promiser = x.key
		FROM (SELECT play.retire(w, m.arg) AS key) x WHERE who.s = m.s AND who.side = 'a';
	WHEN 'rekey' THEN
		PERFORM trust_ledger.register_actor(w.speaker, 'system', speaks_for => 'customer',
			customer => w.customer || '_next', responsible => 'ombud', db_role => w.speaker);
		UPDATE play.who SET customer = w.customer || '_next' WHERE who.s = m.s AND who.side = 'a';
	WHEN 'rename' THEN
		PERFORM trust_ledger.register_actor(w.human, 'human', name => 'Another', db_role =>
			'login_a' || m.s);
	WHEN 'return' THEN
		PERFORM trust_ledger.retire_actor(w.human);
		PERFORM trust_ledger.register_actor(w.human, 'human', name => 'One',
			db_role => 'login_a' || m.s, returns => true);
	END CASE;
END
$$;

-- What a strategy's company does now. What the ledger refuses does not stop it.
CREATE PROCEDURE play.move(m play.move) LANGUAGE plpgsql AS $$
DECLARE
	w play.who;
	p trust.promise;
	result text := 'done';
BEGIN
	SELECT * INTO w FROM play.who WHERE s = m.s AND side = 'a';
	SELECT q.* INTO p FROM play.part JOIN trust.promise q USING (promise)
	WHERE part.s = m.s AND part.side = 'a' AND part.j = m.j ORDER BY promise DESC LIMIT 1;
	PERFORM set_config('role', CASE m.what WHEN 'import' THEN 'company_import' ELSE 'company' END,
		false);
	BEGIN
		IF m.j IS NULL THEN
			CALL play.move_of_actor(w, m);
		ELSE
			CALL play.move_of_promise(w, m, p);
		END IF;
	EXCEPTION WHEN SQLSTATE 'TL001' OR SQLSTATE 'TL003' OR SQLSTATE '22008' OR SQLSTATE '22023'
		OR SQLSTATE '42704'
	THEN
		result := SQLSTATE || ' ' || SQLERRM;
	END;
	RESET ROLE;
	UPDATE play.move SET outcome = result WHERE s = m.s AND n = m.n;
END
$$;

-- What the customer of that promise says of it on that day; NULL: nothing.
CREATE FUNCTION play.truth_of(p trust.promise, t play.truth, day int, silent boolean) RETURNS text
LANGUAGE sql STABLE
RETURN CASE
	WHEN p.state NOT IN ('open', 'kept', 'partly_kept', 'broken') THEN NULL
	WHEN t.delivered <= day AND (p.due IS NULL OR play.at(t.delivered) <= p.due)
		AND t.worth >= p.value THEN 'kept'
	WHEN NOT silent AND play.at(day) >= p.due + interval '1 day' THEN 'broken' END;

CREATE PROCEDURE play.tell(day int) LANGUAGE plpgsql AS $$
DECLARE
	t record;
BEGIN
	FOR t IN
		SELECT x.promise, w.speaker, play.truth_of(p, truth, day, silent) AS says
		FROM play.part x JOIN trust.promise p USING (promise)
			JOIN play.truth ON truth.s = x.s AND truth.j = x.j
			JOIN play.strategy ON strategy.s = x.s
			JOIN play.who w ON w.s = x.s AND w.side = x.side AND w.customer = x.customer
		WHERE NOT x.told AND play.truth_of(p, truth, day, silent) IS NOT NULL
	LOOP
		PERFORM set_config('role', t.speaker, false);
		PERFORM trust_ledger.assess_promise(t.promise, t.says, actor => t.speaker);
		UPDATE play.part SET told = true WHERE promise = t.promise;
		COMMIT;
	END LOOP;
	RESET ROLE;
END
$$;

-- An honest human backs what a machine promised, unless it was declined; others hold it back.
CREATE PROCEDURE play.back_proposed() LANGUAGE plpgsql AS $$
DECLARE
	t record;
BEGIN
	FOR t IN SELECT x.promise, w.human FROM play.part x JOIN trust.promise p USING (promise)
		JOIN play.who w USING (s, side) WHERE p.state = 'proposed' AND p.declined_at IS NULL
			AND NOT EXISTS (SELECT FROM play.move m WHERE m.s = x.s AND m.j = x.j
				AND x.side = 'a' AND m.what = 'hold')
	LOOP
		SET ROLE company;
		PERFORM trust_ledger.back_promise(t.promise, actor => t.human);
		RESET ROLE;
		COMMIT;
	END LOOP;
END
$$;

CREATE PROCEDURE play.day(of_day int) LANGUAGE plpgsql AS $$
DECLARE
	m play.move;
BEGIN
	IF of_day = 0 THEN
		FOR m IN SELECT * FROM play.move WHERE what = 'grace' LOOP
			CALL play.move(m);
		END LOOP;
		CALL play.make_all('a');
		CALL play.make_all('b');
	END IF;
	FOR m IN SELECT * FROM play.move WHERE day = of_day AND outcome IS NULL ORDER BY s, n LOOP
		CALL play.move(m);
		COMMIT;
	END LOOP;
	IF of_day = 0 THEN
		CALL play.back_proposed();
	END IF;
	CALL play.tell(of_day);
END
$$;
