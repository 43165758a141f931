-- How calls end: SQLSTATE, error message, result. A pgTAP file includes this with \ir.

-- 'ok', or the SQLSTATE of the error, of statements that a role runs. Rolls them back.
CREATE FUNCTION sqlstate_of(call text, as_role text DEFAULT 'none', replication_role text DEFAULT
	'origin') RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	IF replication_role <> current_setting('session_replication_role') THEN
		PERFORM set_config('session_replication_role', replication_role, true);
	END IF;
	PERFORM set_config('role', as_role, true);
	EXECUTE call;
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN RETURN 'ok';
	WHEN query_canceled OR OTHERS THEN RETURN SQLSTATE;
END
$$;

-- The same, but the effects of the statements stay.
CREATE FUNCTION run(call text, as_role text DEFAULT 'none') RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('role', as_role, true);
	EXECUTE call;
	PERFORM set_config('role', 'none', true);
	RETURN 'ok';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;

-- The error of statements that a role runs; code is 'ok' if there is none. Rolls them back.
CREATE TYPE call_error AS (code text, message text, detail text, hint text, context text);
CREATE FUNCTION error_of(call text, as_role text DEFAULT 'none') RETURNS call_error
LANGUAGE plpgsql AS $$
DECLARE
	error call_error;
BEGIN
	PERFORM set_config('role', as_role, true);
	EXECUTE call;
	RAISE SQLSTATE 'OK000';
EXCEPTION
	WHEN SQLSTATE 'OK000' THEN
		error.code := 'ok';
		RETURN error;
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS error.code := RETURNED_SQLSTATE, error.message := MESSAGE_TEXT,
			error.detail := PG_EXCEPTION_DETAIL,
			error.hint := PG_EXCEPTION_HINT, error.context := PG_EXCEPTION_CONTEXT;
		RETURN error;
END
$$;

-- The same as text: 'SQLSTATE|message|detail|hint' without empty parts, or 'ok'.
CREATE FUNCTION error_text(call text, as_role text DEFAULT 'none') RETURNS text
LANGUAGE sql AS $$
	SELECT concat_ws('|', e.code, e.message, nullif(e.detail, ''), nullif(e.hint, ''))
		FROM error_of(call, as_role) AS e
$$;

-- The one value that a query returns to a role, or the SQLSTATE.
CREATE FUNCTION value_as(role text, query text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
	result text;
BEGIN
	PERFORM set_config('role', role, true);
	EXECUTE query INTO result;
	PERFORM set_config('role', 'none', true);
	RETURN result;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;

-- The state in which a call from a login leaves promise $1, or the SQLSTATE.
CREATE FUNCTION state_after(login text, of_promise uuid, call text) RETURNS text
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
