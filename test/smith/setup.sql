-- What sqlsmith finds in a ledger's database (the demo's), and what calls are made of. By a
-- superuser.
\set ON_ERROR_STOP 1
SET client_min_messages = warning;

CREATE ROLE importer LOGIN;
CREATE ROLE chief LOGIN;
CREATE ROLE stranger LOGIN;
DO $$
BEGIN
	PERFORM trust_ledger.grant_access('importer', 'import'), trust_ledger.grant_access('importer',
		'auditor'),
		trust_ledger.grant_access('chief', 'admin'), trust_ledger.grant_access('lea', 'auditor'),
			trust_ledger.grant_access('crm', 'import');
	PERFORM trust_ledger.set_policy('much', kind => 'delivery', currency => 'EUR',
		least_value => 900, cumulative => true, evidence => 'session');
	PERFORM trust_ledger.set_policy('machines', promiser_kind => 'ai', evidence => 'asserted',
		back_within => '2 days', grace => '1 day', due_within => '20 days');
END
$$;

-- Tracked in ways of their own: at once; and what is refused waits.
CREATE TABLE deal (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), customer text, words text,
	due timestamptz, amount numeric, pause interval, stage integer, closed boolean, more jsonb);
CREATE TABLE task (list text, nr integer, customer text, words text, due date, who text,
	done boolean, PRIMARY KEY (list, nr)) PARTITION BY HASH (list);
CREATE TABLE task_a PARTITION OF task FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE task_b PARTITION OF task FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE TABLE untracked (id bigint PRIMARY KEY, customer text, words text, status text);
GRANT ALL ON deal, task, untracked TO PUBLIC;
DO $$
BEGIN
	PERFORM FROM trust_ledger.track_table('deal',
		'{"customer": "=customer", "words": "=words", "due": "=due", "value": "=amount", '
		'"currency": ":USD",
		"longest_pause": "=pause", "context": "=more", "actor": ":crm", "write": ":now", '
			'"on_error": ":note",
		"made_when": "stage > 0", "paused_when": "stage = 3", "accepted_when": "stage = 2", '
			'"kept_when": "closed", "broken_when": "NOT closed", "on_delete": ":withdrawn"}');
	PERFORM FROM trust_ledger.track_table('task',
		'{"customer": "=customer", "words": "=words", "due": "=due", "promiser": "=who", '
		'"actor": ":crm",
		"on_error": ":park", "kept_when": "done", "events": [{"event": "noted", "when": "NEW.who '
			'<> OLD.who", "reason": ":another"}], "on_delete": ":noted"}');
END
$$;
INSERT INTO deal (customer, words, due, amount, stage) SELECT 'C-' || 101 + n % 7, 'Deal ' || n,
	now() + interval '1 day' * n, 100 * n, n % 4 FROM generate_series(1, 40) n;
INSERT INTO task SELECT 'list ' || n % 5, n, 'C-' || 101 + n % 9, 'Task ' || n, current_date + n,
	(ARRAY['anna', 'ben', 'bot', 'nobody', NULL])[1 + n % 5], n % 7 = 0 FROM generate_series(1, 40)
	n;
INSERT INTO untracked SELECT n, 'C-' || 101 + n % 9, 'Row ' || n, 'sent' FROM generate_series(1, 40)
	n;

CREATE SCHEMA smith;
GRANT USAGE ON SCHEMA smith TO PUBLIC;

-- ---- arguments ----

-- For a name of an argument, or for a type: SQL of a value.
CREATE TABLE smith.pool (nr integer GENERATED ALWAYS AS IDENTITY, kind text NOT NULL,
	value text NOT NULL);
CREATE INDEX ON smith.pool (kind);

CREATE PROCEDURE smith.fill_pool() LANGUAGE plpgsql AS $fill$
BEGIN
	TRUNCATE smith.pool RESTART IDENTITY;
	INSERT INTO smith.pool (kind, value) SELECT kind, quote_literal(value) FROM (
		SELECT 'promise', p.promise::text FROM trust.promise p
		UNION ALL SELECT 'customer', c.customer FROM trust.chain c
		UNION ALL SELECT unnest('{actor,actor,promiser,drafted_by,responsible,successor}'::text[]),
			a.actor FROM trust.actor a
		UNION ALL SELECT 'policy', p.policy FROM trust.policy p
		UNION ALL SELECT unnest('{role,db_role}'::text[]), rolname FROM pg_catalog.pg_roles
			WHERE rolname !~ '^pg_'
		UNION ALL SELECT 'source', s.source FROM trust.tracking s
		UNION ALL SELECT unnest('{oid,regclass}'::text[]),
			oid::text FROM (SELECT oid FROM pg_catalog.pg_trigger UNION ALL SELECT oid
			FROM pg_catalog.pg_class WHERE relnamespace IN ('public'::regnamespace,
			'trust'::regnamespace)) o
		UNION ALL SELECT 'bytea', tgargs::text FROM pg_catalog.pg_trigger WHERE tgnargs > 0
		UNION ALL SELECT 'trust_ledger.trust_score', score::text FROM trust.chain
			WHERE score IS NOT NULL) AS found (kind, value);
	INSERT INTO smith.pool (kind, value) SELECT kind, quote_literal(value) FROM (VALUES
		('kind', '{human,ai,system,delivery,quote}'::text[]),
		('promiser_kind', '{human,ai,system}'), ('speaks_for', '{company,customer,record}'),
		('level', '{application,analyst,auditor,import,admin}'),
		('evidence', '{asserted,session,passkey}'), ('verdict', '{kept,partly_kept,broken}'),
		('currency', '{EUR,USD,JPY}'), ('basis', '{occurred,recorded}'),
		('step', '{1 hour,1 day,1 month,00:00:01,-1 day}'),
		('by', '{all,customer,promiser,backer,kind,backing}'),
		('entry', '{1,2,3,4,5,6,7,8}'),
		('tab', '{deal,deal,task,task,untracked,quote,task_a,smith.given,trust.entry}'),
		('clear',
			'{"{due}","{value,currency}","{purpose,kind}","{{due},{value}}","{NULL}",'
			'"{nonsense}"}'),
		('zone', '{UTC,Europe/Berlin,Nowhere/Land,EST5EDT,+3}'),
		('event', '{made,amended,kept,noted,assessed,backed}'),
		('condition',
			'{status = ''sent'',NEW.who <> OLD.who,"1","true); '
			'DROP TABLE untracked","(SELECT true)","id > 0 AND"}'),
		('text',
			'{"",x,anna,C-101,kept,empty," ","\u00a0",NaN,P180D,public.quote,deal,'
			'pg_catalog.pg_class,";","''","$$","%s%n","{}"}'),
		('cstring',
			'{"",empty,"(1,2,2026-11-22T10:00:00+00:00,P180D)","(1,2,infinity,P1D)",'
			'"(NaN,1,2026-01-01T00:00:00+00:00,P1D)","(1e400,0,,)","(((",",,,,"}'),
		('uuid', '{00000000-0000-0000-0000-000000000000,ffffffff-ffff-ffff-ffff-ffffffffffff}'),
		('smallint', '{0,1,-1,32767,-32768}'), ('integer', '{0,1,-1,7,500,2147483647,-2147483648}'),
		('bigint', '{0,1,2,3,-1,9223372036854775807,-9223372036854775808}'),
		('oid', '{0,1,4294967295,1259}'),
		('regclass',
			'{deal,task,task_a,untracked,quote,trust.entry,pg_catalog.pg_class,'
			'trust.current_promise,0}'),
		('boolean', '{true,false}'),
		('double precision',
			'{0,-0,1,0.5,0.95,1e12,1e13,-1,NaN,Infinity,-Infinity,5e-324,1.7976931348623157e308}'),
		('numeric',
			'{0,1,-1,0.00,1e30,1e-30,NaN,Infinity,-Infinity,99999999999999999999.99,1e131071}'),
		('date', '{today,infinity,-infinity,4713-01-01 BC,5874897-12-31,9999-12-31,2024-02-30 BC}'),
		('timestamp with time zone',
			'{now,tomorrow,yesterday,epoch,infinity,-infinity,4713-11-24 00:00:00+00 '
			'BC,294276-12-31 23:59:59.999999+00,9999-12-31,1600-02-29}'),
		('interval',
			'{0,1 day,1 us,-1 day,180 days,36525 days,36526 days,1 month,178000000 '
			'years,2147483647 days 2147483647 months,-2147483648 days,1 day -24 hours}'),
		('text[]', '{"{}","{due}","{a,NULL,c}","{{a,b},{c,d}}","[5:6]={x,y}"}'),
		('double precision[]',
			'{"{}","{0,0.5,1}","{NaN,NULL,Infinity}","{{1,2},{3,4}}","[-3:-2]={1,1e308}"}'),
		('trust_ledger.trust_score',
			'{empty,"(0,0,2026-11-22T10:00:00+00:00,P180D)",'
			'"(1e12,1e12,294276-12-31T23:59:59.999999+00:00,PT0.000001S)",'
			'"(5e-324,1e12,4714-11-24T00:00:00+00:00 BC,P36525D)"}'),
		('bytea', '{"","\\x00","\\x0000","\\x6100","\\xff","\\x610062006300"}'),
		('trust_ledger.new_promise[]',
			'{"{}","{NULL}","{{NULL},{NULL}}","{\"(C-101,words,,,,,,,,,,anna,,,)\"}",'
			'"{\"(C-101,words,anna,k,infinity,,1,EUR,p,bot,1 day,anna,,{},key)\",'
			'\"(C-102,w,,,,,,,,,,crm,,,)\"}","[4:4]={\"(,,,,,,,,,,,,,,)\"}"}'),
		('trust_ledger.mapped_row[]', '{"{}","{NULL}"}')) AS given (kind, choices),
			unnest(choices) AS value
	WHERE value <> '2024-02-30 BC';
	INSERT INTO smith.pool (kind, value) VALUES
		('text', $$repeat('x', 300)$$), ('text', $$repeat(U&'\+01F600', 100000)$$),
		('text', $$U&'\202E\200B'$$), ('text', 'current_user'), ('internal', 'NULL'),
		('bytea', $$decode(repeat('61', 70000), 'hex')$$),
		('trust_ledger.mapped_row[]',
			$$ARRAY(SELECT r FROM trust_ledger.read_tracked('task', NULL, false) r)$$),
		('trust_ledger.mapped_row[]',
			$$ARRAY(SELECT r FROM trust_ledger.read_tracked('deal', NULL, true) r)$$),
		('trust_ledger.mapped_row[]', $$ARRAY[NULL::trust_ledger.mapped_row, ROW(NULL)]$$),
		('trust_ledger.new_promise[]', $$array_fill(NULL::trust_ledger.new_promise, '{3}')$$),
		('trust_ledger.new_promise[]',
			$$ARRAY(SELECT jsonb_populate_record(NULL::trust_ledger.new_promise, $$ ||
			$$jsonb_build_object('customer', 'C-' || n, 'words', 'w', 'actor', 'crm')) $$ ||
			$$FROM generate_series(1, 300) n)$$);
END
$fill$;
CALL smith.fill_pool();

-- A document that the ledger knows, with something wrong in it: a key less, another value, a key
-- too many.
CREATE FUNCTION smith.json_value(depth integer) RETURNS jsonb LANGUAGE sql AS $$
	SELECT CASE floor(random() * (CASE WHEN depth > 0 THEN 12 ELSE 10 END))
		WHEN 0 THEN 'null' WHEN 1 THEN 'true' WHEN 2
			THEN to_jsonb((ARRAY[0, -1, 1000, 1e30, 1e-30, 0.5, 2147483648, 9223372036854775808])[1
			+ floor(random() * 8)])
		WHEN 3 THEN to_jsonb((ARRAY['=customer', '=words', '=due', '=nowhere', '=', '=id', '="id"',
			'=ctid'])[1 + floor(random() * 8)])
		WHEN 4 THEN to_jsonb((ARRAY[':', ':crm', ':anna', ':park', ':now', ':EUR', ':noted',
			'::'])[1 + floor(random() * 8)])
		WHEN 5 THEN to_jsonb((ARRAY['status = ''sent''', 'true', 'NEW.id <> OLD.id', 'id', '1 = ',
			'(SELECT true)', 'count(*) > 1', 'NEW IS NULL'])[1 + floor(random() * 8)])
		WHEN 6 THEN to_jsonb(repeat('x', (random() * 400)::integer)) WHEN 7 THEN '[]' WHEN 8
			THEN '{}' WHEN 9 THEN '""'
		WHEN 10 THEN (SELECT jsonb_agg(smith.json_value(depth - 1 + n * 0)) FROM generate_series(1,
			1 + floor(random() * 3)::integer) n)
		ELSE (SELECT jsonb_object_agg((ARRAY['customer', 'words', 'event', 'when', 'kept_when',
			'made', 'events', 'promises', 'reason', 'on_error', 'EUR', '', 'kept', 'x'])[1 +
			floor(random() * 14)], smith.json_value(depth - 1 + n * 0))
			FROM generate_series(1, 1 + floor(random() * 4)::integer) n) END
$$;

CREATE FUNCTION smith.json(name text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
	document jsonb;
	key text;
BEGIN
	document := CASE name
		WHEN 'weights' THEN '{"kept": [1000, 0], "kept_by_company": [500, 0], "partly_kept": [500, '
			'500], "repaired": [250, 750], "admitted": [0, 750], "broken": [0, 1000]}'
		WHEN 'authority' THEN '{"EUR": 5000, "USD": 1e6}'
		WHEN 'mapping' THEN (ARRAY['{"customer": "=customer", "words": "=words", "actor": ":crm"}',
			'{"customer": "=customer", "words": "=words", "due": "=due", "made_when": "customer '
				'<> ''''", "kept_when": "words = ''done''", "kept": {"reason": "=words"}, '
				'"on_error": ":park", "on_delete": ":withdrawn"}',
			'{"customer": "=customer", "words": "=words", "paused_when": "words = ''wait''", '
				'"events": [{"event": "noted", "when": "NEW.words <> OLD.words", '
				'"reason": ":words"}], "source": ":other"}',
			'{"promises": {"first": {"words": ":answered", "due": "=due"}, "second": {"words": '
				'"=words", "kept_when": "true"}}, "customer": "=customer", '
				'"write": ":now"}']::jsonb[])[1 + floor(random() * 4)]
		ELSE smith.json_value(3) END;
	IF jsonb_typeof(document) <> 'object' THEN
		RETURN document;
	END IF;
	FOR n IN 1 .. (random() * 2)::integer LOOP
		SELECT k INTO key FROM jsonb_object_keys(document) k ORDER BY random() LIMIT 1;
		document := CASE floor(random() * 5)
			WHEN 0 THEN document - coalesce(key, '')
			WHEN 1 THEN document || jsonb_build_object((ARRAY['promiser', 'kind', 'value',
				'occurred_at', 'context', 'backed_when', 'made_when', 'broken_when', 'assessed',
				'made', 'amended', 'events', 'promises', 'on_delete',
				'on_error', 'write', 'source', 'longest_pause', 'GBP', 'nonsense',
					''])[1 + floor(random() * 21)], smith.json_value(2))
			ELSE document || jsonb_build_object(coalesce(key, ''), smith.json_value(2)) END;
	END LOOP;
	RETURN document;
END
$$;

CREATE FUNCTION smith.argument(name text, type text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	by_name boolean := random() < 0.9 AND name = ANY (ARRAY(SELECT DISTINCT kind FROM smith.pool));
	result text;
BEGIN
	IF random() < 0.06 THEN
		RETURN 'NULL::' || type;
	ELSIF name ~ '^(occurred_at|due)$' AND random() < 0.7 THEN
		RETURN format('now() + %L::interval', (random() * 40 - CASE name WHEN 'due' THEN 1
			ELSE 40 END) * interval '1 hour');
	ELSIF type = 'jsonb' THEN
		RETURN quote_literal(smith.json(name)) || '::jsonb';
	ELSIF type = 'text' AND name = 'idempotency_key' AND random() < 0.8 THEN
		RETURN quote_literal('key ' || floor(random() * 50));
	END IF;
	SELECT value INTO result FROM smith.pool WHERE kind = CASE WHEN by_name THEN name ELSE type END
		ORDER BY random() LIMIT 1;
	RETURN coalesce(result, 'NULL') || '::' || type;
END
$$;

-- ---- calls ----

CREATE VIEW smith.routine AS
SELECT p.oid, p.proname AS name, p.prokind AS kind, p.prorettype::regtype::text AS returns,
	p.pronargs AS arguments, p.pronargdefaults AS defaults,
	coalesce(p.proargnames[:p.pronargs], '{}') AS names, ARRAY(SELECT t::regtype::text
		FROM unnest(p.proargtypes) WITH ORDINALITY AS a (t, n) ORDER BY n) AS types
FROM pg_catalog.pg_proc p WHERE p.pronamespace = 'trust_ledger'::regnamespace;

-- Those with defaults by name, some left out; others by place.
CREATE FUNCTION smith.arguments(r smith.routine) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(CASE WHEN r.defaults > 0 THEN quote_ident(r.names[n]) || ' => '
		ELSE '' END || smith.argument(coalesce(r.names[n], ''), r.types[n]), ', ' ORDER BY n), '')
	FROM generate_series(1, r.arguments) n
	WHERE n <= r.arguments - r.defaults
		OR r.defaults > 0 AND random() < CASE WHEN r.names[n] = 'actor' THEN 0.8 WHEN r.names[n] ~
			'^(customer|occurred_at|context|idempotency_key|backfilled)$' THEN 0.1 ELSE 0.3 END
$$;

-- A trigger or event trigger function where it belongs, or not.
CREATE FUNCTION smith.planted(r smith.routine) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	tab text := (ARRAY['untracked', 'deal', 'task', 'trust.entry', 'trust.chain', 'trust.promise',
		'trust.source', 'trust.actor', 'trust.ledger', 'trust.parked_change', 'pg_temp.own'])[1 +
		floor(random() * 11)];
	level text := CASE WHEN random() < 0.7 THEN 'ROW' ELSE 'STATEMENT' END;
	arguments text := CASE WHEN random() < 0.3 THEN '' ELSE (
		SELECT string_agg(quote_literal(a), ', ') FROM unnest(ARRAY['made', 'amended', 'noted',
			'kept', 'assessed', 'on_error:park', 'on_error:note', 'write:now', 'customer=customer',
			'words=words', 'words:given',
			'actor:crm', 'reason=words', 'customer=', 'nonsense', '', 'due=due', 'value=id',
				'of=first', 'when=', 'source:x', 'key=id']) a WHERE random() < 0.25) END;
BEGIN
	IF r.returns = 'event_trigger' THEN
		RETURN format('CREATE EVENT TRIGGER planted ON %s EXECUTE FUNCTION trust_ledger.%I(); '
			'CREATE TABLE own (id integer); ALTER TABLE own ALTER id TYPE bigint; '
			'ALTER TABLE deal RENAME words TO text; DROP TABLE own',
			(ARRAY['ddl_command_start', 'ddl_command_end', 'sql_drop', 'table_rewrite'])[1 +
				floor(random() * 4)], r.name);
	END IF;
	RETURN 'CREATE TEMP TABLE own (customer text, seq bigint, words jsonb, id integer); '
		'ALTER TABLE own DROP seq; '
		|| format('CREATE TRIGGER planted %s ON %s FOR EACH %s '
			'EXECUTE FUNCTION trust_ledger.%I(%s); ',
			CASE WHEN random() < 0.2 AND level = 'STATEMENT' THEN 'AFTER TRUNCATE'
				ELSE (ARRAY['BEFORE', 'AFTER'])[1 + floor(random() * 2)] || ' '
					|| (ARRAY['INSERT', 'UPDATE', 'DELETE', 'INSERT OR UPDATE OR DELETE'])[1 +
					floor(random() * 4)] END,
			tab, level, r.name, coalesce(arguments, ''))
		|| CASE WHEN random() < 0.3 THEN 'SET LOCAL session_replication_role = replica; '
			'ALTER TABLE ' || tab || ' ENABLE ALWAYS TRIGGER planted; ' ELSE '' END
		|| format((ARRAY['INSERT INTO %1$s SELECT * FROM %1$s LIMIT 2',
			'INSERT INTO %1$s DEFAULT VALUES', 'UPDATE %1$s SET customer = NULL',
			'DELETE FROM %1$s', 'TRUNCATE %1$s',
			'INSERT INTO %1$s (customer) VALUES (''C-101'')'])[1 + floor(random() * 6)], tab);
END
$$;

CREATE FUNCTION smith.call(r smith.routine) RETURNS text LANGUAGE sql AS $$
	SELECT CASE
		WHEN r.returns IN ('trigger', 'event_trigger') AND random() < 0.9 THEN smith.planted(r)
		WHEN r.kind = 'p' THEN format('CALL trust_ledger.%I(%s)', r.name, smith.arguments(r))
		WHEN r.kind = 'a' THEN format('SELECT trust_ledger.%I(%s) FROM generate_series(1, %s)',
			r.name, smith.arguments(r), floor(random() * 4))
		ELSE format('SELECT * FROM trust_ledger.%I(%s)', r.name, smith.arguments(r)) END
$$;

-- Each routine of such a name so many times: its name, and statements in a transaction of their
-- own. One of ten is committed.
CREATE FUNCTION smith.calls(times integer, named text) RETURNS TABLE (name text, statements text)
	LANGUAGE sql AS $$
	SELECT r.name, format('BEGIN; %s; SET CONSTRAINTS ALL IMMEDIATE; %s;', smith.call(r),
		CASE WHEN random() < 0.1 THEN 'COMMIT' ELSE 'ROLLBACK' END)
	FROM smith.routine r, generate_series(1, times) WHERE r.name ~ named ORDER BY random()
$$;

-- ---- what sqlsmith believes to be the catalog, by the search path ----

-- The ledger's functions, with any number of the arguments that they have defaults for; those that
-- return a set too; and some of PostgreSQL's.
CREATE VIEW smith.pg_proc AS
SELECT p.oid || '.' || n AS oid, p.proname, p.pronamespace, p.prokind, false AS proretset,
	CASE WHEN p.prorettype IN ('trigger'::regtype, 'event_trigger'::regtype)
		THEN 'void'::regtype::oid ELSE p.prorettype END AS prorettype,
	(p.proargtypes::oid[])[0:n - 1] AS proargtypes
FROM pg_catalog.pg_proc p, generate_series(p.pronargs - p.pronargdefaults, p.pronargs::integer) n
WHERE p.pronamespace = 'trust_ledger'::regnamespace AND p.prokind IN ('f', 'a')
UNION ALL
SELECT oid::text, proname, pronamespace, prokind, proretset, prorettype, proargtypes::oid[]
	FROM pg_catalog.pg_proc
WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND provolatile = 'i'
	AND NOT proretset AND oid::bigint % 12 = 0
	AND prorettype = ANY
		('{text,text[],jsonb,uuid,interval,timestamptz,date,numeric,float8,int8,bytea}'::regtype[]);
-- Polymorphic types under the names of types that there are values of: half of all queries would be
-- refused for these.
CREATE TYPE smith.colour AS ENUM ('red', 'green');
CREATE VIEW smith.pg_type AS
SELECT oid, CASE typname WHEN 'anyrange' THEN 'int4range' WHEN 'anymultirange' THEN 'int4multirange'
	WHEN 'anyenum' THEN 'colour' ELSE typname END AS typname,
	CASE typname WHEN 'anyenum' THEN 'smith'::regnamespace ELSE typnamespace END AS typnamespace,
		typdelim, typrelid, typelem, typarray, typtype
FROM pg_catalog.pg_type;
GRANT SELECT ON smith.pg_proc, smith.pg_type TO PUBLIC;

-- Values of the types that the functions take, as good ones and as others.
CREATE TABLE smith.given AS
SELECT (SELECT promise FROM trust.promise WHERE n > 0 ORDER BY random() LIMIT 1) AS promise,
	(ARRAY['C-101', 'C-102', 'anna', 'crm', 'bot', 'human', 'kept', 'promiser', 'occurred', 'admin',
		'EUR', 'session', 'owner', 'public.deal', '', 'all'])[1 + n % 16] AS word,
	n::bigint AS seq, (ARRAY[0, 1, 'NaN', -1, 1e12, 0.5]::float8[])[1 + n % 6] AS weight,
		(n * 100)::numeric AS value,
	now() + (n - 50) * interval '1 hour' AS instant, current_date + n AS day,
		n * interval '3 hours' AS length, n % 3 = 0 AS flag,
	(ARRAY['due', 'value', 'currency'])[1:n % 4] AS columns, ARRAY[0, n / 100.0]::float8[]
		AS numbers, smith.json((ARRAY['mapping', 'weights', 'authority', 'context'])[1 + n % 4])
		AS document,
	(ARRAY['deal', 'task', 'untracked', 'quote']::regclass[])[1 + n % 4] AS tab,
		(SELECT oid FROM pg_catalog.pg_trigger ORDER BY (oid::bigint * n) % 101 LIMIT 1) AS id,
	trust_ledger.trust_score(n, n / 2, now() + n * interval '1 day', '180 days') AS score,
		decode(md5(n::text), 'hex') AS bytes,
	ARRAY[jsonb_populate_record(NULL::trust_ledger.new_promise, jsonb_build_object('customer',
		'C-' || n, 'words', 'w', 'actor', 'crm'))] AS promises
FROM generate_series(1, 100) n;
GRANT SELECT ON smith.given TO PUBLIC;
