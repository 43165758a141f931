# One session makes 200,000 promises and more, and as many changes of tracked rows: its memory does
# not grow, verify() leaves nothing behind, and its plans survive changed tables and a new ledger.
# And the peak memory of single calls over many promises or texts of 32 MB.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('memory');
$node->init;
$node->append_conf('postgresql.conf', <<'EOF');
synchronous_commit = off
client_min_messages = warning
# What ANALYZE puts into the catalogs' caches, whenever it comes, is PostgreSQL's.
autovacuum = off
EOF
$node->start;

# One session does all of it. Its measurements are compared afterwards, part by part, from the
# part's second one on: the first includes plans and caches.
my $session = q{
\set ON_ERROR_STOP 1

CREATE TABLE measured (nr integer GENERATED ALWAYS AS IDENTITY, part text, contexts bigint,
	bytes bigint, used bigint);
CREATE PROCEDURE measure(part text, without text[] DEFAULT '{}')
BEGIN ATOMIC
	INSERT INTO measured (part, contexts, bytes, used)
	SELECT part, count(*), sum(total_bytes), sum(used_bytes)
		FROM pg_catalog.pg_backend_memory_contexts
	WHERE name <> ALL (without);
END;

CREATE PROCEDURE new_ledger() LANGUAGE plpgsql AS $$
BEGIN
	DROP SCHEMA IF EXISTS trust CASCADE;
	PERFORM trust_ledger.create_ledger();
	PERFORM FROM trust_ledger.register_actor('anna', 'human');
	PERFORM FROM trust_ledger.register_actor('ben', 'human', authority => '{"EUR": 1}');
	PERFORM FROM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm 1');
	PERFORM FROM trust_ledger.set_policy('humans back', promiser_kind => 'ai',
		evidence => 'asserted');
END
$$;

CREATE PROCEDURE make_promises(first integer, last integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN first .. last LOOP
		PERFORM FROM trust_ledger.make_promise('c' || i % 50000, 'words ' || i, value => i,
			currency => 'EUR',
			context => '{"ticket": 1}', actor => 'bot', idempotency_key => 'k' || i);
		IF i % 5000 = 0 THEN COMMIT; END IF;
		IF i % 20000 = 0 THEN CALL measure('make_promise'); END IF;
	END LOOP;
END
$$;

-- Half of each array are retries of the one before. The first times, PL/pgSQL is making up its
-- mind.
CREATE PROCEDURE make_at_once(times integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. times LOOP
		PERFORM FROM trust_ledger.make_promises(ARRAY(
			SELECT ROW('at once ' || n % 1000, 'words ' || n, NULL, NULL, NULL, NULL, n, 'EUR',
				NULL, NULL, NULL, 'bot', NULL,
				'{"ticket": 1}', 'k' || n)::trust_ledger.new_promise
			FROM generate_series(i * 2500, i * 2500 + 4999) n));
		COMMIT;
		IF i > 6 THEN CALL measure('make_promises'); END IF;
	END LOOP;
END
$$;

CREATE PROCEDURE back_and_assess(promises integer) LANGUAGE plpgsql AS $$
DECLARE
	p record;
	i integer := 0;
BEGIN
	FOR p IN SELECT promise, customer FROM trust.promise WHERE state = 'proposed' LIMIT
		promises LOOP
		PERFORM FROM trust_ledger.back_promise(p.promise, p.customer, actor => 'anna');
		PERFORM FROM trust_ledger.assess_promise(p.promise, 'kept', actor => 'bot');
		i := i + 1;
		IF i % 1000 = 0 THEN COMMIT; CALL measure('back_promise, assess_promise'); END IF;
	END LOOP;
END
$$;

CREATE PROCEDURE be_refused(times integer) LANGUAGE plpgsql AS $$
DECLARE
	proposed uuid := (SELECT promise FROM trust.promise WHERE state = 'proposed' LIMIT 1);
BEGIN
	FOR i IN 1 .. times LOOP
		BEGIN
			PERFORM FROM trust_ledger.back_promise(proposed, actor => 'ben');
		EXCEPTION WHEN SQLSTATE 'TL002' THEN NULL;
		END;
		IF i % 1000 = 0 THEN CALL measure('a call that is refused'); END IF;
	END LOOP;
END
$$;

-- More names than a session remembers. It forgets them all at once: by then it has its most.
CREATE PROCEDURE name_strangers(times integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. times LOOP
		BEGIN
			PERFORM trust_ledger.act_as('stranger ' || i);
		EXCEPTION WHEN undefined_object THEN NULL;
		END;
		IF i % 9900 = 0 THEN CALL measure('names of strangers'); END IF;
	END LOOP;
END
$$;

CREATE PROCEDURE verify(times integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. times LOOP
		PERFORM FROM trust_ledger.verify();
		PERFORM FROM trust_ledger.verify('c1');
		PERFORM FROM trust_ledger.ledger_digest();
		PERFORM FROM trust_ledger.history((SELECT promise FROM trust.promise WHERE customer = 'c1'
			LIMIT 1));
		COMMIT;
		CALL measure('verify, ledger_digest, history');
	END LOOP;
END
$$;

-- A customer of many promises, erased in one call.
CREATE PROCEDURE erase(times integer, promises integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. times LOOP
		PERFORM FROM generate_series(1, promises) n, trust_ledger.make_promise('large ' || i,
			'words ' || n, purpose => 'why', context => '{"ticket": 1}', actor => 'bot');
		COMMIT;
		PERFORM FROM trust_ledger.erase_customer('large ' || i, 'asked');
		COMMIT;
		PERFORM FROM trust_ledger.erase_words('large ' || i, promises + 1, 'asked');
		COMMIT;
		CALL measure('erase_customer, erase_words');
	END LOOP;
END
$$;

-- Every statement of the functions that write.
CREATE PROCEDURE use_all(customer text) LANGUAGE plpgsql AS $$
DECLARE
	made uuid := (trust_ledger.make_promise(customer, 'words', actor => 'bot',
		idempotency_key => 'once')).promise;
BEGIN
	PERFORM FROM trust_ledger.back_promise(made, actor => 'anna');
	PERFORM FROM trust_ledger.amend_promise(made, words => 'other words', actor => 'anna');
	PERFORM FROM trust_ledger.back_promise(made, customer, actor => 'anna');
	PERFORM FROM trust_ledger.withdraw_backing(made, actor => 'anna');
	PERFORM FROM trust_ledger.decline_promise(made, 'reason', actor => 'anna');
	PERFORM FROM trust_ledger.add_note(made, 'a note', actor => 'anna');
	PERFORM FROM trust_ledger.withdraw_promise(made, actor => 'bot');
	PERFORM FROM trust_ledger.erase_words(customer, 1, 'asked');
	PERFORM FROM trust_ledger.erase_words(made, 'asked');
	PERFORM FROM trust_ledger.add_note(made, 'a note', actor => 'anna');
	PERFORM FROM trust_ledger.erase_customer(customer, 'asked');
	PERFORM FROM trust_ledger.register_actor('carl', 'human',
		returns => (SELECT true FROM trust.actor WHERE actor = 'carl'));
	PERFORM FROM trust_ledger.register_actor('carl''s', 'system', responsible => 'carl');
	PERFORM FROM trust_ledger.retire_actor('carl', successor => 'anna');
	PERFORM FROM trust_ledger.register_actor('dora', 'human', 'Dora');
	PERFORM FROM trust_ledger.erase_words('', (SELECT max(seq) FROM trust.entry
		WHERE subject = 'dora'), 'asked');
	PERFORM FROM trust_ledger.set_policy('late', grace => '1 day');
	PERFORM FROM trust_ledger.drop_policy('late');
	PERFORM FROM trust_ledger.grant_access('pg_monitor', 'analyst');
	PERFORM FROM trust_ledger.revoke_access('pg_monitor', 'analyst');
	PERFORM FROM trust_ledger.set_ledger(lag => '2 days');
	PERFORM FROM trust_ledger.history(made);
END
$$;

CREATE PROCEDURE alter_tables(change text) LANGUAGE plpgsql AS $$
DECLARE
	tab regclass;
BEGIN
	FOR tab IN SELECT oid FROM pg_class WHERE relnamespace = 'trust'::regnamespace
		AND relkind = 'r' LOOP
		EXECUTE format('ALTER TABLE %s %s', tab, change);
	END LOOP;
END
$$;

-- Tracked rows: one by one, many before a commit, some taken back.
CREATE TABLE deal (id integer PRIMARY KEY, customer text, words text);
CREATE PROCEDURE track(tab text) LANGUAGE plpgsql AS $$
DECLARE
	arguments CONSTANT text := '''customer=customer'', ''words=words'', ''actor:crm''';
BEGIN
	EXECUTE format('CREATE TRIGGER made AFTER INSERT ON %I FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.track(''made'', %s)', tab, arguments);
	EXECUTE format('CREATE TRIGGER amended AFTER UPDATE ON %I FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.track(''amended'', %s)', tab, arguments);
	EXECUTE format('CREATE TRIGGER gone AFTER DELETE ON %I FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.track(''noted'', ''actor:crm'', ''on_error:park'')', tab);
END
$$;

CREATE PROCEDURE change_rows(changes integer, at_once integer, without text[] DEFAULT '{}') LANGUAGE
	plpgsql AS $$
BEGIN
	FOR i IN 1 .. changes LOOP
		UPDATE deal SET words = 'words ' || i WHERE id = 1 + i % 1000;
		IF i % 100 = 0 THEN
			BEGIN
				DELETE FROM deal WHERE id = 1;
				RAISE EXCEPTION 'not this';
			EXCEPTION WHEN raise_exception THEN NULL;
			END;
		END IF;
		IF i % at_once = 0 THEN COMMIT; END IF;
		IF i % 10000 = 0 THEN CALL measure('tracked rows, at once ' || at_once, without); END IF;
	END LOOP;
END
$$;

-- What PostgreSQL itself keeps of tables that are gone is not what this is about.
CREATE PROCEDURE come_and_go(times integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. times LOOP
		CREATE TABLE passing (id integer PRIMARY KEY, customer text, words text);
		CALL track('passing');
		INSERT INTO passing VALUES (i, 'passing', 'words');
		UPDATE passing SET words = 'others';
		DELETE FROM passing;
		DROP TABLE passing;
		COMMIT;
		IF i > 20 AND i % 20 = 0 THEN
			CALL measure('tables that come and go', '{CacheMemoryContext,Type information cache}');
		END IF;
	END LOOP;
END
$$;

CREATE TABLE outcome (part text, entries bigint, findings bigint);
CREATE PROCEDURE note_outcome(part text) LANGUAGE plpgsql AS $$
BEGIN
	INSERT INTO outcome
	SELECT part, (SELECT count(*) FROM trust.entry WHERE customer LIKE 'u%'),
	(SELECT count(*) FROM trust_ledger.verify());
END
$$;

CREATE EXTENSION trust_ledger;
CALL new_ledger();
CALL make_promises(1, 200000);
CALL make_at_once(14);
CALL back_and_assess(10000);
CALL be_refused(10000);
CALL name_strangers(49500);
CALL verify(3);
CALL erase(5, 4000);

SELECT * FROM trust_ledger.register_actor('crm', 'system', responsible => 'anna');
CALL track('deal');
INSERT INTO deal SELECT n, 'd' || n % 50, 'words' FROM generate_series(1, 1000) n;
-- PL/pgSQL itself takes memory for each COMMIT, until its procedure ends.
CALL change_rows(100000, 1, '{SPI Proc}');
CALL change_rows(100000, 1000);
CALL come_and_go(200);

CALL use_all('u1');
CALL note_outcome('as it was');
CALL alter_tables('ADD COLUMN later text');
CALL use_all('u2');
CALL note_outcome('after ADD COLUMN');
CALL alter_tables('DROP COLUMN later');
CALL use_all('u3');
CALL note_outcome('after DROP COLUMN');

-- The first times, PL/pgSQL is still making up its mind about its own plans; and PostgreSQL never
-- forgets the row type of a table that was dropped.
CREATE PROCEDURE renew(times integer) LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1 .. times LOOP
		CALL new_ledger();
		COMMIT;
		CALL use_all('u3');
		PERFORM FROM trust_ledger.verify();
		COMMIT;
		IF i > 7 THEN CALL measure('a ledger made again',
			'{CacheMemoryContext,Type information cache}'); END IF;
	END LOOP;
END
$$;
CALL renew(14);
CALL note_outcome('in a ledger made again');
};

$node->safe_psql('postgres', $session);

is($node->safe_psql('postgres', 'TABLE outcome'),
	<<'EOF' =~ s/\n$//r, 'plans outlive what they were made for');
as it was|12|0
after ADD COLUMN|24|0
after DROP COLUMN|36|0
in a ledger made again|12|0
EOF

# The most that any later measurement is above it.
my @growth = split /\n/, $node->safe_psql('postgres', q{
	SELECT part, count(*), max(contexts - contexts_then), max(bytes - bytes_then),
		max(used - used_then)
	FROM (
		SELECT *, row_number() OVER w AS number, nth_value(contexts, 2) OVER w AS contexts_then,
			nth_value(bytes, 2) OVER w AS bytes_then, nth_value(used, 2) OVER w AS used_then
		FROM measured
		WINDOW w AS (PARTITION BY part ORDER BY nr ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED
			FOLLOWING)) m
	WHERE number >= 2 GROUP BY part ORDER BY min(nr)});
is(scalar @growth, 11, 'every part was measured');
foreach my $line (@growth)
{
	my ($part, $times, $contexts, $bytes, $used) = split /\|/, $line;

	cmp_ok($contexts, '<=', 0, "$part: no more memory contexts");
	cmp_ok($used, '<=', 64 * 1024, "$part: no more memory in use");
	# Blocks double: where one was just full, the next may be large.
	cmp_ok($bytes, '<=', 256 * 1024, "$part: nor taken");
	note("$part: $times times, at most $contexts contexts, $bytes bytes, $used in use more");
}

$node->stop;

# ---- what one call takes at its most, in a process of its own ----

my $most = PostgreSQL::Test::Cluster->new('most');
$most->init;
$most->append_conf('postgresql.conf', <<'EOF');
synchronous_commit = off
client_min_messages = warning
autovacuum = off
# Buffers count too, as far as a process has touched them.
shared_buffers = 2MB
work_mem = 4MB
max_parallel_workers_per_gather = 0
EOF
$most->start;
$most->safe_psql('postgres', "\\i $ENV{TREE}/test/helpers/oversized_texts.sql\n" . <<'EOF');
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger();
SELECT trust_ledger.register_actor('anna', 'human');

CREATE FUNCTION promises(customer text, promises integer) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM generate_series(1, promises, 1000) AS n, trust_ledger.make_promises(ARRAY(
		SELECT ROW(customer, 'words ' || n + i, NULL, NULL, NULL, NULL, 1, 'EUR', 'why', NULL, NULL,
			'anna', NULL, '{"ticket": 1}', NULL)::trust_ledger.new_promise
		FROM generate_series(1, 1000) AS i))
$$;
SELECT promises('few', 2000), promises('many', 20000);

-- Notes that do not compress.
CREATE PROCEDURE notes(customer text, notes integer) LANGUAGE plpgsql AS $$
DECLARE
	made uuid := (trust_ledger.make_promise(customer, 'w', actor => 'anna')).promise;
BEGIN
	FOR n IN 1 .. notes LOOP
		PERFORM FROM trust_ledger.add_note(made, (SELECT string_agg(md5(n || ' ' || i), '')
			FROM generate_series(1, 50) AS i), actor => 'anna');
		IF n % 100 = 0 THEN COMMIT; END IF;
	END LOOP;
END
$$;
CALL notes('short', 100);
CALL notes('long', 4000);
CREATE FUNCTION of(of_customer text) RETURNS uuid LANGUAGE
	sql AS 'SELECT promise FROM trust.promise WHERE customer = of_customer LIMIT 1';

SELECT trust_ledger.make_promise(customer, 'w', purpose => 'p', actor => 'anna',
	context => '{"ticket": 1}') FROM unnest('{small,in pieces,compressed,context}'::text[])
	AS customer;
CREATE FUNCTION megabytes(count integer) RETURNS text LANGUAGE
	sql AS $$SELECT string_agg(repeat(chr(97 + n % 26), 1000000), '') FROM generate_series(1,
	count) AS n$$;
SELECT store_oversized('compressed', 'purpose', megabytes(32)),
	store_oversized('context', 'context', to_jsonb(megabytes(32))::text);
ALTER TABLE trust.entry ALTER words SET STORAGE EXTERNAL;
ALTER TABLE trust.promise ALTER words SET STORAGE EXTERNAL;
SELECT store_oversized('in pieces', 'words', megabytes(32));
EOF

# In megabytes, by the system's own count. What the process needs for anything at all is there
# before.
sub most
{
	my ($call) = @_;
	return $most->safe_psql('postgres', <<"EOF") =~ s/.*\n//sr;
SELECT count(*) FROM trust_ledger.verify('');
SELECT count(*) FROM $call;
SELECT (regexp_match(pg_read_file('/proc/self/status'), 'VmHWM:\\s+(\\d+)'))[1]::integer / 1024;
EOF
}

SKIP:
{
	skip 'the system does not tell', 7 unless -r '/proc/self/status';

	foreach my $case (
		# a call, one that is small and otherwise the same, and how many megabytes more the first
		# may take
		[ q{trust_ledger.verify('many')}, q{trust_ledger.verify('few')}, 40 ],
		[ q{trust_ledger.erase_customer('many', 'asked')},
			q{trust_ledger.erase_customer('few', 'asked')}, 16 ],
		[ q{trust_ledger.history(of('long'))}, q{trust_ledger.history(of('short'))}, 16 ],
		[ q{trust_ledger.verify('in pieces')}, q{trust_ledger.verify('small')}, 16 ],
		[ q{trust_ledger.verify('compressed')}, q{trust_ledger.verify('small')}, 48 ],
		[ q{trust_ledger.verify('context')}, q{trust_ledger.verify('small')}, 48 ],
		[ q{trust_ledger.rebuild('in pieces', 'to see')},
			q{trust_ledger.rebuild('small', 'to see')}, 16 ])
	{
		my ($call, $other, $more) = @$case;
		my ($taken, $by_other) = (most($call), most($other));

		cmp_ok($taken, '<=', $by_other + $more, "$call takes at most $more MB more than $other");
		note("$taken MB, and $by_other MB");
	}
}
is($most->safe_psql('postgres', 'SELECT count(*) FROM trust_ledger.verify()'), 0,
	'and verify() finds nothing in the end');

$most->stop;
done_testing();
