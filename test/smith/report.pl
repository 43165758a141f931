# test/smith/report.pl DIR: what test/smith/run left there, in tables; fails if something is wrong.
# "returned" counts calls without an error, those from other functions too; of aggregates, only
# their transition functions are counted.
use strict;
use warnings;

use List::Util qw(max sum0);

my ($dir) = @ARGV;
my $amiss = 0;

# Internal errors that are PostgreSQL's own and no concern of ours.
my @known = map { qr/$_/ } grep { !/^#/ && /\S/ } split /\n/, contents('test/smith/known');

sub contents
{
	my ($file) = @_;
	open my $in, '<', $file or die "$file: $!\n";
	local $/ = undef;
	return <$in> // '';
}

# Lines "name number" of files, added up.
sub sums
{
	my %sum;
	foreach my $file (@_)
	{
		my $lines = contents($file);
		$sum{$1} += $2 while $lines =~ /^(\S+) (\d+)$/mg;
	}
	return \%sum;
}

my $named = sums(glob "$dir/named.*");
my $called = sums(glob "$dir/called.*");
my $after_smith = sums("$dir/answered.smith");
my $after_calls = sums("$dir/answered.calls");

printf "sqlsmith: %d queries, %d of which name functions of trust_ledger; calls: %d\n\n",
	$named->{-queries}, $named->{-ours}, sum0(values %$called);

printf "%-28s %12s %12s %12s %12s\n", 'function', 'in queries', 'returned', 'in calls', 'returned';
my @never;
foreach my $name (split /\n/, contents("$dir/routines"))
{
	my ($smith, $all) = ($after_smith->{$name} // 0, $after_calls->{$name} // 0);
	printf "%-28s %12d %12d %12d %12d\n", $name, $named->{$name} // 0, $smith, $called->{$name}
		// 0, $all - $smith;
	push @never, $name if !$named->{$name} && !$called->{$name};
}
if (@never)
{
	print "never called: @never\n";
	$amiss++;
}

# The server's log: errors by SQLSTATE, what is internal by its message, memory by session.
my (%errors, %internal, %memory, @crashes);
open my $log, '<', "$dir/server/log" or die "$dir/server/log: $!\n";
while (<$log>)
{
	push @crashes, $_
		if /was\ terminated\ by\ signal|PANIC:|TRAP:|unrecognized\ node|cache\ lookup\ failed
			|WARNING:.*\ leak/x && !/STATEMENT:/;
	if (my ($state, $message) = /^(\w{5}) \d+ \S* ?(?:ERROR|FATAL):  (.*)/)
	{
		$errors{$state}++ if $state ne '25P02';	# what follows upon an error in a transaction
		$internal{ $message =~ s/\d+/0/gr }++ if $state =~ /^XX|^58/;
	}
	if (my ($pid, $total, $used) = /^\w{5} (\d+) .*Grand total: (\d+) bytes in .*; (\d+) used/)
	{
		push @{ $memory{$pid} }, [ $total, $used ];
	}
}

print "\nerrors by SQLSTATE:\n";
printf "%8d %s\n", $errors{$_}, $_ for sort { $errors{$b} <=> $errors{$a} || $a cmp $b }
	keys %errors;

print "\ninternal errors:\n";
foreach my $message (sort { $internal{$b} <=> $internal{$a} } keys %internal)
{
	my $is_known = grep { $message =~ $_ } @known;
	printf "%8d %s%s\n", $internal{$message}, $message, $is_known ? ' (known)' : '';
	$amiss++ unless $is_known;
}

print "\nmemory of sessions, in KB, second and last measurement, and the most:\n";
foreach my $pid (sort { $a <=> $b } keys %memory)
{
	my @used = map { $_->[1] / 1024 } @{ $memory{$pid} };
	next if @used < 4;
	my $grew = $used[-1] - $used[1] > 32 * 1024;
	printf "%8d: %6d measurements, %8d %8d %8d%s\n", $pid, scalar @used, $used[1], $used[-1],
		max(@used), $grew ? ' (too much)' : '';
	$amiss++ if $grew;
}

if (@crashes)
{
	print "\nthe server's log says this:\n", @crashes;
	$amiss++;
}
if (my $findings = contents("$dir/findings"))
{
	print "\nverify() says this:\n$findings";
	$amiss++;
}
exit($amiss ? 1 : 0);
