# Encodings and collations: a ledger needs UTF8, and its order does not depend on the locale.
use strict;
use warnings;

use FilledLedger;
use MIME::Base64 'decode_base64';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
make_roles($node);
my $make = 'SELECT seq FROM trust_ledger.make_promise';

# ---- not in UTF8 ----

# A ledger that was somewhere else, with nothing in it that another encoding lacks.
make_database($node, 'source');
is(ask($node, 'source', <<"SQL"), '1', 'a ledger in UTF8');
CREATE EXTENSION trust_ledger;
SELECT FROM trust_ledger.create_ledger();
SELECT FROM trust_ledger.register_actor('carl', 'human');
$make('B', U&'caf\\00E9', actor => 'carl');
SQL
my $dump = PostgreSQL::Test::Utils::tempdir . '/source';
$node->command_ok([ 'pg_dump', '-Fc', '-f', $dump, 'source' ], 'pg_dump');

# Every key that ends in the middle of what would be a character in UTF8; in memory that holds
# others.
my $keys = <<'SQL';
CREATE FUNCTION pg_temp.outcome(key text) RETURNS text LANGUAGE plpgsql AS
$$ BEGIN PERFORM trust_ledger.make_promise(key, 'w', actor => 'carl'); RETURN 'written';
	EXCEPTION WHEN OTHERS THEN RETURN SQLSTATE; END $$;
SELECT DISTINCT pg_temp.outcome(repeat('a', size) || chr(byte))
FROM generate_series(1, 40) size, unnest('{195,226,240,255}'::int[]) byte, repeat(chr(1),
	40 - size) filler;
SQL

foreach my $encoding (qw(LATIN1 SQL_ASCII WIN1252 KOI8R))
{
	my $db = lc $encoding;
	$node->safe_psql('postgres',
		"CREATE DATABASE $db OWNER crm_owner TEMPLATE template0 ENCODING '$encoding' LOCALE 'C'");
	is(ask($node, $db, 'CREATE EXTENSION trust_ledger'), '',
		"$encoding: the extension can be there");
	foreach my $user (undef, 'crm_owner')
	{
		is(ask($node, $db, 'SELECT trust_ledger.create_ledger()', user => $user),
			'ERROR 0A000', "$encoding: create_ledger() by " . ($user // 'a superuser'));
	}
	is(ask($node, $db, q{SELECT to_regnamespace('trust') IS NULL}), 't',
		"$encoding: and nothing is left of it");
	like(ask($node, $db, $keys), qr/^(55000|0A000)$/,
		"$encoding: no key is read as if it were UTF8");
}

# pg_restore converts texts without a word; the ledger would hash other bytes than it did.
$node->safe_psql('postgres',
	q{CREATE DATABASE converted OWNER crm_owner TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'});
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('converted'), $dump ],
	'a ledger restored into LATIN1');
foreach my $sql ("$make('B', 'w', actor => 'carl')", 'SELECT * FROM trust_ledger.verify()',
	'SELECT * FROM trust_ledger.ledger_digest()', 'SELECT trust_ledger.migrate_ledger()',
	q{SELECT seq FROM trust_ledger.register_actor('dora', 'human')})
{
	is(ask($node, 'converted', $sql), 'ERROR 0A000', "is refused: $sql");
}

# ---- in UTF8, under other collations ----

# The digest by doc/format.md, with an order of bytes that no collation decides.
my $digest = <<'SQL';
CREATE FUNCTION pg_temp.field(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT '\x01'::bytea
	|| int4send(length($1)) || $1 $$;
SELECT encode(sha256(pg_temp.field('trust_ledger digest 1')
	|| pg_temp.field((SELECT uuid_send(ledger) FROM trust.ledger))
	|| string_agg(pg_temp.field(convert_to(customer, 'UTF8')) || pg_temp.field(int8send(length))
		|| pg_temp.field(head),
		'' ORDER BY convert_to(customer, 'UTF8'))), 'base64') FROM trust.chain;
SQL
my $unlike_bytes = <<'SQL';
SELECT array_agg(customer ORDER BY customer COLLATE "default") <> array_agg(customer
	ORDER BY convert_to(customer, 'UTF8'))
FROM trust.chain
SQL

my @collations = (
	[ bytes => "LOCALE 'C'", 'f' ],
	[ libc => "LOCALE 'C.UTF-8'", 'f' ],
	[ german => "LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'de-u-co-phonebk'", 't' ],
	[ turkish => "LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'tr'", 't' ],
	[ upper => "LOCALE 'C' LOCALE_PROVIDER icu ICU_LOCALE 'und-u-kf-upper-kn'", 't' ]);
foreach my $case (@collations)
{
	my ($db, $locale, $expected) = @$case;
	fill_ledger($node, $db, $locale);
	is(ask($node, $db, $unlike_bytes), $expected, "$db: customers sort "
		. ($expected eq 't' ? 'otherwise' : 'by bytes'));
	is(findings($node, $db), '', "$db: verify()");
	is(ask($node, $db, q{SELECT encode(digest, 'base64') FROM trust_ledger.ledger_digest()}),
		ask($node, $db, $digest), "$db: ledger_digest() goes by the bytes of customers");
	is(ask($node, $db, <<'SQL'), '', "$db: verify() of each customer");
SELECT v FROM trust.chain c, trust_ledger.verify(c.customer) v
SQL
	$node->psql($db, 'SELECT * FROM trust_ledger.verify()', stderr => \my $notice);
	like($notice, qr/@{[ unpack 'H*', decode_base64(ask($node, $db, $digest)) ]}/,
		"$db: verify() says the same digest");
	is(ask($node, $db,
		<<'SQL'), 'chain|t', "$db: verify() names the one customer whose chain is gone");
BEGIN;
ALTER TABLE trust.chain DISABLE TRIGGER USER;
DELETE FROM trust.chain WHERE customer = U&'\00E4';
SELECT part, customer = U&'\00E4' FROM trust_ledger.verify() WHERE part <> 'guard';
SQL
	ok(lives_on($node, $db), "$db: the next promise");
}

# One ledger under two collations has one digest.
make_database($node, 'moved', undef, $collations[2][1]);
$node->command_ok([ 'pg_restore', '-e', '-d', $node->connstr('moved'), $dump ],
	'a ledger restored under another collation');
is(digest($node, 'moved'), digest($node, 'source'), 'has the same digest');
is(findings($node, 'moved'), '', 'and is sound');

# ---- clients in other encodings ----

my $call = q{SELECT seq, encode(hash, 'base64') FROM trust_ledger.make_promise(%s, %s, } .
	q{actor => 'carl', idempotency_key => %s)};
my $latin1 = ask($node, 'source', sprintf($call, ("'M\xFCller'") x 3),
	options => { client_encoding => 'LATIN1' });
like($latin1, qr/^1\|/, 'a client in LATIN1 makes a promise');
is(ask($node, 'source', sprintf($call, ("'M\xC3\xBCller'") x 3),
	options => { client_encoding => 'UTF8' }),
	$latin1, 'one in UTF8 repeats the call');
is(ask($node, 'source',
	q{SELECT words = U&'M\00FCller' FROM trust.promise WHERE customer = U&'M\00FCller'}), 't',
	'the words are these');
is(findings($node, 'source'), '', 'and all is sound');

done_testing();
