# Evidence of who acted: real logins, every way to act as somebody else, and what policy requires.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('evidence');
$node->init;
$node->start;

# Logins: anna's and ben's own, a bot's, a customer's, an application's, and one without a level.
# desk is a group role that anna is in; the application may become anna, the bot either of them.
# Things that somebody planted where anna reads and writes: they run as her, without her knowledge.
$node->safe_psql('postgres', q{
	SET client_min_messages = warning;
	CREATE EXTENSION trust_ledger;
	SELECT trust_ledger.create_ledger();
	CREATE ROLE anna_login LOGIN;
	CREATE ROLE ben_login LOGIN;
	CREATE ROLE bot_login LOGIN;
	CREATE ROLE kim_login LOGIN;
	CREATE ROLE app_login LOGIN;
	CREATE ROLE nobody_login LOGIN;
	CREATE ROLE desk;
	GRANT desk TO anna_login;
	GRANT anna_login TO app_login;
	GRANT app_login TO bot_login;
	SELECT trust_ledger.grant_access(role, 'application')
	FROM unnest(ARRAY['anna_login', 'ben_login', 'bot_login', 'kim_login', 'app_login', 'desk'])
		role;

	SELECT trust_ledger.register_actor('anna', 'human', db_role => 'anna_login');
	SELECT trust_ledger.register_actor('ben', 'human', db_role => 'ben_login');
	SELECT trust_ledger.register_actor('carl', 'human');
	SELECT trust_ledger.register_actor('bot', 'ai', responsible => 'ben', model => 'm 1',
		db_role => 'bot_login');
	SELECT trust_ledger.register_actor('kim', 'human', speaks_for => 'customer',
		db_role => 'kim_login');

	CREATE FUNCTION invoker(call text) RETURNS void LANGUAGE plpgsql AS $$
	BEGIN
		EXECUTE 'SELECT FROM ' || call;
	END
	$$;
	CREATE FUNCTION definer(call text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
	BEGIN
		EXECUTE 'SELECT FROM ' || call;
	END
	$$;
	CREATE FUNCTION own_definer(call text) RETURNS void LANGUAGE plpgsql SECURITY DEFINER AS $$
	BEGIN
		EXECUTE 'SELECT FROM ' || call;
	END
	$$;
	ALTER FUNCTION own_definer OWNER TO anna_login;
	CREATE FUNCTION invoker_in_definer(call text) RETURNS void LANGUAGE sql SECURITY DEFINER
	BEGIN ATOMIC
		SELECT invoker(call);
	END;

	CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM invoker(NEW.call);
		RETURN NEW;
	END
	$$;
	CREATE TABLE shared_before (call text);
	CREATE TRIGGER planted BEFORE INSERT ON shared_before FOR EACH ROW EXECUTE FUNCTION planted();
	CREATE TABLE shared_after (call text);
	CREATE CONSTRAINT TRIGGER planted AFTER INSERT ON shared_after DEFERRABLE INITIALLY DEFERRED
		FOR EACH ROW EXECUTE FUNCTION planted();
	CREATE VIEW shared_view AS TABLE shared_before;
	CREATE TRIGGER planted INSTEAD OF INSERT ON shared_view FOR EACH ROW EXECUTE FUNCTION planted();

	CREATE TABLE planned (call text);
	CREATE FUNCTION run_planned() RETURNS boolean LANGUAGE plpgsql AS $$
	BEGIN
		PERFORM invoker(call) FROM planned;
		RETURN true;
	END
	$$;
	CREATE FUNCTION run_planned_by_cursor() RETURNS boolean LANGUAGE plpgsql AS $$
	DECLARE
		call text := (TABLE planned);
	BEGIN
		FOR call IN EXECUTE 'SELECT ''done'' FROM ' || call LOOP END LOOP;
		RETURN true;
	END
	$$;
	CREATE FUNCTION run_planned_quietly(integer) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$
	BEGIN
		RETURN run_planned();
	END
	$$;
	CREATE TABLE shared_default (a boolean DEFAULT run_planned());
	CREATE TABLE shared_cursor (a boolean DEFAULT run_planned_by_cursor());
	CREATE TABLE shared_check (a integer CHECK (run_planned()));
	CREATE TABLE shared_rule (a integer);
	CREATE RULE planted AS ON INSERT TO shared_rule DO ALSO SELECT run_planned();
	CREATE TABLE shared_index (a integer);
	CREATE INDEX ON shared_index (run_planned_quietly(a));
	CREATE TABLE shared_rows AS SELECT 1 AS a;
	ALTER TABLE shared_rows ENABLE ROW LEVEL SECURITY;
	CREATE POLICY planted ON shared_rows USING (run_planned());
	CREATE VIEW shared_query AS SELECT run_planned();
	-- a view that runs the client's own statement again, by which another table and function are
	-- meant then
	CREATE SCHEMA again;
	CREATE FUNCTION again.run() RETURNS text LANGUAGE plpgsql AS $$
	DECLARE
		c refcursor;
		r record;
	BEGIN
		PERFORM set_config('search_path', 'again, trust, pg_catalog, public', true);
		OPEN c FOR EXECUTE current_query();
		FETCH c INTO r;
		RETURN 'done';
	END
	$$;
	CREATE FUNCTION again.lower(text) RETURNS text LANGUAGE
		plpgsql AS $$ BEGIN RETURN run_planned(); END $$;
	CREATE SCHEMA shared;
	CREATE VIEW shared.current_promise AS SELECT again.run() AS words;
	GRANT USAGE ON SCHEMA again, shared TO PUBLIC;
	GRANT SELECT ON shared.current_promise TO PUBLIC;
	GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA public TO PUBLIC;
});

my $count = 0;

# A statement by LOGIN, in which CALL stands for a call, unless that was planted: '' or the SQLSTATE
# of its error.
sub run_as
{
	my ($login, $sql, $call) = @_;

	if (defined $call)
	{
		$sql =~ s/CALL/$call/;
		$node->safe_psql('postgres',
			"TRUNCATE planned; INSERT INTO planned VALUES (\$c\$$call\$c\$)");
	}
	my ($ret, $out, $err) = $node->psql('postgres', $sql,
		extra_params => [ defined $login ? ('-U', $login) : (), '-v', 'VERBOSITY=sqlstate' ]);

	return '' if $ret == 0;
	return $err =~ /ERROR:  (\w{5})$/m ? $1 : $err;
}

sub promise_now
{
	my $words = shift;
	return $node->safe_psql('postgres',
		"SELECT state, backer, evidence FROM trust.promise WHERE words = '$words'");
}

# A promise of the bot's, by an application: it waits for somebody to back it.
sub proposed
{
	my $words = 'words ' . ++$count;
	my $promise = $node->safe_psql('postgres',
		"SELECT promise FROM trust_ledger.make_promise('c', '$words', promiser => 'bot', " .
			"actor => 'carl')");
	return ($words, $promise);
}

# Who logs in, how the call is made, and the evidence that it gives for anna.
my @ways = (
	[ 'her own login', 'anna_login', 'SELECT FROM CALL', 'session' ],
	[ 'her own login, in a function', 'anna_login', 'SELECT invoker($c$CALL$c$)', 'session' ],
	[ 'her own login, after act_as()', 'anna_login',
		q{BEGIN; SELECT trust_ledger.act_as('anna'); SELECT FROM CALL; COMMIT}, 'session' ],
	[ 'her own login, back from SET ROLE', 'anna_login',
		'SET ROLE desk; RESET ROLE; SELECT FROM CALL', 'session' ],
	[ 'her own login, beside a view of the ledger', 'anna_login',
		'SELECT FROM trust.policy_rule, CALL', 'session' ],
	[ 'SET ROLE to a group', 'anna_login', 'SET ROLE desk; SELECT FROM CALL', 'asserted' ],
	[ 'SET ROLE to a group, prepared before', 'anna_login',
		'PREPARE p AS SELECT FROM CALL; SET ROLE desk; EXECUTE p', 'asserted' ],
	[ 'an application', 'app_login', 'SELECT FROM CALL', 'asserted' ],
	[ 'an application, SET ROLE', 'app_login', 'SET ROLE anna_login; SELECT FROM CALL',
		'asserted' ],
	[ 'a superuser', undef, 'SELECT FROM CALL', 'asserted' ],
	[ 'a superuser, SET ROLE', undef, 'SET ROLE anna_login; SELECT FROM CALL', 'asserted' ],
	[ 'a superuser, SET SESSION AUTHORIZATION', undef,
		'SET SESSION AUTHORIZATION anna_login; SELECT FROM CALL', 'asserted' ],
	[ 'a security-definer function', 'anna_login', 'SELECT definer($c$CALL$c$)', 'asserted' ],
	[ 'a security-definer function of her own', 'anna_login', 'SELECT own_definer($c$CALL$c$)',
		'asserted' ],
	[ 'a function in a security-definer function', 'anna_login',
		'SELECT invoker_in_definer($c$CALL$c$)', 'asserted' ],
	[ 'a block', 'anna_login', 'DO $b$ BEGIN PERFORM invoker($c$CALL$c$); END $b$', 'asserted' ],
	[ 'a trigger', 'anna_login', 'INSERT INTO shared_before VALUES ($c$CALL$c$)', 'asserted' ],
	[ 'a deferred trigger', 'anna_login', 'INSERT INTO shared_after VALUES ($c$CALL$c$)',
		'asserted' ],
	[ 'a trigger on a view', 'anna_login', 'INSERT INTO shared_view VALUES ($c$CALL$c$)',
		'asserted' ],
	[ 'a default', 'anna_login', 'INSERT INTO shared_default DEFAULT VALUES', 'asserted' ],
	[ 'a default, within SELECT', 'anna_login',
		'WITH w AS (INSERT INTO shared_default DEFAULT VALUES RETURNING 1) TABLE w', 'asserted' ],
	[ 'a default with a cursor', 'anna_login', 'INSERT INTO shared_cursor DEFAULT VALUES',
		'asserted' ],
	[ 'a check', 'anna_login', 'INSERT INTO shared_check VALUES (1)', 'asserted' ],
	[ 'a rule', 'anna_login', 'INSERT INTO shared_rule VALUES (1)', 'asserted' ],
	[ 'an index', 'anna_login', 'INSERT INTO shared_index VALUES (1)', 'asserted' ],
	[ 'row security', 'anna_login', 'TABLE shared_rows', 'asserted' ],
	[ 'a view', 'anna_login', 'TABLE shared_query', 'asserted' ],
	[ 'a view that runs the same statement again', 'anna_login',
		'SET search_path = shared, pg_catalog; SELECT lower(words) FROM current_promise LIMIT 1',
		'asserted' ],
);

# The evidence that policy asks for and that the call gives, and the states of a backing and of a
# promise in person.
my %becomes = (
	asserted => {
		asserted => [ ' open|anna|asserted', ' open|anna|asserted' ],
		session => [ ' open|anna|session', ' open|anna|session' ] },
	session => {
		asserted => [ 'TL002 proposed||', ' proposed||' ],
		session => [ ' open|anna|session', ' open|anna|session' ] });

foreach my $asked (sort keys %becomes)
{
	$node->safe_psql('postgres', "SELECT trust_ledger.set_policy('all', evidence => '$asked')");
	foreach my $way (@ways)
	{
		my ($name, $login, $sql, $evidence) = @$way;
		my ($back, $make) = @{ $becomes{$asked}{$evidence} };

		my ($words, $promise) = proposed();
		my $state = run_as($login, $sql, "trust_ledger.back_promise('$promise', actor => 'anna')");
		is("$state " . promise_now($words), $back, "$asked is asked for: backing, by $name");

		$words = 'words ' . ++$count;
		$state = run_as($login, $sql, "trust_ledger.make_promise('c', '$words', actor => 'anna')");
		is("$state " . promise_now($words), $make, "$asked is asked for: promising, by $name");
	}
}

# However a client sends it.
foreach my $protocol (qw(simple extended prepared))
{
	my ($words, $promise) = proposed();
	my $script = "$PostgreSQL::Test::Utils::tmp_check/$protocol.sql";

	append_to_file($script, "SELECT FROM trust_ledger.back_promise('$promise');\n");
	$node->command_ok(
		[ 'pgbench', '-n', '-t', '1', '-M', $protocol, '-U', 'anna_login', '-f', $script,
			'postgres' ],
		"backing by the $protocol protocol");
	is(promise_now($words), 'open|anna|session', 'is by her own login');
}

# An actor with a login of their own cannot be anybody else, whatever they name and however they
# call. PROMISE waits to be backed.
my $named = q{trust_ledger.back_promise('PROMISE', actor => 'anna')};
my @others = (
	[ 'bot_login', "SELECT FROM $named", 'TL003', 'a bot backs in a human\'s name' ],
	[ 'bot_login', "SELECT invoker(\$c\$$named\$c\$)", 'TL003', 'in a function' ],
	[ 'bot_login', "SELECT definer(\$c\$$named\$c\$)", 'TL003', 'in a security-definer function' ],
	[ 'bot_login', "SELECT own_definer(\$c\$$named\$c\$)", 'TL003', 'in one of that human\'s' ],
	[ 'bot_login', "INSERT INTO shared_before VALUES (\$c\$$named\$c\$)", 'TL003', 'in a trigger' ],
	[ 'bot_login', "SET ROLE app_login; SELECT FROM $named", 'TL003',
		'after SET ROLE to an application' ],
	[ 'bot_login', "SET ROLE anna_login; SELECT FROM $named", 'TL003',
		'after SET ROLE to that human' ],
	[ 'bot_login', q{SELECT trust_ledger.act_as('anna')}, 'TL003', 'act_as()' ],
	[ 'bot_login', q{SELECT FROM trust_ledger.back_promise('PROMISE')}, 'TL003',
		'a bot backs in its own name' ],
	[ 'bot_login', q{SELECT FROM trust_ledger.make_promise('c', 'WORDS', actor => 'anna')}, 'TL003',
		'a bot promises in a human\'s name' ],
	[ 'bot_login', q{SELECT FROM trust_ledger.withdraw_promise('PROMISE', actor => 'kim')}, 'TL003',
		'a bot speaks as the customer' ],
	[ 'anna_login', q{SELECT FROM trust_ledger.back_promise('PROMISE', actor => 'ben')}, 'TL003',
		'a human backs in another\'s name' ],
	[ 'anna_login', q{SELECT FROM trust_ledger.back_promise('PROMISE', actor => 'carl')}, 'TL003',
		'of one without a login too' ],
	[ 'app_login', q{SELECT FROM trust_ledger.back_promise('PROMISE')}, 'TL003',
		'an application names nobody' ],
	[ 'app_login', q{SELECT FROM trust_ledger.accept_promise('PROMISE', actor => 'kim')}, 'TL003',
		'an application speaks as a customer who has a login' ],
	[ undef, q{SELECT FROM trust_ledger.accept_promise('PROMISE', actor => 'kim')}, 'TL003',
		'so does a superuser' ],
	[ 'kim_login', q{SELECT FROM trust_ledger.back_promise('PROMISE')}, 'TL003',
		'a customer backs' ],
	[ 'nobody_login', "SELECT FROM $named", 'TL004', 'a login without a level' ],
	[ 'nobody_login', q{SELECT trust_ledger.act_as('anna')}, 'TL004', 'so it is with act_as()' ],
);

foreach my $other (@others)
{
	my ($login, $sql, $state, $name) = @$other;
	my ($words, $promise) = proposed();

	is(run_as($login, $sql =~ s/PROMISE/$promise/r), $state, "refused: $name");
	is(promise_now($words), 'proposed||', "and nobody stands behind it: $name");
}

# The customer's own login speaks for the customer.
{
	my ($words, $promise) = proposed();

	is(run_as('kim_login', "SELECT FROM trust_ledger.accept_promise('$promise')"), '',
		'a customer accepts');
	is(promise_now($words), 'open||', 'and it is open, unbacked');
	is(run_as('kim_login', "SELECT FROM trust_ledger.assess_promise('$promise', 'kept')"), '',
		'a customer gives a verdict');
	is($node->safe_psql('postgres',
		"SELECT whose_word, verdict_evidence FROM trust.promise WHERE words = '$words'"),
		'customer|session', 'by their own login');
}

# A promiser who is named is none who acts: where policy asks for nobody it is open, and unbacked.
foreach my $case ([ 'bot_login', 'anna' ], [ 'anna_login', 'ben' ], [ 'anna_login', 'bot' ])
{
	my ($login, $promiser) = @$case;

	foreach my $policy ([ 'session', 'proposed||' ], [ 'asserted', 'proposed||' ],
		[ undef, 'open||' ])
	{
		my ($asked, $becomes) = @$policy;
		my $words = 'words ' . ++$count;

		$node->safe_psql('postgres', $asked
			? "SELECT trust_ledger.set_policy('all', evidence => '$asked')"
			: "SELECT trust_ledger.drop_policy('all')");
		is(run_as($login,
			"SELECT FROM trust_ledger.make_promise('c', '$words', promiser => '$promiser')"), '',
			"$login names $promiser as promiser");
		is(promise_now($words), $becomes, 'and backs nothing, where policy asks for '
			. ($asked // 'nobody'));
	}
}

# A login goes with its actor.
$node->safe_psql('postgres', q{
	SELECT trust_ledger.set_policy('all', evidence => 'session');
	SELECT trust_ledger.retire_actor('anna')});
my ($words, $promise) = proposed();
is(run_as('anna_login', "SELECT FROM trust_ledger.back_promise('$promise')"), 'TL003',
	'a retired human backs by nobody\'s login');
is(run_as('anna_login', "SELECT FROM trust_ledger.back_promise('$promise', actor => 'anna')"),
	'TL003', 'or by their name');
is(promise_now($words), 'proposed||', 'and nobody stands behind it');

is($node->safe_psql('postgres', 'SELECT * FROM trust_ledger.verify()'), '', 'verify() is empty');

$node->stop;
done_testing();
