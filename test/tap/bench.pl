# The benchmarks run, on very little data: their results mean nothing, but each is measured.
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
is_deeply([ sort @parts ], [ sort keys %rows ], 'all parts run by default');

local %ENV = (%ENV, CUSTOMERS => 200, ROUNDS => 1, TRANSACTIONS => 5, ENTRIES => 2000,
	VERIFIED => 1800, LIVES => 50,
	PROMISES => 500, UPDATED => 500, RECONCILED => 200, EVIDENCE => 5000, SHARED_BUFFERS => '64MB');
my ($out, $err);
ok(IPC::Run::run(['test/bench/run'], '>', \$out, '2>', \$err), 'the benchmarks run') or diag($out);
is($err, '', 'without errors or warnings');
my @ratios = $out =~
	/^.{46} .{46} +(\d+\.\d\d)  \d+\.\d{3}-\d+\.\d{3} +(?:at (?:least|most) [\d.]+|no limit)/mg;
is(scalar @ratios, eval { my $sum = 0; $sum += $_ foreach values %rows; $sum },
	'each result is printed');
is(scalar(grep { $_ == 0 } @ratios), 0, 'each was measured');
is(() = $out =~ /nan|inf\b/gi, 0, 'the other numbers were measured, too');

done_testing();
