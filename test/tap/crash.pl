# kill -9 of a backend or of the whole server, under load: what was acknowledged is there after
# recovery, verify() is empty, and a call that got no answer can be made again under its key.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $rounds = 10;
my $clients = 4;
my $customers = 3;

my $node = PostgreSQL::Test::Cluster->new('crash');
$node->init;
# A lazy WAL writer: nothing but the commits themselves brings their entries to disk.
$node->append_conf('postgresql.conf', <<'EOF');
synchronous_commit = on
wal_writer_delay = 10s
restart_after_crash = on
EOF
$node->start;

$node->safe_psql('postgres', q{
	CREATE EXTENSION trust_ledger;
	SELECT trust_ledger.create_ledger();
	SELECT * FROM trust_ledger.register_actor('anna', 'human');
	SELECT * FROM trust_ledger.register_actor('bot', 'ai', responsible => 'anna', model => 'm 1');
	SELECT * FROM trust_ledger.set_policy('humans back', evidence => 'asserted');
	CREATE TABLE acknowledged (key text, promise uuid, customer text, seq bigint, hash text);
});

# A client's call number N in a round, for psql: it makes a promise, backs it, erases its words, and
# so on. What it prints when it has the receipt is what the client remembers.
sub call
{
	my ($round, $client, $n) = @_;
	my $key = "$round.$client.$n";
	my $customer = 'c' . (int(($n - 1) / 3) + $client) % $customers;
	my $call = (
		"make_promise('$customer', 'words of $key', actor => 'bot'",
		"back_promise(:'promise', actor => 'anna'",
		"erase_words(:'promise'::uuid, 'asked in $key'")[ ($n - 1) % 3 ];

	return <<"EOF";
SELECT promise, customer, seq, encode(hash, 'hex') AS hash FROM trust_ledger.$call, idempotency_key => '$key') \\gset
\\echo $key :promise :customer :seq :hash
EOF
}

sub receipts { return "$PostgreSQL::Test::Utils::tmp_check/receipts.$_[0].$_[1]" }

# More calls than anybody gets through before the server dies.
sub start_client
{
	my ($round, $client) = @_;
	my $script = "$PostgreSQL::Test::Utils::tmp_check/calls.$client.sql";

	unlink $script;
	append_to_file($script, join '', map { call($round, $client, $_) } 1 .. 10_000);
	return IPC::Run::start(
		[ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-f', $script, '-d', $node->connstr('postgres') ],
		'<', \undef, '>', receipts($round, $client), '2>', '/dev/null');
}

sub backends
{
	return split /\n/, $node->safe_psql('postgres', q{
		SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()});
}

sub children
{
	my ($parent) = @_;
	my @children;

	foreach my $file (glob '/proc/[0-9]*/stat')
	{
		open my $stat, '<', $file or next;    # gone meanwhile
		my $line = <$stat> // '';
		push @children, $1 if $line =~ /^(\d+) \(.*\) \S (\d+) / && $2 == $parent;
	}
	return @children;
}

my %kill = (
	'a backend is killed' => sub {
		my ($one) = backends();
		kill 'KILL', $one;
	},
	# All of it: a process that waits for a lock which a killed one held would wait for ever, with
	# the shared memory that the next server needs. A stopped postmaster starts no more of them.
	'the server is killed' => sub {
		my ($postmaster) = slurp_file($node->data_dir . '/postmaster.pid') =~ /^(\d+)/;
		kill 'STOP', $postmaster;
		my @children = children($postmaster);
		$node->kill9;
		kill 'KILL', @children;
	});

# Not before the last process of the old server has let go of its shared memory.
sub recover
{
	my $how = shift;

	if ($how eq 'the server is killed')
	{
		for (my $tries = 0; $tries < 300 && !$node->start(fail_ok => 1); $tries++)
		{
			usleep(100_000);
			$node->stop('fast', fail_ok => 1);
		}
	}
	return $node->poll_query_until('postgres', 'SELECT true');
}

# The call that got no answer, made again; and the last that got one, which gets it again.
sub retry
{
	my ($round, $client) = @_;
	my $file = receipts($round, $client);
	my @lines = split /\n/, slurp_file($file);
	my (undef, $promise) = split / /, $lines[-1];
	my ($last, $next) = map {
		$node->safe_psql('postgres', "\\set promise $promise\n" . call($round, $client, $_))
	} scalar @lines, @lines + 1;

	append_to_file($file, "$next\n");
	$node->safe_psql('postgres', "COPY acknowledged FROM '$file' (DELIMITER ' ')");
	return (scalar @lines, $last eq $lines[-1] ? 0 : 1);
}

my %checks = (
	'each acknowledged receipt has its entry' => q{
		SELECT a.* FROM acknowledged a
		WHERE NOT EXISTS (SELECT FROM trust.entry e WHERE e.customer = a.customer AND e.seq = a.seq
			AND e.promise = a.promise AND encode(e.hash, 'hex') = a.hash AND e.idempotency_key = a.key)},
	'no call took effect twice' => q{
		SELECT customer, seq FROM trust.entry e
		WHERE customer <> '' AND NOT EXISTS (SELECT FROM acknowledged a WHERE a.customer = e.customer AND a.seq = e.seq)},
	'erased altogether or not at all' => q{
		SELECT customer, seq FROM trust.entry e JOIN trust.promise p USING (customer, promise) WHERE event = 'made'
			AND (e.words IS NULL, e.words_salt IS NULL, e.request_salt IS NULL, p.words IS NULL) <> (
				SELECT b, b, b, b FROM (SELECT EXISTS (SELECT FROM trust.entry x WHERE x.promise = e.promise AND x.event = 'erased') AS b) AS x)},
	'verify() is empty' => 'SELECT * FROM trust_ledger.verify()',
);

foreach my $round (1 .. $rounds)
{
	my $how = (sort keys %kill)[ $round % 2 ];
	my @jobs = map { start_client($round, $_) } 1 .. $clients;

	foreach my $client (1 .. $clients)
	{
		usleep(10_000) until -s receipts($round, $client) || !$jobs[ $client - 1 ]->pumpable;
	}
	usleep(rand 200_000);
	$kill{$how}->();
	$_->finish foreach @jobs;
	ok(recover($how), "round $round: $how, and the server is back");

	my ($acknowledged, $otherwise) = (0, 0);
	foreach my $client (1 .. $clients)
	{
		my ($lines, $differs) = retry($round, $client);
		$acknowledged += $lines;
		$otherwise += $differs;
	}
	cmp_ok($acknowledged, '>=', $clients, "round $round: under load");
	is($otherwise, 0, "round $round: a call made again gets the receipt that it got");
	is($node->safe_psql('postgres', $checks{$_}), '', "round $round: $_") foreach sort keys %checks;
	note("$acknowledged acknowledged");
}

$node->stop;
done_testing();
