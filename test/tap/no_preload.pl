# Without preloading: the library comes into each session with its first call,
# which must be as safe and as right.
#
# It needs a server that does not preload the library.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use RbacTest;
use Test::More;

my $node = new_node('no_preload', shared_preload_libraries => '');
$node->start;
install_rbac($node);

my $alice = 'a0000000-0000-0000-0000-000000000001';
my $bob = 'a0000000-0000-0000-0000-000000000002';
my $acme = 'b0000000-0000-0000-0000-000000000001';
my $forged = "user=$alice;tenant=$acme";

# Whoever sets the name before the library is there, sets a placeholder.
$node->safe_psql('postgres', <<"SQL");
CREATE ROLE tap_mallory LOGIN;
GRANT USAGE ON SCHEMA rbac TO tap_mallory;
CREATE ROLE tap_set LOGIN IN ROLE tap_mallory;
ALTER ROLE tap_set SET rbac.identity = '$forged';
SQL
for my $way (
	[ 'SET', "SET rbac.identity = '$forged'", {} ],
	[ 'SET LOCAL', "BEGIN; SET LOCAL rbac.identity = '$forged'", {} ],
	[ 'set_config', "SELECT set_config('rbac.identity', '$forged', false)", {} ],
	[ 'connection options', 'SELECT 1', { PGOPTIONS => "-c rbac.identity=$forged" } ],
	[ 'ALTER ROLE', 'SELECT 1', { PGUSER => 'tap_set' } ])
{
	my ($name, $sql, $env) = @$way;
	local %ENV = (%ENV, PGUSER => 'tap_mallory', %$env);
	my $session = RbacTest::Session->new($node);

	$session->ask($sql);
	is($session->ask("SELECT rbac.current_user_id() IS NULL, rbac.has_scope('read:task')"), 't|f',
		"a placeholder that was set by $name makes nobody of nobody");
	is($session->fails("SET rbac.identity = '$forged'"), '42501', '... nor after the library has come');
	$session->quit;
}

# Nor can they name, as long as nobody looks, the setting that says who is asking.
for my $way (
	[ 'SET', "SET rbac.user_setting = 'app.user_id'", {} ],
	[ 'SET LOCAL', "BEGIN; SET LOCAL rbac.user_setting = 'app.user_id'", {} ],
	[ 'set_config', "SELECT set_config('rbac.user_setting', 'app.user_id', false)", {} ],
	[ 'connection options', 'SELECT 1', { PGOPTIONS => '-c rbac.user_setting=app.user_id' } ])
{
	my ($name, $sql, $env) = @$way;
	local %ENV = (%ENV, PGUSER => 'tap_mallory', %$env);
	my $session = RbacTest::Session->new($node);

	$session->ask($sql);
	$session->ask("SELECT set_config('app.user_id', '$alice', false)");
	is($session->ask("SELECT rbac.current_user_id() IS NULL, rbac.has_scope('read:task')"), 't|f',
		"a setting that was named by $name does not say who is asking");
	$session->quit;
}
$node->safe_psql('postgres', "ALTER ROLE tap_set RESET ALL; ALTER ROLE tap_set SET rbac.user_setting = 'app.user_id'");
{
	local %ENV = (%ENV, PGUSER => 'tap_set');
	my $session = RbacTest::Session->new($node);

	$session->ask("SELECT set_config('app.user_id', '$alice', false)");
	is($session->ask('SELECT rbac.current_user_id()'), $alice, '... one that the DBA has named does');
	$session->quit;
}

# The story as told elsewhere, in sessions where the library comes late.
my ($one, $two) = map { RbacTest::Session->new($node) } 1 .. 2;
$one->ask('BEGIN');
is($one->ask("SELECT rbac.set_identity('$alice', '$acme'), rbac.current_user_id()"), "|$alice",
	'the first call is that which says who is asking');
is($one->ask("SELECT rbac.has_scope('read:task'), rbac.has_scope('edit:task')"), 't|f', 'alice may read and not edit');
is($two->ask('SELECT story.answers()'), $one->ask('SELECT story.answers()'), 'sessions agree');
$two->ask("INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT '$alice', id, '$acme' FROM rbac.roles WHERE name = 'editor'");
is($one->ask("SELECT rbac.has_scope('edit:task')"), 't', 'a grant is seen in an open transaction');

# The library comes into a session with the very write that others must learn.
my $late = RbacTest::Session->new($node);
$late->ask("DELETE FROM rbac.user_roles WHERE user_id = '$alice' AND role_id = (SELECT id FROM rbac.roles WHERE name = 'editor')");
is($one->ask("SELECT rbac.has_scope('edit:task')"), 'f', 'a revoke by a session that had never called us is seen');
$late->quit;
$late = RbacTest::Session->new($node);
$late->ask("BEGIN; UPDATE rbac.users SET is_active = false WHERE id = '$alice'; PREPARE TRANSACTION 'late'");
is($one->ask("SELECT rbac.has_scope('read:task')"), 't', 'what is prepared does not count');
$late->quit;
$late = RbacTest::Session->new($node);
$late->ask("COMMIT PREPARED 'late'");
is($one->ask("SELECT rbac.has_scope('read:task')"), 'f',
	'COMMIT PREPARED by a session without the library is seen');
$late->quit;
$late = RbacTest::Session->new($node);
$late->ask('TRUNCATE rbac.user_roles');
is($two->ask('SELECT story.answers()'), 'nobody holds anything', 'a TRUNCATE as first call is seen');
$one->ask('COMMIT');
is($one->ask('SELECT rbac.current_user_id() IS NULL'), 't', 'the identity ends with its transaction');

# An aborted transaction takes the identity along, though the library stays.
$late->quit;
$late = RbacTest::Session->new($node);
$late->ask('BEGIN');
$late->ask("SELECT rbac.set_identity('$bob', local => false)");
is($late->fails('SELECT 1 / 0'), '22012', 'an error after the library has come');
$late->ask('ROLLBACK');
is($late->ask('SELECT rbac.current_user_id() IS NULL'), 't', 'ROLLBACK undoes the identity, also the first');

$_->quit for $one, $two, $late;

# Databases of one cluster: some whose sessions begin with the library, and with
# settings that it takes from the server alone; some without the extension.
install_rbac($node, 'eager');
$node->safe_psql('postgres', "CREATE DATABASE bare; ALTER DATABASE eager SET session_preload_libraries = 'rbac'; ALTER DATABASE eager SET rbac.cache_size = 64");
my ($eager, $lazy) = (RbacTest::Session->new($node, 'eager'), RbacTest::Session->new($node, 'eager'));
$lazy->ask('RESET ALL');
is($eager->ask('SELECT mode, reason, shared_memory, cache_size FROM rbac.status()'), 'local|no_shared_memory|f|0', 'a database that loads the library in each session shares nothing, whatever it sets');
is($eager->ask("SELECT rbac.user_has_scope('$alice', 'read:task', '$acme')"), 't', '... answers');
is($node->safe_psql('postgres', "SELECT rbac.user_has_scope('$alice', 'read:task', '$acme')"), 'f', '... for itself');
$lazy->ask("UPDATE rbac.users SET is_active = false WHERE id = '$alice'");
is($eager->ask("SELECT rbac.user_has_scope('$alice', 'read:task', '$acme')"), 'f', '... and is never stale');
is($eager->fails('SET rbac.cache_size = 1'), '55P02', '... and its sessions cannot set the size of a cache either');
$_->quit for $eager, $lazy;
my $bare = RbacTest::Session->new($node, 'bare');
is($bare->ask("LOAD 'rbac'; SELECT 1"), '1', 'a database without the extension takes no harm from the library');
is($bare->fails("SELECT rbac.user_has_scope('$alice', 'read:task', '$acme')"), '3F000', '... and has no functions of ours');
$bare->quit;

# The server begins to preload, for all of them, as doctor says.
my $doctor = "FROM rbac.doctor() WHERE check_name = 'library_not_preloaded'";
is($node->safe_psql('postgres', "SELECT level, remedy $doctor"),
	"warning|ALTER SYSTEM SET shared_preload_libraries = 'rbac'; -- then restart the server", 'doctor says that the library is not preloaded');
$node->safe_psql('postgres', 'CREATE ROLE tap_watch LOGIN; GRANT EXECUTE ON FUNCTION rbac.doctor() TO tap_watch');
like($node->safe_psql('postgres', "SET ROLE tap_watch; SELECT remedy $doctor"), qr/keep them$/, '... and, to who may not see what is preloaded, that others may be');
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'plpgsql, \"pgoutput\"'");
$node->restart;
my $remedy = $node->safe_psql('postgres', "SELECT remedy $doctor");
is($remedy, "ALTER SYSTEM SET shared_preload_libraries = 'plpgsql', 'pgoutput', 'rbac'; -- then restart the server", '... and keeps what is preloaded already');
is($node->safe_psql('eager', "SELECT count(*) $doctor"), '1', '... also where each session begins with it');
$node->safe_psql('postgres', $remedy);
$node->restart;
is($node->safe_psql('postgres', "SELECT count(*) $doctor"), '0', '... and has nothing to say once that is done');
$eager = RbacTest::Session->new($node, 'eager');
is($eager->ask('SELECT mode, cache_size FROM rbac.status()'), 'shared|32', 'once the server preloads the library, all share');
is($eager->ask("SELECT rbac.user_has_scope('$alice', 'read:task', '$acme')"), 'f', '... and the answers are the same');
$eager->quit;
is($node->safe_psql('bare', 'CREATE TABLE t (); DROP TABLE t; SELECT 1'), '1', '... and those without the extension go on');
$node->stop;
done_testing();
