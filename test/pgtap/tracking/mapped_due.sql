-- A promise keeps the day that was promised: another zone of the ledger changes nothing for rows
-- that did not change.
CREATE EXTENSION pgtap;
CREATE EXTENSION trust_ledger;
SELECT plan(17);
DO $$
BEGIN
	PERFORM trust_ledger.create_ledger();
	PERFORM trust_ledger.set_ledger(zone => 'Europe/Berlin');
	PERFORM trust_ledger.register_actor('anna', 'human');
	PERFORM trust_ledger.register_actor('crm', 'system', responsible => 'anna');
END
$$;
CREATE TABLE by_day (id int PRIMARY KEY, customer text, words text, due date, status text);
CREATE TABLE by_time (id int PRIMARY KEY, customer text, words text, due timestamp, status text);
CREATE TABLE by_instant (id int PRIMARY KEY, customer text, words text, due timestamptz,
	status text);
DO $$
BEGIN
	PERFORM trust_ledger.track_table(tab, '{"customer": "=customer", "words": "=words",
		"due": "=due", "actor": ":crm", "promiser": ":anna", "longest_pause": ":P30D",
		"paused_when": "status = ''on hold''"}')
	FROM unnest('{by_day,by_time,by_instant}'::regclass[]) AS tab;
END
$$;
SET TimeZone = 'Europe/Berlin';
INSERT INTO by_day VALUES (1, 'c', 'W', '2098-03-30'), (2, 'c', 'W', '2098-07-01');
INSERT INTO by_time VALUES (1, 'c', 'W', '2098-03-30 02:30'), (2, 'c', 'W', '2098-07-01 12:00');
INSERT INTO by_instant VALUES (1, 'c', 'W', '2098-03-30 02:30'), (2, 'c', 'W', '2098-07-01 12:00');
-- a pause moves due; it ends before the zone changes
UPDATE by_day SET status = 'on hold' WHERE id = 2;
UPDATE by_day SET status = 'open' WHERE id = 2;
CREATE TABLE before AS SELECT customer, promise, due FROM trust.promise;

CREATE FUNCTION differences(tab regclass) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(string_agg(concat_ws(' ', what, key, detail), '; ' ORDER BY key), 'none')
	FROM trust_ledger.reconcile_table(tab)
$$;
SELECT is(differences(tab), 'none', tab || ' at first')
FROM unnest('{by_day,by_time,by_instant}'::regclass[]) AS tab;
DO $$ BEGIN PERFORM trust_ledger.set_ledger(zone => zone)
	FROM unnest('{America/New_York,Asia/Tokyo}'::text[]) AS zone; END $$;
SELECT is(differences(tab), 'none', tab || ' in another zone')
FROM unnest('{by_day,by_time,by_instant}'::regclass[]) AS tab;

-- ---- what is compared with the row as a whole

-- the same row is inserted again, as from a dump
CREATE FUNCTION inserted_again(tab regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('ALTER TABLE %1$s DISABLE TRIGGER USER; '
		'CREATE TEMP TABLE copy ON COMMIT DROP AS SELECT * FROM %1$s; '
		'DELETE FROM %1$s; ALTER TABLE %1$s ENABLE TRIGGER USER; '
		'INSERT INTO %1$s SELECT * FROM copy', tab);
END
$$;
SELECT inserted_again('by_day');
SELECT inserted_again('by_time');
SELECT inserted_again('by_instant');
SELECT set_eq('SELECT customer, promise, due FROM trust.promise',
	'SELECT customer, promise, due FROM before', 'promises keep their due time');
UPDATE by_day SET words = 'X' WHERE id = 1;
SELECT is((SELECT count(*) FROM trust.promise JOIN before USING (customer, promise, due)),
	6::bigint, 'also if other terms change');
SELECT is(differences('by_day'), 'none', 'and the row still agrees');

-- ---- what differs

CREATE FUNCTION differs_after(doing text, tab regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', tab);
	EXECUTE doing;
	EXECUTE format('ALTER TABLE %s ENABLE TRIGGER USER', tab);
	found := differences(tab);
	RAISE SQLSTATE 'U0000' USING MESSAGE = found;
EXCEPTION WHEN SQLSTATE 'U0000' THEN
	RETURN SQLERRM;
END
$$;
SELECT is(differs_after(doing, tab), 'terms_differ ' || says, doing)
FROM (VALUES
	('UPDATE by_day SET due = ''2098-03-31'' WHERE id = 1', 'by_day'::regclass,
		'1 different in the row: due'),
	('UPDATE by_time SET due = ''2098-03-30 02:31'' WHERE id = 1', 'by_time',
		'1 different in the row: due'),
	-- the same local time in another zone is another instant
	('UPDATE by_instant SET due = due + interval ''7 hours'' WHERE id = 2', 'by_instant',
		'2 different in the row: due')) AS v (doing, tab, says);

-- ---- a change of the row is read in the present zone

UPDATE by_day SET due = '2098-07-02' WHERE id = 1;
SELECT is((SELECT p.due FROM trust.tracked_row r JOIN trust.promise p USING (customer, promise)
	WHERE r.source = 'public.by_day' AND r.key = '1'),
	'2098-07-02 23:59:59.999999 Asia/Tokyo'::timestamptz, 'another day');
UPDATE by_day SET due = '2098-03-30' WHERE id = 1;
SELECT is((SELECT p.due FROM trust.tracked_row r JOIN trust.promise p USING (customer, promise)
	WHERE r.source = 'public.by_day' AND r.key = '1'),
	'2098-03-30 23:59:59.999999 Asia/Tokyo'::timestamptz, 'and the former day again');
INSERT INTO by_time VALUES (3, 'c', 'W', '2098-07-01 12:00');
SELECT is((SELECT p.due FROM trust.tracked_row r JOIN trust.promise p USING (customer, promise)
	WHERE r.source = 'public.by_time' AND r.key = '3'),
	'2098-07-01 12:00 Asia/Tokyo'::timestamptz, 'a new row');
SELECT is(differences('by_day') || differences('by_time'), 'nonenone', 'all agree');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'nothing is wrong');
SELECT * FROM finish();
