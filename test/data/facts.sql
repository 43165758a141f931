-- What is known of an incident log, each counted from its file by other means, and what the ledger
-- says after test/data/load: the same, if all is well. As the ledger's owner:
--	psql -v data=log -f facts.sql       (or data=sample, for sample.csv)
-- and with -v way=tracked after test/data/load -t.

\if :{?way}
\else
	\set way functions
\endif
SET timezone = 'UTC';

WITH verdict AS (
	SELECT promise, whose_word, verdict = 'kept' AS kept, stands, context ->> 'time' AS time
	FROM trust.entry WHERE event = 'assessed'
), backed AS (
	SELECT promise, count(DISTINCT backer) AS names FROM trust.entry WHERE event = 'backed'
		GROUP BY promise
), incident AS (
	SELECT p.*, r.kept AS record_kept, coalesce(b.names, 0) AS names,
		p.promise IN (SELECT promise FROM verdict WHERE whose_word = 'customer') AS reopened
	FROM trust.promise p
		LEFT JOIN verdict r ON r.promise = p.promise AND r.whose_word = 'record'
		LEFT JOIN backed b ON b.promise = p.promise
), entry AS (
	SELECT *, occurred_at < lag(occurred_at) OVER (PARTITION BY customer ORDER BY seq) AS runs_back
	FROM trust.entry WHERE customer <> '' AND event <> 'assessed'
), line AS (
	SELECT *,
		sys_updated_at < lag(sys_updated_at) OVER (PARTITION BY number ORDER BY line) AS runs_back,
		number IS DISTINCT FROM lag(number) OVER (ORDER BY line) AS begins
	FROM incident_log.event
), compared AS (
	SELECT i.*, i.customer = coalesce(f.caller_id, '?') AND i.made_at = f.opened_at
			AND i.promiser = coalesce('opener ' || f.opened_by, 'service desk')
			AND i.backer IS NOT DISTINCT FROM 'resolver ' || l.assigned_to
				AND i.record_kept = l.made_sla AS as_logged,
		coalesce(l.resolved_at, l.closed_at) AS logged_settled_at
	FROM incident i
		JOIN trust.entry m ON m.promise = i.promise AND m.event = 'made'
		JOIN (SELECT DISTINCT ON (number) * FROM line ORDER BY number, line) f ON f.number
			= m.context ->> 'number'
		JOIN (SELECT DISTINCT ON (number) * FROM line ORDER BY number, line DESC) l ON l.number
			= f.number
), fact (nr, fact, log, sample, found) AS (VALUES
	-- the file
	(1, 'events in the log', '141712', '56', (SELECT count(*)::text FROM line)),
	(2, 'incidents in the log', '24918', '12', (SELECT count(DISTINCT number)::text FROM line)),
	(3, 'places in the log where an incident begins', '24918', '12', (SELECT count(*)::text
		FROM line WHERE begins)),
	(4, 'times an incident''s clock runs back', '1', '1', (SELECT count(*)::text FROM line
		WHERE runs_back)),
	-- the ledger
	(10, 'promises', '24918', '12', (SELECT count(*)::text FROM incident)),
	(11, 'promises to different customers', '5245', '7', (SELECT count(DISTINCT customer)::text
		FROM incident)),
	(12, 'promises to customer ?', '3', '2', (SELECT count(*)::text FROM incident
		WHERE customer = '?')),
	(13, 'first promised at', '2016-02-29 01:16:00+00', '2016-03-27 23:30:00+00',
		(SELECT min(made_at)::text FROM incident)),
	(14, 'last promised at', '2017-02-16 14:17:00+00', '2016-04-13 05:00:00+00',
		(SELECT max(made_at)::text FROM incident)),
	(15, 'entries not marked as entered after the fact', '0', '0',
		(SELECT count(*)::text FROM trust.entry WHERE customer <> '' AND NOT backfilled)),
	-- a row is there from the log's first event of its incident on, often later than it was opened
	(16, 'entries out of time order in their chain, verdicts apart',
		CASE :'way' WHEN 'tracked' THEN '261' ELSE '0' END, CASE :'way' WHEN 'tracked' THEN '1'
			ELSE '0' END,
		(SELECT count(*)::text FROM entry WHERE runs_back)),
	(17, 'promises as in the log: customer, promiser, instant, last backer, verdict', '24918', '12',
		(SELECT count(*)::text FROM compared WHERE as_logged)),
	(18, 'never reopened, and settled when the log says resolved, else closed', '24643', '10',
		(SELECT count(*)::text FROM compared WHERE NOT reopened
			AND settled_at = logged_settled_at)),
	(20, 'backings', '29459', '19', (SELECT count(*)::text FROM entry WHERE event = 'backed')),
	(21, 'backings withdrawn', '2325', '3', (SELECT count(*)::text FROM entry
		WHERE event = 'backing_withdrawn')),
	(22, 'promises that nobody ever backed', '658', '2', (SELECT count(*)::text FROM incident
		WHERE names = 0)),
	(23, '  and kept, says the record', '332', '1', (SELECT count(*)::text FROM incident
		WHERE names = 0 AND record_kept)),
	(24, 'promises that nobody backs at the end', '725', '3', (SELECT count(*)::text FROM incident
		WHERE backer IS NULL)),
	(25, '  and kept, says the record', '348', '1', (SELECT count(*)::text FROM incident
		WHERE backer IS NULL AND record_kept)),
	(30, 'kept, says the record', '15803', '7', (SELECT count(*)::text FROM verdict
		WHERE whose_word = 'record' AND kept)),
	(31, 'broken, says the record', '9115', '5', (SELECT count(*)::text FROM verdict
		WHERE whose_word = 'record' AND NOT kept)),
	(32, '  of both, resolved nobody knows when', '1556', '2', (SELECT count(*)::text FROM verdict
		WHERE time = 'closed_at')),
	(33, 'broken, says the customer', '275', '2', (SELECT count(*)::text FROM incident
		WHERE reopened)),
	(34, '  times the customer says so', '331', '3', (SELECT count(*)::text FROM verdict
		WHERE whose_word = 'customer')),
	(35, '  while the record says kept', '67', '1',
		(SELECT count(*)::text FROM verdict WHERE whose_word = 'record' AND kept AND NOT stands)),
	(36, 'promises that stand as kept', '15736', '6', (SELECT count(*)::text FROM incident
		WHERE state = 'kept')),
	(37, 'promises that stand as broken', '9182', '6', (SELECT count(*)::text FROM incident
		WHERE state = 'broken')),
	-- rates by the record's verdicts
	(40, 'rate kept: backed at some time', '0.638', '0.600', (SELECT round(avg(record_kept::int),
		3)::text FROM incident WHERE names > 0)),
	(41, 'rate kept: never backed', '0.505', '0.500', (SELECT round(avg(record_kept::int), 3)::text
		FROM incident WHERE names = 0)),
	(42, 'rate kept: backed by one', '0.685', '0.667', (SELECT round(avg(record_kept::int), 3)::text
		FROM incident WHERE names = 1)),
	(43, 'rate kept: by two, one after the other', '0.313', '1.000',
		(SELECT round(avg(record_kept::int), 3)::text FROM incident WHERE names = 2)),
	(44, 'rate kept: by three', '0.126', '0.000', (SELECT round(avg(record_kept::int), 3)::text
		FROM incident WHERE names = 3)),
	(45, 'rate kept: by four or more', '0.046', '0.000', (SELECT round(avg(record_kept::int),
		3)::text FROM incident WHERE names > 3))
)
SELECT fact, CASE :'data' WHEN 'log' THEN log WHEN 'sample' THEN sample END AS expected, found
FROM fact ORDER BY nr;
