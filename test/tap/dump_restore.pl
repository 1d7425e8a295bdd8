# Dump and restore: the same rows, the same answers, ids that go on where they
# were; for each format that pg_dump has, and for the three steps that a parallel
# restore needs.
#
# It needs pg_dump, pg_restore and several databases.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Utils;
use RbacTest;
use Test::More;

my $node = new_node('dump_restore');
$node->start;
install_rbac($node, 'source');

my $alice = 'a0000000-0000-0000-0000-000000000001';
my $acme = 'b0000000-0000-0000-0000-000000000001';

# Some of everything: tables that point at themselves in both orders, periods,
# a role of a tenant, a role of ours that inherits a built-in one, ids not used.
$node->safe_psql('source', <<"SQL");
INSERT INTO rbac.departments (id, tenant_id, parent_id, name) VALUES
    ('c0000000-0000-0000-0000-000000000009', '$acme', NULL, 'top'),
    ('c0000000-0000-0000-0000-000000000003', '$acme', 'c0000000-0000-0000-0000-000000000009', 'below');
UPDATE rbac.departments SET parent_id = 'c0000000-0000-0000-0000-000000000009' WHERE name = 'sales';
INSERT INTO rbac.permission_objects (name) VALUES ('task');
INSERT INTO rbac.permission_actions (name) VALUES ('read'), ('edit');
UPDATE rbac.permissions SET object_id = (SELECT id FROM rbac.permission_objects WHERE name = 'task') WHERE id >= 100;
INSERT INTO rbac.roles (tenant_id, name) VALUES ('$acme', 'helper'), (NULL, 'boss');
INSERT INTO rbac.role_inherits SELECT r.id, 1 FROM rbac.roles AS r WHERE r.name = 'boss';
INSERT INTO rbac.role_inherits SELECT s.id, j.id FROM rbac.roles AS s, rbac.roles AS j WHERE s.name = 'helper' AND j.name = 'editor';
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id, valid_from, valid_until, granted_by, reason)
SELECT '$alice', id, '$acme', 'c0000000-0000-0000-0000-000000000009', '2020-01-01', '2999-01-01', '$alice', 'it''s hers'
FROM rbac.roles WHERE name = 'helper';
INSERT INTO rbac.user_roles (user_id, role_id) SELECT '$alice', id FROM rbac.roles WHERE name = 'boss';
INSERT INTO rbac.scopes (name) SELECT 'gone:' || n FROM generate_series(1, 50) AS n;
DELETE FROM rbac.scopes WHERE name LIKE 'gone:%';
INSERT INTO rbac.workflow_statuses (name) VALUES ('open'), ('busy'), ('done');
INSERT INTO rbac.workflows (tenant_id, name, initial_status_id) VALUES (NULL, 'work', 1), ('$acme', 'work', 1);
INSERT INTO rbac.task_types (name, workflow_id) VALUES ('job', 1);
INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, approver_role_id, not_creator)
SELECT 2, f, t, r.id, n FROM rbac.roles AS r, (VALUES (1, 2, false), (2, 3, true)) AS v (f, t, n) WHERE r.name = 'helper';
CREATE TABLE story.jobs (id integer, tenant_id uuid, type_id integer, status_id integer);
SELECT rbac.attach_workflow('story.jobs', tenant_column => 'tenant_id');
INSERT INTO story.jobs VALUES (1, '$acme', 1);
BEGIN;
SELECT rbac.set_identity('$alice', '$acme');
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT '$alice', id, '$acme' FROM rbac.roles WHERE name = 'helper';
UPDATE story.jobs SET status_id = 2;
COMMIT;
SQL

# All rows of all tables, the seeds included, and where each sequence stands.
my $contents = join ' UNION ALL ', map {
	my ($name, $kind) = split /\|/;
	$kind eq 'S'
	  ? "SELECT '$name', last_value, is_called::text FROM rbac.$name"
	  : "SELECT '$name', count(*), md5(string_agg(t::text, ';' ORDER BY t::text)"
	  # what is seeded was created when the extension was
	  . ($name eq 'roles' ? ' FILTER (WHERE id >= 100)' : '') . ") FROM rbac.$name AS t"
} split /\n/, $node->safe_psql('source', <<'SQL');
SELECT relname, relkind FROM pg_class
WHERE relnamespace = 'rbac'::regnamespace AND relkind IN ('r', 'S') AND relname !~ '^_' ORDER BY relname
SQL
my $rows = $node->safe_psql('source', $contents);
my $answers = $node->safe_psql('source', 'SELECT story.answers()');
my $next_role = 1 + $node->safe_psql('source', 'SELECT last_value FROM rbac.roles_id_seq');
my $next_assignment = 1 + $node->safe_psql('source', 'SELECT last_value FROM rbac.user_roles_id_seq');
like($answers, qr{alice edit:task acme/field}, 'there is something to restore');

# Row-level security comes with the extension, not with the dump; what it shows
# somebody who administers a tenant by plain SQL.
my $policies = q{
	SELECT count(*), md5(string_agg(p::text, ';' ORDER BY tablename, policyname)) FROM pg_policies AS p WHERE schemaname = 'rbac'
	UNION ALL SELECT count(*), string_agg(relname, ' ' ORDER BY relname) FROM pg_class
	WHERE relnamespace = 'rbac'::regnamespace AND relrowsecurity AND NOT relforcerowsecurity};
my $source_policies = $node->safe_psql('source', $policies);
like($source_policies, qr/^45\|.*\n10\|departments/, 'there are policies to restore');
$node->safe_psql('source', <<"SQL");
CREATE ROLE office;
GRANT SELECT ON rbac.users, rbac.user_roles TO office;
SQL
my $office = "BEGIN; SELECT rbac.set_identity('a0000000-0000-0000-0000-000000000002', '$acme'); SET LOCAL ROLE office; SELECT username FROM rbac.users; COMMIT";

sub is_the_same
{
	my ($database, $how) = @_;
	my $warm = RbacTest::Session->new($node, $database);

	is($node->safe_psql($database, $policies), $source_policies, "$how: the same row-level security, once");
	is($node->safe_psql($database, $office), "\nbob", "$how: which binds whom it was granted to");

	is($node->safe_psql($database, $contents), $rows, "$how: the same rows, seeds once, sequences where they were")
	  if $database ne 'sections';
	is($warm->ask('SELECT story.answers()'), $answers, "$how: the same answers");
	is($node->safe_psql($database, 'SELECT status_id FROM story.jobs'), 2, "$how: a task in the middle of its workflow");
	is(scalar RbacTest::Session::fails($warm, 'UPDATE story.jobs SET status_id = 1'), '23514', "$how: from where no step leads back");
	is(scalar RbacTest::Session::fails($warm, 'UPDATE story.jobs SET status_id = 3'), '28000', "$how: and one leads on for somebody");
	is($node->safe_psql($database, "INSERT INTO rbac.roles (name) VALUES ('new') RETURNING id"), $next_role, "$how: ids of roles go on");
	is($node->safe_psql($database, "INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT '$alice', id, '$acme' FROM rbac.roles WHERE name = 'new' RETURNING id"),
		$next_assignment, "$how: ids of assignments go on");
	$node->safe_psql($database, "DELETE FROM rbac.role_inherits WHERE role_id IN (SELECT id FROM rbac.roles WHERE name IN ('helper', 'clerk'))");
	unlike($warm->ask('SELECT story.answers()'), qr/alice (list|edit):task/, "$how: a session with a warm cache sees the next change");
	is(scalar RbacTest::Session::fails($warm, "INSERT INTO rbac.roles (id, name) VALUES (99, 'x')"), '42939', "$how: the rules are in force");
	$warm->quit;
	return;
}

my $dir = PostgreSQL::Test::Utils::tempdir();
my @to = ('-h', $node->host, '-p', $node->port);

# Runs a program that may say nothing, but for what pg_dump always says of a
# tree in a table: the hint is about dumps of data alone.
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

run_ok('psql', 'psql', '-XqAt', @to, '-o', "$dir/out", '-v', 'ON_ERROR_STOP=1', '-f', "$dir/plain.sql", 'plain');
is_the_same('plain', 'plain dump');

run_ok('pg_restore', 'pg_restore', @to, '--exit-on-error', '-d', 'custom', "$dir/custom");
is_the_same('custom', 'custom dump');

# Restored in parallel, a table may come before those that it refers to, and
# neither the foreign keys nor our triggers may look at it: they are disabled,
# and stand as ordinary ones afterwards.
run_ok('pg_restore', 'pg_restore', @to, '--exit-on-error', '--section=pre-data', '-d', 'sections', "$dir/directory");
run_ok('pg_restore', 'pg_restore', @to, '--exit-on-error', '--section=data', '--disable-triggers', '-j', '3', '-d', 'sections', "$dir/directory");
run_ok('pg_restore', 'pg_restore', @to, '--exit-on-error', '--section=post-data', '-d', 'sections', "$dir/directory");

my $warm = RbacTest::Session->new($node, 'sections');
is($node->safe_psql('sections', $contents), $rows, 'three sections: the same rows, seeds once, sequences where they were');
is($warm->ask('SELECT rbac._caching_is_sound()'), 'f', 'three sections: nothing is cached');
is($warm->ask('SELECT story.answers()'), $answers, 'three sections: the same answers before repair()');
my $toggle = "UPDATE rbac.users SET is_active = NOT is_active WHERE username = 'alice'";
for my $role ('origin', 'replica')
{
	$node->safe_psql('sections', "SET session_replication_role = $role; $toggle");
	unlike($warm->ask('SELECT story.answers()'), qr/alice/, "three sections: a change is seen before repair(), though nobody tells (as $role)");
	$node->safe_psql('sections', "SET session_replication_role = $role; $toggle");
	is($warm->ask('SELECT story.answers()'), $answers, '... and another one');
}
is($node->safe_psql('sections', 'SELECT rbac.repair()'), 't', 'three sections: repair() has something to do');
is($warm->ask('SELECT rbac._caching_is_sound()'), 't', 'three sections: answers are cached again');
is($node->safe_psql('sections', 'SELECT rbac.repair()'), 'f', 'three sections: once');
$warm->quit;
is_the_same('sections', 'three sections, after repair()');

# To a role that policies bind, a dump would be a part of the rows: it is refused.
$node->safe_psql('source', 'CREATE ROLE backup LOGIN; GRANT USAGE ON SCHEMA rbac, story TO backup; GRANT SELECT ON ALL TABLES IN SCHEMA rbac, story TO backup; GRANT SELECT ON ALL SEQUENCES IN SCHEMA rbac TO backup');
my ($out, $err) = run_command([ 'pg_dump', @to, '-U', 'backup', '-f', "$dir/partial.sql", 'source' ]);
like($err, qr/query would be affected by row-level security policy/, 'a dump by a role that policies bind is refused');
$node->safe_psql('source', 'ALTER ROLE backup BYPASSRLS');
run_ok('pg_dump by a role with BYPASSRLS', 'pg_dump', @to, '-U', 'backup', '-f', "$dir/whole.sql", 'source');

# And away with it, and back.
$node->safe_psql('custom', 'DROP SCHEMA story CASCADE; DROP EXTENSION rbac; CREATE EXTENSION rbac');
is($node->safe_psql('custom', $policies), $source_policies, 'made again: the same row-level security');

$node->stop;
done_testing();
