# What is done to the tables, their triggers, the extension and the session
# under a warm cache, by those who may: answers stay right.
#
# It needs a superuser who does things that no test beside it would survive.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use PostgreSQL::Test::Utils;
use RbacTest;
use Test::More;

my $node = new_node('upheaval');
$node->start;
install_rbac($node);

my $alice = 'a0000000-0000-0000-0000-000000000001';
my $acme = 'b0000000-0000-0000-0000-000000000001';
my ($warm, $hand) = map { RbacTest::Session->new($node) } 1 .. 2;
my $answers = $warm->ask('SELECT story.answers()');
my $revoke = "DELETE FROM rbac.user_roles WHERE user_id = '$alice'";
my $grant = "INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT '$alice', id, '$acme' FROM rbac.roles WHERE name = 'clerk'";
my $check = "SELECT rbac.user_has_scope('$alice', 'read:task', '$acme')";

sub loads { return $warm->ask('SELECT loads FROM rbac._cache_counters()') }

# How often the tables are read by ten checks of which the first is not counted.
sub loads_when_warm
{
	$warm->ask($check);
	my $before = loads();
	$warm->ask($check) for 1 .. 10;
	return loads() - $before;
}

is(loads_when_warm(), 0, 'a warm cache reads nothing');

# A role that fires no triggers but those that are ALWAYS.
$hand->ask('SET session_replication_role = replica');
$hand->ask($revoke);
is($warm->ask($check), 'f', 'session_replication_role = replica: a revoke is seen');
$hand->ask($grant);
is($warm->ask($check), 't', '... and a grant');
$hand->ask('RESET session_replication_role');

# Triggers switched off.
$hand->ask('ALTER TABLE rbac.user_roles DISABLE TRIGGER ALL');
is($warm->ask('SELECT rbac._caching_is_sound()'), 'f', 'DISABLE TRIGGER ALL is noticed');
is(loads_when_warm(), 10, '... and nothing is cached');
$hand->ask($revoke);
is($warm->ask($check), 'f', '... so a revoke is seen');
$hand->ask($grant);
is($warm->ask("SELECT rbac.user_has_scope('$alice', 'read:task', '$acme') AND cardinality(ARRAY(SELECT rbac.effective_scopes('$alice', '$acme'))) = 2"),
	't', '... and a grant, by other questions too');
$warm->ask("SELECT rbac.set_identity('$alice', '$acme', local => false)");
is($warm->ask("SELECT rbac.has_all_scopes(ARRAY['read:task', 'list:task']), rbac.has_scope('read:task', '$acme', 'c0000000-0000-0000-0000-000000000002'), rbac.tenants_with_scope('read:task')"),
	"t|t|{$acme}", '... and every question comes to its end');
$warm->ask('SELECT rbac.clear_identity()');
$hand->ask('ALTER TABLE rbac.user_roles ENABLE TRIGGER ALL');
is(loads_when_warm(), 10, 'ENABLE TRIGGER makes ordinary triggers: still nothing is cached');
is($hand->ask('SELECT rbac.repair()'), 't', 'repair() puts that right');
is(loads_when_warm(), 0, '... and answers are cached');
$hand->ask($revoke);
is($warm->ask($check), 'f', '... and a change is told');
$hand->ask($grant);

my @watched = split /\n/, $hand->ask("SELECT tgrelid::regclass FROM pg_trigger WHERE tgname = 'note_row' ORDER BY 1");
cmp_ok(@watched, '>=', 8, 'the triggers that note changes stand on ' . @watched . ' tables');
for my $table (@watched)
{
	$hand->ask("ALTER TABLE $table DISABLE TRIGGER note_row");
	is($warm->ask('SELECT rbac._caching_is_sound()'), 'f', "a trigger of $table that is off is noticed");
	$hand->ask("ALTER TABLE $table ENABLE ALWAYS TRIGGER note_row");
	is($warm->ask('SELECT rbac._caching_is_sound()'), 't', '... and that it is on');
}

# Repairing makes nobody wait, where a trigger is only off, and puts right what is
# something else under the same name.
$hand->ask("ALTER TABLE rbac.user_roles DISABLE TRIGGER note_row; BEGIN; SELECT rbac.repair()");
$warm->ask("SET statement_timeout = '10s'");
is($warm->ask($check), 't', 'a check does not wait for repair() to be committed');
$hand->ask('COMMIT');
$warm->ask('RESET statement_timeout');
is($warm->ask('SELECT rbac._caching_is_sound()'), 't', '... and caching is sound after it');
$hand->ask('DROP TRIGGER note_row ON rbac.user_roles; DROP TRIGGER note_end ON rbac.users');
$hand->ask("CREATE TRIGGER note_row AFTER INSERT ON rbac.user_roles FOR EACH ROW EXECUTE FUNCTION rbac._note_change('assignments', 'user', 'user_id')");
is($hand->ask('SELECT rbac.repair(), rbac._caching_is_sound(), rbac.repair()'), 't|t|f', 'repair() makes what is missing, and what is something else');
$hand->ask($revoke);
is($warm->ask($check), 'f', '... so that a revoke is seen');
$hand->ask($grant);

# Off and on again within one transaction, with a change that nobody noticed.
my $unnoticed = "ALTER TABLE rbac.user_roles DISABLE TRIGGER ALL; %s; ALTER TABLE rbac.user_roles ENABLE TRIGGER ALL; SELECT rbac.repair()";
is($warm->ask($check), 't', 'before a change behind our back');
$hand->ask('BEGIN');
$hand->ask(sprintf $unnoticed, $revoke);
is($hand->ask($check), 'f', 'a transaction that has switched triggers off and on sees its own change');
$hand->ask('SAVEPOINT s');
$hand->ask(sprintf $unnoticed, $grant);
is($hand->ask($check), 't', '... and the next in a savepoint');
$hand->ask('ROLLBACK TO s');
is($hand->ask($check), 'f', '... and that it was rolled back');
$hand->ask('COMMIT');
is($warm->ask($check), 'f', 'a session with a warm cache sees it');
$hand->ask($grant);
is($warm->ask($check), 't', '... and the next one');

# Somebody asks in the middle of a statement that writes: what is learned there,
# before the write shows, does not last beyond it.
$hand->ask(<<"SQL");
CREATE FUNCTION story.ask_in_between() RETURNS trigger LANGUAGE plpgsql STABLE AS \$\$
BEGIN
    PERFORM set_config('story.in_between', rbac.user_has_scope('$alice', 'read:task', '$acme')::text, false);
    RETURN NULL;
END \$\$;
CREATE TRIGGER zz_ask_in_between AFTER DELETE ON rbac.user_roles FOR EACH STATEMENT EXECUTE FUNCTION story.ask_in_between();
SQL
$hand->ask('BEGIN');
$hand->ask($revoke);
is($hand->ask("SELECT current_setting('story.in_between')"), 'true', 'a check within a statement does not see what that writes');
is($hand->ask($check), 'f', '... but the next statement does');
$hand->ask('ROLLBACK');
is($hand->ask($check), 't', '... until it is rolled back');
$hand->ask('DROP TRIGGER zz_ask_in_between ON rbac.user_roles; DROP FUNCTION story.ask_in_between()');

# Tables made anew.
for my $rewrite (
	'VACUUM FULL rbac.user_roles', 'CLUSTER rbac.user_roles USING user_roles_pkey',
	'REINDEX TABLE CONCURRENTLY rbac.user_roles', 'REINDEX INDEX CONCURRENTLY rbac.users_pkey',
	'REINDEX TABLE rbac.role_permissions', 'VACUUM (FREEZE) rbac.user_roles',
	'ALTER TABLE rbac.users ALTER COLUMN phone TYPE varchar(99)',
	'ALTER TABLE rbac.user_roles SET (fillfactor = 50)', 'ANALYZE rbac.user_roles')
{
	$warm->ask($check);
	$hand->ask($rewrite);
	is($warm->ask('SELECT story.answers()'), $answers, "$rewrite changes no answer");
	$hand->ask($revoke);
	is($warm->ask($check), 'f', '... and the next change is seen');
	$hand->ask($grant);
}

# The session's own.
$warm->ask("SELECT rbac.set_identity('$alice', '$acme', local => false)");
is($warm->ask("SELECT rbac.has_scope('read:task')"), 't', 'somebody is asking');
$warm->ask('DISCARD ALL');
is($warm->ask("SELECT rbac.current_user_id() IS NULL, rbac.has_scope('read:task')"), 't|f', 'nobody is after DISCARD ALL');
is($warm->ask('SELECT story.answers()'), $answers, 'DISCARD ALL changes no answer');

# Ended in the middle.
for my $n (1 .. 40)
{
	$warm->ask('SET statement_timeout = ' . (1 + $n % 5));
	eval { $warm->ask("SELECT rbac._forget(), story.answers() FROM generate_series(1, 20)") };
	# on a busy machine this, too, can take longer than it may
	1 until eval { $warm->ask('RESET statement_timeout'); 1 };
}
is($warm->ask('SELECT story.answers()'), $answers, 'checks that were cancelled leave nothing wrong behind');
my $victim = RbacTest::Session->new($node);
$victim->ask("BEGIN; $revoke");
$node->safe_psql('postgres', 'SELECT pg_terminate_backend(' . $victim->ask('SELECT pg_backend_pid()') . ', 5000)');
is($warm->ask('SELECT story.answers()'), $answers, 'a writer that was terminated has changed nothing');
$victim->quit;

# A set of roles larger than what a session keeps.
$hand->ask(<<"SQL");
INSERT INTO rbac.scopes (id, name) VALUES (131071, 'far:away');
INSERT INTO rbac.permissions (id, name) VALUES (5000, 'far away');
INSERT INTO rbac.permission_scopes VALUES (5000, 131071);
INSERT INTO rbac.roles (id, name) SELECT n, 'far ' || n FROM generate_series(5001, 6200) AS n;
INSERT INTO rbac.role_permissions SELECT n, 5000 FROM generate_series(5001, 6200) AS n;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT '$alice', n, '$acme' FROM generate_series(5001, 6200) AS n;
SQL
$warm->ask("SET statement_timeout = '30s'; SELECT rbac.set_identity('$alice', '$acme', local => false)");
is($warm->ask("SELECT rbac.has_scope('far:away'), rbac.tenants_with_scope('far:away'), rbac.has_all_scopes(ARRAY['far:away', 'read:task'])"),
	"t|{$acme}|t", 'a decision that needs more than the cache may hold comes to its end');
# what a decision has dropped is freed as the next one begins
$warm->ask("SELECT rbac.user_has_scope('a0000000-0000-0000-0000-000000000002', 'read:task', '$acme')") for 1 .. 2;
cmp_ok($warm->ask("SELECT sum(total_bytes) FROM pg_backend_memory_contexts WHERE name LIKE 'rbac %'"),
	'<', 2_000_000, '... and gives back what it took');
$hand->ask('DELETE FROM rbac.roles WHERE id BETWEEN 5001 AND 6200; DELETE FROM rbac.permissions WHERE id = 5000; DELETE FROM rbac.scopes WHERE id = 131071');
$warm->ask('RESET ALL; SELECT rbac.clear_identity()');

# The extension itself.
$warm->ask($check);
$hand->ask('BEGIN');
$hand->ask($revoke);
$hand->ask('DROP EXTENSION rbac CASCADE');
$hand->ask('ROLLBACK');
is($warm->ask('SELECT story.answers()'), $answers, 'DROP EXTENSION that was rolled back changes no answer');
is($hand->ask('SELECT story.answers()'), $answers, '... nor for whoever did');
$hand->ask("BEGIN; $revoke; DROP EXTENSION rbac CASCADE; COMMIT");
is($hand->ask("SELECT count(*) FROM pg_extension WHERE extname = 'rbac'"), '0',
	'a transaction that has written can drop the extension');
like($warm->fails($check), qr/^(42883|3F000)$/, 'there is nothing to ask any more');
$hand->ask('DROP SCHEMA IF EXISTS story CASCADE; DROP SCHEMA IF EXISTS rbac; CREATE EXTENSION rbac');
is($warm->fails($check), '42704', 'the extension is back, without what it knew');
$hand->ask(slurp_sql('story.sql'));
is($warm->ask('SELECT story.answers()'), $answers, '... and learns again');
$hand->ask($revoke);
is($warm->ask($check), 'f', '... and sees changes');
$hand->ask($grant);
$hand->ask("BEGIN; $revoke");
$hand->ask('DROP EXTENSION rbac CASCADE; DROP SCHEMA story CASCADE; DROP SCHEMA IF EXISTS rbac; CREATE EXTENSION rbac');
$hand->ask(slurp_sql('story.sql'));
$hand->ask('COMMIT');
is($warm->ask('SELECT story.answers()'), $answers, 'dropped and created in one transaction that had written');

# A library of one version with tables of another, which an upgrade has changed
# nothing about but the number.
my $version = $node->safe_psql('postgres', "SELECT extversion FROM pg_extension WHERE extname = 'rbac'");
chomp(my $scripts = `$ENV{PG_CONFIG} --sharedir` . '/extension');
$scripts =~ s/\n//g;
append_to_file("$scripts/rbac--$_.sql", "SELECT 1;\n") for "$version--0.0.1", "0.0.1--$version";
is($warm->ask($check), 't', 'before the extension gets another version');
my $identify = "SELECT rbac.set_identity('$alice', '$acme', local => false)";
$warm->ask($identify);
$hand->ask("ALTER EXTENSION rbac UPDATE TO '0.0.1'");
my $new = RbacTest::Session->new($node);
is(RbacTest::Session->new($node)->fails($identify), '55000', 'a library refuses the tables of another version: to set an identity, as others did before');
is($new->fails($check), '55000', '... to answer');
is($warm->fails($check), '55000', '... also where it has answered before');
is($_->fails($identify), '55000', '... or has set one') for $new, $warm;
is($new->fails("SELECT rbac.require_scope('read:task')"), '28000', '... and whoever is nobody is refused anyway');
is($new->ask('SELECT mode, reason, extension_version FROM rbac.status()'), 'refusing|version|0.0.1', '... and status() says so');
$hand->ask("ALTER EXTENSION rbac UPDATE TO '$version'");
is($new->ask($check), 't', '... and answers when they are of one version again');
is($warm->ask($check), 't', '... there too');
unlink "$scripts/rbac--$version--0.0.1.sql", "$scripts/rbac--0.0.1--$version.sql";

$_->quit for $warm, $hand, $new;
$node->stop;
done_testing();
