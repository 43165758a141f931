-- What comes of a call. To be included by a pgTAP file.

-- 'ok' or the SQLSTATE, as that role. Nothing of it stays.
CREATE FUNCTION outcome(call text, as_role text DEFAULT 'none') RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('role', as_role, true);
	EXECUTE call;
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN 'ok';
	WHEN OTHERS THEN RETURN SQLSTATE;
END
$$;

-- The new state, or the SQLSTATE, of a call about promise $1 from a login.
CREATE FUNCTION outcome(login text, of_promise uuid, call text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	state text;
BEGIN
	PERFORM set_config('session_authorization', login, true);
	EXECUTE 'SELECT state FROM trust_ledger.' || call INTO state USING of_promise;
	PERFORM set_config('session_authorization', 'postgres', true);
	RETURN state;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;

-- What a query of one value says to that role, or the SQLSTATE.
CREATE FUNCTION as_role(role text, sql text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	outcome text;
BEGIN
	PERFORM set_config('role', role, true);
	EXECUTE sql INTO outcome;
	PERFORM set_config('role', 'none', true);
	RETURN outcome;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
