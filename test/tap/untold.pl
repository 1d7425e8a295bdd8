# Triggers that are switched off by one session are known to be off by all others
# from the moment that its commit is visible, although messages come a moment later.
#
# It needs sessions that act in the middle of another one's commit. With a library
# that tests have built (src/cache/testing.h), that one lingers there; else this
# merely happens at once.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use RbacTest;
use Test::More;
use Time::HiRes qw(usleep);

my $node = new_node('untold');
$node->start;
install_rbac($node);

my $alice = 'a0000000-0000-0000-0000-000000000001';
my $acme = 'b0000000-0000-0000-0000-000000000001';
my $check = "SELECT rbac.user_has_scope('$alice', 'read:task', '$acme')";
my $off = "SELECT tgenabled = 'D' FROM pg_trigger WHERE tgname = 'note_row' AND tgrelid = 'rbac.user_roles'::regclass";
my ($hand, $reader, $watcher) = map { RbacTest::Session->new($node) } 1 .. 3;

eval { $hand->ask('SET rbac.race_delay = 400000') } if $ENV{RBAC_MUTANT};
my $stale = 0;
for (1 .. 8)
{
	$reader->ask($check);
	$hand->send('ALTER TABLE rbac.user_roles DISABLE TRIGGER note_row');
	usleep(1000) until $watcher->ask($off) eq 't';
	# what is found out now must not outlive what comes unnoticed
	$reader->ask($check);
	$hand->receive;
	$hand->ask("DELETE FROM rbac.user_roles WHERE user_id = '$alice'");
	$stale++ if $reader->ask($check) ne 'f';
	$hand->ask("INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT '$alice', id, '$acme' FROM rbac.roles WHERE name = 'clerk'");
	$stale++ if $reader->ask($check) ne 't';
	$hand->ask('SELECT rbac.repair()');
}
is($stale, 0, 'what was found out while triggers were being switched off is not kept');

$_->quit for $hand, $reader, $watcher;
$node->stop;
done_testing();
