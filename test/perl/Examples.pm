# The SQL examples of a page, run one after the other as a reader would, and their output compared
# with the page.
#
#	```sql            each such block is a psql script
#	-- as anna        it runs in a session of that login
#	-- refused: TL001 it fails, with that SQLSTATE
#	```text           directly after it: what psql prints. Without a line of dashes, its lines
#	                  may be broken anywhere, and columns are separated by spaces
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
	my ($node, $db, $user, $sql, @options) = @_;
	my ($out, $err);
	my @params = ('-v', 'VERBOSITY=verbose', defined $user ? ('-U', $user) : (), @options);
	my $status = $node->psql($db, $sql, stdout => \$out, stderr => \$err, extra_params => \@params);
	return ($status, $out // '', $err // '');
}

# What is the same in each run: other uuids, hashes, dates and times are as good.
sub comparable
{
	my ($text, $is_table) = @_;
	$text =~ s/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/uuid/g;
	$text =~ s/(?:\\x|(?<!\.)\b)(?=[0-9a-f]*\d)[0-9a-f]{16,}\b/hash/g;
	$text =~ s/\b\d{4}-\d\d-\d\d\b/date/g;
	$text =~ s/\b\d\d:\d\d(?::\d\d(?:[.]\d+)?)?(?:[-+]\d\d)?/time/g;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\s+/ /g unless $is_table;
	return $text =~ s/^\s*\n|\s+\z//gr;
}

# All examples of the page; $prints: a part of an example's text => what it prints then. Returns
# [example, what it printed] for each.
sub run_examples
{
	my ($node, $db, $file, $prints) = @_;
	my (@done, %printed);

	my $page = slurp_file($file);
	while ($page =~ /^```sql\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?/msg)
	{
		my ($example, $shown) = ($1, $2);
		my ($user) = $example =~ /^-- as (\w+)$/m;
		my ($refused) = $example =~ /^-- refused: (\w{5})$/m;
		my ($name) = $example =~ /^(?:-- .*\n)*(.*)$/m;
		my $is_table = defined $shown && $shown =~ /^[-+]+$/m;
		my ($status, $out, $err) = run_as($node, $db, $user, $example,
			$is_table ? map { ('-P', $_) } qw(format=wrapped columns=100 tuples_only=off)
			: defined $shown ? ('-F', ' ')
			: ());
		if ($refused)
		{
			like($err, qr/^(?:\S+ )?ERROR:  $refused: /m, "$file: is refused: $name");
		}
		else
		{
			is($status, 0, "$file: runs: $name") or diag($err);
		}
		if (defined $shown)
		{
			is(comparable($out, $is_table), comparable($shown, $is_table),
				"$file: prints what is shown: $name")
			  or diag("it printed:\n$out");
		}
		foreach my $part (grep { index($example, $_) >= 0 } keys %$prints)
		{
			like($out, $prints->{$part}, "$file: prints what is said: $part");
			$printed{$part} = 1;
		}
		push @done, [ $example, $out ];
	}
	is_deeply([ sort keys %printed ], [ sort keys %$prints ],
		"$file: each expectation met its example");
	return @done;
}

1;
