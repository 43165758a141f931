# Plays the company: a search over random strategies of up to eight calls, with the levels
# application and admin, for one that raises the expectation although the customers tell the same
# truth. What raises it by more than a bound must be named in trust.exception. With each
# countermeasure switched off in the judge, the search finds the trick that it is there for.
#
# Each strategy has an honest twin: another promiser, who makes the same promises to another
# customer and plays no trick. A promise is due on some day, and is delivered on some day, or never,
# or for less than was promised; the same for both. Customers say kept when it is delivered as the
# terms stand, and broken a day after due; some are silent about breaches. The clock is fake, so
# that weeks pass in seconds, and a busy machine changes nothing.
#
# For each promise of a strategy that an exception names, the evidence of its twin counts: the raise
# that is left is what nothing names.
#
# SEED=... plays other strategies, STRATEGIES=... as many random ones. The default is fixed: what
# another seed finds is a new trick, not a defect of the change under test.
use strict;
use warnings;

use List::Util qw(max min sum0 shuffle);
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# What the expectation may rise without an exception: to admit a breach just before due. That weighs
# 0.75 instead of 1, by at most 2/5.25 - 2/6 = 0.048 with four promises, and fades from then on, two
# days before the customers speak. The search found 0.053 at most.
use constant BOUND => 0.06;
use constant {
	HALF_LIFE => 10,    # days, as in company_search.sql
	LAST_DAY => 36,
	PROMISES => 4,
	MOST_CALLS => 8,
	SINGLE => 12,       # strategies that play one trick, of each trick
	RANDOM => $ENV{STRATEGIES} // 200 };

my $seed = $ENV{SEED} // 17;
note("SEED=$seed");
srand($seed);

sub any
{
	my @choices = @_;
	return $choices[ int(rand(@choices)) ];
}

# An even day; nothing happens on odd ones.
sub day
{
	my ($from, $until) = @_;
	return $from + 2 * int(rand(($until - $from) / 2 + 1));
}

# ---- what there is to promise ----

# At least two promises of each strategy would be broken: late, never, or for less.
sub truths
{
	my @kinds = shuffle((map { any(qw(late late never less)) } 1 .. 2),
		map { any(qw(good good late never less)) } 3 .. PROMISES);
	my @truths;
	foreach my $kind (@kinds)
	{
		my $due = 20.5 + 2 * int(rand(3));
		push @truths, { j => @truths + 1, due => $due, kind => $kind,
			worth => $kind eq 'less' ? 40 : 100,
			delivered => $kind eq 'never' ? undef
				: $kind eq 'late' ? int($due) + any(2, 4, 6) : any(16, 18) };
	}
	return \@truths;
}

sub good { my ($truths) = @_; return grep { $_->{kind} eq 'good' } @$truths }
sub bad { my ($truths) = @_; return grep { $_->{kind} ne 'good' } @$truths }
sub late { my ($truths) = @_; return grep { $_->{kind} eq 'late' } @$truths }

# ---- what the company can do ----

# A call is a day, what is done, to which promise, and how; company_search.sql carries it out, and
# what needs a second one, such as to register a speaker or to back what was amended, comes with it.
#
# alone: the calls that play the trick, where it pays. random: some call about a promise.
# Promises are due on days 20 to 24, so that half of the time is over by day 14. Terms that are
# eased before half of the time, and breaches that the company states long before due, are open:
# see below.
my %calls = (
	say => {
		alone => sub { map { [ day(2, 6), 'say', $_->{j}, any('kept', 'kept', 'partly_kept') ] }
			bad(@_) },
		random => sub { [ day(2, 34), any('kept', 'partly_kept') ] } },
	speaker_says => {
		alone => sub { map { [ day(26, 34), 'speaker_says', $_->{j}, 'customer' ] } bad(@_) },
		random => sub { [ day(2, 34), any('customer', 'record') ] } },
	speaker_accepts => {
		alone => sub { map { ([ 14, 'ease', $_->{j}, 'due' ],
			[ day(16, 20), 'speaker_accepts', $_->{j} ]) } bad(@_) },
		random => sub { [ day(2, 20) ] } },
	# back what a machine proposed when it came out well
	back => { who => 'bot',
		alone => sub { (map { [ 0, 'hold', $_ ] } 1 .. PROMISES),
			map { [ day(26, 34), 'back', $_->{j} ] } good(@_) },
		random => sub { [ day(2, 34) ] } },
	hold => { who => 'bot', random => sub { [ 0 ] } },
	decline => { who => 'bot', random => sub { [ 0 ] } },
	ease => {
		alone => sub { map { [ day(14, 20), 'ease', $_->{j}, $_->{kind} eq 'less' ? 'value'
			: any('due', 'due', 'clear', 'far', 'pause') ] } bad(@_) },
		random => sub { any([ day(2, 20), any('due', 'clear', 'far') ],
			[ day(14, 20), any('value', 'kind', 'pause') ]) } },
	withdraw => {
		alone => sub { map { [ day(14, 20), 'withdraw', $_->{j} ] } bad(@_) },
		random => sub { [ day(14, 20) ] } },
	remake => {
		alone => sub { map { [ day(2, 8), 'remake', $_->{j}, $_->{kind} eq 'less' ? 'less'
			: any('later', 'far') ] } bad(@_) },
		random => sub { [ day(2, 20), any('later', 'less', 'far') ] } },
	# half of the time is far away, too
	make_far => {
		alone => sub {
			my ($then, $how) = @{ any([], ['withdraw'], [ 'ease', 'early' ]) };
			return map { my $j = $_->{j}; ([ 0, 'make_far', $j ],
				$then ? [ day(14, 20), $then, $j, $how ] : ()) } bad(@_) },
		random => sub { [ 0 ] } },
	grace => { of_actor => 1, silent => 1,
		alone => sub { [ 0, 'grace', undef, int(60 + rand(40)) . ' days' ] },
		random => sub { [ 0, int(60 + rand(40)) . ' days' ] } },
	drop_grace => { of_actor => 1, after => 'grace', random => sub { [ day(2, 34) ] } },
	retire => { of_actor => 1, who => 'human',
		alone => sub { [ day(28, 34), 'retire', undef, any('login', 'successor') ] },
		random => sub { [ day(2, 34), any('login', 'successor') ] } },
	rekey => { of_actor => 1,
		alone => sub { [ day(28, 34), 'rekey' ] },
		random => sub { [ day(2, 34) ] } },
	# on the first day after due, before the customer speaks
	import => {
		alone => sub { map { [ 2 + int($_->{due}), 'import', $_->{j}, 'broken' ] } bad(@_) },
		random => sub { [ day(26, 34), any('kept', 'broken') ] } },
	rename => { of_actor => 1, who => 'human',
		alone => sub { [ day(2, 34), 'rename' ] },
		random => sub { [ day(2, 34) ] } },
	return => { of_actor => 1, who => 'human',
		alone => sub { [ day(2, 34), 'return' ] },
		random => sub { [ day(2, 34) ] } },
	admit => {
		alone => sub { map { [ int($_->{due}), 'admit', $_->{j} ] } bad(@_) },
		random => sub { [ int($_[0]->{due}) ] } },
	repeat => {
		alone => sub { map { my $j = $_->{j}; map { [ day(16, 34), 'say', $j, 'kept' ] } 1 .. 3 }
			good(@_) } },
	repair => { random => sub { [ day(22, 34) ] } },
	relay_accept => { random => sub { [ day(2, 20) ] } },
	relay_release => { random => sub { [ day(2, 34) ] } },
	relay_kept => { random => sub { [ day(2, 34) ] } });

# What stays open: nothing names it, and the calls above leave it out. Each has the most that it
# may raise the expectation of four promises; doc/security.md has the same table.
my %open = (
	'a kept promise split in ten' => { most => 0.40,
		alone => sub { map { [ 0, 'split', $_->{j} ] } good(@_) } },
	'drafts that nobody backs' => { most => 0.30, who => 'bot',
		alone => sub { map { [ 0, 'hold', $_->{j} ] } bad(@_) } },
	'a draft made anew with easier terms' => { most => 0.55, who => 'bot',
		alone => sub { map { ([ 0, 'hold', $_->{j} ], [ 16, 'remake', $_->{j}, 'draft' ]) }
			bad(@_) } },
	'another key without the login' => { most => 0.30, who => 'human',
		alone => sub { [ day(28, 34), 'retire', undef, 'none' ] } },

	# the choice of what to promise, early enough not to know
	'withdrawn before half of the time' => { most => 0.30,
		alone => sub { map { [ day(2, 8), 'withdraw', $_->{j} ] } bad(@_) } },
	'a lower value before half of the time' => { most => 0.40,
		alone => sub { map { [ day(2, 8), 'ease', $_->{j}, 'early' ] } bad(@_) } },
	'due five times as far as usual' => { most => 0.55,
		alone => sub { map { [ 0, 'make_later', $_->{j} ] } bad(@_) } },

	# remade compares customer, promiser and present kind, and not their successors
	'withdrawn and made anew as another kind' => { most => 0.55,
		alone => sub { map { [ day(2, 8), 'remake', $_->{j}, 'kind' ] } late(@_) } },
	'withdrawn and made anew, and then of another kind' => { most => 0.55,
		alone => sub { map { ([ 2, 'remake', $_->{j}, 'later' ], [ 4, 'ease', $_->{j}, 'other' ]) }
			late(@_) } },
	'withdrawn and made anew by a successor' => { most => 0.55, who => 'human',
		alone => sub { [ 4, 'retire', undef, 'successor' ],
			map { [ day(6, 8), 'remake', $_->{j}, 'again' ] } late(@_) } },
	'withdrawn and made anew to a new key of the customer' => { most => 0.45,
		alone => sub { [ 4, 'rekey' ],
			map { [ day(6, 8), 'remake', $_->{j}, 'again' ] } late(@_) } },

	# broken_at is when a breach was recorded, if that was before due
	'the company itself says broken long before due' => { most => 0.20,
		alone => sub { map { [ day(2, 6), 'say', $_->{j}, 'broken' ] } bad(@_) } },
	'a breach admitted long before due' => { most => 0.20,
		alone => sub { map { [ day(2, 6), 'admit', $_->{j} ] } bad(@_) } });

my @strategies;

sub add_strategy
{
	my ($name, $group, $of, $moves_of) = @_;
	my $strategy = { s => @strategies + 1, name => $name, group => $group, truths => truths(),
		who => $of->{who} // any('human', 'bot'),
		silent => $of->{silent} // ($group eq 'random' && rand() < 0.3) };
	$strategy->{moves} = [ $moves_of->($strategy->{truths}, $strategy) ];
	push @strategies, $strategy;
	return;
}

sub random_moves
{
	my ($truths, $strategy) = @_;
	my @of = grep { $calls{$_}->{random} && ($calls{$_}->{who} // $strategy->{who})
		eq $strategy->{who} } sort keys %calls;
	my $most = 1 + int(rand(MOST_CALLS));
	my (@moves, %once);
	while (@moves < $most)
	{
		my $what = any(@of);
		my $of = $calls{$what};
		my $truth = any(@$truths);
		my $move = $of->{random}->($truth) // next;
		next if $of->{after} && !$once{ $of->{after} } || $of->{of_actor} && $once{$what}++;
		push @moves, [ $move->[0], $what, $of->{of_actor} ? undef : $truth->{j}, $move->[1] ];
	}
	return @moves;
}

foreach my $name (sort grep { $calls{$_}->{alone} } keys %calls)
{
	add_strategy($name, 'single', $calls{$name}, $calls{$name}->{alone}) foreach 1 .. SINGLE;
}
add_strategy('random', 'random', {}, \&random_moves) foreach 1 .. RANDOM;
foreach my $name (sort keys %open)
{
	add_strategy($name, 'open', $open{$name}, $open{$name}->{alone}) foreach 1 .. SINGLE;
}

sub moves
{
	my ($strategy) = @_;
	return join '; ', map { my ($day, @how) = @$_; join ' ', "day $day", grep { defined } @how }
		sort { $a->[0] <=> $b->[0] } @{ $strategy->{moves} };
}

# ---- playing ----

my $clock = "$PostgreSQL::Test::Utils::tmp_check/clock";

# For every process of the server at once.
sub set_day
{
	my ($day) = @_;
	unlink "$clock.new";
	append_to_file("$clock.new", "+${day}d");
	rename "$clock.new", $clock or die "$clock: $!";
	return;
}

my ($faketime) = glob '/usr/lib/*/faketime/libfaketime.so.1' or die 'libfaketime is not installed';
my $node = PostgreSQL::Test::Cluster->new('company');
$node->init;
$node->append_conf('postgresql.conf', "autovacuum = off\njit = off\nfsync = off\n");
set_day(0);
{
	local %ENV = (%ENV, LD_PRELOAD => $faketime, FAKETIME_TIMESTAMP_FILE => $clock,
		FAKETIME_NO_CACHE => 1, FAKETIME_DONT_FAKE_MONOTONIC => 1);
	$node->start;
}

sub asked { my ($sql) = @_; return $node->safe_psql('postgres', $sql) }
sub rows { my ($text) = @_; return map { [ split /\|/, $_, -1 ] } split /\n/, $text }

sub literal
{
	my ($value) = @_;
	return !defined $value ? 'NULL' : $value =~ /^[\d.]+$/ ? $value : "'$value'";
}

sub insert
{
	my ($table, @rows) = @_;
	return "INSERT INTO play.$table VALUES "
		. join(', ', map { '(' . join(', ', map { literal($_) } @$_) . ')' } @rows) . ";\n";
}

my (@of_strategies, @of_truths, @of_moves);
foreach my $strategy (@strategies)
{
	my $s = $strategy->{s};
	my $n = 0;
	push @of_strategies, [ $s, $strategy->{who} eq 'bot' ? 't' : 'f', $strategy->{silent} ? 't'
		: 'f' ];
	push @of_truths, map { [ $s, @$_{qw(j due delivered worth)} ] } @{ $strategy->{truths} };
	push @of_moves, map { [ $s, ++$n, @$_[0 .. 3] ] } @{ $strategy->{moves} };
}
asked("\\o /dev/null\n" . slurp_file('test/helpers/company_search.sql')
	. insert('strategy', @of_strategies) . insert('truth', @of_truths) . insert('move', @of_moves)
	. 'CALL play.enter()');
for (my $day = 0; $day <= LAST_DAY; $day += 2)
{
	set_day($day);
	asked("CALL play.day($day)");
}

my %done = map { @$_ } rows(asked(q{SELECT what, count(*) FROM play.move WHERE outcome = 'done'
	GROUP BY 1}));
is(join(' ', grep { !$done{$_} } grep { $calls{$_}->{random} } sort keys %calls), '',
	'each call succeeded for some strategy');
note("$_->[0], $_->[1] times: $_->[2]") foreach rows(asked(q{SELECT what, count(*),
	regexp_replace(outcome, '[0-9a-f]{8}-[-0-9a-f]+|a[0-9]+', '...') FROM play.move GROUP BY 1, 3
	ORDER BY 1, 2 DESC}));

# ---- what came of it, all at one instant ----

my ($scores, $promises, $entries, $named) = map { [ rows($_) ] } split /^--\n/m, asked(q{
	BEGIN ISOLATION LEVEL REPEATABLE READ;
	SELECT s, side, promiser, customer,
		trust_ledger.expectation(trust_ledger.promiser_score(promiser)),
		trust_ledger.expectation(trust_ledger.customer_score(customer)) FROM play.who;
	\echo --
	SELECT x.promise, s, side, j, x.promiser, x.customer, p.opened_at IS NOT NULL,
		p.opened_at > p.first_due, p.eased_at IS NOT NULL, p.admitted_at IS NOT NULL,
		p.repaired_at IS NOT NULL, p.outcome, p.whose_word,
		p.state = 'withdrawn' AND p.settled_at - p.made_at <= (p.first_due - p.made_at) / 2,
		p.state IN ('proposed', 'open') AND p.opened_at IS NOT NULL AND p.overdue_at < now()
	FROM play.part x JOIN trust.promise p USING (promise) ORDER BY promise;
	\echo --
	SELECT promise, event, stands, weight_broken, extract(epoch FROM now() - occurred_at) / 86400,
		extract(epoch FROM now() - recorded_at) / 86400, extract(epoch FROM now() - due) / 86400
	FROM trust.entry WHERE promise IS NOT NULL ORDER BY promise, seq;
	\echo --
	SELECT x.what, coalesce(x.promise, p.promise), x.subject FROM trust.exception x
		-- one row for all that was imported within minutes
		LEFT JOIN trust.promise p ON x.what = 'backfilled' AND x.promise IS NULL
			AND p.backfilled_at BETWEEN x.since AND x.since + interval '1 hour';
	COMMIT});

# ---- the judge: a slow model of the score, with rules that can be switched off ----

my (%promise, %of, %key);
foreach my $row (@$promises)
{
	my %p;
	@p{qw(promise s side j promiser customer opened late eased admitted repaired outcome word
		withdrawn_early overdue)} = @$row;
	$_ = $_ eq 't'
		foreach @p{qw(opened late eased admitted repaired withdrawn_early overdue)};
	$promise{ $p{promise} } = \%p;
	push @{ $of{"$p{s} $p{side}"}{ $p{j} } }, \%p;
}
foreach my $row (@$scores)
{
	my ($s, $side, $promiser, $customer, $of_promiser, $of_customer) = @$row;
	$key{"$s $side"} = { promiser => [ $promiser, $of_promiser ],
		customer => [ $customer, $of_customer ] };
}

# When verdicts count, as ages in days: as kept, as broken, and as broken whenever it was due.
foreach my $row (@$entries)
{
	my ($of, $event, $stands, $weight, $occurred, $recorded, $due) = @$row;
	my $p = $promise{$of} // next;
	$p->{due} = $due
		if $event =~ /^(?:made|paused|resumed)$/ || $event eq 'amended' && $stands eq 't';
	next if $weight eq '' || $stands ne 't';
	$p->{kept_age} //= $p->{broken_age} = $p->{said_age} = $occurred;
	if ($weight > ($p->{weight} // 0))
	{
		$p->{said_age} = min($p->{said_age}, $occurred);
		$p->{broken_age} = min($p->{broken_age}, $occurred,
			$p->{due} eq '' ? () : max($p->{due}, $recorded));
	}
	$p->{weight} = $weight;
}

sub faded
{
	my ($weight, $age) = @_;
	return $weight * 2**(-max($age, 0) / HALF_LIFE);
}

# Evidence of being kept and of being broken.
sub evidence
{
	my ($p, $off) = @_;
	return (0, 1) if $p->{overdue};
	return (0, 0) if $p->{outcome} eq '';
	my $is_kept = $p->{outcome} eq 'kept';
	my ($kept, $broken) = $is_kept && (!$p->{eased} || $off->{eased})
		? ($p->{word} eq 'company' ? 0.5 : 1, 0)
		: $is_kept || $p->{outcome} eq 'partly_kept' ? (0.5, 0.5)
		: $p->{repaired} ? (0.25, 0.75)
		: (0, $p->{admitted} ? 0.75 : 1);
	$kept = 0 if $p->{late} && !$off->{opened_late};
	return (faded($kept, $p->{kept_age}), faded($broken, $p->{ $off->{two_instants} ? 'kept_age'
		: $off->{not_before_due} ? 'said_age' : 'broken_age' }));
}

# Of some promises of a strategy, or of its twin, what its promiser or customer of now has: of
# predecessors only what was broken.
sub sum_of
{
	my ($strategy, $side, $by, $off, @promises) = @_;
	my $key = $key{"$strategy->{s} $side"}->{$by}->[0];
	my $linked = !$off->{linked}
		&& !($by eq 'promiser' && $strategy->{name} eq 'another key without the login');
	my @sum = (0, 0);
	foreach my $p (@promises)
	{
		my ($kept, $broken) = evidence($p, $off);
		$sum[0] += $kept if $p->{$by} eq $key;
		$sum[1] += $broken if $p->{$by} eq $key || $linked;
	}
	return @sum;
}

sub expectation { my ($kept, $broken) = @_; return ($kept + 1) / ($kept + $broken + 2) }

my @differ;
foreach my $strategy (@strategies)
{
	foreach my $side (qw(a b))
	{
		my @all = map { @$_ } values %{ $of{"$strategy->{s} $side"} };
		foreach my $by (qw(promiser customer))
		{
			my $model = expectation(sum_of($strategy, $side, $by, {}, @all));
			my $ledger = $key{"$strategy->{s} $side"}->{$by}->[1];
			push @differ, "$by, side $side: $model, not $ledger: " . moves($strategy)
				if abs($model - $ledger) > 1e-6;
		}
	}
}
is(join("\n", @differ), '', 'the model agrees with the ledger about every strategy and twin');

# ---- which exceptions there are ----

# Of a promise, and of a strategy's rule or human. Those left out only say that a promise waits, or
# that it is overdue, which counts as broken.
my (%names, %changed);
foreach my $row (@$named)
{
	my ($what, $of, $subject) = @$row;
	my $p = $promise{$of};
	next if $what =~ /^(?:overdue|unbacked|backing_overdue|machine_words_unseen)$/;
	$names{"$p->{s} $p->{side}"}{ $p->{j} }{$what} = 1 if $p;
	$names{"$1 a"}{rule}{$what} = 1 if $subject =~ /^grace_(\d+)$/;
	$changed{$1} = 1 if $what eq 'actor_changed' && $subject =~ /^human_a(\d+)/;
}

# Whether an exception names a promise of a strategy, and not of its twin.
sub is_named
{
	my ($strategy, $j, $off) = @_;
	my ($played, $honest) = map { $names{"$strategy->{s} $_"} // {} } qw(a b);
	return scalar grep { !$honest->{$j}{$_} && !$off->{$_} } map { keys %{ $played->{$_} // {} } }
		$j, 'rule';
}

# Whether a promise never bound the company: nobody backed it, or it was withdrawn before half of
# its time and not made anew. That is open, and measured apart from the search; here the twin does
# not promise it either.
sub is_left_out
{
	my ($strategy, $j, $off) = @_;
	my $of = $of{"$strategy->{s} a"};
	return 0 if grep { $_->{opened} && !$_->{withdrawn_early} } @{ $of->{$j} };
	# To earn by what is backed after due is to choose when the outcome is known.
	return !grep { $_->{late} && (evidence($_, $off))[0] > 0 } map { @$_ } values %$of;
}

# By how much the strategy's expectation is higher than that of its twin, for reasons that nothing
# names. all: with what is left out.
sub raise
{
	my ($strategy, $off, $all) = @_;
	my @raises;
	foreach my $by (qw(promiser customer))
	{
		my @played = (0, 0);
		my @honest = (0, 0);
		foreach my $j (1 .. PROMISES)
		{
			my ($own, $twin) = map { [ sum_of($strategy, $_, $by, $off,
				@{ $of{"$strategy->{s} $_"}{$j} }) ] } qw(a b);
			my $named = is_named($strategy, $j, $off);
			next if !$all && !$named && is_left_out($strategy, $j, $off);
			$own = $twin if $named;
			$played[$_] += $own->[$_] foreach 0, 1;
			$honest[$_] += $twin->[$_] foreach 0, 1;
		}
		push @raises, expectation(@played) - expectation(@honest);
	}
	return max(@raises);
}

# Pairs of a raise and its strategy, the largest first.
sub raises
{
	my ($off, $all, @of) = @_;
	return sort { $b->[0] <=> $a->[0] } map { [ raise($_, $off, $all), $_ ] } @of;
}

sub shown
{
	my ($raise, $strategy) = @{ $_[0] };
	return sprintf '%.4f: %s', $raise, moves($strategy);
}

# ---- the search ----

my @searched = grep { $_->{group} ne 'open' } @strategies;
my @raised = raises({}, 0, @searched);
note(scalar(@searched) . ' strategies, ' . RANDOM . ' of them random. The largest raises that '
	. 'nothing names:');
note(shown($_)) foreach @raised[ 0 .. 4 ];
note('without a breach admitted in time: '
	. shown((grep { !grep { $_->[1] eq 'admit' } @{ $_->[1]->{moves} } } @raised)[0]));
my @findings = grep { $_->[0] > BOUND } @raised;
is(join("\n", map { shown($_) } @findings), '',
	'no strategy raises the expectation by more than ' . BOUND . ' without an exception');
my ($repeated) = raises({}, 1, grep { $_->{name} eq 'repeat' } @strategies);
cmp_ok($repeated->[0], '<', 1e-3, 'a verdict that is repeated raises nothing');

# ---- each countermeasure switched off ----

# What is switched off together would stop or name the same trick; and the calls without which there
# is no such trick.
my %countermeasures = (
	'kept and broken fade from two instants, and a reversed verdict is an exception' =>
		[ [qw(two_instants verdict_reversed)], qr/^(?:say|import|admit|relay_kept|repair)$/ ],
	'a reversed verdict, and who speaks for the customer, are exceptions' =>
		[ [qw(verdict_reversed speaker_registered)], qr/^speaker/ ],
	'what was opened late earns nothing, and is an exception' => [ [qw(opened_late)], qr/^back$/ ],
	'what was eased late is partly kept, and an exception' =>
		[ [qw(eased due_moved)], qr/^(?:ease|speaker_accepts)$/ ],
	'withdrawn near due is an exception' => [ [qw(withdrawn_near_due)], qr/^(?:withdraw|remake)$/ ],
	'remade is an exception' => [ [qw(remade)], qr/^remake$/ ],
	'due far away is an exception' => [ [qw(due_far)], qr/^make_far$/ ],
	'a rule that asks for less is an exception' =>
		[ [qw(settings_eased policy_weakened)], qr/^grace$/ ],
	'what predecessors are broken counts' => [ [qw(linked)], qr/^(?:retire|rekey)$/ ],
	'broken counts not before due, and what was entered late is an exception' =>
		[ [qw(not_before_due backfilled)], qr/^import$/ ]);

foreach my $name (sort keys %countermeasures)
{
	my ($off, $trick) = @{ $countermeasures{$name} };
	my %known = map { $_->[1]->{s} => 1 } @findings;
	my @found = grep { $_->[0] > BOUND && !$known{ $_->[1]->{s} } }
		raises({ map { $_ => 1 } @$off }, 0, @searched);
	cmp_ok(scalar @found, '>', 0, "off: $name: the search finds the trick");
	note(scalar(@found) . ' times, ' . shown($found[0])) if @found;
	is(join("\n", map { shown($_) } grep { !grep { $_->[1] =~ $trick } @{ $_->[1]->{moves} } }
		@found), '', '... and no other');
}

# ---- what stays open ----

foreach my $name (sort keys %open)
{
	my ($most) = raises({}, 1, grep { $_->{name} eq $name } @strategies);
	cmp_ok($most->[0], '<=', $open{$name}->{most}, "open: $name");
	my $row = sprintf '| %s | %.2f |', $name, $open{$name}->{most};
	like(slurp_file('doc/security.md'), qr/^\Q$row\E$/m, '... and doc/security.md says so');
	note(shown($most));
}

# Split in ten, a kept promise counts ten times.
my @split = (0);
foreach my $strategy (grep { $_->{name} eq 'a kept promise split in ten' } @strategies)
{
	my %twin = %{ $of{"$strategy->{s} b"} };
	my @sum = sum_of($strategy, 'b', 'promiser', {}, map { @$_ } values %twin);
	my $split = sum0(map { (evidence($_, {}))[0] } map { @{ $twin{ $_->[2] } } }
		@{ $strategy->{moves} });
	push @split, abs(raise($strategy, {}, 1) + expectation(@sum)
		- expectation($sum[0] + 9 * $split, $sum[1]));
}
cmp_ok(max(@split), '<', 1e-3, 'a split promise raises it as the formula says');

# ---- what does not raise the expectation, or not that of one strategy ----

# A human who returns, or has another name, hides who left promises behind.
is(join(' ', grep { my $s = $_; !$changed{$s} } map { @$_ } rows(asked(q{SELECT DISTINCT s
	FROM play.move WHERE what IN ('rename', 'return') AND outcome = 'done'}))), '',
	'each human who was renamed, or returned, is an exception');

# To back in bursts raises the share of what is backed.
asked(q{\o /dev/null
	SELECT trust_ledger.register_actor(h, 'human'),
		trust_ledger.register_actor(h || '_bot', 'ai', model => 'm', responsible => h)
	FROM unnest('{hasty,steady}'::text[]) h;
	SELECT trust_ledger.make_promise(h, 'w', actor => h || '_bot', kind => 'work',
			due => now() + interval '22 days')
	FROM (VALUES ('hasty', 11), ('steady', 10)) v (h, count), generate_series(1, count) i;
	SELECT trust_ledger.back_promise(promise, actor => customer) FROM trust.current_promise
	WHERE customer IN ('hasty', 'steady')});
is(asked(q{SELECT string_agg(subject, ' ') FROM trust.exception WHERE what = 'backed_in_bursts'
	AND subject IN ('hasty', 'steady')}), 'hasty', 'who backs in bursts is an exception');
is(asked(q{SELECT share_backed FROM trust.promiser_trust WHERE promiser = 'hasty_bot'}), 1,
	'... although all is backed');

# Weights of admitted breaches that are lower while customers speak of some of them.
asked(q{\o /dev/null
	SELECT trust_ledger.register_actor(h, 'human') FROM unnest('{lucky,honest}'::text[]) h;
	SELECT trust_ledger.register_actor('portal', 'system', speaks_for => 'customer',
		responsible => 'ombud');
	SELECT trust_ledger.make_promise(h, 'w', actor => h, kind => 'work', due => now()
		+ interval '3 days') FROM unnest('{lucky,honest}'::text[]) h, generate_series(1, 4)});
set_day(LAST_DAY + 2);
asked(q{\o /dev/null
	SET ROLE company;
	SELECT trust_ledger.set_ledger(weights => '{"kept": [1000, 0], "kept_by_company": [500, 0],
		"partly_kept": [500, 500], "repaired": [250, 100], "admitted": [0, 100],
		"broken": [0, 1000]}');
	SELECT trust_ledger.admit_breach(promise, actor => promiser) FROM trust.current_promise
		WHERE promiser = 'lucky';
	RESET ROLE});
set_day(LAST_DAY + 4);
asked(q{\o /dev/null
	SELECT trust_ledger.assess_promise(promise, 'broken', actor => 'portal')
	FROM trust.current_promise WHERE promiser = 'lucky';
	SELECT trust_ledger.set_ledger(weights => '{"kept": [1000, 0], "kept_by_company": [500, 0],
		"partly_kept": [500, 500], "repaired": [250, 750], "admitted": [0, 750],
		"broken": [0, 1000]}');
	SELECT trust_ledger.assess_promise(promise, 'broken', actor => 'portal')
	FROM trust.current_promise WHERE promiser = 'honest'});
my $eased = q{SELECT count(*) FROM trust.exception x, trust.ledger l WHERE what = 'settings_eased'
	AND subject = l.ledger::text AND detail ~ };
my $raised = asked(q{SELECT trust_ledger.expectation(trust_ledger.promiser_score('lucky'))
	- trust_ledger.expectation(trust_ledger.promiser_score('honest'))});
cmp_ok($raised, '>', BOUND, 'lower weights for a moment raise the expectation');
note(sprintf '%.4f', $raised);
is(asked($eased . q{'have verdicts that weigh more'}), 1, '... and are an exception');

# A half-life with which broken promises fade within days.
my $before = q{SELECT max(trust_ledger.expectation(trust_ledger.promiser_score(promiser)))
	FROM play.who WHERE side = 'b' AND s IN (SELECT s FROM play.truth GROUP BY s
		HAVING bool_and(delivered IS NULL OR delivered > due OR worth < 100))};
$raised = -asked($before);
is(asked($eased . q{'faded sooner'}), 0, 'the half-life was not shortened');
asked(q{SET ROLE company; SELECT trust_ledger.set_ledger(half_life => '1 day')});
$raised += asked($before);
cmp_ok($raised, '>', BOUND, 'a shorter half-life raises the expectation');
note(sprintf '%.4f', $raised);
is(asked($eased . q{'faded sooner'}), 1, '... and is an exception');

done_testing();
