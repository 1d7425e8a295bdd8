# Checks while others commit: never older than what their own statement sees,
# never a mixture of two states, and always an answer.
#
# A commit is visible a moment before its message is on the way (src/cache/
# signal.c); a session with a warm cache that takes a snapshot in that moment
# must not answer from before. Only many sessions at once come into the gap.
#
# RBAC_RACE_SECONDS makes it longer.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use RbacTest;
use Test::More;

my $seconds = $ENV{RBAC_RACE_SECONDS} // 3;
my $node = new_node('races', autovacuum => 'off', fsync => 'off');
$node->start;
install_rbac($node);

my $bob = 'a0000000-0000-0000-0000-000000000002';
my $acme = 'b0000000-0000-0000-0000-000000000001';

# Role n carries scope "turn:n". Whoever's turn it is stands in story.turn.
$node->safe_psql('postgres', <<"SQL");
DELETE FROM rbac.user_roles WHERE user_id = '$bob';
INSERT INTO rbac.scopes (id, name) SELECT 1000 + n, 'turn:' || n FROM generate_series(0, 9) AS n;
INSERT INTO rbac.permissions (id, name) SELECT 1000 + n, 'turn ' || n FROM generate_series(0, 9) AS n;
INSERT INTO rbac.permission_scopes SELECT 1000 + n, 1000 + n FROM generate_series(0, 9) AS n;
INSERT INTO rbac.roles (id, name) SELECT 1000 + n, 'turn ' || n FROM generate_series(0, 9) AS n;
INSERT INTO rbac.role_permissions SELECT 1000 + n, 1000 + n FROM generate_series(0, 9) AS n;
INSERT INTO rbac.user_roles (user_id, role_id, tenant_id) VALUES ('$bob', 1000, '$acme');
CREATE TABLE story.turn AS SELECT 0 AS n;
CREATE TABLE story.noise (n int);

-- One transaction after another gives the only role of bob's to the next. A
-- temporary table of many columns makes for many messages that go out before
-- ours: there are fewer changes then, but the gap is wide.
CREATE PROCEDURE story.take_turns(seconds float, columns int) LANGUAGE plpgsql AS \$\$
DECLARE
    wide text := (SELECT format('CREATE TEMP TABLE wide (%s) ON COMMIT DROP', string_agg('c' || n || ' int', ', ')) FROM generate_series(1, columns) AS n);
BEGIN
    WHILE clock_timestamp() < statement_timestamp() + seconds * interval '1 second' LOOP
        UPDATE rbac.user_roles AS a SET role_id = 1000 + (a.role_id - 999) % 10 WHERE a.user_id = '$bob';
        UPDATE story.turn AS t SET n = t.n + 1;
        IF columns > 0 THEN
            EXECUTE wide;
        END IF;
        COMMIT;
    END LOOP;
END \$\$;

-- What a statement sees of story.turn, it must see of the roles at least. By
-- then others may have had their turn: then it has moved on.
CREATE PROCEDURE story.watch_turns(seconds float, INOUT checks int DEFAULT 0, INOUT stale int DEFAULT 0) LANGUAGE plpgsql AS \$\$
DECLARE
    seen int;
    may boolean;
    now_it_is int;
BEGIN
    WHILE clock_timestamp() < statement_timestamp() + seconds * interval '1 second' LOOP
        SELECT t.n, rbac.user_has_scope('$bob', 'turn:' || t.n % 10, '$acme') INTO seen, may FROM story.turn AS t;
        SELECT t.n INTO now_it_is FROM story.turn AS t;
        IF NOT may AND now_it_is = seen THEN
            stale := stale + 1;
        END IF;
        checks := checks + 1;
    END LOOP;
END \$\$;

-- Exactly one of the ten is held at any moment.
CREATE PROCEDURE story.watch_mixtures(seconds float, INOUT checks int DEFAULT 0, INOUT mixed int DEFAULT 0) LANGUAGE plpgsql AS \$\$
DECLARE
    every text[] := ARRAY(SELECT 'turn:' || n FROM generate_series(0, 9) AS n);
BEGIN
    WHILE clock_timestamp() < statement_timestamp() + seconds * interval '1 second' LOOP
        IF NOT rbac.has_any_scope(every) THEN mixed := mixed + 1; END IF;
        IF rbac.has_all_scopes(every[1:2]) THEN mixed := mixed + 1; END IF;
        IF (SELECT count(*) FROM rbac.effective_scopes() AS e WHERE e LIKE 'turn:%') <> 1 THEN mixed := mixed + 1; END IF;
        checks := checks + 3;
    END LOOP;
END \$\$;

CREATE PROCEDURE story.make_noise(seconds float) LANGUAGE plpgsql AS \$\$
BEGIN
    WHILE clock_timestamp() < statement_timestamp() + seconds * interval '1 second' LOOP
        INSERT INTO story.noise VALUES (1);
        COMMIT;
    END LOOP;
END \$\$;
SQL

my ($writer, $one, $two, $mixtures) = map { RbacTest::Session->new($node) } 1 .. 4;
$mixtures->ask("SELECT rbac.set_identity('$bob', '$acme', local => false)");
for my $columns (0, 1500)
{
	my $gap = $columns ? 'wide gap' : 'narrow gap';
	my $before = $node->safe_psql('postgres', 'SELECT n FROM story.turn');

	$writer->send("CALL story.take_turns($seconds, $columns)");
	$_->send("CALL story.watch_turns($seconds)") for $one, $two;
	$mixtures->send("CALL story.watch_mixtures($seconds)");
	$writer->receive;
	my $turns = $node->safe_psql('postgres', 'SELECT n FROM story.turn') - $before;
	cmp_ok($turns, '>', $columns ? 3 : 50, "$gap: there were changes ($turns)");
	for my $reader ($one, $two)
	{
		my ($checks, $stale) = split /\|/, $reader->receive;
		cmp_ok($checks, '>', 100, "$gap: there were checks ($checks)");
		is($stale, 0, "$gap: no check was older than its statement");
	}
	my ($checks, $mixed) = split /\|/, $mixtures->receive;
	cmp_ok($checks, '>', 100, "$gap: there were checks of many scopes ($checks)");
	is($mixed, 0, "$gap: none mixed two states");
}

# A prepared transaction that has written holds the committing lock for as long
# as it lasts, so nothing can be kept from one snapshot to the next. A decision
# still comes to its end, however much it reads, while others commit.
$node->safe_psql('postgres', "INSERT INTO rbac.scopes (name) SELECT 's:' || n FROM generate_series(1, 300) AS n");
$node->safe_psql('postgres', "BEGIN; DELETE FROM rbac.user_roles; PREPARE TRANSACTION 'pending'");
$mixtures->ask("SELECT rbac.set_identity('$bob', '$acme', array_agg(name), local => false) FROM rbac.scopes WHERE id >= 100");
$_->send("CALL story.make_noise($seconds)") for $writer, $one, $two;
my ($wrong, $asked) = (0, 0);
my $until = time + $seconds;
while (time < $until)
{
	my $answer = eval { $mixtures->ask("SELECT count(*) FROM unnest(ARRAY(SELECT 'turn:' || n FROM generate_series(0, 9) AS n)) AS s WHERE rbac.has_scope(s) AND rbac.tenants_with_scope(s) = '{$acme}'") } // $@;
	diag($answer) if $answer ne '1' && !$wrong++;
	$asked++;
}
is($wrong, 0, "each decision came to its end while something was prepared and others committed ($asked)");
$_->receive for $writer, $one, $two;
$node->safe_psql('postgres', "ROLLBACK PREPARED 'pending'");

$_->quit for $writer, $one, $two, $mixtures;
$node->stop;
done_testing();
