# Answers after a restart, a crash, and a crash with a prepared transaction.
#
# It needs servers that stop, crash and start.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use RbacTest;
use Test::More;

my $node = new_node('restart', fsync => 'on', full_page_writes => 'on');
$node->start;
install_rbac($node);

my $alice = 'a0000000-0000-0000-0000-000000000001';
my $acme = 'b0000000-0000-0000-0000-000000000001';
my $before = $node->safe_psql('postgres', 'SELECT story.answers()');
like($before, qr/alice read:task acme,/, 'there is something to remember');

# An identity is of a session, so a restart leaves nobody.
my $session = RbacTest::Session->new($node);
$session->ask("SELECT rbac.set_identity('$alice', '$acme', local => false)");
is($session->ask("SELECT rbac.has_scope('read:task')"), 't', 'alice asks before the restart');
$node->restart;
$session->quit;
$session = RbacTest::Session->new($node);
is($session->ask('SELECT story.answers()'), $before, 'a restart changes no answer');
is($session->ask("SELECT rbac.current_user_id() IS NULL, rbac.has_scope('read:task')"), 't|f', 'nobody is asking after a restart');

# A crash with one transaction prepared, one committed and one open.
$session->ask(<<"SQL");
BEGIN;
DELETE FROM rbac.user_roles WHERE user_id = '$alice';
PREPARE TRANSACTION 'revoke';
SQL
$session->ask("UPDATE rbac.tenants SET name = 'Acme & Co' WHERE key = 'acme'");
my $open = RbacTest::Session->new($node);
$open->ask("BEGIN; UPDATE rbac.users SET is_active = false WHERE username = 'bob'; SELECT story.answers()");
$node->stop('immediate');
$session->quit;
$open->quit;
$node->start;

$session = RbacTest::Session->new($node);
my $watcher = RbacTest::Session->new($node);
is($session->ask('SELECT story.answers()'), $before,
	'after a crash, neither what was open nor what is prepared counts');
is($watcher->ask('SELECT story.answers()'), $before, '... in any session');
$session->ask("SELECT rbac.set_identity('$alice', '$acme', local => false)");
$session->ask('BEGIN');
is($session->ask("SELECT rbac.has_scope('read:task')"), 't', 'alice asks while her revoke is prepared');
$node->safe_psql('postgres', "COMMIT PREPARED 'revoke'");
is($session->ask("SELECT rbac.has_scope('read:task')"), 'f',
	'COMMIT PREPARED by another session after the crash is seen in an open transaction with a warm cache');
$session->ask('COMMIT');
unlike($watcher->ask('SELECT story.answers()'), qr/alice/, '... and by a session that only watches');

# The same, but rolled back.
my $now = $node->safe_psql('postgres', 'SELECT story.answers()');
$session->ask("BEGIN; TRUNCATE rbac.user_roles; PREPARE TRANSACTION 'truncate'");
$node->stop('immediate');
$_->quit for $session, $watcher;
$node->start;
$node->safe_psql('postgres', "ROLLBACK PREPARED 'truncate'");
is($node->safe_psql('postgres', 'SELECT story.answers()'), $now, 'a TRUNCATE that was prepared and rolled back leaves everything');

$node->stop;
done_testing();
