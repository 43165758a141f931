-- How PostgreSQL plans a query. A pgTAP file includes this with \ir.

-- The plan as EXPLAIN prints it to a role.
CREATE FUNCTION plan_of(query text, as_role text DEFAULT 'none') RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	line text;
	plan text := '';
BEGIN
	PERFORM set_config('role', as_role, true);
	FOR line IN EXECUTE 'EXPLAIN (COSTS off) ' || query LOOP
		plan := plan || line || E'\n';
	END LOOP;
	PERFORM set_config('role', 'none', true);
	RETURN plan;
END
$$;

-- Whether the plan has a node whose name begins like this.
CREATE FUNCTION plan_has(query text, node text) RETURNS boolean
LANGUAGE sql AS $$ SELECT plan_of(query) ~ ('(?n)^(\s*->)?\s*' || node) $$;
