# The usual output of prove, and a line in the file $RESULTS: how many tests passed and failed, and
# which files had failures.
package ResultCounter;

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
		# The file died, or ran fewer tests than it planned, without a test that failed.
		$failed++ unless $parser->failed;
	}

	open my $out, '>>', $ENV{RESULTS} or die "$ENV{RESULTS}: $!";
	print $out join(' ', scalar $aggregate->passed, $failed, @trouble), "\n";
	close $out or die "$ENV{RESULTS}: $!";
}

1;
