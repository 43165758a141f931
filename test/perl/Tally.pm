# The usual output of prove, and after it one line in the file $TALLY: how many tests passed and
# failed, and which files had trouble.
package Tally;

use strict;
use warnings;

require TAP::Formatter::Console;
require TAP::Formatter::File;

our @ISA = -t STDOUT ? 'TAP::Formatter::Console' : 'TAP::Formatter::File';

sub summary
{
	my ($self, $aggregate, @rest) = @_;
	$self->SUPER::summary($aggregate, @rest);

	my $failed = $aggregate->failed;
	my @trouble;
	foreach my $file ($aggregate->descriptions)
	{
		my ($parser) = $aggregate->parsers($file);
		next unless $parser->has_problems;
		push @trouble, $file;
		# A file that died, or ran fewer tests than it planned, without a test that failed.
		$failed++ unless $parser->failed;
	}

	open my $tally, '>>', $ENV{TALLY} or die "$ENV{TALLY}: $!";
	print $tally join(' ', scalar $aggregate->passed, $failed, @trouble), "\n";
	close $tally or die "$ENV{TALLY}: $!";
}

1;
