-- An incident log, read from psql's input, played into a plain table as a CRM would, event by event
-- in the order of time; the ledger knows of it only what the table's triggers tell: test/data/load
-- -t
-- feeds it. README.md says how the log is read. By the database's owner, outside a transaction,
-- once in a database: the table's rows are there then.

\set ON_ERROR_STOP on
CREATE SCHEMA crm;
\ir incident_log.sql

-- ---- the CRM's table ----

CREATE TABLE crm.incident (
	number       text PRIMARY KEY,
	-- as it was opened
	caller_id    text,
	opened_by    text,
	opened_at    timestamptz NOT NULL,
	category     text,
	priority     integer,
	details      jsonb NOT NULL,
	-- as it is now
	ident_state  text NOT NULL,
	made_sla     boolean NOT NULL,
	assigned_to  text,
	resolved_at  timestamptz,
	closed_at    timestamptz NOT NULL,
	updated_at   timestamptz NOT NULL,
	reopen_count integer NOT NULL,
	reopened_at  timestamptz[] NOT NULL DEFAULT '{}',
	-- as it is to be read
	customer     text GENERATED ALWAYS AS (coalesce(caller_id, '?')) STORED,
	words        text GENERATED ALWAYS AS ('Incident ' || number
		|| ': solved within its service level') STORED,
	promiser     text GENERATED ALWAYS AS (coalesce('opener ' || opened_by, 'service desk')) STORED,
	kind         text GENERATED ALWAYS AS ('category ' || category) STORED,
	stakes       integer GENERATED ALWAYS AS (5 - priority) STORED,
	backer       text GENERATED ALWAYS AS ('resolver ' || assigned_to) STORED,
	-- the log tells from its first line on when an incident was closed in the end
	closed       boolean GENERATED ALWAYS AS (ident_state = 'Closed' AND updated_at >= closed_at)
		STORED,
	settled_at   timestamptz GENERATED ALWAYS AS (greatest(opened_at, coalesce(resolved_at,
		closed_at))) STORED,
	settled_time jsonb GENERATED ALWAYS AS (CASE WHEN resolved_at IS NULL
		THEN '{"time": "closed_at"}' ELSE '{"time": "resolved_at"}' END::jsonb) STORED,
	reopened_1   timestamptz GENERATED ALWAYS AS (reopened_at[1]) STORED,
	reopened_2   timestamptz GENERATED ALWAYS AS (reopened_at[2]) STORED,
	reopened_3   timestamptz GENERATED ALWAYS AS (reopened_at[3]) STORED,
	reopened_4   timestamptz GENERATED ALWAYS AS (reopened_at[4]) STORED,
	reopened_5   timestamptz GENERATED ALWAYS AS (reopened_at[5]) STORED,
	reopened_6   timestamptz GENERATED ALWAYS AS (reopened_at[6]) STORED,
	reopened_7   timestamptz GENERATED ALWAYS AS (reopened_at[7]) STORED,
	reopened_8   timestamptz GENERATED ALWAYS AS (reopened_at[8]) STORED,
	CHECK (reopen_count = cardinality(reopened_at) AND reopen_count <= 8)
);

-- ---- how its rows are promises ----

-- People back and withdraw by acting themselves; all else is by machines. Events fire in the order
-- in which they stand: the callers' word before the record's.
SELECT count(*) FROM trust_ledger.track_table('crm.incident', $${
	"customer": "=customer", "words": "=words", "promiser": "=promiser", "kind": "=kind",
	"value": "=stakes", "currency": ":stakes", "actor": ":service desk",
	"made": {"occurred_at": "=opened_at", "context": "=details"},
	"backer": "=backer", "backed_when": "backer IS NOT NULL",
		"backed": {"occurred_at": "=updated_at"},
	"backing_withdrawn_when": "backer IS NULL",
		"backing_withdrawn": {"occurred_at": "=updated_at"}}$$::jsonb
	|| jsonb_build_object('events',
		(SELECT jsonb_agg(jsonb_build_object('event', 'broken', 'when',
			format('closed AND reopen_count >= %s', n),
				'actor', ':callers', 'occurred_at', format('=reopened_%s', n)) ORDER BY n)
			FROM generate_series(1, 8) AS n)
		|| $$[{"event": "kept", "when": "closed AND made_sla", "actor": ":service levels",
			"occurred_at": "=settled_at", "context": "=settled_time"},
			{"event": "broken", "when": "closed AND NOT made_sla", "actor": ":service levels",
				"occurred_at": "=settled_at", "context": "=settled_time"}]$$::jsonb));

-- ---- into the table ----

-- A commit every thousand events. The human who takes an incident over, or gives it back, acts.
DO $$
DECLARE
	now   record;
	lines integer := 0;
BEGIN
	FOR now IN
		SELECT e.*,
			-- the log's clock runs back once, and five first events stand before opened_at
			greatest(opened_at, max(sys_updated_at) OVER incident) AS at,
			row_number() OVER incident = 1 AS is_first,
			reopen_count > lag(reopen_count, 1, 0) OVER incident AS is_reopened,
			'resolver ' || CASE WHEN assigned_to IS DISTINCT FROM lag(assigned_to) OVER incident
				THEN coalesce(assigned_to, lag(assigned_to) OVER incident) END AS acts
		FROM incident_log.event e
		WINDOW incident AS (PARTITION BY number ORDER BY line)
		ORDER BY at, line
	LOOP
		IF now.acts IS NOT NULL THEN
			PERFORM trust_ledger.act_as(now.acts);
		END IF;
		IF now.is_first THEN
			INSERT INTO crm.incident (number, caller_id, opened_by, opened_at, category, priority,
				details,
				ident_state, made_sla, assigned_to, resolved_at, closed_at, updated_at,
					reopen_count)
			VALUES (now.number, now.caller_id, now.opened_by, now.opened_at, now.category,
				now.priority,
				jsonb_build_object('number', now.number, 'contact_type', now.contact_type, 'impact',
					now.impact),
				now.ident_state, now.made_sla, now.assigned_to, now.resolved_at, now.closed_at,
					now.at, now.reopen_count);
		ELSE
			UPDATE crm.incident i
			SET ident_state = now.ident_state, made_sla = now.made_sla,
				assigned_to = now.assigned_to,
				resolved_at = now.resolved_at, closed_at = now.closed_at, updated_at = now.at,
					reopen_count = now.reopen_count,
				reopened_at = CASE WHEN now.is_reopened THEN i.reopened_at || now.at
					ELSE i.reopened_at END
			WHERE i.number = now.number;
		END IF;
		lines := lines + 1;
		IF lines % 1000 = 0 THEN
			COMMIT;
		END IF;
	END LOOP;
END
$$;

\if :needs_level
	SELECT * FROM trust_ledger.revoke_access(current_user, 'import', 'the incident log is loaded');
\endif
\o
ANALYZE trust.promise, trust.entry, trust.chain, trust.source, crm.incident;
