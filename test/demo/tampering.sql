\echo
\echo '---- SOMEBODY TAMPERS ----------------------------------------------------------------------------------------'
\echo 'A superuser wants it kept, and the words to be smaller. Guards are in the way, until they are turned off.'
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
\echo 'Otto looks again.'
\echo
\connect - otto
\echo '-- as otto'
SET client_min_messages = warning;
SELECT part, customer, seq, subject, field, problem FROM trust_ledger.verify();
\set ECHO none
-- or the demo ends here
SELECT 1 / (:ROW_COUNT > 0)::integer \g /dev/null
\set ECHO queries
\echo
\echo 'And somebody who owns the CRM''s table writes past its triggers: one promise smaller, one of which there is no'
\echo 'row any more, one that nobody recorded. The triggers are on again afterwards.'
\echo
\connect - owner
\echo '-- as owner'
ALTER TABLE quote DISABLE TRIGGER USER;
UPDATE quote SET offer = 'A filter' WHERE customer = 'C-106';
DELETE FROM quote WHERE customer = 'C-105';
INSERT INTO quote (customer, offer, status) VALUES ('C-108', 'Between ourselves', 'sent');
ALTER TABLE quote ENABLE TRIGGER USER;
\echo
\echo 'Otto holds the table against the ledger.'
\echo
\connect - otto
\echo '-- as otto'
SELECT what, customer, detail FROM trust_ledger.reconcile_table('quote');
\set ECHO none
-- or the demo ends here
SELECT 1 / (:ROW_COUNT = 3)::integer \g /dev/null
