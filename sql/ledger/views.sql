-- The views of schema trust: plain typed columns, for readers only, words for those who may see them.

CREATE FUNCTION trust_ledger.ledger_views(OUT name text, OUT definition text) RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	SELECT * FROM trust_ledger.promise_views()
	UNION ALL SELECT * FROM trust_ledger.policy_views()
	UNION ALL SELECT * FROM trust_ledger.access_views()
	UNION ALL SELECT * FROM trust_ledger.trust_views()
	UNION ALL SELECT * FROM trust_ledger.exception_views()
	UNION ALL SELECT * FROM trust_ledger.overdue_views()
	UNION ALL SELECT * FROM trust_ledger.analysis_views()
	UNION ALL SELECT * FROM trust_ledger.tracked_row_views()
	UNION ALL SELECT * FROM trust_ledger.parked_views()
	UNION ALL SELECT * FROM trust_ledger.tracked_views()
$$;
COMMENT ON FUNCTION trust_ledger.ledger_views() IS
	'The views of schema trust: name, and the query as this version makes it, to be read with the search_path pg_catalog. create_views() makes them of it, and verify() compares the views with it.';

CREATE FUNCTION trust_ledger.create_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made record;
BEGIN
	FOR made IN SELECT * FROM trust_ledger.ledger_views() LOOP
		EXECUTE format('CREATE OR REPLACE VIEW trust.%I WITH (security_barrier) AS %s', made.name, made.definition);
		EXECUTE format('GRANT SELECT ON trust.%I TO PUBLIC', made.name);
	END LOOP;
	PERFORM trust_ledger.comment_on_promise_views();
	PERFORM trust_ledger.comment_on_policy_views();
	PERFORM trust_ledger.comment_on_access_views();
	PERFORM trust_ledger.comment_on_trust_views();
	PERFORM trust_ledger.comment_on_exception_views();
	PERFORM trust_ledger.comment_on_overdue_views();
	PERFORM trust_ledger.comment_on_analysis_views();
	PERFORM trust_ledger.comment_on_tracked_row_views();
	PERFORM trust_ledger.comment_on_parked_views();
	PERFORM trust_ledger.comment_on_tracked_views();
END
$$;
COMMENT ON FUNCTION trust_ledger.create_views() IS
	'Makes the views of schema trust, or makes them anew. Called by create_ledger() and migrate_ledger().';
