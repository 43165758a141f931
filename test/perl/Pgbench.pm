# pgbench as the load of a test, in the background.
#
#	Pgbench->start($node, $scripts, %how)   starts it with a script, or with several:
#	                                        { script => weight }
#	$load->is_running                       whether it still runs
#	$load->wait                             waits for its end
#	$load->finish($what)                    does that and tests its exit status; returns how many
#	                                        transactions were processed, and how many failed
#	$load->output                           what it printed
#
# How: options => [ of pgbench ]; isolation => the level; name => the application_name.
package Pgbench;

use strict;
use warnings;

use File::Basename 'basename';
use IPC::Run;
use PostgreSQL::Test::Utils;
use Test::More;

my $count = 0;

sub start
{
	my ($class, $node, $scripts, %how) = @_;
	my $self = bless { out => '', err => '' }, $class;
	my %weight = ref $scripts ? %$scripts : ($scripts => 1);
	my @files;

	foreach my $script (sort keys %weight)
	{
		my $file = "$PostgreSQL::Test::Utils::tmp_check/" . basename($0, '.pl') . '.' . ++$count
			. '.sql';
		append_to_file($file, $script);
		push @files, "--file=$file\@$weight{$script}";
	}
	local $ENV{PGOPTIONS} = $how{isolation} ? '-c default_transaction_isolation='
		. $how{isolation} =~ s/ /\\ /r : '';
	local $ENV{PGAPPNAME} = $how{name} // 'pgbench';
	$self->{job} = IPC::Run::start([ 'pgbench', '--no-vacuum', @{ $how{options} }, @files,
		$node->connstr('postgres') ],
		'<', \undef, '>', \$self->{out}, '2>', \$self->{err});
	return $self;
}

sub is_running
{
	my ($self) = @_;
	return 0 unless $self->{job}->pumpable;
	$self->{job}->pump_nb;
	return 1;
}

sub wait { my ($self) = @_; $self->{job}->finish; return }

sub finish
{
	my ($self, $what) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	$self->wait;
	ok($self->{job}->result == 0, "$what: pgbench ends without an error") or diag($self->output);
	note("$what: $self->{out}");
	my ($processed) = $self->{out} =~ /^number of transactions actually processed: (\d+)/m;
	my ($failed) = $self->{out} =~ /^number of failed transactions: (\d+)/m;
	return ($processed, $failed);
}

sub output { my ($self) = @_; return "$self->{out}$self->{err}" }

1;
