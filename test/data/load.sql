-- An incident log, read from psql's input, as promises in this database's ledger: test/data/load
-- feeds it. README.md says how the log is read. By the database's owner, outside a transaction.
-- May be run again: what is in the ledger already is not entered twice.

\ir incident_log.sql

-- ---- what happened, one row per call ----

CREATE TABLE incident_log.act AS
WITH event AS (
	SELECT *,
		coalesce(first_value(caller_id) OVER incident, '?') AS customer,
		lag(assigned_to) OVER incident AS was_assigned_to,
		lag(reopen_count, 1, 0) OVER incident AS was_reopened,
		-- the log's clock runs back once, and five first events stand before opened_at
		greatest(opened_at, max(sys_updated_at) OVER (incident ROWS UNBOUNDED PRECEDING)) AS at,
		line = min(line) OVER whole AS is_first,
		max(line) OVER whole AS last_line,
		greatest(opened_at, max(sys_updated_at) OVER whole) AS last_at
	FROM incident_log.event
	WINDOW incident AS (PARTITION BY number ORDER BY line), whole AS (PARTITION BY number)
), act (event, actor, occurred_at, number, customer, entered_at, line, step) AS (
	SELECT 'made', 'service desk', opened_at, number, customer, opened_at, line, 1
	FROM event WHERE is_first
	UNION ALL
	SELECT 'backing_withdrawn', 'resolver ' || was_assigned_to, at, number, customer, at, line, 2
	FROM event WHERE was_assigned_to IS NOT NULL AND assigned_to IS NULL
	UNION ALL
	SELECT 'backed', 'resolver ' || assigned_to, at, number, customer, at, line, 2
	FROM event WHERE assigned_to IS DISTINCT FROM was_assigned_to AND assigned_to IS NOT NULL
	UNION ALL
	-- A verdict settles a promise, and nobody backs what is settled; but people took over after an
	-- incident was reopened. So verdicts are entered when it is closed, in the order and with the
	-- times in which they were given.
	SELECT 'assessed', 'callers', at, number, customer, last_at, last_line, 3
	FROM event WHERE reopen_count > was_reopened
	UNION ALL
	SELECT 'assessed', 'service levels', greatest(opened_at, coalesce(resolved_at, closed_at)),
		number, customer, last_at, last_line, 4
	FROM event WHERE line = last_line
)
SELECT *,
	number || ' ' || row_number() OVER (PARTITION BY number ORDER BY line, step,
		occurred_at) AS key,
	dense_rank() OVER (PARTITION BY customer ORDER BY number) AS place
FROM act;

-- ---- into the ledger ----

-- Customer by customer, each one's events in time order; a commit every thousand calls or so.
DO $$
DECLARE
	act      record;
	customer text;
	promises uuid[];
	calls    integer := 0;
BEGIN
	FOR act IN
		SELECT a.*, e.opened_by, e.category, e.priority, e.impact, e.contact_type, e.made_sla,
			e.resolved_at
		FROM incident_log.act a JOIN incident_log.event e USING (line)
		ORDER BY a.customer, a.entered_at, a.line, a.step, a.occurred_at
	LOOP
		IF act.customer IS DISTINCT FROM customer THEN
			customer := act.customer;
			promises := '{}';
			IF calls > 1000 THEN
				COMMIT;
				calls := 0;
			END IF;
		END IF;
		calls := calls + 1;

		CASE act.event
		WHEN 'made' THEN
			promises[act.place] := (
				SELECT promise FROM trust_ledger.make_promise(
					customer, format('Incident %s: solved within its service level', act.number),
					promiser => coalesce('opener ' || act.opened_by, 'service desk'),
					kind => 'category ' || act.category,
					-- the log knows no money: 4 for priority 1 (critical) to 1 for priority 4 (low)
					value => 5 - act.priority, currency => 'stakes',
					actor => act.actor, occurred_at => act.occurred_at, idempotency_key => act.key,
					context => jsonb_build_object('number', act.number, 'contact_type',
						act.contact_type, 'impact', act.impact)));
		WHEN 'backed' THEN
			PERFORM FROM trust_ledger.back_promise(promises[act.place], customer,
				actor => act.actor, occurred_at => act.occurred_at, idempotency_key => act.key);
		WHEN 'backing_withdrawn' THEN
			PERFORM FROM trust_ledger.withdraw_backing(promises[act.place], customer => customer,
				actor => act.actor, occurred_at => act.occurred_at, idempotency_key => act.key);
		WHEN 'assessed' THEN
			PERFORM FROM trust_ledger.assess_promise(promises[act.place],
				CASE WHEN act.actor = 'service levels' AND act.made_sla THEN 'kept'
					ELSE 'broken' END,
				customer => customer,
				actor => act.actor, occurred_at => act.occurred_at, idempotency_key => act.key,
				context => CASE WHEN act.actor = 'service levels' THEN jsonb_build_object('time',
					CASE WHEN act.resolved_at IS NULL THEN 'closed_at' ELSE 'resolved_at' END) END);
		END CASE;
	END LOOP;
END
$$;

\if :needs_level
	SELECT * FROM trust_ledger.revoke_access(current_user, 'import', 'the incident log is loaded');
\endif
\o
ANALYZE trust.promise, trust.entry, trust.chain;
