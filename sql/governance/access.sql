CREATE FUNCTION trust_ledger.require_reader() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10;
COMMENT ON FUNCTION trust_ledger.require_reader() IS
	'True, or error TL004 where the current user has no level that reads (application, analyst, auditor, admin). The views of schema trust stand behind it.';

CREATE FUNCTION trust_ledger.reads_words() RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C STABLE PARALLEL RESTRICTED COST 10;
COMMENT ON FUNCTION trust_ledger.reads_words() IS
	'Whether the current user may see what people wrote (levels application and auditor). Views show NULL instead of words to others.';

CREATE FUNCTION trust_ledger.grant_access(
	role text, level text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.grant_access(text, text, text, text, timestamptz, jsonb, text) IS
	'Gives a database role and its members a level: application (writes promises), analyst (reads views, no words), auditor (reads history and words, verifies), import (writes with times of its own), admin (governs). Level admin. Errors: TL004, 42704 no such role, 22023 no such level.';

CREATE FUNCTION trust_ledger.revoke_access(
	role text, level text, reason text DEFAULT NULL,
	actor text DEFAULT NULL, occurred_at timestamptz DEFAULT NULL,
	context jsonb DEFAULT NULL, idempotency_key text DEFAULT NULL)
RETURNS trust_ledger.receipt
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.revoke_access(text, text, text, text, timestamptz, jsonb, text) IS
	'Takes a level from a database role. The ledger''s owner can always govern. Level admin. Errors: TL004, 42704 the role has no such level.';
