-- Tracked tables: the entries of a row's change, the promise that they are about, and the actor and
-- level behind them.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(369);

\ir ../../helpers/tracked_tables.sql
-- ---- keys of every type, changes of every kind

CREATE TABLE keyed (type text, columns text, a text, b text, key_a text, key_b text);
INSERT INTO keyed VALUES
	('int', 'k int PRIMARY KEY', '-7', '8', '-7', '8'),
	('bigint', 'k bigint PRIMARY KEY', '9223372036854775807', '0', '9223372036854775807', '0'),
	('smallint', 'k smallint PRIMARY KEY', 'int2 ''1''', 'int2 ''2''', '1', '2'),
	('bool', 'k boolean PRIMARY KEY', 'true', 'false', 't', 'f'),
	('uuid', 'k uuid PRIMARY KEY', 'uuid ''0190B5C0-0000-7000-8000-00000000000A''',
		'uuid ''{0190b5c0-0000-7000-8000-00000000000b}''', '0190b5c0-0000-7000-8000-00000000000a',
		'0190b5c0-0000-7000-8000-00000000000b'),
	('text', 'k text PRIMARY KEY', '''it''''s "größe" 約束 \''', ''' a,b ''', 'it''s "größe" 約束 \',
		' a,b '),
	('char18', 'k char(18) PRIMARY KEY', '''0015g00000XyZaBAAV''', '''short''',
		'0015g00000XyZaBAAV', 'short'),
	('varchar', 'k varchar(18) PRIMARY KEY', '''0015g00000XyZaBAAV''', ''' x  ''',
		'0015g00000XyZaBAAV', ' x  '),
	('numeric', 'k numeric PRIMARY KEY', '10.50', '1e20', '10.5', '100000000000000000000'),
	('oid', 'k oid PRIMARY KEY', 'oid ''4294967295''', 'oid ''1''', '4294967295', '1'),
	('enum', 'k stage PRIMARY KEY', 'stage ''new''', 'stage ''it''''s won''', 'new', 'it''s won'),
	('domain', 'k account_no PRIMARY KEY', 'account_no ''A1''', '''A2''', 'A1', 'A2'),
	('date', 'k date PRIMARY KEY', 'date ''2031-02-01''', 'date ''-infinity''', '2031-02-01',
		'-infinity'),
	('timestamp', 'k timestamp PRIMARY KEY', 'timestamp ''2031-02-01 03:04:05.6''',
		'timestamp ''infinity''', '2031-02-01T03:04:05.6', 'infinity'),
	('timestamptz', 'k timestamptz PRIMARY KEY', 'timestamptz ''2031-02-01 03:04:05.6+01''',
		'timestamptz ''0044-03-15 12:00+00 BC''', '2031-02-01T02:04:05.6+00:00',
		'0044-03-15T12:00:00+00:00 BC'),
	('composite', 'k int, l timestamptz, m text, PRIMARY KEY (m, l, k)',
		'1, timestamptz ''2031-02-01 00:00+00'', ''say "so", it''''s''',
		'1, timestamptz ''2031-02-01 00:00:00.000001+00'', '']''',
		'["say \"so\", it''s","2031-02-01T00:00:00+00:00","1"]',
			'["]","2031-02-01T00:00:00.000001+00:00","1"]'),
	('included', 'k int, l text, PRIMARY KEY (k) INCLUDE (l)', '1, ''x''', '2, ''y''', '1', '2');
SELECT format('CREATE TABLE keyed_%1$s (%2$s, customer text, words text, amount int DEFAULT 1, '
	'doubled int GENERATED ALWAYS AS (amount * 2) STORED)', type, columns) FROM keyed \gexec
SELECT track_statements('keyed_' || type) FROM keyed \gexec

-- Each with %1$s the table, %2$s and %3$s two keys, %4$s the key's columns.
CREATE TABLE changes (name text, doing text, says text);
INSERT INTO changes VALUES
	('insert', 'INSERT INTO %1$s (%4$s, customer, words) VALUES (%2$s, ''c'', ''W''), '
		'(%3$s, ''d'', ''X'')', 'c: A-made-2; d: B-made-2'),
	('update', 'INSERT INTO %1$s (%4$s, customer, words) VALUES (%2$s, ''c'', ''W''), '
		'(%3$s, ''d'', ''X''); UPDATE %1$s SET amount = 4 WHERE (%4$s) = (%3$s)',
		'c: A-made-2; d: B-made-2 B-amended-8'),
	('delete', 'INSERT INTO %1$s (%4$s, customer, words) VALUES (%2$s, ''c'', ''W''), '
		'(%3$s, ''c'', ''X''); DELETE FROM %1$s WHERE (%4$s) = (%2$s)',
		'c: A-made-2 B-made-2 A-noted'),
	('another key', 'INSERT INTO %1$s (%4$s, customer, words) VALUES (%2$s, ''c'', ''W''); '
		'UPDATE %1$s SET (%4$s) = ROW (%3$s); UPDATE %1$s SET words = ''X''',
		'c: A-made-2 B-noted B-amended-2'),
	('another key and words',
		'INSERT INTO %1$s (%4$s, customer, words) VALUES (%2$s, ''c'', ''W''); '
		'UPDATE %1$s SET (%4$s) = ROW (%3$s), words = ''X''', 'c: A-made-2 B-amended-2'),
	('insert select', 'INSERT INTO %1$s (%4$s, customer, words, amount) SELECT *, ''c'', ''W'', 5 '
		'FROM (VALUES (%2$s)) AS v', 'c: A-made-10'),
	('upsert', 'INSERT INTO %1$s (%4$s, customer, words) VALUES (%2$s, ''c'', ''W''); '
		'INSERT INTO %1$s (%4$s, customer, words) VALUES (%2$s, ''c'', ''V''), (%3$s, ''c'', ''X'')
		ON CONFLICT (%5$s) DO UPDATE SET words = EXCLUDED.words || ''!''',
			'c: A-made-2 A-amended-2 B-made-2'),
	('upsert of nothing', 'INSERT INTO %1$s (%4$s, customer, words) VALUES (%2$s, ''c'', ''W''); '
		'INSERT INTO %1$s (%4$s, customer, words) VALUES (%2$s, ''c'', ''V'') ON CONFLICT DO '
		'NOTHING', 'c: A-made-2'),
	('merge', 'INSERT INTO %1$s (%4$s, customer, words) VALUES (%2$s, ''c'', ''W''); '
		'MERGE INTO %1$s AS t USING (VALUES (%2$s), (%3$s)) AS v (%4$s) ON (%6$s)
		WHEN MATCHED THEN UPDATE SET words = ''V'' WHEN NOT MATCHED THEN INSERT (%4$s, customer, '
			'words) VALUES (%7$s, ''c'', ''X'')', 'c: A-made-2 A-amended-2 B-made-2'),
	('merge that deletes', 'INSERT INTO %1$s (%4$s, customer, words) VALUES (%2$s, ''c'', ''W''); '
		'MERGE INTO %1$s AS t USING (VALUES (%2$s)) AS v (%4$s) ON (%6$s) WHEN MATCHED THEN DELETE',
		'c: A-made-2 A-noted'),
	('in a WITH', 'WITH i AS (INSERT INTO %1$s (%4$s, customer, words) VALUES (%2$s, ''c'', ''W'') '
		'RETURNING 1) INSERT INTO %1$s (%4$s, customer, words) SELECT *, ''d'', ''X'' '
		'FROM (VALUES (%3$s)) AS v', 'c: A-made-2; d: B-made-2');
SELECT is(replace(replace(entries_after(format(doing, 'keyed_' || type, a, b, cols, pk, matched,
	source), shown => $$details ->> 'key' || '-' || event || coalesce('-' || value, '')$$),
	key_a || '-', 'A-'), key_b || '-', 'B-'),
	says, type || ': ' || name)
FROM keyed, changes, LATERAL (
	SELECT string_agg(attname, ', ' ORDER BY attnum) AS cols,
		string_agg(format('t.%1$s = v.%1$s', attname), ' AND ') AS matched,
		string_agg('v.' || attname, ', ' ORDER BY attnum) AS source
	FROM pg_attribute WHERE attrelid = ('keyed_' || type)::regclass AND attname IN ('k', 'l',
		'm')) AS c, LATERAL (
	SELECT string_agg(attname, ', ') AS pk FROM pg_index JOIN pg_attribute ON attrelid = indrelid
		AND attnum = ANY ((indkey::int2[])[0:indnkeyatts - 1])
	WHERE indrelid = ('keyed_' || type)::regclass AND indisprimary) AS p;
-- Settings of the session do not change which row it is.
SELECT is(entries_after(format('INSERT INTO keyed_%1$s (%2$s, customer, words) '
	'VALUES (%3$s, ''c'', ''W''); SET LOCAL DateStyle = %4$s; SET LOCAL TimeZone = %5$L; '
	'SET LOCAL IntervalStyle = sql_standard;
		SET LOCAL bytea_output = escape; SET LOCAL extra_float_digits = -15; '
			'SET LOCAL quote_all_identifiers = on; SET LOCAL search_path = ''''; '
			'UPDATE public.keyed_%1$s SET words = ''X''', type,
	CASE WHEN type = 'composite' THEN 'k, l, m' WHEN type = 'included' THEN 'k, l' ELSE 'k' END, a,
		style, zone), shown => $$event || '-' || (details ->> 'key')$$),
	format('c: made-%1$s amended-%1$s', key_a), format('%s with %s, %s', type, style, zone))
FROM keyed, (VALUES ('SQL, DMY', 'America/New_York'), ('German', 'Asia/Kolkata'),
	('Postgres, MDY', 'Pacific/Kiritimati')) AS v (style, zone)
WHERE type IN ('date', 'timestamp', 'timestamptz', 'composite', 'numeric');

-- ---- rows that move between partitions keep their promise

CREATE TABLE phased (id int, phase text, customer text, words text, amount int,
	doubled int GENERATED ALWAYS AS (amount * 2) STORED, PRIMARY KEY (id, phase)) PARTITION BY LIST
	(phase);
CREATE TABLE phased_new PARTITION OF phased FOR VALUES IN ('new');
CREATE TABLE phased_rest (words text, dropped text, phase text NOT NULL, amount int,
	doubled int GENERATED ALWAYS AS (amount * 2) STORED, customer text, id int NOT NULL,
	PRIMARY KEY (id, phase)) PARTITION BY RANGE (id);
ALTER TABLE phased_rest DROP COLUMN dropped;
ALTER TABLE phased ATTACH PARTITION phased_rest DEFAULT;
CREATE TABLE phased_low PARTITION OF phased_rest FOR VALUES FROM (MINVALUE) TO (100);
CREATE TABLE phased_high PARTITION OF phased_rest DEFAULT;
SELECT track_statements('phased') \gexec
CREATE TRIGGER kept AFTER INSERT OR UPDATE ON phased FOR EACH ROW WHEN (NEW.phase = 'kept')
	EXECUTE FUNCTION trust_ledger.track('assessed', 'verdict:kept');
CREATE TABLE hot_phased (LIKE phased INCLUDING ALL) PARTITION BY LIST (phase);
CREATE TABLE hot_new PARTITION OF hot_phased FOR VALUES IN ('new');
CREATE TABLE hot_rest PARTITION OF hot_phased DEFAULT;
SELECT track_statements('hot_phased', ', ''write:now''') \gexec
CREATE TABLE chosen (id int, phase text, customer text, words text, doubled int,
	PRIMARY KEY (id, phase)) PARTITION BY LIST (phase);
CREATE TABLE chosen_new PARTITION OF chosen FOR VALUES IN ('new');
CREATE TABLE chosen_rest PARTITION OF chosen DEFAULT;
ALTER TABLE chosen OWNER TO app;
CREATE TRIGGER made AFTER INSERT ON chosen FOR EACH ROW WHEN (NEW.phase = 'new')
	EXECUTE FUNCTION trust_ledger.track('made', 'customer=customer', 'words=words');
CREATE TRIGGER kept AFTER INSERT OR UPDATE ON chosen FOR EACH ROW WHEN (NEW.phase = 'kept')
	EXECUTE FUNCTION trust_ledger.track('assessed', 'verdict:kept');
CREATE TRIGGER deleted AFTER DELETE ON chosen FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('noted');
SELECT is(entries_after(format('INSERT INTO %1$s (id, phase, customer, words) '
	'VALUES (1, ''new'', ''c'', ''W''), (2, ''new'', ''d'', ''X''); %2$s', tab, replace(doing, '%t',
	tab)), shown => $$event || coalesce('-' || (details ->> 'row'), '') || coalesce('-' || $$ ||
	$$words, '')$$),
	says, format('%s: %s', tab, doing))
FROM unnest('{phased,hot_phased}'::text[]) AS tab, (VALUES
	('UPDATE %t SET phase = ''won''', 'c: made-W noted; d: made-X noted'),
	('UPDATE %t SET phase = ''won'', words = words || ''!''',
		'c: made-W amended-W!; d: made-X amended-X!'),
	('UPDATE %t SET phase = ''won'', customer = ''e'' WHERE id = 1',
		'c: made-W withdrawn-moved; d: made-X; e: made-W'),
	('UPDATE %t SET phase = ''won''; UPDATE %t SET words = ''Y'' WHERE id = 2',
		'c: made-W noted; d: made-X noted amended-Y'),
	('UPDATE %t SET phase = ''won''; DELETE FROM %t WHERE id = 2',
		'c: made-W noted; d: made-X noted noted-deleted'),
	('UPDATE %t SET phase = ''won''; UPDATE %t SET phase = ''new''; UPDATE %t SET words = ''Y'' '
		'WHERE id = 2', 'c: made-W noted noted; d: made-X noted noted amended-Y'),
	('MERGE INTO %t t USING (VALUES (1), (3)) AS v (id) ON t.id = v.id WHEN MATCHED '
		'THEN UPDATE SET phase = ''won'' WHEN NOT MATCHED THEN INSERT (id, phase, customer, words) '
		'VALUES (3, ''won'', ''c'', ''Z'')', 'c: made-W noted made-Z; d: made-X')) AS c (doing,
		says);
SELECT is(entries_after(doing,
	shown => $$event || coalesce('-' || (details ->> 'row'), '') || coalesce('-' || words, '')$$),
	says, doing) FROM (VALUES
	('INSERT INTO chosen VALUES (1, ''new'', ''c'', ''W''); UPDATE chosen SET phase = ''kept''',
		'c: made-W assessed'),
	('INSERT INTO phased VALUES (1, ''new'', ''c'', ''W''); UPDATE phased SET phase = ''kept''',
		'c: made-W assessed'),
	('INSERT INTO phased VALUES (1, ''won'', ''c'', ''W''); UPDATE phased SET id = 200; '
		'UPDATE phased SET words = ''Y''', 'c: made-W noted amended-Y'),
	('INSERT INTO chosen VALUES (1, ''new'', ''c'', ''W''); UPDATE chosen SET phase = ''won''; '
		'INSERT INTO chosen VALUES (1, ''new'', ''e'', ''Y'')',
		'c: made-W noted-deleted; e: made-Y'),
	('INSERT INTO chosen VALUES (1, ''new'', ''c'', ''W''), (2, ''new'', ''d'', ''X''); '
		'UPDATE chosen SET phase = ''won''; INSERT INTO chosen VALUES (1, ''new'', ''e'', ''Y'')',
		'c: made-W noted-deleted; d: made-X noted-deleted; e: made-Y')) AS c (doing, says);

-- ---- only real changes amend

CREATE TABLE said_in (id int PRIMARY KEY, customer text, words text, due_at timestamptz,
	due_wall timestamp, due_day date);
SELECT format('CREATE TRIGGER %1$s_%2$s AFTER %3$s ON said_in FOR EACH ROW '
	'EXECUTE FUNCTION trust_ledger.track(%1$L, ''customer=customer'', ''words=words'', '
	'''due=%2$s'', ''promise:%2$s'')', event, col, operation)
FROM (VALUES ('made', 'INSERT'), ('amended', 'UPDATE')) AS v (event, operation),
	unnest('{due_at,due_wall,due_day}'::text[]) AS col \gexec
ALTER TABLE said_in OWNER TO app;
SELECT is(entries_after('INSERT INTO deal VALUES (1, ''c'', ''W'', ''k'', ''2031-02-01 00:00+00'', '
	'2.50, ''EUR'', ''P'', ''1 day'', ''bot''); ' || doing,
	shown => $$event || coalesce('-' || words, '') $$),
	'c: made-W' || says, doing)
FROM (VALUES
	('UPDATE deal SET id = id, customer = customer, words = words, kind = kind, due = due, '
		'value = value, currency = currency, purpose = purpose, longest_pause = longest_pause, '
		'drafted_by = drafted_by, status = status', ''),
	('UPDATE deal SET other = ''x'', status = ''open'', approver = ''ben''', ''),
	('UPDATE deal SET words = words || ''''', ''), ('UPDATE deal SET value = 2.5', ''),
	('UPDATE deal SET value = 2.500', ''),
	('UPDATE deal SET due = ''2031-02-01 09:00+09''', ''),
	('UPDATE deal SET longest_pause = ''24:00''', ''),
	('INSERT INTO deal SELECT 1 ON CONFLICT (id) DO UPDATE SET words = deal.words', ''),
	('UPDATE deal SET words = ''X''', ' amended-X'),
	('UPDATE deal SET words = ''w''', ' amended-w'),
	('UPDATE deal SET words = ''W ''', ' amended-W '),
	('UPDATE deal SET value = 2.51', ' amended-W'), ('UPDATE deal SET value = NULL', ' amended-W'),
	('UPDATE deal SET currency = ''USD''', ' amended-W'),
	('UPDATE deal SET kind = NULL, due = NULL, value = NULL, currency = NULL, purpose = NULL, '
		'longest_pause = NULL', ' amended-W'),
	('UPDATE deal SET due = due + interval ''1 microsecond''', ' amended-W'),
	('UPDATE deal SET drafted_by = ''ben''', ' amended-W'),
	('UPDATE deal SET drafted_by = NULL', ''),
	('UPDATE deal SET words = ''X'' WHERE id = 2', '')) AS v (doing, says);
SELECT is(entries_after(format('INSERT INTO deal VALUES (1, ''c'', ''W'', ''k'', ''2031-02-01 '
	'00:00+00'', 2.50, ''EUR'', ''P'', ''1 day'', ''bot''); UPDATE deal SET %I = NULL', col),
	shown => format('coalesce((SELECT %I::text FROM trust.promise p WHERE p.promise '
		'= entry.promise), ''-'')', col)), 'c: - -', col || ' is cleared')
FROM unnest('{kind,due,value,currency,purpose,longest_pause}'::text[]) AS col;
SELECT is(entries_after('INSERT INTO deal (id, customer, words) VALUES (1, ''c'', ''W''); '
	|| doing), says, doing)
FROM (VALUES ('UPDATE deal SET words = NULL', '22004'), ('UPDATE deal SET words = ''''', '22023'),
	('UPDATE deal SET customer = NULL', '22004'), ('UPDATE deal SET due = ''2001-01-01''', '22023'),
	('UPDATE deal SET currency = ''''', '22023')) AS v (doing, says);
SELECT is(entries_after('INSERT INTO deal (id, customer, words) VALUES (1, ''c'', ''W'') '
	'RETURNING id; UPDATE deal SET words = ''X'' RETURNING words; DELETE FROM deal RETURNING *'),
	'c: made amended noted', 'RETURNING');
SELECT is(entries_after(format('SET LOCAL TimeZone = %L; INSERT INTO said_in '
	'VALUES (1, ''c'', ''W'', ''2031-02-01 12:00+00'', ''2031-02-01 12:00'', ''2031-02-01''); '
	'UPDATE said_in SET due_at = ''2031-02-02 12:00+00'', due_wall = ''2031-02-02 12:00'', '
	'due_day = ''2031-02-02''', zone),
	shown => $$(details ->> 'name') || to_char(due AT TIME ZONE 'UTC', '-DD"T"HH24:MI')$$),
	'c: due_at-01T12:00 due_day-01T14:59 due_wall-01T03:00 due_at-02T12:00 due_day-02T14:59 '
		'due_wall-02T03:00', 'due by instant, clock on the wall and day, in ' || zone)
FROM unnest('{UTC,America/New_York}'::text[]) AS zone;

-- ---- who backs it

CREATE TABLE signed (id int PRIMARY KEY, customer text, words text, kind text DEFAULT 'guarded',
	promiser text, backer text, other text);
CREATE TRIGGER made AFTER INSERT ON signed FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=words', 'kind=kind', 'promiser=promiser');
CREATE TRIGGER amended AFTER UPDATE ON signed FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('amended', 'words=words', 'kind=kind');
CREATE TRIGGER backed AFTER INSERT OR UPDATE ON signed FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('backed', 'backer=backer');
CREATE TABLE entered (LIKE signed INCLUDING ALL);
CREATE TRIGGER made AFTER INSERT ON entered FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=words', 'kind=kind', 'promiser=promiser', 'actor:bot');
ALTER TABLE signed OWNER TO app;
ALTER TABLE entered OWNER TO app;
GRANT SELECT, INSERT, UPDATE, DELETE ON deal, signed, entered TO PUBLIC;
SELECT is(entries_after(doing, acting, login,
	$$CASE event WHEN 'backed' THEN backer || ' ' || evidence WHEN 'made' THEN coalesce(backer $$ ||
	$$|| ' made ' || evidence, 'made') ELSE event END$$),
	says, concat_ws(': ', login, acting, doing))
FROM (VALUES
	-- by act_as() or by one's own login; the evidence is never more than asserted
	('INSERT INTO signed VALUES (1, ''c'', ''W''); SELECT act(''anna''); '
		'UPDATE signed SET backer = ''anna''', 'bot', 'app', 'c: made anna asserted'),
	('INSERT INTO signed (id, customer, words, promiser) VALUES (1, ''c'', ''W'', ''bot''); '
		'UPDATE signed SET backer = ''lisa''', NULL, 'login_lisa', 'c: made lisa asserted'),
	('INSERT INTO signed (id, customer, words, promiser, backer) '
		'VALUES (1, ''c'', ''W'', ''bot'', ''lisa'')', NULL, 'login_lisa', 'c: made lisa asserted'),
	('INSERT INTO signed (id, customer, words) VALUES (1, ''c'', ''W'')', NULL, 'login_lisa',
		'c: lisa made asserted'),
	('INSERT INTO deal (id, customer, words, kind) VALUES (1, ''c'', ''W'', ''guarded''); '
		'SELECT act(''anna''); UPDATE deal SET approved = true', 'bot', 'app',
		'c: made anna asserted'),
	('INSERT INTO deal (id, customer, words, kind) VALUES (1, ''c'', ''W'', ''guarded''); '
		'UPDATE deal SET approved = true', 'bot', 'app', 'TL003'),
	('INSERT INTO deal (id, customer, words, kind) VALUES (1, ''c'', ''W'', ''guarded''); '
		'SELECT act(''crm''); UPDATE deal SET approved = true', 'bot', 'app', 'TL003'),
	('INSERT INTO deal (id, customer, words, kind) VALUES (1, ''c'', ''W'', ''guarded''); '
		'SELECT act(''cora''); UPDATE deal SET approved = true', 'bot', 'app', 'TL003'),
	-- somebody else is named
	('INSERT INTO signed VALUES (1, ''c'', ''W''); UPDATE signed SET backer = ''anna''', 'bot',
		'app', 'TL003'),
	('INSERT INTO signed VALUES (1, ''c'', ''W''); UPDATE signed SET backer = ''anna''', 'ben',
		'app', 'TL003'),
	('INSERT INTO signed VALUES (1, ''c'', ''W''); UPDATE signed SET backer = ''nobody''', 'anna',
		'app', 'TL003'),
	('INSERT INTO signed VALUES (1, ''c'', ''W''); UPDATE signed SET backer = ''anna''', NULL,
		'login_lisa', 'TL003'),
	('INSERT INTO signed VALUES (1, ''c'', ''W'', ''guarded'', NULL, ''anna'')', 'bot', 'app',
		'c: made'),
	('INSERT INTO signed VALUES (1, ''c'', ''W'', ''guarded'', ''bot'', ''anna'')', 'ben', 'app',
		'c: made'),
	('INSERT INTO signed VALUES (1, ''c'', ''W'', ''guarded'', ''bot'', ''anna'')', 'anna', 'app',
		'c: made anna asserted'),
	('INSERT INTO signed VALUES (1, ''c'', ''W'', ''guarded'', ''bot'', ''anna''); '
		'UPDATE signed SET other = 1', 'ben', 'app', 'c: made'),
	-- being the promiser backs nothing in another's act
	('INSERT INTO signed VALUES (1, ''c'', ''W'', ''guarded'', ''anna'')', 'bot', 'app', 'c: made'),
	('INSERT INTO signed VALUES (1, ''c'', ''W'', ''guarded'', ''anna'')', 'crm', 'app', 'c: made'),
	('INSERT INTO signed VALUES (1, ''c'', ''W'', ''guarded'', ''anna'')', 'ben', 'app', 'c: made'),
	('INSERT INTO signed VALUES (1, ''c'', ''W'', ''guarded'', ''anna'')', 'anna', 'app',
		'c: anna made asserted'),
	('INSERT INTO entered VALUES (1, ''c'', ''W'', ''guarded'', ''anna'')', 'anna', 'app',
		'c: made'), ('INSERT INTO entered VALUES (1, ''c'', ''W'', ''guarded'', ''anna'')', NULL,
		'clerk', 'c: made'),
	('INSERT INTO entered VALUES (1, ''c'', ''W'', ''guarded'', ''anna'')', NULL, 'login_lisa',
		'c: made'), ('INSERT INTO entered VALUES (1, ''c'', ''W'')', NULL, 'login_lisa',
		'c: lisa made asserted'),
	-- a copy of an approved row is not approved
	('INSERT INTO deal (id, customer, words, kind) VALUES (1, ''c'', ''W'', ''guarded''); '
		'SELECT act(''anna''); UPDATE deal SET approved = true; SELECT act(''bot''); '
		'INSERT INTO deal SELECT (jsonb_populate_record(deal, ''{"id": 2}'')).* FROM deal', 'bot',
		'app', 'c: made anna asserted made'),
	('INSERT INTO signed VALUES (1, ''c'', ''W'', ''guarded'', ''bot'', ''anna''); '
		'INSERT INTO signed SELECT 2, customer, words, kind, promiser, backer FROM signed; '
		'SELECT act(''ben''); INSERT INTO signed SELECT 3, customer, words, kind, promiser, backer '
		'FROM signed WHERE id = 1', 'anna', 'app',
		'c: made anna asserted made anna asserted made'),
	('INSERT INTO deal (id, customer, words, kind) VALUES (1, ''c'', ''W'', ''guarded''); '
		'SELECT act(''anna''); UPDATE deal SET approved = true; INSERT INTO deal '
		'SELECT (jsonb_populate_record(deal, ''{"id": 2, "promiser": "bot"}'')).* FROM deal', 'bot',
		'app', 'c: made anna asserted made'),
	('INSERT INTO deal (id, customer, words, approved) VALUES (1, ''c'', ''W'', true); '
		'UPDATE deal SET approved = true, words = words', 'bot', 'app', 'c: made'),
	('INSERT INTO deal (id, customer, words, approved) VALUES (1, ''c'', ''W'', true); '
		'UPDATE deal SET words = ''X''', 'bot', 'app', 'c: made amended')) AS v (doing, acting,
		login, says);
-- A row that is edited after it was approved is not approved any more.
SELECT is(entries_after(format('INSERT INTO deal (id, customer, words, kind) '
	'VALUES (1, ''c'', ''W'', ''guarded''); SELECT act(''anna''); UPDATE deal SET approved = true; '
	'SELECT act(%L); %s', acting, doing),
	'bot', 'app', $$concat_ws('/', event, state, backer)$$), 'c: made/proposed backed/open/anna'
		|| says, acting || ': ' || doing)
FROM (VALUES ('bot', 'UPDATE deal SET words = ''X''', ' amended/proposed'),
	('anna', 'UPDATE deal SET words = ''X''', ' amended/proposed'),
	('bot', 'UPDATE deal SET other = ''x'', words = words', ''),
	('ben', 'UPDATE deal SET value = 5', ' amended/proposed'),
	('bot', 'UPDATE deal SET words = ''X''; UPDATE deal SET words = ''W''',
		' amended/proposed amended/proposed'), ('anna', 'UPDATE deal SET approved = true', ''),
	('anna', 'UPDATE deal SET approved = false; UPDATE deal SET approved = true',
		' backed/open/anna'),
	('ben', 'UPDATE deal SET words = ''X'', approved = NULL; UPDATE deal SET approved = true',
		' amended/proposed backed/open/ben')) AS v (acting, doing, says);

-- ---- rows that change their customer or key, or are deleted

CREATE TABLE dropped (LIKE deal INCLUDING ALL);
SELECT format('CREATE TRIGGER %I AFTER %s ON dropped FOR EACH ROW '
	'EXECUTE FUNCTION trust_ledger.track(%L, %s)', event, operation, event, arguments)
FROM (VALUES ('made', 'INSERT', '''customer=customer'', ''words=words'', ''due=due'''),
	('accepted', 'UPDATE OF status', '''relayed:false'''),
	('noted', 'DELETE', '''on_delete:withdrawn''')) AS v (event, operation, arguments) \gexec
CREATE TABLE double (id int PRIMARY KEY, customer text, words text, also text);
SELECT format('CREATE TRIGGER %s_%s AFTER %s ON double FOR EACH ROW '
	'EXECUTE FUNCTION trust_ledger.track(%L, %s ''promise:%2$s'')', event, col, operation, event,
	CASE WHEN operation <> 'DELETE' THEN format('''customer=customer'', ''words=%s'',', col)
	ELSE '' END)
FROM (VALUES ('made', 'INSERT'), ('amended', 'UPDATE'), ('noted', 'DELETE')) AS v (event,
	operation), unnest('{words,also}'::text[]) AS col \gexec
ALTER TABLE dropped OWNER TO app;
ALTER TABLE double OWNER TO app;
SELECT is(entries_after(doing,
	shown => $$event || '/' || state || coalesce('/' || (details ->> 'name'), '') || $$ ||
	$$coalesce('-' || (details ->> 'row'), '')$$), says, doing)
FROM (VALUES
	-- another customer
	('SELECT insert_row(1, ''c''); UPDATE deal SET customer = ''d''; UPDATE deal SET words = ''X''',
		'c: made/open withdrawn/withdrawn-moved; d: made/open amended/open'),
	('SELECT insert_row(1, ''c''); UPDATE deal SET customer = ''d'', words = ''X''; '
		'UPDATE deal SET customer = ''c''',
		'c: made/open withdrawn/withdrawn-moved made/open; d: made/open withdrawn/withdrawn-moved'),
	('SELECT insert_row(1, ''c''); SELECT act(''cora''); UPDATE deal SET status = ''accepted''; '
		'SELECT act(''anna''); UPDATE deal SET customer = ''d''',
		'c: made/open accepted/open withdrawn/broken-moved; d: made/open'),
	('INSERT INTO deal (id, customer, words, due) VALUES (1, ''c'', ''W'', clock_timestamp() + '
		'interval ''0.1 s''); INSERT INTO written VALUES (2); SELECT pg_sleep(0.2); '
		'UPDATE deal SET due = ''2099-01-01'', customer = ''d''',
		'c: made/open withdrawn/broken-moved; d: made/open'),
	('SELECT insert_row(1, ''c''); UPDATE deal SET status = ''kept''; '
		'UPDATE deal SET customer = ''d''; UPDATE deal SET words = ''X''',
		'c: made/open assessed/kept noted/kept noted/kept'),
	('SELECT insert_row(1, ''c''); UPDATE deal SET status = ''kept''; '
		'UPDATE deal SET words = ''X'', value = 5', 'c: made/open assessed/kept noted/kept'),
	('SELECT insert_row(1, ''c''), insert_row(2, ''d''); UPDATE deal SET customer = CASE customer '
		'WHEN ''c'' THEN ''d'' ELSE ''c'' END',
		'c: made/open withdrawn/withdrawn-moved made/open; '
		'd: made/open made/open withdrawn/withdrawn-moved'),
	('INSERT INTO double VALUES (1, ''c'', ''W'', ''V''); UPDATE double SET customer = ''d''',
		'c: made/open/also made/open/words withdrawn/withdrawn/also-moved '
		'withdrawn/withdrawn/words-moved; d: made/open/also made/open/words'),
	-- another key
	('SELECT insert_row(1, ''c''); UPDATE deal SET id = 2; SELECT insert_row(1, ''d''); '
		'UPDATE deal SET words = ''X'' WHERE id = 2; UPDATE deal SET words = ''Y'' WHERE id = 1',
		'c: made/open noted/open amended/open; d: made/open amended/open'),
	('SELECT insert_row(1, ''c''), insert_row(2, ''d''); UPDATE deal SET id = 3 WHERE id = 1; '
		'UPDATE deal SET id = 1 WHERE id = 2; UPDATE deal SET id = 2 WHERE id = 3; '
		'UPDATE deal SET words = ''X'' WHERE id = 2',
		'c: made/open noted/open noted/open amended/open; d: made/open noted/open'),
	('SELECT insert_row(1, ''c''); UPDATE deal SET status = ''kept''; UPDATE deal SET id = 2; '
		'UPDATE deal SET status = ''broken''',
		'c: made/open assessed/kept noted/kept assessed/broken'),
	('SELECT insert_row(1, ''c''); UPDATE deal SET id = 2, status = ''kept''',
		'c: made/open noted/open assessed/kept'),
	('SELECT insert_row(1, ''c''); UPDATE deal SET id = 2, drafted_by = ''bot''; '
		'UPDATE deal SET drafted_by = NULL, id = 3; DELETE FROM deal',
		'c: made/open amended/open noted/open noted/open-deleted'),
	('SELECT insert_row(1, ''c''); UPDATE deal SET id = 2, customer = ''d''; DELETE FROM deal '
		'WHERE id = 2', 'c: made/open withdrawn/withdrawn-moved; d: made/open noted/open-deleted'),
	-- deleted
	('SELECT insert_row(1, ''c''); DELETE FROM deal; INSERT INTO written VALUES (2); '
		'SELECT insert_row(1, ''c'')', 'c: made/open noted/open-deleted made/open'),
	('SELECT insert_row(1, ''c''); INSERT INTO written VALUES (2); DELETE FROM deal; '
		'SELECT insert_row(1, ''c'')', 'c: made/open'),
	('SELECT insert_row(1, ''c''); INSERT INTO written VALUES (2); DELETE FROM deal; '
		'SELECT insert_row(1, ''d'')', 'c: made/open withdrawn/withdrawn-moved; d: made/open'),
	('SELECT insert_row(1, ''c''); UPDATE deal SET status = ''kept''; DELETE FROM deal; '
		'SELECT insert_row(1, ''c'')', 'c: made/open assessed/kept'),
	('SELECT insert_row(1, ''c''); UPDATE deal SET status = ''kept''; DELETE FROM deal',
		'c: made/open assessed/kept noted/kept-deleted'),
	('INSERT INTO dropped (id, customer, words) VALUES (1, ''c'', ''W''); DELETE FROM dropped',
		'c: made/open withdrawn/withdrawn-deleted'),
	('INSERT INTO dropped (id, customer, words) VALUES (1, ''c'', ''W''); SELECT act(''cora''); '
		'UPDATE dropped SET status = 1; SELECT act(''anna''); DELETE FROM dropped',
		'c: made/open accepted/open withdrawn/broken-deleted'),
	('INSERT INTO dropped (id, customer, words, due) VALUES (1, ''c'', ''W'', clock_timestamp() + '
		'interval ''0.1 s''); INSERT INTO written VALUES (2); SELECT pg_sleep(0.2); '
		'DELETE FROM dropped', 'c: made/open withdrawn/broken-deleted'),
	('INSERT INTO double VALUES (1, ''c'', ''W'', ''V''); UPDATE double SET also = ''X''; '
		'DELETE FROM double',
		'c: made/open/also made/open/words amended/open/also noted/open/also-deleted '
		'noted/open/words-deleted'),
	('TRUNCATE deal', 'nothing'),
	('UPDATE deal SET words = 1; DELETE FROM deal', 'nothing')) AS v (doing, says);
DO $$
BEGIN
	PERFORM trust_ledger.act_as('anna');
	PERFORM insert_row(71, 'from');
	INSERT INTO double VALUES (72, 'from', 'W', 'V');
	UPDATE deal SET customer = 'to' WHERE id = 71;
	UPDATE double SET customer = 'to';
	UPDATE deal SET customer = 'third' WHERE id = 71;
END
$$;
SELECT results_eq($$SELECT w.customer, m.customer, m.details ->> 'key', m.details ->> 'source',
	m.details ->> 'name' FROM trust.entry w JOIN trust.entry m ON m.event = 'made' AND w.details
	->> 'moved_to' = m.promise::text AND m.details ->> 'moved_from' = w.promise::text
		WHERE w.event = 'withdrawn' AND w.details ->> 'row' = 'moved' ORDER BY 1, 2, 5 $$,
	$$VALUES ('from' COLLATE "C", 'to' COLLATE "C", '72', 'public.double', 'also'), $$ ||
		$$('from', 'to', '72', 'public.double', 'words'), ('from', 'to', '71', 'public.deal', $$ ||
		$$NULL), ('to', 'third', '71', 'public.deal', NULL)$$,
	'each of the two names the other');
DO $$ BEGIN PERFORM trust_ledger.act_as('anna'); DELETE FROM deal; END $$;

-- ---- levels and actors

CREATE TABLE owned (id int PRIMARY KEY, customer text, words text);
CREATE TRIGGER made AFTER INSERT ON owned FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=words', 'actor:bot');
CREATE TABLE portal (LIKE owned INCLUDING ALL);
CREATE TRIGGER made AFTER INSERT ON portal FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=words', 'promiser:anna', 'actor:carl');
CREATE TABLE recorded (LIKE owned INCLUDING ALL);
CREATE TRIGGER made AFTER INSERT ON recorded FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('made', 'customer=customer', 'words=words', 'promiser:anna',
	'actor:crm');
CREATE TABLE humans (LIKE owned INCLUDING ALL);
CREATE TRIGGER made AFTER INSERT ON humans FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=words', 'actor:anna');
SELECT format('ALTER TABLE %s OWNER TO app; GRANT ALL ON %1$s TO PUBLIC', tab)
	FROM unnest('{owned,portal,recorded,humans}'::text[]) AS tab \gexec
CREATE FUNCTION as_definer(doing text) RETURNS void LANGUAGE plpgsql SECURITY
	DEFINER AS 'BEGIN EXECUTE doing; END';
CREATE FUNCTION as_robot(doing text) RETURNS void LANGUAGE plpgsql SECURITY
	DEFINER AS 'BEGIN EXECUTE doing; END';
ALTER FUNCTION as_robot(text) OWNER TO role_bot;
SELECT is(entries_after(doing, acting, login,
	$$concat_ws('/', event, actor, evidence, login, role)$$),
	says, concat_ws(': ', login, acting, doing))
FROM (VALUES
	('INSERT INTO owned VALUES (1, ''c'', ''W'')', NULL, 'outsider',
		'c: made/bot/asserted/outsider/outsider'),
	('INSERT INTO owned VALUES (1, ''c'', ''W'')', 'anna', 'app', 'c: made/bot/asserted/app/app'),
	('INSERT INTO owned VALUES (1, ''c'', ''W'')', NULL, 'login_lisa',
		'c: made/lisa/asserted/login_lisa/login_lisa'),
	('INSERT INTO owned VALUES (1, ''c'', ''W'')', NULL, 'login_carl', 'TL003'),
	('SET LOCAL ROLE role_bot; INSERT INTO owned VALUES (1, ''c'', ''W'')', NULL, 'clerk',
		'c: made/robot/asserted/clerk/role_bot'),
	('SELECT as_robot(''INSERT INTO owned VALUES (1, ''''c'''', ''''W'''')'')', NULL, 'clerk',
		'c: made/robot/asserted/clerk/role_bot'),
	('SELECT as_robot(''INSERT INTO owned VALUES (1, ''''c'''', ''''W'''')'')', NULL, 'login_lisa',
		'TL003'), ('SELECT as_definer(''INSERT INTO owned VALUES (1, ''''c'''', ''''W'''')'')',
		NULL, 'outsider', 'c: made/bot/asserted/outsider/postgres'),
	('SELECT as_definer(''INSERT INTO owned VALUES (1, ''''c'''', ''''W'''')'')', NULL,
		'login_lisa', 'c: made/lisa/asserted/login_lisa/postgres'),
	('SET LOCAL ROLE role_bot; INSERT INTO owned VALUES (1, ''c'', ''W''); RESET ROLE; '
		'INSERT INTO owned VALUES (2, ''c'', ''W'')', NULL, 'clerk',
		'c: made/robot/asserted/clerk/role_bot made/bot/asserted/clerk/clerk'),
	('INSERT INTO portal VALUES (1, ''c'', ''W'')', NULL, 'outsider', 'TL003'),
	('INSERT INTO portal VALUES (1, ''c'', ''W'')', 'anna', 'app', 'TL003'),
	('INSERT INTO humans VALUES (1, ''c'', ''W'')', NULL, 'outsider', 'TL003'),
	('INSERT INTO humans VALUES (1, ''c'', ''W'')', 'anna', 'app', 'TL003'),
	('INSERT INTO humans VALUES (1, ''c'', ''W'')', NULL, 'login_lisa',
		'c: made/lisa/asserted/login_lisa/login_lisa'),
	('INSERT INTO recorded VALUES (1, ''c'', ''W'')', NULL, 'outsider',
		'c: made/crm/asserted/outsider/outsider'),
	('INSERT INTO deal (id, customer, words) VALUES (1, ''c'', ''W'')', NULL, 'outsider', 'TL003'),
	('SELECT insert_row(1, ''c''); SELECT act(''ben''); SELECT update_words(1, ''X'')', 'anna',
		'app', 'c: made/anna/asserted/app/app amended/ben/asserted/app/app'),
	-- the owner's level
	('SELECT as_postgres(''ALTER TABLE owned OWNER TO outsider''); INSERT INTO owned '
		'VALUES (1, ''c'', ''W'')', NULL, 'clerk', 'TL004'),
	('SELECT as_postgres(''ALTER TABLE owned OWNER TO outsider''); INSERT INTO owned '
		'VALUES (1, ''c'', ''W'')', 'anna', 'app', 'TL004'),
	('INSERT INTO owned VALUES (1, ''c'', ''W''); SELECT as_postgres(''ALTER TABLE owned OWNER TO '
		'outsider'')', NULL, 'clerk', 'c: made/bot/asserted/clerk/clerk'),
	('SELECT as_postgres(''SELECT trust_ledger.revoke_access(''''app'''', ''''application'''')''); '
		'INSERT INTO owned VALUES (1, ''c'', ''W'')', NULL, 'clerk', 'TL004'),
	('INSERT INTO owned VALUES (1, ''c'', ''W''); '
		'SELECT as_postgres(''SELECT '
		'trust_ledger.revoke_access(''''app'''', ''''application'''')'')', NULL, 'clerk', 'TL004'),
	('SELECT as_postgres(''ALTER TABLE owned OWNER TO postgres''); INSERT INTO owned '
		'VALUES (1, ''c'', ''W'')', NULL, 'clerk', 'c: made/bot/asserted/clerk/clerk'),
	('INSERT INTO owned VALUES (1, ''c'', ''W''); '
		'SELECT as_postgres(''SELECT trust_ledger.retire_actor(''''bot'''')'')', NULL, 'clerk',
		'TL003')) AS v (doing, acting, login, says);
ALTER TABLE owned OWNER TO outsider;
SELECT throws_matching($$INSERT INTO owned VALUES (1, 'c', 'W')$$, '"outsider"',
	'the owner without a level is named');
ALTER TABLE owned OWNER TO app;

-- ---- COPY

BEGIN;
DO $$ BEGIN PERFORM trust_ledger.act_as('bot'); END $$;
COPY keyed_composite (k, l, m, customer, words) FROM stdin;
7	2031-02-01 00:00:00+00	it's "a"	copied	W
8	2031-02-01 00:00:00+00	b	copied	X
\.
COPY keyed_char18 (k, customer, words) FROM stdin WITH (FORMAT csv);
"0015g00000XyZaBAAV",copied,"W, X"
\.
COMMIT;
SELECT results_eq($$SELECT details ->> 'key', words FROM trust.entry WHERE customer = 'copied'
	ORDER BY seq$$,
	$$VALUES ('["it''s \"a\"","2031-02-01T00:00:00+00:00","7"]', 'W'), $$ ||
		$$('["b","2031-02-01T00:00:00+00:00","8"]', 'X'), ('0015g00000XyZaBAAV', 'W, X')$$,
		'COPY FROM stdin');

-- ---- planted triggers and objects

CREATE TABLE shared (id int PRIMARY KEY, customer text, words text, promiser text, backer text,
	status text);
SELECT format('CREATE TRIGGER %I AFTER %s ON shared FOR EACH ROW '
	'EXECUTE FUNCTION trust_ledger.track(%L %s)', event, operation, event, arguments)
FROM (VALUES ('made', 'INSERT',
	',''customer=customer'', ''words=words'', ''kind:guarded'', ''promiser=promiser'''),
	('amended', 'UPDATE', ',''words=words'''), ('backed', 'UPDATE OF status', '')) AS v (event,
	operation, arguments) \gexec
ALTER TABLE shared OWNER TO app;
GRANT ALL ON shared TO PUBLIC;
CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF pg_trigger_depth() = 1 THEN
		EXECUTE tg_argv[0] USING NEW;
	END IF;
	RETURN CASE WHEN tg_nargs = 1 THEN NEW END;
END
$$;
CREATE FUNCTION plant(fires text, doing text, name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM as_postgres(format('CREATE TRIGGER %I %s ON shared FOR EACH ROW '
		'EXECUTE FUNCTION planted(%L)', name, fires, doing));
END
$$;
CREATE FUNCTION shouts() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.words := upper(NEW.words); '
	'RETURN NEW; END';
CREATE FUNCTION swallows() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
SELECT is(entries_after(doing, acting, login,
	$$concat_ws('-', event, words, actor, backer, evidence)$$), says, doing) FROM (VALUES
	('SELECT as_postgres(''CREATE TRIGGER a BEFORE INSERT ON shared FOR EACH ROW '
		'EXECUTE FUNCTION shouts()''); INSERT INTO shared VALUES (1, ''c'', ''w'', ''bot'')',
		'anna', 'app', 'c: made-W-anna-asserted'),
	('SELECT as_postgres(''CREATE TRIGGER a BEFORE INSERT ON shared FOR EACH ROW '
		'EXECUTE FUNCTION swallows()''); INSERT INTO shared VALUES (1, ''c'', ''w'', ''bot'')',
		'anna', 'app', 'nothing'),
	-- changes the row before its change is recorded, and after
	('SELECT plant(''AFTER INSERT'', ''UPDATE shared SET words = ''''X'''' '
		'WHERE id = $1.id'', ''a''); INSERT INTO shared VALUES (1, ''c'', ''W'', ''bot'')', 'anna',
		'app', 'c: made-X-anna-asserted'),
	('SELECT plant(''AFTER INSERT'', ''UPDATE shared SET words = ''''X'''' '
		'WHERE id = $1.id'', ''z''); INSERT INTO shared VALUES (1, ''c'', ''W'', ''bot'')', 'anna',
		'app', 'c: made-W-anna-asserted amended-X-anna-asserted'),
	('SELECT plant(''AFTER INSERT'', ''DELETE FROM shared WHERE id = $1.id'', ''a''); '
		'INSERT INTO shared VALUES (1, ''c'', ''W'', ''bot'')', 'anna', 'app', 'nothing'),
	-- in the name of the actor who changes the row, never with more than asserted evidence
	('SELECT plant(''AFTER INSERT'', ''UPDATE shared SET status = 1 WHERE id = $1.id'', ''z''); '
		'INSERT INTO shared VALUES (1, ''c'', ''W'', ''bot'')', NULL, 'login_lisa',
		'c: made-W-lisa-asserted backed-lisa-lisa-asserted'),
	('SELECT plant(''AFTER INSERT'', ''SELECT trust_ledger.act_as(''''ben'''')'', ''a''); '
		'INSERT INTO shared VALUES (1, ''c'', ''W'', ''bot'')', NULL, 'login_lisa', 'TL004'),
	('SELECT plant(''AFTER INSERT'', ''SET LOCAL ROLE role_bot'', ''a''); INSERT INTO shared '
		'VALUES (1, ''c'', ''W'', ''bot'')', NULL, 'login_lisa', '42501')) AS v (doing, acting,
		login, says);
SELECT is((SELECT evidence FROM trust.entry WHERE event = 'backed' AND evidence <> 'asserted' LIMIT
	1), NULL, 'none has more');

CREATE SCHEMA evil;
CREATE FUNCTION evil.sabotage() RETURNS boolean LANGUAGE
	plpgsql AS 'BEGIN RAISE SQLSTATE ''EV000''; END';
SELECT format('CREATE FUNCTION evil.%1$s(%2$s, %2$s) RETURNS boolean LANGUAGE sql '
	'AS ''SELECT evil.sabotage()''; CREATE OPERATOR evil.%3$s (LEFTARG = %2$s, RIGHTARG = %2$s, '
	'FUNCTION = evil.%1$s)', 'is_' || type || nr, type, operator)
FROM unnest('{text,uuid,bigint,int,name,oid,jsonb,boolean}'::text[]) AS type,
	unnest('{=,<>,<,>}'::text[]) WITH ORDINALITY AS o (operator, nr) \gexec
CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE
	sql AS 'SELECT evil.sabotage(); SELECT now()';
CREATE FUNCTION evil.jsonb_populate_record(anyelement, jsonb) RETURNS anyelement LANGUAGE
	sql AS 'SELECT evil.sabotage(); SELECT $1';
CREATE TABLE evil.source (LIKE trust.source);
CREATE TYPE evil.text AS (a int);
GRANT USAGE ON SCHEMA evil TO PUBLIC;
SELECT is(entries_after('CREATE TEMP TABLE promise (customer int); CREATE TEMP TABLE source (key '
	'int); SET LOCAL search_path = evil, pg_temp, pg_catalog, public;
	INSERT INTO deal (id, customer, words) VALUES (1, ''c'', ''W''), (2, ''d'', ''V''); '
		'UPDATE deal SET words = ''X''; UPDATE deal SET customer = ''e''; DELETE FROM deal; '
		'INSERT INTO public.written VALUES (2); SET LOCAL search_path = public'),
	'c: made amended withdrawn; d: made amended withdrawn; e: made made noted noted',
		'functions, operators, types and tables that are not the ledger''s');

-- ---- trust.source

SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');
CREATE VIEW said_of_rows AS SELECT DISTINCT ON (customer, promise) customer, promise,
	details ->> 'source' AS source, details ->> 'key' AS key, coalesce(details ->> 'name',
	'') AS name, details ? 'row' AS gone
	FROM trust.entry WHERE details ? 'source' ORDER BY customer, promise, seq DESC;
SELECT set_eq('SELECT customer, promise, source, key, name, gone FROM trust.source',
	'SELECT * FROM said_of_rows', 'trust.source is what the entries say');
SELECT cmp_ok((SELECT count(*) FROM trust.source), '>', 5::bigint, 'of some rows');
SELECT set_eq('SELECT customer, promise, source, key, name, gone FROM trust.tracked_row',
	'SELECT * FROM said_of_rows', 'and so does the view');
SELECT is_empty('SELECT source, key, name FROM trust.source WHERE NOT gone GROUP BY 1, 2, 3 '
	'HAVING count(*) > 1', 'a row stands for one promise');
-- What verify() finds after tampering with trust.source, and how many rows rebuild() then changes.
-- Rolled back.
CREATE FUNCTION repaired(doing text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said text;
BEGIN
	ALTER TABLE trust.source DISABLE TRIGGER USER;
	EXECUTE doing;
	ALTER TABLE trust.source ENABLE ALWAYS TRIGGER trust_guard, ENABLE ALWAYS TRIGGER
		trust_guard_truncate;
	said := (SELECT string_agg(concat_ws(' ', part, customer, field), ', ' ORDER BY part, customer,
		field) FROM trust_ledger.verify());
	PERFORM trust_ledger.rebuild(c) FROM unnest('{to,third}'::text[]) AS c;
	RAISE EXCEPTION USING ERRCODE = 'OK000', MESSAGE = concat_ws('; ', said,
		(SELECT string_agg(details ->> 'rows_changed', ' ' ORDER BY seq) FROM trust.entry
		WHERE event = 'rebuilt'),
		(SELECT count(*) FROM trust_ledger.verify()), NOT EXISTS (SELECT customer, promise, source,
			key, name, gone FROM trust.source EXCEPT SELECT * FROM said_of_rows) AND NOT EXISTS
			(SELECT * FROM said_of_rows EXCEPT SELECT customer, promise, source, key, name, gone
			FROM trust.source));
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN SQLERRM;
END
$$;
SELECT is(repaired(doing), says, doing) FROM (VALUES
	('SELECT 1', '0 0; 0; t'),
	('DELETE FROM trust.source WHERE customer = ''third''', 'source third; 0 1; 0; t'),
	('UPDATE trust.source SET key = ''99'' WHERE customer = ''third''',
		'source third key; 0 1; 0; t'),
	('UPDATE trust.source SET gone = NOT gone, name = ''x'', source = ''y'' WHERE customer '
		'= ''third''', 'source third gone, source third name, source third source; 0 1; 0; t'),
	('UPDATE trust.source SET seq = 99 WHERE customer = ''third''', 'source third seq; 0 1; 0; t'),
	('UPDATE trust.source SET customer = ''third'' WHERE customer = ''to'' AND key = ''71''',
		'source third, source to; 1 1; 0; t'),
	('UPDATE trust.source SET promise = gen_random_uuid() WHERE customer = ''third''',
		'source third, source third; 0 2; 0; t'),
	('INSERT INTO trust.source SELECT customer, gen_random_uuid(), source, key, name, gone, seq '
		'FROM trust.source WHERE customer = ''third''', 'source third; 0 1; 0; t')) AS v (doing,
		says);
SELECT throws_ok($$SELECT repaired('ALTER TABLE trust.source DROP CONSTRAINT source_pkey; '
	'INSERT INTO trust.source SELECT * FROM trust.source WHERE customer = ''third''')$$,
	'TL006', NULL, 'rebuild() refuses where a row is there twice');

-- A partition that is tracked beside one that is not.
CREATE TABLE parted (id int, phase text, customer text, words text, PRIMARY KEY (id, phase))
	PARTITION BY LIST (phase);
CREATE TABLE parted_new PARTITION OF parted FOR VALUES IN ('new');
CREATE TABLE parted_rest PARTITION OF parted DEFAULT;
CREATE TRIGGER made AFTER INSERT ON parted_new FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('made', 'customer=customer', 'words=words');
CREATE TRIGGER gone AFTER DELETE ON parted_new FOR EACH ROW
	EXECUTE FUNCTION trust_ledger.track('noted');
ALTER TABLE parted OWNER TO app;
ALTER TABLE parted_new OWNER TO app;
ALTER TABLE parted_rest OWNER TO app;
SELECT is(entries_after($$INSERT INTO parted VALUES (1, 'new', 'c', 'W');
	UPDATE parted SET phase = 'old'$$, shown => 'coalesce(note, words)'),
	'c: W Its row moved to a partition that is not tracked.',
		'a row that moves to a partition that is not tracked');

SELECT * FROM finish();
