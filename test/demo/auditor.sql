\echo
\echo '---- WHAT THE AUDITOR READS ----------------------------------------------------------------------------------'
\echo 'Otto begins with what there is to ask about.'
\echo
\connect - otto
SELECT promise FROM trust.current_promise WHERE accepted_at IS NOT NULL \gset
\set ECHO queries
\echo '-- as otto'
SELECT what, count(*), min(since)::date AS oldest FROM trust.exception GROUP BY what ORDER BY 2 DESC, 1;
\echo 'He reads the whole history of that promise.'
\echo
\pset format unaligned
\pset tuples_only
\pset fieldsep '  '
SELECT seq, description FROM trust_ledger.history(:'promise');
\pset tuples_only
\pset format wrapped
\echo
\echo 'He checks that nothing was altered: no row, nothing found. And takes a fingerprint of the ledger away.'
\echo
SELECT * FROM trust_ledger.verify();
\set ECHO none
-- or the demo ends here
SELECT 1 / (:ROW_COUNT = 0)::integer \g /dev/null
\set ECHO queries
SELECT customers, entries, digest FROM trust_ledger.ledger_digest();
