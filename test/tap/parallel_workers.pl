# Identity and answers inside parallel workers, of what is committed and of what
# the transaction itself has written.
#
# It needs settings that make small tables worth workers, and looks at which
# processes answered.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use RbacTest;
use Test::More;

my $node = new_node(
	'parallel_workers',
	max_parallel_workers_per_gather => 2,
	max_parallel_workers => 4,
	parallel_setup_cost => 0,
	parallel_tuple_cost => 0,
	min_parallel_table_scan_size => 0,
	# the leader only gathers: whatever is answered, a worker has answered
	parallel_leader_participation => 'off',
	# what the leader asks of each row looks costly
	jit => 'off');
$node->start;
install_rbac($node);

my $alice = 'a0000000-0000-0000-0000-000000000001';
my $acme = 'b0000000-0000-0000-0000-000000000001';
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE story.tasks AS SELECT n, 'b0000000-0000-0000-0000-000000000001'::uuid AS tenant_id FROM generate_series(1::bigint, 20000) AS n;
ALTER TABLE story.tasks SET (parallel_workers = 2);
ANALYZE story.tasks;
-- pg_backend_pid() is restricted to the leader
CREATE FUNCTION story.process() RETURNS int LANGUAGE plpgsql PARALLEL SAFE AS
$$ BEGIN RETURN pg_backend_pid(); END $$;
SQL

my $session = RbacTest::Session->new($node);
$session->ask("SELECT rbac.set_identity('$alice', '$acme', local => false)");

# All rows' answers as a set: each worker must say the same.  What is asked stands
# below the Gather node, not in the aggregate, which is the leader's.
sub in_workers
{
	my ($expression) = @_;
	return $session->ask("SELECT array_agg(DISTINCT answer) FROM (SELECT ($expression)::text AS answer FROM story.tasks OFFSET 0) AS asked");
}
is(in_workers('story.process() = ' . $session->ask('SELECT pg_backend_pid()')), '{false}', 'it is workers that answer');

cmp_ok($session->ask('SELECT count(DISTINCT story.process()) FROM story.tasks'), '>=', 1, 'workers answer');
is($session->ask("SELECT bool_or(story.process() = " . $session->ask('SELECT pg_backend_pid()') . ") FROM story.tasks"),
	'f', '... and not the leader');
like($session->ask("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM story.tasks WHERE rbac.has_scope('read:task', tenant_id)"),
	qr/Workers Launched: 2/, 'a check leaves the plan parallel');

is(in_workers('rbac.current_user_id()'), "{$alice}", 'workers know who is asking');
is(in_workers('rbac.current_tenant_id()'), "{$acme}", '... and where');
my %answer = (
	"rbac.has_scope('read:task')" => 'true',
	"rbac.has_scope('list:task', tenant_id)" => 'true',
	"rbac.has_scope('edit:task', tenant_id)" => 'false',
	"rbac.has_any_scope(ARRAY['edit:task', 'list:task'])" => 'true',
	"rbac.has_all_scopes(ARRAY['edit:task', 'list:task'])" => 'false',
	"rbac.user_has_scope('$alice', 'read:task', tenant_id)" => 'true',
	"n > 0 AND 'read:task' IN (SELECT rbac.effective_scopes())" => 'true',
	"rbac.tenants_with_scope('read:task') = ARRAY[tenant_id]" => 'true');
is(in_workers($_), "{$answer{$_}}", "workers answer $_") for sort keys %answer;
is(in_workers('story.answers()'), '{"' . $session->ask('SELECT story.answers()') . '"}', 'workers and leader answer all alike');

# Nobody may become somebody else in one process of several, whatever a function claims.
$node->safe_psql('postgres', <<SQL);
CREATE FUNCTION story.impostor(n bigint) RETURNS boolean LANGUAGE plpgsql PARALLEL SAFE AS
\$\$ BEGIN PERFORM rbac.set_identity('$alice', '$acme', ARRAY['read:task'], local => true); RETURN true; END \$\$;
CREATE FUNCTION story.leaver(n bigint) RETURNS boolean LANGUAGE plpgsql PARALLEL SAFE AS
\$\$ BEGIN PERFORM rbac.clear_identity(); RETURN true; END \$\$;
CREATE FUNCTION story.mover(n bigint) RETURNS boolean LANGUAGE plpgsql PARALLEL SAFE AS
\$\$ BEGIN PERFORM rbac.switch_tenant('$acme'); RETURN true; END \$\$;
SQL
for my $who (qw(impostor leaver mover))
{
	is($session->fails("SELECT bool_and(answer) FROM (SELECT story.$who(n) AS answer FROM story.tasks OFFSET 0) AS asked"),
		'25000', "the identity stays in a parallel plan: $who");
	is($session->ask('SELECT rbac.current_user_id()'), $alice, '... and after it');
}

# What the transaction itself has written.
$session->ask('BEGIN');
$session->ask("INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT '$alice', id, '$acme' FROM rbac.roles WHERE name = 'editor'");
is(in_workers("rbac.has_scope('edit:task', tenant_id)"), '{true}', 'workers see what their leader has granted and not committed');
is($session->ask("SELECT bool_or(story.process() = " . $session->ask('SELECT pg_backend_pid()') . ") FROM story.tasks"),
	'f', '... and it was workers that answered');
$session->ask('SAVEPOINT s; DELETE FROM rbac.role_inherits WHERE role_id >= 100');
is(in_workers("rbac.has_scope('list:task')"), '{false}', '... in a savepoint');
$session->ask('ROLLBACK TO s');
is(in_workers("rbac.has_scope('list:task')"), '{true}', '... and after its end');
$session->ask("SELECT rbac.set_identity('$alice', '$acme', ARRAY['read:task'])");
is(in_workers("rbac.has_scope('edit:task')"), '{false}', 'workers narrow as the leader does');
is(in_workers("rbac.has_scope('read:task')"), '{true}', '... to what is listed');
$session->ask('ROLLBACK');
is(in_workers("rbac.has_scope('edit:task')"), '{false}', 'what was rolled back is gone');

# What others commit, under an old snapshot.
$session->ask('BEGIN ISOLATION LEVEL REPEATABLE READ');
is(in_workers("rbac.has_scope('read:task')"), '{true}', 'before the revoke');
$node->safe_psql('postgres', "DELETE FROM rbac.user_roles WHERE user_id = '$alice'");
is(in_workers("rbac.has_scope('read:task')"), '{false}', 'after it, although the snapshot is older');
$session->ask('COMMIT');

$session->quit;
$node->stop;
done_testing();
