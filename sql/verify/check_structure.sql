-- Whether the tables of the ledger have the structure of this version.

CREATE FUNCTION trust_ledger.found_structure(
	OUT relid oid, OUT tab text, OUT what text, OUT how text, OUT name text,
	OUT harmless boolean, OUT sound boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH place AS (
		SELECT c.oid, c.relname::text AS tab
		FROM pg_class c
		WHERE c.relnamespace = to_regnamespace('trust')
			AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
			AND c.relname IN (SELECT s.tab FROM trust_ledger.ledger_structure() s)
		UNION
		SELECT p.relid, c.relname
		FROM pg_class c, LATERAL pg_partition_tree(c.oid) AS p
		WHERE c.relnamespace = to_regnamespace('trust')
			AND c.relkind = 'p'
			AND c.relname IN (SELECT s.tab FROM trust_ledger.ledger_structure() s)
	)
	SELECT p.oid, p.tab, 'column ' || quote_ident(a.attname),
		concat_ws(' ',
			format_type(a.atttypid, a.atttypmod),
			'COLLATE ' || CASE
				WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation
			END,
			CASE WHEN a.attnotnull THEN 'NOT NULL' END,
			'GENERATED ' || nullif(a.attgenerated::text || a.attidentity::text, ''),
			'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)),
		a.attname::text,
		a.attidentity = ''
			AND a.attgenerated = ''
			AND t.typtype <> 'd'
			AND (d.adbin IS NOT NULL OR NOT a.attnotnull)
			-- the default calls no function
			AND coalesce(pg_get_expr(d.adbin, d.adrelid) !~ '[(]', true),
		true
	FROM place p
	JOIN pg_attribute a ON a.attrelid = p.oid AND a.attnum > 0 AND NOT a.attisdropped
	JOIN pg_type t ON t.oid = a.atttypid
	LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	UNION ALL
	SELECT p.oid, p.tab, 'constraint', pg_get_constraintdef(k.oid), k.conname, false,
		k.convalidated
	FROM place p
	JOIN pg_constraint k ON k.conrelid = p.oid AND k.contype IN ('p', 'u', 'c', 'x', 'f')
	UNION ALL
	-- an additional plain index does no harm
	SELECT p.oid, p.tab, CASE WHEN i.indisunique THEN 'unique index' ELSE 'index' END,
		regexp_replace(
			regexp_replace(pg_get_indexdef(i.indexrelid), '^.*? USING ', ''),
			' WITH \([^)]*\)(?= WHERE |$)', ''),
		c.relname,
		NOT i.indisunique
			AND i.indexprs IS NULL
			AND i.indpred IS NULL
			AND m.amhandler < 16384
			AND NOT EXISTS (
				SELECT FROM pg_opclass o
				WHERE o.oid = ANY (i.indclass)
					AND o.opcnamespace <> 'pg_catalog'::regnamespace),
		i.indisvalid AND i.indisready AND i.indislive
	FROM place p
	JOIN pg_index i ON i.indrelid = p.oid
	JOIN pg_class c ON c.oid = i.indexrelid
	JOIN pg_am m ON m.oid = c.relam;
END
$$;
COMMENT ON FUNCTION trust_ledger.found_structure() IS
	'The existing columns, constraints and indexes of the ledger''s tables and their partitions. '
	'harmless: an additional one like this neither changes nor refuses writes. sound: the index is '
	'valid and ready, or the constraint is validated. Called by structure_problems().';

CREATE FUNCTION trust_ledger.structure_problems(
	OUT tab text, OUT what text, OUT problem text, OUT readable boolean)
RETURNS SETOF record
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH made AS (
		SELECT s.tab, s.what, s.how FROM trust_ledger.ledger_structure() s
	), found AS MATERIALIZED (
		SELECT f.relid, f.tab, f.what, f.how, f.name, f.harmless, f.sound,
			c.relname::text AS place,
			c.relispartition AS is_part,
			c.relkind IN ('r', 'p') AS is_table
		FROM trust_ledger.found_structure() f
		JOIN pg_class c ON c.oid = f.relid
	), place AS (
		SELECT DISTINCT relid, tab, place, is_part, is_table FROM found
	)
	-- ledgers of earlier versions have no trust.copy before migrate_ledger()
	SELECT m.tab, 'table',
		CASE
			WHEN c.oid IS NOT NULL THEN 'is not a table'
			WHEN m.tab = 'copy' THEN 'is missing: run migrate_ledger()'
			ELSE 'is missing'
		END,
		c.oid IS NOT NULL OR m.tab = 'copy'
	FROM (SELECT DISTINCT made.tab FROM made) m
	LEFT JOIN pg_class c ON c.oid = to_regclass('trust.' || quote_ident(m.tab))
	WHERE c.oid IS NULL OR c.relkind NOT IN ('r', 'p')
	UNION ALL
	SELECT p.place, m.what,
		CASE
			WHEN f.how IS NULL THEN concat('is missing', CASE
				-- ledgers of earlier versions do not have these
				WHEN (m.tab, m.what) IN (('promise', 'column eased_at'),
					('promise', 'column broken_at'), ('promise', 'column verdict_by'),
					('promise', 'column reversed_at'), ('promise', 'column doubted_speaker'))
				THEN ': run migrate_ledger()' END)
			ELSE format('is %s, but was created as %s', f.how, m.how)
		END,
		coalesce(regexp_replace(f.how, bare, '') = regexp_replace(m.how, bare, ''), false)
	FROM made m
	JOIN place p ON p.tab = m.tab
	CROSS JOIN (VALUES (' (COLLATE|NOT NULL|DEFAULT) .*$|( NOT NULL)$')) AS b (bare)
	LEFT JOIN found f ON f.relid = p.relid AND f.what = m.what
	WHERE m.what ~ '^column '
		AND f.how IS DISTINCT FROM m.how
		-- DROP EXTENSION ... CASCADE drops this column, and migrate_ledger() adds it again.
		-- Partitions do not need a default of their own.
		AND NOT ((m.tab, m.what) = ('chain', 'column score') AND (f.how IS NULL OR p.is_part))
		-- Ledgers of earlier versions do not have this column before migrate_ledger(). verify()
		-- reports it where it must exist.
		AND NOT ((m.tab, m.what) = ('parked_change', 'column salt') AND f.how IS NULL)
	UNION ALL
	SELECT p.place, m.what, format('%s is missing', m.how), true
	FROM made m
	JOIN place p ON p.tab = m.tab
	WHERE m.what !~ '^column '
		AND p.is_table
		-- Ledgers of earlier versions do not have this index, which only makes look-ups faster.
		AND NOT (m.tab = 'entry' AND m.how LIKE '% WHERE (details ? ''refused''::text)')
		AND NOT EXISTS (
			SELECT FROM found f
			WHERE (f.relid, f.what, f.how) = (p.relid, m.what, m.how) AND f.sound)
	UNION ALL
	SELECT f.place, f.what,
		CASE
			WHEN f.what ~ '^column ' THEN format('is %s, and not a column of the ledger', f.how)
			ELSE format('"%s", %s, may change or refuse writes', f.name, f.how)
		END,
		true
	FROM found f
	WHERE NOT f.harmless
		AND NOT EXISTS (
			SELECT FROM made m
			WHERE (m.tab, m.what) = (f.tab, f.what)
				AND (m.how = f.how OR f.what ~ '^column '))
	ORDER BY 1, 2, 3;
END
$$;
COMMENT ON FUNCTION trust_ledger.structure_problems() IS
	'Differences between the ledger''s tables and this version: tables, columns, constraints or '
	'indexes that are missing, different or not valid, and additional ones that may change or '
	'refuse writes. Additional plain columns and indexes, and partitions, are not reported. '
	'readable: false if a missing table or column, or another type, makes the ledger unreadable. '
	'Called by verify() and check_tables().';
