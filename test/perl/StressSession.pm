# psql sessions that run random statements, and a record of the results.
#
#	StressSession->new($node, $db, $nr, %how)    starts psql. acts: the name of a table of acts
#	                                             below; user; seed; rows: rows of a bulk insert at
#	                                             most; settings; slow: a factor for timeouts
#	StressSession::wait_for($seconds, @sessions) reads their output, waiting at most that long
#	$session->idle                               whether it has run everything that it was given
#	$session->more($count)                       gives it that many more transactions
#	$session->end                                ends it; returns the exit status of psql
#	$session->last_acts                          the last statements that it was given
#
# Counters: done {act => runs without an error}; errors {SQLSTATE => number}; strange: errors that
# no act explains; memory: [bytes in the ledger's memory contexts, number of plans], measured when
# idle.
package StressSession;

use strict;
use warnings;

use IO::Select;
use IPC::Open3;
use POSIX qw(WNOHANG);

# ---- what is done ----

sub one_of { return $_[ int rand @_ ] }
sub up_to { return 1 + int rand $_[0] }
sub chance { return rand() < $_[0] }

# A text in SQL of one length or another; long ones do not fit a page.
sub words { return "repeat('" . one_of(qw(soon later never)) . " ', " . one_of(1, 5, 60, chance(0.1)
	? 5000 : 10) . ')' }
sub customer { return "'c" . int(rand 12) . "'" }
sub due { return chance(0.05) ? "now() - interval '1 day'" : one_of("now() + interval '3 days'",
	"now() + interval '30 days'", 'NULL') }

my @tables = qw(deal quote part slip slip_now memo);

# One of the latest rows, or one that others change too.
sub some_row
{
	my ($tab) = @_;
	return one_of(-1, -2) if $tab eq 'deal' && chance(0.2);
	return "(SELECT id FROM stress.$tab WHERE status = 'sent' AND id > (SELECT last_value - 300 " .
		"FROM stress.id) ORDER BY random() LIMIT 1)";
}

sub call
{
	my ($function, @arguments) = @_;
	return "SELECT seq FROM trust_ledger.$function(" . join(', ', @arguments) . ");";
}

sub pick { return "stress.pick('{$_[0]}')" }
sub actor { return "actor => '" . one_of(@_) . "'" }

sub insert
{
	my ($tab, $rows, $due) = @_;
	my $label = chance(0.03) ? "'bad'" : one_of("'label'", 'NULL');
	my $breaks = chance(0.1) ? 'true' : 'false';
	my $brittle = chance(0.3) ? "stress.a_brittle($breaks)" : 'NULL';
	my $region = one_of("'north'", "'south'");
	my $mood = chance(0.7) ? "'fine'" : 'NULL';
	return "INSERT INTO stress.$tab (customer, words, status, due, n, label, brittle, mood, region)"
	  . " SELECT 'c' || i % " . up_to(12) . ', ' . words() . ", 'sent', " . ($due // due())
	  . ", 1, $label, $brittle, $mood, $region FROM generate_series(1, $rows) i";
}

my %calls = (
	make => [ 6, sub { call('make_promise', customer(), words(), "kind => 'call'",
		"longest_pause => '9 days'", 'due => ' . due(), actor(qw(anna ben bot crm)), chance(0.2)
		? ("idempotency_key => 'k" . int(rand 50) . "'") : ()) } ],
	batch => [ 2, sub {
		my $n = up_to(30);
		return "SELECT count(*) FROM trust_ledger.make_promises(ARRAY(SELECT " .
			"jsonb_populate_record(NULL::trust_ledger.new_promise,"
		  . " jsonb_build_object('customer', 'c' || i % 12, 'words', " . words()
		  . ", 'kind', 'call', 'actor', 'bot')) FROM generate_series(1, $n) i));" } ],
	back => [ 2, sub { call('back_promise', pick('proposed,open'), actor(qw(anna ben))) } ],
	decline => [ 1, sub { call('decline_promise', pick('proposed'), "'no'", actor('anna')) } ],
	withdraw_backing => [ 1, sub { call('withdraw_backing', pick('open'), actor('anna')) } ],
	accept => [ 1, sub { call('accept_promise', pick('proposed,open'), actor('portal')) } ],
	amend => [ 3, sub { call('amend_promise', pick('proposed,open'), 'words => ' . words(),
		actor(qw(anna bot))) } ],
	pause => [ 2, sub { call('pause_promise', pick('open'), "'why'", actor('crm')) } ],
	resume => [ 2,
		sub { call('resume_promise',
		"(SELECT promise FROM trust.promise WHERE kind = 'call' AND paused_at IS NOT NULL LIMIT 1)",
		actor('crm')) } ],
	assess => [ 2, sub { call('assess_promise', pick('open'), one_of("'kept'", "'partly_kept'",
		"'broken'"), actor(qw(erp crm portal))) } ],
	admit => [ 1, sub { call('admit_breach', pick('open'), actor('anna')) } ],
	repair => [ 1, sub { call('repair_breach', pick('broken'), "'made good'", actor('anna')) } ],
	withdraw => [ 1, sub { call('withdraw_promise', pick('open,proposed'), actor('anna')) } ],
	release => [ 1, sub { call('release_promise', pick('open,proposed'), actor(qw(portal crm))) } ],
	note => [ 2, sub { call('add_note', pick('open,proposed,kept,broken'), words(), actor('crm')) }
		],
	act_as => [ 1, sub { "SELECT trust_ledger.act_as('anna');" } ],
	read => [ 2, sub { one_of("SELECT count(*) FROM trust_ledger.verify(" . customer() . ");",
		"SELECT trust_ledger.history(" . pick('open') . ") LIMIT 1;",
		"SELECT trust_ledger.customer_score(" . customer() . ");",
			"SELECT count(*) FROM trust_ledger.reconcile_table('stress.later');") } ],
	replay => [ 1, sub { "SELECT count(*) FROM trust_ledger.replay_parked();" } ]);

my %rows = (
	insert => [ 8, sub { insert(one_of(@tables), 1) . ';' } ],
	many => [ 3, sub { insert(one_of(@tables), up_to(60)) . ';' } ],
	bulk => [ 0.3, sub { insert(one_of(qw(deal slip)), up_to($_[0]{rows})) . ';' } ],
	copy => [ 1, sub {
		my $tab = one_of(@tables);
		return "COPY stress.$tab (customer, words, n, mood) FROM STDIN;\n"
			. join('', map { 'c' . int(rand 12) . "\tcopied\t1\tfine\n" } 1 .. up_to(20))
			. '\.' } ],
	merge => [ 1, sub {
		my $tab = one_of(@tables);
		return "MERGE INTO stress.$tab t USING (SELECT " . some_row($tab)
			. " AS id) s ON t.id = s.id"
		  . " WHEN MATCHED THEN UPDATE SET words = 'merged ' || random() WHEN NOT MATCHED " .
		  "THEN INSERT (customer, words) VALUES (" . customer() . ", 'merged');" } ],
	on_conflict => [ 1, sub {
		my $tab = one_of(qw(deal quote slip memo));
		return "INSERT INTO stress.$tab (id, customer, words) VALUES (coalesce(" . some_row($tab)
			. ", nextval('stress.id')), " . customer() . ", 'again')"
		  . " ON CONFLICT (id) DO UPDATE SET words = 'again ' || random();" } ],
	update => [ 6, sub {
		my $tab = one_of(@tables);
		return "UPDATE stress.$tab SET words = " . words() . " || random(), due = " . due()
			. " WHERE id = " . some_row($tab) . " AND status = 'sent';" } ],
	update_many => [ 2, sub {
		my $tab = one_of(@tables);
		return "UPDATE stress.$tab SET words = words || '!' WHERE status = 'sent' " .
			"AND id > (SELECT last_value - 100 FROM stress.id);" } ],
	settle => [ 3, sub {
		my $tab = one_of(@tables);
		return "UPDATE stress.$tab SET status = " . one_of(map { "'$_'" } qw(kept broken void))
			. " WHERE id = " . some_row($tab) . " AND id > 0;" } ],
	hold => [ 1, sub {
		my $tab = one_of(qw(slip memo slip_now));
		return "UPDATE stress.$tab SET status = CASE status WHEN 'held' THEN 'sent' ELSE 'held' " .
			"END WHERE id = " . some_row($tab) . ';' } ],
	to_customer => [ 1, sub {
		my $tab = one_of(@tables);
		return "UPDATE stress.$tab SET customer = " . customer() . ' WHERE id = ' . some_row($tab)
			. " AND status = 'sent';" } ],
	to_key => [ 1, sub {
		my $tab = one_of(@tables);
		return "UPDATE stress.$tab SET id = nextval('stress.id') WHERE id = " . some_row($tab)
			. " AND id > 0;" } ],
	to_partition => [ 2, sub { "UPDATE stress.part SET region = CASE region " .
		"WHEN 'north' THEN 'south' ELSE 'north' END WHERE id = " . some_row('part') . ';' } ],
	remove => [ 1, sub {
		my $tab = one_of(@tables);
		return "DELETE FROM stress.$tab WHERE id = " . some_row($tab) . ' AND id > 0;' } ],
	divide => [ 0.5, sub {
		my $tab = one_of(@tables);
		return "UPDATE stress.$tab SET status = 'kept', n = 0 WHERE id = " . some_row($tab)
			. ' AND id > 0;' } ],
	crosswise => [ 2, sub { "SET LOCAL lock_timeout = 0; " . join(' SELECT pg_sleep(0.02); ',
		map { "UPDATE stress.deal SET words = 'row ' || random() WHERE id = $_;" } chance(0.5)
		? (-3, -4) : (-4, -3)) } ]);

my %ddl = (
	temp => [ 1, sub { 'CREATE TEMP TABLE IF NOT EXISTS own AS SELECT 1 AS n; DROP TABLE own;' } ],
	discard => [ 1, sub { one_of('DISCARD PLANS;', 'DISCARD TEMP;') } ],
	truncate => [ 0.3, sub { 'TRUNCATE stress.deal;' } ],
	retrack => [ 0.5,
		sub { q{CALL stress.track('memo', '{"on_error": ":note", "made": {"kind": "=brittle"}}');} }
		]);

# What other sessions do to the same tables and to these sessions at the same time.
my %interference = (
	analyze => [ 4, sub { 'ANALYZE ' . one_of('trust.entry', 'trust.promise', 'trust.chain',
		'stress.deal') . ';' } ],
	vacuum => [ 1, sub { 'VACUUM ' . one_of('trust.chain', 'stress.deal', 'stress.slip') . ';' } ],
	reindex => [ 1, sub { 'REINDEX TABLE ' . one_of('trust.chain', 'trust.source', 'stress.deal')
		. ';' } ],
	alter => [ 3, sub { 'ALTER TABLE ' . one_of('stress.deal', 'stress.slip', 'stress.inside')
		. ' ALTER COLUMN n SET STATISTICS ' . up_to(100) . ';' } ],
	alter_ledger => [ 2, sub { 'ALTER TABLE trust.' . one_of(qw(entry promise chain source actor))
		. ' SET (fillfactor = ' . (90 + up_to(10)) . ');' } ],
	replace => [ 2, sub { q{CREATE OR REPLACE FUNCTION stress.is_label(value text) } .
		q{RETURNS boolean LANGUAGE plpgsql AS $$ } .
		q{BEGIN RETURN value <> 'bad' AND stress.interfere('ST002', 0.3); END $$;} } ],
	policy => [ 3, sub { call('set_policy', "'machines'", "promiser_kind => 'ai'",
		"evidence => 'asserted'", "back_within => '" . up_to(9) . " days'") } ],
	register => [ 3, sub { call('register_actor', "'erp'", "'system'", "responsible => 'ben'",
		"speaks_for => 'record'", "name => 'ERP " . up_to(9) . "'") } ],
	access => [ 1, sub { call('grant_access', "'pg_monitor'", "'analyst'") . ' '
		. call('revoke_access', "'pg_monitor'", "'analyst'") } ],
	set_ledger => [ 1, sub { call('set_ledger', "lag => '" . up_to(48) . " hours'",
		"reason => 'why'") } ],
	erase => [ 1, sub { one_of(call('erase_words', pick('open'), "'asked'"), call('erase_customer',
		customer(), "'asked'")) } ],
	hold_chain => [ 3, sub { my $slow = $_[0]{slow};
		"BEGIN; SELECT FROM trust.chain WHERE customer = " . customer()
		. " FOR UPDATE; SELECT pg_sleep(0.25 * $slow); COMMIT;" } ],
	cancel => [ 6,
		sub { "SELECT pg_sleep(0.05); SELECT pg_cancel_backend(pid) FROM pg_stat_activity " .
		"WHERE application_name ~ '^stress' AND state = 'active' ORDER BY random() LIMIT 1;" } ]);

my %tables = (stress => { %calls, %rows, %ddl }, interference => \%interference);
sub acts { return sort map { keys %$_ } values %tables }

# The name of an act and its SQL.
sub an_act
{
	my ($self) = @_;
	my $acts = $tables{ $self->{acts} };
	my $sum = 0;
	$sum += $acts->{$_}[0] foreach keys %$acts;
	my $at = rand $sum;
	foreach my $name (sort keys %$acts)
	{
		return ($name, $acts->{$name}[1]->($self)) if ($at -= $acts->{$name}[0]) < 0;
	}
	return $self->an_act;
}

# ---- transactions of it, as psql gets them ----

sub told { return "$_[1]\n\\echo \@\@ $_[0] :SQLSTATE\n" }

sub act { return told($_[0]->an_act) }

# In a savepoint of PL/pgSQL's, which an error of its own may end.
sub in_block
{
	my ($self) = @_;
	my $sql = ($self->an_act)[1];
	return $self->act if $sql =~ /COPY|BEGIN|\bdo\b|SET LOCAL/;
	$sql =~ s/\bSELECT (count\(\*\)|seq) FROM trust_ledger/PERFORM FROM trust_ledger/g;
	$sql =~ s/^SELECT/PERFORM/g;
	my $error = one_of('', "RAISE SQLSTATE 'UNDO0';", 'PERFORM 1 / 0;');
	my $then = one_of('NULL;', 'PERFORM FROM trust_ledger.make_promise(' . customer()
		. ", 'instead', kind => 'call', actor => 'crm');");
	return told('block', "DO \$do\$ BEGIN BEGIN $sql $error " .
		"EXCEPTION WHEN OTHERS THEN $then END; END \$do\$;");
}

sub in_savepoint
{
	my ($self, $depth) = @_;
	my $name = 's' . $depth;
	my $inner = join '', map { $depth < 3 && chance(0.3) ? $self->in_savepoint($depth + 1)
		: $self->act } 1 .. up_to(3);
	return "SAVEPOINT $name;\n$inner" . (chance(0.5) ? told('rollback_to', "ROLLBACK TO $name;")
		. (chance(0.5) ? $self->act : '') : told('release', "RELEASE $name;"));
}

sub step
{
	my ($self) = @_;
	my $at = rand;
	return $at < 0.2 ? $self->in_savepoint(1) : $at < 0.3 ? $self->in_block
	  : $at < 0.36 ? told('set_constraints', 'SET CONSTRAINTS ALL ' . one_of('IMMEDIATE',
	  'DEFERRED') . ';') : $self->act;
}

sub ending
{
	my ($self) = @_;
	my $at = rand;
	return told('rollback', 'ROLLBACK;') if $at < 0.15;
	return told('commit', 'COMMIT;') if $at < 0.85;
	my $gid = "$self->{name} " . ++$self->{prepared};
	return told('prepare', "PREPARE TRANSACTION '$gid';") . (chance(0.5) ? $self->act : '')
	  . (chance(0.6) ? told('commit_prepared', "COMMIT PREPARED '$gid';")
	  : told('rollback_prepared', "ROLLBACK PREPARED '$gid';"));
}

sub transaction
{
	my ($self) = @_;
	my $isolation = one_of('', '', '', ' ISOLATION LEVEL REPEATABLE READ',
		' ISOLATION LEVEL SERIALIZABLE');
	return "BEGIN$isolation;\n" . join('', map { $self->step } 1 .. up_to(5)) . $self->ending;
}

# Its last row cannot be written, which shows when it is committed; a good one follows.
sub failing_commit
{
	my ($self) = @_;
	my $rows = chance(0.3) ? $self->{rows} : up_to(100);
	my $insert = insert('deal', $rows, "CASE WHEN i = $rows THEN now() - interval '1 day' END");
	my $update = "UPDATE stress.deal SET words = 'after ' || random() WHERE status = 'sent' " .
		"AND id IN (SELECT id FROM stress.deal WHERE status = 'sent' AND id > 0 ORDER BY id " .
		"LIMIT 6);";
	return told('failing_commit', "SET stress.chance = 0;\n$insert;") . told('after_failing_commit',
		$update) . "RESET stress.chance;\n";
}

sub cut_short
{
	my ($self) = @_;
	return 'SET statement_timeout = ' . up_to(20) * $self->{slow} . ";\n" . $self->act . $self->act
		. "RESET statement_timeout;\n";
}

# A psql that puts a savepoint around each statement; an hour of settings in a few lines.
sub settings
{
	my ($self) = @_;
	my @settings = ('\set ON_ERROR_ROLLBACK ' . one_of('on', 'on', 'on', 'off'),
		'SET plan_cache_mode = ' . one_of('auto', 'auto', 'force_generic_plan', 'force_custom_plan')
		. ';',
		'SET stress.chance = ' . one_of(0, 0.02, 0.1, 0.3) . ';', 'SET work_mem = '
			. one_of("'64kB'", "'4MB'") . ';');
	my $explain = $self->{without} =~ /\bexplain\b/ || chance(0.4) ? -1 : 0;
	push @settings, "SET auto_explain.log_min_duration = $explain;", 'SET client_min_messages = '
		. ($explain ? one_of('warning', 'notice') : 'notice') . ';',
	  'SET auto_explain.log_analyze = ' . one_of('on', 'off') . ';';
	push @settings, @{ $self->{discards} ? ['SET debug_discard_caches = ' . one_of(0, 0, 0, 1)
		. ';'] : [] };
	return join '', map { "$_\n" } @settings;
}

my $measure = q{SELECT '@@ memory', coalesce(sum(total_bytes) FILTER (WHERE name ~ } .
	q{'^trust_ledger'), 0), count(*) FILTER (WHERE name = 'CachedPlanSource') } .
	q{FROM pg_backend_memory_contexts;};

sub chunk
{
	my ($self, $count) = @_;
	my $sql = $self->{acts} eq 'interference' ? '' : $self->settings;
	foreach (1 .. $count)
	{
		my $at = rand;
		$sql .= $self->{acts} eq 'interference' ? $self->act : $at < 0.35 ? $self->act : $at < 0.5
			? $self->cut_short : $at < 0.58 ? $self->failing_commit : $self->transaction;
	}
	return "$sql\nROLLBACK;\n" . ($self->{acts} eq 'interference' ? ''
		: "SET client_min_messages = warning;\n$measure\n") . "\\echo \@\@ chunk\n";
}

# ---- a session ----

sub new
{
	my ($class, $node, $db, $nr, %how) = @_;
	my $self = bless { %how, name => "$how{acts} $nr", nr => $nr, chunks => 0, prepared => 0,
		left => 0, read => '', done => {}, errors => {}, strange => [], said => [], memory => [] },
		$class;
	local $ENV{PGAPPNAME} = $self->{name};
	local $ENV{PGOPTIONS} = join ' ', map { "-c $_=" . ($how{settings}{$_} =~ s/([\\ ])/\\$1/gr) }
		sort keys %{ $how{settings} };
	$self->{pid} = open3($self->{in}, $self->{out}, undef, 'psql', '-XAtq', '-F', ' ', '-d',
		$node->connstr($db), '-U', $how{user});
	$self->{out}->blocking(0);
	$self->{in}->autoflush(1);
	print { $self->{in} } "\\set VERBOSITY verbose\n\\set SHOW_CONTEXT never\nSELECT setseed("
		. (($how{seed} + $nr) % 1000) / 1000 . ") \\g /dev/null\n";
	return $self;
}

sub more
{
	my ($self, $count) = @_;
	srand($self->{seed} * 1009 + $self->{nr} * 7919 + $self->{chunks}++);
	$self->{given} = $self->chunk($count);
	$self->{answers} = 0;
	$self->{left} = 1;
	local $SIG{PIPE} = 'IGNORE';
	print { $self->{in} } $self->{given};
	return;
}

sub idle { return !$_[0]{left} }

# SQLSTATEs that these acts are meant to lead to; those of class ST are errors that the company's
# code raises.
my $expected = qr/^(?:ST00[1-7]|UNDO0|TL00[1-5]|0A000|2200[34]|22012|22023|22P03|23505|23514|2D000
	|25001|25006|25P0[12]|27000|3B001|40001|40P01|42501|42704|42710|42P01|42P07|55000|55006|55P03
	|57014|P0002)$/x;
# PostgreSQL's own, of DDL side by side.
my $of_postgresql = qr/XX000:\ (?:tuple\ concurrently\ (?:updated|deleted)
	|could\ not\ open\ relation\ with\ OID\ \d+|relation\ \d+\ deleted\ while\ still\ in\ use)/x;

sub heard
{
	my ($self, $line) = @_;
	if ($line =~ /^\@\@ chunk/) { $self->{left} = 0 }
	elsif ($line =~ /^\@\@ memory (\d+) (\d+)/) { push @{ $self->{memory} }, [ $1, $2 ] }
	elsif ($line =~ /^\@\@ (\S+) (\w{5})$/)
	{
		$self->{answers}++;
		$self->{done}{$1}++ if $2 eq '00000';
	}
	elsif ($line =~ /(?:ERROR|FATAL|PANIC):  ((\w{5}): .*)/)
	{
		$self->{errors}{$2}++;
		push @{ $self->{said} }, $1;
		shift @{ $self->{said} } if @{ $self->{said} } > 5;
		push @{ $self->{strange} }, $1 unless $2 =~ $expected || $1 =~ $of_postgresql;
	}
	elsif ($line =~ /WARNING:  \w{5}: .*leak/) { push @{ $self->{strange} }, $line }
	elsif ($line =~ /server closed the connection|connection to server was lost|could not connect/)
		{ $self->{gone} = $line }
	return;
}

sub take
{
	my ($self) = @_;
	my $bytes = sysread $self->{out}, $self->{read}, 65536, length $self->{read};
	$self->{gone} = 1 if defined $bytes && $bytes == 0;
	$self->heard($1) while $self->{read} =~ s/^([^\n]*)\n//;
	return;
}

sub last_acts
{
	my ($self) = @_;
	my @acts = split /(?<=:SQLSTATE\n)/, $self->{given} // '';
	my $at = $self->{answers} // 0;
	return join '', @acts[ ($at > 3 ? $at - 3 : 0) .. ($at < $#acts ? $at : $#acts) ];
}

sub end
{
	my ($self) = @_;
	local $SIG{PIPE} = 'IGNORE';
	close $self->{in};
	# It may have more to say than a pipe takes.
	$self->{out}->blocking(1);
	1 while sysread $self->{out}, my $rest, 65536;
	waitpid $self->{pid}, 0;
	return $?;
}

sub wait_for
{
	my ($seconds, @sessions) = @_;
	my %by_handle = map { $_->{out} => $_ } @sessions;
	my @ready = IO::Select->new(map { $_->{out} } @sessions)->can_read($seconds);
	$by_handle{$_}->take foreach @ready;
	return;
}

1;
