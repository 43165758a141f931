# The control file, META.json, CHANGELOG.md and the installed script have the same version.
use strict;
use warnings;

use JSON::PP;
use PostgreSQL::Test::Utils;
use Test::More;

my ($version) = slurp_file('trust_ledger.control') =~ /^default_version = '(.+)'$/m;
like($version, qr/^\d+\.\d+\.\d+$/, 'the control file has a version');

my $meta = decode_json(slurp_file('META.json'));
is($meta->{version}, $version, 'META.json has the same');
is($meta->{provides}{trust_ledger}{version}, $version, 'so has the extension in it');

my ($newest) = slurp_file('CHANGELOG.md') =~ /^## (\S+)/m;
is($newest, $version, 'so has the newest part of CHANGELOG.md');

chomp(my $share = `pg_config --sharedir`);
ok(-e "$share/extension/trust_ledger--$version.sql", 'its install script is installed');

done_testing();
