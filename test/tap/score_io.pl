# Input and output of the trust score: a million mutations of the binary form, mutations of its text
# under several settings (test/module/score_fuzz.c), COPY, and parameters of a client.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $module = PostgreSQL::Test::Utils::tempdir;
system_or_bail('cp', '-r', "$ENV{TREE}/test/module/.", $module);
delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
command_ok([ 'make', '-s', '-C', $module, "PG_CONFIG=$ENV{PG_CONFIG}" ], 'the module builds');
chomp(my ($include, $lib) = map { scalar `$ENV{PG_CONFIG} --$_` } qw(includedir libdir));
command_ok([ qw(cc -std=gnu99 -O2 -Wall -Wextra -Werror), "-I$include", '-o',
	"$module/score_client", "$module/score_client.c", "-L$lib", '-lpq' ],
	'the client builds');

my $node = PostgreSQL::Test::Cluster->new('score');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;
$node->safe_psql('postgres', qq{
	CREATE EXTENSION trust_ledger;
	CREATE FUNCTION fuzz_binary(regtype, bigint, bigint) RETURNS text AS '$module/score_fuzz'
		LANGUAGE C STRICT;
	CREATE FUNCTION fuzz_text(regtype, bigint, bigint) RETURNS text AS '$module/score_fuzz' LANGUAGE
		C STRICT;
	CREATE FUNCTION random_score(regtype, bigint) RETURNS trust_ledger.trust_score
		AS '$module/score_fuzz' LANGUAGE C STRICT;
	CREATE TABLE sample (nr bigint PRIMARY KEY, score trust_ledger.trust_score);
	INSERT INTO sample SELECT nr, random_score('trust_ledger.trust_score', nr)
		FROM generate_series(1, 20000) AS nr;
});

# Pairs of settings: what is written under one is read under the other.
my @settings = (
	{},
	{ DateStyle => 'Postgres, DMY', IntervalStyle => 'sql_standard', TimeZone => 'Asia/Kathmandu',
		extra_float_digits => -15 },
	{ DateStyle => 'German, YMD', IntervalStyle => 'iso_8601', TimeZone => 'America/New_York',
		extra_float_digits => 0 },
	{ DateStyle => 'SQL, MDY', IntervalStyle => 'postgres_verbose', TimeZone => 'Antarctica/Troll',
		extra_float_digits => 3 },
);

sub set
{
	my ($settings) = @_;
	return join '', map { "SET $_ = '$settings->{$_}';\n" } sort keys %$settings;
}

sub name { my ($settings) = @_; return join(', ', map { "$_ $settings->{$_}" } sort keys %$settings)
	|| 'default settings'; }

# ---- mutations: SQLSTATE or ok, and how often ----

sub outcomes
{
	my ($call, $settings) = @_;
	my ($status, $out, $err) = $node->psql('postgres', set($settings // {}) . "SELECT $call",
		timeout => 300);
	is($status, 0, "$call: whatever is accepted is sound") or diag($err);
	return ($out // '', { map { /^(\w{5}|ok) (\d+)/ ? ($1 => $2) : () } split /\n/, $out // '' });
}

sub check_outcomes
{
	my ($what, $number, $out, $count, %least) = @_;
	my $sum = 0;
	$sum += $_ foreach values %$count;
	is($sum, $number, "$what: all were tried");
	is_deeply([ sort keys %$count ], [ sort keys %least ],
		"$what: accepted, or refused for one of the reasons that there are") or diag($out);
	cmp_ok($count->{$_} // 0, '>=', $least{$_}, "$what: $_ often enough to mean something")
		foreach sort keys %least;
}

check_outcomes('binary', 1000000, outcomes(q{fuzz_binary('trust_ledger.trust_score', 1000000, 1)}),
	ok => 200000, '22P03' => 100000, '22003' => 50000, '22008' => 5000, '22023' => 10000);

# The same texts give the same scores and the same errors under all settings.
my ($texts) = outcomes(q{fuzz_text('trust_ledger.trust_score', 20000, 2)});
foreach my $settings (@settings[ 1 .. 3 ])
{
	my ($same) = outcomes(q{fuzz_text('trust_ledger.trust_score', 20000, 2)}, $settings);
	is($same, $texts, 'the same under ' . name($settings));
}
like($texts, qr/^digest (?!0+$)[0-9a-f]{16}$/m, 'there was something to compare');
check_outcomes('text', 200000, outcomes(q{fuzz_text('trust_ledger.trust_score', 200000, 3)}),
	ok => 30000, '22P02' => 50000, '22003' => 1000, '22008' => 100, '22023' => 50);

# ---- COPY ----

my $number = 0;
foreach my $format (qw(binary text csv))
{
	foreach my $to (0 .. $#settings)
	{
		my ($written, $read) = @settings[ $to, ($to + 1) % @settings ];
		my $file = "$module/" . ++$number . ".$format";
		$node->safe_psql('postgres', set($written) . "COPY sample TO '$file' (FORMAT $format)");
		is( $node->safe_psql('postgres', set($read) . qq{
				CREATE TABLE copy_$number (LIKE sample);
				COPY copy_$number FROM '$file' (FORMAT $format);
				SELECT count(*) FROM sample s JOIN copy_$number c USING (nr)
				WHERE s.score OPERATOR(trust_ledger.=) c.score
					AND trust_ledger.trust_score_send(s.score) =
						trust_ledger.trust_score_send(c.score) }),
			20000, "COPY, $format, written under " . name($written));
	}
}
is(slurp_file("$module/1.binary"), slurp_file("$module/$_.binary"),
	'the binary file is the same under all settings') foreach 2 .. 4;

# ---- a client's parameters and results ----

$node->safe_psql('postgres', 'DELETE FROM sample WHERE nr > 1000');
my $refused = join '', map { "$_ zeros: 22P03\n" } 0, 1, 33, 34, 35;
command_like([ "$module/score_client", $node->connstr('postgres') ],
	qr/\A1000 scores, 0 wrong\n$refused\z/,
	'binary parameters and results of a client');

$node->stop;
unlike(slurp_file($node->logfile), qr/was terminated by signal|PANIC:|WARNING:.* leak/,
	'and the server says nothing');

done_testing();
