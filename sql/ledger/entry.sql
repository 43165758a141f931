CREATE FUNCTION trust_ledger.create_entry_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
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
END
$$;
COMMENT ON FUNCTION trust_ledger.create_entry_table() IS
	'Creates table trust.entry. Called by create_tables().';

CREATE FUNCTION trust_ledger.comment_on_entry_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON COLUMN trust.entry.actor_seq IS 'The governance entry by which the actor was what the entry says.';
	COMMENT ON TABLE trust.entry IS 'The history: one row per event, tied to all before it by its hash. Append-only. doc/format.md says how to verify it with any other software.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_entry_table() IS
	'Comments on table trust.entry. Called by comment_on_tables().';
