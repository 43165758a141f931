-- Access levels of database roles.

CREATE FUNCTION trust_ledger.create_access_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	CREATE TABLE trust.access (
		role   text COLLATE "C" PRIMARY KEY,
		levels text[] NOT NULL,
		seq    bigint NOT NULL
	);
END
$$;
COMMENT ON FUNCTION trust_ledger.create_access_table() IS
	'Creates table trust.access. Called by create_tables().';

CREATE FUNCTION trust_ledger.comment_on_access_table() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON TABLE trust.access IS
		'Access levels of database roles. Changed by grant_access() and revoke_access().';
	PERFORM trust_ledger.comment_on_columns('trust.access', ARRAY[
		['role', 'Name of the database role. Its members have the same levels.'],
		['levels', 'application, analyst, auditor, import, admin. Empty after all are revoked.'],
		['seq', 'The governance entry that last changed the row.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_access_table() IS
	'Comments on table trust.access. Called by comment_on_tables().';

CREATE FUNCTION trust_ledger.require_reader() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10;
COMMENT ON FUNCTION trust_ledger.require_reader() IS
	'Returns true if the current user has level application, analyst, auditor or admin; otherwise '
	'raises TL004. All views of schema trust call it.';

CREATE FUNCTION trust_ledger.reads_words() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10;
COMMENT ON FUNCTION trust_ledger.reads_words() IS
	'Whether the current user may read texts that people wrote: level application or auditor. For '
	'other users, views show NULL.';

CREATE FUNCTION trust_ledger.grant_access(
	role text, level text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.grant_access(text, text, text, text, timestamptz, jsonb, text) IS
	'Grants a level to a database role and its members: application (write and read promises), '
	'analyst (read views, without words), auditor (read history and words, verify), import (write '
	'with any occurred_at), admin (govern). Requires level admin. Errors: TL004, 42704 (no such '
	'role), 22023 (no such level).';

CREATE FUNCTION trust_ledger.revoke_access(
	role text, level text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.revoke_access(text, text, text, text, timestamptz, jsonb, text) IS
	'Revokes a level from a database role. The owner of the ledger can always govern. Requires '
	'level admin. Errors: TL004, 42704 (the role does not have the level).';

CREATE FUNCTION trust_ledger.access_views(OUT name text, OUT definition text)
RETURNS SETOF record
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	name := 'access_level';
	definition := $view$
	SELECT a.role, l.level
	FROM trust.access a, LATERAL pg_catalog.unnest(a.levels) AS l (level)
	WHERE (SELECT trust_ledger.require_reader())
	ORDER BY a.role, l.level
	$view$;
	RETURN NEXT;
END
$$;
COMMENT ON FUNCTION trust_ledger.access_views() IS
	'Name and query of view trust.access_level. Called by ledger_views().';

CREATE FUNCTION trust_ledger.comment_on_access_views() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	COMMENT ON VIEW trust.access_level IS
		'One row per database role and level that it was granted.';
	PERFORM trust_ledger.comment_on_columns('trust.access_level', ARRAY[
		['role', 'Name of the database role. Its members have the same level.'],
		['level', 'application, analyst, auditor, import or admin.']]);
END
$$;
COMMENT ON FUNCTION trust_ledger.comment_on_access_views() IS
	'Comments on view trust.access_level. Called by create_views().';
