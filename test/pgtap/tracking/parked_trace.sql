-- Parking, replaying and dropping a change leaves an entry, and verify() compares these with the
-- parked changes.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(105);
\ir ../../helpers/tracked_tables.sql
\ir ../../helpers/calls.sql
CREATE ROLE auditor;
CREATE ROLE admin;
CREATE ROLE keeper;
SELECT format('ALTER DATABASE %I OWNER TO keeper', current_database()) \gexec
DO $$ BEGIN PERFORM trust_ledger.adopt_ledger(), trust_ledger.grant_access('auditor', 'auditor'),
	trust_ledger.grant_access('admin', 'admin'); END $$;

CREATE TABLE offer (id int PRIMARY KEY, customer text, words text, due timestamptz, more text);
CREATE TABLE at_once (LIKE offer INCLUDING ALL);
SELECT format('CREATE TRIGGER made AFTER INSERT ON %s FOR EACH ROW '
	'EXECUTE FUNCTION trust_ledger.track(''made'', ''customer=customer'', ''words=words'', '
	'''due=due'', ''purpose=more'', ''actor:bot'', ''on_error:park''%s)', tab, more),
	format('CREATE TRIGGER amended AFTER UPDATE OF words ON %s FOR EACH ROW '
		'EXECUTE FUNCTION '
		'trust_ledger.track(''amended'', ''words=words'', ''actor:bot'', ''on_error:park''%s)',
		tab, more),
	format('ALTER TABLE %s OWNER TO app', tab)
FROM (VALUES ('offer', ''), ('at_once', ', ''write:now''')) AS t (tab, more) \gexec
CREATE FUNCTION late(tab text, first int, last int DEFAULT NULL) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('INSERT INTO %I SELECT n, ''c'' || n %% 3, ''W'', ''2001-01-01'' '
		'FROM generate_series($1, $2) AS n', tab) USING first, coalesce(last, first);
END
$$;
-- The governance entries since a number: each event with the ids of the rows that it names.
CREATE TABLE waited (parked uuid PRIMARY KEY, id text);
GRANT SELECT ON waited TO PUBLIC;
CREATE FUNCTION remember() RETURNS void LANGUAGE sql AS $$
	INSERT INTO waited SELECT parked, coalesce(new_row, old_row) ->> 'id'
		FROM trust.parked_change ON CONFLICT DO NOTHING
$$;
CREATE FUNCTION entries(since bigint) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(concat_ws(' ', e.event, n.ids), '; ' ORDER BY seq), 'none')
	FROM trust.entry e, LATERAL (SELECT string_agg(coalesce(w.id, 'unknown') || CASE
		WHEN c.value = 'null' THEN ' without' ELSE '' END, ',' ORDER BY w.id) AS ids
		FROM jsonb_each(e.details -> 'parked') AS c (key, value) LEFT JOIN waited w ON w.parked
			= c.key::uuid) AS n
	WHERE e.customer = '' AND e.seq > since
$$;
CREATE FUNCTION governed() RETURNS bigint LANGUAGE sql AS $$ SELECT length FROM trust.chain
	WHERE customer = '' $$;
CREATE FUNCTION uuid_of(of_id int) RETURNS uuid LANGUAGE sql AS $$ SELECT parked FROM waited
	WHERE id = of_id::text $$;

-- ---- the entries

SELECT governed() AS since \gset
BEGIN; SELECT late('offer', 1, 4); INSERT INTO offer VALUES (5, 'c1', 'W'); COMMIT;
SELECT remember();
SELECT is(entries(:since), 'changes_parked 1,2,3,4', 'one entry of what one transaction parked');
SELECT is((SELECT concat_ws('/', actor, evidence, login, role, subject IN (SELECT parked::text
	FROM waited), state, promise) FROM trust.entry WHERE event = 'changes_parked'),
	current_user || '/' || current_user || '/t', 'by whose login, and nobody acts');
SELECT is((SELECT count(*) FROM trust.entry e, jsonb_each_text(e.details -> 'parked') AS c (key,
	value) JOIN trust.parked_change p ON p.parked = c.key::uuid
	WHERE e.event = 'changes_parked' AND length(c.value) = 64 AND octet_length(p.salt) = 32),
		4::bigint, 'each with a commitment, whose salt is the row''s');
SELECT is((SELECT count(DISTINCT salt) FROM trust.parked_change), 4::bigint,
	'and no two salts are the same');
SELECT governed() AS since \gset
SELECT late('offer', 1001, 2001);
SELECT remember();
SELECT is((SELECT array_agg((SELECT count(*) FROM jsonb_object_keys(details -> 'parked'))
	ORDER BY seq) FROM trust.entry WHERE customer = '' AND seq > :since), '{1000,1}',
	'an entry names a thousand at the most');
SELECT cmp_ok((SELECT max(octet_length(details::text)) FROM trust.entry), '<', 200000,
	'and stays small');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');

-- A rolled-back change leaves no entry.
SELECT governed() AS since \gset
BEGIN; SELECT late('offer', 11), late('at_once', 12); ROLLBACK;
BEGIN; SAVEPOINT s; SELECT late('offer', 13), late('at_once', 14); ROLLBACK TO s;
SELECT late('offer', 15); SAVEPOINT s; SELECT late('at_once', 16); RELEASE s; COMMIT;
SELECT remember();
SELECT is(entries(:since), 'changes_parked 15,16', 'savepoints');
SELECT governed() AS since \gset
BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT late('offer', 17); COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT late('at_once', 18), late('at_once', 19), late('offer', 20); COMMIT;
SELECT remember();
SELECT is(entries(:since),
	'changes_parked 17; changes_parked 18; changes_parked 19; changes_parked 20',
	'at once, and on one snapshot');
-- A trigger on trust.parked_change that parks another change.
CREATE FUNCTION more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF (NEW.new_row ->> 'id')::int < 30 THEN
		PERFORM public.late('at_once', 30 + (NEW.new_row ->> 'id')::int),
			public.late('offer', 60 + (NEW.new_row ->> 'id')::int);
	END IF;
	RETURN NULL;
END
$$;
CREATE TRIGGER more AFTER INSERT ON trust.parked_change FOR EACH ROW EXECUTE FUNCTION more();
GRANT INSERT, SELECT ON offer, at_once TO keeper;
SELECT governed() AS since \gset
SELECT late('offer', 21);
DROP TRIGGER more ON trust.parked_change;
SELECT remember();
SELECT is((SELECT string_agg(DISTINCT id, ' ' ORDER BY id) FROM trust.entry e,
	jsonb_object_keys(details -> 'parked') k JOIN waited w ON w.parked = k::uuid
	WHERE e.customer = '' AND e.seq > :since), '21 51 81', 'within each other');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');

-- Replayed: those that were written, once.
SELECT governed() AS since \gset
CREATE OR REPLACE TRIGGER made AFTER INSERT ON offer FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('made', 'customer=customer', 'words=words', 'actor:bot',
	'on_error:park');
CREATE TEMP TABLE done AS SELECT * FROM trust_ledger.replay_parked('public.offer');
SELECT is((SELECT count(*) FILTER (WHERE done) || ' of ' || count(*) FROM done), '1010 of 1010',
	'they are written when what was in the way is gone');
SELECT is((SELECT array_agg((SELECT count(*) FROM jsonb_object_keys(details -> 'parked'))
	ORDER BY seq) FROM trust.entry WHERE customer = '' AND seq > :since
	AND event = 'changes_replayed'), '{1000,10}', 'entries name them');
SELECT is((SELECT count(*) FROM trust.entry p, jsonb_each_text(p.details -> 'parked') a,
	trust.entry r, jsonb_each_text(r.details -> 'parked') b
	WHERE p.event = 'changes_parked' AND r.event = 'changes_replayed' AND a = b), 1010::bigint,
		'with what they committed to when they were parked');
SELECT governed() AS since \gset
SELECT count(*) FROM trust_ledger.replay_parked();
SELECT is(entries(:since), 'none', 'what cannot be written yet leaves no entry');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');

-- Dropped.
SELECT is(sqlstate_of(format('SELECT trust_ledger.drop_parked(%s)', arguments), as_role),
	says, 'drop_parked(' || arguments || ') by ' || as_role)
FROM (VALUES ('uuid_of(16), ''why''', 'admin', 'ok'), ('uuid_of(16), ''why''', 'keeper', 'ok'),
	('uuid_of(16), ''why''', 'app', 'TL004'), ('uuid_of(16), ''why''', 'auditor', 'TL004'),
	('uuid_of(16), ''why''', 'clerk', 'TL004'),
	('uuid_of(1), ''why''', 'admin', 'P0002'), ('gen_random_uuid(), ''why''', 'admin', 'P0002'),
	('NULL, ''why''', 'admin', '22004'), ('uuid_of(16), NULL', 'admin', '22004'),
	('uuid_of(16), repeat(''x'', 1048577)', 'admin', '22001'),
	('uuid_of(16), ''why'', ''nobody''', 'admin', '42704'),
	('uuid_of(16), ''why'', occurred_at => ''infinity''', 'admin', '22008')) AS v (arguments,
		as_role, says);
SELECT governed() AS since \gset
SELECT seq, hash FROM trust_ledger.drop_parked(uuid_of(16), 'They never wanted it.', 'anna',
	context => '{"via": "letter"}', idempotency_key => 'once') \gset first_
SELECT is((SELECT seq || ' ' || hash FROM trust_ledger.drop_parked(uuid_of(16),
	'They never wanted it.', 'anna', context => '{"via": "letter"}', idempotency_key => 'once')),
	:'first_seq' || ' ' || :'first_hash', 'a retry gets the first receipt');
SELECT throws_ok($$SELECT trust_ledger.drop_parked(uuid_of(18), 'They never wanted it.', 'anna',
	idempotency_key => 'once')$$, 'TL005', NULL, 'the key does not drop another');
SELECT throws_ok($$SELECT trust_ledger.drop_parked(uuid_of(16), 'once more')$$, 'P0002', NULL,
	'nor is anything dropped twice');
SELECT is(entries(:since), 'changes_dropped 16', 'one entry');
SELECT is((SELECT concat_ws('/', actor, note, context ->> 'via', subject = uuid_of(16)::text)
	FROM trust.entry WHERE event = 'changes_dropped'), 'anna/They never wanted it./letter/t',
	'who, why, which');
SELECT is_empty('SELECT FROM trust.parked WHERE parked = uuid_of(16)', 'it waits no more');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');

-- ---- the guard

SELECT is(sqlstate_of(doing, as_role, replication), 'TL006', concat_ws(' ', doing, as_role,
	replication))
FROM unnest('{origin,replica}'::text[]) AS replication, unnest('{keeper,postgres}'::text[])
	AS as_role,
	unnest(ARRAY['DELETE FROM trust.parked_change', 'TRUNCATE trust.parked_change',
		'UPDATE trust.parked_change SET error = error',
		'UPDATE trust.parked_change SET sqlstate = ''00000''',
		'UPDATE trust.parked_change SET new_row = NULL',
			'UPDATE trust.parked_change SET parked_at = parked_at - interval ''1 day''',
			'UPDATE trust.parked_change SET salt = NULL',
		'INSERT INTO trust.parked_change SELECT gen_random_uuid(), parked_at, source, tab, '
			'trigger, operation, actor, login, role, old_row, new_row, sqlstate, error, salt '
			'FROM trust.parked_change LIMIT 1']) AS doing
WHERE as_role = current_user OR replication = 'origin';

-- ---- tampering

\ir ../../helpers/findings.sql
\ir ../../helpers/without_guards.sql

-- What verify() finds after statements; changes are named by the ids of their rows.
CREATE FUNCTION found(doing text) RETURNS text
LANGUAGE sql AS $$
	SELECT coalesce(string_agg(concat_ws(' ', v.part, CASE WHEN v.seq IS NOT NULL THEN 'entry' END,
			coalesce(w.id, CASE WHEN v.part = 'parked_change' AND v.subject IS NOT NULL
				THEN 'unknown' ELSE v.subject END), v.field, v.problem),
		'; ' ORDER BY v.part COLLATE "C", w.id, v.problem), 'nothing')
	FROM verify_after(doing) v LEFT JOIN waited w ON w.parked::text = v.subject
$$;

SELECT is(found(doing), 'guard parked_change ' || says, doing) FROM (VALUES
	('ALTER TABLE trust.parked_change DISABLE TRIGGER trust_guard', 'trust_guard is disabled'),
	('DROP TRIGGER trust_guard_truncate ON trust.parked_change', 'trust_guard_truncate is missing'))
		AS v (doing, says);
SELECT is(found(format('SELECT without_guards(%L)', doing)), says, doing) FROM (VALUES
	('UPDATE trust.parked_change SET error = ''never mind'', sqlstate = ''00000'' WHERE parked '
		'= uuid_of(18)', 'nothing'),
	('DELETE FROM trust.parked_change WHERE parked = uuid_of(18)',
		'parked_change 18 is missing, but no entry says that it was replayed or dropped'),
	('INSERT INTO trust.parked_change SELECT gen_random_uuid(), parked_at, source, tab, trigger, '
		'operation, actor, login, role, old_row, new_row, sqlstate, error, salt '
		'FROM trust.parked_change WHERE parked = uuid_of(18)',
		'parked_change unknown exists, but no entry says that it was parked'),
	('INSERT INTO trust.parked_change SELECT uuid_of(16), parked_at, source, tab, trigger, '
		'operation, actor, login, role, old_row, new_row, sqlstate, error, salt '
		'FROM trust.parked_change WHERE parked = uuid_of(18)',
		'parked_change 16 exists, although an entry says that it was dropped'),
	('INSERT INTO trust.parked_change SELECT uuid_of(1), parked_at, source, tab, trigger, '
		'operation, actor, login, role, old_row, new_row, sqlstate, error, salt '
		'FROM trust.parked_change WHERE parked = uuid_of(18)',
		'parked_change 1 exists, although an entry says that it was replayed'),
	('ALTER TABLE trust.parked_change DROP CONSTRAINT parked_change_pkey; '
		'INSERT INTO trust.parked_change SELECT * FROM trust.parked_change WHERE parked '
		'= uuid_of(18)',
		'parked_change 18 exists twice; table parked_change constraint PRIMARY KEY (parked) is '
		'missing; table parked_change unique index btree (parked) is missing'),
	('UPDATE trust.parked_change SET parked = uuid_of(1) WHERE parked = uuid_of(18)',
		'parked_change 1 exists, although an entry says that it was replayed; '
		'parked_change 18 is missing, but no entry says that it was replayed or dropped')) AS v
		(doing, says);
SELECT is(found(format('SELECT without_guards(%L)', 'UPDATE trust.parked_change SET ' || change
	|| ' WHERE parked = uuid_of(18)')), 'parked_change 18 does not match its commitment', change)
FROM unnest('{parked_at = parked_at - interval ''1 us'',source = ''public.offer'',tab '
	'= ''public.offer'',trigger = ''amended'',operation = ''delete'',actor = ''anna'',actor '
	'= NULL,login = ''app'',role = ''app'',
	"old_row = ''{}''","new_row = new_row || ''{\"words\": \"nothing\"}''",new_row = NULL,"old_row '
		'= new_row, new_row = NULL",salt = NULL,"salt = substr(salt, '
		'2)",salt = sha256(salt)}'::text[]) AS change;
-- A change that goes must be the one that was parked, also if the guard is back in force by then.
SELECT is(found(format('SELECT without_guards(%L); %s', doing, after)), says, doing || '; '
	|| after) FROM (VALUES
	('UPDATE trust.parked_change SET new_row = new_row || ''{"due": null, "words": "less"}'' '
		'WHERE parked = uuid_of(18); ALTER TABLE at_once DISABLE TRIGGER USER; '
		'UPDATE at_once SET due = NULL, words = ''less'' WHERE id = 18; '
		'ALTER TABLE at_once ENABLE TRIGGER USER', 'SELECT trust_ledger.replay_parked()',
		'parked_change entry 18 did not match its commitment when it was replayed or dropped'),
	('UPDATE trust.parked_change SET salt = NULL WHERE parked = uuid_of(18)',
		'SELECT trust_ledger.drop_parked(uuid_of(18), ''why'')',
		'parked_change entry 18 did not match its commitment when it was replayed or dropped'),
	('INSERT INTO trust.parked_change SELECT gen_random_uuid(), ''2001-01-01'', source, tab, '
		'trigger, operation, actor, login, role, NULL, ''{"id": 77, "customer": "c", '
		'"words": "kept"}'', sqlstate, error, salt FROM trust.parked_change WHERE parked '
		'= uuid_of(18); ALTER TABLE at_once DISABLE TRIGGER USER; '
		'INSERT INTO at_once VALUES (77, ''c'', ''kept''); ALTER TABLE at_once ENABLE TRIGGER USER',
		'SELECT trust_ledger.grant_access(''app'', ''import''); '
		'SELECT trust_ledger.replay_parked()',
		'parked_change entry unknown was replayed or dropped, but no earlier entry says that it '
			'was parked'),
	('INSERT INTO trust.parked_change SELECT uuid_of(16), parked_at, source, tab, trigger, '
		'operation, actor, login, role, old_row, new_row, sqlstate, error, salt '
		'FROM trust.parked_change WHERE parked = uuid_of(18)',
		'SELECT trust_ledger.drop_parked(uuid_of(16), ''again'')',
		'parked_change entry 16 was already replayed or dropped by an earlier entry')) AS v (doing,
		after, says);
-- migrate_ledger() does not record changes that were planted.
SELECT is(found('SELECT without_guards(''INSERT INTO trust.parked_change SELECT gen_random_uuid(), '
	'parked_at, source, tab, trigger, operation, actor, login, role, old_row, new_row, sqlstate, '
	'error, NULL FROM trust.parked_change WHERE parked = uuid_of(18)''); '
	'SELECT trust_ledger.migrate_ledger()'),
	'parked_change unknown exists, but no entry says that it was parked',
		'what was put in, and migrated');
SELECT is(found('SELECT without_guards(''DELETE FROM trust.parked_change WHERE parked '
	'NOT IN (uuid_of(18), uuid_of(19)); ALTER TABLE trust.parked_change DROP COLUMN salt''); '
	'SELECT trust_ledger.migrate_ledger(), trust_ledger.record_parked()'),
	'parked_change 18 does not match its commitment; parked_change 19 does not match its '
		'commitment; parked_change 51 is missing, but no entry says that it was replayed or '
		'dropped', 'salts thrown away, and migrated');
SELECT is(found('SELECT without_guards(''ALTER TABLE trust.parked_change DROP COLUMN salt'')'),
	'parked_change salt does not exist', 'without salts nothing is what was parked');

-- What verify() finds of forged governance entries, besides their hashes.
CREATE FUNCTION forged(of_event text, of_details text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	ALTER TABLE trust.entry DISABLE TRIGGER trust_guard;
	INSERT INTO trust.entry SELECT (jsonb_populate_record(e, jsonb_build_object('seq',
		(SELECT length + 1 FROM trust.chain WHERE customer = ''), 'event', of_event, 'details',
		of_details::jsonb, 'idempotency_key', NULL))).*
	FROM trust.entry e WHERE e.customer = '' AND e.event = 'changes_dropped';
	SELECT string_agg(concat_ws(' ', seq - (SELECT length FROM trust.chain WHERE customer = ''),
		CASE WHEN subject IS NOT NULL THEN coalesce(w.id, 'unknown') END, field, problem),
		'; ' ORDER BY w.id, problem) INTO said
	FROM trust_ledger.verify() v LEFT JOIN waited w ON w.parked::text = v.subject
		WHERE v.part = 'parked_change';
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN said;
	WHEN OTHERS THEN RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT is(forged(event, details), says, concat_ws(' ', event, details)) FROM (VALUES
	('changes_parked', '{"parked": []}',
		'1 details does not name parked changes as the event requires'),
	('changes_parked', '{}', '1 details does not name parked changes as the event requires'),
	('changes_dropped', '[]', '1 details does not name parked changes as the event requires'),
	('changes_replayed', '{"parked": {"x": null}}',
		'1 details does not name parked changes as the event requires'),
	('changes_replayed', '{"parked": {}}', NULL),
	('changes_parked', format('{"parked": {"%s": "%s"}}', uuid_of(18), repeat('0', 64)),
		'1 18 was already parked by an earlier entry'),
	('changes_parked', format('{"parked": {"%s": "%s"}}', uuid_of(16), repeat('0', 64)),
		'1 16 was already parked by an earlier entry'),
	('changes_parked', format('{"parked": {"%s": null}}', gen_random_uuid()),
		'1 unknown details contains no commitment to the parked change; unknown is missing, '
		'but no entry says that it was replayed or dropped'),
	('changes_recorded', '{"parked": {}}',
		'1 event must not be changes_recorded after the ledger began to record parked changes'))
		AS v (event, details, says);

-- ---- missing rows

CREATE FUNCTION replayed(operation text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	errors text[];
BEGIN
	ALTER TABLE trust.parked_change DISABLE TRIGGER trust_guard;
	UPDATE trust.parked_change SET operation = replayed.operation, old_row = NULL, new_row = NULL;
	SELECT array_agg(DISTINCT r.error) INTO errors FROM trust_ledger.replay_parked() r;
	RAISE SQLSTATE 'OK000';
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN errors;
END
$$;
INSERT INTO offer VALUES (900, 'c', '');
SELECT is(replayed(operation), '{parked change has been altered}', 'a row that is missing: '
	|| operation) FROM unnest('{insert,update,delete}'::text[]) AS operation;

-- ---- a ledger of an earlier version

SELECT is((SELECT count(*) FROM trust.parked), (SELECT count(*) FROM trust.parked_change),
	'trust.parked shows what waits');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');
SELECT * FROM finish();
