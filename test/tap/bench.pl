# The benchmark runs, on next to nothing: what they measure means nothing then, and is
# measured all the same.
use strict;
use warnings;
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $script = slurp_file('test/bench/run');
my ($part, %rows);
foreach my $line (split /\n/, $script)
{
	$part = $1 if $line =~ /^(\w+)\(\) \{$/;
	$rows{$part}++ if $line =~ /^\trow /;
}
delete $rows{base};    # needs the history of this checkout
my @parts = split / /, ($script =~ /^\(\(\$#\)\) \|\| set -- (.*)$/m)[0];
is_deeply([ sort @parts ], [ sort keys %rows ], 'all parts are run unless some are named');

local %ENV = (%ENV, CUSTOMERS => 200, ROUNDS => 1, TRANSACTIONS => 5, ENTRIES => 2000, VERIFIED => 1800, LIVES => 50,
	PROMISES => 500, UPDATED => 500, EVIDENCE => 5000, SHARED_BUFFERS => '64MB');
my ($out, $err);
ok(IPC::Run::run(['test/bench/run'], '>', \$out, '2>', \$err), 'they run') or diag($out);
is($err, '', 'and complain of nothing');
my @ratios = $out =~ /^.{46} .{46} +(\d+\.\d\d)  \d+\.\d{3}-\d+\.\d{3} +(?:at (?:least|most) [\d.]+|no limit)/mg;
is(scalar @ratios, eval { my $sum = 0; $sum += $_ foreach values %rows; $sum }, 'each row is printed');
is(scalar(grep { $_ == 0 } @ratios), 0, 'and was measured');
is(() = $out =~ /nan|inf\b/gi, 0, 'so were the numbers below');

done_testing();
