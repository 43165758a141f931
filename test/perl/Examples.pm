# The SQL examples of a page, run one after the other as a reader would, and what they print held
# against what the page says.
#
#	```sql            each such block is a psql script
#	-- as anna        as that login
#	-- refused: TL001 it fails, with that SQLSTATE
package Examples;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(run_examples);

# One script as that login: its exit status, what it prints, and its errors with their SQLSTATEs.
sub run_as
{
	my ($node, $db, $user, $sql) = @_;
	my ($out, $err);
	my $status = $node->psql($db, $sql,
		stdout => \$out, stderr => \$err,
		extra_params => [ '-v', 'VERBOSITY=verbose', defined $user ? ('-U', $user) : () ]);
	return ($status, $out // '', $err // '');
}

# All examples of the page; $prints: a part of an example's text => what it prints then. Returns
# [example, what it printed] for each.
sub run_examples
{
	my ($node, $db, $file, $prints) = @_;
	my (@done, %printed);

	foreach my $example (slurp_file($file) =~ /^```sql\n(.*?)^```$/msg)
	{
		my ($user) = $example =~ /^-- as (\w+)$/m;
		my ($refused) = $example =~ /^-- refused: (\w{5})$/m;
		my ($name) = $example =~ /^(?:-- .*\n)*(.*)$/m;
		my ($status, $out, $err) = run_as($node, $db, $user, $example);
		if ($refused)
		{
			like($err, qr/^(?:\S+ )?ERROR:  $refused: /m, "is refused: $name");
		}
		else
		{
			is($status, 0, "runs: $name") or diag($err);
		}
		foreach my $part (grep { index($example, $_) >= 0 } keys %$prints)
		{
			like($out, $prints->{$part}, "prints what is said: $part");
			$printed{$part} = 1;
		}
		push @done, [ $example, $out ];
	}
	is_deeply([ sort keys %printed ], [ sort keys %$prints ], 'each expectation met its example');
	return @done;
}

1;
