# A logical subscriber answers as its authority does, from warm sessions too, and
# denies everything until all of its tables are in sync.
#
# It needs two servers.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use RbacTest;
use Test::More;

my $authority = new_node('authority', allows_streaming => 'logical', wal_level => 'logical');
$authority->start;
install_rbac($authority);

my $subscriber = new_node('subscriber', wal_level => 'logical', max_logical_replication_workers => 8);
$subscriber->start;
$subscriber->safe_psql('postgres', 'CREATE EXTENSION rbac');
# the story's question, without its rows
my $story = slurp_sql('story.sql');
$subscriber->safe_psql('postgres', substr($story, index($story, 'CREATE SCHEMA story')));

my $alice = 'a0000000-0000-0000-0000-000000000001';
my $bob = 'a0000000-0000-0000-0000-000000000002';
my $acme = 'b0000000-0000-0000-0000-000000000001';
my $bolt = 'b0000000-0000-0000-0000-000000000002';
my $field = 'c0000000-0000-0000-0000-000000000002';

# All questions of the story, asked as alice and about everybody.
my $questions = qq{
	SELECT rbac.has_scope('read:task'), rbac.has_scope('read:task', '$acme'), rbac.has_scope('edit:task', '$acme', '$field'),
	       rbac.has_any_scope('{read:task,edit:task}'), rbac.has_all_scopes('{read:task,list:task}'),
	       rbac.tenants_with_scope('read:task'), rbac.departments_with_scope('list:task'),
	       (SELECT array_agg(s) FROM rbac.effective_scopes() AS s),
	       (SELECT array_agg(s) FROM rbac.effective_scopes('$bob', '$acme') AS s),
	       (SELECT array_agg(u) FROM rbac.users_with_scope('list:task', '$acme') AS u),
	       (SELECT array_agg((e.granted, e.reason, e.role, e.path)::text) FROM rbac.explain_scope('read:task') AS e),
	       (SELECT array_agg((e.granted, e.reason, e.role, e.path)::text) FROM rbac.explain_scope('$bob'::uuid, 'edit:task', '$acme', '$field') AS e),
	       story.answers()};

sub mark
{
	my ($sql) = @_;
	return $authority->safe_psql('postgres', "$sql; SELECT rbac.revision()");
}

my @warm = map { RbacTest::Session->new($subscriber) } 1 .. 2;
my $home = RbacTest::Session->new($authority);

# What the subscriber's warm sessions answer once the change is there.
sub agree
{
	my ($name, $sql) = @_;
	my $revision = mark($sql);
	is($warm[0]->ask("SELECT rbac.wait_for_revision($revision, '3 min')"), 't', "$name: arrives");
	my $expected = $home->ask($questions);
	is($_->ask($questions), $expected, "$name: a warm session answers as the authority does") for @warm;
	return $expected;
}

is($_->ask('SELECT story.answers()'), 'nobody holds anything', 'an empty subscriber denies') for @warm;

# The initial copy, with one table held back by a lock that only writers wait
# for: all that decisions read is there, except that it is not in sync.
$authority->safe_psql('postgres', 'SELECT rbac.create_publication()');
my $holder = RbacTest::Session->new($subscriber);
$holder->ask('BEGIN; LOCK TABLE rbac.role_conflicts IN SHARE MODE');
my $first = mark('SELECT');
my $connection = $authority->connstr('postgres') =~ s/'/''/gr;
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION rbac CONNECTION '$connection' PUBLICATION rbac WITH (two_phase = true)");

sub wait_for_tables
{
	my ($ready) = @_;
	return $subscriber->poll_query_until('postgres',
		"SELECT count(*) FILTER (WHERE srsubstate = 'r') = $ready AND count(*) = 18 FROM pg_subscription_rel");
}

ok(wait_for_tables(17), 'all tables but one are copied');
is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM rbac.user_roles'), '2', 'plain SQL sees what is copied');
for my $session (@warm, RbacTest::Session->new($subscriber))
{
	is($session->ask('SELECT story.answers()'), 'nobody holds anything', 'while tables are not in sync, nobody holds anything');
	is($session->ask("SELECT count(*) FROM rbac.users_with_scope('read:task', '$acme')"), '0', '... and nobody is listed');
	is($session->ask("SELECT count(*) FROM rbac.effective_scopes('$alice', '$acme')"), '0', '... nor a scope');
	is($session->ask("SELECT granted, reason FROM rbac.explain_scope('$alice'::uuid, 'read:task', '$acme')"), 'f|tables_not_in_sync', '... which is the explanation');
	is($session->ask("SELECT rbac.user_has_scope('$alice', 'no:scope', '$acme')"), 'f', '... and no scope is unknown, since nobody knows');
	is($session->fails("SELECT rbac.set_identity('$alice', '$acme', local => false)"), '55000', '... and nobody becomes anybody');
	is($session->ask("SET rbac.user_setting = 'app.user_id'; SET app.user_id = '$alice'; SELECT rbac.current_user_id() IS NULL; RESET rbac.user_setting"), 't', '... by settings either');
	is($session->ask("SELECT rbac.wait_for_revision($first, '0')"), 'f', '... and no mark is reached, though it is there');
}
is($subscriber->safe_psql('postgres', "SELECT count(*) >= 1 FROM rbac._revisions WHERE revision = $first"), 't', 'the mark is there');
is($warm[0]->fails('SELECT rbac.revision()'), '55000', 'a subscriber marks nothing');

$holder->ask('ROLLBACK');
ok(wait_for_tables(18), 'the copy ends once the lock is gone');
is($_->ask("SELECT rbac.wait_for_revision($first, '3 min')"), 't', 'the mark is reached') for @warm;
for my $session (@warm, $home)
{
	$session->ask("SELECT rbac.set_identity('$alice', '$acme', local => false)");
}
my $before = agree('the initial copy', 'SELECT');
like($before, qr/alice read:task acme/, 'alice holds something');

# Changes, as transactions come.
my $editor = "(SELECT id FROM rbac.roles WHERE name = 'editor')";
my $grant = "INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES ('$alice', $editor, '$bolt')";
my $revoke = "DELETE FROM rbac.user_roles WHERE user_id = '$alice' AND role_id = $editor";
isnt(agree('a grant', $grant), $before, 'a grant changes the answers');
is(agree('a revoke', $revoke), $before, 'a revoke takes it back');
isnt(agree('a role that carries more', "SELECT rbac.grant_permission('guest', 'edit task')"), $before, 'what a role means changes the answers');
is(agree('a role that carries less', "SELECT rbac.revoke_permission('guest', 'edit task')"), $before, '... back and forth');
isnt(agree('inheritance removed', "SELECT rbac.remove_role_inheritance('clerk', 'guest')"), $before, 'inheritance changes the answers');
is(agree('inheritance added', "SELECT rbac.add_role_inheritance('clerk', 'guest')"), $before, '... back and forth');
isnt(agree('a tenant suspended', "SELECT rbac.set_tenant_active('$acme', false)"), $before, 'a tenant that is suspended');
is(agree('a tenant resumed', "SELECT rbac.set_tenant_active('$acme', true)"), $before, '... and resumed');
is(agree('a savepoint rolled back', "BEGIN; SAVEPOINT a; $grant; ROLLBACK TO a; COMMIT"), $before, 'what is rolled back to a savepoint never was');
isnt(agree('a savepoint released', "BEGIN; SAVEPOINT a; $grant; RELEASE a; COMMIT"), $before, 'what a savepoint kept is');
is(agree('a revoke again', $revoke), $before, '... until revoked');
is(agree('a transaction rolled back', "BEGIN; $grant; ROLLBACK"), $before, 'what is rolled back never was');

# Two-phase commit, prepared on both sides.
ok( $subscriber->poll_query_until('postgres', q{SELECT subtwophasestate = 'e' FROM pg_subscription}),
	'two-phase commit is in force');

sub prepare
{
	my ($name) = @_;
	is(agree("$name, prepared", "BEGIN; $grant; PREPARE TRANSACTION '$name'"), $before, "$name: what is prepared does not count");
	is($subscriber->safe_psql('postgres', 'SELECT count(*) FROM pg_prepared_xacts'), '1', "$name: is prepared on the subscriber");
	return;
}

prepare('committed');
isnt(agree('COMMIT PREPARED', "COMMIT PREPARED 'committed'"), $before, 'what was prepared counts once it is committed');
is(agree('a revoke once more', $revoke), $before, '... until revoked');
prepare('aborted');
is(agree('ROLLBACK PREPARED', "ROLLBACK PREPARED 'aborted'"), $before, 'what was prepared and rolled back never was');
prepare('restarted');
$subscriber->restart;
$_->quit for @warm;
@warm = map { RbacTest::Session->new($subscriber) } 1 .. 2;
$_->ask("SELECT rbac.set_identity('$alice', '$acme', local => false)") for @warm;
is($warm[0]->ask($questions), $before, 'a subscriber that was restarted with something prepared answers as before');
isnt(agree('COMMIT PREPARED after a restart', "COMMIT PREPARED 'restarted'"), $before, '... until that is committed');
is(agree('a last revoke', $revoke), $before, '... and revoked');

# TRUNCATE, and the rows again.
my $kept = $authority->safe_psql('postgres', "SELECT string_agg(format('(%L, %s, %L, %L)', user_id, role_id, tenant_id, department_id), ', ') FROM rbac.user_roles");
like(agree('TRUNCATE', 'TRUNCATE rbac.user_roles'), qr/nobody holds anything/, 'nobody holds anything after TRUNCATE');
is(agree('rows again', "INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id) VALUES $kept"), $before, 'the rows count again');

# A workflow that the authority changes: the subscriber's tasks follow at once.
$subscriber->safe_psql('postgres', 'CREATE TABLE story.jobs (id integer, tenant_id uuid, type_id integer, status_id integer)');
my $open = "INSERT INTO rbac.workflow_transitions (workflow_id, from_status_id, to_status_id, approver_role_id) SELECT w.id, 1, 2, r.id FROM rbac.workflows AS w, rbac.roles AS r WHERE r.name = 'clerk'";
agree('a workflow', q{
	INSERT INTO rbac.workflow_statuses (name) VALUES ('open'), ('done');
	INSERT INTO rbac.workflows (name, initial_status_id) VALUES ('work', 1);
	INSERT INTO rbac.task_types (name, workflow_id) VALUES ('job', 1)});
$subscriber->safe_psql('postgres', "SELECT rbac.attach_workflow('story.jobs', tenant_column => 'tenant_id'); INSERT INTO story.jobs VALUES (1, '$acme', 1)");
sub takes_step
{
	my ($expected, $name) = @_;
	my $step = 'UPDATE story.jobs SET status_id = 2';
	for my $session (@warm)
	{
		if ($expected eq 'done')
		{
			is($session->ask("BEGIN; $step RETURNING status_id; ROLLBACK"), '2', $name);
		}
		else
		{
			is($session->fails($step), $expected, $name);
		}
	}
	return;
}
takes_step('23514', 'a step that there is not');
agree('a step', $open);
takes_step('done', 'a step that has come');
agree('a clerk less', "DELETE FROM rbac.user_roles WHERE role_id = (SELECT id FROM rbac.roles WHERE name = 'clerk')");
takes_step('42501', 'a step for whoever has a role that is gone');
agree('rows once more', "INSERT INTO rbac.user_roles (user_id, role_id, tenant_id, department_id) VALUES $kept ON CONFLICT DO NOTHING");
takes_step('done', 'and that has come back');
agree('the step gone', 'DELETE FROM rbac.workflow_transitions');
takes_step('23514', 'a step that has gone');

# With two_phase, PostgreSQL refreshes without copying only.
$authority->safe_psql('postgres', 'ALTER PUBLICATION rbac DROP TABLE rbac.role_conflicts');
$subscriber->safe_psql('postgres', 'ALTER SUBSCRIPTION rbac REFRESH PUBLICATION WITH (copy_data = false)');
$authority->safe_psql('postgres', 'ALTER PUBLICATION rbac ADD TABLE rbac.role_conflicts');
$subscriber->safe_psql('postgres', 'ALTER SUBSCRIPTION rbac REFRESH PUBLICATION WITH (copy_data = false)');
is(agree('a refresh without copying', 'SELECT'), $before, 'a refresh without copying is in sync at once');

# Without its subscription it is a database like any other.
$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION rbac');
is($warm[0]->ask($questions), $before, 'what was copied stays when the subscription is dropped');

# A refresh that copies a table: nobody has a scope meanwhile, in warm sessions too.
$subscriber->safe_psql('postgres', "CREATE SUBSCRIPTION rbac CONNECTION '$connection' PUBLICATION rbac WITH (copy_data = false)");
is($warm[0]->ask("SELECT rbac.has_scope('read:task')"), 't', 'before the refresh, a warm session permits');
$authority->safe_psql('postgres', 'ALTER PUBLICATION rbac DROP TABLE rbac.role_conflicts');
$subscriber->safe_psql('postgres', 'ALTER SUBSCRIPTION rbac REFRESH PUBLICATION');
is($warm[0]->ask("SELECT rbac.has_scope('read:task')"), 't', 'one table less to copy is none that is not in sync');
$holder->quit;
$holder = RbacTest::Session->new($subscriber);
$holder->ask('BEGIN; LOCK TABLE rbac.role_conflicts IN SHARE MODE');
$authority->safe_psql('postgres', 'ALTER PUBLICATION rbac ADD TABLE rbac.role_conflicts');
$subscriber->safe_psql('postgres', 'ALTER SUBSCRIPTION rbac REFRESH PUBLICATION');
is($warm[0]->ask("SELECT rbac.has_scope('read:task'), cardinality(rbac.tenants_with_scope('read:task')), cardinality(rbac.departments_with_scope('read:task'))"),
	'f|0|0', 'during a refresh, a warm session denies');
is($warm[0]->ask("SELECT count(*) FROM rbac.effective_scopes()"), '0', '... and has no scope in force');
is($warm[0]->fails("SELECT rbac.require_scope('read:task')"), '42501', '... and what is required is refused');
is($warm[0]->fails("SELECT rbac.switch_tenant('$acme')"), '55000', '... and nobody moves');
is(RbacTest::Session->new($subscriber)->fails("SELECT rbac.set_identity('$alice', '$acme', local => false)"), '55000', '... and nobody becomes anybody, though others did before');
$holder->ask('ROLLBACK');
ok(wait_for_tables(18), 'the refresh ends');
is($warm[0]->ask("SELECT rbac.has_scope('read:task'), cardinality(rbac.tenants_with_scope('read:task'))"), 't|1', 'after it, the same session permits again');
is(agree('after the refresh', 'SELECT'), $before, 'and all is as it was');

$subscriber->safe_psql('postgres', 'DROP SUBSCRIPTION rbac');
$subscriber->safe_psql('postgres', "DELETE FROM rbac.user_roles WHERE user_id = '$alice'");
is($warm[0]->ask("SELECT rbac.has_scope('read:task')"), 'f', 'without a subscription, the tables are the database\'s own to change');

# The initial copy is a query by the role that the subscription connects as, and
# row-level security binds it like any other.
$authority->safe_psql('postgres', 'CREATE ROLE replicator LOGIN REPLICATION; GRANT SELECT ON rbac.users TO replicator');
my @as_replicator = ('postgres', 'COPY rbac.users TO STDOUT', extra_params => [ '-U', 'replicator' ]);
is($authority->safe_psql(@as_replicator), '', 'a role that policies bind would copy nothing');
{
	local $ENV{PGOPTIONS} = '-c row_security=off';
	my ($status, $out, $err) = $authority->psql(@as_replicator);
	like($err, qr/query would be affected by row-level security policy/, 'or, with row_security off, fail');
}
$authority->safe_psql('postgres', 'ALTER ROLE replicator BYPASSRLS');
like($authority->safe_psql(@as_replicator), qr/alice.*bob/s, 'with BYPASSRLS it copies all');

$_->quit for @warm, $home, $holder;
$subscriber->stop;
$authority->stop;
done_testing();
