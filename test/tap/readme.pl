# README.md and the pages of doc/: their examples, run as a reader would run them; their tables,
# compared with the extension; their links and sizes. (test/tap/tracking.pl runs the examples of
# doc/tracking.md, test/tap/format.pl those of doc/format.md.)
use strict;
use warnings;
use Examples;
use File::Basename;
use File::Spec::Functions qw(abs2rel catfile rel2abs);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init;
# In this zone it is noon: no day of its calendar ends between one example and the next.
$node->append_conf('postgresql.conf', sprintf("timezone = 'Etc/GMT%+d'", (gmtime)[2] - 12));
$node->start;

# ---- examples ----

# A database without a ledger, and no roles of another page's.
sub new_database
{
	$node->safe_psql('postgres', 'DROP DATABASE IF EXISTS try');
	$node->safe_psql('postgres', <<'SQL');
SELECT format('DROP ROLE %I', rolname) FROM pg_roles
WHERE rolname !~ '^pg_' AND rolname <> current_user \gexec
CREATE DATABASE try TEMPLATE template0 ENCODING 'UTF8';
SQL
	return;
}

# The pages whose examples run here, whether they use the example ledger, and what examples without
# output on the page must print for the text beside them to be true.
my @pages = (
	[ 'README.md', 0, {} ],
	[ 'doc/developers.md', 0, { 'pause_promise(p.promise' => qr/\|open\n.*\|open$/ } ],
	[ 'doc/analysts.md', 1, { 'FROM trust.human_backing' => qr/^raw\|45\|.*\nwithin_strata\|/ } ],
	[ 'doc/auditors.md', 1, {} ],
	[ 'doc/lifecycle.md', 1, {} ],
	[ 'doc/operations.md', 1, {} ]);
my @elsewhere = qw(doc/tracking.md doc/format.md);

foreach (@pages)
{
	my ($file, $uses_ledger, $prints) = @$_;
	new_database();
	$node->safe_psql('try', slurp_file('doc/example.sql')) if $uses_ledger;
	my @examples = run_examples($node, 'try', $file, $prints);
	cmp_ok(@examples, '>', 0, "$file: has examples");
	foreach my $example (@examples)
	{
		my ($text, $out) = @$example;
		next unless $text =~ /idempotency_key => .*idempotency_key => /s;
		my @receipts = split /\n/, $out;
		is($receipts[0], $receipts[1], 'a retry returns the first receipt');
	}
}
my %run = map { $_ => 1 } @elsewhere, map { $_->[0] } @pages;
is_deeply([ grep { slurp_file($_) =~ /^```sql$/m && !$run{$_} } 'README.md', glob 'doc/*.md' ],
	[], 'no page has examples that are not run');

# ---- the reference ----

my $reference = slurp_file('doc/reference.md');
new_database();
$node->safe_psql('try', 'CREATE EXTENSION trust_ledger; SELECT trust_ledger.create_ledger()');

sub rows { return split /\n/, $node->safe_psql('try', $_[0]); }

# The table of the life of a promise: event, states from which, states it leads to.
my %is = map { my ($e, $s, $l) = split /\|/; ("$e $s" => $l) } rows(<<'SQL');
SELECT event, state, (SELECT string_agg(l, ',' ORDER BY l COLLATE "C") FROM unnest(leads_to) l)
FROM trust_ledger.state_machine() WHERE leads_to <> '{}'
SQL
my ($table) = slurp_file('doc/lifecycle.md') =~
  /^\| event \| from \| leads to \|\n[-|]+\n((?:\|.*\n)+)/m;
my %said;
foreach my $line (split /\n/, $table)
{
	my (undef, $event, $from, $to) = split /\s*\|\s*/, $line;
	foreach my $one (split /, /, $event)
	{
		$said{"$one $_"} = join(',', sort split(/, /, $to eq 'the same' ? $_ : $to))
		  foreach split /, /, $from;
	}
}
is_deeply(\%said, \%is, 'doc/lifecycle.md says what the state machine does');

# Every function that users call is in the reference with its arguments. Those that writing
# functions end with are said once.
my $internal = join '|', map { "^$_" } qw(
	guard_ create_(tables|guards|views|scores) create_\w+_table$ \w+_views$ comment_on_
	\w+_column_comments$ promise_exceptions$ \w+_structure$
	structure_problems index_refusals condition_ check_mapp check_track check_same_key$
	read_former_keys carry_over recorded_arguments follow_former_key
	check_conditions$
	key_columns$
	key_has_changed$ mapped_ tracking_statements tracked_
	trigger_ track_triggers table_of_source source_to_track drop_track_triggers set_tracking
	follow_tables read_tracked import_(rows|batch)$ analyze_imported report_refusals source_of$
	statements_to_track create_track watch_suspended recorded_tracking definition_columns
	columns_since_recorded restore_trigger suspension_arguments mapping_renamed is_as_recorded
	refuse_while_suspended is_suspen(ded|sion)$ same_value$
	policy_is_weaker found_ledger refuse_column_drop untracked_children
	record_parked record_settings add_promise_columns fill_promise_columns migrate_tables
	mark_copy migrate_as_owner check_nothing_planted check_tables
	compare_rows ledger_is_empty ledger_relations read_batches take_ledger trust_score_
	score_accum carried_score check_ledger check_ledger_owner require_reader reads_words);
my %documented = map { $_ => 1 } map { /^(.*)$/m } $reference =~ /`(?:CALL )?(\w+\([^`]*\))`/g;
foreach (rows(<<"SQL"))
SELECT proname, array_to_string(proargnames[:pronargs], ', '), pronargs FROM pg_proc
WHERE pronamespace = 'trust_ledger'::regnamespace AND proname !~ '$internal'
SQL
{
	my ($function, $arguments, $count) = split /\|/;
	$arguments =~ s/(?:, customer)?, act(?:or|ing), occurred_at, context, idempotency_key$//;
	# Some have no argument names: those of operators and aggregates, and the trigger function.
	ok($count && $arguments eq '' || $count == 0 && $function eq 'track'
		  ? $reference =~ /`(?:[^`]*\b)?\Q$function\E\(/
		  : $documented{"$function($arguments)"}, "doc/reference.md has $function($arguments)");
}

# Every column of every view, and no other.
foreach (rows(<<'SQL'))
SELECT c.relname, string_agg(a.attname, ' ' ORDER BY a.attname COLLATE "C")
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relnamespace = 'trust'::regnamespace AND c.relkind = 'v' AND a.attnum > 0
AND c.relname NOT IN ('promiser_trust', 'backer_trust', 'kind_trust')
GROUP BY 1
SQL
{
	my ($view, $columns) = split /\|/;
	my ($group) = $reference =~
	  /^\| columns of `trust\.$view` \| meaning \|\n[-|]+\n((?:\|.*\n)+)/m;
	my @named = map { /`(\w+)`/g } map { (split /\|/)[1] =~ s/\(.*?\)//r } split /\n/, $group // '';
	is(join(' ', sort @named), $columns, "doc/reference.md has the columns of trust.$view");
}
my @views = map { /`trust\.(\w+)`/g } $reference =~ /^\*\*(`trust\.\w+`.*?)\*\*/msg;
is(join(' ', sort @views), join(' ', rows(<<'SQL')), 'doc/reference.md has the views');
SELECT relname FROM pg_class WHERE relnamespace = 'trust'::regnamespace AND relkind = 'v'
ORDER BY relname COLLATE "C"
SQL

# Each of our SQLSTATEs, levels, types and exceptions.
ok($reference =~ /^\| `TL00$_` \|/m, "doc/reference.md has TL00$_") foreach 1 .. 6;
ok($reference =~ /^\| `$_` \|/m, "doc/reference.md has level $_")
  foreach qw(application analyst auditor import admin);
ok($reference =~ /^\| `\Q$_\E` \|/m, "doc/reference.md has type $_")
  foreach rows(<<'SQL');
SELECT oid::regtype FROM pg_type
WHERE typnamespace = 'trust_ledger'::regnamespace AND typcategory <> 'A'
SQL
my ($exceptions) = rows(q{SELECT col_description('trust.exception'::regclass, 1)});
ok($reference =~ /^\| (?:`\w+`, )*`$_`(?:, `\w+`)* \|/m, "doc/reference.md has exception $_")
  foreach $exceptions =~ /[.;] (\w+): /g;

# ---- files ----

cmp_ok(-s 'README.md', '<=', 10_240, 'README.md has at most 10,240 bytes');

my @texts = glob '*.md doc/*.md test/*.md test/*/*.md';

# The anchors of a page, as GitHub makes them of its headings.
sub anchors
{
	my ($text) = @_;
	my (%anchor, %seen);
	foreach my $heading ($text =~ s/^```.*?^```$//msgr =~ /^#+ (.*?)\s*$/mg)
	{
		my $name = lc $heading =~ s/\[([^\]]*)\]\([^)]*\)/$1/gr =~ s/[^\w\s-]//gr =~ s/\s/-/gr;
		$anchor{ $name . ($seen{$name}++ ? '-' . ($seen{$name} - 1) : '') } = 1;
	}
	return \%anchor;
}

foreach my $file (@texts)
{
	my $text = slurp_file($file) =~ s/^```.*?^```$//msgr;
	my @links = $text =~ s/`[^`]*`//gr =~ /\]\(([^)\s]+)\)/g;
	foreach my $link (grep { !/^[a-z]+:/ } @links)
	{
		my ($path, $anchor) = split /#/, $link, 2;
		my $to = $path eq '' ? $file : abs2rel(rel2abs(catfile(dirname($file), $path)));
		ok(-e $to && (!defined $anchor || anchors(slurp_file($to))->{$anchor}),
			"$file: the link $link leads somewhere");
	}
	next if $file =~ /^test/;
	ok(-e $_, "$file: $_ exists") foreach $text =~ m{`((?:doc|extension|sql|src|test)/[\w./-]+)`}g;
}
my %linked = map { $_ => 1 } slurp_file('README.md') =~ /\]\((doc\/\w+[.]md)\)/g;
is_deeply([ sort keys %linked ], [ glob 'doc/*.md' ], 'README.md has an index of doc/');

$node->stop;
done_testing();
