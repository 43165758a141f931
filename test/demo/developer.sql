\echo
\echo '---- THE CRM''S DEVELOPER ------------------------------------------------------------------'
\echo 'A policy: from now on, a human must back each promise of a machine, from their own login.'
\echo
\set ECHO queries
\o /dev/null
\connect - owner
\echo '-- as owner'
SELECT * FROM trust_ledger.set_policy('machines', promiser_kind => 'ai',
	evidence => 'session', back_within => '4 hours');
\o
\echo
\echo 'The CRM enters what the bot offers a customer. The promise is not open yet: a human must'
\echo 'back it first.'
\echo
\connect - crm
\echo '-- as crm'
SELECT promise, customer, seq, state FROM trust_ledger.make_promise('C-104',
	'Ten P200 pumps for 8,400 EUR, on site in two weeks', kind => 'delivery',
	due_on => current_date + 14, value => 8400, currency => 'EUR',
	purpose => 'irrigate before it gets dry', actor => 'bot', idempotency_key => 'quote 4711');
\set ECHO none
SELECT promise FROM trust.awaiting_backing \gset
\set ECHO queries
SELECT customer, words, promiser, value, evidence_needed, to_char(back_by, 'HH24:MI') AS back_by
FROM trust.awaiting_backing;
\echo 'The bot cannot back it. Nor can the CRM back it in Anna''s name.'
\echo
\set ON_ERROR_STOP off
SELECT * FROM trust_ledger.back_promise(:'promise', actor => 'bot');
\i test/demo/refused.sql
\set ON_ERROR_STOP off
SELECT * FROM trust_ledger.back_promise(:'promise', actor => 'anna');
\i test/demo/refused.sql
\echo 'Ben, from his own login, may back up to 5,000 EUR. Anna has no limit. This is her receipt.'
\echo
\set ON_ERROR_STOP off
\connect - ben
\echo '-- as ben'
SELECT * FROM trust_ledger.back_promise(:'promise');
\i test/demo/refused.sql
\connect - anna
\echo '-- as anna'
\x on
SELECT * FROM trust_ledger.back_promise(:'promise');
\x off
\echo 'The customer accepts it. From now on, the company cannot change the due date without their'
\echo 'consent.'
\echo
\connect - portal
\echo '-- as portal'
SELECT state FROM trust_ledger.accept_promise(:'promise');
\set ON_ERROR_STOP off
\connect - anna
\echo '-- as anna'
SELECT * FROM trust_ledger.amend_promise(:'promise', due_on => current_date + 60);
\i test/demo/refused.sql
\echo 'The ERP says "kept". The customer says "broken", and their verdict outranks the ERP''s. A'
\echo 'later verdict of the company is recorded, but changes nothing.'
\echo
\connect - erp
\echo '-- as erp'
SELECT state FROM trust_ledger.assess_promise(:'promise', 'kept');
\connect - portal
\echo '-- as portal'
SELECT state FROM trust_ledger.assess_promise(:'promise', 'broken',
	purpose_met => false, reason => 'four of ten leak');
\connect - ben
\echo '-- as ben'
SELECT state FROM trust_ledger.assess_promise(:'promise', 'kept',
	reason => 'they did not leak here');
\echo 'Ben repairs the breach. It weighs less once the customer confirms the repair, by the'
\echo 'number of its entry.'
\echo
SELECT seq, state FROM trust_ledger.repair_breach(:'promise', 'four new pumps, a week later');
\set ECHO none
SELECT unconfirmed FROM trust.current_promise WHERE promise = :'promise' \gset
\set ECHO queries
\connect - portal
\echo '-- as portal'
SELECT seq, state FROM trust_ledger.confirm_relayed(:'promise', :unconfirmed);
