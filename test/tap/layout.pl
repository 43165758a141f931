# The layout of the code: which folder may use which, one name for a concept in src/, sql/ and
# test/pgtap/, and how long files may be.
use strict;
use warnings;

use Encode;
use PostgreSQL::Test::Utils;
use Test::More;

# A folder uses itself and the folders before it. analysis and tracking do not use each other.
my %uses = (common => [], base => ['common'], score => [qw(common base)]);
$uses{ledger} = [ @{ $uses{score} }, 'score' ];
$uses{governance} = [ @{ $uses{ledger} }, 'ledger' ];
$uses{promise} = [ @{ $uses{governance} }, 'governance' ];
$uses{tracking} = $uses{analysis} = [ @{ $uses{promise} }, 'promise' ];
$uses{verify} = [ @{ $uses{tracking} }, 'tracking' ];

# Files of SQL without a counterpart in C, and why.
my %sql_only = (
	'analysis/analysis' => 'views',
	'analysis/score_views' => 'views',
	'governance/rights' => 'the last statements of the script: who may call what',
	'ledger/create' => 'calls what creates the tables of each folder',
	'ledger/migrate' => 'calls what migrates the tables of each folder',
	'ledger/schema' => 'the schema of the extension itself',
	'ledger/views' => 'calls what creates the views of each folder',
	'tracking/mapped_triggers' => 'the triggers of a mapping are made in SQL',
	'tracking/reconcile' => 'comparing rows with promises is one query',
	'verify/structure' => 'a list of columns, constraints and indexes',
	'verify/check_structure' => 'comparing catalogs with that list is one query');

# Files of SQL that tests of another name test.
my %tested_by = (
	'analysis/promise_exceptions' => 'pgtap/analysis/exceptions.sql',
	'governance/adoption' => 'tap/adoption.pl',
	'governance/settings' => 'pgtap/ledger/ledger.sql',
	'ledger/create' => 'pgtap/ledger/ledger.sql',
	'ledger/entry' => 'pgtap/ledger/chain.sql',
	'ledger/migrate' => 'tap/upgrade.pl',
	'ledger/views' => 'pgtap/ledger/schema.sql',
	'promise/promise' => 'pgtap/promise/lifecycle.sql',
	'verify/table_format' => 'tap/upgrade.pl',
	'promise/promise_source' => 'pgtap/tracking/track_trigger.sql',
	'tracking/condition' => 'pgtap/tracking/tracking_admin.sql',
	'tracking/mapped_row' => 'pgtap/tracking/import.sql',
	'tracking/mapped_triggers' => 'pgtap/tracking/tracking_admin.sql',
	'tracking/trigger_catalog' => 'pgtap/tracking/tracking_admin.sql',
	'verify/check_structure' => 'pgtap/verify/structure.sql',
	'verify/digest' => 'tap/format.pl');

# Tests that are not of one concept, and what they are about.
my %tests_only = (
	'analysis/random_ledger_scores' => 'all scores, against plain SQL',
	'analysis/two_instants' => 'verdicts in every order, by every speaker',
	'ledger/nested_calls' => 'user code that calls functions while one runs',
	'promise/broken_stays_in_score' => 'pairs of all functions',
	'promise/unknown_promise' => 'all functions with a promise that does not exist',
	'score/score_aggregate' => 'the aggregates of score',
	'score/score_order' => 'the operators and operator classes of score',
	'tracking/error_context' => 'the context of all errors',
	'tracking/nested_calls' => 'user code that changes rows while rows are written',
	'tracking/random_row_changes' => 'random changes, against the same by functions',
	'tracking/status_changes' => 'a status column as applications use it');

# SQL that calls what other folders create.
my %composes = map { ("sql/$_.sql" => 1) }
  qw(ledger/create ledger/migrate ledger/views governance/adoption);

my %longest_file = (c => 450, h => 450, sql => 350);
my $longest_line = 100;

sub folder { return (split m{/}, shift)[1] }
sub may_use { my ($from, $to) = @_; return $from eq $to || grep { $_ eq $to } @{ $uses{$from} } }

my @c = sort(glob('src/*/*.[ch]'));
my @sql = sort(glob('sql/*/*.sql'));
is(join("\n", grep { !$uses{ folder($_) } } @c, @sql), '',
	'every file is in a folder that is known here');

my @upwards;
foreach my $file (@c)
{
	foreach my $included (slurp_file($file) =~ /^#include "(\w+)\/\w+\.h"/mg)
	{
		push @upwards, "$file includes $included/" if $uses{$included} && !may_use(folder($file),
			$included);
	}
}
is(join("\n", @upwards), '', 'no file in C includes a header of a folder that it may not use');

# Functions by the folder that creates them; PostgreSQL checks bodies when they are called.
my %made_in;
foreach my $file (@sql)
{
	push @{ $made_in{$_} }, folder($file) foreach slurp_file($file) =~
		/^CREATE (?:FUNCTION|PROCEDURE) trust_ledger\.(\w+)/mg;
}
my @calls;
foreach my $file (grep { !$composes{$_} } @sql)
{
	my $sql = slurp_file($file) =~ s/^\s*--.*$//mgr;
	$sql =~ s/^COMMENT ON .*?;$//msg;
	my %called = map { $_ => 1 } $sql =~ /\btrust_ledger\.(\w+)\(/g;
	foreach my $name (sort grep { $made_in{$_} } keys %called)
	{
		push @calls, "$file calls $name() of $made_in{$name}[0]/"
		  unless grep { may_use(folder($file), $_) } @{ $made_in{$name} };
	}
}
is(join("\n", @calls), '', 'no SQL calls a function of a folder that it may not use');

# One concept, one name: a file of sql/ has its counterpart in src/, and a test; so has a test.
my @nameless;
foreach my $file (@sql)
{
	my ($concept) = $file =~ m{^sql/(.*)\.sql$};
	push @nameless, "$file: no src/$concept.c" unless -e "src/$concept.c" || $sql_only{$concept};
}
is(join("\n", @nameless), '',
	'a concept has the same name in sql/ and src/, or a reason why it has no C');
is(join("\n", grep { !-e "sql/$_.sql" } sort keys %sql_only), '',
	'reasons are given for files that exist');

my @untested = grep { !-e "test/pgtap/$_.sql" && !-e 'test/' . ($tested_by{$_} // '-') }
  map { m{^sql/(.*)\.sql$} } @sql;
is(join("\n", @untested), '', 'a concept has a test of its name, or it is said which test it has');
my @tests = map { m{^test/pgtap/(.*)\.sql$} } glob 'test/pgtap/*/*.sql';
is(join("\n", grep { !-e "sql/$_.sql" && !-e "src/$_.c" && !$tests_only{$_} } @tests), '',
	'a test has the name of a concept, or it is said what it is about');
is(join("\n", (grep { !-e "sql/$_.sql" || -e "test/pgtap/$_.sql" } sort keys %tested_by),
	grep { !-e "test/pgtap/$_.sql" } sort keys %tests_only), '',
	'no such remark is needless');

my @long_files;
my $generated = 'src/verify/shipped.h';
foreach my $file (grep { $_ ne $generated } @c, @sql)
{
	my $lines = () = slurp_file($file) =~ /\n/g;
	push @long_files, "$file: $lines lines" if $lines > $longest_file{ $file =~ s/.*\.//r };
}
is(join("\n", @long_files), '', 'no file is too long');

# Not wrapped: generated code, rows as a server stored them, psql's commands, which cannot have
# several lines, and the steps of isolation specs, whose text stands in the expected output too.
my @long_lines;
foreach my $file (grep { !m{^(?:$generated|test/data/requests\.sql)$} } @c, @sql,
	map { glob "test/$_" } qw(pgtap/*/*.sql helpers/*.sql data/*.sql bench/*.sql demo/*.sql
	smith/*.sql tap/*.pl tap/*/*.pl perl/*.pm fuzz/*.c))
{
	my $nr = 0;
	foreach my $line (split /\n/, decode('UTF-8', slurp_file($file)))
	{
		$nr++;
		1 while $line =~ s/^([^\t]*)\t/$1 . ' ' x (4 - length($1) % 4)/e;
		push @long_lines, "$file:$nr" if length $line > $longest_line && $line !~ /^\\/;
	}
}
is(join("\n", @long_lines), '', "no line has more than $longest_line columns");

done_testing();
