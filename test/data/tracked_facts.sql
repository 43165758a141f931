-- What is known of an incident log, beside what the tracked table and its entries say after
-- test/data/load -t: the same, if all is well. As the ledger's owner:
--	psql -v data=log -f tracked_facts.sql       (or data=sample, for sample.csv)

WITH entry AS (
	SELECT e.*, m.context ->> 'number' AS number
	FROM trust.entry e JOIN trust.entry m ON m.customer = e.customer AND m.promise = e.promise
		AND m.event = 'made'
	WHERE e.customer <> ''
), last AS (
	SELECT DISTINCT ON (number) * FROM incident_log.event ORDER BY number, line DESC
), fact (nr, fact, log, sample, found) AS (VALUES
	(1, 'rows', '24918', '12', (SELECT count(*)::text FROM crm.incident)),
	(2, 'rows as the log leaves them: state, service level, assignee, times reopened',
		'24918', '12', (
		SELECT count(*)::text FROM crm.incident i JOIN last l USING (number)
		WHERE (i.ident_state, i.made_sla, i.reopen_count) = (l.ident_state, l.made_sla,
			l.reopen_count)
			AND i.assigned_to IS NOT DISTINCT FROM l.assigned_to AND i.closed)),
	(3, 'rows that were reopened', '275', '2', (SELECT count(*)::text FROM crm.incident
		WHERE reopen_count > 0)),
	(4, '  how often', '331', '3', (SELECT sum(reopen_count)::text FROM crm.incident)),
	(5, 'rows that stand for the promise of their incident', '24918', '12', (
		SELECT count(*)::text
		FROM crm.incident i JOIN trust.tracked_row r ON r.key = i.number JOIN entry e ON e.promise
			= r.promise
		WHERE r.source = 'crm.incident' AND r.name = '' AND NOT r.gone AND r.customer = i.customer
			AND e.event = 'made' AND e.customer = i.customer AND e.number = i.number)),
	(6, 'rows that stand for any', '24918', '12', (SELECT count(*)::text FROM trust.tracked_row)),
	(10, 'entries', '81951', '49', (SELECT count(*)::text FROM entry)),
	(11, '  that name the row of their incident', '81951', '49', (
		SELECT count(*)::text FROM entry WHERE details - 'speaker' = jsonb_build_object('source',
			'crm.incident', 'key', number))),
	(12, '  by people, who stood behind it', '31784', '22', (
		SELECT count(*)::text FROM entry
		WHERE actor_kind = 'human' AND actor LIKE 'resolver %' AND event IN ('backed',
			'backing_withdrawn') AND evidence = 'asserted')),
	(13, '  by the service desk, which promised', '24918', '12', (SELECT count(*)::text FROM entry
		WHERE actor = 'service desk' AND event = 'made')),
	(14, '  by the callers, who reopened', '331', '3', (SELECT count(*)::text FROM entry
		WHERE actor = 'callers' AND verdict = 'broken')),
	(15, '  by the record', '24918', '12', (SELECT count(*)::text FROM entry
		WHERE actor = 'service levels' AND event = 'assessed')),
	(20, 'triggers in force', '28', '28', (SELECT count(*)::text FROM trust.tracked
		WHERE state = 'in force')),
	(21, 'other triggers', '0', '0', (SELECT count(*)::text FROM trust.tracked
		WHERE state <> 'in force')),
	(22, 'what table and ledger do not agree about', '0', '0', (SELECT count(*)::text
		FROM trust_ledger.reconcile_table('crm.incident')))
)
SELECT fact, CASE :'data' WHEN 'log' THEN log WHEN 'sample' THEN sample END AS expected, found
FROM fact ORDER BY nr;
