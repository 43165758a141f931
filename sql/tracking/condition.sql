-- Conditions of a mapping: boolean expressions over the columns of a row.

CREATE FUNCTION trust_ledger.condition_for(condition text, "row" text) RETURNS text
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.condition_for(text, text) IS
	'The condition in parentheses, with each column as row.column. condition: one boolean '
	'expression over the columns of a tracked row. row: NEW, OLD or an alias. Errors: 42601 (not '
	'an expression), 22023 (sub-select, parameter, * or qualified column).';

CREATE FUNCTION trust_ledger.condition_is_change(condition text) RETURNS boolean
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.condition_is_change(text) IS
	'Whether the condition is about a change: all its columns are NEW.column or OLD.column. '
	'Errors: those of condition_for(), 22023 (some columns have no prefix).';

CREATE FUNCTION trust_ledger.condition_columns(condition text) RETURNS text[]
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION trust_ledger.condition_columns(text) IS
	'The columns that the condition names, each once. Errors: those of condition_is_change().';

CREATE FUNCTION trust_ledger.check_conditions(tab regclass) RETURNS void
AS 'MODULE_PATHNAME' LANGUAGE C STABLE STRICT;
COMMENT ON FUNCTION trust_ledger.check_conditions(regclass) IS
	'Raises 0A000 if a dump does not name an operator in the condition of a trigger that '
	'track_table() created. Called by create_track_triggers().';
