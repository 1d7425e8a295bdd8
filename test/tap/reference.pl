# docs/reference.md is complete: every public function of the installed extension
# stands there with its exact signature, every table with its columns, every
# setting, and every error that the code raises; and what stands there exists.
# Every object has a COMMENT.
#
# A whole server, because it is asked what the extension has installed.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use RbacTest;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('reference');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION rbac');

my $reference = slurp_file('docs/reference.md');

sub column { return split /\n/, $node->safe_psql('postgres', shift); }

# The words of the first list that are not in the second.
sub missing
{
	my ($wanted, $there) = @_;
	my %there = map { $_ => 1 } @$there;
	return join "\n", grep { !$there{$_} } @$wanted;
}

# Functions: `name(arguments) → result`. Casts of defaults are left out.
my @functions = map { s|::[a-z ]+(\[\])?(?=[,)])||g; s|timestamp with time zone|timestamptz|g; $_ } column(q{
	SELECT format('%s(%s) → %s', p.proname, pg_get_function_arguments(p.oid),
	              replace(pg_get_function_result(p.oid), 'SETOF', 'setof'))
	FROM pg_proc AS p
	WHERE p.pronamespace = 'rbac'::regnamespace AND p.proname !~ '^_'
	ORDER BY 1});
my @described = $reference =~ /`(\w+\([^`]*\) → [^`]+)`/g;
cmp_ok(scalar @functions, '>', 20, 'the extension has functions');
is(missing(\@functions, \@described), '', 'every public function is described, with its signature');
is(missing(\@described, \@functions), '', 'every function that is described exists as it is described');

# Tables: a heading `name`, then a table of the columns.
my @columns = column(q{
	SELECT c.relname || '.' || a.attname
	FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
	WHERE c.relnamespace = 'rbac'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
	  AND c.relname !~ '^_' AND a.attnum > 0 AND NOT a.attisdropped
	ORDER BY 1});
my @described_columns;
while ($reference =~ /^### `(\w+)`\n(.*?)(?=^#|\z)/gms)
{
	my ($table, $text) = ($1, $2);
	push @described_columns, map { "$table.$_" } $text =~ /^\| `(\w+)` \|/gm;
}
cmp_ok(scalar @columns, '>', 40, 'the extension has tables');
is(missing(\@columns, \@described_columns), '', 'every column of every table is described');
is(missing(\@described_columns, \@columns), '', 'every column that is described exists');

# Settings.
my @settings = column(q{
	SELECT rbac.current_user_id() IS NULL; SELECT name FROM pg_settings WHERE name ~ '^rbac\.'});
shift @settings;
is(missing(\@settings, [ $reference =~ /`(rbac\.\w+)`/g ]), '', 'every setting is described');
cmp_ok(scalar @settings, '>', 0, 'the extension has settings');

# Errors: what the code raises, under the names that plpgsql knows.
my %raised;
for my $file (glob('src/*.c src/*/*.c src/*/*.h src/*/*.sql'))
{
	my $code = slurp_file($file);
	$raised{ lc $1 } = $file while $code =~ /\bERRCODE_(?:T_R_|E_R_I_E_)?([A-Z_]+)/g;
	$raised{ lc $1 } = $file while $code =~ /ERRCODE\s*=\s*'([a-z]\w+)'/gi;
	$raised{$1} = $file while $code =~ /\bRAISE ([a-z]\w+) USING\b/g;
}
my %state = reverse $reference =~ /^\| ([0-9A-Z]{5}) \| (\w+) \|/gm;
is(missing([ sort keys %raised ], [ keys %state ]), '', 'every error that the code raises is described');
is(missing([ sort keys %state ], [ keys %raised ]), '', 'every error that is described is raised');
for my $name (sort keys %state)
{
	is( $node->safe_psql('postgres', qq{
			DO \$\$ BEGIN RAISE $name; EXCEPTION WHEN $name THEN PERFORM set_config('a.state', SQLSTATE, false); END \$\$;
			SELECT current_setting('a.state')}),
		$state{$name}, "$name is $state{$name}");
}

# Whatever \d+ and \df+ show teaches.
is( join("\n", column(q{
		SELECT p.oid::regprocedure::text FROM pg_proc AS p
		WHERE p.pronamespace = 'rbac'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NULL
		UNION ALL
		SELECT c.oid::regclass::text FROM pg_class AS c
		WHERE c.relnamespace = 'rbac'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
		  AND obj_description(c.oid, 'pg_class') IS NULL})),
	'', 'every function and table has a comment');

$node->stop;
done_testing();
