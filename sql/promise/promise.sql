-- The promises: one row each, with what their entries add up to.

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
		eased_at         timestamptz,
		broken_at        timestamptz,
		verdict_by       text COLLATE "C",
		reversed_at      timestamptz,
		doubted_speaker  text COLLATE "C",
		-- INCLUDE: customer_score() finds overdue promises by an index-only scan
		PRIMARY KEY (customer, promise) INCLUDE (opened_at, overdue_at, settled_at)
	) WITH (fillfactor = 90);
	CREATE INDEX promise_promise ON trust.promise (promise);
	CREATE INDEX promise_waiting ON trust.promise (waiting_since) WHERE waiting_since IS NOT NULL;
END
$$;
COMMENT ON FUNCTION trust_ledger.create_promise_table() IS
	'Creates table trust.promise. Called by create_tables().';

CREATE FUNCTION trust_ledger.promise_column_comments() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY[
		['customer', 'The customer to whom the promise was made.'],
		['promise', 'Identifier of the promise, a UUID of version 7.'],
		['state', 'proposed, open, kept, partly_kept, broken, released or withdrawn.'],
		['overdue', 'Whether it was open, is past overdue_at, and has no verdict. It counts as '
			'broken until it has one.'],
		['words', 'What is promised. NULL after it was erased; in views, for users who may not '
			'read words.'],
		['purpose', 'What the customer wants it for. NULL as for words, or if it was not stated.'],
		['promiser', 'Who made the promise.'],
		['promiser_kind', 'Kind of the promiser when the promise was made: human, ai or system.'],
		['drafted_by', 'Who wrote the words. NULL for the promiser.'],
		['kind', 'Kind of promise, in the company''s own terms. NULL if none was stated.'],
		['value', 'What the promise is worth, in currency. NULL if it was not stated.'],
		['currency', 'Currency of value. NULL if it was not stated.'],
		['longest_pause', 'Longest total duration of all pauses. NULL if pauses are not allowed.'],
		['made_at', 'Time when the promise was made.'],
		['recorded_at', 'Time when the ledger recorded that it was made.'],
		['backfilled', 'Whether it was recorded so late that it needed level import.'],
		['backfilled_at', 'Time when the ledger recorded the first entry that needed level import. '
			'NULL if there is none.'],
		['opened_at', 'Time when it first was open. From then on it binds the company, even if it '
			'becomes proposed again.'],
		['first_due', 'The first due time.'],
		['due', 'Time when it is due. During a pause, its latest possible value. NULL for none.'],
		['due_moves', 'How often amendments changed due.'],
		['due_moved_at', 'Time when an amendment last changed due.'],
		['overdue_at', 'due plus the grace time of the policies. After this time, a promise '
			'without a verdict counts as broken.'],
		['paused_at', 'Time when the current pause began. NULL if it is not paused.'],
		['paused_until', 'Latest end of the current pause. due already includes it.'],
		['paused_for', 'How much all pauses have moved due. A current pause, and one that a '
			'verdict ended, counts with its longest duration.'],
		['evidence_asked', 'Evidence that policy requires of a backer, as of the last backing or '
			'amendment: asserted, session or passkey. NULL if no backer is required.'],
		['evidence_needed', 'Evidence that policy requires of a backer: asserted, session or '
			'passkey.'],
		['back_by', 'Time by which policy requires a backer. NULL for no limit.'],
		['waiting_since', 'Since when it has been waiting for a backer: proposed, or accepted '
			'without one.'],
		['seen_at', 'Time when a human of the company first saw these terms: made, amended, backed '
			'or declined them. NULL if none did.'],
		['declined_at', 'Time when a human declined to back these terms.'],
		['backer', 'The human who backs it by their own act. NULL for none.'],
		['evidence', 'How the ledger knows that the backer acted: asserted, session or passkey.'],
		['backed_at', 'Time when the backer backed it.'],
		['unbacked_at', 'Time when it lost its backer. NULL if it has one or never had one.'],
		['unbacked_by', 'Event by which it lost its backer: backing_withdrawn or amended.'],
		['former_backer', 'The backer that it lost.'],
		['accepted_at', 'Time when the customer accepted it. NULL if they did not.'],
		['unconfirmed', 'The latest entry that relays the customer''s word or claims a repair, and '
			'waits for the customer or a system of record to confirm it.'],
		['admitted_at', 'Time when the company admitted, before due, that it would break it.'],
		['repaired_at', 'Time when the breach was repaired, if that stands.'],
		['outcome', 'The verdict that stands: kept, partly_kept or broken. NULL for none.'],
		['whose_word', 'Whose verdict it is: customer, record or company.'],
		['verdict_evidence', 'How the ledger knows who gave the verdict: asserted, session or '
			'passkey.'],
		['relayed', 'Whether the company relayed the verdict for the customer.'],
		['purpose_met', 'Whether the customer''s purpose was met. NULL if nobody said.'],
		['settled_by', 'Event that first ended it: assessed, withdrawn, released or '
			'breach_admitted.'],
		['settled_at', 'Time of the first verdict, as of which weight_kept counts; or of the end.'],
		['weight_kept', 'Weight of the verdict as kept, in thousandths.'],
		['weight_broken', 'Weight of the verdict as broken, in thousandths.'],
		['terms_seq', 'The entry that has the current terms.'],
		['last_seq', 'The last entry about the promise.'],
		['eased_at', 'Time when the company last eased the terms after half of the time first '
			'promised: a later due time, a lower value, another kind. NULL if it did not, or the '
			'customer agreed. Then the promise counts as partly kept at most.'],
		['broken_at', 'Time as of which weight_broken counts: that of the verdict that last raised '
			'it, or due if that is later. NULL if no verdict had such a weight.'],
		['verdict_by', 'Who gave the verdict that stands. NULL if there is none.'],
		['reversed_at', 'Time when an actor last replaced another actor''s verdict by a different '
			'one. NULL if none did.'],
		['doubted_speaker', 'The first actor who spoke for the customer or a system of record and '
			'may be the company''s own: it has spoken for them only since the promise was '
			'recorded, or answers to the human behind the promiser or the backing. NULL for none.']]
$$;
COMMENT ON FUNCTION trust_ledger.promise_column_comments() IS
	'Comments on the columns of trust.promise and of views of promises, for comment_on_columns().';

CREATE FUNCTION trust_ledger.comment_on_promise_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.promise IS
		'One row per promise: what its entries add up to. Read it through view '
		'trust.current_promise.';
	PERFORM trust_ledger.comment_on_columns('trust.promise',
		trust_ledger.promise_column_comments());
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_promise_table() IS
	'Comments on table trust.promise. Called by comment_on_tables().';

CREATE FUNCTION trust_ledger.promise_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'current_promise';
	definition := $view$
	SELECT p.customer, p.promise, p.state,
		p.state IN ('proposed', 'open')
			AND p.opened_at IS NOT NULL
			AND p.overdue_at IS NOT NULL
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
		p.unbacked_at, p.unbacked_by, p.former_backer, p.unconfirmed, p.admitted_at,
		p.repaired_at, p.backfilled_at,
		p.eased_at, p.broken_at, p.verdict_by, p.reversed_at, p.doubted_speaker
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

	name := 'overdue';
	definition := $view$
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, p.promiser_kind, p.backer, p.kind, p.value, p.currency, p.due, p.overdue_at,
		(extract(epoch FROM now() - p.overdue_at) / 86400)::float8 AS days_over, p.accepted_at
	FROM trust.promise p
	WHERE p.state IN ('proposed', 'open')
		AND p.opened_at IS NOT NULL
		AND p.overdue_at IS NOT NULL
		AND p.overdue_at < now()
		AND (SELECT trust_ledger.require_reader())
	ORDER BY p.overdue_at
	$view$;
	RETURN NEXT;

	name := 'orphaned';
	definition := $view$
	SELECT p.customer, p.promise, p.state,
		CASE WHEN (SELECT trust_ledger.reads_words()) THEN p.words END AS words,
		p.promiser, coalesce(p.backer, p.former_backer) AS former_backer,
		CASE
			WHEN p.backer IS NOT NULL THEN 'retired'
			WHEN p.unbacked_by = 'backing_withdrawn' THEN 'withdrawn'
			ELSE p.unbacked_by
		END AS why,
		CASE
			WHEN p.backer IS NOT NULL THEN (
				SELECT e.recorded_at
				FROM trust.actor a
				JOIN trust.entry e ON e.customer = '' AND e.seq = a.seq
				WHERE a.actor = p.backer)
			ELSE p.unbacked_at
		END AS since,
		p.kind, p.value, p.currency, p.due, p.accepted_at,
		p.state IN ('proposed', 'open')
			AND p.opened_at IS NOT NULL
			AND p.overdue_at IS NOT NULL
			AND p.overdue_at < now() AS overdue
	FROM trust.promise p
	WHERE p.state IN ('proposed', 'open')
		AND (p.backer IS NULL AND p.unbacked_at IS NOT NULL
			OR EXISTS (
				SELECT FROM trust.actor a
				WHERE a.actor = p.backer AND NOT a.active))
		AND (SELECT trust_ledger.require_reader())
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.promise_views() IS
	'Names and queries of views trust.current_promise, awaiting_backing, overdue and orphaned. '
	'Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_promise_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.current_promise IS
		'One row per promise, as it is now. Words only for levels application and auditor.';
	PERFORM trust_ledger.comment_on_columns('trust.current_promise',
		trust_ledger.promise_column_comments());

	COMMENT ON VIEW trust.awaiting_backing IS
		'Promises that wait for a human to back them, the most urgent first. Words only for levels '
		'application and auditor.';
	PERFORM trust_ledger.comment_on_columns('trust.awaiting_backing',
		trust_ledger.promise_column_comments());

	COMMENT ON VIEW trust.overdue IS
		'Promises past due and grace without a verdict, the longest overdue first. Words only for '
		'levels application and auditor.';
	PERFORM trust_ledger.comment_on_columns('trust.overdue',
		trust_ledger.promise_column_comments() || ARRAY[
			['state', 'open; or proposed, if it was open before.'],
			['days_over', 'Days since overdue_at, of 24 hours each.']]);

	COMMENT ON VIEW trust.orphaned IS
		'Promises without a verdict that a human backed and that nobody backs any more. Words only '
		'for levels application and auditor.';
	PERFORM trust_ledger.comment_on_columns('trust.orphaned',
		trust_ledger.promise_column_comments() || ARRAY[
			['state', 'proposed or open.'],
			['former_backer', 'The last backer.'],
			['why', 'retired: the backer is retired. withdrawn: the backer withdrew. amended: the '
				'terms changed, which made the backing void.'],
			['since', 'Since when nobody backs it.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_promise_views() IS
	'Comments on the views of promises. Called by create_views().';
