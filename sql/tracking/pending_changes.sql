-- Changes of tracked rows that the transaction has made and that are not written yet.

CREATE FUNCTION trust_ledger.write_pending() RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C
SET search_path = pg_catalog, pg_temp;
COMMENT ON FUNCTION trust_ledger.write_pending() IS
	'Writes the changes of tracked rows that this transaction has made so far, as COMMIT would. '
	'What is refused raises its error here instead of at COMMIT, so that a savepoint can handle it '
	'and a test that rolls back sees it. Does nothing if no change is pending. Errors: those of '
	'the functions for the events of the mapping; 25000 (in a parallel operation).';
