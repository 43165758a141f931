# The build works in parallel, builds only what is needed, and forgets nothing. In a copy of the
# checkout.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

my $copy = PostgreSQL::Test::Utils::tempdir;
system_or_bail('cp', '-r', "$ENV{TREE}/.", $copy);
chdir $copy or die "$copy: $!";
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};

# What make would compile, and all that it would do, if FILE were newer.
sub plan_for
{
	my ($plan) = run_command([ 'make', '-n', '-W', shift ]);
	return ([ sort $plan =~ /-c -o \S+ (\S+)$/mg ], $plan);
}

my @sources = sort glob 'src/*.c src/*/*.c';

# The first of each folder: one rule makes all of a kind.
sub first_of_each
{
	my %seen;
	return grep { !$seen{s{[^/]*$}{}r}++ } sort map { glob } @_;
}

# -O0: what the compiler says at -O2 was heard when what is tested here was built.
command_ok([ 'make', '-s', '-j2', 'PG_CFLAGS=-O0' ], 'builds in parallel');
command_ok([ 'make', '-q' ], 'and then has nothing more to do');

foreach my $header (first_of_each('src/*.h', 'src/*/*.h'))
{
	my ($compiled) = plan_for($header);
	is_deeply($compiled, \@sources, "$header: everything is compiled again");
}
foreach my $source (first_of_each(@sources))
{
	my ($compiled) = plan_for($source);
	is_deeply($compiled, [$source], "$source: it alone is compiled again");
}
foreach my $sql (first_of_each('sql/*/*.sql'))
{
	my ($compiled, $plan) = plan_for($sql);
	is_deeply($compiled, [], "$sql: nothing is compiled");
	like($plan, qr/trust_ledger--/, "$sql: the script is assembled again");
}

append_to_file('sql/score/forgotten.sql', "SELECT 1;\n");
command_fails_like(['make'], qr{leaves out sql/score/forgotten\.sql},
	'a file in sql/ that the Makefile does not name is an error');

done_testing();
