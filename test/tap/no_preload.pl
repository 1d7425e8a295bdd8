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
$node->stop;
done_testing();
