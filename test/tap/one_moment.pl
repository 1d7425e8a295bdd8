# A decision is of one moment also where nobody tells of changes; and a statement
# that takes very many decisions, while others commit, stays bounded.
#
# It needs a session that writes all the time, with triggers switched off and on.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use RbacTest;
use Test::More;

my $node = new_node('moment');
$node->start;
install_rbac($node);
$node->safe_psql('postgres', q{
	CREATE FUNCTION id(name text) RETURNS uuid LANGUAGE sql IMMUTABLE RETURN md5(name)::uuid;
	INSERT INTO rbac.tenants (id, key, name) VALUES (id('t'), 'moment', 'Moment');
	INSERT INTO rbac.users (id, username) SELECT id('u' || n), 'moment_' || n FROM generate_series(0, 2000) AS n;
	SELECT rbac.create_scope('moment:x');
	SELECT rbac.create_permission('moment', scopes => '{moment:x}');
	SELECT rbac.create_role('moment', permissions => '{moment}');
	INSERT INTO rbac.departments (id, tenant_id, parent_id, name) VALUES
		(id('p1'), id('t'), NULL, 'p1'), (id('p2'), id('t'), NULL, 'p2'), (id('d'), id('t'), id('p2'), 'd');
	SELECT rbac.grant_role(id('u0'), 'moment', id('t'), id('p1'));
	SELECT rbac.grant_role(id('u' || n), 'moment', id('t')) FROM generate_series(1, 2000) AS n;
	CREATE TABLE other (n integer);
	-- the role is in one department and the lowest department below the other, always
	CREATE PROCEDURE flip(seconds float) LANGUAGE plpgsql AS $$
	DECLARE ending timestamptz := clock_timestamp() + seconds * interval '1 second';
	BEGIN
		WHILE clock_timestamp() < ending LOOP
			UPDATE rbac.user_roles SET department_id = CASE department_id WHEN id('p1') THEN id('p2') ELSE id('p1') END WHERE user_id = id('u0');
			UPDATE rbac.departments SET parent_id = CASE parent_id WHEN id('p1') THEN id('p2') ELSE id('p1') END WHERE id = id('d');
			COMMIT;
		END LOOP;
	END $$;
	CREATE PROCEDURE fill(seconds float) LANGUAGE plpgsql AS $$
	DECLARE ending timestamptz := clock_timestamp() + seconds * interval '1 second';
	BEGIN
		WHILE clock_timestamp() < ending LOOP
			INSERT INTO other VALUES (1);
			COMMIT;
		END LOOP;
	END $$;
	CREATE FUNCTION held_by_mistake(seconds float) RETURNS text LANGUAGE plpgsql AS $$
	DECLARE ending timestamptz := clock_timestamp() + seconds * interval '1 second'; checks integer := 0; wrong integer := 0;
	BEGIN
		WHILE clock_timestamp() < ending LOOP
			checks := checks + 1;
			IF rbac.user_has_scope(id('u0'), 'moment:x', id('t'), id('d')) THEN wrong := wrong + 1; END IF;
		END LOOP;
		RETURN wrong || CASE WHEN checks > 100 THEN ' of many' ELSE ' of ' || checks END;
	END $$;
});
my ($writer, $asker) = map { RbacTest::Session->new($node) } 1 .. 2;

for my $state ('ENABLE ALWAYS', 'DISABLE')
{
	$node->safe_psql('postgres', "ALTER TABLE rbac.$_ $state TRIGGER note_row; ALTER TABLE rbac.$_ $state TRIGGER note_statement; ALTER TABLE rbac.$_ $state TRIGGER note_end")
	  for qw(user_roles departments);
	is($asker->ask('SELECT triggers_sound FROM rbac.status()'), $state eq 'DISABLE' ? 'f' : 't', "triggers: $state");
	$writer->send('CALL flip(4)');
	is($asker->ask('SELECT held_by_mistake(3)'), '0 of many', '... what is never held at any moment is never held');
	$writer->receive;
}
$node->safe_psql('postgres', 'SELECT rbac.repair()');

# While something is prepared, nothing is shared, and each commit of anybody may
# have changed something.
$node->safe_psql('postgres', q{BEGIN; UPDATE rbac.user_roles SET valid_until = now() + interval '1 day' WHERE user_id = id('u1'); PREPARE TRANSACTION 'p'});
$writer->send('CALL fill(3)');
is($asker->ask(q{
	SET max_parallel_workers_per_gather = 0;
	SELECT count(*) FROM generate_series(1, 60) AS n, generate_series(1, 2000) AS u WHERE rbac.user_has_scope(id('u' || u), 'moment:x', id('t' || n)) IS FALSE}),
	'120000', 'a long statement among many commits');
my $contexts = $asker->ask(q{SELECT count(*) FROM pg_backend_memory_contexts WHERE name LIKE 'rbac%'});
cmp_ok($contexts, '<', 50, '... keeps nothing of what it has dropped');
$writer->receive;
$node->safe_psql('postgres', q{ROLLBACK PREPARED 'p'});

$_->quit for $writer, $asker;
$node->stop;
done_testing();
