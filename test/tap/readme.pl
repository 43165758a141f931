# The README's examples, run one after the other as a new user would, and its tables held against
# what the extension says of itself.
use strict;
use warnings;
use Examples;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $readme = slurp_file('README.md');

my $node = PostgreSQL::Test::Cluster->new('readme');
$node->init;
# In this zone it is noon: no day of its calendar ends between one example and the next.
$node->append_conf('postgresql.conf', sprintf("timezone = 'Etc/GMT%+d'", (gmtime)[2] - 12));
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE crm');

# What an example must print for the sentence beside it to be true.
my %prints = (
	'trust.current_promise;' => qr/\|open\|anna$/m,
	'FROM trust.awaiting_backing;' => qr/\|sales-bot\|session\|\d{4}-/,
	'back_promise(w.promise' => qr/\|open$/,
	"'kept', actor => 'erp'" => qr/^kept$/m,
	"'broken', actor => 'portal'" => qr/^broken$/m,
	'human_behind_it' => qr/^t\|\d+\|\d+\|1$/m,
	'trust_ledger.history(p.promise)' => qr/Two chairs were missing/,
	'FROM trust.promiser_trust' => qr/^sales-bot\|1\|0\|1\|0\|0\.33\|0\.03\|1\|0$/m,
	"trust_trend('all'" => qr/\|8\|2\|2\|0\|0\.39$/m,
	'AS promiser, trust_ledger.sparkline' => qr/^anna\|(?:\xe2\x96[\x81-\x88]){24}$/m,
	"explain_trust('customer', 'acme');" => qr/\|broken\|customer\|0\|1\|/,
	'SELECT trust_ledger.sum(score)' => qr/^(\([^|]+\))\|\1$/m,
	'known_at =>' => qr/^0\.5$/m,
	"track_table('quote'" => qr/^initech\|Ten pumps, on site\|kept$/m,
	"reconcile_table('quote')" => qr/^$/,
	'FROM trust_ledger.make_promises(' => qr/^acme\|\d+\|\w+\nglobex\|1\|\w+$/,
	'FROM trust.exception GROUP BY what' => qr/^(?:\w+\|\d+\|\d{4}-\d\d-\d\d\n?)+$/,
	'FROM trust.human_backing' => qr/^raw\|\d+\|.*\nwithin_strata\|/,
	'GROUP BY currency' => qr/^EUR\|0\.\d+$/m,
	"rebuild('acme'" => qr/\|[0-9]+\|\|.*\\x/,
	'ledger_digest()' => qr/^3\|\d+\|.*\|\\x[0-9a-f]{64}$/,
);

my @examples = run_examples($node, 'crm', 'README.md', \%prints);
cmp_ok(@examples, '>=', 11, 'the README has examples');
foreach my $example (@examples)
{
	my ($text, $out) = @$example;
	is($out, '', 'verify() finds nothing') if $text =~ /verify\(/;
	if ($text =~ /idempotency_key =>/)
	{
		my @receipts = split /\n/, $out;
		is($receipts[0], $receipts[1], 'a retry returns the first receipt');
	}
}

# The table of the life of a promise: event, states from which, states it leads to.
my $rows = $node->safe_psql('crm', <<'SQL');
SELECT event, state, (SELECT string_agg(l, ',' ORDER BY l COLLATE "C") FROM unnest(leads_to) l)
FROM trust_ledger.state_machine() WHERE leads_to <> '{}'
SQL
my %is = map { my ($e, $s, $l) = split /\|/; ("$e $s" => $l) } split /\n/, $rows;
my ($table) = $readme =~ /^\| event \| from \| leads to \|\n[-|]+\n((?:\|.*\n)+)/m;
my %said;
foreach my $line (split /\n/, $table)
{
	my (undef, $event, $from, $to) = split /\s*\|\s*/, $line;
	foreach my $one (split /, /, $event)
	{
		$said{"$one $_"} = join(',', sort split(/, /, $to eq 'the same' ? $_ : $to)) foreach split /, /, $from;
	}
}
is_deeply(\%said, \%is, 'the README says what the state machine does');

# Every function that users call is in the reference, and every SQLSTATE of ours.
my @functions = split /\n/, $node->safe_psql('crm', <<'SQL');
SELECT DISTINCT proname FROM pg_proc WHERE pronamespace = 'trust_ledger'::regnamespace
AND proname !~ '^(guard_|create_(tables|guards|views|scores)|\w+_views$|comment_on_|\w+_structure$|structure_problems|condition_|check_mapp|check_track|mapped_|tracking_statements|tracked_|trigger_|track_triggers|table_of_source|source_to_track|drop_track_triggers|set_tracking|follow_tables|read_tracked|import_rows|source_of$|same_value$|policy_is_weaker|found_ledger|record_parked|mark_copy|create_copy_table|migrate_as_owner|check_nothing_planted|check_tables|compare_rows|ledger_is_empty|ledger_relations|read_batches|take_ledger|trust_score_|score_accum|check_ledger|check_ledger_owner|require_reader|reads_words)'
SQL
ok($readme =~ /`(?:[^`]*\b)?\Q$_\E\(/, "the README knows $_()") foreach @functions;
ok($readme =~ /^\| `TL00$_` \|/m, "the README knows TL00$_") foreach 1 .. 6;

$node->stop;
done_testing();
