# Scores as of another time, compared with copies that were made then: after each round of random
# calls the database is copied, and the copy's scores of any instant are those that the ledger shows
# for it, as known when the copy was made.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $rounds = 5;
my $new_half_life = 3;    # begins with another half-life, and other weights
my $seed = $ENV{SEED} // rand;
note("SEED=$seed");

my $node = PostgreSQL::Test::Cluster->new('stopped');
$node->init;
# A template may have no other connection.
$node->append_conf('postgresql.conf', "autovacuum = off\njit = off\n");
$node->start;

$node->safe_psql('postgres', 'CREATE DATABASE crm');
$node->safe_psql('crm', <<'SQL');
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger();
SELECT * FROM trust_ledger.set_ledger(half_life => '90 days');
SELECT * FROM trust_ledger.register_actor('anna', 'human');
SELECT * FROM trust_ledger.register_actor('bert', 'human');
SELECT * FROM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm 1');
SELECT * FROM trust_ledger.register_actor('erp', 'system', speaks_for => 'record',
	responsible => 'anna');
SELECT * FROM trust_ledger.register_actor('agent', 'system', speaks_for => 'customer',
	responsible => 'anna');
SELECT * FROM trust_ledger.set_policy('machines', promiser_kind => 'ai', evidence => 'asserted');
SELECT * FROM trust_ledger.set_policy('slow', kind => 'delivery', grace => '0.3 seconds');

-- Each stop: its instant, the settings then, and what the ledger said of itself.
CREATE TABLE moment (round integer PRIMARY KEY, at timestamptz, half_life interval);
CREATE TABLE answer (round integer, by text, key text, score trust_ledger.trust_score);
CREATE TABLE called (call text, outcome text);
CREATE TABLE subject (by text, key text);
INSERT INTO subject SELECT 'customer', 'c' || i FROM generate_series(1, 6) i;
INSERT INTO subject VALUES ('customer', 'waiting'), ('customer', 'nobody'), ('promiser', 'anna'),
('promiser', 'bert'),
	('promiser', 'bot'), ('backer', 'anna'), ('backer', 'bert'), ('kind', 'delivery'),
	('kind', 'advice'),
	('backing', 'backed'), ('backing', 'unbacked'), ('all', 'all');

CREATE FUNCTION one_of(VARIADIC choices text[]) RETURNS text LANGUAGE sql VOLATILE
RETURN choices[1 + floor(random() * cardinality(choices))];

CREATE FUNCTION score_of(by text, key text, as_of timestamptz DEFAULT NULL, known_at timestamptz
	DEFAULT NULL)
RETURNS trust_ledger.trust_score LANGUAGE sql STABLE
RETURN CASE by WHEN 'customer' THEN trust_ledger.customer_score(key, as_of, known_at)
	WHEN 'promiser' THEN trust_ledger.promiser_score(key, as_of, known_at)
	ELSE (SELECT trust_ledger.sum(score) FROM trust_ledger.explain_trust(by, key, as_of, known_at))
		END;

-- To 1e-9 of all the evidence: ways to add up differ in the last digits.
CREATE FUNCTION same_score(a trust_ledger.trust_score, b trust_ledger.trust_score) RETURNS boolean
	LANGUAGE sql IMMUTABLE
RETURN a::text = b::text OR coalesce(
	trust_ledger.as_of(a) = trust_ledger.as_of(b) AND trust_ledger.half_life(a)
		= trust_ledger.half_life(b)
	AND abs(trust_ledger.kept(a) - trust_ledger.kept(b)) <= 1e-9 * (trust_ledger.kept(b) +
		trust_ledger.broken(b))
	AND abs(trust_ledger.broken(a) - trust_ledger.broken(b)) <= 1e-9 * (trust_ledger.kept(b) +
		trust_ledger.broken(b)), false);

-- Some seconds ahead: overdue within the next rounds. Far ahead: never.
CREATE FUNCTION some_due() RETURNS timestamptz LANGUAGE sql VOLATILE
RETURN clock_timestamp() + CASE WHEN random() < 0.8 THEN (0.3 + random() * 1.5) * interval
	'1 second' ELSE interval '1 day' END;

-- One call, as chance has it; most make sense.
CREATE PROCEDURE act() LANGUAGE plpgsql AS $$
DECLARE
	call CONSTANT text := one_of('make', 'make', 'make', 'make', 'make', 'make', 'import', 'back',
		'back', 'amend', 'amend',
		'accept', 'withdraw_backing', 'assess', 'assess', 'assess', 'assess late', 'assess late',
			'assess long ago',
		'assess long ago', 'relay', 'withdraw', 'release');
	company  CONSTANT text := one_of('anna', 'bert');
	customer CONSTANT text := one_of('c1', 'c2', 'c3', 'c4', 'c5', 'c6');
	verdict  CONSTANT text := one_of('kept', 'kept', 'partly_kept', 'broken');
	p        trust.promise;
	past     timestamptz;
	kind     CONSTANT text := one_of('delivery', 'advice', NULL);
	outcome  text := 'done';
BEGIN
	SELECT * INTO p FROM trust.promise q
	WHERE q.customer <> 'waiting' AND (q.state IN ('proposed', 'open') OR random() < 0.2)
		ORDER BY random() LIMIT 1;
	BEGIN
		CASE call
		WHEN 'make' THEN
			PERFORM trust_ledger.make_promise(customer, 'words', kind => kind, due => CASE
				WHEN random() < 0.7 THEN some_due() END,
				actor => one_of('anna', 'bert', 'bot'));
		WHEN 'import' THEN
			past := clock_timestamp() - random() * interval '300 days';
			PERFORM trust_ledger.make_promise(customer, 'words', one_of('anna', 'bert', 'bot'),
				kind => kind, actor => company,
				due => CASE WHEN random() < 0.5 THEN past + random() * interval '300 days' END,
					occurred_at => past);
		WHEN 'back' THEN
			PERFORM trust_ledger.back_promise(p.promise, actor => company);
		WHEN 'withdraw_backing' THEN
			PERFORM trust_ledger.withdraw_backing(p.promise, actor => p.backer);
		WHEN 'amend' THEN
			PERFORM trust_ledger.amend_promise(p.promise, 'other words ' || random(), kind => kind,
				due => CASE WHEN random() < 0.7 THEN some_due() END,
				actor => CASE WHEN p.accepted_at IS NULL THEN company ELSE 'agent' END);
		WHEN 'accept' THEN
			PERFORM trust_ledger.accept_promise(p.promise, actor => 'agent');
		WHEN 'assess' THEN
			PERFORM trust_ledger.assess_promise(p.promise, verdict, actor => one_of('agent', 'erp',
				company));
		WHEN 'assess late' THEN
			PERFORM trust_ledger.assess_promise(p.promise, verdict, actor => one_of('agent', 'erp',
				company),
				occurred_at => greatest(p.made_at, clock_timestamp() - random() * interval
					'3 seconds'));
		WHEN 'assess long ago' THEN
			PERFORM trust_ledger.assess_promise(p.promise, verdict, actor => one_of('agent', 'erp',
				company),
				occurred_at => p.made_at + random() * (clock_timestamp() - p.made_at));
		WHEN 'relay' THEN
			PERFORM trust_ledger.assess_promise(p.promise, verdict, relayed => true,
				actor => company);
		WHEN 'withdraw' THEN
			PERFORM trust_ledger.withdraw_promise(p.promise, actor => company);
		WHEN 'release' THEN
			PERFORM trust_ledger.release_promise(p.promise, actor => 'agent');
		END CASE;
	EXCEPTION WHEN SQLSTATE 'TL001' OR SQLSTATE 'TL002' OR SQLSTATE 'TL003'
		OR null_value_not_allowed THEN
		outcome := SQLSTATE;
	END;
	INSERT INTO called VALUES (call, outcome);
END
$$;

CREATE PROCEDURE play(calls integer, seed float8) LANGUAGE plpgsql AS $$
BEGIN
	PERFORM setseed(seed);
	FOR i IN 1 .. calls LOOP
		CALL act();
		COMMIT;
		PERFORM pg_sleep(random() * 0.004);
	END LOOP;
END
$$;
SQL

sub ask { my ($db, $sql) = @_; return $node->safe_psql($db, $sql) }

sub play { my ($round) = @_; return ask('crm', "CALL play(80, $seed / $round)") }

foreach my $round (1 .. $rounds)
{
	ask('crm', q{SELECT * FROM trust_ledger.set_ledger(half_life => '30 days 12:00',
		weights => '{"kept": [900, 0], "kept_by_company": [400, 0], "partly_kept": [300, 500],
			"repaired": [250, 750], "admitted": [0, 750], "broken": [0, 1000]}')})
				if $round == $new_half_life;
	play($round);
	ask('crm', q{SELECT trust_ledger.withdraw_promise(promise, actor => 'anna') FROM trust.promise
		WHERE customer = 'waiting' AND state = 'open' ORDER BY made_at LIMIT 1}) if $round % 2
			&& $round > 1;
	ask('crm', <<"SQL");
SELECT * FROM trust_ledger.make_promise('waiting', 'soon', actor => 'anna', due => clock_timestamp()
	+ interval '0.3 seconds');
BEGIN;
INSERT INTO moment SELECT $round, now(), half_life FROM trust.ledger;
INSERT INTO answer SELECT $round, by, key, score_of(by, key) FROM subject;
COMMIT;
SQL
	ask('postgres', "CREATE DATABASE round_$round TEMPLATE crm");
}
play($rounds + 1);

# What was imported after the third stop, and happened before it: a promise, and its verdict.
ask('crm', <<'SQL');
SELECT at AS stop FROM moment WHERE round = 3 \gset
SELECT promise FROM trust_ledger.make_promise('late', 'imported', kind => 'imported',
	actor => 'anna',
	occurred_at => :'stop'::timestamptz - interval '61 days') \gset
SELECT * FROM trust_ledger.assess_promise(:'promise', 'kept', actor => 'agent',
	occurred_at => :'stop'::timestamptz - interval '30 days 12:00');
SQL

is(ask('crm', 'SELECT * FROM trust_ledger.verify()'), '', 'the ledger that went on is sound');

# ---- what there is to see ----

my %seen = (
	'calls of all kinds' => [ 12, q{SELECT count(DISTINCT call) FROM called WHERE outcome = 'done'}
		],
	'promises that were overdue at a stop' => [ 3, q{
		SELECT count(*) FROM moment, trust_ledger.explain_trust('all', NULL, at, at)
			WHERE outcome = 'overdue'} ],
	'promises that became so after an earlier stop knew them' => [ 1, q{
		SELECT count(*)
		FROM moment m JOIN moment before ON before.round = m.round - 1,
			trust_ledger.explain_trust('all', NULL, m.at, m.at) e JOIN trust.promise p USING
				(promise)
		WHERE e.outcome = 'overdue' AND p.recorded_at < before.at AND p.overdue_at > before.at} ],
	'late withdrawals' => [ 2,
		q{SELECT count(*) FROM trust.entry WHERE event = 'withdrawn' AND state = 'broken'} ],
	'entries recorded after a stop of what happened before it' => [ 20, q{
		SELECT count(*) FROM trust.entry, moment WHERE occurred_at <= at AND at < recorded_at} ],
	'scores that these change' => [ 3, qq{
		SELECT count(*) FROM moment, subject
		WHERE round >= $new_half_life AND NOT same_score(score_of(by, key, at), score_of(by, key,
			at, at))} ],
	'promises whose entries stand in another order than they happened' => [ 1, q{
		SELECT count(DISTINCT promise)
		FROM (SELECT promise, occurred_at < lag(occurred_at) OVER (PARTITION BY promise
			ORDER BY seq) AS runs_back FROM trust.entry) e
		WHERE runs_back} ]);

foreach my $name (sort keys %seen)
{
	my ($least, $sql) = @{ $seen{$name} };
	my $count = ask('crm', $sql);
	cmp_ok($count, '>=', $least, "there are $name");
	note($count);
}

# ---- the ledger that went on, against those that stopped ----

my @stops = split /\n/, ask('crm', 'SELECT at FROM moment ORDER BY round');
my $instants = join ', ', map { "('$_'::timestamptz)" } @stops;

# Asked of the ledger that went on with known_at, of the one that stopped without.
my %scores = (
	'customer_score(), promiser_score(), sums of explain_trust()' => sub {
		my ($stop, $known_at) = @_;
		return qq{SELECT at, by, key, score_of(by, key, at, $known_at)
			FROM (VALUES $instants) AS m (at), subject ORDER BY 1, 2, 3};
	},
	'explain_trust()' => sub {
		my ($stop, $known_at) = @_;
		return qq{SELECT s.by, s.key, e.* FROM subject s,
			trust_ledger.explain_trust(s.by, s.key, '$stop', $known_at) WITH ORDINALITY e ORDER
				BY s.by, s.key, ordinality};
	});

# Steps that begin with the first stop and end with this one; the scores only where the half-life
# was today's.
sub trend
{
	my ($stop, $columns) = @_;
	return qq{SELECT g.by, $columns
		FROM unnest('{customer,promiser,backer,kind,backing,all}'::text[]) AS g (by),
		trust_ledger.trust_trend(g.by, '0.15 seconds', '$stops[0]', '$stop', 'recorded') t ORDER
			BY g.by, key, step_from};
}

foreach my $round (1 .. $rounds)
{
	my $stop = $stops[ $round - 1 ];
	foreach my $name (sort keys %scores)
	{
		my $then = ask("round_$round", $scores{$name}->($stop, 'NULL'));
		isnt($then, '', "stopped after round $round, $name says something");
		is(ask('crm', $scores{$name}->($stop, "'$stop'")), $then,
			'... and the ledger that went on the same, as known then');
	}
	next if $round == 1;
	my $columns = $round < $new_half_life
		? 'key, step_from, step_until, opened, kept, partly_kept, broken, overdue' : 't.*';
	my $then = ask("round_$round", trend($stop, $columns));
	isnt($then, '', "stopped after round $round, trust_trend() as recorded says something");
	is(ask('crm', trend($stop, $columns)), $then, '... and the ledger that went on the same');
}

# ---- the same in plain SQL, and by other ways ----

# Rows that differ: none.
my %differ = (
	'what the ledger said when it was then' => q{
		SELECT round, by, key, a.score, s.score
		FROM answer a JOIN moment USING (round), LATERAL (SELECT score_of(by, key, at, at) AS score)
			s
		WHERE NOT same_score(s.score, a.score)},

	# each instant as of each other, now among them, from the entries
	'the score as of any stop, as known at any' => q{
		WITH moments AS (
			SELECT at, half_life FROM moment UNION ALL SELECT NULL, half_life FROM trust.ledger
		), view AS (
			SELECT a.at AS as_of, k.at AS known_at, coalesce(a.at, now()) AS now, k.half_life
				FROM moments a, moments k
		), promise AS (
			SELECT as_of, known_at, now, half_life, customer, promise,
				(array_agg(promiser ORDER BY seq DESC) FILTER (WHERE terms))[1] AS promiser,
				(array_agg(kind ORDER BY seq DESC) FILTER (WHERE terms))[1] AS kind,
				(array_agg(overdue_at ORDER BY seq DESC) FILTER (WHERE terms))[1] AS overdue_at,
				(array_agg(backer ORDER BY seq DESC) FILTER (WHERE terms OR event LIKE 'back%'))[1]
					AS backer,
				bool_or(state = 'open') AS opened, bool_or(event IN ('withdrawn', 'released'))
					AS ended,
				(array_agg(weight_kept ORDER BY seq DESC) FILTER (WHERE verdict))[1] /
					1000.0 AS kept,
				(array_agg(weight_broken ORDER BY seq DESC) FILTER (WHERE verdict))[1] /
					1000.0 AS broken,
				(array_agg(occurred_at ORDER BY seq) FILTER (WHERE verdict))[1] AS at,
				max(raised) AS raised_at, max(raised) FILTER (WHERE seq < last_raise) AS former_at,
				max(before) FILTER (WHERE seq = last_raise) / 1000.0 AS former
			FROM view, LATERAL (SELECT *, max(seq) FILTER (WHERE raised IS NOT NULL)
					OVER (PARTITION BY customer, promise) AS last_raise
				FROM (SELECT *, CASE WHEN verdict AND weight_broken > coalesce(before, 0)
					THEN greatest(occurred_at, CASE WHEN due_then < recorded_at THEN due_then
						WHEN due_then IS NOT NULL THEN recorded_at END) END AS raised FROM (
				SELECT customer, promise, seq, event, state, promiser, kind, backer, overdue_at,
					weight_kept, weight_broken, occurred_at, recorded_at,
					event = 'made' OR event = 'amended' AND stands AS terms, weight_kept IS NOT NULL
						AND stands AS verdict,
					lag(weight_broken) OVER (PARTITION BY customer, promise,
						weight_kept IS NOT NULL AND stands ORDER BY seq) AS before,
					(SELECT d.due AS of_then FROM trust.entry d WHERE d.customer = e.customer
						AND d.promise = e.promise AND d.seq < e.seq
						AND (d.event IN ('made', 'paused', 'resumed')
							OR d.event = 'amended' AND d.stands)
						AND (as_of IS NULL OR d.occurred_at <= as_of)
						AND (known_at IS NULL OR d.recorded_at <= known_at)
						ORDER BY d.seq DESC LIMIT 1) AS due_then
				FROM trust.entry e
				WHERE promise IS NOT NULL AND (as_of IS NULL OR e.occurred_at <= as_of)
					AND (known_at IS NULL OR e.recorded_at <= known_at)) e) r) x
			GROUP BY as_of, known_at, now, half_life, customer, promise
		), weight AS (
			SELECT as_of, known_at, now, half_life, customer, promiser, kind, backer,
				CASE WHEN at IS NULL THEN 0 ELSE kept * fading END AS kept, CASE WHEN at IS NULL
					THEN 1 WHEN last_at > as_of AND coalesce(broken_at > as_of OR former = 0, true)
					THEN 0 WHEN last_at > as_of THEN least(broken, former) * broken_fading
					ELSE broken * broken_fading END AS broken
			FROM promise, LATERAL (SELECT greatest(at, raised_at) AS last_at) l,
				LATERAL (SELECT CASE WHEN last_at > as_of THEN greatest(at, former_at)
					ELSE last_at END AS broken_at) b, LATERAL (
				SELECT power(2.0::float8, -(extract(epoch FROM now - at) / extract(epoch
					FROM half_life))::float8) AS fading,
					power(2.0::float8, -(extract(epoch FROM now - broken_at) / extract(epoch
					FROM half_life))::float8) AS broken_fading) f
			WHERE at IS NOT NULL OR opened AND NOT ended AND overdue_at < now
		), score AS (
			SELECT as_of, known_at, s.by, s.key, trust_ledger.trust_score(sum(kept), sum(broken),
				now, half_life) AS score
			FROM weight JOIN subject s ON s.key = CASE s.by WHEN 'customer' THEN customer
				WHEN 'promiser' THEN promiser
				WHEN 'kind' THEN kind WHEN 'backer' THEN backer
				WHEN 'backing' THEN CASE WHEN backer IS NULL THEN 'unbacked' ELSE 'backed' END
					ELSE 'all' END
			GROUP BY as_of, known_at, s.by, s.key, now, half_life
		)
		SELECT v.as_of, v.known_at, s.by, s.key, w.score, f.score
		FROM view v CROSS JOIN subject s CROSS JOIN LATERAL (SELECT score_of(s.by, s.key, v.as_of,
			v.known_at) AS score) f
			LEFT JOIN score w ON (w.by, w.key) = (s.by, s.key) AND w.as_of IS NOT DISTINCT
				FROM v.as_of
				AND w.known_at IS NOT DISTINCT FROM v.known_at
		WHERE NOT same_score(f.score, coalesce(w.score, 'empty'))},

	'explain_trust() adds up to the score' => q{
		SELECT a.at, k.at, s.by, s.key, e.score, f.score
		FROM moment a CROSS JOIN moment k CROSS JOIN subject s
			CROSS JOIN LATERAL (SELECT trust_ledger.sum(score) AS score, sum(share) AS share
				FROM trust_ledger.explain_trust(s.by, s.key, a.at, k.at)) e
			CROSS JOIN LATERAL (SELECT score_of(s.by, s.key, a.at, k.at) AS score) f
		WHERE s.by IN ('customer', 'promiser') AND e.score::text <> f.score::text
			OR abs(share - 1) > 1e-9},

	'each step of the trend is the score at its last instant' => qq{
		WITH changed AS (
			SELECT max(recorded_at) AS at FROM trust.entry WHERE customer = '' AND event LIKE
				'ledger%'
		)
		SELECT basis, g.by, t.key, step_until, t.score, s.score
		FROM changed, (VALUES ('occurred'), ('recorded')) AS b (basis),
			unnest('{customer,promiser,backer,kind,backing,all}'::text[]) AS g (by),
			trust_ledger.trust_trend(g.by, '0.15 seconds', '$stops[0]', '$stops[-1]', basis) t,
			LATERAL (SELECT step_until - interval '1 microsecond' AS last) l,
			LATERAL (SELECT score_of(g.by, t.key, last, CASE basis WHEN 'recorded' THEN last END)
				AS score) s
		WHERE t.key IS NOT NULL AND (basis = 'occurred' OR last >= changed.at) AND
			NOT same_score(t.score, s.score)});

is(ask('crm', $differ{$_}), '', $_) foreach sort keys %differ;

# ---- what was imported later, and to the microsecond ----

my %instants = (
	stop => "'$stops[2]'::timestamptz",
	recorded => q{(SELECT recorded_at FROM trust.entry WHERE customer = 'late' AND event = } .
		q{'assessed')},
	overdue => q{(SELECT min(overdue_at) FROM trust.promise WHERE customer = 'waiting')},
	no => 'NULL');
my $microsecond = q{interval '1 microsecond'};

foreach my $case (
	# customer, as_of, known_at: the evidence; none: empty
	[ 'late', 'stop', 'no', '(0.45,0)' ],
	[ 'late', 'stop', 'stop', '' ],
	[ 'late', 'no', 'stop', '' ],
	[ 'late', 'stop', 'recorded', '(0.45,0)' ],
	[ 'late', 'stop', "recorded - $microsecond", '' ],
	[ 'late', q{stop - interval '30 days 12:00'}, 'no', '(0.9,0)' ],
	[ 'late', qq{stop - interval '30 days 12:00' - $microsecond}, 'no', '' ],
	[ 'waiting', 'overdue', 'no', '' ],
	[ 'waiting', "overdue + $microsecond", 'no', '(0,1)' ])
{
	my ($customer, $as_of, $known_at, $evidence) = @$case;
	my $arguments = "as_of => $as_of, known_at => $known_at";
	my $sql = $arguments =~ s/=> (\w+)/=> $instants{$1}/gr;
	is(ask('crm', qq{SELECT (trust_ledger.kept(s), trust_ledger.broken(s))
		FROM trust_ledger.customer_score('$customer', $sql) s WHERE s::text <> 'empty'}),
		$evidence, "customer_score('$customer', $arguments)");
}

my $third = $instants{stop};
my $imported = "SELECT basis, count(*), sum(opened), sum(kept)
	FROM unnest('{occurred,recorded}'::text[]) AS basis,
	trust_ledger.trust_trend('kind', '1 day', $third - interval '70 days', %s, basis, 'imported')
		GROUP BY basis ORDER BY basis";
is(ask('crm', sprintf $imported, $third), 'occurred|70|1|1',
	'the trend until the stop shows what was imported later as it happened, not as recorded');
is(ask('crm', sprintf $imported, 'now()'), "occurred|71|1|1\nrecorded|71|1|1",
	'... until now as both');

$node->stop;
done_testing();
