-- Other sessions in this database, by dblink. A pgTAP file includes this with \ir.
CREATE EXTENSION IF NOT EXISTS dblink;

-- The connection string of a login; settings as in "-c work_mem=1MB".
CREATE FUNCTION connection_of(login text DEFAULT current_user, settings text DEFAULT '')
	RETURNS text
LANGUAGE sql AS $$
	SELECT format('host=%s port=%s dbname=%s user=%s options=''%s''',
		split_part(current_setting('unix_socket_directories'), ',', 1),
		current_setting('port'), current_database(), login, settings)
$$;

-- 'ok', or the SQLSTATE of the error, of statements in a session of their own, which commits them.
CREATE FUNCTION sqlstate_in_session(statements text, login text DEFAULT current_user,
	settings text DEFAULT '') RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	PERFORM dblink_exec(connection_of(login, settings), statements);
	RETURN 'ok';
EXCEPTION WHEN query_canceled OR OTHERS THEN
	RETURN SQLSTATE;
END
$$;

-- The one value that a query returns in a session of its own, or the SQLSTATE.
CREATE FUNCTION value_in_session(query text, login text DEFAULT current_user, settings text DEFAULT
	'') RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT r.value FROM dblink(connection_of(login, settings), query) AS r (value text));
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
