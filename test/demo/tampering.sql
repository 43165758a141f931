\echo
\echo '---- TAMPERING ----------------------------------------------------------------------------'
\echo 'A superuser wants the promise to look kept, and to be about fewer pumps. The guards'
\echo 'prevent that until the superuser disables them.'
\echo
\connect - postgres
SELECT promise FROM trust.current_promise WHERE accepted_at IS NOT NULL \gset
\set ECHO queries
\echo '-- as postgres'
\set ON_ERROR_STOP off
UPDATE trust.promise SET state = 'kept' WHERE promise = :'promise';
\i test/demo/refused.sql
ALTER TABLE trust.promise DISABLE TRIGGER trust_guard;
ALTER TABLE trust.entry DISABLE TRIGGER trust_guard;
UPDATE trust.promise SET state = 'kept', outcome = 'kept'
	WHERE promise = :'promise';
UPDATE trust.entry SET verdict = 'kept'
	WHERE promise = :'promise' AND verdict = 'broken';
UPDATE trust.entry SET words = replace(words, 'Ten', 'Six')
	WHERE promise = :'promise' AND words IS NOT NULL;
ALTER TABLE trust.promise ENABLE ALWAYS TRIGGER trust_guard;
ALTER TABLE trust.entry ENABLE TRIGGER trust_guard;
\echo
\echo 'Otto runs verify() again.'
\echo
\connect - otto
\echo '-- as otto'
SET client_min_messages = warning;
SELECT part, customer, seq, subject, field, problem FROM trust_ledger.verify();
\set ECHO none
-- The demo stops here if verify() returned no row.
SELECT 1 / (:ROW_COUNT > 0)::integer \g /dev/null
\set ECHO queries
\echo
\echo 'The owner of the CRM''s table disables its triggers for a while. They change the words of'
\echo 'one promise, delete the row of another, and insert a row that the ledger does not record.'
\echo
\connect - owner
\echo '-- as owner'
ALTER TABLE quote DISABLE TRIGGER USER;
UPDATE quote SET offer = 'A filter' WHERE customer = 'C-106';
DELETE FROM quote WHERE customer = 'C-105';
INSERT INTO quote (customer, offer, status) VALUES ('C-108', 'Between ourselves', 'sent');
ALTER TABLE quote ENABLE TRIGGER USER;
\echo
\echo 'Otto compares the table with the ledger.'
\echo
\connect - otto
\echo '-- as otto'
SELECT what, customer, detail FROM trust_ledger.reconcile_table('quote');
\set ECHO none
-- The demo stops here unless reconcile_table() returned three rows.
SELECT 1 / (:ROW_COUNT = 3)::integer \g /dev/null
