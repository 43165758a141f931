-- The exceptions of view trust.exception that follow from the row of a promise.

CREATE FUNCTION trust_ledger.promise_exceptions(
	OUT what text, OUT since text, OUT subject text, OUT detail text, OUT applies text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	undecided    CONSTANT text := $sql$p.state IN ('proposed', 'open')$sql$;
	retired      CONSTANT text := $sql$EXISTS (
		SELECT FROM trust.actor a
		WHERE a.actor = p.backer AND NOT a.active)$sql$;
	retired_at   CONSTANT text := $sql$(
		SELECT e.recorded_at
		FROM trust.actor a
		JOIN trust.entry e ON e.customer = '' AND e.seq = a.seq
		WHERE a.actor = p.backer)$sql$;
	drafter_kind CONSTANT text := $sql$coalesce(
		(SELECT a.kind FROM trust.actor a WHERE a.actor = p.drafted_by), p.promiser_kind)$sql$;
	expired      CONSTANT text := $sql$p.paused_at IS NOT NULL AND p.paused_until < now()$sql$;
BEGIN
	-- since and subject apply to the following kinds, too, until they are set again
	what := 'unbacked';
	since := 'coalesce(p.waiting_since, p.opened_at, p.recorded_at)';
	subject := 'NULL::text';
	detail := $sql$format('policy requires evidence %s, and nobody backs it',
		p.evidence_asked)$sql$;
	applies := $sql$p.evidence_asked IS NOT NULL
		AND p.backer IS NULL
		AND p.state <> 'withdrawn'
		AND NOT (p.state = 'proposed' AND p.declined_at IS NOT NULL)$sql$;
	RETURN NEXT;

	what := 'backing_overdue';
	since := 'p.back_by';
	detail := $sql$format('was to be backed by %s, waiting since %s',
		p.back_by, p.waiting_since)$sql$;
	applies := 'p.waiting_since IS NOT NULL AND p.back_by < now()';
	RETURN NEXT;

	what := 'overdue';
	since := 'p.overdue_at';
	detail := $sql$format('was due %s, and has no verdict', p.due)$sql$;
	applies := $sql$p.state IN ('proposed', 'open')
		AND p.opened_at IS NOT NULL
		AND p.overdue_at IS NOT NULL
		AND p.overdue_at < now()$sql$;
	RETURN NEXT;

	what := 'backer_retired';
	since := retired_at;
	subject := 'p.backer';
	detail := $sql$'its backer is retired'$sql$;
	applies := undecided || ' AND ' || retired;
	RETURN NEXT;

	what := 'backing_withdrawn';
	since := 'p.unbacked_at';
	subject := 'p.former_backer';
	detail := $sql$'its backer withdrew, and nobody else backs it'$sql$;
	applies := undecided
		|| $sql$ AND p.backer IS NULL AND p.unbacked_by = 'backing_withdrawn'$sql$;
	RETURN NEXT;

	what := 'relied_on_unbacked';
	since := 'p.accepted_at';
	subject := 'NULL::text';
	detail := $sql$'the customer accepted it, and nobody ever backed it'$sql$;
	applies := 'p.accepted_at IS NOT NULL AND p.backer IS NULL AND p.unbacked_at IS NULL';
	RETURN NEXT;

	what := 'machine_words_unseen';
	since := 'p.recorded_at';
	subject := 'coalesce(p.drafted_by, p.promiser)';
	detail := format($sql$format('words by %%s (%%s) that no human of the company saw',
		coalesce(p.drafted_by, p.promiser), %s)$sql$, drafter_kind);
	applies := format($sql$p.seen_at IS NULL
		AND p.state <> 'withdrawn'
		AND %s <> 'human'$sql$, drafter_kind);
	RETURN NEXT;

	what := 'backfilled';
	since := 'p.backfilled_at';
	subject := 'NULL::text';
	detail := $sql$CASE
		WHEN p.backfilled THEN 'recorded long after it was made'
		ELSE 'an event was recorded long after it happened'
	END$sql$;
	applies := 'p.backfilled_at IS NOT NULL';
	RETURN NEXT;

	what := 'due_moved';
	since := 'p.due_moved_at';
	detail := $sql$format('moved %s, first due %s, now %s',
		CASE p.due_moves WHEN 1 THEN 'once' ELSE p.due_moves || ' times' END,
		p.first_due,
		coalesce(p.due::text, 'without a due time'))$sql$;
	applies := 'p.due_moves > 0';
	RETURN NEXT;

	what := 'withdrawn_late';
	since := 'p.settled_at';
	detail := $sql$format('withdrawn after acceptance or due, stands as %s', p.outcome)$sql$;
	applies := $sql$p.settled_by = 'withdrawn' AND p.outcome IS NOT NULL$sql$;
	RETURN NEXT;

	what := 'released_late';
	detail := $sql$format('was due %s', p.due)$sql$;
	applies := $sql$p.settled_by = 'released' AND p.due < p.settled_at$sql$;
	RETURN NEXT;

	what := 'long_pause';
	since := format($sql$CASE
		WHEN %s THEN p.paused_until
		ELSE coalesce(p.paused_at, p.recorded_at)
	END$sql$, expired);
	detail := format($sql$CASE
		WHEN %s THEN format('the pause since %%s expired', p.paused_at)
		ELSE format('paused for %%s of the %%s first promised',
			p.paused_for, p.first_due - p.made_at)
	END$sql$, expired);
	applies := format('(%s OR p.paused_for > (p.first_due - p.made_at) / 2)', expired);
	RETURN NEXT;

	what := 'company_word_only';
	since := 'p.settled_at';
	detail := $sql$format('%s, by the company''s word alone', p.outcome)$sql$;
	applies := $sql$p.outcome IS NOT NULL AND p.whose_word = 'company'$sql$;
	RETURN NEXT;

	what := 'admitted_and_kept';
	since := 'p.admitted_at';
	detail := $sql$'a breach was admitted before due, and it stands as kept'$sql$;
	applies := $sql$p.admitted_at IS NOT NULL AND p.outcome = 'kept'$sql$;
	RETURN NEXT;

	what := 'no_due';
	since := 'p.made_at';
	detail := $sql$'it has no due time, and cannot become overdue'$sql$;
	applies := undecided || ' AND p.due IS NULL';
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.promise_exceptions() IS
	'Kinds of exceptions of a promise: name, and SQL expressions over a row p of trust.promise: '
	'since when, subject, detail, and the condition. Called by exception_views().';
