# What the cache that all sessions share knows, forgets, and leaves alone.
#
# It needs servers with settings of their own, commits that wait for a standby
# that never comes, and databases that come back under an old oid.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use RbacTest;
use Test::More;

my $node = new_node('shared', allows_streaming => 1);
$node->start;
install_rbac($node);

my $alice = 'a0000000-0000-0000-0000-000000000001';
my $bob = 'a0000000-0000-0000-0000-000000000002';
my $acme = 'b0000000-0000-0000-0000-000000000001';
my $bolt = 'b0000000-0000-0000-0000-000000000002';
my $field = 'c0000000-0000-0000-0000-000000000002';
my ($hand, $other) = map { RbacTest::Session->new($node) } 1 .. 2;

sub check
{
	my ($user, $scope, $tenant) = @_;
	return "SELECT rbac.user_has_scope('$user', '$scope', '$tenant')";
}

# A query's answer, and how often the tables were read for it.
sub loads
{
	my ($session, $query) = @_;
	my $counter = 'SELECT loads FROM rbac._cache_counters()';
	my $before = $session->ask($counter);
	my $answer = $session->ask($query);
	return "$answer after " . ($session->ask($counter) - $before);
}

# New sessions find what others have found out.
is($hand->ask('SELECT mode, reason IS NULL, triggers_sound, shared_memory, cache_size, prepared_pending FROM rbac.status()'),
	'shared|t|t|t|32|f', 'status() says that answers are shared');
is($hand->ask(check($alice, 'read:task', $acme)), 't', 'somebody finds out');
for my $protocol ('', 'BEGIN ISOLATION LEVEL SERIALIZABLE; ')
{
	my $new = RbacTest::Session->new($node);
	is(loads($new, $protocol . check($alice, 'read:task', $acme)), 't after 0', 'a new session knows');
	is(loads($new, check($alice, 'edit:task', $acme)), 'f after 0', '... and what is not held');
	is(loads($new, "SELECT rbac.set_identity('$alice', '$acme', local => false), rbac.has_scope('list:task'), rbac.has_all_scopes('{read:task,list:task}')"),
		'|t|t after 0', '... and all else about the same person');
	$new->quit;
}

# They also know whether the tables are as they must be, without a look.
my $looks = "SELECT sum(coalesce(seq_scan, 0) + coalesce(idx_scan, 0)) FROM pg_stat_xact_sys_tables WHERE relname IN ('pg_extension', 'pg_subscription_rel')";
for my $known (1, 0)
{
	my $new = RbacTest::Session->new($node);
	$hand->ask('SELECT rbac.cache_reset()') unless $known;
	my ($answer, $seen) = split /\n/, $new->ask("BEGIN; SELECT rbac.set_identity('$alice', '$acme'), rbac.has_scope('read:task'); $looks; COMMIT");
	is($answer, '|t', 'a new session says who is asking, and asks');
	is($seen > 0 ? 'looked' : 'did not look', $known ? 'did not look' : 'looked', '... and looks into the catalogs if nobody knows whether all is in place');
	$new->quit;
}

# What a change concerns is found out anew; all else stays known.
$hand->ask(<<"SQL");
INSERT INTO rbac.roles (id, tenant_id, name) VALUES (501, '$acme', 'acme clerk'), (502, '$bolt', 'bolt clerk'), (503, '$bolt', 'bolt chief');
INSERT INTO rbac.role_permissions SELECT r, p.id FROM unnest('{501,502}'::int[]) AS r, rbac.permissions AS p WHERE p.name = 'edit task';
INSERT INTO rbac.role_inherits VALUES (503, 502);
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES ('$bob', 501, '$acme'), ('$alice', 503, '$bolt');
INSERT INTO rbac.users (id, username) SELECT md5('u' || n)::uuid, 'u' || n FROM generate_series(1, 300) AS n;
SQL
my $asked = "SELECT string_agg(rbac.user_has_scope(u, s, t)::text, ' ' ORDER BY n) FROM (VALUES (1, '$alice'::uuid, 'read:task', '$acme'::uuid), (2, '$bob', 'edit:task', '$acme'), (3, '$alice', 'edit:task', '$bolt')) AS q (n, u, s, t)";

# what is done, the answers, and how many of the three are loaded again
for my $change (
	[ "UPDATE rbac.users SET phone = '1'", 'true true true', 0 ],
	[ "UPDATE rbac.tenants SET name = name || '!'", 'true true true', 0 ],
	[ "DELETE FROM rbac.user_roles WHERE user_id = '$bob' AND role_id = 501", 'true false true', 1 ],
	[ "INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES ('$bob', 501, '$acme')", 'true true true', 1 ],
	[ "SELECT count(rbac.grant_role(id, 'guest', '$acme')) FROM rbac.users WHERE username ~ '^u'", 'true true true', 0 ],
	[ 'DELETE FROM rbac.role_permissions WHERE role_id = 502', 'true true false', 1 ],
	[ "INSERT INTO rbac.role_permissions SELECT 502, id FROM rbac.permissions WHERE name = 'edit task'", 'true true true', 1 ],
	[ 'DELETE FROM rbac.role_inherits WHERE role_id = 503', 'true true false', 1 ],
	[ 'INSERT INTO rbac.role_inherits VALUES (503, 502)', 'true true true', 1 ],
	[ "UPDATE rbac.tenants SET is_active = false WHERE id = '$bolt'", 'true true false', 1 ],
	[ "UPDATE rbac.tenants SET is_active = true WHERE id = '$bolt'", 'true true true', 1 ],
	[ "INSERT INTO rbac.departments (tenant_id, name) VALUES ('$bolt', 'new')", 'true true true', 1 ],
	[ "UPDATE rbac.users SET is_active = false WHERE id = '$bob'", 'true false true', 1 ],
	[ "UPDATE rbac.users SET is_active = true WHERE id = '$bob'", 'true true true', 1 ],
	[ "DELETE FROM rbac.roles WHERE id = 502", 'true true false', 1 ],
	[ "INSERT INTO rbac.roles (id, tenant_id, name) VALUES (502, '$bolt', 'bolt clerk')", 'true true false', 1 ],
	[ "INSERT INTO rbac.role_permissions SELECT 503, id FROM rbac.permissions WHERE name = 'edit task'", 'true true true', 1 ],
	[ "BEGIN; DELETE FROM rbac.user_roles; ROLLBACK", 'true true true', 0 ],
	[ "BEGIN; SAVEPOINT s; DELETE FROM rbac.user_roles WHERE user_id = '$alice'; ROLLBACK TO s; COMMIT", 'true true true', 2 ],
	[ "INSERT INTO rbac.scopes (name) VALUES ('new:scope')", 'true true true', 3 ],
	[ "BEGIN; CREATE TEMP TABLE kept AS TABLE rbac.user_roles; TRUNCATE rbac.user_roles; INSERT INTO rbac.user_roles SELECT * FROM kept; DROP TABLE kept; COMMIT", 'true true true', 3 ],
	[ 'ALTER TABLE rbac.users ALTER COLUMN phone TYPE varchar(99)', 'true true true', 3 ],
	[ "COMMENT ON TABLE rbac.users IS 'x'", 'true true true', 0 ],
	# it makes a table of ours and drops it again
	[ 'VACUUM FULL rbac.user_roles', 'true true true', 3 ],
	[ 'REINDEX TABLE rbac.user_roles', 'true true true', 0 ],
	[ "UPDATE rbac.user_roles SET valid_until = now() + interval '1 hour' WHERE user_id = '$bob'", 'true true true', 1 ],
	[ "UPDATE rbac.user_roles SET valid_until = NULL WHERE user_id = '$bob'", 'true true true', 1 ])
{
	my ($sql, $answers, $loads) = @$change;

	$hand->ask($asked);
	$hand->ask($sql);
	is(loads($other, $asked), "$answers after $loads", $sql =~ s/^(.{70}).*/$1.../sr);
}

# DDL that changes values, with no row trigger to tell.
my $below = "SELECT rbac.user_has_scope('$bob', 'edit:task', '$acme', '$field')";
$hand->ask("DELETE FROM rbac.user_roles WHERE user_id = '$bob' AND department_id IS NULL");
is($other->ask($below), 't', 'bob edits in a department below his own');
$hand->ask('ALTER TABLE rbac.departments ALTER COLUMN parent_id TYPE uuid USING NULL');
is($other->ask($below), 'f', '... until ALTER TABLE has cut it off');
$hand->ask("UPDATE rbac.departments SET parent_id = 'c0000000-0000-0000-0000-000000000001' WHERE id = '$field'");
is($other->ask($below), 't', '... and it is put back');
$hand->ask("INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES ('$bob', 501, '$acme')");

# One that changes more than can be noted one by one.
$hand->ask("INSERT INTO rbac.users (id, username) SELECT md5('m' || n)::uuid, 'm' || n FROM generate_series(1, 3000) AS n");
is(loads($other, $asked), 'true true true after 3', 'who makes 3000 users makes all found out anew');
$hand->ask("UPDATE rbac.users SET is_active = false WHERE username ~ '^m' OR username = 'bob'");
is(loads($other, $asked), 'true false true after 3', '... and who suspends 3001');
$hand->ask("DELETE FROM rbac.users WHERE username ~ '^m'; UPDATE rbac.users SET is_active = true WHERE username = 'bob'");

# A commit that waits for a standby that never comes.
$node->append_conf('postgresql.conf', "synchronous_standby_names = 'nobody'");
$node->reload;
$hand->ask("SELECT pg_sleep(0.1)");
$other->ask($asked);
my $waiting = RbacTest::Session->new($node);
my $pid = $waiting->ask('SELECT pg_backend_pid()');
$waiting->send("DELETE FROM rbac.user_roles WHERE user_id = '$alice' AND tenant_id = '$bolt'");
$node->poll_query_until('postgres', "SELECT wait_event = 'SyncRep' FROM pg_stat_activity WHERE pid = $pid");
is(loads($other, check($bob, 'edit:task', $acme)), 't after 0', 'while a commit waits for a standby, others are known as before');
is(loads($other, check($alice, 'edit:task', $bolt)), 't after 1', '... whom it concerns is looked up, and holds what is still visible');
is(loads($other, check($alice, 'edit:task', $bolt)), 't after 1', '... in each statement');
is(loads($other, "SELECT bool_and(rbac.user_has_scope('$alice', s, '$bolt')) FROM unnest(ARRAY['edit:task', 'edit:task', 'edit:task']) AS s"),
	't after 1', '... once');
$node->safe_psql('postgres', "SELECT pg_terminate_backend($pid)");
is($node->poll_query_until('postgres', "SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $pid)"), 1, 'whoever waits is terminated');
$waiting->quit;
$node->append_conf('postgresql.conf', "synchronous_standby_names = ''");
$node->reload;
is($other->ask(check($alice, 'edit:task', $bolt)), 'f', '... after the commit: it is seen');
is(loads($other, check($alice, 'edit:task', $bolt)), 'f after 0', '... and nothing is left in flight');

# One that is terminated before it commits.
my $victim = RbacTest::Session->new($node);
$victim->ask("BEGIN; DELETE FROM rbac.user_roles WHERE user_id = '$bob'");
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(' . $victim->ask('SELECT pg_backend_pid()') . ', 5000)');
$victim->quit;
is(loads($other, check($bob, 'edit:task', $acme)), 't after 0', 'who is terminated before a commit leaves all known');

# Two-phase commit: uncached while it is pending, and right.
$other->ask($asked);
$hand->ask("BEGIN; DELETE FROM rbac.user_roles WHERE user_id = '$bob' AND role_id = 501; PREPARE TRANSACTION 'revoke'");
is($other->ask("SELECT mode, reason, prepared_pending FROM rbac.status()"), 'local|prepared_transaction|t', 'what is prepared shows in status()');
is($other->ask($asked), 'true true false', '... and does not count');
$hand->ask("COMMIT PREPARED 'revoke'");
my $new = RbacTest::Session->new($node);
is($new->ask($asked), 'true false false', 'COMMIT PREPARED is seen by a session that begins after it');
is($other->ask($asked), 'true false false', '... and by one that was there before');
$new->ask($asked);
is(loads($new, $asked), 'true false false after 0', '... which share what they know again');
is($new->ask('SELECT mode, prepared_pending FROM rbac.status()'), 'shared|f', '... as status() says');
$hand->ask("BEGIN; INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES ('$bob', 501, '$acme'); PREPARE TRANSACTION 'grant'; ROLLBACK PREPARED 'grant'");
is($new->ask($asked), 'true false false', 'ROLLBACK PREPARED leaves all as it was');
$hand->ask("BEGIN; CREATE TABLE story.nothing_of_ours (); PREPARE TRANSACTION 'foreign'");
is($new->ask('SELECT mode FROM rbac.status()'), 'shared', 'a prepared transaction that has nothing to do with us changes nothing');
$hand->ask("ROLLBACK PREPARED 'foreign'");

# The crash with a prepared transaction.
$hand->ask("BEGIN; INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES ('$bob', 501, '$acme'); PREPARE TRANSACTION 'grant'");
$node->stop('immediate');
$_->quit for $hand, $other, $new;
$node->start;
($hand, $other) = map { RbacTest::Session->new($node) } 1 .. 2;
is($other->ask($asked), 'true false false', 'after a crash what is prepared does not count');
is($other->ask('SELECT mode, reason FROM rbac.status()'), 'local|prepared_transaction', '... and is not forgotten');
$hand->ask("COMMIT PREPARED 'grant'");
is($other->ask($asked), 'true true false', '... but once it is committed');
is(loads($other, $asked), 'true true false after 0', '... and is shared from then on');

# A transaction that has written shares nothing, and takes nothing.
$hand->ask("BEGIN; DELETE FROM rbac.user_roles WHERE user_id = '$bob'");
is($hand->ask($asked), 'true false false', 'who has written sees it');
is($hand->ask('SELECT mode, reason FROM rbac.status()'), 'local|own_writes', '... by themselves');
is(loads($other, $asked), 'true true false after 0', '... and nobody else does');
$hand->ask('ROLLBACK');
is(loads($hand, $asked), 'true true false after 0', '... and all is as before, and known, after ROLLBACK');

# Departments are shared too.
$hand->ask("DELETE FROM rbac.user_roles WHERE user_id = '$bob' AND department_id IS NULL");
is($hand->ask($below), 't', 'somebody finds out about a department');
$new = RbacTest::Session->new($node);
is(loads($new, $below), 't after 0', 'a new session knows who holds what in a department');
$hand->ask("UPDATE rbac.departments SET parent_id = NULL WHERE id = '$field'");
is($new->ask($below), 'f', '... and that the department has moved');
$new->quit;

# Somebody with very many scopes.
$hand->ask(<<"SQL");
INSERT INTO rbac.scopes (id, name) SELECT n, 'many:' || n FROM generate_series(1000, 66535) AS n;
INSERT INTO rbac.permissions (id, name) VALUES (9000, 'many');
INSERT INTO rbac.permission_scopes SELECT 9000, n FROM generate_series(1000, 66535) AS n;
INSERT INTO rbac.roles (id, name) VALUES (9000, 'many');
INSERT INTO rbac.role_permissions VALUES (9000, 9000);
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT id, 9000, '$acme' FROM rbac.users WHERE username ~ '^u';
SQL
is($hand->ask("SELECT rbac.cache_warm('$acme')"), '302', 'cache_warm() says how many it has found out about');
$new = RbacTest::Session->new($node);
is(loads($new, "SELECT count(*) FROM rbac.users AS u WHERE rbac.user_has_scope(u.id, 'many:66000', '$acme')"), '300 after 0',
	'... with 65,536 scopes each, which a new session knows');
cmp_ok($new->ask('SELECT bytes FROM rbac.cache_stats()'), '<', 100_000, '... and which lie in one place');
my $named = "SELECT count(*) FROM rbac.scopes AS s WHERE s.id BETWEEN 1000 AND 2999 AND rbac.user_has_scope(md5('u1')::uuid, s.name, '$acme')";
my $hits = 'SELECT shared_hits FROM rbac.cache_stats()';
$hand->ask($named);
my $before = $new->ask($hits);
is($new->ask($named), '2000', '... and asks about by two thousand names');
is($new->ask($hits) - $before, 2000, '... all of which it knows');
is($new->fails("SELECT rbac.cache_warm('$alice')"), '42704', 'a tenant that does not exist cannot be warmed');
is($new->ask("SELECT rbac.cache_warm(NULL) IS NULL"), 't', '... nor NULL');

# Who asks about what is not there fills nobody's cache.
$new->ask(check($alice, 'read:task', $acme));
my $entries = $new->ask('SELECT entries FROM rbac.cache_stats()');
$new->ask("SELECT count(*) FROM generate_series(1, 500) WHERE rbac.user_has_scope('$alice', 'read:task', gen_random_uuid()) OR rbac.user_has_scope(gen_random_uuid(), 'read:task', '$acme') OR rbac.user_has_scope('$alice', 'read:task', '$acme', gen_random_uuid())");
is($new->ask('SELECT entries FROM rbac.cache_stats()'), $entries, 'made-up users, tenants and departments leave the shared cache alone');

# Counters, and starting anew.
is($new->ask('SELECT loads, shared_hits > 0 FROM rbac.cache_stats() WHERE loads > 0') =~ /\|t/ ? 1 : 0, 1, 'cache_stats() counts');
$hand->ask('SELECT rbac.cache_reset()');
is($new->ask("SELECT loads, call_site_hits, evictions, now() - since < '1 minute' FROM rbac.cache_stats()"), '0|0|0|t', '... until cache_reset()');
is(loads($new, check($alice, 'read:task', $acme)), 't after 1', '... which makes everybody find out anew');

# A database that comes back under the oid of another.
$node->safe_psql('postgres', 'CREATE DATABASE with_alice TEMPLATE template0');
install_rbac($node, 'old_one');
$node->safe_psql('postgres', 'CREATE DATABASE revoked TEMPLATE old_one');
$node->safe_psql('revoked', 'DELETE FROM rbac.user_roles');
my $oid = $node->safe_psql('postgres', "SELECT oid FROM pg_database WHERE datname = 'old_one'");
is($node->safe_psql('old_one', check($alice, 'read:task', $acme)), 't', 'a database has its own answers');
is($node->safe_psql('revoked', check($alice, 'read:task', $acme)), 'f', '... and a copy of it others, where relations have the same oids');
$node->safe_psql('postgres', 'DROP DATABASE old_one');
$node->safe_psql('postgres', "CREATE DATABASE new_one TEMPLATE revoked OID = $oid");
is($node->safe_psql('new_one', check($alice, 'read:task', $acme)), 'f', '... and so has one that comes after it, under its oid');
$_->quit for $hand, $other, $new;

# Settings.
sub start_with
{
	my ($setting) = @_;
	$node->stop;
	$node->append_conf('postgresql.conf', $setting);
	my $started = $node->start(fail_ok => 1);
	my ($last) = reverse grep { /rbac|FATAL/ } split /\n/, PostgreSQL::Test::Utils::slurp_file($node->logfile);
	return $started ? 'started' : $last;
}

is(start_with('rbac.cache_size = 1'), 'started', 'a cache of one megabyte');
$hand = RbacTest::Session->new($node);
$hand->ask("INSERT INTO rbac.users (id, username) SELECT md5('many' || n)::uuid, 'many' || n FROM generate_series(1, 20000) AS n");
$hand->ask("INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT u.id, r.id, '$acme' FROM rbac.users AS u, rbac.roles AS r WHERE u.username ~ '^many' AND r.name = 'guest'");
my $everybody = "SELECT count(*) FROM rbac.users AS u WHERE rbac.user_has_scope(u.id, 'list:task', '$acme')";
my $holders = $hand->ask("SELECT count(DISTINCT user_id) FROM rbac.user_roles WHERE tenant_id = '$acme' AND role_id IN (SELECT id FROM rbac.roles WHERE name IN ('guest', 'clerk'))");
is($hand->ask($everybody), $holders, '... that is too small gives right answers');
is($hand->ask($everybody), $holders, '... again and again');
is($hand->ask("SELECT evictions > 0, entries <= capacity, bytes <= size, size FROM rbac.cache_stats()"), 't|t|t|1048576', '... and lets go of some');
$hand->quit;

is(start_with('rbac.cache_size = 0'), 'started', 'no shared cache');
$hand = RbacTest::Session->new($node);
is($hand->ask('SELECT mode, reason, shared_memory, cache_size FROM rbac.status()'), 'local|no_shared_memory|f|0', '... status() says so');
is($hand->ask($everybody), $holders, '... and answers are the same');
cmp_ok($hand->ask("SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name LIKE 'rbac %'"), '<', 20_000_000,
	'... in memory that is bounded');
$hand->quit;
# PostgreSQL warns of a value that a library's setting cannot have, and starts
# with the default.
for my $bad (
	[ '70000MB', qr/70000 MB is outside the valid range for parameter "rbac.cache_size"/, 'too large' ],
	[ '-1', qr/-1 MB is outside the valid range for parameter "rbac.cache_size"/, 'negative' ],
	[ 'plenty', qr/invalid value for parameter "rbac.cache_size": "plenty"/, 'no number' ])
{
	my ($value, $warning, $what) = @$bad;
	my $before = -s $node->logfile;
	is(start_with("rbac.cache_size = '$value'"), 'started', "a cache size that is $what");
	like(substr(PostgreSQL::Test::Utils::slurp_file($node->logfile), $before), $warning, '... is warned of in the log');
	is($node->safe_psql('postgres', 'SELECT cache_size FROM rbac.status()'), '32', '... and the default counts');
}
is(start_with('rbac.cache_size = 8'), 'started', 'another size');
my ($ret, $out, $err) = $node->psql('postgres', 'SET rbac.cache_size = 9');
like($err, qr/parameter "rbac.cache_size" cannot be changed without restarting the server/, 'it cannot be changed while the server runs');
is($node->safe_psql('postgres', 'SHOW rbac.cache_size'), '8MB', '... only shown');

is(start_with("shared_preload_libraries = ''"), 'started', 'the setting without preloading');
($ret, $out, $err) = $node->psql('postgres', check($alice, 'read:task', $acme) . "; SHOW rbac.cache_size; SELECT mode, reason, cache_size FROM rbac.status()");
is("$out$err", "t\n8MB\nlocal|no_shared_memory|0", '... does no harm, in silence');
($ret, $out, $err) = $node->psql('postgres', "SELECT rbac.current_user_id(); SET rbac.cache_size = 9");
like($err, qr/parameter "rbac.cache_size" cannot be changed now/, '... and cannot be set by a session');

$node->stop;
done_testing();
