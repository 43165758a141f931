# The machine's clock is set back and ahead: within a chain time never runs back, the ledger's clock
# decides what was in time, and verify() reports nothing that a wrong clock leads to.
use strict;
use warnings;

use FilledLedger;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $clock = "$PostgreSQL::Test::Utils::tmp_check/clock";

# Sets the offset from the real time, at once for every process of the server.
sub set_clock
{
	my ($offset) = @_;
	unlink "$clock.new";
	append_to_file("$clock.new", $offset);
	rename "$clock.new", $clock or die "$clock: $!";
	return;
}

my ($faketime) = glob '/usr/lib/*/faketime/libfaketime.so.1' or die 'libfaketime is not installed';
my $node = PostgreSQL::Test::Cluster->new('clock');
$node->init;
set_clock('+0');
{
	local %ENV = (%ENV, LD_PRELOAD => $faketime, FAKETIME_TIMESTAMP_FILE => $clock,
		FAKETIME_NO_CACHE => 1, FAKETIME_DONT_FAKE_MONOTONIC => 1);
	$node->start;
}

$node->safe_psql('postgres', <<'SQL');
\o /dev/null
CREATE ROLE app LOGIN;
CREATE ROLE importer LOGIN;
CREATE EXTENSION trust_ledger;
SELECT trust_ledger.create_ledger();
SELECT * FROM trust_ledger.grant_access('app', 'application');
SELECT * FROM trust_ledger.grant_access('importer', 'import');
SELECT * FROM trust_ledger.register_actor('anna', 'human');
SELECT * FROM trust_ledger.register_actor('erp', 'system', speaks_for => 'record',
	responsible => 'anna');
SQL

sub asked { return ask($node, 'postgres', $_[0]) }

# The state after a call, or the error.
sub outcome
{
	my ($call, $user) = @_;
	return ask($node, 'postgres', "SELECT state FROM trust_ledger.$call", user => $user // 'app');
}

my %actor = (assess_promise => 'erp');

sub done
{
	my ($promise, $function, $more) = @_;
	my $actor = $actor{$function} // 'anna';
	return outcome("$function('$promise'" . ($more ? ", $more" : '') . ", actor => '$actor')");
}

sub make
{
	my ($customer, $more) = @_;
	my $promise = ask($node, 'postgres',
		"SELECT promise FROM trust_ledger.make_promise('$customer', 'w', actor => 'anna'"
			. ($more ? ", $more" : '') . ')', user => 'app');
	$promise =~ /^[0-9a-f-]{36}$/ or die "not made: $promise";
	return $promise;
}

sub is_sound
{
	my ($when) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(findings($node, 'postgres'), '', "$when: verify() is empty");
	is(asked(q{SELECT customer, seq FROM (SELECT customer, seq, recorded_at,
		lag(recorded_at) OVER (PARTITION BY customer ORDER BY seq) AS before
		FROM trust.entry) AS e WHERE recorded_at < before}), '',
			"$when: no chain's time runs back");
	return;
}

my $last = q{SELECT recorded_at = lag, recorded_at > clock_timestamp() FROM (
	SELECT seq, recorded_at, lag(recorded_at) OVER (ORDER BY seq) FROM trust.entry
		WHERE customer = '%s') AS e ORDER BY seq DESC LIMIT 1};

# ---- set back ----

my $before = make('back', q{due => now() + interval '1 hour'});
set_clock('-1d');
is(asked('SELECT clock_timestamp() < recorded_at FROM trust.chain WHERE customer = $$back$$'), 't',
	'the clock is set back');
is(done($before, 'add_note', q{'n'}), 'open', 'what happens then is recorded');
is(asked(sprintf $last, 'back'), 't|t', 'at the instant of the last entry');
is(done(make('back', q{due => now() + interval '2 days'}), 'add_note', q{'n'}), 'open',
	'and promises are made');
my $other = make('other');
is(asked(q{SELECT recorded_at < (SELECT min(recorded_at) FROM trust.entry WHERE customer = } .
	q{'back') FROM trust.chain WHERE customer = 'other'}),
	't', 'another chain has its own time');
is(asked(q{SELECT count(*) FROM trust_ledger.register_actor('ben', 'human')}), 1,
	'governance goes on');
is(outcome("make_promise('back', 'w', actor => 'anna', due => now() + interval '1 hour')"),
	'ERROR 22023', 'a due time that is past by the ledger\'s clock is refused');
is(outcome("make_promise('back', 'w', actor => 'anna', occurred_at => now() + interval '1 hour')"),
	'open', 'occurred_at is held against the ledger\'s clock');
is_sound('set back');

# An entry that is older than who is registered to have made it.
my $noticed = q{SELECT customer, subject, state, count(*), bool_and(since < now()) } .
	q{FROM trust.exception WHERE what = 'clock_set_back' GROUP BY 1, 2, 3 ORDER BY 1, 2};
is(asked($noticed), "other|anna|open|1|t",
	'trust.exception shows it where governance knows a later instant');
is(asked(q{SELECT x.subject, customer FROM trust.exception x JOIN trust.entry e USING (customer,
	promise) WHERE what = 'clock_set_back' AND e.event = 'made'
	AND detail ~ format('^entry %s was recorded at .*, before entry %s of governance, '
		'to which it refers, at ', e.seq, e.actor_seq)}), 'anna|other', 'which and by which');

# To be in time after all: not where the ledger has seen a later instant.
my %late = map { $_ => make($_, q{due => now() + interval '1 hour'}) } qw(seen unseen);
set_clock('-22h');
is(done($late{seen}, 'add_note', q{'n'}), 'open', 'two hours later, in one chain');
set_clock('-1d');
is(asked(q{SELECT customer, overdue FROM trust.current_promise WHERE customer IN ('seen', } .
	q{'unseen') ORDER BY 1}), "seen|f\nunseen|f", 'back again');
is(done($late{seen}, 'admit_breach', q{'late'}), 'ERROR TL001',
	'an admission is late where time went on');
is(done($late{seen}, 'withdraw_promise'), 'broken', 'and so is a withdrawal');
is(done($late{unseen}, 'admit_breach', q{'in time'}), 'broken',
	'where nothing was recorded since, the machine\'s clock decides');
is_sound('set back twice');

# ---- a year ahead by mistake ----

set_clock('+0');
is(done($other, 'assess_promise', q{'kept'}), 'kept', 'a verdict');
my %due = map { $_ => make($_, q{due => now() + interval '3 days', longest_pause => '1 day'}) }
	qw(ahead untouched);
my $kept = make('ahead');
is(done($kept, 'assess_promise', q{'kept'}), 'kept', 'a verdict in the customer\'s chain');
my $paused = make('ahead', q{due => now() + interval '800 days', longest_pause => '1 day'});
my $ahead = make('ahead');
my @scores = map { "trust_ledger.$_" } q{customer_score('ahead')}, q{promiser_score('anna')};
my $evidence = 'SELECT round(trust_ledger.kept(s)::numeric, 2), ' .
	'round(trust_ledger.broken(s)::numeric, 2), trust_ledger.as_of(s) > now() FROM %s AS s';
is(asked(sprintf $evidence, $scores[0]), '1.00|0.00|f', 'the customer\'s score');

set_clock('+365d');
is(asked(q{SELECT count(*) FROM trust.overdue WHERE customer IN ('ahead', 'untouched')}), 2,
	'a year ahead, all is overdue');
is(done($ahead, 'assess_promise', q{'kept'}), 'kept', 'a verdict is recorded');
is(done($paused, 'pause_promise'), 'open', 'and a pause');
is(asked(q{SELECT count(*) FROM trust_ledger.set_ledger(zone => 'Europe/Berlin')}), 1,
	'and a setting');
is_sound('ahead');

set_clock('+0');
is_sound('and corrected');
is(asked(q{SELECT count(*) FROM trust.overdue WHERE customer IN ('ahead', 'untouched')}), 0,
	'nothing is overdue by the right clock');
is(done($kept, 'add_note', q{'n'}), 'kept', 'that customer\'s chain goes on');
is(asked(sprintf $last, 'ahead'), 't|t', 'where its time stands still');
is(done($paused, 'resume_promise'), 'open', 'a pause ends');
is(asked("SELECT due = first_due FROM trust.promise WHERE promise = '$paused'"), 't',
	'and took no time');
is(done($due{ahead}, 'admit_breach', q{'n'}), 'ERROR TL001',
	'what was due before is past due there');
is(outcome("make_promise('ahead', 'w', actor => 'anna', due => now() + interval '3 days')"),
	'ERROR 22023', 'and cannot be promised');
is(outcome("make_promise('ahead', 'w', actor => 'anna', occurred_at => now())"), 'ERROR TL004',
	'what happens now is long ago');
is(done($due{ahead}, 'assess_promise', q{'kept'}), 'kept', 'verdicts can be given');
is(done($due{untouched}, 'admit_breach', q{'n'}), 'broken',
	'another customer\'s chain knows nothing of it');

# Who may import enters what happens meanwhile, and then it is in time.
my $imported = ask($node, 'postgres', q{SELECT promise FROM trust_ledger.make_promise('ahead', 'w',
	actor => 'anna',
	due => now() + interval '3 days', occurred_at => now())}, user => 'importer');
is(outcome("admit_breach('$imported', 'n', actor => 'anna', occurred_at => now())", 'importer'),
	'broken', 'an importer admits it in time');
is(asked("SELECT weight_broken, (SELECT bool_and(backfilled) FROM trust.entry e
	WHERE e.customer = p.customer AND e.promise = p.promise)
	FROM trust.promise p WHERE promise = '$imported'"), '750|t',
		'marked as entered after the fact');

# A score never fades backwards.
is(asked(sprintf $evidence, $scores[0]), '2.25|0.19|t',
	'what is known of the customer has faded by a year, but for what was recorded then');
like(asked(sprintf $evidence, $scores[1]), qr/\|t$/, 'and of who promised');
is(asked(sprintf $evidence, $scores[0] =~ s/\)$/, as_of => now())/r), '1.00|0.00|f',
	'as of now it is what it would be without; what is admitted counts from due on');
is(asked(q{SELECT count(*) FROM trust_ledger.explain_trust('customer', 'ahead')}), 4,
	'it can be explained');
is(ask($node, 'postgres', $_) =~ /^ERROR/ ? $_ : '', '', "read: $_") foreach (
	(map { "SELECT * FROM trust.$_" } split /\n/,
		asked(q{SELECT relname FROM pg_class WHERE relnamespace = 'trust'::regnamespace } .
		q{AND relkind = 'v'})),
	q{SELECT * FROM trust_ledger.trust_trend('all', '1 day')},
		'SELECT * FROM trust_ledger.ledger_digest()',
	"SELECT * FROM trust_ledger.history('$imported')");
is_sound('after a while');
is(asked(q{SELECT count(*) FROM trust_ledger.rebuild('ahead', 'to see')}), 1, 'rebuild()');
is_sound('rebuilt');

set_clock('+366d');
is(done(make('ahead', q{due => now() + interval '3 days'}), 'admit_breach', q{'n'}), 'broken',
	'a year later all is as ever');
is(asked(sprintf $last, 'ahead'), 'f|f', 'and its time goes on');
is_sound('a year later');

$node->stop;
unlike(slurp_file($node->logfile), qr/PANIC:|TRAP:|terminated by signal/,
	'the server did not mind');
done_testing();
