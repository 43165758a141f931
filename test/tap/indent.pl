# The format of C is that of make indent.
use strict;
use warnings;

use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'pg_bsd_indent is part of PostgreSQL 16 and later'
  if qx($ENV{PG_CONFIG} --version) =~ /^PostgreSQL 15/;

my ($out, $err) = run_command([ 'test/indent', '--check' ]);
is($err, '', 'every file is formatted as make indent does');

done_testing();
