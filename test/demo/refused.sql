-- After a statement that must fail: prints its SQLSTATE, or stops if the statement did not fail.
\set ECHO none
\if :ERROR
	\echo '         (SQLSTATE' :LAST_ERROR_SQLSTATE')'
	\echo
\else
	\set ON_ERROR_STOP on
	DO $$ BEGIN RAISE 'the statement before should have failed'; END $$;
\endif
\set ON_ERROR_STOP on
\set ECHO queries
