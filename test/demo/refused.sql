-- Behind a statement that has to fail: says which SQLSTATE it was, and stops where it was none.
\set ECHO none
\if :ERROR
	\echo '         (SQLSTATE' :LAST_ERROR_SQLSTATE')'
	\echo
\else
	\set ON_ERROR_STOP on
	DO $$ BEGIN RAISE 'that should have been refused'; END $$;
\endif
\set ON_ERROR_STOP on
\set ECHO queries
