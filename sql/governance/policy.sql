-- Policies: rules about which promises a human must back, and about due and grace times.

CREATE FUNCTION trust_ledger.create_policy_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
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
END
$$;
COMMENT ON FUNCTION trust_ledger.create_policy_table() IS
	'Creates table trust.policy. Called by create_tables().';

CREATE FUNCTION trust_ledger.policy_column_comments() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY[
		['policy', 'Name of the rule.'],
		['promiser', 'The rule matches promises of this actor. NULL for any.'],
		['promiser_kind', 'The rule matches promises of this kind of actor: human, ai or system. '
			'NULL for any.'],
		['kind', 'The rule matches promises of this kind, and of a kind that no rule names. NULL '
			'for any.'],
		['currency', 'The rule matches promises in this currency, and in one that no rule names. '
			'NULL for any.'],
		['least_value', 'The rule matches promises of at least this value, and without a value. '
			'NULL for any.'],
		['evidence', 'Evidence that a backer must have: asserted, session or passkey. NULL for '
			'none.'],
		['back_within', 'Time within which a human must back. NULL for no limit.'],
		['grace', 'Time after due before the promise is overdue.'],
		['due_within', 'Time until due, for promises that name no due time.'],
		['cumulative', 'Whether least_value is compared with the total of the customer''s open '
			'promises in that currency, including the new one.'],
		['active', 'False after the rule was dropped.'],
		['seq', 'The governance entry that last changed the row.']]
$$;
COMMENT ON FUNCTION trust_ledger.policy_column_comments() IS
	'Comments on the columns of trust.policy and trust.policy_rule, for comment_on_columns().';

CREATE FUNCTION trust_ledger.comment_on_policy_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.policy IS
		'Rules about promises. Changed by set_policy() and drop_policy().';
	PERFORM trust_ledger.comment_on_columns('trust.policy',
		trust_ledger.policy_column_comments());
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_policy_table() IS
	'Comments on table trust.policy. Called by comment_on_tables().';

CREATE FUNCTION trust_ledger.set_policy(
	policy text, promiser text DEFAULT NULL, promiser_kind text DEFAULT NULL,
	kind text DEFAULT NULL, currency text DEFAULT NULL, least_value numeric DEFAULT NULL,
	cumulative boolean DEFAULT false,
	evidence text DEFAULT NULL, back_within interval DEFAULT NULL, grace interval DEFAULT NULL,
	due_within interval DEFAULT NULL, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.set_policy(
	text, text, text, text, text, numeric, boolean, text, interval, interval, interval, text, text,
	timestamptz, jsonb, text) IS
	'Sets a rule for promises that match promiser, promiser_kind, kind, currency and least_value '
	'(NULL matches all). A term that the promise does not state, and a kind or currency that no '
	'rule names, match as well. evidence: a human must back the promise with at least this '
	'evidence (asserted < session < passkey). back_within: within this time. grace: time after due '
	'before the promise is overdue. due_within: time until due if the promise names none. '
	'cumulative: compare least_value with the total of the customer''s open promises in that '
	'currency. If several rules match, the strictest value of each applies. Intervals: without '
	'months; grace and due_within at most 3653 days. Requires level admin. Errors: TL004, 22004 '
	'(the rule requires nothing), 22023.';

CREATE FUNCTION trust_ledger.drop_policy(
	policy text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.drop_policy(text, text, text, timestamptz, jsonb, text) IS
	'Drops a rule. Promises made since are not subject to it; the history keeps it. Requires level '
	'admin. Errors: TL004, 42704 (no such rule).';

CREATE FUNCTION trust_ledger.policy_is_weaker(old jsonb, new jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601'
AS $$
	SELECT coalesce((old->>'active')::boolean, false) AND (
		NOT coalesce((new->>'active')::boolean, false)
		-- requires less; a rule with back_within requires a backer
		OR coalesce(array_position(ranks, new->>'evidence'),
				CASE WHEN new->>'back_within' IS NULL THEN 0 ELSE 1 END)
			< coalesce(array_position(ranks, old->>'evidence'),
				CASE WHEN old->>'back_within' IS NULL THEN 0 ELSE 1 END)
		OR coalesce((new->>'back_within')::interval > (old->>'back_within')::interval,
			old->>'back_within' IS NOT NULL)
		OR coalesce((new->>'grace')::interval, '0') > coalesce((old->>'grace')::interval, '0')
		OR coalesce((new->>'due_within')::interval > (old->>'due_within')::interval,
			old->>'due_within' IS NOT NULL)
		-- matches fewer promises
		OR coalesce((new->>'least_value')::numeric, 0)
			> coalesce((old->>'least_value')::numeric, 0)
		OR coalesce((old->>'cumulative')::boolean, false)
			AND NOT coalesce((new->>'cumulative')::boolean, false)
		OR new->>'promiser' IS NOT NULL
			AND new->>'promiser' IS DISTINCT FROM old->>'promiser'
		OR new->>'promiser_kind' IS NOT NULL
			AND new->>'promiser_kind' IS DISTINCT FROM old->>'promiser_kind'
		OR new->>'kind' IS NOT NULL
			AND new->>'kind' IS DISTINCT FROM old->>'kind'
		OR new->>'currency' IS NOT NULL
			AND new->>'currency' IS DISTINCT FROM old->>'currency')
	FROM (VALUES ('{asserted,session,passkey}'::text[])) AS e (ranks)
$$;
COMMENT ON FUNCTION trust_ledger.policy_is_weaker(jsonb, jsonb) IS
	'Whether the rule new requires less than the rule old, or matches fewer promises, in any '
	'respect. Both are details of governance entries; a missing key or null requires nothing. NULL '
	'stands for no rule: weaker than an active rule, and never stronger. Nothing is weaker than a '
	'rule that was not active.';

CREATE FUNCTION trust_ledger.policy_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'policy_rule';
	definition := $view$
	SELECT policy, promiser, promiser_kind, kind, currency, least_value, cumulative, evidence,
		back_within, grace, due_within
	FROM trust.policy
	WHERE active AND (SELECT trust_ledger.require_reader())
	ORDER BY policy
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.policy_views() IS
	'Name and query of view trust.policy_rule. Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_policy_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.policy_rule IS
		'The active rules about promises.';
	PERFORM trust_ledger.comment_on_columns('trust.policy_rule',
		trust_ledger.policy_column_comments());
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_policy_views() IS
	'Comments on view trust.policy_rule. Called by create_views().';
