# An identity comes and goes as a setting would: what set_identity says with
# local => true as after SET LOCAL, with local => false as after SET.
#
# Identities that end with the transaction do not stand in a setting (in_transaction.c),
# so PostgreSQL's own settings are the oracle: whatever is said of the identity in a
# random walk through savepoints, functions with SET clauses, exceptions, RESET and ends
# of transactions is said of two ordinary settings too, and all must agree after each
# step.  RBAC_SEED repeats a walk.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/lib";
use RbacTest;
use Test::More;

my $node = new_node(
	'identity_like_a_setting',
	max_parallel_workers_per_gather => 2,
	parallel_setup_cost => 0,
	parallel_tuple_cost => 0,
	min_parallel_table_scan_size => 0,
	parallel_leader_participation => 'off',
	jit => 'off');
$node->start;
install_rbac($node);

my @person = map { "00000000-0000-0000-0000-00000000000$_" } 1 .. 6;
my $people = join ', ', map { "('$_', 'walker $_')" } @person;
$node->safe_psql('postgres', <<SQL);
INSERT INTO rbac.users (id, username) VALUES $people;

-- Who is asking according to the ordinary settings, and to rbac, by two ways.
CREATE FUNCTION who_by_settings() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS
\$\$ SELECT coalesce(current_setting('model.who', true), '') \$\$;
CREATE FUNCTION agree() RETURNS boolean LANGUAGE sql AS
\$\$ SELECT coalesce(rbac.current_user_id()::text, '') = who_by_settings()
	AND substring(current_setting('rbac.identity') FROM '^user=([^;]*)') IS NOT DISTINCT FROM nullif(who_by_settings(), '') \$\$;

CREATE FUNCTION become(who uuid, local boolean) RETURNS void LANGUAGE sql AS
\$\$ SELECT rbac.set_identity(who, local => local);
	SELECT set_config('model.who', who::text, local), set_config('model.local', local::text, local) \$\$;
CREATE FUNCTION become_nobody() RETURNS void LANGUAGE plpgsql AS
\$\$ BEGIN
	IF who_by_settings() <> '' THEN
		PERFORM set_config('model.who', '', current_setting('model.local')::boolean);
	END IF;
	PERFORM rbac.clear_identity();
END \$\$;

CREATE FUNCTION with_clause(who uuid) RETURNS boolean LANGUAGE plpgsql SET work_mem = '1MB' AS
\$\$ BEGIN PERFORM become(who, true); RETURN agree(); END \$\$;
CREATE FUNCTION emptied(who uuid) RETURNS boolean LANGUAGE plpgsql
SET rbac.identity = '' SET model.who = '' SET model.local = 'true' AS
\$\$ BEGIN
	IF rbac.current_user_id() IS NOT NULL THEN
		RETURN false;
	END IF;
	IF who IS NOT NULL THEN
		PERFORM become(who, true);
	END IF;
	RETURN agree();
END \$\$;
CREATE FUNCTION caught(who uuid, another uuid) RETURNS boolean LANGUAGE plpgsql AS
\$\$ DECLARE was_good boolean; BEGIN
	PERFORM become(who, true);
	BEGIN
		PERFORM become(another, true);
		was_good := agree() AND emptied(who);
		RAISE 'back';
	EXCEPTION WHEN raise_exception THEN
		RETURN was_good AND agree();
	END;
END \$\$;

-- Whoever maintains tables runs code of their owners, which may try to leave another behind.
CREATE FUNCTION restless() RETURNS SETOF int LANGUAGE plpgsql AS
\$\$ BEGIN
	PERFORM rbac.set_identity('$person[5]', local => true), set_config('model.who', '$person[5]', true), set_config('model.local', 'true', true);
	IF random() < 0.5 THEN
		PERFORM rbac.clear_identity(), set_config('model.who', '', true);
	END IF;
	RETURN NEXT 1;
END \$\$;
CREATE FUNCTION restless_entry(n int) RETURNS int LANGUAGE sql IMMUTABLE AS \$\$ SELECT public.restless() \$\$;
CREATE MATERIALIZED VIEW restless_view AS SELECT * FROM restless() WITH NO DATA;
CREATE TABLE restless_rows AS SELECT 1 AS n;
BEGIN;
CREATE INDEX ON restless_rows (restless_entry(n));
COMMIT;

CREATE TABLE rows_for_workers AS SELECT n FROM generate_series(1, 1000) AS n;
ALTER TABLE rows_for_workers SET (parallel_workers = 2);
ANALYZE rows_for_workers;
SQL

my $seed = $ENV{RBAC_SEED} // time ^ ($$ << 8);
srand($seed);
note("RBAC_SEED=$seed");
my $steps = $ENV{RBAC_STEPS} // 1500;

my ($session, $in_transaction, @savepoint, %done);
my $in_workers = "SELECT coalesce(rbac.current_user_id()::text, '') AS answer FROM rows_for_workers OFFSET 0";

sub anybody { return "'" . $person[ rand @person ] . "'" }

# What can be done next: how often, what, and in SQL.
my @anywhere = (
	[ 2, 'nobody', sub { 'SELECT become_nobody()' } ],
	[ 1, 'emptied by hand', sub { "SET rbac.identity = ''; SET model.who = ''" } ],
	[ 1, 'reset', sub { 'RESET rbac.identity; RESET model.who' } ],
	[ 1, 'all reset', sub { 'RESET ALL' } ],
	[ 1, 'a function that begins with nobody', sub { 'SELECT emptied(NULL)' } ],
	[ 3, 'workers asked', sub { "SELECT bool_and(answer = who_by_settings()) FROM ($in_workers) AS asked" } ]);
my @for_the_session = ([ 2, 'somebody for the session', sub { 'SELECT become(' . anybody() . ', false)' } ]);
my @inside = (
	[ 8, 'somebody for the transaction', sub { 'SELECT become(' . anybody() . ', true)' } ],
	[ 1, 'emptied for the transaction', sub { "SET LOCAL rbac.identity = ''; SET LOCAL model.who = ''" } ],
	[ 4, 'a savepoint', sub { push @savepoint, 's' . @savepoint; "SAVEPOINT $savepoint[-1]" } ],
	[ 3, 'back to a savepoint', sub {
		return 'SELECT agree()' unless @savepoint;
		my $n = int rand @savepoint;
		$#savepoint = $n;
		return "ROLLBACK TO $savepoint[$n]" } ],
	[ 2, 'a savepoint released', sub {
		return 'SELECT agree()' unless @savepoint;
		my $n = int rand @savepoint;
		my $name = $savepoint[$n];
		$#savepoint = $n - 1;
		return "RELEASE $name" } ],
	[ 2, 'a function with a SET clause', sub { 'SELECT with_clause(' . anybody() . ')' } ],
	[ 2, 'a function that begins with nobody and becomes somebody', sub { 'SELECT emptied(' . anybody() . ')' } ],
	[ 2, 'an exception', sub { 'SELECT caught(' . anybody() . ', ' . anybody() . ')' } ],
	[ 1, 'a view refreshed', sub { 'REFRESH MATERIALIZED VIEW restless_view' } ],
	[ 1, 'a table analyzed', sub { 'ANALYZE restless_rows' } ],
	[ 1, 'an index built', sub { 'REINDEX TABLE restless_rows' } ],
	[ 1, 'the end', sub { $in_transaction = 0; 'COMMIT' } ],
	[ 1, 'the end, rolled back', sub { $in_transaction = 0; 'ROLLBACK' } ],
	[ 1, 'the end, and on', sub { @savepoint = (); 'COMMIT AND CHAIN' } ],
	[ 1, 'the end, prepared', sub {
		$in_transaction = 0; "PREPARE TRANSACTION 'walk'; SELECT agree(); ROLLBACK PREPARED 'walk'" } ]);
my @outside = (
	[ 10, 'a transaction', sub { $in_transaction = 1; @savepoint = (); 'BEGIN' } ],
	[ 1, 'all discarded', sub { 'DISCARD ALL' } ]);

sub choose
{
	my @choice = map { ($_) x $_->[0] } @_;
	return $choice[ rand @choice ];
}

# In one session, until something is wrong.
sub walk
{
	my ($what, @may) = @_;
	my @taken;
	my $wrong = '';

	$session = RbacTest::Session->new($node);
	$in_transaction = 0;
	for my $step (1 .. $steps)
	{
		my (undef, $name, $make) = @{ choose(@may, $in_transaction ? @inside : @outside) };
		my $sql = $make->();
		my $said = $session->ask("$sql; SELECT agree()") =~ s/\s+//gr;

		push @taken, $sql;
		$done{$name}++;
		next if $said =~ /^t+$/;
		$wrong = join("\n", "step $step: $said after", @taken[ ($step > 40 ? $step - 40 : 0) .. $step - 1 ]);
		last;
	}
	is($wrong, '', "$steps steps $what: identity and settings agree after each (RBAC_SEED=$seed)");
	return;
}
walk('without identities that outlive transactions', @anywhere);
$session->quit;
walk('with such', @anywhere, @for_the_session);
ok($done{ $_->[1] }, "a step of them: $_->[1]") for @anywhere, @for_the_session, @inside, @outside;

# By hand the setting can be emptied, but not made to say again what it has said.
$session->ask('ROLLBACK');
is($session->fails("BEGIN; SELECT become('$person[0]', true); SET LOCAL rbac.identity = ''; SET LOCAL rbac.identity = 'transaction'"),
	'42501', 'what was emptied does not come back, not even for a superuser');

# What nobody will ask for again takes no memory.
$session->ask("ROLLBACK; BEGIN; SELECT become('$person[0]', true)");
my $memory = "SELECT total_bytes FROM pg_backend_memory_contexts WHERE name = 'TopTransactionContext'";
my $before = $session->ask($memory);
$session->ask("SELECT count(emptied('$person[1]')) FROM generate_series(1, 5000)");
is($session->ask("SELECT agree(); $memory") , "t\n$before", 'a function that becomes somebody again and again leaves nothing behind');
$session->ask('ROLLBACK');
like($session->ask("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM ($in_workers) AS asked"),
	qr/Workers Launched: 2/, 'there are workers to be asked');

$session->quit;
$node->stop;
done_testing();
