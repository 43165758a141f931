# pg_upgrade: a filled ledger goes from each PostgreSQL to the next, and works as before. $OLDER
# lists where the older versions are installed with the extension, oldest first; test/pg_upgrade
# sets it.
use strict;
use warnings;

use FilledLedger;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my @installs = ((split ' ', $ENV{OLDER} // die '$OLDER: run by test/pg_upgrade'), undef);

# Of the cluster's own locale, of another, and one that stays with the extension's first version.
my @databases = qw(crm crm_c crm_first);

sub new_node
{
	my ($install) = @_;
	my $node = PostgreSQL::Test::Cluster->new($install ? 'from_' . $install =~ s/\D+//gr : 'newest',
		install_path => $install);
	$node->init(no_data_checksums => $node->pg_version >= 18, extra => [ '--encoding=UTF8',
		'--locale=C.UTF-8' ]);
	return $node;
}

sub major { return shift->pg_version =~ s/\..*//r; }

# PostgreSQL 15.20, 17.12 and their kin keep a version with each column, as an option that releases
# of before refuse: pg_upgrade to such a one fails, with a ledger or without. Debian's newest may
# lag behind its stable.
sub without_column_versions
{
	my ($old, $new) = @_;
	my ($before, $after) = map { slurp_file($_->config_data('--bindir') . '/postgres') =~
		/pg_attver/ } $old, $new;
	return if $after || !$before;
	diag($old->pg_version . ' knows column versions, ' . $new->pg_version
		. ' does not: they are left out');
	$old->safe_psql($_,
		q{UPDATE pg_attribute SET attoptions = NULL WHERE attoptions::text ~ '^{pg_attver=\d+}$'})
		foreach @databases;
	return;
}

# All of a ledger that must be the same afterwards.
sub all_of
{
	my ($node, $db) = @_;
	return {
		%{ ledger_state($node, $db) },
		findings => found($node, $db),
		guards => ask($node, $db,
			q{SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE tgname } .
			q{LIKE 'trust\_%' ORDER BY 1, 2}),
		reconciled => ask($node, $db, q{SELECT * FROM trust_ledger.reconcile_table('deal')}),
		retries => retries($node, $db),
		tracked => tracked_rows($node, $db) };
}

# What verify() finds, but for that the functions of a ledger are those of an older version.
sub found
{
	return findings(@_) =~ s/^extension\|\|\|\|version\|.*\n?//mr;
}

# Writing goes on, by calls and by the tracked table, and stays sound.
sub goes_on
{
	my ($node, $db, $how) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(past_guards($node, $db), 'TL006|72', "$how: the guards guard");
	ok(lives_on($node, $db), "$how: the next promise");
	is(ask($node, $db, <<'SQL'), "carl\nt|t", "$how: what is tracked goes on");
CREATE TEMP TABLE was AS SELECT count(*) FROM trust.entry WHERE event = 'amended';
CREATE TEMP TABLE open AS SELECT count(*) FROM deal d JOIN trust.source s ON s.key = d.id::text
	AND NOT s.gone WHERE NOT d.won;
BEGIN;
SELECT trust_ledger.act_as('carl');
UPDATE deal SET title = title || ' on';
COMMIT;
SELECT open.count > 10, (SELECT count(*) FROM trust.entry WHERE event = 'amended') = was.count +
	open.count FROM was, open;
SQL
	is(found($node, $db), '', "$how: and soundly");
	more_promises($node, $db, major($node));
	is(found($node, $db), '', "$how: every event once more");
	return;
}

my $old = new_node(shift @installs);
$old->start;
make_roles($old);
fill_ledger($old, 'crm');
fill_ledger($old, 'crm_c', q{LC_COLLATE 'C' LC_CTYPE 'C'});
fill_ledger($old, 'crm_first', '', '0.1.0');
is(found($old, $_), '', "$_ is sound to begin with") foreach @databases;

my @seen = (major($old));
foreach my $install (@installs)
{
	my $new = new_node($install);
	my ($from, $to) = (major($old), major($new));
	my %before = map { $_ => all_of($old, $_) } @databases;
	push @seen, $to;

	without_column_versions($old, $new);
	$old->stop;
	chdir $PostgreSQL::Test::Utils::tmp_check or die $!;
	$new->command_ok(
		[   'pg_upgrade', '--no-sync', '-d', $old->data_dir, '-D', $new->data_dir,
			'-b', $old->config_data('--bindir'), '-B', $new->config_data('--bindir'),
			'-s', $new->host, '-p', $old->port, '-P', $new->port ],
		"pg_upgrade from $from to $to");
	$new->start;

	foreach my $db (@databases)
	{
		is_deeply(all_of($new, $db), $before{$db}, "$db, $from to $to: nothing has changed");
		is(ask($new, $db, 'SELECT trust_ledger.migrate_ledger()', user => 'crm_owner'), '',
			"$db, $from to $to: migrate_ledger()");
		is_deeply(all_of($new, $db), $before{$db},
			"$db, $from to $to: nor does it change anything");
		goes_on($new, $db, "$db, $from to $to") unless $db eq 'crm_first';
	}
	$old = $new;
}

# The version of then becomes that of now, on a PostgreSQL that it was not made on.
# Governance gets an entry about parked changes; the others stay as they are.
my $entries = q{SELECT count(*), } .
	q{md5(string_agg(encode(hash, 'hex'), ' ' ORDER BY customer, seq)) } .
	q{FROM trust.entry WHERE customer <> '' OR event <> 'changes_recorded'};
my ($hashes, $histories) = (ask($old, 'crm_first', $entries), histories($old, 'crm_first'));
is(ask($old, 'crm_first', 'ALTER EXTENSION trust_ledger UPDATE'), '',
	'the first version is updated');
is(ask($old, 'crm_first', 'SELECT trust_ledger.migrate_ledger()', user => 'crm_owner'), '',
	'and its ledger migrated');
is(ask($old, 'crm_first', $entries), $hashes, 'to the same entries');
is(histories($old, 'crm_first'), $histories, 'and histories');
goes_on($old, 'crm_first', 'the first version, updated');
$old->stop;
is("@seen", '15 17 18', 'all of this is about the versions that we say we run on');

done_testing();
