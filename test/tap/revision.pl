# Marks and barriers on a hot standby, which can be written by nobody, and after
# its promotion.
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
my $acme = 'b0000000-0000-0000-0000-000000000001';
my $editor = "(SELECT id FROM rbac.roles WHERE name = 'editor')";
my $reader = RbacTest::Session->new($standby);
my $other = RbacTest::Session->new($standby);
my $third = RbacTest::Session->new($standby);

sub mark
{
	my ($sql) = @_;
	return $primary->safe_psql('postgres', "BEGIN; $sql; SELECT rbac.revision(); COMMIT");
}

is($reader->fails('SELECT rbac.revision()'), '25006', 'a standby marks nothing');
eval { $reader->ask('SELECT rbac.revision()') };
like($@, qr/HINT:\s+Call rbac\.revision\(\) on the primary/, '... and says where to go');
my ($status, $out, $warning) = $primary->psql('postgres', 'SELECT rbac.create_publication()');
like($warning, qr/WARNING:\s+"?wal_level"? is insufficient/, 'a publication that nobody can subscribe to yet is made with a warning');

# Read your own writes, while replay is held back and then goes on.
for my $level ('READ COMMITTED', 'REPEATABLE READ')
{
	$reader->ask("BEGIN ISOLATION LEVEL $level");
	is($reader->ask("SELECT rbac.user_has_scope('$alice', 'edit:task', '$acme')"), 'f', "$level: not before it is granted");
	$standby->safe_psql('postgres', 'SELECT pg_wal_replay_pause()');
	ok($standby->poll_query_until('postgres', "SELECT pg_get_wal_replay_pause_state() = 'paused'"), "$level: replay is paused");
	my $revision = mark("INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES ('$alice', $editor, '$acme')");
	is($reader->ask("SELECT rbac.wait_for_revision($revision, '50 ms')"), 'f', "$level: a mark that is not replayed is not reached");
	$reader->send("SELECT rbac.wait_for_revision($revision, '3 min')");
	$standby->safe_psql('postgres', 'SELECT pg_wal_replay_resume()');
	is($reader->receive, 't', "$level: ... until it is replayed");
	is($reader->ask("SELECT rbac.user_has_scope('$alice', 'edit:task', '$acme')"), 't', "$level: then what was granted before it is there");
	$reader->ask('COMMIT');
	$revision = mark("DELETE FROM rbac.user_roles WHERE user_id = '$alice' AND role_id = $editor");
	is($reader->ask("SELECT rbac.wait_for_revision($revision, '3 min'), rbac.user_has_scope('$alice', 'edit:task', '$acme')"), 't|f', "$level: and a revoke");
}

# Waiting ends when it is cancelled, and leaves nothing behind.
my $pid = $reader->ask('SELECT pg_backend_pid()');
$reader->send("SELECT rbac.wait_for_revision(1000000, '10 min')");
ok($standby->poll_query_until('postgres', "SELECT wait_event = 'Extension' FROM pg_stat_activity WHERE pid = $pid"), 'who waits shows as waiting');
is($standby->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE pid = $pid AND locktype = 'relation'"), '0', '... without a lock on a table');
$standby->safe_psql('postgres', "SELECT pg_cancel_backend($pid)");
is(eval { $reader->receive } // $@ =~ s/.*ERROR:\s+(\w{5}).*/$1/sr, '57014', '... and can be cancelled');

# The barrier is about the standby's own sessions. Two who wait do not wait for
# each other: if they did, neither would see the other end before the time is over.
sub barrier_waits_for_others
{
	my ($where) = @_;
	my @pids = map { $_->ask('SELECT pg_backend_pid()') } $reader, $third;

	is($reader->ask("SELECT rbac.revoke_barrier('3 min')"), 't', "$where: nobody is acting");
	$other->ask('BEGIN');
	is($other->ask("SELECT rbac.user_has_scope('$alice', 'read:task', '$acme')"), 't', "$where: somebody asks and goes on");
	is($reader->ask("SELECT rbac.revoke_barrier('50 ms')"), 'f', "$where: ... and is waited for, though they have no snapshot at the moment");
	$reader->send("SELECT rbac.revoke_barrier('3 min')");
	ok($standby->poll_query_until('postgres', "SELECT wait_event = 'Extension' FROM pg_stat_activity WHERE pid = $pids[0]"), "$where: ... for as long as it takes");
	$other->ask('COMMIT');
	is($reader->receive, 't', "$where: ... until they are done");

	# both transactions are under way before either comes to the barrier
	$other->ask('SELECT pg_advisory_lock(1)');
	$_->send("SELECT rbac.revoke_barrier('20 s') FROM (SELECT pg_advisory_lock_shared(1) OFFSET 0) AS gate") for $reader, $third;
	ok( $standby->poll_query_until('postgres',
			"SELECT count(*) = 2 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid IN ($pids[0], $pids[1])"),
		"$where: two are about to wait");
	$other->ask('SELECT pg_advisory_unlock(1)');
	is($_->receive, 't', "$where: ... and do not wait for each other") for $reader, $third;
	$_->ask('SELECT pg_advisory_unlock_all()') for $reader, $third;
	is($standby->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'userlock'"), '0', "$where: ... and leave no lock behind");
	return;
}

barrier_waits_for_others('on a standby');

# After promotion: what was prepared on the primary is somebody acting here.
$primary->safe_psql('postgres', "BEGIN; INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES ('$alice', $editor, '$acme'); PREPARE TRANSACTION 'inherited'");
my $last = mark('SELECT');
is($reader->ask("SELECT rbac.wait_for_revision($last, '3 min'), rbac.revoke_barrier('0')"), 't|t', 'what the primary prepares is not the standby\'s');
$primary->wait_for_catchup($standby, 'replay', $primary->lsn('write'));
$primary->stop;
$standby->promote;
is($reader->ask("SELECT rbac.wait_for_revision($last, '0')"), 't', 'marks of before the promotion stay reached');
is($reader->ask("SELECT rbac.revoke_barrier('50 ms')"), 'f', 'what the old primary had prepared is waited for after the promotion');
$standby->safe_psql('postgres', "COMMIT PREPARED 'inherited'");
is($reader->ask("SELECT rbac.revoke_barrier('3 min')"), 't', '... until it is committed');
my $new = $reader->ask('SELECT rbac.revision()');
cmp_ok($new, '>', $last, 'the new primary marks, later than the old one did');
is($reader->ask("SELECT rbac.wait_for_revision($new, '0')"), 't', '... and reaches what it marks');

barrier_waits_for_others('after a promotion');

$_->quit for $reader, $other, $third;
$standby->stop;
done_testing();
