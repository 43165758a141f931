-- The ledger's tables are ordinary tables and no members of the extension: dumped
-- with their rows, and still there when the extension is gone. Keys are compared
-- byte by byte (COLLATE "C"): no change of locale reorders an index.

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
