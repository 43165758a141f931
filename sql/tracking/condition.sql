CREATE FUNCTION trust_ledger.condition_for(condition text, "row" text) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.condition_for(text, text) IS
	'A condition on a tracked row, one boolean expression over its columns, about row (NEW, OLD or an alias): in parentheses, each column as row.column. Errors: 42601 it is no expression, 22023 it has a sub-select, a parameter, *, qualified columns.';

CREATE FUNCTION trust_ledger.condition_is_change(condition text) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.condition_is_change(text) IS
	'Whether a condition is about what changed: its columns are NEW.column and OLD.column. Errors: those of condition_for(), 22023 it has bare columns too.';

CREATE FUNCTION trust_ledger.condition_columns(condition text) RETURNS text[]
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.condition_columns(text) IS
	'The columns that a condition names, each once. Errors: those of condition_is_change().';
