\echo Use "ALTER EXTENSION trust_ledger UPDATE TO '0.3.0'" to load this file. \quit

-- Made by test/upgrade_script.

DROP FUNCTION trust_ledger.create_ledger();
DROP FUNCTION trust_ledger.create_trust_views();
DROP FUNCTION trust_ledger.create_exception_views();
DROP FUNCTION trust_ledger.create_analysis_views();
DROP FUNCTION trust_ledger.create_source_view();
DROP FUNCTION trust_ledger.create_tracked_view();
DROP FUNCTION trust_ledger.create_parked_view();

CREATE FUNCTION trust_ledger.guard_copy() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_copy() IS
	'Guard of trust.copy: create_ledger() marks an empty ledger as a copy, and nothing changes that. Error TL006.';

CREATE FUNCTION trust_ledger.guard_parked() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_parked() IS
	'Guard of trust.parked_change: a change waits from when it is parked until it is replayed or dropped; only why it waits changes. Error TL006.';

CREATE FUNCTION trust_ledger.ledger_structure(OUT tab text, OUT what text, OUT how text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	VALUES
-- made by test/shipped
		('access', 'column levels', 'text[] NOT NULL'),
		('access', 'column role', 'text COLLATE "C" NOT NULL'),
		('access', 'column seq', 'bigint NOT NULL'),
		('access', 'constraint', 'PRIMARY KEY (role)'),
		('access', 'unique index', 'btree (role)'),
		('actor', 'column active', 'boolean NOT NULL'),
		('actor', 'column actor', 'text COLLATE "C" NOT NULL'),
		('actor', 'column authority', 'jsonb'),
		('actor', 'column customer', 'text COLLATE "C"'),
		('actor', 'column db_role', 'text COLLATE "C"'),
		('actor', 'column kind', 'text COLLATE "C" NOT NULL'),
		('actor', 'column model', 'text COLLATE "C"'),
		('actor', 'column name', 'text'),
		('actor', 'column responsible', 'text COLLATE "C"'),
		('actor', 'column seq', 'bigint NOT NULL'),
		('actor', 'column speaks_for', 'text COLLATE "C" NOT NULL'),
		('actor', 'column successor', 'text COLLATE "C"'),
		('actor', 'constraint', 'CHECK ((kind = ANY (ARRAY[''human''::text, ''ai''::text, ''system''::text])))'),
		('actor', 'constraint', 'CHECK ((speaks_for = ANY (ARRAY[''company''::text, ''customer''::text, ''record''::text])))'),
		('actor', 'constraint', 'PRIMARY KEY (actor)'),
		('actor', 'index', 'btree (responsible) WHERE active'),
		('actor', 'unique index', 'btree (actor)'),
		('actor', 'unique index', 'btree (db_role) WHERE active'),
		('chain', 'column customer', 'text COLLATE "C" NOT NULL'),
		('chain', 'column head', 'bytea NOT NULL'),
		('chain', 'column length', 'bigint NOT NULL'),
		('chain', 'column recorded_at', 'timestamp with time zone'),
		('chain', 'column score', 'trust_ledger.trust_score NOT NULL DEFAULT ''empty''::trust_ledger.trust_score'),
		('chain', 'constraint', 'PRIMARY KEY (customer)'),
		('chain', 'unique index', 'btree (customer)'),
		('copy', 'column copied', 'text COLLATE "C" NOT NULL'),
		('copy', 'constraint', 'PRIMARY KEY (copied)'),
		('copy', 'unique index', 'btree (copied)'),
		('entry', 'column accepted', 'boolean'),
		('entry', 'column actor', 'text COLLATE "C"'),
		('entry', 'column actor_kind', 'text COLLATE "C"'),
		('entry', 'column actor_seq', 'bigint'),
		('entry', 'column back_by', 'timestamp with time zone'),
		('entry', 'column backer', 'text COLLATE "C"'),
		('entry', 'column backfilled', 'boolean NOT NULL'),
		('entry', 'column context', 'jsonb'),
		('entry', 'column context_commitment', 'bytea'),
		('entry', 'column context_salt', 'bytea'),
		('entry', 'column currency', 'text COLLATE "C"'),
		('entry', 'column customer', 'text COLLATE "C" NOT NULL'),
		('entry', 'column details', 'jsonb'),
		('entry', 'column drafted_by', 'text COLLATE "C"'),
		('entry', 'column due', 'timestamp with time zone'),
		('entry', 'column event', 'text COLLATE "C" NOT NULL'),
		('entry', 'column evidence', 'text COLLATE "C"'),
		('entry', 'column evidence_asked', 'text COLLATE "C"'),
		('entry', 'column format', 'smallint NOT NULL'),
		('entry', 'column hash', 'bytea NOT NULL'),
		('entry', 'column idempotency_key', 'text COLLATE "C"'),
		('entry', 'column kind', 'text COLLATE "C"'),
		('entry', 'column login', 'text COLLATE "C" NOT NULL'),
		('entry', 'column longest_pause', 'interval'),
		('entry', 'column name', 'text'),
		('entry', 'column name_commitment', 'bytea'),
		('entry', 'column name_salt', 'bytea'),
		('entry', 'column note', 'text'),
		('entry', 'column note_commitment', 'bytea'),
		('entry', 'column note_salt', 'bytea'),
		('entry', 'column occurred_at', 'timestamp with time zone NOT NULL'),
		('entry', 'column overdue_at', 'timestamp with time zone'),
		('entry', 'column prev_hash', 'bytea NOT NULL'),
		('entry', 'column promise', 'uuid'),
		('entry', 'column promiser', 'text COLLATE "C"'),
		('entry', 'column promiser_kind', 'text COLLATE "C"'),
		('entry', 'column purpose', 'text'),
		('entry', 'column purpose_commitment', 'bytea'),
		('entry', 'column purpose_met', 'boolean'),
		('entry', 'column purpose_salt', 'bytea'),
		('entry', 'column recorded_at', 'timestamp with time zone NOT NULL'),
		('entry', 'column refers_to', 'bigint'),
		('entry', 'column relayed', 'boolean'),
		('entry', 'column request', 'bytea'),
		('entry', 'column request_salt', 'bytea'),
		('entry', 'column responsible', 'text COLLATE "C"'),
		('entry', 'column role', 'text COLLATE "C" NOT NULL'),
		('entry', 'column seq', 'bigint NOT NULL'),
		('entry', 'column speaks_for', 'text COLLATE "C"'),
		('entry', 'column stands', 'boolean'),
		('entry', 'column state', 'text COLLATE "C"'),
		('entry', 'column subject', 'text COLLATE "C"'),
		('entry', 'column value', 'numeric'),
		('entry', 'column verdict', 'text COLLATE "C"'),
		('entry', 'column weight_broken', 'integer'),
		('entry', 'column weight_kept', 'integer'),
		('entry', 'column whose_word', 'text COLLATE "C"'),
		('entry', 'column words', 'text'),
		('entry', 'column words_commitment', 'bytea'),
		('entry', 'column words_salt', 'bytea'),
		('entry', 'constraint', 'PRIMARY KEY (customer, seq)'),
		('entry', 'index', 'btree (customer, seq) WHERE (event = ''erased''::text)'),
		('entry', 'unique index', 'btree (customer, idempotency_key) WHERE (idempotency_key IS NOT NULL)'),
		('entry', 'unique index', 'btree (customer, seq)'),
		('ledger', 'column half_life', 'interval NOT NULL'),
		('ledger', 'column lag', 'interval NOT NULL'),
		('ledger', 'column ledger', 'uuid NOT NULL'),
		('ledger', 'column seq', 'bigint NOT NULL'),
		('ledger', 'column table_format', 'integer NOT NULL'),
		('ledger', 'column weights', 'jsonb NOT NULL'),
		('ledger', 'column zone', 'text NOT NULL'),
		('ledger', 'constraint', 'PRIMARY KEY (ledger)'),
		('ledger', 'unique index', 'btree (ledger)'),
		('parked_change', 'column actor', 'text COLLATE "C"'),
		('parked_change', 'column error', 'text NOT NULL'),
		('parked_change', 'column login', 'text COLLATE "C" NOT NULL'),
		('parked_change', 'column new_row', 'jsonb'),
		('parked_change', 'column old_row', 'jsonb'),
		('parked_change', 'column operation', 'text COLLATE "C" NOT NULL'),
		('parked_change', 'column parked', 'uuid NOT NULL'),
		('parked_change', 'column parked_at', 'timestamp with time zone NOT NULL'),
		('parked_change', 'column role', 'text COLLATE "C" NOT NULL'),
		('parked_change', 'column salt', 'bytea'),
		('parked_change', 'column source', 'text COLLATE "C" NOT NULL'),
		('parked_change', 'column sqlstate', 'text COLLATE "C" NOT NULL'),
		('parked_change', 'column tab', 'text COLLATE "C" NOT NULL'),
		('parked_change', 'column trigger', 'text COLLATE "C" NOT NULL'),
		('parked_change', 'constraint', 'CHECK ((operation = ANY (ARRAY[''insert''::text, ''update''::text, ''delete''::text])))'),
		('parked_change', 'constraint', 'PRIMARY KEY (parked)'),
		('parked_change', 'unique index', 'btree (parked)'),
		('policy', 'column active', 'boolean NOT NULL'),
		('policy', 'column back_within', 'interval'),
		('policy', 'column cumulative', 'boolean NOT NULL'),
		('policy', 'column currency', 'text COLLATE "C"'),
		('policy', 'column due_within', 'interval'),
		('policy', 'column evidence', 'text COLLATE "C"'),
		('policy', 'column grace', 'interval'),
		('policy', 'column kind', 'text COLLATE "C"'),
		('policy', 'column least_value', 'numeric'),
		('policy', 'column policy', 'text COLLATE "C" NOT NULL'),
		('policy', 'column promiser', 'text COLLATE "C"'),
		('policy', 'column promiser_kind', 'text COLLATE "C"'),
		('policy', 'column seq', 'bigint NOT NULL'),
		('policy', 'constraint', 'PRIMARY KEY (policy)'),
		('policy', 'unique index', 'btree (policy)'),
		('promise', 'column accepted_at', 'timestamp with time zone'),
		('promise', 'column admitted_at', 'timestamp with time zone'),
		('promise', 'column back_by', 'timestamp with time zone'),
		('promise', 'column backed_at', 'timestamp with time zone'),
		('promise', 'column backer', 'text COLLATE "C"'),
		('promise', 'column backfilled', 'boolean NOT NULL'),
		('promise', 'column backfilled_at', 'timestamp with time zone'),
		('promise', 'column currency', 'text COLLATE "C"'),
		('promise', 'column customer', 'text COLLATE "C" NOT NULL'),
		('promise', 'column declined_at', 'timestamp with time zone'),
		('promise', 'column drafted_by', 'text COLLATE "C"'),
		('promise', 'column due', 'timestamp with time zone'),
		('promise', 'column due_moved_at', 'timestamp with time zone'),
		('promise', 'column due_moves', 'integer NOT NULL'),
		('promise', 'column evidence', 'text COLLATE "C"'),
		('promise', 'column evidence_asked', 'text COLLATE "C"'),
		('promise', 'column first_due', 'timestamp with time zone'),
		('promise', 'column former_backer', 'text COLLATE "C"'),
		('promise', 'column kind', 'text COLLATE "C"'),
		('promise', 'column last_seq', 'bigint NOT NULL'),
		('promise', 'column longest_pause', 'interval'),
		('promise', 'column made_at', 'timestamp with time zone NOT NULL'),
		('promise', 'column opened_at', 'timestamp with time zone'),
		('promise', 'column outcome', 'text COLLATE "C"'),
		('promise', 'column overdue_at', 'timestamp with time zone'),
		('promise', 'column paused_at', 'timestamp with time zone'),
		('promise', 'column paused_for', 'interval NOT NULL'),
		('promise', 'column paused_until', 'timestamp with time zone'),
		('promise', 'column promise', 'uuid NOT NULL'),
		('promise', 'column promiser', 'text COLLATE "C" NOT NULL'),
		('promise', 'column promiser_kind', 'text COLLATE "C" NOT NULL'),
		('promise', 'column purpose', 'text'),
		('promise', 'column purpose_met', 'boolean'),
		('promise', 'column recorded_at', 'timestamp with time zone NOT NULL'),
		('promise', 'column relayed', 'boolean'),
		('promise', 'column repaired_at', 'timestamp with time zone'),
		('promise', 'column seen_at', 'timestamp with time zone'),
		('promise', 'column settled_at', 'timestamp with time zone'),
		('promise', 'column settled_by', 'text COLLATE "C"'),
		('promise', 'column state', 'text COLLATE "C" NOT NULL'),
		('promise', 'column terms_seq', 'bigint NOT NULL'),
		('promise', 'column unbacked_at', 'timestamp with time zone'),
		('promise', 'column unbacked_by', 'text COLLATE "C"'),
		('promise', 'column unconfirmed', 'bigint'),
		('promise', 'column value', 'numeric'),
		('promise', 'column verdict_evidence', 'text COLLATE "C"'),
		('promise', 'column waiting_since', 'timestamp with time zone'),
		('promise', 'column weight_broken', 'integer'),
		('promise', 'column weight_kept', 'integer'),
		('promise', 'column whose_word', 'text COLLATE "C"'),
		('promise', 'column words', 'text'),
		('promise', 'constraint', 'PRIMARY KEY (customer, promise) INCLUDE (opened_at, overdue_at, settled_at)'),
		('promise', 'index', 'btree (promise)'),
		('promise', 'index', 'btree (waiting_since) WHERE (waiting_since IS NOT NULL)'),
		('promise', 'unique index', 'btree (customer, promise) INCLUDE (opened_at, overdue_at, settled_at)'),
		('source', 'column customer', 'text COLLATE "C" NOT NULL'),
		('source', 'column gone', 'boolean NOT NULL'),
		('source', 'column key', 'text COLLATE "C" NOT NULL'),
		('source', 'column name', 'text COLLATE "C" NOT NULL'),
		('source', 'column promise', 'uuid NOT NULL'),
		('source', 'column seq', 'bigint NOT NULL'),
		('source', 'column source', 'text COLLATE "C" NOT NULL'),
		('source', 'constraint', 'PRIMARY KEY (customer, promise)'),
		('source', 'index', 'btree (source, key, name) WHERE (NOT gone)'),
		('source', 'unique index', 'btree (customer, promise)'),
		('tracking', 'column active', 'boolean NOT NULL'),
		('tracking', 'column mapping', 'jsonb NOT NULL'),
		('tracking', 'column seq', 'bigint NOT NULL'),
		('tracking', 'column source', 'text COLLATE "C" NOT NULL'),
		('tracking', 'column tab', 'text COLLATE "C" NOT NULL'),
		('tracking', 'column triggers', 'jsonb NOT NULL'),
		('tracking', 'constraint', 'PRIMARY KEY (source)'),
		('tracking', 'unique index', 'btree (source)')
-- until here
$$;
COMMENT ON FUNCTION trust_ledger.ledger_structure() IS
	'The columns, constraints and indexes of the ledger''s tables: table, what it is (column and its name, constraint, index, unique index), and how it is defined. Called by structure_problems().';

CREATE FUNCTION trust_ledger.found_structure(OUT relid oid, OUT tab text, OUT what text, OUT how text, OUT name text, OUT harmless boolean, OUT sound boolean) RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH place AS (
		SELECT c.oid, c.relname::text AS tab FROM pg_class c
		WHERE c.relnamespace = to_regnamespace('trust') AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND c.relname IN (SELECT s.tab FROM trust_ledger.ledger_structure() s)
		UNION SELECT p.relid, c.relname FROM pg_class c, LATERAL pg_partition_tree(c.oid) AS p
		WHERE c.relnamespace = to_regnamespace('trust') AND c.relkind = 'p' AND c.relname IN (SELECT s.tab FROM trust_ledger.ledger_structure() s)
	)
	SELECT p.oid, p.tab, 'column ' || quote_ident(a.attname),
		concat_ws(' ', format_type(a.atttypid, a.atttypmod), 'COLLATE ' || CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation END,
			CASE WHEN a.attnotnull THEN 'NOT NULL' END, 'GENERATED ' || nullif(a.attgenerated::text || a.attidentity::text, ''), 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)),
		a.attname::text, a.attidentity = '' AND a.attgenerated = '' AND t.typtype <> 'd' AND (d.adbin IS NOT NULL OR NOT a.attnotnull)
			-- a default that is no call
			AND coalesce(pg_get_expr(d.adbin, d.adrelid) !~ '[(]', true), true
	FROM place p JOIN pg_attribute a ON a.attrelid = p.oid AND a.attnum > 0 AND NOT a.attisdropped JOIN pg_type t ON t.oid = a.atttypid
		LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	UNION ALL
	SELECT p.oid, p.tab, 'constraint', pg_get_constraintdef(k.oid), k.conname, false, k.convalidated
	FROM place p JOIN pg_constraint k ON k.conrelid = p.oid AND k.contype IN ('p', 'u', 'c', 'x', 'f')
	UNION ALL
	-- more of the plain ones do no harm
	SELECT p.oid, p.tab, CASE WHEN i.indisunique THEN 'unique index' ELSE 'index' END,
		regexp_replace(regexp_replace(pg_get_indexdef(i.indexrelid), '^.*? USING ', ''), ' WITH \([^)]*\)(?= WHERE |$)', ''), c.relname,
		NOT i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL AND m.amhandler < 16384
			AND NOT EXISTS (SELECT FROM pg_opclass o WHERE o.oid = ANY (i.indclass) AND o.opcnamespace <> 'pg_catalog'::regnamespace),
		i.indisvalid AND i.indisready AND i.indislive
	FROM place p JOIN pg_index i ON i.indrelid = p.oid JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am m ON m.oid = c.relam;
END
$$;
COMMENT ON FUNCTION trust_ledger.found_structure() IS
	'The columns, constraints and indexes that the ledger''s tables and their partitions have. harmless: such that one more changes and refuses nothing; sound: an index that is valid and ready, a constraint that is validated. Called by structure_problems().';

CREATE FUNCTION trust_ledger.structure_problems(OUT tab text, OUT what text, OUT problem text, OUT readable boolean) RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH made AS (
		SELECT * FROM trust_ledger.ledger_structure()
	), found AS MATERIALIZED (
		SELECT f.*, c.relname::text AS place, c.relispartition AS is_part, c.relkind IN ('r', 'p') AS is_table
		FROM trust_ledger.found_structure() f JOIN pg_class c ON c.oid = f.relid
	), place AS (
		SELECT DISTINCT relid, tab, place, is_part, is_table FROM found
	)
	-- ledgers of earlier versions have no trust.copy until they are migrated
	SELECT m.tab, 'table', CASE WHEN c.oid IS NOT NULL THEN 'is no table' WHEN m.tab = 'copy' THEN 'is missing: migrate_ledger() makes it' ELSE 'is missing' END,
		c.oid IS NOT NULL OR m.tab = 'copy'
	FROM (SELECT DISTINCT made.tab FROM made) m LEFT JOIN pg_class c ON c.oid = to_regclass('trust.' || quote_ident(m.tab))
	WHERE c.oid IS NULL OR c.relkind NOT IN ('r', 'p')
	UNION ALL
	SELECT p.place, m.what, CASE WHEN f.how IS NULL THEN 'is missing' ELSE format('is %s, and was made as %s', f.how, m.how) END,
		coalesce(regexp_replace(f.how, bare, '') = regexp_replace(m.how, bare, ''), false)
	FROM made m JOIN place p ON p.tab = m.tab CROSS JOIN (VALUES (' (COLLATE|NOT NULL|DEFAULT) .*$|( NOT NULL)$')) AS b (bare)
		LEFT JOIN found f ON f.relid = p.relid AND f.what = m.what
	WHERE m.what ~ '^column ' AND f.how IS DISTINCT FROM m.how
		-- it goes with the extension, and migrate_ledger() brings it back; partitions need no default of their own
		AND NOT ((m.tab, m.what) = ('chain', 'column score') AND (f.how IS NULL OR p.is_part))
		-- ledgers of earlier versions have none before migrate_ledger(); verify() says so where it has to be there
		AND NOT ((m.tab, m.what) = ('parked_change', 'column salt') AND f.how IS NULL)
	UNION ALL
	SELECT p.place, m.what, format('%s is missing', m.how), true
	FROM made m JOIN place p ON p.tab = m.tab
	WHERE m.what !~ '^column ' AND p.is_table AND NOT EXISTS (SELECT FROM found f WHERE (f.relid, f.what, f.how) = (p.relid, m.what, m.how) AND f.sound)
	UNION ALL
	SELECT f.place, f.what, CASE WHEN f.what ~ '^column ' THEN format('is %s, and no column of the ledger', f.how)
		ELSE format('"%s", %s, may change or refuse what is written', f.name, f.how) END, true
	FROM found f
	WHERE NOT f.harmless AND NOT EXISTS (SELECT FROM made m WHERE (m.tab, m.what) = (f.tab, f.what) AND (m.how = f.how OR f.what ~ '^column '))
	ORDER BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION trust_ledger.structure_problems() IS
	'Where the ledger''s tables are not as this version makes them: tables, columns, constraints or indexes that are missing, other than they were made, or not valid; columns, constraints and indexes of somebody else''s that may change or refuse what is written. More plain columns and indexes are none, nor are partitions. readable: false where a table or column is missing, or of another type, so that the ledger cannot be read. Called by verify() and check_tables().';

CREATE FUNCTION trust_ledger.ledger_relations(OUT relid regclass, OUT owned_by oid, OUT is_view boolean) RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH own AS (
		SELECT c.oid, name.is_view
		FROM (SELECT unnest('{ledger,chain,entry,promise,source,actor,policy,access,tracking,parked_change,copy}'::text[]), false
			UNION ALL SELECT v.name, true FROM trust_ledger.ledger_views() v) AS name (name, is_view)
			JOIN pg_class c ON c.relname = name.name AND c.relnamespace = to_regnamespace('trust')
	), place AS (
		SELECT oid, is_view FROM own
		UNION SELECT p.relid, false FROM own, LATERAL pg_partition_tree(own.oid) AS p WHERE NOT own.is_view
	)
	SELECT c.oid::regclass, c.relowner, p.is_view FROM place p JOIN pg_class c ON c.oid = p.oid
$$;
COMMENT ON FUNCTION trust_ledger.ledger_relations() IS
	'What a ledger consists of, as far as it is there: its tables with their partitions, and its views; who owns them.';

CREATE FUNCTION trust_ledger.check_nothing_planted() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	trusted CONSTANT oid := (SELECT datdba FROM pg_database WHERE datname = current_database());
	places  CONSTANT oid[] := ARRAY(SELECT relid FROM trust_ledger.ledger_relations() WHERE NOT is_view);
	views   CONSTANT oid[] := ARRAY(SELECT relid FROM trust_ledger.ledger_relations() WHERE is_view);
	planted text;
BEGIN
	SELECT min(found.what) INTO planted
	FROM (
		-- a condition runs as code does, so only the guards themselves will do
		SELECT pg_describe_object('pg_trigger'::regclass, t.oid, 0)
		FROM pg_trigger t
		WHERE t.tgrelid = ANY (places || views) AND NOT t.tgisinternal
			AND NOT (t.tgname IN ('trust_guard', 'trust_guard_truncate') AND t.tgqual IS NULL AND t.tgfoid IN (
				SELECT p.oid FROM pg_proc p JOIN pg_depend e ON e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e'
				WHERE p.pronamespace = 'trust_ledger'::regnamespace AND p.proname ~ '^guard_'))
		UNION ALL SELECT pg_describe_object('pg_rewrite'::regclass, w.oid, 0) FROM pg_rewrite w
		WHERE w.ev_class = ANY (places) OR w.ev_class = ANY (views) AND w.rulename <> '_RETURN'
		UNION ALL SELECT pg_describe_object('pg_policy'::regclass, p.oid, 0) FROM pg_policy p WHERE p.polrelid = ANY (places)
		UNION ALL SELECT pg_describe_object('pg_statistic_ext'::regclass, x.oid, 0) FROM pg_statistic_ext x WHERE x.stxrelid = ANY (places) AND x.stxexprs IS NOT NULL
		UNION ALL SELECT pg_describe_object('pg_constraint'::regclass, k.oid, 0) FROM pg_constraint k
		WHERE k.contype = 'f' AND (k.conrelid = ANY (places) OR k.confrelid = ANY (places))
		-- another table's rows show up here, or these there
		UNION ALL SELECT pg_describe_object('pg_class'::regclass, CASE WHEN i.inhparent = ANY (places) THEN i.inhrelid ELSE i.inhparent END, 0)
		FROM pg_inherits i WHERE (i.inhparent = ANY (places)) <> (i.inhrelid = ANY (places))
		UNION ALL SELECT pg_describe_object('pg_class'::regclass, c.oid, 0)
		FROM pg_class c
		WHERE c.oid = ANY (places) AND (c.relkind NOT IN ('r', 'p') OR c.relpersistence <> 'p' OR c.relrowsecurity) OR c.oid = ANY (views) AND c.relkind <> 'v'
		-- what a partition has of its own: check_tables() sees the tables only
		UNION ALL SELECT pg_describe_object('pg_constraint'::regclass, k.oid, 0)
		FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
		WHERE c.oid = ANY (places) AND c.relispartition AND k.contype IN ('c', 'p', 'u', 'x') AND k.coninhcount = 0
		UNION ALL SELECT pg_describe_object('pg_attrdef'::regclass, d.oid, 0)
		FROM pg_attrdef d JOIN pg_class c ON c.oid = d.adrelid JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
		WHERE c.oid = ANY (places) AND c.relispartition AND (c.relname, a.attname) <> ('chain', 'score')
			AND NOT EXISTS (
				SELECT FROM pg_inherits h JOIN pg_attribute b ON b.attrelid = h.inhparent AND b.attname = a.attname JOIN pg_attrdef e ON e.adrelid = b.attrelid AND e.adnum = b.attnum
				WHERE h.inhrelid = c.oid AND pg_get_expr(e.adbin, e.adrelid) = pg_get_expr(d.adbin, d.adrelid))
		UNION ALL SELECT pg_describe_object('pg_class'::regclass, i.indexrelid, 0)
		FROM pg_index i
		WHERE i.indrelid = ANY (places) AND (EXISTS (SELECT FROM pg_opclass o WHERE o.oid = ANY (i.indclass) AND o.opcnamespace <> 'pg_catalog'::regnamespace)
			OR (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR i.indisunique) AND (SELECT relispartition FROM pg_class WHERE oid = i.indrelid)
				AND NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid))
		-- what constraints, defaults, indexes and columns call
		UNION ALL SELECT pg_describe_object(d.refclassid, d.refobjid, 0)
		FROM pg_depend d
			LEFT JOIN pg_proc f ON d.refclassid = 'pg_proc'::regclass AND f.oid = d.refobjid
			LEFT JOIN pg_operator o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
			LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
			LEFT JOIN pg_opclass c ON d.refclassid = 'pg_opclass'::regclass AND c.oid = d.refobjid
		WHERE NOT pg_has_role(coalesce(f.proowner, o.oprowner, t.typowner, c.opcowner), trusted, 'USAGE')
			AND (d.classid = 'pg_class'::regclass AND d.objid = ANY (places || ARRAY(SELECT indexrelid FROM pg_index WHERE indrelid = ANY (places)))
				OR d.classid = 'pg_constraint'::regclass AND d.objid IN (SELECT oid FROM pg_constraint WHERE conrelid = ANY (places))
				OR d.classid = 'pg_attrdef'::regclass AND d.objid IN (SELECT oid FROM pg_attrdef WHERE adrelid = ANY (places)))
	) AS found (what);
	IF planted IS NOT NULL THEN
		RAISE EXCEPTION 'the tables of schema "trust" cannot be taken over'
			USING ERRCODE = 'TL006',
			DETAIL = format('There is something on them that a ledger does not have: %s.', planted),
			HINT = 'Look who put it there, and drop it; or drop the schema, if the ledger is not yours.';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_nothing_planted() IS
	'An error (TL006) where something on the ledger''s tables and views can run code that is not the extension''s, or show rows that are not theirs: triggers other than guards, rules, policies, foreign keys, inheritance, statistics of expressions. Called by take_ledger().';

CREATE FUNCTION trust_ledger.take_ledger() RETURNS name
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	new_owner CONSTANT oid := (SELECT datdba FROM pg_database WHERE datname = current_database());
	old_owners oid[];
	place      record;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	IF to_regclass('trust.ledger') IS NULL THEN
		RAISE EXCEPTION 'there is no ledger in this database' USING ERRCODE = '55000', HINT = 'Run SELECT trust_ledger.create_ledger();';
	END IF;
	old_owners := ARRAY(
		SELECT owned_by FROM trust_ledger.ledger_relations() WHERE owned_by <> new_owner
		UNION SELECT nspowner FROM pg_namespace WHERE nspname = 'trust' AND nspowner <> new_owner);
	IF old_owners = '{}' AND NOT trust_ledger.ledger_is_empty() THEN
		RETURN NULL;
	ELSIF cardinality(old_owners) > 1 THEN
		RAISE EXCEPTION 'schema "trust" belongs to several roles'
			USING ERRCODE = 'TL006', DETAIL = (SELECT string_agg(format('"%s"', pg_get_userbyid(o)), ', ' ORDER BY pg_get_userbyid(o)) FROM unnest(old_owners) o),
			HINT = 'A ledger has one owner: look who made which table, and drop what somebody planted.';
	ELSIF old_owners <> '{}' AND (NOT pg_has_role(old_owners[1], 'USAGE') OR NOT pg_has_role(new_owner, 'MEMBER')) THEN
		RAISE EXCEPTION 'permission denied to take the ledger from role "%"', pg_get_userbyid(old_owners[1])
			USING ERRCODE = '42501',
			DETAIL = format('It belongs to "%s", the database to "%s".', pg_get_userbyid(old_owners[1]), pg_get_userbyid(new_owner)),
			HINT = 'A superuser can do this, or a role that is a member of both.';
	END IF;
	-- nobody plants anything from here on: changing an owner locks, and runs nobody's code
	FOR place IN SELECT relid FROM trust_ledger.ledger_relations() AS r JOIN pg_class c ON c.oid = r.relid WHERE NOT is_view AND c.relkind IN ('r', 'p') LOOP
		EXECUTE format('LOCK TABLE ONLY %s', place.relid);
	END LOOP;
	PERFORM trust_ledger.check_nothing_planted();
	IF old_owners <> '{}' THEN
		EXECUTE format('ALTER SCHEMA trust OWNER TO %I', pg_get_userbyid(new_owner));
		FOR place IN SELECT * FROM trust_ledger.ledger_relations() LOOP
			EXECUTE format('ALTER %s %s OWNER TO %I', CASE WHEN place.is_view THEN 'VIEW' ELSE 'TABLE' END, place.relid, pg_get_userbyid(new_owner));
		END LOOP;
		PERFORM trust_ledger.check_nothing_planted();
	END IF;
	PERFORM trust_ledger.check_tables();
	-- rights that were given go with who gave them; views get theirs again by migrate_ledger()
	FOR place IN
		SELECT DISTINCT r.relid, a.grantee
		FROM trust_ledger.ledger_relations() r JOIN pg_class c ON c.oid = r.relid,
			LATERAL (SELECT grantee FROM aclexplode(c.relacl) UNION SELECT x.grantee FROM pg_attribute t, LATERAL aclexplode(t.attacl) x WHERE t.attrelid = r.relid) AS a
		WHERE a.grantee <> new_owner
		UNION ALL
		SELECT NULL, a.grantee FROM pg_namespace n, LATERAL aclexplode(n.nspacl) a WHERE n.nspname = 'trust' AND a.grantee <> new_owner
	LOOP
		EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE', coalesce(place.relid::text, 'SCHEMA trust'),
			CASE place.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(place.grantee)) END);
	END LOOP;
	GRANT USAGE ON SCHEMA trust TO PUBLIC;
	RETURN pg_get_userbyid(old_owners[1]);
END
$$;
COMMENT ON FUNCTION trust_ledger.take_ledger() IS
	'Gives schema trust with the ledger''s tables and views to the database''s owner, by the caller''s own rights, if nothing on them is foreign, and takes away what others were granted. Returns the former owner; NULL where nothing was another''s. Called by adopt_ledger() and create_ledger(). Errors: 42501, 55000, TL006.';

CREATE FUNCTION trust_ledger.ledger_is_empty() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.ledger_is_empty() IS
	'Whether the ledger''s tables hold no row at all, as after a restore of the schema alone; then nobody writes one before the transaction ends. Called by create_ledger(). Errors: 42501 not the owner, 55000, TL006.';

CREATE FUNCTION trust_ledger.check_tables() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- a plain column more is no problem in a ledger, but these tables may be anybody's
	amiss CONSTANT text := (SELECT string_agg(format('%s, %s: %s', tab, what, problem), '; ')
		FROM (SELECT tab, what, problem FROM trust_ledger.structure_problems() WHERE (tab, what) <> ('copy', 'table')
			UNION SELECT tab, what, 'is no column of the ledger' FROM trust_ledger.found_structure() f
			WHERE what ~ '^column ' AND harmless AND NOT EXISTS (SELECT FROM trust_ledger.ledger_structure() s WHERE (s.tab, s.what) = (f.tab, f.what))) AS p);
BEGIN
	IF amiss IS NOT NULL THEN
		RAISE EXCEPTION 'the tables of schema "trust" are not those of a ledger'
			USING ERRCODE = '55000', DETAIL = format('What differs: %s.', amiss),
			HINT = 'Give them back what they were made with. If they are empty, DROP SCHEMA trust CASCADE; and run SELECT trust_ledger.create_ledger(); again.';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_tables() IS
	'An error (55000) unless the tables of schema trust have the columns, defaults, constraints and indexes that this version makes; they may have more plain indexes, and be partitioned. Called by take_ledger().';

CREATE OR REPLACE FUNCTION trust_ledger.create_guards() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	guarded record;
	place   regclass;
BEGIN
	-- in the order in which writing functions lock them, so that no session deadlocks
	LOCK TABLE trust.ledger, trust.chain, trust.entry, trust.promise, trust.source, trust.actor, trust.policy, trust.access, trust.tracking, trust.parked_change, trust.copy;
	-- ledgers of earlier versions do not have it
	ALTER TABLE trust.parked_change ADD COLUMN IF NOT EXISTS salt bytea;
	COMMENT ON COLUMN trust.parked_change.salt IS 'Of the commitment to what was parked, which an entry of governance has; it goes with the row.';
	FOR guarded IN
		SELECT * FROM (VALUES
			('entry', 'guard_entry'), ('chain', 'guard_chain'), ('promise', 'guard_promise'), ('source', 'guard_source'),
			('ledger', 'guard_governed'), ('actor', 'guard_governed'),
			('policy', 'guard_governed'), ('access', 'guard_governed'), ('tracking', 'guard_governed'), ('parked_change', 'guard_parked'), ('copy', 'guard_copy')) AS g (tab, guard)
	LOOP
		EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS trust_guard ON trust.%I', guarded.tab);
		EXECUTE pg_catalog.format('CREATE TRIGGER trust_guard BEFORE INSERT OR UPDATE OR DELETE ON trust.%I FOR EACH ROW EXECUTE FUNCTION trust_ledger.%I()', guarded.tab, guarded.guard);
		-- ALWAYS: session_replication_role = replica must not get past
		EXECUTE pg_catalog.format('ALTER TABLE trust.%I ENABLE ALWAYS TRIGGER trust_guard', guarded.tab);
		-- partitions have the guard of their table's rows, but a TRUNCATE of one fires nothing of the table's
		FOR place IN
			SELECT pg_catalog.format('trust.%I', guarded.tab)::regclass
			UNION
			SELECT relid FROM pg_catalog.pg_partition_tree(pg_catalog.format('trust.%I', guarded.tab)::regclass)
		LOOP
			EXECUTE pg_catalog.format('DROP TRIGGER IF EXISTS trust_guard_truncate ON %s', place);
			EXECUTE pg_catalog.format('CREATE TRIGGER trust_guard_truncate BEFORE TRUNCATE ON %s EXECUTE FUNCTION trust_ledger.guard_truncate()', place);
			EXECUTE pg_catalog.format('ALTER TABLE %s ENABLE ALWAYS TRIGGER trust_guard_truncate', place);
		END LOOP;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_guards() IS
	'Puts the guards on the ledger''s tables, or puts them back; gives trust.parked_change the column salt where it has none. Called by create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.create_ledger(copy text DEFAULT NULL) RETURNS uuid
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	caller CONSTANT name := CURRENT_USER;
	owner  CONSTANT name := (SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database());
	has    boolean := (SELECT EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = n.oid AND c.relname = 'ledger')
					   FROM pg_namespace n WHERE n.nspname = 'trust');
	made   uuid;
	amiss  record;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	IF has THEN
		PERFORM trust_ledger.check_ledger();
		-- as pg_dump --schema-only leaves it: what is there becomes a ledger
		IF NOT trust_ledger.ledger_is_empty() THEN
			RAISE EXCEPTION 'there is a ledger in this database already'
				USING ERRCODE = '42710', HINT = 'One ledger per database. After a restore or an update, run SELECT trust_ledger.migrate_ledger();';
		END IF;
		SELECT * INTO amiss FROM trust_ledger.ledger_relations() WHERE NOT pg_has_role(owned_by, owner, 'USAGE') ORDER BY relid LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION '"%" is not this database''s ledger', amiss.relid
				USING ERRCODE = 'TL006', DETAIL = format('It belongs to "%s", who does not own the database.', pg_get_userbyid(amiss.owned_by)),
				HINT = 'Give it to the database''s owner, or drop what somebody planted.';
		END IF;
		PERFORM trust_ledger.take_ledger();
		SELECT string_agg(DISTINCT tab::text, ', ') AS tables INTO amiss FROM trust_ledger.track_triggers();
		IF amiss.tables IS NOT NULL THEN
			RAISE NOTICE 'tables have triggers that track them, and no mapping is on record: %', amiss.tables
				USING HINT = 'Put it on record with SELECT trust_ledger.track_table(...); until then trust.tracked calls them "by hand".';
		END IF;
	ELSIF NOT has THEN
		RAISE EXCEPTION 'there is a schema "trust" in this database already, and it holds no ledger'
			USING ERRCODE = '42P06', HINT = 'Rename it or drop it: the ledger does not move into a schema that was made by somebody else.';
	END IF;
	-- The ledger belongs to whoever owns the database, also where a superuser calls.
	PERFORM set_config('role', owner, true);
	IF has IS NOT TRUE THEN
		PERFORM trust_ledger.create_tables();
	END IF;
	PERFORM trust_ledger.create_copy_table();
	PERFORM trust_ledger.create_scores();
	PERFORM trust_ledger.create_guards();
	PERFORM trust_ledger.create_views();
	IF copy IS NULL THEN
		PERFORM trust_ledger.found_ledger();
	ELSE
		PERFORM trust_ledger.mark_copy(copy);
	END IF;
	made := (SELECT ledger FROM trust.ledger);
	PERFORM set_config('role', caller, true);
	RETURN made;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_ledger(text) IS
	'Makes the ledger of this database: schema trust with its tables, guards and views, owned by the database''s owner, who gets the levels application, analyst, auditor and admin. Where the tables are there and empty, as after a restore of a dump of the schema alone, they become the ledger. copy => ''all'': the tables stay empty, and are for good a copy of another database''s ledger, whose rows a subscription brings; nothing else writes to it. Returns the ledger''s uuid; NULL of a copy. Errors: 22023 another copy, 42710 there is one, 55000 empty tables that are not a ledger''s, 42P06 schema trust is taken, 42501 not the owner, 0A000 the database is not UTF8, TL006 somebody planted one.';

CREATE OR REPLACE FUNCTION trust_ledger.migrate_ledger() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	format integer;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	-- before anything of schema trust is read: it could be planted
	PERFORM trust_ledger.check_ledger();
	-- again as whoever owns the tables, also where a superuser calls: what is made belongs to
	-- them, and what they planted cannot go back to be the caller, as from SET ROLE it could
	IF trust_ledger.migrate_as_owner() THEN
		RETURN;
	END IF;
	PERFORM trust_ledger.create_copy_table();
	SELECT table_format INTO format FROM trust.ledger;
	-- a copy gets its settings by the subscription
	IF format IS NULL AND NOT EXISTS (SELECT FROM trust.copy) THEN
		RAISE EXCEPTION 'table "trust.ledger" does not hold a ledger''s settings'
			USING ERRCODE = '55000', HINT = CASE WHEN trust_ledger.ledger_is_empty() THEN 'All its tables are empty: run SELECT trust_ledger.create_ledger();'
				ELSE 'Restore its row from a dump of this ledger.' END;
	ELSIF format <> 1 THEN
		RAISE EXCEPTION 'this version of the extension does not know ledgers of format %', format
			USING ERRCODE = '0A000', HINT = 'Update the extension: ALTER EXTENSION trust_ledger UPDATE;';
	END IF;
	-- There is one format. The next is made from it here: IF format = 1, tables are altered, and table_format is
	-- written past the guard of trust.ledger, as scores are past that of trust.chain; create_guards() puts it back.
	PERFORM trust_ledger.create_scores();
	-- views first: who reads through one has it, and waits for tables
	PERFORM trust_ledger.create_views();
	PERFORM trust_ledger.create_guards();
	IF NOT EXISTS (SELECT FROM trust.copy) THEN
		PERFORM trust_ledger.record_parked();
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.migrate_ledger() IS
	'Takes the ledger to this version of the extension and puts back guards, views and scores: after an update, a data-only restore, a change of partitions, or DROP EXTENSION ... CASCADE. What waits in trust.parked of a ledger of version 0.2.0 or earlier goes on record, once. May be run at any time, by the database''s owner. Changes no entry.';

CREATE FUNCTION trust_ledger.adopt_ledger(
	reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.adopt_ledger(text, text, timestamptz, jsonb, text) IS
	'The database has another owner than its ledger, as after CREATE DATABASE ... TEMPLATE or ALTER DATABASE ... OWNER TO: schema, tables and views become the database owner''s, rights that were granted on them go, guards and views are put back, and entries of governance say so: ledger_adopted with adopted_from and adopted_to, access_granted and access_revoked; of a copy no entry is made, and NULL is returned. By a superuser, or who is a member of both owners. Errors: 42501, 55000 there is nothing to adopt, TL006 something on the tables is not the ledger''s.';
COMMENT ON FUNCTION trust_ledger.set_ledger(interval, jsonb, text, interval, text, text, timestamptz, jsonb, text) IS
	'Changes the ledger''s settings given, leaves the others. half_life of evidence (one day to 36525 days) and the longest lag of occurred_at (at most seven days), neither in months; weights as pairs [kept, broken] of thousandths, with kept > repaired > admitted > broken; zone in which days end. Level admin. Errors: TL004, 22023.';

CREATE FUNCTION trust_ledger.create_copy_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	foreign_right record;
BEGIN
	IF to_regclass('trust.copy') IS NOT NULL THEN
		RETURN;
	END IF;
	CREATE TABLE trust.copy (
		copied text COLLATE "C" PRIMARY KEY
	);
	COMMENT ON TABLE trust.copy IS 'One row where this ledger is a copy of another, whose rows come by logical replication; else empty. Written by create_ledger() only, and never changed.';
	COMMENT ON COLUMN trust.copy.copied IS 'What of the other ledger is copied: all.';
	-- the owner's default privileges may have given rights to others
	FOR foreign_right IN
		SELECT DISTINCT a.grantee FROM pg_class c, LATERAL aclexplode(c.relacl) a
		WHERE c.oid = 'trust.copy'::regclass AND a.grantee <> c.relowner
	LOOP
		EXECUTE 'REVOKE ALL ON trust.copy FROM ' || CASE foreign_right.grantee WHEN 0 THEN 'PUBLIC' ELSE foreign_right.grantee::regrole::text END;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_copy_table() IS
	'Makes table trust.copy for the current user, unless it is there. Called by create_ledger() and migrate_ledger().';

CREATE FUNCTION trust_ledger.mark_copy(copied text) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.mark_copy(text) IS
	'Makes an empty ledger a copy, for good. Called by create_ledger(). Errors: 22023 a copy of what, 42501 not the owner, 42710 the ledger is not empty, 55000, TL006.';

CREATE FUNCTION trust_ledger.promise_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'current_promise';
	definition := $view$
	SELECT p.customer, p.promise, p.state,
		p.state IN ('proposed', 'open') AND p.opened_at IS NOT NULL AND p.overdue_at IS NOT NULL
			AND p.overdue_at < pg_catalog.now() AS overdue,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.purpose END AS purpose,
		p.promiser, p.promiser_kind, p.drafted_by, p.kind, p.value, p.currency, p.longest_pause,
		p.backer, p.evidence, p.backed_at, p.evidence_asked, p.back_by, p.accepted_at,
		p.made_at, p.opened_at, p.first_due, p.due, p.due_moves, p.overdue_at,
		p.outcome, p.whose_word, p.verdict_evidence, p.relayed, p.purpose_met,
		p.settled_by, p.settled_at, p.weight_kept, p.weight_broken,
		p.recorded_at, p.backfilled, p.terms_seq, p.last_seq,
		p.due_moved_at, p.paused_at, p.paused_until, p.paused_for, p.seen_at, p.declined_at,
		p.unbacked_at, p.unbacked_by, p.former_backer, p.unconfirmed, p.admitted_at, p.repaired_at, p.backfilled_at
	FROM trust.promise p
	WHERE (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;

	name := 'awaiting_backing';
	definition := $view$
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, p.promiser_kind, p.drafted_by, p.kind, p.value, p.currency, p.due,
		p.evidence_asked AS evidence_needed, p.back_by, p.waiting_since
	FROM trust.promise p
	WHERE p.waiting_since IS NOT NULL AND (SELECT trust_ledger.require_reader())
	ORDER BY p.back_by NULLS LAST, p.waiting_since
	$view$;
	RETURN NEXT;

	name := 'policy_rule';
	definition := $view$
	SELECT policy, promiser, promiser_kind, kind, currency, least_value, cumulative, evidence, back_within, grace, due_within
	FROM trust.policy
	WHERE active AND (SELECT trust_ledger.require_reader())
	ORDER BY policy
	$view$;
	RETURN NEXT;

	name := 'access_level';
	definition := $view$
	SELECT a.role, l.level
	FROM trust.access a, LATERAL pg_catalog.unnest(a.levels) AS l (level)
	WHERE (SELECT trust_ledger.require_reader())
	ORDER BY a.role, l.level
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.promise_views() IS
	'The texts of the views of promises, rules and access. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_promise_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.current_promise IS 'Every promise as it is now, one row each. Words only for levels application and auditor.';
	COMMENT ON COLUMN trust.current_promise.overdue IS 'It was open, and is past due and grace: counts as broken until somebody gives a verdict.';
	COMMENT ON COLUMN trust.current_promise.paused_at IS 'Since when its clock stands still; due is reckoned to paused_until meanwhile.';
	COMMENT ON COLUMN trust.current_promise.unconfirmed IS 'The latest entry that was relayed or claimed and waits for the customer''s or a record''s own word.';
	COMMENT ON COLUMN trust.current_promise.seen_at IS 'When a human of the company first had these terms before them; NULL: none has.';
	COMMENT ON COLUMN trust.current_promise.backer IS 'The human who stands behind it by their own act; NULL: nobody.';

	COMMENT ON VIEW trust.awaiting_backing IS 'The inbox of whoever can back: promises that wait for a human, proposed or accepted without one, the most urgent first.';

	COMMENT ON VIEW trust.policy_rule IS 'The rules in force.';
	COMMENT ON COLUMN trust.policy_rule.cumulative IS 'least_value is compared with what the customer''s open promises in that currency come to, the new one included.';

	COMMENT ON VIEW trust.access_level IS 'Which database role has which level.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_promise_views() IS
	'Comments on the views of promises, rules and access. Called by create_views().';

CREATE FUNCTION trust_ledger.trust_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY
	SELECT v.view, format($view$
	SELECT %1$I, score,
		trust_ledger.expectation(score) AS expectation, trust_ledger.lower_bound(score) AS lower_bound,
		trust_ledger.uncertainty(score) AS uncertainty,
		trust_ledger.kept(score) AS evidence_kept, trust_ledger.broken(score) AS evidence_broken,
		promises, proposed, open, overdue, kept, partly_kept, broken, released, withdrawn,
		backed / promises::float8 AS share_backed, asserted / promises::float8 AS share_asserted,
		session / promises::float8 AS share_session, passkey / promises::float8 AS share_passkey,
		by_company / nullif(verdicts, 0)::float8 AS share_company_word,
		withdrawn_late, released_late, due_moved, median_time_to_keep
	FROM (
		SELECT p.%1$I,
			trust_ledger.decay(trust_ledger.fuse(
				trust_ledger.score_agg(p.weight_kept / 1000::float8, p.weight_broken / 1000::float8, p.settled_at, (SELECT half_life FROM trust.ledger)),
				trust_ledger.score_agg(0, 1, now(), (SELECT half_life FROM trust.ledger)) FILTER (WHERE o.overdue)), now()) AS score,
			count(*) AS promises,
			count(*) FILTER (WHERE p.state = 'proposed') AS proposed,
			count(*) FILTER (WHERE p.state = 'open') AS open,
			count(*) FILTER (WHERE o.overdue) AS overdue,
			count(*) FILTER (WHERE p.state = 'kept') AS kept,
			count(*) FILTER (WHERE p.state = 'partly_kept') AS partly_kept,
			count(*) FILTER (WHERE p.state = 'broken') AS broken,
			count(*) FILTER (WHERE p.state = 'released') AS released,
			count(*) FILTER (WHERE p.state = 'withdrawn') AS withdrawn,
			count(p.backer) AS backed,
			count(*) FILTER (WHERE p.evidence = 'asserted') AS asserted,
			count(*) FILTER (WHERE p.evidence = 'session') AS session,
			count(*) FILTER (WHERE p.evidence = 'passkey') AS passkey,
			count(p.outcome) AS verdicts,
			count(*) FILTER (WHERE p.whose_word = 'company') AS by_company,
			count(*) FILTER (WHERE p.settled_by = 'withdrawn' AND p.outcome IS NOT NULL) AS withdrawn_late,
			count(*) FILTER (WHERE p.settled_by = 'released' AND p.due < p.settled_at) AS released_late,
			count(*) FILTER (WHERE p.due_moves > 0) AS due_moved,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY p.settled_at - p.made_at) FILTER (WHERE p.outcome = 'kept') AS median_time_to_keep
		FROM trust.promise p
		CROSS JOIN LATERAL (SELECT p.state IN ('proposed', 'open') AND p.opened_at IS NOT NULL
			AND p.overdue_at IS NOT NULL AND p.overdue_at < now() AS overdue) o
		WHERE (p.%1$I IS NOT NULL OR %1$L <> 'backer') AND (SELECT trust_ledger.require_reader())
		GROUP BY p.%1$I) g
	$view$, v.key)
	FROM (VALUES ('customer_trust', 'customer'), ('promiser_trust', 'promiser'), ('backer_trust', 'backer'), ('kind_trust', 'kind')) AS v (view, key);
END
$$;
COMMENT ON FUNCTION trust_ledger.trust_views() IS
	'The texts of the views of scores. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_trust_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of  record;
	col record;
BEGIN
	FOR of IN
		SELECT * FROM (VALUES
			('customer_trust', 'customer', 'How promises to each customer are kept.'),
			('promiser_trust', 'promiser', 'How each promiser''s promises are kept.'),
			('backer_trust', 'backer', 'How the promises that each human stands behind are kept; without those that nobody backs.'),
			('kind_trust', 'kind', 'How promises of each kind are kept; NULL: no kind was said.')) AS v (view, key, comment)
	LOOP
		EXECUTE format('COMMENT ON VIEW trust.%I IS %L', of.view, of.comment);
		FOR col IN
			SELECT * FROM (VALUES
				(of.key::text, 'What the row is about.'),
				('score', 'The trust score of now: verdicts, faded, and what is overdue.'),
				('expectation', 'How probable it is that the next promise is kept, 0 to 1, at a base rate of 1/2.'),
				('lower_bound', 'What the true rate of keeping exceeds with 95 % confidence, 0 to 1: rank by this.'),
				('uncertainty', '1: nothing is known; towards 0: much is.'),
				('evidence_kept', 'Evidence of promises kept, in promises, faded to now.'),
				('evidence_broken', 'Evidence of promises broken or overdue, in promises, faded to now.'),
				('promises', 'How many there are, in all states.'),
				('proposed', 'How many wait for a human.'),
				('open', 'How many bind, without a verdict.'),
				('overdue', 'How many, of those proposed or open, were open and are past due and grace: they count as broken.'),
				('kept', 'How many stand as kept.'),
				('partly_kept', 'How many stand as partly kept.'),
				('broken', 'How many stand as broken.'),
				('released', 'How many the customer released.'),
				('withdrawn', 'How many the company took back in time.'),
				('share_backed', 'Share of promises that a human stands, or stood at the end, behind, 0 to 1.'),
				('share_asserted', 'Share of promises backed by what the application says, 0 to 1.'),
				('share_session', 'Share of promises backed from the human''s own login, 0 to 1.'),
				('share_passkey', 'Share of promises backed by the human''s signature, 0 to 1.'),
				('share_company_word', 'Share of verdicts that rest on the company''s word alone, 0 to 1; NULL: no verdicts.'),
				('withdrawn_late', 'How many the company took back after acceptance or due: broken by that, whatever was said since.'),
				('released_late', 'How many the customer released after due.'),
				('due_moved', 'How many had their due moved, once or more.'),
				('median_time_to_keep', 'Median of the time from promise to verdict, of those kept.')) AS c (name, comment)
		LOOP
			EXECUTE format('COMMENT ON COLUMN trust.%I.%I IS %L', of.view, col.name, col.comment);
		END LOOP;
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_trust_views() IS
	'Comments on the views of scores. Called by create_views().';

CREATE FUNCTION trust_ledger.ledger_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT * FROM trust_ledger.promise_views()
	UNION ALL SELECT * FROM trust_ledger.trust_views()
	UNION ALL SELECT * FROM trust_ledger.exception_views()
	UNION ALL SELECT * FROM trust_ledger.analysis_views()
	UNION ALL SELECT * FROM trust_ledger.tracked_row_views()
	UNION ALL SELECT * FROM trust_ledger.parked_views()
	UNION ALL SELECT * FROM trust_ledger.tracked_views()
$$;
COMMENT ON FUNCTION trust_ledger.ledger_views() IS
	'The views of schema trust: name, and the query as this version makes it, to be read with the search_path pg_catalog. create_views() makes them of it, and verify() compares the views with it.';

CREATE OR REPLACE FUNCTION trust_ledger.create_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made record;
BEGIN
	FOR made IN SELECT * FROM trust_ledger.ledger_views() LOOP
		EXECUTE format('CREATE OR REPLACE VIEW trust.%I WITH (security_barrier) AS %s', made.name, made.definition);
		EXECUTE format('GRANT SELECT ON trust.%I TO PUBLIC', made.name);
	END LOOP;
	PERFORM trust_ledger.comment_on_promise_views();
	PERFORM trust_ledger.comment_on_trust_views();
	PERFORM trust_ledger.comment_on_exception_views();
	PERFORM trust_ledger.comment_on_analysis_views();
	PERFORM trust_ledger.comment_on_tracked_row_views();
	PERFORM trust_ledger.comment_on_parked_views();
	PERFORM trust_ledger.comment_on_tracked_views();
END
$$;

CREATE FUNCTION trust_ledger.same_value(a anyelement, b anyelement) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.same_value(anyelement, anyelement) IS
	'Whether two values say the same of what is promised: amounts if they are equal numbers, intervals if they are equally long (a day is 24 hours; months have no length, so an interval with months is the same as itself only), texts and all others if they have the same bytes. NULL is the same as NULL.';
COMMENT ON FUNCTION trust_ledger.set_policy(text, text, text, text, text, numeric, boolean, text, interval, interval, interval, text, text, timestamptz, jsonb, text) IS
	'Sets a rule: for promises that match promiser, promiser_kind, kind, currency and value >= least_value, as far as given, a human must back with evidence (asserted < session < passkey), back_within a time; they get a grace after due, and a due time if they name none. All matching rules hold, the strictest of each; what a promise leaves unsaid, or states in a kind or currency that no rule knows, matches. A cumulative rule compares what all the customer''s open promises in the promise''s currency come to with it, whatever their kind and promiser. Intervals without months; grace and due_within at most ten years, 3653 days. Level admin. Errors: TL004, 22004 it asks for nothing, 22023.';
COMMENT ON FUNCTION trust_ledger.make_promise(text, text, text, text, timestamptz, date, numeric, text, text, text, interval, text, timestamptz, jsonb, text) IS
	'Makes a promise to a customer, in the words they were given. promiser: whoever acts, if left out. due: an instant; due_on: the end of that day in the ledger''s zone; at most a hundred years from now. Open where policy asks for nobody or the human promiser acts themselves with evidence and authority enough; else proposed until a human backs it. Levels application, import. Errors: 22003, 22008, 22023, 42704, TL003, TL004.';
COMMENT ON FUNCTION trust_ledger.amend_promise(uuid, text, text, timestamptz, date, numeric, text, text, text, interval, text[], text, boolean, text, text, timestamptz, jsonb, text) IS
	'Changes the terms given, clears those named in clear (kind, due, value, currency, purpose, longest_pause), keeps the others; voids the backing. What the customer accepted, or is past due, is amended by an actor that speaks for the customer; relayed: a company actor passes on that the customer accepts the new terms, and the old ones stand until it is confirmed. Levels application, import. Errors: TL001, TL003, TL004, 22008, 22023, P0002.';
COMMENT ON FUNCTION trust_ledger.pause_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The promise''s clock stands still while the customer is awaited: due moves by what is left of the longest pause that the terms state, all pauses together; resume_promise() takes back what was not used. Before due only. By an actor that speaks for the company or a record. Levels application, import. Errors: TL001 state, past due, no due, no pause allowed or left; TL003, TL004, 22008 due would be more than a hundred years from now, P0002.';

CREATE FUNCTION trust_ledger.exception_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	overdue CONSTANT text := $sql$p.state IN ('proposed', 'open') AND p.opened_at IS NOT NULL AND p.overdue_at IS NOT NULL AND p.overdue_at < now()$sql$;
	undecided CONSTANT text := $sql$p.state IN ('proposed', 'open')$sql$;
	retired CONSTANT text := $sql$EXISTS (SELECT FROM trust.actor a WHERE a.actor = p.backer AND NOT a.active)$sql$;
	retired_at CONSTANT text := $sql$(SELECT e.recorded_at FROM trust.actor a JOIN trust.entry e ON e.customer = '' AND e.seq = a.seq WHERE a.actor = p.backer)$sql$;
	drafter_kind CONSTANT text := $sql$coalesce((SELECT a.kind FROM trust.actor a WHERE a.actor = p.drafted_by), p.promiser_kind)$sql$;
	ran_out CONSTANT text := $sql$p.paused_at IS NOT NULL AND p.paused_until < now()$sql$;
	promises text;
BEGIN
	-- Each kind of exception that a promise's row tells, in the words of SQL. %s is put together of what is above.
	-- Columns are named in each part of a UNION: PostgreSQL does so where it writes a view down.
	SELECT string_agg(format($view$
		SELECT %L::text AS what, %s AS since, p.customer, p.promise, %s AS subject, p.promiser, p.kind, p.state, %s AS detail
		FROM trust.promise p
		WHERE %s AND (SELECT trust_ledger.require_reader())
		$view$, what, since, coalesce(subject, 'NULL::text'), detail, applies), ' UNION ALL ')
	INTO promises
	FROM (VALUES
		('unbacked', 'coalesce(p.waiting_since, p.opened_at, p.recorded_at)', NULL,
			$sql$format('policy asks for evidence %s, and nobody stands behind it', p.evidence_asked)$sql$,
			$sql$p.evidence_asked IS NOT NULL AND p.backer IS NULL AND p.state <> 'withdrawn' AND NOT (p.state = 'proposed' AND p.declined_at IS NOT NULL)$sql$),
		('backing_overdue', 'p.back_by', NULL,
			$sql$format('to be backed by %s, waits since %s', p.back_by, p.waiting_since)$sql$,
			'p.waiting_since IS NOT NULL AND p.back_by < now()'),
		('overdue', 'p.overdue_at', NULL,
			$sql$format('was due %s, and nobody has given a verdict', p.due)$sql$,
			overdue),
		('backer_retired', retired_at, 'p.backer',
			$sql$'whoever stands behind it is retired'$sql$,
			undecided || ' AND ' || retired),
		('backing_withdrawn', 'p.unbacked_at', 'p.former_backer',
			$sql$'whoever stood behind it does no more, and nobody else does'$sql$,
			undecided || $sql$ AND p.backer IS NULL AND p.unbacked_by = 'backing_withdrawn'$sql$),
		('relied_on_unbacked', 'p.accepted_at', NULL,
			$sql$'the customer accepted it, and nobody ever stood behind it'$sql$,
			'p.accepted_at IS NOT NULL AND p.backer IS NULL AND p.unbacked_at IS NULL'),
		('machine_words_unseen', 'p.recorded_at', 'coalesce(p.drafted_by, p.promiser)',
			format($sql$format('words by %%s (%%s), which no human of the company''s had before them', coalesce(p.drafted_by, p.promiser), %s)$sql$, drafter_kind),
			format($sql$p.seen_at IS NULL AND p.state <> 'withdrawn' AND %s <> 'human'$sql$, drafter_kind)),
		('backfilled', 'p.backfilled_at', NULL,
			$sql$CASE WHEN p.backfilled THEN 'made long before it was entered' ELSE 'what happened to it was entered long after' END$sql$,
			'p.backfilled_at IS NOT NULL'),
		('due_moved', 'p.due_moved_at', NULL,
			$sql$format('moved %s, first due %s, now %s', CASE p.due_moves WHEN 1 THEN 'once' ELSE p.due_moves || ' times' END, p.first_due, coalesce(p.due::text, 'without a due time'))$sql$,
			'p.due_moves > 0'),
		('withdrawn_late', 'p.settled_at', NULL,
			$sql$format('withdrawn after acceptance or due, stands as %s', p.outcome)$sql$,
			$sql$p.settled_by = 'withdrawn' AND p.outcome IS NOT NULL$sql$),
		('released_late', 'p.settled_at', NULL,
			$sql$format('was due %s', p.due)$sql$,
			$sql$p.settled_by = 'released' AND p.due < p.settled_at$sql$),
		('long_pause', format('CASE WHEN %s THEN p.paused_until ELSE coalesce(p.paused_at, p.recorded_at) END', ran_out), NULL,
			format($sql$CASE WHEN %s THEN format('the pause since %%s ran out', p.paused_at) ELSE format('paused for %%s of %%s first promised', p.paused_for, p.first_due - p.made_at) END$sql$, ran_out),
			format('(%s OR p.paused_for > (p.first_due - p.made_at) / 2)', ran_out)),
		('company_word_only', 'p.settled_at', NULL,
			$sql$format('%s, by the company''s word alone', p.outcome)$sql$,
			$sql$p.outcome IS NOT NULL AND p.whose_word = 'company'$sql$),
		('admitted_and_kept', 'p.admitted_at', NULL,
			$sql$'a breach was admitted beforehand, and it stands as kept'$sql$,
			$sql$p.admitted_at IS NOT NULL AND p.outcome = 'kept'$sql$),
		('no_due', 'p.made_at', NULL,
			$sql$'it can never be overdue'$sql$,
			undecided || ' AND p.due IS NULL')) AS v (what, since, subject, detail, applies);

	name := 'exception';
	definition := promises || $view$
	UNION ALL
	SELECT 'unconfirmed' AS what, e.recorded_at AS since, p.customer, p.promise, e.actor AS subject, p.promiser, p.kind, p.state,
		format('entry %s, %s, waits for the customer''s or a record''s own word', e.seq, concat_ws(' ', e.event, e.verdict)) AS detail
	FROM trust.promise p JOIN trust.entry e ON e.customer = p.customer AND e.promise = p.promise AND (e.relayed OR e.event = 'breach_repaired' AND NOT e.stands)
	-- a promise says which was the last; none before it hides behind that
	WHERE p.unconfirmed IS NOT NULL AND (SELECT trust_ledger.require_reader())
		AND NOT EXISTS (SELECT FROM trust.entry o WHERE o.customer = e.customer AND o.promise = e.promise AND o.seq > e.seq AND o.speaks_for <> 'company'
			AND o.event IN ('accepted', 'amended', 'assessed', 'released', 'breach_repaired') AND o.stands IS NOT FALSE)
	UNION ALL
	SELECT 'row_deleted' AS what, e.recorded_at AS since, p.customer, p.promise, s.source AS subject, p.promiser, p.kind, p.state,
		format('its row %s%s is gone, and nothing has ended it', s.key, CASE WHEN s.name <> '' THEN format(' (%s)', s.name) END) AS detail
	FROM trust.source s JOIN trust.promise p ON p.customer = s.customer AND p.promise = s.promise
	JOIN trust.entry e ON e.customer = s.customer AND e.seq = s.seq
	WHERE s.gone AND p.state IN ('proposed', 'open') AND e.details->>'row' = 'deleted' AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'erased' AS what, e.recorded_at AS since, e.customer, e.promise, coalesce(e.actor, e.login) AS subject, p.promiser, p.kind, p.state,
		format('entry %s erased texts of %s', e.seq, CASE WHEN e.refers_to IS NOT NULL THEN format('entry %s', e.refers_to)
			WHEN e.promise IS NOT NULL THEN 'all earlier entries of the promise' ELSE 'no entry that it names' END) AS detail
	FROM trust.entry e LEFT JOIN trust.promise p ON p.customer = e.customer AND p.promise = e.promise
	WHERE e.event = 'erased' AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'policy_weakened' AS what, weak.recorded_at AS since, '' AS customer, NULL::uuid AS promise, weak.subject,
		NULL::text AS promiser, NULL::text AS kind, NULL::text AS state,
		format('entry %s asked for less than entry %s, until entry %s at %s', weak.seq, weak.old_seq, again.seq, again.recorded_at) AS detail
	FROM (
		SELECT e.seq, e.subject, e.details, e.recorded_at,
			lag(e.seq) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old_seq, lag(e.details) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old
		FROM trust.entry e
		WHERE e.customer = '' AND e.event IN ('policy_set', 'policy_dropped')) weak
	CROSS JOIN LATERAL (
		SELECT e.seq, e.recorded_at FROM trust.entry e
		WHERE e.customer = '' AND e.event = 'policy_set' AND e.seq > weak.seq AND NOT trust_ledger.policy_is_weaker(weak.old, e.details)
		ORDER BY e.seq LIMIT 1) again
	WHERE trust_ledger.policy_is_weaker(weak.old, weak.details) AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'policy_weakened' AS what, given.recorded_at AS since, '' AS customer, NULL::uuid AS promise, given.subject,
		NULL::text AS promiser, NULL::text AS kind, NULL::text AS state,
		format('entry %s gave a grace that the rule did not give before, until entry %s at %s', given.seq, taken.seq, taken.recorded_at) AS detail
	FROM (
		SELECT e.seq, e.subject, e.details, e.recorded_at, lag(e.details) OVER (PARTITION BY e.subject ORDER BY e.seq) AS old
		FROM trust.entry e
		WHERE e.customer = '' AND e.event IN ('policy_set', 'policy_dropped')) given
	CROSS JOIN LATERAL (
		SELECT e.seq, e.recorded_at FROM trust.entry e
		WHERE e.customer = '' AND e.event IN ('policy_set', 'policy_dropped') AND e.subject = given.subject AND e.seq > given.seq
			AND (e.event = 'policy_dropped' OR coalesce((e.details->>'grace')::interval, '0') < (given.details->>'grace')::interval)
		ORDER BY e.seq LIMIT 1) taken
	WHERE (given.details->>'active')::boolean AND (given.details->>'grace')::interval > '0'
		AND NOT coalesce((given.old->>'active')::boolean, false) AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'clock_set_back' AS what, e.recorded_at AS since, e.customer, e.promise, e.actor AS subject, p.promiser, p.kind, p.state,
		format('entry %s was recorded at %s, and entry %s of governance, which it names, at %s', e.seq, e.recorded_at, g.seq, g.recorded_at) AS detail
	FROM trust.entry e JOIN trust.entry g ON g.customer = '' AND g.seq = e.actor_seq AND e.recorded_at < g.recorded_at - interval '1 minute'
	LEFT JOIN LATERAL (SELECT o.promiser, o.kind, o.state FROM trust.promise o WHERE o.customer = e.customer AND o.promise = e.promise LIMIT 1) p ON true
	-- most are younger than all who act: that is seen at once
	WHERE e.recorded_at < (SELECT max(a.recorded_at) FROM trust.entry a WHERE a.customer = '' AND starts_with(a.event, 'actor_')) - interval '1 minute'
		AND (SELECT trust_ledger.require_reader())
	UNION ALL
	SELECT 'foreign_code' AS what, NULL AS since, '' AS customer, NULL AS promise, format('%I.%I', s.nspname, c.relname) AS subject,
		NULL AS promiser, NULL AS kind, NULL AS state,
		format('%s %I calls function %I.%I after a write%s', CASE WHEN t.tgconstraint <> 0 THEN 'constraint trigger' ELSE 'trigger' END, t.tgname,
			n.nspname, f.proname, CASE t.tgenabled WHEN 'D' THEN ', and is disabled' END) AS detail
	FROM (WITH RECURSIVE place (relid) AS (
			SELECT o.oid FROM pg_class o JOIN pg_namespace os ON os.oid = o.relnamespace
			WHERE os.nspname = 'trust' AND o.relname IN ('ledger', 'actor', 'policy', 'access', 'tracking', 'chain', 'promise', 'source', 'entry', 'parked_change', 'copy')
			UNION SELECT i.inhrelid FROM place JOIN pg_inherits i ON i.inhparent = place.relid)
		SELECT place.relid FROM place) part
	JOIN pg_class c ON c.oid = part.relid JOIN pg_namespace s ON s.oid = c.relnamespace
	-- neither BEFORE nor INSTEAD OF; a partition's copy of its parent's trigger is the same
	JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgtype & 66 = 0 AND t.tgparentid = 0
	JOIN pg_proc f ON f.oid = t.tgfoid JOIN pg_namespace n ON n.oid = f.pronamespace
	-- foreign keys have triggers of PostgreSQL's own
	WHERE NOT (t.tgisinternal AND n.nspname = 'pg_catalog') AND (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;

	name := 'overdue';
	definition := format($view$
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, p.promiser_kind, p.backer, p.kind, p.value, p.currency, p.due, p.overdue_at,
		(extract(epoch FROM now() - p.overdue_at) / 86400)::float8 AS days_over, p.accepted_at
	FROM trust.promise p
	WHERE %s AND (SELECT trust_ledger.require_reader())
	ORDER BY p.overdue_at
	$view$, overdue);
	RETURN NEXT;

	name := 'orphaned';
	definition := format($view$
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, coalesce(p.backer, p.former_backer) AS former_backer,
		CASE WHEN p.backer IS NOT NULL THEN 'retired' WHEN p.unbacked_by = 'backing_withdrawn' THEN 'withdrawn' ELSE p.unbacked_by END AS why,
		CASE WHEN p.backer IS NOT NULL THEN %s ELSE p.unbacked_at END AS since,
		p.kind, p.value, p.currency, p.due, p.accepted_at, %s AS overdue
	FROM trust.promise p
	WHERE %s AND (p.backer IS NULL AND p.unbacked_at IS NOT NULL OR %s) AND (SELECT trust_ledger.require_reader())
	$view$, retired_at, overdue, undecided, retired);
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.exception_views() IS
	'The texts of the views of exceptions. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_exception_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	col record;
BEGIN
	COMMENT ON VIEW trust.exception IS 'What an auditor asks about: one row per promise, entry, rule or trigger and what is the matter with it. A promise with several matters has several rows. Nothing that a person wrote.';
	FOR col IN
		SELECT * FROM (VALUES
			('what', $c$What is the matter. unbacked: policy asks for a human and nobody backs it. backing_overdue: it still waits, past the time to back within. overdue: past due and grace without a verdict. backer_retired: whoever stands behind it is retired. backing_withdrawn: whoever stood behind it took that back, and nobody else does. relied_on_unbacked: the customer accepted what nobody ever backed. machine_words_unseen: a machine wrote words that no human of the company's had before them. backfilled: it, or what happened to it, was entered long after the fact. due_moved: by an amendment. withdrawn_late: after acceptance or due. released_late: after due. long_pause: a pause ran out, or pauses took more than half of the time first promised. unconfirmed: what was relayed, or a repair that was claimed, waits for the customer's or a record's own word. company_word_only: the verdict is the company's own. admitted_and_kept: a breach was admitted beforehand, and it was kept. no_due: it has no due time, and so can never be overdue. row_deleted: the row of a tracked table that it stands for was deleted, and it still binds or waits. erased: a person's text was erased. policy_weakened: a rule asked for less, or was dropped, for a while, and was then restored; or a new one gave grace for a while. clock_set_back: an entry was recorded more than a minute before the entry that registered its actor as it says. foreign_code: a trigger that is not the ledger's own follows what is written to one of its tables.$c$),
			('since', 'Since when; of what is done with, when it was done. NULL: that is not known.'),
			('customer', 'Whom the promise was made to; empty: governance, or a table.'),
			('promise', 'The promise; NULL: it is about no promise.'),
			('subject', 'The actor, login, rule or table it is about; NULL: the promise itself.'),
			('promiser', 'Who made the promise.'),
			('kind', 'The promise''s kind; NULL: none was said.'),
			('state', 'The promise''s state now.'),
			('detail', 'More about it, for people to read; no words that a person wrote.')) AS c (name, comment)
	LOOP
		EXECUTE format('COMMENT ON COLUMN trust.exception.%I IS %L', col.name, col.comment);
	END LOOP;

	COMMENT ON VIEW trust.overdue IS 'Promises past due and grace without a verdict, the longest overdue first. Words only for levels application and auditor.';
	COMMENT ON COLUMN trust.overdue.customer IS 'Whom it was made to.';
	COMMENT ON COLUMN trust.overdue.promise IS 'Which promise.';
	COMMENT ON COLUMN trust.overdue.state IS 'open, or proposed again: it was open once.';
	COMMENT ON COLUMN trust.overdue.words IS 'What was promised; NULL for who may not read words.';
	COMMENT ON COLUMN trust.overdue.promiser IS 'Who made it.';
	COMMENT ON COLUMN trust.overdue.promiser_kind IS 'human, ai or system.';
	COMMENT ON COLUMN trust.overdue.backer IS 'The human who stands behind it by their own act; NULL: nobody.';
	COMMENT ON COLUMN trust.overdue.kind IS 'Its kind; NULL: none was said.';
	COMMENT ON COLUMN trust.overdue.value IS 'What it is worth, if that was said.';
	COMMENT ON COLUMN trust.overdue.currency IS 'In which currency.';
	COMMENT ON COLUMN trust.overdue.due IS 'When it was due.';
	COMMENT ON COLUMN trust.overdue.overdue_at IS 'due and the grace that policy gives.';
	COMMENT ON COLUMN trust.overdue.days_over IS 'How long since overdue_at, in days of 24 hours.';
	COMMENT ON COLUMN trust.overdue.accepted_at IS 'When the customer accepted it; NULL: they did not.';

	COMMENT ON VIEW trust.orphaned IS 'Promises without a verdict that a human stood behind, and nobody does any more. Words only for levels application and auditor.';
	COMMENT ON COLUMN trust.orphaned.customer IS 'Whom it was made to.';
	COMMENT ON COLUMN trust.orphaned.promise IS 'Which promise.';
	COMMENT ON COLUMN trust.orphaned.state IS 'proposed or open.';
	COMMENT ON COLUMN trust.orphaned.words IS 'What was promised; NULL for who may not read words.';
	COMMENT ON COLUMN trust.orphaned.promiser IS 'Who made it.';
	COMMENT ON COLUMN trust.orphaned.former_backer IS 'Who stood behind it last.';
	COMMENT ON COLUMN trust.orphaned.why IS 'retired: the backer was; withdrawn: they took it back; amended: its terms changed, and what was backed were the old ones.';
	COMMENT ON COLUMN trust.orphaned.since IS 'Since when nobody stands behind it.';
	COMMENT ON COLUMN trust.orphaned.kind IS 'Its kind; NULL: none was said.';
	COMMENT ON COLUMN trust.orphaned.value IS 'What it is worth, if that was said.';
	COMMENT ON COLUMN trust.orphaned.currency IS 'In which currency.';
	COMMENT ON COLUMN trust.orphaned.due IS 'When it is due.';
	COMMENT ON COLUMN trust.orphaned.accepted_at IS 'When the customer accepted it; NULL: they did not.';
	COMMENT ON COLUMN trust.orphaned.overdue IS 'It was open, and is past due and grace.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_exception_views() IS
	'Comments on the views of exceptions. Called by create_views().';

CREATE FUNCTION trust_ledger.analysis_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'over_promising';
	definition := $view$
	WITH part AS (
		SELECT p.promiser, p.promiser_kind, p.kind, p.outcome, o.overdue, o.overdue OR p.outcome IS NOT NULL AS decided,
			p.first_due - p.made_at AS promised, CASE WHEN p.outcome = 'kept' THEN p.settled_at - p.made_at END AS needed
		FROM trust.promise p
		CROSS JOIN LATERAL (SELECT p.state IN ('proposed', 'open') AND p.opened_at IS NOT NULL
			AND p.overdue_at IS NOT NULL AND p.overdue_at < now() AS overdue) o
		WHERE (SELECT trust_ledger.require_reader())
	), of_human AS (
		SELECT kind, count(*) FILTER (WHERE decided) AS decided, count(*) FILTER (WHERE outcome = 'kept') AS kept,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY needed) AS median_needed
		FROM part WHERE promiser_kind = 'human' GROUP BY kind
	), of_promiser AS (
		SELECT promiser, promiser_kind, kind, count(*) AS promises,
			count(*) FILTER (WHERE decided) AS decided, count(*) FILTER (WHERE outcome = 'kept') AS kept,
			count(*) FILTER (WHERE outcome = 'partly_kept') AS partly_kept, count(*) FILTER (WHERE outcome = 'broken') AS broken,
			count(*) FILTER (WHERE overdue) AS overdue,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY promised) AS median_promised,
			percentile_cont(0.5) WITHIN GROUP (ORDER BY needed) AS median_needed
		FROM part GROUP BY promiser, promiser_kind, kind
	)
	SELECT p.promiser, p.promiser_kind, p.kind, p.promises, p.decided, p.kept, p.partly_kept, p.broken, p.overdue,
		p.kept / nullif(p.decided, 0)::float8 AS kept_rate,
		-- a score of that evidence has the quantiles of Beta(kept + 1, decided - kept + 1); its age is of no matter
		trust_ledger.lower_bound(trust_ledger.trust_score(p.kept, p.decided - p.kept, '2000-01-01 00:00:00+00', '1 day'), 0.975) AS kept_rate_low,
		1 - trust_ledger.lower_bound(trust_ledger.trust_score(p.decided - p.kept, p.kept, '2000-01-01 00:00:00+00', '1 day'), 0.975) AS kept_rate_high,
		p.median_promised, p.median_needed,
		coalesce(h.decided, 0) AS human_decided, h.kept / nullif(h.decided, 0)::float8 AS human_kept_rate, h.median_needed AS human_median_needed
	-- no kind is a kind of its own, and a name is never empty
	FROM of_promiser p LEFT JOIN of_human h ON coalesce(h.kind, '') = coalesce(p.kind, '')
	$view$;
	RETURN NEXT;

	name := 'human_backing';
	definition := $view$
	SELECT b.scope, b.evidence, b.month, b.kind, b.promiser_kind, b.value_band,
		b.backed_promises, b.backed_undecided, b.backed_too_early, b.backed_decided, b.backed_kept, b.backed_rate, b.backed_accepted,
		b.unbacked_promises, b.unbacked_undecided, b.unbacked_too_early, b.unbacked_decided, b.unbacked_kept, b.unbacked_rate, b.unbacked_accepted,
		b.difference, b.difference_low, b.difference_high
	FROM trust_ledger.human_backing() b
	WHERE (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.analysis_views() IS
	'The texts of the views of analysis. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_analysis_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	col record;
BEGIN
	COMMENT ON VIEW trust.over_promising IS 'Who promises more than they keep, or sooner than they can: per promiser and kind, beside what humans do with promises of that kind.';
	COMMENT ON COLUMN trust.over_promising.promiser IS 'Who promised.';
	COMMENT ON COLUMN trust.over_promising.promiser_kind IS 'human, ai or system.';
	COMMENT ON COLUMN trust.over_promising.kind IS 'Of which kind; NULL: no kind was said.';
	COMMENT ON COLUMN trust.over_promising.promises IS 'How many there are, in all states.';
	COMMENT ON COLUMN trust.over_promising.decided IS 'How many have a verdict, or are overdue.';
	COMMENT ON COLUMN trust.over_promising.kept IS 'How many stand as kept.';
	COMMENT ON COLUMN trust.over_promising.partly_kept IS 'How many stand as partly kept.';
	COMMENT ON COLUMN trust.over_promising.broken IS 'How many stand as broken.';
	COMMENT ON COLUMN trust.over_promising.overdue IS 'How many were open, and are past due and grace without a verdict.';
	COMMENT ON COLUMN trust.over_promising.kept_rate IS 'Share of those decided that are kept, 0 to 1; NULL: none is decided.';
	COMMENT ON COLUMN trust.over_promising.kept_rate_low IS 'From here the true rate lies with 95 % probability, by Beta(kept + 1, decided - kept + 1): 2.5 % lie below.';
	COMMENT ON COLUMN trust.over_promising.kept_rate_high IS 'Up to here: 2.5 % lie above.';
	COMMENT ON COLUMN trust.over_promising.median_promised IS 'Median of the time first promised, from made to first due.';
	COMMENT ON COLUMN trust.over_promising.median_needed IS 'Median of the time from promise to verdict, of those kept.';
	COMMENT ON COLUMN trust.over_promising.human_decided IS 'How many promises of that kind that humans made are decided, this promiser''s among them if human.';
	COMMENT ON COLUMN trust.over_promising.human_kept_rate IS 'Share of these that are kept, 0 to 1.';
	COMMENT ON COLUMN trust.over_promising.human_median_needed IS 'Median of the time from promise to verdict, of these that are kept.';

	COMMENT ON VIEW trust.human_backing IS 'Kept rates of promises that a human stood behind an hour after they were made, and of those that nobody did; human_backing() takes another time. Looking at one instant early on, the same for all, keeps a long case from collecting names; strata compare like with like. It is association, not effect: what made a human stand behind a promise may be what made it be kept.';
	FOR col IN
		SELECT * FROM (VALUES
			('scope', 'stratum: promises alike in month, kind, promiser''s kind and value; raw: all promises together; within_strata: the strata in which promises of both sorts are decided, taken together with the weights of Cochran, n1 n0 / (n1 + n0).'),
			('evidence', 'Which backed promises: any, or those backed with that evidence, asserted, session or passkey. Unbacked are all that nobody stood behind.'),
			('month', 'The first of the month in which they were made, in the ledger''s zone.'),
			('kind', 'Their kind; NULL: no kind was said.'),
			('promiser_kind', 'human, ai or system.'),
			('value_band', 'Their value by power of ten, and currency: EUR 1000+ is 1000 to below 10000; NULL: no value was said.'),
			('difference', 'backed minus unbacked: of the posterior means (kept + 1) / (decided + 2); NULL: one of them has nothing decided.'),
			('difference_low', 'From here the difference lies with 95 % probability, by a normal approximation to the posterior.'),
			('difference_high', 'Up to here.')) AS c (name, comment)
		UNION ALL
		SELECT sort || '_' || name, format(comment, means)
		FROM (VALUES ('backed', 'that a human stood behind'), ('unbacked', 'that nobody stood behind')) AS s (sort, means),
			(VALUES
			('promises', 'How many promises %s then.'),
			('undecided', 'How many of those %s: not yet due, never open, withdrawn in time, or released.'),
			('too_early', 'How many of those %s were settled or due before the instant that is looked at: not comparable.'),
			('decided', 'How many of those %s are decided: past due, or with a verdict where no due time was said.'),
			('kept', 'How many of these decided %s stand as kept; overdue and partly kept are not.'),
			('rate', 'kept of decided, of those %s, 0 to 1; NULL: none is decided.'),
			('accepted', 'Share of the promises %s that the customer accepted, 0 to 1.')) AS c (name, comment)
	LOOP
		EXECUTE format('COMMENT ON COLUMN trust.human_backing.%I IS %L', col.name, col.comment);
	END LOOP;
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_analysis_views() IS
	'Comments on the views of analysis. Called by create_views().';

CREATE FUNCTION trust_ledger.tracked_row_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'tracked_row';
	definition := $view$
	SELECT s.source, s.key, s.name, s.customer, s.promise, s.gone
	FROM trust.source s
	WHERE (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;

	name := 'tracked_entry';
	definition := $view$
	SELECT e.customer, e.promise, e.seq, e.event, e.state, e.verdict, e.due, e.stands, coalesce(e.details ? 'source', false) AS by_row
	FROM trust.entry e
	WHERE e.promise IS NOT NULL AND (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.tracked_row_views() IS
	'The texts of the views of tracked rows and of what is on record of them. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_tracked_row_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.tracked_row IS 'Which row of a tracked table each promise stands for.';
	COMMENT ON COLUMN trust.tracked_row.source IS 'The tracked table, by the name that its triggers give it.';
	COMMENT ON COLUMN trust.tracked_row.key IS 'The row''s primary key as text; of several columns, a JSON array of their texts.';
	COMMENT ON COLUMN trust.tracked_row.name IS 'Which of the row''s promises; empty where it carries one.';
	COMMENT ON COLUMN trust.tracked_row.customer IS 'Whom the promise was made to.';
	COMMENT ON COLUMN trust.tracked_row.promise IS 'Which promise.';
	COMMENT ON COLUMN trust.tracked_row.gone IS 'The row was deleted, or stands for another promise now.';

	COMMENT ON VIEW trust.tracked_entry IS 'What is on record of each promise, as reconcile_table() compares it with the rows of tracked tables; history() tells it in words.';
	COMMENT ON COLUMN trust.tracked_entry.customer IS 'Whom the promise was made to.';
	COMMENT ON COLUMN trust.tracked_entry.promise IS 'Which promise.';
	COMMENT ON COLUMN trust.tracked_entry.seq IS 'The entry''s place in the customer''s history.';
	COMMENT ON COLUMN trust.tracked_entry.event IS 'What happened.';
	COMMENT ON COLUMN trust.tracked_entry.state IS 'What the promise was from then on.';
	COMMENT ON COLUMN trust.tracked_entry.verdict IS 'kept, partly_kept or broken, whether it stands or not.';
	COMMENT ON COLUMN trust.tracked_entry.due IS 'When it was due from then on; of what says nothing of that, NULL.';
	COMMENT ON COLUMN trust.tracked_entry.stands IS 'false: it is recorded, and does not stand.';
	COMMENT ON COLUMN trust.tracked_entry.by_row IS 'A tracked row''s change wrote it.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_tracked_row_views() IS
	'Comments on the views of tracked rows and of what is on record of them. Called by create_views().';

CREATE OR REPLACE FUNCTION trust_ledger.mapped_arguments(mapped jsonb, event text, own jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT array(SELECT 'verdict:' || e.event WHERE e.event = ANY ('{kept,partly_kept,broken}')) || array(
		SELECT t.name || v.value
		FROM unnest(e.takes) WITH ORDINALITY AS t (name, n), LATERAL (SELECT coalesce(own ->> t.name, CASE WHEN t.name = ANY (e.inherits)
			-- a promise that could not be made cannot have notes
			AND NOT (e.event = 'made' AND t.name = 'on_error' AND mapped ->> t.name = ':note') THEN mapped ->> t.name END)) AS v (value)
		WHERE v.value IS NOT NULL ORDER BY t.n)
	FROM trust_ledger.tracked_events() e WHERE e.event = $2
$$;

CREATE OR REPLACE FUNCTION trust_ledger.mapped_triggers(mapped jsonb, key_columns text[])
RETURNS TABLE (nr bigint, event text, fires text, condition text, arguments text[])
LANGUAGE sql STABLE PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
	WITH life AS (SELECT * FROM trust_ledger.mapped_life(mapped)),
	-- one row, also where every row makes the promise
	made AS (SELECT l.new, l.old FROM (VALUES (1)) AS one LEFT JOIN life l ON l.event = 'made'),
	keys AS (SELECT '(' || string_agg(format('NOT trust_ledger.same_value(NEW.%1$I, OLD.%1$I)', name), ' OR ' ORDER BY n) || ')' AS changed FROM unnest(key_columns) WITH ORDINALITY AS c (name, n)),
	amended AS (
		SELECT '(' || string_agg(format('NOT trust_ledger.same_value(NEW.%1$I, OLD.%1$I)', name), ' OR ' ORDER BY n) || ')' AS changed
		FROM (
			SELECT name, min(n) AS n
			FROM unnest(array(
				SELECT substr(v.value, 2)
				FROM trust_ledger.tracked_events() e, unnest(e.inherits) WITH ORDINALITY AS t (name, n),
					LATERAL (SELECT coalesce(mapped -> 'amended' ->> t.name, mapped ->> t.name)) AS v (value)
				WHERE e.event = 'amended' AND v.value ~ '^=' ORDER BY t.n) || key_columns) WITH ORDINALITY AS c (name, n)
			GROUP BY name) AS c)
	SELECT row_number() OVER (ORDER BY t.nr, t.part), t.event, t.fires, t.condition, trust_ledger.mapped_arguments(mapped, t.event, t.own)
	FROM (
		SELECT 1 AS nr, 1 AS part, 'made' AS event, mapped -> 'made' AS own, 'AFTER INSERT' AS fires, made.new AS condition FROM made
		UNION ALL
		SELECT 1, 2, 'made', mapped -> 'made', 'AFTER UPDATE', made.new || ' AND ' || made.old || ' IS NOT TRUE' FROM made WHERE made.new IS NOT NULL
		UNION ALL
		SELECT 3, 1, 'amended', mapped -> 'amended', 'AFTER UPDATE', concat_ws(' AND ', made.new, made.old, amended.changed) FROM made, amended
		UNION ALL
		-- a row that would make no promise now can stand for one still
		SELECT 3, 2, 'noted', '{"reason": ":Its row has another key now."}', 'AFTER UPDATE', made.new || ' IS NOT TRUE AND ' || keys.changed FROM made, keys WHERE made.new IS NOT NULL
		UNION ALL
		-- what cannot be yet in a new row is not asked of one
		SELECT l.nr, 1, l.event, l.own, 'AFTER INSERT', concat_ws(' AND ', l.new, made.new) FROM life l, made
		WHERE l.event <> 'made' AND l.new IS NOT NULL AND l.event <> ALL ('{amended,declined,backing_withdrawn,resumed}')
			AND (l.event <> 'backed' OR coalesce(l.own ->> 'backer', mapped ->> 'backer') IS NOT NULL)
		UNION ALL
		SELECT l.nr, 2, l.event, l.own,
			'AFTER UPDATE' || CASE WHEN l.event = 'backed' THEN coalesce((
				SELECT ' OF ' || string_agg(quote_ident(name), ', ' ORDER BY n)
				FROM (SELECT name, min(n) AS n FROM unnest(l.columns || substr(coalesce(l.own ->> 'backer', mapped ->> 'backer'), 2)) WITH ORDINALITY AS c (name, n)
					WHERE name IS NOT NULL GROUP BY name) AS c), '') ELSE '' END,
			-- another name is another backing
			coalesce(l.of_change, CASE WHEN l.event = 'backed' AND coalesce(l.own ->> 'backer', mapped ->> 'backer') IS NOT NULL
				THEN format('%s AND (%s IS NOT TRUE OR NOT trust_ledger.same_value(NEW.%I, OLD.%3$I))', l.new, l.old, substr(coalesce(l.own ->> 'backer', mapped ->> 'backer'), 2))
				ELSE l.new || ' AND ' || l.old || ' IS NOT TRUE' END) FROM life l
		WHERE l.event <> 'made'
		UNION ALL
		-- before the amendment: what is paused is not amended
		SELECT 2, 2, 'resumed', mapped -> 'resumed', 'AFTER UPDATE', l.old || ' AND ' || l.new || ' IS NOT TRUE' FROM life l
		WHERE l.event = 'paused' AND l.nr < 100 AND l.new IS NOT NULL AND NOT mapped ? 'resumed_when') AS t
	ORDER BY 1
$$;

CREATE FUNCTION trust_ledger.tracked_subscription(trigger oid) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT string_agg(DISTINCT s.subname::text, ', ' ORDER BY s.subname::text)
	FROM pg_trigger t, LATERAL (
			SELECT t.tgrelid AS relid
			UNION SELECT p.relid FROM pg_partition_tree(t.tgrelid) AS p
			UNION SELECT a.relid FROM pg_partition_ancestors(t.tgrelid) AS a) AS place
		JOIN pg_subscription_rel r ON r.srrelid = place.relid JOIN pg_subscription s ON s.oid = r.srsubid
	WHERE t.oid = trigger
$$;
COMMENT ON FUNCTION trust_ledger.tracked_subscription(oid) IS
	'The subscriptions that write to a trigger''s table, its partitions, or what it is a partition of; NULL: none does.';
COMMENT ON FUNCTION trust_ledger.track_table(regclass, jsonb, boolean, text, text, text) IS
	'Tracks a table: creates triggers for the whole life of a promise from one mapping, replaces those that it created before, and returns the statements. dry_run: returns the statements and reports errors, but changes nothing. The mapping: arguments of track() as "=column" or ":text"; <event>_when, a condition on the row ("status = ''sent''") that an event happens when it comes to hold, or on a change ("NEW.owner <> OLD.owner"); <event>, arguments of that event alone; events, an array of {"event", "when", arguments}, for several of one event; promises, an object of mappings, for several promises of one row; source, on_delete. Names in conditions are looked up in path. For the table''s owner, with level application or admin. Errors: TL004, 22023 the mapping, 42601 a condition, 42703 a column, 42P01, 42809, 55000 the table, 42501 not its owner, 42710 the source.';

CREATE FUNCTION trust_ledger.tracked_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'tracked';
	definition := $view$
	WITH recorded AS (
		SELECT t.source, t.tab, t.seq, trust_ledger.table_of_source(t.source, t.tab) AS relid, r.*
		FROM trust.tracking t, LATERAL jsonb_to_recordset(t.triggers) AS r (name text, arguments text[], definition text, fingerprint text)
		WHERE t.active AND (SELECT trust_ledger.require_reader())),
	present AS (
		SELECT r.source, r.tab AS recorded_tab, n.nspname, c.relname, r.name, t.oid, r.seq, r.definition, r.fingerprint,
			coalesce(trust_ledger.trigger_arguments(t.tgargs), r.arguments) AS arguments
		FROM recorded r LEFT JOIN pg_class c ON c.oid = r.relid LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
			LEFT JOIN pg_trigger t ON t.tgrelid = r.relid AND t.tgname = r.name AND NOT t.tgisinternal
		UNION ALL
		SELECT t.source, t.tab_name, NULL, NULL, t.name, t.trigger, NULL, NULL, NULL, t.arguments
		FROM trust_ledger.track_triggers() t
		WHERE (SELECT trust_ledger.require_reader()) AND NOT EXISTS (SELECT FROM recorded r WHERE r.relid = t.tab AND r.name = t.name))
	SELECT p.source, CASE WHEN p.nspname IS NULL THEN p.recorded_tab ELSE format('%I.%I', p.nspname, p.relname) END AS tab,
		p.name AS trigger, p.arguments[1] AS event,
		(SELECT substr(a, 9) FROM unnest(p.arguments[2:]) AS a WHERE starts_with(a, 'promise:') LIMIT 1) AS promise,
		p.arguments[2:] AS arguments, coalesce(trust_ledger.trigger_definition(p.oid), p.definition) AS definition,
		trust_ledger.tracked_state(p.oid, p.definition, p.fingerprint) AS state, p.seq AS recorded_seq,
		CASE WHEN NOT EXISTS (SELECT FROM trust.copy) THEN trust_ledger.tracked_subscription(p.oid) END AS subscription
	FROM present p
	ORDER BY 1, 2, 3
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.tracked_views() IS
	'The text of the view of tracked tables. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_tracked_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.tracked IS 'The triggers by which tables are tracked: those that were recorded when they were made, and what has become of them, and those that somebody made by hand.';
	COMMENT ON COLUMN trust.tracked.source IS 'What the table is called in the ledger, whatever it is renamed to.';
	COMMENT ON COLUMN trust.tracked.tab IS 'The table, as schema.table; where it is gone, what it was called.';
	COMMENT ON COLUMN trust.tracked.trigger IS 'The trigger''s name.';
	COMMENT ON COLUMN trust.tracked.event IS 'What it records.';
	COMMENT ON COLUMN trust.tracked.promise IS 'Which of a row''s promises it is about; NULL: a row makes one.';
	COMMENT ON COLUMN trust.tracked.arguments IS 'What it is given beside the event: name=column or name:text.';
	COMMENT ON COLUMN trust.tracked.definition IS 'The trigger as it is; where it is missing, as it was made.';
	COMMENT ON COLUMN trust.tracked.state IS 'in force: as it was made, but for names. disabled: it does not fire, or not on every partition, or calls another function. missing: it was made, and is not there. altered: it is not what was made. by hand: it is there, and not on record.';
	COMMENT ON COLUMN trust.tracked.recorded_seq IS 'The governance entry by which it is on record; NULL: it is not.';
	COMMENT ON COLUMN trust.tracked.subscription IS 'The subscription that writes to the table: what comes by it is not recorded. NULL: there is none, or the ledger is a copy, which gets the entries too.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_tracked_views() IS
	'Comments on the view of tracked tables. Called by create_views().';

CREATE FUNCTION trust_ledger.drop_parked(
	parked uuid, reason text,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.drop_parked(uuid, text, text, timestamptz, jsonb, text) IS
	'The change that waits in trust.parked is never written: an entry of governance says who decided so, when and why. Level admin. Errors: TL004, 22004 no change or no reason given, P0002 no such change waits, 55000 before migrate_ledger().';

CREATE FUNCTION trust_ledger.record_parked() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.record_parked() IS
	'Puts on record what waits in a ledger of a version that kept no record of parked changes, once: entries of governance say that it was there. Called by migrate_ledger(). Error 42501 not the owner.';

CREATE FUNCTION trust_ledger.parked_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'parked';
	definition := $view$
	SELECT p.parked, p.parked_at, p.source, p.tab, p.trigger, p.operation, p.actor, p.login, p.role,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.old_row END AS old_row,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.new_row END AS new_row,
		p.sqlstate,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.error END AS error
	FROM trust.parked_change p
	WHERE (SELECT trust_ledger.require_reader())
	ORDER BY p.parked_at, p.parked
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.parked_views() IS
	'The text of the view of parked changes. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_parked_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.parked IS 'Changes of tracked rows that could not be written, and wait for replay_parked(). Rows and errors only for levels application and auditor.';
	COMMENT ON COLUMN trust.parked.parked IS 'Its key.';
	COMMENT ON COLUMN trust.parked.parked_at IS 'When; in the order of their changes.';
	COMMENT ON COLUMN trust.parked.source IS 'The tracked table, by the name that its triggers give it.';
	COMMENT ON COLUMN trust.parked.tab IS 'The table or partition, as it was called then.';
	COMMENT ON COLUMN trust.parked.trigger IS 'The trigger that fired.';
	COMMENT ON COLUMN trust.parked.operation IS 'insert, update or delete.';
	COMMENT ON COLUMN trust.parked.actor IS 'Who acted; NULL: nobody that is known.';
	COMMENT ON COLUMN trust.parked.login IS 'The login that changed the row.';
	COMMENT ON COLUMN trust.parked.role IS 'The current role when it did.';
	COMMENT ON COLUMN trust.parked.old_row IS 'The row as it was; NULL: it was put in.';
	COMMENT ON COLUMN trust.parked.new_row IS 'The row as it became; NULL: it was deleted.';
	COMMENT ON COLUMN trust.parked.sqlstate IS 'The SQLSTATE of why it could not be written, the last time it was tried.';
	COMMENT ON COLUMN trust.parked.error IS 'Why, in words.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_parked_views() IS
	'Comments on the view of parked changes. Called by create_views().';

CREATE FUNCTION trust_ledger.read_batches(tab regclass, source text, changes_at_once integer)
RETURNS TABLE (changes trust_ledger.mapped_row[], total bigint)
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
	-- a batch holds all of a customer's changes, or none: what was committed needs no second look
	SELECT array_agg(numbered.change ORDER BY numbered.nr) AS changes, min(numbered.total) AS total
	FROM (
		SELECT c.change, c.nr, c.total,
			min(c.nr) OVER (PARTITION BY c.customer COLLATE "C") / changes_at_once AS batch
		FROM (
			SELECT m AS change, m.customer, count(*) OVER () AS total,
				row_number() OVER (ORDER BY m.customer COLLATE "C", m.at, m.step, m.key COLLATE "C") AS nr
			FROM trust_ledger.read_tracked(tab, source, false) AS m
			WHERE m.event <> ALL ('{backed,declined,backing_withdrawn,noted}'::text[])
		) AS c
	) AS numbered
	GROUP BY numbered.batch
	ORDER BY numbered.batch
$$;
COMMENT ON FUNCTION trust_ledger.read_batches(regclass, text, integer) IS
	'What the rows of a tracked table say, as read_tracked() reads them, in the batches in which import_table() writes it; and how much that is in all. Errors: 42501, TL004, those of a mapping that cannot work.';

CREATE OR REPLACE PROCEDURE trust_ledger.import_table(tab regclass, changes_at_once integer DEFAULT 20000, in_one_transaction boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
	source CONSTANT pg_catalog.text := trust_ledger.source_of(tab);
	batch  record;
	done   bigint := 0;
BEGIN
	IF tab IS NULL THEN
		RAISE EXCEPTION 'tab is needed' USING ERRCODE = '22004';
	ELSIF changes_at_once OPERATOR(pg_catalog.<) 1 THEN
		RAISE EXCEPTION 'changes_at_once must be at least 1' USING ERRCODE = '22023';
	END IF;
	-- until the first commit, by when all is read and sorted
	PERFORM pg_catalog.set_config('work_mem', '256MB', true);
	FOR batch IN
		SELECT r.changes, r.total FROM trust_ledger.read_batches(tab, source, changes_at_once) AS r
	LOOP
		done := done OPERATOR(pg_catalog.+) trust_ledger.import_rows(tab, source, batch.changes);
		IF NOT in_one_transaction THEN
			COMMIT;
		END IF;
		RAISE NOTICE '% of % changes of % are in the ledger', done, batch.total, source;
	END LOOP;
END
$$;

CREATE FUNCTION trust_ledger.compare_rows(tab regclass, of_source text)
RETURNS TABLE (what text, key text, name text, customer text, promise uuid, detail text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH said AS MATERIALIZED (
		SELECT * FROM trust_ledger.read_tracked(tab, of_source)
	), stands_for AS MATERIALIZED (
		SELECT r.key, r.name, r.customer, r.promise FROM trust.tracked_row r WHERE r.source = of_source AND NOT r.gone
	), compared AS (
		SELECT r.key, r.name, p.customer, p.promise, p.state, s.event, s.verdict,
			CASE s.event WHEN 'accepted' THEN p.accepted_at IS NOT NULL WHEN 'paused' THEN p.paused_at IS NOT NULL WHEN 'assessed' THEN trust_ledger.same_value(p.outcome, s.verdict)
				WHEN 'breach_admitted' THEN p.admitted_at IS NOT NULL WHEN 'breach_repaired' THEN p.repaired_at IS NOT NULL
				WHEN 'withdrawn' THEN p.settled_by = 'withdrawn' WHEN 'released' THEN p.settled_by = 'released' ELSE true END IS TRUE AS is_so,
			ARRAY[
				CASE WHEN NOT trust_ledger.same_value(s.customer, p.customer) THEN 'customer' END,
				CASE WHEN NOT trust_ledger.same_value(s.words, p.words) AND NOT (p.words IS NULL AND x.erased) THEN 'words' END,
				CASE WHEN NOT trust_ledger.same_value(s.kind, p.kind) THEN 'kind' END,
				-- where the row names none, policy may have given one
				CASE WHEN s.due IS NOT NULL AND NOT trust_ledger.same_value(s.due, p.due - coalesce(g.paused_since, '0')) THEN 'due' END,
				CASE WHEN NOT trust_ledger.same_value(s.value, p.value) THEN 'value' END,
				CASE WHEN NOT trust_ledger.same_value(s.currency, p.currency) THEN 'currency' END,
				CASE WHEN NOT trust_ledger.same_value(s.purpose, p.purpose) AND NOT (p.purpose IS NULL AND x.erased) THEN 'purpose' END,
				CASE WHEN NOT trust_ledger.same_value(s.longest_pause, p.longest_pause) THEN 'longest_pause' END] AS differing
		FROM stands_for r JOIN trust.current_promise p ON p.customer = r.customer AND p.promise = r.promise
			JOIN said s ON s.key = r.key AND s.name = r.name
			-- what was erased can be in the row still
			CROSS JOIN LATERAL (
				SELECT EXISTS (SELECT FROM trust.tracked_entry t WHERE t.customer = p.customer AND t.promise = p.promise AND t.event = 'erased') AS erased) AS x
			-- the pauses since the terms last said when it is due
			LEFT JOIN LATERAL (
				SELECT sum(e.due - e.before) FILTER (WHERE e.event IN ('paused', 'resumed') AND e.seq > e.given) AS paused_since
				FROM (
					SELECT d.*, max(d.seq) FILTER (WHERE d.event IN ('made', 'amended') AND d.due IS DISTINCT FROM d.before) OVER () AS given
					FROM (
						SELECT t.seq, t.event, t.due, lag(t.due) OVER (ORDER BY t.seq) AS before FROM trust.tracked_entry t
						WHERE t.customer = p.customer AND t.promise = p.promise AND t.event IN ('made', 'amended', 'paused', 'resumed') AND t.stands IS NOT FALSE) AS d) AS e
			) AS g ON s.event = 'made' AND p.paused_for <> '0'
	)
	SELECT 'row_without_promise', s.key, s.name, s.customer, NULL::uuid, 'the row says that something is promised, and no promise stands for it'
	FROM said s
	WHERE s.event = 'made' AND NOT EXISTS (SELECT FROM stands_for r WHERE r.key = s.key AND r.name = s.name)
	UNION ALL
	SELECT 'promise_without_row', r.key, r.name, r.customer, r.promise, 'the row that it stands for is not there, and no entry says that it was deleted'
	FROM stands_for r
	WHERE NOT EXISTS (SELECT FROM said s WHERE s.event = 'noted' AND s.key = r.key AND s.name = r.name)
	UNION ALL
	SELECT 'terms_differ', c.key, c.name, c.customer, c.promise, 'the row says another ' || array_to_string(array_remove(c.differing, NULL), ', ')
	FROM compared c
	WHERE c.event = 'made' AND array_remove(c.differing, NULL) <> '{}'
		-- once it is settled a row's change is noted, and amends nothing
		AND (c.state IN ('proposed', 'open') OR NOT EXISTS (
			SELECT FROM trust.tracked_entry e
			WHERE e.customer = c.customer AND e.promise = c.promise AND e.event = 'noted' AND e.by_row AND e.state NOT IN ('proposed', 'open')))
	UNION ALL
	SELECT 'event_missing', c.key, c.name, c.customer, c.promise,
		format('the row says %s, and the promise is %s', concat_ws(' ', c.event, c.verdict), c.state)
	FROM compared c
	-- what is settled allows nothing but verdicts and repairs
	WHERE NOT c.is_so AND (c.state IN ('proposed', 'open') OR c.event IN ('assessed', 'breach_repaired')) AND NOT EXISTS (
		SELECT FROM trust.tracked_entry e
		WHERE e.customer = c.customer AND e.promise = c.promise AND e.event = c.event AND (c.event <> 'assessed' OR e.verdict = c.verdict))
	ORDER BY 1, 2, 3, 6
$$;
COMMENT ON FUNCTION trust_ledger.compare_rows(regclass, text) IS
	'Where rows of a table that is tracked under that source and their promises do not agree. Called by reconcile_table(). Errors: 42704 not tracked, 42501, TL004.';

CREATE OR REPLACE FUNCTION trust_ledger.reconcile_table(tab regclass)
RETURNS TABLE (what text, key text, name text, customer text, promise uuid, detail text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	of_source CONSTANT text := trust_ledger.source_of(tab);
BEGIN
	RETURN QUERY
	SELECT 'trigger_' || replace(t.state, ' ', '_'), NULL::text, t.promise, NULL::text, NULL::uuid, format('%s: %s', t.trigger, t.definition)
	FROM trust.tracked t
	WHERE t.source = of_source AND t.state <> 'in force'
	ORDER BY t.trigger;

	RETURN QUERY SELECT * FROM trust_ledger.compare_rows(tab, of_source);
END
$$;

CREATE OR REPLACE FUNCTION trust_ledger.verify(
	OUT part text, OUT customer text, OUT seq bigint, OUT promise uuid, OUT subject text,
	OUT field text, OUT problem text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'verify_ledger' LANGUAGE C STABLE PARALLEL RESTRICTED ROWS 10 COST 1000000
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601' SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.verify() IS
	'Checks guards, functions, views, columns and indexes, every entry''s hash and texts, gaps and joins, every table against what the entries add up to, and whether rows stand in no index. Empty when nothing is wrong; else the part (guard, extension, view, table, entry, chain, promise, source, actor, policy, access, tracking, ledger, parked_change), where, which field and what is wrong. One NOTICE with counts, period and digest. Level auditor or admin.';

CREATE OR REPLACE FUNCTION trust_ledger.verify(
	of_customer text,
	OUT part text, OUT customer text, OUT seq bigint, OUT promise uuid, OUT subject text,
	OUT field text, OUT problem text)
RETURNS SETOF record
AS 'MODULE_PATHNAME', 'verify_customer' LANGUAGE C STABLE STRICT PARALLEL RESTRICTED ROWS 10 COST 10000
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601' SET quote_all_identifiers = off;
COMMENT ON FUNCTION trust_ledger.verify(text) IS
	'Checks the guards, and one customer''s chain, promises and their rows of trust.source. The reserved customer '''' is the governance chain, with functions, views, columns and indexes. Rows that stand in no index are found by verify() only. Level auditor or admin.';

-- PostgreSQL lets PUBLIC execute every new function. Here that is said, not assumed:
-- levels are rows of trust.access, checked by the functions themselves, because a
-- database's owner cannot GRANT on the functions of an extension. What is called
-- without a level has no rights of its own: it does what its caller could do by hand.
REVOKE ALL ON ALL ROUTINES IN SCHEMA trust_ledger FROM PUBLIC;
GRANT EXECUTE ON ALL ROUTINES IN SCHEMA trust_ledger TO PUBLIC;
