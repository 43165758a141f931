# Incident logs as promises: the real one, and a small one made up. The ledger has the facts that
# are known of each log, and the trends that are computed from the log itself, whether the log is
# loaded by functions or by a tracked table.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my @logs = ({ name => 'sample', file => 'test/data/sample.csv' });
my $real = "$ENV{DATA}/incident_event_log.csv.xz";
if ($ENV{DATA} && -e $real)
{
	push @logs, { name => 'log', file => $real };
}
else
{
	diag('the real incident log (../shared/data) is not here: tested with the small one of our ' .
		'own, test/data/sample.csv, only');
}

# Neither the server's zone nor its order of day and month is the log's; and 1 MB of buffers, as
# clusters of tests have, is not enough for this much.
my $node = PostgreSQL::Test::Cluster->new('data');
$node->init;
$node->append_conf('postgresql.conf',
	"shared_buffers = '64MB'\ntimezone = 'Asia/Kolkata'\ndatestyle = 'ISO, MDY'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE owner LOGIN');

my $heads = q{SELECT customer, length, head FROM trust.chain WHERE customer <> '' ORDER } .
	q{BY customer};

# A database with a ledger. Nobody is a superuser but who installs the extension.
sub new_ledger
{
	my ($database) = @_;

	$node->safe_psql('postgres', "CREATE DATABASE $database OWNER owner");
	$node->safe_psql($database, 'CREATE EXTENSION trust_ledger');
	ask($database, 'SELECT trust_ledger.create_ledger()');
	return;
}

sub as_owner { return $node->connstr(shift) . ' user=owner' }

sub ask
{
	my ($database, $query) = @_;

	return $node->safe_psql($database, $query, connstr => as_owner($database));
}

# test/data/load, and how long it took
sub load
{
	my ($database, @arguments) = @_;
	my $start = time;

	command_ok([ 'test/data/load', @arguments, '-d', as_owner($database) ], "$database: loads");
	return time - $start;
}

sub run_file
{
	my ($database, $file, @options) = @_;
	my ($stdout, $stderr) = run_command([ 'psql', '-Xq', '-d', as_owner($database), '-f',
		"test/data/$file.sql", @options ]);

	is($stderr, '', "$database: $file.sql runs");
	return $stdout;
}

sub rows_of { return map { [ split /\|/ ] } split /\n/, run_file(@_, '-At', '-F', '|') }

sub check_facts
{
	my ($database, $file, @variables) = @_;
	my @facts = rows_of($database, $file, map { ('-v', $_) } @variables);

	cmp_ok(scalar @facts, '>', 10, "$database: $file.sql has facts");
	is($_->[2], $_->[1], "$database: " . $_->[0] =~ s{^ +}{}r) foreach @facts;
	return;
}

sub check_verified
{
	my ($database) = @_;

	is(ask($database, 'SELECT * FROM trust_ledger.verify()'), '',
		"$database: verify() finds nothing");
	is(ask($database, q{SELECT role FROM trust.access_level WHERE level = 'import'}), '',
		"$database: the level import is gone again");
	return;
}

# By the functions.
foreach my $log (@logs)
{
	my $name = $log->{name};

	new_ledger($name);
	my $seconds = load($name, $log->{file});
	my $entries = ask($name, q{SELECT count(*) FROM trust.entry WHERE customer <> ''});
	diag(sprintf '%s: %d entries in %.1f s', $name, $entries, $seconds);

	check_facts($name, 'facts', "data=$name");
	check_facts($name, 'trend', "data=$name");
	check_verified($name);

	my %tables = (
		human_backing => 'kept with a human behind it and without',
		by_month => 'how trust moved');
	foreach my $file (sort keys %tables)
	{
		my $table = run_file($name, $file);
		diag("$name: $tables{$file}\n$table");
	}

	if ($name eq 'sample')
	{
		my $before = ask($name, $heads);
		load($name, $log->{file});
		is(ask($name, $heads), $before, "$name: nothing is entered twice");
	}
}

# By a tracked table: the same.
foreach my $log (@logs)
{
	my $name = $log->{name};
	my $tracked = "${name}_tracked";

	new_ledger($tracked);
	my $seconds = load($tracked, '-t', $log->{file});
	my ($events, $rows) = split /\|/, ask($tracked,
		'SELECT (SELECT count(*) FROM incident_log.event), (SELECT count(*) FROM crm.incident)');
	diag(sprintf '%s: %d events of %d rows in %.1f s, %d a second', $tracked, $events, $rows,
		$seconds, $events / $seconds);

	check_facts($tracked, 'facts', "data=$name", 'way=tracked');
	check_facts($tracked, 'tracked_facts', "data=$name");
	check_verified($tracked);

	my ($by_functions, $by_table) = map { my $database = $_;
		+{ map { (shift @$_ => "@$_") } rows_of($database, 'promise_events') } } $name, $tracked;
	is(scalar keys %$by_table, $rows, "$tracked: promise_events.sql has every incident");
	my @differing = grep { ($by_functions->{$_} // '') ne ($by_table->{$_} // '') }
		sort keys %{ { %$by_functions, %$by_table } };
	is(scalar @differing, 0, "$tracked: each promise has been through the same as by the functions")
		or diag("not so, among others: @{[ grep { defined } @differing[ 0 .. 9 ] ]}");

	if ($name eq 'sample')
	{
		my $before = ask($tracked, $heads);
		command_fails([ 'test/data/load', '-t', $log->{file}, '-d', as_owner($tracked) ],
			"$tracked: is not played twice");
		is(ask($tracked, $heads), $before, "$tracked: nothing is entered twice");
		is(ask($tracked, q{
			BEGIN;
			ALTER TABLE crm.incident DISABLE TRIGGER trust_ledger_002_amended;
			UPDATE crm.incident SET category = 'another' WHERE number = '0000001';
			SELECT what, key FROM trust_ledger.reconcile_table('crm.incident');
			ROLLBACK;
		}), "trigger_disabled|\nterms_differ|0000001",
			"$tracked: reconcile_table() sees what the ledger was not told");
	}
}

$node->stop;
done_testing();
