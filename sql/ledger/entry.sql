-- The history: every event is an entry. doc/format.md describes how an entry is hashed.

CREATE FUNCTION trust_ledger.index_refusals() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM trust_ledger.check_ledger_owner();
	-- without locking the table if there is nothing to do; partitioning can have renamed the index
	IF NOT EXISTS (
		SELECT FROM pg_index i
		WHERE i.indrelid = 'trust.entry'::regclass
			AND pg_get_expr(i.indpred, i.indrelid) = '(details ? ''refused''::text)')
	THEN
		CREATE INDEX entry_refused ON trust.entry (customer, promise, seq)
			WHERE details ? 'refused';
	END IF;
END
$$;
COMMENT ON FUNCTION trust_ledger.index_refusals() IS
	'Creates the index by which refused changes of a tracked row are found. Ledgers of '
	'version 0.2.0 or earlier do not have it. Called by create_ledger() and migrate_ledger().';

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
	COMMENT ON TABLE trust.entry IS
		'The history: one row per event. Append-only; each entry holds the hash of the entry '
		'before it. doc/format.md describes how to verify it with other software.';
	PERFORM trust_ledger.comment_on_columns('trust.entry', ARRAY[
		['customer', 'The customer whose chain has the entry. The empty text stands for '
			'governance.'],
		['seq', 'Number of the entry in the chain, from 1 without gaps.'],
		['format', 'Number of the format in which the entry was hashed.'],
		['promise', 'The promise. NULL for governance.'],
		['event', 'What happened: made, backed, assessed, ...'],
		['recorded_at', 'Time when the ledger recorded the entry, shortly before the commit.'],
		['occurred_at', 'Time when it happened, as the caller stated it; otherwise recorded_at.'],
		['backfilled', 'Whether the entry was recorded so late that it needed level import. Then '
			'occurred_at decides what was in time, otherwise recorded_at.'],
		['actor', 'Who acted. NULL if unknown.'],
		['actor_kind', 'Kind of the actor at that time: human, ai or system.'],
		['speaks_for', 'Whom the actor spoke for: company, customer or record.'],
		['responsible', 'The human responsible for the machine that acted. NULL for humans.'],
		['actor_seq', 'The governance entry that made the actor what the columns above say.'],
		['login', 'The session user.'],
		['role', 'The current user.'],
		['evidence', 'How the ledger knows that the actor acted: asserted, session or passkey.'],
		['evidence_asked', 'Evidence that policy required of a backer. NULL if it required no '
			'backer.'],
		['state', 'State of the promise after the entry.'],
		['refers_to', 'Number of the earlier entry that this one replaces, backs, declines, '
			'accepts, confirms or erases.'],
		['subject', 'What an entry of governance is about: the ledger, an actor, rule, role or '
			'source.'],
		['details', 'For governance, the row that the subject has from then on. For a promise, the '
			'row of the tracked table that wrote the entry. For event erased, the erased texts.'],
		['promiser', 'Who made the promise.'],
		['promiser_kind', 'Kind of the promiser when the promise was made: human, ai or system.'],
		['drafted_by', 'Who wrote the words. NULL for the promiser.'],
		['backer', 'The human who backs the promise from then on.'],
		['kind', 'Kind of promise, in the company''s own terms.'],
		['due', 'Time when the promise is due. During a pause, its latest possible value.'],
		['overdue_at', 'due plus the grace time of the policies.'],
		['back_by', 'Time by which policy requires a backer.'],
		['value', 'What the promise is worth, in currency.'],
		['currency', 'Currency of value.'],
		['longest_pause', 'Longest total duration of all pauses under these terms.'],
		['accepted', 'Whether the customer accepts the terms by this entry.'],
		['relayed', 'Whether the company passes on what the customer said.'],
		['stands', 'Whether the terms or the verdict take effect. False: the entry is only '
			'recorded.'],
		['verdict', 'kept, partly_kept or broken.'],
		['whose_word', 'Whose verdict it is: customer, record or company.'],
		['purpose_met', 'Whether the customer''s purpose was met.'],
		['weight_kept', 'Weight of the verdict as kept, in thousandths. NULL if it does not '
			'stand.'],
		['weight_broken', 'Weight of the verdict as broken, in thousandths. NULL if it does not '
			'stand.'],
		['idempotency_key', 'Key of the call, unique for the customer. Set in the first entry of a '
			'call.'],
		['request', 'Commitment to the arguments of a call that has an idempotency key, 64 bytes.'],
		['request_salt', 'Salt of request, 32 bytes.'],
		['words', 'What is promised. NULL after it was erased.'],
		['words_salt', 'Salt of words_commitment, 32 bytes. NULL after the words were erased.'],
		['words_commitment', 'HMAC-SHA-256 of words.'],
		['purpose', 'What the customer wants it for. NULL after it was erased.'],
		['purpose_salt', 'Salt of purpose_commitment, 32 bytes. NULL after the purpose was '
			'erased.'],
		['purpose_commitment', 'HMAC-SHA-256 of purpose.'],
		['note', 'The reason, the note, or how a breach was repaired. NULL after it was erased.'],
		['note_salt', 'Salt of note_commitment, 32 bytes. NULL after the note was erased.'],
		['note_commitment', 'HMAC-SHA-256 of note.'],
		['context', 'JSON that the application added. NULL after it was erased.'],
		['context_salt', 'Salt of context_commitment, 32 bytes. NULL after the context was '
			'erased.'],
		['context_commitment', 'HMAC-SHA-256 of context.'],
		['name', 'Name of the actor that governance registered. NULL after it was erased.'],
		['name_salt', 'Salt of name_commitment, 32 bytes. NULL after the name was erased.'],
		['name_commitment', 'HMAC-SHA-256 of name.'],
		['prev_hash', 'Hash of the entry before, 32 bytes. Zero bytes in the first entry.'],
		['hash', 'SHA-256 of the entry and prev_hash, 32 bytes.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_entry_table() IS
	'Comments on table trust.entry. Called by comment_on_tables().';
