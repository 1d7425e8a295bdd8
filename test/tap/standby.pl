# A hot standby answers, sees what is replayed, and refuses to be written.
#
# It needs two servers.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use RbacTest;
use Test::More;

my $primary = new_node('primary', allows_streaming => 1);
$primary->start;
install_rbac($primary);
$primary->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'copy', has_streaming => 1);
$standby->start;

my $alice = 'a0000000-0000-0000-0000-000000000001';
my $bob = 'a0000000-0000-0000-0000-000000000002';
my $acme = 'b0000000-0000-0000-0000-000000000001';
my $session = RbacTest::Session->new($standby);

sub change
{
	my ($sql) = @_;
	$primary->safe_psql('postgres', $sql);
	$primary->wait_for_catchup($standby, 'replay', $primary->lsn('write'));
	return;
}

is($session->ask('SELECT story.answers()'), $primary->safe_psql('postgres', 'SELECT story.answers()'),
	'a standby answers as its primary does');
$session->ask("SELECT rbac.set_identity('$alice', '$acme', local => false)");
is($session->ask("SELECT rbac.current_user_id() = '$alice', rbac.has_scope('read:task')"), 't|t', 'one can be somebody on a standby');
is($session->ask("SELECT rbac.tenants_with_scope('read:task')"), "{$acme}", 'sets are answered on a standby');

# It keeps what it knows while others commit what does not concern it.
is($session->ask('SELECT mode, reason, in_recovery FROM rbac.status()'), 'local|recovery|t', 'status() says that each session knows for itself');
my $counter = 'SELECT loads FROM rbac._cache_counters()';
my $know = "SELECT rbac.user_has_scope('$alice', 'read:task', '$acme')";
$session->ask($know);
my $loads = $session->ask($counter);
for (1 .. 5)
{
	change('CREATE TABLE story.other (n int); DROP TABLE story.other');
	$session->ask($know);
}
is($session->ask($counter), $loads, 'commits about other things make a standby forget nothing');
my $late = RbacTest::Session->new($standby);
is($late->ask($know), 't', 'a session that begins later answers the same');
change("UPDATE rbac.users SET is_active = false WHERE username = 'alice'");
is($late->ask($know), 'f', '... and sees what is replayed after that');
change("UPDATE rbac.users SET is_active = true WHERE username = 'alice'");
is($late->ask($know), 't', '... each time');
$late->quit;

for my $level ('READ COMMITTED', 'REPEATABLE READ')
{
	$session->ask("BEGIN ISOLATION LEVEL $level");
	is($session->ask("SELECT rbac.has_scope('edit:task')"), 'f', "$level: not before it is granted");
	change("INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT '$alice', id, '$acme' FROM rbac.roles WHERE name = 'editor'");
	is($session->ask("SELECT rbac.has_scope('edit:task')"), 't', "$level: a grant is seen once it is replayed");
	change("DELETE FROM rbac.user_roles WHERE user_id = '$alice' AND role_id = (SELECT id FROM rbac.roles WHERE name = 'editor')");
	is($session->ask("SELECT rbac.has_scope('edit:task')"), 'f', "$level: a revoke is seen once it is replayed");
	change("UPDATE rbac.users SET is_active = false WHERE username = 'alice'");
	is($session->ask("SELECT rbac.has_scope('read:task')"), 'f', "$level: and that she is no longer active");
	change("UPDATE rbac.users SET is_active = true WHERE username = 'alice'");
	is($session->ask("SELECT rbac.has_scope('read:task')"), 't', "$level: and that she is again");
	$session->ask('COMMIT');
}

change("BEGIN; DELETE FROM rbac.role_inherits WHERE role_id >= 100; PREPARE TRANSACTION 'inherits'");
is($session->ask("SELECT rbac.has_scope('list:task')"), 't', 'what is prepared on the primary does not count');
change("COMMIT PREPARED 'inherits'");
is($session->ask("SELECT rbac.has_scope('list:task')"), 'f', '... before it is committed');

is($session->fails("DELETE FROM rbac.user_roles"), '25006', 'a standby cannot be written');
if ($session->ask("SELECT to_regproc('rbac.create_user') IS NOT NULL") eq 't')
{
	is($session->fails("SELECT rbac.create_user('carol')"), '25006', '... nor administrated');
}

# A standby that is fed with commits all the time still comes to a decision,
# however many tables a decision has to read.
$primary->safe_psql('postgres', "INSERT INTO rbac.scopes (name) SELECT 's:' || n FROM generate_series(1, 300) AS n");
change("INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT '$alice', id, '$acme' FROM rbac.roles WHERE name = 'guest' ON CONFLICT DO NOTHING");
change('CREATE TABLE story.noise (n int)');
my $busy = RbacTest::Session->new($primary);
$busy->send("DO \$\$ BEGIN FOR i IN 1 .. 1000000 LOOP INSERT INTO story.noise VALUES (i); COMMIT; END LOOP; END \$\$");
$session->ask("SELECT rbac.set_identity('$alice', '$acme', array_agg(name), local => false) FROM rbac.scopes WHERE name ~ '^(s|list):'");
my $wrong = 0;
for (1 .. 200)
{
	my $answer = eval { $session->ask("SELECT rbac.has_scope('list:task'), cardinality(rbac.tenants_with_scope('list:task'))") };
	$wrong++ if !defined $answer || $answer ne 't|1';
	diag($@) if !defined $answer && $wrong == 1;
}
is($wrong, 0, 'a standby decides while commits are being replayed');
$primary->safe_psql('postgres', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'DO%'");
eval { $busy->receive };
$busy->quit;

# After promotion the same session goes on, and begins to share. One transaction
# was prepared before, and is committed after.
change("BEGIN; DELETE FROM rbac.user_roles WHERE user_id = '$bob'; PREPARE TRANSACTION 'bob'");
my $of_bob = "SELECT rbac.user_has_scope('$bob', 'edit:task', '$acme', 'c0000000-0000-0000-0000-000000000001')";
is($session->ask($of_bob), 't', 'bob edits before the promotion');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('write'));
$primary->stop;
$standby->promote;
is($session->ask("SELECT rbac.has_scope('list:task')"), 't', 'a session goes on after the promotion');
is($session->ask('SELECT mode, reason, in_recovery FROM rbac.status()'), 'local|prepared_transaction|f', '... knowing that something is prepared');
is($session->ask($of_bob), 't', '... which does not count');
$standby->safe_psql('postgres', "COMMIT PREPARED 'bob'");
is($session->ask($of_bob), 'f', '... until it is committed');
is($session->ask('SELECT mode FROM rbac.status()'), 'shared', '... and from then on sessions share');
is($session->ask("SELECT rbac.has_scope('list:task')"), 't', '... what they know');
$standby->safe_psql('postgres', "DELETE FROM rbac.user_roles WHERE user_id = '$alice'");
is($session->ask("SELECT rbac.has_scope('list:task')"), 'f', '... and see what the new primary commits');

$session->quit;
$standby->stop;
done_testing();
