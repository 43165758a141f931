-- The views of schema trust: for roles with a reading level. They show words only to roles that
-- may read them.

CREATE FUNCTION trust_ledger.ledger_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT v.name, v.definition FROM trust_ledger.promise_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.policy_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.access_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.trust_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.exception_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.analysis_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.tracked_row_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.parked_views() v
	UNION ALL
	SELECT v.name, v.definition FROM trust_ledger.tracked_views() v
$$;
COMMENT ON FUNCTION trust_ledger.ledger_views() IS
	'The views of schema trust in this version: name, and query to be parsed with search_path '
	'pg_catalog. create_views() creates them; verify() compares existing views with them.';

CREATE FUNCTION trust_ledger.create_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	view record;
BEGIN
	FOR view IN SELECT v.name, v.definition FROM trust_ledger.ledger_views() v LOOP
		EXECUTE format('CREATE OR REPLACE VIEW trust.%I WITH (security_barrier) AS %s',
			view.name, view.definition);
		EXECUTE format('GRANT SELECT ON trust.%I TO PUBLIC', view.name);
	END LOOP;
	PERFORM trust_ledger.comment_on_promise_views();
	PERFORM trust_ledger.comment_on_policy_views();
	PERFORM trust_ledger.comment_on_access_views();
	PERFORM trust_ledger.comment_on_trust_views();
	PERFORM trust_ledger.comment_on_exception_views();
	PERFORM trust_ledger.comment_on_analysis_views();
	PERFORM trust_ledger.comment_on_tracked_row_views();
	PERFORM trust_ledger.comment_on_parked_views();
	PERFORM trust_ledger.comment_on_tracked_views();
END
$$;
COMMENT ON FUNCTION trust_ledger.create_views() IS
	'Creates or replaces the views of schema trust, and comments on them. Called by '
	'create_ledger() and migrate_ledger().';
