# A ledger that has some of everything, and questions about it.
#
#	make_roles($node)              makes the roles, once per cluster
#	make_database($node, $db, $owner, $locale)
#	                               makes a database for a ledger
#	fill_ledger($node, $db, $locale)
#	                               makes a database with a ledger that has every event
#	released_ledger($node, $db, $version)
#	                               makes a database with such a ledger of a release, in which
#	                               changes are parked, as pg_dump wrote it: test/data
#	more_promises($node, $db, $prefix)
#	                               makes the same promises to other customers
#	park_changes($node, $db)       changes rows of a tracked table so that they are parked: one is
#	                               replayed, one is dropped, one waits
#	ask($node, $db, $sql, %options)
#	                               the output of psql, or "ERROR <SQLSTATE>"
#	outcomes($node, $db, $calls, %options)
#	                               statement => SQLSTATE; each statement is rolled back
#	FilledLedger::Session->new($node, $db, %options)
#	                               the same as ask(), in one session: ->ask($sql), ->quit
#	findings, digest, histories, views, scores ($node, $db, %options)
#	                               verify(); ledger_digest(); each history(); the views, without
#	                               columns that fade or depend on other tables; each score, as of
#	                               the last entry
#	contents($node, $db, %options) all rows of the ledger, a line per table
#	ledger_state($node, $db, %options)
#	                               these six in a hash
#	is_same_ledger($copy, $original, $db, $when, @users)
#	                               tests that two servers have the same ledger, with the views of
#	                               these users
#	retries($node, $db)            the receipts of calls that are repeated under their idempotency
#	                               keys
#	tracked_rows($node, $db)       triggers and rows of the tracked table
#	past_guards($node, $db)        the SQLSTATEs of writes to the tables by hand, and how many have
#	                               each
#	lives_on($node, $db)           whether a promise made now is the next entry of a ledger that
#	                               verifies
#	writing_calls($promise, $customer)
#	                               a call that would write, for each function that writes
#	scoring_calls($customer)       a call for each function that reads scores
#
# Options: user; options: settings of the session, a hash; begin: what outcomes() begins with;
# without: a column that contents() leaves out.
package FilledLedger;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use Test::More;

our @EXPORT =
	qw(make_roles make_database fill_ledger released_ledger more_promises park_changes ask outcomes
	findings digest contents histories views scores ledger_state retries tracked_rows is_same_ledger
	past_guards lives_on writing_calls scoring_calls);

my @roles = qw(crm_owner crm_apps app anna portal auditor analyst chief);

# What texts are made of: quotes, what COPY and psql escape, all of Unicode's planes, nothing
# visible.
my $texts = <<'SQL';
	ARRAY['plain words', E'it''s "quoted" \\ \\. \\N $$ $1 :x %s', E'lines\r\n\tand \x01\x7f',
		U&'\00E4\0061\0308\200B\200F\FEFF \5B89\5FC3 \+01F600',
		(SELECT string_agg(chr(plane * 65536 + 65), '') FROM generate_series(0, 16) plane),
		(SELECT string_agg(md5(i::text), ' ') FROM generate_series(1, 3000) i)]
SQL

# Their order depends on the collation, and is another by UTF-16 than by UTF-8.
my $customers = <<'SQL';
	ARRAY['B', 'a', 'Z', '_', 'a b', 'it''s "\', U&'\00E4', U&'e\0301', U&'\FF5E', U&'\+01F600',
		repeat(U&'\00FC', 120)]
SQL

my $governance = <<'SQL';
SELECT trust_ledger.create_ledger();
SELECT * FROM trust_ledger.set_ledger(half_life => '90 days 12:30:00.5', zone => 'Europe/Berlin',
	lag => '2 days 01:00', reason => 'our habits', idempotency_key => 'settings');
SELECT * FROM trust_ledger.register_actor('anna', 'human', U&'Anna M\00FCller', db_role => 'anna',
	authority => '{"EUR": 5000.50, "JPY": 1e6}', context => '{"via": ["setup", 1.50, null]}');
SELECT * FROM trust_ledger.register_actor('bert', 'human');
SELECT * FROM trust_ledger.register_actor('carl', 'human', 'Carl');
SELECT * FROM trust_ledger.register_actor('bot', 'ai', responsible => 'bert', model => 'm 1.0');
SELECT * FROM trust_ledger.register_actor('erp', 'system', speaks_for => 'record',
	responsible => 'carl');
SELECT * FROM trust_ledger.register_actor('agent', 'system', speaks_for => 'customer',
	responsible => 'carl');
SELECT * FROM trust_ledger.register_actor('portal', 'human', speaks_for => 'customer',
	db_role => 'portal', customer => 'B');
SELECT * FROM trust_ledger.retire_actor('bert', successor => 'carl', reason => 'left');
SELECT * FROM trust_ledger.register_actor('bert 2', 'human', U&'B\00E9rt');
SELECT * FROM trust_ledger.set_policy('machines', promiser_kind => 'ai', evidence => 'asserted',
	back_within => '2 days 03:04:05.678');
SELECT * FROM trust_ledger.set_policy('large', currency => 'EUR', least_value => 1000.50,
	evidence => 'session', grace => '36:00', due_within => '30 days');
SELECT * FROM trust_ledger.set_policy('yen', currency => 'JPY', grace => '1 day');
SELECT * FROM trust_ledger.set_policy('all of it', promiser => 'nobody', currency => 'EUR',
	least_value => 1e5,
	cumulative => true, evidence => 'asserted');
SELECT * FROM trust_ledger.set_policy('gone', kind => 'gift', evidence => 'asserted');
SELECT * FROM trust_ledger.drop_policy('gone', 'no gifts');
SELECT r.* FROM (VALUES ('crm_apps', 'application'), ('app', 'import'), ('anna', 'application'),
		('portal', 'application'), ('auditor', 'auditor'), ('analyst', 'analyst'),
		('chief', 'admin'),
		('chief', 'analyst')) AS g (role, level), trust_ledger.grant_access(role, level) r;
SELECT * FROM trust_ledger.revoke_access('chief', 'analyst');
CREATE TABLE deal (id bigint PRIMARY KEY, customer text, title text, won boolean);
CREATE TABLE old_deal (id bigint PRIMARY KEY, customer text, title text);
SELECT * FROM trust_ledger.track_table('deal',
	'{"customer": "=customer", "words": "=title", "currency": ":JPY", "kept_when": "won"}',
	reason => 'our deals');
SELECT * FROM trust_ledger.track_table('old_deal', '{"customer": "=customer", "words": "=title"}');
SELECT * FROM trust_ledger.untrack_table('old_deal', 'done with');
SELECT * FROM trust_ledger.register_actor('emil', 'human', 'Emil', context => '{"file": "Emil"}');
SELECT * FROM trust_ledger.register_actor('emil', 'human', 'Emil', authority => '{}');
SELECT * FROM trust_ledger.retire_actor('emil', reason => 'Emil left');
SELECT r.* FROM trust.entry e, trust_ledger.erase_words('', e.seq, 'he asked') r
	WHERE e.event = 'actor_retired' AND e.subject = 'emil';
SELECT * FROM trust_ledger.rebuild('', 'to begin with');
SQL

# For each customer, one promise of each fate.
my $promises = <<"SQL";
DO \$do\$
DECLARE
	texts     CONSTANT text[] := $texts;
	customers CONSTANT text[] := $customers;
	c text;
	t text;
	p uuid;
BEGIN
	FOR i IN 1 .. cardinality(customers) LOOP
		c := current_setting('test.prefix') || customers[i];
		t := texts[1 + i % cardinality(texts)];

		SELECT promise INTO p FROM trust_ledger.make_promise(c, t, kind => 'delivery',
			value => 1.50,
			currency => 'JPY', due => now() + '40 days', purpose => t,
				longest_pause => '3 days 04:05:06.789',
			actor => 'bot', context => jsonb_build_object('text', t, 'number', 1.50, 'list',
				'[{}, [], null, true]'::jsonb));
		PERFORM trust_ledger.back_promise(p, actor => 'carl', idempotency_key => 'back');
		PERFORM trust_ledger.withdraw_backing(p, t, c, 'carl');
		PERFORM trust_ledger.back_promise(p, actor => 'carl');
		PERFORM trust_ledger.accept_promise(p, actor => 'agent');
		PERFORM trust_ledger.amend_promise(p, due_on => current_date + 50, reason => t,
			actor => 'agent');
		PERFORM trust_ledger.assess_promise(p, 'kept', actor => 'erp', purpose_met => true);
		PERFORM trust_ledger.assess_promise(p, 'partly_kept', actor => 'carl', reason => t);
		PERFORM trust_ledger.assess_promise(p, 'broken', actor => 'agent', purpose_met => false);

		SELECT promise INTO p FROM trust_ledger.make_promise(c, t, 'carl', value => 1e30,
			currency => 'JPY',
			actor => 'carl', due => date_trunc('day', now()) + '36524 days 23:59:59.999999');
		PERFORM trust_ledger.amend_promise(p, t || '!', value => 1e-30, clear => '{due}',
			actor => 'carl');
		PERFORM trust_ledger.release_promise(p, t, actor => 'agent');

		SELECT promise INTO p FROM trust_ledger.make_promise(c, t, actor => 'carl',
			idempotency_key => 'withdrawn');
		PERFORM trust_ledger.withdraw_promise(p, t, actor => 'carl');

		SELECT promise INTO p FROM trust_ledger.make_promise(c, t, 'bot', currency => 'JPY',
			actor => 'carl');
		PERFORM trust_ledger.accept_promise(p, actor => 'agent');
		PERFORM trust_ledger.withdraw_promise(p, actor => 'carl');

		SELECT promise INTO p FROM trust_ledger.make_promise(c, t, currency => 'JPY',
			actor => 'carl',
			occurred_at => '1600-02-29 23:59:59.999999+00', due => '1969-12-31 23:59:59.999999+00');
		PERFORM trust_ledger.assess_promise(p, 'broken', true, actor => 'carl',
			occurred_at => '1970-01-01');

		PERFORM trust_ledger.make_promise(c, t, currency => 'JPY', value => 0, actor => 'carl',
			due => now() + '1 day');

		-- declined; paused and not resumed, and resumed
		SELECT promise INTO p FROM trust_ledger.make_promise(c, t, currency => 'JPY',
			actor => 'bot');
		PERFORM trust_ledger.decline_promise(p, t, actor => 'carl');
		FOR n IN 1 .. 2 LOOP
			SELECT promise INTO p FROM trust_ledger.make_promise(c, t, currency => 'JPY',
				actor => 'carl', due => now() + '40 days',
				longest_pause => '1 day 02:03:04.5', kind => 'to erase');
			PERFORM trust_ledger.pause_promise(p, t, actor => 'erp');
			IF n = 2 THEN PERFORM trust_ledger.resume_promise(p, t, actor => 'agent'); END IF;
		END LOOP;

		-- admitted and made good; made good over the customer's word, which waits, and which they
		-- confirm
		SELECT promise INTO p FROM trust_ledger.make_promise(c, t, currency => 'JPY',
			actor => 'carl', due => now() + '40 days');
		PERFORM trust_ledger.admit_breach(p, t, actor => 'carl');
		PERFORM trust_ledger.repair_breach(p, t, actor => 'carl');
		FOR n IN 1 .. 2 LOOP
			SELECT promise INTO p FROM trust_ledger.make_promise(c, t, currency => 'JPY',
				actor => 'carl', kind => 'to erase in part');
			PERFORM trust_ledger.assess_promise(p, 'broken', actor => 'agent');
			PERFORM trust_ledger.repair_breach(p, t, actor => 'bot', idempotency_key => 'repair '
				|| n);
			IF n = 2 THEN PERFORM trust_ledger.confirm_relayed(p, reason => t, actor => 'agent');
			END IF;
		END LOOP;

		-- relayed: what waits, and what was confirmed
		FOR n IN 1 .. 2 LOOP
			SELECT promise INTO p FROM trust_ledger.make_promise(c, t, currency => 'JPY',
				purpose => t, actor => 'carl');
			PERFORM trust_ledger.accept_promise(p, relayed => true, actor => 'carl');
			IF n = 2 THEN PERFORM trust_ledger.confirm_relayed(p, actor => 'erp'); END IF;
			PERFORM trust_ledger.amend_promise(p, t || '?', relayed => true, reason => t,
				actor => 'carl');
			IF n = 2 THEN PERFORM trust_ledger.confirm_relayed(p, reason => t, actor => 'agent');
			END IF;
			PERFORM trust_ledger.assess_promise(p, 'partly_kept', relayed => true, reason => t,
				actor => 'bert 2');
			IF n = 2 THEN PERFORM trust_ledger.confirm_relayed(p, actor => 'agent'); END IF;
			SELECT promise INTO p FROM trust_ledger.make_promise(c, t, currency => 'JPY',
				actor => 'carl', kind => 'to erase');
			PERFORM trust_ledger.accept_promise(p, actor => 'agent');
			PERFORM trust_ledger.release_promise(p, t, relayed => true, actor => 'carl');
			IF n = 2 THEN PERFORM trust_ledger.confirm_relayed(p, actor => 'agent'); END IF;
			PERFORM trust_ledger.add_note(p, t, actor => 'agent', idempotency_key => 'note ' || n);
		END LOOP;

		-- eased late, and what the customer agreed to
		FOR n IN 1 .. 2 LOOP
			SELECT promise INTO p FROM trust_ledger.make_promise(c, t, currency => 'JPY',
				value => 7, actor => 'carl', occurred_at => now() - interval '9 days',
				due => now() + '1 day');
			PERFORM trust_ledger.amend_promise(p, value => 6.5, actor => 'carl');
			IF n = 2 THEN PERFORM trust_ledger.accept_promise(p, actor => 'agent'); END IF;
			PERFORM trust_ledger.assess_promise(p, 'kept', actor => 'agent');
		END LOOP;

		PERFORM trust_ledger.make_promise(c, t, actor => 'bot', currency => 'EUR', value => 2000);
		PERFORM FROM trust_ledger.make_promises(ARRAY(
			SELECT jsonb_populate_record(NULL::trust_ledger.new_promise,
				given || jsonb_build_object('customer', c, 'words', t, 'actor', 'carl'))
			FROM unnest('{"{}", "{\\"value\\": 1.50, \\"currency\\": \\"JPY\\", '
				'\\"idempotency_key\\": \\"at once\\"}"}'::jsonb[]) AS given));
	END LOOP;
END
\$do\$;
SQL

# What is erased: promises, single entries, all of one customer.
my $erasures = <<'SQL';
DO $do$
DECLARE
	p record;
BEGIN
	FOR p IN SELECT promise, kind, customer, (SELECT min(seq) FROM trust.entry e
		WHERE e.customer = q.customer AND e.promise = q.promise) AS first
		FROM trust.promise q WHERE kind ~ '^to erase' AND starts_with(customer,
			current_setting('test.prefix')) ORDER BY promise LOOP
		IF p.kind = 'to erase' THEN
			PERFORM trust_ledger.erase_words(p.promise, 'They asked.',
				context => '{"how": "by letter"}', idempotency_key => p.promise::text);
		ELSE
			PERFORM trust_ledger.erase_words(p.customer, p.first, 'Too long.', actor => 'carl');
			PERFORM trust_ledger.erase_words(p.customer, p.first + 2, 'It said who.');
		END IF;
	END LOOP;
	PERFORM trust_ledger.erase_customer(current_setting('test.prefix') || 'Z', 'They left.',
		idempotency_key => 'left');
END
$do$;
SQL

# Rows of a tracked table: amended, with another key, kept, deleted and put in again, moved to
# another customer; to each customer.
my $rows = <<"SQL";
BEGIN;
SELECT trust_ledger.act_as('carl');
CREATE TEMP TABLE first AS SELECT coalesce(max(id) / 1000 + 1, 0) * 1000 AS id FROM deal;
INSERT INTO deal SELECT first.id + 10 * c.nr + n, current_setting('test.prefix') || c.customer,
	($texts)[1 + c.nr % 6], false
FROM first, unnest($customers) WITH ORDINALITY AS c (customer, nr), generate_series(1, 5) AS n;
UPDATE deal SET title = title || '!' WHERE id > (SELECT id FROM first) AND id % 5 = 1;
UPDATE deal SET id = id + 5 WHERE id > (SELECT id FROM first) AND id % 5 = 1;
UPDATE deal SET won = true WHERE id > (SELECT id FROM first) AND id % 5 = 2;
DELETE FROM deal WHERE id > (SELECT id FROM first) AND id % 5 IN (3, 4);
INSERT INTO deal SELECT id + 10 * nr + 4, current_setting('test.prefix') || 'B', 'again', false
	FROM first, generate_series(1, 3) AS nr;
UPDATE deal SET customer = current_setting('test.prefix') || 'a' WHERE id > (SELECT id FROM first)
	AND id % 50 = 0;
DROP TABLE first;
COMMIT;
SQL

# What people do from logins of their own.
my $logins = <<'SQL';
\connect - anna
SELECT promise FROM trust_ledger.make_promise('B', 'from my own login', currency => 'EUR',
	value => 4000,
	idempotency_key => 'own') \gset
\connect - portal
SELECT * FROM trust_ledger.accept_promise(:'promise');
SELECT * FROM trust_ledger.assess_promise(:'promise', 'kept');
SQL

sub make_roles
{
	my ($node) = @_;
	$node->safe_psql('postgres', join('', map { "CREATE ROLE $_ LOGIN;\n" } @roles)
		. 'GRANT crm_apps TO app;');
	return;
}

sub make_database
{
	my ($node, $db, $owner, $locale) = @_;
	$owner //= 'crm_owner';
	$locale //= '';
	$node->safe_psql('postgres',
		"CREATE DATABASE $db OWNER $owner TEMPLATE template0 ENCODING 'UTF8' $locale");
	return;
}

sub fill_ledger
{
	my ($node, $db, $locale) = @_;
	make_database($node, $db, undef, $locale);
	$node->safe_psql($db, <<"SQL");
CREATE EXTENSION trust_ledger;
\\o /dev/null
\\connect - crm_owner
$governance
SQL
	$node->safe_psql($db, 'ALTER TABLE deal OWNER TO app; GRANT SELECT ON deal TO PUBLIC');
	more_promises($node, $db, '');
	$node->safe_psql($db, "\\o /dev/null\n$logins");
	return;
}

sub released_ledger
{
	my ($node, $db, $version) = @_;
	make_database($node, $db);
	$node->command_ok([ 'bash', '-c', 'set -o pipefail; xz -dc "$1" | psql -Xqo /dev/null ' .
		'-v ON_ERROR_STOP=1 -d "$2"', 'bash', "test/data/from_$version.sql.xz",
		$node->connstr($db) ], "$version: a ledger filled by the functions of $version");
	return;
}

sub park_changes
{
	my ($node, $db) = @_;
	$node->safe_psql($db, <<'SQL');
\o /dev/null
CREATE TABLE offer (id bigint PRIMARY KEY, customer text, title text, owner text);
ALTER TABLE offer OWNER TO app;
GRANT SELECT ON offer TO PUBLIC;
\connect - app
SELECT * FROM trust_ledger.track_table('offer',
	'{"customer": "=customer", "words": "=title", "promiser": "=owner", "currency": ":JPY", '
	'"actor": ":erp", "on_error": ":note", "made": {"on_error": ":park"}}');
INSERT INTO offer VALUES (1, 'B', E'it''s "quoted"\t\\', 'nora'), (2, 'B', 'two', 'otto'),
(3, 'a b', 'three', 'otto');
\connect - crm_owner
SELECT * FROM trust_ledger.register_actor('nora', 'human');
\connect - app
SELECT * FROM trust_ledger.replay_parked();
\connect - crm_owner
SELECT FROM trust.parked_change, trust_ledger.drop_parked(parked, 'nobody offered that')
	WHERE new_row ->> 'id' = '2';
SQL
	return;
}

sub more_promises
{
	my ($node, $db, $prefix) = @_;
	$node->safe_psql($db,
		"\\connect - app\nSET test.prefix = '$prefix';\n$promises\n\\o /dev/null\n$rows");
	$node->safe_psql($db, "SET test.prefix = '$prefix';\n$erasures");
	return;
}

# What is to be asked under, whatever the database's own settings are.
my %plain = (
	TimeZone => 'UTC', DateStyle => 'ISO', IntervalStyle => 'postgres', bytea_output => 'hex',
	extra_float_digits => 1, search_path => 'pg_catalog', quote_all_identifiers => 'off');

sub connection
{
	my (%options) = @_;
	my $settings = $options{options} // {};
	my $pgoptions = join ' ', map { "-c $_=" . $settings->{$_} =~ s/([\\ ])/\\$1/gr }
		sort keys %$settings;
	return (PGOPTIONS => $pgoptions,
		params => [ '-v', 'VERBOSITY=sqlstate', $options{user} ? ('-U', $options{user}) : () ]);
}

sub answer
{
	my ($stdout, $stderr) = @_;
	return "ERROR $1" if $stderr =~ /(?:ERROR|FATAL):\s+(\w{5})/;
	# notices are no error; anything else is, of psql or of the connection
	$stderr =~ s/^.*(?:NOTICE|WARNING):  \w{5}$//mg;
	die "psql: $stderr" if $stderr =~ /\S/;
	return $stdout;
}

sub ask
{
	my ($node, $db, $sql, %options) = @_;
	my %connection = connection(%options);
	local $ENV{PGOPTIONS} = $connection{PGOPTIONS};
	my ($stdout, $stderr) = ('', '');
	$node->psql($db, $sql, stdout => \$stdout, stderr => \$stderr,
		extra_params => $connection{params});
	return answer($stdout, $stderr);
}

sub outcomes
{
	my ($node, $db, $calls, %options) = @_;
	my %connection = connection(%options);
	my $begin = $options{begin} // '';
	local $ENV{PGOPTIONS} = $connection{PGOPTIONS};
	my $stdout = '';
	$node->psql($db, join('', "\\o /dev/null\n", map { "$begin $_;\n\\echo :SQLSTATE\nROLLBACK;\n" }
		@$calls),
		stdout => \$stdout, stderr => \my $stderr, on_error_stop => 0,
			extra_params => $connection{params});
	my %outcomes;
	@outcomes{@$calls} = split /\n/, $stdout;
	return \%outcomes;
}

sub findings
{
	return ask(@_[ 0, 1 ], 'SELECT * FROM trust_ledger.verify()', @_[ 2 .. $#_ ]);
}

sub digest
{
	return ask(@_[ 0, 1 ],
		q{SELECT customers, entries, encode(digest, 'base64') FROM trust_ledger.ledger_digest()},
			@_[ 2 .. $#_ ]);
}

sub contents
{
	my ($node, $db, %options) = @_;
	my $row = $options{without} ? "(to_jsonb(t) - '$options{without}')::text" : 't::text';
	return ask($node, $db, <<"SQL", options => \%plain);
SELECT format(\$\$SELECT %L, count(*), md5(string_agg($row, ' ' ORDER BY $row COLLATE "C")) \$\$ ||
	\$\$FROM trust.%I t\$\$, relname, relname)
FROM pg_class WHERE relnamespace = 'trust'::regnamespace AND relkind IN ('r', 'p')
	AND NOT relispartition ORDER BY relname COLLATE "C" \\gexec
SQL
}

sub histories
{
	my ($node, $db) = @_;
	return ask($node, $db, <<'SQL', options => \%plain);
SELECT p.promise, count(*), md5(string_agg(h::text, ' ' ORDER BY h.seq))
FROM trust.promise p, trust_ledger.history(p.promise) h GROUP BY 1 ORDER BY 1
SQL
}

sub views
{
	my ($node, $db, %options) = @_;
	return ask($node, $db, <<'SQL', %options, options => \%plain);
SELECT format($$SELECT %L, count(*), md5(string_agg(r, ' ' ORDER BY r COLLATE "C")) FROM trust.%I t,
	concat(%s) AS r$$, relname, relname,
	CASE WHEN relname ~ '_trust$'
		THEN $$to_jsonb(t) $$ ||
		$$- '{score,expectation,lower_bound,uncertainty,evidence_kept,evidence_broken}'::text[]$$
		WHEN relname = 'overdue' THEN $$to_jsonb(t) - 'days_over'$$
		WHEN relname = 'tracked' THEN $$to_jsonb(t) - '{state,bypass}'::text[]$$
		WHEN relname = 'exception' THEN $$to_jsonb(t) - 'detail'$$ ELSE 't' END)
FROM pg_class WHERE relnamespace = 'trust'::regnamespace AND relkind = 'v' ORDER BY relname COLLATE
	"C" \gexec
SELECT $$SELECT 'detail of exceptions', count(*),
	md5(string_agg(detail, ' ' ORDER BY detail COLLATE "C")) FROM trust.exception$$
FROM pg_class WHERE relnamespace = 'trust'::regnamespace AND relkind = 'v'
	AND relname = 'exception' \gexec
SQL
}

sub scores
{
	my ($node, $db, %options) = @_;
	return ask($node, $db, <<'SQL', %options);
WITH last AS (SELECT max(recorded_at) AS instant FROM trust.entry)
SELECT customer, trust_ledger.customer_score(customer, instant) FROM last, trust.chain
	WHERE customer <> '' ORDER BY customer;
WITH last AS (SELECT max(recorded_at) AS instant FROM trust.entry)
SELECT actor, trust_ledger.promiser_score(actor, instant) FROM last, trust.actor ORDER BY actor;
SQL
}

sub ledger_state
{
	my ($node, $db, %options) = @_;
	return {
		contents => contents($node, $db),
		digest => digest($node, $db, %options),
		findings => findings($node, $db, %options),
		histories => histories($node, $db),
		scores => scores($node, $db),
		views => views($node, $db) };
}

sub retries
{
	my ($node, $db) = @_;
	return ask($node, $db, <<'SQL');
SELECT r.seq, r.state, encode(r.hash, 'base64') FROM trust.entry e,
	trust_ledger.back_promise(e.promise, actor => 'carl', idempotency_key => 'back') r
WHERE e.idempotency_key = 'back' ORDER BY e.customer
SQL
}

sub tracked_rows
{
	my ($node, $db) = @_;
	return ask($node, $db, <<'SQL');
SELECT tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger
	WHERE tgfoid = 'trust_ledger.track()'::regprocedure ORDER BY 1, 2;
SELECT count(*), md5(string_agg(d::text, ' ' ORDER BY id)) FROM deal d;
SQL
}

# A copy has a mark of its own, in trust.copy.
sub is_same_ledger
{
	my ($copy, $original, $db, $when, @users) = @_;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(findings($copy, $db), '', "$when: verify() finds nothing");
	is(digest($copy, $db), digest($original, $db), "$when: the same ledger_digest()");
	is(histories($copy, $db), histories($original, $db), "$when: the same histories");
	is(contents($copy, $db) =~ s/^copy\|1\|.*/copy|0|/mr, contents($original, $db),
		"$when: the same rows");
	is(scores($copy, $db), scores($original, $db), "$when: the same scores");
	is(views($copy, $db, user => $_), views($original, $db, user => $_),
		"$when: $_ sees the same views") foreach @users;
	return;
}

# By a superuser, once as usual and once as if rows came from another server.
sub past_guards
{
	my ($node, $db) = @_;
	return ask($node, $db, <<'SQL');
SET client_min_messages = warning;
CREATE FUNCTION pg_temp.outcome(role text, sql text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('session_replication_role', role, true);
	EXECUTE sql;
	RETURN 'written';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END
$$;
BEGIN;
SELECT pg_temp.outcome(role, format(write, tab, number)), count(*)
FROM (VALUES ('entry', 'seq'), ('chain', 'length'), ('promise', 'last_seq'), ('ledger', 'seq'),
		('actor', 'seq'), ('policy', 'seq'), ('access', 'seq'), ('tracking', 'seq'),
		('source', 'seq')) AS t (tab, number),
	unnest(ARRAY['INSERT INTO trust.%1$I SELECT * FROM trust.%1$I LIMIT 1',
		'UPDATE trust.%1$I SET %2$I = %2$I + 1',
		'DELETE FROM trust.%1$I', 'TRUNCATE trust.%1$I']) AS write,
	unnest('{origin,replica}'::text[]) AS role
GROUP BY 1 ORDER BY 1;
SQL
}

# A promise made as usual: the next entry of its chain, and of a ledger that is sound.
sub lives_on
{
	my ($node, $db, %options) = @_;
	my $length = ask($node, $db, q{SELECT length FROM trust.chain WHERE customer = 'B'});
	my $seq = ask($node, $db,
		q{SELECT seq FROM trust_ledger.make_promise('B', 'still here', actor => 'carl')}, %options);
	return $seq =~ /^\d+$/ && $seq == $length + 1 && findings($node, $db) eq '';
}

sub writing_calls
{
	my ($promise, $customer) = @_;
	my %arguments = (
		make_promise => "('$customer', 'w', actor => 'carl')",
		amend_promise => "('$promise', 'other words', customer => '$customer', actor => 'carl')",
		back_promise => "('$promise', '$customer', actor => 'carl')",
		withdraw_backing => "('$promise', customer => '$customer', actor => 'carl')",
		accept_promise => "('$promise', customer => '$customer', actor => 'agent')",
		decline_promise => "('$promise', customer => '$customer', actor => 'carl')",
		pause_promise => "('$promise', customer => '$customer', actor => 'carl')",
		resume_promise => "('$promise', customer => '$customer', actor => 'carl')",
		admit_breach => "('$promise', customer => '$customer', actor => 'carl')",
		repair_breach => "('$promise', 'made again', customer => '$customer', actor => 'carl')",
		add_note => "('$promise', 'a note', customer => '$customer', actor => 'carl')",
		confirm_relayed => "('$promise', customer => '$customer', actor => 'agent')",
		erase_customer => "('$customer', 'why')",
		withdraw_promise => "('$promise', customer => '$customer', actor => 'carl')",
		release_promise => "('$promise', customer => '$customer', actor => 'agent')",
		assess_promise => "('$promise', 'kept', customer => '$customer', actor => 'carl')",
		register_actor => "('dora', 'human')",
		retire_actor => "('anna')",
		set_policy => "('new', kind => 'k', evidence => 'asserted')",
		drop_policy => "('large')",
		set_ledger => "(zone => 'UTC')",
		grant_access => "('analyst', 'auditor')",
		revoke_access => "('analyst', 'analyst')",
		set_tracking => "('pg_class', '{}')",
		drop_tracking => "('public.deal')",
		rebuild => "('$customer')");
	$arguments{make_promises} = "(ARRAY[jsonb_populate_record(NULL::trust_ledger.new_promise, "
	  . "jsonb_build_object('customer', '$customer', 'words', 'w', 'actor', 'carl'))])";
	my @erasures = map { "erase_words($_, 'why')" } "'$promise'::uuid", "'$customer', 1", "'', 3";
	return map { "SELECT * FROM trust_ledger.$_" } @erasures,
		map { "$_$arguments{$_}" } sort keys %arguments;
}

sub scoring_calls
{
	my ($customer) = @_;
	return map { "SELECT * FROM trust_ledger.$_" } ("customer_score('$customer')",
		"customer_score('$customer', now())",
		"promiser_score('carl')", "explain_trust('customer', '$customer')",
			"trust_trend('all', '1 day')");
}

package FilledLedger::Session;

sub new
{
	my ($class, $node, $db, %options) = @_;
	my %connection = FilledLedger::connection(%options);
	local $ENV{PGOPTIONS} = $connection{PGOPTIONS};
	my $psql = $node->background_psql($db, on_error_stop => 0, extra_params => $connection{params});
	return bless { psql => $psql }, $class;
}

sub ask
{
	my ($self, $sql) = @_;
	my $psql = $self->{psql};
	my $stdout = $psql->query($sql);
	my $stderr = $psql->{stderr};
	$psql->{stderr} = '';
	return FilledLedger::answer($stdout, $stderr);
}

sub quit
{
	my ($self) = @_;
	return $self->{psql}->quit;
}

1;
