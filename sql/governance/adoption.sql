-- Adoption: the ledger of a database that has another owner becomes the database owner's. So do the
-- empty tables of a ledger, as a schema-only dump restores them.

CREATE FUNCTION trust_ledger.ledger_relations(
	OUT relid regclass, OUT owned_by oid, OUT is_view boolean)
RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH own AS (
		SELECT c.oid, name.is_view
		FROM (
			SELECT unnest('{ledger,chain,entry,promise,source,actor,policy,access,tracking,'
				'parked_change,copy}'::text[]), false
			UNION ALL
			SELECT v.name, true FROM trust_ledger.ledger_views() v) AS name (name, is_view)
		JOIN pg_class c
			ON c.relname = name.name AND c.relnamespace = to_regnamespace('trust')
	), place AS (
		SELECT oid, is_view FROM own
		UNION
		SELECT p.relid, false
		FROM own, LATERAL pg_partition_tree(own.oid) AS p
		WHERE NOT own.is_view
	)
	SELECT c.oid::regclass, c.relowner, p.is_view
	FROM place p
	JOIN pg_class c ON c.oid = p.oid
$$;
COMMENT ON FUNCTION trust_ledger.ledger_relations() IS
	'The tables of the ledger, their partitions, and the views, as far as they exist, with their '
	'owners.';

CREATE FUNCTION trust_ledger.check_nothing_planted() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	trusted CONSTANT oid := (
		SELECT datdba FROM pg_database WHERE datname = current_database());
	places  CONSTANT oid[] := ARRAY(
		SELECT relid FROM trust_ledger.ledger_relations() WHERE NOT is_view);
	views   CONSTANT oid[] := ARRAY(
		SELECT relid FROM trust_ledger.ledger_relations() WHERE is_view);
	planted text;
BEGIN
	SELECT min(found.what) INTO planted
	FROM (
		-- triggers other than guards; a guard with a condition runs code, too
		SELECT pg_describe_object('pg_trigger'::regclass, t.oid, 0)
		FROM pg_trigger t
		WHERE t.tgrelid = ANY (places || views)
			AND NOT t.tgisinternal
			AND NOT (t.tgname IN ('trust_guard', 'trust_guard_truncate')
				AND t.tgqual IS NULL
				AND t.tgfoid IN (
					SELECT p.oid
					FROM pg_proc p
					JOIN pg_depend e
						ON e.classid = 'pg_proc'::regclass AND e.objid = p.oid AND e.deptype = 'e'
					WHERE p.pronamespace = 'trust_ledger'::regnamespace
						AND p.proname ~ '^guard_'))
		UNION ALL
		SELECT pg_describe_object('pg_rewrite'::regclass, w.oid, 0)
		FROM pg_rewrite w
		WHERE w.ev_class = ANY (places) OR w.ev_class = ANY (views) AND w.rulename <> '_RETURN'
		UNION ALL
		SELECT pg_describe_object('pg_policy'::regclass, p.oid, 0)
		FROM pg_policy p
		WHERE p.polrelid = ANY (places)
		UNION ALL
		SELECT pg_describe_object('pg_statistic_ext'::regclass, x.oid, 0)
		FROM pg_statistic_ext x
		WHERE x.stxrelid = ANY (places) AND x.stxexprs IS NOT NULL
		UNION ALL
		SELECT pg_describe_object('pg_constraint'::regclass, k.oid, 0)
		FROM pg_constraint k
		WHERE k.contype = 'f' AND (k.conrelid = ANY (places) OR k.confrelid = ANY (places))
		UNION ALL
		-- inheritance, which shows rows of another table in this one, or the other way round
		SELECT pg_describe_object('pg_class'::regclass,
			CASE WHEN i.inhparent = ANY (places) THEN i.inhrelid ELSE i.inhparent END, 0)
		FROM pg_inherits i
		WHERE (i.inhparent = ANY (places)) <> (i.inhrelid = ANY (places))
		UNION ALL
		SELECT pg_describe_object('pg_class'::regclass, c.oid, 0)
		FROM pg_class c
		WHERE c.oid = ANY (places)
				AND (c.relkind NOT IN ('r', 'p') OR c.relpersistence <> 'p' OR c.relrowsecurity)
			OR c.oid = ANY (views) AND c.relkind <> 'v'
		UNION ALL
		-- constraints, defaults and indexes of partitions; check_tables() does not see partitions
		SELECT pg_describe_object('pg_constraint'::regclass, k.oid, 0)
		FROM pg_constraint k
		JOIN pg_class c ON c.oid = k.conrelid
		WHERE c.oid = ANY (places)
			AND c.relispartition
			AND k.contype IN ('c', 'p', 'u', 'x')
			AND k.coninhcount = 0
		UNION ALL
		SELECT pg_describe_object('pg_attrdef'::regclass, d.oid, 0)
		FROM pg_attrdef d
		JOIN pg_class c ON c.oid = d.adrelid
		JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
		WHERE c.oid = ANY (places)
			AND c.relispartition
			AND (c.relname, a.attname) <> ('chain', 'score')
			AND NOT EXISTS (
				SELECT
				FROM pg_inherits h
				JOIN pg_attribute b ON b.attrelid = h.inhparent AND b.attname = a.attname
				JOIN pg_attrdef e ON e.adrelid = b.attrelid AND e.adnum = b.attnum
				WHERE h.inhrelid = c.oid
					AND pg_get_expr(e.adbin, e.adrelid) = pg_get_expr(d.adbin, d.adrelid))
		UNION ALL
		SELECT pg_describe_object('pg_class'::regclass, i.indexrelid, 0)
		FROM pg_index i
		WHERE i.indrelid = ANY (places)
			AND (EXISTS (
					SELECT FROM pg_opclass o
					WHERE o.oid = ANY (i.indclass)
						AND o.opcnamespace <> 'pg_catalog'::regnamespace)
				OR (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL OR i.indisunique)
					AND (SELECT relispartition FROM pg_class WHERE oid = i.indrelid)
					AND NOT EXISTS (
						SELECT FROM pg_inherits h WHERE h.inhrelid = i.indexrelid))
		UNION ALL
		-- functions, operators, types and operator classes of others that constraints, defaults,
		-- indexes and columns use
		SELECT pg_describe_object(d.refclassid, d.refobjid, 0)
		FROM pg_depend d
		LEFT JOIN pg_proc f ON d.refclassid = 'pg_proc'::regclass AND f.oid = d.refobjid
		LEFT JOIN pg_operator o ON d.refclassid = 'pg_operator'::regclass AND o.oid = d.refobjid
		LEFT JOIN pg_type t ON d.refclassid = 'pg_type'::regclass AND t.oid = d.refobjid
		LEFT JOIN pg_opclass c ON d.refclassid = 'pg_opclass'::regclass AND c.oid = d.refobjid
		WHERE NOT pg_has_role(
				coalesce(f.proowner, o.oprowner, t.typowner, c.opcowner), trusted, 'USAGE')
			AND (d.classid = 'pg_class'::regclass
					AND d.objid = ANY (places || ARRAY(
						SELECT indexrelid FROM pg_index WHERE indrelid = ANY (places)))
				OR d.classid = 'pg_constraint'::regclass
					AND d.objid IN (SELECT oid FROM pg_constraint WHERE conrelid = ANY (places))
				OR d.classid = 'pg_attrdef'::regclass
					AND d.objid IN (SELECT oid FROM pg_attrdef WHERE adrelid = ANY (places)))
	) AS found (what);
	IF planted IS NOT NULL THEN
		RAISE EXCEPTION 'cannot take over the tables of schema "trust"'
			USING ERRCODE = 'TL006',
			DETAIL = format('They have an object that is not part of a ledger: %s.', planted),
			HINT = 'Find out who created it, and drop it. If the ledger is not yours, drop the '
				'schema.';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_nothing_planted() IS
	'Raises TL006 if the tables or views of the ledger have anything that can run code other than '
	'the extension''s, or show other rows: triggers other than guards, rules, policies, foreign '
	'keys, inheritance, statistics on expressions. Called by take_ledger().';

CREATE FUNCTION trust_ledger.take_ledger() RETURNS name
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	new_owner  CONSTANT oid := (
		SELECT datdba FROM pg_database WHERE datname = current_database());
	old_owners oid[];
	place      record;
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	IF to_regclass('trust.ledger') IS NULL THEN
		RAISE EXCEPTION 'database "%" has no ledger', current_database()
			USING ERRCODE = '55000',
			HINT = 'Run SELECT trust_ledger.create_ledger();';
	END IF;
	old_owners := ARRAY(
		SELECT owned_by FROM trust_ledger.ledger_relations() WHERE owned_by <> new_owner
		UNION
		SELECT nspowner FROM pg_namespace WHERE nspname = 'trust' AND nspowner <> new_owner);
	IF old_owners = '{}' AND NOT trust_ledger.ledger_is_empty() THEN
		RETURN NULL;
	ELSIF cardinality(old_owners) > 1 THEN
		RAISE EXCEPTION 'schema "trust" has objects of several owners'
			USING ERRCODE = 'TL006',
			DETAIL = (
				SELECT string_agg(
					format('"%s"', pg_get_userbyid(o)), ', ' ORDER BY pg_get_userbyid(o))
				FROM unnest(old_owners) o),
			HINT = 'Find out who created which object, and drop those that are not the ledger''s.';
	ELSIF old_owners <> '{}' AND (
		NOT pg_has_role(old_owners[1], 'USAGE') OR NOT pg_has_role(new_owner, 'MEMBER'))
	THEN
		RAISE EXCEPTION 'permission denied to take the ledger from role "%"',
				pg_get_userbyid(old_owners[1])
			USING ERRCODE = '42501',
			DETAIL = format('"%s" owns the ledger, "%s" owns the database.',
				pg_get_userbyid(old_owners[1]), pg_get_userbyid(new_owner)),
			HINT = 'Call this as a superuser, or as a member of both roles.';
	END IF;
	-- From here on, nobody can plant anything. Changing the owner locks, and runs no code.
	FOR place IN
		SELECT relid
		FROM trust_ledger.ledger_relations() AS r
		JOIN pg_class c ON c.oid = r.relid
		WHERE NOT is_view AND c.relkind IN ('r', 'p')
	LOOP
		EXECUTE format('LOCK TABLE ONLY %s', place.relid);
	END LOOP;
	PERFORM trust_ledger.check_nothing_planted();
	IF old_owners <> '{}' THEN
		EXECUTE format('ALTER SCHEMA trust OWNER TO %I', pg_get_userbyid(new_owner));
		FOR place IN SELECT relid, is_view FROM trust_ledger.ledger_relations() LOOP
			EXECUTE format('ALTER %s %s OWNER TO %I',
				CASE WHEN place.is_view THEN 'VIEW' ELSE 'TABLE' END,
				place.relid, pg_get_userbyid(new_owner));
		END LOOP;
		PERFORM trust_ledger.check_nothing_planted();
	END IF;
	PERFORM trust_ledger.check_tables();
	-- revoke what was granted to others; migrate_ledger() grants SELECT on views again
	FOR place IN
		SELECT DISTINCT r.relid, a.grantee
		FROM trust_ledger.ledger_relations() r
		JOIN pg_class c ON c.oid = r.relid,
			LATERAL (
				SELECT grantee FROM aclexplode(c.relacl)
				UNION
				SELECT x.grantee
				FROM pg_attribute t, LATERAL aclexplode(t.attacl) x
				WHERE t.attrelid = r.relid) AS a
		WHERE a.grantee <> new_owner
		UNION ALL
		SELECT NULL, a.grantee
		FROM pg_namespace n, LATERAL aclexplode(n.nspacl) a
		WHERE n.nspname = 'trust' AND a.grantee <> new_owner
	LOOP
		EXECUTE format('REVOKE ALL ON %s FROM %s CASCADE',
			coalesce(place.relid::text, 'SCHEMA trust'),
			CASE place.grantee
				WHEN 0 THEN 'PUBLIC'
				ELSE quote_ident(pg_get_userbyid(place.grantee))
			END);
	END LOOP;
	GRANT USAGE ON SCHEMA trust TO PUBLIC;
	RETURN pg_get_userbyid(old_owners[1]);
END
$$;
COMMENT ON FUNCTION trust_ledger.take_ledger() IS
	'Changes the owner of schema trust, its tables and views to the database owner, and revokes '
	'what was granted on them. Needs the privileges for that. Returns the former owner; NULL if it '
	'was the database owner. Called by adopt_ledger() and create_ledger(). Errors: 42501, 55000 '
	'(no ledger, or other tables), TL006 (foreign objects).';

CREATE FUNCTION trust_ledger.ledger_is_empty() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.ledger_is_empty() IS
	'Whether no table of the ledger has a row, as after restoring a schema-only dump. If so, it '
	'locks them against writes until the end of the transaction. Called by create_ledger(). '
	'Errors: 42501 (not the owner), 55000, TL006.';

CREATE FUNCTION trust_ledger.check_tables() RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- In a ledger, an additional column is no problem. These tables may be somebody else's.
	differences CONSTANT text := (
		SELECT string_agg(format('%s, %s: %s', tab, what, problem), '; ')
		FROM (
			SELECT tab, what, problem
			FROM trust_ledger.structure_problems()
			WHERE (tab, what) <> ('copy', 'table')
			UNION
			SELECT tab, what, 'is not a column of the ledger'
			FROM trust_ledger.found_structure() f
			WHERE what ~ '^column '
				AND harmless
				AND NOT EXISTS (
					SELECT FROM trust_ledger.ledger_structure() s
					WHERE (s.tab, s.what) = (f.tab, f.what))) AS p);
BEGIN
	IF differences IS NOT NULL THEN
		RAISE EXCEPTION 'the tables of schema "trust" are not those of a ledger'
			USING ERRCODE = '55000',
			DETAIL = format('Differences: %s.', differences),
			HINT = 'Undo the differences. If the tables are empty, run DROP SCHEMA trust CASCADE; '
				'SELECT trust_ledger.create_ledger();';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_tables() IS
	'Raises 55000 unless the tables of schema trust have the columns, defaults, constraints and '
	'indexes of this version. They may have more plain indexes, and be partitioned. Called by '
	'take_ledger().';

CREATE FUNCTION trust_ledger.adopt_ledger(
	reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.adopt_ledger(text, text, timestamptz, jsonb, text) IS
	'Makes the database owner the owner of the ledger, after CREATE DATABASE ... TEMPLATE or ALTER '
	'DATABASE ... OWNER TO: changes the owner of schema, tables and views, revokes what was '
	'granted on them, replaces guards and views, and records it in governance (ledger_adopted, '
	'access_granted, access_revoked). For a copy it records nothing and returns NULL. Call it as a '
	'superuser or a member of both owners. Errors: 42501, 55000 (nothing to adopt), TL006 (foreign '
	'objects).';
