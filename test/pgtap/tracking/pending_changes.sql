-- Changes that are pending until the transaction ends, or are written at once, or when
-- write_pending() is called: savepoints, deferred triggers, procedures.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(63);
\ir ../../helpers/sessions.sql
\ir ../../helpers/tracked_tables.sql

-- ---- one transaction: rolled-back changes are not written, the others in their order

CREATE TABLE hot (LIKE deal INCLUDING ALL);
SELECT format('CREATE TRIGGER %I AFTER %s ON hot FOR EACH ROW '
	'EXECUTE FUNCTION trust_ledger.track(%L, %s ''write:now'')', event, operation, event, arguments)
FROM (VALUES ('made', 'INSERT', '''customer=customer'', ''words=words'','),
	('amended', 'UPDATE', '''words=words'','), ('noted', 'DELETE', '')) AS v (event, operation,
	arguments) \gexec
ALTER TABLE hot OWNER TO app;
CREATE FUNCTION entries(of_customer text) RETURNS bigint LANGUAGE sql AS $$ SELECT count(*)
	FROM trust.entry WHERE customer = of_customer $$;
GRANT SELECT ON trust.entry TO app;

-- The same as entries_after(), in a session of its own, which commits.
CREATE FUNCTION entries_after_commit(doing text, acting text DEFAULT 'anna', login text DEFAULT
	'app', shown text DEFAULT 'event') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	CREATE TEMP TABLE known AS SELECT customer AS of_customer, length FROM trust.chain;
	BEGIN
		PERFORM dblink_exec(connection_of(login), format('BEGIN; %s; %s; COMMIT', CASE
			WHEN acting IS NULL THEN ''
			ELSE format('DO $a$ BEGIN PERFORM trust_ledger.act_as(%L); END $a$', acting) END,
			doing));
	EXCEPTION WHEN OTHERS THEN
		said := SQLSTATE || CASE WHEN SQLSTATE ~ '^(XX|42)' THEN ' ' || SQLERRM ELSE '' END;
	END;
	IF said IS NULL THEN
		EXECUTE format('SELECT string_agg(customer || '': '' || said, ''; '' ORDER BY customer) '
			'FROM (SELECT customer, string_agg(concat_ws('','', %s), '' '' ORDER BY seq) AS said
			FROM trust.entry LEFT JOIN known ON customer = of_customer '
				'WHERE seq > coalesce(length, 0) AND customer <> '''' GROUP BY customer) AS s',
				shown) INTO said;
	END IF;
	DROP TABLE known;
	PERFORM dblink_exec(connection_of('app'),
		'DO $a$ BEGIN PERFORM trust_ledger.act_as(''anna''); DELETE FROM deal; DELETE FROM hot; '
		'END $a$');
	RETURN coalesce(said, 'nothing');
END
$$;

-- Each is tried twice: rolled back after it was written, and committed. %1$s is a customer.
CREATE TABLE transactions (name text, doing text, says text);
INSERT INTO transactions VALUES
	('made, amended, kept', 'PERFORM insert_row(1, ''%1$s''); PERFORM update_words(1, ''X''); '
		'UPDATE deal SET status = ''kept'' WHERE id = 1', 'c: made,W amended,X assessed'),
	('amended in one statement with others',
		'PERFORM insert_row(n, ''%1$s'') FROM generate_series(1, 3) AS n; '
		'UPDATE deal SET words = id', 'c: made,W made,W made,W amended,1 amended,2 amended,3'),
	('amended, and amended back',
		'PERFORM insert_row(1, ''%1$s''); PERFORM update_words(1, ''X''); '
		'PERFORM update_words(1, ''W'')', 'c: made,W amended,X amended,W'),
	('deleted at once', 'PERFORM insert_row(1, ''%1$s''); DELETE FROM deal', 'c: made,W noted'),
	('deleted and put again',
		'PERFORM insert_row(1, ''%1$s''); DELETE FROM deal; PERFORM insert_row(1, ''%1$s''); '
		'PERFORM update_words(1, ''X'')', 'c: made,W amended,X'),
	('deleted and put again with other words',
		'PERFORM insert_row(1, ''%1$s''); DELETE FROM deal; INSERT INTO deal (id, customer, words) '
		'VALUES (1, ''%1$s'', ''V'')', 'c: made,W amended,V'),
	('a block that fails', 'PERFORM insert_row(1, ''%1$s''); BEGIN PERFORM update_words(1, ''X''); '
		'RAISE SQLSTATE ''U0000''; EXCEPTION WHEN SQLSTATE ''U0000'' THEN PERFORM '
		'update_words(1, ''Y''); END; PERFORM update_words(1, ''Z'')',
		'c: made,W amended,Y amended,Z'),
	('a statement that fails after it changed rows',
		'PERFORM insert_row(1, ''%1$s''); BEGIN UPDATE deal SET words = 1 / (id - 2) '
		'FROM (VALUES (1), (2)) AS v WHERE deal.id <> 2; INSERT INTO deal (id, customer, words) '
		'VALUES (3, ''%1$s'', ''W''), (1, ''%1$s'', ''W'');
		EXCEPTION WHEN unique_violation THEN END; PERFORM update_words(1, ''Z'')',
			'c: made,W amended,Z'),
	('blocks in blocks', 'PERFORM insert_row(1, ''%1$s''); BEGIN PERFORM update_words(1, ''a''); '
		'BEGIN PERFORM update_words(1, ''b''); RAISE SQLSTATE ''U0000''; '
		'EXCEPTION WHEN SQLSTATE ''U0000'' THEN END;
		BEGIN PERFORM update_words(1, ''c''); EXCEPTION WHEN SQLSTATE ''U0000'' THEN END; '
			'PERFORM update_words(1, ''d''); EXCEPTION WHEN SQLSTATE ''U0000'' THEN END',
			'c: made,W amended,a amended,c amended,d'),
	('an outer block takes the inner ones along',
		'PERFORM insert_row(1, ''%1$s''); BEGIN BEGIN PERFORM update_words(1, ''a''); '
		'EXCEPTION WHEN SQLSTATE ''U0000'' THEN END; PERFORM update_words(1, ''b''); '
		'RAISE SQLSTATE ''U0000'';
		EXCEPTION WHEN SQLSTATE ''U0000'' THEN END; PERFORM update_words(1, ''c'')',
			'c: made,W amended,c'),
	('all of it in blocks that fail',
		'BEGIN PERFORM insert_row(1, ''%1$s''); RAISE SQLSTATE ''U0000''; '
		'EXCEPTION WHEN SQLSTATE ''U0000'' THEN END', 'nothing'),
	('what cannot be tracked, caught',
		'PERFORM insert_row(1, ''%1$s''); BEGIN CREATE TABLE nokey (customer text); '
		'CREATE TRIGGER z AFTER INSERT ON nokey FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.track(''noted'');
		INSERT INTO nokey VALUES (1); EXCEPTION WHEN object_not_in_prerequisite_state THEN END; '
			'PERFORM update_words(1, ''X'')', 'c: made,W amended,X'),
	-- written at once
	('read at once', 'PERFORM insert_row(1, ''%1$s'', ''hot''); ASSERT entries(''%1$s'') = 1; '
		'PERFORM update_words(1, ''X'', ''hot''); ASSERT entries(''%1$s'') = 2',
		'c: made,W amended,X'),
	('read at once, and what was gathered before',
		'PERFORM insert_row(1, ''%1$s''); ASSERT entries(''%1$s'') = 0; '
		'PERFORM insert_row(1, ''%1$s'', ''hot''); ASSERT entries(''%1$s'') = 2; '
		'PERFORM update_words(1, ''X''); ASSERT entries(''%1$s'') = 2',
		'c: made,W made,W amended,X'),
	('written at once in a block that fails',
		'PERFORM insert_row(1, ''%1$s'', ''hot''); BEGIN PERFORM update_words(1, ''X'', ''hot''); '
		'ASSERT entries(''%1$s'') = 2; RAISE SQLSTATE ''U0000''; EXCEPTION WHEN SQLSTATE ''U0000'' '
		'THEN END;
		ASSERT entries(''%1$s'') = 1; PERFORM update_words(1, ''Y'', ''hot'')',
			'c: made,W amended,Y'),
	('what was gathered before, written in a block that fails',
		'PERFORM insert_row(1, ''%1$s''); BEGIN PERFORM insert_row(1, ''%1$s'', ''hot''); '
		'ASSERT entries(''%1$s'') = 2; RAISE SQLSTATE ''U0000''; EXCEPTION WHEN SQLSTATE ''U0000'' '
		'THEN END;
		PERFORM update_words(1, ''Y'')', 'c: made,W amended,Y'),
	('the same, some blocks deep',
		'PERFORM insert_row(1, ''%1$s''); BEGIN PERFORM update_words(1, ''X''); '
		'BEGIN BEGIN PERFORM insert_row(1, ''%1$s'', ''hot''); EXCEPTION WHEN SQLSTATE ''U0000'' '
		'THEN END; RAISE SQLSTATE ''U0000''; EXCEPTION WHEN SQLSTATE ''U0000'' THEN END;
		PERFORM insert_row(2, ''%1$s'', ''hot''); EXCEPTION WHEN SQLSTATE ''U0000'' THEN END; '
			'PERFORM update_words(1, ''Y'')', 'c: made,W amended,X made,W amended,Y'),
	('written twice, in blocks that both fail',
		'PERFORM insert_row(1, ''%1$s''); BEGIN PERFORM insert_row(1, ''%1$s'', ''hot''); '
		'RAISE SQLSTATE ''U0000''; EXCEPTION WHEN SQLSTATE ''U0000'' THEN END;
		BEGIN PERFORM insert_row(1, ''%1$s'', ''hot''); RAISE SQLSTATE ''U0000''; '
			'EXCEPTION WHEN SQLSTATE ''U0000'' THEN END', 'c: made,W'),
	('what cannot be written at once, caught',
		'PERFORM insert_row(1, ''%1$s''); BEGIN INSERT INTO hot (id, customer) '
		'VALUES (1, ''%1$s''); EXCEPTION WHEN null_value_not_allowed THEN END; '
		'PERFORM insert_row(2, ''%1$s'', ''hot'')', 'c: made,W made,W');
SELECT is(entries_after(format('DO $d$ BEGIN %s; END $d$', format(doing, 'c')),
	shown => 'event, words'), says, name || ': rolled back') FROM transactions;
SELECT is(replace(entries_after_commit(format('DO $d$ BEGIN %s; END $d$', format(doing, 't' || nr)),
	shown => 'event, words'), 't' || nr, 'c'), says, name || ': committed')
FROM (SELECT *, row_number() OVER () AS nr FROM transactions) AS t;

-- ---- deferred triggers and procedures

CREATE TABLE delayed (id int PRIMARY KEY, customer text, words text, refers_to int REFERENCES deal
	DEFERRABLE INITIALLY DEFERRED);
CREATE CONSTRAINT TRIGGER made AFTER INSERT ON delayed DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('made', 'customer=customer', 'words=words', 'actor:bot');
CREATE CONSTRAINT TRIGGER amended AFTER UPDATE ON delayed DEFERRABLE INITIALLY IMMEDIATE
	FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('amended', 'words=words', 'actor:bot');
ALTER TABLE delayed OWNER TO app;
ALTER TABLE deal OWNER TO app;
SELECT is(entries_after('INSERT INTO delayed VALUES (1, ''c'', ''W'')', at_commit => at_commit),
	says, coalesce(nullif(at_commit, ''), 'nothing') || ' after a deferred trigger')
FROM (VALUES ('', 'nothing'), ('SET CONSTRAINTS made IMMEDIATE; INSERT INTO written VALUES (2)',
	'c: made'), ('SET CONSTRAINTS ALL IMMEDIATE; INSERT INTO written VALUES (2)', 'c: made')) AS v
	(at_commit, says);
CREATE PROCEDURE in_steps(of_customer text) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.act_as('anna');
	PERFORM insert_row(1, of_customer);
	ASSERT entries(of_customer) = 0;
	COMMIT;
	ASSERT entries(of_customer) = 1;
	PERFORM trust_ledger.act_as('anna');
	PERFORM update_words(1, 'lost');
	ROLLBACK;
	PERFORM trust_ledger.act_as('ben');
	BEGIN
		PERFORM update_words(1, 'lost too');
		RAISE SQLSTATE 'U0000';
	EXCEPTION WHEN SQLSTATE 'U0000' THEN
		PERFORM update_words(1, 'X');
	END;
	COMMIT;
	ASSERT entries(of_customer) = 2;
	PERFORM update_words(1, 'by nobody');
END
$$;
SELECT is(entries_after_commit(doing, shown => $$concat_ws('-', event, actor, words)$$),
	says, doing) FROM (VALUES
	('INSERT INTO delayed VALUES (1, ''u1'', ''W''); UPDATE delayed SET words = ''X''',
		'u1: made-bot-W amended-bot-X'),
	('INSERT INTO delayed VALUES (2, ''u2'', ''W''); SET CONSTRAINTS made IMMEDIATE; '
		'SET CONSTRAINTS amended DEFERRED; UPDATE delayed SET words = ''X'' WHERE id = 2; '
		'UPDATE delayed SET words = ''Y'' WHERE id = 2',
		'u2: made-bot-W amended-bot-X amended-bot-Y'),
	('DO $d$ BEGIN PERFORM insert_row(1, ''u3''); END $d$; INSERT INTO delayed '
		'VALUES (3, ''u3'', ''W'', 99)', '23503'),
	('INSERT INTO deal (id, customer, words) VALUES (1, ''u4'', ''W''); DELETE FROM deal; '
		'INSERT INTO deal (id, customer, words) VALUES (1, ''u4'', NULL)', '22004'),
	('SET TRANSACTION READ ONLY', 'nothing'),
	('COMMIT; BEGIN ISOLATION LEVEL SERIALIZABLE; '
		'DO $a$ BEGIN PERFORM trust_ledger.act_as(''anna''); END $a$; INSERT INTO deal (id, '
		'customer, words) VALUES (1, ''u5'', ''W'')', 'u5: made-anna-W'),
	('COMMIT; CALL in_steps(''u6''); BEGIN', '2D000')) AS v (doing, says);
SELECT is(value_in_session('CALL in_steps(''u6'')', 'app'),
	'TL003', 'a procedure that commits in between, and then has nobody acting');
SELECT is((SELECT string_agg(concat_ws('-', event, actor, words), ' ' ORDER BY seq) FROM trust.entry
	WHERE customer = 'u6'), 'made-anna-W amended-ben-X', 'what it committed is there');
DO $$ BEGIN PERFORM trust_ledger.act_as('anna'); DELETE FROM deal WHERE id = 1; END $$;

-- ---- write_pending() writes what is collected, as COMMIT would

CREATE VIEW known_entries AS SELECT coalesce(string_agg(customer || ' ' || event, ', '
	ORDER BY customer, seq), 'nothing') AS entries FROM trust.entry WHERE customer ~ '^[cd]$';
GRANT SELECT ON known_entries TO app, outsider;
CREATE FUNCTION expect(expected text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	found CONSTANT text := (SELECT entries FROM known_entries);
BEGIN
	ASSERT found = expected, found;
END
$$;
CREATE FUNCTION write_in_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.write_pending();
	RETURN NULL;
END
$$;
-- On INSERT, the trigger that writes fires after track(); on UPDATE, before it.
CREATE TABLE early (LIKE deal INCLUDING ALL, doubled numeric);
SELECT track_statements('early', ', ''actor:bot''') \gexec
CREATE TRIGGER writes AFTER INSERT ON early FOR EACH ROW EXECUTE FUNCTION write_in_trigger();
CREATE TRIGGER a_writes AFTER UPDATE ON early FOR EACH ROW EXECUTE FUNCTION write_in_trigger();
GRANT ALL ON early TO outsider;
CREATE FUNCTION write_if(condition boolean) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	PERFORM trust_ledger.write_pending();
	RETURN condition;
END
$$;
CREATE TABLE conditional (LIKE deal INCLUDING ALL);
CREATE TRIGGER made AFTER INSERT ON conditional FOR EACH ROW WHEN (write_if(NEW.id > 0))
	EXECUTE FUNCTION trust_ledger.track('made', 'customer=customer', 'words=words', 'actor:bot');
ALTER TABLE conditional OWNER TO app;

SELECT is(entries_after(format('DO $d$ BEGIN %s; END $d$', doing), shown => 'event, words'), says,
	'write_pending(): ' || name) FROM (VALUES
	('of nothing', 'PERFORM trust_ledger.write_pending(); PERFORM expect(''nothing'')', 'nothing'),
	('twice', 'PERFORM insert_row(1, ''c''); PERFORM expect(''nothing''); '
		'PERFORM trust_ledger.write_pending(); PERFORM expect(''c made''); '
		'PERFORM trust_ledger.write_pending(); PERFORM expect(''c made'')', 'c: made,W'),
	('and what happens afterwards',
		'PERFORM insert_row(1, ''c''); PERFORM trust_ledger.write_pending(); '
		'PERFORM update_words(1, ''X''); PERFORM expect(''c made''); '
		'PERFORM trust_ledger.write_pending(); PERFORM expect(''c made, c amended''); '
		'PERFORM update_words(1, ''Y'')', 'c: made,W amended,X amended,Y'),
	('of a refused change, in the savepoint that loses it',
		'PERFORM insert_row(1, ''c''); BEGIN PERFORM update_words(1, NULL); '
		'PERFORM trust_ledger.write_pending(); ASSERT false; '
		'EXCEPTION WHEN null_value_not_allowed THEN PERFORM expect(''nothing''); END; '
		'PERFORM update_words(1, ''Y'')', 'c: made,W amended,Y'),
	('of a refused change that is older than the savepoint, and so stays',
		'PERFORM insert_row(1, ''c''); PERFORM update_words(1, NULL); '
		'BEGIN PERFORM trust_ledger.write_pending(); ASSERT false; '
		'EXCEPTION WHEN null_value_not_allowed THEN END', '22004'),
	('in a savepoint that is rolled back, of what is older',
		'PERFORM insert_row(1, ''c''); BEGIN PERFORM trust_ledger.write_pending(); '
		'PERFORM expect(''c made''); RAISE SQLSTATE ''U0000''; '
		'EXCEPTION WHEN SQLSTATE ''U0000'' THEN PERFORM expect(''nothing''); END; '
		'PERFORM update_words(1, ''Y'')', 'c: made,W amended,Y'),
	('in savepoints in savepoints',
		'PERFORM insert_row(1, ''c''); BEGIN BEGIN PERFORM trust_ledger.write_pending(); '
		'EXCEPTION WHEN SQLSTATE ''U0000'' THEN END; PERFORM update_words(1, ''X''); '
		'PERFORM trust_ledger.write_pending(); EXCEPTION WHEN SQLSTATE ''U0000'' THEN END; '
		'PERFORM expect(''c made, c amended'')', 'c: made,W amended,X'),
	('in a trigger, after track()',
		'PERFORM insert_row(1, ''c''); PERFORM insert_row(1, ''c'', ''early''); '
		'PERFORM expect(''c made, c made'')', 'c: made,W made,W'),
	('in a trigger, before track()',
		'PERFORM insert_row(1, ''c'', ''early''); PERFORM update_words(1, ''X'', ''early''); '
		'PERFORM expect(''c made'')', 'c: made,W amended,X'),
	('in a condition of track()',
		'PERFORM insert_row(1, ''c''); PERFORM insert_row(1, ''c'', ''conditional''); '
		'PERFORM expect(''c made'')', 'c: made,W made,W')) AS v (name, doing, says);
SELECT is(entries_after('SELECT insert_row(1, ''c'', ''early''); SELECT expect(''c made''); '
	'SELECT trust_ledger.write_pending()', acting => NULL, login => 'outsider'), 'c: made',
	'write_pending(): by a login without a level');

CREATE SEQUENCE turn;
CREATE FUNCTION write_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	PERFORM setval('turn', 10 * last_value + CASE NEW.customer WHEN 'c' THEN 3 ELSE 4 END)
	FROM turn;
	PERFORM trust_ledger.write_pending();
	RETURN NULL;
END
$$;
ALTER FUNCTION write_again() SET search_path = public;
CREATE TRIGGER again AFTER INSERT ON trust.entry FOR EACH ROW EXECUTE FUNCTION write_again();
SELECT is(entries_after('SELECT insert_row(1, ''d''), insert_row(2, ''c''), insert_row(3, ''d''); '
	'SELECT trust_ledger.write_pending(); SELECT expect(''c made, d made, d made'')',
	also => 'SELECT last_value FROM turn'), 'c: made; d: made made | 1344',
	'write_pending(): in the order of customers, and while entries are written');
DROP TRIGGER again ON trust.entry;

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');

SELECT * FROM finish();
