# What is read from shared memory while it is being overwritten is not used.
#
# It needs a server whose cache is so small that sets of scopes push each other out
# all the time. With a library that tests have built (src/cache/testing.h), readers
# linger in the middle, by RBAC_RACE_DELAY; else they are merely quick.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use RbacTest;
use Test::More;

my $seconds = $ENV{RBAC_RACE_SECONDS} || 2;
my $node = new_node('overwritten', 'rbac.cache_size' => '1MB');
$node->start;
install_rbac($node);

# Eighty roles of a thousand scopes, no two of which are the same: more than the
# ring holds. User n has role n, scope even:n and not odd:n.
my $acme = 'b0000000-0000-0000-0000-000000000001';
$node->safe_psql('postgres', <<"SQL");
INSERT INTO rbac.scopes (id, name) SELECT 1000 + n, CASE n % 2 WHEN 0 THEN 'even:' ELSE 'odd:' END || n / 2 FROM generate_series(0, 19999) AS n;
INSERT INTO rbac.permissions (id, name) SELECT 1000 + n, 'p ' || n FROM generate_series(0, 79) AS n;
INSERT INTO rbac.permission_scopes
SELECT DISTINCT 1000 + n, 1000 + 2 * ((n + i * (10 + n)) % 10000) FROM generate_series(0, 79) AS n, generate_series(0, 999) AS i;
INSERT INTO rbac.roles (id, name) SELECT 1000 + n, 'r ' || n FROM generate_series(0, 79) AS n;
INSERT INTO rbac.role_permissions SELECT 1000 + n, 1000 + n FROM generate_series(0, 79) AS n;
INSERT INTO rbac.users (id, username) SELECT md5('u' || n)::uuid, 'u' || n FROM generate_series(0, 79) AS n;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) SELECT md5('u' || n)::uuid, 1000 + n, '$acme' FROM generate_series(0, 79) AS n;
CREATE PROCEDURE story.ask(seconds float, first int, last int, INOUT asked int DEFAULT 0, INOUT wrong int DEFAULT 0) LANGUAGE plpgsql AS \$\$
DECLARE
    u int := first;
BEGIN
    WHILE clock_timestamp() < statement_timestamp() + seconds * interval '1 second' LOOP
        IF NOT rbac.user_has_scope(md5('u' || u)::uuid, 'even:' || u, '$acme') THEN wrong := wrong + 1; END IF;
        IF rbac.user_has_scope(md5('u' || u)::uuid, 'odd:' || u, '$acme') THEN wrong := wrong + 1; END IF;
        IF (SELECT count(*) FROM rbac.effective_scopes(md5('u' || u)::uuid, '$acme') AS s WHERE s LIKE 'odd:%') > 0 THEN wrong := wrong + 1; END IF;
        PERFORM rbac._forget();
        asked := asked + 3;
        u := CASE WHEN u = last THEN first ELSE u + 1 END;
    END LOOP;
END \$\$;
SQL
my @sessions = map { RbacTest::Session->new($node) } 1 .. 4;
$sessions[0]->send("CALL story.ask($seconds, 0, 3)");
$sessions[1]->send("CALL story.ask($seconds, 2, 5)");
$sessions[2]->send("CALL story.ask($seconds, 0, 79)");
$sessions[3]->send("CALL story.ask($seconds, 10, 79)");
for my $session (@sessions)
{
	my ($asked, $wrong) = split /\|/, $session->receive;
	cmp_ok($asked, '>', 20, "questions were asked ($asked)");
	is($wrong, 0, '... and every answer was right');
}
cmp_ok($node->safe_psql('postgres', 'SELECT loads - shared_hits / 1000 FROM rbac.cache_stats()'), '>', 50, 'sets pushed each other out');

# Whoever remembers what is gone takes what another has put in its place.
my ($one, $other) = @sessions;
my $first = "SELECT rbac.user_has_scope(md5('u0')::uuid, 'even:0', '$acme')";
is($one->ask($first), 't', 'one is asked about');
$other->ask('CALL story.ask(1, 1, 79)');
is($other->ask($first), 't', 'pushed out by the others, and told again');
my $hits = 'SELECT shared_hits FROM rbac.cache_stats()';
my $before = $one->ask($hits);
$one->ask($first) for 1 .. 10;
cmp_ok($one->ask($hits) - $before, '>=', 9, '... which who knew it before takes from there');
$_->quit for @sessions;
$node->stop;
done_testing();
