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

CREATE FUNCTION trust_ledger.comment_on_policy_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.policy IS 'The rules: which promises need a human, and what else they ask. Changed by set_policy() and drop_policy().';
	COMMENT ON COLUMN trust.policy.cumulative IS 'least_value is compared with what the customer''s open promises in that currency come to, the new one included.';
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
COMMENT ON FUNCTION trust_ledger.set_policy(text, text, text, text, text, numeric, boolean, text, interval, interval, interval, text, text, timestamptz, jsonb, text) IS
	'Sets a rule: for promises that match promiser, promiser_kind, kind, currency and value >= least_value, as far as given, a human must back with evidence (asserted < session < passkey), back_within a time; they get a grace after due, and a due time if they name none. All matching rules hold, the strictest of each; what a promise leaves unsaid, or states in a kind or currency that no rule knows, matches. A cumulative rule compares what all the customer''s open promises in the promise''s currency come to with it, whatever their kind and promiser. Intervals without months; grace and due_within at most ten years, 3653 days. Level admin. Errors: TL004, 22004 it asks for nothing, 22023.';

CREATE FUNCTION trust_ledger.drop_policy(
	policy text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601';
COMMENT ON FUNCTION trust_ledger.drop_policy(text, text, text, timestamptz, jsonb, text) IS
	'The rule holds no more; that it did stays in the history. Level admin. Errors: TL004, 42704 no such rule.';

CREATE FUNCTION trust_ledger.policy_is_weaker(old jsonb, new jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp SET IntervalStyle = 'iso_8601'
AS $$
	SELECT coalesce((old->>'active')::boolean, false) AND (
		NOT coalesce((new->>'active')::boolean, false)
		-- it asks for less: who sets a time to back within asks for somebody to back
		OR coalesce(array_position(ranks, new->>'evidence'), CASE WHEN new->>'back_within' IS NULL THEN 0 ELSE 1 END)
			< coalesce(array_position(ranks, old->>'evidence'), CASE WHEN old->>'back_within' IS NULL THEN 0 ELSE 1 END)
		OR coalesce((new->>'back_within')::interval > (old->>'back_within')::interval, old->>'back_within' IS NOT NULL)
		OR coalesce((new->>'grace')::interval, '0') > coalesce((old->>'grace')::interval, '0')
		OR coalesce((new->>'due_within')::interval > (old->>'due_within')::interval, old->>'due_within' IS NOT NULL)
		-- it speaks of fewer promises
		OR coalesce((new->>'least_value')::numeric, 0) > coalesce((old->>'least_value')::numeric, 0)
		OR coalesce((old->>'cumulative')::boolean, false) AND NOT coalesce((new->>'cumulative')::boolean, false)
		OR new->>'promiser' IS NOT NULL AND new->>'promiser' IS DISTINCT FROM old->>'promiser'
		OR new->>'promiser_kind' IS NOT NULL AND new->>'promiser_kind' IS DISTINCT FROM old->>'promiser_kind'
		OR new->>'kind' IS NOT NULL AND new->>'kind' IS DISTINCT FROM old->>'kind'
		OR new->>'currency' IS NOT NULL AND new->>'currency' IS DISTINCT FROM old->>'currency')
	FROM (VALUES ('{asserted,session,passkey}'::text[])) AS e (ranks)
$$;
COMMENT ON FUNCTION trust_ledger.policy_is_weaker(jsonb, jsonb) IS
	'Whether a rule as new, in the details of governance entries, asks for less than as old, or of fewer promises: in any one respect. What is left out or null is not asked; an old that was not in force, or NULL, is never weaker than anything, and no rule at all (NULL) is weaker than one in force.';

CREATE FUNCTION trust_ledger.policy_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'policy_rule';
	definition := $view$
	SELECT policy, promiser, promiser_kind, kind, currency, least_value, cumulative, evidence, back_within, grace, due_within
	FROM trust.policy
	WHERE active AND (SELECT trust_ledger.require_reader())
	ORDER BY policy
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.policy_views() IS
	'The text of the view of rules. Part of ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_policy_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.policy_rule IS 'The rules in force.';
	COMMENT ON COLUMN trust.policy_rule.cumulative IS 'least_value is compared with what the customer''s open promises in that currency come to, the new one included.';
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_policy_views() IS
	'Comments on the view of rules. Called by create_views().';
