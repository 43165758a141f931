-- What the ledger's tables consist of, as this version makes them.

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
