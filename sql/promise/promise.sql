CREATE FUNCTION trust_ledger.create_promise_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
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
END
$$;
COMMENT ON FUNCTION trust_ledger.create_promise_table() IS
	'Creates table trust.promise. Called by create_tables().';

CREATE FUNCTION trust_ledger.comment_on_promise_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
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
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_promise_table() IS
	'Comments on table trust.promise. Called by comment_on_tables().';

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
END
$$;
COMMENT ON FUNCTION trust_ledger.promise_views() IS
	'The texts of the views of promises. Part of ledger_views().';

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
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_promise_views() IS
	'Comments on the views of promises. Called by create_views().';
