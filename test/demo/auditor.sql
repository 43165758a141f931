\echo
\echo '---- THE AUDITOR --------------------------------------------------------------------------'
\echo 'Otto begins with the exceptions: what an auditor may want to ask about.'
\echo
\connect - otto
SELECT promise FROM trust.current_promise WHERE accepted_at IS NOT NULL \gset
\set ECHO queries
\echo '-- as otto'
SELECT what, count(*), min(since)::date AS oldest
FROM trust.exception GROUP BY what ORDER BY 2 DESC, 1;
\echo 'He reads the whole history of one promise.'
\echo
\pset format unaligned
\pset tuples_only
\pset fieldsep '  '
SELECT seq, description FROM trust_ledger.history(:'promise');
\pset tuples_only
\pset format wrapped
\echo
\echo 'He checks that nothing was altered. No rows mean that verify() found nothing. Then he'
\echo 'reads the digest of the ledger, to keep it outside the database.'
\echo
SELECT * FROM trust_ledger.verify();
\set ECHO none
-- The demo stops here if verify() returned a row.
SELECT 1 / (:ROW_COUNT = 0)::integer \g /dev/null
\set ECHO queries
SELECT customers, entries, digest FROM trust_ledger.ledger_digest();
