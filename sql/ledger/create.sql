-- The ledger's tables are ordinary tables and no members of the extension: dumped
-- with their rows, and still there when the extension is gone. Keys are compared
-- byte by byte (COLLATE "C"): no change of locale reorders an index.

CREATE FUNCTION trust_ledger.found_ledger() RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.found_ledger() IS
	'Writes the first entries of a ledger whose tables were just made. Called by create_ledger(); refused once there are entries, and to anybody but the owner.';

CREATE FUNCTION trust_ledger.check_ledger() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C STABLE;
COMMENT ON FUNCTION trust_ledger.check_ledger() IS
	'An error unless there is a ledger (55000) that belongs to whoever owns the database (TL006), in UTF8 (0A000).';

CREATE FUNCTION trust_ledger.check_ledger_owner() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT pg_catalog.pg_has_role('pg_database_owner', 'USAGE') THEN
		RAISE EXCEPTION 'must be owner of database "%"', pg_catalog.current_database()
			USING ERRCODE = '42501',
			DETAIL = pg_catalog.format('"%s" is not. The ledger belongs to whoever owns the database.', CURRENT_USER),
			HINT = pg_catalog.format('Call this as "%s".', (
				SELECT pg_catalog.pg_get_userbyid(datdba) FROM pg_catalog.pg_database
				WHERE datname OPERATOR(pg_catalog.=) pg_catalog.current_database()));
	END IF;
	IF pg_catalog.getdatabaseencoding() OPERATOR(pg_catalog.<>) 'UTF8' THEN
		RAISE EXCEPTION 'a trust ledger needs a database in UTF8'
			USING ERRCODE = '0A000',
			DETAIL = pg_catalog.format('This one is in %s: its texts would hash differently elsewhere.', pg_catalog.getdatabaseencoding()),
			HINT = 'CREATE DATABASE ... ENCODING ''UTF8'' TEMPLATE template0;';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.check_ledger_owner() IS
	'An error unless the current user owns this database (42501) and it is in UTF8 (0A000).';

CREATE FUNCTION trust_ledger.create_tables() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	foreign_right record;
	grantee       text;
BEGIN
	CREATE SCHEMA trust;
	COMMENT ON SCHEMA trust IS 'The trust ledger''s data. Written by the functions of schema trust_ledger only.';

	CREATE TABLE trust.ledger (
		ledger       uuid PRIMARY KEY,
		table_format integer NOT NULL,
		half_life    interval NOT NULL,
		weights      jsonb NOT NULL,
		zone         text NOT NULL,
		lag          interval NOT NULL,
		seq          bigint NOT NULL
	);
	COMMENT ON TABLE trust.ledger IS 'The ledger''s settings, one row. Changed by set_ledger().';
	COMMENT ON COLUMN trust.ledger.half_life IS 'How fast evidence fades: after this time it weighs half.';
	COMMENT ON COLUMN trust.ledger.weights IS 'What verdicts weigh, [kept, broken] in thousandths.';
	COMMENT ON COLUMN trust.ledger.zone IS 'The time zone in which a day that something is due on ends.';
	COMMENT ON COLUMN trust.ledger.lag IS 'How far back occurred_at may lie without the level import.';
	COMMENT ON COLUMN trust.ledger.seq IS 'The governance entry that last changed it.';

	CREATE TABLE trust.actor (
		actor       text COLLATE "C" PRIMARY KEY,
		kind        text COLLATE "C" NOT NULL CHECK (kind IN ('human', 'ai', 'system')),
		name        text,
		speaks_for  text COLLATE "C" NOT NULL CHECK (speaks_for IN ('company', 'customer', 'record')),
		customer    text COLLATE "C",
		responsible text COLLATE "C",
		db_role     text COLLATE "C",
		model       text COLLATE "C",
		authority   jsonb,
		active      boolean NOT NULL,
		successor   text COLLATE "C",
		seq         bigint NOT NULL
	);
	CREATE UNIQUE INDEX actor_db_role ON trust.actor (db_role) WHERE active;
	CREATE INDEX actor_responsible ON trust.actor (responsible) WHERE active;
	COMMENT ON TABLE trust.actor IS 'Who can act: humans, ai and systems. Changed by register_actor() and retire_actor().';
	COMMENT ON COLUMN trust.actor.speaks_for IS 'Whose word it is when this actor gives a verdict.';
	COMMENT ON COLUMN trust.actor.customer IS 'The only customer this actor speaks for, if it is bound to one.';
	COMMENT ON COLUMN trust.actor.responsible IS 'The human who answers for a machine.';
	COMMENT ON COLUMN trust.actor.db_role IS 'Their own database login.';
	COMMENT ON COLUMN trust.actor.authority IS 'The most they may back for one customer, per currency, open promises added up; NULL: no limit.';
	COMMENT ON COLUMN trust.actor.seq IS 'The governance entry that last changed it.';

	CREATE TABLE trust.policy (
		policy        text COLLATE "C" PRIMARY KEY,
		promiser      text COLLATE "C",
		promiser_kind text COLLATE "C",
		kind          text COLLATE "C",
		currency      text COLLATE "C",
		least_value   numeric,
		evidence      text COLLATE "C",
		back_within   interval,
		grace         interval,
		due_within    interval,
		cumulative    boolean NOT NULL,
		active        boolean NOT NULL,
		seq           bigint NOT NULL
	);
	COMMENT ON TABLE trust.policy IS 'The rules: which promises need a human, and what else they ask. Changed by set_policy() and drop_policy().';
	COMMENT ON COLUMN trust.policy.cumulative IS 'least_value is compared with what the customer''s open promises in that currency come to, the new one included.';

	CREATE TABLE trust.access (
		role   text COLLATE "C" PRIMARY KEY,
		levels text[] NOT NULL,
		seq    bigint NOT NULL
	);
	COMMENT ON TABLE trust.access IS 'What database roles may do. Changed by grant_access() and revoke_access().';

	CREATE TABLE trust.tracking (
		source   text COLLATE "C" PRIMARY KEY,
		tab      text COLLATE "C" NOT NULL,
		mapping  jsonb NOT NULL,
		triggers jsonb NOT NULL,
		active   boolean NOT NULL,
		seq      bigint NOT NULL
	);
	COMMENT ON TABLE trust.tracking IS 'The tables whose rows are tracked. Changed by track_table() and untrack_table(); trust.tracked says what has become of their triggers.';
	COMMENT ON COLUMN trust.tracking.source IS 'What the table is called in the ledger, whatever it is renamed to.';
	COMMENT ON COLUMN trust.tracking.tab IS 'What it was called when that was recorded.';
	COMMENT ON COLUMN trust.tracking.mapping IS 'What track_table() was given.';
	COMMENT ON COLUMN trust.tracking.triggers IS 'The triggers that it made: name, arguments, definition, and a fingerprint that stays when a column is renamed.';

	CREATE TABLE trust.chain (
		customer    text COLLATE "C" PRIMARY KEY,
		length      bigint NOT NULL,
		head        bytea NOT NULL,
		recorded_at timestamptz
	) WITH (fillfactor = 70);
	COMMENT ON TABLE trust.chain IS 'One row per customer: how many entries, and the hash of the last. The reserved customer '''' is governance.';

	CREATE TABLE trust.promise (
		customer         text COLLATE "C" NOT NULL,
		promise          uuid NOT NULL,
		state            text COLLATE "C" NOT NULL,
		words            text,
		purpose          text,
		promiser         text COLLATE "C" NOT NULL,
		promiser_kind    text COLLATE "C" NOT NULL,
		drafted_by       text COLLATE "C",
		kind             text COLLATE "C",
		value            numeric,
		currency         text COLLATE "C",
		longest_pause    interval,
		made_at          timestamptz NOT NULL,
		recorded_at      timestamptz NOT NULL,
		backfilled       boolean NOT NULL,
		backfilled_at    timestamptz,
		opened_at        timestamptz,
		first_due        timestamptz,
		due              timestamptz,
		due_moves        integer NOT NULL,
		due_moved_at     timestamptz,
		overdue_at       timestamptz,
		paused_at        timestamptz,
		paused_until     timestamptz,
		paused_for       interval NOT NULL,
		evidence_asked   text COLLATE "C",
		back_by          timestamptz,
		waiting_since    timestamptz,
		seen_at          timestamptz,
		declined_at      timestamptz,
		backer           text COLLATE "C",
		evidence         text COLLATE "C",
		backed_at        timestamptz,
		unbacked_at      timestamptz,
		unbacked_by      text COLLATE "C",
		former_backer    text COLLATE "C",
		accepted_at      timestamptz,
		unconfirmed      bigint,
		admitted_at      timestamptz,
		repaired_at      timestamptz,
		outcome          text COLLATE "C",
		whose_word       text COLLATE "C",
		verdict_evidence text COLLATE "C",
		relayed          boolean,
		purpose_met      boolean,
		settled_by       text COLLATE "C",
		settled_at       timestamptz,
		weight_kept      integer,
		weight_broken    integer,
		terms_seq        bigint NOT NULL,
		last_seq         bigint NOT NULL,
		-- with what tells whether it is overdue: a customer's score is read without the rows
		PRIMARY KEY (customer, promise) INCLUDE (opened_at, overdue_at, settled_at)
	) WITH (fillfactor = 90);
	CREATE INDEX promise_promise ON trust.promise (promise);
	CREATE INDEX promise_waiting ON trust.promise (waiting_since) WHERE waiting_since IS NOT NULL;
	COMMENT ON TABLE trust.promise IS 'One row per promise: what its entries add up to.';
	COMMENT ON COLUMN trust.promise.state IS 'proposed, open, kept, partly_kept, broken, released or withdrawn; a promise that was ever open counts as broken from overdue_at on, until a verdict.';
	COMMENT ON COLUMN trust.promise.overdue_at IS 'due and the grace that policy gives: from here on silence counts as broken.';
	COMMENT ON COLUMN trust.promise.evidence_asked IS 'What policy asked for when it was last backed or amended; NULL: nobody needs to back it.';
	COMMENT ON COLUMN trust.promise.opened_at IS 'When it first was open: from then on the company is bound, and no way back to proposed takes an overdue promise out of sight.';
	COMMENT ON COLUMN trust.promise.waiting_since IS 'Since when policy waits for somebody to back it, proposed or accepted without.';
	COMMENT ON COLUMN trust.promise.evidence IS 'How we know that the backer is who acted: asserted, session or passkey.';
	COMMENT ON COLUMN trust.promise.backfilled_at IS 'When the ledger recorded the first of its entries that was entered long after the fact.';
	COMMENT ON COLUMN trust.promise.due_moved_at IS 'When due last moved to another time, by an amendment.';
	COMMENT ON COLUMN trust.promise.paused_at IS 'Since when its clock stands still; NULL: it runs.';
	COMMENT ON COLUMN trust.promise.paused_until IS 'When the pause ends at the latest, whether it is resumed or not; due is reckoned to that until it is.';
	COMMENT ON COLUMN trust.promise.paused_for IS 'By how much pauses have moved due, all together; one that runs, or that a verdict cut short, by the most that it can.';
	COMMENT ON COLUMN trust.promise.seen_at IS 'When a human who speaks for the company first had these terms before them: made, amended, backed or declined them; NULL: none has.';
	COMMENT ON COLUMN trust.promise.declined_at IS 'When a human declined to back these terms.';
	COMMENT ON COLUMN trust.promise.unbacked_at IS 'When the last backing was withdrawn, or became void by an amendment; NULL: it has a backer, or never had one.';
	COMMENT ON COLUMN trust.promise.unbacked_by IS 'The event by which it lost its backer: backing_withdrawn or amended.';
	COMMENT ON COLUMN trust.promise.former_backer IS 'Who stood behind it until then.';
	COMMENT ON COLUMN trust.promise.unconfirmed IS 'The latest entry that passes on what the customer is said to have said, or claims a repair, and waits for the customer''s or a record''s own word.';
	COMMENT ON COLUMN trust.promise.admitted_at IS 'When the company admitted in time that it would break it.';
	COMMENT ON COLUMN trust.promise.repaired_at IS 'When the breach was made good, as far as that stands.';
	COMMENT ON COLUMN trust.promise.outcome IS 'The verdict that stands.';
	COMMENT ON COLUMN trust.promise.whose_word IS 'Whose word the verdict is: customer, record or company.';
	COMMENT ON COLUMN trust.promise.settled_by IS 'The event that first ended it: assessed, withdrawn, released or breach_admitted.';
	COMMENT ON COLUMN trust.promise.weight_kept IS 'What the verdict weighs as kept, in thousandths.';
	COMMENT ON COLUMN trust.promise.terms_seq IS 'The entry that holds the terms as they are now.';

	CREATE TABLE trust.source (
		customer text COLLATE "C" NOT NULL,
		promise  uuid NOT NULL,
		source   text COLLATE "C" NOT NULL,
		key      text COLLATE "C" NOT NULL,
		name     text COLLATE "C" NOT NULL,
		gone     boolean NOT NULL,
		seq      bigint NOT NULL,
		PRIMARY KEY (customer, promise)
	) WITH (fillfactor = 90);
	CREATE INDEX source_row ON trust.source (source, key, name) WHERE NOT gone;
	COMMENT ON TABLE trust.source IS 'One row per promise that a row of a tracked table stands for: what its entries say of that row.';
	COMMENT ON COLUMN trust.source.source IS 'The tracked table, by the name that its triggers give it: schema and table as they were called when it was tracked first.';
	COMMENT ON COLUMN trust.source.key IS 'The row''s primary key as text; of several columns, a JSON array of their texts.';
	COMMENT ON COLUMN trust.source.name IS 'Which of the row''s promises; empty where it carries one.';
	COMMENT ON COLUMN trust.source.gone IS 'The row was deleted, or stands for another promise now.';
	COMMENT ON COLUMN trust.source.seq IS 'The entry that last changed it.';

	CREATE TABLE trust.entry (
		customer           text COLLATE "C" NOT NULL,
		seq                bigint NOT NULL,
		format             smallint NOT NULL,
		promise            uuid,
		event              text COLLATE "C" NOT NULL,
		recorded_at        timestamptz NOT NULL,
		occurred_at        timestamptz NOT NULL,
		backfilled         boolean NOT NULL,
		actor              text COLLATE "C",
		actor_kind         text COLLATE "C",
		speaks_for         text COLLATE "C",
		responsible        text COLLATE "C",
		actor_seq          bigint,
		login              text COLLATE "C" NOT NULL,
		role               text COLLATE "C" NOT NULL,
		evidence           text COLLATE "C",
		evidence_asked     text COLLATE "C",
		state              text COLLATE "C",
		refers_to          bigint,
		subject            text COLLATE "C",
		details            jsonb,
		promiser           text COLLATE "C",
		promiser_kind      text COLLATE "C",
		drafted_by         text COLLATE "C",
		backer             text COLLATE "C",
		kind               text COLLATE "C",
		due                timestamptz,
		overdue_at         timestamptz,
		back_by            timestamptz,
		value              numeric,
		currency           text COLLATE "C",
		longest_pause      interval,
		accepted           boolean,
		relayed            boolean,
		stands             boolean,
		verdict            text COLLATE "C",
		whose_word         text COLLATE "C",
		purpose_met        boolean,
		weight_kept        integer,
		weight_broken      integer,
		idempotency_key    text COLLATE "C",
		request            bytea,
		request_salt       bytea,
		words              text,
		words_salt         bytea,
		words_commitment   bytea,
		purpose            text,
		purpose_salt       bytea,
		purpose_commitment bytea,
		note               text,
		note_salt          bytea,
		note_commitment    bytea,
		context            jsonb,
		context_salt       bytea,
		context_commitment bytea,
		name               text,
		name_salt          bytea,
		name_commitment    bytea,
		prev_hash          bytea NOT NULL,
		hash               bytea NOT NULL,
		PRIMARY KEY (customer, seq)
	);
	CREATE UNIQUE INDEX entry_idempotency_key ON trust.entry (customer, idempotency_key)
		WHERE idempotency_key IS NOT NULL;
	CREATE INDEX entry_erased ON trust.entry (customer, seq) WHERE event = 'erased';
	COMMENT ON COLUMN trust.entry.actor_seq IS 'The governance entry by which the actor was what the entry says.';
	COMMENT ON TABLE trust.entry IS 'The history: one row per event, tied to all before it by its hash. Append-only. doc/format.md says how to verify it with any other software.';

	CREATE TABLE trust.parked_change (
		parked    uuid PRIMARY KEY,
		parked_at timestamptz NOT NULL,
		source    text COLLATE "C" NOT NULL,
		tab       text COLLATE "C" NOT NULL,
		trigger   text COLLATE "C" NOT NULL,
		operation text COLLATE "C" NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
		actor     text COLLATE "C",
		login     text COLLATE "C" NOT NULL,
		role      text COLLATE "C" NOT NULL,
		old_row   jsonb,
		new_row   jsonb,
		sqlstate  text COLLATE "C" NOT NULL,
		error     text NOT NULL
	);
	COMMENT ON TABLE trust.parked_change IS 'Changes of tracked rows that could not be written, and wait for replay_parked(). Read them in view trust.parked.';

	-- The owner's default privileges may have given rights to others: nobody writes here by hand.
	FOR foreign_right IN
		SELECT DISTINCT a.grantee FROM pg_catalog.pg_class c, LATERAL pg_catalog.aclexplode(c.relacl) a
		WHERE c.relnamespace = 'trust'::pg_catalog.regnamespace AND a.grantee <> c.relowner
		UNION
		SELECT a.grantee FROM pg_catalog.pg_namespace n, LATERAL pg_catalog.aclexplode(n.nspacl) a
		WHERE n.nspname = 'trust' AND a.grantee <> n.nspowner
	LOOP
		grantee := CASE foreign_right.grantee WHEN 0 THEN 'PUBLIC' ELSE foreign_right.grantee::pg_catalog.regrole::pg_catalog.text END;
		EXECUTE 'REVOKE ALL ON ALL TABLES IN SCHEMA trust FROM ' || grantee;
		EXECUTE 'REVOKE ALL ON SCHEMA trust FROM ' || grantee;
	END LOOP;
	GRANT USAGE ON SCHEMA trust TO PUBLIC;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_tables() IS
	'Makes schema trust and its tables for the current user. Called by create_ledger().';

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

CREATE FUNCTION trust_ledger.create_guards() RETURNS void
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

CREATE FUNCTION trust_ledger.create_scores() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp SET client_min_messages = warning
AS $$
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	IF EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'trust.chain'::regclass AND attname = 'score' AND NOT attisdropped) THEN
		RETURN;
	END IF;
	ALTER TABLE trust.chain ADD COLUMN score trust_ledger.trust_score NOT NULL DEFAULT 'empty';
	COMMENT ON COLUMN trust.chain.score IS 'What verdicts say of the customer''s promises, as of the last of them; customer_score() adds what is overdue and fades it to now.';
	-- the guard lets nothing but the one way in write here
	DROP TRIGGER IF EXISTS trust_guard ON trust.chain;
	UPDATE trust.chain c SET score = s.score
	FROM (SELECT p.customer, trust_ledger.score_agg(p.weight_kept / 1000.0::float8, p.weight_broken / 1000.0::float8, p.settled_at, l.half_life) AS score
		  FROM trust.promise p, trust.ledger l GROUP BY p.customer) s
	WHERE s.customer = c.customer;
	PERFORM trust_ledger.create_guards();
END
$$;
COMMENT ON FUNCTION trust_ledger.create_scores() IS
	'Adds to the tables what needs the extension''s types: the score that each customer''s chain carries. Called by create_ledger() and migrate_ledger().';

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

CREATE FUNCTION trust_ledger.migrate_as_owner() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C;
COMMENT ON FUNCTION trust_ledger.migrate_as_owner() IS
	'Calls migrate_ledger() as the ledger''s owner, in an operation that cannot take another role: no temporary tables, no deferred triggers. False where that is so already. Called by migrate_ledger(). Errors: 42501 not the owner, 55000, TL006.';

CREATE FUNCTION trust_ledger.migrate_ledger() RETURNS void
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

CREATE FUNCTION trust_ledger.set_ledger(
	half_life interval DEFAULT NULL, weights jsonb DEFAULT NULL, zone text DEFAULT NULL,
	lag interval DEFAULT NULL, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.set_ledger(interval, jsonb, text, interval, text, text, timestamptz, jsonb, text) IS
	'Changes the ledger''s settings given, leaves the others. half_life of evidence (one day to 36525 days) and the longest lag of occurred_at (at most seven days), neither in months; weights as pairs [kept, broken] of thousandths, with kept > repaired > admitted > broken; zone in which days end. Level admin. Errors: TL004, 22023.';
