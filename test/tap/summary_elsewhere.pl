# A summary goes with its table: through a dump and a restore of any kind, to a hot
# standby, and to a subscriber that counts what a subscription applies.
#
# It needs pg_dump, and three servers; one of them does not preload the library, so
# that nobody has loaded it when DDL begins.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Utils;
use RbacTest;
use Test::More;

my $node = new_node('summary_elsewhere', allows_streaming => 'logical', wal_level => 'logical', 'rbac.summary_pending' => 0);
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE source');
$node->safe_psql('source', 'CREATE EXTENSION rbac');

my $tables = <<'SQL';
CREATE SCHEMA app;
CREATE TABLE app.tasks (id integer, tenant_id uuid NOT NULL, month integer, assignee text, status_id integer, PRIMARY KEY (id, month)) PARTITION BY LIST (month);
CREATE TABLE app.jan PARTITION OF app.tasks FOR VALUES IN (1);
CREATE TABLE app.feb PARTITION OF app.tasks FOR VALUES IN (2);
SQL
my $rows = "INSERT INTO app.tasks SELECT n, ('b0000000-0000-0000-0000-00000000000' || n % 2)::uuid, 1 + n % 2, 'user' || n % 5, 1 + n % 4 FROM generate_series(1, 100) AS n";

$node->safe_psql('source', <<"SQL");
CREATE ROLE summary_reader;
$tables
SELECT rbac.enable_tenant_isolation('app.tasks');
SELECT rbac.create_summary('by_assignee', 'app.tasks', '{assignee}');
$rows;
SELECT rbac.compact_summary('by_assignee');
UPDATE app.tasks SET status_id = 4 WHERE id < 10;
ALTER TABLE app.tasks RENAME assignee TO worker;
GRANT USAGE ON SCHEMA app TO summary_reader;
GRANT SELECT ON app.by_assignee TO summary_reader;
SQL

my $contents = q{SELECT 'c', assignee, status_id::text, count::text FROM app.by_assignee
	UNION ALL SELECT 't', assignee, counts::text, total::text FROM app.by_assignee_totals ORDER BY 1, 2, 3};
my $behind = q{SELECT (SELECT count(*) FROM app._by_assignee_counts), (SELECT count(*) FROM app._by_assignee_pending),
	(SELECT string_agg(concat(regexp_replace(tgname, '\d+', 'N'), tgenabled, tgrelid::regclass), ' ' ORDER BY tgrelid::regclass::text, tgname)
		FROM pg_trigger WHERE tgrelid::regclass::text ~ '^app\.' AND NOT tgisinternal),
	(SELECT string_agg(concat_ws(' ', polname, polrelid::regclass, polpermissive, pg_get_expr(polqual, polrelid)), ';' ORDER BY polrelid::regclass::text, polname)
		FROM pg_policy WHERE polrelid::regclass::text ~ '^app\.'),
	(SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relnamespace = 'app'::regnamespace)};
my $verified = "SELECT count(*) FROM rbac.verify_summary('by_assignee')";
my $seen = "SET ROLE summary_reader; SELECT count(*) FROM app.by_assignee";

my $expected = $node->safe_psql('source', $contents);
my $expected_behind = $node->safe_psql('source', $behind);
is($node->safe_psql('source', $verified), '0', 'there is a summary');
like($expected_behind, qr/^\d+\|[1-9]/, '... with something pending');

my $dir = PostgreSQL::Test::Utils::tempdir();
my @to = ('-h', $node->host, '-p', $node->port);

sub run_ok
{
	my ($name, @command) = @_;
	my ($out, $err) = run_command([@command]);
	$err =~ s/^pg_dump: (warning: there are circular foreign-key constraints on this table:|detail: departments|hint: .*)\n?//mg;
	is($err, '', "$name says nothing unexpected");
	return;
}

run_ok('pg_dump', 'pg_dump', @to, '-f', "$dir/plain.sql", 'source');
run_ok('pg_dump', 'pg_dump', @to, '-Fc', '-f', "$dir/custom", 'source');
run_ok('pg_dump', 'pg_dump', @to, '-Fd', '-j', '2', '-f', "$dir/directory", 'source');
$node->safe_psql('postgres', "CREATE DATABASE $_") for qw(plain custom sections);

sub is_the_same
{
	my ($database) = @_;
	is($node->safe_psql($database, $contents), $expected, "$database: the same summary");
	is($node->safe_psql($database, $behind), $expected_behind, "$database: by the same tables, triggers and policies");
	is($node->safe_psql($database, $seen), '0', "$database: no tenant, no counts");
	$node->safe_psql($database, <<'SQL');
INSERT INTO app.tasks VALUES (1000, 'b0000000-0000-0000-0000-000000000001', 1, 'new', 1);
INSERT INTO app.feb VALUES (1001, 'b0000000-0000-0000-0000-000000000001', 2, 'new', 1);
CREATE TABLE app.mar PARTITION OF app.tasks FOR VALUES IN (3);
COPY app.mar FROM PROGRAM 'echo 1002,b0000000-0000-0000-0000-000000000001,3,new,2' (FORMAT csv);
ALTER TABLE app.tasks DETACH PARTITION app.jan;
SQL
	is($node->safe_psql($database, $verified), '0', "$database: and goes on counting");
	is($node->safe_psql($database, "SELECT rbac.compact_summary('by_assignee') > 0"), 't', "$database: and folding");
	is($node->safe_psql($database, $verified), '0', "$database: ... right");
	is($node->safe_psql($database, "SELECT rbac.drop_summary('by_assignee'); SELECT count(*) FROM pg_class WHERE relname ~ 'by_assignee'; SELECT count(*) FROM pg_trigger WHERE tgrelid::regclass::text ~ '^app' AND tgname ~ 'summary'"), "\n0\n0", "$database: and can be dropped");
	return;
}

run_ok('psql', 'psql', '-XqAt', @to, '-o', "$dir/out", '-v', 'ON_ERROR_STOP=1', '-f', "$dir/plain.sql", 'plain');
is_the_same('plain');
run_ok('pg_restore', 'pg_restore', @to, '--exit-on-error', '-d', 'custom', "$dir/custom");
is_the_same('custom');
run_ok('pg_restore', 'pg_restore', @to, '--exit-on-error', '--section=pre-data', '-d', 'sections', "$dir/directory");
run_ok('pg_restore', 'pg_restore', @to, '--exit-on-error', '--section=data', '--disable-triggers', '-j', '3', '-d', 'sections', "$dir/directory");
run_ok('pg_restore', 'pg_restore', @to, '--exit-on-error', '--section=post-data', '-d', 'sections', "$dir/directory");
is_the_same('sections');

# A hot standby reads it, pending rows included, and goes on counting once promoted.
$node->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('summary_standby');
$standby->init_from_backup($node, 'backup', has_streaming => 1);
$standby->start;
$node->safe_psql('source', "UPDATE app.tasks SET worker = 'moved' WHERE id = 50");
$node->wait_for_catchup($standby);
is($standby->safe_psql('source', $contents), $node->safe_psql('source', $contents), 'a standby shows the same');
is($standby->safe_psql('source', $seen), '0', '... to those who may see it');
$standby->promote;
$standby->safe_psql('source', "INSERT INTO app.tasks VALUES (2000, 'b0000000-0000-0000-0000-000000000001', 1, 'promoted', 1)");
is($standby->safe_psql('source', $verified), '0', 'and counts when it is promoted');
$standby->stop;

# A subscriber has a summary of its own, on a table that a subscription fills: its
# initial copy, its rows and its TRUNCATE.
my $subscriber = new_node('summary_subscriber', wal_level => 'logical', shared_preload_libraries => '');
$subscriber->start;
$subscriber->safe_psql('postgres', "CREATE EXTENSION rbac; $tables SELECT rbac.create_summary('by_assignee', 'app.tasks', '{assignee}')");
$node->safe_psql('postgres', "CREATE SCHEMA app; CREATE TABLE app.tasks (id integer, tenant_id uuid, month integer, assignee text, status_id integer, PRIMARY KEY (id, month));
	$rows; CREATE PUBLICATION tasks FOR TABLE app.tasks");
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION tasks CONNECTION '" . $node->connstr . " dbname=postgres' PUBLICATION tasks");
$subscriber->wait_for_subscription_sync($node, 'tasks');
my $counted = "SELECT sum(total), count(*) FROM app.by_assignee_totals";
is($subscriber->safe_psql('postgres', $counted), '100|5', 'the initial copy is counted');
$node->safe_psql('postgres', "UPDATE app.tasks SET status_id = 9 WHERE id < 20; UPDATE app.tasks SET month = 2 WHERE id = 2; DELETE FROM app.tasks WHERE id > 90; INSERT INTO app.tasks VALUES (500, 'b0000000-0000-0000-0000-000000000001', 1, 'late', 1)");
$node->wait_for_catchup('tasks');
is($subscriber->safe_psql('postgres', $counted), '91|6', 'and so is what is applied');
is($subscriber->safe_psql('postgres', $verified), '0', '... by status too');
$node->safe_psql('postgres', 'TRUNCATE app.tasks');
$node->wait_for_catchup('tasks');
is($subscriber->safe_psql('postgres', $counted), '|0', 'TRUNCATE included');
is($subscriber->safe_psql('postgres', $verified), '0', '... in what is behind it');

# Where nothing is preloaded, the library comes with the first DDL that concerns it.
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION tasks');
$subscriber->safe_psql('postgres', $rows);
$subscriber->safe_psql('postgres', 'DROP TABLE app.feb');
is($subscriber->safe_psql('postgres', $verified), '0', 'a partition that is dropped goes with its rows');
$subscriber->safe_psql('postgres', 'TRUNCATE app.jan');
is($subscriber->safe_psql('postgres', $counted), '|0', 'and one that is emptied');
$subscriber->safe_psql('postgres', 'DROP TABLE app.tasks');
is($subscriber->safe_psql('postgres', "SELECT count(*) FROM pg_class WHERE relname ~ 'by_assignee'"), '0', 'and all with the table');

$subscriber->stop;
$node->stop;
done_testing();
