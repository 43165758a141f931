-- Appending entries: receipts, chains, retries, ids of promises, and hashes computed again in plain
-- SQL.

BEGIN;
CREATE EXTENSION pgtap;
SELECT plan(78);
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger();

\ir ../../helpers/calls.sql

SELECT trust_ledger.grant_access(current_user, 'import');
SELECT trust_ledger.register_actor('anna', 'human');
SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm1');
SELECT trust_ledger.register_actor('carl', 'human', speaks_for => 'customer');
SELECT trust_ledger.set_policy('k', kind => 'k', currency => 'EUR', evidence => 'asserted',
	back_within => '1 day');

-- ---- receipts

\ir ../../helpers/receipts.sql
INSERT INTO made (r) SELECT trust_ledger.make_promise('c', 'One.', kind => 'k', actor => 'bot');
INSERT INTO made (r) SELECT trust_ledger.back_promise(last_promise(), actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.withdraw_backing(last_promise(), actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.amend_promise(last_promise(), 'Other words.',
	actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.accept_promise(last_promise(), actor => 'carl');
INSERT INTO made (r) SELECT trust_ledger.release_promise(last_promise(), actor => 'carl');
INSERT INTO made (r) SELECT trust_ledger.make_promise('c', 'Two.', actor => 'anna', kind => 'other',
	currency => 'USD');
INSERT INTO made (r) SELECT trust_ledger.assess_promise(last_promise(), 'kept', actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.make_promise('d', 'Three.', actor => 'bot', kind => 'k');
INSERT INTO made (r) SELECT trust_ledger.withdraw_promise(last_promise(), actor => 'anna');
INSERT INTO made (r) SELECT trust_ledger.register_actor('ben', 'human');
INSERT INTO made (r) SELECT trust_ledger.retire_actor('anna', successor => 'ben');
INSERT INTO made (r) SELECT trust_ledger.set_ledger(lag => '2 days');

SELECT results_eq('SELECT (r).customer, (r).seq, (r).state FROM made ORDER BY n', $$
	VALUES ('c', 1::bigint, 'proposed'), ('c', 2, 'open'), ('c', 3, 'proposed'),
	('c', 4, 'proposed'), ('c', 5, 'open'), ('c', 6, 'released'),
		('c', 7, 'open'), ('c', 8, 'kept'), ('d', 1, 'proposed'), ('d', 2, 'withdrawn'),
		('', 8, NULL), ('', 9, NULL), ('', 11, NULL)$$,
	'what receipts say');
SELECT is_empty($$
	SELECT * FROM made LEFT JOIN trust.entry e ON (e.customer, e.seq) = ((r).customer, (r).seq)
	WHERE ((r).promise, (r).state, (r).recorded_at, (r).hash) IS DISTINCT
		FROM (e.promise, e.state COLLATE "default", e.recorded_at, e.hash) $$,
	'each receipt is its entry''s');
SELECT is_empty($$
	SELECT customer, seq FROM (
		SELECT *, row_number() OVER w AS place, lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER
			w AS before,
			lag(recorded_at) OVER w AS recorded_before
		FROM trust.entry WINDOW w AS (PARTITION BY customer ORDER BY seq)) AS e
	WHERE seq <> place OR prev_hash <> before OR recorded_before > recorded_at OR octet_length(hash)
		<> 32 $$,
	'numbers without gaps, each entry joined to the one before, the clock never back');
SELECT set_eq('SELECT customer, length, head, recorded_at FROM trust.chain',
	'SELECT DISTINCT ON (customer) customer, seq, hash, recorded_at FROM trust.entry '
		'ORDER BY customer, seq DESC', 'each chain ends in its last entry');
SELECT is((SELECT count(DISTINCT hash) FROM trust.entry), (SELECT count(*) FROM trust.entry),
	'no two hashes are alike');

-- What fails leaves nothing: no entry, no gap, no chain.
SELECT is(sqlstate_of(call), expected, call)
FROM (VALUES
	($$SELECT trust_ledger.make_promise('never', 'w', actor => 'ben', value => 'NaN')$$, '22003'),
	($$SELECT trust_ledger.make_promise('never', 'w', actor => 'nobody')$$, '42704'),
	($$SELECT trust_ledger.back_promise(last_promise(), customer => 'never', actor => 'ben')$$,
		'P0002'),
	($$SELECT trust_ledger.back_promise(last_promise(), actor => 'ben')$$, 'TL001'),
	($$SELECT trust_ledger.back_promise(gen_random_uuid(), actor => 'ben')$$, 'P0002'),
	($$SELECT trust_ledger.back_promise(NULL, actor => 'ben')$$, '22004')) AS c (call, expected);
SELECT set_eq('SELECT customer FROM trust.chain', $$VALUES (''), ('c'), ('d')$$, 'leave no chain');
SELECT is((trust_ledger.make_promise('c', 'Next.', actor => 'ben')).seq, 9::bigint, 'and no gap');

-- ---- retries

CREATE TABLE deal (id bigint PRIMARY KEY, customer text, title text);
SELECT trust_ledger.track_table('deal', '{"customer": "=customer", "words": "=title"}');
CREATE TABLE offer (id bigint PRIMARY KEY, customer text, title text);
CREATE TRIGGER made AFTER INSERT ON offer FOR EACH ROW EXECUTE FUNCTION trust_ledger.track('made',
	'customer=customer', 'words=title', 'actor:bot', 'on_error:park', 'write:now');
CREATE TABLE retries (call text, args text, other text);
INSERT INTO retries VALUES
	('make_promise',
		$$'c', 'Words.', value => 1.5, due => '2099-01-01', purpose => 'To.', actor => 'ben', $$ ||
		$$context => '{"a": 1}'$$,
		$$'c', 'Words.', value => 1.5, due => '2099-01-02', purpose => 'To.', actor => 'ben', $$ ||
			$$context => '{"a": 1}'$$),
	('make_promise', $$'c', 'Words.', actor => 'ben'$$,
		$$'c', 'Words.', actor => 'bot', promiser => 'ben'$$),
	('make_promise', $$'c', 'Words.', actor => 'ben'$$,
		$$'c', 'Words.', actor => 'ben', context => '{}'$$),
	('make_promise', $$'c', 'Words.', value => 1, actor => 'ben'$$,
		$$'c', 'Words.', value => 1.0, actor => 'ben'$$),
	('make_promise', $$'c', 'Words.', due_on => '2099-01-01', actor => 'ben'$$,
		$$'c', 'Words.', due_on => '2099-01-02', actor => 'ben'$$),
	('make_promise', $$'c', 'Words.', longest_pause => '1 day', actor => 'ben'$$,
		$$'c', 'Words.', longest_pause => '24 hours', actor => 'ben'$$),
	('make_promise', $$'c', 'Words.', kind => 'a', actor => 'ben'$$,
		$$'c', 'Words.', currency => 'a', actor => 'ben'$$),
	('amend_promise', $$%L, clear => '{kind}', actor => 'ben'$$,
		$$%L, clear => '{kind,value}', actor => 'ben'$$),
	('back_promise', $$%L, actor => 'ben'$$,
		$$%L, actor => 'ben', occurred_at => now() - interval '1 hour'$$),
	('withdraw_backing', $$%L, actor => 'ben'$$, $$%L, 'Why.', actor => 'ben'$$),
	('accept_promise', $$%L, actor => 'carl'$$, $$%L, actor => 'carl', customer => 'c'$$),
	('withdraw_promise', $$%L, actor => 'ben'$$, $$%L, 'Why.', actor => 'ben'$$),
	('release_promise', $$%L, actor => 'carl'$$, $$%L, 'Why.', actor => 'carl'$$),
	('assess_promise', $$%L, 'kept', actor => 'ben'$$, $$%L, 'broken', actor => 'ben'$$),
	('assess_promise', $$%L, 'broken', actor => 'ben'$$, $$%L, 'broken', true, actor => 'ben'$$),
	('register_actor', $$'dora', 'human'$$, $$'dora', 'human', 'Dora'$$),
	('register_actor', $$'dora', 'human'$$, $$'dora', 'human', acting => 'ben'$$),
	('retire_actor', $$'carl'$$, $$'carl', successor => 'ben'$$),
	('set_policy', $$'q', evidence => 'session'$$, $$'q', evidence => 'asserted'$$),
	('drop_policy', $$'k'$$, $$'k', 'Why.'$$),
	('decline_promise', $$%L, actor => 'ben'$$, $$%L, 'Why.', actor => 'ben'$$),
	('pause_promise', $$%L, actor => 'ben'$$, $$%L, 'Why.', actor => 'ben'$$),
	('resume_promise', $$%L, actor => 'ben'$$, $$%L, actor => 'carl'$$),
	('admit_breach', $$%L, actor => 'ben'$$, $$%L, 'Why.', actor => 'ben'$$),
	('repair_breach', $$%L, 'How.', actor => 'ben'$$, $$%L, 'Else.', actor => 'ben'$$),
	('add_note', $$%L, 'n', actor => 'ben'$$, $$%L, 'm', actor => 'ben'$$),
	('accept_promise', $$%L, relayed => true, actor => 'ben'$$, $$%L, actor => 'carl'$$),
	('release_promise', $$%L, actor => 'carl'$$, $$%L, relayed => true, actor => 'ben'$$),
	('confirm_relayed', $$%L, actor => 'carl'$$, $$%L, reason => 'Why.', actor => 'carl'$$),
	('erase_words', $$%L::uuid, 'r'$$, $$%L::uuid, 's'$$),
	('erase_words', $$'c', 1, 'r'$$, $$'c', 2, 'r'$$),
	('erase_customer', $$'c', 'r'$$, $$'c', 's'$$),
	('adopt_ledger', $$'Bought.'$$, $$'Sold.'$$), ('drop_parked', $$%L, 'Why.'$$, $$%L, 'Else.'$$),
	('set_ledger', $$zone => 'UTC'$$, $$zone => 'Asia/Tokyo'$$),
	('set_tracking', $$'deal', '{}'$$, $$'deal', '{"kind": ":k"}'$$),
	('drop_tracking', $$'public.deal'$$, $$'public.deal', 'Why.'$$),
	('rebuild', $$'c'$$, $$''$$), ('rebuild', $$''$$, $$'', 'Why.'$$),
	('grant_access', $$'postgres', 'admin'$$, $$'postgres', 'auditor'$$),
	('revoke_access', $$'postgres', 'import'$$, $$'postgres', 'admin'$$);
SELECT is((SELECT count(DISTINCT call) FROM retries), (
	SELECT count(DISTINCT proname) FROM pg_proc
	WHERE pronamespace = 'trust_ledger'::regnamespace AND 'idempotency_key' = ANY (proargnames)),
		'every function that takes a key is among the calls');

-- Makes the call twice, and then other calls under its key. Returns whether the receipts are the
-- same, how many entries were made, and the SQLSTATEs of the others. Rolled back.
CREATE FUNCTION retried(function text, args text, other text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	template CONSTANT text := 'SELECT r FROM trust_ledger.%s(%s, idempotency_key => ''key'') AS r';
	promise uuid;
	call text;
	first trust_ledger.receipt;
	second trust_ledger.receipt;
	before bigint;
	made bigint;
	refused text[];
BEGIN
	SELECT m.promise INTO promise FROM trust_ledger.make_promise('c', 'Retried.', kind => 'a',
		value => 1, due => '2099-01-01', longest_pause => '1 day', actor => 'ben') AS m;
	CASE function
		WHEN 'back_promise' THEN PERFORM trust_ledger.withdraw_backing(promise, actor => 'ben');
		WHEN 'decline_promise' THEN
			PERFORM trust_ledger.set_policy('to decline', kind => 'to decline',
				evidence => 'asserted');
			SELECT m.promise INTO promise FROM trust_ledger.make_promise('c', 'Retried.',
				kind => 'to decline', actor => 'bot') AS m;
		WHEN 'resume_promise' THEN PERFORM trust_ledger.pause_promise(promise, actor => 'ben');
		WHEN 'repair_breach' THEN PERFORM trust_ledger.assess_promise(promise, 'broken',
			actor => 'ben');
		WHEN 'adopt_ledger' THEN
			CREATE ROLE new_owner;
			EXECUTE format('ALTER DATABASE %I OWNER TO new_owner', current_database());
		WHEN 'drop_parked' THEN
			INSERT INTO offer VALUES (1, 'c', '');
			SELECT parked INTO promise FROM trust.parked_change;
		WHEN 'confirm_relayed' THEN PERFORM trust_ledger.accept_promise(promise, relayed => true,
			actor => 'ben');
		ELSE NULL;
	END CASE;
	SELECT count(*) INTO before FROM trust.entry;
	call := format(format(template, function, args), promise);
	EXECUTE 'SELECT (x).r.* FROM (' || call || ') AS x' INTO first;
	SELECT count(*) - before INTO made FROM trust.entry;
	EXECUTE 'SELECT (x).r.* FROM (' || call || ') AS x' INTO second;
	IF (SELECT count(*) - before FROM trust.entry) <> made OR EXISTS
		(SELECT FROM trust_ledger.verify()) THEN
		RETURN 'another entry';
	END IF;
	FOREACH call IN ARRAY ARRAY[format(template, function, other), 'SELECT trust_ledger.' || CASE
		WHEN first.customer = '' THEN
		'set_ledger(half_life => ''7 days'', idempotency_key => ''key'')'
			ELSE 'make_promise(''c'', ''w'', actor => ''bot'', idempotency_key => ''key'')' END]
	LOOP
		BEGIN
			EXECUTE format(call, promise);
			refused := refused || 'ok'::text;
		EXCEPTION WHEN OTHERS THEN
			refused := refused || SQLSTATE;
		END;
	END LOOP;
	RAISE EXCEPTION USING ERRCODE = 'OK000', MESSAGE = concat_ws(' ', CASE WHEN first = second
		THEN 'same' ELSE 'other' END, made, refused);
EXCEPTION WHEN SQLSTATE 'OK000' THEN
	RETURN SQLERRM;
END
$$;
SELECT matches(retried(call, args, other), CASE WHEN call IN ('erase_customer', 'adopt_ledger')
	THEN '^same [2-9] {TL005,TL005}$' ELSE '^same 1 {TL005,TL005}$' END, format('%s(%s), then %s',
	call, args, other)) FROM retries;

CREATE TABLE keyed AS SELECT r FROM trust_ledger.make_promise('c', 'w', actor => 'ben',
	idempotency_key => 'once') AS r;
SELECT isnt((trust_ledger.make_promise('d', 'w', actor => 'ben',
	idempotency_key => 'once')).promise, (SELECT (r).promise FROM keyed),
	'a key is the customer''s: another''s call is another');
SELECT is((trust_ledger.register_actor('eve', 'human', idempotency_key => 'once')).customer, '',
	'and governance''s');
SELECT trust_ledger.set_ledger(zone => 'Asia/Tokyo', lag => '3 days');
SELECT trust_ledger.assess_promise((SELECT (r).promise FROM keyed), 'kept', actor => 'ben');
SELECT results_eq($$SELECT (r).* FROM trust_ledger.make_promise('c', 'w', actor => 'ben',
	idempotency_key => 'once') AS r$$,
	'SELECT (r).* FROM keyed', 'a retry gives what was then, whatever came since');
SELECT is(sqlstate_of(format('SELECT trust_ledger.make_promise(''c'', ''w'', actor => ''ben'', '
	'idempotency_key => %L)', key)), expected, title)
FROM (VALUES
	(repeat('k', 255), 'ok', 'a key of 255 bytes'), (repeat('k', 256), '22023', 'of 256'),
	(repeat('é', 127), 'ok', 'of 254 in UTF-8'),
	(repeat('é', 128), '22023', 'of 256 in UTF-8'), ('', '22023', 'empty'),
	(E'a\nb', '22023', 'with a line break'),
	(E'a\u200bb', '22023', 'with an invisible character')) AS c (key, expected, title);

-- ---- promises' ids

SELECT trust_ledger.make_promise('u', 'w', actor => 'ben') FROM generate_series(1, 200);
SELECT is_empty($$
	SELECT promise FROM trust.promise
	WHERE promise::text !~ '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
		OR ('x' || left(translate(promise::text, '-', ''), 12))::bit(48)::bigint
			<> floor(extract(epoch FROM recorded_at) * 1000) $$,
	'uuids of version 7, variant 10, with the millisecond of their recording');
SELECT is((SELECT count(DISTINCT substr(promise::text, 16)) FROM trust.promise
	WHERE customer = 'u'), 200::bigint, 'and random otherwise');
SELECT trust_ledger.make_promise('u', 'w', actor => 'ben', occurred_at => now() - interval
	'99 days');
SELECT ok((SELECT promise > (SELECT (r).promise FROM keyed) FROM trust.promise WHERE backfilled),
	'one entered after the fact stands where it was recorded');

-- ---- hashes, by doc/format.md: presence byte, big-endian length, bytes

CREATE FUNCTION field(value bytea) RETURNS bytea LANGUAGE sql AS $$
	SELECT CASE WHEN value IS NULL THEN '\x00'::bytea ELSE '\x01'::bytea
		|| int4send(octet_length(value)) || value END
$$;
CREATE FUNCTION field(value text) RETURNS bytea LANGUAGE
	sql AS $$SELECT field(convert_to(value, 'UTF8'))$$;
CREATE FUNCTION field(value smallint) RETURNS bytea LANGUAGE
	sql AS $$SELECT field(int2send(value))$$;
CREATE FUNCTION field(value integer) RETURNS bytea LANGUAGE
	sql AS $$SELECT field(int4send(value))$$;
CREATE FUNCTION field(value bigint) RETURNS bytea LANGUAGE sql AS $$SELECT field(int8send(value))$$;
CREATE FUNCTION field(value boolean) RETURNS bytea LANGUAGE
	sql AS $$SELECT field(CASE value WHEN true THEN '\x01'::bytea WHEN false THEN '\x00' END)$$;
CREATE FUNCTION field(value uuid) RETURNS bytea LANGUAGE sql AS $$SELECT field(uuid_send(value))$$;
CREATE FUNCTION field(value timestamptz) RETURNS bytea LANGUAGE
	sql AS $$SELECT field((extract(epoch FROM value) * 1000000)::bigint)$$;
CREATE FUNCTION field(value numeric) RETURNS bytea LANGUAGE sql AS $$SELECT field(value::text)$$;
CREATE FUNCTION field(value jsonb) RETURNS bytea LANGUAGE sql AS $$SELECT field(value::text)$$;
CREATE FUNCTION field(value interval) RETURNS bytea LANGUAGE
	sql AS $$SELECT field(interval_send(value))$$;
CREATE FUNCTION fields(VARIADIC f bytea[]) RETURNS bytea LANGUAGE
	sql AS $$SELECT string_agg(x, '' ORDER BY n) FROM unnest(f) WITH ORDINALITY AS u (x, n)$$;
CREATE FUNCTION hash_of(e trust.entry) RETURNS bytea LANGUAGE sql AS $$
	SELECT sha256(fields(
		field(e.format), field((SELECT ledger FROM trust.ledger)), field(e.prev_hash),
			field(e.customer::text), field(e.seq), field(e.promise),
		field(e.event::text), field(e.recorded_at), field(e.occurred_at), field(e.backfilled),
			field(e.actor::text), field(e.actor_kind::text),
		field(e.speaks_for::text), field(e.responsible::text), field(e.actor_seq),
			field(e.login::text), field(e.role::text), field(e.evidence::text),
		field(e.evidence_asked::text), field(e.state::text), field(e.refers_to),
			field(e.subject::text), field(e.details))
	|| fields(
		field(e.promiser::text), field(e.promiser_kind::text), field(e.drafted_by::text),
			field(e.backer::text), field(e.kind::text), field(e.due),
		field(e.overdue_at), field(e.back_by), field(e.value), field(e.currency::text),
			field(e.longest_pause), field(e.accepted), field(e.relayed),
		field(e.stands), field(e.verdict::text), field(e.whose_word::text), field(e.purpose_met),
			field(e.weight_kept), field(e.weight_broken),
		field(e.idempotency_key::text), field(e.request))
	|| fields(field(e.words_commitment), field(e.purpose_commitment), field(e.note_commitment),
		field(e.context_commitment), field(e.name_commitment)))
$$;

SELECT trust_ledger.register_actor('writer', 'ai', responsible => 'ben', model => 'w 1');
SELECT trust_ledger.set_policy('grace', kind => 'full', currency => 'EUR', evidence => 'passkey',
	back_within => '2 days', grace => '90 minutes');
SELECT trust_ledger.make_promise('Ωmega', 'Words “in” UTF-8.', promiser => 'bot', kind => 'full',
	due => '1969-12-31 23:59:59.123456Z'::timestamptz + interval '100 years',
	value => 12345.6700, currency => 'EUR', purpose => 'To sell it.', drafted_by => 'writer',
		longest_pause => '3 days 04:05:06.000007',
	actor => 'bot', occurred_at => '1969-07-20 20:17:40.000001Z',
		context => '{"z": 1.50, "a": ["é", null]}', idempotency_key => 'full');
SELECT trust_ledger.assess_promise((SELECT promise FROM trust.promise WHERE customer = 'c'
	AND state = 'open' LIMIT 1), 'broken', true, false, 'They said so.', actor => 'ben');

SELECT is_empty($$
	SELECT attname FROM pg_attribute, trust.entry e
	WHERE attrelid = 'trust.entry'::regclass AND attnum > 0 AND e.customer = 'Ωmega' AND to_jsonb(e)
		-> attname::text = 'null'
		AND attname <> ALL
			('{refers_to,subject,details,backer,accepted,relayed,stands,verdict,whose_word,
			purpose_met,weight_kept,weight_broken,
			note,note_salt,note_commitment,name,name_salt,name_commitment}') $$,
	'an entry with all that a promise can say');
SELECT is((SELECT hash FROM trust.entry WHERE customer = 'Ωmega'),
	(SELECT hash_of(e) FROM trust.entry e WHERE customer = 'Ωmega'), 'its hash');
SELECT is_empty('SELECT customer, seq, event FROM trust.entry e WHERE hash <> hash_of(e)',
	'every entry''s hash');
SELECT is((SELECT hash_of(jsonb_populate_record(e, '{"currency": "USD"}')) <> hash FROM trust.entry
	e WHERE customer = 'Ωmega'), true, 'which another currency changes');
\ir ../../helpers/commitment.sql
SELECT is_empty($$
	SELECT customer, seq, what FROM trust.entry, LATERAL (VALUES
		('words', words, words_salt, words_commitment),
		('purpose', purpose, purpose_salt, purpose_commitment),
		('note', note, note_salt, note_commitment),
		('context', context::text, context_salt, context_commitment),
		('name', name, name_salt, name_commitment)) AS t (what, said, salt, committed)
	WHERE committed IS DISTINCT FROM commitment(salt, convert_to(said, 'UTF8'))
		OR octet_length(salt) <> 32 $$,
	'every commitment to a text');
SELECT is_empty($$
	SELECT salt FROM trust.entry, LATERAL unnest(ARRAY[words_salt, purpose_salt, note_salt,
		context_salt, name_salt, request_salt]) AS salt
	WHERE salt IS NOT NULL GROUP BY salt HAVING count(*) > 1 $$, 'each with a salt of its own');

SELECT is((SELECT request FROM trust.entry WHERE customer = 'c' AND idempotency_key = 'once'), (
	SELECT sha256(request_salt) || commitment(request_salt, fields(field('make_promise'::text),
		field('ben'::text), field('customer'::text), field('c'::text),
		field('words'::text), field('w'::text), field('actor'::text), field('ben'::text),
			field('idempotency_key'::text), field('once'::text)))
	FROM trust.entry WHERE customer = 'c' AND idempotency_key = 'once'),
		'the commitment to a request: function, who acts, arguments by name');

SELECT results_eq('SELECT customers, entries, digest FROM trust_ledger.ledger_digest()', $$
	SELECT count(*) FILTER (WHERE customer <> ''), sum(length)::bigint,
		sha256(fields(field('trust_ledger digest 1'::text),
			field((SELECT ledger FROM trust.ledger)))
			|| string_agg(fields(field(customer::text), field(length), field(head)),
				'' ORDER BY customer)) FROM trust.chain $$,
	'the ledger''s digest');
SELECT ok((SELECT at BETWEEN (SELECT max(recorded_at) FROM trust.entry) AND clock_timestamp()
	FROM trust_ledger.ledger_digest()), 'and when it was taken');
SELECT is_empty('SELECT * FROM trust_ledger.verify()', 'verify() is content');

SELECT * FROM finish();
ROLLBACK;
