# The quantile of the Beta distribution, without a server: test/beta_quantile/compare.c compares it
# with R's, with a power series and with closed forms, and prints TAP.
use strict;
use warnings;

use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $program = PostgreSQL::Test::Utils::tempdir . '/compare';

command_ok(
	[   'cc', qw(-std=gnu99 -O2 -Wall -Wextra -Werror), "-I$ENV{TREE}/src", '-o', $program,
		"$ENV{TREE}/test/beta_quantile/compare.c", "$ENV{TREE}/src/score/beta_quantile.c",
			qw(-lRmath -lm) ],
	'compiles alone');

my ($out, $err) = ('', '');
my $succeeded = IPC::Run::run([$program], '<', \undef, '>', \$out, '2>', \$err,
	IPC::Run::timeout($PostgreSQL::Test::Utils::timeout_default));

my ($planned, $seen, $failed) = (0, 0, 0);
foreach my $line (split /\n/, $out)
{
	if (my ($not, $description) = $line =~ /^(not )?ok \d+ - (.*)/)
	{
		$seen++;
		$failed++ if $not;
		ok(!$not, $description);
	}
	elsif ($line =~ /^1\.\.(\d+)$/) { $planned = $1; }
	else { diag($line =~ s/^# //r); }
}
cmp_ok($seen, '>', 0, 'something was compared');
is($seen, $planned, 'and all of it to the end');
is($succeeded ? 1 : 0, $failed ? 0 : 1, 'the exit status says the same') or diag($err);

done_testing();
