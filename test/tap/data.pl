# Incident logs as promises: the real one, and a small one of our own. What is known of each comes
# out of the ledger, and how trust moved in it, as reckoned from the log itself.
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
	diag('the real incident log (../shared/data) is not here: tested with the small one of our own, test/data/sample.csv, only');
}

# Neither the server's zone nor its order of day and month is the log's; and 1 MB of buffers, as
# clusters of tests have, is not enough for this much.
my $node = PostgreSQL::Test::Cluster->new('data');
$node->init;
$node->append_conf('postgresql.conf', "shared_buffers = '64MB'\ntimezone = 'Asia/Kolkata'\ndatestyle = 'ISO, MDY'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE owner LOGIN');

my $heads = q{SELECT customer, length, head FROM trust.chain WHERE customer <> '' ORDER BY customer};

foreach my $log (@logs)
{
	my $name = $log->{name};
	my $as_owner = $node->connstr($name) . ' user=owner';
	my $ask = sub { $node->safe_psql($name, shift, connstr => $as_owner) };
	my @file = ('psql', '-Xq', '-v', "data=$name", '-d', $as_owner, '-f');

	# Nobody is a superuser but who installs the extension.
	$node->safe_psql('postgres', "CREATE DATABASE $name OWNER owner");
	$node->safe_psql($name, 'CREATE EXTENSION trust_ledger');
	$ask->('SELECT trust_ledger.create_ledger()');

	my $start = time;
	command_ok([ 'test/data/load', $log->{file}, '-d', $as_owner ], "$name: loads");
	my $seconds = time - $start;
	my $entries = $ask->(q{SELECT count(*) FROM trust.entry WHERE customer <> ''});
	diag(sprintf '%s: %d entries in %.1f s', $name, $entries, $seconds);

	foreach my $of (qw(facts trend))
	{
		my ($facts, $stderr) = run_command([ @file, "test/data/$of.sql", '-At', '-F', '|' ]);
		my @facts = map { [ split /\|/ ] } split /\n/, $facts;
		is($stderr, '', "$name: $of.sql runs");
		cmp_ok(scalar @facts, '>', 20, "$name: $of.sql has facts");
		is($_->[2], $_->[1], "$name: " . $_->[0] =~ s{^ +}{}r) foreach @facts;
	}

	is($ask->('SELECT * FROM trust_ledger.verify()'), '', "$name: verify() finds nothing");
	is($ask->(q{SELECT role FROM trust.access_level WHERE level = 'import'}), '',
		"$name: the level import is gone again");

	my %tables = (
		human_backing => 'kept with a human behind it and without',
		by_month => 'how trust moved');
	foreach my $file (sort keys %tables)
	{
		my ($table, $stderr) = run_command([ @file, "test/data/$file.sql" ]);
		is($stderr, '', "$name: $file.sql runs");
		diag("$name: $tables{$file}\n$table");
	}

	if ($name eq 'sample')
	{
		my $before = $ask->($heads);
		command_ok([ 'test/data/load', $log->{file}, '-d', $as_owner ], "$name: loads again");
		is($ask->($heads), $before, "$name: nothing is entered twice");
	}
}

$node->stop;
done_testing();
