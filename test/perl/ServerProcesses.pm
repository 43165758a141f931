# The processes of a server, and how to kill them.
#
#	postmaster($node)           its process id
#	children($node)             process id => its title
#	wait_for_end($seconds, @)   the process ids that are still there after that
#	kill_server($node)          kill -9 of all of them at once
#	query($node, $sql)          the answer; nothing if there is none
#	is_back($node, $sql)        waits until the query returns true; by default, until the server
#	                            answers
package ServerProcesses;

use strict;
use warnings;

use Exporter 'import';
use IPC::Run;
use PostgreSQL::Test::Utils;
use Time::HiRes qw(time usleep);

our @EXPORT = qw(postmaster children wait_for_end kill_server query is_back);

sub postmaster { return (slurp_file($_[0]->data_dir . '/postmaster.pid') =~ /^(\d+)/)[0] }

sub children
{
	my $parent = postmaster($_[0]);
	my %children;

	foreach my $file (glob '/proc/[0-9]*/stat')
	{
		open my $stat, '<', $file or next;    # gone meanwhile
		my $line = <$stat> // '';
		next unless $line =~ /^(\d+) \(.*\) \S (\d+) / && $2 == $parent;
		my $pid = $1;
		open my $title, '<', "/proc/$pid/cmdline" or next;
		$children{$pid} = <$title> // '';
	}
	return %children;
}

# A process is gone when its parent has noticed it, too: before that a new server takes it for
# alive.
sub wait_for_end
{
	my ($seconds, @pids) = @_;
	my $end = time + $seconds;
	usleep(10_000) while time < $end && grep { kill 0, $_ } @pids;
	return grep { kill 0, $_ } @pids;
}

# A process that waits for a lock of a killed one would wait forever, with the shared memory that
# the next server needs. A stopped postmaster starts no more processes.
sub kill_server
{
	my ($node) = @_;
	my $postmaster = postmaster($node);
	kill 'STOP', $postmaster;
	my %children = children($node);
	kill 'KILL', keys %children, $postmaster;
	wait_for_end(10, $postmaster, keys %children);
	$node->kill9;
	return;
}

# psql gets the query as an argument: without a server it ends before it reads its input.
sub query
{
	my ($node, $sql) = @_;
	my ($said, $complained) = ('', '');
	IPC::Run::run([ 'psql', '-XAtq', '-d', $node->connstr('postgres'), '-c', $sql ], '<', \undef,
		'>', \$said, '2>', \$complained);
	chomp $said;
	return $said;
}

sub is_back
{
	my ($node, $sql) = @_;
	my $deadline = time + $PostgreSQL::Test::Utils::timeout_default;
	while (time < $deadline)
	{
		return 1 if query($node, $sql // 'SELECT true') eq 't';
		usleep(50_000);
	}
	return 0;
}

1;
