# Tracked tables that were renamed, and their columns, are dumped, restored, and renamed again
# there.
use strict;
use warnings;

use FilledLedger;
use IPC::Run;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $dumps = PostgreSQL::Test::Utils::tempdir;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
make_roles($node);
$node->safe_psql('postgres', 'CREATE ROLE shop LOGIN');

sub make_shop
{
	my ($db) = @_;
	make_database($node, $db);
	$node->safe_psql($db, 'GRANT CREATE ON SCHEMA public TO shop');
	return;
}

make_shop('crm');
$node->safe_psql('crm', 'CREATE EXTENSION trust_ledger');
is(ask($node, 'crm', <<'SQL', user => 'shop'), '', 'tables that were renamed, columns too');
CREATE FUNCTION create_trigger(tab text, name text, arguments text DEFAULT '', words text DEFAULT
	'words') RETURNS text LANGUAGE sql AS $$
	SELECT format('CREATE TRIGGER %I AFTER INSERT ON %s FOR EACH ROW '
		'EXECUTE FUNCTION trust_ledger.track(''made'', ''customer=customer'', ''words=%s''%s)',
		name, tab, words, arguments)
$$;
CREATE TABLE deal (id int PRIMARY KEY, customer text, words text);
INSERT INTO deal SELECT generate_series(1, 1000), 'c', 'w';
CREATE TABLE whole (id int PRIMARY KEY, customer text, words text) PARTITION BY RANGE (id);
CREATE TABLE part PARTITION OF whole FOR VALUES FROM (0) TO (10);
CREATE TABLE detached PARTITION OF whole FOR VALUES FROM (10) TO (20);
SELECT create_trigger(tab, name) FROM (VALUES ('deal', 'made'), ('whole', 'made'), ('part', 'own'),
	('detached', 'own')) AS t (tab, name) \gexec
ALTER TABLE whole DETACH PARTITION detached;
ALTER TABLE deal RENAME words TO "as said: größe='1'";
ALTER TABLE whole RENAME words TO said;
ALTER TABLE deal RENAME TO old_deal;
CREATE TABLE deal (id int PRIMARY KEY, customer text, words text);
SELECT create_trigger('deal', 'made') \gexec
ALTER TABLE part DISABLE TRIGGER own;
SQL

my $triggers = 'SELECT tgrelid::regclass, tgname, tgenabled, tgparentid <> 0, ' .
	'pg_get_triggerdef(oid) FROM pg_trigger ORDER BY tgrelid::regclass::text, tgname';
my $expected = ask($node, 'crm', $triggers);
like($expected, $_, "before it is dumped: $_")
  foreach qr/^deal\|.*'words=words', 'source:public\.deal \(2\)'\)$/m,
  qr/^old_deal\|.*'words=as said: größe=''1''', 'source:public\.deal'\)$/m,
  qr/^part\|made\|O\|t\|.*'words=said', 'source:public\.whole'\)$/m,
  qr/^part\|own\|D\|f\|.*'words=said', 'source:public\.whole'\)$/m,
  qr/^detached\|own\|.*'words=words', 'source:public\.whole'\)$/m;

my @restores = (
	[ 'plain', [], 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null' ],
	[ 'custom', ['-Fc'], 'pg_restore', '-e' ],
	[ 'parallel', [ '-Fd', '-j2' ], 'pg_restore', '-e', '-j4' ],
	[ 'at_once', ['-Fc'], 'pg_restore', '-1' ],
	[ 'as_owner', ['-Fc'], 'pg_restore', '-e', '--use-set-session-authorization' ],
	[ 'quoted', [ '-Fc', '--quote-all-identifiers' ], 'pg_restore', '-e' ]);
foreach my $restore (@restores)
{
	my ($db, $options, @command) = @$restore;
	make_shop($db);
	$node->command_ok([ 'pg_dump', @$options, '-f', "$dumps/$db", 'crm' ],
		"$db: pg_dump @$options");
	$node->command_ok([ @command, '-d', $node->connstr($db), $db eq 'plain' ? '-f' : (),
		"$dumps/$db" ], "$db: @command");
	is(ask($node, $db, $triggers), $expected, "$db: the triggers are what they were");
	is(ask($node, $db, 'SELECT evtname, evtenabled FROM pg_event_trigger ORDER BY 1'),
		"trust_ledger_column_drop|A\ntrust_ledger_follow|A",
		"$db: the event triggers come with the extension, once");
	my $renaming = <<'SQL';
ALTER TABLE old_deal RENAME COLUMN "as said: größe='1'" TO again;
SELECT split_part(encode(tgargs, 'escape'), '\000', 3) FROM pg_trigger
	WHERE tgrelid = 'old_deal'::regclass;
ALTER TABLE deal RENAME TO other_deal;
CREATE TABLE deal (id int PRIMARY KEY, customer text, words text);
SELECT create_trigger('deal', 'made') \gexec
SELECT split_part(encode(tgargs, 'escape'), '\000', 4) FROM pg_trigger
	WHERE tgrelid = 'deal'::regclass;
SQL
	is(ask($node, $db, $renaming, user => 'shop'), "words=again\nsource:public.deal (3)",
		"$db: and what is renamed there is followed");
	is(ask($node, $db, 'ALTER TABLE old_deal DROP COLUMN again CASCADE', user => 'shop'),
		'ERROR 2BP01', "$db: and not dropped");
}
# pg_restore does not drop the keys of partitions
$node->safe_psql('custom', 'DROP TABLE other_deal, whole');
$node->command_ok([ 'pg_restore', '-e', '--clean', '--if-exists', '-d', $node->connstr('custom'),
	"$dumps/custom" ], 'a second time');
is(ask($node, 'custom', $triggers), $expected, 'a second time: the triggers are what they were');

# ---- two at once ----

make_shop('twice');
$node->safe_psql('twice', <<'SQL');
CREATE EXTENSION trust_ledger;
SET ROLE shop;
CREATE TABLE a (id int PRIMARY KEY, customer text, words text);
CREATE TABLE b (id int PRIMARY KEY, customer text, words text);
SQL
my $create = q{CREATE TRIGGER made AFTER INSERT ON %s FOR EACH ROW EXECUTE FUNCTION } .
	q{trust_ledger.track('made', 'customer=customer', 'words=words', 'source:x')};
my $first = FilledLedger::Session->new($node, 'twice', user => 'shop');
is($first->ask('BEGIN ISOLATION LEVEL REPEATABLE READ; ' . sprintf($create, 'a')), '',
	'a source that is not there yet');
my ($stdout, $stderr) = ('', '');
my $second = IPC::Run::start([ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-U', 'shop', '-d',
	$node->connstr('twice'), '-c', 'BEGIN ISOLATION LEVEL REPEATABLE READ', '-c', 'SELECT 1',
		'-c', sprintf($create, 'b') ], '>', \$stdout, '2>', \$stderr);
ok($node->poll_query_until('twice', 'SELECT count(*) > 0 FROM pg_locks WHERE NOT granted'),
	'another table that wants it waits');
is($first->ask('COMMIT'), '', 'it is there');
$second->finish;
$first->quit;
like($stderr, qr/ERROR:  42710/, 'and the other is refused');

done_testing();
