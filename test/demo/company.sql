\echo
\echo '---- A COMPANY ----------------------------------------------------------------------------'
\echo 'A pump maker has a CRM on PostgreSQL, with two reps, a sales bot, an ERP system and a'
\echo 'customer portal. The owner of the CRM''s database adds a ledger of promises to it,'
\echo 'registers who acts, and grants access to the logins.'
\echo
CREATE ROLE owner LOGIN;
CREATE ROLE staff;
CREATE ROLE crm LOGIN IN ROLE staff;
CREATE ROLE anna LOGIN IN ROLE staff;
CREATE ROLE ben LOGIN IN ROLE staff;
CREATE ROLE erp LOGIN IN ROLE staff;
CREATE ROLE portal LOGIN IN ROLE staff;
CREATE ROLE lea LOGIN;
CREATE ROLE otto LOGIN;
ALTER DATABASE crm OWNER TO owner;

\o /dev/null
\set ECHO queries
\connect - postgres
\echo '-- as postgres'
CREATE EXTENSION trust_ledger;
\connect - owner
\echo '-- as owner'
SELECT trust_ledger.create_ledger();
SELECT * FROM trust_ledger.register_actor('anna', 'human', db_role => 'anna');
SELECT * FROM trust_ledger.register_actor('ben', 'human', db_role => 'ben',
	authority => '{"EUR": 5000}');
SELECT * FROM trust_ledger.register_actor('bot', 'ai', model => 'quoter 2.1',
	responsible => 'anna');
SELECT * FROM trust_ledger.register_actor('erp', 'system', speaks_for => 'record',
	responsible => 'anna', db_role => 'erp');
SELECT * FROM trust_ledger.register_actor('portal', 'system', speaks_for => 'customer',
	responsible => 'anna', db_role => 'portal');
SELECT * FROM trust_ledger.grant_access('staff', 'application');
SELECT * FROM trust_ledger.grant_access('lea', 'analyst');
SELECT * FROM trust_ledger.grant_access('otto', 'auditor');
