-- Triggers that change a tracked row again before track() has seen the first change: what the row
-- was in between does not count.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger() \g /dev/null
SELECT trust_ledger.register_actor('anna', 'human') \g /dev/null
SELECT trust_ledger.register_actor('crm', 'system', responsible => 'anna') \g /dev/null

SELECT plan(161);

-- ---- tables and what their triggers do

CREATE SCHEMA crm;
CREATE TABLE crm.meddled (uid int, id int PRIMARY KEY, customer text, title text, status text,
	due timestamptz, act text);
-- The same rows, changed once for each statement and without other triggers: the model.
CREATE TABLE crm.plain (uid int, id int PRIMARY KEY, customer text, title text, status text,
	due timestamptz, act text);

-- By how much a trigger changes the key.
CREATE FUNCTION crm.step() RETURNS int LANGUAGE sql AS 'SELECT 1000';

-- A row's act says how its trigger changes it; several are separated by semicolons.
CREATE FUNCTION crm.meddle() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	do_it  text;
	place  int := NEW.id;
BEGIN
	FOREACH do_it IN ARRAY string_to_array(NEW.act, ';') LOOP
		CASE split_part(do_it, ' ', 1)
			WHEN 'title' THEN
				UPDATE crm.meddled SET title = title || '!', act = NULL WHERE id = place;
			WHEN 'untitle' THEN
				UPDATE crm.meddled SET title = split_part(title, ' ', 1), act = NULL
				WHERE id = place;
			WHEN 'status' THEN
				UPDATE crm.meddled SET status = split_part(do_it, ' ', 2), act = NULL
				WHERE id = place;
			WHEN 'customer' THEN
				UPDATE crm.meddled SET customer = split_part(do_it, ' ', 2), act = NULL
				WHERE id = place;
			WHEN 'due' THEN
				UPDATE crm.meddled SET due = due + interval '1 hour', act = NULL WHERE id = place;
			WHEN 'key' THEN
				UPDATE crm.meddled SET id = id + crm.step(), act = NULL WHERE id = place;
				place := place + crm.step();
			WHEN 'unkey' THEN
				UPDATE crm.meddled SET id = id - crm.step(), act = NULL WHERE id = place;
				place := place - crm.step();
			WHEN 'delete' THEN
				DELETE FROM crm.meddled WHERE id = place;
			-- the triggers of this change change the row, too
			WHEN 'deep' THEN
				UPDATE crm.meddled SET title = title || '?', act = 'status lost;title'
				WHERE id = place;
			WHEN 'deepkey' THEN
				UPDATE crm.meddled SET id = id + crm.step(), act = 'key;title' WHERE id = place;
			WHEN 'nothing' THEN
				UPDATE crm.meddled SET act = NULL WHERE id = place;
			-- rolled back
			WHEN 'try' THEN
				BEGIN
					UPDATE crm.meddled SET title = 'tried', status = 'kept', act = NULL
					WHERE id = place;
					RAISE SQLSTATE 'OK000';
				EXCEPTION WHEN SQLSTATE 'OK000' THEN
					NULL;
				END;
			-- kept, but in a savepoint
			WHEN 'save' THEN
				BEGIN
					UPDATE crm.meddled SET title = title || '*', act = NULL WHERE id = place;
				EXCEPTION WHEN SQLSTATE 'OK000' THEN
					NULL;
				END;
			-- locked by a savepoint, which is a row version's xmax as well
			WHEN 'lock' THEN
				BEGIN
					PERFORM FROM crm.meddled WHERE id = place FOR UPDATE;
				EXCEPTION WHEN SQLSTATE 'OK000' THEN
					NULL;
				END;
		END CASE;
	END LOOP;
	RETURN NULL;
END
$$;

CREATE FUNCTION crm.track(write text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	tab text;
BEGIN
	FOREACH tab IN ARRAY '{crm.meddled,crm.plain}'::text[] LOOP
		PERFORM trust_ledger.track_table(tab, jsonb_build_object('write', write) || $m${
			"customer": "=customer", "words": "=title", "due": "=due", "actor": ":crm",
			"longest_pause": ":30 days", "on_error": ":note", "made": {"on_error": ":park"},
			"made_when": "status <> 'draft'", "paused_when": "status = 'hold'",
			"kept_when": "status = 'kept'", "broken_when": "status = 'lost'",
			"events": [{"event": "noted", "when": "NEW.title ~ '!!' AND NEW.title <> OLD.title",
				"reason": ":loud"}]}$m$);
	END LOOP;
END
$$;

-- What each promise of the table went through; the customers of the model begin with "plain ".
CREATE VIEW crm.lived AS
-- A pause extends the due time by its length, which is not the same.
SELECT r.source, r.key, r.gone, p.words, date_trunc('hour', p.due) AS due, p.state,
	replace(e.customer, 'plain ', '') AS customer,
	string_agg(concat_ws(' ', e.event, e.verdict, e.words,
		regexp_replace(e.note, 'promise \S+,', 'it')), ', ' ORDER BY e.seq) AS entries
FROM trust.tracked_row r
JOIN trust.entry e USING (customer, promise)
JOIN trust.promise p USING (customer, promise)
GROUP BY 1, 2, 3, 4, 5, 6, e.customer, e.promise;

-- Gives the model what the row is after a statement.
CREATE FUNCTION crm.follow() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	DELETE FROM crm.plain p WHERE NOT EXISTS (SELECT FROM crm.meddled m WHERE m.uid = p.uid);
	UPDATE crm.plain p
	SET id = m.id, customer = 'plain ' || m.customer, title = m.title, status = m.status,
		due = m.due
	FROM crm.meddled m
	WHERE m.uid = p.uid
		AND (p.id, p.customer, p.title, p.status, p.due) IS DISTINCT FROM
			(m.id, 'plain ' || m.customer, m.title, m.status, m.due);
	INSERT INTO crm.plain
	SELECT m.uid, m.id, 'plain ' || m.customer, m.title, m.status, m.due
	FROM crm.meddled m
	WHERE NOT EXISTS (SELECT FROM crm.plain p WHERE p.uid = m.uid);
END
$$;

CREATE VIEW crm.differing AS
(SELECT 'meddled' AS tab, key, gone, words, due, state, customer, entries FROM crm.lived
 WHERE source = 'crm.meddled'
 EXCEPT SELECT 'meddled', key, gone, words, due, state, customer, entries FROM crm.lived
 WHERE source = 'crm.plain')
UNION ALL
(SELECT 'plain', key, gone, words, due, state, customer, entries FROM crm.lived
 WHERE source = 'crm.plain'
 EXCEPT SELECT 'plain', key, gone, words, due, state, customer, entries FROM crm.lived
 WHERE source = 'crm.meddled');

CREATE TRIGGER a_meddle AFTER INSERT OR UPDATE ON crm.meddled FOR EACH ROW
	WHEN (NEW.act IS NOT NULL) EXECUTE FUNCTION crm.meddle();

-- ---- case by case

-- What a new row went through, and then, in another transaction, an open one.
CREATE PROCEDURE crm.run(uid int, first text, second text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO crm.meddled VALUES (%1$s, %1$s, %2$L, ''word'', %3$L, '
		'date_trunc(''day'', now()) + interval ''2 days'', %4$L)', uid, 'c' || uid,
		split_part(first, ':', 1), nullif(split_part(first, ':', 2), ''));
	PERFORM crm.follow();
	COMMIT;
	IF second <> '' THEN
		EXECUTE format('UPDATE crm.meddled SET %s, act = %L WHERE id = %s',
			split_part(second, ':', 1), nullif(split_part(second, ':', 2), ''), uid);
		PERFORM crm.follow();
		COMMIT;
	END IF;
END
$$;
CREATE MATERIALIZED VIEW crm.lived_now AS
SELECT * FROM crm.lived WHERE source = 'crm.meddled' AND customer ~ '^[cd]';
CREATE FUNCTION crm.entries(of_uid int) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(CASE WHEN l.gone THEN 'gone: ' ELSE '' END || l.entries, '; '
		ORDER BY l.customer)
	FROM crm.lived_now l
	WHERE l.customer = 'c' || of_uid OR l.customer = 'd' || of_uid
$$;

CREATE TABLE crm.nested_case (uid serial, first text, second text, expected text);
INSERT INTO crm.nested_case (first, second, expected) VALUES
	-- on INSERT
	('open:title', '', 'made word!'),
	('open:title;title', '', 'made word!!'),
	('open:status kept', '', 'made word, assessed kept'),
	('kept:status open', '', 'made word'),
	('open:status draft', '', NULL),
	('draft:status open', '', 'made word'),
	('open:delete', '', NULL),
	('open:key', '', 'made word'),
	('open:deep', '', 'made word?!, assessed broken'),
	('open:try', '', 'made word'),
	('open:save', '', 'made word*'),
	('open:lock', '', 'made word'),
	('hold:status open', '', 'made word'),
	('open:status hold', '', 'made word, paused'),
	-- on UPDATE
	('open:', 'status = ''kept'':title', 'made word, amended word!, assessed kept'),
	('open:', 'status = ''kept'':status open', 'made word'),
	('open:', 'status = ''kept'', title = ''new'':status open', 'made word, amended new'),
	('open:', 'title = ''new'':untitle', 'made word, amended new'),
	('open:', 'title = ''word new'':untitle', 'made word'),
	('open:', 'title = ''new'':status kept', 'made word, amended new, assessed kept'),
	('kept:', 'status = ''open'':status kept', 'made word, assessed kept'),
	('open:', 'status = ''draft'':status open', 'made word'),
	('open:', 'id = id + 5000:title', 'made word, amended word!'),
	('open:', 'id = id + 5000, status = ''kept'':key', 'made word, noted The primary key of the '
		'row changed., assessed kept'),
	('open:', 'id = id + 5000:delete', 'gone: made word, noted Its row was deleted.'),
	('open:', 'title = ''new'':delete', 'gone: made word, noted Its row was deleted.'),
	('open:', 'title = ''new'':title;delete', 'gone: made word, noted Its row was deleted.'),
	('open:', 'title = ''new'':deep', 'made word, amended new?!, assessed broken'),
	('open:', 'title = ''new'':try', 'made word, amended new'),
	('open:', 'title = ''new'':try;save', 'made word, amended new*'),
	('open:', 'title = ''new'':lock;title', 'made word, amended new!'),
	('open:', 'title = ''new!'':title', 'made word, amended new!!, noted loud'),
	('hold:', 'status = ''open'':status hold', 'made word, paused'),
	('hold:', 'title = ''new'':status open', 'made word, paused, resumed, amended new'),
	('open:', 'title = ''new'':nothing', 'made word, amended new');
SELECT crm.track(':commit') \g /dev/null
SELECT format('CALL crm.run(%s, %L, %L)', uid, first, second) FROM crm.nested_case ORDER BY uid
\gexec
REFRESH MATERIALIZED VIEW crm.lived_now;
SELECT is(crm.entries(uid), expected, format('INSERT %s, UPDATE %s', first, second))
FROM crm.nested_case ORDER BY uid;
SELECT is_empty('SELECT * FROM crm.differing', 'as if no trigger had changed the rows again');
SELECT is_empty('SELECT * FROM trust_ledger.reconcile_table(''crm.meddled'')',
	'each promise is as its row');

-- ---- random changes against the model

-- The same seed chooses the same rows, wherever these are stored.
CREATE VIEW crm.in_order AS SELECT uid FROM crm.meddled WHERE uid > 100 ORDER BY uid;
-- One transaction: some statements, some of them in savepoints, some of which are rolled back.
CREATE PROCEDURE crm.change(nr int, draft text DEFAULT 'draft') LANGUAGE plpgsql AS $$
DECLARE
	acts   CONSTANT text[] := ARRAY['status ' || draft] || '{title,untitle,status open,status kept,'
		'status hold,status lost,due,key,deep,nothing,try,save,lock,delete,title;title,'
		'status kept;status open,title;key;status lost,save;try,try;title;key,deepkey,key;title,'
		'deepkey,key;delete,NULL,NULL,NULL,NULL}';
	keep   boolean;
BEGIN
	FOR n IN 1 .. 1 + (random() * 3)::int LOOP
		keep := random() < 0.8;
		BEGIN
			CASE (random() * 5)::int
				WHEN 0, 1 THEN
					INSERT INTO crm.meddled
					SELECT nr * 10 + n, 10000 + nr * 10 + n, 'r' || (random() * 5)::int,
						'word ' || nr,
						(ARRAY['open', 'open', 'kept', 'hold'])[1 + (random() * 3)::int],
						date_trunc('day', now()) + interval '3 days',
						acts[1 + (random() * (array_length(acts, 1) - 1))::int];
				WHEN 2, 3, 4 THEN
					UPDATE crm.meddled
					SET title = CASE WHEN random() < 0.5 THEN 'word ' || nr || n ELSE title END,
						status = CASE WHEN random() < 0.5 THEN
							(ARRAY['open', draft, 'kept', 'lost', 'hold'])[1 +
								(random() * 4)::int]
							ELSE status END,
						id = CASE WHEN random() < 0.2 THEN id + 500000 ELSE id END,
						act = acts[1 + (random() * (array_length(acts, 1) - 1))::int]
					WHERE uid IN (
						SELECT uid FROM crm.in_order ORDER BY random() LIMIT 2);
				ELSE
					DELETE FROM crm.meddled
					WHERE uid = (SELECT uid FROM crm.in_order ORDER BY random() LIMIT 1);
			END CASE;
			PERFORM crm.follow();
			IF NOT keep THEN
				RAISE SQLSTATE 'OK000';
			END IF;
		EXCEPTION
			WHEN SQLSTATE 'OK000' OR unique_violation THEN
				NULL;
		END;
	END LOOP;
	COMMIT;
END
$$;
SELECT setseed(0.5) \g /dev/null
SELECT format('CALL crm.change(%s)', nr) FROM generate_series(101, 700) AS nr \gexec
SELECT is_empty('SELECT * FROM crm.differing', 'random changes: as if no trigger had meddled');
-- Terms differ where they were changed during a pause.
SELECT set_eq('SELECT what, key, detail FROM trust_ledger.reconcile_table(''crm.meddled'')',
	'SELECT what, key, detail FROM trust_ledger.reconcile_table(''crm.plain'')',
	'each promise is as its row, as in the model');
SELECT crm.track(':now') \g /dev/null
SELECT format('CALL crm.change(%s)', nr) FROM generate_series(701, 1100) AS nr \gexec
SELECT is_empty('SELECT * FROM crm.differing', 'write: now');
SELECT set_eq('SELECT what, key, detail FROM trust_ledger.reconcile_table(''crm.meddled'')',
	'SELECT what, key, detail FROM trust_ledger.reconcile_table(''crm.plain'')',
	'each promise is as its row, as in the model');

-- ---- the same with partitions, between which a change of the key moves the row

SELECT trust_ledger.untrack_table(tab) FROM unnest('{crm.meddled,crm.plain}'::text[]) AS tab
\g /dev/null
DROP VIEW crm.in_order;
DROP TABLE crm.meddled, crm.plain;
CREATE OR REPLACE FUNCTION crm.step() RETURNS int LANGUAGE sql AS 'SELECT 500000';
CREATE TABLE crm.meddled (uid int, id int PRIMARY KEY, customer text, title text, status text,
	due timestamptz, act text) PARTITION BY RANGE (id);
CREATE VIEW crm.in_order AS SELECT uid FROM crm.meddled WHERE uid > 100 ORDER BY uid;
CREATE TABLE crm.plain (LIKE crm.meddled INCLUDING ALL) PARTITION BY RANGE (id);
SELECT format($$CREATE TABLE %1$s_%2$s (act text, due timestamptz, status text, title text,
	customer text, id int NOT NULL, uid int);
	ALTER TABLE %1$s ATTACH PARTITION %1$s_%2$s FOR VALUES FROM (%2$s * 500000)
		TO ((%2$s + 1) * 500000)$$, tab, nr)
FROM unnest('{crm.meddled,crm.plain}'::text[]) AS tab, generate_series(0, 8, 2) AS nr \gexec
SELECT format($$CREATE TABLE %1$s_%2$s PARTITION OF %1$s FOR VALUES FROM (%2$s * 500000)
		TO ((%2$s + 1) * 500000)$$, tab, nr)
FROM unnest('{crm.meddled,crm.plain}'::text[]) AS tab, generate_series(1, 9, 2) AS nr \gexec
SELECT format('CREATE TABLE %1$s_rest PARTITION OF %1$s DEFAULT', tab)
FROM unnest('{crm.meddled,crm.plain}'::text[]) AS tab \gexec
CREATE TRIGGER a_meddle AFTER INSERT OR UPDATE ON crm.meddled FOR EACH ROW
	WHEN (NEW.act IS NOT NULL) EXECUTE FUNCTION crm.meddle();

INSERT INTO crm.nested_case (first, second, expected) VALUES
	-- a trigger moves the row
	('open:key;title', '', 'made word!'),
	('open:deepkey', '', 'made word!'),
	('open:key;delete', '', NULL),
	('open:', 'title = ''new'':key', 'made word, amended new'),
	('open:', 'title = ''new'':key;title', 'made word, amended new!'),
	('open:', 'title = ''new'':key;unkey', 'made word, amended new'),
	('open:', 'title = ''new'':key;key', 'made word, amended new'),
	('open:', 'title = ''new'':key;delete', 'gone: made word, noted Its row was deleted.'),
	('open:', 'title = ''new'':deepkey', 'made word, amended new!'),
	-- the statement does, and a trigger changes the row
	('open:', 'id = id + 500000:title', 'made word, amended word!'),
	('open:', 'id = id + 500000:status kept',
		'made word, noted The primary key of the row changed., assessed kept'),
	('open:', 'id = id + 500000:delete', 'gone: made word, noted Its row was deleted.'),
	-- both
	('open:', 'id = id + 500000:key', 'made word, noted The primary key of the row changed.'),
	('open:', 'id = id + 500000:key;title', 'made word, amended word!'),
	('open:', 'id = id + 500000:title;key', 'made word, amended word!'),
	('open:', 'id = id + 500000:deepkey', 'made word, amended word!'),
	('open:', 'id = id + 500000:unkey', 'made word'),
	('open:', 'id = id + 500000:unkey;title', 'made word, amended word!'),
	('open:', 'id = id + 500000:key;unkey;title', 'made word, amended word!'),
	('open:', 'id = id + 500000:unkey;key;title', 'made word, amended word!'),
	('open:', 'id = id + 500000:key;delete', 'gone: made word, noted Its row was deleted.'),
	('open:', 'id = id + 500000:unkey;delete', 'gone: made word, noted Its row was deleted.'),
	('hold:', 'id = id + 500000:key;status open',
		'made word, paused, noted The primary key of the row changed.');
SELECT crm.track(':commit') \g /dev/null
SELECT format('CALL crm.run(%s, %L, %L)', uid + 50000, first, second) FROM crm.nested_case
ORDER BY uid \gexec
REFRESH MATERIALIZED VIEW crm.lived_now;
SELECT is(crm.entries(uid + 50000), expected, format('partitions: INSERT %s, UPDATE %s', first,
	second))
FROM crm.nested_case ORDER BY uid;
SELECT format('CALL crm.change(%s, ''open'')', nr) FROM generate_series(1101, 1350) AS nr \gexec
SELECT is_empty('SELECT * FROM crm.differing', 'partitions: random changes');
SELECT crm.track(':now') \g /dev/null
SELECT format('CALL crm.run(%s, %L, %L)', uid + 60000, first, second) FROM crm.nested_case
ORDER BY uid \gexec
REFRESH MATERIALIZED VIEW crm.lived_now;
SELECT is(crm.entries(uid + 60000), expected, format('partitions, write: now: INSERT %s, UPDATE %s',
	first, second))
FROM crm.nested_case ORDER BY uid;
SELECT set_eq('SELECT what, key, detail FROM trust_ledger.reconcile_table(''crm.meddled'')',
	'SELECT what, key, detail FROM trust_ledger.reconcile_table(''crm.plain'')',
	'each promise is as its row, as in the model');

-- A part of the key stays the same; several rows of one statement; a partition without triggers.
CREATE TABLE crm.staged (id int, stage int, title text, PRIMARY KEY (id, stage))
	PARTITION BY LIST (stage);
CREATE TABLE crm.staged_0 PARTITION OF crm.staged FOR VALUES IN (0, 1);
CREATE TABLE crm.staged_2 PARTITION OF crm.staged FOR VALUES IN (2, 3);
CREATE TABLE crm.staged_4 PARTITION OF crm.staged FOR VALUES IN (4, 5, 6);
CREATE FUNCTION crm.step_down() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE crm.staged SET stage = stage - 1, title = title || NEW.stage,
		id = id + CASE WHEN title = 'renumbered' THEN 100 ELSE 0 END
	WHERE id = NEW.id AND stage = NEW.stage;
	RETURN NULL;
END
$$;
CREATE TRIGGER a_step AFTER INSERT OR UPDATE ON crm.staged FOR EACH ROW
	WHEN (NEW.stage NOT IN (0, 4)) EXECUTE FUNCTION crm.step_down();
SELECT trust_ledger.track_table('crm.staged',
	'{"customer": ":staged", "words": "=title", "actor": ":crm"}') \g /dev/null
SELECT format('ALTER TABLE crm.staged_4 DISABLE TRIGGER %I', tgname) FROM pg_trigger
WHERE tgrelid = 'crm.staged_4'::regclass AND tgname LIKE 'trust_ledger%' \gexec
INSERT INTO crm.staged VALUES (1, 0, 'one'), (2, 0, 'two'), (3, 3, 'three'), (4, 0, 'renumbered'),
	(5, 0, 'unseen');
UPDATE crm.staged SET stage = CASE id WHEN 5 THEN 6 ELSE 3 END;
SELECT set_eq($$
	SELECT r.key, r.gone,
		string_agg(coalesce(e.words, e.note, e.event), ', ' ORDER BY e.seq)
	FROM trust.tracked_row r JOIN trust.entry e USING (customer, promise)
	WHERE r.source = 'crm.staged' GROUP BY r.key, r.gone, r.promise$$, $$VALUES
	('["1","0"]', false, 'one, one321'), ('["2","0"]', false, 'two, two321'),
	('["3","0"]', false, 'three321, three321321'),
	('["104","0"]', false, 'renumbered, renumbered321'),
	('["5","0"]', true, 'unseen, Its row moved to a partition that is not tracked.')$$,
	'rows keep their promises through several partitions');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');

SELECT * FROM finish();
