-- An incident log, read from psql's input, as it is, and who acts in it; what follows has the level
-- import, and gives it back (needs_level). Part of load.sql and of tracked.sql.

\set ON_ERROR_STOP on
\set QUIET on
SET timezone = 'UTC';
SET datestyle = 'ISO, DMY';
SET client_min_messages = warning;

-- ---- the log as it is ----

DROP SCHEMA IF EXISTS incident_log CASCADE;
CREATE SCHEMA incident_log;

CREATE TABLE incident_log.event (
	line                     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	number                   text NOT NULL,
	ident_state              text NOT NULL,
	active                   boolean,
	reassignment_count       integer,
	reopen_count             integer NOT NULL,
	sys_mod_count            integer,
	made_sla                 boolean NOT NULL,
	caller_id                text,
	opened_by                text,
	opened_at                timestamptz NOT NULL,
	sys_created_by           text,
	sys_created_at           timestamptz,
	sys_updated_by           text,
	sys_updated_at           timestamptz NOT NULL,
	contact_type             text,
	location                 text,
	category                 text,
	subcategory              text,
	u_symptom                text,
	cmdb_ci                  text,
	impact                   integer,
	urgency                  integer,
	priority                 integer,
	assignment_group         text,
	assigned_to              text,
	knowledge                boolean,
	u_priority_confirmation  boolean,
	notify                   text,
	problem_id               text,
	rfc                      text,
	vendor                   text,
	caused_by                text,
	closed_code              text,
	resolved_by              text,
	resolved_at              timestamptz,
	closed_at                timestamptz NOT NULL
);

-- By position: the header names "category" twice.
\copy incident_log.event (number, ident_state, active, reassignment_count, reopen_count, sys_mod_count, made_sla, caller_id, opened_by, opened_at, sys_created_by, sys_created_at, sys_updated_by, sys_updated_at, contact_type, location, category, subcategory, u_symptom, cmdb_ci, impact, urgency, priority, assignment_group, assigned_to, knowledge, u_priority_confirmation, notify, problem_id, rfc, vendor, caused_by, closed_code, resolved_by, resolved_at, closed_at) FROM pstdin WITH (FORMAT csv, HEADER, NULL '?')

-- ---- who acts ----

-- Three machines, and the human who answers for them, are not in the log. Ids of openers and of
-- resolvers are two namespaces of the log's publishers: the same number is not the same person.
CREATE TABLE incident_log.actor AS
SELECT *, NULL AS name, 'company' AS speaks_for, 'human' AS kind, NULL AS responsible
FROM (
	SELECT 'opener ' || opened_by AS actor FROM incident_log.event WHERE opened_by IS NOT NULL
	UNION
	SELECT 'resolver ' || assigned_to FROM incident_log.event WHERE assigned_to IS NOT NULL
) person
UNION ALL VALUES
	('desk lead', 'runs the service desk', 'company', 'human', NULL),
	('service desk', 'what the openers enter incidents into', 'company', 'system', 'desk lead'),
	('callers', 'what callers reopen incidents with', 'customer', 'system', 'desk lead'),
	('service levels', 'what measures service levels', 'record', 'system', 'desk lead');

DO $$
DECLARE
	who record;
BEGIN
	FOR who IN SELECT * FROM incident_log.actor ORDER BY responsible NULLS FIRST, actor LOOP
		PERFORM FROM trust_ledger.register_actor(who.actor, who.kind, who.name, who.speaks_for,
			who.responsible,
			idempotency_key => 'incident log: ' || who.actor);
	END LOOP;
END
$$;

-- Times of the log's own need the level import: for as long as this takes.
SELECT NOT EXISTS (
	SELECT FROM trust.access_level WHERE role = current_user AND level = 'import')
		AS needs_level \gset
\o /dev/null
\if :needs_level
	SELECT * FROM trust_ledger.grant_access(current_user, 'import', 'loads the incident log');
\endif
