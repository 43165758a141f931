# Replays the inputs that fuzzing kept (test/fuzz) with AddressSanitizer and UBSan: the text and
# binary form of the trust score, and the canonical encoder.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dir = PostgreSQL::Test::Utils::tempdir;
my $corpus = "$ENV{TREE}/test/fuzz/corpus";
my $node = PostgreSQL::Test::Cluster->new('fuzz');
$node->init;

command_ok([ "$ENV{TREE}/test/fuzz/build", $dir, 'gcc' ], 'the targets build');

sub replay
{
	my ($target, $directory) = @_;
	my ($out) = run_command([ "$ENV{TREE}/test/fuzz/in_server", $dir, $node->data_dir, $target,
		$directory ]);
	return $out;
}

foreach my $target (qw(score_text score_binary entry))
{
	my @files = glob "$corpus/$target/*";
	my $out = replay($target, "$corpus/$target");
	cmp_ok(scalar @files, '>', 30, "$target: there are inputs");
	like($out, qr/files = "@{[ scalar @files ]}"/, "$target: all inputs pass") or diag($out);
}

done_testing();
