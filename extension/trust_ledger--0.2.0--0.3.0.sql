\echo Use "ALTER EXTENSION trust_ledger UPDATE TO '0.3.0'" to load this file. \quit

-- Limits of what is set from now on.
COMMENT ON FUNCTION trust_ledger.set_ledger(interval, jsonb, text, interval, text, text, timestamptz, jsonb, text) IS
	'Changes the ledger''s settings given, leaves the others. half_life of evidence (one day to 36525 days) and the longest lag of occurred_at (at most seven days), neither in months; weights as pairs [kept, broken] of thousandths, with kept > repaired > admitted > broken; zone in which days end. Level admin. Errors: TL004, 22023.';
COMMENT ON FUNCTION trust_ledger.set_policy(text, text, text, text, text, numeric, boolean, text, interval, interval, interval, text, text, timestamptz, jsonb, text) IS
	'Sets a rule: for promises that match promiser, promiser_kind, kind, currency and value >= least_value, as far as given, a human must back with evidence (asserted < session < passkey), back_within a time; they get a grace after due, and a due time if they name none. All matching rules hold, the strictest of each; what a promise leaves unsaid, or states in a kind or currency that no rule knows, matches. A cumulative rule compares what all the customer''s open promises in the promise''s currency come to with it, whatever their kind and promiser. Intervals without months; grace and due_within at most ten years, 3653 days. Level admin. Errors: TL004, 22004 it asks for nothing, 22023.';
COMMENT ON FUNCTION trust_ledger.make_promise(text, text, text, text, timestamptz, date, numeric, text, text, text, interval, text, timestamptz, jsonb, text) IS
	'Makes a promise to a customer, in the words they were given. promiser: whoever acts, if left out. due: an instant; due_on: the end of that day in the ledger''s zone; at most a hundred years from now. Open where policy asks for nobody or the human promiser acts themselves with evidence and authority enough; else proposed until a human backs it. Levels application, import. Errors: 22003, 22008, 22023, 42704, TL003, TL004.';
COMMENT ON FUNCTION trust_ledger.amend_promise(uuid, text, text, timestamptz, date, numeric, text, text, text, interval, text[], text, boolean, text, text, timestamptz, jsonb, text) IS
	'Changes the terms given, clears those named in clear (kind, due, value, currency, purpose, longest_pause), keeps the others; voids the backing. What the customer accepted, or is past due, is amended by an actor that speaks for the customer; relayed: a company actor passes on that the customer accepts the new terms, and the old ones stand until it is confirmed. Levels application, import. Errors: TL001, TL003, TL004, 22008, 22023, P0002.';
COMMENT ON FUNCTION trust_ledger.pause_promise(uuid, text, text, text, timestamptz, jsonb, text) IS
	'The promise''s clock stands still while the customer is awaited: due moves by what is left of the longest pause that the terms state, all pauses together; resume_promise() takes back what was not used. Before due only. By an actor that speaks for the company or a record. Levels application, import. Errors: TL001 state, past due, no due, no pause allowed or left; TL003, TL004, 22008 due would be more than a hundred years from now, P0002.';

-- A ledger whose database has another owner, and tables that wait for a ledger.
CREATE FUNCTION trust_ledger.ledger_relations(OUT relid regclass, OUT owned_by oid, OUT is_view boolean) RETURNS SETOF record
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH own AS (
		SELECT c.oid, name LIKE 'view %' AS is_view
		FROM unnest('{ledger,chain,entry,promise,source,actor,policy,access,tracking,parked_change,view current_promise,view awaiting_backing,
			view policy_rule,view access_level,view customer_trust,view promiser_trust,view backer_trust,view kind_trust,view exception,view overdue,
			view orphaned,view tracked,view tracked_row,view tracked_entry,view parked,view over_promising,view human_backing}'::text[]) AS name
			JOIN pg_class c ON c.relname = regexp_replace(name, '^view ', '') AND c.relnamespace = to_regnamespace('trust')
	), place AS (
		SELECT oid, is_view FROM own
		UNION SELECT p.relid, false FROM own, LATERAL pg_partition_tree(own.oid) AS p WHERE NOT own.is_view
	)
	SELECT c.oid::regclass, c.relowner, p.is_view FROM place p JOIN pg_class c ON c.oid = p.oid
$$;
COMMENT ON FUNCTION trust_ledger.ledger_relations() IS
	'What a ledger consists of, as far as it is there: its tables with their partitions, and its views; who owns them.';
REVOKE ALL ON FUNCTION trust_ledger.ledger_relations() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trust_ledger.ledger_relations() TO PUBLIC;
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
REVOKE ALL ON FUNCTION trust_ledger.check_nothing_planted() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trust_ledger.check_nothing_planted() TO PUBLIC;
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
REVOKE ALL ON FUNCTION trust_ledger.take_ledger() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trust_ledger.take_ledger() TO PUBLIC;
CREATE FUNCTION trust_ledger.ledger_is_empty() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.ledger_is_empty() IS
	'Whether the ledger''s tables hold no row at all, as after a restore of the schema alone; then nobody writes one before the transaction ends. Called by create_ledger(). Errors: 42501 not the owner, 55000, TL006.';
REVOKE ALL ON FUNCTION trust_ledger.ledger_is_empty() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trust_ledger.ledger_is_empty() TO PUBLIC;
CREATE FUNCTION trust_ledger.check_tables() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	aside CONSTANT text := 'trust ' || gen_random_uuid();
	amiss text;
BEGIN
	-- what this version makes is made beside the tables that are there, and dropped again
	EXECUTE format('ALTER SCHEMA trust RENAME TO %I', aside);
	PERFORM trust_ledger.create_tables();
	PERFORM trust_ledger.create_scores();
	WITH relation AS (
		SELECT c.oid, c.relname, n.nspname = 'trust' AS wanted
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname IN ('trust', aside)
		WHERE c.relname IN (SELECT w.relname FROM pg_class w WHERE w.relnamespace = to_regnamespace('trust') AND w.relkind = 'r') AND c.relkind IN ('r', 'p')
	), property AS (
		SELECT r.wanted, r.relname, 'column ' || quote_ident(a.attname) AS what,
			concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attcollation <> 0 THEN a.attcollation::regcollation END, CASE WHEN a.attnotnull THEN 'NOT NULL' END, nullif(a.attgenerated, ''), 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid)) AS how, false AS more
		FROM relation r JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
			LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		UNION ALL
		SELECT r.wanted, r.relname, 'constraint', pg_get_constraintdef(k.oid), false FROM relation r JOIN pg_constraint k ON k.conrelid = r.oid AND k.contype IN ('p', 'u', 'c', 'x')
		UNION ALL
		-- more of the plain ones do no harm
		SELECT r.wanted, r.relname, CASE WHEN i.indisunique THEN 'unique index' ELSE 'index' END,
			regexp_replace(pg_get_indexdef(i.indexrelid), '^.*? USING ', '') || CASE WHEN i.indisvalid THEN '' ELSE ', invalid' END,
			NOT i.indisunique AND i.indexprs IS NULL AND i.indpred IS NULL
		FROM relation r JOIN pg_index i ON i.indrelid = r.oid
	)
	SELECT string_agg(DISTINCT format('%s, %s', relname, what), '; ') INTO amiss
	FROM property p
	WHERE NOT (p.more AND NOT p.wanted)
		-- create_scores() and create_guards() make them anew
		AND NOT (p.wanted AND (p.relname, p.what) IN (('chain', 'column score'), ('parked_change', 'column salt')) AND NOT EXISTS (SELECT FROM property q WHERE NOT q.wanted AND (q.relname, q.what) = (p.relname, p.what)))
		AND NOT EXISTS (SELECT FROM property q WHERE q.wanted <> p.wanted AND (q.relname, q.what, q.how) = (p.relname, p.what, p.how));
	DROP SCHEMA trust CASCADE;
	EXECUTE format('ALTER SCHEMA %I RENAME TO trust', aside);
	IF amiss IS NOT NULL THEN
		RAISE EXCEPTION 'the tables of schema "trust" are not those of a ledger'
			USING ERRCODE = '55000', DETAIL = format('What differs: %s.', amiss),
			HINT = 'Give them back what they were made with. If they are empty, DROP SCHEMA trust CASCADE; and run SELECT trust_ledger.create_ledger(); again.';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_tables() IS
	'An error (55000) unless the tables of schema trust have the columns, defaults, constraints and indexes that this version makes; they may have more plain indexes, and be partitioned. Called by take_ledger().';
REVOKE ALL ON FUNCTION trust_ledger.check_tables() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trust_ledger.check_tables() TO PUBLIC;
CREATE OR REPLACE FUNCTION trust_ledger.create_ledger() RETURNS uuid
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
	PERFORM trust_ledger.create_scores();
	PERFORM trust_ledger.create_guards();
	PERFORM trust_ledger.create_views();
	PERFORM trust_ledger.create_trust_views();
	PERFORM trust_ledger.create_exception_views();
	PERFORM trust_ledger.create_analysis_views();
	PERFORM trust_ledger.create_source_view();
	PERFORM trust_ledger.create_parked_view();
	PERFORM trust_ledger.create_tracked_view();
	PERFORM trust_ledger.found_ledger();
	made := (SELECT ledger FROM trust.ledger);
	PERFORM set_config('role', caller, true);
	RETURN made;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_ledger() IS
	'Makes the ledger of this database: schema trust with its tables, guards and views, owned by the database''s owner, who gets the levels application, analyst, auditor and admin. Where the tables are there and empty, as after a restore of a dump of the schema alone, they become the ledger. Returns the ledger''s uuid. Errors: 42710 there is one, 55000 empty tables that are not a ledger''s, 42P06 schema trust is taken, 42501 not the owner, 0A000 the database is not UTF8, TL006 somebody planted one.';
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
	SELECT table_format INTO format FROM trust.ledger;
	IF format IS NULL THEN
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
	PERFORM trust_ledger.create_trust_views();
	PERFORM trust_ledger.create_exception_views();
	PERFORM trust_ledger.create_analysis_views();
	PERFORM trust_ledger.create_source_view();
	PERFORM trust_ledger.create_parked_view();
	PERFORM trust_ledger.create_tracked_view();
	PERFORM trust_ledger.create_guards();
	PERFORM trust_ledger.record_parked();
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
	'The database has another owner than its ledger, as after CREATE DATABASE ... TEMPLATE or ALTER DATABASE ... OWNER TO: schema, tables and views become the database owner''s, rights that were granted on them go, guards and views are put back, and entries of governance say so: ledger_adopted with adopted_from and adopted_to, access_granted and access_revoked. By a superuser, or who is a member of both owners. Errors: 42501, 55000 there is nothing to adopt, TL006 something on the tables is not the ledger''s.';
REVOKE ALL ON FUNCTION trust_ledger.adopt_ledger(text, text, timestamptz, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trust_ledger.adopt_ledger(text, text, timestamptz, jsonb, text) TO PUBLIC;

-- What is parked is guarded, and on record.
CREATE FUNCTION trust_ledger.guard_parked() RETURNS trigger
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.guard_parked() IS
	'Guard of trust.parked_change: a change waits from when it is parked until it is replayed or dropped; only why it waits changes. Error TL006.';
REVOKE ALL ON FUNCTION trust_ledger.guard_parked() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trust_ledger.guard_parked() TO PUBLIC;
CREATE OR REPLACE FUNCTION trust_ledger.create_guards() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
DECLARE
	guarded record;
	place   regclass;
BEGIN
	-- in the order in which writers take them: they wait, and are not broken off by a deadlock
	LOCK TABLE trust.ledger, trust.chain, trust.entry, trust.promise, trust.source, trust.actor, trust.policy, trust.access, trust.tracking, trust.parked_change;
	-- ledgers of earlier versions do not have it
	ALTER TABLE trust.parked_change ADD COLUMN IF NOT EXISTS salt bytea;
	COMMENT ON COLUMN trust.parked_change.salt IS 'Of the commitment to what was parked, which an entry of governance has; it goes with the row.';
	FOR guarded IN
		SELECT * FROM (VALUES
			('entry', 'guard_entry'), ('chain', 'guard_chain'), ('promise', 'guard_promise'), ('source', 'guard_source'),
			('ledger', 'guard_governed'), ('actor', 'guard_governed'),
			('policy', 'guard_governed'), ('access', 'guard_governed'), ('tracking', 'guard_governed'), ('parked_change', 'guard_parked')) AS g (tab, guard)
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
CREATE FUNCTION trust_ledger.drop_parked(
	parked uuid, reason text,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.drop_parked(uuid, text, text, timestamptz, jsonb, text) IS
	'The change that waits in trust.parked is never written: an entry of governance says who decided so, when and why. Level admin. Errors: TL004, 22004 no change or no reason given, P0002 no such change waits, 55000 before migrate_ledger().';
REVOKE ALL ON FUNCTION trust_ledger.drop_parked(uuid, text, text, timestamptz, jsonb, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trust_ledger.drop_parked(uuid, text, text, timestamptz, jsonb, text) TO PUBLIC;
CREATE FUNCTION trust_ledger.record_parked() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.record_parked() IS
	'Puts on record what waits in a ledger of a version that kept no record of parked changes, once: entries of governance say that it was there. Called by migrate_ledger(). Error 42501 not the owner.';
REVOKE ALL ON FUNCTION trust_ledger.record_parked() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trust_ledger.record_parked() TO PUBLIC;
COMMENT ON FUNCTION trust_ledger.verify() IS
	'Checks guards, every entry''s hash and texts, gaps and joins, and every table against what the entries add up to. Empty when nothing is wrong; else the part (guard, entry, chain, promise, source, actor, policy, access, tracking, ledger, parked_change), where, which field and what is wrong. One NOTICE with counts, period and digest. Level auditor or admin.';

-- What is the same, of what is promised.
CREATE FUNCTION trust_ledger.same_value(a anyelement, b anyelement) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.same_value(anyelement, anyelement) IS
	'Whether two values say the same of what is promised: amounts if they are equal numbers, intervals if they are equally long (a day is 24 hours; months have no length, so an interval with months is the same as itself only), texts and all others if they have the same bytes. NULL is the same as NULL.';
REVOKE ALL ON FUNCTION trust_ledger.same_value(anyelement, anyelement) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trust_ledger.same_value(anyelement, anyelement) TO PUBLIC;

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

-- Errors of a tracked table's conditions and casts come without the SQL around them.
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
REVOKE ALL ON FUNCTION trust_ledger.compare_rows(regclass, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trust_ledger.compare_rows(regclass, text) TO PUBLIC;
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
COMMENT ON FUNCTION trust_ledger.reconcile_table(regclass) IS
	'What a tracked table and the ledger do not agree about. trigger_missing, trigger_disabled, trigger_altered, trigger_by_hand: what the mapping made, or did not; row_without_promise; promise_without_row; terms_differ; event_missing: the row says that it was kept, broken, accepted ..., and no entry does. Empty where nothing is amiss. By who may SELECT from the table, levels application and auditor. Errors: 42704 not tracked, 42501, TL004.';
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
REVOKE ALL ON FUNCTION trust_ledger.read_batches(regclass, text, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION trust_ledger.read_batches(regclass, text, integer) TO PUBLIC;
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
COMMENT ON PROCEDURE trust_ledger.import_table(regclass, integer, boolean) IS
	'Takes the rows that a tracked table holds into the ledger, each as its mapping reads it, customer by customer in the order of time, and tells how far it is. Commits after every changes_at_once changes or so, unless in_one_transaction; run again it goes on, and doubles nothing. What happened longer ago than the ledger''s lag is marked backfilled. Backings are not imported: they are a human''s own act. What cannot be written, or is changed meanwhile, is left out with a warning. Level import. Errors: 42704 not tracked, 42501, TL003 nobody acts, or a human, TL004, 2D000 within a transaction.';
